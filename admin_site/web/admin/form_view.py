"""The form of a row: opened, sent, shown again with what is wrong, and kept while it is typed."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_admin.helpers import get_form_data
from werkzeug.wrappers import Response

from admin_site.accounts import permissions
from admin_site.core.errors import AppError, Busy, Conflict, Denied, Invalid, Stale
from admin_site.core.section import Section
from admin_site.core.transactions import atomic
from admin_site.records import changes, drafts, reads, relations
from admin_site.web import numbers
from admin_site.web.admin import forms, history_page, picker, saving
from admin_site.web.admin.messages import last_deed, say
from admin_site.web.identity import actor

Answer = str | Response | tuple[str, int]


class FormRoutes:
    """Routes about the form of one row. Mixed into the view of a section."""

    section: Section
    render: Any
    create_form: Any
    edit_form: Any
    create_model: Any
    _item: Any
    _back: Any
    _list_url: Any

    @expose("/new", methods=("GET", "POST"))
    def create_view(self) -> Answer:
        """The form for a new row, empty or like another one."""
        like = self._item(numbers.row(request.args["copy_of"]) or 0) if "copy_of" in request.args else None
        form = self.create_form(like)
        if request.method != "POST" or "_find" in request.form:
            offered = drafts.of_new(actor().id, self.section) if request.method == "GET" else ()
            return self._form(form, None, draft=self._draft(None), offered=offered, like=like)
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

    def _create(self, form: Any) -> Answer:
        try:
            number = self.create_model(form)
        except (Invalid, Conflict, Busy) as error:
            return self._form(form, None, error), error.status
        say(self.section, _title_of(self.section, number), "was added", undo=last_deed(self.section, number, "create"))
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
            say(self.section, title, both, undo=change.change_set_id)
        elif change.edited:
            say(self.section, title, "was changed", undo=change.change_set_id)
        else:
            flash("No fields changed.", "ok")
        return redirect(self._after_save(id))

    def _form(
        self,
        form: Any,
        item: reads.Item | None,
        error: AppError | None = None,
        conflict: Stale | None = None,
        restored: int = 0, draft: drafts.Kept | None = None, *, offered: Sequence[drafts.Kept] = (),
        is_taken: bool = False, like: reads.Item | None = None,
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
            like=like,
            new_draft=self._number_of(draft) if item is None else None,
            theirs=self._theirs(item, conflict) if item and conflict else [],
            choices={
                name: forms.choices(self.section, actor(), self.section.field(name), item)
                for name in settable if self.section.field(name).choices
            },
            pickers=picker.pickers(actor(), self.section, form, settable, item), back=self._back(),
        )  # fmt: skip

    def _theirs(self, item: reads.Item, conflict: Stale) -> list[tuple[Any, str, str]]:
        """Each field that two people changed: the field, your words, the words that stand."""
        now = history_page.present(item)
        return [
            (field, history_page.words(field, changes.recorded(field, conflict.yours[name])),
             history_page.words(field, now.get(name)))
            for name, field in self.section.all_fields.items()
            if name in conflict.yours and name not in conflict.mergeable
        ]  # fmt: skip

    def _after_save(self, id: int) -> str:
        match request.form.get("_next"):
            case "edit" if permissions.allows(actor(), "update", self.section, self._item(id).row):
                return url_for(".edit_view", id=id, back=self._back())
            case "new" if permissions.allows(actor(), "create", self.section):
                return url_for(".create_view", back=self._back())
        return self._list_url()

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


def _title_of(section: Section, id: int) -> str:
    title = relations.titles(section.model, [id]).get(id)
    return title.text if title else f"number {id}"
