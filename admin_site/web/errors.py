"""One table: what went wrong becomes a page, or JSON under ``/api/``."""

import logging
import secrets
from typing import Any

from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from werkzeug.exceptions import BadHost, HTTPException, SecurityError
from werkzeug.wrappers import Response as BaseResponse

from admin_site.accounts import permissions, sessions
from admin_site.accounts.actor import ANONYMOUS
from admin_site.accounts.roles import roles_with
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import AppError, Busy, Denied, Stale
from admin_site.core.section import Section
from admin_site.core.transactions import in_one_line
from admin_site.records import reads, values
from admin_site.web import held, login
from admin_site.web.admin import saving
from admin_site.web.identity import actor

log = logging.getLogger(__name__)

# Status to code, heading and sentence, where the error brings none of its own.
WORDS = {
    400: ("bad_request", "This request was not understood", "Go back and try again."),
    401: ("unauthorized", "Sign in first", "This needs somebody who is signed in."),
    403: ("forbidden", "You may not do this", "Ask an administrator if you need it."),
    404: ("not_found", "There is nothing here", "Perhaps it was deleted, or the link is mistyped."),
    405: ("method_not_allowed", "This address is not for that", "Go back and try again."),
    409: ("conflict", "This is not possible now", "The state of the row does not allow it."),
    412: ("stale", "This has changed since", "Look at it again, then send the change once more."),
    413: ("too_large", "That is too large", "A request may have at most 8 MB."),
    415: ("unsupported_media_type", "This kind of content is not accepted", "Send a form, or JSON."),
    429: ("too_many_requests", "Too many attempts", "Wait a little and try again."),
    500: ("internal_error", "Something went wrong on our side", "It was recorded. Please try again."),
    503: ("busy", "The site is busy", "Please try again in a few seconds."),
}
# A page for people among the addresses of programs.
DOCS_PATH = "/api/docs"
API_WORDS = {404: "Resource not found", 405: "Method not allowed", 500: "Internal server error"}
CSRF_WORDS = "This form was opened in an earlier session. Go back, reload the page and send it again."
API_CSRF_WORDS = "A call with a session cookie needs its CSRF token in the header X-CSRFToken. Programs use a token."
HOST_WORDS = "This host is not served here."
LOGIN_WORDS = "This page was opened a while ago. Please log in again."


def init_app(app: Flask) -> None:
    """Answer every failure from here."""
    app.register_error_handler(CSRFError, _other_session)
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DBAPIError, _database_error)
    app.register_error_handler(Exception, _unexpected)


def respond(status: int, message: str = "", **more: Any) -> BaseResponse:
    """The answer for a status, in the form that the asker reads."""
    code, heading, sentence = WORDS.get(status, WORDS[400 if status < 500 else 500])
    reference = more.get("reference") or secrets.token_hex(4)
    if request.path.startswith("/api/"):
        body = {"error": message or API_WORDS.get(status, heading), "code": code, "request_id": reference}
        if more.get("fields"):
            body["fields"] = more["fields"]
        return make_response(jsonify(body | more.get("said", {})), status)
    if "_login_user" not in g and (status >= 500 or not _is_known_who_asks()):
        g._login_user = ANONYMOUS  # who asks may be just what cannot be found out
    section = _missing_from() if status == 404 else None
    page = render_template(
        "errors/error.html", status=status, heading=heading, sentence=message or sentence, reference=reference,
        who_could=more.get("who_could", []), section=section, trashed_url=_trashed_url(section) if section else "",
    )  # fmt: skip
    return make_response(page, status)


def _is_known_who_asks() -> bool:
    try:
        actor()
    except DBAPIError:
        db.session.rollback()
        return False
    return True


def _app_error(error: AppError) -> BaseResponse:
    db.session.rollback()
    if isinstance(error, Denied) and actor().is_anonymous:
        return sign_in_first(error.message)
    message = "" if error.status == 404 else error.message
    said = _both_sides(error) if isinstance(error, Stale) else {}
    response = respond(error.status, message, fields=error.fields, who_could=_who_could(error), said=said)
    if isinstance(error, Busy):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _both_sides(error: Stale) -> dict[str, Any]:
    """What the writer had read, what they made of it and what stands now, as JSON has it."""
    sides = {"base": error.base, "yours": error.yours, "theirs": error.theirs}
    told = {name: {field: values.to_json(value) for field, value in side.items()} for name, side in sides.items()}
    return {**told, "mergeable": error.mergeable, "version": error.version}


def _who_could(error: AppError) -> list[str]:
    """The roles that grant what was refused."""
    section, _, action = getattr(error, "needs", "").partition(".")
    return roles_with(section, action) if action else []


def _missing_from() -> Section | None:
    """The section of an address that names a row, for those who may read it: its page can lead on."""
    section = registry.by_name().get(request.blueprint or "")
    has_row = request.view_args is not None and "id" in request.view_args
    return section if section and has_row and permissions.allows(actor(), "read", section) else None


def _trashed_url(section: Section) -> str:
    """Where the row is, if it is in the trash and this person may restore it."""
    number = (request.view_args or {})["id"]
    try:
        permissions.require(actor(), "restore", section)
        reads.find(actor(), section, number, trashed=True)
    except AppError:
        return ""
    return url_for(f"{section.name}.trashed_view", id=number)


def sign_in_first(message: str = "Sign in first") -> BaseResponse:
    """Somebody who is not signed in: 401 for programs, the sign-in page for people."""
    if request.path.startswith("/api/") and request.path != DOCS_PATH:
        response = respond(401, message)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    target = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else request.path
    if request.method == "POST" and (token := session.get("_user_id")):
        target = saving.park(sessions.owner_of(token)) or target
    if target == request.path and (waiting := held.of_request()):
        return make_response(login.form(target, waiting=waiting), 401)
    return redirect(url_for("login.sign_in", next=target))


def _other_session(_error: CSRFError) -> BaseResponse:
    """A form without the token of this session: opened before signing out or in, or by another site."""
    if request.path.startswith("/api/"):
        return respond(400, API_CSRF_WORDS)
    if request.endpoint == "login.sign_in":
        return make_response(login.opened_before(LOGIN_WORDS), 400)
    waiting = held.of_request()
    if waiting is None or not waiting.is_of(actor().id or waiting.person):
        return respond(400, CSRF_WORDS)
    return sign_in_first() if actor().is_anonymous else held.page(waiting, 400)


def _http_error(error: HTTPException) -> BaseResponse:
    db.session.rollback()
    if isinstance(error, SecurityError | BadHost):  # a host that is not ours: no page, its links would lead there
        if request.path.startswith("/api/"):
            return respond(400, HOST_WORDS)
        return Response(f"{HOST_WORDS}\n", 400, mimetype="text/plain")
    status = error.code or 500
    if error.response is not None:
        return error.get_response()
    allowed = request.max_content_length
    is_file = allowed is not None and allowed != current_app.config["MAX_CONTENT_LENGTH"]
    most = current_app.config["MAX_IMPORT_SIZE"] / 2**20
    response = respond(status, f"A file may have at most {most:g} MB." if status == 413 and is_file else "")
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _database_error(error: DBAPIError) -> BaseResponse:
    db.session.rollback()
    if isinstance(error, IntegrityError):
        return respond(409, "Somebody changed the same at the same moment. Please try again.")
    if not isinstance(error, OperationalError) and not error.connection_invalidated:
        return _unexpected(error)
    reference = secrets.token_hex(4)
    log.warning("database busy or away %s at %r: %s", reference, request.path, in_one_line(error))
    response = respond(503, reference=reference)
    response.headers["Retry-After"] = "5"
    return response


def _unexpected(error: Exception) -> BaseResponse:
    db.session.rollback()
    shown = current_app.config["PROPAGATE_EXCEPTIONS"]
    if current_app.testing if shown is None else shown:
        raise error
    reference = secrets.token_hex(4)
    log.exception("unexpected error %s at %r", reference, request.path)
    return respond(500, reference=reference)
