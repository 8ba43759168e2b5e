"""What was sent when nobody was signed in any more: held in the page, and sent once more after signing in.

Nothing of it is stored: whoever is not signed in writes nothing to the database. It is held only where one of our
own pages sent it, as the browser says, so that no other site has somebody send what it wrote.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from flask import current_app, g, make_response, render_template, request, session
from werkzeug.wrappers import Response

from admin_site.accounts import sessions
from admin_site.core import registry, text
from admin_site.web.redirects import is_local

AREA = "/admin/"
# A character of it may be sent as three.
WRITTEN_AS = 3


@dataclass(frozen=True)
class Held:
    """A form on its way: where to, with which fields, and whose session it was, where that is known."""

    path: str
    fields: list[list[str]]
    person: int | None = None

    def written(self) -> str:
        """As a hidden field of the sign-in page has it."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def is_of(self, person_id: int | None) -> bool:
        """Whether it may be shown to this person."""
        return self.person in (None, person_id)


def of_request() -> Held | None:
    """What this request brought, where it is a form of ours that can be held."""
    if request.method != "POST" or not request.path.startswith(AREA) or not is_of_our_page():
        return None
    if any(file.filename for file in request.files.values()):
        return None
    fields = [
        [name, value]
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and "password" not in name.lower()
    ]
    token = session.get("_user_id")
    held = Held(request.full_path.rstrip("?"), fields, sessions.owner_of(token) if token else None)
    return held if len(held.written()) * WRITTEN_AS < current_app.config["MAX_CONTENT_LENGTH"] else None


def is_of_our_page() -> bool:
    """Whether somebody pressed a button of ours: a script would not know what to do with a page."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        return request.headers.get("Origin") in (f"http://{request.host}", f"https://{request.host}")
    return site == "same-origin" and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def read(raw: str) -> Held | None:
    """What the sign-in page gave back; None where it is none."""
    try:
        found = json.loads(raw)
        held = Held(str(found["path"]), [[str(name), str(value)] for name, value in found["fields"]], found["person"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_ours = held.path.startswith(AREA) and is_local(held.path)
    is_ours = is_ours and all(map(text.is_storable, (held.path, *(said for pair in held.fields for said in pair))))
    return held if is_ours and (held.person is None or type(held.person) is int) else None


def page(held: Held, status: int) -> Response:
    """Asks whether to send it now."""
    g.pop("csrf_token", None)  # of the session before, if somebody has just signed in
    return make_response(render_template("login/send_again.html", held=held, shown=[*_shown(held)]), status)


def _shown(held: Held) -> Iterator[tuple[str, str]]:
    """The fields that somebody typed, by label."""
    section = registry.by_name().get(held.path.removeprefix(AREA).partition("/")[0])
    for name, value in held.fields:
        field = section.all_fields.get(name) if section else None
        if field is not None and field.is_text and value:
            yield field.label, value
