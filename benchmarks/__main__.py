"""The whole benchmark: ``python -m benchmarks``. What can be chosen is in ``benchmarks/README.md``."""

from benchmarks import data, measure, report
from benchmarks.settings import DATABASES, ROWS


def main() -> None:
    """Load what is missing, measure, print a table for each kind of database."""
    for kind in DATABASES:
        databases = [data.Database(kind, rows) for rows in ROWS]
        for database in databases:
            data.prepare(database)
        print(f"Measuring on {kind} …", flush=True)
        figures = measure.measure(databases)
        print(f"\n{report.show(figures)}\n\nKept in {report.keep(figures)}\n", flush=True)


if __name__ == "__main__":
    main()
