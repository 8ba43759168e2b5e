"""Whatever is asked of a list: its pages, positions, export and count are the same rows, those of plain Python."""

import base64
import json
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from werkzeug.datastructures import MultiDict

from admin_site.core import clock, registry, text
from admin_site.core.transactions import atomic
from admin_site.records import export, language, paging, reads, trash, writes
from admin_site.records.language import Term, Value
from admin_site.records.list_query import ListQuery
from tests.factories import make

WORDS = ("apple", "brook", "cedar", "dune")
ENDS = ("", " Äpfel", ' (x) "y"')
STATUSES = ("draft", "review", "published")
SORTS = ("title", "status", "published_at", "category_id", "author_id", "created_at", "updated_at", "slug", "id")
NULLS_LAST = (True, 0)


@dataclass
class Post:
    """A row as Python sees it."""

    id: int
    title: str
    status: str
    category_id: int | None
    author_id: int | None
    created_at: object
    is_pinned: bool
    tags: set = field(default_factory=set)


@pytest.fixture
def posts(cast):
    """Forty rows, many of which are equal in what they are sorted by."""
    dice = random.Random(7)
    section, start = registry.get("posts"), clock.now() - timedelta(days=9)
    categories = [make("categories", name=name) for name in ("Great Rivers", "Sand")]
    tags, found = [make("tags"), make("tags")], []
    with atomic():
        deed = writes.begin(cast.system, "test")
        for place in range(40):
            moment = start + timedelta(hours=place // 3)
            row = Post(
                0, f"{dice.choice(WORDS)} {dice.choice(WORDS)}{dice.choice(ENDS)}",
                dice.choice(STATUSES), dice.choice([None, *categories]),
                    dice.choice([None, cast.owner.id, cast.colleague.id]),
                moment, dice.random() < 0.15, set(dice.sample(tags, dice.randrange(3))),
            )  # fmt: skip
            sent = {name: getattr(row, name) for name in ("title", "status", "category_id", "author_id", "is_pinned")}
            with clock.set_to(moment):
                row.id = writes.create(
                    cast.system, section, sent | {"content": "Text.", "tag_ids": sorted(row.tags)}, deed=deed
                )
            found.append(row)
    return found


def read(actor, args):
    query = ListQuery.from_args(registry.get("posts"), MultiDict(args), actor)
    assert query.problems == (), args
    return query


def ids(items):
    return [item.id for item in items]


def forwards(actor, query):
    """Every page by Next, and the position by which one comes back to the one before."""
    pages = [paging.page(actor, query)]
    while pages[-1].next_after:
        asked = replace(query, after=pages[-1].next_after, page=pages[-1].query.page + 1)
        pages.append(paging.page(actor, asked))
        assert len(pages) < 200, "Next never ends"
    return pages


def backwards(actor, query, last):
    pages = [last]
    while pages[-1].previous_after:
        pages.append(paging.page(actor, replace(query, after=pages[-1].previous_after, page=9)))
        assert len(pages) < 200, "Previous never ends"
    return pages[::-1]


def exported(actor, query):
    found, position, is_first = [], None, True
    while is_first or position is not None:
        rows, position = export.lot(actor, query, ["id", "title"], position)
        found += [row[0] for row in rows]
        is_first = False
    return found


def terms(dice, rows):
    """One condition: as ``field=``, in the language, and in Python."""
    word, status, row = dice.choice(WORDS), dice.choice(STATUSES), dice.choice(rows)
    other = dice.choice([row.category_id for row in rows if row.category_id])
    moment = clock.isoformat(row.created_at)
    return dice.choice([
        (("title__contains", word.upper()), f"title:~{word}", lambda r: word in r.title),
        (("status", status), f"status:{status}", lambda r: r.status == status),
        (("status__ne", status), f"-status:{status}", lambda r: r.status != status),
        (("status__in", "draft,review"), "status:draft,review", lambda r: r.status != "published"),
        (("category_id", str(other)), f"category:{other}", lambda r: r.category_id == other),
        (("category_id__ne", str(other)), f"-category:{other}", lambda r: r.category_id != other),
        (("category_id__isnull", "1"), "no:category", lambda r: r.category_id is None),
        (("created_at__gte", moment), f"created:>={moment}", lambda r: r.created_at >= row.created_at),
        (("created_at__lt", moment), f"created:<{moment}", lambda r: r.created_at < row.created_at),
        (("title__lte", row.title), language.write(Term("title", "lte", (Value(row.title),))),
        lambda r: text.key(r.title) <= text.key(row.title)),
        (("is_pinned", "1"), "is:pinned", lambda r: r.is_pinned),
        (("tag_ids__isnull", "0"), "has:tags", lambda r: bool(r.tags)),
    ])  # fmt: skip


def question(dice, rows):
    """A list, and whether a row belongs to it."""
    args, tests = {}, []
    for _ in range(dice.randrange(3)):
        (name, raw), _said, test = terms(dice, rows)
        if name not in args:
            args[name] = raw
            tests.append(test)
    if dice.random() < 0.6:
        (_, one, first), (_, two, second), (_, three, third) = (terms(dice, rows) for _ in range(3))
        shape = dice.randrange(4)
        args["q"] = (f"{one} OR {two}", f"-({one} {two})", f"({one} OR {two}) {three}", f"{one} {two} OR -({three})")[
            shape
        ]
        tests.append(
            (
                lambda r: first(r) or second(r),
                lambda r: not (first(r) and second(r)),
                lambda r: (first(r) or second(r)) and third(r),
                lambda r: (first(r) and second(r)) or not third(r),
            )[shape]
        )
    elif dice.random() < 0.5:
        word = dice.choice(WORDS)
        args["q"] = word[:3]
        tests.append(lambda r: any(part.startswith(word[:3]) for part in r.title.split()))
    if "q" not in args or dice.random() < 0.7:
        args["sort"] = ",".join(dice.choice(["", "-"]) + name for name in dice.sample(SORTS, dice.randint(1, 3)))
    args["pinned"] = dice.choice(["first", "only", "none"])
    if args["pinned"] != "first":
        tests.append(lambda r: r.is_pinned == (args["pinned"] == "only"))
    return args, lambda r: all(test(r) for test in tests)


def in_python(rows, sort):
    """Sorted stably by the last column first; nulls last, whichever way."""
    names = [part for part in sort.split(",") if part.lstrip("-") in ("title", "status", "category_id", "author_id",
        "created_at", "id")]  # fmt: skip
    assert len(names) == len(sort.split(","))
    by_number = next((name for name in names if name.endswith("id") and name.lstrip("-") == "id"), None)
    end = by_number or ("-id" if names[0].startswith("-") else "id")
    before = names[: names.index(by_number)] if by_number else names  # what comes after a number decides nothing
    for part in [end, *before[::-1]]:
        name = part.lstrip("-")
        known = [row for row in rows if getattr(row, name) is not None]
        known.sort(
            key=lambda row: text.key(row.title) if name == "title" else getattr(row, name), reverse=part[0] == "-"
        )
        rows = [*known, *(row for row in rows if getattr(row, name) is None)]
    return [row.id for row in rows]


def test_sixty_lists(cast, posts, monkeypatch):
    dice = random.Random(11)
    compared = 0
    for number in range(60):
        args, belongs = question(dice, posts)
        args["per_page"] = str(dice.choice([3, 5, 7, 50]))
        actor = cast.named(dice.choice(["viewer", "owner", "editor", "admin"]))
        monkeypatch.setattr(export, "LOT_OF_SHORT", dice.choice([2, 9, 1000]))
        query = read(actor, args)
        pages = forwards(actor, query)
        band = ids(pages[0].pinned)
        assert all(ids(page.pinned) == band for page in pages), args
        shown = [row for page in pages for row in ids(page.items)]
        assert sorted(shown) == sorted(row.id for row in posts if belongs(row) and row.id not in band), args
        assert band == [] if args["pinned"] != "first" else set(band) == {row.id for row in posts if row.is_pinned}
        # By number.
        for place, page in enumerate(pages, start=1):
            numbered = paging.page(actor, replace(query, page=place))
            assert ids(numbered.items) == ids(page.items), (number, args, place)
            above = sum(belongs(row) for row in posts if row.id in band)
            assert numbered.total == page.total == len(shown) + above
        # And back.
        assert [ids(page.items) for page in backwards(actor, query, pages[-1])] == [
            ids(page.items) for page in pages
        ], args
        # Counted, and as a file; the file has pinned rows where the sort puts them.
        everything = replace(query, pinned="" if query.pinned == "first" else query.pinned)
        whole = [row for page in forwards(actor, replace(everything, per_page=50)) for row in ids(page.items)]
        assert reads.Matching.of(actor, everything).count(None) == reads.count(actor, query) == len(whole)
        assert exported(cast.editor, query) == whole, args
        assert [row for row in whole if row not in band] == shown, args
        names = {part.lstrip("-") for part in args.get("sort", "-").split(",")}
        if names <= {"title", "status", "category_id", "author_id", "created_at", "id"}:
            assert whole == in_python([row for row in posts if row.id in set(whole)], args["sort"]), args
            compared += 1
    assert compared > 10


@pytest.mark.parametrize("args", [{"sort": "title"}, {"sort": "-published_at,title"}, {"sort": "category_id,-status"},
    {"sort": "-id"}, {}, {"q": "apple"}])  # fmt: skip
@pytest.mark.parametrize("way", ["next", "previous"])
def test_rows_that_stand_all_the_time_appear_once(cast, posts, args, way):
    section, dice = registry.get("posts"), random.Random(3)
    query = read(cast.viewer, args | {"per_page": "4"})
    pages = forwards(cast.viewer, query)
    page = pages[0 if way == "next" else -1]
    steady, seen = {row for found in pages for row in ids(found.items)}, ids(page.items)
    while after := page.next_after if way == "next" else page.previous_after:
        with atomic():
            for _ in range(2):
                values = {"title": dice.choice(WORDS), "status": dice.choice(STATUSES), "content": "New."}
                writes.create(cast.editor, section, values | {"category_id": dice.choice(posts).category_id})
            gone = dice.choice(sorted(steady))
            trash.trash(cast.editor, section, gone)
        steady.discard(gone)
        page = paging.page(cast.viewer, replace(query, after=after))
        seen += ids(page.items)
        assert len(seen) < 500
    assert [seen.count(row) for row in sorted(steady)] == [1] * len(steady)


def said(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


GARBAGE = [
    "x", "-", "--", "é", "\0", "=", "e30", "W10", "bnVsbA", "A" * 3000, said(), said(1), said(None, None),
    said(True, 1), said("a", "b"),
    said([1], 2), said({}, 2), said("a", 1.5), said("a", 1, 2), said("a", 2**70), said("a\0", 1), said("\ud800", 1),
        said(1, 1),
    said("2026-01-01T00:00:00+00:00", 1, 2), base64.b64encode(b"[NaN,1]").decode(),
        base64.b64encode(b"[1e999,1]").decode(),
    base64.b64encode(b"[" * 1400).decode()[:1990],
]  # fmt: skip


@pytest.mark.parametrize("args", [{"sort": "title"}, {"sort": "-created_at"}, {"sort": "category_id,status"},
    {"q": "apple OR brook apple"}, {"q": "apple"}])  # fmt: skip
def test_a_position_that_is_none_gives_the_first_page(cast, posts, args):
    query = ListQuery.from_args(registry.get("posts"), MultiDict(args | {"per_page": "5"}), cast.viewer)
    expected = ids(paging.page(cast.viewer, query).items)
    assert expected
    for raw in GARBAGE:
        for position in (raw, f"-{raw}"):
            asked = ListQuery.from_args(
                registry.get("posts"), MultiDict(args | {"per_page": "5", "after": position}), cast.viewer
            )
            found = ids(paging.page(cast.viewer, asked).items)
            assert found == expected, (position, args)


@pytest.mark.parametrize("values", [(1.5, 1, 2, 3, 4), (-5, 10**12, 10**12, 1e11, 10**12), (10**12, 0, 0, -1e6, 1),
    (2**40, 1, 1, 1, 1)])  # fmt: skip
def test_a_position_by_score_that_is_made_up_is_no_error(cast, posts, values):
    for sign in ("", "-"):
        query = read(cast.viewer, {"q": "apple", "after": sign + said(*values)})
        assert paging.page(cast.viewer, query).total > 5


def test_a_position_of_another_sort_gives_the_first_page(cast, posts):
    sorts = ["title", "-created_at", "category_id", "status,title", "id", "published_at,-title"]
    for mine in sorts:
        query = read(cast.viewer, {"sort": mine, "per_page": "5"})
        expected = ids(paging.page(cast.viewer, query).items)
        for other in sorts:
            position = paging.page(cast.viewer, read(cast.viewer, {"sort": other, "per_page": "5"})).next_after
            found = ids(paging.page(cast.viewer, replace(query, after=position)).items)
            assert (found == expected) == (mine != other), (mine, other)


@pytest.mark.parametrize(
    "moment", ["1000-01-01T00:00:00+14:00", "9998-12-31T23:59:59-14:00", "2026-01-01T00:00:00.123456+00:00"]
)
def test_a_position_at_the_edge_of_time_is_no_error(cast, posts, moment):
    for sort in ("created_at", "-created_at", "published_at", "-published_at"):
        for sign in ("", "-"):
            query = read(cast.viewer, {"sort": sort, "after": sign + said(moment, 2**62)})
            assert paging.page(cast.viewer, query).total == len(posts)
