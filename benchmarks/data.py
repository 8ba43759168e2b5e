"""Posts as a large back office has them, the same at every run, written straight into the product's own tables."""

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from admin_site.core import text
from benchmarks import environments
from benchmarks.settings import FOLDER, POSTGRESQL, ROOT

# Raised when the data change; a database with another number is loaded anew.
EDITION = 2
SEED = 20_261_121
USERS, CATEGORIES, TAGS, WORDS = 200, 50, 200, 20_000
RARE, COMMON = "heliotrope", "harbour"
RARE_EVERY, COMMON_SHARE = 3_333, 0.27
PINNED_EVERY = 1_000
STATUSES, SHARES = ("draft", "review", "published", "archived"), (60, 20, 10, 10)
CONTENT_WORDS = (34, 60)
TITLE_WORDS = (3, 7)
LOT = 2_000
END = datetime(2026, 11, 1, tzinfo=UTC)
EMAIL = "person1@example.org"

# What the filter page asks for: the drafts of an author who has as many posts as all have on average, three in a
# thousand posts.
FILTER = {"status": "draft", "author_id": 34}
# What is exported: a tenth of all posts.
EXPORTED_STATUS = "published"

POST_COLUMNS = (
    "id", "version", "live", "created_at", "updated_at", "created_by", "title", "title_key", "slug", "status",
    "published_at", "category_id", "author_id", "content", "content_key",
)  # fmt: skip
LINK_COLUMNS = ("post_id", "tag_id")
NAMED_COLUMNS = ("id", "version", "live", "created_at", "updated_at", "name", "name_key", "slug")
USER_COLUMNS = (
    "id", "version", "live", "created_at", "updated_at", "username", "username_key", "email", "email_key", "name",
    "name_key", "is_active",
)  # fmt: skip
PIN_COLUMNS = ("section", "row_id", "position", "reason", "created_at", "created_by")

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Database:
    """One loaded database."""

    kind: str
    rows: int
    # Whether it is a copy, which may be changed.
    is_copy: bool = False

    @property
    def name(self) -> str:
        """What it is called on a server."""
        return f"bench_admin_site_{self.rows}{'_copy' if self.is_copy else ''}"

    @property
    def file(self) -> Path:
        """Where SQLite keeps it."""
        return FOLDER / "databases" / f"{self.name}.db"

    @property
    def url(self) -> str:
        """The address as the product takes it."""
        if self.kind == "sqlite":
            return f"sqlite:///{self.file}"
        return make_url(POSTGRESQL).set(database=self.name).render_as_string(hide_password=False)

    @property
    def note(self) -> Path:
        """Where it is written what was loaded."""
        return FOLDER / "databases" / f"{self.kind}-{self.rows}.json"

    def run(self, query: str, *values: Any) -> list[Row]:
        """The answer of a statement, which has ``?`` for its values."""
        with self.connect() as connection:
            cursor = connection.cursor()
            cursor.execute(query if self.kind == "sqlite" else query.replace("?", "%s"), values)
            found = cursor.fetchall() if cursor.description else []
            connection.commit()
            return found

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """A connection of the driver."""
        connection: Any = sqlite3.connect(self.file) if self.kind == "sqlite" else psycopg.connect(self.url)
        try:
            yield connection
        finally:
            connection.close()


def prepare(database: Database) -> None:
    """Load it unless that was done, bring its schema up to date and build its search index."""
    done = json.loads(database.note.read_text()) if database.note.exists() else {}
    schema = _schema()
    # A revision that was edited after it had been applied is noticed here.
    is_same = all(schema.get(name) == digest for name, digest in done.get("schema", {}).items())
    if done.get("edition") != EDITION or not is_same:
        done = {"edition": EDITION}
        _create(database)
        manage(database, "db", "upgrade")
        _load(database)
    manage(database, "db", "upgrade")
    done["schema"] = schema
    database.note.write_text(json.dumps(done))
    if not done.get("search") and build_search(database):
        database.note.write_text(json.dumps(done | {"search": True}))


def build_search(database: Database) -> bool:
    """Build the product's search index, if this product has one; says whether it did."""
    has_it = _manage(database, "search", "--help").returncode == 0
    if has_it:
        print(f"Building the search index of {database.kind}, {database.rows:,} rows …", flush=True)
        manage(database, "search", "rebuild")
        settle(database)
    return has_it


def manage(database: Database, *words: str) -> str:
    """Run a command of the product on this database; returns what it says."""
    done = _manage(database, *words)
    if done.returncode:
        raise SystemExit(f"manage.py {' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout


def _manage(database: Database, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(environments.python_of("product")), "manage.py", *words]
    environment = os.environ | {"DATABASE_URL": database.url, "APP_CONFIG": "development"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def settle(database: Database) -> None:
    """Leave it as a database that has stood for a while."""
    with database.connect() as connection:
        if database.kind == "sqlite":
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE")


@contextmanager
def copied(database: Database) -> Iterator[Database]:
    """A copy, to be changed as one likes: what was written before would make later runs slower."""
    copy = replace(database, is_copy=True)
    _remove(copy)
    if database.kind == "sqlite":
        shutil.copyfile(database.file, copy.file)
    else:
        _on_server("CREATE DATABASE {} TEMPLATE {}", copy.name, database.name)
        settle(copy)
    try:
        yield copy
    finally:
        _remove(copy)


def _remove(database: Database) -> None:
    if database.kind != "sqlite":
        _on_server("DROP DATABASE IF EXISTS {}", database.name)
        return
    for ending in ("", "-wal", "-shm"):
        database.file.with_name(database.file.name + ending).unlink(missing_ok=True)


def _on_server(statement: str, *names: str) -> None:
    with psycopg.connect(POSTGRESQL, autocommit=True) as connection:
        connection.execute(_statement(statement).format(*map(sql.Identifier, names)))


# Creating


def _create(database: Database) -> None:
    FOLDER.joinpath("databases").mkdir(parents=True, exist_ok=True)
    database.note.unlink(missing_ok=True)
    _remove(database)
    if database.kind != "sqlite":
        _on_server("CREATE DATABASE {}", database.name)
        # The processor time of parallel workers could not be told apart.
        _on_server("ALTER DATABASE {} SET max_parallel_workers_per_gather = 0", database.name)


def _schema() -> dict[str, str]:
    """The product's revisions, each with its digest."""
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in files}


# Loading


def _load(database: Database) -> None:
    print(f"Loading {database.rows:,} rows into {database.kind} …", flush=True)
    with database.connect() as connection:
        write = _SqliteWriter(connection) if database.kind == "sqlite" else _PostgresqlWriter(connection)
        with write.in_bulk(("posts", "post_tags")):
            write.table("users", USER_COLUMNS, people())
            write.table(
                "user_roles", ("user_id", "role_id"), [(1, write.one("SELECT id FROM roles WHERE name = 'admin'"))]
            )
            write.table("categories", NAMED_COLUMNS, named(CATEGORIES, "Shelf"))
            write.table("tags", NAMED_COLUMNS, named(TAGS, "tag"))
            write.table("pins", PIN_COLUMNS, pins(database.rows))
            write.table("posts", POST_COLUMNS, posts(database.rows))
            write.table("post_tags", LINK_COLUMNS, links(database.rows))
    settle(database)


class _SqliteWriter:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @contextmanager
    def in_bulk(self, tables: Iterable[str]) -> Iterator[None]:
        """One transaction; the indexes of large tables are built at its end."""
        self.connection.execute("PRAGMA journal_mode=WAL")
        for pragma in ("synchronous=OFF", "cache_size=-400000", "foreign_keys=OFF"):
            self.connection.execute(f"PRAGMA {pragma}")
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({})"
        indexes = self.connection.execute(query.format(_quoted(tables))).fetchall()
        for name, _statement in indexes:
            self.connection.execute(f"DROP INDEX {name}")
        yield
        for _name, statement in indexes:
            self.connection.execute(statement)
        self.connection.commit()

    def one(self, query: str) -> Any:
        """The only value of an answer."""
        return self.connection.execute(query).fetchone()[0]

    def table(self, name: str, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
        """Write rows."""
        marks = ", ".join("?" * len(columns))
        self.connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)


class _PostgresqlWriter:
    def __init__(self, connection: "psycopg.Connection[Row]") -> None:
        self.connection = connection

    @contextmanager
    def in_bulk(self, tables: Iterable[str]) -> Iterator[None]:
        """One transaction; the indexes of large tables are built at its end."""
        for setting in (
            "session_replication_role = replica",
            "synchronous_commit = off",
            "maintenance_work_mem = '256MB'",
        ):
            self.run(f"SET {setting}")
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({}) AND schemaname = 'public'"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)"
        )
        indexes = self.connection.cursor().execute(_statement(query.format(_quoted(tables)))).fetchall()
        for name, _definition in indexes:
            self.run(f"DROP INDEX {name}")
        yield
        for _name, definition in indexes:
            self.run(definition)
        for table in ("users", "categories", "tags", "pins", "posts"):
            self.run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        self.connection.commit()

    def run(self, statement: str) -> None:
        """A statement without an answer."""
        self.connection.execute(_statement(statement))

    def one(self, query: str) -> Any:
        """The only value of an answer."""
        (value,) = self.connection.execute(_statement(query)).fetchone() or (None,)
        return value

    def table(self, name: str, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
        """Write rows."""
        statement = _statement(f"COPY {name} ({', '.join(columns)}) FROM STDIN")
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _statement(words: str) -> sql.SQL:
    return sql.SQL(words)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


# Making


def people() -> Iterator[Row]:
    """Users; the first one is the administrator who asks for the pages."""
    spell, at = random.Random(SEED + 1), _moment(END - timedelta(days=900))
    for number in range(1, USERS + 1):
        name = f"{_word(spell).capitalize()} {_word(spell).capitalize()}"
        user, email = f"person{number}", f"person{number}@example.org"
        yield number, 1, 1, at, at, user, user, email, email, name, text.key(name), True


def named(count: int, kind: str) -> Iterator[Row]:
    """Categories or tags."""
    spell, at = random.Random(f"{SEED} {kind}"), _moment(END - timedelta(days=900))
    for number in range(1, count + 1):
        name = f"{kind} {number} {_word(spell)}"
        yield number, 1, 1, at, at, name, text.key(name), text.slugify(name)


def pinned(rows: int) -> list[int]:
    """The numbers of the pinned posts, the first in the band first."""
    return list(range(PINNED_EVERY // 2, rows + 1, PINNED_EVERY))


def pins(rows: int) -> Iterator[Row]:
    """One post in a thousand, pinned for everyone."""
    at = _moment(END)
    for position, number in enumerate(pinned(rows)):
        yield "posts", number, position, "", at, 1


def vocabulary() -> list[str]:
    """Words that nobody knows, the most used first."""
    spell, known = random.Random(SEED), dict[str, None]()
    while len(known) < WORDS:
        known.setdefault(_word(spell))
    return [word for word in known if word not in (RARE, COMMON)]


def posts(rows: int) -> Iterator[Row]:
    """Posts, the oldest first, about four minutes apart at a million."""
    words = _words()
    chance = random.Random(SEED + 2)
    authors, shelves = _zipf(USERS), _zipf(CATEGORIES)
    step = timedelta(days=800) / rows
    for first in range(1, rows + 1, LOT):
        numbers = range(first, min(first + LOT, rows + 1))
        drawn = zip(
            chance.choices(STATUSES, SHARES, k=len(numbers)),
            chance.choices(range(1, USERS + 1), cum_weights=authors, k=len(numbers)),
            chance.choices(range(1, CATEGORIES + 1), cum_weights=shelves, k=len(numbers)),
            strict=True,
        )
        for number, (status, author, shelf) in zip(numbers, drawn, strict=True):
            created = END - timedelta(days=800) + step * number
            yield _post(number, created, status, author, shelf, words, chance)


def _post(
    number: int, created: datetime, status: str, author: int, shelf: int, words: Iterator[str], chance: random.Random
) -> Row:
    title = " ".join(islice(words, chance.randint(*TITLE_WORDS)))[:140].capitalize()
    content = _content(number, words, chance)
    updated = created + timedelta(seconds=chance.expovariate(1 / 86_400))
    at = _moment(created)
    return (
        number, 1, 1, at, _moment(updated), author, title, text.key(title), f"post-{number}", status,
        at if status == "published" else None, shelf, author, content, text.long_key(content),
    )  # fmt: skip


def _content(number: int, words: Iterator[str], chance: random.Random) -> str:
    body = list(islice(words, chance.randint(*CONTENT_WORDS)))
    if number % RARE_EVERY == RARE_EVERY // 2:
        body[chance.randrange(len(body))] = RARE
    if chance.random() < COMMON_SHARE:
        for _time in range(chance.choice((1, 1, 1, 2, 3))):
            body[chance.randrange(len(body))] = COMMON
    sentences = (" ".join(body[start : start + 12]).capitalize() for start in range(0, len(body), 12))
    return ". ".join(sentences) + "."


def links(rows: int) -> Iterator[Row]:
    """Two tags a post, as a rule."""
    chance, weights = random.Random(SEED + 3), _zipf(TAGS)
    for first in range(1, rows + 1, LOT):
        numbers = range(first, min(first + LOT, rows + 1))
        drawn = iter(chance.choices(range(1, TAGS + 1), cum_weights=weights, k=4 * len(numbers)))
        counts = chance.choices((0, 1, 2, 3, 4), (5, 25, 40, 25, 5), k=len(numbers))
        for number, count in zip(numbers, counts, strict=True):
            yield from ((number, tag) for tag in sorted(set(islice(drawn, count))))


def _words() -> Iterator[str]:
    chance, known = random.Random(SEED + 4), vocabulary()
    weights = _zipf(len(known))
    while True:
        yield from chance.choices(known, cum_weights=weights, k=100_000)


def _zipf(count: int) -> list[float]:
    return list(accumulate(1 / place for place in range(1, count + 1)))


def _word(spell: random.Random) -> str:
    syllables = spell.choices(("ba", "den", "fi", "gor", "hu", "ja", "kel", "li", "mon", "nu", "pra", "qui", "ros",
                               "sta", "tem", "u", "vel", "wi", "xa", "yor", "zin", "che", "tri", "plo"),
                              k=spell.choice((1, 2, 2, 3, 3, 4)))  # fmt: skip
    return "".join(syllables)


def _moment(when: datetime) -> str:
    """As both databases keep it: UTC without a zone, to the microsecond."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def describe(database: Database) -> Mapping[str, int]:
    """How many rows of each kind there are, to be printed."""
    return {name: database.run(f"SELECT count(*) FROM {name}")[0][0] for name in ("posts", "post_tags", "pins")}
