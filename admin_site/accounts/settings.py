"""How the pages look for one person."""

from sqlalchemy import delete, insert

from admin_site.accounts.models import UserSettings
from admin_site.core.database import db

THEMES = ("", "light", "dark")
DENSITIES = ("", "compact")


def save(user_id: int, *, theme: str, density: str, shortcuts: bool) -> None:
    """Keep the choice; an unknown one counts as the system's own."""
    values = {
        "theme": theme if theme in THEMES else "",
        "density": density if density in DENSITIES else "",
        "shortcuts": shortcuts,
    }
    db.session.execute(delete(UserSettings).where(UserSettings.user_id == user_id))
    db.session.execute(insert(UserSettings).values(user_id=user_id, **values))
