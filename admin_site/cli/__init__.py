"""The commands of ``manage.py``. Exit 0 done, 1 refused with one line on stderr, 2 wrong usage."""

import sys
from collections.abc import Callable

import click
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy.exc import DBAPIError

from admin_site.cli import demo, doctor, files, jobs, permissions, search, sections, server, setup, tokens, users
from admin_site.config import SettingError
from admin_site.core.checks import DeclarationError
from admin_site.core.errors import AppError
from admin_site.core.transactions import in_one_line

GROUPS = (
    users.group, tokens.group, sections.group, jobs.group, files.import_command, files.export_command,
    permissions.group, search.group, demo.command, doctor.command, server.command, setup.command,
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Add the commands to those of Flask and Flask-Migrate."""
    for command in GROUPS:
        app.cli.add_command(command)


def main(create_app: Callable[[], Flask]) -> None:
    """Run one command; what refuses says so in one line."""
    group = FlaskGroup(create_app=create_app, help="Admin Site: the back office of your content.")
    try:
        # What a command ends with by ``ctx.exit`` is returned here, not raised.
        code = group.main(standalone_mode=False, prog_name="manage.py")
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except (AppError, SettingError, DeclarationError) as error:
        _refuse(str(error))
    except DBAPIError as error:
        _refuse(f"The database does not answer as expected: {in_one_line(error)}. Is it up, and migrated?")


def _refuse(sentence: str) -> None:
    click.echo(sentence.replace("\n", " "), err=True)
    sys.exit(1)
