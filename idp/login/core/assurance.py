"""What evidence is worth: acr, amr and auth_time, computed and never stored. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from idp.login.core.types import Assurance, Evidence, Factor, Level, StepName

NEVER: Final = datetime.fromtimestamp(0, UTC)
"""The `auth_time` of who has proved nothing: older than any application asks for."""
_KINDS = {
    Factor.PASSWORD: "knowledge",
    Factor.TOTP: "possession",
    Factor.RECOVERY_CODE: "possession",
    Factor.PASSKEY: "possession",
}
"""A recovery code stands for one TOTP; two factors count as two only when their kinds differ."""


def assure(evidence: Sequence[Evidence]) -> Assurance:
    """The worth of a set of evidence.

    Level and ``amr`` come from the distinct kinds of factor: the security code, which colleagues
    share, adds a level of its own and no method; a waiver leaves no evidence and adds nothing.
    ``mfa`` is said of two different kinds only (RFC 8176 section 2).
    """
    amr = frozenset[str]().union(*(e.amr for e in evidence))
    if _two_factors(evidence):
        amr |= {"mfa"}
    return Assurance(_level(evidence), tuple(sorted(amr)), _auth_time(evidence))


def _level(evidence: Sequence[Evidence]) -> Level:
    proved = frozenset[StepName]().union(*(e.covers for e in evidence))
    if any(e.phishing_resistant for e in evidence):
        return Level.PHISHING_RESISTANT
    if StepName.PASSWORD not in proved:
        return Level.NOTHING
    if _two_factors(evidence):
        return Level.TWO_FACTOR
    if StepName.SECURITY_CODE in proved:
        return Level.SECURITY_CODE
    return Level.PASSWORD


def _two_factors(evidence: Sequence[Evidence]) -> bool:
    kinds = {_KINDS[factor] for e in evidence for factor in e.factors}
    return len(kinds) > 1 or any(e.phishing_resistant for e in evidence)


def _auth_time(evidence: Sequence[Evidence]) -> datetime:
    """The moment up to which the whole proof reaches back: the oldest of the newest proofs.

    So that a fresh TOTP beside an old password does not pass for a fresh login
    (``max_age``, OpenID Connect Core section 3.1.2.1).
    """
    newest: dict[StepName, datetime] = {}
    for e in evidence:
        if not e.factors:
            continue
        for step in e.covers:
            newest[step] = max(e.at, newest.get(step, e.at))
    return min(newest.values(), default=NEVER)
