"""Files that were handed in: their bytes, to be read again otherwise, and their rows in lots, read once."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core.database import Model, table_args
from admin_site.core.types import Id, JsonText, UtcDateTime

Blob = LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")


class Upload(Model):
    """One file, who handed it in, and how it was read."""

    __tablename__ = "uploads"
    __table_args__ = table_args(Index("ix_uploads_at", "at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # None is the command line.
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    section: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    size: Mapped[int]
    rows: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(10), default="")
    encoding: Mapped[str] = mapped_column(String(40), default="")
    delimiter: Mapped[str] = mapped_column(String(4), default="")
    sheet: Mapped[str] = mapped_column(String(200), default="")
    sheets: Mapped[Any] = mapped_column(JsonText, sort_order=50)
    # The names of the columns, and how many of their cells are filled.
    columns: Mapped[Any] = mapped_column(JsonText, sort_order=50)


class UploadPart(Model):
    """A piece of its bytes."""

    __tablename__ = "upload_parts"
    __table_args__ = table_args()

    upload_id: Mapped[int] = mapped_column(Id, ForeignKey("uploads.id"), primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(Blob, sort_order=50)


class UploadLot(Model):
    """Some of its rows, in their order: ``[line, cells, problem]`` each."""

    __tablename__ = "upload_lots"
    __table_args__ = table_args()

    upload_id: Mapped[int] = mapped_column(Id, ForeignKey("uploads.id"), primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rows: Mapped[Any] = mapped_column(JsonText, sort_order=50)


class ImportMapping(Model):
    """Which column goes to which field, under a name that somebody gave it."""

    __tablename__ = "import_mappings"
    __table_args__ = table_args(UniqueConstraint("user_id", "section", "name"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    section: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    settings: Mapped[Any] = mapped_column(JsonText, sort_order=50)
