"""Arranging pins: one order whoever moves what, rights, ends and reasons."""

import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Busy, Conflict, Denied, Invalid, NotFound
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.records import paging, pinning, trash, writes
from admin_site.records.list_query import ListQuery
from admin_site.records.pins import Pin
from tests.factories import make

MOVES = {"sqlite": 1_000, "postgresql": 300, "mariadb": 300}


def notes():
    return registry.get("notes")


@pytest.fixture
def five(cast):
    """Five pinned notes in their order: what was pinned last is on top."""
    return [make("notes", title=f"Note {place}", is_pinned=True) for place in range(5)][::-1]


def order(actor, *, own=False):
    db.session.rollback()
    return [item.id for item in pinning.arranged(actor, notes(), own=own).items]


def move(actor, row, *, own=False, **how):
    with atomic():
        return pinning.move(actor, notes(), row, own=own, **how)


def pin_own(actor, *rows, on=True):
    with atomic():
        for row in rows:
            pinning.pin_own(actor, notes(), row, on=on)


def describe(actor, row, *, own=False, reason="", until=""):
    with atomic():
        pinning.describe(actor, notes(), row, own=own, reason=reason, until=until)


def band(actor, **args):
    query = ListQuery.from_args(notes(), MultiDict(args), actor, pinned="first")
    return [item.id for item in paging.page(actor, query).pinned]


def in_history(row):
    db.session.rollback()
    return [entry.changes for entry in log.of_row("notes", row)]


def test_a_place_a_step_and_behind_another(cast, five):
    a, b, c, d, e = five
    assert order(cast.viewer) == band(cast.viewer) == five
    for row, how, expected, places in [
        (c, {"place": 1}, [c, a, b, d, e], (3, 1)), (c, {"place": 99}, [a, b, d, e, c], (1, 5)),
        (c, {"place": 0}, [c, a, b, d, e], (5, 1)),
        (c, {"by": 1}, [a, c, b, d, e], (1, 2)), (c, {"by": -1}, [c, a, b, d, e], (2, 1)),
        (c, {"by": -1}, [c, a, b, d, e], (1, 1)),
        (e, {"by": 1}, [c, a, b, d, e], (5, 5)), (c, {"after": d}, [a, b, d, c, e], (1, 4)),
        (e, {"after": 0}, [e, a, b, d, c], (5, 1)),
        (a, {"after": c}, [e, b, d, c, a], (2, 5)), (d, {"place": 3}, [e, b, d, c, a], (3, 3)),
    ]:  # fmt: skip
        assert move(cast.editor, row, **how) == places
        assert order(cast.viewer) == band(cast.viewer, sort="title", q="nothing") == expected, how


def test_what_is_not_there_cannot_be_moved(cast, five):
    plain, gone = make("notes"), five[2]
    with pytest.raises(Conflict, match="taken away"):
        move(cast.editor, plain, place=1)
    with pytest.raises(Conflict, match="put behind"):
        move(cast.editor, five[0], after=plain)
    with atomic():
        trash.trash(cast.editor, notes(), gone)
    with pytest.raises(NotFound):
        move(cast.editor, gone, place=1)
    assert order(cast.viewer) == [row for row in five if row != gone]
    with pytest.raises(NotFound), atomic():
        pinning.move(cast.editor, registry.get("books"), make("books"), own=False, place=1)


def test_many_moves_by_two_people_keep_one_order(app, cast, database):
    rows = [make("notes", is_pinned=True) for _ in range(12)]
    people, wrong, begun = [cast.editor, cast.admin], [], threading.Barrier(2)
    each = MOVES[database.name] // 2

    def work(number):
        dice = random.Random(number)
        begun.wait()
        for _ in range(each):
            row, other = dice.sample(rows, 2)
            how = dice.choice(
                [{"place": dice.randint(0, 14)}, {"by": dice.choice([-1, 1])}, {"after": dice.choice([0, other])}]
            )
            for _attempt in range(20):
                try:
                    with app.app_context():
                        move(people[number], row, **how)
                    break
                except Busy:
                    continue
                except Exception as error:
                    wrong.append(error)
                    return
            else:
                wrong.append("always busy")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    db.session.rollback()
    pins = db.session.execute(select(Pin.position, Pin.row_id).order_by(Pin.position)).all()
    assert sorted(pin.row_id for pin in pins) == sorted(rows)
    assert len({pin.position for pin in pins}) == len(rows), "two pins in one place"
    assert order(cast.viewer) == [pin.row_id for pin in pins]
    before = order(cast.viewer)
    move(cast.editor, before[-1], place=1)
    assert order(cast.viewer) == [before[-1], *before[:-1]]


def test_moves_of_two_people_are_both_kept(app, cast, five):
    """The second waits for the first, and moves within what it left."""
    a, b, c, d, e = five
    inside, answers = threading.Event(), []

    def second():
        inside.wait()
        with app.app_context():
            for _attempt in range(20):
                try:
                    answers.append(move(cast.admin, b, place=1))
                    return
                except Busy:
                    continue

    cast.editor, cast.admin  # noqa: B018 - made here, not in the thread
    thread = threading.Thread(target=second)
    thread.start()
    with atomic():
        pinning.move(cast.editor, notes(), e, own=False, place=1)
        inside.set()
        thread.join(0.3)
        assert thread.is_alive(), "the second did not wait"
    thread.join(60)
    assert answers == [(3, 1)]
    assert order(cast.viewer) == [b, e, a, c, d]


def test_own_pins_are_nobody_elses(cast, five):
    plain, other = make("notes"), make("notes")
    pin_own(cast.viewer, plain, other, five[4])
    assert order(cast.viewer, own=True) == [five[4], other, plain]
    # For everyone first; what is pinned for both stands where it stands for everyone.
    assert band(cast.viewer) == [*five, other, plain]
    assert band(cast.owner) == band(cast.admin) == five
    assert order(cast.admin, own=True) == []
    assert move(cast.viewer, plain, own=True, place=1) == (3, 1)
    assert order(cast.viewer, own=True) == [plain, five[4], other]
    with pytest.raises(Conflict):
        move(cast.admin, plain, own=True, place=1)
    pin_own(cast.owner, plain)
    pin_own(cast.owner, plain, on=False)
    assert order(cast.viewer, own=True) == [plain, five[4], other]
    # They count for nobody: not for the field, nor for the filter.
    query = ListQuery.from_args(notes(), MultiDict({"is_pinned": "1"}), cast.viewer)
    assert {item.id for item in paging.page(cast.viewer, query).items} == set(five)
    assert len(in_history(plain)) == 1


def test_only_as_many_of_ones_own_and_of_rows_that_one_reads(cast, monkeypatch):
    monkeypatch.setattr(pinning, "OWN_MOST", 2)
    rows = [make("notes") for _ in range(3)]
    pin_own(cast.viewer, *rows[:2])
    pin_own(cast.viewer, rows[0])
    with pytest.raises(Conflict, match="2 pins"):
        pin_own(cast.viewer, rows[2])
    for actor in (cast.stranger, cast.anonymous, cast.system):
        with pytest.raises(NotFound):
            pin_own(actor, rows[2])
    with pytest.raises(NotFound):
        pinning.arranged(cast.stranger, notes(), own=False)


@pytest.mark.parametrize("name", ["viewer", "owner"])
def test_who_may_not_pin_may_move_and_describe_nothing(cast, five, name):
    actor = cast.named(name)
    with pytest.raises(Denied):
        move(actor, five[2], place=1)
    with pytest.raises(Denied):
        describe(actor, five[2], reason="Mine")
    with pytest.raises(NotFound):
        move(cast.stranger, five[2], place=1)
    assert order(cast.viewer) == five
    assert all(len(in_history(row)) == 1 for row in five)


def test_a_reason_and_an_end(cast, five):
    end = clock.now() + timedelta(days=3)
    describe(cast.editor, five[0], reason="  For the fair ", until=end.date().isoformat())
    pin = pinning.arranged(cast.viewer, notes(), own=False).notes[five[0]]
    assert (pin.reason, pin.until.date()) == ("For the fair", end.date())
    assert in_history(five[0])[0]["pin_reason"] == ["", "For the fair"]
    assert in_history(five[0])[0]["pin_until"][0] is None
    describe(cast.editor, five[0], reason="For the fair", until=pin.until.isoformat())
    assert len(in_history(five[0])) == 2, "nothing changed, nothing is recorded"
    with clock.set_to(pin.until - timedelta(microseconds=1)):
        assert order(cast.viewer) == five
    with clock.set_to(pin.until):
        assert order(cast.viewer) == band(cast.viewer) == five[1:]
        with pytest.raises(Conflict):
            move(cast.editor, five[0], place=2)
        with atomic():
            writes.update(cast.editor, notes(), five[0], {"is_pinned": True})
        assert order(cast.viewer) == five
        assert pinning.arranged(cast.viewer, notes(), own=False).notes[five[0]].until is None


@pytest.mark.parametrize(
    ("field", "raw", "says"),
    [("until", "yesterday", "Until must"), ("until", "2020-01-01", "future"), ("until", "2026-13-01", "Until must"),
        ("until", "99999-01-01", "Until must"),
     ("reason", "x" * 201, "at most 200"), ("reason", "nul\0", "cannot be stored"),
     ("reason", "\ud800", "cannot be stored")],
)  # fmt: skip
def test_what_is_wrong_with_a_pin_is_named_and_changes_nothing(cast, five, field, raw, says):
    with pytest.raises(Invalid) as wrong:
        describe(cast.editor, five[0], **{"reason": "Good"} | {field: raw})
    assert list(wrong.value.fields) == [field]
    assert says in wrong.value.fields[field][0]
    assert pinning.arranged(cast.viewer, notes(), own=False).notes[five[0]].reason == ""
    assert len(in_history(five[0])) == 1


def test_a_move_is_in_the_history(cast, five):
    move(cast.editor, five[4], place=2)
    assert [changes.get("pin_place") for changes in in_history(five[4])] == [[5, 2], None]
    move(cast.editor, five[4], place=2)
    assert len(in_history(five[4])) == 2, "it stands where it stood"
    assert len(in_history(five[0])) == 1
