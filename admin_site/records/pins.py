"""Pins: rows that stay above every sort, filter and page. A pin is a row of its own."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core import clock
from admin_site.core.database import Model, db, table_args
from admin_site.core.section import Section
from admin_site.core.types import Id, UtcDateTime

# The band is there to be read at a glance.
BAND_LENGTH = 20


class Pin(Model):
    """A row that is pinned, for all (``user_id`` null) or for one person."""

    __tablename__ = "pins"
    __table_args__ = table_args(
        Index("ix_pins_section_user_id_position", "section", "user_id", "position"),
        Index("ix_pins_section_row_id", "section", "row_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    section: Mapped[str] = mapped_column(String(40))
    row_id: Mapped[int] = mapped_column(Id)
    position: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)


def _stands(section: Section) -> ColumnElement[bool]:
    return and_(Pin.section == section.name, Pin.user_id.is_(None), or_(Pin.until.is_(None), Pin.until > clock.now()))


def is_pinned(section: Section) -> ColumnElement[bool]:
    """Whether a row of the section's table is pinned for everyone, as SQL."""
    return exists(select(literal(1)).where(_stands(section), Pin.row_id == section.table.columns.id))


def in_order(section: Section, rows: Select[Any], limit: int = BAND_LENGTH) -> Select[Any]:
    """Rows of the section narrowed to the pinned ones, in the order of their pins, with ``until``."""
    joined = rows.add_columns(Pin.until).join(Pin, Pin.row_id == section.table.columns.id).where(_stands(section))
    return joined.order_by(Pin.position, Pin.id).limit(limit)


def pinned_among(section: Section, ids: list[int]) -> set[int]:
    """Which of these rows are pinned for everyone."""
    query = select(Pin.row_id).where(_stands(section), Pin.row_id.in_(ids))
    return set(db.session.execute(query).scalars())


def pin(section: Section, row_ids: list[int], actor_id: int | None) -> None:
    """Pin rows for everyone, each on top of those that are pinned already. For ``records.writes`` only."""
    unpin(section, row_ids)  # what is left of a pin that lapsed
    top = db.session.execute(select(func.min(Pin.position)).where(Pin.section == section.name)).scalar() or 0
    now = clock.now()
    rows = [
        {"section": section.name, "row_id": row_id, "position": top - place, "created_at": now,
         "created_by": actor_id, "reason": ""}
        for place, row_id in enumerate(row_ids, start=1)
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(Pin), rows)


def unpin(section: Section, row_ids: list[int]) -> None:
    """Take the global pins of these rows away. For ``records.writes`` only."""
    db.session.execute(delete(Pin).where(Pin.section == section.name, Pin.row_id.in_(row_ids), Pin.user_id.is_(None)))
