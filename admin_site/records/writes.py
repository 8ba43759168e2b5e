"""The only writer. Form, inline edit, bulk job, import, restore, API and command line all end here.

Every call checks permission per row and field, compares the version, validates, and writes rows and
history under one change set. The caller owns the transaction: call inside ``atomic()``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypedDict, TypeVar, Unpack

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from admin_site.accounts import permissions
from admin_site.core.database import connection, db
from admin_site.core.driver import Collision, tells_collisions
from admin_site.core.errors import AppError, Busy, Conflict, Invalid, Stale
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Section
from admin_site.history import log
from admin_site.records import changes, filters, outbox, pins, reads, unique, validation
from admin_site.records.effects import EFFECTS, Deed

# A made-up address may be taken by somebody else at the same moment; then another one is tried.
TRIES = 10
GONE = "It was moved to the trash, or is hidden from you."


def begin(actor: Actor, source: str, reason: str = "") -> Deed:
    """Open a change set, to be passed to several calls that belong together."""
    return Deed(actor, source, log.open_change_set(actor.id, source, reason))


def create(
    actor: Actor, section: Section, sent: Mapping[str, Any], *, source: str = "form", deed: Deed | None = None
) -> int:
    """Make a row; returns its number."""
    return make(actor, section, sent, source=source, deed=deed).id


def make(
    actor: Actor, section: Section, sent: Mapping[str, Any], *, source: str = "form", deed: Deed | None = None
) -> Change:
    """Make a row; returns the change that made it, whose ``after`` is what the row now holds."""
    permissions.require(actor, "create", section)
    sent = validation.hash_passwords(section, sent)
    named: validation.Named = {}
    change = _new(actor, section, _checked(actor, section, sent, named), sent, named)
    # A refusal ends the whole deed; but whoever brings a deed of their own may go on after one.
    is_whole = deed is None and tells_collisions()
    change.hopeful = is_whole
    deed = deed or begin(actor, source)
    for _attempt in range(TRIES):
        try:
            with nullcontext() if is_whole else db.session.begin_nested():
                _write(deed, section, [change])
            return change
        except (IntegrityError, Collision) as error:
            name = unique.field_taken(change, error)
            if name in change.sent or (name is None and isinstance(error, IntegrityError)):
                raise _taken(change, name, error) from error
            if is_whole and isinstance(error, IntegrityError):  # by what followed: PostgreSQL takes nothing more
                raise Busy(unique.BUSY) from error
            change.after.pop("id", None)
            # What was not asked for was taken all along; what was found free was taken at this moment.
            change.tries += not change.hopeful
            change.hopeful = False
    raise Busy(unique.BUSY)


@dataclass
class Made:
    """What became of several new rows, by their place: the change that made one, or why it was refused."""

    made: dict[int, Change] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def create_many(deed: Deed, section: Section, sents: Sequence[Mapping[str, Any]]) -> Made:
    """Make many rows, as ``create`` makes one; those that are refused do not keep the others."""
    permissions.require(deed.actor, "create", section)
    made = Made()
    named: validation.Named = {}
    lot: list[tuple[int, Change]] = []
    for place, sent in enumerate(sents):
        try:
            cleaned = _checked(deed.actor, section, sent, named)
            lot.append((place, _new(deed.actor, section, cleaned, sent, named)))
        except AppError as error:
            made.refused[place] = error.whole

    def act(part: Sequence[tuple[int, Change]]) -> None:
        for _place, change in part:
            change.after.pop("id", None)
        _write_checked(deed, section, [change for _place, change in part])
        made.made.update(part)

    all_or_each(lot, act, lambda one, said: made.refused.update({one[0]: said}))
    return made


def _checked(actor: Actor, section: Section, sent: Mapping[str, Any], named: validation.Named) -> dict[str, Any]:
    cleaned = validation.clean(section, sent, new=True)
    validation.check_related(section, actor, cleaned, {}, named)
    return cleaned


def _new(
    actor: Actor, section: Section, cleaned: dict[str, Any], sent: Mapping[str, Any], named: validation.Named
) -> Change:
    change = Change(section=section, actor=actor, before={}, after=changes.blank(section), titles=named)
    changes.set_owner(section, actor, cleaned, sent, named)
    changes.apply(change, cleaned)
    changes.check_fields(change, set(sent))
    return change


class How(TypedDict, total=False):
    """How a row is changed: the version that it must still have, where from, and in which change set."""

    version: int | None
    source: str
    deed: Deed | None


def update(actor: Actor, section: Section, row_id: int, sent: Mapping[str, Any], **how: Unpack[How]) -> list[str]:
    """Change a row; returns the names of the fields that changed, none where all stood already."""
    return list(edit(actor, section, row_id, sent, **how).edited)


def edit(
    actor: Actor,
    section: Section,
    row_id: int,
    sent: Mapping[str, Any],
    *,
    version: int | None = None,
    source: str = "form",
    deed: Deed | None = None,
) -> Change:
    """Change a row; returns the change, whose ``after`` is what the row now holds.

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
    named: validation.Named = {}
    validation.check_related(section, actor, cleaned, stood, named)
    change.titles = named
    changes.apply(change, cleaned)
    if change.is_empty:
        return change
    change.edited = [name for name in cleaned if changes.differs(change, name)]
    changes.check_fields(change, {*change.edited})
    deed = deed or begin(actor, source)
    _write_checked(deed, section, [change])
    change.change_set_id = deed.change_set_id
    return change


@dataclass(frozen=True)
class LeftOut:
    """A row that a set-based write left as it was, and why."""

    row_id: int
    reason: str


@dataclass
class Outcome:
    """What a set-based write did: the rows that changed, had it already, or were left out."""

    changed: list[Change] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


T = TypeVar("T")
# Clean values for one row, given what stands; an ``AppError`` leaves the row out.
Plan = Callable[[Change], Mapping[str, Any]]


def update_many(deed: Deed, section: Section, ids: Sequence[int], names: Collection[str], plan: Plan) -> Outcome:
    """Change many rows, at most in these fields, as ``update`` changes one.

    A row that may not be changed, or does not take its value, is left out; the others change together.
    """
    actor = deed.actor
    outcome = Outcome()
    rows = _lock_visible_many(actor, section, ids, names)
    found = {row["id"] for row in rows}
    outcome.left_out += [LeftOut(number, GONE) for number in ids if number not in found]
    for_all = permissions.is_unconditional(actor, "update", section)
    lot: list[Change] = []
    for change in changes.of_rows(section, actor, rows, names):
        try:
            if not for_all:
                permissions.require(actor, "update", section, SimpleNamespace(**change.before))
            cleaned = plan(change)
            changes.apply(change, cleaned)
            differing = {name for name in cleaned if changes.differs(change, name)}
            if differing:
                changes.check_fields(change, differing)
        except AppError as error:
            outcome.left_out.append(LeftOut(change.id, error.whole))
            continue
        if differing:
            lot.append(change)
        else:
            outcome.same.append(change.id)

    def act(part: Sequence[Change]) -> None:
        _write_checked(deed, section, part)
        outcome.changed += part

    all_or_each(lot, act, lambda change, said: outcome.left_out.append(LeftOut(change.id, said)))
    return outcome


def _write_checked(deed: Deed, section: Section, lot: Sequence[Change]) -> None:
    try:
        _write(deed, section, lot)
    except (IntegrityError, Collision) as error:
        raise _taken(lot[0], unique.field_taken(lot[0], error), error) from error


def all_or_each(lot: Sequence[T], act: Callable[[Sequence[T]], None], refuse: Callable[[T, str], None]) -> None:
    """Do something to many rows at once; where it is refused, to ever fewer, until only those refused are left."""
    if not lot:
        return
    try:
        with db.session.begin_nested():
            act(lot)
    except AppError as error:
        if len(lot) == 1:
            refuse(lot[0], error.whole)
            return
        for part in (lot[: len(lot) // 2], lot[len(lot) // 2 :]):
            all_or_each(part, act, refuse)


def _lock_visible_many(
    actor: Actor, section: Section, ids: Sequence[int], names: Collection[str]
) -> list[dict[str, Any]]:
    number, read = section.table.columns.id, changes.columns(section, names)
    query = select(*read).where(in_list(number), filters.visible(actor, section, walks=False))
    rows = connection().execute(query.order_by(number).with_for_update(), {"rows": ids})
    keys = [column.name for column in read]
    return [dict(zip(keys, row, strict=True)) for row in rows]


def record_pin(deed: Deed, section: Section, row: Any, differing: Mapping[str, Sequence[Any]]) -> None:
    """Keep in history what was done to the pin of a row; the row itself stays at its version."""
    entry = log.NewEntry(
        section=section.name, row_id=row.id, action="update", version=row.version, changes=dict(differing)
    )
    log.record(deed.change_set_id, deed.actor.id, [entry])
    touched = [("update", row.id, row.version, list(differing))]
    outbox.note(deed.change_set_id, deed.actor.id, deed.source, section, touched)


def set_columns(
    deed: Deed, section: Section, rows: Sequence[Mapping[str, Any]], new: Mapping[str, Any]
) -> list[Change]:
    """Give locked rows these values, as a consequence of something that was allowed: nothing is asked here.

    For ``records.trash`` and the ``follow`` hooks of sections.
    """
    lot = [
        Change(section=section, actor=deed.actor, before=dict(row), after={**row, **new}, sent=dict(new))
        for row in rows
    ]
    if lot:
        _write_checked(deed, section, lot)
    return lot


def purge(deed: Deed, section: Section, rows: Sequence[Mapping[str, Any]]) -> None:
    """Remove rows of the trash for good, with their pins and pairs; ``Conflict`` where others point to them.

    What they were called stays in history, together with who removed them.
    """
    ids = [row["id"] for row in rows]
    for item in section.all_fields.values():
        if item.through is not None:
            mine = next(iter(item.through.columns))
            db.session.execute(delete(item.through).where(mine.in_(ids)))
    if section.pins:
        pins.forget(section, ids)
    try:
        db.session.execute(delete(section.table).where(section.table.columns.id.in_(ids)))
    except IntegrityError as error:
        raise Conflict(f"Other rows still point to this {section.singular}.") from error
    entries = [
        log.NewEntry(section=section.name, row_id=row["id"], action="purge", version=row["version"] + 1, changes={})
        for row in rows
    ]
    log.record(deed.change_set_id, deed.actor.id, entries)
    touched = [("purge", entry.row_id, entry.version, ()) for entry in entries]
    outbox.note(deed.change_set_id, deed.actor.id, deed.source, section, touched)


def lock(section: Section, ids: Sequence[int]) -> list[dict[str, Any]]:
    """All columns of these rows, which stay as they are until the transaction ends."""
    table = section.table
    query = select(table).where(table.columns.id.in_(ids)).order_by(table.columns.id).with_for_update()
    return [dict(row) for row in db.session.execute(query).mappings()]


def lock_visible(actor: Actor, section: Section, row_id: int, *, trashed: bool = False) -> dict[str, Any]:
    """The same for one row that the actor may read, in or outside the trash; else ``NotFound``."""
    return dict(reads.find(actor, section, row_id, trashed=trashed, locked=True)._mapping)


def _write(deed: Deed, section: Section, lot: Sequence[Change]) -> None:
    changes.stamp(section, lot)
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
    # Of a version that never was, nobody can say what has changed since.
    is_known = 0 < version < change.before["version"]
    changes.apply(change, cleaned)
    differing = {name: value for name, value in cleaned.items() if changes.differs(change, name)}
    yours = {
        name: value
        for name, value in differing.items()
        if name not in change.secrets and (name not in base or changes.plain(value) != changes.plain(base[name]))
    }
    theirs = {name: changes.standing(change, name) for name in yours}
    return Stale(
        f"This {section.singular} was changed while you were editing it. Nothing of yours was saved yet.",
        # What nobody changed since is as it was.
        base={name: changes.plain(base.get(name, theirs[name])) for name in yours if is_known},
        yours=yours,
        theirs=theirs,
        version=change.before["version"],
        mergeable=[
            name
            for name in yours
            if is_known and (name not in base or changes.plain(theirs[name]) == changes.plain(base[name]))
        ],
    )


def _taken(change: Change, name: str | None, error: IntegrityError | Collision) -> AppError:
    if name is not None:
        return Conflict(fields={name: [unique.sentence(change.section, name, change.after.get(name))]})
    if isinstance(error, IntegrityError):
        return Invalid("This could not be saved: a row that it points to has gone.")
    return Busy(unique.BUSY)
