"""Resource indicators (RFC 8707): which of its resources a client wants a token for.

    registered `audience`        whom the client's tokens are for: what it may name, and what it gets where it names none
      └─ authorize, PAR          `resource`, once or more: kept with the authorization
           └─ token              `resource`: of what was kept, for this one access token

A client may name what stands in its own `audience`, or us, where it registered nobody: nobody gets a token for a resource
by only knowing its address. Everything else is `invalid_target` (section 2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.oidc.clients.metadata import URI
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.models import AuthorizationGrant
from idp.platform import settings

INVALID_TARGET: Final = "invalid_target"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")


def fault(client: RegisteredClient, named: Sequence[str]) -> str | None:
    """What is wrong with the resources that a client names, as an `error_description`."""
    if not all(map(_is_absolute, named)):
        return "resource must be an absolute URI without fragment"
    if not set(named) <= set(_registered(client)):
        return "resource is not registered for this client"
    return None


def named(client: RegisteredClient, resources: tuple[str, ...]) -> tuple[str, ...]:
    """The resources that a token request names. Raises OAuth2Error."""
    if wrong := fault(client, resources):
        raise OAuth2Error(wrong, error=INVALID_TARGET)
    return resources


def check(grant: AuthorizationGrant, client: RegisteredClient) -> None:
    """Section 2.2: a token request names no other resource than the authorization; and they are the client's still."""
    granted = _granted(grant)
    if fault(client, granted) or (granted and not set(client.resources) <= set(granted)):
        raise OAuth2Error("resource is not among those that were granted", error=INVALID_TARGET)


def audience(client: RegisteredClient, grant: AuthorizationGrant | None) -> str | list[str]:
    """`aud` of an access token (RFC 9068 section 3): as named now, else as granted, else as registered."""
    meant = list(client.resources) or (_granted(grant) if grant else []) or _registered(client)
    return meant[0] if len(meant) == 1 else meant


def _granted(grant: AuthorizationGrant) -> list[str]:
    return list(grant.request.get("resources", []))


def _registered(client: RegisteredClient) -> list[str]:
    return list(client.registration.audience) or [settings.current().issuer]


def _is_absolute(resource: str) -> bool:
    """RFC 3986 section 4.3."""
    if not URI.fullmatch(resource) or "#" in resource:
        return False
    try:
        return bool(_SCHEME.fullmatch(urlsplit(resource).scheme))
    except ValueError:
        return False
