"""``import`` and ``export`` on the command line: what is printed, what is written, how it ends."""

import csv
import io

import pytest
import python_calamine
from sqlalchemy import select

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import AppError
from admin_site.jobs import runner
from tests.factories import isbn, make


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)


@pytest.fixture
def run(app):
    """Runs a command; exit code, stdout, and stderr with the sentence of what refused it."""
    runs = app.test_cli_runner()

    def command(*words):
        db.session.rollback()
        done = runs.invoke(args=[str(word) for word in words])
        db.session.rollback()
        error = done.exception
        if error is not None and not isinstance(error, (AppError, SystemExit)):
            raise error
        said = done.stderr + (f"{error}\n" if isinstance(error, AppError) else "")
        return done.exit_code, done.stdout, said

    return command


@pytest.fixture
def file(tmp_path):
    def write(data, name="file.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def column(section, name):
    columns = registry.get(section).table.columns
    db.session.rollback()
    return list(db.session.execute(select(columns[name]).where(columns.live == 1).order_by(columns.id)).scalars())


def test_rows_are_added_and_counted(run, file):
    assert run("import", "notes", file("title,content\nA,x\nB,y\n")) == (
        0, "added 2, changed 0, same 0, refused 0\n", "",
    )  # fmt: skip
    assert column("notes", "title") == ["A", "B"]


def test_relations_are_read_by_title_and_by_number(run, file):
    news = make("categories", name="News")
    for name in ("red", "blue"):
        make("tags", name=name)
    assert run("import", "posts", file("title,content,category,tags\nA,x,News,red|blue\n"))[0] == 0
    assert run("import", "posts", file(f"title,content,category_id\nB,x,{news}\n"))[0] == 0
    assert column("posts", "category_id") == [news, news]
    pairs = select(registry.get("posts").field("tag_ids").through)
    assert len(db.session.execute(pairs).all()) == 2


@pytest.mark.parametrize(
    ("mode", "printed", "code", "titles"),
    [
        ("upsert", "added 1, changed 1, same 1, refused 0", 0, ["New", "Same", "Added"]),
        ("skip", "added 1, changed 0, same 2, refused 0", 0, ["Old", "Same", "Added"]),
        ("update", "added 0, changed 0, same 0, refused 1", 1, ["Old", "Same"]),
    ],
)
def test_rows_are_matched_by_a_key(run, file, mode, printed, code, titles):
    doe = make("authors", name="Doe")
    for n, title in enumerate(("Old", "Same")):
        make("books", title=title, isbn=isbn(500 + n), author_id=doe)
    lines = [f"{isbn(500)},New,Doe", f"{isbn(501)},Same,Doe", f"{isbn(502)},Added,Doe"]
    data = file("isbn,title,author\n" + "\n".join(lines) + "\n")
    done, out, error = run("import", "books", data, "--key", "isbn", "--mode", mode)
    assert (done, out.strip(), column("books", "title")) == (code, printed, titles)
    assert ("line 4: There is no row with this ISBN." in error) == (code == 1)


def test_with_add_a_row_that_is_there_is_refused(run, file):
    make("categories", name="News")
    code, out, error = run("import", "categories", file("name\nnews\n"), "--key", "name")
    assert (code, out) == (1, "added 0, changed 0, same 0, refused 1\n")
    assert "line 2: There is a row with this Name already." in error
    assert column("categories", "name") == ["News"]


def test_with_add_a_row_that_is_there_keeps_the_others_out(run, file):
    make("categories", name="News")
    assert run("import", "categories", file("name\nnews\nSport\n"), "--key", "name")[0] == 1
    assert column("categories", "name") == ["News"]


def test_a_refused_row_is_named_and_nothing_is_written(run, file):
    code, out, error = run("import", "notes", file("title,content\nA,x\n,x\nC,x\n,y\n"))
    assert (code, out) == (1, "added 0, changed 0, same 0, refused 2\n")
    assert error.splitlines()[:2] == ["line 3: Title is required", "line 5: Title is required"]
    assert column("notes", "title") == []


def test_the_good_rows_are_written_and_it_still_ends_with_1(run, file):
    code, out, error = run("import", "notes", file("title,content\nA,x\n,x\nC,x\n"), "--good-rows")
    assert (code, out) == (1, "added 2, changed 0, same 0, refused 1\n")
    assert "line 3: Title is required" in error
    assert column("notes", "title") == ["A", "C"]
    assert run("import", "notes", file("title,content\nD,x\n"), "--good-rows")[0] == 0


def test_a_dry_run_says_the_same_and_writes_nothing(run, file):
    data = file("title,content\nA,x\n,x\n")
    code, out, error = run("import", "notes", data, "--dry-run")
    assert (code, out) == (1, "added 1, changed 0, same 0, refused 1\nNothing was written.\n")
    assert "line 3: Title is required" in error
    assert run("import", "notes", file("title,content\nA,x\n"), "--dry-run")[0] == 0
    assert column("notes", "title") == []


@pytest.mark.parametrize(
    ("section", "data", "words", "said"),
    [
        ("nonsense", "title\nA\n", (), "There is no section 'nonsense'."),
        ("notes", "title,colour\nA,red\n", (), "There is no field 'colour'"),
        ("notes", "title\nA\n", ("--key", "nonsense"), "by their number or by a unique field"),
        ("notes", "title\nA\n", ("--key", "id"), "No column goes to"),
        ("notes", "title\nA\n", ("--mode", "update"), "Choose the field by which rows are matched."),
        ("notes", "", (), "The file is empty."),
        ("notes", "title\nA\n", ("--as", "nobody@example.org"), "no active user"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_line(run, file, section, data, words, said):
    code, out, error = run("import", section, file(data), *words)
    assert (code, out, len(error.splitlines())) == (1, "", 1)
    assert said in error


@pytest.mark.parametrize("words", [("notes", "/nowhere/file.csv"), ("notes", "/tmp"), ("notes",), ()])
def test_wrong_usage_ends_with_2(run, words):
    assert run("import", *words)[0] == 2


def test_a_mode_that_is_none_ends_with_2(run, file):
    assert run("import", "notes", file("title\nA\n"), "--mode", "nonsense")[0] == 2


def test_rights_are_those_of_the_person(run, file, cast):
    data = file("title,content\nA,x\n")
    code, out, error = run("import", "notes", data, "--as", cast.owner.email)
    assert (code, out, "notes.import" in error) == (1, "", True)
    assert run("import", "posts", data, "--as", cast.editor.email)[0] == 0
    assert column("posts", "author_id") == [cast.editor.id]
    assert run("export", "notes", data, "--as", cast.owner.email)[0] == 1
    assert data.read_text() == "title,content\nA,x\n"


@pytest.mark.parametrize(
    "section", ["notes", "posts", "categories", "comments", "questions", "answers", "books", "users"]
)
def test_what_was_exported_comes_in_as_the_same(run, tmp_path, section):
    for _ in range(3):
        make(section)
    path = tmp_path / "out.csv"
    count = len(column(section, "id"))
    assert run("export", section, path) == (0, f"{count} rows\n", "")
    assert run("import", section, path, "--key", "id", "--mode", "upsert") == (
        0, f"added 0, changed 0, same {count}, refused 0\n", "",
    )  # fmt: skip


def test_an_export_quotes_what_a_spreadsheet_would_run(run, tmp_path):
    for title in ("=1+1", "'x", "@a", "-1", "+2.5", "-a"):
        make("notes", title=title)
    path = tmp_path / "out.csv"
    run("export", "notes", path)
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert {line["title"] for line in lines} == {"'=1+1", "''x", "'@a", "-1", "+2.5", "'-a"}


def test_an_export_is_what_its_name_says(run, tmp_path):
    numbers = [make("notes", title=f"Note {place}") for place in range(3)]
    book = tmp_path / "out.XLSX"
    assert run("export", "notes", book) == (0, "3 rows\n", "")
    sheet = python_calamine.CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()
    assert (sheet[0][0], sorted(int(row[0]) for row in sheet[1:])) == ("id", numbers)
    assert run("import", "notes", book, "--key", "id", "--mode", "upsert")[1] == (
        "added 0, changed 0, same 3, refused 0\n"
    )
    code, out, error = run("export", "notes", tmp_path / "out.json")
    assert (code, out, error) == (1, "", ".json cannot be written: name the file .csv or .xlsx.\n")


def test_an_export_that_cannot_be_written_is_refused(run, tmp_path):
    code, out, error = run("export", "notes", tmp_path / "nowhere" / "out.csv")
    assert (code, out, "cannot be written" in error) == (1, "", True)
    assert run("export", "nonsense", tmp_path / "out.csv")[0] == 1
    assert not (tmp_path / "out.csv").exists()
