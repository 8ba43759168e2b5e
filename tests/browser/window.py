"""Browser windows: who opens them, and what no page may do in them."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

from admin_site.accounts.actor import Actor
from tests.browser.live import Site
from tests.cast import PASSWORD

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# Chromium tells each answer of 400 and above; those of pages are what tests look at, the others are caught below.
STATUS_WORDS = "Failed to load resource: the server responded with a status of"
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`Content-Security-Policy: ${event.violatedDirective} refused ${event.blockedURI}`));
"""

Open = Callable[..., Page]


class Troubles(list[str]):
    """What went wrong in the windows of one test: console errors, script errors, refused and missing files."""

    def watch(self, context: BrowserContext) -> None:
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.append(str(error.error)))
        context.on("response", self._response)

    def taken(self) -> list[str]:
        """All of them, for a test that expects some; afterwards there are none."""
        told, self[:] = list(self), []
        return told

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(STATUS_WORDS):
            self.append(f"{message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.append(f"{response.status}: {response.url}")


class Windows:
    """Opens windows; each is a browser of its own, with its own cookies."""

    def __init__(self, browser: Browser, site: Site, troubles: Troubles) -> None:
        self.browser, self.site, self.troubles = browser, site, troubles
        self.contexts: list[BrowserContext] = []

    def open(self, actor: Actor | None = None, *, script: bool = True, phone: bool = False, **more: Any) -> Page:
        """A window in which somebody is signed in, or nobody."""
        context = self.browser.new_context(
            base_url=self.site.url, java_script_enabled=script, viewport=PHONE if phone else DESKTOP,
            has_touch=phone, reduced_motion="reduce", **more,
        )  # fmt: skip
        context.set_default_timeout(5000)
        self.contexts.append(context)
        self.troubles.watch(context)
        if actor is not None:
            cookie = {"name": "session", "value": self.site.cookie(actor), "url": self.site.url, "httpOnly": True}
            context.add_cookies([cookie])
        return context.new_page()

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def sign_in(page: Page, actor: Actor, password: str = PASSWORD) -> None:
    """Through the form."""
    page.goto("/login")
    page.get_by_label("E-mail").fill(actor.email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def go(page: Page, path: str) -> int:
    """Open an address; returns the status."""
    response = page.goto(path)
    assert response is not None
    return response.status
