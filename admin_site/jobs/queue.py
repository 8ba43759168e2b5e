"""Delivery: tells a worker that a job is waiting. The job's row is the truth; a lost message is only late."""

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, current_app
from huey import Huey, MemoryHuey, RedisHuey, SqliteHuey
from sqlalchemy import make_url

from admin_site.jobs import runner

logger = logging.getLogger(__name__)

NAME = "admin-site"


@dataclass(frozen=True)
class Queue:
    """The broker, and the call that puts a job's number into it."""

    broker: Huey
    put: Callable[[int], object]
    # Set when the worker is to end: the job it is at goes back after its chunk.
    stopping: threading.Event = field(default_factory=threading.Event)


def init_app(app: Flask) -> None:
    """Open the broker: Redis where it is set, else a file of its own in ``instance/``, apart from the database."""
    broker = _broker(app)

    @broker.task(name="work_job")  # type: ignore[untyped-decorator]  # huey has no types
    def work_job(job_id: int) -> None:
        with app.app_context():
            runner.run(job_id, is_stopping=app.extensions["jobs"].stopping.is_set)

    app.extensions["jobs"] = Queue(broker, work_job)


def _broker(app: Flask) -> Huey:
    if app.testing:
        return MemoryHuey(NAME, results=False)
    name = name_of(app.config["SQLALCHEMY_DATABASE_URI"])
    if url := app.config["REDIS_URL"]:
        return RedisHuey(f"{NAME}-{name}", url=url, results=False)
    return SqliteHuey(NAME, filename=str(Path(app.instance_path) / f"{name}.db"), results=False)


def name_of(url: str) -> str:
    """What its queue is called: each database has its own, so that no worker takes up numbers of another's jobs."""
    named = make_url(url).set(password=None).render_as_string()
    return f"queue-{hashlib.sha256(named.encode()).hexdigest()[:8]}"


def ring(job_id: int) -> None:
    """Have a job worked soon. For after the commit; where the broker does not answer, a worker finds it later."""
    try:
        current_app.extensions["jobs"].put(job_id)
    except Exception as error:
        logger.warning("job %s could not be delivered (%s); a worker will find it", job_id, type(error).__name__)
