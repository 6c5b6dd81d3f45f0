"""How an accountant comes to work for a company, and how that ends. The caller commits.

    the accountant: make ─▶ "4821 0937 5562", read over the telephone; good once, for 7 days; a new one ends the old
                              │
    an administrator: find ──▶ whose it is: name, office, address ─▶ connect ─▶ the membership, mails, audit
                              │
    either side: end ────────▶ the membership is gone, and with it all that was issued under it (it names its membership);
                               a worker tells the applications

A code has 12 digits, and of each company only so many are tried an hour. The table has its keyed digest: a dump of the
database shows no code. What is wrong with a code is never said: unknown, mistyped, used and too old are one answer.
"""

import enum
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from idp import outbox, shortlived
from idp.accounts.models import ConnectCode, User, UserType
from idp.accounts.users.notices import recipient
from idp.accounts.users.queries import administrators_of, has_second_factor, may_log_in
from idp.audit.events import ConnectCodeMade, ConnectCodeRefused, MembershipBegun, MembershipEnded
from idp.audit.record import record
from idp.outbox.jobs import RightEnded
from idp.outbox.mail.messages import AccountantConnected, AccountantLeft
from idp.platform import clock
from idp.platform.extensions import changed, db, upsert
from idp.platform.secrets import sealer
from idp.tenancy.models import Membership, Tenant
from idp.web.fields import bare_code

DIGITS: Final = 12
GROUP: Final = 4
LIFETIME: Final = timedelta(days=7)
TRIES: Final = (40, timedelta(hours=1))
"""So many codes a company may try in that time, right ones included."""
PAGE: Final = 50
_PURPOSE: Final = "connect-code"


class Refused(enum.Enum):
    """Why nobody is found by a code, or may not be connected."""

    UNKNOWN = "unknown"
    TOO_MANY_TRIES = "too_many_tries"
    OWN_COMPANY = "own_company"
    ALREADY = "already"


@dataclass(frozen=True, slots=True)
class Found:
    """The accountant whose code it is."""

    user: User
    code_hash: str


@dataclass(frozen=True, slots=True)
class Figures:
    """How many accountants of other offices can work for a company, and how many of them have no second factor there."""

    accountants: int
    unsafe: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the accountants who work for a company, each with their membership; the id to go on after."""

    rows: Sequence[tuple[Membership, User]]
    after: uuid.UUID | None


def make(user: User) -> str:
    """The accountant's new code, in groups, to be shown once; an earlier one is worthless from now on."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    now = clock.now()
    facts = {"code_hash": sealer().sign(_PURPOSE, code.encode()), "created_at": now, "expires_at": now + LIFETIME}
    row = upsert(ConnectCode).values(user_id=user.id, **facts)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=facts))
    record(ConnectCodeMade(tenant_id=user.tenant_id, user_id=user.id))
    return " ".join(code[at : at + GROUP] for at in range(0, DIGITS, GROUP))


def find(given: str, tenant: Tenant, actor: User) -> Found | Refused:
    """Whose code that is, for an administrator of the company who asks. Counts the try."""
    if not shortlived.room(_PURPOSE, str(tenant.id), *TRIES):
        return Refused.TOO_MANY_TRIES
    found = _whose(given)
    if found is None:
        record(ConnectCodeRefused(tenant_id=tenant.id, actor_id=actor.id))
        return Refused.UNKNOWN
    if found.user.tenant_id == tenant.id:
        return Refused.OWN_COMPANY
    return Refused.ALREADY if _works_for(found.user, tenant) else found


def connect(found: Found, tenant: Tenant, actor: User) -> bool:
    """Spend the code for a membership; False when somebody was faster, with this code or for this company."""
    spent = sa.delete(ConnectCode).where(
        ConnectCode.user_id == found.user.id,
        ConnectCode.code_hash == found.code_hash,
        ConnectCode.expires_at > clock.now(),
    )
    if not changed(spent):
        return False
    try:
        with db.session.begin_nested():
            db.session.add(Membership(user_id=found.user.id, tenant_id=tenant.id))
    except IntegrityError:
        return False
    for of, other in ((tenant, found.user.tenant), (found.user.tenant, tenant)):
        event = MembershipBegun(tenant_id=of.id, user_id=found.user.id, actor_id=actor.id, other=other.slug)
        record(event)
    for told in (found.user, *administrators_of(tenant.id)):
        outbox.mail(
            AccountantConnected(
                to=recipient(told),
                at=clock.now(),
                accountant=found.user.name,
                office=found.user.tenant.name,
                company=tenant.name,
                by=actor.name,
            )
        )
    return True


def end(user: User, tenant: Tenant, actor: User) -> bool:
    """End the user's membership of the company; False when there is none (any more)."""
    gone = sa.delete(Membership).where(Membership.user_id == user.id, Membership.tenant_id == tenant.id)
    right_id = db.session.scalar(gone.returning(Membership.id), execution_options={"synchronize_session": False})
    if right_id is None:
        return False
    outbox.ask(RightEnded(right_id=str(right_id)))
    for of, other in ((tenant, user.tenant), (user.tenant, tenant)):
        record(MembershipEnded(tenant_id=of.id, user_id=user.id, actor_id=actor.id, other=other.slug))
    for told in (user, *administrators_of(tenant.id)):
        outbox.mail(
            AccountantLeft(
                to=recipient(told),
                at=clock.now(),
                accountant=user.name,
                office=user.tenant.name,
                company=tenant.name,
                by=actor.name,
            )
        )
    return True


def page_of(tenant_id: uuid.UUID, after: uuid.UUID | None = None) -> Page:
    """The accountants of other offices who work for the company, after that membership."""
    which = sa.select(Membership, User).join(User, User.id == Membership.user_id).options(selectinload(User.passkeys))
    which = which.where(Membership.tenant_id == tenant_id)
    if after is not None:
        which = which.where(Membership.id > after)
    found = [(row[0], row[1]) for row in db.session.execute(which.order_by(Membership.id).limit(PAGE + 1))]
    return Page(found[:PAGE], found[PAGE - 1][0].id if len(found) > PAGE else None)


def number_of(tenant_id: uuid.UUID) -> int:
    """How many of them there are."""
    return db.session.scalar(sa.select(sa.func.count()).where(Membership.tenant_id == tenant_id)) or 0


def figures(tenant: Tenant) -> Figures:
    """The figures of this moment, in one statement. A second factor counts as it does in a login for this company."""
    number = sa.func.count()
    counted = sa.select(number, number.filter(~has_second_factor(tenant))).select_from(Membership)
    counted = counted.join(User, User.id == Membership.user_id)
    able = Membership.tenant_id == tenant.id, User.disabled_at.is_(None)
    return Figures(*db.session.execute(counted.where(*able)).one())


def of_tenant(tenant_id: uuid.UUID, user_id: uuid.UUID) -> User | None:
    """The user of that id, if they work for the company by a membership; else as unknown as none."""
    member = sa.exists().where(Membership.user_id == User.id, Membership.tenant_id == tenant_id)
    return db.session.scalar(sa.select(User).where(User.id == user_id, member))


def _whose(given: str) -> Found | None:
    code = bare_code(given)
    if not (code.isascii() and code.isdigit() and len(code) == DIGITS):
        return None
    alive = sa.select(ConnectCode, User).join(User, User.id == ConnectCode.user_id)
    hashes = sealer().tags(_PURPOSE, code.encode())
    alive = alive.where(ConnectCode.code_hash.in_(hashes), ConnectCode.expires_at > clock.now())
    row = db.session.execute(alive).first()
    if row is None or not may_log_in(row[1]) or row[1].type is not UserType.ACCOUNTANT:
        return None
    return Found(row[1], row[0].code_hash)


def _works_for(user: User, tenant: Tenant) -> bool:
    found = sa.select(Membership.id).where(Membership.user_id == user.id, Membership.tenant_id == tenant.id)
    return db.session.scalar(found) is not None
