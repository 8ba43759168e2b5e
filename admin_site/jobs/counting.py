"""What a bulk deed would do to many rows, counted by the database instead of tried."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, not_, or_, true

from admin_site.accounts import permissions
from admin_site.core.database import db
from admin_site.core.rules import Actor
from admin_site.core.section import Kind, Section
from admin_site.records import changes, pins
from admin_site.records.edits import Edit, Edits, Operation
from admin_site.records.selection import Selection

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Counted:
    """How many rows would change, have their values already, and are left out, by the sentence that says why."""

    changing: int
    same: int
    left_out: Counter[str] = field(default_factory=Counter)


def count(actor: Actor, selection: Selection, action: str, planned: Edits | None) -> Counted:
    """The rows of a selection. What a section's own hooks refuse is found only by the job."""
    section = selection.section
    may = permissions.condition(actor, action, section, section.table.columns)
    edits = _in_order(section, planned)
    has = and_(*(_has(section, edit) for edit in edits)) if edits else false()
    refusals = {f"You may not set {edit.field.label}.": _is_refused(actor, section, edit) for edit in edits}
    refusals |= _emptied(section, edits)
    refused = list(refusals.values())
    sums = [
        and_(may, not_(has), *(not_(one) for one in refused)),
        and_(may, has),
        *(and_(may, not_(has), one, *(not_(other) for other in refused[:place])) for place, one in enumerate(refused)),
    ]
    numbers = (func.sum(case((one, 1), else_=0)) for one in (*sums, _is_others(actor, section, action)))
    found = db.session.execute(selection.every(actor).with_only_columns(func.count(), *numbers)).one()
    total, changing, same, *by_reason, others = (int(number or 0) for number in found)
    left_out = Counter(dict(zip(refusals, by_reason, strict=True)))
    left_out[f"You may do this only to your own {section.label.lower()}."] = others
    left_out[_denial(section, action)] = total - changing - same - sum(by_reason) - others
    return Counted(changing, same, +left_out)


def _in_order(section: Section, planned: Edits | None) -> Sequence[Edit]:
    """As the write path looks at fields: the first that may not be set is named."""
    places = {name: place for place, name in enumerate(section.all_fields)}
    return sorted(planned.items, key=lambda edit: places[edit.field.name]) if planned else ()


def _is_others(actor: Actor, section: Section, action: str) -> Condition:
    """Whether a row is not the person's, where that matters."""
    if actor.is_system or actor.grants.get((section.name, action)) != "own":
        return false()
    return case((section.table.columns[section.owner] == actor.id, 0), else_=1) == 1


def _denial(section: Section, action: str) -> str:
    rule = section.rules.get(action)
    return f"This is possible only while it is {rule.says}." if rule else "You may not do this."


def _has(section: Section, edit: Edit) -> Condition:
    """Whether a row has what it would get."""
    if edit.field.kind is Kind.RELATIONS:
        return _has_links(section, edit)
    if edit.field.name == "is_pinned":
        return pins.is_pinned(section) if edit.value else not_(pins.is_pinned(section))
    column = section.table.columns[edit.field.name]
    return column.is_(None) if edit.value is None else and_(column.is_not(None), column == edit.value)


def _has_links(section: Section, edit: Edit) -> Condition:
    through = edit.field.through
    assert through is not None  # noqa: S101 - checked at start (S012)
    mine, theirs = list(through.columns)
    wanted = edit.value or []

    def is_linked(*condition: Any) -> Condition:
        return exists().where(mine == section.table.columns.id, *condition)

    has_all = and_(true(), *(is_linked(theirs == number) for number in wanted))
    match edit.operation:
        case Operation.ADD:
            return has_all
        case Operation.REMOVE:
            return not_(is_linked(theirs.in_(wanted)))
        case Operation.SET:
            return and_(has_all, not_(is_linked(theirs.not_in(wanted))))
    return not_(is_linked())


def _is_refused(actor: Actor, section: Section, edit: Edit) -> Condition:
    """Whether this field would change in a row, and the person may not set it there (``changes.check_fields``)."""
    fine = or_(_has(section, edit), _may_set(actor, section, edit))
    return case((fine, 0), else_=1) == 1  # also where something is unknown


def _emptied(section: Section, edits: Sequence[Edit]) -> dict[str, Condition]:
    """Rows whose moment would be taken away while they stay in the state that it belongs to (``changes.stamp``)."""
    workflow, columns = section.workflow, section.table.columns
    if workflow is None:
        return {}
    named = {edit.field.name: edit.value for edit in edits}
    found: dict[str, Condition] = {}
    for state, stamp in workflow.stamps.items():
        if stamp in named and named[stamp] is None and named.get(workflow.field, state) == state:
            stays = and_(columns[stamp].is_not(None), columns[workflow.field] == state)
            found[changes.not_empty_while(section, stamp, workflow.field, state)] = case((stays, 1), else_=0) == 1
    return found


def _may_set(actor: Actor, section: Section, edit: Edit) -> Condition:
    columns, known, workflow = section.table.columns, edit.field, section.workflow
    if known.name == "is_pinned":
        return permissions.condition(actor, "pin", section, columns)
    conditions: list[Condition] = []
    is_own = known.name == section.owner and edit.value == actor.id
    if known.write is not None and not actor.is_system and not is_own:
        conditions.append(known.write.where(actor, columns))
    if workflow is not None and known.name == workflow.field:
        may_move = permissions.condition(actor, workflow.action, section, columns)
        is_open = columns[known.name].in_(workflow.open) if edit.value in workflow.open else false()
        conditions.append(or_(is_open, may_move))
    return and_(true(), *conditions)
