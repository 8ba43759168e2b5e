"""The list that somebody looks at, as a call of the API that gives the same rows."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from admin_site.core.rules import Actor
from admin_site.records import feed, language, pins, reads
from admin_site.records.language import Group, Term, Value
from admin_site.records.list_query import Q_LENGTH, ListQuery
from admin_site.web.api import params

_OF_PAGES = ("view", "columns", "group", "count", "page", "after", "per_page", "pinned")


@dataclass(frozen=True)
class Command:
    """A line for a shell.

    ``is_cut`` says that the page has more rows than a call may ask for, ``is_without_pins`` that it shows some pinned
    rows above the list, which no call does: it gives all of them first, or none.
    """

    text: str
    is_cut: bool
    is_without_pins: bool


def command(actor: Actor, asked: ListQuery, columns: Sequence[str], root: str) -> Command:
    """The command for a list. ``root`` is the address of the site, without a slash at its end."""
    query = _understood(asked)
    pinned = _pinned(actor, query)
    band = pinned if pinned <= pins.BAND_LENGTH else 0
    is_first = query.page == 1 and not query.after
    wanted = query.per_page + (band if is_first else 0)
    args = {"fields": ",".join(dict.fromkeys(["id", *columns]))}
    if query.is_ranked:
        args = {"q": query.as_text()} | args
    else:
        args = _filters(query, mixed=bool(band) and is_first) | {"sort": ",".join(map(str, query.orders))} | args
    args |= _pins(query, band, is_first=is_first) | _place(query, wanted)
    path = f"/api/{query.section.name}" + ("/search" if query.is_ranked else "")
    url = f"{root}{path}?{urlencode(args, safe=',')}"
    said = f'curl -H "Authorization: Bearer $TOKEN" {shlex.quote(url)}'
    return Command(said, is_cut=wanted > int(args["per_page"]), is_without_pins=pinned > band)


def _understood(query: ListQuery) -> ListQuery:
    """The list without what the page left out with a message: a program would be refused for it."""
    parts = tuple(part for part in query.parts if part.meaning is not None)
    return replace(query, parts=parts, q=language.write(Group(tuple(part.typed for part in parts))), problems=())


def _filters(query: ListQuery, *, mixed: bool) -> dict[str, str]:
    """What narrows the list. The band on a page is above every filter: where there is one, it is let in."""
    narrowing = query.as_text()
    if mixed and narrowing:
        pinned = Term("is", "eq", (Value("pinned"),))
        either = language.write(Group((pinned, Group(language.parse(narrowing).parts)), any=True))
        if len(either) <= Q_LENGTH:
            return {"q": either}
    return {name: value for name, value in query.to_args().items() if name not in _OF_PAGES}


def _pins(query: ListQuery, band: int, *, is_first: bool) -> dict[str, str]:
    if query.pinned in ("only", "none"):
        return {"pinned": query.pinned}
    return {"pinned": "first" if is_first else "none"} if band else {}


def _place(query: ListQuery, wanted: int) -> dict[str, str]:
    """From which row on, and how many; no call gives more than ``params.PER_PAGE_MOST``."""
    if query.after and not query.is_ranked:
        size = min(query.per_page, params.PER_PAGE_MOST)
        return {"per_page": str(size), "cursor": feed.cursor_at(query, query.after)}
    offset = (query.page - 1) * query.per_page
    if not offset:
        return {"per_page": str(min(wanted, params.PER_PAGE_MOST))}
    # Pages of such a size that one of them begins there.
    size = next(size for size in range(min(query.per_page, params.PER_PAGE_MOST), 0, -1) if offset % size == 0)
    return {"per_page": str(size), "page": str(offset // size + 1)}


def _pinned(actor: Actor, query: ListQuery) -> int:
    """How many rows are pinned for everyone, of a list that shows them above the others."""
    if query.pinned != "first" or not query.section.pins:
        return 0
    # A search has no place for pinned rows without its words.
    only = replace(query, pinned="only") if query.is_ranked else ListQuery(section=query.section, pinned="only")
    return reads.count(actor, only)
