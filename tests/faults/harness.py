"""What kills, what is done meanwhile, and what must be true afterwards."""

import contextlib
import http.client
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from huey import SqliteHuey
from sqlalchemy import func, text, update
from sqlalchemy import select as query_of
from werkzeug.datastructures import MultiDict

from admin_site import ROOT
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.engines import database_url
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet, Entry
from admin_site.imports import mapping, uploads
from admin_site.imports import work as imports
from admin_site.imports.reading import Format
from admin_site.jobs import board, bulk, queue, undo
from admin_site.jobs.models import UNFINISHED, Job, JobNote, State, Worker
from admin_site.records import selection, trash
from admin_site.records.list_query import ListQuery
from admin_site.records.reads import Matching
from admin_site.records.search import documents
from admin_site.records.search.documents import SearchDocument
from admin_site.sections.posts import post_tags
from tests.cast import Cast
from tests.client import Client, soup
from tests.conftest import servers
from tests.factories import make
from tests.faults.driver import IN_SQL, NAMED

SEED = os.environ.get("FAULT_SEED", "1")
KILLS = int(os.environ.get("FAULT_KILLS", "20"))
CHUNK = 7
# No life of a worker takes so long: a lock is waited for ten seconds.
PATIENCE = 60
OUTSIDE = "outside"
# A deed is killed so often; then it may come to its end.
KILLS_OF_ONE = 4
SECTIONS = ("posts", "comments")
# What a row is beside its values; an undone row has other ones than before.
COUNTED = ("version", "updated_at")
# The sections' own: made anew, not put back.
DERIVED = ("published_at", "slug")

Rows = dict[tuple[str, int], dict[str, Any]]


def share(part: float, least: int) -> int:
    """How many of all kills one test does on one database."""
    return max(least, round(KILLS * part / len(servers())))


# What kills.


@dataclass
class Moments:
    """When to kill: each kind of moment in its turn, in an order and at a place that the seed gives."""

    rng: random.Random
    deck: list[str] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, *names: str) -> "Moments":
        return cls(random.Random(":".join((SEED, *names))))

    def next(self) -> str:
        if not self.deck:
            self.deck = [*NAMED, *IN_SQL, OUTSIDE]
            self.rng.shuffle(self.deck)
        step = self.deck.pop()
        most = {"claimed": 1, "statement": 60, "sent": 60, "commit": 4}.get(step, 2)
        return f"{step}:{self.rng.randint(1, most)}:KILL"

    @contextmanager
    def told(self) -> Iterator[None]:
        """A failure says how to have it again."""
        try:
            yield
        except BaseException as error:
            error.add_note(f"FAULT_SEED={SEED}, lives: {' '.join(self.trail[-20:])}")
            raise


class Driver:
    """A process that forks workers which die; see ``driver``."""

    def __init__(self, url: str, folder: Path) -> None:
        self.kills = 0
        environment = os.environ | {"DATABASE_URL": url, "FAULT_CHUNK": str(CHUNK), "FAULT": ""}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.driver", str(folder)],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.answer()

    def answer(self) -> str:
        said: IO[bytes] | None = self.process.stdout
        assert said is not None
        assert select.select([said], [], [], PATIENCE)[0], "no answer: a worker hangs"
        return said.readline().decode().strip()

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        return self.answer()

    def live(self, job: int, fault: str = "-", *, after: float | None = None) -> str:
        """One life of a worker; ``after`` so many seconds it is killed from outside. Returns how it ended."""
        process = int(self.ask(f"live {job} {fault}"))
        if after is not None:
            time.sleep(after)
            os.kill(process, signal.SIGKILL)
        return self.wait(process)

    def wait(self, process: int) -> str:
        code = self.ask(f"wait {process}")
        self.kills += code == str(-signal.SIGKILL)
        assert code in ("0", "-9", "frozen"), code
        return code

    def carry_on(self, job: int, moments: Moments) -> None:
        """Work a job to its end with some kills on the way."""
        before = self.kills
        while state(job) in UNFINISHED:
            fault = moments.next() if self.kills - before < KILLS_OF_ONE else "-"
            moments.trail.append(f"{job}/{fault}")
            if fault.startswith(OUTSIDE):
                self.live(job, after=moments.rng.uniform(0, 0.15))
            else:
                self.live(job, fault)
            lapse(job)

    def close(self) -> None:
        end([self.process])


def end(processes: list["subprocess.Popen[bytes]"]) -> None:
    """Kill processes with all their children: each leads a group of its own."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


class Site:
    """A copy of the program with an instance folder of its own, and its real processes."""

    def __init__(self, url: str, folder: Path, key: str) -> None:
        self.folder, self.url, self.key = folder, url, key
        ignored = shutil.ignore_patterns("instance", ".*")
        shutil.copytree(ROOT / "admin_site", folder / "admin_site", ignore=ignored)
        shutil.copytree(ROOT / "migrations", folder / "migrations")
        shutil.copy(ROOT / "manage.py", folder)
        (folder / "instance").mkdir()
        (folder / "instance" / "config.py").write_text("from tests.faults import driver\n\ndriver.from_environment()\n")
        self.port = free_port()
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, fault: str = "", lease: float = 1.0) -> "subprocess.Popen[bytes]":
        """``manage.py`` with these words."""
        environment = os.environ | {
            "APP_CONFIG": "development", "DATABASE_URL": self.url, "SECRET_KEY": self.key, "PYTHONPATH": str(ROOT),
            "FAULT": fault, "FAULT_LEASE": str(lease), "FAULT_CHUNK": str(CHUNK), "REDIS_URL": "",
        }  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *words], cwd=self.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.running.append(process)
        return process

    def serve(self, *words: str, fault: str = "") -> "subprocess.Popen[bytes]":
        """A server that answers."""
        process = self.start("serve", "--port", str(self.port), *words, fault=fault)
        eventually(lambda: process.poll() is not None or self.answers())
        assert process.poll() is None, self.log()
        return process

    def answers(self) -> bool:
        try:
            return asked(self, "/healthz") == {"status": "ok"}
        except (OSError, http.client.HTTPException):
            return False

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def ring(self, job: int) -> None:
        """Put a job's number into the queue that the processes of this site read."""
        file = self.folder / "instance" / f"{queue.name_of(database_url(self.url))}.db"
        broker = SqliteHuey(queue.NAME, filename=str(file), results=False)

        def work_job(job_id: int) -> None:
            raise AssertionError("only delivered here")

        work_job.__module__ = queue.__name__  # a part of its name
        broker.task(name="work_job")(work_job)(job)
        broker.storage.close()

    def close(self) -> None:
        end(self.running)
        self.running.clear()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def eventually(holds: Callable[[], Any], seconds: float = 30) -> Any:
    """The first answer that is true."""
    until = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < until, f"{holds} did not come true"
        time.sleep(0.05)
    return answer


def is_alive(process: int) -> bool:
    """Whether it runs; who is dead and only waits to be collected does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


# What is done meanwhile.


@dataclass(frozen=True)
class Work:
    """A job, what it must have made of which rows, and how many it had to leave."""

    job: int
    expected: Mapping[tuple[str, int], Mapping[str, Any]]
    same: int = 0
    skipped: int = 0
    # Rows that go along with others have history, but are not counted.
    counted: int | None = None


def ticked(cast: Cast, rows: list[int]) -> selection.Selection:
    return selection.of_rows(cast.editor, registry.get("posts"), rows)


def begin_bulk(cast: Cast, chosen: selection.Selection, action: str = bulk.EDIT, **sent: Any) -> int:
    with atomic():
        return bulk.begin(cast.editor, bulk.Bulk(chosen, action, sent), source="bulk")


def posts(count: int) -> list[int]:
    return [make("posts", title=f"Fern {place}", status="draft") for place in range(count)]


def begin_edit(cast: Cast) -> Work:
    """Ticked rows get a title, a status and a tag; some have all that, one went to the trash meanwhile."""
    new, old = make("tags"), make("tags")
    rows = [make("posts", title=f"Fern {place}", tag_ids=[old] if place % 2 else []) for place in range(33)]
    same = [make("posts", title="Moss garden", status="review", tag_ids=[new]) for _ in range(4)]
    chosen = ticked(cast, [*rows, *same])
    with atomic():
        trash.trash(cast.system, registry.get("posts"), rows[20])
    sent = {"title": ("set", "Moss garden"), "status": ("set", "review"), "tag_ids": ("add", [new])}
    job = begin_bulk(cast, chosen, **sent)
    expected = {
        ("posts", row): {
            "title": "Moss garden", "status": "review", "tags": sorted({new, old} if place % 2 else {new}),
        }
        for place, row in enumerate(rows) if place != 20
    }  # fmt: skip
    return Work(job, expected, same=len(same), skipped=1)


def begin_matching(cast: Cast) -> Work:
    """All that a list shows: each row that is done leaves the list."""
    posts(35)
    for _ in range(3):
        make("posts", title="Fern, in review", status="review")
    args = MultiDict({"status": "draft", "q": "fern"})
    chosen = selection.of_list(cast.editor, ListQuery.from_args(registry.get("posts"), args, cast.editor))
    rows = db.session.execute(chosen.every(cast.editor)).scalars().all()
    job = begin_bulk(cast, chosen, title=("set", "Moss"), status=("set", "published"))
    return Work(job, {("posts", row): {"title": "Moss", "status": "published"} for row in rows})


def begin_trash(cast: Cast) -> Work:
    """Rows go to the trash, and their comments with them."""
    rows = posts(26)
    comments = [make("comments", post_id=row) for row in rows[::3]]
    job = begin_bulk(cast, ticked(cast, rows), bulk.DELETE)
    keys = [*(("posts", row) for row in rows), *(("comments", row) for row in comments)]
    return Work(job, {key: {"live": None} for key in keys}, counted=len(rows))


def begin_append(cast: Cast) -> Work:
    """What would be seen in the row if it were done twice."""
    rows = posts(33)
    with atomic():
        job = board.begin(cast.editor, "append", {"rows": rows}, section="posts", total=len(rows), source="job")
    return Work(job, {("posts", row): {"title": f"Fern {place} more"} for place, row in enumerate(rows)})


def begin_import(cast: Cast) -> Work:
    """A file changes rows: each is tried first, and then written."""
    rows = posts(33)
    lines = "".join(f"{row},Moss {place},review\n" for place, row in enumerate(rows))
    job = hand_in(cast, f"id,title,status\n{lines}", key="id", mode="update")
    expected = {("posts", row): {"title": f"Moss {place}", "status": "review"} for place, row in enumerate(rows)}
    return Work(job, expected)


def hand_in(cast: Cast, data: str, **settings: Any) -> int:
    """Begin the import of a file, in lots as small as the chunks of the others."""
    section = registry.get("posts")
    size, uploads.LOT = uploads.LOT, CHUNK
    try:
        with atomic():
            number = uploads.keep(cast.editor, section, "posts.csv", data.encode(), Format())
    finally:
        uploads.LOT = size
    upload = uploads.find(cast.editor, section, number)
    columns = mapping.guess(cast.editor, section, [column["name"] for column in upload.columns])
    with atomic():
        return imports.begin(
            cast.editor, section, upload, mapping.Settings(columns=columns, **settings), trial=False, source="import"
        )


# A new kind of job is added here: it begins one and says what is to be expected.
SCENARIOS: dict[str, Callable[[Cast], Work]] = {
    "edit": begin_edit, "matching": begin_matching, "trash": begin_trash, "append": begin_append,
    "import": begin_import,
}  # fmt: skip


def begin_undo(cast: Cast, done: Work, before: Rows) -> Work:
    """Take back what was done."""
    with atomic():
        job = undo.begin(cast.editor, change_set_of(done.job), source="undo")
    return undoing(job, done, before)


def undoing(job: int, done: Work, before: Rows) -> Work:
    """Every row is to be as it was."""
    expected = {
        key: {name: value for name, value in before[key].items() if name not in (*COUNTED, *DERIVED)}
        for key in done.expected
    }
    return Work(job, expected)


# What must be true.


@dataclass(frozen=True)
class Before:
    """Everything that a deed may touch, as it was when the deed began."""

    rows: Rows
    entries: int
    sets: int
    notes: int

    @classmethod
    def now(cls) -> "Before":
        return cls(rows_now(), count(Entry), count(ChangeSet), count(JobNote))


def rows_now() -> Rows:
    """Every row of the sections concerned, whole, with its tags."""
    db.session.rollback()
    found: Rows = {}
    for name in SECTIONS:
        table = registry.get(name).table
        for row in db.session.execute(query_of(table)).mappings():
            found[name, row["id"]] = {**row, "tags": []}
    for post, tag in db.session.execute(query_of(post_tags).order_by(post_tags.columns.tag_id)):
        found["posts", post]["tags"].append(tag)
    return found


def count(table: Any) -> int:
    db.session.rollback()
    return db.session.execute(query_of(func.count()).select_from(table)).scalar_one()


def job_of(number: int) -> Job:
    db.session.rollback()
    job = db.session.get(Job, number, populate_existing=True)
    assert job is not None
    return job


def state(number: int) -> str:
    return job_of(number).state


def change_set_of(number: int) -> int:
    found = job_of(number).change_set_id
    assert found is not None
    return found


def lapse(job: int) -> None:
    """The lease of whoever died is over."""
    set_time(job, "leased_until", clock.now() - timedelta(seconds=1), Job.state == State.RUNNING)


def lose(job: int) -> None:
    """Nobody was told of this job, and that is a while ago."""
    set_time(job, "created_at", clock.now() - board.LOST - timedelta(seconds=1))


def set_time(job: int, name: str, moment: datetime, *only: Any) -> None:
    statement = update(Job).where(Job.id == job, *only).values({name: moment})
    with atomic():
        db.session.execute(statement.execution_options(synchronize_session=False))


def check(work: Work, before: Before) -> None:
    """The job ended, each of its rows changed exactly once, and nothing else did."""
    check_many([work], before)


def check_many(works: list[Work], before: Before) -> None:
    for work in works:
        check_job(work)
        check_history(work)
    expected = {key: values for work in works for key, values in work.expected.items()}
    check_rows(expected, before.rows)
    assert count(Entry) == before.entries + len(expected)
    assert count(ChangeSet) == before.sets + len(works)
    assert count(JobNote) == before.notes + sum(work.skipped for work in works)
    check_search()


def check_job(work: Work) -> None:
    job = job_of(work.job)
    done = len(work.expected) if work.counted is None else work.counted
    found = (job.state, job.done, job.same, job.skipped, job.failed, job.message, job.cursor, job.leased_until)
    assert found == (State.DONE, done, work.same, work.skipped, 0, "", None, None)
    if work.counted is None:
        assert job.total == done + work.same + work.skipped
    assert len(board.notes(job, limit=1_000)) == work.skipped


def check_history(work: Work) -> None:
    """One entry for each row, which says what the row now has."""
    query = query_of(Entry.section, Entry.row_id, Entry.version, Entry.changes)
    entries = db.session.execute(query.where(Entry.change_set_id == change_set_of(work.job))).all()
    assert sorted((entry.section, entry.row_id) for entry in entries) == sorted(work.expected)
    for entry in entries:
        wanted = work.expected[entry.section, entry.row_id]
        for name, (_before, after) in entry.changes.items():
            if name in wanted:
                assert wanted[name] == after


def check_rows(expected: Mapping[tuple[str, int], Mapping[str, Any]], before: Rows) -> None:
    now = rows_now()
    assert now.keys() == before.keys()
    for key, row in now.items():
        if key not in expected:
            assert row == before[key], f"{key} was not to be touched"
            continue
        assert row["version"] == before[key]["version"] + 1, key
        assert {name: row[name] for name in expected[key]} == expected[key]


def check_search() -> None:
    """Documents and the index over them say what the rows say."""
    for name in SECTIONS:
        section = registry.get(name)
        base = documents.first_id(section)
        rows = {row_id: row for (said, row_id), row in rows_now().items() if said == name and row["live"]}
        ours = SearchDocument.id.between(base, base + documents.ROWS_MOST - 1)
        found = db.session.execute(query_of(SearchDocument.id, SearchDocument.words).where(ours)).all()
        assert {number - base: words for number, words in found} == {
            row_id: documents.words_of(section, row) for row_id, row in rows.items()
        }
    for word in ("fern", "moss", "more"):
        titled = {key[1] for key, row in rows_now().items() if key[0] == "posts" and row["live"] and has(row, word)}
        assert found_by(word) == titled, (word, sorted(found_by(word) ^ titled), sorted(titled))
    if db.engine.dialect.name == "sqlite":
        assert db.session.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def has(row: Mapping[str, Any], word: str) -> bool:
    return word in f"{row['title']} {row['content']}".lower()


def found_by(word: str) -> set[int]:
    section, actor = registry.get("posts"), Cast.system
    query = ListQuery.from_args(section, MultiDict({"q": word}), actor)
    conditions = Matching.of(actor, query).where(few=True)
    return set(db.session.execute(query_of(section.table.columns.id).where(*conditions)).scalars())


def workers_alive() -> list[int]:
    """The processes of the workers that were heard of, newest first."""
    db.session.rollback()
    names = db.session.execute(query_of(Worker.name).order_by(Worker.started_at.desc())).scalars()
    return [int(name.rpartition(":")[2]) for name in names if is_alive(int(name.rpartition(":")[2]))]


# Real processes.


def work_and_kill(site: Site, works: list[Work], moments: Moments, most: int) -> int:
    """Two workers at a time, of which about so many die, until every job has ended; returns how many did."""
    kills, running = 0, [start_worker(site, moments) for _ in range(2)]
    until = time.monotonic() + PATIENCE
    while any(state(work.job) in UNFINISHED for work in works):
        assert time.monotonic() < until, [(work.job, state(work.job)) for work in works]
        for place, (process, kill_at) in enumerate(running):
            if time.monotonic() > kill_at:
                process.kill()
                process.wait()
            if process.poll() is not None:
                assert process.returncode == -signal.SIGKILL, site.log()
                kills += 1
                running[place] = start_worker(site, moments if kills < most - 1 else None)
        time.sleep(0.02)
    end([process for process, _ in running])
    return kills


def start_worker(site: Site, moments: Moments | None) -> tuple["subprocess.Popen[bytes]", float]:
    """A worker, and when it is to be killed from outside."""
    fault = moments.next() if moments else ""
    if moments:
        moments.trail.append(fault)
        if fault.startswith(OUTSIDE):
            return site.start("jobs", "work"), time.monotonic() + moments.rng.uniform(1, 2)
    return site.start("jobs", "work", fault=fault), float("inf")


def asked(site: Site, path: str) -> Any:
    """What a server answers."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


class EditPage:
    """Somebody who edits many rows through the pages of a server that is killed meanwhile."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.rows = posts(30)
        self.key = f"undo{self.rows[0]}"
        found = client.page(f"/admin/posts/bulk?deed=edit&{'&'.join(f'ids={row}' for row in self.rows)}")
        token = found.select_one("input[name=selection]")["value"]
        sent = {"op.title": "set", "title": "Moss", "op.status": "set", "status": "review"}
        answer = client.post("/admin/posts/bulk", sent | {"selection": token, "deed": "edit", "step": "preview"})
        form = soup(answer).select_one("form:has(input[name=key])")
        self.form = {field["name"]: field["value"] for field in form.select("input[type=hidden][name]")}

    def killed(self, site: Site, moments: Moments) -> Work:
        """The edit, by a server that dies in it; the next one's worker ends it."""
        step = moments.rng.choice(NAMED)
        fault = f"{step}:{1 if step == 'claimed' else moments.rng.randint(1, 3)}:KILL"
        moments.trail.append(fault)
        server = site.serve(fault=fault)
        self.send(site, "/admin/posts/bulk", self.form | {"step": "run"})
        assert server.wait(PATIENCE) == -signal.SIGKILL
        eventually(lambda: not workers_alive(), seconds=5)
        self.server = site.serve()
        self.send(site, "/admin/posts/bulk", self.form | {"step": "run"})  # again, as a browser would
        expected = {("posts", row): {"title": "Moss", "status": "review"} for row in self.rows}
        return Work(self.ended(), expected)

    def undo_killed(self, site: Site, moments: Moments, work: Work, before: Rows) -> Work:
        """The undo, by a server that is killed from outside at some moment."""
        path = f"/admin/jobs/undo/{change_set_of(work.job)}"
        after = moments.rng.uniform(0, 0.3)
        moments.trail.append(f"{OUTSIDE}:{after:.3f}")
        killer = threading.Timer(after, self.server.kill)
        killer.start()
        self.send(site, path, {"key": self.key})
        killer.join()
        self.server.wait(PATIENCE)
        site.serve()
        self.send(site, path, {"key": self.key})
        job = self.ended()
        site.close()
        return undoing(job, work, before)

    def send(self, site: Site, path: str, form: Mapping[str, str]) -> int:
        """The status of the answer, or 0 where there was none."""
        cookie = self.client.http.get_cookie("session")
        headers = {"Cookie": f"session={cookie.value}", "Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
        try:
            connection.request("POST", path, urlencode(form | {"csrf_token": self.client.token}), headers)
            status = connection.getresponse().status
        except (ConnectionError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
        assert status == 303, status
        return status

    def ended(self) -> int:
        """The newest job, once it is at its end."""
        db.session.rollback()
        number: int = db.session.execute(query_of(func.max(Job.id))).scalar_one()
        eventually(lambda: state(number) not in UNFINISHED)
        return number
