"""Telling applications that a login is over (OpenID Connect Back-Channel Logout 1.0).

    a session ends ───────────▶ session_ended: a row of the outbox for each application that got something in it and has
                                a backchannel_logout_uri, in the unit of work that ends the session
    a user's proof is over ───▶ ProofEnded ─▶ idp worker ─▶ proof_ended: sessions end by name, authorizations too, also
                                              those with offline access, whose sessions may have ended long ago
    idp worker ─▶ tell: a logout token, made at that moment ──▶ POST ─┬─ 2xx ─▶ done
                                                                       └─ else ─▶ again later, in the end a dead letter

Nobody waits for an application. Whoever is disabled or has no such address any more by then is not told.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from idp import clock, outbox, settings
from idp.accounts.models import User
from idp.crypto import opaque
from idp.extensions import db
from idp.login import sweep
from idp.login.models import BrowserSession
from idp.oidc import encryption, keys, registration
from idp.oidc.encryption import NoKey
from idp.oidc.logout import participants
from idp.oidc.models import AuthorizationGrant, Client
from idp.oidc.registration import Registration
from idp.oidc.subjects import subject_of
from idp.outbox.errands import ApplicationToTell, ProofEnded
from idp.outbox.mail.failures import PutOff, Unreachable
from idp.web import outgoing
from idp.web.outgoing import OutgoingFailed

TYPE: Final = "logout+jwt"
LIFETIME: Final = timedelta(minutes=2)
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_SUCCESS: Final = range(200, 300)
_SAME_UNIT_OF_WORK: Final = timedelta(minutes=1)


def session_ended(session: BrowserSession) -> None:
    """Let every application that got something in this session know (section 2.3). The caller commits."""
    _ask((client, session.user_id, session.id) for client in participants.of_session(session))


def proof_ended(errand: ProofEnded) -> None:
    """End by name what rests on a proof of before, and let the applications know. The caller commits.

    A session that ended in the unit of work that asked for this has told its applications already.
    """
    user = db.session.get(User, uuid.UUID(errand.user_id))
    if user is None:
        return
    before = datetime.fromisoformat(errand.at) - _SAME_UNIT_OF_WORK
    sweep.outdated(user)
    lost = [(client_id, session_id) for client_id, session_id, used in _revoke_outdated(user) if used]
    told = sa.select(BrowserSession.id).where(
        BrowserSession.id.in_({session_id for _, session_id in lost}), BrowserSession.ended_at > before
    )
    already = set(db.session.scalars(told))
    _ask(
        (db.session.get_one(Client, client_id), user.id, session_id)
        for client_id, session_id in set(lost)
        if session_id not in already
    )


def tell(errand: ApplicationToTell) -> None:
    """Send the logout token (section 2.5). Raises `NotDelivered`."""
    client = db.session.get(Client, uuid.UUID(errand.client))
    if client is None or client.disabled_at is not None:
        return
    registered = registration.read(client.registration)
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
    signed = keys.sign(registered.id_token_signed_response_alg, TYPE, told)
    return encryption.encrypted(signed, registered, registered.id_token_encryption, iss=issuer)


def _revoke_outdated(user: User) -> Iterable[tuple[uuid.UUID, uuid.UUID | None, datetime | None]]:
    """End the authorizations of an older epoch; of each: whose, of which session, and when its code was used."""
    theirs = sa.update(AuthorizationGrant).where(
        AuthorizationGrant.user_id == user.id,
        AuthorizationGrant.user_epoch != user.epoch,
        AuthorizationGrant.revoked_at.is_(None),
        AuthorizationGrant.expires_at > clock.now(),
    )
    whose = AuthorizationGrant.client_id, AuthorizationGrant.session_id, AuthorizationGrant.code_used_at
    ended = theirs.values(revoked_at=clock.now()).returning(*whose)
    rows = db.session.execute(ended, execution_options={"synchronize_session": False})
    return [(client_id, session_id, used) for client_id, session_id, used in rows]


def _ask(those: Iterable[tuple[Client, uuid.UUID, uuid.UUID | None]]) -> None:
    """Write down whom to tell of whom: of these, the applications that have an address for it."""
    outbox.ask_all(
        [
            ApplicationToTell(
                client=str(client.id), user_id=str(user_id), session_id=str(session_id) if session_id else None
            )
            for client, user_id, session_id in those
            if registration.read(client.registration).backchannel_logout_uri
        ]
    )
