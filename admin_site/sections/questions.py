"""Questions that readers ask, and their answers."""

from collections.abc import Sequence
from types import SimpleNamespace

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.accounts import permissions
from admin_site.accounts.rules import may_read_other, may_to_any, status_in
from admin_site.core.database import Record, code, db, key_of, line, record_args, text
from admin_site.core.errors import Denied
from admin_site.core.rules import anyone
from admin_site.core.section import Card, Change, Choice, Field, Kind, Section, Workflow
from admin_site.core.types import Id
from admin_site.records import writes
from admin_site.records.effects import Deed


class Question(Record):
    """A question; the name of who asked is text, they are no user."""

    __tablename__ = "questions"
    __title__ = ("content",)
    __table_args__ = record_args(
        "questions",
        Index("ix_questions_live_status_updated_at_id", "live", "status", "updated_at", "id"),
        Index("ix_questions_live_asked_by_key_id", "live", "asked_by_key", "id"),
    )

    asked_by: Mapped[str | None] = line(100, optional=True)
    asked_by_key: Mapped[str | None] = key_of("asked_by", optional=True)
    status: Mapped[str] = code(20, default="pending")
    content: Mapped[str] = text()
    content_key: Mapped[str] = key_of("content", long=True)


class Answer(Record):
    """One answer to a question; at most one of them is accepted."""

    __tablename__ = "answers"
    __title__ = ("content",)
    __table_args__ = record_args(
        "answers",
        Index("ix_answers_live_is_accepted_created_at_id", "live", "is_accepted", "created_at", "id"),
        Index("ix_answers_deleted_in", "deleted_in"),
    )

    question_id: Mapped[int] = mapped_column(Id, ForeignKey("questions.id"), index=True)
    author_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"), index=True)
    is_accepted: Mapped[bool] = mapped_column(default=False)
    content: Mapped[str] = text()
    content_key: Mapped[str] = key_of("content", long=True)


questions = Section(
    model=Question,
    label="Questions",
    singular="question",
    icon="chat-square-quote",
    group="Content",
    columns=("content", "status", "asked_by", "created_at"),
    form=("content", "asked_by", "status", "is_pinned"),
    rail=("status", "is_pinned"),
    fields=(
        Field(name="content", label="Question"),
        Field(
            name="status",
            kind=Kind.CHOICE,
            choices=(
                Choice(value="pending", label="Pending", icon="hourglass-split", tone="warn"),
                Choice(value="published", label="Published", icon="check-circle-fill", tone="ok"),
                Choice(value="hidden", label="Hidden", icon="eye-slash"),
            ),
        ),
    ),
    filters=("status", "created_at"),
    cards=(
        Card(
            label="Questions asked, 7 days",
            query="created:<7d",
            before="created:>7d created:<14d",
            compared="the week before",
        ),
    ),
    search=("content", "asked_by"),
    sort="-created_at",
    pins=True,
    workflow=Workflow(open=("pending",), action="moderate", moves={"publish": "published", "hide": "hidden"}),
    public={"read": status_in("published"), "create": anyone},
    public_page=("questions_site.question", "id"),
)


def _accept_one(deed: Deed, changes: Sequence[Change]) -> None:
    """Accepting an answer takes the acceptance from the others of its question; of several the last one keeps it."""
    accepting = [change for change in changes if change.after["is_accepted"] and change.after["live"]]
    # Whoever accepts another answer at the same moment waits, and takes the acceptance from this one.
    writes.lock(questions, sorted({change.after["question_id"] for change in accepting}))
    for question, last in {change.after["question_id"]: change.id for change in accepting}.items():
        columns = answers.table.columns
        query = select(columns.id).where(
            columns.question_id == question, columns.is_accepted, columns.live == 1, columns.id != last
        )
        others = writes.lock(answers, list(db.session.execute(query).scalars()))
        if not all(permissions.allows(deed.actor, "update", answers, SimpleNamespace(**row)) for row in others):
            raise Denied("Another answer is accepted, which you may not change.", needs="answers.update")
        writes.set_columns(deed, answers, others, {"is_accepted": False})


answers = Section(
    model=Answer,
    label="Answers",
    singular="answer",
    icon="chat-square-text",
    group="Content",
    columns=("content", "question_id", "author_id", "is_accepted", "created_at"),
    form=("question_id", "content", "is_accepted", "author_id"),
    rail=("is_accepted", "author_id"),
    fields=(
        Field(name="content", label="Answer"),
        Field(name="is_accepted", label="Accepted", help="Takes the acceptance from the other answers."),
        Field(name="author_id", write=may_to_any("answers", "update")),
    ),
    filters=("is_accepted", "question_id", "question_id.status", "author_id", "created_at"),
    search=("content",),
    sort="-created_at",
    owner="author_id",
    follow=_accept_one,
    hooks_on=("is_accepted", "question_id"),
    public={"read": may_read_other("question_id", "questions")},
)

SECTIONS = (questions, answers)
