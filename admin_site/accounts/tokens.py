"""Tokens: what programs sign in with. Shown once, kept as a digest, never worth more than their owner is now."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor, role_names, split_roles
from admin_site.accounts.models import ApiToken, User
from admin_site.accounts.roles import ACTIONS, SITE_ACTIONS
from admin_site.core import clock, registry, text
from admin_site.core.database import db, execute_kept
from admin_site.core.errors import Conflict, Invalid, NotFound

# What tells a token from other secrets, for those who look for leaked ones.
PREFIX = "adm_"
NAME_LENGTH = 100
# A person's tokens are a handful.
STANDING_MOST = 50
SCOPES_MOST = 200
# Letters of a token that listings show, so that its owner knows it again.
HINT_LENGTH = 10
SEEN_EVERY = timedelta(minutes=1)
ID_MOST = 2**63 - 1


@dataclass(frozen=True)
class Standing:
    """A token as listings have it; its secret is known to nobody."""

    id: int
    user_id: int
    owner: str
    email: str
    name: str
    hint: str
    scopes: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def state(self) -> str:
        """standing, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= clock.now() else "standing"


def create(
    user_id: int, name: str, *, scopes: Collection[str] | None = None, expires_at: datetime | None = None
) -> tuple[int, str]:
    """A new token of this person: its number, and the secret that is shown this once.

    Without ``scopes`` it may do all that its owner may. ``Invalid`` names what is wrong.
    """
    kept = _checked(name, scopes, expires_at)
    mine = select(func.count()).select_from(ApiToken).where(ApiToken.user_id == user_id, _stands())
    if db.session.execute(mine).scalar_one() >= STANDING_MOST:
        raise Conflict(f"There are {STANDING_MOST} tokens already. Revoke one that is not used any more.")
    secret = PREFIX + secrets.token_urlsafe(32)
    values = {
        "user_id": user_id, "name": name.strip(), "token_hash": _hash(secret), "hint": secret[:HINT_LENGTH],
        "scopes": kept, "expires_at": expires_at, "created_at": clock.now(),
    }  # fmt: skip
    result: Any = db.session.execute(insert(ApiToken).values(values))
    return int(result.inserted_primary_key[0]), secret


def _checked(name: str, scopes: Collection[str] | None, expires_at: datetime | None) -> list[str] | None:
    errors: dict[str, list[str]] = {}
    if not name.strip():
        errors["name"] = ["Name is required"]
    elif len(name.strip()) > NAME_LENGTH or not text.is_storable(name):
        errors["name"] = [f"Name must have at most {NAME_LENGTH} characters that can be stored."]
    if expires_at is not None and expires_at <= clock.now():
        errors["expires"] = ["Expires must lie in the future."]
    if scopes is not None:
        known = set(known_scopes())
        if unknown := sorted(set(scopes) - known):
            shown = ", ".join(repr(text.clip(scope, 40)) for scope in unknown[:5])
            errors["scope"] = [f"There is no scope {shown}; a scope is a section and an action, such as notes.read."]
        elif not scopes:
            errors["scope"] = ["Choose at least one scope, or all that the owner may."]
    if errors:
        raise Invalid(fields=errors)
    return None if scopes is None else sorted(set(scopes))


def known_scopes() -> list[str]:
    """Every right that a token can be narrowed to: section and action."""
    sections = [f"{section.name}.{action}" for section in registry.all_sections() for action in ACTIONS]
    return [*sections, *(f"site.{action}" for action in SITE_ACTIONS)]


def scopes_of(actor: Actor) -> list[str]:
    """The rights that this person has, as scopes, in the order of the sections."""
    granted = {f"{area}.{action}" for area, action in actor.grants}
    return [scope for scope in known_scopes() if scope in granted]


@lru_cache(maxsize=1)
def _loading() -> Any:
    """Asked by every call of a program, so it is made once."""
    token, user = ApiToken.__table__, User.__table__
    return (
        select(token.c.id.label("token_id"), token.c.scopes, token.c.last_used_at, user.c.id, user.c.name,
               user.c.email, role_names(user.c.id).label("roles"))
        .join_from(token, user, user.c.id == token.c.user_id)
        .where(
            token.c.token_hash == bindparam("hashed"), token.c.revoked_at.is_(None),
            or_(token.c.expires_at.is_(None), token.c.expires_at > bindparam("moment")),
            user.c.live == 1, user.c.is_active,
        )
    )  # fmt: skip


def load(secret: str) -> tuple[Actor, bool] | None:
    """Whoever a token acts for, with the rights of now, and whether its use is to be noted."""
    if not secret.startswith(PREFIX):
        return None
    now = clock.now()
    row = execute_kept(_loading(), {"hashed": _hash(secret), "moment": now}).first()
    if row is None:
        return None
    return _actor(row), row.last_used_at is None or row.last_used_at < now - SEEN_EVERY


def of_id(token_id: int) -> Actor | None:
    """The same for a job that a token began; None once it was revoked, has expired or its owner may not sign in."""
    token = ApiToken.__table__
    query = (
        select(token.c.id.label("token_id"), token.c.scopes, User.id, User.name, User.email,
               role_names(User.id).label("roles"))
        .join_from(token, User, User.id == token.c.user_id)
        .where(token.c.id == token_id, _stands(), User.live == 1, User.is_active)
    )  # fmt: skip
    row = db.session.execute(query).first()
    return _actor(row) if row else None


def _actor(row: Any) -> Actor:
    return Actor(
        id=row.id, name=row.name, email=row.email, roles=split_roles(row.roles), token_id=row.token_id,
        scopes=None if row.scopes is None else frozenset(row.scopes),
    )  # fmt: skip


def touch(token_id: int) -> None:
    """Write that the token was used, unless that was written within the last minute."""
    now = clock.now()
    unseen = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now - SEEN_EVERY)
    statement = update(ApiToken).where(ApiToken.id == token_id, unseen).values(last_used_at=now)
    db.session.execute(statement.execution_options(synchronize_session=False))


def listed(actor: Actor, *, user_id: int | None = None, standing: bool = False) -> Sequence[Standing]:
    """The person's own tokens, or with the right to them everybody's; newest first."""
    query = (
        select(ApiToken.id, ApiToken.user_id, User.name.label("owner"), User.email, ApiToken.name, ApiToken.hint,
               ApiToken.scopes, ApiToken.created_at, ApiToken.expires_at, ApiToken.last_used_at, ApiToken.revoked_at)
        .join(User, User.id == ApiToken.user_id)
        .order_by(ApiToken.id.desc())
    )  # fmt: skip
    if not permissions.may(actor, "tokens"):
        query = query.where(ApiToken.user_id == actor.id)
    if user_id is not None:
        query = query.where(ApiToken.user_id == user_id)
    if standing:
        query = query.where(_stands())
    rows = db.session.execute(query)
    return [Standing(**{**row._mapping, "scopes": None if row.scopes is None else tuple(row.scopes)}) for row in rows]


def revoke(actor: Actor, token_id: int, *, only_own: bool = False) -> None:
    """End a token at once; ``NotFound`` where it is somebody else's, ``Conflict`` where it has ended."""
    mine = ApiToken.id == token_id
    if only_own or not permissions.may(actor, "tokens"):
        mine &= ApiToken.user_id == actor.id
    found = db.session.execute(select(ApiToken.revoked_at).where(mine)).first() if 0 < token_id <= ID_MOST else None
    if found is None:
        raise NotFound(f"There is no token with the number {token_id}.")
    if found.revoked_at is not None:
        raise Conflict("This token was revoked already.")
    statement = update(ApiToken).where(ApiToken.id == token_id).values(revoked_at=clock.now())
    db.session.execute(statement.execution_options(synchronize_session=False))


def _stands() -> ColumnElement[bool]:
    now = clock.now()
    alive: ColumnElement[bool] = or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now)
    return ApiToken.revoked_at.is_(None) & alive


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
