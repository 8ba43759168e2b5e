"""Making the search documents of a section anew, in lots, each with its place: what was stopped goes on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, delete, func, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core.database import Model, db, table_args
from admin_site.core.section import Section
from admin_site.core.transactions import atomic
from admin_site.core.types import Id
from admin_site.records.search import documents, vocabulary
from admin_site.records.search.documents import ROWS_MOST, SearchDocument
from admin_site.records.search.vocabulary import SearchWord

LOT = 1_000
# Rows at each end that are looked at to see whether documents are of today.
SAMPLE = 100


class SearchRebuild(Model):
    """A rebuild that is under way, and the last row that it reached."""

    __tablename__ = "search_rebuilds"
    __table_args__ = table_args()

    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    row_id: Mapped[int] = mapped_column(Id)


@dataclass(frozen=True)
class Progress:
    """How far a rebuild has come, in rows."""

    section: Section
    done: int
    total: int


def is_needed(section: Section) -> bool:
    """Whether documents are missing, or are not what would be indexed today."""
    return not (is_complete(section) and is_current(section))


def is_complete(section: Section) -> bool:
    """Whether there are as many documents as live rows, and no rebuild was left half done."""
    if not section.search:
        return True
    table, base = section.table, documents.first_id(section)
    rows = select(func.count()).select_from(table).where(table.columns.live == 1).scalar_subquery()
    here = SearchDocument.id.between(base, base + ROWS_MOST - 1)
    found = select(func.count()).select_from(SearchDocument).where(here).scalar_subquery()
    begun = select(SearchRebuild.row_id).where(SearchRebuild.section == section.name).scalar_subquery()
    row = db.session.execute(select(rows.label("rows"), found.label("found"), begun.label("begun"))).one()
    return bool(row.rows == row.found and row.begun is None)


def is_current(section: Section) -> bool:
    """Whether the documents of the oldest and newest rows hold what would be indexed of them today.

    They do not where another field became searchable, or another program wrote rows past ours.
    """
    if not section.search:
        return True
    columns, base = section.table.columns, documents.first_id(section)
    asked = select(columns.id, *(columns[name] for name in section.search)).where(columns.live == 1).limit(SAMPLE)
    ends = [asked.order_by(order) for order in (columns.id, columns.id.desc())]
    said = {
        base + row["id"]: documents.words_of(section, dict(row))
        for end in ends
        for row in db.session.execute(end).mappings()
    }
    here = select(SearchDocument.id, SearchDocument.words).where(SearchDocument.id.in_(said))
    kept: dict[int, str] = dict(db.session.execute(here).all())
    return said == kept


def rebuild(section: Section) -> Iterator[Progress]:
    """Do it, a lot at a time; each step tells how far it is. One that was stopped goes on where it was."""
    total = _live(section, after=0)
    with atomic():
        reached = _begin(section)
    vocabulary.forget()
    done = total - _live(section, after=reached)
    while True:
        with atomic():
            ids = _rebuild_lot(section, reached)
        if not ids:
            break
        if not reached:
            _analyze()
        reached, done = ids[-1], done + len(ids)
        yield Progress(section, min(done, total), total)
    _analyze()
    yield Progress(section, total, total)


def _analyze() -> None:
    """Plans that were made while the tables were empty would read them whole."""
    if db.session.get_bind().dialect.name == "postgresql":
        with atomic():
            db.session.execute(text("ANALYZE search_documents, search_words"))


def _live(section: Section, *, after: int) -> int:
    columns = section.table.columns
    query = select(func.count()).select_from(section.table).where(columns.live == 1, columns.id > after)
    return db.session.execute(query).scalar_one()


def _begin(section: Section) -> int:
    here = SearchRebuild.section == section.name
    reached = db.session.execute(select(SearchRebuild.row_id).where(here)).scalar()
    if reached is None:
        db.session.execute(delete(SearchWord).where(SearchWord.section == section.name))
        db.session.execute(insert(SearchRebuild).values(section=section.name, row_id=0))
    return reached or 0


def _rebuild_lot(section: Section, reached: int) -> list[int]:
    """Replace the documents of the next rows, under their locks; returns their numbers, none at the end."""
    columns = section.table.columns
    query = (
        select(columns.id, *(columns[name] for name in section.search))
        .where(columns.live == 1, columns.id > reached)
        .order_by(columns.id)
        .limit(LOT)
        .with_for_update()
    )
    rows = db.session.execute(query).mappings().all()
    base = documents.first_id(section)
    last = rows[-1]["id"] if rows else ROWS_MOST - 1
    gone = SearchDocument.id.between(base + reached + 1, base + last)
    db.session.execute(delete(SearchDocument).where(gone))
    here = SearchRebuild.__table__.columns.section == section.name
    db.session.execute(delete(SearchRebuild.__table__).where(here))  # type: ignore[arg-type]
    if rows:
        _insert(section, base, rows)
        db.session.execute(insert(SearchRebuild).values(section=section.name, row_id=last))
    return [row["id"] for row in rows]


def _insert(section: Section, base: int, rows: Sequence[Any]) -> None:
    made = [{"id": base + row["id"], "words": documents.words_of(section, row)} for row in rows]
    db.session.execute(insert(SearchDocument), made)
    vocabulary.learn(section, {word for row in made for word in row["words"].split()})
