"""The cookie that knows a browser again, and the CSRF tokens that hang on it.

    first page ─▶ idp_browser = 256 random bits ──┬─▶ HMAC ─▶ session["csrf_token"] ─▶ a token in each form (Flask-WTF)
                  (__Host- on https, HttpOnly,    ├─▶ a login transaction is bound to it
                   SameSite=Lax, 400 days)        └─▶ a known-IP grant may ask for it

It proves nothing about a person and opens nothing. There is no session cookie of Flask's: `session` holds only what is
derived here, so nothing readable or forgeable travels, and nothing is stored for browsers that never log in. The cookie
is set only where a page used it; endpoints for programs never set it.
"""

import hashlib
import hmac
import re
from typing import Any, Final

from flask import Flask, Request, g
from flask.sessions import SessionInterface, SessionMixin
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from werkzeug.wrappers import Response

from idp.crypto import opaque
from idp.platform import secrets, settings
from idp.platform.extensions import csrf

COOKIE: Final = "idp_browser"
LIFETIME_SECONDS: Final = 400 * 24 * 3600
_OPAQUE = re.compile(r"[A-Za-z0-9_-]{43}")
_PURPOSE: Final = "browser csrf"


class Browser(dict[str, Any], SessionMixin):
    """The session of one request: a browser's id, and what derives from it. Writing to it stores nothing."""

    def __init__(self, given: str | None) -> None:
        """Adopt the id that the browser sent, or make a new one if it sent none of ours."""
        self.known = bool(given and _OPAQUE.fullmatch(given))
        self.id = given if given and self.known else opaque.new()
        self.used = False
        super().__init__()

    def __contains__(self, key: object) -> bool:
        """Know one key."""
        return key == "csrf_token"

    def __getitem__(self, key: str) -> Any:
        """Derive the CSRF secret of this browser."""
        if key != "csrf_token":
            raise KeyError(key)
        self.used = True
        return hmac.new(secrets.sealer().keyed(_PURPOSE), self.id.encode(), hashlib.sha256).hexdigest()


class BrowserSessions(SessionInterface):
    """Opens `session` from the browser cookie and sets that cookie at the first page."""

    def open_session(self, app: Flask, request: Request) -> Browser:
        """Read the cookie."""
        g.browser = browser = Browser(request.cookies.get(settings.of(app).cookie_name(COOKIE)))
        return browser

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie where a page used an id that the browser does not have yet."""
        if isinstance(session, Browser) and session.used and not session.known:
            set_cookie(response, COOKIE, session.id, LIFETIME_SECONDS)


def set_up(app: Flask) -> None:
    """Make the browser cookie the session, and demand a CSRF token of every form."""
    app.session_interface = BrowserSessions()
    app.config["WTF_CSRF_SSL_STRICT"] = False
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_CHECK_DEFAULT"] = True
    with app.app_context():
        app.config["WTF_CSRF_SECRET_KEY"] = secrets.sealer().keyed(_PURPOSE)
    csrf.init_app(app)
    app.jinja_env.globals["csrf_field"] = csrf_field


def csrf_field() -> Markup:
    """Return the hidden field that every form of ours carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def set_cookie(response: Response, name: str, value: str, seconds: int | None) -> None:
    """Set a cookie that only we read: HttpOnly, SameSite=Lax, Path=/, and on https Secure and `__Host-`."""
    ours = settings.current()
    response.set_cookie(
        ours.cookie_name(name),
        value,
        max_age=seconds,
        path="/",
        secure=not ours.development,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(response: Response, name: str) -> None:
    """Take a cookie back."""
    ours = settings.current()
    response.delete_cookie(ours.cookie_name(name), path="/", secure=not ours.development, httponly=True, samesite="Lax")


def browser_id() -> str:
    """Return the id of this browser, 256 random bits; using it makes the answer set the cookie."""
    found: Browser = g.browser
    found.used = True
    return found.id


def browser_hash() -> str:
    """Return what is stored of this browser: the SHA-256 of its id."""
    return opaque.digest(browser_id())


def is_known() -> bool:
    """Tell whether this browser came with its cookie."""
    found: Browser = g.browser
    return found.known
