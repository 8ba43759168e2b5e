"""A frozen selection: the rows that a person chose, so that a job finds the same ones later.

Ticked rows are kept by number, "all that match" by the list's query and the highest number there was: the
selection is as small for a million rows as for one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, case, func, select
from werkzeug.datastructures import MultiDict

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import Denied, Invalid, NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records.filters import visible
from admin_site.records.list_query import ListQuery
from admin_site.records.reads import Matching
from admin_site.records.values import ID_MOST

IDS_MOST = 1_000
# Up to here rows with searched words are few: gathered at once instead of walked, where the database has the choice.
GATHERED_MOST = 20_000


@dataclass(frozen=True, kw_only=True)
class Selection:
    """``count`` rows, none with a number above ``highest``: those ticked, or all that a query string finds."""

    section: Section
    args: tuple[tuple[str, str], ...] = ()
    ids: tuple[int, ...] = ()
    trashed: bool = False
    count: int
    highest: int

    def to_json(self) -> dict[str, Any]:
        """What ``from_json`` makes it from again."""
        return {
            "section": self.section.name, "args": [list(pair) for pair in self.args], "ids": list(self.ids),
            "trashed": self.trashed, "count": self.count, "highest": self.highest,
        }  # fmt: skip

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Selection":
        """``NotFound`` where the section has gone."""
        section = registry.by_name().get(said["section"])
        if section is None:
            raise NotFound
        return cls(
            section=section, args=tuple((name, value) for name, value in said["args"]), ids=tuple(said["ids"]),
            trashed=said["trashed"], count=said["count"], highest=said["highest"],
        )  # fmt: skip

    @property
    def is_all(self) -> bool:
        """Whether it is everything that a list shows."""
        return not self.ids

    def query(self, actor: Actor) -> ListQuery:
        """The list that it was taken from, as this person reads it."""
        query = ListQuery.from_args(self.section, MultiDict(self.args), actor)
        if query.problems:  # a filter that is left out would take in rows that nobody chose
            raise Denied(f"The rows were chosen by a filter that cannot be used any more: {query.problems[0]}")
        return query.in_trash() if self.trashed else query

    def lot(self, actor: Actor, after: int, size: int) -> tuple[list[int], int | None]:
        """The numbers of its next rows above ``after``, and where to go on; None at the end.

        Rows that were ticked are named also where they have gone since.
        """
        if self.ids:
            found = sorted(number for number in self.ids if number > after)[: size + 1]
        else:
            few = self.count <= GATHERED_MOST
            found = self._matching(actor).lot(above=after, highest=self.highest, size=size + 1, few=few)
        return found[:size], found[size - 1] if len(found) > size else None

    def every(self, actor: Actor) -> Select[Any]:
        """Its rows, as far as the person may still see them, without order."""
        columns = self.section.table.columns
        if self.ids:
            return select(columns.id).where(columns.id.in_(self.ids), *self._seen(actor))
        return self._matching(actor).rows().where(columns.id <= self.highest)

    def moved(self, actor: Actor) -> tuple[int, int]:
        """How many rows came to match, and how many no longer do, since it was frozen."""
        columns = self.section.table.columns
        if self.ids:
            query = select(func.count()).where(columns.id.in_(self.ids), *self._seen(actor))
            return 0, self.count - int(db.session.execute(query.select_from(self.section.table)).scalar_one())
        inside = func.sum(case((columns.id <= self.highest, 1), else_=0))
        every, old = db.session.execute(self._matching(actor).rows().with_only_columns(func.count(), inside)).one()
        return int(every) - int(old or 0) + max(0, int(old or 0) - self.count), max(0, self.count - int(old or 0))

    def _seen(self, actor: Actor) -> list[Any]:
        return [visible(actor, self.section, trashed=self.trashed, walks=False)]

    def _matching(self, actor: Actor) -> Matching:
        return Matching.of(actor, self.query(actor))


def of_rows(actor: Actor, section: Section, ids: Sequence[int], *, trashed: bool = False) -> Selection:
    """These rows, as far as the person may see them; ``Invalid`` where there are none, or too many."""
    wanted = sorted({number for number in ids if 0 < number <= ID_MOST})
    if len(wanted) > IDS_MOST:
        raise Invalid(f"At most {IDS_MOST:,} rows can be named one by one; use a filter for more.")
    columns = section.table.columns
    query = select(columns.id).where(columns.id.in_(wanted), visible(actor, section, trashed=trashed, walks=False))
    found = tuple(db.session.execute(query.order_by(columns.id)).scalars()) if wanted else ()
    if not found:
        raise Invalid("Tick the rows first.")
    return Selection(section=section, ids=found, trashed=trashed, count=len(found), highest=found[-1])


def of_ids(section: Section, ids: Sequence[int], *, trashed: bool = False) -> Selection:
    """Rows named by a program, unasked: those that are not there, or hidden, are left out when their turn comes."""
    wanted = tuple(sorted(set(ids)))
    return Selection(section=section, ids=wanted, trashed=trashed, count=len(wanted), highest=wanted[-1])


def of_list(actor: Actor, query: ListQuery, *, may_be_empty: bool = False) -> Selection:
    """Every row that a list shows, on all its pages."""
    if query.problems:
        raise Invalid(str(query.problems[0]))
    section = query.section
    plain = replace(query, page=1, after="", columns=(), view=0, group="", is_exact=False)
    kept = {k: v for k, v in plain.to_args().items() if k not in ("sort", "per_page")}
    count = Matching.of(actor, plain).count(None)
    if not count and not may_be_empty:
        raise Invalid("Nothing matches this list.")
    highest = db.session.execute(select(func.max(section.table.columns.id))).scalar() or 0
    return Selection(section=section, args=tuple(kept.items()), trashed=query.trashed, count=count, highest=highest)
