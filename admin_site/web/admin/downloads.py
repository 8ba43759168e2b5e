"""A list as a file, streamed: memory stays flat, and the right to export is asked for again and again."""

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, current_app

from admin_site.accounts import sessions
from admin_site.accounts.actor import ANONYMOUS
from admin_site.core import clock
from admin_site.records import export, workbook
from admin_site.records.keyset import Position
from admin_site.records.list_query import ListQuery
from admin_site.web.identity import actor

PIECE = 64 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_response(query: ListQuery, chosen: Sequence[str]) -> Response:
    """UTF-8, a header row of field names, formulas made harmless."""
    return _response(query, _csv(query, chosen), "csv", "text/csv; charset=utf-8")


def xlsx_response(query: ListQuery, chosen: Sequence[str]) -> Response:
    """A workbook with one sheet, written to a file beside the memory and sent from there."""
    return _response(query, _xlsx(query, chosen), "xlsx", XLSX)


def _response(query: ListQuery, parts: Iterator[Any], kind: str, mimetype: str) -> Response:
    response = Response(parts, mimetype=mimetype)
    day = clock.now().date().isoformat()
    response.headers["Content-Disposition"] = f'attachment; filename="{query.section.name}-{day}.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


class Lots:
    """The rows of a list, a lot at a time, each in a context and a transaction of its own.

    Between two lots nothing stands open, however slow the line is; who asks is loaded anew for each.
    """

    def __init__(self, query: ListQuery, names: Sequence[str]) -> None:
        self.app = cast("Flask", current_app._get_current_object())  # type: ignore[attr-defined]
        self.token = actor().get_id()
        self.query, self.names = query, names

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        position: Position | None = None
        while True:
            rows, position = self._next(position)
            yield rows
            if position is None:
                return

    def _next(self, position: Position | None) -> tuple[list[tuple[Any, ...]], Position | None]:
        with self.app.app_context():
            person = sessions.load(self.token) or ANONYMOUS
            return export.lot(person, self.query, self.names, position)


def _csv(query: ListQuery, chosen: Sequence[str]) -> Iterator[bytes]:
    names = export.columns(query.section, chosen)
    lots = Lots(query, names)
    return _csv_lines(export.header(query.section, names), lots)


def _csv_lines(names: Sequence[str], lots: Lots) -> Iterator[bytes]:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(names)
    yield _taken(file)
    for rows in lots:
        writer.writerows(rows)
        yield _taken(file)


def _taken(file: io.StringIO) -> bytes:
    """What was written since the last time."""
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()


def _xlsx(query: ListQuery, chosen: Sequence[str]) -> Iterator[bytes]:
    names = export.columns(query.section, chosen)
    header = export.header(query.section, names)
    return _xlsx_pieces(query.section.label, header, Lots(query, names), current_app.instance_path)


def _xlsx_pieces(label: str, names: Sequence[str], lots: Lots, place: str) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "export.xlsx"
        workbook.write(path, label, names, (row for rows in lots for row in rows), beside=Path(folder))
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece
