"""Whether what is done at this moment may write; ``core.transactions`` opens and closes that."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_writing: ContextVar[bool] = ContextVar("writing", default=False)


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside may write. For ``atomic()`` and migrations only."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def is_writing() -> bool:
    """Whether a transaction that begins now may write."""
    return _writing.get()
