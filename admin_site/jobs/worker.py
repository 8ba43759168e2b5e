"""The worker: a process of its own that takes jobs from the queue, and finds those that were lost."""

import logging
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from admin_site.accounts.actor import SYSTEM
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import AppError
from admin_site.core.section import Section
from admin_site.core.transactions import atomic, in_one_line
from admin_site.jobs import board, hooks, queue, runner
from admin_site.jobs.models import Worker
from admin_site.records import drafts, idempotency, outbox, trash, writes

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
SEND_SECONDS = 1.0
SEND_AGAIN_SECONDS = 0.05
SENDERS = 4
SWEEP_SECONDS = 3600.0
# So many rows of the trash at once, so many times an hour for each section, with a pause for other writers.
EMPTIED = 500
EMPTIED_LOTS = 100
EMPTIED_PAUSE_SECONDS = 0.05
FORGOTTEN = timedelta(days=1)


def work(app: Flask, *, threads: int) -> None:
    """Work jobs until a signal says to stop; a chunk that was begun is ended."""
    stopped = threading.Event()
    beside = [
        threading.Thread(target=target, args=(app, stopped), daemon=True)
        for target in (_beat_until, _send_until, _sweep_until)
    ]
    consumer = app.extensions["jobs"].broker.create_consumer(
        workers=threads, periodic=False, initial_delay=0.05, max_delay=0.5, backoff=1.3, graceful_signal="TERM"
    )
    # The consumer's flag is raised by its signal handlers.
    app.extensions["jobs"] = replace(app.extensions["jobs"], stopping=consumer.stop_flag)
    for thread in beside:
        thread.start()
    try:
        consumer.run()
    finally:
        stopped.set()
        for thread in beside:
            thread.join(BEAT_SECONDS)


def _beat_until(app: Flask, stopped: threading.Event) -> None:
    name = f"{socket.gethostname()[:70]}:{os.getpid()}"
    taken = set[int]()
    with ThreadPoolExecutor(1) as pool, app.app_context():
        while True:
            try:
                for job_id in set(beat(name)) - taken:
                    taken.add(job_id)
                    worked = pool.submit(_work_unrung, app, job_id)
                    worked.add_done_callback(lambda _done, one=job_id: taken.discard(one))  # type: ignore[misc]  # bound
            except (SQLAlchemyError, AppError) as error:
                logger.warning("the worker could not say that it is alive: %s", _in_one_line(error))
            db.session.remove()
            if stopped.wait(BEAT_SECONDS):
                return


def _in_one_line(error: Exception) -> str:
    return in_one_line(error) if isinstance(error, DBAPIError) else f"{type(error).__name__}: {error}"


def _work_unrung(app: Flask, job_id: int) -> None:
    """Work a job that the broker does not bring, because it does not answer."""
    with app.app_context():
        try:
            runner.run(job_id, is_stopping=app.extensions["jobs"].stopping.is_set)
        except Exception:  # as the consumer does: the row says what became of it
            logger.exception("job %s was not worked", job_id)


def _send_until(app: Flask, stopped: threading.Event) -> None:
    """Send what is in the outbox, one message of each webhook at a time: one that takes none keeps no other waiting."""
    busy: set[int] = set()
    waits = SEND_SECONDS
    with ThreadPoolExecutor(SENDERS, initializer=lambda: app.app_context().push()) as pool, app.app_context():
        while not stopped.wait(waits):
            try:
                waiting = hooks.next_of_each(set(busy))
            except (SQLAlchemyError, AppError) as error:
                logger.warning("the outbox could not be read: %s", _in_one_line(error))
                waiting = []
            db.session.remove()
            for delivery_id, webhook_id in waiting:
                busy.add(webhook_id)
                sent = pool.submit(_send, delivery_id)
                sent.add_done_callback(lambda _done, one=webhook_id: busy.discard(one))  # type: ignore[misc]  # bound
            waits = SEND_AGAIN_SECONDS if waiting else SEND_SECONDS


def _send(delivery_id: int) -> None:
    try:
        hooks.deliver(delivery_id)
    except Exception:  # one message keeps no other waiting; it is found again when its turn has lapsed
        logger.exception("message %s was not sent", delivery_id)
    finally:
        db.session.remove()


def _sweep_until(app: Flask, stopped: threading.Event) -> None:
    with app.app_context():
        while True:
            try:
                sweep(stopped)
            except (SQLAlchemyError, AppError) as error:
                logger.warning("what nobody needs was not forgotten: %s", _in_one_line(error))
            db.session.remove()
            if stopped.wait(SWEEP_SECONDS):
                return


def sweep(stopped: threading.Event | None = None) -> None:
    """Remove for good what has been in the trash for long enough, in lots; forget what nobody needs."""
    with atomic():
        for kept in (drafts, idempotency, outbox, board):
            kept.forget_old()
    days = current_app.config["TRASH_DAYS"]
    before = clock.now() - timedelta(days=days)
    for section in registry.all_sections() if days else ():
        try:
            _empty_trash(section, before, stopped or threading.Event())
        except (SQLAlchemyError, AppError) as error:  # the others are emptied all the same
            db.session.rollback()
            logger.warning("the trash of %s was not emptied: %s", section.name, _in_one_line(error))


def _empty_trash(section: Section, before: datetime, stopped: threading.Event) -> None:
    """What others still point to stays, and is looked at again at the next sweep."""
    last = 0
    for _lot in range(EMPTIED_LOTS):
        ids = trash.lapsed(section, before, EMPTIED, above=last)
        if not ids or stopped.is_set():
            return
        last = ids[-1]
        with atomic():
            outcome = trash.purge_many(writes.begin(SYSTEM, "trash", "Kept long enough"), section, ids)
            if not outcome.changed:
                db.session.rollback()  # nor is there a deed then
        stopped.wait(EMPTIED_PAUSE_SECONDS)


def beat(name: str) -> list[int]:
    """Say that this worker is alive, and ring for jobs that nobody has; returns those that cannot be rung for."""
    now = clock.now()
    with atomic():
        result = db.session.execute(
            update(Worker).where(Worker.name == name).values(seen_at=now).execution_options(synchronize_session=False)
        )
        if result.rowcount == 0:  # type: ignore[attr-defined]  # an update has it
            db.session.execute(insert(Worker).values(name=name, started_at=now, seen_at=now))
            db.session.execute(delete(Worker).where(Worker.seen_at < now - FORGOTTEN))
    return [job_id for job_id in board.lost() if not queue.ring(job_id)]
