"""The account page: one's own name, password, appearance and sessions."""

from dataclasses import replace

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from admin_site.accounts import sessions, settings, tokens
from admin_site.accounts.actor import Actor
from admin_site.accounts.sign_in import check_password
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import AppError, Denied, Invalid
from admin_site.core.transactions import atomic
from admin_site.records import reads, writes
from admin_site.web.identity import actor

blueprint = Blueprint("account", __name__, url_prefix="/account")


def init_app(app: Flask) -> None:
    """Add the page and what its forms do."""
    app.register_blueprint(blueprint)


@blueprint.before_request
def require_sign_in() -> None:
    """These pages are about whoever is signed in."""
    if actor().is_anonymous:
        raise Denied("Sign in first")


@blueprint.get("")
def page() -> str:
    """Everything on one page."""
    return _render()


@blueprint.post("")
def save_profile() -> Response | tuple[str, int]:
    """Change one's name."""
    return _change({"name": request.form.get("name", "")}, "Your name was changed.")


@blueprint.post("/password")
def save_password() -> Response | tuple[str, int]:
    """Change one's password; the present one is asked for, other sessions end."""
    new = request.form.get("password", "")
    try:
        check_present_password(request.form.get("current", ""))
    except Invalid as error:
        return _render(error.fields), 400
    if not new:
        return _render({"password": ["Password is required"]}), 400
    return _change({"password": new}, "Your password was changed. You are signed out everywhere else.")


@blueprint.post("/appearance")
def save_appearance() -> Response:
    """Theme, density, and whether single keys are shortcuts."""
    form = request.form
    shortcuts = "shortcuts" not in form or form.getlist("shortcuts")[-1] == "1"
    with atomic():
        settings.save(person_id(), theme=form.get("theme", ""), density=form.get("density", ""), shortcuts=shortcuts)
    flash("Your appearance was changed.", "ok")
    return redirect(url_for("account.page"))


@blueprint.post("/sessions/<int:number>/end")
def end_session(number: int) -> Response:
    """Sign out in another browser."""
    with atomic():
        ended = sessions.end(person_id(), number)
    flash("That session was ended." if ended else "That session had ended already.", "ok")
    return redirect(url_for("account.page"))


def check_present_password(typed: str) -> None:
    """``Invalid`` unless this is the password of whoever is signed in: what matters asks for it again."""
    if not check_password(person_id(), typed, _stored_password()):
        raise Invalid(fields={"current": ["This is not your present password."]})


def _change(sent: dict[str, str], message: str) -> Response | tuple[str, int]:
    try:
        with atomic():
            writes.update(_as_oneself(), registry.get("users"), person_id(), sent, source="account")
    except AppError as error:
        if not isinstance(error, Invalid):
            raise
        return _render(error.fields), 400
    flash(message, "ok")
    return redirect(url_for("account.page"))


def _as_oneself() -> Actor:
    """Nobody needs a grant to change their own name and password; history still says who did it."""
    return replace(actor(), is_system=True)


def person_id() -> int:
    """The number of whoever is signed in."""
    number = actor().id
    if number is None:
        raise Denied("Sign in first")
    return number


def _stored_password() -> str | None:
    row = reads.find(_as_oneself(), registry.get("users"), person_id())
    db.session.rollback()  # comparing takes a while; hold no transaction meanwhile
    stored: str | None = row.password_hash
    return stored


def _render(errors: dict[str, list[str]] | None = None) -> str:
    return render_template(
        "account.html",
        person=reads.find(_as_oneself(), registry.get("users"), person_id()),
        sessions=sessions.of_user(person_id()),
        tokens=tokens.listed(actor(), user_id=person_id(), standing=True),
        errors=errors or {},
        typed=request.form,
    )
