"""Deeds on many rows, and the jobs that they are: bulk, progress, undo."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request, url_for
from werkzeug.datastructures import MultiDict

from admin_site.core import clock, text
from admin_site.core.errors import Conflict, Invalid
from admin_site.core.section import Field, Kind, Section
from admin_site.history import change_sets
from admin_site.jobs import board, bulk, undo
from admin_site.jobs.bulk import Bulk, Preview
from admin_site.jobs.models import Job
from admin_site.records import selection
from admin_site.records.idempotency import Answer
from admin_site.records.list_query import CONDITIONS_MOST
from admin_site.records.selection import IDS_MOST, Selection
from admin_site.records.values import ID_MOST
from admin_site.web.api import answers, field_schemas, list_schemas, params, payload
from admin_site.web.identity import actor

# In the order in which they are told; what else a section declares follows.
ACTIONS = ("delete", "restore", "publish", "archive", "pin", "unpin", "approve", "reject", "spam", "hide")
WORDS = ("ids", "filter", "set", "action", "dry_run", "reason")
REASON_LENGTH = 200


def in_bulk(section: Section) -> Response:
    """Change, move or mark many rows: a job, or with ``dry_run`` what it would do."""
    params.refuse_unknown(request.args, ())
    body = payload.read()
    planned, reason = _planned(section, body), _reason(body)
    if _is_dry(body):
        answers.named_key()  # nothing is kept under it, but a wrong one is said
        return answers.response(_previewed(bulk.preview(actor(), planned)))
    begun: list[int] = []

    def work() -> Answer:
        begun[:] = [bulk.begin(actor(), planned, source="api", reason=reason)]  # anew, where it is done again
        return _accepted(begun[0])

    return _started(*answers.once(work), begun)


def actions_of(section: Section) -> list[str]:
    """What can be done to many rows of this section, beside setting values."""
    own = {bulk.DELETE, bulk.RESTORE, *((bulk.PIN, bulk.UNPIN) if section.pins else ())}
    own |= set(section.workflow.moves) if section.workflow else set()
    return [*(action for action in ACTIONS if action in own), *sorted(own.difference(ACTIONS))]


def read_job(id: int) -> Response:
    """How far a job is."""
    params.refuse_unknown(request.args, ())
    return answers.response(described(board.find(actor(), id)))


def undo_job(id: int) -> Response:
    """Take back what a job did, as a job of its own."""
    params.refuse_unknown(request.args, ())
    job, begun = board.find(actor(), id), list[int]()
    _refuse_unknown(payload.read(optional=True), ())

    def work() -> Answer:
        if job.change_set_id is None or not change_sets.count_of(job.change_set_id):
            raise Conflict("This job has changed nothing, so there is nothing to undo.")
        begun.append(undo.begin(actor(), job.change_set_id, source="undo"))
        return _accepted(begun[0])

    return _started(*answers.once(work), begun)


def _accepted(job_id: int) -> Answer:
    job = described(board.find(actor(), job_id))
    return Answer(202, {"job": job}, {"Location": url_for("api.read_job", id=job_id)})


def _started(response: Response, is_first: bool, begun: list[int]) -> Response:
    """The answer, once the job was handed to a worker, or done where it is small."""
    if is_first:
        board.start(begun[0])
    return response


def described(job: Job) -> dict[str, Any]:
    """A job as JSON has it."""
    return {
        "id": job.id, "kind": job.kind, "section": job.section or None, "state": str(job.state), "total": job.total,
        "done": job.done, "same": job.same, "skipped": job.skipped, "failed": job.failed, "added": job.added,
        "message": job.message, "reason": job.reason, "change_set": job.change_set_id, "undoes": job.undoes,
        "created_at": clock.isoformat(job.created_at), "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "reasons": [
            {"outcome": outcome, "reason": reason, "count": count} for outcome, reason, count in board.reasons(job)
        ],
    }  # fmt: skip


def _moment(value: Any) -> str | None:
    return None if value is None else clock.isoformat(value)


def _planned(section: Section, body: Mapping[str, Any]) -> Bulk:
    _refuse_unknown(body, WORDS)
    if ("ids" in body) == ("filter" in body):
        raise Invalid("Say which rows: exactly one of ids and filter.")
    if ("set" in body) == ("action" in body):
        raise Invalid("Say what to do: exactly one of set and action.")
    action = _action(section, body["action"]) if "action" in body else bulk.EDIT
    sent = _edits(section, body["set"]) if "set" in body else {}
    return Bulk(_chosen(section, body, trashed=action == bulk.RESTORE), action, sent)


def _refuse_unknown(body: Mapping[str, Any], words: Sequence[str]) -> None:
    if unknown := [name for name in body if name not in words]:
        raise Invalid(fields={name: [f"There is no {name[:80]!r} here."] for name in unknown})


def _action(section: Section, raw: Any) -> str:
    allowed = actions_of(section)
    if not isinstance(raw, str) or raw not in allowed:
        raise Invalid(fields={"action": [f"action must be one of: {', '.join(allowed)}."]})
    return raw


def _edits(section: Section, raw: Any) -> dict[str, tuple[str, Any]]:
    if not isinstance(raw, dict) or not raw:
        raise Invalid(fields={"set": ["set must be an object of fields and their new values."]})
    sent = payload.values_of(section, raw)
    return {name: ("clear" if value in (None, "", []) else "set", value) for name, value in sent.items()}


def _chosen(section: Section, body: Mapping[str, Any], *, trashed: bool) -> Selection:
    if "ids" in body:
        return selection.of_ids(section, _ids(body["ids"]), trashed=trashed)
    query = params.of_filter(section, _as_args(section, body["filter"]), actor())
    return selection.of_list(actor(), query.in_trash() if trashed else query, may_be_empty=True)


def _ids(raw: Any) -> list[int]:
    numbers = [payload.whole(number) for number in raw] if isinstance(raw, list) else []
    known = [number for number in numbers if number is not None and 0 < number <= ID_MOST]
    if not 0 < len(numbers) <= IDS_MOST or len(known) < len(numbers):
        raise Invalid(fields={"ids": [f"ids must be a list of 1 to {IDS_MOST:,} numbers of rows."]})
    return known


def _as_args(section: Section, raw: Any) -> "MultiDict[str, str]":
    """A filter in JSON as the query string that it stands for."""
    if not isinstance(raw, dict) or len(raw) > CONDITIONS_MOST:
        raise Invalid(fields={"filter": [f"filter must be an object of at most {CONDITIONS_MOST} list parameters."]})
    fields = dict(list_schemas.paths(section))
    args: MultiDict[str, str] = MultiDict()
    errors: dict[str, list[str]] = {}
    for name, value in raw.items():
        path, _, operator = name.partition("__")
        if path not in fields and name not in params.SHARED_WORDS:
            errors[f"filter.{name[:80]}"] = [params.unknown(name)]
            continue
        try:
            args.add(name, _as_text(fields.get(path), operator, value))
        except ValueError as error:
            errors[f"filter.{name[:80]}"] = [str(error)]
    if errors:
        raise Invalid(fields=errors)
    return args


def _as_text(field: Field | None, operator: str, value: Any) -> str:
    if operator == "in" and isinstance(value, list):
        texts = [_one_as_text(field.kind if field else None, part) for part in value]
        if not texts or any("," in text or not text for text in texts):
            raise ValueError("It must be a list of values without commas, of which none is empty.")
        return ",".join(texts)
    return _one_as_text(Kind.BOOLEAN if operator == "isnull" else field.kind if field else None, value)


def _one_as_text(kind: Kind | None, value: Any) -> str:
    """A value as a query string has it, which JSON holds as that text or in the type of the field."""
    if isinstance(value, str):
        return value
    if kind is Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise ValueError("It must be true or false.")
        return "true" if value else "false"
    if kind not in field_schemas.NUMBERS:
        raise ValueError("It must be text.")
    number = payload.whole(value)
    if number is None:
        raise ValueError("It must be a whole number.")
    return str(number)


def _is_dry(body: Mapping[str, Any]) -> bool:
    if not isinstance(dry := body.get("dry_run", False), bool):
        raise Invalid(fields={"dry_run": ["dry_run must be true or false."]})
    return dry


def _reason(body: Mapping[str, Any]) -> str:
    reason = body.get("reason", "")
    if isinstance(reason, str) and not text.is_storable(reason):
        raise Invalid(fields={"reason": ["reason has a character that cannot be stored."]})
    if not isinstance(reason, str) or len(reason) > REASON_LENGTH:
        raise Invalid(fields={"reason": [f"reason must be text of at most {REASON_LENGTH} characters."]})
    return reason


def _previewed(found: Preview) -> dict[str, Any]:
    return {
        "dry_run": True, "total": found.total, "changing": found.changing, "same": found.same,
        "is_exact": found.is_exact,
        "left_out": [{"reason": reason, "count": count} for reason, count in found.left_out.items()],
        "samples": [
            {"id": sample.row_id, "title": sample.title, "changes": dict(sample.changes)} for sample in found.samples
        ],
    }  # fmt: skip
