"""Who is asking: Flask-Login over the sessions that ``accounts`` keeps on the server."""

from typing import cast

from flask import Flask, Response, current_app, g, request
from flask_login import LoginManager, current_user

from admin_site.accounts import sessions
from admin_site.accounts.actor import ANONYMOUS, Actor
from admin_site.core.transactions import atomic

manager = LoginManager()
# The cookie only carries the secret of a session that the server may end at any time.
manager.session_protection = None
manager.anonymous_user = lambda: ANONYMOUS


def init_app(app: Flask) -> None:
    """Load the person of each request, and note afterwards that they were here."""
    manager.init_app(app)
    manager.user_loader(sessions.load)
    app.after_request(_note_visit)


def actor() -> Actor:
    """The person of this request, or nobody in particular."""
    known: Actor | None = g.get("_login_user")  # where Flask-Login keeps who was asked for before
    return known or cast("Actor", current_user._get_current_object())


def act_as(person: Actor) -> None:
    """From here on this request is this person's, whatever its cookie says."""
    g._login_user = person


def _note_visit(response: Response) -> Response:
    if request.endpoint in (None, "assets.file", "health.healthz", "health.readyz"):
        return response
    person = actor()
    session_id = person.session_id
    if session_id is not None and not person.is_visit_noted:
        # After the answer: reading a page must not wait for a writer.
        app = cast("Flask", current_app._get_current_object())  # type: ignore[attr-defined]
        response.call_on_close(lambda: _touch(app, session_id))
    return response


def _touch(app: Flask, session_id: int) -> None:
    with app.app_context(), atomic():
        sessions.touch(session_id)
