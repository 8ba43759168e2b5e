"""A bulk edit of all posts, kept in history and search and undone, beside a bare UPDATE and Django's.

``python -m benchmarks.bulk``: wall seconds, all in turn in one run, ratios to Django's ``queryset.update``.
"""

import json
import os
import statistics
import subprocess
from collections import defaultdict
from pathlib import Path

from benchmarks import data, environments
from benchmarks.settings import DATABASES, FOLDER, ROOT

ROWS = int(os.environ.get("BENCH_BULK_ROWS", "100000"))
ROUNDS = int(os.environ.get("BENCH_BULK_ROUNDS", "3"))


def main() -> None:
    """Measure each kind of database."""
    for kind in DATABASES:
        database = data.Database(kind, ROWS)
        data.prepare(database)
        found: dict[str, list[float]] = defaultdict(list)
        for _ in range(ROUNDS):
            with data.copied(database) as copy:
                for site in ("django_admin", "product"):
                    for name, value in _measure(site, copy).items():
                        found[name].append(value)
        _report(kind, {name: statistics.median(values) for name, values in found.items()})


def _measure(site: str, database: data.Database) -> dict[str, float]:
    """Run one site's script in its environment; it prints seconds by name."""
    environment = os.environ | {
        "DATABASE_URL": database.url, "APP_CONFIG": "development", "RIVAL_FOLDER": str(FOLDER),
        "RIVAL_PASSWORD": "bench", "SECRET_KEY": "for the benchmark only " * 2,
    }  # fmt: skip
    command = [str(environments.python_of(site)), "-m", f"benchmarks.bulk_{site}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{site}: {done.stderr[-2000:]}")
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def _report(kind: str, found: dict[str, float]) -> None:
    base = found["django update"]
    print(f"\n{kind}, {ROWS:,} posts, medians of {ROUNDS}")
    for name, value in found.items():
        is_memory = name.startswith("memory")
        print(f"  {name:<34}{value:>9.2f} {'MB' if is_memory else f's   {value / base:>5.1f} x'}")
    kept = FOLDER / "results"
    kept.mkdir(parents=True, exist_ok=True)
    Path(kept / f"bulk-{kind}-{ROWS}.json").write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
