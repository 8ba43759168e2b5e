"""The one interface to the search index of whichever database is in use."""

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, exists, false, literal, select, type_coerce

from admin_site.core import database
from admin_site.core.database import db
from admin_site.core.section import Section
from admin_site.core.types import LongText
from admin_site.records.search import mariadb, postgresql, sqlite
from admin_site.records.search.documents import ROWS_MOST, SearchDocument, first_id, with_tails
from admin_site.records.search.terms import Term, lexemes

_BACKENDS = {"sqlite": sqlite, "postgresql": postgresql, "mysql": mariadb}


def backend() -> ModuleType:
    """The module of the database in use."""
    return _BACKENDS[db.session.get_bind().dialect.name]


def row_id(section: Section) -> ColumnElement[int]:
    """The number of the row whose document was found."""
    number: ColumnElement[int] = backend().document_id() - first_id(section)
    return number


def document_id() -> ColumnElement[int]:
    """The number of the document that was found."""
    number: ColumnElement[int] = backend().document_id()
    return number


def documents(section: Section, ids: Iterable[int]) -> list[int]:
    """The documents of these rows."""
    base = first_id(section)
    return [base + number for number in ids]


def among(section: Section, ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether a found document is that of one of these rows."""
    return database.among(backend().document_id(), documents(section, ids))


def between(section: Section, above: int, highest: int) -> ColumnElement[bool]:
    """Whether a found document is that of a row above one number and up to another, as a condition over ``source``."""
    number, base = backend().document_id(), first_id(section)
    condition: ColumnElement[bool] = and_(number > base + above, number <= base + min(highest, ROWS_MOST - 1))
    return condition


def oldest_first(*, few: bool) -> ColumnElement[Any]:
    """The order in which found documents are walked from the first to the last."""
    order: ColumnElement[Any] = backend().oldest_first(few=few)
    return order


def source() -> Any:
    """Where found documents are selected from."""
    return backend().source()


def asked(terms: Sequence[Term], *, in_title: bool = False) -> str:
    """The terms as the index is asked for them; empty where there is nothing to ask for."""
    said: str = backend().asked(lexemes(terms, in_title=in_title))
    return said


def is_alike(terms: Sequence[Term]) -> bool:
    """Whether asking for these terms differs from asking for others by ``asked`` alone: each is a single word."""
    return not any(term.run for term in terms) and any(term.tokens for term in terms)


def matching(
    section: Section, terms: Sequence[Term], *, in_title: bool = False, parameter: str | None = None
) -> ColumnElement[bool]:
    """Documents of the section that have all the terms, as a condition over ``source``.

    With a ``parameter``, it has to be given the ``asked`` terms when the statement is executed.
    """
    said = asked(terms, in_title=in_title)
    if not said:
        return false()
    module, base = backend(), first_id(section)
    number = module.document_id()
    runs = [term.run for term in terms if term.run]
    words = bindparam(parameter, type_=String()) if parameter else bindparam(None, said)
    return and_(module.matches(words), number >= base, number < base + ROWS_MOST, *(_has_run(run) for run in runs))


def _has_run(run: str) -> ColumnElement[bool]:
    """Words one after the other: the index knows only that they are there."""
    words = type_coerce(SearchDocument.__table__.columns.words, LongText)
    module = backend()
    if module is mariadb:
        run = with_tails(run)
    if module.source() is SearchDocument.__table__:
        return words.contains(run, autoescape=True)
    inner = (
        select(literal(1))
        .select_from(SearchDocument)
        .where(SearchDocument.id == module.document_id(), words.contains(run, autoescape=True))
    )
    return exists(inner.correlate(module.source()))


def ids(section: Section, terms: Sequence[Term], *, in_title: bool = False) -> Select[Any]:
    """The numbers of the rows that are found."""
    statement = select(row_id(section)).select_from(source())
    return statement.where(matching(section, terms, in_title=in_title)).correlate(None)


def is_one_of(row: ColumnElement[int], found: Select[Any]) -> ColumnElement[bool]:
    """Whether a row is one of those that ``ids`` finds, which are gathered once."""
    return row.in_(backend().gathered(found))


def is_found(section: Section, terms: Sequence[Term]) -> ColumnElement[bool]:
    """Whether a row of the section's table is found, as a look into the index for each row.

    Right where many rows match and few are read; ``ids`` is right where few match.
    """
    module, row = backend(), section.table.columns.id
    if not module.PROBES:
        return is_one_of(row, ids(section, terms))
    statement = select(literal(1)).select_from(source())
    here = module.document_id() == row + first_id(section)
    return exists(statement.where(matching(section, terms), here).correlate(section.table))
