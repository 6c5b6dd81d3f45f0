"""The six digits of the authenticator (RFC 6238)."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _

from idp.accounts.factors.second_factors import spend_totp
from idp.login.core.decide import floor
from idp.login.core.types import Evidence, Factor, KnownIp, Level, Need, ReasonCode, Requirement, Situation, StepName
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.trust import known_ip
from idp.login.trust.network import current_network
from idp.login.trust.throttle import Asked
from idp.platform import clock


class Totp(ByForm):
    """Asks a code of whoever has set up TOTP. A known IP may waive it, and it alone."""

    name = StepName.TOTP
    instead_of = frozenset[StepName]()
    asked = Asked.SECOND_FACTOR

    def required(self, s: Situation) -> Requirement:
        """A demand for a second factor and a limited validity are never met by a known-IP grant."""
        if Factor.TOTP not in s.enrolled:
            return Requirement(Need.NOT_OWED, ReasonCode.NOT_ENROLLED)
        if floor(s) is Level.PHISHING_RESISTANT:
            return Requirement(Need.NOT_OWED, ReasonCode.PASSKEY_ASKED)
        if floor(s) is Level.TWO_FACTOR:
            return Requirement(Need.OWED, ReasonCode.KNOWN_IP_NOT_ENOUGH if s.network.known else ReasonCode.DEMAND)
        if s.policy.limit_two_factor_validity:
            return Requirement(Need.OWED, ReasonCode.VALIDITY_LIMITED)
        if s.network.known:
            return Requirement(Need.WAIVED, ReasonCode.KNOWN_IP, _facts(s.network.known))
        return Requirement(Need.OWED, ReasonCode.ENROLLED)

    def answerable(self, s: Situation) -> bool:
        """Whoever has a device can show a code."""
        return Factor.TOTP in s.enrolled

    def render(self, ctx: Context) -> Page:
        """Offers the 30-day choice where the policy allows it and the user has not made it yet."""
        allowed = not ctx.facts.situation.policy.limit_two_factor_validity and current_network() is not None
        chosen = ctx.user.two_factor_every_30_days
        return Page("login/totp.html", {"offer_30_days": allowed and not chosen, "note_30_days": allowed and chosen})

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """A used code gets the words of a wrong one."""
        if not spend_totp(ctx.user, answer.get("totp"), clock.now()):
            return Rejected(_("The code is not right. Wait for the next code and try again."), ctx.user)
        if answer.get("two_factor_every_30_days") and not ctx.facts.situation.policy.limit_two_factor_validity:
            known_ip.choose(ctx.user, on=True)
        evidence = Evidence(
            step=self.name,
            at=clock.now(),
            factors=frozenset({Factor.TOTP}),
            amr=frozenset({"otp"}),
            covers=frozenset({self.name}),
            epoch=ctx.user.epoch,
            network=current_network(),
        )
        return Proved(ctx.user, evidence)


def _facts(known: KnownIp) -> dict[str, str | datetime]:
    return {"network": known.network, "earned_at": known.earned_at, "expires_at": known.expires_at}
