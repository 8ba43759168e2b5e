"""Addresses of rows, made from their titles: transliterated, at most 160 characters, unique by ``-2``."""

import secrets
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from admin_site.core import text
from admin_site.core.database import db
from admin_site.core.errors import Busy
from admin_site.core.section import Change, Section
from admin_site.records import unique

# Stands in for a slug until the row has its number; the marks cannot occur in a slug.
_WAITING = "!"
TRIES = 10


def prepare(changes: Sequence[Change]) -> None:
    """Give a slug to every row that has none. A slug that was typed stays, and may be refused."""
    for change in changes:
        slug = change.after.get("slug")
        if slug and ((not slug.startswith(_WAITING) and "slug" in change.sent) or change.before.get("slug") == slug):
            continue
        title = change.section.title_of(_Values(change))
        base = text.slugify(title)
        change.after["slug"] = _chosen(change, base) if base else _waiting()
        change.free.add("slug")


def follow(_deed: object, changes: Sequence[Change]) -> None:
    """A row whose title left nothing is called by its number."""
    for change in changes:
        if change.after["slug"].startswith(_WAITING):
            change.after["slug"] = _numbered(change)


def _numbered(change: Change) -> str:
    """Give the row the address of its number, or the next free one; somebody may take it at this moment."""
    section, columns = change.section, change.section.table.columns
    for tries in range(TRIES):
        slug = _free(section, f"{section.singular}-{change.id}", change.id, tries)
        try:
            with db.session.begin_nested():
                db.session.execute(update(section.table).where(columns.id == change.id).values(slug=slug))
        except IntegrityError:
            continue
        return slug
    raise Busy(unique.BUSY)


def _chosen(change: Change, base: str) -> str:
    if change.hopeful and base not in change.section.field("slug").reserved:
        return base
    return _free(change.section, base, change.after.get("id"), change.tries)


class _Values:
    def __init__(self, change: Change) -> None:
        self.__dict__.update(change.after)


def _free(section: Section, base: str, row_id: int | None, tries: int = 0) -> str:
    """``base``, or the first of ``base-2``, ``base-3`` … that no live row has.

    Where others took it at the same moment, so many ``tries`` before, it is one of the next: all of them would
    come upon the first one again.
    """
    if base not in section.field("slug").reserved and unique.is_free(section, "slug", base, row_id):
        return base
    column = section.table.columns.slug
    stem = base[: text.SLUG_LENGTH - 8]
    pattern = column.startswith(f"{stem}-", autoescape=True)
    taken = set(db.session.execute(select(column).where(pattern, section.table.columns.live == 1)).scalars())
    number = 2 + secrets.randbelow(4**tries)
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _waiting() -> str:
    return _WAITING + secrets.token_hex(8)
