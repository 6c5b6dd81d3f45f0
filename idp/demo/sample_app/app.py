"""A relying application that knows only OpenID Connect: the sample that `make demo` starts beside the provider.

It imports nothing of the provider and is run by its path (`python app.py`), as any other program would be. What it
knows of the provider is its issuer and a registration, from the environment:

    SAMPLE_APP_PORT                   where it listens, on 127.0.0.1
    SAMPLE_APP_ISSUER                 the provider; everything else about it is found by discovery
    SAMPLE_APP_CLIENT_ID, _SECRET     its registration
    SAMPLE_APP_PARTNER_ID, _SECRET    a second registration, of a third-party application (optional)

    /            who is logged in, what the provider said of them, and how old the tokens are
    /login       to the provider (authorization code flow with PKCE), with what the visitor asks for on top
    /callback    back from the provider: the code for tokens, which stay on this side
    /refresh     fresh tokens for the refresh token
    /logout      out here, then out at the provider (OpenID Connect RP-Initiated Logout 1.0)
    /backchannel-logout  the provider says that a login is over there: out here too (Back-Channel Logout 1.0)
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Flask, Response, current_app, redirect, render_template, request, session, url_for
from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as AnyResponse

HOST = "127.0.0.1"
MOST_REMEMBERED = 1000
SCOPE = "openid profile email offline_access"
TWO_FACTOR = "urn:informer:acr:2fa"
PATIENCE = 10
SIGNED_WITH = "RS256"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
STEP_UP = {
    "two-factor": {"acr_values": TWO_FACTOR},
    "passkey": {"acr_values": "phr"},
    "again": {"prompt": "login"},
}
WORDS_FOR_ERRORS = {
    "access_denied": "The provider refused: you cancelled, or this application may not have you as its user.",
    "login_required": "The provider wants you to log in first.",
    "interaction_required": "The provider has something to ask you first.",
    "unmet_authentication_requirements": "The stronger login that was asked for did not come about.",
    "temporarily_unavailable": "The provider cannot answer at the moment.",
    "mismatching_state": "This login was not begun in this browser, or too long ago.",
    "invalid_grant": "The login that this rested on is over.",
}


# What the application remembers, on its own side: logins under way, and the tokens of its visitors. The browser holds
# one random name and nothing else. A restart forgets everything; a visitor then logs in again.


class Cache:
    """Texts that end: the cache that Authlib keeps the state, nonce and PKCE verifier of a login in."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        """The text, until its end."""
        ends, value = self._values.get(key, (0.0, ""))
        return value if ends > time.monotonic() else None

    def set(self, key: str, value: str, timeout: float) -> None:
        """Keep a text for that many seconds; the oldest goes where there are too many."""
        with self._lock:
            self._values[key] = (time.monotonic() + timeout, value)
            while len(self._values) > MOST_REMEMBERED:
                del self._values[next(iter(self._values))]

    def delete(self, key: str) -> None:
        """Forget a text."""
        with self._lock:
            self._values.pop(key, None)


@dataclass(slots=True)
class Visit:
    """A visitor who is logged in here: with which registration, the tokens, and when each came (Unix time).

    `claims` are those of the ID token, `userinfo` what the provider says of the person when asked with the access token.
    """

    registration: str
    tokens: dict[str, Any]
    claims: dict[str, Any]
    userinfo: dict[str, Any] = field(default_factory=dict)
    came: dict[str, float] = field(default_factory=dict)

    def renew(self, tokens: dict[str, Any], now: float) -> None:
        """Take fresh tokens; what the provider did not send again stays."""
        for name in ("access_token", "refresh_token", "id_token"):
            if tokens.get(name) and tokens[name] != self.tokens.get(name):
                self.came[name] = now
        self.tokens = {**self.tokens, **tokens}


class Visits:
    """Visits by the random name that the browser's cookie has."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self._lock = threading.Lock()

    def of(self, name: str | None) -> Visit | None:
        """The visit of that name."""
        return self._visits.get(name or "")

    def begin(self, visit: Visit) -> str:
        """Keep a visit under a new name; the oldest goes where there are too many."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._visits[name] = visit
            while len(self._visits) > MOST_REMEMBERED:
                del self._visits[next(iter(self._visits))]
        return name

    def end(self, name: str | None) -> Visit | None:
        """Forget a visit, and say what it was."""
        with self._lock:
            return self._visits.pop(name or "", None)

    def end_those(self, registration: str, **claims: str) -> None:
        """Forget the visits whose ID token has all of these claims."""
        for name, visit in list(self._visits.items()):
            if visit.registration == registration and claims.items() <= visit.claims.items():
                self.end(name)


# The pages.


@dataclass(frozen=True, slots=True)
class Registration:
    """How the application is known to the provider: under a name of ours, with id and secret of the provider's."""

    name: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Age:
    """A token as the page shows it."""

    name: str
    seconds_old: int
    seconds_left: int | None


def create_app(environment: Mapping[str, str]) -> Flask:
    """The application for these settings."""
    app = Flask(__name__)
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        SESSION_COOKIE_NAME=f"sample_app_{environment['SAMPLE_APP_PORT']}",  # cookies do not tell ports apart
        SESSION_COOKIE_SAMESITE="Lax",
        ISSUER=environment["SAMPLE_APP_ISSUER"],
    )
    app.extensions["visits"], app.extensions["logout_tokens"] = Visits(), Cache()
    app.extensions["oauth"] = oauth = OAuth(app, cache=Cache())
    for registration in _registrations(environment):
        _register(oauth, registration, environment["SAMPLE_APP_ISSUER"])
    for rule, view, methods in ROUTES:
        app.add_url_rule(rule, view_func=view, methods=methods)
    app.register_error_handler(AuthlibBaseError, _refused)
    app.register_error_handler(JoseError, _untrue)
    app.register_error_handler(requests.RequestException, _unreachable)
    app.after_request(_protect)
    return app


def _registrations(environment: Mapping[str, str]) -> list[Registration]:
    named = [("employees", "SAMPLE_APP_CLIENT"), ("partner", "SAMPLE_APP_PARTNER")]
    return [
        Registration(name, environment[f"{prefix}_ID"], environment[f"{prefix}_SECRET"])
        for name, prefix in named
        if f"{prefix}_ID" in environment
    ]


def _register(oauth: OAuth, registration: Registration, issuer: str) -> None:
    oauth.register(
        registration.name,
        client_id=registration.client_id,
        client_secret=registration.client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "default_timeout": PATIENCE},
    )


def home() -> str:
    """Who is logged in."""
    visit = _visit()
    if visit is None:
        ended = session.pop("visit", None) is not None
        return render_template("welcome.html", partner=_provider("partner") is not None, ended=ended)
    tokens = [_age(visit, name) for name in ("access_token", "refresh_token", "id_token") if visit.tokens.get(name)]
    person = {**visit.claims, **visit.userinfo}
    return render_template("visit.html", visit=visit, person=person, tokens=tokens, moments=_moments(visit.claims))


def login() -> AnyResponse:
    """To the provider (OpenID Connect Core section 3.1.2.1)."""
    name = request.args.get("as", "employees")
    provider = _provider(name)
    if provider is None:
        return redirect(url_for("home"))
    asked = dict(STEP_UP.get(request.args.get("ask", ""), {}))
    if tenant := request.args.get("tenant", "").strip():
        asked["tenant"] = tenant
    answer: AnyResponse = provider.authorize_redirect(url_for("callback", name=name, _external=True), **asked)
    return answer


def callback(name: str) -> AnyResponse:
    """Back from the provider: check the answer, exchange the code, keep the tokens on this side."""
    provider = _provider(name)
    if provider is None:
        return redirect(url_for("home"))
    _check_issuer(provider)
    tokens = dict(provider.authorize_access_token())
    visit = Visit(name, {}, dict(tokens.pop("userinfo")))
    visit.renew(tokens, time.time())
    _ask_userinfo(provider, visit)
    _visits().end(session.pop("visit", None))
    session["visit"] = _visits().begin(visit)
    return redirect(url_for("home"))


def refresh() -> AnyResponse:
    """Fresh tokens (RFC 6749 section 6). The provider gives a new refresh token with them."""
    visit = _visit()
    provider = _provider(visit.registration) if visit else None
    if visit is None or provider is None:
        return redirect(url_for("home"))
    tokens = provider.fetch_access_token(grant_type="refresh_token", refresh_token=visit.tokens.get("refresh_token"))
    visit.renew(dict(tokens), time.time())
    _ask_userinfo(provider, visit)
    return redirect(url_for("home"))


def logout() -> AnyResponse:
    """Out here, then out at the provider."""
    visit = _visits().end(session.pop("visit", None))
    provider = _provider(visit.registration) if visit else None
    if visit is None or provider is None:
        return redirect(url_for("home"))
    answer: AnyResponse = provider.logout_redirect(
        post_logout_redirect_uri=url_for("home", _external=True),
        id_token_hint=visit.tokens.get("id_token"),
        client_id=provider.client_id,
    )
    return answer


def backchannel_logout(name: str) -> tuple[str, int]:
    """The provider says whose login is over (OpenID Connect Back-Channel Logout 1.0 section 2.5)."""
    provider = _provider(name)
    if provider is None:
        return "", 404
    claims = _logout_claims(provider, request.form.get("logout_token", ""))
    _visits().end_those(name, **{claim: claims[claim] for claim in ("sub", "sid") if claim in claims})
    return "", 200


def healthz() -> str:
    """Say that the application lives."""
    return "ok"


ROUTES = (
    ("/", home, ["GET"]),
    ("/login", login, ["GET"]),
    ("/callback/<name>", callback, ["GET"]),
    ("/refresh", refresh, ["POST"]),
    ("/logout", logout, ["POST"]),
    ("/backchannel-logout/<name>", backchannel_logout, ["POST"]),
    ("/healthz", healthz, ["GET"]),
)


class IssuerMismatch(AuthlibBaseError):  # type: ignore[misc]
    """The answer is not of the provider that was asked (RFC 9207 section 2.4)."""

    error = "mismatching_issuer"


class AnotherPerson(AuthlibBaseError):  # type: ignore[misc]
    """The userinfo endpoint speaks of somebody else than the ID token (OpenID Connect Core section 5.3.2)."""

    error = "mismatching_subject"


def _ask_userinfo(provider: FlaskOAuth2App, visit: Visit) -> None:
    userinfo = dict(provider.userinfo(token=visit.tokens))
    if userinfo.get("sub") != visit.claims["sub"]:
        raise AnotherPerson
    visit.userinfo = userinfo


def _check_issuer(provider: FlaskOAuth2App) -> None:
    if "iss" in request.args and request.args["iss"] != provider.load_server_metadata()["issuer"]:
        raise IssuerMismatch


def _logout_claims(provider: FlaskOAuth2App, token: str) -> dict[str, Any]:
    """The claims of a logout token, checked as section 2.6 says. Raises `JoseError`."""
    try:
        found = jwt.decode(token, KeySet.import_key_set(provider.fetch_jwk_set()), algorithms=[SIGNED_WITH])
    except InvalidKeyIdError:
        found = jwt.decode(token, KeySet.import_key_set(provider.fetch_jwk_set(force=True)), algorithms=[SIGNED_WITH])
    told, needed = found.claims, jwt.ClaimsOption(essential=True)
    jwt.JWTClaimsRegistry(
        leeway=PATIENCE,
        iss=jwt.ClaimsOption(essential=True, value=provider.load_server_metadata()["issuer"]),
        aud=jwt.ClaimsOption(essential=True, value=provider.client_id),
        iat=needed,
        exp=needed,
        jti=needed,
    ).validate(told)
    typ = str(found.header.get("typ")).lower().removeprefix("application/")  # RFC 7515 section 4.1.9
    if typ != "logout+jwt" or LOGOUT not in told.get("events", ()) or "nonce" in told:
        raise InvalidClaimError("events")
    if not {"sub", "sid"} & told.keys() or _kept().get(told["jti"]):
        raise InvalidClaimError("jti")
    _kept().set(told["jti"], "seen", told["exp"] - time.time() + PATIENCE)
    return dict(told)


def _refused(error: AuthlibBaseError) -> tuple[str, int]:
    """The provider said no, or its answer is not one to our question."""
    words = WORDS_FOR_ERRORS.get(error.error or "", "The provider did not accept the request.")
    return render_template("error.html", code=error.error, words=words, description=error.description), 400


def _untrue(error: JoseError) -> tuple[str, int]:
    """An ID token or a logout token is not what it should be (OpenID Connect Core section 3.1.3.7)."""
    words = "The provider's answer cannot be trusted."
    return render_template("error.html", code=error.error, words=words, description=error.description), 400


def _unreachable(error: requests.RequestException) -> tuple[str, int]:
    """No answer from the provider at all."""
    words = "The provider cannot be reached. Is it running?"
    return render_template("error.html", code=type(error).__name__, words=words, description=""), 502


def _protect(response: Response) -> Response:
    provider = urlsplit(current_app.config["ISSUER"])
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {provider.scheme}://{provider.netloc}"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


def _visits() -> Visits:
    visits: Visits = current_app.extensions["visits"]
    return visits


def _kept() -> Cache:
    kept: Cache = current_app.extensions["logout_tokens"]
    return kept


def _visit() -> Visit | None:
    return _visits().of(session.get("visit"))


def _provider(name: str) -> FlaskOAuth2App | None:
    provider: FlaskOAuth2App | None = current_app.extensions["oauth"].create_client(name)
    return provider


def _age(visit: Visit, name: str) -> Age:
    now = time.time()
    ends = visit.tokens.get("expires_at") if name == "access_token" else None
    left = max(0, round(ends - now)) if ends else None
    return Age(name.replace("_", " "), round(now - visit.came.get(name, now)), left)


def _moments(claims: Mapping[str, Any]) -> dict[str, str]:
    """The claims that are moments, as a person reads them."""
    named = ("auth_time", "iat", "exp")
    return {
        name: f"{datetime.fromtimestamp(claims[name], UTC):%-d %B %Y, %H:%M:%S} UTC" for name in named if name in claims
    }


def main() -> None:
    """Serve until told to stop."""
    app = create_app(os.environ)
    server = make_server(HOST, int(os.environ["SAMPLE_APP_PORT"]), app, threaded=True)
    signal.signal(signal.SIGTERM, _leave)
    server.serve_forever()


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
