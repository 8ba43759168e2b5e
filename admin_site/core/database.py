"""The database: one session, one declarative base, and what every table has."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as BaseSession
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Engine,
    Executable,
    ForeignKey,
    Index,
    MetaData,
    SmallInteger,
    String,
    UniqueConstraint,
    event,
    insert,
)
from sqlalchemy import text as text_clause
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, SessionTransaction, mapped_column

from admin_site.core.modes import is_writing
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


class Base(DeclarativeBase):
    """All tables share the naming convention and the options of ``TABLE_OPTIONS``."""

    metadata = MetaData(naming_convention=NAMING)
    __table_args__: Any = TABLE_OPTIONS


# The engine for reading, where reading has connections of its own.
READING = "reading"


class ModalSession(BaseSession):
    """Reads by connections that only read, on SQLite: one that does both prepares its statements anew each time."""

    def get_bind(self, mapper: Any = None, clause: Any = None, bind: Any = None, **more: Any) -> Engine | Connection:
        """The engine for what begins now, or is going on: what may be done does not change on the way."""
        if bind is not None:
            return super().get_bind(mapper, clause, bind, **more)
        engines = db.engines
        return engines[None] if is_writing() else engines.get(READING) or engines[None]


db = SQLAlchemy(model_class=Base, session_options={"class_": ModalSession})

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


# For what is asked all the time and planned alike whatever it is asked with: see ``core.postgresql``.
KEPT: Mapping[str, Any] = {"kept": True}


def execute_kept(statement: Executable, given: Mapping[str, Any] | None = None) -> CursorResult[*tuple[Any, ...]]:
    """Execute a statement that is made once; the database may keep how it is planned."""
    return connection().execute(statement, given, execution_options=KEPT)


def begun(session: Session) -> Connection | None:
    """The same, if something was asked in the transaction, outside any savepoint."""
    found: Connection | None = session.info.get(_CONNECTION)
    return None if found is None or found.in_nested_transaction() else found


_CONNECTION = "connection"


@event.listens_for(db.session, "after_transaction_create")
@event.listens_for(db.session, "after_transaction_end")
def _ask_again(session: Session, _transaction: SessionTransaction) -> None:
    """A savepoint is made only when the session is asked for its connection."""
    session.info.pop(_CONNECTION, None)
