"""A section's pages: list, detail, create, edit, delete, history, trash. Derived from the declaration."""

from datetime import UTC, date, datetime, time
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask import flash, jsonify, redirect, request, url_for
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin_site.accounts import permissions
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Invalid, NotFound
from admin_site.core.section import Change, Section
from admin_site.core.transactions import atomic, atomically
from admin_site.history import log
from admin_site.jobs import bulk
from admin_site.records import filters, pinning, reads, relations, trash, writes
from admin_site.web import numbers
from admin_site.web.admin import forms, history_page, leads, list_page, picker, saving
from admin_site.web.admin.bulk_view import BulkRoutes
from admin_site.web.admin.form_view import Answer, FormRoutes
from admin_site.web.admin.guard import GuardedView
from admin_site.web.admin.import_view import ImportRoutes
from admin_site.web.admin.list_view import ListRoutes
from admin_site.web.admin.messages import last_deed, say
from admin_site.web.identity import actor


class SectionView(ListRoutes, FormRoutes, BulkRoutes, ImportRoutes, GuardedView, ModelView):
    """Flask-Admin's model view with every route, read and write of its own replaced by a guarded one."""

    actions: ClassVar[dict[str, str]] = {
        "index_view": "read",
        "filters_view": "read",
        "options_view": "read",
        "counts_view": "read",
        "curl_view": "read",
        "list_as_of_view": "read",
        "views_view": "read",
        "view_counts_view": "read",
        "view_view": "read",
        "export_view": "export",
        "export_xlsx_view": "export",
        "cell_view": "update",
        "bulk_view": "bulk_edit",
        "import_view": "import",
        "import_template_view": "import",
        "import_map_view": "import",
        "import_trial_view": "import",
        "import_failed_view": "import",
        "pin_own_view": "read",
        "details_view": "read",
        "history_view": "read",
        "as_of_view": "read",
        "create_view": "create",
        "draft_view": "read",
        "edit_view": "update",
        "delete_view": "delete",
        "pin_view": "pin",
        "move_view": "update",
        "trash_view": "restore",
        "trashed_view": "restore",
        "restore_view": "restore",
        "lookup_view": "read",
    }

    def __init__(self, section: Section) -> None:
        self.section = section
        super().__init__(
            section.model, db, name=section.label, category=section.group, endpoint=section.name, url=section.name,
            menu_icon_type="bi", menu_icon_value=section.icon,
        )  # fmt: skip

    # Who may come in

    def check_action(self, action: str) -> None:
        """A section that may not be read does not exist."""
        if not permissions.allows(actor(), "read", self.section):
            raise NotFound
        permissions.require(actor(), action, self.section)

    def is_accessible(self) -> bool:
        """The menu shows what may be read."""
        return permissions.allows(actor(), "read", self.section)

    # Pages

    @expose("/<int:id>")
    def details_view(self, id: int) -> str:
        """One row."""
        return self._detail(self._item(id))

    @expose("/trash/<int:id>")
    def trashed_view(self, id: int) -> Answer:
        """One row of the trash; the row itself, where somebody has restored it since."""
        try:
            item = reads.item(actor(), self.section, id, trashed=True)
        except NotFound:
            return redirect(url_for(".details_view", id=self._item(id).id))
        return self._detail(item, mover=trash.movers(self.section, [id]).get(id), is_trashed=True)

    @expose("/<int:id>/history")
    def history_view(self, id: int) -> str:
        """What happened to one row, also in the trash for those who may restore it."""
        item = self._kept(id)
        before = numbers.small(request.args.get("before", ""))
        narrowed = history_page.Filter.from_args(self.section, request.args)
        events = history_page.events(self.section, id, narrowed, before=before)
        wanted = numbers.small(request.args.get("entry", ""))
        chosen = next((event for event in events if event.entry.id == wanted), events[0] if events else None)
        against = "current" if request.args.get("against") == "current" else "previous"
        lines = chosen.lines if chosen else []
        if chosen and against == "current":
            lines = history_page.compared(item, chosen.entry.version)
        return self.render(
            "admin/history.html", section=self.section, item=item, events=events, chosen=chosen, against=against,
            lines=lines, before=before, count=log.count_of_row(self.section.name, id), narrowed=narrowed,
            people=history_page.people(self.section, id),
        )  # fmt: skip

    @expose("/<int:id>/as-of")
    def as_of_view(self, id: int) -> str:
        """One row as it was at the end of a day."""
        item = self._kept(id)
        day = _day(request.args.get("at", ""))
        past = log.past(self.section.name, id, datetime.combine(day, time.max, UTC))
        now = history_page.present(item)
        values = now | {name: value for name, value in past.values.items() if name in now}
        shown = [
            (field.label, history_page.words(field, values[name]), values[name] != now[name])
            for name, field in self.section.all_fields.items()
            if name in values and not field.fixed
        ]
        return self.render("admin/as_of.html", section=self.section, item=item, past=past, shown=shown, day=day)

    @expose("/<int:id>/delete", methods=("GET", "POST"))
    def delete_view(self, id: int) -> Answer:
        """Asks, naming what goes along; then moves the row to the trash."""
        item = self._item(id)
        permissions.require(actor(), "delete", self.section, item.row)
        if request.method == "POST":
            return self._delete(item)
        along = trash.dependents(self.section, id)
        return self.render("admin/delete.html", section=self.section, item=item, along=along, back=self._back())

    @expose("/<int:id>/restore", methods=("GET", "POST"))
    def restore_view(self, id: int) -> Answer:
        """Brings a row back from the trash, and asks for other values where its own are taken."""
        item = reads.item(actor(), self.section, id, trashed=True)
        if request.method != "POST":
            return self._restore_form(item, {})
        try:
            along = atomically(lambda: trash.restore(actor(), self.section, id, request.form.to_dict()))
        except (Invalid, Conflict) as error:
            return self._restore_form(item, error.fields, error.message), error.status
        say(self.section, item.title, "was restored", along, undo=last_deed(self.section, id, "restore"))
        return redirect(url_for(".details_view", id=id))

    @expose("/<int:id>/pin", methods=("POST",))
    def pin_view(self, id: int) -> Response:
        """Pins a row for everyone, or takes the pin away."""
        if not self.section.pins:
            raise NotFound
        item = self._item(id)
        wanted = request.form.get("is_pinned") == "1"
        with atomic():
            writes.update(actor(), self.section, id, {"is_pinned": wanted})
        deed = "was pinned" if wanted else "is no longer pinned"
        say(self.section, item.title, deed, undo=last_deed(self.section, id))
        return redirect(self._list_url())

    @expose("/<int:id>/move", methods=("POST",))
    def move_view(self, id: int) -> Response:
        """Takes a row one step on its way: publishes, approves or rejects it."""
        workflow = self.section.workflow
        value = workflow.moves.get(request.form.get("step", "")) if workflow else None
        if workflow is None or value is None:
            raise NotFound
        item = self._item(id)
        with atomic():
            changed = writes.update(actor(), self.section, id, {workflow.field: value})
        label = self.section.field(workflow.field).choice_labels[value]
        if changed:
            say(self.section, item.title, f"is now “{label}”", undo=last_deed(self.section, id))
        else:
            say(self.section, item.title, f"was “{label}” already")
        return redirect(url_for(".details_view", id=id) if "stay" in request.form else self._list_url())

    @expose("/<int:id>/pin-own", methods=("POST",))
    def pin_own_view(self, id: int) -> Response:
        """Pins a row for oneself, or takes the pin away."""
        item = self._item(id)
        wanted = request.form.get("is_pinned") == "1"
        with atomic():
            pinning.pin_own(actor(), self.section, id, on=wanted)
        say(self.section, item.title, "is pinned for you" if wanted else "is no longer pinned for you")
        return redirect(self._list_url())

    @expose("/lookup/<field_name>")
    def lookup_view(self, field_name: str) -> Response:
        """Candidates for a relation field, as JSON, for those who may set it."""
        if field_name not in self.section.form or not self.section.field(field_name).is_relation:
            raise NotFound
        field = self.section.field(field_name)
        picker.require(actor(), self.section, field)
        found = relations.candidates(actor(), field, request.args.get("q", ""))
        return jsonify(items=[{"id": str(title.id), "title": title.text} for title in found])

    # What the library would expose beside these

    def action_view(self) -> Any:
        """Not a route: bulk actions are jobs."""
        raise NotFound

    def export(self, export_type: str) -> Any:
        """Not a route: it would read everything into memory, unchecked."""
        raise NotFound

    def ajax_lookup(self) -> Any:
        """Not a route: see ``lookup_view``."""
        raise NotFound

    def ajax_update(self) -> Any:
        """Not a route: it would write past the permissions."""
        raise NotFound

    # Reads and writes of the library, led through ours

    def get_query(self) -> Any:
        """Only rows that the person may see."""
        return db.session.query(self.model).filter(filters.visible(actor(), self.section))

    def get_count_query(self) -> Any:
        """The same rows."""
        return self.get_query().with_entities(db.func.count())

    def get_one(self, id: Any) -> reads.Item:
        """A row that the person may see."""
        return self._item(int(id))

    def create_model(self, form: Any) -> int:
        """Through the one write path."""
        return saving.create(actor(), self.section, forms.sent(form), request.form.get("_key", "")[:40],
                             draft=self._new_draft())  # fmt: skip

    def update_model(self, form: Any, model: reads.Item) -> tuple[Change, list[str]]:
        """Through the one write path: the change, and the fields of others that were kept."""
        return saving.update(actor(), self.section, model.id, forms.sent(form), saving.version(request.form))

    def delete_model(self, model: reads.Item) -> int:
        """Through the one write path."""
        version = numbers.small(request.form.get("version", ""))
        return trash.trash(actor(), self.section, model.id, version=version or 0)

    def create_form(self, obj: Any = None) -> Any:
        """What was posted, or kept, over the defaults and what the address proposes, or over a row to be like."""
        if obj is None:
            initial = forms.initial(self.section, None, request.args, actor())
        else:
            initial = forms.copied(self.section, obj, actor())
        return self._create_form_class(self._posted(None), data=initial)

    def edit_form(self, obj: Any = None) -> Any:
        """What was posted, or kept, over the row."""
        initial = forms.initial(self.section, obj, request.args, actor())
        return self._edit_form_class(self._posted(obj.id), data=initial)

    # Scaffolding from the declaration instead of from the model

    def scaffold_form(self) -> Any:
        """Every control of the declaration; which of them are asked is decided per request."""
        return forms.form_class(self.section)

    def scaffold_list_columns(self) -> list[str]:
        """The declared columns."""
        return list(self.section.columns)

    def get_column_names(self, only_columns: Any, excluded_columns: Any) -> list[tuple[str, str]]:
        """Never by exclusion."""
        return [(name, self.section.field(name).label) for name in self.section.columns]

    def get_sortable_columns(self) -> dict[str, str]:
        """Sorting is ``ListQuery``'s."""
        return {}

    def scaffold_auto_joins(self) -> list[Any]:
        """Relations are read by ``reads``."""
        return []

    def init_search(self) -> bool:
        """Searching is ``ListQuery``'s."""
        return False

    # Helpers in the order of their use

    def _item(self, id: int) -> reads.Item:
        return reads.item(actor(), self.section, id)

    def _detail(self, item: reads.Item, *, mover: relations.Title | None = None, is_trashed: bool = False) -> str:
        return self.render(
            "admin/detail.html", section=self.section, item=item, back=self._back(), mover=mover,
            is_trashed=is_trashed, steps=bulk.moves(self.section),
            pointing=[] if is_trashed else leads.to(actor(), self.section, item.row.id),
        )  # fmt: skip

    def _kept(self, id: int) -> reads.Item:
        try:
            return self._item(id)
        except NotFound:
            if not permissions.allows(actor(), "restore", self.section):
                raise
            return reads.item(actor(), self.section, id, trashed=True)

    def _delete(self, item: reads.Item) -> Answer:
        try:
            along = atomically(lambda: self.delete_model(item))
        except Conflict as error:
            flash(error.message, "bad")
            return redirect(url_for(".delete_view", id=item.id))
        say(self.section, item.title, "was moved to the trash", along, undo=last_deed(self.section, item.id, "delete"))
        return redirect(self._list_url())

    def _restore_form(self, item: reads.Item, errors: dict[str, list[str]], message: str = "") -> str:
        return self.render(
            "admin/restore.html", section=self.section, item=item, errors=errors, message=message, typed=request.form
        )

    def _back(self) -> str:
        """The list that one came from: the query string of this section's own list, nothing else."""
        return request.values.get("back", "")[:2000]

    def _list_url(self) -> str:
        """The list as it was left. Only its query string comes from the request, so it cannot lead elsewhere."""
        return list_page.list_url(self.query_of(MultiDict(parse_qsl(self._back()))))


def _day(raw: str) -> date:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise Invalid("As of needs a date like 2026-11-20.") from None
