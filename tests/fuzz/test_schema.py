"""The document to the letter: schemathesis sends what it allows and what it does not, and reads every answer by it."""

import random

import pytest

from tests.fuzz import harness
from tests.fuzz.harness import REQUESTS, SEED, narrowed, of_some, run

# Fewer calls are spent on some sections only, so that each call is made often enough: all have the same code.
IS_LONG = REQUESTS >= 5_000


def test_what_the_schemas_come_to_is_answered_as_they_say(site, document, record_property):
    """Every limit of every value, from both sides."""
    if not IS_LONG:
        document = narrowed(of_some(document, 1, chance(1)), lambda path: not path.endswith("/bulk"))
    report = run(site, "coverage", REQUESTS * 3 // 10, document)
    record_property("sent", report.sent)
    assert not report.findings, str(report)


def test_what_is_drawn_at_random_is_answered_as_the_document_says(site, document, record_property):
    report = run(site, "fuzzing", REQUESTS * 9 // 20, document if IS_LONG else of_some(document, 3, chance(2)))
    record_property("sent", report.sent)
    assert not report.findings, str(report)


def test_calls_that_follow_from_each_other_are_answered_as_the_document_says(site, document, record_property):
    """Made, read, changed, deleted, brought back: by the links of the document."""
    if not IS_LONG:
        kept = {"/api/jobs/", *chance(3).sample(sorted(roots(document)), 3)}
        document = narrowed(document, lambda path: path.startswith(tuple(kept)))
    report = run(site, "stateful", REQUESTS // 4, document)
    record_property("sent", report.sent)
    assert not report.findings, str(report)


def chance(number: int) -> random.Random:
    return random.Random(f"{SEED} {number}")


def roots(document: harness.Document) -> set[str]:
    return {path.removesuffix("/bulk") for path in document["paths"] if path.endswith("/bulk")}


# Whether any of this would be noticed


def note(document):
    return document["components"]["schemas"]["Note"]["properties"]


def call_of(document, path="/api/notes", method="get"):
    return document["paths"][path][method]


def a_wrong_type(document):
    note(document)["version"]["type"] = "string"


def an_unknown_field(document):
    del note(document)["content"]


def an_answer_that_is_not_named(document):
    del call_of(document, "/api/notes/{id}")["responses"]["404"]


def a_header_that_is_not_sent(document):
    found = call_of(document, "/api/notes/{id}")["responses"]["200"]
    found["headers"]["Last-Modified"] = {"schema": {"type": "string"}, "required": True}


def a_parameter_that_is_not_known(document):
    call_of(document)["parameters"].append({"in": "query", "name": "colour", "schema": {"type": "string"}})


def a_limit_that_is_not_kept(document):
    document["components"]["schemas"]["NoteNew"]["properties"]["title"]["maxLength"] = 20


def a_field_that_is_not_required(document):
    document["components"]["schemas"]["NoteNew"]["required"] = ["content"]


def a_field_that_is_required_only_here(document):
    document["components"]["schemas"]["NoteNew"]["required"].append("is_pinned")


@pytest.mark.parametrize(
    ("broken", "method", "path", "check"),
    [
        (a_wrong_type, "get", "/api/notes", "response_schema_conformance"),
        (an_unknown_field, "get", "/api/notes/{id}", "response_schema_conformance"),
        (an_answer_that_is_not_named, "get", "/api/notes/{id}", "status_code_conformance"),
        (a_header_that_is_not_sent, "get", "/api/notes/{id}", "response_headers_conformance"),
        (a_parameter_that_is_not_known, "get", "/api/notes", "positive_data_acceptance"),
        (a_limit_that_is_not_kept, "post", "/api/notes", "negative_data_rejection"),
        (a_field_that_is_not_required, "post", "/api/notes", "positive_data_acceptance"),
        (a_field_that_is_required_only_here, "post", "/api/notes", "negative_data_rejection"),
    ],
)
def test_a_document_that_is_not_true_is_noticed(site, document, broken, method, path, check):
    wrong = narrowed(document, lambda other: other == path)
    call = wrong["paths"][path][method]
    # A few parameters, so that each is drawn often.
    call["parameters"] = [one for one in call["parameters"] if one["name"] in ("id", "page", "per_page")]
    wrong["paths"][path] = {method: call}
    broken(wrong)
    # What must not be accepted is gone through; chance, which the program's own constants move, may miss it.
    phase, requests = ("coverage", 600) if check == "negative_data_rejection" else ("fuzzing", 100)
    report = run(site, phase, requests, wrong, seed=1)
    assert check in {found for _label, found in report.findings}, str(report)
