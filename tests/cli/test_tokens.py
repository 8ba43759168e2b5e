"""``tokens …``: made once, listed without their secret, ended at once."""

import json

import pytest

from admin_site.accounts import tokens
from admin_site.accounts.models import ApiToken
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from tests.cli.test_commands import folder, run  # noqa: F401 - fixtures


@pytest.fixture
def ran(run):  # noqa: F811 - the fixture of that name
    def command(*words):
        done = run("tokens", *words)
        assert "Traceback" not in done.stderr
        return done

    return command


def test_a_token_is_printed_alone_and_once(ran):
    made = ran("create", "admin@example.org", "--name", "Website")
    assert made.returncode == 0
    assert made.stdout.strip().startswith(tokens.PREFIX)
    assert made.stdout.count("\n") == 1
    assert made.stdout.strip() not in ran("list", "--json").stdout


def test_tokens_are_listed_with_scopes_end_and_state(ran):
    ran("create", "admin@example.org", "--name", "Reader", "--scope", "notes.read", "--scope", "posts.read",
        "--expires", "30d")  # fmt: skip
    one = json.loads(ran("list", "--json").stdout)[0]
    assert (one["name"], one["scopes"], one["state"]) == ("Reader", "notes.read posts.read", "standing")
    assert one["expires"] > one["created"]
    assert ran("revoke", str(one["id"])).returncode == 0
    assert json.loads(ran("list", "--json").stdout)[0]["state"] == "revoked"
    again = ran("revoke", str(one["id"]))
    assert (again.returncode, again.stderr) == (1, "This token was revoked already.\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("create", "nobody@example.org", "--name", "x"), 1, "There is no active user"),
        (("create", "admin@example.org", "--name", " "), 1, "Name is required"),
        (("create", "admin@example.org"), 2, "--name"),
        (("create", "admin@example.org", "--name", "x", "--scope", "notes.rule"), 1, "There is no scope 'notes.rule'"),
        (("create", "admin@example.org", "--name", "x", "--expires", "soon"), 1, "--expires must be a span"),
        (("create", "admin@example.org", "--name", "x", "--expires", "9999y"), 1, "--expires must be a span"),
        (("create", "admin@example.org", "--name", "x", "--expires", "2020-01-01"), 1, "Expires must lie in"),
        (("create", "admin@example.org", "--name", "x", "notes.read"), 2, "unexpected argument"),
        (("revoke", "999999"), 1, "There is no token with the number 999999."),
        (("revoke", "none"), 2, "none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(ran, words, status, said):
    done = ran(*words)
    assert done.returncode == status
    assert said in done.stderr
    assert done.stdout == ""
    if status == 1:
        assert done.stderr.count("\n") == 1


def test_a_database_holds_no_secret(app, cast):
    with atomic():
        number, secret = tokens.create(cast.admin.id, "x")
    row = db.session.get(ApiToken, number)
    assert secret not in repr({column.name: getattr(row, column.name) for column in ApiToken.__table__.columns})
    assert tokens.load(secret)[0].id == cast.admin.id
