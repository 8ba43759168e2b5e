"""Posts with their categories, tags and comments."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.accounts.rules import may_read_other, may_to_any, status_in
from admin_site.core.database import Record, code, db, key_of, line, link_options, record_args, text, unique_while_live
from admin_site.core.rules import anyone
from admin_site.core.section import Card, Choice, Field, Kind, Section, Workflow
from admin_site.core.types import Id, UtcDateTime
from admin_site.records import slugs

post_tags = Table(
    "post_tags",
    db.metadata,
    Column("post_id", Id, ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", Id, ForeignKey("tags.id"), primary_key=True, index=True),
    **link_options(),
)


class Category(Record):
    """One shelf of posts."""

    __tablename__ = "categories"
    __title__ = ("name",)
    __table_args__ = record_args(
        "categories", unique_while_live("categories", "name_key"), unique_while_live("categories", "slug")
    )

    name: Mapped[str] = line(200)
    name_key: Mapped[str] = key_of("name")
    slug: Mapped[str] = code(160)


class Tag(Record):
    """A word that posts have in common."""

    __tablename__ = "tags"
    __title__ = ("name",)
    __table_args__ = record_args("tags", unique_while_live("tags", "name_key"), unique_while_live("tags", "slug"))

    name: Mapped[str] = line(200)
    name_key: Mapped[str] = key_of("name")
    slug: Mapped[str] = code(160)


class Post(Record):
    """What readers get to see, once it is published."""

    __tablename__ = "posts"
    __table_args__ = record_args(
        "posts",
        unique_while_live("posts", "slug"),
        Index("ix_posts_live_title_key_id", "live", "title_key", "id"),
        Index("ix_posts_live_status_updated_at_id", "live", "status", "updated_at", "id"),
        Index("ix_posts_live_published_at_id", "live", "published_at", "id"),
    )

    title: Mapped[str] = line(150)
    title_key: Mapped[str] = key_of("title")
    slug: Mapped[str] = code(160)
    status: Mapped[str] = code(20, default="draft")
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    category_id: Mapped[int | None] = mapped_column(Id, ForeignKey("categories.id"), index=True)
    author_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"), index=True)
    content: Mapped[str] = text()
    content_key: Mapped[str] = key_of("content", long=True)


class Comment(Record):
    """What a reader wrote under a post."""

    __tablename__ = "comments"
    __title__ = ("content",)
    __table_args__ = record_args(
        "comments",
        Index("ix_comments_live_status_updated_at_id", "live", "status", "updated_at", "id"),
        Index("ix_comments_live_author_name_key_id", "live", "author_name_key", "id"),
        Index("ix_comments_deleted_in", "deleted_in"),
    )

    post_id: Mapped[int] = mapped_column(Id, ForeignKey("posts.id"), index=True)
    author_name: Mapped[str] = line(100)
    author_name_key: Mapped[str] = key_of("author_name")
    author_email: Mapped[str | None] = line(254, optional=True)
    author_email_key: Mapped[str | None] = key_of("author_email", optional=True)
    status: Mapped[str] = code(20, default="pending")
    content: Mapped[str] = text()
    content_key: Mapped[str] = key_of("content", long=True)


posts = Section(
    model=Post,
    label="Posts",
    singular="post",
    icon="file-earmark-text",
    group="Content",
    columns=("title", "status", "category_id", "author_id", "published_at", "updated_at"),
    form=("title", "content", "status", "slug", "category_id", "tag_ids", "is_pinned", "author_id"),
    rail=("status", "slug", "category_id", "tag_ids", "is_pinned", "author_id"),
    fields=(
        Field(name="content", kind=Kind.MARKDOWN),
        Field(
            name="slug",
            kind=Kind.SLUG,
            label="Address",
            required=False,
            help="Made from the title if left empty.",
            reserved=("categories",),
        ),
        Field(
            name="status",
            kind=Kind.CHOICE,
            choices=(
                Choice(value="draft", label="Draft", icon="circle"),
                Choice(value="review", label="In review", icon="hourglass-split", tone="warn"),
                Choice(value="published", label="Published", icon="check-circle-fill", tone="ok"),
                Choice(value="archived", label="Archived", icon="archive"),
            ),
        ),
        Field(name="published_at", label="Published", write=may_to_any("posts", "publish")),
        Field(name="category_id", label="Category"),
        Field(name="tag_ids", kind=Kind.RELATIONS, label="Tags", target=Tag, through=post_tags),
        Field(name="author_id", write=may_to_any("posts", "update")),
    ),
    filters=("status", "category_id", "tag_ids", "author_id", "published_at", "updated_at"),
    search=("title", "content"),
    pins=True,
    cards=(
        Card(
            label="Posts published, 30 days",
            query="status:published published:<30d",
            before="status:published published:>30d published:<60d",
            compared="the 30 days before",
        ),
        Card(label="Posts in review", query="status:review"),
    ),
    chart="created_at",
    owner="author_id",
    workflow=Workflow(
        open=("draft", "review"),
        action="publish",
        moves={"publish": "published", "archive": "archived"},
        stamps={"published": "published_at"},
    ),
    rules={"update": may_to_any("posts", "update") | status_in("draft", "review")},
    public={"read": status_in("published")},
    public_page=("posts_site.post", "slug"),
    prepare=slugs.prepare,
    follow=slugs.follow,
    hooks_on=("title", "slug"),
)

_NAME_FIELDS = (
    Field(name="slug", kind=Kind.SLUG, label="Address", required=False, help="Made from the name if left empty."),
)

categories = Section(
    model=Category,
    label="Categories",
    singular="category",
    icon="folder",
    group="Content",
    columns=("name", "slug", "updated_at"),
    form=("name", "slug"),
    fields=_NAME_FIELDS,
    filters=("updated_at",),
    search=("name",),
    sort="name",
    public={"read": anyone},
    prepare=slugs.prepare,
    follow=slugs.follow,
    hooks_on=("name", "slug"),
)

tags = Section(
    model=Tag,
    label="Tags",
    singular="tag",
    icon="tags",
    group="Content",
    columns=("name", "slug", "updated_at"),
    form=("name", "slug"),
    fields=_NAME_FIELDS,
    filters=("updated_at",),
    search=("name",),
    sort="name",
    public={"read": anyone},
    prepare=slugs.prepare,
    follow=slugs.follow,
    hooks_on=("name", "slug"),
)

comments = Section(
    model=Comment,
    label="Comments",
    singular="comment",
    icon="chat-left-text",
    group="Content",
    columns=("content", "status", "post_id", "author_name", "created_at"),
    form=("post_id", "author_name", "author_email", "content", "status"),
    rail=("status",),
    fields=(
        Field(
            name="status",
            kind=Kind.CHOICE,
            choices=(
                Choice(value="pending", label="Pending", icon="hourglass-split", tone="warn"),
                Choice(value="approved", label="Approved", icon="check-circle-fill", tone="ok"),
                Choice(value="rejected", label="Rejected", icon="x-circle", tone="mute"),
                Choice(value="spam", label="Spam", icon="shield-exclamation", tone="bad"),
            ),
        ),
        Field(name="author_email", kind=Kind.EMAIL, label="Author e-mail"),
    ),
    filters=("status", "post_id", "post_id.status", "created_at"),
    cards=(Card(label="Comments waiting", query="status:pending"),),
    search=("content", "author_name", "author_email"),
    sort="-created_at",
    public={"read": status_in("approved") & may_read_other("post_id", "posts"), "create": anyone},
    workflow=Workflow(
        open=("pending",),
        action="moderate",
        moves={"approve": "approved", "reject": "rejected", "spam": "spam"},
    ),
)

SECTIONS = (posts, categories, tags, comments)
