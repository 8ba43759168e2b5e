"""Two editors of one row, in every order: whoever saves takes nothing from the other without being told."""

import random

import pytest

from admin_site.core import registry
from admin_site.core.errors import Stale
from admin_site.records import reads
from admin_site.web.admin import saving
from tests.factories import make

FIELDS = ("title", "summary", "published_year")
SEED = 20261121


class Model:
    """What must stand: each field's value, and the version at which it last changed."""

    def __init__(self, values):
        self.values, self.version = dict(values), 1
        self.changed_at = dict.fromkeys(values, 1)

    def save(self, seen, typed):
        """Whether it is saved; if so, what was typed differently from what had been read is written."""
        meant = {name: value for name, value in typed.items() if value != seen.values[name]}
        new = {name: value for name, value in meant.items() if value != self.values[name]}
        if any(self.changed_at[name] > seen.version and self.values[name] != seen.values[name] for name in new):
            return False
        if new:
            self.version += 1
            self.values |= new
            self.changed_at |= dict.fromkeys(new, self.version)
        return True

    def opened(self):
        copy = Model(self.values)
        copy.version = self.version
        return copy


def standing(actor, number):
    row = reads.find(actor, registry.get("books"), number)
    return {name: getattr(row, name) for name in FIELDS}, row.version


def play(chance, editors, number, model):
    """Some opening and saving, in an order by chance; after each the row is what the model says."""
    books = registry.get("books")
    open_forms = {person: model.opened() for person in editors}
    for step in range(chance.randint(3, 6)):
        person = chance.choice(editors)
        seen = open_forms[person]
        typed = dict(seen.values)
        for name in chance.sample(FIELDS, chance.randint(1, 2)):
            typed[name] = chance.randint(1900, 2020) if name == "published_year" else f"{name} {step} {chance.random()}"
        sent = {name: str(value) for name, value in typed.items()}
        if model.save(seen, typed):
            saving.update(person, books, number, sent, seen.version)
        else:
            with pytest.raises(Stale):
                saving.update(person, books, number, sent, seen.version)
        assert standing(person, number) == (model.values, model.version)
        if chance.random() < 0.6:
            open_forms[person] = model.opened()


@pytest.mark.parametrize("part", range(4))
def test_no_update_is_lost_in_a_thousand_interleavings(cast, part):
    """84 of them on each of three databases, four times over."""
    chance = random.Random(SEED + part)
    editors = [cast.editor, cast.admin]
    number = make("books", title="First", summary="Base.", published_year=1900)
    values, version = standing(cast.system, number)
    model = Model(values)
    model.version = version
    for _ in range(84):
        play(chance, editors, number, model)
