"""Counts by value and totals of a filtered list, each bounded as the list's own count is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all

from admin_site.core.database import db
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import relations
from admin_site.records.filters import Condition, Node, bounded_count, read_condition
from admin_site.records.list_query import ListQuery, groupable
from admin_site.records.reads import COUNT_MOST, Matching

GROUPS_MOST = 50


@dataclass(frozen=True)
class Group:
    """One value of a field, how many rows have it, and the list of these rows."""

    value: Any
    label: str
    count: int
    query: ListQuery
    is_chosen: bool = False

    @property
    def is_bounded(self) -> bool:
        """Whether there are more than the count says."""
        return self.count > COUNT_MOST and not self.query.is_exact


@dataclass(frozen=True)
class Facet:
    """A field with its values; ``is_too_many`` where more rows than are counted would have to be grouped."""

    field: Field
    groups: Sequence[Group] = ()
    is_too_many: bool = False


@dataclass(frozen=True)
class Total:
    """What the numbers of a column come to; None where no row has one."""

    field: Field
    least: int | None
    most: int | None
    total: int | None
    average: float | None


def facet(actor: Actor, query: ListQuery, field: Field) -> Facet:
    """The values of a field in the rows of the list, without the list's own filter on that field."""
    base = _without(query, field)
    matching = Matching.of(actor, base)
    chosen = {condition.value for condition in _conditions(query) if condition.field.name == field.name}
    if field.kind in (Kind.CHOICE, Kind.BOOLEAN):
        counts = _count_each(matching, field)
        labels = _labels(field)
    else:
        if not query.is_exact and matching.count() > COUNT_MOST:
            return Facet(field, is_too_many=True)
        counts = _group(matching, field)
        titles = relations.titles(field.target, [value for value in counts if value]) if field.target else {}
        labels = {number: title.text for number, title in titles.items()}
    return Facet(field, [_grouped(base, field, value, labels, count, chosen) for value, count in counts.items()])


def _grouped(
    base: ListQuery, field: Field, value: Any, labels: Mapping[Any, str], count: int, chosen: set[Any]
) -> Group:
    raw = "1" if value is None or value is True else "0" if value is False else str(value)
    condition = read_condition(field, "isnull" if value is None else "eq", raw)
    query = replace(base, conditions=(*base.conditions, condition))
    label = "None" if value is None else labels.get(value, str(value))
    return Group(value, label, count, query, is_chosen=value in chosen)


def totals(actor: Actor, query: ListQuery) -> list[Total] | None:
    """What number columns come to; None where more rows than are counted would have to be added up."""
    fields = [item for item in numbers(query.section) if item.name != "id"]
    if not fields:
        return []
    matching = Matching.of(actor, query)
    if not query.is_exact and matching.count() > COUNT_MOST:
        return None
    columns = query.section.table.columns
    asked = [
        part
        for item in fields
        for part in (
            func.min(columns[item.name]), func.max(columns[item.name]), func.sum(columns[item.name]),
            func.avg(columns[item.name]),
        )
    ]  # fmt: skip
    row = db.session.execute(_over(matching, asked)).one()
    return [
        Total(item, row[place * 4], row[place * 4 + 1], _whole(row[place * 4 + 2]), _real(row[place * 4 + 3]))
        for place, item in enumerate(fields)
    ]


def numbers(section: Section) -> list[Field]:
    """The fields that hold numbers which can be added up."""
    return [
        item
        for item in section.all_fields.values()
        if item.kind is Kind.INTEGER and not item.secret and not item.fixed and item.name in section.table.columns
    ]


def facets(actor: Actor, query: ListQuery) -> list[Facet]:
    """A facet for the field that the list is grouped by, else for each filter that has few values."""
    allowed = groupable(query.section)
    names = [query.group] if query.group else [name for name in query.section.filters if name in allowed]
    return [facet(actor, query, allowed[name]) for name in names]


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _real(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


def _over(matching: Matching, columns: Sequence[Any]) -> Select[Any]:
    table = matching.query.section.table
    statement = select(*columns).select_from(table)
    return statement.where(*matching.where(few=True))


def _count_each(matching: Matching, field: Field) -> dict[Any, int]:
    """How many rows have each declared value, each counted no further than the bound."""
    values = [choice.value for choice in field.choices] if field.kind is Kind.CHOICE else [True, False]
    column = matching.query.section.table.columns[field.name]
    few = matching.count(1_000) <= 1_000 if matching.has_words else False
    parts = []
    for place, value in enumerate(values):
        inner = select(literal(1).label("one")).select_from(matching.query.section.table)
        inner = inner.where(*matching.where(few=few), column == value)
        counting = (
            select(func.count()).select_from(inner.subquery())
            if matching.query.is_exact
            else bounded_count(inner, COUNT_MOST)
        )
        parts.append(select(literal(place).label("place"), counting.scalar_subquery().label("count")))
    found = {row["place"]: row["count"] for row in db.session.execute(union_all(*parts)).mappings()}
    return {value: found[place] for place, value in enumerate(values)}


def _group(matching: Matching, field: Field) -> dict[Any, int]:
    column = matching.query.section.table.columns[field.name]
    many = func.count().label("many")
    statement = _over(matching, [column, many]).group_by(column).order_by(many.desc(), column).limit(GROUPS_MOST)
    return {row[0]: row[1] for row in db.session.execute(statement)}


def _labels(field: Field) -> dict[Any, str]:
    if field.kind is Kind.BOOLEAN:
        return {True: "Yes", False: "No"}
    return dict(field.choice_labels)


def _conditions(query: ListQuery) -> list[Condition]:
    meant: list[Node] = [part.meaning for part in query.parts if part.meaning is not None]
    return [node for node in (*query.conditions, *meant) if isinstance(node, Condition) and node.operator == "eq"]


def _without(query: ListQuery, field: Field) -> ListQuery:
    """The list without its plain filters on one field."""
    for condition in query.conditions:
        if condition.field.name == field.name and condition.via is None:
            query = query.without(condition)
    for part in query.parts:
        if isinstance(part.meaning, Condition) and part.meaning.field.name == field.name and part.meaning.via is None:
            query = query.without(part)
    return query
