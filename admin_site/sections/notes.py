"""Notes: short texts that staff keep for each other."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.accounts.rules import may_to_any
from admin_site.core.database import Record, key_of, line, record_args, text
from admin_site.core.section import Field, Section
from admin_site.core.types import Id


class Note(Record):
    """A note and the colleague whose it is."""

    __tablename__ = "notes"
    __table_args__ = record_args("notes", Index("ix_notes_live_title_key_id", "live", "title_key", "id"))

    title: Mapped[str] = line(200)
    title_key: Mapped[str] = key_of("title")
    author_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"), index=True)
    content: Mapped[str] = text()
    content_key: Mapped[str] = key_of("content", long=True)


section = Section(
    model=Note,
    label="Notes",
    singular="note",
    icon="sticky",
    group="Content",
    columns=("title", "author_id", "created_at", "updated_at"),
    form=("title", "content", "is_pinned", "author_id"),
    rail=("is_pinned", "author_id"),
    fields=(Field(name="author_id", write=may_to_any("notes", "update")),),
    filters=("author_id", "created_at", "updated_at"),
    search=("title", "content"),
    pins=True,
    owner="author_id",
)
