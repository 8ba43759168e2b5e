"""The commands of manage.py, run as a person runs them: exit codes, one line on stderr, nothing asked."""

import json
import os
import subprocess
import sys

import pytest

from admin_site import ROOT
from tests import databases
from tests.conftest import servers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def run(folder):
    """Runs a command over one site for all tests of this file."""

    def command(*words, stdin="", **environment):
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK", "APP_"))}
        variables |= {
            "DATABASE_URL": f"sqlite:///{folder / 'site.db'}",
            "APP_CONFIG": "testing",
            "SECRET_KEY": "x" * 40,
        }
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=variables | environment, input=stdin, text=True,
            capture_output=True, check=False, timeout=120,
        )  # fmt: skip

    done = command("setup")
    assert done.returncode == 0, done.stderr
    command.first_output = done.stdout
    return command


def test_setup_prints_the_first_administrator_once(run):
    assert "email     admin@example.org" in run.first_output
    assert "password  " in run.first_output
    assert run("setup").stdout == ""


def test_demo_people_have_the_four_roles(run):
    for role in ("admin", "editor", "author", "viewer"):
        assert f"\n  {role} " in run.first_output


def test_demo_is_only_for_an_empty_site(run):
    refused = run("demo")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "There is content already" in refused.stderr


def test_db_check_finds_no_drift(run):
    assert run("db", "check").returncode == 0
    assert run("db", "current").returncode == 0


def test_a_user_is_created_with_a_link(run):
    made = run("users", "create", "Ana.Maria@example.org", "--role", "editor", BASE_URL="https://admin.example.org/")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("https://admin.example.org/set-password/")
    again = run("users", "create", "ana.maria@EXAMPLE.org", "--role", "editor")
    assert again.returncode == 1
    assert "already used" in again.stderr
    assert len(again.stderr.splitlines()) == 1


def test_a_user_is_created_with_a_password(run):
    made = run("users", "create", "ben@example.org", "--role", "admin", "--name", "Ben", "--password-stdin",
               stdin="four words that do not belong\n")  # fmt: skip
    assert made.returncode == 0, made.stderr
    people = json.loads(run("users", "list", "--json").stdout)
    (ben,) = [person for person in people if person["email"] == "ben@example.org"]
    assert (ben["name"], ben["username"], ben["roles"], ben["active"]) == ("Ben", "ben", "admin", "yes")


def test_usernames_are_made_apart(run):
    assert run("users", "create", "twin@example.org", "--role", "viewer").returncode == 0
    assert run("users", "create", "twin@example.com", "--role", "viewer").returncode == 0
    assert {"twin", "twin2"} <= {person["username"] for person in json.loads(run("users", "list", "--json").stdout)}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("users", "create", "x@example.org", "--role", "king"), "There is no role 'king'"),
        (("users", "create", "not an address", "--role", "viewer"), "must be an address"),
        (("users", "disable", "nobody@example.org"), "There is no user"),
        (("users", "create", "y@example.org", "--role", "viewer", "--as", "nobody@example.org"), "no active user"),
        (("sections", "show", "nonsense"), "There is no section 'nonsense'"),
        (("permissions", "explain", "nobody@example.org", "posts.read"), "no active user"),
    ],
)
def test_refusals_are_one_line_and_exit_1(run, words, said):
    refused = run(*words)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("users", "create"), ("users", "create", "z@example.org"), ("nonsense",), ("users", "fly"),
        ("users", "set-password", "admin@example.org"), ("serve", "--port", "70000"),
        ("permissions", "explain", "admin@example.org", "fly"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_2(run, words):
    assert run(*words).returncode == 2


@pytest.mark.parametrize("stdin", ["", "short\n", "password\n"])
def test_weak_passwords_are_refused(run, stdin):
    assert run("users", "set-password", "admin@example.org", "--password-stdin", stdin=stdin).returncode in (1, 2)


def test_a_user_is_disabled_and_enabled(run):
    run("users", "create", "carl@example.org", "--role", "viewer")
    for command, active in (("disable", "no"), ("enable", "yes")):
        assert run("users", command, "carl@example.org").returncode == 0
        people = json.loads(run("users", "list", "--json").stdout)
        assert [p["active"] for p in people if p["email"] == "carl@example.org"] == [active]


def test_acting_as_somebody_has_their_rights_only(run):
    run("users", "create", "dora@example.org", "--role", "editor")
    refused = run("users", "create", "e@example.org", "--role", "viewer", "--as", "dora@example.org")
    assert refused.returncode == 1
    assert "users.create" in refused.stderr


def test_sections_are_listed_and_shown(run):
    names = [section["name"] for section in json.loads(run("sections", "list", "--json").stdout)]
    assert len(names) == 11
    shown = run("sections", "show", "posts").stdout
    assert "category_id" in shown
    assert "posts.publish" in shown
    assert {field["field"] for field in json.loads(run("sections", "show", "users", "--json").stdout)} >= {
        "password",
        "role_ids",
    }


def test_permissions_are_explained(run):
    run("users", "create", "finn@example.org", "--role", "author")
    refused = run("permissions", "explain", "finn@example.org", "posts.publish")
    assert refused.returncode == 1
    said = "Refused: None of your roles lets you publish posts (posts.publish). Roles that grant it: editor, admin.\n"
    assert (refused.stdout, refused.stderr) == ("", said)
    allowed = run("permissions", "explain", "finn@example.org", "posts.create", "--json")
    assert json.loads(allowed.stdout)["allowed"] is True


def test_routes_are_listed(run):
    assert "/admin/posts/" in run("routes").stdout


def test_a_database_that_is_away_is_one_line(run):
    refused = run("users", "list", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "database" in refused.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"APP_CONFIG": "nonsense"}, "APP_CONFIG must be one of"),
        ({"APP_CONFIG": "production", "SECRET_KEY": ""}, "SECRET_KEY must have at least 32"),
        ({"APP_CONFIG": "production", "SECRET_KEY": "short"}, "SECRET_KEY must have at least 32"),
        ({"APP_CONFIG": "production", "SECRET_KEY": "changeme" * 8}, "SECRET_KEY can be guessed"),
        ({"APP_CONFIG": "production", "SECRET_KEY": "a" * 64}, "SECRET_KEY can be guessed"),
        ({"APP_CONFIG": "production", "SECRET_KEY": "your-secret-key-here-" * 2}, "SECRET_KEY can be guessed"),
        ({"APP_CONFIG": "production", "SECRET_KEY": "replace_this_with_a_random_value_" * 2}, "SECRET_KEY can be"),
        ({"APP_CONFIG": "production", "SECRET_KEY": "0f8d" * 9 + "b7c6a5", "FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({"DATABASE_URL": "oracle://x"}, "DATABASE_URL has a wrong value. It must begin with"),
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL has a wrong value. It must begin with"),
        ({"DATABASE_URL": "mariadb://root@127.0.0.1:abc/x"}, "DATABASE_URL has a wrong value. Its port"),
        ({"DATABASE_URL": "postgresql://"}, "DATABASE_URL has a wrong value. It names no database"),
        ({"REDIS_URL": "redis://:abc@127.0.0.1:99999"}, "REDIS_URL has a wrong value"),
        ({"REDIS_URL": "redis://"}, "REDIS_URL has a wrong value"),
        ({"SESSION_IDLE": "soon"}, "SESSION_IDLE has a wrong value"),
        ({"SESSION_IDLE": "99999999999999999"}, "SESSION_IDLE has a wrong value"),
        ({"SESSION_MAX": "0"}, "SESSION_MAX has a wrong value"),
        ({"TRASH_DAYS": "99999999999"}, "TRASH_DAYS has a wrong value"),
        ({"TRUSTED_HOSTS": "http://a.org"}, "TRUSTED_HOSTS has a wrong value"),
        ({"WEBHOOK_ALLOWED_HOSTS": "http://x"}, "WEBHOOK_ALLOWED_HOSTS has a wrong value"),
        ({"SENTRY_DSN": "https://sentry.example.org/1"}, "SENTRY_DSN has a wrong value"),
        ({"SENTRY_DSN": "x"}, "SENTRY_DSN has a wrong value"),
        ({"BASE_URL": "http://"}, "BASE_URL has a wrong value"),
        ({"BASE_URL": "https://a b"}, "BASE_URL has a wrong value"),
        ({"LOGIN_RATE_LIMIT": "-1"}, "LOGIN_RATE_LIMIT has a wrong value"),
        ({"BASE_URL": "admin.example.org"}, "BASE_URL has a wrong value"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_name(run, environment, said):
    refused = run("users", "list", **environment)
    assert refused.returncode == 1, refused.stdout
    assert said in refused.stderr.splitlines()[-1]
    assert len(refused.stderr.splitlines()) == 1


def test_doctor_ends_with_1_where_it_found_something(run):
    assert run("doctor").returncode == 0
    ill = run("doctor", "--list", "posts?status=draft&author_id=7&sort=-created_at")
    assert (ill.returncode, "ix_posts" in ill.stdout) == (1, True)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_text_is_refused(run, encoding, request):
    server = servers().get("postgresql", "")
    if not server:  # a run on other databases only
        return
    url = databases.create("postgresql", server, f"encoding_{encoding.lower()}", encoding=encoding)
    request.addfinalizer(lambda: databases.drop("postgresql", server, url))
    for words in (("users", "list"), ("db", "upgrade"), ("setup",)):
        refused = run(*words, DATABASE_URL=url)
        said = f"The database stores text as {encoding}; it must be made with ENCODING 'UTF8'.\n"
        assert (refused.returncode, refused.stdout, refused.stderr) == (1, "", said)
