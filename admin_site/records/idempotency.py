"""Answers that were given under a key: a program that sends the same call again gets the same answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core import clock
from admin_site.core.database import Model, db, insert_new, table_args
from admin_site.core.errors import Conflict
from admin_site.core.types import JsonText, UtcDateTime

KEPT_FOR = timedelta(days=2)
KEY_LENGTH = 255
REUSED = "This Idempotency-Key came with another call already. Use a new one for each."


class KeptAnswer(Model):
    """What was answered to the call that came first with a key."""

    __tablename__ = "kept_answers"
    __table_args__ = table_args(Index("ix_kept_answers_at", "at"))

    # Whose key it is stands in it: two people may choose the same.
    key: Mapped[str] = mapped_column(String(280), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    # A digest of the call that only this site can make, so that another one under the same key is told apart.
    call: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[Any] = mapped_column(JsonText, nullable=True, sort_order=50)


@dataclass(frozen=True)
class Answer:
    """A status, a JSON body, and headers that belong to it."""

    status: int
    body: Any
    headers: Mapping[str, str]


def claim(user_id: int | None, key: str, call: str) -> Answer | None:
    """None for the first call with this key, else what it was answered; ``Conflict`` where it was another one.

    Whoever comes at the same moment waits for the first. Call inside the transaction that does the work: where
    that is rolled back, the key is free again.
    """
    owned = _owned(user_id, key)
    result: Any = db.session.execute(
        insert_new(KeptAnswer).values(key=owned, at=clock.now(), call=call),
        execution_options={"preserve_rowcount": True},
    )
    if result.rowcount:
        return None
    query = select(KeptAnswer.call, KeptAnswer.status, KeptAnswer.answer).where(KeptAnswer.key == owned)
    row = db.session.execute(query).one()
    if row.call != call:
        raise Conflict(REUSED)
    return Answer(row.status, row.answer["body"], row.answer["headers"])


def keep(user_id: int | None, key: str, answer: Answer) -> None:
    """What is answered from now on to this call."""
    values = {"status": answer.status, "answer": {"body": answer.body, "headers": dict(answer.headers)}}
    statement = update(KeptAnswer).where(KeptAnswer.key == _owned(user_id, key)).values(values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _owned(user_id: int | None, key: str) -> str:
    return f"{user_id}:{key}"


def forget_old() -> None:
    """Answers to calls that nobody repeats any more."""
    statement = delete(KeptAnswer).where(KeptAnswer.at < clock.now() - KEPT_FOR)
    db.session.execute(statement.execution_options(synchronize_session=False))
