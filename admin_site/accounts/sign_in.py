"""The one door: e-mail and password in, a session or one sentence out."""

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from admin_site.accounts import passwords, sessions, throttle
from admin_site.accounts.actor import Actor, of_email
from admin_site.accounts.models import User
from admin_site.core import text
from admin_site.core.database import db
from admin_site.core.errors import Busy, Invalid
from admin_site.core.transactions import atomic
from admin_site.history import log

# The same words whether the address is unknown, the password wrong or the person disabled.
REFUSED = "E-mail or password is not right. Please try again."
# The source that history names for demo content.
DEMO_SOURCE = "demo"
# No address is longer; what is, need not be looked at.
EMAIL_LENGTH = 254
# Beside the limit for one account: what one address may try on all of them in a minute.
ADDRESS_FACTOR = 20


def sign_in(email: str, password: str, *, keep: bool, address: str, agent: str) -> Actor:
    """Open a session for the person; ``Invalid`` when refused, ``Busy`` after too many attempts."""
    email = email.strip()
    key = text.key(email) if len(email) <= EMAIL_LENGTH and text.is_storable(email) else ""
    _count_attempt(key, address)
    if not _password_matches(key, password):
        raise Invalid(REFUSED)
    with atomic():
        actor = of_email(key)
        if actor is None:
            raise Invalid(REFUSED)
        return sessions.start(actor, keep=keep, address=address, agent=agent)


def check_password(user_id: int, password: str, stored: str | None) -> bool:
    """Whether this is the present password of somebody signed in; counted like a sign-in."""
    limit = current_app.config["LOGIN_RATE_LIMIT"]
    with atomic():
        throttle.count(f"password:{user_id}", limit)
    return passwords.matches(password, stored)


def _count_attempt(key: str, address: str) -> None:
    limit = current_app.config["LOGIN_RATE_LIMIT"]
    for attempt in (1, 2):
        try:
            with atomic():
                throttle.count(f"account:{key}", limit)
                throttle.count(f"address:{address}", limit * ADDRESS_FACTOR)
        except IntegrityError:
            # Two first attempts of one minute at once: now that the other has made the row, count on it.
            if attempt == 2:
                raise Busy("Too many attempts at once. Try again in a second.", retry_after=1, status=429) from None
        else:
            return


def _password_matches(key: str, password: str) -> bool:
    query = select(User.id, User.password_hash).where(User.email_key == key, User.live == 1, User.is_active)
    row = db.session.execute(query).first()
    stored = None if row is None or _is_refused_here(row.id) else row.password_hash
    db.session.rollback()  # hashing takes a while; hold no transaction meanwhile
    return passwords.matches(password, stored)


def _is_refused_here(user_id: int) -> bool:
    """Demo people are for looking around, not for a site in production."""
    is_production = current_app.config["APP_CONFIG"] == "production"
    return is_production and log.source_of_row("users", user_id) == DEMO_SOURCE
