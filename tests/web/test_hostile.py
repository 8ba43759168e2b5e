"""No input breaks a page: whatever is sent is answered below 500, in words, and what was typed is kept."""

import io
import re
from contextvars import Context
from urllib.parse import quote, urlencode

import pytest
from markupsafe import Markup

from admin_site import sections
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.section import TEXT_KINDS, Kind
from admin_site.core.transactions import atomic
from admin_site.records import reads, relations, trash
from admin_site.records.filters import OPERATORS
from admin_site.web import templating
from admin_site.web.assets import icon
from tests.client import soup
from tests.factories import make, values_of

sections.register_all()
NAMES = tuple(registry.by_name())
FORM = "application/x-www-form-urlencoded"

IDS = ("0", "-1", str(2**63 - 1), str(2**63), "9" * 30, "9" * 5000, "abc", "1,2", "1.0", "%00", "1%27", "٣")
WORDS = (
    "page=" + "9" * 21, "page=-1", "page=0", "page=abc", "page=" + "9" * 5000, "per_page=1000000000", "per_page=0",
    "q=" + "x" * 20_000, "q=%00", "q=%ED%A0%80", "q=%25_%25", "q=%F0%9F%8C%BF", "q=" + "%28" * 1000, "q=%FF%FE",
    "q=" + "%EF%B7%BA" * 400, "sort=password_hash", "sort=content,-x", "sort=" + "a," * 2000, "sort=,", "sort=-",
    "sort=id,id,-id", "sort=is_pinned", "sort=role_ids", "pinned=maybe", "pinned=only&page=3", "password_hash=x",
    "password=x", "password_hash__contains=%242b", "title_key=x", "live=1", "deleted_at__isnull=0", "deleted_in=1",
    "title__nonsense=x", "name__=x", "__eq=x", "__=x", "=x", "&&&", "title=a&title=b&title=c", "is_pinned=maybe",
    "is_pinned__in=1,0", "is_pinned__isnull=maybe", "created_at__gte=2026-13-01", "created_at=0001-01-01",
    "isbn=letters", "isbn__in=letters,978", "tag_ids=abc", "tag_ids__in=" + "1," * 500, "find.author_id=%00%25",
    "find.author_id=" + "x" * 60_000, "title__contains=" + "x" * 60_000, "name__contains=" + "%25_" * 20_000,
    "_anchor=x", "_external=1", "_scheme=javascript", "_method=POST", "endpoint=x", "export_type=csv",
    "url=//x.example",
    "before=" + "9" * 30, "before=-1", "before=abc", "before=" + "9" * 5000, "back=" + "%26" * 300, "back=%00",
    "&".join(f"id__ne={number}" for number in range(1, 1200)), "&".join(f"x{number}=1" for number in range(1000)),
)  # fmt: skip
FILTER_VALUES = (" ", "abc", "9" * 30, str(2**63), "-1", "9999-12-31", "0001-01-01T00:00+14:00", "\0\u200f%_'", "1,,2")


@pytest.fixture(autouse=True)
def answers_instead_of_traces(app, monkeypatch):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)


@pytest.fixture
def admin(cast, sign_in):
    return sign_in(cast.admin)


def typed(section, **more):
    """Values that make a valid row, as a form sends them."""
    return {name: _as_text(value) for name, value in values_of(section).items()} | more


def _as_text(value):
    if isinstance(value, list):
        return ["", *map(str, value)]
    return str(int(value)) if isinstance(value, bool) else str(value)


def get(client, path, **more):
    """The same as a browser's request, but without the cost of judging the page."""
    return Context().run(client.http.get, path, **more)


def post(client, path, data):
    return Context().run(client.http.post, path, data={"csrf_token": client.token} | data)


def post_raw(client, path, body, content_type=FORM):
    headers = {"X-CSRFToken": client.token}
    return Context().run(client.http.post, path, data=body, content_type=content_type, headers=headers)


def post_parts(client, path, **values):
    """Values as multipart, the way a browser sends the longest texts."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in values.items()]
    return post_raw(client, path, "".join([*parts, "--x--\r\n"]).encode(), "multipart/form-data; boundary=x")


def broken(responses):
    """What was answered with a server error, so that one failure names all of them."""
    return [f"{label[:90]}: {response.status_code}" for label, response in responses if response.status_code >= 500]


def has_error(response, name):
    return soup(response).select_one(f"#{name}-error") is not None


def kept(response, name):
    control = soup(response).select_one(f"[id={name}]")
    return control.text.removeprefix("\n") if control.name == "textarea" else control["value"]


def form_fields(*kinds):
    return [
        pytest.param(section.name, name, id=f"{section.name}.{name}")
        for section in registry.all_sections()
        for name in section.form
        if section.field(name).kind in kinds
    ]


# Addresses


def test_numbers_of_rows_that_cannot_be_are_missing(app, admin):
    answers = []
    for rule in app.url_map.iter_rules():
        if "int:id" in rule.rule and not rule.rule.startswith("/api/"):  # tests/web/api has those of programs
            is_get = "GET" in rule.methods
            paths = [rule.rule.replace("<int:id>", number) for number in IDS]
            answers += [(path, get(admin, path) if is_get else post(admin, path, {})) for path in paths]
    assert len(answers) > 700
    assert [f"{path[:60]}: {answer.status_code}" for path, answer in answers if answer.status_code != 404] == []


@pytest.mark.parametrize("action", ["edit", "delete", "restore", "pin"])
def test_posting_to_numbers_that_cannot_be_is_missing(admin, action):
    answers = [(number, post(admin, f"/admin/notes/{number}/{action}", typed("notes"))) for number in IDS]
    assert [f"{number[:40]}: {answer.status_code}" for number, answer in answers if answer.status_code != 404] == []


def test_sessions_that_cannot_be_are_ended_already(admin):
    answers = [(number, post(admin, f"/account/sessions/{number}/end", {})) for number in IDS]
    assert broken(answers) == []
    assert admin.get("/account").status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_no_query_string_breaks_a_page(admin, name):
    number = make(name)
    pages = ("", "trash", "new", str(number), f"{number}/edit", f"{number}/history", f"{number}/delete")
    paths = [f"/admin/{name}/{page}?{words}" for page in pages[:2] for words in WORDS]
    paths += [f"/admin/{name}/{page}?{words}" for page in pages[2:] for words in WORDS if words[0] in "b_"]
    assert broken((path, get(admin, path)) for path in paths) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_filter_value_breaks_a_list(admin, name):
    make(name)
    names = [field.name for field in registry.get(name).all_fields.values() if not field.secret]
    words = [
        urlencode({f"{field}__{operator}".removesuffix("__eq"): value for field in names})
        for operator in OPERATORS
        for value in FILTER_VALUES
    ]
    assert broken((line, get(admin, f"/admin/{name}/?{line}")) for line in words) == []


@pytest.mark.parametrize(("name", "words"), [("notes", "sort=x"), ("books", "isbn=letters"), ("posts", "x=1&y=2")])
def test_words_that_are_not_understood_are_told(admin, name, words):
    make(name)
    page = admin.page(f"/admin/{name}/?page=-1&nonsense=1&{words}")
    assert "is no number for page" in page.select_one("main").text
    assert "There is no filter “nonsense”" in page.select_one("main").text


@pytest.mark.parametrize("name", NAMES)
def test_no_proposed_value_breaks_the_form(admin, name):
    values = ("\0", "abc", "9" * 30, "{{7*7}}", '"><b id=title>', "\u202e", "x" * 20_000, "1")
    paths = [
        f"/admin/{name}/new?{urlencode(dict.fromkeys(registry.get(name).form, value))}&{quote(value)}=1"
        for value in values
    ]
    assert broken((path, admin.get(path)) for path in paths) == []


def test_a_proposed_list_of_relations_is_read_as_one(admin):
    tags = [make("tags") for _ in range(12)]
    page = admin.page(f"/admin/posts/new?tag_ids={tags[11]}")
    chosen = [box["value"] for box in page.select("#field-tag_ids input:checked")]
    assert chosen == [str(tags[11])]


@pytest.mark.parametrize("words", ["", "%00", "x" * 60_000, "%25" * 20_000, "%ED%A0%80", "%F0%9F%8C%BF" * 300])
def test_no_words_break_the_look_up(admin, words):
    make("posts")
    assert get(admin, f"/admin/posts/lookup/category_id?q={words}").status_code < 500
    data = {"_find": "tag_ids", "tag_ids.find": words.replace("%25", "%").replace("%00", "\0")}
    assert post(admin, "/admin/posts/new", data).status_code < 500


@pytest.mark.parametrize("field", ["title", "password_hash", "nonsense", "id", "%00", "..", "x" * 5000, "self", "name"])
def test_only_relations_of_the_form_can_be_looked_up(admin, field):
    assert get(admin, f"/admin/posts/lookup/{field}").status_code in (404, 308)


@pytest.mark.parametrize("token", ["x", "x" * 10_000, "%00", "a.b.c", ".", "%F0%9F%8C%BF", "eyJhIjoxfQ.x.y"])
def test_made_up_links_are_refused_in_words(client, token):
    assert client.get(f"/set-password/{token}").status_code == 400
    assert client.post(f"/set-password/{token}", {"password": "x"}).status_code == 400


@pytest.mark.parametrize(
    "name",
    ["../../config.py", "%2e%2e/config.py", "..%2f..%2fconfig.py", "%00", "app.js%00", "x" * 5000, "C:%5cx", "."],
)
def test_assets_lead_nowhere_else(app, client, name):
    from admin_site.web.assets import digest

    assert get(client, f"/assets/{digest()}/{name}").status_code == 404


# Forms


@pytest.mark.parametrize(("name", "field"), form_fields(*set(Kind) - {Kind.CHOICE}))
def test_nul_is_told_at_its_field(admin, name, field):
    bad = ["", "a\0b"] if registry.get(name).field(field).kind is Kind.RELATIONS else "a\0b"
    response = post(admin, f"/admin/{name}/new", typed(name, **{field: bad}))
    assert response.status_code == 400
    assert has_error(response, field)


@pytest.mark.parametrize(("name", "field"), form_fields(*Kind))
def test_broken_encoding_breaks_nothing(admin, name, field):
    for raw in ("%ED%A0%80", "%FF%FE", "%C0%80", "%E2%80%AE%D7%90", "%F4%90%80%80"):
        body = urlencode({k: v for k, v in typed(name).items() if k != field}, doseq=True) + f"&{field}={raw}"
        assert post_raw(admin, f"/admin/{name}/new", body).status_code < 500, raw


@pytest.mark.parametrize(("name", "field"), form_fields(*set(Kind) - TEXT_KINDS))
@pytest.mark.parametrize("value", ["9" * 22, "-1", "abc", "1e9", "٣", "1,2", "0x10"])
def test_what_cannot_be_is_told_at_its_field(admin, name, field, value):
    kind = registry.get(name).field(field).kind
    bad = ["", value] if kind is Kind.RELATIONS else value
    response = post(admin, f"/admin/{name}/new", typed(name, **{field: bad}))
    if kind is Kind.INTEGER and response.status_code == 302:
        assert value in ("-1", "٣")
        return
    assert response.status_code == 400
    assert has_error(response, field)
    if kind is Kind.INTEGER:
        assert kept(response, field) == value


@pytest.mark.parametrize(("name", "field"), form_fields(Kind.TEXT, Kind.EMAIL, Kind.ISBN))
def test_a_line_too_long_is_told_and_kept(admin, name, field):
    length = registry.get(name).field(field).length or 200
    for text in ("x" * (length + 1), "x" * 300_000):
        response = post(admin, f"/admin/{name}/new", typed(name, **{field: text}))
        assert response.status_code == 400
        assert has_error(response, field)
        assert kept(response, field) == text


@pytest.mark.parametrize(("name", "field"), form_fields(Kind.LONGTEXT, Kind.MARKDOWN))
def test_a_text_too_long_is_told_and_kept(admin, name, field):
    text = "x" * 2_000_000
    response = post(admin, f"/admin/{name}/new", typed(name, **{field: text}))
    assert response.status_code == 400
    assert has_error(response, field)
    assert text in response.text


def test_the_longest_text_of_the_widest_letters_is_stored(admin):
    """A million letters that fold to eighteen each."""
    response = post_parts(admin, "/admin/notes/new", title="Wide", content="ﷺ" * 1_000_000)
    assert response.status_code in (302, 400)


@pytest.mark.parametrize("name", NAMES)
def test_words_of_any_script_and_template_are_stored_as_they_are(cast, admin, name):
    section = registry.get(name)
    texts = (
        "{{7*7}}",
        "${7*7} %s {0.__class__}",
        "\u202eabc\u202c \u200f",
        "<b>&amp;",
        "🌿" * 40,
        "'; DROP TABLE x; --",
    )
    field = section.title_columns[0]
    for text in texts:
        response = post(admin, f"/admin/{name}/new", typed(name, **{field: text, "_next": "edit"}))
        assert response.status_code == 302
        number = int(re.search(r"/(\d+)/edit", response.location).group(1))
        db.session.rollback()
        assert getattr(reads.find(cast.system, section, number), field) == text.strip()
        assert admin.get(response.location).status_code == 200
        assert admin.get(f"/admin/{name}/{number}").status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_every_value_twice_is_one_value(admin, name):
    values = typed(name)
    twice = urlencode([*values.items(), *values.items(), ("csrf_token", admin.token)], doseq=True)
    assert post_raw(admin, f"/admin/{name}/new", twice).status_code in (302, 400)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_form_names_what_is_required(admin, name):
    response = admin.post(f"/admin/{name}/new")
    required = [
        f.name for f in registry.get(name).all_fields.values() if f.required and not f.fixed and f.default is None
    ]
    missing = [field for field in required if field in registry.get(name).form and not has_error(response, field)]
    assert response.status_code == 400
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_unknown_fields_change_nothing(cast, admin, name):
    number = make(name)
    data = dict.fromkeys(("nonsense", "id", "live", "password_hash", "__class__", "self", "csrf", "[]", "a.b", ""), "1")
    assert post(admin, f"/admin/{name}/{number}/edit", data | {"version": "1"}).status_code == 302
    assert reads.find(cast.system, registry.get(name), number).version == 1


@pytest.mark.parametrize(("name", "field"), form_fields(*Kind))
def test_a_file_where_a_value_belongs_is_told(admin, name, field):
    data = typed(name)
    data[field] = (io.BytesIO(b"abc"), "a.txt")
    response = post(admin, f"/admin/{name}/new", data)
    assert response.status_code == 400
    assert has_error(response, field)


@pytest.mark.parametrize("version", ["", "0", "-1", "abc", "9" * 30, "9" * 5000, "1.0", "\0"])
def test_a_made_up_version_saves_nothing(cast, admin, version):
    number = make("notes", title="Stays")
    response = admin.post(f"/admin/notes/{number}/edit", {"title": "Lost", "version": version})
    assert response.status_code == 409
    assert reads.find(cast.system, registry.get("notes"), number).title == "Stays"


@pytest.mark.parametrize("version", ["0", "-1", "abc", "9" * 30, "\0"])
def test_a_made_up_version_deletes_nothing(cast, admin, version):
    number = make("notes")
    post(admin, f"/admin/notes/{number}/delete", {"version": version})
    assert reads.find(cast.system, registry.get("notes"), number).live == 1


@pytest.mark.parametrize(
    "back", ["&" * 300, "\0", "page=" + "9" * 30, "q=" + "x" * 20_000, "=&=", "%", "%FF", "a=" * 900]
)
@pytest.mark.parametrize("action", ["edit", "delete", "pin"])
def test_saving_survives_any_way_back(admin, action, back):
    number = make("notes")
    data = {"title": "New", "content": "New", "version": "1", "is_pinned": "1", "back": back}
    response = post(admin, f"/admin/notes/{number}/{action}", data)
    assert response.status_code == 302
    assert response.location.startswith("/admin/notes/")


@pytest.mark.parametrize("extra", [{"_next": "nonsense"}, {"_find": "nonsense"}, {"_find": ""}, {"_next": "\0"}])
def test_unknown_buttons_are_harmless(admin, extra):
    assert post(admin, "/admin/notes/new", typed("notes") | extra).status_code in (200, 302)


def test_far_too_many_relations_are_told(admin):
    body = urlencode([("title", "x"), ("content", "y"), *(("tag_ids", number) for number in range(1, 70_000))])
    response = post_raw(admin, "/admin/posts/new", body)
    assert response.status_code in (400, 413)
    assert len(response.text) < 2_000_000


@pytest.mark.parametrize("name", ["posts", "categories", "tags", "books", "users"])
@pytest.mark.parametrize("value", ["a\0b", "", "x" * 300_000, "%ED%A0%80", "!!!", "9780306406157"])
def test_no_new_value_breaks_a_restore(cast, admin, name, value):
    number = make(name)
    with atomic():
        trash.trash(cast.system, registry.get(name), number)
    data = dict.fromkeys([*registry.get(name).unique, "live", "nonsense"], value)
    assert post(admin, f"/admin/{name}/{number}/restore", data).status_code in (302, 400, 409)


# Signing in and the account


@pytest.mark.parametrize(
    "value", ["\0", "x" * 10_000, "x" * 2_000_000, "' OR 1=1 --", "\u202e", "{{7*7}}", "ı@x.example", ""]
)
def test_no_words_break_signing_in(client, value):
    assert client.post("/login", {"email": value, "password": "x"}).status_code == 400
    assert client.post("/login", {"email": "a@example.org", "password": value}).status_code == 400


@pytest.mark.parametrize("name", ["\0", "x" * 201, "x" * 2_000_000])
def test_a_wrong_name_is_told_on_the_account_page(admin, name):
    response = admin.post("/account", {"name": name})
    assert response.status_code == 400
    assert has_error(response, "name")


@pytest.mark.parametrize("value", ["\0", "x" * 100_000, "\u202e", "", "nonsense"])
def test_no_words_break_the_account(cast, admin, value):
    for path in ("", "/password", "/appearance"):
        response = post(
            admin, f"/account{path}", dict.fromkeys(("name", "current", "password", "theme", "density"), value)
        )
        assert response.status_code < 500
    assert admin.get("/account").status_code == 200


@pytest.mark.parametrize("password", ["\0" * 20, "x" * 5000, "password", "12345678", "\u202e" * 8])
def test_a_weak_password_is_told_at_its_field(cast, admin, password):
    from tests.cast import PASSWORD

    response = admin.post("/account/password", {"current": PASSWORD, "password": password})
    assert response.status_code in (302, 400)
    assert (response.status_code == 302) or has_error(response, "password")


# Bodies and headers


def test_a_body_over_eight_megabytes_is_refused(admin):
    for path in ("/admin/notes/new", "/login", "/account", "/logout"):
        assert post_raw(admin, path, "content=" + "x" * (8 * 1024 * 1024)).status_code == 413
    response = post_parts(admin, "/admin/notes/new", content="x" * (9 * 1024 * 1024))
    assert response.status_code == 413
    assert "8 MB" in response.text


@pytest.mark.parametrize("path", ["/login", "/admin/students/new"])
def test_sixty_thousand_fields_are_refused(admin, path):
    body = urlencode(typed("students")) + "".join(f"&x{number}=" for number in range(60_000))
    assert post_raw(admin, path, body).status_code in (400, 413)
    assert list(relations.titles(registry.get("students").model, range(1, 10))) == []


def test_too_many_parts_are_refused(admin):
    response = post_parts(admin, "/admin/notes/new", **{f"x{number}": "1" for number in range(3_000)})
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary="),
        (b"--x\r\nContent-Disposition: form-data; name=title\r\n\r\nabc", "multipart/form-data; boundary=x"),
        (b"--x\r\n" + b"\r\n" * 50_000, "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: " + b"a;" * 50_000 + b"\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; title="a"\r\n\r\nabc\r\n--x--', "multipart/form-data; boundary=x"),
        (b"title=a", "multipart/form-data; boundary=" + "x" * 5000),
        (b"\xff\xfe\x00", FORM),
        (b"title=%", FORM),
        (b"title=a", f"{FORM}; charset=utf-16"),
        (b"title=a", f"{FORM}; charset=nonsense"),
        (b'{"title": "a"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"<a/>", "text/xml"),
        (b"title=a", "text/plain"),
        (b"title=a", ""),
        (b"title=a", "\x7f/;;;="),
    ],
)
def test_odd_bodies_are_told(admin, body, content_type):
    response = post_raw(admin, "/admin/notes/new", body, content_type)
    assert response.status_code in (400, 413, 415)
    assert "<h1" in response.text


HEADERS = (
    ("Cookie", "session=" + "x" * 8000), ("Cookie", "session=.eJw.x.y"), ("Cookie", ";;;=;session"),
    ("Cookie", "session=\xff"), ("Cookie", "remember_token=1|x"), ("Content-Length", "abc"), ("Content-Length", "-1"),
    ("User-Agent", "\xff" * 20_000), ("Referer", "//x.example\xff"), ("Accept", "x" * 20_000), ("Range", "bytes=9-1"),
    ("If-None-Match", "x" * 9000), ("If-Modified-Since", "9999"), ("X-Forwarded-For", "x" * 9000),
    ("X-CSRFToken", "x" * 9000), ("Authorization", "Basic \xff"), ("Transfer-Encoding", "nonsense"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "value"), HEADERS, ids=lambda text: text[:20])
def test_odd_headers_break_nothing(client, admin, name, value):
    from admin_site.web.assets import digest

    for path in ("/login", "/healthz", "/admin/", f"/assets/{digest()}/app.css", "/nowhere"):
        for person in (client, admin):
            assert get(person, path, headers={name: value}).status_code < 500, path


@pytest.mark.parametrize("agent", ["x" * 20_000, "\u202e", "{{7*7}}", "<b>"])
def test_any_browser_may_sign_in(cast, client, agent):
    from tests.cast import PASSWORD

    data = {"email": cast.viewer.email, "password": PASSWORD}
    sent = agent.encode("utf-8", "ignore").decode("latin-1")
    assert client.post("/login", data, headers={"User-Agent": sent}).status_code == 302
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    "host", ["a b", "x.example/..", "x" * 300, "x.example:abc", "<b>", "@x.example", "x.example\\y"]
)
def test_a_host_that_cannot_be_is_refused(client, host):
    for path in ("/login", "/admin/", "/nowhere"):
        response = get(client, path, headers={"Host": host})
        assert response.status_code < 500
        assert host not in response.headers.get("Location", "")


@pytest.mark.parametrize(
    "path", ["/%", "/%00", "/admin/%00/", "/%FF", "/" + "x" * 60_000, "/admin/notes/%0d%0aX:1", "/;", "/.."]
)
def test_odd_addresses_are_missing(admin, client, path):
    assert get(client, path).status_code in (308, 404)
    assert get(admin, path).status_code in (308, 404)


def test_people_and_statuses_are_written_as_text(cast):
    """Their markup is put together by hand for lists: names and values stay text there."""
    hostile = "<b id=x>\"&'"
    field = registry.get("posts").field("status")
    people = (templating.person(hostile, 1), templating.avatar(hostile, 1, big=True))
    for markup in map(str, (*people, templating.status(field, hostile))):
        assert "<b" not in markup
        assert markup.count("<") == markup.count(">") == 2 * markup.count("</")
    assert str(icon("x", 'a"b><i>')).startswith('<svg class="icon a&#34;b&gt;&lt;i&gt;" aria-hidden=true><use href="')


def test_what_is_kept_for_markup_is_not_given_for_text():
    """Markup equals the text that it is made of; what is written of them is not the same."""
    assert "<i>x" in templating.person(Markup("<i>x</i>"), 7)
    assert "<i>x" not in templating.person("<i>x</i>", 7)


def test_a_row_that_nothing_may_be_done_to_is_whole(cast, sign_in):
    """Its letters are none."""
    make("categories", name="Shelf")
    assert soup(sign_in(cast.viewer).get("/admin/categories/")).select_one("tr > td:last-child")["data-may"] == ""
