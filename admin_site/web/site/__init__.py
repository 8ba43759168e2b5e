"""The public pages: what is published, and two forms by which readers write. They read and write as a visitor."""

from flask import Flask

from admin_site.web.site import markdown, pages, posts, questions


def init_app(app: Flask) -> None:
    """Add the pages."""
    app.jinja_env.globals.update(markdown=markdown.render)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(posts.blueprint)
    app.register_blueprint(questions.blueprint)
