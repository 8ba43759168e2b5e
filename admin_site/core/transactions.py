"""One way to open a transaction.

Reading is read-only by construction. A transaction may write only inside ``atomic()``; anything
else is refused by the database itself, so a GET can never change content.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from admin_site.core.database import begun, db
from admin_site.core.errors import Busy

# How long a writer waits for another one before it says so.
WAIT_SECONDS = 10.0
# SQLite's own waiting grows to 100 ms a step, so that late comers overtake; a short even step is fair.
WAIT_STEP_SECONDS = 0.003

_writing: ContextVar[bool] = ContextVar("writing", default=False)


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction around a piece of work; raising rolls it back.

    Opened once, at the edge. Inside another one it is part of that one.
    """
    if _writing.get():
        yield
        return
    with writing():
        try:
            _end_reading()
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise


def _end_reading() -> None:
    """A reading transaction cannot become a writing one: end it, and begin anew with the next statement.

    Where only rows were read, on the same connection: to hand it back and take it again costs as much as three
    statements. Not on SQLite, where to begin is to keep all other writers waiting: there the first statement begins.
    """
    session = db.session()
    current = begun(session)
    has_objects = bool(session.identity_map or session.new)  # to be loaded again
    if current is None or current.invalidated or has_objects or has_one_writer():
        session.rollback()
        return
    try:
        current.dialect.do_rollback(current.connection)
    except current.dialect.loaded_dbapi.Error:  # the connection is gone: the pool has another one
        current.invalidate()
        session.rollback()
        return
    begin(current)


def begin(connection: Connection) -> None:
    """Begin a transaction, reading or writing, on a connection that has none."""
    raw: Any = connection.connection.dbapi_connection
    match connection.dialect.name:
        case "sqlite":
            _begin_sqlite(raw, connection.dialect.loaded_dbapi)
        case "postgresql":
            raw.read_only = not is_writing()  # sent along with BEGIN, no round trip of its own
        case _ if not is_writing():
            connection.exec_driver_sql("START TRANSACTION READ ONLY")


def _begin_sqlite(raw: Any, module: Any) -> None:
    if not is_writing():
        raw.execute("PRAGMA query_only=ON")
        raw.execute("BEGIN")
        return
    raw.execute("PRAGMA query_only=OFF")
    raw.execute("PRAGMA busy_timeout=0")
    try:
        _begin_in_turn(raw, module)
    finally:
        raw.execute("PRAGMA busy_timeout=10000")


def _begin_in_turn(raw: Any, module: Any) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except module.OperationalError as error:
            if "locked" not in str(error):
                raise
            if time.monotonic() > until:
                raise Busy from error
            time.sleep(WAIT_STEP_SECONDS)
        else:
            return


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
