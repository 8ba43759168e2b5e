"""The one place that asks for the time, so that demo content can have a past."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_set_to: ContextVar[datetime | None] = ContextVar("set_to", default=None)


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return _set_to.get() or datetime.now(UTC)


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """What is written inside is written as of then."""
    token = _set_to.set(moment)
    try:
        yield
    finally:
        _set_to.reset(token)


def isoformat(moment: datetime) -> str:
    """The contract's form: ``2026-11-20T21:18:24.123456Z``, always six digits of a second."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"
