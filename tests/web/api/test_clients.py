"""Clients that other people's programs generate from the document of a running site work as they come."""

import importlib
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask_migrate
import pytest

from admin_site import create_app, sections
from admin_site.core import registry
from admin_site.core.database import db
from tests import factories
from tests.api_client import Program
from tests.browser.live import Site
from tests.cast import make_user

sections.register_all()
NAMES = tuple(registry.by_name())
HERE = Path(__file__).parent
CLIENT = "site_client"
# The last ones that run on Node.js 20.
TYPESCRIPT_CLIENT = ("@hey-api/openapi-ts@0.95.0", "typescript@5.9.3")
COMPILER = (
    "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--module", "commonjs",
    "--moduleResolution", "node10", "--esModuleInterop", "--skipLibCheck", "--outDir", "built",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served application with one row in each section."""
    folder = tmp_path_factory.mktemp("site")
    settings = {
        "APP_CONFIG": "testing", "DATABASE_URL": f"sqlite:///{folder / 'site.db'}",
        "SECRET_KEY": "for clients only " * 2,
    }  # fmt: skip
    app = create_app(settings, instance_path=str(folder))
    with app.app_context():
        flask_migrate.upgrade(directory=app.extensions["migrate"].directory)
        for name in NAMES:
            factories.make(name)
    live = Site(app)
    live.start()
    yield live
    live.stop()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(scope="module")
def secret(site: Site) -> str:
    with site.app.app_context():
        return Program.of(site.app, make_user("program", "admin")).secret


@pytest.fixture(scope="module")
def document(site: Site, secret: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    asked = urllib.request.Request(f"{site.url}/api/openapi.json", headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(asked) as answer:
        path.write_bytes(answer.read())
    return path


def run(*command: str | Path, folder: Path, **environment: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {(done.stdout + done.stderr)[-4000:]}"


# Python


@pytest.fixture(scope="module")
def generated(document: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package that openapi-python-client makes, without a word of warning."""
    folder = tmp_path_factory.mktemp("python")
    (folder / "config.yml").write_text("post_hooks: []\n")
    run(
        sys.executable, "-m", "openapi_python_client", "generate", "--path", document, "--meta", "none",
        "--output-path", folder / CLIENT, "--config", folder / "config.yml", "--fail-on-warning",
        folder=folder,
    )  # fmt: skip
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == CLIENT]:
        del sys.modules[name]


@contextmanager
def opened(site: Site, secret: str) -> Iterator[Any]:
    """A client that raises where an answer is not in the document."""
    found = importlib.import_module(f"{CLIENT}.client")
    with found.AuthenticatedClient(base_url=site.url, token=secret, raise_on_unexpected_status=True) as client:
        yield client


@pytest.fixture
def client(generated: Path, site: Site, secret: str) -> Iterator[Any]:
    with opened(site, secret) as client:
        yield client


def call(section: str, name: str) -> Any:
    """``call("notes", "create")`` is the module of ``POST /api/notes``."""
    package = section if section in NAMES else "all_sections"
    return importlib.import_module(f"{CLIENT}.api.{package}.{name}_{section}")


def model(name: str) -> Any:
    return getattr(importlib.import_module(f"{CLIENT}.models"), name)


def test_a_client_in_python_does_what_a_program_does(client):
    new = model("NoteNew")(title="Crane fly", content="Seen at the lamp.")
    made = call("notes", "create").sync(client=client, body=new, idempotency_key="crane fly")
    assert isinstance(made, model("Note"))
    assert made.created_at > datetime.now(UTC) - timedelta(minutes=1)
    assert call("notes", "create").sync(client=client, body=new, idempotency_key="crane fly") == made

    expand = [model("GetNotesExpandItem")("created_by")]
    read = call("notes", "get").sync(made.id, client=client, expand=expand)
    assert (read.title, read.created_by_row.title) == ("Crane fly", "Program")

    change = model("NoteChange")(title="Harvestman", is_pinned=True, author_id=None)
    changed = call("notes", "update").sync(made.id, client=client, body=change, if_match='"1"')
    assert (changed.title, changed.content, changed.is_pinned) == ("Harvestman", made.content, True)
    late = call("notes", "update").sync(made.id, client=client, body=change, if_match='"1"')
    assert isinstance(late, model("Stale"))


def test_lists_in_python_are_sorted_filtered_and_paged(client):
    titles, new = ("Aphid", "Ladybird", "Lacewing"), model("NoteNew")
    made = [call("notes", "create").sync(client=client, body=new(title=title, content="On roses.")) for title in titles]
    numbers = [note.id for note in made]
    listed = call("notes", "list").sync(
        client=client, id_in=numbers, sort=[model("ListNotesSortItem")(name) for name in ("title", "-id")], per_page=2,
        fields=[model("ListNotesFieldsItem")(name) for name in ("title", "version")], is_pinned=False,
        created_at_gte=datetime.now(UTC) - timedelta(hours=1),
    )  # fmt: skip
    assert [(note.title, note.version) for note in listed.notes] == [("Aphid", 1), ("Lacewing", 1)]
    assert (listed.total, listed.pages, listed.has_next) == (3, 2, True)
    rest = call("notes", "list").sync(
        client=client, id_in=numbers, sort=[model("ListNotesSortItem")("title")], q="roses -aphid", cursor=""
    )
    assert ([note.title for note in rest.notes], rest.total) == (["Lacewing", "Ladybird"], None)
    found = call("notes", "search").sync(client=client, q="ladybird")
    assert [note.id for note in found.notes] == [numbers[1]]


def test_bulk_deeds_in_python_are_tried_done_and_undone(client):
    made = call("notes", "create").sync(client=client, body=model("NoteNew")(title="Midge", content="Many."))
    of_many, delete = model("NoteBulk"), model("NoteBulkAction")("delete")
    tried = call("notes", "bulk").sync(client=client, body=of_many(ids=[made.id], action=delete, dry_run=True))
    assert (tried.changing, tried.samples[0].title) == (1, "Midge")
    chosen = of_many(filter_=model("NoteFilter")(id=made.id), set_=model("NoteValues")(content="Fewer."))
    job = call("notes", "bulk").sync(client=client, body=chosen).job
    read = call("job", "get").sync(job.id, client=client)
    assert (read.state.value, read.done) == ("done", 1)
    assert call("job", "undo").sync(job.id, client=client).job.undoes == read.change_set
    assert call("notes", "get").sync(made.id, client=client).content == "Many."
    assert call("notes", "delete").sync(made.id, client=client).message == "Note deleted successfully"
    assert call("notes", "restore").sync(made.id, client=client).id == made.id
    history = call("notes", "history").sync(made.id, client=client).history
    assert [entry.action for entry in history] == ["restore", "delete", "update", "update", "create"]


def test_errors_in_python_are_objects_too(client, site):
    missing = call("notes", "get").sync_detailed(999_999, client=client)
    assert (missing.status_code, missing.parsed.code) == (404, "not_found")
    wrong = call("posts", "create").sync(client=client, body=model("PostNew")(title=" ", content="x"))
    assert (wrong.error, wrong.fields["title"]) == ("Title is required", ["Title is required"])
    with opened(site, "wrong") as stranger:
        assert call("notes", "list").sync(client=stranger).code == "unauthorized"


@pytest.mark.parametrize("name", NAMES)
def test_the_objects_of_every_section_are_read_in_python(client, name):
    listed = call(name, "list").sync(client=client, per_page=100)
    number = getattr(listed, name)[0].id
    assert call(name, "get").sync(number, client=client) == getattr(listed, name)[0]
    assert call(name, "history").sync(number, client=client).history
    assert call(name, "search").sync(client=client, q="id:>0").count
    assert getattr(call("everywhere", "search").sync(client=client, q="id:>0"), name)


# TypeScript


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the generator and the compiler, which npm puts there."""
    npm, needed = shutil.which("npm"), os.environ.get("TEST_REQUIRE_ALL") == "1"
    if npm is None or shutil.which("node") is None:
        pytest.fail("no Node.js found, but TEST_REQUIRE_ALL=1") if needed else pytest.skip("no Node.js found")
    folder = tmp_path_factory.mktemp("typescript")
    command = (npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", *TYPESCRIPT_CLIENT)
    try:
        run(*command, folder=folder, npm_config_cache=str(folder / "cache"), npm_config_update_notifier="false")
    except (AssertionError, subprocess.TimeoutExpired):
        if needed:
            raise
        pytest.skip("npm could not install the generator")
    return folder


def test_a_client_in_typescript_compiles_strictly_and_does_what_a_program_does(tools, document, site, secret):
    programs = tools / "node_modules" / ".bin"
    run(programs / "openapi-ts", "--input", document, "--output", "client", "--silent", folder=tools)
    shutil.copy(HERE / "calls.ts", tools)
    run(programs / "tsc", *COMPILER, "calls.ts", folder=tools)
    run("node", "built/calls.js", site.url, secret, folder=tools)
