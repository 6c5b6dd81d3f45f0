"""Applications that end their part of a login in the browser itself (OpenID Connect Front-Channel Logout 1.0).

The page that says "logged out" loads the `frontchannel_logout_uri` of each in a frame (section 2), and then goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from idp.login.models import BrowserSession
from idp.oidc.authorization.response import with_query
from idp.oidc.clients import metadata
from idp.oidc.logout import participants
from idp.oidc.models import Client
from idp.platform import settings


def frames(session: BrowserSession) -> Sequence[str]:
    """The addresses to load when this session ends."""
    return [address for client in participants.of_session(session) if (address := _address(client, session))]


def _address(client: Client, session: BrowserSession) -> str | None:
    """Section 3: with `iss` and `sid`, whether or not it was registered to need them; ID tokens have the same `sid`."""
    address = metadata.read(client.registration).frontchannel_logout_uri
    return address and with_query(address, {"iss": settings.current().issuer, "sid": str(session.id)})
