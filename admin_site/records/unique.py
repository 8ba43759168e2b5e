"""Values that only one live row may have."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from admin_site.core import text
from admin_site.core.database import execute_kept
from admin_site.core.driver import Collision
from admin_site.core.errors import Conflict
from admin_site.core.in_list import in_list
from admin_site.core.section import Change, Section
from admin_site.records import statements

BUSY = "Others take the same address at this moment. Please try again."


def check(section: Section, changes: Sequence[Change]) -> None:
    """``Conflict`` names each field whose value another live row, or another change, has.

    Values that a section found free while it chose them (``Change.free``) are compared with those of the others only.
    """
    errors: dict[str, list[str]] = {}
    for name, column in section.unique.items():
        claims = [c for c in changes if c.after["live"] and c.after[column] is not None and _is_claimed(c, column)]
        if not claims:
            continue
        wanted = [change.after[column] for change in claims]
        unsure = [change for change in claims if name not in change.free]
        numbers = [change.after.get("id") for change in claims]
        taken = _taken(section, column, [c.after[column] for c in unsure], numbers) if unsure else set()
        for change in claims:
            value = change.after[column]
            if value in taken or wanted.count(value) > 1:
                errors[name] = [sentence(section, name, change.after[name])]
    if errors:
        raise Conflict(fields=errors)


def is_free(section: Section, name: str, value: str, row_id: int | None) -> bool:
    """Whether no other live row has this value."""
    column = section.unique[name]
    return not _taken(section, column, [value], [row_id])


def sentence(section: Section, name: str, value: Any) -> str:
    """What to say about a value that is taken."""
    label = section.field(name).label
    return f"{label} “{text.clip(str(value), 60)}” is already used by another {section.singular}."


def field_taken(change: Change, error: IntegrityError | Collision) -> str | None:
    """The field whose value somebody else took, if it was one: databases name it in an error."""
    section = change.section
    if isinstance(error, Collision):
        values = {name: change.after[column] for name, column in section.unique.items()}
        return next((n for n, v in values.items() if v is not None and not is_free(section, n, v, None)), None)
    said = str(error.orig)
    return next((name for name, column in section.unique.items() if column in said), None)


def _is_claimed(change: Change, column: str) -> bool:
    return change.changed(column) or change.changed("live")


def _taken(section: Section, column: str, wanted: list[Any], but: Sequence[int | None]) -> set[Any]:
    columns = section.table.columns
    numbers = [number for number in but if number is not None]

    def make() -> Select[Any]:
        here = in_list(columns[column], "wanted")
        others = [~in_list(columns.id, "but")] if numbers else []
        return select(columns[column]).where(here, columns.live == 1, *others)

    query = statements.kept(("taken", section.table, column, bool(numbers)), make)
    asked = {"wanted": wanted} | ({"but": numbers} if numbers else {})
    return set(execute_kept(query, asked).scalars().all())


def key_of(section: Section, name: str, value: Any) -> str:
    """The form in which a value of this field is compared: folded where the field has a folded column."""
    return text.key(str(value)) if name in section.keys else str(value)
