"""Rows as JSON has them: relations by number, moments in UTC, nothing secret."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Kind, Section
from admin_site.records import export, feed, pins, relations
from admin_site.records.filters import is_live
from admin_site.records.relations import Title

Json = dict[str, Any]


def names_of(section: Section) -> tuple[str, ...]:
    """The fields that an object has, in the order of the declaration: all that can be read."""
    return tuple(feed.readable(section))


def rows(
    actor: Actor, section: Section, found: Sequence[Any], names: Sequence[str], expand: Sequence[str] = ()
) -> list[Json]:
    """Rows that were read with these columns, each as an object of these fields."""
    ids = [row.id for row in found]
    # By columns: what is asked of each cell is asked fifty times for a page.
    # What rows have beside their fields (a place among the pins) stands behind them, in some of the rows.
    read = dict(zip(found[0]._fields, zip(*found, strict=False), strict=False)) if found else {}
    columns = [_column(section, name, read, ids) for name in names]
    objects = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    for name in expand:
        _expand(actor, section.field(name), objects)
    return objects


def made(actor: Actor, change: Change, expand: Sequence[str] = (), names: Sequence[str] = ()) -> Json:
    """A row that was just made, as reading it would show it."""
    section, shown = change.section, dict[str, Any]()
    for name in names or names_of(section):
        if section.field(name).kind is Kind.RELATIONS:
            shown[name] = sorted(change.links[name][1]) if name in change.links else []
        elif name not in change.after:
            shown[name] = change.pinned is not None and change.pinned[1]
        else:
            shown[name] = _said(change.after[name])
    for name in expand:
        _expand(actor, section.field(name), [shown])
    return shown


def _said(value: Any) -> Any:
    return clock.isoformat(value) if isinstance(value, datetime) else value


def one(actor: Actor, section: Section, row: Any, expand: Sequence[str] = (), names: Sequence[str] = ()) -> Json:
    """A single row as an object."""
    return rows(actor, section, [row], names or names_of(section), expand)[0]


def _column(section: Section, name: str, read: Mapping[str, Sequence[Any]], ids: Sequence[int]) -> Sequence[Any]:
    """The values of one field; what was not read with the rows is asked for all of them."""
    field = section.field(name)
    if field.kind is Kind.RELATIONS:
        return read.get(name) or _linked(field, ids)
    if name not in section.table.columns:
        return read.get("_is_pinned") or _pinned(section, ids)
    values = read.get(name, ())
    if field.kind is Kind.DATETIME:
        return [_said(value) for value in values]
    return values


def _linked(field: Field, ids: Sequence[int]) -> list[list[int]]:
    linked = relations.links(field, ids)
    return [linked[number] for number in ids]


def _pinned(section: Section, ids: Sequence[int]) -> list[bool]:
    pinned = pins.pinned_among(section, ids)
    return [number in pinned for number in ids]


def expanded_name(field: Field) -> str:
    """Under which name an expanded relation stands: ``category`` for ``category_id``, ``tags`` for ``tag_ids``."""
    name = export.title_column(field)
    return name if name != field.name else f"{name}_row"


def _expand(actor: Actor, field: Field, objects: Sequence[Json]) -> None:
    """Put what a relation points to beside its numbers: the title always, the rest where it may be read."""
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    many = field.kind is Kind.RELATIONS
    wanted = {number for item in objects for number in (item[field.name] if many else [item[field.name]]) if number}
    titles = relations.titles(field.target, wanted)
    readable = _readable(actor, field, sorted(wanted))

    def said(number: int) -> Json:
        title = titles.get(number, Title(number, ""))
        return {"id": number, "title": title.text} | readable.get(number, {})

    name = expanded_name(field)
    for item in objects:
        value = item[field.name]
        item[name] = [said(number) for number in value] if many else None if value is None else said(value)


def _readable(actor: Actor, field: Field, ids: Sequence[int]) -> Mapping[int, Json]:
    """The related rows, whole, as far as the person may read them."""
    other = registry.of_model(field.target) if field.target else None
    if other is None or not ids or not permissions.allows(actor, "read", other):
        return {}
    columns, names = other.table.columns, names_of(other)
    may = permissions.condition(actor, "read", other, columns)
    query = select(*(columns[name] for name in names if name in columns)).where(columns.id.in_(ids))
    found = db.session.execute(query.where(is_live(columns), may)).all()
    return {item["id"]: item for item in rows(actor, other, found, names)}
