"""Which column goes to which field, how rows are matched, and what a file's text means for each field."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.core import registry, text
from admin_site.core.database import db
from admin_site.core.errors import AppError, Invalid
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.imports.reading import Row
from admin_site.records import export, relations, values, writes
from admin_site.records.effects import Deed
from admin_site.records.filters import is_live
from admin_site.records.unique import key_of as unique_key

MODES = {
    "add": "Add new rows, refuse those that are there",
    "skip": "Add new rows, leave those that are there",
    "update": "Change rows that are there, refuse new ones",
    "upsert": "Add new rows, change those that are there",
}
RELATED = {"refuse": "refuse the row", "create": "make it"}
BETWEEN = "|"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a person chose. ``columns`` names a field, or ``field:title`` for a relation by title, by column."""

    columns: Mapping[str, str]
    key: str = ""
    mode: str = "add"
    related: str = "refuse"
    good_rows: bool = False

    def to_json(self) -> dict[str, Any]:
        """As a job keeps it."""
        return {
            "columns": dict(self.columns), "key": self.key, "mode": self.mode, "related": self.related,
            "good_rows": self.good_rows,
        }  # fmt: skip

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Settings":
        """The opposite."""
        return cls(**said)


@dataclass(frozen=True)
class Target:
    """Where a column may go: a field, by its value or, for a relation, by the title of the other row."""

    field: Field
    by_title: bool = False

    @property
    def name(self) -> str:
        """As ``Settings.columns`` has it."""
        return f"{self.field.name}:title" if self.by_title else self.field.name

    @property
    def label(self) -> str:
        """As people read it."""
        if not self.field.is_relation:
            return self.field.label
        return f"{self.field.label} ({'name' if self.by_title else 'number'})"


def targets(actor: Actor, section: Section) -> dict[str, Target]:
    """The fields that a file can fill, in the form's order."""
    found: list[Target] = []
    for item in section.all_fields.values():
        if item.secret or item.kind is Kind.PASSWORD or (item.fixed and item.name != "id"):
            continue
        if item.name == "is_pinned" and not permissions.allows(actor, "pin", section):
            continue
        if item.is_relation:
            found.append(Target(item, by_title=True))
        found.append(Target(item))
    return {target.name: target for target in found}


def keys(section: Section) -> list[Field]:
    """The fields by which rows can be matched: the number, and what is unique."""
    return [section.field("id"), *(section.field(name) for name in section.unique)]


def guess(actor: Actor, section: Section, columns: Iterable[str]) -> dict[str, str]:
    """The field of each column, by its name; empty where none has it."""
    offered = targets(actor, section)
    spoken: dict[str, str] = {}
    for name, target in offered.items():
        plain = target.field.name
        if target.by_title:
            names = [export.title_column(target.field), re.sub(r"_ids?$", "", plain), target.field.label]
        else:
            names = [plain] if target.field.is_relation else [plain, target.field.label]
        for said in names:
            spoken.setdefault(_folded(said), name)
    taken: set[str] = set()
    found = {}
    for column in columns:
        name = spoken.get(_folded(column), "")
        plain = name.removesuffix(":title")
        found[column] = "" if plain in taken else name
        taken.add(plain)
    return found


def _folded(said: str) -> str:
    return re.sub(r"[\W_]+", "_", text.fold(said)).strip("_")


def check(actor: Actor, section: Section, settings: Settings, columns: Sequence[str]) -> None:
    """``Invalid`` names what does not fit, before a row is looked at."""
    offered = targets(actor, section)
    chosen = [name for column, name in settings.columns.items() if name and column in columns]
    if not chosen:
        raise Invalid("Choose a field for at least one column.")
    for name in chosen:
        if name not in offered:
            raise Invalid(f"There is no field “{name[:60]}” to import into.")
        plain = [other.removesuffix(":title") for other in chosen]
        if plain.count(name.removesuffix(":title")) > 1:
            raise Invalid(f"Two columns go to {offered[name].field.label}; choose one.")
    if settings.mode not in MODES or settings.related not in RELATED:
        raise Invalid("Choose what is to be done with rows that are there already.")
    if settings.key and settings.key not in {item.name for item in keys(section)}:
        raise Invalid("Rows can be matched by their number or by a unique field.")
    if settings.key and settings.key not in chosen:
        raise Invalid(f"No column goes to {section.field(settings.key).label}, by which rows are to be matched.")
    if settings.mode != "add" and not settings.key:
        raise Invalid("Choose the field by which rows are matched.")


@dataclass
class Reader:
    """Turns rows of a file into what would be sent, with look-ups of related rows done for a lot at once."""

    deed: Deed
    section: Section
    settings: Settings
    columns: Sequence[str]
    # Field to folded title to the number of the row, None where several have it.
    known: dict[str, dict[str, int | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        offered = targets(self.deed.actor, self.section)
        self.places = [
            (place, offered[name])
            for place, column in enumerate(self.columns)
            if (name := self.settings.columns.get(column, "")) in offered
        ]

    def look_up(self, rows: Sequence[Row]) -> None:
        """Find the related rows that these rows name."""
        for place, target in self.places:
            if target.by_title:
                named = {title for row in rows for title in _titles(target.field, _cell(row, place))}
                self.known.setdefault(target.field.name, {}).update(_numbers(self.deed.actor, target.field, named))

    def standing(self, rows: Sequence[Row]) -> dict[int, int]:
        """Which of these rows are there already, by their key alone: line to number."""
        places = [place for place, target in self.places if target.name == self.settings.key]
        if not places:
            return {}
        item, cells = self.section.field(self.settings.key), {row.line: _cell(row, places[0]) for row in rows}
        found = matched(self.deed.actor, self.section, item.name, list(cells.values()))
        keys = {line: folded_key(self.section, item, cell) for line, cell in cells.items()}
        return {line: found[key] for line, key in keys.items() if key is not None and key in found}

    def sent(self, row: Row) -> dict[str, Any]:
        """What the row says, for ``writes``; ``Invalid`` where the line or a related name is wrong."""
        if row.problem:
            raise Invalid(row.problem)
        found: dict[str, Any] = {}
        wrong: dict[str, list[str]] = {}
        for place, target in self.places:
            cell = _cell(row, place)
            if cell is None:
                continue
            try:
                found[target.field.name] = self._value(target, cell)
            except Invalid as error:
                wrong[target.field.name] = [error.message]
        if wrong:
            raise Invalid(fields=wrong)
        return found

    def _value(self, target: Target, cell: str) -> Any:
        item = target.field
        if not item.is_relation:
            return cell
        if not target.by_title:
            return [part.strip() for part in cell.split(BETWEEN) if part.strip()] if _is_many(item) else cell
        numbers: list[int | None] = [self._number(item, title) for title in _titles(item, cell)]
        return numbers if _is_many(item) else (numbers or [None])[0]

    def _number(self, item: Field, title: str) -> int:
        known, key = self.known.setdefault(item.name, {}), _title_key(item.target, title)
        if key not in known:
            if self.settings.related != "create":
                raise Invalid(f"{item.label} “{text.clip(title, 60)}” is not known.")
            known[key] = self._make(item, title)
        number = known[key]
        if number is None:
            raise Invalid(f"{item.label} “{text.clip(title, 60)}” is the name of several rows; give its number.")
        return number

    def _make(self, item: Field, title: str) -> int:
        other = registry.of_model(item.target) if item.target else None
        if other is None or len(other.title_columns) != 1:
            raise Invalid(f"{item.label} “{text.clip(title, 60)}” is not known, and cannot be made from a name.")
        try:
            return writes.create(self.deed.actor, other, {other.title_columns[0]: title}, deed=self.deed)
        except AppError as error:
            raise Invalid(f"{item.label} “{text.clip(title, 60)}” cannot be made: {error.message}") from None


def _cell(row: Row, place: int) -> str | None:
    return row.cells[place] if place < len(row.cells) else None


def _is_many(item: Field) -> bool:
    return item.kind is Kind.RELATIONS


def _titles(item: Field, cell: str | None) -> list[str]:
    if not cell or not cell.strip():
        return []
    return [part.strip() for part in cell.split(BETWEEN) if part.strip()] if _is_many(item) else [cell]


def _title_key(model: Any, title: str) -> str:
    """The folded form in which the titles of a model are kept."""
    other = registry.of_model(model)
    is_long = other is not None and other.field(other.title_columns[0]).is_long
    return text.long_key(title) if is_long else text.key(title.strip())


def _numbers(actor: Actor, item: Field, titles: Iterable[str]) -> dict[str, int | None]:
    """Folded title to number, of the rows that this person may choose; None where several have it."""
    assert item.target is not None  # noqa: S101 - checked at start (S011)
    model = item.target
    wanted = sorted({_title_key(model, title) for title in titles})
    if not wanted or len(model.__title__) != 1:
        return {}
    table: Any = model.__table__
    column = relations.key_column(table, model.__title__[0])
    query = select(column, table.columns.id).where(
        column.in_(wanted), is_live(table.columns), relations.selectable(actor, model)
    )
    found: dict[str, int | None] = {}
    for key, number in db.session.execute(query):
        found[key] = None if key in found else number
    return found


def matched(actor: Actor, section: Section, name: str, sent: Sequence[Any]) -> dict[str, int]:
    """The rows that stand, by the folded value of the key field."""
    item, table = section.field(name), section.table
    wanted = {key for raw in sent if (key := folded_key(section, item, raw)) is not None}
    column = table.columns[section.unique.get(name, name)]
    asked = [int(key) for key in wanted] if name == "id" else list(wanted)
    may = permissions.condition(actor, "read", section, table.columns)
    query = select(column, table.columns.id).where(column.in_(asked), is_live(table.columns), may)
    return {str(value): number for value, number in db.session.execute(query)} if asked else {}


def folded_key(section: Section, item: Field, raw: Any) -> str | None:
    """The form in which values of a key field are compared; None where there is no usable value."""
    try:
        value = values.clean(item, raw)
    except ValueError:
        return None
    if value is None or (item.name == "id" and not 0 < value <= values.ID_MOST):
        return None
    return unique_key(section, item.name, value)
