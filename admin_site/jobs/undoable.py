"""Whether a change set can be undone: by whom, until when, and what took it back already."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.history import change_sets
from admin_site.history.models import ChangeSet
from admin_site.jobs import board
from admin_site.jobs.models import UNFINISHED, Job, State

UNDONE_WITHIN = timedelta(days=30)
# What history calls a change, and the rights that can take it back: any of them will do for some row.
TAKEN_BACK_BY = {
    "create": ("delete",),
    "update": ("update", "publish", "moderate", "pin"),
    "delete": ("restore",),
    "restore": ("delete",),
}  # fmt: skip


def require(actor: Actor, change_set_id: int) -> list[str]:
    """The sections that it touched; ``NotFound`` where they are hidden, ``Denied`` where nothing may be put back."""
    done = [(name, action) for name, action in change_sets.kinds_of(change_set_id) if name in registry.by_name()]
    seen = [(registry.get(name), action) for name, action in done]
    seen = [(section, action) for section, action in seen if permissions.allows(actor, "read", section)]
    if not seen:
        raise NotFound
    lacking = [(section, rights[0]) for section, action in seen if (rights := TAKEN_BACK_BY.get(action))]
    if lacking and not any(may_take_back(actor, section, action) for section, action in seen):
        section, right = lacking[0]
        permissions.require(actor, right, section)
    return sorted({name for name, _action in done})


def may_take_back(actor: Actor, section: Section, action: str) -> bool:
    """Whether this person may take back what was done to some row; each is asked for when it is."""
    return any(permissions.allows(actor, right, section) for right in TAKEN_BACK_BY.get(action, ()))


def why_not(change_set: ChangeSet) -> str:
    """Why nobody can undo a change set; empty where it can be."""
    if change_set.at < clock.now() - UNDONE_WITHIN:
        return f"This was more than {UNDONE_WITHIN.days} days ago; it cannot be undone any more."
    if {action for _name, action in change_sets.kinds_of(change_set.id)} == {"purge"}:
        return "What was removed for good cannot be brought back."
    if undone_by(change_set.id) is not None:
        return "This was undone already, or is being undone."
    working = select(Job.id).where(Job.change_set_id == change_set.id, Job.state.in_(UNFINISHED)).limit(1)
    if db.session.execute(working).first():
        return "This is still being worked on; stop it first."
    return ""


def undone_by(change_set_id: int) -> Job | None:
    """The job that took all of a change set back, or is at it.

    One that left something does not count: what it left can be taken back later, by whoever may. Nor does one
    after which some of it was put there again.
    """
    return _undone(chain(change_set_id))[change_set_id]


def begun_by(change_set_id: int) -> Job | None:
    """The last job that took some of a change set back, where not all of that was put there again."""
    jobs = chain(change_set_id)
    undone = _undone(jobs)
    return next((job for job in jobs[change_set_id] if job.state not in UNFINISHED and not _of(job, undone)), None)


def chain(change_set_id: int) -> dict[int, list[Job]]:
    """A change set, those that took it back, those that took them back …: each with its undoings, last first."""
    found: dict[int, list[Job]] = {}
    asked = [change_set_id]
    while asked:
        found |= {number: [] for number in asked}
        query = select(Job).where(Job.undoes.in_(asked)).order_by(Job.id.desc())
        jobs = [job for job in db.session.execute(query).scalars() if job.done or job.state in UNFINISHED]
        for job in jobs:
            found[job.undoes or 0].append(job)
        asked = [job.change_set_id for job in jobs if job.change_set_id is not None]
    return found


def levels(change_set_id: int) -> dict[int, int]:
    """The change sets that took this one back, by number: 1; those that took them back: 2; and so on."""
    jobs = chain(change_set_id)
    found = {change_set_id: 0}
    for number, undoings in jobs.items():
        found |= {job.change_set_id: found[number] + 1 for job in undoings if job.change_set_id is not None}
    del found[change_set_id]
    return found


def _undone(jobs: Mapping[int, Sequence[Job]]) -> dict[int, Job | None]:
    """Each change set of a chain with the job that took all of it back; the last ones are known first."""
    found: dict[int, Job | None] = {}
    for number in reversed(list(jobs)):
        later = [job for undoing in jobs[number] for job in jobs.get(undoing.change_set_id or 0, ())]
        again = max((job.id for job in later if not _of(job, found)), default=0)
        whole = (job for job in jobs[number] if job.state in UNFINISHED or (job.id > again and _is_whole(job)))
        found[number] = next(whole, None)
    return found


def _of(job: Job, undone: Mapping[int, Job | None]) -> Job | None:
    """What took a job back wholly, if anything."""
    return undone.get(job.change_set_id) if job.change_set_id is not None else None


def _is_whole(job: Job) -> bool:
    return job.state == State.DONE and not board.notes(job, outcomes=board.REFUSALS, limit=1)
