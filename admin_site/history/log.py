"""Writing and reading history. Entries are written by ``records.writes`` alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select

from admin_site.core import clock
from admin_site.core.database import db
from admin_site.history.models import ChangeSet, Entry

# Values longer than this are kept whole; the number is for readers of the page only.
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
    result = db.session.execute(insert(ChangeSet).values(values))
    key = result.inserted_primary_key  # type: ignore[attr-defined]  # Result of an insert has it
    return int(key[0])


def record(change_set_id: int, actor_id: int | None, entries: Iterable[NewEntry]) -> None:
    """Write the entries of one deed, in one statement."""
    at = clock.now()
    rows = [
        {
            "change_set_id": change_set_id,
            "at": at,
            "actor_id": actor_id,
            "section": entry.section,
            "row_id": entry.row_id,
            "action": entry.action,
            "version": entry.version,
            "changes": entry.changes,
        }
        for entry in entries
    ]
    if rows:
        db.session.execute(insert(Entry.__table__), rows)  # type: ignore[arg-type]  # a Table, typed as FromClause


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


def of_row(section: str, row_id: int, *, before: int | None = None, limit: int = PAGE_SIZE) -> list[ReadEntry]:
    """The entries of a row, newest first; ``before`` is the number of the last entry already seen."""
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
    return [ReadEntry(*row) for row in db.session.execute(query)]


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
