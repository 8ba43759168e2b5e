"""``demo``: content to look around in."""

import click
from flask.cli import with_appcontext

from admin_site import demo
from admin_site.core.errors import Conflict


@click.command("demo")
@with_appcontext
def command() -> None:
    """Fill an empty site with demo content and four demo people."""
    if not demo.is_empty():
        raise Conflict("There is content already; demo content is only for an empty site.")
    people = demo.load()
    click.echo("Demo people, one for each role:")
    for person in people:
        click.echo(f"  {person.role:<7} {person.email:<24} {person.password}")
