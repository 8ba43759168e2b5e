"""A change of one field on one line: the old value struck through, the new one beside it; tags as sets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from admin_site.accounts.actor import Actor
from admin_site.core import text
from admin_site.core.section import Field, Kind, Section
from admin_site.jobs.bulk import Bulk
from admin_site.records import relations
from admin_site.records.edits import Operation
from admin_site.web.admin import history_page

WORDS_MOST = 80
VERBS = {Operation.SET: "Set to", Operation.CLEAR: "Empty", Operation.ADD: "Add", Operation.REMOVE: "Remove"}


@dataclass(frozen=True)
class Delta:
    """Old and new, or for a set of rows what comes and goes."""

    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_set: bool = False


def of(section: Section, name: str, pair: Sequence[Any] | None) -> Delta | None:
    """One field's change as history keeps it; None where it does not change."""
    if pair is None:
        return None
    field = section.all_fields[name]
    before, after = pair
    if field.kind is Kind.RELATIONS:
        old, new = ([item["title"] for item in side or []] for side in (before, after))
        return Delta(added=_only(new, old), removed=_only(old, new), is_set=True)
    return Delta(words(field, before), words(field, after))


def words(field: Field, value: Any) -> str:
    """A value as history keeps it, in words that fit a line."""
    return text.clip(" ".join(history_page.words(field, value).split()), WORDS_MOST)


def _only(here: Sequence[str], there: Sequence[str]) -> tuple[str, ...]:
    return tuple(text.clip(word, WORDS_MOST) for word in here if word not in there)


def said(actor: Actor, planned: Bulk) -> list[tuple[str, str, str]]:
    """What a bulk edit does: the field, the verb, the value in words."""
    found = planned.edits(actor)
    return [
        (edit.field.label, VERBS[edit.operation], ", ".join(_told(edit.field, edit.value))) for edit in _edits(found)
    ]


def _edits(found: Any) -> Sequence[Any]:
    return found.items if found else ()


def _told(field: Field, value: Any) -> Iterator[str]:
    numbers = value if isinstance(value, list) else [value]
    if field.target and value is not None:
        titles = relations.titles(field.target, numbers)
        yield from (text.clip(titles[number].text, WORDS_MOST) for number in numbers if number in titles)
    elif value is not None:
        yield words(field, value)
