"""Webhooks: who is told of changes, and sending the messages of the outbox, signed, until they arrive.

Signed as Standard Webhooks says (standardwebhooks.com): ``webhook-id``, ``webhook-timestamp`` and
``webhook-signature``, an HMAC over all three parts.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, func, insert, or_, select, update

from admin_site.accounts import permissions
from admin_site.core import clock, registry, text
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound
from admin_site.core.rules import Actor
from admin_site.core.transactions import atomic
from admin_site.jobs import outgoing
from admin_site.records.outbox import FAILED, QUEUED, SENT, Delivery, Webhook
from admin_site.records.values import ID_MOST

# After each failure it waits longer; what was not taken after the last is given up.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
)
# A worker that has a message for so long has died with it.
HELD = timedelta(seconds=60)
WEBHOOKS_MOST = 50
LOGGED = 50
PING = "ping"


def require(actor: Actor) -> None:
    """Webhooks are settings of the site."""
    if not permissions.may(actor, "settings"):
        raise Denied(needs="site.settings")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a webhook is made of; ``sections`` None is all of them."""

    name: str
    url: str
    sections: tuple[str, ...] | None = None
    is_active: bool = True

    def checked(self) -> dict[str, Any]:
        """The values to store; ``Invalid`` names what is wrong."""
        errors: dict[str, list[str]] = {}
        name, url = self.name.strip(), self.url.strip()
        if not name:
            errors["name"] = ["Name is required"]
        elif len(name) > 100 or not text.is_storable(name):
            errors["name"] = ["Name must have at most 100 characters that can be stored."]
        if problem := outgoing.wrong_address(url):
            errors["url"] = [problem]
        unknown = [one for one in self.sections or () if one not in registry.by_name()]
        if unknown or self.sections == ():
            errors["sections"] = ["Choose at least one section, or all of them."]
        if errors:
            raise Invalid(fields=errors)
        chosen = None if self.sections is None else list(self.sections)
        return {"name": name, "url": url, "sections": chosen, "is_active": self.is_active}


def create(actor: Actor, settings: Settings) -> int:
    """A new webhook; its number."""
    require(actor)
    values = settings.checked()
    if db.session.execute(select(func.count()).select_from(Webhook)).scalar_one() >= WEBHOOKS_MOST:
        raise Conflict(f"There are {WEBHOOKS_MOST} webhooks already. Delete one that is not used any more.")
    own = {"salt": secrets.token_hex(16), "created_at": clock.now(), "created_by": actor.id}
    result: Any = db.session.execute(insert(Webhook).values(**values, **own))
    return int(result.inserted_primary_key[0])


def change(actor: Actor, webhook_id: int, settings: Settings, *, new_secret: bool = False) -> None:
    """Change a webhook; with a new secret, the former one signs nothing any more."""
    webhook, values = find(actor, webhook_id), settings.checked()
    values |= {"salt": secrets.token_hex(16)} if new_secret else {}
    statement = update(Webhook).where(Webhook.id == webhook.id).values(values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def remove(actor: Actor, webhook_id: int) -> None:
    """Delete a webhook with what it has not been told yet."""
    webhook = find(actor, webhook_id)
    db.session.execute(select(Webhook.id).where(Webhook.id == webhook.id).with_for_update())
    for statement in (
        delete(Delivery).where(Delivery.webhook_id == webhook.id), delete(Webhook).where(Webhook.id == webhook.id)
    ):  # fmt: skip
        db.session.execute(statement.execution_options(synchronize_session=False))


def find(actor: Actor, webhook_id: int) -> Webhook:
    """A webhook, for those who may set one up."""
    require(actor)
    webhook = db.session.get(Webhook, webhook_id, populate_existing=True) if 0 < webhook_id <= ID_MOST else None
    if webhook is None:
        raise NotFound
    return webhook


def listed(actor: Actor) -> Sequence[Webhook]:
    """Every webhook."""
    require(actor)
    return db.session.execute(select(Webhook).order_by(Webhook.name, Webhook.id)).scalars().all()


def log_of(webhook: Webhook, *, before: int | None = None) -> Sequence[Delivery]:
    """Its last messages, newest first."""
    query = select(Delivery).where(Delivery.webhook_id == webhook.id).order_by(Delivery.id.desc()).limit(LOGGED)
    if before is not None:
        query = query.where(Delivery.id < before)
    return db.session.execute(query.execution_options(populate_existing=True)).scalars().all()


def secret_of(webhook: Webhook) -> str:
    """What signs its messages, as the other side is told it."""
    key = current_app.config["SECRET_KEY"].encode()
    made = hmac.new(key, f"webhook:{webhook.id}:{webhook.salt}".encode(), hashlib.sha256).digest()
    return f"whsec_{base64.b64encode(made).decode()}"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of ``webhook-signature``."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def ping(actor: Actor, webhook_id: int) -> Delivery:
    """Send a message that means nothing, now, and keep how it went in the log."""
    with atomic():
        webhook = find(actor, webhook_id)
        now = clock.now()
        values = {
            "webhook_id": webhook.id, "event": PING, "state": QUEUED, "created_at": now,
            # Held from the beginning: no worker takes it away from whoever waits for what comes of it.
            "attempts": 1, "tried_at": now, "next_at": now + HELD,
            "message": {"event": PING, "at": clock.isoformat(now), "actor": actor.id},
        }  # fmt: skip
        result: Any = db.session.execute(insert(Delivery).values(values))
        number = int(result.inserted_primary_key[0])
        held = _Held(number, PING, 1, values["message"])
        target = _Target(webhook.url, secret_of(webhook), is_active=True)
    _record(held, outgoing.post(target.url, *_signed(held, target)), is_last=True)
    found = db.session.get(Delivery, number, populate_existing=True)
    assert found is not None  # noqa: S101 - just written
    return found


def again(actor: Actor, webhook_id: int, delivery_id: int) -> None:
    """Try a message once more from the beginning."""
    webhook = find(actor, webhook_id)
    if not 0 < delivery_id <= ID_MOST:
        raise NotFound
    here = (Delivery.id == delivery_id, Delivery.webhook_id == webhook.id, Delivery.state != QUEUED)
    values = {"state": QUEUED, "attempts": 0, "next_at": clock.now()}
    result: Any = db.session.execute(
        update(Delivery).where(*here).values(values).execution_options(synchronize_session=False)
    )
    if not result.rowcount:
        raise NotFound


def due(limit: int = 20) -> list[int]:
    """Messages that wait to be sent."""
    query = select(Delivery.id).where(Delivery.state == QUEUED, Delivery.next_at <= clock.now())
    return list(db.session.execute(query.order_by(Delivery.next_at, Delivery.id).limit(limit)).scalars())


def next_of_each(busy: Collection[int]) -> list[tuple[int, int]]:
    """The message that waits longest, and its webhook, for each that is not being told already."""
    first = select(func.min(Delivery.id)).where(Delivery.state == QUEUED, Delivery.next_at <= clock.now())
    if busy:
        first = first.where(Delivery.webhook_id.not_in(busy))
    return [
        (row.id, row.webhook_id)
        for row in db.session.execute(
            select(Delivery.id, Delivery.webhook_id).where(Delivery.id.in_(first.group_by(Delivery.webhook_id)))
        )
    ]


def deliver(delivery_id: int) -> None:
    """Send one message, unless somebody else has it. No transaction is open while the other side answers."""
    claimed = _claim(delivery_id)
    if claimed is None:
        return
    delivery, webhook = claimed
    is_last = delivery.event == PING  # whoever tests looks at what comes of it now
    if not webhook.is_active and delivery.event != PING:
        outcome = outgoing.Outcome(error="The webhook was switched off.")
        is_last = True
    else:
        outcome = outgoing.post(webhook.url, *_signed(delivery, webhook))
    _record(delivery, outcome, is_last=is_last)


@dataclass(frozen=True)
class _Held:
    """A message in the hands of this worker."""

    id: int
    event: str
    attempts: int
    message: Any


@dataclass(frozen=True)
class _Target:
    """Where it goes."""

    url: str
    secret: str
    is_active: bool


def _claim(delivery_id: int) -> tuple[_Held, _Target] | None:
    now = clock.now()
    with atomic():
        free = (Delivery.id == delivery_id, Delivery.state == QUEUED, Delivery.next_at <= now)
        values = {"next_at": now + HELD, "attempts": Delivery.attempts + 1, "tried_at": now}
        result: Any = db.session.execute(
            update(Delivery).where(*free).values(values).execution_options(synchronize_session=False)
        )
        if result.rowcount != 1:
            return None
        row = db.session.get(Delivery, delivery_id, populate_existing=True)
        assert row is not None  # noqa: S101 - just claimed
        webhook = db.session.get(Webhook, row.webhook_id, populate_existing=True)
        assert webhook is not None  # noqa: S101 - deliveries go with their webhook
        held = _Held(row.id, row.event, row.attempts, row.message)
        return held, _Target(webhook.url, secret_of(webhook), webhook.is_active)


def _signed(delivery: _Held, webhook: _Target) -> tuple[bytes, dict[str, str]]:
    message_id, now = f"msg_{delivery.id}", int(time.time())
    body = json.dumps({"id": message_id, **delivery.message}, ensure_ascii=False, separators=(",", ":")).encode()
    return body, {
        "Content-Type": "application/json", "User-Agent": "Admin-Site", "webhook-id": message_id,
        "webhook-timestamp": str(now), "webhook-signature": signature(webhook.secret, message_id, now, body),
    }  # fmt: skip


def _record(delivery: _Held, outcome: outgoing.Outcome, *, is_last: bool) -> None:
    values: dict[str, Any] = {"status": outcome.status, "error": outcome.error[:300], "took_ms": outcome.took_ms}
    if outcome.is_taken:
        values["state"] = SENT
    elif is_last or delivery.attempts > len(WAITS):
        values["state"] = FAILED
    else:
        values["next_at"] = clock.now() + WAITS[delivery.attempts - 1]
    with atomic():
        # Whoever took too long finds that another worker has tried since, and says nothing.
        here = (Delivery.id == delivery.id, Delivery.attempts == delivery.attempts, Delivery.state == QUEUED)
        db.session.execute(update(Delivery).where(*here).values(values).execution_options(synchronize_session=False))


def failing(webhooks: Sequence[Webhook]) -> set[int]:
    """Those whose last message was not taken."""
    ids = [webhook.id for webhook in webhooks]
    tried = or_(Delivery.status.is_not(None), Delivery.error != "")
    last = select(func.max(Delivery.id)).where(Delivery.webhook_id.in_(ids), tried).group_by(Delivery.webhook_id)
    query = select(Delivery.webhook_id).where(Delivery.id.in_(last), Delivery.state != SENT)
    return set(db.session.execute(query).scalars())
