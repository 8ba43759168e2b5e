"""Webhooks: each change is told once and together with the change, arrives signed, and only at public addresses."""

import base64
import contextlib
import hashlib
import json
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, insert, select, update

from admin_site import sections
from admin_site.accounts.models import User
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound
from admin_site.core.section import Kind
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet, Entry
from admin_site.imports import mapping, uploads
from admin_site.imports import work as imports
from admin_site.imports.mapping import Settings as Columns
from admin_site.imports.reading import Format
from admin_site.jobs import bulk, hooks, outgoing, runner, undo, worker
from admin_site.jobs.models import Job, State
from admin_site.records import outbox, pinning, selection, trash, writes
from admin_site.records.outbox import FAILED, QUEUED, SENT, Delivery, Webhook
from tests.cast import role_id
from tests.factories import make
from tests.faults import harness

URL = "https://hooks.example.org/in"
CANARY = "Zanzibar by night"
PASSWORD = "seven geese walk past the mill"
SOON = 0.4
# After which a call of ``SOON`` must have ended, on a machine that is busy with other things.
BY_THEN = 3.0
CHUNK = 3
sections.register_all()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """More than one chunk for more than three rows, and no waiting."""
    for module, name in ((bulk, "CHUNK"), (undo, "CHUNK"), (uploads, "LOT")):
        monkeypatch.setattr(module, name, CHUNK)
    for module in (bulk, undo):
        monkeypatch.setattr(module, "ALIKE_CHUNKS", 1)
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch):
    """No test asks for a name or reaches another machine, whatever is broken."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self, address):
        assert self.family == socket.AF_UNIX or address[0] == "127.0.0.1", f"{address} was to be reached"
        return connect(self, address)

    def look_up_here(host, *args, **more):
        if host == "localhost":
            host = "127.0.0.1"
        with contextlib.suppress(socket.gaierror):
            look_up(host, None, flags=socket.AI_NUMERICHOST)
            return look_up(host, *args, **more)
        raise socket.gaierror(socket.EAI_NONAME, "No test asks for names")

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)


@pytest.fixture
def cast(cast):
    """People who are there before anybody listens."""
    assert cast.admin
    assert cast.editor
    return cast


def listen(cast, *names, url=URL, **more):
    with atomic():
        return hooks.create(
            cast.admin, hooks.Settings(name="Listener", url=url, sections=names or None, **more)
        )  # fmt: skip


def change_hook(cast, number, *, new_secret=False, **more):
    hook = hooks.find(cast.admin, number)
    standing = {"name": hook.name, "url": hook.url, "sections": hook.sections, "is_active": hook.is_active}
    with atomic():
        hooks.change(cast.admin, number, hooks.Settings(**standing | more), new_secret=new_secret)


def save(actor, section, number, **sent):
    with atomic():
        writes.update(actor, registry.get(section), number, sent)


def to_trash(actor, section, *numbers):
    for number in numbers:
        with atomic():
            trash.trash(actor, registry.get(section), number)


def purge(actor, section, *numbers):
    with atomic():
        trash.purge_many(writes.begin(actor, "bulk"), registry.get(section), numbers)


def deliveries(hook=None):
    db.session.rollback()
    query = select(Delivery).order_by(Delivery.id).execution_options(populate_existing=True)
    if hook is not None:
        query = query.where(Delivery.webhook_id == hook)
    return db.session.execute(query).scalars().all()


def told(hook=None):
    """Event, and the fields of each row; every message is checked for what it must be."""
    found = []
    for one in deliveries(hook):
        assert (one.state, one.attempts, one.error, one.next_at) == (QUEUED, 0, "", one.created_at)
        check_message(one)
        found.append((one.event, {row["id"]: row["fields"] for row in one.message["rows"]}))
    return found


def check_message(one):
    """Names and numbers, in places where nothing else has room."""
    said = one.message
    assert set(said) == {"event", "section", "action", "at", "change_set", "actor", "source", "rows"}
    assert one.event == said["event"] == f"{said['section']}.{said['action']}"
    assert said["action"] in outbox.EVENTS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", said["at"])
    known = {*registry.get(said["section"]).all_fields, *pinning.PARTS}
    deed = db.session.get(ChangeSet, said["change_set"])
    assert (deed.actor_id, deed.source) == (said["actor"], said["source"])
    numbers = [row["id"] for row in said["rows"]]
    assert len(numbers) == len(set(numbers)) > 0
    for row in said["rows"]:
        assert set(row) == {"id", "version", "fields"}
        assert type(row["id"]) is type(row["version"]) is int
        assert len(row["fields"]) == len(set(row["fields"]))
        assert set(row["fields"]) <= known


def as_messages_say(hook):
    """Change set, section, action, row and version to the fields."""
    found = Counter()
    for one in deliveries(hook):
        said = one.message
        for row in said["rows"]:
            key = (said["change_set"], said["section"], said["action"], row["id"], row["version"])
            found[key, tuple(sorted(row["fields"]))] += 1
    return found


def as_history_says(since=0):
    entries = db.session.execute(select(Entry).where(Entry.id > since)).scalars()
    return Counter(
        ((one.change_set_id, one.section, one.action, one.row_id, one.version), tuple(sorted(one.changes)))
        for one in entries
    )


def last_entry():
    db.session.rollback()
    return db.session.execute(select(func.max(Entry.id))).scalar() or 0


def last_set():
    db.session.rollback()
    return db.session.execute(select(func.max(ChangeSet.id))).scalar_one()


def version_of(section, number):
    db.session.rollback()
    columns = registry.get(section).table.columns
    return db.session.execute(select(columns.version).where(columns.id == number)).scalar_one()


def work(actor, section, rows, action=bulk.EDIT, *, trashed=False, **sent):
    """A bulk job, worked to its end."""
    chosen = selection.of_rows(actor, registry.get(section), rows, trashed=trashed)
    with atomic():
        job = bulk.begin(actor, bulk.Bulk(chosen, action, sent), source="bulk")
    return run(job)


def run(job):
    runner.run(job)
    db.session.rollback()
    return db.session.get(Job, job, populate_existing=True)


def import_file(actor, section, data, *, trial=False, **more):
    with atomic():
        number = uploads.keep(actor, registry.get(section), "file.csv", data.encode(), Format())
    upload = uploads.find(actor, registry.get(section), number)
    columns = mapping.guess(actor, registry.get(section), [column["name"] for column in upload.columns])
    with atomic():
        job = imports.begin(
            actor, registry.get(section), upload, Columns(columns=columns, **more), trial=trial, source="import"
        )
    return run(job)


def take_back(actor, change_set):
    with atomic():
        job = undo.begin(actor, change_set, source="undo")
    return run(job)


# What is told.


def test_a_new_row_is_told_once_with_who_made_it_and_how(cast):
    hook = listen(cast)
    before = clock.now()
    number = make("notes", cast.editor)
    (one,) = deliveries(hook)
    check_message(one)
    assert one.event == "notes.create"
    said = one.message
    assert (said["section"], said["action"], said["actor"], said["source"]) == (
        "notes", "create", cast.editor.id, "form",
    )  # fmt: skip
    assert said["change_set"] == last_set()
    assert before <= datetime.fromisoformat(said["at"]) <= clock.now()
    (row,) = said["rows"]
    assert (row["id"], row["version"]) == (number, 1)
    assert {"title", "content"} <= set(row["fields"])


def test_a_save_names_the_fields_that_changed_and_no_others(cast):
    tag, number = make("tags"), make("posts", title="Before", content="Same.")
    hook = listen(cast)
    save(cast.editor, "posts", number, title="After", content="Same.", tag_ids=[tag], is_pinned=True)
    assert told(hook) == [("posts.update", {number: ["title", "tag_ids", "is_pinned"]})]
    assert deliveries(hook)[0].message["rows"][0]["version"] == 2
    save(cast.editor, "posts", number, status="published")
    assert told(hook)[1:] == [("posts.update", {number: ["status", "published_at"]})]


def test_the_order_of_relations_is_no_change(cast):
    tags = [make("tags"), make("tags")]
    number = make("posts", tag_ids=tags)
    hook = listen(cast)
    save(cast.editor, "posts", number, tag_ids=tags[::-1])
    assert told(hook) == []
    save(cast.editor, "posts", number, tag_ids=tags[::-1], title="After")
    assert told(hook) == [("posts.update", {number: ["title"]})]


def test_a_save_that_changes_nothing_tells_nothing(cast):
    number = make("posts", title="Same", is_pinned=True)
    hook = listen(cast)
    save(cast.editor, "posts", number, title="Same", is_pinned=True, tag_ids=[])
    assert told(hook) == []


def test_a_password_is_told_by_its_name_only(cast):
    number = make("users")
    hook = listen(cast)
    save(cast.admin, "users", number, password=PASSWORD)
    assert told(hook) == [("users.update", {number: ["password"]})]
    make("users", password=PASSWORD)
    made = deliveries(hook)[-1]
    assert "password" in made.message["rows"][0]["fields"]
    assert_never_told(PASSWORD)


def texts():
    """All that deliveries hold, as the other side could ever see it."""
    rows = db.session.execute(select(Delivery.__table__)).mappings()
    return "\n".join(json.dumps(dict(row), ensure_ascii=False, default=str) for row in rows)


def assert_never_told(*canaries):
    db.session.rollback()
    hashes = db.session.execute(select(User.password_hash).where(User.password_hash.is_not(None))).scalars().all()
    whole = texts().casefold()
    assert whole
    for canary in (*canaries, *hashes):
        assert canary.casefold() not in whole


@pytest.mark.parametrize(
    ("section", "along", "field"),
    [("posts", "comments", "post_id"), ("questions", "answers", "question_id"), ("authors", "books", "author_id")],
)
def test_the_trash_and_the_way_back_tell_each_section_once(cast, section, along, field):
    number = make(section)
    others = [make(along, **{field: number}) for _ in range(4)]
    hook = listen(cast)
    to_trash(cast.editor, section, number)
    both = [(f"{along}.delete", {other: [] for other in others}), (f"{section}.delete", {number: []})]
    assert sorted(told(hook)) == sorted(both)
    assert len({one.message["change_set"] for one in deliveries(hook)}) == 1
    with atomic():
        trash.restore(cast.editor, registry.get(section), number)
    back = [(f"{along}.restore", {other: [] for other in others}), (f"{section}.restore", {number: []})]
    assert sorted(told(hook)[2:]) == sorted(back)


def test_a_row_that_comes_back_under_another_address_says_so(cast):
    number = make("posts", slug="fern")
    to_trash(cast.editor, "posts", number)
    make("posts", slug="fern")
    hook = listen(cast)
    with atomic():
        trash.restore(cast.editor, registry.get("posts"), number, {"slug": "moss"})
    assert told(hook) == [("posts.restore", {number: ["slug"]})]


def test_what_is_removed_for_good_is_told_once_for_each_section(cast):
    post = make("posts", is_pinned=True, tag_ids=[make("tags")])
    comments = [make("comments", post_id=post) for _ in range(2)]
    to_trash(cast.editor, "posts", post)
    hook = listen(cast)
    version = version_of("posts", post)
    purge(cast.admin, "posts", post)
    assert sorted(told(hook)) == [
        ("comments.purge", {comment: [] for comment in comments}),
        ("posts.purge", {post: []}),
    ]
    assert deliveries(hook)[-1].message["rows"] == [{"id": post, "version": version + 1, "fields": []}]


def test_what_cannot_be_removed_is_not_told(cast):
    category = make("categories")
    make("posts", category_id=category)
    to_trash(cast.editor, "categories", category)
    hook = listen(cast)
    purge(cast.admin, "categories", category)
    assert told(hook) == []


def test_pins_are_told_and_own_pins_are_nobodys_business(cast):
    section = registry.get("notes")
    first, second = make("notes", is_pinned=True), make("notes", is_pinned=True)
    hook = listen(cast)
    with atomic():
        pinning.move(cast.editor, section, first, own=False, place=1)
    with atomic():
        pinning.move(cast.editor, section, first, own=False, place=1)  # is there already
    with atomic():
        pinning.describe(cast.editor, section, second, own=False, reason=CANARY, until="2035-01-01 12:00")
    with atomic():
        pinning.pin_own(cast.editor, section, first, on=True)
    with atomic():
        pinning.describe(cast.editor, section, first, own=True, reason=CANARY, until="")
    assert told(hook) == [
        ("notes.update", {first: ["pin_place"]}),
        ("notes.update", {second: ["pin_reason", "pin_until"]}),
    ]
    assert [one.message["source"] for one in deliveries(hook)] == ["pins", "pins"]
    assert_never_told(CANARY)


def test_a_bulk_job_tells_once_for_each_chunk(cast):
    rows = [make("posts") for _ in range(7)]
    same = make("posts", title="After")
    hook = listen(cast)
    assert work(cast.editor, "posts", [*rows, same], title=("set", "After")).done == 7
    messages = told(hook)
    assert [event for event, _rows in messages] == ["posts.update"] * 3
    assert [len(said) for _event, said in messages] == [3, 3, 1]
    assert {number: fields for _event, said in messages for number, fields in said.items()} == {
        number: ["title"] for number in rows
    }
    assert {one.message["change_set"] for one in deliveries(hook)} == {last_set()}
    assert {one.message["source"] for one in deliveries(hook)} == {"bulk"}


@pytest.mark.parametrize(
    ("action", "state"), [(bulk.DELETE, "delete"), (bulk.RESTORE, "restore"), (bulk.PURGE, "purge")]
)
def test_what_moves_in_bulk_is_told_with_what_goes_along(cast, action, state):
    rows = [make("posts") for _ in range(4)]
    comments = [make("comments", post_id=row) for row in rows for _ in range(2)]
    if action != bulk.DELETE:
        work(cast.admin, "posts", rows, bulk.DELETE)
    hook = listen(cast)
    assert work(cast.admin, "posts", rows, action, trashed=action != bulk.DELETE).done == 4
    messages = told(hook)
    assert Counter(event for event, _rows in messages) == {f"posts.{state}": 2, f"comments.{state}": 2}
    once = Counter((event.partition(".")[0], number) for event, said in messages for number in said)
    assert once == Counter([("posts", row) for row in rows] + [("comments", comment) for comment in comments])


def test_rows_that_are_left_out_are_not_told(cast):
    """The lot is tried as a whole, taken back, and tried by halves: what was taken back is not told either."""
    rows, gone = [make("categories") for _ in range(4)], make("categories")
    to_trash(cast.system, "categories", gone)
    hook, since = listen(cast), last_entry()
    with atomic():
        deed = writes.begin(cast.editor, "bulk")
        plan = {"name": "The same for all", "slug": "the-same"}
        outcome = writes.update_many(deed, registry.get("categories"), [*rows, gone], list(plan), lambda change: plan)
    assert (len(outcome.changed), len(outcome.left_out)) == (1, 4)
    assert told(hook) == [("categories.update", {outcome.changed[0].id: ["name", "slug"]})]
    assert as_messages_say(hook) == as_history_says(since)


def test_a_preview_tells_nothing(cast):
    rows = [make("posts") for _ in range(4)]
    hook = listen(cast)
    chosen = selection.of_rows(cast.editor, registry.get("posts"), rows)
    for deed in (bulk.Bulk(chosen, bulk.EDIT, {"title": ("set", "After")}), bulk.Bulk(chosen, bulk.DELETE)):
        assert bulk.preview(cast.editor, deed).changing == 4
    assert told(hook) == []


def test_an_import_tells_what_it_adds_and_what_it_changes(cast):
    rows = [make("notes", title=f"Before {place}") for place in range(2)]
    hook = listen(cast)
    data = "id,title,content\n" + "".join(f"{row},After,{CANARY}\n" for row in rows) + f",{CANARY},{CANARY}\n" * 3
    settings = {"key": "id", "mode": "upsert"}
    assert import_file(cast.editor, "notes", data, trial=True, **settings).state == State.DONE
    assert told(hook) == []
    job = import_file(cast.editor, "notes", data, **settings)
    assert (job.added, job.done, job.failed) == (3, 5, 0)
    messages = told(hook)
    # The first lot changes two rows and adds one, the second adds two.
    assert Counter(name for name, _said in messages) == {"notes.update": 1, "notes.create": 2}
    assert [said for name, said in messages if name == "notes.update"] == [{row: ["title", "content"] for row in rows}]
    added = [number for name, said in messages for number in said if name == "notes.create"]
    assert len(added) == len(set(added)) == 3
    assert {one.message["source"] for one in deliveries(hook)} == {"import"}
    assert_never_told(CANARY)


def test_an_undo_tells_what_it_puts_back(cast):
    rows = [make("notes") for _ in range(4)]
    work(cast.editor, "notes", rows, title=("set", "After"))
    change_set = last_set()
    hook = listen(cast)
    assert take_back(cast.editor, change_set).done == 4
    assert Counter(name for name, _said in told(hook)) == {"notes.update": 2}
    assert {number: fields for _name, said in told(hook) for number, fields in said.items()} == {
        row: ["title"] for row in rows
    }
    assert {one.message["source"] for one in deliveries(hook)} == {"undo"}


def test_calls_of_programs_are_told(cast, program):
    caller = program(cast.editor)
    hook = listen(cast)
    number = caller.post("/api/notes", {"title": CANARY, "content": CANARY})["id"]
    caller.patch(f"/api/notes/{number}", {"title": "After"})
    caller.patch(f"/api/notes/{number}", {"title": "After"})
    caller.delete(f"/api/notes/{number}", status=None)
    assert caller.patch(f"/api/notes/{number}", {"title": "Too late"}, status=None)["code"] == "not_found"
    messages = told(hook)
    assert [name for name, _said in messages] == ["notes.create", "notes.update", "notes.delete"]
    assert messages[1:] == [("notes.update", {number: ["title"]}), ("notes.delete", {number: []})]
    assert {(one.message["source"], one.message["actor"]) for one in deliveries(hook)} == {("api", cast.editor.id)}
    assert_never_told(CANARY)


def test_a_form_is_told_when_it_is_saved_and_not_when_it_is_refused(cast, sign_in):
    client = sign_in(cast.editor)
    hook = listen(cast)
    assert client.post("/admin/notes/new", {"title": "", "content": CANARY}).status_code == 400
    assert told(hook) == []
    assert client.post("/admin/notes/new", {"title": "Fern", "content": CANARY}).status_code == 302
    ((name, _said),) = told(hook)
    assert name == "notes.create"
    assert_never_told(CANARY)


def test_an_answer_that_takes_the_acceptance_of_another_tells_of_both_once(cast):
    question = make("questions")
    first = make("answers", question_id=question, is_accepted=True)
    second = make("answers", question_id=question)
    hook = listen(cast)
    save(cast.editor, "answers", second, is_accepted=True)
    messages = told(hook)
    assert {name for name, _said in messages} == {"answers.update"}
    rows = Counter((number, *fields) for _name, said in messages for number, fields in said.items())
    assert rows == {(first, "is_accepted"): 1, (second, "is_accepted"): 1}


def test_every_webhook_gets_a_message_of_its_own_for_what_it_listens_to(cast):
    post = make("posts")
    make("comments", post_id=post)
    every, posts = listen(cast), listen(cast, "posts", "tags")
    notes, switched_off = listen(cast, "notes"), listen(cast, is_active=False)
    to_trash(cast.editor, "posts", post)
    assert sorted(name for name, _said in told(every)) == ["comments.delete", "posts.delete"]
    assert told(posts) == [("posts.delete", {post: []})]
    assert told(notes) == told(switched_off) == []
    change_hook(cast, switched_off, is_active=True)
    number = make("notes")
    assert [told(hook)[-1][0] for hook in (every, notes, switched_off)] == ["notes.create"] * 3
    assert told(posts) == [("posts.delete", {post: []})]
    assert list(told(notes)[0][1]) == [number]


def test_sections_are_told_apart_by_their_whole_name(cast):
    hook = listen(cast, "posts")
    with atomic():
        db.session.execute(update(Webhook).values(sections=["posts-of-old", "questions"]))
    make("posts")
    assert told(hook) == []


def test_a_whole_life_is_told_as_history_has_it(cast, program):
    """Every kind of deed; not one entry without its message, not one message without its entry."""
    caller = program(cast.admin)
    hook, since = listen(cast), last_entry()
    tag, category = make("tags", name=f"{CANARY} a"), make("categories", name=CANARY)
    posts = [
        make(
            "posts",
            cast.editor,
            title=f"{CANARY} {place}",
            content=CANARY,
            tag_ids=[tag],
            slug=f"zanzibar-{place}",
        )
        for place in range(4)
    ]
    comment = make(
        "comments", post_id=posts[0], author_name=CANARY, author_email="zanzibar@example.org", content=CANARY
    )
    save(cast.editor, "posts", posts[0], category_id=category, tag_ids=[], status="published", is_pinned=True)
    save(cast.editor, "posts", posts[1], is_pinned=True)
    with atomic():
        pinning.move(cast.editor, registry.get("posts"), posts[0], own=False, place=1)
    work(cast.editor, "posts", posts, title=("set", f"{CANARY} again"))
    take_back(cast.editor, last_set())
    work(cast.editor, "posts", posts, bulk.DELETE)
    take_back(cast.editor, last_set())
    import_file(cast.editor, "notes", f"title,content\n{CANARY},{CANARY}\n")
    user = make("users", username="zanzibar", password=PASSWORD, address=CANARY)
    save(cast.admin, "users", user, name=CANARY, role_ids=[role_id("editor")])
    caller.patch(f"/api/comments/{comment}", {"status": "approved"})
    to_trash(cast.editor, "posts", *posts[:2])
    with atomic():
        trash.restore(cast.editor, registry.get("posts"), posts[1])
    purge(cast.admin, "posts", posts[0])
    for one in deliveries(hook):
        check_message(one)
    assert as_messages_say(hook) == as_history_says(since)
    assert {one.event for one in deliveries(hook)} >= {f"posts.{action}" for action in outbox.EVENTS}
    assert_never_told("zanzibar", PASSWORD)


# A message stands and falls with its change.


class Killed(BaseException):
    """What a process feels of a SIGKILL."""


@pytest.mark.parametrize("error", [RuntimeError, Killed])
def test_a_transaction_that_ends_badly_leaves_neither_change_nor_message(cast, error):
    number = make("notes", title="Before")
    hook, since = listen(cast), last_entry()
    with pytest.raises(error), atomic():
        writes.update(cast.editor, registry.get("notes"), number, {"title": "After"})
        trash.trash(cast.editor, registry.get("notes"), number)
        assert db.session.execute(select(func.count()).select_from(Delivery)).scalar_one() == 2
        raise error
    assert told(hook) == []
    assert version_of("notes", number) == 1
    assert as_history_says(since) == Counter()


@pytest.mark.parametrize(("step", "chunks"), [("claimed", 0), ("worked", 1), ("recorded", 1), ("committed", 2)])
def test_a_worker_that_dies_leaves_the_messages_of_what_it_has_done(cast, monkeypatch, step, chunks):
    rows = [make("notes", title="Before") for _ in range(8)]
    hook, since = listen(cast), last_entry()
    seen = []

    def die(name):
        seen.append(name)
        if name == step and seen.count(step) == min(2, chunks + 1):
            raise Killed

    monkeypatch.setattr(runner, "reached", die)
    chosen = selection.of_rows(cast.editor, registry.get("notes"), rows)
    with atomic():
        job = bulk.begin(cast.editor, bulk.Bulk(chosen, bulk.EDIT, {"title": ("set", "After")}), source="bulk")
    with pytest.raises(Killed):
        runner.run(job)
    assert [len(said) for _name, said in told(hook)] == [CHUNK] * chunks
    assert as_messages_say(hook) == as_history_says(since)
    monkeypatch.setattr(runner, "reached", runner.no_fault)
    with atomic():
        db.session.execute(update(Job).values(leased_until=None))
    assert run(job).state == State.DONE
    assert as_messages_say(hook) == as_history_says(since)
    assert sum(len(said) for _name, said in told(hook)) == len(rows)


@pytest.fixture
def forking(app, database, tmp_path):
    found = harness.Driver(database.url, tmp_path)
    yield found
    found.close()


def test_a_process_that_is_killed_leaves_each_change_with_its_message(cast, forking):
    work = harness.begin_append(cast)
    hook, since = listen(cast), last_entry()
    for fault in ("worked:2:KILL", "statement:25:KILL", "commit:2:KILL"):
        assert forking.live(work.job, fault) == "-9", fault
        assert as_messages_say(hook) == as_history_says(since)
        harness.lapse(work.job)
    assert harness.state(work.job) != State.DONE
    assert forking.live(work.job) == "0"
    messages = told(hook)
    assert as_messages_say(hook) == as_history_says(since)
    assert Counter(number for _name, said in messages for number in said) == Counter(
        row for _name, row in work.expected
    )


def removing(cast, app, hook, failed):
    """A thread that deletes a webhook."""

    def delete_it():
        with app.app_context():
            try:
                with atomic():
                    hooks.remove(cast.admin, hook)
            except Exception as error:
                failed.append(error)
            finally:
                db.session.remove()

    return threading.Thread(target=delete_it)


def assert_saved_and_deleted(cast, number, hook, failed):
    assert failed == []
    assert version_of("notes", number) == 2
    assert deliveries() == []
    with pytest.raises(NotFound):
        hooks.find(cast.admin, hook)


# On SQLite there is one writer at a time: nobody can come between.
@pytest.mark.databases("postgresql", "mariadb")
def test_a_webhook_that_is_deleted_just_before_it_is_told_spoils_no_save(cast, app):
    number, hook = make("notes", title="Before"), listen(cast)
    meanwhile, failed = [], []

    def come_between(_connection, _cursor, statement, *_more):
        if "FROM webhooks" in statement and not meanwhile:
            meanwhile.append(removing(cast, app, hook, failed))
            meanwhile[0].start()
            meanwhile[0].join(1)  # it may have to wait until the save has ended

    event.listen(db.engine, "after_cursor_execute", come_between)
    try:
        save(cast.editor, "notes", number, title="After")
    finally:
        event.remove(db.engine, "after_cursor_execute", come_between)
        for thread in meanwhile:
            thread.join(30)
    assert_saved_and_deleted(cast, number, hook, failed)


@pytest.mark.databases("postgresql", "mariadb")
def test_a_webhook_that_was_just_told_can_be_deleted(cast, app):
    number, hook, failed = make("notes", title="Before"), listen(cast), []
    meanwhile = removing(cast, app, hook, failed)
    with atomic():
        writes.update(cast.editor, registry.get("notes"), number, {"title": "After"})
        meanwhile.start()
        meanwhile.join(0.5)  # it has to wait for this to end
    meanwhile.join(30)
    assert_saved_and_deleted(cast, number, hook, failed)


# The other side: a server of our own.


@dataclass(frozen=True)
class Call:
    """What was sent."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Keeps what it is sent, and answers the first call as the first of ``answers`` says, the last ones as the last."""

    answers: list = field(default_factory=lambda: [replies(200)])
    context: ssl.SSLContext | None = None
    reads: bool = True
    received: list[Call] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self.serve)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def port(self):
        return self.server.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/in?from=here"

    def serve(self, connection, _address, _server):
        """One connection, in a thread of its own; the other end may go at any moment."""
        with self.lock:
            number, self.connections = self.connections, self.connections + 1
        connection.settimeout(20)
        with contextlib.suppress(OSError):
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                if self.reads:
                    call = read_call(connection)
                    with self.lock:
                        self.received.append(call)
                self.answers[min(number, len(self.answers) - 1)](connection, self.closing)
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)


def read_call(connection):
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += more_of(connection)
    head, _, body = raw.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    pairs = [one.split(": ", 1) for one in lines]
    headers = {name.lower(): value for name, value in pairs}
    assert len(headers) == len(pairs), "a header that stands twice"
    while len(body) < int(headers["content-length"]):
        body += more_of(connection)
    return Call(line, headers, body)


def more_of(connection):
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionResetError
    return piece


def replies(status, body=b"", *lines):
    """A whole answer at once."""
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines, "", ""]
    return says("\r\n".join(head).encode() + body)


def says(raw):
    return lambda connection, _closing: connection.sendall(raw)


def drips(begin, piece=b"x", every=0.05):
    """Does not come to its end before the test has failed, and is never still for long."""

    def answer(connection, closing):
        connection.sendall(begin)
        until = time.monotonic() + 2 * BY_THEN
        while time.monotonic() < until and not closing.wait(every):
            connection.sendall(piece)

    return answer


def waits(gate, then):
    def answer(connection, closing):
        assert gate.wait(20)
        then(connection, closing)

    return answer


def after(seconds, then):
    def answer(connection, closing):
        closing.wait(seconds)
        then(connection, closing)

    return answer


def is_silent(_connection, closing):
    closing.wait(2 * BY_THEN)


@pytest.fixture
def receiver(app, monkeypatch):
    monkeypatch.setitem(app.config, "WEBHOOK_ALLOWED_HOSTS", ("127.0.0.1",))
    with Receiver() as found:
        yield found


def waiting(cast, url):
    """A webhook, and the number of the message of a change that it is told of."""
    hook = listen(cast, "notes", url=url)
    make("notes", cast.editor)
    (one,) = deliveries(hook)
    return hook, one.id


def state(number):
    db.session.rollback()
    return db.session.get(Delivery, number, populate_existing=True)


def ended(number):
    one = state(number)
    return one.state, one.attempts, one.status


def hmac_sha256(key, said):
    """As RFC 2104 has it; not the library's, which the product uses."""
    padded = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + said).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()


def is_signed(call, secret, tolerance=300):
    """What a receiver checks: standard-webhooks.md, "Verifying webhook authenticity"."""
    message_id, timestamp = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    assert re.fullmatch(r"[0-9]{10}", timestamp)
    assert abs(time.time() - int(timestamp)) <= tolerance
    assert message_id
    assert "." not in message_id
    assert secret.startswith("whsec_")
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    assert 24 <= len(key) <= 64
    wanted = hmac_sha256(key, f"{message_id}.{timestamp}.".encode() + call.body)
    given = [one.partition(",") for one in call.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and base64.b64decode(sign) == wanted for version, _, sign in given)


def secret_of(cast, hook):
    return hooks.secret_of(hooks.find(cast.admin, hook))


def test_the_check_of_the_signature_knows_the_example_of_the_standard():
    call = Call(
        "",
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
    )  # fmt: skip
    with time_machine.travel(1614265330, tick=False):
        assert is_signed(call, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        assert not is_signed(call, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx")


def test_a_message_arrives_whole_and_signed(cast, receiver):
    hook, number = waiting(cast, receiver.url)
    hooks.deliver(number)
    (call,) = receiver.received
    assert call.line == "POST /in?from=here HTTP/1.1"
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["content-length"] == str(len(call.body))
    assert not {"authorization", "cookie", "referer"} & set(call.headers)
    assert is_signed(call, secret_of(cast, hook))
    body = json.loads(call.body)
    assert body.pop("id") == call.headers["webhook-id"]
    one = state(number)
    assert body == one.message
    assert (one.state, one.attempts, one.status, one.error) == (SENT, 1, 200, "")
    assert one.took_ms is not None
    assert hooks.due() == []


def test_no_two_messages_and_no_two_webhooks_are_signed_alike(cast, receiver):
    first, number = waiting(cast, receiver.url)
    second = listen(cast, "tags", url=receiver.url)
    make("tags")
    for each in (number, deliveries(second)[0].id):
        hooks.deliver(each)
    one, other = receiver.received
    assert one.headers["webhook-id"] != other.headers["webhook-id"]
    secrets = [secret_of(cast, hook) for hook in (first, second)]
    assert [[is_signed(call, secret) for secret in secrets] for call in (one, other)] == [[True, False], [False, True]]


def test_a_database_that_was_stolen_signs_nothing(cast, app, monkeypatch):
    hook = listen(cast)
    secret = secret_of(cast, hook)
    assert secret not in "".join(str(row) for row in db.session.execute(select(Webhook.__table__)))
    monkeypatch.setitem(app.config, "SECRET_KEY", "another key " * 4)
    assert secret_of(cast, hook) != secret


@pytest.mark.parametrize("status", [301, 500])
def test_what_was_not_taken_waits_for_its_next_turn(cast, receiver, status):
    receiver.answers = [replies(status, b"No,\r\nthank you.")]
    _hook, number = waiting(cast, receiver.url)
    before = clock.now()
    hooks.deliver(number)
    one = state(number)
    assert ended(number) == (QUEUED, 1, status)
    assert one.error.startswith(f"It answered {status}.")
    assert before + hooks.WAITS[0] <= one.next_at <= clock.now() + hooks.WAITS[0]
    assert len(receiver.received) == 1


def test_what_the_other_side_says_is_kept_in_short_and_whatever_it_is(cast, receiver):
    body = b"\x00\x1b[31m\xff\xed\xa0\x80 first line\r\nsecond line\t\xf0\x9f\x8c\xbf <script>" + b"x" * 5_000
    receiver.answers = [replies(500, body)]
    _hook, number = waiting(cast, receiver.url)
    hooks.deliver(number)
    said = state(number).error
    assert said.startswith("It answered 500.")
    assert len(said) <= 300
    assert said.isprintable()
    assert "first line second line 🌿 <script>xxx" in said


def test_a_retry_is_the_same_message_signed_anew(cast, receiver):
    receiver.answers = [replies(500), replies(200)]
    hook, number = waiting(cast, receiver.url)
    start = clock.now()
    with time_machine.travel(start + timedelta(seconds=1), tick=False):
        hooks.deliver(number)
    with time_machine.travel(start + timedelta(minutes=1), tick=False):
        hooks.deliver(number)
        first, second = receiver.received
        assert is_signed(first, secret_of(cast, hook))
        assert is_signed(second, secret_of(cast, hook), tolerance=2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 59
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert (ended(number), state(number).error) == ((SENT, 2, 200), "")


SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SCHEDULE = (10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)
A_MOMENT = timedelta(milliseconds=1)


def test_after_each_failure_it_waits_longer_and_after_the_last_it_is_given_up(cast, receiver):
    receiver.answers = [replies(500)]
    _hook, number = waiting(cast, receiver.url)
    with time_machine.travel(clock.now() + SECOND, tick=False) as travel:
        for tries, wait in enumerate(SCHEDULE, start=1):
            hooks.deliver(number)
            one = state(number)
            assert (ended(number), one.next_at - clock.now()) == ((QUEUED, tries, 500), wait)
            assert one.tried_at == clock.now()
            travel.move_to(one.next_at - A_MOMENT)
            hooks.deliver(number)
            assert (hooks.due(), len(receiver.received)) == ([], tries)
            travel.move_to(one.next_at + A_MOMENT)
            assert hooks.due() == [number]
        hooks.deliver(number)
        assert ended(number) == (FAILED, len(SCHEDULE) + 1, 500)
        travel.shift(timedelta(days=3))
        hooks.deliver(number)
        assert hooks.due() == []
    assert len(receiver.received) == len(SCHEDULE) + 1
    assert len({call.headers["webhook-id"] for call in receiver.received}) == 1


def test_what_was_given_up_is_sent_again_from_the_beginning(cast, receiver):
    hook, number = waiting(cast, receiver.url)
    with atomic():
        db.session.execute(update(Delivery).values(state=FAILED, attempts=9, status=500, error="It answered 500."))
    hooks.deliver(number)
    assert receiver.connections == 0
    receiver.answers = [replies(503), replies(200)]
    with atomic():
        hooks.again(cast.admin, hook, number)
    assert hooks.due() == [number]
    hooks.deliver(number)
    one = state(number)
    assert (ended(number), one.next_at > clock.now()) == ((QUEUED, 1, 503), True)
    with time_machine.travel(one.next_at + A_MOMENT, tick=False):
        hooks.deliver(number)
    assert ended(number) == (SENT, 2, 200)
    with atomic():
        hooks.again(cast.admin, hook, number)
    hooks.deliver(number)
    assert ended(number) == (SENT, 1, 200)
    assert len({call.headers["webhook-id"] for call in receiver.received}) == 1


def test_only_what_has_ended_and_belongs_to_the_webhook_is_sent_again(cast, receiver):
    hook, number = waiting(cast, receiver.url)
    other = listen(cast, "tags")
    with pytest.raises(NotFound), atomic():
        hooks.again(cast.admin, hook, number)
    hooks.deliver(number)
    for webhook, delivery in ((other, number), (hook, number + 1), (hook, 2**70), (hook, -1)):
        with pytest.raises(NotFound), atomic():
            hooks.again(cast.admin, webhook, delivery)
    assert ended(number) == (SENT, 1, 200)


def test_nothing_is_sent_of_a_webhook_that_was_switched_off(cast, receiver):
    hook, number = waiting(cast, receiver.url)
    change_hook(cast, hook, is_active=False)
    hooks.deliver(number)
    assert (ended(number), state(number).error) == ((FAILED, 1, None), "The webhook was switched off.")
    assert (receiver.connections, hooks.due()) == (0, [])
    change_hook(cast, hook, is_active=True)
    with atomic():
        hooks.again(cast.admin, hook, number)
    hooks.deliver(number)
    assert ended(number) == (SENT, 1, 200)


def test_a_new_address_and_a_new_secret_count_for_what_waits(cast, receiver):
    hook, number = waiting(cast, f"http://127.0.0.1:{harness.free_port()}/")
    former = secret_of(cast, hook)
    change_hook(cast, hook, url=receiver.url, new_secret=True)
    hooks.deliver(number)
    (call,) = receiver.received
    assert is_signed(call, secret_of(cast, hook))
    assert not is_signed(call, former)


def test_a_change_without_a_new_secret_keeps_it(cast):
    hook = listen(cast)
    former = secret_of(cast, hook)
    change_hook(cast, hook, name="Renamed", url="https://example.org/other", sections=("posts",), is_active=False)
    assert secret_of(cast, hook) == former


# Workers.


def at_once(app, *calls):
    """Each call in a thread of its own, all at the same moment."""
    line, failed = threading.Barrier(len(calls)), []

    def work(call, *args):
        with app.app_context():
            try:
                line.wait(30)
                call(*args)
            except Exception as error:
                failed.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=call) for call in calls]
    for thread in threads:
        thread.start()
    return threads, failed


def joined(threads, failed):
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert failed == []


def test_workers_at_the_same_moment_send_a_message_once(cast, app, receiver):
    hook = listen(cast, "notes", url=receiver.url)
    for _ in range(5):
        make("notes")
    numbers = [one.id for one in deliveries(hook)]

    def send_all():
        for number in numbers:
            hooks.deliver(number)

    joined(*at_once(app, (send_all,), (send_all,), (send_all,)))
    assert Counter(call.headers["webhook-id"] for call in receiver.received) == Counter(f"msg_{n}" for n in numbers)
    assert [ended(number) for number in numbers] == [(SENT, 1, 200)] * 5


def test_a_message_whose_worker_died_is_sent_by_another_after_a_while(cast, receiver):
    _hook, number = waiting(cast, receiver.url)
    start = clock.now()
    with time_machine.travel(start, tick=False) as travel:
        assert hooks._claim(number) is not None
        travel.move_to(start + 30 * SECOND)  # so long it may take to connect, to greet and to be answered
        hooks.deliver(number)
        assert (hooks.due(), receiver.connections) == ([], 0)
        travel.move_to(start + hooks.HELD - SECOND)
        assert hooks.due() == []
        travel.move_to(start + 2 * MINUTE)
        assert hooks.due() == [number]
        hooks.deliver(number)
    assert ended(number) == (SENT, 2, 200)


def whole(number):
    db.session.rollback()
    return db.session.execute(select(Delivery.__table__).where(Delivery.id == number)).mappings().one()


@pytest.mark.parametrize(("slow", "quick", "left"), [(500, 200, SENT), (200, 503, QUEUED), (200, 200, SENT)])
def test_the_answer_to_a_worker_that_took_too_long_changes_nothing(cast, app, receiver, slow, quick, left):
    gate = threading.Event()
    receiver.answers = [waits(gate, replies(slow)), replies(quick)]
    _hook, number = waiting(cast, receiver.url)
    threads, failed = at_once(app, (hooks.deliver, number))
    try:
        harness.eventually(lambda: receiver.received)
        with time_machine.travel(clock.now() + hooks.HELD + SECOND, tick=False):
            hooks.deliver(number)
        assert ended(number) == (left, 2, quick)
        before = whole(number)
    finally:
        gate.set()
        joined(threads, failed)
    assert whole(number) == before
    assert len(receiver.received) == 2


def test_no_transaction_is_open_while_the_other_side_thinks(cast, app, receiver):
    gate = threading.Event()
    receiver.answers = [waits(gate, replies(200))]
    hook, number = waiting(cast, receiver.url)
    threads, failed = at_once(app, (hooks.deliver, number))
    try:
        harness.eventually(lambda: receiver.received)
        change_hook(cast, hook, name="Renamed")  # on SQLite, there is one writer at a time
        with atomic():
            db.session.execute(update(Delivery).values(took_ms=7))
    finally:
        gate.set()
        joined(threads, failed)
    assert ended(number) == (SENT, 1, 200)


def test_a_webhook_may_be_deleted_while_its_message_is_on_the_way(cast, app, receiver):
    gate = threading.Event()
    receiver.answers = [waits(gate, replies(200))]
    hook, number = waiting(cast, receiver.url)
    threads, failed = at_once(app, (hooks.deliver, number))
    try:
        harness.eventually(lambda: receiver.received)
        with atomic():
            hooks.remove(cast.admin, hook)
    finally:
        gate.set()
        joined(threads, failed)
    assert (deliveries(), hooks.listed(cast.admin)) == ([], [])
    hooks.deliver(number)
    assert len(receiver.received) == 1


@pytest.fixture
def sender(app, monkeypatch):
    """The worker's thread that sends."""
    monkeypatch.setattr(worker, "SEND_SECONDS", 0.05)
    stopped, running = threading.Event(), []

    def start():
        running.append(threading.Thread(target=worker._send_until, args=(app, stopped)))
        running[0].start()

    yield start
    stopped.set()
    for thread in running:
        thread.join(30)


def all_sent():
    return {one.state for one in deliveries()} == {SENT}


def test_the_worker_sends_what_waits_and_what_comes(cast, receiver, sender):
    hook = listen(cast, "notes", url=receiver.url)
    for _ in range(23):  # more than it takes at a time
        make("notes")
    sender()
    harness.eventually(all_sent)
    make("notes")
    harness.eventually(lambda: len(deliveries(hook)) == 24 and all_sent())
    assert sorted(Counter(call.headers["webhook-id"] for call in receiver.received).values()) == [1] * 24


def test_a_message_that_cannot_be_sent_keeps_no_other_waiting(cast, receiver, sender, monkeypatch):
    hook, first = waiting(cast, receiver.url)
    make("notes")
    post, tried = outgoing.post, []

    def post_second(url, body, headers):
        tried.append(headers["webhook-id"])
        if headers["webhook-id"] == f"msg_{first}":
            raise AttributeError("of some library")
        return post(url, body, headers)

    monkeypatch.setattr(outgoing, "post", post_second)
    sender()
    harness.eventually(lambda: deliveries(hook)[1].state == SENT)
    make("notes")
    harness.eventually(lambda: deliveries(hook)[2].state == SENT, seconds=3)
    assert tried.count(f"msg_{first}") == 1


def test_messages_that_have_ended_are_forgotten_while_the_worker_runs(cast, receiver, monkeypatch):
    hook, number = waiting(cast, receiver.url)
    make("notes")
    hooks.deliver(number)
    worker.beat("one:1")
    with time_machine.travel(clock.now() + outbox.KEPT_FOR - MINUTE, tick=False):
        worker.beat("one:1")
        worker.sweep()
    assert [one.state for one in deliveries(hook)] == [SENT, QUEUED]
    with time_machine.travel(clock.now() + outbox.KEPT_FOR + MINUTE, tick=False):
        worker.beat("one:1")
        worker.sweep()
    assert [one.state for one in deliveries(hook)] == [QUEUED]


def test_what_waits_is_never_forgotten_and_what_has_ended_is_kept_for_two_weeks(cast):
    hook = listen(cast)
    now = clock.now()
    values = {"webhook_id": hook, "event": "notes.create", "next_at": now, "attempts": 1, "error": "", "message": {}}
    with atomic():
        for stands in (QUEUED, SENT, FAILED):
            for age in (13, 15):
                more = {"state": stands, "created_at": now - timedelta(days=age)}
                db.session.execute(insert(Delivery).values(values | more))
    with atomic():
        outbox.forget_old()
    assert [one.state for one in deliveries(hook)] == [QUEUED, QUEUED, SENT, FAILED]


def test_the_oldest_are_sent_first(cast):
    hook = listen(cast, "notes")
    for _ in range(3):
        make("notes")
    first, second, third = (one.id for one in deliveries(hook))
    with atomic():
        db.session.execute(update(Delivery).where(Delivery.id == first).values(next_at=clock.now() - SECOND / 1000))
        db.session.execute(update(Delivery).where(Delivery.id == third).values(next_at=clock.now() - HOUR))
    assert hooks.due() == [third, second, first]
    assert hooks.due(limit=1) == [third]


# Settings and tests.


def test_a_test_is_sent_at_once_and_also_where_the_webhook_is_off(cast, receiver):
    hook = listen(cast, url=receiver.url, is_active=False)
    sent = hooks.ping(cast.admin, hook)
    (call,) = receiver.received
    assert (sent.state, sent.status, sent.event) == (SENT, 200, hooks.PING)
    assert is_signed(call, secret_of(cast, hook))
    body = json.loads(call.body)
    assert (body["event"], body["actor"], body["id"]) == (hooks.PING, cast.admin.id, f"msg_{sent.id}")


def test_a_test_that_fails_is_not_tried_again(cast, receiver):
    receiver.answers = [replies(500)]
    hook = listen(cast, url=receiver.url)
    sent = hooks.ping(cast.admin, hook)
    assert (sent.state, sent.status, sent.attempts) == (FAILED, 500, 1)
    with time_machine.travel(clock.now() + HOUR, tick=False):
        assert hooks.due() == []


@pytest.mark.parametrize("is_done", [True, False])
def test_a_test_that_a_worker_gets_hold_of_first_is_told_truly(cast, app, receiver, monkeypatch, is_done):
    """Whether the worker has its answer already, or still waits for it."""
    deliver, workers = hooks.deliver, []

    def after_a_worker(number, **more):
        if number in hooks.due():
            workers.append(at_once(app, (deliver, number)))
            harness.eventually(lambda: receiver.connections == len(workers))
            if is_done:
                joined(*workers[-1])
        deliver(number, **more)

    monkeypatch.setattr(hooks, "deliver", after_a_worker)
    receiver.answers = [after(0.3, replies(500)), after(0.3, replies(200))]
    hook = listen(cast, url=receiver.url)
    sent = [hooks.ping(cast.admin, hook).state for _ in range(2)]
    for one in workers:
        joined(*one)
    assert sent == [FAILED, SENT]
    assert (hooks.due(), len(receiver.received)) == ([], 2)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("who", ["editor", "anonymous"])
def test_only_administrators_have_to_do_with_webhooks(cast, who):
    hook, person = listen(cast), cast.named(who)
    settings = hooks.Settings(name="Mine", url=URL)
    deeds = (
        lambda: hooks.create(person, settings), lambda: hooks.change(person, hook, settings, new_secret=True),
        lambda: hooks.remove(person, hook), lambda: hooks.find(person, hook), lambda: hooks.listed(person),
        lambda: hooks.ping(person, hook), lambda: hooks.again(person, hook, 1),
    )  # fmt: skip
    before = whole_hooks()
    for deed in deeds:
        with pytest.raises(Denied), atomic():
            deed()
    assert whole_hooks() == before


def whole_hooks():
    db.session.rollback()
    return db.session.execute(select(Webhook.__table__)).all()


def test_there_is_an_end_to_webhooks(cast, monkeypatch):
    monkeypatch.setattr(hooks, "WEBHOOKS_MOST", 2)
    first, _second = listen(cast), listen(cast)
    with pytest.raises(Conflict):
        listen(cast)
    with atomic():
        hooks.remove(cast.admin, first)
    listen(cast)


def test_those_whose_last_message_was_not_taken_are_told_apart(cast, receiver):
    receiver.answers = [replies(500), replies(200), replies(200), replies(500)]
    fails_first, fails_last, _untried = (listen(cast, url=receiver.url) for _ in range(3))
    for hook in (fails_first, fails_first, fails_last, fails_last):
        hooks.ping(cast.admin, hook)
    make("notes")  # waits for all of them
    assert hooks.failing(hooks.listed(cast.admin)) == {fails_last}
    assert hooks.failing([]) == set()


# What the other side may do to us. None of this needs a database.


@pytest.fixture
def bare(monkeypatch):
    """Nothing but settings."""
    app = Flask("bare")
    app.config["WEBHOOK_ALLOWED_HOSTS"] = ("127.0.0.1",)
    monkeypatch.setattr(outgoing, "SECONDS", SOON)
    with app.app_context():
        yield app


@pytest.fixture
def odd(bare):
    with Receiver() as found:
        yield found


def post(url, body=b"{}"):
    """The outcome; it must come in time."""
    began = time.monotonic()
    outcome = outgoing.post(url, body, {"Content-Type": "application/json"})
    assert time.monotonic() - began < BY_THEN
    assert outcome.took_ms is None or 0 <= outcome.took_ms < BY_THEN * 1000
    assert outcome.is_taken == (not outcome.error)
    assert outcome.error.isprintable()
    return outcome


TAKEN = (200, 201, 202, 204, 299)
REFUSED = (300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 410, 418, 429, 500, 502, 503, 599, 999)


def test_every_2xx_means_that_it_was_taken_and_everything_else_that_it_was_not(odd):
    for status in (*TAKEN, *REFUSED):
        odd.answers = [replies(status, b"" if status in (204, 304) else b"Thank you.")]
        outcome = post(odd.url)
        said = "" if status in TAKEN else f"It answered {status}."
        assert (outcome.status, outcome.is_taken) == (status, status in TAKEN)
        assert outcome.error.startswith(said)
    assert len(odd.received) == len(TAKEN) + len(REFUSED)


def test_nobody_is_led_elsewhere(odd):
    with Receiver() as elsewhere:
        for count, status in enumerate((301, 302, 303, 307, 308), start=1):
            odd.answers = [replies(status, b"", f"Location: {elsewhere.url}", f"Refresh: 0; url={elsewhere.url}")]
            outcome = post(odd.url)
            assert (outcome.status, outcome.is_taken) == (status, False)
            assert (elsewhere.connections, odd.connections) == (0, count)


TOO_LATE = f"It did not answer within {SOON:g} seconds."
SLOW = {
    "silence": is_silent,
    "a status that drips": drips(b"HTTP/1.1 200 ", b"O"),
    "headers that drip": drips(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    "headers without end": drips(b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n", 0.02),
    "continue, and continue": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
}


@pytest.mark.parametrize("how", SLOW)
def test_an_answer_that_never_comes_to_its_end_ends_in_time_and_says_why(odd, how):
    odd.answers = [SLOW[how]]
    outcome = post(odd.url)
    assert (outcome.status, outcome.error) == (None, TOO_LATE)


def test_a_name_that_is_never_found_out_ends_in_time(bare, monkeypatch):
    asked = threading.Event()

    def look_up(*_given, **_more):
        asked.wait(BY_THEN)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    outcome = post("https://slow.example.org/in")
    asked.set()
    assert (outcome.status, outcome.error) == (None, TOO_LATE)


@pytest.mark.parametrize("line", [b"Content-Length: 200", b"Transfer-Encoding: chunked", b"X: y"])
def test_a_message_that_was_taken_is_taken_though_the_rest_drips(odd, line):
    odd.answers = [drips(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n", b"1\r\nx\r\n")]
    assert post(odd.url).status == 200


def test_a_side_that_does_not_listen_ends_in_time(odd):
    odd.reads, odd.answers = False, [is_silent]
    outcome = post(odd.url, b"x" * 20_000_000)
    assert (outcome.status, bool(outcome.error)) == (None, True)


def test_of_a_huge_answer_only_the_beginning_is_read(odd):
    sent = []

    def floods(connection, closing):
        connection.sendall(b"HTTP/1.1 500 No\r\nContent-Length: 9999999999\r\n\r\n")
        while not closing.is_set() and len(sent) < 1_000:
            connection.sendall(b"y" * 65536)
            sent.append(65536)

    odd.answers = [floods]
    outcome = post(odd.url)
    assert outcome.status == 500
    assert len(outcome.error) <= 300
    assert sum(sent) < 20_000_000  # what buffers take


GARBAGE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 10,
    "another protocol": b"220 mail.example.org ESMTP\r\n",
    "another version": b"HTTP/9 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a word for a status": b"HTTP/1.1 fine OK\r\n\r\n",
    "a status of two": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a negative status": b"HTTP/1.1 -200 OK\r\n\r\n",
    "a line without end": b"HTTP/1.1 200 " + b"x" * 100_000,
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("what", GARBAGE)
def test_what_is_no_answer_counts_as_none(odd, what):
    odd.answers = [says(GARBAGE[what])]
    outcome = post(odd.url)
    assert (outcome.status, bool(outcome.error)) == (None, True)


def test_an_answer_with_a_wrong_length_is_one(odd):
    for length in (b"-1", b"many", b"9" * 50, b""):
        odd.answers = [says(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\nok")]
        assert post(odd.url).status == 200


def test_a_port_where_nobody_listens_is_said(bare):
    outcome = post(f"http://127.0.0.1:{harness.free_port()}/")
    assert (outcome.status, outcome.error) == (None, "It could not be reached: ConnectionRefusedError.")


def test_no_connection_is_left_open(odd):
    """Whatever was left would be a warning, and with it an error of this suite."""
    before = len(open_files())
    for answer in (replies(200), replies(500), says(b"nonsense"), says(b"")):
        odd.answers = [answer]
        post(odd.url)
    harness.eventually(lambda: len(open_files()) <= before, seconds=5)


def open_files():
    folder = Path("/proc/self/fd")
    return list(folder.iterdir()) if folder.exists() else []


# What can be set.

WRONG = {
    "name": ("", "   ", "x" * 101, "a\0b", "a\ud800b"),
    "url": (
        "", "   ", "example.org", "//example.org/x", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)",
        "https://", "https:///x", "https://:443/", "https://exa mple.org/", "https://example.org/\tx",
        "https://example.org/x\r\nX-Evil: 1", "https://example.org/x\x00", "https://exämple.org/", "https://example.org:0/",
        "https://example.org:65536/", "https://example.org:x/", "https://[::1/", "https://me@example.org/",
        "https://me:word@example.org/", "https://:word@example.org/", "https://@example.org/", "http://example.org/",
        "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1:8443/", f"https://example.org/{'x' * 1000}",
    ),
    "sections": ((), ("nowhere",), ("posts", "nowhere"), ("Posts",), ("",)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_settings_are_named(bare, name, value):
    bare.config["WEBHOOK_ALLOWED_HOSTS"] = ()
    with pytest.raises(Invalid) as caught:
        hooks.Settings(**{"name": "Fine", "url": URL, "sections": ("posts",)} | {name: value}).checked()
    assert list(caught.value.fields) == [name]


def test_everything_that_is_wrong_is_named_at_once(bare):
    with pytest.raises(Invalid) as caught:
        hooks.Settings(name=" ", url=" ", sections=()).checked()
    assert set(caught.value.fields) == {"name", "url", "sections"}


def test_blanks_around_settings_are_no_part_of_them(bare):
    kept = hooks.Settings(name=" Fine ", url=f" {URL}\n", sections=("posts", "tags")).checked()
    assert kept == {"name": "Fine", "url": URL, "sections": ["posts", "tags"], "is_active": True}


# Certificates.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of hooks.example.org and this machine, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "made.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=hooks.example.org", "-addext", "subjectAltName=DNS:hooks.example.org",
            "-keyout", str(key), "-out", str(made),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


@pytest.fixture
def secure(bare, certificate):
    """A server with that certificate, which two names lead to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    bare.config["WEBHOOK_ALLOWED_HOSTS"] = ("127.0.0.1", "hooks.example.org", "other.example.org")
    with Receiver(context=context) as found:
        yield found


@pytest.fixture
def names(monkeypatch):
    """What names stand for; a list of lists is what is answered the first time, the second and so on."""
    known, asked = {}, []

    def look_up(host, port, *_args, **_more):
        asked.append(host)
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = known[host]
        if isinstance(found[0], list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "",
                (one, port, 0, 0) if ":" in one else (one, port),
            )
            for one in found
        ]  # fmt: skip

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    known |= {host: ["127.0.0.1"] for host in ("127.0.0.1", "hooks.example.org", "other.example.org")}
    known["asked"] = asked
    return known


def test_a_certificate_that_nobody_vouches_for_is_refused(secure, names):
    for host in ("127.0.0.1", "hooks.example.org"):
        outcome = post(f"https://{host}:{secure.port}/in")
        assert outcome.status is None
        assert outcome.error.startswith("Its certificate is not trusted: ")
    assert secure.received == []


def test_a_certificate_counts_for_the_name_that_is_called(secure, names, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert post(f"https://hooks.example.org:{secure.port}/in").status == 200
    assert secure.received[0].headers["host"] == f"hooks.example.org:{secure.port}"
    for host in ("other.example.org", "127.0.0.1"):
        outcome = post(f"https://{host}:{secure.port}/in")
        assert outcome.status is None
        assert outcome.error.startswith("Its certificate is not trusted: ")
    assert len(secure.received) == 1


def test_a_slow_answer_behind_a_certificate_ends_in_time(secure, names, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    for answer in (is_silent, drips(b"HTTP/1.1 200 OK\r\nX-Slow: ")):
        secure.answers = [answer]
        assert post(f"https://hooks.example.org:{secure.port}/in").status is None


@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"])
def test_a_greeting_that_drips_ends_in_time(odd, begin):
    """Without a certificate so far: the record says that it is long, and comes byte by byte."""
    odd.reads, odd.answers = False, [drips(begin, b"\x03")]
    assert post(f"https://127.0.0.1:{odd.port}/").status is None


def test_a_server_that_speaks_in_the_open_is_not_spoken_to_in_secret(odd):
    outcome = post(f"https://127.0.0.1:{odd.port}/")
    assert (outcome.status, bool(outcome.error)) == (None, True)
    assert odd.received == []


# Where nothing goes.


@pytest.fixture
def reached(bare, monkeypatch):
    """Addresses that something tried to connect to; nothing does."""
    bare.config["WEBHOOK_ALLOWED_HOSTS"] = ()
    tried = []

    def note(_self, address):
        tried.append(address[:2])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", note)
    monkeypatch.setattr(socket.socket, "connect_ex", note)
    return tried


PRIVATE = (
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0.0.0.0", "0", "0.1.2.3", "10.0.0.1", "10.255.255.255",
    "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1", "100.64.0.1",
    "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1",
    "0x7f000001", "127.0x1", "3232235521", "2852039166", "10.1", "localhost", "LOCALHOST",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]", "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[febf::1]", "[fc00::1]",
    "[fd12:3456::1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]",
    "[2002:a00:1::1]", "[2002:c0a8:101::1]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2001:db8::1]", "[100::1]",
    "[ff02::1]", "[ff0e::1]",
    # No longer in use, and still led to private networks by those who use them.
    "[::127.0.0.1]", "[::10.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b:1::7f00:1]", "[fec0::1]", "[5f00::1]",
)  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_no_private_address_is_reached(reached, host):
    for scheme in ("https", "http"):
        for port in ("", ":443", ":8080"):
            outcome = post(f"{scheme}://{host}{port}/latest/meta-data/")
            assert (outcome.status, reached) == (None, [])
            assert outcome.error


def literals():
    """Those of them that a name may stand for."""
    for host in PRIVATE:
        with contextlib.suppress(ValueError):
            yield str(ip_address(host.strip("[]").partition("%")[0]))


@pytest.mark.parametrize("address", sorted(set(literals())))
def test_no_name_leads_to_a_private_address(reached, names, address):
    names["inside.example.org"] = [address]
    outcome = post("https://inside.example.org/x")
    assert (outcome.status, outcome.error, reached) == (None, outgoing.NOT_PUBLIC, [])


@pytest.mark.parametrize("addresses", [["93.184.215.14", "10.0.0.1"], ["10.0.0.1", "93.184.215.14"],
                                       ["2606:4700::1111", "::1"], ["93.184.215.14", "fe80::1%eth0"]])  # fmt: skip
def test_a_name_with_one_private_address_is_not_reached_at_all(reached, names, addresses):
    names["mixed.example.org"] = addresses
    assert post("https://mixed.example.org/").error == outgoing.NOT_PUBLIC
    assert reached == []


def test_what_was_looked_at_is_what_is_connected_to(bare, names, monkeypatch):
    """A name that is public while it is looked at and private a moment later."""
    bare.config["WEBHOOK_ALLOWED_HOSTS"] = ()
    names["turns.example.org"] = [["93.184.215.14"], ["127.0.0.1"]]
    connected = []

    def note(address, *_args, **_more):
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", note)
    assert post("https://turns.example.org/x").error == "It could not be reached: ConnectionRefusedError."
    assert names["asked"] == ["turns.example.org"]
    assert connected == [("93.184.215.14", 443)]


@pytest.mark.parametrize(("url", "found", "address"), [
    ("https://hooks.example.org/x", ["93.184.215.14"], ("93.184.215.14", 443)),
    ("HTTPS://HOOKS.example.org:8443", ["2606:4700::1111"], ("2606:4700::1111", 8443)),
])  # fmt: skip
def test_public_addresses_are_reached(reached, names, monkeypatch, url, found, address):
    """Else the tests above would say nothing."""
    names["hooks.example.org"] = found
    monkeypatch.setattr(socket, "create_connection", lambda to, *_args, **_more: reached.append(to) or no_answer())
    post(url)
    assert reached == [address]


def no_answer():
    raise ConnectionRefusedError


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "192.169.0.1",
                                     "2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808",
                                     "::ffff:8.8.8.8", "2002:808:808::1"])  # fmt: skip
def test_public_addresses_are_public(bare, address):
    assert outgoing.is_public(ip_address(address))
    bare.config["WEBHOOK_ALLOWED_HOSTS"] = ()
    assert outgoing.wrong_address(f"https://{f'[{address}]' if ':' in address else address}/x") == ""


NOWHERE = (
    "", "example.org", "//example.org/", "/x", "http://example.org/", "ftp://example.org/", "file:///etc/passwd",
    "gopher://example.org/", "dict://example.org/", "ldap://example.org/", "javascript:alert(1)", "data:text/plain,x",
    "unix:///run/docker.sock", "https:example.org", "https:/example.org", "https://", "https:///x", "https://:443/",
    "https://?x", "https://example.org:0/", "https://example.org:-1/", "https://example.org:65536/",
    "https://example.org:port/", "https://[::1", "https://[]/", "https://user@example.org/", "https://user:word@example.org/",
    "https://example.org@127.0.0.1/", "https://@example.org/", "https://:@example.org/",
    "https://example.org\\@127.0.0.1/", "https://example.org/\r\nX-Evil: 1", "https://example.org/x\r\n\r\nPOST /",
    "https://example.org/x\n", "\nhttps://example.org/", "https://exam\rple.org/", "https://example.org/\tx",
    "https://example.org/a b", "https://example.org/\x00", "https://example.org/\x7f", "https://exämple.org/",
    "https://①②⑦.⓪.⓪.①/", "https://example.org/ü", "https://127.0.0.1%2f.example.org/", "https://127.0.0.1\\.example.org/",
    f"https://example.org/{'x' * 1000}", f"https://{'x' * 64}.example.org/", "https://a..example.org/",
)  # fmt: skip


@pytest.mark.parametrize("url", NOWHERE)
def test_no_odd_address_is_reached(reached, names, url, monkeypatch):
    names["example.org"] = ["93.184.215.14"]
    outcome = post(url)
    assert (outcome.status, reached) == (None, [])
    assert outcome.error


def test_what_is_encoded_in_a_path_stays_there(odd):
    assert post(f"http://127.0.0.1:{odd.port}/a%0d%0aX-Evil:%201?b=%0a#part").status == 200
    (call,) = odd.received
    assert call.line == "POST /a%0d%0aX-Evil:%201?b=%0a HTTP/1.1"
    assert "x-evil" not in call.headers


def test_a_host_is_allowed_by_its_name_and_by_no_other(bare, names, odd):
    bare.config["WEBHOOK_ALLOWED_HOSTS"] = ("Inside.example",)
    names["inside.example"] = names["beside.example"] = names["x.inside.example"] = ["127.0.0.1"]
    assert post(f"http://inside.example:{odd.port}/").status == 200
    assert post(f"http://INSIDE.EXAMPLE:{odd.port}/").status == 200
    assert len(odd.received) == 2
    for host in ("beside.example", "x.inside.example", "127.0.0.1"):
        for scheme in ("http", "https"):
            outcome = post(f"{scheme}://{host}:{odd.port}/")
            assert (outcome.status, bool(outcome.error)) == (None, True)
    assert odd.connections == 2


def test_an_address_that_is_allowed_is_so_in_one_spelling(bare, odd):
    assert post(odd.url).status == 200
    for host in ("127.1", "2130706433", "localhost", "[::ffff:127.0.0.1]", "127.0.0.2"):
        assert post(f"https://{host}:{odd.port}/").status is None
    assert odd.connections == 1


def test_no_redirect_from_a_public_server_leads_inside(bare, names, odd):
    """The name that is allowed stands for the server outside; the one that it names is not allowed."""
    bare.config["WEBHOOK_ALLOWED_HOSTS"] = ("outside.example",)
    names["outside.example"] = ["127.0.0.1"]
    with Receiver() as inside:
        for status in (301, 302, 303, 307, 308):
            odd.answers = [replies(status, b"", f"Location: {inside.url}", f"Refresh: 0; url={inside.url}")]
            outcome = post(f"http://outside.example:{odd.port}/")
            assert (outcome.status, outcome.is_taken) == (status, False)
        assert inside.connections == 0


@pytest.mark.parametrize("name", sorted(registry.by_name()))
def test_nothing_that_is_done_to_a_row_fails_because_somebody_listens(cast, name):
    """Hooks of sections may have nothing to do with other rows, and then nothing is told of these."""
    listen(cast)
    section, number = registry.get(name), make(name)
    states = [
        (item.name, value)
        for item in section.all_fields.values()
        if not item.fixed
        for value in ((True, False) if item.kind is Kind.BOOLEAN else [choice.value for choice in item.choices])
    ]
    for changed, value in states:
        with atomic():
            writes.update(cast.system, section, number, {changed: value})
    with atomic():
        trash.trash(cast.system, section, number)
    with atomic():
        trash.restore(cast.system, section, number)
    db.session.rollback()
    told = db.session.execute(select(Delivery.event, Delivery.message)).all()
    events = [event for event, message in told if message["rows"][0]["id"] == number and message["section"] == name]
    assert {f"{name}.{action}" for action in ("create", "delete", "restore")} <= {*events}
    assert all(message["rows"] for _event, message in told)
