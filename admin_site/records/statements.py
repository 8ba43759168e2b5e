"""Statements that are asked all the time are made once: making one takes as long as asking it."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Executable, Integer, literal_column

MOST = 1_000
_kept: dict[tuple[Hashable, ...], Any] = {}


def at_most(number: int) -> ColumnElement[int]:
    """For LIMIT, as a part of the statement: planned once, it is then known how few rows are asked for."""
    return literal_column(str(number), Integer())


S = TypeVar("S", bound=Executable | ColumnElement[Any])


def kept(key: tuple[Hashable, ...], make: Callable[[], S]) -> S:
    """The statement under this key. What differs from call to call has to be a parameter of it."""
    known: S | None = _kept.get(key)
    if known is None:
        if len(_kept) >= MOST:
            _kept.clear()
        known = _kept[key] = make()
    return known
