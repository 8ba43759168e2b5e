"""Who calls: a token in the Authorization header, else the person of the session cookie, with the CSRF header."""

from typing import cast

from flask import Flask, Response, current_app, g, request

from admin_site.accounts import tokens
from admin_site.accounts.actor import ANONYMOUS
from admin_site.core.errors import Denied
from admin_site.core.transactions import atomic
from admin_site.web import identity, security
from admin_site.web.api import limits

TOKEN_LENGTH = 200


def authenticate() -> None:
    """Find out who calls; ``Denied`` (401) where nobody is known. A wrong token is never better than none."""
    if "Authorization" in request.headers:
        _by_token(request.headers["Authorization"])
        return
    if identity.actor().is_anonymous:
        raise Denied("Sign in first")
    security.csrf.protect()


def _by_token(header: str) -> None:
    scheme, _, secret = header.partition(" ")
    secret = secret.strip()
    known = tokens.load(secret) if scheme.lower() == "bearer" and len(secret) <= TOKEN_LENGTH else None
    if known is None:
        identity.act_as(ANONYMOUS)
        raise Denied("This token is not valid.")
    actor, is_due = known
    identity.act_as(actor)
    assert actor.token_id is not None  # noqa: S101 - it was loaded by one
    limits.count(actor.token_id)
    if is_due:
        g.used_token = actor.token_id


def note_use(response: Response) -> Response:
    """Keep when the token was last used; after the answer, since reading must not wait for a writer."""
    token_id = g.pop("used_token", None)
    if token_id is not None:
        app = cast("Flask", current_app._get_current_object())  # type: ignore[attr-defined]
        response.call_on_close(lambda: _touch(app, token_id))
    return response


def _touch(app: Flask, token_id: int) -> None:
    with app.app_context(), atomic():
        tokens.touch(token_id)
