"""Search on MariaDB: a FULLTEXT index in boolean mode.

Its words have three letters at least and no stop words, so each of ours ends with two strokes there.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, select
from sqlalchemy.dialects.mysql import match

from admin_site.records.search.documents import TAIL, SearchDocument
from admin_site.records.search.terms import Lexeme

# Whether, among alternatives, all that is found is gathered once.
GATHERS = True
# Whether asking for one document at a time is cheap.
PROBES = False
# More than any table has.
EVERY = 2**63 - 1


def newest_first(*, few: bool) -> ColumnElement[Any]:  # noqa: ARG001 - the same for all three
    """The order of candidates: the index has it by itself, few or many."""
    return document_id().desc()


def oldest_first(*, few: bool) -> ColumnElement[Any]:  # noqa: ARG001 - the same for all three
    """The order of those that are walked from the first to the last."""
    return document_id()


def source() -> Any:
    """Where matching documents are selected from."""
    return SearchDocument.__table__


def document_id() -> ColumnElement[int]:
    """The number of the document there."""
    return SearchDocument.__table__.columns.id


def asked(lexemes: Sequence[Lexeme]) -> str:
    """What the index is asked with for documents that have all of them."""
    return " ".join(f"+{lexeme.text}*" if lexeme.prefix else f"+{lexeme.text}{TAIL}" for lexeme in lexemes)


def matches(said: BindParameter[str]) -> ColumnElement[bool]:
    """Documents that answer what is asked."""
    return match(SearchDocument.__table__.columns.words, against=said).in_boolean_mode()


def gathered(found: Select[Any]) -> Select[Any]:
    """What is found, to be compared with.

    Of ``IN (SELECT … MATCH …)`` below NOT and OR, MariaDB asks the index for each row again, and then does not find
    some that are there. What has a limit it gathers first.
    """
    return select(*found.limit(EVERY).subquery().columns)
