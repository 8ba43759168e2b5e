"""Rows of a list as a workbook of one sheet, written to a file: memory stays flat, however many there are."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

# What fits one sheet, and one cell of it.
SHEET_ROWS = 1_048_576
CELL_LETTERS = 32_767
LABEL_LETTERS = 31


def write(path: Path, label: str, names: Sequence[str], rows: Iterable[Sequence[Any]], *, beside: Path) -> int:
    """Write a header and rows, as ``export`` has them; returns the number of rows.

    What is not finished stands in the folder ``beside``.
    """
    options = {"constant_memory": True, "tmpdir": str(beside), "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(label[:LABEL_LETTERS])
        sheet.write_row(0, 0, names)
        return _write_rows(sheet, rows)


def _write_rows(sheet: Any, rows: Iterable[Sequence[Any]]) -> int:
    place = 0
    for place, row in enumerate(rows, start=1):
        if place >= SHEET_ROWS - 1:
            sheet.write_string(place, 0, "A sheet holds no more rows; export CSV for all of them.")
            return place - 1
        for column, value in enumerate(row):
            _write_cell(sheet, place, column, value)
    return place


def _write_cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15:
        sheet.write_number(row, column, value)
    elif value != "":
        said = value if isinstance(value, str) else str(value)
        sheet.write_string(row, column, said[:CELL_LETTERS])
