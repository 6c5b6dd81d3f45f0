"""Whom another policy would concern, before it is saved: the decision asked about everybody of a company at once.

    crowd_of ─▶ the people, counted by the facts that a decision rests on (Kind), in one statement
    asked ────▶ which steps a login would ask people of a kind under a policy: `policy.explain`, as for one person
    names ────▶ who some of the kinds are, the first of them by name

Whoever asks compares two policies by `asked`; no rule of a login stands here. Accountants of other offices are not counted:
the console names them on a page of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from idp.accounts.factors import passkeys
from idp.accounts.models import Passkey, TotpDevice, User
from idp.accounts.users import directory, mailbox
from idp.accounts.users.queries import able_in
from idp.login.core.decide import explain
from idp.login.core.types import Factor, KnownIp, Network, Situation, StepName
from idp.login.models import FamiliarNetwork, KnownIpGrant
from idp.login.steps import STEPS
from idp.login.transaction.facts import with_own_choice
from idp.login.trust import known_ip
from idp.platform import clock
from idp.platform.extensions import db, there_is
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Policy

SECOND: Final = frozenset({StepName.TOTP, StepName.PASSKEY})
"""The steps that ask a second factor of somebody who has one."""
_PLACE: Final = KnownIp("any", datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Kind:
    """What people have in common, as far as a decision asks for it.

    ``every_30_days``: they chose 2FA once every 30 days. ``block_new_ip``: their own setting, None: as the company does.
    ``familiar``: they logged in from somewhere before. ``confirmed``: they read
    the mailbox of their address. ``known``: a known-IP grant of theirs counts somewhere.
    """

    totp: bool
    passkey: bool
    every_30_days: bool
    block_new_ip: bool | None
    familiar: bool
    confirmed: bool
    known: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people are of a kind, and how many known-IP grants of theirs count, `loose` of them earned in no browser."""

    kind: Kind
    people: int
    grants: int
    loose: int


Which = Callable[[Kind], bool]


@dataclass(frozen=True, slots=True)
class Crowd:
    """The people of a company who can log in."""

    tenant: Tenant
    counted: Sequence[Counted]

    def people(self, which: Which = lambda _: True) -> int:
        """How many are of such kinds."""
        return sum(some.people for some in self.counted if which(some.kind))

    def grants(self, which: Which = lambda _: True) -> int:
        """How many known-IP grants of theirs count."""
        return sum(some.grants for some in self.counted if which(some.kind))

    def loose(self, which: Which = lambda _: True) -> int:
        """How many of these were earned in no browser that can be told from others."""
        return sum(some.loose for some in self.counted if which(some.kind))

    def names(self, which: Which, at_most: int) -> list[str]:
        """The names of the first of them."""
        kinds = [some.kind for some in self.counted if which(some.kind)]
        if not kinds:
            return []
        who = sa.select(User.name).where(*able_in(self.tenant.id), self._are(kinds))
        return list(db.session.scalars(who.order_by(directory.by_name(), User.id).limit(at_most)))

    def _are(self, kinds: Sequence[Kind]) -> sa.ColumnElement[bool]:
        """Whether somebody is of one of the kinds. What these share is enough to look up where nobody else shares it."""
        shared = dict(set.intersection(*(set(asdict(kind).items()) for kind in kinds)))
        alike = [some for some in self.counted if shared.items() <= asdict(some.kind).items()]
        told = [shared] if len(alike) == len(kinds) else [asdict(kind) for kind in kinds]
        facts = _facts(self.tenant)
        return sa.or_(*(sa.and_(sa.true(), *(facts[name].is_(is_so) for name, is_so in one.items())) for one in told))


def crowd_of(tenant: Tenant) -> Crowd:
    """Count the people of the company by kind.

    Materialised, so that PostgreSQL looks up each person's facts once, and does not sort all of them to group them.
    """
    loose = {"loose": _grants(tenant, KnownIpGrant.browser_hash.is_(None))}
    columns = (column.label(name) for name, column in (_looked_up(tenant) | loose).items())
    people = sa.select(*columns).where(*able_in(tenant.id)).cte("people")
    each = people.prefix_with("MATERIALIZED", dialect="postgresql").c
    facts = [
        each.totp,
        each.passkey,
        each.every_30_days,
        each.block_new_ip,
        each.familiar,
        each.confirmed,
        each.grants > 0,
    ]
    counted = sa.select(*facts, sa.func.count(), sa.func.sum(each.grants), sa.func.sum(each.loose)).group_by(*facts)
    return Crowd(tenant, tuple(Counted(Kind(*row[:-3]), *row[-3:]) for row in db.session.execute(counted).all()))


def asked(kind: Kind, policy: Policy, *, at_a_new_place: bool = False) -> frozenset[StepName]:
    """The steps that a login under this policy asks people of the kind: where they are known, or where nobody saw them."""
    own = with_own_choice(policy, kind.block_new_ip)
    enrolled = {Factor.PASSWORD: True, Factor.TOTP: kind.totp, Factor.PASSKEY: kind.passkey and passkeys.taken(policy)}
    known = _PLACE if kind.known and not at_a_new_place else None
    situation = Situation(
        policy=own,
        enrolled=frozenset(factor for factor, there in enrolled.items() if there),
        network=Network(_PLACE.network, known, familiar=not at_a_new_place),
        tenants=("",),
    )
    return frozenset(reason.step for reason in explain(situation, STEPS) if reason.asked and reason.step)


def _facts(tenant: Tenant) -> dict[str, sa.SQLColumnExpression[Any]]:
    """A column for each fact of a `Kind`."""
    looked_up = _looked_up(tenant)
    return {**looked_up, "known": looked_up["grants"] > 0}


def _looked_up(tenant: Tenant) -> dict[str, sa.SQLColumnExpression[Any]]:
    return {
        "totp": there_is(sa.select(TotpDevice.id).where(TotpDevice.user_id == User.id)),
        "passkey": there_is(sa.select(Passkey.id).where(Passkey.user_id == User.id)),
        "every_30_days": User.two_factor_every_30_days,
        "block_new_ip": User.block_new_ip,
        "familiar": there_is(sa.select(FamiliarNetwork.user_id).where(FamiliarNetwork.user_id == User.id)),
        "confirmed": mailbox.confirmed(),
        "grants": _grants(tenant),
    }


def _grants(tenant: Tenant, *which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    """How many known-IP grants of a user count; nobody is looked up who has not chosen them."""
    mine = sa.select(sa.func.count()).where(
        KnownIpGrant.user_id == User.id, known_ip.counting(tenant, clock.now()), *which
    )
    return sa.case((User.two_factor_every_30_days, mine.scalar_subquery()), else_=0)
