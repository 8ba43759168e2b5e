"""Which of the found rows comes first. Each database finds; the order is made here, the same for all.

Only the newest few hundred are weighed: those with the words in their title, then those with the words
anywhere. What is older than these follows, newest first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    func,
    literal_column,
    not_,
    select,
    type_coerce,
    union_all,
)

from admin_site.core.database import connection, db
from admin_site.core.in_list import in_list
from admin_site.core.section import Section
from admin_site.core.types import LongText
from admin_site.records import statements
from admin_site.records.search import index, words
from admin_site.records.search.documents import TAIL, SearchDocument, first_id
from admin_site.records.search.terms import Term
from admin_site.records.search.words import BREAK, TITLE, TITLE_WORDS

CANDIDATES = 100
# So much of a document is weighed; what stands further down finds, but does not lift.
LETTERS_WEIGHED = 4_000


class Place(NamedTuple):
    """A row's place: the higher score first, then the newer row."""

    score: float
    id: int


@dataclass(frozen=True)
class Head:
    """The weighed rows, best first, and where they end; frozen, so that paging meets each row once.

    Weighed is what has the words in its title from row ``titles_from`` on, or anywhere from row
    ``any_from`` on, up to row ``newest``.
    """

    places: Sequence[Place]
    newest: int
    titles_from: int
    any_from: int


def head(
    section: Section,
    terms: Sequence[Term],
    conditions: Sequence[ColumnElement[bool]],
    frozen: Head | None = None,
    excluded: Sequence[int] = (),
    *,
    few: bool = True,
) -> Head:
    """Weigh the first rows, but for those that are ``excluded``. ``conditions`` are over the section's table.

    ``few`` says that no more rows than are counted have the words. With ``frozen``, the same ones are weighed
    as on the page before.
    """
    asked = _Asked(section, terms, conditions, frozen, is_narrowed=bool(excluded), few=few)
    given = {"titled": index.asked(terms, in_title=True), "words": index.asked(terms), "rows": list(excluded)}
    found: dict[int, str] = {}
    ids: tuple[list[int], list[int]] = ([], [])
    has_tails = db.session.get_bind().dialect.name == "mysql"
    for place, number, said in connection().execute(asked.statement(), given).all():
        ids[place].append(number)
        found[number] = said
    if has_tails:
        found = {number: said.replace(f"{TAIL} ", " ") for number, said in found.items()}
    weigh = weigher(terms)
    places = sorted((Place(weigh(said), number) for number, said in found.items()), reverse=True)
    if frozen:
        return Head(places, frozen.newest, frozen.titles_from, frozen.any_from)
    return Head(places, max(found, default=0), *(_end(numbers) for numbers in ids))


def _end(found: Sequence[int]) -> int:
    """Everything was weighed where there were fewer than could be."""
    return min(found) if len(found) == CANDIDATES else 0


@dataclass(frozen=True)
class _Asked:
    """What candidates are asked for with; the words and the rows that are left out are parameters."""

    section: Section
    terms: Sequence[Term]
    conditions: Sequence[ColumnElement[bool]]
    frozen: Head | None
    is_narrowed: bool
    few: bool

    def statement(self) -> CompoundSelect[Any]:
        """Both kinds of candidates; made once where only the parameters differ."""
        if self.frozen or self.conditions or not index.is_alike(self.terms):
            return self._make()
        key = ("head", self.section.table, db.session.get_bind().dialect.name, self.is_narrowed, self.few)
        return statements.kept(key, self._make)

    def _make(self) -> CompoundSelect[Any]:
        titles_from, any_from = (self.frozen.titles_from, self.frozen.any_from) if self.frozen else (0, 0)
        return union_all(self._candidates(titles_from, in_title=True), self._candidates(any_from, in_title=False))

    def _candidates(self, oldest: int, *, in_title: bool) -> Select[Any]:
        """The newest documents with the words, in their title or anywhere, from row ``oldest`` on."""
        section, number = self.section, index.row_id(self.section)
        words = index.matching(section, self.terms, in_title=in_title, parameter="titled" if in_title else "words")
        inner = (
            select(number.label("id"))
            .select_from(index.source())
            .where(words)
            .order_by(index.backend().newest_first(few=self.few or in_title))
            .limit(CANDIDATES)
        )
        if self.is_narrowed:
            inner = inner.where(not_(in_list(number)))
        if self.frozen:
            inner = inner.where(number <= self.frozen.newest)
        if oldest:
            inner = inner.where(number >= oldest)
        if self.conditions:
            inner = inner.join(section.table, section.table.columns.id == number).where(*self.conditions)
        found = inner.subquery()
        document = SearchDocument.__table__.columns
        said = func.substr(type_coerce(document.words, LongText), 1, LETTERS_WEIGHED)
        place: ColumnElement[int] = literal_column("0" if in_title else "1")
        return select(place, found.c.id, said).join(SearchDocument, document.id == found.c.id + first_id(section))


def tail(section: Section, terms: Sequence[Term], head: Head) -> ColumnElement[bool]:
    """The found rows that were not weighed, as a condition over the section's table."""
    row = section.table.columns.id
    if not head.any_from:
        return row < 0
    titled = index.ids(section, terms, in_title=True)
    if head.titles_from:
        titled = titled.where(index.row_id(section) >= head.titles_from)
    return and_(row < head.any_from, not_(index.is_one_of(row, titled)))


def weigher(terms: Sequence[Term]) -> Callable[[str], float]:
    """How well a document answers: whole title, its beginning, words in it, then how often in the rest."""
    tokens = [token for term in terms for token in term.tokens]
    whole = [word for term in terms for word in words.split(term.text)]
    run, is_run = " " + " ".join(tokens), len(tokens) > 1
    found = [(f" {token} ", f" {token}") for token in tokens]

    def weigh(said: str) -> float:
        named, behind, body = _parts(said)
        title, long = f" {' '.join(named)} ", 1.5 + len(body) / 2_000
        score = 100.0 if named == whole else 0.0
        if run in title:
            score += 20 + (0 if not title.startswith(run) else 30 if title.startswith(f"{run} ") else 20)
        for alone, begun in found:
            if begun in title or begun in behind:
                score += 12 if alone in title or alone in behind else 5
            often = body.count(alone) + 0.3 * body.count(begun)
            score += 6 * often / (often + long)
        if is_run and run in body:
            score += 15
        # The more of its title was asked for, the more a row is meant.
        score += 30 * sum(token in named or f" {token} " in behind for token in tokens) / max(len(named), 1)
        return round(score - len(title) / 100, 6)

    return weigh


def _parts(said: str) -> tuple[list[str], str, str]:
    """The title's words, those behind apostrophes in it, and the rest, with a space around every word.

    In a document the first two stand first, marked.
    """
    first, _, rest = said.partition(f" {BREAK} ")
    found = first.split()
    marked = first.count(f" {TITLE}")
    named = found[marked:]
    # They stand once more in the rest: without one a long title was cut, and nobody knows which they are.
    behind = found[min(len(named), TITLE_WORDS) : marked] if rest else []
    words_behind = "".join(f" {word.removeprefix(TITLE)} " for word in behind) if behind else ""
    return named, words_behind, f" {rest} " if rest else ""
