"""Beginning, finding and stopping jobs. Everybody sees their own; those of others need a right of the site."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from admin_site.accounts import permissions
from admin_site.core import clock, registry, text
from admin_site.core.database import db
from admin_site.core.errors import Conflict, NotFound
from admin_site.core.rules import Actor
from admin_site.history import change_sets
from admin_site.jobs import queue, runner
from admin_site.jobs.models import UNFINISHED, Job, JobNote, State, Worker
from admin_site.records.values import ID_MOST

# Up to so many rows a deed is done before the page answers.
AT_ONCE_MOST = 500
PAGE_SIZE = 50
# A worker that was not heard of for so long is gone.
ALIVE = timedelta(seconds=60)
# A job that nobody took for so long was lost on its way.
LOST = timedelta(seconds=15)
# So many of them are rung for at a time: those behind them wait for these.
RUNG = 20
# Longer than anything can be undone.
KEPT_FOR = timedelta(days=90)
FORGOTTEN_JOBS, FORGOTTEN_NOTES = 100, 1_000
UNTRACKED = {"synchronize_session": False}


def begin(
    actor: Actor, kind: str, params: Mapping[str, Any], *, section: str, total: int, source: str,
    reason: str = "", undoes: int | None = None, key: str = "",
) -> int:  # fmt: skip
    """Write a job down; returns its number. Whoever calls starts it after the commit.

    The same actor's second call with the same ``key`` returns the first one's job.
    """
    if (number := begun(actor, key)) is not None:
        return number
    owned = _owned(actor, key)
    values = {
        "kind": kind, "params": dict(params), "section": section, "total": total, "source": source,
        "reason": text.storable(reason.strip())[:200], "actor_id": actor.id, "token_id": actor.token_id,
        "state": State.QUEUED, "created_at": clock.now(), "undoes": undoes, "key": owned,
    }  # fmt: skip
    try:
        with db.session.begin_nested():
            result: Any = db.session.execute(insert(Job).values(values))
    except IntegrityError:  # the same deed came at the same moment
        return db.session.execute(select(Job.id).where(Job.key == owned)).scalar_one()
    return int(result.inserted_primary_key[0])


def begun(actor: Actor, key: str) -> int | None:
    """The job that this person began under this key already."""
    query = select(Job.id).where(Job.key == _owned(actor, key))
    return db.session.execute(query).scalar() if key else None


def _owned(actor: Actor, key: str) -> str | None:
    return text.storable(f"{actor.id}:{key}")[:100] if key else None


def start(job_id: int) -> None:
    """Have a job done: a small one before this returns, a large one by a worker. For after the commit."""
    total = db.session.execute(select(Job.total).where(Job.id == job_id)).scalar_one()
    db.session.remove()
    if total <= AT_ONCE_MOST:
        runner.run(job_id)
    else:
        queue.ring(job_id)


def find(actor: Actor, job_id: int) -> Job:
    """A job that this person may see; else ``NotFound``."""
    job = db.session.get(Job, job_id, populate_existing=True) if 0 < job_id <= ID_MOST else None
    if job is None or not may_see(actor, job):
        raise NotFound
    return job


def may_see(actor: Actor, job: Job) -> bool:
    """One's own jobs on rows that one may read, or with the right to those of others any."""
    return permissions.may(actor, "jobs") or (actor.id == job.actor_id is not None and _is_open(actor, job))


def _is_open(actor: Actor, job: Job) -> bool:
    """Whether a job is about a section that is open to this person: with a token those may be few."""
    named = [job.section] if job.section else [name for name, _action in change_sets.kinds_of(job.undoes or 0)]
    known = [registry.get(name) for name in named if name in registry.by_name()]
    return not known or any(permissions.allows(actor, "read", section) for section in known)


def listed(actor: Actor, *, before: int | None = None, limit: int = PAGE_SIZE) -> Sequence[Job]:
    """The jobs that this person may see, newest first."""
    if actor.id is None and not actor.is_system:
        return []
    query = select(Job).order_by(Job.id.desc()).limit(limit)
    if not permissions.may(actor, "jobs"):
        hidden = [section.name for section in registry.all_sections() if not permissions.allows(actor, "read", section)]
        query = query.where(Job.actor_id == actor.id, Job.section.not_in(hidden))
    if before is not None:
        query = query.where(Job.id < before)
    return db.session.execute(query).scalars().all()


def stop(actor: Actor, job_id: int) -> None:
    """Ask a job to stop after the chunk that it is at; what is done stays done."""
    job = find(actor, job_id)
    if job.state not in UNFINISHED:
        raise Conflict("This has ended already.")
    ended = {"state": State.STOPPED, "finished_at": clock.now(), "message": "Stopped before it began."}
    for state, values in ((State.QUEUED, ended), (State.RUNNING, {"stop_requested": True})):
        statement = update(Job).where(Job.id == job_id, Job.state == state).values(values)
        db.session.execute(statement.execution_options(synchronize_session=False))


def notes(job: Job, *, outcomes: Sequence[str] = (), after: int = 0, limit: int = PAGE_SIZE) -> Sequence[JobNote]:
    """What it has to say of single rows, in the order in which it came to them; with some outcomes, or all."""
    query = select(JobNote).where(JobNote.job_id == job.id, JobNote.id > after).order_by(JobNote.id).limit(limit)
    if outcomes:
        query = query.where(JobNote.outcome.in_(outcomes))
    return db.session.execute(query).scalars().all()


REFUSALS = ("skipped", "failed", "conflict")


def reasons(job: Job, outcomes: Sequence[str] = REFUSALS) -> list[tuple[str, str, int]]:
    """Outcome, reason and how many rows have it, most first."""
    count = func.count()
    query = (
        select(JobNote.outcome, JobNote.reason, count)
        .where(JobNote.job_id == job.id, JobNote.outcome.in_(outcomes))
        .group_by(JobNote.outcome, JobNote.reason)
        .order_by(count.desc(), JobNote.reason)
        .limit(20)
    )
    return [(outcome, reason, number) for outcome, reason, number in db.session.execute(query)]


def lost() -> list[int]:
    """Jobs that should be worked but are in nobody's hands: their delivery or their worker was lost."""
    now = clock.now()
    waiting = and_(Job.state == State.QUEUED, Job.created_at < now - LOST)
    held = and_(Job.state == State.RUNNING, or_(Job.leased_until.is_(None), Job.leased_until < now))
    return list(db.session.execute(select(Job.id).where(or_(waiting, held)).order_by(Job.id).limit(RUNG)).scalars())


def is_worked() -> bool:
    """Whether some worker is alive."""
    query = select(Worker.name).where(Worker.seen_at > clock.now() - ALIVE).limit(1)
    return db.session.execute(query).first() is not None


def forget_old() -> None:
    """Jobs that ended long ago, with what they had to say of single rows; some at a time. History stays."""
    ended = select(Job.id).where(Job.state.not_in(UNFINISHED), Job.finished_at < clock.now() - KEPT_FOR)
    jobs = db.session.execute(ended.order_by(Job.id).limit(FORGOTTEN_JOBS)).scalars().all()
    of_them = select(JobNote.id).where(JobNote.job_id.in_(jobs)).order_by(JobNote.id).limit(FORGOTTEN_NOTES)
    notes = db.session.execute(of_them).scalars().all()
    db.session.execute(delete(JobNote).where(JobNote.id.in_(notes)), execution_options=UNTRACKED)
    if len(notes) < FORGOTTEN_NOTES:
        db.session.execute(delete(Job).where(Job.id.in_(jobs)), execution_options=UNTRACKED)
