"""Bulk deeds: what is frozen, what the preview says, and that the job then does exactly that."""

import json
from collections import Counter

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from admin_site.accounts import actor as actors
from admin_site.accounts import roles
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import Denied, Invalid, NotFound
from admin_site.core.transactions import atomic
from admin_site.history import change_sets, log
from admin_site.history.models import ChangeSet, Entry
from admin_site.jobs import board, bulk, runner
from admin_site.jobs.bulk import DELETE, EDIT, PIN, RESTORE, UNPIN, Bulk
from admin_site.jobs.models import Job, State
from admin_site.records import edits, feed, pins, selection, trash, writes
from admin_site.records.list_query import ListQuery
from admin_site.records.search.documents import SearchDocument
from tests.factories import make

OWN = "You may do this only to your own posts."
GONE = "It was moved to the trash, or is hidden from you."


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """More than one chunk for more than three rows, and no waiting."""
    monkeypatch.setattr(bulk, "CHUNK", 3)
    monkeypatch.setattr(bulk, "ALIKE_CHUNKS", 1)
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)


@pytest.fixture
def deputy(cast, monkeypatch):
    """An author who may also work in bulk, on their own rows."""
    author = roles.ROLE_GRANTS["author"]["content"] | {"bulk_edit": "any", "restore": "own"}
    monkeypatch.setattr(roles, "ROLE_GRANTS", {**roles.ROLE_GRANTS, "author": {"content": author}})
    actors._grants.cache_clear()
    yield cast.owner
    actors._grants.cache_clear()


def listed(actor, section, **args):
    return selection.of_list(actor, ListQuery.from_args(registry.get(section), MultiDict(args), actor, pinned="first"))


def ticked(actor, section, rows, **more):
    return selection.of_rows(actor, registry.get(section), rows, **more)


def work(actor, deed):
    """The job, as it ended."""
    with atomic():
        number = bulk.begin(actor, deed, source="bulk", reason="Spring cleaning")
    runner.run(number)
    db.session.rollback()
    return db.session.get(Job, number, populate_existing=True)


def edit(chosen, **sent):
    return Bulk(chosen, EDIT, sent)


def column(section, name, rows):
    columns = registry.get(section).table.columns
    db.session.rollback()
    query = select(columns[name]).where(columns.id.in_(rows)).order_by(columns.id)
    return db.session.execute(query).scalars().all()


def update(number, section="notes", **sent):
    with atomic():
        writes.update(actors.SYSTEM, registry.get(section), number, sent)


def to_trash(section, *rows):
    for row in rows:
        with atomic():
            trash.trash(actors.SYSTEM, registry.get(section), row)


def counts():
    """Everything that a deed writes, in numbers."""
    db.session.rollback()
    tables = (Entry, ChangeSet, Job, pins.Pin, SearchDocument)
    written = [db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]
    for section in ("posts", "notes", "comments", "categories"):
        columns = registry.get(section).table.columns
        written += db.session.execute(select(func.sum(columns.version), func.count(columns.live))).one()
    return written


def said(preview):
    return preview.changing, preview.same, dict(preview.left_out)


def notes_of(job):
    return Counter(note.reason for note in board.notes(job, limit=1_000))


def assert_foretold(actor, deed, *, exact=True):
    """The preview writes nothing, and the job does what it says."""
    before = counts()
    foretold = bulk.preview(actor, deed)
    assert counts() == before
    job = work(actor, deed)
    assert job.state == State.DONE
    assert (job.done, job.same) == (foretold.changing, foretold.same)
    assert job.skipped == foretold.total - foretold.changing - foretold.same  # with those that are not there any more
    assert sum(foretold.left_out.values()) in (job.skipped, job.skipped - foretold.fewer)
    assert foretold.is_exact is exact
    assert dict(notes_of(job)) == dict(foretold.left_out)
    return foretold, job


# The selection.


def test_rows_that_came_later_are_left_alone_and_the_preview_counts_them(cast):
    rows = [make("notes", title="Old fern") for _ in range(4)]
    chosen = listed(cast.editor, "notes", q="fern")
    later = [make("notes", title="New fern") for _ in range(2)]
    to_trash("notes", rows[0])
    deed = edit(chosen, title=("set", "Moss"))
    foretold, job = assert_foretold(cast.editor, deed)
    assert (foretold.total, foretold.more, foretold.fewer) == (4, 2, 1)
    assert (job.total, job.done) == (4, 3)
    assert column("notes", "title", [*rows, *later]) == ["Old fern", *["Moss"] * 3, "New fern", "New fern"]


def test_a_selection_of_a_list_that_its_own_edit_empties_is_worked_to_the_end(cast):
    rows = [make("posts", status="draft") for _ in range(8)]
    job = work(cast.editor, Bulk(listed(cast.editor, "posts", status="draft"), "publish"))
    assert (job.done, column("posts", "status", rows)) == (8, ["published"] * 8)


def test_a_selection_is_as_small_for_all_as_for_one(cast):
    make("notes", title="Fern")
    one = listed(cast.editor, "notes", q="fern")
    with atomic():
        for _ in range(120):
            make("notes", title="Fern")
    every = listed(cast.editor, "notes", q="fern")
    assert (one.count, every.count) == (1, 121)
    sizes = [len(json.dumps(edit(chosen, title=("set", "Moss")).to_json())) for chosen in (one, every)]
    assert abs(sizes[0] - sizes[1]) <= 8  # the digits of two numbers
    assert selection.Selection.from_json(json.loads(json.dumps(every.to_json()))) == every


def test_a_bulk_deed_is_the_same_after_it_was_kept(cast):
    chosen = ticked(cast.editor, "notes", [make("notes")])
    deed = edit(chosen, title=("set", "Moss"))
    assert Bulk.from_json(json.loads(json.dumps(deed.to_json()))) == deed


def test_too_many_rows_by_number_are_refused(cast):
    with pytest.raises(Invalid, match="At most 1,000 rows"):
        ticked(cast.editor, "notes", range(1, 1_002))
    number = make("notes")
    assert ticked(cast.editor, "notes", range(number, number + 1_000)).ids == (number,)


@pytest.mark.parametrize("rows", [[], [0, -4], [10**9], [2**70]])
def test_no_rows_are_no_selection(cast, rows):
    with pytest.raises(Invalid, match="Tick the rows first"):
        ticked(cast.editor, "notes", rows)


def test_an_empty_list_and_one_that_was_not_understood_are_no_selection(cast):
    make("notes")
    with pytest.raises(Invalid, match="Nothing matches"):
        listed(cast.editor, "notes", q="nowhere")
    with pytest.raises(Invalid, match="no filter"):
        listed(cast.editor, "notes", nonsense="1")
    with pytest.raises(NotFound):
        listed(cast.editor, "users")


def test_rows_in_the_trash_and_hidden_ones_cannot_be_ticked(cast):
    here, gone, user = make("notes"), make("notes"), make("users")
    to_trash("notes", gone)
    assert ticked(cast.editor, "notes", [here, gone]).ids == (here,)
    assert ticked(cast.editor, "notes", [here, gone], trashed=True).ids == (gone,)
    with pytest.raises(Invalid):
        ticked(cast.editor, "users", [user])


def test_two_filters_of_one_name_both_hold_for_the_job(cast):
    rows = [make("notes", title=title) for title in ("Fern", "Fern and moss", "Moss")]
    args = MultiDict([("title__contains", "fern"), ("title__contains", "moss")])
    query = ListQuery.from_args(registry.get("notes"), args, cast.editor)
    assert query.problems == ()
    work(cast.editor, edit(selection.of_list(cast.editor, query), title=("set", "Changed")))
    assert column("notes", "title", rows) == ["Fern", "Changed", "Moss"]


WORDS = [
    {"q": "fern"}, {"q": "fern", "status": "draft"}, {"q": "fern", "pinned": "only"}, {"q": "fern", "pinned": "none"},
    {"q": "fern moss"}, {"q": '"wet fern"'}, {"q": "-moss fern"}, {"q": "fer"}, {"status": "draft"}, {},
]  # fmt: skip


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("args", WORDS, ids=str)
def test_the_lots_of_a_selection_are_the_rows_of_its_list(cast, monkeypatch, args, few):
    make("notes", title="Fern")  # a document of another section
    titles = ("Fern", "Fern and moss", "Moss", "A wet fern", "Ferns", "Wet moss, fern")
    rows = [
        make("posts", title=title, status=status, is_pinned=place % 2 == 0)
        for place, title in enumerate(titles)
        for status in ("draft", "published")
    ]
    to_trash("posts", rows[0])
    chosen = listed(cast.editor, "posts", **args)
    make("posts", title="Fern, later", status="draft")
    query = ListQuery.from_args(registry.get("posts"), MultiDict({**args, "per_page": "50"}), cast.editor)
    seen = [found.id for found in feed.by_page(cast.editor, query, ["title"]).rows]
    expected = sorted(number for number in seen if number <= rows[-1])
    monkeypatch.setattr(selection, "GATHERED_MOST", 100 if few else 0)
    for size in (1, 3, 50):
        found, after = [], 0
        while after is not None:
            lot, after = chosen.lot(cast.editor, after, size)
            assert len(lot) <= size
            found += lot
        assert found == expected
    assert chosen.count == len(expected)
    assert sorted(db.session.execute(chosen.every(cast.editor)).scalars()) == expected


@pytest.mark.parametrize("how", ["renamed", "trashed"])
def test_a_filter_that_is_not_understood_any_more_never_widens_the_selection(cast, how):
    category = make("categories", name="News")
    inside, outside = make("posts", category_id=category, title="In"), make("posts", title="Out")
    chosen = listed(cast.editor, "posts", q="category:News")
    assert chosen.count == 1
    if how == "renamed":
        update(category, "categories", name="Olds")
    else:
        to_trash("categories", category)
    with atomic():
        number = bulk.begin(cast.editor, edit(chosen, title=("set", "Changed")), source="bulk")
    runner.run(number)
    assert column("posts", "title", [outside]) == ["Out"]
    assert column("posts", "version", [inside]) in ([1], [2])


def test_a_filter_over_what_may_not_be_read_any_more_never_widens_the_selection(cast, monkeypatch):
    post = make("posts", status="published")
    inside, outside = make("comments", post_id=post), make("comments")
    chosen = listed(cast.editor, "comments", **{"post_id.status": "published"})
    assert chosen.count == 1
    sections = {name: s for name, s in registry.by_name().items() if s.area == "content"}
    grants = {
        (name, action): "any" for name in sections for action in roles.ACTIONS if (name, action) != ("posts", "read")
    }
    monkeypatch.setattr(actors, "_grants", lambda *_: grants)
    with atomic():
        number = bulk.begin(cast.editor, edit(chosen, author_name=("set", "Changed")), source="bulk")
    runner.run(number)
    assert column("comments", "author_name", [outside])[0] != "Changed"
    assert len(column("comments", "id", [inside])) == 1


# What the preview says, and what the job does.


def test_rows_that_have_it_already_are_counted_and_left(cast):
    [make("notes", title=title) for title in ("Moss", "Fern", "Fern", "Moss", "Fern")]
    foretold, job = assert_foretold(cast.editor, edit(listed(cast.editor, "notes"), title=("set", "Moss")))
    assert said(foretold) == (3, 2, {})
    assert [sample.title for sample in foretold.samples] == ["Fern"] * 3
    assert [sample.changes for sample in foretold.samples] == [{"title": ["Fern", "Moss"]}] * 3
    assert (job.reason, job.section, job.total) == ("Spring cleaning", "notes", 5)


def test_rows_of_others_are_left_out_and_named(cast, deputy):
    for who in (cast.owner, cast.colleague, cast.owner, cast.colleague, cast.owner):
        make("posts", author_id=who.id, status="draft")
    make("posts", author_id=deputy.id, status="published")
    foretold, job = assert_foretold(deputy, edit(listed(deputy, "posts"), title=("set", "Moss")))
    assert said(foretold) == (3, 0, {OWN: 2, "This is possible only while it is draft or review.": 1})
    assert {note.outcome for note in board.notes(job)} == {"skipped"}
    assert board.reasons(job)[0] == ("skipped", OWN, 2)


def test_a_status_that_needs_another_right_is_left_out(cast, deputy):
    mine = make("posts", author_id=deputy.id)
    foretold, _ = assert_foretold(deputy, edit(ticked(deputy, "posts", [mine]), status=("set", "published")))
    assert said(foretold) == (0, 0, {"You may not set Status.": 1})


def test_rows_that_went_meanwhile_are_left_out_and_named(cast):
    rows = [make("notes") for _ in range(5)]
    chosen = ticked(cast.editor, "notes", rows)
    to_trash("notes", *rows[1:3])
    foretold, job = assert_foretold(cast.editor, edit(chosen, title=("set", "Moss")))
    assert said(foretold) == (3, 0, {GONE: 2})
    assert (foretold.more, foretold.fewer) == (0, 2)
    assert [note.row_id for note in board.notes(job)] == rows[1:3]


def test_what_left_the_selection_before_its_turn_is_counted(cast):
    numbers = [make("posts", status="draft") for _ in range(5)]
    with atomic():
        deed = Bulk(listed(cast.editor, "posts", status="draft"), EDIT, {"title": ("set", "Moss")})
        job_id = bulk.begin(cast.editor, deed, source="bulk")
    for number in numbers[:2]:
        update(number, "posts", status="review")
    runner.run(job_id)
    job = board.find(cast.editor, job_id)
    assert (job.total, job.done, job.skipped) == (5, 3, 2)
    assert job.message == "2 rows were not there any more when their turn came."


def test_above_what_is_tried_rows_are_counted(cast, deputy, monkeypatch):
    monkeypatch.setattr(bulk, "TRIED", 2)
    for place in range(7):
        title, who = ("Moss" if place % 3 == 0 else "Fern"), (cast.owner if place % 2 else cast.colleague)
        make("posts", title=title, author_id=who.id)
    deed = edit(listed(deputy, "posts"), title=("set", "Moss"))
    foretold, _ = assert_foretold(deputy, deed, exact=False)
    assert said(foretold) == (2, 1, {OWN: 4})
    assert foretold.total == 7


def test_above_what_is_tried_empty_values_are_told_from_others(cast, monkeypatch):
    monkeypatch.setattr(bulk, "TRIED", 2)
    category = make("categories")
    for place in range(6):
        make("posts", category_id=category if place % 2 else None)
    for sent, expected in (({"category_id": ("clear", None)}, (3, 3)), ({"category_id": ("set", category)}, (6, 0))):
        foretold, _ = assert_foretold(cast.editor, edit(listed(cast.editor, "posts"), **sent), exact=False)
        assert (foretold.changing, foretold.same) == expected


@pytest.mark.parametrize(
    ("operation", "places", "expected"),
    [("add", [0], (4, 4)), ("add", [0, 1], (6, 2)), ("remove", [0], (4, 4)), ("remove", [1, 2], (4, 4)),
     ("set", [0], (6, 2)), ("set", [1, 0], (6, 2)), ("clear", [], (6, 2))],
)  # fmt: skip
def test_above_what_is_tried_tags_are_counted(cast, monkeypatch, operation, places, expected):
    monkeypatch.setattr(bulk, "TRIED", 2)
    tags = [make("tags") for _ in range(3)]
    for held in ([], [0], [0, 1], [2]) * 2:
        make("posts", tag_ids=[tags[place] for place in held])
    sent = [tags[place] for place in places] or None
    foretold, _ = assert_foretold(
        cast.editor, edit(listed(cast.editor, "posts"), tag_ids=(operation, sent)), exact=False
    )
    assert (foretold.changing, foretold.same) == expected


def test_above_what_is_tried_pins_are_counted(cast, monkeypatch):
    monkeypatch.setattr(bulk, "TRIED", 1)
    for place in range(5):
        make("posts", is_pinned=place < 2)
    for wanted, expected in ((True, (3, 2)), (False, (5, 0))):
        deed = edit(listed(cast.editor, "posts"), is_pinned=("set", wanted))
        foretold, _ = assert_foretold(cast.editor, deed, exact=False)
        assert (foretold.changing, foretold.same) == expected


def test_above_what_is_tried_moments_that_stay_are_named(cast, monkeypatch):
    monkeypatch.setattr(bulk, "TRIED", 1)
    posts = registry.get("posts")
    monkeypatch.setitem(posts.__dict__, "form", (*posts.form, "published_at"))
    _draft, *published, _archived = [
        make("posts", status=status) for status in ("draft", "published", "published", "archived")
    ]
    kept = "Published cannot be empty while the status is Published."
    chosen = listed(cast.editor, "posts")
    foretold, _ = assert_foretold(cast.editor, edit(chosen, published_at=("clear", None)), exact=False)
    assert said(foretold) == (0, 2, {kept: 2})
    deed = edit(ticked(cast.editor, "posts", published), published_at=("clear", None), status=("set", "published"))
    foretold, _ = assert_foretold(cast.editor, deed, exact=False)
    assert said(foretold) == (0, 0, {kept: 2})
    deed = edit(chosen, published_at=("clear", None), title=("set", "Moss"))
    foretold, _ = assert_foretold(cast.editor, deed, exact=False)
    assert said(foretold) == (2, 0, {kept: 2})
    deed = edit(chosen, published_at=("clear", None), status=("set", "archived"))
    foretold, _ = assert_foretold(cast.editor, deed, exact=False)
    assert said(foretold) == (3, 1, {})


def test_above_what_is_tried_what_may_not_be_set_is_named(cast, deputy, monkeypatch):
    monkeypatch.setattr(bulk, "TRIED", 1)
    for status in ("draft", "review", "published", "archived"):
        make("posts", status=status, author_id=deputy.id)
    make("posts", status="draft")
    chosen, closed = listed(deputy, "posts"), {"This is possible only while it is draft or review.": 2, OWN: 1}
    foretold, _ = assert_foretold(deputy, edit(chosen, author_id=("set", deputy.id)), exact=False)
    assert said(foretold) == (0, 2, closed)
    deed = edit(chosen, status=("set", "published"), title=("set", "Moss"))
    foretold, _ = assert_foretold(deputy, deed, exact=False)
    assert said(foretold) == (0, 0, {"You may not set Status.": 2} | closed)
    deed = edit(chosen, author_id=("set", cast.editor.id), title=("set", "Moss"))
    foretold, _ = assert_foretold(deputy, deed, exact=False)
    assert said(foretold) == (0, 0, {"You may not set Author.": 2} | closed)
    foretold, _ = assert_foretold(deputy, edit(chosen, status=("set", "review"), title=("set", "Moss")), exact=False)
    assert said(foretold) == (2, 0, closed)


def test_tags_are_added_and_removed_in_every_chunk(cast):
    tags = [make("tags") for _ in range(3)]
    rows = [make("posts", tag_ids=tags[place % 3 : place % 3 + 1]) for place in range(7)]
    foretold, job = assert_foretold(cast.editor, edit(listed(cast.editor, "posts"), tag_ids=("add", tags[:1])))
    assert (foretold.changing, job.same) == (4, 3)
    removed, _ = assert_foretold(cast.editor, edit(ticked(cast.editor, "posts", rows), tag_ids=("remove", tags[:2])))
    assert (removed.changing, removed.same) == (7, 0)


def test_a_preview_is_for_those_who_may(cast):
    number = make("notes", cast.owner)
    for actor in (cast.owner, cast.viewer):
        deed = edit(ticked(actor, "notes", [number]), title=("set", "Moss"))
        with pytest.raises(Denied):
            bulk.preview(actor, deed)
        with pytest.raises(Denied):
            work(actor, deed)
    assert column("notes", "version", [number]) == [1]


def test_a_job_is_one_change_set_however_many_chunks_it_has(cast):
    rows = [make("notes") for _ in range(10)]
    job = work(cast.editor, edit(ticked(cast.editor, "notes", rows), title=("set", "Moss")))
    entries = [log.of_row("notes", row)[0] for row in rows]
    assert {entry.change_set_id for entry in entries} == {job.change_set_id}
    assert {(e.source, e.reason, e.actor_id) for e in entries} == {("bulk", "Spring cleaning", cast.editor.id)}
    assert change_sets.count_of(job.change_set_id) == 10


@pytest.mark.parametrize(
    ("section", "action", "before", "after"),
    [
        ("posts", "publish", "draft", "published"),
        ("posts", "archive", "published", "archived"),
        ("comments", "approve", "pending", "approved"),
        ("comments", "reject", "pending", "rejected"),
        ("comments", "spam", "approved", "spam"),
        ("questions", "publish", "pending", "published"),
        ("questions", "hide", "published", "hidden"),
    ],
)
def test_moves_of_the_status_are_deeds_of_their_own(cast, section, action, before, after):
    rows = [make(section, status=before) for _ in range(4)] + [make(section, status=after)]
    foretold, _ = assert_foretold(cast.editor, Bulk(ticked(cast.editor, section, rows), action))
    assert said(foretold) == (4, 1, {})
    assert column(section, "status", rows) == [after] * 5


def test_what_is_published_in_bulk_has_its_moment(cast):
    rows = [make("posts") for _ in range(4)]
    work(cast.editor, Bulk(ticked(cast.editor, "posts", rows), "publish"))
    assert all(column("posts", "published_at", rows))


def test_rows_are_pinned_and_unpinned_in_bulk(cast):
    rows = [make("posts") for _ in range(5)]
    update(rows[2], "posts", is_pinned=True)
    foretold, _ = assert_foretold(cast.editor, Bulk(ticked(cast.editor, "posts", rows), PIN))
    assert said(foretold) == (4, 1, {})
    assert pins.pinned_among(registry.get("posts"), rows) == set(rows)
    foretold, _ = assert_foretold(cast.editor, Bulk(ticked(cast.editor, "posts", rows[1:]), UNPIN))
    assert said(foretold) == (4, 0, {})
    assert pins.pinned_among(registry.get("posts"), rows) == {rows[0]}


def test_rows_go_to_the_trash_and_come_back_with_what_belongs_to_them(cast):
    posts = [make("posts") for _ in range(5)]
    comments = [make("comments", post_id=posts[place]) for place in (0, 0, 3, 4)]
    foretold, job = assert_foretold(cast.editor, Bulk(ticked(cast.editor, "posts", posts), DELETE))
    assert said(foretold) == (5, 0, {})
    assert column("posts", "live", posts) + column("comments", "live", comments) == [None] * 9
    assert set(column("posts", "deleted_in", posts)) == {job.change_set_id}
    chosen = ticked(cast.editor, "posts", posts, trashed=True)
    foretold, _ = assert_foretold(cast.editor, Bulk(chosen, RESTORE))
    assert said(foretold) == (5, 0, {})
    assert column("posts", "live", posts) + column("comments", "live", comments) == [1] * 9
    assert column("comments", "version", comments) == [3] * 4


def test_a_list_of_the_trash_is_restored(cast):
    posts = [make("posts", title="Fern") for _ in range(4)] + [make("posts", title="Moss")]
    here = make("posts", title="Fern")
    to_trash("posts", *posts)
    query = ListQuery.from_args(registry.get("posts"), MultiDict({"q": "fern"}), cast.editor).in_trash()
    chosen = selection.of_list(cast.editor, query)
    assert (chosen.trashed, chosen.count) == (True, 4)
    assert_foretold(cast.editor, Bulk(chosen, RESTORE))
    assert column("posts", "live", [*posts, here]) == [1, 1, 1, 1, None, 1]
    assert column("posts", "version", [here]) == [1]


def test_what_cannot_come_back_stays_and_is_named(cast):
    rows = [make("categories", name=name) for name in ("News", "Sport", "Weather", "Culture")]
    to_trash("categories", *rows)
    make("categories", name="news", slug="another")
    foretold, _ = assert_foretold(cast.editor, Bulk(ticked(cast.editor, "categories", rows, trashed=True), RESTORE))
    assert said(foretold) == (3, 0, {"Name “News” is already used by another category.": 1})


def test_only_own_rows_go_to_the_trash_and_the_count_says_so(cast, deputy, monkeypatch):
    rows = [make("posts", author_id=who.id) for who in (cast.owner, cast.colleague, cast.owner, cast.owner)]
    chosen = listed(deputy, "posts")
    monkeypatch.setattr(bulk, "TRIED", 1)
    foretold, _ = assert_foretold(deputy, Bulk(chosen, DELETE), exact=False)
    assert said(foretold) == (3, 0, {OWN: 1})
    assert column("posts", "live", rows) == [None, 1, None, None]


# What is offered, and what is refused.


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("posts", "slug", "one-for-all"), ("books", "isbn", "9780306406157"), ("categories", "name", "One"),
        ("posts", "id", 1), ("posts", "version", 1), ("posts", "live", 0), ("posts", "title_key", "x"),
        ("posts", "nonsense", "x"), ("users", "password", "four words that do not belong"),
    ],
)  # fmt: skip
def test_a_field_that_is_not_offered_is_refused(cast, section, name, value):
    number = make(section)
    assert name not in [field.name for field in edits.offered(cast.admin, registry.get(section))]
    deed = edit(ticked(cast.admin, section, [number]), **{name: ("set", value)})
    before = counts()
    for act in (bulk.preview, work):
        with pytest.raises(Invalid) as caught:
            act(cast.admin, deed)
        assert list(caught.value.fields) == [name]
    assert counts() == before
    assert column(section, "version", [number]) == [1]


@pytest.mark.parametrize(
    ("name", "operation", "value", "sentence"),
    [
        ("title", "clear", None, "Title is required"),
        ("status", "clear", None, "Status is required"),
        ("title", "add", "x", "Title cannot be changed like that."),
        ("title", "set", "", "Title needs a value; choose Clear to empty it."),
        ("status", "set", "nonsense", "Status must be one of"),
        ("category_id", "set", 10**9, "no row with the number"),
        ("tag_ids", "add", [], "Choose some tags first."),
        ("tag_ids", "nonsense", [1], "Tags cannot be changed like that."),
    ],
)
def test_what_cannot_be_done_to_a_field_is_said(cast, name, operation, value, sentence):
    with pytest.raises(Invalid, match=sentence) as caught:
        edits.read(cast.editor, registry.get("posts"), {name: (operation, value)})
    assert list(caught.value.fields) == [name]


def test_no_edits_are_refused(cast):
    with pytest.raises(Invalid, match="at least one field"):
        work(cast.editor, edit(ticked(cast.editor, "notes", [make("notes")])))


@pytest.mark.parametrize(("section", "action"), [("notes", "publish"), ("tags", PIN), ("posts", "nonsense")])
def test_a_deed_that_a_section_does_not_have_is_refused(cast, section, action):
    with pytest.raises(Invalid, match="nothing that can be done"):
        work(cast.editor, Bulk(ticked(cast.editor, section, [make(section)]), action))


def test_the_choices_are_those_that_the_rights_allow(cast, deputy):
    posts, tags = registry.get("posts"), registry.get("tags")
    named = lambda actor, section, **more: [choice.action for choice in bulk.choices(actor, section, **more)]  # noqa: E731
    assert named(cast.editor, posts) == [EDIT, "publish", "archive", PIN, UNPIN, DELETE]
    assert named(cast.editor, tags) == [EDIT, DELETE]
    assert named(cast.editor, posts, trashed=True) == [RESTORE]
    assert named(deputy, posts) == [EDIT, DELETE]
    assert named(cast.viewer, posts) == named(cast.viewer, posts, trashed=True) == []
    assert all(choice.label and choice.icon for choice in bulk.choices(cast.editor, posts))


def test_a_job_whose_section_is_gone_fails_and_says_so(cast, monkeypatch):
    with atomic():
        number = bulk.begin(
            cast.editor, edit(ticked(cast.editor, "notes", [make("notes")]), title=("set", "x")), source="b"
        )
    known = {name: section for name, section in registry.by_name().items() if name != "notes"}
    monkeypatch.setattr(registry, "by_name", lambda: known)
    runner.run(number)
    db.session.rollback()
    assert db.session.get(Job, number, populate_existing=True).state == State.FAILED


def test_an_edit_whose_value_is_gone_fails_the_job_and_changes_no_row(cast):
    category, rows = make("categories"), [make("posts") for _ in range(4)]
    with atomic():
        deed = edit(ticked(cast.editor, "posts", rows), category_id=("set", category))
        number = bulk.begin(cast.editor, deed, source="bulk")
    to_trash("categories", category)
    runner.run(number)
    db.session.rollback()
    job = db.session.get(Job, number, populate_existing=True)
    assert (job.state, job.done) == (State.FAILED, 0)
    assert "no row with the number" in job.message
    assert column("posts", "version", rows) == [1] * 4
