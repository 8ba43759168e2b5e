"""Without a mouse, and on a phone."""

import re

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.live import Site
from tests.browser.window import Open
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def tab_to(page: Page, target: Locator, *, most: int = 60) -> None:
    """Tab as often as it takes."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"not reached with {most} tabs: {target}")


def test_viewer_skips_the_menu(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/notes/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("main").get_by_role("link").first).to_be_focused()


def test_viewer_sees_where_the_focus_is_on_every_stop(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/notes/?per_page=5")
    for _ in range(45):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => {
                const style = getComputedStyle(document.activeElement);
                const box = document.activeElement.getBoundingClientRect();
                const visible = style.opacity !== "0" && box.width > 1 && box.height > 1;
                return visible && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
                    ? "" : document.activeElement.outerHTML.slice(0, 200);
            }"""
        )
        assert shown == ""


def test_editor_walks_through_a_row_menu(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/notes/?per_page=5")
    summary = page.get_by_label("Actions for House style in one paragraph")
    entries = summary.locator("xpath=..").locator(".menu-list")
    tab_to(page, summary)
    page.keyboard.press("Enter")
    expect(entries).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(entries.get_by_role("link", name="Open")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(entries.get_by_role("link", name="Edit")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(entries.get_by_role("link", name="Move to trash")).to_be_focused()
    page.keyboard.press("Escape")
    expect(entries).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_row_menu_closes_on_a_click_outside_and_when_another_opens(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/notes/?per_page=5")
    first, second = page.locator(".row-menu").nth(0), page.locator(".row-menu").nth(6)
    first.locator("summary").click()
    expect(first.locator(".menu-list")).to_be_visible()
    second.locator("summary").click()
    expect(first.locator(".menu-list")).to_be_hidden()
    expect(second.locator(".menu-list")).to_be_visible()
    page.get_by_role("heading", level=1).click()
    expect(second.locator(".menu-list")).to_be_hidden()


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_last_row_menu_lies_within_the_page(window: Open, people: Cast, phone: bool) -> None:
    page = window(people.editor, phone=phone)
    page.goto("/admin/notes/")
    page.locator(".row-menu > summary").last.click()
    page.locator(".row-menu > .menu-list").last.wait_for()
    for entry in page.locator(".row-menu > .menu-list").last.locator("a, button").all():
        expect(entry).to_be_in_viewport(ratio=1)


def test_viewer_opens_the_filters_and_closes_them(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/notes/?q=the")
    opener = page.get_by_role("link", name=re.compile("^Filter"))
    panel = page.get_by_role("form", name="Filter notes")
    opener.press("Enter")
    expect(panel.get_by_label("Field")).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(opener).to_be_focused()
    opener.press("Enter")
    panel.get_by_role("link", name="Cancel").click()
    expect(panel).to_have_count(0)
    expect(page).to_have_url(re.compile("q=the$"))


def test_viewer_without_script_cancels_the_filters_and_keeps_the_list(window: Open, people: Cast) -> None:
    page = window(people.viewer, script=False)
    page.goto("/admin/notes/?q=the&author_id=1")
    page.get_by_role("link", name=re.compile("^Filter")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Filter notes")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("searchbox", name="Search notes")).to_have_value("the")
    expect(page.get_by_role("list", name="Active filters")).to_contain_text("Author is")


def test_owner_is_warned_before_leaving_unsaved_words(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", people.owner, title="Unsaved", content="As it was.")
    page = window(people.owner)
    page.goto(f"/admin/notes/{number}/edit")
    state = page.locator(".savebar [role=status]")
    expect(state).to_have_text("All saved")
    page.get_by_label("Content").press_sequentially("More. ")
    expect(state).to_have_text("1 unsaved change")
    page.get_by_label("Title").press_sequentially("x")
    expect(state).to_have_text("2 unsaved changes")
    page.get_by_label("Title").press("Backspace")
    expect(state).to_have_text("1 unsaved change")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Cancel").click(no_wait_after=True)
    expect(state).to_have_text("1 unsaved change")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status")).to_contain_text("was changed")
    assert asked == ["beforeunload"]


def test_owner_leaves_an_untouched_form_unasked(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", people.owner, title="Untouched")
    page = window(people.owner)
    page.on("dialog", lambda dialog: pytest.fail(f"asked: {dialog.type}"))
    page.goto(f"/admin/notes/{number}/edit")
    page.get_by_label("Content").press_sequentially("x")
    page.get_by_label("Content").press("Backspace")
    expect(page.locator(".savebar [role=status]")).to_have_text("All saved")
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_title(re.compile("^Notes"))


def test_owner_is_warned_after_an_error_too(window: Open, people: Cast) -> None:
    page = window(people.owner)
    page.goto("/admin/notes/new")
    page.get_by_label("Content").fill("Half a thought")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("alert")).to_be_focused()
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_title(re.compile("^Notes"))
    assert asked == ["beforeunload"]


def test_owner_saves_with_enter_in_the_title(window: Open, people: Cast) -> None:
    page = window(people.owner)
    page.goto("/admin/notes/new")
    page.get_by_label("Content").fill("Only with the keyboard.")
    page.get_by_label("Title").fill("Entered")
    page.get_by_label("Title").press("Enter")
    expect(page.get_by_role("status")).to_have_text("The note “Entered” was added.")


def test_owner_sends_a_form_only_once(window: Open, site: Site, people: Cast) -> None:
    page = window(people.owner)
    page.goto("/admin/notes/new")
    page.get_by_label("Title").fill("Clicked twice")
    page.get_by_label("Content").fill("In a hurry.")
    page.get_by_role("button", name="Save", exact=True).last.dblclick()
    expect(page.get_by_role("status")).to_contain_text("was added")
    page.goto("/admin/notes/?title=Clicked+twice")
    expect(page.locator("tbody:not(.is-pinned) th.title")).to_have_count(1)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_viewer_opens_the_drawer_on_a_phone(window: Open, people: Cast, script: bool) -> None:
    page = window(people.viewer, phone=True, script=script)
    page.goto("/admin/notes/")
    drawer = page.get_by_role("navigation", name="Main")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    drawer.get_by_role("link", name="Students").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Students")
    expect(drawer).to_be_hidden()


def test_editor_works_a_row_menu_on_a_phone(window: Open, site: Site, people: Cast) -> None:
    site.make("notes", title="Tapped on a phone")
    page = window(people.editor, phone=True)
    page.goto("/admin/notes/?q=tapped")
    page.get_by_label("Actions for Tapped on a phone").tap()
    page.locator(".row-menu[open]").get_by_role("button", name="Pin for everyone").tap()
    expect(page.get_by_role("status")).to_have_text("The note “Tapped on a phone” was pinned.")


def test_editor_keeps_the_focus_through_the_pages_of_a_list(window: Open, people: Cast) -> None:
    """A sort, an Apply and a row that one comes back from: nobody tabs through the whole page again."""
    page = window(people.editor)
    page.goto("/admin/posts/?per_page=5")
    head = page.get_by_role("columnheader").get_by_role("link", name="Title")
    head.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sort=title"))
    expect(head).to_be_focused()
    page.get_by_role("link", name="Filter", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("#filter-panel [name='b.add']").first.click()
    page.get_by_label("Field").last.select_option("status")
    expect(page.get_by_label("Value").last).to_have_role("combobox")
    page.get_by_label("Value").last.select_option("published")
    page.get_by_role("button", name="Apply", exact=True).last.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("status"))
    expect(page.get_by_role("link", name="Filter 1 active")).to_be_focused()
    row = page.locator("tbody:not(.is-pinned) .title > a").nth(2)
    row.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Title").wait_for()
    page.keyboard.press("Control+Enter")
    expect(row).to_be_focused()
    expect(page.locator("tr.is-cursor")).to_have_count(1)


def test_editor_folds_the_pinned_rows(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/notes/?per_page=5")
    pinned = page.locator("tbody.is-pinned tr:not(.band)")
    count = pinned.count()
    assert count > 1
    pinned.first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Hide pinned rows").click()
    expect(pinned.first).to_be_hidden()
    expect(page.locator("[data-count]")).to_have_text("0 selected")
    page.get_by_label("Select all on this page").check()
    expect(page.locator("[data-count]")).to_have_text("5 selected")
    page.reload()
    expect(pinned.first).to_be_hidden()
    page.keyboard.press("j")
    expect(page.locator("tbody:not(.is-pinned) .title > a").first).to_be_focused()
    page.get_by_role("button", name=f"Show {count} pinned rows").click()
    expect(pinned.first).to_be_visible()


def test_editor_orders_columns_without_numbers(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/books/")
    heads = page.get_by_role("columnheader")
    before = [heads.nth(place).inner_text().strip() for place in range(4)]
    page.get_by_role("link", name="Columns and sort").click()
    first = page.locator(".column-choice li").first
    expect(first.get_by_role("button", name="down")).to_be_visible()
    first.get_by_role("checkbox").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".column-choice li").nth(1).get_by_role("checkbox")).to_be_focused()
    page.locator(".column-choice li").nth(2).get_by_role("button", name="up").click()
    page.locator(".column-choice li").nth(0).get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Apply", exact=True).click()
    # The second column went first and was left out, the third stands before the one that was the first.
    expect(heads.nth(1)).to_have_text(before[3])
    expect(heads.nth(2)).to_have_text(before[1])
