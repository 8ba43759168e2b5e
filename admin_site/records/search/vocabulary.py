"""The words of each section, in which typing errors are looked up. They grow with what is written.

Most words that are written are known. A process remembers for a minute which ones it has seen in the table, so that
it need not ask for them with each write. What is written in the minute after another process began to rebuild the
index may miss a word; the next row that has it brings it back.
"""

import time
from collections.abc import Hashable, Iterable
from functools import lru_cache

from sqlalchemy import Select, String, bindparam, event, select
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from admin_site.core.database import Model, db, execute_kept, insert_new, table_args
from admin_site.core.in_list import in_list
from admin_site.core.section import Section
from admin_site.core.types import by_code_point
from admin_site.records.search import words

WORDS_AT_ONCE = 500
# Seconds, and words of a section.
REMEMBERED_FOR, REMEMBERED_MOST = 60.0, 50_000
_Word = by_code_point(words.WORD_LENGTH)
# By database and section: the words that were seen, and until when that is believed.
_seen: dict[Hashable, tuple[set[str], float]] = {}
# What a transaction wrote itself may be taken back: until it ends, that is not believed.
_OWN = "own words"


class SearchWord(Model):
    """A word that stood in some row of a section: where a typing error is looked up."""

    __tablename__ = "search_words"
    __table_args__ = table_args()

    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    word: Mapped[str] = mapped_column(_Word, primary_key=True)


def learn(section: Section, heard: Iterable[str]) -> None:
    """Keep the words that are new to a section, in one order so that two writers never wait for each other."""
    seen = _remembered(section)
    told = (word for word in heard if word not in seen and not word.startswith((words.TITLE, words.BREAK)))
    lot = sorted(word for word in told if not word.isdigit())
    own: set[str] = db.session.info.setdefault(_OWN, set())
    for start in range(0, len(lot), WORDS_AT_ONCE):
        asked = lot[start : start + WORDS_AT_ONCE]
        known = set(execute_kept(_known(), {"of": section.name, "asked": asked}).scalars().all())
        if len(seen) < REMEMBERED_MOST:
            seen |= known - own
        if fresh := [word for word in asked if word not in known]:
            db.session.execute(insert_new(SearchWord), [{"section": section.name, "word": word} for word in fresh])
            own |= {*fresh}


def forget() -> None:
    """Remember nothing: words were taken out of the table."""
    _seen.clear()


@event.listens_for(db.session, "after_transaction_end")
def _end(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_OWN, None)


def _remembered(section: Section) -> set[str]:
    key, now = (db.session.get_bind(), section.name), time.monotonic()
    seen, until = _seen.get(key, (set[str](), 0.0))
    if until <= now:
        seen = set()
        _seen[key] = seen, now + REMEMBERED_FOR
    return seen


@lru_cache(maxsize=1)
def _known() -> Select[tuple[str]]:
    """Which of these words a section knows; asked by most writes, so it is made once."""
    columns = SearchWord.__table__.columns
    asked = in_list(columns.word, "asked")
    return select(columns.word).where(columns.section == bindparam("of"), asked)
