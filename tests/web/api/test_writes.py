"""Making, changing, trashing and restoring rows by JSON: what is taken, what is refused, and what stays as it was."""

import json
import re
from itertools import count, product

import pytest
from sqlalchemy import func, select

from admin_site import sections
from admin_site.accounts.models import User, user_roles
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.section import Kind, title_of
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet
from admin_site.records import trash, writes
from tests.cast import PASSWORD, Cast, make_user, role_id
from tests.factories import isbn, make, values_of
from tests.together import together

sections.register_all()
NAMES = tuple(registry.by_name())
CONTENT = tuple(name for name in NAMES if name != "users")
# Most payloads meet the program, not the database: one is enough for what never gets so far.
on_one = pytest.mark.databases("sqlite")

MISSING = 4_000_000_000
SURROGATE = "\ud800"
CANARY = "canary words that nobody may ever see"
MOST_BYTES = 8 * 1024 * 1024
numbers = count(1)

# JSON of a wrong type, or out of its range, for each kind of field.
NO_TEXT = (1, 1.5, True, ["a"], {"a": "b"}, "a\0b", f"a{SURROGATE}b")
WRONG = {
    Kind.TEXT: (*NO_TEXT, "x" * 201),
    Kind.LONGTEXT: (*NO_TEXT, "x" * 1_000_001),
    Kind.MARKDOWN: (*NO_TEXT, "x" * 1_000_001),
    Kind.EMAIL: (*NO_TEXT, "heron", "heron@", "a b@example.org", "a@b.org, c@d.org", f"{'x' * 250}@example.org"),
    Kind.SLUG: (*NO_TEXT, "!?"),
    Kind.ISBN: (9780306406157, *NO_TEXT, "978-0-306-40615-8", "0306406153", "12345"),
    Kind.PASSWORD: (
        *NO_TEXT, None, "", "short", "x" * 100_000, "password",
    ),
    Kind.INTEGER: ("1", "", 1.5, True, [1], {"id": 1}, 2**31, -(2**31), 10**400, 1e308, -1, 151),
    Kind.BOOLEAN: (0, 1, "true", "", None, [], {}),
    Kind.CHOICE: (0, True, "", None, "DRAFT", "no such status", ["draft"], {}),
    Kind.DATETIME: (
        0, 1780000000, True, "", "now", "7d", "2026-13-01", "2026-02-30T10:00:00Z", "20260531", "0001-01-01",
        "9999-12-31", "2026-05-31T25:00:00Z", "2026-05-31T10:00:00+99:99", ["2026-05-31"], {},
    ),
    Kind.RELATION: ("1", "", 1.5, True, [1], {"id": 1}, 0, -1, MISSING, 2**63, 10**400),
    Kind.RELATIONS: (
        1, "1", None, {}, ["1"], [True], [1.5], [None], [[1]], [0], [-1], [MISSING], [2**63], list(range(1, 1_002)),
    ),
}  # fmt: skip
# A field of each kind, where all of them are asked; of the others one wrong value is enough.
EXAMPLES = {
    Kind.TEXT: ("notes", "title"), Kind.LONGTEXT: ("notes", "content"), Kind.MARKDOWN: ("posts", "content"),
    Kind.EMAIL: ("users", "email"), Kind.SLUG: ("posts", "slug"), Kind.ISBN: ("books", "isbn"),
    Kind.PASSWORD: ("users", "password"), Kind.INTEGER: ("users", "age"), Kind.BOOLEAN: ("users", "is_active"),
    Kind.CHOICE: ("posts", "status"), Kind.DATETIME: ("posts", "published_at"), Kind.RELATION: ("posts", "category_id"),
    Kind.RELATIONS: ("posts", "tag_ids"),
}  # fmt: skip
# Kept by the program, and known to it alone.
FIXED = {
    "id": 77, "version": 77, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
    "created_by": 1,
}  # fmt: skip
HIDDEN = {
    "password_hash": CANARY, "live": None, "deleted_at": "2020-01-01T00:00:00Z", "deleted_in": 1, "title_key": CANARY,
    "name_key": CANARY, "email_key": CANARY, "is_admin": True, "_method": "DELETE", "__class__": CANARY, "": CANARY,
    "name ": CANARY, "Name": CANARY, "category": 1, "a" * 300: CANARY, "\0": CANARY, SURROGATE: CANARY,
}  # fmt: skip


def row(name, number):
    """All columns of a row as the database has them."""
    db.session.rollback()
    table = registry.get(name).table
    return dict(db.session.execute(select(table).where(table.columns.id == number)).mappings().one())


def how_many(name):
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(registry.get(name).table)).scalar_one()


def deeds():
    """How much has been done so far: every write opens a change set."""
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(ChangeSet)).scalar_one()


def update(name, number, **values):
    with atomic():
        writes.update(Cast.system, registry.get(name), number, values)


def to_trash(name, number):
    with atomic():
        trash.trash(Cast.system, registry.get(name), number)


def settable(name):
    return [field for field in registry.get(name).all_fields.values() if not field.fixed]


def required(name):
    return [field for field in settable(name) if field.required]


def refused(response, *names):
    """400 for exactly these fields, of which the first says the error."""
    assert response.status_code == 400, response.text[:300]
    fields = response.json["fields"]
    assert set(fields) == set(names)
    assert response.json["error"] == fields[names[0]][0]
    return response.json["error"]


def raw(person, method, path, data, content_type="application/json", **more):
    """A body as it is, not made from an object."""
    return person.send(method, path, data=data, content_type=content_type, **more)


def another(field, but=None):
    """A valid value for a field, other than the one that stands."""
    if field.kind is Kind.RELATION:
        return make(field.target.__tablename__)
    if field.kind is Kind.RELATIONS:
        roles = [role_id("viewer"), role_id("author")]
        name = field.target.__tablename__
        return [r for r in roles if [r] != but][:1] if name == "roles" else sorted([make(name), make(name)])
    n = next(numbers)
    return {
        Kind.TEXT: f"Grey 🪶 heron {n}", Kind.LONGTEXT: f"One.\n\nTwo: ünï {n}.", Kind.MARKDOWN: f"*{n}*\n\n- two",
        Kind.SLUG: f"grey-heron-{n}", Kind.EMAIL: f"heron{n}@example.org", Kind.ISBN: isbn(987_000 + n),
        Kind.PASSWORD: PASSWORD, Kind.INTEGER: n % 100, Kind.BOOLEAN: not but,
        Kind.DATETIME: f"2026-11-20T21:18:24.{n:06}Z",
        Kind.CHOICE: next((choice.value for choice in field.choices if choice.value != but), None),
    }[field.kind]  # fmt: skip


# One field at a time, and all of them as they were sent


@on_one
@pytest.mark.parametrize("name", NAMES)
def test_each_field_can_be_changed_alone_and_leaves_the_others(cast, program, name):
    admin, fields = program(cast.admin), settable(name)
    full = {field.name: another(field) for field in fields}
    made = admin.post(f"/api/{name}", full)
    assert {key: made[key] for key in full if not registry.get(name).field(key).secret} == {
        key: value for key, value in full.items() if key in made
    }
    path = f"/api/{name}/{made['id']}"
    for field, verb in product(fields, ("PUT", "PATCH")):
        before = admin.get(path)
        new = another(field, before.get(field.name))
        answer = admin.send(verb, path, {field.name: new}, status=200)
        after = answer.json
        assert after == admin.get(path)
        assert answer.headers["ETag"] == f'"{after["version"]}"'
        assert after.get(field.name, new) == new
        changed = {key for key in after if after[key] != before[key]}
        assert changed == {"updated_at", "version"} | (set() if field.secret else {field.name})
        assert after["version"] == before["version"] + 1


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_what_stands_already_is_no_change(cast, program, verb):
    editor, number = program(cast.editor), make("posts", tag_ids=[make("tags"), make("tags")])
    before, done = editor.get(f"/api/posts/{number}"), deeds()
    same = {name: before[name] for name in ("title", "content", "slug", "status", "category_id", "is_pinned")}
    answer = editor.send(verb, f"/api/posts/{number}", same | {"tag_ids": before["tag_ids"][::-1]}, status=200)
    assert answer.json == before
    assert deeds() == done


def test_text_comes_back_to_the_letter_on_every_database(cast, program):
    editor = program(cast.editor)
    words = "Ünï  “quoted” \u202e\u200f 🪶 \\ % _ ' \" \U0010ffff ﬁ Ｓ"
    made = editor.post("/api/notes", {"title": f" \t{words} ", "content": f" {words}\r\nnext\rlast "})
    assert made["title"] == words
    assert made["content"] == f" {words}\nnext\nlast "
    assert editor.get(f"/api/notes/{made['id']}") == made
    assert editor.patch(f"/api/notes/{made['id']}", {"title": "Two\r\n lines"})["title"] == "Two lines"


def test_a_million_letters_are_kept(cast, program):
    editor, most, number = program(cast.editor), "🪶" * 1_000_000, make("notes")
    body = json.dumps({"content": most}, ensure_ascii=False).encode()
    answer = raw(editor, "PATCH", f"/api/notes/{number}", body, status=200)
    assert answer.json["content"] == most
    assert row("notes", number)["content"] == most


def test_moments_keep_their_microseconds_and_come_back_in_utc(cast, program):
    editor, number = program(cast.editor), make("posts")
    for said, kept in (
        ("2026-11-20T21:18:24.123456Z", "2026-11-20T21:18:24.123456Z"),
        ("2026-11-20T21:18:24.123456+02:00", "2026-11-20T19:18:24.123456Z"),
        ("2026-11-20T21:18", "2026-11-20T21:18:00.000000Z"),
        ("2026-11-20", "2026-11-20T00:00:00.000000Z"),
        (None, None),
    ):
        assert editor.patch(f"/api/posts/{number}", {"published_at": said})["published_at"] == kept
        assert editor.get(f"/api/posts/{number}")["published_at"] == kept


@on_one
def test_what_was_done_by_a_program_says_so_in_history(cast, program):
    editor = program(cast.editor)
    number = editor.post("/api/notes", values_of("notes"))["id"]
    editor.patch(f"/api/notes/{number}", {"title": "Grey heron"})
    editor.delete(f"/api/notes/{number}")
    editor.post(f"/api/notes/{number}/restore", status=200)
    history = editor.get(f"/api/notes/{number}/history")["history"]
    assert [(entry["action"], entry["source"]) for entry in history] == [
        ("restore", "api"), ("delete", "api"), ("update", "api"), ("create", "api"),
    ]  # fmt: skip


# What must be there, and of which type


@on_one
@pytest.mark.parametrize("name", NAMES)
def test_what_is_required_is_asked_for_in_the_order_of_the_declaration(cast, program, name):
    admin, fields, valid = program(cast.admin), required(name), values_of(name)
    names = [field.name for field in fields]
    number = make(name)
    before, stood = row(name, number), how_many(name)
    nothings = [{field.name: None} for field in fields]
    nothings += [{field.name: text} for field in fields if field.is_text for text in ("", " \t\n ")]
    nothings += [dict.fromkeys(reversed(names))]
    for body in nothings:
        assert refused(admin.send("POST", f"/api/{name}", body), *names) == f"{fields[0].label} is required"
    for field in fields:
        rest = {key: value for key, value in valid.items() if key != field.name}
        if rest:
            assert refused(admin.send("POST", f"/api/{name}", rest), field.name) == f"{field.label} is required"
        for nothing in (None, "", " \t ") if field.is_text else (None,):
            said = refused(admin.send("PATCH", f"/api/{name}/{number}", {field.name: nothing}), field.name)
            assert said == f"{field.label} is required"
    assert (row(name, number), how_many(name)) == (before, stood)


@on_one
def test_a_missing_relation_is_named_by_its_label(cast, program):
    admin = program(cast.admin)
    for name, said in (("comments", "Post"), ("answers", "Question"), ("books", "Author")):
        field = next(field for field in required(name) if field.kind is Kind.RELATION)
        body = {key: value for key, value in values_of(name).items() if key != field.name}
        assert refused(admin.send("POST", f"/api/{name}", body), field.name) == f"{said} is required"


@on_one
def test_wrong_types_and_what_is_missing_are_told_together_in_the_declared_order(cast, program):
    admin = program(cast.admin)
    both = refused(admin.send("POST", "/api/notes", {"content": 5, "title": 5}), "title", "content")
    assert both == "Title must be text."
    missing = refused(admin.send("POST", "/api/notes", {"content": 5}), "title", "content")
    assert missing == "Title is required"
    late = refused(admin.send("POST", "/api/notes", {"title": "x" * 201, "content": 5}), "title", "content")
    assert "200" in late


@on_one
@pytest.mark.parametrize("kind", Kind)
def test_values_of_a_wrong_type_are_refused_for_every_kind(cast, program, kind):
    name, field = EXAMPLES[kind]
    admin, number, valid = program(cast.admin), make(name), values_of(name)
    before, stood, done = row(name, number), how_many(name), deeds()
    for value in WRONG[kind]:
        refused(admin.send("PATCH", f"/api/{name}/{number}", {field: value}), field)
        refused(admin.send("POST", f"/api/{name}", valid | {field: value}), field)
    assert (row(name, number), how_many(name), deeds()) == (before, stood, done)


@on_one
@pytest.mark.parametrize("letter", ["\0", SURROGATE], ids=["nul", "surrogate"])
def test_a_password_has_no_letter_that_nobody_can_type(cast, program, letter):
    admin, valid = program(cast.admin), values_of("users")
    refused(admin.send("PATCH", f"/api/users/{cast.viewer.id}", {"password": f"{PASSWORD}{letter}"}), "password")
    refused(admin.send("POST", "/api/users", valid | {"password": f"{PASSWORD}{letter}"}), "password")


@on_one
@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_every_section_refuses_a_wrong_type(cast, program, name):
    admin, number = program(cast.admin), make(name)
    before, done = row(name, number), deeds()
    for field in settable(name):
        for value in ({"a": 1}, [[]], -1.5):
            refused(admin.send("PUT", f"/api/{name}/{number}", {field.name: value}), field.name)
        if field.length and field.kind in (Kind.TEXT, Kind.LONGTEXT, Kind.MARKDOWN):
            long = {field.name: "x" * (field.length + 1)}
            said = refused(admin.send("PATCH", f"/api/{name}/{number}", long), field.name)
            assert f"{field.length:,}" in said
    every = {field.name: {} for field in settable(name)}
    refused(admin.send("PATCH", f"/api/{name}/{number}", every), *every)
    assert (row(name, number), deeds()) == (before, done)


@on_one
def test_null_empties_what_may_be_empty(cast, program):
    admin = program(cast.admin)
    for name in NAMES:
        columns, number = registry.get(name).table.columns, make(name)
        may = [f for f in settable(name) if not f.required and f.name in columns and columns[f.name].nullable]
        admin.patch(f"/api/{name}/{number}", {field.name: another(field) for field in may} or values_of(name))
        after = admin.patch(f"/api/{name}/{number}", {field.name: None for field in may}) if may else {}
        assert all(after[field.name] is None for field in may)
    person = admin.post("/api/users", values_of("users") | {"name": None})
    assert person["name"] == person["username"]
    post = admin.post("/api/posts", values_of("posts") | {"slug": None, "title": "Grey heron"})
    assert post["slug"] == "grey-heron"
    assert admin.patch(f"/api/posts/{post['id']}", {"slug": "", "title": "Pale heron"})["slug"] == "pale-heron"


@on_one
def test_whole_numbers_may_have_a_point(cast, program):
    admin, category = program(cast.admin), make("categories")
    assert admin.patch(f"/api/users/{cast.viewer.id}", {"age": 42.0})["age"] == 42
    assert admin.patch(f"/api/posts/{make('posts')}", {"category_id": float(category)})["category_id"] == category


@on_one
@pytest.mark.parametrize("name", NAMES)
def test_fixed_and_hidden_fields_are_refused_and_never_stored(cast, program, name):
    admin, number, valid = program(cast.admin), make(name), values_of(name)
    before, stood, done = row(name, number), how_many(name), deeds()
    wrong = FIXED | HIDDEN
    for key in wrong if name in ("notes", "users") else ("live", "version"):
        # What is hidden is answered as what does not exist.
        label = registry.get(name).field(key).label if key in FIXED else ""
        sentence = f"{label} cannot be set." if key in FIXED else f"There is no field {key[:80]!r}."
        assert refused(admin.send("PATCH", f"/api/{name}/{number}", {key: wrong[key]}), key) == sentence
        assert refused(admin.send("POST", f"/api/{name}", valid | {key: wrong[key]}), key) == sentence
    every = admin.send("POST", f"/api/{name}", valid | wrong, status=400)
    assert set(every.json["fields"]) == set(wrong)
    assert CANARY not in every.text
    assert (row(name, number), how_many(name), deeds()) == (before, stood, done)


# Bodies that are none


@on_one
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "No data provided"), (b"{}", "No data provided"), (b" { } ", "No data provided"),
        (b"[]", "object"), (b'[{"title": "a", "content": "b"}]', "object"), (b'"title"', "object"), (b"1", "object"),
        (b"null", "object"), (b"true", "object"), (b" ", "not JSON"), (b"{", "not JSON"), (b"title=a", "not JSON"),
        (b"{'title': 'a'}", "not JSON"), (b'{"title": "a", "content": "b",}', "not JSON"),
        (b'{"title": "a", "content": "b"} {}', "not JSON"), (b'{"title": "a", "content": NaN}', "not JSON"),
        (b'{"title": "a", "content": -Infinity}', "not JSON"), (b'{"title": "a", "content": "\xff"}', "not JSON"),
        (b'{"title": "a\nb", "content": "b"}', "not JSON"), (b'{"title": "\xed\xa0\x80", "content": "b"}', "not JSON"),
        ('{"title": "a", "content": "b"}'.encode("utf-16"), "not JSON"),
        (b'\xef\xbb\xbf{"title": "a", "content": "b"}', "not JSON"), (b"[" * 200_000, "not JSON"),
        (b'{"a":' * 200_000, "not JSON"), (b'{"title": "a", "x": ' + b"9" * 5_000 + b"}", "not JSON"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_object_is_refused(cast, program, body, said):
    editor, number = program(cast.editor), make("notes")
    done = deeds()
    for method, path in (("POST", ""), ("PUT", f"/{number}"), ("PATCH", f"/{number}"), ("POST", "/bulk")):
        assert said in raw(editor, method, f"/api/notes{path}", body, status=400).json["error"]
    assert deeds() == done


@on_one
def test_nested_values_and_huge_numbers_are_wrong_values_only(cast, program):
    editor, number = program(cast.editor), make("notes")
    for value in ("[" * 400 + "]" * 400, '{"a":' * 400 + "1" + "}" * 400, "9" * 4_000, "1e400", "-1e400"):
        for field in ("title", "x"):
            refused(raw(editor, "PATCH", f"/api/notes/{number}", f'{{"{field}": {value}}}'), field)


@on_one
def test_a_key_that_stands_twice_is_refused(cast, program):
    editor = program(cast.editor)
    twice = raw(editor, "POST", "/api/notes", '{"title": "first", "content": "b", "title": "last"}')
    refused(twice, "title")
    twice = raw(editor, "POST", "/api/notes", '{"title": "a", "content": {"b": 1, "b": 1}}')
    refused(twice, "b")
    long = ",".join(f'"n{place}": 1' for place in range(100_000))
    refused(raw(editor, "POST", "/api/notes", f'{{{long}, "n7": 1}}'), "n7")


@on_one
@pytest.mark.parametrize("blank", ["\u200b", " \u2060\ufeff ", "\u3164", "\u2800\u00ad", "\u202e", "\u200b\n"])
def test_a_name_that_shows_nothing_is_missing(cast, program, blank):
    editor = program(cast.editor)
    wrong = editor.post("/api/notes", {"title": blank, "content": blank}, status=400)
    assert wrong["fields"] == {"title": ["Title is required"], "content": ["Content is required"]}
    made = editor.post("/api/notes", {"title": f"a{blank}".strip(), "content": "👩\u200d💻"}, status=201)
    assert made["content"] == "👩\u200d💻"


@on_one
def test_a_required_relation_that_is_blank_is_missing(cast, program):
    wrong = program(cast.editor).post("/api/books", {"title": "x", "author_id": ""}, status=400)
    assert wrong["fields"] == {"author_id": ["Author is required"]}


@on_one
def test_an_address_that_is_a_page_of_the_site_is_not_given(cast, program):
    editor = program(cast.editor)
    made = editor.post("/api/posts", {"title": "Categories", "content": "x"}, status=201)
    assert made["slug"] == "categories-2"
    wrong = editor.post("/api/posts", {"title": "x", "content": "x", "slug": "Categories"}, status=400)
    assert set(wrong["fields"]) == {"slug"}
    assert editor.post("/api/tags", {"name": "Categories"}, status=201)["slug"] == "categories"


MULTIPART = '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\na\r\n--x--\r\n'


def statuses_of_bodies(editor, kind, body):
    """What each call that takes a body answers to one of this kind; nothing may be done."""
    number, gone = make("notes"), make("notes")
    to_trash("notes", gone)
    done = deeds()
    calls = (
        ("POST", ""), ("PUT", f"/{number}"), ("PATCH", f"/{number}"), ("POST", "/bulk"), ("POST", f"/{gone}/restore"),
    )  # fmt: skip
    answers = {raw(editor, method, f"/api/notes{path}", body, kind).status_code for method, path in calls}
    assert deeds() == done
    return answers


@on_one
@pytest.mark.parametrize("kind", ["text/plain", "text/json", "application/xml", "", "application/javascript"])
def test_a_body_of_another_kind_is_415(cast, program, kind):
    assert statuses_of_bodies(program(cast.editor), kind, json.dumps({"title": "a", "content": "b"})) == {415}


@on_one
def test_a_form_is_415(cast, program):
    assert statuses_of_bodies(program(cast.editor), "application/x-www-form-urlencoded", "title=a&content=b") == {415}


@on_one
def test_a_form_of_several_parts_is_415(cast, program):
    assert statuses_of_bodies(program(cast.editor), "multipart/form-data; boundary=x", MULTIPART) == {415}


@on_one
def test_other_names_of_json_are_json(cast, program):
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"):
        raw(program(cast.editor), "POST", "/api/notes", json.dumps(values_of("notes")), kind, status=201)


@on_one
def test_a_body_of_eight_megabytes_is_read_and_one_byte_more_is_413(cast, program):
    editor, number = program(cast.editor), make("notes")
    done = deeds()
    around = len('{"content": ""}')
    largest = '{"content": "' + "x" * (MOST_BYTES - around) + '"}'
    refused(raw(editor, "PATCH", f"/api/notes/{number}", largest), "content")
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        for method, path in (("PATCH", f"/{number}"), ("POST", ""), ("POST", "/bulk")):
            raw(editor, method, f"/api/notes{path}", largest + " ", kind, status=413)
    assert deeds() == done


# Addresses and methods


@on_one
def test_every_other_method_of_every_address_is_405_and_says_which_are_allowed(app, cast, program):
    allowed = {}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            allowed.setdefault(re.sub(r"<int:\w+>", "1", rule.rule), set()).update(rule.methods)
    people = [program(cast.admin), type(program(cast.admin))(app)]
    for path, methods in allowed.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods:
            for person in people:
                answer = person.send(method, path, status=405)
                assert set(answer.headers["Allow"].split(", ")) == methods
                assert answer.json["error"] == "Method not allowed"


@on_one
@pytest.mark.parametrize(
    "path",
    ["/api/", "/api/nothing", "/api/roles", "/api/notes/", "/api/Notes", "/api/notes/x", "/api/notes/-1",
    "/api/notes/1.0",
     "/api/notes/1/", "/api/notes/1/nothing", "/api/notes/1/restore/", "/api/notes/%00", "/api/jobs", "/api/jobs/x",
     "/api/../admin/notes"],
)  # fmt: skip
def test_an_unknown_address_is_404_in_json(app, cast, program, path):
    admin = program(cast.admin)
    for person in (admin, type(admin)(app)):
        for method in ("GET", "POST", "DELETE"):
            assert person.send(method, path, status=404).json["error"] == "Resource not found"


@pytest.mark.parametrize("number", [0, MISSING, 2**63 - 1, 2**63, 10**30])
def test_a_number_that_no_row_has_is_404_on_every_call(cast, program, number):
    admin, done = program(cast.admin), deeds()
    path = f"/api/notes/{number}"
    for method, tail in (
        ("GET", ""),
        ("PUT", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/restore"),
        ("GET", "/history"),
    ):
        body = {"title": "a"} if method in ("PUT", "PATCH") else None
        for headers in ({}, {"If-Match": '"1"'}, {"If-Match": '"1", "2"'}, {"If-Match": "*"}):
            answer = admin.send(method, f"{path}{tail}", body, headers=headers, status=404)
            assert answer.json["error"] == "Resource not found"
    admin.get(f"/api/jobs/{number}", status=404)
    admin.post(f"/api/jobs/{number}/undo", status=404)
    assert deeds() <= done + 1


@on_one
def test_a_method_in_a_header_or_a_parameter_is_not_believed(cast, program):
    editor, number = program(cast.editor), make("notes")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        editor.send("GET", f"/api/notes/{number}", headers={name: "DELETE"}, status=200)
        editor.send("POST", f"/api/notes/{number}", {}, headers={name: "DELETE"}, status=405)
    editor.get(f"/api/notes/{number}?_method=DELETE", status=400)
    assert row("notes", number)["live"] == 1


@on_one
def test_unknown_parameters_are_refused_on_every_writing_call(cast, program):
    editor, number = program(cast.editor), make("notes")
    done = deeds()
    calls = (
        ("POST", "", values_of("notes")), ("PUT", f"/{number}", {"title": "a"}),
        ("PATCH", f"/{number}", {"title": "a"}),
        ("DELETE", f"/{number}", None), ("POST", f"/{number}/restore", None),
        ("POST", "/bulk", {"ids": [number], "action": "delete"}),
    )  # fmt: skip
    for method, path, body in calls:
        refused(editor.send(method, f"/api/notes{path}?dry_run=1", body), "dry_run")
    assert deeds() == done


# Values that only one may have


def test_a_taken_value_is_409_and_names_the_field(cast, program):
    admin = program(cast.admin)
    make("categories", name="Straße", slug="road")
    make("posts", slug="taken")
    make("books", isbn="978-0-306-40615-7")
    make("users", username="heron", email="heron@example.org")
    cases = (
        ("categories", {"name": "STRASSE"}, {"name"}), ("categories", {"slug": "Road"}, {"slug"}),
        ("posts", {"slug": "Taken"}, {"slug"}), ("books", {"isbn": "0306406152"}, {"isbn"}),
        ("users", {"username": "ＨERON", "email": "HERON@example.org"}, {"username", "email"}),
    )  # fmt: skip
    for name, taken, fields in cases:
        number, valid = make(name), values_of(name)
        before, stood = row(name, number), how_many(name)
        for answer in (
            admin.send("POST", f"/api/{name}", valid | taken, status=409),
            admin.send("PATCH", f"/api/{name}/{number}", taken, status=409),
        ):
            assert set(answer.json["fields"]) == fields
            assert answer.json["code"] == "conflict"
        assert (row(name, number), how_many(name)) == (before, stood)


def test_blank_unique_values_are_null_and_may_stand_often(cast, program):
    editor = program(cast.editor)
    first, second = make("books"), make("books")
    for number, blank in ((first, ""), (second, "  ")):
        assert editor.patch(f"/api/books/{number}", {"isbn": blank})["isbn"] is None
    assert editor.post("/api/books", values_of("books") | {"isbn": None})["isbn"] is None


def test_a_made_address_is_never_taken(cast, program):
    editor = program(cast.editor)
    made = [editor.post("/api/posts", {"title": title, "content": "x"})["slug"] for title in ("Heron!", "heron", "🪶")]
    assert made[:2] == ["heron", "heron-2"]
    assert made[2]


def test_two_who_take_the_same_name_at_once_are_201_and_409(base_app, cast, program):
    editor = program(cast.editor)
    for turn in range(3):
        body = {"name": f"Same {turn}"}
        answers = together(base_app, *[lambda body=body: editor.send("POST", "/api/tags", body)] * 3)
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
        assert all("name" in answer.json["fields"] for answer in answers if answer.status_code == 409)
    assert how_many("tags") == 3


# The status, pins, and whose a row is


@pytest.mark.parametrize(
    ("name", "free", "needed"),
    [("posts", ("draft", "review"), ("published", "archived")), ("comments", ("pending",),
    ("approved", "rejected", "spam")),
     ("questions", ("pending",), ("published", "hidden"))],
)  # fmt: skip
def test_an_author_moves_the_status_only_where_it_is_open(cast, program, name, free, needed):
    author, editor = program(cast.owner), program(cast.editor)
    made = author.post(f"/api/{name}", values_of(name))
    path, again = f"/api/{name}/{made['id']}", made_of(name, made)
    assert made["status"] == free[0]
    for status in free[::-1]:
        assert author.patch(path, {"status": status})["status"] == status
    for status in needed:
        before, stood = author.get(path), how_many(name)
        author.patch(path, {"status": status, "content": "Slipped in."}, status=403)
        author.post(f"/api/{name}", again | {"status": status}, status=403)
        assert (author.get(path), how_many(name)) == (before, stood)
        editor.patch(path, {"status": status})
        author.patch(path, {"status": free[0]}, status=403)
        assert editor.patch(path, {"status": free[0]})["status"] == free[0]


def made_of(name, made):
    """What a row like this one is made from."""
    return {field.name: made[field.name] for field in required(name)}


def test_what_is_out_of_the_authors_hands_is_403_and_still_readable(cast, program):
    author, number = program(cast.owner), make("posts", cast.owner)
    update("posts", number, status="published")
    before = author.get(f"/api/posts/{number}")
    author.patch(f"/api/posts/{number}", {"title": "Changed after the fact"}, status=403)
    author.send("PUT", f"/api/posts/{number}", {"title": "Changed after the fact"}, status=403)
    assert author.get(f"/api/posts/{number}") == before


def test_published_at_is_set_at_the_first_publishing_and_stays(cast, program):
    editor, number = program(cast.editor), make("posts")
    path = f"/api/posts/{number}"
    assert editor.get(path)["published_at"] is None
    first = editor.patch(path, {"status": "published"})["published_at"]
    assert first
    for status in ("archived", "draft", "published"):
        assert editor.patch(path, {"status": status})["published_at"] == first
    said = "2020-01-02T03:04:05.000006Z"
    made = editor.post("/api/posts", values_of("posts") | {"status": "published", "published_at": said})
    assert made["published_at"] == said


@on_one
def test_an_author_sets_no_moment_of_publishing(cast, program):
    author = program(cast.owner)
    number = author.post("/api/posts", values_of("posts"))["id"]
    author.patch(f"/api/posts/{number}", {"published_at": "2020-01-01T00:00:00Z"}, status=403)
    author.post("/api/posts", values_of("posts") | {"published_at": "2020-01-01T00:00:00Z"}, status=403)
    assert how_many("posts") == 1


def test_a_pin_needs_the_right_to_pin(cast, program):
    author, editor = program(cast.owner), program(cast.editor)
    for name in ("notes", "posts", "questions"):
        made = author.post(f"/api/{name}", values_of(name) | {"is_pinned": False})
        path = f"/api/{name}/{made['id']}"
        stood = how_many(name)
        author.patch(path, {"is_pinned": True}, status=403)
        author.post(f"/api/{name}", values_of(name) | {"is_pinned": True}, status=403)
        assert how_many(name) == stood
        assert author.get(path)["is_pinned"] is False
        assert editor.patch(path, {"is_pinned": True})["is_pinned"] is True
        assert author.get(path)["is_pinned"] is True
        author.patch(path, {"is_pinned": False}, status=403)
        # What stands is no change, so saying it again needs no right.
        assert author.patch(path, {"is_pinned": True, "content": "Mine still."})["content"] == "Mine still."
        assert editor.patch(path, {"is_pinned": False})["is_pinned"] is False


@on_one
@pytest.mark.parametrize("name", CONTENT)
def test_an_author_changes_and_trashes_their_own_and_nobody_elses(cast, program, name):
    author, colleague = program(cast.owner), program(cast.colleague)
    made, title = author.post(f"/api/{name}", values_of(name)), registry.get(name).title_columns[0]
    path, change = f"/api/{name}/{made['id']}", made_of(name, made) | {title: "Mine, not yours"}
    for verb, body in (("PUT", change), ("PATCH", change), ("DELETE", None), ("POST", None)):
        tail = "/restore" if verb == "POST" else ""
        assert colleague.send(verb, f"{path}{tail}", body, status=403).json["code"] == "forbidden"
    assert author.get(path) == made
    assert author.patch(path, change)[title] == "Mine, not yours"
    author.delete(path)
    author.get(path, status=404)
    author.post(f"{path}/restore", status=403)
    colleague.delete(path, status=404)


@on_one
@pytest.mark.parametrize("name", ["notes", "posts", "answers"])
def test_only_editors_say_whose_a_row_is(cast, program, name):
    author, editor = program(cast.owner), program(cast.editor)
    for mine in ({}, {"author_id": None}, {"author_id": cast.owner.id}):
        made = author.post(f"/api/{name}", values_of(name) | mine)
        assert made["author_id"] == cast.owner.id
    path, stood = f"/api/{name}/{made['id']}", how_many(name)
    for other in (cast.colleague.id, None):
        author.patch(path, {"author_id": other}, status=403)
    author.post(f"/api/{name}", values_of(name) | {"author_id": cast.colleague.id}, status=403)
    assert how_many(name) == stood
    assert editor.patch(path, {"author_id": cast.colleague.id})["author_id"] == cast.colleague.id
    author.patch(path, {"content": "No longer mine."}, status=403)


@on_one
@pytest.mark.parametrize("name", CONTENT)
def test_a_viewer_changes_nothing(cast, program, name):
    viewer, number, gone = program(cast.viewer), make(name), make(name)
    to_trash(name, gone)
    valid, done = values_of(name), deeds()
    done = deeds()
    calls = (
        ("POST", "", valid), ("PUT", f"/{number}", valid), ("PATCH", f"/{number}", valid),
        ("DELETE", f"/{number}", None),
        ("POST", f"/{gone}/restore", None), ("POST", "/bulk", {"ids": [number], "action": "delete"}),
        ("POST", "/bulk", {"filter": {}, "action": "delete", "dry_run": True}),
    )  # fmt: skip
    for method, path, body in calls:
        viewer.send(method, f"/api/{name}{path}", body, status=403)
    assert deeds() == done


def without_id(response):
    """An answer without what differs from answer to answer."""
    return re.sub(r'"request_id":\s*"[^"]*"', "", response.text)


@on_one
@pytest.mark.parametrize("who", ["owner", "editor", "viewer", "stranger"])
def test_what_may_not_be_read_is_answered_as_what_is_missing(app, cast, program, who):
    person = program(cast.named(who))
    hidden, number, gone = (
        ("users", cast.admin.id, make("users")) if who != "stranger" else ("notes", make("notes"), make("notes"))
    )
    to_trash(hidden, gone)
    valid, done = values_of(hidden), deeds()
    calls = (("GET", "", None), ("PUT", "", valid), ("PATCH", "", {"name": "x"}), ("DELETE", "", None),
    ("POST", "/restore", None),
             ("GET", "/history", None))  # fmt: skip
    for method, tail, body in calls:
        answers = [
            person.send(method, f"/api/{hidden}/{one}{tail}", body, status=404) for one in (number, gone, MISSING)
        ]
        assert len({without_id(answer) for answer in answers}) == 1
        assert {answer.json["error"] for answer in answers} == {"Resource not found"}
    for method, path, body in (
        ("GET", "", None), ("POST", "", valid), ("GET", "/search?q=a", None),
        ("POST", "/bulk", {"ids": [number], "action": "delete"}),
    ):  # fmt: skip
        person.send(method, f"/api/{hidden}{path}", body, status=404)
    assert deeds() == done


def test_accepting_an_answer_takes_it_from_the_other(cast, program):
    editor, question = program(cast.editor), make("questions")
    first, second = make("answers", question_id=question, is_accepted=True), make("answers", question_id=question)
    assert editor.patch(f"/api/answers/{second}", {"is_accepted": True})["is_accepted"] is True
    assert editor.get(f"/api/answers/{first}")["is_accepted"] is False


# Rows that others point to


@pytest.mark.parametrize("who", ["missing", "trashed", "hidden"])
def test_a_relation_points_only_to_rows_that_may_be_read(cast, program, who):
    scopes = [f"posts.{action}" for action in ("read", "create", "update")]
    editor = program(cast.editor, *scopes, *([] if who == "hidden" else ["categories.read", "tags.read"]))
    number = make("posts")
    related = {"category_id": make("categories"), "tag_ids": make("tags")}
    if who == "missing":
        related = dict.fromkeys(related, MISSING)
    if who == "trashed":
        to_trash("categories", related["category_id"])
        to_trash("tags", related["tag_ids"])
    before, stood, done = row("posts", number), how_many("posts"), deeds()
    for name, other in related.items():
        sent = {name: [other] if name == "tag_ids" else other}
        said = refused(editor.send("PATCH", f"/api/posts/{number}", sent), name)
        assert said.endswith(f": there is no row with the number {other}.")
        refused(editor.send("POST", "/api/posts", values_of("posts") | sent), name)
    assert (row("posts", number), how_many("posts"), deeds()) == (before, stood, done)


@on_one
def test_what_a_row_points_to_already_may_stay(cast, program):
    editor, category = program(cast.editor), make("categories")
    number = make("posts", category_id=category)
    to_trash("categories", category)
    changed = editor.patch(f"/api/posts/{number}", {"category_id": category, "title": "Grey heron"})
    assert (changed["category_id"], changed["title"]) == (category, "Grey heron")


@on_one
def test_what_must_have_its_parent_goes_and_comes_with_it(cast, program):
    editor, post = program(cast.editor), make("posts")
    comment = make("comments", post_id=post)
    editor.delete(f"/api/posts/{post}")
    editor.get(f"/api/comments/{comment}", status=404)
    assert editor.post(f"/api/comments/{comment}/restore", status=409)["code"] == "conflict"
    editor.post("/api/comments", {"post_id": post, "author_name": "a", "content": "b"}, status=400)
    editor.post(f"/api/posts/{post}/restore", status=200)
    assert editor.get(f"/api/comments/{comment}")["post_id"] == post


# The trash


def test_restoring_asks_for_values_that_were_taken_meanwhile(cast, program):
    admin = program(cast.admin)
    cases = (
        ("categories", {"name": "Birds", "slug": "birds"}, {"name": "Other birds", "slug": "other-birds"}),
        ("posts", {"slug": "birds"}, {"slug": "other-birds"}),
        ("books", {"isbn": isbn(77)}, {"isbn": isbn(78)}),
        (
            "users",
            {"username": "heron", "email": "heron@example.org"},
            {"username": "egret", "email": "egret@example.org"},
        ),
    )
    for name, values, others in cases:
        gone = make(name, **values)
        admin.delete(f"/api/{name}/{gone}")
        make(name, **values)
        path = f"/api/{name}/{gone}/restore"
        assert set(admin.post(path, status=409)["fields"]) == set(values)
        assert set(admin.post(path, {}, status=409)["fields"]) == set(values)
        one = next(iter(values))
        assert one in admin.post(path, {one: values[one].upper()}, status=409)["fields"]
        assert row(name, gone)["live"] is None
        restored = admin.post(path, others, status=200)
        assert restored["id"] == gone
        assert {field: restored[field] for field in others} == others
        admin.post(path, others, status=409)


@on_one
def test_restoring_takes_nothing_but_unique_values(cast, program):
    editor, number = program(cast.editor), make("posts")
    to_trash("posts", number)
    path = f"/api/posts/{number}/restore"
    for sent in (
        {"title": "x"},
        {"live": 1},
        {"status": "published"},
        {"slug": "ok", "author_id": 1},
        {"deleted_at": None},
    ):
        answer = editor.send("POST", path, sent, status=400)
        assert set(answer.json["fields"]) == set(sent) - {"slug"}
    for sent in ({"slug": 5}, {"slug": "a\0b"}, {"slug": "!?"}):
        refused(editor.send("POST", path, sent), "slug")
    raw(editor, "POST", path, "[]", status=400)
    assert row("posts", number)["live"] is None
    assert editor.post(path, {"slug": "Back Again"}, status=200)["slug"] == "back-again"


@on_one
def test_what_is_not_in_the_trash_cannot_be_restored_and_what_is_cannot_be_changed(cast, program):
    editor, number = program(cast.editor), make("notes")
    refused = editor.post(f"/api/notes/{number}/restore", status=409)
    assert (refused["code"], refused["error"]) == ("conflict", "This note is not in the trash.")
    editor.post("/api/notes/0/restore", status=404)
    editor.delete(f"/api/notes/{number}")
    editor.patch(f"/api/notes/{number}", {"title": "x"}, status=404)
    editor.delete(f"/api/notes/{number}", status=404)
    editor.get(f"/api/notes/{number}/history", status=404)


# Users


def test_a_password_is_taken_and_never_given(cast, program, client):
    admin = program(cast.admin)
    made = admin.send(
        "POST", "/api/users", values_of("users") | {"email": "heron@example.org", "password": CANARY}, status=201
    )
    path = f"/api/users/{made.json['id']}"
    stored = row("users", made.json["id"])["password_hash"]
    assert client.post("/login", {"email": "heron@example.org", "password": CANARY}).status_code == 302
    changed = admin.send("PATCH", path, {"password": f"{CANARY} anew"}, status=200)
    assert changed.json["version"] == 2
    renewed = row("users", made.json["id"])["password_hash"]
    assert renewed != stored
    stale = admin.send(
        "PATCH", path, {"password": f"{CANARY} again", "city": "x"}, headers={"If-Match": '"1"'}, status=412
    )
    assert set(stale.json["yours"]) == {"city"}
    answers = [made, changed, stale, *(admin.send("GET", address, status=200) for address in (
        path, "/api/users?per_page=100", f"{path}/history", "/api/users/search?q=heron", "/api/search?q=heron",
    ))]  # fmt: skip
    for answer in answers:
        for secret in (CANARY, "canary", "$2b$", stored, renewed, "password_hash"):
            assert secret not in answer.text
    history = admin.get(f"{path}/history")["history"]
    assert history[0]["changes"]["password"] == [None, None]
    for name in ("password", "password_hash"):
        admin.get(f"/api/users?{name}=x", status=400)
        admin.get(f"/api/users?fields={name}", status=400)


def test_the_last_administrator_stays_one(cast, program):
    admin, path = program(cast.admin), f"/api/users/{cast.admin.id}"
    before, done = admin.get(path), deeds()
    for change in ({"is_active": False}, {"role_ids": []}, {"role_ids": [role_id("editor")]}):
        answer = admin.send("PATCH", path, change, status=409)
        assert "last active administrator" in answer.json["error"]
    admin.delete(path, status=409)
    assert admin.get(path) == before
    assert deeds() == done
    second = make_user("second", "admin")
    assert admin.patch(f"/api/users/{second.id}", {"is_active": False})["is_active"] is False
    admin.patch(path, {"is_active": False}, status=409)
    admin.patch(path, {"role_ids": [role_id("admin"), role_id("viewer")]})


def test_two_administrators_cannot_demote_each_other(base_app, cast, program):
    first, second = cast.admin, make_user("second", "admin")
    people = (program(first), second), (program(second), first)
    calls = [lambda p=p, o=o: p.send("PATCH", f"/api/users/{o.id}", {"role_ids": []}) for p, o in people]
    answers = together(base_app, *calls)
    assert sorted(answer.status_code for answer in answers)[0] == 200
    # The second is the last one by then, or not an administrator any more.
    assert sorted(answer.status_code for answer in answers)[1] in (404, 409)
    query = select(func.count()).select_from(User).join(user_roles).where(user_roles.c.role_id == role_id("admin"))
    assert db.session.execute(query).scalar_one() == 1


def test_nobody_gives_themselves_a_role(cast, program):
    for person in (cast.viewer, cast.owner, cast.editor):
        program(person).patch(f"/api/users/{person.id}", {"role_ids": [role_id("admin")]}, status=404)
    narrow = program(cast.admin, "users.read", "notes.update")
    narrow.patch(f"/api/users/{cast.viewer.id}", {"role_ids": [role_id("admin")]}, status=403)


# If-Match


def test_a_stale_change_is_412_with_both_versions_and_writes_nothing(cast, program):
    editor, other = program(cast.editor), program(cast.admin)
    number, category = make("posts", title="First", content="As it was."), make("categories")
    old, new = sorted([make("tags"), make("tags")]), [make("tags")]
    path = f"/api/posts/{number}"
    read = editor.send("GET", path, status=200).headers["ETag"]
    other.patch(path, {"title": "Theirs", "tag_ids": old, "published_at": "2026-01-02T03:04:05.000006Z"})
    before, done = editor.get(path), deeds()
    yours = {
        "title": "Yours", "content": "Mine.", "category_id": category, "tag_ids": new, "is_pinned": True,
        "published_at": "2027-01-01T00:00:00Z", "slug": before["slug"],
    }  # fmt: skip
    for verb in ("PUT", "PATCH"):
        stale = editor.send(verb, path, yours, headers={"If-Match": read}, status=412).json
        assert stale["code"] == "stale"
        assert stale["version"] == before["version"]
        assert stale["yours"] == {
            "title": "Yours", "content": "Mine.", "category_id": category, "tag_ids": new, "is_pinned": True,
            "published_at": "2027-01-01T00:00:00.000000Z",
        }  # fmt: skip
        assert stale["theirs"] == {name: before[name] for name in stale["yours"]}
        assert stale["base"] == {
            "title": "First", "content": "As it was.", "category_id": None, "tag_ids": [], "is_pinned": False,
            "published_at": None,
        }  # fmt: skip
        assert sorted(stale["mergeable"]) == ["category_id", "content", "is_pinned"]
    assert (editor.get(path), deeds()) == (before, done)
    fresh = editor.send("PATCH", path, yours, headers={"If-Match": f'"{stale["version"]}"'}, status=200).json
    assert fresh["title"] == "Yours"


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"2"', 200), ("*", 200), (" * ", 200), ('"7", "2"', 200), ('"2", "7", "1"', 200), ('W/"9", "2"', 200),
        # Proxies that compress make a tag weak; it still names the version that was read.
        ('W/"2"', 200), ('W/"1"', 412),
        ('"1"', 412), ('"1", "3"', 412), ('"0"', 412), ('"3"', 412), ('"02x"', 412), ('"2.0"', 412), ('"-2"', 412),
        ('""', 412), ("rubbish", 412), ('"rubbish"', 412), ("", 412), ('"99999999999999999999"', 412), ("²", 412),
        ("1, 2", 412), ('"rubbish", "1"', 412), ('"\u00b2"', 412), ("2 OR 1=1", 412), ('"02"', 412), ("02", 412),
    ],
)  # fmt: skip
@on_one
def test_if_match_is_compared_and_never_passed_over(cast, program, tag, status):
    editor, number = program(cast.editor), make("notes")
    update("notes", number, title="Second version")
    path = f"/api/notes/{number}"
    for method, body in (("PATCH", {"title": "Third"}), ("PUT", {"title": "Fourth"})):
        before = row("notes", number)
        answer = editor.send(method, path, body, headers={"If-Match": tag})
        assert answer.status_code == (status if before["version"] == 2 or "*" in tag else 412), answer.text
        assert (row("notes", number) == before) is (answer.status_code == 412)
    other = make("notes")
    update("notes", other, title="Second version")
    editor.delete(f"/api/notes/{other}", headers={"If-Match": tag}, status=status)
    assert row("notes", other)["live"] == (None if status == 200 else 1)


def test_a_stale_delete_is_412_and_the_row_stays(cast, program):
    editor, number = program(cast.editor), make("notes")
    update("notes", number, title="Changed meanwhile")
    done = deeds()
    answer = editor.send("DELETE", f"/api/notes/{number}", headers={"If-Match": '"1"'}, status=412)
    assert answer.json["version"] == 2
    assert {"base", "yours", "theirs", "mergeable"} <= set(answer.json)
    assert (row("notes", number)["live"], deeds()) == (1, done)
    editor.delete(f"/api/notes/{number}", headers={"If-Match": '"2"'})


@on_one
def test_rights_come_before_versions(cast, program):
    colleague, number = program(cast.colleague), make("notes", cast.owner, title="Secret of the owner")
    answer = colleague.send("PATCH", f"/api/notes/{number}", {"title": "x"}, headers={"If-Match": '"9"'}, status=403)
    assert "Secret of the owner" not in answer.text
    colleague.send("DELETE", f"/api/notes/{number}", headers={"If-Match": '"9"'}, status=403)
    refused(program(cast.owner).send("PATCH", f"/api/notes/{number}", {"x": 1}, headers={"If-Match": '"9"'}), "x")


def test_of_two_at_the_same_moment_one_wins_and_the_other_gets_both_versions(base_app, cast, program):
    people, number = [program(cast.editor), program(cast.admin)], make("notes", title="Before")
    path = f"/api/notes/{number}"
    for turn in range(4):
        before = row("notes", number)
        tag = {"If-Match": f'"{before["version"]}"'}
        titles = [f"{turn} by {who}" for who in "ab"]
        answers = together(base_app, *(
            lambda person=person, title=title, tag=tag: person.send("PATCH", path, {"title": title}, headers=tag)
            for person, title in zip(people, titles, strict=True)
        ))  # fmt: skip
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        after = row("notes", number)
        assert (after["title"], after["version"]) == (won.json["title"], before["version"] + 1)
        assert lost.json["base"] == {"title": before["title"]}
        assert lost.json["theirs"] == {"title": won.json["title"]}
        assert lost.json["yours"] == {"title": next(title for title in titles if title != won.json["title"])}
        assert lost.json["mergeable"] == []
    assert len(people[0].get(f"{path}/history")["history"]) == 5


def test_of_a_change_and_a_delete_at_once_only_one_is_done(base_app, cast, program):
    editor, number = program(cast.editor), make("notes")
    path, tag = f"/api/notes/{number}", {"If-Match": '"1"'}
    changed, deleted = together(
        base_app,
        lambda: editor.send("PATCH", path, {"title": "Changed"}, headers=tag),
        lambda: editor.send("DELETE", path, headers=tag),
    )
    outcome = (changed.status_code, deleted.status_code)
    assert outcome in ((200, 412), (404, 200))
    assert row("notes", number)["live"] == (1 if outcome[0] == 200 else None)


def every_value(name):
    """A value for each field that may be set, none of them a default; relations in an order that is not theirs."""
    sent = values_of(name)
    for field in registry.get(name).all_fields.values():
        if field.fixed or field.secret or field.kind in (Kind.PASSWORD, Kind.EMAIL, Kind.ISBN) or field.name in UNLIKE:
            continue
        target = registry.of_model(field.target).name if field.target else ""
        match field.kind:
            case Kind.RELATION:
                sent[field.name] = make(target)
            case Kind.RELATIONS:
                sent[field.name] = [make(target), make(target)][::-1]
            case Kind.BOOLEAN:
                sent[field.name] = not field.default
            case Kind.CHOICE:
                sent[field.name] = field.choices[-1].value
            case Kind.DATETIME:
                sent[field.name] = "2026-05-31T14:30:00.250000+02:00"
            case Kind.INTEGER:
                sent[field.name] = field.least or 1
            case _:
                sent[field.name] = f"  Grüne  {field.name} {next(numbers)} "
    return sent


# What is chosen by other rules than those of its kind.
UNLIKE = ("username", "role_ids", "slug")


@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_was_made_is_answered_as_it_is_read(app, cast, program, name):
    section, admin = registry.get(name), program(cast.admin)
    sent = every_value(name)
    made = admin.send("POST", f"/api/{name}", sent, status=201).json
    assert made == admin.get(f"/api/{name}/{made['id']}")
    titled = [field.name for field in section.all_fields.values() if field.target and not field.fixed]
    sent = every_value(name)
    query = f"?expand={','.join(titled)}" if titled else f"?fields=id,{section.title_columns[0]}"
    made = admin.send("POST", f"/api/{name}{query}", sent, status=201).json
    assert made == admin.get(f"/api/{name}/{made['id']}{query}")
    (entry,) = admin.get(f"/api/{name}/{made['id']}/history")["history"]
    told = entry["changes"]
    for field in (section.field(field) for field in titled if sent.get(field)):
        values = sent[field.name] if isinstance(sent[field.name], list) else [sent[field.name]]
        said = told[field.name][1] if isinstance(told[field.name][1], list) else [told[field.name][1]]
        for number, kept in zip(values, said, strict=True):
            found = db.session.get(field.target, number)
            assert kept == {"id": number, "title": title_of(field.target, found)}


def test_whoever_makes_a_row_is_named_in_its_history(app, cast, program):
    made = program(cast.editor).post("/api/posts", values_of("posts"))
    assert made["author_id"] == cast.editor.id
    (entry,) = program(cast.editor).get(f"/api/posts/{made['id']}/history")["history"]
    assert entry["changes"]["author_id"] == [None, {"id": cast.editor.id, "title": cast.editor.name}]


def test_an_address_that_is_too_long_is_refused_and_not_cut(cast, program):
    editor = program(cast.editor)
    refused = editor.post("/api/posts", {"title": "Long", "content": "Text.", "slug": "x" * 161}, status=400)
    assert refused["fields"] == {"slug": ["Address must have at most 160 characters; this has 161."]}
    made = editor.post("/api/posts", {"title": "Long", "content": "Text.", "slug": "x" * 160}, status=201)
    assert made["slug"] == "x" * 160
    # What is made of a title is cut.
    assert len(editor.post("/api/posts", {"title": "y" * 150, "content": "Text."}, status=201)["slug"]) == 150


def test_the_first_publish_is_kept_while_a_post_is_published(cast, program):
    admin = program(cast.admin)
    post = admin.post("/api/posts", {"title": "One", "content": "x", "status": "published"}, status=201)
    first = post["published_at"]
    refused = admin.patch(f"/api/posts/{post['id']}", {"published_at": None}, status=400)
    assert refused["fields"] == {"published_at": ["Published cannot be empty while the status is Published."]}
    assert admin.get(f"/api/posts/{post['id']}")["published_at"] == first
    moved = admin.patch(f"/api/posts/{post['id']}", {"published_at": "2020-01-02T03:04:05Z"})
    assert moved["published_at"] == "2020-01-02T03:04:05.000000Z"
    back = admin.patch(f"/api/posts/{post['id']}", {"status": "draft", "published_at": None})
    assert back["published_at"] is None
    assert admin.patch(f"/api/posts/{post['id']}", {"status": "published"})["published_at"] > first
