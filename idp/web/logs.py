"""Logs: one JSON object a line on stderr, from us, from the libraries and from the web server alike.

    request ─▶ request id ─▶ bound to every line of this request ─▶ one line "request" at the end ─▶ X-Request-Id

A path is logged without its query and without its secret parts (`/<token>`), an address as the socket's peer. Values
under a name that sounds like a secret are left out even where somebody logs one by mistake; JSON escapes line breaks and
control characters.
"""

import logging
import re
import sys
import threading
import time
import uuid
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final

import structlog
from flask import Flask, Response, g, request
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from idp.platform import settings

REQUEST_ID_HEADER: Final = "X-Request-Id"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECRET_NAME = re.compile(r"password|secret|token|cookie|authorization|totp|recovery_code|^code$|_code$", re.IGNORECASE)
_LOGGED_CODES = frozenset({"status_code", "error_code"})

log: structlog.stdlib.BoundLogger = structlog.get_logger("idp")


def _leave_out_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for name in event:
        if _SECRET_NAME.search(name) and name not in _LOGGED_CODES:
            event[name] = "(left out)"
    return event


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _leave_out_secrets,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
)


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats a record of the standard library, ours or another's, as one JSON object."""

    def __init__(self) -> None:
        """Use the same processors for both kinds of records."""
        super().__init__(
            foreign_pre_chain=list(_SHARED),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )


class StderrHandler(logging.StreamHandler[Any]):
    """Writes to whatever stderr is at the moment of writing. A log that cannot be written stops nobody."""

    def __init__(self) -> None:
        """Format as JSON."""
        logging.Handler.__init__(self)
        self.setFormatter(JsonFormatter())

    @property
    def stream(self) -> Any:
        """The present stderr."""
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the standard library's
        """Go on without the line: a full disk must not stop a login."""


def configure(level: int = logging.INFO) -> None:
    """Send every logger of this process to stderr as JSON; a second call changes nothing."""
    root = logging.getLogger()
    if any(isinstance(handler, StderrHandler) for handler in root.handlers):
        return
    root.addHandler(StderrHandler())
    root.setLevel(level)
    for name in ("httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def take_over() -> None:
    """Log also what Python would print by itself: warnings and the exceptions that nobody caught."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    log.critical("uncaught exception", exc_info=(kind, error, traceback))


def for_granian() -> dict[str, Any]:
    """Return the log configuration (logging.config.dictConfig) that makes the web server speak JSON too."""
    ours = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {},
        "handlers": {"stderr": {"()": StderrHandler}},
        "loggers": {"_granian": dict(ours), "granian.access": dict(ours)},
    }


def set_up(app: Flask) -> None:
    """Give every request an id and a line."""
    configure()
    app.before_request(_begin)
    app.after_request(_end)


def request_id() -> str:
    """Return the id of this request; an error page shows it, the log has it."""
    found: str = g.get("request_id") or ""
    return found


def _begin() -> None:
    g.request_began = time.perf_counter()
    g.request_id = _id_from_proxy() or uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _id_from_proxy() -> str | None:
    """Take the id that a trusted proxy gave, so that its log and ours can be laid side by side."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    return given if _ACCEPTABLE_ID.fullmatch(given) and settings.current().trusts(request.remote_addr) else None


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID_HEADER] = request_id()
    log.info("request", **_what_happened(response))
    return response


def _what_happened(response: Response) -> Mapping[str, Any]:
    facts: MutableMapping[str, Any] = {
        "method": request.method,
        "path": _path(),
        "status": response.status_code,
        "milliseconds": round((time.perf_counter() - g.request_began) * 1000, 2),
        "peer": request.remote_addr,
    }
    if request.endpoint:
        facts["endpoint"] = request.endpoint
    return facts


def _path() -> str:
    """Return the path, with nothing in it that somebody could log in with."""
    path = request.path
    for name, value in (request.view_args or {}).items():
        if _SECRET_NAME.search(name):
            path = path.replace(str(value), "(left out)")
    return path
