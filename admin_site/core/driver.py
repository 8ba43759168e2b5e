"""Statements as the driver takes them, for writing rows: compiled once, values converted once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Column, Dialect, String, Text, UniqueConstraint, bindparam, column, func, insert, update
from sqlalchemy import text as text_clause
from sqlalchemy.dialects import postgresql, sqlite

from admin_site.core.database import KEPT, connection

# Rows that are written as one statement with so many values.
FEW = 8
# Of these an INSERT can pass over a value that is taken, without an error that ends the transaction.
_PASSING: Mapping[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Collision(Exception):
    """The row was not inserted: another one has a value that only one may have."""


def tells_collisions() -> bool:
    """Whether ``insert_row`` says ``Collision``, after which the transaction goes on; else it is an error of it."""
    return connection().dialect.name in _PASSING


def insert_row(table: Any, row: Mapping[str, Any]) -> int:
    """Insert one row; returns its number. ``Collision`` where a value is taken, see ``tells_collisions``."""
    current = connection()
    # The others tell it by themselves.
    is_asked = current.dialect.name == "postgresql"
    written = _inserting_one(table, tuple(row), current.dialect, is_asked=is_asked)
    result = current.exec_driver_sql(written.statement, written.given(row), KEPT)
    number: int | None = result.scalar() if is_asked else result.lastrowid
    if number is None or not result.rowcount:  # the number alone may be that of an insert before
        raise Collision
    return number


def insert_rows(table: Any, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows of the same columns; values in ``shared`` are the same in each and converted once."""
    current, names = connection(), (*shared, *rows[0])
    if 1 < len(rows) <= FEW and current.dialect.name == "postgresql":
        few = _inserting_few(table, names, current.dialect, len(rows))
        current.exec_driver_sql(few.statement, few.given_numbered(shared, rows), KEPT)
        return
    written = _inserting(table, names, current.dialect)
    given = written.given_each(shared, rows)
    current.exec_driver_sql(written.statement, given if len(rows) > 1 else given[0], KEPT)


def update_rows(table: Any, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Give rows, each by its ``id``, their own values in the same columns; versions, where there are, count up."""
    current, names = connection(), (*shared, *rows[0])
    if current.dialect.name == "postgresql" and len(rows) > 1 and _unique_columns(table).isdisjoint(names):
        written = _updating_from(table, names, current.dialect)
        current.exec_driver_sql(written.statement, written.given_lists(shared, rows), KEPT)
    else:
        written = _updating(table, names, current.dialect)
        current.exec_driver_sql(written.statement, written.given_each(shared, rows), KEPT)


@dataclass(frozen=True)
class _Written:
    """A statement as the driver takes it: values by place or by name, and how each is converted."""

    statement: str
    # None where values have names.
    order: Sequence[str] | None
    convert: Mapping[str, Callable[[Any], Any]]

    def given(self, row: Mapping[str, Any]) -> Any:
        """The values of one row."""
        return self.given_each({}, [row])[0]

    def given_each(self, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The values of each row."""
        same = {_PARAMETER + name: self.convert[name](value) for name, value in shared.items()}
        own = [(_PARAMETER + name, name, self.convert[name]) for name in rows[0]]
        values = [{**same, **{given: put(row[name]) for given, name, put in own}} for row in rows]
        order = self.order
        return values if order is None else [tuple([row[name] for name in order]) for row in values]

    def given_numbered(self, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The values of all rows, each with the place of its row in its name."""
        each = enumerate(self.given_each(shared, rows))
        return {f"{name}_{place}": value for place, row in each for name, value in row.items()}

    def given_lists(self, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """The values of all rows, column by column."""
        each = self.given_each(shared, rows)
        return {name: [row[name] for row in each] for name in each[0]}


# Before the name of a column: a parameter of an UPDATE may not be called as one is.
_PARAMETER = "new_"


@lru_cache(maxsize=64)
def _inserting(table: Any, names: tuple[str, ...], dialect: Dialect) -> _Written:
    making = insert(table).values({name: _parameter(table, name) for name in names})
    return _written(making, table, names, dialect)


@lru_cache(maxsize=64)
def _inserting_few(table: Any, names: tuple[str, ...], dialect: Dialect, count: int) -> _Written:
    """One statement for a few rows: there many of one row each are begun as a batch, which costs more."""
    each = [
        {name: bindparam(f"{_PARAMETER}{name}_{place}", type_=table.columns[name].type) for name in names}
        for place in range(count)
    ]
    return _written(insert(table).values(each), table, names, dialect)


@lru_cache(maxsize=64)
def _inserting_one(table: Any, names: tuple[str, ...], dialect: Dialect, *, is_asked: bool) -> _Written:
    passing = _PASSING.get(dialect.name)
    making: Any = passing(table).on_conflict_do_nothing() if passing else insert(table)
    making = making.values({name: _parameter(table, name) for name in names})
    return _written(making.returning(table.columns.id) if is_asked else making, table, names, dialect)


@lru_cache(maxsize=64)
def _updating(table: Any, names: tuple[str, ...], dialect: Dialect) -> _Written:
    columns = table.columns
    values = {name: _parameter(table, name) for name in names if name != "id"}
    changing = update(table).where(columns.id == _parameter(table, "id"))
    return _written(changing.values(**values, **_counted(table)), table, names, dialect)


def _counted(table: Any) -> dict[str, Any]:
    return {"version": table.columns.version + text_clause("1")} if "version" in table.columns else {}


@cache
def _unique_columns(table: Any) -> frozenset[str]:
    """Columns whose values rows can pass on to each other, one after the other; at once they would collide."""
    unique = (item for item in table.constraints if isinstance(item, UniqueConstraint))
    return frozenset(column.name for item in unique for column in item.columns)


@lru_cache(maxsize=64)
def _updating_from(table: Any, names: tuple[str, ...], dialect: Dialect) -> _Written:
    """The same for all rows at once, where the database reads lists as rows: one list for each column."""
    columns = table.columns
    # Without the length of a column: a list would be cut to it where a value is refused.
    kinds = {name: Text() if isinstance(columns[name].type, String) else columns[name].type for name in names}
    lists = [bindparam(_PARAMETER + name, type_=postgresql.ARRAY(kind)) for name, kind in kinds.items()]
    new = func.unnest(*lists).table_valued(*map(column, names)).render_derived(name="new")
    values = {name: new.columns[name] for name in names if name != "id"}
    changing = update(table).where(columns.id == new.columns.id)
    return _written(changing.values(**values, **_counted(table)), table, names, dialect)


def _parameter(table: Any, name: str) -> Any:
    return bindparam(_PARAMETER + name, type_=table.columns[name].type)


def _written(statement: Any, table: Any, names: Sequence[str], dialect: Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)
    order = compiled.positiontup or () if compiled.positional else None
    return _Written(compiled.string, order, {name: _converter(table.columns[name], dialect) for name in names})


def _converter(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    return column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)
