"""Assertions of a client named "robot"."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.support.moving_clock import MovingClock
from tests.support.stores import ISSUER

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EC = ECKey.generate_key("P-256", {"kid": "ec"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})

Assert = Callable[..., str]


def public(*keys: ECKey | RSAKey | OKPKey) -> dict[str, Any]:
    """The key set that a client registers."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


@pytest.fixture
def assertion(clock: MovingClock) -> Assert:
    """Makes assertions, right but for the changes; a change to None leaves a claim out."""

    def make(key: ECKey | RSAKey = EC, header: dict[str, Any] | None = None, **changes: Any) -> str:
        now = int(clock.now().timestamp())
        claims = {"iss": "robot", "sub": "robot", "aud": ISSUER, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        head = {"alg": "RS256" if isinstance(key, RSAKey) else "ES256", "kid": key.kid} | (header or {})
        return jwt.encode({k: v for k, v in head.items() if v is not None}, claims, key, algorithms=[head["alg"]])

    return make


def ask(http: httpx.Client, assertion: str, **form: str | None) -> httpx.Response:
    """A token request in which only the client can be right."""
    values = {
        "grant_type": "refresh_token",
        "refresh_token": "x",
        "client_assertion_type": TYPE,
        "client_assertion": assertion,
        **form,
    }
    return http.post("/token", data={name: value for name, value in values.items() if value is not None})


def believed(answer: httpx.Response) -> bool:
    """Whether the client was believed: then the grant is what is wrong."""
    if answer.json()["error"] == "invalid_grant":
        return True
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    return False
