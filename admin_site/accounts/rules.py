"""The predicates that declarations combine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, false, select, true

from admin_site.accounts import permissions
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.rules import Actor, Columns, Rule


@dataclass(frozen=True)
class MayToAny(Rule):
    """The actor's roles grant an action on every row of a section."""

    section: str
    action: str

    # Whoever is told why not does not have this right: naming it would explain nothing.
    says = ""

    def holds(self, actor: Actor, row: Any) -> bool:
        return actor.is_system or actor.grants.get((self.section, self.action)) == "any"

    def where(self, actor: Actor, columns: Columns) -> ColumnElement[bool]:
        return true() if self.holds(actor, None) else false()

    def decided(self, actor: Actor) -> bool | None:
        return self.holds(actor, None)

    def mistakes(self, section: Any, sections: Mapping[str, Any], actions: Sequence[str]) -> Iterator[str]:
        if self.section not in sections:
            yield f"there is no section {self.section!r}."
        if self.action not in actions:
            yield f"there is no action {self.action!r}."


@dataclass(frozen=True)
class StatusIn(Rule):
    """The row has one of these statuses."""

    statuses: tuple[str, ...]

    @property
    def says(self) -> str:  # type: ignore[override]
        return " or ".join(self.statuses)

    def holds(self, actor: Actor, row: Any) -> bool:
        return row.status in self.statuses

    def where(self, actor: Actor, columns: Columns) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = columns.status.in_(self.statuses)
        return condition

    def mistakes(self, section: Any, sections: Mapping[str, Any], actions: Sequence[str]) -> Iterator[str]:
        known = section.all_fields.get("status")
        for status in self.statuses:
            if known is None or status not in known.choice_labels:
                yield f"status has no {status!r}."


def may_to_any(section: str, action: str) -> Rule:
    """The actor may do this to every row of the section, not only to their own."""
    return MayToAny(section, action)


def status_in(*statuses: str) -> Rule:
    """The row's status is one of these."""
    return StatusIn(statuses)


@dataclass(frozen=True)
class MayReadOther(Rule):
    """The row that a required relation points to may be read as well."""

    field: str
    section: str

    says = ""

    def holds(self, actor: Actor, row: Any) -> bool:
        number = getattr(row, self.field)
        return number is not None and db.session.execute(self._readable(actor, number)).first() is not None

    def where(self, actor: Actor, columns: Columns) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = columns[self.field].in_(self._readable(actor))
        return condition

    def mistakes(self, section: Any, sections: Mapping[str, Any], actions: Sequence[str]) -> Iterator[str]:
        if self.section not in sections:
            yield f"there is no section {self.section!r}."
        if self.field not in section.all_fields:
            yield f"there is no {self.field!r}."

    def _readable(self, actor: Actor, number: int | None = None) -> Select[Any]:
        other = registry.get(self.section)
        theirs = other.table.columns
        query = select(theirs.id).where(theirs.live == 1, permissions.condition(actor, "read", other, theirs))
        return query if number is None else query.where(theirs.id == number)


def may_read_other(field: str, section: str) -> Rule:
    """The row of ``section`` that ``field`` points to may be read as well."""
    return MayReadOther(field, section)
