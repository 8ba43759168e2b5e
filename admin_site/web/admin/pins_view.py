"""Pinned ordering: every section's pins for everyone and one's own, arranged by drag, buttons, keys or number."""

from typing import Any, ClassVar

from flask import flash, jsonify, redirect, request, url_for
from flask_admin import expose
from werkzeug.wrappers import Response

from admin_site.accounts import permissions
from admin_site.core import registry
from admin_site.core.errors import Conflict, Invalid, NotFound
from admin_site.core.section import Section
from admin_site.core.transactions import atomic
from admin_site.records import pinning, reads, writes
from admin_site.web import numbers
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor


class PinsView(GuardedView):
    """``/admin/pins/``"""

    actions: ClassVar[dict[str, str]] = {"index": "read", "move": "read", "describe": "read", "unpin": "read"}

    def __init__(self) -> None:
        super().__init__(name="Pinned", endpoint="pins", url="pins", menu_icon_type="bi", menu_icon_value="pin-angle")
        self.static_folder = None

    def check_action(self, action: str) -> None:
        """Whoever may read a section with pins; each deed asks for the row's own right."""
        if not _sections():
            raise NotFound

    def is_accessible(self) -> bool:
        """The same, for the menu."""
        return bool(_sections())

    @expose("/")
    def index(self) -> Any:
        """The pins of one section, or of all."""
        return self._page({}, None)

    def _page(self, errors: dict[str, list[str]], failed: tuple[str, bool, int] | None) -> str:
        wanted = request.values.get("section", "")
        shown = [section for section in _sections() if wanted in ("", section.name)]
        if not shown:
            raise NotFound
        bands = [pinning.arranged(actor(), section, own=own) for section in shown for own in (False, True)]
        return self.render(
            "admin/pins.html", bands=[band for band in bands if band.items or len(shown) == 1], sections=_sections(),
            wanted=wanted, errors=errors, failed=failed, typed=request.form,
        )  # fmt: skip

    @expose("/<section_name>/<int:id>/move", methods=("POST",))
    def move(self, section_name: str, id: int) -> Any:
        """Moves a pin: ``place`` (a number), ``by`` (-1 or 1), or ``after`` (another row's number, 0 for the top)."""
        section, own = registry.get(section_name), request.form.get("own") == "1"
        how = {name: numbers.row(request.form.get(name, "")) for name in ("place", "after")}
        by = {"-1": -1, "1": 1}.get(request.form.get("by", ""), 0)
        try:
            if "place" in request.form and not how["place"]:
                raise Conflict("The pin was not moved: its place must be a whole number, such as 3.")
            with atomic():
                _was, now = pinning.move(actor(), section, id, own=own, by=by, **how)
        except Conflict as error:
            return _refused(error, section)
        if _wants_json():
            return jsonify(place=now)
        flash(f"“{reads.item(actor(), section, id).title}” is now pin number {now}.", "ok")
        return _back(section, f"pin-{'own-' if own else ''}{section.name}-{id}")

    @expose("/<section_name>/<int:id>/describe", methods=("POST",))
    def describe(self, section_name: str, id: int) -> Any:
        """Says why a row is pinned and until when."""
        section, own = registry.get(section_name), request.form.get("own") == "1"
        try:
            with atomic():
                pinning.describe(
                    actor(), section, id, own=own, reason=request.form.get("reason", ""),
                    until=request.form.get("until", ""),
                )  # fmt: skip
        except Invalid as error:
            return self._page(error.fields, (section.name, own, id)), 400
        except Conflict as error:
            return _refused(error, section)
        flash("The pin was changed.", "ok")
        return _back(section, f"pin-{'own-' if own else ''}{section.name}-{id}")

    @expose("/<section_name>/<int:id>/unpin", methods=("POST",))
    def unpin(self, section_name: str, id: int) -> Response:
        """Takes a pin away."""
        section, own = registry.get(section_name), request.form.get("own") == "1"
        with atomic():
            if own:
                pinning.pin_own(actor(), section, id, on=False)
            else:
                writes.update(actor(), section, id, {"is_pinned": False}, source="pins")
        flash("The pin was taken away.", "ok")
        return _back(section, "main")


def _sections() -> list[Section]:
    return [s for s in registry.all_sections() if s.pins and permissions.allows(actor(), "read", s)]


def _back(section: Section, anchor: str) -> Response:
    only = section.name if request.form.get("only") else None
    return redirect(url_for("pins.index", section=only, _anchor=anchor))


def _refused(error: Conflict, section: Section) -> Any:
    if _wants_json():
        return jsonify(error=error.message), 409
    flash(error.message, "bad")
    return _back(section, "main")


def _wants_json() -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
