"""The list that somebody looks at, as a call of the API that gives the same rows."""

import shlex
from collections.abc import Sequence
from urllib.parse import urlencode

from admin_site.core.rules import Actor
from admin_site.records import pins, reads
from admin_site.records.list_query import ListQuery
from admin_site.web.api import params


def command(actor: Actor, query: ListQuery, columns: Sequence[str], root: str) -> str:
    """A line for a shell. ``root`` is the address of the site, without a slash at its end."""
    path = f"/api/{query.section.name}" + ("/search" if query.is_ranked else "")
    url = f"{root}{path}?{urlencode(_args(actor, query, columns), safe=',')}"
    return f'curl -H "Authorization: Bearer $TOKEN" {shlex.quote(url)}'


def _args(actor: Actor, query: ListQuery, columns: Sequence[str]) -> dict[str, str]:
    band = _band(actor, query)
    size = query.per_page + (band if query.page == 1 else 0)
    args = {"per_page": str(min(size, params.PER_PAGE_MOST)), "fields": ",".join(dict.fromkeys(["id", *columns]))}
    if query.is_ranked:
        return {"q": query.as_text()} | args | _page(query)
    said = {name: value for name, value in query.to_args().items() if name not in _OF_PAGES}
    args = said | {"sort": ",".join(map(str, query.orders))} | args
    if band and query.page == 1 and not query.after:
        return args | {"pinned": "first"}
    if band:
        args["pinned"] = "none"
    return args | ({"cursor": query.after} if query.after else _page(query))


_OF_PAGES = ("view", "columns", "group", "count", "page", "after", "per_page", "pinned")


def _page(query: ListQuery) -> dict[str, str]:
    return {"page": str(query.page)} if query.page > 1 else {}


def _band(actor: Actor, query: ListQuery) -> int:
    """How many rows stand above the list for everyone; none where there are more than a band shows."""
    if query.pinned != "first" or not query.section.pins:
        return 0
    only = ListQuery(section=query.section, conditions=query.conditions, q=query.q, parts=query.parts, pinned="only")
    count = reads.count(actor, only)
    return count if count <= pins.BAND_LENGTH else 0
