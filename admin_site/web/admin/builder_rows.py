"""The rows of the filter builder: a tree of conditions and groups, read from its form and rearranged."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from admin_site.records import language
from admin_site.records.filters import UNITS

ROWS_MOST = 30


@dataclass
class Row:
    """One condition as the form has it; several values stand in ``value`` with commas between them.

    ``until`` is the end of what begins with the value, ``error`` what is wrong with it.
    """

    place: str = ""
    field: str = ""
    operator: str = ""
    value: str = ""
    until: str = ""
    unit: str = "d"
    error: str = ""

    @property
    def values(self) -> list[str]:
        """The several values; one with a comma in it has quotes around it."""
        lines = csv.reader(self.value.splitlines(), skipinitialspace=True)
        return [value.strip() for line in lines for value in line if value.strip()]


def listed(values: Sequence[str]) -> str:
    """Several values in one text, with commas between them."""
    return ", ".join('"{}"'.format(value.replace('"', '""')) if set(value) & {",", '"'} else value for value in values)


@dataclass
class Rows:
    """A group of rows and groups."""

    place: str = ""
    is_any: bool = False
    parts: list["Row | Rows"] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """How deep it lies; the outermost is 1."""
        return self.place.count(".") + 2 if self.place else 1


_CONTROLS = (("field", "f"), ("operator", "o"), ("value", "v"), ("until", "w"), ("unit", "u"))


def read(args: MultiDict[str, str], place: str) -> Rows:
    """The rows of a form, from a place on."""
    prefix = f"b.{place}." if place else "b."
    found = Rows(place=place, is_any=args.get(f"{prefix}g") == "any")
    for index in range(ROWS_MOST):
        at = f"{place}.{index}" if place else str(index)
        if f"b.{at}.g" in args and found.depth < language.DEPTH_MOST:
            found.parts.append(read(args, at))
        elif f"b.{at}.f" in args:
            said = {name: args.get(f"b.{at}.{letter}", "") for name, letter in _CONTROLS}
            if len(ticked := args.getlist(f"b.{at}.v")) > 1:
                said["value"] = listed([value for value in ticked if value])
            found.parts.append(Row(at, **{**said, "unit": said["unit"] if said["unit"] in UNITS else "d"}))
    return found


def placed(rows: Rows) -> Rows:
    """The same rows, each with the place where it stands now."""
    for index, part in enumerate(rows.parts):
        part.place = f"{rows.place}.{index}" if rows.place else str(index)
        if isinstance(part, Rows):
            placed(part)
    return rows


def find(rows: Rows, place: str) -> Rows | None:
    """The group at a place."""
    if rows.place == place:
        return rows
    groups = (part for part in rows.parts if isinstance(part, Rows))
    return next((found for group in groups if (found := find(group, place)) is not None), None)


def remove(rows: Rows, place: str) -> None:
    """Take a row or group away."""
    rows.parts = [part for part in rows.parts if part.place != place]
    for part in rows.parts:
        if isinstance(part, Rows):
            remove(part, place)


def move(rows: Rows, place: str, step: int) -> None:
    """Move a row or group up or down within its group; at the edge it stays."""
    for at, part in enumerate(rows.parts):
        if part.place == place and 0 <= at + step < len(rows.parts):
            rows.parts.insert(at + step, rows.parts.pop(at))
            return
        if isinstance(part, Rows):
            move(part, place, step)


def size(rows: Rows) -> int:
    """How many rows there are in all."""
    return sum(size(part) if isinstance(part, Rows) else 1 for part in rows.parts)


def has_errors(rows: Rows) -> bool:
    """Whether some row is wrong."""
    return any(has_errors(part) if isinstance(part, Rows) else bool(part.error) for part in rows.parts)
