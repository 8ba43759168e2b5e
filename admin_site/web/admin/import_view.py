"""Importing a file: hand it in, say which column is which field, look at what would happen, write it."""

import csv
import io
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response, flash, redirect, request, stream_with_context, url_for
from flask_admin import expose
from sqlalchemy import delete, insert, select

from admin_site.accounts import permissions
from admin_site.core import text
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound
from admin_site.core.section import Field, Section
from admin_site.core.transactions import atomic
from admin_site.imports import limits, mapping, reading, uploads, work
from admin_site.imports.mapping import Settings
from admin_site.imports.models import ImportMapping, Upload
from admin_site.imports.reading import Format
from admin_site.jobs import board
from admin_site.jobs.models import UNFINISHED, Job, JobNote, State
from admin_site.records import export
from admin_site.records.values import ID_MOST
from admin_site.web.admin import deltas, history_page, receipts
from admin_site.web.identity import actor

NOTES_SHOWN = 100
NEW_FIELDS = 6
COLUMN = "column."
# The column of refused rows that says why; a file that has it already gets it anew.
ERROR = "error"
MAPPINGS_MOST = 20

CHOOSE = "Some rows are refused. Take only the good rows, or mend the file and hand it in again."


class ImportRoutes:
    """Routes about files that come in. Mixed into the view of a section."""

    section: Section
    render: Any

    @expose("/import", methods=("GET", "POST"))
    def import_view(self) -> Any:
        """Step 1: the file."""
        if not permissions.allows(actor(), "create", self.section):
            raise Denied(needs=f"{self.section.name}.create")
        error = ""
        if request.method == "POST":
            file = request.files.get("file")
            try:
                if file is None or not file.filename:
                    raise Invalid("Choose a file first.")
                with atomic():
                    number = uploads.keep(actor(), self.section, file.filename, file.read(), Format())
                return redirect(url_for(".import_map_view", upload_id=number), 303)
            except Invalid as wrong:
                error = wrong.message
        page = self.render(
            "admin/import_file.html", section=self.section, error=error, limits=limits, most=receipts.import_most(),
            columns=[target for target in mapping.targets(actor(), self.section).values() if target.name != "id"],
        )  # fmt: skip
        return (page, 400) if error else page

    @expose("/import/template.csv")
    def import_template_view(self) -> Response:
        """An empty file with the columns that are read."""
        offered = mapping.targets(actor(), self.section).values()
        names = dict.fromkeys(export.title_column(target.field) for target in offered if target.name != "id")
        response = Response(",".join(names) + "\r\n", mimetype="text/csv")
        response.headers["Content-Disposition"] = f'attachment; filename="{self.section.name}.csv"'
        return response

    @expose("/import/<int:upload_id>", methods=("GET", "POST"))
    def import_map_view(self, upload_id: int) -> Any:
        """Step 2: which column is which field, and what is done with rows that are there already."""
        upload = uploads.find(actor(), self.section, upload_id)
        if request.method == "POST" and "read" in request.form:
            return self._read_again(upload)
        if request.method == "POST":
            settings = _settings(upload)
            try:
                return self._try(upload, settings)
            except (Invalid, Conflict) as error:
                return self._mapping(upload, settings, error.message), error.status
        return self._mapping(upload, self._proposed(upload))

    def _read_again(self, upload: Upload) -> Any:
        encoding, delimiter = request.form.get("encoding", ""), request.form.get("delimiter", "")
        wanted = Format(
            kind=upload.kind, encoding=encoding if encoding in (*reading.ENCODINGS, upload.encoding) else "",
            delimiter=delimiter if delimiter in reading.DELIMITERS else "", sheet=request.form.get("sheet", "")[:200],
        )  # fmt: skip
        try:
            with atomic():
                uploads.read_again(uploads.find(actor(), self.section, upload.id), wanted)
        except Invalid as error:
            flash(error.message, "bad")
        return redirect(url_for(".import_map_view", upload_id=upload.id), 303)

    def _proposed(self, upload: Upload) -> Settings:
        """The saved mapping that was asked for, else a guess by the names of the columns."""
        names = [column["name"] for column in upload.columns]
        guessed = mapping.guess(actor(), self.section, names)
        wanted = request.args.get("mapping", "")
        saved = next((one for one in self._saved() if one.name == wanted), None)
        if saved is None:
            return Settings(columns=guessed)
        kept = Settings.from_json(saved.settings)
        return Settings.from_json(
            kept.to_json() | {"columns": {name: kept.columns.get(name, guessed[name]) for name in names}}
        )

    def _saved(self) -> list[ImportMapping]:
        query = select(ImportMapping).where(
            ImportMapping.user_id == actor().id, ImportMapping.section == self.section.name
        )
        return list(db.session.execute(query.order_by(ImportMapping.name)).scalars())

    def _mapping(self, upload: Upload, settings: Settings, error: str = "") -> str:
        return self.render(
            "admin/import_map.html", section=self.section, upload=upload, settings=settings, error=error,
            targets=mapping.targets(actor(), self.section), keys=mapping.keys(self.section), modes=mapping.MODES,
            related=mapping.RELATED, samples=uploads.samples(upload.id), saved=[one.name for one in self._saved()],
            delimiters={",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}, encodings=reading.ENCODINGS,
            name=request.form.get("save_as", "")[:60],
        )  # fmt: skip

    def _try(self, upload: Upload, settings: Settings) -> Any:
        with atomic():
            job_id = work.begin(actor(), self.section, upload, settings, trial=True, source="import")
            if name := text.storable(request.form.get("save_as", "")).strip()[:60]:
                self._save_mapping(name, settings)
        target = url_for(".import_trial_view", upload_id=upload.id, job=job_id)
        board.start(job_id)
        return redirect(target, 303)

    def _save_mapping(self, name: str, settings: Settings) -> None:
        saved = [one.name for one in self._saved()]
        if len(saved) >= MAPPINGS_MOST and name not in saved:
            raise Conflict(f"You have {MAPPINGS_MOST} saved mappings here already; use one of their names.")
        mine = (ImportMapping.user_id == actor().id, ImportMapping.section == self.section.name)
        statement = delete(ImportMapping).where(*mine, ImportMapping.name == name)
        db.session.execute(statement.execution_options(synchronize_session=False))
        values = {"user_id": actor().id, "section": self.section.name, "name": name, "settings": settings.to_json()}
        db.session.execute(insert(ImportMapping).values(values))

    @expose("/import/<int:upload_id>/trial/<int:job>", methods=("GET", "POST"))
    def import_trial_view(self, upload_id: int, job: int) -> Any:
        """Step 3: what would happen; then it is written."""
        upload = uploads.find(actor(), self.section, upload_id)
        trial = self._trial(upload, job)
        if request.method == "POST":
            if trial.state != State.DONE:
                raise Conflict("The trial has not ended well; there is nothing to import.")
            if trial.failed and "good_rows" not in request.form:
                return self._trial_page(upload, trial, error=CHOOSE), 400
            settings = Settings.from_json(trial.params["settings"] | {"good_rows": "good_rows" in request.form})
            with atomic():
                number = work.begin(
                    actor(), self.section, upload, settings, trial=False, source="import",
                    reason=request.form.get("reason", ""), key=request.form.get("key", "")[:40],
                )  # fmt: skip
            board.start(number)
            return redirect(url_for("jobs.job", id=number), 303)
        return self._trial_page(upload, trial)

    def _trial_page(self, upload: Upload, trial: Job, error: str = "") -> str:
        notes = {outcome: board.notes(trial, outcomes=(outcome,), limit=NOTES_SHOWN) for outcome in receipts.OUTCOMES}
        return self.render(
            "admin/import_trial.html", section=self.section, upload=upload, job=trial, notes=notes,
            is_open=trial.state in UNFINISHED, progress=receipts.progress(trial), key=secrets.token_urlsafe(12),
            deltas=deltas, reasons=board.reasons(trial, ("failed", "skipped")),
            titles=receipts.titles(self.section, notes), new_fields=_fields_of(self.section, notes[work.NEW]),
            words=history_page.words, error=error, reason=request.form.get("reason", ""),
        )  # fmt: skip

    def _trial(self, upload: Upload, number: int) -> Job:
        job = board.find(actor(), number) if number <= ID_MOST else None
        if job is None or job.kind != "trial" or job.params.get("upload") != upload.id:
            raise NotFound
        return job

    @expose("/import/failed/<int:job>.csv")
    def import_failed_view(self, job: int) -> Response:
        """The rows that were refused, as they stood, with a column that says why: to mend and hand in again."""
        found = board.find(actor(), job)
        if found.kind not in ("trial", "import") or found.section != self.section.name:
            raise NotFound
        upload = uploads.find(actor(), self.section, found.params["upload"])
        response = Response(stream_with_context(_failed(found, upload)), mimetype="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{self.section.name}-refused.csv"'
        return response


def _fields_of(section: Section, notes: Sequence[JobNote]) -> list[Field]:
    """The fields that are shown of new rows: those that some of them fill, the first few."""
    filled = {name for note in notes for name in (note.detail or {}).get("changes", ())}
    return [field for name, field in section.all_fields.items() if name in filled][:NEW_FIELDS]


def _settings(upload: Upload) -> Settings:
    columns = {
        column["name"]: request.form.get(f"{COLUMN}{place}", "")[:80] for place, column in enumerate(upload.columns)
    }
    return Settings(
        columns=columns, key=request.form.get("key", "")[:80], mode=request.form.get("mode", "add")[:10],
        related=request.form.get("related", "refuse")[:10],
    )  # fmt: skip


def _failed(job: Job, upload: Upload) -> Iterator[str]:
    reasons = {note.line: note.reason for note in board.notes(job, outcomes=("failed",), limit=limits.ROWS_MOST)}
    names = [column["name"] for column in upload.columns]
    kept = [place for place, name in enumerate(names) if name != ERROR]
    yield _line([*(export.harmless(names[place]) for place in kept), ERROR])
    for rows in uploads.lots(upload.id):
        for row in rows:
            if row.line in reasons:
                cells = [row.cells[place] if place < len(row.cells) else "" for place in kept]
                beyond = row.cells[len(names) :]  # of a ragged line; without a column, so behind everything
                said = [export.harmless(cell or "") for cell in (*cells, *beyond)]
                yield _line([*said[: len(kept)], reasons[row.line], *said[len(kept) :]])


def _line(cells: list[Any]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
