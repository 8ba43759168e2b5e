"""Keeping a file that was handed in, and its rows, until the import is done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from admin_site.core import clock, text
from admin_site.core.database import db
from admin_site.core.errors import Invalid, NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.imports import limits, reading
from admin_site.imports.models import Upload, UploadLot, UploadPart
from admin_site.imports.reading import Format, Row
from admin_site.records.values import ID_MOST

LOT = 250
LOT_LETTERS = 1_000_000
PART = 1024 * 1024
KEPT_FOR = timedelta(days=31)
SAMPLES = 3


def keep(actor: Actor, section: Section, name: str, data: bytes, wanted: Format) -> int:
    """Read a file and keep it; returns its number. ``Invalid`` where it cannot be read."""
    table = reading.read(data, name, wanted)
    forget_old()
    result: Any = db.session.execute(
        insert(Upload).values(
            user_id=actor.id, section=section.name, name=text.clip(text.storable(name) or "file", 200), at=clock.now(),
            size=len(data), sheets=[], columns=[],
        )
    )  # fmt: skip
    number = int(result.inserted_primary_key[0])
    parts = [
        {"upload_id": number, "place": place, "data": data[start : start + PART]}
        for place, start in enumerate(range(0, len(data), PART))
    ]
    db.session.execute(insert(UploadPart), parts)
    _keep_rows(number, table)
    return number


def read_again(upload: Upload, wanted: Format) -> None:
    """Read a kept file with another encoding, delimiter or sheet."""
    query = select(UploadPart.data).where(UploadPart.upload_id == upload.id).order_by(UploadPart.place)
    data = b"".join(db.session.execute(query).scalars())
    table = reading.read(data, upload.name, wanted)
    db.session.execute(delete(UploadLot).where(UploadLot.upload_id == upload.id))
    _keep_rows(upload.id, table)


def _keep_rows(number: int, table: reading.Table) -> None:
    filled = [0] * len(table.columns)
    count = 0
    for place, lot in enumerate(_in_lots(table.rows)):
        count += len(lot)
        if count > limits.ROWS_MOST:
            raise Invalid(f"The file has more than {limits.ROWS_MOST:,} rows. Import it in parts.")
        for row in lot:
            for column, cell in enumerate(row.cells[: len(filled)]):
                filled[column] += bool(cell)
        packed = [[row.line, _storable(row.cells), row.problem] for row in lot]
        db.session.execute(insert(UploadLot).values(upload_id=number, place=place, rows=packed))
    if not count:
        raise Invalid("The file has no rows below the names of its columns.")
    columns = [{"name": name, "filled": times} for name, times in zip(table.columns, filled, strict=True)]
    db.session.execute(
        update(Upload).where(Upload.id == number)
        .values(rows=count, columns=columns, sheets=list(table.sheets), **asdict(table.format))
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _in_lots(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in lots of a few hundred, or of fewer where they are long: one lot is one row of a table."""
    lot, size = list[Row](), 0
    for row in rows:
        length = sum(len(cell or "") for cell in row.cells)
        if lot and (len(lot) >= LOT or size + length > LOT_LETTERS):
            yield lot
            lot, size = [], 0
        lot.append(row)
        size += length
    if lot:
        yield lot


def _storable(cells: Sequence[str | None]) -> list[str | None]:
    """Bytes that fit no encoding are shown as what they are: not readable."""
    return [None if cell is None else text.storable(cell) for cell in cells]


def find(actor: Actor, section: Section, number: int) -> Upload:
    """One's own file for this section; else ``NotFound``."""
    upload = db.session.get(Upload, number, populate_existing=True) if 0 < number <= ID_MOST else None
    if upload is None or upload.section != section.name or (not actor.is_system and upload.user_id != actor.id):
        raise NotFound
    return upload


def lot(number: int, place: int) -> list[Row] | None:
    """The rows of one lot; None past the last."""
    query = select(UploadLot.rows).where(UploadLot.upload_id == number, UploadLot.place == place)
    found = db.session.execute(query).scalar()
    return None if found is None else [Row(line, cells, problem) for line, cells, problem in found]


def lots(number: int) -> Iterator[list[Row]]:
    """All rows, lot by lot."""
    place = 0
    while (rows := lot(number, place)) is not None:
        yield rows
        place += 1


def samples(number: int) -> list[Row]:
    """The first rows."""
    return (lot(number, 0) or [])[:SAMPLES]


def forget_old() -> None:
    """Files that nobody needs any more, also not to download what failed."""
    old = select(Upload.id).where(Upload.at < clock.now() - KEPT_FOR).limit(20)
    ids = list(db.session.execute(old).scalars())
    for model in (UploadPart, UploadLot):
        db.session.execute(delete(model).where(model.upload_id.in_(ids)))
    db.session.execute(delete(Upload).where(Upload.id.in_(ids)))
