"""Published questions with their answers, and a form to ask."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from admin_site.accounts.actor import VISITOR
from admin_site.core import registry
from admin_site.records import reads
from admin_site.records.reads import Item
from admin_site.web.site import reading, writing

blueprint = Blueprint("questions_site", __name__, url_prefix="/questions")

COLUMNS = ("content", "asked_by", "created_at")
ANSWERS_MOST = 100
FORM = ("content", "asked_by")


def newest(count: int) -> list[Item]:
    """The pinned questions, then the newest."""
    page = reading.listed("questions", {"sort": "-created_at"}, COLUMNS, per_page=count, pinned="first")
    return [*page.pinned, *page.items][:count]


@blueprint.get("/")
def index() -> str:
    """The list, and the form."""
    return _index(writing.Sent())


@blueprint.post("/")
def ask() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """A new question, which waits for somebody to read it."""
    sent = writing.send("questions", FORM, {})
    if sent.is_done:
        flash("Thank you. Your question appears here once it has been read.", "ok")
        return redirect(url_for(".index"), 303)
    headers = {"Retry-After": str(sent.retry_after)} if sent.retry_after else {}
    return _index(sent), sent.status, headers


@blueprint.get("/<int:id>")
def question(id: int) -> str:
    """One question; the accepted answer first."""
    item = reads.item(VISITOR, registry.get("questions"), id)
    answers = reading.listed(
        "answers", {"question_id": str(id), "sort": "-is_accepted,created_at"},
        ("content", "author_id", "is_accepted", "created_at"), per_page=ANSWERS_MOST, page=reading.page_number(),
    )  # fmt: skip
    return render_template("site/question.html", question=item, answers=answers, at=reading.page_number())


def _index(sent: writing.Sent) -> str:
    number = reading.page_number()
    page = reading.listed("questions", {"sort": "-created_at"}, COLUMNS, page=number, pinned="first")
    return render_template(
        "site/questions.html", questions=[*(page.pinned if number == 1 else ()), *page.items], page=page,
        at=number, sent=sent, trap=writing.TRAP, section=registry.get("questions"), most=writing.LETTERS_MOST,
        pinned={item.id for item in page.pinned},
    )  # fmt: skip
