"""Saved views: lists with a name, one's own or shared with a role; and how each person likes a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ForeignKey, Index, String, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from admin_site.accounts import permissions
from admin_site.accounts.models import Role, User
from admin_site.core import clock
from admin_site.core.database import Model, db, execute_kept, table_args
from admin_site.core.errors import Conflict, Denied, Invalid, NotFound
from admin_site.core.in_list import in_list
from admin_site.core.rules import Actor
from admin_site.core.section import Section
from admin_site.core.types import Id, LongText, UtcDateTime

EVERYONE = "*"
NAME_LENGTH = 60
VIEWS_MOST = 50


class SavedView(Model):
    """A list and the name that somebody gave it."""

    __tablename__ = "saved_views"
    __table_args__ = table_args(Index("ix_saved_views_section_user_id", "section", "user_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    section: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    # A role's name, "*" for everyone, or empty: only for its owner.
    shared_with: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The query string of the list.
    query: Mapped[str] = mapped_column(LongText)


class ListSettings(Model):
    """How one person likes the list of one section: columns, and the view that it opens with."""

    __tablename__ = "list_settings"
    __table_args__ = table_args()

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), primary_key=True, autoincrement=False)
    section: Mapped[str] = mapped_column(String(40), primary_key=True)
    # Field names in their order, separated by commas; empty for the declared ones.
    columns: Mapped[str] = mapped_column(String(1000), default="")
    view_id: Mapped[int | None] = mapped_column(Id, ForeignKey("saved_views.id"))
    # Numbers of views in the person's own order, separated by commas; views that are not named follow, oldest first.
    view_order: Mapped[str | None] = mapped_column(LongText)


@dataclass(frozen=True)
class View:
    """A saved view as one person sees it."""

    id: int
    name: str
    query: str
    shared_with: str
    is_own: bool
    is_default: bool = False


@dataclass(frozen=True)
class Preferences:
    """What a list needs to know of the person: their views, and their columns (none: the declared ones)."""

    views: Sequence[View] = ()
    columns: tuple[str, ...] = ()

    def named(self, view_id: int | None) -> View | None:
        """One's own view of this number."""
        return next((view for view in self.views if view.is_own and view.id == view_id), None)

    @property
    def default(self) -> View | None:
        """The view that the list opens with."""
        return next((view for view in self.views if view.is_default), None)


def of(actor: Actor, section: Section) -> Preferences:
    """Views and columns, in one query."""
    if actor.id is None:
        return Preferences()
    asked = {"person": actor.id, "section": section.name, "shared": [EVERYONE, *actor.roles]}
    rows = execute_kept(_asking(), asked).all()
    views = [
        View(row.id, row.name, row.query, row.shared_with, row.user_id == actor.id, row.id == row.view_id)
        for row in rows
        if row.id is not None
    ]
    places = {number: place for place, number in enumerate((rows[0].view_order or "").split(","))}
    views.sort(key=lambda view: places.get(str(view.id), len(places)))
    return Preferences(views, tuple(filter(None, (rows[0].columns or "").split(","))))


def get(actor: Actor, section: Section, view_id: int) -> View:
    """A view that the person may see; else ``NotFound``."""
    for view in of(actor, section).views:
        if view.id == view_id:
            return view
    raise NotFound


def save(actor: Actor, section: Section, name: str, query: str, *, shared_with: str = "") -> int:
    """Keep a list under a name; the same name of one's own is written over."""
    name = _clean(name)
    if shared_with and shared_with not in shareable(actor, section):
        raise Denied("You may share views only with roles that you have.", needs=f"{section.name}.bulk_edit")
    values = {"query": query, "shared_with": shared_with}
    own = [view for view in of(actor, section).views if view.is_own]
    same = next((view for view in own if view.name == name), None)
    if same:
        db.session.execute(update(SavedView).where(SavedView.id == same.id).values(**values))
        return same.id
    if len(own) >= VIEWS_MOST:
        raise Conflict(f"There are {VIEWS_MOST} views of yours already. Delete one first.")
    made = insert(SavedView).values(section=section.name, name=name, user_id=actor.id, created_at=clock.now(), **values)
    result = db.session.execute(made)
    return int(result.inserted_primary_key[0])  # type: ignore[attr-defined]  # an insert has it


def rename(actor: Actor, section: Section, view_id: int, name: str) -> str:
    """Give a view of one's own another name; returns it as it is kept."""
    view = get(actor, section, view_id)
    if not view.is_own:
        raise Denied("Only whoever saved a view may rename it.")
    name = _clean(name)
    if any(other.name == name and other.is_own and other.id != view_id for other in of(actor, section).views):
        raise Invalid(fields={"name": [f"You have another view called “{name}”."]})
    db.session.execute(update(SavedView).where(SavedView.id == view_id).values(name=name))
    return name


def move(actor: Actor, section: Section, view_id: int, by: int) -> int:
    """Move a view so many places down the person's tabs (up, if negative); returns its place, from 1.

    The order is the person's own, also of views that others share with them.
    """
    _lock(actor)
    numbers = [view.id for view in of(actor, section).views]
    if view_id not in numbers:
        raise NotFound
    place = min(max(numbers.index(view_id) + by, 0), len(numbers) - 1)
    numbers.remove(view_id)
    numbers.insert(place, view_id)
    _set(actor, section, view_order=",".join(map(str, numbers)))
    return place + 1


def _clean(name: str) -> str:
    name = " ".join(name.replace("\0", " ").encode("utf-8", "replace").decode().split())
    if not name:
        raise Invalid(fields={"name": ["Name is required"]})
    if len(name) > NAME_LENGTH:
        raise Invalid(fields={"name": [f"Name must have at most {NAME_LENGTH} characters; this has {len(name)}."]})
    return name


def shareable(actor: Actor, section: Section) -> list[str]:
    """With whom the person may share: everyone and roles of their own, if they may change any row.

    Whoever manages people may share with every role.
    """
    if actor.is_system or actor.grants.get((section.name, "bulk_edit")) != "any":
        return []
    if actor.grants.get((User.__tablename__, "update")) != "any":
        return [EVERYONE, *actor.roles]
    names = select(Role.name).where(Role.live == 1).order_by(Role.id)
    return [EVERYONE, *db.session.execute(names).scalars()]


def remove(actor: Actor, section: Section, view_id: int) -> View:
    """Delete a view of one's own; returns it, so that it can be saved again."""
    view = get(actor, section, view_id)
    if not view.is_own:
        raise Denied("Only whoever saved a view may delete it.")
    db.session.execute(update(ListSettings).where(ListSettings.view_id == view_id).values(view_id=None))
    db.session.execute(delete(SavedView).where(SavedView.id == view_id))
    return view


def set_default(actor: Actor, section: Section, view_id: int | None) -> None:
    """The view that the list opens with; none for the plain list."""
    if view_id is not None:
        get(actor, section, view_id)
    _set(actor, section, view_id=view_id)


def set_columns(actor: Actor, section: Section, names: Sequence[str]) -> None:
    """The columns that the person sees, in this order; none for the declared ones."""
    _set(actor, section, columns=",".join(names))


def _set(actor: Actor, section: Section, **values: object) -> None:
    if actor.id is None or not permissions.allows(actor, "read", section):
        raise NotFound
    _lock(actor)
    here = (ListSettings.user_id == actor.id, ListSettings.section == section.name)
    kept = select(ListSettings.columns, ListSettings.view_id, ListSettings.view_order).where(*here)
    stood = db.session.execute(kept).first()
    merged = {"columns": "", "view_id": None, "view_order": None} | (dict(stood._mapping) if stood else {}) | values
    db.session.execute(delete(ListSettings).where(*here))
    db.session.execute(insert(ListSettings).values(user_id=actor.id, section=section.name, **merged))


def _lock(actor: Actor) -> None:
    """Who clicks twice in quick succession does one thing after the other."""
    db.session.execute(select(User.id).where(User.id == actor.id).with_for_update())


@lru_cache(maxsize=1)
def _asking() -> Any:
    """Asked by every list, so it is made once."""
    section: Any = bindparam("section")
    view, user, liked = (model.__table__ for model in (SavedView, User, ListSettings))
    shared = in_list(view.c.shared_with, "shared")
    settings = and_(liked.c.user_id == user.c.id, liked.c.section == section)
    visible = and_(view.c.section == section, or_(view.c.user_id == user.c.id, shared))
    return (
        select(liked.c.columns, liked.c.view_id, liked.c.view_order, view.c.id, view.c.name, view.c.query,
               view.c.shared_with, view.c.user_id)
        .select_from(user)
        .outerjoin(liked, settings)
        .outerjoin(view, visible)
        .where(user.c.id == bindparam("person"))
        .order_by(view.c.id)
    )  # fmt: skip
