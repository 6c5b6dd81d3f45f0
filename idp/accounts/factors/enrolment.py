"""Setting up an authenticator: a secret that is pending until one correct code confirms it.

new_pending ──▶ sealed text, kept by the caller (a transaction, a short-lived handle); nothing counts yet
shown ────────▶ the secret as text and as a QR picture
confirm ──────▶ the device counts, with the step of the confirming code as used; ten recovery codes
"""

from datetime import datetime

import segno
import sqlalchemy as sa

from idp.accounts.factors.second_factors import add_totp, keep_recovery_codes, new_recovery_codes
from idp.accounts.models import User
from idp.crypto import totp
from idp.crypto.sealed import SealBroken
from idp.platform import settings
from idp.platform.extensions import db
from idp.platform.secrets import sealer

_GROUP = 4


def new_pending(user: User) -> str:
    """A fresh secret, sealed for this user."""
    return sealer().seal(totp.new_secret().encode(), _owner(user))


def open_pending(user: User, pending: str) -> str:
    """The base32 secret. Raises `SealBroken` for what was not sealed for this user."""
    return sealer().open(pending, _owner(user)).decode()


def is_pending(user: User, kept: str) -> bool:
    """Whether that is a secret that waits for this user, and nothing that was kept for something else."""
    try:
        open_pending(user, kept)
    except SealBroken:
        return False
    return True


def shown(user: User, secret: str) -> dict[str, object]:
    """What a page shows of a secret: the text, in groups of four too, a link for an app, and a QR picture of that link."""
    uri = totp.provisioning_uri(secret, user.username, issuer_name())
    picture = segno.make_qr(uri, error="m").svg_data_uri(scale=5, border=2, dark="#000", light="#fff")
    groups = [secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)]
    return {"secret": secret, "secret_groups": groups, "uri": uri, "qr_svg_data_uri": picture}


def issuer_name() -> str:
    """How authenticators name us: Informer, and the host where it is not the only one a person may have."""
    host = settings.current().issuer_host
    return "Informer" if not settings.current().development else f"Informer ({host})"


def confirm(user: User, pending: str, code: object, now: datetime) -> list[str] | None:
    """Make the pending secret the user's own if the code is right: their recovery codes; None for a wrong code.

    Whatever secret the user had before stays until now and is gone from now on. Of several confirmations at
    once one wins: they queue for the user's row, and whoever finds other devices than before is too late.
    """
    secret = open_pending(user, pending)
    step = totp.matching_step(secret, code, now, None)
    if step is None:
        return None
    codes = new_recovery_codes()
    if not _unchanged(user):
        return None
    user.totp_devices.clear()
    add_totp(user, secret, last_step=step)
    keep_recovery_codes(user, codes)
    return list(codes)


def _unchanged(user: User) -> bool:
    """Take the user's row, and see whether the devices are still those that the page was made for."""
    before = {device.id for device in user.totp_devices}
    same = sa.update(User).where(User.id == user.id).values(epoch=User.epoch)
    db.session.execute(same, execution_options={"synchronize_session": False})
    db.session.expire(user, ["totp_devices"])
    return before == {device.id for device in user.totp_devices}


def _owner(user: User) -> str:
    return f"pending-totp:{user.id}"
