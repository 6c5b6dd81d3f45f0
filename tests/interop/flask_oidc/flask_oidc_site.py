"""A Flask site whose people log in by flask-oidc with its defaults: the secret in the form, a nonce, no PKCE."""

import json
import os

from flask import Flask, session
from flask_oidc import OpenIDConnect

said = json.loads(os.environ["SITE"])
site = Flask(__name__)
site.config.update(
    SECRET_KEY="of a test that ends soon",
    OIDC_CLIENT_SECRETS={"web": {name: said[name] for name in ("client_id", "client_secret", "issuer")}},
    OIDC_SCOPES="openid profile email",
)
oidc = OpenIDConnect(site)


@site.get("/")
def front() -> dict[str, str | None]:
    """Who is logged in."""
    return {"email": session.get("oidc_auth_profile", {}).get("email")}


@site.get("/mine")
@oidc.require_login
def mine() -> dict[str, str | None]:
    """The same, for people who are."""
    return front()


site.run("127.0.0.1", said["port"])
