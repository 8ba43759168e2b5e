"""Writing and reading history. Entries are written by ``records.writes`` alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import func, insert, literal, select, type_coerce

from admin_site.core import clock
from admin_site.core.database import connection, db
from admin_site.core.driver import insert_row, insert_rows
from admin_site.core.in_list import in_list
from admin_site.core.section import Section
from admin_site.core.types import LongText
from admin_site.history.models import ChangeSet, Entry

# So many entries are on a page.
PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """An entry to be written."""

    section: str
    row_id: int
    action: str
    version: int
    changes: Mapping[str, Sequence[Any]]


def open_change_set(actor_id: int | None, source: str, reason: str = "") -> int:
    """Begin a deed; returns its number."""
    values = {"at": clock.now(), "actor_id": actor_id, "source": source, "reason": reason}
    return insert_row(ChangeSet.__table__, values)


def record(change_set_id: int, actor_id: int | None, entries: Iterable[NewEntry]) -> None:
    """Write the entries of one deed, in one statement."""
    shared = {"change_set_id": change_set_id, "at": clock.now(), "actor_id": actor_id}
    rows = [
        {
            "section": entry.section, "row_id": entry.row_id, "action": entry.action, "version": entry.version,
            "changes": entry.changes,
        }
        for entry in entries
    ]  # fmt: skip
    if rows:
        insert_rows(Entry.__table__, shared, rows)


def record_alike(
    change_set_id: int, actor_id: int | None, section: Section, ids: Sequence[int], action: str,
    changes: Mapping[str, Sequence[Any]],
) -> None:  # fmt: skip
    """Write an entry for each of these rows, which hold their new version already and changed in the same way."""
    entry, row = Entry.__table__.columns, section.table.columns
    said = {
        entry.change_set_id: literal(change_set_id, entry.change_set_id.type),
        entry.at: literal(clock.now(), entry.at.type),
        entry.actor_id: literal(actor_id, entry.actor_id.type),
        entry.section: literal(section.name, entry.section.type),
        entry.row_id: row.id,
        entry.action: literal(action, entry.action.type),
        entry.version: row.version,
        entry.changes: literal(changes, entry.changes.type),
    }
    rows = select(*said.values()).where(in_list(row.id)).order_by(row.id)
    statement = insert(Entry).from_select([column.name for column in said], rows)
    connection().execute(statement, {"rows": ids})


@dataclass(frozen=True)
class ReadEntry:
    """An entry as it is read back."""

    id: int
    change_set_id: int
    at: datetime
    actor_id: int | None
    source: str
    reason: str
    action: str
    version: int
    changes: Mapping[str, Sequence[Any]]


def of_row(
    section: str, row_id: int, *, before: int | None = None, limit: int = PAGE_SIZE, by: int | None = None,
    field: str = "",
) -> list[ReadEntry]:  # fmt: skip
    """The entries of a row, newest first; ``before`` is the number of the last entry already seen.

    ``by`` is whose they are (0 is the system's), ``field`` the name of one that they changed.
    """
    query = (
        select(
            Entry.id, Entry.change_set_id, Entry.at, Entry.actor_id, ChangeSet.source, ChangeSet.reason,
            Entry.action, Entry.version, Entry.changes,
        )
        .join(ChangeSet, ChangeSet.id == Entry.change_set_id)
        .where(Entry.section == section, Entry.row_id == row_id)
        .order_by(Entry.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before is not None:
        query = query.where(Entry.id < before)
    if by is not None:
        query = query.where(Entry.actor_id == by if by else Entry.actor_id.is_(None))
    if field:
        # As the name stands in the JSON: inside of a value its quotes would have strokes before them.
        query = query.where(type_coerce(Entry.changes, LongText).contains(f'"{field}":[', autoescape=True))
    return [ReadEntry(*row) for row in db.session.execute(query)]


def fitting(section: str, row_id: int, *, before: int | None, limit: int, letters: int) -> int:
    """How many of these entries, newest first, have no more than so many letters together; at least one."""
    query = select(func.length(type_coerce(Entry.changes, LongText))).order_by(Entry.id.desc()).limit(limit)
    query = query.where(Entry.section == section, Entry.row_id == row_id)
    lengths = db.session.execute(query if before is None else query.where(Entry.id < before)).scalars()
    return max(1, sum(1 for total in accumulate(lengths) if total <= letters))


def people_of_row(section: str, row_id: int) -> list[int]:
    """Who changed a row, 0 for the system."""
    query = select(Entry.actor_id).where(Entry.section == section, Entry.row_id == row_id).distinct()
    return sorted(number or 0 for number in db.session.execute(query).scalars())


def spans_since(
    section: str, entries: Mapping[int, int], *, but: Sequence[int]
) -> dict[int, dict[str, tuple[Any, Any]]]:
    """What was changed in rows after an entry of theirs (row to entry), leaving out some change sets.

    Row to field to what it held before the first of these changes and after the last.
    """
    query = (
        select(Entry.id, Entry.row_id, Entry.changes)
        .where(Entry.section == section, Entry.row_id.in_(entries), Entry.change_set_id.not_in(but))
        .where(Entry.id > min(entries.values()), Entry.action == "update")
        .order_by(Entry.id)
    )
    found: dict[int, dict[str, tuple[Any, Any]]] = {}
    for number, row_id, changes in db.session.execute(query):
        if number > entries[row_id]:
            spans = found.setdefault(row_id, {})
            for name, (before, after) in changes.items():
                spans[name] = (spans[name][0] if name in spans else before, after)
    return found


@dataclass(frozen=True)
class LatestEntry:
    """The last thing that happened to a row."""

    section: str
    row_id: int
    at: datetime
    actor_id: int | None
    action: str


# So many entries are looked through for what happened since.
LOOKED_THROUGH = 500


def latest(sections: Sequence[str], *, since: datetime, but: int | None, limit: int) -> list[LatestEntry]:
    """What others last did to each row of these sections since a moment, newest first."""
    newest = select(Entry.id).order_by(Entry.id.desc()).limit(LOOKED_THROUGH).subquery()
    query = (
        select(Entry.section, Entry.row_id, Entry.at, Entry.actor_id, Entry.action)
        .join(newest, newest.c.id == Entry.id)
        .where(Entry.at > since, Entry.section.in_(sections), Entry.actor_id.is_distinct_from(but))
        .order_by(Entry.id.desc())
    )
    found: dict[tuple[str, int], LatestEntry] = {}
    for row in db.session.execute(query):
        found.setdefault((row.section, row.row_id), LatestEntry(*row))
    return list(found.values())[:limit]


@dataclass(frozen=True)
class Past:
    """A row as it was: the fields that have changed since with their values then, and whether it was there."""

    values: Mapping[str, Any]
    existed: bool
    was_in_trash: bool


def past(section: str, row_id: int, moment: datetime) -> Past:
    """What a row was at a moment."""
    query = (
        select(Entry.at, Entry.action, Entry.changes)
        .where(Entry.section == section, Entry.row_id == row_id)
        .order_by(Entry.id)
    )
    entries = db.session.execute(query).all()
    then: dict[str, Any] = {}
    for entry in entries:
        if entry.at > moment:
            for name, (before, _after) in entry.changes.items():
                then.setdefault(name, before)
    passed = [entry.action for entry in entries if entry.at <= moment]
    moves = [action for action in passed if action in ("delete", "restore")]
    existed = bool(passed) or not any(entry.action == "create" for entry in entries)
    return Past(then, existed, bool(moves) and moves[-1] == "delete")


@dataclass(frozen=True)
class Since:
    """What was done to a row after a moment."""

    row_id: int
    action: str
    changes: Mapping[str, Sequence[Any]]


def since(section: str, moment: datetime) -> Iterator[Since]:
    """Everything that happened to the rows of a section after a moment, first to last."""
    query = select(Entry.row_id, Entry.action, Entry.changes).where(Entry.section == section, Entry.at > moment)
    for row in db.session.execute(query.order_by(Entry.id)):
        yield Since(*row)


def last_before(section: str, moment: datetime, row_ids: set[int]) -> dict[int, datetime]:
    """When each of these rows was last changed up to a moment."""
    query = (
        select(Entry.row_id, func.max(Entry.at))
        .where(Entry.section == section, Entry.at <= moment)
        .group_by(Entry.row_id)
    )
    return {row_id: at for row_id, at in db.session.execute(query) if row_id in row_ids}


def values_at(section: str, row_id: int, version: int) -> dict[str, Any]:
    """What the fields that changed after this version were then: field to value, as history keeps it."""
    query = (
        select(Entry.changes)
        .where(Entry.section == section, Entry.row_id == row_id, Entry.version > version)
        .order_by(Entry.id)
    )
    then: dict[str, Any] = {}
    for changes in db.session.execute(query).scalars():
        for name, (before, _after) in changes.items():
            then.setdefault(name, before)
    return then


def last_deed(section: str, row_id: int, actor_id: int | None) -> int | None:
    """The change set of what this person last did to a row."""
    query = (
        select(Entry.change_set_id)
        .where(Entry.section == section, Entry.row_id == row_id, Entry.actor_id == actor_id)
        .order_by(Entry.id.desc())
        .limit(1)
    )
    return db.session.execute(query).scalar()


def count_of_row(section: str, row_id: int) -> int:
    """How many entries a row has."""
    query = select(func.count()).select_from(Entry).where(Entry.section == section, Entry.row_id == row_id)
    return db.session.execute(query).scalar_one()


def source_of_row(section: str, row_id: int) -> str | None:
    """Where a row came from: the source of its first entry."""
    query = (
        select(ChangeSet.source)
        .join(Entry, Entry.change_set_id == ChangeSet.id)
        .where(Entry.section == section, Entry.row_id == row_id)
        .order_by(Entry.id)
        .limit(1)
    )
    return db.session.execute(query).scalar()
