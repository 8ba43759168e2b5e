"""Lists of the public pages: the same list query as everywhere, asked as a visitor."""

from collections.abc import Mapping, Sequence

from flask import request
from werkzeug.datastructures import MultiDict

from admin_site.accounts.actor import VISITOR
from admin_site.core import registry, text
from admin_site.records import language, paging
from admin_site.records.language import Group, Term, Value
from admin_site.records.list_query import ListQuery
from admin_site.records.paging import Page
from admin_site.web import numbers

PER_PAGE = 10
WORDS_MOST = 12


def listed(
    section_name: str, args: Mapping[str, str], columns: Sequence[str], *, per_page: int = PER_PAGE, page: int = 1,
    pinned: str = "",
) -> Page:  # fmt: skip
    """Rows that a visitor may see; ``NotFound`` where there is no such section."""
    said = MultiDict({**args, "per_page": str(per_page), "page": str(page)})
    return paging.page(VISITOR, ListQuery.from_args(registry.get(section_name), said, VISITOR, pinned=pinned), columns)


def page_number() -> int:
    """Which page was asked for; the first one where it makes no sense."""
    return numbers.small(request.args.get("page", "")) or 1


def words(raw: str) -> str:
    """What a visitor typed, as words alone: the names of fields mean nothing to them."""
    typed = text.storable(raw)[:200].split()[:WORDS_MOST]
    return language.write(Group(tuple(Term("", "eq", (Value(word),)) for word in typed)))
