"""The only writer. Form, inline edit, bulk job, import, restore, API and command line all end here.

Every call checks permission per row and field, compares the version, validates, and writes rows and
history under one change set. The caller owns the transaction: call inside ``atomic()``.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from admin_site.accounts import permissions
from admin_site.core import text
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound, Stale
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Kind, Section
from admin_site.history import log
from admin_site.records import pins, reads, relations, unique, validation, values
from admin_site.records.effects import EFFECTS, Deed

# A made-up address may be taken by somebody else at the same moment; then the next one is tried.
TRIES = 5


def begin(actor: Actor, source: str, reason: str = "") -> Deed:
    """Open a change set, to be passed to several calls that belong together."""
    return Deed(actor, source, log.open_change_set(actor.id, source, reason))


def create(
    actor: Actor, section: Section, sent: Mapping[str, Any], *, source: str = "form", deed: Deed | None = None
) -> int:
    """Make a row; returns its number."""
    permissions.require(actor, "create", section)
    sent = validation.hash_passwords(section, sent)
    cleaned = validation.clean(section, sent, new=True)
    validation.check_related(section, actor, cleaned, {})
    change = Change(section=section, actor=actor, before={}, after=_blank(section))
    _set_owner(change, cleaned, sent)
    _apply(change, cleaned)
    _check_fields(change, set(sent))
    deed = deed or begin(actor, source)
    for attempt in range(TRIES):
        try:
            with db.session.begin_nested():
                _write(deed, section, [change])
            return change.id
        except IntegrityError as error:
            name = unique.field_named_in(section, error)
            change.after.pop("id", None)
            if name is None or name in change.sent or attempt == TRIES - 1:
                raise _taken(section, change, name) from error
    raise AssertionError("unreachable")


def update(
    actor: Actor,
    section: Section,
    row_id: int,
    sent: Mapping[str, Any],
    *,
    version: int | None = None,
    source: str = "form",
    deed: Deed | None = None,
) -> list[str]:
    """Change a row; returns the names of the fields that changed, none where all stood already.

    With ``version``, a row that has changed since is left alone and ``Stale`` is raised.
    """
    sent = validation.hash_passwords(section, sent)
    before = lock_visible(actor, section, row_id)
    row = SimpleNamespace(**before)
    permissions.require(actor, "update", section, row)
    cleaned = validation.clean(section, sent, new=False)
    change = _change(section, actor, before, list(cleaned))
    if version is not None and version != before["version"]:
        raise _stale(change, cleaned, version)
    stood = before | {name: old for name, (old, _) in change.links.items()}
    validation.check_related(section, actor, cleaned, stood)
    _apply(change, cleaned)
    if change.is_empty:
        return []
    _check_fields(change, {name for name in cleaned if _differs(change, name)})
    changed = [name for name in cleaned if _differs(change, name)]
    try:
        _write(deed or begin(actor, source), section, [change])
    except IntegrityError as error:
        raise _taken(section, change, unique.field_named_in(section, error)) from error
    return changed


def set_columns(deed: Deed, section: Section, rows: Sequence[Mapping[str, Any]], new: Mapping[str, Any]) -> None:
    """Give locked rows these values, as a consequence of something that was allowed: nothing is asked here.

    For ``records.trash`` and the ``follow`` hooks of sections.
    """
    changes = [
        Change(section=section, actor=deed.actor, before=dict(row), after={**row, **new}, sent=dict(new))
        for row in rows
    ]
    try:
        _write(deed, section, changes)
    except IntegrityError as error:
        raise _taken(section, changes[0], unique.field_named_in(section, error)) from error


def lock(section: Section, ids: Sequence[int]) -> list[dict[str, Any]]:
    """All columns of these rows, which stay as they are until the transaction ends."""
    table = section.table
    query = select(table).where(table.columns.id.in_(ids)).order_by(table.columns.id).with_for_update()
    return [dict(row) for row in db.session.execute(query).mappings()]


def lock_visible(actor: Actor, section: Section, row_id: int, *, trashed: bool = False) -> dict[str, Any]:
    """The same for one row that the actor may read, in or outside the trash; else ``NotFound``."""
    reads.find(actor, section, row_id, trashed=trashed)
    rows = lock(section, [row_id])
    if not rows or (rows[0]["live"] is None) != trashed:
        raise NotFound
    return rows[0]


def _blank(section: Section) -> dict[str, Any]:
    """Every column of a row that does not exist yet, with the defaults of the declaration."""
    after: dict[str, Any] = {column.name: None for column in section.table.columns if column.name != "id"}
    for column in section.table.columns:
        if isinstance(column.default, ScalarElementColumnDefault):
            after[column.name] = column.default.arg
    return after


def _set_owner(change: Change, cleaned: dict[str, Any], sent: Mapping[str, Any]) -> None:
    owner = change.section.owner
    if owner != "created_by" and cleaned.get(owner) is None and not sent.get(owner):
        cleaned[owner] = change.actor.id


def _change(section: Section, actor: Actor, before: dict[str, Any], names: Sequence[str]) -> Change:
    change = Change(section=section, actor=actor, before=before, after=dict(before))
    for name in names:
        field = section.all_fields[name]
        if field.kind is Kind.RELATIONS:
            old = relations.links(field, [before["id"]])[before["id"]]
            change.links[name] = (old, old)
        if name == "is_pinned":
            is_pinned = before["id"] in pins.pinned_among(section, [before["id"]])
            change.pinned = (is_pinned, is_pinned)
    return change


def _apply(change: Change, cleaned: Mapping[str, Any]) -> None:
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
    """Renew the folded columns from the columns that they follow."""
    for name, key_name in change.section.keys.items():
        value = change.after.get(name)
        long = change.section.field(name).kind in (Kind.LONGTEXT, Kind.MARKDOWN)
        change.after[key_name] = None if value is None else text.long_key(value) if long else text.key(value)


def _differs(change: Change, name: str) -> bool:
    if name in change.links:
        old, new = change.links[name]
        return sorted(old) != sorted(new)
    if name == "is_pinned" and change.pinned:
        return change.pinned[0] != change.pinned[1]
    return name in change.secrets or change.changed(name)


def _check_fields(change: Change, names: set[str]) -> None:
    """Refuse fields that this actor may not set, and moves of the status that need a further right."""
    section, actor = change.section, change.actor
    row = SimpleNamespace(**(change.before or change.after))
    for name in section.all_fields:
        if name not in names:
            continue
        field = section.all_fields[name]
        if name == "is_pinned" and not _differs(change, name):
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


def _write(deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    if section.prepare:
        section.prepare(changes)
    for change in changes:
        fold_keys(change)
    unique.check(section, changes)
    for effect in EFFECTS:
        effect(deed, section, changes)


def _stale(change: Change, cleaned: Mapping[str, Any], version: int) -> Stale:
    """Who wins is for a person to say: what they changed, beside what stands. The rest is not theirs."""
    section, number = change.section, change.before["id"]
    base = log.values_at(section.name, number, version)
    _apply(change, cleaned)
    differing = {name: value for name, value in cleaned.items() if _differs(change, name)}
    yours = {
        name: value
        for name, value in differing.items()
        if name not in change.secrets and (name not in base or _plain(value) != _plain(base[name]))
    }
    theirs = {name: _standing(change, name) for name in yours}
    return Stale(
        f"This {section.singular} was changed while you were editing it. Nothing of yours was saved yet.",
        base={name: _plain(base[name]) for name in yours if name in base},
        yours=yours,
        theirs=theirs,
        version=change.before["version"],
    )


def _standing(change: Change, name: str) -> Any:
    if name in change.links:
        return change.links[name][0]
    if name == "is_pinned" and change.pinned:
        return change.pinned[0]
    return change.before.get(name)


def _plain(value: Any) -> Any:
    """A value as history keeps it, relations by number alone, so that the two can be compared."""
    if isinstance(value, dict):
        return value["id"]
    if isinstance(value, list):
        return sorted(_plain(item) for item in value)
    return values.to_json(value)


def _taken(section: Section, change: Change, name: str | None) -> Conflict | Invalid:
    if name is None:
        return Invalid("This could not be saved: a row that it points to has gone.")
    return Conflict(fields={name: [unique.sentence(section, name, change.after.get(name))]})
