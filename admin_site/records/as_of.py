"""A list as it was at a moment: its rows are put together from history, and filtered on the values of then.

The rows of then are laid into a small database in memory, and the conditions of the list, the same SQL as ever,
are asked there: all databases give the same answers, so this one does too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Column, MetaData, Table, create_engine, func, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from admin_site.accounts import permissions
from admin_site.core import clock, engines, text
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Kind, Section
from admin_site.history import log
from admin_site.records import changes, filters, keyset, relations, values, windows
from admin_site.records.list_query import ListQuery
from admin_site.records.pins import Pin
from admin_site.records.reads import Item

ROWS_MOST = 10_000
LOT = 500


@dataclass(frozen=True)
class Past:
    """One page of a list as it was; ``is_too_large`` says that nothing was put together."""

    items: Sequence[Item] = ()
    total: int = 0
    is_too_large: bool = False
    # Those that are not in the trash now.
    standing: frozenset[int] = frozenset()


@dataclass
class _Then:
    """The rows of then by number: columns, and what stands beside them."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    links: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    standing: set[int] = field(default_factory=set)


def listed(actor: Actor, query: ListQuery, moment: datetime) -> Past:
    """The rows outside the trash at a moment that match, in the order of the list, as far as they may be read now."""
    section = query.section
    if not permissions.allows(actor, "read", section):
        raise NotFound
    columns = section.table.columns
    here = (columns.created_at <= moment, permissions.condition(actor, "read", section, columns))
    bounded = select(columns.id).where(*here).limit(ROWS_MOST + 1).subquery()
    if db.session.execute(select(func.count()).select_from(bounded)).scalar_one() > ROWS_MOST:
        return Past(is_too_large=True)
    then = _put_together(
        section, [dict(row) for row in db.session.execute(select(section.table).where(*here)).mappings()]
    )
    _go_back(section, then, moment)
    engine = create_engine("sqlite://", module=engines.sqlite_library(), poolclass=StaticPool)
    try:
        with engine.begin() as memory:
            _lay_out(memory, section, then)
            return _found(memory, actor, query, then)
    finally:
        engine.dispose()


def _put_together(section: Section, rows: Sequence[dict[str, Any]]) -> _Then:
    """What stands now: where history begins to go back from."""
    found = _Then({row["id"]: row for row in rows})
    ids = list(found.rows)
    found.standing = {row["id"] for row in rows if row["live"]}
    for name, item in section.all_fields.items():
        if item.kind is Kind.RELATIONS:
            found.links[name] = {}
            for start in range(0, len(ids), LOT):
                found.links[name] |= relations.links(item, ids[start : start + LOT])
    if section.pins:
        pinned = select(Pin.row_id).where(Pin.section == section.name, Pin.user_id.is_(None), _stands())
        found.pinned = set(db.session.execute(pinned).scalars()) & set(ids)
    return found


def _stands() -> Any:
    return Pin.until.is_(None) | (Pin.until > clock.now())


def _go_back(section: Section, then: _Then, moment: datetime) -> None:
    """Put the values from before back, of every change since; the first one after the moment counts."""
    seen: set[tuple[int, str]] = set()
    for entry in log.since(section.name, moment):
        row = then.rows.get(entry.row_id)
        if row is None:
            continue
        if entry.action in ("delete", "restore") and (entry.row_id, "live") not in seen:
            seen.add((entry.row_id, "live"))
            row["live"] = 1 if entry.action == "delete" else None
        for name, (before, _after) in entry.changes.items():
            if (entry.row_id, name) not in seen:
                seen.add((entry.row_id, name))
                _set(section, then, row, name, before)
    for row_id, at in log.last_before(section.name, moment, {number for number, _name in seen}).items():
        then.rows[row_id]["updated_at"] = at


def _set(section: Section, then: _Then, row: dict[str, Any], name: str, before: Any) -> None:
    known = section.all_fields.get(name)
    if known is None or known.secret:
        return
    value = changes.plain(before)
    if known.kind is Kind.RELATIONS:
        then.links[name][row["id"]] = value or []
    elif name == "is_pinned":
        (then.pinned.add if value else then.pinned.discard)(row["id"])
    elif known.kind is Kind.DATETIME:
        row[name] = values.parse_moment(value, known.label) if value else None
    else:
        row[name] = value
    if key := section.keys.get(name):
        long = known.is_long
        row[key] = None if value is None else text.long_key(value) if long else text.key(value)


def _lay_out(memory: Connection, section: Section, then: _Then) -> None:
    """The rows of then, their pairs and pins, and the rows that they point to, as tables of the same names."""
    live = [row for row in then.rows.values() if row["live"]]
    others: dict[str, tuple[Table, set[int]]] = {}
    pairs: dict[str, tuple[Table, list[dict[str, Any]]]] = {}
    for name, item in section.all_fields.items():
        if item.target is None:
            continue
        wanted = others.setdefault(item.target.__tablename__, (_table(item.target), set()))[1]
        if item.through is not None:
            mine, theirs = list(item.through.columns)
            linked = [{mine.name: row["id"], theirs.name: to} for row in live for to in then.links[name][row["id"]]]
            pairs[item.through.name] = (item.through, linked)
            wanted |= {pair[theirs.name] for pair in linked}
        else:
            wanted |= {row[name] for row in live if row[name] is not None}
    for table, ids in others.values():
        if table is not section.table:
            _fill(memory, table, _standing(table, sorted(ids)))
    for table, linked in pairs.values():
        _fill(memory, table, linked)
    _fill(memory, section.table, live)
    pinned = [{"section": section.name, "row_id": number, "position": 0, "id": number} for number in then.pinned]
    _fill(memory, _table(Pin), pinned)


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


def _standing(table: Table, ids: Sequence[int]) -> Iterable[dict[str, Any]]:
    for start in range(0, len(ids), LOT):
        query = select(table).where(table.columns.id.in_(ids[start : start + LOT]))
        yield from (dict(row) for row in db.session.execute(query).mappings())


def _fill(memory: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """A copy of a table without its constraints, with these rows."""
    copy = Table(table.name, MetaData(), *(Column(column.name, column.type) for column in table.columns))
    copy.create(memory)
    if listed := list(rows):
        memory.execute(insert(copy), listed)


def _found(memory: Connection, actor: Actor, query: ListQuery, then: _Then) -> Past:
    section = query.section
    found = [filters.where(section, node, actor, trashed=True) for node in query.nodes]
    total = memory.execute(select(func.count()).select_from(section.table).where(*found)).scalar_one()
    ordered = select(section.table).where(*found).order_by(*keyset.orders(windows.keys_of(query)))
    page = ordered.limit(query.per_page).offset((query.page - 1) * query.per_page)
    rows = [SimpleNamespace(**row) for row in memory.execute(page).mappings()]
    return Past(_items(section, rows, then), int(total), standing=frozenset(then.standing))


def _items(section: Section, rows: Sequence[Any], then: _Then) -> list[Item]:
    """With what their relations are called now."""
    titles: dict[str, Mapping[int, relations.Title]] = {}
    for name, known in section.all_fields.items():
        if known.target is not None:
            linked = then.links.get(name)
            wanted = [to for row in rows for to in (linked[row.id] if linked is not None else [getattr(row, name)])]
            titles[name] = relations.titles(known.target, wanted)
    return [
        Item(section, row, titles, {name: linked[row.id] for name, linked in then.links.items()}, row.id in then.pinned)
        for row in rows
    ]
