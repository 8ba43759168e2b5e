"""What the database writes for many rows by itself is what the write path does with each of them."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from admin_site.accounts import permissions
from admin_site.accounts.actor import SYSTEM
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.section import Kind
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.jobs import board, bulk, runner, undo
from admin_site.records import alike, outbox, selection, trash, writes
from admin_site.records.outbox import Delivery, Webhook
from tests.factories import make
from tests.records.test_update_many import LATER, NOON, columns_of, history_of, words_of

few = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

# Section to the fields that can be written so, whoever may do all.
ALIKE = {
    "notes": ["author_id"],
    "posts": ["author_id", "category_id", "published_at", "status"],
    "categories": [],
    "tags": [],
    "comments": ["post_id", "status"],
    "questions": ["status"],
    "answers": ["author_id"],
    "books": ["author_id", "published_year"],
    "authors": [],
    "students": [],
    "users": [],
}


def eligible(section, actor=SYSTEM):
    return sorted(name for name in section.all_fields if alike.applies(actor, section, [name]))


def test_the_fields_that_can_be_written_so_are_these(cast):
    found = {name: eligible(registry.get(name)) for name in ALIKE}
    fixed = {"created_at", "updated_at", "created_by", "id", "version"}
    assert {name: [field for field in fields if field not in fixed] for name, fields in found.items()} == ALIKE


def test_what_needs_a_look_at_each_row_is_not_written_so(cast):
    posts, answers = registry.get("posts"), registry.get("answers")
    assert not alike.applies(cast.owner, posts, ["category_id"])  # their own rows alone
    narrow = replace(cast.editor, scopes=frozenset({"posts.read", "posts.update"}))
    assert alike.applies(narrow, posts, ["category_id"])
    assert not alike.applies(narrow, posts, ["status"])  # only among those that are open to all
    assert not alike.applies(narrow, posts, ["published_at"])
    assert not alike.applies(cast.viewer, posts, ["status"])
    assert not alike.applies(SYSTEM, posts, [])
    for name in ("title", "slug", "content", "tag_ids", "is_pinned", "nothing"):
        assert not alike.applies(SYSTEM, posts, ["status", name]), name
    assert not alike.applies(SYSTEM, answers, ["is_accepted"])  # takes the acceptance from others
    assert alike.applies(cast.editor, posts, ["status", "category_id"])


def drawn_value(dice, section, name, others):
    field = section.field(name)
    if field.kind is Kind.CHOICE:
        return dice.draw(st.sampled_from([choice.value for choice in field.choices]))
    if field.kind is Kind.DATETIME:
        return dice.draw(st.sampled_from([None, NOON]))
    if field.kind is Kind.INTEGER:
        return dice.draw(st.sampled_from([None, 1999, 2001]))
    return dice.draw(st.sampled_from([*others[name], *([] if field.required else [None])]))


def pointed_to(section):
    """Rows that each relation may point to."""
    found = {}
    for name in ALIKE[section.name]:
        if section.field(name).kind is Kind.RELATION:
            target = registry.of_model(section.field(name).target).name
            found[name] = [make(target) for _ in range(2)]
    return found


def state_of(section, number):
    """What can differ, and what must not: twins have texts of their own."""
    columns = columns_of(section.name, number)
    compared = {name: columns[name] for name in ("version", "live", *ALIKE[section.name])}
    words = len(words_of(section.name, number)[0].split()) if columns["live"] else words_of(section.name, number)
    return {"columns": compared, "history": said_later(section, number), "words": words}


def said_later(section, number):
    entries = log.of_row(section.name, number)
    return [(one.action, one.version, one.actor_id, one.changes) for one in entries if one.at == LATER]


def listen():
    values = {"name": "All", "url": "https://example.org/", "salt": "s", "is_active": True, "created_at": NOON}
    db.session.execute(Webhook.__table__.insert().values(**values))


def told_of(section, ids):
    """What webhooks are told of these rows, by row."""
    found = {}
    for message in db.session.execute(select(Delivery.message).order_by(Delivery.id)).scalars():
        for row in message["rows"]:
            if message["section"] == section.name and row["id"] in ids:
                found.setdefault(row["id"], []).append((message["action"], row["version"], row["fields"]))
    return [found.get(number) for number in ids]


def places(lot, numbers):
    return sorted(lot.index(number) for number in numbers)


@pytest.mark.parametrize("name", [name for name, fields in ALIKE.items() if fields])
@few
@given(dice=st.data())
def test_both_ways_leave_the_same(cast, name, dice):
    section = registry.get(name)
    actor = cast.named(dice.draw(st.sampled_from(["editor", "admin"]))) if name != "books" else cast.admin
    with clock.set_to(NOON), atomic():
        others = pointed_to(section)
        rows = dice.draw(st.integers(1, 6))
        ours, twins = [], []
        for _ in range(rows):
            standing = {field: drawn_value(dice, section, field, others) for field in ALIKE[name]}
            for lot in (ours, twins):
                number = make(name)
                writes.update(SYSTEM, section, number, standing)
                lot.append(number)
        gone = dice.draw(st.sets(st.integers(0, rows - 1), max_size=1))
        for lot in (ours, twins):
            trash.trash_many(writes.begin(SYSTEM, "form"), section, [lot[place] for place in gone])
    fields = dice.draw(st.lists(st.sampled_from(ALIKE[name]), min_size=1, unique=True))
    new = {field: drawn_value(dice, section, field, others) for field in fields}
    assert alike.applies(actor, section, fields)
    with clock.set_to(LATER), atomic():
        listen()
        written = alike.write(writes.begin(actor, "bulk"), section, ours, new)
        outcome = writes.update_many(writes.begin(actor, "bulk"), section, twins, fields, lambda _change: new)
    assert places(ours, written.changed) == places(twins, [change.id for change in outcome.changed])
    assert places(ours, written.same) == places(twins, outcome.same)
    assert places(ours, written.rest) == places(twins, [left.row_id for left in outcome.left_out])
    assert [state_of(section, number) for number in ours] == [state_of(section, number) for number in twins]
    assert told_of(section, ours) == told_of(section, twins)


def test_only_rows_that_hold_what_is_expected_are_written(cast):
    posts = registry.get("posts")
    rows = [make("posts", status=status) for status in ("draft", "review", "archived")]
    with atomic():
        written = alike.write(writes.begin(SYSTEM, "undo"), posts, rows, {"status": "draft"}, {"status": "review"})
    assert (written.changed, written.same, written.rest) == ([rows[1]], [rows[0]], [rows[2]])
    assert columns_of("posts", rows[2])["status"] == "archived"


def test_rows_whose_target_goes_at_this_moment_are_left_to_be_judged(cast):
    posts = registry.get("posts")
    rows = [make("posts") for _ in range(2)]
    with atomic():
        written = alike.write(writes.begin(SYSTEM, "bulk"), posts, rows, {"category_id": 10**9})
        assert (written.changed, written.rest) == ([], rows)
    assert [columns_of("posts", number)["version"] for number in rows] == [1, 1]
    assert [history_of("posts", number) for number in rows] == [[], []]


def worked(begin, what):
    with atomic():
        number = begin(SYSTEM, what, source="cli")
    runner.run(number)
    return board.find(SYSTEM, number)


def all_of(section, ids):
    """A frozen selection of these rows."""
    return selection.of_rows(SYSTEM, section, ids)


def test_a_job_of_many_rows_is_undone_but_where_somebody_was_since(cast, monkeypatch):
    """Several chunks, several former values, one row edited since and one in the trash."""
    for module in (bulk, undo):
        monkeypatch.setattr(module, "CHUNK", 2)
        monkeypatch.setattr(module, "ALIKE_CHUNKS", 2 if module is bulk else 4)
    posts = registry.get("posts")
    statuses = [*["draft"] * 6, *["published"] * 3, *["archived"] * 3]
    rows = [make("posts", status=status) for status in statuses]
    with atomic():
        writes.update(SYSTEM, posts, rows[1], {"published_at": NOON})
    before = [columns_of("posts", number) for number in rows]
    job = worked(bulk.begin, bulk.Bulk(all_of(posts, rows), "publish"))
    assert (job.state, job.done, job.same) == ("done", 9, 3)
    assert {columns_of("posts", number)["status"] for number in rows} == {"published"}
    moments = [columns_of("posts", number)["published_at"] for number in rows]
    assert None not in moments
    assert moments[1] == NOON
    with atomic():
        writes.update(cast.editor, posts, rows[4], {"status": "review"})
        trash.trash_many(writes.begin(cast.editor, "form"), posts, [rows[5]])
    taken_back = worked(undo.begin, job.change_set_id)
    assert (taken_back.state, taken_back.done, taken_back.skipped) == ("done", 8, 1)
    for place, number in enumerate(rows):
        now = columns_of("posts", number)
        if place == 4:  # the moment is put back, the status was set since
            assert (now["status"], now["published_at"]) == ("review", before[place]["published_at"])
        elif place != 5:
            assert {**now, "version": 0} == {**before[place], "version": 0}
    assert (log.count_of_row("posts", rows[0]), log.count_of_row("posts", rows[7])) == (3, 1)


def test_a_row_that_one_change_set_changed_twice_gets_its_first_value_back(cast):
    posts = registry.get("posts")
    rows = [make("posts", status="draft") for _ in range(3)]
    with atomic():
        deed = writes.begin(SYSTEM, "bulk")
        alike.write(deed, posts, rows, {"status": "review"})
        alike.write(deed, posts, rows[1:], {"status": "published"})
    taken_back = worked(undo.begin, deed.change_set_id)
    assert (taken_back.state, taken_back.done, taken_back.skipped) == ("done", 5, 0)
    assert [columns_of("posts", number)["status"] for number in rows] == ["draft"] * 3


def test_rows_of_two_sections_with_the_same_number_are_told_apart(cast):
    posts, comments = registry.get("posts"), registry.get("comments")
    comment, post = make("comments", status="pending"), 0
    while post < comment:  # each section counts for itself
        post = make("posts", status="draft")
    both = max(post, comment)
    while comment < both:
        comment = make("comments", status="pending")
    if columns_of("posts", comment)["status"] != "draft":
        with atomic():
            writes.update(SYSTEM, posts, comment, {"status": "draft"})
    with atomic():
        deed = writes.begin(SYSTEM, "bulk")
        alike.write(deed, posts, [comment], {"status": "review"})
        alike.write(deed, comments, [comment], {"status": "approved"})
    with atomic():
        writes.update(cast.editor, posts, comment, {"status": "archived"})
    taken_back = worked(undo.begin, deed.change_set_id)
    assert (taken_back.state, taken_back.done, taken_back.skipped) == ("done", 1, 1)
    assert columns_of("posts", comment)["status"] == "archived"
    assert columns_of("comments", comment)["status"] == "pending"


def test_long_values_that_begin_alike_are_put_back_each_as_it_was(cast):
    """MariaDB compares the first kilobyte alone where it gathers rows."""
    posts = registry.get("posts")
    first, second = (make("categories", name=f"{'🌿' * 198}{letter}") for letter in "ab")
    people = [cast.owner.id, cast.editor.id, cast.viewer.id]
    rows = [make("posts", category_id=first, author_id=person) for person in people]
    sent = {"category_id": ("set", second), "author_id": ("set", cast.admin.id)}
    job = worked(bulk.begin, bulk.Bulk(all_of(posts, rows), "edit", sent))
    assert (job.state, job.done) == ("done", 3)
    taken_back = worked(undo.begin, job.change_set_id)
    assert (taken_back.state, taken_back.done) == ("done", 3)
    found = [columns_of("posts", number) for number in rows]
    assert [(row["category_id"], row["author_id"]) for row in found] == [(first, person) for person in people]


def test_messages_of_webhooks_name_every_row(cast, monkeypatch):
    monkeypatch.setattr(outbox, "ROWS_MOST", 2)
    posts = registry.get("posts")
    rows = [make("posts", status="draft") for _ in range(5)]
    with atomic():
        listen()
        alike.write(writes.begin(SYSTEM, "bulk"), posts, rows, {"status": "review"})
    messages = list(db.session.execute(select(Delivery.message).order_by(Delivery.id)).scalars())
    assert [len(message["rows"]) for message in messages] == [2, 2, 1]
    assert [row["id"] for message in messages for row in message["rows"]] == rows


def test_permission_is_that_of_whoever_acts(cast):
    """Never asked of the row path alone: who loses the right to publish does not publish."""
    posts = registry.get("posts")
    for who in ("owner", "viewer", "editor", "admin"):
        actor = cast.named(who)
        may = permissions.is_unconditional(actor, "update", posts) and permissions.is_unconditional(
            actor, "publish", posts
        )
        assert alike.applies(actor, posts, ["status"]) == may, who
