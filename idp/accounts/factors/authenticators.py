"""A user's authenticators: several, each with a name and a secret of its own. A code of any of them will do.

    add ────▶ one more, confirmed by one of its codes; those of before stay, and so do the recovery codes
    remove ─▶ one less; with the last one go the recovery codes, and where a tenant makes a second factor mandatory it stays

The user's row is taken first, so that of two changes at the same moment the second one sees the first.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime

from idp.accounts.factors import enrolment, second_factors
from idp.accounts.factors.passkeys import has_second_factor, take_row
from idp.accounts.models import TotpDevice, User
from idp.crypto import totp
from idp.tenancy.policy import Policy

MOST = 10
"""So many authenticators a person may have."""


def of(user: User, device_id: uuid.UUID) -> TotpDevice | None:
    """The user's authenticator of that id; somebody else's is as unknown as one that does not exist."""
    return next((device for device in user.totp_devices if device.id == device_id), None)


def add(user: User, pending: str, code: object, now: datetime, name: str) -> bool:
    """Keep the pending secret as one more; False for a wrong code, and when the devices changed since the page was made."""
    secret = enrolment.open_pending(user, pending)
    step = totp.matching_step(secret, code, now, None)
    before = _ids(user)
    if step is None or before != _ids_behind_the_row(user) or not 0 < len(before) < MOST:
        return False
    second_factors.add_totp(user, secret, last_step=step, name=name)
    return True


def remove(user: User, device_id: uuid.UUID, demanding: Iterable[Policy]) -> bool:
    """Forget one; False when there is none of that id, or without it the user lacks what these policies demand.

    The caller commits, or rolls back.
    """
    take_row(user)
    device = of(user, device_id)
    if device is None:
        return False
    user.totp_devices.remove(device)
    if not user.totp_devices:
        second_factors.remove_totp(user)
    return all(has_second_factor(user, policy) for policy in demanding)


def _ids(user: User) -> set[uuid.UUID]:
    return {device.id for device in user.totp_devices}


def _ids_behind_the_row(user: User) -> set[uuid.UUID]:
    """The devices as they are once nobody else changes them."""
    take_row(user)
    return _ids(user)
