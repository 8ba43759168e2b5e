"""Taking a change set back: its history is read from the end, and each field put back that still holds what it got.

What somebody changed since stays as it is and is listed, with both values. The person who undoes needs the
rights for each row, as if they did it by hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import AppError, Conflict, Denied, NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Section
from admin_site.history import change_sets, log
from admin_site.history.models import ChangeSet
from admin_site.jobs import board, kinds, undoable
from admin_site.jobs.models import Job
from admin_site.records import alike, changes, pinning, relations, trash, validation, values, writes
from admin_site.records.effects import Deed
from admin_site.records.values import ID_MOST

CHUNK = 500
# Entries that say the same are taken back by the database itself, some more at once.
ALIKE_CHUNKS = 8
# Entries of others lie between those of a change set; a chunk is looked for among so many times its size.
SPREAD = 2
GONE = "It is gone, or hidden from you."
GONE_FIELD = "{name} cannot be put back: there is no field of this name any more."


def begin(actor: Actor, change_set_id: int, *, source: str, key: str = "") -> int:
    """Write the undoing down as a job; ``Conflict`` says why it cannot be undone (any more)."""
    # Held until the job is written down: of several who begin at once, all but one are told that it was begun.
    change_set = (
        db.session.get(ChangeSet, change_set_id, with_for_update=True) if 0 < change_set_id <= ID_MOST else None
    )
    if change_set is None:
        raise NotFound
    sections = undoable.require(actor, change_set_id)
    if (number := board.begun(actor, key)) is not None:
        return number
    if refusal := undoable.why_not(change_set):
        raise Conflict(refusal)
    return board.begin(
        actor, "undo", {}, section=sections[0] if len(sections) == 1 else "", total=change_sets.count_of(change_set_id),
        source=source, undoes=change_set_id, reason=f"Undo of #{change_set_id}", key=key,
    )  # fmt: skip


@dataclass(frozen=True)
class _Undoing:
    """The tally of one chunk."""

    deed: Deed
    undoes: int
    notes: list[kinds.Note] = field(default_factory=list)
    # Entries of which nothing was put back.
    left: set[int] = field(default_factory=set)
    # What an earlier undoing has put back and nothing has put there again: section and row to the fields, or ``WHOLE``.
    before: dict[tuple[str, int], set[str]] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        return self.deed.actor

    def was_put_back(self, entry: change_sets.SetEntry) -> bool:
        """Whether nothing of an entry is left to take back; what somebody did with the row since is theirs."""
        names = set(entry.changes) if entry.action == "update" else {WHOLE}
        return bool(names) and names <= self.before.get((entry.section, entry.row_id), set())

    def leave(self, outcome: str, entry: change_sets.SetEntry, reason: str) -> None:
        """Nothing of this entry can be put back."""
        self.note(outcome, entry, reason)
        self.left.add(entry.id)

    def note(self, outcome: str, entry: change_sets.SetEntry, reason: str, detail: Any = None) -> None:
        self.notes.append(
            kinds.Note(outcome=outcome, reason=reason, section=entry.section, row_id=entry.row_id, detail=detail)
        )


def _step(job: Job, deed: Deed) -> kinds.Step:
    assert job.undoes is not None  # noqa: S101 - begin() names it
    undoing = _Undoing(deed, job.undoes)
    last = change_sets.latest(job.undoes, before=job.cursor)
    if last is None:
        return kinds.Step(cursor=None)
    groups = _alike(deed.actor, job.undoes, last)
    put_back = {number for group in groups for number in _put_back_alike(undoing, group)}
    limit = CHUNK * ALIKE_CHUNKS if groups else CHUNK
    count = sum(len(group.row_ids) for group in groups)
    if count and len(put_back) == count:
        first, rest = min(group.first for group in groups), list[change_sets.SetEntry]()
    else:
        entries = change_sets.entries_of(job.undoes, before=last + 1, after=last - limit * SPREAD, limit=limit)
        count, first = len(entries), entries[-1].id
        rest = [entry for entry in entries if entry.row_id not in put_back]
        undoing.before.update(_put_back_before(undoing, rest))
        rest = [entry for entry in rest if not undoing.was_put_back(entry)]
    done = len(put_back) + sum(_take_back(undoing, run) for run in _runs(rest))
    skipped = len(undoing.left)
    cursor = None if change_sets.latest(job.undoes, before=first) is None else first
    return kinds.Step(cursor=cursor, done=done, same=count - done - skipped, skipped=skipped, notes=undoing.notes)


# In place of fields: that a row was made, moved to the trash or restored.
WHOLE = ""


def _put_back_before(undoing: _Undoing, entries: Sequence[change_sets.SetEntry]) -> dict[tuple[str, int], set[str]]:
    """What earlier undoings of the same change set did to these rows, less what undoings of them put there again."""
    levels = undoable.levels(undoing.undoes)
    levels.pop(undoing.deed.change_set_id, None)
    found: dict[tuple[str, int], set[str]] = {}
    for name in {entry.section for entry in entries} if levels else ():
        ids = [entry.row_id for entry in entries if entry.section == name]
        for number, row_id, action, said in change_sets.of_rows(name, ids, list(levels)):
            names = found.setdefault((name, row_id), set())
            touched = set(said) if action == "update" else {WHOLE}
            names.update(touched) if levels[number] % 2 else names.difference_update(touched)
    return found


# So many ways of changing are told apart; where there are more, rows are gone through one by one.
ALIKE_MOST = 20


def _alike(actor: Actor, change_set_id: int, last: int) -> Sequence[change_sets.SetGroup]:
    """The entries up to the last, where the database can take them back by itself: of one section, each row once."""
    (entry,) = change_sets.entries_of(change_set_id, before=last + 1, after=last - 1, limit=1)
    if not _applies(actor, entry) or undoable.begun_by(change_set_id) is not None:
        return ()
    limit = CHUNK * ALIKE_CHUNKS
    groups = change_sets.groups_of(change_set_id, before=last + 1, after=last - limit * SPREAD, limit=limit)
    row_ids = [number for group in groups for number in group.row_ids]
    is_one = len({group.section for group in groups}) == 1 and len({*row_ids}) == len(row_ids)
    return groups if is_one and len(groups) <= ALIKE_MOST and all(_applies(actor, group) for group in groups) else ()


def _applies(actor: Actor, said: change_sets.SetEntry | change_sets.SetGroup) -> bool:
    section = registry.by_name().get(said.section)
    if section is None or said.action != "update" or not permissions.allows(actor, "read", section):
        return False
    return alike.applies(actor, section, list(said.changes))


def _runs(entries: Sequence[change_sets.SetEntry]) -> Iterator[list[change_sets.SetEntry]]:
    """Entries that can be taken back together: of one section and action, each row once."""
    for _key, group in groupby(entries, key=lambda entry: (entry.section, entry.action)):
        run: list[change_sets.SetEntry] = []
        rows: set[int] = set()
        for entry in group:
            if entry.row_id in rows:
                yield run
                run, rows = [], set()
            run.append(entry)
            rows.add(entry.row_id)
        yield run


def _take_back(undoing: _Undoing, run: Sequence[change_sets.SetEntry]) -> int:
    """Take these entries back; returns of how many rows something was put back."""
    section = registry.by_name().get(run[0].section)
    if section is None or not permissions.allows(undoing.actor, "read", section):
        for entry in run:
            undoing.leave("skipped", entry, GONE)
        return 0
    match run[0].action:
        case "update":
            return _put_back(undoing, section, run)
        case "create":
            return _unmake(undoing, section, run)
        case "delete":
            return _move(undoing, run, trash.restore_many(undoing.deed, section, [entry.row_id for entry in run]))
        case "restore":
            return _move(undoing, run, trash.trash_many(undoing.deed, section, [entry.row_id for entry in run]))
    for entry in run:
        undoing.leave("skipped", entry, "It was removed for good.")
    return 0


def _move(undoing: _Undoing, run: Sequence[change_sets.SetEntry], outcome: writes.Outcome) -> int:
    by_row = {entry.row_id: entry for entry in run}
    moved = {change.id for change in outcome.changed}
    # What went along with a row is there already when its own turn comes; what was there before is no news.
    there = {row_id for row_id in by_row if row_id not in moved and _is_moved(run[0], row_id)}
    for left in outcome.left_out:
        if left.row_id not in there:
            undoing.leave("skipped", by_row[left.row_id], left.reason)
    action = "restore" if run[0].action == "delete" else "delete"
    return len(moved | change_sets.rows_of(undoing.deed.change_set_id, run[0].section, [*there], action))


def _is_moved(entry: change_sets.SetEntry, row_id: int) -> bool:
    columns = registry.get(entry.section).table.columns
    live = db.session.execute(select(columns.live).where(columns.id == row_id)).first()
    return live is not None and (live[0] is not None) == (entry.action == "delete")


def _unmake(undoing: _Undoing, section: Section, run: Sequence[change_sets.SetEntry]) -> int:
    """Move new rows to the trash, unless somebody has worked on them since, or rows that stay need them."""
    kept = _worked_on(undoing, section, run)
    going = [entry.row_id for entry in run if entry.row_id not in kept]
    kept |= dict.fromkeys(_used(section, going), "It is used by rows that stay.") if going else {}
    rest = []
    for entry in run:
        if entry.row_id in kept and not _is_moved(entry, entry.row_id):
            undoing.leave("conflict", entry, kept[entry.row_id])
        else:
            rest.append(entry)
    return (
        _move(undoing, rest, trash.trash_many(undoing.deed, section, [entry.row_id for entry in rest])) if rest else 0
    )


def _worked_on(undoing: _Undoing, section: Section, run: Sequence[change_sets.SetEntry]) -> dict[int, str]:
    """Rows that hold something else than they were made with, by another deed; what was undone itself is none."""
    own = [undoing.undoes, undoing.deed.change_set_id]
    since = log.spans_since(section.name, {entry.row_id: entry.id for entry in run}, but=own)
    return {
        row_id: "It was changed since it was added."
        for row_id, spans in since.items()
        if any(_differs(section.all_fields.get(name), span) for name, span in spans.items())
    }


def _differs(known: Field | None, span: tuple[Any, Any]) -> bool:
    before, after = span
    return known is None or known.secret or changes.plain(before) != changes.plain(after)


def _used(section: Section, going: Sequence[int]) -> set[int]:
    """Rows that others point to which stay: what was made together with them was taken back before."""
    pairs = [
        pair
        for other, pointing in registry.pointing_to(section)
        for pair in relations.pointed_to(other, pointing, going)
        if other is not section or pair[0] not in going
    ]
    return {theirs for _mine, theirs in pairs}


def _put_back(undoing: _Undoing, section: Section, run: Sequence[change_sets.SetEntry]) -> int:
    placed = [
        entry for entry in run
        if "is_pinned" not in entry.changes and not pinning.PARTS.isdisjoint(entry.changes)
    ]  # fmt: skip
    done = sum(_put_pin_back(undoing, section, entry) for entry in placed)
    by_row = {entry.row_id: entry for entry in run if entry not in placed}
    if not by_row:
        return done
    names = {name for entry in by_row.values() for name in entry.changes if name in section.all_fields}

    def plan(change: Change) -> Mapping[str, Any]:
        return _former(undoing, change, by_row[change.id])

    noted_before = len(undoing.notes)
    outcome = writes.update_many(undoing.deed, section, list(by_row), names, plan)
    changed = {change.id for change in outcome.changed}
    repinned = {change.id for change in outcome.changed if change.pinned == (False, True)}
    if repinned:
        pinning.arrange_back(section, [(number, by_row[number].changes) for number in by_row if number in repinned])
    noted = {note.row_id for note in undoing.notes[noted_before:]}
    undoing.left.update(entry.id for number, entry in by_row.items() if number in noted - changed)
    for left in outcome.left_out:
        undoing.leave("skipped", by_row[left.row_id], left.reason)
    return done + len(outcome.changed)


def _put_back_alike(undoing: _Undoing, same: change_sets.SetGroup) -> list[int]:
    """Put the rows back that hold what they were given; returns which ones."""
    section = registry.get(same.section)
    try:
        former, given = (
            {name: _value(section, name, pair[side]) for name, pair in same.changes.items()} for side in (0, 1)
        )
        validation.check_related(section, undoing.actor, former, {})
    except (ValueError, AppError):
        return []  # told row by row
    return alike.write(undoing.deed, section, same.row_ids, former, given).changed


def _value(section: Section, name: str, said: Any) -> Any:
    return values.clean(section.field(name), changes.plain(said))


def _put_pin_back(undoing: _Undoing, section: Section, entry: change_sets.SetEntry) -> int:
    try:
        pinning.put_back(undoing.deed, section, entry.row_id, entry.changes)
    except (NotFound, Denied) as error:
        undoing.leave("skipped", entry, GONE if isinstance(error, NotFound) else error.message)
        return 0
    except AppError as error:
        undoing.leave("conflict", entry, error.message)
        return 0
    return 1


def _former(undoing: _Undoing, change: Change, entry: change_sets.SetEntry) -> dict[str, Any]:
    """The values from before, of the fields that still hold what the change set gave them."""
    found: dict[str, Any] = {}
    passed = pinning.PARTS | undoing.before.get((entry.section, entry.row_id), set())
    for name, (before, after) in entry.changes.items():
        if name in passed:
            continue  # a pin that was taken away is arranged once it is back
        known = change.section.all_fields.get(name)
        if known is None or known.secret:
            said = f"{known.label} cannot be put back: its former value was not kept." if known else GONE_FIELD
            undoing.note("conflict", entry, said.format(name=name))
            continue
        now = changes.plain(changes.standing(change, name))
        if now == changes.plain(before):
            continue
        if now != changes.plain(after):
            detail = {"field": name, "before": before, "after": after, "now": changes.recorded(known, now)}
            undoing.note("conflict", entry, f"{known.label} was changed since.", detail)
            continue
        try:
            found[name] = _clean(undoing.actor, change, known, before)
        except (ValueError, AppError) as error:
            undoing.note("conflict", entry, f"{known.label} cannot be put back: {error}")
    return found


def _clean(actor: Actor, change: Change, known: Field, before: Any) -> Any:
    value = values.clean(known, changes.plain(before))
    standing = changes.standing(change, known.name)
    validation.check_related(change.section, actor, {known.name: value}, {known.name: standing})
    return value


kinds.register(kinds.Kind(name="undo", step=_step))
