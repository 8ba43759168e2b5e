"""Published posts: by category, tag and words; one with its approved comments and a form to comment."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from admin_site.accounts.actor import VISITOR
from admin_site.core import registry, text
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.records import filters, reads
from admin_site.records.reads import Item
from admin_site.web.site import reading, writing

blueprint = Blueprint("posts_site", __name__, url_prefix="/posts")

COLUMNS = ("title", "slug", "content", "category_id", "tag_ids", "author_id", "published_at")
NEWEST_FIRST = {"sort": "-published_at"}
COMMENTS_A_PAGE = 50
FORM = ("author_name", "author_email", "content")


def newest(count: int) -> list[Item]:
    """The pinned posts, then the newest."""
    page = reading.listed("posts", NEWEST_FIRST, COLUMNS, per_page=count, pinned="first")
    return [*page.pinned, *page.items][:count]


@blueprint.get("/")
def index() -> str:
    """The list, narrowed by ``category``, ``tag`` and ``q``."""
    args, chosen = dict(NEWEST_FIRST), {}
    for word, section, field in (("category", "categories", "category_id"), ("tag", "tags", "tag_ids")):
        if raw := request.args.get(word, ""):
            chosen[word] = _named(section, raw)
            args[field] = str(chosen[word].id)
    asked = {word: request.args[word] for word in (*chosen, "q") if request.args.get(word)}
    q = text.clip(text.storable(request.args.get("q", "")), 200)
    number = reading.page_number()
    # What somebody looks for comes before what is pinned.
    pinned = "" if asked else "first"
    page = reading.listed("posts", args | {"q": reading.words(q)}, COLUMNS, page=number, pinned=pinned)
    return render_template(
        "site/posts.html", posts=[*(page.pinned if number == 1 else ()), *page.items], page=page, at=number, q=q,
        pinned={item.id for item in page.pinned}, asked=asked, **{
            word: chosen.get(word) for word in ("category", "tag")
        },
    )  # fmt: skip


def _named(section_name: str, raw: str) -> Item:
    """A category or tag by its address, or its number."""
    section = registry.get(section_name)
    try:
        return reads.item(VISITOR, section, reads.find_by(VISITOR, section, "slug", raw))
    except NotFound:
        if raw.isascii() and raw.isdigit() and len(raw) < 18:
            return reads.item(VISITOR, section, int(raw))
        raise


@dataclass(frozen=True)
class Shelf:
    """A category and how many published posts it has."""

    name: str
    slug: str
    count: int


@blueprint.get("/categories/")
def categories() -> str:
    """Every category that has a published post."""
    return render_template("site/categories.html", shelves=_shelves())


def _shelves() -> Sequence[Shelf]:
    posts, shelves = registry.get("posts"), registry.get("categories")
    there, here = posts.table.columns, shelves.table.columns
    count = func.count()
    query = (
        select(here.name, here.slug, count)
        .join(posts.table, there.category_id == here.id)
        .where(filters.visible(VISITOR, posts), filters.visible(VISITOR, shelves))
        .group_by(here.id, here.name, here.name_key, here.slug)
        .order_by(here.name_key, here.id)
    )
    return [Shelf(*row) for row in db.session.execute(query)]


@blueprint.get("/<slug>")
def post(slug: str) -> str:
    """One post with its comments."""
    return _post(_found(slug), writing.Sent())


@blueprint.post("/<slug>")
def comment(slug: str) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """A new comment, which waits for somebody to read it."""
    item = _found(slug)
    sent = writing.send("comments", FORM, {"post_id": item.id})
    if sent.is_done:
        flash("Thank you. Your comment appears here once it has been read.", "ok")
        return redirect(url_for(".post", slug=slug, _anchor="comments"), 303)
    headers = {"Retry-After": str(sent.retry_after)} if sent.retry_after else {}
    return _post(item, sent), sent.status, headers


def _found(slug: str) -> Item:
    section = registry.get("posts")
    return reads.item(VISITOR, section, reads.find_by(VISITOR, section, "slug", slug))


def _post(item: Item, sent: writing.Sent) -> str:
    comments = reading.listed(
        "comments", {"post_id": str(item.id), "sort": "created_at"}, ("author_name", "content", "created_at"),
        per_page=COMMENTS_A_PAGE, page=reading.page_number(),
    )  # fmt: skip
    return render_template(
        "site/post.html", post=item, comments=comments, at=reading.page_number(), sent=sent, trap=writing.TRAP,
        section=registry.get("comments"), most=writing.LETTERS_MOST,
    )  # fmt: skip
