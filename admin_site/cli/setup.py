"""``setup``: what ``make run`` does before it serves."""

import secrets

import click
import flask_migrate
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from admin_site import demo
from admin_site.accounts.actor import SYSTEM
from admin_site.accounts.models import Role, User
from admin_site.accounts.roles import ADMIN
from admin_site.core import registry, schema
from admin_site.core.database import db
from admin_site.core.errors import Conflict
from admin_site.core.transactions import atomic
from admin_site.records import writes
from admin_site.records.search import rebuild

FIRST_EMAIL = "admin@example.org"


@click.command("setup")
@click.option("--host", default="127.0.0.1", envvar="HOST")
@click.option("--port", default="5000", envvar="PORT")
@with_appcontext
def command(host: str, port: str) -> None:
    """Bring the schema up to date; on the first time add an administrator and demo content."""
    _upgrade()
    is_first_time = db.session.execute(select(User.id).limit(1)).first() is None
    if not is_first_time:
        _complete_search()
        return
    password = secrets.token_urlsafe(12)
    with atomic():
        role = db.session.execute(select(Role.id).where(Role.name == ADMIN)).scalar_one()
        sent = {
            "email": FIRST_EMAIL,
            "username": "admin",
            "name": "Administrator",
            "password": password,
            "role_ids": [role],
        }
        writes.create(SYSTEM, registry.get("users"), sent, source="cli")
    click.echo("The first administrator. This is shown once:\n")
    click.echo(f"  email     {FIRST_EMAIL}\n  password  {password}\n  http://{host}:{port}/admin/\n")
    if demo.is_empty():
        click.echo("Writing demo content …")
        click.echo("Demo people:\n")
        for person in demo.load():
            click.echo(f"  {person.role:<8}  {person.email:<24}  {person.password}")
        click.echo()


def _complete_search() -> None:
    """After an upgrade that brought another search index, rows that were there before get their documents."""
    for section in registry.all_sections():
        if rebuild.is_needed(section):
            click.echo(f"Indexing {section.label.lower()} …")
            for _progress in rebuild.rebuild(section):
                pass


def _upgrade() -> None:
    if newer := schema.unknown():
        raise Conflict(
            f"The database is at revision {', '.join(newer)}, which this program does not know: a newer one has"
            " upgraded it. Run that one, or bring back a backup from before."
        )
    is_behind = bool(schema.difference())
    db.session.rollback()
    if is_behind:
        flask_migrate.upgrade(directory=current_app.extensions["migrate"].directory)
