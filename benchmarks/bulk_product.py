"""The product's bulk edit of every post, as its worker does it, and the undoing of it."""

import json
import os
import resource
import time
from typing import Any

import psycopg
from werkzeug.datastructures import MultiDict

from admin_site import create_app
from admin_site.accounts.actor import SYSTEM
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.jobs import board, bulk, runner, undo
from admin_site.records import selection
from admin_site.records.list_query import ListQuery

EDITS = {"status": ("set", "review"), "title": ("set", "One title for all")}


def main() -> None:
    """A choice field, then a text field that is searched; each undone, and set again."""
    found: dict[str, float] = {}
    with create_app().app_context():
        section = registry.get("posts")
        everything = ListQuery.from_args(section, MultiDict(), SYSTEM)
        for name in os.environ.get("BENCH_BULK_FIELDS", "status,title").split(","):
            sent = EDITS[name]
            memory = _memory()
            chosen = selection.of_list(SYSTEM, everything)
            job = _work(found, f"edit of {name}", bulk.begin, bulk.Bulk(chosen, "edit", {name: sent}))
            _work(found, f"undo of {name}", undo.begin, job)
            _work(found, f"edit of {name} again", bulk.begin, bulk.Bulk(chosen, "edit", {name: sent}))
            found[f"memory grown by {name}"] = (_memory() - memory) / 1024
    print(json.dumps(found))


def _work(found: dict[str, float], name: str, begin: Any, what: Any) -> int:
    """Begin a job and work it; returns its change set."""
    with atomic():
        number = begin(SYSTEM, what, source="cli")
    db.session.remove()
    _settle()
    began = time.monotonic()
    runner.run(number)
    found[name] = time.monotonic() - began
    job = board.find(SYSTEM, number)
    assert job.state == "done", job.message
    assert job.change_set_id is not None
    return int(job.change_set_id)


def _settle() -> None:
    """Leave the tables as they are found between two deeds of a day: what the last one left is cleared away."""
    url = db.engine.url
    if url.get_backend_name() == "postgresql":
        with psycopg.connect(url.set(drivername="postgresql").render_as_string(False), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _memory() -> float:
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
