"""Every situation that the rules can tell apart, and the answers that a person can give.

The world has two tenants, `home` and `other`. Evidence is absent, old (before the demand's floor) or new.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from idp.login.core.types import Challenge, Demand, Evidence, Factor, KnownIp, Level, Network, Situation, StepName
from idp.tenancy.policy import Policy

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FLOOR = NOW - timedelta(minutes=5)
OLD = NOW - timedelta(hours=1)
ADDRESS = "203.0.113.7"
KNOWN = KnownIp(ADDRESS, NOW - timedelta(days=1), NOW + timedelta(days=29))

P, S, N, T, K, R, U, C = (
    StepName.PASSWORD,
    StepName.SECURITY_CODE,
    StepName.NEW_IP,
    StepName.TOTP,
    StepName.PASSKEY,
    StepName.RECOVERY_CODE,
    StepName.SET_UP_TOTP,
    StepName.CHOOSE_TENANT,
)

POLICIES = [
    Policy(security_code=a, two_factor_mandatory=b, limit_two_factor_validity=c)
    for a, b, c in product((False, True), repeat=3)
]
ENROLLED = [
    frozenset({Factor.PASSWORD}),
    frozenset({Factor.PASSWORD, Factor.TOTP}),
    frozenset({Factor.PASSWORD, Factor.TOTP, Factor.RECOVERY_CODE}),
]
WITH_PASSKEY = [
    frozenset({Factor.PASSWORD, Factor.PASSKEY}),
    frozenset({Factor.PASSWORD, Factor.TOTP, Factor.PASSKEY}),
]
NETWORKS = [Network(ADDRESS), Network(ADDRESS, KNOWN)]
PLACES_OF_LOGIN = [*NETWORKS, Network(ADDRESS, familiar=True), Network(ADDRESS, KNOWN, familiar=True)]
DEMANDS = [
    Demand(level, essential, floor)
    for level, essential, floor in product(Level, (False, True), (None, FLOOR))
    if level or not essential
]
PLACES = [
    (("home",), "home", None),
    (("home", "other"), "home", None),
    (("home", "other"), "other", "other"),
    (("home",), "home", "other"),
]
"""The tenants of the person, the one at work, the one that the demand names."""


def proof(step: StepName, at: datetime, tenant: str = "home") -> Evidence:  # noqa: PLR0911 - one for each step
    """The evidence that answering this step gives."""
    match step:
        case StepName.PASSWORD:
            return Evidence(P, at, frozenset({Factor.PASSWORD}), frozenset({"pwd"}), frozenset({P}))
        case StepName.SECURITY_CODE:
            return Evidence(S, at, covers=frozenset({S}), tenant=tenant)
        case StepName.NEW_IP:
            return Evidence(N, at, covers=frozenset({N}), network=ADDRESS)
        case StepName.TOTP:
            return Evidence(T, at, frozenset({Factor.TOTP}), frozenset({"otp"}), frozenset({T}))
        case StepName.PASSKEY:
            return Evidence(
                K,
                at,
                frozenset({Factor.PASSKEY}),
                frozenset({"hwk", "user"}),
                frozenset({T, K}),
                phishing_resistant=True,
            )
        case StepName.RECOVERY_CODE:
            return Evidence(R, at, frozenset({Factor.RECOVERY_CODE}), covers=frozenset({T}))
        case StepName.SET_UP_TOTP:
            return Evidence(U, at, frozenset({Factor.TOTP}), frozenset({"otp"}), frozenset({T, U}))
        case StepName.CHOOSE_TENANT:
            return Evidence(C, at, covers=frozenset({C}), tenant=tenant)


def passkey_first(at: datetime) -> Evidence:
    """The evidence of a passkey that is used before anything else: it names its user and stands for what is typed."""
    return replace(proof(K, at), covers=frozenset({P, S, T, K}))


def evidence_sets(second: StepName) -> Iterator[tuple[Evidence, ...]]:
    """Every set of evidence with this second factor: each proof absent, old or new."""
    anytime, chosen = (None, OLD, NOW), (None, NOW)
    for times in product(anytime, anytime, anytime, chosen):
        steps = zip((P, S, second, C), times, strict=True)
        yield tuple(proof(step, at) for step, at in steps if at is not None)


def passkey_sets() -> Iterator[tuple[Evidence, ...]]:
    """Every set of evidence around a passkey that was used first, used second, or not at all."""
    keys = (None, passkey_first(OLD), passkey_first(NOW), proof(K, OLD), proof(K, NOW))
    for password, code, totp, key in product((None, NOW), (None, NOW), (None, NOW), keys):
        proofs = [proof(step, at) for step, at in ((P, password), (S, code), (T, totp)) if at is not None]
        yield (*proofs, *((key,) if key else ()))


def validations() -> Iterator[tuple[Evidence, ...]]:
    """Every set of new evidence around the validation of an address: of this address, of another, or none."""
    here = proof(N, NOW)
    for password, code, validation, totp in product((None, NOW), (None, NOW), (None, here, elsewhere()), (None, NOW)):
        proofs = [proof(step, at) for step, at in ((P, password), (S, code), (T, totp)) if at is not None]
        yield (*proofs, *((validation,) if validation else ()))


def elsewhere() -> Evidence:
    """The evidence that another address was validated."""
    return replace(proof(N, NOW), network="198.51.100.4")


def situations() -> Iterator[Situation]:
    """Every situation of somebody who has a name."""
    yield from _with_addresses_blocked()
    yield from with_passkeys()
    worlds = product(POLICIES, ENROLLED, NETWORKS, DEMANDS, PLACES)
    sets = [*evidence_sets(T), *(e for e in evidence_sets(R) if any(x.step is R for x in e))]
    for policy, enrolled, network, demand, (tenants, tenant, named) in worlds:
        s = Situation(policy, enrolled, (), network, replace(demand, tenant=named), "anna", tenants, tenant)
        for evidence in sets:
            yield replace(s, evidence=evidence)


def _with_addresses_blocked() -> Iterator[Situation]:
    worlds = product(POLICIES, ENROLLED, PLACES_OF_LOGIN, DEMANDS, PLACES)
    sets = list(validations())
    for policy, enrolled, network, demand, (tenants, tenant, named) in worlds:
        blocking = replace(policy, block_new_ip=True)
        s = Situation(blocking, enrolled, (), network, replace(demand, tenant=named), "anna", tenants, tenant)
        for evidence in sets:
            yield replace(s, evidence=evidence)


def with_passkeys() -> Iterator[Situation]:
    """Every situation of somebody who has a passkey, or had one that counted."""
    sets = list(passkey_sets())
    for s in _passkey_worlds(PLACES[2:3]):
        for evidence in sets:
            yield replace(s, evidence=evidence)


def _passkey_worlds(places: Sequence[tuple[tuple[str, ...], str, str | None]]) -> Iterator[Situation]:
    """People who have a passkey; under a policy that takes none, it is not among what they have."""
    taken = list(product(POLICIES, WITH_PASSKEY))
    off = [(replace(policy, passkeys=False), have - {Factor.PASSKEY}) for policy, have in taken if policy == Policy()]
    for (policy, enrolled), network, demand, place in product(taken + off, NETWORKS, DEMANDS, places):
        tenants, tenant, named = place
        yield Situation(policy, enrolled, (), network, replace(demand, tenant=named), "anna", tenants, tenant)


def starts() -> Iterator[Situation]:
    """Every situation of somebody who has proved nothing yet."""
    yield from _passkey_worlds(PLACES)
    policies = [*POLICIES, *(replace(policy, block_new_ip=True) for policy in POLICIES)]
    for policy, enrolled, network, demand, place in product(policies, ENROLLED, PLACES_OF_LOGIN, DEMANDS, PLACES):
        tenants, tenant, named = place
        yield Situation(policy, enrolled, (), network, replace(demand, tenant=named), "anna", tenants, tenant)


def passkey_set_up(s: Situation) -> Situation:
    """The situation after a passkey was made where a second factor had to be set up."""
    made = replace(proof(K, NOW), step=U, covers=frozenset({T, K, U}))
    return replace(s, evidence=(*s.evidence, made), enrolled=s.enrolled | {Factor.PASSKEY})


def answered(s: Situation, challenge: Challenge, choice: StepName | None = None) -> Situation:
    """The situation after the challenge, or one of its alternatives, was answered right."""
    step = choice or challenge.step
    given = passkey_first(NOW) if step is K and challenge.step is P else proof(step, NOW, s.tenant)
    evidence = (*s.evidence, given)
    enrolled = s.enrolled | {Factor.TOTP, Factor.RECOVERY_CODE} if step is U else s.enrolled
    return replace(s, evidence=evidence, enrolled=enrolled)
