"""Saved views: whose they are, who sees them, what their names may be, and what the list remembers."""

import time
from urllib.parse import unquote

import pytest

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound
from admin_site.core.transactions import atomic
from admin_site.records import paging, views
from tests.cast import make_user
from tests.client import soup
from tests.factories import make
from tests.together import together


def posts():
    return registry.get("posts")


def save(actor, name, query="status=draft", **more):
    with atomic():
        return views.save(actor, posts(), name, query, **more)


def names(actor, section="posts"):
    db.session.rollback()
    return [view.name for view in views.of(actor, registry.get(section)).views]


def deed(do, actor, *args):
    with atomic():
        return do(actor, posts(), *args)


def test_a_view_is_ones_own(cast):
    number = save(cast.owner, "Mine")
    assert names(cast.owner) == ["Mine"]
    assert names(cast.owner, "notes") == []
    for actor in (cast.colleague, cast.admin, cast.stranger, cast.anonymous):
        assert names(actor) == []
        for do in (views.get, views.remove):
            with pytest.raises(NotFound):
                deed(do, actor, number)
        with pytest.raises(NotFound):
            deed(views.set_default, actor, number)
    assert names(cast.owner) == ["Mine"]
    theirs = save(cast.colleague, "Theirs")
    assert views.get(cast.colleague, posts(), theirs).name == "Theirs"
    with pytest.raises(NotFound):
        deed(views.remove, cast.colleague, number)
    assert (names(cast.owner), names(cast.colleague)) == (["Mine"], ["Theirs"])


def test_shared_with_a_role_or_everyone(cast):
    save(cast.editor, "Editors", shared_with="editor")
    everyone = save(cast.editor, "All", shared_with="*")
    second = make_user("second", "editor")
    assert names(cast.editor) == names(second) == ["Editors", "All"]
    assert names(cast.viewer) == names(cast.admin) == ["All"]
    for actor in (cast.viewer, second):
        with pytest.raises(Denied):
            deed(views.remove, actor, everyone)
        with pytest.raises(NotFound):
            views.get(actor, registry.get("notes"), everyone)
    # The same name is another's: nothing of theirs is written over.
    save(second, "All", "status=review")
    assert views.get(cast.viewer, posts(), everyone).query == "status=draft"
    deed(views.set_default, cast.viewer, everyone)
    deed(views.remove, cast.editor, everyone)
    assert names(cast.viewer) == []
    assert views.of(cast.viewer, posts()).default is None


@pytest.mark.parametrize(
    ("name", "role"),
    [("owner", "*"), ("viewer", "viewer"), ("editor", "admin"), ("editor", "nosuch"), ("owner", "author")],
)
def test_who_may_not_share(cast, name, role):
    with pytest.raises(Denied):
        save(cast.named(name), "Shared", shared_with=role)
    assert names(cast.named(name)) == []


def test_who_may_not_read_the_section_sees_no_view(cast):
    save(cast.editor, "All", shared_with="*")
    with pytest.raises(NotFound):
        deed(views.set_columns, cast.stranger, ["title"])
    with pytest.raises(NotFound):
        deed(views.set_default, cast.anonymous, None)


@pytest.mark.parametrize("name", ["", "  ", "\0", "\n", "x" * 61])
def test_names_that_are_none(cast, name):
    with pytest.raises(Invalid) as wrong:
        save(cast.owner, name)
    assert list(wrong.value.fields) == ["name"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [("  To   do\n", "To do"), ("x" * 60, "x" * 60), ("<b>&", "<b>&"), ("\ud800a", "?a"), ("日本 🌱", "日本 🌱")],
)
def test_names_that_are_kept(cast, name, kept):
    save(cast.owner, name)
    assert names(cast.owner) == [kept]


def test_the_same_name_is_written_over_and_there_is_an_end(cast, monkeypatch):
    monkeypatch.setattr(views, "VIEWS_MOST", 2)
    first = save(cast.owner, "One")
    assert save(cast.owner, "One", "status=review") == first
    assert views.get(cast.owner, posts(), first).query == "status=review"
    save(cast.owner, "Two")
    with pytest.raises(Conflict, match="2 views"):
        save(cast.owner, "Three")
    save(cast.owner, "Two", "q=x")


def test_a_view_opens_first_and_columns_are_remembered(cast):
    number = save(cast.owner, "First")
    deed(views.set_default, cast.owner, number)
    deed(views.set_columns, cast.owner, ["slug", "title"])
    found = views.of(cast.owner, posts())
    assert (found.default.id, found.columns) == (number, ("slug", "title"))
    assert views.of(cast.colleague, posts()).columns == ()
    assert views.of(cast.owner, registry.get("notes")).columns == ()
    deed(views.set_default, cast.owner, None)
    deed(views.set_columns, cast.owner, [])
    assert views.of(cast.owner, posts()) == views.Preferences([views.get(cast.owner, posts(), number)])


# As pages


@pytest.fixture
def three(cast):
    return {
        status: make("posts", title=f"A {status} row", status=status) for status in ("draft", "review", "published")
    }


def listed(client, address):
    return [cell.text for cell in client.page(address).select("table.list tbody:not(.is-pinned) tr > :first-child a")]


def test_a_view_in_the_address_shows_its_rows(cast, sign_in, three):
    mine, foreign = save(cast.viewer, "Drafts", "status=draft&sort=title"), save(cast.owner, "Foreign", "status=review")
    viewer = sign_in(cast.viewer)
    assert len(listed(viewer, f"/admin/posts/?view={mine}")) == 1
    assert "A draft row" in listed(viewer, f"/admin/posts/?view={mine}")[0]
    assert len(listed(viewer, "/admin/posts/")) == 3
    # One of somebody else shows what it would show if it were not there; so does one of another section.
    for number in (foreign, 10**8, mine):
        section = "notes" if number == mine else "posts"
        other, missing = viewer.get(f"/admin/{section}/?view={number}"), viewer.get(f"/admin/{section}/?view=99999999")
        assert "Foreign" not in other.text
        assert len(soup_rows(other)) == len(soup_rows(missing))
    # What is said beside it wins, paging does not.
    assert len(listed(viewer, f"/admin/posts/?view={mine}&status=review")) == 1
    assert len(listed(viewer, f"/admin/posts/?view={mine}&page=1&per_page=25")) == 1
    deed(views.set_default, cast.viewer, mine)
    assert len(listed(viewer, "/admin/posts/")) == 1
    assert len(listed(viewer, "/admin/posts/?pinned=first")) == 3


def soup_rows(response):
    return soup(response).select("table.list tbody tr")


def test_views_by_the_page(cast, sign_in, three):
    owner, colleague = sign_in(cast.owner), sign_in(cast.colleague)
    back = "status=review&sort=title&page=4&after=x"
    made = owner.post("/admin/posts/views", {"name": "Review", "back": back, "shared_with": ""})
    (view,) = views.of(cast.owner, posts()).views
    assert (made.status_code, made.location) == (302, f"/admin/posts/?view={view.id}")
    assert view.query == "status=review&sort=title"
    page = owner.page("/admin/posts/views")
    assert page.select_one(".lines .big").text.strip() == "1"
    assert owner.get("/admin/posts/views/counts").json == {"counts": {str(view.id): "1"}}
    assert "Review" in owner.page("/admin/posts/").select_one(".tabs").text
    for name, says in [("", "Name is required"), ("x" * 61, "at most 60")]:
        wrong = owner.post("/admin/posts/views", {"name": name, "back": back})
        assert (wrong.status_code, says in wrong.text) == (400, True)
    assert owner.post("/admin/posts/views", {"name": "S", "shared_with": "*"}).status_code == 403
    for deed_name in ("default", "delete", "plain", "nonsense"):
        assert colleague.post(f"/admin/posts/views/{view.id}", {"deed": deed_name}).status_code == 404
        assert owner.post(f"/admin/notes/views/{view.id}", {"deed": deed_name}).status_code == 404
    assert owner.post(f"/admin/posts/views/{view.id}", {"deed": "default"}).status_code == 302
    assert len(listed(owner, "/admin/posts/")) == 1
    assert owner.post(f"/admin/posts/views/{view.id}", {"deed": "delete"}).status_code == 302
    assert len(listed(owner, "/admin/posts/")) == 3
    assert sign_in(cast.stranger).get("/admin/posts/views").status_code == 404


def test_each_person_has_their_own_order(cast):
    first, second = save(cast.owner, "First"), save(cast.owner, "Second")
    shared = save(cast.editor, "Shared", shared_with="*")
    assert names(cast.owner) == ["First", "Second", "Shared"]
    assert deed(views.move, cast.owner, shared, -2) == 1
    assert names(cast.owner) == ["Shared", "First", "Second"]
    deed(views.set_columns, cast.owner, ["title"])
    deed(views.set_default, cast.owner, second)
    assert deed(views.move, cast.owner, first, 9) == 3
    save(cast.owner, "Newest")
    assert names(cast.owner) == ["Shared", "Second", "First", "Newest"]
    assert deed(views.move, cast.owner, shared, -1) == 1
    found = views.of(cast.owner, posts())
    assert (found.columns, found.default and found.default.id) == (("title",), second)
    assert names(cast.editor) == names(cast.viewer) == ["Shared"]
    for actor in (cast.colleague, cast.stranger, cast.anonymous):
        with pytest.raises(NotFound):
            deed(views.move, actor, first, 1)
    deed(views.remove, cast.owner, second)
    assert names(cast.owner) == ["Shared", "First", "Newest"]


def test_several_moves_at_once_are_done_one_after_the_other(base_app, cast):
    numbers = [save(cast.owner, f"View {place}") for place in range(5)]
    db.session.rollback()

    def up():
        with atomic():
            views.move(cast.owner, posts(), numbers[4], -1)
            time.sleep(0.1)

    together(base_app, up, up, up)
    assert names(cast.owner) == ["View 0", "View 4", "View 1", "View 2", "View 3"]


def test_a_view_is_renamed_by_whoever_saved_it(cast):
    number, _other = save(cast.editor, "Editors", shared_with="*"), save(cast.editor, "Other")
    save(cast.viewer, "Mine")
    assert deed(views.rename, cast.editor, number, "  All \0 of us ") == "All of us"
    assert deed(views.rename, cast.editor, number, "All of us") == "All of us"
    assert names(cast.editor) == ["All of us", "Other"]
    for wrong, says in [("Other", "another view called “Other”"), (" ", "required"), ("x" * 61, "at most 60")]:
        with pytest.raises(Invalid) as refused:
            deed(views.rename, cast.editor, number, wrong)
        assert says in refused.value.fields["name"][0]
    deed(views.rename, cast.editor, number, "Mine")
    for actor in (cast.viewer, cast.admin):
        with pytest.raises(Denied):
            deed(views.rename, actor, number, "Theirs")
    assert names(cast.viewer) == ["Mine", "Mine"]


def test_views_are_renamed_and_arranged_on_their_page(cast, sign_in):
    client, back = sign_in(cast.owner), {"back": "status=review"}
    first, second = save(cast.owner, "First"), save(cast.owner, "Second")
    moved = client.post(f"/admin/posts/views/{second}", {"deed": "up", **back})
    assert (moved.status_code, moved.location) == (302, "/admin/posts/views?back=status%3Dreview")
    page = client.page(moved.location)
    assert "The view “Second” is now number 1." in page.text
    assert [line.text for line in page.select(".lines .main a")] == ["Second", "First"]
    off = [button["aria-label"] for button in page.select(".lines button[aria-disabled=true]")]
    assert off == ["Move up: Second", "Move down: First"]
    wrong = client.post(f"/admin/posts/views/{first}", {"deed": "rename", "name": "Second", **back})
    page = soup(wrong)
    box = page.select_one(f"#name-{first}")
    assert (wrong.status_code, box["value"], box["aria-invalid"]) == (400, "Second", "true")
    assert "another view called “Second”" in page.select_one(f"#{box['aria-describedby']}").text
    assert (page.select_one("#name")["value"], page.select_one("#name-error")) == ("", None)
    assert page.select_one("form [name=back]")["value"] == "status=review"
    assert client.post(f"/admin/posts/views/{first}", {"deed": "rename", "name": "<i>1st"}).status_code == 302
    assert names(cast.owner) == ["Second", "<i>1st"]
    tabs = client.page("/admin/posts/").select(".tabs [data-view]")
    assert [tab.text.split()[0] for tab in tabs] == ["Second", "<i>1st"]


def test_the_view_that_one_comes_from_is_proposed(cast, sign_in):
    client, number = sign_in(cast.owner), save(cast.owner, "Drafts")
    page = client.page(f"/admin/posts/views?back=view%3D{number}%26status%3Dreview")
    assert page.select_one("#name")["value"] == "Drafts"
    assert "the view “Drafts” becomes this list" in page.text
    client.post("/admin/posts/views", {"name": "Drafts", "back": f"view={number}&status=review"})
    (view,) = views.of(cast.owner, posts()).views
    assert (view.id, view.query) == (number, "status=review")
    shared = save(cast.editor, "Shared", shared_with="*")
    assert client.page(f"/admin/posts/views?back=view%3D{shared}").select_one("#name")["value"] == ""


def test_one_leaves_a_view_by_its_filters_and_by_all(cast, sign_in, three):
    viewer, drafts = sign_in(cast.viewer), save(cast.viewer, "Drafts", "status=draft")
    worded = save(cast.viewer, "Words", "q=row")
    tab = viewer.page("/admin/posts/").select_one(f'[data-view="{drafts}"]')["href"]
    assert tab == f"/admin/posts/?status=draft&view={drafts}"
    deed(views.set_default, cast.viewer, drafts)
    for address in (tab, f"/admin/posts/?view={drafts}", "/admin/posts/"):
        page = viewer.page(address)
        assert len(page.select("table.list tbody:not(.is-pinned) tr")) == 1
        ways = [*page.select(".chips a[aria-label^=Remove], .chips a.link"), page.select_one(".tabs a")]
        for way in ways[:2] + ways[-1:]:
            assert len(listed(viewer, way["href"])) == 3, way
    # The whole list stays the whole list: over its pages, and where one comes back from a row.
    whole = viewer.page("/admin/posts/?view=0&per_page=2")
    assert whole.select_one(".pager a[rel=next]")["href"].startswith("/admin/posts/?per_page=2&view=0&")
    assert "view%3D0" in whole.select_one("tbody a[href*=back]")["href"]
    # Emptying the box of a view of words leaves it too.
    left = viewer.page(f"/admin/posts/?q=&view={worded}&per_page=2")
    assert len(left.select("table.list tbody:not(.is-pinned) tr")) == 2
    following = left.select_one(".pager a[rel=next]")["href"]
    assert "view=0" in following
    assert len(listed(viewer, following)) == 1
    said = viewer.get("/admin/posts/?view=99999999").text
    assert "deleted, or is not shared with you" in said


def test_a_view_has_the_columns_that_it_was_saved_with(cast, sign_in, three):
    def heads(address):
        return [head.text.strip() for head in viewer.page(address).select("table.list thead th")][:-1]

    viewer = sign_in(cast.viewer)
    viewer.post("/admin/posts/options", {"column": ["title", "slug"], "back": ""})
    viewer.post("/admin/posts/views", {"name": "Two", "back": "status=draft", "shared_with": ""})
    viewer.post("/admin/posts/options", {"reset": "1"})
    (view,) = views.of(cast.viewer, posts()).views
    assert heads(f"/admin/posts/?view={view.id}") == ["Title", "Address"]
    assert len(heads("/admin/posts/")) > 2
    back = f"status=draft&columns=title,slug&view={view.id}"
    sent = viewer.post("/admin/posts/options", {"column": ["title", "status"], "back": back})
    assert heads(sent.location) == ["Title", "Status"]
    sent = viewer.post("/admin/posts/options", {"reset": "1", "back": back})
    assert heads(sent.location) == heads("/admin/posts/")
    assert views.of(cast.viewer, posts()).columns == ()


def test_the_form_keeps_sorts_that_it_has_no_place_for(cast, sign_in, three):
    viewer = sign_in(cast.viewer)
    back = "sort=status,-author_id,category_id,-title,slug"
    form = {"back": back, "sort.1": "status", "sort.2": "author_id", "direction.2": "down", "sort.3": "category_id"}
    assert unquote(viewer.post("/admin/posts/options", form).location) == f"/admin/posts/?{back}"


def test_columns_and_sort_by_the_page(cast, sign_in, three):
    viewer = sign_in(cast.viewer)
    form = {"column": ["title", "slug", "password_hash", "live"],
        "place.slug": "1", "place.title": "2", "back": "status=draft",
            "sort.1": "title", "direction.1": "down", "sort.2": "live", "sort.3": "status"}  # fmt: skip
    sent = viewer.post("/admin/posts/options", form)
    assert unquote(sent.location) == "/admin/posts/?status=draft&sort=-title,status"
    heads = [head.text.strip() for head in viewer.page("/admin/posts/").select("table.list thead th")]
    assert heads[:2] == ["Address", "Title"]
    assert len(heads) == 3
    assert views.of(cast.viewer, posts()).columns == ("slug", "title")
    assert next(h.text.strip() for h in viewer.page("/admin/posts/?columns=status").select("thead th")) == "Status"
    viewer.post("/admin/posts/options", {"reset": "1"})
    assert views.of(cast.viewer, posts()).columns == ()


def test_counted_to_the_last(cast, sign_in, three, monkeypatch):
    monkeypatch.setattr(paging, "COUNT_MOST", 2)
    viewer = sign_in(cast.viewer)
    bounded = viewer.page("/admin/posts/").select_one(".pager").text
    assert "2+" in bounded
    assert "of 3" in " ".join(viewer.page("/admin/posts/?count=exact").select_one(".pager").text.split())


def test_whoever_manages_people_shares_with_every_role(cast):
    assert set(views.shareable(cast.admin, posts())) == {"*", "viewer", "author", "editor", "admin"}
    assert views.shareable(cast.editor, posts()) == ["*", "editor"]
    assert views.shareable(cast.viewer, posts()) == []
