"""What every answer carries, and what every unsafe request must carry."""

import secrets

from flask import Flask, Response, abort, current_app, g, request
from flask_wtf import CSRFProtect

from admin_site.accounts import permissions
from admin_site.core import registry
from admin_site.web import identity

csrf = CSRFProtect()

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# What stands around a file in its form.
FORM_AROUND = 64 * 1024
YEAR_SECONDS = 365 * 24 * 3600


def init_app(app: Flask) -> None:
    """Protect every form and send the headers."""
    app.before_request(_allow_large_files)  # first: the others read the form
    app.before_request(_refuse_odd_requests)
    csrf.init_app(app)
    app.after_request(_add_headers)


def nonce() -> str:
    """The number that marks this answer's own scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def _allow_large_files() -> None:
    """Files that are handed in may be larger than forms, from those who may hand them in."""
    blueprint, _, endpoint = (request.endpoint or "").rpartition(".")
    section = registry.by_name().get(blueprint)
    if endpoint == "import_view" and section and permissions.allows(identity.actor(), "import", section):
        request.max_content_length = current_app.config["MAX_IMPORT_SIZE"] + FORM_AROUND


def _refuse_odd_requests() -> None:
    # The server counts the parts of a multipart form, but not the fields of the other kind, before it reads them.
    is_plain_form = request.mimetype == FORMS[0]
    if is_plain_form and request.get_data().count(b"&") > current_app.config["MAX_FORM_PARTS"]:
        abort(413)
    if request.mimetype in FORMS and None in request.form:  # a part without a name
        abort(400)


def _policy() -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce()}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if "Content-Security-Policy" not in response.headers:
        response.headers["Content-Security-Policy"] = _policy()
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_SECONDS}; includeSubDomains")
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
        response.headers.add("Vary", "Cookie")
    return response
