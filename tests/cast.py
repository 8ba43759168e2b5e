"""The people of every test: the owner of a row, a colleague with the same role, and one of each role."""

from functools import cached_property
from typing import Any

from sqlalchemy import select

from admin_site.accounts import actor as actors
from admin_site.accounts.actor import ANONYMOUS, SYSTEM, Actor
from admin_site.accounts.models import Role
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import writes

PASSWORD = "four words that do not belong"


class Cast:
    """Each member is made when first asked for."""

    system = SYSTEM
    anonymous = ANONYMOUS

    @cached_property
    def viewer(self) -> Actor:
        return make_user("viewer", "viewer")

    @cached_property
    def owner(self) -> Actor:
        return make_user("owner", "author")

    @cached_property
    def colleague(self) -> Actor:
        return make_user("colleague", "author")

    @cached_property
    def editor(self) -> Actor:
        return make_user("editor", "editor")

    @cached_property
    def admin(self) -> Actor:
        return make_user("admin", "admin")

    @cached_property
    def stranger(self) -> Actor:
        """Signed in, without any role."""
        return make_user("stranger")

    def named(self, name: str) -> Actor:
        member: Actor = getattr(self, name)
        return member


def make_user(name: str, *roles: str, **more: Any) -> Actor:
    sent = {
        "username": name,
        "email": f"{name}@example.org",
        "name": name.title(),
        "password": PASSWORD,
        "role_ids": [role_id(role) for role in roles],
    }
    with atomic():
        writes.create(SYSTEM, registry.get("users"), sent | more)
    person = actors.of_email(f"{name}@example.org")
    assert person is not None
    return person


def role_id(name: str) -> int:
    return db.session.execute(select(Role.id).where(Role.name == name)).scalar_one()
