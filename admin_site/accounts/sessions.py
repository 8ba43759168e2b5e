"""Login sessions kept on the server: signing out ends them, a copied cookie opens nothing."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, delete, func, insert, select, update

from admin_site.accounts.actor import Actor, role_names, split_roles
from admin_site.accounts.models import LoginSession, User, UserSettings
from admin_site.core import clock
from admin_site.core.database import db, execute_kept

# What a column of row numbers holds.
ID_MOST = 2**63 - 1
# "Last seen" is written at most this often, so that reading a page rarely writes.
SEEN_EVERY = timedelta(minutes=1)
# A person who asked to stay signed in is not signed out for being idle.
KEPT_FOR = timedelta(days=30)


def start(actor: Actor, *, keep: bool, address: str, agent: str) -> Actor:
    """Open a session; returns the actor with its secret."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    db.session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
    lasts = KEPT_FOR if keep else timedelta(seconds=current_app.config["SESSION_MAX"])
    db.session.execute(
        insert(LoginSession).values(
            token_hash=_hash(token), user_id=actor.id, created_at=now, last_seen_at=now, expires_at=now + lasts,
            keep=keep, address=address[:45], agent=_printable(agent)[:200],
        )
    )  # fmt: skip
    return replace(actor, session_token=token)


@lru_cache(maxsize=1)
def _loading() -> Any:
    """Asked by every request, so it is made once."""
    # Over tables: statements over mapped classes cost twice as much.
    session, user, settings = (model.__table__ for model in (LoginSession, User, UserSettings))
    return (
        select(session.c.id.label("session_id"), session.c.last_seen_at, session.c.keep,
               user.c.id, user.c.name, user.c.email, settings.c.theme, settings.c.density, settings.c.shortcuts,
               role_names(user.c.id).label("roles"))
        .join_from(session, user, user.c.id == session.c.user_id)
        .outerjoin(settings, settings.c.user_id == user.c.id)
        .where(
            session.c.token_hash == bindparam("hashed"), session.c.expires_at > bindparam("moment"),
            user.c.live == 1, user.c.is_active,
        )
    )  # fmt: skip


def load(token: str) -> Actor | None:
    """The person behind a cookie's secret, if the session still stands."""
    now = clock.now()
    query = _loading()
    row = execute_kept(query, {"hashed": _hash(token), "moment": now}).first()
    idle = timedelta(seconds=current_app.config["SESSION_IDLE"])
    if row is None or (not row.keep and row.last_seen_at + idle <= now):
        return None
    return Actor(
        id=row.id, name=row.name, email=row.email, theme=row.theme or "", density=row.density or "",
        shortcuts=row.shortcuts is not False,
        roles=split_roles(row.roles), session_id=row.session_id, session_token=token,
        is_visit_noted=row.last_seen_at >= now - SEEN_EVERY,
    )  # fmt: skip


def owner_of(token: str) -> int | None:
    """Whose session this is or was, also after it ended for being idle; None where it was signed out."""
    query = (
        select(LoginSession.user_id)
        .join(User, User.id == LoginSession.user_id)
        .where(LoginSession.token_hash == _hash(token), User.live == 1, User.is_active)
    )
    return db.session.execute(query).scalar()


def last_visit(person: Actor) -> datetime | None:
    """When the person was last seen in another session than this one; None the first time."""
    query = select(func.max(LoginSession.last_seen_at)).where(
        LoginSession.user_id == person.id, LoginSession.id != person.session_id
    )
    found: datetime | None = db.session.execute(query).scalar()
    return found


def touch(session_id: int) -> None:
    """Write that the session was used, unless that was written within the last minute."""
    now = clock.now()
    db.session.execute(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.last_seen_at < now - SEEN_EVERY)
        .values(last_seen_at=now)
    )


def end(user_id: int, session_id: int) -> bool:
    """End one session of a person; says whether there was one."""
    if session_id > ID_MOST:
        return False
    query = delete(LoginSession).where(LoginSession.id == session_id, LoginSession.user_id == user_id)
    return bool(db.session.execute(query).rowcount)  # type: ignore[attr-defined]  # a delete has it


def end_all(user_ids: Sequence[int], *, but: int | None = None) -> None:
    """End every session of these people, except one."""
    query = delete(LoginSession).where(LoginSession.user_id.in_(user_ids))
    if but is not None:
        query = query.where(LoginSession.id != but)
    db.session.execute(query)


def of_user(user_id: int) -> Sequence[Any]:
    """The sessions of a person that still stand, last used first."""
    query = (
        select(LoginSession.id, LoginSession.created_at, LoginSession.last_seen_at, LoginSession.address,
               LoginSession.agent, LoginSession.keep)
        .where(LoginSession.user_id == user_id, LoginSession.expires_at > clock.now())
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
    )  # fmt: skip
    return db.session.execute(query).all()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
