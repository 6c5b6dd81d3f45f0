"""The headers that tell a browser what a page may do: nothing but what it needs.

Chromium applies `form-action` also to the redirect that answers a form (W3C CSP3 section 6.4.1), and the last form of a login
is answered by the redirect to the application. So the page with that form calls `allow_form_action(origin)`.
"""

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g

from idp.platform import settings

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'{forms}; frame-ancestors 'none'; base-uri 'none'{frames}"
)
_STRICT: Final = _POLICY.format(forms="", frames="")
HSTS: Final = "max-age=31536000"


def set_up(app: Flask) -> None:
    """Put the headers on every answer."""
    app.after_request(_protect)
    if not settings.of(app).development:
        app.after_request(_demand_https)


def allow_form_action(url: str) -> None:
    """Let this page's form end at the origin of `url`: a registered redirect URI, never one from the request."""
    g.form_actions = (*g.get("form_actions", ()), *_source(url))


def allow_frame(url: str) -> None:
    """Let this page have frames of the origin of `url`: a registered address, never one from the request."""
    g.frame_sources = (*g.get("frame_sources", ()), *_source(url))


def _source(url: str) -> tuple[str, ...]:
    """The origin as a source of a policy; none where it could say more than that."""
    parts = urlsplit(url)
    source = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    return () if any(sign in source for sign in " ;,'\"\r\n") else (source,)


def _policy() -> str:
    forms, frames = g.get("form_actions", ()), g.get("frame_sources", ())
    if not forms and not frames:
        return _STRICT
    also = "".join(f" {origin}" for origin in forms)
    return _POLICY.format(forms=also, frames=f"; frame-src {' '.join(dict.fromkeys(frames))}" if frames else "")


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Server", "idp")
    return response


def _demand_https(response: Response) -> Response:
    response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response
