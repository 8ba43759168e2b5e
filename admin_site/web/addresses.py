"""Addresses of pages: a list names three dozen, and most of them are an address that never changes and a query."""

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import flask
from flask import Flask, Response, current_app, request
from werkzeug.routing import IntegerConverter

# What may stand in a query as it is: the same as in addresses that Flask makes.
SAFE = "!$'()*,/:;?@"
KNOWN_MOST = 1_000


class Number(IntegerConverter):
    """A number in a path, written in one way: no other digits than ours, and none before the first that counts."""

    regex = "0|[1-9][0-9]*"


def init_app(app: Flask) -> None:
    """Let templates use them, and answer each under one address alone. For before routes are added."""
    app.url_map.converters["int"] = Number
    app.after_request(_stay_here)
    app.jinja_env.globals["url_for"] = url_for


def _stay_here(response: Response) -> Response:
    """Redirects lead to a path alone: the host that an absolute one has came with the request."""
    target = urlsplit(response.headers.get("Location", ""))
    if target.netloc and target.netloc == request.host:
        response.headers["Location"] = urlunsplit(("", "", target.path, target.query, target.fragment))
    return response


def url_for(endpoint: str, **values: Any) -> str:
    """As Flask's, in a third of the time where no value but the number of a row is a part of the path."""
    known: dict[tuple[str, bool, str], tuple[str, ...]] = current_app.extensions.setdefault("addresses", {})
    name = f"{request.blueprint}{endpoint}" if endpoint.startswith(".") else endpoint
    said = {word: value for word, value in values.items() if value is not None}
    number = said.pop("id", None)
    has_number = number is not None
    key = (name, has_number, request.script_root)
    parts = known.get(key)
    if parts is None:
        if len(known) >= KNOWN_MOST:
            known.clear()
        parts = known[key] = _parts(name, has_number=has_number)
    if not parts or type(number) not in _NUMBERS or any(word.startswith("_") for word in values):
        return flask.url_for(name, **values)
    path = str(number).join(parts)
    return f"{path}?{urlencode(said, doseq=True, safe=SAFE)}" if said else path


# Stands for the number of any row while a path is taken apart.
ROW = 7_000_000_007
_NUMBERS = (int, type(None))


def _parts(name: str, *, has_number: bool) -> tuple[str, ...]:
    """What stands before and behind the number of a row in the path of an endpoint, or a path that needs none.

    Nothing where the path has other parts to fill in.
    """
    needed = {"id"} if has_number else set()
    try:
        rules = [rule for rule in current_app.url_map.iter_rules(name) if rule.arguments == needed]
    except KeyError:  # Flask says so in its own words
        return ()
    if len(rules) != 1 or rules[0].defaults:
        return ()
    return tuple(flask.url_for(name, id=ROW).split(str(ROW))) if has_number else (flask.url_for(name),)
