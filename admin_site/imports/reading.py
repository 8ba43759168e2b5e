"""From bytes to rows of text: CSV, XLSX or JSON, with encoding, delimiter and sheet guessed unless said."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from datetime import time as clock_time
from typing import Any

import python_calamine

from admin_site.core import text
from admin_site.core.errors import Invalid
from admin_site.imports import archive, encodings, limits
from admin_site.records.export import RISKY

DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-16", "cp1252", "iso-8859-1", "cp1251", "cp1250", "shift_jis", "gb18030", "big5", "euc-kr")
SAMPLE = 200_000
BEGINNING = 1_000
NO_TEXT = "This line has a character that no text has (U+0000)."
# A file with so few lines that are not UTF-8 is UTF-8 with mistakes in it.
MISTAKES_MOST = 0.05


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a file is read. What is empty is guessed."""

    kind: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class Row:
    """One row: the line it begins on, its cells (None: absent), and what is wrong with the line itself."""

    line: int
    cells: Sequence[str | None]
    problem: str = ""


@dataclass(frozen=True)
class Table:
    """A file that was read: how, the names of its columns, and its rows, which can be walked once."""

    format: Format
    columns: Sequence[str]
    rows: Iterable[Row]
    sheets: Sequence[str] = field(default=())


def read(data: bytes, name: str, wanted: Format) -> Table:
    """Read a file; ``Invalid`` says in one sentence what stands against it."""
    if not data.strip():
        raise Invalid("The file is empty.")
    kind = wanted.kind or _kind(data, name)
    match kind:
        case "xlsx":
            table = _read_workbook(data, wanted)
        case "json":
            table = _read_json(data)
        case _:
            table = _read_csv(data, wanted)
    named = [text.storable(name) or f"Column {place}" for place, name in enumerate(table.columns, start=1)]
    _check_columns(named, is_named=any(table.columns))
    return replace(table, columns=named, rows=map(_bounded, table.rows))


def _bounded(row: Row) -> Row:
    """A row that is too long keeps the beginnings of its cells, to be known by."""
    lengths = [len(cell or "") for cell in row.cells]
    if sum(lengths) <= limits.ROW_MOST and max(lengths, default=0) <= limits.CELL_MOST:
        return row
    most = f"a cell has at most {limits.CELL_MOST:,} characters, a row {limits.ROW_MOST:,}"
    return Row(row.line, [cell and cell[:BEGINNING] for cell in row.cells], f"This row is too long: {most}.")


def _kind(data: bytes, name: str) -> str:
    if data[:4] == b"PK\x03\x04":
        return "xlsx"
    if name.lower().endswith((".json", ".ndjson", ".jsonl")):
        return "json"
    if data[:4] == b"\xd0\xcf\x11\xe0" or name.lower().endswith(".xls"):
        raise Invalid("Old .xls workbooks are not read. Save it as .xlsx or CSV.")
    return "csv"


def _check_columns(columns: Sequence[str], *, is_named: bool) -> None:
    if len(columns) > limits.COLUMNS_MOST:
        raise Invalid(f"The file has {len(columns):,} columns; at most {limits.COLUMNS_MOST} are read.")
    if not is_named:
        raise Invalid("The first row must have the names of the columns.")
    if any(len(name) > limits.NAME_MOST for name in columns):
        raise Invalid(f"The name of a column has more than {limits.NAME_MOST} characters. Is the first row missing?")
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise Invalid(f"The column “{twice[:60]}” stands twice in the first row.")


# CSV

# What Excel writes and reads in front of the first row.
_TOLD = re.compile(r"\ufeff?\"?sep=([,;\t|])\"?\r?\n", re.IGNORECASE)


def _read_csv(data: bytes, wanted: Format) -> Table:
    encoding = wanted.encoding or _encoding(data)
    said = _decoded(data, encoding)
    csv.field_size_limit(limits.CELL_MOST + 1)
    told = _TOLD.match(said)
    delimiter = wanted.delimiter or (told[1] if told else _delimiter(said))
    reader = csv.reader(io.StringIO(said, newline=""), delimiter=delimiter, strict=True)
    try:
        if told:
            next(reader)
        header = [uncovered(cell.strip().removeprefix("\ufeff")) for cell in next(reader)]
    except (csv.Error, StopIteration):
        raise Invalid("The first row cannot be read as CSV.") from None
    found = Format(kind="csv", encoding=encoding, delimiter=delimiter)
    return Table(found, header, _csv_rows(reader, len(header)))


def _csv_rows(reader: Any, width: int) -> Iterator[Row]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, [], f"From this line on the file cannot be read: {_why(error)}.")
            return
        if not any(cells):
            continue
        yield Row(line, [uncovered(cell) for cell in cells], _problem(cells, width))


def _why(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell has more than {limits.CELL_MOST:,} characters"
    return "a quote is opened and never closed" if "end of data" in str(error) else "a quote stands in the wrong place"


def _problem(cells: Sequence[str], width: int) -> str:
    if len(cells) != width:
        return f"This line has {len(cells)} cells; the first row has {width}."
    if any(_is_broken(cell) for cell in cells):
        return "This line has bytes that do not fit the file's encoding."
    return NO_TEXT if any("\0" in cell for cell in cells) else ""


def _is_broken(cell: str) -> bool:
    return not cell.isascii() and any("\udc80" <= char <= "\udcff" for char in cell)


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    lines = data.split(b"\n")
    wrong = sum(1 for line in lines if not _is_utf8(line))
    if wrong <= len(lines) * MISTAKES_MOST:
        return "utf-8"
    return encodings.guess(data[:SAMPLE])


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(data: bytes, encoding: str) -> str:
    try:
        # Bytes that do not fit stay told apart, so that only their rows fail.
        return data.decode("utf-8-sig" if encoding in ("utf-8", "utf_8") else encoding, "surrogateescape")
    except (LookupError, ValueError):
        raise Invalid(f"The file cannot be read as {encoding[:40]}.") from None


def _delimiter(said: str) -> str:
    """The one that parts the first lines into the same number of cells, and into the most."""
    lines = said[:SAMPLE].splitlines()[:20]

    def weight(delimiter: str) -> tuple[int, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            return 0, 0
        alike = sum(1 for width in widths if width == widths[0]) if widths and widths[0] > 1 else 0
        return alike, widths[0] if widths else 0

    return max(DELIMITERS, key=weight)


def uncovered(cell: str) -> str:
    """A cell without the quote that keeps spreadsheets from taking it for a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in RISKY else cell


# Workbooks


def _read_workbook(data: bytes, wanted: Format) -> Table:
    archive.check(data)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = list(book.sheet_names)
        name = wanted.sheet if wanted.sheet in sheets else _first_filled(book, sheets)
        sheet = book.get_sheet_by_name(name)
    except (python_calamine.CalamineError, IndexError):
        raise Invalid(archive.UNREADABLE) from None
    if sheet.total_width > limits.COLUMNS_MOST:
        raise Invalid(f"The sheet has {sheet.total_width:,} columns; at most {limits.COLUMNS_MOST} are read.")
    rows = iter(sheet.iter_rows())
    header = [_cell(value).strip() for value in next(rows, [])]
    while header and not header[-1]:
        header.pop()
    return Table(Format(kind="xlsx", sheet=name), header, _sheet_rows(rows, len(header)), sheets)


def _first_filled(book: Any, sheets: Sequence[str]) -> str:
    """The first sheet with something in it, or the first."""
    return next((name for name in sheets if book.get_sheet_by_name(name).total_height), sheets[0])


def _sheet_rows(rows: Iterator[Sequence[Any]], width: int) -> Iterator[Row]:
    for line, values in enumerate(rows, start=2):
        cells = [_cell(value) for value in values]
        if not any(cells):
            continue
        beyond = any(cells[width:])
        while len(cells) > width and not cells[-1]:
            cells.pop()
        cells = [uncovered(cell) for cell in [*cells, *[""] * (width - len(cells))]]
        yield Row(line, cells, "This row has cells beyond the last named column." if beyond else "")


def _cell(value: Any) -> str:
    """A typed cell as somebody would type it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime) and value.time() == clock_time():
        return value.date().isoformat()
    if isinstance(value, datetime | date | clock_time):
        return value.isoformat()
    return str(value)


# JSON


def _read_json(data: bytes) -> Table:
    try:
        found = _objects(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Invalid("The file is not JSON in UTF-8: a list of objects, or one object a line.") from None
    if len(found) > limits.ROWS_MOST:
        raise Invalid(f"The file has {len(found):,} rows; at most {limits.ROWS_MOST:,} are read.")
    columns = list(dict.fromkeys(name for _line, item in found if isinstance(item, dict) for name in item))
    if not columns:
        raise Invalid("The file must be a list of objects with the names of fields.")
    return Table(Format(kind="json"), columns, _json_rows(found, columns))


def _objects(said: str) -> list[tuple[int, Any]]:
    """Each object with its line, or with its place where they stand in one list."""
    try:
        found = _loaded(said)
    except json.JSONDecodeError:
        lines = enumerate(said.split("\n"), start=1)
        return [(place, _loaded(line)) for place, line in lines if line.strip()]
    if isinstance(found, dict):
        # As the API lists them: the rows stand under the section's name.
        lists = [
            value for value in found.values() if isinstance(value, list) and all(isinstance(x, dict) for x in value)
        ]
        found = lists[0] if len(lists) == 1 and lists[0] else [found]
    return list(enumerate(found, start=1)) if isinstance(found, list) else []


def _loaded(said: str) -> Any:
    return json.loads(said, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is Python's, not JSON's")


def _json_rows(found: Sequence[tuple[int, Any]], columns: Sequence[str]) -> Iterator[Row]:
    for line, item in found:
        if not isinstance(item, dict):
            yield Row(line, [], "This is no object.")
            continue
        try:
            cells = [_json_cell(item[name]) if name in item else None for name in columns]
            yield Row(line, cells, NO_TEXT if any("\0" in cell for cell in cells if cell) else "")
        except RecursionError:
            yield Row(line, [], "This is nested too deeply.")


def _json_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "|".join(_json_cell(item) for item in value)
    if isinstance(value, dict):
        return _json_cell(value.get("title", value.get("id", "")))
    return str(value)
