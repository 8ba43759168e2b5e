"""Signing in and out, and choosing a password from a one-time link."""

from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from admin_site.accounts import invitations, sessions
from admin_site.accounts import sign_in as door
from admin_site.accounts.actor import SYSTEM, Actor
from admin_site.core import registry
from admin_site.core.errors import Busy, Conflict, Invalid
from admin_site.core.transactions import atomic
from admin_site.records import reads, writes
from admin_site.web import held
from admin_site.web.identity import actor
from admin_site.web.redirects import local_or

blueprint = Blueprint("login", __name__)


def init_app(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(blueprint)


@blueprint.route("/login", methods=("GET", "POST"))
def sign_in() -> Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """The form, and what it does."""
    target = _target()
    if request.method != "POST":
        return redirect(target) if actor().is_authenticated else form(target)
    waiting = held.read(request.form.get("held", ""))
    try:
        person = _open_session()
    except Invalid as error:
        return form(target, error.message, waiting), 400
    except Busy as error:
        return form(target, error.message, waiting), error.status, {"Retry-After": str(error.retry_after)}
    return held.page(waiting, 200) if waiting and waiting.is_of(person.id) else redirect(target)


def _open_session() -> Actor:
    keep = bool(request.form.get("remember"))
    person = door.sign_in(
        request.form.get("email", ""),
        request.form.get("password", ""),
        keep=keep,
        address=request.remote_addr or "",
        agent=request.user_agent.string,
    )
    if old := actor().session_id:
        with atomic():
            sessions.end(actor().id or 0, old)
    session.clear()  # nothing of the time before signing in lives on, its CSRF token least of all
    session.permanent = keep
    login_user(person)
    return person


def form(target: str, error: str = "", waiting: held.Held | None = None) -> str:
    """The page that asks who one is, with what is to be done afterwards."""
    email = request.form.get("email", "") if request.endpoint == "login.sign_in" else ""
    return render_template("login/sign_in.html", target=target, error=error, email=email, held=waiting)


def opened_before(message: str) -> str:
    """The page once more, where it was opened in another session."""
    waiting = held.read(request.form.get("held", "")) if held.is_of_our_page() else None
    return form(_target(), message, waiting)


def _target() -> str:
    return local_or(request.values.get("next"), url_for("admin.index"))


@blueprint.post("/logout")
def sign_out() -> Response:
    """End the session, on the server as well."""
    person = actor()
    if person.session_id is not None and person.id is not None:
        with atomic():
            sessions.end(person.id, person.session_id)
    logout_user()
    session.clear()
    response = redirect(url_for("login.sign_in"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.route("/set-password/<token>", methods=("GET", "POST"))
def set_password(token: str) -> Response | str | tuple[str, int]:
    """Choose a password; the link works once."""
    try:
        user_id = invitations.user_of(token)
    except Invalid as error:
        return render_template("login/link_spent.html", message=error.message), 400
    person = reads.find(SYSTEM, registry.get("users"), user_id)
    if request.method != "POST":
        return render_template("login/set_password.html", person=person, error="")
    if problem := _choose_password(person):
        return render_template("login/set_password.html", person=person, error=problem), 400
    return redirect(url_for("login.sign_in"))


def _choose_password(person: Any) -> str:
    """What is wrong with the two passwords that were sent; empty once the first is set."""
    password = request.form.get("password", "")
    if not password:
        return "Password is required"
    if password != request.form.get("again", ""):
        return "The two passwords are not the same."
    try:
        with atomic():
            sent = {"password": password}
            writes.update(SYSTEM, registry.get("users"), person.id, sent, version=person.version, source="link")
    except (Invalid, Conflict) as refused:
        return refused.message
    return ""
