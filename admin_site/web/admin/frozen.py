"""A selection on its way through pages: signed, bound to the person, as small for a million rows as for one."""

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from admin_site.core.errors import AppError, Invalid
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.records.selection import Selection


def token(actor: Actor, selection: Selection) -> str:
    """What the next page is given."""
    return str(_serializer().dumps([actor.id, selection.to_json()]))


def read(actor: Actor, section: Section, raw: str) -> Selection:
    """The selection again; ``Invalid`` where it is not ours, another person's or another section's."""
    try:
        owner, said = _serializer().loads(raw)
        selection = Selection.from_json(said)
    except (BadData, AppError):
        owner, selection = None, None
    if selection is None or owner != actor.id or selection.section is not section:
        raise Invalid("The selection is not known any more. Please select the rows again.")
    return selection


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="selection")
