"""One way to open a transaction.

Reading is read-only by construction. A transaction may write only inside ``atomic()``; anything
else is refused by the database itself, so a GET can never change content.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from admin_site.core.database import db

_writing: ContextVar[bool] = ContextVar("writing", default=False)


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction around a piece of work; raising rolls it back.

    Opened once, at the edge. Inside another one it is part of that one.
    """
    if _writing.get():
        yield
        return
    db.session.rollback()  # a reading transaction cannot become a writing one
    with writing():
        try:
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise


T = TypeVar("T")
# So often a piece of work is begun, each time after a longer while of chance: those who met do not meet again.
TIMES = 6
PAUSE_MS = 20


def atomically(work: Callable[[], T]) -> T:
    """The same for work that may be done again: where two held what the other needed, one is taken back and follows."""
    for turn in range(TIMES):
        try:
            with atomic():
                return work()
        except DBAPIError as error:
            if _writing.get() or turn == TIMES - 1 or not is_deadlock(error):
                raise
        time.sleep(secrets.randbelow(PAUSE_MS * 2**turn) / 1000)
    raise AssertionError("unreachable")


def in_one_line(error: DBAPIError) -> str:
    """What the database said, for the log and the command line, where that cannot be what somebody typed."""
    said = str(error.orig).strip().splitlines()
    is_about_values = isinstance(error, DataError | IntegrityError)
    return type(error.orig).__name__ + (f": {said[0]}" if said and not is_about_values else "")


def is_deadlock(error: BaseException | None) -> bool:
    """Whether the database took a transaction back because another one and it waited for each other.

    MariaDB takes savepoints along: the error is then that there is none to go back to, and tells of the first.
    """
    if error is None:
        return False
    said = getattr(error, "orig", None)
    codes = {getattr(said, "sqlstate", None), *getattr(said, "args", ())[:1]}
    return not codes.isdisjoint(("40P01", 1213)) or is_deadlock(error.__context__)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside may write. For ``atomic()`` and migrations only."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def has_one_writer() -> bool:
    """Whether a writing transaction keeps all others waiting, from its first statement on."""
    return db.session.get_bind().dialect.name == "sqlite"


def is_writing() -> bool:
    """Whether a transaction that begins now may write."""
    return _writing.get()
