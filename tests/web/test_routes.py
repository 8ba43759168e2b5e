"""The routes that exist, and that nothing of Flask-Admin's own is among them."""

import pytest
from flask_admin import BaseView, expose
from flask_admin.contrib.sqla import ModelView

from admin_site.core import registry
from admin_site.web.admin import UnguardedViewError, check
from admin_site.web.admin.guard import GuardedView
from admin_site.web.admin.section_view import SectionView
from tests.contracts import compare

STOCK = ("new/", "edit/?id=1", "details/?id=1", "delete/", "action/", "export/csv/", "ajax/lookup/", "ajax/update/")


def test_routes_are_as_reviewed(app):
    lines = sorted(
        f"{rule.rule:<40}{','.join(sorted(rule.methods - {'HEAD', 'OPTIONS'}))}" for rule in app.url_map.iter_rules()
    )
    compare("routes.txt", lines)


@pytest.mark.parametrize("address", STOCK)
def test_stock_addresses_are_missing(cast, sign_in, address):
    admin = sign_in(cast.admin)
    assert admin.get(f"/admin/notes/{address}").status_code == 404
    assert admin.post(f"/admin/notes/{address}").status_code in (404, 405)


def test_static_files_of_the_library_are_missing(cast, sign_in):
    assert sign_in(cast.admin).get("/admin/static/admin/js/form.js").status_code == 404


def test_a_view_without_the_guard_stops_the_start(app):
    admin = app.extensions["admin"][0]

    class Open(BaseView):
        @expose("/")
        def index(self):
            return "anybody"

    admin._views.append(Open(name="Open", endpoint="open"))
    try:
        with pytest.raises(UnguardedViewError):
            check(admin)
    finally:
        admin._views.pop()


def test_a_handler_without_an_action_stops_the_start(app, monkeypatch):
    monkeypatch.delitem(SectionView.actions, "lookup_view")
    with pytest.raises(UnguardedViewError, match="lookup_view"):
        check(app.extensions["admin"][0])


def test_every_section_is_a_model_view_behind_the_guard(app):
    views = {view.endpoint: view for view in app.extensions["admin"][0]._views}
    for section in registry.all_sections():
        assert isinstance(views[section.name], ModelView)
        assert isinstance(views[section.name], GuardedView)
