"""What stands on the home page: what waits, what others did since, number cards, a chart.

Each number comes from the ``ListQuery`` that its link opens, so the two agree; all numbers are asked in one
statement.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import url_for
from sqlalchemy import func, literal, select, union_all
from werkzeug.datastructures import MultiDict

from admin_site.accounts import permissions, sessions, settings
from admin_site.accounts.actor import Actor
from admin_site.accounts.models import User
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.section import Section
from admin_site.history import log
from admin_site.records import filters, paging, pins, reads, relations
from admin_site.records.list_query import ListQuery
from admin_site.records.reads import COUNT_MOST, Matching
from admin_site.web.admin.history_page import VERBS

RECENT_ROWS = 6
LAPSING_WITHIN = timedelta(days=7)
WEEKS = 26


@dataclass(frozen=True)
class Number:
    """A number and the list that it counts. ``change`` compares it with the time before."""

    section: Section
    label: str
    count: int
    url: str
    change: int | None = None
    compared: str = ""

    @property
    def shown(self) -> int:
        """The count, no further than lists count."""
        return min(self.count, COUNT_MOST)

    @property
    def is_bounded(self) -> bool:
        """Whether there are more than the number says."""
        return self.count > COUNT_MOST


@dataclass(frozen=True)
class Meanwhile:
    """A row that somebody else changed."""

    who: relations.Title | None
    verb: str
    title: relations.Title
    section: Section
    at: datetime


@dataclass(frozen=True)
class Chart:
    """Rows by week, oldest first, with the day on which each week begins."""

    label: str
    url: str
    weeks: Sequence[tuple[datetime, int]]


@dataclass(frozen=True)
class Card:
    """What may be hidden and put in another order: a number, a section's number, a chart."""

    key: str
    label: str
    kind: str


@dataclass(frozen=True)
class Board:
    """Everything on the home page."""

    waiting: Sequence[Number]
    cards: Sequence[Number]
    sections: Sequence[Number]
    lapsing: Sequence[reads.Item]
    since: datetime | None
    meanwhile: Sequence[Meanwhile]
    recent: Sequence[reads.Item]
    charts: Sequence[Chart]


@dataclass(frozen=True)
class _Asked:
    section: Section
    label: str
    query: ListQuery
    kind: str
    key: str = ""
    before: ListQuery | None = None
    compared: str = ""


def board(person: Actor) -> Board:
    """What this person sees."""
    sections, home = _readable(person), settings.home_of(person.id)
    every = [asked for section in sections for asked in _asked(person, section)]
    shown = arranged([asked for asked in every if asked.key], home)
    numbers = _numbers(person, [*(asked for asked in every if not asked.key), *shown])
    charted = {_chart_key(section): section for section in sections if section.chart}
    since = sessions.last_visit(person)
    return Board(
        waiting=[number for kind, number in numbers if kind == "waiting" and number.count],
        cards=[number for kind, number in numbers if kind == "card"],
        sections=[number for kind, number in numbers if kind == "section"],
        lapsing=[item for section in sections if section.pins for item in _lapsing(person, section)],
        since=since,
        meanwhile=list(_meanwhile(person, since, sections)) if since else [],
        recent=_recent(person, sections),
        charts=[_chart(person, charted[card.key]) for card in arranged(_charts(sections), home)],
    )


Keyed = TypeVar("Keyed", Card, _Asked)


def cards(person: Actor) -> list[Card]:
    """All that this person may arrange, in the declared order."""
    sections = _readable(person)
    asked = (one for section in sections for one in _asked(person, section) if one.key)
    return [*(Card(one.key, one.label, one.kind) for one in asked), *_charts(sections)]


def arranged(every: Sequence[Keyed], home: settings.Home) -> list[Keyed]:
    """As the person has them: without those that they hide, new ones last."""
    places = {key: place for place, key in enumerate(home.shown)}
    shown = [one for one in every if one.key not in home.hidden]
    return sorted(shown, key=lambda one: places.get(one.key, len(places)))


def _readable(person: Actor) -> list[Section]:
    return [section for section in registry.all_sections() if permissions.allows(person, "read", section)]


def _charts(sections: Sequence[Section]) -> list[Card]:
    return [Card(_chart_key(section), f"{section.label} by week", "chart") for section in sections if section.chart]


def _chart_key(section: Section) -> str:
    return f"chart {section.name}"


def _list(person: Actor, section: Section, **args: str) -> ListQuery:
    return ListQuery.from_args(section, MultiDict(args), person)


def _asked(person: Actor, section: Section) -> Iterator[_Asked]:
    yield _Asked(section, section.label, _list(person, section), "section", f"section {section.name}")
    for card in section.cards:
        before = _list(person, section, q=card.before) if card.before else None
        query, key = _list(person, section, q=card.query), f"card {section.name} {card.label}"
        yield _Asked(section, card.label, query, "card", key, before, card.compared)
    workflow = section.workflow
    if workflow is None:
        return
    if permissions.allows(person, workflow.action, section):
        # In the last status that its owner may give, somebody with a further right has to go on.
        last = workflow.open[-1]
        words = section.field(workflow.field).choice_labels[last].lower()
        query = _list(person, section, **{workflow.field: last})
        yield _Asked(section, f"{section.label}: {words}", query, "waiting")
    if section.owner != "created_by" and permissions.allows(person, "create", section):
        own = {section.owner: str(person.id), workflow.field: workflow.open[0]}
        yield _Asked(section, f"{section.label} that you left as drafts", _list(person, section, **own), "waiting")


def _numbers(person: Actor, asked: Sequence[_Asked]) -> list[tuple[str, Number]]:
    """All of them in one statement."""
    queries = [query for one in asked for query in (one.query, one.before) if query is not None]
    if not queries:
        return []
    columns = [Matching.of(person, query).counting(COUNT_MOST) for query in queries]
    counts = iter(db.session.execute(select(*columns)).one())
    found = []
    for one in asked:
        count = next(counts)
        earlier = next(counts) if one.before is not None else None
        # Two numbers that were not counted to their end cannot be compared.
        is_known = earlier is not None and max(count, earlier) <= COUNT_MOST
        change = count - earlier if earlier is not None and is_known else None
        url = url_for(f"{one.section.name}.index_view", **_args(one.query))
        found.append((one.kind, Number(one.section, one.label, count, url, change, one.compared)))
    return found


def _args(query: ListQuery) -> dict[str, Any]:
    return dict(query.to_args())


def _lapsing(person: Actor, section: Section) -> list[reads.Item]:
    """Rows whose pin for everyone ends soon."""
    statement = reads.selection(section, section.title_columns).where(
        filters.visible(person, section, walks=False), pins.lapsing(section, LAPSING_WITHIN)
    )
    rows = db.session.execute(pins.standing(section, statement, None).limit(RECENT_ROWS)).all()
    return reads.items(section, rows, section.title_columns, notes=paging.notes(rows, rows))


def _meanwhile(person: Actor, since: datetime, sections: Sequence[Section]) -> Iterator[Meanwhile]:
    """The last change of each row that others touched since; of sections that the person reads whole."""
    whole = {s.name: s for s in sections if permissions.is_unconditional(person, "read", s)}
    entries = log.latest(list(whole), since=since, but=person.id, limit=RECENT_ROWS)
    people = relations.titles(User, [entry.actor_id for entry in entries if entry.actor_id])
    named = {
        name: relations.titles(whole[name].model, [e.row_id for e in entries if e.section == name])
        for name in {entry.section for entry in entries}
    }
    for entry in entries:
        title = named[entry.section].get(entry.row_id)
        if title is not None and not title.trashed:
            yield Meanwhile(people.get(entry.actor_id or 0), VERBS[entry.action], title, whole[entry.section], entry.at)


def _recent(person: Actor, sections: Sequence[Section]) -> list[reads.Item]:
    """The rows that changed last, over the sections that have an index for it."""
    found: list[reads.Item] = []
    for section in sections:
        if section.pins:
            query = _list(person, section, sort="-updated_at", per_page=str(RECENT_ROWS))
            found += paging.first(person, query, section.title_columns)
    return sorted(found, key=lambda item: item.row.updated_at, reverse=True)[:RECENT_ROWS]


def _chart(person: Actor, section: Section) -> Chart:
    """How many rows each of the last weeks brought, each counted no further than lists count."""
    column = section.table.columns[section.chart]
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    begin = today - timedelta(days=today.weekday())
    starts = [begin - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    parts = []
    for place, start in enumerate(starts):
        inner = select(literal(1).label("one")).select_from(section.table)
        inner = inner.where(filters.visible(person, section), column >= start, column < start + timedelta(weeks=1))
        counting = select(func.count()).select_from(inner.limit(COUNT_MOST).subquery()).scalar_subquery()
        parts.append(select(literal(place).label("place"), counting.label("many")))
    found = {row[0]: row[1] for row in db.session.execute(union_all(*parts))}
    url = url_for(f"{section.name}.index_view", sort=f"-{section.chart}")
    return Chart(f"{section.label} by week", url, [(start, found[place]) for place, start in enumerate(starts)])
