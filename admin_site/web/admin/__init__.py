"""The back office: Flask-Admin behind one guarded base view, derived from the declarations."""

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Theme

from admin_site.core import registry
from admin_site.web import security
from admin_site.web.admin.activity_view import ActivityView
from admin_site.web.admin.guard import GuardedView
from admin_site.web.admin.home import HomeView
from admin_site.web.admin.jobs_view import JobsView
from admin_site.web.admin.pins_view import PinsView
from admin_site.web.admin.section_view import SectionView
from admin_site.web.admin.tokens_view import TokensView
from admin_site.web.admin.webhooks_view import WebhooksView
from admin_site.web.assets import STATIC


class UnguardedViewError(Exception):
    """A view would be reachable without a permission check; the start is refused."""


def init_app(app: Flask) -> None:
    """Add the home page and a view for each section, grouped in the menu."""
    theme = Theme(folder=str(STATIC.parent / "templates"), base_template="layout.html")
    admin = Admin(app, name="Admin Site", index_view=HomeView(), theme=theme, csp_nonce_generator=security.nonce)
    admin.add_view(PinsView())
    for section in registry.all_sections():
        admin.add_view(SectionView(section))
    admin.add_view(JobsView())
    admin.add_view(ActivityView())
    admin.add_view(WebhooksView())
    admin.add_view(TokensView())
    check(admin)


def check(admin: Admin) -> None:
    """Refuse to start with a view that does not derive from the guarded one, or a handler without an action."""
    for view in admin._views:
        if not isinstance(view, GuardedView):
            raise UnguardedViewError(f"{type(view).__name__} does not derive from GuardedView")
        for _url, handler, _methods in view._urls:
            if handler not in view.actions:
                raise UnguardedViewError(f"{type(view).__name__}.{handler} has no action in `actions`")
