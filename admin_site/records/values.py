"""From what was sent to what is stored: one cleaner for each kind of field.

A cleaner takes text (forms, files) or typed values (JSON) and raises ``ValueError`` with one
sentence that begins with the field's label.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email

from admin_site.accounts import passwords
from admin_site.core import clock, text
from admin_site.core.section import Field, Kind

# What fits a 32-bit column; row numbers fit 64.
INTEGER_MOST = 2**31 - 1
ID_MOST = 2**63 - 1

# What all three databases can store, with a day to spare at the end.
YEARS = (1000, 9998)

# As many as one row is ever joined with, and as many values as a statement may well have.
RELATIONS_MOST = 1_000

YES = frozenset({"1", "true", "yes", "on", "y"})
NO = frozenset({"0", "false", "no", "off", "n", ""})


@dataclass(frozen=True)
class Refused:
    """Stands for a value that whoever read it found wrong already; all that is wrong is told together."""

    sentence: str


def clean(field: Field, raw: Any) -> Any:
    """The value to store; None where nothing was given."""
    if isinstance(raw, Refused):
        raise ValueError(raw.sentence)
    assert field.kind is not None  # noqa: S101 - a resolved field has a kind
    return CLEANERS[field.kind](field, raw)


def _line(field: Field, raw: Any) -> str | None:
    value = _string(field, raw)
    if value is None:
        return None
    value = " ".join(value.split()) if "\n" in value or "\r" in value else value.strip()
    return None if text.is_blank(value) else _fit(field, value)


def _long(field: Field, raw: Any) -> str | None:
    value = _string(field, raw)
    if value is None or text.is_blank(value):
        return None
    return _fit(field, value.replace("\r\n", "\n").replace("\r", "\n"))


def _string(field: Field, raw: Any) -> str | None:
    if raw is None:
        return None
    if not isinstance(raw, str):
        raise ValueError(f"{field.label} must be text.")
    if not text.is_storable(raw):
        raise ValueError(f"{field.label} has a character that cannot be stored.")
    return raw


def _fit(field: Field, value: str) -> str:
    if field.length is not None and len(value) > field.length:
        raise ValueError(f"{field.label} must have at most {field.length:,} characters; this has {len(value):,}.")
    return value


def _email(field: Field, raw: Any) -> str | None:
    value = _line(field, raw)
    if value is None:
        return None
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise ValueError(f"{field.label} must be an address like name@example.org.") from None


def _slug(field: Field, raw: Any) -> str | None:
    value = _string(field, raw)
    if value is None or not value.strip():
        return None
    slug = text.slugify(value)
    if not slug:
        raise ValueError(f"{field.label} must have letters or digits.")
    _fit(field, text.slugify(value, limit=len(value) * 10))  # what was typed is never cut, unlike what is made
    if slug in field.reserved:
        raise ValueError(f"{field.label} “{slug}” is a page of the site; choose another.")
    return slug


def _isbn(field: Field, raw: Any) -> str | None:
    value = _string(field, raw)
    if value is None or not value.strip():
        return None
    digits = re.sub(r"[\s\u2010-\u2015-]", "", value).upper()
    if re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        if _check_10(digits[:9]) != digits[9]:
            raise ValueError(f"{field.label} has a wrong check digit.")
        digits = "978" + digits[:9]
        return digits + _check_13(digits)
    if not re.fullmatch(r"97[89][0-9]{10}", digits):
        raise ValueError(f"{field.label} must have 10 or 13 digits, such as 978-0-306-40615-7.")
    if _check_13(digits[:12]) != digits[12]:
        raise ValueError(f"{field.label} has a wrong check digit.")
    return digits


def _check_10(nine: str) -> str:
    rest = -sum((10 - place) * int(digit) for place, digit in enumerate(nine)) % 11
    return "X" if rest == 10 else str(rest)


def _check_13(twelve: str) -> str:
    return str(-sum((3 if place % 2 else 1) * int(digit) for place, digit in enumerate(twelve)) % 10)


class Hashed(str):
    """A password that has been accepted and hashed."""


def _password(field: Field, raw: Any) -> Hashed | None:
    if raw is None or raw == "":
        return None
    if isinstance(raw, Hashed):
        return raw
    if not isinstance(raw, str):
        raise ValueError(f"{field.label} must be text.")
    if not text.is_storable(raw):
        raise ValueError(f"{field.label} has a character that cannot be stored.")
    raise ValueError(passwords.weakness(raw) or f"{field.label} must be hashed first.")


def _integer(field: Field, raw: Any) -> int | None:
    value = _whole(raw)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if value is None or abs(value) > INTEGER_MOST:
        raise ValueError(f"{field.label} must be a whole number.")
    least = -INTEGER_MOST if field.least is None else field.least
    most = INTEGER_MOST if field.most is None else field.most
    if not least <= value <= most:
        raise ValueError(f"{field.label} must be between {least:,} and {most:,}.")
    return value


def _whole(raw: Any) -> int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, str) and re.fullmatch(r"[+-]?[0-9]{1,20}", raw.strip(), re.ASCII):
        return int(raw)
    return None


def _boolean(field: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw is None:
        return False
    word = str(raw).strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise ValueError(f"{field.label} must be yes or no.")


def _choice(field: Field, raw: Any) -> str | None:
    if raw is None or raw == "":
        return None
    if isinstance(raw, str) and raw in field.choice_labels:
        return raw
    known = ", ".join(choice.value for choice in field.choices)
    raise ValueError(f"{field.label} must be one of: {known}.")


def _datetime(field: Field, raw: Any) -> datetime | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if isinstance(raw, datetime):
        return raw
    if not isinstance(raw, str):
        raise ValueError(f"{field.label} must be a date like 2026-05-31.")
    return parse_moment(raw, field.label)


def parse_moment(raw: str, label: str) -> datetime:
    """A date, or a date and time, in UTC unless it names another zone."""
    try:
        moment = datetime.fromisoformat(raw.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{label} must be a date like 2026-05-31, or a date and time like 2026-05-31T14:30.") from None
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError(f"{label} must lie between the years {YEARS[0]} and {YEARS[1]}.")
    return moment


def is_plain_date(raw: str) -> bool:
    """Whether it is a day without a time."""
    try:
        date.fromisoformat(raw.strip())
    except ValueError:
        return False
    return True


def _relation(field: Field, raw: Any) -> int | None:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    value = _whole(raw)
    if value is None or not 0 < value <= ID_MOST:
        raise ValueError(f"{field.label} must be the number of a row.")
    return value


def _relations(field: Field, raw: Any) -> list[int]:
    if raw is None:
        return []
    if not isinstance(raw, list | tuple):
        raise ValueError(f"{field.label} must be a list of numbers.")
    if len(raw) > RELATIONS_MOST:
        raise ValueError(f"{field.label} can be at most {RELATIONS_MOST:,}.")
    numbers = [_relation(field, item) for item in raw]
    return list(dict.fromkeys(number for number in numbers if number is not None))


CLEANERS: Mapping[Kind, Callable[[Field, Any], Any]] = {
    Kind.TEXT: _line,
    Kind.LONGTEXT: _long,
    Kind.MARKDOWN: _long,
    Kind.EMAIL: _email,
    Kind.SLUG: _slug,
    Kind.ISBN: _isbn,
    Kind.PASSWORD: _password,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.DATETIME: _datetime,
    Kind.RELATION: _relation,
    Kind.RELATIONS: _relations,
}


def to_json(value: Any) -> Any:
    """A stored value as JSON has it; relations are told apart by the caller."""
    if isinstance(value, datetime):
        return clock.isoformat(value)
    return value
