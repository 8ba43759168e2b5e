"""Lists that are one parameter find the same as lists of parameters."""

import pytest
from sqlalchemy import select

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.in_list import in_list
from tests.factories import make


@pytest.mark.parametrize("size", [0, 1, 3, 2_000])
def test_numbers(app, cast, size):
    mine = [make("tags") for _ in range(3)]
    columns = registry.get("tags").table.columns
    asked = {"rows": mine[:size] + list(range(10**9, 10**9 + size - 3))}
    found = db.session.execute(select(columns.id).where(in_list(columns.id)).order_by(columns.id), asked)
    assert found.scalars().all() == mine[:size]
    others = db.session.execute(select(columns.id).where(~in_list(columns.id), columns.id >= mine[0]), asked)
    assert set(others.scalars()) == set(mine[size:])


@pytest.mark.parametrize("name", ["Plain", "it's", 'a "quoted" one', "[1,2]", "Grün 日本 🌿", "50% \\_ {x}", ""])
def test_texts(app, cast, name):
    make("tags", name="Other")
    columns = registry.get("tags").table.columns
    query = select(columns.name).where(in_list(columns.name, "named"), columns.live == 1)
    if name:
        make("tags", name=name)
    found = db.session.execute(query, {"named": [name, "nobody's"]}).scalars().all()
    assert found == [name] if name else not found


def test_two_lists_in_one_statement(app, cast):
    first, second, third = (make("tags", name=name) for name in ("a", "b", "c"))
    columns = registry.get("tags").table.columns
    query = select(columns.id).where(in_list(columns.id), ~in_list(columns.name, "but"))
    found = db.session.execute(query, {"rows": [first, second, third], "but": ["b"]}).scalars()
    assert set(found) == {first, third}
