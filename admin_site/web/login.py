"""Signing in and out, and choosing a password from a one-time link."""

from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, session, url_for
from flask_login import login_user, logout_user
from werkzeug.wrappers import Response

from admin_site.accounts import invitations, sessions
from admin_site.accounts import sign_in as door
from admin_site.accounts.actor import SYSTEM
from admin_site.core import registry
from admin_site.core.database import atomic
from admin_site.core.errors import Busy, Conflict, Invalid
from admin_site.records import reads, writes
from admin_site.web.identity import actor
from admin_site.web.redirects import local_or

blueprint = Blueprint("login", __name__)


def init_app(app: Flask) -> None:
    """Add the pages."""
    app.register_blueprint(blueprint)


@blueprint.route("/login", methods=("GET", "POST"))
def sign_in() -> Response | str | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """The form, and what it does."""
    target = local_or(request.values.get("next"), url_for("admin.index"))
    if request.method != "POST":
        return redirect(target) if actor().is_authenticated else _form(target)
    try:
        _open_session()
    except Invalid as error:
        return _form(target, error.message), 400
    except Busy as error:
        return _form(target, error.message), error.status, {"Retry-After": str(error.retry_after)}
    return redirect(target)


def _open_session() -> None:
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


def _form(target: str, error: str = "") -> str:
    return render_template("login/sign_in.html", target=target, error=error, email=request.form.get("email", ""))


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
