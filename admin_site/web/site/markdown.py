"""Markdown as a page shows it: rendered and cleaned here, whoever wrote it."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
# Deeper lists and quotes are shown flat.
NESTING_MOST = 20


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING_MOST}).enable(["table", "strikethrough"])
    # Pictures come from elsewhere, which pages load nothing from: a link leads there.
    return parser.disable("image")


def render(text: str) -> Markup:
    """Headings begin below the page's own; links tell nobody where their reader came from."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        _lower(token)
    html = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer")
    return Markup(clean)  # noqa: S704 - just cleaned


def _lower(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
