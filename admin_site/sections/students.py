"""Students of the school."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from admin_site.core.database import Record, key_of, line, record_args
from admin_site.core.section import Section


class Student(Record):
    """Somebody enrolled in a subject."""

    __tablename__ = "students"
    __title__ = ("first_name", "last_name")
    __table_args__ = record_args(
        "students",
        Index("ix_students_live_last_name_key_id", "live", "last_name_key", "id"),
        Index("ix_students_live_first_name_key_id", "live", "first_name_key", "id"),
        Index("ix_students_live_subject_key_id", "live", "subject_key", "id"),
    )

    first_name: Mapped[str] = line(200)
    first_name_key: Mapped[str] = key_of("first_name")
    last_name: Mapped[str] = line(200)
    last_name_key: Mapped[str] = key_of("last_name")
    subject: Mapped[str] = line(200)
    subject_key: Mapped[str] = key_of("subject")


section = Section(
    model=Student,
    label="Students",
    singular="student",
    icon="mortarboard",
    group="School",
    columns=("last_name", "first_name", "subject", "created_at"),
    form=("first_name", "last_name", "subject"),
    filters=("subject", "created_at"),
    search=("first_name", "last_name", "subject"),
    sort="last_name",
)
