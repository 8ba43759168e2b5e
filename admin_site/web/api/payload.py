"""The body of a call: JSON, an object, each value of its type. What values mean is for the write path to say."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from admin_site.core.errors import Invalid
from admin_site.core.section import Field, Kind, Section
from admin_site.records.values import Refused
from admin_site.web import security

NO_DATA = "No data provided"
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)


def read(*, optional: bool = False) -> dict[str, Any]:
    """The object that was sent; ``optional`` says that nothing may be sent as well."""
    if request.mimetype in security.FORMS and request.content_length != 0:
        raise UnsupportedMediaType  # its body may have been read as a form already
    raw = request.get_data()
    if not raw:
        if optional:
            return {}
        raise Invalid(NO_DATA)
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.")
    if not body and not optional:
        raise Invalid(NO_DATA)
    return body


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are said once each: of two values nobody can tell which one was meant."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Invalid(fields={name[:80]: [f"{name[:40]!r} stands twice in one object."]})
        found[name] = value
    return found


def _refuse(word: str) -> Any:
    raise ValueError(word)


def values_of(section: Section, body: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a row as the write path takes them; those of another JSON type it refuses in their turn."""
    sent: dict[str, Any] = {}
    for name, raw in body.items():
        field = section.all_fields.get(name)
        if field is None or field.fixed or field.kind is None:
            sent[name] = raw  # the write path refuses these
            continue
        try:
            if raw == "" and field.required and field.kind is not Kind.PASSWORD:
                raw = None  # missing, which the write path says in its words
            sent[name] = raw if raw is None and _may_be_null(field) else TYPES[field.kind](field, raw)
        except ValueError as error:
            sent[name] = Refused(str(error))
    return sent


def _password(field: Field, raw: Any) -> Any:
    if not isinstance(raw, str) or not raw:
        raise ValueError(f"{field.label} must be text, and not empty.")
    return raw


def _may_be_null(field: Field) -> bool:
    # A required field that is null is missing, which the write path says in its words.
    return field.required or field.kind not in (Kind.BOOLEAN, Kind.CHOICE, Kind.RELATIONS, Kind.PASSWORD)


def _text(field: Field, raw: Any) -> Any:
    if not isinstance(raw, str):
        raise ValueError(f"{field.label} must be text.")
    return raw


def _integer(field: Field, raw: Any) -> Any:
    number = whole(raw)
    if number is None:
        raise ValueError(f"{field.label} must be a whole number.")
    return number


def whole(raw: Any) -> int | None:
    """A whole number of JSON, of which 2.0 is one; None where it is something else."""
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    return raw if type(raw) is int else None


def _boolean(field: Field, raw: Any) -> Any:
    if not isinstance(raw, bool):
        raise ValueError(f"{field.label} must be true or false.")
    return raw


def _choice(field: Field, raw: Any) -> Any:
    if not isinstance(raw, str) or raw not in field.choice_labels:
        known = ", ".join(choice.value for choice in field.choices)
        raise ValueError(f"{field.label} must be one of: {known}.")
    return raw


def _moment(field: Field, raw: Any) -> Any:
    if not isinstance(raw, str) or not _MOMENT.fullmatch(raw):
        raise ValueError(f"{field.label} must be a moment like 2026-05-31T14:30:00Z.")
    return raw.upper()  # T and Z may be small as well


def _relations(field: Field, raw: Any) -> Any:
    if not isinstance(raw, list):
        raise ValueError(f"{field.label} must be a list of numbers.")
    return [_integer(field, item) for item in raw]


# What JSON holds a value of each kind; ``ValueError`` with a sentence where it is something else.
TYPES: Mapping[Kind, Callable[[Field, Any], Any]] = {
    Kind.TEXT: _text,
    Kind.LONGTEXT: _text,
    Kind.MARKDOWN: _text,
    Kind.EMAIL: _text,
    Kind.SLUG: _text,
    Kind.ISBN: _text,
    Kind.PASSWORD: _password,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.DATETIME: _moment,
    Kind.RELATION: _integer,
    Kind.RELATIONS: _relations,
}
