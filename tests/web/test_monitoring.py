"""What an error tracker is told, and what it is not."""

import gzip
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from admin_site import ROOT

SCRIPT = """
import sys
from admin_site import create_app

app = create_app({"APP_CONFIG": "development", "DATABASE_URL": "sqlite://", "SENTRY_DSN": sys.argv[1]},
                 instance_path=sys.argv[2])
app.config["PROPAGATE_EXCEPTIONS"] = False
app.config["WTF_CSRF_CHECK_DEFAULT"] = False

@app.post("/broken/<name>")
def broken(name):
    from flask import request
    typed = request.form["password"]
    raise ZeroDivisionError("nobody expected this")

answer = app.test_client().post("/broken/7?q=whispered", data={"password": "typed secret"},
                                headers={"Cookie": "session=cookie-secret", "Authorization": "Bearer token-secret"})
print(answer.status_code, "sentry_sdk" in sys.modules)
if "sentry_sdk" in sys.modules:
    import sentry_sdk
    sentry_sdk.flush(10)
"""


class Tracker(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_given):
        """Nothing."""


@pytest.fixture
def tracker():
    with HTTPServer(("127.0.0.1", 0), Tracker) as server:
        server.told = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def run(dsn, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, dsn, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_an_unexpected_error_is_told_without_what_people_typed(tracker, tmp_path):
    assert run(f"http://key@127.0.0.1:{tracker.server_port}/1", tmp_path) == ["500", "True"]
    lines = [json.loads(line) for body in tracker.told for line in body.splitlines() if line.startswith(b"{")]
    (event,) = [line for line in lines if "exception" in line]
    assert event["exception"]["values"][-1]["type"] == "ZeroDivisionError"
    assert (event["request"]["method"], event["request"]["url"]) == ("POST", "http://localhost/broken/7")
    everything = b"".join(tracker.told)
    for secret in (b"typed secret", b"cookie-secret", b"token-secret", b"whispered"):
        assert secret not in everything


def test_without_an_address_nothing_is_loaded(tmp_path):
    assert run("", tmp_path) == ["500", "False"]
