"""A worker that dies when it is told to: the other side of ``harness.Driver``.

``python -m tests.faults.driver INSTANCE`` makes the application once and then forks a process for each life of a
worker, so that a kill costs milliseconds. ``live JOB FAULT`` begins one and answers its process, ``wait PROCESS``
answers how it ended. A fault is ``STEP:TIMES:SIGNAL``, or ``-`` for none.

``manage.py`` in a copy of the site takes the same from its environment, by way of ``instance/config.py``.
"""

import contextlib
import os
import signal
import sys
import traceback
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

from admin_site import create_app
from admin_site.cli import server
from admin_site.core import registry
from admin_site.jobs import bulk, kinds, runner, undo, worker
from admin_site.jobs.models import Job
from admin_site.records import writes
from admin_site.records.effects import Deed

# What ``runner.reached`` is called with, and what the database driver does meanwhile.
NAMED = ("claimed", "worked", "recorded", "committed")
IN_SQL = {"statement": "before_cursor_execute", "sent": "after_cursor_execute", "commit": "commit"}
CHUNKED: tuple[Any, ...] = (bulk, undo)


def arm(fault: str) -> None:
    """Send this process a signal at the n-th time that it reaches a step."""
    if fault in ("", "-"):
        return
    step, times, name = fault.split(":")
    left = int(times)

    def count(*_said: Any, **_more: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.Signals[f"SIG{name}"])

    def at_step(reached: str) -> None:
        if reached == step:
            count()

    if step in IN_SQL:
        event.listen(Engine, IN_SQL[step], count)
    else:
        runner.reached = at_step


def from_environment() -> None:
    """Small chunks, short leases and a fault, as far as the environment names them."""
    kinds.register(kinds.Kind(name="append", step=append))
    if chunk := os.environ.get("FAULT_CHUNK"):
        for module in CHUNKED:
            module.CHUNK, module.ALIKE_CHUNKS = int(chunk), 1
    if lease := os.environ.get("FAULT_LEASE"):
        runner.LEASE = timedelta(seconds=float(lease))
        worker.BEAT_SECONDS = server.RESTART_SECONDS = float(lease) / 2
    arm(os.environ.get("FAULT", ""))


def append(job: Job, deed: Deed) -> kinds.Step:
    """The least forgiving deed: whatever is done twice can be seen in the row."""
    section, place = registry.get(job.section), job.cursor or 0
    end = place + bulk.CHUNK
    part = job.params["rows"][place:end]
    outcome = writes.update_many(
        deed, section, part, ["title"], lambda change: {"title": f"{change.before['title']} more"}
    )
    return kinds.Step(cursor=end if end < len(job.params["rows"]) else None, done=len(outcome.changed))


def main() -> None:
    """Answer one line for each line, until they end."""
    app = create_app({"APP_CONFIG": "testing"}, instance_path=sys.argv[1])
    from_environment()
    print("ready", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["live", job, fault]:
                print(os.fork() or live(app, int(job), fault), flush=True)
            case ["wait", process]:
                print(ended(int(process)), flush=True)


def live(app: Flask, job: int, fault: str) -> None:
    """One life, in the forked process."""
    code = 1
    with contextlib.suppress(BaseException):
        try:
            arm(fault)
            with app.app_context():
                runner.run(job)
            code = 0
        except BaseException:
            traceback.print_exc()
    os._exit(code)


def ended(process: int) -> str:
    """The exit code of a life, negative for a signal; or that it is frozen."""
    status = os.waitpid(process, os.WUNTRACED)[1]
    return "frozen" if os.WIFSTOPPED(status) else str(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
