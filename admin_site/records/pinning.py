"""Arranging pins: their order, who they are for, why they stand and until when.

Pins for everyone need the right to pin and are recorded in the row's history; one's own need nothing but
being able to read the row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from admin_site.accounts import permissions
from admin_site.accounts.models import User
from admin_site.core import clock
from admin_site.core.database import db
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound
from admin_site.core.rules import Actor
from admin_site.core.section import Field, Kind, Section
from admin_site.records import filters, pins, reads, values, writes
from admin_site.records.effects import Deed
from admin_site.records.pins import Pin
from admin_site.records.reads import Item

# A person's own pins are a handful, not a second list.
OWN_MOST = 100
LISTED_MOST = 500
# What history says of a pin, beside whether there is one.
PARTS = frozenset({"pin_place", "pin_reason", "pin_until"})
_REASON = Field(name="reason", kind=Kind.TEXT, label="Reason", length=200)
_UNTIL = Field(name="until", kind=Kind.DATETIME, label="Until")


@dataclass(frozen=True)
class Arranged:
    """The pins of a section in their order; ``count`` also counts those that are not listed."""

    section: Section
    items: list[Item]
    notes: Mapping[int, Pin]
    count: int
    is_own: bool


def arranged(actor: Actor, section: Section, *, own: bool) -> Arranged:
    """The pins for everyone, or the person's own, of rows that they may read."""
    if not section.pins or not permissions.allows(actor, "read", section):
        raise NotFound
    whose = _user(actor, own)
    statement = reads.selection(section, section.columns[:1]).where(filters.visible(actor, section, walks=False))
    rows = db.session.execute(pins.standing(section, statement, whose).limit(LISTED_MOST)).all()
    noted = db.session.execute(select(Pin).where(Pin.id.in_([row.pin_id for row in rows]))).scalars()
    counted = select(func.count()).select_from(pins.standing(section, statement, whose).order_by(None).subquery())
    items = reads.items(section, rows, section.columns[:1], pinned=[] if own else [row.id for row in rows])
    by_row = {pin.row_id: pin for pin in noted}
    return Arranged(section, items, by_row, db.session.execute(counted).scalar_one(), own)


def pin_own(actor: Actor, section: Section, row_id: int, *, on: bool) -> None:
    """Pin a row for oneself, on top, or take the pin away."""
    if not section.pins or actor.id is None:
        raise NotFound
    reads.find(actor, section, row_id)
    # A second click waits, and finds the pin of the first.
    db.session.execute(select(User.id).where(User.id == actor.id).with_for_update())
    if not on:
        pins.unpin(section, [row_id], user_id=actor.id)
        return
    if row_id in pins.own_among(section, actor.id, [row_id]):
        return
    mine = select(func.count()).select_from(Pin).where(Pin.user_id == actor.id, Pin.section == section.name)
    if db.session.execute(mine).scalar_one() >= OWN_MOST:
        raise Conflict(f"You have {OWN_MOST} pins of your own here already. Take one away first.")
    pins.pin(section, [row_id], actor.id, user_id=actor.id)


def move(
    actor: Actor, section: Section, row_id: int, *, own: bool, place: int | None = None, by: int = 0,
    after: int | None = None,
) -> tuple[int, int]:  # fmt: skip
    """Move a pin to a place (from 1), by so many places, or behind another row's (0: to the top).

    Returns its place before and after. Whoever moves another pin at the same moment waits: no move is lost.
    """
    row = _require(actor, section, row_id, own)
    order = pins.locked(section, _user(actor, own))
    standing = _standing(order, row_id)
    was = order.index(standing)
    rest = [pin for pin in order if pin is not standing]
    to = _target(rest, was, place, by, after)
    pins.reorder([*rest[:to], standing, *rest[to:]])
    if to != was and not own:
        writes.record_pin(writes.begin(actor, "pins"), section, row, {"pin_place": [was + 1, to + 1]})
    return was + 1, to + 1


def put_back(deed: Deed, section: Section, row_id: int, changed: Mapping[str, Sequence[Any]]) -> None:
    """Take back what was done to a pin: its place, reason or end, where it still holds what was given to it."""
    row = _require(deed.actor, section, row_id, own=False)
    order = pins.locked(section, None)
    standing = _standing(order, row_id)
    now = {"pin_place": order.index(standing) + 1, **_described(standing.id)}
    if any(now[name] != after for name, (_before, after) in changed.items() if name in PARTS):
        raise Conflict("Its pin was changed since.")
    former = {name: before for name, (before, _after) in changed.items() if name in PARTS}
    if "pin_place" in former:
        rest = [pin for pin in order if pin is not standing]
        to = max(0, min(former["pin_place"] - 1, len(rest)))
        pins.reorder([*rest[:to], standing, *rest[to:]])
    said = {name.removeprefix("pin_"): value for name, value in former.items() if name != "pin_place"}
    if "until" in said:
        said["until"] = values.clean(_UNTIL, said["until"])
    if said:
        db.session.execute(update(Pin).where(Pin.id == standing.id).values(**said))
    writes.record_pin(deed, section, row, {name: [now[name], value] for name, value in former.items()})


def arrange_back(section: Section, put_back: Sequence[tuple[int, Mapping[str, Sequence[Any]]]]) -> None:
    """Give pins that were just put back their former places, reasons and ends; an end that has passed is left out.

    The one that was taken away last comes first: its place was counted without the others.
    """
    order = pins.locked(section, None)
    back = {number for number, _changed in put_back}
    by_row = {pin.row_id: pin for pin in order}
    arranged = [pin for pin in order if pin.row_id not in back]
    for number, changed in put_back:
        former = {name: before for name, (before, _after) in changed.items() if name in PARTS}
        arranged.insert(max(0, former.get("pin_place", 1) - 1), by_row[number])
        until = values.clean(_UNTIL, former.get("pin_until"))
        kept = {"reason": former.get("pin_reason") or "", "until": until if until and until > clock.now() else None}
        db.session.execute(update(Pin).where(Pin.id == by_row[number].id).values(**kept))
    pins.reorder(arranged)


def _standing(order: Sequence[Any], row_id: int) -> Any:
    standing = next((pin for pin in order if pin.row_id == row_id), None)
    if standing is None:
        raise Conflict("This pin was taken away meanwhile.")
    return standing


def _described(pin_id: int) -> dict[str, Any]:
    found = db.session.execute(select(Pin.reason, Pin.until).where(Pin.id == pin_id)).one()
    return {"pin_reason": found.reason, "pin_until": values.to_json(found.until)}


def _target(rest: list[Any], was: int, place: int | None, by: int, after: int | None) -> int:
    if after is not None:
        found = next((index for index, pin in enumerate(rest) if pin.row_id == after), None)
        if after and found is None:
            raise Conflict("The pin that this one was put behind was taken away meanwhile.")
        return 0 if found is None else found + 1
    wanted = was + by if place is None else place - 1
    return max(0, min(wanted, len(rest)))


def describe(actor: Actor, section: Section, row_id: int, *, own: bool, reason: str, until: str) -> None:
    """Say why a row is pinned and until when; ``Invalid`` names what is wrong."""
    row = _require(actor, section, row_id, own)
    errors: dict[str, list[str]] = {}
    cleaned: dict[str, Any] = {}
    for field, raw in ((_REASON, reason), (_UNTIL, until)):
        try:
            cleaned[field.name] = values.clean(field, raw)
        except ValueError as error:
            errors[field.name] = [str(error)]
    end: datetime | None = cleaned.get("until")
    if end is not None and end <= clock.now():
        errors["until"] = ["Until must lie in the future; take the pin away instead."]
    if errors:
        raise Invalid(fields=errors)
    order = pins.locked(section, _user(actor, own))
    standing = _standing(order, row_id)
    before = _described(standing.id)
    new = {"reason": cleaned["reason"] or "", "until": end}
    db.session.execute(update(Pin).where(Pin.id == standing.id).values(**new))
    after = {f"pin_{name}": values.to_json(value) for name, value in new.items()}
    differing = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if differing and not own:
        writes.record_pin(writes.begin(actor, "pins"), section, row, differing)


def _user(actor: Actor, own: bool) -> int | None:
    if own and actor.id is None:
        raise Denied("Only people have pins of their own.")
    return actor.id if own else None


def _require(actor: Actor, section: Section, row_id: int, own: bool) -> Any:
    row = reads.find(actor, section, row_id)
    if not section.pins:
        raise NotFound
    if not own:
        permissions.require(actor, "pin", section, row)
    return row
