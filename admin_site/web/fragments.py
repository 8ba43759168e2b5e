"""Parts of pages that are made once: ``{% kept name, count %} … {% endkept %}`` in a template.

The markup between is made again only when one of the values named is another one: whatever it depends on has to be
named. Who asks, what they may do and where the site is mounted need not be: what is kept for one person is given to
nobody else. Tokens, nonces and moments change with each answer and cannot stand in it, nor can a text area. While
tests run, what was kept is made again each time and compared, so that a value that was forgotten is an error there.
"""

import re
from collections.abc import Callable, Hashable
from typing import Any

from flask import current_app, request
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

from admin_site.web.identity import actor

# A list of one person is four of them, of a few kilobytes each; one with dozens of filters is not kept.
KEPT_MOST, LENGTH_MOST = 1_000, 16 * 1024


class Forgotten(AssertionError):
    """A part of a page depends on a value that its tag does not name."""


class Kept(Extension):
    """The tag."""

    tags = {"kept"}  # noqa: RUF012 - as the library declares it

    def parse(self, parser: Parser) -> nodes.Node:
        """Read the values named and the markup up to the end of the tag."""
        line = next(parser.stream).lineno
        values = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            values.append(parser.parse_expression())
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        place = nodes.Const(f"{parser.name}:{line}")
        call = self.call_method("_markup", [place, nodes.Tuple(values, "load")])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _markup(self, place: str, values: tuple[Hashable, ...], caller: Callable[[], Markup]) -> Markup:
        person = actor()
        key = (place, person.id, person.roles, person.scopes, request.script_root, request.blueprint, values)
        known: dict[Any, Markup] = current_app.extensions.setdefault("fragments", {})
        found = known.get(key)
        if found is None:
            found = _packed(caller())
            if len(known) >= KEPT_MOST:
                known.clear()
            if len(found) <= LENGTH_MOST:
                known[key] = found
        elif current_app.testing and (fresh := _packed(caller())) != found:
            raise Forgotten(f"{place} depends on more than it names:\n{found}\n{fresh}")
        return found


# Between tags alone: values and texts keep their line ends.
_LINE_END = re.compile(r">[ \t]*\n[ \t\n]*<")
# A name or number as the value of an attribute needs no quotes; in texts they are escaped.
_QUOTED = re.compile(r'="([\w-]+)"(?=[ >])', re.ASCII)


def _packed(markup: Markup) -> Markup:
    """Without the indentation of templates and what quotes need not be: that, too, is done once."""
    return Markup(_QUOTED.sub(r"=\1", _LINE_END.sub(">\n<", markup)))  # noqa: S704 - nothing is added
