"""One-time links to choose a password.

Signed, and bound to the present password: once it is chosen, or changed in any other way, the link is dead.
"""

import hashlib
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import select

from admin_site.accounts.models import User
from admin_site.core.database import db
from admin_site.core.errors import Invalid

VALID_FOR = timedelta(days=7)
EXPIRED = "This link is no longer valid. Ask an administrator for a new one."


def token_for(user_id: int) -> str:
    """A token for the path ``/set-password/<token>``."""
    return _serializer().dumps([user_id, _fingerprint(user_id)])


def user_of(token: str) -> int:
    """The user whose password may be chosen with this token; ``Invalid`` if it is spent, old or forged."""
    try:
        user_id, fingerprint = _serializer().loads(token, max_age=int(VALID_FOR.total_seconds()))
    except (BadData, ValueError, TypeError):
        raise Invalid(EXPIRED) from None
    if fingerprint != _fingerprint(user_id):
        raise Invalid(EXPIRED)
    return int(user_id)


def _fingerprint(user_id: int) -> str:
    query = select(User.password_hash, User.email_key).where(User.id == user_id, User.live == 1, User.is_active)
    row = db.session.execute(query).first()
    if row is None:
        raise Invalid(EXPIRED)
    return hashlib.sha256(f"{user_id}:{row.password_hash}:{row.email_key}".encode()).hexdigest()[:32]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="set-password")
