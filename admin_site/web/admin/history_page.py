"""A row's history for its page: who did what, day by day, with each change in words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape
from rapidfuzz.distance import Levenshtein

from admin_site.accounts.models import User
from admin_site.core.section import Field, Kind, Section
from admin_site.history import log
from admin_site.records import changes, relations, values
from admin_site.records.reads import Item
from admin_site.web import numbers, templating

VERBS = {
    "create": "added", "update": "changed", "delete": "moved to the trash", "restore": "restored",
    "purge": "removed for good",
}  # fmt: skip
SOURCES = {
    "form": "", "bulk": "bulk edit", "undo": "undo", "import": "import", "cli": "command line", "api": "API",
    "pins": "pins", "cell": "in the list", "merge": "merged", "trash": "trash", "site": "public site",
}  # fmt: skip
# Longer texts are shown whole, old beside new: comparing takes the product of their words.
WORDS_MOST = 5_000
LETTERS_MOST = 50_000


@dataclass(frozen=True)
class Line:
    """One field of a change: old and new, as markup with the differences marked."""

    name: str
    label: str
    before: Markup
    after: Markup
    is_secret: bool = False


@dataclass(frozen=True)
class Event:
    """One entry, ready to be shown."""

    entry: log.ReadEntry
    who: relations.Title | None
    verb: str
    lines: list[Line]

    @property
    def source(self) -> str:
        """Where it came from, in words; empty for a form."""
        return SOURCES.get(self.entry.source, self.entry.source)

    @property
    def fields(self) -> str:
        """The names of the fields that changed."""
        return ", ".join(line.label for line in self.lines)


# What history keeps of a pin beside the fields of its row.
PIN_FIELDS = {
    "pin_place": Field(name="pin_place", kind=Kind.INTEGER, label="Place among the pins"),
    "pin_reason": Field(name="pin_reason", kind=Kind.TEXT, label="Why it is pinned"),
    "pin_until": Field(name="pin_until", kind=Kind.DATETIME, label="Pinned until"),
}


@dataclass(frozen=True)
class Filter:
    """Which entries of a row are shown: of one person (0 is the system), of one field."""

    by: int | None = None
    field: str = ""

    @classmethod
    def from_args(cls, section: Section, args: Mapping[str, str]) -> "Filter":
        """What is unknown is left out."""
        field = args.get("field", "")
        raw = args.get("by", "")
        by = 0 if raw == "0" else numbers.row(raw)
        return cls(by, field if field in section.all_fields and not section.field(field).fixed else "")

    @property
    def args(self) -> dict[str, Any]:
        """The query string that gives it again."""
        return ({"by": self.by} if self.by is not None else {}) | ({"field": self.field} if self.field else {})


def people(section: Section, row_id: int) -> list[tuple[int, str]]:
    """Who changed a row, by name; the system last."""
    found = log.people_of_row(section.name, row_id)
    titles = relations.titles(User, [number for number in found if number])
    named = sorted(((title.id, title.text) for title in titles.values()), key=lambda pair: pair[1])
    return [*named, *([(0, "System")] if 0 in found else [])]


def events(section: Section, row_id: int, chosen: Filter, *, before: int | None = None) -> list[Event]:
    """The entries of a row, newest first."""
    entries = log.of_row(section.name, row_id, before=before, by=chosen.by, field=chosen.field)
    known = relations.titles(User, [entry.actor_id for entry in entries if entry.actor_id])
    return [
        Event(entry, known.get(entry.actor_id or 0), VERBS[entry.action], list(lines(section, entry.changes)))
        for entry in entries
    ]


def compared(item: Item, version: int) -> list[Line]:
    """What differs between a version of a row and how it stands now."""
    now = present(item)
    then = log.values_at(item.section.name, item.id, version)
    return list(
        lines(item.section, {name: (old, now.get(name)) for name, old in then.items() if _differ(old, now, name)})
    )


def _differ(old: Any, now: Mapping[str, Any], name: str) -> bool:
    return name in now and changes.plain(old) != changes.plain(now[name])


def present(item: Item) -> dict[str, Any]:
    """Every value of a row as history would keep it."""
    found: dict[str, Any] = {}
    for name, field in item.section.all_fields.items():
        if field.secret or field.kind is Kind.PASSWORD:
            continue
        if field.is_relation:
            named: list[Any] = [{"id": title.id, "title": title.text} for title in item.related(name)]
            found[name] = named if field.kind is Kind.RELATIONS else (named or [None])[0]
        else:
            found[name] = values.to_json(item.value(name))
    return found


def lines(section: Section, said: Mapping[str, Any]) -> Iterator[Line]:
    """The fields of a change in words, each with its differences marked."""
    for name, (old, new) in said.items():
        field = section.all_fields.get(name) or PIN_FIELDS.get(name) or Field(name=name, kind=Kind.TEXT, label=name)
        if field.secret:
            yield Line(name, field.label, Markup(""), Markup(""), is_secret=True)
        else:
            yield Line(name, field.label, *_marked(words(field, old), words(field, new)))


def words(field: Field, value: Any) -> str:
    """A value as history keeps it, in words."""
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return ", ".join(words(field, item) for item in value)
    if isinstance(value, dict):
        return value["title"] or f"number {value['id']}"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if field.kind is Kind.CHOICE:
        return field.choice_labels.get(value, str(value))
    if field.kind is Kind.DATETIME and isinstance(value, str):
        return _moment(value)
    return str(value)


def _moment(value: str) -> str:
    """A moment as pages write it; one of before there were fields of this kind stays as it was kept."""
    try:
        return templating.exact(datetime.fromisoformat(value))
    except ValueError:
        return value


def _marked(old: str, new: str) -> tuple[Markup, Markup]:
    """Both texts, with what is only in the one struck and what is only in the other underlined."""
    if not old or not new or len(old) + len(new) > LETTERS_MOST:
        return _side(_GONE, old), _side(_COME, new)
    words = re.findall(_WORDS, old), re.findall(_WORDS, new)
    if max(map(len, words)) > WORDS_MOST:
        return _side(_GONE, old), _side(_COME, new)
    before: list[Markup] = []
    after: list[Markup] = []
    for is_equal, gone, come in _runs(*words):
        before.append(escape(gone) if is_equal else _side(_GONE, gone))
        after.append(escape(come) if is_equal else _side(_COME, come))
    return Markup("").join(before), Markup("").join(after)


_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


def _runs(old: list[str], new: list[str]) -> Iterator[tuple[bool, str, str]]:
    """Stretches that are equal or not; a blank between two changes belongs to them."""
    gone: list[str] = []
    come: list[str] = []
    for step in Levenshtein.opcodes(old, new):
        was, becomes = old[step.src_start : step.src_end], new[step.dest_start : step.dest_end]
        if step.tag == "equal" and not ((gone or come) and "".join(was).isspace()):
            if gone or come:
                yield False, "".join(gone), "".join(come)
            gone, come = [], []
            yield True, "".join(was), "".join(becomes)
        else:
            gone += was
            come += becomes
    if gone or come:
        yield False, "".join(gone), "".join(come)


_GONE, _COME = Markup("<del>{}</del>"), Markup("<ins>{}</ins>")


def _side(frame: Markup, text: str) -> Markup:
    return frame.format(text) if text else Markup("")
