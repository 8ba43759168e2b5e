"""What the benchmark needs of the product itself: a signed-in session, and the place of a row far down."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Flask

from admin_site import create_app
from admin_site.accounts import sessions
from admin_site.accounts.actor import of_email
from admin_site.core.transactions import atomic
from benchmarks.data import EMAIL, Database
from benchmarks.settings import PER_PAGE

AGENT = "benchmark"


def cookie(database: Database, secret: str) -> tuple[str, str]:
    """Name and value of the cookie with which the administrator is signed in."""
    app = _app(database, secret)
    with app.app_context(), atomic():
        person = of_email(EMAIL)
        if person is None:
            raise LookupError("the administrator of the benchmark is missing")
        person = sessions.start(person, keep=True, address="127.0.0.1", agent=AGENT)
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    values = {"_user_id": person.session_token, "_fresh": True, "_permanent": True}
    return app.config["SESSION_COOKIE_NAME"], signer.dumps(values)


def _app(database: Database, secret: str) -> Flask:
    return create_app({"APP_CONFIG": "production", "DATABASE_URL": database.url, "SECRET_KEY": secret})


def row_at(database: Database, place: int) -> tuple[datetime, int]:
    """When the row that stands so far down the newest first list was made, and its number; pins apart."""
    ((moment, number),) = database.run(f"SELECT created_at, id {_unpinned('1 = 1')} LIMIT 1 OFFSET ?", place - 1)
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found.replace(tzinfo=UTC), number


def newest(database: Database, condition: str = "1 = 1", skip: int = 0) -> list[tuple[int, str]]:
    """Numbers and titles of the rows that a page has, pins apart, by asking the database."""
    rows = database.run(f"SELECT id, title {_unpinned(condition)} LIMIT {PER_PAGE} OFFSET ?", skip)
    return [(number, title) for number, title in rows]


def _unpinned(condition: str) -> str:
    pinned = "SELECT 1 FROM pins WHERE section = 'posts' AND row_id = posts.id AND user_id IS NULL"
    return f"FROM posts WHERE live = 1 AND {condition} AND NOT EXISTS ({pinned}) ORDER BY created_at DESC, id DESC"


def having(database: Database, word: str, most: int) -> list[int]:
    """Some rows with a word."""
    return [
        number
        for (number,) in database.run(f"SELECT id FROM posts WHERE live = 1 AND {_HAVING} LIMIT ?", *_like(word), most)
    ]


def count_having(database: Database, word: str, numbers: Sequence[int]) -> int:
    """How many of these rows have a word."""
    listed = ", ".join(map(str, numbers)) or "0"
    return int(database.run(f"SELECT count(*) FROM posts WHERE {_HAVING} AND id IN ({listed})", *_like(word))[0][0])


_HAVING = "(content_key LIKE ? OR title_key LIKE ?)"


def _like(word: str) -> tuple[str, str]:
    return f"%{word}%", f"%{word}%"


def deep_path(database: Database) -> str:
    """The list as it is half way down: the page that so many clicks on Next lead to."""
    try:
        from admin_site.records.keyset import Position
    except ImportError:
        raise LookupError("the product has no keyset yet (admin_site/records/keyset.py)") from None
    place = database.rows // 2
    position = Position(row_at(database, place))
    return f"/admin/posts/?sort=-created_at&page={place // PER_PAGE + 1}&after={position}"
