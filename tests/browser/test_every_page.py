"""Every page, light on a desk and dark on a phone: no barrier, no trouble, nothing beside the screen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from admin_site.core import registry
from admin_site.sections import register_all
from tests.browser.live import Site
from tests.browser.window import DESKTOP, PHONE, Open, Troubles, Windows, go
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SECTIONS = (
    "posts", "categories", "tags", "comments", "notes", "questions", "answers", "books", "authors", "students", "users",
)  # fmt: skip
PAGES = (
    "?per_page=5",
    "{row}",
    "{row}/edit",
    "new",
    "filters",
    "{row}/delete",
    "{row}/history",
    "trash",
    "{trashed}/restore",
)
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {
    "runOnly": {"type": "tag", "values": STANDARDS},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,
}
AXE = Axe()
MODES = (("light", DESKTOP), ("dark", PHONE))


@dataclass(frozen=True)
class Desk:
    """Windows that stay open over all pages, since opening one takes longer than loading a page."""

    admin: Page
    viewer: Page
    nobody: Page
    troubles: Troubles


@pytest.fixture(scope="module")
def desk(browser: Browser, site: Site, people: Cast) -> Iterator[Desk]:
    troubles = Troubles()
    windows = Windows(browser, site, troubles)
    yield Desk(windows.open(people.admin), windows.open(people.viewer), windows.open(), troubles)
    windows.close()


@pytest.fixture(scope="module")
def rows(site: Site) -> Callable[[str], dict[str, int]]:
    """A row of a section that shows much, and one in the trash."""

    @cache
    def of(section: str) -> dict[str, int]:
        trashed = site.make(section)
        site.trash(section, trashed)
        return {"row": 1, "trashed": trashed}

    return of


def barriers(page: Page, within: str = "html") -> list[str]:
    """What axe finds, one line for each rule and place."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    found = page.evaluate("([within, rules]) => axe.run(within, rules)", [within, RULES])["violations"]
    return [f"{rule['id']}: {node['target']} {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def at_a_desk(page: Page) -> Page:
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)
    return page


def overhang(page: Page) -> int:
    """By how much the page is wider than the window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width


def check(page: Page, troubles: Troubles, within: str = "html") -> None:
    for scheme, size in MODES:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        # As tall as the page, so that no bar at the foot of the window covers half a button.
        height: int = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": height})
        assert barriers(page, within) == [], scheme
        assert overhang(page) <= 0, scheme
    assert troubles.taken() == []


def test_every_section_is_looked_at() -> None:
    register_all()
    assert {section.name for section in registry.all_sections()} == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("path", PAGES)
def test_admin_meets_no_barrier(desk: Desk, rows: Callable[[str], dict[str, int]], section: str, path: str) -> None:
    address = f"/admin/{section}/{path.format(**rows(section))}"
    assert go(desk.admin, address) == 200
    check(desk.admin, desk.troubles)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/", 200),
        ("/account", 200),
        ("/admin/posts/options?sort=title,-updated_at", 200),
        ("/admin/posts/counts", 200),
        ("/admin/books/counts?group=author_id", 200),
        ("/admin/posts/views?back=status%3Ddraft", 200),
        ("/admin/pins/", 200),
        ("/admin/pins/?section=posts", 200),
        ("/admin/search", 200),
        ("/admin/search?q=the", 200),
        ("/admin/search?q=zzzz", 200),
        ("/admin/keys", 200),
        ("/admin/posts/filters?q=(status:draft OR status:review) updated:<9d", 200),
        ("/admin/posts/filters?b.0.f=updated_at&b.0.o=gte&b.0.v=2026-13-01&b.apply=1", 200),
        ("/admin/notes/999999", 404),
        ("/nowhere", 404),
        ("/admin/notes/?q=zzzz&author_id=1", 200),
        ("/admin/notes/?page=99", 200),
        ("/admin/posts/?status=draft&updated_at__gte=2020-01-01&q=the&sort=title", 200),
        ("/admin/notes/?nonsense=1&sort=colour", 200),
    ],
)
def test_admin_meets_no_barrier_elsewhere(desk: Desk, path: str, status: int) -> None:
    assert go(desk.admin, path) == status
    check(desk.admin, desk.troubles)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/admin/", 200), ("/admin/notes/?per_page=5", 200), ("/admin/notes/1/edit", 403), ("/admin/users/", 404)],
)
def test_viewer_meets_no_barrier(desk: Desk, path: str, status: int) -> None:
    assert go(desk.viewer, path) == status
    check(desk.viewer, desk.troubles)


@pytest.mark.parametrize(("path", "status"), [("/login", 200), ("/set-password/spent", 400), ("/nowhere", 404)])
def test_nobody_meets_no_barrier(desk: Desk, path: str, status: int) -> None:
    assert go(desk.nobody, path) == status
    check(desk.nobody, desk.troubles)


def test_newcomer_meets_no_barrier(desk: Desk, site: Site) -> None:
    invited = site.person("invited", "viewer")
    assert go(desk.nobody, f"/set-password/{site.invitation(invited)}") == 200
    check(desk.nobody, desk.troubles)


def test_refused_meets_no_barrier(desk: Desk) -> None:
    desk.nobody.goto("/login")
    desk.nobody.get_by_label("E-mail").fill("nobody@example.org")
    desk.nobody.get_by_label("Password", exact=True).fill("wrong")
    desk.nobody.get_by_role("button", name="Log in").click()
    check(desk.nobody, desk.troubles)


@pytest.mark.parametrize("section", ["posts", "users"])
def test_admin_meets_no_barrier_among_error_messages(desk: Desk, section: str) -> None:
    desk.admin.goto(f"/admin/{section}/new")
    desk.admin.get_by_role("button", name="Save", exact=True).last.click()
    desk.admin.get_by_role("alert").wait_for()
    check(desk.admin, desk.troubles)


def test_admin_meets_no_barrier_in_a_conflict(desk: Desk, site: Site, people: Cast, window: Open) -> None:
    number = site.make("posts", title="Contested")
    desk.admin.goto(f"/admin/posts/{number}/edit")
    other = window(people.editor)
    other.goto(f"/admin/posts/{number}/edit")
    for page, words in ((other, "First."), (desk.admin, "Second.")):
        page.get_by_label("Content").fill(words)
        page.get_by_role("button", name="Save", exact=True).last.click()
    desk.admin.get_by_role("alert").wait_for()
    check(desk.admin, desk.troubles)


def test_admin_meets_no_barrier_when_a_restored_value_is_taken(desk: Desk, site: Site) -> None:
    number = site.make("tags", name="Wanted twice")
    site.trash("tags", number)
    site.make("tags", name="Wanted twice")
    desk.admin.goto(f"/admin/tags/{number}/restore")
    desk.admin.get_by_role("button", name="Restore").click()
    desk.admin.get_by_role("alert").wait_for()
    check(desk.admin, desk.troubles)


@pytest.mark.parametrize(
    ("opener", "opened"),
    [
        ("a[data-key=f]", ".filter-panel"),
        (".toolbar a[data-panel='#options-panel']", ".filter-panel"),
        (".toolbar .menu > summary", ".toolbar .menu-list"),
        (".row-menu > summary >> nth=0", ".row-menu[open] > .menu-list"),
        (".sidebar-foot summary", ".sidebar-foot .menu-list"),
    ],
    ids=["filter", "columns", "more", "row", "account"],
)
def test_admin_meets_no_barrier_in_an_open_menu(desk: Desk, opener: str, opened: str) -> None:
    at_a_desk(desk.admin).goto("/admin/posts/?per_page=5&status=draft")
    desk.admin.locator(opener).click()
    desk.admin.locator(opened).wait_for()
    check(desk.admin, desk.troubles, opened)


@pytest.mark.parametrize(
    ("keys", "opened"), [("Control+k", "dialog.palette .hit >> nth=0"), ("?", "dialog.keys-dialog")], ids=["k", "?"]
)
def test_admin_meets_no_barrier_in_a_dialog(desk: Desk, keys: str, opened: str) -> None:
    at_a_desk(desk.admin).goto("/admin/posts/?per_page=5")
    desk.admin.keyboard.press(keys)
    desk.admin.locator(opened).wait_for()
    check(desk.admin, desk.troubles, "dialog")


def test_admin_meets_no_barrier_in_a_cell(desk: Desk) -> None:
    at_a_desk(desk.admin).goto("/admin/posts/?per_page=5")
    desk.admin.locator("tbody .status").first.dblclick()
    desk.admin.locator(".cell-input").wait_for()
    assert barriers(desk.admin, "table.list") == []
    assert desk.troubles.taken() == []


def test_admin_meets_no_barrier_in_the_drawer(desk: Desk) -> None:
    desk.admin.set_viewport_size(PHONE)
    desk.admin.goto("/admin/posts/?per_page=5")
    desk.admin.get_by_role("button", name="Menu").click()
    desk.admin.get_by_role("navigation", name="Main").wait_for()
    assert barriers(desk.admin, "#sidebar") == []
    assert desk.troubles.taken() == []


def test_axe_would_see_a_fault(desk: Desk) -> None:
    at_a_desk(desk.viewer).goto("/admin/notes/?per_page=5")
    assert barriers(desk.viewer) == []
    desk.viewer.evaluate("document.querySelector('main').append(new Image())")
    assert [line.partition(":")[0] for line in barriers(desk.viewer)] == ["image-alt"]


def test_axe_would_see_pale_words_and_small_targets(desk: Desk) -> None:
    at_a_desk(desk.viewer).goto("/account")
    desk.viewer.evaluate(
        """() => {
            const words = Object.assign(document.createElement("p"), { textContent: "Hardly to be read" });
            words.style.color = "#999";
            const main = document.querySelector("main");
            main.append(words);
            for (const name of ["one", "two"]) {
                const button = Object.assign(document.createElement("button"), { ariaLabel: name });
                Object.assign(button.style, { width: "10px", height: "10px", padding: 0 });
                main.append(button);
            }
        }"""
    )
    assert {line.partition(":")[0] for line in barriers(desk.viewer)} == {"color-contrast", "target-size"}


def test_a_wide_page_would_be_seen(desk: Desk) -> None:
    desk.viewer.goto("/account")
    desk.viewer.set_viewport_size(PHONE)
    assert overhang(desk.viewer) <= 0
    desk.viewer.evaluate("document.querySelector('main').style.width = '500px'")
    assert overhang(desk.viewer) > 0


def test_the_policy_stops_an_inline_script_and_it_is_told(desk: Desk) -> None:
    desk.viewer.goto("/admin/")
    assert desk.troubles.taken() == []
    desk.viewer.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.intruded = true";
            document.body.append(script);
        }"""
    )
    desk.viewer.wait_for_function("true")
    told = desk.troubles.taken()
    assert any(line.startswith("error: Content-Security-Policy: script-src") for line in told), told
    assert desk.viewer.evaluate("window.intruded") is None


def test_the_policy_stops_an_inline_handler_and_a_foreign_picture(desk: Desk) -> None:
    desk.viewer.goto("/admin/")
    desk.viewer.evaluate(
        """() => {
            document.body.insertAdjacentHTML("beforeend", "<button onclick='window.intruded = true'>Click</button>");
            document.body.lastElementChild.click();
            document.body.insertAdjacentHTML("beforeend", "<img alt='' src='http://127.0.0.1:9/x.png'>");
        }"""
    )
    desk.viewer.wait_for_function("true")
    told = " ".join(desk.troubles.taken())
    assert "script-src" in told
    assert "img-src" in told
    assert desk.viewer.evaluate("window.intruded") is None


def test_a_script_error_would_be_seen(desk: Desk) -> None:
    desk.viewer.goto("/admin/")
    with desk.viewer.context.expect_event("weberror"):
        desk.viewer.evaluate("setTimeout(() => { throw new Error('seeded') })")
    assert "seeded" in " ".join(desk.troubles.taken())


def test_a_missing_file_would_be_seen(desk: Desk) -> None:
    desk.viewer.goto("/admin/")
    desk.viewer.evaluate("fetch('/assets/none/none.js')")
    assert any(line.startswith("404: ") for line in desk.troubles.taken())
