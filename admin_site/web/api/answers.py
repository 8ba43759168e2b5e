"""Answers as JSON, and the promise that a call repeated under an Idempotency-Key is done once."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, request

from admin_site.core.errors import Invalid
from admin_site.core.transactions import atomically
from admin_site.records import idempotency
from admin_site.records.idempotency import KEY_LENGTH, Answer
from admin_site.web.identity import actor

# JSON is no page: nothing in it may load, run or be framed.
POLICY = "default-src 'none'; frame-ancestors 'none'"
KEY_HEADER = "Idempotency-Key"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_KEY = re.compile(r"[!-~]([ -~]*[!-~])?")


def response(body: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer; underscores in the names of headers stand for hyphens."""
    answer = Response(_encode(body), status, mimetype="application/json")
    answer.headers["Content-Security-Policy"] = POLICY
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = value
    return answer


def of(answer: Answer) -> Response:
    """The response for an answer that may be given again."""
    found = response(answer.body, answer.status)
    found.headers.update(answer.headers)
    return found


def once(work: Callable[[], Answer]) -> tuple[Response, bool]:
    """Do the work in one transaction, or give the answer that it had before; whether it was done now."""
    key = named_key()

    def claimed() -> tuple[Answer, bool]:
        if key is not None and (before := idempotency.claim(actor().id, key, _call())) is not None:
            return before, False
        answer = work()
        if key is not None:
            idempotency.keep(actor().id, key, answer)
        return answer, True

    answer, is_new = atomically(claimed)
    response = of(answer)
    if not is_new:
        response.headers["Idempotency-Replayed"] = "true"
    return response, is_new


def named_key() -> str | None:
    """The key of this call; ``Invalid`` where it cannot be one."""
    key = request.headers.get(KEY_HEADER)
    if key is not None and (len(key) > KEY_LENGTH or not _KEY.fullmatch(key)):
        raise Invalid(fields={KEY_HEADER: [f"{KEY_HEADER} must have 1 to {KEY_LENGTH} letters, digits or signs."]})
    return key


def _call() -> str:
    said = f"{request.method} {request.full_path}\n".encode() + request.get_data()
    # With the site's key: a call may hold a password, and a stolen database must not tell which.
    key = f"kept answers {current_app.secret_key!s}".encode()
    return hmac.new(key, said, hashlib.sha256).hexdigest()
