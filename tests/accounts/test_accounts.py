"""Passwords, sessions, sign-in, invitations, throttles, permissions in words."""

from datetime import timedelta

import pytest
import time_machine

from admin_site.accounts import actor as actors
from admin_site.accounts import invitations, passwords, permissions, sessions, sign_in, throttle
from admin_site.accounts.models import LoginSession
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import Busy, Invalid
from admin_site.core.transactions import atomic
from admin_site.records import writes
from tests.cast import PASSWORD
from tests.factories import make

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)


def open_session(person, **more):
    with atomic():
        return sessions.start(person, address="127.0.0.1", agent="Test\nBrowser", **({"keep": False} | more))


def enter(email, password):
    return sign_in.sign_in(email, password, keep=False, address="127.0.0.1", agent="test")


@pytest.mark.parametrize(
    "password", ["x" * 73, "x" * 4000, "nul\0inside", "lone \ud800 surrogate", "  spaces  ", "пароль" * 9]
)
def test_passwords_of_any_form_and_length_count_to_the_last_letter(app, password):
    stored = passwords.hash_password(password)
    assert passwords.matches(password, stored)
    assert not passwords.matches(password + "x", stored)
    assert not passwords.matches(password[:-1], stored)


def test_cost_is_twelve_outside_tests(app):
    from admin_site.config import _COMMON

    assert _COMMON["BCRYPT_COST"] == 12
    assert passwords.hash_password("x").startswith("$2b$04$")


def test_nobody_has_no_password(app):
    assert not passwords.matches("", None)
    assert not passwords.matches("anything", None)


@pytest.mark.parametrize("password", ["", "short", "password", "12345678", "qwertyuiop", "x" * 5000])
def test_weak_passwords_are_told_why(app, password):
    assert passwords.weakness(password)


def test_a_phrase_will_do(app):
    assert passwords.weakness(PASSWORD) == ""


def test_a_session_ends_when_idle(cast):
    start = clock.now()
    with time_machine.travel(start, tick=False):
        token = open_session(cast.owner).session_token
    for later, stands in ((IDLE - timedelta(seconds=1), True), (IDLE, False)):
        with time_machine.travel(start + later, tick=False):
            assert (sessions.load(token) is not None) == stands


def test_a_used_session_ends_at_its_time(cast):
    start = clock.now()
    with time_machine.travel(start, tick=False):
        person = open_session(cast.owner)
    session_id = sessions.load(person.session_token).session_id
    moment = start
    while moment + timedelta(minutes=20) < start + ABSOLUTE:
        moment += timedelta(minutes=20)
        with time_machine.travel(moment, tick=False):
            assert sessions.load(person.session_token) is not None
            with atomic():
                sessions.touch(session_id)
    with time_machine.travel(start + ABSOLUTE, tick=False):
        assert sessions.load(person.session_token) is None


def test_a_kept_session_lasts_thirty_days_even_idle(cast):
    start = clock.now()
    with time_machine.travel(start, tick=False):
        token = open_session(cast.owner, keep=True).session_token
    with time_machine.travel(start + timedelta(days=29, hours=23), tick=False):
        assert sessions.load(token) is not None
    with time_machine.travel(start + timedelta(days=30), tick=False):
        assert sessions.load(token) is None


def test_a_clock_that_goes_back_lengthens_nothing(cast):
    start = clock.now()
    with time_machine.travel(start, tick=False):
        token = open_session(cast.owner).session_token
    with time_machine.travel(start - timedelta(hours=1), tick=False):
        assert sessions.load(token) is not None
    with time_machine.travel(start + IDLE, tick=False):
        assert sessions.load(token) is None


def test_only_a_digest_of_the_secret_is_stored(cast):
    person = open_session(cast.owner)
    stored = db.session.execute(LoginSession.__table__.select()).mappings().all()
    assert person.session_token not in str(stored)
    assert stored[-1]["agent"] == "TestBrowser"


def test_touching_writes_once_a_minute(cast):
    start = clock.now()
    with time_machine.travel(start, tick=False):
        token = open_session(cast.owner).session_token
    for seconds, is_noted in ((30, True), (59, True), (60, True), (61, False)):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            person = sessions.load(token)
            assert person.is_visit_noted == is_noted
            with atomic():
                sessions.touch(person.session_id)
            assert (sessions.load(token).is_visit_noted, sessions.last_visit(cast.owner)) == (
                True, start if is_noted else start + timedelta(seconds=seconds),
            )  # fmt: skip


def test_people_end_their_own_sessions_only(cast):
    mine = sessions.load(open_session(cast.owner).session_token)
    with atomic():
        assert not sessions.end(cast.colleague.id, mine.session_id)
        assert sessions.end(cast.owner.id, mine.session_id)
        assert not sessions.end(cast.owner.id, mine.session_id)


def test_the_right_password_opens_a_session(cast):
    assert cast.owner
    person = enter("  OWNER@example.org ", PASSWORD)
    assert sessions.load(person.session_token).id == cast.owner.id


@pytest.mark.parametrize(
    "email", ["owner@example.org", "nobody@example.org", "", "owner@example.org\0", "\ud800", "' OR 1=1 --"]
)
def test_the_wrong_one_says_the_same_for_everybody(cast, email):
    assert cast.owner
    with pytest.raises(Invalid, match=f"^{sign_in.REFUSED}$"):
        enter(email, "wrong")


def test_a_disabled_person_hears_the_same(cast):
    with atomic():
        writes.update(cast.admin, registry.get("users"), cast.owner.id, {"is_active": False})
    with pytest.raises(Invalid, match=f"^{sign_in.REFUSED}$"):
        enter("owner@example.org", PASSWORD)


def test_a_person_without_password_cannot_enter(cast):
    make("users", email="invited@example.org")
    with pytest.raises(Invalid):
        enter("invited@example.org", "")


def test_demo_people_are_refused_in_production(app, cast, monkeypatch):
    with atomic():
        sent = {"username": "demo", "email": "demo@example.org", "password": PASSWORD}
        writes.create(cast.system, registry.get("users"), sent, source=sign_in.DEMO_SOURCE)
    assert enter("demo@example.org", PASSWORD)
    monkeypatch.setitem(app.config, "APP_CONFIG", "production")
    with pytest.raises(Invalid):
        enter("demo@example.org", PASSWORD)


def test_too_many_attempts_are_held_back_and_forgotten(app, cast):
    assert cast.owner
    start = clock.now().replace(second=10)
    with time_machine.travel(start, tick=False):
        for _ in range(10):
            with pytest.raises(Invalid):
                enter("owner@example.org", "wrong")
        with pytest.raises(Busy) as caught:
            enter("owner@example.org", PASSWORD)
        assert (caught.value.status, caught.value.retry_after) == (429, 50)
        assert make("users")  # others are not held back
    with time_machine.travel(start + timedelta(minutes=1), tick=False):
        assert enter("owner@example.org", PASSWORD)


def test_one_address_cannot_try_everybody(app):
    with time_machine.travel(clock.now().replace(second=1), tick=False):
        with atomic():
            for _ in range(200):
                throttle.count("address:127.0.0.1", 200)
        with pytest.raises(Busy):
            enter("somebody-new@example.org", "wrong")


def test_a_limit_of_zero_counts_nothing(app):
    with atomic():
        for _ in range(50):
            throttle.count("x", 0)


def test_an_invitation_works_once(cast):
    number = make("users")
    token = invitations.token_for(number)
    assert invitations.user_of(token) == number
    with atomic():
        writes.update(cast.system, registry.get("users"), number, {"password": PASSWORD})
    with pytest.raises(Invalid):
        invitations.user_of(token)


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: "", lambda t: t.replace(".", ".."), lambda t: "\0"]
)
def test_a_spoilt_invitation_is_refused(app, spoil):
    token = invitations.token_for(make("users"))
    with pytest.raises(Invalid):
        invitations.user_of(spoil(token))


def test_an_invitation_lasts_a_week(app):
    start = clock.now()
    number = make("users")
    with time_machine.travel(start, tick=False):
        token = invitations.token_for(number)
    with time_machine.travel(start + timedelta(days=7), tick=False):
        assert invitations.user_of(token) == number
    with time_machine.travel(start + timedelta(days=7, seconds=2), tick=False), pytest.raises(Invalid):
        invitations.user_of(token)


def test_an_invitation_dies_with_its_user(cast):
    number = make("users")
    token = invitations.token_for(number)
    with atomic():
        writes.update(cast.system, registry.get("users"), number, {"is_active": False})
    with pytest.raises(Invalid):
        invitations.user_of(token)


def test_explanations_name_the_reason_and_who_could(cast):
    posts = registry.get("posts")
    from admin_site.records import reads

    row = reads.find(cast.system, posts, make("posts", cast.editor, author_id=cast.owner.id, status="published"))
    assert "lets you publish posts (posts.publish)" in permissions.explain(cast.owner, "publish", posts).sentence
    assert permissions.explain(cast.owner, "publish", posts).roles == ("editor", "admin")
    assert "only to your own posts" in permissions.explain(cast.colleague, "update", posts, row).sentence
    assert "draft or review" in permissions.explain(cast.owner, "update", posts, row).sentence
    assert permissions.explain(cast.editor, "update", posts, row).allowed


def test_an_unknown_action_is_an_error_of_the_program(cast):
    with pytest.raises(ValueError, match="fly"):
        permissions.allows(cast.admin, "fly", registry.get("posts"))


def test_of_email_knows_active_people_only(cast):
    assert actors.of_email("nobody@example.org") is None
    assert actors.of_email("admin@example.org") is None or cast.admin
