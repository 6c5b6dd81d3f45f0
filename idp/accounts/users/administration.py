"""What an administrator does with a user of their own company. The caller has checked who acts, and commits.

    lock ─▶ the tenant's row: whoever administers the same company waits here, and finds what the others left
              │
              ├─ reset_two_factor   the second factors go, the epoch moves on, the user is told
              ├─ change_type        employee, administrator, accountant
              ├─ correct            name, e-mail address, language; both mailboxes are told of another address
              └─ choose_block_new_ip

Nobody does these to themselves. So whoever acts is an able administrator, and is one afterwards: as the lock makes
those who act take turns, a company cannot lose its last one, neither by a click nor by two at the same moment.
"""

from dataclasses import replace

import sqlalchemy as sa

from idp.accounts import invitations
from idp.accounts.factors import second_factors
from idp.accounts.models import User, UserType
from idp.accounts.users import lifecycle, notices
from idp.accounts.users.notices import recipient
from idp.accounts.users.profile import CORRECTED, Particulars
from idp.accounts.users.queries import administrators_of
from idp.audit.events import BlockNewIpChosen, TwoFactorReset, UserChanged, UserTypeChanged
from idp.audit.record import record
from idp.platform.extensions import db
from idp.tenancy.models import Tenant


def lock(tenant: Tenant) -> None:
    """Wait for whoever administers this company at this moment. Holds until the end of the unit of work."""
    same = sa.update(Tenant).where(Tenant.id == tenant.id).values(epoch=Tenant.epoch)
    db.session.execute(same, execution_options={"synchronize_session": False})


def is_last_administrator(user: User) -> bool:
    """Whether nobody could administer the company without this user. Whoever asks holds the lock."""
    return [able.id for able in administrators_of(user.tenant_id, at_most=2)] == [user.id]


def reset_two_factor(user: User, actor: User | None) -> bool:
    """Take every second factor of the user away; False when there is none. No actor: an operator."""
    if not (user.totp_devices or user.passkeys):
        return False
    lifecycle.next_epoch(user)  # takes the user's row: who sets up a factor at this moment is before this or too late
    second_factors.remove_all(user)
    record(TwoFactorReset(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor.id if actor else None))
    notices.two_factor_reset(user, actor.name if actor else None)
    return True


def change_type(user: User, to: UserType, actor: User) -> bool:
    """Make the user an employee, an administrator or an accountant; False when they are that already."""
    before = user.type
    if before is to:
        return False
    lifecycle.set_type(user, to)
    event = UserTypeChanged(
        tenant_id=user.tenant_id, user_id=user.id, actor_id=actor.id, before=before.value, after=to.value
    )
    record(event)
    return True


def choose_block_new_ip(user: User, on: bool | None, actor: User) -> bool:  # noqa: FBT001 - a choice of three
    """Say of this user whether new addresses are validated, None: as the company does; False when it is so already."""
    if user.block_new_ip is on:
        return False
    user.block_new_ip = on
    record(BlockNewIpChosen(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor.id, on=on))
    return True


def correct(user: User, to: Particulars, actor: User) -> bool:
    """Correct what is said of the user; False when all of it is so already.

    One-time links that were mailed to another address open nothing any more (`links`). Whoever is invited gets a new one,
    as often as invitations are mailed again; everybody else is told at both addresses, as whoever reads the new mailbox
    may choose a new password by it.
    """
    before = recipient(user)
    fields = [name for name in CORRECTED if getattr(user, name) != getattr(to, name)]
    if not fields:
        return False
    for name in fields:
        setattr(user, name, getattr(to, name))
    record(UserChanged(tenant_id=user.tenant_id, user_id=user.id, actor_id=actor.id, fields=fields))
    if "email" in fields and user.disabled_at is None:
        if user.invited_at is not None:
            invitations.send_again(user, actor)
        else:
            notices.email_changed(user, replace(before, name=user.name), actor.name)
    return True
