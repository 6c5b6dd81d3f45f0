"""Setting up TOTP as a step of the login: its proof covers TOTP, and it is never weaker than a login.

render ── a new secret, sealed into the transaction, shown as QR picture and text
verify ── one correct code of that secret ──▶ it counts from now on; ten recovery codes are shown once
"""

from collections.abc import Mapping

from flask import url_for
from flask_babel import gettext as _

from idp import clock
from idp.accounts import enrolment, notices
from idp.audit.events import TwoFactorSetUp
from idp.audit.record import record
from idp.login import known_ip, session
from idp.login.network import current_network
from idp.login.policy import two_factor_set_up
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.types import Evidence, Factor, Level, Need, ReasonCode, Requirement, Situation, StepName


class SetUpTotp(ByForm):
    """Owed by whoever has no second factor where the policy, or an essential demand, wants one."""

    name = StepName.SET_UP_TOTP
    instead_of = None
    asked = None

    def required(self, s: Situation) -> Requirement:
        """A voluntary demand makes nobody set up a factor."""
        if two_factor_set_up(s):
            return Requirement(Need.NOT_OWED, ReasonCode.ALREADY_SET_UP)
        if s.policy.two_factor_mandatory:
            return Requirement(Need.OWED, ReasonCode.POLICY)
        if s.demand.essential and s.demand.level >= Level.TWO_FACTOR:
            return Requirement(Need.OWED, ReasonCode.DEMAND)
        return Requirement(Need.NOT_OWED, ReasonCode.POLICY_OFF)

    def answerable(self, s: Situation) -> bool:
        """Anybody can install an authenticator."""
        return True

    def render(self, ctx: Context) -> Page:
        """The secret stays the same for as long as this login lasts."""
        pending = _pending(ctx) or enrolment.new_pending(ctx.user)
        secret = enrolment.open_pending(ctx.user, pending)
        shows = {"mandatory": ctx.facts.situation.policy.two_factor_mandatory, **enrolment.shown(ctx.user, secret)}
        return Page("login/set_up_totp.html", shows, pending)

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """One correct code confirms the secret; other sessions and all known-IP grants end."""
        pending = _pending(ctx)
        codes = enrolment.confirm(ctx.user, pending, answer.get("totp"), clock.now()) if pending else None
        if codes is None:
            return Rejected(_("The code is not right. Wait for the next code and try again."), ctx.user)
        session.end_all(ctx.user, "two_factor_set_up", keep=session.current())
        known_ip.revoke_all(ctx.user, "two_factor_set_up")
        record(TwoFactorSetUp(tenant_id=ctx.user.tenant_id, user_id=ctx.user.id, factor=Factor.TOTP.value))
        notices.factor_added(ctx.user, Factor.TOTP.value)
        evidence = Evidence(
            step=self.name,
            at=clock.now(),
            factors=frozenset({Factor.TOTP}),
            amr=frozenset({"otp"}),
            covers=frozenset({StepName.TOTP, self.name}),
            epoch=ctx.user.epoch,
            network=current_network(),
        )
        go_on = url_for("login.resume", handle=ctx.transaction.handle)
        return Proved(ctx.user, evidence, Page("login/recovery_codes.html", {"codes": codes, "go_on": go_on}))


def _pending(ctx: Context) -> str | None:
    """The secret that this login waits with. What another step kept, before the policy changed, is none."""
    kept = ctx.transaction.pending
    return kept if kept and enrolment.is_pending(ctx.user, kept) else None
