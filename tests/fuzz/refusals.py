"""Why input that keeps to the document may be refused all the same: what no schema can say.

Each reason is told by status, sentence and what was sent, and looked up in the database where that knows.
Any other refusal is a finding.
"""

import re
from collections.abc import Callable
from typing import Any

from schemathesis import Case, Response
from sqlalchemy import select

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.section import Section
from admin_site.jobs.models import Job
from admin_site.jobs.undoable import UNDONE_WITHIN
from admin_site.records import feed, filters, idempotency
from admin_site.records.list_query import CONDITIONS_MOST, ListQuery
from admin_site.sections.users import LAST_ADMIN
from admin_site.web.api import params
from admin_site.web.api.answers import KEY_HEADER

# What was sent, the field or parameter that is said to be wrong ("" for the call as a whole), and the sentence.
Reason = Callable[[Case, str, str], bool]


def is_explained(case: Case, response: Response) -> bool:
    """Whether the refusal of valid input has one of the reasons that are allowed; inside an application context."""
    if response.status_code == 404:
        return is_missing(case)
    if response.status_code == 412:
        return "If-Match" in (case.headers or {})
    body: dict[str, Any] = response.json()
    said = [(name, text) for name, texts in body.get("fields", {}).items() for text in texts] or [("", body["error"])]
    reasons = REASONS.get(response.status_code, ())
    return all(any(reason(case, name, text) for reason in reasons) for name, text in said)


def section_of(case: Case) -> Section | None:
    """The section of a call; None for those beside sections."""
    return registry.by_name().get(case.path.split("/")[2])


def is_of_users(case: Case) -> bool:
    """A call of the section that says who may call."""
    return case.path.startswith("/api/users")


def is_missing(case: Case) -> bool:
    """The row or job of the address is not there, or not where it would have to be."""
    if "{id}" not in case.path:
        return False
    if not str(case.path_parameters["id"]).isdigit():
        return True  # 7.0 is a whole number in JSON, but not in an address
    section, number = section_of(case), int(case.path_parameters["id"])
    if section is None:
        return db.session.get(Job, number) is None
    live = db.session.execute(select(section.table.columns.live).where(section.table.columns.id == number)).first()
    if case.path.endswith("/restore"):
        return live is None
    return live is None or live.live is None


def points_nowhere(case: Case, name: str, text: str) -> bool:
    """A relation to a row that is not there."""
    section = section_of(case)
    found = re.fullmatch(r".+: there is no row with the number ([0-9, ]+)\.", text)
    field = section.all_fields.get(name) if section else None
    if found is None or field is None or field.target is None:
        return False
    columns = field.target.__table__.columns
    numbers = [int(number) for number in found[1].split(",")]
    return not db.session.execute(select(columns.id).where(columns.id.in_(numbers), columns.live == 1)).first()


def is_of_two_pages(case: Case, name: str, text: str) -> bool:
    """A page number and a cursor."""
    return name == "page" and text.endswith("exclude each other.") and _asks(case, "page", "cursor")


def is_of_another_list(case: Case, name: str, text: str) -> bool:
    """A cursor that was answered to a list in another order, or of another section."""
    section = section_of(case)
    if name != "cursor" or section is None:
        return False
    here = feed.cursor_at(ListQuery(section=section, sort=params.NEWEST_FIRST), "somewhere")
    is_of_this = str((case.query or {}).get("cursor")).partition(".")[0] == here.partition(".")[0]
    return _asks(case, "sort") or _asks(case, "pinned") or not is_of_this


def is_left_out(case: Case, name: str, text: str) -> bool:
    """A relation that is expanded, but not among the fields."""
    return name == "expand" and text.endswith("must be among the fields.") and _asks(case, "fields")


def is_one_filter_too_many(case: Case, name: str, text: str) -> bool:
    """More filters than one list takes."""
    is_said = text == f"A list takes at most {CONDITIONS_MOST} filters."
    return is_said and len(case.query or {}) > CONDITIONS_MOST


def is_too_long_together(case: Case, name: str, text: str) -> bool:
    """Values of which each is short enough, but not all of them in one parameter."""
    is_said = text.endswith(f"is compared with at most {filters.LENGTH_MOST:,} characters.")
    asked = case.query if name in (case.query or {}) else (case.body or {}).get("filter", {})
    values = asked.get(name.removeprefix("filter."), "")
    return is_said and len(",".join(map(str, values)) if isinstance(values, list) else values) > filters.LENGTH_MOST


def is_guessed_first(case: Case, name: str, text: str) -> bool:
    """A password that everybody has."""
    return name == "password" and text.startswith("This password is among the first that are guessed.")


def is_taken(case: Case, name: str, text: str) -> bool:
    """A value that another row has."""
    section = section_of(case)
    return section is not None and name in section.unique and text.endswith(f"used by another {section.singular}.")


def is_repeated(case: Case, name: str, text: str) -> bool:
    """A key that came with another call."""
    return text == idempotency.REUSED and KEY_HEADER in (case.headers or {})


def is_repeated_here(case: Case, response: Response) -> bool:
    """The same of input that is wrong as well."""
    return response.status_code == 409 and is_repeated(case, "", response.json()["error"])


def is_last_administrator(case: Case, name: str, text: str) -> bool:
    """Somebody has to stay."""
    return text == LAST_ADMIN and section_of(case) is registry.get("users")


def has_trashed_parent(case: Case, name: str, text: str) -> bool:
    """What a row belongs to comes back first."""
    return case.path.endswith("/restore") and re.fullmatch(r"Restore the .+ first: this .+ belongs to it\.", text)


def is_not_in_the_trash(case: Case, name: str, text: str) -> bool:
    """What is to come back has never gone, or has come back before."""
    section = section_of(case)
    return (
        section is not None
        and case.path.endswith("/restore")
        and text == (f"This {section.singular} is not in the trash.")
    )


def is_past_undoing(case: Case, name: str, text: str) -> bool:
    """There is nothing to take back, or no more."""
    sentences = (
        "This job has changed nothing, so there is nothing to undo.",
        "This was undone already, or is being undone.",
        "This is still being worked on; stop it first.",
        "What was removed for good cannot be brought back.",
        f"This was more than {UNDONE_WITHIN.days} days ago; it cannot be undone any more.",
    )
    return case.path == "/api/jobs/{id}/undo" and text in sentences


def _asks(case: Case, *names: str) -> bool:
    return all(name in (case.query or {}) for name in names)


REASONS: dict[int, tuple[Reason, ...]] = {
    400: (
        points_nowhere, is_of_two_pages, is_of_another_list, is_left_out, is_one_filter_too_many,
        is_too_long_together, is_guessed_first,
    ),
    409: (is_taken, is_repeated, is_last_administrator, has_trashed_parent, is_not_in_the_trash, is_past_undoing),
}  # fmt: skip
