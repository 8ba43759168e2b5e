"""A call that comes again under its Idempotency-Key is done once and answered alike, whatever happens in between."""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from admin_site import ROOT
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet
from admin_site.jobs import board, worker
from admin_site.jobs.models import Job
from admin_site.records import idempotency, trash, writes
from admin_site.records.idempotency import KeptAnswer
from tests.cast import Cast, role_id
from tests.factories import make

# What is asked of the program and not of the database is asked once.
on_one = pytest.mark.databases("sqlite")
NOTE = {"title": "Grey heron", "content": "Seen at the pond."}
KEPT = ("Location", "ETag", "Content-Type")


def under(key="k1"):
    return {"Idempotency-Key": key}


def how_many(model):
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def notes():
    return how_many(registry.get("notes").table)


def is_replay(response):
    return response.headers.get("Idempotency-Replayed") == "true"


def assert_same(first, *others):
    """The same answer to the byte, and each said to be given again."""
    assert not is_replay(first)
    for other in others:
        assert is_replay(other)
        assert (other.status_code, other.data) == (first.status_code, first.data)
        assert [other.headers.get(name) for name in KEPT] == [first.headers.get(name) for name in KEPT]


def test_the_same_call_twice_makes_one_row_and_one_answer(cast, program):
    author = program(cast.owner)
    first = author.send("POST", "/api/notes", NOTE, headers=under(), status=201)
    done = how_many(ChangeSet)
    again = [author.send("POST", "/api/notes", NOTE, headers=under(), status=201) for _ in range(3)]
    assert_same(first, *again)
    assert first.headers["Location"]
    assert first.headers["ETag"] == '"1"'
    assert (notes(), how_many(ChangeSet)) == (1, done)


def test_without_a_key_and_with_another_one_it_is_another_call(cast, program):
    author = program(cast.owner)
    for headers in ({}, {}, under("a"), under("A"), under("a b"), under("a  b")):
        assert not is_replay(author.send("POST", "/api/notes", NOTE, headers=headers, status=201))
    assert notes() == 6


def test_the_first_answer_stays_whatever_becomes_of_the_row(cast, program):
    editor = program(cast.editor)
    first = editor.send("POST", "/api/notes", NOTE, headers=under(), status=201)
    path = first.headers["Location"]
    editor.patch(path, {"title": "Changed since"})
    assert_same(first, editor.send("POST", "/api/notes", NOTE, headers=under()))
    editor.delete(path)
    assert_same(first, editor.send("POST", "/api/notes", NOTE, headers=under()))
    assert notes() == 1


def test_another_call_under_the_same_key_is_409(cast, program):
    editor = program(cast.editor)
    first = editor.send("POST", "/api/notes", NOTE, headers=under(), status=201)
    number = first.json["id"]
    for path, body in (
        ("/api/notes", NOTE | {"title": "Pale heron"}), ("/api/notes", {"title": "x"}),
        ("/api/notes?fields=id", NOTE), ("/api/questions", {"content": "x"}),
        ("/api/notes", NOTE | {"is_pinned": False}),
        (f"/api/notes/{number}/restore", None), ("/api/notes/bulk", {"ids": [number], "action": "delete"}),
    ):  # fmt: skip
        answer = editor.send("POST", path, body, headers=under(), status=409)
        assert answer.json["code"] == "conflict"
        assert not is_replay(answer)
    assert (notes(), how_many(Job)) == (1, 0)
    assert_same(first, editor.send("POST", "/api/notes", NOTE, headers=under()))


def test_a_key_belongs_to_the_person_who_chose_it(cast, program):
    people = [program(cast.owner), program(cast.colleague)]
    made = [person.send("POST", "/api/notes", NOTE, headers=under(), status=201) for person in people]
    assert [is_replay(answer) for answer in made] == [False, False]
    assert made[0].json["id"] != made[1].json["id"]
    # Another token of the same person is the same person.
    assert_same(made[0], program(cast.owner).send("POST", "/api/notes", NOTE, headers=under()))
    assert notes() == 2


@on_one
def test_what_was_answered_is_not_given_to_who_may_not_ask_any_more(cast, program):
    author = program(cast.owner)
    author.send("POST", "/api/notes", NOTE, headers=under(), status=201)
    program(cast.owner, "notes.read").send("POST", "/api/notes", NOTE, headers=under(), status=403)
    program(cast.owner, "posts.read").send("POST", "/api/notes", NOTE, headers=under(), status=404)
    with atomic():
        writes.update(Cast.system, registry.get("users"), cast.owner.id, {"role_ids": [role_id("viewer")]})
    author.send("POST", "/api/notes", NOTE, headers=under(), status=403)


@on_one
@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\tb", "a\x7fb", "\x01", "é", "a\xa0b", "a\x00b"])
def test_a_key_is_letters_digits_and_signs(cast, program, key):
    author = program(cast.owner)
    answer = author.send("POST", "/api/notes", NOTE, headers=under(key), status=400)
    assert list(answer.json["fields"]) == ["Idempotency-Key"]
    assert notes() == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, "8e03978e-40d5-43dd-bc93-6894a57f9324", "a ~ % b"])
def test_a_key_of_any_length_that_is_allowed_holds(cast, program, key):
    author = program(cast.owner)
    first = author.send("POST", "/api/notes", NOTE, headers=under(key), status=201)
    assert_same(first, author.send("POST", "/api/notes", NOTE, headers=under(key)))
    other = key[:-1] + "?"
    assert not is_replay(author.send("POST", "/api/notes", NOTE, headers=under(other), status=201))


def test_a_call_that_failed_leaves_its_key_free(cast, program):
    author, editor = program(cast.owner), program(cast.editor)
    make("tags", name="Taken")
    for body, status in (({}, 400), ({"name": " "}, 400), ({"name": "Taken"}, 409), ({"name": "x", "y": 1}, 400)):
        author.send("POST", "/api/tags", body, headers=under(), status=status)
    author.send(
        "POST", "/api/posts", {"title": "a", "content": "b", "status": "published"}, headers=under(), status=403
    )
    program(cast.viewer).send("POST", "/api/tags", {"name": "Free"}, headers=under(), status=403)
    author.send("POST", "/api/tags", data="x", content_type="text/plain", headers=under(), status=415)
    assert how_many(KeptAnswer) == 0
    first = author.send("POST", "/api/tags", {"name": "Free"}, headers=under(), status=201)
    assert_same(first, author.send("POST", "/api/tags", {"name": "Free"}, headers=under()))
    assert not is_replay(editor.send("POST", "/api/tags", {"name": "Other"}, headers=under(), status=201))


@on_one
def test_a_fault_on_the_way_leaves_its_key_free(app, cast, program, monkeypatch):
    author = program(cast.owner)
    keep = idempotency.keep

    def fail(*words):
        raise ZeroDivisionError

    monkeypatch.setattr(idempotency, "keep", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    author.send("POST", "/api/notes", NOTE, headers=under(), status=500)
    assert (notes(), how_many(KeptAnswer)) == (0, 0)
    monkeypatch.setattr(idempotency, "keep", keep)
    assert not is_replay(author.send("POST", "/api/notes", NOTE, headers=under(), status=201))


def test_of_fifty_at_once_one_is_done_and_all_are_answered_alike(base_app, cast, program):
    author, count = program(cast.owner), 50
    line, answers = threading.Barrier(count), []

    def work():
        with base_app.app_context():
            line.wait(60)
            answers.append(author.send("POST", "/api/notes", NOTE, headers=under()))
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [answer.status_code for answer in answers] == [201] * count
    first = [answer for answer in answers if not is_replay(answer)]
    assert len(first) == 1
    assert_same(first[0], *(answer for answer in answers if is_replay(answer)))
    assert (notes(), how_many(KeptAnswer)) == (1, 1)
    author.send("POST", "/api/notes", NOTE | {"title": "Another"}, headers=under(), status=409)


def test_of_several_that_fail_at_once_none_keeps_the_key(base_app, cast, program):
    author, count = program(cast.owner), 6
    make("tags", name="Taken")
    line, answers = threading.Barrier(count), []

    def work():
        with base_app.app_context():
            line.wait(60)
            answers.append(author.send("POST", "/api/tags", {"name": "Taken"}, headers=under()).status_code)
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    # MariaDB may find that they wait for each other and send some away to come again.
    assert set(answers) <= {409, 503}
    assert 409 in answers
    assert how_many(KeptAnswer) == 0
    assert author.post("/api/tags", {"name": "Free"}, headers=under())["name"] == "Free"


# Dies before the transaction ends in a first life, and between its end and the answer in a second.
CHILD = """
    import json
    import os
    import sys

    from admin_site import create_app
    from admin_site.records import idempotency
    from admin_site.web.api import answers

    said = json.loads(sys.stdin.read())
    app = create_app(said["settings"], instance_path=said["folder"])


    def die(*_words):
        os._exit(9)


    def call():
        app.test_client().post("/api/notes", data=said["body"], headers=said["headers"],
        content_type="application/json")
        os._exit(1)


    life = os.fork()
    if not life:
        idempotency.keep = die
        call()
    if os.waitstatus_to_exitcode(os.waitpid(life, 0)[1]) != 9:
        os._exit(2)
    answers.of = die
    call()
"""


def test_a_server_that_dies_before_it_answers_has_done_it_once(app, cast, program, database, tmp_path):
    author = program(cast.owner)
    said = {
        "settings": {
            "APP_CONFIG": "testing", "DATABASE_URL": database.url, "SECRET_KEY": app.config["SECRET_KEY"],
            "REDIS_URL": "",
        },
        "folder": str(tmp_path), "body": json.dumps(NOTE),
        "headers": under() | {"Authorization": f"Bearer {author.secret}"},
    }  # fmt: skip
    db.session.remove()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD)], cwd=ROOT, input=json.dumps(said).encode(), check=False,
        timeout=120, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 9
    # The first life left nothing behind, the second a row.
    (number,) = db.session.execute(select(registry.get("notes").table.columns.id)).scalars()
    done = how_many(ChangeSet)
    again = author.send("POST", "/api/notes", NOTE, headers=under(), status=201)
    assert is_replay(again)
    assert again.json == author.get(f"/api/notes/{number}")
    assert again.headers["Location"] == f"/api/notes/{number}"
    assert again.headers["ETag"] == '"1"'
    assert (notes(), how_many(ChangeSet)) == (1, done)


# When keys are forgotten


def test_a_key_is_kept_for_two_days_and_then_forgotten(cast, program):
    author, start = program(cast.owner), clock.now()
    first = author.send("POST", "/api/notes", NOTE, headers=under(), status=201)
    with time_machine.travel(start + timedelta(days=2, minutes=-1), tick=False):
        with atomic():
            idempotency.forget_old()
        assert_same(first, author.send("POST", "/api/notes", NOTE, headers=under()))
    with time_machine.travel(start + timedelta(days=2, minutes=1), tick=False):
        with atomic():
            idempotency.forget_old()
        assert how_many(KeptAnswer) == 0
        assert not is_replay(author.send("POST", "/api/notes", NOTE, headers=under(), status=201))


def test_a_worker_that_runs_on_and_on_forgets_old_keys(cast, program):
    author, start = program(cast.owner), clock.now()
    worker.beat("one that never ends")
    author.send("POST", "/api/notes", NOTE, headers=under(), status=201)
    for hours in range(0, 72, 12):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            worker.beat("one that never ends")
            worker.sweep()
            assert how_many(KeptAnswer) == (1 if hours <= 48 else 0)


# The other calls that take a key


def test_a_restore_comes_back_alike(cast, program):
    editor, number = program(cast.editor), make("notes")
    with atomic():
        trash.trash(Cast.system, registry.get("notes"), number)
    path = f"/api/notes/{number}/restore"
    first = editor.send("POST", path, headers=under(), status=200)
    editor.delete(f"/api/notes/{number}")
    assert_same(first, editor.send("POST", path, headers=under(), status=200))
    editor.get(f"/api/notes/{number}", status=404)
    editor.send("POST", path, {}, headers=under(), status=409)
    editor.send("POST", path, headers=under("k2"), status=200)


def test_a_bulk_deed_begins_one_job(cast, program, monkeypatch):
    editor, rows = program(cast.editor), [make("notes") for _ in range(3)]
    started = []
    start = board.start
    monkeypatch.setattr(board, "start", lambda job: (started.append(job), start(job)))
    body = {"ids": rows, "action": "delete"}
    dry = editor.send("POST", "/api/notes/bulk", body | {"dry_run": True}, headers=under(), status=200)
    assert not is_replay(dry)
    first = editor.send("POST", "/api/notes/bulk", body, headers=under(), status=202)
    assert_same(first, *(editor.send("POST", "/api/notes/bulk", body, headers=under()) for _ in range(2)))
    assert first.headers["Location"] == f"/api/jobs/{first.json['job']['id']}"
    assert (how_many(Job), len(started)) == (1, 1)
    editor.send("POST", "/api/notes/bulk", body | {"ids": rows[:2]}, headers=under(), status=409)
    undo = f"{first.headers['Location']}/undo"
    undone = editor.send("POST", undo, headers=under("k2"), status=202)
    assert_same(undone, editor.send("POST", undo, headers=under("k2")))
    editor.send("POST", undo, headers=under("k3"), status=409)
    assert how_many(Job) == 2
    assert editor.get("/api/notes")["total"] == 3


def test_a_bulk_deed_comes_back_alike_also_when_it_could_not_begin_any_more(cast, program):
    editor, category, number = program(cast.editor), make("categories"), make("posts")
    body = {"ids": [number], "set": {"category_id": category}}
    first = editor.send("POST", "/api/posts/bulk", body, headers=under(), status=202)
    editor.delete(f"/api/categories/{category}")
    editor.send("POST", "/api/posts/bulk", body, headers=under("k2"), status=400)
    assert_same(first, editor.send("POST", "/api/posts/bulk", body, headers=under()))


@on_one
def test_calls_that_are_alike_by_nature_need_no_key(cast, program):
    editor, number = program(cast.editor), make("notes")
    for method in ("PUT", "PATCH", "DELETE"):
        editor.send(method, f"/api/notes/{number}", {"title": "x"}, headers=under(), status=200)
    editor.send("GET", "/api/notes", headers=under(), status=200)
    assert how_many(KeptAnswer) == 0


@on_one
def test_what_is_kept_names_nobody_and_holds_no_secret(cast, program):
    admin = program(cast.admin)
    sent = {"username": "heron", "email": "heron@example.org", "password": "canary words for nobody"}
    first = admin.send("POST", "/api/users", sent, headers=under(), status=201)
    assert_same(first, admin.send("POST", "/api/users", sent, headers=under()))
    kept = db.session.execute(select(KeptAnswer)).scalar_one()
    assert "canary" not in repr((kept.key, kept.call, kept.answer))
    assert admin.secret not in repr((kept.key, kept.call, kept.answer))


@on_one
def test_numbers_of_people_and_keys_do_not_run_together(app):
    answer = idempotency.Answer(201, {}, {})
    with atomic():
        for person, key in ((1, "1:k"), (11, "k"), (None, "k")):
            assert idempotency.claim(person, key, "c") is None
            idempotency.keep(person, key, answer)
    assert how_many(KeptAnswer) == 3


def test_a_stolen_database_does_not_tell_what_was_sent(app, cast, program, monkeypatch):
    """A call may hold a password: its digest can be made by the site alone."""
    admin = program(cast.admin)
    sent = {"username": "heron", "email": "heron@example.org", "password": "a grey bird", "role_ids": []}
    admin.send("POST", "/api/users", sent, headers=under("secret"), status=201)
    (kept,) = db.session.execute(select(KeptAnswer.call, KeptAnswer.answer))
    assert kept.call != hashlib.sha256(f"POST /api/users?\n{json.dumps(sent)}".encode()).hexdigest()
    assert "a grey bird" not in json.dumps(kept.answer)
    assert is_replay(admin.send("POST", "/api/users", sent, headers=under("secret"), status=201))
    monkeypatch.setitem(app.config, "SECRET_KEY", "another key, of another site with the same database")
    admin.send("POST", "/api/users", sent, headers=under("secret"), status=409)
