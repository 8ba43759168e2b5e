"""Lists that have far more rows than are counted: that they are more need not be found out for each page.

Every row that leaves a section, or ceases to hold a word, leaves an entry in history, so that as long as few entries
were added since a list was found to have plenty of rows, it still has more than are told. The database compares the
two itself, in the statement that would have counted.
"""

import time
from collections.abc import Callable, Hashable
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Select, bindparam, func, literal, select

from admin_site.core.database import connection, db
from admin_site.core.section import Section
from admin_site.history.models import Entry

# So many rows are plenty: twice what is told of.
ROWS = 20_000
# After so many entries it is looked at again. The rest of the rows is for what is being written at that moment.
ENTRIES = 5_000
# Seconds; rows may be removed past the program.
AGE = 60.0
LISTS_MOST = 1_000
_UNKNOWN = -1
# Up to which entry a list of a database has plenty of rows, and until when that is believed.
_known: dict[Hashable, tuple[int, float]] = {}


def is_sure(until: BindParameter[int]) -> ColumnElement[bool]:
    """Whether no more entries were made than ``until`` says, as an expression for a statement that may be kept."""
    last: ColumnElement[int] = func.coalesce(select(func.max(Entry.id)).scalar_subquery(), 0)
    return last <= until


def of_section(section: Section) -> BindParameter[int]:
    """``until`` for all rows of a section, asked for whenever the statement is executed."""
    return bindparam(None, callable_=lambda: until(section), type_=BigInteger())


def until(section: Section, words: str = "") -> int:
    """The last entry up to which the section has plenty of rows, or rows with these words."""
    entry, believed = _known.get(_key(section, words), (_UNKNOWN, 0.0))
    return entry if believed > time.monotonic() else _UNKNOWN


def look(section: Section, words: str = "", rows: Callable[[], Select[Any]] | None = None) -> None:
    """Find out whether a list that has more rows than are told has plenty, if that is not known.

    ``rows`` makes the statement of those with the words.
    """
    key, now = _key(section, words), time.monotonic()
    if _known.get(key, (0, 0.0))[1] > now:
        return
    table = section.table
    found = rows() if rows else select(table.columns.id).where(table.columns.live == 1)
    more = found.with_only_columns(literal(1)).order_by(None).offset(ROWS).limit(1)
    entry = select(func.max(Entry.id)).scalar_subquery()
    last, has_plenty = connection().execute(select(entry, more.scalar_subquery())).one()
    if len(_known) >= LISTS_MOST:
        _known.clear()
    _known[key] = ((last or 0) + ENTRIES if has_plenty else _UNKNOWN, now + AGE)


def _key(section: Section, words: str) -> Hashable:
    return db.session.get_bind(), section.name, words
