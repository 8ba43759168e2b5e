"""One row of each section, with what it requires. Numbers keep unique values apart."""

from collections.abc import Callable
from itertools import count
from typing import Any

from admin_site.accounts.actor import SYSTEM, Actor
from admin_site.core import registry
from admin_site.core.transactions import atomic
from admin_site.records import writes
from tests.cast import role_id

_numbers = count(1)


def make(section: str, actor: Actor = SYSTEM, **values: Any) -> int:
    """The number of a new row."""
    with atomic():
        return writes.create(actor, registry.get(section), values_of(section) | values)


def values_of(section: str) -> dict[str, Any]:
    """Values that make a valid row, as an API would take them."""
    return VALUES[section](next(_numbers))


VALUES: dict[str, Callable[[int], dict[str, Any]]] = {
    "notes": lambda n: {"title": f"Note {n}", "content": "Water the fern on Fridays."},
    "posts": lambda n: {"title": f"Post {n}", "content": "The *first* paragraph."},
    "categories": lambda n: {"name": f"Category {n}"},
    "tags": lambda n: {"name": f"Tag {n}"},
    "comments": lambda n: {"post_id": make("posts"), "author_name": f"Reader {n}", "content": "I agree."},
    "questions": lambda n: {"content": f"When do you open, number {n}?"},
    "answers": lambda n: {"question_id": make("questions"), "content": f"At {n}."},
    # Beyond the numbers that books of the demo content have.
    "books": lambda n: {"title": f"Book {n}", "author_id": make("authors"), "isbn": isbn(500_000_000 + n)},
    "authors": lambda n: {"name": f"Author {n}"},
    "students": lambda n: {"first_name": f"First {n}", "last_name": f"Last {n}", "subject": "Bookbinding"},
    "users": lambda n: {"username": f"user{n}", "email": f"user{n}@example.org", "role_ids": [role_id("viewer")]},
}


def isbn(number: int) -> str:
    """A valid ISBN-13."""
    twelve = f"978{number:09d}"
    check = -sum((3 if place % 2 else 1) * int(digit) for place, digit in enumerate(twelve)) % 10
    return f"{twelve}{check}"
