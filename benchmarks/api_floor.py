"""The floor of the API: listing and creating posts, written by hand on the driver.

Served by gunicorn as ``benchmarks.api_floor:app``, with ``DATABASE_URL`` in the environment. It writes all that the
product writes, and leaves out what a single caller does not need: rights, a limit of calls, other fields.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, abort, request

from benchmarks import floor_data
from benchmarks.floor_data import BASE, STANDS, marked, now

URL = os.environ["DATABASE_URL"]
PER_PAGE_MOST = 100
TITLE_LENGTH = 150
STATUSES = ("draft", "review")
# As the product's: admin_site/core/engines.py.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "mmap_size=0", "busy_timeout=10000")
FIELDS = (
    "id", "version", "created_at", "updated_at", "created_by", "title", "slug", "status", "published_at",
    "category_id", "author_id", "content",
)  # fmt: skip
# Later than every post.
LAST = ("9999-12-31", 0)
MOMENTS = ("created_at", "updated_at", "published_at")
WRITTEN = (*FIELDS[1:], "live", "title_key", "content_key")

_TOKEN = (
    "SELECT u.id, u.name FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = ?"
    " AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?) AND u.live = 1 AND u.is_active"
)
_LIST = (
    f"SELECT {', '.join(FIELDS)} FROM posts WHERE live = 1 AND (created_at, id) < (?, ?)"
    " ORDER BY created_at DESC, id DESC LIMIT ?"
)
_TITLES = (
    "SELECT 'category_id', id, name FROM categories WHERE id = ?"
    " UNION ALL SELECT 'tag_ids', id, name FROM tags WHERE id IN ({})"
)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values)) or "NULL"


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({_marks(columns)})"


_POST = _insert("posts", WRITTEN) + " RETURNING id"
_SET = _insert("change_sets", ("at", "actor_id", "source", "reason")) + " RETURNING id"
_ENTRY = _insert(
    "history_entries", ("change_set_id", "at", "actor_id", "section", "row_id", "action", "version", "changes")
)
_PAIR = _insert("post_tags", ("post_id", "tag_id"))
_DOCUMENT = _insert("search_documents", ("id", "words"))


class Sqlite(floor_data.Sqlite):
    """A connection that writes."""

    def _open(self) -> Any:
        connection = super()._open()
        for pragma in ("query_only=OFF", *PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One commit."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def write(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """The same statement for some rows."""
        self.connection.executemany(query, rows)


class Postgresql(floor_data.Postgresql):
    """The same there."""

    def transaction(self) -> Any:
        return self.connection.transaction()

    def write(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:  # for a few rows that is cheaper than a pipeline
            self.connection.execute(marked(query), row)


app = Flask(__name__, static_folder=None)
data: Any = Sqlite(URL) if URL.startswith("sqlite") else Postgresql(URL)


@app.get("/api/posts")
def rows() -> Response:
    """A page of posts from a cursor on, newest first."""
    _person()
    size = min(int(request.args.get("per_page", "10")), PER_PAGE_MOST)
    cursor = request.args["cursor"]
    found = data.rows(_LIST, *(_read(cursor) if cursor else LAST), size + 1)
    shown, has_next = found[:size], len(found) > size
    posts = _objects(shown)
    following = _cursor(posts[-1]) if has_next else None
    return _answer(
        {"posts": posts, "total": None, "pages": None, "current_page": None, "has_prev": bool(cursor),
         "has_next": has_next, "next_cursor": following}
    )  # fmt: skip


def _objects(found: Sequence[Any]) -> list[dict[str, Any]]:
    numbers = [row[0] for row in found]
    marks = _marks(numbers)
    pairs = data.rows(f"SELECT post_id, tag_id FROM post_tags WHERE post_id IN ({marks}) ORDER BY tag_id", *numbers)
    pins = data.rows(f"SELECT row_id FROM pins WHERE {STANDS} AND row_id IN ({marks})", now(), *numbers)
    tags: dict[int, list[int]] = {number: [] for number in numbers}
    for number, tag in pairs:
        tags[number].append(tag)
    return [_object(row, tags[row[0]], (row[0],) in pins) for row in found]


def _object(row: Sequence[Any], tags: Sequence[int], is_pinned: bool) -> dict[str, Any]:
    post = dict(zip(FIELDS, row, strict=True), tag_ids=tags, is_pinned=is_pinned)
    for name in MOMENTS:
        post[name] = _moment(post[name])
    return post


@app.post("/api/posts")
def create() -> Response:
    """A new post, kept in history and found by search: one commit."""
    person, name = _person()
    sent = request.get_json()
    title, content, tags = sent["title"], sent["content"], sent.get("tag_ids", [])
    status, category = sent.get("status", "draft"), sent.get("category_id")
    if not title.strip() or len(title) > TITLE_LENGTH or not content.strip() or status not in STATUSES:
        abort(400)
    at, slug = now(), re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")
    row = (1, at, at, person, title, slug, status, None, category, person, content, 1, title.lower(), content.lower())
    said = {"title": title, "content": content, "slug": slug, "status": status, "author_id": _named(person, name)}
    with data.transaction():
        number = data.rows(_POST, *row)[0][0]
        changed = data.rows(_SET, at, person, "api", "")[0][0]
        data.write(_PAIR, [(number, tag) for tag in tags])
        data.write(_DOCUMENT, [(BASE + number, _words(title, content))])
        changes = _changes(said | _titles(category, tags))
        data.write(_ENTRY, [(changed, at, person, "posts", number, "create", 1, changes)])
    answer = _answer(_object((number, *row[:11]), sorted(tags), is_pinned=False), 201)
    answer.headers["Location"], answer.headers["ETag"] = f"/api/posts/{number}", '"1"'
    return answer


def _titles(category: int | None, tags: Sequence[int]) -> Mapping[str, Any]:
    """Relations as history keeps them."""
    found: dict[str, Any] = {"tag_ids": []} if tags else {}
    for field, number, name in data.rows(_TITLES.format(_marks(tags)), category, *tags):
        if field == "tag_ids":
            found[field].append(_named(number, name))
        else:
            found[field] = _named(number, name)
    return found


def _changes(said: Mapping[str, Any]) -> str:
    changes = {name: [[] if isinstance(value, list) else None, value] for name, value in said.items()}
    return json.dumps(changes, ensure_ascii=False, separators=(",", ":"))


def _named(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "title": name}


def _words(title: str, content: str) -> str:
    """What the product's index has of a post whose letters are all of ASCII."""
    named, heard = (re.findall("[a-z0-9]+", said.lower()) for said in (title, content))
    return " ".join(["", *(f"_t{word}" for word in named), *named, "|", *heard, ""])


def _person() -> tuple[int, str]:
    """Number and name of whoever the token is of."""
    secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
    found = data.rows(_TOKEN, hashlib.sha256(secret.encode()).hexdigest(), now())
    if not found:
        abort(401)
    number, name = found[0]
    return number, name


def _answer(body: Any, status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, mimetype="application/json")


# A cursor names the sort that it belongs to.
TAG = hashlib.sha256(b"posts -created_at").hexdigest()[:8]


def _cursor(post: Mapping[str, Any]) -> str:
    raw = json.dumps([post["created_at"], post["id"]], separators=(",", ":"))
    return f"{TAG}.{base64.urlsafe_b64encode(raw.encode()).decode().rstrip('=')}"


def _read(cursor: str) -> tuple[str, int]:
    cursor = cursor.removeprefix(f"{TAG}.")
    moment, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return moment.removesuffix("Z").replace("T", " "), number


def _moment(value: Any) -> str | None:
    if value is None:
        return None
    said = value if isinstance(value, str) else value.isoformat(" ", "microseconds")
    return f"{said.replace(' ', 'T')}Z"
