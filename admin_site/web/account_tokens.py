"""One's own tokens for programs: make one, which is shown once, and revoke it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Flask, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_site.accounts import tokens
from admin_site.accounts.roles import ACTIONS
from admin_site.core import clock, registry
from admin_site.core.errors import AppError, Busy, Conflict, Invalid
from admin_site.core.transactions import atomic
from admin_site.web import account
from admin_site.web.identity import actor

blueprint = Blueprint("account_tokens", __name__, url_prefix="/account/tokens")

# What the form offers: days, and the words for them. 0 is for ever.
LASTS = ((30, "30 days"), (90, "90 days"), (365, "a year"), (0, "until I revoke it"))
USUAL = 90
ALL = "all"


def init_app(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(blueprint)


@blueprint.before_request
def _require_sign_in() -> None:
    account.require_sign_in()


@blueprint.get("/new")
def new() -> str:
    """The form."""
    return _form({})


@blueprint.post("/new")
def create() -> Response | tuple[str, int]:
    """Make it, and show its secret."""
    try:
        account.check_present_password(request.form.get("current", ""))
        with atomic():
            number, secret = tokens.create(
                account.person_id(), request.form.get("name", ""), scopes=_scopes(), expires_at=_end()
            )
    except (Invalid, Conflict, Busy) as error:
        return _form(error.fields or {"name": [error.message]}), error.status
    name = request.form.get("name", "").strip()
    page = make_response(render_template("account_token.html", secret=secret, name=name, number=number))
    page.headers["Referrer-Policy"] = "no-referrer"
    return page


@blueprint.post("/<int:number>/revoke")
def revoke(number: int) -> Response:
    """End it at once."""
    try:
        with atomic():
            tokens.revoke(actor(), number, only_own=True)
    except AppError as error:
        flash(error.message, "warn")
    else:
        flash("The token was revoked. Programs that use it are refused from now on.", "ok")
    return redirect(url_for("account.page"))


def _scopes() -> list[str] | None:
    ticked = request.form.getlist("scope")
    if request.form.get("reach", "some" if ticked else ALL) == ALL:
        return None
    allowed = set(tokens.scopes_of(actor()))
    return [scope for scope in ticked if scope in allowed]


def _end() -> datetime | None:
    days = {str(days): days for days, _words in LASTS}.get(request.form.get("lasts", str(USUAL)))
    if days is None:
        raise Invalid(fields={"lasts": ["Choose how long it lasts."]})
    return clock.now() + timedelta(days=days) if days else None


@dataclass(frozen=True)
class Reach:
    """The rights in one section that a token can be given: those that the person has."""

    name: str
    label: str
    actions: tuple[str, ...]


def _reaches() -> Iterator[Reach]:
    mine = set(tokens.scopes_of(actor()))
    for section in registry.all_sections():
        actions = tuple(action for action in ACTIONS if f"{section.name}.{action}" in mine)
        if actions:
            yield Reach(section.name, section.label, actions)


def _form(errors: dict[str, list[str]]) -> str:
    return render_template(
        "account_token_new.html", errors=errors, typed=request.form, lasts=LASTS, usual=str(USUAL),
        reaches=list(_reaches()), chosen=set(request.form.getlist("scope")),
    )  # fmt: skip
