"""What rows that others point to are called, which may be pointed to, and which pairs there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from admin_site.accounts import permissions
from admin_site.core import registry, text
from admin_site.core.database import Record, connection, db, execute_kept
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Section, title_of
from admin_site.core.types import Numbers
from admin_site.records import statements
from admin_site.records.filters import is_live, visible

CANDIDATES_MOST = 50
TITLE_LENGTH = 200


@dataclass(frozen=True)
class Title:
    """What the row behind a relation is called, and whether it is in the trash."""

    id: int
    text: str
    trashed: bool = False


def of_parts(number: int, parts: Iterable[Any], *, trashed: bool = False) -> Title:
    """A title from the values of the columns that it is made of, of which some may be empty."""
    return Title(number, text.clip(" ".join([str(part) for part in parts if part]), TITLE_LENGTH), trashed)


def titles(model: type[Record], ids: Iterable[int]) -> dict[int, Title]:
    """What these rows are called. A relation's title is readable with the row that shows it."""
    wanted = {number for number in ids if number is not None}
    if not wanted:
        return {}
    return named(model, statements.kept(("titles", model), lambda: naming(model)), wanted, is_kept=True)


def naming(model: type[Record]) -> Select[Any]:
    """The statement that asks what rows of a model are called."""
    columns = model.__table__.columns
    return select(*(columns[name] for name in ("id", "live", *model.__title__))).where(in_list(columns.id))


def held(query: Select[Any]) -> Select[Any]:
    """The same, so that nobody moves the rows to the trash until the transaction ends; changing them waits too."""
    return query.with_for_update(read=True, key_share=True)


def named(model: type[Record], query: Select[Any], ids: Iterable[int], *, is_kept: bool = False) -> dict[int, Title]:
    """What the rows are called that such a statement, which may be one that is kept, finds among these."""
    execute = execute_kept if is_kept else connection().execute
    return {
        row.id: Title(row.id, text.clip(title_of(model, row), TITLE_LENGTH), row.live is None)
        for row in execute(query, {"rows": sorted(ids)})
    }


def named_of_each(wanted: Sequence[tuple[type[Record], Iterable[int]]]) -> list[dict[int, Title]]:
    """What the live rows among the numbers of each model are called, in one statement."""
    models = [model for model, _numbers in wanted]
    query = statements.kept(("named", *models), lambda: _naming_each(models))
    given = {f"rows_{place}": sorted(numbers) for place, (_model, numbers) in enumerate(wanted)}
    found: list[dict[int, Title]] = [{} for _model in models]
    for place, number, *parts in execute_kept(query, given).all():
        found[place][number] = of_parts(number, parts)
    return found


def _naming_each(models: Sequence[type[Record]]) -> CompoundSelect[Any]:
    """The place of the model, the number and the parts of the title."""
    most = max(len(model.__title__) for model in models)
    asked = []
    for place, model in enumerate(models):
        columns = model.__table__.columns
        parts = [columns[name] for name in model.__title__]
        query = select(literal_column(str(place)), columns.id, *parts, *[null()] * (most - len(parts)))
        asked.append(query.where(in_list(columns.id, f"rows_{place}"), is_live(columns)))
    return union_all(*asked)


def title_of_actor(actor: Actor) -> Title:
    """What the row of whoever acts is called."""
    return Title(actor.id or 0, text.clip(actor.name, TITLE_LENGTH))


def readable(actor: Actor, section: Section, ids: Iterable[int]) -> dict[int, Title]:
    """What these rows are called, as far as the person may read them, in the trash or not.

    For pages about rows that do not show the rows themselves: receipts, activity.
    """
    columns = section.table.columns
    may = permissions.condition(actor, "read", section, columns)
    wanted = {number for number in ids if number is not None}
    seen = db.session.execute(select(columns.id).where(columns.id.in_(wanted), may)).scalars() if wanted else ()
    return titles(section.model, seen)


def in_use(
    actor: Actor, section: Section, field: Field, q: str = "", *, ids: Sequence[int] | None = None
) -> list[Title]:
    """Rows that a relation field points to in rows that the actor may see: what a filter can offer, or name."""
    condition = _is_in_use(actor, section, field)
    if ids is not None:
        assert field.target is not None  # noqa: S101 - checked at start (S011)
        condition = and_(condition, field.target.__table__.columns.id.in_(ids))
    return _found(field, q, CANDIDATES_MOST, condition)


def _is_in_use(actor: Actor, section: Section, field: Field) -> ColumnElement[bool]:
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    theirs = field.target.__table__.columns.id
    table = section.table
    if field.through is not None:
        mine, others = list(field.through.columns)
        pointing = select(mine).join(table, table.columns.id == mine).where(others == theirs)
    else:
        pointing = select(table.columns.id).where(table.columns[field.name] == theirs)
    return exists(pointing.where(visible(actor, section, walks=False)).correlate(field.target.__table__))


def choosable(actor: Actor, field: Field, ids: Sequence[int], stood: Sequence[int]) -> list[Title]:
    """The titles of rows that were chosen: those that may be, and those that stood already."""
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    columns = field.target.__table__.columns
    may_be = and_(is_live(columns), selectable(actor, field.target))
    allowed = set(db.session.execute(select(columns.id).where(columns.id.in_(ids), may_be)).scalars()) if ids else set()
    named = titles(field.target, [number for number in ids if number in allowed or number in stood])
    return [named[number] for number in ids if number in named]


def candidates(actor: Actor, field: Field, q: str, limit: int = CANDIDATES_MOST) -> list[Title]:
    """Rows that a relation field may point to, found by title, in the order of their titles."""
    assert field.target is not None  # noqa: S101 - checked at start (S011)
    table = field.target.__table__
    return _found(field, q, limit, and_(table.columns.live == 1, selectable(actor, field.target)))


def few_candidates(actor: Actor, fields: Sequence[Field], most: int) -> dict[str, list[Title]]:
    """All of them by field, where they are at most so many, none where there are more.

    Every form asks for them: in one statement, where all may be chosen.
    """
    alike, models = list[Field](), list[type[Record]]()
    found: dict[str, list[Title]] = {}
    for field in fields:
        if field.target is not None and is_open(actor, field.target):
            alike.append(field)
            models.append(field.target)
        else:
            first = candidates(actor, field, "", most + 1)
            found[field.name] = first if len(first) <= most else []
    if alike:
        query = statements.kept(("candidates", *models, most), lambda: _first_of_each(models, most + 1))
        rows = execute_kept(query).all()
        for place, field in enumerate(alike):
            mine = [row for row in rows if row[0] == place]
            found[field.name] = _in_order(models[place], mine) if len(mine) <= most else []
    return found


def _in_order(model: type[Record], rows: Iterable[Any]) -> list[Title]:
    """Titles from rows of ``_first_of_each``: a union keeps no order, so what it was comes along."""
    count = len(model.__title__)
    ordered = sorted(rows, key=lambda row: (_sorted_by(row[2 : 2 + count]), row.id))
    return [of_parts(row.id, row[2 + count : 2 + 2 * count]) for row in ordered]


def _sorted_by(keys: Iterable[str | None]) -> list[tuple[bool, str]]:
    return [(key is not None, key or "") for key in keys]


def is_open(actor: Actor, model: type[Record]) -> bool:
    """Whether every row of a model may be chosen."""
    section = registry.of_model(model)
    return section is None or section.area == "accounts" or permissions.is_unconditional(actor, "read", section)


def _first_of_each(models: Sequence[type[Record]], limit: int) -> Select[Any]:
    """The first rows of each by title: the place of the model, the number, the keys and the parts of the title."""
    most = 2 * max(len(model.__title__) for model in models)
    parts = []
    for place, model in enumerate(models):
        columns, keys = model.__table__.columns, _title_keys(model)
        said = [*keys, *(columns[name] for name in model.__title__)]
        said += [null()] * (most - len(said))
        query = select(literal(place).label("place"), columns.id, *(one.label(f"t{at}") for at, one in enumerate(said)))
        first = query.where(columns.live == 1).order_by(*keys, columns.id).limit(statements.at_most(limit))
        parts.append(select(first.subquery()))
    every = union_all(*parts).subquery()
    return select(*every.c)


def _found(field: Field, q: str, limit: int, condition: ColumnElement[bool]) -> list[Title]:
    model = field.target
    assert model is not None  # noqa: S101 - checked at start (S011)
    keys = _title_keys(model)
    query = _by_title(model).where(condition)
    for word in text.fold(q.replace("\0", "")).split()[:5]:
        query = query.where(or_(*(key.contains(word, autoescape=True) for key in keys)))
    return _titled(model, db.session.execute(query.limit(limit)))


def _by_title(model: type[Record]) -> Select[Any]:
    columns = model.__table__.columns
    return select(columns.id, *(columns[name] for name in model.__title__)).order_by(*_title_keys(model), columns.id)


def _title_keys(model: type[Record]) -> list[Any]:
    return [key_column(model.__table__, name) for name in model.__title__]


def _titled(model: type[Record], rows: Iterable[Any]) -> list[Title]:
    return [Title(row.id, text.clip(title_of(model, row), TITLE_LENGTH)) for row in rows]


def selectable(actor: Actor, model: type[Record]) -> ColumnElement[bool]:
    """The rows of a model that the actor may point a relation to: those that they may read.

    A person may always point to themselves, and editors to any author, so users are an exception: whoever
    may set an owner may find people by name.
    """
    section = registry.of_model(model)
    table = model.__table__
    if section is None or section.area == "accounts":
        return and_(table.columns.live == 1)
    return permissions.condition(actor, "read", section, section.table.columns)


def links(field: Field, ids: Sequence[int]) -> dict[int, list[int]]:
    """The numbers behind a RELATIONS field, for each of these rows."""
    assert field.through is not None  # noqa: S101 - checked at start (S012)
    through, found = field.through, {row_id: list[int]() for row_id in ids}

    def make() -> Select[Any]:
        mine, theirs = list(through.columns)
        of_rows = in_list(mine)
        return select(mine, theirs).where(of_rows).order_by(mine, theirs)

    if ids:
        query = statements.kept(("links", through), make)
        for row_id, other in execute_kept(query, {"rows": ids}).all():
            found[row_id].append(other)
    return found


def numbers(section: Section, field: Field) -> ColumnElement[list[int]]:
    """The numbers behind a RELATIONS field as a column of the rows that have it: for few rows."""
    assert field.through is not None  # noqa: S101 - checked at start (S012)
    mine, theirs = list(field.through.columns)
    gathered = _GATHERED[db.session.get_bind().dialect.name](theirs)
    found = select(gathered).where(mine == section.table.columns.id).correlate(section.table)
    return type_coerce(found.scalar_subquery(), Numbers).label(field.name)


_GATHERED: Mapping[str, Any] = {
    "sqlite": func.json_group_array,
    "postgresql": func.array_agg,
    "mysql": func.json_arrayagg,
}


def linked(field: Field, ids: Sequence[int]) -> tuple[dict[int, list[int]], dict[int, Title]]:
    """The same with what they are called, in one query."""
    assert field.through is not None and field.target is not None  # noqa: S101, PT018 - checked at start (S012)
    through, theirs_table = field.through, field.target.__table__
    mine, theirs = list(through.columns)
    target, names = theirs_table.columns, field.target.__title__
    found: dict[int, list[int]] = {row_id: [] for row_id in ids}
    titles_found: dict[int, Title] = {}

    def make() -> Select[Any]:
        columns = (mine, target.id, target.live, *(target[name] for name in names))
        query = select(*columns).join_from(through, theirs_table)
        return query.where(in_list(mine)).order_by(mine, theirs)

    if ids:
        query = statements.kept(("linked", field.through), make)
        for row in execute_kept(query, {"rows": list(ids)}).all():
            found[row[0]].append(row.id)
            if row.id not in titles_found:
                titles_found[row.id] = Title(
                    row.id, text.clip(title_of(field.target, row), TITLE_LENGTH), row.live is None
                )
    return found, titles_found


def pointed_to(section: Section, field: Field, ids: Sequence[int]) -> set[tuple[int, int]]:
    """Which of these rows a relation of live rows of a section points to: (row that points, row pointed to)."""
    columns = section.table.columns
    if field.through is not None:
        mine, theirs = list(field.through.columns)
        query = select(mine, theirs).join(section.table, columns.id == mine)
    else:
        mine, theirs = columns.id, columns[field.name]
        query = select(mine, theirs)
    query = query.where(in_list(theirs), is_live(columns))
    return {(row_id, other) for row_id, other in connection().execute(query, {"rows": list(ids)})}


def key_column(table: Any, name: str) -> Any:
    """The column that a field is sorted and found by: its folded form where there is one."""
    return table.columns.get(f"{name}_key", table.columns[name])
