"""Positions in a sorted list: ``after=`` names the last row seen, so that no page costs what lies before it.

A position is the values of the sorted columns and the number of a row. It carries no right and hides
nothing: whoever writes one by hand sees the rows of the list from there on.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Integer,
    SmallInteger,
    and_,
    false,
    literal,
    or_,
    true,
    tuple_,
)

from admin_site.core import clock
from admin_site.core.database import db
from admin_site.core.text import is_storable
from admin_site.core.types import UtcDateTime

# Five sorted columns of 255 letters, each of four bytes, in base64.
LENGTH_MOST = 8_000
ID_MOST = 2**63 - 1
WHOLE_MOST = 2**31 - 1


@dataclass(frozen=True)
class Position:
    """Where a page begins: after these values, or, backwards, before them."""

    values: tuple[Any, ...]
    backwards: bool = False

    def __str__(self) -> str:
        raw = json.dumps([_said(value) for value in self.values], ensure_ascii=False, separators=(",", ":"))
        text = base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")
        return f"-{text}" if self.backwards else text


def _said(value: Any) -> Any:
    return clock.isoformat(value) if isinstance(value, datetime) else value


def read(raw: str) -> Position:
    """The position of ``after=``; ``ValueError`` where it is none."""
    backwards, text = raw.startswith("-"), raw.removeprefix("-")
    if len(text) > LENGTH_MOST:
        raise ValueError("too long")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = json.loads(decoded.decode())
    except (binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not a position") from error
    if not isinstance(values, list) or not all(_is_plain(value) for value in values):
        raise ValueError("not a position")
    return Position(tuple(values), backwards)


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    return value is None or (isinstance(value, int | float) and -ID_MOST <= value <= ID_MOST)


@dataclass(frozen=True)
class Key:
    """One column of the order."""

    column: Any
    descending: bool
    nullable: bool = False
    # The list is read from its end: nulls, which are last, come first.
    nulls_first: bool = False

    @classmethod
    def of(cls, column: Any, *, descending: bool) -> "Key":
        """A key over a column of a table."""
        return cls(column, descending, nullable=bool(column.nullable))

    def turned(self) -> "Key":
        """The same list read from its end."""
        return Key(self.column, not self.descending, self.nullable, not self.nulls_first)

    def order(self) -> Any:
        """For ORDER BY, where the column has no nulls."""
        return self.column.desc() if self.descending else self.column.asc()

    def value(self, raw: Any) -> Any:
        """A value of a position as the column takes it; ``ValueError`` where it does not."""
        kind = self.column.type
        if raw is None:
            if not self.column.nullable:
                raise ValueError("not a position")
            return None
        if isinstance(kind, UtcDateTime):
            if not isinstance(raw, str):
                raise ValueError("not a position")
            moment = datetime.fromisoformat(raw)
            if moment.tzinfo is None or not 1000 <= moment.year <= 9998:
                raise ValueError("not a position")
            return moment
        wanted = bool if isinstance(kind, Boolean) else int if isinstance(kind, _NUMBERS) else str
        if not isinstance(raw, wanted) or (wanted is int and isinstance(raw, bool)):
            raise ValueError("not a position")
        if isinstance(kind, Integer) and not isinstance(kind, BigInteger) and not -WHOLE_MOST <= int(raw) <= WHOLE_MOST:
            raise ValueError("not a position")
        return raw


_NUMBERS = (Integer, BigInteger, SmallInteger)


def check(keys: Sequence[Key], position: Position) -> tuple[Any, ...]:
    """The values of a position, fit for these keys; ``ValueError`` where it belongs to another order."""
    if len(position.values) != len(keys):
        raise ValueError("not a position")
    return tuple(key.value(raw) for key, raw in zip(keys, position.values, strict=True))


def beyond(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """The rows that come after these values. Nulls come last, whichever way the column is sorted."""
    if all(key.descending == keys[0].descending and not key.nullable for key in keys):
        return _beyond_all(keys, values)
    answers = []
    for place, key in enumerate(keys):
        same = [_same(other, value) for other, value in zip(keys[:place], values[:place], strict=True)]
        answers.append(and_(true(), *same, _beyond(key, values[place])))
    return or_(false(), *answers)


def _beyond_all(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Columns that all go one way: the row value that an index over them can walk from."""
    first, descending = keys[0], keys[0].descending
    if len(keys) == 1:
        return _beyond(first, values[0])
    if db.session.get_bind().dialect.name == "mysql":  # it looks up no row values
        edge = first.column <= _bound(first, values[0]) if descending else first.column >= _bound(first, values[0])
        after = [
            and_(*(_same(k, v) for k, v in zip(keys[:place], values[:place], strict=True)), _beyond(key, values[place]))
            if place else _beyond(key, values[place])
            for place, key in enumerate(keys)
        ]  # fmt: skip
        return and_(edge, or_(*after))
    row = tuple_(*(key.column for key in keys))
    bound = tuple_(*(_bound(key, value) for key, value in zip(keys, values, strict=True)))
    answer: ColumnElement[bool] = row < bound if descending else row > bound
    return answer


def _bound(key: Key, value: Any) -> Any:
    return value if isinstance(value, BindParameter) else literal(value, key.column.type)


def _same(key: Key, value: Any) -> ColumnElement[bool]:
    answer: ColumnElement[bool] = key.column.is_(None) if value is None else key.column == _bound(key, value)
    return answer


def _beyond(key: Key, value: Any) -> ColumnElement[bool]:
    column = key.column
    if value is None:
        # Backwards, nulls come first: what comes after them is every value.
        return column.is_not(None) if key.nulls_first else false()
    bound = _bound(key, value)  # of the column's kind: truth has no order but as a column
    further: ColumnElement[bool] = column < bound if key.descending else column > bound
    if key.nullable and not key.nulls_first:
        return or_(further, column.is_(None))
    return further


def orders(keys: Sequence[Key]) -> list[Any]:
    """ORDER BY for these keys."""
    found: list[Any] = []
    for key in keys:
        if key.nullable:
            is_null = key.column.is_(None)
            found.append(is_null.desc() if key.nulls_first else is_null)
        found.append(key.order())
    return found
