"""``doctor``: names the index that a list lacks, and is content once it stands."""

import json
import re

import pytest
from sqlalchemy import text

from admin_site.core import registry, schema
from admin_site.core.database import db
from admin_site.core.errors import AppError
from admin_site.core.modes import writing
from admin_site.records import paging
from admin_site.records.search import documents
from tests.factories import make

ADDRESS = "posts?status=draft&author_id=7&sort=-created_at"
INDEX = "ix_posts_live_status_author_id_created_at_id"
LINE = f'op.create_index("{INDEX}", "posts", ["live", "status", "author_id", "created_at", "id"])'


@pytest.fixture
def doctor(app):
    """Runs it as ``manage.py doctor`` does, in this process."""

    def run(*words):
        db.session.rollback()
        return app.test_cli_runner().invoke(args=["doctor", *words])

    run.app = app
    yield run
    for name in (INDEX, "ix_posts_live_title_key_id_spare"):
        drop(name)


def change(statement):
    db.session.remove()
    with writing(), db.engine.begin() as connection:
        # SQLite: a pooled connection sees by reading that another one changed the tables.
        connection.execute(text("SELECT count(*) FROM posts"))
        connection.execute(text(statement))


def drop(name):
    is_mariadb = db.engine.dialect.name == "mysql"
    change(f"DROP INDEX IF EXISTS {name}{' ON posts' if is_mariadb else ''}")


def create(line):
    """What the named line of a revision does."""
    name, table, columns = re.fullmatch(r'op\.create_index\("(\w+)", "(\w+)", \[(.+)\]\)', line).groups()
    change(f"CREATE INDEX {name} ON {table} ({columns.replace(chr(34), '')})")


def test_a_list_without_its_index_is_named_with_what_mends_it(doctor):
    found = doctor("--list", ADDRESS)
    assert found.exit_code == 1
    assert LINE in found.output
    (finding,) = json.loads(doctor("--list", ADDRESS, "--json").output)
    assert finding["section"] == "posts"
    assert finding["mend"] == LINE
    assert "status=draft" in finding["finding"]
    create(finding["mend"])
    assert (content := doctor("--list", ADDRESS)).exit_code == 0, content.output
    assert "All lists have their indexes" in content.output
    again = doctor("--list", ADDRESS, "--json")
    assert (again.exit_code, json.loads(again.output)) == (0, [])
    # The order of two values that are compared with = does not matter.
    turned = doctor("--list", "posts?author_id=7&status=draft&sort=-created_at")
    assert turned.exit_code == 0, turned.output
    drop(INDEX)
    assert doctor("--list", ADDRESS).exit_code == 1


@pytest.mark.parametrize(
    "address",
    ["posts", "posts?sort=title", "posts?status=draft", "posts?sort=-created_at", "notes?sort=title", "books"],
)
def test_the_usual_lists_are_served(doctor, address):
    found = doctor("--list", address)
    assert (found.exit_code, "no index" in found.output) == (0, False), found.output


def test_what_the_language_says_is_asked_for_as_well(doctor):
    (finding,) = json.loads(doctor("--list", "posts?q=status:draft&sort=slug", "--json").output)
    assert '["live", "status", "slug", "id"]' in finding["mend"]


@pytest.mark.parametrize(
    "address",
    ["nosuch", "", "posts?nosuch=1", "posts?status=unheard", "posts?sort=live", "users?password_hash=x", "posts?q=(a"],
)
def test_a_list_that_is_none_is_refused_in_one_sentence(doctor, address):
    found = doctor("--list", address) if address else doctor("--list", " ")
    assert found.exit_code == 1
    assert isinstance(found.exception, AppError)
    assert len(str(found.exception).splitlines()) == 1


def test_wrong_usage(doctor):
    assert doctor("--nonsense").exit_code == 2
    assert doctor("--list").exit_code == 2


def test_the_site_as_it_is_has_nothing_to_mend(doctor, cast):
    make("posts")
    found = doctor("--json")
    assert (found.exit_code, json.loads(found.output)) == (0, [])


def test_a_dropped_index_is_found(doctor):
    before = json.loads(doctor("--json").output)
    drop("ix_posts_live_title_key_id")
    try:
        found = doctor("--json")
        (missing,) = [line for line in json.loads(found.output) if line not in before]
        assert found.exit_code == 1
        assert missing["finding"] == "no index for sort title"
    finally:
        create('op.create_index("ix_posts_live_title_key_id", "posts", ["live", "title_key", "id"])')
    create(missing["mend"].replace("title_key_id", "title_key_id_spare", 1))
    assert json.loads(doctor("--json").output) == before


def test_rows_without_a_search_document_are_found(doctor, cast):
    make("notes")
    change("DELETE FROM search_words")
    change("DELETE FROM search_documents")
    found = json.loads(doctor("--json").output)
    assert {
        "section": "notes",
        "finding": "rows without a search document",
        "mend": "manage.py search rebuild notes",
    } in found
    rebuilt = doctor.app.test_cli_runner().invoke(args=["search", "rebuild", "notes"])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "search rebuild notes" not in doctor("--json").output
    unknown = doctor.app.test_cli_runner().invoke(args=["search", "rebuild", "nosuch"])
    assert (unknown.exit_code, "nosuch" in str(unknown.exception)) == (1, True)


@pytest.mark.parametrize("section", ["notes", "posts", "users", "books"])
def test_documents_of_other_words_are_found(doctor, cast, section):
    number = make(section)
    before = json.loads(doctor("--json").output)
    wanted = {"section": section, "mend": f"manage.py search rebuild {section}"}
    wanted["finding"] = "search documents that do not hold what its rows say now"
    document = documents.first_id(registry.get(section)) + number
    change(f"UPDATE search_documents SET words = ' something else ' WHERE id = {document}")
    assert json.loads(doctor("--json").output) == sorted(
        [*before, wanted], key=lambda line: [*registry.by_name()].index(line["section"])
    )
    rebuilt = doctor.app.test_cli_runner().invoke(args=["search", "rebuild", section])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert json.loads(doctor("--json").output) == before


@pytest.mark.parametrize(
    ("revision", "mend"),
    [("0001", "manage.py db upgrade"), ("9999", "run the newer program that upgraded it")],
)
def test_another_schema_is_said_before_anything_else(doctor, cast, revision, mend):
    (head,) = schema.scripts().get_heads()
    change(f"UPDATE alembic_version SET version_num = '{revision}'")
    try:
        (found,) = json.loads(doctor("--json").output)
        set_up = doctor.app.test_cli_runner().invoke(args=["setup"]) if revision == "9999" else None
    finally:
        change(f"UPDATE alembic_version SET version_num = '{head}'")
    assert found == {"section": "", "finding": f"database has {revision}, program wants {head}", "mend": mend}
    if set_up:
        assert "revision 9999, which this program does not know" in str(set_up.exception)


def test_a_list_that_asks_too_much_is_found(doctor, monkeypatch):
    real = paging.page

    def chatty(*args):
        for _ in range(6):
            db.session.execute(text("SELECT 1"))
        return real(*args)

    monkeypatch.setattr(paging, "page", chatty)
    found = doctor()
    assert found.exit_code == 1
    assert "statements" in found.output
