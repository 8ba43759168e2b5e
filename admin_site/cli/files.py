"""``import`` and ``export``: the same path as the pages', for files of one section."""

import tempfile
from pathlib import Path

import click
from flask.cli import with_appcontext

from admin_site.accounts import permissions
from admin_site.cli import options
from admin_site.core import registry
from admin_site.core.errors import Conflict, Invalid, NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.core.transactions import atomic
from admin_site.imports import mapping, uploads, work
from admin_site.imports.reading import Format
from admin_site.jobs import board, runner
from admin_site.jobs.models import Job, State
from admin_site.records import export, workbook
from admin_site.records.list_query import ListQuery

REFUSED_SHOWN = 1_000
# What a file would not be, whatever its name says.
OTHER_FORMATS = (".json", ".xls", ".ods", ".xml")


def _section(name: str) -> Section:
    section = registry.by_name().get(name)
    if section is None:
        raise NotFound(f"There is no section {name!r}.")
    return section


@click.command("import")
@click.argument("section_name", metavar="SECTION")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", metavar="FIELD", help="Match rows by this field: id, or a unique one.")
@click.option("--mode", type=click.Choice(["add", "skip", "update", "upsert"]), default="add", show_default=True)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--good-rows", is_flag=True, help="Write the good rows also where others are refused.")
@options.as_email
@with_appcontext
def import_command(
    section_name: str, path: Path, key: str, mode: str, dry_run: bool, good_rows: bool, as_email: str | None
) -> None:
    """Read rows from a CSV, XLSX or JSON file. Columns are field names."""
    section, person = _section(section_name), options.acting(as_email)
    permissions.require(person, "import", section)
    with atomic():
        number = uploads.keep(person, section, path.name, path.read_bytes(), Format())
    upload = uploads.find(person, section, number)
    names = [column["name"] for column in upload.columns]
    guessed = mapping.guess(person, section, names)
    shown = {export.title_column(field) for field in section.all_fields.values()} | {*section.all_fields}
    if unknown := [name for name in names if name and not guessed[name] and name not in shown]:
        raise Invalid(f"There is no field {', '.join(map(repr, unknown[:5]))} to import into.")
    settings = mapping.Settings(columns=guessed, key=key, mode=mode, good_rows=good_rows)
    with atomic():
        job_id = work.begin(person, section, upload, settings, trial=dry_run, source="import")
    runner.run(job_id)
    _report(board.find(person, job_id), is_trial=dry_run)


def _report(job: Job, *, is_trial: bool) -> None:
    """The numbers on stdout, every refused row on stderr; ``Conflict`` where one was."""
    refused = job.failed
    click.echo(f"added {job.added}, changed {job.done - job.added}, same {job.same}, refused {refused}")
    if is_trial:
        click.echo("Nothing was written.")
    for note in board.notes(job, outcomes=("failed",), limit=REFUSED_SHOWN):
        click.echo(f"line {note.line}: {note.reason}", err=True)
    if refused or job.state != State.DONE:
        raise Conflict(job.message or ("1 row was refused." if refused == 1 else f"{refused} rows were refused."))


@click.command("export")
@click.argument("section_name", metavar="SECTION")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@options.as_email
@with_appcontext
def export_command(section_name: str, path: Path, as_email: str | None) -> None:
    """Write every row of a section to a CSV file, or to a workbook where FILE ends in .xlsx, as the pages do."""
    section, person = _section(section_name), options.acting(as_email)
    permissions.require(person, "export", section)
    query = ListQuery.from_args(section, _NoArgs(), person)
    if path.suffix.lower() in OTHER_FORMATS:
        raise Invalid(f"{path.suffix} cannot be written: name the file .csv or .xlsx.")
    write = _write_xlsx if path.suffix.lower() == ".xlsx" else _write_csv
    try:
        count = write(person, query, path)
    except OSError as error:
        raise Conflict(f"{path} cannot be written: {error.strerror or error}.") from None
    click.echo("1 row" if count == 1 else f"{count} rows")


def _write_csv(person: Actor, query: ListQuery, path: Path) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        return export.write_csv(person, query, file)


def _write_xlsx(person: Actor, query: ListQuery, path: Path) -> int:
    names = export.columns(query.section, ())
    header = export.header(query.section, names)
    rows = (row for lot in export.lots(person, query, names) for row in lot)
    # Beside its place until it is whole, which also says at once where nothing can be written.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        whole = Path(folder) / "export.xlsx"
        count = workbook.write(whole, query.section.label, header, rows, beside=Path(folder))
        whole.replace(path)
    return count


class _NoArgs:
    def items(self, multi: bool = False) -> list[tuple[str, str]]:
        """No query string: the whole list."""
        return []
