"""What the document says of each call: parameters, bodies, answers, headers and every error."""

from typing import Any

from apispec import APISpec

from admin_site.core import registry
from admin_site.core.section import Section
from admin_site.records.filters import LENGTH_MOST
from admin_site.records.idempotency import KEY_LENGTH
from admin_site.records.list_query import CONDITIONS_MOST
from admin_site.records.selection import IDS_MOST
from admin_site.records.values import ID_MOST
from admin_site.web.api import deeds, field_schemas, list_schemas, params, schemas
from admin_site.web.api.field_schemas import Schema, ref
from admin_site.web.api.history import ENTRIES

ALL_SECTIONS = "All sections"
SPEC: dict[str, Any] = {
    "title": "Admin Site",
    "version": "1",
    "openapi_version": "3.1.0",
    "info": {
        "description": "Every section has the same calls. A token may do what its owner may, within its scopes."
        f" A list takes at most {CONDITIONS_MOST} filters, each with at most {LENGTH_MOST:,} characters.",
    },
    "servers": [{"url": "/"}],
    "security": [{"bearer": []}, {"session": []}],
}

# Status to the name of the answer and what it means. Any call may be answered with those of ``EVERY_CALL``.
ERRORS: dict[int, tuple[str, str]] = {
    400: ("BadRequest", "The input is wrong; `fields` says where."),
    401: ("Unauthorized", "Nobody is signed in, or the token is not valid."),
    403: ("Forbidden", "It may be read, but this may not be done."),
    404: ("NotFound", "There is no such thing, or it is hidden."),
    409: ("Conflict", "A value is taken, the state does not allow it, or an Idempotency-Key was used before."),
    412: ("Stale", "The row has changed since; both versions."),
    413: ("TooLarge", "The body is larger than 8 MB."),
    415: ("UnsupportedMediaType", "The body is not sent as application/json."),
    429: ("TooManyRequests", "The token has made its calls of this minute."),
    500: ("InternalServerError", "A fault of the server; the log has it under request_id."),
    503: ("Busy", "The database is occupied or away."),
}
EVERY_CALL = (401, 429, 500, 503)
_HEADERS: dict[int, Schema] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}},
    429: {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "required": True}},
    503: {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "required": True}},
}
_ETAG: Schema = {"ETag": {"schema": {"type": "string"}, "description": "The version, in quotes.", "required": True}}
_LOCATION: Schema = {"Location": {"schema": {"type": "string"}, "required": True}}
_REPLAYED: Schema = {
    "Idempotency-Replayed": {"schema": {"type": "string", "enum": ["true"]}, "description": "It was done before."}
}


def add_components(spec: APISpec) -> None:
    """The schemas, answers and keys that calls refer to."""
    for name, schema in schemas.shared().items():
        spec.components.schema(name, schema)
    for section in registry.all_sections():
        for name, schema in schemas.of_section(section).items():
            spec.components.schema(name, schema)
        spec.components.schema(f"{_name(section)}Bulk", _bulk(section))
    for status, (name, description) in ERRORS.items():
        body = ref("Stale" if status == 412 else "Error")
        answer = {"description": description, "content": {"application/json": {"schema": body}}}
        spec.components.response(name, answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {}))
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme(
        "session",
        {"type": "apiKey", "in": "cookie", "name": "session", "description": "Unsafe calls also need X-CSRFToken."},
    )


def has_route(section: Section, view: str) -> bool:
    """Whether a section has a call: one without searched fields has no search."""
    return view != "in_section" or bool(section.search)


def list_rows(section: Section) -> dict[str, Any]:
    """``GET /api/notes``"""
    parameters = [
        *list_schemas.paging_parameters(), *list_schemas.order_parameters(section),
        *list_schemas.object_parameters(section), *list_schemas.filter_parameters(section),
    ]  # fmt: skip
    answer = _answer(ref(f"{_name(section)}List"))
    return _call("list", section, f"List {_many(section)}", {200: answer}, (400, 404), parameters)


def read(section: Section) -> dict[str, Any]:
    """``GET /api/notes/7``"""
    answer = _answer(ref(_name(section)), _ETAG)
    parameters = [_id(), *list_schemas.object_parameters(section)]
    return _call("get", section, f"Read one {section.singular}", {200: answer}, (400, 404), parameters)


def create(section: Section) -> dict[str, Any]:
    """``POST /api/notes``"""
    links = _links(section, "$response.body#/id", "get", "replace", "update", "delete", "history")
    answer = _answer(ref(_name(section)), _LOCATION | _ETAG | _REPLAYED) | links
    parameters = [_key(), *list_schemas.object_parameters(section)]
    errors = (400, 403, 404, 409, 413, 415)
    body = _body(ref(f"{_name(section)}New"))
    return _call("create", section, f"Add a {section.singular}", {201: answer}, errors, parameters) | body


def put(section: Section) -> dict[str, Any]:
    """``PUT /api/notes/7``"""
    return _change("replace", section)


def patch(section: Section) -> dict[str, Any]:
    """``PATCH /api/notes/7``"""
    return _change("update", section)


def _change(verb: str, section: Section) -> dict[str, Any]:
    answer = _answer(ref(_name(section)), _ETAG)
    parameters = [_id(), _if_match(), *list_schemas.object_parameters(section)]
    errors = (400, 403, 404, 409, 412, 413, 415)
    summary = f"Change the fields of a {section.singular} that are sent"
    return _call(verb, section, summary, {200: answer}, errors, parameters) | _body(ref(f"{_name(section)}Change"))


def delete(section: Section) -> dict[str, Any]:
    """``DELETE /api/notes/7``"""
    answers = {200: _answer(ref("Message")) | _links(section, "$request.path.id", "restore")}
    summary = f"Move a {section.singular} to the trash"
    return _call("delete", section, summary, answers, (400, 403, 404, 409, 412), [_id(), _if_match()])


def restore(section: Section) -> dict[str, Any]:
    """``POST /api/notes/7/restore``"""
    links = _links(section, "$request.path.id", "get", "update", "delete", "history")
    answer = _answer(ref(_name(section)), _ETAG | _REPLAYED) | links
    parameters = [_id(), _key(), *list_schemas.object_parameters(section)]
    values = {name: field_schemas.taken(section, section.field(name)) for name in section.unique}
    body = _body({"type": "object", "properties": values, "additionalProperties": False}, required=False)
    errors = (400, 403, 404, 409, 413, 415)
    summary = f"Bring a {section.singular} back from the trash"
    return _call("restore", section, summary, {200: answer}, errors, parameters) | body


def history(section: Section) -> dict[str, Any]:
    """``GET /api/notes/7/history``"""
    size = {"type": "integer", "minimum": 1, "maximum": params.PER_PAGE_MOST, "default": ENTRIES}
    parameters = [
        _id(), {"in": "query", "name": "per_page", "schema": size},
        {"in": "query", "name": "cursor", "schema": field_schemas.row_number()},
    ]  # fmt: skip
    summary = f"What happened to a {section.singular}"
    return _call("history", section, summary, {200: _answer(ref("History"))}, (400, 404), parameters)


def search(section: Section) -> dict[str, Any]:
    """``GET /api/notes/search``"""
    deepest = {"type": "integer", "minimum": 1, "maximum": 10_000}
    parameters = [
        *_search_parameters(), {"in": "query", "name": "page", "schema": deepest},
        list_schemas.pinned_parameter(section), *list_schemas.object_parameters(section),
    ]  # fmt: skip
    answer = _answer(ref(f"{_name(section)}Search"))
    return _call("search", section, f"Search {_many(section)}, best first", {200: answer}, (400, 404), parameters)


def in_bulk(section: Section) -> dict[str, Any]:
    """``POST /api/notes/bulk``"""
    answers = {
        202: _job_begun(),
        200: _answer(ref("BulkPreview"), description="What it would do, with dry_run."),
    }
    errors = (400, 403, 404, 409, 413, 415)
    return _call("bulk", section, f"Change many {_many(section)} as a job", answers, errors, [_key()]) | _body(
        ref(f"{_name(section)}Bulk")
    )


def _bulk(section: Section) -> Schema:
    properties: Schema = {
        "ids": {"type": "array", "items": field_schemas.row_number(), "minItems": 1, "maxItems": IDS_MOST},
        "filter": ref(f"{_name(section)}Filter"),
        "set": ref(f"{_name(section)}Values"),
        "action": {"type": "string", "enum": deeds.actions_of(section)},
        "dry_run": {"type": "boolean", "default": False},
        "reason": {"type": "string", "maxLength": deeds.REASON_LENGTH, "pattern": field_schemas.TEXT_PATTERN},
    }
    wrong: list[Schema] = []
    for pair in (["ids", "filter"], ["set", "action"]):
        wrong += [{"required": pair}, {"not": {"anyOf": [{"required": [name]} for name in pair]}}]
    return {
        "type": "object", "properties": properties, "additionalProperties": False,
        # Said by what it must not be: programs that write clients take alternatives for anything at all.
        "not": {"anyOf": wrong},
        "description": "Exactly one of ids and filter says which rows, exactly one of set and action what to do.",
    }  # fmt: skip


def search_everywhere() -> dict[str, Any]:
    """``GET /api/search``"""
    sections = [section for section in registry.all_sections() if section.search]
    answers = {200: _answer(schemas.found_everywhere(sections))}
    return _call("search_everywhere", None, "Search every section", answers, (400,), _search_parameters())


def read_job() -> dict[str, Any]:
    """``GET /api/jobs/7``"""
    answers = {200: _answer(ref("Job"))}
    return _call("get_job", None, "How far a job is", answers, (400, 404), [_id()])


def undo_job() -> dict[str, Any]:
    """``POST /api/jobs/7/undo``"""
    answers = {202: _job_begun()}
    body = _body({"type": "object", "additionalProperties": False}, required=False)
    errors = (400, 404, 409, 413, 415)
    return _call("undo_job", None, "Take back what a job did", answers, errors, [_id(), _key()]) | body


def document() -> dict[str, Any]:
    """``GET /api/openapi.json``"""
    answers = {200: _answer({"type": "object", "additionalProperties": True})}
    return _call("get_openapi", None, "This document", answers, (400,), []) | {"tags": [ALL_SECTIONS]}


def _call(
    verb: str, section: Section | None, summary: str, answers: dict[int, Schema], errors: tuple[int, ...],
    parameters: list[Schema],
) -> dict[str, Any]:  # fmt: skip
    refused = {str(status): {"$ref": f"#/components/responses/{ERRORS[status][0]}"} for status in
               sorted({*errors, *EVERY_CALL})}  # fmt: skip
    return {
        "operationId": f"{verb}_{section.name}" if section else verb,
        "summary": summary,
        "parameters": parameters,
        "responses": {**{str(status): answer for status, answer in answers.items()}, **refused},
    }


def _answer(schema: Schema, headers: Schema | None = None, description: str = "Done.") -> Schema:
    answer: Schema = {"description": description, "content": {"application/json": {"schema": schema}}}
    return answer | ({"headers": headers} if headers else {})


def _job_begun() -> Schema:
    return _answer(ref("JobBegun"), _LOCATION | _REPLAYED) | _links(None, "$response.body#/job/id", "get", "undo")


def _links(section: Section | None, number: str, *verbs: str) -> dict[str, Any]:
    """What can be done next with the row or job of an answer."""
    name = section.name if section else "job"
    return {
        "links": {verb: {"operationId": f"{verb}_{name}", "parameters": {"id": number}} for verb in verbs},
    }


def _body(schema: Schema, *, required: bool = True) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _id() -> Schema:
    return {
        "in": "path",
        "name": "id",
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "maximum": ID_MOST},
    }


def _key() -> Schema:
    pattern = {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH, "pattern": "^[!-~]([ -~]*[!-~])?$"}
    said = "The same call under the same key is done once and answered alike for two days."
    return {"in": "header", "name": "Idempotency-Key", "schema": pattern, "description": said}


def _if_match() -> Schema:
    said = 'The version that was read, such as "3"; where the row has changed since: 412.'
    tag = {"type": "string", "pattern": '^(\\*|"[0-9]{1,9}")$'}
    return {"in": "header", "name": "If-Match", "schema": tag, "description": said}


def _search_parameters() -> list[Schema]:
    words = list_schemas.query_text() | {"minLength": 1}
    return [
        {"in": "query", "name": "q", "required": True, "schema": words},
        {
            "in": "query", "name": "per_page",
            "schema": {"type": "integer", "minimum": 1, "maximum": params.PER_PAGE_MOST, "default": params.PER_PAGE},
        },
    ]  # fmt: skip


def _name(section: Section) -> str:
    return schemas.name_of(section)


def _many(section: Section) -> str:
    return section.label.lower()
