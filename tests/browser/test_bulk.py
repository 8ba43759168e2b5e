"""Many rows at once and what is typed but not saved: ticks, bulk edit with and without script, drafts."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.live import Site
from tests.browser.test_every_page import Desk, check, go
from tests.browser.window import Open, Troubles, Windows
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def three(site: Site, word: str) -> list[int]:
    """Three posts that no other test looks at, shown in the order of their titles."""
    return [site.make("posts", title=f"{word} {place}") for place in (1, 2, 3)]


def open_list(page: Page, word: str) -> Locator:
    """Only these rows; returns their boxes."""
    page.goto(f"/admin/posts/?q={word}&sort=title")
    boxes = page.locator("table.list tbody:not(.is-pinned) input[name=ids]")
    expect(boxes).to_have_count(3)
    return boxes


def bar(page: Page) -> Locator:
    return page.get_by_role("toolbar", name="Selected rows")


def ticks(boxes: Locator) -> list[bool]:
    return [box.is_checked() for box in boxes.all()]


def statuses(site: Site, rows: list[int]) -> list[str]:
    return [site.value("posts", number, "status") for number in rows]


# Ticks


def test_editor_ticks_with_the_mouse_and_the_bar_counts(window: Open, site: Site, people: Cast) -> None:
    three(site, "Mousetick")
    page = window(people.editor)
    boxes = open_list(page, "mousetick")
    expect(bar(page)).to_be_hidden()
    boxes.nth(0).click()
    expect(bar(page)).to_be_visible()
    expect(bar(page).get_by_role("status")).to_have_text("1 selected")
    boxes.nth(2).click()
    expect(bar(page).get_by_role("status")).to_have_text("2 selected")
    boxes.nth(0).click()
    expect(bar(page).get_by_role("status")).to_have_text("1 selected")
    bar(page).get_by_role("button", name="Clear").click()
    assert ticks(boxes) == [False] * 3
    expect(bar(page)).to_be_hidden()


def test_editor_ticks_a_range_with_shift_both_ways(window: Open, site: Site, people: Cast) -> None:
    three(site, "Shifttick")
    page = window(people.editor)
    boxes = open_list(page, "shifttick")
    boxes.nth(2).click()
    boxes.nth(0).click(modifiers=["Shift"])
    assert ticks(boxes) == [True] * 3
    expect(bar(page).get_by_role("status")).to_have_text("3 selected")
    boxes.nth(1).click(modifiers=["Shift"])
    assert ticks(boxes) == [False, False, True]


def test_editor_ticks_rows_with_the_keyboard_and_lets_go_with_escape(window: Open, site: Site, people: Cast) -> None:
    three(site, "Spacetick")
    page = window(people.editor)
    boxes = open_list(page, "spacetick")
    while "is-cursor" not in (boxes.nth(0).locator("xpath=ancestor::tr").get_attribute("class") or ""):
        page.keyboard.press("j")
    page.keyboard.press(" ")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert ticks(boxes) == [True, True, False]
    expect(bar(page).get_by_role("status")).to_have_text("2 selected")
    page.keyboard.press(" ")
    assert ticks(boxes) == [True, False, False]
    page.keyboard.press("Escape")
    assert ticks(boxes) == [False] * 3
    expect(bar(page)).to_be_hidden()


def test_the_box_in_the_head_ticks_the_page_and_tells_of_a_part(window: Open, site: Site, people: Cast) -> None:
    three(site, "Headtick")
    page = window(people.editor)
    boxes = open_list(page, "headtick")
    every = page.get_by_label("Select all on this page")
    every.click()
    assert all(ticks(boxes))
    assert every.is_checked()
    boxes.nth(1).click()
    assert every.evaluate("box => box.indeterminate")
    assert not every.is_checked()
    boxes.nth(1).click()
    assert (every.is_checked(), every.evaluate("box => box.indeterminate")) == (True, False)
    every.click()
    assert not any(ticks(boxes))


def test_the_box_in_the_head_of_a_filtered_list_leaves_the_pins_alone(window: Open, site: Site, people: Cast) -> None:
    three(site, "Pinless")
    site.make("posts", people.editor, title="Stands above", is_pinned=True)
    page = window(people.editor)
    boxes = open_list(page, "pinless")
    pins = page.locator("tbody.is-pinned input[name=ids]")
    expect(pins.first).to_be_visible()
    every = page.get_by_label("Select all on this page")
    every.click()
    assert ticks(boxes) == [True] * 3
    assert not any(ticks(pins))
    assert (every.is_checked(), every.evaluate("box => box.indeterminate")) == (True, False)
    expect(bar(page).get_by_role("status")).to_have_text("3 selected")
    pins.first.click()
    expect(bar(page).get_by_role("status")).to_have_text("4 selected")
    boxes.nth(0).press("Enter")
    expect(page).to_have_url(re.compile("pinless"))
    page.goto("/admin/posts/?q=nothinglikethis")
    expect(page.get_by_label("Select all on this page")).to_be_disabled()


def test_ticks_that_the_browser_brings_back_are_counted(window: Open, site: Site, people: Cast) -> None:
    three(site, "Backtick")
    page = window(people.editor)
    boxes = open_list(page, "backtick")
    boxes.nth(0).click()
    boxes.nth(1).click()
    bar(page).get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Publish 2 posts")
    page.go_back()
    count = sum(ticks(boxes))
    if count:
        expect(bar(page).get_by_role("status")).to_have_text(f"{count} selected")
    else:
        expect(bar(page)).to_be_hidden()


def test_viewer_has_nothing_to_tick(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/posts/?per_page=5")
    expect(page.locator("table.list tbody tr").first).to_be_visible()
    expect(page.locator(".k-tick, #bulk")).to_have_count(0)


# A whole bulk edit


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_editor_changes_rows_looks_at_the_receipt_and_undoes_it(
    window: Open, site: Site, people: Cast, script: bool
) -> None:
    word = "Bulkscript" if script else "Bulkplain"
    rows = three(site, word)
    site.make("tags", name=f"{word} tag")
    page = window(people.editor, script=script)
    boxes = open_list(page, word.lower())
    boxes.nth(0).check()
    boxes.nth(1).check()
    bar(page).get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Change 2 posts")
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one field to change.")
    page.get_by_label("What happens to Status").select_option("Set to")
    page.get_by_label("Status", exact=True).select_option("In review")
    page.get_by_role("button", name="Preview").last.click()
    table = page.get_by_role("table")
    expect(table.locator("del")).to_have_text(["Draft", "Draft"])
    expect(table.locator("ins")).to_have_text(["In review", "In review"])
    assert statuses(site, rows) == ["draft"] * 3
    page.get_by_label(re.compile("^Why")).fill("For the fair")
    page.get_by_role("button", name="Change 2 posts").click()
    expect(page).to_have_url(re.compile(r"/admin/jobs/\d+$"))
    expect(page.locator(".pill-ok")).to_have_text("Done")
    expect(page.locator(".page-sub q")).to_have_text("For the fair")
    assert statuses(site, rows) == ["review", "review", "draft"]
    page.get_by_role("button", name="Undo 2 rows").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Undo of change"))
    assert statuses(site, rows) == ["draft"] * 3


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_editor_takes_rows_to_the_trash_and_back(window: Open, site: Site, people: Cast, script: bool) -> None:
    word = "Trashscript" if script else "Trashplain"
    rows = three(site, word)
    page = window(people.editor, script=script)
    boxes = open_list(page, word.lower())
    boxes.nth(0).check()
    boxes.nth(1).check()
    bar(page).get_by_role("button", name="Move to trash").click()
    page.get_by_role("button", name="Move 2 posts to the trash").click()
    expect(page.locator(".pill-ok")).to_have_text("Done")
    assert [site.value("posts", number, "live") for number in rows] == [None, None, 1]
    page.goto(f"/admin/posts/trash?q={word.lower()}")
    for box in page.locator("table.list input[name=ids]").all():
        box.check()
    bar(page).get_by_role("button", name="Restore").click()
    page.get_by_role("button", name="Restore: 2 posts").click()
    expect(page.locator(".pill-ok")).to_have_text("Done")
    assert [site.value("posts", number, "live") for number in rows] == [1, 1, 1]


def test_a_run_is_sent_once_by_a_double_click(window: Open, site: Site, people: Cast) -> None:
    rows = three(site, "Twiceclicked")
    page = window(people.editor)
    boxes = open_list(page, "twiceclicked")
    boxes.nth(0).check()
    bar(page).get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Publish: 1 post").dblclick()
    expect(page.locator(".pill-ok")).to_have_text("Done")
    assert statuses(site, rows) == ["published", "draft", "draft"]
    assert site.value("posts", rows[0], "version") == 2


# Drafts


def test_what_is_put_into_the_form_again_is_not_called_saved(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", people.editor, title="Version one")
    page = window(people.editor)
    page.goto(f"/admin/notes/{number}/edit")
    expect(page.locator("[data-state]")).to_have_text("All saved")
    page.get_by_label("Title").fill("Version two")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status").first).to_contain_text("was changed")
    page.goto(f"/admin/notes/{number}/edit?as=1")
    expect(page.get_by_label("Title")).to_have_value("Version one")
    expect(page.locator("[data-state]")).to_have_text("Not saved yet")
    page.get_by_label("Title").press("End")
    page.keyboard.type("!")
    expect(page.locator("[data-state]")).to_have_text("Not saved yet")


def test_all_ways_to_save_are_there_on_a_phone(window: Open, site: Site, people: Cast) -> None:
    page = window(people.editor, phone=True)
    page.goto("/admin/notes/new")
    page.get_by_label("Title").fill("Saved on the way")
    page.get_by_label("Content").fill("From a phone.")
    expect(page.locator("[data-state]")).to_contain_text("unsaved")
    page.get_by_label("More ways to save").tap()
    page.locator(".savebar .menu-list").get_by_role("button", name="Save and continue editing").tap()
    expect(page).to_have_url(re.compile(r"/admin/notes/\d+/edit"))
    expect(page.get_by_label("Title")).to_have_value("Saved on the way")


def test_whoever_is_signed_out_while_typing_is_told(window: Open, site: Site, people: Cast, troubles: Troubles) -> None:
    number = site.make("notes", title="Typed for long")
    page = window(people.editor)
    page.goto(f"/admin/notes/{number}/edit")
    page.context.clear_cookies()
    page.get_by_label("Title").fill("Typed for longer")
    expect(page.locator("[data-state]")).to_contain_text("You are signed out", timeout=8000)
    page.get_by_label("Title").fill("Typed for longest")
    expect(page.locator("[data-state]")).to_contain_text("You are signed out")
    troubles.taken()
    page.on("dialog", lambda dialog: dialog.accept())


def test_what_is_typed_is_kept_and_offered_again(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", title="Kept while typed")
    page = window(people.editor)
    page.goto(f"/admin/notes/{number}/edit")
    with page.expect_response(re.compile(rf"/admin/notes/{number}/draft$")) as kept:
        page.get_by_label("Title").fill("Typed and not saved")
    assert kept.value.status == 204
    expect(page.locator("[data-state]")).to_have_text("1 unsaved change")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Kept while typed")
    page.get_by_role("link", name="Continue with it").click()
    expect(page.get_by_label("Title")).to_have_value("Typed and not saved")
    assert site.value("notes", number, "title") == "Kept while typed"
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status").first).to_contain_text("was changed")
    assert site.value("notes", number, "title") == "Typed and not saved"
    page.goto(f"/admin/notes/{number}/edit")
    expect(page.get_by_role("link", name="Continue with it")).to_have_count(0)


def test_a_draft_can_be_discarded(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", title="To be discarded")
    page = window(people.editor)
    page.goto(f"/admin/notes/{number}/edit")
    with page.expect_response(re.compile(r"/draft$")):
        page.get_by_label("Title").fill("Not worth it")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("status").first).to_have_text("The draft was discarded.")
    expect(page.get_by_role("link", name="Continue with it")).to_have_count(0)


def test_leaving_with_something_unsaved_is_warned_of(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", title="Left too early")
    page = window(people.editor)
    page.goto(f"/admin/notes/{number}/edit")
    asked: list[str] = []

    def stay(dialog) -> None:  # type: ignore[no-untyped-def]
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_label("Title").fill("Left too early, perhaps")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_label("Title")).to_have_value("Left too early, perhaps")
    assert asked == ["beforeunload"]
    page.get_by_label("Title").fill("Left too early")
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile(r"/admin/notes/(\?|$)"))
    assert asked == ["beforeunload"]


def test_a_restored_version_and_a_draft_are_unsaved_from_the_start(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", title="Restored into the form")
    page = window(people.editor)
    page.goto(f"/admin/notes/{number}/history?against=current")
    page.goto(f"/admin/notes/{number}/edit?as=1")
    asked: list[str] = []

    def leave(dialog) -> None:  # type: ignore[no-untyped-def]
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.get_by_label("Title").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile(r"/admin/notes/(\?|$)"))
    assert asked == ["beforeunload"]


# No barrier


@pytest.fixture(scope="module")
def desk(browser: Browser, site: Site, people: Cast) -> Iterator[Desk]:
    troubles = Troubles()
    windows = Windows(browser, site, troubles)
    yield Desk(windows.open(people.admin), windows.open(people.viewer), windows.open(), troubles)
    windows.close()


@pytest.mark.parametrize("place", ["?q=ticked", "trash?q=ticked"])
def test_admin_meets_no_barrier_among_ticks(desk: Desk, site: Site, place: str) -> None:
    site.trash("posts", three(site, "Ticked")[0])
    desk.admin.goto(f"/admin/posts/{place}")
    desk.admin.locator("table.list tbody:not(.is-pinned) input[name=ids]").first.check()
    expect(bar(desk.admin)).to_be_visible()
    check(desk.admin, desk.troubles)


@pytest.mark.parametrize(("query", "status"), [("deed=choose&ids={row}", 200), ("deed=edit", 400)])
def test_admin_meets_no_barrier_before_the_fields(desk: Desk, site: Site, query: str, status: int) -> None:
    row = site.make("posts", title="Before the fields")
    assert go(desk.admin, f"/admin/posts/bulk?{query.format(row=row)}") == status
    check(desk.admin, desk.troubles)


def test_admin_meets_no_barrier_from_the_fields_to_the_receipt(desk: Desk, site: Site) -> None:
    rows = three(site, "Barrier")
    for name in ("old", "new"):
        site.make("tags", name=f"Barrier {name}")
    page = desk.admin
    assert go(page, f"/admin/posts/bulk?deed=edit&ids={rows[0]}&ids={rows[1]}&ids={rows[2]}") == 200
    check(page, desk.troubles)
    page.get_by_label("What happens to Title").select_option("Set to")
    page.get_by_role("button", name="Preview").last.click()
    page.get_by_role("alert").wait_for()
    check(page, desk.troubles)
    page.get_by_label("Title", exact=True).fill("Barrier changed")
    page.get_by_label("What happens to Tags").select_option("Add")
    page.get_by_label("Find tags").fill("Barrier")
    page.get_by_label("Barrier new", exact=True).check()
    site.trash("posts", rows[2])
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_role("heading", name="Left out, and why")).to_be_visible()
    check(page, desk.troubles)
    page.get_by_role("button", name="Change 2 posts").click()
    expect(page).to_have_url(re.compile("/admin/jobs/"))
    check(page, desk.troubles)
    receipt = page.url
    page.get_by_role("link", name="What changed").click()
    expect(page).to_have_url(re.compile("/admin/activity/[0-9]"))
    page.wait_for_load_state()
    check(page, desk.troubles)
    page.goto(receipt)
    page.get_by_role("button", name="Undo 2 rows").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Undo of change"))
    check(page, desk.troubles)


@pytest.mark.parametrize(
    "path",
    [
        "history", "history?against=current", "history?entry={first}&against=current", "as-of?at=2000-01-01",
        "as-of?at=2999-01-01", "edit?as=1",
    ],
)  # fmt: skip
def test_admin_meets_no_barrier_in_a_history(desk: Desk, site: Site, people: Cast, path: str) -> None:
    number = site.make("notes", title="Storied")
    page = desk.admin
    page.goto(f"/admin/notes/{number}/edit")
    page.get_by_label("Title").fill("Storied twice")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("status").first).to_contain_text("was changed")
    page.goto(f"/admin/notes/{number}/history")
    first = re.search(r"entry=(\d+)", page.locator("a.event").last.get_attribute("href") or "")
    assert first is not None
    assert go(page, f"/admin/notes/{number}/{path.format(first=first[1])}") == 200
    check(page, desk.troubles)


@pytest.mark.parametrize(
    "path",
    [
        "activity/", "activity/?q=zzzz", "activity/?section=posts&source=bulk", "activity/1",
        "jobs/", "posts/trash",
    ],
)  # fmt: skip
def test_admin_meets_no_barrier_in_activity_and_jobs(desk: Desk, path: str) -> None:
    assert go(desk.admin, f"/admin/{path}") == 200
    check(desk.admin, desk.troubles)


def test_admin_meets_no_barrier_where_a_draft_waits(desk: Desk, site: Site) -> None:
    number = site.make("notes", title="Waiting")
    page = desk.admin
    page.goto(f"/admin/notes/{number}/edit")
    with page.expect_response(re.compile(r"/draft$")):
        page.get_by_label("Title").fill("Waiting still")
    page.on("dialog", lambda dialog: dialog.accept())
    assert go(page, f"/admin/notes/{number}/edit") == 200
    expect(page.get_by_role("link", name="Continue with it")).to_be_visible()
    check(page, desk.troubles)
    assert go(page, f"/admin/notes/{number}/edit?draft=1") == 200
    check(page, desk.troubles)
