"""One page of a list: the pinned band, the rows from a position on, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select

from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records import counts, filters, pins, plenty, reads, windows
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
    above = [row.id for row in band]
    if counts.is_whole(every):
        window = windows.window_of(every.but(above), names, COUNT_MOST, counted=COUNT_MOST)
        counted = counts.along(section, window.rows, above)
    else:
        counted = counts.of(actor, every, above)
        window = windows.window_of(every.but(above), names, counted.others)
    if counted.in_all > COUNT_MOST:
        plenty.look(section)
    rows = [*band, *window.rows]
    found = reads.items(section, rows, names, pinned=_pinned(section, rows), notes=notes(band, rows))
    most = max(counted.total, counted.in_all) if query.is_exact else COUNT_MOST
    return Page(
        query=query, columns=names, items=found[len(band) :], pinned=found[: len(band)],
        total=min(counted.total, most), is_bounded=counted.total > most, in_band=counted.in_band,
        in_all=min(counted.in_all, most), in_all_is_bounded=counted.in_all > most,
        next_after=str(window.after or ""), previous_after=str(window.before or ""),
    )  # fmt: skip


def first(actor: Actor, query: ListQuery, names: Sequence[str]) -> list[Item]:
    """The first rows of a list by its sort, without counting it."""
    window = windows.window_of(Matching.of(actor, query), names, COUNT_MOST)
    return reads.items(query.section, window.rows, names)


def walk(
    actor: Actor, query: ListQuery, names: Sequence[str], position: Position | None
) -> tuple[Sequence[Any], Position | None]:
    """The rows after a position, in the order of the list, and where the next ones begin: for files.

    Rows have these columns and, instead of relations, the titles behind them, as a bare ``reads.selection`` has it.
    """
    asked = replace(query, after=str(position or ""), page=1)
    matching = Matching.of(actor, asked)
    total = matching.count() if matching.has_words else 0
    window = windows.window_of(matching, names, total, bare=True)
    return window.rows, window.after


def _band(actor: Actor, query: ListQuery, names: Sequence[str]) -> list[Any]:
    """The pinned rows in their order; one that is pinned twice stands where it stands for everyone."""
    section = query.section
    if not section.pins or query.pinned != "first" or query.trashed:
        return []
    own, names = actor.id is not None, tuple(names)

    def make() -> Select[Any]:
        rows, seen = reads.selection(section, names, flagged=True), filters.visible(actor, section, walks=False)
        return pins.band(section, rows, seen, own=own)

    rows = reads.ask(actor, section, ("band", own, names), make, pins.asked(actor.id)).all()
    return list({row.id: row for row in reversed(rows)}.values())[::-1]


def notes(band: Sequence[Any], rows: Sequence[Any]) -> list[PinNote | None]:
    """How the rows of a band are pinned, and nothing for the rows after it."""
    noted = [PinNote(row.pin_id, row.pin_user_id is not None, row.pin_until, row.pin_reason) for row in band]
    return [*noted, *[None] * (len(rows) - len(band))]


def _pinned(section: Section, rows: Sequence[Any]) -> set[int]:
    """Those of the rows that are pinned for everyone."""
    return {row.id for row in rows if row._is_pinned} if section.pins else set()
