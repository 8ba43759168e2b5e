"""Jobs: what runs, how far it is, what came of it; stop, undo, receipt."""

import csv
import io
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from flask import Response, current_app, flash, jsonify, redirect, request, url_for
from flask_admin import expose

from admin_site.accounts import permissions
from admin_site.accounts.models import User
from admin_site.core import registry, text
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.core.section import Section
from admin_site.core.transactions import atomic
from admin_site.jobs import board, bulk, undo
from admin_site.jobs.models import UNFINISHED, Job, JobNote, State
from admin_site.records import export, reads, relations
from admin_site.web import numbers, templating
from admin_site.web.admin import deltas, receipts, undoing
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor
from admin_site.web.redirects import is_local

NOTES_SHOWN = 50
NOTES_AT_ONCE = 1_000


class JobsView(GuardedView):
    """``/admin/jobs/``: everybody's own; ``board`` decides about those of others."""

    actions: ClassVar[dict[str, str]] = {
        "index": "read", "job": "read", "progress": "read", "notes": "read", "stop": "read", "undo": "undo",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__(
            name="Jobs", endpoint="jobs", url="jobs", category="System", menu_icon_type="bi", menu_icon_value="activity"
        )
        self.static_folder = None

    def check_action(self, action: str) -> None:
        """For those who can begin one, or have; each job is asked for by itself, and undoing by its rows."""
        if action == "undo":
            return
        if not (self.is_accessible() or board.listed(actor(), limit=1)):
            raise NotFound

    def is_accessible(self) -> bool:
        """For those who can begin one."""
        return any(bulk.choices(actor(), section) for section in registry.all_sections())

    @expose("/")
    def index(self) -> str:
        """The jobs that this person may see."""
        jobs = board.listed(actor(), before=numbers.row(request.args.get("before", "")))
        people = relations.titles(User, [job.actor_id for job in jobs if job.actor_id])
        return self.render(
            "admin/jobs.html", jobs=jobs, people=people, titles={job.id: title(job) for job in jobs},
            is_worked=board.is_worked(),
        )  # fmt: skip

    @expose("/<int:id>")
    def job(self, id: int) -> str:
        """Progress while it runs, the receipt afterwards."""
        job = board.find(actor(), id)
        is_open = job.state in UNFINISHED
        notes = board.notes(job, outcomes=board.REFUSALS, limit=NOTES_SHOWN)
        who = relations.titles(User, [job.actor_id] if job.actor_id else []).get(job.actor_id or 0)
        section = registry.by_name().get(job.section)
        return self.render(
            "admin/job.html", job=job, title=title(job), who=who.text if who else "System",
            progress=receipts.progress(job), took=receipts.took(job), reasons=board.reasons(job),
            has_notes=bool(notes), notes=list(_shown(notes)), failed_url=_failed_url(job, section),
            key=secrets.token_urlsafe(12), section_label=section.label if section else "",
            list_url=url_for(f"{section.name}.index_view") if section else "",
            change_url=url_for("activity.change", id=job.change_set_id) if job.done else "",
            **undoing.of(None if is_open or not job.done else job.change_set_id),
        )  # fmt: skip

    @expose("/<int:id>/progress")
    def progress(self, id: int) -> Response:
        """How far it is, as JSON."""
        job = board.find(actor(), id)
        return jsonify(
            state=job.state, total=job.total, done=job.done, left=job.same + job.skipped, failed=job.failed,
            passed=receipts.passed(job), said=receipts.progress(job), is_open=job.state in UNFINISHED,
        )  # fmt: skip

    @expose("/<int:id>/notes.csv")
    def notes(self, id: int) -> Response:
        """Every row that was left out or failed, with the reason."""
        job = board.find(actor(), id)
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy has it
        response = Response(_csv(app, job.id), mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="job-{job.id}.csv"'
        return response

    @expose("/<int:id>/stop", methods=("POST",))
    def stop(self, id: int) -> Any:
        """Ends it after the chunk that it is at."""
        with atomic():
            board.stop(actor(), id)
        flash("It stops after the rows that it is at.", "ok")
        return redirect(url_for(".job", id=id), 303)

    @expose("/undo/<int:id>", methods=("POST",))
    def undo(self, id: int) -> Any:
        """Takes a change set back, as a job of its own."""
        with atomic():
            job_id = undo.begin(actor(), id, source="undo", key=request.form.get("key", "")[:40])
        board.start(job_id)
        job = board.find(actor(), job_id)
        is_whole = job.state == State.DONE and not (job.skipped or job.failed or board.notes(job, limit=1))
        back = request.form.get("back", "")
        if is_whole and is_local(back):  # from where one was, without a receipt to read
            flash("It was undone.", "ok")
            return redirect(_standing(job, back), 303)
        return redirect(url_for(".job", id=job_id), 303)


def _standing(job: Job, back: str) -> str:
    """Where one was, or the list where that was a page about a row that is gone now."""
    section = registry.by_name().get(job.section)
    found = re.match(rf"/admin/{section.name}/([0-9]{{1,18}})", back) if section else None
    if section is None or found is None:
        return back
    try:
        reads.find(actor(), section, int(found[1]))
    except NotFound:
        return url_for(f"{section.name}.index_view")
    return back


def title(job: Job) -> str:
    """What a job does, in words."""
    section = registry.by_name().get(job.section)
    rows = templating.plural(job.total, section.singular, section.label.lower()) if section else f"{job.total:,} rows"
    if job.kind == "undo":
        return f"Undo of change {job.undoes}"
    if job.kind == "bulk" and section:
        action = job.params["action"]
        return f"{'Change' if action == bulk.EDIT else bulk.label(section, action)}: {rows}"
    return f"{job.kind.capitalize()} of {rows}"


def _failed_url(job: Job, section: Section | None) -> str:
    """Where the refused rows of an import can be had as they were handed in."""
    if section is None or job.kind != "import" or not job.failed:
        return ""
    return url_for(f"{section.name}.import_failed_view", job=job.id)


def _shown(notes: Sequence[JobNote]) -> Iterator[tuple[JobNote, str, str, deltas.Delta | None]]:
    by_section: dict[str, list[int]] = {}
    for note in notes:
        if note.row_id is not None:
            by_section.setdefault(note.section, []).append(note.row_id)
    known = registry.by_name()
    titles = {name: relations.readable(actor(), known[name], ids) for name, ids in by_section.items() if name in known}
    for note in notes:
        found = titles.get(note.section, {}).get(note.row_id or 0)
        name = text.clip(found.text, 80) if found else f"line {note.line}" if note.line else f"number {note.row_id}"
        url = _url_of(known[note.section], note.row_id, is_trashed=found.trashed) if found else ""
        yield note, name, url, _conflict(known.get(note.section), note) if found else None


def _url_of(section: Section, number: int | None, *, is_trashed: bool) -> str:
    if not is_trashed:
        return url_for(f"{section.name}.details_view", id=number)
    may_see = permissions.allows(actor(), "restore", section)
    return url_for(f"{section.name}.trashed_view", id=number) if may_see else ""


def _conflict(section: Section | None, note: JobNote) -> deltas.Delta | None:
    """What a change set gave a field, and what it holds now."""
    if section is None or not note.detail or note.detail.get("field") not in section.all_fields:
        return None
    return deltas.of(section, note.detail["field"], (note.detail["after"], note.detail["now"]))


def _csv(app: Any, number: int) -> Iterator[str]:
    """In parts, each asked for by itself: the request is over when the first one is."""
    yield "id,line,outcome,reason\r\n"
    last: int | None = 0
    while last is not None:
        with app.app_context():
            written, last = _csv_after(number, last)
        yield written


def _csv_after(number: int, last: int) -> tuple[str, int | None]:
    """Some lines, and the number of the last note in them; None at the end."""
    job = db.session.get(Job, number)
    lot = board.notes(job, after=last, limit=NOTES_AT_ONCE) if job else []
    written = io.StringIO()
    writer = csv.writer(written)
    for note in lot:
        writer.writerow([note.row_id, note.line, note.outcome, export.harmless(note.reason)])
    return written.getvalue(), lot[-1].id if lot else None
