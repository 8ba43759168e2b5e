"""A program: one token, JSON in and out, every answer checked for what each must be."""

import json
from collections.abc import Mapping, Sequence
from contextvars import Context
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from admin_site.accounts import tokens
from admin_site.accounts.actor import Actor
from admin_site.core.database import db
from admin_site.core.transactions import atomic


class Program:
    """``get`` and the like of whoever holds a token; without one, of nobody."""

    def __init__(self, app: Flask, secret: str = "") -> None:
        self.app = app
        self.secret = secret

    @classmethod
    def of(cls, app: Flask, actor: Actor, scopes: Sequence[str] | None = None) -> "Program":
        with atomic():
            _number, secret = tokens.create(actor.id or 0, "tests", scopes=scopes)
        return cls(app, secret)

    def send(
        self, method: str, path: str, body: Any = None, *, status: int | None = None,
        headers: Mapping[str, str] | None = None, **more: Any,
    ) -> TestResponse:  # fmt: skip
        """One call in a context of its own, as a server does. ``status`` is what is expected."""
        sent = dict(headers or {})
        if self.secret:
            sent.setdefault("Authorization", f"Bearer {self.secret}")
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        db.session.rollback()
        response = Context().run(self.app.test_client().open, path, method=method, headers=sent, **more)
        db.session.rollback()
        check(response)
        if status is not None:
            assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text[:500]}"
        return response

    def get(self, path: str, *, status: int | None = 200, **more: Any) -> Any:
        return self.send("GET", path, status=status, **more).json

    def post(self, path: str, body: Any = None, *, status: int | None = 201, **more: Any) -> Any:
        return self.send("POST", path, body, status=status, **more).json

    def patch(self, path: str, body: Any, *, status: int | None = 200, **more: Any) -> Any:
        return self.send("PATCH", path, body, status=status, **more).json

    def delete(self, path: str, *, status: int | None = 200, **more: Any) -> Any:
        return self.send("DELETE", path, status=status, **more).json


def check(response: TestResponse) -> None:
    """JSON, and for a failure the contract's shape; nothing answers 422 or 428."""
    assert response.status_code not in (422, 428)
    if response.request.method == "HEAD":
        return
    assert response.mimetype == "application/json", response.mimetype
    if response.status_code >= 400:
        body = response.json
        assert {"error", "code", "request_id"} <= set(body), body
        assert isinstance(body["error"], str), body
        assert body["error"], body
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
    if response.status_code in (429, 503):
        assert int(response.headers["Retry-After"]) >= 1
