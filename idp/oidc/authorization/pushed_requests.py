"""Pushed authorization requests where they wait (RFC 9126): under a handle, sealed, for the browser that brings it.

    keep ─▶ urn:ietf:params:oauth:request_uri:<handle>, five minutes ─▶ find, by its own client, as often as a page loads
                                                                            └─▶ spend, once: by the first answer

Single use is kept where it matters, at the answer: a browser that loads the address twice, or a program that looks at
it beforehand, does not spend what a person is about to use (FAPI 2.0 Security Profile section 5.3.2.2). Of all the
logins that were begun with one `request_uri` a single one is answered.

A client may push so many at once, and then at an even pace (section 2.3). Those of a client that proves nothing are counted
for each network: nobody uses up what an application needs by its name alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from idp import shortlived
from idp.login.trust.network import current_network
from idp.oidc.authorization.request_source import Brought, kept
from idp.oidc.clients.repository import RegisteredClient

LIFETIME: Final = timedelta(minutes=5)
URN: Final = "urn:ietf:params:oauth:request_uri:"
PACE: Final = "pushed_request_pace"
A_MINUTE: Final = timedelta(minutes=1)
OF_A_CLIENT: Final = 3000
OF_A_NETWORK: Final = 60
"""Of a public client's requests."""
_REMEMBERED: Final = timedelta(hours=25)
"""Longer than any login that was begun with it stays open."""
_KIND: Final = "pushed_request"
_USED: Final = "used_pushed_request"


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was pushed; it passed every check at that moment."""

    handle: str
    brought: Brought


def wait(client: RegisteredClient) -> timedelta | None:
    """How long this client must wait before it may push again; None: this request is counted. The caller commits."""
    if client.registration.confidential:
        return shortlived.pace(PACE, client.client_id, OF_A_CLIENT, A_MINUTE)
    return shortlived.pace(PACE, f"{client.client_id} {current_network()}", OF_A_NETWORK, A_MINUTE)


def keep(client: RegisteredClient, brought: Brought) -> str:
    """The `request_uri` of this client's request. The caller commits."""
    record = {"client_id": client.client_id, **brought.record()}
    keep_it = shortlived.put if client.registration.confidential else shortlived.leave
    return URN + keep_it(_KIND, record, LIFETIME)


def is_ours(request_uri: str | None) -> bool:
    """Whether the address is of our making, used or not."""
    return request_uri is not None and request_uri.startswith(URN)


def find(request_uri: str, client: RegisteredClient) -> Pushed | None:
    """What this client pushed; None where it is another's, answered, too old, or never was."""
    handle = request_uri.removeprefix(URN)
    record = shortlived.get(_KIND, handle)
    if record is None or record["client_id"] != client.client_id:
        return None
    return Pushed(handle, kept(record))


def spend(handle: str) -> bool:
    """Whether this is the first answer; no other page finds the request then. The caller commits."""
    first = shortlived.once(_USED, handle, _REMEMBERED)
    shortlived.take(_KIND, handle)
    return first
