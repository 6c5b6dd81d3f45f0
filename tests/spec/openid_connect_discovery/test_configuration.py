"""Sections 3 and 4, RFC 8414 section 3: what this provider says of itself."""

from __future__ import annotations

import httpx
import pytest

from tests.support.relying_party import RelyingParty
from tests.support.stores import ISSUER

ADDRESSES = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]


def test_both_addresses_say_the_same(http: httpx.Client) -> None:
    """The document of OpenID Connect is that of OAuth 2.0 too."""
    one, other = (http.get(address) for address in ADDRESSES)
    assert one.status_code == other.status_code == 200
    assert one.headers["content-type"] == "application/json"
    assert one.json() == other.json()


def test_what_is_required(http: httpx.Client) -> None:
    """Section 3: and the issuer is exactly ours."""
    found = http.get(ADDRESSES[0]).json()
    assert found["issuer"] == ISSUER
    for name in ("authorization", "token", "userinfo", "end_session", "revocation", "introspection"):
        assert found[f"{name}_endpoint"].startswith(f"{ISSUER}/")
    assert found["jwks_uri"].startswith(f"{ISSUER}/")
    assert found["response_types_supported"] == ["code"]
    assert found["response_modes_supported"] == ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"]
    assert found["subject_types_supported"] == ["public", "pairwise"]
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "none" not in found["introspection_endpoint_auth_methods_supported"]
    assert found["claims_parameter_supported"] is True
    assert found["request_uri_parameter_supported"] is False
    assert found["acr_values_supported"][0] == "urn:informer:acr:password"
    assert {"tenant", "tenant_name", "user_type", "acr", "sub"} <= set(found["claims_supported"])


def test_every_endpoint_exists(http: httpx.Client) -> None:
    """What is announced answers, if only that something is missing."""
    found = http.get(ADDRESSES[0]).json()
    for name, address in found.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert http.options(address).status_code == 200, name


@pytest.mark.parametrize("address", [*ADDRESSES, "/jwks"])
def test_a_copy_is_confirmed(http: httpx.Client, address: str) -> None:
    """RFC 9110 section 13.1.2: it may be kept for a while, and is confirmed without being sent again."""
    answer = http.get(address)
    assert answer.headers["cache-control"].startswith("public, max-age=")
    again = http.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("address", [*ADDRESSES, "/jwks"])
def test_any_origin_may_ask(http: httpx.Client, address: str) -> None:
    """Without credentials, and without a cookie set."""
    answer = http.get(address, headers={"Origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers


def test_the_keys(rp: RelyingParty) -> None:
    """Section 3, jwks_uri: a signing and a next key for each algorithm, public parts only."""
    keys = rp.http.get(rp.metadata["jwks_uri"]).json()["keys"]
    assert sorted(key["alg"] for key in keys) == [
        "ES256",
        "ES256",
        "EdDSA",
        "EdDSA",
        "PS256",
        "PS256",
        "RS256",
        "RS256",
    ]
    assert len({key["kid"] for key in keys}) == 8
    assert {key["use"] for key in keys} == {"sig"}
    assert not any({"d", "p", "q", "k"} & set(key) for key in keys)
