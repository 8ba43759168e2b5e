"""Taking a change set back: what still holds what it got is put back, the rest is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy import update as update_table

from admin_site.accounts import actor as actors
from admin_site.accounts.roles import ROLE_GRANTS
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, NotFound
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.history.models import ChangeSet, Entry
from admin_site.jobs import board, bulk, runner, undo, undoable
from admin_site.jobs.models import Job, State
from admin_site.records import pinning, pins, reads, relations, selection, trash, writes
from admin_site.records.search import documents
from admin_site.records.search.documents import SearchDocument
from tests.cast import role_id
from tests.factories import make

GONE = "It was moved to the trash, or is hidden from you."


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(undo, "CHUNK", 2)
    monkeypatch.setattr(undo, "ALIKE_CHUNKS", 1)
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)


def update(actor, section, number, **sent):
    with atomic():
        writes.update(actor, registry.get(section), number, sent)
    return last_set(section, number)


def to_trash(actor, section, number):
    with atomic():
        trash.trash(actor, registry.get(section), number)
    return last_set(section, number)


def last_set(section, number):
    """The change set that touched a row last."""
    db.session.rollback()
    return log.of_row(section, number)[0].change_set_id


def begin(actor, change_set):
    with atomic():
        return undo.begin(actor, change_set, source="undo")


def take_back(actor, change_set):
    """The job that undid it, as it ended."""
    return run(begin(actor, change_set))


def run(number):
    runner.run(number)
    db.session.rollback()
    return db.session.get(Job, number, populate_existing=True)


def tally(job):
    assert job.state == State.DONE, job.message
    assert job.done + job.same + job.skipped == job.total
    return job.done, job.same, job.skipped


def notes_of(job):
    return [(note.outcome, note.section, note.row_id, note.reason) for note in board.notes(job, limit=500)]


def row(section, number, *, trashed=False):
    db.session.rollback()
    return reads.find(actors.SYSTEM, registry.get(section), number, trashed=trashed)


def is_live(section, number):
    table = registry.get(section).table
    db.session.rollback()
    return db.session.execute(select(table.columns.live).where(table.columns.id == number)).scalar_one() == 1


def tags_of(number):
    return relations.links(registry.get("posts").field("tag_ids"), [number])[number]


def words_of(section, number):
    query = select(SearchDocument.words).where(SearchDocument.id == documents.first_id(registry.get(section)) + number)
    return db.session.execute(query).scalars().all()


def bulk_edit(actor, section, rows, **sent):
    with atomic():
        chosen = selection.of_rows(actor, registry.get(section), rows)
        number = bulk.begin(actor, bulk.Bulk(chosen, bulk.EDIT, sent), source="bulk")
    return run(number)


# What is put back.


@pytest.mark.parametrize("sent", [{"status": ("set", "review")}, {"title": ("set", "One title")}], ids=["alike", "own"])
@pytest.mark.parametrize("apart", [1, 2, 3, 5])
def test_entries_of_others_may_lie_between_those_of_a_change_set(cast, apart, sent):
    rows = [make("posts", title=f"Row {place}") for place in range(7)]
    number = bulk_edit(cast.admin, "posts", rows, **sent).change_set_id
    with atomic():
        ids = db.session.execute(select(Entry.id).where(Entry.change_set_id == number).order_by(Entry.id)).scalars()
        for place, entry in enumerate(ids.all()):
            moved = update_table(Entry).where(Entry.id == entry).values(id=-1_000_000 + place // 3 + place * apart)
            db.session.execute(moved)
    job = take_back(cast.admin, number)
    assert tally(job) == (7, 0, 0)
    found = [row("posts", post) for post in rows]
    assert [(post.title, post.status) for post in found] == [(f"Row {place}", "draft") for place in range(7)]


def test_every_field_of_a_saved_row_is_put_back(cast):
    shelves, tags = [make("categories") for _ in range(2)], [make("tags") for _ in range(3)]
    number = make("posts", title="Fern", content="Water it.", category_id=shelves[0], tag_ids=tags[:2])
    said = words_of("posts", number)
    sent = {
        "title": "Moss", "content": "Leave it.", "category_id": None, "tag_ids": tags[1:], "status": "published",
        "author_id": cast.owner.id, "is_pinned": True,
    }  # fmt: skip
    job = take_back(cast.editor, update(cast.editor, "posts", number, **sent))
    assert (tally(job), notes_of(job)) == ((1, 0, 0), [])
    post = row("posts", number)
    assert (post.title, post.content, post.category_id, post.status) == ("Fern", "Water it.", shelves[0], "draft")
    assert (post.author_id, post.published_at, post.version) == (None, None, 3)
    assert tags_of(number) == tags[:2]
    assert pins.pinned_among(registry.get("posts"), [number]) == set()
    assert words_of("posts", number) == said


def test_the_undoing_is_a_change_set_of_its_own_with_its_source(cast):
    number = make("notes", title="Fern")
    change_set = update(cast.editor, "notes", number, title="Moss")
    job = take_back(cast.admin, change_set)
    newest = log.of_row("notes", number)[0]
    assert (newest.change_set_id, newest.source, newest.actor_id) == (job.change_set_id, "undo", cast.admin.id)
    assert (newest.action, newest.reason) == ("update", f"Undo of #{change_set}")
    assert newest.changes == {"title": ["Moss", "Fern"]}
    assert (job.undoes, job.section, job.total, job.kind) == (change_set, "notes", 1, "undo")
    assert log.count_of_row("notes", number) == 3


def test_a_new_row_goes_to_the_trash(cast):
    number = make("notes", cast.owner)
    job = take_back(cast.owner, last_set("notes", number))
    assert (tally(job), is_live("notes", number)) == ((1, 0, 0), False)
    assert log.of_row("notes", number)[0].action == "delete"


def test_a_new_row_stays_where_something_was_put_under_it_since(cast):
    post = make("posts")
    comment = make("comments", post_id=post)
    job = take_back(cast.editor, log.of_row("posts", post)[-1].change_set_id)
    assert (is_live("posts", post), is_live("comments", comment)) == (True, True)
    assert notes_of(job) == [("conflict", "posts", post, "It is used by rows that stay.")]


def test_a_new_row_that_was_changed_since_stays(cast):
    number = make("notes")
    change_set = last_set("notes", number)
    update(cast.editor, "notes", number, title="Worked on")
    job = take_back(cast.editor, change_set)
    assert (tally(job), is_live("notes", number)) == ((0, 0, 1), True)
    assert notes_of(job) == [("conflict", "notes", number, "It was changed since it was added.")]


def test_a_row_that_was_made_and_changed_in_one_deed_goes_to_the_trash(cast):
    with atomic():
        deed = writes.begin(cast.editor, "import")
        section = registry.get("notes")
        number = writes.create(cast.editor, section, {"title": "One", "content": "x"}, deed=deed)
        writes.update(cast.editor, section, number, {"title": "Two"}, deed=deed)
    job = take_back(cast.editor, deed.change_set_id)
    assert (notes_of(job), is_live("notes", number)) == ([], False)


def test_a_row_from_the_trash_comes_back_with_what_went_along(cast):
    post = make("posts")
    comments = [make("comments", post_id=post) for _ in range(4)]
    change_set = to_trash(cast.editor, "posts", post)
    job = take_back(cast.editor, change_set)
    assert (tally(job), notes_of(job)) == ((5, 0, 0), [])
    assert all(is_live("comments", number) for number in comments)
    assert is_live("posts", post)
    assert [row("comments", number).version for number in comments] == [3] * 4
    assert [len(words_of("comments", number)) for number in comments] == [1] * 4


def test_a_restored_row_goes_back_to_the_trash_together_with_the_rest(cast):
    post = make("posts")
    comments = [make("comments", post_id=post) for _ in range(3)]
    to_trash(cast.editor, "posts", post)
    with atomic():
        trash.restore(cast.editor, registry.get("posts"), post)
    job = take_back(cast.editor, last_set("posts", post))
    assert (tally(job), notes_of(job)) == ((4, 0, 0), [])
    assert not is_live("posts", post)
    with atomic():
        assert trash.restore(cast.editor, registry.get("posts"), post) == 3
    assert all(is_live("comments", number) for number in comments)


def test_a_name_taken_since_keeps_its_row_in_the_trash(cast):
    number = make("categories", name="News")
    change_set = to_trash(cast.editor, "categories", number)
    make("categories", name="news", slug="another")
    job = take_back(cast.editor, change_set)
    assert tally(job) == (0, 0, 1)
    assert notes_of(job) == [
        ("skipped", "categories", number, "Name “News” is already used by another category.")
    ]  # fmt: skip


def test_a_name_taken_since_cannot_be_put_back(cast):
    number = make("categories", name="News")
    change_set = update(cast.editor, "categories", number, name="Olds")
    make("categories", name="News", slug="another")
    job = take_back(cast.editor, change_set)
    assert (tally(job), row("categories", number).name) == ((0, 0, 1), "Olds")
    assert [note[3] for note in notes_of(job)] == ["Name “News” is already used by another category."]


def test_a_bulk_edit_is_taken_back_in_every_chunk(cast):
    tags = [make("tags") for _ in range(2)]
    rows = [make("posts", title=f"Post {place}", tag_ids=tags[place % 2 :][:1]) for place in range(7)]
    before = [(row("posts", number).title, tags_of(number)) for number in rows]
    done = bulk_edit(cast.editor, "posts", rows, title=("set", "Moss"), tag_ids=("set", tags))
    job = take_back(cast.editor, done.change_set_id)
    assert (tally(job), notes_of(job)) == ((7, 0, 0), [])
    assert [(row("posts", number).title, tags_of(number)) for number in rows] == before
    assert {last_set("posts", number) for number in rows} == {job.change_set_id}


def test_rows_published_in_bulk_are_drafts_again_without_a_moment(cast):
    rows = [make("posts") for _ in range(3)]
    with atomic():
        chosen = selection.of_rows(cast.editor, registry.get("posts"), rows)
        number = bulk.begin(cast.editor, bulk.Bulk(chosen, "publish"), source="bulk")
    take_back(cast.editor, run(number).change_set_id)
    assert {(row("posts", n).status, row("posts", n).published_at) for n in rows} == {("draft", None)}


def test_of_fifty_rows_with_seven_edited_since_the_others_are_put_back(cast, monkeypatch):
    monkeypatch.setattr(undo, "CHUNK", 10)
    with atomic():
        rows = [make("notes", title=f"Before {place}") for place in range(50)]
    done = bulk_edit(cast.editor, "notes", rows, title=("set", "After"))
    edited = rows[3::7][:7]
    for number in edited:
        update(cast.editor, "notes", number, title=f"Mine {number}")
    job = take_back(cast.editor, done.change_set_id)
    assert tally(job) == (43, 0, 7)
    listed = board.notes(job, outcomes=("conflict",), limit=500)
    assert sorted(note.row_id for note in listed) == edited
    assert {note.reason for note in listed} == {"Title was changed since."}
    for note in listed:
        place = rows.index(note.row_id)
        expected = {"field": "title", "before": f"Before {place}", "after": "After", "now": f"Mine {note.row_id}"}
        assert note.detail == expected
    titles = [row("notes", number).title for number in rows]
    assert titles == [f"Mine {n}" if n in edited else f"Before {place}" for place, n in enumerate(rows)]


# What changed since.


def test_a_field_changed_since_stays_and_the_others_are_put_back(cast):
    shelves = [make("categories", name=name) for name in ("News", "Sport", "Weather")]
    number = make("posts", title="Fern", category_id=shelves[0], content="Old.")
    change_set = update(cast.editor, "posts", number, title="Moss", category_id=shelves[1], content="New.")
    update(cast.admin, "posts", number, category_id=shelves[2])
    job = take_back(cast.editor, change_set)
    assert tally(job) == (1, 0, 0)
    post = row("posts", number)
    assert (post.title, post.category_id, post.content) == ("Fern", shelves[2], "Old.")
    (note,) = board.notes(job)
    assert (note.outcome, note.section, note.row_id, note.reason) == (
        "conflict", "posts", number, "Category was changed since.",
    )  # fmt: skip
    titled = [{"id": shelf, "title": name} for shelf, name in zip(shelves, ("News", "Sport", "Weather"), strict=True)]
    assert note.detail == {"field": "category_id", "before": titled[0], "after": titled[1], "now": titled[2]}


def test_tags_changed_since_are_named_on_both_sides(cast):
    tags = [make("tags", name=name) for name in ("a", "b", "c")]
    number = make("posts", tag_ids=tags[:1])
    change_set = update(cast.editor, "posts", number, tag_ids=tags[:2])
    update(cast.editor, "posts", number, tag_ids=tags)
    job = take_back(cast.editor, change_set)
    (note,) = board.notes(job)
    names = {side: [tag["title"] for tag in note.detail[side]] for side in ("before", "after", "now")}
    assert (tally(job), names) == ((0, 0, 1), {"before": ["a"], "after": ["a", "b"], "now": ["a", "b", "c"]})
    assert tags_of(number) == tags


def test_what_somebody_put_back_by_hand_is_no_conflict(cast):
    number = make("notes", title="Fern")
    change_set = update(cast.editor, "notes", number, title="Moss")
    update(cast.editor, "notes", number, title="Fern")
    job = take_back(cast.editor, change_set)
    assert (tally(job), notes_of(job), row("notes", number).version) == ((0, 1, 0), [], 3)


def test_a_row_that_went_to_the_trash_since_is_named(cast):
    rows = [make("notes", title="Fern") for _ in range(3)]
    done = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss"))
    to_trash(cast.editor, "notes", rows[1])
    job = take_back(cast.editor, done.change_set_id)
    assert tally(job) == (2, 0, 1)
    assert notes_of(job) == [("skipped", "notes", rows[1], GONE)]
    assert row("notes", rows[1], trashed=True).title == "Moss"


def test_what_it_pointed_to_is_in_the_trash_since(cast):
    category, tag, other = make("categories"), make("tags"), make("tags")
    number = make("posts", title="Fern", category_id=category, tag_ids=[tag])
    change_set = update(cast.editor, "posts", number, title="Moss", category_id=None, tag_ids=[other])
    for section, gone in (("categories", category), ("tags", tag)):
        to_trash(cast.editor, section, gone)
    job = take_back(cast.editor, change_set)
    assert tally(job) == (1, 0, 0)
    post = row("posts", number)
    assert (post.title, post.category_id, tags_of(number)) == ("Fern", None, [other])
    assert sorted(note[3] for note in notes_of(job)) == [
        f"Category cannot be put back: Category: there is no row with the number {category}.",
        f"Tags cannot be put back: Tags: there is no row with the number {tag}.",
    ]


def test_a_password_cannot_be_put_back_and_the_rest_is(cast):
    number = make("users", name="Ada", password="a long enough phrase")
    stored = row("users", number).password_hash
    change_set = update(cast.admin, "users", number, name="Lovelace", password="another long enough phrase")
    changed = row("users", number).password_hash
    assert changed != stored
    job = take_back(cast.admin, change_set)
    assert (tally(job), row("users", number).name, row("users", number).password_hash) == ((1, 0, 0), "Ada", changed)
    assert [note[3] for note in notes_of(job)] == ["Password cannot be put back: its former value was not kept."]
    assert all("phrase" not in str(note.detail) for note in board.notes(job))


def test_the_last_administrator_stays_one(cast):
    other = make("users", role_ids=[role_id("admin")])
    change_set = last_set("users", other)
    update(cast.system, "users", cast.admin.id, is_active=False)
    job = take_back(actors.SYSTEM, change_set)
    assert (tally(job), is_live("users", other)) == ((0, 0, 1), True)
    assert "last active administrator" in notes_of(job)[0][3]


def test_an_acceptance_goes_back_to_the_answer_that_had_it(cast):
    question = make("questions")
    first = make("answers", question_id=question, is_accepted=True)
    second = make("answers", question_id=question)
    change_set = update(cast.editor, "answers", second, is_accepted=True)
    assert (row("answers", first).is_accepted, row("answers", second).is_accepted) == (False, True)
    job = take_back(cast.editor, change_set)
    assert (row("answers", first).is_accepted, row("answers", second).is_accepted) == (True, False)
    assert (tally(job), notes_of(job)) == ((2, 0, 0), [])


def test_a_new_answer_that_took_the_acceptance_gives_it_back(cast, monkeypatch):
    monkeypatch.setattr(undo, "CHUNK", 1)
    question = make("questions")
    first = make("answers", question_id=question, is_accepted=True)
    second = make("answers", question_id=question, is_accepted=True)
    take_back(cast.editor, last_set("answers", second))
    assert (row("answers", first).is_accepted, is_live("answers", second)) == (True, False)


# Pins.


@pytest.fixture
def pinned(cast):
    """Four pinned notes in their order."""
    return [make("notes", title=f"Note {place}", is_pinned=True) for place in range(4)][::-1]


def order(cast):
    db.session.rollback()
    return [item.id for item in pinning.arranged(cast.editor, registry.get("notes"), own=False).items]


def move(actor, number, place):
    with atomic():
        pinning.move(actor, registry.get("notes"), number, own=False, place=place)
    return last_set("notes", number)


def describe(actor, number, **said):
    with atomic():
        pinning.describe(actor, registry.get("notes"), number, own=False, **({"reason": "", "until": ""} | said))
    return last_set("notes", number)


def pin_of(number):
    return db.session.execute(select(pins.Pin.reason, pins.Pin.until).where(pins.Pin.row_id == number)).one()


def test_a_moved_pin_goes_back_to_its_place(cast, pinned):
    change_set = move(cast.editor, pinned[0], 3)
    assert order(cast) != pinned
    job = take_back(cast.editor, change_set)
    assert (tally(job), order(cast)) == ((1, 0, 0), pinned)
    newest = log.of_row("notes", pinned[0])[0]
    assert (newest.changes, newest.change_set_id, newest.source) == (
        {"pin_place": [3, 1]}, job.change_set_id, "undo",
    )  # fmt: skip
    take_back(cast.editor, job.change_set_id)
    assert order(cast).index(pinned[0]) == 2


def test_a_pin_moved_again_since_stays_where_it_is(cast, pinned):
    change_set = move(cast.editor, pinned[0], 3)
    move(cast.editor, pinned[0], 4)
    stands = order(cast)
    job = take_back(cast.editor, change_set)
    assert (tally(job), order(cast)) == ((0, 0, 1), stands)
    assert notes_of(job) == [("conflict", "notes", pinned[0], "Its pin was changed since.")]


def test_what_was_said_of_a_pin_is_taken_back(cast, pinned):
    describe(cast.editor, pinned[1], reason="Fair", until="2097-01-02")
    before = pin_of(pinned[1])
    change_set = describe(cast.editor, pinned[1], reason="Sale", until="")
    job = take_back(cast.editor, change_set)
    assert (tally(job), pin_of(pinned[1])) == ((1, 0, 0), before)
    assert before.until == datetime(2097, 1, 2, tzinfo=UTC)
    take_back(cast.editor, job.change_set_id)
    assert tuple(pin_of(pinned[1])) == ("Sale", None)


def test_a_pin_that_was_taken_away_since_cannot_be_put_back(cast, pinned):
    change_set = move(cast.editor, pinned[0], 3)
    update(cast.editor, "notes", pinned[0], is_pinned=False)
    job = take_back(cast.editor, change_set)
    assert tally(job) == (0, 0, 1)
    assert notes_of(job) == [("conflict", "notes", pinned[0], "This pin was taken away meanwhile.")]


def test_a_pin_that_was_set_is_taken_away_and_the_other_way_round(cast, pinned):
    section = registry.get("notes")
    job = take_back(cast.editor, update(cast.editor, "notes", pinned[0], is_pinned=False))
    assert pins.pinned_among(section, pinned) == set(pinned)
    take_back(cast.editor, job.change_set_id)
    assert pins.pinned_among(section, pinned) == set(pinned[1:])


def test_who_may_not_pin_moves_no_pin_back(cast, pinned):
    change_set = move(cast.editor, pinned[0], 3)
    stands = order(cast)
    job = take_back(cast.owner, change_set)
    assert (tally(job), order(cast)) == ((0, 0, 1), stands)
    assert notes_of(job)[0][3] == "None of your roles lets you pin notes for everyone (notes.pin)."


# Who, when, and how often.


def test_who_may_not_change_a_row_does_not_undo_it(cast):
    rows = [make("notes", cast.owner, title="Fern"), make("notes", cast.colleague, title="Fern")]
    done = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss"))
    with pytest.raises(Denied, match=r"None of your roles lets you change notes \(notes\.update\)\."):
        begin(cast.viewer, done.change_set_id)
    assert [row("notes", number).title for number in rows] == ["Moss", "Moss"]


def test_each_undoes_what_is_theirs(cast):
    rows = [make("notes", cast.owner, title="Fern"), make("notes", cast.colleague, title="Fern")]
    done = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss"))
    job = take_back(cast.owner, done.change_set_id)
    assert (tally(job), [row("notes", number).title for number in rows]) == ((1, 0, 1), ["Fern", "Moss"])
    assert notes_of(job) == [("skipped", "notes", rows[1], "You may do this only to your own notes.")]


def test_an_author_does_not_undo_what_an_editor_published(cast):
    number = make("posts", cast.owner)
    job = take_back(cast.owner, update(cast.editor, "posts", number, status="published"))
    assert (tally(job), row("posts", number).status) == ((0, 0, 1), "published")


def test_a_change_of_a_hidden_section_is_not_there(cast):
    number = make("users", name="Ada")
    change_set = update(cast.admin, "users", number, name="Lovelace")
    for actor in (cast.editor, cast.anonymous, cast.stranger):
        with pytest.raises(NotFound):
            begin(actor, change_set)
    with pytest.raises(NotFound):
        begin(cast.admin, 10**9)
    assert row("users", number).name == "Lovelace"


def test_rows_of_a_hidden_section_in_a_mixed_change_set_are_left(cast):
    user, note = make("users", name="Ada"), make("notes", title="Fern")
    with atomic():
        deed = writes.begin(cast.admin, "api")
        writes.update(cast.admin, registry.get("users"), user, {"name": "Lovelace"}, deed=deed)
        writes.update(cast.admin, registry.get("notes"), note, {"title": "Moss"}, deed=deed)
    job = take_back(cast.editor, deed.change_set_id)
    assert (tally(job), job.section) == ((1, 0, 1), "")
    assert (row("users", user).name, row("notes", note).title) == ("Lovelace", "Fern")
    assert notes_of(job) == [("skipped", "users", user, "It is gone, or hidden from you.")]


def test_after_thirty_days_nothing_is_undone(cast):
    change_set = update(cast.editor, "notes", make("notes"), title="Moss")
    made = db.session.get(ChangeSet, change_set).at
    late = time_machine.travel(made + timedelta(days=30, seconds=1), tick=False)
    with late, pytest.raises(Conflict, match="more than 30 days ago"):
        begin(cast.editor, change_set)
    with time_machine.travel(made + timedelta(days=30, seconds=-1), tick=False):
        assert begin(cast.editor, change_set)


def test_nothing_is_undone_twice(cast):
    change_set = update(cast.editor, "notes", make("notes"), title="Moss")
    number = begin(cast.editor, change_set)
    for _ in range(2):
        with pytest.raises(Conflict, match="undone already"):
            begin(cast.admin, change_set)
        run(number)
    assert undoable.undone_by(change_set).id == number


def test_an_undoing_is_undone_and_then_the_first_may_be_again(cast):
    number = make("notes", title="Fern")
    change_set = update(cast.editor, "notes", number, title="Moss")
    first = take_back(cast.editor, change_set)
    second = take_back(cast.editor, first.change_set_id)
    assert (row("notes", number).title, tally(second)) == ("Moss", (1, 0, 0))
    assert undoable.undone_by(change_set) is None
    with pytest.raises(Conflict):
        begin(cast.editor, first.change_set_id)
    third = take_back(cast.editor, change_set)
    assert (row("notes", number).title, tally(third)) == ("Fern", (1, 0, 0))
    with pytest.raises(Conflict):
        begin(cast.editor, change_set)


def test_the_undoing_of_a_deletion_is_undone_with_all_that_went_along(cast):
    post = make("posts")
    comments = [make("comments", post_id=post) for _ in range(3)]
    first = take_back(cast.editor, to_trash(cast.editor, "posts", post))
    assert is_live("posts", post)
    second = take_back(cast.editor, first.change_set_id)
    assert (tally(second), is_live("posts", post)) == ((4, 0, 0), False)
    assert not any(is_live("comments", number) for number in comments)
    with atomic():
        assert trash.restore(cast.editor, registry.get("posts"), post) == 3


def test_what_is_still_being_worked_on_is_not_undone(cast, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 1)
    rows = [make("notes") for _ in range(3)]
    with atomic():
        chosen = selection.of_rows(cast.editor, registry.get("notes"), rows)
        number = bulk.begin(cast.editor, bulk.Bulk(chosen, bulk.EDIT, {"title": ("set", "x")}), source="bulk")
    claim = runner.take(number)
    runner._carry_on(claim)
    change_set = last_set("notes", rows[0])
    with pytest.raises(Conflict, match="still being worked on"):
        begin(cast.editor, change_set)
    with atomic():
        board.stop(cast.editor, number)
    runner._carry_on(claim)
    assert tally(take_back(cast.editor, change_set)) == (1, 0, 0)


def test_an_undoing_that_failed_may_be_begun_again(cast, monkeypatch):
    number = make("notes", title="Fern")
    change_set = update(cast.editor, "notes", number, title="Moss")
    with monkeypatch.context() as patched:
        patched.setattr("admin_site.jobs.kinds.KINDS", {})
        assert take_back(cast.editor, change_set).state == State.FAILED
    assert tally(take_back(cast.editor, change_set)) == (1, 0, 0)
    assert row("notes", number).title == "Fern"


@pytest.mark.parametrize("begun", [False, True], ids=["before-it-began", "half-way"])
def test_an_undoing_that_was_stopped_may_be_begun_again(cast, begun):
    rows = [make("notes", title="Fern") for _ in range(5)]
    change_set = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss")).change_set_id
    number = begin(cast.editor, change_set)
    if begun:
        claim = runner.take(number)
        runner._carry_on(claim)
    with atomic():
        board.stop(cast.editor, number)
    run(number) if not begun else runner._carry_on(claim)
    assert db.session.get(Job, number, populate_existing=True).state == State.STOPPED
    take_back(cast.editor, change_set)
    assert [row("notes", n).title for n in rows] == ["Fern"] * 5


def test_a_worker_that_dies_while_it_undoes_leaves_nothing_half(cast, monkeypatch):
    rows = [make("notes", title=f"Fern {place}") for place in range(5)]
    change_set = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss")).change_set_id
    number = begin(cast.editor, change_set)
    seen = []

    def die(name):
        seen.append(name)
        if name == "recorded" and seen.count(name) == 2:
            raise SystemExit

    monkeypatch.setattr(runner, "reached", die)
    with pytest.raises(SystemExit):
        runner.run(number)
    monkeypatch.setattr(runner, "reached", runner.no_fault)
    with time_machine.travel(clock.now() + runner.LEASE + timedelta(seconds=1)):
        job = run(number)
    assert tally(job) == (5, 0, 0)
    assert [row("notes", n).title for n in rows] == [f"Fern {place}" for place in range(5)]
    assert [log.count_of_row("notes", n) for n in rows] == [3] * 5


def test_a_pin_that_was_taken_away_comes_back_where_it_was(cast):
    section = registry.get("notes")
    notes = [make("notes", title=f"Note {place}", is_pinned=True) for place in range(4)]
    end = (clock.now() + timedelta(days=3)).date().isoformat()
    with atomic():
        pinning.describe(cast.editor, section, notes[1], own=False, reason="Read this first", until=end)
    before = [(row.id, row.pin_reason, row.pin_until) for row in standing_pins(section)]
    with atomic():
        deed = writes.begin(cast.editor, "form")
        writes.update(cast.editor, section, notes[1], {"is_pinned": False}, deed=deed)
        writes.update(cast.editor, section, notes[2], {"is_pinned": False}, deed=deed)
    with atomic():
        number = undo.begin(cast.editor, deed.change_set_id, source="undo")
    runner.run(number)
    assert board.find(cast.editor, number).done == 2
    assert board.notes(board.find(cast.editor, number)) == []
    assert [(row.id, row.pin_reason, row.pin_until) for row in standing_pins(section)] == before


def standing_pins(section):
    statement = reads.selection(section, ("title",))
    return db.session.execute(pins.standing(section, statement, None)).all()


def test_an_undo_that_put_nothing_back_leaves_it_to_others(cast):
    number = make("notes", cast.editor, title="Old")
    done = update(cast.editor, "notes", number, title="New")
    assert tally(take_back(cast.owner, done)) == (0, 0, 1)
    assert undoable.undone_by(done) is None
    assert tally(take_back(cast.editor, done)) == (1, 0, 0)
    assert row("notes", number).title == "Old"
    with pytest.raises(Conflict):
        begin(cast.editor, done)


RIGHTS = {"create": "delete", "update": "update", "delete": "restore", "restore": "delete"}


@pytest.mark.parametrize("action", RIGHTS)
def test_an_undo_is_begun_only_with_a_right_that_takes_something_back(cast, action):
    number = make("notes", title="Old")
    if action == "update":
        update(cast.editor, "notes", number, title="New")
    if action in ("delete", "restore"):
        to_trash(cast.editor, "notes", number)
    if action == "restore":
        with atomic():
            trash.restore(cast.editor, registry.get("notes"), number)
    done = last_set("notes", number)
    all_others = {f"notes.{right}" for right in ROLE_GRANTS["admin"]["content"]} - {f"notes.{RIGHTS[action]}"}
    if action == "update":
        all_others -= {"notes.publish", "notes.moderate", "notes.pin"}
    with pytest.raises(Denied, match=RIGHTS[action]):
        begin(replace(cast.editor, scopes=frozenset(all_others)), done)
    enough = frozenset({"notes.read", f"notes.{RIGHTS[action]}"})
    assert tally(take_back(cast.editor, done)) == (1, 0, 0)
    assert undoable.require(replace(cast.editor, scopes=enough), done) == ["notes"]


# What an undo left can be taken back later.


def test_what_an_undo_left_is_taken_back_by_whoever_may(cast):
    rows = [make("notes", cast.owner, title="Fern"), make("notes", cast.colleague, title="Fern")]
    done = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss")).change_set_id
    assert tally(take_back(cast.owner, done)) == (1, 0, 1)
    assert undoable.undone_by(done) is None
    job = take_back(cast.editor, done)
    assert (tally(job), notes_of(job)) == ((1, 1, 0), [])
    assert [row("notes", number).title for number in rows] == ["Fern", "Fern"]
    assert undoable.undone_by(done).id == job.id
    with pytest.raises(Conflict, match="undone already"):
        begin(cast.editor, done)


def test_a_field_that_was_left_can_be_taken_back_later(cast):
    number = make("posts", title="Fern", content="one")
    done = update(cast.editor, "posts", number, title="Moss", content="two")
    update(cast.editor, "posts", number, title="Lichen")
    first = take_back(cast.editor, done)
    assert (tally(first), row("posts", number).content) == ((1, 0, 0), "one")
    update(cast.editor, "posts", number, title="Moss")
    assert tally(take_back(cast.editor, done)) == (1, 0, 0)
    assert row("posts", number).title == "Fern"


def test_made_rows_that_went_to_the_trash_before_are_not_counted_again(cast):
    rows, done = imported(cast.editor, "notes", [{"title": "One", "content": "x"}, {"title": "Two", "content": "x"}])
    update(cast.editor, "notes", rows[0], title="Worked on")
    assert tally(take_back(cast.editor, done)) == (1, 0, 1)
    update(cast.editor, "notes", rows[0], title="One")
    assert tally(take_back(cast.editor, done)) == (1, 1, 0)


def test_once_a_part_is_put_again_it_can_be_taken_back_again(cast):
    """The undoing of a part is undone after another has taken back the rest."""
    rows = [make("notes", cast.owner, title="Fern"), make("notes", cast.colleague, title="Fern")]
    done = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss")).change_set_id
    first = take_back(cast.owner, done)
    take_back(cast.editor, done)
    take_back(cast.editor, first.change_set_id)
    assert [row("notes", number).title for number in rows] == ["Moss", "Fern"]
    assert undoable.undone_by(done) is None
    assert tally(take_back(cast.editor, done)) == (1, 1, 0)
    assert [row("notes", number).title for number in rows] == ["Fern", "Fern"]
    assert undoable.undone_by(done) is not None


def test_what_somebody_did_again_after_an_undo_is_theirs(cast):
    rows = [make("notes", title="Fern") for _ in range(2)]
    done = bulk_edit(cast.editor, "notes", rows, title=("set", "Moss")).change_set_id
    update(cast.editor, "notes", rows[1], title="Lichen")
    assert tally(take_back(cast.editor, done)) == (1, 0, 1)
    update(cast.editor, "notes", rows[0], title="Moss")  # after all
    assert tally(take_back(cast.editor, done)) == (0, 1, 1)
    assert [row("notes", number).title for number in rows] == ["Moss", "Lichen"]


def test_what_somebody_chose_again_after_an_undo_is_theirs(cast):
    """Of a field that the database can put back by itself."""
    rows = [make("posts", status="draft") for _ in range(2)]
    done = bulk_edit(cast.editor, "posts", rows, status=("set", "archived")).change_set_id
    update(cast.editor, "posts", rows[1], status="review")
    assert tally(take_back(cast.editor, done)) == (1, 0, 1)
    update(cast.editor, "posts", rows[0], status="archived")
    assert tally(take_back(cast.editor, done)) == (0, 1, 1)
    assert [row("posts", number).status for number in rows] == ["archived", "review"]


def test_what_somebody_made_again_after_an_undo_is_theirs(cast):
    rows, done = imported(cast.editor, "notes", [{"title": "One", "content": "x"}, {"title": "Two", "content": "x"}])
    update(cast.editor, "notes", rows[0], title="Worked on")
    take_back(cast.editor, done)
    with atomic():
        trash.restore(cast.editor, registry.get("notes"), rows[1])
    assert tally(take_back(cast.editor, done)) == (0, 1, 1)
    assert [is_live("notes", number) for number in rows] == [True, True]


def test_what_somebody_trashed_again_after_an_undo_is_theirs(cast):
    rows = [make("categories", name=name) for name in ("News", "Sport")]
    with atomic():
        deed = writes.begin(cast.editor, "bulk")
        trash.trash_many(deed, registry.get("categories"), rows)
    make("categories", name="news", slug="another")
    assert tally(take_back(cast.editor, deed.change_set_id)) == (1, 0, 1)
    to_trash(cast.editor, "categories", rows[1])
    assert tally(take_back(cast.editor, deed.change_set_id)) == (0, 1, 1)
    assert [is_live("categories", number) for number in rows] == [False, False]


def test_a_moved_pin_that_was_left_is_not_moved_twice(cast, pinned):
    """An undo of two deeds of which one was left moves no pin that it had put back before."""
    stood = order(cast)
    note = make("notes", title="Fern")
    with atomic():
        deed = writes.begin(cast.editor, "form")
        writes.update(cast.editor, registry.get("notes"), note, {"title": "Moss"}, deed=deed)
        writes.update(cast.editor, registry.get("notes"), pinned[0], {"is_pinned": False}, deed=deed)
    update(cast.editor, "notes", note, title="Lichen")
    take_back(cast.editor, deed.change_set_id)
    assert order(cast) == stood
    update(cast.editor, "notes", pinned[0], is_pinned=False)
    left = order(cast)
    take_back(cast.editor, deed.change_set_id)
    assert order(cast) == left


def test_a_long_chain_of_undoings_is_followed_to_its_end(cast):
    number = make("notes", title="Fern")
    change_set = done = update(cast.editor, "notes", number, title="Moss")
    first = None
    for place in range(31):
        job = take_back(cast.editor, change_set)
        assert tally(job) == (1, 0, 0)
        first, change_set = first or job, job.change_set_id
        assert row("notes", number).title == ("Fern" if place % 2 == 0 else "Moss")
    assert undoable.undone_by(done).id == first.id
    assert undoable.undone_by(first.change_set_id) is None
    assert max(undoable.levels(done).values()) == 31


def test_an_undoing_that_stands_again_counts_again(cast):
    number = make("notes", title="Fern")
    done = update(cast.editor, "notes", number, title="Moss")
    first = take_back(cast.editor, done)
    second = take_back(cast.editor, first.change_set_id)
    take_back(cast.editor, second.change_set_id)
    assert row("notes", number).title == "Fern"
    assert undoable.undone_by(done).id == first.id


def test_an_undoing_that_was_not_touched_still_counts(cast):
    """Somebody tried to undo it and could put nothing back."""
    number = make("notes", title="Fern")
    done = update(cast.editor, "notes", number, title="Moss")
    first = take_back(cast.editor, done)
    update(cast.editor, "notes", number, title="Lichen")
    assert tally(take_back(cast.editor, first.change_set_id)) == (0, 0, 1)
    assert undoable.undone_by(done).id == first.id


# An import, whose rows others went on with.


def imported(actor, section, sent):
    """Rows made by one deed, and its change set."""
    with atomic():
        deed = writes.begin(actor, "import")
        rows = [writes.create(actor, registry.get(section), one, deed=deed) for one in sent]
    return rows, deed.change_set_id


def test_a_new_row_whose_later_change_was_undone_goes_to_the_trash(cast):
    (number,), done = imported(cast.editor, "notes", [{"title": "One", "content": "x"}])
    later = bulk_edit(cast.editor, "notes", [number], title=("set", "Two")).change_set_id
    take_back(cast.editor, later)
    assert (tally(take_back(cast.editor, done)), is_live("notes", number)) == ((1, 0, 0), False)


def test_a_new_row_that_was_in_the_trash_and_back_goes_there(cast):
    (number,), done = imported(cast.editor, "notes", [{"title": "One", "content": "x"}])
    to_trash(cast.editor, "notes", number)
    with atomic():
        trash.restore(cast.editor, registry.get("notes"), number)
    assert (tally(take_back(cast.editor, done)), is_live("notes", number)) == ((1, 0, 0), False)


def test_a_new_password_since_keeps_a_new_row(cast):
    number = make("users", name="Ada", password="a long enough phrase")
    done = last_set("users", number)
    update(cast.admin, "users", number, password="another long enough phrase")
    assert (tally(take_back(cast.admin, done)), is_live("users", number)) == ((0, 0, 1), True)


def with_relations(actor):
    """A category, a tag and two posts that have them, made by one deed."""
    with atomic():
        deed = writes.begin(actor, "import")

        def new(section, **sent):
            return writes.create(actor, registry.get(section), sent, deed=deed)

        category, tag = new("categories", name="News"), new("tags", name="Green")
        posts = [
            new("posts", title=title, content="x", status="draft", category_id=category, tag_ids=[tag])
            for title in ("One", "Two")
        ]
    return category, tag, posts, deed.change_set_id


def test_what_an_import_made_stays_where_rows_that_stay_use_it(cast):
    category, tag, posts, done = with_relations(cast.editor)
    update(cast.editor, "posts", posts[0], title="Worked on")
    job = take_back(cast.editor, done)
    assert tally(job) == (1, 0, 3)
    assert [is_live("posts", number) for number in posts] == [True, False]
    assert (is_live("categories", category), is_live("tags", tag)) == (True, True)
    assert {note[3] for note in notes_of(job)} == {
        "It was changed since it was added.",
        "It is used by rows that stay.",
    }


def test_what_an_import_made_goes_with_the_rows_that_used_it(cast):
    category, tag, posts, done = with_relations(cast.editor)
    assert tally(take_back(cast.editor, done)) == (4, 0, 0)
    assert not any(is_live("posts", number) for number in posts)
    assert (is_live("categories", category), is_live("tags", tag)) == (False, False)


def test_what_a_row_that_stays_cannot_do_without_stays(cast):
    """A book was imported with its author; the author does not take a book along on which somebody works."""
    with atomic():
        deed = writes.begin(cast.editor, "import")
        author = writes.create(cast.editor, registry.get("authors"), {"name": "Ada"}, deed=deed)
        sent = {"title": "Ferns", "author_id": author}
        book = writes.create(cast.editor, registry.get("books"), sent, deed=deed)
    update(cast.editor, "books", book, title="Mosses")
    assert tally(take_back(cast.editor, deed.change_set_id)) == (0, 0, 2)
    assert (is_live("authors", author), is_live("books", book)) == (True, True)
