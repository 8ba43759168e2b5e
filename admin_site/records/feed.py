"""Pages of a list for programs: so many rows from a page number at any depth, or from a cursor.

The same query, conditions and order as the pages', but rows are plain columns without titles, and pinned rows
are no band above each page: where they are asked for first, the list begins with them.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from admin_site.core.database import db, execute_kept
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.core.types import written
from admin_site.records import keyset, pins, reads, relations, windows
from admin_site.records.keyset import Position
from admin_site.records.list_query import ListQuery
from admin_site.records.reads import Matching

# Marks a cursor that stands among the pinned rows.
PINNED = "~"


@dataclass(frozen=True)
class Slice:
    """Rows with their columns; ``total`` is None where nobody counted. ``next_cursor`` is empty at the end."""

    rows: Sequence[Any]
    total: int | None
    has_next: bool
    next_cursor: str


def readable(section: Section) -> Mapping[str, Field]:
    """The fields that a program gets to see."""
    return {
        name: item for name, item in section.all_fields.items() if not item.secret and item.kind is not Kind.PASSWORD
    }


def check_cursor(raw: str) -> None:
    """``ValueError`` where this is no cursor."""
    if raw:
        _tag, dot, position = raw.partition(".")
        if not dot:
            raise ValueError("not a cursor")
        keyset.read(position.removeprefix(PINNED))


def cursor_at(query: ListQuery, position: str) -> str:
    """A cursor at a position of this list; it names the sort, since its values mean another place in another one."""
    return f"{_tag_of(query)}.{position}" if position else ""


def _tag_of(query: ListQuery) -> str:
    said = f"{query.section.name} {','.join(map(str, query.orders))}"
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _position(query: ListQuery, cursor: str) -> str:
    tag, _dot, position = cursor.partition(".")
    if cursor and tag != _tag_of(query):
        raise ValueError("a cursor of another list")
    return position


def by_page(actor: Actor, query: ListQuery, names: Sequence[str]) -> Slice:
    """The rows of page ``query.page``, with the exact number of all."""
    total = Matching.of(actor, replace(query, pinned=_narrowed(query))).count(None)
    offset = (query.page - 1) * query.per_page
    rows, cursor = _from(actor, query, names, offset) if offset < total else ([], "")
    return Slice(rows, total, offset + len(rows) < total, cursor_at(query, cursor))


def by_cursor(actor: Actor, query: ListQuery, names: Sequence[str], cursor: str) -> Slice:
    """The rows after a cursor, or the first ones where it is empty. ``ValueError`` where it is of another list."""
    position = _position(query, cursor)
    if query.pinned != "first":
        rows, following = _plain(actor, query, names, position, 0, whole=True)
    elif not position or position.startswith(PINNED):
        rows, following = _pinned(actor, query, names, position, 0)
    else:
        rows, following = _plain(actor, replace(query, pinned="none"), names, position, 0, whole=True)
    return Slice(rows, None, bool(following), cursor_at(query, following))


def _from(actor: Actor, query: ListQuery, names: Sequence[str], offset: int) -> tuple[Sequence[Any], str]:
    if query.pinned != "first":
        # Of rows that are only passed over, PostgreSQL would read all that they bring along.
        return _plain(actor, query, names, "", offset, whole=not offset)
    return _pinned(actor, query, names, "", offset)


def _narrowed(query: ListQuery) -> str:
    """Pinned rows first are in the same list as all rows."""
    return "" if query.pinned == "first" else query.pinned


def _plain(
    actor: Actor, query: ListQuery, names: Sequence[str], cursor: str, offset: int, *, whole: bool = False
) -> tuple[Sequence[Any], str]:
    """Rows by the sort; ``whole`` as ``columns_of`` has it."""
    position = keyset.read(cursor) if cursor else None
    keys = windows.keys_of(query)
    if position is not None:
        keyset.check(keys, position)
    matching = Matching.of(actor, query)
    few = matching.has_words and matching.count(windows.FEW) <= windows.FEW
    rows = columns_of(query.section, names, whole=whole)
    window = windows.sorted_window(matching, rows, position, few=few, offset=offset)
    return window.rows, str(window.after or "")


def _pinned(
    actor: Actor, query: ListQuery, names: Sequence[str], cursor: str, offset: int
) -> tuple[Sequence[Any], str]:
    """Pinned rows in their order, and as many of the others as there is room for."""
    section, size = query.section, query.per_page
    only, others = replace(query, pinned="only"), replace(query, pinned="none")
    position = keyset.read(cursor.removeprefix(PINNED)) if cursor else None
    conditions = Matching.of(actor, only).where(few=True)
    statement = pins.in_order(section, columns_of(section, names).where(*conditions))
    if position is not None:
        statement = statement.where(pins.after(*_place(position)))
    found = db.session.execute(statement.limit(size + 1).offset(offset)).all()
    if len(found) > size:
        last = found[size - 1]
        return found[:size], PINNED + str(Position((last.pin_position, last.pin_id)))
    skipped = 0
    if offset and not found:
        counted = select(func.count()).select_from(statement.order_by(None).subquery())
        skipped = offset - db.session.execute(counted).scalar_one()
    if len(found) == size:  # where the others begin is asked with the next page, if there are any
        last = found[-1]
        more = _plain(actor, replace(others, per_page=1), ("id",), "", 0)[0]
        return found, PINNED + str(Position((last.pin_position, last.pin_id))) if more else ""
    rest, following = _plain(actor, replace(others, per_page=size - len(found)), names, "", skipped)
    return [*found, *rest], following


def _place(position: Position) -> tuple[int, int]:
    if len(position.values) != 2 or not all(type(value) is int for value in position.values):
        raise ValueError("not a position")
    place, number = position.values
    if abs(place) > keyset.WHOLE_MOST:
        raise ValueError("not a position")
    return place, number


def row(section: Section, row_id: int, names: Sequence[str]) -> Any:
    """A row that was just written, for whoever wrote it: nothing is asked here."""
    wanted = (*names, "version")

    def make() -> Select[Any]:
        return columns_of(section, wanted).where(section.table.columns.id == bindparam("row"))

    statement = reads.kept(section, ("written", wanted), make)
    return execute_kept(statement, {"row": row_id}).one()


def rows_of(section: Section, ids: Sequence[int], names: Sequence[str]) -> list[Any]:
    """These rows in this order, for somebody who was found to see them."""
    if not ids:
        return []
    statement = columns_of(section, names).where(section.table.columns.id.in_(ids))
    found = {one.id: one for one in db.session.execute(statement)}
    return [found[number] for number in ids if number in found]


def columns_of(section: Section, names: Sequence[str], *, whole: bool = False) -> Select[Any]:
    """The columns of these fields and the number, without anything joined. Moments are text, as JSON has them.

    ``whole``, rows bring along whether they are pinned and the numbers behind relations, where those are among the
    fields; ask it with ``pins.asked``.
    """
    names = tuple(names)
    dialect = db.session.get_bind().dialect.name if whole else ""

    def make() -> Select[Any]:
        columns = section.table.columns
        wanted = (name for name in dict.fromkeys(["id", *names]) if name in columns)
        plain = select(*(written(columns[name]).label(name) for name in wanted))
        return plain.add_columns(*_along(section, names)) if whole else plain

    return reads.kept(section, ("plain", names, dialect), make)


def _along(section: Section, names: Sequence[str]) -> Iterator[Any]:
    if section.pins and "is_pinned" in names:
        yield pins.flag(section)
    for name in names:
        if section.field(name).kind is Kind.RELATIONS:
            yield relations.numbers(section, section.field(name))
