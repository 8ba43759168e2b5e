"""``doctor``: what would be slow or wrong, each with what mends it."""

from collections.abc import Iterator
from urllib.parse import parse_qsl

import click
from flask.cli import with_appcontext
from sqlalchemy import event
from werkzeug.datastructures import MultiDict

from admin_site.accounts.actor import SYSTEM
from admin_site.cli.options import as_json, show
from admin_site.core import registry, schema
from admin_site.core.database import db
from admin_site.core.errors import Invalid
from admin_site.core.section import Section
from admin_site.records import indexes, paging
from admin_site.records.list_query import ListQuery
from admin_site.records.search import rebuild

# What reading one page of a list may ask the database, whoever is asking and the views beside it apart.
STATEMENTS_MOST = 5


@click.command("doctor")
@click.option("--list", "address", metavar="SECTION?QUERY", help="Look at one list, such as posts?status=draft.")
@as_json
@with_appcontext
def command(address: str | None, as_json: bool) -> None:
    """Name another schema, filters, sorts and searches without an index, lists that ask too much; exit 1 if any."""
    found = list(_of_schema()) or list(_of_list(address) if address else _of_everything())
    if found or as_json:
        show(found, ("section", "finding", "mend"), as_json=as_json)
    else:
        click.echo("All lists have their indexes, and the search index is complete.")
    if found:
        raise click.exceptions.Exit(1)


def _of_schema() -> Iterator[dict[str, str]]:
    """Before anything else: without its columns nothing of a section can be looked at."""
    if difference := schema.difference():
        is_newer = bool(schema.unknown())
        mend = "run the newer program that upgraded it" if is_newer else "manage.py db upgrade"
        yield {"section": "", "finding": difference, "mend": mend}


def _of_everything() -> Iterator[dict[str, str]]:
    for section in registry.all_sections():
        for index in indexes.missing(section):
            yield _finding(section, f"no index for {index.use}", index.migration)
        if not rebuild.is_complete(section):
            yield _finding(section, "rows without a search document", f"manage.py search rebuild {section.name}")
        elif not rebuild.is_current(section):
            finding = "search documents that do not hold what its rows say now"
            yield _finding(section, finding, f"manage.py search rebuild {section.name}")
        asked = _statements(section)
        if asked > STATEMENTS_MOST:
            yield _finding(
                section, f"its list asks {asked} statements", f"show fewer relations (most {STATEMENTS_MOST})"
            )


def _of_list(address: str) -> Iterator[dict[str, str]]:
    name, _, words = address.partition("?")
    query = ListQuery.from_args(registry.get(name), MultiDict(parse_qsl(words)), SYSTEM)
    if query.problems:
        raise Invalid(str(query.problems[0]))
    index = indexes.for_list(query)
    if index is not None:
        yield _finding(query.section, f"no index for {index.use}", index.migration)


def _finding(section: Section, finding: str, mend: str) -> dict[str, str]:
    return {"section": section.name, "finding": finding, "mend": mend}


def _statements(section: Section) -> int:
    """How many statements a page of its list takes."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        made.append(statement)

    engine = db.session.get_bind()  # pages read
    event.listen(engine, "before_cursor_execute", note)
    try:
        pinned = "first" if section.pins else ""
        paging.page(SYSTEM, ListQuery.from_args(section, MultiDict({}), SYSTEM, pinned=pinned))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(made)
