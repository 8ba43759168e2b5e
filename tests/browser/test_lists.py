"""What lists can do: filters, columns, views, sorting, cells, pins, search, the palette and shortcuts."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from admin_site.accounts.actor import SYSTEM, Actor
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import pinning, writes
from tests.browser.live import Site
from tests.browser.window import Open, Troubles
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def titles(page: Page) -> Locator:
    return page.locator("table.list > tbody:not(.is-pinned) th.title > a")


def heads(page: Page) -> Locator:
    return page.locator("table.list thead th:not(.menu-cell, .k-tick)")


def head(page: Page, name: str) -> Locator:
    return page.get_by_role("columnheader", name=re.compile(f"^{name}"))


def line(page: Page, title: str) -> Locator:
    return page.locator("table.list tbody tr").filter(has=page.get_by_role("link", name=title, exact=True))


def builder(page: Page, section: str = "posts") -> Locator:
    return page.get_by_role("form", name=f"Filter {section}")


def pinned(page: Page) -> Locator:
    return page.locator("[data-own] .main > a")


def pin_three(site: Site, actor: Actor, name: str) -> list[str]:
    """Three notes that somebody has pinned for themselves, first to last."""
    made = [f"{name} {word}" for word in ("one", "two", "three")]
    notes = registry.get("notes")
    for title in reversed(made):
        number = site.make("notes", title=title)
        with site.app.app_context(), atomic():
            pinning.pin_own(actor, notes, number, on=True)
    return made


def change(site: Site, section: str, number: int, **values: Any) -> None:
    """As if somebody else had."""
    with site.app.app_context(), atomic():
        writes.update(SYSTEM, registry.get(section), number, values)


# Filters


def test_editor_adds_conditions_and_sees_the_count_before_applying(window: Open, site: Site, people: Cast) -> None:
    mine = site.make("posts", people.editor, title="Filtered alpha", author_id=people.editor.id)
    site.make("posts", people.owner, title="Filtered beta")
    page = window(people.editor)
    page.goto("/admin/posts/?q=filtered")
    page.get_by_role("link", name=re.compile("^Filter")).first.click()
    form = builder(page)
    expect(form.get_by_label("Field")).to_be_focused()
    expect(form.get_by_role("status")).to_have_text("2 posts")
    form.get_by_role("button", name="Condition", exact=True).click()
    expect(form.get_by_label("Field").last).to_be_focused()
    form.get_by_label("Field").last.select_option("Author")
    expect(form.get_by_label("Operator").last).to_have_value("eq")
    form.get_by_label("Value").last.fill("me")
    expect(form.get_by_role("status")).to_have_text("1 post")
    expect(form.locator("code")).to_have_text("filtered author:me")
    expect(titles(page)).not_to_have_text(["Filtered alpha"])
    form.get_by_role("button", name="Apply").last.click()
    expect(page.get_by_role("list", name="Active filters")).to_contain_text("Author")
    expect(titles(page)).to_have_text(["Filtered alpha"])
    assert site.value("posts", mine, "title") == "Filtered alpha"


def test_editor_builds_a_group_of_alternatives(window: Open, site: Site, people: Cast) -> None:
    for status in ("draft", "review", "published"):
        site.make("posts", title=f"Grouped {status}", status=status)
    page = window(people.editor)
    page.goto("/admin/posts/?q=grouped")
    page.keyboard.press("f")
    form = builder(page)
    form.get_by_role("button", name="Group", exact=True).click()
    group = form.locator(".cond-group")
    expect(group.get_by_label("Match in this group")).to_be_focused()
    expect(group.get_by_label("Match in this group")).to_have_value("any")
    group.get_by_label("Field").select_option("Status")
    group.locator("select[name$='.0.v']").select_option("Draft")
    group.get_by_role("button", name="Condition", exact=True).click()
    expect(group.get_by_label("Field")).to_have_count(2)
    group.get_by_label("Field").last.select_option("Status")
    expect(group.get_by_label("Operator")).to_have_count(2)
    group.locator("select[name$='.1.v']").select_option("In review")
    expect(form.get_by_role("status")).to_have_text("2 posts")
    expect(form.locator("code")).to_have_text("grouped (status:draft OR status:review)")
    form.get_by_role("button", name="Apply").last.click()
    expect(page).to_have_url(re.compile("OR"))
    expect(titles(page)).to_have_count(2)
    assert sorted(titles(page).all_inner_texts()) == ["Grouped draft", "Grouped review"]
    page.get_by_role("link", name=re.compile("^Filter")).first.click()
    form.get_by_role("button", name="Remove this group").click()
    expect(form.get_by_role("status")).to_have_text("3 posts")


def test_editor_reads_at_its_row_what_is_wrong_and_the_list_stays(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/posts/?id__gte=1")
    before, address = titles(page).all_inner_texts(), page.url
    page.get_by_role("link", name=re.compile("^Filter")).first.click()
    form = builder(page)
    form.get_by_label("Value").fill("one")
    expect(form.get_by_role("status")).to_have_text("The list stays as it is until this is right.")
    form.get_by_role("button", name="Apply").last.click()
    value = form.get_by_label("Value")
    expect(value).to_have_attribute("aria-invalid", "true")
    expect(value).to_have_accessible_description(re.compile("."))
    expect(value).to_be_focused()
    assert (titles(page).all_inner_texts(), page.url) == (before, address)
    value.fill("2")
    expect(form.locator(".error")).to_have_count(0)
    expect(value).not_to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)


def test_editor_moves_conditions_by_keys_and_ticks_several_values(window: Open, site: Site, people: Cast) -> None:
    for status in ("draft", "review", "published"):
        site.make("posts", title=f"Several {status}", status=status)
    page = window(people.editor)
    page.goto("/admin/posts/?q=several status:draft")
    page.keyboard.press("f")
    form = builder(page)
    expect(form.locator("code")).to_have_text("several status:draft")
    expect(form.get_by_role("button", name="Move up").first).to_be_hidden()
    form.get_by_label("Operator").last.select_option("is one of")
    form.get_by_label("In review").check()
    expect(form.locator("code")).to_have_text("several status:draft,review")
    form.get_by_label("Field").last.focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(form.locator("code")).to_have_text("status:draft,review several")
    expect(form.get_by_label("Field").first).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    expect(form.locator("code")).to_have_text("several status:draft,review")
    expect(form.get_by_label("Field").last).to_be_focused()
    form.get_by_role("button", name="Apply").last.click()
    expect(page.get_by_role("list", name="Active filters")).to_contain_text("Draft or In review")
    expect(titles(page)).to_have_count(2)
    assert sorted(titles(page).all_inner_texts()) == ["Several draft", "Several review"]


def test_viewer_opens_a_chip_and_removes_it(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/posts/?status=draft")
    chips = page.get_by_role("list", name="Active filters")
    chips.get_by_role("link", name="Status is Draft", exact=True).click()
    expect(builder(page).get_by_label("Value")).to_have_value("draft")
    page.keyboard.press("Escape")
    chips.get_by_role("link", name=re.compile("^Remove filter: Status")).click()
    expect(chips).to_have_count(0)


def test_the_panel_is_a_sheet_on_a_phone(window: Open, people: Cast) -> None:
    page = window(people.viewer, phone=True)
    page.goto("/admin/posts/?status=draft")
    page.locator("a[data-key=f]").tap()
    box = page.locator(".filter-panel").bounding_box()
    assert box is not None
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
    expect(builder(page).get_by_role("button", name="Apply").last).to_be_in_viewport(ratio=1)


# Columns, sorting, views, pages, counts


def test_editor_chooses_columns_that_stay(window: Open, site: Site) -> None:
    page = window(site.person("columnist", "editor"))
    page.goto("/admin/posts/")
    before = heads(page).all_inner_texts()
    page.locator(".toolbar").get_by_role("link", name="Columns and sort").click()
    form = page.get_by_role("form", name="Columns and sort")
    form.get_by_label("Category", exact=True).uncheck()
    form.get_by_label("Id", exact=True).check()
    form.get_by_label("Place of Id").fill("2")
    form.get_by_label("Place of Status").fill("9")
    form.get_by_label("Sort, first by").select_option("Title")
    form.get_by_label("Direction 1").select_option("A to Z, oldest first")
    form.get_by_role("button", name="Apply").click()
    expect(head(page, "Title")).to_have_attribute("aria-sort", "ascending")
    chosen = ["Title", "Id", "Author", "Published", "Updated at", "Status"]
    expect(heads(page)).to_have_text(chosen)
    page.goto("/admin/posts/")
    expect(heads(page)).to_have_text(chosen)
    page.locator(".toolbar").get_by_role("link", name="Columns and sort").click()
    form.get_by_role("button", name="Usual columns").click()
    expect(form).to_have_count(0)
    expect(heads(page)).to_have_text(before)


def test_viewer_sorts_by_two_columns_with_shift(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/posts/")
    head(page, "Status").get_by_role("link").click()
    expect(head(page, "Status")).to_have_attribute("aria-sort", "ascending")
    head(page, "Title").get_by_role("link").click(modifiers=["Shift"])
    expect(head(page, "Title")).to_have_attribute("aria-sort", "ascending")
    expect(head(page, "Status")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("thead .order")).to_have_text(["2", "1"])
    expect(page).to_have_url(re.compile(r"sort=status(,|%2C)title"))


def test_editor_saves_a_view_and_its_count_comes_later(window: Open, site: Site) -> None:
    page = window(site.person("collector", "editor"))
    page.goto("/admin/posts/?status=draft&sort=title")
    drafts = page.get_by_role("navigation", name="Pages").locator("b").last.inner_text()
    page.get_by_role("link", name="Save as view").click()
    page.get_by_label("Name", exact=True).fill("My drafts")
    page.get_by_role("button", name="Save view").click()
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name=re.compile("^My drafts"))
    expect(tab).to_have_attribute("aria-current", "page")
    expect(tab.locator(".count")).to_have_text(drafts)
    expect(head(page, "Title")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="Save or arrange views").click()
    page.get_by_role("button", name="Delete the view My drafts").click()
    expect(page.get_by_role("status").first).to_have_text("The view “My drafts” was deleted.")


def test_viewer_leafs_through_pages_that_say_where_they_are(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/posts/?sort=title&per_page=25")
    first = titles(page).all_inner_texts()
    page.get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile("after="))
    expect(page.get_by_role("link", name="Previous")).not_to_have_attribute("aria-disabled", "true")
    assert not set(first) & set(titles(page).all_inner_texts())
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(re.compile(r"\b1–\d\d of"))
    expect(titles(page)).to_have_text(first)


def test_viewer_comes_from_a_count_to_its_rows(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/posts/")
    page.get_by_label("More", exact=True).click()
    page.get_by_role("link", name="Counts and totals").click()
    entry = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Archived"))
    number = entry.locator(".big").inner_text()
    entry.get_by_role("link").click()
    expect(page.get_by_role("list", name="Active filters")).to_contain_text("Archived")
    expect(page.get_by_role("navigation", name="Pages").locator("b").last).to_have_text(number)


def test_editor_takes_the_list_along_as_a_file(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/posts/?status=archived")
    page.get_by_label("More", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Export as CSV").click()
    assert saved.value.suggested_filename.endswith(".csv")


# Cells


def test_editor_changes_a_cell_with_the_keyboard_and_goes_on_with_tab(window: Open, site: Site, people: Cast) -> None:
    number = site.make("posts", title="Celled kettle")
    page = window(people.editor)
    page.goto("/admin/posts/?q=celled")
    row = line(page, "Celled kettle")
    while "is-cursor" not in (row.get_attribute("class") or ""):
        page.keyboard.press("j")
    page.keyboard.press("e")
    box = page.get_by_label("Title", exact=True)
    expect(box).to_be_focused()
    box.fill("Celled teapot")
    box.press("Tab")
    status = page.locator("select.cell-input")
    expect(status).to_be_focused()
    assert site.value("posts", number, "title") == "Celled teapot"
    status.select_option("In review")
    assert site.value("posts", number, "status") == "draft"
    status.press("Enter")
    expect(status).to_have_count(0)
    expect(line(page, "Celled teapot").locator(".status")).to_have_text("In review")
    assert site.value("posts", number, "status") == "review"


def test_the_moments_of_a_row_follow_when_a_cell_is_changed(window: Open, site: Site, people: Cast) -> None:
    number = site.make("posts", people.owner, title="Followed kettle", status="review")
    posts = registry.get("posts").table
    with site.app.app_context(), atomic():
        db.session.execute(
            update(posts).where(posts.c.id == number).values(updated_at=datetime(2020, 5, 31, tzinfo=UTC))
        )
    page = window(people.editor)
    page.goto("/admin/posts/?q=followed&columns=title,status,published_at,updated_at,author_id")
    cells = line(page, "Followed kettle").locator("td:not(.k-tick, .menu-cell)")
    expect(cells.nth(1)).to_have_text("–")
    expect(cells.nth(2).locator("[title^='31 May 2020']")).to_have_count(1)
    cells.nth(0).dblclick()
    box = page.locator("select.cell-input")
    box.select_option("Published")
    box.press("Enter")
    expect(cells.nth(0)).to_have_text("Published")
    for moment in (cells.nth(1), cells.nth(2)):
        expect(moment).to_have_text(re.compile("now|ago"))
        expect(moment.locator("[title*='2020']")).to_have_count(0)
    expect(cells.nth(3)).to_have_text(re.compile(r"\w"))
    assert site.value("posts", number, "published_at") is not None


def test_editor_changes_a_title_by_its_pencil(window: Open, site: Site, people: Cast) -> None:
    number = site.make("posts", title="Pencilled kettle")
    page = window(people.editor)
    page.goto("/admin/posts/?q=pencilled")
    expect(page.locator(".cell-pencil")).to_have_count(0)
    line(page, "Pencilled kettle").locator("th.title, td.title").first.hover()
    page.get_by_role("button", name="Change Title").click()
    box = page.get_by_label("Title", exact=True)
    expect(box).to_be_focused()
    box.fill("Pencilled teapot")
    box.press("Enter")
    expect(line(page, "Pencilled teapot")).to_be_visible()
    assert site.value("posts", number, "title") == "Pencilled teapot"


def test_editor_leaves_the_search_box_with_escape(window: Open, site: Site, people: Cast) -> None:
    site.make("posts", title="Escaped kettle")
    page = window(people.editor)
    page.goto("/admin/posts/?q=escaped")
    page.keyboard.press("/")
    box = page.locator("main input[type=search]")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    expect(box).to_have_value("escaped")
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_have_count(1)


def test_viewer_stays_where_they_were_however_the_list_is_spelt(window: Open, site: Site, people: Cast) -> None:
    for place in range(45):
        site.make("notes", title=f"Scrolled note {place:02}")
    page = window(people.viewer)
    page.goto("/admin/notes/?q=&sort=-updated_at&per_page=50")
    page.evaluate("scrollTo(0, 700)")
    row = line(page, "Scrolled note 10")
    row.locator(".row-menu > summary").click()
    place = page.evaluate("scrollY")
    page.get_by_role("button", name="Pin for me").click()
    expect(page.get_by_text("is pinned for you")).to_be_visible()
    assert abs(page.evaluate("scrollY") - place) < 60


def test_editor_leaves_a_cell_as_it_was(window: Open, site: Site, people: Cast) -> None:
    number = site.make("posts", title="Untouched cellar")
    page = window(people.editor)
    page.goto("/admin/posts/?q=cellar")
    cell = line(page, "Untouched cellar").locator("td:not(.k-tick)").first
    cell.dblclick()
    page.locator("select.cell-input").select_option("In review")
    page.keyboard.press("Escape")
    expect(cell).to_have_text("Draft")
    assert site.value("posts", number, "status") == "draft"


def test_editor_reads_at_the_cell_that_somebody_was_faster(
    window: Open, site: Site, people: Cast, troubles: Troubles
) -> None:
    number = site.make("posts", title="Contested cell")
    page = window(people.editor)
    page.goto("/admin/posts/?q=contested+cell")
    cell = line(page, "Contested cell").locator("td:not(.k-tick)").first
    cell.dblclick()
    box = page.locator("select.cell-input")
    box.wait_for()
    change(site, "posts", number, status="archived")
    box.select_option("In review")
    box.press("Enter")
    error = cell.get_by_role("alert")
    expect(error).to_contain_text("Archived")
    expect(box).to_have_accessible_description(re.compile("Enter keeps yours"))
    page.get_by_role("heading", level=1).click()
    expect(error).to_be_visible()
    assert site.value("posts", number, "status") == "archived"
    box.press("Escape")
    expect(cell).to_have_text("Archived")
    assert troubles.taken() == [f"409: {site.url}/admin/posts/{number}/cell/status"]


def test_editor_reads_at_the_cell_what_is_wrong(window: Open, site: Site, people: Cast, troubles: Troubles) -> None:
    number = site.make("categories", name="Celled category")
    page = window(people.editor)
    page.goto("/admin/categories/?q=celled")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.locator(".cell-input").fill("")
    page.keyboard.press("Enter")
    expect(page.locator(".cell-error")).to_contain_text("is required")
    page.keyboard.press("Escape")
    expect(line(page, "Celled category")).to_have_count(1)
    assert troubles.taken() == [f"400: {site.url}/admin/categories/{number}/cell/name"]


def test_viewer_changes_no_cell(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/posts/?per_page=5")
    page.locator("tbody .status").first.dblclick()
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator(".cell-input")).to_have_count(0)


# Pins


def test_viewer_arranges_pins_by_dragging_and_with_the_keyboard(window: Open, site: Site) -> None:
    person = site.person("dragger", "viewer")
    one, two, three = pin_three(site, person, "Dragged")
    page = window(person)
    page.goto("/admin/pins/?section=notes")
    expect(pinned(page)).to_have_text([one, two, three])
    lines = page.locator("[data-own] > li")
    lines.nth(2).drag_to(lines.nth(0))
    expect(page.locator("#pin-said")).to_have_text("Now number 1.")
    expect(pinned(page)).to_have_text([three, one, two])
    lines.nth(1).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#pin-said")).to_have_text("Now number 3.")
    expect(lines.nth(2)).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#pin-said")).to_have_text("Now number 2.")
    expect(page.locator("[data-own] .pin-place")).to_have_text(["1", "2", "3"])
    page.reload()
    expect(pinned(page)).to_have_text([three, one, two])


def test_viewer_says_why_and_until_when_a_row_is_pinned(window: Open, site: Site) -> None:
    person = site.person("reasoner", "viewer")
    pin_three(site, person, "Reasoned")
    page = window(person)
    page.goto("/admin/pins/?section=notes")
    first = page.locator("[data-own] > li").first
    first.locator("summary").click()
    first.get_by_label(re.compile("^Reason")).fill("For the fair")
    first.get_by_label(re.compile("^Until")).fill("2099-05-31")
    first.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("The pin was changed.")
    expect(first.locator("small")).to_contain_text("For the fair · until")
    first.locator("summary").click()
    first.get_by_role("button", name="Unpin").click()
    expect(page.locator("[data-own] > li")).to_have_count(2)


def test_viewer_reads_what_is_wrong_with_the_end_of_a_pin(window: Open, site: Site) -> None:
    person = site.person("mistaken", "viewer")
    pin_three(site, person, "Mistaken")
    page = window(person)
    page.goto("/admin/pins/?section=notes")
    second = page.locator("[data-own] > li").nth(1)
    second.locator("summary").click()
    second.get_by_label(re.compile("^Until")).fill("2020-01-01")
    second.get_by_role("button", name="Save").click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_contain_text("The pin was not changed.")
    wrong = second.get_by_label(re.compile("^Until"))
    expect(wrong).to_be_focused()
    expect(wrong).to_have_accessible_description(re.compile("."))
    expect(pinned(page)).to_have_text(["Mistaken one", "Mistaken two", "Mistaken three"])


# Search, palette, shortcuts


def test_the_palette_says_that_one_is_signed_out(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/")
    page.context.clear_cookies()
    page.keyboard.press("Control+k")
    expect(page.locator("dialog.palette [role=status]")).to_contain_text("You are signed out")


def test_the_palette_counts_rows_and_no_actions(window: Open, site: Site, people: Cast) -> None:
    site.make("notes", title="Counted zebra")
    page = window(people.editor)
    page.goto("/admin/")
    page.keyboard.press("Control+k")
    box, said = page.get_by_role("combobox", name="Search or jump to"), page.locator("dialog.palette [role=status]")
    box.fill("counted zebra")
    expect(said).to_have_text("1 result")
    box.fill(">new")
    expect(page.locator("dialog.palette .hit").first).to_contain_text("New")
    expect(said).to_have_text("")


def test_viewer_finds_a_row_with_the_palette(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", title="Zebras at the crossing")
    page = window(people.viewer)
    page.goto("/admin/posts/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or jump to")
    expect(box).to_be_focused()
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    box.press_sequentially("zebras")
    expect(options.first).to_contain_text("Zebras at the crossing")
    expect(options.first.locator("mark")).to_have_text("Zebras")
    box.press("ArrowDown")
    box.press("ArrowUp")
    box.press("Enter")
    expect(page).to_have_url(re.compile(rf"/admin/notes/{number}"))


def test_viewer_goes_to_a_page_with_the_palette_and_leaves_it_with_escape(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/")
    opener = page.get_by_role("link", name=re.compile("^Search or jump to"))
    opener.click()
    box = page.get_by_role("combobox", name="Search or jump to")
    box.press_sequentially("stud")
    expect(page.get_by_role("option").filter(has_text=re.compile("^Students")).first).to_be_visible()
    box.press("Escape")
    expect(box).to_have_value("")
    box.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_editor_walks_opens_and_creates_with_single_keys(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/notes/?sort=title&per_page=25")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search notes")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_have_count(0)
    page.get_by_role("heading", level=1).click()
    for key, at in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(page.locator("tbody tr:not(.band)").nth(at)).to_have_class(re.compile("is-cursor"))
    page.keyboard.press(" ")
    expect(page.locator("tr.is-cursor .k-tick input")).to_be_checked()
    page.keyboard.press(" ")
    expect(page.locator("tr.is-cursor .k-tick input")).not_to_be_checked()
    title = page.locator("tr.is-cursor .title > a")
    address = title.get_attribute("href") or ""
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(address)))
    page.goto("/admin/notes/")
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.locator("tr.is-cursor")).to_have_count(0)
    page.keyboard.press("c")
    expect(page.get_by_role("heading", level=1)).to_have_text("New note")


def test_viewer_reads_the_shortcuts_over_the_page(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/notes/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Next row")
    page.keyboard.press("j")
    expect(page.locator("tr.is-cursor")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile("/admin/notes/$"))


def test_viewer_goes_places_and_hides_the_menu(window: Open, people: Cast) -> None:
    page = window(people.viewer)
    page.goto("/admin/")
    page.keyboard.press("[")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.keyboard.press("[")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    for keys, heading in (("gn", "Notes"), ("gpo", "Posts"), ("gco", "Comments"), ("gpi", "Pinned")):
        page.keyboard.type(keys)
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        page.wait_for_load_state()  # keys are heard once the script of the page runs
    page.keyboard.type("ga")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Answers")


def test_viewer_walks_through_the_versions_of_a_row(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", title="First")
    site.change("notes", number, title="Second")
    page = window(people.viewer)
    page.goto(f"/admin/notes/{number}/history")
    expect(page.get_by_role("heading", level=2)).to_have_text("Version 2")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=2)).to_have_text("Version 1")
    page.wait_for_load_state()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", level=2)).to_have_text("Version 2")


def test_owner_saves_with_control_s(window: Open, site: Site, people: Cast) -> None:
    number = site.make("notes", people.owner, title="Saved by key")
    page = window(people.owner)
    page.goto(f"/admin/notes/{number}/edit")
    page.get_by_label("Content").fill("Without the mouse.")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status").first).to_contain_text("was changed")
    assert site.value("notes", number, "content") == "Without the mouse."
    expect(page).to_have_url(re.compile(rf"/admin/notes/{number}/edit"))
    page.get_by_label("Content").fill("And back to the list.")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/admin/notes/($|\?)"))
    assert site.value("notes", number, "content") == "And back to the list."


def test_a_new_row_begins_with_its_first_field(window: Open, people: Cast) -> None:
    page = window(people.editor)
    page.goto("/admin/posts/")
    page.keyboard.press("c")
    expect(page.get_by_label("Title", exact=True)).to_be_focused()
    page.keyboard.type("jacket")
    expect(page.get_by_label("Title", exact=True)).to_have_value("jacket")
    page.on("dialog", lambda dialog: dialog.accept())


def test_viewer_switches_single_keys_off(window: Open, site: Site) -> None:
    page = window(site.person("speaker", "viewer"))
    page.goto("/account")
    page.get_by_label(re.compile("^Single keys are shortcuts")).uncheck()
    page.get_by_role("button", name="Save appearance").click()
    expect(page.get_by_role("status").first).to_be_visible()
    page.goto("/admin/notes/")
    for key in ("/", "j", "c", "?"):
        page.keyboard.press(key)
    expect(page.locator("tr.is-cursor, dialog")).to_have_count(0)
    expect(page.get_by_role("searchbox", name="Search notes")).not_to_be_focused()
    expect(page.locator("kbd.key:visible")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search or jump to")).to_be_focused()


# Without script


def test_without_script_editor_adds_removes_and_applies_conditions(window: Open, site: Site, people: Cast) -> None:
    site.make("posts", title="Plainly draft")
    site.make("posts", title="Plainly archived", status="archived")
    page = window(people.editor, script=False)
    page.goto("/admin/posts/?q=plainly")
    page.get_by_role("link", name=re.compile("^Filter")).first.click()
    form = builder(page)
    form.get_by_role("button", name="Condition", exact=True).click()
    form.get_by_role("button", name="Condition", exact=True).click()
    expect(form.get_by_label("Field")).to_have_count(3)
    form.get_by_role("button", name="Remove this condition").last.click()
    expect(form.get_by_label("Field")).to_have_count(2)
    form.get_by_label("Field").last.select_option("Status")
    form.get_by_role("button", name="Show matching operators").click()
    form.get_by_label("Value").last.select_option("Archived")
    form.get_by_role("button", name="Apply").last.click()
    expect(titles(page)).to_have_text(["Plainly archived"])


def test_without_script_editor_reads_what_is_wrong_with_a_condition(window: Open, people: Cast) -> None:
    page = window(people.editor, script=False)
    page.goto("/admin/posts/filters?id__gte=1")
    builder(page).get_by_label("Value").fill("one")
    builder(page).get_by_role("button", name="Apply").last.click()
    expect(page).to_have_title(re.compile("^Error: Filter posts"))
    expect(builder(page).get_by_label("Value")).to_have_accessible_description(re.compile("."))


def test_without_script_editor_chooses_columns_and_saves_a_view(window: Open, site: Site) -> None:
    page = window(site.person("plain", "editor"), script=False)
    page.goto("/admin/posts/?status=draft")
    page.locator(".toolbar").get_by_role("link", name="Columns and sort").click()
    page.get_by_label("Category", exact=True).uncheck()
    page.get_by_role("button", name="Apply").click()
    expect(head(page, "Title")).to_be_visible()
    expect(head(page, "Category")).to_have_count(0)
    page.get_by_role("link", name="Save as view").click()
    page.get_by_role("button", name="Save view").click()
    expect(page).to_have_title(re.compile("^Error: "))
    page.get_by_label("Name", exact=True).fill("Plain drafts")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name=re.compile("^Plain drafts"))).to_have_attribute("aria-current", "page")


def test_without_script_viewer_arranges_pins_by_buttons_and_number(window: Open, site: Site) -> None:
    person = site.person("presser", "viewer")
    one, two, three = pin_three(site, person, "Pressed")
    page = window(person, script=False)
    page.goto("/admin/pins/?section=notes")
    page.get_by_role("button", name=f"Move down: {one}").click()
    expect(pinned(page)).to_have_text([two, one, three])
    page.get_by_role("button", name=f"Move up: {three}").click()
    expect(pinned(page)).to_have_text([two, three, one])
    last = page.locator("[data-own] > li").last
    last.locator("summary").click()
    last.get_by_label("Move to number").fill("1")
    last.get_by_role("button", name="Move", exact=True).click()
    expect(pinned(page)).to_have_text([one, two, three])


def test_without_script_viewer_searches_everything(window: Open, site: Site, people: Cast) -> None:
    site.make("notes", title="Quagga by the fence")
    page = window(people.viewer, script=False)
    page.goto("/admin/")
    page.get_by_role("link", name=re.compile("^Search or jump to")).click()
    box = page.get_by_role("searchbox", name="Search everything")
    box.fill("quagga")
    box.press("Enter")
    page.get_by_role("link", name="Quagga by the fence").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Quagga by the fence")


def test_without_script_editor_changes_a_row_on_its_page(window: Open, site: Site, people: Cast) -> None:
    site.make("notes", title="Changed elsewhere")
    page = window(people.editor, script=False)
    page.goto("/admin/notes/?q=elsewhere")
    page.get_by_role("link", name="Changed elsewhere", exact=True).click()
    page.get_by_label("Title").fill("Changed on its page elsewhere")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page).to_have_url(re.compile("q=elsewhere"))
    expect(titles(page)).to_have_text(["Changed on its page elsewhere"])


def test_without_script_viewer_reads_the_shortcuts(window: Open, people: Cast) -> None:
    page = window(people.viewer, script=False)
    page.goto("/admin/")
    page.locator(".sidebar-foot summary").click()
    page.get_by_role("link", name="Keyboard shortcuts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Keyboard shortcuts")
