"""What a change does, in order: the row, what the section adds, links, pins, search, history, outbox.

Each effect takes any number of changes of one section and needs a fixed number of statements for
rows that change alike, so that one row and a thousand take the same path.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, insert, update

from admin_site.core import clock
from admin_site.core.database import connection, db
from admin_site.core.driver import insert_row, insert_rows, update_rows
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Kind, Section
from admin_site.history import log
from admin_site.records import outbox, pins, relations, values
from admin_site.records.search import documents


@dataclass(frozen=True)
class Deed:
    """One change set: who acts, from where, and its number in history."""

    actor: Actor
    source: str
    change_set_id: int


# So many rows that get the same values are worth a statement of their own.
ALIKE_LEAST = 10

Effect = Callable[[Deed, Section, Sequence[Change]], None]


def write_rows(deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    """Insert new rows and update changed ones."""
    now = clock.now()
    _insert(section.table, [change for change in changes if not change.before], deed, now)
    same: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in changes:
        if not change.before:
            continue
        names = sorted(change.differing() - {"version", "updated_at"})
        change.after |= {"updated_at": now, "version": change.before["version"] + 1}
        same[tuple(names)].append(change)
    for touched, lot in same.items():
        _update(section.table, touched, lot, now)


def _insert(table: Table, new: Sequence[Change], deed: Deed, now: datetime) -> None:
    own = {"created_at": now, "updated_at": now, "created_by": deed.actor.id, "version": 1, "live": 1}
    rows = [{**change.after, **own} for change in new]
    if len(rows) == 1:
        new[0].after |= {**rows[0], "id": insert_row(table, rows[0])}
    if len(rows) <= 1:
        return
    statement = insert(table).returning(table.columns.id, sort_by_parameter_order=True)
    made = connection().execute(statement, rows).scalars().all()
    for change, row, number in zip(new, rows, made, strict=True):
        change.after |= {**row, "id": number}


def _update(table: Table, names: Sequence[str], lot: Sequence[Change], now: datetime) -> None:
    """Rows that change in the same columns: at once where many get the same values, else each by itself."""
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for change in lot:
        alike[tuple([change.after[name] for name in names])].append(change.id)
    if len(alike) * ALIKE_LEAST > len(lot):
        update_rows(table, {"updated_at": now}, [{"id": c.id, **{n: c.after[n] for n in names}} for c in lot])
        return
    for given, ids in alike.items():
        new = dict(zip(names, given, strict=True)) | {"updated_at": now, "version": table.columns.version + 1}
        connection().execute(update(table).where(in_list(table.columns.id)).values(**new), {"rows": ids})


def follow(deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    """What the section itself does with its rows."""
    if section.follow:
        section.follow(deed, changes)


def write_links(_deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    """Make and cut the pairs of RELATIONS fields."""
    for name in {name for change in changes for name in change.links}:
        through = section.field(name).through
        assert through is not None  # noqa: S101 - checked at start (S012)
        mine, theirs = list(through.columns)
        made: list[dict[str, int]] = []
        cut: dict[int, list[int]] = defaultdict(list)
        for change in changes:
            old, new = change.links.get(name, ([], []))
            made += [{mine.name: change.id, theirs.name: number} for number in new if number not in old]
            for number in old:
                if number not in new:
                    cut[number].append(change.id)
        for number, row_ids in cut.items():
            db.session.execute(delete(through).where(mine.in_(row_ids), theirs == number))
        if made:
            insert_rows(through, {}, made)


def write_pins(deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    """Pin and unpin for everyone."""
    wanted = [change for change in changes if change.pinned and change.pinned[0] != change.pinned[1]]
    if pinned := [change.id for change in wanted if change.pinned and change.pinned[1]]:
        pins.pin(section, pinned, deed.actor.id)
    if unpinned := [change for change in wanted if change.pinned and not change.pinned[1]]:
        ids = [change.id for change in unpinned]
        told = pins.described(section, ids)
        for change in unpinned:
            change.unpinned = told.get(change.id, {})
        pins.unpin(section, ids)


def write_history(deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    """An entry for each row."""
    log.record(
        deed.change_set_id,
        deed.actor.id,
        [
            log.NewEntry(
                section=section.name,
                row_id=change.id,
                action=change.action,
                version=change.after["version"],
                changes=said,
            )
            for change, said in zip(changes, differences(section, changes), strict=True)
        ],
    )


def differences(section: Section, changes: Sequence[Change]) -> list[dict[str, list[Any]]]:
    """Field to (before, after) for each change, as history keeps it: relations with what they are called."""
    titles = _titles(section, changes)
    return [_differences(section, change, titles) for change in changes]


def _differences(
    section: Section, change: Change, titles: dict[str, dict[int, relations.Title]]
) -> dict[str, list[Any]]:
    fields = section.all_fields
    found: dict[str, list[Any]] = {name: [None, None] for name in change.secrets}
    for name, (old, new) in change.links.items():
        if sorted(old) != sorted(new):
            found[name] = [[_said(fields[name], number, titles) for number in numbers] for numbers in (old, new)]
    if change.pinned and change.pinned[0] != change.pinned[1]:
        found["is_pinned"] = list(change.pinned)
    for name in change.differing():
        field = fields.get(name)
        if field is not None and not field.fixed and name not in found:
            found[name] = [_said(field, side.get(name), titles) for side in (change.before, change.after)]
    lost = {name: [value, None] for name, value in change.unpinned.items()}
    return (found if len(found) < 2 else {name: found[name] for name in fields if name in found}) | lost


def _said(field: Field, value: Any, titles: dict[str, dict[int, relations.Title]]) -> Any:
    if value is not None and field.is_relation:
        title = titles[field.name].get(value)
        return {"id": value, "title": title.text if title else ""}
    return values.to_json(value)


def _titles(section: Section, changes: Sequence[Change]) -> dict[str, dict[int, relations.Title]]:
    found = {}
    for field in section.all_fields.values():
        if field.target is None or field.fixed:
            continue
        if field.kind is Kind.RELATIONS:
            pairs = [change.links[field.name] for change in changes if field.name in change.links]
            numbers = [number for old, new in pairs if sorted(old) != sorted(new) for number in (*old, *new)]
        else:
            sides = [side for change in changes if change.changed(field.name) for side in (change.before, change.after)]
            numbers = [side[field.name] for side in sides if side.get(field.name) is not None]
        asked = _asked_already(field.name, changes)
        found[field.name] = asked | relations.titles(field.target, [n for n in numbers if n not in asked])
    return found


def _asked_already(name: str, changes: Sequence[Change]) -> dict[int, relations.Title]:
    asked: dict[int, relations.Title] = {}
    for titles in {id(change.titles): change.titles for change in changes}.values():  # rows made together share theirs
        asked |= titles.get(name, {})
    return asked


def write_search(_deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    """The search document of each row; rows in the trash have none."""
    documents.write(section, changes)


def write_outbox(deed: Deed, section: Section, changes: Sequence[Change]) -> None:
    """What webhooks are to be told."""
    touched = ((change.action, change.id, change.after["version"], outbox.fields_of(change)) for change in changes)
    outbox.note(deed.change_set_id, deed.actor.id, deed.source, section, touched)


# A new effect is added here and nowhere else.
EFFECTS: tuple[Effect, ...] = (write_rows, follow, write_links, write_pins, write_search, write_history, write_outbox)
