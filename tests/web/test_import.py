"""Importing a file through the pages: file, columns, trial, receipt; and what is refused on the way."""

import csv
import io
import json

import pytest
import xlsxwriter
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import stream_encode_multipart

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.imports.models import ImportMapping, Upload
from admin_site.jobs import board, runner
from admin_site.jobs.models import Job
from admin_site.records import trash
from tests.client import soup
from tests.factories import isbn, make

HOSTILE = "<script>alert(1)</script>\"'"
FORM = "main form"
MEGA = 1024 * 1024


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)


def hand_in(client, data, name="file.csv", section="notes"):
    """The answer to the file form."""
    raw = data if isinstance(data, bytes) else data.encode()
    form = {"csrf_token": client.token, "file": FileStorage(io.BytesIO(raw), name)}
    return client.http_post(f"/admin/{section}/import", form)


@pytest.fixture
def signed(sign_in):
    """Signs somebody in; files are sent as a browser sends them."""

    def open_for(actor):
        client = sign_in(actor)

        def http_post(path, form):
            # Werkzeug's own encoding leaves a temporary file open.
            body, _, boundary = stream_encode_multipart(MultiDict(form), use_tempfile=False)
            return client.post(path, body.read(), content_type=f'multipart/form-data; boundary="{boundary}"')

        client.http_post = http_post
        return client

    return open_for


@pytest.fixture
def editor(signed, cast):
    return signed(cast.editor)


def columns_of(client, data, name="file.csv", section="notes"):
    """The address and the page of the second step."""
    answer = hand_in(client, data, name, section)
    assert answer.status_code == 303, soup(answer).select("[role=alert]")
    return answer.location, client.page(answer.location)


def filled(page, selector=FORM):
    """What a browser would send of a form."""
    found = {}
    for control in page.select_one(selector).select("input[name], select[name], textarea[name]"):
        if control.get("type") in ("checkbox", "radio") and not control.has_attr("checked"):
            continue
        value = control.get("value", "")
        if control.name == "select":
            chosen = control.select_one("option[selected]") or control.select_one("option")
            value = chosen.get("value", chosen.text) if chosen else ""
        found[control["name"]] = value
    return found


def try_it(client, path, page, **typed):
    """The address and the page of the trial."""
    answer = client.post(path, filled(page) | typed)
    assert answer.status_code == 303, soup(answer).select("[role=alert]")
    return answer.location, client.page(answer.location)


def run(client, path, page, **typed):
    answer = client.post(path, filled(page) | typed)
    assert answer.status_code == 303
    number = int(answer.location.removeprefix("/admin/jobs/"))
    db.session.rollback()
    return db.session.get(Job, number, populate_existing=True)


def alert(page):
    return page.select_one("main [role=alert]").get_text(" ", strip=True)


def facts(page):
    """New, changed, same, refused."""
    return [int(entry.dd.text.replace(",", "")) for entry in page.select("dl.facts > div")]


def proposals(page):
    return {name: value for name, value in filled(page).items() if name.startswith("column.")}


def column(name, section="notes"):
    columns = registry.get(section).table.columns
    db.session.rollback()
    return list(db.session.execute(select(columns[name]).where(columns.live == 1).order_by(columns.id)).scalars())


def count(table):
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(table)).scalar_one()


# The whole way.


def test_a_file_goes_all_the_way_and_its_refused_rows_come_back_mended(editor):
    make("authors", name="Doe")
    data = f"title,author,isbn\nA,Doe,{isbn(1)}\nB,Nobody,\n'=C,Doe,123\nD,Doe,\n"
    path, page = columns_of(editor, data, section="books")
    assert proposals(page) == {"column.0": "title", "column.1": "author_id:title", "column.2": "isbn"}
    path, page = try_it(editor, path, page)
    assert facts(page) == [2, 0, 0, 2]
    assert "Author “Nobody” is not known." in page.main.text
    assert column("title", "books") == []

    begun = count(Job.__table__)
    unsaid = editor.post(path, filled(page) | {"reason": "From the old list"})
    box = soup(unsaid).select_one("#good_rows")
    assert (unsaid.status_code, box["aria-invalid"], count(Job.__table__)) == (400, "true", begun)
    assert "Take only the good rows" in soup(unsaid).select_one(f"#{box['aria-describedby']}").text
    assert "From the old list" in soup(unsaid).select_one("#reason").text

    job = run(editor, path, editor.page(path), good_rows="1", reason="From the old list")
    assert (job.state, job.reason, column("title", "books")) == ("done", "From the old list", ["A", "D"])
    receipt = editor.page(f"/admin/jobs/{job.id}")
    assert "From the old list" in receipt.main.text

    failed = editor.get(f"/admin/books/import/failed/{job.id}.csv", buffered=True)
    assert failed.mimetype == "text/csv"
    assert "books-refused.csv" in failed.headers["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(failed.text, newline="")))
    assert [line[:3] for line in lines] == [["title", "author", "isbn"], ["B", "Nobody", ""], ["'=C", "Doe", "123"]]
    assert (lines[0][3], lines[1][3], "13 digits" in lines[2][3]) == ("error", "Author “Nobody” is not known.", True)

    mended = failed.text.replace("Nobody,", "Doe,", 1).replace("123", "")
    path, page = columns_of(editor, mended, "mended.csv", "books")
    assert proposals(page)["column.3"] == ""
    path, page = try_it(editor, path, page)
    assert run(editor, path, page).state == "done"
    assert column("title", "books") == ["A", "D", "B", "=C"]


def test_cells_of_a_line_that_has_too_many_are_not_lost(editor):
    data = "title,content\nA,one\nB,two,three,=four\nC\n"
    path, page = columns_of(editor, data)
    path, page = try_it(editor, path, page)
    job = run(editor, path, page, good_rows="1")
    failed = editor.get(f"/admin/notes/import/failed/{job.id}.csv", buffered=True)
    lines = list(csv.reader(io.StringIO(failed.text, newline="")))
    wrong = "This line has {} cells; the first row has 2."
    assert lines == [
        ["title", "content", "error"],
        ["B", "two", wrong.format(4), "three", "'=four"],
        ["C", "", wrong.format("1")],
    ]


def test_a_file_that_is_gone_is_no_row_of_the_trash(editor, cast):
    number = make("notes")
    with atomic():
        trash.trash(cast.editor, registry.get("notes"), number)
    for path in (f"/admin/notes/import/{number}", f"/admin/notes/import/{number}/trial/1"):
        page = editor.page(path, status=404)
        assert "trash" not in page.main.text
        assert "with the number" not in page.main.text


def test_the_trial_shows_what_new_rows_would_hold(editor):
    make("authors", name="Doe")
    path, page = columns_of(editor, "title,author,isbn\n<b>Moss</b>,Doe,\nFern,Doe,\n", "new.csv", "books")
    path, page = try_it(editor, path, page)
    tables = {title.text: title.parent.table for title in page.select("section h2")}
    shown = [[cell.text for cell in line.select("th, td")] for line in tables["New, for example"].select("tr")]
    assert shown[0][:2] == ["Line", "Title"]
    assert [line[:2] for line in shown[1:]] == [["2", "<b>Moss</b>"], ["3", "Fern"]]
    assert "Doe" in shown[1]
    assert column("title", "books") == []


def test_rows_that_are_refused_twice_can_be_handed_in_a_third_time(editor):
    data = "title,content,error\n,x,Title is required\n"
    path, page = columns_of(editor, data)
    path, page = try_it(editor, path, page)
    failed = editor.get(page.select_one("a[download]")["href"], buffered=True).text
    assert hand_in(editor, failed).status_code == 303


def test_names_of_columns_in_the_refused_rows_are_no_formulas(editor):
    path, page = columns_of(editor, "title,content,=1+1\n,x,y\n")
    path, page = try_it(editor, path, page)
    failed = editor.get(page.select_one("a[download]")["href"], buffered=True).text
    assert next(csv.reader(io.StringIO(failed)))[2] == "'=1+1"


def test_rows_that_are_there_are_changed_and_the_page_shows_how(editor):
    row = make("notes", title="Old", content="x")
    same = make("notes", title="Same", content="x")
    path, page = columns_of(editor, f"id,title\n{row},New\n{same},Same\n")
    path, page = try_it(editor, path, page, key="id", mode="update")
    assert facts(page) == [0, 1, 1, 0]
    assert "Old" in page.main.text
    assert "New" in page.main.text
    assert run(editor, path, page).state == "done"
    assert column("title") == ["New", "Same"]


def test_running_a_trial_twice_with_one_key_makes_one_job(editor):
    path, page = columns_of(editor, "title,content\nA,x\n")
    path, page = try_it(editor, path, page)
    first, second = run(editor, path, page), run(editor, path, page)
    assert (first.id, column("title")) == (second.id, ["A"])
    assert run(editor, path, editor.page(path)).id != first.id


def test_a_large_file_waits_for_a_worker_and_the_page_says_so(editor, monkeypatch):
    monkeypatch.setattr(board, "AT_ONCE_MOST", 1)
    path, page = columns_of(editor, "title,content\nA,x\nB,x\n")
    path, page = try_it(editor, path, page)
    assert "Waiting for a worker." in page.main.text
    assert page.select_one(".savebar .btn-primary") is None


# Reading differently, and saved mappings.


def test_a_file_is_read_again_with_another_encoding_and_delimiter(editor):
    path, page = columns_of(editor, "title,content\nпривет;мир,b\n".encode("cp1251"))
    answer = editor.post(path, filled(page) | {"read": "1", "encoding": "cp1251", "delimiter": ","})
    assert answer.status_code == 303
    page = editor.page(path)
    assert "привет;мир" in page.main.text
    assert filled(page)["encoding"] == "cp1251"
    editor.post(path, filled(page) | {"read": "1", "encoding": "cp1251", "delimiter": ";"})
    assert filled(editor.page(path))["delimiter"] == ";"


def test_another_sheet_is_read(editor):
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written)
    for name in ("One", "Two"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["title", "content"])
        sheet.write_row(1, 0, [f"From {name}", "x"])
    book.close()
    path, page = columns_of(editor, written.getvalue(), "file.xlsx")
    assert "From One" in page.main.text
    editor.post(path, filled(page) | {"read": "1", "sheet": "Two"})
    assert "From Two" in editor.page(path).main.text


@pytest.mark.parametrize("encoding", ["nonsense", "base64"])
def test_an_encoding_that_is_not_offered_is_guessed_instead(editor, encoding):
    path, page = columns_of(editor, "title,content\nA,x\n")
    answer = editor.post(path, filled(page) | {"read": "1", "encoding": encoding}, follow_redirects=True)
    assert answer.status_code == 200
    assert encoding not in answer.text
    assert column("title") == []
    assert "A" in editor.page(path).main.text


@pytest.mark.parametrize("typed", [
    pytest.param({"encoding": "utf\0"}),
    pytest.param({"delimiter": "\0"}), {"delimiter": "\n"}, {"delimiter": '"'}, {"delimiter": "é"}, {"sheet": "\0"},
])  # fmt: skip
def test_odd_ways_to_read_are_never_an_error_of_the_site(editor, typed):
    path, page = columns_of(editor, "title,content\nA,x\n")
    assert editor.post(path, filled(page) | {"read": "1"} | typed).status_code in (303, 400)


def test_a_mapping_is_saved_by_name_and_used_again(editor, signed, cast):
    path, page = columns_of(editor, "x,y\nA,b\n")
    try_it(editor, path, page, **{"column.0": "title", "column.1": "content", "save_as": " Old list "})
    path, page = columns_of(editor, "y,x,z\nb,A,c\n")
    assert proposals(page) == {"column.0": "", "column.1": "", "column.2": ""}
    link = page.select_one('a[href*="mapping="]')
    assert link.text == "Old list"
    page = editor.page(link["href"])
    assert proposals(page) == {"column.0": "content", "column.1": "title", "column.2": ""}
    try_it(editor, path, page, **{"column.0": "title", "column.1": "", "save_as": "Old list", "content": "x"})
    assert count(ImportMapping) == 1
    assert columns_of(signed(cast.admin), "x\nA\n")[1].select_one('a[href*="mapping="]') is None


@pytest.mark.parametrize("name", ["One more", pytest.param("Name 3")])  # fmt: skip
def test_there_are_at_most_twenty_saved_mappings(editor, name):
    path, page = columns_of(editor, "title,content\nA,b\n")
    for n in range(20):
        try_it(editor, path, page, save_as=f"Name {n}")
    answer = editor.post(path, filled(page) | {"save_as": name})
    assert (answer.status_code, count(ImportMapping)) == (409 if name == "One more" else 303, 20)
    if name == "One more":
        assert "use one of their names" in alert(soup(answer))


# What is refused.


def test_a_file_that_is_missing_or_none_stays_on_the_page_with_a_sentence(editor):
    answer = editor.http_post("/admin/notes/import", {"csrf_token": editor.token})
    assert (answer.status_code, alert(soup(answer))) == (400, "Choose a file first.")
    for data, name, said in (
        ("", "a.csv", "The file is empty."), ("title\n", "a.csv", "no rows below"), (b"PK\x03\x04", "a.xlsx", "workbook"),  # noqa: E501
        ("{", "a.json", "not JSON"), ("a,a\n1,2", "a.csv", "stands twice"), ("x", "a.xls", "Old .xls"),
    ):  # fmt: skip
        answer = hand_in(editor, data, name)
        assert answer.status_code == 400
        assert said in alert(soup(answer))
    assert count(Upload) == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"column.0": "", "column.1": ""}, "Choose a field for at least one column."),
        ({"column.1": "title"}, "Two columns go to Title; choose one."),
        ({"column.1": HOSTILE}, "There is no field"),
        ({"key": "id"}, "No column goes to"),
        ({"mode": "upsert"}, "Choose the field by which rows are matched."),
        ({"related": "nonsense"}, "Choose what is to be done"),
    ],
)
def test_a_mapping_that_does_not_fit_stays_on_the_page_with_what_was_chosen(editor, typed, said):
    path, page = columns_of(editor, "title,content\nA,x\n")
    answer = editor.post(path, filled(page) | typed | {"save_as": "Mine"})
    page = soup(answer)
    assert answer.status_code in (400, 422)
    assert said in alert(page)
    assert filled(page)["save_as"] == "Mine"
    assert (count(Job), count(ImportMapping)) == (0, 0)
    if said.startswith("Two columns"):
        assert proposals(page) == {"column.0": "title", "column.1": "title"}


def test_files_and_trials_of_others_are_not_there(editor, signed, cast):
    path, page = columns_of(editor, "title,content\nA,x\n,x\n")
    trial, page = try_it(editor, path, page)
    failed = page.select_one("a[download]")["href"]
    admin = signed(cast.admin)
    for address in (path, trial, failed):
        assert admin.get(address).status_code == 404
    for address in (path, trial):
        assert admin.post(address, {}).status_code == 404
    assert editor.get(path.replace("notes", "posts")).status_code == 404
    assert editor.get(failed.replace("notes", "posts")).status_code == 404
    other, _ = columns_of(editor, "title\nB\n")
    assert editor.get(other + trial.removeprefix(path)).status_code == 404
    assert editor.get(f"{path}/trial/{2**70}").status_code == 404
    assert editor.get(f"/admin/notes/import/{2**70}").status_code == 404


@pytest.mark.parametrize("who", ["viewer", "owner", "stranger"])
def test_who_may_not_import_gets_no_page_and_hands_nothing_in(signed, cast, who):
    client = signed(cast.named(who))
    for answer in (
        client.get("/admin/notes/import"), client.get("/admin/notes/import/template.csv"),
        client.get("/admin/notes/import/1"), hand_in(client, "title\nA\n"), client.get("/admin/notes/import/1/trial/1"),
        client.get("/admin/notes/import/failed/1.csv"),
    ):  # fmt: skip
        assert answer.status_code in (403, 404)
    assert client.get("/admin/notes/import").status_code == (404 if who == "stranger" else 403)
    assert count(Upload) == 0


def test_editors_do_not_import_users(editor):
    assert editor.get("/admin/users/import").status_code in (403, 404)
    assert hand_in(editor, "username,email\na,a@example.org\n", section="users").status_code in (403, 404)


@pytest.mark.parametrize("most", [10, pytest.param(2)])  # fmt: skip
def test_a_file_that_is_too_large_is_refused_with_the_size(editor, app, monkeypatch, most):
    monkeypatch.setitem(app.config, "MAX_IMPORT_SIZE", most * MEGA)
    assert f"At most {most} MB" in editor.page("/admin/notes/import").main.text
    answer = hand_in(editor, "title\n" + "x" * (most + 1) * MEGA)
    assert answer.status_code == 413
    assert f"A file may have at most {most} MB." in soup(answer).main.text
    assert count(Upload) == 0


def test_large_bodies_are_for_files_and_for_those_who_may_import(editor, signed, cast):
    data = "title,content\n" + "A,".ljust(600_000, "x").join(["", "\n"]) * 15
    assert len(data) > 8.5 * MEGA
    assert hand_in(editor, data).status_code == 303
    assert hand_in(signed(cast.owner), data).status_code in (403, 413)
    form = {"csrf_token": editor.token, "title": "x", "file": FileStorage(io.BytesIO(data.encode()), "x.csv")}
    assert editor.http_post("/admin/notes/new", form).status_code == 413
    assert count(Upload) == 1


# Hostile names and cells.


def test_names_of_files_and_columns_are_text_and_nothing_else(editor):
    data = io.StringIO()
    csv.writer(data).writerows([["title", "content", HOSTILE], ["", HOSTILE, HOSTILE]])
    path, page = columns_of(editor, data.getvalue(), f"{HOSTILE[:-2]}.csv")
    _, tried = try_it(editor, path, page, save_as=HOSTILE)
    for found in (page, tried, editor.page(path)):
        assert "<script>alert(1)" in found.main.text + found.text
        assert not [script for script in found.select("script") if "alert(1)" in script.text]


@pytest.mark.parametrize("data", [
    pytest.param(b"title,conte\xffnt\n" + b"A,x\n" * 40, id="broken"),
    pytest.param(json.dumps([{"title": "A", "\ud800": "x"}]).encode(), id="surrogate"),
    pytest.param(b"title,con\0tent\nA,x\n", id="nul"),
    pytest.param(b"title," + b"x" * 5_000 + b"\nA,x\n", id="long"),
])  # fmt: skip
def test_columns_may_have_odd_names(editor, data):
    answer = hand_in(editor, data, "x.json" if data[:1] == b"[" else "x.csv")
    if answer.status_code == 303:
        path, page = answer.location, editor.page(answer.location)
        _, page = try_it(editor, path, page, **{"column.1": "content"})
    else:
        assert answer.status_code == 400


@pytest.mark.parametrize("typed", [{"save_as": "a\0b"}, {"key": "\0"}, {"mode": "\0"}])
def test_odd_settings_are_never_an_error_of_the_site(editor, typed):
    path, page = columns_of(editor, "title,content\nA,x\n")
    assert editor.post(path, filled(page) | typed).status_code in (303, 400, 422)


def test_an_odd_reason_is_never_an_error_of_the_site(editor):
    path, page = columns_of(editor, "title,content\nA,x\n")
    path, page = try_it(editor, path, page)
    assert editor.post(path, filled(page) | {"reason": "a\0b", "key": "a\0b"}).status_code in (303, 400)


def test_a_file_may_be_named_anything(editor):
    for name in ("a\0b.csv", "日本 🌿.csv", "../../etc/passwd.csv", "x" * 300 + ".csv", "a\nb.csv"):
        assert hand_in(editor, "title,content\nA,x\n", name).status_code in (303, 400)


# The empty file.


@pytest.mark.parametrize("section", ["notes", "posts", "books", "comments", "answers"])
def test_the_empty_file_has_columns_that_are_all_known(editor, section):
    answer = editor.get(f"/admin/{section}/import/template.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert f"{section}.csv" in answer.headers["Content-Disposition"]
    names = next(csv.reader(io.StringIO(answer.text)))
    assert "title" in names or "content" in names
    _, page = columns_of(editor, answer.text + "x" + "," * (len(names) - 1) + "\n", section=section)
    assert all(proposals(page).values())
