"""Deeds on many rows as jobs: what is named, what is tried, what is done, by which right, and taking it back."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from admin_site.accounts import actor as actors
from admin_site.accounts import roles, tokens
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet
from admin_site.jobs import board, bulk, runner
from admin_site.jobs.models import Job
from admin_site.records import trash, writes
from admin_site.web.api import deeds
from tests.api_client import Program
from tests.cast import Cast, make_user, role_id
from tests.factories import make

# What is asked of the program and not of the database is asked once.
on_one = pytest.mark.databases("sqlite")
MISSING = 4_000_000_000
GONE = "It was moved to the trash, or is hidden from you."
JOB = {
    "id", "kind", "section", "state", "total", "done", "same", "skipped", "failed", "added", "message", "reason",
    "change_set", "undoes", "created_at", "started_at", "finished_at", "reasons",
}  # fmt: skip
# Of each section with a workflow: what the deed is called, and what it leads to.
MOVES = {
    "posts": {"publish": "published", "archive": "archived"},
    "comments": {"approve": "approved", "reject": "rejected", "spam": "spam"},
    "questions": {"publish": "published", "hide": "hidden"},
}
PINNED = ("notes", "posts", "questions")
ACTIONS = ("delete", "restore", "publish", "archive", "pin", "unpin", "approve", "reject", "spam", "hide")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """More than one chunk for more than three rows, and no waiting."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)


@pytest.fixture
def later(monkeypatch):
    """No job is small enough to be done at once: a worker takes it up when the test says so."""
    monkeypatch.setattr(board, "AT_ONCE_MOST", 0)
    return runner.run


@pytest.fixture
def deputy(cast, monkeypatch):
    """An author who may also work in bulk, on their own rows."""
    author = roles.ROLE_GRANTS["author"]["content"] | {"bulk_edit": "any", "restore": "own"}
    monkeypatch.setattr(roles, "ROLE_GRANTS", {**roles.ROLE_GRANTS, "author": {"content": author}})
    actors._grants.cache_clear()
    yield cast.owner
    actors._grants.cache_clear()


def how_many(model):
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def column(section, name, rows):
    db.session.rollback()
    columns = registry.get(section).table.columns
    return db.session.execute(select(columns[name]).where(columns.id.in_(rows)).order_by(columns.id)).scalars().all()


def change(section, number, **values):
    with atomic():
        writes.update(Cast.system, registry.get(section), number, values)


def to_trash(section, *rows):
    with atomic():
        for row in rows:
            trash.trash(Cast.system, registry.get(section), row)


def begin(person, section, **body):
    """The job as it stands after the call."""
    answer = person.send("POST", f"/api/{section}/bulk", body, status=202)
    job = answer.json["job"]
    assert set(job) == JOB
    assert answer.headers["Location"] == f"/api/jobs/{job['id']}"
    return person.get(answer.headers["Location"])


def counts(job):
    return {name: job[name] for name in ("total", "done", "same", "skipped", "failed")}


def tried_and_done(person, section, **body):
    """What a dry run says, which must change nothing, and the job, which must then do just that."""
    before = how_many(ChangeSet), how_many(Job)
    dry = person.post(f"/api/{section}/bulk", body | {"dry_run": True}, status=200)
    assert (how_many(ChangeSet), how_many(Job)) == before
    assert dry["dry_run"] is True
    job = begin(person, section, **body)
    assert job["state"] == "done"
    left = {one["reason"]: one["count"] for one in dry["left_out"]}
    assert (dry["total"], dry["changing"], dry["same"]) == (job["total"], job["done"], job["same"])
    assert left == {one["reason"]: one["count"] for one in job["reasons"]}
    assert sum(left.values()) == job["skipped"]
    assert job["total"] == job["done"] + job["same"] + job["skipped"]
    assert len(dry["samples"]) == min(20, dry["changing"])
    return dry, job


# What is named and what is to be done


@on_one
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "delete"}, "exactly one of ids and filter"),
        ({"set": {"title": "x"}}, "exactly one of ids and filter"),
        ({"ids": [1], "filter": {}, "action": "delete"}, "exactly one of ids and filter"),
        ({"ids": None, "filter": None, "action": "delete"}, "exactly one of ids and filter"),
        ({"ids": [1]}, "exactly one of set and action"), ({"filter": {}}, "exactly one of set and action"),
        ({"ids": [1], "set": {"title": "x"}, "action": "delete"}, "exactly one of set and action"),
        ({"dry_run": True}, "exactly one of"), ({"ids": [1], "action": "delete", "force": True}, "force"),
        ({"ids": [1], "action": "delete", "if_match": 1}, "if_match"),
    ],
)  # fmt: skip
def test_exactly_one_of_each_pair_is_said(cast, program, body, said):
    number = make("notes")
    body = body | ({"ids": [number]} if body.get("ids") else {})
    answer = program(cast.editor).send("POST", "/api/notes/bulk", body, status=400)
    assert said in answer.json["error"]
    assert (how_many(Job), column("notes", "live", [number])) == (0, [1])


@on_one
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ids", ([], None, 1, "1", {}, "all", [0], [-1], ["1"], [1.5], [True], [None], [[1]], [2**63])),
        ("ids", (list(range(1, 1_002)),)),
        ("filter", (None, [], "", "status=draft", 1, True)),
        ("action", (None, "", "purge", "edit", "Delete", "delete ", "publish", "approve", ["delete"], {}, 1, True)),
        ("set", (None, {}, [], "title", 1, [["title", "x"]])),
        ("dry_run", ("true", "", 1, 0, None, [])),
        ("reason", (None, 1, True, [], {}, "x" * 201)),
    ],
)  # fmt: skip
def test_each_part_has_its_type(cast, program, name, values):
    editor, number = program(cast.editor), make("notes")
    valid = {"ids": [number], "action": "delete"}
    drop = {"filter": "ids", "set": "action"}.get(name)
    for value in values:
        body = {key: said for key, said in valid.items() if key != drop} | {name: value}
        answer = editor.send("POST", "/api/notes/bulk", body, status=400)
        assert list(answer.json["fields"]) == [name], value
    assert (how_many(Job), column("notes", "live", [number])) == (0, [1])


@on_one
@pytest.mark.parametrize(
    "said",
    [
        {"title_key": "x"}, {"live": 1}, {"deleted_at__isnull": "true"}, {"nothing": "x"}, {"title__like": "x"},
        {"author_id.password_hash": "x"}, {"page": 1}, {"per_page": 5}, {"cursor": ""}, {"view": 7}, {"after": "x"},
        {"columns": "title"}, {"group": "title"}, {"count": "exact"}, {"find.x": "y"}, {"fields": "id"}, {"": "x"},
        {"expand": "author_id"}, {"title": ""}, {"title": None}, {"title": {}}, {"title": 1.5}, {"title": []},
        {"title": [["x"]]}, {"title": 10**400}, {"title": "a\0b"}, {"title": "a\ud800b"}, {"title__in": []},
        {"created_at__gt": "soon"}, {"author_id": "me too"}, {"author_id": 10**400}, {"pinned": "maybe"},
        {"sort": "nothing"}, {"q": "nothing:x"}, {"q": "("}, {"\ud800": "x"},
        {f"title__{'x' * 300}": "y"},
    ],
)  # fmt: skip
def test_a_filter_that_is_not_understood_chooses_nothing(cast, program, said):
    editor, number = program(cast.editor), make("notes")
    for more in ({}, {"dry_run": True}):
        answer = editor.send("POST", "/api/notes/bulk", {"filter": said, "action": "delete"} | more, status=400)
        assert all(name.startswith("filter.") for name in answer.json["fields"])
    assert (how_many(Job), column("notes", "live", [number])) == (0, [1])


@on_one
def test_words_that_no_row_has_choose_nothing(cast, program):
    editor, number = program(cast.editor), make("notes")
    for words in ("nobody", "a\0b", "a\ud800b", "\ud800", "*", "%", '"', "-", "🪶", "x" * 1_001, "-nobody nobody"):
        answer = editor.send("POST", "/api/notes/bulk", {"filter": {"q": words}, "action": "delete"})
        assert answer.status_code in (202, 400), words
    assert column("notes", "live", [number]) == [1]


@on_one
def test_words_that_say_nothing_are_not_taken_for_everything(cast, program):
    """Everything is asked for by a filter without words; an empty search box must not empty the section."""
    editor, answers = program(cast.editor), {}
    make("notes")
    for words in ("", " ", "\0", "()", "OR"):
        body = {"filter": {"q": words}, "action": "delete", "dry_run": True}
        answers[words] = editor.send("POST", "/api/notes/bulk", body).status_code
    assert answers == dict.fromkeys(answers, 400)


@on_one
def test_values_that_not_many_rows_can_have_are_refused_at_once(cast, program):
    admin, gone = program(cast.admin), make("categories")
    to_trash("categories", gone)
    cases = {
        "posts": (
            ("slug", "x"), ("id", 1), ("version", 1), ("created_at", "2020-01-01"), ("created_by", 1), ("live", None),
            ("deleted_at", None), ("title_key", "x"), ("nothing", 1), ("title", None), ("title", ""), ("title", "  "),
            ("title", 5), ("title", "x" * 151), ("title", "a\0b"), ("title", "a\ud800"), ("status", None),
            ("status", "gone"),
            ("is_pinned", None), ("is_pinned", "yes"), ("category_id", gone), ("category_id", MISSING),
            ("category_id", "1"),
            ("tag_ids", None), ("tag_ids", [MISSING]), ("tag_ids", 1), ("author_id", MISSING), ("\ud800", "x"),
            ("", "x"),
            ("published_at", "2020-01-01T00:00:00Z"),
        ),
        "users": (
            ("password", "canary words for nobody"), ("password_hash", "x"), ("email", "a@example.org"),
            ("username", "a"),
            ("age", 151), ("role_ids", [MISSING]),
        ),
        "books": (("isbn", "9780306406157"), ("isbn", None), ("author_id", None)),
    }  # fmt: skip
    for section, values in cases.items():
        number = make(section)
        for name, value in values:
            for more in ({}, {"dry_run": True}):
                body = {"ids": [number], "set": {name: value}} | more
                answer = admin.send("POST", f"/api/{section}/bulk", body, status=400)
                assert list(answer.json["fields"]) == [name], (name, value)
    assert how_many(Job) == 0


# Trying and doing


def test_a_dry_run_says_what_the_job_then_does(cast, program):
    editor, category = program(cast.editor), make("categories")
    rows = [make("posts", title=title) for title in ("Crow", "Crow", "Dove", "Egret", "Finch")]
    gone = make("posts")
    to_trash("posts", gone)
    dry, job = tried_and_done(editor, "posts", ids=[*rows, gone, MISSING, rows[0]], set={"title": "Crow"})
    assert counts(job) == {"total": 7, "done": 3, "same": 2, "skipped": 2, "failed": 0}
    assert job["reasons"] == [{"outcome": "skipped", "reason": GONE, "count": 2}]
    assert {sample["id"] for sample in dry["samples"]} == set(rows[2:])
    assert dry["samples"][0]["changes"] == {"title": ["Dove", "Crow"]}
    assert column("posts", "title", rows) == ["Crow"] * 5
    change("posts", rows[0], title="Rook")
    _dry, job = tried_and_done(
        editor, "posts", filter={"title": "Crow"}, set={"category_id": category, "status": "review"}
    )
    assert (job["done"], job["total"]) == (4, 4)
    assert column("posts", "category_id", rows) == [None, *[category] * 4]
    _dry, job = tried_and_done(editor, "posts", filter={"category_id__isnull": "false"}, set={"category_id": None})
    assert job["done"] == 4
    tags = sorted([make("tags"), make("tags")])
    _dry, job = tried_and_done(editor, "posts", filter={"q": "rook"}, set={"tag_ids": tags})
    assert editor.get(f"/api/posts/{rows[0]}")["tag_ids"] == tags
    tried_and_done(editor, "posts", filter={}, set={"tag_ids": [], "is_pinned": True})
    assert {(tuple(row["tag_ids"]), row["is_pinned"]) for row in editor.get("/api/posts")["posts"]} == {((), True)}
    _dry, job = tried_and_done(editor, "posts", filter={"title": "nobody"}, action="delete")
    assert counts(job) == {"total": 0, "done": 0, "same": 0, "skipped": 0, "failed": 0}


@pytest.mark.parametrize("section", ["notes", "posts", "comments", "questions", "books"])
def test_every_action_does_what_it_is_called(cast, program, section):
    editor, rows = program(cast.editor), [make(section) for _ in range(4)]
    moves = MOVES.get(section, {})
    for action, status in moves.items():
        _dry, job = tried_and_done(editor, section, ids=rows, action=action)
        assert (job["done"], set(column(section, "status", rows))) == (4, {status})
        _dry, job = tried_and_done(editor, section, filter={}, action=action)
        assert (job["done"], job["same"]) == (0, 4)
    if section == "posts":
        assert None not in column("posts", "published_at", rows)
    pins = ("pin", "unpin") if section in PINNED else ()
    for action in pins:
        _dry, job = tried_and_done(editor, section, ids=rows[:2], action=action)
        assert job["done"] == 2
        assert editor.get(f"/api/{section}?pinned=only")["total"] == (2 if action == "pin" else 0)
    _dry, job = tried_and_done(editor, section, ids=rows[:3], action="delete")
    assert (job["done"], column(section, "live", rows)) == (3, [None, None, None, 1])
    _dry, job = tried_and_done(editor, section, ids=rows, action="restore")
    assert (job["done"], job["skipped"], column(section, "live", rows)) == (3, 1, [1] * 4)
    tried_and_done(editor, section, filter={}, action="delete")
    _dry, job = tried_and_done(editor, section, filter={}, action="restore")
    assert (job["done"], column(section, "live", rows)) == (4, [1] * 4)
    for action in sorted(set(ACTIONS) - {"delete", "restore", *moves, *pins}):
        answer = editor.send("POST", f"/api/{section}/bulk", {"ids": rows, "action": action}, status=400)
        assert list(answer.json["fields"]) == ["action"]


def test_a_filter_of_nothing_touches_what_one_may_change_and_counts_the_rest(cast, program, deputy):
    mine, published = [make("posts", deputy) for _ in range(3)], make("posts", deputy)
    change("posts", published, status="published")
    theirs = [make("posts", cast.colleague) for _ in range(2)]
    person = program(deputy)
    _dry, job = tried_and_done(person, "posts", filter={}, set={"title": "Mine"})
    assert counts(job) == {"total": 6, "done": 3, "same": 0, "skipped": 3, "failed": 0}
    assert {one["reason"]: one["count"] for one in job["reasons"]} == {
        "You may do this only to your own posts.": 2,
        "This is possible only while it is draft or review.": 1,
    }
    assert column("posts", "title", mine) == ["Mine"] * 3
    assert "Mine" not in column("posts", "title", [published, *theirs])
    refused = person.post("/api/posts/bulk", {"filter": {}, "action": "publish"}, status=403)
    assert "posts.publish" in refused["error"]
    assert column("posts", "status", mine) == ["draft"] * 3
    _dry, job = tried_and_done(person, "posts", filter={}, action="delete")
    assert (job["done"], job["skipped"]) == (4, 2)
    _dry, job = tried_and_done(person, "posts", ids=[*mine, *theirs], action="restore")
    assert (job["done"], job["skipped"]) == (3, 2)


@on_one
def test_more_rows_than_are_tried_are_counted(cast, program, deputy, monkeypatch):
    monkeypatch.setattr(bulk, "TRIED", 2)
    [make("posts", deputy, title=title) for title in ("Mine", "Other", "Other", "Mine")]
    [make("posts", cast.colleague) for _ in range(3)]
    body = {"filter": {}, "set": {"title": "Mine"}}
    dry = program(deputy).post("/api/posts/bulk", body | {"dry_run": True}, status=200)
    job = begin(program(deputy), "posts", **body)
    assert dry["is_exact"] is False
    assert (dry["total"], dry["changing"], dry["same"]) == (job["total"], job["done"], job["same"]) == (7, 2, 2)
    assert sum(one["count"] for one in dry["left_out"]) == job["skipped"] == 3


@on_one
def test_of_more_ids_than_are_tried_those_that_are_gone_are_counted_too(cast, program, monkeypatch):
    monkeypatch.setattr(bulk, "TRIED", 2)
    body = {"ids": [*(make("notes") for _ in range(4)), MISSING, MISSING + 1], "set": {"title": "Heron"}}
    dry = program(cast.editor).post("/api/notes/bulk", body | {"dry_run": True}, status=200)
    job = begin(program(cast.editor), "notes", **body)
    assert (dry["total"], dry["changing"]) == (job["total"], job["done"]) == (6, 4)
    assert sum(one["count"] for one in dry["left_out"]) == job["skipped"] == 2


@on_one
def test_ids_that_are_hidden_trashed_or_missing_are_skipped_alike(cast, program):
    gone, live = make("notes", title="Secret of the trash"), make("notes")
    to_trash("notes", gone)
    editor = program(cast.editor)
    said = [begin(editor, "notes", ids=[number], action="delete") for number in (gone, MISSING, 2**63 - 1)]
    assert {tuple(counts(job).values()) for job in said} == {(1, 0, 0, 1, 0)}
    assert {job["reasons"][0]["reason"] for job in said} == {GONE}
    restored = [begin(editor, "notes", ids=[number], action="restore") for number in (live, MISSING)]
    assert len({job["reasons"][0]["reason"] for job in restored}) == 1
    for number in (gone, MISSING):
        dry = editor.send(
            "POST", "/api/notes/bulk", {"ids": [number], "set": {"title": "x"}, "dry_run": True}, status=200
        )
        assert dry.json["left_out"] == [{"reason": GONE, "count": 1}]
        assert "Secret" not in dry.text


@on_one
def test_a_thousand_ids_are_a_job(cast, program, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 500)
    number = make("notes")
    job = begin(program(cast.editor), "notes", ids=[number, *range(MISSING, MISSING + 999)], action="delete")
    assert (job["total"], job["state"]) == (1_000, "queued")
    runner.run(job["id"])
    job = program(cast.editor).get(f"/api/jobs/{job['id']}")
    assert counts(job) == {"total": 1_000, "done": 1, "same": 0, "skipped": 999, "failed": 0}


def test_a_row_that_cannot_take_its_value_keeps_none_of_the_others(cast, program):
    editor = program(cast.editor)
    rows = [make("categories", name=name) for name in ("Birds", "Fish", "Frogs")]
    to_trash("categories", *rows)
    make("categories", name="FISH", slug="other")
    _dry, job = tried_and_done(editor, "categories", ids=rows, action="restore")
    assert (job["done"], job["skipped"]) == (2, 1)
    assert "Fish" in job["reasons"][0]["reason"]
    assert column("categories", "live", rows) == [1, None, 1]


def test_everybody_but_the_last_administrator_can_be_trashed(cast, program):
    admin, others = program(cast.admin), [cast.viewer.id, cast.editor.id, make_user("second", "admin").id]
    change("users", others[2], is_active=False)
    _dry, job = tried_and_done(admin, "users", filter={}, action="delete")
    assert (job["done"], job["skipped"]) == (3, 1)
    assert "last active administrator" in job["reasons"][0]["reason"]
    for sent in ({"is_active": False}, {"role_ids": []}, {"role_ids": [role_id("viewer")]}):
        assert begin(admin, "users", ids=[cast.admin.id], set=sent)["skipped"] == 1
    assert admin.get(f"/api/users/{cast.admin.id}")["is_active"] is True


@on_one
def test_the_reason_stands_in_the_history_of_each_row(cast, program):
    editor, number = program(cast.editor), make("notes")
    job = begin(editor, "notes", ids=[number], set={"title": "Heron"}, reason="Spring cleaning")
    entry = editor.get(f"/api/notes/{number}/history")["history"][0]
    assert entry["reason"] == job["reason"]
    assert entry["reason"] == "Spring cleaning"
    for wrong in ("Spring \ud800", "\0", 7, "x" * 201):
        body = {"ids": [number], "set": {"title": "Crane"}, "reason": wrong}
        assert set(editor.post("/api/notes/bulk", body, status=400)["fields"]) == {"reason"}
    assert (entry["source"], entry["change_set"]) == ("api", job["change_set"])
    assert entry["actor"]["id"] == cast.editor.id


@on_one
def test_what_came_after_the_call_is_not_among_its_rows(cast, program, later):
    editor, old = program(cast.editor), [make("notes"), make("notes")]
    job = begin(editor, "notes", filter={}, action="delete")
    new = make("notes")
    assert (job["state"], job["done"]) == ("queued", 0)
    later(job["id"])
    assert column("notes", "live", [*old, new]) == [None, None, 1]
    assert editor.get(f"/api/jobs/{job['id']}")["state"] == "done"


@on_one
def test_words_that_a_bulk_deed_or_an_undo_does_not_know_are_named(cast, program):
    editor, number = program(cast.editor), make("notes")
    wrong = editor.post("/api/notes/bulk", {"filter": {"nonsense": 7}, "set": {"title": "x"}}, status=400)
    assert wrong["fields"] == {"filter.nonsense": ["There is no parameter “nonsense”."]}
    job = begin(editor, "notes", ids=[number], set={"title": "x"})
    wrong = editor.post(f"/api/jobs/{job['id']}/undo", {"rows": [1]}, status=400)
    assert set(wrong["fields"]) == {"rows"}
    editor.post(f"/api/jobs/{job['id']}/undo", {}, status=202)


# By which right


@on_one
@pytest.mark.parametrize(
    ("action", "right"),
    [("delete", "delete"), ("restore", "restore"), ("publish", "publish"), ("publish", "update"), ("pin", "pin"),
     ("unpin", "update"), (None, "update"), ("delete", "bulk_edit")],
)  # fmt: skip
def test_a_bulk_deed_that_may_be_done_to_no_row_is_refused(cast, program, action, right):
    number = make("posts", status="draft")
    what = {"action": action} if action else {"set": {"title": "x"}}
    rights = ("read", "bulk_edit", "update", "delete", "restore", "publish", "pin")
    narrow = program(cast.editor, *(f"posts.{one}" for one in rights if one != right))
    for dry in (True, False):
        answer = narrow.post("/api/posts/bulk", {"ids": [number], "dry_run": dry} | what, status=403)
        assert answer["error"] == f"The token lacks the scope posts.{right}."
    assert how_many(Job) == 0


@pytest.mark.parametrize(
    ("section", "scopes", "body", "field", "stays"),
    [
        ("posts", ("read", "update"), {"action": "publish"}, "status", "draft"),
        ("posts", ("read", "update"), {"set": {"status": "archived"}}, "status", "draft"),
        ("posts", ("read", "update", "moderate"), {"action": "publish"}, "status", "draft"),
        ("comments", ("read", "update", "publish"), {"action": "approve"}, "status", "pending"),
        ("questions", ("read", "update"), {"action": "hide"}, "status", "pending"),
        ("posts", ("read", "publish"), {"action": "publish"}, "status", "draft"),
        ("posts", ("read",), {"set": {"title": "x"}}, "version", 1),
        ("posts", ("read", "update"), {"action": "delete"}, "live", 1),
        ("posts", ("update", "delete"), {"action": "delete"}, "live", 1),
    ],
)  # fmt: skip
def test_a_job_may_no_more_than_the_token_that_began_it(cast, program, later, section, scopes, body, field, stays):
    rows = [make(section) for _ in range(4)]
    narrow = program(cast.editor, *(f"{section}.{scope}" for scope in (*scopes, "bulk_edit")))
    answer = narrow.send("POST", f"/api/{section}/bulk", body | {"ids": rows})
    if answer.status_code == 202:
        later(answer.json["job"]["id"])
        job = program(cast.editor).get(f"/api/jobs/{answer.json['job']['id']}")
        assert (job["done"], job["skipped"]) == (0, 4)
    else:
        assert answer.status_code in (403, 404)
    assert column(section, field, rows) == [stays] * 4
    job = begin(program(cast.editor), section, **body, ids=rows)
    later(job["id"])
    assert stays not in column(section, field, rows)


@on_one
def test_a_token_without_the_right_to_pin_pins_nothing_in_bulk(cast, program):
    narrow, rows = program(cast.editor, "notes.read", "notes.update", "notes.bulk_edit"), [make("notes"), make("notes")]
    answers = {}
    for said in ({"action": "pin"}, {"set": {"is_pinned": True}}):
        answers[str(said)] = narrow.send("POST", "/api/notes/bulk", said | {"ids": rows}).status_code
    assert program(cast.editor).get("/api/notes?pinned=only")["total"] == 0
    # Who may read this but not do it is told so; the value itself is a good one.
    assert answers == dict.fromkeys(answers, 403)


@on_one
def test_a_token_without_the_scope_for_many_rows_begins_nothing(cast, program):
    most = [scope for scope in tokens.known_scopes() if scope != "notes.bulk_edit"]
    narrow, number = program(cast.editor, *most), make("notes")
    for more in ({}, {"dry_run": True}):
        narrow.post("/api/notes/bulk", {"ids": [number], "action": "delete"} | more, status=403)
        narrow.post("/api/notes/bulk", {"filter": {}, "set": {"title": "x"}} | more, status=403)
    assert how_many(Job) == 0


@pytest.mark.parametrize("how", ["revoked", "expired", "disabled", "trashed", "demoted"])
def test_what_ends_before_a_worker_takes_the_job_up_ends_the_job(app, cast, later, how):
    with atomic():
        number, secret = tokens.create(cast.editor.id, "tests", expires_at=clock.now() + timedelta(hours=1))
    rows, start = [make("notes") for _ in range(4)], clock.now()
    job = begin(Program(app, secret), "notes", ids=rows, action="delete")
    assert job["state"] == "queued"
    if how == "revoked":
        with atomic():
            tokens.revoke(cast.editor, number)
    elif how == "disabled":
        change("users", cast.editor.id, is_active=False)
    elif how == "trashed":
        to_trash("users", cast.editor.id)
    elif how == "demoted":
        change("users", cast.editor.id, role_ids=[role_id("viewer")])
    with time_machine.travel(start + timedelta(hours=2 if how == "expired" else 0), tick=False):
        later(job["id"])
    ended = Program.of(app, cast.admin).get(f"/api/jobs/{job['id']}")
    assert (ended["state"], ended["done"]) == ("stopped", 0)
    assert ended["message"]
    assert column("notes", "live", rows) == [1] * 4


def test_a_token_that_is_revoked_on_the_way_stops_the_job_between_two_chunks(app, cast, later, monkeypatch):
    with atomic():
        number, secret = tokens.create(cast.editor.id, "tests")
    rows = [make("notes") for _ in range(7)]
    job = begin(Program(app, secret), "notes", ids=rows, action="delete")

    def reached(step):
        if step == "committed":
            monkeypatch.setattr(runner, "reached", runner.no_fault)
            with atomic():
                tokens.revoke(cast.editor, number)

    monkeypatch.setattr(runner, "reached", reached)
    later(job["id"])
    ended = Program.of(app, cast.admin).get(f"/api/jobs/{job['id']}")
    assert (ended["state"], ended["done"]) == ("stopped", 3)
    assert column("notes", "live", rows) == [None] * 3 + [1] * 4


@on_one
def test_a_new_token_does_not_revive_the_job_of_an_old_one(app, cast, program, later):
    with atomic():
        number, secret = tokens.create(cast.editor.id, "tests")
    rows = [make("notes")]
    job = begin(Program(app, secret), "notes", ids=rows, action="delete")
    with atomic():
        tokens.revoke(cast.editor, number)
    program(cast.editor)
    later(job["id"])
    assert column("notes", "live", rows) == [1]


# Jobs, and taking them back


def test_jobs_of_others_are_as_if_they_were_not_there(app, cast, program):
    rows = [make("notes") for _ in range(2)]
    job = begin(program(cast.editor), "notes", ids=rows, action="delete")
    path = f"/api/jobs/{job['id']}"
    others = (program(cast.viewer), program(cast.owner), program(cast.stranger), program(cast.admin, "notes.read"))
    for person in others:
        for method, address in (("GET", path), ("POST", f"{path}/undo")):
            there = person.send(method, address, status=404)
            missing = person.send(method, address.replace(str(job["id"]), str(MISSING)), status=404)
            assert there.json["error"] == missing.json["error"] == "Resource not found"
    for method, address in (("GET", path), ("POST", f"{path}/undo")):
        Program(app).send(method, address, status=401)
    assert (how_many(Job), column("notes", "live", rows)) == (1, [None, None])
    assert program(cast.admin).get(path) == program(cast.admin, "site.jobs").get(path) == program(cast.editor).get(path)


def test_undo_takes_a_job_back_once(cast, program):
    editor, rows = program(cast.editor), [make("posts", title=f"Bird {place}") for place in range(5)]
    before = [editor.get(f"/api/posts/{row}") for row in rows]
    job = begin(editor, "posts", filter={}, set={"title": "Heron", "status": "review", "is_pinned": True})
    answer = editor.send("POST", f"/api/jobs/{job['id']}/undo", status=202)
    undone = editor.get(answer.headers["Location"])
    assert set(undone) == JOB
    assert (undone["kind"], undone["state"], undone["undoes"]) == ("undo", "done", job["change_set"])
    assert undone["skipped"] == undone["failed"] == 0
    after = [editor.get(f"/api/posts/{row}") for row in rows]
    kept = set(before[0]) - {"version", "updated_at"}
    assert [{name: row[name] for name in kept} for row in after] == [
        {name: row[name] for name in kept} for row in before
    ]
    for _ in range(2):
        refused = editor.send("POST", f"/api/jobs/{job['id']}/undo", status=409)
        assert refused.json["code"] == "conflict"
    assert how_many(Job) == 2
    editor.post(f"/api/jobs/{undone['id']}/undo", status=202)
    assert column("posts", "title", rows) == ["Heron"] * 5
    editor.post(f"/api/jobs/{job['id']}/undo", status=202)
    assert column("posts", "title", rows) == [row["title"] for row in before]


@on_one
def test_a_token_begins_no_undo_without_a_right_that_takes_something_back(cast, program):
    row = make("notes", title="Old")
    editor = program(cast.editor)
    job = editor.post("/api/notes/bulk", {"ids": [row], "set": {"title": "New"}}, status=202)["job"]
    reader = program(cast.editor, "notes.read")
    refused = reader.send("POST", f"/api/jobs/{job['id']}/undo", status=403).json
    assert "notes.update" in refused["error"]
    assert reader.get(f"/api/jobs/{job['id']}")["state"] == "done"
    writer = program(cast.editor, "notes.read", "notes.update")
    writer.post(f"/api/jobs/{job['id']}/undo", status=202)
    assert editor.get(f"/api/notes/{row}")["title"] == "Old"


@on_one
def test_a_token_sees_no_job_of_a_section_beyond_its_scopes(cast, program):
    editor = program(cast.editor)
    job = editor.post("/api/notes/bulk", {"ids": [make("notes")], "set": {"title": "New"}}, status=202)["job"]
    undone = editor.post(f"/api/jobs/{job['id']}/undo", status=202)["job"]
    other = program(cast.editor, "posts.read", "posts.update")
    for number in (job["id"], undone["id"]):
        other.send("GET", f"/api/jobs/{number}", status=404)
        other.send("POST", f"/api/jobs/{number}/undo", status=404)
        assert program(cast.editor, "notes.read").get(f"/api/jobs/{number}")["id"] == number
    admin = program(cast.admin, "site.jobs", "posts.read")
    assert admin.get(f"/api/jobs/{job['id']}")["id"] == job["id"]
    admin.send("POST", f"/api/jobs/{job['id']}/undo", status=404)


def test_undo_leaves_what_somebody_changed_since(cast, program):
    editor, rows = program(cast.editor), [make("notes", title="Old") for _ in range(3)]
    job = begin(editor, "notes", ids=rows, set={"title": "New"})
    editor.patch(f"/api/notes/{rows[1]}", {"title": "Changed since"})
    undone = editor.post(f"/api/jobs/{job['id']}/undo", status=202)["job"]
    undone = editor.get(f"/api/jobs/{undone['id']}")
    assert column("notes", "title", rows) == ["Old", "Changed since", "Old"]
    assert undone["done"] == 2
    assert [one["outcome"] for one in undone["reasons"]] == ["conflict"]


@on_one
def test_there_is_nothing_to_undo_of_what_has_changed_nothing(cast, program, later):
    editor, number = program(cast.editor), make("notes", title="Heron")
    queued = begin(editor, "notes", ids=[number], action="delete")
    editor.post(f"/api/jobs/{queued['id']}/undo", status=409)
    same = begin(editor, "notes", ids=[number], set={"title": "Heron"})
    later(same["id"])
    editor.post(f"/api/jobs/{same['id']}/undo", status=409)
    assert how_many(Job) == 2


@on_one
def test_who_undoes_needs_the_right_for_each_row(cast, program):
    rows = [make("notes", title="Old") for _ in range(2)]
    job = begin(program(cast.editor), "notes", ids=rows, set={"title": "New"})
    narrow = program(cast.editor, "notes.read", "notes.bulk_edit")
    answer = narrow.send("POST", f"/api/jobs/{job['id']}/undo")
    assert answer.status_code in (202, 403)
    assert column("notes", "title", rows) == ["New"] * 2


@on_one
def test_an_undo_takes_no_words_and_no_parameters(cast, program):
    editor = program(cast.editor)
    job = begin(editor, "notes", ids=[make("notes")], action="delete")
    path = f"/api/jobs/{job['id']}"
    editor.post(f"{path}/undo?force=1", status=400)
    editor.post(f"{path}/undo", [1], status=400)
    editor.get(f"{path}?x=1", status=400)
    editor.post(f"{path}/undo", {}, status=202)


def test_the_verbs_of_a_section_are_those_of_the_api(monkeypatch):
    section = registry.get("posts")
    workflow = replace(section.workflow, moves={"announce": "published", "archive": "archived"})
    assert deeds.actions_of(replace(section, workflow=workflow)) == [
        "delete", "restore", "archive", "pin", "unpin", "announce",
    ]  # fmt: skip
