"""Adding a section takes one file and a migration: done in a copy of the tree, and driven through its surfaces."""

import os
import shutil
import subprocess
import sys

import pytest

from admin_site import ROOT
from tests import databases
from tests.conftest import servers

RECIPES = '''"""Recipes: what the canteen cooks."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core.database import Record, key_of, line, record_args, text
from admin_site.core.section import Section


class Recipe(Record):
    """A dish and how to cook it."""

    __tablename__ = "recipes"
    __table_args__ = record_args("recipes", Index("ix_recipes_live_title_key_id", "live", "title_key", "id"))

    title: Mapped[str] = line(200)
    title_key: Mapped[str] = key_of("title")
    minutes: Mapped[int | None] = mapped_column()
    content: Mapped[str] = text()
    content_key: Mapped[str] = key_of("content", long=True)


section = Section(
    model=Recipe,
    label="Recipes",
    singular="recipe",
    icon="cup-hot",
    group="Kitchen",
    columns=("title", "minutes", "updated_at"),
    form=("title", "content", "minutes", "is_pinned"),
    filters=("minutes", "updated_at"),
    search=("title", "content"),
    pins=True,
)
'''

# Run inside the copy, over its own code.
DRIVE = """
import sys

from admin_site import create_app
from admin_site.accounts.actor import SYSTEM
from admin_site.core import registry
from admin_site.core.database import db
from tests.cast import Cast
from tests.client import Client

app = create_app({"APP_CONFIG": "testing"})
with app.app_context():
    cast = Cast()
    people = {name: Client(app).sign_in(cast.named(name)) for name in ("viewer", "owner", "colleague", "editor")}
    owner, editor, viewer = people["owner"], people["editor"], people["viewer"]

    def titles(person, address):
        return [cell.text.strip() for cell in person.page(address).select("tbody .title")]

    assert "No recipes yet" in owner.page("/admin/recipes/").text
    assert "Kitchen" in owner.page("/admin/").select_one(".sidebar").text
    for title, minutes in (("Soup", "20"), ("Bread", "90"), ("Salad", "")):
        sent = {"title": title, "content": f"Make the {title}.", "minutes": minutes}
        assert owner.post("/admin/recipes/new", sent).status_code == 302
    assert viewer.post("/admin/recipes/new", {"title": "x", "content": "y"}).status_code == 403
    assert owner.post("/admin/recipes/new", {"title": "", "content": "y", "minutes": "z"}).status_code == 400
    assert titles(viewer, "/admin/recipes/?sort=title") == ["Bread", "Salad", "Soup"]
    assert titles(viewer, "/admin/recipes/?sort=-minutes") == ["Bread", "Soup", "Salad"]
    assert titles(viewer, "/admin/recipes/?minutes__gte=30") == ["Bread"]
    assert titles(viewer, "/admin/recipes/?q=SOUP") == ["Soup"]
    assert viewer.page("/admin/recipes/filters")
    assert owner.post("/admin/recipes/1/edit", {"title": "Broth", "version": "1"}).status_code == 302
    assert people["colleague"].post("/admin/recipes/1/edit", {"title": "Mine", "version": "2"}).status_code == 403
    assert editor.post("/admin/recipes/2/pin", {"is_pinned": "1"}).status_code == 302
    assert titles(viewer, "/admin/recipes/?sort=title")[0] == "Bread"
    history = viewer.page("/admin/recipes/1/history").text
    assert "Broth" in history and "Soup" in history
    assert viewer.post("/admin/recipes/1/delete", {"version": "2"}).status_code == 403
    assert owner.post("/admin/recipes/1/delete", {"version": "2"}).status_code == 302
    assert viewer.get("/admin/recipes/1").status_code == 404
    assert titles(editor, "/admin/recipes/trash") == ["Broth"]
    assert owner.post("/admin/recipes/1/restore").status_code == 403
    assert editor.post("/admin/recipes/1/restore").status_code == 302
    assert viewer.get("/admin/recipes/1").status_code == 200
    db.session.remove()
print("driven")
"""


@pytest.fixture
def copy(tmp_path):
    """The tracked tree, as a clone would have it."""
    folder = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.db*", ".*_cache", "secret_key", ".hypothesis")
    shutil.copytree(ROOT, folder, ignore=ignored)
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "As it is")):
        _git(folder, *command)
    return folder


def _git(folder, *words):
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    done = subprocess.run(("git", *identity, *words), cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_one_file_and_a_migration_make_a_section(database, worker, copy):
    server = servers()[database.name]
    url = databases.create(database.name, server, f"{worker}_section")
    (copy / "admin_site/sections/recipes.py").write_text(RECIPES)

    def run(*words):
        environment = os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            (sys.executable, *words), cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    run("manage.py", "db", "upgrade")
    run("manage.py", "db", "migrate", "-m", "Add recipes")
    run("manage.py", "db", "upgrade")
    run("manage.py", "db", "check")
    changed = [line[3:] for line in _git(copy, "status", "--porcelain", "--untracked-files=all")]
    assert len(changed) == 2, changed
    assert "admin_site/sections/recipes.py" in changed
    assert any(name.startswith("migrations/versions/") and name.endswith("add_recipes.py") for name in changed)
    assert "recipes" in run("manage.py", "sections", "show", "recipes")
    assert run("-c", DRIVE).strip().endswith("driven")
    databases.drop(database.name, server, url)


def test_a_misspelt_field_stops_the_start_with_one_sentence(copy):
    wrong = RECIPES.replace('search=("title", "content")', 'search=("title", "contents")')
    (copy / "admin_site/sections/recipes.py").write_text(wrong)
    done = subprocess.run(
        (sys.executable, "manage.py", "sections", "list"), cwd=copy, capture_output=True, text=True, check=False,
        env=os.environ | {"DATABASE_URL": "sqlite://"},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.strip() == "S005 recipes.search: there is no 'contents'. Did you mean 'content'?"
