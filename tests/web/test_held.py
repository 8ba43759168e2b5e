"""What was sent when nobody was signed in any more is held in the page, and sent once more after signing in."""

import json

import pytest
from sqlalchemy import delete, func, select

from admin_site.accounts.models import LoginSession
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records.drafts import Draft
from admin_site.web.held import Held, read
from tests.cast import PASSWORD
from tests.client import Client, filled, soup
from tests.factories import make

OURS = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"}
HOSTILE = "<script>alert(1)</script>\"'</textarea>\r\nünïcode 𝄞"
ELSEWHERE = [
    {},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "http://localhost.evil.example"},
]


@pytest.fixture
def note(cast):
    return make("notes", title="Fern", content="Water it.")


def title_of(number):
    db.session.rollback()
    columns = registry.get("notes").table.columns
    return db.session.execute(select(columns.title).where(columns.id == number)).scalar_one()


def drafts_kept():
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(Draft)).scalar()


def end_sessions():
    """As an administrator does, or a new password."""
    with atomic():
        db.session.execute(delete(LoginSession))


def log_in(client, page, person, password=PASSWORD):
    """Fill in the sign-in page as it stands."""
    form = filled(page, "form") | {"email": person.email, "password": password}
    return client.http.post("/login", data=form, headers=OURS)


def send(client, page):
    """Press the button of the page that asks whether to send it now."""
    form = page.select_one("form")
    return client.http.post(form["action"], data=filled(page, "form"), headers=OURS)


@pytest.mark.parametrize("headers", [OURS, {"Origin": "http://localhost"}], ids=["fetch-metadata", "origin"])
def test_what_was_typed_goes_on_after_signing_in_again(cast, sign_in, note, headers):
    editor = sign_in(cast.editor)
    end_sessions()
    sent = {"title": "Moss", "content": HOSTILE, "version": "1"}
    answer = editor.post(f"/admin/notes/{note}/edit", sent, headers=headers)
    assert (answer.status_code, title_of(note)) == (401, "Fern")
    asked = log_in(editor, soup(answer), cast.editor)
    assert (asked.status_code, title_of(note)) == (200, "Fern")
    page = soup(asked)
    assert "was not done" in page.text
    assert "ünïcode" in page.select_one("details").text
    saved = send(editor, page)
    assert (saved.status_code, title_of(note)) == (302, "Moss")
    assert drafts_kept() == 0
    content = registry.get("notes").table.columns.content
    assert db.session.execute(select(content)).scalar_one() == HOSTILE.replace("\r\n", "\n")


def test_a_wrong_password_in_between_loses_nothing(cast, sign_in, note):
    editor = sign_in(cast.editor)
    end_sessions()
    answer = editor.post(f"/admin/notes/{note}/edit", {"title": "Moss", "content": "x", "version": "1"}, headers=OURS)
    refused = log_in(editor, soup(answer), cast.editor, "not the password")
    assert refused.status_code == 400
    send(editor, soup(log_in(editor, soup(refused), cast.editor)))
    assert title_of(note) == "Moss"


def test_a_form_of_the_session_before_is_sent_by_the_new_one(cast, sign_in, note):
    """Signed out and in again in another tab: the form has the token of the session before."""
    editor = sign_in(cast.editor)
    form = {"title": "Moss", "content": "x", "version": "1", "csrf_token": "of another session"}
    answer = editor.post(f"/admin/notes/{note}/edit", form, headers=OURS)
    assert (answer.status_code, title_of(note)) == (400, "Fern")
    assert send(editor, soup(answer)).status_code == 302
    assert title_of(note) == "Moss"


def test_without_any_cookie_it_goes_on_too(app, cast, note):
    """Cookies were cleared while somebody typed."""
    client = Client(app)
    form = {"title": "Moss", "content": "x", "version": "1", "csrf_token": "of another session"}
    answer = client.http.post(f"/admin/notes/{note}/edit", data=form, headers=OURS)
    assert answer.status_code == 401
    asked = log_in(client, soup(answer), cast.editor)
    assert send(client, soup(asked)).status_code == 302
    assert title_of(note) == "Moss"


def test_a_deed_on_many_rows_goes_on_as_well(cast, sign_in, note):
    editor = sign_in(cast.editor)
    form = filled(editor.page(f"/admin/notes/bulk?deed=edit&ids={note}"), "main form[method=post]")
    end_sessions()
    sent = form | {"csrf_token": editor.token, "step": "preview", "title": "Moss", "op.title": "set"}
    answer = editor.post("/admin/notes/bulk", sent, headers=OURS)
    assert answer.status_code == 401
    again = send(editor, soup(log_in(editor, soup(answer), cast.editor)))
    assert again.status_code == 200
    assert "Moss" in soup(again).main.text


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_nothing_is_held_of_what_another_site_or_a_script_sent(cast, sign_in, note, headers):
    editor = sign_in(cast.editor)
    form = {"title": "Moss", "csrf_token": "of another session"}
    answer = editor.post(f"/admin/notes/{note}/edit", form, headers=headers)
    assert answer.status_code == 400
    assert "Moss" not in answer.text
    end_sessions()
    answer = editor.post(f"/admin/notes/{note}/edit", {"title": "Moss"}, headers=headers)
    assert (answer.status_code, answer.location) == (302, f"/login?next=/admin/notes/{note}/edit")


@pytest.mark.parametrize("headers", ELSEWHERE[1:2] + ELSEWHERE[4:])
def test_the_sign_in_page_holds_nothing_that_another_site_put_there(app, cast, note, headers):
    written = Held(f"/admin/notes/{note}/delete", [["title", "Moss"]]).written()
    client = Client(app)
    answer = client.http.post("/login", data={"held": written, "csrf_token": "none"}, headers=headers)
    assert answer.status_code == 400
    assert "held" not in answer.text
    answer = client.http.post("/login", data={"held": written, "csrf_token": "none"}, headers=OURS)
    assert soup(answer).select_one("[name=held]")["value"] == written


def test_another_person_who_signs_in_sees_nothing_of_it(cast, sign_in, note):
    person = cast.editor.id
    client = sign_in(cast.admin)
    written = Held(f"/admin/notes/{note}/edit", [["title", "Nobody else"]], person).written()
    client.post("/logout")
    login = client.page("/login")
    form = filled(login, "form") | {"held": written, "email": cast.admin.email, "password": PASSWORD}
    answer = client.http.post("/login", data=form)
    assert answer.status_code == 302
    assert "Nobody else" not in answer.text


def test_a_password_is_not_held(cast, sign_in):
    admin = sign_in(cast.admin)
    end_sessions()
    sent = {"name": "Ada", "email": "ada@example.org", "password": "seven words that nobody said"}
    answer = admin.post("/admin/users/new", sent, headers=OURS)
    assert answer.status_code == 401
    assert "Ada" in answer.text
    assert "seven words" not in answer.text


def test_what_is_too_large_is_not_held(app, cast, sign_in, note):
    editor = sign_in(cast.editor)
    end_sessions()
    sent = {"title": "Moss", "version": "1", "content": "é" * (app.config["MAX_CONTENT_LENGTH"] // 9)}
    assert editor.post(f"/admin/notes/{note}/edit", sent, headers=OURS).status_code == 302
    sent["content"] = "é" * (app.config["MAX_CONTENT_LENGTH"] // 20)
    answer = editor.post(f"/admin/notes/{note}/edit", sent, headers=OURS)
    assert answer.status_code == 401
    assert send(editor, soup(log_in(editor, soup(answer), cast.editor))).status_code in (302, 400)


@pytest.mark.parametrize(
    "raw",
    [
        "", "x", "[]", "null", "{}", "[" * 100_000, '{"path":"/admin/","fields":[["a"]],"person":null}',
        '{"path":"/admin/","fields":7,"person":null}', '{"path":"/admin/","fields":[],"person":"1"}',
        '{"path":"/admin/","fields":[],"person":true}', '{"path":"//evil.example/admin/","fields":[],"person":null}',
        '{"path":"/login","fields":[],"person":null}', '{"path":"/admin/\\n","fields":[],"person":null}',
        '{"path":"https://evil.example/","fields":[],"person":null}',
        '{"path":"/admin/x","fields":[["a","\\ud800"]],"person":null}',
        '{"path":"/admin/\\udfff","fields":[],"person":null}',
        '{"path":"/admin/","fields":[["\\u0000","b"]],"person":null}',
    ],
)  # fmt: skip
def test_what_nobody_wrote_is_held_by_nobody(cast, client, raw):
    assert read(raw) is None
    page = client.page("/login")
    form = filled(page, "form") | {"held": raw, "email": cast.editor.email, "password": PASSWORD}
    assert client.http.post("/login", data=form, headers=OURS).location == "/admin/"


def test_what_is_held_is_read_as_it_was_written():
    held = Held("/admin/notes/1/edit?back=q", [["title", HOSTILE], ["tag_ids", "1"], ["tag_ids", "2"]], 7)
    assert read(held.written()) == held
    assert json.loads(held.written())["person"] == 7
