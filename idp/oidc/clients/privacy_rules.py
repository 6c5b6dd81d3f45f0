"""Rules about metadata that say who can know what: names of one's own for people, answers that others cannot read. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from idp.oidc.clients.metadata import Registration

Faults = list[tuple[str, str]]


def pairwise_has_one_sector(r: Registration) -> Faults:
    """OpenID Connect Core section 8.1: without `sector_identifier_uri` the one host of the redirect URIs is the sector."""
    hosts = {urlsplit(uri).hostname for uri in r.redirect_uris}
    if r.subject_type == "pairwise" and r.sector_identifier_uri is None and (len(hosts) != 1 or None in hosts):
        return [("sector_identifier_uri", "is missing: the redirect_uris of a pairwise client have not one host")]
    return []


def encryption_has_keys(r: Registration) -> Faults:
    """OpenID Connect Core section 10.2: answers are encrypted for a key of the client."""
    wanted = r.id_token_encryption or r.userinfo_encryption
    if wanted and r.jwks is None and r.jwks_uri is None:
        return [("jwks", "or jwks_uri is missing: answers are to be encrypted")]
    return []


def encryption_has_both_names(r: Registration) -> Faults:
    """OpenID Connect Registration section 2: `enc` alone means nothing."""
    return [
        (f"{kind}_encrypted_response_enc", f"needs {kind}_encrypted_response_alg")
        for kind, alg, enc in (
            ("id_token", r.id_token_encrypted_response_alg, r.id_token_encrypted_response_enc),
            ("userinfo", r.userinfo_encrypted_response_alg, r.userinfo_encrypted_response_enc),
        )
        if enc is not None and alg is None
    ]
