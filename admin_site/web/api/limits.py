"""How many calls a minute a token may make: counted in Redis where that is set, else in this process."""

import logging
import math
import time
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from admin_site.core.errors import Busy

logger = logging.getLogger(__name__)

# A Redis that does not answer is not asked again for so long; meanwhile each process counts by itself.
AWAY_SECONDS = 30.0
REDIS_TIMEOUT_SECONDS = 0.5


@dataclass
class Counters:
    """Where calls are counted, and what stands in for it while it is away."""

    shared: Storage | None
    own: Storage = field(default_factory=MemoryStorage)
    away_until: float = 0.0


def init_app(app: Flask) -> None:
    """Open the counters of this application."""
    url = app.config["REDIS_URL"]
    options: dict[str, Any] = {"socket_timeout": REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": REDIS_TIMEOUT_SECONDS}
    shared = RedisStorage(url, wrap_exceptions=True, **options) if url else None
    app.extensions["api limits"] = Counters(shared)


def count(token_id: int) -> None:
    """Note one more call of a token; ``Busy`` (429) says when to come again."""
    limit = current_app.config["API_RATE_LIMIT"]
    if not limit:
        return
    counters: Counters = current_app.extensions["api limits"]
    item = RateLimitItemPerMinute(limit)
    if counters.shared is not None and time.monotonic() > counters.away_until:
        try:
            _hit(counters.shared, item, token_id)
        except StorageError as error:
            counters.away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("calls are counted in this process: Redis does not answer (%s)", error.storage_error)
        else:
            return
    _hit(counters.own, item, token_id)


def _hit(storage: Storage, item: RateLimitItemPerMinute, token_id: int) -> None:
    limiter = FixedWindowRateLimiter(storage)
    if limiter.hit(item, "api", str(token_id)):
        return
    wait = max(1, math.ceil(limiter.get_window_stats(item, "api", str(token_id)).reset_time - time.time()))
    raise Busy(f"Too many calls: {item.amount} a minute. Try again in {wait} seconds.", retry_after=wait, status=429)
