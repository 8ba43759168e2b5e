"""Four tables: a job, what it has to say of single rows, the workers that are alive, and files to work on."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core.database import Model, table_args
from admin_site.core.types import Id, JsonText, UtcDateTime


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


UNFINISHED = (State.QUEUED, State.RUNNING)


class Job(Model):
    """One piece of long work. The row is the truth; what delivers it to a worker may forget it."""

    __tablename__ = "jobs"
    __table_args__ = table_args(
        Index("ix_jobs_state_leased_until", "state", "leased_until"),
        Index("ix_jobs_actor_id_id", "actor_id", "id"),
        Index("ix_jobs_change_set_id", "change_set_id"),
        Index("ix_jobs_undoes", "undoes"),
        UniqueConstraint("key"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10), default=State.QUEUED)
    section: Mapped[str] = mapped_column(String(40), default="")
    # By number only: a job outlives whoever began it. None is the system.
    actor_id: Mapped[int | None] = mapped_column(Id)
    # The token that began it: the job may do no more than that, and ends with it.
    token_id: Mapped[int | None] = mapped_column(Id)
    source: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200), default="")
    # Whoever sends the same deed twice, by a double click or a retry, gets the same job.
    key: Mapped[str | None] = mapped_column(String(100))
    total: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(String(500), default="")
    change_set_id: Mapped[int | None] = mapped_column(Id, ForeignKey("change_sets.id"))
    # The change set that it takes back.
    undoes: Mapped[int | None] = mapped_column(Id, ForeignKey("change_sets.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A worker has it until then; each new holder raises the fence, and who held it before writes no more.
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    stop_requested: Mapped[bool] = mapped_column(default=False)
    params: Mapped[Any] = mapped_column(JsonText, sort_order=50)
    cursor: Mapped[Any] = mapped_column(JsonText, nullable=True, sort_order=50)


class JobNote(Model):
    """What a job has to say of one row: why it was left out, failed or is in conflict."""

    __tablename__ = "job_notes"
    __table_args__ = table_args(Index("ix_job_notes_job_id_outcome_id", "job_id", "outcome", "id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    job_id: Mapped[int] = mapped_column(Id, ForeignKey("jobs.id"))
    outcome: Mapped[str] = mapped_column(String(10))
    section: Mapped[str] = mapped_column(String(40), default="")
    row_id: Mapped[int | None] = mapped_column(Id)
    line: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(500))
    detail: Mapped[Any] = mapped_column(JsonText, nullable=True, sort_order=50)


class Worker(Model):
    """A process that works jobs, and when it was last heard of."""

    __tablename__ = "workers"
    __table_args__ = table_args()

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
