"""Is it alive, may it serve: for load balancers and operators."""

from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from admin_site.core import schema
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
    found = (schema.difference() or "ok") if database == "ok" else "unknown"
    ready = database == found == "ok"
    # Without a worker pages are still served; only long work waits. So this says it, and takes nobody away.
    worker = ("ok" if board.is_worked() else "missing") if ready else "unknown"
    body = jsonify(status="ready" if ready else "not ready", database=database, schema=found, worker=worker)
    return body, 200 if ready else 503


def _database_state() -> str:
    try:
        db.session.execute(text("SELECT 1"))
    except (SQLAlchemyError, AppError):
        db.session.rollback()
        return "unreachable"
    return "ok"
