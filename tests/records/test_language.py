"""The language of ``q=``: what is written is read as the same tree, and nothing that is typed breaks it."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from admin_site.core import clock, registry
from admin_site.records import language, paging
from admin_site.records.language import Group, QueryError, Term, Value
from admin_site.records.list_query import ListQuery
from tests.factories import make

quick = settings(max_examples=150, deadline=None, derandomize=True, database=None,
                 suppress_health_check=list(HealthCheck))  # fmt: skip

SCRAPS = (
    "-",
    "(",
    ")",
    "-(",
    " OR ",
    "OR",
    '"',
    "\\",
    ",",
    ":",
    "a",
    "status:",
    "title:<=",
    "x:!=",
    "//",
    "~",
    "é",
    " ",
)
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(SCRAPS), max_size=25).map("".join))
quoted = st.text(max_size=8).map(lambda said: Value(said, quoted=True))
plain = st.text("abcÄ日09_.-<>=!~:/\\", min_size=1, max_size=6)
names = st.sampled_from(["title", "status", "post.status", "is", "has", "or"])


def words():
    return st.one_of(quoted, plain.filter(lambda said: not said.startswith("-")).map(Value)).map(
        lambda value: Term("", "eq", (value,))
    )


def fields():
    values = st.lists(st.one_of(quoted, plain.map(Value)), min_size=1, max_size=3).map(tuple)
    return st.builds(Term, names, st.sampled_from(list(language.OPERATORS.values())), values, st.booleans())


def groups(inner):
    parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.builds(Group, parts, any=st.booleans(), negated=st.booleans())


leaves = st.sampled_from([Term("", "eq", (Value(name),)) for name in "abc"])
trees = st.recursive(leaves, groups, max_leaves=8)


def bare(node):
    """Without the places where things stood, and without parentheses around one thing."""
    if isinstance(node, Group) and len(node.parts) == 1 and not node.negated:
        return bare(node.parts[0])
    if isinstance(node, Group):
        return replace(node, parts=tuple(map(bare, node.parts)), start=0, end=0)
    return replace(node, start=0, end=0)


def read(typed):
    try:
        return language.parse(typed), ""
    except QueryError as error:
        return None, str(error)


def holds(node, known):
    if isinstance(node, Term):
        return known[node.values[0].text] != node.negated
    found = (any if node.any else all)(holds(part, known) for part in node.parts)
    return found != node.negated


@quick
@given(texts)
def test_nothing_that_is_typed_breaks_it(typed):
    tree, sentence = read(typed)
    if tree is None:
        assert sentence.endswith(".")
    else:
        assert bare(language.parse(language.write(tree))) == bare(tree)


@quick
@given(trees)
def test_a_written_tree_means_the_same(tree):
    """Compared by what it says of every row, since needless groups are left out."""
    again, sentence = read(language.write(tree))
    if again is None:
        assert "deep" in sentence
        return
    for answers in itertools.product([True, False], repeat=3):
        known = dict(zip("abc", answers, strict=True))
        assert holds(again, known) == holds(tree, known)


@quick
@given(st.lists(st.one_of(fields(), words()), min_size=1, max_size=4))
def test_written_terms_are_read_to_the_letter(terms):
    text = language.write(Group(tuple(terms)))
    read = [bare(part) for part in language.parse(text).parts]
    # Whatever needs quotes gets them; apart from that nothing changes.
    assert [_unquoted(term) for term in read] == [_unquoted(term) for term in terms], text
    for term, other in zip(read, terms, strict=True):
        assert all(new.quoted or not old.quoted for new, old in zip(term.values, other.values, strict=True))


def _unquoted(term):
    return replace(term, values=tuple(replace(value, quoted=False) for value in term.values))


def test_parentheses_stand_three_deep():
    assert language.parse("a (b OR (c (d OR e)))").parts
    for typed in ("((((a b))))", "x (y OR (z (u OR (v w))))", "-(-(-(-(a))))"):
        with pytest.raises(QueryError, match="3 deep"):
            language.parse(typed)


@pytest.mark.parametrize("typed", ["x (y OR (z (a b OR c)))", "-(a b OR -(c d OR (e f OR g)))"])
def test_what_can_be_read_can_be_read_again_when_written(typed):
    tree = language.parse(typed)
    assert bare(language.parse(language.write(tree))) == bare(tree)


@pytest.mark.parametrize("typed", ["(a", "a)", "-(", ")(", "(a OR", "a OR )"])
def test_parentheses_that_do_not_match_are_named(typed):
    with pytest.raises(QueryError, match="without its"):
        language.parse(typed)


@pytest.fixture
def rows(cast):
    """Books with every kind of value, and what else the questions are about."""
    year = clock.now() - timedelta(days=400)
    found = {}
    for place, (title, published) in enumerate(
        [("Alpha river", 1990), ("Beta", 2000), ("beta, gamma", None), ("Gamma (two)", 2010), ('Say "hi"', None),
         ("//slash", 2000), ("Ω river\\bank", 2024), ("-minus", -500)]
    ):  # fmt: skip
        with clock.set_to(year + timedelta(days=50 * place)):
            found[title] = make(
                "books", title=title, published_year=published, author_id=make("authors", name=f"W{place}")
            )
    return found


def ids(cast, section="books", **args):
    query = ListQuery.from_args(registry.get(section), MultiDict({"per_page": "200"} | args), cast.owner)
    assert query.problems == (), args
    return sorted(item.id for item in paging.page(cast.owner, query).items)


def test_shorthand_and_language_mean_the_same_rows(cast, rows):
    """``field__op=`` beside what is typed, and beside what the filter says of itself in the language."""
    day = f"{clock.now() - timedelta(days=300):%Y-%m-%d}"
    asked = [
        ("title", "Beta", "title:Beta"), ("title", "beta, gamma", 'title:"beta, gamma"'),
        ("title", 'Say "hi"', 'title:"Say \\"hi\\""'),
        ("title", "//slash", 'title:"//slash"'), ("title", "-minus", "title:-minus"),
        ("title__ne", "Beta", "title:!=Beta"),
        ("title__in", "Beta,-minus", "title:Beta,-minus"), ("title__contains", "RIVER", "title:~river"),
        ("title__contains", "(two)", 'title:~"(two)"'), ("title__gte", "beta", "title:>=beta"),
        ("title__lt", "beta", "title:<beta"),
        ("published_year", "2000", "year:2000"), ("published_year__ne", "2000", "-year:2000"),
        ("published_year__lt", "2000", "year:<2000"),
        ("published_year__lte", "2000", "year:<=2000"), ("published_year__gt", "2000", "year:>2000"),
        ("published_year__gte", "-500", "year:>=-500"),
        ("published_year__in", "1990,2024", "year:1990,2024"), ("published_year__isnull", "1", "no:year"),
        ("published_year__isnull", "0", "has:year"),
        ("created_at", day, f"created:{day}"), ("created_at__ne", day, f"-created:{day}"),
        ("created_at__lte", day, f"created:<={day}"),
        ("created_at__gt", day, f"created:>{day}"),
        ("created_at__in", f"{day},2001-01-01", f"created:{day},2001-01-01"),
        ("created_at__lt", "300d", "created:<300d"), ("created_at__gt", "300d", "created:>300d"),
        ("created_at__gt", "3mo", "created:>3mo"),
        ("created_by__isnull", "1", "no:created_by"),
    ]  # fmt: skip
    for name, value, typed in asked:
        found = ids(cast, **{name: value})
        query = ListQuery.from_args(registry.get("books"), MultiDict({name: value}), cast.owner)
        assert found == ids(cast, q=typed), typed
        assert found == ids(cast, q=query.as_text()), query.as_text()
        if (name, value) != ("created_by__isnull", "1"):
            assert 0 < len(found) < len(rows), (name, value)


def test_relations_choices_flags_and_people(cast):
    category, tag = make("categories", name="Great Rivers"), make("tags", name="wet")
    mine = make("posts", cast.owner, category_id=category, tag_ids=[tag], status="review")
    other = make("posts", title="Brook", is_pinned=True)
    dry = make("posts", title="Dune", category_id=make("categories", name="Sand"), status="published")
    for args, expected in [
        ({"category_id": str(category)}, [mine]), ({"q": f"category:{category}"}, [mine]),
        ({"q": "category:rivers"}, [mine]),
        ({"q": 'category:"great rivers"'}, [mine]), ({"q": 'category:"rivers"'}, []),
        ({"q": "-category:rivers"}, [other, dry]),
        ({"q": "tag:wet"}, [mine]), ({"tag_ids__ne": str(tag)}, [other, dry]), ({"q": "tags:!=wet"}, [other, dry]),
        ({"tag_ids__isnull": "0"}, [mine]), ({"q": "no:tags"}, [other, dry]), ({"q": "author:me"}, [mine]),
        ({"q": "is:mine"}, [mine]),
        ({"q": "status:draft,review"}, [mine, other]), ({"status__in": "draft,review"}, [mine, other]),
        ({"q": "is:published"}, [dry]),
        ({"q": "is:pinned"}, [other]), ({"is_pinned": "0"}, [mine, dry]), ({"is_pinned__ne": "1"}, [mine, dry]),
        ({"is_pinned__in": "0"}, [mine, dry]), ({"is_pinned__in": "0,1"}, [mine, other, dry]),
        ({"is_pinned__isnull": "1"}, []),
        ({"is_pinned__isnull": "0"}, [mine, other, dry]), ({"q": "no:is_pinned"}, []),
        ({"q": "in:posts"}, [mine, other, dry]),
        ({"q": "in:notes"}, []), ({"q": "brook OR dune"}, [other, dry]), ({"q": "-(brook OR dune)"}, [mine]),
        ({"q": "(is:pinned OR status:review) -brook"}, [mine]), ({"q": '"dun"'}, []), ({"q": "dun"}, [dry]),
        ({"q": "-dun -brook"}, [mine]),
        ({"q": "created:today"}, [mine, other, dry]), ({"q": "created:yesterday"}, []), ({"q": "published:<1h"}, [dry]),
    ]:  # fmt: skip
        assert ids(cast, "posts", **args) == sorted(expected), args


def test_fields_of_related_rows(cast):
    """Where the declaration leads there; also in the words that a filter has for itself."""
    draft, live = (make("comments", post_id=make("posts", status=status)) for status in ("draft", "published"))
    for args, expected in [
        ({"post_id.status": "draft"}, [draft]), ({"q": "post.status:draft"}, [draft]),
        ({"q": "-post.status:draft"}, [live]),
        ({"post_id.status__in": "draft,review"}, [draft]), ({"post_id.status__ne": "draft"}, [live]),
        ({"post_id.status__isnull": "0"}, [draft, live]),
        ({"q": "has:post.status"}, [draft, live]), ({"q": "no:post_id.status"}, []),
    ]:  # fmt: skip
        assert ids(cast, "comments", **args) == sorted(expected), args
        query = ListQuery.from_args(registry.get("comments"), MultiDict(args), cast.viewer)
        assert ids(cast, "comments", q=query.as_text()) == sorted(expected), query.as_text()


@pytest.mark.parametrize(
    "typed", ["nosuch:1", "is:nothing", "year:abc", "year:<1,2", "year:~2", "created:<99", "author.email:x",
    "has:nosuch", "tag_ids:1", "!!"]
)  # fmt: skip
def test_what_is_not_understood_is_told_and_left_out(cast, typed):
    number = make("books", title="Here")
    query = ListQuery.from_args(registry.get("books"), MultiDict({"q": f"{typed} title:Here"}), cast.viewer)
    assert len(query.problems) == 1, query.problems
    assert [item.id for item in paging.page(cast.viewer, query).items] == [number]
