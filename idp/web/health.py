"""Whether this process lives, and whether it can do its work.

/healthz   200 as long as the process answers: restart it when it does not
/readyz    200 ready · 200 degraded (Redis is gone: slower, complete) · 503 unready (the database is gone)
"""

from http import HTTPStatus

from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from idp.platform import cache, database
from idp.platform.extensions import db
from idp.web.error_pages import RETRY_AFTER_SECONDS, for_programs

blueprint = Blueprint("health", __name__)


def set_up(app: Flask) -> None:
    """Offer both addresses."""
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
@for_programs
def healthz() -> Response:
    """Say that the process lives. Asks nobody."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@for_programs
def readyz() -> Response:
    """Say of each store whether it answers."""
    parts = {"database": _database(), "redis": _redis()}
    response = jsonify(status=_status(parts), **parts)
    if parts["database"] != "ok":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _status(parts: dict[str, str]) -> str:
    if parts["database"] != "ok":
        return "unready"
    return "degraded" if parts["redis"] == "unavailable" else "ready"


def _database() -> str:
    try:
        database.answers()
    except SQLAlchemyError:
        db.session.rollback()
        return "unavailable"
    return "ok"


def _redis() -> str:
    redis = cache.current()
    if not redis.configured:
        return "not configured"
    return "ok" if redis.healthy() else "unavailable"
