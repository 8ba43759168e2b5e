"""A day with notes, with script and without."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.live import Site
from tests.browser.window import Open
from tests.cast import Cast

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"]),
]


def row(page: Page, title: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=title, exact=True))


def pick(page: Page, title: str, entry: str, script: bool) -> None:
    """An entry of a row's menu; without script the same stands on the row's page, which its form leads to."""
    line = row(page, title)
    if script:
        line.hover()
        line.get_by_label(f"Actions for {title}").click()
        line.locator(".menu-list").get_by_text(entry, exact=True).click()
    else:
        line.get_by_role("link", name=title, exact=True).click()
        page.get_by_label("Breadcrumb").get_by_role("link", name=title).click()
        page.locator(".page-head").get_by_text(entry.removesuffix(" for everyone"), exact=True).click()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).last.click()


def titles(page: Page, band: str = "tbody:not(.is-pinned)") -> Locator:
    return page.locator(f"table.list > {band} th.title > a")


def test_viewer_sees_pinned_notes_first(window: Open, people: Cast, script: bool) -> None:
    page = window(people.viewer, script=script)
    page.goto("/admin/notes/?sort=title")
    expect(page.locator("tbody").first).to_contain_text("Pinned")
    house = "House style in one paragraph"
    expect(titles(page, "tbody.is-pinned").filter(has_text=house)).to_have_count(1)
    expect(titles(page).filter(has_text=house)).to_have_count(0)


def test_owner_writes_a_note_and_changes_it(window: Open, people: Cast, script: bool) -> None:
    page = window(people.owner, script=script)
    page.goto("/admin/notes/")
    page.get_by_role("link", name="New note").click()
    page.get_by_label("Title").fill(f"Written {script}")
    page.get_by_label("Content").fill("First words.")
    save(page)
    expect(page.get_by_role("status")).to_have_text(f"The note “Written {script}” was added.")
    page.get_by_role("link", name=f"Written {script}", exact=True).click()
    expect(page.get_by_label("Content")).to_have_value("First words.")
    page.get_by_label("Content").fill("Second words.")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_role("status").first).to_have_text(f"The note “Written {script}” was changed.")
    expect(page.get_by_label("Content")).to_have_value("Second words.")


def test_owner_sees_what_they_typed_after_an_error(window: Open, people: Cast, script: bool) -> None:
    page = window(people.owner, script=script)
    page.goto("/admin/notes/new")
    page.get_by_label("Content").fill("  Keep these\n\nlines <b>as they are</b> & so on")
    save(page)
    expect(page).to_have_title(re.compile("^Error: New note"))
    expect(page.get_by_role("alert")).to_contain_text("Title is required")
    expect(page.get_by_label("Content")).to_have_value("  Keep these\n\nlines <b>as they are</b> & so on")
    title = page.get_by_label("Title")
    expect(title).to_have_attribute("aria-invalid", "true")
    expect(title).to_have_accessible_description("Title is required")
    if script:
        expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("link", name="Title is required").click()
    expect(page).to_have_url(re.compile("#field-title$"))
    expect(title).to_be_in_viewport()


def test_owner_goes_from_the_message_to_the_wrong_field(window: Open, people: Cast, script: bool) -> None:
    page = window(people.owner, script=script)
    page.goto("/admin/notes/new")
    page.get_by_label("Title").fill("Without content")
    save(page)
    page.get_by_role("link", name="Content is required").click()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Content")).to_be_focused()


def test_owner_duplicates_a_note(window: Open, site: Site, people: Cast, script: bool) -> None:
    title = f"Ferry times, {'with' if script else 'without'} script"
    number = site.make("notes", people.owner, title=title, content="Every hour.")
    page = window(people.owner, script=script)
    page.goto(f"/admin/notes/{number}/edit?back=q%3Dferry")
    page.get_by_label("More", exact=True).click()
    page.get_by_role("link", name="Duplicate").click()
    expect(page.get_by_role("status").filter(has_text=f"A copy of {title}. It is not saved yet.")).to_be_visible()
    expect(page.locator("[data-state]")).to_have_text("Nothing is written yet")
    page.get_by_label("Title").fill(f"{title}, again")
    save(page)
    expect(page).to_have_url(re.compile(r"\?q=ferry$"))
    expect(row(page, f"{title}, again")).to_be_visible()
    expect(row(page, title)).to_be_visible()


def test_editor_pins_a_note_and_unpins_it(window: Open, site: Site, people: Cast, script: bool) -> None:
    site.make("notes", title=f"To be pinned {script}")
    page = window(people.editor, script=script)
    page.goto("/admin/notes/?sort=title&q=pinned")
    pick(page, f"To be pinned {script}", "Pin for everyone", script)
    expect(page.get_by_role("status")).to_have_text(f"The note “To be pinned {script}” was pinned.")
    expect(page).to_have_url(re.compile(r"q=pinned"))
    expect(titles(page, "tbody.is-pinned").filter(has_text=f"To be pinned {script}")).to_have_count(1)
    pick(page, f"To be pinned {script}", "Unpin for everyone", script)
    expect(page.get_by_role("status")).to_have_text(f"The note “To be pinned {script}” is no longer pinned.")
    expect(titles(page).filter(has_text=f"To be pinned {script}")).to_have_count(1)


def test_editor_trashes_a_note_and_restores_it(window: Open, site: Site, people: Cast, script: bool) -> None:
    title = f"Thrown away {script}"
    site.make("notes", title=title)
    page = window(people.editor, script=script)
    page.goto(f"/admin/notes/?q=thrown+{script}")
    pick(page, title, "Move to trash", script)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Move the note “{title}” to the trash?")
    page.get_by_role("link", name="No, take me back").click()
    page.get_by_role("link", name="Move to trash").click()
    page.get_by_role("button", name="Move 1 note to the trash").click()
    expect(page.get_by_role("status").first).to_have_text(f"The note “{title}” was moved to the trash.")
    expect(row(page, title)).to_have_count(0)
    page.get_by_label("More", exact=True).click()
    page.get_by_role("link", name="Trash", exact=True).click()
    page.get_by_role("link", name=f"Restore {title}").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("status")).to_have_text(f"The note “{title}” was restored.")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_viewer_reads_in_the_history_what_the_owner_changed(
    window: Open, site: Site, people: Cast, script: bool
) -> None:
    number = site.make("notes", people.owner, title="Tea at four", content="In the Long Room.")
    page = window(people.owner, script=script)
    page.goto(f"/admin/notes/{number}/edit")
    page.get_by_label("Title").fill("Tea at five")
    save(page)
    reader = window(people.viewer, script=script)
    reader.goto(f"/admin/notes/{number}")
    reader.get_by_role("link", name="History").click()
    expect(reader.locator(".event").first).to_contain_text("Owner changed Title")
    expect(reader.locator(".diff .was")).to_have_text("Tea at four")
    expect(reader.locator(".diff .was del")).to_have_text("four")
    expect(reader.locator(".diff .now-is ins")).to_have_text("five")
    expect(reader.locator(".event").last).to_contain_text("Owner added")


def test_viewer_searches_filters_and_sorts(window: Open, people: Cast, script: bool) -> None:
    page = window(people.viewer, script=script)
    page.goto("/admin/notes/")
    search = page.get_by_role("searchbox", name="Search notes")
    search.fill("cupboard")
    search.press("Enter")
    expect(page).to_have_url(re.compile("q=cupboard"))
    expect(titles(page).filter(has_text="Key to the paper cupboard")).to_have_count(1)
    page.get_by_role("search").get_by_role("link", name="Filter").click()
    form = page.get_by_role("form", name="Filter notes")
    form.get_by_role("button", name="Condition", exact=True).click()
    expect(form.get_by_label("Field")).to_have_count(2)
    form.get_by_label("Field").last.select_option("Author")
    if not script:
        form.get_by_role("button", name="Show matching operators").click()
    expect(form.get_by_label("Operator").last).to_have_value("eq")
    form.get_by_label("Value").last.fill("Samir Haddad")
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("q=cupboard"))
    chip = page.get_by_role("list", name="Active filters")
    expect(chip).to_contain_text("Author is Samir Haddad")
    expect(titles(page)).to_have_text(["Key to the paper cupboard"])
    chip.get_by_role("link", name=re.compile("^Remove filter: Author")).click()
    expect(titles(page).nth(1)).to_be_visible()
    page.get_by_role("columnheader", name="Title").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Title")).to_have_attribute("aria-sort", "ascending")
    ascending = titles(page).all_inner_texts()
    page.get_by_role("columnheader", name="Title").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Title")).to_have_attribute("aria-sort", "descending")
    expect(titles(page)).to_have_text(ascending[::-1])
    assert ascending == sorted(ascending, key=str.casefold)


def test_viewer_leafs_through_the_pages(window: Open, people: Cast, script: bool) -> None:
    page = window(people.viewer, script=script)
    page.goto("/admin/notes/?sort=title&per_page=25")
    first = titles(page).all_inner_texts()
    pins = page.locator("tbody.is-pinned tr:not(.band)").count()  # counted first, on every page
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(f"1–{25 + pins} of")
    expect(page.get_by_role("link", name="Previous")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(f"{26 + pins}–{50 + pins} of")
    assert not set(first) & set(titles(page).all_inner_texts())
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(f"1–{25 + pins} of")
    expect(titles(page)).to_have_text(first)
    page.get_by_label("Rows").select_option("100")
    if not script:
        page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text(f"1–{100 + pins} of")
    assert titles(page).all_inner_texts()[:25] == first


def test_editor_who_comes_second_is_told_and_overwrites_nothing(
    window: Open, site: Site, people: Cast, script: bool
) -> None:
    number = site.make("notes", people.owner, title="Both at once", content="As it was.")
    first, second = window(people.owner, script=script), window(people.editor, script=script)
    for page in (first, second):
        page.goto(f"/admin/notes/{number}/edit")
    first.get_by_label("Content").fill("The owner's words.")
    save(first)
    expect(first.get_by_role("status")).to_contain_text("was changed")
    second.get_by_label("Content").fill("The editor's words.")
    save(second)
    warning = second.get_by_role("alert")
    expect(warning).to_contain_text("changed while you were editing it")
    expect(warning).to_contain_text("The owner's words.")
    expect(second.get_by_label("Content")).to_have_value("The editor's words.")
    assert site.value("notes", number, "content") == "The owner's words."
    save(second)
    expect(second.get_by_role("status")).to_contain_text("was changed")
    assert site.value("notes", number, "content") == "The editor's words."


def test_editor_finds_another_author(window: Open, site: Site, people: Cast, script: bool) -> None:
    number = site.make("notes", people.owner, title=f"For somebody else {script}")
    page = window(people.editor, script=script)
    page.goto(f"/admin/notes/{number}/edit")
    page.get_by_label("Title").fill(f"Typed before looking {script}")
    author = page.get_by_role("group", name="Author")
    author.get_by_label("Find author").press_sequentially("haddad")
    if not script:
        author.get_by_role("button", name="Find author").click()
        expect(page.get_by_label("Title")).to_have_value(f"Typed before looking {script}")
        expect(author.get_by_label("Find author")).to_have_value("haddad")
    author.get_by_label("Samir Haddad").check()
    save(page)
    line = row(page, f"Typed before looking {script}")
    expect(line.get_by_role("cell", name="Samir Haddad").first).to_be_visible()


def test_editor_reads_that_nobody_was_found(window: Open, people: Cast, script: bool) -> None:
    page = window(people.editor, script=script)
    page.goto("/admin/notes/new")
    author = page.get_by_role("group", name="Author")
    author.get_by_label("Find author").press_sequentially("zzzz")
    if not script:
        author.get_by_role("button", name="Find author").click()
    expect(author.get_by_role("status")).to_contain_text("matches “zzzz”")
