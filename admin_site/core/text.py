"""How text is compared, cut and turned into addresses, the same on every database."""

import hashlib
import re
import unicodedata

from anyascii import anyascii

# The width of a key column. Longer keys are cut and closed with a digest, so that equality stays exact.
KEY_LENGTH = 255
SLUG_LENGTH = 160
# A row has to fit what MariaDB takes in one packet (16 MB unless told otherwise).
LONG_KEY_LENGTH = 1_500_000
FOLDED_AT_ONCE = 50_000


def fold(text: str) -> str:
    """NFKC without case: the form in which names are equal and lists are sorted."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def key(text: str) -> str:
    """The folded form, fitted to a key column of ``KEY_LENGTH`` characters."""
    folded = fold(text)
    if len(folded) <= KEY_LENGTH:
        return folded
    digest = hashlib.sha256(folded.encode()).hexdigest()
    return folded[: KEY_LENGTH - len(digest)] + digest


def long_key(text: str) -> str:
    """The folded form of a long text, as far as ``LONG_KEY_LENGTH``; some letters become eighteen."""
    if len(text) <= FOLDED_AT_ONCE:
        return fold(text)[:LONG_KEY_LENGTH]
    parts: list[str] = []
    length = 0
    for start in range(0, len(text), FOLDED_AT_ONCE):
        parts.append(fold(text[start : start + FOLDED_AT_ONCE]))
        length += len(parts[-1])
        if length >= LONG_KEY_LENGTH:
            break
    return "".join(parts)[:LONG_KEY_LENGTH]


def is_storable(text: str) -> bool:
    """Whether all three databases can hold it: no NUL, no lone surrogate."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# What stands in a text and is not seen, beside white space: hyphens and joiners, marks of direction, fillers, and the
# empty pattern of Braille. As a character class has it.
INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0"
)
_BLANK = re.compile(rf"[\s{INVISIBLE}]*")


def is_blank(text: str) -> bool:
    """Whether nothing of it would be seen."""
    return not text.strip() if text.isascii() else _BLANK.fullmatch(text) is not None


def storable(text: str) -> str:
    """The text with a mark in place of what cannot be stored: for what is kept as it came, and never refused."""
    return text if is_storable(text) else text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def slugify(text: str, *, limit: int = SLUG_LENGTH) -> str:
    """Letters and digits of ``text`` in ASCII, joined by hyphens; empty when nothing is left."""
    words = re.findall(r"[a-z0-9]+", anyascii(text).replace("'", "").lower())
    return "-".join(words)[:limit].strip("-")


def clip(text: str, length: int = 80) -> str:
    """One line of at most ``length`` characters, cut between words where possible."""
    return cut(" ".join(text.split()), length)


def cut(line: str, length: int) -> str:
    """The same of what is one line already."""
    if len(line) <= length:
        return line
    return (line[: length - 1].rsplit(" ", 1)[0] or line[: length - 1]).rstrip(" ,.;:") + "…"
