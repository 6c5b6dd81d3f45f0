"""A user's passkeys: adding, naming, removing, and the count of signatures by which a copy is found out."""

import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from idp.accounts.factors import webauthn_ceremonies
from idp.accounts.factors.webauthn_ceremonies import Created, Used
from idp.accounts.models import Passkey, User
from idp.accounts.users import browsers
from idp.platform.extensions import changed, db
from idp.tenancy.policy import Policy

MOST = 20
"""So many passkeys a person may have."""
LONGEST_NAME = 100


def usable(user: User, policy: Policy) -> tuple[Passkey, ...]:
    """The user's passkeys that a login under this policy takes, the oldest first."""
    return tuple(user.passkeys) if taken(policy) else ()


def taken(policy: Policy) -> bool:
    """Whether a login under this policy takes passkeys: the company allows them, and this provider can."""
    return policy.passkeys and webauthn_ceremonies.offered()


def has_second_factor(user: User, policy: Policy) -> bool:
    """Whether a login under this policy asks something of the user that they have besides the password."""
    return bool(user.totp_devices or usable(user, policy))


def of(user: User, passkey_id: uuid.UUID) -> Passkey | None:
    """The user's passkey of that id; somebody else's is as unknown as one that does not exist."""
    return next((passkey for passkey in user.passkeys if passkey.id == passkey_id), None)


def cleaned(name: str) -> str | None:
    """A name as it is kept, on one line; None for one that is too long."""
    plain = " ".join(name.split())
    return plain if len(plain) <= LONGEST_NAME else None


def first_name(user_agent: str) -> str:
    """What a passkey is called at first: after the browser that it was made in."""
    words = browsers.in_words(user_agent)
    return words if words != "?" else str(_("Passkey"))


def add(user: User, created: Created, name: str) -> Passkey | None:
    """Keep a new passkey; None, and all rolled back, when that credential is known already, whoever's it is.

    Section 7.1, step 26: a credential belongs to one account. The caller commits.
    """
    passkey = Passkey(
        user_id=user.id,
        name=name,
        credential_id=created.credential_id,
        public_key=created.public_key,
        sign_count=created.sign_count,
        synced=created.synced,
        transports=list(created.transports),
    )
    user.passkeys.append(passkey)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return None
    return passkey


def remove(user: User, passkey_id: uuid.UUID, demanding: Iterable[Policy]) -> bool:
    """Forget a passkey; False when there is none of that id, or without it the user lacks what these policies demand.

    The caller commits, or rolls back.
    """
    take_row(user)
    passkey = of(user, passkey_id)
    if passkey is None:
        return False
    user.passkeys.remove(passkey)
    return all(has_second_factor(user, policy) for policy in demanding)


def spend(used: Used, now: datetime) -> bool:
    """Count the signature in one conditional statement; False when the count did not grow, as with a copy of the key.

    Section 6.1.1: an authenticator that does not count always says 0.
    """
    grown = Passkey.sign_count < used.sign_count if used.sign_count else Passkey.sign_count == 0
    counted = sa.update(Passkey).where(Passkey.id == used.passkey.id, grown)
    return changed(counted.values(sign_count=used.sign_count, last_used_at=now))


def take_row(user: User) -> None:
    """Wait for whoever changes this user's factors: of two that go at the same moment the second sees the first gone."""
    same = sa.update(User).where(User.id == user.id).values(epoch=User.epoch)
    db.session.execute(same, execution_options={"synchronize_session": False})
    db.session.expire(user, ["totp_devices", "passkeys"])
