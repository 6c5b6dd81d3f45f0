"""An application that knows only OpenID Connect: discovery, code with PKCE, ID tokens checked against the JWKS.

    browser.get(rp.authorize_url())
    browser.login(anna)
    tokens = rp.finish(browser)                 # compares state, iss and nonce, redeems the code, verifies
    tokens.claims["acr"]   tokens.access_token   rp.refresh(tokens)   rp.userinfo(tokens)

The single parts, for tests that do them wrong on purpose: `answer(browser)`, `redeem(code, …)` (an httpx.Response).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.browser import Browser
from tests.support.world import KnownClient

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(slots=True)
class Asked:
    """One authorization request, as the application remembers it."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    code_verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def code_challenge(self) -> str:
        """S256 of the verifier (RFC 7636 section 4.2)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.code_verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(slots=True)
class Tokens:
    """What the token endpoint gave, the ID token's claims already verified."""

    response: dict[str, Any]
    claims: dict[str, Any]

    @property
    def access_token(self) -> str:
        """The access token."""
        return str(self.response["access_token"])

    @property
    def refresh_token(self) -> str:
        """The refresh token."""
        return str(self.response["refresh_token"])

    @property
    def id_token(self) -> str:
        """The ID token as it came."""
        return str(self.response["id_token"])


class RelyingParty:
    """One registered application, with its own way to the provider's endpoints."""

    def __init__(self, http: httpx.Client, client: KnownClient, now: Callable[[], datetime]) -> None:
        self.http = http
        self.client = client
        self.now = now
        self.asked = Asked()
        self._outstanding: dict[str, Asked] = {}
        self._metadata: dict[str, Any] = {}

    @property
    def metadata(self) -> dict[str, Any]:
        """The provider's metadata (OpenID Connect Discovery section 4)."""
        if not self._metadata:
            answer = self.http.get(DISCOVERY)
            assert answer.status_code == 200, answer.text
            self._metadata = answer.json()
        return self._metadata

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """The parameters of a fresh, correct authorization request; a change to None leaves one out."""
        self.asked = Asked()
        self._outstanding[self.asked.state] = self.asked
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": "openid profile email",
            "state": self.asked.state,
            "nonce": self.asked.nonce,
            "code_challenge": self.asked.code_challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    def authorize_url(self, **changes: str | None) -> str:
        """The address to send a browser to."""
        return f"{self.metadata['authorization_endpoint']}?{urlencode(self.parameters(**changes))}"

    def answer(self, browser: Browser) -> dict[str, str]:
        """What the browser brought back, once state and iss are right (RFC 6749 section 4.1.2, RFC 9207).

        Each request gets one answer; `asked` is then the request that this one is the answer to.
        """
        assert browser.landed, (
            f"the browser is still at {browser.page.address} ({browser.status}): {browser.text[:500]}"
        )
        assert browser.landed.startswith(self.client.redirect_uri), browser.landed
        answer = dict(parse_qsl(urlsplit(browser.landed).query, keep_blank_values=True))
        assert answer.get("state") in self._outstanding, "an answer to a question that was never asked, or a second one"
        self.asked = self._outstanding.pop(answer["state"])
        assert answer.get("iss") == self.metadata["issuer"]
        return answer

    def finish(self, browser: Browser) -> Tokens:
        """Redeem the code that the browser brought back."""
        answer = self.answer(browser)
        assert "code" in answer, answer
        response = self.redeem(answer["code"])
        assert response.status_code == 200, response.text
        return Tokens(response.json(), self.verified(response.json()["id_token"], nonce=self.asked.nonce))

    def redeem(self, code: str | None, **changes: str | None) -> httpx.Response:
        """Ask the token endpoint for what the code is worth; a change to None leaves a parameter out."""
        return self.token(**{"grant_type": "authorization_code", **self.redemption(code), **changes})

    def redemption(self, code: str | None) -> dict[str, str | None]:
        """What redeems the code of the newest answer."""
        return {
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": self.asked.code_verifier,
        }

    def refresh(self, tokens: Tokens | str, **changes: str | None) -> httpx.Response:
        """Ask for fresh tokens."""
        token = tokens if isinstance(tokens, str) else tokens.refresh_token
        return self.token(**{"grant_type": "refresh_token", "refresh_token": token, **changes})

    def token(self, **values: str | None) -> httpx.Response:
        """One request at the token endpoint, authenticated as this client is registered."""
        return self.http.send(self.token_request(**values))

    def token_request(self, **values: str | None) -> httpx.Request:
        """The same, not sent yet."""
        data = {name: value for name, value in values.items() if value is not None}
        return self._request("token_endpoint", data)

    def push(self, **changes: str | None) -> httpx.Response:
        """Push a request that is right but for the changes (RFC 9126 section 2)."""
        return self.http.send(self.push_request(self.parameters(**changes)))

    def push_request(self, values: dict[str, str]) -> httpx.Request:
        """The same, not sent yet."""
        return self._request("pushed_authorization_request_endpoint", values)

    def pushed_url(self, request_uri: str | None = None, **more: str) -> str:
        """The address that a browser brings a pushed request to (section 4); without a name, a fresh one is pushed."""
        named = request_uri or str(self.push().json()["request_uri"])
        query = {"client_id": self.client.client_id, "request_uri": named, **more}
        return f"{self.metadata['authorization_endpoint']}?{urlencode(query)}"

    def _request(self, endpoint: str, data: dict[str, str]) -> httpx.Request:
        """A form for one of the endpoints, authenticated as this client is registered."""
        headers = {}
        if self.client.client_secret is None:
            data.setdefault("client_id", self.client.client_id)
        else:
            headers["Authorization"] = basic(self.client.client_id, self.client.client_secret)
        return self.http.build_request("POST", self.metadata[endpoint], data=data, headers=headers)

    def userinfo(self, tokens: Tokens | str) -> httpx.Response:
        """Ask who this is (OpenID Connect Core section 5.3)."""
        token = tokens if isinstance(tokens, str) else tokens.access_token
        return self.http.get(self.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {token}"})

    def keys(self) -> KeySet:
        """The provider's public keys."""
        return KeySet.import_key_set(self.http.get(self.metadata["jwks_uri"]).json())

    def verified(self, id_token: str, nonce: str | None = None) -> dict[str, Any]:
        """The claims of an ID token that is ours, fresh and signed (OpenID Connect Core section 3.1.3.7)."""
        claims = jwt.decode(id_token, self.keys(), algorithms=ALGORITHMS).claims
        now = int(self.now().timestamp())
        assert claims["iss"] == self.metadata["issuer"]
        assert claims["aud"] in (self.client.client_id, [self.client.client_id])
        assert claims["exp"] > now >= claims["iat"] - 60
        assert nonce is None or claims.get("nonce") == nonce
        return dict(claims)

    def logout_url(self, tokens: Tokens | None = None, **changes: str | None) -> str:
        """The address that logs the browser out (OpenID Connect RP-Initiated Logout section 2)."""
        values: dict[str, str | None] = {
            "client_id": self.client.client_id,
            "post_logout_redirect_uri": self.client.registration["post_logout_redirect_uris"][0],
            "state": "bye",
            "id_token_hint": tokens.id_token if tokens else None,
            **changes,
        }
        query = urlencode({name: value for name, value in values.items() if value is not None})
        return f"{self.metadata['end_session_endpoint']}?{query}"


def basic(client_id: str, client_secret: str) -> str:
    """The header of client_secret_basic (RFC 6749 section 2.3.1: both are form-encoded first)."""
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


NewRp = Callable[[KnownClient], RelyingParty]
