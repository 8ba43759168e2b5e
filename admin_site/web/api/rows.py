"""The rows of a section: list, read, create, change, trash, restore. Each call is derived from the declaration."""

import re
from typing import Any

from flask import Response, request, url_for

from admin_site.core.errors import Invalid
from admin_site.core.section import Section
from admin_site.core.transactions import atomically
from admin_site.records import feed, reads, trash, validation, writes
from admin_site.records.idempotency import Answer
from admin_site.web import numbers
from admin_site.web.api import answers, params, payload, present
from admin_site.web.identity import actor

SOURCE = "api"
_TAG = re.compile(r'(?:W/)?"([^"]*)"')


def list_rows(section: Section) -> Response:
    """Rows of the section, newest first unless sorted."""
    asked = params.of_list(section, request.args, actor())
    body: dict[str, Any]
    if asked.cursor is None:
        found = feed.by_page(actor(), asked.query, asked.names)
        total, page = found.total or 0, asked.query.page
        pages = -(-total // asked.query.per_page)
        body = {"total": total, "pages": pages, "current_page": page, "has_prev": page > 1 and total > 0}
    else:
        found = _after(asked)
        body = {"total": None, "pages": None, "current_page": None, "has_prev": bool(asked.cursor)}
    rows = present.rows(actor(), section, found.rows, asked.names, asked.expand)
    body |= {"has_next": found.has_next, "next_cursor": found.next_cursor or None}
    return answers.response({section.name: rows} | body)


def _after(asked: params.Asked) -> feed.Slice:
    try:
        return feed.by_cursor(actor(), asked.query, asked.names, asked.cursor or "")
    except ValueError:
        raise Invalid(fields={"cursor": [params.WRONG_CURSOR]}) from None


def read(section: Section, id: int) -> Response:
    """One row."""
    names, expand = params.of_object(section, request.args)
    row = reads.find(actor(), section, id)
    return answers.response(present.one(actor(), section, row, expand, names), ETag=etag(row.version))


def create(section: Section) -> Response:
    """A new row."""
    names, expand = params.of_object(section, request.args)
    sent = validation.hash_passwords(section, payload.values_of(section, payload.read()))

    def work() -> Answer:
        made = writes.make(actor(), section, sent, source=SOURCE)
        location = url_for(f"api-{section.name}.read", id=made.id)
        body = present.made(actor(), made, expand, names)
        return Answer(201, body, {"Location": location, "ETag": etag(made.after["version"])})

    return answers.once(work)[0]


def change(section: Section, id: int) -> Response:
    """Change the fields that were sent, and no others."""
    names, expand = params.of_object(section, request.args)
    sent = validation.hash_passwords(section, payload.values_of(section, payload.read()))

    def work() -> tuple[Any, int]:
        writes.update(actor(), section, id, sent, version=_version(section, id), source=SOURCE)
        row = feed.row(section, id, names)
        return present.one(actor(), section, row, expand, names), row.version

    body, version = atomically(work)
    return answers.response(body, ETag=etag(version))


def delete(section: Section, id: int) -> Response:
    """Move a row to the trash, with the rows that cannot do without it."""
    params.refuse_unknown(request.args, ())
    atomically(lambda: trash.trash(actor(), section, id, version=_version(section, id), source=SOURCE))
    return answers.response({"message": f"{section.singular.capitalize()} deleted successfully"})


def restore(section: Section, id: int) -> Response:
    """Bring a row back from the trash; unique values that were taken meanwhile may be given anew."""
    names, expand = params.of_object(section, request.args)
    sent = payload.values_of(section, payload.read(optional=True))
    if unknown := [name for name in sent if name not in section.unique]:
        raise Invalid(fields={name: [f"Only unique values can be given, not {name[:80]!r}."] for name in unknown})

    def work() -> Answer:
        trash.restore(actor(), section, id, sent, source=SOURCE)
        row = feed.row(section, id, names)
        return Answer(200, present.one(actor(), section, row, expand, names), {"ETag": etag(row.version)})

    return answers.once(work)[0]


def etag(version: int) -> str:
    """The entity tag of a row."""
    return f'"{version}"'


def _version(section: Section, row_id: int) -> int | None:
    """The version that If-Match names; None where nothing is said, 0 for one that never was."""
    raw = request.headers.get("If-Match")
    if raw is None or raw.strip() == "*":
        return None
    named = [_number(tag) for tag in _TAG.findall(raw) or [raw.strip()]]
    if len(named) > 1:
        current: int = reads.find(actor(), section, row_id).version
        return current if current in named else max(named)
    return named[0]


def _number(tag: str) -> int:
    """The version that a tag names as we write it; 0, which none has, where it is written in another way."""
    found = numbers.small(tag) or 0
    return found if str(found) == tag else 0
