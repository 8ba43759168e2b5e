"""The contract, call by call, for every section."""

import pytest

from admin_site.core import registry
from tests.factories import values_of

SECTIONS = (
    "notes", "posts", "categories", "tags", "comments", "questions", "answers", "books", "authors", "students", "users",
)  # fmt: skip


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_is_listed_read_made_changed_trashed_and_brought_back(app, cast, program, name):
    admin, section = program(cast.admin), registry.get(name)
    sent = values_of(name)
    response = admin.send("POST", f"/api/{name}", sent, status=201)
    made = response.json
    number = made["id"]
    assert response.headers["Location"] == f"/api/{name}/{number}"
    assert response.headers["ETag"] == '"1"'
    assert made["version"] == 1
    assert made["created_by"] == cast.admin.id
    for field, value in sent.items():
        assert made[field] == value
    assert admin.get(f"/api/{name}/{number}") == made
    listed = admin.get(f"/api/{name}")
    assert set(listed) == {name, "total", "pages", "current_page", "has_next", "has_prev", "next_cursor"}
    assert listed[name][0] == made or name == "users"
    title = section.title_columns[0]
    for verb, word in (("PUT", "Pale heron"), ("PATCH", "Grey heron")):
        changed = admin.send(verb, f"/api/{name}/{number}", {title: word}, status=200).json
        assert changed[title] == word
        same = {field for field in made if field not in (title, "version", "updated_at", "slug")}
        assert all(changed[field] == made[field] for field in same)
    assert admin.get(f"/api/{name}/search?q=grey+heron")[name][0]["id"] == number
    history = admin.get(f"/api/{name}/{number}/history")["history"]
    assert [entry["action"] for entry in history] == ["update", "update", "create"]
    assert history[0]["changes"][title] == ["Pale heron", "Grey heron"]
    assert history[0]["actor"] == {"id": cast.admin.id, "name": cast.admin.name}
    said = admin.delete(f"/api/{name}/{number}")
    assert said == {"message": f"{section.singular.capitalize()} deleted successfully"}
    admin.get(f"/api/{name}/{number}", status=404)
    assert admin.post(f"/api/{name}/{number}/restore", status=200)[title] == "Grey heron"
    job = admin.post(f"/api/{name}/bulk", {"ids": [number], "action": "delete"}, status=202)["job"]
    assert admin.get(f"/api/jobs/{job['id']}")["done"] == 1
    admin.get(f"/api/{name}/{number}", status=404)
    undone = admin.post(f"/api/jobs/{job['id']}/undo", status=202)["job"]
    assert admin.get(f"/api/jobs/{undone['id']}")["state"] == "done"
    assert admin.get(f"/api/{name}/{number}")[title] == "Grey heron"
