"""What a bulk edit does to each row: set, clear, add to or remove from its fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from admin_site.accounts import permissions
from admin_site.core.errors import Denied, Invalid
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Kind, Section
from admin_site.records import validation, values


class Operation(StrEnum):
    """What happens to a field."""

    SET = "set"
    CLEAR = "clear"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True)
class Edit:
    """One field, what happens to it, and with which clean value (None where it is cleared)."""

    field: Field
    operation: Operation
    value: Any = None

    def apply(self, change: Change) -> Any:
        """The value that the row gets."""
        if self.field.kind is not Kind.RELATIONS or self.operation is Operation.SET:
            return self.value
        standing, named = change.links[self.field.name][0], self.value or []
        if self.operation is Operation.ADD:
            together = [*standing, *(number for number in named if number not in standing)]
            if len(together) > values.RELATIONS_MOST:
                raise Invalid(f"{self.field.label} can be at most {values.RELATIONS_MOST:,}.")
            return together
        return [number for number in standing if number not in named] if self.operation is Operation.REMOVE else []


@dataclass(frozen=True)
class Edits:
    """Several of them, for one section."""

    section: Section
    items: tuple[Edit, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The fields that may change."""
        return tuple(edit.field.name for edit in self.items)

    @cached_property
    def fixed(self) -> dict[str, Any] | None:
        """The values, where they are the same for each row."""
        plain = all(edit.field.kind is not Kind.RELATIONS for edit in self.items)
        return {edit.field.name: edit.value for edit in self.items} if plain else None

    def plan(self, change: Change) -> Mapping[str, Any]:
        """The clean values for one row: a plan for ``writes.update_many``."""
        if self.fixed is not None:
            return self.fixed
        return {edit.field.name: edit.apply(change) for edit in self.items}


def offered(actor: Actor, section: Section) -> list[Field]:
    """The fields that this person can give many rows one value of."""
    may_pin = permissions.allows(actor, "pin", section)
    return [field for field in possible(section) if field.name != "is_pinned" or may_pin]


def possible(section: Section) -> list[Field]:
    """The fields that many rows can be given one value of."""
    fields = [section.all_fields[name] for name in section.form]
    return [
        field
        for field in fields
        if field.name not in section.unique
        and not field.secret
        and not field.fixed
        and field.kind not in (Kind.PASSWORD, Kind.SLUG)
    ]


def operations(field: Field) -> tuple[Operation, ...]:
    """What can happen to a field."""
    if field.kind is Kind.RELATIONS:
        return (Operation.ADD, Operation.REMOVE, Operation.SET, Operation.CLEAR)
    if field.kind is Kind.BOOLEAN or field.required or field.default is not None:
        return (Operation.SET,)
    return (Operation.SET, Operation.CLEAR)


def read(actor: Actor, section: Section, sent: Mapping[str, tuple[str, Any]]) -> Edits:
    """Edits from ``{field: (operation, raw value)}``; ``Invalid`` names every field that is wrong."""
    allowed = {field.name: field for field in offered(actor, section)}
    found: list[Edit] = []
    errors: dict[str, list[str]] = {}
    for name, (operation, raw) in sent.items():
        field = allowed.get(name)
        if field is None and name == "is_pinned" and section.pins:
            raise Denied(f"You may not set {section.field(name).label}.", needs=f"{section.name}.pin")
        if field is None:
            errors[name] = [f"{name[:80]!r} cannot be changed for many rows at once."]
            continue
        try:
            found.append(_read_one(field, operation, raw))
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise Invalid(fields=errors)
    if not found:
        raise Invalid("Choose at least one field to change.")
    named = {edit.field.name: edit.value for edit in found if edit.operation is not Operation.REMOVE}
    validation.check_related(section, actor, named, {})
    return Edits(section, tuple(found))


def of_values(actor: Actor, section: Section, sent: Mapping[str, Any]) -> Edits:
    """Edits that set each field to a value, or clear it where that is None or empty."""
    return read(actor, section, {name: ("clear" if _is_nothing(raw) else "set", raw) for name, raw in sent.items()})


def _is_nothing(raw: Any) -> bool:
    return raw is None or raw in ("", [])


def _read_one(field: Field, operation: str, raw: Any) -> Edit:
    if operation not in operations(field):
        if operation == Operation.CLEAR:
            raise ValueError(f"{field.label} is required")
        raise ValueError(f"{field.label} cannot be changed like that.")
    if operation == Operation.CLEAR:
        return Edit(field, Operation.CLEAR, [] if field.kind is Kind.RELATIONS else None)
    value = values.clean(field, raw)
    if field.kind is Kind.RELATIONS and not value:
        raise ValueError(f"Choose {_article(field)} {field.label.lower()} first.")
    if value is None or (isinstance(value, Sequence) and not value):
        raise ValueError(f"{field.label} needs a value; choose Clear to empty it.")
    return Edit(field, Operation(operation), value)


def _article(field: Field) -> str:
    return "some" if field.kind is Kind.RELATIONS else "a"
