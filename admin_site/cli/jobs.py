"""``jobs``: work them, list them, show one."""

import os
import signal
import sys
import threading

import click
from flask import current_app
from flask.cli import with_appcontext

from admin_site.cli import logs, options
from admin_site.core import clock
from admin_site.jobs import board, worker
from admin_site.jobs.models import Job

COLUMNS = ("id", "kind", "section", "state", "total", "done", "same", "skipped", "failed", "created_at")


@click.group("jobs")
def group() -> None:
    """Long work: bulk edits, undo, imports."""


@group.command("work")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 16), help="Jobs at a time.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when the standard input ends.")
@with_appcontext
def work(threads: int, with_parent: bool) -> None:
    """Work jobs until Ctrl-C. Any number of these may run, on any number of machines."""
    logs.begin()
    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    worker.work(current_app._get_current_object(), threads=threads)  # type: ignore[attr-defined]  # the proxy has it


def _end_with_parent() -> None:
    """The other end of the pipe closes however the parent dies."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


@group.command("list")
@options.as_email
@options.as_json
@with_appcontext
def listing(as_email: str | None, as_json: bool) -> None:
    """The last jobs, newest first."""
    rows = [described(job) for job in board.listed(options.acting(as_email))]
    options.show(rows, COLUMNS, as_json=as_json)


@group.command("show")
@click.argument("job_id", type=click.IntRange(1))
@options.as_email
@options.as_json
@with_appcontext
def show(job_id: int, as_email: str | None, as_json: bool) -> None:
    """One job, with the reasons for what it left out."""
    job = board.find(options.acting(as_email), job_id)
    options.show([described(job)], COLUMNS, as_json=as_json)
    if not as_json:
        for outcome, reason, count in board.reasons(job):
            click.echo(f"{count} {outcome}: {reason}")


def described(job: Job) -> dict[str, object]:
    """A job as listings have it."""
    return {name: getattr(job, name) for name in COLUMNS} | {"created_at": clock.isoformat(job.created_at)}
