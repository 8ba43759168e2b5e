"""Fixtures that every test may use."""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import flask_migrate
import pytest
import redis
from flask import Flask
from sqlalchemy import delete, event, text

from admin_site import create_app
from admin_site.accounts.actor import Actor
from admin_site.core.database import db
from admin_site.core.modes import writing
from admin_site.records.search import vocabulary
from tests import databases
from tests.api_client import Program
from tests.cast import Cast
from tests.client import Client

# To look for what may be forgotten took a tenth of a run, which keeps hundreds of thousands of objects.
gc.set_threshold(50_000, 20, 50)

# Written by the first revision, not by tests.
KEPT = {"roles"}


@dataclass(frozen=True)
class Database:
    """One fresh database and where it lives."""

    name: str
    url: str


def servers() -> dict[str, str]:
    """What ``tests.run`` found; a plain ``pytest`` looks for itself."""
    listed = os.environ.get("TEST_DATABASES")
    if listed is None:
        return databases.find()
    return dict(part.split("=", 1) for part in listed.split())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        names = list(servers())
        if metafunc.definition.get_closest_marker("browser"):
            names = ["sqlite"]
        if only := metafunc.definition.get_closest_marker("databases"):
            names = [name for name in names if name in only.args]
        marks = [pytest.param(name, marks=pytest.mark.xdist_group(name), id=name) for name in names]
        metafunc.parametrize("database", marks, indirect=True, scope="session")


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, worker: str) -> Iterator[Database]:
    name = request.param
    server = servers()[name]
    url = databases.create(name, server, worker)
    yield Database(name, url)
    databases.drop(name, server, url)


@pytest.fixture(scope="session")
def worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def base_app(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application over a migrated database; no context is open."""
    app = create_app(
        {"APP_CONFIG": "testing", "DATABASE_URL": database.url, "SECRET_KEY": "for tests only " * 3},
        instance_path=str(tmp_path_factory.mktemp("instance")),
    )
    with app.app_context():
        flask_migrate.upgrade(directory=app.extensions["migrate"].directory)
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def app(base_app: Flask) -> Iterator[Flask]:
    """The application with an empty database and an open context."""
    with base_app.app_context():
        yield base_app
        db.session.remove()
        empty()


def empty() -> None:
    """Delete every row that a test wrote."""
    with writing(), db.engine.begin() as connection:
        is_mariadb = connection.dialect.name == "mysql"
        if is_mariadb:
            connection.execute(text("SET FOREIGN_KEY_CHECKS=0"))
        for table in reversed(db.metadata.sorted_tables):
            if table.name not in KEPT:
                connection.execute(delete(table))
        if is_mariadb:
            connection.execute(text("SET FOREIGN_KEY_CHECKS=1"))
    vocabulary.forget()


@pytest.fixture
def cast(app: Flask) -> Cast:
    """The people of every test."""
    return Cast()


@pytest.fixture
def client(app: Flask) -> Client:
    """Somebody who is not signed in."""
    return Client(app)


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., Client]:
    """A client in which a member of the cast is signed in."""

    def open_for(actor: object) -> Client:
        return Client(app).sign_in(actor)

    return open_for


@pytest.fixture
def statements(app: Flask) -> Callable[[], AbstractContextManager[list[str]]]:
    """Collects the statements that are sent to the database."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        made: list[str] = []

        def note(_connection, _cursor, statement, *_more) -> None:
            made.append(statement)

        for engine in db.engines.values():
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield made
        finally:
            for engine in db.engines.values():
                event.remove(engine, "before_cursor_execute", note)

    return collect


@pytest.fixture
def program(app: Flask) -> Callable[..., Program]:
    """A program that holds a token of a member of the cast."""

    def of(actor: Actor, *scopes: str) -> Program:
        return Program.of(app, actor, scopes or None)

    return of


@pytest.fixture
def redis_url():
    """A Redis, where one answers."""
    url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1) as found:
            found.ping()
    except redis.RedisError:
        if os.environ.get("TEST_REQUIRE_ALL") == "1":
            raise
        pytest.skip("no Redis answers")
    return url
