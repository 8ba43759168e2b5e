"""One way to open a transaction.

Reading is read-only by construction. A transaction may write only inside ``atomic()``; anything
else is refused by the database itself, so a GET can never change content.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from admin_site.core import postgresql
from admin_site.core.database import begun, db
from admin_site.core.errors import Busy
from admin_site.core.modes import is_writing, writing

# How long a writer waits for another one before it says so.
WAIT_SECONDS = 10.0
# SQLite's own waiting grows to 100 ms a step, so that late comers overtake; a short even step is fair.
WAIT_STEP_SECONDS = 0.003


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction around a piece of work; raising rolls it back.

    Opened once, at the edge. Inside another one it is part of that one.
    """
    if is_writing():
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
        is_lost = current.dialect.name == "postgresql" and postgresql.is_lost(current.connection.dbapi_connection)
    except current.dialect.loaded_dbapi.Error:
        is_lost = True
    if is_lost:  # the pool has another one
        current.invalidate()
        session.rollback()
        return
    begin(current)


def begin(connection: Connection) -> None:
    """Begin a transaction, reading or writing, on a connection that has none."""
    raw: Any = connection.connection.dbapi_connection
    match connection.dialect.name:
        case "sqlite":
            _begin_sqlite(connection, raw)
        case "postgresql":
            postgresql.begin(connection, reads=not is_writing())
        case _ if not is_writing():
            connection.exec_driver_sql("START TRANSACTION READ ONLY")


# What is kept beside a connection: whether it was told last that it only reads.
_READS = "reads"


def _begin_sqlite(connection: Connection, raw: Any) -> None:
    reads = not is_writing()
    # Telling a connection makes it prepare all its statements anew, so it is told only what is new to it.
    if connection.info.get(_READS) is not reads:
        raw.execute(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
        connection.info[_READS] = reads
    if reads:
        raw.execute("BEGIN")
        return
    raw.execute("PRAGMA busy_timeout=0")
    try:
        _begin_in_turn(raw, connection.dialect.loaded_dbapi)
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
            if is_writing() or turn == TIMES - 1 or not is_deadlock(error):
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


def has_one_writer() -> bool:
    """Whether a writing transaction keeps all others waiting, from its first statement on."""
    return db.session.get_bind().dialect.name == "sqlite"
