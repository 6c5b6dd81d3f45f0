"""How long a session counts, by a tenant's policy. Pure.

    its own tenant ─▶ ends_at: so long after the proof it rests on (the newest of each step, the oldest of those), and
                      so long after it was last used, whichever comes first
    another tenant ─▶ counts_for_another: the same, where its last use is its newest proof

A session works for one tenant at a time, and that tenant's policy ends it. A request that names another tenant is judged by
that one's policy as well, and working elsewhere is no use there: else a lax tenant would keep a strict one's door open.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from idp.login.core.assurance import NEVER, assure
from idp.login.core.types import Evidence, StepName
from idp.tenancy.policy import Policy


def ends_at(evidence: Sequence[Evidence], used_at: datetime, policy: Policy) -> datetime:
    """When a session with this evidence, used last then, ends under this policy."""
    return min(lifetime_ends_at(evidence, policy), used_at + timedelta(minutes=policy.session_idle_minutes))


def lifetime_ends_at(evidence: Sequence[Evidence], policy: Policy) -> datetime:
    """When it ends however much it is used. A step-up alone does not move it."""
    return assure(evidence).auth_time + timedelta(hours=policy.session_hours)


def counts_for_another(evidence: Sequence[Evidence], policy: Policy, now: datetime) -> bool:
    """Whether what a session of one tenant proved counts for another tenant, of this policy. A choice proves nothing."""
    proofs = (e.at for e in evidence if e.step is not StepName.CHOOSE_TENANT)
    return now < ends_at(evidence, max(proofs, default=NEVER), policy)
