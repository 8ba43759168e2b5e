"""The query string of a list: read, said again, and kind to what it does not understand."""

import pytest
from werkzeug.datastructures import MultiDict

from admin_site.core import registry
from admin_site.records.list_query import ListQuery


def read(cast, section="posts", **args):
    return ListQuery.from_args(registry.get(section), MultiDict(args), cast.viewer)


def test_what_was_read_is_said_again(cast):
    args = {"q": "river", "status": "draft", "sort": "-title,status", "per_page": "25", "page": "3", "pinned": "none",
            "created_at__gte": "2026-01-31"}  # fmt: skip
    query = read(cast, **args)
    assert query.problems == ()
    assert query.to_args() == args
    assert read(cast, **query.to_args()) == query


def test_the_defaults_say_nothing(cast):
    assert read(cast).to_args() == {}
    assert read(cast, sort="-updated_at", per_page="50", page="1").to_args() == {}


@pytest.mark.parametrize(
    "args",
    [
        {"nonsense": "1"}, {"title_key": "x"}, {"live": "1"}, {"deleted_at": "2026-01-01"}, {"title__like": "x"},
        {"status": "unheard"}, {"category_id": "abc"}, {"created_at__gte": "2026-13-01"}, {"status__gt": "draft"},
        {"published_at__contains": "2"}, {"sort": "content"}, {"sort": "nonsense"}, {"sort": "tag_ids"},
        {"page": "0"}, {"page": "-1"}, {"page": "x"}, {"page": "٣"}, {"per_page": "1.5"}, {"pinned": "maybe"},
        {"title": "nul\0"}, {"category_id__in": "1,x"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_left_out_and_told(cast, args):
    query = read(cast, **args)
    assert len(query.problems) == 1
    assert query.conditions == ()
    assert query.to_args() == {}


@pytest.mark.parametrize("name", ["password", "password_hash", "password__contains", "password_hash__contains"])
def test_secrets_can_be_neither_filtered_nor_sorted(cast, name):
    query = ListQuery.from_args(registry.get("users"), MultiDict({name: "$2b$", "sort": name}), cast.admin)
    assert query.conditions == ()
    assert len(query.problems) == 2


def test_sizes_have_bounds(cast):
    assert read(cast, per_page="1000").per_page == 200
    assert read(cast, page="9" * 30).page == int("9" * 20)
    assert len(read(cast, q="x" * 5000).q) == 1_000
    assert len(read(cast, q=" ".join(f"w{n}" for n in range(80))).terms) == 50


def test_empty_values_are_no_filters(cast):
    assert read(cast, status="", q="  ", category_id="").conditions == ()
