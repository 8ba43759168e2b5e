"""What a kind of job does: one chunk at a time, from a cursor on. The kinds register themselves here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin_site.jobs.models import Job
from admin_site.records.effects import Deed


@dataclass(frozen=True, kw_only=True)
class Note:
    """What is to be said of one row, or one line of a file."""

    outcome: str
    reason: str
    section: str = ""
    row_id: int | None = None
    line: int | None = None
    detail: Any = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a chunk did, and from where the next one goes on; ``cursor`` None says that there is no next one.

    ``skipped`` and ``failed`` rows have a note each. With ``failure`` the job ends there, and says so. A trial's
    writes are taken back before its numbers are kept.
    """

    cursor: Any
    # Of those done, rows that are new.
    added: int = 0
    done: int = 0
    same: int = 0
    skipped: int = 0
    failed: int = 0
    notes: Sequence[Note] = ()
    failure: str = ""
    is_trial: bool = False


@dataclass(frozen=True, kw_only=True)
class Kind:
    """``step`` runs inside the transaction that also moves the cursor; ``Denied`` from it stops the job."""

    name: str
    step: Callable[[Job, Deed], Step]
    # One that writes nothing has no change set.
    writes: bool = True


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Make a kind known to the runner."""
    KINDS[kind.name] = kind
    return kind


def by_name() -> Mapping[str, Kind]:
    """Every kind."""
    return KINDS
