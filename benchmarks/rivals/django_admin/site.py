"""Django admin over the product's tables; who may come in and the sessions are in a file of its own.

Served by gunicorn as ``benchmarks.rivals.django_admin.site:app``. Run by itself it makes that file.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

DATABASE = urlsplit(os.environ["DATABASE_URL"])
OWN_FILE = Path(os.environ["RIVAL_FOLDER"]) / "django.db"
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


settings.configure(
    DEBUG=False,
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="benchmarks.rivals.django_admin.urls",
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.staticfiles", "benchmarks.rivals.django_admin",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": OWN_FILE}, "content": _content()},
    DATABASE_ROUTERS=["benchmarks.rivals.django_admin.site.Router"],
    STATIC_URL="/static/",
    USE_TZ=False,
    TIME_ZONE="UTC",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)  # fmt: skip


def make_file() -> None:
    """Create the tables of its own, and the person who asks."""
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if not User.objects.filter(username=NAME).exists():
        User.objects.create_superuser(NAME, "admin@example.org", PASSWORD)
    person = User.objects.get(username=NAME)
    person.set_password(PASSWORD)
    person.save()


if __name__ == "__main__":
    # Django finds the router and the settings under the name that they have when they are served.
    sys.modules["benchmarks.rivals.django_admin.site"] = sys.modules["__main__"]
    django.setup()
    make_file()
else:
    django.setup(set_prefix=False)
    from django.core.handlers.wsgi import WSGIHandler

    app = WSGIHandler()
