"""Change sets read back: what one deed did to which rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Select, String, Text, func, literal, or_, select

from admin_site.core.database import connection, db
from admin_site.history.log import PAGE_SIZE
from admin_site.history.models import ChangeSet, Entry


class SetEntry(Protocol):
    """What a change set did to one row."""

    id: int
    section: str
    row_id: int
    action: str
    version: int
    changes: Mapping[str, Sequence[Any]]


def latest(change_set_id: int, *, before: int | None = None) -> int | None:
    """The number of its last entry, of those before that number."""
    entry = Entry.__table__.columns
    query = select(func.max(entry.id)).where(entry.change_set_id == change_set_id)
    return connection().execute(query if before is None else query.where(entry.id < before)).scalar()


def entries_of(
    change_set_id: int, *, before: int | None = None, after: int | None = None, limit: int = PAGE_SIZE
) -> Sequence[SetEntry]:
    """The entries of a change set, last first; ``before`` is the number of the last entry already seen.

    Give ``after`` where a change set may be large: with the numbers bounded from both sides no database
    comes to think that to sort all that it says is less work than to walk the index, however old its statistics.
    """
    found: Sequence[Any] = connection().execute(_entries_of(change_set_id, before, after, limit)).all()
    return found


def _entries_of(change_set_id: int, before: int | None, after: int | None, limit: int) -> Select[Any]:
    entry = Entry.__table__.columns
    query = select(entry.id, entry.section, entry.row_id, entry.action, entry.version, entry.changes)
    query = query.where(entry.change_set_id == change_set_id).order_by(entry.id.desc()).limit(limit)
    query = query if before is None else query.where(entry.id < before)
    return query if after is None else query.where(entry.id > after)


class SetGroup(NamedTuple):
    """Rows of one section to which a change set did the same, and the first of the entries that say so."""

    section: str
    action: str
    changes: Mapping[str, Sequence[Any]]
    first: int
    row_ids: Sequence[int]


# MariaDB takes texts for the same that begin with the same 1,024 bytes.
GROUPED_LENGTH = 1_000


def groups_of(change_set_id: int, *, before: int, after: int, limit: int) -> Sequence[SetGroup]:
    """The same entries as ``entries_of`` finds, gathered by the database; none where one says too much for that."""
    entry = _entries_of(change_set_id, before, after, limit).subquery().columns
    same = (entry.section, entry.action, entry.changes)
    numbers = func.aggregate_strings(entry.row_id.cast(String(20)), ",")
    length = func.max(func.length(entry.changes))
    rows = connection().execute(select(*same, func.min(entry.id), numbers, length).group_by(*same)).all()
    if any(row[-1] > GROUPED_LENGTH for row in rows):
        return []
    return [
        SetGroup(section, action, changes, first, [*map(int, listed.split(","))])
        for section, action, changes, first, listed, _length in rows
    ]


def rows_of(change_set_id: int, section: str, row_ids: Sequence[int], action: str) -> set[int]:
    """Which of these rows it did this to."""
    query = select(Entry.row_id).where(Entry.change_set_id == change_set_id, Entry.section == section)
    return set(db.session.execute(query.where(Entry.row_id.in_(row_ids), Entry.action == action)).scalars())


def of_rows(
    section: str, row_ids: Sequence[int], change_sets: Sequence[int]
) -> list[tuple[int, int, str, Mapping[str, Sequence[Any]]]]:
    """What some change sets did to these rows, first to last: change set, row, action, changes."""
    # By the rows, which are few: a sum has no index that leads to all that the change sets did.
    among = (Entry.change_set_id + literal(0)).in_(change_sets)
    query = select(Entry.change_set_id, Entry.row_id, Entry.action, Entry.changes)
    query = query.where(Entry.section == section, Entry.row_id.in_(row_ids), among).order_by(Entry.id)
    return [(number, row_id, action, changes) for number, row_id, action, changes in db.session.execute(query)]


def count_of(change_set_id: int) -> int:
    """How many rows a change set touched."""
    query = select(func.count()).select_from(Entry).where(Entry.change_set_id == change_set_id)
    return db.session.execute(query).scalar_one()


def kinds_of(change_set_id: int) -> list[tuple[str, str]]:
    """What it did to rows of which sections: (section, action), which is create, update, delete, restore or purge."""
    query = select(Entry.section, Entry.action).where(Entry.change_set_id == change_set_id).distinct()
    return [(section, action) for section, action in db.session.execute(query.order_by(Entry.section, Entry.action))]


@dataclass(frozen=True)
class ReadSet:
    """A change set as it is read back."""

    id: int
    at: datetime
    actor_id: int | None
    source: str
    reason: str


# Words are looked for in the newest entries only: nothing indexes them.
SEARCHED_MOST = 50_000


def find_all(
    *, sections: Sequence[str], actor_id: int | None = None, source: str = "", since: datetime | None = None,
    words: str = "", before: int | None = None, limit: int = PAGE_SIZE,
) -> list[ReadSet]:  # fmt: skip
    """Change sets that touched rows of these sections, newest first."""
    touched = select(Entry.id).where(Entry.change_set_id == ChangeSet.id, Entry.section.in_(sections))
    query = select(ChangeSet.id, ChangeSet.at, ChangeSet.actor_id, ChangeSet.source, ChangeSet.reason)
    query = query.where(touched.exists()).order_by(ChangeSet.id.desc()).limit(limit)
    if actor_id is not None:
        query = query.where(ChangeSet.actor_id == actor_id)
    if source:
        query = query.where(ChangeSet.source == source)
    if since is not None:
        query = query.where(ChangeSet.at >= since)
    if before is not None:
        query = query.where(ChangeSet.id < before)
    if words:
        query = query.where(ChangeSet.id.in_(_having(sections, words)))
    return [ReadSet(*row) for row in db.session.execute(query)]


def _having(sections: Sequence[str], words: str) -> Any:
    newest = db.session.execute(select(func.max(Entry.id))).scalar() or 0
    # Lower case as the database has it, which on SQLite is ASCII's, and the ways in which words are written.
    ways = {words, words.lower(), words.upper(), words.capitalize()}
    said = or_(*(_has(Entry.changes.cast(Text), json.dumps(way, ensure_ascii=False)[1:-1]) for way in ways))
    reason = or_(*(_has(ChangeSet.reason, way) for way in ways))
    return (
        select(Entry.change_set_id)
        .join(ChangeSet, ChangeSet.id == Entry.change_set_id)
        .where(Entry.id > newest - SEARCHED_MOST, Entry.section.in_(sections), or_(said, reason))
    )


def _has(column: Any, words: str) -> Any:
    lowered = func.lower(column).contains(words.lower(), autoescape=True)
    return or_(lowered, column.contains(words, autoescape=True))


@dataclass(frozen=True)
class Part:
    """How many rows of a section a change set did something to, and one of them."""

    section: str
    action: str
    count: int
    row_id: int


def parts_of(ids: Sequence[int], sections: Sequence[str]) -> dict[int, list[Part]]:
    """What each of these change sets did, in numbers."""
    count = func.count()
    query = (
        select(Entry.change_set_id, Entry.section, Entry.action, count, func.min(Entry.row_id))
        .where(Entry.change_set_id.in_(ids), Entry.section.in_(sections))
        .group_by(Entry.change_set_id, Entry.section, Entry.action)
        .order_by(count.desc())
    )
    found: dict[int, list[Part]] = {number: [] for number in ids}
    for number, section, action, rows, row_id in db.session.execute(query):
        found[number].append(Part(section, action, rows, row_id))
    return found


def find(change_set_id: int) -> ReadSet | None:
    """One change set."""
    query = select(ChangeSet.id, ChangeSet.at, ChangeSet.actor_id, ChangeSet.source, ChangeSet.reason)
    row = db.session.execute(query.where(ChangeSet.id == change_set_id)).first()
    return ReadSet(*row) if row else None
