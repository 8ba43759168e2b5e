"""JSON Schema of single fields, read from the declaration: what an object has of one, and what a call takes."""

from collections.abc import Callable, Mapping
from typing import Any

from admin_site.accounts.passwords import LEAST_LENGTH, MOST_LENGTH
from admin_site.core.section import Field, Kind, Section
from admin_site.core.text import INVISIBLE
from admin_site.records.values import ID_MOST, INTEGER_MOST, RELATIONS_MOST

Schema = dict[str, Any]

# No text has NUL, and one that is required has a letter.
TEXT_PATTERN = r"^[^\u0000]*$"
# Blanks are named one by one: what `\s` stands for differs from language to language.
BLANKS = r"\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
WORD_PATTERN = rf"^[^\u0000]*[^\u0000{BLANKS}{INVISIBLE}][^\u0000]*$"
# Kinds that are whole numbers in JSON.
NUMBERS = (Kind.INTEGER, Kind.RELATION, Kind.RELATIONS)


def ref(name: str) -> Schema:
    """A named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def row_number() -> Schema:
    """The number of a row."""
    return {"type": "integer", "minimum": 1, "maximum": ID_MOST}


# What each kind takes, before the field's own limits.
KINDS: Mapping[Kind, Callable[[Field], Schema]] = {
    Kind.TEXT: lambda field: _text(field),
    Kind.LONGTEXT: lambda field: _text(field),
    Kind.MARKDOWN: lambda field: _text(field),
    Kind.EMAIL: lambda field: {"type": "string", "format": "email", "maxLength": field.length},
    Kind.SLUG: lambda _field: {"type": "string", "format": "slug"},
    Kind.ISBN: lambda _field: {"type": "string", "format": "isbn"},
    Kind.PASSWORD: lambda _field: {
        "type": "string", "format": "password", "minLength": LEAST_LENGTH, "maxLength": MOST_LENGTH,
    },
    Kind.INTEGER: lambda field: {
        "type": "integer",
        "minimum": -INTEGER_MOST if field.least is None else field.least,
        "maximum": INTEGER_MOST if field.most is None else field.most,
    },
    Kind.BOOLEAN: lambda _field: {"type": "boolean"},
    Kind.CHOICE: lambda field: {"type": "string", "enum": [choice.value for choice in field.choices]},
    Kind.DATETIME: lambda _field: {"anyOf": moments()},
    Kind.RELATION: lambda _field: row_number(),
    Kind.RELATIONS: lambda _field: {"type": "array", "items": row_number(), "maxItems": RELATIONS_MOST},
}  # fmt: skip


def _text(field: Field) -> Schema:
    if field.required:
        return {"type": "string", "minLength": 1, "maxLength": field.length, "pattern": WORD_PATTERN}
    return {"type": "string", "maxLength": field.length, "pattern": TEXT_PATTERN}


def moments() -> list[Schema]:
    """What is taken for a moment: of RFC 3339, a day, or without zone and perhaps without seconds."""
    short: Schema = {"type": "string", "format": "moment", "description": "Such as 2026-05-31T14:30, which is UTC."}
    return [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}, short]


def _kind(field: Field) -> Kind:
    assert field.kind is not None  # noqa: S101 - a resolved field has a kind
    return field.kind


def taken(section: Section, field: Field) -> Schema:
    """What a call may send for a field."""
    schema = KINDS[_kind(field)](field)
    column = section.table.columns.get(field.name)
    is_nullable = column is not None and bool(column.nullable)
    if not field.required and (is_nullable or field.kind is Kind.SLUG):
        schema = _or_null(schema)
    return schema | _words(field)


def _or_null(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return schema | {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    schema = schema | {"type": [schema["type"], "null"]}
    return schema | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def given(section: Section, field: Field) -> Schema:
    """What an object has for a field."""
    kind, column = _kind(field), section.table.columns.get(field.name)
    schema: Schema = {
        Kind.INTEGER: {"type": "integer"}, Kind.BOOLEAN: {"type": "boolean"}, Kind.RELATION: row_number(),
        Kind.DATETIME: {"type": "string", "format": "date-time"},
        Kind.RELATIONS: {"type": "array", "items": row_number()},
    }.get(kind, {"type": "string"})  # fmt: skip
    if column is not None and column.nullable:
        schema = {**schema, "type": [schema["type"], "null"]}
    return schema | _words(field)


def _words(field: Field) -> Schema:
    said = {"title": field.label, "description": field.help or _points_to(field)}
    return {name: text for name, text in said.items() if text}


def _points_to(field: Field) -> str:
    return f"Numbers of rows of {field.target.__tablename__}." if field.target else ""


def closed(properties: Mapping[str, Schema], *required: str) -> Schema:
    """An object of these properties and no others."""
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | {"required": list(required)} if required else schema
