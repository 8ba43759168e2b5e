"""Conditions of a list: read from words, said in words, turned into SQL."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, exists, false, func, literal, not_, or_, select, true

from admin_site.accounts import permissions
from admin_site.core import clock, registry, text
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import pins, statements, values
from admin_site.records.search import index
from admin_site.records.search.terms import Term

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
WORDS_MOST = 10
LETTERS_MOST = 100


UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks", "mo": "months", "y": "years"}
_AGE = re.compile(r"([0-9]{1,4})(mo|[mhdwy])")


@dataclass(frozen=True)
class Age:
    """How long ago: ``7d`` is seven days."""

    number: int
    unit: str

    @classmethod
    def read(cls, raw: str) -> "Age | None":
        """An age from its text, None where it is something else."""
        found = _AGE.fullmatch(raw.strip().lower())
        return cls(int(found[1]), found[2]) if found else None

    @property
    def span(self) -> timedelta:
        """How long it is."""
        days = {"mo": 30, "y": 365}.get(self.unit)
        return timedelta(days=days * self.number) if days else timedelta(**{UNITS[self.unit]: self.number})

    @property
    def since(self) -> datetime:
        """The moment that long ago."""
        earliest = datetime(values.YEARS[0], 1, 1, tzinfo=UTC)
        now = clock.now()
        return now - self.span if self.span < now - earliest else earliest

    def __str__(self) -> str:
        one = self.number == 1
        return f"{self.number} {UNITS[self.unit].removesuffix('s') if one else UNITS[self.unit]}"


@dataclass(frozen=True)
class Named:
    """A related row by its title: the words of it, or the whole."""

    folded: str
    whole: bool = False


@dataclass(frozen=True)
class Condition:
    """One filter: ``value`` is clean, ``text`` is what was written.

    With ``via``, a field of the rows that this relation points to.
    """

    field: Field
    operator: str
    value: Any
    text: str
    via: Field | None = None

    @property
    def name(self) -> str:
        """Its word in the query string."""
        name = f"{self.via.name}.{self.field.name}" if self.via else self.field.name
        return name if self.operator == "eq" else f"{name}__{self.operator}"

    @property
    def label(self) -> str:
        """What it is about, in words."""
        return f"{self.via.label}: {self.field.label.lower()}" if self.via else self.field.label


@dataclass(frozen=True)
class Words:
    """Words to be found in the searched fields."""

    term: Term


@dataclass(frozen=True)
class Every:
    """All parts must hold."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Some:
    """One part is enough."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """The part must not hold."""

    part: "Node"


Node = Condition | Words | Every | Some | Not


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
    if field.kind is Kind.DATETIME and operator in _ORDERED and (age := Age.read(raw)):
        return Condition(field, operator, age, raw)
    if operator == "in":
        parts = raw.split(",")
        if len(parts) > IN_MOST:
            raise ValueError(f"{field.label} is compared with at most {IN_MOST} values.")
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


def is_live(columns: Any) -> ColumnElement[bool]:
    """Whether a row is outside the trash, for rows that are looked up by something rarer.

    SQLite takes ``live = 1`` for a rare value and walks the index of live rows: to find three it reads them all.
    """
    answer: ColumnElement[bool] = func.coalesce(columns.live, 0) == 1
    return answer


def visible(
    actor: Actor, section: Section, *, trashed: bool = False, action: str = "read", walks: bool = True
) -> ColumnElement[bool]:
    """The rows on which the actor may do this, in or outside the trash.

    Without ``walks``, no index of live rows is walked for it (see ``is_live``).
    """
    here = statements.kept(
        (section.table, "here", trashed, walks), lambda: _here(section, trashed=trashed, walks=walks)
    )
    if permissions.is_unconditional(actor, action, section):
        return here
    return and_(here, permissions.condition(actor, action, section, section.table.columns))


def _here(section: Section, *, trashed: bool, walks: bool) -> ColumnElement[bool]:
    columns = section.table.columns
    if trashed:
        return columns.live.is_(None)
    return columns.live == 1 if walks else is_live(columns)


def where(section: Section, node: Node, actor: Actor, *, trashed: bool = False) -> ColumnElement[bool]:
    """A condition, or a tree of them, over the section's table."""
    match node:
        case Condition():
            return _where_via(section, node, actor) if node.via else _where_here(section, node)
        case Words(term) if trashed:
            return where_words(section, text.fold(term.text).split())
        case Words(term):
            return index.is_found(section, [term]) if section.search else false()
        case Every(parts):
            return and_(true(), *(where(section, part, actor, trashed=trashed) for part in parts))
        case Some(parts):
            return or_(false(), *(_member(section, part, actor, trashed=trashed) for part in parts))
        case Not(part):
            return not_(func.coalesce(where(section, part, actor, trashed=trashed), false()))


def _member(section: Section, node: Node, actor: Actor, *, trashed: bool) -> ColumnElement[bool]:
    """Among alternatives, words are looked up once, not for each row, where the database can."""
    if isinstance(node, Words) and section.search and not trashed and index.backend().GATHERS:
        return index.is_one_of(section.table.columns.id, index.ids(section, [node.term]))
    return where(section, node, actor, trashed=trashed)


def _where_via(section: Section, condition: Condition, actor: Actor) -> ColumnElement[bool]:
    """In rows that the relation points to, as far as the person may read them."""
    via = condition.via
    assert via is not None and via.target is not None  # noqa: S101, PT018 - resolved
    other = registry.of_model(via.target)
    assert other is not None  # noqa: S101 - checked at start (S019)
    theirs = other.table.columns
    inner = select(theirs.id).where(
        theirs.live == 1, permissions.condition(actor, "read", other, theirs), _where_here(other, condition)
    )
    if via.through is None:
        return section.table.columns[via.name].in_(inner)
    mine, linked = list(via.through.columns)
    return section.table.columns.id.in_(select(mine).where(linked.in_(inner)))


def _where_here(section: Section, condition: Condition) -> ColumnElement[bool]:
    field, operator, value = condition.field, condition.operator, condition.value
    if field.name == "is_pinned" and section.pins:
        return _where_pinned(section, operator, value)
    if isinstance(value, Named):
        return _where_named(section, field, value)
    if field.kind is Kind.RELATIONS:
        return _where_linked(section.table, field, operator, value)
    column = section.table.columns[field.name]
    match operator:
        case "isnull":
            return column.is_(None) if value else column.is_not(None)
        case "contains":
            return _contains(section, field.name, value)
        case "in":
            return _is_one_of(column, condition)
        case "ne":
            return or_(not_(_equals(column, condition)), column.is_(None))
        case "eq":
            return _equals(column, condition)
    if isinstance(value, Age):
        return _younger_or_older(column, operator, value.since)
    edge = _ordered(section, field, value)
    return _compared(operator, *edge, whole_day=_is_whole_day(condition))


def _where_pinned(section: Section, operator: str, value: Any) -> ColumnElement[bool]:
    """A row is pinned or not; it is never unknown."""
    if operator == "isnull":
        return false() if value else true()
    is_pinned = pins.is_pinned(section)
    wanted = set(value) if isinstance(value, tuple) else {value if operator != "ne" else not value}
    return or_(false(), *(is_pinned if one else not_(is_pinned) for one in wanted))


def _younger_or_older(column: Any, operator: str, since: datetime) -> ColumnElement[bool]:
    """Less than seven days old is later than seven days ago."""
    younger = operator in ("lt", "lte")
    answer: ColumnElement[bool] = column > since if younger else column < since
    return answer


def _where_named(section: Section, field: Field, value: Named) -> ColumnElement[bool]:
    """A related row whose title has these words. The title is readable with the row that shows it."""
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    theirs = field.target.__table__.columns
    keys = [theirs.get(f"{name}_key", theirs[name]) for name in field.target.__title__]
    title: ColumnElement[Any] = keys[0]
    for more in keys[1:]:
        title = title + " " + more
    if value.whole:
        named = title == value.folded
    else:
        named = (literal(" ") + title + literal(" ")).contains(f" {value.folded} ", autoescape=True)
    found = select(theirs.id).where(named)
    if field.through is None:
        return section.table.columns[field.name].in_(found)
    mine, linked = list(field.through.columns)
    return section.table.columns.id.in_(select(mine).where(linked.in_(found)))


def _equals(column: Any, condition: Condition) -> ColumnElement[bool]:
    if _is_whole_day(condition):
        return and_(column >= condition.value, column < condition.value + timedelta(days=1))
    equal: ColumnElement[bool] = column == condition.value
    return equal


def _is_one_of(column: Any, condition: Condition) -> ColumnElement[bool]:
    if condition.field.kind is Kind.DATETIME:  # each may be a whole day
        said = zip(condition.value, condition.text.split(","), strict=False)
        return or_(false(), *(_equals(column, replace(condition, value=value, text=raw)) for value, raw in said))
    found: ColumnElement[bool] = column.in_(condition.value)
    return found


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
        is_long = field.is_long
        return section.table.columns[section.keys[field.name]], text.long_key(value) if is_long else text.key(value)
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


def where_words(section: Section, words: Sequence[str]) -> ColumnElement[bool]:
    """Each word stands in one of the searched fields, letter by letter: for rows without a document."""
    asked = [word[:LETTERS_MOST] for word in words[:WORDS_MOST]]
    return and_(true(), *(or_(*(_contains(section, name, word) for name in section.search)) for word in asked))


def bounded_count(matching: Any, most: int) -> Any:
    """How many rows match, counted no further than ``most`` + 1."""
    return select(func.count()).select_from(matching.limit(most + 1).subquery())


def counted(rows: Select[Any]) -> Any:
    """How many rows a statement finds, as an expression."""
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()


def more_or(rows: Select[Any], most: int, otherwise: Any) -> Any:
    """``most`` + 1 where these rows, which are found fast, are more than ``most``; else another count.

    To find that there are more is cheaper than to count them.
    """
    more = rows.with_only_columns(literal(most + 1)).offset(most).limit(1)
    return func.coalesce(more.scalar_subquery(), otherwise)
