"""A section's pages: list, detail, create, edit, delete, history, trash. Derived from the declaration."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from flask import flash, jsonify, redirect, request, url_for
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.helpers import get_form_data
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin_site.accounts import permissions
from admin_site.core import text
from admin_site.core.database import atomic, db
from admin_site.core.errors import AppError, Busy, Conflict, Denied, Invalid, NotFound, Stale
from admin_site.core.section import Change, Section
from admin_site.history import log
from admin_site.jobs import undoable
from admin_site.records import changes, drafts, filters, pinning, reads, relations, trash, writes
from admin_site.web import numbers
from admin_site.web.admin import forms, history_page, list_page, picker, saving
from admin_site.web.admin.bulk_view import BulkRoutes
from admin_site.web.admin.guard import GuardedView
from admin_site.web.admin.import_view import ImportRoutes
from admin_site.web.admin.list_view import ListRoutes
from admin_site.web.identity import actor

Answer = str | Response | tuple[str, int]


class SectionView(ListRoutes, BulkRoutes, ImportRoutes, GuardedView, ModelView):
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

    @expose("/new", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """The form for a new row."""
        form = self.create_form()
        if request.method != "POST" or "_find" in request.form:
            offered = drafts.of_new(actor().id, self.section) if request.method == "GET" else ()
            return self._form(form, None, draft=self._draft(None), offered=offered)
        return self._create(form)

    @expose("/<int:id>/edit", methods=("GET", "POST"))
    def edit_view(self, id: int) -> Answer:
        """The form for a row, and what comes back of it."""
        if request.method == "POST" and not {"_find", "_take"} & request.form.keys():
            return self._change(id)
        item = self._item(id)
        permissions.require(actor(), "update", self.section, item.row)
        form = self.edit_form(item)
        if request.method == "GET" and (version := numbers.small(request.args.get("as", ""))):
            forms.show_version(form, item, version, request.args.getlist("field"))
            return self._form(form, item, restored=version)
        if request.method == "POST" and (name := request.form.get("_take", "")) in self.section.form:
            forms.keep_only(form, self.section, item, [other for other in self.section.form if other != name])
            return self._form(form, item, is_taken=True)
        draft = self._draft(id)
        return self._form(form, item, draft=draft, offered=[draft] if draft else ())

    @expose("/new/draft", methods=("POST",))
    @expose("/<int:id>/draft", methods=("POST",))
    def draft_view(self, id: int | None = None) -> Answer:
        """Keeps what is typed into a form while it is typed, or forgets it."""
        row, number = (None, self._new_draft()) if id is None else (self._item(id).row, id)
        if not saving.may_keep(actor(), self.section, row):
            raise Denied(needs=f"{self.section.name}.{'update' if row else 'create'}")
        with atomic():
            if "_discard" in request.form:
                drafts.drop(actor().id, self.section, number)
            else:
                typed = request.form.to_dict(flat=False)
                drafts.keep(actor().id or 0, self.section, number, saving.version(request.form), typed)
        if "_discard" in request.form:
            flash("The draft was discarded.", "ok")
            return redirect(url_for(".edit_view", id=id) if id else url_for(".create_view"))
        return "", 204

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
            with atomic():
                along = trash.restore(actor(), self.section, id, request.form.to_dict())
        except (Invalid, Conflict) as error:
            return self._restore_form(item, error.fields, error.message), error.status
        _say(self.section, item.title, "was restored", along, undo=self._last_deed(id, "restore"))
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
        _say(self.section, item.title, "was pinned" if wanted else "is no longer pinned", undo=self._last_deed(id))
        return redirect(self._list_url())

    @expose("/<int:id>/pin-own", methods=("POST",))
    def pin_own_view(self, id: int) -> Response:
        """Pins a row for oneself, or takes the pin away."""
        item = self._item(id)
        wanted = request.form.get("is_pinned") == "1"
        with atomic():
            pinning.pin_own(actor(), self.section, id, on=wanted)
        _say(self.section, item.title, "is pinned for you" if wanted else "is no longer pinned for you")
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
        """What was posted, or kept, over the defaults and what the address proposes."""
        initial = forms.initial(self.section, None, request.args, actor())
        return self._create_form_class(self._posted(None), data=initial)

    def edit_form(self, obj: Any = None) -> Any:
        """What was posted, or kept, over the row."""
        initial = forms.initial(self.section, obj, request.args, actor())
        return self._edit_form_class(self._posted(obj.id), data=initial)

    def _posted(self, id: int | None) -> Any:
        draft = self._draft(id) if request.method == "GET" and "draft" in request.args else None
        return saving.typed(draft, self.section) if draft else get_form_data()

    def _draft(self, id: int | None) -> drafts.Kept | None:
        """What was typed into the form of this row, or into the one of a new row that is named."""
        return drafts.find(actor().id, self.section, self._new_draft() if id is None else id)

    def _number_of(self, draft: drafts.Kept | None) -> int:
        """The number that this form of a new row goes by among drafts: that of the draft in it, or its own."""
        if draft is not None and request.method == "GET":
            return -draft.row_id
        return -self._new_draft() or saving.new_draft()

    def _new_draft(self) -> int:
        named = request.args if request.method == "GET" else request.form
        return saving.draft_of_new(named.get("_draft" if request.method == "POST" else "draft", ""))

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
            "admin/detail.html", section=self.section, item=item, back=self._back(), mover=mover, is_trashed=is_trashed
        )

    def _kept(self, id: int) -> reads.Item:
        try:
            return self._item(id)
        except NotFound:
            if not permissions.allows(actor(), "restore", self.section):
                raise
            return reads.item(actor(), self.section, id, trashed=True)

    def _form(
        self,
        form: Any,
        item: reads.Item | None,
        error: AppError | None = None,
        conflict: Stale | None = None,
        restored: int = 0, draft: drafts.Kept | None = None, *, offered: Sequence[drafts.Kept] = (),
        is_taken: bool = False,
    ) -> str:  # fmt: skip
        settable = forms.settable(self.section, actor(), item)
        is_drafted = draft is not None and request.method == "GET" and "draft" in request.args
        opened = item.row.version if item else 0
        if draft and is_drafted:
            opened = draft.version
        return self.render(
            "admin/form.html", section=self.section, item=item, form=form, settable=settable, restored=restored,
            errors=error.fields if error else {}, message=error.message if error else "", conflict=conflict,
            version=conflict.version if conflict else request.form.get("version", opened), key=saving.new_key(),
            draft=draft, is_drafted=is_drafted, offered=() if is_drafted else offered, is_taken=is_taken,
            new_draft=self._number_of(draft) if item is None else None,
            theirs=self._theirs(item, conflict) if item and conflict else [],
            choices={
                name: forms.choices(self.section, actor(), self.section.field(name), item)
                for name in settable if self.section.field(name).choices
            },
            pickers=picker.pickers(actor(), self.section, form, settable, item), back=self._back(),
        )  # fmt: skip

    def _create(self, form: Any) -> Answer:
        try:
            number = self.create_model(form)
        except (Invalid, Conflict, Busy) as error:
            return self._form(form, None, error), error.status
        _say(self.section, self._title_of(number), "was added", undo=self._last_deed(number, "create"))
        return redirect(self._after_save(number))

    def _change(self, id: int) -> Answer:
        """Save what was typed; the form is made only where it has to be shown again."""
        sent = forms.posted(self.section, get_form_data())
        try:
            change, kept = saving.update(actor(), self.section, id, sent, saving.version(request.form))
        except Stale as error:
            item = self._item(id)
            form = self.edit_form(item)
            forms.keep_only(form, self.section, item, error.yours)
            return self._form(form, item, conflict=error), 409
        except (Invalid, Conflict, Busy) as error:
            item = self._item(id)
            return self._form(self.edit_form(item), item, error), error.status
        title = self.section.title_of(SimpleNamespace(**change.after))
        if kept:
            named = ", ".join(kept)
            both = f"was changed. Somebody else had changed {named} meanwhile; both were kept"
            _say(self.section, title, both, undo=change.change_set_id)
        elif change.edited:
            _say(self.section, title, "was changed", undo=change.change_set_id)
        else:
            flash("No fields changed.", "ok")
        return redirect(self._after_save(id))

    def _theirs(self, item: reads.Item, conflict: Stale) -> list[tuple[Any, str, str]]:
        """Each field that two people changed: the field, your words, the words that stand."""
        now = history_page.present(item)
        return [
            (field, history_page.words(field, changes.recorded(field, conflict.yours[name])),
             history_page.words(field, now.get(name)))
            for name, field in self.section.all_fields.items()
            if name in conflict.yours and name not in conflict.mergeable
        ]  # fmt: skip

    def _title_of(self, id: int) -> str:
        title = relations.titles(self.section.model, [id]).get(id)
        return title.text if title else f"number {id}"

    def _last_deed(self, id: int, action: str = "update") -> int | None:
        """The change set of what was just done, where this person may take it back."""
        may = undoable.may_take_back(actor(), self.section, action)
        return log.last_deed(self.section.name, id, actor().id) if may else None

    def _after_save(self, id: int) -> str:
        match request.form.get("_next"):
            case "edit" if permissions.allows(actor(), "update", self.section, self._item(id).row):
                return url_for(".edit_view", id=id, back=self._back())
            case "new" if permissions.allows(actor(), "create", self.section):
                return url_for(".create_view", back=self._back())
        return self._list_url()

    def _delete(self, item: reads.Item) -> Answer:
        try:
            with atomic():
                along = self.delete_model(item)
        except Conflict as error:
            flash(error.message, "bad")
            return redirect(url_for(".delete_view", id=item.id))
        _say(self.section, item.title, "was moved to the trash", along, undo=self._last_deed(item.id, "delete"))
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


def _say(section: Section, title: str, deed: str, along: int = 0, *, undo: int | None = None) -> None:
    """What was done, with Undo where its change set is named."""
    more = (
        ""
        if not along
        else " with 1 row that belongs to it"
        if along == 1
        else f" with {along:,} rows that belong to it"
    )
    said = f"The {section.singular} “{text.clip(title, 60)}” {deed}{more}."
    message: Any = {"said": said, "undo": undo} if undo else said
    flash(message, "ok")
