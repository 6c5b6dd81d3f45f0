"""A Flask site whose people log in by Flask-pyoidc with its defaults: the secret in the header, a nonce, no PKCE."""

import json
import os

from flask import Flask, session
from flask_pyoidc import OIDCAuthentication
from flask_pyoidc.provider_configuration import ClientMetadata, ProviderConfiguration
from flask_pyoidc.redirect_uri_config import RedirectUriConfig
from flask_pyoidc.user_session import UserSession

said = json.loads(os.environ["SITE"])
site = Flask(__name__)
site.config.update(SECRET_KEY="of a test that ends soon")
provider = ProviderConfiguration(
    issuer=said["issuer"],
    client_metadata=ClientMetadata(said["client_id"], said["client_secret"]),
    auth_request_params={"scope": ["openid", "profile", "email"]},
)
there = RedirectUriConfig(f"{said['address']}/callback", "callback")
authentication = OIDCAuthentication({"informer": provider}, site, redirect_uri_config=there)


@site.get("/")
def front() -> dict[str, str | None]:
    """Who is logged in."""
    return {"email": (session.get("userinfo") or {}).get("email")}


@site.get("/mine")
@authentication.oidc_auth("informer")
def mine() -> dict[str, str | None]:
    """The same, for people who are."""
    return {"email": UserSession(session).userinfo["email"]}


@site.get("/cancelled")
@authentication.error_view
def cancelled(error: str | None = None, error_description: str | None = None) -> dict[str, str | None]:
    """What the library says of an error."""
    return {"error": error}


site.run("127.0.0.1", said["port"])
