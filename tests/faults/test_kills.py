"""``kill -9`` of workers and servers, at each step and at any moment: every job ends, each row changes once."""

import os
import signal
import time

import pytest

from admin_site.jobs.models import UNFINISHED, State
from tests.faults import harness
from tests.faults.driver import IN_SQL, NAMED
from tests.faults.harness import Before, Moments, begin_undo, check, check_many, eventually, share

# Real processes take a second to start each.
on_two = pytest.mark.databases("sqlite", "postgresql")


@pytest.mark.parametrize("name", harness.SCENARIOS)
def test_killed_workers_change_each_row_once_and_undo_puts_each_back(cast, driver, database, name, record_property):
    moments, jobs = Moments.of(database.name, name), 0
    with moments.told():
        while driver.kills < share(0.8 / len(harness.SCENARIOS), least=5):
            work = harness.SCENARIOS[name](cast)
            before = Before.now()
            driver.carry_on(work.job, moments)
            check(work, before)
            back = begin_undo(cast, work, before.rows)
            between = Before.now()
            driver.carry_on(back.job, moments)
            check(back, between)
            jobs += 2
    record_property("kills", driver.kills)
    record_property("jobs", jobs)


def test_a_killed_import_adds_each_row_once_and_its_undo_trashes_each(cast, driver, database):
    moments = Moments.of(database.name, "adding")
    with moments.told():
        titles = [f"Moss {place}" for place in range(33)]
        job = harness.hand_in(cast, "title,content\n" + "".join(f"{title},Green.\n" for title in titles))
        driver.carry_on(job, moments)
        ended = harness.job_of(job)
        assert (ended.state, ended.added, ended.done, ended.failed) == (State.DONE, 33, 33, 0)
        rows = harness.rows_now()
        assert sorted(row["title"] for row in rows.values()) == sorted(titles)
        harness.check_search()
        back = harness.begin_undo(cast, harness.Work(job, {}), rows)
        driver.carry_on(back.job, moments)
        assert (harness.job_of(back.job).state, harness.job_of(back.job).done) == (State.DONE, 33)
        assert {row["live"] for row in harness.rows_now().values()} == {None}


def test_every_named_step_is_one_that_kills(cast, driver):
    for step in (*NAMED, *IN_SQL):
        work = harness.begin_append(cast)
        assert driver.live(work.job, f"{step}:1:KILL") == "-9", step
        assert harness.state(work.job) in UNFINISHED


def test_who_was_frozen_and_lost_the_job_meanwhile_writes_nothing_more(cast, driver):
    work = harness.begin_append(cast)
    before = Before.now()
    frozen = driver.ask(f"live {work.job} committed:2:STOP")
    assert driver.wait(int(frozen)) == "frozen"
    assert driver.live(work.job) == "0"
    untouched = harness.job_of(work.job)
    assert (untouched.done, untouched.fence) == (2 * harness.CHUNK, 1)  # the lease is not over
    harness.lapse(work.job)
    assert driver.live(work.job, "committed:1:KILL") == "-9"
    half = harness.job_of(work.job)
    assert (half.done, half.fence) == (3 * harness.CHUNK, 2)
    os.kill(int(frozen), signal.SIGCONT)
    assert driver.wait(int(frozen)) == "0"
    after = harness.job_of(work.job)
    assert (after.done, after.fence, after.state) == (3 * harness.CHUNK, 2, State.RUNNING)
    harness.lapse(work.job)
    assert driver.live(work.job) == "0"
    check(work, before)


@on_two
def test_two_workers_at_one_queue_do_each_job_once(cast, site):
    works = [harness.begin_edit(cast), harness.begin_append(cast), harness.begin_trash(cast), harness.begin_edit(cast)]
    before = Before.now()
    for work in [*works, *works]:  # delivered twice
        site.ring(work.job)
    for _ in range(2):
        site.start("jobs", "work", lease=30)
    eventually(lambda: all(harness.state(work.job) == State.DONE for work in works))
    check_many(works, before)
    assert [harness.job_of(work.job).fence for work in works] == [1] * 4
    eventually(lambda: len(harness.workers_alive()) == 2)


@on_two
def test_killed_processes_of_workers_are_followed_by_others_that_end_each_job(cast, site, database, record_property):
    moments, kills, jobs = Moments.of(database.name, "workers"), 0, 0
    with moments.told():
        while kills < (wanted := share(0.1, least=2)):
            works = [harness.begin_edit(cast), harness.begin_append(cast), harness.begin_trash(cast)]
            before = Before.now()
            harness.lose(works[0].job)  # its delivery; a worker finds it
            for work in works[1:]:
                site.ring(work.job)
            kills += harness.work_and_kill(site, works, moments, min(wanted - kills, harness.KILLS_OF_ONE))
            check_many(works, before)
            jobs += len(works)
    record_property("kills", kills)
    record_property("jobs", jobs)


@on_two
def test_what_a_killed_server_was_doing_is_ended_after_it_starts_again(cast, site, database, sign_in, record_property):
    moments, kills, jobs = Moments.of(database.name, "server"), 0, 0
    client = sign_in(cast.editor)
    with moments.told():
        while kills < share(0.1, least=2):
            page = harness.EditPage(client)
            before = Before.now()
            work = page.killed(site, moments)
            check(work, before)
            between = Before.now()
            back = page.undo_killed(site, moments, work, before.rows)
            check(back, between)
            kills, jobs = kills + 2, jobs + 2
    record_property("kills", kills)
    record_property("jobs", jobs)


@pytest.mark.databases("sqlite")
def test_a_server_keeps_a_worker(client, site):
    site.serve()
    first = eventually(harness.workers_alive)
    assert len(first) == 1
    assert harness.asked(site, "/readyz")["worker"] == "ok"
    os.kill(first[0], signal.SIGKILL)
    second = eventually(lambda: set(harness.workers_alive()) - set(first))
    assert len(second) == 1
    assert harness.asked(site, "/readyz")["worker"] == "ok"


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_worker_of_a_server_ends_with_it(site, how):
    server = site.serve()
    eventually(harness.workers_alive)
    os.kill(server.pid, how)
    server.wait(harness.PATIENCE)
    eventually(lambda: not harness.workers_alive(), seconds=5)


@pytest.mark.databases("sqlite")
def test_a_server_without_jobs_has_no_worker(site):
    site.serve("--no-jobs")
    time.sleep(2)  # as long as a worker needs to start
    assert harness.workers_alive() == []
    assert harness.asked(site, "/readyz")["worker"] == "missing"
