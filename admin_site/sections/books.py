"""Books and the authors who wrote them."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core.database import Record, code, key_of, line, record_args, text, unique_while_live
from admin_site.core.section import Field, Kind, Section
from admin_site.core.types import Id


class Author(Record):
    """Somebody who wrote a book; not a user."""

    __tablename__ = "authors"
    __title__ = ("name",)
    __table_args__ = record_args("authors", Index("ix_authors_live_name_key_id", "live", "name_key", "id"))

    name: Mapped[str] = line(200)
    name_key: Mapped[str] = key_of("name")
    biography: Mapped[str | None] = text(optional=True)
    biography_key: Mapped[str | None] = key_of("biography", long=True, optional=True)


class Book(Record):
    """A book of the house."""

    __tablename__ = "books"
    __table_args__ = record_args(
        "books",
        unique_while_live("books", "isbn"),
        Index("ix_books_live_title_key_id", "live", "title_key", "id"),
        Index("ix_books_live_published_year_id", "live", "published_year", "id"),
        Index("ix_books_deleted_in", "deleted_in"),
    )

    title: Mapped[str] = line(200)
    title_key: Mapped[str] = key_of("title")
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("authors.id"), index=True)
    isbn: Mapped[str | None] = code(13, optional=True)
    published_year: Mapped[int | None]
    summary: Mapped[str | None] = text(optional=True)
    summary_key: Mapped[str | None] = key_of("summary", long=True, optional=True)


books = Section(
    model=Book,
    label="Books",
    singular="book",
    icon="book",
    group="Library",
    columns=("title", "author_id", "isbn", "published_year", "updated_at"),
    form=("title", "author_id", "isbn", "published_year", "summary"),
    rail=("isbn", "published_year"),
    fields=(
        Field(name="isbn", kind=Kind.ISBN, label="ISBN", help="10 or 13 digits, with hyphens or without."),
        Field(name="published_year", label="Year", least=-3000, most=9999),
    ),
    filters=("author_id", "published_year", "updated_at"),
    search=("title", "summary", "isbn"),
    sort="title",
)

authors = Section(
    model=Author,
    label="Authors",
    singular="author",
    icon="feather",
    group="Library",
    columns=("name", "biography", "updated_at"),
    form=("name", "biography"),
    filters=("updated_at",),
    search=("name", "biography"),
    sort="name",
)

SECTIONS = (books, authors)
