"""The table of search documents: one for each live row of a section that is searched.

The number of a document is the section's place and the row's number, so that documents of a section lie
together in the order of their rows, and the one number follows from the other.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Text, delete
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from admin_site.core.database import Model, db, table_args
from admin_site.core.driver import insert_rows, update_rows
from admin_site.core.section import Change, Section
from admin_site.core.types import Id
from admin_site.records.search import words
from admin_site.records.search.vocabulary import learn

# Rows of a section: enough for three hundred years of a row each 10 ms.
ROWS_MOST = 2**40
_PLACES = 2**22
# MariaDB indexes words of three letters at least and leaves out common ones, so there each has a tail.
TAIL = "__"


class Words(TypeDecorator[str]):
    """The words of a document, one space around each."""

    impl = Text().with_variant(LONGTEXT(charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Give each word its tail where the database needs one."""
        return with_tails(value) if value and dialect.name == "mysql" else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Take the tails away."""
        return value.replace(f"{TAIL} ", " ") if value and dialect.name == "mysql" else value


def with_tails(said: str) -> str:
    """Words as MariaDB has them; the last one only if a space follows it."""
    return said.replace(" ", f"{TAIL} ").removeprefix(TAIL)


class SearchDocument(Model):
    """What is searched of a row. Each database has an index of its own over ``words`` (see the migration)."""

    __tablename__ = "search_documents"
    __table_args__ = table_args()

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    words: Mapped[str] = mapped_column(Words)


def first_id(section: Section) -> int:
    """Where the documents of a section begin; a row's document is so much further."""
    return (zlib.crc32(section.name.encode()) % _PLACES) * ROWS_MOST


def words_of(section: Section, row: Mapping[str, Any]) -> str:
    """What is indexed of a row."""
    named = [name for name in section.search if name in section.title_columns]
    others = [name for name in section.search if name not in section.title_columns]
    return words.document(_texts(row, named), _texts(row, others))


def _texts(row: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    return [row[name] for name in names if row.get(name)]


def write(section: Section, changes: Sequence[Change]) -> None:
    """Bring the documents of changed rows up to date. For ``records.effects`` only."""
    if not section.search:
        return
    base = first_id(section)
    gone = [base + change.id for change in changes if change.before and not change.after["live"]]
    if gone:
        db.session.execute(delete(SearchDocument).where(SearchDocument.id.in_(gone)))
    here = [change for change in changes if change.after["live"]]
    _insert(section, [change for change in here if not change.before.get("live")])
    _update(section, [change for change in here if change.before.get("live") and _is_touched(section, change)])


def _insert(section: Section, changes: Sequence[Change]) -> None:
    base = first_id(section)
    rows = [{"id": base + change.id, "words": words_of(section, change.after)} for change in changes]
    if rows:
        insert_rows(SearchDocument.__table__, {}, rows)
        learn(section, {word for row in rows for word in str(row["words"]).split()})


def _update(section: Section, changes: Sequence[Change]) -> None:
    base, heard, rows = first_id(section), set[str](), []
    for change in changes:
        said, before = words_of(section, change.after), words_of(section, change.before)
        if said != before:
            heard |= _new_words(section, change, before, said)
            rows.append({"id": base + change.id, "words": said})
    if rows:
        update_rows(SearchDocument.__table__, {}, rows)
    learn(section, heard)


def _new_words(section: Section, change: Change, before: str, said: str) -> set[str]:
    """Words that were not in the document before; of a long one, which may have been cut, all are compared."""
    if len(before) > words.SHORT:
        return {*said.split()} - {*before.split()}
    return _heard(section, change, change.after) - _heard(section, change, change.before)


def _heard(section: Section, change: Change, row: Mapping[str, Any]) -> set[str]:
    """The words of a row in the fields that changed."""
    texts = [row[name] or "" for name in section.search if change.changed(name)]
    return {word for raw in texts for word in words.heard(raw)}


def _is_touched(section: Section, change: Change) -> bool:
    return any(change.changed(name) for name in section.search)
