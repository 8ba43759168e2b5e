"""What the list template needs beside the page itself: columns with their sort links, chips, tabs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from admin_site.accounts.actor import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import filters, language, relations
from admin_site.records.filters import Age, Condition, Named, Node, Not, Some
from admin_site.records.list_query import ListQuery, Order, Part, listable, sortable
from admin_site.records.reads import Item
from admin_site.records.views import Preferences, View
from admin_site.web.addresses import url_for

PER_PAGE_CHOICES = (25, 50, 100, 200)
# How wide a column is, by what it holds.
WIDTHS: Mapping[Kind, str] = {
    Kind.TEXT: "c-l", Kind.LONGTEXT: "c-l", Kind.MARKDOWN: "c-l", Kind.EMAIL: "c-x24", Kind.SLUG: "c-l",
    Kind.ISBN: "c-m", Kind.PASSWORD: "c-m", Kind.INTEGER: "c-s", Kind.BOOLEAN: "c-s", Kind.CHOICE: "c-sm",
    Kind.DATETIME: "c-sm", Kind.RELATION: "c-l", Kind.RELATIONS: "c-m",
}  # fmt: skip
# What a cell can be changed to without leaving the list.
INLINE = frozenset(
    {Kind.TEXT, Kind.EMAIL, Kind.SLUG, Kind.ISBN, Kind.INTEGER, Kind.CHOICE, Kind.BOOLEAN, Kind.RELATION}
)


@dataclass(frozen=True)
class Column:
    """One column of the table. ``place`` is its number in a sort by several columns."""

    field: Field
    width: str
    priority: str
    sort_url: str
    more_url: str
    direction: str
    place: int
    is_inline: bool

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def classes(self) -> str:
        """The classes of its cells."""
        return _classes(self.field, self.priority)


@dataclass(frozen=True)
class Chip:
    """One active filter in words, and the list without it."""

    text: str
    value: str
    remove_url: str


@dataclass(frozen=True)
class Tab:
    """A saved view among the tabs of a list."""

    view: View
    url: str
    is_current: bool


def list_url(query: ListQuery, **changes: Any) -> str:
    """The address of a list."""
    args: dict[str, Any] = query.to_args(**changes)
    endpoint = "trash_view" if query.trashed else "index_view"
    return url_for(f"{query.section.name}.{endpoint}", **args)


def beside(query: ListQuery, endpoint: str, **more: Any) -> str:
    """The address of a page about this list, such as its filters or its export."""
    return url_for(f"{query.section.name}.{endpoint}", **{**query.first_page, **more})


def chosen_columns(query: ListQuery, preferences: Preferences) -> tuple[str, ...]:
    """The columns to show: those of the address, else those that the person likes, else the declared ones."""
    liked = tuple(name for name in preferences.columns if name in listable(query.section))
    return query.columns or liked or query.section.columns


def shown(section: Section, names: Sequence[str]) -> list[tuple[Field, str]]:
    """The columns with the classes of their cells."""
    fields = [section.field(name) for name in names]
    return [(field, _classes(field, _priority(place, len(names)))) for place, field in enumerate(fields)]


def _priority(place: int, count: int) -> str:
    """Which columns go first where the screen is narrow; the first two and the last stay."""
    return "" if place < 2 or place == count - 1 else "p2" if place == 2 else "p3"


def _classes(field: Field, priority: str) -> str:
    return " ".join(filter(None, (priority, "n" if field.kind is Kind.INTEGER else "")))


def columns(query: ListQuery, names: Sequence[str], path: str, may_update: bool) -> list[Column]:
    """The columns of the table; the first is the row's title. ``path`` is the address of the list."""
    section, allowed = query.section, sortable(query.section)
    base = {name: value for name, value in query.first_page.items() if name != "sort"}
    address = f"{path}?{urlencode(base)}&sort=" if base else f"{path}?sort="
    found = []
    for place, name in enumerate(names):
        field = section.field(name)
        priority = _priority(place, len(names))
        width = "" if place == 0 or field.kind is None else WIDTHS[field.kind]
        index = next((at for at, order in enumerate(query.orders) if order.field == name), None)
        order = None if index is None or query.is_ranked else query.orders[index]
        urls = _sort_urls(query, field, order, address) if name in allowed else ("", "")
        direction = "" if order is None else "descending" if order.descending else "ascending"
        number = (index or 0) + 1 if order is not None and len(query.orders) > 1 else 0
        is_inline = may_update and name in section.form and field.kind in INLINE
        found.append(Column(field, width, priority, *urls, direction, number, is_inline))
    return found


def _sort_urls(query: ListQuery, field: Field, order: Order | None, address: str) -> tuple[str, str]:
    """The list sorted by this column alone, and sorted by it beside the others (Shift and click)."""
    turned = Order(field.name, not order.descending) if order else Order(field.name, field.kind is Kind.DATETIME)
    others = [other for other in query.sort if other.field != field.name]
    if order is not None:
        more = [turned if other.field == field.name else other for other in query.orders]
    else:
        more = [*others, turned]
    return f"{address}{turned}", f"{address}{'%2C'.join(map(str, more))}"


def tabs(query: ListQuery, preferences: Preferences) -> list[Tab]:
    """The saved views of the person; which one is shown is part of the address."""
    index = f"{query.section.name}.index_view"
    # With all that it says, so that the address means the same to whoever it is sent to.
    return [
        Tab(view, url_for(index, **dict(parse_qsl(view.query)) | {"view": view.id}), view.id == query.view)
        for view in preferences.views
    ]


def chips(actor: Actor, query: ListQuery, items: Sequence[Item] = ()) -> Iterator[Chip]:
    """The active filters in words; the words that are searched for stand in the box.

    ``items`` are rows that the person sees: related rows that they show need not be asked for again.
    """
    words = _Words(actor, query.section, items[0].titles if items else {})
    for condition in query.conditions:
        label, value = words.of_condition(condition)
        yield Chip(label, value, list_url(query.without(condition)))
    for part in query.parts:
        if not _is_plain_word(part):
            label, value = words.of_part(part)
            yield Chip(label, value, list_url(query.without(part)))


def _is_plain_word(part: Part) -> bool:
    return part.meaning is None or (isinstance(part.typed, language.Term) and not part.typed.name)


@dataclass(frozen=True)
class _Words:
    """Says filters in words: what stands before the value, and the value."""

    actor: Actor
    section: Section
    known: Mapping[str, Mapping[int, relations.Title]]

    def of_part(self, part: Part) -> tuple[str, str]:
        meaning: Node | None = part.meaning
        if isinstance(meaning, Condition):
            return self.of_condition(meaning)
        if isinstance(meaning, Not) and isinstance(meaning.part, Condition):
            label, value = self.of_condition(meaning.part)
            return label.replace(" is", " is not", 1) if " is" in label else f"not: {label}", value
        return self._alternatives(meaning) or ("", language.write(part.typed))

    def _alternatives(self, meaning: Node | None) -> tuple[str, str] | None:
        """“Status is”, “Draft or In review”; None where the parts are not as simple."""
        if not isinstance(meaning, Some) or not all(isinstance(part, Condition) for part in meaning.parts):
            return None
        said = [self.of_condition(part) for part in meaning.parts if isinstance(part, Condition)]
        first = said[0][0]
        others = [value if label == first else f"{label} {value}" for label, value in said[1:]]
        return first, " or ".join([said[0][1], *others])

    def of_condition(self, condition: Condition) -> tuple[str, str]:
        operator, value = filters.OPERATORS[condition.operator], condition.value
        if condition.operator == "isnull":
            return f"{condition.label} {'is empty' if value else 'is not empty'}", ""
        if isinstance(value, Age):
            younger = condition.operator in ("lt", "lte")
            return (
                (f"{condition.label} in the last", str(value))
                if younger
                else (f"{condition.label} over", f"{value} ago")
            )
        if isinstance(value, Named) or condition.text == "me":
            return f"{condition.label} is", condition.text
        return f"{condition.label} {operator}", self._value(condition)

    def _value(self, condition: Condition) -> str:
        field = condition.field
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        if field.target and condition.via is None:
            titles = self._titles(field, values)
            return ", ".join(titles[value].text if value in titles else f"number {value}" for value in values)
        if field.kind is Kind.BOOLEAN:
            return "yes" if condition.value else "no"
        if field.kind is Kind.CHOICE:
            return ", ".join(field.choice_labels.get(value, str(value)) for value in values)
        return condition.text

    def _titles(self, field: Field, values: Sequence[int]) -> Mapping[int, relations.Title]:
        known = self.known.get(field.name, {})
        if all(value in known for value in values):
            return known
        return {title.id: title for title in relations.in_use(self.actor, self.section, field, ids=values)}


def encoded(args: Mapping[str, str]) -> str:
    """A query string."""
    return urlencode(args)


def state(query: ListQuery) -> str:
    """The query string by which one comes back to this list."""
    return urlencode(query.to_args())
