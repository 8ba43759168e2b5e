"""What somebody typed and has not saved: kept for them on the server, one for each form.

Nobody else sees it, and it is no content: it passes no rule and leaves no history until it is saved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core import clock, text
from admin_site.core.database import Model, db, execute_kept, insert_new, table_args
from admin_site.core.section import Kind, Section
from admin_site.core.types import Id, JsonText, UtcDateTime
from admin_site.records import statements
from admin_site.records.values import ID_MOST

KEPT_FOR = timedelta(days=30)
SUBMISSIONS_KEPT_FOR = timedelta(days=2)
# Each form of a new row has a number of its own, so that two tabs are two drafts: they stand below zero.
NEW = 0
NEW_LEAST = -(2**52)
# So many drafts of new rows are offered, the last ones typed.
OFFERED_MOST = 20


class Draft(Model):
    """What one person typed into the form of a row, or of a new row (``row_id`` 0 or below)."""

    __tablename__ = "drafts"
    __table_args__ = table_args(Index("ix_drafts_at", "at"))

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    row_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    # The version that they had before them.
    version: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    typed: Mapped[Any] = mapped_column(JsonText, sort_order=50)


class Submission(Model):
    """A form that was sent, and the row that it made: sent twice, it makes one."""

    __tablename__ = "submissions"
    __table_args__ = table_args(Index("ix_submissions_at", "at"))

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    row_id: Mapped[int | None] = mapped_column(Id)


@dataclass(frozen=True)
class Kept:
    """A draft as it is read back: field to the values typed."""

    row_id: int
    version: int
    at: datetime
    typed: Mapping[str, Sequence[str]]


def keep(user_id: int, section: Section, row_id: int, version: int, typed: Mapping[str, Sequence[str]]) -> None:
    """Keep what was typed into the form's fields; passwords are left out."""
    if not NEW_LEAST <= row_id <= ID_MOST:
        return
    fields = {name: section.field(name) for name in section.form}
    kept = {
        name: list(typed[name])
        for name, field in fields.items()
        if name in typed and not field.secret and field.kind is not Kind.PASSWORD
    }
    values = {"version": version, "at": clock.now(), "typed": kept}
    here = (Draft.user_id == user_id, Draft.section == section.name, Draft.row_id == row_id)
    result: Any = db.session.execute(
        update(Draft).where(*here).values(values).execution_options(synchronize_session=False)
    )
    if result.rowcount == 0:
        key = {"user_id": user_id, "section": section.name, "row_id": row_id}
        db.session.execute(insert_new(Draft).values(key | values))
        if row_id <= NEW:
            _forget_more(user_id, section)


def _forget_more(user_id: int, section: Section) -> None:
    """Drafts of new rows beyond those that are offered, the oldest of them."""
    mine = (Draft.user_id == user_id, Draft.section == section.name, Draft.row_id <= NEW)
    newest = select(Draft.row_id).where(*mine).order_by(Draft.at.desc(), Draft.row_id).limit(OFFERED_MOST)
    offered = db.session.execute(newest).scalars().all()
    if len(offered) == OFFERED_MOST:
        statement = delete(Draft).where(*mine, Draft.row_id.not_in(offered))
        db.session.execute(statement.execution_options(synchronize_session=False))


def find(user_id: int | None, section: Section, row_id: int) -> Kept | None:
    """The draft of this form, if there is one."""
    if user_id is None:
        return None
    asked = {"person": user_id, "of": section.name, "row": row_id}
    row = execute_kept(statements.kept(("draft",), _finding), asked).first()
    return Kept(*row) if row else None


def _finding() -> Select[Any]:
    draft = Draft.__table__.columns
    here = (draft.user_id == bindparam("person"), draft.section == bindparam("of"), draft.row_id == bindparam("row"))
    return select(draft.row_id, draft.version, draft.at, draft.typed).where(*here)


def of_new(user_id: int | None, section: Section) -> list[Kept]:
    """What this person typed into forms of new rows, last typed first."""
    draft = Draft.__table__.columns
    here = (draft.user_id == user_id, draft.section == section.name, draft.row_id <= NEW)
    query = select(draft.row_id, draft.version, draft.at, draft.typed).where(*here)
    found = db.session.execute(query.order_by(draft.at.desc(), draft.row_id).limit(OFFERED_MOST))
    return [Kept(*row) for row in found]


def drop(user_id: int | None, section: Section, row_id: int) -> None:
    """Forget the draft of this form."""
    here = (Draft.user_id == user_id, Draft.section == section.name, Draft.row_id == row_id)
    db.session.execute(delete(Draft).where(*here).execution_options(synchronize_session=False))


def submitted(user_id: int | None, section: Section, key: str) -> tuple[bool, int | None]:
    """Whether this form is sent for the first time; else the row that it made.

    Whoever sends the same one at the same moment waits for the first.
    """
    owned = _owned(user_id, section, key)
    result: Any = db.session.execute(
        insert_new(Submission).values(key=owned, at=clock.now()), execution_options={"preserve_rowcount": True}
    )
    if result.rowcount:
        return True, None
    return False, db.session.execute(select(Submission.row_id).where(Submission.key == owned)).scalar()


def _owned(user_id: int | None, section: Section, key: str) -> str:
    return text.storable(f"{user_id}:{section.name}:{key}")[:80]


def made(user_id: int | None, section: Section, key: str, row_id: int) -> None:
    """The row that a form made."""
    owned = _owned(user_id, section, key)
    statement = update(Submission).where(Submission.key == owned).values(row_id=row_id)
    db.session.execute(statement.execution_options(synchronize_session=False))


def forget_old() -> None:
    """Drafts that nobody came back to, and submissions that nobody sends again."""
    now = clock.now()
    for model, kept in ((Draft, KEPT_FOR), (Submission, SUBMISSIONS_KEPT_FOR)):
        statement = delete(model).where(model.at < now - kept)
        db.session.execute(statement.execution_options(synchronize_session=False))
