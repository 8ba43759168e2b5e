"""Files as people have them: every encoding, delimiter and mistake becomes rows, or one sentence."""

import codecs
import csv
import io
import json
import random
import subprocess
import sys
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_site import ROOT
from admin_site.core.errors import Invalid
from admin_site.imports import limits, reading
from admin_site.imports.reading import Format, read

UNCLOSED = "From this line on the file cannot be read: a quote is opened and never closed."
BROKEN = "This line has bytes that do not fit the file's encoding."
UNREADABLE = "The workbook cannot be read. Save it again as .xlsx, or as CSV."
NO_JSON = "The file is not JSON in UTF-8: a list of objects, or one object a line."


def table(data, name="file.csv", **wanted):
    """The names of the columns, and line, cells and problem of each row."""
    found = read(data.encode() if isinstance(data, str) else data, name, Format(**wanted))
    return list(found.columns), [(row.line, list(row.cells), row.problem) for row in found.rows]


def rows(data, name="file.csv", **wanted):
    return table(data, name, **wanted)[1]


def cells(data, name="file.csv", **wanted):
    return [row[1] for row in rows(data, name, **wanted)]


def format_of(data, name="file.csv"):
    return read(data.encode() if isinstance(data, str) else data, name, Format()).format


def workbook(*sheets, **more):
    """A workbook of these sheets, a list of rows each; ``None`` leaves a cell out."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"default_date_format": "yyyy-mm-dd", **more})
    for lines in sheets:
        sheet = book.add_worksheet()
        for place, values in enumerate(lines):
            for column, value in enumerate(values):
                if value is not None:
                    sheet.write(place, column, value)
    book.close()
    return written.getvalue()


def assert_refused(said, data, name="file.csv", **wanted):
    with pytest.raises(Invalid) as caught:
        rows(data, name, **wanted)
    assert said in caught.value.message


# CSV: cells and lines.


@pytest.mark.parametrize("delimiter", reading.DELIMITERS)
def test_the_delimiter_is_found(delimiter):
    others = "".join({",", ";", "|"} - {delimiter})
    data = f'title{delimiter}content\nA{delimiter}"one{others}{delimiter}two"\nB{delimiter}three, four\n'
    assert format_of(data).delimiter == delimiter
    if delimiter != ",":
        assert cells(data) == [["A", f"one{others}{delimiter}two"], ["B", "three, four"]]


def test_a_delimiter_that_is_said_wins_over_the_guess():
    assert table("a;b,c\n1;2,3\n", delimiter=",") == (["a;b", "c"], [(2, ["1;2", "3"], "")])
    assert table("a;b,c\n1;2,3\n", delimiter=";") == (["a", "b,c"], [(2, ["1", "2,3"], "")])


def test_one_column_needs_no_delimiter():
    assert table("name\nFern\nMoss\n") == (["name"], [(2, ["Fern"], ""), (3, ["Moss"], "")])


def test_mixed_ends_of_lines_and_newlines_in_quotes_keep_the_numbers_of_the_lines():
    data = 'a,b\r1,2\r\n"x\r\ny",4\n\n"p\nq\nr",5\n6,7\r8,9'
    assert [(line, got) for line, got, _ in rows(data)] == [
        (2, ["1", "2"]), (3, ["x\r\ny", "4"]), (6, ["p\nq\nr", "5"]), (9, ["6", "7"]), (10, ["8", "9"]),
    ]  # fmt: skip


def test_of_a_quote_that_is_never_closed_the_rows_before_stay():
    data = 'a,b\n1,2\n3,4\n"5,6\n7,8\n9,10\n'
    assert rows(data) == [(2, ["1", "2"], ""), (3, ["3", "4"], ""), (4, [], UNCLOSED)]


def test_ragged_lines_are_named_with_their_widths():
    said = "This line has {} cells; the first row has 2."
    assert [problem for _, _, problem in rows("a,b\n1\n1,2,3\n1,2\n")] == [said.format(1), said.format(3), ""]


def test_blank_lines_are_left_out():
    assert [line for line, _, _ in rows("a,b\n\n1,2\n,\n\n3,4\n")] == [3, 6]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "The file is empty."), (" \n\t\n", "The file is empty."),
        ("a,b,a\n1,2,3\n", "The column “a” stands twice"), (",,\n1,2,3\n", "must have the names of the columns"),
        ("\n\na,b\n1,2\n", "must have the names of the columns"), (b"\xef\xbb\xbf", "cannot be read as CSV"),
        ('"a,b\n1,2\n', "cannot be read as CSV"), (",".join(f"c{n}" for n in range(201)), "has 201 columns; at most 200"),  # noqa: E501
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_in_a_sentence(data, said):
    assert_refused(said, data)


def test_two_hundred_columns_are_read():
    names = [f"c{n}" for n in range(200)]
    assert table(",".join(names) + "\n" + ",".join(["x"] * 200)) == (names, [(2, ["x"] * 200, "")])


def test_a_first_row_alone_has_no_rows():
    assert table("a,b\n") == (["a", "b"], [])


def test_a_column_without_a_name_is_read_like_the_others():
    assert table("a,,b\n1,2,3\n") == (["a", "Column 2", "b"], [(2, ["1", "2", "3"], "")])


def test_the_names_of_columns_are_trimmed():
    assert table("\ufeff a , b\n1, 2\n")[0] == ["a", "b"]


def test_nul_bytes_stay_in_their_cells():
    assert cells("a,b\nx\0y,2\n3,4\n") == [["x\0y", "2"], ["3", "4"]]


def test_a_cell_of_a_million_characters_is_read_and_a_longer_one_is_a_problem():
    fits = "x" * limits.CELL_MOST
    assert [len(row[0]) for row in cells(f"a,b\n{fits},1\n")] == [limits.CELL_MOST]
    found = rows(f"a,b\n1,2\n{fits}xx,1\n")
    assert found[0] == (2, ["1", "2"], "")
    assert (found[1][0], bool(found[1][2])) == (3, True)


@pytest.mark.parametrize("bad", ["x" * 1_000_002 + ",1", '"x"y,1'])
def test_what_is_no_open_quote_is_not_called_one(bad):
    assert rows(f"a,b\n{bad}\n")[0][2] != UNCLOSED


def test_leading_quotes_that_keep_spreadsheets_away_are_taken_off():
    covered = ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "''x", "'plain", "it's", "-1", "'"]
    written = io.StringIO()
    csv.writer(written).writerows([["a"], *[[cell] for cell in covered]])
    assert [row[0] for row in cells(written.getvalue(), delimiter=",")] == [
        "=1+1", "+x", "-x", "@x", "\tx", "'x", "'plain", "it's", "-1", "'",
    ]  # fmt: skip


# CSV: encodings.


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Käse,Łódź".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "Käse,Łódź".encode(), "utf-8"),
        ("Käse,Łódź".encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + "Käse,Łódź".encode("utf-16-be"), "utf-16"),
    ],
)
def test_unicode_is_found_with_and_without_a_mark(data, encoding):
    newline = "\n".encode({"utf-8": "utf-8"}.get(encoding, "utf-16-be" if data[:1] == b"\xfe" else "utf-16-le"))
    head, first = data, data.removeprefix(codecs.BOM_UTF8).removeprefix(codecs.BOM_UTF16_LE)
    first = first.removeprefix(codecs.BOM_UTF16_BE)
    assert format_of(head + newline + first).encoding == encoding
    assert table(head + newline + first) == (["Käse", "Łódź"], [(2, ["Käse", "Łódź"], "")])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name,city\nJosé,Málaga\nFrançois,Besançon\nJürgen,Köln\n", "cp1252"),
        ("name,city\nJosé Núñez,Málaga\nFrançois,Besançon\nJürgen,Köln\nÅsa,Malmö\n", "cp1252"),
        ("title,text\nCafé,Good coffee in the morning\n", "cp1252"),
        ("title,text\nIt’s,He said “no” – and left\n", "cp1252"),
        ("title,price\nBook,€ 12\n", "cp1252"),
        ("nome,cidade\nJoão,São Paulo\nInês,Camões\n", "cp1252"),
        ("navn,by\nSøren,Århus\nÆble,Københaven\n", "cp1252"),
        ("titre,texte\nCœur,Œuvre d’été à Nîmes où l’on va\n", "cp1252"),
        ("título,texto\n¿Qué?,El niño comió ayer\n", "cp1252"),
        ("città,giorno\nForlì,lunedì e così via\n", "cp1252"),
        ("jméno,město\nŘehoř,Příbram\nŽofie,České Budějovice\nLukáš,Brno a okolí\n", "cp1250"),
        ("imię,miasto\nŁukasz,Łódź\nŻaneta,Kraków nad Wisłą\n", "cp1250"),
        ("név,város\nŐrs,Győr\nTükörfúrógép,Budapest\n", "cp1250"),
        ("titlu,text\nAceastă,carte conţine poveşti\nViaţa,în oraş şi la ţară\n", "cp1250"),
        ("ime,grad\nKuća,u Poreču\nĐurđa,Šibenik i čovjek\n", "cp1250"),
        ("a,b\nbył,są i źdźbło cóż\n", "cp1250"),
        ("name,menge\nGröße,12 m³\nMüll,5 m²\nTable¹,½ kg\n", "cp1252"),
        ("name,text\nA,“Ä” und „Ö“\n", "cp1252"),
        ("nimi,sõna\nPõld,Sõna\n", "cp1252"),
        ("nimi,sana\nSää,hää\n", "cp1252"),
        ("mot,sens\nfœtus,œdème «été»\n", "cp1252"),
        ("nafn,staður\nÞórður,Ísafjörður\n", "cp1252"),
        ("name,city\nIvan,Москва\n", "cp1251"),
        ("ім'я,місто\nОлена,Київ\nЇжак,Євпаторія\n", "cp1251"),
        ("имя,город\nИван,Москва\nОльга,Новосибирск\n", "cp1251"),
        ("姓名,城市\n张伟,北京\n王芳,上海\n", "gb18030"),
        ("姓名,城市\n張偉,臺北\n王芳,高雄\n", "big5"),
        ("이름,도시\n김철수,서울\n이영희,부산\n", "euc-kr"),
        ("名前,都市\n山田太郎,東京都\n鈴木花子,大阪市\n佐藤次郎,名古屋市の中心\n", "shift_jis"),
    ],
)
def test_other_encodings_are_guessed_so_that_the_text_is_right(text, encoding):
    lines = [line.split(",") for line in text.splitlines()]
    assert table(text.encode(encoding)) == (
        lines[0], [(place, line, "") for place, line in enumerate(lines[1:], start=2)],
    )  # fmt: skip


@pytest.mark.parametrize("times", [1, 300])
def test_a_long_file_is_guessed_as_a_short_one_is(times):
    for encoding, line in (
        ("cp1252", "Jürgen,Köln\n"),
        ("cp1250", "Lukáš,Budějovice\n"),
        ("cp1251", "Иван живёт здесь,Москва\n"),
    ):
        assert format_of(("a,b\n" + line * times).encode(encoding)).encoding == encoding


def test_an_encoding_that_is_guessed_is_one_that_is_offered():
    for number in range(1, 256):
        assert format_of(b"a,b\n" + bytes([number]) * 9 + b",1\n").encoding in reading.ENCODINGS


@pytest.mark.parametrize("encoding", reading.ENCODINGS)
def test_every_encoding_that_is_offered_can_be_said(encoding):
    text = {"cp1251": "Привет", "shift_jis": "日本", "gb18030": "中文", "big5": "中文", "euc-kr": "한국"}.get(
        encoding, "Käse"
    )
    assert cells(f"a,b\n{text},1\n".encode(encoding), encoding=encoding) == [[text, "1"]]


def test_one_broken_line_of_a_thousand_is_the_only_one_with_a_problem():
    lines = [f"{n},Käse".encode() for n in range(1_000)]
    lines[500] = "500,Käse".encode("cp1252")
    found = rows(b"n,t\n" + b"\n".join(lines))
    assert [(line, problem) for line, _, problem in found if problem] == [(502, BROKEN)]
    assert (len(found), found[0][1], found[999][1]) == (1_000, ["0", "Käse"], ["999", "Käse"])


def test_bytes_that_do_not_fit_the_encoding_that_was_said_are_problems_of_their_lines():
    assert [problem for _, _, problem in rows("a\nKäse\nx\n".encode("cp1252"), encoding="utf-8")] == [BROKEN, ""]


@pytest.mark.parametrize("encoding", ["nonsense", "base64", "rot13", "undefined", "idna", "x" * 100])
def test_an_encoding_that_is_none_is_refused(encoding):
    assert_refused("The file cannot be read as", "a,b\n1,é\n", encoding=encoding)


def test_an_encoding_with_a_nul_is_refused():
    assert_refused("The file cannot be read as", "a,b\n1,2\n", encoding="utf\0")


def test_half_a_character_of_utf_16_is_refused():
    assert_refused("The file cannot be read as utf-16.", "a,b\n1,2\n".encode("utf-16") + b"x")


# Workbooks.


def test_typed_cells_are_as_somebody_would_type_them():
    lines = [
        ["text", "whole", "part", "day", "moment", "yes", "no", "big"],
        ["Fern", 7, 2.5, date(2026, 5, 31), datetime(2026, 5, 31, 14, 30), True, False, 12_345_678_901],
    ]
    assert table(workbook(lines), "file.xlsx") == (
        lines[0], [(2, ["Fern", "7", "2.5", "2026-05-31", "2026-05-31T14:30:00", "yes", "no", "12345678901"], "")],
    )  # fmt: skip


def test_an_isbn_as_a_number_keeps_its_digits():
    assert cells(workbook([["isbn"], [9780306406157]]), "x.xlsx") == [["9780306406157"]]


def test_blank_rows_are_left_out_and_keep_the_numbers():
    found = rows(workbook([["a", "b"], ["1", None], [], [None, None], [None, "2"]]), "x.xlsx")
    assert found == [(2, ["1", ""], ""), (5, ["", "2"], "")]


def test_cells_beyond_the_names_are_a_problem_of_their_row():
    found = rows(workbook([["a"], ["1"], ["2", None, "x"]]), "x.xlsx")
    assert [(line, problem) for line, _, problem in found] == [
        (2, ""), (3, "This row has cells beyond the last named column."),
    ]  # fmt: skip


def test_the_first_sheet_is_read_unless_another_is_said():
    data = workbook([["a"], ["1"]], [["b"], ["2"]])
    found = read(data, "x.xlsx", Format())
    assert (found.format.sheet, list(found.sheets)) == ("Sheet1", ["Sheet1", "Sheet2"])
    assert table(data, "x.xlsx", sheet="Sheet2") == (["b"], [(2, ["2"], "")])
    assert table(data, "x.xlsx", sheet="nonsense")[0] == ["a"]


def test_a_workbook_is_known_by_its_bytes():
    assert table(workbook([["a"], ["'=1"]]), "misnamed.csv") == (["a"], [(2, ["=1"], "")])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "must have the names of the columns"), ([[], [], ["a"], ["1"]], "must have the names of the columns"),
        ([["a", "b", "a"]], "The column “a” stands twice"), ([["x"] * 201], "more than 200 columns"),
    ],
)  # fmt: skip
def test_a_sheet_that_is_no_table_is_refused(lines, said):
    assert_refused(said, workbook(lines), "x.xlsx")


def zipped(**files):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return written.getvalue()


def test_an_archive_that_is_no_workbook_is_refused():
    assert_refused(UNREADABLE, zipped(a="b"), "x.xlsx")


def test_a_workbook_that_was_cut_is_refused_wherever_that_was():
    data = workbook([["a", "b"], ["1", "2"]])
    for length in (5, 40, len(data) // 2, len(data) - 30, len(data) - 1):
        assert_refused(UNREADABLE, data[:length], "x.xlsx")


def test_an_archive_that_unpacks_to_far_more_is_not_unpacked():
    bomb = zipped(**CONTENT, a=b"\0" * 30_000_000)
    assert len(bomb) < 50_000
    assert_refused("unpacks to more than is read", bomb, "x.xlsx")


def test_a_workbook_that_unpacks_to_too_much_in_all_is_refused(monkeypatch):
    monkeypatch.setattr(limits, "EXPANDED_MOST", 1_000)
    assert_refused("unpacks to more than is read", workbook([["a"], ["1"]]), "x.xlsx")


def test_two_cells_far_apart_do_not_take_the_memory_of_all_between_them(tmp_path):
    far = io.BytesIO()
    book = xlsxwriter.Workbook(far)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "a")
    sheet.write(1_048_575, 16_383, "z")
    book.close()
    (tmp_path / "far.xlsx").write_bytes(far.getvalue())
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "from admin_site.core.errors import Invalid\nfrom admin_site.imports.reading import Format, read\n"
        "try:\n    read(open(sys.argv[1], 'rb').read(), 'far.xlsx', Format())\nexcept Invalid as e:\n    print(e.message)"  # noqa: E501
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "far.xlsx"], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert (done.returncode, "more than 200,000 rows" in done.stdout) == (0, True), done.stderr[:200]


SCHEMAS = "http://schemas.openxmlformats.org"
MAIN = f'xmlns="{SCHEMAS}/spreadsheetml/2006/main" xmlns:a="{SCHEMAS}/spreadsheetml/2006/main"'
KINDS = f"{SCHEMAS}/officeDocument/2006/relationships"
LINKS = f'<Relationships xmlns="{SCHEMAS}/package/2006/relationships">'
CONTENT = {
    "[Content_Types].xml": f'<Types xmlns="{SCHEMAS}/package/2006/content-types"><Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": f'{LINKS}<Relationship Id="rId1" Type="{KINDS}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{KINDS}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": f'{LINKS}<Relationship Id="rId1" Type="{KINDS}/worksheet" Target="TARGET"/>'
    f'<Relationship Id="rId2" Type="{KINDS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}


def by_hand(sheet, texts="", target="worksheets/sheet1.xml", beside=200_000):
    """A workbook of this XML, with something beside it that does not pack: the bound is against its own size."""
    parts = {name: said.replace("TARGET", target) for name, said in CONTENT.items()}
    parts |= {
        "xl/sharedStrings.xml": f"<sst {MAIN}>{texts}</sst>",
        f"xl/{target}": f"<worksheet {MAIN}><sheetData>{sheet}</sheetData></worksheet>",
    }
    return zipped(**parts, **{"xl/media/image.png": random.Random(5).randbytes(beside)})


SHARED = "<si><t>title</t></si><si><t>" + "a" * 1_000_000 + "</t></si>"
HEAD = '<row><c t="s"><v>0</v></c></row>'


def test_texts_count_as_often_as_cells_name_them():
    assert table(by_hand(HEAD + '<row><c t="s"><v>1</v></c></row>' * 3, SHARED), "x.xlsx")[0] == ["title"]
    for cell in ('<c t="s"><v>1</v></c>', "<a:c t='s' s='0'><a:v> 1\n</a:v></a:c>", '<c  t="&#115;"><v>&#49;</v></c>'):
        assert_refused("unpacks to more than is read", by_hand(HEAD + f"<row>{cell}</row>" * 41, SHARED), "x.xlsx")


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("<row>" + "<c><v>1</v></c>" * 201 + "</row>", "more than 200 columns"),
        ("<row>" + "<c/>" * 199 + '<c r="HA1"/></row>', "more than 200 columns"),
        ("<row>" + "<c/>" * 200 + "</row>" + "<row><c/></row>" * 40_000, "more than 8,000,000 cells"),
        ("<row/>" * 200_002, "more than 200,000 rows"),
        ('<row r="200001"><c/></row><row r="1"><c r="GR1"/></row>', "more than 8,000,000 cells"),
        ('<row r="200002"><c/></row>', "more than 200,000 rows"),
        ('<row><c r="B"/><c r="&#65;200002"/></row>', "more than 200,000 rows"),
        ('<row r="9999999999999"/>', UNREADABLE), ('<row r="-1"/>', UNREADABLE), ('<row><c r="1A"/></row>', UNREADABLE),
        ("<row><c></row>", UNREADABLE),
    ],
)  # fmt: skip
def test_a_sheet_may_not_have_room_for_more_than_is_read(sheet, said):
    assert_refused(said, by_hand(sheet), "x.xlsx")


def test_workbooks_of_other_kinds_are_refused():
    table = "<table:table-row table:number-rows-repeated='60000'><table:table-cell/></table:table-row>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    assert_refused(UNREADABLE, zipped(mimetype=kind, **{"content.xml": table}), "x.xlsx")
    book = by_hand(HEAD, SHARED)
    assert_refused(UNREADABLE, zipped(**{"xl/workbook.bin": book}), "x.xlsx")
    assert_refused(UNREADABLE, zipped(**CONTENT, mimetype=kind, **{"CONTENT.XML": table}), "x.xlsx")


def test_a_sheet_cannot_hide_behind_another_ending_or_a_document_type():
    assert_refused(UNREADABLE, by_hand(HEAD, SHARED, target="media/sheet.bin"), "x.xlsx")
    assert table(by_hand(HEAD, SHARED), "x.xlsx")[0] == ["title"]
    parts = {"xl/sharedStrings.xml": '<!DOCTYPE sst [<!ENTITY a "aaaa">]><sst><si><t>&a;</t></si></sst>'}
    assert_refused(UNREADABLE, zipped(**CONTENT, **parts), "x.xlsx")


def test_a_row_or_a_name_that_is_too_long_is_told():
    long = "x" * limits.CELL_MOST
    assert [problem for _, _, problem in rows(f"a,b,c\n{long},{long},\n{long},y,z\n{long},{long},z\n")] == [
        "", "", "This row is too long: a cell has at most 1,000,000 characters, a row 2,000,000.",
    ]  # fmt: skip
    assert [problem[:21] for _, _, problem in rows(json.dumps([{"a": long + "x"}, {"a": long}]), "x.json")] == [
        "This row is too long:", "",
    ]  # fmt: skip
    assert_refused("name of a column has more than 200", f"{'n' * 201},b\n1,2\n")
    assert table(f"{'n' * 200},b\n1,2\n")[0][1] == "b"


@pytest.mark.parametrize("data", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", b"BIFF"])
def test_old_workbooks_are_refused_by_name(data):
    assert_refused("Old .xls workbooks are not read", data, "old.XLS")
    if data[:1] == b"\xd0":
        assert_refused("Old .xls workbooks are not read", data, "old.csv")


# JSON.


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ('[{"a": "1", "b": "x"}, {"b": "y"}]', "x.json"),
        ('{"posts": [{"a": "1", "b": "x"}, {"b": "y"}], "total": 2}', "x.json"),
        ('{"a": "1", "b": "x"}\n{"b": "y"}\n', "x.ndjson"),
        ('{"a": "1", "b": "x"}\n\n{"b": "y"}', "X.JSONL"),
        ('\ufeff[{"a": "1", "b": "x"}, {"b": "y"}]', "x.json"),
    ],
)
def test_json_in_its_three_forms(data, name):
    names, found = table(data, name)
    assert names == ["a", "b"]
    assert [row[1] for row in found] == [["1", "x"], [None, "y"]]


def test_json_values_become_text():
    item = {"null": None, "yes": True, "no": False, "n": 7, "part": 2.5, "tags": ["a", 2, None], "one": {"title": "T"},
            "other": {"id": 4}, "many": [{"id": 1, "title": "x"}, {"id": 2}], "odd": {"z": 1}, "none": []}  # fmt: skip
    assert cells(json.dumps([item]), "x.json") == [["", "yes", "no", "7", "2.5", "a|2|", "T", "4", "x|2", "", ""]]


def test_json_that_is_no_object_is_a_problem_of_its_place():
    assert [(line, problem) for line, _, problem in rows('[{"a": 1}, 5, null]', "x.json")] == [
        (1, ""), (2, "This is no object."), (3, "This is no object."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    ['[{"a": 1}', '{"a": 1}\n{"a"', "nonsense", b'[{"a": "\xff"}]', '[{"a": %s}]' % ("9" * 5_000),
     "[" * 100_000, '[{"a": ' + "[" * 3_000 + "]" * 3_000 + "}]"],
)  # fmt: skip
def test_broken_or_bottomless_json_is_refused(data):
    assert_refused(NO_JSON, data, "x.json")


def test_json_as_deep_as_can_be_parsed_is_refused_or_read():
    for depth in (600, 900):
        try:
            rows('[{"a": ' + "[" * depth + "]" * depth + "}]", "x.json")
        except Invalid:
            continue


def test_odd_line_separators_in_a_value_do_not_part_a_line():
    assert cells('{"a": "x\u2028y"}\n{"a": "\x85"}\n', "x.ndjson") == [["x\u2028y"], ["\x85"]]


def test_one_object_with_a_list_in_it_is_one_row():
    assert cells('{"title": "T", "tags": ["a", "b"]}\n', "x.ndjson") == [["T", "a|b"]]


def test_lines_of_ndjson_are_lines():
    assert [line for line, _, _ in rows('{"a": 1}\n\n{"a": 2}\n', "x.ndjson")] == [1, 3]


@pytest.mark.parametrize("data", ["5", "[]", "[1, 2]", "{}", '"x"', "[{}]"])
def test_json_without_a_field_is_refused(data):
    assert_refused("must be a list of objects", data, "x.json")


def test_json_has_its_most_rows_and_columns(monkeypatch):
    monkeypatch.setattr(limits, "ROWS_MOST", 3)
    assert len(cells('[{"a":1},{"a":1},{"a":1}]', "x.json")) == 3
    assert_refused("has 4 rows; at most 3", '[{"a":1},{"a":1},{"a":1},{"a":1}]', "x.json")
    assert_refused("201 columns", json.dumps([{f"c{n}": 1 for n in range(201)}]), "x.json")


# Anything at all.


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"a,b\n", b"PK\x03\x04", b"\xff\xfe", b'{"a":', b"[{"]),
    st.sampled_from(["x.csv", "x.json", "x.xlsx", ""]),
)  # fmt: skip
def test_random_bytes_are_rows_or_a_sentence(data, start, name):
    try:
        found = rows(start + data, name)
    except Invalid as refused:
        assert refused.message  # noqa: PT017
    else:
        assert all(isinstance(line, int) for line, _, _ in found)


WORKBOOK = workbook([["a", "b"], ["1", 2], [date(2026, 1, 1), True]])


@settings(max_examples=40, deadline=None)
@given(st.integers(4, len(WORKBOOK) - 1), st.integers(0, 255))
def test_a_workbook_with_a_wrong_byte_is_rows_or_a_sentence(place, byte):
    data = WORKBOOK[:place] + bytes([byte]) + WORKBOOK[place + 1 :]
    try:
        rows(data, "x.xlsx")
    except Invalid as refused:
        assert refused.message  # noqa: PT017


# What spreadsheets add.


@pytest.mark.parametrize("head", ["sep=;\n", "SEP=;\r\n", '"sep=;"\n', "\ufeffsep=;\n"])
def test_a_line_that_names_the_delimiter_is_no_row(head):
    assert table(f"{head}a,x;b\n1;2\n") == (["a,x", "b"], [(3, ["1", "2"], "")])
    assert format_of(f"{head}a,x;b\n1;2\n").delimiter == ";"


def test_a_column_of_that_name_is_one():
    assert table("sep=,b\n1,2\n") == (["sep=", "b"], [(2, ["1", "2"], "")])


def test_the_first_sheet_with_something_in_it_is_read():
    data = workbook([], [["a", "b"], ["1", "2"]], [["c"], ["3"]])
    assert table(data, "file.xlsx") == (["a", "b"], [(2, ["1", "2"], "")])
    assert format_of(data, "file.xlsx").sheet == "Sheet2"
    assert cells(data, "file.xlsx", sheet="Sheet3") == [["3"]]
    assert_refused("The first row must have the names of the columns.", workbook([], []), "file.xlsx")
    assert_refused("The first row must have the names of the columns.", data, "file.xlsx", sheet="Sheet1")


@pytest.mark.parametrize(
    ("data", "name"), [("a,b\nx\0,1\ny,2\n", "f.csv"), ('[{"a":"x\\u0000","b":1},{"a":"y","b":2}]', "f.json")]
)
def test_a_nul_is_a_problem_of_its_row(data, name):
    assert [problem for _, _, problem in rows(data, name)] == [reading.NO_TEXT, ""]


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_refused(name):
    assert_refused(NO_JSON, f'[{{"a": {name}}}]', "f.json")
    assert_refused(NO_JSON, f'{{"a": {name}}}\n{{"a": 1}}\n', "f.ndjson")
