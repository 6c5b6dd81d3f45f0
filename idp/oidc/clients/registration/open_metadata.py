"""What a program may register by itself, and what it is told that it registered. Pure but for the error type.

JSON ─▶ understood by us? the rest is ignored ─▶ metadata.validated ─▶ nothing for programs alone ─▶ Wanted
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from idp.oidc.clients import metadata as registration
from idp.oidc.clients.metadata import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN, USER_SCOPES, Registration
from idp.oidc.clients.registration.refusal import Refused, of, wrong_metadata
from idp.oidc.clients.validation import UNDERSTOOD, InvalidMetadata, validated
from idp.oidc.models import Client
from idp.platform import foreign_json
from idp.platform.foreign_json import Unusable

LONGEST_BODY: Final = 64 * 1024
LONGEST_NAME: Final = 200
MOST_URIS: Final = 50
GRANT_TYPES: Final = (AUTHORIZATION_CODE, REFRESH_TOKEN, DEVICE_CODE)
"""Of those where a person says yes."""
_OURS: Final = frozenset({"audience", "require_nonce", "client_secret_in_header_or_form", "id_token_includes_userinfo"})
"""What only an operator gives: whom tokens are for, who may do without PKCE and nonce, and what else bends to a client."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be registered: the name that people see, the metadata to keep, and what it means."""

    name: str
    metadata: Mapping[str, Any]
    registration: Registration


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, each member once. Raises `Refused`."""
    given = foreign_json.object_in(body, LONGEST_BODY)
    if isinstance(given, Unusable):
        raise wrong_metadata(f"The request {given.because}")
    return given


def read(given: Mapping[str, Any], *, development: bool) -> Wanted:
    """What the object wants to register. Raises `Refused`."""
    if "software_statement" in given:
        raise Refused("invalid_software_statement", "Software statements are not supported")
    kept = {key: value for key, value in given.items() if key in UNDERSTOOD - _OURS and value is not None}
    try:
        found = validated(kept, issuer_is_loopback=development)
    except InvalidMetadata as error:
        raise of(error) from None
    if not set(found.grant_types) <= set(GRANT_TYPES):
        raise wrong_metadata(f"grant_types: must be some of {', '.join(GRANT_TYPES)}")
    if not set(found.scope) <= set(USER_SCOPES):
        raise wrong_metadata(f"scope: must be some of {', '.join(USER_SCOPES)}")
    if len(found.redirect_uris) > MOST_URIS:
        raise Refused("invalid_redirect_uri", f"redirect_uris: at most {MOST_URIS}")
    return Wanted(_name(given, found), kept, found)


def told(client: Client) -> dict[str, Any]:
    """What is registered, with the values that hold where nothing was said (RFC 7591 section 3.2.1)."""
    found = registration.read(client.registration)
    return {
        "application_type": found.application_type,
        "redirect_uris": list(found.redirect_uris),
        "grant_types": list(found.grant_types),
        "response_types": list(found.response_types),
        "token_endpoint_auth_method": found.token_endpoint_auth_method,
        "id_token_signed_response_alg": found.id_token_signed_response_alg,
        "subject_type": found.subject_type,
        "scope": " ".join(found.scope),
        **{key: value for key, value in client.registration.items() if key not in _OURS},
        "client_name": client.name,
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
    }


def _name(given: Mapping[str, Any], found: Registration) -> str:
    """What people see at the consent page: the name, else the host that answers go to."""
    name = given.get("client_name")
    if name is None:
        hosts = [urlsplit(uri).hostname for uri in found.redirect_uris]
        return next((host for host in hosts if host), "Application")[:LONGEST_NAME]
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise wrong_metadata(f"client_name: must be a line of at most {LONGEST_NAME} characters")
    return name.strip()
