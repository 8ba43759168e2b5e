"""Bulk deeds over a frozen selection: edit, publish and its like, pin, trash, restore. Preview and work."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from admin_site.accounts import permissions
from admin_site.core.errors import Invalid, NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.core.transactions import atomic
from admin_site.jobs import board, counting, kinds
from admin_site.jobs.models import Job
from admin_site.records import alike, edits, effects, relations, trash, writes
from admin_site.records.edits import Edits
from admin_site.records.effects import Deed
from admin_site.records.selection import Selection
from admin_site.records.writes import Outcome

# A transaction of so many rows leaves others room to write; of those that the database writes by itself, some more.
CHUNK = 500
ALIKE_CHUNKS = 8
# The preview tries so many rows, and counts the others.
TRIED = 500
SAMPLES = 20

EDIT, DELETE, RESTORE, PURGE, PIN, UNPIN = "edit", "delete", "restore", "purge", "pin", "unpin"
WHOLE = (DELETE, RESTORE, PURGE)
NAMES = {
    EDIT: "Edit",
    DELETE: "Move to trash",
    RESTORE: "Restore",
    PURGE: "Remove for good",
    PIN: "Pin for everyone",
    UNPIN: "Unpin",
}
ICONS = {
    EDIT: "pencil",
    DELETE: "trash",
    RESTORE: "arrow-counterclockwise",
    PURGE: "x-lg",
    PIN: "pin-angle",
    UNPIN: "pin-angle",
}

Sent = Mapping[str, tuple[str, Any]]


@dataclass(frozen=True)
class Bulk:
    """What is to be done to which rows. ``sent`` holds the edits as they came: field to (operation, value)."""

    selection: Selection
    action: str
    sent: Sent = field(default_factory=dict)

    @property
    def section(self) -> Section:
        """The section of the rows."""
        return self.selection.section

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        sent = {name: list(pair) for name, pair in self.sent.items()}
        return {"selection": self.selection.to_json(), "action": self.action, "sent": sent}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Bulk":
        """The opposite."""
        sent = {name: (operation, raw) for name, (operation, raw) in said["sent"].items()}
        return cls(Selection.from_json(said["selection"]), said["action"], sent)

    def edits(self, actor: Actor) -> Edits | None:
        """The edits that it comes to; None for what moves whole rows."""
        moves = self.section.workflow.moves if self.section.workflow else {}
        if self.action in WHOLE:
            return None
        if self.action == EDIT:
            return edits.read(actor, self.section, self.sent)
        if self.action in moves and self.section.workflow:
            return edits.of_values(actor, self.section, {self.section.workflow.field: moves[self.action]})
        if self.action in (PIN, UNPIN) and self.section.pins:
            return edits.of_values(actor, self.section, {"is_pinned": self.action == PIN})
        raise Invalid(f"{self.action[:40]!r} is nothing that can be done to {self.section.label.lower()}.")


@dataclass(frozen=True)
class Choice:
    """One thing that may be done to many rows of a section."""

    action: str
    label: str
    icon: str


def choices(actor: Actor, section: Section, *, trashed: bool = False) -> list[Choice]:
    """What this person may do to rows of the section, if they may do anything in bulk."""
    return [Choice(action, *_named(section, action)) for action in _actions(actor, section, trashed=trashed)]


def moves(section: Section) -> list[Choice]:
    """The steps of its workflow, each with the verb that names it."""
    return [Choice(action, *_named(section, action)) for action in (section.workflow.moves if section.workflow else ())]


def label(section: Section, action: str) -> str:
    """What a deed is called."""
    return _named(section, action)[0]


def _named(section: Section, action: str) -> tuple[str, str]:
    if action in NAMES:
        return NAMES[action], ICONS[action]
    workflow = section.workflow
    value = workflow.moves.get(action) if workflow else None
    icon = next((c.icon for c in section.field(workflow.field).choices if c.value == value), "") if workflow else ""
    return action[:1].upper() + action[1:], icon or "circle"


def _actions(actor: Actor, section: Section, *, trashed: bool) -> Iterator[str]:
    if not permissions.allows(actor, "bulk_edit", section):
        return
    if trashed:
        if permissions.allows(actor, "restore", section):
            yield RESTORE
        if permissions.allows(actor, "purge", section):
            yield PURGE
        return
    if permissions.allows(actor, "update", section):
        yield EDIT
        workflow = section.workflow
        if workflow and permissions.allows(actor, workflow.action, section):
            yield from workflow.moves
        if section.pins and permissions.allows(actor, "pin", section):
            yield from (PIN, UNPIN)
    if permissions.allows(actor, "delete", section):
        yield DELETE


@dataclass(frozen=True)
class Sample:
    """One row with what changes: field to (before, after), as history keeps it."""

    row_id: int
    title: str
    changes: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Preview:
    """What would happen. Numbers are exact up to ``TRIED`` rows, which are tried and taken back.

    Above, ``changing`` counts what this person may change and what has another value; a row that does not take
    its value is then found only by the job.
    """

    total: int
    changing: int
    same: int
    left_out: Mapping[str, int]
    samples: Sequence[Sample]
    more: int
    fewer: int
    is_exact: bool
    # The rows of each group, where all were tried: those that change, have it already, or are left out by reason.
    changing_ids: Sequence[int] = ()
    same_ids: Sequence[int] = ()
    left_out_ids: Mapping[str, Sequence[int]] = field(default_factory=dict)


def begin(actor: Actor, bulk: Bulk, *, source: str, reason: str = "", key: str = "") -> int:
    """Write the job down; ``Denied`` and ``Invalid`` say what stands against it."""
    _require(actor, bulk)
    bulk.edits(actor)
    return board.begin(
        actor, "bulk", bulk.to_json(), section=bulk.section.name, total=bulk.selection.count, source=source,
        reason=reason, key=key,
    )  # fmt: skip


def _require(actor: Actor, bulk: Bulk) -> None:
    """``Denied`` where the person may do this to no row at all."""
    section, workflow = bulk.section, bulk.section.workflow
    needed = ["bulk_edit", bulk.action if bulk.action in WHOLE else "update"]
    if bulk.action in (PIN, UNPIN):
        needed.append("pin")
    elif workflow is not None and bulk.action in workflow.moves:
        needed.append(workflow.action)
    for right in needed:
        permissions.require(actor, right, section)


class _TakenBackError(Exception):
    """Ends a trial: nothing of it stays."""


def preview(actor: Actor, bulk: Bulk) -> Preview:
    """What would happen, from a trial of the first rows that is taken back."""
    _require(actor, bulk)
    planned = bulk.edits(actor)
    more, fewer = bulk.selection.moved(actor)
    outcome, is_all = _trial(actor, bulk)
    if is_all:
        reasons = Counter(left.reason for left in outcome.left_out)
        counted = counting.Counted(len(outcome.changed), len(outcome.same), reasons)
    else:
        needed = bulk.action if bulk.action in WHOLE else "update"
        counted = counting.count(actor, bulk.selection, needed, planned)
        if bulk.selection.ids and fewer:
            counted.left_out[writes.GONE] = fewer
    found = Preview(
        bulk.selection.count, counted.changing, counted.same, counted.left_out, _samples(bulk.section, outcome),
        more, fewer, is_all,
    )  # fmt: skip
    return _with_rows(found, outcome) if is_all else found


def _with_rows(found: Preview, outcome: Outcome) -> Preview:
    left_out: dict[str, list[int]] = defaultdict(list)
    for left in outcome.left_out:
        left_out[left.reason].append(left.row_id)
    changing = [change.id for change in outcome.changed]
    return replace(found, changing_ids=changing, same_ids=outcome.same, left_out_ids=left_out)


def _trial(actor: Actor, bulk: Bulk) -> tuple[Outcome, bool]:
    outcome = Outcome()
    ids, following = bulk.selection.lot(actor, 0, TRIED)  # before: nobody has to wait for it
    try:
        with atomic():
            outcome = apply(writes.begin(actor, "form"), bulk, ids)
            raise _TakenBackError
    except _TakenBackError:
        return outcome, following is None


def _samples(section: Section, outcome: Outcome) -> list[Sample]:
    shown = outcome.changed[:SAMPLES]
    titles = relations.titles(section.model, [change.id for change in shown])
    differences = effects.differences(section, shown)
    named = [(change.id, titles[change.id].text if change.id in titles else "") for change in shown]
    return [Sample(number, title, said) for (number, title), said in zip(named, differences, strict=True)]


def apply(deed: Deed, bulk: Bulk, ids: Sequence[int]) -> Outcome:
    """Do it to these rows."""
    if bulk.action == DELETE:
        return trash.trash_many(deed, bulk.section, ids)
    if bulk.action == PURGE:
        return trash.purge_many(deed, bulk.section, ids)
    if bulk.action == RESTORE:
        return trash.restore_many(deed, bulk.section, ids)
    planned = bulk.edits(deed.actor)
    if planned is None:
        raise NotFound
    return writes.update_many(deed, bulk.section, ids, planned.names, planned.plan)


def _step(job: Job, deed: Deed) -> kinds.Step:
    bulk = Bulk.from_json(job.params)
    permissions.require(deed.actor, "bulk_edit", bulk.section)
    values = _values_for_all(deed.actor, bulk)
    size = CHUNK if values is None else CHUNK * ALIKE_CHUNKS
    ids, following = bulk.selection.lot(deed.actor, job.cursor or 0, size)
    written = alike.Written(rest=ids) if values is None else alike.write(deed, bulk.section, ids, values)
    outcome = apply(deed, bulk, written.rest) if written.rest else Outcome()
    notes = [kinds.Note(outcome="skipped", reason=left.reason, row_id=left.row_id) for left in outcome.left_out]
    done, same = len(outcome.changed) + len(written.changed), len(outcome.same) + len(written.same)
    return kinds.Step(cursor=following, done=done, same=same, skipped=len(notes), notes=notes)


def _values_for_all(actor: Actor, bulk: Bulk) -> Mapping[str, Any] | None:
    """The values that the rows get, where the database can write them by itself."""
    planned = bulk.edits(actor)
    if planned is None or planned.fixed is None or not alike.applies(actor, bulk.section, planned.names):
        return None
    return planned.fixed


kinds.register(kinds.Kind(name="bulk", step=_step))
