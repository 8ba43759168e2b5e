"""PostgreSQL through psycopg, such that statements which are asked all the time are planned once a connection.

The driver forgets what it has prepared whenever a transaction is rolled back, as each that only reads would be; and
it prepares whatever is asked five times, also what needs another plan for each value.
"""

from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

DRIVER = "postgresql+psycopg_kept"
# Statements that a connection keeps prepared: a few for each section.
PREPARED_MOST = 300


class KeptDialect(PGDialect_psycopg):
    """Ends reading transactions without a rollback, and prepares only what is marked as ``kept``."""

    supports_statement_cache = True

    def do_rollback(self, dbapi_connection: Any) -> None:
        """End a transaction; one that could only read, and did, is the same either way."""
        raw = getattr(dbapi_connection, "dbapi_connection", dbapi_connection)
        if raw.read_only and raw.info.transaction_status == TransactionStatus.INTRANS:
            raw.commit()
        else:
            raw.rollback()

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Ask; ``None`` leaves it to the driver, which prepares what it meets the sixth time."""
        is_kept = context is not None and context.execution_options.get("kept", False)
        cursor.execute(statement, parameters, prepare=None if is_kept else False)


registry.register(DRIVER.replace("+", "."), __name__, KeptDialect.__name__)
