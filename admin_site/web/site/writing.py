"""What readers send in: checked, counted, and left pending for somebody to read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import current_app, request

from admin_site.accounts import throttle
from admin_site.accounts.actor import VISITOR
from admin_site.core import registry
from admin_site.core.errors import AppError, Busy, Denied, Invalid, NotFound
from admin_site.core.transactions import atomic
from admin_site.records import writes

SOURCE = "site"
LETTERS_MOST = 5_000
# What one address may send in a minute.
SENT_MOST = 5
# A field that people do not see and programs fill in.
TRAP = "website"


@dataclass
class Sent:
    """What became of a form: ``errors`` by field, what was typed, and a sentence for the whole."""

    typed: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    message: str = ""
    status: int = 400
    retry_after: int = 0

    @property
    def is_done(self) -> bool:
        """Whether it was taken, or looks so to a program."""
        return not self.errors and not self.message


def send(section_name: str, names: tuple[str, ...], fixed: Mapping[str, int]) -> Sent:
    """Write a new row from the form as a visitor."""
    typed = {name: request.form.get(name, "") for name in names}
    if request.form.get(TRAP):
        return Sent(typed)
    section = registry.get(section_name)
    too_long = {
        name: [f"{section.field(name).label} must have at most {LETTERS_MOST:,} characters; this has {len(value):,}."]
        for name, value in typed.items()
        if len(value) > LETTERS_MOST
    }
    try:
        if too_long:
            raise Invalid(fields=too_long)
        _count()
        with atomic():
            writes.create(VISITOR, section, {**typed, **fixed}, source=SOURCE)
    except (NotFound, Denied):
        raise NotFound from None
    except AppError as error:
        wait = error.retry_after if isinstance(error, Busy) else 0
        return Sent(typed, error.fields, "" if error.fields else error.message, error.status, wait)
    return Sent(typed)


def _count() -> None:
    """Only what could be written counts; sign-in's switch for tests of load switches this off as well."""
    limit = SENT_MOST if current_app.config["LOGIN_RATE_LIMIT"] else 0
    with atomic():
        throttle.count(f"visitor:{request.remote_addr or ''}", limit)
