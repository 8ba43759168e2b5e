"""Every role at every route of every section: what the contract allows works, the rest is refused."""

import pytest
from sqlalchemy import select

from admin_site import sections
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import reads, trash
from tests.client import soup
from tests.factories import make, values_of

sections.register_all()
NAMES = tuple(registry.by_name())
CONTENT = tuple(name for name in NAMES if name != "users")
PEOPLE = ("anonymous", "stranger", "viewer", "owner", "colleague", "editor", "admin")

# Handler to method, address and the people who get through on a row of the owner's.
ALL = {"viewer", "owner", "colleague", "editor", "admin"}
WRITERS = ALL - {"viewer"}
ON_OWN = {"owner", "editor", "admin"}
EDITORS = {"editor", "admin"}
ROUTES = {
    "list": ("GET", "", ALL),
    "detail": ("GET", "{id}", ALL),
    "history": ("GET", "{id}/history", ALL),
    "new": ("GET", "new", WRITERS),
    "create": ("POST", "new", WRITERS),
    "edit": ("GET", "{id}/edit", ON_OWN),
    "save": ("POST", "{id}/edit", ON_OWN),
    "delete page": ("GET", "{id}/delete", ON_OWN),
    "delete": ("POST", "{id}/delete", ON_OWN),
    "trash": ("GET", "trash", EDITORS),
    "restore": ("POST", "{id}/restore", EDITORS),
}


def expected(section, who, allowed):
    if who == "anonymous":
        return "sign in"
    if section == "users":
        return "done" if who == "admin" else "missing"
    if who == "stranger":
        return "missing"
    return "done" if who in allowed else "refused"


def outcome(response):
    match response.status_code:
        case 200:
            return "done"
        case 302:
            return "sign in" if "/login" in response.location else "done"
        case 404:
            return "missing"
        case 403:
            return "refused"
    return f"status {response.status_code}"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", NAMES)
def test_routes(cast, client, sign_in, name, who):
    person = client if who == "anonymous" else sign_in(cast.named(who))
    for route, (method, address, allowed) in ROUTES.items():
        number = make(name, cast.system if name == "users" else cast.owner)
        if route == "restore":
            _trash(cast, name, number)
        before = _version(cast, name, number)
        form = _form(name) if route in ("create", "save") else {}
        path = f"/admin/{name}/{address.format(id=number)}"
        response = person.get(path) if method == "GET" else person.post(path, form | _sent_with(route, before))
        want = expected(name, who, allowed)
        assert outcome(response) == want, f"{who} {route} {name}: {response.text[:500]}"
        if want != "done":
            assert _version(cast, name, number) == before, f"{who} {route} {name} changed something"


def _form(name):
    values = values_of(name)
    return {
        key: [str(item) for item in value] if isinstance(value, list) else str(value) for key, value in values.items()
    }


def _sent_with(route, version):
    return {"version": str(version)} if route in ("save", "delete") else {}


def _trash(cast, name, number):
    with atomic():
        trash.trash(cast.system, registry.get(name), number)


def _version(cast, name, number):
    db.session.rollback()
    columns = registry.get(name).table.columns
    return db.session.execute(select(columns.version).where(columns.id == number)).scalar_one()


@pytest.mark.parametrize("name", [s.name for s in registry.all_sections() if s.pins])
@pytest.mark.parametrize("who", PEOPLE)
def test_pins(cast, client, sign_in, name, who):
    person = client if who == "anonymous" else sign_in(cast.named(who))
    number = make(name, cast.owner)
    response = person.post(f"/admin/{name}/{number}/pin", {"is_pinned": "1"})
    want = expected(name, who, EDITORS)
    assert outcome(response) == want
    db.session.rollback()
    assert reads.item(cast.system, registry.get(name), number).is_pinned == (want == "done")


@pytest.mark.parametrize(
    ("name", "step"), [(s.name, step) for s in registry.all_sections() if s.workflow for step in s.workflow.moves]
)
@pytest.mark.parametrize("who", PEOPLE)
def test_steps(cast, client, sign_in, name, step, who):
    """One step of a row, as its menu and its page offer it."""
    person = client if who == "anonymous" else sign_in(cast.named(who))
    section, number = registry.get(name), make(name, cast.owner)
    before = reads.item(cast.system, section, number).value("status")
    response = person.post(f"/admin/{name}/{number}/move", {"step": step})
    want = expected(name, who, EDITORS)
    assert outcome(response) == want
    db.session.rollback()
    value = section.workflow.moves[step] if want == "done" else before
    assert reads.item(cast.system, section, number).value("status") == value
    if who == "admin":
        assert person.post(f"/admin/{name}/{number}/move", {"step": "vanish"}).status_code == 404
        assert person.post(f"/admin/notes/{make('notes', cast.owner)}/move", {"step": step}).status_code == 404


@pytest.mark.parametrize(("who", "offered"), [("viewer", False), ("owner", False), ("editor", True)])
def test_steps_are_offered_to_who_may_take_them(cast, sign_in, who, offered):
    number, person = make("posts", cast.owner, status="draft"), sign_in(cast.named(who))
    page = soup(person.get("/admin/posts/"))
    assert ("w" in page.select_one("td[data-may]")["data-may"]) is offered
    page = soup(person.get(f"/admin/posts/{number}"))
    assert bool(page.select('button[name="step"]')) is offered
    if offered:
        page = soup(person.post(f"/admin/posts/{number}/move", {"step": "publish", "stay": "1"}, follow_redirects=True))
        assert "is now “Published”" in page.select_one(".flash").text
        assert page.select_one('.flash form[action*="/undo/"]')
        assert [button["value"] for button in page.select('button[name="step"]')] == ["archive"]
        listed = soup(person.get("/admin/posts/"))
        assert "w0" in listed.select_one("td[data-may]")["data-may"]
        steps = [(line["data-unless"], line.button["value"]) for line in listed.find_all("li", {"data-needs": "w"})]
        assert steps == [("0", "publish"), ("1", "archive")]
        page = soup(person.post(f"/admin/posts/{number}/move", {"step": "publish"}, follow_redirects=True))
        assert "was “Published” already" in page.select_one(".flash").text


@pytest.mark.parametrize(
    ("name", "field", "allowed"),
    [
        ("posts", "category_id", WRITERS),
        ("posts", "tag_ids", WRITERS),
        ("posts", "author_id", EDITORS),
        ("comments", "post_id", WRITERS),
        ("users", "role_ids", {"admin"}),
    ],
)
@pytest.mark.parametrize("who", PEOPLE)
def test_lookups(cast, client, sign_in, name, field, allowed, who):
    person = client if who == "anonymous" else sign_in(cast.named(who))
    response = person.get(f"/admin/{name}/lookup/{field}?q=")
    assert outcome(response) == expected(name, who, allowed)


@pytest.mark.parametrize("field", ["title", "nonsense", "created_by", "password_hash"])
def test_lookup_of_anything_else_is_missing(cast, sign_in, field):
    assert sign_in(cast.admin).get(f"/admin/posts/lookup/{field}").status_code == 404


@pytest.mark.parametrize("who", PEOPLE)
def test_the_menu_shows_what_may_be_read(cast, client, sign_in, who):
    if who == "anonymous":
        return
    links = {a["href"] for a in sign_in(cast.named(who)).page("/admin/").select(".sidebar a")}
    shown = {name for name in NAMES if f"/admin/{name}/" in links}
    assert shown == {"stranger": set(), "admin": set(NAMES)}.get(who, set(CONTENT))
