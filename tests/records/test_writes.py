"""The one write path: what it checks, writes and records."""

import threading
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound, Stale
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.history.models import Entry
from admin_site.records import reads, relations, trash, unique, validation, writes
from tests.cast import Cast
from tests.factories import make


def update(actor, section, number, values, version=None):
    with atomic():
        return writes.update(actor, registry.get(section), number, values, version=version)


def row(section, number):
    return reads.find(Cast.system, registry.get(section), number)


def entries(section, number):
    return log.of_row(section, number)


def test_owner_creates_a_row_that_is_theirs(cast):
    number = make("notes", cast.owner, title="  Fern  ")
    note = row("notes", number)
    assert (note.title, note.author_id, note.created_by, note.version) == ("Fern", cast.owner.id, cast.owner.id, 1)


def test_viewer_may_not_create(cast):
    with pytest.raises(Denied):
        make("notes", cast.viewer)
    assert db.session.execute(select(func.count()).select_from(Entry).where(Entry.section == "notes")).scalar() == 0


def test_colleague_may_not_change_what_is_not_theirs(cast):
    number = make("notes", cast.owner)
    with pytest.raises(Denied):
        update(cast.colleague, "notes", number, {"title": "Mine now"})
    assert row("notes", number).version == 1


def test_editor_changes_anything_and_history_says_so(cast):
    number = make("notes", cast.owner, title="Before")
    assert update(cast.editor, "notes", number, {"title": "After"}) == ["title"]
    newest = entries("notes", number)[0]
    assert (newest.action, newest.actor_id, newest.version) == ("update", cast.editor.id, 2)
    assert newest.changes == {"title": ["Before", "After"]}


def test_nothing_is_written_where_nothing_changes(cast):
    number = make("notes", title="Same")
    assert update(cast.system, "notes", number, {"title": "Same"}) == []
    assert row("notes", number).version == 1
    assert len(entries("notes", number)) == 1


def test_history_of_a_new_row_has_its_values(cast):
    category = make("categories", name="News")
    number = make("posts", title="Hello", category_id=category)
    changes = entries("posts", number)[0].changes
    assert changes["title"] == [None, "Hello"]
    assert changes["category_id"] == [None, {"id": category, "title": "News"}]
    assert "id" not in changes
    assert "title_key" not in changes


def test_stale_version_is_refused_with_both_values(cast):
    number = make("notes", title="One")
    update(cast.editor, "notes", number, {"title": "Two"})
    with pytest.raises(Stale) as caught:
        update(cast.system, "notes", number, {"title": "Three", "content": "Water the fern on Fridays."}, version=1)
    assert caught.value.yours == {"title": "Three"}
    assert caught.value.theirs == {"title": "Two"}
    assert caught.value.version == 2
    assert row("notes", number).title == "Two"


def test_what_was_left_as_it_was_read_is_not_yours(cast):
    tag = make("tags")
    number = make("posts", title="One", content="Base.", tag_ids=[tag])
    update(cast.editor, "posts", number, {"title": "Theirs", "tag_ids": []})
    sent = {"title": "One", "content": "Mine.", "tag_ids": [tag]}
    with pytest.raises(Stale) as caught:
        update(cast.system, "posts", number, sent, version=1)
    assert caught.value.yours == {"content": "Mine."}
    with pytest.raises(Stale) as caught:
        update(cast.system, "posts", number, sent | {"title": "Mine"}, version=1)
    assert (caught.value.base["title"], caught.value.yours["title"], caught.value.theirs["title"]) == (
        "One",
        "Mine",
        "Theirs",
    )


def test_hidden_row_is_missing(cast):
    number = make("users")
    with pytest.raises(NotFound):
        update(cast.editor, "users", number, {"name": "X"})


def test_trashed_row_is_missing(cast):
    number = make("notes")
    with atomic():
        trash.trash(cast.system, registry.get("notes"), number)
    with pytest.raises(NotFound):
        update(cast.system, "notes", number, {"title": "X"})


@pytest.mark.parametrize("name", ["id", "version", "created_at", "created_by", "live", "title_key", "nonsense"])
def test_unknown_and_fixed_fields_are_refused(cast, name):
    with pytest.raises(Invalid) as caught:
        make("notes", **{name: "1"})
    assert list(caught.value.fields) == [name]


def test_every_wrong_field_is_named_in_the_declared_order(cast):
    with pytest.raises(Invalid) as caught:
        make("posts", title=" ", content="", status="nonsense", category_id="x")
    assert list(caught.value.fields) == ["title", "content", "status", "category_id"]
    assert caught.value.message == "Title is required"


def test_required_relation_is_named_by_its_label(cast):
    with pytest.raises(Invalid, match="^Post is required$"):
        make("comments", post_id=None)


def test_relation_to_a_missing_row_is_refused(cast):
    with pytest.raises(Invalid, match="no row with the number 999"):
        make("posts", category_id=999)


def test_related_rows_of_all_fields_are_asked_for_at_once(cast, statements, monkeypatch):
    """And each field has its own, though they have the same numbers; a title may have two parts."""
    shelf, tags = make("categories", name="Sand"), [make("tags", name=name) for name in ("One", "Two")]
    gone = make("tags", name="Gone")
    with atomic():
        trash.trash(cast.system, registry.get("tags"), gone)
    monkeypatch.setattr(registry.get("users").model, "__title__", ("name", "city"))
    editor, sent = cast.editor, {"category_id": shelf, "tag_ids": tags, "author_id": cast.colleague.id}
    with statements() as made:
        number = make("posts", editor, **sent)
    assert len([said for said in made if "FROM categories" in said or "FROM tags" in said or "city" in said]) == 1
    (entry,) = entries("posts", number)
    then = {name: new for name, (_old, new) in entry.changes.items()}
    assert then["category_id"] == {"id": shelf, "title": "Sand"}
    assert then["tag_ids"] == [{"id": tag, "title": name} for tag, name in zip(tags, ("One", "Two"), strict=True)]
    assert then["author_id"] == {"id": cast.colleague.id, "title": cast.colleague.name}
    with pytest.raises(Invalid) as caught:
        make("posts", cast.editor, category_id=10**6, tag_ids=[*tags, gone, 10**6], author_id=cast.colleague.id)
    assert caught.value.fields == {
        "category_id": [f"Category: there is no row with the number {10**6}."],
        "tag_ids": [f"Tags: there is no row with the number {gone}, {10**6}."],
    }


def test_relation_that_stood_already_may_stay_when_its_row_is_trashed(cast):
    category = make("categories")
    number = make("posts", category_id=category)
    with atomic():
        trash.trash(cast.system, registry.get("categories"), category)
    assert update(cast.system, "posts", number, {"title": "Other", "category_id": category}) == ["title"]
    with pytest.raises(Invalid):
        make("posts", category_id=category)


def test_tags_are_set_kept_and_cut(cast):
    one, two, three = (make("tags", name=name) for name in ("one", "two", "three"))
    number = make("posts", tag_ids=[one, two])
    update(cast.system, "posts", number, {"title": "Tags untouched"})
    field = registry.get("posts").field("tag_ids")
    assert relations.links(field, [number]) == {number: [one, two]}
    assert update(cast.system, "posts", number, {"tag_ids": [two, three]}) == ["tag_ids"]
    assert relations.links(field, [number]) == {number: [two, three]}
    before, after = entries("posts", number)[0].changes["tag_ids"]
    assert [tag["title"] for tag in before] == ["one", "two"]
    assert [tag["title"] for tag in after] == ["two", "three"]


def test_a_failure_leaves_nothing_behind(cast):
    before = db.session.execute(select(func.count()).select_from(Entry)).scalar()
    with pytest.raises(RuntimeError), atomic():
        writes.create(cast.system, registry.get("notes"), {"title": "Gone", "content": "x"})
        raise RuntimeError
    assert db.session.execute(select(func.count()).select_from(Entry)).scalar() == before


def test_only_editors_set_another_author(cast):
    with pytest.raises(Denied):
        make("notes", cast.owner, author_id=cast.colleague.id)
    number = make("notes", cast.editor, author_id=cast.colleague.id)
    assert row("notes", number).author_id == cast.colleague.id
    own = make("notes", cast.owner, author_id=cast.owner.id)
    with pytest.raises(Denied):
        update(cast.owner, "notes", own, {"author_id": cast.colleague.id})


def test_pinning_needs_the_right_to_pin(cast):
    with pytest.raises(Denied):
        make("notes", cast.owner, is_pinned=True)
    number = make("notes", cast.owner, is_pinned=False)
    with pytest.raises(Denied):
        update(cast.owner, "notes", number, {"is_pinned": True})
    assert update(cast.editor, "notes", number, {"is_pinned": True}) == ["is_pinned"]
    assert entries("notes", number)[0].changes == {"is_pinned": [False, True]}
    assert update(cast.owner, "notes", number, {"title": "Still pinned", "is_pinned": True}) == ["title"]
    with pytest.raises(Denied):
        update(cast.owner, "notes", number, {"is_pinned": False})


def test_passwords_are_hashed_and_never_shown(cast):
    from admin_site.accounts import passwords

    number = make("users", password="a long enough phrase")
    stored = row("users", number).password_hash
    assert passwords.matches("a long enough phrase", stored)
    entry = entries("users", number)[0]
    assert entry.changes["password"] == [None, None]
    assert "phrase" not in str(entry.changes)
    assert stored not in str(entry.changes)


def test_weak_password_is_a_field_error(cast):
    with pytest.raises(Invalid) as caught:
        make("users", password="password")
    assert list(caught.value.fields) == ["password"]


def test_two_editors_at_once_never_lose_an_update(base_app: Flask, cast):
    """Each adds its own mark to what it read; the version lets only one through at a time."""
    number = make("notes", title="marks")
    done = []

    def work(mark: str) -> None:
        with base_app.app_context():
            for turn in range(8):
                while True:
                    note = row("notes", number)
                    db.session.rollback()
                    try:
                        update(Cast.system, "notes", number, {"title": f"{note.title} {mark}{turn}"}, note.version)
                    except Stale:
                        continue
                    done.append(f"{mark}{turn}")
                    break
            db.session.remove()

    threads = [threading.Thread(target=work, args=(mark,)) for mark in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    db.session.rollback()
    assert sorted(row("notes", number).title.split()[1:]) == sorted(done)
    assert len(done) == 24


def test_unique_names_compare_without_case_and_width(cast):
    make("categories", name="Straße")
    with pytest.raises(Conflict) as caught:
        make("categories", name="STRASSE", slug="another")
    assert list(caught.value.fields) == ["name"]
    with pytest.raises(Conflict):
        make("categories", name="Ｓｔｒａｓｓｅ", slug="yet-another")


def test_unique_race_is_a_conflict_not_a_crash(base_app: Flask, cast):
    results = []

    def work() -> None:
        with base_app.app_context():
            try:
                make("tags", name="Same")
            except Conflict as error:
                results.append(error.message)
            else:
                results.append("made")
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results.count("made") == 1
    assert len(results) == 6


def test_whoever_goes_on_after_a_refusal_has_nothing_of_the_refused_row(cast):
    """Also where the section refuses it after it was written, and nobody else could write meanwhile."""

    def refuse(_deed, changes):
        if any(change.after["title"] == "Refused" for change in changes):
            raise Conflict("Not this one.")

    notes = replace(registry.get("notes"), follow=refuse)
    with atomic():
        deed = writes.begin(cast.editor, "import")
        with pytest.raises(Conflict):
            writes.create(cast.editor, notes, {"title": "Refused", "content": "x"}, deed=deed)
        kept = writes.create(cast.editor, notes, {"title": "Kept", "content": "x"}, deed=deed)
    columns = registry.get("notes").table.columns
    rows = db.session.execute(select(columns.id).where(columns.title.in_(("Refused", "Kept")))).scalars().all()
    assert rows == [kept]


def test_made_up_addresses_count_up_from_the_first_that_is_taken(cast):
    made = [make("posts", title="The same") for _ in range(4)]
    assert [slug_of(number) for number in made] == ["the-same", "the-same-2", "the-same-3", "the-same-4"]


@pytest.mark.parametrize("deed", [False, True], ids=["alone", "within a deed"])
def test_a_typed_address_that_is_taken_at_this_moment_is_named(cast, monkeypatch, deed):
    make("posts", title="First", slug="taken")
    monkeypatch.setattr(unique, "check", lambda section, changes: None)  # as if it had come after
    sent = {"title": "Second", "content": "Words.", "slug": "taken"}
    with pytest.raises(Conflict) as refused, atomic():
        own = writes.begin(cast.owner, "form") if deed else None
        writes.make(cast.owner, registry.get("posts"), sent, deed=own)
    assert list(refused.value.fields) == ["slug"]
    db.session.rollback()
    assert [post.title for post in posts_called("Second")] == []


@pytest.mark.parametrize("deed", [False, True], ids=["alone", "within a deed"])
def test_a_related_row_that_goes_at_this_moment_is_said(cast, monkeypatch, deed):
    monkeypatch.setattr(validation, "check_related", lambda *_args: None)
    sent = {"title": "Lost", "content": "Words.", "category_id": 10**9}
    with pytest.raises(Invalid, match="a row that it points to has gone"), atomic():
        own = writes.begin(cast.owner, "form") if deed else None
        writes.make(cast.owner, registry.get("posts"), sent, deed=own)
    db.session.rollback()
    assert posts_called("Lost") == []


def posts_called(title):
    table = registry.get("posts").table
    return db.session.execute(select(table.c.title).where(table.c.title == title)).all()


def slug_of(number):
    table = registry.get("posts").table
    return db.session.execute(select(table.c.slug).where(table.c.id == number)).scalar_one()
