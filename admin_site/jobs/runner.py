"""Carrying a job on, chunk by chunk, so that nothing is done twice and nothing is half done.

A worker claims the row for a while (lease) and with a number that only grows (fence). Each chunk is one
transaction: the work, its history and search documents, the counts and the cursor. Whoever lost the row to
another worker finds the fence changed and writes nothing.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from admin_site.accounts import actor as actors
from admin_site.accounts import tokens
from admin_site.accounts.actor import SYSTEM
from admin_site.core import clock
from admin_site.core.database import db
from admin_site.core.errors import AppError, Busy, Conflict, Denied
from admin_site.core.rules import Actor
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.jobs.kinds import Step, by_name
from admin_site.jobs.models import UNFINISHED, Job, JobNote, State
from admin_site.records.effects import Deed

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
# So often a job is taken up without getting further, be it that its workers die; a fault counts for several.
TRIES = 30
FAULT = 6
# Between two chunks others get to write: SQLite has one writer at a time.
PAUSE_SECONDS = 0.006


@dataclass(frozen=True)
class Claim:
    """A job in the hands of this worker, until somebody else's fence is higher."""

    job_id: int
    fence: int


class LostError(Exception):
    """Another worker has the job now."""


def no_fault(_step: str) -> None:
    """Where the fault tests stop a worker; nothing happens otherwise."""


# Called with the name of each step of a chunk.
reached: Callable[[str], None] = no_fault


def run(job_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Work a job to its end, unless somebody else has it; a worker that is stopping gives it back."""
    claim = take(job_id)
    while claim is not None and _carry_on(claim):
        if is_stopping():
            _give_back(claim)
            return
        time.sleep(PAUSE_SECONDS)


def take(job_id: int) -> Claim | None:
    """Claim a job; None where it is finished or held."""
    now = clock.now()
    with atomic():
        result: Any = db.session.execute(
            update(Job)
            .where(
                Job.id == job_id,
                Job.state.in_(UNFINISHED),
                or_(Job.leased_until.is_(None), Job.leased_until < now),
            )
            .values(
                state=State.RUNNING, leased_until=now + LEASE, fence=Job.fence + 1, tries=Job.tries + 1,
                started_at=func.coalesce(Job.started_at, now),
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if result.rowcount != 1:
            return None
        fence = db.session.execute(select(Job.fence).where(Job.id == job_id)).scalar_one()
    reached("claimed")
    return Claim(job_id, fence)


def _give_back(claim: Claim) -> None:
    with atomic():
        statement = update(Job).where(Job.id == claim.job_id, Job.fence == claim.fence).values(leased_until=None)
        db.session.execute(statement.execution_options(synchronize_session=False))


def _carry_on(claim: Claim) -> bool:
    """One chunk; whether there is more to do for this worker."""
    try:
        return _chunk(claim)
    except LostError:
        return False
    except Denied as error:
        return _finish(claim, State.STOPPED, error.message)
    except (SQLAlchemyError, Busy) as error:
        return _try_again(claim, error)
    except AppError as error:
        return _finish(claim, State.FAILED, error.message)
    except Exception as error:
        logger.exception("job %s failed", claim.job_id)
        return _try_again(claim, error)


def _chunk(claim: Claim) -> bool:
    with atomic():
        job = _held(claim)
        if job.stop_requested:
            _write_end(claim, State.STOPPED, "Stopped. What was done stays; it can be undone.")
            return False
        person = _actor(job)
        if job.tries > TRIES:
            raise Conflict("It was begun again and again without getting further. The log has the reason.")
        kind = by_name()[job.kind]
        change_set = job.change_set_id
        if change_set is None and kind.writes:
            change_set = log.open_change_set(job.actor_id, job.source, job.reason)
        step = kind.step(job, Deed(person, job.source, change_set or 0))
        reached("worked")
        if step.is_trial:
            # As a whole: MariaDB's index of words does not survive going back to a savepoint.
            db.session.rollback()
        else:
            _record(claim, job, step, change_set)
        reached("recorded")
    if step.is_trial:
        with atomic():
            job = _held(claim)
            _record(claim, job, step, job.change_set_id)
    reached("committed")
    return step.cursor is not None and not step.failure


def _held(claim: Claim) -> Job:
    """The job, locked until the transaction ends; the lease begins anew."""
    result: Any = db.session.execute(
        update(Job)
        .where(Job.id == claim.job_id, Job.fence == claim.fence, Job.state == State.RUNNING)
        .values(leased_until=clock.now() + LEASE)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:
        raise LostError
    return db.session.execute(
        select(Job).where(Job.id == claim.job_id).execution_options(populate_existing=True)
    ).scalar_one()


def _actor(job: Job) -> Actor:
    """Who began it, with the rights that they have now."""
    if job.actor_id is None:
        return SYSTEM
    person = actors.of_id(job.actor_id) if job.token_id is None else tokens.of_id(job.token_id)
    if person is None:
        raise Denied("Stopped: whoever began this may not sign in any more.")
    return person


def _ended(job: Job, step: Step, values: Mapping[str, Any]) -> dict[str, Any]:
    """How it ended; a receipt adds up, also where rows were not there any more, or others had come."""
    ended = {"state": State.FAILED, "message": step.failure[:500], "finished_at": clock.now(), "leased_until": None}
    if step.failure:
        return ended
    told = sum(values[name] for name in ("done", "same", "skipped", "failed"))
    gone = max(0, job.total - told)
    rows = "1 row was" if gone == 1 else f"{gone:,} rows were"
    message = f"{rows} not there any more when their turn came." if gone else ""
    skipped = values["skipped"] + gone
    return {**ended, "state": State.DONE, "message": message, "skipped": skipped, "total": max(job.total, told)}


def _record(claim: Claim, job: Job, step: Step, change_set: int | None) -> None:
    is_end = step.cursor is None or bool(step.failure)
    values: dict[str, Any] = {
        "cursor": step.cursor, "added": job.added + step.added, "done": job.done + step.done,
        "same": job.same + step.same,
        "skipped": job.skipped + step.skipped, "failed": job.failed + step.failed, "change_set_id": change_set,
        "tries": 0,
    }  # fmt: skip
    if is_end:
        values |= _ended(job, step, values)
    statement = update(Job).where(Job.id == claim.job_id).values(values)
    db.session.execute(statement.execution_options(synchronize_session=False))
    notes = [
        {"job_id": job.id, "outcome": note.outcome, "section": note.section or job.section, "row_id": note.row_id,
         "line": note.line, "reason": note.reason[:500], "detail": note.detail}
        for note in step.notes
    ]  # fmt: skip
    if notes:
        db.session.execute(insert(JobNote), notes)


def _finish(claim: Claim, state: State, message: str) -> bool:
    try:
        with atomic():
            _held(claim)
            _write_end(claim, state, message)
    except LostError:
        pass
    return False


def _write_end(claim: Claim, state: State, message: str) -> None:
    values = {"state": state, "message": message[:500], "finished_at": clock.now(), "leased_until": None}
    statement = update(Job).where(Job.id == claim.job_id, Job.fence == claim.fence).values(values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _try_again(claim: Claim, error: Exception) -> bool:
    """After a fault that may pass: a few times at once, then the job has failed."""
    logger.warning("job %s: %s", claim.job_id, type(error).__name__)
    try:
        with atomic():
            tries = _held(claim).tries + FAULT
            if tries >= TRIES:
                _write_end(claim, State.FAILED, "It failed several times for a reason that the log has.")
                return False
            statement = update(Job).where(Job.id == claim.job_id).values(tries=tries)
            db.session.execute(statement.execution_options(synchronize_session=False))
    except (LostError, SQLAlchemyError, Busy):
        return False  # the lease lapses, and a worker finds it again
    time.sleep(PAUSE_SECONDS * 4 ** (tries // FAULT))
    return True
