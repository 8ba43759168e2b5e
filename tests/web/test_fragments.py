"""What is kept of a page is given only where everything it depends on is the same."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from flask import render_template_string

from admin_site.core import registry
from admin_site.web import fragments, identity


@pytest.fixture
def kept(app, cast, monkeypatch):
    """Renders a template as somebody, as it is kept outside tests: what was kept is not made again."""
    monkeypatch.setattr(app, "testing", False)

    def render(person, source, root="", **given):
        with app.test_request_context("/admin/notes/", environ_overrides={"SCRIPT_NAME": root}):
            identity.act_as(person)
            return render_template_string(source, **given)

    app.extensions.pop("fragments", None)
    yield render
    app.extensions.pop("fragments", None)


def test_it_is_made_again_only_for_other_values(kept, cast):
    made = []
    source = "{% kept a, b %}{{ tell(a) }}-{{ b }}<{% endkept %}"

    def show(person, a, b):
        return kept(person, source, a=a, b=b, tell=lambda value: made.append(value) or value)

    assert show(cast.editor, "<1>", (2, 3)) == "&lt;1&gt;-(2, 3)<"
    assert show(cast.editor, "<1>", (2, 3)) == "&lt;1&gt;-(2, 3)<"
    assert made == ["<1>"]
    assert show(cast.editor, "<1>", (2, 4)) == "&lt;1&gt;-(2, 4)<"
    assert made == ["<1>", "<1>"]


def test_what_is_kept_for_one_person_is_given_to_nobody_else(kept, cast):
    source = "{% kept 1 %}{{ actor.name }} {{ request.script_root }}{% endkept %}"
    for person in (cast.editor, cast.viewer, cast.admin, cast.editor):
        assert kept(person, source) == f"{person.name} "
    assert kept(cast.editor, source, root="/back") == f"{cast.editor.name} /back"


def test_other_rights_are_other_markup(kept, cast):
    source = '{% kept 1 %}{{ allows(actor, "update", section) }}{% endkept %}'
    section = registry.get("notes")
    assert kept(cast.editor, source, section=section) == "True"
    assert kept(replace(cast.editor, roles=("viewer",)), source, section=section) == "False"
    assert kept(replace(cast.editor, scopes=frozenset({"notes.read"})), source, section=section) == "False"


def test_no_more_than_so_many_are_kept(app, kept, cast, monkeypatch):
    monkeypatch.setattr(fragments, "KEPT_MOST", 3)
    for number in range(10):
        assert kept(cast.editor, "{% kept n %}{{ n }}{% endkept %}", n=number) == str(number)
    assert 0 < len(app.extensions["fragments"]) <= 3


def test_a_value_that_was_forgotten_is_an_error_in_tests(app, cast):
    with app.test_request_context("/admin/notes/"):
        identity.act_as(cast.editor)
        assert render_template_string("{% kept 1 %}{{ n }}{% endkept %}", n=1) == "1"
        with pytest.raises(fragments.Forgotten):
            render_template_string("{% kept 1 %}{{ n }}{% endkept %}", n=2)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('<a class="x" id="y-2">z</a>', "<a class=x id=y-2>z</a>"),
        ('<i>\n    <b title="x\n\n  y">z\n  z</b>\n\n  </i>', '<i>\n<b title="x\n\n  y">z\n  z</b>\n</i>'),
        ('<use href="a"/>', '<use href="a"/>'),
        ("{{ '=\"x\" >' }}", "=&#34;x&#34; &gt;"),
        ("a  b\n\n   c", "a  b\n\n   c"),
    ],
)
def test_it_is_sent_without_what_it_does_not_need(kept, cast, written, sent):
    assert kept(cast.editor, "{% kept 1 %}" + written + "{% endkept %}") == sent


def test_what_is_long_is_not_kept(app, kept, cast):
    for length, count in ((100, 1), (fragments.LENGTH_MOST + 1, 0)):
        app.extensions["fragments"] = {}
        assert kept(cast.editor, "{% kept n %}{{ 'x' * n }}{% endkept %}", n=length) == "x" * length
        assert len(app.extensions["fragments"]) == count


@pytest.mark.parametrize("hostile", ['x" onclick="y', "x onclick=y", '="x" >', "<b>", "a>\n <b", "'", "="])
def test_what_people_typed_stays_text_and_value(kept, cast, hostile):
    page = BeautifulSoup(
        kept(cast.editor, '{% kept n %}<p title="{{ n }}" id="one">{{ n }}</p>{% endkept %}', n=hostile), "lxml"
    )
    assert (page.p.attrs, page.p.text) == ({"title": hostile, "id": "one"}, hostile)
