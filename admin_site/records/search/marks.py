"""Marking in a text what was searched for."""

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from admin_site.records.search import words
from admin_site.records.search.terms import Term
from admin_site.records.search.words import MARKS

# A word as people see it; marks that belong to letters go along.
_SEEN = re.compile(rf"[^\W_](?:['’]?[{MARKS}]*[^\W_])*[{MARKS}]*")
BEFORE, AFTER = 60, 120


class Marker:
    """Marks the words of one search; made once for a page."""

    def __init__(self, terms: Sequence[Term]) -> None:
        lexemes = [lexeme for term in terms for lexeme in term.lexemes()]
        self.whole = frozenset(lexeme.text for lexeme in lexemes if not lexeme.prefix)
        self.begun = tuple(lexeme.text for lexeme in lexemes if lexeme.prefix)
        self.typed = [re.escape(term.text) for term in terms if words.is_unspaced(term.text)]
        self.plain = self._plain_pattern()

    def _plain_pattern(self) -> re.Pattern[str] | None:
        """For texts of plain ASCII, which are most: the same answer in one step."""
        # The word stands first, so that the beginnings of all others are passed over at once.
        said = [f"{word}(?<![a-z0-9]{word})(?![a-z0-9])" for word in self.whole if word.isalnum()]
        said += [f"{word}(?<![a-z0-9]{word})[a-z0-9]*" for word in self.begun if word.isalnum()]
        return re.compile("|".join(said), re.ASCII) if said else None

    def mark(self, raw: str) -> Markup:
        """The text as markup, with the found words marked."""
        parts: list[str] = []
        end = 0
        for start, stop in self._spans(raw):
            parts += (_escaped(raw[end:start]), "<mark>", _escaped(raw[start:stop]), "</mark>")
            end = stop
        return Markup("".join(parts) + _escaped(raw[end:]))  # noqa: S704 - every part is escaped

    def has(self, raw: str) -> bool:
        """Whether some found word stands in the text."""
        return next(self._spans(raw), None) is not None

    def snippet(self, raw: str) -> Markup | None:
        """A piece of a long text around the first found word; None where there is none."""
        first = next(self._spans(raw), None)
        if first is None:
            return None
        begin = max(0, first[0] - BEFORE)
        if begin:
            begin = raw.find(" ", begin, first[0]) + 1 or begin
        stop = min(len(raw), first[1] + AFTER)
        piece = self.mark(" ".join(raw[begin:stop].split()))
        # The dots stand outside of what was written.
        return Markup(f"{'…' if begin else ''}{piece}{'…' if stop < len(raw) else ''}")  # noqa: S704

    def _spans(self, raw: str) -> Iterator[tuple[int, int]]:
        if raw.isascii() and "'" not in raw:
            return (found.span() for found in self.plain.finditer(raw.lower())) if self.plain else iter(())
        if words.is_unspaced(raw):
            spaced = (span for span in self._word_spans(raw) if not words.is_unspaced(raw[slice(*span)]))
            return iter(_apart([*self._typed_spans(raw), *spaced]))
        return self._word_spans(raw)

    def _word_spans(self, raw: str) -> Iterator[tuple[int, int]]:
        for seen in _SEEN.finditer(raw):
            if any(word in self.whole or word.startswith(self.begun) for word in words.heard(seen.group())):
                yield seen.span()

    def _typed_spans(self, raw: str) -> Iterator[tuple[int, int]]:
        """In scripts without spaces: the letters as they were typed."""
        if self.typed:
            yield from (found.span() for found in re.finditer("|".join(self.typed), raw, re.IGNORECASE))


def _apart(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """In their order, without those that reach into the one before."""
    end = 0
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if span[0] >= end:
            yield span
            end = span[1]


def _escaped(raw: str) -> str:
    return str(escape(raw))


def mark(raw: str, terms: Sequence[Term]) -> Markup:
    """The text as markup, with the found words marked."""
    return Marker(terms).mark(raw)


def snippet(raw: str, terms: Sequence[Term]) -> Markup | None:
    """A piece of a long text around the first found word; None where there is none."""
    return Marker(terms).snippet(raw)
