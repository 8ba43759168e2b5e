"""Start-up checks: every mistake in a declaration, one sentence each, with the nearest right name."""

from collections.abc import Iterable, Iterator
from typing import Any

from admin_site.core import value_checks
from admin_site.core.section import Field, Kind, Section, is_field

# Addresses that the API and the menu keep for themselves.
RESERVED = frozenset({"search", "jobs", "pins", "docs", "roles", "activity", "openapi.json"})

_OPTIONS = (("columns", "S001"), ("form", "S002"), ("rail", "S003"), ("filters", "S004"), ("search", "S005"))


class DeclarationError(Exception):
    """The start is refused; the message lists every mistake."""


def check(sections: Iterable[Section], actions: Iterable[str]) -> None:
    """Refuse to start with a wrong declaration."""
    known, every = tuple(actions), list(sections)
    named = {section.name: section for section in every}
    mistakes = [mistake for section in every for mistake in find_mistakes(section, known)]
    # What is said of names that do not exist would be said twice.
    if not mistakes:
        mistakes = [mistake for section in every for mistake in value_checks.find_mistakes(section, known, named)]
    if mistakes:
        raise DeclarationError("\n".join(mistakes))


def find_mistakes(section: Section, actions: tuple[str, ...]) -> Iterator[str]:
    """Each mistake as ``S007 notes.search: …``."""
    yield from _unknown_names(section)
    for option, said in (("rules", section.rules), ("public", section.public)):
        for action in said:
            if action not in actions:
                yield _unknown("S008", section, option, action, list(actions))
    if section.name in RESERVED:
        yield f"S009 {section.name}: this name is reserved."
    for field in section.all_fields.values():
        yield from _wrong_field(section, field)
    yield from _wrong_search(section)
    yield from _wrong_paths(section)
    yield from _wrong_hooks(section)
    for name in section.rail:
        if name not in section.form:
            yield f"S016 {section.name}.rail: {name} is not in the form."


def _unknown_names(section: Section) -> Iterator[str]:
    names = list(section.all_fields)
    used = [(option, code, name) for option, code in _OPTIONS for name in getattr(section, option)]
    used = [entry for entry in used if not (entry[0] == "filters" and "." in entry[2])]
    used += [("sort", "S006", section.sort.removeprefix("-")), ("owner", "S010", section.owner)]
    if section.workflow:
        used.append(("workflow", "S017", section.workflow.field))
    if section.chart:
        used.append(("chart", "S020", section.chart))
    if section.public_page:
        used.append(("public_page", "S029", section.public_page[1]))
    for option, code, name in used:
        if name not in names:
            yield _unknown(code, section, option, name, names)
    columns = [name for name in names if name in section.table.columns]
    for field in section.fields:
        if field.name not in columns and field.kind not in (Kind.RELATIONS, Kind.PASSWORD):
            yield _unknown("S007", section, "fields", field.name, columns)


def _wrong_field(section: Section, field: Field) -> Iterator[str]:
    if field.is_relation and field.target is None:
        yield f"S011 {section.name}.fields: {field.name} is a relation and needs a target."
    if field.kind is Kind.RELATIONS and field.through is None:
        yield f"S012 {section.name}.fields: {field.name} needs the table of pairs (through)."
    if field.kind is Kind.CHOICE and not field.choices:
        yield f"S013 {section.name}.fields: {field.name} is a choice without choices."
    if field.secret and field.name in (*section.columns, *section.filters, *section.search):
        yield f"S014 {section.name}: {field.name} is secret and can be neither listed, filtered nor searched."


def _wrong_hooks(section: Section) -> Iterator[str]:
    """What is filled in, and what the section's own hooks are about."""
    for name in section.hooks_on:
        if name not in section.all_fields:
            yield _unknown("S022", section, "hooks_on", name, list(section.all_fields))
    workflow = section.workflow
    for value, name in (workflow.stamps if workflow else {}).items():
        known = section.all_fields.get(name)
        if known is None or known.kind is not Kind.DATETIME:
            yield f"S021 {section.name}.workflow: {name!r}, which {value!r} stamps, is no moment."


def _wrong_paths(section: Section) -> Iterator[str]:
    """Filters across a relation, such as ``post_id.status``."""
    for path in section.filters:
        name, dot, inner = path.partition(".")
        if not dot:
            continue
        relation = section.all_fields.get(name)
        if relation is None or relation.target is None:
            yield f"S019 {section.name}.filters: {name!r} in {path!r} is no relation."
            continue
        columns: Iterable[Any] = relation.target.__table__.columns
        if not any(column.name == inner and is_field(column) for column in columns):
            yield f"S019 {section.name}.filters: {path!r} leads to no field."


def _wrong_search(section: Section) -> Iterator[str]:
    for name in section.search:
        field = section.all_fields.get(name)
        if field and name not in section.keys and field.kind not in (Kind.SLUG, Kind.ISBN):
            yield f"S015 {section.name}.search: {name} has no folded column (key_of) to search in."


def _unknown(code: str, section: Section, option: str, name: str, known: list[str]) -> str:
    hint = value_checks.near(name.removeprefix("-"), known)
    return f"{code} {section.name}.{option}: there is no {name!r}.{hint}"
