"""A browser as far as it is needed: cookies, forms, one fresh connection for each request."""

import http.client
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Answer:
    """What came back, when its first byte came and when its last."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    first_byte: float
    seconds: float

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode("utf-8", "replace")


@dataclass
class Browser:
    """Somebody at one site."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    # Sent with every request, beside or instead of what browsers send.
    headers: dict[str, str] = field(default_factory=dict)
    secure: bool = False

    def get(self, path: str) -> Answer:
        """A page."""
        return self._ask("GET", path, None, "")

    def post(self, path: str, values: list[tuple[str, str]]) -> Answer:
        """Send a form."""
        return self._ask("POST", path, urlencode(values).encode(), "application/x-www-form-urlencoded")

    def post_json(self, path: str, value: Any) -> Answer:
        """Send what programs send."""
        return self._ask("POST", path, json.dumps(value).encode(), "application/json")

    def _ask(self, method: str, path: str, body: bytes | None, kind: str) -> Answer:
        begun = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        connection.request(method, path, body, self._headers(kind))
        response = connection.getresponse()
        head = response.read(1)
        first_byte = time.perf_counter() - begun
        rest = response.read()
        connection.close()
        self._keep(response.headers.get_all("Set-Cookie") or [])
        return Answer(response.status, dict(response.headers), head + rest, first_byte, time.perf_counter() - begun)

    def _headers(self, kind: str) -> dict[str, str]:
        headers = {"Connection": "close", "Accept": "text/html", "Referer": f"http://127.0.0.1:{self.port}/"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if kind:
            headers["Content-Type"] = kind
        return headers | self.headers

    def _keep(self, cookies: list[str]) -> None:
        for cookie in cookies:
            name, _equals, value = cookie.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value.strip()


class _Controls(HTMLParser):
    """The controls of the form that has a field of a certain name, as a browser would send them."""

    def __init__(self, wanted: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wanted, self.forms = wanted, [[]]  # type: ignore[var-annotated]
        self.select, self.area = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append([])
        elif tag == "select":
            self.select = given.get("name", "")
        elif tag == "option" and self.select and "selected" in given:
            self.forms[-1].append((self.select, given.get("value", "")))
        elif tag == "textarea":
            self.area = given.get("name", "")
            self.forms[-1].append((self.area, ""))
        elif tag == "input":
            self._input(given)

    def _input(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        is_sent = kind not in ("submit", "button", "file", "search") and (
            kind not in ("checkbox", "radio") or "checked" in given
        )
        if is_sent and given.get("name"):
            self.forms[-1].append((given["name"], given.get("value", "on")))

    def handle_endtag(self, tag: str) -> None:
        self.select = "" if tag == "select" else self.select
        self.area = "" if tag == "textarea" else self.area

    def handle_data(self, data: str) -> None:
        if self.area:
            name, said = self.forms[-1][-1]
            self.forms[-1][-1] = (name, (said + data).removeprefix("\n"))


def form_of(page: str, wanted: str) -> list[tuple[str, str]]:
    """What the form with this field would send."""
    reader = _Controls(wanted)
    reader.feed(page)
    for found in reader.forms:
        if any(name == wanted for name, _value in found):
            return list(found)
    raise LookupError(f"no form with a field {wanted!r}")


def replaced(values: list[tuple[str, str]], **changes: str) -> list[tuple[str, str]]:
    """The same with other values."""
    return [(name, changes.get(name, value)) for name, value in values]


def hrefs(page: str) -> list[str]:
    """The links of a page in their order."""
    return [unescape(href) for href in re.findall(r'href="([^"]*)"', page)]
