"""Changes on their way to the write path: what stands, what is to stand, and who may make it so."""

from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Column
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from admin_site.accounts import permissions
from admin_site.core import clock, text
from admin_site.core.errors import Denied, Invalid
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Kind, Section
from admin_site.records import pins, relations, values

UNASKED = frozenset({"created_at", "updated_at", "deleted_at", "deleted_in"})


def blank(section: Section) -> dict[str, Any]:
    """Every column of a row that does not exist yet, with the defaults of the declaration."""
    after: dict[str, Any] = {column.name: None for column in section.table.columns if column.name != "id"}
    for column in section.table.columns:
        if isinstance(column.default, ScalarElementColumnDefault):
            after[column.name] = column.default.arg
    return after


def set_owner(
    section: Section, actor: Actor, cleaned: dict[str, Any], sent: Mapping[str, Any],
    named: dict[str, dict[int, relations.Title]],
) -> None:  # fmt: skip
    """A new row belongs to whoever makes it, unless they said otherwise; who that is need not be asked for."""
    owner = section.owner
    if owner != "created_by" and cleaned.get(owner) is None and not sent.get(owner):
        cleaned[owner] = actor.id
        if actor.id is not None:
            named.setdefault(owner, {})[actor.id] = relations.title_of_actor(actor)


def of_row(section: Section, actor: Actor, before: dict[str, Any], names: Sequence[str]) -> Change:
    """A row as it stands, about to be changed in these fields."""
    return of_rows(section, actor, [before], names)[0]


def of_rows(section: Section, actor: Actor, rows: Sequence[dict[str, Any]], names: Iterable[str]) -> list[Change]:
    """The same for several rows, with one query for each field that is kept beside them."""
    found = [Change(section=section, actor=actor, before=before, after=dict(before)) for before in rows]
    ids = [change.id for change in found]
    for name in names:
        field = section.all_fields[name]
        if field.kind is Kind.RELATIONS:
            links = relations.links(field, ids)
            for change in found:
                change.links[name] = (links[change.id], links[change.id])
        elif name == "is_pinned":
            pinned = pins.pinned_among(section, ids)
            for change in found:
                change.pinned = (change.id in pinned, change.id in pinned)
    return found


def columns(section: Section, names: Iterable[str]) -> list[Column[Any]]:
    """What has to be read of rows that change in these fields: all but long texts that nobody touches.

    Nor when a row was made and last changed, which no rule and no section asks for.
    """
    touched = set(names)
    is_searched = bool(touched & {*section.search, *section.title_columns})
    long = {name for name in section.all_fields if section.all_fields[name].is_long}
    spared = UNASKED | (set() if is_searched else long - touched)
    return [
        column
        for column in section.table.columns
        if column.name not in spared and column.info.get("key_of") not in spared
    ]


def apply(change: Change, cleaned: Mapping[str, Any]) -> None:
    """Put clean values where they belong, with the folded forms that go with them."""
    section = change.section
    for name, value in cleaned.items():
        field = section.all_fields[name]
        if field.kind is Kind.RELATIONS:
            change.links[name] = (change.links.get(name, ([], []))[0], value)
        elif name == "is_pinned":
            change.pinned = ((change.pinned or (False, False))[0], value)
        elif field.kind is Kind.PASSWORD:
            if value is not None:
                change.secrets.add(name)
        else:
            change.after[name] = value
        if value is not None:
            change.sent[name] = value
    fold_keys(change)


def fold_keys(change: Change) -> None:
    """Renew the folded columns from the columns that they follow, where those change."""
    before, after = change.before, change.after
    for name, key_name in change.section.keys.items():
        if before and before.get(name) == after.get(name):
            continue
        value = after.get(name)
        long = change.section.field(name).is_long
        change.after[key_name] = None if value is None else text.long_key(value) if long else text.key(value)


def stamp(section: Section, lot: Iterable[Change]) -> None:
    """Fill in the moments that the workflow declares; one that stands may be changed, but not taken away."""
    workflow = section.workflow
    if workflow is None or not workflow.stamps:
        return
    now = clock.now()
    for change in lot:
        column = workflow.stamps.get(change.after[workflow.field])
        if not column or change.after[column] is not None:
            continue
        if change.before.get(column) is not None and not change.changed(workflow.field):
            raise Invalid(
                fields={column: [not_empty_while(section, column, workflow.field, change.after[workflow.field])]}
            )
        change.after[column] = now


def not_empty_while(section: Section, stamp: str, name: str, state: str) -> str:
    """Why the moment that belongs to a state of the field ``name`` is not taken away."""
    label, field = section.field(stamp).label, section.field(name)
    return f"{label} cannot be empty while the {field.label.lower()} is {field.choice_labels[state]}."


def differs(change: Change, name: str) -> bool:
    """Whether this field gets another value."""
    if name in change.links:
        old, new = change.links[name]
        return sorted(old) != sorted(new)
    if name == "is_pinned" and change.pinned:
        return change.pinned[0] != change.pinned[1]
    return name in change.secrets or change.changed(name)


def check_fields(change: Change, names: set[str]) -> None:
    """Refuse fields that this actor may not set, and moves of the status that need a further right."""
    section, actor = change.section, change.actor
    row = SimpleNamespace(**(change.before or change.after))
    for name in section.all_fields:
        if name not in names:
            continue
        field = section.all_fields[name]
        if name == "is_pinned" and not differs(change, name):
            continue
        if not _may_set(actor, section, field, row, change):
            raise Denied(f"You may not set {field.label}.", needs=f"{section.name}.{_needed(section, field)}")


def _may_set(actor: Actor, section: Section, field: Field, row: Any, change: Change) -> bool:
    if field.name == "is_pinned":
        return permissions.allows(actor, "pin", section, row)
    if field.write is not None and not actor.is_system:
        unchanged_owner = field.name == section.owner and change.after[field.name] == actor.id
        if not unchanged_owner and not field.write.holds(actor, row):
            return False
    workflow = section.workflow
    if workflow is None or field.name != workflow.field:
        return True
    touched = {change.after[field.name], change.before.get(field.name, change.after[field.name])}
    return touched <= set(workflow.open) or permissions.allows(actor, workflow.action, section, row)


def _needed(section: Section, field: Field) -> str:
    if field.name == "is_pinned":
        return "pin"
    return section.workflow.action if section.workflow and field.name == section.workflow.field else "update"


def standing(change: Change, name: str) -> Any:
    """What a field held before."""
    if name in change.links:
        return change.links[name][0]
    if name == "is_pinned" and change.pinned:
        return change.pinned[0]
    return change.before.get(name)


def recorded(field: Field, value: Any) -> Any:
    """A stored value as history keeps it: a relation with what it is called."""
    if field.target is None or value is None:
        return values.to_json(value)
    numbers = value if isinstance(value, list) else [value]
    titles = relations.titles(field.target, numbers)
    said: list[Any] = [{"id": number, "title": titles[number].text if number in titles else ""} for number in numbers]
    return said if field.kind is Kind.RELATIONS else said[0]


def plain(value: Any) -> Any:
    """A value as history keeps it, relations by number alone, so that the two can be compared."""
    if isinstance(value, dict):
        return value["id"]
    if isinstance(value, list):
        return sorted(plain(item) for item in value)
    return values.to_json(value)
