"""Changing many rows through the pages, without JavaScript: ticks, fields, preview, run, receipt, undo."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select

from admin_site.accounts.actor import SYSTEM
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet, Entry
from admin_site.jobs import board, bulk, runner
from admin_site.jobs.models import Job, JobNote
from admin_site.records import selection, trash, writes
from admin_site.web.admin import frozen
from tests.cast import make_user
from tests.client import filled, soup
from tests.factories import make

HOSTILE = "<script>alert(1)</script>\"'"
LOST = "The selection is not known any more. Please select the rows again."
FORM = "main form.edit-form"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(runner, "PAUSE_SECONDS", 0)


@pytest.fixture
def many(monkeypatch):
    """More than three rows are too many to be done at once, and are done three at a time."""
    monkeypatch.setattr(board, "AT_ONCE_MOST", 3)
    monkeypatch.setattr(bulk, "CHUNK", 3)
    monkeypatch.setattr(bulk, "ALIKE_CHUNKS", 1)


def ticked(client, rows, deed="edit", section="posts", status=200, **more):
    answer = client.get(f"/admin/{section}/bulk", query_string={"ids": rows, "deed": deed} | more)
    assert answer.status_code == status
    return soup(answer)


def send(client, page, step, section="posts", selector=FORM, **typed):
    return client.post(f"/admin/{section}/bulk", filled(page, selector) | {"step": step} | typed)


def foresee(client, rows, section="posts", **typed):
    """The preview of an edit; ``title="Moss"`` sets, and ``op`` names other operations."""
    operations = {f"op.{name}": typed.pop("op", "set") for name in list(typed) if name != "op"}
    return soup(send(client, ticked(client, rows, section=section), "preview", section, **typed, **operations))


def do(client, page, section="posts", **typed):
    """The number of the job that a preview leads to."""
    answer = send(client, page, "run", section, **typed)
    assert answer.status_code == 303, soup(answer).select(".error, .callout")
    return int(answer.location.removeprefix("/admin/jobs/"))


def facts(page):
    """Will change or changed, already so, left out."""
    return [int(entry.dd.text.replace(",", "")) for entry in page.select("dl.facts > div")]


def job_of(number):
    db.session.rollback()
    return db.session.get(Job, number, populate_existing=True)


def column(name, rows, section="posts"):
    columns = registry.get(section).table.columns
    db.session.rollback()
    return list(db.session.execute(select(columns[name]).where(columns.id.in_(rows)).order_by(columns.id)).scalars())


def written():
    """Everything that a deed writes, in numbers."""
    db.session.rollback()
    versions = [func.sum(registry.get(name).table.columns.version) for name in ("posts", "notes", "tags")]
    counts = [select(func.count()).select_from(model) for model in (Entry, ChangeSet, Job, JobNote)]
    return [db.session.execute(query).scalar() for query in [*counts, *map(select, versions)]]


def to_trash(section, *rows):
    with atomic():
        for row in rows:
            trash.trash(SYSTEM, registry.get(section), row)


def update(section, number, **sent):
    with atomic():
        writes.update(SYSTEM, registry.get(section), number, sent)


# The list


@pytest.mark.parametrize(
    ("name", "may"), [("editor", True), ("admin", True), ("owner", False), ("viewer", False)], ids=str
)
def test_ticks_and_the_bar_are_for_those_who_may_work_in_bulk(cast, sign_in, name, may):
    number, gone = make("posts", author_id=cast.owner.id), make("posts")
    to_trash("posts", gone)
    client = sign_in(cast.named(name))
    page = client.page("/admin/posts/")
    for selector in (f"input[name=ids][form=bulk][value='{number}']", "[data-tick-all]", "form#bulk[method=get]"):
        assert bool(page.select_one(selector)) is may
    if may:
        assert [button["value"] for button in page.select("#bulk button[name=deed]")] == [
            "edit", "publish", "archive", "pin", "unpin", "delete",
        ]  # fmt: skip
        bar = client.page("/admin/posts/trash").select("#bulk button[name=deed]")
        purge = ["purge"] if name == "admin" else []
        assert [button["value"] for button in bar] == ["restore", *purge]


@pytest.mark.parametrize("name", ["owner", "viewer"])
def test_whoever_may_not_work_in_bulk_is_refused_at_each_step(cast, sign_in, name):
    number = make("posts", author_id=cast.owner.id, title="Fern")
    client, stranger = sign_in(cast.named(name)), sign_in(cast.stranger)
    before = written()
    assert client.get(f"/admin/posts/bulk?ids={number}&deed=edit").status_code == 403
    chosen = selection.of_rows(cast.named(name), registry.get("posts"), [number])
    for step in ("fields", "preview", "run"):
        sent = {"selection": frozen.token(cast.named(name), chosen), "deed": "delete", "step": step, "key": "k"}
        assert client.post("/admin/posts/bulk", sent).status_code == 403
    assert stranger.get(f"/admin/posts/bulk?ids={number}").status_code == 404
    assert written() == before


def test_the_list_leads_to_all_that_match_and_not_only_to_the_page(cast, sign_in):
    rows = [make("posts", title=f"River {place}") for place in range(7)]
    make("posts", title="Brook")
    editor = sign_in(cast.editor)
    page = editor.page("/admin/posts/?q=river&per_page=5&sort=title")
    link = page.select_one("#bulk a.all")
    assert "7" in link.text
    chosen = editor.page(link["href"])
    assert chosen.h1.text == "7 posts selected"
    page = soup(send(editor, chosen, "fields", selector="main form.stack", deed="publish"))
    assert facts(page) == [7, 0, 0]
    number = do(editor, page)
    assert (job_of(number).done, set(column("status", rows))) == (7, {"published"})
    assert db.session.execute(select(func.count()).where(registry.get("posts").table.c.status == "draft")).scalar() == 1


# Fields and preview


def test_the_fields_are_offered_with_what_can_happen_to_each(cast, sign_in):
    page = ticked(sign_in(cast.editor), [make("posts"), make("posts")])
    assert page.h1.text == "Change 2 posts"
    operations = {
        select["name"]: [option["value"] for option in select.select("option")]
        for select in page.select("select[name^='op.']")
    }
    assert operations["op.title"] == ["", "set"]
    assert operations["op.category_id"] == ["", "set", "clear"]
    assert operations["op.tag_ids"] == ["", "add", "remove", "set", "clear"]
    assert "op.slug" not in operations
    assert page.select_one(f"{FORM} input[name=selection]")["value"]


def test_the_preview_counts_what_the_run_then_does_and_writes_nothing(cast, sign_in):
    rows = [make("posts", status="draft") for _ in range(3)]
    rows += [make("posts", status="archived"), make("posts")]
    editor = sign_in(cast.editor)
    fields = ticked(editor, rows)
    to_trash("posts", rows[4])
    before = written()
    page = soup(send(editor, fields, "preview", status="archived", **{"op.status": "set"}))
    assert written() == before
    assert facts(page) == [3, 1, 1]
    assert "It was moved to the trash, or is hidden from you." in page.select_one(".reasons").text
    assert [sample.select_one("del").text for sample in page.select("tbody tr")] == ["Draft"] * 3
    assert [sample.select_one("ins").text for sample in page.select("tbody tr")] == ["Archived"] * 3
    assert page.select_one("button[value=run]").text == "Change 3 posts"
    job = job_of(do(editor, page))
    assert (job.done, job.same, job.skipped) == (3, 1, 1)
    receipt = editor.page(f"/admin/jobs/{job.id}")
    assert facts(receipt) == [3, 2, 0]
    assert column("status", rows) == ["archived"] * 4 + ["draft"]


def rows_behind(client, link):
    """The rows of the list that a link leads to, the pinned ones too."""
    page = client.page(link["href"])
    assert not page.select(".flash .callout-warn"), page.select(".flash")
    return sorted(int(title["href"].split("/")[3]) for title in page.select("tr > th.title > a"))


def test_each_group_of_a_preview_leads_to_its_rows(cast, sign_in):
    changing = [make("posts", status="draft", is_pinned=place == 0) for place in range(3)]
    same, locked = make("posts", status="review"), make("posts", status="published")
    gone = make("posts")
    editor = sign_in(cast.editor)
    fields = ticked(editor, [*changing, same, locked, gone])
    to_trash("posts", gone)
    page = soup(send(editor, fields, "preview", status="review", **{"op.status": "set"}))
    links = page.select("dl.facts a, .reasons a")
    found = [rows_behind(editor, link) for link in links]
    assert [set(rows) - {changing[0]} for rows in found] == [{*changing[1:], locked}, {same}]
    assert changing[0] in found[0]
    assert not any(gone in rows for rows in found)


@pytest.mark.parametrize("who", ["editor", "admin"])
def test_groups_of_a_long_list_are_lists_by_what_they_hold(cast, sign_in, monkeypatch, who):
    monkeypatch.setattr(bulk, "TRIED", 2)
    rows = [make("posts", title="River", status=status) for status in ("draft", "review", "draft", "archived")]
    make("posts", title="Other")
    client = sign_in(cast.named(who))
    fields = soup(client.get("/admin/posts/bulk", query_string={"all": 1, "back": "q=river", "deed": "edit"}))
    later = make("posts", title="River later")
    page = soup(send(client, fields, "preview", status="review", **{"op.status": "set"}))
    assert facts(page)[:2] == [3, 1]
    assert [rows_behind(client, link) for link in page.select("dl.facts a")] == [[rows[0], rows[2], rows[3]], [rows[1]]]
    assert later not in rows_behind(client, page.select_one("dl.facts a"))


GROUPS = {
    "text": ({"title": "Moss", "op.title": "set"}, [0, 2, 3], [1]),
    "clear": ({"op.category_id": "clear"}, [0, 3], [1, 2]),
    "add": ({"tag_ids": "TAG", "op.tag_ids": "add"}, [0, 1], [2, 3]),
    "remove": ({"tag_ids": "TAG", "op.tag_ids": "remove"}, [2, 3], [0, 1]),
    "two": ({"title": "Moss", "op.title": "set", "op.category_id": "clear"}, None, [1]),
}


@pytest.mark.parametrize("deed", GROUPS)
def test_groups_of_a_long_list_follow_from_any_field(cast, sign_in, monkeypatch, deed):
    monkeypatch.setattr(bulk, "TRIED", 1)
    tag, other, shelf = make("tags"), make("tags"), make("categories")
    rows = [
        make("posts", title="River", category_id=shelf, tag_ids=[other]), make("posts", title="Moss"),
        make("posts", title="River Moss", tag_ids=[tag]),
        make("posts", title="moss", category_id=shelf, tag_ids=[tag, other]),
    ]  # fmt: skip
    make("posts", title="Moss", status="archived", category_id=shelf)
    typed, changing, same = GROUPS[deed]
    typed = {name: str(tag) if value == "TAG" else value for name, value in typed.items()}
    client = sign_in(cast.editor)
    query = {"all": 1, "back": "status__ne=archived", "deed": "edit"}
    fields = soup(client.get("/admin/posts/bulk", query_string=query))
    page = soup(send(client, fields, "preview", **typed))
    found = [rows_behind(client, link) for link in page.select("dl.facts a")]
    assert found == [[rows[place] for place in places] for places in (changing, same) if places is not None]
    assert facts(page)[1] == len(same)


def test_tags_are_shown_as_what_comes_and_goes(cast, sign_in):
    old, kept, new = (make("tags", name=name) for name in ("Old", "Kept", "New"))
    row = make("posts", tag_ids=[old, kept])
    editor = sign_in(cast.editor)
    page = foresee(editor, [row], tag_ids=[str(new), str(kept)])
    cell = page.select_one("tbody tr .sets")
    assert [word.text for word in cell.select("ins")] == ["New"]
    assert [word.text for word in cell.select("del")] == ["Old"]
    page = foresee(editor, [row], tag_ids=[str(old)], op="remove")
    assert [word.name for word in page.select_one("tbody tr .sets").find_all()] == ["del"]
    do(editor, page)
    shown = editor.page(f"/admin/posts/{row}").text
    assert ("Old" in shown, "Kept" in shown) == (False, True)


def test_nothing_to_change_offers_nothing_to_run(cast, sign_in):
    row = make("posts", title="Fern")
    page = foresee(sign_in(cast.editor), [row], title="Fern")
    assert facts(page) == [0, 1, 0]
    assert "Nothing would change." in page.text
    assert page.select_one("button[value=run]") is None


def test_a_preview_says_that_the_list_moved_and_leaves_out_what_came_later(cast, sign_in):
    rows = [make("posts", title=f"River {place}") for place in range(3)]
    editor = sign_in(cast.editor)
    fields = soup(editor.get("/admin/posts/bulk", query_string={"all": 1, "back": "q=river", "deed": "edit"}))
    later = [make("posts", title="River later") for _ in range(2)]
    to_trash("posts", rows[0])
    page = soup(send(editor, fields, "preview", status="review", **{"op.status": "set"}))
    moved = page.select_one(".callout[role=status]").text
    assert "The list moved since you selected: +2 / −1." in " ".join(moved.split())
    do(editor, page)
    assert column("status", [*rows, *later]) == ["draft", "review", "review", "draft", "draft"]


def test_the_fields_can_be_changed_after_the_preview(cast, sign_in):
    row, category = make("posts", title="Fern"), make("categories", name="Green")
    editor = sign_in(cast.editor)
    page = foresee(editor, [row], title="Moss & <b>", category_id=str(category))
    again = soup(send(editor, page, "fields"))
    assert again.select_one("#title")["value"] == "Moss & <b>"
    assert again.select_one("#op-title option[selected]")["value"] == "set"
    assert again.select_one("input[name=category_id][checked]")["value"] == str(category)
    assert column("title", [row]) == ["Fern"]


# Run


def test_a_run_that_is_posted_twice_makes_one_job_and_history_has_the_reason(cast, sign_in):
    rows = [make("posts", title="Fern") for _ in range(2)]
    editor = sign_in(cast.editor)
    page = foresee(editor, rows, title="Moss")
    answers = [send(editor, page, "run", reason="Spring cleaning") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert column("title", rows) == ["Moss", "Moss"]
    assert column("version", rows) == [2, 2]
    assert db.session.execute(select(func.count()).select_from(Job)).scalar() == 1
    assert "Spring cleaning" in editor.page(answers[0].location).text
    history = editor.page(f"/admin/posts/{rows[0]}/history")
    assert "Spring cleaning" in history.select_one(".diff-note").text
    assert history.select_one(".event .src").text == "bulk edit"


def test_two_previews_make_two_jobs(cast, sign_in):
    row = make("posts", title="Fern")
    editor = sign_in(cast.editor)
    first = do(editor, foresee(editor, [row], title="Moss"))
    assert do(editor, foresee(editor, [row], title="Lichen")) != first
    assert column("title", [row]) == ["Lichen"]


@pytest.mark.parametrize("back", ["status=draft", "q=river status:draft", "status=draft&per_page=25&page=2&sort=title"])
def test_all_that_match_are_those_that_the_filters_let_through(cast, sign_in, back):
    rows = [make("posts", title=f"River {place}", status=("draft", "review")[place % 2]) for place in range(6)]
    editor = sign_in(cast.editor)
    answer = editor.get("/admin/posts/bulk", query_string={"all": 1, "back": back, "deed": "archive"})
    page = soup(answer)
    assert facts(page) == [3, 0, 0]
    do(editor, page)
    assert column("status", rows) == ["archived", "review"] * 3


@pytest.mark.parametrize("back", ["nonsense=1", "q=nosuch:1", "status=unheard", "created_at__gte=yesterdayish"])
def test_a_filter_that_cannot_be_used_takes_nothing_rather_than_everything(cast, sign_in, back):
    make("posts")
    answer = sign_in(cast.editor).get("/admin/posts/bulk", query_string={"all": 1, "back": back, "deed": "delete"})
    assert answer.status_code == 400
    assert soup(answer).select_one("main form[method=post]") is None


def test_what_is_wrong_is_said_at_its_field_and_everything_typed_stays(cast, sign_in):
    tag, category = make("tags", name="Green"), make("categories")
    rows = [make("posts", title="Fern") for _ in range(2)]
    editor = sign_in(cast.editor)
    fields = ticked(editor, rows)
    to_trash("categories", category)
    before = written()
    typed = {"op.title": "set", "title": "Moss & <b>", "op.tag_ids": "remove", "tag_ids": ["", str(tag)],
             "op.category_id": "set", "category_id": "9999", "content": "Not chosen."}  # fmt: skip
    for step in ("preview", "run"):
        answer = send(editor, fields, step, key="k", **typed)
        assert answer.status_code == 400
        page = soup(answer)
        assert page.title.text.startswith("Error:")
        assert "Category" in page.select_one("#field-category_id .error").text
        assert len(page.select(".field .error")) == 1
        assert page.select_one(".callout a[href='#field-category_id']")
        assert page.select_one("#title")["value"] == "Moss & <b>"
        assert page.select_one("#op-title option[selected]")["value"] == "set"
        assert page.select_one("#op-tag_ids option[selected]")["value"] == "remove"
        assert page.select_one("#op-category_id option[selected]")["value"] == "set"
        assert page.select_one("#op-status option[selected]") is None
        assert page.select_one(f"input[name=tag_ids][value='{tag}']").has_attr("checked")
        assert page.select_one("#content").text.removeprefix("\n") == "Not chosen."
        assert page.select_one("input[name=selection]")["value"] == fields.select_one("input[name=selection]")["value"]
    assert written() == before


@pytest.mark.parametrize(
    ("field", "operation", "value", "said"),
    [
        ("title", "set", "", "Title needs a value"),
        ("title", "clear", "", "Title is required"),
        ("title", "set", "x" * 151, "at most 150 characters"),
        ("status", "set", "unheard", "Status"),
        ("category_id", "add", "1", "cannot be changed like that"),
        ("tag_ids", "add", "", "Choose some tags first"),
        ("author_id", "set", "x", "Author"),
    ],
)
def test_each_wrong_edit_is_a_sentence_at_its_field(cast, sign_in, field, operation, value, said):
    editor = sign_in(cast.editor)
    answer = send(editor, ticked(editor, [make("posts")]), "preview", **{f"op.{field}": operation, field: value})
    assert answer.status_code == 400
    assert said in soup(answer).select_one(f"#field-{field} .error").text


def test_without_a_chosen_field_there_is_no_preview(cast, sign_in):
    editor = sign_in(cast.editor)
    answer = send(editor, ticked(editor, [make("posts")]), "preview", title="Typed, not chosen")
    assert answer.status_code == 400
    page = soup(answer)
    assert page.select_one("[role=alert]").text.strip() == "Choose at least one field to change."
    assert page.select_one("#title")["value"] == "Typed, not chosen"


# Selections that are not ours


@pytest.mark.parametrize("kind", ["forged", "another person's", "another section's", "of another key"])
@pytest.mark.parametrize("step", ["fields", "preview", "run"])
def test_a_selection_that_is_not_ours_changes_nothing(app, cast, sign_in, kind, step):
    row, note = make("posts", title="Fern"), make("notes", title="Fern")
    editor, admin = sign_in(cast.editor), sign_in(cast.admin)
    own = filled(ticked(editor, [row]), FORM)["selection"][0]
    token = {
        "forged": f"{own[:-4]}{'A' if own[-4] != 'A' else 'B'}{own[-3:]}",
        "another person's": filled(ticked(admin, [row]), FORM)["selection"][0],
        "another section's": filled(ticked(editor, [note], section="notes"), FORM)["selection"][0],
        "of another key": frozen.URLSafeSerializer("another", salt="selection").dumps([cast.editor.id, {}]),
    }[kind]
    before = written()
    for deed in ("edit", "delete"):
        sent = {"selection": token, "deed": deed, "step": step, "op.title": "set", "title": "Moss", "key": "k"}
        answer = editor.post("/admin/posts/bulk", sent)
        assert answer.status_code == 400
        assert soup(answer).h1.text == LOST
    assert written() == before


def test_nothing_ticked_is_a_kind_page_that_leads_back_to_the_list_as_it_was(cast, sign_in):
    make("posts")
    editor = sign_in(cast.editor)
    for more in ({}, {"ids": ["0", "-1", "x", "999999"]}, {"ids": str(2**70)}):
        query = {"deed": "delete", "back": "status=draft"} | more
        answer = editor.get("/admin/posts/bulk", query_string=query)
        assert answer.status_code == 400
        page = soup(answer)
        assert page.h1.text == "Tick the rows first."
        assert page.select_one("main a.btn-primary")["href"] == "/admin/posts/?status=draft"


def test_more_rows_than_can_be_named_are_refused_and_not_cut_off(cast, sign_in):
    make("posts")
    rows = [number for (number,) in db.session.execute(select(registry.get("posts").table.c.id))]
    query = {"deed": "delete", "ids": [*range(10**6, 10**6 + 1000), *rows]}
    answer = sign_in(cast.editor).get("/admin/posts/bulk", query_string=query)
    assert (answer.status_code, soup(answer).h1.text[:13]) == (400, "At most 1,000")


# Deeds


@pytest.mark.parametrize(
    ("deed", "name", "before", "after"),
    [
        ("publish", "status", "draft", "published"),
        ("archive", "status", "draft", "archived"),
        ("pin", "is_pinned", False, True),
        ("unpin", "is_pinned", True, False),
    ],
)
def test_a_deed_goes_from_the_ticks_to_the_receipt(cast, sign_in, deed, name, before, after):
    rows = [make("posts", **{name: before}) for _ in range(2)]
    left = make("posts", **{name: before})
    editor = sign_in(cast.editor)
    page = ticked(editor, rows, deed)
    assert facts(page) == [2, 0, 0]
    number = do(editor, page)
    receipt = editor.page(f"/admin/jobs/{number}")
    assert facts(receipt)[0] == 2
    if name == "status":
        assert column("status", [*rows, left]) == [after, after, before]
    else:
        shown = editor.page("/admin/posts/").select_one("tbody.is-pinned")
        found = {int(box["value"]) for box in shown.select("input[name=ids]")} if shown else set()
        assert found == ({*rows} if after else {left})


def test_rows_go_to_the_trash_and_come_back(cast, sign_in):
    rows = [make("posts", title=f"Fern {place}") for place in range(3)]
    editor = sign_in(cast.editor)
    page = ticked(editor, rows[:2], "delete")
    assert "Move 2 posts to the trash" in page.select_one("button.btn-danger").text
    assert column("live", rows) == [1, 1, 1]
    do(editor, page)
    assert column("live", rows) == [None, None, 1]
    page = ticked(editor, rows, "restore", trashed="1")
    assert page.h1.text == "Restore 2 posts"
    assert page.select_one(".savebar a")["href"] == "/admin/posts/trash"
    do(editor, page)
    assert column("live", rows) == [1, 1, 1]


def test_rows_in_the_trash_can_only_be_restored(cast, sign_in):
    row = make("posts", title="Fern")
    to_trash("posts", row)
    editor = sign_in(cast.editor)
    for deed in ("edit", "delete", "publish"):
        page = ticked(editor, [row], deed, trashed="1")
        assert [button["value"] for button in page.select("main button[name=deed]")] == ["restore"]
    ticked(editor, [row], "restore", status=400)


def test_a_deed_that_is_none_offers_those_that_are(cast, sign_in):
    page = ticked(sign_in(cast.editor), [make("categories")], "publish", section="categories")
    assert [button["value"] for button in page.select("main button[name=deed]")] == ["edit", "delete"]


def test_all_in_the_trash_that_match_come_back(cast, sign_in):
    rows = [make("posts", title=title) for title in ("Fern one", "Fern two", "Moss")]
    to_trash("posts", *rows)
    editor = sign_in(cast.editor)
    query = {"all": 1, "deed": "restore", "trashed": 1, "back": "q=fern"}
    do(editor, soup(editor.get("/admin/posts/bulk", query_string=query)))
    assert column("live", rows) == [1, 1, None]


# Hostile words


def test_hostile_words_stay_words_on_every_page_of_a_deed(cast, sign_in):
    tag = make("tags", name=f"{HOSTILE}tag")
    rows = [make("posts", title=f"{HOSTILE}{place}") for place in range(2)]
    editor, admin = sign_in(cast.editor), sign_in(cast.admin)
    fields = ticked(editor, rows)
    to_trash("posts", rows[1])
    typed = {"op.title": "set", "title": f"{HOSTILE}new", "op.tag_ids": "add", "tag_ids": str(tag)}
    shown = send(editor, fields, "preview", **typed)
    assert soup(shown).select_one("tbody tr th").text == f"{HOSTILE}0"
    assert f"{HOSTILE}new" in soup(shown).select_one("tbody ins").text
    number = do(editor, soup(shown), reason=f"{HOSTILE}why")
    job = job_of(number)
    assert (job.done, job.skipped) == (1, 1)
    answers = [shown]
    for address in (
        f"/admin/jobs/{number}", "/admin/jobs/", "/admin/activity/", f"/admin/activity/{job.change_set_id}",
        f"/admin/posts/{rows[0]}/history", f"/admin/posts/bulk?ids={rows[0]}&deed=edit",
        "/admin/activity/?q=%3Cscript%3Ealert(1)%3C/script%3E&since=%22%3Cscript%3Ealert(1)",
    ):  # fmt: skip
        answers.append(admin.get(address))
        assert "<script>alert" not in answers[-1].text, address
        assert "&lt;script&gt;" in answers[-1].text or address == "/admin/jobs/", address
    assert f"{HOSTILE}why" in soup(answers[1]).text
    assert f"{HOSTILE}1" in soup(answers[1]).select_one("tbody th").text


def test_reasons_as_a_file_are_rows_of_text_that_no_spreadsheet_calculates(cast, sign_in):
    rows = [make("posts", title="=1+1") for _ in range(2)]
    editor = sign_in(cast.editor)
    page = ticked(editor, rows, "publish")
    to_trash("posts", rows[0])
    number = do(editor, soup(send(editor, page, "preview")))
    with atomic():
        note = {"job_id": number, "outcome": "skipped", "section": "posts", "row_id": 7, "reason": '=HYPERLINK("x")'}
        db.session.execute(insert(JobNote).values(note))
    with ThreadPoolExecutor(1) as pool:  # as a server asks: without the context of the test around it
        answer = pool.submit(editor.http.get, f"/admin/jobs/{number}/notes.csv", buffered=True).result()
    assert answer.mimetype == "text/csv"
    assert f"job-{number}.csv" in answer.headers["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert lines == [
        ["id", "line", "outcome", "reason"],
        [str(rows[0]), "", "skipped", "It was moved to the trash, or is hidden from you."],
        ["7", "", "skipped", '\'=HYPERLINK("x")'],
    ]


# Long jobs


def test_many_rows_wait_for_a_worker_that_does_them(cast, sign_in, many):
    rows = [make("posts") for _ in range(5)]
    editor = sign_in(cast.editor)
    page = ticked(editor, rows, "publish")
    assert "It runs in the background" in page.text
    number = do(editor, page)
    assert column("status", rows) == ["draft"] * 5
    receipt = editor.page(f"/admin/jobs/{number}")
    assert receipt.select_one("[data-job]")["data-job"] == f"/admin/jobs/{number}/progress"
    assert receipt.select_one("[data-said]").text == "Waiting for a worker."
    assert receipt.select_one(f"form[action='/admin/jobs/{number}/stop']")
    assert receipt.select_one("form[action*=undo]") is None
    said = editor.get(f"/admin/jobs/{number}/progress").json
    assert (said["state"], said["total"], said["passed"], said["is_open"]) == ("queued", 5, 0, True)
    runner.run(number, is_stopping=lambda: True)  # one chunk
    said = editor.get(f"/admin/jobs/{number}/progress").json
    assert (said["state"], said["done"], said["passed"], said["is_open"]) == ("running", 3, 3, True)
    assert said["said"].startswith("3 of 5, about ")
    runner.run(number)
    said = editor.get(f"/admin/jobs/{number}/progress").json
    assert (said["state"], said["done"], said["said"], said["is_open"]) == ("done", 5, "5 of 5.", False)
    assert column("status", rows) == ["published"] * 5
    receipt = editor.page(f"/admin/jobs/{number}")
    assert receipt.select_one("[data-job]") is None
    assert receipt.select_one("form[action*=undo]")


def test_few_rows_are_done_before_the_page_answers(cast, sign_in, many):
    rows = [make("posts") for _ in range(3)]
    editor = sign_in(cast.editor)
    page = ticked(editor, rows, "publish")
    assert "It runs in the background" not in page.text
    do(editor, page)
    assert column("status", rows) == ["published"] * 3


def test_a_job_is_stopped_before_it_begins(cast, sign_in, many):
    rows = [make("posts") for _ in range(5)]
    editor = sign_in(cast.editor)
    number = do(editor, ticked(editor, rows, "publish"))
    answer = editor.post(f"/admin/jobs/{number}/stop")
    assert (answer.status_code, answer.location) == (303, f"/admin/jobs/{number}")
    page = editor.page(answer.location)
    assert "Stopped before it began." in page.text
    assert page.select_one("form[action*=stop], form[action*=undo]") is None
    assert editor.post(f"/admin/jobs/{number}/stop").status_code == 409
    runner.run(number)
    assert column("status", rows) == ["draft"] * 5


def test_a_job_is_stopped_halfway_and_its_half_can_be_undone(cast, sign_in, many):
    rows = [make("posts") for _ in range(5)]
    editor = sign_in(cast.editor)
    number = do(editor, ticked(editor, rows, "publish"))
    runner.run(number, is_stopping=lambda: True)
    assert editor.get(f"/admin/jobs/{number}/stop").status_code == 405
    assert editor.post(f"/admin/jobs/{number}/stop").status_code == 303
    runner.run(number)
    assert column("status", rows) == ["published"] * 3 + ["draft"] * 2
    page = editor.page(f"/admin/jobs/{number}")
    assert "What was done stays; it can be undone." in page.text
    answer = editor.post(page.select_one("form[action*=undo]")["action"])
    assert answer.status_code == 303
    assert column("status", rows) == ["draft"] * 5


# Undo


def undo_form(page):
    form = page.select_one("main form[action*=undo]")
    return form["action"], {control["name"]: control["value"] for control in form.select("input[name]")}


def test_a_receipt_takes_its_deed_back_once(cast, sign_in):
    rows = [make("posts", title=f"Fern {place}") for place in range(2)]
    editor = sign_in(cast.editor)
    number = do(editor, foresee(editor, rows, title="Moss"))
    action, typed = undo_form(editor.page(f"/admin/jobs/{number}"))
    assert action == f"/admin/jobs/undo/{job_of(number).change_set_id}"
    answer = editor.post(action, typed)
    assert answer.status_code == 303
    assert column("title", rows) == ["Fern 0", "Fern 1"]
    undone = editor.page(answer.location)
    assert facts(undone) == [2, 0, 0]
    receipt = editor.page(f"/admin/jobs/{number}")
    assert receipt.select_one("form[action*=undo]") is None
    assert receipt.select_one("aside a")["href"] == answer.location
    assert editor.post(action, {"key": "another"}).status_code == 409
    assert column("version", rows) == [3, 3]


def test_what_was_changed_since_is_left_and_listed_with_both_values(cast, sign_in):
    rows = [make("posts", title="Fern") for _ in range(2)]
    editor = sign_in(cast.editor)
    number = do(editor, foresee(editor, rows, title="Moss"))
    update("posts", rows[1], title="Lichen")
    answer = editor.post(*undo_form(editor.page(f"/admin/jobs/{number}")))
    page = editor.page(answer.location)
    assert facts(page)[0] == 1
    (line,) = page.select("tbody tr")
    assert (line.th.text, line.select_one("del").text, line.select_one("ins").text) == ("Lichen", "Moss", "Lichen")
    assert "Title was changed since." in line.text
    assert column("title", rows) == ["Fern", "Lichen"]


def test_an_undo_that_is_sent_twice_is_one_job(cast, sign_in):
    row = make("posts", title="Fern")
    editor = sign_in(cast.editor)
    number = do(editor, foresee(editor, [row], title="Moss"))
    form = undo_form(editor.page(f"/admin/jobs/{number}"))
    assert editor.post(*form).location == editor.post(*form).location != ""


def test_an_undo_can_itself_be_undone(cast, sign_in):
    row = make("posts", title="Fern")
    editor = sign_in(cast.editor)
    number = do(editor, foresee(editor, [row], title="Moss"))
    answer = editor.post(*undo_form(editor.page(f"/admin/jobs/{number}")))
    editor.post(*undo_form(editor.page(answer.location)))
    assert column("title", [row]) == ["Moss"]
    assert editor.page(f"/admin/jobs/{number}").select_one("form[action*=undo]")


# The trash


def test_groups_of_rows_in_the_trash_lead_to_the_trash(cast, sign_in):
    rows = [make("categories", name=name) for name in ("News", "Sport")]
    with atomic():
        for number in rows:
            trash.trash(cast.editor, registry.get("categories"), number)
    make("categories", name="news", slug="another")
    page = ticked(sign_in(cast.editor), rows, "restore", section="categories", trashed="1")
    links = [link["href"] for link in page.main.select("a[href*='id__in']")]
    assert len(links) == 2
    assert all(link.startswith("/admin/categories/trash?") for link in links)
    shown = [sign_in(cast.editor).page(link).select_one("tbody").text for link in links]
    assert ["Sport" in text for text in shown] == [True, False]
    assert ["News" in text for text in shown] == [False, True]


# Whose jobs


def test_jobs_of_others_are_for_those_with_the_right(cast, sign_in):
    row = make("posts", title="Fern")
    editor, admin = sign_in(cast.editor), sign_in(cast.admin)
    other = sign_in(make_user("deputy", "editor"))
    number = do(editor, foresee(editor, [row], title="Moss"))
    for address in ("", "/progress", "/notes.csv"):
        assert other.get(f"/admin/jobs/{number}{address}").status_code == 404
        assert editor.get(f"/admin/jobs/{number}{address}").status_code == 200
        assert admin.get(f"/admin/jobs/{number}{address}").status_code == 200
    assert other.post(f"/admin/jobs/{number}/stop").status_code == 404
    listed = [client.page("/admin/jobs/").select("tbody th a") for client in (editor, admin, other)]
    assert [[link.text for link in links] for links in listed] == [["Change: 1 post"], ["Change: 1 post"], []]


def test_a_job_of_another_is_not_stopped(cast, sign_in, many):
    rows = [make("posts") for _ in range(5)]
    editor, other = sign_in(cast.editor), sign_in(make_user("deputy", "editor"))
    number = do(editor, ticked(editor, rows, "publish"))
    assert other.post(f"/admin/jobs/{number}/stop").status_code == 404
    assert job_of(number).state == "queued"
    assert sign_in(cast.admin).post(f"/admin/jobs/{number}/stop").status_code == 303
    assert job_of(number).state == "stopped"


@pytest.mark.parametrize("name", ["viewer", "owner", "stranger"])
def test_whoever_can_begin_no_job_finds_no_jobs(cast, sign_in, name):
    client = sign_in(cast.named(name))
    assert client.get("/admin/jobs/").status_code == 404
    assert client.get("/admin/jobs/1").status_code == 404
    if name != "stranger":
        assert not client.page("/admin/").select("nav a[href='/admin/jobs/']")


def test_an_author_who_undid_a_change_of_their_own_finds_that_job(cast, sign_in):
    row = make("notes", cast.owner, title="Fern")
    with atomic():
        writes.update(cast.owner, registry.get("notes"), row, {"title": "Moss"})
    author = sign_in(cast.owner)
    change_set = db.session.execute(select(func.max(ChangeSet.id))).scalar()
    answer = author.post(*undo_form(author.page(f"/admin/activity/{change_set}")))
    assert answer.status_code == 303
    assert column("title", [row], "notes") == ["Fern"]
    assert f"Undo of change {change_set}" in author.page(answer.location).h1.text
    assert len(author.page("/admin/jobs/").select("tbody tr")) == 1


# What nobody types


@pytest.mark.parametrize("number", ["0", "9999", str(2**63), str(2**70)])
def test_a_job_that_is_none_is_not_found(cast, sign_in, number):
    admin = sign_in(cast.admin)
    assert admin.get(f"/admin/jobs/{number}").status_code == 404
    assert admin.post(f"/admin/jobs/{number}/stop").status_code == 404
    assert admin.post(f"/admin/jobs/undo/{number}").status_code == 404


@pytest.mark.parametrize("before", ["x", "-1", "0", str(2**63), str(2**70), "9" * 5000], ids=lambda raw: raw[:22])
def test_any_place_in_the_list_of_jobs_is_answered(cast, sign_in, before):
    assert sign_in(cast.admin).get("/admin/jobs/", query_string={"before": before}).status_code == 200


@pytest.mark.parametrize("name", ["reason", "key", "back", "op.title"])
def test_a_character_that_cannot_be_stored_is_no_crash(cast, sign_in, name):
    row = make("posts", title="Fern")
    editor = sign_in(cast.editor)
    page = foresee(editor, [row], title="Moss")
    assert send(editor, page, "run", **{name: "a\0b"}).status_code < 500


def test_a_reason_longer_than_its_place_is_no_crash(cast, sign_in):
    editor = sign_in(cast.editor)
    page = foresee(editor, [make("posts", title="Fern")], title="Moss")
    number = do(editor, page, reason="𝔽" * 500, key="k" * 500)
    assert job_of(number).reason == "𝔽" * 200


def test_a_bulk_edit_of_users_leaves_an_administrator(cast, sign_in):
    admin = sign_in(cast.admin)
    page = ticked(admin, [cast.admin.id], "delete", section="users")
    assert facts(page) == [0, 0, 1]
    assert "last active administrator" in page.select_one(".reasons").text
