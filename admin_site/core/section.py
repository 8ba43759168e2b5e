"""The declaration of a section: the only place that says what is shown, edited, found and by whom.

Pages, API, permissions, history and command line are derived from it. A misspelt option is a
``TypeError`` here; a misspelt field stops the start (``checks.py``).
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, UniqueConstraint, inspect
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from admin_site.core.database import Record
from admin_site.core.rules import Rule
from admin_site.core.types import Id, LongText, UtcDateTime

LINE_LENGTH = 200
TEXT_LENGTH = 1_000_000


class Kind(StrEnum):
    """What a field holds. Each consumer (form, list, JSON, import) has one table keyed by kind."""

    TEXT = "text"
    LONGTEXT = "longtext"
    MARKDOWN = "markdown"
    EMAIL = "email"
    SLUG = "slug"
    ISBN = "isbn"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATETIME = "datetime"
    RELATION = "relation"
    RELATIONS = "relations"


# What a list cannot be sorted by.
UNSORTED = frozenset({Kind.LONGTEXT, Kind.MARKDOWN, Kind.RELATIONS})
TEXT_KINDS = frozenset({Kind.TEXT, Kind.LONGTEXT, Kind.MARKDOWN, Kind.EMAIL, Kind.SLUG, Kind.ISBN, Kind.PASSWORD})


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One value of a choice field, with the words, shape and tone it is shown in."""

    value: str
    label: str
    icon: str = "circle"
    tone: str = "mute"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a section. A declaration names only what cannot be read from the column."""

    name: str
    kind: Kind | None = None
    label: str = ""
    help: str = ""
    placeholder: str = ""
    autocomplete: str = "off"
    required: bool | None = None
    length: int | None = None
    least: int | None = None
    most: int | None = None
    choices: tuple[Choice, ...] = ()
    default: Any = None
    # The model that a relation points to, and for RELATIONS the table of pairs.
    target: type[Record] | None = None
    through: Table | None = None
    # Addresses that are pages of the site, for SLUG.
    reserved: tuple[str, ...] = ()
    # Kept by the program: shown, never accepted.
    fixed: bool | None = None
    # Accepted, never shown, and history says only that it changed.
    secret: bool = False
    # Who may set it, beyond the right to change the row.
    write: Rule | None = None

    @property
    def is_text(self) -> bool:
        """Whether its values are strings that people type."""
        return self.kind in TEXT_KINDS

    @property
    def is_long(self) -> bool:
        """Whether it holds a text of many lines."""
        return self.kind in (Kind.LONGTEXT, Kind.MARKDOWN)

    @property
    def is_relation(self) -> bool:
        """Whether it points to other rows."""
        return self.kind in (Kind.RELATION, Kind.RELATIONS)

    @property
    def choice_labels(self) -> Mapping[str, str]:
        """Value to label."""
        return {choice.value: choice.label for choice in self.choices}


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A status: its owner moves it among ``open`` values, every other move needs ``action``.

    ``moves`` names what is often done to many rows: a verb, and the value that it gives. ``stamps`` names the
    column that gets the present moment with a value, where it has none yet: ``{"published": "published_at"}``.
    """

    moves: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, str] = field(default_factory=dict)
    field: str = "status"
    open: tuple[str, ...]
    action: str


@dataclass(kw_only=True)
class Change:
    """One row on its way through the write path.

    ``before`` is what stands (empty for a new row), ``after`` what is to stand, both by column name, where
    many rows change at once without the long texts that stay;
    ``links`` has the numbers behind each RELATIONS field, and ``pinned`` the pin, as (before, after).
    ``secrets`` are the fields that changed without a value to show, ``unpinned`` what a pin was that is taken away.
    ``titles`` has what rows that it points to are called, as far as they were asked for already, by field and number.
    ``free`` are the fields whose values were found to be no other row's, ``tries`` says how often others took them
    before this was written, and ``hopeful`` that a made-up value may be written without asking whether it is free.
    ``edited`` are the fields that were sent and got another value, ``change_set_id`` is the
    number of the deed (both for one row that was edited).
    """

    section: "Section"
    actor: Any
    before: dict[str, Any]
    after: dict[str, Any]
    sent: dict[str, Any] = field(default_factory=dict)
    links: dict[str, tuple[list[int], list[int]]] = field(default_factory=dict)
    pinned: tuple[bool, bool] | None = None
    secrets: set[str] = field(default_factory=set)
    unpinned: dict[str, Any] = field(default_factory=dict)
    titles: Mapping[str, Mapping[int, Any]] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    tries: int = 0
    hopeful: bool = False
    edited: Sequence[str] = ()
    change_set_id: int = 0

    @property
    def id(self) -> int:
        """The number of the row; new rows have one only after they are written."""
        return int(self.after["id"])

    @property
    def action(self) -> str:
        """create, delete, restore or update."""
        if not self.before:
            return "create"
        if self.changed("live"):
            return "restore" if self.after["live"] else "delete"
        return "update"

    def changed(self, name: str) -> bool:
        """Whether this column gets another value."""
        return bool(self.before.get(name) != self.after.get(name))

    def differing(self) -> set[str]:
        """The columns that get another value."""
        return {name for name, _value in self.after.items() - self.before.items()}

    @property
    def is_empty(self) -> bool:
        """Whether everything stays as it is."""
        same_links = all(sorted(old) == sorted(new) for old, new in self.links.values())
        same_pin = self.pinned is None or self.pinned[0] == self.pinned[1]
        return self.before == self.after and same_links and same_pin and not self.secrets


@dataclass(frozen=True, kw_only=True)
class Card:
    """A number on the home page: the rows that a query in the language of ``q=`` finds.

    ``before`` is the query of the time before, to compare with.
    """

    label: str
    query: str
    before: str = ""
    compared: str = "the time before"


Prepare = Callable[[Sequence[Change]], None]
# The deed is the change set that the changes belong to; this floor need not know more of it.
Follow = Callable[[Any, Sequence[Change]], None]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A kind of content.

    ``prepare`` runs before rows are written (fill in, refuse), ``follow`` after (what must happen with
    them, in the same transaction). Both take any number of changes. ``hooks_on`` names the fields that they are
    about: where others change, they may not be asked. Without names they are always asked.
    """

    model: type[Record]
    label: str
    singular: str
    icon: str
    group: str
    columns: tuple[str, ...]
    form: tuple[str, ...]
    # Form fields that stand in the rail beside the content.
    rail: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    filters: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    sort: str = "-updated_at"
    pins: bool = False
    # Numbers on the home page, and the moment by which its chart counts rows a week.
    cards: tuple[Card, ...] = ()
    chart: str = ""
    # The roles' rights on content reach every section whose area is "content".
    area: str = "content"
    # Who a row belongs to: a relation to users, else whoever created it.
    owner: str = "created_by"
    workflow: Workflow | None = None
    # Narrow what the roles grant, by action.
    rules: Mapping[str, Rule] = field(default_factory=dict)
    # What anybody may do on the public pages, by action; nothing where nothing is said.
    public: Mapping[str, Rule] = field(default_factory=dict)
    # Where a row has a page of its own there: an endpoint, and the column that names it.
    public_page: tuple[str, str] | None = None
    prepare: Prepare | None = None
    follow: Follow | None = None
    hooks_on: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The plural noun of addresses and permissions: the table's name."""
        return str(self.model.__tablename__)

    @cached_property
    def table(self) -> Table:
        """The table of its rows."""
        table = inspect(self.model).local_table
        assert isinstance(table, Table)  # noqa: S101 - a section is never mapped to a join
        return table

    @cached_property
    def all_fields(self) -> Mapping[str, Field]:
        """Every field by name: the number first, then the form's order, then the rest."""
        declared = {item.name: item for item in self.fields}
        derived = {column.name: _from_column(column) for column in self.table.columns if is_field(column)}
        if self.pins:
            derived["is_pinned"] = Field(
                name="is_pinned", kind=Kind.BOOLEAN, label="Pinned for everyone", default=False
            )
        names = dict.fromkeys(["id", *self.form, *declared, *derived])
        merged = (_merge(derived.get(name), declared.get(name)) for name in names)
        return {item.name: item for item in merged if item is not None}

    @cached_property
    def spoken(self) -> Mapping[str, str]:
        """What people call a field in ``q=`` to its name: ``author`` is ``author_id``."""
        found: dict[str, str] = {}
        for name, item in self.all_fields.items():
            if item.secret:
                continue
            short = re.sub(r"_(id|ids|at|by)$", "", name)
            label = re.sub(r"\W+", "_", item.label.lower()).strip("_")
            plural = [f"{short}s"] if item.kind is Kind.RELATIONS else []
            for word in (name, short, *plural, label):
                found.setdefault(word, name)
        return found | {name: name for name in self.all_fields if not self.all_fields[name].secret}

    def field(self, name: str) -> Field:
        """The field of this name; ``KeyError`` where there is none."""
        return self.all_fields[name]

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """Field name to the name of the column with its folded form."""
        return {column.info["key_of"]: column.name for column in self.table.columns if "key_of" in column.info}

    @cached_property
    def unique(self) -> Mapping[str, str]:
        """Field name to the column in which its values are unique among live rows."""
        constrained = {
            column.name
            for constraint in self.table.constraints
            if isinstance(constraint, UniqueConstraint)
            for column in constraint.columns
        }
        columns = {name: self.keys.get(name, name) for name in self.all_fields}
        return {name: column for name, column in columns.items() if column in constrained}

    def are_hooks_concerned(self, names: Collection[str]) -> bool:
        """Whether ``prepare`` or ``follow`` may have something to do where these fields change."""
        if self.prepare is None and self.follow is None:
            return False
        return not self.hooks_on or not set(self.hooks_on).isdisjoint(names)

    @property
    def title_columns(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return self.model.__title__

    def title_of(self, row: Any) -> str:
        """What a row is called, from any object with its columns as attributes."""
        return title_of(self.model, row)


def title_of(model: type[Record], row: Any) -> str:
    """What a row of a model is called."""
    names = model.__title__
    if len(names) == 1:  # most of them, and each list asks for it by the hundred
        return str(getattr(row, names[0]) or "")
    return " ".join(str(value) for value in (getattr(row, name) for name in names) if value)


def is_field(column: Column[Any]) -> bool:
    """Whether a column is a field: no folded form, and nothing that only the program knows."""
    return "key_of" not in column.info and not column.info.get("internal") and column.name not in INTERNAL


INTERNAL = frozenset({"live", "deleted_at", "deleted_in"})
FIXED = frozenset({"id", "created_at", "updated_at", "created_by", "version"})


def _from_column(column: Column[Any]) -> Field:
    kind = _kind(column)
    length = None
    if kind is Kind.TEXT:
        length = getattr(column.type, "length", None) or LINE_LENGTH
    elif kind is Kind.LONGTEXT:
        length = TEXT_LENGTH
    return Field(
        name=column.name,
        kind=kind,
        label=_label(column.name),
        target=_target(column) if kind is Kind.RELATION else None,
        required=not column.nullable and column.default is None and kind is not Kind.BOOLEAN,
        length=length,
        fixed=column.name in FIXED,
        default=_default(column),
    )


def _target(column: Column[Any]) -> type[Record]:
    table = next(iter(column.foreign_keys)).column.table
    return next(mapper.class_ for mapper in Record.registry.mappers if mapper.local_table is table)


def _default(column: Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None


def _kind(column: Column[Any]) -> Kind:
    if any(isinstance(key, ForeignKey) for key in column.foreign_keys):
        return Kind.RELATION
    for of_type, kind in (
        (UtcDateTime, Kind.DATETIME),
        (Boolean, Kind.BOOLEAN),
        (type(LongText), Kind.LONGTEXT),
        (String, Kind.TEXT),
        (Integer, Kind.INTEGER),
        (type(Id), Kind.INTEGER),
    ):
        if isinstance(column.type, of_type):
            return kind
    raise TypeError(f"no kind of field for the column {column}")


def _label(name: str) -> str:
    words = name.removesuffix("_id").removesuffix("_ids").replace("_", " ")
    return words[:1].upper() + words[1:]


def _merge(derived: Field | None, declared: Field | None) -> Field | None:
    if derived is None or declared is None:
        chosen = declared or derived
        return replace(chosen, label=chosen.label or _label(chosen.name)) if chosen else None
    blank = Field(name=declared.name)
    said = {
        item.name: getattr(declared, item.name)
        for item in fields(Field)
        if getattr(declared, item.name) != getattr(blank, item.name)
    }
    return replace(derived, **said)
