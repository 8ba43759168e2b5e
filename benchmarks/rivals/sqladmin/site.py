"""SQLAdmin over the product's tables. It is here for its form, which is the fastest of the rivals'.

Served by uvicorn as ``benchmarks.rivals.sqladmin.site:app``: gunicorn's sync worker speaks WSGI only.
"""

import os
from typing import ClassVar

from sqladmin import Admin, ModelView
from sqladmin.authentication import AuthenticationBackend
from sqlalchemy import Column, ForeignKey, String, Table, Text, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from starlette.applications import Starlette
from starlette.requests import Request


class Base(DeclarativeBase):
    """The tables."""


class Person(Base):
    """An author."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


class Category(Base):
    """A shelf."""

    __tablename__ = "categories"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


class Tag(Base):
    """A tag."""

    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))

    def __str__(self) -> str:
        return self.name


post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Post(Base):
    """A post."""

    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(150))
    content: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    slug: Mapped[str] = mapped_column(String(160))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    author = relationship(Person)
    category = relationship(Category)
    tags = relationship(Tag, secondary=post_tags)

    def __str__(self) -> str:
        return self.title


class Door(AuthenticationBackend):
    """A password, and a signed cookie afterwards."""

    async def login(self, request: Request) -> bool:
        """Sign in."""
        form = await request.form()
        request.session["in"] = form.get("password") == os.environ["RIVAL_PASSWORD"]
        return bool(request.session["in"])

    async def logout(self, request: Request) -> bool:
        """Sign out."""
        request.session.clear()
        return True

    async def authenticate(self, request: Request) -> bool:
        """Whether somebody is signed in."""
        return bool(request.session.get("in"))


class PostView(ModelView, model=Post):
    """The form."""

    name_plural = "Posts"
    column_list: ClassVar = [Post.id, Post.title]
    form_columns: ClassVar = [Post.title, Post.content, Post.status, Post.slug, Post.category, Post.tags, Post.author]


app = Starlette()
_engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
_admin = Admin(app, _engine, authentication_backend=Door(secret_key=os.environ["SECRET_KEY"]))
_admin.add_view(PostView)
