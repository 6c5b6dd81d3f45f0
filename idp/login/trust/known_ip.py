"""Known-IP grants: a user proved TOTP from a network; for 30 days that may stand in for TOTP.

    earn ── a correct TOTP, the choice on, the policy allows it ──▶ SQL row; the epoch moves on
    find ── cache hit, tag right, `grants_epoch` current ──┐
         └─ otherwise the SQL row, which is cached again ──┴─▶ live()? ─▶ KnownIp, the waiver ─▶ policy.py
    void ── SQL rows go, `grants_epoch` moves on: every cached copy is worthless, deleted or not
    forget_ended ── the same for those that are over, at the user's next proof: a clock set back revives none

SQL holds the truth. A cached copy carries a tag of ours and the epochs of its user and tenants, which are compared
with the rows that a login reads anyway: nothing that is written into Redis can grant. Redis gone: SQL answers.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from idp.accounts.models import User
from idp.accounts.users.queries import tenants_of
from idp.audit.events import KnownIpChosen, KnownIpGranted, KnownIpRevoked, KnownIpUsed
from idp.audit.record import record
from idp.crypto import opaque
from idp.login.core.types import Evidence, Factor, KnownIp
from idp.login.models import KnownIpGrant
from idp.platform import cache, clock
from idp.platform.extensions import changed_rows, db, upsert
from idp.platform.secrets import sealer
from idp.tenancy.models import Tenant

LIFETIME = timedelta(days=30)
_CACHED = timedelta(hours=12)
_PURPOSE = "known-ip"


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as a value: what SQL and the cache both can say of it."""

    network: str
    user_epoch: int
    tenant_epochs: Mapping[str, int]
    browser_hash: str | None
    earned_at: datetime
    expires_at: datetime


def live(grant: Grant, user: User, tenant: Tenant, browser_hash: str | None, now: datetime) -> bool:
    """Whether the grant counts for this user, working for this tenant, in this browser, now."""
    return (
        user.two_factor_every_30_days
        and grant.user_epoch == user.epoch
        and grant.tenant_epochs.get(str(tenant.id)) == tenant.epoch
        and grant.earned_at <= now < grant.expires_at
        and (not tenant.known_ip_same_browser or _earned_in(grant, browser_hash))
    )


def counting(tenant: Tenant, now: datetime) -> sa.ColumnElement[bool]:
    """The same as `live` in SQL, of a grant and its user: whether it counts in some browser or other."""
    bound = KnownIpGrant.browser_hash.is_not(None) if tenant.known_ip_same_browser else sa.true()
    return sa.and_(
        User.two_factor_every_30_days,
        KnownIpGrant.user_epoch == User.epoch,
        KnownIpGrant.tenant_epochs[str(tenant.id)].as_integer() == tenant.epoch,
        KnownIpGrant.earned_at <= now,
        KnownIpGrant.expires_at > now,
        bound,
    )


def _earned_in(grant: Grant, browser_hash: str | None) -> bool:
    return bool(browser_hash) and opaque.same(grant.browser_hash or "", browser_hash or "")


def find(user: User, tenant: Tenant, network: str | None, browser_hash: str | None) -> KnownIp | None:
    """The live grant of the user for this network, if there is one. Never raises for a cache that is gone."""
    if network is None or not user.two_factor_every_30_days:
        return None
    grant = _cached(user, network) or _stored(user, network)
    if grant is None or not live(grant, user, tenant, browser_hash, clock.now()):
        return None
    return KnownIp(network, grant.earned_at, grant.expires_at)


def earn(user: User, proof: Evidence, browser_hash: str | None) -> None:
    """Make or renew the grant of a TOTP proof; it ends 30 days after that proof. The caller commits."""
    if not user.two_factor_every_30_days or proof.network is None:
        return
    facts = {
        "user_epoch": proof.epoch,
        "tenant_epochs": {str(tenant.id): tenant.epoch for tenant in tenants_of(user)},
        "browser_hash": browser_hash,
        "earned_at": proof.at,
        "expires_at": proof.at + LIFETIME,
        "last_used_at": None,
    }
    row = upsert(KnownIpGrant).values(id=uuid.uuid4(), user_id=user.id, network=proof.network, **facts)
    db.session.execute(row.on_conflict_do_update(index_elements=["user_id", "network"], set_=facts))
    _moved_on(user)
    expires = (proof.at + LIFETIME).isoformat()
    record(KnownIpGranted(tenant_id=user.tenant_id, user_id=user.id, known_network=proof.network, expires_at=expires))


def used(user: User, network: str) -> None:
    """Note that the grant took the place of TOTP just now; its end does not move. The caller commits."""
    at = sa.update(KnownIpGrant).where(KnownIpGrant.user_id == user.id, KnownIpGrant.network == network)
    db.session.execute(at.values(last_used_at=clock.now()))
    record(KnownIpUsed(tenant_id=user.tenant_id, user_id=user.id, known_network=network))


def of(user: User) -> list[KnownIpGrant]:
    """The user's grants that have not ended, the newest first."""
    mine = sa.select(KnownIpGrant).where(
        KnownIpGrant.user_id == user.id,
        KnownIpGrant.user_epoch == user.epoch,
        KnownIpGrant.expires_at > clock.now(),
    )
    return list(db.session.scalars(mine.order_by(KnownIpGrant.earned_at.desc())))


def numbers(users: Sequence[User], tenant: Tenant) -> dict[uuid.UUID, int]:
    """How many grants of each of the users count for the tenant; who has none is left out. One statement."""
    of_whom = sa.select(KnownIpGrant.user_id, sa.func.count()).join(User, User.id == KnownIpGrant.user_id)
    theirs = of_whom.where(KnownIpGrant.user_id.in_([user.id for user in users]), counting(tenant, clock.now()))
    counted = db.session.execute(theirs.group_by(KnownIpGrant.user_id)).all()
    return {row[0]: row[1] for row in counted}


def revoke(user: User, grant_id: uuid.UUID, because: str = "revoked", actor_id: uuid.UUID | None = None) -> bool:
    """End one grant; False when the user has none of that id. The caller commits."""
    grant = db.session.get(KnownIpGrant, grant_id)
    if grant is None or grant.user_id != user.id:
        return False
    _void(user, because, actor_id, grant.network)
    return True


def revoke_all(user: User, because: str = "revoked", actor_id: uuid.UUID | None = None) -> None:
    """End every grant of the user. The caller commits."""
    _void(user, because, actor_id, None)


def forget_ended(user: User) -> None:
    """Forget the grants that are over, so that a clock which is set back revives none. The caller commits."""
    over = sa.delete(KnownIpGrant).where(KnownIpGrant.user_id == user.id, KnownIpGrant.expires_at <= clock.now())
    if changed_rows(over) > 0:
        _moved_on(user)


def choose(user: User, *, on: bool, recent: tuple[Evidence, ...] = (), browser_hash: str | None = None) -> None:
    """Switch the user's choice "once every 30 days from a known IP address". Off ends every grant. The caller commits.

    `recent`: fresh evidence of the session in which it is switched on; a TOTP among it makes the first grant.
    """
    if user.two_factor_every_30_days == on:
        return
    user.two_factor_every_30_days = on
    record(KnownIpChosen(tenant_id=user.tenant_id, user_id=user.id, on=on))
    if not on:
        _void(user, "choice_off", None, None)
    for proof in recent:
        if on and Factor.TOTP in proof.factors:
            earn(user, proof, browser_hash)


def _void(user: User, because: str, actor_id: uuid.UUID | None, network: str | None) -> None:
    """Delete first, then move the epoch on: whoever caches in between caches what is worthless a moment later."""
    which = sa.true() if network is None else KnownIpGrant.network == network
    db.session.execute(_of(user, which))
    _moved_on(user)
    record(
        KnownIpRevoked(
            tenant_id=user.tenant_id, user_id=user.id, actor_id=actor_id, known_network=network, because=because
        )
    )


def _of(user: User, which: sa.ColumnElement[bool]) -> sa.Delete:
    return sa.delete(KnownIpGrant).where(KnownIpGrant.user_id == user.id, which)


def _moved_on(user: User) -> None:
    """Make every cached copy of this user's grants worthless."""
    db.session.flush()
    db.session.execute(sa.update(User).where(User.id == user.id).values(grants_epoch=User.grants_epoch + 1))
    db.session.refresh(user, ["grants_epoch"])


def _stored(user: User, network: str) -> Grant | None:
    row = db.session.scalar(
        sa.select(KnownIpGrant).where(KnownIpGrant.user_id == user.id, KnownIpGrant.network == network)
    )
    if row is None:
        return None
    grant = Grant(row.network, row.user_epoch, row.tenant_epochs, row.browser_hash, row.earned_at, row.expires_at)
    _remember(user, grant)
    return grant


def _key(user: User, network: str) -> str:
    return f"known-ip:{{{user.id}}}:{network}"


def _remember(user: User, grant: Grant) -> None:
    body = json.dumps(_written(user, grant), sort_keys=True).encode()
    tag = sealer().sign(_PURPOSE, body)
    try:
        cache.current().set(_key(user, grant.network), tag.encode() + b"\n" + body, _CACHED)
    except cache.CacheUnavailable:
        return


def _cached(user: User, network: str) -> Grant | None:
    """The cached copy, if it is ours, of this user and network, and of the epoch that the user's row has now."""
    try:
        raw = cache.current().get(_key(user, network))
    except cache.CacheUnavailable:
        return None
    tag, _, body = (raw or b"").partition(b"\n")
    if not body or not sealer().verify(_PURPOSE, body, tag.decode("ascii", "replace")):
        return None
    written: dict[str, Any] = json.loads(body)
    mine = {"user": str(user.id), "network": network, "grants_epoch": user.grants_epoch}
    return _read(written) if mine.items() <= written.items() else None


def _written(user: User, grant: Grant) -> dict[str, Any]:
    return {
        "user": str(user.id),
        "network": grant.network,
        "grants_epoch": user.grants_epoch,
        "user_epoch": grant.user_epoch,
        "tenant_epochs": dict(grant.tenant_epochs),
        "browser_hash": grant.browser_hash,
        "earned_at": grant.earned_at.isoformat(),
        "expires_at": grant.expires_at.isoformat(),
    }


def _read(written: Mapping[str, Any]) -> Grant:
    return Grant(
        written["network"],
        written["user_epoch"],
        written["tenant_epochs"],
        written["browser_hash"],
        datetime.fromisoformat(written["earned_at"]),
        datetime.fromisoformat(written["expires_at"]),
    )
