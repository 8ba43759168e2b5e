"""Start-up checks of what a declaration says beyond names: states, lengths, forms that can be saved, rules."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from admin_site.core.rules import Rule
from admin_site.core.section import UNSORTED, Field, Kind, Section


def find_mistakes(section: Section, actions: tuple[str, ...], sections: Mapping[str, Section]) -> Iterator[str]:
    """Each mistake as ``S024 notes.workflow: …``."""
    yield from _wrong_shape(section)
    yield from _wrong_workflow(section, actions)
    for field in section.all_fields.values():
        yield from _wrong_values(section, field)
    yield from _unsavable(section)
    yield from _wrong_rules(section, actions, sections)


def _wrong_shape(section: Section) -> Iterator[str]:
    if not section.columns:
        yield f"S023 {section.name}.columns: a list needs at least one column."
    columns = section.table.columns
    for name in section.model.__title__:
        if name not in columns:
            yield f"S023 {section.name}: __title__ names {name!r}, which is no column."
    sort = section.all_fields.get(section.sort.removeprefix("-"))
    if sort is not None and sort.kind in UNSORTED:
        yield f"S023 {section.name}.sort: a list cannot be sorted by {sort.name}."
    chart = section.all_fields.get(section.chart)
    if chart is not None and chart.kind is not Kind.DATETIME:
        yield f"S023 {section.name}.chart: {chart.name} is no moment."
    names = [field.name for field in section.fields]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"S023 {section.name}.fields: {name} stands twice."
    owner = section.all_fields.get(section.owner)
    if owner is not None and (owner.kind is not Kind.RELATION or owner.target is None):
        yield f"S023 {section.name}.owner: {owner.name} is no relation."


def _wrong_workflow(section: Section, actions: tuple[str, ...]) -> Iterator[str]:
    workflow = section.workflow
    known = section.all_fields.get(workflow.field) if workflow else None
    if workflow is None or known is None:
        return
    values = [choice.value for choice in known.choices]
    used = (*workflow.open, *workflow.moves.values(), *workflow.stamps)
    for value in dict.fromkeys(value for value in used if value not in values):
        yield f"S024 {section.name}.workflow: {known.name} has no {value!r}.{near(value, values)}"
    if workflow.action not in actions:
        yield f"S024 {section.name}.workflow: there is no action {workflow.action!r}.{near(workflow.action, actions)}"
    for name in workflow.stamps.values():
        stamped = section.all_fields.get(name)
        if stamped is not None and not stamped.fixed and stamped.write is None:
            yield (
                f"S025 {section.name}.fields: {name} is filled in by the workflow; say who else may set it (write), or"
                " nobody (fixed)."
            )


def _wrong_values(section: Section, field: Field) -> Iterator[str]:
    column = section.table.columns.get(field.name)
    room = getattr(column.type, "length", None) if column is not None else None
    values = [choice.value for choice in field.choices]
    for value in values:
        if room is not None and len(value) > room:
            yield f"S026 {section.name}.fields: {field.name} has room for {room} characters, not for {value!r}."
    if room is not None and field.length is not None and field.length > room and field.kind is not Kind.CHOICE:
        yield f"S026 {section.name}.fields: {field.name} takes {field.length} characters, its column {room}."
    if field.kind is Kind.CHOICE and isinstance(field.default, str) and field.default not in ("", *values):
        yield f"S026 {section.name}.fields: {field.name} begins with {field.default!r}, which is no choice."
    if field.least is not None and field.most is not None and field.least > field.most:
        yield f"S026 {section.name}.fields: {field.name} has its least above its most."
    # A hook (prepare) may fill it in.
    is_open = field.required is False and section.prepare is None
    if is_open and column is not None and not column.nullable and column.default is None:
        yield f"S026 {section.name}.fields: {field.name} may be empty, its column may not (nullable)."


def _unsavable(section: Section) -> Iterator[str]:
    """A new row needs a value for it, and its form does not ask for one."""
    for field in section.all_fields.values():
        column = section.table.columns.get(field.name)
        is_filled = field.fixed or field.default is not None or field.kind is Kind.SLUG or field.name == section.owner
        if column is None or not field.required or is_filled or column.default is not None or section.prepare:
            continue
        if field.name not in section.form:
            yield f"S027 {section.name}.form: {field.name} is required, and the form does not ask for it."


def _wrong_rules(section: Section, actions: tuple[str, ...], sections: Mapping[str, Section]) -> Iterator[str]:
    for option, said in (("rules", section.rules), ("public", section.public)):
        for rule in said.values():
            for mistake in rule.mistakes(section, sections, actions):
                yield f"S028 {section.name}.{option}: {mistake}"
    for field in section.all_fields.values():
        if isinstance(field.write, Rule):
            for mistake in field.write.mistakes(section, sections, actions):
                yield f"S028 {section.name}.fields: {mistake}"


def near(name: str, known: Iterable[str]) -> str:
    """The nearest right name, as a sentence; empty where none is near."""
    found = get_close_matches(name, list(known), n=1)
    return f" Did you mean {found[0]!r}?" if found else ""
