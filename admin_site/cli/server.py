"""``serve``: the production server for one machine."""

import json
import logging
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
import waitress
from flask import current_app
from flask.cli import with_appcontext
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from admin_site.cli import logs
from admin_site.core.errors import Conflict
from admin_site.web import errors

logger = logging.getLogger(__name__)

# Pages wait for the database, not for the processor; bcrypt has a limit of its own.
THREADS = 8
RESTART_SECONDS = 5.0
# What stands around a file in its form; the application looks closer.
BODY_AROUND = 64 * 1024
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@click.command("serve")
@click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)
@click.option("--port", default=5000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-jobs", is_flag=True, help="Leave jobs to workers of their own (`jobs work`).")
@with_appcontext
def command(host: str, port: int, no_jobs: bool) -> None:
    """Serve pages, and work jobs, until Ctrl-C."""
    logs.begin()
    if not no_jobs:
        threading.Thread(target=_keep_worker, daemon=True).start()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy has it
    HTTPChannel.error_task_class = Refusal
    click.echo(f"Serving http://{host}:{port}/ until Ctrl-C")
    try:
        waitress.serve(
            app,
            host=host,
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=max(app.config["MAX_CONTENT_LENGTH"], app.config["MAX_IMPORT_SIZE"] + BODY_AROUND)
            + 1,
            # Without a proxy in front nobody may say who they are; with one, ProxyFix reads what it says.
            clear_untrusted_proxy_headers=not app.config["TRUSTED_PROXIES"],
            _quiet=True,
        )
    except OSError as error:
        raise Conflict(f"{host}:{port} cannot be served: {error.strerror or error}.") from None


class Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """What the server refuses before the site sees it, such as a body that is too large, in the site's form."""

    def execute(self) -> None:
        """Write the answer, and close: the rest of what was sent is not read."""
        error = self.request.error
        code, heading, sentence = errors.WORDS.get(error.code, errors.WORDS[400])
        said = f"{heading}. {sentence}\n"
        kind = "text/plain; charset=utf-8"
        # Of what is no request no path was read.
        if getattr(self.request, "path", "").startswith("/api/"):
            kind = "application/json"
            said = json.dumps({"error": heading, "code": code, "request_id": secrets.token_hex(4)})
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", kind), ("X-Content-Type-Options", "nosniff")]
        self.set_close_on_finish()
        self.content_length = len(said.encode())
        self.write(said.encode())


def _keep_worker() -> None:
    """Keep a worker alive as a child. It reads from a pipe that ends with this process, so it never stays behind."""
    command = [sys.executable, str(MANAGE), "jobs", "work", "--with-parent"]
    while True:
        began = time.monotonic()
        with subprocess.Popen(command, stdin=subprocess.PIPE) as child:  # noqa: S603 - our own program
            code = child.wait()
        logger.warning("the worker ended (%s) and is started again", code)
        # One that dies at once is not started again at once.
        time.sleep(0 if time.monotonic() - began > RESTART_SECONDS else RESTART_SECONDS)
