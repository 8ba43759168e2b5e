"""What a page says of undoing a change set: until when, why not, or by which job it was."""

from typing import Any

from flask import url_for

from admin_site.core.database import db
from admin_site.core.errors import AppError
from admin_site.history.models import ChangeSet
from admin_site.jobs import board, undoable
from admin_site.jobs.models import Job
from admin_site.web import templating
from admin_site.web.identity import actor


def of(change_set_id: int | None) -> dict[str, Any]:
    """``undo_until``, ``is_undone`` and ``why_not``; one of them says something where there is something to undo.

    ``is_begun`` says that some of it was taken back; ``undone_url`` and ``begun_url`` lead to the job that did it.
    """
    found = {"undo_until": "", "is_undone": False, "undone_url": "", "why_not": "", "is_begun": False, "begun_url": ""}
    change_set = db.session.get(ChangeSet, change_set_id) if change_set_id else None
    if change_set is None:
        return found
    undone = undoable.undone_by(change_set.id)
    if undone is not None:
        return found | {"is_undone": True, "undone_url": _url_of(undone)}
    try:
        undoable.require(actor(), change_set.id)
    except AppError:
        return found
    if refusal := undoable.why_not(change_set):
        return found | {"why_not": refusal}
    begun = undoable.begun_by(change_set.id)
    end = change_set.at + undoable.UNDONE_WITHIN
    until = f"{end.day} {templating.MONTHS[end.month]} {end.year}"
    if begun is None:
        return found | {"undo_until": until}
    return found | {"undo_until": until, "is_begun": True, "begun_url": _url_of(begun)}


def _url_of(job: Job) -> str:
    """The receipt, for those who may see the job; it may be somebody else's."""
    return url_for("jobs.job", id=job.id) if board.may_see(actor(), job) else ""
