"""Rows of a list as a table of plain values, none of them a formula: what CSV and XLSX files are made of.

Read in lots, each by its position and each under the rights of that moment, so that memory stays flat
and somebody whose right is taken away gets no further.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TextIO

from admin_site.accounts import permissions
from admin_site.core.errors import Denied
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import paging, pins, relations
from admin_site.records.keyset import Position
from admin_site.records.list_query import ListQuery, listable

# Rows that are read at once: fewer of long texts.
LOT, LOT_OF_SHORT = 1_000, 4_000
# What a spreadsheet would take as the beginning of a formula.
RISKY = frozenset("=+-@\t\r'")


def columns(section: Section, chosen: Sequence[str]) -> list[str]:
    """The field names of the file: the number, then the chosen columns, or every field."""
    names = chosen or tuple(listable(section))
    return list(dict.fromkeys(["id", *names]))


def header(section: Section, names: Sequence[str]) -> list[str]:
    """The names of the file's columns: of fields, and where a relation is written by title, as import reads those."""
    return [title_column(section.field(name)) for name in names]


def title_column(field: Field) -> str:
    """``category`` for ``category_id``, ``tags`` for ``tag_ids``: the column with titles instead of numbers."""
    if not field.is_relation:
        return field.name
    if field.name.endswith("_ids"):
        return field.name.removesuffix("_ids") + "s"
    return field.name.removesuffix("_id")


def write_csv(actor: Actor, query: ListQuery, file: TextIO) -> int:
    """Write the whole list into an open text file; returns the number of rows."""
    names = columns(query.section, ())
    writer = csv.writer(file)
    writer.writerow(header(query.section, names))
    count = 0
    for rows in lots(actor, query, names):
        writer.writerows(rows)
        count += len(rows)
    return count


def lots(actor: Actor, query: ListQuery, names: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """The whole list, a lot at a time."""
    position: Position | None = None
    while True:
        rows, position = lot(actor, query, names, position)
        yield rows
        if position is None:
            return


def lot(
    actor: Actor, query: ListQuery, names: Sequence[str], position: Position | None
) -> tuple[list[tuple[Any, ...]], Position | None]:
    """The next rows of the list in its order, with the values of these fields, and where they end (None: there).

    Without the right to export, ``Denied``: it is asked for each lot.
    """
    section = query.section
    if not permissions.allows(actor, "export", section):
        raise Denied("The right to export was taken away.", needs=f"{section.name}.export")
    size = LOT if any(section.field(name).is_long for name in names) else LOT_OF_SHORT
    query = replace(query, per_page=size, page=1, after="", pinned="" if query.pinned == "first" else query.pinned)
    rows, end = paging.walk(actor, query, names, position)
    ids = [row.id for row in rows]
    read = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True)) if rows else {}
    fields = [section.field(name) for name in names]
    written = [_harmless(field, _column(section, field, read, ids)) for field in fields]
    return list(zip(*written, strict=True)), end


def _column(section: Section, field: Field, read: Mapping[str, Sequence[Any]], ids: Sequence[int]) -> Sequence[Any]:
    """The values of one field as a file has them: related rows by title, moments in UTC.

    By columns, because what is asked of each value is asked a hundred thousand times.
    """
    name = field.name
    if name == "is_pinned" and section.pins:
        pinned = pins.pinned_among(section, ids)
        return ["yes" if number in pinned else "no" for number in ids]
    if field.kind is Kind.RELATIONS:
        links, titles = relations.linked(field, ids)
        return ["|".join(titles[number].text for number in links[row_id]) for row_id in ids]
    if field.kind is Kind.RELATION and field.target is not None:
        parts = [read.get(f"{name}__{place}", ()) for place in range(len(field.target.__title__))]
        if len(parts) == 1:
            return [value or "" for value in parts[0]]
        return [" ".join(str(part) for part in title if part) for title in zip(*parts, strict=True)]
    values = read.get(name, ())
    if field.kind is Kind.BOOLEAN:
        return ["" if value is None else "yes" if value else "no" for value in values]
    return ["" if value is None else value for value in values]


# What is written of these begins with a digit, a minus or a letter of ours.
_ALWAYS_HARMLESS = frozenset({Kind.INTEGER, Kind.BOOLEAN, Kind.DATETIME})


def _harmless(field: Field, texts: Sequence[Any]) -> Sequence[Any]:
    """A column without formulas: all other kinds are texts, of which those that begin riskily are looked at."""
    if field.kind in _ALWAYS_HARMLESS:
        return texts
    return [harmless(value) if value[:1] in RISKY else value for value in texts]


def harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula; import takes the quote off again."""
    if isinstance(value, str) and value[:1] in RISKY and not is_number(value):
        return f"'{value}"
    return value


def is_number(value: str) -> bool:
    """Whether it is a plain number, which is left alone."""
    return value.removeprefix("-").removeprefix("+").replace(".", "", 1).isdigit() and value.isascii()
