"""How many rows a page of a list tells of, in one statement: counted no further than is told, unless asked exactly."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, case, literal, select

from admin_site.core.database import connection, db, execute_kept
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records import filters, plenty, reads
from admin_site.records.list_query import ListQuery
from admin_site.records.reads import COUNT_MOST, Matching
from admin_site.records.search import index


@dataclass(frozen=True)
class Counts:
    """``total`` match, ``in_band`` of them stand above as pins; ``in_all`` there are without any filter.

    More than ``COUNT_MOST`` says that there are more, unless the rows were counted exactly.
    """

    total: int
    in_band: int
    in_all: int

    @property
    def others(self) -> int:
        """How many match below the band; more than ``COUNT_MOST`` where there are more."""
        return self.total if self.total > COUNT_MOST else self.total - self.in_band


def is_whole(matching: Matching) -> bool:
    """Whether the list is the whole section, counted as far as is told: its rows can then bring the count along."""
    query = matching.query
    return matching.is_plain and not (query.is_narrowed or query.is_exact or query.trashed)


def along(section: Section, rows: Sequence[Any], band: Collection[int]) -> Counts:
    """The counts of such a list, which its rows have brought along, if there are any."""
    in_all = rows[0]._in_all if rows else _of_section(section)
    return Counts(in_all, len(band), in_all)


def of(actor: Actor, matching: Matching, band: Collection[int]) -> Counts:
    """The counts of any other list; ``band`` are the numbers of the rows that stand above it."""
    query, section = matching.query, matching.query.section
    is_bounded = not query.is_exact and not query.trashed
    if not query.is_narrowed:
        in_all = matching.count(_most(query))
        return Counts(in_all, len(band), in_all)
    if matching.is_plain and matching.has_words and is_bounded and index.is_alike(query.terms):
        return _of_words(matching, band)
    every = Matching.of(actor, ListQuery(section=section, trashed=query.trashed))
    in_all = (
        reads.bounded_count_of(section, COUNT_MOST) if every.is_plain and is_bounded else every.counting(_most(query))
    )
    asked = select(matching.counting(_most(query)), _in_band(matching, band), in_all)
    return Counts(*db.session.execute(asked).one())


def _most(query: ListQuery) -> int | None:
    return None if query.is_exact else COUNT_MOST


def _in_band(matching: Matching, band: Collection[int]) -> Any:
    """How many rows of the band match, each looked up by its number."""
    if not band:
        return literal(0)
    return filters.counted(matching.among(band))


def _of_words(matching: Matching, band: Collection[int]) -> Counts:
    """Of every row with some words: a statement that is made once."""
    section, terms = matching.query.section, matching.query.terms
    can_go_on = any(term.goes_on for term in terms)

    def found(column: ColumnElement[Any], parameter: str = "words") -> Select[Any]:
        words = index.matching(section, terms, parameter=parameter)
        return select(column).select_from(index.source()).where(words)

    def make() -> Select[Any]:
        number = index.row_id(section).label("id")
        counted = filters.bounded_count(found(number), COUNT_MOST).scalar_subquery()
        if can_go_on:  # as ``Matching.counting``
            counted = filters.more_or(found(number, "whole"), COUNT_MOST, counted)
        plenty_until = plenty.is_sure(bindparam("until", type_=BigInteger()))
        counted = case((plenty_until, COUNT_MOST + 1), else_=counted)
        above = found(number).where(in_list(index.document_id(), "documents"))
        return select(counted, filters.counted(above), reads.bounded_count_of(section, COUNT_MOST))

    dialect = db.session.get_bind().dialect.name
    documents = index.documents(section, band)
    words = index.asked(terms)
    asked = {
        "words": words, "whole": index.asked([term.whole for term in terms]), "documents": documents,
        "until": plenty.until(section, words),
    }  # fmt: skip
    statement = reads.kept(section, ("counts of words", COUNT_MOST, dialect, can_go_on), make)
    counts = Counts(*connection().execute(statement, asked).one())
    if counts.total > COUNT_MOST:
        plenty.look(section, words, lambda: index.ids(section, terms))
    return counts


def _of_section(section: Section) -> int:
    """The rows of a whole section, which most pages ask for."""
    asked = reads.kept(section, ("count", COUNT_MOST), lambda: select(reads.bounded_count_of(section, COUNT_MOST)))
    return int(execute_kept(asked).scalar_one())
