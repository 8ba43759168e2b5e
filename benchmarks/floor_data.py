"""What the floor asks of the database: plain statements over one connection of the driver."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
import pysqlite3
from psycopg.rows import dict_row

from benchmarks.floor_page import COUNT_MOST

_SHOWN = "p.id, p.title, p.status, p.published_at, p.updated_at, p.author_id, c.name, u.name"
_NAMES = "LEFT JOIN categories c ON c.id = p.category_id LEFT JOIN users u ON u.id = p.author_id"
STANDS = "section = 'posts' AND user_id IS NULL AND (until IS NULL OR until > ?)"
_NEWEST = "ORDER BY p.created_at DESC, p.id DESC"
# Where the product keeps the search documents of posts, and how many of the newest are weighed.
BASE = zlib.crc32(b"posts") % 2**22 * 2**40
END = BASE + 2**40
CANDIDATES = 100
EXCERPT_LENGTH = 4_000


def _many(matching: str) -> str:
    """How many rows match, where there may be many: to know that there are more is cheaper than to count them."""
    more = f"SELECT {COUNT_MOST + 1} {matching} LIMIT 1 OFFSET {COUNT_MOST}"
    return f"COALESCE(({more}), (SELECT count(*) {matching}))"


def _few(matching: str) -> str:
    """How many rows match, where they have to be looked for: one pass."""
    return f"(SELECT count(*) FROM (SELECT 1 {matching} LIMIT {COUNT_MOST + 1}) AS matching)"


class Floor:
    """The statements, which differ between databases in their marks only."""

    def rows(self, query: str, *values: Any) -> Sequence[Any]:
        """All rows of an answer."""
        raise NotImplementedError

    def person(self, number: int) -> Any:
        """The one who asks."""
        found = self.rows("SELECT id, name FROM users WHERE id = ? AND live = 1 AND is_active", number)
        return found[0] if found else None

    def newest(
        self, conditions: Sequence[str], values: Sequence[Any], limit: int, after: Sequence[Any] = ()
    ) -> Sequence[Any]:
        """Rows that are not in the band, with the moment by which they are sorted and how many match.

        Those are counted no further than a little over ``COUNT_MOST``.
        """
        where = "".join(f" AND {condition}" for condition in conditions)
        count = (_few if conditions else _many)(f"FROM posts p WHERE p.live = 1{where}")
        further = " AND (p.created_at, p.id) < (?, ?)" if after else ""
        unpinned = f"NOT EXISTS (SELECT 1 FROM pins WHERE row_id = p.id AND {STANDS})"
        query = (
            f"SELECT {_SHOWN}, p.created_at, {count} FROM posts p {_NAMES}"
            f" WHERE p.live = 1{where}{further} AND {unpinned} {_NEWEST} LIMIT ?"
        )
        return self.rows(query, *values, *values, *after, now(), limit)

    def band(self, limit: int) -> Sequence[Any]:
        """The pinned rows in their order."""
        band = f"(SELECT row_id, position, id FROM pins WHERE {STANDS} ORDER BY position, id LIMIT ?) b"
        query = f"SELECT {_SHOWN}, '' FROM {band} JOIN posts p ON p.id = b.row_id {_NAMES} WHERE p.live = 1"
        return self.rows(f"{query} ORDER BY b.position, b.id", now(), limit)

    def post(self, number: int) -> Mapping[str, Any] | None:
        """All of a row."""
        query = f"SELECT p.*, c.name AS category, u.name AS author FROM posts p {_NAMES} WHERE p.id = ? AND p.live = 1"
        return self.row(query, number)

    def row(self, query: str, *values: Any) -> Mapping[str, Any] | None:
        """One row, by name."""
        raise NotImplementedError

    def tags(self, number: int) -> Sequence[Any]:
        """The tags of a row."""
        query = "SELECT t.id, t.name FROM post_tags l JOIN tags t ON t.id = l.tag_id WHERE l.post_id = ? ORDER BY t.id"
        return self.rows(query, number)

    def is_pinned(self, number: int) -> bool:
        """Whether a row is in the band."""
        return bool(self.rows(f"SELECT 1 FROM pins WHERE row_id = ? AND {STANDS}", number, now()))

    def exported(self, status: str, lot: int) -> Iterator[Sequence[Any]]:
        """The rows of an export, a lot at a time."""
        raise NotImplementedError

    # How a found document is called, where it is looked for, and what it has to match.
    number = found_in = matches = ""
    whole_first = False

    def asked(self, words: Sequence[str], mark: str = "", *, goes_on: bool = False) -> str:
        """Words as the index is asked for them; ``mark`` is that of titles, the last word may go on."""
        raise NotImplementedError

    def once(self, query: str, *values: Any) -> Sequence[Any]:
        """All rows of an answer whose plan depends on the values."""
        return self.rows(query, *values)

    def candidates(self, words: Sequence[str], mark: str = "") -> Sequence[Any]:
        """The newest documents with these words: their numbers and what they say.

        Where whole words are found faster than their beginnings, those are looked for only if whole ones are too few.
        """
        inner = (
            f"SELECT {self.number} AS number FROM {self.found_in} WHERE {self.matches} AND {self.number} >= {BASE}"
            f" AND {self.number} < {END} ORDER BY {self.number} DESC LIMIT {CANDIDATES}"
        )
        query = f"SELECT d.id - {BASE}, d.words FROM ({inner}) f JOIN search_documents d ON d.id = f.number"
        whole = self.once(query, self.asked(words, mark)) if self.whole_first else ()
        return whole if len(whole) == CANDIDATES else self.once(query, self.asked(words, mark, goes_on=True))

    def count_found(self, words: Sequence[str]) -> int:
        """How many documents have these words, counted no further than a little over ``COUNT_MOST``."""
        found = f"FROM {self.found_in} WHERE {self.matches} AND {self.number} >= {BASE} AND {self.number} < {END}"
        query = f"SELECT {_few(found)}"
        whole = int(self.once(query, self.asked(words))[0][0]) if self.whole_first else 0
        return whole if whole > COUNT_MOST else int(self.once(query, self.asked(words, goes_on=True))[0][0])

    def of_numbers(self, numbers: Sequence[int]) -> Mapping[int, Any]:
        """Rows of the list by number, with the beginning of their contents."""
        marks = ", ".join("?" * len(numbers))
        query = f"SELECT {_SHOWN}, substr(p.content, 1, {EXCERPT_LENGTH}) FROM posts p {_NAMES}"
        query += f" WHERE p.id IN ({marks})"  # rows in the trash have no document
        return {row[0]: row for row in self.once(query, *numbers)} if numbers else {}


_EXPORT = (
    f"SELECT p.title, p.status, c.name, u.name, p.published_at, p.updated_at FROM posts p {_NAMES}"
    f" WHERE p.live = 1 AND p.status = ? {_NEWEST}"
)


class Sqlite(Floor):
    """Over the library that the product uses as well."""

    number, found_in, matches = "rowid", "search_index", "search_index MATCH ?"
    whole_first = True

    def asked(self, words: Sequence[str], mark: str = "", *, goes_on: bool = False) -> str:
        return " AND ".join(f'"{mark}{word}"' for word in words) + ("*" if goes_on else "")

    def __init__(self, url: str) -> None:
        self.file = url.removeprefix("sqlite:///")
        self.connection = self._open()

    def _open(self) -> Any:
        connection: Any = pysqlite3.connect(self.file, isolation_level=None, cached_statements=50)
        connection.execute("PRAGMA query_only=ON")
        return connection

    def rows(self, query: str, *values: Any) -> Sequence[Any]:
        return list(self.connection.execute(query, values))

    def row(self, query: str, *values: Any) -> Mapping[str, Any] | None:
        cursor = self.connection.execute(query, values)
        names, found = [column[0] for column in cursor.description], cursor.fetchone()
        return dict(zip(names, found, strict=True)) if found else None

    def exported(self, status: str, lot: int) -> Iterator[Sequence[Any]]:
        cursor = self.connection.execute(_EXPORT, (status,))
        while rows := cursor.fetchmany(lot):
            yield rows


class Postgresql(Floor):
    """Over one connection that prepares each statement the first time."""

    number, found_in, matches = "id", "search_documents", "vector @@ ?::text::tsquery"

    def asked(self, words: Sequence[str], mark: str = "", *, goes_on: bool = False) -> str:
        return " & ".join(f"{mark}{word}" for word in words) + (":*" if goes_on else "")

    def once(self, query: str, *values: Any) -> Sequence[Any]:
        return self.connection.execute(marked(query), values, prepare=False).fetchall()

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)

    def rows(self, query: str, *values: Any) -> Sequence[Any]:
        return self.connection.execute(marked(query), values).fetchall()

    def row(self, query: str, *values: Any) -> Mapping[str, Any] | None:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(marked(query), values).fetchone()

    def exported(self, status: str, lot: int) -> Iterator[Sequence[Any]]:
        with self.connection.transaction(), self.connection.cursor("export") as cursor:
            cursor.execute(marked(_EXPORT), (status,))
            while rows := cursor.fetchmany(lot):
                yield rows


def marked(query: str) -> Any:
    """A statement with the marks that PostgreSQL's driver has."""
    return query.replace("?", "%s")


def now() -> str:
    """The present moment as both databases keep it."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
