"""Options that several commands have."""

import json
from collections.abc import Sequence
from typing import Any

import click

from admin_site.accounts import actor as actors
from admin_site.accounts.actor import SYSTEM, Actor
from admin_site.core import text
from admin_site.core.errors import NotFound

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
as_email = click.option("--as", "as_email", metavar="EMAIL", help="Act as this person instead of the system.")


def acting(email: str | None) -> Actor:
    """The person named by ``--as``, or the system."""
    if email is None:
        return SYSTEM
    person = actors.of_email(text.key(email.strip()))
    if person is None:
        raise NotFound(f"There is no active user with the e-mail {email}.")
    return person


def show(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows as JSON or as a table."""
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False, indent=2, default=str))
        return
    cells = [[str("" if row[name] is None else row[name]) for name in columns] for row in rows]
    widths = [max(len(line[place]) for line in [list(columns), *cells]) for place in range(len(columns))]
    for line in [list(columns), *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
