"""A list as of a moment is the list that stood at that moment."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.datastructures import MultiDict

from admin_site.accounts.actor import SYSTEM
from admin_site.core import clock, registry
from admin_site.core.errors import Conflict, NotFound
from admin_site.core.transactions import atomic
from admin_site.records import as_of, paging, trash, writes
from admin_site.records.list_query import ListQuery
from tests.factories import make

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUERIES = (
    {}, {"status": "draft"}, {"status__in": "review,published"}, {"q": "fern"}, {"q": "-fern moss OR is:pinned"},
    {"category_id__isnull": "1"}, {"q": "category:essays"}, {"q": "tag:sea"}, {"sort": "title"},
    {"sort": "-status,title"}, {"is_pinned": "true"}, {"title__contains": "o"}, {"q": "no:tags"},
    {"updated_at__gte": "2026-03-03"},
)  # fmt: skip
SHOWN = ("title", "status", "category_id", "tag_ids", "is_pinned", "author_id", "slug", "content")


def query_of(args, section="posts", actor=SYSTEM):
    query = ListQuery.from_args(registry.get(section), MultiDict({"per_page": "200"} | args), actor)
    assert not query.problems, query.problems
    return query


def said(items):
    """The rows in their order, with what they hold."""
    return [(item.id, [item.value(name) for name in SHOWN]) for item in items]


def now(args):
    """The list as it stands. Words rank, and the past is only sorted, so both are sorted here."""
    query = query_of(args if "sort" in args else args | {"sort": "-updated_at"})
    return said(paging.page(SYSTEM, query, SHOWN).items)


def then(args, moment):
    return said(
        as_of.listed(SYSTEM, query_of(args if "sort" in args else args | {"sort": "-updated_at"}), moment).items
    )


def step(dice, rows, shelves, tags):
    """Something that staff do."""
    section, number = registry.get("posts"), dice.choice(rows)
    deed = dice.choice(["edit", "edit", "edit", "trash", "restore", "make", "pin"])
    if deed == "make":
        rows.append(make("posts", title=dice.choice(["Fern", "Moss", "Lichen"])))
        return
    try:
        with atomic():
            if deed == "trash":
                trash.trash(SYSTEM, section, number)
            elif deed == "restore":
                trash.restore(SYSTEM, section, number)
            elif deed == "pin":
                writes.update(SYSTEM, section, number, {"is_pinned": dice.random() < 0.6})
            else:
                writes.update(SYSTEM, section, number, {
                    "title": dice.choice(["Fern", "Moss and fern", "Lichen", "Ölbaum"]),
                    "status": dice.choice(["draft", "review", "published", "archived"]),
                    "category_id": dice.choice([None, *shelves]), "tag_ids": dice.sample(tags, dice.randint(0, 2)),
                })  # fmt: skip
    except (NotFound, Conflict):
        pass  # it is in the trash, or is not


@pytest.mark.parametrize("seed", range(2))
def test_the_past_is_what_stood_then(app, seed):
    dice = random.Random(seed)
    shelves = [make("categories", name=name) for name in ("Essays", "News")]
    tags = [make("tags", name=name) for name in ("sea", "wood")]
    kept = {}
    with clock.set_to(BEGAN):
        rows = [make("posts", title=f"Fern {place}") for place in range(6)]
    for place in range(1, 40):
        moment = BEGAN + timedelta(hours=3 * place)
        with clock.set_to(moment):
            step(dice, rows, shelves, tags)
        if place % 8 == 0:
            kept[moment + timedelta(hours=1)] = [now(args) for args in QUERIES]
    for moment, lists in kept.items():
        for args, stood in zip(QUERIES, lists, strict=True):
            assert then(args, moment) == stood, (moment, args)
    assert any(lists != [now(args) for args in QUERIES] for lists in kept.values())


def test_before_the_first_row_there_is_nothing(app):
    make("posts")
    assert then({}, datetime(2020, 1, 1, tzinfo=UTC)) == []


def test_what_may_not_be_read_now_is_not_read_then(cast):
    make("notes")
    assert as_of.listed(cast.viewer, query_of({}, "notes", cast.viewer), clock.now()).total == 1
    with pytest.raises(NotFound):
        as_of.listed(cast.viewer, query_of({}, "users", cast.viewer), clock.now())
    with pytest.raises(NotFound):
        as_of.listed(cast.stranger, query_of({}, "notes", cast.stranger), clock.now())


def test_a_large_section_says_so(app, monkeypatch):
    monkeypatch.setattr(as_of, "ROWS_MOST", 2)
    for _time in range(3):
        make("notes")
    assert as_of.listed(SYSTEM, query_of({}, "notes"), clock.now()).is_too_large


def test_the_page_shows_the_past_to_be_read_only(cast, sign_in):
    with clock.set_to(BEGAN):
        post, gone = make("posts", title="Fern", status="draft"), make("posts", title="Moss", status="draft")
    with atomic():
        writes.update(SYSTEM, registry.get("posts"), post, {"title": "Lichen", "status": "published"})
        trash.trash(SYSTEM, registry.get("posts"), gone)
    page = sign_in(cast.viewer).page("/admin/posts/as-of?at=2026-03-02&status=draft&sort=title")
    titles = [cell.text for cell in page.select("tbody th")]
    assert titles == ["Fern", "Moss (in the trash now)"]
    assert page.select_one("tbody a")["href"] == f"/admin/posts/{post}/as-of?at=2026-03-02"
    assert not page.select("tbody form, tbody button")
    assert "status" in page.select_one(".chips").text.lower()


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", "0001-01-01", "9999-12-31", "", "2026-03-01T00:00"])
def test_other_days_are_answered_kindly(cast, sign_in, at):
    answer = sign_in(cast.viewer).get("/admin/posts/as-of", query_string={"at": at})
    assert answer.status_code in (200, 400)
    assert (answer.status_code == 400) is (at in ("yesterday", "2026-13-01", "2026-03-01T00:00"))


def test_a_strangers_list_of_then_is_missing(cast, sign_in):
    assert sign_in(cast.stranger).get("/admin/posts/as-of?at=2026-03-01").status_code == 404
