"""Lists for programs: pages, cursors, pins, filters, sorts, and lists of pages copied as commands."""

import base64
import json
import random
import re
import shlex
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import delete, insert, select, update
from werkzeug.datastructures import MultiDict

from admin_site.accounts import actor as actors
from admin_site.accounts import roles
from admin_site.core import clock, registry, text
from admin_site.core.database import db
from admin_site.core.section import Kind
from admin_site.core.transactions import atomic
from admin_site.records import pins, trash, writes
from admin_site.records.list_query import OWN_WORDS, sortable
from admin_site.records.pins import Pin
from tests.cast import Cast, make_user, role_id
from tests.factories import isbn, make

WORDS = ("apple", "Brook", "CEDAR", "dune")
ENDS = ("", " Äpfel", ' (x) "y"', " 100%", " under_score", ", and more")
STATUSES = ("draft", "review", "published")
SORTS = ("title", "status", "published_at", "category_id", "author_id", "created_at", "slug", "id")
SHAPE = {"total", "pages", "current_page", "has_next", "has_prev", "next_cursor"}
FAR = timedelta(days=400)
# What is refused, or said in words, never gets as far as the database: one is enough.
on_one = pytest.mark.databases("sqlite")


# Rows


def many(name, sents, moment=None):
    """Rows that were made at the same moment; their numbers."""
    with clock.set_to(moment or clock.now()), atomic():
        made = writes.create_many(writes.begin(Cast.system, "test"), registry.get(name), sents)
    assert not made.refused, made.refused
    return [made.made[place].id for place in range(len(sents))]


def trashed(name, number, actor=None):
    with atomic():
        trash.trash(actor or Cast.system, registry.get(name), number)


@pytest.fixture
def posts(cast):
    """Forty rows, many of which are equal in what they are sorted by; and one in the trash."""
    dice, start = random.Random(7), clock.now() - timedelta(days=9)
    categories = many("categories", [{"name": "Great Rivers"}, {"name": "Sand"}])
    tags = many("tags", [{"name": "One"}, {"name": "Two"}, {"name": "Three"}])
    for place in range(5):
        moment = start + timedelta(hours=11 * place, microseconds=place)
        published = [None, moment, start]
        many("posts", [
            {
                "title": f"{dice.choice(WORDS)} {dice.choice(WORDS)}{dice.choice(ENDS)}", "content": "Text *of* it.",
                "status": dice.choice(STATUSES), "category_id": dice.choice([None, *categories]),
                "author_id": dice.choice([None, cast.owner.id, cast.colleague.id]),
                "tag_ids": sorted(dice.sample(tags, dice.randrange(3))), "published_at": dice.choice(published),
            }
            for _ in range(8)
        ], moment)  # fmt: skip
    trashed("posts", make("posts", title="apple apple", status="draft", category_id=categories[0], tag_ids=tags[:1]))
    return stored("posts")


def stored(name):
    """The live rows as plain values: what every list is compared with."""
    db.session.rollback()
    section = registry.get(name)
    table = section.table
    query = select(table).where(table.columns.live == 1).order_by(table.columns.id)
    rows = [dict(row) for row in db.session.execute(query).mappings()]
    pinned = set(pin_order(name))
    for field in section.all_fields.values():
        if field.through is not None:
            pairs = list(db.session.execute(select(field.through)))
            for row in rows:
                row[field.name] = sorted(other for mine, other in pairs if mine == row["id"])
        for row in rows:
            if field.kind is Kind.DATETIME and row[field.name] is not None:
                row[field.name] = clock.isoformat(row[field.name])
            if field.name == "is_pinned":
                row["is_pinned"] = row["id"] in pinned
    return [{field: row[field] for field in section.all_fields if field != "password"} for row in rows]


def pin_order(name):
    """The rows that are pinned for everyone, in the order of their pins."""
    pins = db.session.execute(select(Pin).where(Pin.section == name, Pin.user_id.is_(None))).scalars()
    standing = [pin for pin in pins if pin.until is None or pin.until > clock.now()]
    return [pin.row_id for pin in sorted(standing, key=lambda pin: (pin.position, pin.id))]


def pin(name, places):
    """Pins as (row, position, until, whose)."""
    with atomic():
        db.session.execute(delete(Pin))
        for row_id, position, until, user_id in places:
            db.session.execute(insert(Pin).values(
                section=name, row_id=row_id, position=position, until=until, user_id=user_id, created_at=clock.now()
            ))  # fmt: skip


# What is expected


def comparable(value):
    return text.key(value) if isinstance(value, str) else value


def ordered(rows, sort):
    """Sorted stably by the last field first; nulls last, whichever way; the number ends it."""
    orders = [(part.lstrip("-"), part.startswith("-")) for part in sort.split(",")]
    names = [name for name, _ in orders]
    orders = orders[: names.index("id") + 1] if "id" in names else [*orders, ("id", orders[0][1])]
    for name, is_turned in orders[::-1]:
        known = [row for row in rows if row[name] is not None]
        known.sort(key=lambda row: comparable(row[name]), reverse=is_turned)
        rows = [*known, *(row for row in rows if row[name] is None)]
    return [row["id"] for row in rows]


def ids(answer, name="posts"):
    return [row["id"] for row in answer[name]]


# Walking


def pages(program, args, name="posts"):
    """Every page by its number; each says the same of the whole."""
    found = [program.get(f"/api/{name}", query_string=args)]
    while found[-1]["has_next"]:
        found.append(program.get(f"/api/{name}", query_string=args | {"page": len(found) + 1}))
        assert len(found) < 60, "there is always a next page"
    size = int(args.get("per_page", 10))
    total = found[0]["total"]
    for place, page in enumerate(found, start=1):
        assert page["total"] == total
        assert page["pages"] == -(-total // size)
        assert (page["current_page"], page["has_prev"]) == (place, place > 1)
        assert len(page[name]) == min(size, max(0, total - (place - 1) * size)), args
        assert (page["next_cursor"] is not None) == page["has_next"]
    assert sum(len(page[name]) for page in found) == total
    return found


def steps(program, args, name="posts", start=""):
    """The list from a cursor on."""
    found = [program.get(f"/api/{name}", query_string=args | {"cursor": start})]
    assert found[0]["has_prev"] == bool(start)
    while found[-1]["next_cursor"]:
        assert found[-1]["has_next"]
        assert len(found[-1][name]) == int(args.get("per_page", 10))
        found.append(program.get(f"/api/{name}", query_string=args | {"cursor": found[-1]["next_cursor"]}))
        assert found[-1]["has_prev"]
        assert len(found) < 60, "there is always a next cursor"
    assert not found[-1]["has_next"]
    assert all(step["total"] is step["pages"] is step["current_page"] is None for step in found)
    return found


def flat(answers, name="posts"):
    return [number for answer in answers for number in ids(answer, name)]


# Shape and pages


def test_a_list_is_the_newest_rows_whole(cast, program, posts):
    viewer = program(cast.viewer)
    answer = viewer.get("/api/posts")
    assert set(answer) == {"posts"} | SHAPE
    newest = ordered(posts, "-created_at")
    assert ids(answer) == newest[:10]
    assert {name: answer[name] for name in SHAPE - {"next_cursor"}} == {
        "total": 40, "pages": 4, "current_page": 1, "has_next": True, "has_prev": False,
    }  # fmt: skip
    assert isinstance(answer["next_cursor"], str)
    whole = viewer.get("/api/posts?per_page=100")
    assert whole["posts"] == [row for number in newest for row in posts if row["id"] == number]
    assert list(whole["posts"][0]) == list(registry.get("posts").all_fields)
    assert (whole["pages"], whole["has_next"], whole["next_cursor"]) == (1, False, None)


def test_every_section_shows_what_is_stored_and_nothing_else(cast, program):
    """Also rows that have every optional value, or none."""
    admin = program(cast.admin)
    make_user("full", "viewer", "author", age=41, address="1 Quay", city="Oslo", state="Viken")
    author = make("authors", biography="Wrote.")
    for name, more in {
        "posts": {"category_id": make("categories"), "tag_ids": [make("tags")], "author_id": cast.owner.id},
        "comments": {"author_email": "reader@example.org"},
        "questions": {"asked_by": "Somebody", "is_pinned": True},
        "answers": {"is_accepted": True, "author_id": cast.owner.id},
        "books": {"published_year": -500, "summary": "Long ago.", "author_id": author},
        "students": {},
        "notes": {"content": 'Two\nlines, "quoted" 🌱'},
    }.items():
        make(name)
        make(name, **more)
    for name in registry.by_name():
        listed = admin.get(f"/api/{name}?per_page=100&sort=id")
        assert listed[name] == sorted(stored(name), key=lambda row: row["id"]), name
        assert listed["total"] == len(listed[name]) > 0
        assert "$2b$" not in json.dumps(listed)


@on_one
def test_an_empty_list_has_no_pages(cast, program):
    answer = program(cast.viewer).get("/api/books")
    assert answer == {
        "books": [], "total": 0, "pages": 0, "current_page": 1, "has_next": False, "has_prev": False,
        "next_cursor": None,
    }  # fmt: skip
    assert program(cast.viewer).get("/api/books?cursor=")["books"] == []


def test_a_page_past_the_end_is_empty(cast, program, posts):
    viewer = program(cast.viewer)
    for page in (5, 6, 999, 2**31 - 1):
        answer = viewer.get(f"/api/posts?page={page}")
        assert answer["posts"] == []
        assert (answer["total"], answer["pages"], answer["current_page"]) == (40, 4, page)
        assert (answer["has_next"], answer["has_prev"], answer["next_cursor"]) == (False, True, None)


@on_one
@pytest.mark.parametrize("first", ["", "first"])
def test_a_page_that_ends_with_the_list_has_no_next(cast, program, posts, first):
    viewer = program(cast.viewer)
    pin("posts", [(posts[place]["id"], place, None, None) for place in range(10)])
    for size in (8, 10, 20, 40, 100):
        args = {"per_page": size, "pinned": first}
        assert len(pages(viewer, args)) == len(steps(viewer, args)) == -(-40 // size)


WRONG = [
    ("page", raw) for raw in ("0", "-1", "x", "", "1.0", "+1", " 1", "1e3", "2147483648", "9" * 400, "١", "²", "1,2")
] + [
    ("per_page", raw) for raw in ("0", "-1", "x", "", "101", "100.0", "+5", "9" * 400, "٣", "²")
]  # fmt: skip


@on_one
def test_a_page_or_size_that_is_none_is_refused_by_name(cast, program, posts):
    viewer = program(cast.viewer)
    for name, raw in WRONG:
        refused(viewer, "/api/posts", {name: raw}, name)
        refused(viewer, "/api/posts", {name: raw, "sort": "title"}, name)
    # Both at once are both named.
    assert set(viewer.get("/api/posts?page=0&per_page=0&sort=nosuch", status=400)["fields"]) == {
        "page", "per_page", "sort",
    }  # fmt: skip
    assert len(viewer.get("/api/posts?per_page=100")["posts"]) == 40
    assert len(viewer.get("/api/posts?per_page=1")["posts"]) == 1


def refused(program, path, args, *names):
    """400 that names exactly these words, and no row."""
    answer = program.get(path, query_string=args, status=400)
    assert answer["code"] == "bad_request", answer
    assert set(answer["fields"]) == set(names), (args, answer)
    assert all(said and all(isinstance(one, str) and one for one in said) for said in answer["fields"].values())
    assert set(answer) == {"error", "code", "request_id", "fields"}
    return answer


@on_one
def test_a_word_that_counts_once_is_said_once(cast, program, posts):
    """Else one of the two would be passed over in silence. Lists may come in parts."""
    viewer = program(cast.viewer)
    for word, raws in (
        ("page", "12"),
        ("per_page", "12"),
        ("q", "ab"),
        ("pinned", ("only", "none")),
        ("cursor", ("", "")),
    ):
        refused(viewer, "/api/posts", MultiDict([(word, raw) for raw in raws]), word)
    parts = viewer.get("/api/posts?sort=status&sort=-title&fields=title&fields=slug&status__in=draft&status__in=review")
    assert parts == viewer.get("/api/posts?sort=status,-title&fields=title,slug&status__in=draft,review")
    assert set(parts["posts"][0]) == {"id", "title", "slug"}


@on_one
def test_page_and_cursor_exclude_each_other(cast, program, posts):
    viewer = program(cast.viewer)
    cursor = viewer.get("/api/posts")["next_cursor"]
    for args in ({"page": "1", "cursor": ""}, {"page": "2", "cursor": cursor}, {"page": "x", "cursor": cursor}):
        refused(viewer, "/api/posts", args, "page")


@on_one
def test_a_page_lies_as_deep_as_one_likes(cast, program):
    now, count = clock.now(), 10_050
    with atomic():
        db.session.execute(insert(registry.get("students").table), [
            {
                "first_name": "A", "first_name_key": "a", "last_name": f"L{place}", "last_name_key": f"l{place}",
                "subject": "S", "subject_key": "s", "version": 1, "live": 1, "created_at": now, "updated_at": now,
            }
            for place in range(count)
        ])  # fmt: skip
        expected = list(db.session.execute(select(registry.get("students").table.columns.id)).scalars())
    viewer = program(cast.viewer)
    for size, page in ((100, 100), (100, 101), (10, 1001), (10, 1005), (7, 1436)):
        answer = viewer.get(f"/api/students?sort=subject,id&fields=id&per_page={size}&page={page}")
        assert ids(answer, "students") == expected[(page - 1) * size : page * size]
        assert (answer["total"], answer["has_next"]) == (count, page * size < count)
    assert viewer.get("/api/students?page=1006")["students"] == []
    answer = viewer.get("/api/students?sort=-id&fields=id&per_page=100&page=100")
    last = viewer.get(f"/api/students?sort=-id&fields=id&per_page=100&cursor={answer['next_cursor']}")
    assert ids(last, "students") == expected[::-1][10_000:]
    assert last["next_cursor"] is None


# Cursors


def lists(dice):
    """A sort and a filter, and whether a row belongs to it."""
    sort = ",".join(dice.choice(["", "-"]) + name for name in dice.sample(SORTS, dice.randint(1, 3)))
    args, belongs = dice.choice([
        ({}, lambda row: True),
        ({"status__ne": "draft"}, lambda row: row["status"] != "draft"),
        ({"category_id__isnull": "0"}, lambda row: row["category_id"] is not None),
        ({"title__contains": "A"}, lambda row: "a" in row["title"].lower()),
        ({"q": "apple"}, lambda row: "apple" in row["title"].lower()),
        ({"q": "-apple OR no:author"}, lambda row: "apple" not in row["title"].lower() or row["author_id"] is None),
    ])  # fmt: skip
    return args | {"sort": sort, "per_page": dice.choice([4, 7, 15, 100])}, belongs


def test_a_cursor_walks_the_list_as_pages_do(cast, program, posts):
    dice, viewer = random.Random(5), program(cast.viewer)
    for _ in range(10):
        args, belongs = lists(dice)
        expected = ordered([row for row in posts if belongs(row)], args["sort"])
        numbered = pages(viewer, args)
        assert flat(numbered) == expected, args
        assert flat(steps(viewer, args)) == expected, args
        # A page's cursor leads on as the next page does.
        if (page := dice.choice(numbered))["next_cursor"]:
            place = expected.index(page["posts"][-1]["id"]) + 1
            assert flat(steps(viewer, args, start=page["next_cursor"])) == expected[place:], args
    # Nobody sorted.
    assert flat(steps(viewer, {})) == flat(pages(viewer, {})) == ordered(posts, "-created_at")


@on_one
def test_nothing_is_counted_for_a_cursor(cast, program, posts, statements):
    viewer = program(cast.viewer)
    cursor = viewer.get("/api/posts?status=draft&per_page=2")["next_cursor"]
    for start in ("", cursor):
        with statements() as made:
            viewer.get("/api/posts", query_string={"status": "draft", "per_page": 2, "cursor": start})
        assert made
        assert not [statement for statement in made if "count(" in statement.lower()]
    with statements() as made:
        viewer.get("/api/posts?status=draft&per_page=2")
    assert [statement for statement in made if "count(" in statement.lower()]


@on_one
def test_a_cursor_asks_who_calls_and_for_rows(cast, program, posts, statements):
    """Whether a row is pinned, and its tags, come along with it."""
    viewer, pinned = program(cast.viewer), make("posts", status="draft")
    with atomic():
        pins.pin(registry.get("posts"), [pinned], cast.admin.id)
    for args, found in (("", [pinned]), ("pinned=none", []), ("status=draft", [pinned]), ("status=review", [])):
        with statements() as made:
            rows = viewer.get(f"/api/posts?cursor=&per_page=100&{args}")["posts"]
        assert len(made) == 2, made
        assert [row["id"] for row in rows if row["is_pinned"] is True] == found
        assert all(row["is_pinned"] is False for row in rows if row["id"] != pinned)


@on_one
def test_a_size_may_change_on_the_way(cast, program, posts):
    viewer = program(cast.viewer)
    found, cursor = [], ""
    for size in (3, 11, 1, 40):
        answer = viewer.get("/api/posts", query_string={"sort": "-title", "per_page": size, "cursor": cursor})
        found += ids(answer)
        cursor = answer["next_cursor"]
    assert found == ordered(posts, "-title")
    assert cursor is None


@pytest.mark.parametrize("args", [{"sort": "title"}, {"sort": "category_id,-status"}, {"pinned": "first"}])
def test_rows_that_stand_all_the_time_come_once(cast, program, posts, args):
    viewer, dice = program(cast.viewer), random.Random(3)
    pin("posts", [(row["id"], place, None, None) for place, row in enumerate(dice.sample(posts, 9))])
    steady, seen, cursor = {row["id"] for row in posts}, [], ""
    while cursor is not None:
        answer = viewer.get("/api/posts", query_string=args | {"per_page": 4, "cursor": cursor})
        seen += ids(answer)
        cursor = answer["next_cursor"]
        assert len(seen) < 200, "there is always a next cursor"
        new = {"title": dice.choice(WORDS), "content": "New.", "category_id": dice.choice(posts)["category_id"]}
        many("posts", [new | {"status": dice.choice(STATUSES), "is_pinned": dice.random() < 0.3}])
        # Also the row that the cursor names.
        gone = seen[-1] if dice.random() < 0.3 and seen[-1] in steady else dice.choice(sorted(steady))
        trashed("posts", gone)
        steady.discard(gone)
    assert len(steady) > 20
    assert [seen.count(number) for number in sorted(steady)] == [1] * len(steady)


def said(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


RUBBISH = [
    "x", "-", "~", "~~", "--", "é", "\0", "=", "e30", "W10", "bnVsbA", "0", "null", "A" * 3000, said(), said(1),
    said(None), said(None, None), said(True, 1), said("a", True), said([1], 2), said({}, 2), said("a", 1.5),
    said("a", 1, 2), said("a", 2**70), said("a\0", 1), said("\ud800", 1), said(1, 1), "~" + said(1), "~" + said("a", 1),
    "~" + said(1, 2**70), base64.b64encode(b"[NaN,1]").decode(), base64.b64encode(b"[1e999,1]").decode(),
    base64.b64encode(b"[" * 1400).decode(),
]  # fmt: skip


@on_one
def test_a_cursor_that_is_none_is_refused(cast, program, posts):
    viewer = program(cast.viewer)
    # What a cursor of this list begins with, whatever follows.
    head, dot, _ = viewer.get("/api/posts?sort=title")["next_cursor"].rpartition(".")
    for raw in (*RUBBISH, *(head + dot + raw for raw in RUBBISH)):
        refused(viewer, "/api/posts", {"sort": "title", "cursor": raw}, "cursor")
        refused(viewer, "/api/posts", {"sort": "title", "pinned": "first", "cursor": raw}, "cursor")
    refused(viewer, "/api/posts", {"sort": "nosuch", "cursor": "x", "per_page": "0"}, "cursor", "sort", "per_page")


@on_one
def test_a_cursor_of_another_sort_is_refused(cast, program, posts):
    """Where its values are too few, too many, or none of the kind."""
    viewer = program(cast.viewer)
    pin("posts", [(row["id"], place, None, None) for place, row in enumerate(posts[:6])])
    sorts = ["title", "-created_at", "category_id", "status,title", "id", "title,-category_id"]
    cursors = {
        sort: viewer.get("/api/posts", query_string={"sort": sort, "per_page": 5, "category_id__isnull": "0"})[
            "next_cursor"
        ]
        for sort in sorts
    }
    among_pins = viewer.get("/api/posts?sort=title&pinned=first&per_page=3")["next_cursor"]
    for mine in sorts:
        for other in sorts:
            args = {"sort": mine, "cursor": cursors[other]}
            if mine == other:
                assert viewer.get("/api/posts", query_string=args)["posts"]
            elif (mine, other) != ("title", "-created_at"):
                refused(viewer, "/api/posts", args, "cursor")
        refused(viewer, "/api/posts", {"sort": mine, "cursor": among_pins}, "cursor")


@on_one
def test_a_cursor_of_a_sort_that_is_much_alike_is_refused(cast, program, posts):
    """Else rows would be passed over without a word: the values mean another place there."""
    viewer = program(cast.viewer)
    for mine, other in (("title", "-title"), ("title", "slug"), ("-id", "id"), ("title", "created_at")):
        cursor = viewer.get(f"/api/posts?sort={other}&per_page=5")["next_cursor"]
        refused(viewer, "/api/posts", {"sort": mine, "cursor": cursor}, "cursor")


@on_one
def test_a_cursor_carries_values_of_any_length(cast, program):
    """Three sorted columns of the longest names, in letters that take four bytes each."""
    long = "🌱" * 199
    numbers = many("students", [
        {"first_name": long + end, "last_name": long + "a", "subject": long + "b"} for end in "cab"
    ])  # fmt: skip
    args = {"sort": "subject,last_name,first_name", "per_page": 1}
    assert flat(steps(program(cast.viewer), args, "students"), "students") == [numbers[1], numbers[2], numbers[0]]


# Pins


def test_pinned_rows_come_first_in_their_order_each_once(cast, program, posts):
    dice, viewer = random.Random(13), program(cast.viewer)
    past, ahead = clock.now() - timedelta(seconds=1), clock.now() + FAR
    numbers = [row["id"] for row in posts]
    gone = db.session.execute(select(registry.get("posts").table.columns.id).where(
        registry.get("posts").table.columns.live.is_(None)
    )).scalar_one()  # fmt: skip
    for count in (0, 1, 5, 12):
        chosen = dice.sample(numbers, count)
        places = [(number, dice.randrange(-4, 4), dice.choice([None, ahead]), None) for number in chosen]
        lapsed = [(number, -9, past, None) for number in dice.sample(numbers, 3) if number not in chosen]
        own = [(number, -9, None, cast.viewer.id) for number in dice.sample(numbers, 3)]
        pin("posts", [*places, (gone, 0, None, None), *lapsed, *own])
        band = [number for number in pin_order("posts") if number != gone]
        assert sorted(band) == sorted(chosen)
        args, belongs = lists(dice)
        args["per_page"] = dice.choice([4, 5, 6, 12])
        whole = ordered([row for row in posts if belongs(row)], args["sort"])
        above = [number for number in band if number in whole]
        others = [number for number in whole if number not in above]
        expected = {
            "first": above + others, "only": [number for number in whole if number in above], "none": others, "": whole,
        }  # fmt: skip
        for pinned, rows in expected.items():
            for walk in (pages, steps) if pinned == "first" else (dice.choice([pages, steps]),):
                assert flat(walk(viewer, args | {"pinned": pinned})) == rows, (args, pinned, walk)
            named = viewer.get("/api/posts", query_string=args | {"pinned": pinned, "per_page": 100})["posts"]
            assert [row["id"] for row in named if row["is_pinned"]] == [n for n in rows if n in above]


@on_one
def test_a_pin_that_ends_on_the_way_takes_no_row_along(cast, program, posts):
    viewer = program(cast.viewer)
    chosen = [row["id"] for row in posts[:8]]
    pin("posts", [(number, place, None, None) for place, number in enumerate(chosen)])
    args = {"pinned": "first", "per_page": 3}
    first = viewer.get("/api/posts", query_string=args | {"cursor": ""})
    assert ids(first) == chosen[:3]
    with atomic():
        db.session.execute(update(Pin).where(Pin.row_id.in_(chosen[2:])).values(until=clock.now()))
    rest = flat(steps(viewer, args, start=first["next_cursor"]))
    assert sorted(rest) == sorted(row["id"] for row in posts if row["id"] not in chosen[:2])


@on_one
def test_a_trashed_row_leaves_the_pinned_ones_and_returns(cast, program, posts):
    viewer, editor = program(cast.viewer), program(cast.editor)
    one, two = posts[3]["id"], posts[20]["id"]
    pin("posts", [(one, 1, None, None), (two, 2, None, None)])
    editor.delete(f"/api/posts/{one}")
    assert ids(viewer.get("/api/posts?pinned=only")) == [two]
    assert viewer.get("/api/posts?pinned=first")["total"] == 39
    assert one not in flat(pages(viewer, {"pinned": "none"}))
    assert two not in flat(pages(viewer, {"pinned": "none"}))
    editor.post(f"/api/posts/{one}/restore", status=200)
    assert ids(viewer.get("/api/posts?pinned=first"))[:2] == [one, two]


@on_one
def test_a_pinned_row_that_one_may_not_read_is_not_there(cast, program, monkeypatch):
    """Neither first, nor counted, nor as a gap in a page."""
    own, other = make("notes", cast.owner), make("notes", cast.colleague)
    more = [make("notes", cast.owner) for _ in range(3)]
    pin("notes", [(other, 1, None, None), (own, 2, None, None)])
    author = roles.ROLE_GRANTS["author"]["content"] | {"read": "own"}
    monkeypatch.setattr(roles, "ROLE_GRANTS", {**roles.ROLE_GRANTS, "author": {"content": author}})
    actors._grants.cache_clear()
    try:
        owner = program(cast.owner)
        for walk in (pages, steps):
            assert flat(walk(owner, {"pinned": "first", "per_page": 2}, "notes"), "notes") == [own, *more[::-1]]
            assert flat(walk(owner, {"pinned": "only"}, "notes"), "notes") == [own]
            assert sorted(flat(walk(owner, {"per_page": 2, "q": "fern"}, "notes"), "notes")) == sorted([own, *more])
        assert owner.get("/api/notes/search?q=fern")["count"] == 4
        for call in ("", "/history"):
            owner.get(f"/api/notes/{other}{call}", status=404)
    finally:
        actors._grants.cache_clear()


@on_one
def test_pinned_must_be_one_of_three(cast, program, posts):
    for raw in ("yes", "FIRST", "first,only", "0"):
        refused(program(cast.viewer), "/api/posts", {"pinned": raw}, "pinned")


@on_one
def test_where_nothing_is_pinned_only_pinned_rows_are_none(cast, program):
    book = make("books")
    viewer = program(cast.viewer)
    for pinned, expected in (("first", [book]), ("none", [book]), ("only", [])):
        assert ids(viewer.get(f"/api/books?pinned={pinned}"), "books") == expected, pinned
        assert ids(viewer.get(f"/api/books?pinned={pinned}&cursor="), "books") == expected, pinned


# Filters


def shelf_of_books(cast):
    authors = many("authors", [{"name": "Ada"}, {"name": "Bo"}])
    titles = ["apple", "Apple", "ÄPFEL", "Straße", "STRASSE", "100 %", "under_score", "back\\slash", "a, b", "naïve"]
    start, found = clock.now() - timedelta(days=30), []
    for place, title in enumerate(titles):
        found += many("books", [{
            "title": title, "author_id": authors[place % 2], "isbn": isbn(place) if place % 3 else None,
            "published_year": (None, -500, 1999, 2024)[place % 4], "summary": (None, "Of Rivers", "of 100%")[place % 3],
        }], start + timedelta(hours=9 * place, microseconds=place))  # fmt: skip
    trashed("books", found.pop())


def some_users(cast):
    for name in ("viewer", "owner", "editor", "admin", "stranger"):
        cast.named(name)
    for place, city in enumerate(["Oslo", "oslo", "ØRSTA", None, "Bergen"]):
        roles_held = [role_id("viewer"), role_id("author")][: place % 3]
        make("users", role_ids=roles_held, city=city, age=(None, 0, 41, 150)[place % 4], is_active=place != 2)


def conditions(dice, field, rows):
    """Values to compare a field with, for every operator, as they are typed."""
    have = [row[field.name] for row in rows]
    values = [one for value in have for one in (value if isinstance(value, list) else [value]) if one is not None]
    typed = [str(value) for value in dice.sample(sorted(set(values)), min(3, len(set(values))))]
    if field.kind is Kind.BOOLEAN:
        typed = ["1", "false"]
    if field.kind is Kind.DATETIME and typed:
        typed = [typed[0], typed[-1][:10]]
    if not typed:
        typed = ["7"]
    other = {Kind.INTEGER: "77", Kind.RELATION: "777777", Kind.RELATIONS: "777777", Kind.DATETIME: "2020-02-29"}
    more = other.get(field.kind, typed[-1])
    for operator in ("eq", "ne", "lt", "lte", "gt", "gte"):
        yield operator, dice.choice(typed)
    listed = [one for one in typed if "," not in one]
    yield "in", ",".join(dict.fromkeys([*listed, more])) if "," not in more else more.split(",")[0]
    yield "contains", dice.choice(typed)[1:5].swapcase() or "a"
    yield "isnull", dice.choice(["1", "true"])
    yield "isnull", dice.choice(["0", "no"])


def makes_sense(field, operator):
    if operator == "contains":
        return field.is_text
    is_unordered = field.kind in (Kind.BOOLEAN, Kind.CHOICE) or field.is_relation
    return operator not in ("lt", "lte", "gt", "gte") or not is_unordered


def holds(field, operator, have, raw):
    """What the contract says of a value, in Python."""
    if operator == "isnull":
        return (have is None or have == []) == (raw in ("1", "true"))
    if operator == "contains":
        return have is not None and text.fold(raw) in text.fold(have)
    if operator in ("eq", "ne", "in"):
        wanted = raw.split(",") if operator == "in" else [raw]
        mine = have if isinstance(have, list) else [] if have is None else [have]
        return any(equals(field, one, other) for one in mine for other in wanted) != (operator == "ne")
    if have is None:
        return False
    if field.kind is Kind.DATETIME:
        mine, other = (have[:10], raw) if len(raw) == 10 else (have, raw)
    else:
        mine, other = (text.key(have), text.key(raw)) if field.is_text else (have, int(raw))
    return {"lt": mine < other, "lte": mine <= other, "gt": mine > other, "gte": mine >= other}[operator]


def equals(field, have, raw):
    if field.kind is Kind.BOOLEAN:
        return have == (raw in ("1", "true"))
    if field.kind is Kind.DATETIME and len(raw) == 10:
        return have[:10] == raw
    return str(have) == raw


@pytest.mark.parametrize("name", ["posts", "books", "users"])
def test_every_operator_of_every_field_means_what_it_says(app, cast, program, monkeypatch, request, name):
    monkeypatch.setitem(app.config, "API_RATE_LIMIT", 0)
    if name == "posts":
        rows = request.getfixturevalue("posts")
        pin("posts", [(rows[0]["id"], 1, None, None), (rows[5]["id"], 1, clock.now() - FAR, None)])
    else:
        {"books": shelf_of_books, "users": some_users}[name](cast)
    admin, dice, found = program(cast.admin), random.Random(17), 0
    rows = stored(name)
    for field in registry.get(name).all_fields.values():
        if field.secret or field.name in ("address", "state"):  # those two have a test of their own
            continue
        for operator, raw in conditions(dice, field, rows):
            word = field.name if operator == "eq" else f"{field.name}__{operator}"
            args = {word: raw, "per_page": 100, "sort": "id", "fields": "id"}
            if not makes_sense(field, operator):
                refused(admin, f"/api/{name}", args, word)
                continue
            expected = sorted(row["id"] for row in rows if holds(field, operator, row[field.name], raw))
            answer = admin.get(f"/api/{name}", query_string=args)
            assert ids(answer, name) == expected, (word, raw)
            assert answer["total"] == len(expected)
            found += 0 < len(expected) < len(rows)
    assert found > 30  # not only all rows, or none


@pytest.mark.parametrize("name", ["state", "address"])
def test_lines_without_much_use_compare_without_case_too(cast, program, name):
    sent = ["alabama", "Ohio", "ALASKA", "ohio", None, "Éire", "zaire"]
    numbers = [make("users", **{name: value}) for value in sent]
    admin = program(cast.admin)

    def found(**args):
        answer = admin.get("/api/users", query_string={"per_page": 100, "id__in": ",".join(map(str, numbers))} | args)
        return [row[name] for row in answer["users"]]

    assert found(sort=name) == ["alabama", "ALASKA", "Ohio", "ohio", "zaire", "Éire", None]
    assert found(**{f"{name}__contains": "AL", "sort": "id"}) == ["alabama", "ALASKA"]
    assert found(**{f"{name}__contains": "éIRE", "sort": "id"}) == ["Éire"]
    assert found(**{f"{name}__gte": "OHIO", "sort": "id"}) == ["Ohio", "ohio", "Éire", "zaire"]
    assert found(**{name: "ohio"}) == ["ohio"]


def test_long_texts_compare_to_their_end(cast, program):
    """Also such as are longer than a key, whatever its digest begins with."""
    viewer = program(cast.viewer)
    for letter in "abcd":
        number = make("notes", content=letter * 300)
        for operator, others in (("gte", {number}), ("lte", {number}), ("gt", set()), ("lt", set())):
            answer = viewer.get("/api/notes", query_string={f"content__{operator}": letter * 300, "id": number})
            assert set(ids(answer, "notes")) == others, (letter, operator)


@on_one
def test_filters_are_joined_by_and_also_of_one_field(cast, program, posts):
    viewer = program(cast.viewer)
    one = [row["id"] for row in posts if row["status"] == "draft" and row["category_id"] is None]
    assert sorted(ids(viewer.get("/api/posts?status=draft&category_id__isnull=1&per_page=100"))) == one
    both = [row["id"] for row in posts if "apple" in row["title"] and "Brook" in row["title"]]
    assert both
    args = "title__contains=apple&title__contains=brook&title__contains=&per_page=100"
    refused(viewer, f"/api/posts?{args}", None, "title__contains")
    assert sorted(ids(viewer.get(f"/api/posts?{args.replace('&title__contains=&', '&')}"))) == both


def test_ages_are_counted_back_from_now(cast, program):
    moments = [clock.now() - timedelta(days=days) for days in (1, 6, 8, 40)]
    one, two, three, four = (many("tags", [{"name": f"T{place}"}], at)[0] for place, at in enumerate(moments))
    viewer = program(cast.viewer)
    for args, expected in {
        "created_at__lt=7d": [two, one], "created_at__gt=7d": [four, three], "q=created:<1w": [two, one],
        "q=created:>1mo": [four], f"created_at={moments[2]:%Y-%m-%d}": [three],
    }.items():  # fmt: skip
        assert ids(viewer.get(f"/api/tags?sort=created_at&{args}"), "tags") == expected, args


def test_a_filter_across_a_relation_reads_no_more_than_its_reader(cast, program):
    shown, hidden = make("posts", status="published"), make("posts")
    one, other = make("comments", post_id=shown), make("comments", post_id=hidden)
    assert ids(program(cast.viewer).get("/api/comments?post_id.status=published"), "comments") == [one]
    assert ids(program(cast.viewer).get("/api/comments?q=post.status:draft"), "comments") == [other]
    narrow = program(cast.viewer, "comments.read")
    assert len(narrow.get("/api/comments")["comments"]) == 2
    refused(narrow, "/api/comments", {"post_id.status": "published"}, "post_id.status")
    refused(narrow, "/api/comments", {"q": "post.status:draft"}, "q")
    trashed("posts", shown)
    assert ids(program(cast.viewer).get("/api/comments?post_id.status=published"), "comments") == []


VALUES_THAT_ARE_NONE = {
    "posts": [
        ("status", "unheard"), ("status__in", "draft,"), ("status__in", "draft,x"), ("created_at", "soon"),
        ("created_at__lt", "2026-02-30"), ("created_at__gte", "0001-01-01"), ("category_id", "x"),
        ("category_id", "0"), ("category_id", "-1"), ("category_id", str(2**64)), ("tag_ids__in", "1,x"), ("id", "two"),
        ("version__gt", "1.5"), ("is_pinned", "perhaps"), ("title__isnull", "perhaps"), ("title", "a\0b"),
        ("title__contains", "x" * 1001), ("id__in", ",".join(map(str, range(1, 102)))), ("category_id__lt", "1"),
        ("q", "(a"), ("q", "a)"), ("q", "status:unheard"), ("q", "x" * 1001), ("q", "((((a))))"),
        ("q", "created:soon"), ("q", "is:nosuch"), ("q", "!!"), ("q", "title:<1,2"),
    ],
    "books": [
        ("isbn", "123"), ("published_year", "MCMXCIX"), ("published_year", str(2**40)), ("author_id__contains", "1"),
    ],
}  # fmt: skip


@on_one
def test_a_value_that_makes_no_sense_is_refused_by_name(cast, program, posts):
    viewer = program(cast.viewer)
    for name, pairs in VALUES_THAT_ARE_NONE.items():
        for word, raw in pairs:
            refused(viewer, f"/api/{name}", {word: raw}, word)
    sixty = [("title__ne", f"t{place}") for place in range(60)]
    refused(viewer, "/api/posts", MultiDict(sixty), "title__ne")


# The language


def test_q_is_the_same_language_as_everywhere(cast, program, posts):
    pin("posts", [(posts[1]["id"], 1, None, None), (posts[2]["id"], 2, None, None)])
    sand = next(row["category_id"] for row in posts if title_of(row["category_id"]) == "Sand")
    moment = posts[17]["created_at"]
    asked = {
        "apple": lambda r: "apple" in words(r),
        "app": lambda r: any(word.startswith("app") for word in words(r)),
        '"app"': lambda r: False,
        "apple brook": lambda r: {"apple", "brook"} <= set(words(r)),
        "-apple": lambda r: "apple" not in words(r),
        "apple OR dune": lambda r: bool({"apple", "dune"} & set(words(r))),
        "(apple OR dune) status:draft": lambda r: bool({"apple", "dune"} & set(words(r))) and r["status"] == "draft",
        "-(apple status:draft)": lambda r: not ("apple" in words(r) and r["status"] == "draft"),
        "status:draft,review": lambda r: r["status"] in ("draft", "review"),
        "status:!=draft": lambda r: r["status"] != "draft",
        "is:draft": lambda r: r["status"] == "draft",
        "is:pinned": lambda r: r["id"] in (posts[1]["id"], posts[2]["id"]),
        "-is:pinned": lambda r: r["id"] not in (posts[1]["id"], posts[2]["id"]),
        "category:sand": lambda r: r["category_id"] == sand,
        'category:"great rivers"': lambda r: r["category_id"] not in (None, sand),
        f"category:{sand}": lambda r: r["category_id"] == sand,
        "-category:sand": lambda r: r["category_id"] != sand,
        "no:category": lambda r: r["category_id"] is None,
        "has:tags": lambda r: bool(r["tag_ids"]),
        "tag:two": lambda r: any(title_of(tag, "tags") == "Two" for tag in r["tag_ids"]),
        "author:me": lambda r: r["author_id"] == cast.owner.id,
        "is:mine": lambda r: r["author_id"] == cast.owner.id,
        f"author:{cast.colleague.id}": lambda r: r["author_id"] == cast.colleague.id,
        f"created:>={moment}": lambda r: r["created_at"] >= moment,
        f"created:{moment[:10]}": lambda r: r["created_at"][:10] == moment[:10],
        "created:today": lambda r: r["created_at"][:10] == f"{clock.now():%Y-%m-%d}",
        "title:~äPF": lambda r: "äpf" in r["title"].lower(),
        'title:~"under_"': lambda r: "under_" in r["title"],
        "in:posts status:draft": lambda r: r["status"] == "draft",
        "in:notes": lambda r: False,
    }  # fmt: skip
    owner = program(cast.owner)
    for q, belongs in asked.items():
        expected = [row["id"] for row in posts if belongs(row)]
        answer = owner.get("/api/posts", query_string={"q": q, "sort": "id", "per_page": 100})
        assert ids(answer) == expected, q
        assert answer["total"] == len(expected), q
        # Words rank only where people look; programs get the newest first.
        newest = ordered([row for row in posts if belongs(row)], "-created_at")
        assert ids(owner.get("/api/posts", query_string={"q": q, "per_page": 100})) == newest, q
    # With filters beside it.
    both = [row["id"] for row in posts if "apple" in words(row) and row["status"] == "draft"]
    assert ids(owner.get("/api/posts?q=apple&status=draft&sort=id&per_page=100")) == both


def words(row):
    return re.findall(r"\w+", row["title"].lower())


def title_of(number, name="categories"):
    table = registry.get(name).table
    return db.session.execute(select(table.columns.name).where(table.columns.id == number)).scalar()


# Sorting


def test_every_sort_is_that_of_python(cast, program):
    """Without case, nulls last whichever way, and total: the number ends it."""
    shelf_of_books(cast)
    books, viewer = stored("books"), program(cast.viewer)
    names = list(sortable(registry.get("books")))
    assert set(names) == {"id", "title", "author_id", "isbn", "published_year", "created_by", "version",
                          "created_at", "updated_at"}  # fmt: skip
    dice = random.Random(23)
    sorts = [f"{sign}{name}" for name in names for sign in ("", "-")]
    sorts += [
        ",".join(dice.choice(["", "-"]) + name for name in dice.sample(names, dice.randint(2, 5))) for _ in range(15)
    ]
    for sort in sorts:
        args = {"sort": sort, "per_page": 5}
        expected = ordered(books, sort)
        assert ids(viewer.get("/api/books", query_string=args | {"per_page": 100}), "books") == expected, sort
        assert flat(steps(viewer, args, "books"), "books") == expected, sort
    # A field that is named twice counts once; spaces do not matter.
    for sort in ("title,title", " title , id"):
        assert ids(viewer.get("/api/books", query_string={"sort": sort}), "books") == ordered(books, "title"), sort


def test_addresses_sort_by_their_letters_whatever_the_language_of_the_database(cast, program):
    slugs = ["ab", "a-c", "a-b-d", "abc", "a1", "a-1", "z", "b"]
    for slug in slugs:
        make("tags", name=f"Tag {slug}", slug=slug)
    found = program(cast.viewer).get("/api/tags?sort=slug&per_page=100")["tags"]
    assert [row["slug"] for row in found] == sorted(slugs)
    tags = registry.get("tags").table.columns
    between = select(tags.slug).where(tags.slug > "a-", tags.slug < "a0")
    assert sorted(db.session.execute(between).scalars()) == ["a-1", "a-b-d", "a-c"]


@on_one
def test_what_cannot_be_sorted_by_is_refused(cast, program, posts):
    viewer, admin = program(cast.viewer), program(cast.admin)
    for sort in (
        "nosuch", "content", "tag_ids", "is_pinned", "title,nosuch", "--title", "-", ",", "title,", "title_key", "live",
        "deleted_at", "author_id.name", "category_id.name", "title desc", "id;drop", "random()",
        "id,title,status,slug,version,created_at",
    ):  # fmt: skip
        refused(viewer, "/api/posts", {"sort": sort}, "sort")
    for sort in ("password_hash", "password", "role_ids", "name_key"):
        refused(admin, "/api/users", {"sort": sort}, "sort")


# What does not exist, and what is hidden

SECRETS = ["password_hash", "password", "live", "deleted_at", "deleted_in", "name_key", "title_key", "username_key"]
OF_PAGES = ["columns", "view", "after", "group", "count", "find.x", "find.author_id", "b.0", "b.g", "b.apply"]
PATHS = ["author_id.password_hash", "author_id.name", "created_by.email", "category_id.name", "tag_ids.name", "id.id"]
OTHERS = [
    "limit", "offset", "order_by", "include_trashed", "trashed", "_", "", "Title", "title__regex", "title__eq__ne",
    "title.contains", "author", "api_key", "__class__", "a" * 300, "title\0", "q__contains",
]  # fmt: skip
OPERATORS = ("", "__ne", "__lt", "__gte", "__in", "__contains", "__isnull")


@on_one
def test_unknown_and_hidden_words_are_refused_alike(app, cast, program, posts, monkeypatch):
    monkeypatch.setitem(app.config, "API_RATE_LIMIT", 0)
    editor, admin = program(cast.editor), program(cast.admin)
    for program_of, name in ((editor, "posts"), (editor, "notes"), (admin, "users")):
        for word in (*SECRETS, *OF_PAGES, *PATHS, *OTHERS):
            if word in registry.get(name).all_fields and word != "password":
                continue
            answer = refused(program_of, f"/api/{name}", {word: "1"}, word)
            # Also beside what is right: no row comes along, and no other word is blamed.
            refused(program_of, f"/api/{name}", {word: "1", "sort": "id", "id__gt": "0", "cursor": ""}, word)
            if word not in OF_PAGES:
                unknown = refused(program_of, f"/api/{name}", {"nosuch": "1"}, "nosuch")
                said = answer["error"].replace(f"“{word[:40]}”", "W")
                assert said == unknown["error"].replace("“nosuch”", "W"), word
    assert set(OF_PAGES) | {"q", "sort", "page", "per_page", "pinned"} >= OWN_WORDS


@on_one
def test_a_filter_that_breaks_off_before_its_operator_is_refused(cast, program, posts):
    for word in ("title__", "status__", "tag_ids__"):
        refused(program(cast.viewer), "/api/posts", {word: "1"}, word)


@on_one
def test_no_answer_depends_on_a_secret(app, cast, program, monkeypatch):
    """Whoever guesses the hash right is told the same as whoever guesses it wrong."""
    monkeypatch.setitem(app.config, "API_RATE_LIMIT", 0)
    admin, editor = program(cast.admin), program(cast.editor)
    table = registry.get("users").table
    right = db.session.execute(
        select(table.columns.password_hash).where(table.columns.id == cast.admin.id)
    ).scalar_one()
    wrong = right[:-1] + ("a" if right[-1] != "a" else "b")
    make("notes", author_id=cast.admin.id)
    for guess in (right, right[:7], "$2b$"):
        other = wrong if guess == right else "x" * len(guess)
        for operator in OPERATORS:
            for program_of, name, word in (
                (admin, "users", "password_hash"), (admin, "users", "password"),
                (editor, "notes", "author_id.password_hash"),
            ):  # fmt: skip
                told = [
                    without_reference(program_of.get(f"/api/{name}", query_string={word + operator: raw}, status=400))
                    for raw in (guess, other)
                ]
                assert told[0] == told[1], (word, operator)
        for q in ("password_hash:{}", "password:{}", "password_hash:~{}", "has:password_hash", "no:password",
                  "author.password_hash:{}", "password:<{}"):  # fmt: skip
            for path in ("/api/users", "/api/users/search", "/api/search"):
                told = [
                    without_reference(admin.get(path, query_string={"q": q.format(f'"{raw}"')}, status=None))
                    for raw in (guess, other)
                ]
                assert "error" in told[0] or told[0]["count"] == 0
                assert told[0] == told[1], (q, path)
        # As a word it is found by nobody.
        assert admin.get("/api/users", query_string={"q": f'"{guess}"'}, status=None).get("users", []) == []


def without_reference(answer):
    return {name: value for name, value in answer.items() if name not in ("request_id", "query")}


# Lists of pages as commands


def shown(client, query, name="posts"):
    """The rows of the band and of the list, by the links of the page."""
    page = client.page(f"/admin/{name}/?{query}")
    bodies = {"band": [], "rows": []}
    for body in page.select("table.list > tbody"):
        links = [link["href"] for link in body.select("tr > th.title > a")]
        numbers = [int(re.match(rf"/admin/{name}/([0-9]+)\b", link)[1]) for link in links]
        bodies["band" if "is-pinned" in body.get("class", []) else "rows"] += numbers
    return bodies["band"], bodies["rows"], page


def commanded(client, program, query, name="posts"):
    """The rows that the command of this list gives."""
    said = client.page(f"/admin/{name}/curl?{query}").select_one("#curl").text
    parts = shlex.split(said)
    assert parts[:3] == ["curl", "-H", "Authorization: Bearer $TOKEN"], said
    assert len(parts) == 4, said
    url = urlsplit(parts[3])
    assert (url.scheme, url.netloc) == ("http", "localhost")
    answer = program.get(f"{url.path}?{url.query}")
    assert all({"id", "title", "updated_at"} <= set(row) for row in answer[name])
    return ids(answer, name)


FILTERS = [
    ({"status": "draft"}, lambda r: r["status"] == "draft"),
    ({"status__in": "draft,review"}, lambda r: r["status"] != "published"),
    ({"category_id__isnull": "1"}, lambda r: r["category_id"] is None),
    ({"title__contains": ", A"}, lambda r: ", a" in r["title"].lower()),
    ({"title__contains": '"y'}, lambda r: '"y' in r["title"]),
    ({"title__gte": "brook"}, lambda r: text.key(r["title"]) >= "brook"),
    ({"created_at__lt": "400d"}, lambda r: True),
    ({"tag_ids__isnull": "0"}, lambda r: bool(r["tag_ids"])),
]


def looked_at(dice):
    """The query string of a list of the pages, and whether a row belongs to it."""
    chosen = dice.sample(FILTERS, dice.choice([0, 0, 1, 1, 2]))
    args = [pair for condition, _ in chosen for pair in condition.items()]
    tests = [test for _, test in chosen]
    if dice.random() < 0.5:
        q, test = dice.choice([
            ("is:draft OR has:category", lambda r: r["status"] == "draft" or r["category_id"] is not None),
            ("apple", lambda r: "apple" in words(r)),
            ('-"brook"', lambda r: "brook" not in words(r)),
            ("((is:draft OR is:review) (has:tags OR (is:draft has:category)))", lambda r: r["status"] != "published"
             and (bool(r["tag_ids"]) or (r["status"] == "draft" and r["category_id"] is not None))),
        ])  # fmt: skip
        args.append(("q", q))
        tests.append(test)
    if dice.random() < 0.6 or ("q", "apple") in args:
        args.append(("sort", ",".join(dice.choice(["", "-"]) + name for name in dice.sample(SORTS, 2))))
    if dice.random() < 0.7:
        args.append(("per_page", str(dice.choice([3, 5, 8]))))
    return args, lambda row: all(test(row) for test in tests)


def test_a_list_that_one_looks_at_is_a_command_that_gives_its_rows(cast, program, sign_in, posts):
    dice, person, caller = random.Random(29), sign_in(cast.viewer), program(cast.viewer)
    seen = 0
    for count in (0, 10):
        pin("posts", [(row["id"], dice.randrange(4), None, None) for row in dice.sample(posts, count)])
        for _ in range(4):
            args, belongs = looked_at(dice)
            matching = {row["id"] for row in posts if belongs(row)}
            query = urlencode([*args, ("columns", "title,updated_at")])
            band, rows, page = shown(person, query)
            # On the first page the band comes along, also where the filters leave its rows out.
            assert commanded(person, caller, query) == band + rows, args
            assert set(rows) <= matching
            seen += len(rows)
            if (following := page.select_one("a[rel=next]")) is None:
                continue
            # As Next leads on, by a position, and by the number of the page alone.
            for query in (
                urlsplit(following["href"]).query,
                urlencode([*args, ("page", "2"), ("columns", "title,updated_at")]),
            ):
                _, rows, _ = shown(person, query)
                assert rows
                assert commanded(person, caller, query) == rows, query
    assert seen > 30


def test_a_search_is_a_command_that_gives_its_rows_best_first(cast, program, sign_in, posts):
    person, caller = sign_in(cast.viewer), program(cast.viewer)
    make("posts", title="Nothing of it", content="apple apple brook")
    for args in ({"q": "apple"}, {"q": "app", "status": "draft"}, {"q": "apple -dune"}, {"q": "apple", "page": "2"},
                 {"q": "brook has:category", "title__contains": "a, b c"}, {"q": '"brook apple"'}):  # fmt: skip
        query = urlencode(args | {"per_page": "4", "columns": "title,updated_at"})
        _, rows, _ = shown(person, query)
        assert commanded(person, caller, query) == rows, args


@on_one
@pytest.mark.parametrize("name", ["questions", "books", "users"])
def test_lists_of_other_sections_are_commands_too(cast, program, sign_in, name):
    for place in range(7):
        make(name, **({"is_pinned": place < 2} if name == "questions" else {}))
    person, caller = sign_in(cast.admin), program(cast.admin)
    title = registry.get(name).title_columns[0]
    for more in ("", "&sort=-id", "&page=2", "&created_by__isnull=1"):
        said = person.page(f"/admin/{name}/curl?per_page=3{more}").select_one("#curl").text
        url = urlsplit(shlex.split(said)[3])
        band, rows, _ = shown(person, f"per_page=3{more}", name)
        answer = caller.get(f"{url.path}?{url.query}")
        expected = rows if "page=2" in more else band + rows
        assert ids(answer, name) == expected, more
        assert title in answer[name][0]


@on_one
@pytest.mark.parametrize("pinned", ["only", "none"])
@pytest.mark.parametrize("q", ["", "apple"])
def test_a_list_of_pinned_rows_or_of_the_others_is_a_command_too(cast, program, sign_in, posts, pinned, q):
    person, caller = sign_in(cast.viewer), program(cast.viewer)
    apples = [row["id"] for row in posts if "apple" in words(row)]
    pin(
        "posts", [(number, place, None, None) for place, number in enumerate([apples[-1], apples[-3], posts[-1]["id"]])]
    )
    query = urlencode({"pinned": pinned, "q": q, "per_page": "5", "columns": "title,updated_at"})
    band, rows, _ = shown(person, query)
    assert band == []
    assert rows
    assert commanded(person, caller, query) == rows


@on_one
def test_a_search_with_pinned_rows_is_a_command_that_gives_them_first(cast, program, sign_in, posts):
    person, caller = sign_in(cast.viewer), program(cast.viewer)
    apples = [row["id"] for row in posts if "apple" in words(row)]
    pin("posts", [(number, place, None, None) for place, number in enumerate(apples[2:5])])
    for page in (1, 2):
        query = urlencode({"q": "apple", "per_page": "4", "columns": "title,updated_at", "page": page})
        band, rows, _ = shown(person, query)
        assert commanded(person, caller, query) == (band + rows if page == 1 else rows), page


@on_one
@pytest.mark.parametrize(
    ("narrowed", "is_ranked"),
    [("status=draft", False), ("q=is:draft", False), ("q=apple&sort=title", False), ("q=apple", True),
     ("q=apple&status=draft", True)],
)  # fmt: skip
def test_a_pinned_row_that_is_left_out_takes_no_row_along(cast, program, sign_in, posts, narrowed, is_ranked):
    """It stands above the list on the page, and in the command unless that is a search, which has no place for it."""
    person, caller = sign_in(cast.viewer), program(cast.viewer)
    inside = next(row["id"] for row in posts if row["status"] == "draft" and "apple" in words(row))
    outside = next(row["id"] for row in posts if row["status"] == "review" and "apple" not in words(row))
    pin("posts", [(outside, 1, None, None), (inside, 2, None, None)])
    for page in (1, 2):
        query = f"{narrowed}&per_page=3&page={page}&columns=title,updated_at"
        band, rows, _ = shown(person, query)
        assert band == [outside, inside]
        above = [] if page == 2 else [inside] if is_ranked else band
        assert commanded(person, caller, query) == above + rows, page


@on_one
def test_what_the_page_left_out_of_a_search_is_not_in_the_command(cast, program, sign_in, posts):
    """The list is shown without what was not understood; its command must not be refused for it."""
    person, caller = sign_in(cast.viewer), program(cast.viewer)
    for q in ("is:draft nosuch:1", "apple nosuch:1", "is:draft (", "apple " * 300):
        for sort in ("title", ""):
            query = urlencode({"q": q, "sort": sort, "per_page": "5", "columns": "title,updated_at", "nosuch": "1"})
            _, rows, _ = shown(person, query)
            assert rows
            assert commanded(person, caller, query) == rows, (q, sort)


@on_one
def test_a_list_that_is_longer_than_a_call_may_ask_for_begins_at_its_place(cast, program, sign_in):
    many("notes", [{"title": f"N{place}", "content": "C"} for place in range(260)])
    person, caller = sign_in(cast.viewer), program(cast.viewer)
    for size, page in ((100, 2), (200, 1), (200, 2), (150, 2)):
        query = f"per_page={size}&page={page}&columns=title,updated_at"
        _, rows, _ = shown(person, query, "notes")
        answer = commanded(person, caller, query, "notes")
        assert answer
        assert answer == rows[: len(answer)], (size, page)


@on_one
def test_more_pinned_rows_than_stand_above_a_list_are_said_to_be_left_out(cast, program, sign_in):
    for place in range(11):
        make("notes", title=f"Note {place}", is_pinned=place > 0)
    editor, address = sign_in(cast.editor), "/admin/notes/curl?sort=title"
    assert "pinned=first" in editor.page(address).select_one("#curl").text
    make("notes", title="Note 11", is_pinned=True)
    page = editor.page(address)
    command = page.select_one("#curl").text
    assert "pinned" not in command
    assert "pinned rows above the list are not among them" in page.main.text
    found = program(cast.editor).get(command.split("localhost")[1].rstrip("'"))["notes"]
    assert [row["title"] for row in found][:3] == ["Note 0", "Note 1", "Note 10"]


@on_one
def test_a_list_with_its_pinned_rows_fits_or_says_that_it_is_cut(cast, program, sign_in):
    numbers = many("notes", [{"title": f"N{place}", "content": "C"} for place in range(110)])
    pin("notes", [(number, number, None, None) for number in numbers[:5]])
    person, caller = sign_in(cast.viewer), program(cast.viewer)
    query = "per_page=100&columns=title,updated_at"
    band, rows, _ = shown(person, query, "notes")
    answer = commanded(person, caller, query, "notes")
    assert answer == (band + rows)[: len(answer)]
    is_said = "next_cursor" in person.page(f"/admin/notes/curl?{query}").select_one("main").text
    assert is_said == (len(answer) < len(band + rows))


@on_one
@pytest.mark.parametrize("q", ["\0", "OR", "\u200b", "-", "OR OR", '""'])
def test_words_that_ask_for_nothing_are_refused_by_every_list(cast, program, q):
    make("notes", title="Fern")
    editor = program(cast.editor)
    for path in ("/api/notes", "/api/notes/search", "/api/search"):
        answer = editor.send("GET", path, query_string={"q": q})
        assert (answer.status_code, set(answer.json["fields"])) == (400, {"q"}), (path, answer.text)
    assert editor.get("/api/notes?q=")["total"] == 1


@on_one
@pytest.mark.parametrize("number", ["0{}", "00{}", "\uff11", "\u0661", "+{}", "-{}", "{}.0", "1e0"])
def test_a_number_in_a_path_is_written_in_one_way(cast, program, sign_in, number):
    note = make("notes")
    number = number.format(note)
    program(cast.editor).send("GET", f"/api/notes/{number}", status=404)
    assert sign_in(cast.editor).get(f"/admin/notes/{number}").status_code == 404


@on_one
def test_a_redirect_does_not_lead_to_the_host_that_was_sent(app, cast, program, sign_in):
    for client, path in ((program(cast.editor), "/api/notes/"), (sign_in(cast.editor).http, "/admin/notes")):
        send = (
            client.send
            if path.startswith("/api")
            else lambda _method, path, client=client, **more: client.get(path, **more)
        )
        answer = send("GET", path, headers={"Host": "evil.example"})
        assert "evil" not in answer.headers.get("Location", "")
        assert answer.status_code in (308, 404)


@on_one
def test_a_call_with_a_cookie_is_told_which_header_it_lacks(cast, sign_in):
    answer = sign_in(cast.editor).http.post("/api/notes", json={"title": "x", "content": "y"})
    assert answer.status_code == 400
    assert "X-CSRFToken" in answer.json["error"]
