"""The rows of one page of a list, sorted or ranked, from a position or an offset on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from admin_site.core.database import connection, db, execute_kept
from admin_site.core.in_list import in_list
from admin_site.core.types import written
from admin_site.records import keyset, pins, reads, relations, statements
from admin_site.records.keyset import Key, Position
from admin_site.records.list_query import DEEPEST_ROW, ORDERS_MOST, ListQuery
from admin_site.records.reads import COUNT_MOST, Matching
from admin_site.records.search import ranking
from admin_site.records.search.ranking import Head, Place

# Rows with the words are gathered and sorted up to here; above, the sort is walked and the index asked.
FEW = 1_000
LENGTHS = 10


@dataclass(frozen=True)
class Window:
    """The rows of a page, and whether others lie before and after it."""

    rows: Sequence[Any] = ()
    before: Position | None = None
    after: Position | None = None


def keys_of(query: ListQuery) -> list[Key]:
    """The columns that the list is ordered by; the number ends it, so that the order is total."""
    table, orders = query.section.table, list(query.orders)
    by_number = next((order for order in orders if order.field == "id"), orders[0])
    if by_number.field == "id":  # what comes after a number decides nothing
        orders = orders[: orders.index(by_number)]
    keys = [Key.of(relations.key_column(table, order.field), descending=order.descending) for order in orders]
    return [*keys, Key.of(table.columns.id, descending=by_number.descending)]


def window_of(
    matching: Matching,
    names: Sequence[str],
    total: int,
    *,
    bare: bool = False,
    offset: int | None = None,
    counted: int = 0,
) -> Window:
    """The rows of a page, ranked or sorted; ``total`` is how many there are, as far as they are counted.

    ``offset`` is where it begins, if not where the number of the page says. ``counted``, the rows of a sorted list
    bring along how many the section has, as far as that.
    """
    query = matching.query
    position = keyset.read(query.after) if query.after else None
    begin = offset if offset is not None else 0 if position else (query.page - 1) * query.per_page
    if query.is_ranked:
        return _Ranked(matching, names, few=total <= COUNT_MOST, bare=bare).window(position, begin)
    if position is None and (query.page - 1) * query.per_page >= DEEPEST_ROW:
        return Window()
    statement = reads.selection(query.section, names, bare=bare, flagged=True, counted=counted)
    if not bare and query.terms:
        statement = statement.add_columns(*excerpt(query))
    return sorted_window(matching, statement, position, few=total <= FEW, offset=begin)


def sorted_window(
    matching: Matching, rows: Select[Any], position: Position | None, *, few: bool, offset: int = 0
) -> Window:
    """So many of these rows of a sorted list, from a position or an offset on."""
    return _Sorted(matching, rows, few=few).window(position, offset)


class _Sorted:
    """A list by its columns."""

    def __init__(self, matching: Matching, rows: Select[Any], *, few: bool) -> None:
        self.query = matching.query
        self.keys = keys_of(self.query)
        self.matching, self.selected, self.few = matching, rows, few
        names, selected = [key.column.name for key in self.keys], rows.selected_columns
        # Where rows have the values of the keys: among what is selected, or behind it.
        self.marks = [name if name in selected else f"_k{place}" for place, name in enumerate(names)]

    def window(self, position: Position | None, offset: int) -> Window:
        limit = self.query.per_page + 1
        if position is None:
            rows = self._rows(self.keys, None, limit, offset)
            return self._cut(rows, has_before=offset > 0)
        try:
            values = keyset.check(self.keys, position)
        except ValueError:  # of another sort: from the beginning
            return self._cut(self._rows(self.keys, None, limit, 0), has_before=False)
        if not position.backwards:
            return self._cut(self._rows(self.keys, values, limit, 0), has_before=True)
        turned = [key.turned() for key in self.keys]
        rows = self._rows(turned, values, limit, 0)
        shown = rows[: self.query.per_page][::-1]
        return Window(
            shown,
            before=self._position(shown[0], backwards=True) if len(rows) == limit else None,
            after=self._position(shown[-1]) if shown else None,
        )

    def _cut(self, rows: Sequence[Any], *, has_before: bool) -> Window:
        shown = rows[: self.query.per_page]
        return Window(
            shown,
            before=self._position(shown[0], backwards=True) if has_before and shown else None,
            after=self._position(shown[-1]) if len(rows) > len(shown) else None,
        )

    def _position(self, row: Any, *, backwards: bool = False) -> Position:
        return Position(tuple(getattr(row, name) for name in self.marks), backwards)

    def _rows(self, keys: Sequence[Key], values: Sequence[Any] | None, limit: int, offset: int) -> list[Any]:
        excluded = set(self.matching.excluded)
        if offset:
            return self._fetch(keys, values, (), limit, offset)
        # The few rows that stand elsewhere are read and dropped: what no statement names can be kept.
        enough = limit + len(excluded)
        found = self._in_two(keys, values, enough) if keys[0].nullable else self._fetch(keys, values, (), enough, 0)
        return [row for row in found if row.id not in excluded][:limit] if excluded else found

    def _in_two(self, keys: Sequence[Key], values: Sequence[Any] | None, limit: int) -> list[Any]:
        """Rows with a value and rows without are read apart: an index is walked for each, none is sorted."""
        column = keys[0].column
        solid = [replace(keys[0], nullable=False), *keys[1:]]
        parts: list[tuple[bool, Sequence[Any] | None]] = [(True, None), (False, None)]
        if keys[0].nulls_first:
            parts.reverse()
        if values is not None:
            start = 0 if (values[0] is not None) == parts[0][0] else 1
            parts = [(parts[start][0], values), *parts[start + 1 :]]
        found: list[Any] = []
        for has_value, begin in parts:
            if len(found) < limit:
                if has_value:
                    found += self._fetch(solid, begin, (column.is_not(None),), limit - len(found), 0)
                else:
                    rest = begin[1:] if begin is not None else None
                    found += self._fetch(keys[1:], rest, (column.is_(None),), limit - len(found), 0)
        return found

    def _fetch(
        self,
        keys: Sequence[Key],
        values: Sequence[Any] | None,
        more: Sequence[ColumnElement[bool]],
        limit: int,
        offset: int,
    ) -> list[Any]:
        current = connection()
        if offset or not self._is_plain or (values is not None and None in values):
            # Whoever skips rows must not count those that stand elsewhere.
            conditions = (self.matching if offset else self._every).where(few=self.few)
            statement = self._statement(keys, values, (*conditions, *more)).limit(limit)
            return list(current.execute(statement.offset(offset) if offset else statement, pins.asked()).all())
        asked = dict(zip(_FROM, values or (), strict=False)) | pins.asked()
        # Tens, and the row that tells whether others follow: the same statement for many lengths of a page.
        most = -(-(limit - 1) // LENGTHS) * LENGTHS + 1
        statement = self._kept(keys, more, most, is_first=values is None)
        return list(execute_kept(statement, asked).all()[:limit])

    @property
    def _is_plain(self) -> bool:
        """Whether it is every row of the section: what pages and programs ask for most."""
        return self.matching.is_plain and not self.matching.has_words and not self.query.trashed

    def _kept(
        self, keys: Sequence[Key], more: Sequence[ColumnElement[bool]], most: int, *, is_first: bool
    ) -> Select[Any]:
        def make() -> Select[Any]:
            bounds = [bindparam(name, type_=key.column.type) for name, key in zip(_FROM, keys, strict=False)]
            conditions = (*self._every.where(few=False), *more)
            statement = self._statement(keys, None if is_first else bounds, conditions)
            return statement.limit(statements.at_most(most))

        dialect = db.session.get_bind().dialect.name
        shape = tuple((key.column.name, key.descending, key.nullable, key.nulls_first) for key in keys)
        names = tuple(key.column.name for key in self.keys)
        return reads.kept(self.query.section, ("sorted", dialect, self.selected, names, shape, most, is_first), make)

    @property
    def _every(self) -> Matching:
        return replace(self.matching, excluded=())

    def _statement(
        self, keys: Sequence[Key], values: Sequence[Any] | None, conditions: Sequence[ColumnElement[bool]]
    ) -> Select[Any]:
        named = zip(self.marks, self.keys, strict=True)
        marks = [written(key.column).label(name) for name, key in named if name != key.column.name]
        statement = self.selected.add_columns(*marks).where(*conditions)
        if values is not None:
            statement = statement.where(keyset.beyond(keys, values))
        return statement.order_by(*keyset.orders(keys))


# The values of a position, as a kept statement is asked with them.
_FROM = tuple(f"from_{place}" for place in range(ORDERS_MOST + 1))


class _Ranked:
    """A list by how well its rows answer the words: those that were weighed, then the older ones."""

    def __init__(self, matching: Matching, names: Sequence[str], *, few: bool, bare: bool) -> None:
        self.matching, self.query, self.names, self.few, self.bare = matching, matching.query, names, few, bare

    def window(self, position: Position | None, offset: int) -> Window:
        """Read both parts in one order: places of the head by score, then numbers of the tail."""
        size = self.query.per_page
        frozen, place = _read_ranked(position)
        conditions = () if self.matching.is_plain else self.matching.looked_up
        excluded = self.matching.excluded
        head = ranking.head(self.query.section, self.query.terms, conditions, frozen, excluded, few=self.few)
        if position is not None and place is not None and position.backwards:
            found = self._before(head, place, size + 1)
            shown, has_before, has_after = found[-size:], len(found) > size, True
        else:
            found = self._after(head, place, size + 1, offset)
            shown, has_before, has_after = found[:size], bool(place or offset), len(found) > size
        return Window(
            self._rows([at.id for at in shown]),
            before=_ranked_position(head, shown[0], backwards=True) if has_before and shown else None,
            after=_ranked_position(head, shown[-1]) if has_after and shown else None,
        )

    def _after(self, head: Head, place: Place | None, limit: int, offset: int) -> list[Place]:
        places = [at for at in head.places if place is None or at < place]
        found = places[offset : offset + limit]
        if len(found) < limit:
            below = place.id if place is not None and place.score == TAIL_SCORE else None
            found += self._tail(head, limit - len(found), max(0, offset - len(places)), below=below)
        return found

    def _before(self, head: Head, place: Place, limit: int) -> list[Place]:
        found: list[Place] = []
        if place.score == TAIL_SCORE:
            found = self._tail(head, limit, 0, above=place.id)[::-1]
        better = [at for at in head.places if at > place]
        missing = limit - len(found)
        return [*better[-missing:], *found] if missing else found

    def _tail(
        self, head: Head, limit: int, offset: int, *, below: int | None = None, above: int | None = None
    ) -> list[Place]:
        if not head.any_from:
            return []
        row = self.query.section.table.columns.id
        conditions = [*self.matching.where(few=False), ranking.tail(self.query.section, self.query.terms, head)]
        if below is not None:
            conditions.append(row < below)
        if above is not None:
            conditions.append(row > above)
        order = row.asc() if above is not None else row.desc()
        found = db.session.execute(select(row).where(*conditions).order_by(order).limit(limit).offset(offset)).scalars()
        return [Place(TAIL_SCORE, number) for number in found]

    def _rows(self, ids: Sequence[int]) -> list[Any]:
        return rows_of(self.query, self.names, ids, bare=self.bare)


def rows_of(query: ListQuery, names: Sequence[str], ids: Sequence[int], *, bare: bool = False) -> list[Any]:
    """These rows in this order, for somebody who was found to see them; ``bare`` as ``reads.selection`` has it."""
    if not ids:
        return []
    section, names, is_marked = query.section, tuple(names), bool(query.terms)

    def make() -> Select[Any]:
        statement = reads.selection(section, names, bare=bare, flagged=True)
        if not bare:
            statement = statement.add_columns(*excerpt(query))
        return statement.where(in_list(section.table.columns.id))

    statement = reads.kept(section, ("rows of", names, is_marked, bare), make)
    found = {row.id: row for row in execute_kept(statement, {"rows": list(ids)} | pins.asked())}
    return [found[number] for number in ids if number in found]


# Lower than any weighed row.
TAIL_SCORE = -1_000_000.0


def _read_ranked(position: Position | None) -> tuple[Head | None, Place | None]:
    if position is None or len(position.values) != 5 or not all(_is_number(value) for value in position.values):
        return None, None
    newest, titles_from, any_from, score, number = position.values
    return Head((), int(newest), int(titles_from), int(any_from)), Place(float(score), int(number))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**40


def _ranked_position(head: Head, place: Place, *, backwards: bool = False) -> Position:
    return Position((head.newest, head.titles_from, head.any_from, place.score, place.id), backwards)


def excerpt(query: ListQuery) -> list[Any]:
    """The beginning of the long text in which words were found, where they are looked for."""
    if not query.terms:
        return []
    section = query.section
    long = (name for name in section.search if section.field(name).is_long)
    name = next((name for name in long if name not in section.title_columns), None)
    if name is None:
        return []
    return [func.substr(section.table.columns[name], 1, reads.EXCERPT_LENGTH).label("_excerpt")]
