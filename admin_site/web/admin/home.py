"""The home page: what waits for you, how much there is, what happened last."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Response, jsonify, request, url_for
from flask_admin import AdminIndexView, expose
from werkzeug.datastructures import MultiDict

from admin_site.accounts import permissions
from admin_site.accounts.actor import Actor
from admin_site.core import clock, registry
from admin_site.core.section import Section
from admin_site.records import paging, reads
from admin_site.records.list_query import ListQuery
from admin_site.web.admin import search_page
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor

RECENT_ROWS = 6
# Rows of each section on the search page.
RESULTS = 20


@dataclass(frozen=True)
class Card:
    """A number and the list that it counts; both come from one ``ListQuery``."""

    section: Section
    label: str
    count: int
    url: str

    @property
    def is_bounded(self) -> bool:
        """Whether there are more than the number says."""
        return self.count > reads.COUNT_MOST


class HomeView(GuardedView, AdminIndexView):
    """``/admin/``"""

    actions: ClassVar[dict[str, str]] = {"index": "read", "search": "read", "palette": "read", "keys": "read"}

    def __init__(self) -> None:
        super().__init__(name="Home", menu_icon_type="bi", menu_icon_value="house")
        self.static_folder = None  # the library's own files are served nowhere

    def check_action(self, action: str) -> None:
        """Whoever is signed in has a home."""

    def is_accessible(self) -> bool:
        """Whoever is signed in has a home."""
        return actor().is_authenticated

    @expose("/")
    def index(self) -> str:
        """What waits, how much there is, what changed last."""
        person = actor()
        return self.render(
            "admin/home.html",
            greeting=_greeting(),
            waiting=[card for card in _waiting(person) if card.count],
            cards=list(_cards(person)),
            recent=_recent(person),
        )

    @expose("/search")
    def search(self) -> str:
        """Search over all sections, for those without script and for the whole of it."""
        q = request.args.get("q", "")
        result = search_page.search(actor(), q, limit=RESULTS)
        return self.render("admin/search.html", q=q, result=result, is_asked=bool(q.strip()))

    @expose("/search.json")
    def palette(self) -> Response:
        """The same, a few of each section, as JSON for the palette."""
        result = search_page.search(actor(), request.args.get("q", ""))
        said = f"{result.count:,}{'+' if result.is_bounded else ''}"
        return jsonify(
            shelves=[shelf.as_json() for shelf in result.shelves], count=said, corrected=result.corrected,
            problems=result.problems,
        )  # fmt: skip

    @expose("/keys")
    def keys(self) -> str:
        """What the keyboard can do."""
        return self.render("admin/keys.html")


def _greeting() -> str:
    hour = clock.now().hour
    return "Good morning" if 4 <= hour < 12 else "Good afternoon" if 12 <= hour < 18 else "Good evening"


def _card(person: Actor, section: Section, label: str, **args: Any) -> Card:
    query = ListQuery.from_args(section, MultiDict(args), person)
    url = url_for(f"{section.name}.index_view", **args)
    return Card(section, label, reads.count(person, query), url)


def _waiting(person: Actor) -> Iterator[Card]:
    """Rows in a status that only somebody with a further right can take them out of."""
    for section in registry.all_sections():
        workflow = section.workflow
        if workflow is None or not permissions.allows(person, "read", section):
            continue
        if permissions.allows(person, workflow.action, section):
            last_open = workflow.open[-1]
            words = section.field(workflow.field).choice_labels[last_open].lower()
            yield _card(person, section, f"{section.label}: {words}", **{workflow.field: last_open})
        elif section.owner != "created_by":
            own = {section.owner: str(person.id), workflow.field: workflow.open[0]}
            yield _card(person, section, f"Your {section.label.lower()} in the works", **own)


def _cards(person: Actor) -> Iterator[Card]:
    for section in registry.all_sections():
        if permissions.allows(person, "read", section):
            yield _card(person, section, section.label)


def _recent(person: Actor) -> list[Any]:
    """The rows that changed last, over the sections that have an index for it."""
    found: list[reads.Item] = []
    for section in registry.all_sections():
        if section.pins and permissions.allows(person, "read", section):
            query = ListQuery.from_args(
                section, MultiDict({"sort": "-updated_at", "per_page": str(RECENT_ROWS)}), person
            )
            found += paging.first(person, query, query.section.title_columns)
    return sorted(found, key=lambda item: item.row.updated_at, reverse=True)[:RECENT_ROWS]
