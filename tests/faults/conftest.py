"""Fixtures of the fault tests, and the line of numbers at their end."""

import os
import random

import pytest

if "FAULT_KILLS" in os.environ:  # the long run: other moments each time, the same for all its processes
    os.environ.setdefault("FAULT_SEED", str(random.randrange(10**6)))

from tests.faults import harness


@pytest.fixture(scope="module")
def forking(base_app, database, tmp_path_factory):
    found = harness.Driver(database.url, tmp_path_factory.mktemp("driver"))
    yield found
    found.close()


@pytest.fixture
def driver(app, forking):
    """Forks workers that die; counts those of this test."""
    forking.kills = 0
    return forking


@pytest.fixture
def site(app, database, tmp_path):
    found = harness.Site(database.url, tmp_path / "site", app.config["SECRET_KEY"])
    yield found
    found.close()


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    said = [dict(report.user_properties) for report in reports if report.when == "call"]
    kills, jobs = (sum(one.get(name, 0) for one in said) for name in ("kills", "jobs"))
    if kills:
        terminalreporter.write_line(f"{kills} kills, {jobs} jobs ended (FAULT_SEED={harness.SEED})")
