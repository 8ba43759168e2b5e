"""Delivery: tells a worker that a job is waiting. The job's row is the truth; a lost message is only late."""

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis
from flask import Flask, current_app
from huey import Huey, MemoryHuey, RedisHuey, SqliteHuey
from sqlalchemy import make_url

from admin_site.jobs import runner

logger = logging.getLogger(__name__)

NAME = "admin-site"
# A broker that does not answer is not asked again for so long; meanwhile workers look for jobs by themselves.
AWAY_SECONDS = 30.0
# Longer than the consumer waits for a message (1 s), and short enough for somebody who waits for a page.
REDIS_TIMEOUT_SECONDS = 2.0


@dataclass
class _Away:
    """Until when the broker is taken not to answer."""

    until: float = 0.0


@dataclass(frozen=True)
class Queue:
    """The broker, and the call that puts a job's number into it."""

    broker: Huey
    put: Callable[[int], object]
    # Set when the worker is to end: the job it is at goes back after its chunk.
    stopping: threading.Event = field(default_factory=threading.Event)
    away: _Away = field(default_factory=_Away)


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
        waits = {"socket_timeout": REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": REDIS_TIMEOUT_SECONDS}
        pool = redis.ConnectionPool.from_url(url, **waits)
        return RedisHuey(f"{NAME}-{name}", connection_pool=pool, results=False)
    return SqliteHuey(NAME, filename=str(Path(app.instance_path) / f"{name}.db"), results=False)


def name_of(url: str) -> str:
    """What its queue is called: each database has its own, so that no worker takes up numbers of another's jobs."""
    named = make_url(url).set(password=None).render_as_string()
    return f"queue-{hashlib.sha256(named.encode()).hexdigest()[:8]}"


def ring(job_id: int) -> bool:
    """Have a job worked soon. For after the commit; where the broker does not answer, a worker finds it later.

    Returns whether it was delivered.
    """
    jobs: Queue = current_app.extensions["jobs"]
    if time.monotonic() < jobs.away.until:
        return False
    try:
        jobs.put(job_id)
    except Exception as error:
        jobs.away.until = time.monotonic() + AWAY_SECONDS
        logger.warning("job %s could not be delivered (%s); a worker will find it", job_id, type(error).__name__)
        return False
    return True
