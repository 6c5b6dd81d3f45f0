"""Whether a WSGI server that is not `idp serve` keeps headers apart whose names only look alike.

WSGI writes `-` in a name as `_` (idp/web/gateway.py), so only the server can tell `Client_Cert` from `Client-Cert`. Of
gunicorn we look at its settings, wherever they come from; of another server we know nothing, and trust it with no header.
"""

import sys
from types import FrameType
from typing import Any, Final

from idp.platform.settings import PREFIX, Settings

_APART: Final = frozenset({"drop", "refuse"})
_GUNICORN: Final = "gunicorn.app.base"
_UNKNOWN: Final = "this WSGI server may take X_Forwarded_For for X-Forwarded-For: use `idp serve` or gunicorn"


def faults(settings: Settings) -> list[str]:
    """A line for each reason not to start under the server that is loading the application now."""
    gunicorn = _gunicorn(sys._getframe())  # noqa: SLF001 - gunicorn gives its settings to nobody whom it loads
    if gunicorn is not None:
        return [f"gunicorn: {line}; use config/gunicorn.conf.py" for line in _of_gunicorn(gunicorn)]
    if settings.trusted_proxies:
        return [f"{PREFIX}TRUSTED_PROXIES: {_UNKNOWN}"]
    return []


def _gunicorn(frame: FrameType | None) -> Any | None:
    """The settings of the gunicorn that called us; None where none did."""
    while frame is not None:
        if frame.f_globals.get("__name__") == _GUNICORN and hasattr(frame.f_locals.get("self"), "cfg"):
            return frame.f_locals["self"].cfg
        frame = frame.f_back
    return None


def _of_gunicorn(given: Any) -> list[str]:
    """What its settings must not be. One before 22 has no `header_map`, and takes every name."""
    found = []
    if getattr(given, "header_map", None) not in _APART:
        found.append("header_map must be drop or refuse (version 22 or newer), or Client_Cert is taken for Client-Cert")
    if getattr(given, "forwarder_headers", None):
        found.append("forwarder_headers must be empty: a client could send them through the proxy")
    return found + [
        f"{name} must be off: it makes another name of what was sent"
        for name in ("strip_header_spaces", "permit_obsolete_folding")
        if getattr(given, name, False)
    ]
