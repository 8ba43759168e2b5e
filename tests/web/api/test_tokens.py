"""Who calls: tokens and their scopes, the session cookie with its header, and how often one may call."""

import os
import re
from contextvars import Context
from datetime import timedelta

import pytest
import redis
import time_machine
from sqlalchemy import func, select, update

from admin_site import create_app, sections
from admin_site.accounts import tokens
from admin_site.accounts.models import ApiToken
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet
from admin_site.records import trash, writes
from tests.api_client import Program, check
from tests.cast import PASSWORD, Cast, role_id
from tests.client import RAW_TOKEN, Client, filled, soup
from tests.factories import make, values_of

sections.register_all()
NAMES = tuple(registry.by_name())
# What is asked of the program and not of the database is asked once.
on_one = pytest.mark.databases("sqlite")

# The right that each call of a section needs, as the contract has it. A new call must be named here.
NEEDED = {
    ("GET", ""): "read", ("POST", ""): "create", ("GET", "/search"): "read", ("POST", "/bulk"): "bulk_edit",
    ("GET", "/<int:id>"): "read", ("PUT", "/<int:id>"): "update", ("PATCH", "/<int:id>"): "update",
    ("DELETE", "/<int:id>"): "delete", ("POST", "/<int:id>/restore"): "restore", ("GET", "/<int:id>/history"): "read",
}  # fmt: skip
# The calls that belong to no section: what they answer to a token without any scope for a section.
BESIDE = {
    ("GET", "/api/search"): 200, ("GET", "/api/openapi.json"): 200, ("GET", "/api/docs"): 200,
    ("GET", "/api/jobs/<int:id>"): 404, ("POST", "/api/jobs/<int:id>/undo"): 404,
}  # fmt: skip
# A right beside the sections: a token that has only this may do nothing here.
NOTHING = "site.settings"


def routes(app):
    """Every call of the API: method and rule."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    return sorted((method, rule.rule) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"})


def of_section(app, name):
    return [(method, rule) for method, rule in routes(app) if re.match(rf"/api/{name}(/|$)", rule)]


def token(actor, *scopes, **more):
    """A new token of this person: its number and its secret."""
    with atomic():
        return tokens.create(actor.id, "tests", scopes=scopes or None, **more)


def deeds():
    """How much has been done so far: every write opens a change set."""
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(ChangeSet)).scalar_one()


def change(name, number, **values):
    with atomic():
        writes.update(Cast.system, registry.get(name), number, values)


def to_trash(name, number):
    with atomic():
        trash.trash(Cast.system, registry.get(name), number)


def send(client, method, path, status=None, **more):
    """A bare call of whoever is signed in at this client."""
    db.session.rollback()
    response = Context().run(client.http.open, path, method=method, **more)
    db.session.rollback()
    if path.startswith("/api/") and path != "/api/docs":
        check(response)
    if status is not None:
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text[:300]}"
    return response


# Tokens that are not valid


def end(how, actor, number):
    """Make a token end in one of the ways in which tokens end."""
    if how == "revoked":
        with atomic():
            tokens.revoke(actor, number)
    elif how == "disabled":
        change("users", actor.id, is_active=False)
    else:
        to_trash("users", actor.id)


@pytest.mark.parametrize("how", ["revoked", "disabled", "trashed"])
def test_a_token_that_has_ended_is_401_on_every_call(app, cast, how):
    number, secret = token(cast.editor)
    person, note = Program(app, secret), make("notes")
    person.get("/api/notes")
    end(how, cast.editor, number)
    done = deeds()
    for method, path, body in (
        ("GET", "/api/notes", None), ("GET", f"/api/notes/{note}", None), ("POST", "/api/notes", values_of("notes")),
        ("PATCH", f"/api/notes/{note}", {"title": "x"}), ("DELETE", f"/api/notes/{note}", None),
        ("GET", "/api/openapi.json", None), ("GET", "/api/search?q=a", None), ("POST", "/api/jobs/1/undo", None),
    ):  # fmt: skip
        answer = person.send(method, path, body, status=401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert deeds() == done


def test_a_token_ends_at_its_very_moment(app, cast):
    until = clock.now() + timedelta(days=30)
    _number, secret = token(cast.editor, expires_at=until)
    person = Program(app, secret)
    for moment, status in ((until - timedelta(seconds=1), 200), (until, 401), (until + timedelta(days=400), 401)):
        with time_machine.travel(moment, tick=False):
            person.get("/api/notes", status=status)


@on_one
def test_no_other_word_is_a_token(app, cast):
    _number, secret = token(cast.admin)
    hashed = db.session.execute(select(ApiToken.token_hash)).scalar_one()
    wrong = (
        "", "Bearer", "Bearer ", secret, f"Basic {secret}", f"Token {secret}", f"Bearer {secret}x",
        f"Bearer {secret[:-1]}",
        f"Bearer {secret.upper()}", f"Bearer {secret.removeprefix('adm_')}", f"Bearer {hashed}", f"Bearer adm_{hashed}",
        f"Bearer {secret} {secret}", f"Bearer {secret},{secret}", "Bearer adm_", "Bearer adm_%",
        "Bearer adm_' OR 1=1 --",
        "Bearer adm_é", "Bearer adm_" + "x" * 100_000, "Bearer null", f'Bearer "{secret}"', f"Bearer={secret}",
    )  # fmt: skip
    for word in wrong:
        Program(app).get("/api/notes", headers={"Authorization": word}, status=401)
    for word in (f"Bearer {secret}", f"bearer {secret}", f"BEARER   {secret} "):
        Program(app).get("/api/notes", headers={"Authorization": word})


@pytest.mark.parametrize("how", ["revoked", "expired", "wrong", "empty", "basic"])
def test_a_broken_token_is_never_better_than_none_beside_a_valid_session(cast, sign_in, how):
    number, secret = token(cast.viewer, expires_at=clock.now() + timedelta(minutes=5))
    client = sign_in(cast.admin)
    headers = {"Authorization": f"Bearer {secret}", "X-CSRFToken": client.token}
    if how == "revoked":
        end(how, cast.viewer, number)
    if how in ("wrong", "empty", "basic"):
        headers["Authorization"] = {"wrong": "Bearer adm_wrong", "empty": "", "basic": "Basic YTpi"}[how]
    note, done = make("notes"), deeds()
    with time_machine.travel(clock.now() + timedelta(minutes=10 if how == "expired" else 0), tick=False):
        for method, path, body in (
            ("GET", "/api/notes", None), ("POST", "/api/notes", values_of("notes")),
            ("DELETE", f"/api/notes/{note}", None),
            ("GET", "/api/openapi.json", None),
        ):  # fmt: skip
            answer = send(client, method, path, 401, json=body, headers=headers)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert deeds() == done
    del headers["Authorization"]
    send(client, "DELETE", f"/api/notes/{note}", 200, headers=headers)


@on_one
def test_a_token_speaks_for_its_owner_whoever_is_signed_in(cast, sign_in):
    _number, secret = token(cast.viewer)
    client, note = sign_in(cast.admin), make("notes")
    headers = {"Authorization": f"Bearer {secret}", "X-CSRFToken": client.token}
    send(client, "DELETE", f"/api/notes/{note}", 403, headers=headers)
    send(client, "GET", "/api/users", 404, headers=headers)


@on_one
def test_a_token_counts_in_its_header_alone(app, cast, client):
    _number, secret = token(cast.admin)
    nobody = Program(app)
    for name in ("access_token", "token", "api_key", "Authorization", "authorization", "bearer"):
        assert nobody.get(f"/api/notes?{name}={secret}", status=401)
        assert nobody.get(f"/api/notes?{name}=Bearer%20{secret}", status=401)
        nobody.send("POST", "/api/notes", status=401, data={name: secret, "title": "a", "content": "b"})
        nobody.post("/api/notes", {name: secret, "title": "a", "content": "b"}, status=401)
        client.http.set_cookie(name, secret)
        client.http.set_cookie("session", secret)
        send(client, "GET", "/api/notes", 401)
    for name in ("X-Api-Key", "X-Auth-Token", "Proxy-Authorization", "X-Authorization", "X-Forwarded-Authorization"):
        nobody.get("/api/notes", headers={name: f"Bearer {secret}"}, status=401)
    assert deeds() == 1  # who the token is for


@on_one
def test_a_token_opens_no_page(app, cast):
    make("notes")
    headers = {"Authorization": f"Bearer {token(cast.admin)[1]}"}
    done, asked = deeds(), 0
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", "1", rule.rule)
        for method in rule.methods - {"OPTIONS"}:
            nobody, holder = Client(app), Client(app)
            said = [
                send(nobody, method, path), send(holder, method, path, headers=headers)
            ]  # fmt: skip
            assert said[0].status_code == said[1].status_code, path
            assert said[0].headers.get("Location") == said[1].headers.get("Location"), path
            asked += 1
    assert asked > 100
    assert deeds() == done


# Scopes


@on_one
@pytest.mark.parametrize("name", NAMES)
def test_a_token_does_what_its_scopes_name_on_every_call(app, cast, program, name):
    reads = [scope for scope in tokens.known_scopes() if scope.endswith(".read")]
    reader, every = program(cast.admin, *reads), program(cast.admin)
    strangers = program(cast.admin, NOTHING), program(cast.admin, *others_of(name))
    for method, rule in of_section(app, name):
        needed = NEEDED[method, rule.removeprefix(f"/api/{name}")]
        good = 201 if (method, rule) == ("POST", f"/api/{name}") else 200
        also = [f"{name}.delete"] if needed == "bulk_edit" else []  # what the call does to each row
        narrow = program(cast.admin, *reads, f"{name}.{needed}", *also)
        most = program(cast.admin, *(scope for scope in tokens.known_scopes() if scope != f"{name}.{needed}"))
        path, body = call_of(name, method, rule)
        done = deeds()
        for person in strangers:
            person.send(method, path, body, status=404)
        reader.send(method, path, body, status=good if needed == "read" else 403)
        most.send(method, path, body, status=404 if needed == "read" else 403)
        assert deeds() == done
        narrow.send(method, path, body, status=good)
        path, body = call_of(name, method, rule)
        every.send(method, path, body, status=good)


@on_one
def test_a_scope_without_the_scope_to_read_is_worth_nothing(app, cast, program):
    """Who may not read a section or a row is answered as if there were none."""
    answers = {}
    for method, rule in of_section(app, "notes"):
        needed = NEEDED[method, rule.removeprefix("/api/notes")]
        if needed != "read":
            path, body = call_of("notes", method, rule)
            answers[method, rule] = program(cast.admin, f"notes.{needed}").send(method, path, body).status_code
    assert answers == dict.fromkeys(answers, 404)


def call_of(name, method, rule):
    """The address and the body of a call that does something, each time to another row."""
    number = make(name)
    if rule.endswith("/restore"):
        to_trash(name, number)
    path = rule.replace("<int:id>", str(number)) + ("?q=heron" if rule.endswith("/search") else "")
    if rule.endswith("/bulk"):
        return path, {"ids": [number], "action": "delete", "dry_run": True}
    if method in ("PUT", "PATCH"):
        return path, {registry.get(name).title_columns[0]: f"Grey heron {number}"}
    return path, values_of(name) if (method, rule) == ("POST", f"/api/{name}") else None


def others_of(name):
    return [scope for scope in tokens.known_scopes() if not scope.startswith(f"{name}.")]


@on_one
def test_calls_beside_the_sections_show_only_what_the_scopes_name(app, cast, program):
    beside = {call for call in routes(app) if not any(call in of_section(app, name) for name in NAMES)}
    assert beside == set(BESIDE)
    make("notes", title="Grey heron")
    make("posts", title="Grey heron")
    nothing, notes = program(cast.admin, NOTHING), program(cast.admin, "notes.read")
    for (method, rule), status in BESIDE.items():
        if rule != "/api/docs":  # a page
            path = rule.replace("<int:id>", "1") + ("?q=heron" if rule == "/api/search" else "")
            nothing.send(method, path, status=status)
    assert nothing.get("/api/search?q=heron")["count"] == 0
    found = notes.get("/api/search?q=heron")
    assert (found["count"], len(found["notes"])) == (1, 1)
    assert "posts" not in found
    assert "users" not in found


@on_one
def test_what_a_row_points_to_is_shown_by_title_alone_without_its_scope(cast, program):
    person = program(cast.admin, "posts.read")
    category = make("categories", name="Birds", slug="secret-slug")
    number = make("posts", category_id=category)
    for path in (f"/api/posts/{number}?expand=category_id", "/api/posts?expand=category_id"):
        answer = person.send("GET", path, status=200)
        shown = answer.json["posts"][0] if "posts" in answer.json else answer.json
        assert shown["category"] == {"id": category, "title": "Birds"}
        assert "secret-slug" not in answer.text


@on_one
def test_scopes_are_asked_for_each_field_too(cast, program):
    number = make("posts")
    person = program(cast.admin, "posts.read", "posts.update")
    person.patch(f"/api/posts/{number}", {"status": "published"}, status=403)
    person.patch(f"/api/posts/{number}", {"is_pinned": True}, status=403)
    person.patch(f"/api/posts/{number}", {"status": "review"})
    program(cast.admin, "posts.read", "posts.update", "posts.publish").patch(
        f"/api/posts/{number}", {"status": "published"}
    )
    program(cast.admin, "posts.read", "posts.update", "posts.pin").patch(f"/api/posts/{number}", {"is_pinned": True})


@pytest.mark.parametrize("scopes", [(), ("notes.read", "notes.create", "notes.update", "users.read")])
def test_a_token_never_may_more_than_its_owner_may_now(cast, program, scopes):
    person, number = program(cast.viewer, *scopes), make("notes")
    valid = values_of("notes")
    person.post("/api/notes", valid, status=403)
    person.get("/api/users", status=404)
    change("users", cast.viewer.id, role_ids=[role_id("editor")])
    person.post("/api/notes", valid)
    person.patch(f"/api/notes/{number}", {"title": "x"})
    person.get("/api/users", status=404)
    change("users", cast.viewer.id, role_ids=[role_id("author")])
    person.post("/api/notes", valid)
    person.patch(f"/api/notes/{number}", {"title": "y"}, status=403)
    change("users", cast.viewer.id, role_ids=[])
    person.get("/api/notes", status=404)
    person.post("/api/notes", valid, status=404)
    change("users", cast.viewer.id, role_ids=[role_id("admin")])
    person.get("/api/users")


# When it was last used


def last_used(number):
    db.session.rollback()
    return db.session.execute(select(ApiToken.last_used_at).where(ApiToken.id == number)).scalar_one()


def test_its_last_use_is_noted_after_the_answer_and_once_a_minute(app, cast, statements):
    number, secret = token(cast.viewer)
    person, start = Program(app, secret), clock.now().replace(microsecond=0)
    seen = None
    for seconds, noted in ((0, True), (1, False), (59, False), (61, True), (62, False), (122, True)):
        moment = start + timedelta(seconds=seconds)
        with time_machine.travel(moment, tick=False):
            with statements() as made:
                answer = person.send("GET", "/api/notes", status=200)
            assert not [
                said for said in made if not said.lstrip().upper().startswith(("SELECT", "START", "SET", "PRAGMA"))
            ]
            assert last_used(number) == seen
            with statements() as made:
                Context().run(answer.close)
            assert any("UPDATE api_tokens" in said for said in made) is noted
        seen = moment if noted else seen
        assert last_used(number) == seen


def test_a_refused_call_is_a_use_as_well_and_a_wrong_token_is_none(app, cast):
    number, secret = token(cast.viewer)
    other, _secret = token(cast.viewer)
    Context().run(Program(app, secret).send("POST", "/api/notes", values_of("notes"), status=403).close)
    Context().run(Program(app, "adm_wrong").send("GET", "/api/notes", status=401).close)
    assert last_used(number)
    assert last_used(other) is None


# The session cookie


def unsafe(app):
    return [(method, re.sub(r"<int:\w+>", "1", rule)) for method, rule in routes(app) if method != "GET"]


@on_one
def test_no_unsafe_call_of_a_cookie_is_done_without_its_header(app, cast, sign_in):
    client, ended, body = sign_in(cast.admin), sign_in(cast.admin), {"title": "a", "content": "b"}
    headers = {"X-CSRFToken": ended.token}
    ended.post("/logout")
    wrong = ({}, {"X-CSRFToken": ""}, {"X-CSRFToken": "x"}, {"X-CSRFToken": RAW_TOKEN}, {"X-Requested-With": "fetch"})
    done = deeds()
    for method, path in unsafe(app):
        for none in wrong:
            assert send(client, method, path, 400, json=body, headers=none).json["code"] == "bad_request"
        send(client, method, f"{path}?csrf_token={client.token}", 400, json=body)
        send(client, method, path, 400, json=body | {"csrf_token": client.token})
        send(ended, method, path, 401, json=body, headers=headers)
        send(Client(app), method, path, 401, json=body, headers=headers)
    assert deeds() == done


@on_one
def test_the_header_of_another_session_is_none(app, cast, sign_in):
    client, thief, note = sign_in(cast.admin), Client(app), make("notes")
    response = Context().run(thief.http.get, "/login")
    theirs = soup(response).select_one("input[name=csrf_token]")["value"]
    send(client, "DELETE", f"/api/notes/{note}", 400, headers={"X-CSRFToken": theirs})
    send(client, "DELETE", f"/api/notes/{note}", 200, headers={"X-CSRFToken": client.token})


def test_a_cookie_with_the_header_does_all_that_the_person_may(cast, sign_in):
    client = sign_in(cast.owner)
    headers = {"X-CSRFToken": client.token}
    made = send(client, "POST", "/api/notes", 201, json=values_of("notes"), headers=headers).json
    path = f"/api/notes/{made['id']}"
    assert made["author_id"] == cast.owner.id
    assert send(client, "PATCH", path, 200, json={"title": "Heron"}, headers=headers).json["title"] == "Heron"
    assert send(client, "GET", path, 200).json["title"] == "Heron"
    send(client, "PATCH", path, 403, json={"is_pinned": True}, headers=headers)
    send(client, "DELETE", path, 200, headers=headers)
    change("users", cast.owner.id, is_active=False)
    send(client, "GET", "/api/notes", 401)


@on_one
@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, {"Referer": "https://evil.example/"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
    ],
)  # fmt: skip
def test_another_site_makes_a_browser_do_nothing(cast, sign_in, headers):
    client, note = sign_in(cast.admin), make("notes")
    done = deeds()
    body = '{"title": "a", "content": "b"}'
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json",
        "",
    ):
        for method, path in (("POST", "/api/notes"), ("PATCH", f"/api/notes/{note}"), ("DELETE", f"/api/notes/{note}"),
                             ("POST", "/api/notes/bulk"), ("POST", f"/api/notes/{note}/restore")):  # fmt: skip
            answer = send(client, method, path, 400, data=body, content_type=kind, headers=headers)
            assert "Access-Control-Allow-Origin" not in answer.headers
    assert deeds() == done


@on_one
def test_no_other_site_is_told_that_it_may_ask(app, cast, program):
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for path in ("/api/notes", "/api/notes/1", "/api/openapi.json"):
        Program(app).send("OPTIONS", path, headers=asking, status=401)
        for answer in (
            Program(app).send("GET", path, headers=asking),
            program(cast.admin).send("GET", path, headers=asking),
        ):
            assert not [name for name, _value in answer.headers if name.startswith("Access-Control-")]


@on_one
def test_a_form_with_the_right_token_is_still_no_json(cast, sign_in):
    client, note = sign_in(cast.admin), make("notes")
    to_trash("notes", note)
    form, done, answers = {"csrf_token": client.token, "title": "a", "content": "b"}, deeds(), {}
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for path in ("/api/notes", "/api/notes/bulk", f"/api/notes/{note}/restore"):
            answers[kind, path] = send(client, "POST", path, data=form, content_type=kind).status_code
    assert answers == dict.fromkeys(answers, 415)
    assert deeds() == done


# How often


@pytest.fixture
def slow(app, monkeypatch):
    """Three calls a minute."""
    monkeypatch.setitem(app.config, "API_RATE_LIMIT", 3)
    return app


@on_one
def test_after_its_calls_of_a_minute_a_token_waits(slow, cast, program):
    first, second = program(cast.editor), program(cast.editor)
    done, start = deeds(), clock.now()
    with time_machine.travel(start, tick=False):
        for _ in range(3):
            first.get("/api/notes")
        for method, path in (("GET", "/api/notes"), ("POST", "/api/notes"), ("GET", "/api/openapi.json")):
            answer = first.send(method, path, values_of("notes") if method == "POST" else None, status=429)
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            assert answer.json["code"] == "too_many_requests"
        for _ in range(3):
            second.get("/api/notes")
        second.get("/api/notes", status=429)
    assert deeds() == done
    with time_machine.travel(start + timedelta(seconds=59), tick=False):
        first.get("/api/notes", status=429)
    with time_machine.travel(start + timedelta(seconds=int(answer.headers["Retry-After"]) + 1), tick=False):
        first.get("/api/notes")


@on_one
def test_calls_that_fail_count_and_those_of_nobody_and_of_cookies_do_not(slow, cast, program, sign_in):
    person, client = program(cast.viewer), sign_in(cast.viewer)
    for path, status in (("/api/users", 404), ("/api/notes?x=1", 400), ("/api/notes/0", 404), ("/api/notes", 429)):
        person.get(path, status=status)
    for _ in range(5):
        send(client, "GET", "/api/notes", 200)
        Program(slow).get("/api/notes", status=401)
        Program(slow, "adm_wrong").get("/api/notes", status=401)


@on_one
def test_a_limit_of_nothing_is_none(app, cast, program, monkeypatch):
    monkeypatch.setitem(app.config, "API_RATE_LIMIT", 0)
    person = program(cast.viewer)
    for _ in range(10):
        person.get("/api/notes/0", status=404)


@pytest.fixture
def site(app, database, tmp_path):
    """Further applications over the same database, as the processes of one site are."""
    made = []

    def make_one(**settings):
        settings |= {"APP_CONFIG": "testing", "DATABASE_URL": database.url, "SECRET_KEY": app.config["SECRET_KEY"]}
        made.append(create_app(settings, instance_path=str(tmp_path / str(len(made)))))
        return made[-1]

    yield make_one
    for one in made:
        with one.app_context():
            for engine in db.engines.values():
                engine.dispose()


def renumbered(secret, number):
    """Several suites may count in one Redis: this token has a number that no other has."""
    with atomic():
        db.session.execute(update(ApiToken).where(ApiToken.token_hash == tokens._hash(secret)).values(id=number))
    return number


@on_one
def test_the_processes_of_a_site_count_together_in_redis(app, cast, redis_url, site):
    one, two = (site(REDIS_URL=redis_url, API_RATE_LIMIT="3") for _ in range(2))
    secrets = [token(cast.viewer)[1] for _ in range(2)]
    own = os.getpid() * 10**6 + id(secrets) % 10**6
    for place, secret in enumerate(secrets):
        renumbered(secret, own + place)
    with redis.Redis.from_url(redis_url) as store:
        try:
            for turn in (one, two, one):
                Program(turn, secrets[0]).get("/api/notes")
            for turn in (one, two):
                answer = Program(turn, secrets[0]).send("GET", "/api/notes", status=429)
                assert 1 <= int(answer.headers["Retry-After"]) <= 60
                Program(turn, secrets[1]).get("/api/notes")
            (kept,) = list(store.scan_iter(f"*api/{own}/*"))
            assert 0 < store.pttl(kept) <= 60_000
            store.delete(kept)  # a minute later
            Program(two, secrets[0]).get("/api/notes")
        finally:
            for kept in [*store.scan_iter(f"*api/{own}/*"), *store.scan_iter(f"*api/{own + 1}/*")]:
                store.delete(kept)


@on_one
def test_where_no_redis_answers_each_process_counts_by_itself(app, cast, site, caplog):
    # Port 1 refuses at once.
    one, two = (site(REDIS_URL="redis://127.0.0.1:1/0", API_RATE_LIMIT="3") for _ in range(2))
    _number, secret = token(cast.viewer)
    for process in (one, two):
        person = Program(process, secret)
        for _ in range(3):
            person.get("/api/notes")
        person.get("/api/notes", status=429)
    said = [record.message for record in caplog.records if "Redis does not answer" in record.message]
    assert len(said) == 2  # each asks once, then counts by itself for a while


# Making and revoking one's own


def make_token(client, **form):
    sent = {"name": "Website", "lasts": "30", "reach": "all", "current": PASSWORD} | form
    return client.post("/account/tokens/new", {name: value for name, value in sent.items() if value is not None})


def test_a_token_is_made_with_the_right_password_and_shown_once(app, cast, sign_in):
    client = sign_in(cast.editor)
    for wrong in ("", "wrong", PASSWORD.upper(), None):
        answer = make_token(client, current=wrong)
        assert answer.status_code == 400
        assert "This is not your present password." in answer.text
        assert tokens.PREFIX not in answer.text
    assert db.session.execute(select(func.count()).select_from(ApiToken)).scalar_one() == 0
    answer = make_token(client)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    secret = soup(answer).select_one("#secret")["value"]
    assert secret.startswith(tokens.PREFIX)
    person = Program(app, secret)
    assert person.post("/api/notes", values_of("notes"))["author_id"] == cast.editor.id
    for path in ("/account", "/account/tokens/new"):
        page = client.get(path).text
        assert secret not in page
        assert tokens._hash(secret) not in page
    assert secret[: tokens.HINT_LENGTH] in client.get("/account").text
    until = db.session.execute(select(ApiToken.expires_at)).scalar_one()
    assert timedelta(days=29) < until - clock.now() <= timedelta(days=30)


@on_one
def test_a_token_that_was_made_here_has_the_rights_that_were_ticked(app, cast, sign_in):
    client = sign_in(cast.editor)
    page = client.page("/account/tokens/new")
    offered = {box["value"] for box in page.select("input[name=scope]")}
    assert offered == set(tokens.scopes_of(cast.editor))
    form = filled(page, "form[method=post][class]")
    assert form["reach"] == ["all"]
    # What the person does not have cannot be given, whatever a form says.
    answer = make_token(client, reach="some", scope=["notes.read", "users.read", "site.tokens"])
    person = Program(app, soup(answer).select_one("#secret")["value"])
    assert db.session.execute(select(ApiToken.scopes)).scalar_one() == ["notes.read"]
    person.get("/api/notes")
    person.get("/api/posts", status=404)
    for scopes in ([], ["users.read"]):
        assert make_token(client, reach="some", scope=scopes).status_code == 400
    assert db.session.execute(select(func.count()).select_from(ApiToken)).scalar_one() == 1


@on_one
def test_what_is_wrong_in_the_form_is_said_at_its_field(cast, sign_in):
    client = sign_in(cast.editor)
    for wrong, said in (
        ({"name": "  "}, "Name is required"), ({"name": None}, "Name is required"),
        ({"name": "x" * 101}, "at most 100"),
        ({"name": "a\0b"}, "can be stored"), ({"lasts": "31"}, "how long"), ({"lasts": "-1"}, "how long"),
        ({"lasts": ""}, "how long"), ({"lasts": "30 "}, "how long"),
    ):  # fmt: skip
        answer = make_token(client, **wrong)
        assert answer.status_code == 400
        assert said in answer.text
    with atomic():
        for number in range(tokens.STANDING_MOST):
            tokens.create(cast.editor.id, f"Token {number}")
    full = make_token(client)
    assert full.status_code == 409
    assert "Revoke one" in full.text
    with atomic():
        tokens.revoke(cast.editor, db.session.execute(select(func.max(ApiToken.id))).scalar_one())
    assert make_token(client, lasts="0").status_code == 200


@on_one
def test_guessing_the_password_there_is_slowed_down(cast, sign_in):
    client = sign_in(cast.editor)
    answers = [make_token(client, current="wrong").status_code for _ in range(12)]
    assert answers[:10] == [400] * 10
    assert 429 in answers[10:]
    assert make_token(client).status_code == 429


def test_one_revokes_ones_own_tokens_and_nobody_elses(app, cast, sign_in):
    number, secret = token(cast.editor)
    mine = Program(app, secret)
    path = f"/account/tokens/{number}/revoke"
    for other in (cast.viewer, cast.admin):
        client = sign_in(other)
        assert client.post(path).status_code == 302
        assert "There is no token with the number" in client.get("/account").text
        mine.get("/api/notes")
    client = sign_in(cast.editor)
    assert client.get(path).status_code == 405
    assert client.post(path, {"csrf_token": "wrong"}).status_code == 400
    assert Client(app).post(path).location.startswith("/login")
    mine.get("/api/notes")
    assert client.post(path).location == "/account"
    assert "was revoked" in client.get("/account").text
    mine.get("/api/notes", status=401)
    assert client.post(path).location == "/account"
    assert "revoked already" in client.get("/account").text
    for odd in (0, 10**30, 4_000_000_000):
        assert client.post(f"/account/tokens/{odd}/revoke").status_code == 302
        assert "There is no token with the number" in client.get("/account").text
