"""A live site with demo content, a browser, and windows of the cast."""

import logging
import os
import shutil
from collections.abc import Iterator

import flask_migrate
import pytest
from playwright.sync_api import Browser, sync_playwright

from admin_site import create_app, demo
from admin_site.core.database import db
from tests.browser.live import Site
from tests.browser.window import Open, Troubles, Windows
from tests.cast import Cast

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application over a migrated SQLite file with demo content. What tests write into it stays."""
    folder = tmp_path_factory.mktemp("site")
    settings = {
        "APP_CONFIG": "testing", "DATABASE_URL": f"sqlite:///{folder / 'site.db'}",
        "SECRET_KEY": "for browsers only " * 2, "LOGIN_RATE_LIMIT": "0",
    }  # fmt: skip
    app = create_app(settings, instance_path=str(folder))
    with app.app_context():
        flask_migrate.upgrade(directory=app.extensions["migrate"].directory)
        demo.load()
    live = Site(app)
    live.start()
    yield live
    live.stop()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(scope="session")
def people(site: Site) -> Cast:
    """One person of each role, and an author's colleague."""
    cast = Cast()
    with site.app.app_context():
        for name in ("viewer", "owner", "colleague", "editor", "admin"):
            cast.named(name)
    return cast


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        if os.environ.get("TEST_REQUIRE_ALL") == "1":
            pytest.fail("no Chromium found, but TEST_REQUIRE_ALL=1")
        pytest.skip("no Chromium found")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def troubles() -> Troubles:
    return Troubles()


@pytest.fixture
def window(browser: Browser, site: Site, people: Cast, troubles: Troubles) -> Iterator[Open]:
    """Opens a window. At the end of the test no page in it may have run into trouble."""
    windows = Windows(browser, site, troubles)
    yield windows.open
    windows.close()
    assert troubles == []


@pytest.fixture(autouse=True)
def _no_error_on_the_server(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    errors = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert errors == []
