"""What an application registered: RFC 7591 section 2 and OpenID Connect Registration section 2. Pure.

    metadata from an import file ─▶ metadata.validated() ─┬─▶ InvalidMetadata: every fault, with the key it is about
                                                          └─▶ Registration
    metadata from the database ───▶ read() ─────────────────▶ Registration         (it was validated when it came)

Beyond the standard there are seven keys of our own: ``audience``, whom access tokens are for (RFC 9068 section 3);
``token_exchange_audience``, whom tokens may be exchanged for (RFC 8693 section 2.1); ``dpop_require_nonce``, whether DPoP
proofs need a nonce of ours (RFC 9449 section 8); ``profile``, which binds the client to more (``fapi2.py``); and
``require_nonce``, false for a confidential client that prevents the injection of codes by other means (RFC 9700
section 2.1.1): only such a one, where PKCE is not required of it either, may send neither a challenge nor a ``nonce``;
``client_secret_in_header_or_form``, whether a client with a secret may send it in either place (RFC 6749 section 2.3.1),
where ``token_endpoint_auth_method`` names one; and ``id_token_includes_userinfo``, whether ID tokens tell what the scope
tells at the UserInfo endpoint, for clients that look nowhere else (OpenID Connect Core section 5.4 puts it there alone).
Where ``grant_types`` is absent the client may use codes and refresh tokens: a refresh token is given only for the
scope ``offline_access``, so nobody gets one by accident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

AUTHORIZATION_CODE: Final = "authorization_code"
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - the name of a grant type
CLIENT_CREDENTIALS: Final = "client_credentials"
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant type
GRANT_TYPES: Final = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS, DEVICE_CODE, TOKEN_EXCHANGE)
RESPONSE_TYPES: Final = ("code",)
SECRET_METHODS: Final = ("client_secret_basic", "client_secret_post")
CERTIFICATE_METHODS: Final = ("tls_client_auth", "self_signed_tls_client_auth")
AUTH_METHODS: Final = (*SECRET_METHODS, "private_key_jwt", *CERTIFICATE_METHODS, "none")
CERTIFICATE_NAMES: Final = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
SIGNING_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
ENCRYPTION_ALGORITHMS: Final = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW")
ENCRYPTION_METHODS: Final = ("A128CBC-HS256", "A128GCM", "A256GCM")
ASSERTION_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA")
FAPI2: Final = "fapi2"
FAPI2_ALGORITHMS: Final = ("PS256", "ES256", "EdDSA")
_FAPI2_DEFAULTS: Final[Mapping[str, Any]] = {
    "authorization_signed_response_alg": "ES256",
    "id_token_signed_response_alg": "ES256",
    "introspection_signed_response_alg": "ES256",
    "require_pushed_authorization_requests": True,
}
USER_SCOPES: Final = ("openid", "profile", "email", "phone", "address", "offline_access")
DEFAULT_SCOPES: Final = ("openid", "profile", "email", "offline_access")
"""Of a client that names none: what every application was given before there was more to tell."""
SUBJECT_TYPES: Final = ("public", "pairwise")
URI: Final = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Encryption:
    """How an answer is encrypted (RFC 7518 sections 4 and 5)."""

    alg: str
    enc: str


@dataclass(frozen=True, slots=True)
class Registration:
    """One application's metadata with every default filled in."""

    application_type: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    token_endpoint_auth_method: str
    client_secret_in_header_or_form: bool
    token_endpoint_auth_signing_alg: str | None
    jwks: Mapping[str, Any] | None
    jwks_uri: str | None
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    token_exchange_audience: tuple[str, ...]
    id_token_signed_response_alg: str
    id_token_includes_userinfo: bool
    id_token_encrypted_response_alg: str | None
    id_token_encrypted_response_enc: str | None
    userinfo_signed_response_alg: str | None
    userinfo_encrypted_response_alg: str | None
    userinfo_encrypted_response_enc: str | None
    introspection_signed_response_alg: str
    default_max_age: int | None
    default_acr_values: tuple[str, ...]
    require_nonce: bool
    dpop_bound_access_tokens: bool
    dpop_require_nonce: bool
    certificate_names: tuple[tuple[str, str], ...]
    tls_client_certificate_bound_access_tokens: bool
    backchannel_logout_uri: str | None
    backchannel_logout_session_required: bool
    frontchannel_logout_uri: str | None
    frontchannel_logout_session_required: bool
    require_pushed_authorization_requests: bool
    request_object_signing_alg: str | None
    require_signed_request_object: bool
    authorization_signed_response_alg: str
    profile: str | None
    subject_type: str
    sector_identifier_uri: str | None

    @property
    def sector(self) -> str | None:
        """Whose applications know a person by one name (OpenID Connect Core section 8.1); None: everybody's do."""
        if self.subject_type == "public":
            return None
        return urlsplit(self.sector_identifier_uri or self.redirect_uris[0]).hostname

    @property
    def id_token_encryption(self) -> Encryption | None:
        """How ID tokens are encrypted; None: not."""
        return _encryption(self.id_token_encrypted_response_alg, self.id_token_encrypted_response_enc)

    @property
    def userinfo_encryption(self) -> Encryption | None:
        """How userinfo is encrypted; None: not."""
        return _encryption(self.userinfo_encrypted_response_alg, self.userinfo_encrypted_response_enc)

    @property
    def confidential(self) -> bool:
        """Whether the client can keep a secret (RFC 6749 section 2.1)."""
        return self.token_endpoint_auth_method != "none"  # noqa: S105 - the name of a method

    @property
    def accepted_auth_methods(self) -> tuple[str, ...]:
        """How the client may authenticate: by the method that it registered, or by a secret in either place."""
        return SECRET_METHODS if self.client_secret_in_header_or_form else (self.token_endpoint_auth_method,)

    @property
    def fapi2(self) -> bool:
        """Whether the FAPI 2.0 Security Profile binds the client (`fapi2.py`)."""
        return self.profile == FAPI2

    def signs_with(self, chosen: str | None) -> tuple[str, ...]:
        """The algorithms that the client may sign with: the one it chose for this, else all that its profile has."""
        if chosen is not None:
            return (chosen,)
        return FAPI2_ALGORITHMS if self.fapi2 else ASSERTION_ALGORITHMS

    @property
    def uses_secret(self) -> bool:
        """Whether the client authenticates with a client_secret."""
        return self.token_endpoint_auth_method in SECRET_METHODS

    def has_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether the address is registered, as an exact string (RFC 9700 section 2.1).

        Only a native application's loopback address may differ in its port (RFC 8252 section 7.3).
        """
        if redirect_uri in self.redirect_uris:
            return True
        if self.application_type != "native" or not URI.fullmatch(redirect_uri):
            return False
        portless = _without_loopback_port(redirect_uri)
        return portless is not None and portless in map(_without_loopback_port, self.redirect_uris)


def read(metadata: Mapping[str, Any]) -> Registration:
    """The registration that validated metadata says."""
    metadata = {**(_FAPI2_DEFAULTS if metadata.get("profile") == FAPI2 else {}), **metadata}
    uris = tuple(metadata.get("redirect_uris", ()))
    grants = tuple(metadata.get("grant_types", (AUTHORIZATION_CODE, REFRESH_TOKEN)))
    codes = AUTHORIZATION_CODE in grants
    of_people = codes or DEVICE_CODE in grants
    jwks, jwks_uri = metadata.get("jwks"), metadata.get("jwks_uri")
    return Registration(
        application_type=metadata.get("application_type", "web"),
        redirect_uris=uris,
        post_logout_redirect_uris=tuple(metadata.get("post_logout_redirect_uris", ())),
        grant_types=grants,
        response_types=tuple(metadata.get("response_types", RESPONSE_TYPES if codes else ())),
        token_endpoint_auth_method=metadata.get(
            "token_endpoint_auth_method", "private_key_jwt" if jwks or jwks_uri else "client_secret_basic"
        ),
        client_secret_in_header_or_form=metadata.get("client_secret_in_header_or_form", False),
        token_endpoint_auth_signing_alg=metadata.get("token_endpoint_auth_signing_alg"),
        jwks=jwks,
        jwks_uri=jwks_uri,
        scope=tuple(metadata["scope"].split()) if "scope" in metadata else (DEFAULT_SCOPES if of_people else ()),
        audience=_listed(metadata.get("audience", ())),
        token_exchange_audience=_listed(metadata.get("token_exchange_audience", ())),
        id_token_signed_response_alg=metadata.get("id_token_signed_response_alg", "RS256"),
        id_token_includes_userinfo=metadata.get("id_token_includes_userinfo", False),
        id_token_encrypted_response_alg=metadata.get("id_token_encrypted_response_alg"),
        id_token_encrypted_response_enc=metadata.get("id_token_encrypted_response_enc"),
        userinfo_signed_response_alg=metadata.get("userinfo_signed_response_alg"),
        userinfo_encrypted_response_alg=metadata.get("userinfo_encrypted_response_alg"),
        userinfo_encrypted_response_enc=metadata.get("userinfo_encrypted_response_enc"),
        introspection_signed_response_alg=metadata.get("introspection_signed_response_alg", "RS256"),
        default_max_age=metadata.get("default_max_age"),
        default_acr_values=tuple(metadata.get("default_acr_values", ())),
        require_nonce=metadata.get("require_nonce", True),
        dpop_bound_access_tokens=metadata.get("dpop_bound_access_tokens", False),
        dpop_require_nonce=metadata.get("dpop_require_nonce", False),
        certificate_names=tuple((key, metadata[key]) for key in CERTIFICATE_NAMES if key in metadata),
        tls_client_certificate_bound_access_tokens=metadata.get("tls_client_certificate_bound_access_tokens", False),
        backchannel_logout_uri=metadata.get("backchannel_logout_uri"),
        backchannel_logout_session_required=metadata.get("backchannel_logout_session_required", False),
        frontchannel_logout_uri=metadata.get("frontchannel_logout_uri"),
        frontchannel_logout_session_required=metadata.get("frontchannel_logout_session_required", False),
        require_pushed_authorization_requests=metadata.get("require_pushed_authorization_requests", False),
        request_object_signing_alg=metadata.get("request_object_signing_alg"),
        require_signed_request_object=metadata.get("require_signed_request_object", False),
        authorization_signed_response_alg=metadata.get("authorization_signed_response_alg", "RS256"),
        profile=metadata.get("profile"),
        subject_type=metadata.get("subject_type", "public"),
        sector_identifier_uri=metadata.get("sector_identifier_uri"),
    )


def _encryption(alg: str | None, enc: str | None) -> Encryption | None:
    """OpenID Connect Registration section 2: where `enc` is not said it is A128CBC-HS256."""
    return None if alg is None else Encryption(alg, enc or ENCRYPTION_METHODS[0])


def _without_loopback_port(uri: str) -> str | None:
    """The address with its port left out; None when it is no http on a loopback IP address."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or parts.hostname not in {"127.0.0.1", "::1"} or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return parts._replace(netloc=host).geturl()


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
