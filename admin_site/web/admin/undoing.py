"""What a page says of undoing a change set: until when, why not, or by which job it was."""

from flask import url_for

from admin_site.core.database import db
from admin_site.core.errors import AppError
from admin_site.history.models import ChangeSet
from admin_site.jobs import undoable
from admin_site.web import templating
from admin_site.web.identity import actor


def of(change_set_id: int | None) -> dict[str, str]:
    """``undo_until``, ``undone_url`` and ``why_not``; one of them says something where there is something to undo.

    ``begun_url`` is the job that took back some of it.
    """
    found = {"undo_until": "", "undone_url": "", "why_not": "", "begun_url": ""}
    change_set = db.session.get(ChangeSet, change_set_id) if change_set_id else None
    if change_set is None:
        return found
    undone = undoable.undone_by(change_set.id)
    if undone is not None:
        return found | {"undone_url": url_for("jobs.job", id=undone.id)}
    try:
        undoable.require(actor(), change_set.id)
    except AppError:
        return found
    if refusal := undoable.why_not(change_set):
        return found | {"why_not": refusal}
    begun = undoable.begun_by(change_set.id)
    end = change_set.at + undoable.UNDONE_WITHIN
    until = f"{end.day} {templating.MONTHS[end.month]} {end.year}"
    return found | {"undo_until": until, "begun_url": url_for("jobs.job", id=begun.id) if begun else ""}
