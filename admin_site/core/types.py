"""Column types that behave alike on SQLite, PostgreSQL and MariaDB."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, Dialect, Integer, String, Text, type_coerce
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.types import TypeDecorator

from admin_site.core import clock
from admin_site.core.text import KEY_LENGTH

# SQLite gives row numbers only to a column declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")
LongText = Text().with_variant(LONGTEXT(), "mysql", "mariadb")


def by_code_point(length: int) -> String:
    """Text that sorts the same everywhere: SQLite and MariaDB (nopad_bin tables) do so by themselves."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


Key = by_code_point(KEY_LENGTH)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC, to the microsecond. Stored without zone."""

    impl = DateTime().with_variant(DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments: they would be stored as if they were UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Give the zone back, in one step: lists are read by the hundred, and most of their columns may be moments."""
        return _read_text if dialect.name == "sqlite" else _with_zone


# ``2026-11-20 21:18:24.123456``
STORED_LENGTH = 26


def _read_text(raw: str | None) -> datetime | None:
    return None if raw is None else datetime.fromisoformat(f"{raw}+00:00")


def _with_zone(value: datetime | None) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)


class WrittenMoment(TypeDecorator[str]):
    """A column of moments read as text, as ``clock.isoformat`` writes it: files have hundreds of thousands of them."""

    impl = UtcDateTime.impl
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Write it, in one step. SQLite keeps text: hardly anything of it is another."""
        return _rewrite_text if dialect.name == "sqlite" else _write


def _write(value: datetime | None) -> str | None:
    return None if value is None else f"{value.isoformat(timespec='microseconds')}Z"


def _rewrite_text(raw: str | None) -> str | None:
    if raw is None or len(raw) == STORED_LENGTH:
        return raw and f"{raw[:10]}T{raw[11:]}Z"
    return clock.isoformat(datetime.fromisoformat(f"{raw}+00:00"))


def written(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column as it is, or read as text where it has moments."""
    return type_coerce(column, WrittenMoment) if isinstance(column.type, UtcDateTime) else column


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as text: nobody asks the database to look inside."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write compactly, with other scripts readable."""
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read it back."""
        return None if value is None else json.loads(value)


class Numbers(TypeDecorator[list[int]]):
    """Whole numbers that an aggregate has gathered, the smallest first: PostgreSQL gives a list, the others JSON."""

    impl = Text()
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Nothing gathered is none of them."""
        return _read_numbers


def _read_numbers(found: list[int] | str | None) -> list[int]:
    return sorted(json.loads(found) if isinstance(found, str) else found) if found else []
