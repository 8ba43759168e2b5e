"""What the list template needs beside the page itself: columns with their sort links, chips, filter controls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Request, url_for

from admin_site.accounts.actor import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import filters, reads
from admin_site.records.list_query import ListQuery, Order, sortable

PER_PAGE_CHOICES = (25, 50, 100, 200)
# How wide a column is, by what it holds.
WIDTHS: Mapping[Kind, str] = {
    Kind.TEXT: "c-l", Kind.LONGTEXT: "c-l", Kind.MARKDOWN: "c-l", Kind.EMAIL: "c-x24", Kind.SLUG: "c-l",
    Kind.ISBN: "c-m", Kind.PASSWORD: "c-m", Kind.INTEGER: "c-s", Kind.BOOLEAN: "c-s", Kind.CHOICE: "c-sm",
    Kind.DATETIME: "c-sm", Kind.RELATION: "c-l", Kind.RELATIONS: "c-m",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of the table."""

    field: Field
    width: str
    priority: str
    sort_url: str
    direction: str

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def classes(self) -> str:
        """The classes of its cells."""
        return " ".join(filter(None, (self.priority, "n" if self.field.kind is Kind.INTEGER else "")))


@dataclass(frozen=True)
class Chip:
    """One active filter in words, and the list without it."""

    label: str
    operator: str
    value: str
    remove_url: str


@dataclass(frozen=True)
class Control:
    """One filter of the panel: its present value and, for relations, what can be chosen."""

    field: Field
    values: Mapping[str, str]
    options: Sequence[reads.Title] = ()
    found: str = ""


def list_url(query: ListQuery, **changes: Any) -> str:
    """The address of a list."""
    args: dict[str, Any] = query.to_args(**changes)
    endpoint = "trash_view" if query.trashed else "index_view"
    return url_for(f"{query.section.name}.{endpoint}", **args)


def columns(query: ListQuery) -> list[Column]:
    """The columns that the declaration lists; the first is the row's title."""
    section, allowed = query.section, sortable(query.section)
    found = []
    for place, name in enumerate(section.columns):
        field = section.field(name)
        is_last = place == len(section.columns) - 1
        priority = "" if place < 2 or is_last else "p2" if place == 2 else "p3"
        width = "" if place == 0 or field.kind is None else WIDTHS[field.kind]
        order = next((order for order in query.sort if order.field == name), None)
        url = list_url(query, sort=(_turned(field, order),), page=1) if name in allowed else ""
        direction = "" if order is None else "descending" if order.descending else "ascending"
        found.append(Column(field, width, priority, url, direction))
    return found


def _turned(field: Field, order: Order | None) -> Order:
    if order is not None:
        return Order(field.name, not order.descending)
    return Order(field.name, field.kind is Kind.DATETIME)


def chips(actor: Actor, query: ListQuery) -> Iterator[Chip]:
    """The active filters in words."""
    for condition in query.conditions:
        field, operator = condition.field, filters.OPERATORS[condition.operator]
        if condition.operator == "isnull":
            operator, value = ("is empty", "") if condition.value else ("is not empty", "")
        else:
            value = _said(actor, query.section, condition)
        yield Chip(field.label, operator, value, list_url(query.without(condition)))


def _said(actor: Actor, section: Section, condition: filters.Condition) -> str:
    field = condition.field
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if field.target:
        titles = {title.id: title for title in reads.in_use(actor, section, field, ids=values)}
        return ", ".join(titles[value].text if value in titles else f"number {value}" for value in values)
    if field.kind is Kind.BOOLEAN:
        return "yes" if condition.value else "no"
    if field.kind is Kind.CHOICE:
        return ", ".join(field.choice_labels.get(value, str(value)) for value in values)
    return condition.text


def controls(actor: Actor, query: ListQuery, request: Request) -> Iterator[Control]:
    """The filters that the panel offers."""
    section = query.section
    present = {condition.name: condition.text for condition in query.conditions}
    for name in section.filters:
        field = section.field(name)
        values = {key: text for key, text in present.items() if key.partition("__")[0] == name}
        if field.is_relation:
            found = request.args.get(f"find.{name}", "")
            yield Control(field, values, _options(actor, section, field, values, found), found)
        else:
            yield Control(field, values)


def _options(
    actor: Actor, section: Section, field: Field, values: Mapping[str, str], found: str
) -> Sequence[reads.Title]:
    options = reads.in_use(actor, section, field, found)
    known = {option.id for option in options}
    chosen = [int(text) for text in values.values() if text.isascii() and text.isdigit() and len(text) < 19]
    missing = [number for number in chosen if number not in known]
    return [*(reads.in_use(actor, section, field, ids=missing) if missing else ()), *options]
