"""Pins: rows that stay above every sort, filter and page. A pin is a row of its own."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.core import clock
from admin_site.core.database import Model, connection, db, execute_kept, table_args
from admin_site.core.in_list import in_list
from admin_site.core.section import Section
from admin_site.core.types import Id, UtcDateTime
from admin_site.records import statements

# The band is there to be read at a glance.
BAND_LENGTH = 10
# Pins that are looked at for it: rows in the trash, or hidden from somebody, keep theirs.
LOOKED_AT = 50


class Pin(Model):
    """A row that is pinned, for all (``user_id`` null) or for one person."""

    __tablename__ = "pins"
    __table_args__ = table_args(
        Index("ix_pins_section_user_id_position", "section", "user_id", "position"),
        Index("ix_pins_section_row_id", "section", "row_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    section: Mapped[str] = mapped_column(String(40))
    row_id: Mapped[int] = mapped_column(Id)
    position: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id"))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)


# The columns of the table: statements over them skip the machinery of mapped objects.
PINS = Pin.__table__.columns


def _stands(section: Section, user_id: int | None = None) -> ColumnElement[bool]:
    """Pins that have not lapsed: those for everyone, or those of one person."""
    whose = PINS.user_id.is_(None) if user_id is None else PINS.user_id == user_id
    return _stand_at(clock.now(), section, whose)


def _stand_at(moment: Any, section: Section, whose: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same at a moment, which may be a parameter."""
    return and_(PINS.section == section.name, whose, or_(PINS.until.is_(None), PINS.until > moment))


def is_pinned(section: Section) -> ColumnElement[bool]:
    """Whether a row of the section's table is pinned for everyone, as SQL."""
    return section.table.columns.id.in_(select(PINS.row_id).where(_stands(section)))


def band(
    section: Section, rows: Select[Any], seen: ColumnElement[bool], *, own: bool, limit: int = BAND_LENGTH
) -> Select[Any]:
    """Rows narrowed to the pinned ones that are ``seen``: for everyone, then one person's own, each in their order.

    Adds ``pin_id``, ``pin_user_id``, ``pin_until`` and ``pin_reason``. A row that is pinned for both comes twice.
    Ask it with ``asked``. Only the first pins are looked at, as far as the index has them in order: there may be
    thousands.
    """
    parts = [_first(section, PINS.user_id.is_(None)), *([_first(section, PINS.user_id == _PERSON)] if own else [])]
    first, number = union_all(*(select(part) for part in parts)).subquery("first"), section.table.columns.id
    # Which they are is found out before anything else of them is read.
    chosen = select(first).join(section.table, first.c.row_id == number).where(seen)
    shown = chosen.order_by(*_in_band(first.c)).limit(statements.at_most(limit)).subquery("band")
    pin = shown.c
    joined = rows.add_columns(
        pin.id.label("pin_id"), pin.user_id.label("pin_user_id"), pin.until.label("pin_until"),
        pin.reason.label("pin_reason"),
    ).join(shown, pin.row_id == number)  # fmt: skip
    return joined.order_by(*_in_band(pin))


def _in_band(pin: Any) -> tuple[ColumnElement[Any], ...]:
    return (pin.user_id.is_not(None), pin.position, pin.id)


def asked(user_id: int | None = None) -> dict[str, Any]:
    """What ``band`` and ``flag`` are asked with: who, and the present moment."""
    return {"pin_now": clock.now()} | ({} if user_id is None else {"pin_person": user_id})


_PERSON: Any = bindparam("pin_person")
_NOW: Any = bindparam("pin_now", type_=UtcDateTime())


def _first(section: Section, whose: ColumnElement[bool]) -> Any:
    columns = (PINS.id, PINS.row_id, PINS.user_id, PINS.position, PINS.until, PINS.reason)
    # By the person first, who is the same in all of them: so PostgreSQL sees that its index has them in order.
    order = (PINS.user_id, PINS.position, PINS.id)
    found = select(*columns).where(_stand_at(_NOW, section, whose)).order_by(*order)
    return found.limit(statements.at_most(LOOKED_AT)).subquery()


def standing(section: Section, rows: Select[Any], user_id: int | None) -> Select[Any]:
    """Rows of the section narrowed to those pinned for everyone, or for one person, in order, as ``band`` has them."""
    joined = rows.add_columns(
        PINS.id.label("pin_id"),
        PINS.user_id.label("pin_user_id"),
        PINS.until.label("pin_until"),
        PINS.reason.label("pin_reason"),
    ).join(Pin.__table__, PINS.row_id == section.table.columns.id)
    return joined.where(_stands(section, user_id)).order_by(PINS.position, PINS.id)


def in_order(section: Section, rows: Select[Any]) -> Select[Any]:
    """Rows of the section narrowed to those pinned for everyone, in their order, with their place in it."""
    place, number = PINS.position.label("pin_position"), PINS.id.label("pin_id")
    joined = rows.add_columns(place, number).join(Pin.__table__, PINS.row_id == section.table.columns.id)
    return joined.where(_stands(section)).order_by(PINS.position, PINS.id)


def after(position: int, pin_id: int) -> ColumnElement[bool]:
    """The pins behind this place, as a condition over ``in_order``."""
    same = and_(PINS.position == position, PINS.id > pin_id)
    return or_(PINS.position > position, same)


def pinned_among(section: Section, ids: Sequence[int]) -> set[int]:
    """Which of these rows are pinned for everyone."""
    if not ids:
        return set()

    def make() -> Select[Any]:
        return select(PINS.row_id).where(_stand_at(_NOW, section, PINS.user_id.is_(None)), in_list(PINS.row_id))

    query = statements.kept(("pinned", section.name), make)
    return set(execute_kept(query, asked() | {"rows": ids}).scalars().all())


def flag(section: Section) -> Any:
    """Whether a row of the section's table is pinned for everyone, as the column ``_is_pinned``: for few rows.

    Ask it with ``asked``.
    """
    stands = _stand_at(_NOW, section, PINS.user_id.is_(None))
    here = select(PINS.id).where(PINS.row_id == section.table.columns.id, stands).limit(statements.at_most(1))
    # For EXISTS, PostgreSQL would gather all pins first, in case there were many rows.
    return here.correlate(section.table).scalar_subquery().is_not(None).label("_is_pinned")


def own_among(section: Section, user_id: int | None, ids: Sequence[int]) -> set[int]:
    """Which of these rows the person has pinned for themselves."""
    if user_id is None:
        return set()
    query = select(PINS.row_id).where(_stands(section, user_id), PINS.row_id.in_(ids))
    return set(db.session.execute(query).scalars())


def lapsing(section: Section, within: timedelta) -> ColumnElement[bool]:
    """Whether the pin of a row, for everyone, ends within this time, as SQL."""
    soon = and_(_stands(section), PINS.until <= clock.now() + within)
    return section.table.columns.id.in_(select(PINS.row_id).where(soon))


def pin(section: Section, row_ids: Sequence[int], actor_id: int | None, *, user_id: int | None = None) -> None:
    """Pin rows, each on top of those that are pinned already. For ``records.writes`` only."""
    locked(section, user_id)  # whoever pins at the same moment comes on top of these, or under them
    unpin(section, row_ids, user_id=user_id)  # what is left of a pin that lapsed
    whose = PINS.user_id.is_(None) if user_id is None else PINS.user_id == user_id
    here = select(func.min(PINS.position)).where(PINS.section == section.name, whose)
    top = db.session.execute(here).scalar() or 0
    now = clock.now()
    rows = [
        {"section": section.name, "row_id": row_id, "position": top - place, "created_at": now,
         "created_by": actor_id, "user_id": user_id, "reason": ""}
        for place, row_id in enumerate(row_ids, start=1)
    ]  # fmt: skip
    if rows:
        db.session.execute(insert(Pin), rows)


def described(section: Section, row_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What the pins of these rows are, as history keeps it: place, and reason and end where there are any.

    They are taken away one after the other, so each place is counted without those before.
    """
    query = select(PINS.row_id, PINS.reason, PINS.until).where(_stands(section))
    order = list(db.session.execute(query.order_by(PINS.position, PINS.id)))
    places = {row.row_id: place for place, row in enumerate(order, start=1)}
    found: dict[int, dict[str, Any]] = {}
    gone: list[int] = []
    for number in filter(places.__contains__, row_ids):
        row, place = order[places[number] - 1], places[number] - bisect_left(gone, places[number])
        insort(gone, places[number])
        until = clock.isoformat(row.until) if row.until else None
        told = {"pin_place": place, "pin_reason": row.reason, "pin_until": until}
        found[number] = {name: value for name, value in told.items() if value}
    return found


def unpin(section: Section, row_ids: Sequence[int], *, user_id: int | None = None) -> None:
    """Take the pins of these rows away, for everyone or for one person. For ``records.writes`` only."""
    whose = PINS.user_id.is_(None) if user_id is None else PINS.user_id == user_id
    db.session.execute(delete(Pin).where(PINS.section == section.name, PINS.row_id.in_(row_ids), whose))


def forget(section: Section, row_ids: Sequence[int]) -> None:
    """Take every pin of these rows away, whosever it is: they are gone for good."""
    db.session.execute(delete(Pin).where(PINS.section == section.name, PINS.row_id.in_(row_ids)))


def locked(section: Section, user_id: int | None) -> list[Any]:
    """The pins that stand, in their order, which stays as it is until the transaction ends."""
    query = select(PINS.id, PINS.row_id, PINS.position).where(_stands(section, user_id)).order_by(PINS.id)
    # Locked in one order by everybody; what the wait for a lock has changed is sorted here.
    rows = db.session.execute(query.with_for_update()).all()
    return sorted(rows, key=lambda row: (row.position, row.id))


def reorder(order: Sequence[Any]) -> None:
    """Give these locked pins new positions, one after the other; only those that move are written."""
    moved = [{"pin": row.id, "to": place} for place, row in enumerate(order, start=1) if row.position != place]
    if moved:
        table = Pin.__table__
        statement = update(table).where(table.columns.id == bindparam("pin")).values(position=bindparam("to"))  # type: ignore[arg-type]
        connection().execute(statement, moved)
