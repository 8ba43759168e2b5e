"""The sites that are compared: how each is started, how one signs in, where its pages are."""

import os
import re
import secrets
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

from benchmarks import data, environments, product, servers
from benchmarks.client import Answer, Browser, form_of, replaced
from benchmarks.data import COMMON, EXPORTED_STATUS, FILTER, RARE, Database
from benchmarks.servers import Server
from benchmarks.settings import FOLDER, ROOT

SECRET = secrets.token_hex(32)
PASSWORD = secrets.token_urlsafe(16)
MARK = "Saved for the benchmark: "

# Pages by what the table calls them.
LIST, SAME, DEEP, RARE_PAGE, COMMON_PAGE, FILTERED, EDIT, SAVE, EXPORT, HELLO = (
    "list", "list, rivals' columns", "deep", "search rare", "search common", "filter", "edit", "save", "export",
    "hello",
)  # fmt: skip
GUNICORN = (
    "gunicorn",
    "--workers=1",
    "--worker-class=sync",
    "--bind=127.0.0.1:{port}",
    "--timeout=300",
    "--log-level=warning",
)


@dataclass(frozen=True)
class Site:
    """What is known of a site before it runs."""

    name: str
    title: str
    environment: str
    words: tuple[str, ...]
    sign_in: Callable[[Browser, Database], None]
    pages: Mapping[str, str]
    # The post that is edited here: each site has its own, so that none meets what another one wrote.
    post: int
    variables: Mapping[str, str] = field(default_factory=dict)
    row: str = r'href="[^"]*/posts/(\d+)'
    # The button and the word that the form of a post is sent with.
    button: tuple[str, str] = ("_next", "list")
    # What is run before it is started: it makes tables of its own.
    maker: str = ""

    def guest(self, server: Server) -> "Guest":
        """Somebody who comes to it."""
        return Guest(self, server, Browser(server.port))

    def start(self, database: Database) -> "Guest":
        """Start it and sign in."""
        python = environments.python_of(self.environment)
        given = {"SECRET_KEY": SECRET, "RIVAL_PASSWORD": PASSWORD, "RIVAL_FOLDER": str(FOLDER), **self.variables}
        if self.maker:
            variables = os.environ | {"PYTHONPATH": str(ROOT), "DATABASE_URL": database.url, **given}
            subprocess.run([str(python), "-m", self.maker], cwd=ROOT, env=variables, check=True)
        server = servers.start(self.name, database, python, self.words, given)
        guest = self.guest(server)
        try:
            self.sign_in(guest.browser, database)
            guest.browser.get(guest.path(next(iter(self.pages))))
        except BaseException:
            server.stop()
            raise
        server.find_processes()
        return guest


@dataclass
class Guest:
    """Somebody who is signed in at a site that runs."""

    site: Site
    server: Server
    browser: Browser
    # What pages cannot be asked for, and why.
    missing: dict[str, str] = field(default_factory=dict)
    # Addresses that are known only once the database is.
    more: dict[str, str] = field(default_factory=dict)
    saves: int = 0
    # How pages are answered, if not with 200.
    statuses: ClassVar[Mapping[str, int]] = {SAVE: 302}

    def path(self, page: str) -> str:
        """The address of a page."""
        return self.more.get(page) or self.site.pages[page].format(post=self.site.post)

    def has(self, page: str) -> bool:
        """Whether there is such a page."""
        return (page in self.site.pages or page in self.more) and page not in self.missing

    def rows(self, text: str) -> list[int]:
        """The numbers of the rows of a list, in their order, without the pinned ones."""
        found = dict.fromkeys(int(number) for number in re.findall(self.site.row, text))
        hidden = pinned_numbers(self.server.database.rows)
        return [number for number in found if number not in hidden]

    def form(self) -> list[tuple[str, str]]:
        """What saving would send now, with another end of the content."""
        page = self.browser.get(self.path(EDIT)).text
        values = form_of(page, "content")
        content = dict(values)["content"].partition(MARK)[0].rstrip()
        self.saves += 1
        name, word = self.site.button
        return [*replaced(values, content=f"{content}\n\n{MARK}{self.saves} {self.site.name}"), (name, word)]

    def asker(self, page: str) -> Callable[[], Answer]:
        """How a page is asked for; before a save that is got which is sent."""
        path = self.path(page)
        if page != SAVE:
            return lambda: self.browser.get(path)
        form = self.form()
        return lambda: self.browser.post(path, form)

    def complaints(self, page: str, answers: Sequence[Answer]) -> list[str]:
        """What is wrong with the last answers."""
        wanted = self.statuses.get(page, 200)
        problems = [
            f"{self.site.title}: {page} was answered with {answer.status}"
            for answer in answers
            if answer.status != wanted
        ]
        if page == SAVE and not problems and not self.was_saved():
            problems.append(f"{self.site.title}: a save was lost")
        return problems

    def was_saved(self) -> bool:
        """Whether the database has what was sent last."""
        ((content,),) = self.server.database.run("SELECT content FROM posts WHERE id = ?", self.site.post)
        return str(content).endswith(f"{MARK}{self.saves} {self.site.name}")


@cache
def pinned_numbers(rows: int) -> frozenset[int]:
    """The posts that stand in the band of the product's list."""
    return frozenset(data.pinned(rows))


def _floor_door(browser: Browser, _database: Database) -> None:
    browser.post("/login", [("user_id", "1")])


def _flask_admin_door(browser: Browser, _database: Database) -> None:
    browser.post("/login", [("password", PASSWORD)])


def _django_door(browser: Browser, _database: Database) -> None:
    values = form_of(browser.get("/admin/login/").text, "password")
    _expect(browser.post("/admin/login/", replaced(values, username="admin", password=PASSWORD)).status, 302)


def _sqladmin_door(browser: Browser, _database: Database) -> None:
    _expect(browser.post("/admin/login", [("username", "admin"), ("password", PASSWORD)]).status, 302)


def _product_door(browser: Browser, database: Database) -> None:
    name, value = product.cookie(database, SECRET)
    browser.cookies[name] = value


def _expect(status: int, wanted: int) -> None:
    if status != wanted:
        raise RuntimeError(f"signing in was answered with {status}")


_FILTER = f"status={FILTER['status']}&author_id={FILTER['author_id']}"
# What the rivals' lists show; ours shows no tags unless asked.
COLUMNS = "title,author_id,category_id,status,is_pinned,created_at,tag_ids"
_OURS = {
    LIST: "/admin/posts/?sort=-created_at",
    RARE_PAGE: f"/admin/posts/?q={RARE}",
    COMMON_PAGE: f"/admin/posts/?q={COMMON}",
    FILTERED: f"/admin/posts/?sort=-created_at&{_FILTER}",
    EDIT: "/admin/posts/{post}/edit",
    EXPORT: f"/admin/posts/export.csv?sort=-created_at&status={EXPORTED_STATUS}",
}
_FLASK_ADMIN = {
    LIST: "/admin/posts/",
    RARE_PAGE: f"/admin/posts/?search={RARE}",
    COMMON_PAGE: f"/admin/posts/?search={COMMON}",
    FILTERED: f"/admin/posts/?flt0_status_equals={FILTER['status']}&flt1_author_id_equals={FILTER['author_id']}",
    EDIT: "/admin/posts/edit/?id={post}",
    SAVE: "/admin/posts/edit/?id={post}",
    EXPORT: f"/admin/posts/export/csv/?flt0_status_equals={EXPORTED_STATUS}",
}
_DJANGO = {
    LIST: "/admin/content/post/",
    RARE_PAGE: f"/admin/content/post/?q={RARE}",
    COMMON_PAGE: f"/admin/content/post/?q={COMMON}",
    FILTERED: f"/admin/content/post/?status__exact={FILTER['status']}&author__id__exact={FILTER['author_id']}",
    EDIT: "/admin/content/post/{post}/change/",
    SAVE: "/admin/content/post/{post}/change/",
}

OURS = Site(
    "ours", "Admin Site", "product", (*GUNICORN, "admin_site:create_app()"), _product_door,
    _OURS | {SAVE: _OURS[EDIT], SAME: f"{_OURS[LIST]}&columns={COLUMNS}"}, 101, {"APP_CONFIG": "production"},
)  # fmt: skip
FLOOR = Site(
    "floor", "floor", "product", (*GUNICORN, "benchmarks.floor:app"), _floor_door,
    _OURS | {HELLO: "/hello"}, 102,
)  # fmt: skip
STOCK = Site(
    "flask-admin", "Flask-Admin, stock", "flask_admin", (*GUNICORN, "benchmarks.rivals.flask_admin.site:app"),
    _flask_admin_door, _FLASK_ADMIN, 103, {"RIVAL": "stock"}, row=r'href="/admin/posts/edit/\?id=(\d+)',
    button=("_save", "Save"),
)  # fmt: skip
TUNED = Site(
    "flask-admin-tuned", "Flask-Admin, tuned, no count", "flask_admin",
    (*GUNICORN, "benchmarks.rivals.flask_admin.site:app"), _flask_admin_door,
    {page: path for page, path in _FLASK_ADMIN.items() if page != EXPORT}, 104, {"RIVAL": "tuned"}, row=STOCK.row,
    button=STOCK.button,
)  # fmt: skip
DJANGO = Site(
    "django", "Django admin", "django_admin", (*GUNICORN, "benchmarks.rivals.django_admin.site:app"), _django_door,
    _DJANGO, 105, row=r'href="/admin/content/post/(\d+)/change', button=("_save", "Save"),
    maker="benchmarks.rivals.django_admin.site",
)  # fmt: skip
SQLADMIN = Site(
    "sqladmin", "SQLAdmin", "sqladmin",
    ("uvicorn", "benchmarks.rivals.sqladmin.site:app", "--port={port}", "--workers=1", "--log-level=warning"),
    _sqladmin_door, {EDIT: "/admin/post/edit/{post}"}, 106,
)  # fmt: skip
RIVALS = (DJANGO, STOCK, TUNED, SQLADMIN)
