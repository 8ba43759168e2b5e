"""Reading rows of any section: only what the actor may see, only the columns that are shown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Row, Select, bindparam, case, false, select

from admin_site.accounts import permissions
from admin_site.core import text
from admin_site.core.database import among, connection, db, execute_kept
from admin_site.core.errors import NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.core.types import written
from admin_site.records import filters, pins, plenty, relations, statements
from admin_site.records.filters import bounded_count, visible
from admin_site.records.list_query import ListQuery
from admin_site.records.relations import Title
from admin_site.records.search import index
from admin_site.records.search.terms import Term
from admin_site.records.values import ID_MOST

COUNT_MOST = 10_000
# Where a found word stands in the long text of a row is looked for this far.
EXCERPT_LENGTH = 4_000
_NO_LINKS: Mapping[str, list[int]] = {}


@dataclass(frozen=True)
class PinNote:
    """How a row of the band is pinned."""

    id: int
    is_own: bool
    until: datetime | None
    reason: str


@dataclass(slots=True)  # not frozen: to make hundreds of frozen ones takes as long as to ask for them
class Item:
    """A row with what its relations are called: ``titles`` by field, then by number."""

    section: Section
    row: Any
    titles: Mapping[str, Mapping[int, Title]]
    links: Mapping[str, list[int]]
    is_pinned: bool = False
    pin: PinNote | None = None

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


def find(actor: Actor, section: Section, row_id: int, *, trashed: bool = False, locked: bool = False) -> Row[Any]:
    """A row with all its columns; ``NotFound`` where it is missing or hidden.

    ``locked``, it stays as it is until the transaction ends.
    """

    def make() -> Select[Any]:
        query = select(section.table)
        return query.with_for_update() if locked else query

    return _one(actor, section, row_id, ("find", locked), make, trashed=trashed)


def find_by(actor: Actor, section: Section, name: str, value: str) -> int:
    """The number of the row with this value of a unique field; ``NotFound`` where it is missing or hidden."""
    number = None
    if permissions.allows(actor, "read", section) and text.is_storable(value):
        columns = section.table.columns
        query = select(columns.id).where(columns[name] == value, visible(actor, section))
        number = db.session.execute(query).scalar()
    if number is None:
        raise NotFound
    return int(number)


def item(actor: Actor, section: Section, row_id: int, *, trashed: bool = False) -> Item:
    """A row with its relations, for a page about it."""

    def make() -> Select[Any]:
        query = _with_titles(select(section.table), section, section.all_fields)
        return query.add_columns(pins.flag(section)) if section.pins else query

    row = _one(actor, section, row_id, ("item",), make, trashed=trashed)
    pinned = [row_id] if section.pins and row._is_pinned else ()
    (found,) = items(section, [row], section.all_fields, pinned=pinned)
    return found


def _one(
    actor: Actor, section: Section, row_id: int, key: tuple[Any, ...], make: Callable[[], Select[Any]], *, trashed: bool
) -> Row[Any]:
    """The row of this number that a statement finds; ``NotFound`` where it is missing or hidden."""
    row = None
    if permissions.allows(actor, "read", section) and 0 < row_id <= ID_MOST:

        def whole() -> Select[Any]:
            here = section.table.columns.id == bindparam("row")
            return make().where(here, visible(actor, section, trashed=trashed))

        given = {"row": row_id} | (pins.asked() if section.pins else {})
        row = ask(actor, section, (*key, trashed), whole, given).first()
    if row is None:
        raise NotFound
    return row


@dataclass(frozen=True)
class Matching:
    """The rows of a list, before they are ordered: what page, count, export, facets and totals share."""

    query: ListQuery
    conditions: tuple[ColumnElement[bool], ...]
    # Whether the person may see every live row and nothing but words narrows the list.
    is_plain: bool
    # The same conditions for rows that are looked up by their number.
    looked_up: tuple[ColumnElement[bool], ...]
    # Rows that stand elsewhere on the page, for its window to leave out.
    excluded: tuple[int, ...] = ()

    @classmethod
    def of(cls, actor: Actor, query: ListQuery) -> "Matching":
        """The rows that this person sees in this list; ``NotFound`` where the section is hidden from them."""
        section = query.section
        if not permissions.allows(actor, "read", section):
            raise NotFound
        found = [filters.where(section, node, actor, trashed=query.trashed) for node in query.filters]
        if query.trashed:
            found += [filters.where_words(section, text.fold(term.text).split()) for term in query.terms]
        if query.pinned == "only" and not section.pins:
            found.append(false())
        elif section.pins and query.pinned in ("only", "none"):
            is_pinned = pins.is_pinned(section)
            found.append(is_pinned if query.pinned == "only" else ~is_pinned)
        is_plain = not found and permissions.is_unconditional(actor, "read", section)
        walked, looked_up = (visible(actor, section, trashed=query.trashed, walks=walks) for walks in (True, False))
        return cls(query, (walked, *found), is_plain, (looked_up, *found))

    @property
    def has_words(self) -> bool:
        """Whether rows are looked up in the index."""
        return bool(self.query.terms) and not self.query.trashed

    def but(self, ids: Sequence[int]) -> "Matching":
        """The same without these rows."""
        return replace(self, excluded=tuple(ids))

    def ids(self, *more: ColumnElement[bool], terms: Sequence[Term] | None = None) -> Select[Any]:
        """Their numbers, without order; from the index where words are looked up.

        ``more`` are further conditions, over what they are taken from; ``terms`` stand for those of the query.
        """
        columns = self.query.section.table.columns
        if not self.has_words:
            return select(columns.id).where(*self.where(few=True), *more)
        section = self.query.section
        number = index.row_id(section)
        found = select(number.label("id")).select_from(index.source())
        found = found.where(index.matching(section, terms or self.query.terms), *more)
        if self.is_plain:  # rows in the trash have no document
            return found
        return found.join(section.table, columns.id == number).where(*self.looked_up)

    def rows(self) -> Select[Any]:
        """The same with the section's table beside the index, so that its columns can be asked for."""
        section, columns = self.query.section, self.query.section.table.columns
        if not self.has_words:
            return select(columns.id).where(*self.where(few=True))
        found = select(columns.id).select_from(index.source())
        found = found.join(section.table, columns.id == index.row_id(section)).where(*self.looked_up)
        return found.where(index.matching(section, self.query.terms))

    def lot(self, *, above: int, highest: int, size: int, few: bool) -> list[int]:
        """The lowest of these numbers above one number and up to another; ``few`` says that few have the words.

        Each lot is found without going through those before it.
        """
        section, number = self.query.section, self.query.section.table.columns.id
        if self.has_words:
            query = self.ids(index.between(section, above, highest)).order_by(index.oldest_first(few=few))
        else:
            query = self.ids(number > above, number <= highest).order_by(number)
        return list(db.session.execute(query.limit(size)).scalars())

    def count(self, most: int | None = COUNT_MOST) -> int:
        """How many they are, counted no further than ``most`` + 1."""
        return int(db.session.execute(select(self.counting(most))).scalar_one())

    def counting(self, most: int | None) -> Any:
        """The same as an expression, so that several counts go in one statement."""
        if most is not None:
            return self._bounded(most)
        return filters.counted(self.ids())

    def among(self, ids: Iterable[int]) -> Select[Any]:
        """Those of these numbers that are theirs, each looked up."""
        section, number = self.query.section, self.query.section.table.columns.id
        if self.has_words:
            return self.ids(index.among(section, ids))
        return select(number).where(*self.looked_up, among(number, ids))

    def _bounded(self, most: int) -> Any:
        counted = bounded_count(self.ids(), most).scalar_subquery()
        if not self.has_words or all(term.exact for term in self.query.terms):
            return counted
        # Whole words are found faster than their beginnings: often they alone are more than are counted.
        whole = tuple(term.whole for term in self.query.terms)
        return filters.more_or(self.ids(terms=whole), most, counted)

    def where(self, *, few: bool) -> tuple[ColumnElement[bool], ...]:
        """The conditions over the section's table; ``few`` says that hardly any row has the words."""
        section, terms = self.query.section, self.query.terms
        conditions = self.looked_up if few and self.has_words else self.conditions
        if self.excluded:
            conditions = (*conditions, section.table.columns.id.not_in(self.excluded))
        if not self.has_words:
            return conditions
        row = section.table.columns.id
        found = index.is_one_of(row, index.ids(section, terms)) if few else index.is_found(section, terms)
        return (*conditions, found)


def count(actor: Actor, query: ListQuery) -> int:
    """How many rows a list has, counted no further than ``COUNT_MOST`` + 1."""
    return Matching.of(actor, query).count()


def ask(
    actor: Actor, section: Section, key: tuple[Any, ...], make: Callable[[], Select[Any]], given: Mapping[str, Any]
) -> CursorResult[*tuple[Any, ...]]:
    """Ask for rows that the person may read, by a statement that is made once where that says nothing of the person."""
    if permissions.is_unconditional(actor, "read", section):
        return execute_kept(kept(section, key, make), given)
    return connection().execute(make(), given)


def kept(section: Section, key: tuple[Any, ...], make: Callable[[], Select[Any]]) -> Select[Any]:
    """A statement about the rows of a section that is made once."""
    return statements.kept((section.table, *key), make)


def bounded_count_of(section: Section, most: int) -> Any:
    """How many rows a section has, counted no further than ``most`` + 1, as an expression."""
    live = select(section.table.columns.id).where(section.table.columns.live == 1)
    counted = filters.more_or(live, most, filters.counted(live))
    return case((plenty.is_sure(plenty.of_section(section)), most + 1), else_=counted)


def selection(
    section: Section, names: Sequence[str], *, bare: bool = False, flagged: bool = False, counted: int = 0
) -> Select[Any]:
    """These columns, what every row's page needs, and the titles behind relations, joined.

    ``bare``, nothing but what a file has: moments are text, and of relations there are the titles alone.

    ``flagged``, rows of a section with pins say whether they are pinned; it is then asked with ``pins.asked``.
    ``counted``, each says how many rows the section has, counted no further than this and one more.
    """
    names = tuple(names)
    is_flagged = flagged and section.pins and not bare

    def make() -> Select[Any]:
        statement = _selection(section, names, bare=bare)
        if counted:
            statement = statement.add_columns(bounded_count_of(section, counted).label("_in_all"))
        return statement.add_columns(pins.flag(section)) if is_flagged else statement

    return kept(section, ("rows", bare, is_flagged, counted, names), make)


def _selection(section: Section, names: Sequence[str], *, bare: bool) -> Select[Any]:
    columns = section.table.columns
    if bare:
        plain = dict.fromkeys(["id", *(name for name in names if not _is_joined(section.all_fields[name]))])
        asked = (written(columns[name]).label(name) for name in plain if name in columns)
        return _with_titles(select(*asked), section, names, bare=True)
    wanted = dict.fromkeys(
        ["id", "version", "live", "created_by", "created_at", "updated_at", "deleted_at", section.owner,
         *section.title_columns, *(["status"] if section.workflow else []), *names]
    )  # fmt: skip
    return _with_titles(select(*(columns[name] for name in wanted if name in columns)), section, names)


def _is_joined(field: Field) -> bool:
    """Whether what stands behind it is selected along with a row."""
    return field.kind is Kind.RELATION and field.target is not None


def _with_titles(statement: Select[Any], section: Section, names: Iterable[str], *, bare: bool = False) -> Select[Any]:
    """The same with what the rows behind these relations are called, and unless ``bare`` whether they are live."""
    for name in names:
        known = section.all_fields[name]
        if known.target is not None and _is_joined(known):
            other = known.target.__table__.alias(f"{name}_of")
            titled = [
                other.columns[part].label(f"{name}__{place}") for place, part in enumerate(known.target.__title__)
            ]
            live = [] if bare else [other.columns.live.label(f"{name}__live")]
            statement = statement.add_columns(*live, *titled)
            statement = statement.outerjoin_from(section.table, other, other.columns.id == section.table.columns[name])
    return statement


def items(
    section: Section, rows: Sequence[Any], names: Iterable[str], *,
    named: Mapping[str, Mapping[int, Title]] | None = None, pinned: Iterable[int] = (),
    notes: Sequence[PinNote | None] = (),
) -> list[Item]:  # fmt: skip
    """Rows with what their relations are called."""
    ids = [row.id for row in rows]
    shown = [section.field(name) for name in names]
    titles: dict[str, Mapping[int, Title]] = {}
    links: dict[str, dict[int, list[int]]] = {}
    for known in shown:
        if known.kind is Kind.RELATIONS:
            links[known.name], titles[known.name] = relations.linked(known, ids)
        elif known.kind is Kind.RELATION:
            titles[known.name] = named.get(known.name, {}) if named is not None else _joined(known, rows)
    standing = set(pinned)
    return [
        Item(section, row, titles, {name: numbers[number] for name, numbers in links.items()} if links else _NO_LINKS,
             number in standing, note)
        for number, row, note in zip(ids, rows, notes or repeat(None), strict=False)
    ]  # fmt: skip


def _joined(known: Field, rows: Sequence[Any]) -> dict[int, Title]:
    """Titles that were selected along with the rows."""
    assert known.target is not None  # noqa: S101 - checked at start (S011)
    read, live = attrgetter(known.name), attrgetter(f"{known.name}__live")
    parts = [attrgetter(f"{known.name}__{part}") for part in range(len(known.target.__title__))]
    found: dict[int, Title] = {}
    for row in rows:
        number = read(row)
        if number is not None and number not in found:
            found[number] = relations.of_parts(number, [part(row) for part in parts], trashed=live(row) is None)
    return found
