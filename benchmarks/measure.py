"""Ask every site for every page in turn, and keep what each answer cost its server."""

import csv
import gzip
import io
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape

from benchmarks import product, servers, sites
from benchmarks.client import Browser
from benchmarks.data import COMMON, EXPORTED_STATUS, FILTER, RARE, Database, pinned
from benchmarks.settings import (
    EXPORTS,
    PER_PAGE,
    ROUNDS,
    SECONDS_A_PAGE,
    THROUGHPUT_SECONDS,
    THROUGHPUT_TURNS,
    TIMES_AT_LEAST,
)
from benchmarks.sites import (
    COMMON_PAGE,
    DEEP,
    EDIT,
    EXPORT,
    FILTERED,
    HELLO,
    LIST,
    RARE_PAGE,
    SAME,
    SAVE,
    Guest,
    Site,
)

ASKED = (HELLO, LIST, SAME, DEEP, RARE_PAGE, COMMON_PAGE, FILTERED, EDIT, SAVE)
WITH_INDEX = "filter, with the index"
REQUESTS_A_TURN = 2
SLOW_SECONDS = 0.2
WARM_UPS = 3
CONNECTIONS = 4
# These show pinned rows apart; the others have a few of them among their fifty.
OWN = (sites.OURS, sites.FLOOR)
PINNED_AMONG = 5
# What `doctor` proposes for a list by status and author, newest first.
INDEX = "bench_posts_status_author"
INDEXED = "live, status, author_id, created_at, id"

Key = tuple[str, int, str]


@dataclass
class Figures:
    """What was measured on one kind of database."""

    kind: str
    rows: tuple[int, ...]
    cpu: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))
    wall: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))
    weights: dict[str, tuple[int, int]] = field(default_factory=dict)
    pages_a_second: dict[str, float] = field(default_factory=dict)
    exports: dict[str, dict[str, float]] = field(default_factory=dict)
    missing: dict[Key, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def most(self) -> int:
        """The largest number of rows."""
        return self.rows[-1]

    def median(self, site: str, page: str, rows: int | None = None) -> float | None:
        """Milliseconds of the processor for a page."""
        found = self.cpu.get((site, rows or self.most, page))
        return statistics.median(found) if found else None


def measure(databases: Sequence[Database]) -> Figures:
    """Everything about one kind of database."""
    figures = Figures(databases[0].kind, tuple(database.rows for database in databases))
    for database in databases:
        _drop_index(database)
    asked = [(sites.OURS, database) for database in databases]
    asked += [(site, databases[-1]) for site in (sites.FLOOR, *sites.RIVALS)]
    with running(asked) as guests:
        _find_deep_rows(guests)
        _warm_up(figures, guests)
        largest = [guest for guest in guests if guest.server.database is databases[-1]]
        _check_rows(figures, largest)
        ask_in_turn(figures, guests, ASKED)
        _count_pages(figures, largest)
        _export(figures, largest)
        for database in databases:
            _make_index(database)
        ask_in_turn(figures, guests, (FILTERED,), called=WITH_INDEX)
    for database in databases:
        _drop_index(database)
    return figures


@contextmanager
def running(asked: Sequence[tuple[Site, Database]]) -> Iterator[list[Guest]]:
    """Sites over databases, as long as they are needed."""
    guests: list[Guest] = []
    try:
        for site, database in asked:
            guests.append(site.start(database))
        yield guests
    finally:
        for guest in guests:
            guest.server.stop()


def _find_deep_rows(guests: Sequence[Guest]) -> None:
    for guest in guests:
        if guest.site is sites.OURS:
            try:
                guest.more[DEEP] = product.deep_path(guest.server.database)
            except LookupError as error:
                guest.missing[DEEP] = str(error)
        elif guest.site is sites.FLOOR:
            moment, number = product.row_at(guest.server.database, guest.server.database.rows // 2)
            said = f"{moment:%Y-%m-%d %H:%M:%S.%f}".replace(" ", "%20")
            guest.more[DEEP] = f"{guest.path(LIST)}&after={said}_{number}"


def _warm_up(figures: Figures, guests: Sequence[Guest]) -> None:
    for guest in guests:
        for page in (*ASKED, EXPORT):
            if guest.has(page) and page != SAVE and (problem := _try(guest, page)):
                guest.missing[page] = problem
        for page, why in guest.missing.items():
            figures.missing[_key(guest, page)] = why
        if guest.has(LIST) and guest.server.database.rows == figures.most:
            answer = guest.browser.get(guest.path(LIST))
            figures.weights[guest.site.name] = len(answer.body), len(gzip.compress(answer.body, 6))
        guest.server.find_processes()


def _try(guest: Guest, page: str) -> str:
    """What is wrong with a page; empty if nothing is."""
    for _time in range(1 if page == EXPORT else WARM_UPS):
        answer = guest.browser.get(guest.path(page))
        if answer.status != 200:
            return f"{guest.path(page)} was answered with {answer.status}"
    return ""


def _key(guest: Guest, page: str) -> Key:
    return guest.site.name, guest.server.database.rows, page


# Whether all show the same


def _check_rows(figures: Figures, guests: Sequence[Guest]) -> None:
    database = guests[0].server.database
    filtered = f"status = '{FILTER['status']}' AND author_id = {FILTER['author_id']}"
    wanted = {
        LIST: product.newest(database),
        FILTERED: product.newest(database, filtered),
        DEEP: product.newest(database, skip=database.rows // 2),
    }
    for guest in guests:
        for page, rows in wanted.items():
            if guest.has(page):
                figures.wrong += _compare(guest, page, rows)
        for page, word in ((RARE_PAGE, RARE), (COMMON_PAGE, COMMON)):
            if guest.has(page):
                figures.wrong += _compare_found(guest, page, word)


def _compare(guest: Guest, page: str, wanted: Sequence[tuple[int, str]]) -> list[str]:
    """Whether a list has these rows in this order, but for pinned ones, of which only the first stand apart."""
    text = guest.browser.get(guest.path(page)).text
    apart = set(pinned(guest.server.database.rows))
    found = [number for number in guest.rows(text) if number not in apart]
    numbers = [number for number, _title in wanted]
    least = min(len(numbers), PER_PAGE - PINNED_AMONG)
    problems = []
    if len(found) < least or found != numbers[: len(found)]:
        problems.append(f"{guest.site.title}: {page} has other rows: {found[:5]} …, not {numbers[:5]} …")
    absent = [title for _number, title in wanted[: len(found)] if escape(title) not in text]
    return [*problems, *(f"{guest.site.title}: {page} lacks the title {title!r}" for title in absent[:1])]


def _compare_found(guest: Guest, page: str, word: str) -> list[str]:
    """Whether a search has as many rows as it should, all with the word; the order is each site's own."""
    text = guest.browser.get(guest.path(page)).text
    found, having = guest.rows(text), product.having(guest.server.database, word, 2 * PER_PAGE)
    pinned = sites.pinned_numbers(guest.server.database.rows)
    least = min(PER_PAGE - PINNED_AMONG, sum(number not in pinned for number in having))
    right = product.count_having(guest.server.database, word, found)
    problems = []
    if len(found) < least or right < len(found):
        problems.append(f"{guest.site.title}: {page} has {len(found)} rows, {len(found) - right} of them wrong")
    if guest.site in OWN and "<mark" not in text:
        problems.append(f"{guest.site.title}: {page} marks nothing")
    return problems


# What pages cost


def ask_in_turn(figures: Figures, guests: Sequence[Guest], pages: Sequence[str], called: str = "") -> None:
    """Each page of each site, so many rounds."""
    for _round in range(ROUNDS):
        for page in pages:
            for guest in guests:
                if guest.has(page) and not _is_enough(figures, _key(guest, called or page)):
                    _ask(figures, guest, page, called or page)


def _is_enough(figures: Figures, key: Key) -> bool:
    """Whether a slow page was asked for often enough."""
    spent = figures.wall[key]
    return len(spent) >= TIMES_AT_LEAST and sum(spent) > SECONDS_A_PAGE


def _ask(figures: Figures, guest: Guest, page: str, called: str) -> None:
    """Ask for a page, and keep what it cost.

    A processor that was idle is slow at first, which says nothing about a page: what is quick is asked for
    twice after a request that does not count. Before a save that is the request for its form.
    """
    key = _key(guest, called)
    times = 1 if page == SAVE or _is_slow(figures, key) else REQUESTS_A_TURN
    ask = guest.asker(page)
    if times > 1:
        ask()
    before = guest.server.awake_cpu()
    answers = [ask() for _time in range(times)]
    spent = guest.server.settled_cpu() - before
    figures.cpu[key].append(spent / times)
    figures.wall[key].append(sum(answer.seconds for answer in answers) / times)
    figures.wrong += guest.complaints(page, answers)


def _is_slow(figures: Figures, key: Key) -> bool:
    spent = figures.wall[key]
    return bool(spent) and spent[-1] > SLOW_SECONDS


# Pages a second


def _count_pages(figures: Figures, guests: Sequence[Guest]) -> None:
    counted: dict[str, list[float]] = defaultdict(list)
    for _turn in range(THROUGHPUT_TURNS):
        for guest in guests:
            if guest.has(LIST):
                counted[guest.site.name].append(_pages_a_second(guest))
    figures.pages_a_second = {name: statistics.median(found) for name, found in counted.items()}


def _pages_a_second(guest: Guest) -> float:
    begun = time.perf_counter()
    until = begun + THROUGHPUT_SECONDS
    counts = [0] * CONNECTIONS

    def ask(place: int) -> None:
        browser = Browser(guest.server.port, dict(guest.browser.cookies))
        while time.perf_counter() < until:
            counts[place] += browser.get(guest.path(LIST)).status == 200

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun)


# Exports


def _export(figures: Figures, guests: Sequence[Guest]) -> None:
    ((wanted,),) = guests[0].server.database.run(
        "SELECT count(*) FROM posts WHERE live = 1 AND status = ?", EXPORTED_STATUS
    )
    found: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for _turn in range(EXPORTS):
        for guest in guests:
            spent = sum(one["seconds"] for one in found[guest.site.name])
            if guest.has(EXPORT) and spent < SECONDS_A_PAGE:
                found[guest.site.name].append(_export_once(figures, guest, wanted))
    figures.exports = {
        name: {what: statistics.median(one[what] for one in all_of_it) for what in all_of_it[0]}
        for name, all_of_it in found.items() if all_of_it
    }  # fmt: skip


def _export_once(figures: Figures, guest: Guest, wanted: int) -> dict[str, float]:
    workers = guest.server.workers()
    idle, before = servers.memory(workers, "VmRSS"), guest.server.settled_cpu()
    servers.forget_peak(workers)
    answer = guest.browser.get(guest.path(EXPORT))
    spent = guest.server.settled_cpu() - before
    rows = sum(1 for _row in csv.reader(io.StringIO(answer.text))) - 1
    if rows != wanted:
        figures.wrong.append(f"{guest.site.title}: the export has {rows:,} rows, not {wanted:,}")
    return {
        "rows": rows, "seconds": answer.seconds, "cpu": spent, "first byte": answer.first_byte,
        "megabytes": servers.memory(workers, "VmHWM") - idle, "bytes": len(answer.body),
    }  # fmt: skip


# The index


def _make_index(database: Database) -> None:
    database.run(f"CREATE INDEX IF NOT EXISTS {INDEX} ON posts ({INDEXED})")
    if database.kind == "postgresql":
        database.run("ANALYZE posts")


def _drop_index(database: Database) -> None:
    database.run(f"DROP INDEX IF EXISTS {INDEX}")
