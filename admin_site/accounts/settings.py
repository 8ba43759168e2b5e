"""How the pages look for one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from admin_site.accounts.models import User, UserSettings
from admin_site.core.database import db, insert_new

THEMES = ("", "light", "dark")
DENSITIES = ("", "compact")


@dataclass(frozen=True)
class Home:
    """The cards of the home page in the person's order, and those that they hide; others stand behind, as declared."""

    shown: Sequence[str] = ()
    hidden: Sequence[str] = ()


def save(user_id: int, *, theme: str, density: str, shortcuts: bool) -> None:
    """Keep the choice; an unknown one counts as the system's own."""
    _set(
        user_id,
        theme=theme if theme in THEMES else "",
        density=density if density in DENSITIES else "",
        shortcuts=shortcuts,
    )


def home_of(user_id: int | None) -> Home:
    """How the person arranged their home page."""
    query = select(UserSettings.home).where(UserSettings.user_id == user_id)
    kept = db.session.execute(query).scalar() if user_id is not None else None
    return Home(**kept) if kept else Home()


def arrange_home(user_id: int, home: Home | None) -> None:
    """Keep the order; None is the declared one."""
    _set(user_id, home={"shown": list(home.shown), "hidden": list(home.hidden)} if home else None)


def _set(user_id: int, **values: Any) -> None:
    # Two tabs may be the first ones at the same moment: one after the other.
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update())
    db.session.execute(insert_new(UserSettings).values(user_id=user_id, theme="", density="", shortcuts=True))
    statement = update(UserSettings).where(UserSettings.user_id == user_id).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))
