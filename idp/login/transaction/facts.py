"""Gathering the facts that a decision rests on: the one place where rows become a `Situation`.

here() ── what this browser's session proved, where it is of the same person
  └────── and what a login under way proved on top ──▶ gather() ──▶ Facts ──▶ policy.decide
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from idp.accounts.factors import webauthn_ceremonies
from idp.accounts.factors.passkeys import usable
from idp.accounts.models import User, UserType
from idp.accounts.users.queries import by_id, recovery_codes_left
from idp.login.core.decide import without_choices, working_tenant
from idp.login.core.types import Demand, Evidence, Factor, Network, Situation, StepName
from idp.login.models import BrowserSession
from idp.login.session import sessions
from idp.login.trust import known_ip, known_places
from idp.login.trust.network import current_network
from idp.platform.extensions import db
from idp.tenancy import membership, support_access
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Policy
from idp.tenancy.queries import by_slug, which_security_code
from idp.web.browser import browser_hash


@dataclass(frozen=True, slots=True)
class Facts:
    """A situation and the rows that it was made from; no user and no tenant: nobody has been named yet."""

    situation: Situation
    user: User | None = None
    tenant: Tenant | None = None

    @property
    def person(self) -> User:
        """The user, where somebody has been named: after the password step. Raises `LookupError` before."""
        if self.user is None:
            raise LookupError("nobody has been named yet")
        return self.user

    @property
    def workplace(self) -> Tenant:
        """The tenant that this login works for, where somebody has been named. Raises `LookupError` before."""
        if self.tenant is None:
            raise LookupError("nobody has been named yet")
        return self.tenant


def here(
    demand: Demand, live: BrowserSession | None, user_id: str | None = None, proved: Sequence[Evidence] = ()
) -> Facts:
    """The facts about the person at this browser: the one that a login under way has named, else the session's.

    `live`: the session that counts. `proved`: the evidence of that login; the session's counts with it where it is of
    the same person, and within the limits of the tenant that is asked for. A demand that names no tenant stays with the
    one that this session works for, unless the person chose another one in that login, or is to choose.
    """
    owner = sessions.user_of(live) if live else None
    user = by_id(user_id) if user_id else owner
    goes_on = live if user is owner else None
    before, works_for = _of_session(goes_on, demand) if goes_on else ((), None)
    if len(without_choices(proved)) < len(proved):
        works_for = None
    facts = gather(user, (*before, *proved), demand, current_network(), browser_hash(), works_for)
    if goes_on and not sessions.counts_for(goes_on, facts.workplace):
        return gather(user, proved, demand, current_network(), browser_hash(), works_for)
    return facts


def _of_session(live: BrowserSession, demand: Demand) -> tuple[tuple[Evidence, ...], str | None]:
    """What counts of a session: its evidence, and the tenant that it works for in place of every choice of before.

    Where the person is to choose, only a choice that is new enough for the demand says which tenant it is.
    """
    evidence = sessions.evidence_of(live)
    if demand.choose_tenant:
        return evidence, None
    return without_choices(evidence), sessions.tenant_of(live).slug


def session_for(demand: Demand) -> BrowserSession | None:
    """The session of this browser, unless it is of another person than the demand asks for."""
    live = sessions.current()
    return live if live and demand.subject in (None, str(live.user_id)) else None


def gather(
    user: User | None,
    evidence: Sequence[Evidence],
    demand: Demand,
    network: str | None,
    browser_hash: str | None,
    session_tenant: str | None = None,
) -> Facts:
    """The facts about this user (None: nobody yet), with this evidence, asking from this network and browser.

    Evidence of another epoch of the user is worthless and left out; so is that of a security code that was rotated since.
    Whether the network is familiar is only looked up where it matters.
    """
    if user is None:
        anybodys = frozenset({Factor.PASSKEY} if webauthn_ceremonies.offered() else ())
        return Facts(Situation(demand=demand, network=Network(network), enrolled=anybodys))
    valid = tuple(e for e in evidence if e.epoch == user.epoch)
    tenants = _tenants(user, demand.tenant or session_tenant)
    slug = working_tenant(tuple(tenants), valid, demand, session_tenant)
    tenant = db.session.get_one(Tenant, tenants[slug])
    valid = tuple(e for e in valid if not _of_an_old_code(e, tenant))
    policy = policy_for(user, tenant)
    known = known_ip.find(user, tenant, network, browser_hash)
    situation = Situation(
        policy=policy,
        enrolled=enrolled(user, policy),
        evidence=valid,
        network=Network(network, known, policy.block_new_ip and known_places.is_familiar(user.id, network)),
        demand=demand,
        user=str(user.id),
        tenants=tuple(tenants),
        tenant=slug,
        session_tenant=session_tenant,
    )
    return Facts(situation, user, tenant)


def _of_an_old_code(e: Evidence, tenant: Tenant) -> bool:
    """Whether it is the evidence of a security code that is not this tenant's any more."""
    its_code = e.step is StepName.SECURITY_CODE and e.tenant == tenant.slug
    return its_code and e.code_made != which_security_code(tenant)


def policy_for(user: User, tenant: Tenant) -> Policy:
    """The policy by which this user works for the tenant; whether new addresses are blocked may be said of one user.

    The helpdesk does not know the security code of a company that lets it in: it proves two factors, every time.
    """
    if user.type is UserType.SUPPORT and tenant.id != user.tenant_id:
        return replace(
            user.tenant.policy,
            security_code=False,
            two_factor_mandatory=True,
            limit_two_factor_validity=True,
            block_new_ip=tenant.block_new_ip or user.tenant.block_new_ip,
        )
    return with_own_choice(tenant.policy, user.block_new_ip)


def with_own_choice(policy: Policy, block_new_ip: bool | None) -> Policy:  # noqa: FBT001 - a choice of three
    """The policy for somebody who has this setting of their own; None: they have none."""
    return policy if block_new_ip is None else replace(policy, block_new_ip=block_new_ip)


def _tenants(user: User, asked: str | None) -> Mapping[str, uuid.UUID]:
    """The tenants that the user may work for, the home tenant first. Only accountants work for more than one.

    The helpdesk works for its own, and for the one that is asked for if that lets it in.
    """
    home = {user.tenant.slug: user.tenant_id}
    match user.type:
        case UserType.ACCOUNTANT:
            return {**home, **membership.slugs_of(user.id)}
        case UserType.SUPPORT if asked is not None:
            named = by_slug(asked)
            return {**home, named.slug: named.id} if named and support_access.of(named.id) else home
        case _:
            return home


def enrolled(user: User, policy: Policy) -> frozenset[Factor]:
    """The factors that the user has and that a login under this policy takes."""
    factors = {Factor.PASSWORD}
    if usable(user, policy):
        factors.add(Factor.PASSKEY)
    if user.totp_devices:
        factors.add(Factor.TOTP)
        if recovery_codes_left(user.id):
            factors.add(Factor.RECOVERY_CODE)
    return frozenset(factors)
