"""Whose sector a client that registers itself is of: shown, never only said (OpenID Connect Core section 8.1).

    codes, to https addresses of one host ─▶ that host: who names another's gets no code to redeem
    anything else ─▶ `sector_identifier_uri` (Registration section 5): a file of the sector's own, which names
                       every redirect URI, where answers go
                       the `jwks_uri` of a device's client, which proves itself by those keys: there no answer goes to an
                       address, so that naming one shows nothing (as section 4 of CIBA Core has it for the same reason)
    none of it ────▶ no pairwise names

Otherwise a client could name the host of another, and know people by the names that the other knows them by.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from idp.oidc.clients.metadata import DEVICE_CODE, Registration
from idp.oidc.clients.registration.refusal import wrong_metadata
from idp.platform import foreign_json, settings
from idp.platform.foreign_json import Unusable
from idp.web import outgoing
from idp.web.logs import log
from idp.web.outgoing import OutgoingFailed

_BY_KEY: Final = frozenset({"private_key_jwt", "self_signed_tls_client_auth"})


def check(registration: Registration) -> None:
    """Whether the sector is this client's. Raises `Refused`. Takes seconds: the caller holds no lock."""
    if registration.subject_type == "pairwise":
        _check_shown(registration)
    if registration.sector_identifier_uri is not None:
        _check_named(registration, registration.sector_identifier_uri)


def _check_shown(r: Registration) -> None:
    """What can be said of a pairwise client without asking its sector."""
    if r.sector_identifier_uri is None and not all(map(_leads_to_its_host, r.redirect_uris)):
        raise wrong_metadata("sector_identifier_uri: is missing: not every redirect URI of a pairwise client is https")
    if not _is_for_devices(r):
        return
    if r.sector_identifier_uri is None:
        raise wrong_metadata("sector_identifier_uri: is missing: a pairwise client is for devices")
    if r.jwks_uri is None or r.token_endpoint_auth_method not in _BY_KEY:
        raise wrong_metadata(
            "jwks_uri: is missing, or not what the client proves itself by: it is pairwise, for devices"
        )


def _check_named(r: Registration, sector_identifier_uri: str) -> None:
    """OpenID Connect Registration section 5: the sector knows the client's addresses, and its keys where they count."""
    listed = _fetched(sector_identifier_uri)
    if any(uri not in listed for uri in r.redirect_uris):
        raise wrong_metadata("sector_identifier_uri: does not name every redirect URI")
    if r.subject_type == "pairwise" and _is_for_devices(r) and r.jwks_uri not in listed:
        raise wrong_metadata("sector_identifier_uri: does not name the jwks_uri")


def _fetched(uri: str) -> list[Any]:
    try:
        listed = foreign_json.list_in(outgoing.fetch(uri))
    except OutgoingFailed as error:
        log.warning("sector not fetched", url=uri, because=str(error))
        raise wrong_metadata("sector_identifier_uri: cannot be fetched") from None
    if isinstance(listed, Unusable):
        raise wrong_metadata(f"sector_identifier_uri: {listed.because}")
    return listed


def _leads_to_its_host(redirect_uri: str) -> bool:
    """Whether what is sent there arrives at the host that it names; another scheme is any app's, a loopback address any's."""
    return urlsplit(redirect_uri).scheme == "https" or settings.current().development


def _is_for_devices(r: Registration) -> bool:
    return DEVICE_CODE in r.grant_types
