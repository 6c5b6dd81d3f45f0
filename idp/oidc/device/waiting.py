"""The rows of devices that wait, and what their applications asked."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from idp.crypto import opaque
from idp.oidc.authorization import checks
from idp.oidc.authorization.checks import Asked, Rejected
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.request_source import Brought
from idp.oidc.authorization.requests import AuthorizationRequest
from idp.oidc.authorization.response import ResponseMode, ReturnAddress
from idp.oidc.clients import repository
from idp.oidc.clients.repository import RegisteredClient
from idp.oidc.models import DeviceAuthorization, DeviceState
from idp.platform import clock
from idp.platform.extensions import changed, db
from idp.platform.secrets import sealer

LIFETIME: Final = timedelta(minutes=10)
INTERVAL_SECONDS: Final = 5
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628 section 6.1: no vowels, so no words; nothing that looks like a digit."""
LETTERS: Final = 8
_KEPT: Final = ("scope", "acr_values", "max_age", "claims", "tenant", "nonce")
_PURPOSE: Final = "device-user-code"

CHECKS: Final[tuple[Callable[[Asked], None], ...]] = (
    checks.scope_is_granted,
    checks.max_age_is_a_number,
    checks.claims_can_be_met,
    checks.tenant_is_the_clients,
)


def asked_by(client: RegisteredClient, parameters: Mapping[str, str]) -> AuthorizationRequest:
    """What a device's application asks of a login. Raises `Rejected`.

    The page that allows it names every scope: it is the consent that `offline_access` needs.
    """
    kept = {name: parameters[name] for name in _KEPT if name in parameters}
    given = Brought(Parameters({**kept, "prompt": "consent"}))
    asked = Asked(given, client)
    for check in CHECKS:
        check(asked)
    nowhere = ReturnAddress("", ResponseMode.QUERY, None, client.row.name)
    return AuthorizationRequest(
        given, client, nowhere, asked.scope, frozenset(), asked.max_age, asked.acr, asked.claims, None
    )


def begin(asked: AuthorizationRequest) -> tuple[str, str]:
    """A device begins to wait: its device code and its user code. The caller commits."""
    device_code, user_code, now = opaque.new(), "".join(secrets.choice(ALPHABET) for _ in range(LETTERS)), clock.now()
    row = DeviceAuthorization(
        client_id=asked.client.id,
        device_code_hash=digest(device_code),
        user_code_hash=sealer().sign(_PURPOSE, user_code.encode()),
        request=dict(asked.parameters),
        interval=INTERVAL_SECONDS,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(row)
    return device_code, shown(user_code)


def digest(device_code: str) -> str:
    """What is kept of a device code; it is no code of the authorization endpoint."""
    return opaque.digest(f"device:{device_code}")


def shown(user_code: str) -> str:
    """A user code in two halves: "WDJB-MJHT"."""
    return f"{user_code[: LETTERS // 2]}-{user_code[LETTERS // 2 :]}"


def typed(text: str) -> str | None:
    """The user code that somebody typed, whatever the case and what stands between; None where it cannot be one."""
    letters = "".join(sign for sign in text.upper() if sign.isalnum())
    return letters if len(letters) == LETTERS and set(letters) <= set(ALPHABET) else None


def by_user_code(user_code: str) -> DeviceAuthorization | None:
    """The device that waits and shows this code; none where, against all odds, two do."""
    tags = sealer().tags(_PURPOSE, user_code.encode())
    found = db.session.scalars(_waiting().where(DeviceAuthorization.user_code_hash.in_(tags)).limit(2)).all()
    return found[0] if len(found) == 1 else None


def by_id(device_id: uuid.UUID) -> DeviceAuthorization | None:
    """The device, while it waits."""
    return db.session.scalar(_waiting().where(DeviceAuthorization.id == device_id))


def _waiting() -> sa.Select[DeviceAuthorization]:
    return sa.select(DeviceAuthorization).where(
        DeviceAuthorization.state == DeviceState.WAITING, DeviceAuthorization.expires_at > clock.now()
    )


def by_device_code(device_code: str) -> DeviceAuthorization | None:
    """The device with this code, whatever became of it."""
    hashed = DeviceAuthorization.device_code_hash == digest(device_code)
    return db.session.scalar(sa.select(DeviceAuthorization).where(hashed))


def request_of(device: DeviceAuthorization) -> AuthorizationRequest | None:
    """What it asks, by the registration of this moment; None where that would be refused now."""
    client = repository.by_client_id(device.client.client_id)
    try:
        return None if client is None else asked_by(client, device.request)
    except Rejected:
        return None


def answer(device: DeviceAuthorization, state: DeviceState) -> bool:
    """The person's answer, which counts once; False when there was one, or the device's time is over."""
    unanswered = sa.update(DeviceAuthorization).where(
        DeviceAuthorization.id == device.id,
        DeviceAuthorization.state == DeviceState.WAITING,
        DeviceAuthorization.expires_at > clock.now(),
    )
    return changed(unanswered.values(state=state))


def polled(device: DeviceAuthorization, now: datetime) -> bool:
    """Whether the device waited long enough since its last question; else it must wait 5 s longer from now on."""
    this = sa.update(DeviceAuthorization).where(DeviceAuthorization.id == device.id)
    patient = sa.or_(
        DeviceAuthorization.polled_at.is_(None),
        DeviceAuthorization.polled_at <= now - timedelta(seconds=device.interval - 1),
    )
    if changed(this.where(patient).values(polled_at=now)):
        return True
    changed(this.values(polled_at=now, interval=DeviceAuthorization.interval + INTERVAL_SECONDS))
    return False
