"""Words as the index has them, the same on every database.

Case and diacritics are gone, apostrophes too; what stands behind one is a word of its own as well.
Scripts without spaces become pairs of letters. Every letter outside ASCII is written as ``_`` and five
hexadecimal digits, so that no database's own idea of a word takes part: all three see runs of ``[a-z0-9_]``.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from anyascii import anyascii

from admin_site.core import text

# What MariaDB takes as one word (84), less our marks.
WORD_LENGTH = 64
# PostgreSQL's limit for one document is 1 MB of distinct words.
DISTINCT_MOST = 500_000
# What one statement takes on MariaDB, with room: some letters become eighteen, and each of these six.
TOTAL_MOST = 4_000_000
READ_AT_ONCE = 50_000
# Stands before a word of the title: no encoded letter begins like that.
TITLE = "_t"
# Some rows are called by a whole text; further down it is no title.
TITLE_WORDS = 200
# So many letters of ASCII meet no limit: at most they stand twice, each with a mark.
SHORT = DISTINCT_MOST // 4
# Of words behind apostrophes, which are there a second time.
BEHIND_MOST = 5_000
# Between fields, so that no phrase reaches from one into the next.
BREAK = "|"

# Marks that belong to the letter before them, where the two are no single letter of Unicode's.
MARKS = "".join(char for char in map(chr, range(0x300, 0xFE30)) if unicodedata.category(char)[0] == "M")
# “l’été” is looked for as “été”, “O’Reilly” as “Reilly”; what English leaves of a verb is no word.
_ELIDED = re.compile(
    rf"(?<=[^\W_])[{MARKS}]*['’](?!(?:ll|re|ve)\b)([^\W\d_][{MARKS}]*(?:[^\W_][{MARKS}]*)+)", re.IGNORECASE
)
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+)"
)
# Combining classes of marks that spell the word rather than decorate a letter.
_SPELLING = frozenset({0, 7, 8, 9, *range(84, 133)})


class _Letters(dict[int, int | str | None]):
    """For ``str.translate``: letters, digits and spelling marks stay, decoration goes, the rest is a space."""

    def __missing__(self, code: int) -> int | str | None:
        char = chr(code)
        kept: int | str | None = " "
        if char in "'’":
            kept = None
        elif unicodedata.category(char)[0] == "M":
            kept = code if unicodedata.combining(char) in _SPELLING else None
        elif char.isalnum():
            # Letters such as ø and ł are no decorated ones to Unicode, but to whoever types without them.
            kept = anyascii(char).lower() if unicodedata.name(char, "").startswith("LATIN") else code
        self[code] = kept
        return kept


_LETTERS = _Letters()


def split(raw: str) -> list[str]:
    """The words of a text in their order, encoded."""
    if raw.isascii():
        return [word[:WORD_LENGTH] for word in _ASCII_WORD.findall(raw.lower().replace("'", ""))]
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFKD", text.fold(raw)).translate(_LETTERS))
    return [encoded for word in plain.split() for encoded in _encoded(word)]


def _encoded(word: str) -> Iterator[str]:
    if word.isascii():
        yield word[:WORD_LENGTH]
        return
    for place, part in enumerate(_UNSPACED.split(word)):
        if place % 2:  # the pattern's group: letters of a script without spaces
            yield from (_spell(first + second) for first, second in pairwise(part))
            yield _spell(part[-1])
        elif part:
            yield _spell(part)


def _spell(word: str) -> str:
    said = ""
    for char in word:
        letter = char if char.isascii() else f"_{ord(char):05x}"
        if len(said) + len(letter) > WORD_LENGTH:
            break
        said += letter
    return said


@lru_cache(maxsize=16)
def split_kept(raw: str) -> Sequence[str]:
    """The same, kept for a moment: of a row that is changed most fields are split before and after."""
    return split(raw)


def is_unspaced(raw: str) -> bool:
    """Whether it has letters of a script without spaces."""
    return _UNSPACED.search(raw) is not None


def heard(raw: str) -> Sequence[str]:
    """The words of a text of any length, as many as are indexed."""
    found = split_kept(raw) if len(raw) <= READ_AT_ONCE else _heard([raw], TOTAL_MOST)
    behind = elided([raw])
    return [*found, *behind] if behind else found


def elided(texts: Iterable[str]) -> list[str]:
    """The words that stand behind an apostrophe, encoded, each once."""
    return [word for part in _parts_behind(texts) for word in part]


def _parts_behind(texts: Iterable[str]) -> list[Sequence[str]]:
    """The same; words of scripts without spaces that stand together are parts of one."""
    having = [raw for raw in texts if "'" in raw or "’" in raw]
    behind = (part for raw in having for piece in _pieces(raw) for part in _ELIDED.findall(piece))
    return [found for part in list(dict.fromkeys(behind))[:BEHIND_MOST] if (found := split(part))]


def document(title: Sequence[str], body: Sequence[str]) -> str:
    """What is indexed of a row: the title's words marked and plain, then those of each other field.

    Words behind an apostrophe come last and each by itself, so that no words follow each other that do not.
    """
    texts = (*title, *body)
    is_short = all(map(str.isascii, texts)) and sum(map(len, texts)) <= SHORT
    said = [split_kept(part) for part in texts] if is_short else _fitting(texts)
    named = [word for part in said[: len(title)] for word in part]
    found = [TITLE + word for word in (*named[:TITLE_WORDS], *elided(title)[:TITLE_WORDS])]
    found += named
    for part in (*said[len(title) :], *_parts_behind(texts)):
        found.append(BREAK)
        found += part
    return " ".join(("", *(found if is_short else _bounded(found)), ""))


def _fitting(texts: Sequence[str]) -> list[Sequence[str]]:
    """The words of each text, as many as are taken of all of them."""
    said: list[Sequence[str]] = []
    left = TOTAL_MOST
    for part in texts:
        said.append(_heard([part], left))
        left -= sum(map(len, said[-1])) + len(said[-1])
    return said


def _heard(parts: Iterable[str], most: int) -> list[str]:
    """The words of some texts, no more letters of them than are taken."""
    found: list[str] = []
    for piece in (piece for part in parts for piece in _pieces(part)):
        if most <= 0:
            break
        heard = split_kept(piece)
        most -= sum(map(len, heard)) + len(heard)
        found += heard
    return found


def _pieces(raw: str) -> Iterator[str]:
    """A long text in pieces, cut between words where there are any."""
    start = 0
    while start < len(raw):
        end = start + READ_AT_ONCE
        if end < len(raw):
            end = max(raw.rfind(" ", start, end), raw.rfind("\n", start, end)) + 1 or end
            end = end if end > start else start + READ_AT_ONCE
        yield raw[start:end]
        start = end


def _bounded(found: list[str]) -> list[str]:
    if sum(map(len, found)) <= DISTINCT_MOST:
        return found
    distinct: set[str] = set()
    size = 0
    for place, word in enumerate(found):
        if word not in distinct:
            distinct.add(word)
            size += len(word)
            if size > DISTINCT_MOST:
                return found[:place]
    return found


def read_back(word: str) -> str:
    """An encoded word as people read it, without the diacritics that it had."""
    return re.sub(r"_([0-9a-f]{5})", lambda found: chr(int(found[1], 16)), word)
