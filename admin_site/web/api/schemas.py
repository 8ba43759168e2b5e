"""JSON Schema of sections, read from the declaration: their objects and lists, and what no section owns."""

from admin_site.core.section import Field, Kind, Section
from admin_site.jobs.models import State
from admin_site.records import edits, feed
from admin_site.records.values import NO, YES
from admin_site.web.api import params, present
from admin_site.web.api.field_schemas import Schema, closed, given, ref, row_number, taken
from admin_site.web.api.list_schemas import filter_in_json


def name_of(section: Section) -> str:
    """What an object of the section is called among the schemas: ``Note``."""
    return "".join(word.capitalize() for word in section.singular.split())


def settable(section: Section) -> list[Field]:
    """The fields that a call may send."""
    return [field for field in section.all_fields.values() if not field.fixed]


def of_section(section: Section) -> dict[str, Schema]:
    """Every schema of a section by name."""
    name = name_of(section)
    properties = {field.name: taken(section, field) for field in settable(section)}
    required = [field.name for field in settable(section) if field.required]
    change = closed(properties) | {"minProperties": 1}
    return {
        name: _object(section),
        f"{name}New": closed(properties) | ({"required": required} if required else {"minProperties": 1}),
        f"{name}Change": change,
        f"{name}List": _list(section),
        f"{name}Search": closed(
            _COUNT | {"query": {"type": "string"}, section.name: {"type": "array", "items": ref(name)}},
            "query", "count", "is_exact", section.name,
        ),
        f"{name}Filter": filter_in_json(section),
        f"{name}Values": closed({
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
    return closed(properties, "id")


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
    return closed(properties, *properties)


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
    reasons = closed({"outcome": text, "reason": text, "count": count}, "outcome", "reason", "count")
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
    actor = {"anyOf": [closed({"id": row_number(), "name": text}, "id", "name"), {"type": "null"}]}
    entry: dict[str, Schema] = {
        "at": moment, "actor": actor, "action": text, "source": text, "reason": text, "version": {"type": "integer"},
        "change_set": row_number(), "changes": changes,
    }  # fmt: skip
    sample = {"id": row_number(), "title": text, "changes": changes}
    left = closed({"reason": text, "count": count}, "reason", "count")
    preview: dict[str, Schema] = {
        "dry_run": {"type": "boolean"}, "total": count, "changing": count, "same": count,
        "is_exact": {"type": "boolean"}, "left_out": {"type": "array", "items": left},
        "samples": {"type": "array", "items": closed(sample, *sample)},
    }  # fmt: skip
    history: dict[str, Schema] = {
        "history": {"type": "array", "items": ref("HistoryEntry")},
        "next_cursor": {"type": ["string", "null"]},
    }
    return {
        "Error": closed(error, "error", "code", "request_id"),
        "Stale": closed(error | sides | {"version": {"type": "integer"}}, "error", "code", "request_id", *sides),
        "Expanded": {
            "type": "object", "properties": {"id": row_number(), "title": text}, "required": ["id", "title"],
            "additionalProperties": True,
            "description": "A related row: its title, and its fields where they may be read.",
        },
        "Message": closed({"message": text}, "message"),
        "YesNo": {"anyOf": [{"type": "boolean"}, {"type": "string", "enum": sorted(YES | NO - {""})}]},
        "Job": closed(job, *job),
        "JobBegun": closed({"job": ref("Job")}, "job"),
        "BulkPreview": closed(preview, *preview),
        "HistoryEntry": closed(entry, *entry),
        "History": closed(history, *history),
    }  # fmt: skip


def found_everywhere(sections: list[Section]) -> Schema:
    """What a search over all sections answers: only those that the person may read are there."""
    lists = {section.name: {"type": "array", "items": ref(name_of(section))} for section in sections}
    return closed(_COUNT | {"query": {"type": "string"}} | lists, "query", "count", "is_exact")
