"""Calls to other servers: only to public addresses unless a host is allowed by name, never redirected.

The address that was looked at is the one that is connected to, so a name that answers differently the second
time gains nothing.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from flask import current_app

SECONDS = 10.0
ANSWER_READ = 300
URL_LENGTH = 1000
PORTS = {"http": 80, "https": 443}
# What IPv6 calls global; other ranges lead to this machine, its networks, or carry something else inside.
_GLOBAL = ipaddress.ip_network("2000::/3")
# Carries an IPv4 address inside, which is the one that counts.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Outcome:
    """How a call went: what was answered, or why nothing was."""

    status: int | None = None
    error: str = ""
    took_ms: int | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the other side has the message."""
        return self.status is not None and 200 <= self.status < 300


def wrong_address(url: str) -> str:
    """What is wrong with an address, in one sentence; empty where it will do as far as it says."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "This is no address."
    if len(url) > URL_LENGTH or not url.isascii() or any(char.isspace() or char < " " for char in url):
        return f"An address has at most {URL_LENGTH} ASCII characters, and no blanks."
    if parts.scheme not in PORTS or not host or port == 0:
        return "An address is like https://example.org/hook."
    if parts.username is not None or parts.password is not None:
        return "An address must hold no name and no password."
    if _is_allowed(host):
        return ""
    if parts.scheme != "https":
        return "Only https is sent to, unless the host is allowed by name."
    try:
        return "" if is_public(ipaddress.ip_address(host)) else NOT_PUBLIC
    except ValueError:  # a name; what it stands for is looked up when it is sent to
        return ""


NOT_PUBLIC = "This address is not public; the operator can allow its host by name."


def _is_allowed(host: str) -> bool:
    """Whether the operator named this host: then it may be private, and plain."""
    return host.lower() in {name.lower() for name in current_app.config["WEBHOOK_ALLOWED_HOSTS"]}


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address belongs to the internet, not to this machine or its networks."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        return address in _GLOBAL and address.is_global
    return address.is_global and not address.is_multicast


def post(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Send a body; whatever goes wrong is an outcome, not an error."""
    if problem := wrong_address(url):
        return Outcome(error=problem)
    began = time.monotonic()
    try:
        status, said = _send(urlsplit(url), body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(error=_in_words(error), took_ms=_since(began))
    refused = "" if 200 <= status < 300 else f"It answered {status}. {said}".strip()
    return Outcome(status, refused, _since(began))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _in_words(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"It did not answer within {SECONDS:g} seconds."
    if isinstance(error, socket.gaierror):
        return "Its name is not known."
    if isinstance(error, ssl.SSLError):
        return f"Its certificate is not trusted: {error.reason or 'TLS failed'}."
    return f"It could not be reached: {type(error).__name__}."


def _send(parts: SplitResult, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    connection.sock = _connected(host, port, is_secret=parts.scheme == "https")
    watch = _Watch(connection.sock)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        watch.check()  # headers that were cut off look like their end
        with contextlib.suppress(OSError, http.client.HTTPException):  # what was said beside the status is only told
            return answer.status, _told(answer.read(ANSWER_READ))
        return answer.status, ""
    except (OSError, http.client.HTTPException):
        watch.check()
        raise
    finally:
        watch.end()
        connection.close()


def _told(said: bytes) -> str:
    text = "".join(char if char.isprintable() else " " for char in said.decode("utf-8", "replace"))
    return " ".join(text.split())[:200]


class _Watch:
    """Cuts a connection after a while: each part of an answer may take its time, all of them together may not."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection, self.is_cut = connection, threading.Event()
        self.timer = threading.Timer(SECONDS, self._cut)
        self.timer.start()

    def _cut(self) -> None:
        self.is_cut.set()
        with contextlib.suppress(OSError):  # it may have ended just now
            self.connection.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """``TimeoutError`` where the connection was cut."""
        if self.is_cut.is_set():
            raise TimeoutError

    def end(self) -> None:
        """Nothing is to be cut any more."""
        self.timer.cancel()


def _connected(host: str, port: int, *, is_secret: bool) -> socket.socket:
    """A connection to the very address that was found to be public."""
    address = _address_of(host, port)
    plain = socket.create_connection((address, port), timeout=SECONDS)
    if not is_secret:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _address_of(host: str, port: int) -> str:
    found = _looked_up(host, port)
    if not _is_allowed(host) and not all(is_public(ipaddress.ip_address(one.partition("%")[0])) for one in found):
        raise PermissionError(NOT_PUBLIC)
    return found[0]


def _looked_up(host: str, port: int) -> list[str]:
    """The addresses of a name. The system's own look-up knows no limit of time, so it is left alone after ours."""
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result([str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer.result(timeout=SECONDS)
