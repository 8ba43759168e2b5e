"""A browser without a window. Every page it fetches is checked for what every page must have."""

from collections.abc import Callable
from contextvars import Context
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from admin_site.accounts import sessions
from admin_site.core.database import db
from admin_site.core.transactions import atomic

RAW_TOKEN = "0123456789abcdef" * 2


class Client:
    """``get`` and ``post`` of one person; ``page`` gives the parsed answer."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.http = app.test_client()
        self.token = ""

    def sign_in(self, actor: Any, *, keep: bool = False) -> "Client":
        with atomic():
            person = sessions.start(actor, keep=keep, address="127.0.0.1", agent="tests")
        self.set_session(_user_id=person.session_token, _fresh=True)
        return self

    def set_session(self, **values: Any) -> None:
        with self.http.session_transaction() as session:
            session.update(values)
            session["csrf_token"] = RAW_TOKEN
        secret = self.app.config["SECRET_KEY"]
        self.token = URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(RAW_TOKEN)

    def get(self, path: str, **more: Any) -> TestResponse:
        response = self._send(self.http.get, path, **more)
        if response.mimetype == "text/html":
            check_page(response)
        return response

    def post(self, path: str, data: Any = None, **more: Any) -> TestResponse:
        if not self.token:
            self.set_session()
        if isinstance(data, dict) or data is None:
            data = {"csrf_token": self.token} | (data or {})
        response = self._send(self.http.post, path, data=data, **more)
        if response.mimetype == "text/html" and response.status_code not in (301, 302, 303):
            check_page(response)
        return response

    def _send(self, send: Callable[..., TestResponse], *args: Any, **more: Any) -> TestResponse:
        """In a context of its own, as a server does: nothing of the test or of an earlier request leaks in."""
        db.session.rollback()
        response = Context().run(send, *args, **more)
        db.session.rollback()
        return response

    def page(self, path: str, status: int = 200) -> BeautifulSoup:
        response = self.get(path)
        assert response.status_code == status, f"{path}: {response.status_code}"
        return soup(response)


def soup(response: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(response.text, "lxml")


def filled(page: BeautifulSoup, selector: str) -> dict[str, list[str]]:
    """What a browser would send of a form as it stands."""
    found: dict[str, list[str]] = {}
    for control in page.select_one(selector).select("input[name], select[name], textarea[name]"):
        if control.get("type") in ("checkbox", "radio") and not control.has_attr("checked"):
            continue
        value = control.get("value", "")
        if control.name == "select":
            chosen = control.select_one("option[selected]") or control.select_one("option")
            value = chosen.get("value", chosen.text) if chosen else ""
        elif control.name == "textarea":
            value = control.text.removeprefix("\n")
        found.setdefault(control["name"], []).append(value)
    return found


def check_page(response: TestResponse) -> None:
    """Title, one h1, language, labels, no duplicate ids, a CSRF field in every form that posts."""
    page = soup(response)
    assert page.title is not None, "no title"
    assert page.title.text.strip(" ·") != "Admin Site", "the title says nothing"
    assert page.html is not None
    assert page.html.get("lang"), "no language"
    headings = page.select("h1")
    assert len(headings) == 1, f"{len(headings)} h1"
    ids = [element["id"] for element in page.select("[id]")]
    twice = {name for name in ids if ids.count(name) > 1}
    assert not twice, f"ids that stand twice: {twice}"
    for form in page.select("form[method=post]"):
        assert form.select_one("input[name=csrf_token][value]"), "a form without a CSRF field"
    for control in page.select("input:not([type=hidden]), select, textarea"):
        assert _is_labelled(page, control), f"no label: {control}"
    for reference in page.select("[aria-describedby]"):
        for name in str(reference["aria-describedby"]).split():
            assert name in ids, f"described by {name}, which is not there"
    for element in page.select("[style], [onclick], [onchange], [onsubmit]"):
        raise AssertionError(f"inline style or handler: {element}")


def _is_labelled(page: BeautifulSoup, control: Any) -> bool:
    if control.get("aria-label") or control.find_parent("label"):
        return True
    return bool(control.get("id") and page.select_one(f'label[for="{control["id"]}"]'))
