"""Whether metadata may be registered: RFC 7591 section 2 and OpenID Connect Registration section 2. Pure.

metadata ─▶ each key alone (_KEYS) ──fault──▶ InvalidMetadata
                │ none
                ▼
            registration.read ─▶ the keys together (_RULES, _ADDRESS_RULES) ──fault──▶ InvalidMetadata
                                      │ none
                                      ▼
                                 Registration
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from cryptography import x509

from idp.oidc.clients import fapi2, privacy_rules, public_keys, redirect_uris
from idp.oidc.clients.metadata import (
    ASSERTION_ALGORITHMS,
    AUTH_METHODS,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    ENCRYPTION_ALGORITHMS,
    ENCRYPTION_METHODS,
    FAPI2,
    GRANT_TYPES,
    REFRESH_TOKEN,
    RESPONSE_TYPES,
    SIGNING_ALGORITHMS,
    SUBJECT_TYPES,
    TOKEN_EXCHANGE,
    Registration,
    read,
)
from idp.oidc.clients.privacy_rules import Faults
from idp.oidc.clients.redirect_uris import Wrong
from idp.web.public_addresses import is_public

_LONGEST_TEXT: Final = 4000
_LONGEST_AGE: Final = 10**9
_ALSO_NATIVE: Final = ", http on a loopback address, or a scheme like com.example.app"
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


class InvalidMetadata(ValueError):
    """Metadata that cannot be registered. ``faults`` has (key, what is wrong), all that were found."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        """Keep the faults."""
        self.faults = faults
        super().__init__("; ".join(f"{key}: {problem}" for key, problem in faults))


def validated(metadata: Mapping[str, Any], *, issuer_is_loopback: bool) -> Registration:
    """The registration that the metadata says, or ``InvalidMetadata`` with every fault.

    ``issuer_is_loopback``: we are in development, and so may applications be (plain http on loopback addresses).
    """
    faults = [fault for key, value in metadata.items() if (fault := _fault_of(key, value))]
    if not faults:
        registration = read(metadata)
        faults = [fault for rule in _RULES for fault in rule(registration)]
        faults += [fault for rule in _ADDRESS_RULES for fault in rule(registration, development=issuer_is_loopback)]
    if faults:
        raise InvalidMetadata(*faults)
    return registration


def guard_faults(r: Registration, *, require_pkce: bool) -> Faults:
    """What is wrong with how the client guards its codes against being injected (RFC 9700 section 2.1.1).

    A public client cannot do without PKCE, nor can one of FAPI 2.0 (section 5.3.2.2); nobody who uses it needs to do
    without a nonce as well.
    """
    faults: Faults = []
    if not require_pkce and (r.fapi2 or not r.confidential):
        faults.append(("require_pkce", "must be true: only a confidential client may do without PKCE"))
    if require_pkce and not r.require_nonce:
        faults.append(("require_nonce", "must be true: only a client with require_pkce = false may do without"))
    return faults


# One key alone: each raises ValueError with what is wrong.


def _fault_of(key: str, value: Any) -> tuple[str, str] | None:
    check = _KEYS.get(key)
    if check is None:
        return key, "is not supported" if key in _UNSUPPORTED else "unknown key"
    try:
        check(value)
    except ValueError as error:
        return key, str(error)
    return None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise ValueError("must be text")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("must be a list of texts")  # noqa: TRY004 - the caller collects ValueError only
    for text in value:
        _text(text)
    if len(set(value)) != len(value):
        raise ValueError("names the same thing twice")
    return value


def _one_of(*choices: str) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if value not in choices:
            raise ValueError(f"must be {' or '.join(choices)}")

    return check


def _some_of(*choices: str) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        for text in _texts(value):
            if text not in choices:
                raise ValueError(f"{text} is not one of {', '.join(choices)}")

    return check


def _scope(value: Any) -> None:
    if any(not _SCOPE.fullmatch(part) for part in _text(value).split(" ")):
        raise ValueError("must be scope names with one space between them")


def _audience(value: Any) -> None:
    _texts(value if isinstance(value, list) else [value])


def _yes_or_no(value: Any) -> None:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - the caller collects ValueError only


def _seconds(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LONGEST_AGE:
        raise ValueError(f"must be a number of seconds from 0 to {_LONGEST_AGE}")


def _uri(value: Any) -> SplitResult:
    form = redirect_uris.form_of(value) if isinstance(value, str) else Wrong.SIGNS
    match form:
        case SplitResult():
            return form
        case Wrong.LONG | Wrong.SIGNS:
            raise ValueError(f"must be URIs of at most {redirect_uris.LONGEST} ASCII characters")
        case Wrong.NO_ADDRESS:
            raise ValueError(f"{value} is not a URI")
        case _:
            raise ValueError(f"{value} must be absolute, without fragment, user or wildcard")


def _uris(value: Any) -> None:
    for uri in _texts(value):
        _uri(uri)


def _https(value: Any) -> None:
    if _uri(value).scheme != "https":
        raise ValueError("must be https")


def _distinguished_name(value: Any) -> None:
    """RFC 8705 section 2.1.2: as RFC 4514 writes it."""
    try:
        named = bool(list(x509.Name.from_rfc4514_string(_text(value))))
    except ValueError:
        named = False
    if not named:
        raise ValueError("must be a distinguished name such as CN=robot,O=Books")


def _address(value: Any) -> None:
    if not isinstance(value, str) or str(ip_address(value)) != value:
        raise ValueError("must be an IP address in its shortest form")


def _jwks(value: Any) -> None:
    """A set of public keys that can verify (RFC 7517 section 5); never a private or a shared one."""
    if not isinstance(value, dict) or not isinstance(value.get("keys"), list) or not value["keys"]:
        raise ValueError('must be a JSON Web Key Set, {"keys": [...]}')
    if len(value["keys"]) > public_keys.MOST_KEYS:
        raise ValueError(f"must hold {public_keys.MOST_KEYS} keys at most")
    for jwk in value["keys"]:
        public_keys.read(jwk)


_KEYS: Final[Mapping[str, Callable[[Any], object]]] = {
    "application_type": _one_of("web", "native"),
    "redirect_uris": _uris,
    "post_logout_redirect_uris": _uris,
    "grant_types": _some_of(*GRANT_TYPES),
    "response_types": _some_of(*RESPONSE_TYPES),
    "token_endpoint_auth_method": _one_of(*AUTH_METHODS),
    "client_secret_in_header_or_form": _yes_or_no,
    "token_endpoint_auth_signing_alg": _one_of(*ASSERTION_ALGORITHMS),
    "jwks": _jwks,
    "jwks_uri": _uri,
    "scope": _scope,
    "audience": _audience,
    "token_exchange_audience": _audience,
    "id_token_signed_response_alg": _one_of(*SIGNING_ALGORITHMS),
    "id_token_includes_userinfo": _yes_or_no,
    "id_token_encrypted_response_alg": _one_of(*ENCRYPTION_ALGORITHMS),
    "id_token_encrypted_response_enc": _one_of(*ENCRYPTION_METHODS),
    "userinfo_signed_response_alg": _one_of(*SIGNING_ALGORITHMS),
    "userinfo_encrypted_response_alg": _one_of(*ENCRYPTION_ALGORITHMS),
    "userinfo_encrypted_response_enc": _one_of(*ENCRYPTION_METHODS),
    "introspection_signed_response_alg": _one_of(*SIGNING_ALGORITHMS),
    "default_max_age": _seconds,
    "require_auth_time": _yes_or_no,
    "default_acr_values": _texts,
    "subject_type": _one_of(*SUBJECT_TYPES),
    "sector_identifier_uri": _uri,
    "require_nonce": _yes_or_no,
    "dpop_bound_access_tokens": _yes_or_no,
    "dpop_require_nonce": _yes_or_no,
    "tls_client_auth_subject_dn": _distinguished_name,
    "tls_client_auth_san_dns": _text,
    "tls_client_auth_san_uri": _uri,
    "tls_client_auth_san_ip": _address,
    "tls_client_auth_san_email": _text,
    "tls_client_certificate_bound_access_tokens": _yes_or_no,
    "backchannel_logout_uri": _uri,
    "backchannel_logout_session_required": _yes_or_no,
    "frontchannel_logout_uri": _uri,
    "frontchannel_logout_session_required": _yes_or_no,
    "require_pushed_authorization_requests": _yes_or_no,
    "request_object_signing_alg": _one_of(*ASSERTION_ALGORITHMS),
    "require_signed_request_object": _yes_or_no,
    "authorization_signed_response_alg": _one_of(*SIGNING_ALGORITHMS),
    "profile": _one_of(FAPI2),
    "client_uri": _https,
    "logo_uri": _https,
    "policy_uri": _https,
    "tos_uri": _https,
    "contacts": _texts,
}
"""Every key that we understand."""
UNDERSTOOD: Final = frozenset(_KEYS)

_UNSUPPORTED: Final = frozenset(
    {
        "client_name",
        "initiate_login_uri",
        "request_object_encryption_alg",
        "request_object_encryption_enc",
        "request_uris",
        "software_id",
        "software_statement",
        "software_version",
    }
)
"""Keys of the standard that nothing here honours: taking them in silence would be a promise."""


# The keys together: each yields (key, what is wrong).


def _addresses_are_safe(r: Registration, *, development: bool) -> Faults:
    """RFC 9700 section 2.1, RFC 8252 sections 7.1 and 7.3: nothing that another can listen at."""
    native = r.application_type == "native"
    listed = [("redirect_uris", uri) for uri in r.redirect_uris]
    listed += [("post_logout_redirect_uris", uri) for uri in r.post_logout_redirect_uris]
    return [
        (key, f"{uri} must be https{_ALSO_NATIVE if native else ''}")
        for key, uri in listed
        if redirect_uris.wrong_with(uri, native=native, development=development)
    ]


def _codes_have_an_address(r: Registration) -> Faults:
    """RFC 6749 section 3.1.2.2: a client that uses the authorization endpoint registers where answers go."""
    if AUTHORIZATION_CODE in r.grant_types:
        return [] if r.redirect_uris else [("redirect_uris", "is missing")]
    return [("redirect_uris", "is of no use without the grant type authorization_code")] if r.redirect_uris else []


def _responses_fit_grants(r: Registration) -> Faults:
    """RFC 7591 section 2.1."""
    if ("code" in r.response_types) != (AUTHORIZATION_CODE in r.grant_types):
        return [("response_types", "must be code with the grant type authorization_code, and empty without")]
    return []


def _refresh_needs_code(r: Registration) -> Faults:
    """RFC 6749 section 4.4.3: nothing else here gives a refresh token."""
    if REFRESH_TOKEN in r.grant_types and not {AUTHORIZATION_CODE, DEVICE_CODE} & set(r.grant_types):
        return [("grant_types", "refresh_token needs authorization_code or the grant for devices")]
    return []


def _exchange_has_audiences(r: Registration) -> Faults:
    """RFC 8693 section 2.1: what a service may ask for is a list, and who asks is known."""
    if (TOKEN_EXCHANGE in r.grant_types) != bool(r.token_exchange_audience):
        return [("token_exchange_audience", "goes with the grant type for token exchange, and that with a list")]
    if TOKEN_EXCHANGE in r.grant_types and not r.confidential:
        return [("grant_types", "token exchange needs a client that authenticates")]
    return []


def _public_has_no_credentials_grant(r: Registration) -> Faults:
    """RFC 6749 section 4.4: for confidential clients only."""
    if CLIENT_CREDENTIALS in r.grant_types and not r.confidential:
        return [("grant_types", "client_credentials needs a client that authenticates")]
    return []


def _frames_are_the_clients_own(r: Registration) -> Faults:
    """OpenID Connect Front-Channel Logout section 2: scheme, domain and port are those of a redirect URI."""
    uri = r.frontchannel_logout_uri
    if uri is None or (uri.startswith(("https:", "http:")) and _origin(uri) in map(_origin, r.redirect_uris)):
        return []
    return [("frontchannel_logout_uri", "must have the scheme, domain and port of a redirect URI")]


def _origin(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri)
    return parts.scheme, parts.netloc


def _signatures_have_keys(r: Registration) -> Faults:
    """RFC 7523 section 3, RFC 9101 section 6.2: what is signed is verified with a registered key; it is in one place."""
    if r.jwks is not None and r.jwks_uri is not None:
        return [("jwks_uri", "goes without jwks: the keys are in one place")]
    proves = r.token_endpoint_auth_method in {"private_key_jwt", "self_signed_tls_client_auth"}
    signs = r.require_signed_request_object or r.request_object_signing_alg is not None
    if (proves or signs) and r.jwks is None and r.jwks_uri is None:
        return [("jwks", "or jwks_uri is missing: the client proves itself, or signs its requests, with a key")]
    return []


def _either_place_is_for_secrets(r: Registration) -> Faults:
    """RFC 6749 section 2.3.1: only a secret goes in the header or in the form."""
    if not r.client_secret_in_header_or_form or r.uses_secret:
        return []
    return [("client_secret_in_header_or_form", "goes with client_secret_basic or client_secret_post only")]


def _certificates_have_one_name(r: Registration) -> Faults:
    """RFC 8705 section 2.1.2: exactly one, and only for a client that is known by it."""
    expected = 1 if r.token_endpoint_auth_method == "tls_client_auth" else 0  # noqa: S105 - the name of a method
    if len(r.certificate_names) == expected:
        return []
    return [("tls_client_auth_subject_dn", "or one other name goes with tls_client_auth, and that with it")]


def _what_we_call_is_outside(r: Registration, *, development: bool) -> Faults:
    """OpenID Connect Back-Channel Logout section 2.2, RFC 7591 section 2: https and not inside, for we call it ourselves."""
    called = (
        ("backchannel_logout_uri", r.backchannel_logout_uri),
        ("jwks_uri", r.jwks_uri),
        ("sector_identifier_uri", r.sector_identifier_uri),
    )
    return [
        (key, "must be https and a public address")
        for key, uri in called
        if uri is not None and not _outside(urlsplit(uri), development=development)
    ]


def _outside(parts: SplitResult, *, development: bool) -> bool:
    if development and parts.scheme in {"http", "https"} and redirect_uris.is_loopback(parts.hostname):
        return True
    return parts.scheme == "https" and bool(parts.hostname) and not _is_inside(parts.hostname or "")


_RULES: Final = (
    _frames_are_the_clients_own,
    _codes_have_an_address,
    _responses_fit_grants,
    _refresh_needs_code,
    _exchange_has_audiences,
    _public_has_no_credentials_grant,
    _signatures_have_keys,
    _either_place_is_for_secrets,
    _certificates_have_one_name,
    fapi2.faults,
    privacy_rules.pairwise_has_one_sector,
    privacy_rules.encryption_has_keys,
    privacy_rules.encryption_has_both_names,
)
_ADDRESS_RULES: Final = (_addresses_are_safe, _what_we_call_is_outside)


def _is_inside(host: str) -> bool:
    """Whether the name plainly says an address that is not on the public internet."""
    try:
        return not is_public(ip_address(host))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
