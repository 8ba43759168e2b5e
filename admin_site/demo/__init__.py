"""Demo content: a small publisher with a school, written through the same path as everything else."""

import secrets
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.resources import files
from typing import Any

from sqlalchemy import select

from admin_site.accounts.actor import SYSTEM, Actor
from admin_site.accounts.models import Role
from admin_site.accounts.sign_in import DEMO_SOURCE
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import writes

# So many people come first in people.toml, one for each role; only they can sign in.
DEMO_PEOPLE = 4


@dataclass(frozen=True)
class DemoPerson:
    """Somebody to sign in as; the password exists nowhere else."""

    email: str
    role: str
    password: str


def is_empty() -> bool:
    """Whether there is no content at all; users do not count, the trash does."""
    contents = (section for section in registry.all_sections() if section.area == "content")
    return all(db.session.execute(select(section.table.columns.id).limit(1)).first() is None for section in contents)


def load() -> list[DemoPerson]:
    """Write all of it, in one transaction; returns the demo people with their passwords."""
    with atomic():
        writer = _Writer()
        writer.people()
        for load_section in (writer.notes, writer.names, writer.posts, writer.questions, writer.books, writer.students):
            load_section()
        return writer.signing_in


class _Writer:
    def __init__(self) -> None:
        self.signing_in: list[DemoPerson] = []
        self.actors: dict[str, Actor] = {}
        self.ids: dict[tuple[str, str], int] = {}
        self.count = 0

    def people(self) -> None:
        roles = {role.name: role.id for role in db.session.execute(select(Role.name, Role.id))}
        for place, person in enumerate(_read("people")["person"]):
            sent = {
                name: person[name]
                for name in ("name", "username", "email", "age", "address", "city", "state")
                if name in person
            }
            sent["role_ids"] = [roles[person["role"]]]
            if place < DEMO_PEOPLE:
                sent["password"] = secrets.token_urlsafe(12)
                self.signing_in.append(DemoPerson(person["email"], person["role"], sent["password"]))
            number = self.write("users", sent, days_ago=400 + place)
            self.actors[person["key"]] = replace(SYSTEM, id=number)

    def notes(self) -> None:
        for note in _read("notes")["note"]:
            self.write("notes", _some(note, "title", "content") | _pinned(note), author=note["author"])

    def names(self) -> None:
        for section in ("categories", "tags"):
            for name in _read(section)["names"]:
                self.ids[section, name] = self.write(section, {"name": name}, days_ago=500)

    def posts(self) -> None:
        for post in _read("posts")["post"]:
            sent = _some(post, "title", "content", "status") | _pinned(post)
            sent["tag_ids"] = [self.ids["tags", name] for name in post.get("tags", [])]
            if "category" in post:
                sent["category_id"] = self.ids["categories", post["category"]]
            number = self.write("posts", sent, author=post["author"], days_ago=post["days_ago"])
            self.ids["posts", post["key"]] = number
        for comment in _read("comments")["comment"]:
            sent = _some(comment, "author_name", "author_email", "content", "status")
            sent["post_id"] = self.ids["posts", comment["post"]]
            self.write("comments", sent, days_ago=comment["days_ago"])

    def questions(self) -> None:
        for question in _read("questions")["question"]:
            sent = _some(question, "content", "asked_by", "status") | _pinned(question)
            number = self.write("questions", sent, days_ago=question["days_ago"])
            for answer in question.get("answer", []):
                reply = {
                    "question_id": number,
                    "content": answer["content"],
                    "is_accepted": answer.get("accepted", False),
                }
                self.write("answers", reply, author=answer["author"], days_ago=question["days_ago"])

    def books(self) -> None:
        for author in _read("books")["author"]:
            number = self.write("authors", _some(author, "name", "biography"), days_ago=300)
            for book in author.get("book", []):
                sent = _some(book, "title", "isbn", "published_year", "summary") | {"author_id": number}
                self.write("books", sent, days_ago=250)

    def students(self) -> None:
        for student in _read("students")["student"]:
            self.write("students", _some(student, "first_name", "last_name", "subject"), days_ago=90)

    def write(self, section: str, sent: Mapping[str, Any], *, author: str = "", days_ago: int = 30) -> int:
        actor = self.actors.get(author, SYSTEM)
        self.count += 1
        # Rows that were written on the same day were not written in the same second.
        with _as_of(timedelta(days=days_ago, minutes=self.count % 1320 + 1)):
            return writes.create(actor, registry.get(section), sent, source=DEMO_SOURCE)


@contextmanager
def _as_of(ago: timedelta) -> Iterator[None]:
    with clock.set_to(clock.now() - ago):
        yield


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__name__) / "content" / f"{name}.toml").read_text(encoding="utf-8"))


def _some(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: item[name] for name in names if name in item}


def _pinned(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"is_pinned": True} if item.get("pinned") else {}
