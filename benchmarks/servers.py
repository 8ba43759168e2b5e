"""Servers of their own process, and what they cost: processor time of all their threads, memory."""

import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.client import Browser
from benchmarks.data import Database
from benchmarks.settings import FOLDER, ROOT

START_SECONDS = 60
# After an answer the server may still tidy up; then it sleeps.
SETTLE_SECONDS = 0.004
TIDY_SECONDS = 0.0005


@dataclass
class Server:
    """One running site."""

    name: str
    database: Database
    process: "subprocess.Popen[bytes]"
    port: int
    pids: list[int] = field(default_factory=list)

    @property
    def label(self) -> str:
        """How PostgreSQL calls its connections."""
        return f"bench-{self.name}"[:60]

    def find_processes(self) -> None:
        """Note the processes that belong to it, its connections to PostgreSQL among them."""
        self.pids = _descendants(self.process.pid) + (_backends(self) if self.database.kind == "postgresql" else [])

    def cpu(self) -> float:
        """Milliseconds that all its threads and connections have been running."""
        return sum(_cpu(pid) for pid in self.pids)

    def awake_cpu(self) -> float:
        """The same a moment after an answer, before its processor has cooled down."""
        until = time.perf_counter() + TIDY_SECONDS
        while time.perf_counter() < until:
            pass
        return self.cpu()

    def settled_cpu(self) -> float:
        """The same, once it has fallen asleep."""
        time.sleep(SETTLE_SECONDS)
        before = self.cpu()
        for _try in range(50):
            time.sleep(SETTLE_SECONDS / 4)
            after = self.cpu()
            if after - before < 0.01:
                return after
            before = after
        return before

    def workers(self) -> list[int]:
        """Its own processes, without those of the database."""
        return _descendants(self.process.pid)

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(name: str, database: Database, python: Path, words: Sequence[str], environment: Mapping[str, str]) -> Server:
    """Start a site and wait until it answers; ``{port}`` in its command becomes a free one."""
    port = _free_port()
    log = FOLDER / "logs" / f"{name}-{database.kind}-{database.rows}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", *(word.replace("{port}", str(port)) for word in words)]
    given = os.environ | {"PYTHONPATH": str(ROOT), "DATABASE_URL": database.url, **environment}
    given["PGAPPNAME"] = f"bench-{name}"[:60]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=file, stderr=file)
    server = Server(name, database, process, port)
    try:
        _wait(server)
    except TimeoutError:
        server.stop()
        raise RuntimeError(f"{name} does not start: {log.read_text()[-1500:]}") from None
    return server


def _wait(server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.process.poll() is None:
        try:
            Browser(server.port).get("/")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def _backends(server: Server) -> list[int]:
    with psycopg.connect(server.database.url) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
        return [pid for (pid,) in connection.execute(query, (server.label,))]


def _cpu(pid: int) -> float:
    # The clock of another process: all its threads, to the nanosecond. See clock_getcpuclockid(3).
    try:
        return time.clock_gettime((~pid << 3) | 2) * 1000
    except OSError:
        return 0.0


def memory(pids: Sequence[int], name: str) -> float:
    """Megabytes: ``VmRSS`` as it is, ``VmHWM`` at its most since ``forget_peak``."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
    return total / 1024


def forget_peak(pids: Sequence[int]) -> None:
    """Let ``VmHWM`` begin anew."""
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
