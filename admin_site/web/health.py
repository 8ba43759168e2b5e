"""Is it alive, may it serve: for load balancers and operators."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from admin_site.core.database import db
from admin_site.core.errors import AppError
from admin_site.jobs import board

blueprint = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    """Add both addresses."""
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """The database answers and has the schema of this program; and whether some worker is alive."""
    database = _database_state()
    schema = _schema_state() if database == "ok" else "unknown"
    ready = database == schema == "ok"
    # Without a worker pages are still served; only long work waits. So this says it, and takes nobody away.
    worker = ("ok" if board.is_worked() else "missing") if ready else "unknown"
    body = jsonify(status="ready" if ready else "not ready", database=database, schema=schema, worker=worker)
    return body, 200 if ready else 503


def _database_state() -> str:
    try:
        db.session.execute(text("SELECT 1"))
    except (SQLAlchemyError, AppError):
        db.session.rollback()
        return "unreachable"
    return "ok"


def _schema_state() -> str:
    wanted = set(scripts().get_heads())
    found = set(MigrationContext.configure(db.session.connection()).get_current_heads())
    if wanted == found:
        return "ok"
    return f"database has {', '.join(sorted(found)) or 'nothing'}, program wants {', '.join(sorted(wanted))}"


def scripts() -> ScriptDirectory:
    """The revisions that this program knows."""
    return ScriptDirectory(current_app.extensions["migrate"].directory)
