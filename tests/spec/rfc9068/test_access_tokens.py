"""Section 2: what an access token says, for a service that verifies it alone."""

from __future__ import annotations

import pytest
from joserfc import jwt

from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World


def test_what_it_says(rp: RelyingParty, tokens: Tokens, anna: KnownUser, clock: MovingClock) -> None:
    """Sections 2.1 and 2.2: the type, and every claim that is required."""
    token = jwt.decode(tokens.access_token, rp.keys(), algorithms=["ES256"])
    now = int(clock.now().timestamp())
    assert token.header["typ"] == "at+jwt"
    assert token.claims.pop("jti")
    assert token.claims == {
        "iss": ISSUER,
        "sub": str(anna.id),
        "aud": ISSUER,
        "client_id": "books",
        "scope": "openid profile email offline_access",
        "iat": now,
        "exp": now + tokens.response["expires_in"],
        "tenant": "de-zon",
        "acr": "urn:informer:acr:password",
        "amr": ["pwd"],
        "auth_time": now,
    }


def test_each_has_a_name_of_its_own(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 2.2: jti, also within one second."""
    names = set()
    token = tokens.refresh_token
    for _ in range(3):
        renewed = rp.refresh(token).json()
        token = renewed["refresh_token"]
        names.add(jwt.decode(renewed["access_token"], rp.keys(), algorithms=["ES256"]).claims["jti"])
    assert len(names) == 3


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ("https://api.example", "https://api.example"),
        (["https://api.example"], "https://api.example"),
        (["https://api.example", "https://two.example"], ["https://api.example", "https://two.example"]),
    ],
)
def test_whom_it_is_for(world: World, new_rp: NewRp, at_work: Browser, registered: object, expected: object) -> None:
    """Section 3: the audience that the client registered; we ourselves still know it."""
    rp = new_rp(world.client("other", audience=registered))
    tokens = rp.finish(at_work.get(rp.authorize_url()))
    assert jwt.decode(tokens.access_token, rp.keys(), algorithms=["ES256"]).claims["aud"] == expected
    assert rp.userinfo(tokens).status_code == 200
