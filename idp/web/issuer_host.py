"""Every address that we build begins with the issuer, whatever Host or scheme a request claims.

A redirect or link made from the Host header would go where an attacker says. Behind a proxy that ends TLS this also
makes the application see https without believing any header.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask

from idp.platform import settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class KnownAs:
    """A WSGI application that knows itself by one scheme and host."""

    def __init__(self, inner: "WSGIApplication", issuer: str) -> None:
        """Wrap `inner`; `issuer` is scheme and host."""
        parts = urlsplit(issuer)
        self._inner = inner
        self._ours = {"HTTP_HOST": parts.netloc, "wsgi.url_scheme": parts.scheme}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as the issuer."""
        return self._inner({**environ, **self._ours}, start_response)


def set_up(app: Flask) -> None:
    """Wrap the application."""
    app.wsgi_app = KnownAs(app.wsgi_app, settings.of(app).issuer)  # type: ignore[method-assign]
