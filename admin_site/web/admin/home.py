"""The home page: what waits for you, how much there is, what happened last."""

from typing import ClassVar

from flask import Response, jsonify, request
from flask_admin import AdminIndexView, expose

from admin_site.core import clock
from admin_site.web.admin import dashboard, search_page
from admin_site.web.admin.guard import GuardedView
from admin_site.web.identity import actor

RECENT_ROWS = 6
# Rows of each section on the search page.
RESULTS = 20


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
        """What waits, what changed meanwhile, how much there is."""
        person = actor()
        board = dashboard.board(person)
        return self.render("admin/home.html", greeting=_greeting(), board=board)

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
