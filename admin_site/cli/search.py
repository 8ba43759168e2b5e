"""``search rebuild``: the search documents made anew from the rows."""

import click
from flask.cli import AppGroup

from admin_site.core import registry
from admin_site.core.database import db
from admin_site.core.errors import NotFound
from admin_site.core.section import Section
from admin_site.records.search import rebuild

group = AppGroup("search", help="The search index.")


@group.command("rebuild")
@click.argument("names", nargs=-1, metavar="[SECTION]…")
@click.option("--missing", is_flag=True, help="Only sections whose documents are not complete or not of today.")
def rebuild_documents(names: tuple[str, ...], missing: bool) -> None:
    """Make the search documents anew; one that was stopped goes on where it was. Staff may work meanwhile."""
    unknown = [name for name in names if name not in registry.by_name()]
    if unknown:
        raise NotFound(f"There is no section {unknown[0]!r}: {', '.join(registry.by_name())}.")
    sections = [s for s in registry.all_sections() if s.search and (not names or s.name in names)]
    for section in sections:
        if missing and not rebuild.is_needed(section):
            continue
        _rebuild(section)


def _rebuild(section: Section) -> None:
    bar = click.progressbar(length=1, label=f"{section.label:<12}", show_pos=True)
    with bar:
        for progress in rebuild.rebuild(section):
            bar.length = max(progress.total, 1)
            bar.update(progress.done - bar.pos)
    db.session.rollback()
    click.echo(f"{section.name}: done")
