"""The one decision: may this actor do that?

A role grants an action on a section for any row or one's own; the section's rules may narrow it.
What nobody granted is refused. Hidden is ``NotFound``, forbidden is ``Denied``.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, true

from admin_site.accounts.roles import ACTIONS, roles_with
from admin_site.core.errors import Denied
from admin_site.core.rules import Actor, Columns, Rule
from admin_site.core.section import Field, Section


def allows(actor: Actor, action: str, section: Section, row: Any = None, field: Field | None = None) -> bool:
    """Whether the actor may do this to the row; without a row, whether to some row at all."""
    if action not in ACTIONS:
        raise ValueError(f"no such action: {action}")
    if actor.is_system:
        return True
    scope = actor.grants.get((section.name, action))
    if scope is None:
        return False
    if row is not None and not _holds(actor, action, section, row, scope):
        return False
    return field is None or field.write is None or field.write.holds(actor, row)


def may(actor: Actor, site_action: str) -> bool:
    """Whether the actor may use a part of the site that is no section: roles, jobs, the activity log."""
    return actor.is_system or ("site", site_action) in actor.grants


def condition(actor: Actor, action: str, section: Section, columns: Columns) -> ColumnElement[bool]:
    """The rows on which ``allows`` says yes, as SQL."""
    if actor.is_system:
        return true()
    scope = actor.grants.get((section.name, action))
    if scope is None:
        return false()
    own = true() if scope == "any" else and_(columns[section.owner].is_not(None), columns[section.owner] == actor.id)
    rule = _rule(actor, action, section)
    return and_(own, rule.where(actor, columns)) if rule else own


def is_unconditional(actor: Actor, action: str, section: Section) -> bool:
    """Whether ``allows`` says yes for every row."""
    if actor.is_system:
        return True
    if actor.grants.get((section.name, action)) != "any":
        return False
    rule = _rule(actor, action, section)
    return rule is None or rule.decided(actor) is True


def require(actor: Actor, action: str, section: Section, row: Any = None) -> None:
    """Raise ``Denied`` with the reason unless allowed."""
    if not allows(actor, action, section, row):
        raise Denied(explain(actor, action, section, row).sentence, needs=f"{section.name}.{action}")


@dataclass(frozen=True)
class Explanation:
    """Why something is, or is not, allowed."""

    allowed: bool
    sentence: str
    roles: tuple[str, ...] = ()


def explain(actor: Actor, action: str, section: Section, row: Any = None) -> Explanation:
    """The decision in words, with the roles that would allow it."""
    what = f"{section.name}.{action}"
    could = tuple(roles_with(section.name, action))
    if actor.is_system:
        return Explanation(True, "The system may do everything.", could)
    scope = actor.grants.get((section.name, action))
    if scope is None and actor.scopes is not None and what not in actor.scopes:
        return Explanation(False, f"The token lacks the scope {what}.", could)
    if scope is None:
        deed = ACTIONS[action].format(section.label.lower())
        return Explanation(False, f"None of your roles lets you {deed} ({what}).", could)
    if row is None or _holds(actor, action, section, row, scope):
        whose = "" if scope == "any" else " on your own rows"
        return Explanation(True, f"Your roles grant {what}{whose}.", could)
    if scope == "own" and not owns(actor, section, row):
        return Explanation(False, f"You may do this only to your own {section.label.lower()}.", could)
    rule = _rule(actor, action, section)
    return Explanation(False, f"This is possible only while it is {rule.says if rule else ''}.", could)


def owns(actor: Actor, section: Section, row: Any) -> bool:
    """Whether the row belongs to the actor."""
    return actor.id is not None and getattr(row, section.owner) == actor.id


def _holds(actor: Actor, action: str, section: Section, row: Any, scope: str) -> bool:
    if scope == "own" and not owns(actor, section, row):
        return False
    rule = _rule(actor, action, section)
    return rule is None or rule.holds(actor, row)


def _rule(actor: Actor, action: str, section: Section) -> Rule | None:
    """What narrows a grant: one rule for people with roles, another for visitors."""
    return section.public[action] if actor.is_visitor else section.rules.get(action)
