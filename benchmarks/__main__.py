"""The whole benchmark: ``python -m benchmarks``. What can be chosen is in ``benchmarks/README.md``."""

from benchmarks import data, measure, report, sites
from benchmarks.settings import DATABASES, ROWS


def main() -> None:
    """Load what is missing, measure, print a table for each kind of database."""
    for kind in DATABASES:
        databases = [data.Database(kind, rows) for rows in ROWS]
        for database in databases:
            data.prepare(database)
        print(f"Measuring on {kind} …", flush=True)
        figures = measure.measure(databases)
        lines = list(report.lines(figures))
        kept = report.keep(figures, lines, (sites.OURS, sites.FLOOR, *sites.RIVALS))
        print(f"\n{report.show(figures, lines, report.ALL_RIGHT)}\n\nKept in {kept}\n", flush=True)


if __name__ == "__main__":
    main()
