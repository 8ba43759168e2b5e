"""What templates may call: people, statuses, moments, numbers, and the page's surroundings."""

from collections.abc import MutableMapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import flask.templating
from flask import Flask, current_app, request
from jinja2 import StrictUndefined
from markupsafe import Markup, escape

from admin_site.accounts import permissions
from admin_site.accounts.actor import VISITOR
from admin_site.core import clock, registry, text
from admin_site.core.database import Record
from admin_site.core.section import Choice, Field, Kind, Section
from admin_site.web import fragments, security
from admin_site.web.addresses import url_for
from admin_site.web.assets import icon
from admin_site.web.identity import actor

HUES = 6
# Roles and places that the menu is kept ready for.
NAVIGATIONS_MOST = 200
# People whose markup is kept: the same few stand in every list.
NAMES_KEPT = 2_000
# Moments that lie back and stand in lists: each is written once.
MOMENTS_KEPT = 10_000
MONTHS = (
    "", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MONTHS_BRIEF = tuple(month[:3] for month in MONTHS)
MINUTE_SECONDS, HOUR_SECONDS = 60, 3_600


class Environment(flask.templating.Environment):
    """Templates with the globals of the site: none has its own, and a chain of both is slow to look through."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template."""
        return super().make_globals(d) if d else self.globals


def init_app(app: Flask) -> None:
    """Add them to the templates."""
    app.jinja_environment = Environment
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.add_extension(fragments.Kept)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        avatar=avatar, person=person, status=status, pill=pill, moment=moment, today=today, csp_nonce=security.nonce,
        address_of=address_of, public_address=public_address,
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
    key = (entries, here, request.script_root)
    if key not in known:
        known.clear() if len(known) >= NAVIGATIONS_MOST else None
        menu = current_app.extensions["admin"][0].menu()
        shell: Any = current_app.jinja_env.get_template("components/shell.html").module
        known[key] = Markup(shell.nav([item for item in menu if item.is_accessible()], here))  # noqa: S704
    return known[key]


def _entries() -> tuple[str, ...]:
    """The addresses in the menu that this person may open: the same for everybody with the same roles."""
    known: dict[Any, tuple[str, ...]] = current_app.extensions.setdefault("menu entries", {})
    person = actor()
    key = (person.roles, person.scopes, person.is_system, request.script_root)
    if key not in known:
        known.clear() if len(known) >= NAVIGATIONS_MOST else None
        views = [view for view in current_app.extensions["admin"][0]._views if view.is_accessible()]
        known[key] = tuple(view.get_url(f"{view.endpoint}.{view._default_view}") for view in views)
    return known[key]


def _is_here(url: str) -> bool:
    return request.path == url or (request.path.startswith(url) and url.count("/") > 2)


@lru_cache(maxsize=NAMES_KEPT, typed=True)  # markup is equal to the text that it was made of
def avatar(name: str, number: int | None, *, big: bool = False) -> Markup:
    """Initials on one of six colours; the name stands beside it."""
    initials = escape("".join(word[0] for word in name.split()[:2]).upper() or "?")
    classes = '"avatar avatar-lg"' if big else "avatar"
    hue = (number or 0) % HUES + 1
    return Markup(f"<i class={classes} data-hue={hue} aria-hidden=true>{initials}</i>")  # noqa: S704 - escaped


@lru_cache(maxsize=NAMES_KEPT, typed=True)
def person(name: str, number: int | None) -> Markup:
    """Avatar and name."""
    return Markup(f"<span class=person>{avatar(name, number)}<span>{escape(name)}</span></span>")  # noqa: S704 - escaped


def choice_of(field: Field, value: str) -> Choice:
    """The choice behind a stored value, also behind one that is no longer declared."""
    return next((c for c in field.choices if c.value == value), Choice(value=value, label=value))


def status(field: Field, value: str) -> Markup:
    """A status in a table: shape, word, colour. The style sheet draws the shape."""
    choice = choice_of(field, value)
    return Markup(  # noqa: S704 - tone and icon are declared, the label is escaped
        f'<span class="status status-{choice.tone} i-{choice.icon}">{escape(choice.label)}</span>'
    )


def pill(field: Field, value: str) -> Markup:
    """The same beside a title."""
    choice = choice_of(field, value)
    return Markup('<span class="pill pill-{}">{}{}</span>').format(choice.tone, icon(choice.icon), choice.label)


def address_of(model: type[Record], number: int) -> str:
    """Where a row is, for whoever may read rows of its kind; else empty."""
    section = registry.of_model(model)
    if section is None or not permissions.allows(actor(), "read", section):
        return ""
    return url_for(f"{section.name}.details_view", id=number)


def public_address(section: Section, row: Any) -> str:
    """Where everybody may read a row; empty where there is no such page, or it is not published."""
    if section.public_page is None or not permissions.allows(VISITOR, "read", section, row):
        return ""
    endpoint, name = section.public_page
    return url_for(endpoint, **{name: getattr(row, name)})


def moment(when: datetime | None, *, absolute: bool = False, brief: bool = False) -> Markup:
    """A time in words, with the exact one behind it; ``brief`` in lists, where every byte counts fifty times."""
    if when is None:
        return Markup('<span class="none">–</span>')
    if brief:
        return Markup(brief_moment(when, clock.now()))  # noqa: S704 - only digits and names of months
    said = exact(when)
    words = said if absolute else _ago(when, clock.now())
    return Markup(f'<time datetime="{clock.isoformat(when)}" title="{said}">{words}</time>')  # noqa: S704


def brief_moment(when: datetime, now: datetime) -> str:
    """The markup of a time in a list."""
    return _far(when, when.year == now.year) if _is_far(when, now) else _brief(when, _ago(when, now))


@lru_cache(maxsize=MOMENTS_KEPT)
def _far(when: datetime, is_this_year: bool) -> str:
    return _brief(when, _day(when, is_this_year))


def _brief(when: datetime, said: str) -> str:
    exactly = f"{when.day} {MONTHS_BRIEF[when.month]} {when.year}, {when.hour:02}:{when.minute:02} UTC"
    return f'<span title="{exactly}">{said}</span>'


def exact(when: datetime) -> str:
    """A moment to the minute, in words."""
    return f"{when.day} {MONTHS[when.month]} {when.year}, {when.hour:02}:{when.minute:02} UTC"


def _ago(when: datetime, now: datetime) -> str:
    if _is_far(when, now):
        return _day(when, when.year == now.year)
    gone = (now - when).total_seconds()
    if gone < HOUR_SECONDS:
        return "just now" if gone < MINUTE_SECONDS else f"{int(gone // MINUTE_SECONDS)} min ago"
    return f"{int(gone // HOUR_SECONDS)} h ago" if when.date() == now.date() else "Yesterday"


def _is_far(when: datetime, now: datetime) -> bool:
    """Whether a moment is told by its day: before yesterday, or to come."""
    return now.toordinal() - when.toordinal() > 1 or when > now


def _day(when: datetime, is_this_year: bool) -> str:
    day = f"{when.day} {MONTHS_BRIEF[when.month]}"
    return day if is_this_year else f"{day} {when.year}"


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
