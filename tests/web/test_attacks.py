"""Attacks that sister projects fell to. The numbers are rows of the design's table of attacks."""

import hashlib
import logging
import re
import threading
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta
from itertools import product
from urllib.parse import quote

import pytest
import time_machine
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from jinja2 import TemplateError
from sqlalchemy import func, select
from sqlalchemy import update as change_rows
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from admin_site import create_app, sections
from admin_site.accounts import invitations, passwords
from admin_site.accounts import sessions as sessions_of
from admin_site.accounts.models import LoginSession, Role, Throttle, User, user_roles
from admin_site.config import SettingError
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import AppError
from admin_site.core.section import Kind
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet
from admin_site.records import paging, reads, trash, writes
from admin_site.web import identity
from tests.cast import PASSWORD, Cast, make_user, role_id
from tests.client import RAW_TOKEN, Client, soup
from tests.factories import make, values_of

sections.register_all()
# Payloads meet the program, not the database: one is enough; tests/web/test_hostile.py asks all three.
pytestmark = pytest.mark.databases("sqlite")

NAMES = tuple(registry.by_name())
CONTENT = tuple(name for name in NAMES if name != "users")
# What anybody may ask for.
PUBLIC = {"/assets/<version>/<path:name>", "/healthz", "/readyz", "/", "/login", "/logout", "/set-password/<token>"}
OTHER = "five different words for tomorrow"


def fill(rule, number=1):
    """An address of a rule."""
    words = {"name": "app.css", "field_name": "author_id", "version": "x", "token": "x"}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: words.get(match.group(1), str(number)), rule)


def addresses(app, method, number=1):
    return sorted({fill(rule.rule, number) for rule in app.url_map.iter_rules() if method in rule.methods})


def find(name, number, **more):
    return reads.find(Cast.system, registry.get(name), number, **more)


def update(name, number, values, actor=Cast.system):
    with atomic():
        return writes.update(actor, registry.get(name), number, values)


def to_trash(name, number):
    with atomic():
        trash.trash(Cast.system, registry.get(name), number)


def deeds():
    """How much has been done so far: every write opens a change set."""
    db.session.rollback()
    tables = (ChangeSet, LoginSession)
    return [db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def send(client, method, path, **more):
    """One bare request in a context of its own, as on a server."""
    db.session.rollback()
    return Context().run(client.http.open, path, method=method, **more)


def log_in(client, actor, password=PASSWORD, **more):
    return client.post("/login", {"email": actor.email, "password": password} | more)


def is_out(client):
    response = client.get("/account")
    return response.status_code == 302 and response.location.startswith("/login")


def cookie_of(client):
    return client.http.get_cookie("session").value


def thief_of(client):
    """Another browser with a copy of the cookie."""
    other = Client(client.app)
    other.http.set_cookie("session", cookie_of(client))
    return other


def without_noise(text):
    """A page without what differs from answer to answer."""
    text = re.sub(r'nonce="[^"]*"', "", text)
    return re.sub(r'name="csrf_token" value="[^"]*"', "", text)


# A-01 .. A-05: signing in


def test_a01_unknown_and_known_addresses_are_answered_alike(cast, client):
    known = client.post("/login", {"email": cast.viewer.email, "password": "wrong"})
    unknown = client.post("/login", {"email": cast.viewer.email.replace("viewer", "nobody"), "password": "wrong"})
    assert known.status_code == unknown.status_code == 400
    pages = [without_noise(answer.text).replace("nobody", "viewer") for answer in (known, unknown)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("who", ["known", "unknown", "disabled", "without password", "not an address", "nul"])
def test_a01_everybody_costs_one_hash(cast, client, monkeypatch, who):
    viewer = cast.viewer
    make_user("nohash", password="")
    if who == "disabled":
        update("users", viewer.id, {"is_active": False})
    known = {"known": viewer.email, "disabled": viewer.email, "without password": "nohash@example.org", "nul": "a\0b"}
    client.post("/login", {"email": "first@example.org", "password": "x"})
    compared = []
    check = passwords.bcrypt.checkpw
    monkeypatch.setattr(passwords.bcrypt, "checkpw", lambda *words: compared.append(words) or check(*words))
    assert client.post("/login", {"email": known.get(who, "nobody"), "password": "wrong"}).status_code == 400
    assert len(compared) == 1


@pytest.mark.parametrize(
    "password", ["x" * 73, "x" * 10_000, "a\0b", "\0", "🌿" * 100, "%ED%A0%80", " ", "x" * 1_000_000]
)
def test_a02_no_password_breaks_signing_in(cast, client, password):
    assert log_in(client, cast.viewer, password).status_code == 400


def test_a02_a_password_of_a_hundred_bytes_counts_to_its_end(cast, client):
    long = ("ink paper lamp " * 8)[:100]
    update("users", cast.viewer.id, {"password": long})
    assert log_in(client, cast.viewer, long[:-1] + "!").status_code == 400
    assert log_in(client, cast.viewer, long).status_code == 302


@time_machine.travel(datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC), tick=False)
def test_a03_guessing_at_one_account_is_slowed(cast, client):
    answers = [
        client.post(
            "/login",
            {"email": cast.viewer.email, "password": f"wrong {turn}"},
            headers={"X-Forwarded-For": f"10.0.0.{turn}"},
        )
        for turn in range(11)
    ]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert log_in(client, cast.viewer).status_code == 429


def test_a03_the_owner_gets_in_after_the_minute(cast, client):
    for _ in range(11):
        log_in(client, cast.viewer, "wrong")
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert log_in(client, cast.viewer).status_code == 302


@time_machine.travel(datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC), tick=False)  # attempts are counted by the minute
def test_a03_guessing_at_many_accounts_from_one_address_is_slowed(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "LOGIN_RATE_LIMIT", 1)
    answers = [
        send(
            client,
            "POST",
            "/login",
            data={"email": f"u{turn}@example.org", "password": "x"},
            headers={
                "X-CSRFToken": client.token or client.set_session() or client.token,
                "X-Real-IP": f"10.0.0.{turn}",
            },
        ).status_code
        for turn in range(22)
    ]
    assert answers[0] == 400
    assert answers[-1] == 429


@time_machine.travel(datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC), tick=False)
def test_a03_guessing_at_the_present_password_is_slowed(cast, sign_in):
    client = sign_in(cast.viewer)
    answers = [
        client.post("/account/password", {"current": f"wrong {turn}", "password": OTHER}).status_code
        for turn in range(12)
    ]
    assert answers[-1] == 429


def test_a04_a_crowd_that_signs_in_is_turned_away_not_queued(base_app, cast):
    """With every hashing place taken, the next one hears so in seconds."""
    viewer = cast.viewer
    answers = []

    def try_it():
        with base_app.app_context():
            answers.append(log_in(Client(base_app), viewer).status_code)
            db.session.remove()

    taken = 0
    while passwords._turn.acquire(blocking=False):
        taken += 1
    thread = threading.Thread(target=try_it)
    try:
        thread.start()
        thread.join(8)
        answered = list(answers)
    finally:
        for _ in range(taken):
            passwords._turn.release()
        thread.join(60)
    assert answered in ([429], [503])


@pytest.mark.parametrize(
    "email",
    [
        "' OR 1=1 --",
        "viewer@example.org' --",
        "v%",
        "_iewer@example.org",
        "vıewer@example.org",
        "viewer@example.org\0",
        "*",
    ],
)
def test_a05_no_trick_stands_for_an_address(cast, client, email):
    assert cast.viewer.id
    assert client.post("/login", {"email": email, "password": PASSWORD}).status_code == 400


@pytest.mark.parametrize("email", ["VIEWER@EXAMPLE.ORG", " viewer@example.org ", "ｖｉｅｗｅｒ@example.org"])
def test_a05_an_address_is_one_person_however_it_is_written(cast, client, email):
    assert log_in(client, cast.viewer).status_code == 302
    assert send(client, "POST", "/logout", headers={"X-CSRFToken": client.token}).status_code in (302, 400)
    with pytest.raises(AppError):
        make_user("second", email=email.upper())


# links to choose a password


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded", "X-Original-Host"])
def test_a06_links_name_the_configured_address(app, client, monkeypatch, name):
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["localhost"])
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    for path in ("/login", "/", "/admin/notes", "/healthz"):
        response = send(client, "GET", path, headers={name: "evil.example"})
        assert response.status_code == 400 if name == "Host" else response.status_code < 400
        assert "evil.example" not in response.text + str(response.headers)
    response = send(client, "GET", "/api/notes", headers={name: "evil.example"})
    assert response.status_code == 400 if name == "Host" else response.status_code == 401
    assert "evil.example" not in response.text + str(response.headers)
    assert set(response.json) == {"error", "code", "request_id"}


def choose(client, token, password=OTHER):
    return client.post(f"/set-password/{token}", {"password": password, "again": password})


def test_a07_a_link_works_once(cast, client):
    token = invitations.token_for(cast.viewer.id)
    assert choose(client, token).status_code == 302
    assert choose(client, token, PASSWORD).status_code == 400
    assert client.get(f"/set-password/{token}").status_code == 400


@pytest.mark.parametrize("change", [{"password": OTHER}, {"email": "new@example.org"}, {"is_active": False}])
def test_a07_a_link_dies_with_what_it_was_made_for(cast, client, change):
    token = invitations.token_for(cast.viewer.id)
    update("users", cast.viewer.id, change)
    assert choose(client, token).status_code == 400


def test_a07_a_link_dies_after_its_time(cast, client):
    token = invitations.token_for(cast.viewer.id)
    later = clock.now() + invitations.VALID_FOR
    with time_machine.travel(later - timedelta(seconds=5), tick=False):
        assert client.get(f"/set-password/{token}").status_code == 200
    with time_machine.travel(later + timedelta(seconds=2), tick=False):
        assert choose(client, token).status_code == 400


@pytest.mark.parametrize("salt", ["wtf-csrf-token", "cookie-session", "remember", ""])
def test_a07_a_token_made_for_something_else_opens_nothing(app, cast, client, salt):
    from itsdangerous import URLSafeTimedSerializer

    payload = [cast.viewer.id, invitations._fingerprint(cast.viewer.id)]
    token = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt=salt).dumps(payload)
    assert choose(client, token).status_code == 400


def test_a07_a_token_of_another_person_changes_only_theirs(cast, client):
    token = invitations.token_for(cast.viewer.id)
    before = find("users", cast.admin.id).password_hash
    choose(client, token)
    client.post(f"/set-password/{token}?id={cast.admin.id}", {"password": OTHER, "again": OTHER, "id": cast.admin.id})
    assert find("users", cast.admin.id).password_hash == before


# A-08 ..: sessions


def test_a08_signing_in_makes_a_new_session(cast, client):
    client.get("/login")
    planted = cookie_of(client)
    assert log_in(client, cast.viewer).status_code == 302
    assert cookie_of(client) != planted
    other = Client(client.app)
    other.http.set_cookie("session", planted)
    assert is_out(other)


def test_a08_nothing_of_the_time_before_lives_on(cast, client):
    client.set_session(planted="yes")
    log_in(client, cast.viewer)
    with client.http.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != RAW_TOKEN


def test_a09_a_copied_cookie_dies_with_the_log_out(cast, client):
    log_in(client, cast.viewer, remember="1")
    thief = thief_of(client)
    client.set_session()
    assert not is_out(thief)
    assert client.post("/logout").status_code == 302
    assert [path for path in addresses(client.app, "GET") if send(thief, "GET", path).status_code == 200] == [
        "/", "/healthz", "/login", "/posts/", "/posts/categories/", "/questions/", "/readyz",
    ]  # fmt: skip


def by_themselves(cast, sign_in):
    sign_in(cast.viewer).post("/account/password", {"current": PASSWORD, "password": OTHER})


def by_an_administrator(cast, sign_in):
    number = cast.viewer.id
    data = {"password": OTHER, "version": find("users", number).version}
    assert sign_in(cast.admin).post(f"/admin/users/{number}/edit", data).status_code == 302


def by_a_link(cast, sign_in):
    choose(Client(sign_in(cast.admin).app), invitations.token_for(cast.viewer.id))


def by_the_command_line(cast, sign_in):
    runner = sign_in(cast.admin).app.test_cli_runner()
    done = runner.invoke(args=["users", "set-password", cast.viewer.email, "--password-stdin"], input=OTHER + "\n")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("change", [by_themselves, by_an_administrator, by_a_link, by_the_command_line])
@pytest.mark.parametrize("keep", [False, True])
def test_a10_a_new_password_ends_every_other_session(app, cast, sign_in, change, keep):
    victim = Client(app).sign_in(cast.viewer, keep=keep)
    thief = thief_of(victim)
    change(cast, sign_in)
    assert is_out(thief)


@pytest.mark.parametrize("change", ["disable", "delete"])
def test_a11_the_disabled_are_out_at_once(cast, sign_in, change):
    client = sign_in(cast.editor)
    if change == "disable":
        update("users", cast.editor.id, {"is_active": False})
    else:
        to_trash("users", cast.editor.id)
    assert is_out(client)
    assert client.post("/admin/notes/new", {"title": "x", "content": "y"}).location.startswith("/login")


@pytest.mark.parametrize("values", [{"is_active": False}, {"live": None}])
def test_a11_a_session_left_behind_opens_nothing(cast, sign_in, values):
    """Even if nothing had ended it."""
    client = sign_in(cast.editor)
    with atomic():
        db.session.execute(change_rows(User).where(User.id == cast.editor.id).values(values))
    assert is_out(client)


def test_a11_a_role_taken_away_is_gone_at_once(cast, sign_in):
    number = make("notes", cast.owner)
    client = sign_in(cast.editor)
    assert client.get(f"/admin/notes/{number}/edit").status_code == 200
    update("users", cast.editor.id, {"role_ids": [role_id("viewer")]})
    assert client.get(f"/admin/notes/{number}/edit").status_code == 403
    update("users", cast.editor.id, {"role_ids": []})
    assert client.get(f"/admin/notes/{number}").status_code == 404


def forged(app, key, values):
    other = Flask("other")
    other.secret_key = key
    return SecureCookieSessionInterface().get_signing_serializer(other).dumps(values)


@pytest.mark.parametrize("key", ["dev", "changeme", "secret", "x" * 64])
def test_a12_a_cookie_signed_with_another_key_opens_nothing(app, cast, sign_in, key):
    with sign_in(cast.admin).http.session_transaction() as session:
        values = dict(session)
    client = Client(app)
    client.http.set_cookie("session", forged(app, key, values))
    assert is_out(client)


@pytest.mark.parametrize("values", [{"_user_id": "1"}, {"_user_id": None}, {"_user_id": ""}, {}])
def test_a12_a_well_signed_cookie_without_a_session_opens_nothing(app, cast, values):
    assert cast.admin.id
    client = Client(app)
    client.http.set_cookie("session", forged(app, app.config["SECRET_KEY"], values))
    assert is_out(client)


@pytest.mark.parametrize(
    "spoil", [lambda c: c[:-1], lambda c: c[5:], lambda c: "x" + c, lambda c: c * 20, lambda c: ""]
)
def test_a12_a_spoilt_cookie_opens_nothing(cast, sign_in, spoil):
    client = sign_in(cast.admin)
    client.http.set_cookie("session", spoil(cookie_of(client)))
    assert is_out(client)


@pytest.mark.parametrize(
    "key",
    [
        "", "short", "x" * 64, "changeme" * 8, "dev-secret-key-dev-secret-key-0123",
        "django-insecure-0123456789abcdefgh",
        "thisisthesecretkeyofmyflaskapplication", "your-secret-goes-here-0123456789ab",
        "0123456789abcdef0123456789abcdef",
    ],
)  # fmt: skip
def test_a12_production_refuses_a_weak_key(tmp_path, key):
    settings = {"APP_CONFIG": "production", "SECRET_KEY": key, "DATABASE_URL": "sqlite://"}
    with pytest.raises(SettingError, match="SECRET_KEY"):
        create_app(settings, instance_path=str(tmp_path))


@pytest.mark.parametrize(
    ("after", "ended"), [(29, False), (30, True), (31, True), (12 * 60 + 1, True)], ids=["29", "30", "31", "day"]
)
def test_a13_an_idle_session_ends(cast, sign_in, after, ended):
    client = sign_in(cast.viewer)
    with time_machine.travel(clock.now() + timedelta(minutes=after, seconds=1 if ended else 0), tick=False):
        assert is_out(client) is ended


def test_a13_a_used_session_ends_after_twelve_hours(cast, sign_in):
    client, start = sign_in(cast.viewer), clock.now()
    with clock.set_to(start + timedelta(hours=12)), atomic():
        sessions_of.touch(db.session.execute(select(LoginSession.id)).scalar_one())
    with time_machine.travel(start + timedelta(hours=11, minutes=59), tick=False):
        assert not is_out(client)
    with time_machine.travel(start + timedelta(hours=12, seconds=2), tick=False):
        assert is_out(client)


def test_a13_a_page_keeps_the_session_alive_on_a_real_server(cast, sign_in):
    """A server closes the answer when the application's context is gone."""
    client = sign_in(cast.viewer)
    with time_machine.travel(clock.now() + timedelta(minutes=10), tick=False):
        Context().run(lambda: client.http.get("/account").close())
    seen = db.session.execute(select(LoginSession.last_seen_at)).scalar_one()
    assert seen > clock.now() + timedelta(minutes=9)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a17_a_picture_cannot_log_out(cast, sign_in, method):
    client = sign_in(cast.viewer)
    assert send(client, method, "/logout").status_code == 405
    assert not is_out(client)


def test_a17_logging_out_clears_the_browser(cast, sign_in):
    response = sign_in(cast.viewer).post("/logout")
    assert "storage" in response.headers["Clear-Site-Data"]


# Z: permissions


@pytest.mark.parametrize("who", ["anonymous", "stranger"])
def test_z01_no_page_opens_without_a_right(app, cast, client, sign_in, who):
    make("notes", cast.owner, title="Canary of the owner")
    person = client if who == "anonymous" else sign_in(cast.stranger)
    person.set_session()
    open_to_strangers = (
        {"/account", "/admin/", "/admin/arrange", "/admin/search", "/admin/search.json", "/admin/keys"}
        if who == "stranger"
        else set()
    )
    for rule in app.url_map.iter_rules():
        # tests/web/api has those of programs, tests/web/site those of everybody.
        if rule.rule in PUBLIC or rule.rule.startswith(("/account/", "/api/", "/posts/", "/questions/")):
            continue
        for method in rule.methods & {"GET", "POST", "HEAD"}:
            if rule.rule in open_to_strangers:
                continue
            answer = send(person, method, fill(rule.rule), headers={"X-CSRFToken": person.token})
            assert answer.status_code == (302 if who == "anonymous" else 404), f"{method} {rule.rule}"
            assert who != "anonymous" or answer.location.startswith("/login?next=")
            assert "Canary" not in answer.text


@pytest.mark.parametrize("page", ["", "/edit", "/history", "/delete", "/restore"])
def test_z02_a_hidden_row_is_the_same_as_a_missing_one(cast, sign_in, page):
    client = sign_in(cast.editor)
    hidden = client.get(f"/admin/users/{cast.admin.id}{page}")
    missing = client.get(f"/admin/users/999999{page}")
    nowhere = client.get("/admin/nowhere/1")
    assert hidden.status_code == missing.status_code == 404
    assert without_noise(hidden.text) == without_noise(missing.text) == without_noise(nowhere.text)


@pytest.mark.parametrize("name", CONTENT)
def test_z02_a_colleague_changes_nothing_of_the_owners(cast, sign_in, name):
    number = make(name, cast.owner)
    client, before = sign_in(cast.colleague), deeds()
    for page, data in product(("edit", "delete", "pin", "restore"), ({}, {"version": "1", "is_pinned": "1"})):
        assert client.post(f"/admin/{name}/{number}/{page}", values_of(name) | data).status_code in (403, 404)
    assert find(name, number).version == 1
    assert deeds()[1] == before[1]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("notes", {"author_id": "1"}),
        ("notes", {"is_pinned": "1"}),
        ("posts", {"status": "published"}),
        ("posts", {"status": "archived"}),
        ("posts", {"is_pinned": ["0", "1"]}),
        ("answers", {"author_id": "1"}),
        ("comments", {"status": "approved"}),
        ("questions", {"status": "published"}),
        ("questions", {"is_pinned": "1"}),
    ],
)
def test_z03_a_field_that_is_shown_only_cannot_be_sent(cast, sign_in, name, values):
    """Also not together with fields that may be."""
    number = make(name, cast.owner)
    other = str(cast.colleague.id)
    sent = {key: other if key == "author_id" else value for key, value in values.items()} | {"version": "1"}
    client = sign_in(cast.owner)
    assert client.post(f"/admin/{name}/{number}/edit", sent | {"content": "changed"}).status_code == 403
    assert find(name, number).version == 1
    before = deeds()
    assert client.post(f"/admin/{name}/new", values_of(name) | sent).status_code == 403
    assert deeds()[0] - before[0] == len([key for key in values_of(name) if key in ("post_id", "question_id")])


@pytest.mark.parametrize(
    ("name", "who"), [(name, who) for name in NAMES for who in ("owner", "admin") if (name, who) != ("users", "owner")]
)
def test_z05_columns_of_the_program_cannot_be_sent(cast, sign_in, name, who):
    number = make(name, cast.system if name == "users" else cast.owner)
    before = dict(find(name, number)._mapping)
    sent = dict.fromkeys(
        ("id", "live", "created_at", "updated_at", "created_by", "deleted_at", "deleted_in", "password_hash",
        "title_key",
         "name_key", "email_key", "is_superuser", "is_admin", "role", "roles", "published_at"),
        "77",
    )  # fmt: skip
    sign_in(cast.named(who)).post(f"/admin/{name}/{number}/edit", sent | {"version": "1"})
    assert dict(find(name, number)._mapping) == before


def test_z05_people_cannot_raise_themselves_on_their_account_page(cast, sign_in):
    data = {"name": "New", "role_ids": str(role_id("admin")), "is_active": "1", "email": "x@example.org", "id": "1"}
    sign_in(cast.viewer).post("/account", data)
    row = find("users", cast.viewer.id)
    assert (row.name, row.email) == ("New", cast.viewer.email)
    held = db.session.execute(select(user_roles.c.role_id).where(user_roles.c.user_id == cast.viewer.id)).scalars()
    assert list(held) == [role_id("viewer")]


RELATIONS = [
    (s.name, f.name) for s in registry.all_sections() for f in s.all_fields.values() if f.is_relation and not f.fixed
]


@pytest.mark.parametrize(
    ("name", "field", "target"),
    [
        (name, field, target)
        for name, field in RELATIONS
        for target in ("missing", "trashed")
        if (field, target) != ("role_ids", "trashed")  # roles have no trash
    ],
)
def test_z06_a_relation_cannot_point_to_a_row_that_is_not_there(cast, sign_in, name, field, target):
    number = 999_999
    if target == "trashed":
        table = registry.get(name).field(field).target.__tablename__
        number = make(table)
        to_trash(table, number)
    many = registry.get(name).field(field).kind is Kind.RELATIONS
    values = values_of(name) | {field: ["", str(number)] if many else str(number)}
    response = sign_in(cast.admin).post(f"/admin/{name}/new", values)
    assert response.status_code == 400
    assert soup(response).select_one(f"#{field}-error")


@pytest.mark.parametrize("name", CONTENT)
def test_z08_the_trash_is_closed_to_those_who_cannot_restore(cast, sign_in, name):
    section = registry.get(name)
    text = section.title_columns[0]
    number = make(name, cast.owner, **{text: "Canary in the trash"})
    to_trash(name, number)
    for who in ("viewer", "owner", "colleague"):
        client = sign_in(cast.named(who))
        assert client.get(f"/admin/{name}/trash").status_code == 403
        assert client.get(f"/admin/{name}/{number}/restore").status_code in (403, 404)
        assert client.post(f"/admin/{name}/{number}/restore").status_code in (403, 404)
        for page in ("", "/edit", "/history", "/delete"):
            answer = client.get(f"/admin/{name}/{number}{page}")
            assert answer.status_code in (403, 404)
            assert "Canary" not in answer.text


@pytest.mark.parametrize("who", ["viewer", "owner", "stranger"])
@pytest.mark.parametrize(("name", "field"), [(n, f) for n, f in RELATIONS if n != "users"])
def test_z08_look_ups_need_the_right_to_set(cast, sign_in, name, field, who):
    allowed = who == "owner" and registry.get(name).field(field).write is None
    answer = sign_in(cast.named(who)).get(f"/admin/{name}/lookup/{field}")
    assert answer.status_code == (200 if allowed else 404 if who == "stranger" else 403)


def test_z08_look_ups_offer_nothing_of_the_trash(cast, sign_in):
    kept, gone = make("categories", name="Kept"), make("categories", name="Gone")
    to_trash("categories", gone)
    client = sign_in(cast.owner)
    assert client.get("/admin/posts/lookup/category_id").json == {"items": [{"id": str(kept), "title": "Kept"}]}
    assert "Gone" not in client.get("/admin/posts/new").text
    assert "Gone" not in client.post("/admin/posts/new", {"_find": "category_id", "category_id.find": "gone"}).text


def test_z08_filters_offer_only_what_visible_rows_show(cast, sign_in):
    to_trash("notes", make("notes", author_id=make_user("canary").id))
    make("notes", author_id=make_user("shown").id)
    client = sign_in(cast.viewer)
    pages = "".join(client.get(f"/admin/notes/{page}").text for page in ("", "filters", "?find.author_id=a"))
    assert "Shown" in pages
    assert "Canary" not in pages


@pytest.mark.parametrize("words", ["author_id={id}", "author_id__ne={id}", "created_by={id}", "author_id__in=1,{id}"])
def test_z08_a_filter_does_not_tell_names_that_no_row_shows(cast, sign_in, words):
    """A relation's title is readable with the row that shows it, not by trying numbers."""
    hidden = make_user("canary")
    page = sign_in(cast.viewer).get(f"/admin/notes/?{words.format(id=hidden.id)}")
    assert page.status_code == 200
    assert "Canary" not in page.text


def test_z08_a_form_does_not_tell_titles_of_the_trash(cast, sign_in):
    number = make("categories", name="Canary in the trash")
    to_trash("categories", number)
    client = sign_in(cast.owner)
    assert "Canary" not in client.get(f"/admin/posts/new?category_id={number}").text
    assert "Canary" not in client.post("/admin/posts/new", {"category_id": str(number)}).text
    assert "Canary" not in client.get(f"/admin/posts/?category_id={number}").text


HIDDEN = (
    "password_hash",
    "password",
    "title_key",
    "live",
    "deleted_at",
    "deleted_in",
    "author.password_hash",
    "nonsense",
)


@pytest.mark.parametrize("field", HIDDEN)
@pytest.mark.parametrize("operator", ["", "__contains", "__gte", "__in", "__isnull", "__ne"])
def test_z09_a_filter_on_a_hidden_column_answers_nothing(cast, sign_in, field, operator):
    make("users")
    client = sign_in(cast.admin)
    answers = []
    for value in ("$2b$", "zzz", "1", "0"):
        page = client.page(f"/admin/users/?{field}{operator}={quote(value)}")
        assert "There is no filter" in page.select_one("main").text
        answers.append([row.get("href") for row in page.select("table.list tbody th a")])
    assert answers[0]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    "order", ["password_hash", "-password_hash", "password", "live", "title_key", "users.password_hash"]
)
def test_z09_a_list_is_not_sorted_by_a_hidden_column(cast, sign_in, order):
    client = sign_in(cast.admin)
    plain, sorted_ = (client.page(f"/admin/users/{words}") for words in ("", f"?sort={order}"))
    assert "cannot be sorted by" in sorted_.select_one("main").text
    rows = [[cell.text for cell in page.select("table.list tbody th")] for page in (plain, sorted_)]
    assert rows[0] == rows[1]


def test_z09_the_search_does_not_look_at_hidden_columns(cast, sign_in):
    stored = find("users", cast.admin.id).password_hash
    page = sign_in(cast.admin).page(f"/admin/users/?q={quote(stored[7:20])}")
    assert page.select("table.list tbody tr") == []


@pytest.mark.parametrize("who", ["viewer", "owner", "editor"])
def test_z10_nobody_below_an_administrator_touches_people(cast, sign_in, who):
    actor = cast.named(who)
    client = sign_in(actor)
    raised = {"role_ids": str(role_id("admin")), "version": "1"}
    for number, page in product((actor.id, cast.admin.id), ("edit", "delete", "restore")):
        assert client.post(f"/admin/users/{number}/{page}", raised).status_code == 404
    assert client.post("/admin/users/new", values_of("users") | raised).status_code == 404
    assert find("users", cast.admin.id).version == 1


@pytest.mark.parametrize("sent", [{"is_active": "0"}, {"role_ids": ""}, {"role_ids": ["", "viewer"]}])
def test_z10_the_last_administrator_stays(cast, sign_in, sent):
    client = sign_in(cast.admin)
    if "viewer" in sent.get("role_ids", ""):
        sent = {"role_ids": ["", str(role_id("viewer"))]}
    response = client.post(f"/admin/users/{cast.admin.id}/edit", sent | {"version": "1"})
    assert response.status_code == 409
    assert "last active administrator" in response.text
    client.post(f"/admin/users/{cast.admin.id}/delete", {"version": "1"})
    assert client.get("/admin/users/").status_code == 200


@pytest.mark.parametrize("how", ["disable", "demote", "trash"])
def test_z10_administrators_cannot_all_remove_each_other_at_once(base_app, cast, how):
    people = [cast.admin, *(make_user(f"admin{number}", "admin") for number in range(5))]

    def remove(number):
        with base_app.app_context():
            try:
                if how == "trash":
                    to_trash("users", number)
                else:
                    update("users", number, {"is_active": False} if how == "disable" else {"role_ids": []})
            except AppError:
                pass
            finally:
                db.session.remove()

    threads = [threading.Thread(target=remove, args=(person.id,)) for person in people for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    db.session.rollback()
    left = (
        select(func.count())
        .select_from(User)
        .join(user_roles, user_roles.c.user_id == User.id)
        .join(Role, Role.id == user_roles.c.role_id)
        .where(User.live == 1, User.is_active, Role.name == "admin")
    )
    assert db.session.execute(left).scalar_one() == 1


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "PROPFIND", "BOGUS"])
def test_z11_odd_methods_are_refused_everywhere(app, cast, sign_in, method):
    client, number = sign_in(cast.admin), make("notes")
    before = deeds()
    taken = {rule.rule for rule in app.url_map.iter_rules() if method in rule.methods}
    assert all(address.startswith("/api/") for address in taken)
    for rule in app.url_map.iter_rules():
        if rule.rule not in taken:
            answer = send(client, method, fill(rule.rule, number), headers={"X-CSRFToken": client.token})
            assert answer.status_code in (400, 405), f"{method} {rule.rule}"
    assert deeds() == before


@pytest.mark.parametrize("who", ["anonymous", "stranger", "viewer"])
def test_z11_head_follows_the_rules_of_get(app, cast, client, sign_in, who):
    person = client if who == "anonymous" else sign_in(cast.named(who))
    number = make("notes", cast.owner)
    for path in addresses(app, "GET", number):
        get, head = send(person, "GET", path), send(person, "HEAD", path)
        assert (get.status_code, head.data) == (head.status_code, b""), path


def test_z11_head_changes_nothing(app, cast, sign_in):
    """It carries no token, so it must not be taken for the form that was sent."""
    client, number = sign_in(cast.admin), make("notes", title="Gone")
    to_trash("notes", number)
    before = deeds()
    for path in addresses(app, "GET", number):
        send(client, "HEAD", path)
    assert deeds() == before
    assert find("notes", number, trashed=True).title == "Gone"


def test_z11_head_counts_as_no_attempt_to_sign_in(client):
    for _ in range(3):
        send(client, "HEAD", "/login")
    assert db.session.execute(select(func.count()).select_from(Throttle)).scalar_one() == 0


def test_z11_options_tell_methods_only(app, cast, client):
    make("notes", cast.owner, title="Canary")
    for path in addresses(app, "OPTIONS"):
        answer = send(client, "OPTIONS", path)
        assert answer.data == b"" or answer.status_code != 200
        assert "Canary" not in answer.text


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method", "_method"])
def test_z11_no_header_or_field_changes_the_method(cast, sign_in, name):
    number = make("notes")
    client = sign_in(cast.admin)
    send(client, "GET", f"/admin/notes/{number}/delete?_method=POST", headers={name: "POST"} if name[0] == "X" else {})
    send(client, "POST", "/admin/notes/new", data={name: "DELETE", "csrf_token": client.token}, headers={"X-Y": "1"})
    assert find("notes", number).live == 1


@pytest.mark.parametrize(
    "path", ["/ADMIN/notes/", "/admin/Notes/", "/admin/notes/1/", "/admin/notes;/", "/admin/notes/1.json",
    "/admin/./notes/",
             "/admin/notes/%2e%2e/users/", "/admin/x/..%2fnotes/", "/admin\\notes/", "/admin/notes/new/",
             "/admin//users/"]
)  # fmt: skip
def test_z11_no_other_spelling_opens_a_page(cast, sign_in, path):
    make("notes", cast.owner, title="Canary")
    for actor in (cast.stranger, cast.editor):
        answer = send(sign_in(actor), "GET", path)
        assert answer.status_code in (308, 404)
        assert "Canary" not in answer.text


def crawl(client, app, number):
    for path in addresses(app, "GET", number):
        for words in ("", "?sort=-title&q=e", f"?author_id={number}", f"?created_by={number}", "?q=cnry"):
            yield path + words, send(client, "GET", path + words)


@pytest.mark.parametrize("who", ["viewer", "owner", "editor"])
def test_z12_what_belongs_to_people_is_in_no_byte_that_others_get(app, cast, sign_in, who):
    """Their name is shown with their rows, nothing else of them."""
    private = {"email": "cnry-a@example.org", "address": "cnry-b", "city": "cnry-c", "state": "cnry-d", "age": 77}
    person = make("users", username="cnry-e", name="Shown Name", **private)
    for name in ("notes", "posts", "answers"):
        make(name, author_id=person)
    client = sign_in(cast.named(who))
    found = [path for path, answer in crawl(client, app, person) if re.search(rb"cnry-[a-e]", answer.data)]
    assert found == []


def test_z12_secrets_are_in_no_byte_that_anybody_gets(app, cast, sign_in):
    number = cast.admin.id
    client = sign_in(cast.admin)
    client.post("/account/password", {"current": PASSWORD, "password": OTHER})
    stored = find("users", number).password_hash
    with client.http.session_transaction() as session:
        token = session["_user_id"]
    secrets = (stored, stored[7:29], token, hashlib.sha256(token.encode()).hexdigest(), OTHER, app.config["SECRET_KEY"])
    for path, answer in crawl(client, app, number):
        sent = answer.get_data() + str(answer.headers).encode()
        assert not [secret for secret in secrets if secret.encode() in sent], path


@pytest.mark.parametrize("page", ["edit", "delete", "pin"])
def test_z14_a_right_taken_away_while_the_form_was_open_is_gone(cast, sign_in, page):
    number = make("notes", cast.owner)
    client = sign_in(cast.editor)
    client.get(f"/admin/notes/{number}/{page}" if page != "pin" else "/admin/notes/")
    update("users", cast.editor.id, {"role_ids": [role_id("viewer")]})
    data = {"title": "x", "content": "y", "version": "1", "is_pinned": "1"}
    assert client.post(f"/admin/notes/{number}/{page}", data).status_code == 403
    assert find("notes", number).version == 1


# C: requests from elsewhere


@pytest.mark.parametrize("token", ["none", "empty", "made up", "of another session", "of the time before"])
def test_c01_every_change_needs_the_token_of_its_session(app, cast, sign_in, token):
    number = make("notes", cast.owner)
    client = sign_in(cast.admin)
    with client.http.session_transaction() as session:
        session["csrf_token"] = "1" * 40
    tokens = {"empty": "", "made up": "x.y.z", "of another session": client.token, "of the time before": client.token}
    data = {"csrf_token": tokens[token]} if token in tokens else {}
    before, theme = deeds(), find("users", cast.admin.id).version
    for path in addresses(app, "POST", number):
        answer = send(client, "POST", path, data=data | {"title": "x", "content": "y", "version": "1"})
        assert answer.status_code == 400, path
        as_header = send(client, "POST", path, data=b"", headers={"X-CSRFToken": data.get("csrf_token", "")})
        assert as_header.status_code == 400, path
    assert deeds() == before
    assert find("users", cast.admin.id).version == theme


def test_c01_the_token_of_a_session_dies_with_it(cast, client):
    log_in(client, cast.viewer)
    page = client.page("/account")
    token = page.select_one("input[name=csrf_token]")["value"]
    send(client, "POST", "/logout", data={"csrf_token": token})
    assert send(client, "POST", "/login", data={"csrf_token": token, "email": "x", "password": "y"}).status_code == 400
    assert send(client, "POST", "/account", data={"csrf_token": token, "name": "x"}).status_code == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://", "*"])
def test_c03_no_other_site_may_read(app, cast, sign_in, origin):
    client = sign_in(cast.admin)
    for method, path in product(("GET", "OPTIONS"), addresses(app, "GET")):
        answer = send(client, method, path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert [name for name, _ in answer.headers if name.lower().startswith("access-control")] == []


def test_c04_no_page_stands_in_a_frame(app, cast, sign_in):
    client = sign_in(cast.admin)
    for path in addresses(app, "GET"):
        headers = send(client, "GET", path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"


def test_c05_signing_in_needs_a_token(cast, client):
    answer = send(client, "POST", "/login", data={"email": cast.viewer.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert deeds()[1] == 0


def test_c05_signing_in_replaces_whoever_was_signed_in(cast, client):
    log_in(client, cast.viewer)
    thief = thief_of(client)
    client.set_session()
    assert log_in(client, cast.editor).status_code == 302
    assert is_out(thief)
    assert cast.editor.email in client.get("/account").text


# X: scripts

PAYLOADS = (
    "<xss-canary>",
    '"><xss-canary>',
    "'><xss-canary>",
    "</title><xss-canary>",
    "</textarea><xss-canary>",
    "</script><xss-canary>",
    "<img src=x onerror=alert(1) class=xss-canary>",
    "<svg/onload=alert(1) class=xss-canary>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover=alert(1) x='",
    "javascript:alert(1)",
    "{{7*7}}<xss-canary>",
    "<!--<xss-canary>-->",
    "&lt;xss-canary&gt;<xss-canary>",
    "\u202e<xss-canary>",
    "<a href=javascript:alert(1) class=xss-canary>",
    "]]><xss-canary>",
    "<xss-canary\n>",
    "＜xss-canary＞",
    "<math><xss-canary></math>",
    "<iframe srcdoc='<xss-canary>' class=xss-canary>",
    "<body onload=alert(1)><xss-canary>",
    "<style>@import'x'</style><xss-canary>",
    "<link rel=stylesheet href=//x class=xss-canary>",
    "<meta http-equiv=refresh content=0 class=xss-canary>",
    "<base href=//x class=xss-canary>",
    "<object data=x class=xss-canary>",
    "<embed src=x class=xss-canary>",
    "<details open ontoggle=alert(1) class=xss-canary>",
    "<video><source onerror=alert(1) class=xss-canary>",
    "<form action=javascript:alert(1) class=xss-canary>",
    "<button formaction=javascript:alert(1) class=xss-canary>",
    "<input autofocus onfocus=alert(1) class=xss-canary>",
    "<svg><script class=xss-canary>alert(1)</script></svg>",
    "</option></select><xss-canary>",
    "</template><xss-canary>",
    "--><xss-canary>",
    '\\"><xss-canary>',
    "%3Cxss-canary%3E<xss-canary>",
    "<noscript><p title='</noscript><xss-canary>'>",
    "&#60;xss-canary&#62;<xss-canary>",
    "` onclick=alert(1) <xss-canary>",
)


def check_inert(response):
    page = soup(response)
    assert page.select("xss-canary, .xss-canary, math") == []
    attributes = {name for element in page.select("*") for name in element.attrs}
    assert not [name for name in attributes if name.startswith("on")]
    links = [
        element.get(name) or ""
        for element in page.select("[href], [src], [action]")
        for name in ("href", "src", "action")
    ]
    assert not [link for link in links if link.strip().lower().startswith(("javascript:", "data:", "vbscript:"))]


@pytest.mark.parametrize("name", NAMES)
def test_x01_text_is_text_on_every_page(cast, sign_in, name):
    section = registry.get(name)
    lines = [f.name for f in section.all_fields.values() if f.kind is Kind.TEXT and not f.fixed]
    texts = [f.name for f in section.all_fields.values() if f.kind in (Kind.LONGTEXT, Kind.MARKDOWN)]
    client = sign_in(cast.admin)
    for place, payload in enumerate(PAYLOADS if name == "posts" else PAYLOADS[:9:4]):
        unique = {field: f"{payload}{place}"[: section.field(field).length] for field in lines}
        number = make(name, **unique | dict.fromkeys(texts, payload * 3))
        update(name, number, {field: f"{place}{payload}"[: section.field(field).length] for field in lines + texts})
        for page in ("", "/edit", "/history", "/delete"):
            check_inert(client.get(f"/admin/{name}/{number}{page}"))
        client.post(f"/admin/{name}/{number}/delete", {"version": "2"})
        check_inert(client.get(f"/admin/{name}/trash"))
        check_inert(client.get(f"/admin/{name}/{number}/restore"))
        client.post(f"/admin/{name}/{number}/restore")
        check_inert(client.get(f"/admin/{name}/"))
    check_inert(client.get("/admin/"))
    check_inert(client.get("/account"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_x01_titles_of_relations_are_text(cast, sign_in, payload):
    category, tag = make("categories", name=payload), make("tags", name=payload)
    post = make("posts", category_id=category, tag_ids=[tag])
    make("comments", post_id=post, content=payload)
    client = sign_in(cast.admin)
    for path in (
        "",
        str(post),
        f"{post}/edit",
        f"{post}/history",
        f"{post}/delete",
        f"?category_id={category}&tag_ids={tag}",
    ):
        check_inert(client.get(f"/admin/posts/{path}"))
    update("users", cast.admin.id, {"name": payload})
    check_inert(client.get("/admin/posts/"))
    check_inert(client.get("/account"))
    check_inert(client.get("/admin/nowhere"))
    check_inert(client.get("/account", headers={"User-Agent": payload.encode().decode("latin-1").replace("\n", "")}))


@pytest.mark.parametrize("payload", PAYLOADS[:9:2])
def test_x01_what_was_refused_is_shown_as_text(cast, client, sign_in, payload):
    admin = sign_in(cast.admin)
    for name in NAMES:
        fields = dict.fromkeys(
            (*registry.get(name).form, *(f"{field}.find" for field in registry.get(name).form)), payload
        )
        check_inert(admin.post(f"/admin/{name}/new", fields | {"back": payload, "version": payload}))
        check_inert(admin.post(f"/admin/{name}/new", fields | {"_find": payload}))
    check_inert(client.post("/login", {"email": payload, "password": payload, "next": payload}))
    check_inert(admin.post("/account", {"name": payload + "x" * 300}))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_x04_what_the_address_says_is_shown_as_text(cast, client, sign_in, payload):
    admin, word = sign_in(cast.admin), quote(payload, safe="")
    number = make("posts")
    names = ("q", "sort", "page", "per_page", "pinned", "title", "title__contains", "status", "back", "find.author_id",
             "next", "url", "_anchor", "before", "category_id", "updated_at__gte", word)  # fmt: skip
    for page in ("", "new", "trash", f"{number}", f"{number}/edit", f"{number}/delete", f"{number}/history"):
        check_inert(admin.get(f"/admin/posts/{page}?" + "&".join(f"{name}={word}" for name in names)))
    for path in (
        f"/{word}",
        f"/admin/{word}",
        f"/admin/posts/lookup/{word}",
        f"/set-password/{word}",
        f"/login?next={word}",
    ):
        check_inert(client.get(path))


def test_x04_answers_for_programs_are_not_pages(cast, sign_in):
    make("tags", name="<xss-canary>")
    answer = sign_in(cast.admin).get("/admin/posts/lookup/tag_ids")
    assert answer.mimetype == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# I: input that means something elsewhere

BREAKS = (
    "%0d%0aX-Evil:%201",
    "%0aX-Evil:1",
    "%E5%98%8A%E5%98%8DX-Evil:1",
    "%0d%0a%0d%0a<xss-canary>",
    "\u2028X-Evil:1",
)


@pytest.mark.parametrize("text", BREAKS)
def test_i03_no_header_can_be_written(cast, client, sign_in, text):
    admin, number = sign_in(cast.admin), make("notes")
    from urllib.parse import unquote

    raw = unquote(text)
    answers = [
        send(client, "GET", f"/admin/notes/{text}"), send(client, "GET", f"/login?next=/{text}"),
        admin.get(f"/admin/notes/?q={text}"),
        client.post("/login", {"email": raw, "password": "x", "next": f"/{raw}"}),
        admin.post(f"/admin/notes/{number}/edit", {"version": "1", "title": f"a{raw}", "back": f"q={text}"}),
        admin.post("/admin/notes/new", {"title": raw, "content": raw, "back": raw, "_next": "edit"}),
    ]  # fmt: skip
    for answer in answers:
        assert "X-Evil" not in answer.headers
        assert all("\n" not in value and "\r" not in value for value in answer.headers.values())


def test_i03_one_event_is_one_line_of_the_log(app, client, monkeypatch, caplog):
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr("admin_site.web.login.invitations.user_of", lambda _token: 1 / 0)
    with caplog.at_level(logging.INFO):
        send(client, "GET", "/set-password/x%0aERROR forged line")
    assert [record.getMessage() for record in caplog.records if "\n" in record.getMessage()] == []


@pytest.mark.parametrize("name", NAMES)
def test_i04_templates_in_text_stay_text(cast, sign_in, name):
    section = registry.get(name)
    text = "{{7*7}} {% raw %} ${7*7} #{7*7} <%= 7*7 %> %s %(x)s {0.__class__} {}"
    number = make(name, **{section.title_columns[0]: text})
    client = sign_in(cast.admin)
    for page in ("", f"{number}", f"{number}/edit", f"{number}/history", f"{number}/delete"):
        answer = client.get(f"/admin/{name}/{page}")
        assert answer.status_code == 200
        assert "{{7*7}}" in answer.text
        assert "49 " not in soup(answer).select_one("h1").text


TARGETS = (
    "https://evil.example", "http://evil.example", "//evil.example", "///evil.example", "////evil.example",
    "/\\evil.example",
    "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "//localhost\\@evil.example", "//localhost@evil.example",
    "https:evil.example", "https:/evil.example", "https:\\evil.example", "http:evil.example", "HTTPS://evil.example",
    "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "\x01https://evil.example",
    "\x00//evil.example", "/\r//evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)",
    "data:text/html,x", "vbscript:x", "//evil.example/%2e%2e", "//%65vil.example", "/%09/evil.example",
    "/%5cevil.example",
    "/%2fevil.example", "//evil.example:80\\@localhost/", "/.evil.example", "//[::1]", "//0x7f.1", "／／evil.example",
    "/／evil.example", "\u2028//evil.example", "\u3000//evil.example", "//evil。example", "https://localhost@evil.example/",
    "https://localhost.evil.example", "?next=//evil.example", "#//evil.example", "@evil.example",
    ".evil.example", "/..//evil.example",
    "/;@evil.example", "/admin/../../..//evil.example", "ftp://evil.example", "://evil.example",
    "/\x0b/evil.example", "/\x85/evil.example",
)  # fmt: skip


def leads_away(location):
    """As a browser reads it: blanks and control characters at the ends and line ends inside are dropped, \\ is /."""
    seen = re.sub(r"[\t\n\r]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    return not seen.startswith("/") or seen.startswith("//")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: ascii(target)[1:-1])
def test_i05_next_leads_only_within(cast, client, sign_in, target):
    word = quote(target, safe="")
    asked = soup(client.get(f"/login?next={word}")).select_one("input[name=next]")["value"]
    assert not leads_away(asked)
    signed_in = send(sign_in(cast.viewer), "GET", f"/login?next={word}")
    posted = client.post("/login", {"email": cast.viewer.email, "password": PASSWORD, "next": target})
    for answer in (signed_in, posted):
        assert answer.status_code == 302
        assert not leads_away(answer.location)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: ascii(target)[1:-1])
def test_i05_back_leads_only_to_the_list(cast, sign_in, target):
    client, word = sign_in(cast.admin), quote(target, safe="")
    number = make("notes")
    for page in (f"{number}", f"{number}/edit", "new"):
        links = client.page(f"/admin/notes/{page}?back={word}&url={word}&next={word}").select("a[href]")
        assert [link["href"] for link in links if leads_away(link["href"]) and link["href"][0] != "#"] == []
    data = {"title": "x", "content": "y", "back": target, "url": target, "next": target, "is_pinned": "1"}
    for page in ("new", f"{number}/edit", f"{number}/pin", f"{number}/delete"):
        version = find("notes", number).version
        answer = client.post(
            f"/admin/notes/{page}?url={word}", data | {"version": str(version)}, headers={"Referer": "//e.x"}
        )
        assert answer.status_code == 302
        assert answer.location.startswith("/admin/notes/")


ORIG = Exception("column password_hash of relation users SELECT secret")
FAILURES = (
    IntegrityError("INSERT INTO users", {"password_hash": "$2b$"}, ORIG), DataError("SELECT password_hash", {}, ORIG),
    OperationalError("SELECT password_hash", {}, ORIG), TemplateError("password_hash SELECT"),
    RuntimeError("SELECT password_hash"),
    KeyError("password_hash SELECT"), RecursionError("SELECT"), MemoryError("SELECT"),
)  # fmt: skip


@contextmanager
def failing(monkeypatch, app, where, error):
    def fail(*_args, **_more):
        raise error

    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    with monkeypatch.context() as patch:
        patch.setattr(where[0], where[1], fail)
        yield


def check_says_nothing(response):
    assert not re.search(r"SELECT|INSERT|password_hash|\$2b|Traceback|\.py|sqlalchemy|site-packages", response.text)
    assert "no-store" in response.headers["Cache-Control"]
    assert soup(response).select_one("h1")


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_i08_failures_say_nothing_of_the_inside(app, cast, sign_in, monkeypatch, error):
    client = sign_in(cast.admin)
    client.get("/admin/")
    with failing(monkeypatch, app, (paging, "page"), error):
        response = client.get("/admin/notes/")
    expected = {OperationalError: 503, IntegrityError: 409}
    assert response.status_code == expected.get(type(error), 500)
    check_says_nothing(response)


@pytest.mark.parametrize("error", FAILURES[:3], ids=lambda error: type(error).__name__)
def test_i08_a_failed_save_says_nothing_of_the_inside(app, cast, sign_in, monkeypatch, error):
    client = sign_in(cast.admin)
    with failing(monkeypatch, app, (writes, "_write"), error):
        response = client.post("/admin/notes/new", {"title": "x", "content": "y"})
    assert response.status_code in (400, 409, 500, 503)
    check_says_nothing(response)


def test_i08_a_database_that_is_away_is_told_in_words(app, cast, sign_in, monkeypatch):
    client = sign_in(cast.admin)
    with failing(monkeypatch, app, (identity.manager, "_user_callback"), FAILURES[2]):
        response = send(client, "GET", "/admin/")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    check_says_nothing(response)


def test_i08_the_reference_that_people_read_is_in_the_log(app, cast, sign_in, monkeypatch, caplog):
    client = sign_in(cast.admin)
    with failing(monkeypatch, app, (paging, "page"), RuntimeError("boom")):
        reference = soup(client.get("/admin/notes/")).select_one("code").text
    assert reference in caplog.text


def test_i08_what_was_typed_stays_out_of_the_log(app):
    """The text of a database error has its parameters unless they are hidden."""
    assert db.engine.hide_parameters


# U, H: forms, caches, debugging, headers


def test_u02_history_of_a_long_text_is_read_in_time(cast, sign_in):
    """Words compared with words must not cost the cube of their number."""
    number = make("notes", cast.owner, content="." * 400)
    update("notes", number, {"content": "a." * 200})
    client = sign_in(cast.viewer)
    before = _cpu()
    assert client.get(f"/admin/notes/{number}/history").status_code == 200
    assert _cpu() - before < 0.5


def test_u02_a_wide_address_is_not_folded_at_the_door(client):
    """Eighteen letters come of each."""
    body = ("email=" + "%EF%B7%BA" * 300_000 + "&password=x").encode()
    client.set_session()
    before = _cpu()
    answer = send(
        client,
        "POST",
        "/login",
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-CSRFToken": client.token},
    )
    assert answer.status_code == 400
    assert _cpu() - before < 0.7


def _cpu():
    import time

    return time.thread_time()


def test_h02_no_cache_keeps_a_page(app, cast, client, sign_in):
    for person in (client, sign_in(cast.admin)):
        paths = [*addresses(app, "GET"), "/admin/x.css", "/admin/notes/x.js", "/nowhere.css"]
        for path in paths:
            headers = send(person, "GET", path).headers
            assert headers["Cache-Control"] == "no-store", path
            assert "Cookie" in headers["Vary"], path


def test_h02_assets_are_the_same_for_everybody(cast, client, sign_in):
    from admin_site.web.assets import digest

    seen = []
    for person in (client, sign_in(cast.admin)):
        answer = send(person, "GET", f"/assets/{digest()}/app.js")
        seen.append(answer.get_data())
        answer.close()
        assert "Set-Cookie" not in answer.headers
        assert "immutable" in answer.headers["Cache-Control"]
    assert seen[0] == seen[1]


PRODUCTION = {"APP_CONFIG": "production", "SECRET_KEY": "b3f1c09e7d5a48629f0e1d2c3b4a5968", "DATABASE_URL": "sqlite://"}


@pytest.mark.parametrize(
    ("line", "environment"),
    [("DEBUG = True", {}), ("", {"FLASK_DEBUG": "1"}), ("", {"FLASK_DEBUG": "true"}), ("TESTING = True", {}),
     ("WTF_CSRF_ENABLED = False", {}), ("PROPAGATE_EXCEPTIONS = True", {}), ("SECRET_KEY = 'dev'", {"SECRET_KEY": ""})],
)  # fmt: skip
def test_h03_production_refuses_to_start_open(tmp_path, monkeypatch, line, environment):
    (tmp_path / "config.py").write_text(line)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError):
        create_app(
            {**PRODUCTION, **{k: v for k, v in environment.items() if k in PRODUCTION}}, instance_path=str(tmp_path)
        )


def test_h03_the_cookie_of_production_is_for_this_host_alone(tmp_path):
    app = create_app(PRODUCTION, instance_path=str(tmp_path))
    answer = app.test_client().get("/login", base_url="https://admin.example.org")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert word in cookie
    assert "Domain" not in cookie
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


WORKSHOP = (
    "/console", "/debug", "/.git/config", "/instance/config.py", "/static/x", "/admin/static/x", "/metrics",
    "/admin/fileadmin/", "/admin/rediscli/", "/../config.py",
)  # fmt: skip


@pytest.mark.parametrize("path", WORKSHOP)
def test_h03_nothing_of_the_workshop_is_served(client, path):
    assert send(client, "GET", path).status_code == 404


WANTED = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cache-Control",
          "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy")  # fmt: skip


def test_h04_every_answer_carries_the_headers(app, cast, client, sign_in, monkeypatch):
    from admin_site.web.assets import digest

    admin = sign_in(cast.admin)
    number = make("notes")
    requests = [
        (method, path) for method in ("GET", "POST", "OPTIONS", "PUT") for path in addresses(app, "OPTIONS", number)
    ]
    requests += [("GET", path) for path in ("/nowhere", f"/assets/{digest()}/app.css", "/assets/x/y", "/admin/notes")]
    for person, (method, path) in product((client, admin), requests):
        answer = send(person, method, path)
        assert [name for name in WANTED if name not in answer.headers] == [], f"{method} {path} {answer.status_code}"
    large = send(admin, "POST", "/admin/notes/new", data=b"x" * (9 * 1024 * 1024))
    assert [name for name in WANTED if name not in large.headers] == []
    with failing(monkeypatch, app, (paging, "page"), RuntimeError()):
        assert [name for name in WANTED if name not in send(admin, "GET", "/admin/notes/").headers] == []


def test_h04_the_policy_has_no_hole(cast, sign_in):
    client = sign_in(cast.admin)
    first, second = (client.get("/admin/").headers["Content-Security-Policy"] for _ in range(2))
    assert first != second
    assert "unsafe" not in first
    assert "*" not in first
    for word in ("default-src 'none'", "base-uri 'none'", "form-action 'self'", "script-src 'nonce-"):
        assert word in first


def test_h04_attempts_are_counted_under_a_digest(cast, client):
    log_in(client, cast.viewer, "wrong")
    subjects = db.session.execute(select(Throttle.subject)).scalars().all()
    assert subjects
    assert all(re.fullmatch("[0-9a-f]{64}", subject) for subject in subjects)
