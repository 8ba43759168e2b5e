"""Speaks HTTP. Knows the registry and never one section."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from admin_site.web import (
    account,
    account_tokens,
    addresses,
    admin,
    api,
    assets,
    errors,
    health,
    identity,
    login,
    security,
    site,
    templating,
)


def init_app(app: Flask) -> None:
    """Everything that answers requests."""
    if proxies := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    templating.init_app(app)  # first: the others add to what templates may call
    addresses.init_app(app)
    security.init_app(app)
    identity.init_app(app)
    assets.init_app(app)
    errors.init_app(app)
    health.init_app(app)
    login.init_app(app)
    account.init_app(app)
    account_tokens.init_app(app)
    admin.init_app(app)
    api.init_app(app)
    site.init_app(app)
