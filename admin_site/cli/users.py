"""``users …``: the people who sign in."""

import re
import sys
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from admin_site.accounts import invitations
from admin_site.accounts.models import Role, User, user_roles
from admin_site.cli.options import acting, as_email, as_json, show
from admin_site.core import clock, registry, text
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.core.transactions import atomic
from admin_site.records import unique, writes

group = AppGroup("users", help="The people who sign in.")
password_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@group.command("create")
@click.argument("email")
@click.option("--role", required=True, help="viewer, author, editor or admin.")
@click.option("--name", help="The name that colleagues see.")
@password_stdin
@as_email
def create(email: str, role: str, name: str | None, password_stdin: bool, as_email: str | None) -> None:
    """Add a person; without a password, print a one-time link to choose one."""
    sent: dict[str, Any] = {"email": email, "role_ids": [_role_id(role)]}
    if name:
        sent["name"] = name
    if password_stdin:
        sent["password"] = _read_password()
    sent["username"] = free_username(email)
    with atomic():
        number = writes.create(acting(as_email), registry.get("users"), sent, source="cli")
    if password_stdin:
        click.echo(f"Added {email} with the role {role}.")
    else:
        click.echo(link_for(number))


@group.command("list")
@as_json
def list_users(as_json: bool) -> None:
    """Who there is."""
    query = select(User).where(User.live == 1).order_by(User.email_key)
    roles = select(user_roles.c.user_id, Role.name).join(Role, Role.id == user_roles.c.role_id).order_by(Role.name)
    named: dict[int, list[str]] = {}
    for user_id, role in db.session.execute(roles):
        named.setdefault(user_id, []).append(role)
    rows = [
        {"id": user.id, "email": user.email, "username": user.username, "name": user.name,
         "roles": ", ".join(named.get(user.id, [])), "active": "yes" if user.is_active else "no",
         "created": clock.isoformat(user.created_at)}
        for user in db.session.execute(query).scalars()
    ]  # fmt: skip
    show(rows, ("id", "email", "username", "name", "roles", "active"), as_json=as_json)


@group.command("set-password")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
@as_email
def set_password(email: str, password_stdin: bool, as_email: str | None) -> None:  # noqa: ARG001 - required above
    """Give a person another password; they are signed out everywhere."""
    _change(email, {"password": _read_password()}, as_email)
    click.echo(f"The password of {email} was changed.")


@group.command("disable")
@click.argument("email")
@as_email
def disable(email: str, as_email: str | None) -> None:
    """Sign a person out, for good."""
    _change(email, {"is_active": False}, as_email)
    click.echo(f"{email} was disabled.")


@group.command("enable")
@click.argument("email")
@as_email
def enable(email: str, as_email: str | None) -> None:
    """Let a person sign in again."""
    _change(email, {"is_active": True}, as_email)
    click.echo(f"{email} was enabled.")


def free_username(email: str) -> str:
    """The first part of the address, with a number where it is taken."""
    stem = re.sub(r"[^\w.-]", "", email.partition("@")[0])[:70] or "user"
    section = registry.get("users")
    name, number = stem, 2
    while not unique.is_free(section, "username", text.key(name), None):
        name, number = f"{stem}{number}", number + 1
    return name


def link_for(user_id: int) -> str:
    """A one-time link to choose a password."""
    path = f"/set-password/{invitations.token_for(user_id)}"
    return str(current_app.config["BASE_URL"]) + path


def _change(email: str, sent: dict[str, Any], as_email: str | None) -> None:
    query = select(User.id).where(User.email_key == text.key(email.strip()), User.live == 1)
    number = db.session.execute(query).scalar()
    if number is None:
        raise NotFound(f"There is no user with the e-mail {email}.")
    with atomic():
        writes.update(acting(as_email), registry.get("users"), number, sent, source="cli")


def _role_id(name: str) -> int:
    number = db.session.execute(select(Role.id).where(Role.name_key == text.key(name), Role.live == 1)).scalar()
    if number is None:
        raise NotFound(f"There is no role {name!r}: viewer, author, editor, admin.")
    return number


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError("--password-stdin expects the password on standard input.")
    return password
