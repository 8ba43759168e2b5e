"""The import as a job: a trial that writes nothing and says what would happen, and the import itself.

Both do the same, lot by lot; the trial is taken back after each. An import of which every row must be good
takes itself back at the first that is not.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from admin_site.accounts import permissions
from admin_site.core import registry, text
from admin_site.core.database import db
from admin_site.core.errors import AppError, Conflict, Invalid
from admin_site.core.rules import Actor
from admin_site.core.section import Change, Field, Section
from admin_site.imports import mapping, uploads
from admin_site.imports.mapping import Reader, Settings
from admin_site.imports.models import Upload
from admin_site.imports.reading import Row
from admin_site.jobs import board, kinds
from admin_site.jobs.models import Job
from admin_site.records import changes, effects, validation, writes
from admin_site.records.effects import Deed

NEW, CHANGED, SAME, FAILED = "new", "changed", "same", "failed"
# So many changes of a trial are kept to be looked at.
SHOWN_MOST = 50
TWICE_MOST = 10_000
REFUSED = (
    "Some rows were refused, so nothing was written. Mend them and hand the file in again, or take only the good rows."
)


@dataclass(frozen=True)
class Said:
    """What became of one row."""

    row: Row
    outcome: str
    reason: str = ""
    row_id: int | None = None
    change: Change | None = None


def begin(actor: Actor, section: Section, upload: Upload, settings: Settings, *, trial: bool, source: str,
          reason: str = "", key: str = "") -> int:  # fmt: skip
    """Write the import, or its trial, down as a job."""
    permissions.require(actor, "import", section)
    mapping.check(actor, section, settings, [column["name"] for column in upload.columns])
    params = {"upload": upload.id, "settings": settings.to_json(), "twice": _twice(section, upload, settings)}
    return board.begin(
        actor, "trial" if trial else "import", params, section=section.name, total=upload.rows, source=source,
        reason=reason or f"Import of {upload.name}", key=key,
    )  # fmt: skip


def _twice(section: Section, upload: Upload, settings: Settings) -> dict[str, int]:
    """Lines whose unique value an earlier line has: line to that line."""
    names = [column["name"] for column in upload.columns]
    places = [
        (names.index(column), section.field(name))
        for column, name in settings.columns.items()
        if column in names and (name in section.unique or (name == "id" and settings.key == "id"))
    ]
    first: dict[tuple[str, str], int] = {}
    found: dict[str, int] = {}
    for rows in uploads.lots(upload.id) if places else ():
        for row in rows:
            for place, item in places:
                cell = row.cells[place] if place < len(row.cells) else None
                folded = mapping.folded_key(section, item, cell)
                if folded is None:
                    continue
                earlier = first.setdefault((item.name, folded), row.line)
                if earlier != row.line and len(found) < TWICE_MOST:
                    found[str(row.line)] = earlier
    return found


def _require_right(step: Callable[[Job, Deed], kinds.Step]) -> Callable[[Job, Deed], kinds.Step]:
    """The right to import is asked for each lot: where it was taken away, the job stops."""

    def checked(job: Job, deed: Deed) -> kinds.Step:
        permissions.require(deed.actor, "import", registry.get(job.section))
        return step(job, deed)

    return checked


def work_lot(deed: Deed, section: Section, job_params: Mapping[str, Any], rows: Sequence[Row],
             columns: Sequence[str]) -> list[Said]:  # fmt: skip
    """Write these rows; what became of each, in their order."""
    settings = Settings.from_json(job_params["settings"])
    reader = Reader(deed, section, settings, columns)
    # Of rows that are left as they are nothing else is read: not what they name, nor whether they stand twice.
    left = reader.standing([row for row in rows if not row.problem]) if settings.mode == "skip" else {}
    said = {row.line: Said(row, SAME, row_id=left[row.line]) for row in rows if row.line in left}
    reader.look_up([row for row in rows if row.line not in left])
    good: list[tuple[Row, dict[str, Any]]] = []
    for row in (row for row in rows if row.line not in left):
        try:
            if (earlier := job_params["twice"].get(str(row.line))) is not None:
                raise Invalid(f"Line {earlier} has the same value, which only one row may have.")
            good.append((row, reader.sent(row)))
        except AppError as error:
            said[row.line] = Said(row, FAILED, error.whole)
    new, known = _parted(deed.actor, section, settings, good, said)
    _add(deed, section, new, said)
    _change(deed, section, known, said)
    return [said[row.line] for row in rows]


def _parted(
    actor: Actor, section: Section, settings: Settings, good: Sequence[tuple[Row, dict[str, Any]]],
    said: dict[int, Said],
) -> tuple[list[tuple[Row, dict[str, Any]]], dict[int, tuple[Row, dict[str, Any]]]]:  # fmt: skip
    """Rows to add, and rows to change by number."""
    if not settings.key:
        return [(row, _without_id(sent)) for row, sent in good], {}
    item = section.field(settings.key)
    standing = mapping.matched(actor, section, item.name, [sent.get(item.name) for _row, sent in good])
    new: list[tuple[Row, dict[str, Any]]] = []
    known: dict[int, tuple[Row, dict[str, Any]]] = {}
    for row, sent in good:
        raw = sent.get(item.name)
        folded = mapping.folded_key(section, item, raw)
        number = standing.get(folded) if folded is not None else None
        if folded is None and raw:
            said[row.line] = Said(row, FAILED, f"{_called(item)} “{text.clip(str(raw), 60)}” is none.")
        elif number is not None and settings.mode == "add":
            said[row.line] = Said(row, FAILED, f"There is a row with this {_called(item)} already.", number)
        elif number is not None and number in known:
            said[row.line] = Said(row, FAILED, f"An earlier line has the same {_called(item)}.", number)
        elif number is not None:
            known[number] = (row, _without_id(sent))
        elif settings.mode == "update" or (item.name == "id" and folded is not None):
            said[row.line] = Said(row, FAILED, f"There is no row with this {_called(item)}.")
        else:
            new.append((row, _without_id(sent)))
    return new, known


def _called(item: Field) -> str:
    return "number" if item.name == "id" else item.label


def _without_id(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in sent.items() if name != "id"}


def _add(deed: Deed, section: Section, new: Sequence[tuple[Row, dict[str, Any]]], said: dict[int, Said]) -> None:
    outcome = writes.create_many(deed, section, [sent for _row, sent in new])
    for place, change in outcome.made.items():
        row = new[place][0]
        said[row.line] = Said(row, NEW, row_id=change.id, change=change)
    for place, reason in outcome.refused.items():
        row = new[place][0]
        said[row.line] = Said(row, FAILED, reason)


def _change(
    deed: Deed, section: Section, known: Mapping[int, tuple[Row, dict[str, Any]]], said: dict[int, Said]
) -> None:
    if not known:
        return
    names = {name for _row, sent in known.values() for name in sent}
    named: validation.Named = {}

    def plan(change: Change) -> Mapping[str, Any]:
        cleaned = validation.clean(section, known[change.id][1], new=False)
        stood = {name: changes.standing(change, name) for name in cleaned}
        validation.check_related(section, deed.actor, cleaned, stood, named)
        change.titles = named
        return cleaned

    outcome = writes.update_many(deed, section, list(known), names, plan)
    for change in outcome.changed:
        row = known[change.id][0]
        said[row.line] = Said(row, CHANGED, row_id=change.id, change=change)
    for number in outcome.same:
        said[known[number][0].line] = Said(known[number][0], SAME, row_id=number)
    for left in outcome.left_out:
        said[known[left.row_id][0].line] = Said(known[left.row_id][0], FAILED, left.reason, left.row_id)


def _step(job: Job, deed: Deed) -> kinds.Step:
    """Every row is tried first, unless the good ones are wanted whatever the others are; then it is written."""
    if Settings.from_json(job.params["settings"]).good_rows:
        return _write(job, deed, int(job.cursor or 0))
    phase, place = job.cursor or ("try", 0)
    if phase == "write":
        return _write(job, deed, place, all_good=True)
    said = _tried(job, deed, place)
    failed = [_note(one) for one in said if one.outcome == FAILED]
    if _lot(job, place + 1) is not None:
        return kinds.Step(cursor=("try", place + 1), failed=len(failed), notes=failed, is_trial=True)
    if failed or job.failed:
        return kinds.Step(cursor=None, failed=len(failed), notes=failed, failure=REFUSED, is_trial=True)
    return kinds.Step(cursor=("write", 0), is_trial=True)


def _write(job: Job, deed: Deed, place: int, *, all_good: bool = False) -> kinds.Step:
    section, rows, columns = _of(job, place)
    said = work_lot(deed, section, job.params, rows, columns)
    failed = [one for one in said if one.outcome == FAILED]
    if all_good and failed:  # somebody else took a value since it was tried
        raise Conflict(f"Line {failed[0].row.line}: {failed[0].reason} What was written before can be undone.")
    following = place + 1 if _lot(job, place + 1) is not None else None
    cursor = ("write", following) if all_good and following else following
    return _counted(said, cursor, [_note(one) for one in said if one.outcome == FAILED])


def _try(job: Job, deed: Deed) -> kinds.Step:
    """A trial: the same, taken back; with the first rows to look at."""
    place = int(job.cursor or 0)
    said = _tried(job, deed, place)
    notes = [_note(one) for one in said if one.outcome == FAILED]
    for outcome in (NEW, CHANGED) if place == 0 else ():
        notes += _shown(registry.get(job.section), [one for one in said if one.outcome == outcome][:SHOWN_MOST])
    following = place + 1 if _lot(job, place + 1) is not None else None
    return replace(_counted(said, following, notes), is_trial=True)


def _tried(job: Job, deed: Deed, place: int) -> list[Said]:
    """Written by a deed of its own; the runner takes it back."""
    section, rows, columns = _of(job, place)
    return work_lot(writes.begin(deed.actor, deed.source), section, job.params, rows, columns)


def _of(job: Job, place: int) -> tuple[Section, list[Row], list[str]]:
    """The section, the rows of a lot and the names of the columns; what was forgotten meanwhile is said."""
    section = registry.by_name().get(job.section)
    upload = db.session.get(Upload, job.params["upload"])
    rows = _lot(job, place)
    if section is None or upload is None or rows is None:
        raise Conflict("The file is not kept any more. Hand it in again.")
    return section, rows, [column["name"] for column in upload.columns]


def _lot(job: Job, place: int) -> list[Row] | None:
    return uploads.lot(job.params["upload"], place)


def _counted(said: Sequence[Said], cursor: Any, notes: Sequence[kinds.Note]) -> kinds.Step:
    counts = Counter(one.outcome for one in said)
    return kinds.Step(
        cursor=cursor, added=counts[NEW], done=counts[NEW] + counts[CHANGED], same=counts[SAME],
        failed=counts[FAILED], notes=notes,
    )  # fmt: skip


def _note(one: Said) -> kinds.Note:
    return kinds.Note(outcome=one.outcome, reason=one.reason, line=one.row.line, row_id=one.row_id)


def _shown(section: Section, said: Sequence[Said]) -> list[kinds.Note]:
    """New or changed rows with what they would hold."""
    differences = effects.differences(section, [one.change for one in said if one.change])
    return [replace(_note(one), detail={"changes": told}) for one, told in zip(said, differences, strict=True)]


kinds.register(kinds.Kind(name="import", step=_require_right(_step)))
kinds.register(kinds.Kind(name="trial", step=_require_right(_try), writes=False))
