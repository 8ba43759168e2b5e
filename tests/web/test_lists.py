"""What belongs to a list, without JavaScript: filter builder, counts, files, cells, pins."""

import csv
import io
import re
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import update
from werkzeug.datastructures import MultiDict

from admin_site.accounts.actor import VISITOR
from admin_site.accounts.models import user_roles
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import counts, export, paging, pinning, reads, relations, trash, windows, writes
from admin_site.records.list_query import ListQuery
from tests.cast import role_id
from tests.client import soup
from tests.factories import make


@pytest.fixture
def posts(cast):
    sand = make("categories", name="Sand")
    return [
        make("posts", title=f"River {place}", status=("draft", "review")[place % 2],
            category_id=(sand, None)[place // 3])
        for place in range(6)
    ]  # fmt: skip


def titles(page):
    return sorted(re.findall(r"River \d", " ".join(cell.text for cell in page.select("table.list tbody"))))


def filled(page):
    """What the browser would send of the filter form."""
    form = page.select_one("#filter-panel")
    given = [
        control
        for control in form.select("input[name]")
        if control.get("type") != "checkbox" or "checked" in control.attrs
    ]
    found = [(control["name"], control.get("value", "")) for control in given]
    for control in form.select("select[name]"):
        option = control.select_one("option[selected]") or control.select_one("option")
        found.append((control["name"], option["value"]))
    return found


def builder(client, form=(), **more):
    return client.get("/admin/posts/filters", query_string=MultiDict([*form, *more.items()]))


# The filter builder


def test_a_filter_is_built_step_by_step(cast, sign_in, posts):
    viewer = sign_in(cast.viewer)
    page = soup(builder(viewer, [("b.add", "cond:"), ("sort", "title")]))
    form = dict(filled(page)) | {"b.0.f": "status"}
    form = dict(filled(soup(builder(viewer, form.items())))) | {"b.0.o": "eq", "b.0.v": "draft"}
    page = soup(builder(viewer, form.items()))
    assert "3 posts" in page.select_one("[role=status]").text
    assert page.select_one(".builder-text").text.strip() == "status:draft"
    # A group beside it, one of whose conditions is then taken away.
    page = soup(builder(viewer, dict(filled(page)).items(), **{"b.add": "group:"}))
    assert page.select_one("fieldset.cond-group select")["name"] == "b.1.g"
    form = dict(filled(page)) | {"b.1.0.f": "title", "b.1.0.o": "contains", "b.1.0.v": "0"}
    page = soup(builder(viewer, form.items(), **{"b.add": "cond:1"}))
    form = dict(filled(page)) | {"b.1.1.f": "title", "b.1.1.o": "contains", "b.1.1.v": "2"}
    page = soup(builder(viewer, form.items()))
    assert page.select_one(".builder-text").text.strip() == "status:draft (title:~0 OR title:~2)"
    answer = builder(viewer, filled(page), **{"b.apply": "1"})
    assert answer.status_code == 302
    assert "sort=title" in answer.location
    assert titles(viewer.page(answer.location)) == ["River 0", "River 2"]
    removed = soup(builder(viewer, filled(page), **{"b.remove": "1.0"}))
    assert removed.select_one(".builder-text").text.strip() == "status:draft title:~2"
    without = soup(builder(viewer, filled(page), **{"b.remove": "1"}))
    assert without.select_one(".builder-text").text.strip() == "status:draft"
    # What was applied is filled in again, and only three groups lie in one another.
    again = soup(viewer.get("/admin/posts/filters?" + answer.location.partition("?")[2]))
    assert again.select_one(".builder-text").text.strip() == "status:draft (title:~0 OR title:~2)"
    deep = soup(
        builder(
            viewer,
            [("b.g", "all"), ("b.0.g", "any"), ("b.0.0.g", "all"), ("b.0.0.0.g", "any"), ("b.0.0.0.0.f", "title")],
        )
    )
    assert len(deep.select("fieldset.cond-group")) == 2


@pytest.mark.parametrize(
    ("group", "row", "text", "found"),
    [
        ("all", {"f": "status", "o": "in", "v": ["", "draft"]}, "status:draft", "024"),
        ("all", {"f": "status", "o": "in", "v": ["", "draft", "review"]}, "status:draft,review", "012345"),
        ("all", {"f": "title", "o": "in", "v": ["River 1, River 3"]}, 'title:"River 1","River 3"', "13"),
        ("all", {"f": "category_id", "o": "in", "v": ["Sand, Silt"]}, 'category:"Sand",Silt', "012"),
        ("all", {"f": "id", "o": "between", "v": ["{1}"], "w": "{3}"}, "id:>={1} id:<={3}", "123"),
        ("all", {"f": "id", "o": "between", "v": [""], "w": "{3}"}, "id:<={3}", "0123"),
        ("all", {"f": "id", "o": "between", "v": ["{3}"], "w": ""}, "id:>={3}", "345"),
        ("any", {"f": "id", "o": "between", "v": ["{1}"], "w": "{2}"}, "id:>={1} id:<={2} OR title:~5", "125"),
        ("all", {"f": "created_at", "o": "between", "v": ["2020-01-01"], "w": "2099-01-01"},
         "created:>=2020-01-01 created:<=2099-01-01", "012345"),
    ],
)  # fmt: skip
def test_several_values_and_ranges_are_one_row(cast, sign_in, posts, group, row, text, found):
    make("categories", name="Silt")
    make("posts", title="Silted", category_id=make("categories", name="Mud"))
    viewer = sign_in(cast.viewer)
    said = {letter: [value.format(*posts) for value in ([v] if isinstance(v, str) else v)] for letter, v in row.items()}
    form = [("b.g", group), *((f"b.0.{letter}", value) for letter, values in said.items() for value in values)]
    form += [("b.1.f", "title"), ("b.1.o", "contains"), ("b.1.v", "5" if group == "any" else "River")]
    page = soup(builder(viewer, form))
    wanted = text.format(*posts) + (" title:~River" if group == "all" else "")
    assert page.select_one(".builder-text").text.strip() == wanted
    answer = builder(viewer, form, **{"b.apply": "1"})
    assert titles(viewer.page(answer.location)) == [f"River {place}" for place in found]
    again = soup(viewer.get("/admin/posts/filters?" + answer.location.partition("?")[2]))
    assert len(again.select(".cond")) == 2
    assert not again.select("fieldset.cond-group")
    is_one_row = "," in text or (">=" in text and "<=" in text)
    assert (again.select_one('[name="b.0.o"] [selected]')["value"] == row["o"]) is is_one_row
    assert titles(viewer.page(builder(viewer, filled(again), **{"b.apply": "1"}).location)) == [
        f"River {place}" for place in found
    ]


@pytest.mark.parametrize(
    "value", ["a\rb", "a\nb", '"a\nb', '"', '""', ",", '"a,b",c', "a\x0bb,c", "a\0b", "x" * 3_000, '\\"a', "(a,b) OR c"]
)
@pytest.mark.parametrize("operator", ["in", "between", "eq"])
def test_odd_values_of_a_row_are_answered(cast, sign_in, posts, value, operator):
    viewer = sign_in(cast.viewer)
    for field in ("title", "category_id", "status", "id", "created_at"):
        form = [("b.0.f", field), ("b.0.o", operator), ("b.0.v", value), ("b.0.w", value), ("b.1.f", "title")]
        answer = builder(viewer, form, **{"b.apply": "1"})
        assert answer.status_code in (200, 302)
        if answer.status_code == 302:
            viewer.page(answer.location)


def test_a_value_with_a_comma_stays_one(cast, sign_in):
    make("posts", title="Sand,clay")
    viewer = sign_in(cast.viewer)
    form = [("b.0.f", "title"), ("b.0.o", "in"), ("b.0.v", '"Sand,clay", Loam')]
    answer = builder(viewer, form, **{"b.apply": "1"})
    assert "Sand,clay" in viewer.page(answer.location).select_one("table.list tbody").text
    again = soup(viewer.get("/admin/posts/filters?" + answer.location.partition("?")[2]))
    assert again.select_one('[name="b.0.v"]')["value"] == '"Sand,clay", Loam'


def test_rows_and_groups_are_moved(cast, sign_in, posts):
    viewer = sign_in(cast.viewer)
    page = soup(viewer.get("/admin/posts/filters?q=status:draft (title:~0 OR title:~2) title:River"))

    def moved(page, press):
        page = soup(builder(viewer, filled(page), **{"b.move": press}))
        return page, page.select_one(".builder-text").text.strip()

    page, text = moved(page, "down:0")
    assert text == "(title:~0 OR title:~2) status:draft title:River"
    page, text = moved(page, "up:0")
    assert text == "(title:~0 OR title:~2) status:draft title:River"
    page, text = moved(page, "up:0.1")
    assert text == "(title:~2 OR title:~0) status:draft title:River"
    for press in ("down:2", "down:9", "up:", "sideways:0", "up:0.9.1"):
        page, text = moved(page, press)
        assert text == "(title:~2 OR title:~0) status:draft title:River"
    page, text = moved(page, "up:2")
    assert text == "(title:~2 OR title:~0) title:River status:draft"


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [("status", "eq", "unheard"), ("status", "in", "draft,unheard"), ("id", "in", "1, two"), ("id", "between", "one"),
     ("created_at", "last", "x"), ("created_at", "gte", "2026-13-01"),
     ("id", "lt", "two"), ("text", "", "(a"), ("text", "", "nosuch:1"), ("words", "contains", "!!"),
     ("password_hash", "eq", "x"), ("live", "eq", "1")],
)  # fmt: skip
def test_a_wrong_value_marks_its_row_and_leaves_the_list(cast, sign_in, posts, field, operator, value):
    viewer = sign_in(cast.viewer)
    form = {
        "b.g": "all",
        "b.0.f": "title",
        "b.0.o": "contains",
        "b.0.v": "1",
        "b.1.f": field,
        "b.1.o": operator,
        "b.1.v": value,
        "b.apply": "1",
    }
    response = builder(viewer, form.items())
    assert response.status_code == 200, response.location
    page = soup(response)
    assert page.title.text.startswith("Error:")
    (wrong,) = page.select(".cond .error")
    assert wrong["id"] == "b.1-error"
    assert "stays as it is" in page.select_one("[role=status]").text
    if field not in ("password_hash", "live", "status"):
        assert page.select_one('input[name="b.1.v"]')["value"] == value


@pytest.mark.parametrize(
    "address",
    ["status=draft&title__contains=river", "q=no:category", "q=-status:draft", "q=category:sand",
        'q="river 1"', "q=-river", "status__in=draft,review",
     "created_at__gte=2020-01-01&q=river", "q=created:<7d", "q=-(status:draft category:sand)", "q=a:b:c",
     "q=is:pinned", "author_id__isnull=1",
     "q=title:1,River", "category_id__isnull=1",
     "status=draft&q=2 OR 1"],
)  # fmt: skip
def test_a_list_that_goes_through_the_builder_stays_the_same(cast, sign_in, posts, address):
    viewer = sign_in(cast.viewer)
    page = viewer.page(f"/admin/posts/filters?{address}")
    answer = builder(viewer, filled(page), **{"b.apply": "1"})
    if answer.status_code == 302:
        assert titles(viewer.page(answer.location)) == titles(viewer.page(f"/admin/posts/?{address}"))
    else:
        assert address == "q=a:b:c"


# Counts


def test_counts_lead_to_their_rows(cast, sign_in, posts):
    viewer = sign_in(cast.viewer)
    page = viewer.page("/admin/posts/counts?title__contains=river")
    links = page.select(".facet-grid li")
    said = [(line.a.text, line.select_one(".big").text.strip()) for line in links]
    assert {("Draft", "3"), ("Published", "0"), ("Sand", "3"), ("None", "3"), ("None", "6")} <= set(said)
    for line in links:
        number = int(line.select_one(".big").text)
        assert len(titles(viewer.page(line.a["href"]))) == number, line.a["href"]
    assert len(viewer.page("/admin/posts/counts?group=category_id").select(".facet-grid section")) == 1
    for year in (1990, 2001):
        make("books", published_year=year)
    cells = viewer.page("/admin/books/counts").select("table.list td")
    assert [cell.text for cell in cells] == ["1990", "2001", "1995.5", "3991"]


# Files


def table(response):
    return list(csv.reader(io.StringIO(response.get_data(as_text=True))))


def test_a_file_has_the_rows_of_the_list_in_its_order(cast, sign_in, posts, monkeypatch):
    for lot in ("LOT", "LOT_OF_SHORT"):
        monkeypatch.setattr(export, lot, 2)
    editor = sign_in(cast.editor)
    for args in (
        {},
        {"sort": "category_id,-title"},
        {"status": "draft"},
        {"q": "river 1"},
        {"q": "no:category", "sort": "-slug"},
        {"per_page": "25"},
    ):
        query = ListQuery.from_args(registry.get("posts"), MultiDict(args), cast.editor)
        expected = [item.id for item in paging.page(cast.editor, query).items]
        response = editor.get("/admin/posts/export.csv", query_string=args | {"columns": "title,status,category_id"})
        head, *rows = table(response)
        assert head == ["id", "title", "status", "category"]
        assert [int(row[0]) for row in rows] == expected, args
    assert response.headers["Content-Disposition"].startswith('attachment; filename="posts-')
    assert rows[0][3] in ("Sand", "")
    assert table(editor.get("/admin/posts/export.csv"))[0] == [
        "id", "title", "status", "category", "author", "published_at", "updated_at",
    ]  # fmt: skip
    assert editor.get("/admin/posts/export.csv?nosuch=1").status_code == 400


def test_a_file_with_all_columns(cast, sign_in, posts):
    everything = table(sign_in(cast.editor).get("/admin/posts/export.csv?columns=all"))[0]
    named = {"category_id": "category", "tag_ids": "tags", "author_id": "author"}
    assert everything == [named.get(name, name) for name in registry.get("posts").all_fields]


def test_no_cell_is_a_formula_and_numbers_are_left_alone(cast, sign_in):
    risky = ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "\tx", "'quoted"]
    plain = ["-12", "+3.5", "12", "a=b", "1-2"]
    for title in [*risky, *plain]:
        make("books", title=title, published_year=-500)
    rows = table(sign_in(cast.editor).get("/admin/books/export.csv?columns=title,published_year"))[1:]
    kept = [title for title in risky if title.strip() == title]
    assert sorted(row[1] for row in rows) == sorted([*(f"'{title}" for title in kept), *plain, "x"])
    assert {row[2] for row in rows} == {"-500"}
    assert [export.harmless(text) for text in ("\tx", "\rx", "-", "--1", "-1.2.3", "-١", "+")] == [
        f"'{text}" for text in ("\tx", "\rx", "-", "--1", "-1.2.3", "-١", "+")
    ]


def test_a_workbook_opens(cast, sign_in, posts):
    make("posts", title="=1+1 River")
    response = sign_in(cast.editor).get("/admin/posts/export.xlsx?columns=title&sort=title")
    with zipfile.ZipFile(io.BytesIO(response.data)) as book:
        assert book.testzip() is None
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert [f"River {place}" in sheet for place in range(6)] == [True] * 6
    assert "<f>" not in sheet
    said = sheet.replace("&#39;", "'").replace("&apos;", "'")
    assert "'=1+1 River" in said
    assert "''=1+1 River" not in said  # once for both formats


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_who_may_not_export_gets_no_file(cast, sign_in, posts, kind):
    for name, status in (("viewer", 403), ("owner", 403), ("editor", 200), ("stranger", 404)):
        assert sign_in(cast.named(name)).get(f"/admin/posts/export.{kind}").status_code == status
    assert sign_in(cast.editor).get(f"/admin/users/export.{kind}").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_right_that_is_taken_away_stops_the_file(cast, sign_in, posts, monkeypatch, kind):
    """Between two lots the role goes: what follows is not sent."""
    for lot in ("LOT", "LOT_OF_SHORT"):
        monkeypatch.setattr(export, lot, 2)
    real, lots = export.lot, []

    def lot(actor, *args):
        found = real(actor, *args)
        lots.append(found)
        if len(lots) == 1:
            with atomic():
                mine = update(user_roles).where(user_roles.c.user_id == cast.editor.id)
                db.session.execute(mine.values(role_id=role_id("viewer")))
        return found

    monkeypatch.setattr(export, "lot", lot)
    sent = ""
    with pytest.raises(Exception, match="right to export was taken away"):
        for part in sign_in(cast.editor).http.get(f"/admin/posts/export.{kind}", buffered=False).iter_encoded():
            sent += part.decode() if kind == "csv" else "x"
    assert len(lots) == 1
    assert len(re.findall(r"River \d", sent)) == (2 if kind == "csv" else 0)


# Cells


def cell(client, number, field, section="posts", **form):
    address = f"/admin/{section}/{number}/cell/{field}"
    return client.post(address, form) if form else client.get(address)


def test_a_cell_offers_and_saves(cast, sign_in, posts):
    editor, number = sign_in(cast.editor), posts[0]
    offer = cell(editor, number, "status").json
    assert (offer["value"], offer["version"], [c["value"] for c in offer["choices"]][:2]) == (
        "draft",
        1,
        ["draft", "review"],
    )
    saved = cell(editor, number, "title", value="New <b>", version="1")
    assert (saved.status_code, saved.json["version"], saved.json["text"]) == (200, 2, "New <b>")
    assert "New &lt;b&gt;" in saved.json["html"]
    assert "<b>" not in saved.json["html"]
    assert reads.item(cast.viewer, registry.get("posts"), number).title == "New <b>"
    sand = cell(editor, number, "category_id", value="", version="2")
    assert (sand.status_code, sand.json["text"]) == (200, "")


def test_the_markup_of_a_cell_and_of_what_follows_has_nothing_of_what_was_typed(cast, sign_in):
    hostile = "<img src=x onerror=alert(1)>\"'&"
    number = make("posts", title=hostile, content=hostile)
    category = make("categories", name=hostile)
    editor = sign_in(cast.editor)
    sent = [("category_id", str(category)), ("status", "published"), ("title", f"{hostile} again")]
    for version, (field, value) in enumerate(sent, start=1):
        said = cell(editor, number, field, value=value, version=str(version)).json
        assert set(said["following"]) == {"updated_at", "published_at"}
        for markup in (said["html"], *said["following"].values()):
            assert {tag.name for tag in BeautifulSoup(markup, "html.parser").find_all()} <= {"span", "svg", "use"}
        assert (hostile in BeautifulSoup(said["html"], "html.parser").text) == (field != "status")
    assert "ago" in said["following"]["updated_at"] or "now" in said["following"]["updated_at"]


@pytest.mark.parametrize("name", ["categories", "users"])
def test_links_to_related_rows_are_text(cast, sign_in, name):
    hostile = "<img src=x onerror=alert(1)>"
    other = make(name, name=hostile)
    number = make("posts", **{{"categories": "category_id", "users": "author_id"}[name]: other})
    page = sign_in(cast.admin).page(f"/admin/posts/{number}")
    (link,) = page.select(f"a[href='/admin/{name}/{other}']")
    assert hostile in link.text
    assert page.select("main img") == []


def test_a_cell_that_is_wrong_or_stale(cast, sign_in, posts):
    editor, number = sign_in(cast.editor), posts[0]
    for field, value, says in [
        ("title", " ", "Title is required"),
        ("title", "x" * 151, "at most 150"),
        ("status", "unheard", "Status"),
        ("category_id", "9999999", "Category"),
    ]:
        wrong = cell(editor, number, field, value=value, version="1")
        assert wrong.status_code == 400
        assert says in wrong.json["error"]
    with atomic():
        writes.update(cast.admin, registry.get("posts"), number, {"title": "Theirs"})
    stale = cell(editor, number, "title", value="Mine", version="1")
    assert (stale.status_code, stale.json["theirs"], stale.json["version"]) == (409, "Theirs", 2)
    assert "Theirs" in stale.json["error"]
    # What one left as it was read is not written over what others made of it.
    same = cell(editor, number, "title", value="River 0", version="1")
    assert (same.status_code, same.json["text"]) == (200, "Theirs")
    # Another field merges, and with the new version one's own is kept.
    assert cell(editor, number, "status", value="review", version="1").status_code == 200
    row = reads.item(cast.viewer, registry.get("posts"), number)
    assert (row.title, row.value("status")) == ("Theirs", "review")
    assert cell(editor, number, "title", value="Mine", version="3").status_code == 200
    for version in ("", "x", "-1", "99", "9" * 12):
        assert cell(editor, number, "title", value="Other", version=version).status_code == 409


def test_whose_cells_are_whose(cast, sign_in, posts):
    mine = make("posts", cast.owner)
    owner, foreign = sign_in(cast.owner), posts[0]
    assert cell(owner, mine, "title", value="Yes", version="1").status_code == 200
    assert cell(owner, mine, "status", value="published", version="2").status_code in (400, 403)
    for client, number, field, status in [
        (owner, foreign, "title", 403), (owner, mine, "author_id", 403), (sign_in(cast.viewer), mine, "title", 403),
        (owner, 10**9, "title", 404),
        (owner, mine, "nosuch", 404), (owner, mine, "content", 404), (owner, mine, "title_key", 404),
        (owner, mine, "published_at", 404),
        (sign_in(cast.stranger), mine, "title", 404),
    ]:  # fmt: skip
        assert cell(client, number, field).status_code == status, field
        assert cell(client, number, field, value=str(cast.viewer.id), version="2").status_code == status, field
    for name in ("password", "password_hash", "email"):
        assert cell(sign_in(cast.editor), cast.viewer.id, name, "users").status_code == 404
    assert cell(sign_in(cast.admin), cast.viewer.id, "password", "users").status_code == 404
    assert reads.item(cast.viewer, registry.get("posts"), mine).value("status") == "draft"


# Pins


def test_a_pin_goes_to_a_number_and_to_nothing_else(cast, sign_in):
    first, second = (make("notes", is_pinned=True) for _ in range(2))
    editor = sign_in(cast.editor)
    for place in ("three", "1.5", "", "0"):
        answer = editor.post(
            f"/admin/pins/notes/{first}/move", {"place": place}, headers={"Accept": "application/json"}
        )
        assert (answer.status_code, "must be a whole number" in answer.json["error"]) == (409, True)
    assert [item.id for item in pinning.arranged(cast.viewer, registry.get("notes"), own=False).items] == [
        second, first,
    ]  # fmt: skip
    with atomic():
        pinning.pin_own(cast.editor, registry.get("notes"), first, on=True)
    moved = editor.post(f"/admin/pins/notes/{first}/move", {"place": "1", "own": "1"})
    assert moved.location.endswith(f"#pin-own-notes-{first}")


def test_words_in_the_builder_stay_words(cast, sign_in):
    editor = sign_in(cast.editor)

    def built(operator, value, field="words"):
        form = {"b.0.f": field, "b.0.o": operator, "b.0.v": value, "b.apply": "1"}
        return editor.get("/admin/posts/filters", query_string=form)

    assert parse_qs(urlsplit(built("contains", "harbour lights").location).query)["q"] == ["harbour lights"]
    assert parse_qs(urlsplit(built("exact", "harbour lights").location).query)["q"] == ['"harbour lights"']
    for value in ("abc", "-5", "1.5", "99999"):
        assert "Updated at needs a whole number here" in built("last", value, "updated_at").text


def test_states_are_found_as_the_screen_calls_them(cast):
    post = make("posts", status="review")
    make("posts", status="draft")
    for q in ('status:"In review"', "status:REVIEW", 'is:"in review"', "status:draft,Review -status:Draft"):
        query = ListQuery.from_args(registry.get("posts"), MultiDict({"q": q}), cast.editor)
        assert (query.problems, [item.id for item in paging.page(cast.editor, query).items]) == ((), [post]), q


def test_counts_say_what_was_left_out_of_them(cast, sign_in):
    assert "There is no field" in sign_in(cast.viewer).get("/admin/posts/counts?q=foo:bar").text


def test_pins_are_arranged_by_the_page(cast, sign_in):
    a, b = (make("notes", title=f"<Pinned {name}>", is_pinned=True) for name in "ab")
    editor, viewer = sign_in(cast.editor), sign_in(cast.viewer)

    def order(own=False):
        db.session.rollback()
        return [item.id for item in pinning.arranged(cast.viewer, registry.get("notes"), own=own).items]

    assert order() == [b, a]
    assert editor.post(f"/admin/pins/notes/{a}/move", {"by": "-1"}).location.endswith(f"#pin-notes-{a}")
    assert order() == [a, b]
    moved = editor.post(f"/admin/pins/notes/{a}/move", {"after": str(b)}, headers={"Accept": "application/json"})
    assert (moved.json, order()) == ({"place": 2}, [b, a])
    for raw in ("x", "-1", "9" * 30, ""):
        assert editor.post(f"/admin/pins/notes/{b}/move", {"place": raw}).status_code == 302
        assert order() == [b, a]
    assert viewer.post(f"/admin/pins/notes/{a}/move", {"place": "1"}).status_code == 403
    assert viewer.post(f"/admin/pins/notes/{a}/unpin").status_code == 403
    assert viewer.post(f"/admin/notes/{a}/pin-own", {"is_pinned": "1"}).status_code == 302
    assert (order(own=True), order()) == ([a], [b, a])
    page = viewer.page("/admin/pins/")
    assert len(page.select(".pin-band")) == 2
    assert not page.select_one(f'form[action="/admin/pins/notes/{b}/move"]')
    wrong = editor.post(f"/admin/pins/notes/{a}/describe", {"reason": "Kept", "until": "2020-01-01"})
    assert (wrong.status_code, "must lie in the future" in wrong.text, "Kept" in wrong.text) == (400, True, True)
    for reason in ("x" * 201, "a\0b"):
        refused = editor.post(f"/admin/pins/notes/{a}/describe", {"reason": reason, "until": ""})
        assert (refused.status_code, "Reason" in refused.text) == (400, True)
    for until in ("9999-12-31T23:59", "0001-01-01"):  # and nothing else
        assert editor.post(f"/admin/pins/notes/{a}/describe", {"until": until}).status_code == 400
    assert editor.post(f"/admin/pins/notes/{a}/unpin").status_code == 302
    assert order() == [b]
    gone = editor.post(f"/admin/pins/notes/{a}/move", {"place": "1"}, headers={"Accept": "application/json"})
    assert (gone.status_code, "taken away" in gone.json["error"]) == (409, True)
    for address in (
        "/admin/pins/?section=books",
        "/admin/pins/?section=nosuch",
        "/admin/pins/nosuch/1/move",
        "/admin/pins/books/1/move",
    ):
        assert (editor.get(address) if "?" in address else editor.post(address)).status_code == 404, address
    assert sign_in(cast.stranger).get("/admin/pins/").status_code == 404


def test_pages_of_a_list_that_is_sorted_by_yes_and_no_go_on(cast, sign_in):
    """Beside a column of the other direction, or one that may be empty: truth is then compared as a value."""
    made = {make("answers") for _ in range(15)}
    admin = sign_in(cast.admin)
    first = admin.page("/admin/answers/?sort=is_accepted,created_by&per_page=10&is_accepted=false")
    second = admin.page(first.select_one("a[rel=next]")["href"])
    boxes = [int(box["value"]) for page in (first, second) for box in page.select("input[name=ids]")]
    assert (len(boxes), set(boxes)) == (15, made)
    back = admin.page(second.select_one("a[rel=prev]")["href"])
    assert [int(box["value"]) for box in back.select("input[name=ids]")] == boxes[:10]


@pytest.mark.parametrize(
    ("operator", "typed", "kind"),
    [("gte", "2026-05-31", "date"), ("gte", "", "date"), ("between", "2026-05-31", "date"), ("gte", "2026-13-01", ""),
     ("lt", "2026-05-31T10:00", ""), ("gte", "20260531", "")],
)  # fmt: skip
def test_days_in_the_builder_have_a_calendar(cast, sign_in, operator, typed, kind):
    """What a calendar cannot show would be lost in it."""
    page = soup(sign_in(cast.editor).get(f"/admin/posts/filters?b.0.f=updated_at&b.0.o={operator}&b.0.v={typed}"))
    control = page.select_one('input[name="b.0.v"]')
    assert control.get("type", "") == kind
    assert control["value"] == typed


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("category:poe", 'category:"Poetry and song"'), ("category:potery", 'category:"Poetry and song"'),
        ("tag:spri heron", 'tag:"Spring sale" heron'), ("category:poetry", ""), ("category:zzz", ""),
        ("-category:poe", ""), ("author:me", ""), ("category:77", ""),
    ],
)  # fmt: skip
def test_a_name_that_only_begins_so_is_proposed_in_full(cast, sign_in, q, meant):
    poetry, spring = make("categories", name="Poetry and song"), make("tags", name="Spring sale")
    make("categories", name="Potholes")  # no post is in it
    number = make("posts", cast.editor, title="A heron", category_id=poetry, tag_ids=[spring])
    page = soup(sign_in(cast.viewer).get("/admin/posts/", query_string={"q": q}))
    proposed = page.select_one(".empty-small p:nth-of-type(2) a")
    said = proposed.text if proposed and "Did you mean" in proposed.parent.text else ""
    assert said == meant
    if meant:
        assert f"/admin/posts/{number}" in sign_in(cast.viewer).get(proposed["href"]).text


def test_names_of_rows_that_nobody_may_see_are_not_proposed(cast, sign_in):
    """What stands in the trash, and rows that only such rows point to."""
    hidden = make("categories", name="Poetry")
    number = make("posts", cast.editor, category_id=hidden)
    make("posts", cast.editor)
    with atomic():
        trash.trash(cast.admin, registry.get("posts"), number)
    assert "Did you mean" not in sign_in(cast.viewer).get("/admin/posts/?q=category:poe").text


def test_a_related_row_that_the_list_shows_is_not_asked_for_again(cast, sign_in, statements):
    shelf, number = make("categories", name="Herons"), None
    number = make("posts", cast.editor, category_id=shelf)
    viewer = sign_in(cast.viewer)
    viewer.get("/admin/posts/")

    def chip(query):
        with statements() as made:
            page = soup(viewer.get(f"/admin/posts/?{query}"))
        return page.select_one(".chip b").text, sum("FROM categories" in one for one in made)

    assert chip(f"category_id={shelf}") == ("Herons", 0)
    assert chip(f"category_id={shelf}&columns=title,slug") == ("Herons", 1)
    with atomic():
        trash.trash(cast.admin, registry.get("posts"), number)
    assert chip(f"category_id={shelf}") == (f"number {shelf}", 1)


def test_files_of_a_search_write_moments_as_others_do(cast, sign_in):
    """The best first, or sorted: what a row says is the same."""
    for title in ("Heron one", "Heron two"):
        make("posts", title=title)
    editor = sign_in(cast.editor)
    lines = [
        sorted(map(tuple, table(editor.get(f"/admin/posts/export.csv?columns=title,created_at{more}"))[1:]))
        for more in ("", "&q=heron", "&q=heron&sort=title")
    ]
    assert lines[0] == lines[1] == lines[2]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line[-1]) for line in lines[1])


def test_what_was_filtered_for_stays_as_it_is_for_the_next_page(cast, sign_in):
    page = soup(sign_in(cast.editor).get("/admin/posts/", query_string={"content__contains": "a\n\n   b"}))
    for place in (".toolbar", ".pager"):
        assert page.select_one(f"{place} input[name=content__contains]")["value"] == "a\n\n   b"


def test_the_pager_tells_of_rows_that_came(cast, sign_in, monkeypatch):
    for module in (reads, paging, windows, counts):
        monkeypatch.setattr(module, "COUNT_MOST", 3)
    for status in ("draft", "draft", "review"):
        make("posts", status=status)
    editor = sign_in(cast.editor)
    assert "(3 in all)" in soup(editor.get("/admin/posts/?status=review")).select_one(".pager span").text
    make("posts", status="draft")
    assert "(3+ in all)" in soup(editor.get("/admin/posts/?status=review")).select_one(".pager span").text


def test_few_candidates_are_those_that_are_looked_up(cast, monkeypatch):
    for name in ("Zed", "ábc", "abc", "Éa", "_x", "-y", "a b", "ab"):
        make("categories", name=name)
    pointing = [field for section in registry.all_sections() for field in section.all_fields.values() if field.target]
    found = {field: relations.few_candidates(cast.admin, [field], 9)[field.name] for field in pointing}
    assert found == {field: relations.candidates(cast.admin, field, "", 9) for field in pointing}
    # A title may have two parts, of which one is empty.
    monkeypatch.setattr(registry.get("users").model, "__title__", ("name", "city"))
    people, _others = registry.get("users").table, (cast.editor, cast.viewer)
    with atomic():
        db.session.execute(people.update().values(name="Ann", name_key="ann"))
        db.session.execute(people.update().where(people.c.id == cast.editor.id).values(city="Ulm", city_key="ulm"))
    fields = [registry.get("posts").field(name) for name in ("author_id", "category_id")]
    both = relations.few_candidates(cast.admin, fields, 9)
    assert [title.text for title in both["author_id"]][-1] == "Ann Ulm"
    assert both["category_id"] == relations.candidates(cast.admin, fields[1], "", 9)
    # One more than are offered, and they have to be looked up.
    assert relations.few_candidates(cast.admin, fields, 7)["category_id"] == []
    assert len(relations.few_candidates(cast.admin, fields, 8)["category_id"]) == 8
    for status in ("published", "published", "draft"):
        make("posts", status=status)
    post = registry.get("comments").field("post_id")
    assert [len(relations.few_candidates(VISITOR, [post], most)["post_id"]) for most in (1, 2)] == [0, 2]
