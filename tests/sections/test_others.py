"""What the other sections promise beyond the common: answers, books, users."""

import threading

import pytest

from admin_site.accounts import sessions
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import AppError, Conflict, Denied, Invalid
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.records import reads, trash, writes
from tests.cast import make_user, role_id
from tests.factories import isbn, make


def change(actor, section, number, **values):
    with atomic():
        return writes.update(actor, registry.get(section), number, values)


def row(cast, section, number):
    return reads.find(cast.system, registry.get(section), number)


def test_accepting_one_answer_unaccepts_the_other(cast):
    question = make("questions")
    first, second = (make("answers", question_id=question) for _ in range(2))
    elsewhere = make("answers", is_accepted=True)
    change(cast.editor, "answers", first, is_accepted=True)
    change(cast.editor, "answers", second, is_accepted=True)
    accepted = [row(cast, "answers", number).is_accepted for number in (first, second, elsewhere)]
    assert accepted == [False, True, True]
    entry = log.of_row("answers", first)[0]
    assert entry.changes == {"is_accepted": [True, False]}
    assert entry.change_set_id == log.of_row("answers", second)[0].change_set_id
    assert row(cast, "answers", first).version == 3


def test_nobody_takes_an_acceptance_away_that_is_not_theirs_to_change(cast):
    question, section = make("questions"), registry.get("answers")

    def answer(person, **sent):
        with atomic():
            return writes.create(person, section, {"question_id": question, "content": "x"} | sent)

    mine = answer(cast.owner, is_accepted=True)
    again = answer(cast.owner, is_accepted=True)
    assert [row(cast, "answers", number).is_accepted for number in (mine, again)] == [False, True]
    other = answer(cast.colleague, is_accepted=False)
    with pytest.raises(Denied, match="Another answer is accepted"):
        change(cast.colleague, "answers", other, is_accepted=True)
    with pytest.raises(Denied, match="Another answer is accepted"):
        answer(cast.colleague, is_accepted=True)
    assert [row(cast, "answers", number).is_accepted for number in (again, other)] == [True, False]
    change(cast.editor, "answers", other, is_accepted=True)
    assert [row(cast, "answers", number).is_accepted for number in (again, other)] == [False, True]


def test_restoring_an_accepted_answer_keeps_one(cast):
    question = make("questions")
    first = make("answers", question_id=question, is_accepted=True)
    with atomic():
        trash.trash(cast.editor, registry.get("answers"), first)
    second = make("answers", question_id=question, is_accepted=True)
    with atomic():
        trash.restore(cast.editor, registry.get("answers"), first)
    assert [row(cast, "answers", number).is_accepted for number in (first, second)] == [True, False]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("978-0-306-40615-7", "9780306406157"),
        ("0-306-40615-2", "9780306406157"),
        ("0 8044 2957 x", "9780804429573"),
        ("9780306406157", "9780306406157"),
        ("  ", None),
    ],
)
def test_isbn_is_kept_as_13_digits(cast, typed, kept):
    assert row(cast, "books", make("books", isbn=typed)).isbn == kept


@pytest.mark.parametrize(
    "typed", ["978-0-306-40615-8", "0-306-40615-3", "123", "abcdefghij", "978030640615", "x" * 300]
)
def test_wrong_isbn_is_a_field_error(cast, typed):
    with pytest.raises(Invalid) as caught:
        make("books", isbn=typed)
    assert list(caught.value.fields) == ["isbn"]


def test_the_same_isbn_twice_is_a_conflict_in_any_form(cast):
    make("books", isbn="0-306-40615-2")
    with pytest.raises(Conflict, match="ISBN “9780306406157” is already used"):
        make("books", isbn="9780306406157")


def test_books_without_isbn_do_not_collide(cast):
    make("books", isbn=None)
    make("books", isbn="")


@pytest.mark.parametrize("age", ["-1", "151", "abc", "1.5", "1e3", str(10**30), True])
def test_age_has_bounds(cast, age):
    with pytest.raises(Invalid, match="^Age must be"):
        make("users", age=age)
    assert row(cast, "users", make("users", age="150")).age == 150


@pytest.mark.parametrize("email", ["nobody", "a@", "@b", "a b@example.org", "x" * 300 + "@example.org", "a@b@c"])
def test_email_must_be_an_address(cast, email):
    with pytest.raises(Invalid) as caught:
        make("users", email=email)
    assert list(caught.value.fields) == ["email"]


def test_email_is_one_whatever_its_case_or_form(cast):
    make("users", email="Straße@example.org")
    with pytest.raises(Conflict):
        make("users", email="STRASSE@EXAMPLE.org")


def test_an_unnamed_user_is_called_by_the_username(cast):
    assert row(cast, "users", make("users", username="nameless")).name == "nameless"


@pytest.mark.parametrize("deed", ["disable", "trash", "demote"])
def test_the_last_administrator_stays(cast, deed):
    number = cast.admin.id
    with pytest.raises(Conflict, match="last active administrator"), atomic():
        _remove(cast.admin, number, deed)
    assert row(cast, "users", number).is_active
    make_user("second", "admin")
    with atomic():
        _remove(cast.admin, number, deed)


def _remove(actor, number, deed):
    users = registry.get("users")
    if deed == "disable":
        writes.update(actor, users, number, {"is_active": False})
    elif deed == "demote":
        writes.update(actor, users, number, {"role_ids": [role_id("editor")]})
    else:
        trash.trash(actor, users, number)


def test_two_administrators_cannot_remove_each_other_at_once(base_app, cast):
    pairs = [(cast.admin, make_user("second", "admin"))]
    pairs.append(pairs[0][::-1])
    results = []

    def work(actor, other):
        with base_app.app_context():
            try:
                with atomic():
                    _remove(actor, other.id, "disable")
                results.append("removed")
            except AppError:
                results.append("refused")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == ["refused", "removed"]


@pytest.mark.parametrize("deed", ["disable", "trash", "password"])
def test_whoever_is_disabled_trashed_or_given_a_password_is_signed_out(cast, deed):
    with atomic():
        person = sessions.start(cast.owner, keep=False, address="", agent="")
    assert sessions.load(person.session_token) is not None
    with atomic():
        if deed == "password":
            writes.update(cast.admin, registry.get("users"), cast.owner.id, {"password": "another long phrase"})
        else:
            _remove(cast.admin, cast.owner.id, deed)
    assert sessions.load(person.session_token) is None


def test_a_new_password_keeps_the_session_it_was_changed_in(cast):
    with atomic():
        here = sessions.start(cast.admin, keep=False, address="", agent="")
        there = sessions.start(cast.admin, keep=False, address="", agent="")
    person = sessions.load(here.session_token)
    change(person, "users", person.id, password="another long phrase")
    assert sessions.load(here.session_token) is not None
    assert sessions.load(there.session_token) is None


def test_roles_count_from_the_next_request(cast):
    with atomic():
        person = sessions.start(cast.owner, keep=False, address="", agent="")
    change(cast.admin, "users", cast.owner.id, role_ids=[role_id("viewer")])
    assert sessions.load(person.session_token).roles == ("viewer",)


def test_factory_isbns_are_valid(cast):
    assert row(cast, "books", make("books", isbn=isbn(123456789))).isbn == isbn(123456789)
