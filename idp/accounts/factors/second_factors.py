"""A user's second factors: adding, removing, spending. One-time things are spent by one conditional statement."""

import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from idp.accounts.models import Passkey, RecoveryCode, TotpDevice, User
from idp.crypto import recovery, totp
from idp.platform.extensions import changed, db
from idp.platform.secrets import hasher, sealer

SECOND_FACTORS: tuple[type[TotpDevice | Passkey | RecoveryCode], ...] = (TotpDevice, Passkey, RecoveryCode)
"""The tables of a user's second factors and of what stands in for them: each row has a `user_id`."""
_PLAIN = {"synchronize_session": False}


def seal_owner(user_id: uuid.UUID) -> str:
    """Whom a sealed TOTP secret belongs to."""
    return f"totp:{user_id}"


def secret_of(device: TotpDevice) -> str:
    """The base32 secret of a device. Raises `SealBroken` when the ring lacks its key."""
    return sealer().open(device.secret_sealed, seal_owner(device.user_id)).decode()


def add_totp(user: User, secret: str, *, last_step: int = 0, name: str = "") -> TotpDevice:
    """Keep a confirmed TOTP secret; `last_step` is the step that the confirming code was of."""
    sealed = sealer().seal(secret.encode(), seal_owner(user.id))
    device = TotpDevice(user_id=user.id, secret_sealed=sealed, last_step=last_step, name=name)
    user.totp_devices.append(device)
    return device


def remove_totp(user: User) -> None:
    """Forget every TOTP secret of the user, and the recovery codes that stand in for them."""
    user.totp_devices.clear()
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def remove_all(user: User) -> None:
    """Forget every second factor of the user, of whatever kind, and what stands in for one.

    By statements and not by what was loaded: whatever was set up until this moment goes.
    """
    for kind in SECOND_FACTORS:
        db.session.execute(sa.delete(kind).where(kind.user_id == user.id), execution_options=_PLAIN)
    db.session.expire(user, ["totp_devices", "passkeys"])


def spend_totp(user: User, code: object, now: datetime) -> bool:
    """Whether the code is right and its step was never used; then it is used from now on.

    RFC 6238 section 5.2: compare and set of the last used step is one statement, so that of any number
    of simultaneous answers one wins.
    """
    return any(_spend_step(device, code, now) for device in user.totp_devices)


def _spend_step(device: TotpDevice, code: object, now: datetime) -> bool:
    step = totp.matching_step(secret_of(device), code, now, device.last_step)
    if step is None:
        return False
    unused = sa.update(TotpDevice).where(TotpDevice.id == device.id, TotpDevice.last_step < step)
    return changed(unused.values(last_step=step))


def new_recovery_codes() -> Mapping[str, str]:
    """Ten recovery codes, to be shown once, each with its hash. Made before the first write: hashing them takes long."""
    return {code: recovery.hash_code(code, hasher()) for code in recovery.new_codes()}


def keep_recovery_codes(user: User, codes: Mapping[str, str]) -> None:
    """Take new recovery codes; the old ones are worthless from now on."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.session.add_all(
        RecoveryCode(user_id=user.id, hint=recovery.hint(code), code_hash=code_hash)
        for code, code_hash in codes.items()
    )


def spend_recovery_code(user: User, code: object, now: datetime) -> bool:
    """Whether the code is one of the user's and unused; then it is used from now on.

    Only codes with the answer's first two characters are verified; with none of those, nothing is.
    """
    plain = recovery.normalise(code)
    if plain is None:
        return False
    unused = sa.select(RecoveryCode).where(
        RecoveryCode.user_id == user.id, RecoveryCode.hint == recovery.hint(plain), RecoveryCode.used_at.is_(None)
    )
    matching = [c for c in db.session.scalars(unused).all() if recovery.verify_code(c.code_hash, plain, hasher())]
    return any(_spend_recovery_code(code.id, now) for code in matching)


def _spend_recovery_code(code_id: uuid.UUID, now: datetime) -> bool:
    unused = sa.update(RecoveryCode).where(RecoveryCode.id == code_id, RecoveryCode.used_at.is_(None))
    return changed(unused.values(used_at=now))
