"""How many calls a minute a token may make: counted in Redis where that is set, else in this process."""

import logging
import math
import threading
import time
from dataclasses import dataclass, field

from flask import Flask, current_app
from redis import Redis, RedisError

from admin_site.core.errors import Busy

logger = logging.getLogger(__name__)

# A Redis that does not answer is not asked again for so long; meanwhile each process counts by itself.
AWAY_SECONDS = 30.0
REDIS_TIMEOUT_SECONDS = 0.5
MINUTE = 60
# So many tokens are remembered in a process before it begins anew.
TOKENS_MOST = 10_000


@dataclass
class Counters:
    """Calls by token since the first one of its minute, here or in Redis."""

    redis: "Redis | None" = None
    away_until: float = 0.0
    # Token to how many there were, and when the first one came.
    own: dict[int, tuple[int, float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, token_id: int) -> tuple[int, float]:
        """One more: how many they are now, and in how many seconds they begin anew."""
        if self.redis is not None and time.monotonic() > self.away_until:
            try:
                return self._in_redis(self.redis, token_id)
            except RedisError as error:
                self.away_until = time.monotonic() + AWAY_SECONDS
                logger.warning("calls are counted in this process: Redis does not answer (%s)", type(error).__name__)
        now = time.time()
        with self.lock:
            calls, began = self.own.get(token_id, (0, now))
            if not began <= now < began + MINUTE:
                calls, began = 0, now
            if len(self.own) >= TOKENS_MOST:
                self.own.clear()
            self.own[token_id] = (calls + 1, began)
        return calls + 1, began + MINUTE - now

    @staticmethod
    def _in_redis(redis: "Redis", token_id: int) -> tuple[int, float]:
        key = f"admin-site:api/{token_id}/"
        with redis.pipeline() as calls:
            calls.set(key, 0, ex=MINUTE, nx=True)
            calls.incr(key)
            calls.ttl(key)
            _new, counted, left = calls.execute()
        return int(counted), float(left)


def init_app(app: Flask) -> None:
    """Open the counters of this application."""
    url = app.config["REDIS_URL"]
    waits = {"socket_timeout": REDIS_TIMEOUT_SECONDS, "socket_connect_timeout": REDIS_TIMEOUT_SECONDS}
    app.extensions["api limits"] = Counters(Redis.from_url(url, **waits) if url else None)


def count(token_id: int) -> None:
    """Note one more call of a token; ``Busy`` (429) says when to come again."""
    limit = current_app.config["API_RATE_LIMIT"]
    if not limit:
        return
    counters: Counters = current_app.extensions["api limits"]
    calls, left = counters.count(token_id)
    if calls > limit:
        wait = max(1, math.ceil(left))
        raise Busy(f"Too many calls: {limit} a minute. Try again in {wait} seconds.", retry_after=wait, status=429)
