"""Single objects, their fields, relations and history, search, and who gets to see which of them."""

import json
import random

import pytest
from sqlalchemy import select, update

from admin_site.accounts import actor as actors
from admin_site.accounts import roles
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.records import reads, trash, writes
from admin_site.web.api import history
from tests.api_client import Program
from tests.cast import Cast, make_user, role_id
from tests.factories import make

CONTENT = (
    "notes", "posts", "categories", "tags", "comments", "questions", "answers", "books", "authors", "students",
)  # fmt: skip
SECTIONS = (*CONTENT, "users")
# What never gets as far as the database, or is the same statement on all: one is enough.
on_one = pytest.mark.databases("sqlite")
ERROR = {"error", "code", "request_id"}
NOT_FOUND = {"error": "Resource not found", "code": "not_found"}


def trashed(name, number):
    with atomic():
        trash.trash(Cast.system, registry.get(name), number)


def changed(actor, name, number, /, **values):
    with atomic():
        writes.update(actor, registry.get(name), number, values, source="api")


def without_reference(answer):
    return {name: value for name, value in answer.items() if name != "request_id"}


def refused(program, path, args, *names):
    """400 that names exactly these words."""
    answer = program.get(path, query_string=args, status=400)
    assert set(answer) == ERROR | {"fields"}
    assert answer["code"] == "bad_request"
    assert set(answer["fields"]) == set(names), (path, args, answer)
    return answer


@pytest.fixture
def only_own(monkeypatch):
    """Authors who read only what is theirs: the rows of others are hidden."""
    author = roles.ROLE_GRANTS["author"]["content"] | {"read": "own"}
    monkeypatch.setattr(roles, "ROLE_GRANTS", {**roles.ROLE_GRANTS, "author": {"content": author}})
    actors._grants.cache_clear()
    yield
    actors._grants.cache_clear()


# One object


def test_an_object_is_its_row_of_the_list_with_its_version_as_tag(cast, program):
    admin = program(cast.admin)
    for name in SECTIONS:
        number = make(name)
        response = admin.send("GET", f"/api/{name}/{number}", status=200)
        listed = admin.get(f"/api/{name}?id={number}")[name]
        assert listed == [response.json]
        assert response.headers["ETag"] == '"1"'
        assert response.json["version"] == 1
    changed(cast.editor, "notes", (note := make("notes")), title="Another")
    response = admin.send("GET", f"/api/notes/{note}", status=200)
    assert (response.headers["ETag"], response.json["version"]) == ('"2"', 2)


def test_moments_are_utc_to_the_microsecond(cast, program):
    with clock.set_to(clock.now().replace(microsecond=120)):
        number = make("notes")
        expected = clock.isoformat(clock.now())
    answer = program(cast.viewer).get(f"/api/notes/{number}")
    assert answer["created_at"] == answer["updated_at"] == expected
    assert expected.endswith(".000120Z")


@pytest.mark.parametrize("call", ["", "/history"])
def test_missing_hidden_and_trashed_are_told_apart_by_nobody(cast, program, only_own, call):
    gone, hidden, mine = make("notes", cast.owner), make("notes", cast.colleague), make("notes", cast.owner)
    trashed("notes", gone)
    owner, editor = program(cast.owner), program(cast.editor)
    assert owner.get(f"/api/notes/{mine}{call}")
    assert editor.get(f"/api/notes/{hidden}{call}")
    for number in (
        gone,
        hidden,
        0,
        777_777,
        2**31,
        2**63 - 1,
        2**63,
        2**64,
        "9" * 400,
        "9" * 5000,
        "-1",
        "x",
        "1.0",
        "%00",
    ):
        answer = owner.get(f"/api/notes/{number}{call}", status=404)
        assert without_reference(answer) == NOT_FOUND, number
    # A section that one may not read is as one that is not there, and so are its rows.
    for path in (f"users/{cast.admin.id}", "users/777777", "users", "nosuch/1", "nosuch", "users/search?q=a"):
        answer = editor.get(f"/api/{path}" if call == "" else f"/api/{path.partition('?')[0]}{call}", status=404)
        assert without_reference(answer) == NOT_FOUND, path


@on_one
def test_what_is_wrong_with_a_question_is_not_told_about_a_hidden_section(cast, program):
    """Neither a wrong parameter nor a wrong method tells that users are there."""
    editor = program(cast.editor)
    for path in ("users?nosuch=1", "users?per_page=0", "users/1?fields=nosuch", "users/1/history?per_page=0",
                 "users/search", "users?cursor=x"):  # fmt: skip
        assert without_reference(editor.get(f"/api/{path}", status=404)) == NOT_FOUND, path


@on_one
def test_references_differ_and_errors_are_json_for_every_method(cast, program):
    viewer, note = program(cast.viewer), make("notes")
    seen = {viewer.get("/api/notes/777777", status=404)["request_id"] for _ in range(5)}
    assert len(seen) == 5
    for method, path, status in (
        ("POST", f"/api/notes/{note}", 405), ("DELETE", "/api/notes", 405), ("PUT", "/api/notes", 405),
        ("POST", f"/api/notes/{note}/history", 405), ("POST", "/api/search", 405), ("GET", "/api/nosuch", 404),
        ("GET", "/api/notes/", 404), ("GET", "/api/", 404), ("GET", f"/api/notes/{note}/", 404),
    ):  # fmt: skip
        response = viewer.send(method, path, status=status)
        assert set(response.json) == ERROR
        assert (status == 405) == ("Allow" in response.headers)


# fields= and expand=


@on_one
def test_fields_are_those_that_were_asked_for_and_the_number(cast, program):
    viewer, number = program(cast.viewer), make("posts", tag_ids=[make("tags")], is_pinned=True)
    whole = viewer.get(f"/api/posts/{number}")
    dice = random.Random(2)
    for _ in range(6):
        names = dice.sample(list(whole), dice.randint(1, 5))
        expected = {name: whole[name] for name in whole if name in names or name == "id"}
        assert viewer.get(f"/api/posts/{number}?fields={','.join(names)}") == expected
        assert viewer.get(f"/api/posts?fields={','.join(names)}")["posts"] == [expected]
        assert viewer.get(f"/api/posts/search?q=post&fields={','.join(names)}")["posts"] == [expected]
    # Blanks and what is said twice; nothing is everything. The tag is there without its field.
    assert viewer.get(f"/api/posts/{number}?fields= title ,title,") == {"id": number, "title": whole["title"]}
    assert viewer.get(f"/api/posts/{number}?fields=") == whole
    assert viewer.send("GET", f"/api/posts/{number}?fields=title").headers["ETag"] == '"1"'


@on_one
def test_a_field_or_relation_that_is_none_is_refused(cast, program):
    admin, person, post = program(cast.admin), cast.viewer.id, make("posts")
    told = set()
    for word in ("nosuch", "password", "password_hash", "live", "deleted_at", "name_key", "created_by.email"):
        for path in (f"/api/users/{person}", "/api/users", "/api/users/search?q=viewer"):
            for parameter in ("fields", "expand"):
                q = {"q": "viewer"} if "search" in path else {}
                answer = refused(admin, path.partition("?")[0], q | {parameter: f"id,{word}"} if parameter == "fields"
                                 else q | {parameter: word}, parameter)  # fmt: skip
                told.add((parameter, answer["error"].replace(f"“{word}”", "W")))
    assert told == {("fields", "There is no field W."), ("expand", "There is no relation W.")}
    for word in ("title", "id", "status", "author", "author_id.role_ids", "is_pinned"):
        refused(admin, f"/api/posts/{post}", {"expand": word}, "expand")
    # What is expanded is there.
    refused(admin, f"/api/posts/{post}", {"fields": "title", "expand": "author_id"}, "expand")
    assert set(admin.get(f"/api/posts/{post}?fields=author_id&expand=author_id")) == {"id", "author_id", "author"}


def test_a_relation_comes_whole_only_for_whoever_may_read_it(cast, program):
    category, tags = make("categories", name="Rivers"), [make("tags", name="One"), make("tags", name="Two")]
    number = make("posts", category_id=category, tag_ids=tags, author_id=cast.owner.id)
    title_only = {"id": cast.owner.id, "title": cast.owner.name}
    for who in ("viewer", "owner", "editor"):
        reader = program(cast.named(who))
        path = f"/api/posts/{number}?expand=author_id,category_id,tag_ids,created_by"
        answer = reader.get(path)
        assert answer["author"] == title_only
        assert answer["author_id"] == cast.owner.id
        assert answer["category"] == reader.get(f"/api/categories/{category}") | {"title": "Rivers"}
        assert answer["tags"] == [
            reader.get(f"/api/tags/{n}") | {"title": t} for n, t in zip(tags, ("One", "Two"), strict=True)
        ]
        assert (answer["created_by"], answer["created_by_row"]) == (None, None)
        assert reader.get(f"{path.replace(f'/{number}', '')}&id={number}")["posts"] == [answer]
    admin = program(cast.admin)
    whole = admin.get(f"/api/users/{cast.owner.id}")
    shown = admin.get(f"/api/posts/{number}?expand=author_id")["author"]
    assert shown == whole | {"title": cast.owner.name}
    assert shown["email"] == cast.owner.email
    assert not [name for name in shown if "password" in name]
    # A role is no section: there is nothing of it but its name.
    answer = admin.get(f"/api/users/{cast.owner.id}?expand=role_ids")
    assert answer["roles"] == [{"id": role_id("author"), "title": "author"}]
    # A token is worth no more than its scopes.
    narrow = program(cast.admin, "posts.read")
    answer = narrow.get(f"/api/posts/{number}?expand=author_id,category_id,tag_ids")
    assert answer["author"] == title_only
    assert answer["category"] == {"id": category, "title": "Rivers"}
    assert answer["tags"] == [{"id": tags[0], "title": "One"}, {"id": tags[1], "title": "Two"}]


@on_one
def test_nothing_secret_is_in_any_answer(cast, program):
    """Whatever is expanded, found or told of history: no hash, and no field of that name."""
    admin = program(cast.admin)
    table = registry.get("users").table
    changed(cast.admin, "users", cast.owner.id, password="another four words for it")
    secrets = [one for one in db.session.execute(select(table.columns.password_hash)).scalars() if one]
    assert secrets
    note = make("notes", cast.owner, author_id=cast.owner.id)
    for path in (
        "/api/users?expand=created_by,role_ids&per_page=100", f"/api/users/{cast.owner.id}",
        f"/api/users/{cast.owner.id}/history", f"/api/notes/{note}?expand=author_id,created_by",
        "/api/notes?expand=author_id", "/api/users/search?q=owner&expand=created_by", "/api/search?q=owner",
    ):  # fmt: skip
        said = admin.send("GET", path, status=200).text
        assert cast.owner.name in said, path
        assert not [secret for secret in secrets if secret in said], path
        assert "$2b$" not in said
        assert "password_hash" not in said
        assert ('"password"' in said) == ("history" in path), path


def test_a_related_row_in_the_trash_has_its_title_alone(cast, program):
    category = make("categories", name="Rivers")
    post = make("posts", category_id=category, author_id=cast.colleague.id)
    trashed("categories", category)
    trashed("users", cast.colleague.id)
    answer = program(cast.admin).get(f"/api/posts/{post}?expand=category_id,author_id")
    assert answer["category_id"] == category
    assert answer["category"] == {"id": category, "title": "Rivers"}
    assert answer["author"] == {"id": cast.colleague.id, "title": cast.colleague.name}


@on_one
def test_a_related_row_that_is_hidden_has_its_title_alone(cast, program, only_own):
    """Comments that everybody may read, under posts of which one sees one's own."""
    one, other = make("posts", cast.owner, title="Mine"), make("posts", cast.colleague, title="Theirs")
    mine, theirs = make("comments", cast.owner, post_id=one), make("comments", cast.owner, post_id=one)
    with atomic():
        table = registry.get("comments").table
        db.session.execute(update(table).where(table.columns.id == theirs).values(post_id=other))
    owner = program(cast.owner)
    rows = owner.get("/api/comments?expand=post_id&sort=id")["comments"]
    assert [row["id"] for row in rows] == [mine, theirs]
    assert rows[0]["post"] == owner.get(f"/api/posts/{one}") | {"title": "Mine"}
    assert rows[1]["post"] == {"id": other, "title": "Theirs"}
    # Nor can one look through the relation at what one may not read.
    assert [row["id"] for row in owner.get("/api/comments?post_id.status=draft")["comments"]] == [mine]


@on_one
def test_expanding_costs_no_statement_for_each_row(cast, program, statements):
    viewer, counts = program(cast.viewer), []
    path = "/api/posts?expand=author_id,category_id,tag_ids&per_page=100"
    for many in (1, 7):
        for _ in range(many):
            make("posts", category_id=make("categories"), tag_ids=[make("tags")], author_id=cast.owner.id)
        viewer.get(path)
        with statements() as made:
            viewer.get(path)
        counts.append(len(made))
    assert counts[0] == counts[1] < 20


@on_one
def test_parameters_that_are_none_are_refused_everywhere(cast, program):
    admin, note = program(cast.admin), make("notes")
    for path in (f"/api/notes/{note}", f"/api/notes/{note}/history", "/api/notes/search?q=note", "/api/search?q=note"):
        base, _, q = path.partition("?")
        for word in ("nosuch", "password_hash", "live", "columns", "view", "after", "group", "count", "find.x", "b.0",
                     "author_id.password_hash", "sort", "title", "cursor.x", ""):  # fmt: skip
            if (word, base) == ("pinned", "/api/notes/search"):
                continue
            args = {word: "1"} | ({"q": "note"} if q else {})
            answer = refused(admin, base, args, word)
            assert answer["error"] == f"There is no parameter “{word}”."


# History


def test_history_tells_newest_first_what_changed_and_by_whom(cast, program):
    first, second = make("categories", name="Rivers"), make("categories", name="Sand")
    tags = [make("tags", name="One"), make("tags", name="Two")]
    number = make("posts", cast.owner, title="Before", category_id=first, tag_ids=[tags[0]])
    changed(cast.editor, "posts", number, title="After", category_id=second, tag_ids=tags)
    with clock.set_to(clock.now()):
        changed(cast.editor, "posts", number, status="published", category_id=None, is_pinned=True)
    changed(Cast.system, "posts", number, author_id=cast.colleague.id)
    changed(cast.editor, "categories", second, name="Silt")
    answer = program(cast.viewer).get(f"/api/posts/{number}/history")
    assert set(answer) == {"history", "next_cursor"}
    assert answer["next_cursor"] is None
    system, third, change, made = answer["history"]
    for entry in answer["history"]:
        assert {"at", "actor", "action", "change_set", "changes"} <= set(entry)
        assert entry["at"].endswith("Z")
    assert [entry["action"] for entry in answer["history"]] == ["update", "update", "update", "create"]
    assert [entry["version"] for entry in answer["history"]] == [4, 3, 2, 1]
    assert system["actor"] is None
    assert system["changes"] == {
        "author_id": [{"id": cast.owner.id, "title": "Owner"}, {"id": cast.colleague.id, "title": "Colleague"}]
    }
    assert change["actor"] == {"id": cast.editor.id, "name": cast.editor.name}
    # Titles as they were then.
    rivers, sand = {"id": first, "title": "Rivers"}, {"id": second, "title": "Sand"}
    one, two = ({"id": number, "title": name} for number, name in zip(tags, ("One", "Two"), strict=True))
    slug = change["changes"].pop("slug", None)
    assert slug is None or slug == ["before", "after"]
    assert change["changes"] == {
        "title": ["Before", "After"],
        "category_id": [rivers, sand],
        "tag_ids": [[one], [one, two]],
    }
    assert third["changes"]["category_id"] == [sand, None]
    assert third["changes"]["status"] == ["draft", "published"]
    assert third["changes"]["is_pinned"] == [False, True]
    assert third["changes"]["published_at"] == [None, third["at"]]
    assert made["actor"]["id"] == cast.owner.id
    assert made["changes"]["title"] == [None, "Before"]
    assert made["changes"]["tag_ids"] == [[], [one]]
    sets = [entry["change_set"] for entry in answer["history"]]
    assert sets == sorted(set(sets), reverse=True)


@on_one
def test_a_secret_in_history_says_only_that_it_changed(cast, program):
    person = make_user("reader", "viewer")
    changed(cast.admin, "users", person.id, password="another four words for it", city="Oslo")
    # Also where it was written by a program in which it was none.
    with atomic():
        deed = writes.begin(cast.admin, "api")
        entry = log.NewEntry(
            section="users", row_id=person.id, action="update", version=3, changes={"password": ["old", "$2b$new"]}
        )
        log.record(deed.change_set_id, cast.admin.id, [entry])
    response = program(cast.admin).send("GET", f"/api/users/{person.id}/history", status=200)
    entries = response.json["history"]
    assert [entry["changes"].get("password") for entry in entries] == [[None, None]] * 3
    assert entries[1]["changes"]["city"] == [None, "Oslo"]
    assert "$2b$" not in response.text
    assert "old" not in response.text


def test_history_is_paged_by_cursor(cast, program):
    number = make("notes")
    for place in range(7):
        changed(cast.editor, "notes", number, title=f"T{place}")
    other = make("notes")
    changed(cast.editor, "notes", other, title="Of another row")
    viewer, path = program(cast.viewer), f"/api/notes/{number}/history"
    whole = viewer.get(path)["history"]
    assert len(whole) == 8
    for size in (1, 3, 4, 7, 8, 9):
        found, cursor = [], None
        while cursor is not None or not found:
            answer = viewer.get(path, query_string={"per_page": size} | ({"cursor": cursor} if cursor else {}))
            assert 0 < len(answer["history"]) <= size
            found += answer["history"]
            cursor = answer["next_cursor"]
        assert found == whole, size
    for args, word in (({"cursor": "x"}, "cursor"), ({"cursor": ""}, "cursor"), ({"cursor": "0"}, "cursor"),
                       ({"cursor": str(2**64)}, "cursor"), ({"per_page": "0"}, "per_page"),
                       ({"per_page": "101"}, "per_page"), ({"page": "1"}, "page")):  # fmt: skip
        refused(viewer, path, args, word)
    assert viewer.get(path, query_string={"cursor": "1"})["history"] == []


def test_a_page_of_long_history_ends_earlier(cast, program, monkeypatch):
    editor, note = program(cast.editor), make("notes", title="One")
    for place in range(6):
        editor.patch(f"/api/notes/{note}", {"content": f"{place}" * 1_000})
    whole = editor.get(f"/api/notes/{note}/history")
    assert (len(whole["history"]), whole["next_cursor"]) == (7, None)
    for letters, most in ((5_000, 2), (1, 1)):
        monkeypatch.setattr(history, "LETTERS_MOST", letters)
        found, cursor = [], 2**40
        while cursor is not None:
            page = editor.get(f"/api/notes/{note}/history?cursor={cursor}")
            assert 1 <= len(page["history"]) <= most + (not page["next_cursor"])
            found += page["history"]
            cursor = page["next_cursor"]
        assert found == whole["history"]


def test_history_of_a_row_that_came_back_tells_of_both(cast, program):
    editor, number = program(cast.editor), make("books")
    editor.delete(f"/api/books/{number}")
    editor.get(f"/api/books/{number}/history", status=404)
    editor.post(f"/api/books/{number}/restore", status=200)
    entries = editor.get(f"/api/books/{number}/history")["history"]
    assert [entry["action"] for entry in entries] == ["restore", "delete", "create"]
    assert [entry["changes"] for entry in entries[:2]] == [{}, {}]


# Search


@on_one
def test_search_needs_words(cast, program):
    viewer = program(cast.viewer)
    for path in ("/api/notes/search", "/api/search"):
        for args in ({}, {"q": ""}, {"q": "   "}):
            answer = viewer.get(path, query_string=args, status=400)
            assert without_reference(answer) == {"error": "Search query required", "code": "bad_request"}, (path, args)
        for q in ("!!", "(", '"', "-", "nosuch:1", "password_hash:a", "x" * 1001):
            answer = viewer.get(path, query_string={"q": q}, status=400)
            assert set(answer) == ERROR | {"fields"}
            assert set(answer["fields"]) == {"q"}, q
        for args in ({"per_page": "0"}, {"per_page": "101"}, {"per_page": "x"}):
            refused(viewer, path, args | {"q": "a"}, "per_page")


@on_one
def test_a_search_that_asks_for_nothing_finds_nothing(cast, program):
    """Else it would be every row, in no order that means anything."""
    make("notes")
    viewer = program(cast.viewer)
    for q in ("()", "OR", "(OR) ()"):
        for path in ("/api/notes/search", "/api/search"):
            response = viewer.send("GET", path, query_string={"q": q})
            assert response.status_code == 400 or response.json["count"] == 0, (path, q)


def test_search_gives_the_best_rows_first(cast, program):
    viewer = program(cast.viewer)
    weak = make("notes", title="Of birds", content="Somewhere in a long text there is a heron. " + "Much else. " * 80)
    strong = make("notes", title="Heron", content="Heron, heron.")
    middle = make("notes", title="A heron among other birds", content="It stands.")
    make("notes", title="Nothing", content="Nothing of it.")
    trashed("notes", make("notes", title="Heron heron", content="Heron"))
    answer = viewer.get("/api/notes/search?q=heron")
    assert {"query", "count", "notes"} <= set(answer)
    assert (answer["query"], answer["count"]) == ("heron", 3)
    assert [row["id"] for row in answer["notes"]] == [strong, middle, weak]
    assert answer["notes"][0] == viewer.get(f"/api/notes/{strong}")
    # As far as was asked for; the count is that of all.
    one = viewer.get("/api/notes/search?q=heron&per_page=1")
    assert ([row["id"] for row in one["notes"]], one["count"]) == ([strong], 3)
    pages = [viewer.get(f"/api/notes/search?q=heron&per_page=1&page={page}")["notes"] for page in (1, 2, 3, 4)]
    assert [row["id"] for found in pages for row in found] == [strong, middle, weak]
    assert viewer.get("/api/notes/search?q=unheard")["notes"] == []
    assert viewer.get("/api/notes/search?q=unheard")["count"] == 0
    # One language: filters narrow, and alone they are enough.
    for q, count in (("heron -title:Heron", 2), ("title:Heron", 1), ('"long text"', 1), ("heron OR nothing", 4)):
        assert viewer.get("/api/notes/search", query_string={"q": q})["count"] == count, q
    assert viewer.get("/api/notes/search?q=her")["count"] == 3
    assert len(viewer.get("/api/notes/search?q=heron&fields=title&expand=")["notes"][0]) == 2


def test_a_search_has_pinned_rows_first_alone_or_not_at_all(cast, program):
    viewer = program(cast.viewer)
    numbers = [make("notes", title=f"Heron {place}", content="heron " * place) for place in range(1, 8)]
    make("notes", title="Of another bird", is_pinned=True)
    best = [row["id"] for row in viewer.get("/api/notes/search?q=heron")["notes"]]
    assert sorted(best) == numbers
    for number in (best[4], best[2], best[6]):
        changed(cast.editor, "notes", number, is_pinned=True)
    band = [best[6], best[2], best[4]]
    best = [row["id"] for row in viewer.get("/api/notes/search?q=heron")["notes"]]
    for pinned, expected in (
        ("first", [*band, *(n for n in best if n not in band)]), ("only", [n for n in best if n in band]),
        ("none", [n for n in best if n not in band]), ("", best),
    ):  # fmt: skip
        for size in (1, 2, 3, 5, 7, 10):
            found = []
            for page in range(1, -(-len(expected) // size) + 2):
                args = {"q": "heron", "pinned": pinned, "per_page": size, "page": page}
                answer = viewer.get("/api/notes/search", query_string=args)
                assert answer["count"] == len(expected)
                found += [row["id"] for row in answer["notes"]]
            assert found == expected, (pinned, size)
    refused(viewer, "/api/notes/search", {"q": "heron", "pinned": "yes"}, "pinned")
    refused(viewer, "/api/search", {"q": "heron", "pinned": "first"}, "pinned")


@on_one
def test_a_count_is_exact_to_ten_thousand(cast, program, monkeypatch):
    monkeypatch.setattr(reads, "COUNT_MOST", 12)
    viewer = program(cast.viewer)
    many = [make("tags", name=f"Heron {place}") for place in range(12)]
    answer = viewer.get("/api/tags/search?q=heron&per_page=3")
    assert (answer["count"], answer["is_exact"], len(answer["tags"])) == (12, True, 3)
    make("tags", name="Heron and more")
    answer = viewer.get("/api/tags/search?q=heron")
    assert (answer["count"], answer["is_exact"]) == (12, False)
    assert viewer.get("/api/tags?q=heron")["total"] == len(many) + 1


def test_search_over_all_sections_has_those_that_one_may_read(cast, program):
    person = make_user("heronsmith", "viewer")
    note, book, tag = make("notes", title="Heron"), make("books", title="Heron book"), make("tags", name="Heron")
    admin = program(cast.admin).get("/api/search?q=heron")
    assert set(admin) - {"query", "count", "is_exact"} == set(SECTIONS)
    assert admin["count"] == 4
    assert [[row["id"] for row in admin[name]] for name in ("notes", "books", "tags", "users")] == [
        [note], [book], [tag], [person.id]
    ]  # fmt: skip
    for who in ("viewer", "owner", "editor"):
        answer = program(cast.named(who)).get("/api/search?q=heron")
        assert set(answer) - {"query", "count", "is_exact"} == set(CONTENT)
        assert answer["count"] == 3
        assert answer["notes"] == [program(cast.named(who)).get(f"/api/notes/{note}")]
        assert "heronsmith" not in json.dumps(answer)
    # What is only there, or only of a kind that is only there, is not answered either.
    viewer = program(cast.viewer)
    for q in ("heronsmith", "@heron", "email:heronsmith@example.org", "in:users heron", "is:active", "has:email"):
        one = viewer.get("/api/search", query_string={"q": q}, status=None)
        other = viewer.get("/api/search", query_string={"q": q.replace("heronsmith", "nobodyatall")}, status=None)
        assert one.get("count", 0) == 0 or q == "@heron", q
        assert {n: v for n, v in one.items() if n not in ("query", "request_id")} == {
            n: v for n, v in other.items() if n not in ("query", "request_id")
        }, q
    narrow = program(cast.admin, "tags.read").get("/api/search?q=heron")
    assert set(narrow) == {"query", "count", "is_exact", "tags"}
    assert narrow["count"] == 1
    assert program(cast.stranger).get("/api/search?q=heron")["count"] == 0


def test_search_finds_no_hidden_row(cast, program, only_own):
    mine, theirs = make("notes", cast.owner, title="Heron"), make("notes", cast.colleague, title="Heron heron")
    owner = program(cast.owner)
    for path in ("/api/notes/search?q=heron", "/api/search?q=heron"):
        answer = owner.get(path)
        assert (answer["count"], [row["id"] for row in answer["notes"]]) == (1, [mine]), path
        assert str(theirs) not in [str(row["id"]) for row in answer["notes"]]


# Who


@on_one
@pytest.mark.parametrize("name", ["notes", "answers", "users"])
def test_everybody_gets_the_status_that_is_theirs(app, cast, program, name):
    number = make(name)
    gone = make(name)
    trashed(name, gone)
    reading = [f"/api/{name}", f"/api/{name}/{number}", f"/api/{name}/{number}/history", f"/api/{name}/search?q=a"]
    may = {"users": ("admin",)}.get(name, ("viewer", "owner", "editor", "admin"))
    for who in ("viewer", "owner", "editor", "admin", "stranger"):
        caller = program(cast.named(who))
        for path in reading:
            answer = caller.get(path, status=200 if who in may else 404)
            assert who in may or without_reference(answer) == NOT_FOUND
        caller.get("/api/search?q=a")
        # Reading is not writing: 403 where one may read, 404 where not even that.
        writing = {"viewer": 403, "owner": 403, "editor": None, "admin": None, "stranger": 404}[who]
        if name == "users" and who != "admin":
            writing = 404
        if writing:
            column = registry.get(name).title_columns[0]
            caller.patch(f"/api/{name}/{number}", {column: "Changed"}, status=writing)
            caller.delete(f"/api/{name}/{number}", status=writing)
            caller.post(f"/api/{name}/{gone}/restore", status=writing)
            if who in ("viewer", "stranger") or name == "users":
                caller.post(f"/api/{name}", {column: "New"}, status=writing)
    # Nobody: whatever is asked for, also where there is nothing.
    nobody = Program(app)
    for path in (*reading, "/api/search?q=a", f"/api/{name}/777777", f"/api/{name}?nosuch=1", "/api/search"):
        answer = nobody.get(path, status=401)
        assert answer["code"] == "unauthorized"
    assert Program(app, "adm_wrong").get(f"/api/{name}", status=401)["code"] == "unauthorized"


@on_one
def test_a_token_reads_what_its_scopes_name(cast, program):
    note, tag = make("notes"), make("tags")
    narrow = program(cast.admin, "notes.read")
    assert narrow.get(f"/api/notes/{note}")["id"] == note
    narrow.get(f"/api/tags/{tag}", status=404)
    narrow.get("/api/users", status=404)
    narrow.delete(f"/api/notes/{note}", status=403)
    # Scopes give nothing that the owner has not.
    wide = program(cast.viewer, "users.read", "notes.read")
    wide.get("/api/users", status=404)
    assert wide.get("/api/notes")["total"] == 1


@on_one
def test_whoever_loses_a_role_loses_it_at_once(cast, program):
    make("notes")
    caller = program(cast.viewer)
    assert caller.get("/api/notes")["total"] == 1
    changed(cast.admin, "users", cast.viewer.id, role_ids=[])
    caller.get("/api/notes", status=404)
    changed(cast.admin, "users", cast.viewer.id, is_active=False)
    caller.get("/api/notes", status=401)
