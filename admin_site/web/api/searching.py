"""Search in one section and over all of them: the same index, order and language as the pages'."""

from typing import Any

from flask import Response, request
from werkzeug.datastructures import MultiDict

from admin_site.core.errors import Invalid
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records import feed, finding, reads
from admin_site.records.list_query import ListQuery
from admin_site.web.api import answers, params, present
from admin_site.web.identity import actor

NO_WORDS = "Search query required"


def in_section(section: Section) -> Response:
    """The rows that answer best, first."""
    params.refuse_unknown(request.args, ("q", "per_page", "page", "pinned", "fields", "expand"))
    q, size = _words(), params.size(request.args)
    page = params.number(request.args, "page", reads.COUNT_MOST) or 1
    shown = MultiDict((name, text) for name, text in request.args.items(multi=True) if name in ("fields", "expand"))
    names, expand = params.of_object(section, shown)
    said = {"q": q, "per_page": str(size), "page": str(page), "pinned": request.args.get("pinned", "")}
    query = ListQuery.from_args(section, MultiDict(said), actor())
    if query.problems:
        raise Invalid(fields={problem.name: [problem.sentence] for problem in query.problems})
    if not query.nodes:
        raise Invalid(fields={"q": [params.NOTHING_ASKED]})
    ids, count = finding.best(actor(), query)
    rows = present.rows(actor(), section, feed.rows_of(section, ids, names), names, expand)
    return answers.response({"query": q, **_counted(count), section.name: rows})


def everywhere() -> Response:
    """The best rows of each section that may be read."""
    params.refuse_unknown(request.args, ("q", "per_page"))
    q, size = _words(), params.size(request.args)
    person = actor()
    answer = finding.everywhere(person, q, limit=size, correcting=False)
    if answer.problems:
        raise Invalid(fields={"q": list(answer.problems)})
    if not answer.is_asked:
        raise Invalid(fields={"q": [params.NOTHING_ASKED]})
    found = {one.section.name: one for one in answer.found}
    body: dict[str, Any] = {"query": q, **_counted(sum(one.count for one in answer.found))}
    for section in finding.readable(person):
        one = found.get(section.name)
        body[section.name] = _objects(person, section, [item.id for item in one.items]) if one else []
    return answers.response(body)


def _objects(person: Actor, section: Section, ids: list[int]) -> list[present.Json]:
    names = present.names_of(section)
    return present.rows(person, section, feed.rows_of(section, ids, names), names)


def _counted(count: int) -> dict[str, Any]:
    """Exact up to so many; ``is_exact`` says whether it is."""
    return {"count": min(count, reads.COUNT_MOST), "is_exact": count <= reads.COUNT_MOST}


def _words() -> str:
    q = request.args.get("q", "").strip()
    if not q:
        raise Invalid(NO_WORDS)
    return q
