"""The home page as each person arranges it: which numbers and charts stand there, and in which order."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import delete, insert

from admin_site.accounts import settings
from admin_site.accounts.models import user_roles
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.web.admin import dashboard
from tests.cast import role_id


def cards_of(person):
    """The headings of numbers and charts."""
    page = person.page("/admin/")
    found = page.select(".stat h3, section[aria-labelledby^=chart] h2")
    return [heading.text.split(" last ")[0].strip() for heading in found]


def form_of(person):
    """What the form sends as it stands."""
    form = person.page("/admin/arrange").select_one(".options-form")
    ticked = [box["value"] for box in form.select("[name=card]") if box.has_attr("checked")]
    return {"card": ticked} | {place["name"]: place["value"] for place in form.select(".place")}


def arrange(person, sent):
    answer = person.post("/admin/arrange", sent)
    assert (answer.status_code, answer.location) == (302, "/admin/")


def test_a_person_hides_and_orders_the_cards_of_their_home_page(cast, sign_in):
    editor, other = sign_in(cast.editor), sign_in(cast.admin)
    usual, others = cards_of(editor), cards_of(other)
    assert usual[0:2] != ["Posts", "Notes"]
    assert usual.index("Notes") < usual.index("Posts") < usual.index("Tags")
    sent = form_of(editor)
    sent["card"].remove("section notes")
    arrange(editor, sent | {"place.section tags": "1", "place.section posts": "2", "place.section books": "x"})
    now = cards_of(editor)
    assert "Notes" not in now
    assert now.index("Tags") < now.index("Posts")
    assert sorted([*now, "Notes"]) == sorted(usual)
    assert cards_of(other) == others
    assert "section notes" not in form_of(editor)["card"]
    # How pages look is kept beside it.
    editor.post("/account/appearance", {"theme": "dark", "density": "", "shortcuts": "1"})
    assert cards_of(editor) == now
    arrange(editor, {"card": ["section tags", "card of nobody"], "place.x": "y"})
    assert cards_of(editor) == ["Tags"]
    assert editor.page("/account").html["data-bs-theme"] == "dark"
    arrange(editor, {})
    assert cards_of(editor) == []
    arrange(editor, {"reset": "1"})
    assert cards_of(editor) == usual


def test_what_is_arranged_twice_stays(cast, sign_in):
    editor = sign_in(cast.editor)
    arrange(editor, form_of(editor) | {"place.section tags": "1", "place.section notes": "9"})
    first = cards_of(editor)
    arrange(editor, form_of(editor))
    assert cards_of(editor) == first


def test_a_card_behind_a_right_that_was_taken_away_stays_hidden(cast, sign_in):
    admin = sign_in(cast.admin)
    sent = form_of(admin)
    sent["card"].remove("section users")
    arrange(admin, sent)
    with atomic():
        db.session.execute(delete(user_roles).where(user_roles.c.user_id == cast.admin.id))
        db.session.execute(insert(user_roles).values(user_id=cast.admin.id, role_id=role_id("viewer")))
    assert "place.section users" not in form_of(admin)
    arrange(admin, form_of(admin))
    assert "section users" in settings.home_of(cast.admin.id).hidden


def test_cards_that_are_new_stand_last():
    every = [dashboard.Card(key, key, "card") for key in "abcd"]
    home = settings.Home(shown=["d", "b"], hidden=["a"])
    assert [card.key for card in dashboard.arranged(every, home)] == ["d", "b", "c"]


def test_two_tabs_may_be_the_first_to_arrange_at_once(base_app, cast):
    editor = cast.editor.id  # who is made when first asked for, and not in several threads at once

    def arrange_in_one_tab(place):
        with base_app.app_context(), atomic():
            settings.arrange_home(editor, settings.Home(shown=[str(place)]))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(arrange_in_one_tab, range(8)))
    db.session.rollback()  # this session has read before
    assert len(settings.home_of(editor).shown) == 1
