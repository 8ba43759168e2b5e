"""At which revision the database is, and which this program wants and knows."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app

from admin_site.core.database import db


def scripts() -> ScriptDirectory:
    """The revisions that this program knows."""
    return ScriptDirectory(current_app.extensions["migrate"].directory)


def difference() -> str:
    """What the database has and the program wants instead; empty where they agree."""
    wanted, found = set(scripts().get_heads()), _found()
    if wanted == found:
        return ""
    return f"database has {', '.join(sorted(found)) or 'nothing'}, program wants {', '.join(sorted(wanted))}"


def unknown() -> list[str]:
    """Revisions of the database that this program does not know: a newer one has upgraded it."""
    return sorted(_found() - {script.revision for script in scripts().walk_revisions()})


def _found() -> set[str]:
    return set(MigrationContext.configure(db.session.connection()).get_current_heads())
