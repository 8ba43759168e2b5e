"""What was sent, checked as a whole: unknown and fixed fields, every value, every related row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select

from admin_site.accounts import passwords
from admin_site.core import text
from admin_site.core.database import Record
from admin_site.core.errors import Invalid
from admin_site.core.modes import is_writing
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import relations, statements, values
from admin_site.records.filters import is_live
from admin_site.records.relations import Title


def clean(section: Section, sent: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """Clean values by field; ``Invalid`` names every field that is wrong, in the declared order.

    A new row must have all that is required; a change only what it touches.
    """
    errors: dict[str, list[str]] = {}
    cleaned: dict[str, Any] = {}
    for name in sent:
        field = section.all_fields.get(name)
        if field is None:
            errors[name] = [f"There is no field {name[:80]!r}."]
        elif field.fixed:
            errors[name] = [f"{field.label} cannot be set."]
    for name, field in section.all_fields.items():
        if field.fixed or (name not in sent and not new):
            continue
        _clean_one(field, sent.get(name, field.default), name in sent, cleaned, errors, new=new)
    if errors:
        raise Invalid(fields=errors)
    return cleaned


def _clean_one(
    field: Field, raw: Any, was_sent: bool, cleaned: dict[str, Any], errors: dict[str, list[str]], *, new: bool
) -> None:
    try:
        value = values.clean(field, raw)
    except ValueError as error:
        errors[field.name] = [str(error)]
        return
    if value is None and field.required:
        if (was_sent and not new and field.kind is Kind.CHOICE) or (value is None and field.default is not None):
            value = field.default
        else:
            errors[field.name] = [f"{field.label} is required"]
            return
    if was_sent or value is not None:
        cleaned[field.name] = value


def hash_passwords(section: Section, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Hash acceptable passwords before the transaction begins: it takes a quarter of a second.

    A weak one stays as it is, for ``clean`` to refuse.
    """
    ready = dict(sent)
    for name, raw in sent.items():
        field = section.all_fields.get(name)
        if field and field.kind is Kind.PASSWORD and _is_acceptable(raw):
            ready[name] = values.Hashed(passwords.hash_password(raw))
    return ready


def _is_acceptable(raw: Any) -> bool:
    is_new = isinstance(raw, str) and raw and not isinstance(raw, values.Hashed)
    return bool(is_new) and text.is_storable(raw) and not passwords.weakness(raw)


# What related rows are called, by the field that points to them and their number.
Named = dict[str, dict[int, Title]]


def check_related(
    section: Section, actor: Actor, cleaned: Mapping[str, Any], before: Mapping[str, Any], named: Named | None = None
) -> None:
    """Refuse numbers of rows that the actor cannot see. What stood already may stay.

    ``named`` keeps the rows that were found good, so that neither this nor history asks for them again.
    """
    named = {} if named is None else named
    wanted: dict[str, set[int]] = {}
    for name, value in cleaned.items():
        if section.all_fields[name].is_relation:
            good, stood = named.setdefault(name, {}), before.get(name)
            numbers = set(value if isinstance(value, list) else [value]) - {None} - good.keys()
            wanted[name] = numbers - set(stood if isinstance(stood, list) else [stood])
    errors: dict[str, list[str]] = {}
    found = _selectable(actor, [(section.all_fields[name], numbers) for name, numbers in wanted.items() if numbers])
    for name, numbers in wanted.items():
        named[name] |= found.get(name, {})
        if missing := numbers - named[name].keys():
            told = ", ".join(map(str, sorted(missing)))
            errors[name] = [f"{section.all_fields[name].label}: there is no row with the number {told}."]
    if errors:
        raise Invalid(fields=errors)


def _selectable(actor: Actor, wanted: Sequence[tuple[Field, set[int]]]) -> Named:
    """Rows that may be pointed to, by field; those that are needed are not moved to the trash before this is written.

    In one statement, but for those that are held and those that not everybody may read.
    """
    found, alike = Named(), list[tuple[str, type[Record], set[int]]]()
    for field, numbers in wanted:
        model = field.target
        assert model is not None  # noqa: S101 - checked at start (S011)
        is_held = bool(field.required) and is_writing()
        if is_held or not relations.is_open(actor, model):
            found[field.name] = _selectable_apart(actor, model, numbers, is_held=is_held)
        else:
            alike.append((field.name, model, numbers))
    if alike:
        each = relations.named_of_each([(model, numbers) for _name, model, numbers in alike])
        found |= zip((name for name, _model, _numbers in alike), each, strict=True)
    return found


def _selectable_apart(actor: Actor, model: type[Record], numbers: set[int], *, is_held: bool) -> dict[int, Title]:
    """The same of one field, with the person's rights, or held."""
    table, is_open = model.__table__, relations.is_open(actor, model)

    def make() -> Select[Any]:
        naming = relations.naming(model).where(is_live(table.columns))
        return relations.held(naming) if is_held else naming

    query = statements.kept(("selectable", table, is_held), make)
    if not is_open:
        query = query.where(relations.selectable(actor, model))
    return relations.named(model, query, numbers, is_kept=is_open)
