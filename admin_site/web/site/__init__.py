"""The public pages: what is published, and two forms by which readers write. They read and write as a visitor."""

from flask import Flask

from admin_site.core import registry
from admin_site.core.checks import DeclarationError
from admin_site.web.site import markdown, pages, posts, questions


def init_app(app: Flask) -> None:
    """Add the pages."""
    app.jinja_env.globals.update(markdown=markdown.render)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(posts.blueprint)
    app.register_blueprint(questions.blueprint)
    check(app)


def check(app: Flask) -> None:
    """Refuse to start where the public page of a section does not exist."""
    for section in registry.all_sections():
        endpoint = section.public_page[0] if section.public_page else ""
        if endpoint and endpoint not in app.view_functions:
            raise DeclarationError(f"S029 {section.name}.public_page: there is no endpoint {endpoint!r}.")
