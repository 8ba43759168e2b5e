"""Carrying a job on: nothing twice, nothing half, whoever dies, loses the job or their rights on the way."""

import re
import socket
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import OperationalError

from admin_site.accounts import actor as actors
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Busy, Conflict, Denied, Invalid, NotFound
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.history.models import ChangeSet, Entry
from admin_site.jobs import board, bulk, kinds, queue, runner, worker
from admin_site.jobs.models import Job, JobNote, State
from admin_site.records import selection, writes
from admin_site.records.search import documents
from admin_site.records.search.documents import SearchDocument
from tests.cast import role_id
from tests.factories import make

CHUNK = 3
STEPS = ("claimed", "worked", "recorded", "committed")


class Killed(BaseException):
    """What a process feels of a SIGKILL."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(bulk, "CHUNK", CHUNK)
    monkeypatch.setattr(bulk, "ALIKE_CHUNKS", 1)


@pytest.fixture
def counting(monkeypatch):
    """A kind of job that renames a note in each chunk; ``params`` are their numbers."""

    def begin(actor, step=None, total=3):
        numbers = [make("notes", title=f"Before {place}") for place in range(total)]
        monkeypatch.setitem(kinds.KINDS, "count", kinds.Kind(name="count", step=step or rename))
        with atomic():
            return board.begin(
                actor, "count", {"rows": numbers}, section="notes", total=total, source="job", reason="Test"
            ), numbers

    return begin


def rename(job, deed, title="After"):
    place = job.cursor or 0
    number = job.params["rows"][place]
    writes.update(deed.actor, registry.get("notes"), number, {"title": title}, deed=deed)
    is_end = place + 1 == len(job.params["rows"])
    note = kinds.Note(outcome="skipped", reason="Told.", row_id=number)
    return kinds.Step(cursor=None if is_end else place + 1, done=1, notes=[note])


def state(number):
    db.session.rollback()
    return db.session.get(Job, number, populate_existing=True)


def titles(numbers):
    db.session.rollback()
    table = registry.get("notes").table
    query = select(table.columns.title).where(table.columns.id.in_(numbers)).order_by(table.columns.id)
    return db.session.execute(query).scalars().all()


def changes_of(numbers, section="notes"):
    """How often each row was changed, as history has it."""
    db.session.rollback()
    return [log.count_of_row(section, number) - 1 for number in numbers]


def notes_of(job):
    return list(db.session.execute(select(JobNote.row_id).where(JobNote.job_id == job).order_by(JobNote.id)).scalars())


def count(table):
    return db.session.execute(select(func.count()).select_from(table)).scalar_one()


def lapse(job):
    """The lease of whoever had it is over."""
    with atomic():
        db.session.execute(update(Job).where(Job.id == job).values(leased_until=clock.now() - timedelta(seconds=1)))


def change_user(number, **sent):
    with atomic():
        writes.update(actors.SYSTEM, registry.get("users"), number, sent)


def test_a_job_is_worked_to_its_end(cast, counting):
    job, notes = counting(cast.editor)
    runner.run(job)
    done = state(job)
    assert (done.state, done.done, done.cursor, done.leased_until, done.message) == (State.DONE, 3, None, None, "")
    assert done.created_at <= done.started_at <= done.finished_at
    assert titles(notes) == ["After"] * 3
    assert notes_of(job) == notes


def test_all_chunks_are_one_change_set_of_whoever_began_it(cast, counting):
    job, notes = counting(cast.editor)
    runner.run(job)
    (number,) = {log.of_row("notes", note)[0].change_set_id for note in notes}
    deed = db.session.get(ChangeSet, number)
    assert (deed.id, deed.actor_id, deed.source, deed.reason) == (
        state(job).change_set_id, cast.editor.id, "job", "Test",
    )  # fmt: skip


def test_only_one_worker_gets_a_job(cast, counting):
    job, _ = counting(cast.editor)
    first = runner.take(job)
    assert first is not None
    assert runner.take(job) is None
    runner.run(job)
    assert state(job).done == 0


def test_workers_at_the_same_moment_do_a_job_once(base_app, cast):
    rows = [make("notes") for _ in range(10)]
    jobs = [bulk_job(cast.editor, rows[:5]), bulk_job(cast.editor, rows[5:])]
    failed = []

    def work() -> None:
        with base_app.app_context():
            try:
                for job in jobs:
                    runner.run(job)
            except Exception as error:
                failed.append(error)
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert [(state(job).state, state(job).done, state(job).fence) for job in jobs] == [(State.DONE, 5, 1)] * 2
    assert changes_of(rows) == [1] * 10


def test_a_finished_job_and_one_that_is_not_there_are_nobodys(cast, counting):
    job, notes = counting(cast.editor)
    runner.run(job)
    assert runner.take(job) is None
    assert runner.take(10**9) is None
    runner.run(job)
    assert changes_of(notes) == [1, 1, 1]


def test_who_lost_the_job_writes_nothing_more(cast, counting):
    job, notes = counting(cast.editor)
    first = runner.take(job)
    assert runner._carry_on(first)
    with time_machine.travel(clock.now() + runner.LEASE + timedelta(seconds=1), tick=False):
        second = runner.take(job)
    assert second.fence == first.fence + 1
    assert not runner._carry_on(first)
    assert changes_of(notes) == [1, 0, 0]
    assert (state(job).done, state(job).state, notes_of(job)) == (1, State.RUNNING, notes[:1])
    assert not runner._finish(first, State.FAILED, "Not mine to say.")
    assert not runner._try_again(first, Busy())
    assert (state(job).state, state(job).tries) == (State.RUNNING, 1)  # the second's own taking up
    assert runner._carry_on(second)
    assert not runner._carry_on(second)
    assert changes_of(notes) == [1, 1, 1]
    assert state(job).done == 3


def test_a_job_whose_workers_die_again_and_again_ends(cast, counting):
    job, notes = counting(cast.editor)
    for _ in range(runner.TRIES):
        claim = runner.take(job)
        with atomic():
            db.session.execute(update(Job).where(Job.id == job).values(leased_until=None))
    assert claim is not None
    runner.run(job)
    assert (state(job).state, changes_of(notes)) == (State.FAILED, [0, 0, 0])
    assert "without getting further" in state(job).message


def test_each_chunk_renews_the_lease(cast, counting):
    job, _ = counting(cast.editor)
    start = clock.now()
    with time_machine.travel(start, tick=False):
        claim = runner.take(job)
    with time_machine.travel(start + timedelta(seconds=20), tick=False):
        runner._carry_on(claim)
    with time_machine.travel(start + timedelta(seconds=40), tick=False):
        assert runner.take(job) is None
        assert board.lost() == []


def test_a_chunk_that_raises_takes_its_rows_and_its_cursor_back(cast, counting):
    failures = []

    def step(job, deed):
        found = rename(job, deed)
        if job.cursor == 1 and len(failures) < 2:
            failures.append(job.cursor)
            raise RuntimeError("after the write")
        return found

    job, notes = counting(cast.editor, step)
    claim = runner.take(job)
    assert runner._carry_on(claim)
    assert runner._carry_on(claim)  # fails, and is to be tried again
    half = state(job)
    assert (half.cursor, half.done, half.tries, half.state) == (1, 1, runner.FAULT, State.RUNNING)
    assert changes_of(notes) == [1, 0, 0]
    while runner._carry_on(claim):
        pass
    assert (state(job).state, state(job).tries, failures) == (State.DONE, 0, [1, 1])
    assert changes_of(notes) == [1, 1, 1]
    assert notes_of(job) == notes


@pytest.mark.parametrize("error", [RuntimeError("boom"), OperationalError("x", {}, Exception("y")), Busy()])
def test_a_fault_that_does_not_pass_fails_the_job(cast, counting, error):
    tried = []

    def step(job, deed):
        tried.append(job.cursor)
        rename(job, deed)
        raise error

    job, notes = counting(cast.editor, step)
    runner.run(job)
    failed = state(job)
    assert (failed.state, failed.done, len(tried)) == (State.FAILED, 0, runner.TRIES // runner.FAULT)
    assert failed.message == "It failed several times for a reason that the log has."
    assert "boom" not in failed.message
    assert failed.finished_at is not None
    assert (changes_of(notes), count(JobNote)) == ([0, 0, 0], 0)


def test_bad_input_fails_the_job_at_once_and_says_why(cast, counting):
    tried = []

    def step(job, deed):
        tried.append(1)
        rename(job, deed)
        raise Invalid("The category is gone.")

    job, notes = counting(cast.editor, step)
    runner.run(job)
    assert (state(job).state, state(job).message, tried) == (State.FAILED, "The category is gone.", [1])
    assert changes_of(notes) == [0, 0, 0]


def test_a_kind_that_nobody_knows_fails(cast, counting):
    job, _ = counting(cast.editor)
    with atomic():
        db.session.execute(update(Job).where(Job.id == job).values(kind="nonsense"))
    runner.run(job)
    assert state(job).state == State.FAILED


def test_what_is_denied_stops_the_job_and_says_why(cast, counting):
    def step(job, deed):
        if job.cursor:
            raise Denied("You may not do that any more.")
        return rename(job, deed)

    job, notes = counting(cast.editor, step)
    runner.run(job)
    assert (state(job).state, state(job).message) == (State.STOPPED, "You may not do that any more.")
    assert (state(job).done, changes_of(notes)) == (1, [1, 0, 0])


@pytest.mark.parametrize("how", ["disabled", "trashed"])
def test_who_may_not_sign_in_any_more_has_no_jobs_worked(cast, counting, how):
    job, notes = counting(cast.editor)
    claim = runner.take(job)
    assert runner._carry_on(claim)
    if how == "disabled":
        change_user(cast.editor.id, is_active=False)
    else:
        from admin_site.records import trash

        with atomic():
            trash.trash(cast.system, registry.get("users"), cast.editor.id)
    assert not runner._carry_on(claim)
    stopped = state(job)
    assert (stopped.state, stopped.done) == (State.STOPPED, 1)
    assert stopped.message == "Stopped: whoever began this may not sign in any more."
    assert changes_of(notes) == [1, 0, 0]


def bulk_job(actor, rows, value="After", section="notes"):
    chosen = selection.of_rows(actor, registry.get(section), rows)
    deed = bulk.Bulk(chosen, bulk.EDIT, {"title": ("set", value)})
    with atomic():
        return bulk.begin(actor, deed, source="bulk")


def test_a_right_that_was_taken_away_between_two_chunks_stops_the_job(cast):
    rows = [make("notes") for _ in range(7)]
    job = bulk_job(cast.editor, rows)
    claim = runner.take(job)
    assert runner._carry_on(claim)
    change_user(cast.editor.id, role_ids=[role_id("author")])
    assert not runner._carry_on(claim)
    stopped = state(job)
    assert (stopped.state, stopped.done) == (State.STOPPED, 3)
    assert stopped.message == "None of your roles lets you change many notes at once (notes.bulk_edit)."
    assert changes_of(rows) == [1, 1, 1, 0, 0, 0, 0]


def test_the_system_works_its_own_jobs(cast, counting):
    job, notes = counting(cast.system)
    runner.run(job)
    assert (state(job).state, changes_of(notes)) == (State.DONE, [1, 1, 1])


def test_a_queued_job_that_is_stopped_never_begins(cast, counting):
    job, notes = counting(cast.editor)
    with atomic():
        board.stop(cast.editor, job)
    assert (state(job).state, state(job).message) == (State.STOPPED, "Stopped before it began.")
    assert state(job).finished_at is not None
    runner.run(job)
    assert (state(job).state, changes_of(notes)) == (State.STOPPED, [0, 0, 0])
    with pytest.raises(Conflict, match="ended already"), atomic():
        board.stop(cast.editor, job)


def test_a_running_job_stops_after_its_chunk(cast, counting):
    job, notes = counting(cast.editor)
    claim = runner.take(job)
    assert runner._carry_on(claim)
    with atomic():
        board.stop(cast.editor, job)
    assert state(job).state == State.RUNNING
    assert not runner._carry_on(claim)
    stopped = state(job)
    assert (stopped.state, stopped.done, stopped.leased_until) == (State.STOPPED, 1, None)
    assert stopped.message == "Stopped. What was done stays; it can be undone."
    assert changes_of(notes) == [1, 0, 0]
    assert runner.take(job) is None


def test_a_job_whose_worker_died_after_it_was_stopped_is_ended_by_the_next(cast, counting):
    job, notes = counting(cast.editor)
    runner.take(job)
    with atomic():
        board.stop(cast.editor, job)
    lapse(job)
    runner.run(job)
    assert (state(job).state, changes_of(notes)) == (State.STOPPED, [0, 0, 0])


def test_nobody_stops_the_job_of_somebody_else(cast, counting):
    job, _ = counting(cast.editor)
    with pytest.raises(NotFound), atomic():
        board.stop(cast.owner, job)
    assert state(job).state == State.QUEUED
    with atomic():
        board.stop(cast.admin, job)
    assert state(job).state == State.STOPPED


def test_a_worker_that_stops_gives_the_job_back_for_the_next_at_once(cast, counting):
    job, notes = counting(cast.editor)
    runner.run(job, is_stopping=lambda: True)
    assert (state(job).state, state(job).done, state(job).leased_until) == (State.RUNNING, 1, None)
    assert board.lost() == [job]
    runner.run(job)
    assert (state(job).state, changes_of(notes)) == (State.DONE, [1, 1, 1])


def killed_at(monkeypatch, step, times):
    """Stop the process at the n-th time that this step is reached."""
    seen = []

    def die(name):
        seen.append(name)
        if seen.count(step) == times and name == step:
            raise Killed

    monkeypatch.setattr(runner, "reached", die)


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("step", STEPS)
def test_a_worker_may_die_anywhere_and_each_row_changes_once(cast, monkeypatch, step, times):
    rows = [make("notes", title=f"Before {place}") for place in range(8)]
    same = make("notes", title="After all")
    job = bulk_job(cast.editor, [*rows, same], value="After all")
    killed_at(monkeypatch, step, times)
    dies = step != "claimed" or times == 1
    if dies:
        with pytest.raises(Killed):
            runner.run(job)
        assert runner.take(job) is None or state(job).state == State.DONE
        before = 0 if step == "claimed" else times - (step != "committed")
        assert (state(job).done, sum(changes_of(rows))) == (min(before * CHUNK, 8),) * 2
        lapse_if_running(job)
    monkeypatch.setattr(runner, "reached", runner.no_fault)
    runner.run(job)
    done = state(job)
    assert (done.state, done.done, done.same, done.skipped, done.failed) == (State.DONE, 8, 1, 0, 0)
    assert changes_of([*rows, same]) == [1] * 8 + [0]
    assert titles(rows) == ["After all"] * 8
    (deed,) = {log.of_row("notes", row)[0].change_set_id for row in rows}
    assert deed == done.change_set_id
    base = documents.first_id(registry.get("notes"))
    said = db.session.execute(select(SearchDocument.words).where(SearchDocument.id.in_([base + r for r in rows])))
    words = said.scalars().all()
    assert (len(words), len(set(words))) == (8, 1)
    assert " after " in words[0]


def lapse_if_running(job):
    if state(job).state == State.RUNNING:
        lapse(job)


def test_no_change_set_is_left_of_a_worker_that_died_in_its_first_chunk(cast, monkeypatch):
    job = bulk_job(cast.editor, [make("notes")])
    sets, entries = count(ChangeSet), count(Entry)
    killed_at(monkeypatch, "recorded", 1)
    with pytest.raises(Killed):
        runner.run(job)
    db.session.rollback()
    assert (count(ChangeSet), count(Entry), state(job).change_set_id) == (sets, entries, None)


def test_lost_jobs_are_those_in_nobodys_hands(cast):
    now = clock.now()
    long_ago, just_now = now - board.LOST - timedelta(seconds=1), now - timedelta(seconds=2)
    values = {"kind": "bulk", "source": "bulk", "params": {}, "actor_id": None}
    rows = {
        "waits long": {"state": State.QUEUED, "created_at": long_ago},
        "waits": {"state": State.QUEUED, "created_at": just_now},
        "is held": {"state": State.RUNNING, "created_at": long_ago, "leased_until": now + timedelta(seconds=9)},
        "lapsed": {"state": State.RUNNING, "created_at": long_ago, "leased_until": just_now},
        "was given back": {"state": State.RUNNING, "created_at": just_now, "leased_until": None},
        **{str(end): {"state": end, "created_at": long_ago} for end in (State.DONE, State.FAILED, State.STOPPED)},
    }  # fmt: skip
    numbers = {}
    with atomic():
        for name, row in rows.items():
            numbers[db.session.execute(insert(Job).values(values | row)).inserted_primary_key[0]] = name
    assert [numbers[job] for job in board.lost()] == ["waits long", "lapsed", "was given back"]


def test_a_beat_rings_for_lost_jobs_and_says_that_a_worker_is_alive(cast, counting, monkeypatch):
    job, _ = counting(cast.editor)
    rung = []
    monkeypatch.setattr("admin_site.jobs.queue.ring", rung.append)
    assert not board.is_worked()
    worker.beat("one:1")
    assert (board.is_worked(), rung) == (True, [])
    with time_machine.travel(clock.now() + timedelta(seconds=59), tick=False):
        assert board.is_worked()
        worker.beat("one:1")
    assert rung == [job]
    with time_machine.travel(clock.now() + timedelta(minutes=3), tick=False):
        db.session.rollback()
        assert not board.is_worked()


def test_everybody_sees_their_own_jobs_and_administrators_all(cast, counting):
    of_editor, of_owner = counting(cast.editor)[0], counting(cast.owner)[0]
    of_system = counting(cast.system)[0]
    assert board.find(cast.editor, of_editor).id == of_editor
    assert board.find(cast.admin, of_editor).id == of_editor
    for job in (of_owner, of_system):
        with pytest.raises(NotFound):
            board.find(cast.editor, job)
        assert board.find(cast.admin, job).id == job
    for nowhere in (0, -1, 10**9, 2**70):
        with pytest.raises(NotFound):
            board.find(cast.admin, nowhere)
    assert [job.id for job in board.listed(cast.editor)] == [of_editor]
    assert [job.id for job in board.listed(cast.admin)] == [of_system, of_owner, of_editor]
    assert [job.id for job in board.listed(cast.admin, before=of_system, limit=1)] == [of_owner]


def test_whoever_is_nobody_has_no_jobs(cast, counting):
    job, _ = counting(cast.system)
    with pytest.raises(NotFound):
        board.find(cast.anonymous, job)


def test_whoever_is_nobody_is_shown_no_jobs(cast, counting):
    counting(cast.system)
    assert board.listed(cast.anonymous) == []


def test_jobs_that_ended_long_ago_are_forgotten_with_their_notes(cast, monkeypatch):
    notes = registry.get("notes")
    chosen = selection.of_ids(notes, [10**6, 10**6 + 1, 10**6 + 2])
    with atomic():
        numbers = [bulk.begin(cast.editor, bulk.Bulk(chosen, "delete"), source="bulk") for _ in range(4)]
    old, stopped, running, fresh = numbers
    runner.run(old)
    runner.run(fresh)
    with atomic():
        db.session.execute(
            update(Job).where(Job.id.in_((old, stopped, running))).values(finished_at=clock.now() - 2 * board.KEPT_FOR)
        )
        db.session.execute(update(Job).where(Job.id == stopped).values(state=State.STOPPED))
    monkeypatch.setattr(board, "FORGOTTEN_NOTES", 2)

    def kept():
        db.session.rollback()
        jobs = db.session.execute(select(Job.id).where(Job.id.in_(numbers)).order_by(Job.id)).scalars().all()
        of_jobs = select(JobNote.job_id).where(JobNote.job_id.in_(numbers)).order_by(JobNote.job_id)
        return jobs, db.session.execute(of_jobs).scalars().all()

    assert kept() == (numbers, [old] * 3 + [fresh] * 3)
    for expected in (
        (numbers, [old] + [fresh] * 3), ([running, fresh], [fresh] * 3), ([running, fresh], [fresh] * 3),
    ):  # fmt: skip
        worker.sweep()
        assert kept() == expected


def test_each_database_has_a_queue_of_its_own():
    urls = ("sqlite:////a.db", "sqlite:////b.db", "postgresql+psycopg://u:one@h/d", "postgresql+psycopg://u:two@h/d")
    names = {queue.name_of(url) for url in urls}
    assert len(names) == 3  # whatever the password
    assert all(re.fullmatch(r"queue-[0-9a-f]{8}", name) for name in names)


@pytest.mark.parametrize("has_redis", [False, True])
def test_what_waits_for_one_database_is_not_taken_up_for_another(has_redis, tmp_path, request):
    redis = request.getfixturevalue("redis_url") if has_redis else ""

    def queue_of(database):
        app = Flask("bare", instance_path=str(tmp_path))
        app.config |= {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/{database}.db", "REDIS_URL": redis}
        queue.init_app(app)
        return app.extensions["jobs"]

    one, same, other = queue_of("one"), queue_of("one"), queue_of("other")
    one.put(7)
    assert (same.broker.pending_count(), other.broker.pending_count()) == (1, 0)
    assert (other.broker.dequeue(), same.broker.dequeue().args) == (None, (7,))


@pytest.fixture
def silent():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}"


def test_a_broker_that_never_answers_keeps_no_job_waiting(cast, app, counting, silent, tmp_path, monkeypatch):
    bare = Flask("bare", instance_path=str(tmp_path))
    bare.config |= {"SQLALCHEMY_DATABASE_URI": "sqlite:///of_no_meaning.db", "REDIS_URL": silent}
    monkeypatch.setattr(queue, "REDIS_TIMEOUT_SECONDS", 0.2)
    queue.init_app(bare)
    monkeypatch.setitem(app.extensions, "jobs", bare.extensions["jobs"])
    monkeypatch.setattr(board, "LOST", timedelta(0))
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.1)
    job_id, _ = counting(cast.admin)
    began = time.monotonic()
    assert [queue.ring(job_id) for _ in range(20)] == [False] * 20
    assert time.monotonic() - began < 5
    stopped = threading.Event()
    beating = threading.Thread(target=worker._beat_until, args=(app, stopped), daemon=True)
    beating.start()
    try:
        assert eventually(lambda: state_of(job_id) == State.DONE)
    finally:
        stopped.set()
        beating.join(10)


def state_of(job_id):
    db.session.rollback()
    return db.session.execute(select(Job.state).where(Job.id == job_id)).scalar()


def eventually(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
