"""Settings: environment over ``instance/config.py`` over the class that ``APP_CONFIG`` names."""

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from zxcvbn import zxcvbn

from admin_site.core.database import READING
from admin_site.core.engines import database_url, engine_options, is_sqlite_file


class SettingError(Exception):
    """A wrong value; the message begins with the name of the setting."""


@dataclass(frozen=True)
class Setting:
    """One setting: how its text is read, its default and what it is for."""

    name: str
    read: Callable[[str], Any]
    default: Any
    help: str


def _text(raw: str) -> str:
    return raw.strip()


# Longer than anybody waits, and short enough that a moment so far away can be written down.
LONGEST_YEARS = 100


def _whole(raw: str) -> int:
    return _within(raw, 0, 1_000_000)


def _days(raw: str) -> int:
    return _within(raw, 0, LONGEST_YEARS * 365)


def _seconds(raw: str) -> int:
    return _within(raw, 1, LONGEST_YEARS * 365 * 24 * 3600)


def _within(raw: str, least: int, most: int) -> int:
    number = int(raw)
    if not least <= number <= most:
        raise ValueError
    return number


def _size(raw: str) -> int:
    """Bytes, or a number with KB, MB or GB."""
    found = re.fullmatch(r"([0-9]{1,12})\s*(|KB|MB|GB)", raw.strip(), re.IGNORECASE)
    if found is None or not int(found[1]):
        raise ValueError
    return int(found[1]) * int(1024 ** ("", "KB", "MB", "GB").index(found[2].upper()))


def _names(raw: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in raw.split(",") if name.strip())


def _hosts(raw: str) -> tuple[str, ...]:
    """Names of hosts, perhaps with a port or a dot in front; addresses of pages are none."""
    names = _names(raw)
    if not all(re.fullmatch(r"[\w.:\[\]-]+", name) for name in names):
        raise ValueError
    return names


def _url(raw: str) -> str:
    return _address(raw, "http", "https").rstrip("/")


def _redis(raw: str) -> str:
    return _address(raw, "redis", "rediss")


def _dsn(raw: str) -> str:
    """An address with a key and the number of a project."""
    parts = urlsplit(_address(raw, "http", "https"))
    if raw and not (parts.username and re.fullmatch(r"(/\w+)*/[0-9]+", parts.path)):
        raise ValueError
    return raw


def _address(raw: str, *schemes: str) -> str:
    """An address with a host; ``ValueError`` also for a port that is none."""
    parts = urlsplit(raw)
    if raw and (parts.scheme not in schemes or not parts.hostname or parts.port == 0 or re.search(r"\s", raw)):
        raise ValueError
    return raw


SETTINGS = (
    Setting("SECRET_KEY", _text, "", "Signs cookies and links; at least 32 random characters in production."),
    Setting("DATABASE_URL", _text, "", "sqlite:, postgresql:, mysql: or mariadb:; a file in instance/ if absent."),
    Setting("REDIS_URL", _redis, "", "redis:// or rediss://; absent: everything in the database and this machine."),
    Setting("SENTRY_DSN", _dsn, "", "Where unexpected errors are told, such as https://key@sentry.example.org/1."),
    Setting("BASE_URL", _url, "", "The address people use, such as https://admin.example.org; for links in mails."),
    Setting("TRUSTED_HOSTS", _hosts, (), "Host names that are answered, separated by commas; any if absent."),
    Setting("TRUSTED_PROXIES", _whole, 0, "How many proxies in front set X-Forwarded-For and -Proto."),
    Setting("LOGIN_RATE_LIMIT", _whole, 10, "Sign-in attempts a minute for one account; 0 switches it off."),
    Setting("API_RATE_LIMIT", _whole, 1200, "Calls a minute for one token of the API; 0 switches it off."),
    Setting("TRASH_DAYS", _days, 90, "Days after which rows in the trash are removed for good; 0 keeps them."),
    Setting("MAX_IMPORT_SIZE", _size, 50 * 1024 * 1024, "The largest file that is read, such as 50 MB."),
    Setting(
        "WEBHOOK_ALLOWED_HOSTS", _hosts, (), "Hosts that webhooks may reach though they are private or plain http."
    ),
    Setting("SESSION_IDLE", _seconds, 30 * 60, "Seconds without a page after which somebody is signed out."),
    Setting("SESSION_MAX", _seconds, 12 * 3600, "Seconds after which somebody is signed out in any case."),
)

# bcrypt at cost 12 takes a quarter of a second.
_COMMON: Mapping[str, Any] = {
    "BCRYPT_COST": 12,
    "MAX_CONTENT_LENGTH": 8 * 1024 * 1024,
    "MAX_FORM_MEMORY_SIZE": 8 * 1024 * 1024,
    "MAX_FORM_PARTS": 2_000,
    "SESSION_COOKIE_NAME": "session",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
    "SESSION_REFRESH_EACH_REQUEST": False,
    # A form that was open for a day still saves; the token dies with the sign-in.
    "WTF_CSRF_TIME_LIMIT": None,
    # The errors table answers, not the browser's idea of a referrer.
    "WTF_CSRF_SSL_STRICT": False,
    "TEMPLATES_AUTO_RELOAD": False,
}
CLASSES: Mapping[str, Mapping[str, Any]] = {
    "development": {},
    "testing": {"TESTING": True, "BCRYPT_COST": 4},
    "production": {"SESSION_COOKIE_NAME": "__Host-session", "SESSION_COOKIE_SECURE": True},
}
LEAST_KEY_LENGTH = 32
# Guesses that a key must withstand, as a power of ten; a random one of 32 characters has more than 30.
LEAST_KEY_STRENGTH = 25
# What keys in documentations and templates are made of.
_SAMPLE = (
    "a an the your my our this is change me changeme replace with to set put here some any very super really not so"
    " secret key string value password passphrase token random long example sample default test dev development"
    " production insecure flask django admin site app please todo characters bytes hex in use at least must be it for"
)
SAMPLE_WORDS = frozenset(_SAMPLE.split())
# What would open a site in production, whoever switched it.
CLOSED_IN_PRODUCTION = {
    "DEBUG": False, "TESTING": False, "PROPAGATE_EXCEPTIONS": None, "WTF_CSRF_ENABLED": None,
    "WTF_CSRF_CHECK_DEFAULT": None,
}  # fmt: skip


def configure(app: Flask, overrides: Mapping[str, Any] | None = None) -> None:
    """Fill ``app.config``; ``SettingError`` names what is wrong."""
    environment = {**os.environ, **{k: str(v) for k, v in (overrides or {}).items()}}
    name = environment.get("APP_CONFIG", "development")
    if name not in CLASSES:
        raise SettingError(f"APP_CONFIG must be one of {', '.join(CLASSES)}, not {name!r}")
    app.config.update(_COMMON)
    app.config.update(CLASSES[name])
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    app.config.from_pyfile("config.py", silent=True)
    app.config["APP_CONFIG"] = name  # which class it is, only the environment says
    for setting in SETTINGS:
        app.config[setting.name] = _value(setting, environment, app.config.get(setting.name))
    app.config["TRUSTED_HOSTS"] = list(app.config["TRUSTED_HOSTS"]) or None
    _set_secret_key(app)
    _set_database(app)
    if name == "production":
        app.config.update(CLASSES[name])  # nothing in a file may loosen these


def _value(setting: Setting, environment: Mapping[str, str], from_file: Any) -> Any:
    raw = environment.get(setting.name) or from_file
    if raw is None or raw == "":
        return setting.default
    text = ",".join(map(str, raw)) if isinstance(raw, list | tuple) else str(raw)
    try:
        return setting.read(text)
    except ValueError:
        raise SettingError(f"{setting.name} has a wrong value. {setting.help}") from None


def _set_secret_key(app: Flask) -> None:
    key: str = app.config["SECRET_KEY"]
    if app.config["APP_CONFIG"] != "production":
        app.config["SECRET_KEY"] = key or _development_key(Path(app.instance_path) / "secret_key")
        return
    if app.debug or os.environ.get("FLASK_DEBUG", "") not in ("", "0", "false"):
        raise SettingError("FLASK_DEBUG must be off in production")
    if len(key) < LEAST_KEY_LENGTH:
        raise SettingError(f"SECRET_KEY must have at least {LEAST_KEY_LENGTH} characters in production")
    rest = _without_samples(key)
    if not rest or zxcvbn(rest[:72])["guesses_log10"] < LEAST_KEY_STRENGTH:
        raise SettingError("SECRET_KEY can be guessed; make one with: openssl rand -hex 32")
    for name, closed in CLOSED_IN_PRODUCTION.items():
        if app.config.get(name, closed) not in (closed, name.startswith("WTF_") or closed):
            raise SettingError(f"{name} must be left alone in production")


def _without_samples(key: str) -> str:
    """A key without the words that samples are made of, and without what it says twice."""
    words = [word for word in re.split(r"[\W_]+", key) if word.casefold() not in SAMPLE_WORDS]
    return "".join(dict.fromkeys(words))


def _development_key(path: Path) -> str:
    """Made once; two processes that start at the same time agree on one."""
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:  # readable by its owner only
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)
        Path(file.name).unlink()
    return path.read_text().strip()


def _set_database(app: Flask) -> None:
    raw = app.config["DATABASE_URL"] or f"sqlite:///{Path(app.instance_path) / 'admin_site.db'}"
    try:
        url = database_url(raw)
    except ValueError as error:
        raise SettingError(f"DATABASE_URL has a wrong value. {error}") from None
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url)
    app.config["SQLALCHEMY_BINDS"] = {READING: {"url": url} | engine_options(url)} if is_sqlite_file(url) else {}
