"""Undo of fifty thousand rows, some of which others have worked on since."""

import pytest
from sqlalchemy import func, insert, select
from werkzeug.datastructures import MultiDict

from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.jobs import board, bulk, runner, undo
from admin_site.jobs.models import State
from admin_site.records import selection, writes
from admin_site.records.list_query import ListQuery

ROWS, EDITED = 50_000, 37


@pytest.mark.databases("sqlite")
def test_fifty_thousand_rows_go_back_but_those_that_others_edited(cast, monkeypatch):
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)
    comments = _many_comments(cast)
    everything = ListQuery.from_args(comments, MultiDict(), cast.editor)
    chosen = selection.of_list(cast.editor, everything)
    job = _work(bulk.begin, cast.editor, bulk.Bulk(chosen, "edit", {"status": ("set", "approved")}))
    assert (job.state, job.done) == (State.DONE, ROWS)
    columns = comments.table.columns
    edited = list(db.session.execute(select(columns.id).order_by(columns.id).limit(EDITED)).scalars())
    with atomic():
        for number in edited:
            writes.update(cast.admin, comments, number, {"status": "spam"})
    back = _work(undo.begin, cast.editor, job.change_set_id)
    assert (back.state, back.done, back.skipped) == (State.DONE, ROWS - EDITED, EDITED)
    assert {note.row_id for note in board.notes(back, outcomes=("conflict",))} == set(edited)
    found = select(columns.status, func.count()).group_by(columns.status)
    assert dict(db.session.execute(found).all()) == {"pending": ROWS - EDITED, "spam": EDITED}


def _many_comments(cast):
    """Written straight into the table: what is undone is the bulk edit, not these."""
    comments, now = registry.get("comments"), clock.now()
    with atomic():
        post = writes.create(cast.system, registry.get("posts"), {"title": "Busy", "content": "Many comments."})
        row = {
            "post_id": post, "author_name": "Reader", "author_name_key": "reader", "status": "pending",
            "content": "Yes.", "content_key": "yes.", "version": 1, "live": 1, "created_at": now, "updated_at": now,
        }  # fmt: skip
        db.session.execute(insert(comments.table), [row] * ROWS)
    return comments


def _work(begin, actor, what):
    with atomic():
        number = begin(actor, what, source="bulk")
    runner.run(number)
    return board.find(actor, number)
