"""What staff feel while a bulk edit runs: wall milliseconds of lists and saves, idle and meanwhile.

``python -m benchmarks.meanwhile``: the site answers, a worker beside it edits every post and undoes that.
"""

import json
import math
import os
import subprocess
import time
from collections.abc import Callable, Sequence

from benchmarks import bulk, data, environments, sites
from benchmarks.settings import DATABASES, FOLDER, ROOT

IDLE_SECONDS = 20.0
# Staff read more than they save.
LISTS_A_SAVE = 4
PAUSE_SECONDS = 0.02


def main() -> None:
    """Measure each kind of database."""
    for kind in DATABASES:
        database = data.Database(kind, bulk.ROWS)
        data.prepare(database)
        with data.copied(database) as copy:
            _report(kind, *_measure(copy))


Times = dict[str, list[float]]


def _measure(database: data.Database) -> tuple[Times, Times, dict[str, float]]:
    guest = sites.OURS.start(database)
    try:
        until = time.monotonic() + IDLE_SECONDS
        idle = _felt(guest, lambda: time.monotonic() < until)
        with _worker(database) as worker:
            busy = _felt(guest, lambda: worker.poll() is None)
            said = json.loads(str(worker.communicate()[0]).splitlines()[-1])
    finally:
        guest.server.stop()
    return idle, busy, said


def _worker(database: data.Database) -> "subprocess.Popen[str]":
    environment = os.environ | {
        "DATABASE_URL": database.url, "APP_CONFIG": "development", "RIVAL_FOLDER": str(FOLDER),
        "SECRET_KEY": "for the benchmark only " * 2, "BENCH_BULK_FIELDS": "status",
    }  # fmt: skip
    command = [str(environments.python_of("product")), "-m", "benchmarks.bulk_product"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def _felt(guest: sites.Guest, is_going_on: Callable[[], bool]) -> Times:
    """How long each page took, for as long as it goes on."""
    found: Times = {sites.LIST: [], sites.SAVE: []}
    while is_going_on():
        for page in (*[sites.LIST] * LISTS_A_SAVE, sites.SAVE):
            ask = guest.asker(page)
            began = time.perf_counter()
            answer = ask()
            found[page].append((time.perf_counter() - began) * 1000)
            if answer.status >= 400:
                raise SystemExit(f"{page} was answered with {answer.status}")
            time.sleep(PAUSE_SECONDS)
    return found


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[math.ceil(len(times) * 0.95) - 1]


def _report(kind: str, idle: Times, busy: Times, said: dict[str, float]) -> None:
    print(f"\n{kind}, {bulk.ROWS:,} posts, while their status is edited and put back")
    for page in (sites.LIST, sites.SAVE):
        was, became = _p95(idle[page]), _p95(busy[page])
        print(
            f"  {page:<6} p95 idle {was:7.1f} ms, meanwhile {became:7.1f} ms ({became / was:.2f} x),"
            f" longest {max(busy[page]):7.1f} ms, {len(busy[page])} asked"
        )
    for name, value in said.items():
        print(f"  {name:<34}{value:>9.2f} {'MB' if name.startswith('memory') else 's'}")


if __name__ == "__main__":
    main()
