"""Every error, in the form that its reader understands.

    Fault, HTTP error, database gone, bug ─▶ Fault ─▶ who asked? ─┬─ a person ─▶ templates/error.html with the request id
                                              │                  └─ a program ─▶ RFC 6749 section 5.2 JSON
                                              └─▶ the log: what was found

A store that is gone is 503 with Retry-After and decides nothing. A bug is 500, tells nothing, and is logged whole.
"""

from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import Any, Final, TypeVar

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from idp.platform import errors
from idp.platform.errors import Fault
from idp.platform.extensions import db
from idp.web import logs

RETRY_AFTER_SECONDS: Final = 5
_MARK: Final = "answers_programs"
View = TypeVar("View", bound=Callable[..., Any])

DATABASE_GONE: Final = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)


class FormExpired(errors.BadRequest):
    """A form came without the token of this browser (RFC 6819 section 5.3.5)."""

    default_person = (
        "This form can no longer be used. Allow cookies for this site, go back, reload the page and try again."
    )


class TooLarge(errors.BadRequest):
    """More was sent than anything here needs."""

    default_person = "What was sent is too large. Go back and send less, or a smaller file."


class TooSlow(errors.BadRequest):
    """What was sent did not come in time."""

    default_person = "What was sent took too long to arrive. Check your connection, go back and try again."


class WrongMethod(errors.BadRequest):
    """The address exists, but not for this method."""

    default_person = "This page cannot be used in this way. Go back to the application and start again."


_BY_STATUS: Final[dict[int, type[Fault]]] = {
    HTTPStatus.FORBIDDEN: errors.Forbidden,
    HTTPStatus.NOT_FOUND: errors.NotFound,
    HTTPStatus.METHOD_NOT_ALLOWED: WrongMethod,
    HTTPStatus.REQUEST_TIMEOUT: TooSlow,
    HTTPStatus.CONFLICT: errors.Conflict,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLarge,
    HTTPStatus.REQUEST_URI_TOO_LONG: TooLarge,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: TooLarge,
    HTTPStatus.SERVICE_UNAVAILABLE: errors.Unavailable,
}


def set_up(app: Flask) -> None:
    """Answer every error."""
    app.register_error_handler(Fault, _on_fault)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_bug)
    app.register_error_handler(exc.DataError, _on_wrong_value)
    for kind in DATABASE_GONE:
        app.register_error_handler(kind, _on_database_gone)


def for_programs(view: View) -> View:
    """Mark a view whose reader is a program: its errors are JSON, whatever the error is."""
    setattr(view, _MARK, True)
    return view


def is_for_programs() -> bool:
    """Tell whether a program reads the answer to this request."""
    view = current_app.view_functions.get(request.endpoint or _endpoint_of_another_method() or "")
    if getattr(view, _MARK, False):
        return True
    accepts = request.accept_mimetypes
    return accepts.quality("application/json") > accepts.quality("text/html")


def _endpoint_of_another_method() -> str | None:
    """Find whose address this is when only the method is wrong."""
    wrong = request.routing_exception
    if not (isinstance(wrong, MethodNotAllowed) and wrong.valid_methods):
        return None
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint: str | None = adapter.match(method=next(iter(wrong.valid_methods)))[0] if adapter else None
    except (RequestRedirect, NotFound, MethodNotAllowed):
        return None
    return endpoint


def answer(fault: Fault, status: int | None = None) -> Response:
    """Say `fault` to whoever asked."""
    found = status or fault.status
    if is_for_programs():
        response = jsonify(error=fault.code, error_description=fault.description)
    else:
        later = found >= HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(fault, errors.TooMany)
        again = later and request.method == "GET"
        told = {
            "sentence": _(fault.person),
            "request_id": logs.request_id(),
            "status": found,
            "again": again,
            "back": fault.back,
            "parameter": fault.parameter,
        }
        page = render_template("error.html", **told)
        response = make_response(page)
    response.status_code = found
    if found == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(fault, errors.TooMany):
        response.headers["Retry-After"] = str(max(1, ceil(fault.after.total_seconds())))
    return response


def _on_fault(fault: Fault) -> Response:
    logs.log.info("refused", kind=type(fault).__name__, detail=fault.detail)
    return answer(fault)


def _on_csrf(error: CSRFError) -> Response:
    logs.log.info("refused", kind="FormExpired", detail=error.description)
    return answer(FormExpired())


def _on_http(error: HTTPException) -> Response:
    """Answer Werkzeug's own errors in our words, and keep what its headers say (Allow, Location)."""
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    kind = _BY_STATUS.get(error.code) or (errors.BadRequest if error.code < HTTPStatus.INTERNAL_SERVER_ERROR else Fault)
    response = answer(kind(error.name), error.code)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _on_database_gone(error: Exception) -> Response:
    """Nothing was decided: the unit of work is rolled back and the client may try again."""
    db.session.rollback()
    logs.log.error("database unavailable", kind=type(error).__name__, detail=str(getattr(error, "orig", error)))
    return answer(errors.Unavailable())


def _on_wrong_value(error: Exception) -> Response:
    """A value that is too long or too large for its column; whoever sent it can send another."""
    db.session.rollback()
    logs.log.warning("value refused by the database", detail=str(getattr(error, "orig", error)))
    return answer(errors.BadRequest())


def _on_bug(error: Exception) -> Response:
    logs.log.error("unexpected error", exc_info=error)
    return answer(Fault())
