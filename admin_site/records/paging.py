"""One page of a list: the pinned band, the rows from a position on, and how many there are."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, literal, select

from admin_site.accounts import permissions
from admin_site.core.database import connection, db
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records import filters, pins, reads, windows
from admin_site.records.keyset import Position
from admin_site.records.list_query import DEEPEST_ROW, ListQuery
from admin_site.records.reads import COUNT_MOST, Item, Matching, PinNote


@dataclass(frozen=True)
class Page:
    """One page of a list. ``total`` (matching) and ``in_all`` are exact unless bounded: then there are more.

    ``in_band`` of those that match stand above as pins, on every page; they come first in the count.
    """

    query: ListQuery
    columns: tuple[str, ...]
    items: Sequence[Item]
    pinned: Sequence[Item]
    total: int
    is_bounded: bool
    in_all: int
    in_all_is_bounded: bool
    in_band: int = 0
    next_after: str = ""
    previous_after: str = ""

    @property
    def first(self) -> int:
        """The place of the first row, from 1."""
        return self._before + self.in_band + 1 if self._before else 1

    @property
    def last(self) -> int:
        """The place of the last row."""
        return self._before + self.in_band + len(self.items)

    @property
    def _before(self) -> int:
        """How many rows the pages before have, without the band."""
        return (self.query.page - 1) * self.query.per_page

    @property
    def has_next(self) -> bool:
        """Whether rows follow."""
        return bool(self.next_after)

    @property
    def is_too_deep(self) -> bool:
        """Whether the page was asked for by a number that lies further down than lists are paged through."""
        return not self.query.after and self._before >= DEEPEST_ROW


def page(actor: Actor, query: ListQuery, columns: Sequence[str] = ()) -> Page:
    """One page of a list with these columns (the declared ones if none are given), and the pinned band."""
    section = query.section
    names = tuple(columns) or section.columns
    every = Matching.of(actor, query)
    band = _band(actor, query, names)
    listed = every.but([row.id for row in band])
    other, in_all = _counts(actor, listed, len({row.id for row in band}))
    in_band = _matching_in(every, {row.id for row in band})
    total = other + in_band
    window = windows.window_of(listed, names, other)
    rows = [*band, *window.rows]
    found = reads.items(section, rows, names, pinned=_pinned(section, band, window.rows), notes=notes(band, rows))
    most = max(total, in_all) if query.is_exact else COUNT_MOST
    return Page(
        query=query, columns=names, items=found[len(band) :], pinned=found[: len(band)],
        total=min(total, most), is_bounded=total > most, in_band=in_band,
        in_all=min(in_all, most), in_all_is_bounded=in_all > most,
        next_after=str(window.after or ""), previous_after=str(window.before or ""),
    )  # fmt: skip


def first(actor: Actor, query: ListQuery, names: Sequence[str]) -> list[Item]:
    """The first rows of a list by its sort, without counting it."""
    window = windows.window_of(Matching.of(actor, query), names, COUNT_MOST)
    return reads.items(query.section, window.rows, names)


def walk(
    actor: Actor, query: ListQuery, names: Sequence[str], position: Position | None
) -> tuple[Sequence[Any], Position | None]:
    """The rows after a position, in the order of the list, and where the next ones begin: for export and jobs.

    Rows have these columns and the titles behind relations, as ``reads.selection`` names them.
    """
    asked = replace(query, after=str(position or ""), page=1)
    matching = Matching.of(actor, asked)
    total = matching.count() if matching.has_words else 0
    window = windows.window_of(matching, names, total, bare=True)
    return window.rows, window.after


def _counts(actor: Actor, listed: Matching, in_band: int) -> tuple[int, int]:
    """How many rows the list has, and how many there are without its filters: one statement."""
    query = listed.query
    most = None if query.is_exact else COUNT_MOST
    if not query.is_narrowed:
        if listed.is_plain and most and not query.trashed:
            in_all = _plain_count(query.section)
            # A count that stopped somewhere says no more than that there are more.
            return in_all if in_all > most + in_band else in_all - in_band, in_all
        total = listed.count(most)
        return total, total + in_band
    every = Matching.of(actor, ListQuery(section=query.section, trashed=query.trashed))
    if every.is_plain and most and not query.trashed:
        return listed.count(most), _plain_count(query.section)
    total, in_all = db.session.execute(select(listed.counting(most), every.counting(most))).one()
    return total, in_all


def _matching_in(every: Matching, band: AbstractSet[int]) -> int:
    """How many rows of the band are among those that match."""
    if not band or not every.query.is_narrowed:
        return len(band)
    number = every.query.section.table.columns.id
    found = select(func.count()).where(in_list(number), *every.where(few=False))
    return int(connection().execute(found, {"rows": sorted(band)}).scalar_one())


def _plain_count(section: Section) -> int:
    """The bounded count of a whole section, which most pages ask for: a little further than is told."""
    columns, most = section.table.columns, COUNT_MOST + pins.BAND_LENGTH

    def make() -> Select[Any]:
        live = select(columns.id).where(columns.live == 1)
        # To find that there are more is cheaper than to count them.
        more = select(literal(most + 1)).where(columns.live == 1).offset(most).limit(1).scalar_subquery()
        counted = select(func.count()).select_from(live.subquery()).scalar_subquery()
        return select(func.coalesce(more, counted))

    return int(connection().execute(reads.kept(section, ("count", most), make)).scalar_one())


def _band(actor: Actor, query: ListQuery, names: Sequence[str]) -> list[Any]:
    """The pinned rows in their order; one that is pinned twice stands where it stands for everyone."""
    section = query.section
    if not section.pins or query.pinned != "first" or query.trashed:
        return []
    own, names = actor.id is not None, tuple(names)

    def make() -> Select[Any]:
        here = reads.selection(section, names).where(filters.visible(actor, section, walks=False))
        return pins.band(section, here, own=own)

    is_same = permissions.is_unconditional(actor, "read", section)
    statement = reads.kept(section, ("band", own, names), make) if is_same else make()
    rows = db.session.execute(statement, pins.asked(actor.id)).all()
    return list({row.id: row for row in reversed(rows)}.values())[::-1]


def notes(band: Sequence[Any], rows: Sequence[Any]) -> list[PinNote | None]:
    """How the rows of a band are pinned, and nothing for the rows after it."""
    noted = [PinNote(row.pin_id, row.pin_user_id is not None, row.pin_until, row.pin_reason) for row in band]
    return [*noted, *[None] * (len(rows) - len(band))]


def _pinned(section: Section, band: Sequence[Any], rows: Sequence[Any]) -> set[int]:
    """Rows that are pinned for everyone; those outside the band are only looked up where it is shown."""
    if not section.pins:
        return set()
    above = {row.id for row in band if row.pin_user_id is None}
    if len(band) < pins.BAND_LENGTH and band:
        return above
    return above | pins.pinned_among(section, [row.id for row in rows])
