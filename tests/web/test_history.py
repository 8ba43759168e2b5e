"""What happened: the history of a row, the row as of a day, the activity of everybody, one change."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy import func, select

from admin_site.accounts import actor as actors
from admin_site.accounts import roles
from admin_site.accounts.models import User
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet, Entry
from admin_site.jobs import runner, undo
from admin_site.records import pinning, reads, trash, writes
from tests.cast import make_user, role_id
from tests.client import filled, soup
from tests.factories import make

HOSTILE = "<script>alert(1)</script>\"'"
SECRET = "seven words that nobody else has said"


def update(actor, section, number, **sent):
    """The number of the change set."""
    with atomic():
        writes.update(actor, registry.get(section), number, sent)
    return newest()


def newest():
    db.session.rollback()
    return db.session.execute(select(func.max(ChangeSet.id))).scalar()


def entries(section, number):
    """The entries of a row, first to last."""
    query = select(Entry.id).where(Entry.section == section, Entry.row_id == number).order_by(Entry.id)
    return list(db.session.execute(query).scalars())


def row(section, number):
    db.session.rollback()
    return reads.find(actors.SYSTEM, registry.get(section), number)


def written():
    db.session.rollback()
    return [db.session.execute(select(func.count()).select_from(model)).scalar() for model in (Entry, ChangeSet)]


def diff(page):
    """Field, before and after, as the history page shows them."""
    return [
        tuple(part.text.strip() for part in line.select(".name, .was, .now-is"))
        for line in page.select("form.diff .diff-field")
    ]


# The history of a row


@pytest.fixture
def note(cast):
    """A note with three versions."""
    number = make("notes", title="Fern", content="Water it.")
    update(cast.admin, "notes", number, title="Moss")
    update(cast.editor, "notes", number, title="Lichen", content="Leave it.")
    return number


def test_the_newest_change_is_shown_first_and_any_can_be_chosen(cast, sign_in, note):
    viewer = sign_in(cast.viewer)
    page = viewer.page(f"/admin/notes/{note}/history")
    assert "3 changes" in page.h1.text
    assert [event.b.text for event in page.select(".event")] == ["Editor", "Admin", "System"]
    assert page.select_one(".event[aria-current=true] b").text == "Editor"
    assert diff(page) == [("Title", "Moss", "Lichen"), ("Content", "Water it.", "Leave it.")]
    page = viewer.page(f"/admin/notes/{note}/history?entry={entries('notes', note)[1]}")
    assert page.select_one(".event[aria-current=true] b").text == "Admin"
    assert diff(page) == [("Title", "Fern", "Moss")]
    (line,) = page.select(".diff-field")
    assert (line.select_one("del").text, line.select_one("ins").text) == ("Fern", "Moss")


@pytest.mark.parametrize(
    ("said", "verbs"),
    [
        ({}, ["Editor", "Admin", "System"]),
        ({"by": "0"}, ["System"]),
        ({"by": "editor"}, ["Editor"]),
        ({"by": "viewer"}, []),
        ({"by": "9" * 30}, ["Editor", "Admin", "System"]),
        ({"field": "content"}, ["Editor", "System"]),
        ({"field": "title", "by": "admin"}, ["Admin"]),
        ({"field": "status"}, ["Editor", "Admin", "System"]),
        ({"field": "version"}, ["Editor", "Admin", "System"]),
    ],
)
def test_a_history_is_narrowed_to_a_person_and_a_field(cast, sign_in, note, said, verbs):
    args = dict(said)
    if args.get("by", "").isalpha():
        args["by"] = cast.named(args["by"]).id
    admin = sign_in(cast.admin)
    page = soup(admin.get(f"/admin/notes/{note}/history", query_string=args))
    assert [event.b.text for event in page.select(".event")] == verbs
    kept = {
        name: value for name, value in args.items() if page.select_one(f"#{name} option[selected][value='{value}']")
    }
    for link in page.select(".event, .diff-head nav a"):
        assert all(f"{name}={value}" in link["href"] for name, value in kept.items())
    assert bool(page.select("a[href$='/history']")) or not kept


def test_a_name_inside_of_a_value_is_no_change_of_that_field(cast, sign_in):
    number = make("notes", title="Fern")
    update(cast.admin, "notes", number, title='{"content":["a","b"]}')
    page = sign_in(cast.admin).page(f"/admin/notes/{number}/history?field=content")
    assert [event.b.text for event in page.select(".event")] == ["System"]


def test_a_version_is_compared_with_how_the_row_stands(cast, sign_in, note):
    first = entries("notes", note)[0]
    page = sign_in(cast.editor).page(f"/admin/notes/{note}/history?entry={first}&against=current")
    assert diff(page) == [("Title", "Fern", "Lichen"), ("Content", "Water it.", "Leave it.")]
    last = entries("notes", note)[2]
    page = sign_in(cast.editor).page(f"/admin/notes/{note}/history?entry={last}&against=current")
    assert diff(page) == []
    assert "This version is how the row stands." in page.text


def test_chosen_fields_of_a_version_are_put_into_the_form_and_saved_there(cast, sign_in, note):
    editor = sign_in(cast.editor)
    page = editor.page(f"/admin/notes/{note}/history?entry={entries('notes', note)[0]}&against=current")
    asked = filled(page, "form.diff")
    assert asked == {"as": ["1"], "field": ["title", "content"]}
    before = written()
    form = soup(editor.get(page.select_one("form.diff")["action"], query_string=asked | {"field": ["title"]}))
    assert form.select_one("#title")["value"] == "Fern"
    assert form.select_one("#content").text.removeprefix("\n") == "Leave it."
    assert form.select_one("form[data-edit]").has_attr("data-unsaved")
    assert "The values of version 1 are in the form." in form.text
    assert (row("notes", note).title, written()) == ("Lichen", before)
    sent = filled(form, "form[data-edit]")
    assert sent["version"] == ["3"]
    assert editor.post(f"/admin/notes/{note}/edit", sent).status_code == 302
    standing = row("notes", note)
    assert (standing.title, standing.content, standing.version) == ("Fern", "Leave it.", 4)


def test_a_whole_version_is_put_into_the_form(cast, sign_in):
    old, new = make("tags", name="Old"), make("tags", name="New")
    number = make("posts", title="Fern", tag_ids=[old], status="review", is_pinned=True)
    update(cast.admin, "posts", number, title="Moss", tag_ids=[new], status="draft", is_pinned=False)
    form = sign_in(cast.editor).page(f"/admin/posts/{number}/edit?as=1")
    assert form.select_one("#title")["value"] == "Fern"
    assert form.select_one("#status option[selected]")["value"] == "review"
    assert [box["value"] for box in form.select("input[name=tag_ids][checked]")] == [str(old)]
    assert form.select_one("#is_pinned").has_attr("checked")
    assert row("posts", number).title == "Moss"


def test_whoever_may_not_change_a_row_reads_its_history_and_restores_nothing(cast, sign_in, note):
    viewer = sign_in(cast.viewer)
    for against in ("previous", "current"):
        page = viewer.page(f"/admin/notes/{note}/history?entry={entries('notes', note)[0]}&against={against}")
        assert not page.select("form.diff button, form.diff input[name=field]")
        assert "Restore" not in page.select_one("form.diff").text
    assert viewer.get(f"/admin/notes/{note}/edit?as=1").status_code == 403


@pytest.mark.parametrize("query", ["entry=x", "entry=0", f"entry={2**70}", "entry=1&before=x", "against=nonsense"])
def test_an_entry_that_is_none_shows_the_newest(cast, sign_in, note, query):
    page = sign_in(cast.viewer).page(f"/admin/notes/{note}/history?{query}")
    assert diff(page)[0] == ("Title", "Moss", "Lichen")


def test_an_entry_of_another_row_is_not_shown(cast, sign_in, note):
    other = make("notes", title="Hidden")
    update(cast.admin, "notes", other, title="Hidden still")
    page = sign_in(cast.viewer).page(f"/admin/notes/{note}/history?entry={entries('notes', other)[1]}")
    assert "Hidden" not in page.text


@pytest.mark.parametrize("version", ["0", "x", "99", str(2**70)])
def test_a_version_that_is_none_leaves_the_form_as_the_row_stands(cast, sign_in, note, version):
    form = sign_in(cast.editor).page(f"/admin/notes/{note}/edit?as={version}&field=title&field=nonsense")
    assert form.select_one("#title")["value"] == "Lichen"


def test_a_long_history_goes_on_on_the_next_page(cast, sign_in):
    number = make("notes")
    for place in range(51):
        update(cast.admin, "notes", number, title=f"Version {place}")
    viewer = sign_in(cast.viewer)
    page = viewer.page(f"/admin/notes/{number}/history")
    assert len(page.select(".event")) == 50
    older = page.find("a", string="Older changes")
    page = viewer.page(older["href"])
    assert [event.select_one(".what").contents[1].strip() for event in page.select(".event")] == ["changed", "added"]


def test_hostile_words_stay_words_in_a_history(cast, sign_in):
    number = make("notes", title=f"{HOSTILE}one")
    update(cast.admin, "notes", number, title=f"{HOSTILE}two")
    viewer = sign_in(cast.viewer)
    day = datetime.now(UTC).date()
    for address in ("history", "history?against=current", f"as-of?at={day}"):
        answer = viewer.get(f"/admin/notes/{number}/{address}")
        assert "<script>alert" not in answer.text
    assert f"{HOSTILE}two" in soup(answer).text


# As of a day


@pytest.fixture
def past(cast):
    """A note that was made on the 2nd, changed on the 4th, trashed on the 6th and restored on the 8th of March."""
    notes = registry.get("notes")

    def on(day):
        return time_machine.travel(datetime(2026, 3, day, 12, tzinfo=UTC), tick=False)

    with on(2):
        number = make("notes", title="Fern", content="Water it.")
    with on(4):
        update(cast.system, "notes", number, title="Moss")
    with on(6), atomic():
        trash.trash(cast.system, notes, number)
    with on(8), atomic():
        trash.restore(cast.system, notes, number)
    return number


def as_of(client, number, day):
    page = client.page(f"/admin/notes/{number}/as-of?at={day}")
    assert page.h1.text == f"As of {day}"
    values = {term.text: term.find_next_sibling("dd") for term in page.select(".diff-list dt")}
    return page.main.text if page.main else page.text, values


def test_a_row_as_of_days_before_and_after_its_changes(cast, sign_in, past):
    viewer = sign_in(cast.viewer)
    for day in ("2026-03-02", "2026-03-03"):
        said, values = as_of(viewer, past, day)
        assert values["Title"].select_one(".now-is").text == "Fern"
        assert values["Title"].mark.text == "different since:"
        assert values["Content"].select_one(".was").text == "Water it."
        assert "trash then" not in said
    for day in ("2026-03-04", "2026-03-08", "2026-11-01"):
        said, values = as_of(viewer, past, day)
        assert values["Title"].select_one(".was").text == "Moss"
        assert ("did not exist" in said, "trash then" in said) == (False, False)


def test_a_row_as_of_a_day_before_it_was_made(cast, sign_in, past):
    said, values = as_of(sign_in(cast.viewer), past, "2026-03-01")
    assert "This note did not exist yet." in said
    assert values == {}


@pytest.mark.parametrize("day", ["2026-03-06", "2026-03-07"])
def test_a_row_as_of_a_day_in_the_trash(cast, sign_in, past, day):
    said, values = as_of(sign_in(cast.viewer), past, day)
    assert "It was in the trash then." in said
    assert values["Title"].select_one(".was").text == "Moss"


@pytest.mark.parametrize("day", ["", "x", "2026-13-01", "2026-02-30", "1 March", "2026-03-01T10:00", "99999-01-01"])
def test_a_day_that_is_none_is_refused_with_a_sentence(cast, sign_in, past, day):
    answer = sign_in(cast.viewer).get(f"/admin/notes/{past}/as-of", query_string={"at": day})
    assert answer.status_code == 400
    assert "As of needs a date like 2026-11-20." in soup(answer).text


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_are_days(cast, sign_in, past, day):
    assert sign_in(cast.viewer).get(f"/admin/notes/{past}/as-of?at={day}").status_code == 200


def test_relations_as_of_a_day_are_named(cast, sign_in):
    old, new = make("tags", name="Old tag"), make("tags", name="New tag")
    with time_machine.travel(datetime(2026, 3, 2, tzinfo=UTC), tick=False):
        number = make("posts", tag_ids=[old])
    update(cast.admin, "posts", number, tag_ids=[new])
    page = sign_in(cast.viewer).page(f"/admin/posts/{number}/as-of?at=2026-03-03")
    assert "Old tag" in page.select_one(".diff-list").text
    assert "New tag" not in page.select_one(".diff-list").text


# Activity


def told(page):
    """Who did what, by line."""
    return [(line.b.text, line.select_one("a").text) for line in page.select("ol.lines > li")]


def ids(page):
    return [int(link["href"].rpartition("/")[2]) for link in page.select("ol.lines .main > a")]


def test_an_editor_sees_what_they_changed_and_an_admin_what_everybody_did(cast, sign_in):
    number = make("notes", title="Fern")
    mine = update(cast.editor, "notes", number, title="Moss")
    theirs = update(cast.owner, "notes", make("notes", cast.owner), title="Lichen")
    page = sign_in(cast.editor).page("/admin/activity/")
    assert ids(page) == [mine]
    assert told(page) == [("Editor", "changed the note “Moss”")]
    assert page.select_one("select[name=by]") is None
    page = sign_in(cast.editor).page(f"/admin/activity/?by={cast.owner.id}")
    assert ids(page) == [mine]
    page = sign_in(cast.admin).page("/admin/activity/")
    assert {mine, theirs} < set(ids(page))
    assert ids(page) == sorted(ids(page), reverse=True)


def test_whoever_may_read_nothing_finds_no_activity(cast, sign_in):
    assert sign_in(cast.stranger).get("/admin/activity/").status_code == 404
    assert sign_in(cast.stranger).get("/admin/activity/1").status_code == 404
    assert sign_in(cast.viewer).page("/admin/activity/").select_one(".empty-small").text.strip() == (
        "Nothing was changed."
    )


@pytest.fixture
def deeds(cast):
    """Change sets that differ in everything that one can ask for, by name."""
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False):
        note = make("notes", title="Fern")
        found = {"old": newest()}
    post = make("posts", title="Quartz")
    found["post"] = update(cast.editor, "posts", post, title="Feldspar")
    found["note"] = update(cast.admin, "notes", note, title='100% Ärger_here \\ "said"')
    with atomic():
        deed = writes.begin(cast.admin, "bulk", "Spring cleaning")
        writes.update(cast.admin, registry.get("notes"), note, {"content": "Swept."}, deed=deed)
    return found | {"bulk": deed.change_set_id}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"section": "posts"}, {"post"}),
        ({"section": "notes"}, {"old", "note", "bulk"}),
        ({"source": "bulk"}, {"bulk"}),
        ({"since": "2026-03-03"}, {"post", "note", "bulk"}),
        ({"since": "2026-03-02", "section": "notes"}, {"old", "note", "bulk"}),
        ({"q": "feldSPAR"}, {"post"}),
        ({"q": "spring CLEANING"}, {"bulk"}),
        ({"q": "100%"}, {"note"}),
        ({"q": "1_0%"}, set()),
        ({"q": "ger_here"}, {"note"}),
        ({"q": "  swept. "}, {"bulk"}),
        ({"q": "swept", "section": "posts"}, set()),
        ({"q": "nowhere to be found"}, set()),
        ({"section": "nonsense"}, set()),
        ({"since": "2999-01-01"}, set()),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "+".join(sorted(value)) or "nothing",
)
def test_activity_is_narrowed_by_section_source_day_and_words(cast, sign_in, deeds, query, expected):
    answer = sign_in(cast.admin).get("/admin/activity/", query_string=query)
    assert answer.status_code == 200
    shown = set(ids(soup(answer)))
    assert {name for name, number in deeds.items() if number in shown} == expected


def test_words_with_umlauts_are_found_in_any_case(cast, sign_in, deeds):
    answer = sign_in(cast.admin).get("/admin/activity/", query_string={"q": "ärger"})
    assert deeds["note"] in ids(soup(answer))


def test_words_in_quotes_are_found(cast, sign_in, deeds):
    answer = sign_in(cast.admin).get("/admin/activity/", query_string={"q": '"said"'})
    assert deeds["note"] in ids(soup(answer))


def test_activity_is_narrowed_by_person(cast, sign_in, deeds):
    admin = sign_in(cast.admin)
    page = admin.page(f"/admin/activity/?by={cast.editor.id}")
    assert ids(page) == [deeds["post"]]
    chosen = page.select_one("select[name=by] option[selected]")
    assert chosen["value"] == str(cast.editor.id)
    answer = admin.get("/admin/activity/?by=999999&q=%22x&section=notes")
    page = soup(answer)
    assert ids(page) == []
    assert page.select_one("input[name=q]")["value"] == '"x'
    assert page.select_one("a[href='/admin/activity/']")


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2026-02-30"])
def test_a_since_that_is_no_day_is_told(cast, sign_in, deeds, since):
    page = sign_in(cast.admin).page(f"/admin/activity/?since={since}")
    assert "Since must be a date like 2026-11-20." in page.select_one(".callout").text
    assert deeds["post"] in ids(page)


@pytest.mark.parametrize(
    "query",
    [{"q": "a\0b"}, {"source": "\0"}, {"by": str(2**63)}, {"by": "9" * 18}, {"before": "9" * 18}, {"before": "-1"},
     {"since": "0001-01-01"}, {"since": "9999-12-31"}, {"q": "\\"}, {"q": "𝔽" * 100}, {"section": "\0"}],
    ids=repr,
)  # fmt: skip
def test_anything_asked_of_activity_is_answered(cast, sign_in, deeds, query):
    assert sign_in(cast.admin).get("/admin/activity/", query_string=query).status_code == 200


def test_activity_goes_on_on_the_next_page_with_what_was_asked(cast, sign_in):
    number = make("notes")
    made = [update(cast.editor, "notes", number, title=f"Version {place}") for place in range(53)]
    editor = sign_in(cast.editor)
    page = editor.page("/admin/activity/?section=notes&q=version")
    assert ids(page) == made[:2:-1]
    older = page.find("a", string="Older changes")["href"]
    assert "section=notes" in older
    page = editor.page(older)
    assert ids(page) == made[2::-1]
    assert page.find("a", string="Older changes") is None


# One change


def test_a_change_shows_each_row_with_its_fields(cast, sign_in):
    notes = [make("notes", title=f"Fern {place}") for place in range(2)]
    with atomic():
        deed = writes.begin(cast.editor, "bulk", f"{HOSTILE}why")
        for number in notes:
            writes.update(cast.editor, registry.get("notes"), number, {"title": f"{HOSTILE}{number}"}, deed=deed)
    with atomic():
        trash.trash(cast.system, registry.get("notes"), notes[1])
    answer = sign_in(cast.editor).get(f"/admin/activity/{deed.change_set_id}")
    assert "<script>alert" not in answer.text
    page = soup(answer)
    said = " ".join(page.select_one(".page-sub").text.split())
    assert said.startswith("Editor changed 2 notes, ")
    assert f"{HOSTILE}why" in said
    boxes = page.select("li.panel-box")
    assert [box.h2.text.strip().endswith("(in the trash)") for box in boxes] == [True, False]
    assert boxes[1].select_one("h2 a")["href"] == f"/admin/notes/{notes[0]}/history"
    assert boxes[1].select_one(".was").text == "Fern 0"


def mixed(cast):
    """A user and a note in one change set, and the user alone in another."""
    user, note = make("users", name="Ada Hidden"), make("notes", title="Fern")
    with atomic():
        deed = writes.begin(cast.admin, "api")
        writes.update(cast.admin, registry.get("users"), user, {"name": "Ada Lovelace"}, deed=deed)
        writes.update(cast.admin, registry.get("notes"), note, {"title": "Moss"}, deed=deed)
    return deed.change_set_id, update(cast.admin, "users", user, city="Ockham")


def test_rows_of_hidden_sections_are_left_out_of_a_change(cast, sign_in):
    both, alone = mixed(cast)
    editor = sign_in(cast.editor)
    page = editor.page(f"/admin/activity/{both}")
    assert [box.h2.text.strip() for box in page.select("li.panel-box")] == ["Moss"]
    assert "Ada" not in page.text
    assert "user" not in page.select_one(".page-sub").text
    assert editor.get(f"/admin/activity/{alone}").status_code == 404
    assert editor.post(f"/admin/jobs/undo/{alone}").status_code == 404
    page = sign_in(cast.admin).page(f"/admin/activity/{both}")
    assert [box.h2.text.strip() for box in page.select("li.panel-box")] == ["Moss", "Ada Lovelace"]
    assert sign_in(cast.admin).get(f"/admin/activity/{alone}").status_code == 200


def test_hidden_sections_are_neither_offered_nor_searched(cast, sign_in):
    user = make("users", name="Ada Hidden")
    update(cast.editor, "notes", make("notes"), title="Moss")
    with atomic():  # by an editor who was an administrator then
        deed = writes.begin(cast.editor, "form")
        writes.update(cast.system, registry.get("users"), user, {"name": "Ada Lovelace"}, deed=deed)
    editor = sign_in(cast.editor)
    page = editor.page("/admin/activity/")
    assert page.select_one("select[name=section] option[value=notes]")
    assert page.select_one("select[name=section] option[value=users]") is None
    for query in ("q=lovelace", "section=users", "section=users&q=ada"):
        assert ids(editor.page(f"/admin/activity/?{query}")) == []


def test_rows_that_one_may_not_read_are_left_out_of_a_change(cast, sign_in, monkeypatch):
    own, other = make("notes", author_id=cast.owner.id, title="Own"), make("notes", title="Foreign")
    with atomic():
        deed = writes.begin(cast.admin, "api")
        for number in (own, other):
            writes.update(cast.admin, registry.get("notes"), number, {"content": "Swept."}, deed=deed)
    author = roles.ROLE_GRANTS["author"]["content"] | {"read": "own"}
    monkeypatch.setattr(roles, "ROLE_GRANTS", {**roles.ROLE_GRANTS, "author": {"content": author}})
    actors._grants.cache_clear()
    try:
        page = sign_in(cast.owner).page(f"/admin/activity/{deed.change_set_id}")
        assert [box.h2.text.strip() for box in page.select("li.panel-box")] == ["Own"]
        assert "Foreign" not in page.text
    finally:
        actors._grants.cache_clear()


def test_a_change_is_undone_from_its_page(cast, sign_in):
    number = make("notes", title="Fern")
    change = update(cast.editor, "notes", number, title="Moss")
    editor = sign_in(cast.editor)
    page = editor.page(f"/admin/activity/{change}")
    form = page.select_one("form[action*=undo]")
    assert form.button.text.strip() == "Undo 1 row"
    answer = editor.post(form["action"], filled(page, "form[action*=undo]"))
    assert answer.status_code == 303
    assert row("notes", number).title == "Fern"
    page = editor.page(f"/admin/activity/{change}")
    assert page.select_one("form[action*=undo]") is None
    assert page.select_one("aside a")["href"] == answer.location


def test_an_undo_of_what_one_may_not_change_says_why_and_changes_nothing(cast, sign_in):
    number = make("notes", title="Fern")
    change = update(cast.admin, "notes", number, title="Moss")
    author = sign_in(cast.owner)
    page = author.page(f"/admin/activity/{change}")
    form = page.select_one("form[action*=undo]")
    if form:  # what is offered is answered
        answer = author.post(form["action"], filled(page, "form[action*=undo]"))
        assert answer.status_code == 303
        assert "You may do this only to your own notes." in author.page(answer.location).text
    assert row("notes", number).title == "Moss"


@pytest.mark.parametrize("number", ["0", "9999", str(2**63), str(2**70)])
def test_a_change_that_is_none_is_not_found(cast, sign_in, number):
    assert sign_in(cast.admin).get(f"/admin/activity/{number}").status_code == 404


def test_a_change_of_many_rows_goes_on_on_the_next_page(cast, sign_in):
    notes = [make("notes", title=f"Fern {place}") for place in range(53)]
    with atomic():
        deed = writes.begin(cast.editor, "bulk")
        for number in notes:
            writes.update(cast.editor, registry.get("notes"), number, {"content": "Swept."}, deed=deed)
    editor = sign_in(cast.editor)
    page = editor.page(f"/admin/activity/{deed.change_set_id}")
    assert "53 notes" in page.select_one(".page-sub").text
    seen = [box.h2.text.strip() for box in page.select("li.panel-box")]
    page = editor.page(page.find("a", string="More rows")["href"])
    seen += [box.h2.text.strip() for box in page.select("li.panel-box")]
    assert seen == [f"Fern {place}" for place in reversed(range(53))]


# Secrets


def test_a_password_is_never_told(cast, sign_in):
    admin = sign_in(cast.admin)
    person = make_user("ada", "viewer")
    form = filled(admin.page(f"/admin/users/{person.id}/edit"), "form[data-edit]")
    answer = admin.post(f"/admin/users/{person.id}/edit", form | {"password": SECRET, "city": "Ockham"})
    assert answer.status_code == 302, soup(answer).select(".error")
    change = newest()
    hashed = db.session.execute(select(User.password_hash).where(User.id == person.id)).scalar()
    assert hashed
    last = entries("users", person.id)[-1]
    for address in (
        f"/admin/users/{person.id}/history", f"/admin/users/{person.id}/history?against=current",
        f"/admin/users/{person.id}/history?entry={entries('users', person.id)[0]}&against=current",
        f"/admin/users/{person.id}/history?entry={last}", f"/admin/users/{person.id}/edit?as=1",
        f"/admin/users/{person.id}/as-of?at={datetime.now(UTC).date()}",
        "/admin/activity/", f"/admin/activity/{change}",
    ):  # fmt: skip
        text = admin.get(address).text
        assert SECRET not in text, address
        assert hashed not in text, address
        assert not re.search(r"scrypt|argon2|pbkdf2", text), address
    page = admin.page(f"/admin/users/{person.id}/history")
    assert "changed; the value is not shown" in page.text
    assert "Ockham" in page.text
    assert "changed; the value is not shown" in admin.page(f"/admin/activity/{change}").text
    for words in (SECRET, hashed, hashed[:12]):
        answer = admin.get("/admin/activity/", query_string={"q": words})
        assert ids(soup(answer)) == []
    assert not admin.page(f"/admin/users/{person.id}/history?entry={last}&against=current").select(
        "input[name=field][value=password]"
    )


def test_roles_in_a_history_are_named(cast, sign_in):
    person = make_user("ada", "viewer")
    update(cast.admin, "users", person.id, role_ids=[role_id("editor")])
    page = sign_in(cast.admin).page(f"/admin/users/{person.id}/history")
    assert diff(page) == [("Roles", "viewer", "editor")]


@pytest.mark.parametrize(("name", "says"), [("editor", False), ("admin", True)])
def test_a_receipt_names_no_row_that_one_may_not_read(cast, sign_in, name, says):
    person, hidden, note = cast.named(name), make_user("ockham", "viewer"), make("notes", title="Fern")
    with atomic():
        deed = writes.begin(cast.admin, "form")
        writes.update(cast.admin, registry.get("notes"), note, {"title": "Moss"}, deed=deed)
        writes.update(cast.admin, registry.get("users"), hidden.id, {"name": "Canary"}, deed=deed)
    update(cast.system, "notes", note, title="Lichen")  # somebody worked on both since, so both are listed
    update(cast.system, "users", hidden.id, name="Third Canary")
    with atomic():
        job = undo.begin(person, deed.change_set_id, source="undo")
    runner.run(job)
    text = sign_in(person).page(f"/admin/jobs/{job}").text
    assert "Lichen" in text
    assert ("Canary" in text) is says


def test_moments_and_pins_are_told_in_words(cast, sign_in):
    post = make("posts", title="Fern", is_pinned=True)
    update(cast.admin, "posts", post, published_at="2026-03-04T05:06:07Z")
    editor = sign_in(cast.editor)
    text = editor.page(f"/admin/posts/{post}/history").main.text
    assert "4 March 2026, 05:06 UTC" in text
    assert "2026-03-04T05" not in text
    with atomic():
        pinning.describe(cast.editor, registry.get("posts"), post, own=False, reason="Look here", until="2027-01-02")
    text = editor.page(f"/admin/posts/{post}/history").main.text
    assert all(label in text for label in ("Why it is pinned", "Look here", "Pinned until", "January 2027"))
    assert "pin_" not in text


def test_whoever_may_not_see_the_undoing_is_told_of_it_without_a_link(cast, sign_in):
    notes = [make("notes", cast.owner, title="Fern"), make("notes", cast.colleague, title="Fern")]
    with atomic():
        deed = writes.begin(cast.editor, "api")
        for number in notes:
            writes.update(cast.editor, registry.get("notes"), number, {"title": "Moss"}, deed=deed)
    editor, page = sign_in(cast.editor), f"/admin/activity/{deed.change_set_id}"
    for person, said in ((cast.owner, "Some of it was taken back."), (cast.admin, "This was taken back.")):
        with atomic():
            job = undo.begin(person, deed.change_set_id, source="undo")
        runner.run(job)
        shown = editor.page(page).select_one("aside")
        assert said in shown.text
        assert not shown.select("a")
        assert sign_in(cast.admin).page(page).select_one(f"aside a[href='/admin/jobs/{job}']")
        assert ("Undo the rest" in shown.text) is (person is cast.owner)


# Undo where one is


def undo_in(client, page):
    """Press Undo in the message of a page; the address that follows."""
    form = page.select_one(".flash form")
    return client.post(
        form["action"], {"key": form.select_one("[name=key]")["value"], "back": form.select_one("[name=back]")["value"]}
    )


@pytest.mark.parametrize("deed", ["save", "trash", "create", "pin", "restore"])
def test_the_message_after_a_deed_takes_it_back(cast, sign_in, deed):
    client, note = sign_in(cast.editor), make("notes", title="Fern")
    if deed == "restore":
        with atomic():
            trash.trash(cast.editor, registry.get("notes"), note)
    answer = {
        "save": lambda: client.post(f"/admin/notes/{note}/edit", {"title": "Moss", "content": "x", "version": "1"}),
        "trash": lambda: client.post(f"/admin/notes/{note}/delete", {"version": "1"}),
        "create": lambda: client.post("/admin/notes/new", {"title": "Moss", "content": "x"}),
        "pin": lambda: client.post(f"/admin/notes/{note}/pin", {"is_pinned": "1"}),
        "restore": lambda: client.post(f"/admin/notes/{note}/restore"),
    }[deed]()
    page = client.page(answer.location)
    back = undo_in(client, page)
    assert back.status_code == 303
    assert back.location == (answer.location if deed != "restore" else "/admin/notes/")
    assert "It was undone." in client.page(back.location).select_one(".flash").text
    listed = [row.text for row in client.page("/admin/notes/").select("th.title a")]
    assert listed == ([] if deed == "restore" else ["Fern"])
    assert not client.page("/admin/notes/").select("tbody.is-pinned")


def test_undo_that_is_not_whole_shows_its_receipt(cast, sign_in):
    client, note = sign_in(cast.editor), make("notes", title="Fern")
    answer = client.post(f"/admin/notes/{note}/edit", {"title": "Moss", "content": "x", "version": "1"})
    page = client.page(answer.location)
    update(cast.admin, "notes", note, title="Lichen")
    assert "/admin/jobs/" in undo_in(client, page).location


def test_undo_leads_nowhere_else(cast, sign_in):
    client, note = sign_in(cast.editor), make("notes", title="Fern")
    client.post(f"/admin/notes/{note}/edit", {"title": "Moss", "content": "x", "version": "1"})
    form = client.page(f"/admin/notes/{note}").select_one(".flash form")
    answer = client.post(form["action"], {"key": "k", "back": "//evil.example/"})
    assert answer.location.startswith("/admin/jobs/")
