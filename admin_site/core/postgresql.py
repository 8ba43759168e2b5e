"""PostgreSQL through psycopg, such that statements which are asked all the time are planned once a connection.

The driver prepares whatever is asked five times, also what needs another plan for each value.
"""

import selectors
import time
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import ServerCursor
from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

DRIVER = "postgresql+psycopg_kept"
# Statements that a connection keeps prepared: a few for each section.
PREPARED_MOST = 300
# A connection that lay idle for longer may have been lost without a word, and is asked before it is used.
PING_AFTER_SECONDS = 30.0


# What a connection may do unless a transaction says otherwise: to write, it has to be begun for writing.
READ_ONLY = "-c default_transaction_read_only=on"


# What is kept beside a connection: whether it may write without a transaction.
_OPEN = "open"


def begin(connection: Connection, *, reads: bool) -> None:
    """Begin a transaction on a connection that has none.

    Whoever reads sees what was committed before each statement, in a transaction or not: none is begun, which saves
    two round trips. A writing one begins along with its first statement, unless whoever writes asked for none
    (``isolation_level="AUTOCOMMIT"``, for what PostgreSQL does in no transaction).
    """
    raw: Any = connection.connection.dbapi_connection
    without = reads or connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
    is_open = without and not reads
    if connection.info.get(_OPEN, False) is not is_open:
        raw.autocommit = True
        raw.execute(f"SET default_transaction_read_only = {'off' if is_open else 'on'}")
        connection.info[_OPEN] = is_open
    if raw.autocommit is not without:
        raw.autocommit = without


class KeptDialect(PGDialect_psycopg):
    """Ends reading without a rollback, and prepares only what is marked as ``kept``."""

    supports_statement_cache = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]  # not typed in SQLAlchemy
        self._used: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Whether a connection from the pool still stands; of one that was used just now, its socket tells."""
        raw = _raw(dbapi_connection)
        if time.monotonic() - self._used.get(raw, 0.0) > PING_AFTER_SECONDS:
            return bool(super().do_ping(dbapi_connection))  # type: ignore[no-untyped-call]  # nor this
        return not is_lost(raw)

    def do_commit(self, dbapi_connection: Any) -> None:
        """End a transaction."""
        raw = _raw(dbapi_connection)
        raw.commit()
        self._used[raw] = time.monotonic()

    def do_rollback(self, dbapi_connection: Any) -> None:
        """End a transaction; where there was only reading, there is none."""
        raw = _raw(dbapi_connection)
        if not raw.autocommit or raw.closed:
            raw.rollback()
        self._used[raw] = time.monotonic()

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Ask, prepared or not."""
        is_kept = context is not None and context.execution_options.get("kept", False)
        if isinstance(cursor, ServerCursor):  # it is never prepared
            cursor.execute(statement, parameters)
        else:
            cursor.execute(statement, parameters, prepare=is_kept)


def is_lost(raw: Any) -> bool:
    """Whether the server has gone, or has sent something: between statements nothing is expected but its farewell."""
    if raw.closed:
        return True
    with selectors.DefaultSelector() as waiting:
        waiting.register(raw.fileno(), selectors.EVENT_READ)
        return bool(waiting.select(0))


def _raw(dbapi_connection: Any) -> Any:
    """The driver's connection, also from what the pool gives out."""
    return getattr(dbapi_connection, "dbapi_connection", dbapi_connection)


registry.register(DRIVER.replace("+", "."), __name__, KeptDialect.__name__)
