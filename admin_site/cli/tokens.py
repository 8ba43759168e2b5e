"""``tokens …``: what programs sign in with."""

from datetime import datetime

import click
from flask.cli import AppGroup

from admin_site.accounts import tokens
from admin_site.cli.options import acting, as_email, as_json, show
from admin_site.core import clock
from admin_site.core.errors import Denied, Invalid
from admin_site.core.transactions import atomic
from admin_site.records.filters import Age
from admin_site.records.values import parse_moment

group = AppGroup("tokens", help="What programs sign in with.")
COLUMNS = ("id", "email", "name", "hint", "scopes", "state", "created", "expires", "last_used")


@group.command("create")
@click.argument("email")
@click.option("--name", required=True, help="What it is for.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Only this right, such as notes.read; repeat.")
@click.option("--expires", metavar="WHEN", help="Such as 30d, 12h or 2027-01-31; never if absent.")
@click.argument("more", nargs=-1, metavar="[SCOPE]…")
@as_email
def create(
    email: str, name: str, scopes: tuple[str, ...], expires: str | None, more: tuple[str, ...], as_email: str | None
) -> None:
    """Make a token of a person and print it, once. Without --scope it may do all that its owner may."""
    if more and not scopes:
        raise click.UsageError(f"Got an unexpected argument: {more[0]}")
    owner, person = acting(email), acting(as_email)
    if not person.is_system and person.id != owner.id:
        raise Denied("Tokens are made by their owner, or by the system.")
    asked = [word for scope in (*scopes, *more) for word in scope.replace(",", " ").split()]
    with atomic():
        _number, secret = tokens.create(
            owner.id or 0, name, scopes=asked if scopes else None, expires_at=_moment(expires) if expires else None
        )
    click.echo(secret)


def _moment(raw: str) -> datetime:
    """A span from now, or a date."""
    age = Age.read(raw)
    try:
        return clock.now() + age.span if age else parse_moment(raw, "Expires")
    except (ValueError, OverflowError):
        raise Invalid("--expires must be a span like 30d or 12h, or a date like 2027-01-31.") from None


@group.command("list")
@as_email
@as_json
def list_tokens(as_email: str | None, as_json: bool) -> None:
    """Every token, newest first; of a secret only its beginning is known."""
    rows = [
        {"id": one.id, "email": one.email, "name": one.name, "hint": f"{one.hint}…",
         "scopes": "all" if one.scopes is None else " ".join(one.scopes), "state": one.state,
         "created": clock.isoformat(one.created_at), "expires": _said(one.expires_at),
         "last_used": _said(one.last_used_at)}
        for one in tokens.listed(acting(as_email))
    ]  # fmt: skip
    show(rows, COLUMNS, as_json=as_json)


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else clock.isoformat(moment)


@group.command("revoke")
@click.argument("token_id", metavar="ID", type=click.IntRange(1))
@as_email
def revoke(token_id: int, as_email: str | None) -> None:
    """End a token at once."""
    with atomic():
        tokens.revoke(acting(as_email), token_id)
    click.echo(f"The token {token_id} was revoked.")
