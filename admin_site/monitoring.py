"""Telling an error tracker (Sentry, GlitchTip) of what nobody expected; nothing leaves without ``SENTRY_DSN``."""

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint


def init_app(app: Flask) -> None:
    """Send what is logged as an error: where it happened and which kind it was, nothing of what people typed."""
    dsn = app.config["SENTRY_DSN"]
    if not dsn:
        return
    import sentry_sdk
    from sentry_sdk.integrations.flask import FlaskIntegration

    sentry_sdk.init(
        dsn=dsn,
        environment=app.config["APP_CONFIG"],
        integrations=[FlaskIntegration()],
        # Neither people nor addresses, bodies, cookies or the values of variables.
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=_without_people,
    )


def _without_people(event: "Event", _hint: "Hint") -> "Event":
    """Query strings have what somebody searched for, and breadcrumbs the statements with it."""
    request = event.get("request", {})
    event["request"] = {name: request[name] for name in ("method", "url") if name in request}
    event.pop("user", None)
    event.pop("breadcrumbs", None)
    return event
