"""The laws of `decide`: each is one sentence, proved over every situation."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from idp.login.core.assurance import assure
from idp.login.core.decide import counting, decide, explain, newest_of_each, without_choices, working_tenant
from idp.login.core.types import Challenge, Complete, Decision, Deny, Factor, Level, Refusal, Situation, StepName
from idp.login.steps import STEPS
from idp.tenancy.policy import Policy
from tests.laws.every import (
    DEMANDS,
    FLOOR,
    NETWORKS,
    C,
    K,
    N,
    P,
    S,
    T,
    U,
    answered,
    passkey_set_up,
    starts,
    with_passkeys,
)
from tests.laws.sweep import over_every_situation

MOST_STEPS = 7


def owed(s: Situation) -> set[StepName]:
    """What the rules of logging in say is owed, written down a second time, from the rules and not from the code."""
    has_totp, has_key = Factor.TOTP in s.enrolled, Factor.PASSKEY in s.enrolled
    wants_two = s.demand.level >= Level.TWO_FACTOR and (s.demand.essential or has_totp or has_key)
    asks_key = has_key and (s.demand.level is Level.PHISHING_RESISTANT or not has_totp)
    by_grant = s.network.known is not None and not s.policy.limit_two_factor_validity and not wants_two
    asks_totp = has_totp and not by_grant and not asks_key
    asks_set_up = not has_totp and not has_key and (s.policy.two_factor_mandatory or (wants_two and s.demand.essential))
    asks_code = s.policy.security_code or (
        s.demand.level is Level.SECURITY_CODE
        and not ({asks_totp, asks_set_up, asks_key} & {True})
        and T not in proved(s)
    )
    asks_mail = s.policy.block_new_ip and not s.network.familiar
    asks_choice = len(s.tenants) > 1 and s.demand.tenant is None
    table = (
        (P, True),
        (S, asks_code),
        (N, asks_mail),
        (T, asks_totp),
        (K, asks_key),
        (U, asks_set_up),
        (C, asks_choice),
    )
    return {step for step, asked in table if asked}


def hopeless(s: Situation) -> bool:
    """No answer helps: no member of the tenant that is named, or an essential passkey and there is none."""
    stranger = s.demand.tenant is not None and s.demand.tenant not in s.tenants
    needs_key = s.demand.essential and s.demand.level is Level.PHISHING_RESISTANT
    return stranger or (needs_key and Factor.PASSKEY not in s.enrolled)


def proved(s: Situation) -> set[StepName]:
    """The steps that some evidence stands for which is fresh and of this tenant."""
    floor = s.demand.not_before
    fresh = [e for e in s.evidence if floor is None or e.at >= floor]
    fresh = [e for e in fresh if s.policy.passkeys or Factor.PASSKEY not in e.factors]
    fresh = [e for e in fresh if e.step is not N or e.network == s.network.address]
    return {step for e in fresh if e.tenant in (None, s.tenant) for step in e.covers}


def asked(s: Situation) -> set[StepName]:
    """The steps that a login which begins here is asked, as `explain` tells it."""
    return {r.step for r in explain(replace(s, evidence=()), STEPS) if r.asked and r.step}


@over_every_situation(seen=1000)
def test_complete_means_that_everything_owed_is_proved_and_nothing_else_was_asked(
    s: Situation, decision: Decision
) -> object:
    """Complete exactly when every owed step is proved; a challenge asks the first owed step that is not."""
    missing = owed(s) - proved(s)
    match decision:
        case Complete(assurance=worth):
            assert not missing, s
            assert not hopeless(s), s
            assert not s.demand.essential or worth.level >= s.demand.level, s
        case Challenge(step=step):
            assert step == next(name for name in STEPS if name in missing), s
            assert all(STEPS[name].answerable(s) for name in (step, *decision.or_else)), s
        case Deny():
            assert hopeless(s), s
    return type(decision)


@over_every_situation(seen=1000)
def test_a_known_ip_asks_less_and_never_changes_what_a_login_is_worth(s: Situation, decision: Decision) -> object:
    """A waiver adds no evidence, so it raises no level and adds no method."""
    if s.network.known is None:
        return None
    strange = replace(s, network=replace(s.network, known=None))
    owed_strange = owed(strange)
    assert owed(s) | {S} <= owed_strange | {S}, s
    if isinstance(decision, Complete):
        at_strange = decide(strange, STEPS)
        if isinstance(at_strange, Complete):
            assert decision.assurance == at_strange.assurance == assure(counting(s))
        if T not in proved(s) | owed_strange:
            assert decision.assurance.level < Level.TWO_FACTOR
    return type(decision)


@over_every_situation(seen=0)
def test_a_waived_login_says_neither_otp_nor_mfa(s: Situation, decision: Decision) -> object:
    """Who skipped TOTP on a known IP is not said to have given it."""
    if isinstance(decision, Complete) and Factor.TOTP in s.enrolled and T not in proved(s):
        assert not {"otp", "mfa"} & set(decision.assurance.amr), s
        assert decision.assurance.level < Level.TWO_FACTOR, s
        return "waived"
    return None


def _walks(s: Situation, depth: int = 0) -> Iterator[tuple[Situation, int]]:
    """Every way in which right answers can go on from here, with the number of answers."""
    decision = decide(s, STEPS)
    if not isinstance(decision, Challenge):
        yield s, depth
        return
    assert depth < MOST_STEPS, s
    for step in (decision.step, *decision.or_else):
        yield from _walks(answered(s, decision, step), depth + 1)
        if step is U and s.policy.passkeys:
            yield from _walks(passkey_set_up(s), depth + 1)


def test_right_answers_end_in_a_bounded_number_of_steps() -> None:
    """From every start, whatever alternative is chosen, the login is complete or refused after a few answers."""
    for s in starts():
        for end, answers in _walks(s):
            assert answers <= MOST_STEPS
            decision = decide(end, STEPS)
            assert isinstance(decision, Complete | Deny)
            assert (
                isinstance(decision, Deny) or not end.demand.essential or decision.assurance.level >= end.demand.level
            )


def _no_less(before: set[StepName], after: set[StepName]) -> bool:
    """All that was asked is asked still; only what is worth less gives way: the shared code to a factor, TOTP to a passkey."""
    gone = before - after
    return gone <= {S, T} and (S not in gone or bool({T, K, U} & after)) and (T not in gone or K in after)


@pytest.mark.parametrize(
    "switch", ["security_code", "two_factor_mandatory", "limit_two_factor_validity", "block_new_ip"]
)
def test_a_stricter_policy_never_asks_less(switch: str) -> None:
    """Switching something on adds steps or leaves them."""
    for s in starts():
        if not getattr(s.policy, switch) and not hopeless(s):
            stricter = replace(s, policy=replace(s.policy, **{switch: True}))
            assert _no_less(asked(s), asked(stricter)), s


def test_a_higher_demand_never_asks_less() -> None:
    """As far as a voluntary demand can be met at all; an essential one always is."""
    for s in starts():
        for demand in DEMANDS:
            higher = demand.level > s.demand.level and demand.essential >= s.demand.essential
            has_second = bool({Factor.TOTP, Factor.PASSKEY} & s.enrolled)
            reachable = demand.essential or demand.level < Level.TWO_FACTOR or has_second
            more = replace(s, demand=replace(demand, tenant=s.demand.tenant))
            if higher and reachable and not hopeless(more):
                assert _no_less(asked(s), asked(more)), (s, demand)


@over_every_situation(seen=0)
def test_nobody_sets_up_a_factor_with_less_proof_than_they_could_give(s: Situation, decision: Decision) -> object:
    """Setting up is asked only of those without a second factor, after every other thing that is owed before it."""
    if isinstance(decision, Challenge) and decision.step is U:
        assert s.enrolled == {Factor.PASSWORD}, s
        assert P in proved(s), s
        assert S in proved(s) or S not in owed(s), s
        assert decision.or_else == (), s
        return U
    return None


def test_a_demand_for_a_second_factor_is_never_met_by_a_grant() -> None:
    """`2fa` and `phr` ask TOTP of whoever has it, known address or not."""
    for s in starts():
        if Factor.TOTP in s.enrolled and s.demand.level >= Level.TWO_FACTOR and not hopeless(s):
            assert asked(s) & {T, K}, s


def test_limited_validity_asks_a_second_factor_whatever_the_address() -> None:
    """No grant counts under a policy that limits the validity."""
    for s in starts():
        if Factor.TOTP in s.enrolled and s.policy.limit_two_factor_validity and not hopeless(s):
            assert asked(s) & {T, K}, s


def test_a_grant_takes_the_place_of_totp_and_of_nothing_else() -> None:
    """Password, security code and the validation of a new address are asked with and without it."""
    for s in starts():
        if s.policy.security_code and not hopeless(s):
            assert {P, S} <= asked(s), s
        if s.policy.block_new_ip and not hopeless(s):
            assert (N in asked(s)) is not s.network.familiar, s


def test_the_explanation_is_what_a_login_then_asks() -> None:
    """The steps that `explain` names are the steps that a login asks, one by one, in that order."""
    for s in starts():
        if hopeless(s):
            continue
        walked = []
        at = s
        while isinstance(decision := decide(at, STEPS), Challenge):
            walked.append(decision.step)
            at = answered(at, decision)
        told = [r.step for r in explain(s, STEPS) if r.asked]
        assert walked == told, s


def test_a_passkey_first_stands_for_all_that_is_typed() -> None:
    """Used first it leaves the address, the choice of tenant and nothing else; it is never a proof of the address."""
    for s in starts():
        challenge = decide(s, STEPS)
        if isinstance(challenge, Challenge) and K in challenge.or_else:
            after = answered(s, challenge, K)
            assert owed(after) - proved(after) == owed(after) & {N, C}, s


def test_a_passkey_is_worth_nothing_where_the_policy_takes_none() -> None:
    """It proves no step and gives no level; what it proved before does not count from the moment it is barred."""
    for s in with_passkeys():
        if not s.policy.passkeys:
            without = tuple(e for e in s.evidence if Factor.PASSKEY not in e.factors)
            assert decide(s, STEPS) == decide(replace(s, evidence=without), STEPS), s


def test_a_passkey_is_worth_phr_and_nothing_less_is() -> None:
    """An essential `phr` is complete exactly with a passkey that counts: no code and no grant reaches it."""
    seen = set()
    for s in with_passkeys():
        decision = decide(s, STEPS)
        if isinstance(decision, Complete) and Factor.PASSKEY in s.enrolled:
            used = any(Factor.PASSKEY in e.factors for e in decision.evidence)
            assert (decision.assurance.level is Level.PHISHING_RESISTANT) is used, s
            assert used or s.demand.level is not Level.PHISHING_RESISTANT, s
            assert ({"hwk", "user", "mfa"} <= set(decision.assurance.amr)) is used or "otp" in decision.assurance.amr, s
            seen.add(used)
    assert seen == {True, False}


def test_before_somebody_is_named_the_password_is_asked() -> None:
    """Nothing is refused, waived or told of a person who has not said who they are."""
    for demand in DEMANDS:
        for network in NETWORKS:
            s = Situation(demand=replace(demand, tenant="other", subject="anna"), network=network)
            decision = decide(s, STEPS)
            assert isinstance(decision, Challenge)
            assert decision.step is P


def test_another_user_than_the_one_demanded_is_refused() -> None:
    """Whoever proves to be somebody else than the application asked for gets nothing."""
    for s in starts():
        other = replace(s, demand=replace(s.demand, subject="bob"))
        assert decide(other, STEPS) == Deny(Refusal.OTHER_USER, decide(other, STEPS).reasons)


@over_every_situation(seen=1000)
def test_evidence_from_before_the_floor_does_not_count(s: Situation, decision: Decision) -> object:
    """`prompt=login` and `max_age` ask everything again that was proved before."""
    if s.demand.not_before != FLOOR:
        return None
    assert all(e.at >= FLOOR for e in counting(s)), s
    return FLOOR


def test_a_security_code_opens_its_own_tenant_only() -> None:
    """The code of one tenant, proved, is asked again for another."""
    home = Situation(Policy(), frozenset({Factor.PASSWORD}), (), user="anna", tenants=("home", "other"), tenant="other")
    for s in starts():
        if s.tenant == "other" and s.policy.security_code and not hopeless(s):
            at_home = answered(replace(home, tenant="home"), decide_challenge(S))
            assert S not in proved(replace(s, evidence=at_home.evidence))
            assert S in owed(s)


@over_every_situation(seen=1000)
def test_a_request_that_names_no_tenant_stays_with_the_sessions(s: Situation, decision: Decision) -> object:
    """E3: in a session that works for a tenant it is judged as if it named that one, whatever else it asks."""
    if len(s.tenants) == 1 or s.demand.tenant is None:
        return None
    unnamed = replace(s.demand, tenant=None)
    kept = without_choices(newest_of_each(s.evidence))
    assert working_tenant(s.tenants, kept, unnamed, s.tenant) == s.tenant, s
    after = decide(replace(s, evidence=kept, demand=unnamed, session_tenant=s.tenant), STEPS)
    match decision, after:
        case Complete(assurance=named), Complete(assurance=stays):
            assert stays == named, s
        case Challenge(step=asked_named), Challenge(step=asked_staying):
            assert asked_staying is asked_named, s
        case _:
            assert type(after) is type(decision), s
    return type(decision)


def decide_challenge(step: StepName) -> Challenge:
    """A challenge for this step."""
    return Challenge(step, (), ())
