"""The home page: what waits for you, how much there is, what happened last."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, flash, jsonify, redirect, request, url_for
from flask_admin import AdminIndexView, expose

from admin_site.accounts import settings
from admin_site.core import clock
from admin_site.core.transactions import atomic
from admin_site.web import numbers
from admin_site.web.admin import dashboard, search_page
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor

RECENT_ROWS = 6
KINDS = (("card", "Numbers"), ("chart", "Charts"), ("section", "Sections"))
# Rows of each section on the search page.
RESULTS = 20


class HomeView(GuardedView, AdminIndexView):
    """``/admin/``"""

    actions: ClassVar[dict[str, str]] = {
        "index": "read",
        "search": "read",
        "palette": "read",
        "keys": "read",
        "arrange": "read",
    }

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
        """What waits, what changed meanwhile, how much there is."""
        person = actor()
        board = dashboard.board(person)
        return self.render("admin/home.html", greeting=_greeting(), board=board)

    @expose("/arrange", methods=("GET", "POST"))
    def arrange(self) -> Any:
        """Which numbers and charts stand there, and in which order, for this person."""
        person = actor()
        every, home = dashboard.cards(person), settings.home_of(person.id)
        if request.method == "POST":
            with atomic():
                settings.arrange_home(person.id or 0, None if "reset" in request.form else _chosen(every, home))
            flash("Your home page was arranged.", "ok")
            return redirect(url_for(".index"))
        shown = dashboard.arranged(every, home)
        places = {card.key: place for kind, _word in KINDS for place, card in enumerate(_of(shown, kind), start=1)}
        listed = [*shown, *(card for card in every if card.key not in places)]
        groups = [(word, [(card, places.get(card.key, 0)) for card in _of(listed, kind)]) for kind, word in KINDS]
        return self.render("admin/home_order.html", groups=groups)

    @expose("/search")
    def search(self) -> str:
        """Search over all sections, for those without script and for the whole of it."""
        q = request.args.get("q", "")
        result = search_page.search(actor(), q, limit=RESULTS)
        return self.render("admin/search.html", q=q, result=result, is_asked=bool(q.strip()))

    @expose("/search.json")
    def palette(self) -> Response:
        """The same, a few of each section, as JSON for the palette."""
        result = search_page.search(actor(), request.args.get("q", ""), is_typing=True)
        said = f"{result.count:,}{'+' if result.is_bounded else ''}"
        return jsonify(
            shelves=[shelf.as_json() for shelf in result.shelves], count=said, corrected=result.corrected,
            problems=result.problems,
        )  # fmt: skip

    @expose("/keys")
    def keys(self) -> str:
        """What the keyboard can do."""
        return self.render("admin/keys.html")


def _of(cards: Sequence[dashboard.Card], kind: str) -> list[dashboard.Card]:
    return [card for card in cards if card.kind == kind]


def _chosen(every: Sequence[dashboard.Card], home: settings.Home) -> settings.Home:
    """What the form says; of cards that it did not show, such as those of a right taken away, what was kept."""
    known = {card.key for card in every}
    ticked = [key for key in request.form.getlist("card") if key in known]
    shown = sorted(ticked, key=lambda key: numbers.small(request.form.get(f"place.{key}", "")) or len(every))
    return settings.Home(
        [*shown, *(key for key in home.shown if key not in known)],
        [*(key for key in known if key not in ticked), *(key for key in home.hidden if key not in known)],
    )


def _greeting() -> str:
    hour = clock.now().hour
    return "Good morning" if 4 <= hour < 12 else "Good afternoon" if 12 <= hour < 18 else "Good evening"
