"""Every page of every section, and what its forms do. The client checks each page it gets."""

import pytest

from admin_site import create_app, sections
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import reads, trash, writes
from tests.cast import PASSWORD
from tests.client import soup
from tests.factories import make, values_of

sections.register_all()
NAMES = tuple(registry.by_name())


def title_of(cast, name, number):
    return reads.item(cast.system, registry.get(name), number).title


@pytest.mark.parametrize("name", NAMES)
def test_every_page_of_a_section(cast, sign_in, name):
    admin = sign_in(cast.admin)
    number, gone = make(name), make(name)
    with atomic():
        trash.trash(cast.system, registry.get(name), gone)
    label = registry.get(name).label
    assert label in admin.page(f"/admin/{name}/").h1.text
    for address in (
        "new",
        f"{number}",
        f"{number}/edit",
        f"{number}/history",
        f"{number}/delete",
        "trash",
        f"trash/{gone}",
        f"{gone}/history",
        f"{gone}/as-of?at=2026-01-01",
        f"{gone}/restore",
    ):
        page = admin.page(f"/admin/{name}/{address}")
        assert page.select_one('nav[aria-label="Breadcrumb"]')
    assert admin.get(f"/admin/{name}/{gone}").status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_section_says_so(cast, sign_in, name):
    if name == "users":
        return
    section = registry.get(name)
    page = sign_in(cast.editor).page(f"/admin/{name}/")
    assert f"No {section.label.lower()} yet" in page.text
    assert page.select_one(f'a[href="/admin/{name}/new"]')
    assert "The trash is empty" in sign_in(cast.editor).page(f"/admin/{name}/trash").text


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_created_edited_and_shown(cast, sign_in, name):
    admin = sign_in(cast.admin)
    form = {
        key: [str(v) for v in value] if isinstance(value, list) else str(value)
        for key, value in values_of(name).items()
    }
    assert admin.post(f"/admin/{name}/new", form).status_code == 302
    db.session.rollback()
    newest = max(db.session.execute(registry.get(name).table.select()).mappings(), key=lambda row: row["id"])
    page = admin.page(f"/admin/{name}/{newest['id']}/edit")
    typed = {
        control["name"]: control.text.removeprefix("\n") if control.name == "textarea" else control.get("value", "")
        for control in page.select("main input[type=text][name], main input[type=email][name], main textarea[name]")
    }
    again = admin.post(f"/admin/{name}/{newest['id']}/edit", typed | {"version": "1"})
    assert again.status_code == 302, soup(again).select(".error")
    assert "No fields changed." in admin.page(f"/admin/{name}/").text


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_form_names_what_is_required_and_keeps_the_rest(cast, sign_in, name):
    section = registry.get(name)
    response = sign_in(cast.admin).post(f"/admin/{name}/new", dict.fromkeys(section.form, ""))
    assert response.status_code == 400
    page = soup(response)
    assert page.title.text.startswith("Error:")
    required = [f for f in section.all_fields.values() if f.required and not f.fixed]
    for field in required:
        assert page.select_one(f"#field-{field.name} .error").text.strip() == f"{field.label} is required"
        assert page.select_one(f'[aria-describedby="{field.name}-error"]')
        assert page.select_one(f'.callout a[href="#field-{field.name}"]')


def test_what_was_typed_stays_after_an_error(cast, sign_in):
    tag, category = make("tags", name="kept tag"), make("categories", name="kept category")
    typed = {"title": "  ", "content": "Long <b>text</b>\n\n  kept", "status": "review", "category_id": str(category),
             "tag_ids": ["", str(tag)], "slug": "my slug", "is_pinned": ["0", "1"]}  # fmt: skip
    page = soup(sign_in(cast.editor).post("/admin/posts/new", typed))
    assert page.select_one("#content").text.removeprefix("\n") == "Long <b>text</b>\n\n  kept"
    assert page.select_one("#status option[selected]")["value"] == "review"
    assert page.select_one("#slug")["value"] == "my slug"
    assert page.select_one('input[name="category_id"][checked]')["value"] == str(category)
    assert page.select_one('input[name="tag_ids"][checked]')["value"] == str(tag)
    assert page.select_one("#is_pinned").has_attr("checked")


def test_a_stale_save_overwrites_nothing_and_shows_both(cast, sign_in):
    number = make("notes", title="First")
    editor = sign_in(cast.editor)
    version = editor.page(f"/admin/notes/{number}/edit").select_one("input[name=version]")["value"]
    with atomic():
        writes.update(cast.admin, registry.get("notes"), number, {"title": "Theirs"})
    response = editor.post(f"/admin/notes/{number}/edit", {"title": "Yours", "version": version})
    assert response.status_code == 409
    page = soup(response)
    assert "Take theirs" in page.text
    assert "Theirs" in page.text
    assert page.select_one("#title")["value"] == "Yours"
    assert title_of(cast, "notes", number) == "Theirs"
    version = page.select_one("input[name=version]")["value"]
    assert editor.post(f"/admin/notes/{number}/edit", {"title": "Yours", "version": version}).status_code == 302
    db.session.rollback()
    assert title_of(cast, "notes", number) == "Yours"


def test_changes_of_different_fields_are_both_kept_and_said_so(cast, sign_in):
    number = make("notes", title="First", content="Base.")
    editor = sign_in(cast.editor)
    with atomic():
        writes.update(cast.admin, registry.get("notes"), number, {"title": "Theirs"})
    typed = {"title": "First", "content": "Mine.", "version": "1"}
    assert editor.post(f"/admin/notes/{number}/edit", typed).status_code == 302
    assert "had changed Title meanwhile; both were kept" in editor.page("/admin/notes/").text
    row = reads.find(cast.system, registry.get("notes"), number)
    assert (row.title, row.content, row.version) == ("Theirs", "Mine.", 3)


def test_a_conflict_keeps_what_others_changed_in_fields_one_left_alone(cast, sign_in):
    number = make("books", title="First", summary="Base.", published_year=1900)
    editor = sign_in(cast.editor)
    with atomic():
        writes.update(cast.admin, registry.get("books"), number, {"title": "Theirs", "published_year": 1901})
    typed = {"title": "Mine", "summary": "Mine.", "published_year": "1900", "version": "1"}
    response = editor.post(f"/admin/books/{number}/edit", typed)
    assert response.status_code == 409
    page = soup(response)
    assert page.select_one("#title")["value"] == "Mine"
    assert page.select_one("#published_year")["value"] == "1901"
    assert page.select_one("#summary").text.removeprefix("\n") == "Mine."
    assert [row.th.text for row in page.select(".callout tbody tr")] == ["Title"]


def test_theirs_can_be_taken_for_one_field(cast, sign_in):
    number = make("notes", title="First", content="Base.")
    editor = sign_in(cast.editor)
    with atomic():
        writes.update(cast.admin, registry.get("notes"), number, {"title": "Theirs"})
    typed = {"title": "Mine", "content": "Mine.", "version": "2", "_take": "title"}
    page = soup(editor.post(f"/admin/notes/{number}/edit", typed))
    assert page.select_one("#title")["value"] == "Theirs"
    assert page.select_one("#content").text.removeprefix("\n") == "Mine."
    assert title_of(cast, "notes", number) == "Theirs"


@pytest.mark.parametrize("version", ["", "x", "-1", "99", "9" * 40])
def test_a_save_without_the_right_version_overwrites_nothing(cast, sign_in, version):
    number = make("notes", title="First")
    response = sign_in(cast.editor).post(f"/admin/notes/{number}/edit", {"title": "Other", "version": version})
    assert response.status_code == 409
    assert title_of(cast, "notes", number) == "First"


def test_fields_that_were_not_sent_stay(cast, sign_in):
    tag = make("tags")
    number = make("posts", tag_ids=[tag], is_pinned=True)
    sign_in(cast.editor).post(f"/admin/posts/{number}/edit", {"title": "Only this", "version": "1"})
    db.session.rollback()
    item = reads.item(cast.system, registry.get("posts"), number)
    assert (item.title, item.value("tag_ids"), item.is_pinned) == ("Only this", [tag], True)


def test_find_returns_the_form_with_everything_typed(cast, sign_in):
    for place in range(60):
        make("categories", name=f"Shelf {place:02}")
    editor = sign_in(cast.editor)
    typed = {"title": "Typed", "content": "Kept", "category_id.find": "SHELF 57", "_find": "category_id"}
    response = editor.post("/admin/posts/new", typed)
    assert response.status_code == 200
    page = soup(response)
    assert page.select_one("#title")["value"] == "Typed"
    offered = [label.text.strip() for label in page.select("#field-category_id label")]
    assert [name for name in offered if name != "None"] == ["Shelf 57"]
    typed["category_id.find"] = ""
    assert len(soup(editor.post("/admin/posts/new", typed)).select("#field-category_id label")) == 51


def test_after_saving_one_is_back_where_one_was(cast, sign_in):
    number = make("posts", status="draft")
    editor = sign_in(cast.editor)
    edit = editor.page("/admin/posts/?status=draft&sort=title").select_one("tbody .title a")["href"]
    page = editor.page(edit)
    back = page.select_one("input[name=back]")["value"]
    response = editor.post(f"/admin/posts/{number}/edit", {"title": "X", "version": "1", "back": back})
    assert response.location == "/admin/posts/?status=draft&sort=title"


@pytest.mark.parametrize(
    ("button", "ends"), [("list", "/admin/notes/"), ("new", "/admin/notes/new"), ("edit", "/edit")]
)
def test_the_save_buttons_lead_where_they_say(cast, sign_in, button, ends):
    response = sign_in(cast.editor).post("/admin/notes/new", values_of("notes") | {"_next": button})
    assert response.status_code == 302
    assert response.location.split("?")[0].endswith(ends)


def test_a_row_leads_to_what_points_to_it_and_to_one_more(cast, sign_in):
    category = make("categories", name="Boats")
    post = make("posts", title="The ferry", category_id=category)
    for place in range(3):
        make("comments", post_id=post, content=f"Comment {place}")
    make("comments", post_id=make("posts", title="Another"), content="Elsewhere")

    def leads(client, section, number):
        lines = client.page(f"/admin/{section}/{number}").select("aside .panel-box .lines li")
        return {line.a.text: (line.select_one(".big").text, len(line.select("a.btn"))) for line in lines}

    editor, viewer = sign_in(cast.editor), sign_in(cast.viewer)
    assert leads(editor, "posts", post) == {"Comments": ("3", 1)}
    assert leads(viewer, "posts", post) == {"Comments": ("3", 0)}
    assert leads(editor, "categories", category) == {"Posts": ("1", 1)}
    assert len(editor.page(f"/admin/comments/?post_id={post}").select("table.list tbody tr")) == 3
    page = editor.page(f"/admin/posts/{post}")
    assert page.select_one(f"a[href='/admin/categories/{category}']").text == "Boats"
    new = editor.page(page.select_one("aside a.btn")["href"])
    assert new.select_one(f"[name=post_id][value='{post}']").has_attr("checked")
    with atomic():
        trash.trash(cast.system, registry.get("categories"), category)
    assert "Boats" in editor.page(f"/admin/posts/{post}").main.text
    assert editor.page(f"/admin/posts/{post}").select(f"a[href='/admin/categories/{category}']") == []
    assert editor.page(f"/admin/categories/trash/{category}").select("aside .panel-box") == []


def test_only_what_everybody_may_read_is_viewed_on_the_site(cast, sign_in, client):
    editor = sign_in(cast.editor)
    for section, values in [("posts", {"title": "The ferry"}), ("questions", {"content": "When does it leave?"})]:
        number = make(section, **values)
        assert "View on site" not in editor.page(f"/admin/{section}/{number}").text
        with atomic():
            writes.update(cast.editor, registry.get(section), number, {"status": "published"})
        for page in ("", "/edit"):
            (link,) = [a for a in editor.page(f"/admin/{section}/{number}{page}").select("a") if "on site" in a.text]
            assert client.get(link["href"]).status_code == 200
    assert "View on site" not in editor.page(f"/admin/notes/{make('notes', title='A note')}").text


def test_a_row_in_the_trash_can_be_looked_at_before_it_is_restored(cast, sign_in):
    number = make("posts", title="Fern", content="Water **it**.")
    with atomic():
        trash.trash(cast.editor, registry.get("posts"), number)
    editor = sign_in(cast.editor)
    (row,) = editor.page("/admin/posts/trash").select("tbody tr")
    assert "Editor" in row.text
    page = editor.page(row.select_one("th a")["href"])
    assert "Water" in page.text
    assert "Editor moved it there" in " ".join(page.select_one(".callout").text.split())
    links = {link["href"] for link in page.main.select("a[href]")}
    assert {f"/admin/posts/{number}/restore", f"/admin/posts/{number}/history"} <= links
    assert not any(link.endswith(("/edit", "/delete")) for link in links)
    assert not page.main.select("form[method=post]")
    history = editor.page(f"/admin/posts/{number}/history")
    assert history.select_one(f'a[href="/admin/posts/trash/{number}"]')
    missing = editor.page(f"/admin/posts/{number}", status=404)
    assert missing.select_one(f'a[href="/admin/posts/trash/{number}"]')
    assert "is in the trash" in missing.h1.text


def test_the_name_of_who_moved_a_row_is_text(cast, sign_in):
    number = make("notes")
    with atomic():
        writes.update(cast.system, registry.get("users"), cast.editor.id, {"name": "<b>&\"'</b>"})
        trash.trash(cast.editor, registry.get("notes"), number)
    client = sign_in(cast.admin)
    for path in ("/admin/notes/trash", f"/admin/notes/trash/{number}"):
        assert "<b>&\"'</b>" in client.page(path).main.text
        assert "<b>&" not in client.get(path).text


def test_what_the_system_moved_to_the_trash_says_so(cast, sign_in):
    number = make("notes")
    with atomic():
        trash.trash(cast.system, registry.get("notes"), number)
    assert "System" in sign_in(cast.editor).page("/admin/notes/trash").select_one("tbody tr").text


@pytest.mark.parametrize("name", ["owner", "viewer"])
def test_whoever_may_not_restore_sees_nothing_of_the_trash(cast, sign_in, name):
    number = make("notes", cast.owner, title="Fern")
    client = sign_in(cast.named(name))
    gone = client.page("/admin/notes/999999", status=404).main.text.replace("999999", "")
    with atomic():
        trash.trash(cast.owner, registry.get("notes"), number)
    assert client.page(f"/admin/notes/{number}", status=404).main.text.replace(str(number), "") == gone
    assert client.get(f"/admin/notes/{number}/history").status_code == 404
    assert client.get(f"/admin/notes/{number}/as-of?at=2026-01-01").status_code == 404
    assert client.get(f"/admin/notes/trash/{number}").status_code == 403


def test_a_row_that_was_restored_meanwhile_is_shown_where_it_is(cast, sign_in):
    number, client = make("notes"), sign_in(cast.editor)
    assert client.get(f"/admin/notes/trash/{number}").location == f"/admin/notes/{number}"
    assert client.get("/admin/notes/trash/999999").status_code == 404


def test_deleting_names_what_goes_along(cast, sign_in):
    post = make("posts", title="Parent")
    for _ in range(12):
        make("comments", post_id=post)
    editor = sign_in(cast.editor)
    page = editor.page(f"/admin/posts/{post}/delete")
    assert "12 comments will go along" in page.text
    assert "and 2 more" in page.text
    assert "Move 13 rows to the trash" in page.text
    assert editor.post(f"/admin/posts/{post}/delete", {"version": "1"}).status_code == 302
    assert "with 12 rows that belong to it" in editor.page("/admin/posts/").text


def test_restoring_asks_for_another_value_where_its_own_is_taken(cast, sign_in):
    number = make("categories", name="News")
    with atomic():
        trash.trash(cast.system, registry.get("categories"), number)
    make("categories", name="NEWS", slug="other")
    editor = sign_in(cast.editor)
    response = editor.post(f"/admin/categories/{number}/restore")
    assert response.status_code == 409
    assert soup(response).select_one("#name")["value"] == "News"
    assert editor.post(f"/admin/categories/{number}/restore", {"name": "Old news"}).status_code == 302


def test_history_shows_words_and_relations(cast, sign_in):
    old, new = make("categories", name="Old shelf"), make("categories", name="New shelf")
    number = make("posts", title="One two three", category_id=old)
    with atomic():
        writes.update(cast.editor, registry.get("posts"), number, {"title": "One four three", "category_id": new})
    page = sign_in(cast.viewer).page(f"/admin/posts/{number}/history")
    assert [mark.text for mark in page.select("del")] == ["two", "Old"]
    assert [mark.text for mark in page.select("ins")][:2] == ["four", "New"]
    assert "Editor changed Title, Category" in " ".join(page.select_one(".event .what").text.split()).replace(
        "changedTitle", "changed Title"
    )


def test_long_histories_have_pages(cast, sign_in):
    number = make("notes")
    for place in range(55):
        with atomic():
            writes.update(cast.editor, registry.get("notes"), number, {"title": f"Title {place}"})
    viewer = sign_in(cast.viewer)
    page = viewer.page(f"/admin/notes/{number}/history")
    assert len(page.select(".event")) == 50
    older = viewer.page(page.find("a", string="Older changes")["href"])
    assert len(older.select(".event")) == 6


def test_filters_chips_and_wrong_words(cast, sign_in):
    make("posts", title="River", status="review")
    make("posts", title="Lake")
    viewer = sign_in(cast.viewer)
    page = viewer.page("/admin/posts/?status=review")
    assert [row.text.strip() for row in page.select("tbody .title")] == ["River"]
    assert page.select_one(".chip").text.split() == ["Status", "is", "In", "review"]
    assert page.select(".chip a")[-1]["href"] == "/admin/posts/"
    wrong = viewer.page("/admin/posts/?status=nonsense&colour=red")
    assert len(wrong.select("tbody .title")) == 2
    assert "There is no filter “colour”" in wrong.text
    nothing = viewer.page("/admin/posts/?q=nowhere&status=review")
    assert "Nothing matches “nowhere” with 1 filter" in " ".join(nothing.text.split())


def test_paging_has_real_links(cast, sign_in):
    for place in range(30):
        make("notes", title=f"N {place:02}")
    viewer = sign_in(cast.viewer)
    page = viewer.page("/admin/notes/?per_page=25&sort=title")
    assert "1–25 of 30" in page.select_one(".pager").text
    second = viewer.page(page.select_one("a[rel=next]")["href"])
    assert [row.text.strip() for row in second.select("tbody .title")] == [f"N {place}" for place in range(25, 30)]
    assert second.select_one("a[rel=prev]")["href"] == "/admin/notes/?sort=title&per_page=25"
    assert "no rows this far down" in viewer.page("/admin/notes/?page=99").text


def test_the_home_page_counts_what_its_links_show(cast, sign_in):
    for status in ("draft", "review", "review", "published"):
        make("posts", status=status)
    make("comments")
    editor = sign_in(cast.editor)
    for line in editor.page("/admin/").select(".lines li:has(.big)"):
        shown = editor.page(line.a["href"])
        assert len(shown.select("tbody:not(.is-pinned) tr")) == int(line.select_one(".big").text)


def test_the_account_page_changes_what_is_ones_own(cast, sign_in):
    owner = sign_in(cast.owner)
    assert owner.post("/account", {"name": "New Name"}).status_code == 302
    assert "New Name" in owner.page("/account").text
    assert owner.post("/account/appearance", {"theme": "dark", "density": "compact"}).status_code == 302
    page = owner.page("/account")
    assert (page.html["data-bs-theme"], page.html["data-density"]) == ("dark", "compact")
    owner.post("/account/appearance", {"theme": "pink", "density": '"><script>'})
    assert not owner.page("/account").html.has_attr("data-bs-theme")


def test_a_password_is_changed_with_the_present_one_only(cast, sign_in):
    owner, elsewhere = sign_in(cast.owner), sign_in(cast.owner)
    wrong = owner.post("/account/password", {"current": "no", "password": "another long phrase"})
    assert wrong.status_code == 400
    weak = owner.post("/account/password", {"current": PASSWORD, "password": "password"})
    assert weak.status_code == 400
    assert owner.post("/account/password", {"current": PASSWORD, "password": "another long phrase"}).status_code == 302
    assert owner.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_sessions_are_listed_and_ended(cast, sign_in):
    here, there = sign_in(cast.owner), sign_in(cast.owner)
    forms = here.page("/account").select('form[action*="/sessions/"]')
    assert len(forms) == 1
    assert sign_in(cast.colleague).post(forms[0]["action"]).status_code == 302
    assert there.get("/admin/").status_code == 200
    assert here.post(forms[0]["action"]).status_code == 302
    assert there.get("/admin/").status_code == 302


def test_health(client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").status_code == 200


def test_errors_under_api_are_json(cast, client, sign_in):
    for person in (client, sign_in(cast.admin)):
        answer = person.get("/api/nothing")
        assert answer.status_code == 404
        assert (answer.json["error"], answer.json["code"]) == ("Resource not found", "not_found")


def test_a_page_that_is_not_there_is_that_also_without_a_database(tmp_path):
    settings = {"APP_CONFIG": "development", "DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"}
    client = create_app(settings, instance_path=str(tmp_path)).test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "s" * 43  # who that is cannot be found out: there is no table to look in
    answer = client.get("/nowhere")
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)
    assert client.get("/admin/notes/").status_code == 503
