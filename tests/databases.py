"""The databases that tests run on: where they answer, and one fresh database for each test worker."""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pymysql

NAMES = ("sqlite", "postgresql", "mariadb")
POSTGRESQL_DEFAULTS = ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql://127.0.0.1:5432/postgres")
# Text sorts by the rules of a language there, past hyphens and blanks, as on most servers that people have.
_A_LANGUAGE = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US-u-ka-shifted' LOCALE 'C'"
MARIADB_DEFAULTS = ("mariadb://root@127.0.0.1:3306/",)


def find() -> dict[str, str]:
    """Name to the URL of a server that answers; SQLite always does."""
    found = {"sqlite": "sqlite://"}
    candidates = (
        ("postgresql", os.environ.get("TEST_POSTGRESQL_URL"), POSTGRESQL_DEFAULTS, _connect_postgresql),
        ("mariadb", os.environ.get("TEST_MARIADB_URL"), MARIADB_DEFAULTS, _connect_mariadb),
    )
    for name, given, defaults, connect in candidates:
        for url in [given] if given else defaults:
            try:
                connect(url).close()
            except (psycopg.Error, pymysql.Error):
                continue
            found[name] = url
            break
    return found


def create(name: str, server: str, worker: str, *, encoding: str = "") -> str:
    """A fresh database of this worker; returns its URL. ``encoding`` is one that PostgreSQL knows, beside UTF8."""
    if name == "sqlite":
        folder = Path(tempfile.mkdtemp(prefix="admin-site-test-"))
        return f"sqlite:///{folder / 'test.db'}"
    database = f"admin_site_test_{worker}_{os.getpid()}"
    if name == "postgresql":
        with _connect_postgresql(server) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            if encoding:
                connection.execute(f"CREATE DATABASE {database} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
            else:
                _create_postgresql(connection, database)
    else:
        with _connect_mariadb(server) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database}")
            cursor.execute(f"CREATE DATABASE {database}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))


def _create_postgresql(connection: "psycopg.Connection", database: str) -> None:
    """By the rules of a language, where the server was built with them."""
    try:
        connection.execute(f"CREATE DATABASE {database} ENCODING 'UTF8' {_A_LANGUAGE} TEMPLATE template0")
    except (psycopg.NotSupportedError, psycopg.DataError, psycopg.ProgrammingError):
        connection.execute(f"CREATE DATABASE {database} ENCODING 'UTF8' TEMPLATE template0")


def drop(name: str, server: str, url: str) -> None:
    """Remove what ``create`` made."""
    database = urlsplit(url).path.lstrip("/")
    if name == "postgresql":
        with _connect_postgresql(server) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    elif name == "mariadb":
        with _connect_mariadb(server) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database}")


def _connect_postgresql(url: str) -> "psycopg.Connection":
    return psycopg.connect(url, autocommit=True, connect_timeout=3)


def _connect_mariadb(url: str) -> "pymysql.Connection":
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=parts.username or "root",
        password=parts.password or "",
        autocommit=True,
        connect_timeout=3,
    )
