"""Flask-Admin over the product's tables, stock or tuned by hand.

Served by gunicorn as ``benchmarks.rivals.flask_admin.site:app``; ``RIVAL`` is stock or tuned.
"""

import os
from datetime import UTC, datetime
from typing import Any

from flask import Flask, abort, redirect, request
from flask_admin import Admin, AdminIndexView
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import SecureForm
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ForeignKey, String, Text, exists, func, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    column_property,
    defer,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)
from werkzeug.wrappers import Response


class Base(DeclarativeBase):
    """The tables."""


db = SQLAlchemy(model_class=Base)
login = LoginManager()


class Person(UserMixin, db.Model):  # type: ignore[name-defined,misc]  # made when the program runs
    """An author, and the one who asks."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


class Category(db.Model):  # type: ignore[name-defined,misc]
    """A shelf."""

    __tablename__ = "categories"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


class Tag(db.Model):  # type: ignore[name-defined,misc]
    """A tag."""

    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


class Pin(db.Model):  # type: ignore[name-defined,misc]
    """A pin."""

    __tablename__ = "pins"
    id: Mapped[int] = mapped_column(primary_key=True)
    section: Mapped[str] = mapped_column(String(40))
    row_id: Mapped[int]
    user_id: Mapped[int | None]


post_tags = db.Table(
    "post_tags",
    db.Column("post_id", ForeignKey("posts.id"), primary_key=True),
    db.Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Post(db.Model):  # type: ignore[name-defined,misc]
    """A post."""

    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    live: Mapped[int | None]
    title: Mapped[str] = mapped_column(String(150))
    content: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    slug: Mapped[str] = mapped_column(String(160))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    created_at: Mapped[datetime] = mapped_column(default=_now)
    updated_at: Mapped[datetime] = mapped_column(default=_now, onupdate=_now)
    author = relationship(Person)
    category = relationship(Category)
    tags = relationship(Tag, secondary=post_tags)

    def __str__(self) -> str:
        return self.title


Post.pinned = column_property(
    exists(select(Pin.id).where(Pin.section == "posts", Pin.row_id == Post.id, Pin.user_id.is_(None)))
)


class Guarded:
    """Only for who is signed in."""

    def is_accessible(self) -> bool:
        """Signed in."""
        return bool(current_user.is_authenticated)

    def inaccessible_callback(self, _name: str, **_kwargs: Any) -> Response:
        """To the door."""
        return redirect("/login")


class Home(Guarded, AdminIndexView):  # type: ignore[misc]  # Flask-Admin has no types
    """The start."""


class PostView(Guarded, ModelView):  # type: ignore[misc]
    """Newest first, as the papers of Flask-Admin show it."""

    form_base_class = SecureForm
    column_list = ("title", "author", "category", "status", "pinned", "created_at", "tags")
    column_searchable_list = ("title", "content")
    column_filters = ("status", "author_id")
    column_default_sort = ("created_at", True)
    form_columns = ("title", "content", "status", "slug", "category", "tags", "author")
    form_choices = {"status": [(word, word.capitalize()) for word in ("draft", "review", "published", "archived")]}  # noqa: RUF012 - read by Flask-Admin
    page_size = 50
    can_export = True
    named_filter_urls = True

    def get_query(self) -> Any:
        """Rows outside the trash, so that the product's indexes serve."""
        return super().get_query().filter(Post.live == 1)

    def get_count_query(self) -> Any:
        """The same rows."""
        return db.session.query(func.count("*")).select_from(Post).filter(Post.live == 1)


class TunedPostView(PostView):
    """The same with what can be had by settings: no count, loads chosen by hand."""

    simple_list_pager = True
    column_auto_select_related = False

    def get_query(self) -> Any:
        """One statement for the rows, one for their tags, and no long texts."""
        loads = (selectinload(Post.tags), joinedload(Post.author), joinedload(Post.category), defer(Post.content))
        return super().get_query().options(*loads)


@login.user_loader  # type: ignore[untyped-decorator]
def _load(number: str) -> Person | None:
    return db.session.get(Person, int(number))


def create_app() -> Flask:
    """The application."""
    app = Flask(__name__)
    url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    app.config.update(SECRET_KEY=os.environ["SECRET_KEY"], SQLALCHEMY_DATABASE_URI=url)
    db.init_app(app)
    login.init_app(app)
    app.add_url_rule("/login", view_func=_sign_in, methods=("GET", "POST"))
    admin = Admin(app, name="Rival", index_view=Home())
    view = TunedPostView if os.environ["RIVAL"] == "tuned" else PostView
    admin.add_view(view(Post, db, name="Posts", endpoint="posts"))
    return app


def _sign_in() -> Any:
    if request.method != "POST":
        return "<form method=post><input name=password></form>"
    if request.form.get("password") != os.environ["RIVAL_PASSWORD"]:
        abort(403)
    login_user(db.session.get(Person, 1))
    return redirect("/admin/posts/")


app = create_app()
