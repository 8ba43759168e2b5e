"""What the server refuses before the site sees it."""

import http.client
import json
import socket
import threading
from contextlib import suppress

import pytest
from waitress.channel import HTTPChannel
from waitress.server import create_server

from admin_site.cli.server import Refusal

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def port(app, monkeypatch):
    """A server that takes bodies of up to a hundred bytes."""
    monkeypatch.setattr(HTTPChannel, "error_task_class", Refusal)
    server = create_server(
        app, listen="127.0.0.1:0", max_request_body_size=100, max_request_header_size=2_000, ident=None
    )

    def serve():
        with suppress(OSError):  # its sockets are closed while it waits for them
            server.run()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(5)


def asked(port, method, path, body=b"", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_a_body_that_is_too_large_is_refused_as_the_site_does(port):
    status, kind, said = asked(port, "POST", "/api/notes", b"x" * 200)
    assert (status, kind) == (413, "application/json")
    found = json.loads(said)
    assert (found["code"], set(found)) == ("too_large", {"error", "code", "request_id"})
    status, kind, said = asked(port, "POST", "/admin/notes/new", b"x" * 200)
    assert (status, kind) == (413, "text/plain; charset=utf-8")
    assert said.startswith("That is too large.")
    assert "waitress" not in said


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\nHost: x\r\nLong: " + b"y" * 3_000 + b"\r\n\r\n", b"nonsense\r\n\r\n", b"\0\r\n\r\n"]
)
def test_what_is_no_request_is_answered(port, sent):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        answer = b""
        while piece := connection.recv(4_096):
            answer += piece
    assert answer.split(b" ")[1] in (b"400", b"431")
    assert b"waitress" not in answer
