"""Addresses that are put together here are those that Flask makes."""

import flask
import pytest
from werkzeug.routing import BuildError

from admin_site.web.addresses import ROW, url_for

VALUES = ({}, {"back": "q=a b&sort=-id", "none": None, "many": ["x", "é"]}, {"_anchor": "end"}, {"_external": True})
NUMBERS = (1, 42, ROW, 2**63 - 1, "17", True)


@pytest.mark.parametrize("root", ["", "/office"])
def test_addresses_are_those_of_flask(app, root):
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and rule.arguments <= {"id"}]
    assert sum("id" in rule.arguments for rule in rules) > 50
    with app.test_request_context("/admin/notes/", environ_overrides={"SCRIPT_NAME": root}):
        for rule in rules:
            for values in VALUES:
                for number in NUMBERS if rule.arguments else ({},):
                    asked = values | ({"id": number} if rule.arguments else {})
                    # Twice: the second time it is known.
                    found = [url_for(rule.endpoint, **asked) for _time in range(2)]
                    assert found == [flask.url_for(rule.endpoint, **asked)] * 2
        assert url_for(".edit_view", id=7) == f"{root}/admin/notes/7/edit"


def test_a_number_that_no_path_has_is_asked_for(app):
    with app.test_request_context("/admin/notes/"):
        assert url_for(".index_view", id=7) == flask.url_for("notes.index_view", id=7) == "/admin/notes/?id=7"
        # One endpoint, with and without a number.
        assert url_for(".draft_view", id=7) == "/admin/notes/7/draft"
        assert url_for(".draft_view", id=None) == url_for(".draft_view") == "/admin/notes/new/draft"
        with pytest.raises(BuildError):
            url_for(".edit_view")
        with pytest.raises(BuildError):
            url_for(".nowhere", id=7)
