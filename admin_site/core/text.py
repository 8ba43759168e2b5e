"""How text is compared, cut and turned into addresses, the same on every database."""

import hashlib
import re
import unicodedata

from anyascii import anyascii

# The width of a key column. Longer keys are cut and closed with a digest, so that equality stays exact.
KEY_LENGTH = 255
SLUG_LENGTH = 160


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


def is_storable(text: str) -> bool:
    """Whether all three databases can hold it: no NUL, no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def slugify(text: str, *, limit: int = SLUG_LENGTH) -> str:
    """Letters and digits of ``text`` in ASCII, joined by hyphens; empty when nothing is left."""
    words = re.findall(r"[a-z0-9]+", anyascii(text).replace("'", "").lower())
    return "-".join(words)[:limit].strip("-")


def clip(text: str, length: int = 80) -> str:
    """One line of at most ``length`` characters, cut between words where possible."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    return (line[: length - 1].rsplit(" ", 1)[0] or line[: length - 1]).rstrip(" ,.;:") + "…"
