"""Whole numbers as addresses and forms carry them; what is none is None, whatever its length."""

SMALL_DIGITS = 9
ROW_DIGITS = 18


def small(raw: str) -> int | None:
    """A number that fits 32 bits: a version, a page, a place."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= SMALL_DIGITS else None


def row(raw: str) -> int | None:
    """The number of a row."""
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) <= ROW_DIGITS else None
