"""Forms made from declarations. They carry what was typed; ``records.validation`` judges it."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from flask_admin.form import BaseForm
from werkzeug.datastructures import MultiDict
from wtforms import Field as FormField

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core import clock
from admin_site.core.section import Choice, Field, Kind, Section
from admin_site.history import log
from admin_site.records import changes
from admin_site.records.reads import Item
from admin_site.records.values import RELATIONS_MOST
from admin_site.web import numbers


class TypedField(FormField):
    """One control. ``data`` is what the page shows again, ``sent`` what goes to be judged, None if absent."""

    sent: Any = None

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """The last value counts: a hidden empty one stands before each tick box."""
        if valuelist:
            self.sent = _one(valuelist)
            self.data = self.sent if isinstance(self.sent, str) else ""  # a file is told, not shown


class TypedListField(FormField):
    """Several values of one name."""

    sent: Any = None

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """An empty hidden value says that the field was there."""
        if valuelist:
            self.sent = _several(valuelist)
            self.data = [value for value in self.sent if isinstance(value, str)]


def _one(values: Sequence[Any]) -> Any:
    return values[-1]


def _several(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value]


CONTROLS: Mapping[Kind, type[FormField]] = {
    kind: TypedListField if kind is Kind.RELATIONS else TypedField for kind in Kind
}


def form_class(section: Section) -> type[BaseForm]:
    """A form with every field that the declaration puts into forms."""
    controls = {}
    for name in section.form:
        field = section.field(name)
        assert field.kind is not None  # noqa: S101 - a resolved field has a kind
        controls[name] = CONTROLS[field.kind](field.label)
    return type(f"{section.singular.title()}Form", (BaseForm,), controls)


def sent(form: BaseForm) -> dict[str, Any]:
    """What was typed, for the fields that were there."""
    return {control.name: control.sent for control in form if control.sent is not None}


def posted(section: Section, data: MultiDict[str, Any]) -> dict[str, Any]:
    """The same without a form, which is worth making only where it is shown."""
    found = {name: values for name in section.form if (values := data.getlist(name))}
    return {
        name: _several(values) if section.field(name).kind is Kind.RELATIONS else _one(values)
        for name, values in found.items()
    }


def settable(section: Section, actor: Actor, item: Item | None) -> list[str]:
    """The form fields that this person may set here; the others are shown, not asked."""
    row = item.row if item else None
    names = []
    for name in section.form:
        field = section.field(name)
        if name == "is_pinned" and not permissions.allows(actor, "pin", section, row):
            continue
        if field.write is not None and not actor.is_system and not field.write.holds(actor, row):
            continue
        if section.workflow and name == section.workflow.field and not choices(section, actor, field, item):
            continue
        names.append(name)
    return names


def choices(section: Section, actor: Actor, field: Field, item: Item | None) -> tuple[Choice, ...]:
    """The values that this person may give to a choice field; none where it has to stay."""
    workflow = section.workflow
    if workflow is None or field.name != workflow.field:
        return tuple(field.choices)
    if permissions.allows(actor, workflow.action, section, item.row if item else None):
        return tuple(field.choices)
    if item is not None and item.value(field.name) not in workflow.open:
        return ()
    return tuple(choice for choice in field.choices if choice.value in workflow.open)


def initial(section: Section, item: Item | None, args: MultiDict[str, str], actor: Actor) -> dict[str, Any]:
    """What a form shows at first: the row, or the defaults with what the address proposes."""
    if item is None:
        proposed = {name: _proposed(section.field(name), args) for name in section.form}
        if section.owner in proposed:
            proposed[section.owner] = proposed[section.owner] or str(actor.id)
        return proposed
    return {name: as_typed(section.field(name), item) for name in section.form}


def copied(section: Section, item: Item, actor: Actor) -> dict[str, Any]:
    """What a form shows at first for a new row like this one.

    What only one row can have, its state, its pin, its owner and its secrets are those of any new row.
    """
    proposed = initial(section, None, MultiDict(), actor)
    own = {*section.unique, section.owner, "is_pinned", section.workflow.field if section.workflow else ""}
    alike = (field for field in map(section.field, section.form) if field.name not in own and not field.secret)
    return proposed | {field.name: as_typed(field, item) for field in alike}


def as_typed(field: Field, item: Item) -> Any:
    """A stored value as somebody would type it."""
    if field.kind is Kind.PASSWORD:
        return ""
    value = item.value(field.name)
    if field.kind is Kind.DATETIME and value is not None:
        return clock.isoformat(value)
    if field.kind is Kind.RELATIONS:
        return [str(number) for number in value]
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def show_version(form: BaseForm, item: Item, version: int, names: Sequence[str]) -> None:
    """Put the values of an earlier version into the form, unsaved; all of them, or those of some fields."""
    then = log.values_at(item.section.name, item.id, version)
    for name in item.section.form:
        if name in then and name in (names or then) and not item.section.field(name).secret:
            form[name].data = _typed_again(item.section.field(name), changes.plain(then[name]))


def _typed_again(field: Field, value: Any) -> Any:
    """A value as history keeps it, as somebody would type it."""
    if field.kind is Kind.RELATIONS:
        return [str(number) for number in value or ()]
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


def keep_only(form: BaseForm, section: Section, item: Item, names: Iterable[str]) -> None:
    """Leave what was typed into these fields; the others show the row as it stands."""
    kept = set(names)
    for name in section.form:
        if name not in kept:
            form[name].data = as_typed(section.field(name), item)


def _proposed(field: Field, args: MultiDict[str, str]) -> Any:
    """What the address says of a new row, such as the post of a comment; else the default."""
    values = [value for value in args.getlist(field.name) if value]
    if not values:
        return _default(field)
    return values if field.kind is Kind.RELATIONS else values[-1]


def _default(field: Field) -> Any:
    if field.kind is Kind.RELATIONS:
        return []
    if isinstance(field.default, bool):
        return "1" if field.default else "0"
    return "" if field.default is None else str(field.default)


def row_numbers(values: Iterable[str]) -> list[int]:
    """The row numbers among what was typed, as many as one row may point to."""
    found = (number for value in values if (number := numbers.row(value)) is not None)
    return list(islice(found, RELATIONS_MOST))
