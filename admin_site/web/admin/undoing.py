"""What a page says of undoing a change set: until when, why not, or by which job it was."""

from flask import url_for

from admin_site.core.database import db
from admin_site.history.models import ChangeSet
from admin_site.jobs import undo
from admin_site.web import templating


def of(change_set_id: int | None) -> dict[str, str]:
    """``undo_until``, ``undone_url`` and ``why_not``; one of them says something where there is something to undo."""
    found = {"undo_until": "", "undone_url": "", "why_not": ""}
    change_set = db.session.get(ChangeSet, change_set_id) if change_set_id else None
    if change_set is None:
        return found
    undone = undo.undone_by(change_set.id)
    if undone is not None:
        return found | {"undone_url": url_for("jobs.job", id=undone.id)}
    if refusal := undo.why_not(change_set):
        return found | {"why_not": refusal}
    end = change_set.at + undo.UNDONE_WITHIN
    return found | {"undo_until": f"{end.day} {templating.MONTHS[end.month]} {end.year}"}
