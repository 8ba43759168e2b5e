"""Saving a form: a double click makes one row, a stale form is merged, what was typed is never lost."""

import secrets
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict

from admin_site.accounts import actor as actors
from admin_site.accounts import permissions
from admin_site.core import registry
from admin_site.core.errors import NotFound, Stale
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Section
from admin_site.core.transactions import atomic, atomically
from admin_site.history import log
from admin_site.records import drafts, reads, writes
from admin_site.web import numbers

MERGES_MOST = 3
FORMS = ("create_view", "edit_view")


def new_key() -> str:
    """Names one opened form, so that sending it twice is known."""
    return secrets.token_urlsafe(12)


def new_draft() -> int:
    """Names one opened form of a new row among the drafts."""
    return secrets.randbelow(-drafts.NEW_LEAST - 2) + 2


def draft_of_new(given: str) -> int:
    """The number of a draft of a new row, as the form or the address gives it."""
    return -min(numbers.row(given) or 0, -drafts.NEW_LEAST)


def create(actor: Actor, section: Section, sent: dict[str, Any], key: str, *, draft: int) -> int:
    """Make a row, or find the one that this very form made already."""

    def work() -> int:
        if key:
            is_first, number = drafts.submitted(actor.id, section, key)
            if not is_first and number is not None:
                return number
        number = writes.create(actor, section, sent)
        if key:
            drafts.made(actor.id, section, key, number)
        drafts.drop(actor.id, section, draft)
        return number

    return atomically(work)


def update(actor: Actor, section: Section, row_id: int, sent: dict[str, Any], version: int) -> tuple[Change, list[str]]:
    """Change a row; returns the change, and the fields that others had changed since and that were kept.

    Where others changed other fields, both are kept. Where they changed the same, ``Stale`` says so.
    """
    kept: set[str] = set()

    def work() -> Change:
        change = writes.edit(actor, section, row_id, sent, version=version, source="merge" if kept else "form")
        drafts.drop(actor.id, section, row_id)
        return change

    for attempt in range(MERGES_MOST):
        try:
            change = atomically(work)
        except Stale as error:
            if attempt == MERGES_MOST - 1 or set(error.yours) - set(error.mergeable):
                raise
            kept |= {name for name in log.values_at(section.name, row_id, version) if name in section.all_fields}
            sent, version = {name: value for name, value in sent.items() if name in error.yours}, error.version
        else:
            return change, sorted(section.field(name).label for name in kept)
    raise AssertionError("unreachable")


def park(user_id: int | None) -> str:
    """Keep a form that came after its session had ended; returns where to go on after signing in, if anywhere."""
    blueprint, _, endpoint = (request.endpoint or "").rpartition(".")
    section = registry.by_name().get(blueprint)
    person = actors.of_id(user_id) if user_id is not None else None
    if person is None or section is None or endpoint not in FORMS:
        return ""
    row_id = int((request.view_args or {}).get("id", drafts.NEW))
    place = row_id or draft_of_new(request.form.get("_draft", ""))
    try:
        row = reads.find(person, section, row_id) if row_id else None
    except NotFound:
        return ""
    if not may_keep(person, section, row):
        return ""
    with atomic():
        drafts.keep(person.id or 0, section, place, version(request.form), request.form.to_dict(flat=False))
    return f"{request.path}?draft={1 if row_id else -place}"


def version(form: Any) -> int:
    """The version of the row that the form was opened with; 0 where it does not say."""
    return numbers.small(form.get("version", "")) or 0


def typed(draft: drafts.Kept, section: Section) -> MultiDict[str, str]:
    """A draft as a form would have sent it."""
    pairs = [(name, value) for name in section.form for value in draft.typed.get(name, ())]
    return MultiDict(pairs)


def may_keep(actor: Actor, section: Section, row: Any) -> bool:
    """Whether there is something to keep a draft of: a form that this person could save."""
    if not permissions.allows(actor, "read", section):
        return False
    return permissions.allows(actor, "create" if row is None else "update", section, row)
