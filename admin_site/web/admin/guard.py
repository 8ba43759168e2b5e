"""The one base of all views of the back office: closed unless the permission says otherwise."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask_admin import BaseView

from admin_site.core.errors import Denied
from admin_site.web.identity import actor


class GuardedView(BaseView):
    """Flask-Admin asks ``_handle_view`` before every handler; here that is where the decision is made."""

    # Handler name to the action that it needs. A handler without one does not start.
    actions: ClassVar[Mapping[str, str]] = {}

    def check_action(self, action: str) -> None:
        """Raise ``Denied`` or ``NotFound`` unless the person may do this here."""
        raise NotImplementedError

    def is_accessible(self) -> bool:
        """Whether the menu shows it."""
        return False

    def _handle_view(self, name: str, **kwargs: Any) -> None:
        if actor().is_anonymous:
            raise Denied("Sign in first")
        if name not in self.actions:
            raise Denied
        self.check_action(self.actions[name])

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # The library's own calls again after a TypeError, and so hides where it came from.
        return fn(self, *args, **kwargs)
