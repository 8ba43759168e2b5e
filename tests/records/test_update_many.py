"""Many rows at once are as many rows one by one: the same is written, refused, recorded and found."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from admin_site.accounts.actor import SYSTEM
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.errors import AppError, Conflict
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.records import edits, pins, relations, trash, writes
from admin_site.records.edits import Edit, Edits, Operation
from admin_site.records.search import documents
from admin_site.records.search.documents import SearchDocument
from tests.factories import isbn, make

few = settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 12, tzinfo=UTC)
OWN_OF_EACH = ("id", "slug", "updated_at", "created_at", "deleted_at", "deleted_in")
GONE = "It was moved to the trash, or is hidden from you."
AUTHORS = ("owner", "colleague", "nobody")

rows_drawn = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["draft", "review", "published", "archived"]),
            "author": st.sampled_from(AUTHORS),
            "category": st.sampled_from([None, 0, 1]),
            "tags": st.sets(st.integers(0, 2)),
            "is_pinned": st.booleans(),
            "title": st.sampled_from(["Fern", "Moss"]),
            "content": st.sampled_from(["Water it.", "Leave it *alone*."]),
        }
    ),
    min_size=1,
    max_size=7,
)
edits_drawn = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["draft", "review", "published", "archived"]).map(lambda v: ("set", v)),
        "category_id": st.sampled_from([("clear", None), ("set", 0), ("set", 1)]),
        "tag_ids": st.one_of(
            st.just(("clear", None)),
            st.tuples(st.sampled_from(["set", "add", "remove"]), st.sets(st.integers(0, 2), min_size=1)),
        ),
        "is_pinned": st.booleans().map(lambda v: ("set", v)),
        "title": st.sampled_from(["Fern", "Moss", "Lichen"]).map(lambda v: ("set", v)),
        "content": st.sampled_from(["Water it.", "Äpfel und Bäume"]).map(lambda v: ("set", v)),
        "author_id": st.sampled_from([("clear", None), ("set", "owner"), ("set", "colleague")]),
        "published_at": st.sampled_from([("clear", None), ("set", "2026-01-02T03:04:05Z")]),
    },
).filter(bool)


def posts():
    return registry.get("posts")


def update_many(actor, section, ids, names, plan):
    with atomic():
        return writes.update_many(writes.begin(actor, "bulk"), registry.get(section), ids, names, plan)


def trash_many(actor, section, ids):
    with atomic():
        return trash.trash_many(writes.begin(actor, "bulk"), registry.get(section), ids)


def restore_many(actor, section, ids):
    with atomic():
        return trash.restore_many(writes.begin(actor, "bulk"), registry.get(section), ids)


def one_by_one(ids, act):
    """What happened to each row: changed, same, or the sentence with which it was refused."""
    said = []
    for number in ids:
        try:
            with atomic():
                said.append("same" if act(number) == [] else "changed")
        except AppError as error:
            db.session.rollback()
            said.append(error.message)
    return said


def said_of(outcome, ids):
    """The same of an outcome; each row is told of once."""
    told = [(change.id, "changed") for change in outcome.changed] + [(number, "same") for number in outcome.same]
    told += [(left.row_id, left.reason) for left in outcome.left_out]
    assert sorted(number for number, _ in told) == sorted(ids)
    return [dict(told)[number] for number in ids]


def columns_of(section, number):
    table = registry.get(section).table
    found = db.session.execute(select(table).where(table.columns.id == number)).mappings().one()
    return {name: value for name, value in found.items() if name not in OWN_OF_EACH}


def history_of(section, number):
    """The entries but the first one, which made the row."""
    return [(e.action, e.version, e.actor_id, e.changes) for e in log.of_row(section, number)[:-1]]


def words_of(section, number):
    query = select(SearchDocument.words).where(SearchDocument.id == documents.first_id(registry.get(section)) + number)
    return db.session.execute(query).scalars().all()


def all_of(number):
    return {
        "columns": columns_of("posts", number),
        "tags": relations.links(posts().field("tag_ids"), [number])[number],
        "is_pinned": number in pins.pinned_among(posts(), [number]),
        # The place that a pin had depends on the pins around it; ``pinned_order`` looks at that.
        "history": [
            (*one, {k: v for k, v in said.items() if k != "pin_place"}) for *one, said in history_of("posts", number)
        ],
        "words": words_of("posts", number),
    }


def pinned_order(ids):
    query = select(pins.PINS.row_id).where(pins.PINS.section == "posts", pins.PINS.row_id.in_(ids))
    order = db.session.execute(query.order_by(pins.PINS.position)).scalars().all()
    return [ids.index(number) for number in order]


def count(table):
    return db.session.execute(select(func.count()).select_from(table)).scalar_one()


def values(row, people, categories, tags):
    chosen = {name: row[name] for name in ("status", "is_pinned", "title", "content")}
    return chosen | {
        "author_id": people[row["author"]], "tag_ids": sorted(tags[place] for place in row["tags"]),
        "category_id": None if row["category"] is None else categories[row["category"]],
    }  # fmt: skip


def numbered(drawn, people, categories, tags):
    """The edits that were drawn, with the numbers of rows that exist."""
    found = {}
    for name, (operation, value) in drawn.items():
        if name == "category_id" and value is not None:
            value = categories[value]
        elif name == "tag_ids" and value is not None:
            value = sorted(tags[place] for place in value)
        elif name == "author_id" and value is not None:
            value = people[value]
        found[name] = (operation, value)
    return found


def read(sent):
    """Edits as the system may make them; whoever acts is asked row by row. The page offers no ``published_at``."""
    offered = {name: pair for name, pair in sent.items() if name != "published_at"}
    items = edits.read(SYSTEM, posts(), offered).items if offered else ()
    if "published_at" in sent:
        operation, raw = sent["published_at"]
        moment = datetime.fromisoformat(raw) if raw else None
        items = (*items, Edit(posts().field("published_at"), Operation(operation), moment))
    return Edits(posts(), items)


def by_hand(sent, number):
    """What a person would type into the form of this row."""
    typed = {}
    for name, (operation, value) in sent.items():
        stood = relations.links(posts().field(name), [number])[number] if name == "tag_ids" else []
        given = {
            "set": value, "clear": [] if name == "tag_ids" else None,
            "add": sorted({*stood, *(value or [])}) if name == "tag_ids" else None,
            "remove": [tag for tag in stood if tag not in (value or [])] if name == "tag_ids" else None,
        }  # fmt: skip
        typed[name] = given[operation]
    return typed


@few
@given(rows=rows_drawn, drawn=edits_drawn, who=st.sampled_from(["owner", "colleague", "editor", "admin"]))
def test_many_rows_change_as_one_by_one(cast, rows, drawn, who):
    people = {"owner": cast.owner.id, "colleague": cast.colleague.id, "nobody": None}
    actor = cast.named(who)
    with clock.set_to(NOON), atomic():
        shelves, tags = [make("categories") for _ in range(2)], [make("tags") for _ in range(3)]
        every = [values(row, people, shelves, tags) for row in rows]
        ours, twins = ([make("posts", **one) for one in every] for _ in range(2))
    sent = numbered(drawn, people, shelves, tags)
    with clock.set_to(LATER):
        planned = read(sent)
        outcome = update_many(actor, "posts", ours, planned.names, planned.plan)
        said = one_by_one(twins, lambda n: writes.update(actor, posts(), n, by_hand(sent, n), source="bulk"))
    assert said_of(outcome, ours) == said
    assert [all_of(number) for number in ours] == [all_of(number) for number in twins]
    assert pinned_order(ours) == pinned_order(twins)


def test_rows_that_are_changed_together_are_one_change_set(cast):
    rows = [make("posts") for _ in range(3)]
    planned = edits.read(cast.editor, posts(), {"title": ("set", "Together")})
    outcome = update_many(cast.editor, "posts", rows, planned.names, planned.plan)
    entries = [log.of_row("posts", number)[0] for number in rows]
    assert len(outcome.changed) == 3
    assert len({entry.change_set_id for entry in entries}) == 1
    assert {(entry.actor_id, entry.source, entry.version) for entry in entries} == {(cast.editor.id, "bulk", 2)}


@pytest.mark.parametrize("clashing", [(0, 1), (1, 4), (3, 4)])
def test_values_that_clash_leave_the_others_changed(cast, clashing):
    author = make("authors")
    books = [make("books", author_id=author) for _ in range(5)]
    wanted = {number: isbn(900_000_000 + place) for place, number in enumerate(books)}
    first, second = (books[place] for place in clashing)
    wanted[second] = wanted[first]
    outcome = update_many(cast.editor, "books", books, ["isbn"], lambda change: {"isbn": wanted[change.id]})
    assert sorted(change.id for change in outcome.changed) == [number for number in books if number != second]
    (left,) = outcome.left_out
    assert (left.row_id, left.reason) == (
        second, f"ISBN “{wanted[second]}” is already used by another book.",
    )  # fmt: skip
    assert [columns_of("books", number)["version"] for number in books] == [1 if n == second else 2 for n in books]
    assert columns_of("books", first)["isbn"] == wanted[first]
    assert len(history_of("books", second)) == 0


def test_a_value_that_a_row_outside_has_is_refused_for_that_row_alone(cast):
    taken = make("books", isbn=isbn(910_000_000))
    books = [make("books") for _ in range(3)]
    wanted = dict(zip(books, [isbn(910_000_001), isbn(910_000_000), isbn(910_000_002)], strict=True))
    outcome = update_many(cast.editor, "books", books, ["isbn"], lambda change: {"isbn": wanted[change.id]})
    assert [left.row_id for left in outcome.left_out] == [books[1]]
    assert columns_of("books", taken)["version"] == 1


@pytest.mark.parametrize("forward", [True, False])
def test_values_that_rows_pass_on_to_each_other_go_as_far_as_one_by_one(cast, forward):
    """Who comes later may take what was given up before, not the other way round."""
    author = make("authors")
    old = [isbn(920_000_000 + place) for place in range(3)]
    made = [[make("books", author_id=author, isbn=None) for _ in range(3)] for _ in range(2)]
    new = [isbn(920_000_009), *old[:2]] if forward else [*old[1:], isbn(920_000_009)]
    said = []
    for books in made:
        for number, value in zip(books, old, strict=True):
            with atomic():
                writes.update(SYSTEM, registry.get("books"), number, {"isbn": value})
        wanted = dict(zip(books, new, strict=True))
        if books is made[0]:
            outcome = update_many(cast.editor, "books", books, ["isbn"], lambda c, w=wanted: {"isbn": w[c.id]})
            said.append((said_of(outcome, books), [columns_of("books", number)["isbn"] for number in books]))
            trash_many(cast.editor, "books", books)
        else:
            act = lambda n, w=wanted: writes.update(cast.editor, registry.get("books"), n, {"isbn": w[n]})  # noqa: E731
            one = one_by_one(books, act)
            said.append((one, [columns_of("books", number)["isbn"] for number in books]))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("operation", "named", "expected"),
    [
        ("add", [1, 2], [[0, 1, 2], [1, 2], [0, 1, 2]]),
        ("remove", [0, 1], [[], [], [2]]),
        ("set", [2], [[2], [2], [2]]),
        ("clear", None, [[], [], []]),
    ],
)
def test_tags_are_added_removed_set_and_cleared(cast, operation, named, expected):
    tags = [make("tags") for _ in range(3)]
    rows = [make("posts", tag_ids=[tags[place] for place in has]) for has in ([0, 1], [], [0, 1, 2])]
    chosen = [tags[place] for place in named] if named else None
    planned = edits.read(cast.editor, posts(), {"tag_ids": (operation, chosen)})
    update_many(cast.editor, "posts", rows, planned.names, planned.plan)
    found = relations.links(posts().field("tag_ids"), rows)
    assert [[tags.index(tag) for tag in found[number]] for number in rows] == expected


def test_rows_that_are_gone_are_left_out_with_a_sentence(cast):
    here, gone = make("notes"), make("notes")
    trash_many(cast.editor, "notes", [gone])
    outcome = update_many(cast.editor, "notes", [here, gone, 10**9], ["title"], lambda _: {"title": "New"})
    assert [change.id for change in outcome.changed] == [here]
    assert [(left.row_id, left.reason) for left in outcome.left_out] == [(gone, GONE), (10**9, GONE)]
    assert columns_of("notes", gone)["title"] != "New"


def test_rows_of_a_hidden_section_are_left_out_as_if_they_were_not_there(cast):
    user = make("users", name="Before")
    outcome = update_many(cast.editor, "users", [user], ["name"], lambda _: {"name": "After"})
    assert [(left.row_id, left.reason) for left in outcome.left_out] == [(user, GONE)]
    assert columns_of("users", user)["name"] == "Before"


def test_nothing_is_written_where_every_row_has_it_already(cast):
    rows = [make("notes", title="Same") for _ in range(3)]
    outcome = update_many(cast.editor, "notes", rows, ["title"], lambda _: {"title": "Same"})
    assert (outcome.changed, outcome.same, outcome.left_out) == ([], rows, [])
    assert [columns_of("notes", number)["version"] for number in rows] == [1, 1, 1]


def test_no_rows_are_no_work(cast):
    assert update_many(cast.editor, "notes", [], ["title"], lambda _: {"title": "x"}).changed == []
    assert trash_many(cast.editor, "notes", []).changed == []


@pytest.mark.parametrize(
    ("sent", "more"),
    [
        ({"category_id": "set", "title": "set"}, {}),
        ({"tag_ids": "add"}, {}),
        ({"tag_ids": "clear"}, {"tag_ids": "both"}),
        ({"content": "set", "is_pinned": "set"}, {}),
        ({"status": "set"}, {}),
    ],
    ids=["columns", "links", "cut", "text-and-pin", "published"],
)
def test_statements_do_not_grow_with_the_rows(cast, statements, sent, more):
    category, tags = make("categories"), [make("tags"), make("tags")]
    raw = {"category_id": category, "title": "Alike", "tag_ids": tags, "content": "Alike.", "is_pinned": True,
           "status": "published"}  # fmt: skip
    chosen = {name: (operation, None if operation == "clear" else raw[name]) for name, operation in sent.items()}
    planned = edits.read(cast.editor, posts(), chosen)
    made = []
    for size in (10, 10, 10, 100):  # the first time words are learnt, then they are seen, then remembered
        with atomic():
            rows = [make("posts", title="Row", **({"tag_ids": tags} if more else {})) for _ in range(size)]
        with statements() as seen:
            outcome = update_many(cast.editor, "posts", rows, planned.names, planned.plan)
        assert len(outcome.changed) == size
        made.append(Counter(" ".join(statement.split()[:3]) for statement in seen))
    assert made[2].total() == made[3].total(), made[3] - made[2]


def dependents_of(post):
    comments = registry.get("comments").table
    query = select(comments.columns.id).where(comments.columns.post_id == post).order_by(comments.columns.id)
    return db.session.execute(query).scalars().all()


def state_of(post):
    """A post and its comments: whether they live, versions, histories, words; and how often they went."""
    rows = [("posts", post), *(("comments", number) for number in dependents_of(post))]
    tables = {name: registry.get(name).table for name in ("posts", "comments")}
    gone_in = {
        db.session.execute(select(tables[name].columns.deleted_in).where(tables[name].columns.id == number)).scalar()
        for name, number in rows
        if columns_of(name, number)["live"] is None
    }
    return [
        (name, columns_of(name, number)["live"], columns_of(name, number)["version"],
         history_of(name, number), len(words_of(name, number)))
        for name, number in rows
    ], len(gone_in)  # fmt: skip


def posts_with_comments(cast):
    """Twice the same: of the owner, of a colleague, one without comments, one with one in the trash."""
    made = []
    for _ in range(2):
        rows = [make("posts", author_id=who.id) for who in (cast.owner, cast.colleague, cast.owner, cast.owner)]
        comments = [make("comments", post_id=rows[place]) for place in (0, 0, 1, 3, 3)]
        trash_many(cast.editor, "comments", comments[-1:])
        made.append(rows)
    return made


@pytest.mark.parametrize("who", ["owner", "editor", "viewer"])
def test_many_rows_go_to_the_trash_and_back_as_one_by_one(cast, who):
    ours, twins = posts_with_comments(cast)
    actor = cast.named(who)
    outcome = trash_many(actor, "posts", ours)
    said = one_by_one(twins, lambda n: trash.trash(actor, posts(), n))
    assert said_of(outcome, ours) == said
    assert [state_of(number) for number in ours] == [state_of(number) for number in twins]
    outcome = restore_many(actor, "posts", ours)
    said = one_by_one(twins, lambda n: trash.restore(actor, posts(), n))
    told = said_of(outcome, ours)
    # What is not in the trash is missing to the one, and told so by the other.
    assert [t == "changed" for t in told] == [s == "changed" for s in said]
    assert [state_of(number) for number in ours] == [state_of(number) for number in twins]
    if who == "editor":
        assert told == ["changed"] * 4
        assert [len(words_of("comments", n)) for post in ours for n in dependents_of(post)] == [1, 1, 1, 1, 0]


def test_a_name_taken_meanwhile_keeps_its_row_in_the_trash_and_lets_the_others_come(cast):
    rows = [make("categories", name=name) for name in ("News", "Sport", "Weather")]
    trash_many(cast.editor, "categories", rows)
    make("categories", name="SPORT", slug="another")
    outcome = restore_many(cast.editor, "categories", rows)
    assert sorted(change.id for change in outcome.changed) == [rows[0], rows[2]]
    (left,) = outcome.left_out
    assert left.row_id == rows[1]
    with pytest.raises(Conflict) as caught, atomic():
        trash.restore(cast.editor, registry.get("categories"), rows[1])
    assert left.reason == caught.value.message == "Name “Sport” is already used by another category."
    assert [columns_of("categories", number)["live"] for number in rows] == [1, None, 1]


def test_of_two_in_the_trash_with_one_name_the_first_comes_back(cast):
    first = make("categories", name="Twice")
    trash_many(cast.editor, "categories", [first])
    second = make("categories", name="twice")
    trash_many(cast.editor, "categories", [second])
    outcome = restore_many(cast.editor, "categories", [first, second])
    assert [change.id for change in outcome.changed] == [first]
    assert [left.row_id for left in outcome.left_out] == [second]


def test_a_row_whose_parent_is_in_the_trash_stays_there(cast):
    post, other = make("posts", title="Parent"), make("posts")
    child, orphan = make("comments", post_id=other), make("comments", post_id=post)
    trash_many(cast.editor, "comments", [child, orphan])
    trash_many(cast.editor, "posts", [post])
    outcome = restore_many(cast.editor, "comments", [child, orphan])
    assert [change.id for change in outcome.changed] == [child]
    assert [(left.row_id, left.reason) for left in outcome.left_out] == [
        (orphan, "Restore the post “Parent” first: this comment belongs to it.")
    ]
    assert columns_of("comments", orphan)["version"] == 2


def test_rows_from_two_visits_to_the_trash_bring_back_each_what_went_with_it(cast):
    early, late = make("posts"), make("posts")
    comments = [make("comments", post_id=early), make("comments", post_id=late), make("comments", post_id=late)]
    trash_many(cast.editor, "comments", comments[2:])
    trash_many(cast.editor, "posts", [early])
    trash_many(cast.editor, "posts", [late])
    outcome = restore_many(cast.editor, "posts", [early, late])
    assert len(outcome.changed) == 2
    assert [columns_of("comments", number)["live"] for number in comments] == [1, 1, None]


def test_what_is_in_the_trash_already_cannot_go_there_nor_come_from_outside(cast):
    here, gone = make("notes"), make("notes")
    trash_many(cast.editor, "notes", [gone])
    assert [left.row_id for left in trash_many(cast.editor, "notes", [gone]).left_out] == [gone]
    (left,) = restore_many(cast.editor, "notes", [here]).left_out
    assert (left.row_id, left.reason) == (here, "It is not in the trash any more.")
    assert columns_of("notes", here)["version"] == 1


def test_only_one_of_a_questions_answers_is_accepted_where_many_are_at_once(cast):
    question = make("questions")
    ours = [make("answers", question_id=question) for _ in range(3)]
    twin = make("questions")
    twins = [make("answers", question_id=twin) for _ in range(3)]
    update_many(cast.editor, "answers", ours, ["is_accepted"], lambda _: {"is_accepted": True})
    one_by_one(twins, lambda n: writes.update(cast.editor, registry.get("answers"), n, {"is_accepted": True}))
    accepted = [[columns_of("answers", n)["is_accepted"] for n in numbers] for numbers in (ours, twins)]
    assert accepted[1] == [False, False, True]
    assert sum(accepted[0]) == 1


def test_tags_added_never_become_more_than_a_row_may_have(cast, monkeypatch):
    monkeypatch.setattr("admin_site.records.values.RELATIONS_MOST", 3)
    tags = [make("tags") for _ in range(4)]
    full, free = make("posts", tag_ids=tags[:3]), make("posts")
    planned = edits.read(cast.editor, posts(), {"tag_ids": ("add", tags[3:])})
    outcome = update_many(cast.editor, "posts", [full, free], planned.names, planned.plan)
    assert [change.id for change in outcome.changed] == [free]
