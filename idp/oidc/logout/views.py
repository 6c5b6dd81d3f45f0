"""The end session endpoint (OpenID Connect RP-Initiated Logout section 2), and the page that asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Response, make_response, redirect, render_template, request, url_for

from idp.login.models import BrowserSession
from idp.login.session import sessions
from idp.oidc.authorization import parameters
from idp.oidc.logout import frontchannel
from idp.oidc.logout import request as logout_requests
from idp.oidc.logout.request import LogoutRequest
from idp.platform.extensions import db
from idp.web.browser import browser_hash
from idp.web.languages import prefer
from idp.web.security_headers import allow_form_action, allow_frame

FRAME_SECONDS: Final = 5
"""So long a frame has to load before the browser goes on."""


def logout() -> Response:
    """Log out, or ask whether to."""
    return _arrive(logout_requests.read(parameters.read(request.args)))


def logout_by_form() -> Response:
    """Keep a request that came by POST, and let the browser fetch the answer."""
    asked = logout_requests.read(parameters.read(request.args, request.form))
    return _to_kept(asked, None)


def resume(handle: str) -> Response:
    """Go on with a request that came by POST."""
    return _arrive(logout_requests.find(handle))


def decide(handle: str) -> Response:
    """The person's answer. Whatever is not "logout" leaves everything as it is."""
    asked = logout_requests.take(handle)
    session = sessions.current()
    db.session.commit()
    if request.form.get("decision") != "logout":
        return make_response(redirect("/account/", 303))
    return _end(asked, session) if session else _ended(asked)


def _arrive(asked: LogoutRequest) -> Response:
    prefer(ui_locales=asked.parameters.get("ui_locales", ""))
    session = sessions.current()
    if session is None:
        return _ended(asked)
    return _end(asked, session) if asked.is_for(session) else _ask(asked, session)


def _ask(asked: LogoutRequest, session: BrowserSession) -> Response:
    if asked.target:
        allow_form_action(asked.target)
    handle = logout_requests.keep(asked, browser_hash())
    db.session.commit()
    shown: dict[str, object] = {
        "action": url_for("oidc.logout_decide", handle=handle),
        "application": asked.application,
        "username": sessions.user_of(session).username,
        "fields": [],
    }
    return make_response(render_template("oidc/logout.html", page=shown))


def _end(asked: LogoutRequest, session: BrowserSession) -> Response:
    """End the session on the server: a copy of its cookie is worthless from now on."""
    frames = frontchannel.frames(session)
    sessions.end(session, "logout")
    db.session.commit()
    response = _frames(asked, frames) if frames else _ended(asked)
    sessions.forget_cookie(response)
    return response


def _ended(asked: LogoutRequest) -> Response:
    if asked.target:
        return make_response(redirect(asked.target, 303))
    return make_response(
        render_template("oidc/logged_out.html", page={"application": None, "go_on": None, "frames": ()})
    )


def _frames(asked: LogoutRequest, frames: Sequence[str]) -> Response:
    """Let applications end their part in frames, and go on: by script when all are loaded, else after a while."""
    for address in frames:
        allow_frame(address)
    page = {"application": asked.application, "go_on": asked.target, "frames": frames}
    response = make_response(render_template("oidc/logged_out.html", page=page))
    if asked.target:
        response.headers["Refresh"] = f"{FRAME_SECONDS}; url={asked.target}"
    return response


def _to_kept(asked: LogoutRequest, browser: str | None) -> Response:
    handle = logout_requests.keep(asked, browser)
    db.session.commit()
    return make_response(redirect(url_for("oidc.logout_resume", handle=handle), 303))
