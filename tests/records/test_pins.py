"""Pinned rows stay above every sort, filter and page."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from werkzeug.datastructures import MultiDict

from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import counts, paging, pinning, reads, windows, writes
from admin_site.records.list_query import ListQuery
from admin_site.records.pins import Pin
from tests.factories import make


def page(cast, **args):
    query = ListQuery.from_args(registry.get("notes"), MultiDict(args), cast.viewer)
    return paging.page(cast.viewer, query)


def ids(items):
    return [item.id for item in items]


def test_the_band_stands_above_sort_filter_and_page(cast):
    plain = [make("notes", title=f"Plain {place}") for place in range(4)]
    first = make("notes", title="A", is_pinned=True)
    second = make("notes", title="Z", is_pinned=True)
    for args in ({}, {"sort": "title"}, {"q": "plain"}, {"page": "2", "per_page": "2"}):
        found = page(cast, pinned="first", **args)
        assert ids(found.pinned) == [second, first]
        assert not {first, second} & set(ids(found.items))
    assert (page(cast, pinned="first").total, page(cast, pinned="first").in_all) == (len(plain) + 2, len(plain) + 2)


def test_what_matches_in_the_band_is_counted_with_what_matches(cast):
    """So that a list says the same number as its filters, its file and what is done to all of it."""
    for place in range(4):
        make("notes", title=f"Plain {place}")
    make("notes", title="Plain and pinned", is_pinned=True)
    own = make("notes", title="Other, pinned", is_pinned=True)
    with atomic():
        pinning.pin_own(cast.viewer, registry.get("notes"), own, on=True)  # it stands in the band twice

    def told(**args):
        found = page(cast, pinned="first", **args)
        return found.total, found.in_band, found.first, found.last

    assert told(q="plain") == (5, 1, 1, 5)
    assert told(title__contains="other") == (1, 1, 1, 1)
    assert told(q="nothing") == (0, 0, 1, 0)
    assert told() == (6, 2, 1, 6)
    assert told(q="plain", per_page="2") == (5, 1, 1, 3)
    assert told(q="plain", per_page="2", page="2") == (5, 1, 4, 5)
    assert told(sort="title", per_page="3", page="2") == (6, 2, 6, 6)


@pytest.mark.parametrize("args", [{}, {"status": "draft"}, {"q": "fern"}, {"q": '"fern"'}, {"q": "fern status:draft"}])
@pytest.mark.parametrize("pinned", [0, 3])
def test_rows_of_the_band_are_not_counted_again(cast, monkeypatch, args, pinned):
    """However close the number of rows is to the one that is counted to."""
    for module in (paging, counts, windows, reads):
        monkeypatch.setattr(module, "COUNT_MOST", 4)
    section = registry.get("posts")
    for rows in range(1, 12):
        make("posts", title=f"Fern {rows}", status="draft", is_pinned=rows <= pinned)
        query = ListQuery.from_args(section, MultiDict(args), cast.admin, pinned="first")
        found = paging.page(cast.admin, query)
        assert len(found.pinned) == min(rows, pinned)
        assert (found.total, found.is_bounded) == (min(rows, 4), rows > 4), rows
        assert (found.in_all, found.in_all_is_bounded) == (min(rows, 4), rows > 4), rows


def test_only_none_and_absent(cast):
    plain, pinned = make("notes"), make("notes", is_pinned=True)
    assert ids(page(cast, pinned="only").items) == [pinned]
    assert ids(page(cast, pinned="none").items) == [plain]
    assert set(ids(page(cast).items)) == {plain, pinned}
    assert ids(page(cast, is_pinned="1").items) == [pinned]
    assert ids(page(cast, is_pinned="0").items) == [plain]


def test_a_pin_lapses_at_its_end(cast):
    number = make("notes", is_pinned=True)
    end = clock.now() + timedelta(days=1)
    with atomic():
        db.session.execute(update(Pin).values(until=end))
    assert page(cast, pinned="first").pinned[0].pin.until == end
    with clock.set_to(end):
        assert ids(page(cast, pinned="first").pinned) == []
        assert ids(page(cast, pinned="first").items) == [number]


def test_a_row_below_the_band_is_flagged_if_it_is_pinned_for_everyone_now(cast):
    lapsed, own, pinned = (make("notes", title=title) for title in ("Lapsed", "Own", "Pinned"))
    with atomic():
        for number in (lapsed, pinned):
            writes.update(cast.editor, registry.get("notes"), number, {"is_pinned": True})
        pinning.pin_own(cast.viewer, registry.get("notes"), own, on=True)
        db.session.execute(update(Pin).where(Pin.row_id == lapsed).values(until=clock.now() - timedelta(seconds=1)))
    make("posts", is_pinned=True)
    assert {item.id: item.is_pinned for item in page(cast).items} == {lapsed: False, own: False, pinned: True}


def test_a_lapsed_row_can_be_pinned_again(cast):
    number = make("notes", is_pinned=True)
    with atomic():
        db.session.execute(update(Pin).values(until=clock.now() - timedelta(seconds=1)))
    with atomic():
        writes.update(cast.editor, registry.get("notes"), number, {"is_pinned": True})
    assert ids(page(cast, pinned="first").pinned) == [number]


def test_trashed_rows_leave_the_band_and_return_to_it(cast):
    from admin_site.records import trash

    number = make("notes", is_pinned=True)
    with atomic():
        trash.trash(cast.editor, registry.get("notes"), number)
    assert ids(page(cast, pinned="first").pinned) == []
    with atomic():
        trash.restore(cast.editor, registry.get("notes"), number)
    assert ids(page(cast, pinned="first").pinned) == [number]


@pytest.mark.parametrize("name", ["categories", "students", "books"])
def test_sections_without_pins_have_no_band(cast, name):
    make(name)
    query = ListQuery.from_args(registry.get(name), MultiDict({"pinned": "first"}), cast.viewer)
    assert paging.page(cast.viewer, query).pinned == []
