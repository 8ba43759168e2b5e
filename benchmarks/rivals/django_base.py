"""What the sites of Django share: the product's tables, beside a file of their own for who may come in."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

DATABASE = urlsplit(os.environ["DATABASE_URL"])
FOLDER = Path(os.environ["RIVAL_FOLDER"])
NAME, PASSWORD = "admin", os.environ["RIVAL_PASSWORD"]


class Router:
    """Content in the product's database, everything else in the file."""

    def db_for_read(self, model: Any, **_hints: Any) -> str:
        """Where to read."""
        return "content" if model.__module__ == "benchmarks.rivals.django_admin.models" else "default"

    db_for_write = db_for_read

    def allow_relation(self, _one: Any, _other: Any, **_hints: Any) -> bool:
        """Whoever asks for it."""
        return True

    def allow_migrate(self, db: str, _label: str, **_hints: Any) -> bool:
        """The product's tables are the product's."""
        return db == "default"


def _content() -> dict[str, Any]:
    if DATABASE.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE.path.removeprefix("/")}
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": DATABASE.path[1:], "HOST": DATABASE.hostname,
        "PORT": DATABASE.port or 5432, "USER": DATABASE.username, "PASSWORD": unquote(DATABASE.password or ""),
        # Without it each request opens a connection; with it the rival is faster.
        "CONN_MAX_AGE": None,
    }  # fmt: skip


def configure(file: str, **own: Any) -> None:
    """Settings of a site: those that all have, and its own. ``file`` is where it keeps its own tables."""
    settings.configure(
        DEBUG=False,
        SECRET_KEY=os.environ["SECRET_KEY"],
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / file},
            "content": _content(),
        },
        DATABASE_ROUTERS=["benchmarks.rivals.django_base.Router"],
        USE_TZ=False,
        TIME_ZONE="UTC",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        **own,
    )


def make_file() -> Any:
    """Create the tables of its own and the person who asks, who is returned."""
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if not User.objects.filter(username=NAME).exists():
        User.objects.create_superuser(NAME, "admin@example.org", PASSWORD)
    person = User.objects.get(username=NAME)
    person.set_password(PASSWORD)
    person.save()
    return person


def application() -> Any:
    """What gunicorn serves."""
    from django.core.handlers.wsgi import WSGIHandler

    django.setup(set_prefix=False)
    return WSGIHandler()
