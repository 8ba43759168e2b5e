"""Search on SQLite: an FTS5 index over the words of the documents, kept by triggers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Select, column, literal_column, table

from admin_site.records.search.terms import Lexeme

_index = table("search_index", column("rowid", BigInteger()))
_all_columns: ColumnElement[Any] = literal_column("search_index")

# Whether, among alternatives, all that is found is gathered once.
GATHERS = True
# Whether asking for one document at a time is cheap.
PROBES = True


def newest_first(*, few: bool) -> ColumnElement[Any]:  # noqa: ARG001 - the same for all three
    """The order of candidates: the index has it by itself, few or many."""
    return document_id().desc()


def oldest_first(*, few: bool) -> ColumnElement[Any]:  # noqa: ARG001 - the same for all three
    """The order of those that are walked from the first to the last."""
    return document_id()


def source() -> Any:
    """Where matching documents are selected from."""
    return _index


def document_id() -> ColumnElement[int]:
    """The number of the document there."""
    return _index.columns.rowid


def asked(lexemes: Sequence[Lexeme]) -> str:
    """What the index is asked with for documents that have all of them."""
    return " AND ".join(f'"{lexeme.text}"*' if lexeme.prefix else f'"{lexeme.text}"' for lexeme in lexemes)


def matches(said: BindParameter[str]) -> ColumnElement[bool]:
    """Documents that answer what is asked."""
    return _all_columns.op("MATCH", is_comparison=True)(said)


def gathered(found: Select[Any]) -> Select[Any]:
    """What is found, to be compared with."""
    return found
