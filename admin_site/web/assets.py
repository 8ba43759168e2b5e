"""Styles, scripts and icons, served from one address that changes with their content."""

import hashlib
import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, g, send_from_directory, url_for
from markupsafe import Markup

STATIC = Path(__file__).parent.parent / "static"
BOOTSTRAP = Path(str(files("flask_bootstrap"))) / "static" / "bootstrap5"
# The order is the cascade: foundations, controls, furniture, content.
STYLES = (
    "tokens", "base", "icon", "button", "field", "menu", "shell", "page", "tabs", "toolbar", "filter", "list",
    "status", "avatar", "pager", "form", "picker", "savebar", "callout", "panel", "stat", "timeline", "diff", "toast",
    "empty", "auth", "print",
)  # fmt: skip

blueprint = Blueprint("assets", __name__, url_prefix="/assets")


def init_app(app: Flask) -> None:
    """Serve the assets and give templates the means to name them."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(asset=asset, icon=icon, sprite=sprite)


@lru_cache(maxsize=1)
def stylesheet() -> bytes:
    """Bootstrap and our components, joined."""
    parts = [BOOTSTRAP / "css" / "bootstrap.min.css", *(STATIC / "css" / f"{name}.css" for name in STYLES)]
    css = "\n".join(path.read_text() for path in parts)
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css).encode()


@lru_cache(maxsize=1)
def digest() -> str:
    """Names this state of all assets."""
    hasher = hashlib.sha256(stylesheet())
    for path in sorted([*(STATIC / "js").iterdir(), *(STATIC / "img").iterdir()]):
        hasher.update(path.read_bytes())
    return hasher.hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file."""
    return url_for("assets.file", version=digest(), name=name)


@blueprint.get("/<version>/<path:name>")
def file(version: str, name: str) -> Response:
    """A stylesheet or script; the address names its content, so it may be kept for ever."""
    if version != digest():
        abort(404)
    if name == "app.css":
        response = Response(stylesheet(), mimetype="text/css")
    else:
        response = send_from_directory(STATIC / ("js" if name.endswith(".js") else "img"), name)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@lru_cache(maxsize=1)
def _symbols() -> dict[str, str]:
    text = (BOOTSTRAP / "icons" / "bootstrap-icons.svg").read_text()
    return dict(re.findall(r'<symbol[^>]*?id="([^"]+)"[^>]*>(.*?)</symbol>', text, re.DOTALL))


def icon(name: str, cls: str = "") -> Markup:
    """An icon of Bootstrap Icons; decoration, unless the element around it has a label."""
    _used().add(name)
    classes = f"icon {cls}".strip()
    return Markup('<svg class="{}" aria-hidden="true"><use href="#i-{}"></use></svg>').format(classes, name)


def sprite() -> Markup:
    """The drawings of the icons that this page used; stands once, at its end."""
    symbols = _symbols()
    drawn = Markup("").join(
        Markup('<symbol id="i-{}" viewBox="0 0 16 16">{}</symbol>').format(name, Markup(symbols[name].strip()))  # noqa: S704 - from the wheel
        for name in sorted(_used())
    )
    return Markup('<svg class="sprite" aria-hidden="true">{}</svg>').format(drawn)


def _used() -> set[str]:
    if "icons" not in g:
        g.icons = set()
    used: set[str] = g.icons
    return used
