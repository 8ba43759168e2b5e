"""Webhooks: who is told of changes, whether it arrives, and a button to try."""

from typing import Any, ClassVar

from flask import flash, redirect, request
from flask_admin import expose

from admin_site.accounts import permissions
from admin_site.core import registry
from admin_site.core.errors import Conflict, Invalid, NotFound
from admin_site.core.transactions import atomic
from admin_site.jobs import board, hooks
from admin_site.records.outbox import SENT, Webhook
from admin_site.web import numbers
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor

Answer = Any


class WebhooksView(GuardedView):
    """``/admin/webhooks/``"""

    actions: ClassVar[dict[str, str]] = {
        "index": "read", "new": "update", "webhook": "update", "test": "update", "again": "update", "remove": "update",
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__(
            name="Webhooks", endpoint="webhooks", url="webhooks", category="System", menu_icon_type="bi",
            menu_icon_value="broadcast",
        )  # fmt: skip
        self.static_folder = None

    def check_action(self, action: str) -> None:
        """Webhooks are settings of the site."""
        if not self.is_accessible():
            raise NotFound

    def is_accessible(self) -> bool:
        """The same."""
        return permissions.may(actor(), "settings")

    @expose("/")
    def index(self) -> str:
        """Every webhook, and whether its last message arrived."""
        found = hooks.listed(actor())
        return self.render(
            "admin/webhooks.html", webhooks=found, failing=hooks.failing(found), is_worked=board.is_worked()
        )

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Answer:
        """The form for a new one."""
        if request.method != "POST":
            return self._form(None, {})
        try:
            with atomic():
                number = hooks.create(actor(), _settings())
        except (Invalid, Conflict) as error:
            return self._form(None, error.fields or {"name": [error.message]}), error.status
        flash("The webhook was added. Send a test to see whether it arrives.", "ok")
        return redirect(self.get_url(".webhook", id=number))

    @expose("/<int:id>", methods=("GET", "POST"))
    def webhook(self, id: int) -> Answer:
        """One webhook: its settings, its secret, and the log of its messages."""
        found = hooks.find(actor(), id)
        if request.method != "POST":
            return self._form(found, {})
        try:
            with atomic():
                hooks.change(actor(), id, _settings(), new_secret="new_secret" in request.form)
        except Invalid as error:
            return self._form(hooks.find(actor(), id), error.fields), error.status
        flash("The webhook was changed.", "ok")
        return redirect(self.get_url(".webhook", id=id))

    @expose("/<int:id>/test", methods=("POST",))
    def test(self, id: int) -> Answer:
        """Sends a message that means nothing, and says how it went."""
        sent = hooks.ping(actor(), id)
        if sent.state == SENT:
            flash(f"The test arrived: it was answered {sent.status} after {sent.took_ms} ms.", "ok")
        else:
            flash(f"The test did not arrive. {sent.error}", "bad")
        return redirect(self.get_url(".webhook", id=id))

    @expose("/<int:id>/again/<int:delivery>", methods=("POST",))
    def again(self, id: int, delivery: int) -> Answer:
        """Tries a message once more."""
        with atomic():
            hooks.again(actor(), id, delivery)
        flash("It will be sent again in a moment.", "ok")
        return redirect(self.get_url(".webhook", id=id))

    @expose("/<int:id>/delete", methods=("POST",))
    def remove(self, id: int) -> Answer:
        """Deletes it."""
        name = hooks.find(actor(), id).name
        with atomic():
            hooks.remove(actor(), id)
        flash(f"The webhook “{name}” was deleted.", "ok")
        return redirect(self.get_url(".index"))

    def _form(self, webhook: Webhook | None, errors: dict[str, list[str]]) -> str:
        before = numbers.row(request.args.get("before", ""))
        log = hooks.log_of(webhook, before=before) if webhook else ()
        return self.render(
            "admin/webhook.html", webhook=webhook, errors=errors, typed=_typed(webhook), log=log,
            sections=registry.all_sections(), secret=hooks.secret_of(webhook) if webhook else "",
            older=log[-1].id if len(log) == hooks.LOGGED else 0, ping=hooks.PING,
        )  # fmt: skip


def _settings() -> hooks.Settings:
    form = request.form
    sections = None if form.get("reach", "all") == "all" else tuple(form.getlist("section"))
    return hooks.Settings(
        name=form.get("name", ""), url=form.get("url", ""), sections=sections, is_active=form.get("is_active") != "0"
    )


def _typed(webhook: Webhook | None) -> dict[str, Any]:
    """What the form shows: what was typed, else what stands."""
    if request.method == "POST":
        said = _settings()
        return {"name": said.name, "url": said.url, "sections": said.sections, "is_active": said.is_active}
    if webhook is None:
        return {"name": "", "url": "", "sections": None, "is_active": True}
    return {name: getattr(webhook, name) for name in ("name", "url", "sections", "is_active")}
