"""Section 2, RFC 7591 section 2, RFC 8252: what an application may register, and what is wrong with the rest."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.oidc.clients.metadata import Registration, read
from idp.oidc.clients.validation import InvalidMetadata, validated

URI = "https://books.example/cb"
EC = ECKey.generate_key("P-256")
SHARED = {"kty": "oct", "k": "c2hhcmVk"}


def faults(metadata: dict[str, Any], *, development: bool = False) -> dict[str, str]:
    """What is wrong with the metadata, by key."""
    try:
        validated({"redirect_uris": [URI]} | metadata, issuer_is_loopback=development)
    except InvalidMetadata as error:
        return dict(error.faults)
    return {}


def registered(development: bool = False, **metadata: Any) -> Registration:
    """The registration."""
    return validated({"redirect_uris": [URI]} | metadata, issuer_is_loopback=development)


def test_what_holds_where_nothing_is_said() -> None:
    """Section 2: the defaults."""
    found = registered()
    assert found.application_type == "web"
    assert found.response_types == ("code",)
    assert found.grant_types == ("authorization_code", "refresh_token")
    assert found.token_endpoint_auth_method == "client_secret_basic"
    assert found.id_token_signed_response_alg == "RS256"
    assert found.scope == ("openid", "profile", "email", "offline_access")
    assert found.confidential
    assert found.uses_secret


def test_keys_mean_private_key_jwt() -> None:
    """A client that registers keys and no method authenticates with them."""
    for found in (
        registered(jwks={"keys": [EC.as_dict(private=False)]}),
        registered(jwks_uri="https://books.example/keys"),
    ):
        assert found.token_endpoint_auth_method == "private_key_jwt"
        assert found.confidential
        assert not found.uses_secret


def test_a_pairwise_client_is_of_one_sector() -> None:
    """Core section 8.1: the one host of its addresses, or that of `sector_identifier_uri`."""
    two: dict[str, Any] = {"subject_type": "pairwise", "redirect_uris": [URI, "https://maps.example/cb"]}
    assert registered().sector is None
    assert registered(subject_type="pairwise").sector == "books.example"
    assert set(faults(two)) == {"sector_identifier_uri"}
    assert registered(**two, sector_identifier_uri="https://group.example/s.json").sector == "group.example"
    native = {"application_type": "native", "redirect_uris": ["com.example.app:/cb"], "subject_type": "pairwise"}
    assert set(faults(native)) == {"sector_identifier_uri"}
    assert set(faults({"subject_type": "pairwise", "redirect_uris": [], "grant_types": ["client_credentials"]})) == {
        "sector_identifier_uri"
    }


def test_encrypted_answers_need_keys() -> None:
    """Core section 10.2: the client's own; without `enc` it is A128CBC-HS256."""
    for kind in ("id_token", "userinfo"):
        alg: dict[str, Any] = {f"{kind}_encrypted_response_alg": "ECDH-ES"}
        assert set(faults(alg)) == {"jwks"}
        found = registered(jwks={"keys": [EC.as_dict(private=False)]}, **alg)
        wanted = found.id_token_encryption or found.userinfo_encryption
        assert wanted
        assert (wanted.alg, wanted.enc) == ("ECDH-ES", "A128CBC-HS256")


def test_keys_beside_a_secret() -> None:
    """Section 2: a client that authenticates with a secret may have keys for other ends."""
    found = registered(jwks={"keys": [EC.as_dict(private=False)]}, token_endpoint_auth_method="client_secret_basic")
    assert found.uses_secret


def test_a_client_that_works_for_itself() -> None:
    """Without codes it needs no address, and has no scope of a person."""
    found = validated({"grant_types": ["client_credentials"]}, issuer_is_loopback=False)
    assert (found.response_types, found.scope, found.redirect_uris) == ((), (), ())


@pytest.mark.parametrize(
    "metadata",
    [
        {"scope": "openid api:read"},
        {"audience": "https://api.example"},
        {"audience": ["https://api.example", "urn:x"]},
        {
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"],
            "token_exchange_audience": ["https://api.example"],
        },
        {"default_max_age": 0},
        {"require_nonce": False},
        {"require_auth_time": True},
        {"default_acr_values": ["urn:informer:acr:2fa"]},
        {"subject_type": "public"},
        {"client_uri": "https://books.example", "logo_uri": "https://books.example/l", "contacts": ["a@books.example"]},
        {"policy_uri": "https://books.example/p", "tos_uri": "https://books.example/t"},
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=robot,O=Books"},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_ip": "2001:db8::1"},
        {"id_token_signed_response_alg": "EdDSA"},
        {"dpop_bound_access_tokens": True, "dpop_require_nonce": True, "introspection_signed_response_alg": "ES256"},
        {"post_logout_redirect_uris": ["https://books.example/bye"]},
        {"backchannel_logout_uri": "https://books.example/out", "backchannel_logout_session_required": True},
        {"frontchannel_logout_uri": "https://books.example/out?a=1", "frontchannel_logout_session_required": True},
        {
            "application_type": "native",
            "redirect_uris": ["com.example.app:/cb", "http://127.0.0.1/cb", "http://[::1]/c"],
        },
    ],
    ids=",".join,
)
def test_what_may_be_registered(metadata: dict[str, Any]) -> None:
    """Each key by its name, read back as it was given."""
    assert faults(metadata) == {}
    assert read({"redirect_uris": [URI]} | metadata) == registered(**metadata)


@pytest.mark.parametrize(
    "key",
    ["client_name", "request_uris", "software_statement"],
)
def test_what_the_standard_has_and_we_have_not(key: str) -> None:
    """Taking it in silence would be a promise."""
    assert faults({key: "x"}) == {key: "is not supported"}


def test_an_unknown_key_is_named() -> None:
    """All faults at once, each with its key."""
    assert faults({"redirect_urls": [], "scopes": "x", "contacts": 1}) == {
        "redirect_urls": "unknown key",
        "scopes": "unknown key",
        "contacts": "must be a list of texts",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("redirect_uris", "https://books.example/cb"),
        ("redirect_uris", []),
        ("redirect_uris", [1]),
        ("redirect_uris", [""]),
        ("redirect_uris", [URI, URI]),
        ("redirect_uris", ["/cb"]),
        ("redirect_uris", ["books.example/cb"]),
        ("redirect_uris", ["https://books.example/cb#x"]),
        ("redirect_uris", ["https://*.example/cb"]),
        ("redirect_uris", ["https://user@books.example/cb"]),
        ("redirect_uris", ["https://books.example/c b"]),
        ("redirect_uris", ["https://books.example:port/cb"]),
        ("redirect_uris", ["https://[books/cb"]),
        ("redirect_uris", ["https:///cb"]),
        ("redirect_uris", ["https://b\u00fccher.example/cb"]),
        ("redirect_uris", ["https://books.example/" + "x" * 2000]),
        ("redirect_uris", ["http://books.example/cb"]),
        ("redirect_uris", ["http://127.0.0.1/cb"]),
        ("redirect_uris", ["com.example.app:/cb"]),
        ("redirect_uris", ["javascript:alert(1)"]),
        ("redirect_uris", ["data:text/html,x"]),
        ("post_logout_redirect_uris", ["http://books.example/bye"]),
        ("grant_types", ["password"]),
        ("grant_types", "authorization_code"),
        ("grant_types", ["refresh_token"]),
        ("response_types", ["token"]),
        ("response_types", []),
        ("token_endpoint_auth_method", "client_secret_jwt"),
        ("token_endpoint_auth_method", ["none"]),
        ("token_endpoint_auth_signing_alg", "HS256"),
        ("application_type", "desktop"),
        ("subject_type", "private"),
        ("id_token_signed_response_alg", "none"),
        ("userinfo_signed_response_alg", "none"),
        ("id_token_encrypted_response_alg", "RSA1_5"),
        ("id_token_encrypted_response_alg", "dir"),
        ("id_token_encrypted_response_enc", "A128GCM"),
        ("userinfo_encrypted_response_enc", "A128GCM"),
        ("sector_identifier_uri", "http://books.example/sector.json"),
        ("sector_identifier_uri", "https://10.0.0.1/sector.json"),
        ("scope", "openid  email"),
        ("scope", ["openid"]),
        ("scope", ""),
        ("scope", 'a"b'),
        ("audience", [1]),
        ("audience", ""),
        ("default_max_age", -1),
        ("default_max_age", True),
        ("default_max_age", "60"),
        ("default_max_age", 10**10),
        ("require_auth_time", "yes"),
        ("client_uri", "http://books.example"),
        ("contacts", ["a\nb"]),
        ("jwks", []),
        ("jwks", {}),
        ("jwks", {"keys": []}),
        ("jwks", {"keys": ["x"]}),
        ("jwks", {"keys": [{"kty": "EC"}]}),
        ("jwks", {"keys": [{"kty": "what"}]}),
        ("jwks", {"keys": [{"kty": "EC", "crv": "P-256", "x": 7, "y": 7}]}),
        ("jwks", {"keys": [EC.as_dict(private=True)]}),
        ("jwks", {"keys": [SHARED]}),
        ("tls_client_auth_subject_dn", "robot"),
        ("tls_client_auth_subject_dn", 7),
        ("tls_client_auth_san_ip", "192.0.2.300"),
        ("tls_client_auth_san_ip", "2001:DB8::0001"),
        ("tls_client_auth_san_ip", 7),
        ("jwks_uri", "https://10.0.0.1/keys"),
        ("jwks_uri", "https://[64:ff9b:1::a00:1]/keys"),
        ("jwks_uri", "https://[fec0::1]/keys"),
        ("jwks_uri", "http://books.example/keys"),
        ("backchannel_logout_uri", "http://books.example/out"),
        ("backchannel_logout_uri", "https://127.0.0.1/out"),
        ("backchannel_logout_uri", "https://10.0.0.1/out"),
        ("backchannel_logout_uri", "https://[::1]/out"),
        ("backchannel_logout_uri", "https://localhost/out"),
        ("backchannel_logout_uri", "https://x.localhost/out"),
        ("backchannel_logout_uri", "https:///out"),
        ("backchannel_logout_uri", "/out"),
        ("frontchannel_logout_uri", "https://other.example/out"),
        ("frontchannel_logout_uri", "https://books.example:444/out"),
        ("frontchannel_logout_uri", "http://books.example/out"),
        ("frontchannel_logout_uri", "/out"),
        ("frontchannel_logout_uri", "javascript:alert(1)"),
        ("frontchannel_logout_session_required", "yes"),
    ],
    ids=lambda value: str(value)[:18],
)
def test_a_wrong_value_is_named_with_its_key(key: str, value: Any) -> None:
    """And nothing else is."""
    assert key in faults({key: value}), faults({key: value})


@pytest.mark.parametrize(
    "uri", ["myapp:/cb", "com.example.app://host/cb", "http://books.example/cb", "ftp://x.example/cb"]
)
def test_a_native_applications_addresses(uri: str) -> None:
    """RFC 8252 section 7: a reversed domain name without host, or http on a loopback address."""
    found = faults({"application_type": "native", "redirect_uris": [uri]})
    assert "com.example.app" in found["redirect_uris"]


def test_a_frame_of_a_native_application() -> None:
    """OpenID Connect Front-Channel Logout section 2: a browser has no frame of a scheme of its own."""
    metadata = {"application_type": "native", "redirect_uris": ["com.example.app:/cb"]}
    assert "frontchannel_logout_uri" in faults(metadata | {"frontchannel_logout_uri": "com.example.app:/out"})


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_weak_key() -> None:
    """NIST SP 800-131A: RSA has 2048 bits or more."""
    weak = RSAKey.generate_key(1024, private=False).as_dict(private=False)
    assert "2048" in faults({"jwks": {"keys": [weak]}})["jwks"]


@pytest.mark.parametrize(
    ("metadata", "key"),
    [
        ({"redirect_uris": [], "grant_types": ["authorization_code"]}, "redirect_uris"),
        ({"grant_types": ["client_credentials"]}, "redirect_uris"),
        ({"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": ["code"]}, "response_types"),
        (
            {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "client_credentials"]},
            "grant_types",
        ),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"token_exchange_audience": "x"}, "token_exchange_audience"),
        (
            {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"]},
            "token_exchange_audience",
        ),
        (
            {
                "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"],
                "token_exchange_audience": "x",
                "token_endpoint_auth_method": "none",
            },
            "grant_types",
        ),
        ({"token_endpoint_auth_method": "self_signed_tls_client_auth"}, "jwks"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "tls_client_auth_subject_dn"),
        (
            {
                "token_endpoint_auth_method": "tls_client_auth",
                "tls_client_auth_san_dns": "x.example",
                "tls_client_auth_san_ip": "::1",
            },
            "tls_client_auth_subject_dn",
        ),
        ({"tls_client_auth_subject_dn": "CN=x"}, "tls_client_auth_subject_dn"),
        ({"jwks": {"keys": [EC.as_dict(private=False)]}, "jwks_uri": "https://books.example/keys"}, "jwks_uri"),
    ],
    ids=lambda value: str(value)[:18],
)
def test_what_does_not_go_together(metadata: dict[str, Any], key: str) -> None:
    """RFC 7591 section 2.1, RFC 6749 sections 3.1.2.2 and 4.4."""
    assert key in faults(metadata)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_in_development(host: str) -> None:
    """A loopback issuer has loopback applications, which are called over http as well."""
    local = {
        "redirect_uris": [f"http://{host}:8001/cb"],
        "post_logout_redirect_uris": [f"http://{host}:8001/"],
        "backchannel_logout_uri": f"http://{host}:8001/out",
    }
    assert faults(local, development=True) == {}
    assert set(faults(local)) == {"redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri"}


def test_development_makes_nothing_else_safe() -> None:
    """Only loopback addresses."""
    assert "redirect_uris" in faults({"redirect_uris": ["http://books.example/cb"]}, development=True)
    assert "backchannel_logout_uri" in faults({"backchannel_logout_uri": "ftp://127.0.0.1/out"}, development=True)
