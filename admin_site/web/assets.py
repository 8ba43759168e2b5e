"""Styles, scripts and icons, served from one address that changes with their content."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Flask, Response, abort, request, send_from_directory
from jinja2.ext import Extension
from markupsafe import Markup

from admin_site.core import registry

STATIC = Path(__file__).parent.parent / "static"
BOOTSTRAP = Path(str(files("flask_bootstrap"))) / "static" / "bootstrap5"
# The order is the cascade: foundations, controls, furniture, content.
STYLES = (
    "tokens", "base", "icon", "button", "field", "menu", "shell", "page", "tabs", "toolbar", "filter", "list",
    "selection", "status", "avatar", "pager", "form", "picker", "savebar", "callout", "panel", "stat", "timeline",
    "diff", "progress", "steps", "bulk", "toast", "palette", "empty", "auth", "api", "site", "print",
)  # fmt: skip

# Icons that no template and no declaration names.
NAMED_IN_CODE = frozenset(
    {
        "activity",
        "arrow-counterclockwise",
        "pencil",
        "trash",
        "house",
        "pin-angle",
        "bookmark-fill",
        "person",
        "keyboard",
        "plus-lg",
        "search",
    }
)
# What a list shows for "yes".
YES = "check-lg"

blueprint = Blueprint("assets", __name__, url_prefix="/assets")


def init_app(app: Flask) -> None:
    """Serve the assets and give templates the means to name them."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(asset=asset, icon=icon)
    app.jinja_env.add_extension(WrittenIcons)


@lru_cache(maxsize=1)
def stylesheet() -> bytes:
    """Bootstrap and our components, joined."""
    parts = [BOOTSTRAP / "css" / "bootstrap.min.css", *(STATIC / "css" / f"{name}.css" for name in STYLES)]
    css = "\n".join([*(path.read_text() for path in parts), *_shapes()])
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css).encode()


def _shapes() -> Iterator[str]:
    """The icons of choices, for the style sheet to draw: lists show hundreds of them."""
    drawn = _drawn()
    for name in sorted(_of_choices() & drawn.keys()):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{drawn[name].strip()}</svg>'
        yield f'.i-{name} {{ --shape: url("data:image/svg+xml,{quote(svg)}"); }}'


def _of_choices() -> set[str]:
    fields = [field for section in registry.all_sections() for field in section.all_fields.values()]
    return {choice.icon for field in fields for choice in field.choices} | {YES}


@lru_cache(maxsize=1)
def digest() -> str:
    """Names this state of all assets."""
    hasher = hashlib.sha256(stylesheet() + sprite())
    for path in sorted([*(STATIC / "js").iterdir(), *(STATIC / "img").iterdir()]):
        hasher.update(path.read_bytes())
    return hasher.hexdigest()[:8]


def asset(name: str) -> str:
    """The address of a file."""
    return f"{request.script_root}{blueprint.url_prefix}/{digest()}/{name}"


@blueprint.get("/<version>/<path:name>")
def file(version: str, name: str) -> Response:
    """A stylesheet or script; the address names its content, so it may be kept for ever."""
    if version != digest():
        abort(404)
    if name == "app.css":
        response = Response(stylesheet(), mimetype="text/css")
    elif name == "i.svg":
        response = Response(sprite(), mimetype="image/svg+xml")
    else:
        response = send_from_directory(STATIC / ("js" if name.endswith(".js") else "img"), name)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@lru_cache(maxsize=1)
def sprite() -> bytes:
    """The icons that templates and sections use, in one file that is kept for ever."""
    symbols = _drawn()
    drawn = (f'<symbol id="{name}" viewBox="0 0 16 16">{symbols[name].strip()}</symbol>' for name in sorted(_used()))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}</svg>'.encode()


@lru_cache(maxsize=512)
def icon(name: str, cls: str = "") -> Markup:
    """An icon of Bootstrap Icons; decoration, unless the element around it has a label."""
    classes = f"icon {cls}".strip()
    quoted = Markup('"{}"').format(classes) if cls else classes
    return Markup('<svg class={} aria-hidden=true><use href="{}#{}"/></svg>').format(quoted, _sprite_url(), name)


class WrittenIcons(Extension):
    """Icons that a template names outright are part of its text, and cost nothing when it is shown."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Put each in its place."""
        return _NAMED.sub(lambda named: str(icon(named[1], named[2] or "")), source)


_NAMED = re.compile(r'{{ icon\("([a-z0-9-]+)"(?:, "([a-z -]+)")?\) }}')


def _sprite_url() -> str:
    return f"/assets/{digest()}/i.svg"


def _used() -> set[str]:
    """Every icon that is named anywhere: in templates, and in the declarations of sections."""
    templates = "".join(path.read_text() for path in (STATIC.parent / "templates").rglob("*.html"))
    named = set(
        re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)*)"', "".join(re.findall(r"icon\([^)]*\)|icons = {.*?}", templates)))
    )
    named |= _of_choices() | {section.icon for section in registry.all_sections()}
    return (named | NAMED_IN_CODE) & _drawn().keys()


@lru_cache(maxsize=1)
def _drawn() -> Mapping[str, str]:
    """Every icon there is: name to what is drawn in its box of 16 by 16."""
    source = (BOOTSTRAP / "icons" / "bootstrap-icons.svg").read_text()
    return dict(re.findall(r'<symbol[^>]*?id="([^"]+)"[^>]*>(.*?)</symbol>', source, re.DOTALL))
