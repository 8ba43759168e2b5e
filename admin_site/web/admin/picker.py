"""Relation fields: a scoped look-up of at most 50 candidates, with and without script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core.errors import Denied
from admin_site.core.section import Field, Kind, Section
from admin_site.records import reads, relations
from admin_site.web.admin.forms import row_numbers


@dataclass(frozen=True)
class Picker:
    """What is chosen, what may be chosen, and the words that it was looked up with."""

    chosen: Sequence[relations.Title]
    candidates: Sequence[relations.Title]
    words: str
    was_asked: bool


def require(actor: Actor, section: Section, field: Field) -> None:
    """Only who may set a relation may look up what it can point to."""
    may_write = permissions.allows(actor, "create", section) or permissions.allows(actor, "update", section)
    may_set = field.write is None or actor.is_system or field.write.holds(actor, None)
    if not (may_write and may_set):
        raise Denied(f"You may not set {field.label}.", needs=f"{section.name}.update")


def pickers(
    actor: Actor, section: Section, form: Any, names: Sequence[str], item: reads.Item | None
) -> dict[str, Picker]:
    """A picker for each relation field that is asked for."""
    fields = [section.field(name) for name in names if section.field(name).is_relation]
    few = relations.few_candidates(actor, [field for field in fields if not _was_asked(field)], FEW)
    return {field.name: _picker(actor, field, form[field.name].data, item, few) for field in fields}


def _was_asked(field: Field) -> bool:
    return request.form.get("_find") == field.name


def _picker(
    actor: Actor, field: Field, typed: Any, item: reads.Item | None, few: Mapping[str, Sequence[relations.Title]]
) -> Picker:
    ids = row_numbers(typed if field.kind is Kind.RELATIONS else [typed or ""])
    standing = item.related(field.name) if item else []
    stood = [title.id for title in standing]
    chosen = standing if ids == stood else relations.choosable(actor, field, ids, stood)
    known = {title.id for title in chosen}
    words = request.form.get(f"{field.name}.find", "")
    was_asked = _was_asked(field)
    found = relations.candidates(actor, field, words) if was_asked else few[field.name]
    return Picker(
        chosen=tuple(chosen),
        candidates=tuple(title for title in found if title.id not in known),
        words=words,
        was_asked=was_asked,
    )


# So few rows are shown at once, without looking them up.
FEW = 8
