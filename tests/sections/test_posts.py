"""Posts: who may set which status, when a post counts as published, and its address."""

from datetime import timedelta

import pytest

from admin_site.core import clock, registry
from admin_site.core.errors import Conflict, Denied
from admin_site.core.transactions import atomic
from admin_site.records import reads, trash, writes
from tests.factories import make

STATUSES = ("draft", "review", "published", "archived")


def post(cast, number):
    return reads.find(cast.system, registry.get("posts"), number)


def change(actor, number, **values):
    with atomic():
        return writes.update(actor, registry.get("posts"), number, values)


@pytest.mark.parametrize("after", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
def test_owner_moves_between_draft_and_review_only(cast, before, after):
    number = make("posts", cast.editor, author_id=cast.owner.id, status=before)
    open_now = before in ("draft", "review")
    if open_now and after in ("draft", "review"):
        change(cast.owner, number, status=after, title="Edited")
        assert post(cast, number).status == after
        return
    with pytest.raises(Denied):
        change(cast.owner, number, status=after, title="Edited")
    assert post(cast, number).status == before


@pytest.mark.parametrize("after", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
def test_editor_moves_anywhere(cast, before, after):
    number = make("posts", cast.editor, status=before)
    change(cast.editor, number, status=after)
    assert post(cast, number).status == after


@pytest.mark.parametrize("status", ["published", "archived"])
def test_owner_cannot_create_what_only_editors_publish(cast, status):
    with pytest.raises(Denied):
        make("posts", cast.owner, status=status)


def test_owner_cannot_edit_what_is_published(cast):
    number = make("posts", cast.owner)
    change(cast.editor, number, status="published")
    with pytest.raises(Denied):
        change(cast.owner, number, title="Quietly changed")


def test_published_at_is_set_once(cast):
    first = clock.now() + timedelta(hours=1)
    number = make("posts")
    assert post(cast, number).published_at is None
    with clock.set_to(first):
        change(cast.editor, number, status="published")
    with clock.set_to(first + timedelta(days=1)):
        change(cast.editor, number, status="archived")
        change(cast.editor, number, status="published")
    assert post(cast, number).published_at == first


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("Über uns & die Straße", "uber-uns-die-strasse"),
        ("Привет, мир", "privet-mir"),
        ("What's new?", "whats-new"),
        ("x" * 150, "x" * 150),
    ],
)
def test_slugs_are_transliterated(cast, title, slug):
    assert post(cast, make("posts", title=title)).slug == slug


def test_equal_slugs_are_numbered(cast):
    slugs = [post(cast, make("posts", title="Same")).slug for _ in range(4)]
    assert slugs == ["same", "same-2", "same-3", "same-4"]


def test_a_title_without_letters_is_called_by_its_number(cast):
    number = make("posts", title="…!?")
    assert post(cast, number).slug == f"post-{number}"


def test_a_typed_slug_is_kept_and_may_be_refused(cast):
    number = make("posts", title="One", slug="My Own Ädress")
    assert post(cast, number).slug == "my-own-adress"
    change(cast.editor, number, title="Another title")
    assert post(cast, number).slug == "my-own-adress"
    with pytest.raises(Conflict) as caught:
        make("posts", slug="my-own-adress")
    assert list(caught.value.fields) == ["slug"]


def test_an_emptied_slug_is_made_again(cast):
    number = make("posts", title="One", slug="other")
    change(cast.editor, number, slug="")
    assert post(cast, number).slug == "one"


def test_a_slug_of_the_trash_is_free(cast):
    with atomic():
        trash.trash(cast.editor, registry.get("posts"), make("posts", title="Same"))
    assert post(cast, make("posts", title="Same")).slug == "same"


@pytest.mark.parametrize("section", ["comments", "questions"])
def test_moderating_needs_the_right(cast, section):
    number = make(section, cast.owner)
    final = {"comments": "approved", "questions": "published"}[section]
    with atomic(), pytest.raises(Denied):
        writes.update(cast.owner, registry.get(section), number, {"status": final})
    with atomic():
        writes.update(cast.editor, registry.get(section), number, {"status": final})
    with atomic():
        writes.update(cast.owner, registry.get(section), number, {"content": "Corrected."})
    with atomic(), pytest.raises(Denied):
        writes.update(cast.owner, registry.get(section), number, {"status": "pending"})
