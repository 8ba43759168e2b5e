"""The start page."""

from flask import Blueprint, render_template

from admin_site.web.site import posts, questions

blueprint = Blueprint("site", __name__)


@blueprint.get("/")
def home() -> str:
    """The newest posts and questions."""
    return render_template("site/home.html", posts=posts.newest(5), questions=questions.newest(3))
