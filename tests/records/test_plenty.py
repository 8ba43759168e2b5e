"""Lists of sections with plenty of rows are not counted for each page, and never tell of rows that are gone."""

import time

import pytest
from sqlalchemy import delete, func, select
from werkzeug.datastructures import MultiDict

from admin_site.core import registry
from admin_site.core.database import connection, db
from admin_site.core.transactions import atomic
from admin_site.history.models import Entry
from admin_site.records import counts, paging, plenty, reads, trash, windows, writes
from admin_site.records.list_query import ListQuery
from admin_site.records.search import documents
from tests.factories import make

MOST = 2


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in (counts, paging, reads, windows):
        monkeypatch.setattr(module, "COUNT_MOST", MOST)
    monkeypatch.setattr(plenty, "ROWS", 2 * MOST)
    monkeypatch.setattr(plenty, "ENTRIES", MOST)
    monkeypatch.setattr(plenty, "_known", {})


def told(actor, q=""):
    """How many rows a list says match, and there are in all, of which more than ``MOST`` are not counted."""
    db.session.rollback()
    page = paging.page(actor, ListQuery.from_args(registry.get("notes"), MultiDict({"q": q}), actor))
    return page.total + page.is_bounded, page.in_all + page.in_all_is_bounded


def both(number):
    return min(number, MOST + 1), min(number, MOST + 1)


def remove_past_the_program(*numbers):
    table, base = registry.get("notes").table, documents.first_id(registry.get("notes"))
    with atomic():
        gone = documents.SearchDocument.id.in_([base + number for number in numbers])
        db.session.execute(delete(documents.SearchDocument).where(gone))
        db.session.execute(delete(table).where(table.columns.id.in_(numbers)))


@pytest.mark.parametrize("q", ["", "word", "wo", "-other", "title:~word", "a word"])
def test_what_is_told_is_right_while_rows_go_and_come(cast, q):
    rows = [make("notes", title="A word") for _ in range(6)]
    assert told(cast.viewer, q) == both(9)
    for left in range(5, -1, -1):
        with atomic():
            trash.trash(cast.admin, registry.get("notes"), rows[left])
        assert told(cast.viewer, q) == both(left), left
    for there in range(1, 6):
        with atomic():
            trash.restore(cast.admin, registry.get("notes"), rows[there])
        assert told(cast.viewer, q) == both(there), there


def test_what_is_told_of_words_is_right_while_they_are_written_away(cast):
    rows = [make("notes", title="A word") for _ in range(6)]
    make("notes", title="Another")
    assert told(cast.viewer, "word") == both(9)
    for left in range(5, -1, -1):
        with atomic():
            writes.update(cast.admin, registry.get("notes"), rows[left], {"title": "Nothing"})
        assert told(cast.viewer, "word") == (min(left, MOST + 1), MOST + 1), left
        assert told(cast.viewer, "another") == (1, MOST + 1)


@pytest.mark.parametrize("q", ["", "word"])
def test_plenty_of_rows_are_looked_at_once_in_a_while(cast, q, monkeypatch):
    rows = [make("notes", title="A word") for _ in range(8)]
    assert told(cast.viewer, q) == both(9)
    remove_past_the_program(*rows[1:])  # nothing says so, so it is believed for a while
    assert told(cast.viewer, q) == both(9)
    later = time.monotonic() + plenty.AGE + 1
    monkeypatch.setattr(plenty.time, "monotonic", lambda: later)
    assert told(cast.viewer, q) == both(1)


def test_a_section_without_plenty_is_counted_and_not_looked_at_again(cast, monkeypatch):
    looked = []
    monkeypatch.setattr(plenty, "connection", lambda: looked.append("looked") or connection())
    rows = [make("notes", title="A word") for _ in range(4)]
    assert [told(cast.viewer) for _ in range(3)] == [both(9)] * 3
    assert looked == ["looked"]
    later = time.monotonic() + plenty.AGE + 1
    monkeypatch.setattr(plenty.time, "monotonic", lambda: later)
    assert [told(cast.viewer) for _ in range(3)] == [both(9)] * 3
    assert looked == ["looked"] * 2
    remove_past_the_program(*rows[1:])
    assert told(cast.viewer) == both(1)


def test_sections_and_databases_are_told_apart(cast):
    for _ in range(8):
        make("notes", title="A word")
    make("posts", title="Alone")
    assert told(cast.viewer) == both(9)
    page = paging.page(cast.viewer, ListQuery.from_args(registry.get("posts"), MultiDict(), cast.viewer))
    assert (page.in_all, page.in_all_is_bounded) == (1, False)
    assert [key[1:] for key in plenty._known] == [("notes", "")]


def test_every_row_that_leaves_a_section_has_an_entry(cast):
    """What all of this stands on."""
    rows = [make("notes", title="A word") for _ in range(3)]
    before = last_entry()
    with atomic():
        for number in rows:
            trash.trash(cast.admin, registry.get("notes"), number)
    assert last_entry() - before >= 3


def last_entry():
    db.session.rollback()
    return db.session.execute(select(func.max(Entry.id))).scalar_one()


def test_words_may_be_rare_where_rows_are_plenty(cast):
    rows = [make("notes", title=title) for title in ("A word",) * (MOST + 1) + ("Nothing",) * 8]
    assert told(cast.viewer, "word") == (MOST + 1, MOST + 1)
    with atomic():
        writes.update(cast.admin, registry.get("notes"), rows[0], {"title": "Nothing"})
    assert told(cast.viewer, "word") == (MOST, MOST + 1)


def test_a_section_without_history_is_counted_once(cast, monkeypatch):
    """Its rows came from elsewhere, and nobody has changed any yet."""
    for _ in range(9):
        make("notes")
    with atomic():
        db.session.execute(delete(Entry))
    assert told(cast.viewer) == both(9)
    until = plenty.of_section(registry.get("notes"))
    assert db.session.execute(select(plenty.is_sure(until))).scalar()
    assert told(cast.viewer) == both(9)
