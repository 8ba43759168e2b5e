"""Everybody's tokens, for those who may end them."""

from typing import Any, ClassVar

from flask import flash, redirect
from flask_admin import expose

from admin_site.accounts import permissions, tokens
from admin_site.core.errors import AppError, NotFound
from admin_site.core.transactions import atomic
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor


class TokensView(GuardedView):
    """``/admin/tokens/``"""

    actions: ClassVar[dict[str, str]] = {"index": "read", "revoke": "revoke"}

    def __init__(self) -> None:
        super().__init__(
            name="Tokens", endpoint="tokens", url="tokens", category="System", menu_icon_type="bi",
            menu_icon_value="key",
        )  # fmt: skip
        self.static_folder = None

    def check_action(self, action: str) -> None:
        """For those who may see tokens of others; one's own are on the account page."""
        if not self.is_accessible():
            raise NotFound

    def is_accessible(self) -> bool:
        """The same."""
        return permissions.may(actor(), "tokens")

    @expose("/")
    def index(self) -> str:
        """Every token, newest first."""
        return self.render("admin/tokens.html", tokens=tokens.listed(actor()))

    @expose("/<int:id>/revoke", methods=("POST",))
    def revoke(self, id: int) -> Any:
        """Ends a token at once."""
        try:
            with atomic():
                tokens.revoke(actor(), id)
        except NotFound:
            raise
        except AppError as error:
            flash(error.message, "warn")
        else:
            flash("The token was revoked. Programs that use it are refused from now on.", "ok")
        return redirect(self.get_url(".index"))
