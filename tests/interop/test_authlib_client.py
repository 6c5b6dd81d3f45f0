"""Authlib's client (`requests` integration): discovery, code with PKCE, refresh, userinfo, logout."""

import secrets

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.interop.conftest import Case

pytestmark = pytest.mark.both_stores


def test_the_way_of_an_application(case: Case) -> None:
    """Every call of the library is answered as it expects, from discovery to logout."""
    issuer, client = case.live.issuer, case.client
    metadata = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    assert metadata["issuer"] == issuer
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    with OAuth2Session(
        client.client_id,
        client.client_secret,
        scope="openid profile email offline_access",
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
        token_endpoint_auth_method="client_secret_basic",
    ) as session:
        url, state = session.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        callback = case.callback(url)
        token = session.fetch_token(authorization_response=callback, state=state, code_verifier=verifier)
        keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
        claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
        assert (claims["iss"], claims["nonce"]) == (issuer, nonce)
        assert set(claims["amr"]) == {"pwd", "otp", "mfa"}

        who = session.get(metadata["userinfo_endpoint"], timeout=10).json()
        assert (who["sub"], who["email"]) == (claims["sub"], f"{case.anna.username}@{case.anna.tenant.slug}.example")

        fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
        assert fresh["access_token"] != token["access_token"]
        assert fresh["refresh_token"] != token["refresh_token"]
        assert session.get(metadata["userinfo_endpoint"], timeout=10).json()["sub"] == claims["sub"]

        out = case.live.browser().get(f"{metadata['end_session_endpoint']}?id_token_hint={token['id_token']}")
        assert out.status == 200
