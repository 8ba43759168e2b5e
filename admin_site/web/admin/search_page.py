"""Search over all sections: a page, and the same as JSON for the palette."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import url_for
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core import registry, text
from admin_site.core.section import Section
from admin_site.records import finding, language, paging, reads
from admin_site.records.finding import Found
from admin_site.records.list_query import ListQuery
from admin_site.records.search import marks

PER_SECTION = 5
COMMANDS_MOST = 6
# What stands before the words, and where they are then looked for.
PREFIXES = {"#": ("tags",), "@": ("users", "authors")}


@dataclass(frozen=True)
class Hit:
    """One line of the palette or the page."""

    icon: str
    title: Markup
    url: str
    why: Markup | str = ""
    end: Markup | str = ""

    def as_json(self) -> dict[str, str]:
        """Markup as text: every part was escaped when it was made."""
        return {
            "icon": self.icon,
            "title": str(self.title),
            "url": self.url,
            "why": str(self.why),
            "end": str(self.end),
        }


@dataclass(frozen=True)
class Shelf:
    """Hits that belong together; ``more`` leads to all of them."""

    label: str
    hits: list[Hit]
    more_label: str = ""
    more_url: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the palette."""
        return {
            "label": self.label, "hits": [hit.as_json() for hit in self.hits], "more": self.more_label,
            "url": self.more_url,
        }  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What a search shows."""

    shelves: list[Shelf]
    count: int = 0
    is_bounded: bool = False
    corrected: str = ""
    problems: tuple[str, ...] = ()


def search(person: Actor, raw: str, *, limit: int = PER_SECTION, is_typing: bool = False) -> Result:
    """What was typed: words and operators; ``>`` for commands, ``#`` for tags, ``@`` for people.

    While somebody is typing, parentheses need not be closed yet.
    """
    q = " ".join(raw.split())[:400]
    if q.startswith(">"):
        return Result([_commands(person, q[1:].strip(), every=True)])
    only = PREFIXES.get(q[:1], ())
    q = q[1:].strip() if only else q
    if not q:
        return Result([*_recent(person), _commands(person, "", every=not only)])
    asked = language.finished(q) if is_typing else q
    answer = finding.everywhere(person, asked, limit=limit, only=only)
    count, is_bounded = finding.total(answer)
    shelves = [_shelf(found) for found in answer.found]
    commands = _commands(person, q)
    if commands.hits:
        shelves.append(commands)
    if not answer.found:
        shelves.append(_creating(person, q))
    return Result(
        [shelf for shelf in shelves if shelf.hits], count, is_bounded, answer.corrected, tuple(answer.problems)
    )


def _shelf(found: Found) -> Shelf:
    section, query = found.section, found.query
    more = ""
    if found.count > len(found.items):
        bounded = f"{reads.COUNT_MOST:,}+" if found.count > reads.COUNT_MOST else f"{found.count:,}"
        more = f"See all {bounded} in {section.label}"
    return Shelf(section.label, [_hit(section, query, item) for item in found.items], more, _list_of(section, query.q))


def _list_of(section: Section, q: str) -> str:
    return url_for(f"{section.name}.index_view", q=q)


def _hit(section: Section, query: ListQuery, item: reads.Item) -> Hit:
    terms = query.terms
    title = text.clip(item.title, 120)
    excerpt = getattr(item.row, "_excerpt", None)
    why = marks.snippet(excerpt, terms) if excerpt and excerpt != item.title else None
    status = ""
    if section.workflow:
        value = item.value(section.workflow.field)
        status = section.field(section.workflow.field).choice_labels.get(value, str(value))
    url = url_for(f"{section.name}.details_view", id=item.id)
    return Hit(section.icon, marks.mark(title, terms) if terms else escape(title), url, why or "", escape(status))


def _recent(person: Actor) -> Iterator[Shelf]:
    found: list[reads.Item] = []
    for section in registry.all_sections():
        if section.pins and permissions.allows(person, "read", section):
            query = ListQuery.from_args(section, MultiDict({"sort": "-updated_at", "per_page": "4"}), person)
            found += paging.first(person, query, section.title_columns)
    found.sort(key=lambda item: item.row.updated_at, reverse=True)
    hits = [
        Hit(item.section.icon, escape(text.clip(item.title, 120)),
            url_for(f"{item.section.name}.details_view", id=item.id), "", escape(item.section.singular))
        for item in found[:6]
    ]  # fmt: skip
    if hits:
        yield Shelf("Changed last", hits)


def _commands(person: Actor, q: str, *, every: bool = False) -> Shelf:
    """Pages to go to and rows to make whose name has the words."""
    wanted = text.fold(q)
    hits = [hit for hit in _all_commands(person) if wanted in text.fold(hit.title.unescape())]
    return Shelf("Go to and actions", hits if every else hits[:COMMANDS_MOST])


def _all_commands(person: Actor) -> Iterator[Hit]:
    sections = [section for section in registry.all_sections() if permissions.allows(person, "read", section)]
    yield Hit("house", escape("Home"), url_for("admin.index"))
    yield Hit("pin-angle", escape("Pinned"), url_for("pins.index"))
    for section in sections:
        yield Hit(section.icon, escape(section.label), url_for(f"{section.name}.index_view"))
    for section in sections:
        if permissions.allows(person, "create", section):
            yield Hit("plus-lg", escape(f"New {section.singular}"), url_for(f"{section.name}.create_view"))
    yield Hit("person", escape("Account"), url_for("account.page"))
    yield Hit("keyboard", escape("Keyboard shortcuts"), url_for("admin.keys"))


def _creating(person: Actor, q: str) -> Shelf:
    """Nothing was found: begin it."""
    hits = []
    for section in registry.all_sections():
        name = section.title_columns[0]
        if section.pins and name in section.form and permissions.allows(person, "create", section):
            said: dict[str, Any] = {name: q}
            url = url_for(f"{section.name}.create_view", **said)
            hits.append(Hit("plus-lg", escape(f"New {section.singular} “{text.clip(q, 60)}”"), url))
    return Shelf("Actions", hits[:3])
