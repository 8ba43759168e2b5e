"""The trash: deleting moves a row there with the rows that require it, restoring brings all of them back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.accounts.models import User
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Conflict, NotFound, Stale
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Kind, Section
from admin_site.history.models import ChangeSet
from admin_site.records import filters, reads, relations, validation, writes
from admin_site.records.effects import Deed
from admin_site.records.filters import is_live
from admin_site.records.writes import LeftOut, Outcome

# Rows are locked and written in lots of this size.
LOT = 500


@dataclass(frozen=True)
class Dependents:
    """Rows of one section that go along, with the titles of the first few."""

    section: Section
    count: int
    samples: Sequence[relations.Title]


def dependents(section: Section, row_id: int, *, samples: int = 10) -> list[Dependents]:
    """What would go to the trash along with a row."""
    found = []
    for other, ids in _requiring(section, [row_id]):
        named = relations.titles(other.model, ids[:samples])
        found.append(Dependents(other, len(ids), [named[number] for number in ids[:samples]]))
    return found


def trash(actor: Actor, section: Section, row_id: int, *, version: int | None = None, source: str = "form") -> int:
    """Move a row to the trash; returns how many rows went along."""
    row = SimpleNamespace(**writes.lock_visible(actor, section, row_id))
    permissions.require(actor, "delete", section, row)
    if version is not None and version != row.version:
        said = f"This {section.singular} was changed while you were looking at it. Please look again."
        raise Stale(said, base={}, yours={}, theirs={}, version=row.version)
    deed = writes.begin(actor, source)
    state = {"live": None, "deleted_at": clock.now(), "deleted_in": deed.change_set_id}
    along = 0
    for other, ids in reversed([(section, [row_id]), *_requiring(section, [row_id])]):
        along += _move(deed, other, ids, state)
    return along - 1


def restore(
    actor: Actor, section: Section, row_id: int, sent: dict[str, Any] | None = None, *, source: str = "form"
) -> int:
    """Bring a row back with all that went along; returns how many rows came with it.

    ``sent`` may give new values for unique fields that another row has taken meanwhile.
    """
    try:
        row = SimpleNamespace(**writes.lock_visible(actor, section, row_id, trashed=True))
    except NotFound:
        reads.find(actor, section, row_id)
        raise Conflict(f"This {section.singular} is not in the trash.") from None
    permissions.require(actor, "restore", section, row)
    _check_parents(section, row)
    deed = writes.begin(actor, source)
    state = {"live": 1, "deleted_at": None, "deleted_in": None}
    own = state | validation.clean(section, {k: v for k, v in (sent or {}).items() if k in section.unique}, new=False)
    _move(deed, section, [row_id], own)
    along = 0
    for other, ids in _requiring(section, [row_id], deleted_in=row.deleted_in):
        along += _move(deed, other, ids, state)
    return along


def trash_many(deed: Deed, section: Section, ids: Sequence[int]) -> Outcome:
    """Move many rows to the trash, each with what requires it; those that may not go are left out."""
    state = {"live": None, "deleted_at": clock.now(), "deleted_in": deed.change_set_id}

    def act(rows: Sequence[dict[str, Any]]) -> list[Change]:
        numbers = [row["id"] for row in rows]
        for other, along in reversed(list(_requiring(section, numbers))):
            _move(deed, other, along, state)
        return writes.set_columns(deed, section, rows, state)

    return _many(deed, section, ids, "delete", act, trashed=False)


def restore_many(deed: Deed, section: Section, ids: Sequence[int]) -> Outcome:
    """Bring many rows back, each with what went along with it; those that cannot come are left out."""
    state = {"live": 1, "deleted_at": None, "deleted_in": None}

    def act(rows: Sequence[dict[str, Any]]) -> list[Change]:
        for row in rows:
            _check_parents(section, SimpleNamespace(**row))
        written = writes.set_columns(deed, section, rows, state)
        for deleted_in in {row["deleted_in"] for row in rows}:
            together = [row["id"] for row in rows if row["deleted_in"] == deleted_in]
            for other, along in list(_requiring(section, together, deleted_in=deleted_in)):
                _move(deed, other, along, state)
        return written

    return _many(deed, section, ids, "restore", act, trashed=True)


def purge_many(deed: Deed, section: Section, ids: Sequence[int]) -> Outcome:
    """Remove rows of the trash for good, each with what went along; those that others point to stay."""

    def act(rows: Sequence[dict[str, Any]]) -> list[Change]:
        for deleted_in in {row["deleted_in"] for row in rows}:
            together = [row["id"] for row in rows if row["deleted_in"] == deleted_in]
            for other, along in reversed(list(_requiring(section, together, deleted_in=deleted_in))):
                writes.purge(deed, other, writes.lock(other, along))
        writes.purge(deed, section, rows)
        return [Change(section=section, actor=deed.actor, before=row, after=row) for row in rows]

    return _many(deed, section, ids, "purge", act, trashed=True)


def movers(section: Section, ids: Sequence[int]) -> dict[int, relations.Title]:
    """Who moved these rows to the trash, by row; those that the system moved are left out."""
    columns = section.table.columns
    query = select(columns.id, ChangeSet.actor_id).join(ChangeSet, ChangeSet.id == columns.deleted_in)
    query = query.where(in_list(columns.id), ChangeSet.actor_id.is_not(None))
    found = {row.id: row.actor_id for row in db.session.execute(query, {"rows": list(ids)})}
    named = relations.titles(User, found.values())
    return {row_id: named[person] for row_id, person in found.items() if person in named}


def lapsed(section: Section, before: datetime, limit: int, *, above: int = 0) -> list[int]:
    """Rows that have been in the trash since before a moment, by number, above the last one that was looked at."""
    columns = section.table.columns
    query = select(columns.id).where(columns.live.is_(None), columns.deleted_at < before, columns.id > above)
    return list(db.session.execute(query.order_by(columns.id).limit(limit)).scalars())


def _many(
    deed: Deed, section: Section, ids: Sequence[int], action: str,
    act: Callable[[Sequence[dict[str, Any]]], list[Change]], *, trashed: bool,
) -> Outcome:  # fmt: skip
    outcome = Outcome()
    columns = section.table.columns
    visible = filters.visible(deed.actor, section, trashed=trashed, walks=False)
    seen = set(db.session.execute(select(columns.id).where(columns.id.in_(ids), visible)).scalars())
    rows = [row for row in writes.lock(section, sorted(seen)) if (row["live"] is None) == trashed]
    found = {row["id"] for row in rows}
    gone = writes.GONE if not trashed else "It is not in the trash any more."
    outcome.left_out += [LeftOut(number, gone) for number in ids if number not in found]
    allowed = []
    for row in rows:
        said = permissions.explain(deed.actor, action, section, SimpleNamespace(**row))
        if said.allowed:
            allowed.append(row)
        else:
            outcome.left_out.append(LeftOut(row["id"], said.sentence))

    def keep(lot: Sequence[dict[str, Any]]) -> None:
        outcome.changed += act(lot)

    writes.all_or_each(allowed, keep, lambda row, said: outcome.left_out.append(LeftOut(row["id"], said)))
    return outcome


def _requiring(section: Section, ids: list[int], deleted_in: int | None = None) -> Iterator[tuple[Section, list[int]]]:
    """Rows that cannot do without these, and those that cannot do without them, parents first."""
    for other, field in registry.required_by(section):
        columns = other.table.columns
        here = is_live(columns) if deleted_in is None else columns.deleted_in == deleted_in
        found: list[int] = []
        for lot in _lots(ids):
            query = select(columns.id).where(columns[field.name].in_(lot), here).order_by(columns.id)
            found += db.session.execute(query).scalars()
        if found:
            yield other, found
            yield from _requiring(other, found, deleted_in)


def _move(deed: Deed, section: Section, ids: list[int], state: dict[str, Any]) -> int:
    moved = 0
    for lot in _lots(ids):
        rows = [row for row in writes.lock(section, lot) if row["live"] != state["live"]]
        if rows:
            writes.set_columns(deed, section, rows, state)
        moved += len(rows)
    return moved


def _check_parents(section: Section, row: Any) -> None:
    for field in section.all_fields.values():
        if field.kind is Kind.RELATION and field.required and field.target:
            number = getattr(row, field.name)
            parent = relations.named(field.target, relations.held(relations.naming(field.target)), [number]).get(number)
            if parent is not None and parent.trashed:
                raise Conflict(_parent_first(section, field, parent))


def _parent_first(section: Section, field: Field, parent: relations.Title) -> str:
    return f"Restore the {field.label.lower()} “{parent.text}” first: this {section.singular} belongs to it."


def _lots(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), LOT):
        yield ids[start : start + LOT]
