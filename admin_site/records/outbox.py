"""What other programs are to be told: written with each change, in its transaction, and sent by a worker later.

A message names rows and fields, never values: whoever wants those reads them with their own rights.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ForeignKey, Index, String, delete, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core import clock
from admin_site.core.database import Model, db, execute_kept, table_args
from admin_site.core.section import Change, Section
from admin_site.core.types import Id, JsonText, UtcDateTime

QUEUED, SENT, FAILED = "queued", "sent", "failed"
KEPT_FOR = timedelta(days=14)
# Rows that one message names.
ROWS_MOST = 500
EVENTS = ("create", "update", "delete", "restore", "purge")


class Webhook(Model):
    """An address that is told of changes."""

    __tablename__ = "webhooks"
    __table_args__ = table_args()

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(1000))
    # The secret that signs is made of this and the key of the site: a stolen database signs nothing.
    salt: Mapped[str] = mapped_column(String(64))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(Id)
    # What it is told of: names such as "posts"; null is every section.
    sections: Mapped[Any] = mapped_column(JsonText, nullable=True, sort_order=50)


class Delivery(Model):
    """One message to one address, until it is sent, and how that went."""

    __tablename__ = "deliveries"
    __table_args__ = table_args(
        Index("ix_deliveries_state_next_at", "state", "next_at"),
        Index("ix_deliveries_webhook_id_id", "webhook_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(Id, ForeignKey("webhooks.id"))
    event: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10), default=QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it is tried next; while it is tried, when another worker may try instead.
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What the other side answered, or why it could not be asked.
    status: Mapped[int | None]
    error: Mapped[str] = mapped_column(String(300), default="")
    took_ms: Mapped[int | None]
    message: Mapped[Any] = mapped_column(JsonText, sort_order=50)


def note(
    change_set_id: int, actor_id: int | None, source: str, section: Section,
    touched: Iterable[tuple[str, int, int, Sequence[str]]],
) -> None:  # fmt: skip
    """Tell whoever wants to know of these rows: action, number, version and the fields that changed."""
    listening = _listening(section)
    if not listening:
        return
    now = clock.now()
    by_action: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for action, row_id, version, fields in touched:
        by_action[action].append({"id": row_id, "version": version, "fields": list(fields)})
    shared = {"at": clock.isoformat(now), "change_set": change_set_id, "actor": actor_id, "source": source}
    rows = [
        {
            "webhook_id": number, "event": f"{section.name}.{action}", "state": QUEUED, "attempts": 0, "error": "",
            "created_at": now, "next_at": now,
            "message": {"event": f"{section.name}.{action}", "section": section.name, "action": action,
                        **shared, "rows": touched_rows},
        }
        for number in listening
        for action, every in by_action.items()
        for touched_rows in (every[start : start + ROWS_MOST] for start in range(0, len(every), ROWS_MOST))
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(Delivery), rows)


_HOOKS = Webhook.__table__.columns


def _listening(section: Section) -> list[int]:
    rows = execute_kept(_asking())
    return [row.id for row in rows if row.sections is None or section.name in row.sections]


@lru_cache(maxsize=1)
def _asking() -> Any:
    """Asked by every change, so it is made once."""
    query = select(_HOOKS.id, _HOOKS.sections).where(_HOOKS.is_active).order_by(_HOOKS.id)
    # A webhook that is deleted at this moment waits, else its message would point to nothing and spoil the change.
    return query.with_for_update(read=True, key_share=True)


def fields_of(change: Change) -> list[str]:
    """The fields that a change touches, in the order of the declaration."""
    changed = {name for name, (old, new) in change.links.items() if sorted(old) != sorted(new)}
    changed |= change.differing() | change.secrets
    if change.pinned and change.pinned[0] != change.pinned[1]:
        changed.add("is_pinned")
    return [name for name, field in change.section.all_fields.items() if name in changed and not field.fixed]


def forget_old() -> None:
    """Messages that have ended, after a while."""
    ended = Delivery.state.in_((SENT, FAILED))
    statement = delete(Delivery).where(ended, Delivery.created_at < clock.now() - KEPT_FOR)
    db.session.execute(statement.execution_options(synchronize_session=False))
