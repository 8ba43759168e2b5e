"""How connections to each database are opened, and how their transactions begin."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy import Dialect, Engine, event
from sqlalchemy.engine import make_url

from admin_site.core import postgresql, transactions
from admin_site.core.database import db
from admin_site.core.errors import Busy

try:
    import pysqlite3.dbapi2 as sqlite_module
except ImportError:  # no wheel for this machine: the older library serves, with its known bug
    import sqlite3 as sqlite_module

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60

SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "mmap_size=0",
    "busy_timeout=10000",
)

DRIVERS = {
    "sqlite": "sqlite",
    "postgres": postgresql.DRIVER,
    "postgresql": postgresql.DRIVER,
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}


def database_url(text: str) -> str:
    """The URL as users write it, with the driver that comes with the requirements."""
    try:
        url = make_url(text)
        name = DRIVERS[url.get_backend_name()]
    except (sqlalchemy.exc.ArgumentError, KeyError):
        raise ValueError("It must begin with sqlite:, postgresql:, mysql: or mariadb:.") from None
    except ValueError:  # of the port
        raise ValueError("Its port is not a number.") from None
    if name != DRIVERS["sqlite"] and not url.database:
        raise ValueError("It names no database, as in postgresql://user:password@host/name.")
    return url.set(drivername=name).render_as_string(hide_password=False)


def is_sqlite_file(url: str) -> bool:
    """Whether several connections see the same SQLite database."""
    made = make_url(url)
    name = made.database or ":memory:"
    return made.get_backend_name() == "sqlite" and name != ":memory:" and not name.startswith("file:")


def engine_options(url: str) -> dict[str, Any]:
    """What ``create_engine`` is given beside the URL. What people typed stays out of logs and messages."""
    return {"hide_parameters": True} | _backend_options(url)


def _backend_options(url: str) -> dict[str, Any]:
    backend = make_url(url).get_backend_name()
    if backend == "sqlite":
        return {"module": sqlite_module, "connect_args": {"timeout": transactions.WAIT_SECONDS}}
    if backend == "postgresql":
        settings = (
            f"{postgresql.READ_ONLY} -c statement_timeout={STATEMENT_SECONDS}s"
            f" -c lock_timeout={transactions.WAIT_SECONDS:.0f}s"
        )
        return {
            "pool_pre_ping": True,
            "connect_args": {"connect_timeout": CONNECT_SECONDS, "options": settings},
        }
    return {
        "pool_pre_ping": True,
        "isolation_level": "READ COMMITTED",  # as on the other two
        "connect_args": {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": STATEMENT_SECONDS,
            "write_timeout": STATEMENT_SECONDS,
            "init_command": f"SET sql_mode='TRADITIONAL', innodb_lock_wait_timeout={transactions.WAIT_SECONDS:.0f}",
        },
    }


def init_app(app: Flask) -> None:
    """Open the database of this application."""
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)
    with app.app_context():
        for engine in db.engines.values():
            harden(engine)


def harden(engine: Engine) -> None:
    """Make transactions begin as reading or writing ones."""
    event.listen(engine, "begin", transactions.begin)
    match engine.dialect.name:
        case "sqlite":
            event.listen(engine, "connect", _sqlite_connect)
        case "postgresql":
            event.listen(engine, "do_connect", _postgresql_connect)


def sqlite_library() -> ModuleType:
    """The SQLite that is in use, for ``sqlite_version_info``."""
    library: ModuleType = sqlite_module
    return library


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    for pragma in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _postgresql_connect(dialect: Dialect, _record: Any, given: Sequence[Any], named: dict[str, Any]) -> Any:
    """Refuse a database that cannot hold every text, before somebody's is lost in it."""
    raw: Any = dialect.connect(*given, **named)
    encoding = raw.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raw.close()
        raise Busy(f"The database stores text as {encoding}; it must be made with ENCODING 'UTF8'.")
    raw.prepared_max = postgresql.PREPARED_MOST
    raw.read_only = False  # what begins a transaction, writes
    return raw
