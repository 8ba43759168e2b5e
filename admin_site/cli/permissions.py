"""``permissions …``: why somebody may, or may not."""

import json
import sys

import click
from flask.cli import AppGroup

from admin_site.accounts import permissions
from admin_site.accounts.roles import ACTIONS, SITE_ACTIONS, roles_with
from admin_site.cli.options import acting, as_json
from admin_site.core import registry
from admin_site.core.errors import Denied
from admin_site.records import reads

group = AppGroup("permissions", help="Who may do what, and why.")


@group.command("explain")
@click.argument("email")
@click.argument("permission")
@click.argument("id", type=int, required=False)
@as_json
def explain(email: str, permission: str, id: int | None, as_json: bool) -> None:
    """Why EMAIL may do PERMISSION (such as posts.update), to the row ID if given."""
    person = acting(email)
    section_name, _, action = permission.partition(".")
    if section_name == "site" and action in SITE_ACTIONS:
        answer = _site(permissions.may(person, action), action)
    elif section_name in registry.by_name() and action in ACTIONS:
        section = registry.get(section_name)
        row = reads.find(person, section, id) if id is not None else None
        answer = permissions.explain(person, action, section, row)
    else:
        raise click.UsageError(f"There is no permission {permission!r}; it is a section and an action: posts.update.")
    if as_json:
        click.echo(json.dumps({"allowed": answer.allowed, "why": answer.sentence, "roles": list(answer.roles)}))
    else:
        roles = f"Roles that grant it: {', '.join(answer.roles) or 'none'}."
        if not answer.allowed:
            raise Denied(f"Refused: {answer.sentence} {roles}")
        click.echo(f"Allowed: {answer.sentence}")
        click.echo(roles)
    if not answer.allowed:
        sys.exit(1)


def _site(allowed: bool, action: str) -> permissions.Explanation:
    sentence = f"Your roles grant site.{action}." if allowed else f"None of your roles grants site.{action}."
    return permissions.Explanation(allowed, sentence, tuple(roles_with("site", action)))
