"""What may be chosen from outside, by environment variables, and where things are kept."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent

# Databases and environments are kept here between runs; it may be deleted at any time.
FOLDER = Path(os.environ.get("BENCH_DIR") or Path(tempfile.gettempdir()) / "admin-site-bench")


def rows(default: str) -> tuple[int, ...]:
    """The sizes that are asked for, the smallest first."""
    return tuple(sorted({int(number) for number in os.environ.get("BENCH_ROWS", default).split(",")}))


ROWS = rows("10000,100000,1000000")
DATABASES = tuple(os.environ.get("BENCH_DATABASES", "sqlite,postgresql").split(","))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
# A server on which databases named bench_admin_site_… may be created.
POSTGRESQL = os.environ.get("BENCH_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")

# What is slow is asked no longer than this per page, but at least a few times.
SECONDS_A_PAGE = 8.0
TIMES_AT_LEAST = 4
# Windows in which pages are counted, for each site.
THROUGHPUT_SECONDS = 1.5
THROUGHPUT_TURNS = 3
EXPORTS = 3

PER_PAGE = 50
