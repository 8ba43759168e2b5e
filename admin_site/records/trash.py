"""The trash: deleting moves a row there with the rows that require it, restoring brings all of them back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Conflict
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import relations, validation, writes
from admin_site.records.effects import Deed
from admin_site.records.filters import is_live

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
        raise Conflict(f"This {section.singular} was changed while you were looking at it. Please look again.")
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
    row = SimpleNamespace(**writes.lock_visible(actor, section, row_id, trashed=True))
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
            parent = relations.titles(field.target, [getattr(row, field.name)]).get(getattr(row, field.name))
            if parent is not None and parent.trashed:
                raise Conflict(_parent_first(section, field, parent))


def _parent_first(section: Section, field: Field, parent: relations.Title) -> str:
    return f"Restore the {field.label.lower()} “{parent.text}” first: this {section.singular} belongs to it."


def _lots(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), LOT):
        yield ids[start : start + LOT]
