"""Marking in a text what was searched for."""

import re
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from admin_site.records.search import words
from admin_site.records.search.terms import Term

# A word as people see it; marks that belong to letters go along.
_SEEN = re.compile(r"[^\W_](?:['’\u0300-\u036f]?[^\W_])*[\u0300-\u036f]*")
_OPEN, _CLOSE = Markup("<mark>"), Markup("</mark>")
BEFORE, AFTER = 60, 120


def mark(raw: str, terms: Sequence[Term]) -> Markup:
    """The text as markup, with the found words marked."""
    parts: list[str] = []
    end = 0
    for start, stop in _spans(raw, terms):
        parts += (str(escape(raw[end:start])), "<mark>", str(escape(raw[start:stop])), "</mark>")
        end = stop
    return Markup("".join(parts) + str(escape(raw[end:])))  # noqa: S704 - every part is escaped


def snippet(raw: str, terms: Sequence[Term]) -> Markup | None:
    """A piece of a long text around the first found word; None where there is none."""
    first = next(_spans(raw, terms), None)
    if first is None:
        return None
    begin = max(0, first[0] - BEFORE)
    if begin:
        begin = raw.find(" ", begin, first[0]) + 1 or begin
    stop = min(len(raw), first[1] + AFTER)
    piece = " ".join(raw[begin:stop].split())
    return Markup("{}{}{}").format("…" if begin else "", mark(piece, terms), "…" if stop < len(raw) else "")


def _spans(raw: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    whole, begun = _wanted(terms)
    if words.is_unspaced(raw):
        yield from _plain_spans(raw, terms)
        return
    for seen in _SEEN.finditer(raw):
        said = words.split(seen.group())
        if any(word in whole or word.startswith(begun) for word in said):
            yield seen.span()


def _plain_spans(raw: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    """In scripts without spaces: the letters as they were typed."""
    typed = [re.escape(term.text) for term in terms if term.text]
    if typed:
        yield from (found.span() for found in re.finditer("|".join(typed), raw, re.IGNORECASE))


def _wanted(terms: Sequence[Term]) -> tuple[frozenset[str], tuple[str, ...]]:
    lexemes = [lexeme for term in terms for lexeme in term.lexemes()]
    return (
        frozenset(lexeme.text for lexeme in lexemes if not lexeme.prefix),
        tuple(lexeme.text for lexeme in lexemes if lexeme.prefix),
    )
