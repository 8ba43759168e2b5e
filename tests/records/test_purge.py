"""Removing for good: by whom, with what, and what stands against it."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Conflict
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet, Entry
from admin_site.jobs import undo, worker
from admin_site.records import pinning, trash, writes
from admin_site.records.pins import Pin
from tests.factories import make


def throw_away(actor, section, *ids):
    for number in ids:
        with atomic():
            trash.trash(actor, registry.get(section), number)


def purge(actor, section, *ids):
    with atomic():
        return trash.purge_many(writes.begin(actor, "bulk"), registry.get(section), ids)


def count(section):
    return db.session.execute(select(func.count()).select_from(registry.get(section).table)).scalar_one()


def test_rows_go_with_what_went_along_and_their_pins(cast):
    post = make("posts", tag_ids=[make("tags")], is_pinned=True)
    make("comments", post_id=post)
    with atomic():
        pinning.pin_own(cast.editor, registry.get("posts"), post, on=True)
    throw_away(cast.editor, "posts", post)
    outcome = purge(cast.admin, "posts", post)
    assert [change.id for change in outcome.changed] == [post]
    columns = registry.get("posts").table.columns
    assert db.session.execute(select(columns.id).where(columns.id == post)).first() is None
    assert (count("comments"), count("tags")) == (0, 1)
    assert db.session.execute(select(func.count()).select_from(Pin)).scalar_one() == 0
    actions = select(Entry.section, Entry.action).where(Entry.action == "purge").order_by(Entry.section)
    assert db.session.execute(actions).all() == [("comments", "purge"), ("posts", "purge")]


def test_only_those_who_may_and_only_from_the_trash(cast):
    kept, thrown = make("notes"), make("notes")
    throw_away(cast.editor, "notes", thrown)
    assert [left.row_id for left in purge(cast.editor, "notes", thrown).left_out] == [thrown]
    assert [left.row_id for left in purge(cast.admin, "notes", kept, thrown).left_out] == [kept]
    assert count("notes") == 1


def test_what_others_point_to_stays_and_the_rest_goes(cast):
    pointed, free = make("categories"), make("categories")
    make("posts", category_id=pointed)
    throw_away(cast.editor, "categories", pointed, free)
    outcome = purge(cast.admin, "categories", pointed, free)
    assert [change.id for change in outcome.changed] == [free]
    assert [(left.row_id, left.reason) for left in outcome.left_out] == [
        (pointed, "Other rows still point to this category.")
    ]


def test_it_cannot_be_undone_and_says_so(cast):
    number = make("notes")
    throw_away(cast.editor, "notes", number)
    purge(cast.admin, "notes", number)
    last = db.session.execute(select(func.max(ChangeSet.id))).scalar_one()
    with pytest.raises(Conflict, match="removed for good"), atomic():
        undo.begin(cast.admin, last, source="undo")


def test_the_worker_empties_the_trash_after_the_set_time(app, cast, monkeypatch):
    old, young = make("notes"), make("notes")
    throw_away(cast.editor, "notes", old)
    with time_machine.travel(clock.now() + timedelta(days=60), tick=False):
        throw_away(cast.editor, "notes", young)
    with time_machine.travel(clock.now() + timedelta(days=100), tick=False):
        monkeypatch.setitem(app.config, "TRASH_DAYS", 0)
        worker.sweep()
        assert count("notes") == 2
        monkeypatch.setitem(app.config, "TRASH_DAYS", 90)
        worker.sweep()
    assert db.session.execute(select(registry.get("notes").table.columns.id)).scalars().all() == [young]


def test_what_cannot_go_keeps_nothing_else_in_the_trash(app, cast, monkeypatch, caplog):
    monkeypatch.setattr(worker, "EMPTIED", 2)
    pointed, free = [make("categories") for _ in range(3)], [make("categories") for _ in range(5)]
    for number in pointed:
        make("posts", category_id=number)
    notes = [make("notes") for _ in range(3)]
    throw_away(cast.editor, "categories", *pointed, *free)
    throw_away(cast.editor, "notes", *notes)
    real = trash.purge_many

    def purge_many(deed, section, ids):
        if section.name == "notes":
            raise Conflict("Broken")
        return real(deed, section, ids)

    with time_machine.travel(clock.now() + timedelta(days=100), tick=False):
        monkeypatch.setattr(trash, "purge_many", purge_many)
        worker.sweep()
        monkeypatch.setattr(trash, "purge_many", real)
        kept = db.session.execute(select(registry.get("categories").table.columns.id)).scalars().all()
        assert (sorted(kept), count("notes")) == (pointed, 3)
        assert "the trash of notes was not emptied: Conflict: Broken" in caplog.text
        db.session.rollback()
        worker.sweep()
    assert count("notes") == 0
