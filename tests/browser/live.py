"""The application on a free port of this machine, served by a thread as ``manage.py serve`` serves it."""

import threading
from datetime import timedelta
from typing import Any

import waitress
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from waitress import wasyncore

from admin_site.accounts import invitations, sessions
from admin_site.accounts.actor import SYSTEM, Actor
from admin_site.accounts.models import LoginSession
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import trash, writes
from tests import factories
from tests.cast import make_user

THREADS = 4


class Site:
    """A served application, and a way to write into its database beside it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._sockets: dict[int, Any] = {}
        self._server = waitress.create_server(app, map=self._sockets, host="127.0.0.1", port=0, threads=THREADS)
        self.url = f"http://127.0.0.1:{self._server.effective_port}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="live site")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets, ignore_all=True)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=0.05, map=self._sockets, count=1)

    def make(self, section: str, actor: Actor = SYSTEM, **values: Any) -> int:
        with self.app.app_context():
            return factories.make(section, actor, **values)

    def change(self, section: str, number: int, **values: Any) -> None:
        """Change a row."""
        with self.app.app_context(), atomic():
            writes.update(SYSTEM, registry.get(section), number, values)

    def trash(self, section: str, number: int) -> None:
        with self.app.app_context(), atomic():
            trash.trash(SYSTEM, registry.get(section), number)

    def person(self, name: str, *roles: str) -> Actor:
        with self.app.app_context():
            return make_user(name, *roles)

    def cookie(self, actor: Actor) -> str:
        """The session cookie of somebody who has just signed in."""
        with self.app.app_context(), atomic():
            person = sessions.start(actor, keep=False, address="127.0.0.1", agent="tests")
        serializer = SecureCookieSessionInterface().get_signing_serializer(self.app)
        assert serializer is not None
        return str(serializer.dumps({"_user_id": person.session_token, "_fresh": True}))

    def leave_idle(self, actor: Actor, minutes: int) -> None:
        """As if the person had not opened a page for so long."""
        then = clock.now() - timedelta(minutes=minutes)
        with self.app.app_context(), atomic():
            query = db.update(LoginSession).where(LoginSession.user_id == actor.id)
            db.session.execute(query.values(last_seen_at=then))

    def invitation(self, actor: Actor) -> str:
        with self.app.app_context():
            return invitations.token_for(actor.id or 0)

    def value(self, section: str, number: int, name: str) -> Any:
        table = registry.get(section).table
        with self.app.app_context():
            return db.session.execute(db.select(table.columns[name]).where(table.columns.id == number)).scalar_one()
