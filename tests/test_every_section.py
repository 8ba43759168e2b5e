"""What must be true of every section, whoever declared it."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from admin_site import sections
from admin_site.accounts import permissions
from admin_site.accounts.roles import ACTIONS, ROLE_GRANTS, grants_of
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.section import Kind
from admin_site.core.transactions import atomic
from admin_site.records import paging, values, writes
from admin_site.records.list_query import ListQuery, sortable
from admin_site.web.admin import forms, list_page
from tests.contracts import compare
from tests.factories import make, values_of

sections.register_all()
NAMES = tuple(registry.by_name())
PEOPLE = ("stranger", "viewer", "owner", "colleague", "editor", "admin", "system", "anonymous")


def test_every_section_of_the_contract_is_there():
    assert set(NAMES) >= {
        "notes", "posts", "categories", "tags", "comments", "questions", "answers", "books", "authors", "students",
        "users",
    }  # fmt: skip


def test_permissions_are_as_reviewed():
    grants = {role: grants_of([role]) for role in ROLE_GRANTS}
    lines = []
    for name in NAMES:
        for action in ACTIONS:
            held = "  ".join(f"{role} {grants[role].get((name, action), '-'):<4}" for role in ROLE_GRANTS)
            rule = registry.get(name).rules.get(action)
            lines.append(f"{name + '.' + action:<24}{held}{'  own only while ' + rule.says if rule else ''}".rstrip())
    compare("permissions.txt", lines)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_is_in_every_table(kind):
    assert kind in values.CLEANERS
    assert kind in forms.CONTROLS
    assert kind in list_page.WIDTHS


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_says_the_same_of_a_row_and_as_sql(cast, name):
    section = registry.get(name)
    people = [cast.named(who) for who in PEOPLE]
    _some_rows(cast, name)
    rows = db.session.execute(select(section.table)).mappings().all()
    for actor in people:
        for action in ACTIONS:
            condition = permissions.condition(actor, action, section, section.table.columns)
            found = set(db.session.execute(select(section.table.columns.id).where(condition)).scalars())
            held = {r["id"] for r in rows if permissions.allows(actor, action, section, SimpleNamespace(**r))}
            assert found == held, f"{actor.name} {name}.{action}"
            if permissions.is_unconditional(actor, action, section):
                assert found == {r["id"] for r in rows}, f"{actor.name} {name}.{action}"


def _some_rows(cast, name):
    for who in ("owner", "colleague", "editor", "admin"):
        actor = cast.named(who)
        if permissions.allows(actor, "create", registry.get(name)):
            make(name, actor)
    section = registry.get(name)
    if section.workflow:
        for choice in section.field(section.workflow.field).choices:
            make(name, cast.system, **{section.workflow.field: choice.value})
            if section.owner == "author_id":
                make(name, cast.editor, author_id=cast.owner.id, **{section.workflow.field: choice.value})


@pytest.mark.parametrize("name", NAMES)
def test_list_count_and_pages_agree(cast, name):
    section = registry.get(name)
    for _ in range(7):
        make(name)
    for sort in ("", *sortable(section), *(f"-{field}" for field in sortable(section))):
        seen, number = [], 1
        while True:
            args = MultiDict({"per_page": "3", "page": str(number), "sort": sort})
            page = paging.page(cast.system, ListQuery.from_args(section, args, cast.system))
            seen += [item.id for item in page.items]
            if not page.has_next:
                break
            number += 1
        assert len(seen) == len(set(seen)) == page.total == page.in_all, sort


@pytest.mark.parametrize("name", NAMES)
def test_a_list_page_is_light(cast, sign_in, statements, name):
    """Six SELECTs and one for who is asking; 50 KB for 50 rows."""
    section = registry.get(name)
    with atomic():
        for _ in range(55):
            writes.create(cast.system, section, values_of(name))
        if section.pins:
            make(name, is_pinned=True)
    admin = sign_in(cast.admin)
    for words in ("", "?q=e", f"?sort={section.columns[0]}"):
        with statements() as made:
            page = admin.get(f"/admin/{name}/{words}")
        selects = [statement for statement in made if statement.lstrip().upper().startswith("SELECT")]
        assert len(selects) <= 7, "\n".join(selects)
        assert len(page.data) <= 50_000, len(page.data)
        assert "q=" in words or page.text.count("<tr>") >= 51
