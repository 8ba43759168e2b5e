"""What each role sees, and what is closed to it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live import Site
from tests.browser.window import Open, go, sign_in
from tests.cast import PASSWORD, Cast

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
CONTENT = ["Home", "Pinned", "Posts", "Categories", "Tags", "Comments", "Notes", "Questions", "Answers"]
MENU = [*CONTENT, "Books", "Authors", "Students"]
READING = ["Open", "Pin for me", "History"]
EVERYTHING = ["Open", "Edit", "Publish", "Archive", "Pin for everyone", "Pin for me", "History", "Move to trash"]


def menu(page: Page) -> list[str]:
    return page.get_by_role("navigation", name="Main").locator(".nav-list a").all_inner_texts()


def entries(page: Page, title: str) -> list[str]:
    """What the menu of a row offers."""
    line = page.get_by_role("row").filter(has=page.get_by_role("link", name=title, exact=True))
    line.hover()
    line.locator(".row-menu > summary").click()
    line.locator(".menu-list").wait_for()
    return [text.strip() for text in line.locator(".menu-list > li:not(.rule)").all_text_contents()]


def actions(page: Page) -> list[str]:
    return [
        text.strip().split("\n")[0]
        for text in page.locator(".page-head .actions").locator("a, button, summary").all_inner_texts()
    ]


@pytest.mark.parametrize(
    ("name", "sections", "buttons", "offered"),
    [
        ("viewer", MENU, [], READING),
        ("owner", [*MENU, "Activity"], ["New post"], ["Open", "Edit", "Pin for me", "History", "Move to trash"]),
        ("colleague", [*MENU, "Activity"], ["New post"], READING),
        ("editor", [*MENU, "Jobs", "Activity"], ["Import", "New post"], EVERYTHING),
        ("admin", [*MENU, "Users", "Jobs", "Activity", "Webhooks", "Tokens"], ["Import", "New post"], EVERYTHING),
    ],
)
def test_everybody_sees_what_they_may_use(
    window: Open, site: Site, people: Cast, name: str, sections: list[str], buttons: list[str], offered: list[str]
) -> None:
    title = f"The owner's draft for {name}"
    number = site.make("posts", people.owner, title=title)
    page = window(people.named(name))
    page.goto("/admin/posts/?q=draft")
    assert sorted(menu(page)) == sorted(sections)
    assert actions(page) == buttons
    assert entries(page, title) == offered
    page.get_by_label("More", exact=True).click()
    expect(page.get_by_role("link", name="Trash", exact=True)).to_have_count(1 if name in ("editor", "admin") else 0)
    page.goto(f"/admin/posts/{number}")
    may_edit = "Edit" in offered
    steps = ["Publish", "Archive", "Pin"] if "Pin for everyone" in offered else []
    copies = ["Duplicate"] if "New post" in buttons else []
    own = ["Move to trash", "Edit"] if may_edit else []
    assert actions(page) == ["History", *steps, *copies, *own]
    assert go(page, f"/admin/posts/new?copy_of={number}") == (200 if copies else 403)
    assert go(page, f"/admin/posts/{number}/edit") == (200 if may_edit else 403)
    assert go(page, f"/admin/posts/{number}/delete") == (200 if may_edit else 403)


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("viewer", "/admin/notes/new", 403),
        ("viewer", "/admin/notes/1/edit", 403),
        ("viewer", "/admin/notes/1/delete", 403),
        ("viewer", "/admin/notes/trash", 403),
        ("viewer", "/admin/users/", 404),
        ("viewer", "/admin/users/1", 404),
        ("owner", "/admin/notes/1/edit", 403),
        ("owner", "/admin/users/", 404),
        ("editor", "/admin/users/", 404),
        ("editor", "/admin/users/new", 404),
    ],
)
def test_nobody_comes_in_by_typing_an_address(window: Open, people: Cast, name: str, path: str, status: int) -> None:
    page = window(people.named(name))
    assert go(page, path) == status
    heading = "You may not do this" if status == 403 else "There is nothing here"
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    page.get_by_role("link", name="Go to the home page").click()
    expect(page).to_have_title(re.compile("^Home"))


def test_author_sends_a_draft_for_review_but_cannot_publish_it(window: Open, site: Site, people: Cast) -> None:
    number = site.make("posts", people.owner, title="Nearly ready")
    page = window(people.owner)
    page.goto(f"/admin/posts/{number}/edit")
    status = page.get_by_label("Status")
    assert status.locator("option").all_text_contents() == ["Draft", "In review"]
    expect(page.get_by_label("Pinned for everyone")).to_have_count(0)
    status.select_option("In review")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_contain_text("was changed")
    assert site.value("posts", number, "status") == "review"


def test_editor_publishes_what_the_author_sent_and_the_author_may_only_read_it(
    window: Open, site: Site, people: Cast
) -> None:
    number = site.make("posts", people.owner, title="Out into the world", status="review")
    page = window(people.editor)
    page.goto(f"/admin/posts/{number}/edit")
    page.get_by_label("Status").select_option("Published")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_contain_text("was changed")
    assert site.value("posts", number, "published_at") is not None
    author = window(people.owner)
    author.goto(f"/admin/posts/{number}")
    expect(author.locator(".page-head")).to_contain_text("Published")
    expect(author.get_by_role("link", name="Edit", exact=True)).to_have_count(0)
    assert go(author, f"/admin/posts/{number}/edit") == 403


def test_admin_makes_a_user_who_signs_in_and_is_signed_out_when_disabled(
    window: Open, site: Site, people: Cast
) -> None:
    page, other = window(people.admin), window()
    page.goto("/admin/users/new")
    page.get_by_label("Name", exact=False).first.fill("Noor Novak")
    page.get_by_label("Username").fill("novak")
    page.get_by_label("E-mail").fill("novak@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("group", name="Roles").get_by_label("author").check()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_have_text("The user “Noor Novak” was added.")

    other.goto("/login")
    other.get_by_label("E-mail").fill("novak@example.org")
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    expect(other.get_by_role("heading", level=1)).to_contain_text("Noor")
    other.get_by_role("link", name="Notes", exact=True).first.click()
    expect(other.get_by_role("link", name="New note")).to_be_visible()

    page.get_by_role("link", name="Noor Novak", exact=True).click()
    page.get_by_label("Active").uncheck()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_have_text("The user “Noor Novak” was changed.")
    other.get_by_role("link", name="New note").click()
    expect(other).to_have_url(re.compile(r"/login\?next="))
    other.get_by_label("E-mail").fill("novak@example.org")
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    expect(other.get_by_role("alert")).to_have_text("E-mail or password is not right. Please try again.")


def test_admin_sets_a_new_password_that_ends_the_old_sessions(window: Open, site: Site, people: Cast) -> None:
    forgetful = site.person("forgetful", "viewer")
    page, other = window(people.admin), window(forgetful)
    other.goto("/admin/")
    page.goto(f"/admin/users/{forgetful.id}/edit")
    page.get_by_label("Password").fill("a kettle on the piano")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_contain_text("was changed")
    other.reload()
    expect(other).to_have_title(re.compile("^Log in"))
    sign_in(other, forgetful, "a kettle on the piano")
    expect(other).to_have_title(re.compile("^Home"))


def test_admin_changes_roles_and_the_user_feels_it_at_once(window: Open, site: Site, people: Cast) -> None:
    riser = site.person("riser", "viewer")
    page, other = window(people.admin), window(riser)
    other.goto("/admin/notes/")
    expect(other.get_by_role("link", name="New note")).to_have_count(0)
    page.goto(f"/admin/users/{riser.id}/edit")
    page.get_by_role("group", name="Roles").get_by_label("editor").check()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_contain_text("was changed")
    other.reload()
    expect(other.get_by_role("link", name="New note")).to_be_visible()


def test_editor_is_shown_as_the_author_of_a_new_note(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/notes/new")
    expect(page.get_by_role("group", name="Author").get_by_label("Editor")).to_be_checked()
