"""A new row that begins as a copy of another one."""

import pytest

from admin_site import sections
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.section import Kind
from admin_site.core.transactions import atomic
from admin_site.records import pins, reads, trash
from tests.cast import PASSWORD
from tests.client import soup
from tests.factories import make, values_of

sections.register_all()
NAMES = tuple(registry.by_name())


def typed(page):
    """What the browser would send of the form."""
    sent = {}
    for control in page.select("form.edit-form [name]"):
        if control.name == "button" or (
            control.get("type") in ("checkbox", "radio") and not control.has_attr("checked")
        ):
            continue
        if control.name == "select":
            value = (control.select_one("option[selected]") or control.select_one("option"))["value"]
        else:
            value = control.text.removeprefix("\n") if control.name == "textarea" else control.get("value", "")
        sent.setdefault(control["name"], []).append(value)
    return sent


def stored(cast, name, number):
    item = reads.item(cast.system, registry.get(name), number)
    known = (item.section.field(name) for name in item.section.form)
    return {field.name: item.value(field.name) for field in known if field.kind is not Kind.PASSWORD}


@pytest.mark.parametrize("name", NAMES)
def test_a_row_of_every_section_is_copied(cast, sign_in, name):
    section, admin = registry.get(name), sign_in(cast.admin)
    number = make(name)
    before = stored(cast, name, number)
    page = admin.page(f"/admin/{name}/{number}")
    address = page.select_one('.page-head a[href*="copy_of="]')["href"]
    assert admin.page(f"/admin/{name}/{number}/edit").select_one(f'.page-head a[href="{address}"]')
    page = admin.page(address)
    assert page.select_one(".callout a")["href"] == f"/admin/{name}/{number}"
    assert page.select_one("[data-state]").text == "Nothing is written yet"
    sent = typed(page)
    for field in section.unique:
        if field in section.form:
            assert sent[field] == [""], field
            sent[field] = str(values_of(name).get(field, ""))
    secret = {field for field in section.form if section.field(field).kind is Kind.PASSWORD}
    for field in secret:
        assert sent[field] == [""], field
        sent[field] = PASSWORD
    response = admin.post(f"/admin/{name}/new", sent)
    assert response.status_code == 302, soup(response).select(".error")
    db.session.rollback()
    newest = max(row.id for row in db.session.execute(section.table.select()))
    assert newest != number
    after = stored(cast, name, newest)
    for field in before.keys() - section.unique.keys() - {section.owner}:
        assert after[field] == before[field], field
    assert stored(cast, name, number) == before


def test_a_copy_has_its_own_state_pin_owner_and_address(cast, sign_in):
    shelf, tags = make("categories"), sorted(make("tags") for _time in range(2))
    number = make("posts", title="Moss & <b>fern</b>", content="\n  One.\n", status="published", category_id=shelf,
                  tag_ids=tags, author_id=cast.colleague.id)  # fmt: skip
    with atomic():
        pins.pin(registry.get("posts"), [number], cast.admin.id)
    sent = typed(sign_in(cast.editor).page(f"/admin/posts/new?copy_of={number}&back=q%3Dmoss"))
    assert sent["title"] == ["Moss & <b>fern</b>"]
    assert sent["content"] == ["\n  One.\n"]
    assert (sent["status"], sent["slug"], sent["is_pinned"]) == (["draft"], [""], ["0"])
    assert (sent["category_id"], sent["tag_ids"]) == ([str(shelf)], ["", *map(str, tags)])
    assert (sent["author_id"], sent["back"]) == ([str(cast.editor.id)], ["q=moss"])


def test_rows_in_the_trash_are_left_out_of_a_copy(cast, sign_in):
    shelf = make("categories")
    number = make("posts", category_id=shelf)
    with atomic():
        trash.trash(cast.system, registry.get("categories"), shelf)
    sent = typed(sign_in(cast.editor).page(f"/admin/posts/new?copy_of={number}"))
    assert sent["category_id"] == [""]


def test_only_who_may_make_rows_may_copy_those_they_may_read(cast, sign_in):
    number, person, gone = make("notes"), make("users"), make("notes")
    with atomic():
        trash.trash(cast.system, registry.get("notes"), gone)
    viewer, editor = sign_in(cast.viewer), sign_in(cast.editor)
    assert viewer.get(f"/admin/notes/new?copy_of={number}").status_code == 403
    assert not viewer.page(f"/admin/notes/{number}").select('a[href*="copy_of"]')
    assert editor.get(f"/admin/users/new?copy_of={person}").status_code in (403, 404)
    for wrong in (gone, 10**9, "", "x", "-1", "9" * 30, "1 or 1"):
        response = editor.get("/admin/notes/new", query_string={"copy_of": wrong})
        assert response.status_code == 404, wrong
        assert soup(response).select_one("form.edit-form") is None
