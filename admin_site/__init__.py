"""Admin Site: the back office that content staff keep open all day."""

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from admin_site import cli, config, monitoring, sections, web
from admin_site.accounts.roles import ACTIONS
from admin_site.core import engines
from admin_site.jobs import queue

ROOT = Path(__file__).resolve().parent.parent


def create_app(overrides: Mapping[str, Any] | None = None, *, instance_path: str | None = None) -> Flask:
    """The application; ``overrides`` stand above the environment.

    Raises ``SettingError`` for a wrong setting and ``DeclarationError`` for a wrong section.
    """
    app = Flask(
        __name__,
        instance_path=instance_path or str(ROOT / "instance"),
        static_folder=None,
        instance_relative_config=True,
    )
    config.configure(app, overrides)
    monitoring.init_app(app)
    engines.init_app(app)
    sections.register_all()
    sections.check_all(ACTIONS)
    queue.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    if not app.testing:
        # What was made until here stays: looking through it again and again would take longer than many answers.
        gc.freeze()
    return app
