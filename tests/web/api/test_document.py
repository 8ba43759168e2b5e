"""The document is what the site does: its routes, its kinds of fields, and every answer for demo content."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import select

from admin_site import demo, sections
from admin_site.core import registry, text
from admin_site.core.database import db
from admin_site.core.section import Kind, Section
from admin_site.web.api import field_schemas, params, payload, schemas
from tests.api_client import Program
from tests.factories import make, values_of

pytestmark = pytest.mark.databases("sqlite")

sections.register_all()
NAMES = tuple(registry.by_name())
METHODS = ("get", "put", "post", "delete", "patch")
# A page for people.
LEFT_OUT = "/api/docs"
# Lists have all rows; of so many one is read by itself.
ONE_OF = 10
EVERY_CALL = {"401", "429", "500", "503"}


@pytest.fixture
def document(cast, program) -> dict[str, Any]:
    return program(cast.admin).get("/api/openapi.json")


def calls_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def named(node: Any, name: str) -> Iterator[Any]:
    """Every value that stands under this name, at any depth."""
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in parts:
        if key == name and isinstance(part, str | dict):
            yield part
        yield from named(part, name)


def at(document: dict[str, Any], pointer: str) -> Any:
    found = document
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step]
    return found


class Schemas:
    """Says whether an answer keeps to a schema of the document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.known: dict[str, Any] = {}

    def check(self, name: str, value: Any) -> Any:
        if name not in self.known:
            self.known[name] = self._validator({"$ref": f"#/components/schemas/{name}"})
        errors = [f"{error.instance_path}: {error.message[:300]}" for error in self.known[name].iter_errors(value)]
        assert errors == [], name
        return value

    def check_answer(self, path: str, method: str, value: Any) -> None:
        answer = self.document["paths"][path][method]["responses"]["200"]
        self._validator(answer["content"]["application/json"]["schema"]).validate(value)

    def _validator(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        whole = schema | {"components": self.document["components"]}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def test_it_is_a_document_of_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    assert [error.message[:300] for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_it_names_every_call_that_there_is_and_no_other(app, document):
    served = {
        (re.sub(r"<int:(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and rule.rule != LEFT_OUT
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _call in calls_of(document)} == served


def test_what_is_said_of_a_path_is_said_better_by_each_of_its_calls(document):
    """flask-smorest reads parameters from the routes, and knows less of them."""
    for path, item in document["paths"].items():
        assert set(item) <= {*METHODS, "parameters"}
        said = {(one["in"], one["name"]) for one in item.get("parameters", [])}
        for method in set(item) & set(METHODS):
            assert said <= {(one["in"], one["name"]) for one in item[method]["parameters"]}, (method, path)


def test_every_reference_leads_somewhere_and_every_schema_is_used(document):
    pointers = set(named(document, "$ref"))
    assert all(pointer.startswith("#/components/") for pointer in pointers)
    for pointer in pointers:
        assert at(document, pointer)
    for kind in ("schemas", "responses"):
        known = {f"#/components/{kind}/{name}" for name in document["components"][kind]}
        assert known == {pointer for pointer in pointers if f"/{kind}/" in pointer}


def test_every_call_has_its_own_name_a_summary_and_one_tag(document):
    calls = list(calls_of(document))
    assert [name for name, times in Counter(call["operationId"] for *_where, call in calls).items() if times > 1] == []
    for path, method, call in calls:
        assert call["summary"], (method, path)
        assert len(call["tags"]) == 1, (method, path)
        assert re.fullmatch(r"[a-z_]+", call["operationId"])


def test_every_call_says_that_it_may_be_refused_or_fail(document):
    for path, method, call in calls_of(document):
        assert set(call["responses"]) >= EVERY_CALL, (method, path)
        assert "400" in call["responses"], (method, path)  # an unknown parameter, at least
        assert ("415" in call["responses"]) == ("requestBody" in call), (method, path)
        for status, answer in call["responses"].items():
            said = at(document, answer["$ref"]) if "$ref" in answer else answer
            schema = said["content"]["application/json"]["schema"]
            error = schema.get("$ref", "").rsplit("/", 1)[-1]
            assert (error in ("Error", "Stale")) == (int(status) >= 400), (method, path, status)


def test_every_parameter_has_a_schema_and_stands_once(document):
    for path, method, call in calls_of(document):
        places = [(one["in"], one["name"]) for one in call.get("parameters", [])]
        assert len(places) == len(set(places)), (method, path)
        assert all(one["schema"] for one in call.get("parameters", []))
        assert {name for place, name in places if place == "path"} == set(re.findall(r"{(\w+)}", path))


def test_every_link_leads_to_a_call(document):
    names = {call["operationId"]: path for path, _method, call in calls_of(document)}
    links = [link for found in named(document["paths"], "links") for link in found.values()]
    assert links
    for link in links:
        assert set(link["parameters"]) == set(re.findall(r"{(\w+)}", names[link["operationId"]]))


def test_every_kind_of_field_has_a_schema_and_a_type():
    assert set(field_schemas.KINDS) == set(Kind)
    assert set(payload.TYPES) == set(Kind)


def test_what_is_a_blank_here_is_one_in_the_document():
    """Text of blanks alone is refused where it is required, in whatever language a program reads the pattern."""
    for letter in map(chr, (*range(1, 0xD800), *range(0xE000, 0x11000))):
        assert (re.fullmatch(field_schemas.WORD_PATTERN, letter) is None) == text.is_blank(letter), letter


def test_every_object_but_a_related_row_is_closed(document):
    """Whoever reads the document knows all that can stand in one."""
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is (name == "Expanded"), name


def test_what_makes_a_row_keeps_to_its_schema(app, document):
    known = Schemas(document)
    for section in registry.all_sections():
        known.check(f"{schemas.name_of(section)}New", values_of(section.name))


def test_every_answer_for_demo_content_keeps_to_its_schema(app, cast, program, document):
    demo.load()
    known, admin = Schemas(document), program(cast.admin)
    for name in NAMES:
        check_section(known, admin, registry.get(name))
    found = admin.get("/api/search?q=a")
    assert found["count"]
    known.check_answer("/api/search", "get", found)


def check_section(known: Schemas, admin: Program, section: Section) -> None:
    called, name, relations = schemas.name_of(section), section.name, ",".join(params.expandable(section))
    if not db.session.execute(select(section.table.columns.id).limit(1)).first():
        make(section.name)  # a section without demo content
    rows, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"/api/{name}?per_page=100&expand={relations}&cursor={cursor}")
        rows += known.check(f"{called}List", page)[name]
        cursor = page["next_cursor"]
    assert rows
    for row in rows[::ONE_OF]:
        plain = known.check(called, admin.get(f"/api/{name}/{row['id']}"))
        assert set(plain) < set(row)
        assert plain.items() <= row.items()
        known.check("History", admin.get(f"/api/{name}/{row['id']}/history"))
    known.check(f"{called}List", admin.get(f"/api/{name}?per_page=100"))
    known.check(f"{called}List", admin.get(f"/api/{name}?fields=id&page=9999"))
    known.check(f"{called}Search", admin.get(f"/api/{name}/search?q=a&expand={relations}"))


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_to_a_change_keeps_to_its_schema(cast, program, document, name):
    section, known, admin = registry.get(name), Schemas(document), program(cast.admin)
    called, title = schemas.name_of(section), section.title_columns[0]
    row = known.check(called, admin.post(f"/api/{name}", values_of(name)))
    root = f"/api/{name}/{row['id']}"
    known.check(called, admin.patch(root, {title: "Heron"}))
    stale = admin.send("PATCH", root, {title: "Crane"}, headers={"If-Match": '"1"'}, status=412)
    known.check("Stale", stale.json)
    for dry_run, schema in ((True, "BulkPreview"), (False, "JobBegun")):
        body = {"ids": [row["id"], 999_999], "action": "delete", "dry_run": dry_run}
        begun = known.check(schema, admin.post(f"/api/{name}/bulk", body, status=200 if dry_run else 202))
    job = f"/api/jobs/{begun['job']['id']}"
    known.check("Job", admin.get(job))
    known.check("JobBegun", admin.post(f"{job}/undo", status=202))
    known.check("Message", admin.delete(root))
    known.check(called, admin.post(f"{root}/restore", status=200))
    history = known.check("History", admin.get(f"{root}/history"))["history"]
    assert {entry["action"] for entry in history} == {"create", "update", "delete", "restore"}


def test_every_error_keeps_to_its_schema(app, cast, program, document):
    known, admin, viewer = Schemas(document), program(cast.admin), program(cast.viewer)
    number = make("notes")
    for person, method, path, body, status in (
        (admin, "GET", "/api/notes?colour=red", None, 400), (admin, "POST", "/api/notes", {"title": ""}, 400),
        (Program(app), "GET", "/api/notes", None, 401), (Program(app, "wrong"), "GET", "/api/notes", None, 401),
        (viewer, "DELETE", f"/api/notes/{number}", None, 403), (admin, "GET", "/api/notes/999999", None, 404),
        (admin, "GET", "/api/nothing", None, 404), (admin, "DELETE", "/api/notes", None, 405),
        (admin, "POST", "/api/users", {"username": "ADMIN", "email": "other@example.org"}, 409),
    ):  # fmt: skip
        known.check("Error", person.send(method, path, body, status=status).json)
    plain = {"data": "{}", "content_type": "text/plain"}
    known.check("Error", admin.send("POST", "/api/notes", status=415, **plain).json)
    large = {"data": b" " * (8 * 2**20 + 1), "content_type": "application/json"}
    known.check("Error", admin.send("POST", "/api/notes", status=413, **large).json)
