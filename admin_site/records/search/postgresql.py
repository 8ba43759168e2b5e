"""Search on PostgreSQL: a GIN index over the words of the documents as a tsvector."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, cast, literal_column
from sqlalchemy.dialects.postgresql import TSQUERY

from admin_site.records.search.documents import SearchDocument
from admin_site.records.search.terms import Lexeme

_vector: ColumnElement[Any] = literal_column("search_documents.vector")

# Gathered among alternatives, a quarter of a million numbers fit no hash, and are read again for each row.
GATHERS = False
# Whether asking for one document at a time is cheap.
PROBES = True


def newest_first(*, few: bool) -> ColumnElement[Any]:
    """The order of candidates. Few are gathered from the index and sorted; of many, the numbers are walked.

    The planner knows nothing of how many words have a beginning, and would walk a million numbers for three.
    """
    return oldest_first(few=few).desc()


def oldest_first(*, few: bool) -> ColumnElement[Any]:
    """The order of those that are walked from the first to the last, chosen in the same way."""
    number = document_id()
    return number + literal_column("0") if few else number


def source() -> Any:
    """Where matching documents are selected from."""
    return SearchDocument.__table__


def document_id() -> ColumnElement[int]:
    """The number of the document there."""
    return SearchDocument.__table__.columns.id


def asked(lexemes: Sequence[Lexeme]) -> str:
    """What the index is asked with for documents that have all of them."""
    return " & ".join(f"{lexeme.text}:*" if lexeme.prefix else lexeme.text for lexeme in lexemes)


def matches(said: BindParameter[str]) -> ColumnElement[bool]:
    """Documents that answer what is asked."""
    return _vector.op("@@", is_comparison=True)(cast(said, TSQUERY))


def gathered(found: Select[Any]) -> Select[Any]:
    """What is found, to be compared with."""
    return found
