"""Conditions of a list: read from words, said in words, turned into SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, func, literal, not_, or_, select

from admin_site.core import text
from admin_site.core.section import Field, Kind, Section
from admin_site.records import pins, values

# Operator to the word that stands between field and value.
OPERATORS: Mapping[str, str] = {
    "eq": "is",
    "ne": "is not",
    "lt": "is before",
    "lte": "is at most",
    "gt": "is after",
    "gte": "is at least",
    "in": "is one of",
    "contains": "contains",
    "isnull": "is empty",
}
_ORDERED = frozenset({"lt", "lte", "gt", "gte"})
IN_MOST = 100
LENGTH_MOST = 1_000


@dataclass(frozen=True)
class Condition:
    """One filter: ``value`` is clean, ``text`` is what was written."""

    field: Field
    operator: str
    value: Any
    text: str

    @property
    def name(self) -> str:
        """Its word in the query string."""
        return self.field.name if self.operator == "eq" else f"{self.field.name}__{self.operator}"


def read_condition(field: Field, operator: str, raw: str) -> Condition:
    """A condition from its text; ``ValueError`` with one sentence where it makes no sense."""
    if len(raw) > LENGTH_MOST:
        raise ValueError(f"{field.label} is compared with at most {LENGTH_MOST:,} characters.")
    if not text.is_storable(raw):
        raise ValueError(f"{field.label} cannot be compared with that.")
    if operator == "isnull":
        return Condition(field, operator, values.clean(Field(name="", kind=Kind.BOOLEAN, label=field.label), raw), raw)
    if operator == "contains":
        if not field.is_text:
            raise ValueError(f"{field.label} is no text, so it contains nothing.")
        return Condition(field, operator, text.fold(raw), raw)
    if operator in _ORDERED and (field.kind in (Kind.BOOLEAN, Kind.CHOICE) or field.is_relation):
        raise ValueError(f"{field.label} has no order.")
    if operator == "in":
        parts = raw.split(",")[:IN_MOST]
        return Condition(field, operator, tuple(_value(field, part) for part in parts), raw)
    return Condition(field, operator, _value(field, raw), raw)


def _value(field: Field, raw: str) -> Any:
    if field.kind in (Kind.SLUG, Kind.EMAIL, Kind.TEXT, Kind.LONGTEXT, Kind.MARKDOWN):
        return raw
    kind = Kind.RELATION if field.kind is Kind.RELATIONS else field.kind
    value = values.clean(replace(field, kind=kind, least=None, most=None), raw)
    if value is None:
        raise ValueError(f"{field.label} is compared with nothing.")
    return value


def where(section: Section, condition: Condition) -> ColumnElement[bool]:
    """The condition over the section's table."""
    field, operator, value = condition.field, condition.operator, condition.value
    if field.name == "is_pinned" and section.pins:
        is_pinned = pins.is_pinned(section)
        return is_pinned if bool(value) == (operator not in ("ne",)) else not_(is_pinned)
    if field.kind is Kind.RELATIONS:
        return _where_linked(section.table, field, operator, value)
    column = section.table.columns[field.name]
    match operator:
        case "isnull":
            return column.is_(None) if value else column.is_not(None)
        case "contains":
            return _contains(section, field.name, value)
        case "in":
            return column.in_(value)
        case "ne":
            return or_(column != value, column.is_(None))
        case "eq":
            return _equals(column, condition)
    edge = _ordered(section, field, value)
    return _compared(operator, *edge, whole_day=_is_whole_day(condition))


def _equals(column: Any, condition: Condition) -> ColumnElement[bool]:
    if _is_whole_day(condition):
        return and_(column >= condition.value, column < condition.value + timedelta(days=1))
    equal: ColumnElement[bool] = column == condition.value
    return equal


def _is_whole_day(condition: Condition) -> bool:
    return condition.field.kind is Kind.DATETIME and values.is_plain_date(condition.text)


def _compared(operator: str, column: Any, value: Any, *, whole_day: bool) -> ColumnElement[bool]:
    # The end of a day is the beginning of the next: "at most the 5th" has the whole of the 5th.
    end = value + timedelta(days=1) if whole_day else value
    answers: dict[str, ColumnElement[bool]] = {
        "lt": column < value,
        "lte": column < end if whole_day else column <= value,
        "gt": column >= end if whole_day else column > value,
        "gte": column >= value,
    }
    return answers[operator]


def _ordered(section: Section, field: Field, value: Any) -> tuple[Any, Any]:
    if field.name in section.keys:
        return section.table.columns[section.keys[field.name]], text.key(value)
    return section.table.columns[field.name], value


def _contains(section: Section, name: str, folded: str) -> ColumnElement[bool]:
    column = section.table.columns[section.keys.get(name, name)]
    return column.contains(folded, autoescape=True)


def _where_linked(table: Table, field: Field, operator: str, value: Any) -> ColumnElement[bool]:
    through = field.through
    assert through is not None  # noqa: S101 - checked at start (S012)
    mine, theirs = list(through.columns)
    linked = select(literal(1)).where(mine == table.columns.id)
    if operator == "isnull":
        return not_(exists(linked)) if value else exists(linked)
    matching = exists(linked.where(theirs.in_(value if operator == "in" else [value])))
    return not_(matching) if operator == "ne" else matching


def where_words(section: Section, words: list[str]) -> ColumnElement[bool]:
    """Each word stands in one of the searched fields."""
    return and_(*(or_(*(_contains(section, name, text.fold(word)) for name in section.search)) for word in words))


def bounded_count(matching: Any, most: int) -> Any:
    """How many rows match, counted no further than ``most`` + 1."""
    return select(func.count()).select_from(matching.limit(most + 1).subquery())
