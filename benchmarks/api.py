"""The JSON API beside Django REST framework and routes written by hand: ``python -m benchmarks.api``.

Lists fifty posts by cursor and creates posts, each with a token. ``BENCH_ROWS`` is 1000000 unless said.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from benchmarks import data, measure, report, settings, sites
from benchmarks.client import Answer, Browser
from benchmarks.data import Database
from benchmarks.floor_data import BASE, END
from benchmarks.measure import Figures
from benchmarks.servers import Server
from benchmarks.sites import GUNICORN, Guest, Site

LIST, CREATE = "API: list of 50 by cursor", "API: create"
ROWS = settings.rows("1000000")
# Cursors that are followed before the page that is measured: it has the newest of the pinned rows.
PAGES = data.PINNED_EVERY // 2 // settings.PER_PAGE
WARM_UPS = 5
TOKEN = "benchmark"
# Those that come first are in every text, so that none is new to the search index.
KNOWN_WORDS = 2_000
# What a post is made of, without its moments and its number.
KEPT = (
    "title", "title_key", "slug", "status", "published_at", "category_id", "author_id", "content", "content_key",
    "version", "live", "created_by",
)  # fmt: skip
_ENTRIES = "section = 'posts' AND row_id"
LIST_RIVAL, LIST_FLOOR, CREATE_FLOOR = 1 / 3, 3, 2.5
ALL_RIGHT = (
    "All lists had the right rows, ours and the floor's the same JSON; every post was found in the database, "
    "and ours and the floor had written the same."
)


@dataclass(frozen=True)
class ApiSite(Site):
    """A site that programs call."""

    # Under which name a list has its rows, and what has the address of the next ones.
    rows_in: str = "posts"
    following: Callable[[Mapping[str, Any]], str] = field(default=lambda body: _after(body["next_cursor"]))

    def guest(self, server: Server) -> "Caller":
        """A program that calls it."""
        return Caller(self, server, Browser(server.port))


@dataclass
class Caller(Guest):
    """A program with a token."""

    site: ApiSite
    # What was answered when posts were created, the first one at 1.
    made: dict[int, Any] = field(default_factory=dict)
    statuses: ClassVar[Mapping[str, int]] = {CREATE: 201}

    def asker(self, page: str) -> Callable[[], Answer]:
        """Each post that is created is another one."""
        return self.create if page == CREATE else super().asker(page)

    def create(self) -> Answer:
        """Create the next post."""
        self.saves += 1
        answer = self.browser.post_json(self.path(CREATE), post(self.site.post, self.saves))
        if answer.status == 201:
            self.made[self.saves] = json.loads(answer.body)
        return answer

    def complaints(self, page: str, answers: Sequence[Answer]) -> list[str]:
        """What is wrong with the last answers; a post that was created is looked up."""
        problems = super().complaints(page, answers)
        if page == CREATE and not problems:
            wanted = post(self.site.post, self.saves)["title"]
            found = self.server.database.run("SELECT title FROM posts WHERE id = ?", self.made[self.saves]["id"])
            problems += [] if found == [(wanted,)] else [f"{self.site.title}: a post was lost"]
        return problems

    def body(self, page: str) -> Any:
        """An answer as JSON."""
        return json.loads(self.browser.get(self.path(page)).body)

    def walk(self) -> None:
        """Follow the cursors to the page that is measured."""
        for _page in range(PAGES):
            self.more[LIST] = self.site.following(self.body(LIST))


def post(place: int, number: int) -> dict[str, Any]:
    """What is sent to create a post: the same for each site, but for a number in the title."""
    chance = random.Random(f"{data.SEED} api {number}")
    words = chance.choices(_vocabulary(), k=55)
    return {
        "title": f"{' '.join(words[:4]).capitalize()} {_mark(place, number)}",
        "content": f"{' '.join(words[4:]).capitalize()}.",
        "status": "draft",
        "category_id": chance.randint(1, data.CATEGORIES),
        "tag_ids": sorted(chance.sample(range(1, data.TAGS + 1), 2)),
    }


def _mark(place: int, number: int) -> str:
    return f"{place}{number:05}"


@cache
def _vocabulary() -> list[str]:
    return data.vocabulary()[:KNOWN_WORDS]


def _after(cursor: str) -> str:
    return f"/api/posts?cursor={cursor}&per_page={settings.PER_PAGE}"


def _token_door(browser: Browser, database: Database) -> None:
    browser.headers |= {"Accept": "application/json", "Authorization": f"Bearer {_token(database)}"}


@cache
def _token(database: Database) -> str:
    database.run("DELETE FROM api_tokens WHERE name = ?", TOKEN)
    return data.manage(database, "tokens", "create", data.EMAIL, "--name", TOKEN).strip()


def _rest_framework_door(browser: Browser, _database: Database) -> None:
    browser.headers |= {"Accept": "application/json", "Authorization": f"Token {sites.PASSWORD}"}


_PAGES = {LIST: _after(""), CREATE: "/api/posts"}
OURS = ApiSite(
    sites.OURS.name, sites.OURS.title, "product", sites.OURS.words, _token_door, _PAGES, 101, sites.OURS.variables
)
FLOOR = ApiSite(
    sites.FLOOR.name, sites.FLOOR.title, "product", (*GUNICORN, "benchmarks.api_floor:app"), _token_door, _PAGES, 102
)
REST_FRAMEWORK = ApiSite(
    "rest-framework", "REST framework", "rest_framework", (*GUNICORN, "benchmarks.rivals.rest_framework.site:app"),
    _rest_framework_door, {LIST: f"/api/posts?per_page={settings.PER_PAGE}", CREATE: "/api/posts"}, 103,
    maker="benchmarks.rivals.rest_framework.site", rows_in="results",
    following=lambda body: "/" + body["next"].split("/", 3)[3],
)  # fmt: skip
ALL = (OURS, FLOOR, REST_FRAMEWORK)


def main() -> None:
    """Measure each database, and print a table for it."""
    for database in (data.Database(kind, rows) for kind in settings.DATABASES for rows in ROWS):
        data.prepare(database)
        print(f"Measuring the API on {database.kind} …", flush=True)
        forget_new(database)
        try:
            figures = _measure(database)
        finally:
            forget_new(database)
        lines = _lines(figures)
        kept = report.keep(figures, lines, ALL, "api")
        print(f"\n{report.show(figures, lines, ALL_RIGHT)}\n\nKept in {kept}\n", flush=True)


def _measure(database: Database) -> Figures:
    figures = Figures(database.kind, (database.rows,))
    with measure.running([(site, database) for site in ALL]) as guests:
        callers = [guest for guest in guests if isinstance(guest, Caller)]
        for caller in callers:
            caller.walk()
        figures.wrong += _compare_lists(callers)
        for caller in callers:
            figures.wrong += caller.complaints(CREATE, [caller.create() for _time in range(WARM_UPS)])
            caller.server.find_processes()
        measure.ask_in_turn(figures, callers, (LIST, CREATE))
        figures.wrong += _compare_written(callers)
    return figures


def _lines(figures: Figures) -> list[report.Line]:
    return [
        report.page_line(figures, LIST, (REST_FRAMEWORK,), LIST_RIVAL, LIST_FLOOR),
        report.page_line(figures, CREATE, (REST_FRAMEWORK,), None, CREATE_FLOOR),
    ]


# Whether all answer and write the same


def _compare_lists(callers: Sequence[Caller]) -> list[str]:
    """Rows that are not those of the database, and values that are not ours; rivals write moments otherwise."""
    newest = "SELECT id FROM posts WHERE live = 1 AND id <= ? ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
    database, size = callers[0].server.database, settings.PER_PAGE
    wanted = [number for (number,) in database.run(newest, database.rows, size, PAGES * size)]
    bodies = {caller.site.name: caller.body(LIST) for caller in callers}
    ours, problems = bodies[OURS.name], []
    for caller in callers:
        rows = bodies[caller.site.name][caller.site.rows_in]
        if [row["id"] for row in rows] != wanted:
            problems.append(f"{caller.site.title}: other rows are listed")
        if [*map(_plain, rows)] != [*map(_plain, ours["posts"])]:
            problems.append(f"{caller.site.title}: the rows listed have other values than ours")
    if bodies[FLOOR.name] != ours:
        problems.append(f"{FLOOR.title}: the list is not that of ours")
    if not any(row["is_pinned"] for row in ours["posts"]):
        problems.append(f"{OURS.title}: no row of the list is pinned")
    return problems


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id" and not name.endswith("_at")}


def _compare_written(callers: Sequence[Caller]) -> list[str]:
    """Whether the last posts that were created are alike, and ours and the floor left the same in the database."""
    place = max(set.intersection(*(set(caller.made) for caller in callers)), default=0)
    if not place:
        return ["No post was created by all"]
    answers = [_alike(caller, place, sorted(_plain(caller.made[place]).items())) for caller in callers]
    problems = [
        f"{caller.site.title}: creating a post gave other values than ours"
        for caller, answer in zip(callers, answers, strict=True)
        if answer != answers[0]
    ]
    ours, floor = (_written(caller, place) for caller in callers if caller.site in (OURS, FLOOR))
    return [
        *problems,
        *(f"{FLOOR.title}: {name} was written otherwise than by ours" for name in ours if ours[name] != floor[name]),
    ]


def _written(caller: Caller, place: int) -> dict[str, str]:
    """What a post left in each table, by what it is."""
    number, run = caller.made[place]["id"], caller.server.database.run
    ((changed, changes, *entry),) = run(
        f"SELECT change_set_id, changes, actor_id, action, version FROM history_entries WHERE {_ENTRIES} = ?", number
    )
    found = {
        "the row": run(f"SELECT {', '.join(KEPT)} FROM posts WHERE id = ?", number),
        "its pairs": run("SELECT tag_id FROM post_tags WHERE post_id = ? ORDER BY tag_id", number),
        "its search document": run("SELECT words FROM search_documents WHERE id = ?", BASE + number),
        # What was empty before and after says nothing.
        "its history": [entry, sorted(item for item in json.loads(changes).items() if item[1] != [None, None])],
        "its change set": run("SELECT actor_id, source, reason FROM change_sets WHERE id = ?", changed),
    }
    return {name: _alike(caller, place, value) for name, value in found.items()}


def _alike(caller: Caller, place: int, value: Any) -> str:
    """A value without what tells the posts of the sites apart."""
    return repr(value).replace(_mark(caller.site.post, place), "#")


def forget_new(database: Database) -> None:
    """Leave the database as it was loaded."""
    made = database.run(f"SELECT change_set_id FROM history_entries WHERE {_ENTRIES} > ?", database.rows)
    database.run(f"DELETE FROM history_entries WHERE {_ENTRIES} > ?", database.rows)
    for (number,) in made:
        database.run("DELETE FROM change_sets WHERE id = ?", number)
    database.run("DELETE FROM search_documents WHERE id > ? AND id < ?", BASE + database.rows, END)
    for table, column in (("post_tags", "post_id"), ("posts", "id")):
        database.run(f"DELETE FROM {table} WHERE {column} > ?", database.rows)


if __name__ == "__main__":
    main()
