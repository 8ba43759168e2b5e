"""JSON Schema of fields and sections, read from the declaration: what an object has, and what a call takes."""

from collections.abc import Callable, Mapping
from typing import Any

from admin_site.accounts.passwords import LEAST_LENGTH, MOST_LENGTH
from admin_site.core.section import Field, Kind, Section
from admin_site.core.text import INVISIBLE
from admin_site.jobs.models import State
from admin_site.records import edits, feed, filters, resolve
from admin_site.records.list_query import CONDITIONS_MOST, ORDERS_MOST, Q_LENGTH, sortable
from admin_site.records.values import ID_MOST, INTEGER_MOST, NO, RELATIONS_MOST, YES
from admin_site.web.api import params, present

Schema = dict[str, Any]

# No text has NUL, and one that is required has a letter.
TEXT_PATTERN = r"^[^\u0000]*$"
# Blanks are named one by one: what `\s` stands for differs from language to language.
BLANKS = r"\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
WORD_PATTERN = rf"^[^\u0000]*[^\u0000{BLANKS}{INVISIBLE}][^\u0000]*$"
AGE_PATTERN = r"^[0-9]{1,4}(mo|[mhdwy])$"
_ORDER = ("lt", "lte", "gt", "gte")
# Nothing is as if it were not said.
PINNED = ("first", "only", "none", "")
# Kinds that are whole numbers in JSON.
NUMBERS = (Kind.INTEGER, Kind.RELATION, Kind.RELATIONS)


def name_of(section: Section) -> str:
    """What an object of the section is called among the schemas: ``Note``."""
    return "".join(word.capitalize() for word in section.singular.split())


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
    Kind.DATETIME: lambda _field: {"anyOf": _moments()},
    Kind.RELATION: lambda _field: row_number(),
    Kind.RELATIONS: lambda _field: {"type": "array", "items": row_number(), "maxItems": RELATIONS_MOST},
}  # fmt: skip


def _text(field: Field) -> Schema:
    if field.required:
        return {"type": "string", "minLength": 1, "maxLength": field.length, "pattern": WORD_PATTERN}
    return {"type": "string", "maxLength": field.length, "pattern": TEXT_PATTERN}


def _moments() -> list[Schema]:
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


def settable(section: Section) -> list[Field]:
    """The fields that a call may send."""
    return [field for field in section.all_fields.values() if not field.fixed]


def of_section(section: Section) -> dict[str, Schema]:
    """Every schema of a section by name."""
    name = name_of(section)
    properties = {field.name: taken(section, field) for field in settable(section)}
    required = [field.name for field in settable(section) if field.required]
    change = _closed(properties) | {"minProperties": 1}
    return {
        name: _object(section),
        f"{name}New": _closed(properties) | ({"required": required} if required else {"minProperties": 1}),
        f"{name}Change": change,
        f"{name}List": _list(section),
        f"{name}Search": _closed(
            _COUNT | {"query": {"type": "string"}, section.name: {"type": "array", "items": ref(name)}},
            "query", "count", "is_exact", section.name,
        ),
        f"{name}Filter": _filter_in_json(section),
        f"{name}Values": _closed({
            field.name: taken(section, field)
            for field in settable(section) if field.name in {one.name for one in edits.possible(section)}
        }) | {"minProperties": 1},
    }  # fmt: skip


def _object(section: Section) -> Schema:
    fields = feed.readable(section)
    properties = {name: given(section, field) for name, field in fields.items()}
    for name, field in fields.items():
        if field.is_relation:
            many = field.kind is Kind.RELATIONS
            inner: Schema = {"type": "array", "items": ref("Expanded")} if many else {
                "anyOf": [ref("Expanded"), {"type": "null"}],
            }  # fmt: skip
            properties[present.expanded_name(field)] = inner | {"description": f"Only with expand={name}."}
    return _closed(properties, "id")


_COUNT: dict[str, Schema] = {
    "count": {"type": "integer", "minimum": 0, "description": "Exact up to 10,000."},
    "is_exact": {"type": "boolean", "description": "Whether count is exact; else there are more."},
}


def _list(section: Section) -> Schema:
    number = {"type": ["integer", "null"], "minimum": 0}
    properties: dict[str, Schema] = {
        section.name: {"type": "array", "items": ref(name_of(section)), "maxItems": params.PER_PAGE_MOST},
        "total": number | {"description": "How many rows match; null with cursor=."},
        "pages": number, "current_page": number, "has_next": {"type": "boolean"}, "has_prev": {"type": "boolean"},
        "next_cursor": {"type": ["string", "null"], "description": "For cursor=; null at the end."},
    }  # fmt: skip
    return _closed(properties, *properties)


def _closed(properties: Mapping[str, Schema], *required: str) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return schema | {"required": list(required)} if required else schema


def query_text() -> Schema:
    """The language of ``q=``."""
    return {"type": "string", "format": "query", "maxLength": Q_LENGTH}


def _filters(section: Section) -> dict[str, Schema]:
    """Every filter with what it takes: ``status``, ``status__in``, ``updated_at__gt``."""
    found: dict[str, Schema] = {}
    for path, field in paths(section):
        for operator in operators(field):
            name = path if operator == "eq" else f"{path}__{operator}"
            found[name] = _compared(field, operator)
    return found


def paths(section: Section) -> list[tuple[str, Field]]:
    """What a list can be filtered by, also across relations where that was declared."""
    across = [path for path in section.filters if "." in path]
    return [*feed.readable(section).items(), *((path, resolve.end_of(section, path)) for path in across)]


def operators(field: Field) -> tuple[str, ...]:
    """How a field can be compared."""
    if field.is_text:
        return ("eq", "ne", *_ORDER, "in", "contains", "isnull")
    if field.kind in (Kind.INTEGER, Kind.DATETIME):
        return ("eq", "ne", *_ORDER, "in", "isnull")
    return ("eq", "ne", "in", "isnull")


def _compared(field: Field, operator: str) -> Schema:
    if operator == "isnull":
        return ref("YesNo")
    if operator == "contains":
        return _some_text()
    if operator == "in":
        # Commas part the values, so none can have one.
        item = _value(field, operator)
        one = item | {"pattern": r"^[^\u0000,]+$"} if item == _some_text() else item
        return {"type": "array", "items": one, "minItems": 1, "maxItems": filters.IN_MOST}
    return _value(field, operator)


def _filter_in_json(section: Section) -> Schema:
    found = {
        path if operator == "eq" else f"{path}__{operator}": _in_json(field, operator)
        for path, field in paths(section)
        for operator in operators(field)
    }
    words = {
        "q": query_text() | {"minLength": 1},
        "pinned": {"type": "string", "enum": list(PINNED)},
        "sort": _sort_in_json(section),
    }
    return _closed(found | words) | {"maxProperties": CONDITIONS_MOST}


def _sort_in_json(section: Section) -> Schema:
    names = "|".join(sortable(section))
    return {"type": "string", "pattern": f"^(-?({names})(,-?({names})){{0,{ORDERS_MOST - 1}}})?$"}


def _in_json(field: Field, operator: str) -> Schema:
    """The same in a body: in the type of the field, or as a query string has it."""
    schema = _compared(field, operator)
    if operator == "in":
        text = {"type": "string", "minLength": 1, "maxLength": filters.LENGTH_MOST}
        item = schema["items"] if field.is_text else _in_json(field, "eq")
        return {"anyOf": [schema | {"items": item}, text | _list_in_text(field)]}
    if field.kind in NUMBERS and operator != "isnull":
        return {"anyOf": [schema, {"type": "string", "format": "whole-number"}]}
    return schema


def _list_in_text(field: Field) -> Schema:
    match field.kind:
        case Kind.CHOICE:
            known = "|".join(choice.value for choice in field.choices)
            return {"pattern": f"^({known})(,({known}))*$"}
        case Kind.BOOLEAN:
            return {"format": "booleans"}
        case Kind.DATETIME:
            return {"format": "moments"}
        case Kind.ISBN:
            return {"format": "isbns"}
    return {"format": "whole-numbers"} if field.kind in NUMBERS else {"pattern": TEXT_PATTERN}


def _some_text() -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": filters.LENGTH_MOST, "pattern": r"^[^\u0000]+$"}


def _value(field: Field, operator: str) -> Schema:
    match field.kind:
        case Kind.DATETIME:
            ages: list[Schema] = [{"type": "string", "pattern": AGE_PATTERN}]
            return {"anyOf": _moments() + (ages if operator in _ORDER else [])}
        case Kind.INTEGER:
            return {"type": "integer", "minimum": -INTEGER_MOST, "maximum": INTEGER_MOST}
        case Kind.BOOLEAN:
            return ref("YesNo")
        case Kind.CHOICE | Kind.ISBN:
            return KINDS[field.kind](field)
        case Kind.RELATION | Kind.RELATIONS:
            return row_number()
    return _some_text()


def filter_parameters(section: Section) -> list[Schema]:
    """The filters of a section as parameters of a query string."""
    return [_parameter(name, schema) for name, schema in _filters(section).items()]


def _parameter(name: str, schema: Schema, description: str = "") -> Schema:
    found: Schema = {"in": "query", "name": name, "schema": schema}
    if schema.get("type") == "array":
        found |= {"style": "form", "explode": False}
    return found | ({"description": description} if description else {})


def paging_parameters() -> list[Schema]:
    """Which rows of a list are wanted."""
    size = {"type": "integer", "minimum": 1, "maximum": params.PER_PAGE_MOST, "default": params.PER_PAGE}
    return [
        _parameter("page", {"type": "integer", "minimum": 1, "maximum": params.PAGE_MOST}, "From 1; not with cursor."),
        _parameter("per_page", size),
        _parameter(
            "cursor", {"type": "string", "format": "cursor"},
            "The next_cursor of the answer before, or nothing to begin; then nothing is counted.",
        ),
    ]  # fmt: skip


def order_parameters(section: Section) -> list[Schema]:
    """What is looked for, and in which order."""
    names = [f"{sign}{name}" for name in sortable(section) for sign in ("", "-")]
    sort = {"type": "array", "items": {"type": "string", "enum": names}, "maxItems": ORDERS_MOST}
    return [
        _parameter("q", query_text(), 'Words, "exact words", -word, field:value, OR and parentheses.'),
        _parameter("sort", sort, "A minus turns the order; newest first unless said."),
        pinned_parameter(section),
    ]


def pinned_parameter(section: Section) -> Schema:
    """Whether pinned rows come first, alone or not at all."""
    said = "Without it, pins say nothing of the order." if section.pins else "Nothing is pinned here."
    return _parameter("pinned", {"type": "string", "enum": list(PINNED)}, said)


def object_parameters(section: Section) -> list[Schema]:
    """Which fields an object has, and which relations stand in it."""
    fields = {"type": "array", "items": {"type": "string", "enum": list(feed.readable(section))}}
    found = [_parameter("fields", fields, "Only these fields, and id.")]
    if relations := params.expandable(section):
        expand = {"type": "array", "items": {"type": "string", "enum": relations}}
        found.append(_parameter("expand", expand, "Relations to send along; among the fields=, where those are named."))
    return found


def shared() -> dict[str, Schema]:
    """The schemas that no section owns."""
    text: Schema = {"type": "string"}
    moment: Schema = {"type": "string", "format": "date-time"}
    perhaps: Schema = {"type": ["string", "null"], "format": "date-time"}
    number: Schema = {"type": ["integer", "null"]}
    count: Schema = {"type": "integer", "minimum": 0}
    values: Schema = {"type": "object", "additionalProperties": True}
    error: dict[str, Schema] = {
        "error": text | {"description": "One sentence."}, "code": text,
        "request_id": text | {"description": "Names this answer in the log."},
        "fields": {
            "type": "object", "additionalProperties": {"type": "array", "items": text},
            "description": "What is wrong, by field or parameter.",
        },
    }  # fmt: skip
    sides = {"base": values, "yours": values, "theirs": values, "mergeable": {"type": "array", "items": text}}
    reasons = _closed({"outcome": text, "reason": text, "count": count}, "outcome", "reason", "count")
    job: dict[str, Schema] = {
        "id": row_number(), "kind": text, "section": {"type": ["string", "null"]},
        "state": {"type": "string", "enum": [str(state) for state in State]},
        "total": count, "done": count, "same": count, "skipped": count, "failed": count, "added": count,
        "message": text, "reason": text, "change_set": number, "undoes": number,
        "created_at": moment, "started_at": perhaps, "finished_at": perhaps,
        "reasons": {"type": "array", "items": reasons},
    }  # fmt: skip
    pair: Schema = {"type": "array", "items": {}, "minItems": 2, "maxItems": 2, "description": "Before and after."}
    changes: Schema = {"type": "object", "additionalProperties": pair}
    actor = {"anyOf": [_closed({"id": row_number(), "name": text}, "id", "name"), {"type": "null"}]}
    entry: dict[str, Schema] = {
        "at": moment, "actor": actor, "action": text, "source": text, "reason": text, "version": {"type": "integer"},
        "change_set": row_number(), "changes": changes,
    }  # fmt: skip
    sample = {"id": row_number(), "title": text, "changes": changes}
    left = _closed({"reason": text, "count": count}, "reason", "count")
    preview: dict[str, Schema] = {
        "dry_run": {"type": "boolean"}, "total": count, "changing": count, "same": count,
        "is_exact": {"type": "boolean"}, "left_out": {"type": "array", "items": left},
        "samples": {"type": "array", "items": _closed(sample, *sample)},
    }  # fmt: skip
    history: dict[str, Schema] = {
        "history": {"type": "array", "items": ref("HistoryEntry")},
        "next_cursor": {"type": ["string", "null"]},
    }
    return {
        "Error": _closed(error, "error", "code", "request_id"),
        "Stale": _closed(error | sides | {"version": {"type": "integer"}}, "error", "code", "request_id", *sides),
        "Expanded": {
            "type": "object", "properties": {"id": row_number(), "title": text}, "required": ["id", "title"],
            "additionalProperties": True,
            "description": "A related row: its title, and its fields where they may be read.",
        },
        "Message": _closed({"message": text}, "message"),
        "YesNo": {"anyOf": [{"type": "boolean"}, {"type": "string", "enum": sorted(YES | NO - {""})}]},
        "Job": _closed(job, *job),
        "JobBegun": _closed({"job": ref("Job")}, "job"),
        "BulkPreview": _closed(preview, *preview),
        "HistoryEntry": _closed(entry, *entry),
        "History": _closed(history, *history),
    }  # fmt: skip


def found_everywhere(sections: list[Section]) -> Schema:
    """What a search over all sections answers: only those that the person may read are there."""
    lists = {section.name: {"type": "array", "items": ref(name_of(section))} for section in sections}
    return _closed(_COUNT | {"query": {"type": "string"}} | lists, "query", "count", "is_exact")
