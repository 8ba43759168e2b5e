"""Users and their settings, roles, login sessions, tokens and the counters of failed sign-ins."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core.database import (
    Model,
    Record,
    db,
    key_of,
    line,
    link_options,
    record_args,
    table_args,
    unique_while_live,
)
from admin_site.core.types import Id, JsonText, UtcDateTime

user_roles = Table(
    "user_roles",
    db.metadata,
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("role_id", Id, ForeignKey("roles.id"), primary_key=True, index=True),
    **link_options(),
)


class User(Record):
    """A person who may sign in."""

    __tablename__ = "users"
    __title__ = ("name",)
    __table_args__ = record_args(
        "users",
        unique_while_live("users", "username_key"),
        unique_while_live("users", "email_key"),
        Index("ix_users_live_name_key_id", "live", "name_key", "id"),
        Index("ix_users_live_is_active_name_key_id", "live", "is_active", "name_key", "id"),
    )

    username: Mapped[str] = line(200)
    username_key: Mapped[str] = key_of("username")
    email: Mapped[str] = line(254)
    email_key: Mapped[str] = key_of("email")
    name: Mapped[str] = line(200)
    name_key: Mapped[str] = key_of("name")
    age: Mapped[int | None]
    address: Mapped[str | None] = line(200, optional=True)
    address_key: Mapped[str | None] = key_of("address", optional=True)
    city: Mapped[str | None] = line(200, optional=True)
    city_key: Mapped[str | None] = key_of("city", optional=True)
    state: Mapped[str | None] = line(200, optional=True)
    state_key: Mapped[str | None] = key_of("state", optional=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    # Absent until a password is chosen: such a person cannot sign in.
    password_hash: Mapped[str | None] = mapped_column(String(100), info={"internal": True})


class UserSettings(Model):
    """How the pages look for one person."""

    __tablename__ = "user_settings"
    __table_args__ = table_args()

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    theme: Mapped[str] = mapped_column(String(10), default="")
    density: Mapped[str] = mapped_column(String(10), default="")
    # Whether single keys are shortcuts.
    shortcuts: Mapped[bool] = mapped_column(default=True)
    # The cards of the home page: {"shown": [...], "hidden": [...]}; null is the declared order.
    home: Mapped[Any] = mapped_column(JsonText, nullable=True, sort_order=50)


class Role(Record):
    """A named set of rights; ``accounts/roles.py`` says which."""

    __tablename__ = "roles"
    __title__ = ("name",)
    __table_args__ = table_args(unique_while_live("roles", "name_key"))

    name: Mapped[str] = line(80)
    name_key: Mapped[str] = key_of("name")


class LoginSession(Model):
    """One browser in which somebody is signed in. Ending it ends the sign-in, whatever the cookie says."""

    __tablename__ = "login_sessions"
    __table_args__ = table_args(Index("ix_login_sessions_user_id", "user_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # SHA-256 of the secret in the cookie: a stolen database opens no session.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The end at the latest; the end by idleness follows from last_seen_at.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    keep: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")


class ApiToken(Model):
    """What a program signs in with. It stays when it has ended, so that what it did can be told."""

    __tablename__ = "api_tokens"
    __table_args__ = table_args(Index("ix_api_tokens_user_id", "user_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # SHA-256 of the secret, which is random: a stolen database opens nothing.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    # How the secret begins, so that its owner knows it again.
    hint: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # A list such as ["notes.read"]; null is all that the owner may.
    scopes: Mapped[Any] = mapped_column(JsonText, nullable=True, sort_order=50)


class Throttle(Model):
    """How often something was tried in one minute, shared by all processes."""

    __tablename__ = "throttles"
    __table_args__ = table_args()

    # What is counted, as a digest: "account:…" or "address:…".
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    minute: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    count: Mapped[int]
