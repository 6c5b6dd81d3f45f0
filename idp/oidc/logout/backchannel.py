"""Telling applications that a login is over (OpenID Connect Back-Channel Logout 1.0).

    a session ends ───────────▶ session_ended: a row of the outbox for each application that got something in it and has
                                a backchannel_logout_uri, in the unit of work that ends the session
    an authorization ends ────▶ endings.py: the same, also for those with offline access, whose sessions may have ended
                                long ago
    idp worker ─▶ tell: a logout token, made at that moment ──▶ POST ─┬─ 2xx ─▶ done
                                                                       └─ else ─▶ again later, in the end a dead letter

Nobody waits for an application. Whoever is disabled or has no such address any more by then is not told.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from idp import outbox
from idp.crypto import opaque
from idp.login.models import BrowserSession
from idp.oidc.clients import metadata
from idp.oidc.clients.metadata import Registration
from idp.oidc.logout import participants
from idp.oidc.models import Client
from idp.oidc.signing_keys import keyring
from idp.oidc.userinfo import encryption
from idp.oidc.userinfo.encryption import NoKey
from idp.oidc.userinfo.subjects import subject_of
from idp.outbox.jobs import ApplicationToTell
from idp.outbox.mail.failures import PutOff, Unreachable
from idp.platform import clock, settings
from idp.platform.extensions import db
from idp.web import outgoing
from idp.web.outgoing import OutgoingFailed

TYPE: Final = "logout+jwt"
LIFETIME: Final = timedelta(minutes=2)
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_SUCCESS: Final = range(200, 300)


def session_ended(session: BrowserSession) -> None:
    """Let every application that got something in this session know (section 2.3). The caller commits."""
    ask((client, session.user_id, session.id) for client in participants.of_session(session))


def ask(those: Iterable[tuple[Client, uuid.UUID, uuid.UUID | None]]) -> None:
    """Write down whom to tell of whom: of these, the applications that have an address for it. The caller commits."""
    outbox.ask_all(
        [
            ApplicationToTell(
                client=str(client.id), user_id=str(user_id), session_id=str(session_id) if session_id else None
            )
            for client, user_id, session_id in those
            if metadata.read(client.registration).backchannel_logout_uri
        ]
    )


def tell(errand: ApplicationToTell) -> None:
    """Send the logout token (section 2.5). Raises `NotDelivered`."""
    client = db.session.get(Client, uuid.UUID(errand.client))
    if client is None or client.disabled_at is not None:
        return
    registered = metadata.read(client.registration)
    if registered.backchannel_logout_uri is None:
        return
    try:
        token = logout_token(client, registered, errand)
        db.session.commit()  # nothing is held while the application thinks
        status = outgoing.post(registered.backchannel_logout_uri, {"logout_token": token})
    except NoKey as error:
        raise PutOff(f"{client.client_id}: {error.description}") from error
    except OutgoingFailed as error:
        raise Unreachable(f"{client.client_id}: {error}") from error
    if status not in _SUCCESS:
        raise PutOff(f"{client.client_id}: answers {status}")


def logout_token(client: Client, registered: Registration, errand: ApplicationToTell) -> str:
    """Section 2.4: signed and encrypted like the client's ID tokens, of a type that none of them has. Never a `nonce`.

    An encrypted one says in its header too who sends it.
    """
    now, issuer = clock.now(), settings.current().issuer
    told: dict[str, Any] = {
        "iss": issuer,
        "aud": client.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": opaque.new(),
        "sub": subject_of(client, uuid.UUID(errand.user_id)),
        "events": {EVENT: {}},
        **({"sid": errand.session_id} if errand.session_id else {}),
    }
    signed = keyring.sign(registered.id_token_signed_response_alg, TYPE, told)
    return encryption.encrypted(signed, registered, registered.id_token_encryption, iss=issuer)
