"""The floor: the same pages written by hand on the driver. No product can be expected to be faster.

Served by gunicorn as ``benchmarks.floor:app``, with ``DATABASE_URL`` in the environment.
"""

import csv
import io
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Flask, Response, abort, redirect, request, session
from werkzeug.wrappers import Response as Answer

from benchmarks import floor_page
from benchmarks.floor_data import Postgresql, Sqlite

URL = os.environ["DATABASE_URL"]
PER_PAGE = 50
# As the product's: admin_site/records/pins.py.
BAND_LENGTH = 10
LOT = 1_000
FILTERS = {"status": str, "author_id": int}
# Stands before a word of the title in the product's index.
TITLE = "_t"
EXPORTED = ("title", "status", "category", "author", "published_at", "updated_at")

app = Flask(__name__, static_folder=None)
app.secret_key = os.environ["SECRET_KEY"]
data = Sqlite(URL) if URL.startswith("sqlite") else Postgresql(URL)


@app.get("/hello")
def hello() -> str:
    """What the web server and the framework cost."""
    return "hello"


@app.post("/login")
def sign_in() -> Answer:
    """Open a session; the benchmark does not guess passwords."""
    session["user_id"], session["csrf"] = int(request.form["user_id"]), secrets.token_urlsafe(32)
    return redirect("/admin/posts/")


@app.get("/admin/posts/")
def posts() -> str:
    """The list."""
    person = _person()
    args = request.args.to_dict()
    shown, total, after = _found(args["q"].lower().split()) if "q" in args else _listed(args)
    return floor_page.list_page(person, session["csrf"], args, data.band(BAND_LENGTH), shown, total, after)


def _listed(args: dict[str, str]) -> tuple[Sequence[Any], int, str]:
    conditions = [f"p.{name} = ?" for name in FILTERS if name in args]
    values = [read(args[name]) for name, read in FILTERS.items() if name in args]
    moment, _line, number = args.get("after", "").rpartition("_")
    rows = data.newest(conditions, values, PER_PAGE + 1, (moment, int(number)) if moment else ())
    after = f"{rows[PER_PAGE - 1][8]}_{rows[PER_PAGE - 1][0]}" if len(rows) > PER_PAGE else ""
    return [(*row[:8], "") for row in rows[:PER_PAGE]], rows[0][9] if rows else 0, after


def _found(words: list[str]) -> tuple[Sequence[Any], int, str]:
    """The best of the newest: those with the words in their title, and those with the words anywhere."""
    weighed = dict(data.candidates(words, TITLE)) | dict(data.candidates(words))
    best = sorted(((_weight(words, said), number) for number, said in weighed.items()), reverse=True)[:PER_PAGE]
    rows = data.of_numbers([number for _score, number in best])
    marked = re.compile(rf"\b({'|'.join(map(re.escape, words))})", re.IGNORECASE)
    shown = [(*rows[number][:8], floor_page.marked(rows[number], marked)) for _score, number in best]
    return shown, data.count_found(words), ""


def _weight(words: list[str], said: str) -> float:
    title, _break, body = said.partition(" | ")
    score = 0.0
    for word in words:
        score += 12 if f" {word} " in title else 5 if f" {word}" in title else 0
        often = body.count(f" {word} ") + 0.3 * body.count(f" {word}")
        score += 6 * often / (often + 1.5 + len(body) / 2_000)
    return score - len(title) / 100


@app.get("/admin/posts/<int:number>/edit")
def edit(number: int) -> str:
    """The form."""
    person = _person()
    row = data.post(number)
    if row is None:
        abort(404)
    return floor_page.edit_page(person, session["csrf"], row, data.tags(number), data.is_pinned(number))


@app.get("/admin/posts/export.csv")
def export() -> Response:
    """The filtered rows, newest first, as they come from the database."""
    _person()
    return Response(_lines(request.args["status"]), mimetype="text/csv")


def _lines(status: str) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(EXPORTED)
    for lot in data.exported(status, LOT):
        writer.writerows(lot)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _person() -> Any:
    number = session.get("user_id")
    person = data.person(number) if number else None
    if person is None:
        abort(401)
    return person
