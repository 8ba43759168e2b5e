"""Reading rows of any section: only what the actor may see, only the columns that are shown."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select

from admin_site.accounts import permissions
from admin_site.core import registry, text
from admin_site.core.database import Record, db
from admin_site.core.errors import NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section, title_of
from admin_site.records import filters, pins
from admin_site.records.list_query import DEEPEST_ROW, ListQuery
from admin_site.records.values import ID_MOST

COUNT_MOST = 10_000
CANDIDATES_MOST = 50


@dataclass(frozen=True)
class Title:
    """What the row behind a relation is called, and whether it is in the trash."""

    id: int
    text: str
    trashed: bool = False


@dataclass(frozen=True)
class Item:
    """A row with what its relations are called: ``titles`` by field, then by number."""

    section: Section
    row: Any
    titles: Mapping[str, Mapping[int, Title]]
    links: Mapping[str, list[int]] = field(default_factory=dict)
    is_pinned: bool = False
    pinned_until: datetime | None = None

    @property
    def id(self) -> int:
        """The number of the row."""
        return int(self.row.id)

    @property
    def title(self) -> str:
        """What the row is called."""
        return self.section.title_of(self.row)

    def value(self, name: str) -> Any:
        """The stored value of a field."""
        if name == "is_pinned":
            return self.is_pinned
        if self.section.field(name).kind is Kind.RELATIONS:
            return self.links.get(name, [])
        return getattr(self.row, name)

    def related(self, name: str) -> list[Title]:
        """The titles behind a relation field."""
        value = self.value(name)
        numbers = value if isinstance(value, list) else [] if value is None else [value]
        found = self.titles.get(name, {})
        return [found[number] for number in numbers if number in found]


@dataclass(frozen=True)
class Page:
    """One page of a list. ``total`` (matching) and ``in_all`` are exact unless bounded: then there are more."""

    query: ListQuery
    items: Sequence[Item]
    pinned: Sequence[Item]
    total: int
    is_bounded: bool
    in_all: int
    in_all_is_bounded: bool

    @property
    def first(self) -> int:
        """The place of the first row, from 1."""
        return (self.query.page - 1) * self.query.per_page + 1

    @property
    def last(self) -> int:
        """The place of the last row."""
        return self.first + len(self.items) - 1

    @property
    def has_next(self) -> bool:
        """Whether rows follow that can be paged to."""
        return self.last < min(self.total, DEEPEST_ROW)

    @property
    def is_too_deep(self) -> bool:
        """Whether the page lies further down than lists are paged through."""
        return self.first > DEEPEST_ROW


def visible(actor: Actor, section: Section, *, trashed: bool = False, action: str = "read") -> ColumnElement[bool]:
    """The rows on which the actor may do this, in or outside the trash."""
    columns = section.table.columns
    here = columns.live.is_(None) if trashed else columns.live == 1
    return and_(here, permissions.condition(actor, action, section, columns))


def find(actor: Actor, section: Section, row_id: int, *, trashed: bool = False) -> Row[Any]:
    """A row with all its columns; ``NotFound`` where it is missing or hidden."""
    row = None
    if permissions.allows(actor, "read", section) and 0 < row_id <= ID_MOST:
        query = select(section.table).where(
            section.table.columns.id == row_id, visible(actor, section, trashed=trashed)
        )
        row = db.session.execute(query).first()
    if row is None:
        raise NotFound
    return row


def item(actor: Actor, section: Section, row_id: int, *, trashed: bool = False) -> Item:
    """A row with its relations, for a page about it."""
    row = find(actor, section, row_id, trashed=trashed)
    (found,) = _items(section, [row], section.all_fields)
    return found


def page(actor: Actor, query: ListQuery) -> Page:
    """One page of a list, with the pinned band."""
    section = query.section
    if not permissions.allows(actor, "read", section):
        raise NotFound
    base = [visible(actor, section, trashed=query.trashed)]
    matching = [*base, *_conditions(query)]
    total = _count(section, matching)
    offset = (query.page - 1) * query.per_page
    statement = _select(section, section.columns).where(*matching).order_by(*_order(query))
    is_near = offset < DEEPEST_ROW
    rows = db.session.execute(statement.limit(query.per_page).offset(offset)).all() if is_near else []
    band = _band(actor, query)
    items = _items(section, [*band, *rows], section.columns, {row.id: row.until for row in band})
    in_all = total + len(band) if _shows_all(query, band) else _count(section, base)
    return Page(
        query=query,
        items=items[len(band) :],
        pinned=items[: len(band)],
        total=min(total, COUNT_MOST),
        is_bounded=total > COUNT_MOST,
        in_all=min(in_all, COUNT_MOST),
        in_all_is_bounded=in_all > COUNT_MOST,
    )


def _shows_all(query: ListQuery, band: Sequence[Any]) -> bool:
    """Whether the rows of the list and its band are all there are."""
    return not query.is_narrowed and query.pinned in ("", "first") and len(band) < pins.BAND_LENGTH


def count(actor: Actor, query: ListQuery) -> int:
    """How many rows a list has, counted no further than ``COUNT_MOST`` + 1."""
    return _count(query.section, [visible(actor, query.section, trashed=query.trashed), *_conditions(query)])


def titles(model: type[Record], ids: Iterable[int]) -> dict[int, Title]:
    """What these rows are called. A relation's title is readable with the row that shows it."""
    wanted = sorted({number for number in ids if number is not None})
    if not wanted:
        return {}
    columns = [getattr(model, name) for name in model.__title__]
    query = select(model.id, model.live, *columns).where(model.id.in_(wanted))
    return {
        row.id: Title(row.id, text.clip(title_of(model, row)), row.live is None) for row in db.session.execute(query)
    }


def newest(actor: Actor, query: ListQuery) -> list[Item]:
    """The first rows of a list, without counting it."""
    section = query.section
    names = section.title_columns
    statement = _select(section, names).where(visible(actor, section), *_conditions(query)).order_by(*_order(query))
    return _items(section, db.session.execute(statement.limit(query.per_page)).all(), names, {})


def in_use(
    actor: Actor, section: Section, field: Field, q: str = "", *, ids: Sequence[int] | None = None
) -> list[Title]:
    """Rows that a relation field points to in rows that the actor may see: what a filter can offer, or name."""
    condition = _is_in_use(actor, section, field)
    if ids is not None:
        assert field.target is not None  # noqa: S101 - checked at start (S011)
        condition = and_(condition, field.target.__table__.columns.id.in_(ids))
    return _found(field, q, CANDIDATES_MOST, condition)


def _is_in_use(actor: Actor, section: Section, field: Field) -> ColumnElement[bool]:
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    theirs = field.target.__table__.columns.id
    table = section.table
    if field.through is not None:
        mine, others = list(field.through.columns)
        pointing = select(mine).join(table, table.columns.id == mine).where(others == theirs)
    else:
        pointing = select(table.columns.id).where(table.columns[field.name] == theirs)
    return exists(pointing.where(visible(actor, section)).correlate(field.target.__table__))


def choosable(actor: Actor, field: Field, ids: Sequence[int], stood: Sequence[int]) -> list[Title]:
    """The titles of rows that were chosen: those that may be, and those that stood already."""
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    columns = field.target.__table__.columns
    may_be = and_(columns.live == 1, selectable(actor, field.target))
    allowed = set(db.session.execute(select(columns.id).where(columns.id.in_(ids), may_be)).scalars()) if ids else set()
    named = titles(field.target, [number for number in ids if number in allowed or number in stood])
    return [named[number] for number in ids if number in named]


def candidates(actor: Actor, field: Field, q: str, limit: int = CANDIDATES_MOST) -> list[Title]:
    """Rows that a relation field may point to, found by title, in the order of their titles."""
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    table = field.target.__table__
    return _found(field, q, limit, and_(table.columns.live == 1, selectable(actor, field.target)))


def _found(field: Field, q: str, limit: int, condition: ColumnElement[bool]) -> list[Title]:
    model = field.target
    assert model is not None  # noqa: S101 - checked at start (S011)
    table = model.__table__
    keys = [_key_column(table, name) for name in model.__title__]
    query = select(table.columns.id, *(table.columns[name] for name in model.__title__)).where(condition)
    for word in text.fold(q.replace("\0", "")).split()[:5]:
        query = query.where(or_(*(key.contains(word, autoescape=True) for key in keys)))
    rows = db.session.execute(query.order_by(*keys, table.columns.id).limit(limit))
    return [Title(row.id, text.clip(title_of(model, row))) for row in rows]


def selectable(actor: Actor, model: type[Record]) -> ColumnElement[bool]:
    """The rows of a model that the actor may point a relation to: those that they may read.

    A person may always point to themselves, and editors to any author, so users are an exception: whoever
    may set an owner may find people by name.
    """
    section = registry.of_model(model)
    table = model.__table__
    if section is None or section.area == "accounts":
        return and_(table.columns.live == 1)
    return permissions.condition(actor, "read", section, section.table.columns)


def links(field: Field, ids: Sequence[int]) -> dict[int, list[int]]:
    """The numbers behind a RELATIONS field, for each of these rows."""
    assert field.through is not None  # noqa: S101 - checked at start (S012)
    mine, theirs = list(field.through.columns)
    found: dict[int, list[int]] = {row_id: [] for row_id in ids}
    if ids:
        query = select(mine, theirs).where(mine.in_(ids)).order_by(mine, theirs)
        for row_id, other in db.session.execute(query):
            found[row_id].append(other)
    return found


def _conditions(query: ListQuery) -> list[ColumnElement[bool]]:
    section = query.section
    found = [filters.where(section, condition) for condition in query.conditions]
    if query.words and section.search:
        found.append(filters.where_words(section, query.words))
    if section.pins and query.pinned in ("only", "none", "first"):
        is_pinned = pins.is_pinned(section)
        found.append(is_pinned if query.pinned == "only" else ~is_pinned)
    return found


def _band(actor: Actor, query: ListQuery) -> Sequence[Any]:
    """The pinned rows in their order, each with the end of its pin."""
    section = query.section
    if not section.pins or query.pinned != "first":
        return []
    statement = _select(section, section.columns).where(visible(actor, section))
    return db.session.execute(pins.in_order(section, statement)).all()


def _count(section: Section, conditions: Sequence[ColumnElement[bool]]) -> int:
    matching = select(section.table.columns.id).where(*conditions)
    return int(db.session.execute(filters.bounded_count(matching, COUNT_MOST)).scalar_one())


def _select(section: Section, names: Iterable[str]) -> Select[Any]:
    columns = section.table.columns
    wanted = dict.fromkeys(
        ["id", "version", "live", "created_by", "created_at", "updated_at", "deleted_at", section.owner,
         *section.title_columns, *(["status"] if section.workflow else []), *names]
    )  # fmt: skip
    return select(*(columns[name] for name in wanted if name in columns))


def _order(query: ListQuery) -> list[Any]:
    section = query.section
    orders: list[Any] = []
    for order in query.sort:
        column = _key_column(section.table, order.field)
        if column.nullable:
            orders.append(column.is_(None))
        orders.append(column.desc() if order.descending else column.asc())
    newest_first = query.sort[0].descending if query.sort else True
    number = section.table.columns.id
    return [*orders, number.desc() if newest_first else number.asc()]


def _key_column(table: Any, name: str) -> Any:
    return table.columns.get(f"{name}_key", table.columns[name])


def _items(
    section: Section, rows: Sequence[Any], names: Iterable[str], pinned: Mapping[int, datetime | None] | None = None
) -> list[Item]:
    """Rows with the titles of their relations, a query for each table that they point to."""
    ids = [row.id for row in rows]
    shown = [section.field(name) for name in names]
    linked = {item.name: links(item, ids) for item in shown if item.kind is Kind.RELATIONS}
    wanted: dict[type[Record], set[int]] = defaultdict(set)
    for item in shown:
        if item.target:
            wanted[item.target].update(_numbers(item, rows, linked))
    found = {model: titles(model, numbers) for model, numbers in wanted.items()}
    named = {item.name: found[item.target] for item in shown if item.target}
    if pinned is None:
        pinned = dict.fromkeys(pins.pinned_among(section, ids)) if section.pins and ids else {}
    return [
        Item(
            section, row, named, {name: numbers[row.id] for name, numbers in linked.items()},
            row.id in pinned, pinned.get(row.id),
        )
        for row in rows
    ]  # fmt: skip


def _numbers(item: Field, rows: Sequence[Any], linked: Mapping[str, Mapping[int, list[int]]]) -> Iterable[int]:
    if item.kind is Kind.RELATIONS:
        return (number for numbers in linked[item.name].values() for number in numbers)
    return (number for row in rows if (number := getattr(row, item.name)) is not None)
