"""``serve``: the production server for one machine."""

import click
import waitress
from flask import current_app
from flask.cli import with_appcontext

from admin_site.core.errors import Conflict

# Pages wait for the database, not for the processor; bcrypt has a limit of its own.
THREADS = 8


@click.command("serve")
@click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)
@click.option("--port", default=5000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@with_appcontext
def command(host: str, port: int) -> None:
    """Serve pages until Ctrl-C."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy has it
    click.echo(f"Serving http://{host}:{port}/ until Ctrl-C")
    try:
        waitress.serve(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=app.config["MAX_CONTENT_LENGTH"] + 1,
            # Without a proxy in front nobody may say who they are; with one, ProxyFix reads what it says.
            clear_untrusted_proxy_headers=not app.config["TRUSTED_PROXIES"],
            _quiet=True,
        )
    except OSError as error:
        raise Conflict(f"{host}:{port} cannot be served: {error.strerror or error}.") from None
