"""What happened to a row, as JSON."""

from typing import Any

from flask import Response, request

from admin_site.accounts.models import User
from admin_site.core import clock
from admin_site.core.section import Section
from admin_site.history import log
from admin_site.history.log import ReadEntry
from admin_site.records import reads, relations
from admin_site.records.relations import Title
from admin_site.records.values import ID_MOST
from admin_site.web.api import answers, params
from admin_site.web.identity import actor

ENTRIES = 50
# Entries of long texts are many megabytes: a page ends earlier then, and its cursor goes on.
LETTERS_MOST = 4_000_000


def of_row(section: Section, id: int) -> Response:
    """The changes of a row, newest first."""
    params.refuse_unknown(request.args, ("per_page", "cursor"))
    size, before = params.size(request.args, ENTRIES), params.number(request.args, "cursor", ID_MOST)
    reads.find(actor(), section, id)
    size = min(size, log.fitting(section.name, id, before=before, limit=size, letters=LETTERS_MOST))
    entries = log.of_row(section.name, id, before=before, limit=size + 1)
    shown = entries[:size]
    people = relations.titles(User, [entry.actor_id for entry in shown if entry.actor_id])
    following = str(shown[-1].id) if len(entries) > size else None
    return answers.response({"history": [_entry(section, one, people) for one in shown], "next_cursor": following})


def _entry(section: Section, entry: ReadEntry, people: dict[int, Title]) -> dict[str, Any]:
    return {
        "at": clock.isoformat(entry.at),
        "actor": _person(entry.actor_id, people),
        "action": entry.action,
        "source": entry.source,
        "reason": entry.reason,
        "version": entry.version,
        "change_set": entry.change_set_id,
        "changes": {name: _pair(section, name, pair) for name, pair in entry.changes.items()},
    }


def _person(number: int | None, people: dict[int, Title]) -> dict[str, Any] | None:
    if number is None:
        return None
    return {"id": number, "name": people[number].text if number in people else ""}


def _pair(section: Section, name: str, pair: Any) -> list[Any]:
    """Before and after; a secret says only that it changed, also where it was none when it was written."""
    field = section.all_fields.get(name)
    return [None, None] if field is not None and field.secret else list(pair)
