"""How far a job is and what became of its rows, in words."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import current_app

from admin_site.core import clock
from admin_site.core.section import Section
from admin_site.jobs.models import Job, JobNote
from admin_site.records import relations
from admin_site.web import templating
from admin_site.web.identity import actor

OUTCOMES = ("new", "changed", "failed", "skipped")
MEGA = 1024 * 1024


def passed(job: Job) -> int:
    """The rows that it is through with."""
    return job.done + job.same + job.skipped + job.failed


def progress(job: Job) -> str:
    """How far it is, and how long it may still take."""
    if job.state == "queued":
        return "Waiting for a worker."
    said = f"{passed(job):,} of {job.total:,}"
    if job.state != "running" or not job.started_at or not passed(job):
        return f"{said}."
    so_far = clock.now() - job.started_at
    left = so_far / passed(job) * max(0, job.total - passed(job))
    return f"{said}, about {length(left)} left."


def took(job: Job) -> str:
    """How long it took; empty while it runs."""
    return length(job.finished_at - job.started_at) if job.finished_at and job.started_at else ""


def length(span: timedelta) -> str:
    """A span of time in seconds or minutes."""
    seconds = max(1, round(span.total_seconds()))
    return templating.plural(seconds, "second", "seconds") if seconds < 90 else f"{round(seconds / 60)} minutes"


def import_most() -> str:
    """The size that a file may have."""
    return f"{current_app.config['MAX_IMPORT_SIZE'] / MEGA:g} MB"


def titles(section: Section, notes: Mapping[str, Sequence[JobNote]]) -> dict[int, str]:
    """What the rows of these notes are called."""
    ids = [note.row_id for group in notes.values() for note in group if note.row_id]
    return {number: title.text for number, title in relations.readable(actor(), section, ids).items()}
