"""The one who acts: a signed-in person, the system, or nobody in particular."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, func, select

from admin_site.accounts.models import Role, User, user_roles
from admin_site.accounts.roles import grants_of
from admin_site.core import registry
from admin_site.core.database import db


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Satisfies Flask-Login's user protocol as well."""

    id: int | None
    name: str
    email: str = ""
    roles: tuple[str, ...] = ()
    theme: str = ""
    density: str = ""
    shortcuts: bool = True
    is_system: bool = False
    is_visitor: bool = False
    session_id: int | None = None
    # Whether it was written just now that the session is used.
    is_visit_noted: bool = True
    # The token that acts for the person, and the rights that it is narrowed to; None is all of them.
    token_id: int | None = None
    scopes: frozenset[str] | None = None
    # The cookie's secret, which is what Flask-Login keeps.
    session_token: str = field(default="", repr=False)

    @property
    def grants(self) -> Mapping[tuple[str, str], str]:
        """(section, action) to "own" or "any"."""
        names = tuple(registry.by_name())
        return _public(names) if self.is_visitor else _grants(self.roles, names, self.scopes)

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is signed in."""
        return self.id is not None

    @property
    def is_active(self) -> bool:
        """A disabled person is never loaded, so whoever is here is active."""
        return self.is_authenticated

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is signed in."""
        return not self.is_authenticated

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie."""
        return self.session_token


@lru_cache(maxsize=256)
def _grants(
    roles: tuple[str, ...], _sections: tuple[str, ...], scopes: frozenset[str] | None
) -> Mapping[tuple[str, str], str]:
    granted = grants_of(roles)
    if scopes is None:
        return granted
    return {(area, action): scope for (area, action), scope in granted.items() if f"{area}.{action}" in scopes}


@lru_cache(maxsize=8)
def _public(_sections: tuple[str, ...]) -> Mapping[tuple[str, str], str]:
    """What the declarations open to anybody; their rules say for which rows."""
    return {(section.name, action): "any" for section in registry.all_sections() for action in section.public}


ANONYMOUS = Actor(id=None, name="Anonymous")
SYSTEM = Actor(id=None, name="system", is_system=True)
# Whoever reads the public pages: signed in or not, they see there what everybody sees.
VISITOR = Actor(id=None, name="Visitor", is_visitor=True)


# One line of text never has it, so no name of a role can pose as two.
SEPARATOR = "\n"


def role_names(user_id: Any) -> Any:
    """The roles of a user, one a line: a column for the query that reads the user."""
    return (
        select(func.aggregate_strings(Role.name, SEPARATOR))
        .join(user_roles, user_roles.c.role_id == Role.id)
        .where(user_roles.c.user_id == user_id, Role.live == 1)
        .scalar_subquery()
    )


def split_roles(joined: str | None) -> tuple[str, ...]:
    """The names in alphabetical order."""
    return tuple(sorted(joined.split(SEPARATOR))) if joined else ()


def of_email(email_key: str) -> Actor | None:
    """The active person with this folded e-mail address."""
    return _one(User.email_key == email_key)


def of_id(user_id: int) -> Actor | None:
    """The active person with this number, with the rights that they have now."""
    return _one(User.id == user_id)


def _one(condition: ColumnElement[bool]) -> Actor | None:
    query = select(User.id, User.name, User.email, role_names(User.id).label("roles")).where(
        condition, User.live == 1, User.is_active
    )
    row = db.session.execute(query).first()
    if row is None:
        return None
    return Actor(id=row.id, name=row.name, email=row.email, roles=split_roles(row.roles))
