"""Revisions: one line of them, no drift, up and down and up again, killed and run again, never edited."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text

from admin_site import ROOT, create_app, demo
from admin_site.accounts.models import Role
from admin_site.core import schema
from admin_site.core.database import db
from admin_site.core.modes import writing
from tests import databases
from tests.conftest import servers

VERSIONS = ROOT / "migrations" / "versions"
# Name and digest of each revision that has landed; lines are only added.
LANDED = ROOT / "migrations" / "landed.txt"

# What the test adds to the pipeline: one revision of each kind of step, with data to carry over.
ADDED = '''
"""Give students a nickname, made from the first name."""

import sqlalchemy as sa
from alembic import op

revision = "test"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("students") as batch:
        batch.add_column(sa.Column("nickname", sa.String(200), nullable=False, server_default=""))
    with op.batch_alter_table("authors") as batch:
        batch.add_column(sa.Column("pen_name", sa.String(200), nullable=True))
        batch.alter_column("name", existing_type=sa.String(200), type_=sa.String(220), existing_nullable=False)
    op.execute("UPDATE students SET nickname = first_name")
    {kill}
    with op.batch_alter_table("students") as batch:
        batch.create_index("ix_students_nickname", ["nickname"])


def downgrade() -> None:
    with op.batch_alter_table("students") as batch:
        batch.drop_index("ix_students_nickname")
        batch.drop_column("nickname")
    with op.batch_alter_table("authors") as batch:
        batch.alter_column("name", existing_type=sa.String(220), type_=sa.String(200), existing_nullable=False)
        batch.drop_column("pen_name")
'''


@pytest.fixture
def site(database, worker, tmp_path):
    """An application over a database and a folder of revisions of its own."""
    server = servers()[database.name]
    url = databases.create(database.name, server, f"{worker}_migrations")
    folder = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
    app = create_app({"APP_CONFIG": "testing", "DATABASE_URL": url}, instance_path=str(tmp_path / "instance"))
    app.extensions["migrate"].directory = str(folder)
    with app.app_context():
        yield app, url, folder
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
    databases.drop(database.name, server, url)


def add_revision(folder: Path, kill: str = "pass") -> None:
    (folder / "versions" / "test_nickname.py").write_text(ADDED.format(head=head(), kill=kill))


def head() -> str:
    return sorted(path.stem.split("_")[1] for path in VERSIONS.glob("*.py"))[-1]


def upgrade(folder: Path, revision: str = "head") -> None:
    db.session.rollback()
    flask_migrate.upgrade(directory=str(folder), revision=revision)


def downgrade(folder: Path, revision: str) -> None:
    db.session.rollback()
    flask_migrate.downgrade(directory=str(folder), revision=revision)


# Made from the rows; ``search rebuild`` makes them again.
DERIVED = {"search_documents", "search_words", "search_rebuilds"}
SEARCH = re.compile(r"ix_search_documents_(vector|words)|'vector'")


def digest() -> str:
    """Every row of every table, whatever the order of the columns; the search index can be made anew."""
    hasher = hashlib.sha256()
    with db.engine.connect() as connection:
        for name in sorted(set(inspect(connection).get_table_names()) - DERIVED):
            if name.startswith("search_index"):
                continue
            rows = connection.execute(text(f"SELECT * FROM {name}")).mappings()  # a name of the schema
            lines = sorted(repr(sorted((key, str(value)) for key, value in row.items())) for row in rows)
            hasher.update(f"{name} {len(lines)} {lines}".encode())
    return hasher.hexdigest()


def revision_of_database() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def test_there_is_one_line_of_revisions(app):
    assert len(schema.scripts().get_heads()) == 1


def test_models_and_schema_agree(app):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [change for change in compare_metadata(context, db.metadata) if "search_index" not in str(change)]
        assert [change for change in found if not SEARCH.search(str(change))] == []


def test_a_landed_revision_is_never_edited():
    landed = dict(line.split() for line in LANDED.read_text().splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(VERSIONS.glob("*.py"))}
    assert {name: found.get(name) for name in landed} == landed, "a landed revision was edited: write a new one"
    new = [f"{name} {value}" for name, value in found.items() if name not in landed]
    assert new == [], f"add to {LANDED.name} once they are final: {new}"


def test_up_down_and_up_again_leaves_the_demo_content_as_it_was(site):
    _app, _url, folder = site
    revisions = [script.revision for script in schema.scripts().walk_revisions()][::-1]
    upgrade(folder)
    demo.load()  # the models are those of the newest revision
    before = digest()
    for earlier in revisions[-2::-1]:
        downgrade(folder, earlier)
    upgrade(folder)
    assert digest() == before
    add_revision(folder)
    upgrade(folder)
    with_nicknames = digest()
    assert with_nicknames != before
    downgrade(folder, head())
    assert digest() == before
    upgrade(folder)
    assert digest() == with_nicknames


def test_no_number_is_given_twice_over_a_table_that_was_copied(site):
    """SQLite copies a table to change it, and would begin to count anew from the rows that are there."""
    _app, _url, folder = site
    upgrade(folder, "0011")

    def numbering():
        with db.engine.connect() as connection:
            made = connection.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
            return {*made.scalars()}

    if db.engine.dialect.name != "sqlite":  # the others never copy
        return
    before = numbering()
    assert {"users", "posts"} <= before
    with writing(), db.engine.begin() as connection:
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('users', 41)"))
    for revision in ("head", "0008", "head"):
        (upgrade if revision == "head" else downgrade)(folder, revision)
        assert before - numbering() == set(), revision
        with db.engine.connect() as connection:
            given = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'users'")).scalar()
        assert given == 41, revision


def test_the_way_back_to_nothing_is_open(site):
    _app, _url, folder = site
    upgrade(folder)
    downgrade(folder, "base")
    with db.engine.connect() as connection:
        left = set(inspect(connection).get_table_names()) - {"sqlite_sequence"}
    assert left == {"alembic_version"}
    upgrade(folder)


@pytest.mark.databases("sqlite", "postgresql")  # MariaDB commits each step by itself: docs/operators.md
def test_a_migration_killed_in_the_middle_can_be_run_again(site):
    _app, url, folder = site
    upgrade(folder)
    with writing(), db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO students (version, live, created_at, updated_at, first_name, first_name_key, last_name,"
                " last_name_key, subject, subject_key) VALUES (1, 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00',"
                " 'Ada', 'ada', 'L', 'l', 'S', 's')"
            )
        )
    add_revision(folder, kill="import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    environment = os.environ | {
        "APP_CONFIG": "testing",
        "DATABASE_URL": url,
    }
    command = [sys.executable, "manage.py", "db", "upgrade", "--directory", str(folder)]
    killed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    db.session.remove()
    assert revision_of_database() == head()
    assert "nickname" not in {column["name"] for column in inspect(db.engine).get_columns("students")}
    add_revision(folder)
    upgrade(folder)
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT nickname FROM students")).scalars().all() == ["Ada"]


def test_ready_only_with_the_right_schema(site):
    app, _url, folder = site
    client = app.test_client()
    assert client.get("/readyz").status_code == 503
    upgrade(folder)
    assert client.get("/readyz").json == {
        "status": "ready",
        "database": "ok",
        "schema": "ok",
        "worker": "missing",
    }
    add_revision(folder)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "program wants test" in answer.json["schema"]


def test_the_four_roles_are_there_after_upgrade(site):
    _app, _url, folder = site
    upgrade(folder)
    assert set(db.session.execute(select(Role.name)).scalars()) == {"viewer", "author", "editor", "admin"}
