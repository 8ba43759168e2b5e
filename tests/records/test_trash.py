"""Deleting is moving to the trash with what requires the row; restoring brings all of it back."""

import pytest

from admin_site.core import registry
from admin_site.core.errors import Conflict, Denied, NotFound
from admin_site.core.transactions import atomic
from admin_site.history import log
from admin_site.records import reads, trash, writes
from tests.factories import isbn, make


def move(actor, section, number, **more):
    with atomic():
        return trash.trash(actor, registry.get(section), number, **more)


def bring_back(actor, section, number, sent=None):
    with atomic():
        return trash.restore(actor, registry.get(section), number, sent)


def is_live(cast, section, number):
    try:
        reads.find(cast.system, registry.get(section), number)
    except NotFound:
        return False
    return True


def test_what_requires_a_row_goes_along_and_comes_back(cast):
    post, other = make("posts"), make("posts")
    comments = [make("comments", post_id=post) for _ in range(3)]
    elsewhere = make("comments", post_id=other)
    assert move(cast.editor, "posts", post) == 3
    assert not any(is_live(cast, "comments", number) for number in comments)
    assert is_live(cast, "comments", elsewhere)
    assert bring_back(cast.editor, "posts", post) == 3
    assert all(is_live(cast, "comments", number) for number in comments)


def test_all_of_it_is_one_change_set(cast):
    post = make("posts")
    comment = make("comments", post_id=post)
    move(cast.editor, "posts", post)
    of_post, of_comment = log.of_row("posts", post)[0], log.of_row("comments", comment)[0]
    assert of_post.action == of_comment.action == "delete"
    assert of_post.change_set_id == of_comment.change_set_id


def test_what_was_trashed_before_stays_in_the_trash(cast):
    post = make("posts")
    early, late = make("comments", post_id=post), make("comments", post_id=post)
    move(cast.editor, "comments", early)
    move(cast.editor, "posts", post)
    bring_back(cast.editor, "posts", post)
    assert not is_live(cast, "comments", early)
    assert is_live(cast, "comments", late)


def test_the_page_lists_what_goes_along(cast):
    author = make("authors")
    for title in ("One", "Two"):
        make("books", author_id=author, title=title)
    (books,) = trash.dependents(registry.get("authors"), author)
    assert (books.section.name, books.count, [title.text for title in books.samples]) == ("books", 2, ["One", "Two"])


def test_a_child_comes_back_only_after_its_parent(cast):
    post = make("posts", title="Parent")
    comment = make("comments", post_id=post)
    move(cast.editor, "posts", post)
    with pytest.raises(Conflict, match="Restore the post “Parent” first"):
        bring_back(cast.editor, "comments", comment)


def test_optional_relations_stay(cast):
    category = make("categories", name="News")
    post = make("posts", category_id=category)
    move(cast.editor, "categories", category)
    (title,) = reads.item(cast.system, registry.get("posts"), post).related("category_id")
    assert (title.text, title.trashed) == ("News", True)


def test_a_trashed_row_gives_up_its_unique_values(cast):
    first = make("books", isbn=isbn(7))
    move(cast.editor, "books", first)
    make("books", isbn=isbn(7))
    with pytest.raises(Conflict) as caught:
        bring_back(cast.editor, "books", first)
    assert list(caught.value.fields) == ["isbn"]
    assert not is_live(cast, "books", first)
    bring_back(cast.editor, "books", first, {"isbn": isbn(8)})
    assert reads.find(cast.system, registry.get("books"), first).isbn == isbn(8)


def test_restoring_takes_a_slug_back(cast):
    first = make("posts", title="Same")
    move(cast.editor, "posts", first)
    bring_back(cast.editor, "posts", first)
    assert reads.find(cast.system, registry.get("posts"), first).slug == "same"


def test_restoring_under_another_name_renews_the_key(cast):
    first = make("categories", name="News")
    move(cast.editor, "categories", first)
    make("categories", name="news", slug="other")
    bring_back(cast.editor, "categories", first, {"name": "Old News", "slug": "old-news"})
    with pytest.raises(Conflict):
        make("categories", name="OLD NEWS", slug="third")


def test_owner_trashes_their_own_and_nobody_elses(cast):
    own, other = make("posts", cast.owner), make("posts", cast.colleague)
    move(cast.owner, "posts", own)
    with pytest.raises(Denied):
        move(cast.owner, "posts", other)
    with pytest.raises(Denied):
        bring_back(cast.owner, "posts", own)


def test_a_row_that_changed_meanwhile_is_not_trashed(cast):
    number = make("notes")
    with atomic():
        writes.update(cast.editor, registry.get("notes"), number, {"title": "Newer"})
    with pytest.raises(Conflict):
        move(cast.editor, "notes", number, version=1)
    assert is_live(cast, "notes", number)


def test_trashing_twice_is_missing_the_second_time(cast):
    number = make("notes")
    move(cast.editor, "notes", number)
    with pytest.raises(NotFound):
        move(cast.editor, "notes", number)
    with pytest.raises(Conflict, match="not in the trash"):
        bring_back(cast.editor, "notes", make("notes"))


def test_hundreds_of_dependents_go_along(cast):
    post = make("posts")
    comments = registry.get("comments")
    with atomic():
        deed = writes.begin(cast.system, "test")
        for place in range(620):
            values = {"post_id": post, "author_name": f"Reader {place}", "content": "Yes."}
            writes.create(cast.system, comments, values, deed=deed)
    assert move(cast.editor, "posts", post) == 620
    assert bring_back(cast.editor, "posts", post) == 620
