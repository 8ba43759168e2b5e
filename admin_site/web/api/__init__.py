"""The JSON API: every section has the same calls, derived from its declaration; nothing here knows one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Flask, Response
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint

from admin_site.accounts import permissions
from admin_site.accounts.roles import ACTIONS
from admin_site.core import registry
from admin_site.core.errors import NotFound
from admin_site.core.section import Section
from admin_site.web import security
from admin_site.web.api import authentication, deeds, describe, docs, history, limits, rows, searching
from admin_site.web.identity import actor

View = Callable[..., Response]


class Api(SmorestApi):
    """flask-smorest for routes and their document; errors, paging and tags are the contract's."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """``web/errors.py`` answers every failure."""

    def _register_responses(self) -> None:
        """``describe.py`` has those of the contract."""


@dataclass(frozen=True)
class Route:
    """One call of every section: which right it needs, and what the document says of it."""

    method: str
    rule: str
    view: View
    action: str
    document: Callable[[Section], dict[str, Any]]
    name: str = ""


ROUTES = (
    Route("GET", "", rows.list_rows, "read", describe.list_rows),
    Route("POST", "", rows.create, "create", describe.create),
    Route("GET", "/search", searching.in_section, "read", describe.search),
    Route("POST", "/bulk", deeds.in_bulk, "bulk_edit", describe.in_bulk),
    Route("GET", "/<int:id>", rows.read, "read", describe.read),
    Route("PUT", "/<int:id>", rows.change, "update", describe.put, "put"),
    Route("PATCH", "/<int:id>", rows.change, "update", describe.patch, "patch"),
    Route("DELETE", "/<int:id>", rows.delete, "delete", describe.delete),
    Route("POST", "/<int:id>/restore", rows.restore, "restore", describe.restore),
    Route("GET", "/<int:id>/history", history.of_row, "read", describe.history),
)


class UnknownActionError(Exception):
    """A route names a right that does not exist; the start is refused."""


def init_app(app: Flask) -> None:
    """Add the calls of every section, those beside them, and the document that describes them all."""
    limits.init_app(app)
    api = Api(app, spec_kwargs=describe.SPEC)
    describe.add_components(api.spec)
    for section in registry.all_sections():
        _add(api, _of_section(section))
    _add(api, _beside_sections())
    docs.init_app(app, api)


def _add(api: Api, blueprint: Blueprint) -> None:
    blueprint.before_request(authentication.authenticate)
    blueprint.after_request(authentication.note_use)
    security.csrf.exempt(blueprint)  # asked for by authenticate, where a cookie says who calls
    api.register_blueprint(blueprint)


def _of_section(section: Section) -> Blueprint:
    blueprint = Blueprint(f"api-{section.name}", __name__, url_prefix=f"/api/{section.name}")
    for route in ROUTES:
        if route.action not in ACTIONS:
            raise UnknownActionError(f"{route.method} {route.rule}: there is no action {route.action!r}")
        if describe.has_route(section, route.view.__name__):
            view = Blueprint.doc(**route.document(section))(_guarded(section, route))
            blueprint.add_url_rule(
                route.rule, route.name or route.view.__name__, view, methods=[route.method], tags=[section.label]
            )
    return blueprint


def _guarded(section: Section, route: Route) -> View:
    """The call for one section; hidden is 404, forbidden is 403."""

    @wraps(route.view)
    def run(**args: Any) -> Response:
        person = actor()
        if not permissions.allows(person, "read", section):
            raise NotFound
        permissions.require(person, route.action, section)
        return route.view(section, **args)

    return run


def _beside_sections() -> Blueprint:
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    calls: tuple[tuple[str, str, View, dict[str, Any]], ...] = (
        ("GET", "/search", searching.everywhere, describe.search_everywhere()),
        ("GET", "/jobs/<int:id>", deeds.read_job, describe.read_job()),
        ("POST", "/jobs/<int:id>/undo", deeds.undo_job, describe.undo_job()),
    )
    for method, rule, view, document in calls:
        described = Blueprint.doc(**document)(view)
        blueprint.add_url_rule(rule, view.__name__, described, methods=[method], tags=[describe.ALL_SECTIONS])
    return blueprint
