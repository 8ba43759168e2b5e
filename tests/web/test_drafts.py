"""What was typed is never lost: drafts, forms whose session ended, and forms that are sent twice."""

import threading
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, func, select, update

from admin_site.accounts.models import LoginSession, User
from admin_site.core import clock, registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.records import drafts, trash, writes
from admin_site.records.drafts import Draft, Submission
from tests.cast import PASSWORD, make_user
from tests.client import Client, filled, soup
from tests.factories import make

SECRET = "seven words that nobody else has said"
HOSTILE = "<script>alert(1)</script>\"'</textarea>"
AWAY = timedelta(minutes=31)


@pytest.fixture
def note(cast):
    return make("notes", title="Fern", content="Water it.")


def column(section, number, name):
    columns = registry.get(section).table.columns
    db.session.rollback()
    return db.session.execute(select(columns[name]).where(columns.id == number)).scalar_one()


def count(model):
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(model)).scalar()


def rows_of(section):
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(registry.get(section).table)).scalar()


def kept():
    """What each draft has: whose, of which form, with what in it."""
    db.session.rollback()
    query = select(Draft.user_id, Draft.section, Draft.row_id, Draft.version, Draft.typed)
    return [tuple(found) for found in db.session.execute(query.order_by(Draft.user_id, Draft.section, Draft.row_id))]


def keep(client, form, **typed):
    """As the page does while somebody types; the answer is empty."""
    return client._send(client.http.post, f"/admin/{form}/draft", data={"csrf_token": client.token} | typed)


def version_of(page):
    return page.select_one("form[data-edit] input[name=version]")["value"]


def offered(page):
    link = page.select_one(".callout a[href*='draft=']")
    return link["href"] if link else None


def typed_in(page):
    return page.select_one("#title")["value"], page.select_one("#content").text.removeprefix("\n")


def log_in(client, actor, target):
    """Through the form; returns where it leads."""
    client.set_session()
    sent = {"email": actor.email, "password": PASSWORD, "next": target}
    answer = client.post("/login", sent)
    assert answer.status_code == 302, soup(answer).select(".error, .callout")
    client.set_session()
    return answer.location


# Drafts


@pytest.mark.parametrize("form", ["new", "edit"])
def test_what_is_typed_is_kept_offered_and_put_into_the_form(cast, sign_in, note, form):
    editor = sign_in(cast.editor)
    base = "new" if form == "new" else str(note)
    address = "/admin/notes/new" if form == "new" else f"/admin/notes/{note}/edit"
    assert offered(editor.page(address)) is None
    sent = {"title": HOSTILE, "content": f"\nMoss {HOSTILE}\n", "is_pinned": ["0", "1"], "version": "1", "_key": "k"}
    answer = keep(editor, f"notes/{base}", **sent)
    assert (answer.status_code, answer.data) == (204, b"")
    page = editor.page(address)
    assert offered(page) == f"{address}?draft={0 if form == 'new' else 1}"
    assert page.select_one("#title")["value"] == ("" if form == "new" else "Fern")
    assert page.select_one("form#discard")["action"] == f"/admin/notes/{base}/draft"
    answer = editor.get(offered(page))
    assert "<script>alert" not in editor.get(address).text + answer.text
    page = soup(answer)
    assert typed_in(page) == (HOSTILE, f"\nMoss {HOSTILE}\n")
    assert page.select_one("#is_pinned").has_attr("checked")
    assert page.select_one("form[data-edit]").has_attr("data-unsaved")
    assert "It is not saved yet." in page.text
    assert (column("notes", note, "title"), rows_of("notes")) == ("Fern", 1)


def test_what_is_typed_later_takes_the_place_of_what_was_typed_before(cast, sign_in, note):
    editor = sign_in(cast.editor)
    for title in ("M", "Mo", "Moss"):
        keep(editor, f"notes/{note}", title=title, version="1")
    assert kept() == [(cast.editor.id, "notes", note, 1, {"title": ["Moss"]})]


def test_a_draft_keeps_relations_and_several_values(cast, sign_in):
    tags = [make("tags", name=name) for name in ("One", "Two")]
    post = make("posts", tag_ids=tags[:1])
    editor = sign_in(cast.editor)
    sent = {"title": "Moss", "tag_ids": ["", str(tags[1])], "status": "review", "version": "1"}
    keep(editor, f"posts/{post}", **sent)
    page = editor.page(f"/admin/posts/{post}/edit?draft=1")
    assert [box["value"] for box in page.select("input[name=tag_ids][checked]")] == [str(tags[1])]
    assert page.select_one("#status option[selected]")["value"] == "review"


def test_a_draft_has_the_version_it_was_typed_over_so_that_nothing_is_overwritten(cast, sign_in, note):
    editor = sign_in(cast.editor)
    keep(editor, f"notes/{note}", title="Moss", content="Water it.", version="1")
    with atomic():
        writes.update(cast.admin, registry.get("notes"), note, {"title": "Lichen"})
    assert version_of(editor.page(f"/admin/notes/{note}/edit")) == "2"
    page = editor.page(f"/admin/notes/{note}/edit?draft=1")
    assert (page.select_one("#title")["value"], version_of(page)) == ("Moss", "1")
    sent = {"title": "Moss", "content": "Water it.", "version": version_of(page)}
    answer = editor.post(f"/admin/notes/{note}/edit", sent)
    assert answer.status_code == 409
    assert "Lichen" in soup(answer).text
    assert column("notes", note, "title") == "Lichen"
    assert len(kept()) == 1


@pytest.mark.parametrize("form", ["new", "edit"])
def test_saving_drops_the_draft(cast, sign_in, note, form):
    editor = sign_in(cast.editor)
    base = "new" if form == "new" else str(note)
    address = "/admin/notes/new" if form == "new" else f"/admin/notes/{note}/edit"
    sent = {"title": "Moss", "content": "Leave it.", "version": "1"}
    keep(editor, f"notes/{base}", **sent)
    assert editor.post(address, sent | {"title": " "}).status_code == 400
    assert len(kept()) == 1
    assert editor.post(address, sent).status_code == 302
    assert kept() == []
    assert offered(editor.page(address)) is None
    assert editor.get(f"{address}?draft=1").status_code == 200


@pytest.mark.parametrize("form", ["new", "edit"])
def test_discarding_drops_the_draft_and_leads_back_to_the_form(cast, sign_in, note, form):
    editor = sign_in(cast.editor)
    base = "new" if form == "new" else str(note)
    address = "/admin/notes/new" if form == "new" else f"/admin/notes/{note}/edit"
    keep(editor, f"notes/{base}", title="Moss", version="1")
    answer = keep(editor, f"notes/{base}", _discard="1")
    assert (answer.status_code, answer.location) == (302, address)
    page = editor.page(address)
    assert "The draft was discarded." in page.text
    assert (offered(page), kept()) == (None, [])


def test_saving_one_form_leaves_the_drafts_of_others(cast, sign_in, note):
    other = make("notes")
    editor = sign_in(cast.editor)
    for base in ("new", note, other):
        keep(editor, f"notes/{base}", title="Moss", version="1")
    editor.post(f"/admin/notes/{note}/edit", {"title": "Moss", "content": "Leave it.", "version": "1"})
    assert [draft[2] for draft in kept()] == [0, other]


def test_a_draft_is_seen_by_nobody_else(cast, sign_in, note):
    editor, admin = sign_in(cast.editor), sign_in(cast.admin)
    for base in ("new", note):
        keep(editor, f"notes/{base}", title="Nobody else", version="1")
    for address in ("new", f"{note}/edit"):
        for more in ("", "?draft=1"):
            assert "Nobody else" not in admin.get(f"/admin/notes/{address}{more}").text
        assert offered(admin.page(f"/admin/notes/{address}")) is None
    keep(admin, f"notes/{note}", _discard="1")
    admin.post(f"/admin/notes/{note}/edit", {"title": "Moss", "content": "Leave it.", "version": "1"})
    assert len(kept()) == 2
    assert offered(editor.page(f"/admin/notes/{note}/edit"))


def test_whoever_could_not_save_a_form_keeps_no_draft_of_it(cast, sign_in, note):
    hidden = make("users")
    for name, address, status in [
        ("viewer", f"notes/{note}", 403), ("viewer", "notes/new", 403), ("owner", f"notes/{note}", 403),
        ("owner", "notes/new", 204), ("editor", f"users/{hidden}", 404), ("editor", "users/new", 404),
        ("stranger", "notes/new", 404), ("editor", "notes/999999", 404),
    ]:  # fmt: skip
        answer = keep(sign_in(cast.named(name)), address, title="Moss")
        assert answer.status_code == status, (name, address)
    assert [draft[:3] for draft in kept()] == [(cast.owner.id, "notes", 0)]


def test_a_draft_without_the_token_of_the_form_is_refused(cast, sign_in, note):
    editor = sign_in(cast.editor)
    assert editor.http.post(f"/admin/notes/{note}/draft", data={"title": "Moss"}).status_code == 400
    assert kept() == []


def test_a_password_is_in_no_draft(cast, sign_in):
    admin = sign_in(cast.admin)
    sent = {"name": "Ada", "username": "ada", "email": "ada@example.org", "password": SECRET, "version": "1",
            "nonsense": "x", "csrf_token": admin.token}  # fmt: skip
    for base in ("new", cast.editor.id):
        assert keep(admin, f"users/{base}", **sent).status_code == 204
    for draft in kept():
        assert set(draft[4]) == {"name", "username", "email"}
        assert SECRET not in str(draft)
    assert SECRET not in admin.get("/admin/users/new?draft=1").text


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 9, "9" * 20])
def test_any_version_is_answered(cast, sign_in, note, version):
    editor = sign_in(cast.editor)
    sent = {"title": "a\0b 𝔽", "version": version}
    assert keep(editor, f"notes/{note}", **sent).status_code == 204
    assert editor.get(f"/admin/notes/{note}/edit?draft=1").status_code == 200


def test_a_draft_of_a_row_in_the_trash_waits_for_it(cast, sign_in, note):
    editor = sign_in(cast.editor)
    keep(editor, f"notes/{note}", title="Moss", version="1")
    with atomic():
        trash.trash(cast.system, registry.get("notes"), note)
    assert editor.get(f"/admin/notes/{note}/edit?draft=1").status_code == 404
    with atomic():
        trash.restore(cast.system, registry.get("notes"), note)
    assert editor.page(f"/admin/notes/{note}/edit?draft=1").select_one("#title")["value"] == "Moss"


def test_drafts_that_nobody_came_back_to_are_forgotten(cast, sign_in, note):
    editor = sign_in(cast.editor)
    keep(editor, f"notes/{note}", title="Moss", version="1")
    with time_machine.travel(clock.now() + drafts.KEPT_FOR - timedelta(minutes=1)), atomic():
        drafts.forget_old()
    assert len(kept()) == 1
    with time_machine.travel(clock.now() + drafts.KEPT_FOR + timedelta(minutes=1)), atomic():
        drafts.forget_old()
    assert kept() == []


def test_two_tabs_with_a_new_row_are_two_drafts(cast, sign_in):
    editor = sign_in(cast.editor)
    numbers = [editor.page("/admin/notes/new").select_one("[name=_draft]")["value"] for _tab in range(2)]
    assert numbers[0] != numbers[1]
    for number, title in zip(numbers, ("Fern", "Moss <i>"), strict=True):
        keep(editor, "notes/new", title=title, _draft=number)
    page = editor.page("/admin/notes/new")
    links = page.select(".callout-info a")
    assert {link["href"] for link in links} == {f"/admin/notes/new?draft={number}" for number in numbers}
    assert all(title in page.main.text for title in ("Fern", "Moss <i>"))
    first = editor.page(f"/admin/notes/new?draft={numbers[0]}")
    assert first.select_one("#title")["value"] == "Fern"
    form = filled(first, "form[data-edit]") | {"content": "x"}
    assert form["_draft"] == [numbers[0]]
    assert editor.post("/admin/notes/new", form).status_code == 302
    assert [draft[4]["title"] for draft in kept()] == [["Moss <i>"]]
    button = editor.page("/admin/notes/new").select_one("button[form=discard]")
    keep(editor, "notes/new", _discard="1", _draft=button["value"])
    assert kept() == []


def test_a_draft_without_a_number_is_found_and_dropped_as_well(cast, sign_in):
    editor = sign_in(cast.editor)
    keep(editor, "notes/new", title="Moss")
    page = editor.page(offered(editor.page("/admin/notes/new")))
    form = filled(page, "form[data-edit]") | {"content": "x"}
    assert (form["title"], form["_draft"]) == (["Moss"], ["0"])
    assert editor.post("/admin/notes/new", form).status_code == 302
    assert kept() == []


def test_of_very_many_new_rows_the_last_drafts_are_kept(cast, sign_in, note):
    editor = sign_in(cast.editor)
    keep(editor, f"notes/{note}", title="Of a row", version="1")
    keep(editor, "posts/new", title="Of another section", _draft="2")
    for number in range(2, 2 + drafts.OFFERED_MOST + 5):
        keep(editor, "notes/new", title=f"New {number}", _draft=str(number))
    titles = {title for *_, typed in kept() for title in typed["title"]}
    assert titles - {f"New {number}" for number in range(7, 27)} == {"Of a row", "Of another section"}
    assert len(kept()) == 2 + drafts.OFFERED_MOST


def test_a_form_does_not_offer_its_own_draft(cast, sign_in):
    editor = sign_in(cast.editor)
    keep(editor, "posts/new", title="Moss", _draft="7")
    answer = editor.post("/admin/posts/new", {"title": "Moss", "_draft": "7", "_find": "category_id"})
    assert offered(soup(answer)) is None
    assert soup(answer).select_one("[name=_draft]")["value"] == "7"


@pytest.mark.parametrize("number", ["", "x", "-1", "0", "1", str(2**52), str(2**63), "9" * 400, "\0"])
def test_any_number_of_a_draft_is_answered(cast, sign_in, number):
    editor = sign_in(cast.editor)
    assert keep(editor, "notes/new", title="Moss", _draft=number).status_code == 204
    assert [draft[4]["title"] for draft in kept()] == [["Moss"]]
    assert editor.get("/admin/notes/new", query_string={"draft": number}).status_code == 200
    form = {"title": "Moss", "content": "x", "_draft": number}
    assert editor.post("/admin/notes/new", form).status_code == 302
    assert kept() == []


# Sessions that ended


@pytest.mark.parametrize("form", ["new", "edit"])
def test_a_form_whose_session_ended_for_being_idle_is_found_again_after_signing_in(cast, sign_in, note, form):
    editor = sign_in(cast.editor)
    address = "/admin/notes/new" if form == "new" else f"/admin/notes/{note}/edit"
    sent = {"title": "Moss", "content": "A long text.", "version": "1", "_key": "k", "_draft": "7"}
    with time_machine.travel(clock.now() + AWAY):
        answer = editor.post(address, sent)
        assert answer.status_code == 302
        draft = "7" if form == "new" else "1"
        assert answer.location == f"/login?next={address}?draft%3D{draft}"
        assert (column("notes", note, "title"), rows_of("notes")) == ("Fern", 1)
        login = editor.page(answer.location)
        target = login.select_one("input[name=next]")["value"]
        assert target == f"{address}?draft={draft}"
        assert log_in(editor, cast.editor, target) == target
        page = editor.page(target)
        assert typed_in(page) == ("Moss", "A long text.")
        assert version_of(page) == "1"
        assert editor.post(address, sent | {"version": version_of(page)}).status_code == 302
    assert (kept(), rows_of("notes")) == ([], 2 if form == "new" else 1)


def test_another_person_who_signs_in_then_finds_nothing_of_it(cast, sign_in, note):
    client = sign_in(cast.editor)
    admin = cast.admin
    with time_machine.travel(clock.now() + AWAY):
        client.post(f"/admin/notes/{note}/edit", {"title": "Nobody else", "content": "x", "version": "1"})
        target = log_in(client, admin, f"/admin/notes/{note}/edit?draft=1")
        answer = client.get(target)
        assert answer.status_code == 200
        assert "Nobody else" not in answer.text
        assert offered(soup(answer)) is None
    assert [draft[0] for draft in kept()] == [cast.editor.id]


def test_after_signing_out_nothing_is_kept(cast, sign_in, note):
    editor = sign_in(cast.editor)
    with editor.http.session_transaction() as session:
        secret = session["_user_id"]
    assert editor.post("/logout").status_code == 302
    copied = Client(editor.app)  # the cookie of before, as somebody may have copied it
    copied.set_session(_user_id=secret, _fresh=True)
    editor.set_session()
    for client in (editor, copied):
        answer = client.post(f"/admin/notes/{note}/edit", {"title": "Moss", "version": "1"})
        assert (answer.status_code, answer.location) == (302, f"/login?next=/admin/notes/{note}/edit")
    assert kept() == []


@pytest.mark.parametrize("how", ["forged", "ended by an administrator", "not active any more"])
def test_nothing_is_kept_for_a_session_that_is_none(cast, sign_in, note, how):
    editor = sign_in(cast.editor)
    if how == "forged":
        editor.set_session(_user_id="forged", _fresh=True)
    elif how == "not active any more":
        with atomic():
            db.session.execute(update(User).where(User.id == cast.editor.id).values(is_active=False))
    else:
        with atomic():
            db.session.execute(delete(LoginSession))
    with time_machine.travel(clock.now() + AWAY):
        answer = editor.post(f"/admin/notes/{note}/edit", {"title": "Moss", "version": "1"})
    assert answer.location == f"/login?next=/admin/notes/{note}/edit"
    assert kept() == []


def test_a_form_of_another_kind_is_not_kept(cast, sign_in, note):
    editor = sign_in(cast.editor)
    with time_machine.travel(clock.now() + AWAY):
        for address in (f"notes/{note}/delete", f"notes/{note}/pin", f"notes/{note}/draft", "notes/bulk"):
            answer = editor.post(f"/admin/{address}", {"title": "Moss"})
            assert (answer.status_code, answer.location) == (302, f"/login?next=/admin/{address}")
    assert kept() == []


def test_a_password_is_not_kept_when_the_session_ended(cast, sign_in):
    admin = sign_in(cast.admin)
    sent = {"name": "Ada", "username": "ada", "email": "ada@example.org", "password": SECRET}
    with time_machine.travel(clock.now() + AWAY):
        assert admin.post("/admin/users/new", sent).status_code == 302
    ((user, section, number, _version, typed),) = kept()
    assert (user, section, number) == (cast.admin.id, "users", 0)
    assert set(typed) == {"name", "username", "email"}


def test_a_form_that_one_could_not_save_is_not_kept_when_the_session_ended(cast, sign_in, note):
    viewer = sign_in(cast.viewer)
    with time_machine.travel(clock.now() + AWAY):
        for address in (f"notes/{note}/edit", "notes/new", "notes/999999/edit", "users/new"):
            viewer.post(f"/admin/{address}", {"title": "Moss", "name": "Moss"})
    assert kept() == []


# Sent twice


def test_a_form_that_is_sent_twice_makes_one_row(cast, sign_in):
    editor = sign_in(cast.editor)
    key = editor.page("/admin/notes/new?back=q%3Dmoss").select_one("input[name=_key]")["value"]
    assert key
    sent = {"title": "Moss", "content": "Once.", "_key": key, "back": "q=moss"}
    answers = [editor.post("/admin/notes/new", sent) for _ in range(2)]
    assert [(answer.status_code, answer.location) for answer in answers] == [(302, "/admin/notes/?q=moss")] * 2
    assert rows_of("notes") == 1
    assert "The note “Moss” was added." in editor.page("/admin/notes/").text


def test_two_forms_make_two_rows(cast, sign_in):
    editor = sign_in(cast.editor)
    keys = {editor.page("/admin/notes/new").select_one("input[name=_key]")["value"] for _ in range(2)}
    assert len(keys) == 2
    for key in keys:
        editor.post("/admin/notes/new", {"title": "Moss", "content": "Twice.", "_key": key})
    for _ in range(2):  # without a key each is a form of its own
        editor.post("/admin/notes/new", {"title": "Moss", "content": "Twice."})
    assert rows_of("notes") == 4


def test_the_same_key_of_two_people_is_two_forms(cast, sign_in):
    for name in ("editor", "admin"):
        answer = sign_in(cast.named(name)).post("/admin/notes/new", {"title": "Moss", "content": "x", "_key": "same"})
        assert answer.status_code == 302
    assert rows_of("notes") == 2


def test_a_form_that_was_refused_can_be_sent_again(cast, sign_in):
    editor = sign_in(cast.editor)
    sent = {"title": " ", "content": "Once.", "_key": "k"}
    assert editor.post("/admin/notes/new", sent).status_code == 400
    assert count(Submission) == 0
    assert editor.post("/admin/notes/new", sent | {"title": "Moss"}).status_code == 302
    assert rows_of("notes") == 1


def test_sending_again_after_the_row_went_to_the_trash_makes_no_second(cast, sign_in):
    editor = sign_in(cast.editor)
    sent = {"title": "Moss", "content": "Once.", "_key": "k"}
    editor.post("/admin/notes/new", sent)
    number = db.session.execute(select(registry.get("notes").table.c.id)).scalar()
    with atomic():
        trash.trash(cast.system, registry.get("notes"), number)
    for more in ({}, {"_next": "edit"}, {"_next": "new"}):
        assert editor.post("/admin/notes/new", sent | more).status_code < 500
    assert rows_of("notes") == 1


def test_sending_again_after_the_row_was_removed_for_good_is_no_crash(cast, sign_in):
    editor = sign_in(cast.editor)
    sent = {"title": "Moss", "content": "Once.", "_key": "k"}
    editor.post("/admin/categories/new", {"name": "Moss", "_key": "k"})
    with atomic():
        db.session.execute(delete(registry.get("categories").table))
    assert editor.post("/admin/categories/new", {"name": "Moss", "_key": "k"}).status_code < 500
    assert editor.post("/admin/notes/new", sent).status_code < 500


def test_the_same_key_in_another_section_is_another_form(cast, sign_in):
    editor = sign_in(cast.editor)
    assert editor.post("/admin/categories/new", {"name": "Moss", "_key": "k"}).status_code == 302
    assert editor.post("/admin/tags/new", {"name": "Moss", "_key": "k"}).status_code == 302
    assert (rows_of("categories"), rows_of("tags")) == (1, 1)


@pytest.mark.parametrize("key", ["a\0b", "k" * 500, "𝔽" * 60, "'; --"])
def test_any_key_is_answered(cast, sign_in, key):
    editor = sign_in(cast.editor)
    for _ in range(2):
        answer = editor.post("/admin/notes/new", {"title": "Moss", "content": "Once.", "_key": key})
        assert answer.status_code < 500
    assert rows_of("notes") <= 1


def test_a_form_that_is_sent_many_times_at_once_makes_one_row(base_app: Flask, cast, sign_in):
    clients = [sign_in(cast.editor) for _ in range(4)]
    barrier, answers, failures = threading.Barrier(4), [], []

    def work(client: Client) -> None:
        with base_app.app_context():
            try:
                barrier.wait(30)
                answer = client.post("/admin/notes/new", {"title": "Moss", "content": "Once.", "_key": "same"})
                answers.append((answer.status_code, answer.location))
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert answers == [(302, "/admin/notes/")] * 4
    assert rows_of("notes") == 1


def test_drafts_that_come_at_once_are_one_draft(base_app: Flask, cast, sign_in, note):
    clients = [sign_in(cast.editor) for _ in range(4)]
    barrier, answers, failures = threading.Barrier(4), [], []

    def work(client: Client, title: str) -> None:
        with base_app.app_context():
            try:
                barrier.wait(30)
                answer = keep(client, f"notes/{note}", title=title, version="1")
                answers.append(answer.status_code)
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=(client, f"Moss {place}")) for place, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert answers == [204] * 4
    assert len(kept()) == 1


def test_submissions_are_forgotten_after_a_while(cast, sign_in):
    editor = sign_in(cast.editor)
    editor.post("/admin/notes/new", {"title": "Moss", "content": "Once.", "_key": "k"})
    assert count(Submission) == 1
    with time_machine.travel(clock.now() + drafts.SUBMISSIONS_KEPT_FOR + timedelta(minutes=1)), atomic():
        drafts.forget_old()
    assert count(Submission) == 0


def test_whoever_has_two_windows_keeps_the_later_draft(cast, sign_in, note):
    person = make_user("twice", "editor")
    for client, title in ((sign_in(person), "First"), (sign_in(person), "Second")):
        keep(client, f"notes/{note}", title=title, version="1")
    assert [draft[4]["title"] for draft in kept()] == [["Second"]]
