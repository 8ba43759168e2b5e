"""What pages cost, and how that grows with the table: CPU milliseconds, all asked in turn in one run."""

import os
import statistics
import tempfile
import time
from pathlib import Path

import flask_migrate
from flask import Flask
from sqlalchemy import insert

from admin_site import create_app
from admin_site.accounts import sessions
from admin_site.accounts.actor import SYSTEM, of_email
from admin_site.accounts.models import Role
from admin_site.core import clock, registry, text
from admin_site.core.database import atomic, db
from admin_site.records import writes

SIZES = [10, 10_000, int(os.environ.get("BENCH_ROWS", "100000"))]
ROUNDS = 15
LOT = 5_000
PAGES = {
    "list, page 1": "/admin/notes/",
    "list, sorted by title": "/admin/notes/?sort=title",
    "list, page 100": "/admin/notes/?page=100",
    "search, rare word": "/admin/notes/?q=heliotrope",
    "edit form": "/admin/notes/1/edit",
}


def main() -> None:
    """Print a row for each page: milliseconds by size, and the last size against the first."""
    clients = {size: make_site(size) for size in SIZES}
    found = {(page, size): [] for page in PAGES for size in SIZES}
    for turn in range(ROUNDS + 2):
        for size, (_app, client) in clients.items():
            for page, path in PAGES.items():
                before = time.process_time()
                response = client.get(path)
                spent = (time.process_time() - before) * 1000
                assert response.status_code == 200, (path, response.status_code)
                if turn >= 2:
                    found[page, size].append(spent)
    print(f"{'page':<24}" + "".join(f"{size:>12,}" for size in SIZES) + f"{'growth':>9}")
    for page in PAGES:
        medians = [statistics.median(found[page, size]) for size in SIZES]
        print(f"{page:<24}" + "".join(f"{ms:>12.1f}" for ms in medians) + f"{medians[-1] / medians[0]:>8.2f}x")


def make_site(size: int) -> tuple[Flask, object]:
    """A site with so many notes, and a client in which an editor is signed in."""
    folder = Path(tempfile.mkdtemp(prefix="admin-site-bench-"))
    app = create_app(
        {"APP_CONFIG": "testing", "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}"}, instance_path=str(folder)
    )
    with app.app_context():
        flask_migrate.upgrade(directory=app.extensions["migrate"].directory)
        with atomic():
            role = db.session.query(Role.id).filter_by(name="editor").scalar()
            sent = {"username": "editor", "email": "editor@example.org", "role_ids": [role]}
            number = writes.create(SYSTEM, registry.get("users"), sent)
            for start in range(0, size, LOT):
                rows = [note(place, number) for place in range(start, min(start + LOT, size))]
                db.session.execute(insert(registry.get("notes").table), rows)
            person = sessions.start(of_email("editor@example.org"), keep=False, address="", agent="")
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = person.session_token
    return app, client


def note(place: int, author: int) -> dict[str, object]:
    """A row as the write path would leave it, without its history: what lists read is the same."""
    title = f"Note {place * 7919 % 1_000_003} about {'heliotrope' if place % 3_333 == 5 else 'paper'}"
    content = f"The {place}th thing that somebody wanted to remember. " * 4
    now = clock.now()
    return {
        "title": title, "title_key": text.key(title), "content": content, "content_key": text.fold(content),
        "author_id": author, "version": 1, "live": 1, "created_at": now, "updated_at": now, "created_by": author,
    }  # fmt: skip


if __name__ == "__main__":
    main()
