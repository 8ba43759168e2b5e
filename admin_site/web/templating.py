"""What templates may call: people, statuses, moments, numbers, and the page's surroundings."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, request
from jinja2 import StrictUndefined
from markupsafe import Markup

from admin_site.accounts import permissions
from admin_site.core import clock, text
from admin_site.core.section import Choice, Field, Kind
from admin_site.web import security
from admin_site.web.assets import icon
from admin_site.web.identity import actor

HUES = 6
# Roles and places that the menu is kept ready for.
NAVIGATIONS_MOST = 200
MONTHS = (
    "", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Add them to the templates."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        avatar=avatar, person=person, status=status, pill=pill, moment=moment, today=today, csp_nonce=security.nonce,
        allows=permissions.allows, Kind=Kind, clip=text.clip, number=number, choice_of=choice_of, plural=plural,
    )  # fmt: skip
    app.context_processor(_surroundings)


def _surroundings() -> dict[str, Any]:
    return {
        "actor": actor(),
        "environment": current_app.config["APP_CONFIG"],
        "navigation": _navigation,
        "here": request.path,
        "kept_days": current_app.config["TRASH_DAYS"],
    }


def _navigation() -> Markup:
    """The menu of this person at this place; the same for everybody with the same roles."""
    known: dict[Any, Markup] = current_app.extensions.setdefault("navigation", {})
    entries = _entries()
    here = next((url for url in reversed(entries) if _is_here(url)), "")
    key = (tuple(entries), here, request.script_root)
    if key not in known:
        known.clear() if len(known) >= NAVIGATIONS_MOST else None
        menu = current_app.extensions["admin"][0].menu()
        shell: Any = current_app.jinja_env.get_template("components/shell.html").module
        known[key] = Markup(shell.nav([item for item in menu if item.is_accessible()], here))  # noqa: S704
    return known[key]


def _entries() -> list[str]:
    """The addresses in the menu that this person may open."""
    urls: dict[str, str] = current_app.extensions.setdefault("menu urls", {})
    found = []
    for view in current_app.extensions["admin"][0]._views:
        if view.endpoint not in urls:
            urls[view.endpoint] = view.get_url(f"{view.endpoint}.{view._default_view}")
        if view.is_accessible():
            found.append(urls[view.endpoint])
    return found


def _is_here(url: str) -> bool:
    return request.path == url or (request.path.startswith(url) and url.count("/") > 2)


def avatar(name: str, number: int | None, *, big: bool = False) -> Markup:
    """Initials on one of six colours; the name stands beside it."""
    initials = "".join(word[0] for word in name.split()[:2]).upper() or "?"
    size = " avatar-lg" if big else ""
    return Markup('<span class="avatar{}" data-hue="{}" aria-hidden="true">{}</span>').format(
        size, (number or 0) % HUES + 1, initials
    )


def person(name: str, number: int | None) -> Markup:
    """Avatar and name."""
    return Markup('<span class="person">{}<span>{}</span></span>').format(avatar(name, number), name)


def choice_of(field: Field, value: str) -> Choice:
    """The choice behind a stored value, also behind one that is no longer declared."""
    return next((c for c in field.choices if c.value == value), Choice(value=value, label=value))


def status(field: Field, value: str) -> Markup:
    """A status in a table: shape, word, colour."""
    choice = choice_of(field, value)
    return Markup('<span class="status status-{}">{}{}</span>').format(choice.tone, icon(choice.icon), choice.label)


def pill(field: Field, value: str) -> Markup:
    """The same beside a title."""
    choice = choice_of(field, value)
    return Markup('<span class="pill pill-{}">{}{}</span>').format(choice.tone, icon(choice.icon), choice.label)


def moment(when: datetime | None, *, absolute: bool = False, brief: bool = False) -> Markup:
    """A time in words, with the exact one behind it; ``brief`` in lists, where every byte counts fifty times."""
    if when is None:
        return Markup('<span class="none">–</span>')
    month = MONTHS[when.month][:3] if brief else MONTHS[when.month]
    exact = f"{when.day} {month} {when.year}, {when.hour:02}:{when.minute:02} UTC"
    words = exact if absolute else _ago(when)
    # Only digits and names of months stand in it.
    if brief:
        return Markup(f'<span title="{exact}">{words}</span>')  # noqa: S704
    return Markup(f'<time datetime="{clock.isoformat(when)}" title="{exact}">{words}</time>')  # noqa: S704


def _ago(when: datetime) -> str:
    now = clock.now()
    gone = now - when
    if gone < timedelta(0):
        return _day(when, now)
    if gone < timedelta(minutes=1):
        return "just now"
    if gone < timedelta(hours=1):
        return f"{int(gone.total_seconds() // 60)} min ago"
    if when.date() == now.date():
        return f"{int(gone.total_seconds() // 3600)} h ago"
    if when.date() == now.date() - timedelta(days=1):
        return "Yesterday"
    return _day(when, now)


def _day(when: datetime, now: datetime) -> str:
    day = f"{when.day} {MONTHS[when.month][:3]}"
    return day if when.year == now.year else f"{day} {when.year}"


def today() -> str:
    """The date of today in words."""
    now = clock.now()
    return f"{now:%A} {now.day} {now:%B}"


def number(value: int, *, bounded: bool = False) -> str:
    """A count with its thousands apart; a bounded one says that there are more."""
    return f"{value:,}+" if bounded else f"{value:,}"


def plural(count: int, one: str, many: str) -> str:
    """``1 note``, ``3 notes``."""
    return f"{count:,} {one if count == 1 else many}"
