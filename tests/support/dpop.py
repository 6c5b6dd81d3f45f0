"""An application's own key, and the proofs that it makes with it (RFC 9449 section 4).

prover = Prover(clock.now)
prover.token(rp, grant_type=…)                   a token request with a proof
prover.userinfo(rp, access_token)                the same at the UserInfo endpoint
prover.proof("POST", uri, header={…}, jti=None)  any proof: a change to None leaves a claim out
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.support.relying_party import RelyingParty, Tokens
from tests.support.stores import ISSUER


class Lenient(JWSRegistry):
    """Lets a header say what no library would write, and signs by an algorithm whatever its library thinks of it."""

    max_header_length = 9000

    def get_alg(self, name: str) -> Any:
        """By its name."""
        return self.algorithms[name]

    def check_header(self, header: Any, check_required: bool = True) -> None:
        """Anything will do."""


class Prover:
    """Who has the key."""

    def __init__(
        self, now: Callable[[], datetime], key: ECKey | RSAKey | OKPKey | None = None, algorithm: str = "ES256"
    ) -> None:
        self.now = now
        self.key = key or ECKey.generate_key("P-256")
        self.algorithm = algorithm

    @property
    def jkt(self) -> str:
        """The thumbprint (RFC 7638)."""
        return self.key.thumbprint()

    def proof(
        self,
        method: str = "POST",
        uri: str = f"{ISSUER}/token",
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """A fresh proof, right but for the changes."""
        claims = {
            "jti": uuid.uuid4().hex,
            "htm": method,
            "htu": uri,
            "iat": int(self.now().timestamp()),
            "ath": token and hashed(token),
            **changes,
        }
        public = self.key.as_dict(private=False)
        public.pop("kid", None)
        head = {"alg": self.algorithm, "typ": "dpop+jwt", "jwk": public, **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        claims = {name: value for name, value in claims.items() if value is not None}
        registry = Lenient(algorithms=[self.algorithm])
        return jwt.encode(head, claims, self.key, registry=registry)

    def token(self, rp: RelyingParty, proof: str | None = None, **values: str | None) -> httpx.Response:
        """A token request with a proof."""
        request = rp.token_request(**values)
        request.headers["DPoP"] = proof or self.proof("POST", rp.metadata["token_endpoint"])
        return rp.http.send(request)

    def redeem(self, rp: RelyingParty, code: str, proof: str | None = None) -> httpx.Response:
        """The code of the newest answer for tokens."""
        return self.token(rp, proof, grant_type="authorization_code", **rp.redemption(code))

    def refresh(self, rp: RelyingParty, token: str) -> httpx.Response:
        """A refresh token for tokens."""
        return self.token(rp, grant_type="refresh_token", refresh_token=token)

    def userinfo(
        self,
        rp: RelyingParty,
        tokens: Tokens | str,
        proof: str | None = None,
        scheme: str = "DPoP",
        method: str = "GET",
    ) -> httpx.Response:
        """Who is this, with a proof."""
        token = tokens if isinstance(tokens, str) else tokens.access_token
        address = rp.metadata["userinfo_endpoint"]
        headers = {"Authorization": f"{scheme} {token}", "DPoP": proof or self.proof(method, address, token=token)}
        return rp.http.request(method, address, headers=headers)


def hashed(token: str) -> str:
    """Section 4.2: `ath`."""
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
