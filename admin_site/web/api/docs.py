"""The document of the API, as JSON for programs and as a page for people."""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_smorest import Api

from admin_site.core import registry
from admin_site.web.api import answers, authentication, describe, params


def init_app(app: Flask, api: Api) -> None:
    """Serve the document that the other routes made."""
    app.extensions["api document"] = api.spec
    blueprint = Blueprint("api-docs", __name__, url_prefix="/api")
    blueprint.before_request(authentication.authenticate)
    blueprint.after_request(authentication.note_use)
    blueprint.add_url_rule("/openapi.json", view_func=openapi)
    blueprint.add_url_rule("/docs", view_func=page)
    app.register_blueprint(blueprint)
    api.spec.components.schemas.pop("PaginationMetadata", None)  # flask-smorest's own, which no call answers
    rule = next(app.url_map.iter_rules("api-docs.openapi"))
    api.spec.path(rule=rule, operations={"get": describe.document()}, parameters=[])


def document() -> dict[str, Any]:
    """OpenAPI 3.1 of every call."""
    found: dict[str, Any] = current_app.extensions["api document"].to_dict()
    return found


def openapi() -> Response:
    """The document."""
    params.refuse_unknown(request.args, ())
    return answers.response(document())


def page() -> str:
    """The same, to be read."""
    found = document()
    root = current_app.config["BASE_URL"] or request.host_url.rstrip("/")
    return render_template(
        "api/docs.html", groups=_groups(found), schemas=found["components"]["schemas"],
        sections=registry.all_sections(), root=f"{root}/",
    )  # fmt: skip


Call = tuple[str, str, dict[str, Any]]


def _groups(found: dict[str, Any]) -> list[tuple[str, list[Call]]]:
    """The calls by section: method, path and what the document says of them."""
    groups: dict[str, list[Call]] = {}
    for path, calls in found["paths"].items():
        for method, call in calls.items():
            if isinstance(call, dict) and "responses" in call:
                groups.setdefault(call["tags"][0], []).append((method.upper(), path, call))
    return list(groups.items())
