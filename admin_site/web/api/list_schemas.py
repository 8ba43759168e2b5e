"""What a list can be asked, as JSON Schema: filters in a query string and in a body, order, paging, fields."""

from admin_site.core.section import Field, Kind, Section
from admin_site.records import feed, filters, resolve
from admin_site.records.list_query import CONDITIONS_MOST, ORDERS_MOST, Q_LENGTH, sortable
from admin_site.records.values import INTEGER_MOST
from admin_site.web.api import params
from admin_site.web.api.field_schemas import KINDS, NUMBERS, TEXT_PATTERN, Schema, closed, moments, ref, row_number

AGE_PATTERN = r"^[0-9]{1,4}(mo|[mhdwy])$"
_ORDER = ("lt", "lte", "gt", "gte")
# Nothing is as if it were not said.
PINNED = ("first", "only", "none", "")


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


def _some_text() -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": filters.LENGTH_MOST, "pattern": r"^[^\u0000]+$"}


def _value(field: Field, operator: str) -> Schema:
    match field.kind:
        case Kind.DATETIME:
            ages: list[Schema] = [{"type": "string", "pattern": AGE_PATTERN}]
            return {"anyOf": moments() + (ages if operator in _ORDER else [])}
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


def filter_in_json(section: Section) -> Schema:
    """What the body of a bulk deed filters by."""
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
    return closed(found | words) | {"maxProperties": CONDITIONS_MOST}


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
