"""The grants of the token endpoint (RFC 6749 section 4), each Authlib's with our rows.

    authorization_code ─ code, redirect_uri, verifier right? ─▶ alive? ─▶ spend the code ─▶ tokens ─▶ commit
    refresh_token ────── token, scope right? ─────────────────▶ alive? ─▶ spend it ───────▶ tokens ─▶ commit
    device_code ──────── the person's answer? ────────────────▶ alive? ─▶ spend it ───────▶ tokens ─▶ commit
    token_exchange ───── token, audience, scope right? ───────▶ alive? ─▶ a lesser token of the same authorization
    client_credentials ─ scope right? ────────────────────────▶ a token of the client's own

"Alive" is what the authorization and the policy of this moment say (`authorizations.nothing_because`), for each of them.
Nothing is spent before the client is authenticated and everything else about the request is right. What is spent and
what it gives are kept by one commit: a request that fails on the way has spent nothing.
"""

from __future__ import annotations

from typing import Final

from authlib.oauth2.rfc6749 import InvalidGrantError

from idp.oidc.clients import metadata
from idp.web.logs import log

AUTH_METHODS: Final = list(metadata.AUTH_METHODS)


def invalid_grant(because: str) -> InvalidGrantError:
    """The error of RFC 6749 section 5.2, in words that tell a stranger nothing; the log has the reason."""
    log.info("grant refused", because=because)
    return InvalidGrantError("The grant is invalid, expired, revoked or was issued to another client")
