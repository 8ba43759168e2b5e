"""Search over all sections, and what nobody may learn from a list."""

import re

import pytest
from sqlalchemy import update
from werkzeug.datastructures import MultiDict

from admin_site import sections
from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.core.transactions import atomic
from admin_site.records import finding, paging, reads, trash, views
from admin_site.records.list_query import ListQuery
from tests.cast import make_user
from tests.client import soup
from tests.factories import make

sections.register_all()


def found(client, q):
    return client.get("/admin/search.json", query_string={"q": q}).json


def shelf(answer, label):
    return [hit for part in answer["shelves"] if part["label"] == label for hit in part["hits"]]


def test_the_page_and_the_palette_find_the_same(cast, sign_in):
    note, post = make("notes", title="Heron by the river"), make("posts", title="Another", content="A heron, again.")
    make("books", title="Unrelated")
    viewer = sign_in(cast.viewer)
    answer = found(viewer, "heron")
    assert answer["count"] == "2"
    assert shelf(answer, "Notes")[0]["url"] == f"/admin/notes/{note}"
    assert shelf(answer, "Notes")[0]["title"] == "<mark>Heron</mark> by the river"
    assert shelf(answer, "Posts")[0]["url"] == f"/admin/posts/{post}"
    assert "<mark>heron</mark>" in shelf(answer, "Posts")[0]["why"]
    page = viewer.page("/admin/search?q=heron")
    assert {a["href"] for a in page.select("main .lines a")} >= {f"/admin/notes/{note}", f"/admin/posts/{post}"}
    assert page.select_one("h1 .count").text == "2"
    assert found(viewer, "in:notes heron")["count"] == "1"
    assert found(viewer, "status:draft heron")["count"] == "1"
    assert found(viewer, "herron")["corrected"] == "heron"
    assert "Nothing matches" in viewer.page("/admin/search?q=xyzzyx").text
    assert "“(”" in viewer.page("/admin/search?q=(heron").text


def test_of_words_that_are_as_near_the_usual_one_is_meant(cast, sign_in):
    usual, rare = "harbout", "harbour"
    for place in range(3):
        make("notes", title=f"{usual} {place}")
    make("posts", title=f"A {rare} and {rare} and {rare} and {rare}", content=f"{rare}-like {rare}master")
    make("posts", title="Harbourmaster and harbouring")
    viewer = sign_in(cast.viewer)
    assert found(viewer, "harboux")["corrected"] == usual
    assert found(viewer, "in:posts harboux")["corrected"] in ("", f"in:posts {rare}")
    assert f"q={rare}" in str(viewer.page("/admin/posts/?q=harboux"))
    for place in range(3):
        make("books", title=f"{rare} {place}")
    assert found(viewer, "harboux")["corrected"] == rare


@pytest.mark.parametrize(
    "q", ["(heron", "((heron", "-river (heron OR (status:draft", 'heron ("again', 'heron ("again\\']
)
def test_the_palette_answers_before_a_parenthesis_is_closed(cast, sign_in, q):
    make("posts", title="Another", content="A heron, again.")
    viewer = sign_in(cast.viewer)
    answer = found(viewer, q)
    assert (answer["count"], answer["problems"]) == ("1", [])
    assert "without its “)”" in viewer.page(f"/admin/search?q={q}").text
    assert found(viewer, "heron)")["problems"]


def test_what_is_offered_to_be_made_is_what_was_typed(cast, sign_in):
    said = str(found(sign_in(cast.owner), "Meeting (draft")["shelves"])
    assert "New note “Meeting (draft”" in said
    assert "title=Meeting+(draft'" in said or "title=Meeting+%28draft'" in said


def test_more_than_are_shown_are_counted_and_linked(cast, sign_in):
    for place in range(7):
        make("notes", title=f"Heron {place}")
    answer = found(sign_in(cast.viewer), "heron")
    (part,) = [part for part in answer["shelves"] if part["label"] == "Notes"]
    assert (answer["count"], len(part["hits"]), part["more"]) == ("7", 5, "See all 7 in Notes")
    assert "7" in sign_in(cast.viewer).page(part["url"]).select_one(".pager").text


def test_marks_are_the_only_markup(cast, sign_in):
    make("notes", title="<img src=x onerror=alert(1)> heron", content="<script>heron</script> & more")
    for q in ("heron", "script", "img", '"<b>" heron', "<script>"):
        answer, page = found(sign_in(cast.viewer), q), sign_in(cast.viewer).page(f"/admin/search?q={q}")
        text = " ".join(hit["title"] + hit["why"] + hit["end"] for part in answer["shelves"] for hit in part["hits"])
        assert set(re.findall(r"</?\w+", text)) <= {"<mark", "</mark"}, q
        assert not page.select("main img, main script, main b")
    assert "&lt;img" in shelf(found(sign_in(cast.viewer), "heron"), "Notes")[0]["title"]


def test_nothing_of_users_for_who_may_not_read_them(cast, sign_in):
    make_user("heronsmith", "viewer", city="Oslo")
    make("notes", title="A smithy", content="Hammer and nails.")
    admin, viewer, stranger = sign_in(cast.admin), sign_in(cast.viewer), sign_in(cast.stranger)
    assert shelf(found(admin, "heronsmith"), "Users")
    for q in (
        "heronsmith",
        "Heron",
        "@heron",
        "heronsmth",
        "city:Oslo",
        "email:heronsmith@example.org",
        "in:users heron",
        "is:active",
        "has:email",
    ):
        answer = found(viewer, q)
        assert shelf(answer, "Users") == [], q
        assert "heronsmith" not in str(answer).replace(f"title={q}", "").replace(f"“{q}”", "") or q in ("heronsmith",)
        assert answer["count"] == "0", (q, answer)
        assert answer["corrected"] == ""
        assert found(stranger, q)["count"] == "0"
    # Byte for byte what is said of somebody who is not there.
    one, other = (found(viewer, name) for name in ("heronsmith", "heronsmyth"))
    assert str(one).replace("heronsmith", "N") == str(other).replace("heronsmyth", "N")
    commands = [hit["url"] for hit in shelf(found(viewer, ">"), "Go to and actions")]
    assert "/admin/notes/" in commands
    assert not [url for url in commands if "users" in url or url.endswith("/new")]
    assert "/admin/users/" in [hit["url"] for hit in shelf(found(admin, "> users"), "Go to and actions")]


def test_what_is_in_the_trash_is_not_found(cast, sign_in):
    number = make("notes", title="Heron")
    with atomic():
        trash.trash(cast.system, registry.get("notes"), number)
    viewer = sign_in(cast.viewer)
    for q in ("heron", "herron", ""):
        assert "eron" not in str(found(viewer, q)).replace(q, "") or q
        assert found(viewer, q)["count"] == "0"
        assert found(viewer, q)["corrected"] == ""


def test_without_words_what_changed_last_and_everything_one_may_do(cast, sign_in):
    make("notes", title="Newest")
    answer = found(sign_in(cast.editor), "")
    assert shelf(answer, "Changed last")[0]["title"] == "Newest"
    assert "/admin/notes/new" in [hit["url"] for hit in shelf(answer, "Go to and actions")]
    assert found(sign_in(cast.editor), "wholly unheard of")["shelves"][-1]["label"] == "Actions"


@pytest.mark.parametrize(
    "q",
    [
        "\0",
        "\ud800",
        "(" * 500,
        '"',
        "x" * 9_000,
        "-",
        "OR",
        "#",
        "@",
        ">",
        "# -",
        "a:b:c",
        "%",
        "_",
        "\\",
        "'",
        "* +",
        "日",
        "🌱",
    ],
)
def test_no_search_is_an_error(cast, sign_in, q):
    make("notes")
    for address in ("/admin/search", "/admin/search.json"):
        assert (
            sign_in(cast.viewer).get(address, query_string={"q": q.encode("utf-8", "surrogatepass")}).status_code == 200
        )


def test_keys_and_search_are_for_who_is_signed_in(cast, client, sign_in):
    for address in ("/admin/keys", "/admin/search?q=x", "/admin/search.json?q=x"):
        assert client.get(address).status_code == 302
        assert sign_in(cast.stranger).get(address).status_code == 200
    page = sign_in(cast.viewer).page("/admin/keys")
    assert len(page.select("kbd")) > 5
    assert soup(sign_in(cast.viewer).get("/admin/keys")).h1


# What a list must not tell: two worlds that differ in hidden values only look the same.

HIDDEN = {
    "posts": ("password", "password_hash", "title_key", "content_key", "live", "deleted_at", "deleted_in",
    "author.password_hash",
              "author_id.email", "author_id.password_hash", "author.email", "author.city", "created_by.email",
              "category_id.live", "nosuch", "id.id"),
    "comments": ("post_id.content_key", "post.live", "post_id.title", "post.author.email", "post_id.author_id",
    "author_name_key"),
    "users": ("password", "password_hash", "email_key", "username_key", "live", "role_ids.name", "session_token"),
}  # fmt: skip
CASES = [(section, name) for section, names in HIDDEN.items() for name in names]


def world(cast, *, secret):
    """Sets what is hidden to one of two values."""
    users, posts, comments = (registry.get(name).table for name in ("users", "posts", "comments"))
    with atomic():
        owner = {"password_hash": secret * 20, "city": secret}
        db.session.execute(update(users).where(users.c.id == cast.owner.id).values(**owner))
        db.session.execute(
            update(users)
            .where(users.c.id == cast.owner.id)
            .values(email=f"{secret}@x.org", email_key=f"{secret}@x.org")
        )
        for table in (posts, comments):
            db.session.execute(update(table).values(content_key=secret))


@pytest.mark.parametrize(("section", "name"), CASES)
def test_a_hidden_value_changes_nothing(cast, section, name):
    actor = cast.admin if section == "users" else cast.viewer
    posts = [make("posts", cast.owner, title=f"P {place}") for place in range(3)]
    make("comments", post_id=posts[0])
    target = registry.get(section)
    asked = [
        {name: "a"},
        {"sort": name},
        {"sort": f"-{name}"},
        {"columns": name},
        {"group": name},
        {"q": f"sort:{name}"},
    ]
    asked += [
        {f"{name}__{op}": value}
        for op, value in [("ne", "a"), ("lt", "m"), ("gte", "m"), ("in", "a,z"), ("contains", "a"), ("isnull", "1")]
    ]
    asked += [
        {"q": f"{sign}{name}:{rest}"} for sign in ("", "-") for rest in ("a", "<m", ">=m", "~a", "a,z", '"a@x.org"')
    ]
    asked += [{"q": f"has:{name}"}, {"q": f"no:{name}"}, {"q": f"is:{name}"}, {"q": f"{name}:a OR {name}:z"}]

    def answers():
        seen = []
        for args in asked:
            query = ListQuery.from_args(target, MultiDict(args), actor)
            page = paging.page(actor, query)
            seen.append(
                (
                    [item.id for item in page.items],
                    page.total,
                    page.in_all,
                    query.problems,
                    query.to_args(),
                    page.next_after,
                )
            )
        return seen

    world(cast, secret="a")
    one = answers()
    world(cast, secret="z")
    assert answers() == one
    everything = [item.id for item in paging.page(actor, ListQuery.from_args(target, MultiDict({}), actor)).items]
    for args, (rows, *_more, problems, said, _after) in zip(asked, one, strict=True):
        if not str(args.get("q", "")).startswith("sort:"):
            assert rows == everything, args
            assert problems, args
            assert not {key for key in said if name in key and key != "q"}, args


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("posts", "author.password_hash"),
        ("posts", "title_key"),
        ("users", "password_hash"),
        ("comments", "post_id.content_key"),
    ],
)
def test_no_page_differs_by_a_hidden_value(cast, sign_in, section, name):
    person = cast.admin if section == "users" else cast.editor
    post = make("posts", title="Plain")
    make("comments", post_id=post)
    client = sign_in(person)
    with atomic():
        number = views.save(person, registry.get(section), "Hidden", f"{name}=a&sort={name}&columns=id,{name}")
    base = f"/admin/{section}"
    addresses = [
        f"{base}/?{name}__contains=a", f"{base}/?sort={name}&columns=id,{name}&group={name}", f"{base}/?view={number}",
            f"{base}/views", f"{base}/views/counts",
        f"{base}/counts?group={name}", f"{base}/counts?{name}=a", f"{base}/options?columns={name}",
            f"{base}/filters?b.0.f={name}&b.0.o=contains&b.0.v=a",
        f"{base}/filters?b.0.f={name}&b.0.o=filled", f"{base}/filters?q={name}:a",
            f"{base}/export.csv?columns=id,{name}", f"{base}/export.csv?sort={name}",
        f"/admin/search.json?q={name}:a", f"/admin/search?q={name}:~a",
    ]  # fmt: skip

    def answers():
        found = [client.get(address) for address in addresses]
        return [
            (
                answer.status_code,
                re.sub(r'(nonce|csrf_token|value)="[^"]{20,}"|reference.{0,60}|<code>\w{8}</code>', "", answer.text),
            )
            for answer in found
        ]

    make_user("hidden", "viewer")
    world(cast, secret="a")
    one = answers()
    world(cast, secret="z")
    other = answers()
    for address, first, second in zip(addresses, one, other, strict=True):
        assert _without_mail(first) == _without_mail(second), address
        assert "aaaaaaaa" not in first[1]


def _without_mail(answer):
    """An administrator may read e-mail addresses and cities; that they differ is right."""
    status, text = answer
    return status, re.sub(r"\b[az]@x\.org", "", text)


def test_a_section_that_one_may_not_read_has_no_list(cast):
    for name in ("users", "posts"):
        actor = cast.viewer if name == "users" else cast.stranger
        query = ListQuery.from_args(registry.get(name), MultiDict({"q": "email:a name:b", "name": "x"}), actor)
        assert query.nodes == ()
        for ask in (paging.page, reads.count):
            with pytest.raises(NotFound):
                ask(actor, query)
    assert registry.get("users") not in finding.readable(cast.editor)
