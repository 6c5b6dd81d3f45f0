"""`sector_identifier_uri` (OpenID Connect Registration section 5): a file in which a sector names its applications' addresses."""

from __future__ import annotations

from idp import foreign_json
from idp.foreign_json import Unusable
from idp.oidc.dynamic.refusal import wrong_metadata
from idp.oidc.registration import Registration
from idp.web import outgoing
from idp.web.logs import log
from idp.web.outgoing import OutgoingFailed


def check(registration: Registration) -> None:
    """Whether the sector knows every redirect URI. Raises `Refused`. Takes seconds: the caller holds no lock."""
    uri = registration.sector_identifier_uri
    if uri is None:
        return
    try:
        listed = foreign_json.list_in(outgoing.fetch(uri))
    except OutgoingFailed as error:
        log.warning("sector not fetched", url=uri, because=str(error))
        raise wrong_metadata("sector_identifier_uri: cannot be fetched") from None
    if isinstance(listed, Unusable):
        raise wrong_metadata(f"sector_identifier_uri: {listed.because}")
    if any(uri not in listed for uri in registration.redirect_uris):
        raise wrong_metadata("sector_identifier_uri: does not name every redirect URI")
