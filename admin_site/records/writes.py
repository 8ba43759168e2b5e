"""The only writer. Form, inline edit, bulk job, import, restore, API and command line all end here.

Every call checks permission per row and field, compares the version, validates, and writes rows and
history under one change set. The caller owns the transaction: call inside ``atomic()``.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from admin_site.accounts import permissions
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Invalid, NotFound, Stale
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Section
from admin_site.history import log
from admin_site.records import changes, reads, unique, validation, values
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
    change = Change(section=section, actor=actor, before={}, after=changes.blank(section))
    changes.set_owner(change, cleaned, sent)
    changes.apply(change, cleaned)
    changes.check_fields(change, set(sent))
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
    change = changes.of_row(section, actor, before, list(cleaned))
    if version is not None and version != before["version"]:
        raise _stale(change, cleaned, version)
    stood = before | {name: old for name, (old, _) in change.links.items()}
    validation.check_related(section, actor, cleaned, stood)
    changes.apply(change, cleaned)
    if change.is_empty:
        return []
    changes.check_fields(change, {name for name in cleaned if changes.differs(change, name)})
    changed = [name for name in cleaned if changes.differs(change, name)]
    try:
        _write(deed or begin(actor, source), section, [change])
    except IntegrityError as error:
        raise _taken(section, change, unique.field_named_in(section, error)) from error
    return changed


def set_columns(deed: Deed, section: Section, rows: Sequence[Mapping[str, Any]], new: Mapping[str, Any]) -> None:
    """Give locked rows these values, as a consequence of something that was allowed: nothing is asked here.

    For ``records.trash`` and the ``follow`` hooks of sections.
    """
    lot = [
        Change(section=section, actor=deed.actor, before=dict(row), after={**row, **new}, sent=dict(new))
        for row in rows
    ]
    try:
        _write(deed, section, lot)
    except IntegrityError as error:
        raise _taken(section, lot[0], unique.field_named_in(section, error)) from error


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


def _write(deed: Deed, section: Section, lot: Sequence[Change]) -> None:
    if section.prepare:
        section.prepare(lot)
    for change in lot:
        changes.fold_keys(change)
    unique.check(section, lot)
    for effect in EFFECTS:
        effect(deed, section, lot)


def _stale(change: Change, cleaned: Mapping[str, Any], version: int) -> Stale:
    """Who wins is for a person to say: what they changed, beside what stands. The rest is not theirs."""
    section, number = change.section, change.before["id"]
    base = log.values_at(section.name, number, version)
    changes.apply(change, cleaned)
    differing = {name: value for name, value in cleaned.items() if changes.differs(change, name)}
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
