"""Changing many rows: choose fields, look at what would happen, do it. Nothing is written before the last step."""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import redirect, request
from flask_admin import expose
from flask_admin.helpers import get_form_data
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin_site.core.errors import AppError, Conflict, Invalid
from admin_site.core.section import Kind, Section
from admin_site.core.transactions import atomic
from admin_site.jobs import board, bulk
from admin_site.jobs.bulk import Bulk
from admin_site.records import edits, filters, selection, values, writes
from admin_site.records.edits import Edit, Operation
from admin_site.records.selection import Selection
from admin_site.web import numbers
from admin_site.web.addresses import url_for
from admin_site.web.admin import deltas, forms, frozen, list_page, picker
from admin_site.web.identity import actor

OPERATION = "op."


class BulkRoutes:
    """Routes about many rows at once. Mixed into the view of a section."""

    section: Section
    render: Any
    query_of: Any
    _edit_form_class: Any

    @expose("/bulk", methods=("GET", "POST"))
    def bulk_view(self) -> Any:
        """The steps, by ``step``: fields, preview, run. A GET begins with ticked rows, or with a whole list."""
        action = request.values.get("deed", bulk.EDIT)[:20]
        try:
            chosen = self._selection()
        except Invalid as error:
            return self._nothing(error), error.status
        step = request.form.get("step", "fields")
        if action not in {choice.action for choice in bulk.choices(actor(), self.section, trashed=chosen.trashed)}:
            return self._choose(chosen)
        if request.method == "GET" and action == bulk.EDIT:
            return self._fields(chosen, {})
        planned = Bulk(chosen, action, self._sent() if action == bulk.EDIT else {})
        if action == bulk.EDIT and (step == "fields" or "_find" in request.form):
            return self._fields(chosen, {})
        try:
            return self._run(planned) if step == "run" else self._preview(planned)
        except (Invalid, Conflict) as error:
            return self._fields(chosen, error.fields, error.message), error.status

    def _selection(self) -> Selection:
        if raw := request.form.get("selection"):
            return frozen.read(actor(), self.section, raw)
        trashed = request.args.get("trashed") == "1"
        if request.args.get("all") == "1":
            query = self.query_of(MultiDict(parse_qsl(request.args.get("back", "")[:4000])))
            return selection.of_list(actor(), query.in_trash() if trashed else query)
        ids = [number for raw in request.args.getlist("ids") if (number := numbers.row(raw)) is not None]
        return selection.of_rows(actor(), self.section, ids, trashed=trashed)

    def _sent(self) -> dict[str, tuple[str, Any]]:
        """The fields that somebody chose to change, with what they typed."""
        form = self._typed()
        return {
            field.name: (request.form[OPERATION + field.name][:10], form[field.name].sent)
            for field in edits.offered(actor(), self.section)
            if request.form.get(OPERATION + field.name)
        }

    def _typed(self) -> Any:
        empty = {name: [] if self.section.field(name).kind is Kind.RELATIONS else "" for name in self.section.form}
        return self._edit_form_class(get_form_data(), data=empty)

    def _shared(self, chosen: Selection, action: str) -> dict[str, Any]:
        return {
            "section": self.section, "selection": chosen, "token": frozen.token(actor(), chosen), "action": action,
            "label": bulk.label(self.section, action), "back": request.values.get("back", "")[:4000],
            "list_url": self._came_from(chosen),
        }  # fmt: skip

    def _came_from(self, chosen: Selection) -> str:
        back = MultiDict(parse_qsl(request.values.get("back", "")[:4000]))
        return url_for(".trash_view") if chosen.trashed else list_page.list_url(self.query_of(back))

    def _nothing(self, error: AppError) -> str:
        back = MultiDict(parse_qsl(request.values.get("back", "")[:4000]))
        return self.render(
            "admin/bulk_nothing.html", section=self.section, message=error.message,
            list_url=list_page.list_url(self.query_of(back)),
        )  # fmt: skip

    def _choose(self, chosen: Selection) -> str:
        choices = bulk.choices(actor(), self.section, trashed=chosen.trashed)
        return self.render("admin/bulk_choose.html", choices=choices, **self._shared(chosen, bulk.EDIT))

    def _fields(self, chosen: Selection, errors: dict[str, list[str]], message: str = "") -> str:
        form = self._typed()
        offered = edits.offered(actor(), self.section)
        names = [field.name for field in offered]
        return self.render(
            "admin/bulk_fields.html", form=form, errors=errors, message=message,
            fields=[(item, edits.operations(item), request.form.get(OPERATION + item.name, "")) for item in offered],
            choices={
                field.name: forms.choices(self.section, actor(), field, None) for field in offered if field.choices
            },
            pickers=picker.pickers(actor(), self.section, form, names, None), **self._shared(chosen, bulk.EDIT),
        )  # fmt: skip

    def _preview(self, planned: Bulk) -> str:
        found = bulk.preview(actor(), planned)
        names = [name for name in self.section.all_fields if any(name in sample.changes for sample in found.samples)]
        if planned.action in bulk.WHOLE:
            names = []
        return self.render(
            "admin/bulk_preview.html", preview=found, key=secrets.token_urlsafe(12), sent=planned.sent,
            said=deltas.said(actor(), planned), names=names, deltas=deltas, groups=self._groups(planned, found),
            is_at_once=planned.selection.count <= board.AT_ONCE_MOST, **self._shared(planned.selection, planned.action),
        )  # fmt: skip

    def _groups(self, planned: Bulk, found: bulk.Preview) -> dict[str, str]:
        """Group to the list of its rows: by their numbers where they are few, else by what they hold."""
        address = ".trash_view" if planned.selection.trashed else ".index_view"
        ids = {"changing": found.changing_ids, "same": found.same_ids, **found.left_out_ids}
        told = {
            group: url_for(address, id__in=",".join(map(str, numbers)))
            for group, numbers in ids.items()
            if 0 < len(numbers) <= filters.IN_MOST and group != writes.GONE
        }
        if planned.selection.trashed:
            return told
        return self._groups_by_value(planned, is_all=not found.left_out) | told

    def _groups_by_value(self, planned: Bulk, *, is_all: bool) -> dict[str, str]:
        """Of a whole list, what the rows hold; who may not change all of it sees no link to what would change."""
        planned_edits = planned.edits(actor()) if planned.selection.is_all else None
        told = [_held(edit) for edit in planned_edits.items] if planned_edits else []
        held = [pair for pair in told if pair]
        if not held or len(held) < len(told):
            return {}
        base = [*planned.selection.args, ("id__lte", str(planned.selection.highest))]
        groups = {"same": _list_url([*base, *(has for has, _lacks in held)])}
        if is_all and len(held) == 1:  # of several fields, one that differs is enough
            groups["changing"] = _list_url([*base, held[0][1]])
        return groups

    def _run(self, planned: Bulk) -> Response:
        key, reason = request.form.get("key", "")[:40], request.form.get("reason", "")
        with atomic():
            job_id = bulk.begin(actor(), planned, source="bulk", reason=reason, key=key)
        board.start(job_id)
        return redirect(url_for("jobs.job", id=job_id), 303)


# Longer values make no address.
VALUE_MOST = 200


def _held(edit: Edit) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """The filters of rows that have what they would get, and of those that lack it; None where none say so."""
    field, value = edit.field, edit.value
    if edit.operation is Operation.CLEAR or value is None:
        return ((f"{field.name}__isnull", "1"), (f"{field.name}__isnull", "0"))
    if field.kind is Kind.RELATIONS:
        if edit.operation is Operation.SET or len(value) != 1:
            return None
        pair = (field.name, str(value[0])), (f"{field.name}__ne", str(value[0]))
        return pair if edit.operation is Operation.ADD else pair[::-1]
    raw = str(values.to_json(value))
    if len(raw) > VALUE_MOST or field.is_long or field.name == "is_pinned":
        return None
    return (field.name, raw), (f"{field.name}__ne", raw)


def _list_url(pairs: Sequence[tuple[str, str]]) -> str:
    """A list with all these filters; several of one name all hold."""
    args: dict[str, list[str]] = {}
    for name, value in pairs:
        args.setdefault(name, []).append(value)
    return url_for(".index_view", **args)
