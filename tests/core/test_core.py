"""Declarations are checked, text is folded, transactions read unless they may write."""

from dataclasses import replace

import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from admin_site import sections
from admin_site.accounts.actor import SYSTEM
from admin_site.accounts.roles import ACTIONS
from admin_site.accounts.rules import may_read_other, may_to_any, status_in
from admin_site.core import clock, registry, text, value_checks
from admin_site.core.checks import DeclarationError, check, find_mistakes
from admin_site.core.database import db
from admin_site.core.rules import anyone, nobody
from admin_site.core.section import Choice, Field, Kind, Section, Workflow
from admin_site.core.transactions import atomic
from tests.factories import make

sections.register_all()


def mistakes(**wrong):
    return list(find_mistakes(replace(registry.get("posts"), **wrong), ACTIONS))


@pytest.mark.parametrize("section", registry.all_sections(), ids=lambda section: section.name)
def test_our_own_declarations_are_right(section):
    assert list(find_mistakes(section, ACTIONS)) == []
    assert list(value_checks.find_mistakes(section, ACTIONS, registry.by_name())) == []


@pytest.mark.parametrize(
    ("section", "wrong", "said"),
    [
        ("notes", {"columns": ()}, "S023 notes.columns: a list needs at least one column."),
        ("posts", {"sort": "tag_ids"}, "S023 posts.sort: a list cannot be sorted by tag_ids."),
        ("posts", {"chart": "title"}, "S023 posts.chart: title is no moment."),
        ("notes", {"owner": "title"}, "S023 notes.owner: title is no relation."),
        ("notes", {"fields": (Field(name="title"), Field(name="title"))}, "S023 notes.fields: title stands twice."),
        (
            "posts", {"workflow": Workflow(open=("draftt",), action="publish")},
            "S024 posts.workflow: status has no 'draftt'. Did you mean 'draft'?",
        ),
        (
            "posts", {"workflow": Workflow(open=("draft",), action="publish", moves={"hide": "hiden"})},
            "S024 posts.workflow: status has no 'hiden'.",
        ),
        (
            "posts", {"workflow": Workflow(open=("draft",), action="publsh")},
            "S024 posts.workflow: there is no action 'publsh'. Did you mean 'publish'?",
        ),
        (
            "posts", {"fields": (Field(name="status", kind=Kind.CHOICE, choices=(Choice(value="draft", label="D"),)),)},
            "S025 posts.fields: published_at is filled in by the workflow; say who else may set it (write), or nobody (fixed).",  # noqa: E501
        ),
        (
            "comments", {"fields": (Field(name="status", choices=(Choice(value="x" * 21, label="X"),)),)},
            f"S026 comments.fields: status has room for 20 characters, not for '{'x' * 21}'.",
        ),
        ("notes", {"fields": (Field(name="title", length=201),)},
         "S026 notes.fields: title takes 201 characters, its column 200."),
        (
            "comments",
            {"fields": (Field(name="status", kind=Kind.CHOICE, choices=(Choice(value="ok", label="X"),)),)},
            "S026 comments.fields: status begins with 'pending', which is no choice.",
        ),
        ("books", {"fields": (Field(name="published_year", least=5, most=1),)},
         "S026 books.fields: published_year has its least above its most."),
        ("notes", {"fields": (Field(name="title", required=False),)},
         "S026 notes.fields: title may be empty, its column may not (nullable)."),
        ("notes", {"form": ("content",)}, "S027 notes.form: title is required, and the form does not ask for it."),
        ("posts", {"rules": {"read": status_in("publishd")}}, "S028 posts.rules: status has no 'publishd'."),
        ("posts", {"public": {"read": status_in("publishd") & anyone}}, "S028 posts.public: status has no 'publishd'."),
        ("posts", {"rules": {"update": may_to_any("post", "updat")}}, "S028 posts.rules: there is no section 'post'."),
        ("posts", {"rules": {"update": may_to_any("posts", "updat")}}, "S028 posts.rules: there is no action 'updat'."),
        (
            "comments", {"public": {"read": may_read_other("post", "postss")}},
            "S028 comments.public: there is no section 'postss'.",
        ),
        (
            "notes", {"fields": (Field(name="title", write=may_to_any("note", "update")),)},
            "S028 notes.fields: there is no section 'note'.",
        ),
    ],
)  # fmt: skip
def test_what_is_said_beyond_names_is_checked_too(section, wrong, said):
    broken = replace(registry.get(section), **wrong)
    found = list(value_checks.find_mistakes(broken, ACTIONS, registry.by_name()))
    assert [line for line in found if line == said] == [said], found


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"columns": ("titel",)}, "S001 posts.columns: there is no 'titel'. Did you mean 'title'?"),
        ({"form": ("contant",), "rail": ()}, "S002 posts.form: there is no 'contant'. Did you mean 'content'?"),
        ({"rail": ("status", "slugg")}, "S003 posts.rail: there is no 'slugg'. Did you mean 'slug'?"),
        ({"filters": ("statuss",)}, "S004 posts.filters: there is no 'statuss'. Did you mean 'status'?"),
        ({"search": ("xyz",)}, "S005 posts.search: there is no 'xyz'."),
        ({"sort": "-updated"}, "S006 posts.sort: there is no 'updated'. Did you mean 'updated_at'?"),
        ({"fields": (Field(name="sluge"),)}, "S007 posts.fields: there is no 'sluge'. Did you mean 'slug'?"),
        ({"hooks_on": ("titel",)}, "S022 posts.hooks_on: there is no 'titel'. Did you mean 'title'?"),
        (
            {"workflow": Workflow(open=("draft",), action="publish", stamps={"published": "title"})},
            "S021 posts.workflow: 'title', which 'published' stamps, is no moment.",
        ),
        ({"rules": {"updat": anyone}}, "S008 posts.rules: there is no 'updat'. Did you mean 'update'?"),
        ({"owner": "autor_id"}, "S010 posts.owner: there is no 'autor_id'. Did you mean 'author_id'?"),
        ({"fields": (Field(name="tag_ids", kind=Kind.RELATIONS),)}, "S011 posts.fields: tag_ids is a relation"),
        ({"fields": (Field(name="status", kind=Kind.CHOICE),)}, "S013 posts.fields: status is a choice without"),
        ({"fields": (Field(name="title", secret=True),)}, "S014 posts: title is secret"),
        ({"search": ("status",)}, "S015 posts.search: status has no folded column"),
        ({"form": ("title",)}, "S016 posts.rail: status is not in the form."),
        ({"workflow": Workflow(field="state", open=(), action="publish")}, "S017 posts.workflow: there is no 'state'."),
        ({"public_page": ("posts_site.post", "slugg")}, "S029 posts.public_page: there is no 'slugg'. Did you mean"),
        ({"filters": ("title.status",)}, "S019 posts.filters: 'title' in 'title.status' is no relation."),
        ({"filters": ("author_id.password_hash",)}, "S019 posts.filters: 'author_id.password_hash' leads to no field."),
    ],
)
def test_mistakes_are_named_with_the_nearest_right_name(wrong, said):
    assert any(line.startswith(said) for line in mistakes(**wrong)), mistakes(**wrong)


def test_a_misspelt_option_is_a_type_error():
    with pytest.raises(TypeError):
        Section(modell=None)  # type: ignore[call-arg]


def test_mistakes_stop_the_start():
    with pytest.raises(DeclarationError, match="S001.*\nS006"):
        check([replace(registry.get("posts"), columns=("x",), sort="y")], ACTIONS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("ﬁsh", "FISH"),
        ("Ｗｉｄｅ", "wide"),
        ("é", "e\u0301"),
        ("Å", "\u212b"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ],
)
def test_equal_names_have_one_key(one, other):
    assert text.key(one) == text.key(other)


def test_long_keys_stay_apart_and_fit():
    one, other = ("ﷺ" * 100 + end for end in "ab")
    assert len(text.key(one)) == text.KEY_LENGTH
    assert text.key(one) != text.key(other)


@pytest.mark.parametrize(
    ("words", "clipped"),
    [
        ("short", "short"),
        ("two\n lines", "two lines"),
        ("word " * 30, "word word word…"),
        ("x" * 30, "x" * 19 + "…"),
    ],
)
def test_clipping(words, clipped):
    assert text.clip(words, 20) == clipped


def test_a_transaction_outside_atomic_cannot_write(app):
    with pytest.raises(DBAPIError):
        db.session.execute(sql("DELETE FROM roles"))
        db.session.commit()
    db.session.rollback()


def test_a_page_cannot_write_either(base_app, app):
    number = make("notes")
    with pytest.raises(DBAPIError):
        db.session.execute(sql(f"UPDATE notes SET title = 'x' WHERE id = {number:d}"))
    db.session.rollback()


def test_the_inner_transaction_is_part_of_the_outer(app):
    before = db.session.execute(sql("SELECT count(*) FROM throttles")).scalar()
    with pytest.raises(RuntimeError), atomic():
        with atomic():
            db.session.execute(sql("INSERT INTO throttles (subject, minute, count) VALUES ('x', 1, 1)"))
        raise RuntimeError
    assert db.session.execute(sql("SELECT count(*) FROM throttles")).scalar() == before


def test_moments_keep_their_microseconds_and_zone(cast):
    from admin_site.records import reads

    moment = clock.now().replace(microsecond=123456)
    with clock.set_to(moment):
        number = make("notes")
    assert reads.find(cast.system, registry.get("notes"), number).created_at == moment
    assert clock.isoformat(moment).endswith(".123456Z")


def test_row_numbers_are_never_given_twice(app):
    first = make("tags")
    with atomic():
        db.session.execute(sql(f"DELETE FROM tags WHERE id = {first:d}"))
    assert make("tags") > first


def test_a_rule_is_decided_only_where_no_row_could_say_otherwise():
    open_status = status_in("draft")
    for rule, answer in (
        (anyone, True), (nobody, False), (open_status, None),
        (anyone | open_status, True), (open_status | nobody, None), (nobody | nobody, False),
        (nobody & open_status, False), (open_status & anyone, None), (anyone & anyone, True),
        ((open_status | anyone) & (anyone | nobody), True),
    ):  # fmt: skip
        assert rule.decided(SYSTEM) is answer, rule
