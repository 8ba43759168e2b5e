"""Two tables: a change set is one deed of one person, an entry is what it did to one row."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core.database import Model, table_args
from admin_site.core.types import Id, JsonText, UtcDateTime


class ChangeSet(Model):
    """One deed: a save, a move to the trash with all that went along, later a bulk edit or an import."""

    __tablename__ = "change_sets"
    __table_args__ = table_args(Index("ix_change_sets_actor_id_id", "actor_id", "id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Points to a user by number only: history outlives whoever made it.
    actor_id: Mapped[int | None] = mapped_column(Id)
    source: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200), default="")


class Entry(Model):
    """What one change set did to one row: ``{field: [before, after]}``."""

    __tablename__ = "history_entries"
    __table_args__ = table_args(
        Index("ix_history_entries_section_row_id_id", "section", "row_id", "id"),
        Index("ix_history_entries_change_set_id_id", "change_set_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    change_set_id: Mapped[int] = mapped_column(Id, ForeignKey("change_sets.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(Id)
    section: Mapped[str] = mapped_column(String(40))
    row_id: Mapped[int] = mapped_column(Id)
    action: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    changes: Mapped[Any] = mapped_column(JsonText, sort_order=50)
