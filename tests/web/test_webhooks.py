"""The pages of webhooks and of everybody's tokens: who gets there, what they show, and what their buttons do."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, update

from admin_site.accounts import tokens
from admin_site.accounts.models import ApiToken
from admin_site.core import clock
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.jobs import hooks, worker
from admin_site.records.outbox import FAILED, QUEUED, SENT, Delivery, Webhook
from tests.api_client import Program
from tests.client import filled, soup
from tests.factories import make
from tests.faults.harness import free_port
from tests.jobs.test_hooks import (
    is_signed,
    only_this_machine,  # noqa: F401 - a fixture
    receiver,  # noqa: F401 - a fixture
    replies,
)

INDEX = "/admin/webhooks/"
URL = "https://hooks.example.org/in"
SCRIPT = "\"'><script>alert(1)</script>&amp;<b>"
TYPED = {"name": "Listener", "url": URL, "reach": "all", "is_active": "1"}
OTHERS = ("editor", "owner", "viewer", "stranger")
# Who may do what, and how it is shown, has nothing to do with the database: one is enough.
on_one = pytest.mark.databases("sqlite")


@pytest.fixture
def admin(cast, sign_in):
    return sign_in(cast.admin)


def add(cast, *names, url=URL, name="Listener", **more):
    with atomic():
        return hooks.create(cast.admin, hooks.Settings(name=name, url=url, sections=names or None, **more))


def stored(number):
    db.session.rollback()
    row = db.session.execute(select(Webhook.__table__).where(Webhook.id == number)).mappings().one()
    return {name: row[name] for name in ("name", "url", "sections", "is_active")}


def all_stored():
    """Everything that the pages could change."""
    db.session.rollback()
    tables = (Webhook.__table__, Delivery.__table__, ApiToken.__table__)
    # When a token was used last is nobody's deed.
    return [
        [tuple(value for name, value in row.items() if name != "last_used_at") for row in rows]
        for rows in (db.session.execute(select(table).order_by(table.c.id)).mappings() for table in tables)
    ]


def deliveries():
    db.session.rollback()
    query = select(Delivery).order_by(Delivery.id).execution_options(populate_existing=True)
    return db.session.execute(query).scalars().all()


def deliver(hook, **more):
    """A message in the log."""
    now = clock.now()
    message = {"event": "posts.update", "rows": [{"id": place, "version": 2, "fields": ["title"]} for place in (1, 2)]}
    values = {
        "webhook_id": hook, "event": "posts.update", "state": QUEUED, "attempts": 0, "created_at": now, "next_at": now,
        "error": "", "message": message,
    }  # fmt: skip
    with atomic():
        return db.session.execute(insert(Delivery).values(values | more)).inserted_primary_key[0]


def said(client, path):
    """What the next page says of the last deed, and in which tone."""
    flash = client.page(path).select(".flash .callout")[-1]
    return flash.text.strip(), next(name for name in flash["class"] if name.startswith("callout-"))


def addresses(hook, delivery):
    gets = [INDEX, f"{INDEX}new", f"{INDEX}{hook}"]
    posts = [f"{INDEX}new", *(f"{INDEX}{hook}{end}" for end in ("", "/test", f"/again/{delivery}", "/delete"))]
    return gets, posts


def secret_on(client, hook):
    return client.page(f"{INDEX}{hook}").select_one("#secret")["value"]


# Who gets there.


@on_one
@pytest.mark.parametrize("who", OTHERS)
def test_for_all_but_administrators_there_is_nothing(cast, sign_in, receiver, who):  # noqa: F811 - the fixture
    hook = add(cast, url=receiver.url)
    delivery = deliver(hook, state=FAILED)
    client, before = sign_in(cast.named(who)), all_stored()
    gets, posts = addresses(hook, delivery)
    for path in gets:
        response = client.get(path)
        assert response.status_code == 404, path
        assert "Listener" not in response.text
    for path in posts:
        assert client.post(path, TYPED | {"name": "Mine", "new_secret": "1"}).status_code == 404, path
    assert all_stored() == before
    assert receiver.connections == 0


@on_one
def test_whoever_is_not_signed_in_is_led_to_the_door(cast, client, receiver):  # noqa: F811
    hook = add(cast, url=receiver.url)
    delivery = deliver(hook, state=FAILED)
    before = all_stored()
    gets, posts = addresses(hook, delivery)
    for response in (*(client.get(path) for path in gets), *(client.post(path, TYPED) for path in posts)):
        assert response.status_code in (302, 303)
        assert response.location.startswith("/login")
    assert all_stored() == before
    assert receiver.connections == 0


@on_one
def test_only_administrators_find_webhooks_and_tokens_in_the_menu(cast, sign_in, admin):
    wanted = {"/admin/webhooks/", "/admin/tokens/"}
    for client, shown in ((admin, wanted), (sign_in(cast.editor), set()), (sign_in(cast.viewer), set())):
        links = {link["href"] for link in client.page("/admin/").select("a[href]")}
        assert links & wanted == shown


@on_one
def test_nothing_is_done_without_the_token_of_the_form(cast, admin, receiver):  # noqa: F811
    hook = add(cast, url=receiver.url)
    delivery = deliver(hook, state=FAILED)
    before = all_stored()
    for path in addresses(hook, delivery)[1]:
        assert admin.post(path, TYPED | {"csrf_token": "wrong"}).status_code == 400, path
    assert all_stored() == before
    assert receiver.connections == 0


def test_looking_changes_nothing(cast, admin, receiver):  # noqa: F811
    hook = add(cast, url=receiver.url)
    delivery = deliver(hook, state=FAILED)
    before = all_stored()
    for path in addresses(hook, delivery)[0]:
        admin.page(path)
    for end in ("/test", f"/again/{delivery}", "/delete"):
        assert admin.get(f"{INDEX}{hook}{end}").status_code in (404, 405)
    assert all_stored() == before
    assert receiver.connections == 0


NOWHERE = (0, 999, 2**63 - 1, 2**63, 10**30)


def test_what_is_not_there_is_not_there(cast, admin):
    hook = add(cast)
    delivery = deliver(hook, state=FAILED)
    before = all_stored()
    for number in NOWHERE:
        gets, posts = addresses(number, delivery)
        assert admin.get(gets[-1]).status_code == 404
        for path in (*posts[1:], f"{INDEX}{hook}/again/{number}"):
            assert admin.post(path, TYPED).status_code == 404, path
    assert all_stored() == before


# The form.


def test_a_webhook_is_added_shown_and_changed(cast, admin):
    response = admin.post(f"{INDEX}new", TYPED | {"reach": "some", "section": ["notes", "posts"]})
    assert response.status_code == 302
    hook = int(response.location.rsplit("/", 1)[1])
    assert stored(hook) == {"name": "Listener", "url": URL, "sections": ["notes", "posts"], "is_active": True}
    page = admin.page(f"{INDEX}{hook}")
    assert page.h1.text == "Listener"
    form = filled(page, "#settings")
    assert (form["name"], form["url"], form["reach"], form["section"], form["is_active"]) == (
        ["Listener"], [URL], ["some"], ["notes", "posts"], ["1"],
    )  # fmt: skip
    form |= {"name": "Another", "is_active": "0", "reach": "all"}
    assert admin.post(f"{INDEX}{hook}", form).status_code == 302
    assert stored(hook) == {"name": "Another", "url": URL, "sections": None, "is_active": False}
    page = admin.page(INDEX)
    assert page.select_one(f'a[href="{INDEX}{hook}"]').text == "Another"
    assert "every section" in page.select_one("main").text


def test_saving_what_the_form_shows_changes_nothing(cast, admin):
    for hook in (add(cast), add(cast, "posts", "tags", is_active=False)):
        before = all_stored()
        form = filled(admin.page(f"{INDEX}{hook}"), "#settings")
        assert "new_secret" not in form
        assert admin.post(f"{INDEX}{hook}", form).status_code == 302
        assert all_stored() == before


WRONG = {
    "name": {"name": "  "}, "long name": {"name": "x" * 101}, "nul": {"name": "a\0b"}, "address": {"url": ""},
    "scheme": {"url": "ftp://example.org/x"}, "plain": {"url": "http://example.org/x"},
    "private": {"url": "https://127.0.0.1/x"}, "metadata": {"url": "https://169.254.169.254/latest/"},
    "userinfo": {"url": "https://me:word@example.org/x"}, "line": {"url": "https://example.org/a\r\nX: y"},
    "sections": {"reach": "some"}, "unknown section": {"reach": "some", "section": ["posts", "nowhere"]},
    "all of it": {"name": "", "url": "javascript:alert(1)", "reach": "some"},
}  # fmt: skip
FIELDS = {
    "name": {"name"}, "long name": {"name"}, "nul": {"name"}, "sections": {"sections"}, "unknown section": {"sections"},
    "all of it": {"name", "url", "sections"},
}  # fmt: skip


@on_one
@pytest.mark.parametrize("what", WRONG)
def test_an_error_stands_at_its_field_and_what_was_typed_stays(cast, admin, what):
    hook = add(cast, "tags")
    before = all_stored()
    typed = TYPED | {"is_active": "0", "name": "Typed", "url": "https://example.org/typed"} | WRONG[what]
    for path in (f"{INDEX}new", f"{INDEX}{hook}"):
        response = admin.post(path, typed | {"new_secret": "1"})
        assert response.status_code == 400
        page = soup(response)
        assert page.title.text.startswith("Error:")
        errors = {error["id"].removesuffix("-error"): error.text.strip() for error in page.select("main .error")}
        assert set(errors) == FIELDS.get(what, {"url"})
        assert all(errors.values())
        for name in {"name", "url"} & set(errors):
            control = page.select_one(f"#{name}")
            assert (control["aria-invalid"], control["aria-describedby"]) == ("true", f"{name}-error")
        form = filled(page, "#settings")
        assert (form["reach"], form["is_active"]) == ([typed["reach"]], ["0"])
        if what not in ("nul", "line"):  # which no control can hold
            assert (form["name"], form["url"]) == ([typed["name"]], [typed["url"]])
        assert form.get("section", []) == [name for name in typed.get("section", []) if name != "nowhere"]
    assert all_stored() == before


@on_one
def test_when_there_are_enough_webhooks_the_form_says_so_and_keeps_what_was_typed(cast, admin, monkeypatch):
    monkeypatch.setattr(hooks, "WEBHOOKS_MOST", 1)
    add(cast)
    response = admin.post(f"{INDEX}new", TYPED | {"name": "One too many", "reach": "some", "section": ["posts"]})
    assert response.status_code == 409
    page = soup(response)
    assert "Delete one" in page.select_one("#name-error").text
    form = filled(page, "#settings")
    assert (form["name"], form["url"], form["section"]) == (["One too many"], [URL], ["posts"])


@on_one
def test_hostile_values_are_shown_as_they_are_and_do_nothing(cast, admin, receiver):  # noqa: F811
    receiver.answers = [replies(500, f"{SCRIPT} from outside".encode())]
    url = f"{receiver.url}&x=\"'><script>alert(2)</script>"
    response = admin.post(f"{INDEX}new", TYPED | {"name": SCRIPT, "url": url})
    assert response.status_code == 302
    path = response.location
    assert admin.post(f"{path}/test").status_code == 302
    flash = admin.get(path)  # with the answer in the flash
    pages = [flash, admin.get(path), admin.get(INDEX), admin.post(path, TYPED | {"name": SCRIPT, "url": f"x{url}"})]
    for page in pages:
        assert page.status_code in (200, 400)
        assert "<script>alert" not in page.text
        assert "<b>" not in page.text
        assert not soup(page).select("script:not([nonce])")
    shown = soup(pages[1])
    assert shown.h1.text == SCRIPT
    assert filled(shown, "#settings") == {
        **filled(shown, "#settings"), "name": [SCRIPT], "url": [url],
    }  # fmt: skip
    assert f"{SCRIPT} from outside" in soup(flash).select(".flash")[-1].text
    assert f"{SCRIPT} from outside" in shown.select_one("table").text
    assert soup(pages[2]).select_one(f'a[href="{path}"]').text == SCRIPT
    assert soup(pages[3]).select_one("#name")["value"] == SCRIPT
    assert admin.post(f"{path}/delete").status_code == 302
    deleted = admin.get(INDEX)
    assert "<script>alert" not in deleted.text
    assert SCRIPT in soup(deleted).select(".flash")[-1].text


@on_one
def test_the_secret_is_on_no_other_page(cast, admin):
    hook = add(cast)
    secret = secret_on(admin, hook)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    for path in (INDEX, f"{INDEX}new", "/admin/"):
        assert secret not in admin.get(path).text
    assert "no-store" in admin.get(f"{INDEX}{hook}").headers["Cache-Control"]


# Its buttons.


def test_the_test_button_says_that_it_arrived(cast, admin, receiver):  # noqa: F811
    hook = add(cast, url=receiver.url, is_active=False)
    secret = secret_on(admin, hook)
    assert admin.post(f"{INDEX}{hook}/test").location == f"{INDEX}{hook}"
    text, tone = said(admin, f"{INDEX}{hook}")
    assert re.fullmatch(r"The test arrived: it was answered 200 after [0-9]+ ms\.", text)
    assert tone == "callout-ok"
    (call,) = receiver.received
    assert is_signed(call, secret)
    row = admin.page(f"{INDEX}{hook}").select_one("tbody tr")
    assert ("ping" in row.text, "Sent" in row.text, "200" in row.text) == (True, True, True)
    assert row.select("form") == []


@on_one
@pytest.mark.parametrize("how", ["answers 500", "redirects", "nobody listens", "not public", "closes"])
def test_the_test_button_says_why_it_did_not_arrive(cast, admin, receiver, how):  # noqa: F811
    if how == "answers 500":
        receiver.answers, wanted = [replies(500, b"Out of order")], "It answered 500. Out of order"
    elif how == "redirects":
        receiver.answers, wanted = [replies(302, b"", "Location: https://example.org/")], "It answered 302."
    elif how == "closes":
        receiver.answers, wanted = [lambda *_: None], "It could not be reached: RemoteDisconnected."
    else:
        wanted = "It could not be reached: ConnectionRefusedError."
    hook = add(cast, url=receiver.url if how != "nobody listens" else f"http://127.0.0.1:{free_port()}/")
    if how == "not public":
        wanted = "This address is not public; the operator can allow its host by name."
        with atomic():  # it was allowed when it was set up
            db.session.execute(update(Webhook).values(url="https://[::1]/"))
    admin.post(f"{INDEX}{hook}/test")
    assert said(admin, f"{INDEX}{hook}") == (f"The test did not arrive. {wanted}", "callout-bad")
    row = admin.page(f"{INDEX}{hook}").select_one("tbody tr")
    assert ("Given up" in row.text, wanted in row.text) == (True, True)
    assert "Last message not taken" in admin.page(INDEX).text


def test_a_new_secret_signs_from_now_on_and_the_former_one_nothing(cast, admin, receiver):  # noqa: F811
    hook = add(cast, url=receiver.url)
    former = secret_on(admin, hook)
    form = filled(admin.page(f"{INDEX}{hook}"), "#settings")
    assert admin.post(f"{INDEX}{hook}", form | {"name": "Renamed"}).status_code == 302
    assert secret_on(admin, hook) == former
    button = admin.page(f"{INDEX}{hook}").select_one("button[name=new_secret]")
    assert button["form"] == "settings"
    assert admin.post(f"{INDEX}{hook}", form | {"new_secret": button["value"]}).status_code == 302
    secret = secret_on(admin, hook)
    assert secret != former
    admin.post(f"{INDEX}{hook}/test")
    (call,) = receiver.received
    assert (is_signed(call, secret), is_signed(call, former)) == (True, False)


def test_deleting_takes_its_messages_along_and_those_of_no_other(cast, admin):
    hook, other = add(cast), add(cast)
    for number in (hook, other):
        for state in (QUEUED, SENT, FAILED):
            deliver(number, state=state)
    assert admin.post(f"{INDEX}{hook}/delete").location == INDEX
    assert said(admin, INDEX) == ("The webhook “Listener” was deleted.", "callout-ok")
    assert [one.webhook_id for one in deliveries()] == [other] * 3
    assert admin.get(f"{INDEX}{hook}").status_code == 404
    assert admin.post(f"{INDEX}{hook}/delete").status_code == 404
    make("posts")
    assert [one.webhook_id for one in deliveries()] == [other] * 4


def test_what_was_given_up_can_be_sent_again(cast, admin, receiver):  # noqa: F811
    hook, other = add(cast, url=receiver.url), add(cast)
    failed = deliver(hook, state=FAILED, attempts=9, status=500, error="It answered 500.")
    waits = deliver(hook)
    page = admin.page(f"{INDEX}{hook}")
    forms = [form["action"] for form in page.select("tbody form")]
    assert forms == [f"{INDEX}{hook}/again/{failed}"]
    for path in (f"{INDEX}{other}/again/{failed}", f"{INDEX}{hook}/again/{waits}"):
        assert admin.post(path).status_code == 404
    assert admin.post(forms[0]).location == f"{INDEX}{hook}"
    assert said(admin, f"{INDEX}{hook}")[1] == "callout-ok"
    assert set(hooks.due()) == {failed, waits}
    hooks.deliver(failed)
    assert [one.state for one in deliveries()] == [SENT, QUEUED]


def test_the_log_says_how_each_message_went(cast, admin):
    hook = add(cast)
    later = clock.now() + timedelta(minutes=5)
    deliver(hook)
    deliver(hook, attempts=2, next_at=later, status=503, error="It answered 503.", took_ms=12)
    deliver(hook, state=FAILED, attempts=9, error="Its name is not known.")
    deliver(hook, state=SENT, attempts=1, status=204, took_ms=1234)
    rows = [row.text for row in admin.page(f"{INDEX}{hook}").select("tbody tr")]
    wanted = [
        ("Sent", "204", "ms"),
        ("Given up", "Its name is not known."),
        ("Next try", "It answered 503."),
        ("Waits",),
    ]
    assert [[word in row for word in words] for row, words in zip(rows, wanted, strict=True)] == [
        [True] * len(words) for words in wanted
    ]
    assert all("posts.update" in row for row in rows)


def test_older_messages_are_on_the_next_page(cast, admin, monkeypatch):
    monkeypatch.setattr(hooks, "LOGGED", 3)
    hook = add(cast)
    numbers = [deliver(hook, event=f"posts.update-{place}") for place in range(5)]
    page = admin.page(f"{INDEX}{hook}")
    assert [row.text for row in page.select("tbody code")] == [f"posts.update-{place}" for place in (4, 3, 2)]
    (older,) = [link["href"] for link in page.select("main a") if link.text == "Older messages"]
    assert older == f"{INDEX}{hook}?before={numbers[2]}"
    page = admin.page(older)
    assert [row.text for row in page.select("tbody code")] == ["posts.update-1", "posts.update-0"]
    for nonsense in ("x", "-1", "9" * 40, "", "1%00"):
        admin.page(f"{INDEX}{hook}?before={nonsense}")


def test_the_list_tells_who_is_on_off_or_failing_and_whether_anybody_sends(cast, admin):
    assert "Nobody is told yet" in admin.page(INDEX).text
    add(cast, name="Off", is_active=False)
    failing, fine = add(cast, "posts", "tags", name="Failing"), add(cast, name="Fine")
    deliver(fine, state=FAILED, attempts=9, status=500, error="It answered 500.")
    deliver(fine, state=SENT, attempts=1, status=200)
    deliver(failing, state=SENT, attempts=1, status=200)
    deliver(failing, state=QUEUED, attempts=1, status=500, error="It answered 500.")
    page = admin.page(INDEX)
    lines = {line.a.text: line.select_one(".pill").text.strip() for line in page.select("main li")}
    assert lines == {"Off": "Off", "Failing": "Last message not taken", "Fine": "On"}
    assert "posts, tags" in page.select_one("main").text
    assert "No worker is running" in page.text
    worker.beat("one:1")
    assert "No worker is running" not in admin.page(INDEX).text


# Everybody's tokens.

TOKENS = "/admin/tokens/"


def token(person, name="Nightly", **more):
    with atomic():
        return tokens.create(person.id, name, **more)


def test_administrators_see_everybodys_tokens_and_never_their_secrets(cast, admin):
    made = [token(cast.named(who), f"Of the {who}", scopes=["notes.read"]) for who in ("admin", "editor", "viewer")]
    page = admin.page(TOKENS)
    rows = page.select("tbody tr")
    assert [row.th.text for row in rows] == ["Of the viewer", "Of the editor", "Of the admin"]
    for row, (number, secret) in zip(rows, made[::-1], strict=True):
        assert secret[: tokens.HINT_LENGTH] in row.text
        assert secret not in row.text
        assert "notes.read" in row.text
        assert row.form["action"] == f"{TOKENS}{number}/revoke"
    hashes = db.session.execute(select(ApiToken.token_hash)).scalars().all()
    assert not any(hashed in str(page) for hashed in hashes)


@on_one
@pytest.mark.parametrize("who", OTHERS)
def test_for_all_others_there_is_no_list_of_tokens_and_nothing_to_revoke(cast, sign_in, who):
    client = sign_in(cast.named(who))
    own, _secret = token(cast.named(who))
    other, _secret = token(cast.admin)
    before = all_stored()
    assert client.get(TOKENS).status_code == 404
    for number in (own, other):
        assert client.post(f"{TOKENS}{number}/revoke").status_code == 404
    assert all_stored() == before


@on_one
def test_whoever_is_not_signed_in_sees_no_tokens(cast, client):
    number, _secret = token(cast.editor)
    before = all_stored()
    for response in (client.get(TOKENS), client.post(f"{TOKENS}{number}/revoke")):
        assert response.status_code in (302, 303)
        assert response.location.startswith("/login")
    assert all_stored() == before


def test_a_token_that_an_administrator_revokes_opens_nothing_from_then_on(app, cast, admin):
    number, secret = token(cast.editor)
    kept, kept_secret = token(cast.editor, "Kept")
    caller, other = Program(app, secret), Program(app, kept_secret)
    assert caller.get("/api/notes")["total"] == 0
    assert admin.post(f"{TOKENS}{number}/revoke").location == TOKENS
    assert said(admin, TOKENS) == ("The token was revoked. Programs that use it are refused from now on.", "callout-ok")
    assert caller.get("/api/notes", status=401)["code"]
    assert other.get("/api/notes")["total"] == 0
    rows = {row.th.text: row for row in admin.page(TOKENS).select("tbody tr")}
    assert "revoked" in rows["Nightly"].text
    assert [form["action"] for row in rows.values() for form in row.select("form")] == [f"{TOKENS}{kept}/revoke"]


def test_a_token_is_revoked_once(cast, admin):
    number, _secret = token(cast.editor)
    admin.post(f"{TOKENS}{number}/revoke")
    before = all_stored()
    assert admin.post(f"{TOKENS}{number}/revoke").status_code == 302
    assert said(admin, TOKENS) == ("This token was revoked already.", "callout-warn")
    assert admin.get(f"{TOKENS}{number}/revoke").status_code in (404, 405)
    assert all_stored() == before


def test_a_token_that_is_not_there_is_not_there(cast, admin):
    token(cast.editor)
    before = all_stored()
    for number in NOWHERE:
        assert admin.post(f"{TOKENS}{number}/revoke").status_code == 404
    assert all_stored() == before


@on_one
def test_no_token_is_revoked_without_the_token_of_the_form(cast, admin):
    number, _secret = token(cast.editor)
    assert admin.post(f"{TOKENS}{number}/revoke", {"csrf_token": "wrong"}).status_code == 400
    db.session.rollback()
    revoked = select(func.count()).where(ApiToken.revoked_at.is_not(None))
    assert db.session.execute(revoked).scalar_one() == 0


def test_tokens_of_all_ages_and_hostile_names_are_shown(cast, admin):
    assert "Nobody has made a token yet" in admin.page(TOKENS).text
    token(cast.viewer, SCRIPT)
    past, _secret = token(cast.viewer, "Past", expires_at=clock.now() + timedelta(hours=1))
    token(cast.viewer, "Future", expires_at=clock.now() + timedelta(days=9))
    with atomic():
        expired = clock.now() - timedelta(hours=1)
        db.session.execute(update(ApiToken).where(ApiToken.id == past).values(expires_at=expired))
    response = admin.get(TOKENS)
    assert "<script>alert" not in response.text
    assert "<b>" not in response.text
    rows = {row.th.text: row for row in soup(response).select("tbody tr")}
    assert set(rows) == {SCRIPT, "Past", "Future"}
    assert SCRIPT in rows[SCRIPT].select_one("button").text
    assert "without end" in rows[SCRIPT].text
    assert ("expired" in rows["Past"].text, rows["Past"].select("form")) == (True, [])
    assert ("expired" in rows["Future"].text, len(rows["Future"].select("form"))) == (False, 1)
