"""Statements that are asked all the time are made once: making one takes as long as asking it."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Executable

MOST = 1_000
_kept: dict[tuple[Hashable, ...], Any] = {}

S = TypeVar("S", bound=Executable | ColumnElement[Any])


def kept(key: tuple[Hashable, ...], make: Callable[[], S]) -> S:
    """The statement under this key. What differs from call to call has to be a parameter of it."""
    known: S | None = _kept.get(key)
    if known is None:
        if len(_kept) >= MOST:
            _kept.clear()
        known = _kept[key] = make()
    return known
