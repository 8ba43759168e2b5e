"""The database: one session, one declarative base, one way to open a transaction.

Reading is read-only by construction. A transaction may write only inside ``atomic()``; anything
else is refused by the database itself, so a GET can never change content.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    column,
    event,
    func,
    insert,
    update,
)
from sqlalchemy import text as text_clause
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, SessionTransaction, mapped_column

from admin_site.core.types import Id, Key, LongText, UtcDateTime, by_code_point

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# On MariaDB: text equal only when it is the same to the letter, trailing spaces included, as elsewhere.
TABLE_OPTIONS = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
    # SQLite: a number that belonged to a purged row never names another.
    "sqlite_autoincrement": True,
}

_writing: ContextVar[bool] = ContextVar("writing", default=False)


class Base(DeclarativeBase):
    """All tables share the naming convention and the options of ``TABLE_OPTIONS``."""

    metadata = MetaData(naming_convention=NAMING)
    __table_args__: Any = TABLE_OPTIONS


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def table_args(*items: Any) -> Any:
    """Indexes and constraints of a table, together with the options that all tables have."""
    return (*items, TABLE_OPTIONS)


def link_options() -> Any:
    """Options for a table of pairs, which has no number of its own."""
    return {name: value for name, value in TABLE_OPTIONS.items() if not name.startswith("sqlite")}


def line(length: int, *, optional: bool = False) -> Mapped[Any]:
    """A column for one line of text."""
    return mapped_column(String(length), nullable=optional)


def code(length: int, *, optional: bool = False, default: str | None = None) -> Mapped[Any]:
    """A column for text that is sorted and compared as it stands: an address, a state, a number with letters."""
    if default is None:
        return mapped_column(by_code_point(length), nullable=optional)
    return mapped_column(by_code_point(length), nullable=optional, default=default)


def text(*, optional: bool = False) -> Mapped[Any]:
    """A column for long text; long columns stand last in their row."""
    return mapped_column(LongText, nullable=optional, sort_order=50)


def key_of(name: str, *, long: bool = False, optional: bool = False) -> Mapped[Any]:
    """The folded form of another column, kept by ``records.writes``, for sorting, finding and uniqueness."""
    kind = LongText if long else Key
    return mapped_column(kind, nullable=optional, sort_order=60, info={"key_of": name})


def unique_while_live(table: str, *columns: str) -> UniqueConstraint:
    """Unique among rows outside the trash.

    ``live`` is 1 or null, and nulls are never equal: a trashed row gives its values up on all three
    databases (MariaDB has no partial unique index).
    """
    return UniqueConstraint(*columns, "live", name=f"uq_{table}_{'_'.join(columns)}_live")


class Record(Model):
    """What every row of every section has."""

    __abstract__ = True
    # The columns whose text names a row: in links, messages and histories.
    __title__: ClassVar[tuple[str, ...]] = ("title",)

    id: Mapped[int] = mapped_column(Id, primary_key=True, sort_order=-10)
    version: Mapped[int] = mapped_column(default=1, sort_order=-9)
    live: Mapped[int | None] = mapped_column(SmallInteger, default=1, sort_order=-9)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, sort_order=-8)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, sort_order=-8)
    created_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"), sort_order=-7)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, sort_order=-6)
    # The change set that moved it to the trash: what went together comes back together.
    deleted_in: Mapped[int | None] = mapped_column(Id, ForeignKey("change_sets.id"), sort_order=-6)


def record_args(table: str, *items: Any) -> Any:
    """Table arguments of a section: the indexes its list walks, and what it adds."""
    return table_args(
        Index(f"ix_{table}_live_created_at_id", "live", "created_at", "id"),
        Index(f"ix_{table}_live_updated_at_id", "live", "updated_at", "id"),
        *items,
    )


def insert_new(model: type[Model]) -> Any:
    """An INSERT that passes over rows whose key is there already, also when it came at the same moment."""
    match db.session.get_bind().dialect.name:
        case "postgresql":
            return postgresql.insert(model).on_conflict_do_nothing()
        case "sqlite":
            return sqlite.insert(model).on_conflict_do_nothing()
    return insert(model).prefix_with("IGNORE")


def among(column: ColumnElement[Any], numbers: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column is one of these numbers, written into the statement: hundreds of parameters cost more."""
    listed = ",".join(str(int(number)) for number in numbers) or "NULL"
    return column.in_(text_clause(listed))


def connection() -> Connection:
    """The connection of the present transaction. Asked of the session itself, it costs as much as a small statement."""
    session = db.session()
    found: Connection | None = session.info.get(_CONNECTION)
    if found is None:
        found = session.info[_CONNECTION] = session.connection()
    return found


_CONNECTION = "connection"


@event.listens_for(db.session, "after_transaction_create")
@event.listens_for(db.session, "after_transaction_end")
def _ask_again(session: Session, _transaction: SessionTransaction) -> None:
    """A savepoint is made only when the session is asked for its connection."""
    session.info.pop(_CONNECTION, None)


def insert_row(table: Any, row: Mapping[str, Any]) -> int:
    """Insert one row; returns its number."""
    current = connection()
    written = _inserting(table, tuple(row), current.dialect, is_asked=True)
    return int(current.exec_driver_sql(written.statement, written.given(row)).scalar_one())


def insert_rows(table: Any, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows of the same columns; values in ``shared`` are the same in each and converted once."""
    current = connection()
    written = _inserting(table, (*shared, *rows[0]), current.dialect, is_asked=False)
    current.exec_driver_sql(written.statement, written.given_each(shared, rows))


def update_rows(table: Any, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Give rows, each by its ``id``, their own values in the same columns, and count their versions up."""
    current, names = connection(), (*shared, *rows[0])
    if current.dialect.name == "postgresql" and len(rows) > 1 and _unique_columns(table).isdisjoint(names):
        written = _updating_from(table, names, current.dialect)
        current.exec_driver_sql(written.statement, written.given_lists(shared, rows))
    else:
        written = _updating(table, names, current.dialect)
        current.exec_driver_sql(written.statement, written.given_each(shared, rows))


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

    def given_lists(self, shared: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """The values of all rows, column by column."""
        each = self.given_each(shared, rows)
        return {name: [row[name] for row in each] for name in each[0]}


# Before the name of a column: a parameter of an UPDATE may not be called as one is.
_PARAMETER = "new_"


@lru_cache(maxsize=64)
def _inserting(table: Any, names: tuple[str, ...], dialect: Dialect, *, is_asked: bool) -> _Written:
    making = insert(table).values({name: _parameter(table, name) for name in names})
    return _written(making.returning(table.columns.id) if is_asked else making, table, names, dialect)


@lru_cache(maxsize=64)
def _updating(table: Any, names: tuple[str, ...], dialect: Dialect) -> _Written:
    columns = table.columns
    values = {name: _parameter(table, name) for name in names if name != "id"}
    changing = update(table).where(columns.id == _parameter(table, "id"))
    return _written(changing.values(**values, version=columns.version + text_clause("1")), table, names, dialect)


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
    return _written(changing.values(**values, version=columns.version + text_clause("1")), table, names, dialect)


def _parameter(table: Any, name: str) -> Any:
    return bindparam(_PARAMETER + name, type_=table.columns[name].type)


def _written(statement: Any, table: Any, names: Sequence[str], dialect: Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)
    order = compiled.positiontup or () if compiled.positional else None
    return _Written(compiled.string, order, {name: _converter(table.columns[name], dialect) for name in names})


def _converter(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    return column.type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction around a piece of work; raising rolls it back.

    Opened once, at the edge. Inside another one it is part of that one.
    """
    if _writing.get():
        yield
        return
    db.session.rollback()  # a reading transaction cannot become a writing one
    with writing():
        try:
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise


T = TypeVar("T")
# So often a piece of work is begun, each time after a longer while of chance: those who met do not meet again.
TIMES = 6
PAUSE_MS = 20


def atomically(work: Callable[[], T]) -> T:
    """The same for work that may be done again: where two held what the other needed, one is taken back and follows."""
    for turn in range(TIMES):
        try:
            with atomic():
                return work()
        except DBAPIError as error:
            if _writing.get() or turn == TIMES - 1 or not is_deadlock(error):
                raise
        time.sleep(secrets.randbelow(PAUSE_MS * 2**turn) / 1000)
    raise AssertionError("unreachable")


def in_one_line(error: DBAPIError) -> str:
    """What the database said, for the log and the command line, where that cannot be what somebody typed."""
    said = str(error.orig).strip().splitlines()
    is_about_values = isinstance(error, DataError | IntegrityError)
    return type(error.orig).__name__ + (f": {said[0]}" if said and not is_about_values else "")


def is_deadlock(error: BaseException | None) -> bool:
    """Whether the database took a transaction back because another one and it waited for each other.

    MariaDB takes savepoints along: the error is then that there is none to go back to, and tells of the first.
    """
    if error is None:
        return False
    said = getattr(error, "orig", None)
    codes = {getattr(said, "sqlstate", None), *getattr(said, "args", ())[:1]}
    return not codes.isdisjoint(("40P01", 1213)) or is_deadlock(error.__context__)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside may write. For ``atomic()`` and migrations only."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def has_one_writer() -> bool:
    """Whether a writing transaction keeps all others waiting, from its first statement on."""
    return db.session.get_bind().dialect.name == "sqlite"


def is_writing() -> bool:
    """Whether a transaction that begins now may write."""
    return _writing.get()
