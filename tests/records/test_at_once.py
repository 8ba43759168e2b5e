"""Several people at the same moment: no row is left behind, doubled or half, and nobody is told nonsense."""

import threading
import time
from contextlib import suppress
from functools import partial

import pytest
from sqlalchemy import func, select, update

from admin_site.core import registry
from admin_site.core.database import connection, db
from admin_site.core.errors import AppError
from admin_site.core.transactions import atomic, atomically, has_one_writer
from admin_site.history.models import ChangeSet
from admin_site.jobs import undo
from admin_site.jobs.models import Job
from admin_site.records import pinning, trash, writes
from admin_site.records.pins import PINS
from tests import together as at_once
from tests.factories import make

ROUNDS = 6


def together(app, *calls):
    """Each in a transaction of its own: what they return, or what refused."""

    def tried(call):
        try:
            return atomically(call)
        except Exception as error:  # told below: whatever is no refusal fails the test
            return error

    answers = at_once.together(app, *(partial(tried, call) for call in calls))
    db.session.rollback()
    assert [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, AppError)] == []
    return answers


@pytest.mark.parametrize(
    ("parents", "children", "field"),
    [("posts", "comments", "post_id"), ("questions", "answers", "question_id"), ("authors", "books", "author_id")],
)
def test_no_row_is_added_to_what_goes_to_the_trash(app, cast, parents, children, field):
    editor, parent_section, section = cast.editor, registry.get(parents), registry.get(children)
    needed = {"comments": {"author_name": "Ida", "content": "x"}, "answers": {"content": "x"}}
    columns = section.table.columns
    for number in range(ROUNDS):
        parent = make(parents)
        sent = needed.get(children, {"title": f"Book {number}"}) | {field: parent}
        calls = [lambda: trash.trash(editor, parent_section, parent)]  # noqa: B023 - called in this round
        calls += [lambda: writes.create(editor, section, sent)] * 3  # noqa: B023
        together(app, *calls)
        query = select(func.count()).where(columns[field] == parent, columns.live == 1)
        assert db.session.execute(query).scalar() == 0
        query = select(columns.id).where(columns[field] == parent)
        with atomic():  # and it can all be removed
            out = trash.purge_many(writes.begin(cast.system, "trash"), parent_section, [parent])
        assert ([*out.left_out], list(db.session.execute(query))) == ([], [])


def test_no_row_comes_back_under_what_goes_to_the_trash(app, cast):
    editor, posts, comments = cast.editor, registry.get("posts"), registry.get("comments")
    for _ in range(ROUNDS):
        post = make("posts")
        comment = make("comments", post_id=post)
        with atomic():
            trash.trash(editor, comments, comment)
        together(
            app,
            lambda: trash.trash(editor, posts, post),  # noqa: B023
            lambda: trash.restore(editor, comments, comment),  # noqa: B023
        )
        lives = [
            db.session.execute(select(table.columns.live).where(table.columns.id == number)).scalar()
            for table, number in ((posts.table, post), (comments.table, comment))
        ]
        assert lives != [None, 1]


def test_one_answer_is_accepted_however_many_accept_one(app, cast):
    people, section = [cast.editor, cast.admin], registry.get("answers")
    columns = section.table.columns
    for _ in range(ROUNDS):
        question = make("questions")
        numbers = [make("answers", question_id=question) for _ in range(4)]
        calls = [
            lambda number=number, person=people[number % 2]: writes.update(
                person, section, number, {"is_accepted": True}
            )
            for number in numbers
        ]
        assert together(app, *calls) == [["is_accepted"]] * 4
        accepted = select(func.count()).where(columns.question_id == question, columns.is_accepted)
        assert db.session.execute(accepted).scalar() == 1


def test_two_that_hold_what_the_other_needs_both_get_it_done(app, cast):
    """Also from inside a savepoint, which MariaDB takes back with everything."""
    table = registry.get("notes").table
    one, other = make("notes"), make("notes")
    line = threading.Barrier(2)

    def crossing(first, second):
        def work():
            with db.session.begin_nested():
                connection().execute(update(table).where(table.columns.id == first).values(title="Held"))
                with suppress(threading.BrokenBarrierError):  # alone, the second time
                    line.wait(1)
                connection().execute(update(table).where(table.columns.id == second).values(title="Held"))
            return "done"

        return work

    if has_one_writer():
        line.abort()
    assert together(app, crossing(one, other), crossing(other, one)) == ["done", "done"]


def test_a_savepoint_takes_back_what_was_written_past_the_session(app, cast):
    with atomic():
        note = make("notes", title="Kept")
        with suppress(ZeroDivisionError), db.session.begin_nested():
            connection().execute(update(registry.get("notes").table).values(title="Taken back"))
            raise ZeroDivisionError
        connection().execute(select(1))
    query = select(registry.get("notes").table.columns.title)
    assert (note > 0, list(db.session.execute(query).scalars())) == (True, ["Kept"])


def test_the_address_of_a_number_that_is_taken_at_this_moment(base_app, cast):
    """A title that leaves no address: it is made from the number, once the row stands."""
    posts, wrote, made = registry.get("posts"), threading.Event(), []

    def typed():
        with atomic():
            number = writes.create(cast.system, posts, {"title": "A", "content": "x", "slug": "mine"})
            writes.update(cast.system, posts, number, {"slug": f"post-{number + 1}"})
            wrote.set()
            time.sleep(0.5)

    def untitled():
        wrote.wait(10)
        with atomic():
            made.append(writes.create(cast.system, posts, {"title": "!!!", "content": "x"}))

    at_once.together(base_app, typed, untitled)
    columns = posts.table.columns
    db.session.rollback()
    slugs = db.session.execute(select(columns.slug).order_by(columns.id)).scalars().all()
    assert slugs[0] == f"post-{made[0]}", slugs
    assert len({*slugs}) == 2
    assert slugs[1].startswith("post-")


def test_the_same_title_at_once_is_an_address_for_each(app, cast):
    editor, section = cast.editor, registry.get("posts")
    calls = [lambda: writes.create(editor, section, {"title": "The same", "content": "x"})] * 12
    made = together(app, *calls)
    assert all(isinstance(number, int) for number in made), made
    columns = section.table.columns
    slugs = set(db.session.execute(select(columns.slug).where(columns.id.in_(made))).scalars())
    assert len(slugs) == 12
    assert "the-same" in slugs
    assert all(slug.startswith("the-same") for slug in slugs)


def test_pinning_for_oneself_twice_is_one_pin(app, cast):
    viewer, section = cast.viewer, registry.get("notes")
    for _ in range(ROUNDS):
        number = make("notes")
        together(app, *[lambda: pinning.pin_own(viewer, section, number, on=True)] * 4)  # noqa: B023
        pins = select(func.count()).where(PINS.row_id == number, PINS.user_id == viewer.id)
        assert db.session.execute(pins).scalar() == 1


def test_pins_at_the_same_moment_have_places_of_their_own(app, cast):
    editor, section = cast.editor, registry.get("notes")
    first = make("notes")  # where nothing stands yet, those of the same moment are told apart by their numbers
    with atomic():
        writes.update(editor, section, first, {"is_pinned": True})
    numbers = [make("notes") for _ in range(8)]
    calls = [lambda number=number: writes.update(editor, section, number, {"is_pinned": True}) for number in numbers]
    assert together(app, *calls) == [["is_pinned"]] * 8
    places = select(PINS.position).where(PINS.section == "notes", PINS.user_id.is_(None))
    found = list(db.session.execute(places).scalars())
    assert (len(found), len(set(found))) == (9, 9)


def test_a_change_set_is_undone_once_however_many_begin(app, cast):
    people, section = [cast.editor, cast.admin], registry.get("notes")
    for _ in range(ROUNDS):
        note = make("notes", title="Before")
        with atomic():
            writes.update(cast.editor, section, note, {"title": "After"})
        number = db.session.execute(select(func.max(ChangeSet.id))).scalar()
        calls = [lambda person=person: undo.begin(person, number, source="job") for person in people * 2]  # noqa: B023
        answers = together(app, *calls)
        jobs = db.session.execute(select(func.count()).where(Job.undoes == number)).scalar()
        refused = {answer.message for answer in answers if isinstance(answer, AppError)}
        assert (jobs, refused) == (1, {"This was undone already, or is being undone."})
