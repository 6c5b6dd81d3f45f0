"""Where everything of this room is found. Two kinds of readers, two blueprints.

`people` are sent here with a browser. Pages have forms with CSRF tokens; the two endpoints that applications post to
across origins have none, and do nothing on their own: they lead to a page, or to what a GET would have done.

`programs` get JSON, also for errors. They authenticate by what they send, never by a cookie, so any origin may ask
and there is nothing to forge (RFC 9700 section 2.6); the authorization endpoint is none of them.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, Response, request

from idp.login.session import sessions
from idp.oidc import discovery
from idp.oidc.authorization import authorize, par, requests
from idp.oidc.clients import client_keys
from idp.oidc.clients.registration import endpoint as registering
from idp.oidc.device import endpoint as device_endpoint
from idp.oidc.device import views as device
from idp.oidc.logout import backchannel
from idp.oidc.logout import views as logout
from idp.oidc.signing_keys import keyring
from idp.oidc.tokens import dpop, introspection, revocation, sender_constraint, token
from idp.oidc.userinfo import userinfo
from idp.platform.extensions import csrf

people = Blueprint("oidc", __name__)
programs = Blueprint("oidc_programs", __name__)

people.add_url_rule("/authorize", "authorize", authorize.authorize, methods=["GET"])
people.add_url_rule("/authorize", "authorize_by_form", csrf.exempt(authorize.authorize_by_form), methods=["POST"])
people.add_url_rule("/authorize/<handle>", "resume", authorize.resume, methods=["GET"])
people.add_url_rule("/authorize/<handle>", "decide", authorize.decide, methods=["POST"])
people.add_url_rule("/authorize/<handle>/cancel", "cancel", authorize.cancel, methods=["GET"])
people.add_url_rule("/logout", "logout", logout.logout, methods=["GET"])
people.add_url_rule("/logout", "logout_by_form", csrf.exempt(logout.logout_by_form), methods=["POST"])
people.add_url_rule("/logout/<handle>", "logout_resume", logout.resume, methods=["GET"])
people.add_url_rule("/logout/<handle>", "logout_decide", logout.decide, methods=["POST"])
people.add_url_rule("/device", "device", device.ask, methods=["GET"])
people.add_url_rule("/device", "device_typed", device.typed_code, methods=["POST"])
people.add_url_rule("/device/<handle>", "device_confirm", device.confirm, methods=["GET"])
people.add_url_rule("/device/<handle>", "device_decide", device.decide, methods=["POST"])
people.add_url_rule("/device/<handle>/cancel", "device_cancel", device.cancel, methods=["GET"])
people.register_error_handler(requests.Refused, authorize.refused)

programs.add_url_rule("/.well-known/openid-configuration", "configuration", discovery.configuration)
programs.add_url_rule("/.well-known/oauth-authorization-server", "metadata", discovery.configuration)
programs.add_url_rule("/jwks", "jwks", discovery.jwks)
programs.add_url_rule("/par", "par", par.push, methods=["POST"])
programs.add_url_rule("/token", "token", token.token, methods=["POST"])
programs.add_url_rule(
    "/device_authorization", "device_authorization", device_endpoint.device_authorization, methods=["POST"]
)
programs.add_url_rule("/revoke", "revoke", revocation.revoke, methods=["POST"])
programs.add_url_rule("/introspect", "introspect", introspection.introspect, methods=["POST"])
programs.add_url_rule("/register", "register", registering.register, methods=["POST"])
programs.add_url_rule("/register/<client_id>", "registration", registering.read, methods=["GET"])
programs.add_url_rule("/register/<client_id>", "registration_update", registering.update, methods=["PUT"])
programs.add_url_rule("/register/<client_id>", "registration_delete", registering.delete, methods=["DELETE"])
programs.add_url_rule("/userinfo", "userinfo", userinfo.userinfo, methods=["GET", "POST"])
csrf.exempt(programs)

blueprints: Final = (people, programs)
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "3600",
}


@programs.after_request
def open_to_every_origin(response: Response) -> Response:
    """Let scripts of any origin read answers that depend on no cookie (WHATWG Fetch, CORS protocol)."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate, DPoP-Nonce, Retry-After"
    if "Allow" in response.headers:
        response.headers.update(_PREFLIGHT)
    return response


@programs.after_request
def offer_a_nonce(response: Response) -> Response:
    """Give whoever sends a proof the nonce for the next one (RFC 9449 section 8.2)."""
    if sender_constraint.HEADER in request.headers:
        response.headers["DPoP-Nonce"] = dpop.nonce()
    return response


def set_up(app: Flask) -> None:
    """Add this room to the application."""
    keyring.set_up(app)
    client_keys.set_up(app)
    discovery.set_up(app)
    sessions.when_one_ends(app, backchannel.session_ended)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
