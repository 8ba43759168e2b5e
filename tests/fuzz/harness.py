"""The site with demo content in this process, and schemathesis, which sends it what its document says."""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import flask_migrate
import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response, engine
from schemathesis.config import (
    AnalysisConfig,
    ChecksConfig,
    ConstantsConfig,
    GenerationConfig,
    OutputConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SanitizationConfig,
    SchemathesisConfig,
)
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.mutations import Mutation
from schemathesis.engine import Status, events
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree
from schemathesis.transport.wsgi import WSGI_TRANSPORT, WSGITransport

from admin_site import create_app, demo
from admin_site.accounts.models import User, user_roles
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.modes import writing
from admin_site.core.transactions import atomic
from admin_site.web.api import params
from tests.api_client import Program
from tests.cast import make_user, role_id
from tests.fuzz import formats, refusals

Document = dict[str, Any]

METHODS = {"get", "put", "post", "delete", "patch"}
SEED = int(os.environ.get("FUZZ_SEED", "1"))
# By hand as many as are asked for; with the other tests a share that takes seconds.
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "1000"))
# After so many calls the demo content is put back: what is in the trash answers little.
RENEWED_EVERY = 200
# Lists have a hundred parameters and take fifty filters: a few of them at a time say more.
PARAMETERS_MOST = 10
# Of the cases of a call that its schemas come to, the share that is sent falls as 1, 1/2, 1/3 …
SENT_TO_TAKEN = 5
# What the schemas come to is gone through once; what is drawn at random, until there was enough.
TURNS_MOST = {"coverage": 1, "fuzzing": 100, "stateful": 100}
REPEATED_MOST = 10_000
REJECTED = ("400", "404", "405", "412", "413", "415")
FINDINGS_SHOWN = 30


@contextmanager
def without_sockets() -> Iterator[None]:
    """Calls that checks repeat without a token carry settings of sockets, which no call in this process takes."""

    def send(case: Case, *, session: Any = None, **more: Any) -> Response:
        kept = {name: value for name, value in more.items() if name not in ("max_redirects", "verify", "cert")}
        return WSGITransport.send(WSGI_TRANSPORT, case, session=session, **kept)

    WSGI_TRANSPORT.send = send  # type: ignore[method-assign]
    try:
        yield
    finally:
        del WSGI_TRANSPORT.send


class Site:
    """The application behind a counter of its calls; its administrator stays, whatever is done to people."""

    def __init__(self, folder: Path) -> None:
        self.app = create_app(
            {
                "APP_CONFIG": "testing", "DATABASE_URL": f"sqlite:///{folder / 'site.db'}", "API_RATE_LIMIT": "0",
                "SECRET_KEY": "for tests only " * 3,
            },
            instance_path=str(folder / "instance"),
        )  # fmt: skip
        self.sent = 0
        # The query string of the last call, as it came.
        self.asked = ""
        self.statuses: Counter[str] = Counter()
        # Calls of a sequence build on each other, so nothing is put back between them.
        self.renews = True
        with self.app.app_context():
            flask_migrate.upgrade(directory=self.app.extensions["migrate"].directory)
            demo.load()
            self.admin = make_user("fuzz", "admin")
            self.secret = Program.of(self.app, self.admin).secret
            self.role = role_id("admin")
            self.kept = db.engine.dialect.dbapi.connect(folder / "kept.db", check_same_thread=False)
            self._copy(into_kept=True)

    def close(self) -> None:
        self.kept.close()
        with self.app.app_context():
            for one in db.engines.values():
                one.dispose()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.sent += 1
        self.asked = environ["QUERY_STRING"]
        if self.renews and self.sent % RENEWED_EVERY == 0:
            self.renew()

        def start(status: str, *more: Any) -> Any:
            self.statuses[status[:3]] += 1
            return start_response(status, *more)

        try:
            return self.app(environ, start)
        finally:
            if environ["REQUEST_METHOD"] != "GET" and environ["PATH_INFO"].startswith(("/api/users", "/api/jobs")):
                self.keep_administrator()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def document(self) -> Document:
        found: Document = self.app.test_client().get("/api/openapi.json", headers=self.headers).get_json()
        return found

    def cursors(self) -> dict[str, str]:
        """By the path of each list, a cursor that it has answered in its own order."""
        program = Program(self.app, self.secret)
        with self.app.app_context():
            paths = [f"/api/{section.name}" for section in registry.all_sections()]
            return {path: program.get(f"{path}?per_page=2")["next_cursor"] for path in paths}

    def renew(self) -> None:
        """The demo content as it was."""
        with self.app.app_context():
            self._copy(into_kept=False)

    def _copy(self, *, into_kept: bool) -> None:
        with writing(), closing(db.engine.raw_connection()) as here:
            source, target = here.driver_connection, self.kept
            if not into_kept:
                source, target = target, source
            source.backup(target)

    def keep_administrator(self) -> None:
        with self.app.app_context(), atomic():
            mine = User.__table__.columns.id == self.admin.id
            state = {"live": 1, "deleted_at": None, "deleted_in": None, "is_active": True}
            db.session.execute(db.update(User.__table__).where(mine).values(state))
            pair = {"user_id": self.admin.id, "role_id": self.role}
            if not db.session.execute(db.select(user_roles).filter_by(**pair)).first():
                db.session.execute(db.insert(user_roles).values(pair))


@dataclass
class Report:
    """What was found: a line for each check and call, with the first example of it."""

    findings: dict[tuple[str, str], str] = field(default_factory=dict)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: int = 0

    def add(self, label: str, check: str, text: str) -> None:
        self.times[label, check] += 1
        self.findings.setdefault((label, check), text)

    def read(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.NonFatalError):
            self.add(event.label, "error", f"{event.value!r}"[:2000])
        if not isinstance(event, events.ScenarioFinished):
            return
        for case_id, checks in event.recorder.checks.items():
            for check in checks:
                if check.status is Status.FAILURE and check.failure_info is not None:
                    answer = event.recorder.interactions[case_id].response
                    said = check.failure_info.failure
                    text = f"{check.failure_info.code_sample[:1500]}\n{said.message[:600]}\n"
                    text += f"→ {answer.status_code} {answer.text[:300]}" if answer else ""
                    self.add(said.operation or event.label or "", check.name, text)

    def __str__(self) -> str:
        lines = [f"{self.sent} calls, {len(self.findings)} findings (FUZZ_SEED={SEED})"]
        for (label, check), text in list(self.findings.items())[:FINDINGS_SHOWN]:
            lines.append(f"\n{label}: {check}, {self.times[label, check]} times\n{text}")
        return "\n".join(lines)


def run(site: Site, phase: str, requests: int, document: Document, seed: int = SEED) -> Report:
    """Send about so many calls of one phase of schemathesis: coverage, fuzzing or stateful."""
    site.renew()
    site.renews = phase != "stateful"
    formats.register(site.cursors().values())
    report, begun, turn = Report(), site.sent, 0
    with without_sockets():
        while (left := requests - (site.sent - begun)) > 0 and turn < TURNS_MOST[phase] and not report.findings:
            stream = engine.from_schema(schema_of(site, phase, left, document, seed + turn)).execute()
            for event in stream:
                report.read(event)
                if site.sent - begun > requests * 1.2:
                    stream.stop()
            turn += 1
    report.sent = site.sent - begun
    return report


def of_some(document: Document, sections: int, chance: random.Random) -> Document:
    """Each kind of path for so many sections, dealt out so that all have their turn; what is beside them whole."""
    names = sorted(path.split("/")[2] for path in document["paths"] if path.endswith("/bulk"))
    kinds = sorted({_kind_of(path, names) for path in document["paths"]} - {None})
    chance.shuffle(names)
    kept = {
        f"/api/{names[(place * sections + more) % len(names)]}{kind}"
        for place, kind in enumerate(kinds)
        for more in range(sections)
    }
    return narrowed(document, lambda path: path in kept or _kind_of(path, names) is None)


def _kind_of(path: str, names: Sequence[str]) -> str | None:
    _slash, _api, name, *rest = path.split("/")
    return "/".join(["", *rest]) if name in names else None


def narrowed(document: Document, is_kept: Callable[[str], bool]) -> Document:
    """The document with some of its paths, and without links to the others."""
    paths = {path: item for path, item in document["paths"].items() if is_kept(path)}
    found = deepcopy(document | {"paths": paths})
    names = {call["operationId"] for call in calls_of(found)}
    for call in calls_of(found):
        for answer in call["responses"].values():
            if "links" in answer:
                links = answer["links"].items()
                answer["links"] = {name: link for name, link in links if link["operationId"] in names}
    return found


def calls_of(document: Document) -> list[Document]:
    return [call for item in document["paths"].values() for method, call in item.items() if method in METHODS]


def schema_of(site: Site, phase: str, requests: int, document: Document, seed: int) -> schemathesis.BaseSchema:
    operations = len(calls_of(document))
    phases = PhasesConfig()
    phases.update(phases=[phase])
    examples = requests // (SENT_TO_TAKEN if phase == "stateful" else operations)
    project = ProjectConfig(
        headers=site.headers,
        phases=phases,
        continue_on_failure=True,
        analysis=AnalysisConfig(constants=ConstantsConfig(enabled=False)),
        generation=GenerationConfig(max_examples=max(1, examples), database="none", no_shrink=True),
        checks=ChecksConfig.from_dict({
            # Asks thrice for each call; once in a run is enough.
            "ignored_auth": {"enabled": phase == "fuzzing"},
            "positive_data_acceptance": {"expected-statuses": ["2xx"]},
            "negative_data_rejection": {"expected-statuses": list(REJECTED)},
        }),
    )  # fmt: skip
    config = SchemathesisConfig(
        seed=seed, projects=ProjectsConfig(default=project),
        output=OutputConfig(sanitization=SanitizationConfig(enabled=False)),
    )  # fmt: skip
    schema = schemathesis.openapi.from_dict(drawable(document), config=config)
    schema.app = site
    hooks = Hooks(site, requests / operations / SENT_TO_TAKEN, random.Random(seed))
    for name in ("filter_case", "map_case", "filter_failure"):
        schema.hooks.register_hook_with_name(getattr(hooks, name), name)
    return schema


def drawable(node: Any) -> Any:
    """The same with a format where a pattern may be repeated so often that nothing is drawn from it."""
    if isinstance(node, list):
        return [drawable(part) for part in node]
    if not isinstance(node, dict):
        return node
    if "pattern" in node and node.get("maxLength", 0) > REPEATED_MOST:
        node = {name: part for name, part in node.items() if name != "pattern"} | {"format": "text"}
    return {name: drawable(part) for name, part in node.items()}


class Hooks:
    """Which cases are sent, and which refusals are no finding."""

    def __init__(self, site: Site, wanted: float, chance: random.Random) -> None:
        self.site, self.wanted, self.chance = site, wanted, chance
        self.seen: Counter[str] = Counter()
        self.cursors = site.cursors()

    def filter_case(self, context: HookContext, case: Case) -> bool:
        """Of what the schemas of a call come to, always fewer: lists have a thousand cases, others thirty."""
        if not _is_of_coverage(case):
            return True
        self.seen[case.operation.label] += 1
        return self.chance.random() < self.wanted / self.seen[case.operation.label]

    def map_case(self, context: HookContext, case: Case) -> Case:
        if _is_of_coverage(case) and len(case.query or {}) > PARAMETERS_MOST:
            others = [name for name in case.query if name not in ("cursor", "fields")]
            kept = {case.meta.phase.data.parameter, *self.chance.sample(others, PARAMETERS_MOST)}
            case.query = {name: value for name, value in case.query.items() if name in kept}
        if (case.query or {}).get("cursor") in self.cursors.values() and case.path in self.cursors:
            case.query = case.query | {"cursor": self.cursors[case.path]}
        return case

    def filter_failure(self, context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
        if isinstance(failure, UseAfterFree):
            return not (refusals.is_of_users(case) and case.path_parameters.get("id") == self.site.admin.id)
        if isinstance(failure, AcceptedNegativeData):
            harmless = _breaks_formats_alone(case) or _has_only_blanks_more(case)
            return not (harmless or refusals.is_repeated_here(case, response))
        if isinstance(failure, RejectedPositiveData):
            if _mutations(case):  # wrong on purpose, but no longer told from what is right after a link was followed
                return False
            with self.site.app.app_context():
                return not refusals.is_explained(case, response)
        return True


def _breaks_formats_alone(case: Case) -> bool:
    """Of a format of our own schemathesis takes any text for a violation; what is one, only the site can tell."""
    changed = _mutations(case)
    return bool(changed) and all(set(one.keywords) == {"format"} for one in changed)


def _has_only_blanks_more(case: Case) -> bool:
    """A list of names with blanks, which are no names: ``fields=`` says no more than that nobody names any."""
    changed = {one.parameter for one in _mutations(case)}
    sent = [(case.query or {}).get(name) or "" for name in changed & set(params.LISTS)]
    names = [name for text in sent for name in (text.split(",") if isinstance(text, str) else map(str, text))]
    return changed <= set(params.LISTS) and any(name != name.strip() or not name for name in names)


def _mutations(case: Case) -> Sequence[Mutation]:
    return getattr(case.meta and case.meta.phase.data, "mutations", ())


def _is_of_coverage(case: Case) -> bool:
    return case.meta is not None and case.meta.phase.name is TestPhase.COVERAGE


@schemathesis.check
def errors_have_the_shape_of_the_contract(ctx: CheckContext, response: Response, case: Case) -> None:
    """JSON whatever happens, no 422, 428 or 5xx, and for a failure its sentence, code and number."""
    status = response.status_code
    assert status < 500, f"{status} is a fault of the server"
    assert status not in (422, 428), f"{status} is answered to nothing"
    if response.request.method in ("HEAD", "OPTIONS"):  # answered by the framework, without a body
        return
    kinds = response.headers.get("content-type", [])
    assert [kind.partition(";")[0] for kind in kinds] == ["application/json"], kinds
    if status < 400:
        return
    body: Mapping[str, Any] = response.json()
    assert {"error", "code", "request_id"} <= set(body), body
    assert all(isinstance(body[name], str) and body[name] for name in ("error", "code", "request_id")), body
    assert all(texts and all(map(str.strip, texts)) for texts in body.get("fields", {}).values()), body


@schemathesis.check
def what_is_not_in_the_document_is_refused(ctx: CheckContext, response: Response, case: Case) -> None:
    """Unknown parameters, and unknown names in lists of them, which schemathesis lets pass."""
    if response.status_code >= 400:
        return
    known = {one.name: one.definition.get("schema", {}) for one in case.operation.query}
    for name, text in parse_qsl(case.operation.schema.app.asked, keep_blank_values=True):
        assert name in known, f"{name!r} is no parameter, but was accepted"
        names = known[name].get("items", {}).get("enum")
        wrong = {part.strip() for part in text.split(",")} - {"", *(names or text.split(","))}
        assert not names or not wrong, f"{name} was accepted with {wrong}"
