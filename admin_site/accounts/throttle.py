"""Counting attempts, in the database, so that all processes share the count."""

import hashlib

from sqlalchemy import delete, insert, select, update

from admin_site.accounts.models import Throttle
from admin_site.core import clock
from admin_site.core.database import db
from admin_site.core.errors import Busy


def count(subject: str, limit: int) -> None:
    """Note one more attempt of this minute; ``Busy`` (429) where there were ``limit`` already.

    A limit of 0 counts nothing.
    """
    if not limit:
        return
    now = clock.now()
    minute, second = int(now.timestamp()) // 60, now.second
    here = (Throttle.subject == _digest(subject), Throttle.minute == minute)
    so_far = db.session.execute(select(Throttle.count).where(*here)).scalar()
    if so_far is not None and so_far >= limit:
        wait = 60 - second
        raise Busy(f"Too many attempts. Try again in {wait} seconds.", retry_after=wait, status=429)
    changed = db.session.execute(update(Throttle).where(*here).values(count=Throttle.count + 1))
    if not changed.rowcount:  # type: ignore[attr-defined]  # an update has it
        db.session.execute(delete(Throttle).where(Throttle.minute < minute - 1))
        db.session.execute(insert(Throttle).values(subject=_digest(subject), minute=minute, count=1))


def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()
