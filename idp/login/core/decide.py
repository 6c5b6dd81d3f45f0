"""Deciding what a login still owes. Pure, total and explained.

    decide ── refused?            ─▶ Deny       nothing the person does would help
       │
       ├──── first owed, unproved ─▶ Challenge  the steps in the registry's order
       │
       └──── nothing owed         ─▶ Complete   with what the evidence is worth

Nothing else in the code decides which step is next, or that a login is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from idp.login.core.assurance import assure
from idp.login.core.types import (
    SECOND_FACTORS,
    Challenge,
    Complete,
    Decision,
    Demand,
    Deny,
    Evidence,
    Factor,
    Level,
    Need,
    Reason,
    ReasonCode,
    Refusal,
    Situation,
    StepName,
    StepRules,
)

Steps = Mapping[StepName, StepRules]


def decide(s: Situation, steps: Steps) -> Decision:
    """The next step that this situation owes, or that it owes none, or that it ends here."""
    if refusal := refused(s):
        return Deny(refusal, (Reason(ReasonCode(refusal.value)),))
    evidence = counting(s)
    reasons: list[Reason] = []
    for name, need, reason in _requirements(s, steps):
        reasons.append(reason)
        if need is Need.OWED and not proved(name, evidence):
            return _ask(name, s, steps, tuple(reasons))
    return Complete(assure(evidence), evidence, tuple(reasons))


def explain(s: Situation, steps: Steps) -> tuple[Reason, ...]:
    """Every step in order, whether a login in this situation would be asked it, and why."""
    if refusal := refused(s):
        return (Reason(ReasonCode(refusal.value)),)
    return tuple(reason for _, _, reason in _requirements(s, steps))


def counting(s: Situation) -> tuple[Evidence, ...]:
    """The evidence that counts: fresh enough for the demand, of this tenant or of the person, of a kind the policy takes.

    A validated address is validated for itself only. Evidence from before ``demand.not_before`` satisfies neither
    ``prompt=login`` nor ``max_age`` (OpenID Connect Core section 3.1.2.1); a security code opens its own tenant only.
    """
    taken = (e for e in fresh(s.evidence, s.demand) if s.policy.passkeys or Factor.PASSKEY not in e.factors)
    return tuple(e for e in taken if e.tenant in (None, s.tenant) and _from_here(e, s))


def _from_here(e: Evidence, s: Situation) -> bool:
    return e.step is not StepName.NEW_IP or e.network == s.network.address


def fresh(evidence: Sequence[Evidence], demand: Demand) -> tuple[Evidence, ...]:
    """The evidence that is as new as the demand wants it."""
    floor = demand.not_before
    return tuple(e for e in evidence if floor is None or e.at >= floor)


def working_tenant(
    tenants: Sequence[str], evidence: Sequence[Evidence], demand: Demand, session_tenant: str | None = None
) -> str:
    """The slug of the tenant that this login works for.

    The one that the demand names, if the person may work there; else the one that this browser's session works for;
    else the one they chose in this login; else their home tenant, the first of ``tenants``.
    """
    for slug in (demand.tenant, session_tenant):
        if slug in tenants:
            return str(slug)
    newest_first = sorted(fresh(evidence, demand), key=lambda e: e.at, reverse=True)
    chosen = (e.tenant or "" for e in newest_first if StepName.CHOOSE_TENANT in e.covers)
    return next((slug for slug in chosen if slug in tenants), tenants[0])


def chosen(tenant: str, at: datetime, epoch: int) -> Evidence:
    """The evidence of a choice: this login is for that tenant, and so is the session that it opens. It proves nothing else."""
    return Evidence(StepName.CHOOSE_TENANT, at, covers=frozenset({StepName.CHOOSE_TENANT}), tenant=tenant, epoch=epoch)


def without_choices(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What the evidence proves of the person; for whom they chose to work is left out."""
    return tuple(e for e in evidence if e.step is not StepName.CHOOSE_TENANT)


def newest_of_each(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The newest evidence of each kind, for each tenant; of choices the last one only."""
    newest = {_kind(e): e for e in sorted(evidence, key=lambda e: e.at)}
    return tuple(newest.values())


def _kind(e: Evidence) -> tuple[StepName, str | None, frozenset[StepName]]:
    return e.step, None if e.step is StepName.CHOOSE_TENANT else e.tenant, e.covers


def proved(name: StepName, evidence: Sequence[Evidence]) -> bool:
    """Whether some of the evidence stands for this step."""
    return any(name in e.covers for e in evidence)


def floor(s: Situation) -> Level:
    """The level that this login has to reach on account of the demand.

    An essential demand is to be met whatever it takes. A voluntary one is met as far as the
    factors that the person has reach; it makes nobody set up another one.
    """
    if s.demand.essential:
        return s.demand.level
    if s.demand.level <= Level.SECURITY_CODE:
        return s.demand.level
    if Factor.PASSKEY in s.enrolled:
        return s.demand.level
    return Level.TWO_FACTOR if Factor.TOTP in s.enrolled else Level.NOTHING


def refused(s: Situation) -> Refusal | None:
    """The first reason for which this login is hopeless. Before a person is named there is none."""
    if s.user is None:
        return None
    return next((refusal for refusal, applies in _REFUSALS if applies(s)), None)


def _other_user(s: Situation) -> bool:
    return s.demand.subject not in (None, s.user)


def _not_a_member(s: Situation) -> bool:
    return s.demand.tenant is not None and s.demand.tenant not in s.tenants


def _level_out_of_reach(s: Situation) -> bool:
    phishing_resistant = s.demand.level is Level.PHISHING_RESISTANT
    return s.demand.essential and phishing_resistant and Factor.PASSKEY not in s.enrolled


_REFUSALS = (
    (Refusal.OTHER_USER, _other_user),
    (Refusal.NOT_A_MEMBER, _not_a_member),
    (Refusal.LEVEL_OUT_OF_REACH, _level_out_of_reach),
)


def two_factor_set_up(s: Situation) -> bool:
    """Whether the person has a second factor of any kind."""
    return bool(SECOND_FACTORS & s.enrolled)


def _requirements(s: Situation, steps: Steps) -> Iterator[tuple[StepName, Need, Reason]]:
    for name, rules in steps.items():
        r = rules.required(s)
        yield name, r.need, Reason(r.code, name, r.need is Need.OWED, r.facts)


def _ask(name: StepName, s: Situation, steps: Steps, reasons: tuple[Reason, ...]) -> Challenge | Deny:
    """Ask the step, or deny where this person has no way to answer it."""
    if not steps[name].answerable(s):
        return Deny(Refusal.LEVEL_OUT_OF_REACH, reasons)
    or_else = (n for n, r in steps.items() if name in r.instead_of and r.answerable(s))
    return Challenge(name, tuple(or_else), reasons)
