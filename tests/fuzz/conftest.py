"""The site that is sent what its document says, and the line of numbers at the end."""

import os
import random

import pytest

if "FUZZ_REQUESTS" in os.environ:  # the long run: other calls each time, the same seed for all its processes
    os.environ.setdefault("FUZZ_SEED", str(random.randrange(10**6)))

from tests.fuzz import harness


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    found = harness.Site(tmp_path_factory.mktemp("site"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def document(site):
    return site.document()


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    sent = sum(dict(report.user_properties).get("sent", 0) for report in reports if report.when == "call")
    if sent:
        terminalreporter.write_line(f"{sent} calls sent by the document (FUZZ_SEED={harness.SEED})")
