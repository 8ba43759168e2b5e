"""The public pages show what is published and nothing else, and take what readers write."""

import re
import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from admin_site.accounts import permissions
from admin_site.accounts.actor import SYSTEM, VISITOR
from admin_site.core import clock, registry
from admin_site.core.checks import DeclarationError
from admin_site.core.database import db
from admin_site.core.transactions import atomic
from admin_site.history.models import ChangeSet, Entry
from admin_site.records import filters, pinning, reads, trash, writes
from admin_site.web import site
from admin_site.web.site import writing
from tests.client import Client, soup
from tests.factories import make

CANARY = "Ockham Canary"
SECTIONS = ("posts", "categories", "tags", "comments", "questions", "answers", "notes", "books", "students", "users")


def publish(**values):
    return make("posts", status="published", **values)


def slug_of(number):
    return reads.find(VISITOR, registry.get("posts"), number).slug


def change(section, number, **sent):
    with atomic():
        writes.update(SYSTEM, registry.get(section), number, sent)


def titles(page):
    return [link.text for link in page.select("article.teaser h2 a")]


def count(section):
    return db.session.execute(select(func.count()).select_from(registry.get(section).table)).scalar_one()


def comment(client, slug, **typed):
    return client.post(f"/posts/{slug}", {"content": "I agree.", "author_name": "Ada"} | typed)


# Reading


def test_every_page_stands_also_where_there_is_nothing(client):
    for path in ("/", "/posts/", "/posts/categories/", "/questions/", "/posts/?q=fern", "/posts/?page=7"):
        client.page(path)


@pytest.mark.parametrize("path", ["/posts/none", "/posts/?category=none", "/posts/?tag=9", "/questions/1",
                                  f"/questions/{2**64}", "/posts/%00", "/posts/x/y"])  # fmt: skip
def test_what_is_not_there_is_missing(client, path):
    client.page(path, status=404)


@pytest.mark.parametrize("status", ["draft", "review", "archived"])
def test_a_post_that_is_not_published_stands_nowhere(client, cast, status):
    shelf, tag = make("categories", name="Essays"), make("tags", name="sea")
    number = make("posts", title=CANARY, content=CANARY, status=status, category_id=shelf, tag_ids=[tag],
                  is_pinned=True)  # fmt: skip
    make("comments", post_id=number, content=CANARY, status="approved")
    slug = reads.find(cast.system, registry.get("posts"), number).slug
    for path in (
        "/",
        "/posts/",
        "/posts/?q=ockham",
        "/posts/categories/",
        "/posts/?category=essays",
        "/posts/?tag=sea",
    ):
        assert CANARY not in client.page(path).select_one("main").text, path
    for path in (f"/posts/{slug}", f"/posts/?category={CANARY}"):
        assert CANARY not in client.get(path).text.replace(f"category={CANARY}", "")
        assert client.get(path).status_code == 404


def test_a_published_post_is_listed_found_and_read(client, cast):
    shelf, tag = make("categories", name="Essays"), make("tags", name="sea")
    number = publish(title="The winter ferry", content="Twice *a week*.", category_id=shelf, tag_ids=[tag],
                     author_id=cast.owner.id)  # fmt: skip
    publish(title="Another")
    assert titles(client.page("/posts/")) == ["Another", "The winter ferry"]
    for path in ("/posts/?category=essays", f"/posts/?category={shelf}", "/posts/?tag=sea", "/posts/?q=winter fer"):
        assert titles(client.page(path)) == ["The winter ferry"], path
    page = client.page(f"/posts/{slug_of(number)}")
    assert page.select_one("h1").text == "The winter ferry"
    assert page.select_one(".prose em").text == "a week"
    assert [link["href"] for link in page.select(".byline a, .tags a")] == [
        f"/posts/?category={shelf}", f"/posts/?tag={tag}",
    ]  # fmt: skip
    assert "Owner" in page.select_one(".byline").text
    assert client.page("/posts/categories/").select_one(".shelves").text.split() == ["Essays", "1", "post"]


def test_a_post_that_was_trashed_or_taken_back_is_gone_at_once(client, cast):
    number = publish(title="The winter ferry")
    slug = slug_of(number)
    client.page(f"/posts/{slug}")
    change("posts", number, status="archived")
    client.page(f"/posts/{slug}", status=404)
    change("posts", number, status="published")
    with atomic():
        trash.trash(cast.system, registry.get("posts"), number)
    client.page(f"/posts/{slug}", status=404)
    assert titles(client.page("/posts/")) == []


def test_the_pinned_come_first_and_once(client, cast):
    numbers = [publish(title=f"Post {place}") for place in range(13)]
    change("posts", numbers[0], is_pinned=True)
    with atomic():
        pinning.pin_own(cast.owner, registry.get("posts"), numbers[5], on=True)
    first, second = titles(client.page("/posts/")), titles(client.page("/posts/?page=2"))
    assert first[:2] == ["Post 0", "Post 12"]
    assert sorted(first + second) == sorted(f"Post {place}" for place in range(13))


def test_a_public_page_that_does_not_exist_stops_the_start(app, monkeypatch):
    site.check(app)
    wrong = replace(registry.get("posts"), public_page=("posts_site.pots", "slug"))
    monkeypatch.setattr(registry, "all_sections", lambda: [wrong])
    with pytest.raises(DeclarationError, match="S029 posts.public_page: there is no endpoint 'posts_site.pots'"):
        site.check(app)


def test_what_is_looked_for_comes_before_what_is_pinned(client, cast):
    category = make("categories", name="Boats")
    publish(title="Pinned", is_pinned=True)
    publish(title="The ferry", category_id=category)
    publish(title="Pinned ferry", is_pinned=True)
    publish(title="Ferry ferry")
    assert {*titles(client.page("/posts/"))[:2]} == {"Pinned ferry", "Pinned"}
    assert sorted(titles(client.page("/posts/?q=ferry"))) == ["Ferry ferry", "Pinned ferry", "The ferry"]
    assert titles(client.page("/posts/?q=nothing")) == []
    assert titles(client.page("/posts/?category=boats")) == ["The ferry"]


def test_only_approved_comments_of_the_post_are_shown(client):
    here, there = publish(title="Here"), publish(title="There")
    for status in ("pending", "rejected", "spam"):
        make("comments", post_id=here, content=CANARY, status=status)
    make("comments", post_id=there, content=CANARY, status="approved")
    make("comments", post_id=here, content="I agree.", status="approved", author_email="ada@example.org")
    page = client.page(f"/posts/{slug_of(here)}")
    assert [text.text for text in page.select(".comment .long-text")] == ["I agree."]
    assert "ada@example.org" not in str(page)
    assert "1 comment" in page.select_one("#h-comments").text


def test_questions_and_answers(client, cast):
    asked = make("questions", content="When do you open?", status="published", asked_by="Ada")
    make("questions", content=CANARY, status="pending")
    hidden = make("questions", content=CANARY, status="hidden")
    make("answers", question_id=hidden, content=CANARY)
    make("answers", question_id=asked, content="At nine.")
    make("answers", question_id=asked, content="At ten, since May.", is_accepted=True, author_id=cast.owner.id)
    page = client.page("/questions/")
    assert [link.text for link in page.select(".questions a")] == ["When do you open?"]
    answers = client.page(f"/questions/{asked}").select(".comment")
    assert [one.select_one(".long-text").text for one in answers] == ["At ten, since May.", "At nine."]
    assert "Accepted" in answers[0].text
    client.page(f"/questions/{hidden}", status=404)


def test_what_staff_may_see_changes_nothing_here(cast, sign_in):
    make("posts", title=CANARY)
    assert CANARY not in sign_in(cast.admin).page("/posts/?q=ockham").select_one("main").text.replace("ockham", "")
    assert sign_in(cast.admin).get(f"/posts/{CANARY}").status_code == 404


@pytest.mark.parametrize(
    "q",
    ["status:draft", "author:me", "is:pinned", "created_by:1", "(", '"', "OR", "-fern", "a:b:c", "x" * 5000, "\ud800"],
)
def test_words_of_visitors_are_words_alone(client, q):
    publish(title="Fern")
    make("posts", title=CANARY)
    page = soup(client.get("/posts/", query_string={"q": q.encode("utf-8", "surrogatepass")}))
    assert titles(page) in ([], ["Fern"])


@pytest.mark.parametrize("name", SECTIONS)
def test_a_visitor_may_see_the_same_of_a_row_and_as_sql(app, cast, name):
    section = registry.get(name)
    for _time in range(3):
        make(name)
    for workflow in filter(None, [section.workflow]):
        for choice in section.field(workflow.field).choices:
            make(name, **{workflow.field: choice.value})
    if name == "comments":
        make(name, post_id=publish(), status="approved")
    if name == "answers":
        make(name, question_id=make("questions", status="published"))
    rows = db.session.execute(select(section.table)).all()
    seen = set(db.session.execute(select(section.table.columns.id).where(filters.visible(VISITOR, section))).scalars())
    assert {row.id for row in rows if permissions.allows(VISITOR, "read", section, row)} == seen
    assert bool(seen) is bool(section.public)
    assert set(section.public) <= {"read", "create"}


def test_a_visitor_may_do_nothing_else(app):
    for section in registry.all_sections():
        for action in (
            "update",
            "delete",
            "restore",
            "purge",
            "publish",
            "moderate",
            "pin",
            "bulk_edit",
            "import",
            "export",
        ):
            assert not permissions.allows(VISITOR, action, section)


def test_markdown_is_cleaned(client):
    hostile = (
        "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[a](javascript:alert(1)) "
        "[b](data:text/html,x) [c](https://example.org) ![p](https://example.org/p.png)\n\n# Big\n\n"
        "<style>*{}</style>\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n~~gone~~\n\n- one\n  - two"
    )
    prose = client.page(f"/posts/{slug_of(publish(title='Fern', content=hostile))}").select_one(".prose")
    assert not prose.select("script, img, style, h1, [onerror], [style]")
    assert [link.get("href") for link in prose.select("a")] == ["https://example.org", "https://example.org/p.png"]
    assert {link["rel"][0] for link in prose.select("a")} == {"noopener"}
    assert prose.select_one("h2").text == "Big"
    assert prose.select("table td")
    assert prose.select_one("s, del").text == "gone"


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("sign", ["[", "*a ", "> ", "- ", "`", "|", "a\n", "]("])
def test_hard_markdown_is_rendered_all_the_same(client, sign):
    client.page(f"/posts/{slug_of(publish(title='Fern', content='x' + sign * 20_000))}")


# Writing


def test_a_comment_waits_until_somebody_approved_it(client, cast):
    number = publish(title="Fern")
    slug = slug_of(number)
    answer = comment(client, slug, author_email="ada@example.org", status="approved", is_pinned="1", created_by="1")
    assert (answer.status_code, answer.location) == (303, f"/posts/{slug}#comments")
    row = db.session.execute(select(registry.get("comments").table)).one()
    assert (row.status, row.post_id, row.author_name, row.created_by) == ("pending", number, "Ada", None)
    assert "I agree." not in client.page(f"/posts/{slug}").select_one("#comments").text
    assert db.session.execute(select(ChangeSet.source).order_by(ChangeSet.id.desc()).limit(1)).scalar() == "site"
    change("comments", row.id, status="approved")
    assert "I agree." in client.page(f"/posts/{slug}").select_one("#comments").text


def test_a_question_waits_as_well(client):
    assert client.post("/questions/", {"content": "When?", "asked_by": "Ada", "status": "published"}).status_code == 303
    row = db.session.execute(select(registry.get("questions").table)).one()
    assert (row.status, row.asked_by) == ("pending", "Ada")
    assert "When?" not in client.page("/questions/").select_one("ul.questions").text


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"content": " "}, "content", "Content is required"),
        ({"author_name": ""}, "author_name", "Author name is required"),
        ({"author_email": "nobody"}, "author_email", "must be an address"),
        ({"content": "x" * (writing.LETTERS_MOST + 1)}, "content", "must have at most 5,000"),
        ({"author_name": "x" * 101}, "author_name", "must have at most 100"),
        ({"content": "a\0b"}, "content", "cannot be stored"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_place_and_kept(client, typed, field, said):
    slug = slug_of(publish(title="Fern"))
    answer = comment(client, slug, **typed)
    page = soup(answer)
    assert answer.status_code == 400
    assert said in page.select_one(f"#{field}-error").text
    kept = {"content": "I agree.", "author_name": "Ada"} | typed
    assert page.select_one("#author_name")["value"] == kept["author_name"]
    assert page.title.text.startswith("Error: ")
    assert count("comments") == 0


def test_a_program_that_fills_in_everything_writes_nothing(client):
    slug = slug_of(publish(title="Fern"))
    assert comment(client, slug, website="https://spam.example").status_code == 303
    assert client.post("/questions/", {"content": "Buy", "website": "x"}).status_code == 303
    assert (count("comments"), count("questions")) == (0, 0)


def test_without_its_own_form_nothing_is_taken(client):
    slug = slug_of(publish(title="Fern"))
    for path in (f"/posts/{slug}", "/questions/"):
        assert client.post(path, {"csrf_token": "x", "content": "I agree.", "author_name": "Ada"}).status_code == 400
    assert (count("comments"), count("questions")) == (0, 0)


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_nobody_comments_on_what_is_not_published(client, cast, status):
    slug = reads.find(cast.system, registry.get("posts"), make("posts", title="Fern", status=status)).slug
    assert comment(client, slug).status_code == 404
    assert count("comments") == 0


def test_who_sends_too_much_waits_and_loses_nothing(client):
    slug = slug_of(publish(title="Fern"))
    with clock.set_to(clock.now().replace(second=5)):
        answers = [comment(client, slug, content=f"Number {place}") for place in range(writing.SENT_MOST + 1)]
    assert [answer.status_code for answer in answers[:-1]] == [303] * writing.SENT_MOST
    assert answers[-1].status_code in (303, 429)  # a minute may have ended between two of them
    if answers[-1].status_code == 429:
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert f"Number {writing.SENT_MOST}" in soup(answers[-1]).select_one("#content").text
        assert count("comments") == writing.SENT_MOST


def test_a_comment_is_in_the_history_without_anybody(client, cast, sign_in):
    comment(client, slug_of(publish(title="Fern")))
    number = db.session.execute(select(registry.get("comments").table.columns.id)).scalar_one()
    entry = db.session.execute(select(Entry).where(Entry.section == "comments")).scalar_one()
    assert (entry.row_id, entry.actor_id, entry.action) == (number, None, "create")
    assert "public site" in sign_in(cast.editor).page(f"/admin/comments/{number}/history").select_one("main").text


def test_the_session_cookie_of_a_visitor_holds_nothing(client):
    slug = slug_of(publish(title="Fern"))
    client.page(f"/posts/{slug}")
    assert not re.search(r"_user_id", str(client.http.get_cookie("session")))


def test_comments_at_the_same_moment_are_all_kept(app, client):
    slug = slug_of(publish(title="Fern"))
    failed = []

    def send():
        with app.app_context():
            if comment(Client(app), slug).status_code != 303:
                failed.append(1)

    threads = [threading.Thread(target=send) for _number in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    db.session.rollback()  # what the others wrote is seen from here on
    assert count("comments") + len(failed) == 4
