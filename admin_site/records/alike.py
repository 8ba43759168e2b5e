"""The same values for many rows, written by the database itself: what ``writes.update_many`` does, a row at a time.

Only where nothing that is asked, filled in or recorded depends on what else stands in a row; then rows that had
the same before are one change, and cost no more than the statements that write them. Both ways leave the same
(``tests/records/test_alike.py``).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from admin_site.accounts import permissions
from admin_site.core import clock
from admin_site.core.database import connection, db
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Kind, Section
from admin_site.history import log
from admin_site.records import effects, filters, outbox
from admin_site.records.effects import Deed

# What the database compares as these are compared here.
KINDS = frozenset({Kind.CHOICE, Kind.BOOLEAN, Kind.DATETIME, Kind.INTEGER, Kind.RELATION})


@dataclass
class Written:
    """Numbers of rows: those that changed, had the values already, and are for ``writes.update_many`` to judge."""

    changed: list[int] = field(default_factory=list)
    same: list[int] = field(default_factory=list)
    rest: list[int] = field(default_factory=list)


def applies(actor: Actor, section: Section, names: Collection[str]) -> bool:
    """Whether these fields can be changed so, by this person, whatever a row holds."""
    return (
        bool(names)
        and not section.are_hooks_concerned(names)
        and permissions.is_unconditional(actor, "update", section)
        and all(_is_plain(actor, section, section.all_fields.get(name)) for name in names)
    )


def _is_plain(actor: Actor, section: Section, known: Field | None) -> bool:
    """A column that only whoever acts decides about: no folded form, no index of words, no uniqueness."""
    if known is None or known.kind not in KINDS or known.secret or known.name not in section.table.columns:
        return False
    if known.name in (*section.search, *section.title_columns, *section.unique, *section.keys):
        return False
    if known.write is not None and not actor.is_system and known.write.decided(actor) is not True:
        return False
    workflow = section.workflow
    is_status = workflow is not None and known.name == workflow.field
    return not (workflow and is_status) or permissions.is_unconditional(actor, workflow.action, section)


def write(
    deed: Deed, section: Section, ids: Sequence[int], new: Mapping[str, Any], expected: Mapping[str, Any] | None = None
) -> Written:
    """Give these rows the values, which are clean; with ``expected``, only those that still hold that.

    Rows that are not seen, or hold something else, are the ``rest``. Ask ``applies`` before.
    """
    groups = _read(deed.actor, section, ids, new)
    written, due = Written(), dict[Held, list[Row]]()
    for held, rows in groups.items():
        numbers = [number for number, _version in rows]
        if all(held.values[name] == value for name, value in new.items()):
            written.same += numbers
        elif _is_other(held, expected or {}) or _is_emptied(section, held, new):
            written.rest += numbers
        else:
            due[held] = rows
    now = clock.now()
    changed = [number for rows in due.values() for number, _version in rows]
    try:
        with db.session.begin_nested():
            for held, rows in due.items():
                stamp = _stamp_of(section, held, new)
                _write_group(deed, section, held, rows, {**new, **({stamp: now} if stamp else {})}, now)
        written.changed = changed
    except IntegrityError:  # what the values point to has gone at this moment
        written.rest += changed
    seen = {number for rows in groups.values() for number, _version in rows}
    written.rest += [number for number in ids if number not in seen]
    return written


Row = tuple[int, int]


class Held:
    """What some rows hold of what matters here: columns, and which moments are still to be filled in."""

    def __init__(self, names: Sequence[str], values: Sequence[Any], empty: Collection[str]) -> None:
        self.values, self.empty = dict(zip(names, values, strict=True)), empty


def _read(actor: Actor, section: Section, ids: Sequence[int], new: Mapping[str, Any]) -> dict[Held, list[Row]]:
    """Number and version of the rows by what they hold of it, locked."""
    columns, workflow = section.table.columns, section.workflow
    stamps = list(workflow.stamps.values()) if workflow else []
    names = list(dict.fromkeys((*new, workflow.field))) if workflow and stamps else list(new)
    empty = [columns[name].is_(None) for name in stamps]
    query = select(columns.id, columns.version, *(columns[name] for name in names), *empty)
    query = query.where(in_list(columns.id), filters.visible(actor, section, walks=False))
    rows = connection().execute(query.order_by(columns.id).with_for_update(), {"rows": ids})
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows.all():
        found[row[2:]].append(row[:2])
    edge = len(names)
    return {
        Held(names, key[:edge], [name for name, is_empty in zip(stamps, key[edge:], strict=True) if is_empty]): held
        for key, held in found.items()
    }


def _stamp_of(section: Section, held: Held, new: Mapping[str, Any]) -> str:
    """The column that gets the present moment, or none."""
    workflow = section.workflow
    if workflow is None or not workflow.stamps:
        return ""
    stamp = workflow.stamps.get(new.get(workflow.field, held.values[workflow.field]), "")
    is_empty = new[stamp] is None if stamp in new else stamp in held.empty
    return stamp if is_empty else ""


def _is_other(held: Held, expected: Mapping[str, Any]) -> bool:
    return any(held.values[name] != value for name, value in expected.items())


def _is_emptied(section: Section, held: Held, new: Mapping[str, Any]) -> bool:
    """Whether a moment would be taken away that belongs to the state in which the rows stay."""
    workflow = section.workflow
    if workflow is None or not workflow.stamps:
        return False
    state = held.values[workflow.field]
    if new.get(workflow.field, state) != state:
        return False
    stamp = workflow.stamps.get(state, "")
    return stamp in new and new[stamp] is None and stamp not in held.empty


def _write_group(
    deed: Deed, section: Section, held: Held, rows: Sequence[Row], new: Mapping[str, Any], now: datetime
) -> None:
    """Rows that held the same: the row, its history, and what is told to others."""
    table, ids = section.table, [number for number, _version in rows]
    values = {**new, "updated_at": now, "version": table.columns.version + 1}
    statement = update(table).where(in_list(table.columns.id)).values(values)
    connection().execute(statement, {"rows": ids})
    before = {**dict.fromkeys(new), **held.values, "id": ids[0]}
    one = Change(section=section, actor=deed.actor, before=before, after={**before, **new})
    (said,) = effects.differences(section, [one])
    log.record_alike(deed.change_set_id, deed.actor.id, section, ids, "update", said)
    fields = outbox.fields_of(one)
    touched = (("update", number, version + 1, fields) for number, version in rows)
    outbox.note(deed.change_set_id, deed.actor.id, deed.source, section, touched)
