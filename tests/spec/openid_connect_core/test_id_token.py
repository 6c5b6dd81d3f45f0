"""Sections 2, 3.1.3.3, 3.1.3.6, 3.1.3.7 and 12.2: ID tokens."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World


def header(token: str) -> dict[str, str]:
    """The JOSE header, unverified."""
    part = token.split(".", maxsplit=1)[0]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_what_it_says(tokens: Tokens, clock: MovingClock, anna: KnownUser) -> None:
    """Section 2: issuer, person, audience, an hour at most, when and how the person logged in."""
    now, claims = int(clock.now().timestamp()), tokens.claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, "books", str(anna.id))
    assert (claims["iat"], claims["auth_time"]) == (now, now)
    assert 0 < claims["exp"] - now <= 3600
    assert claims["sid"]
    assert {"tenant", "tenant_name", "user_type", "acr", "amr"} <= set(claims)


def test_the_nonce_is_repeated(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 3.1.3.7, item 11."""
    assert tokens.claims["nonce"] == rp.asked.nonce


def test_without_a_nonce_there_is_none(rp: RelyingParty, at_work: Browser) -> None:
    """Section 2: it is there if it was sent."""
    code = rp.answer(at_work.get(rp.authorize_url(nonce=None)))["code"]
    assert "nonce" not in rp.verified(rp.redeem(code).json()["id_token"])


@pytest.mark.filterwarnings(
    "ignore:EdDSA is deprecated"
)  # the name that today's clients know; the test verifies it too
@pytest.mark.parametrize(
    ("algorithm", "hashed"), [("RS256", "sha256"), ("PS256", "sha256"), ("ES256", "sha256"), ("EdDSA", "sha512")]
)
def test_the_registered_algorithm(world: World, new_rp: NewRp, at_work: Browser, algorithm: str, hashed: str) -> None:
    """OpenID Connect Registration section 2, and section 3.1.3.6: at_hash is half of that algorithm's hash."""
    rp = new_rp(world.client("other", id_token_signed_response_alg=algorithm))
    tokens = rp.finish(at_work.get(rp.authorize_url()))
    assert header(tokens.id_token)["alg"] == algorithm
    assert header(tokens.id_token)["kid"]
    digest = hashlib.new(hashed, tokens.access_token.encode()).digest()
    assert tokens.claims["at_hash"] == base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def test_rs256_where_nothing_is_registered(tokens: Tokens) -> None:
    """OpenID Connect Registration section 2: the default."""
    assert header(tokens.id_token)["alg"] == "RS256"


def test_none_without_the_scope_openid(world: World, rp: RelyingParty, at_work: Browser) -> None:
    """Section 3.1.2.1: without openid it is no OpenID Connect."""
    code = rp.answer(at_work.get(rp.authorize_url(scope="profile")))["code"]
    response = rp.redeem(code).json()
    assert "id_token" not in response
    assert rp.userinfo(response["access_token"]).status_code == 403


def test_a_refreshed_one(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """Section 12.2: the same person, issuer, audience and login; a new time; no nonce."""
    clock.advance(minutes=30)
    renewed = rp.verified(rp.refresh(tokens).json()["id_token"])
    changing = {"iat", "exp", "at_hash", "nonce"}
    assert {k: v for k, v in renewed.items() if k not in changing} == {
        k: v for k, v in tokens.claims.items() if k not in changing
    }
    assert renewed["iat"] == int(clock.now().timestamp())
    assert "nonce" not in renewed


def test_it_is_no_access_token(rp: RelyingParty, tokens: Tokens) -> None:
    """RFC 8725 section 3.11."""
    assert rp.userinfo(tokens.id_token).status_code == 401
