"""Setting up a second factor as a step of the login: its proof covers TOTP, and it is never weaker than a login.

render ── a new secret, sealed into the transaction, shown as QR picture and text
verify ── one correct code of that secret ──▶ it counts from now on; ten recovery codes are shown once
└─ or a passkey, made by the page's script ──▶ it counts from now on, and nothing is asked of an app
"""

from collections.abc import Mapping
from http import HTTPStatus

from flask import request, url_for
from flask_babel import gettext as _

from idp.accounts.factors import enrolment, passkeys, webauthn_ceremonies
from idp.accounts.factors.webauthn_ceremonies import Fault
from idp.accounts.models import User
from idp.accounts.users import notices
from idp.audit.events import TwoFactorSetUp
from idp.audit.record import record
from idp.login.core.decide import two_factor_set_up
from idp.login.core.types import Evidence, Factor, Level, Need, ReasonCode, Requirement, Situation, StepName
from idp.login.session import sessions
from idp.login.steps.base import ByForm, Context, Page, Proved, Rejected
from idp.login.transaction.passkey_evidence import by_passkey
from idp.login.trust import known_ip
from idp.login.trust.network import current_network
from idp.platform import clock


class SetUpTotp(ByForm):
    """Owed by whoever has no second factor where the policy, or an essential demand, wants one."""

    name = StepName.SET_UP_TOTP
    instead_of = frozenset[StepName]()
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
        """The secret stays the same for as long as this login lasts; a passkey may be made instead."""
        pending = _pending(ctx) or enrolment.new_pending(ctx.user)
        secret = enrolment.open_pending(ctx.user, pending)
        policy = ctx.facts.situation.policy
        takes_passkeys = policy.passkeys and webauthn_ceremonies.offered()
        shows = {
            "mandatory": policy.two_factor_mandatory,
            "passkey": webauthn_ceremonies.creation(ctx.user, ctx.bound) if takes_passkeys else None,
            **enrolment.shown(ctx.user, secret),
        }
        return Page("login/set_up_totp.html", shows, pending)

    def verify(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """One correct code confirms the secret; other sessions and all known-IP grants end."""
        if "passkey" in answer:
            return self._by_passkey(ctx, answer)
        pending = _pending(ctx)
        codes = enrolment.confirm(ctx.user, pending, answer.get("totp"), clock.now()) if pending else None
        if codes is None:
            return Rejected(_("The code is not right. Wait for the next code and try again."), ctx.user)
        _seal(ctx.user, Factor.TOTP)
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

    def _by_passkey(self, ctx: Context, answer: Mapping[str, str]) -> Proved | Rejected:
        """A passkey that the page's script made is a second factor as well, where the policy takes them."""
        if not ctx.facts.situation.policy.passkeys:
            return Rejected(_("Your company does not allow passkeys."), ctx.user, status=HTTPStatus.FORBIDDEN)
        created = webauthn_ceremonies.created(ctx.bound, answer.get("challenge", ""), answer["passkey"])
        if isinstance(created, Fault):
            return Rejected(webauthn_ceremonies.sentence(created), ctx.user, status=HTTPStatus.BAD_REQUEST)
        if passkeys.add(ctx.user, created, passkeys.first_name(request.user_agent.string)) is None:
            return Rejected(webauthn_ceremonies.sentence(Fault.KNOWN), ctx.user, status=HTTPStatus.CONFLICT)
        _seal(ctx.user, Factor.PASSKEY)
        covers = frozenset({StepName.TOTP, StepName.PASSKEY, self.name})
        return Proved(ctx.user, by_passkey(self.name, ctx.user, covers, synced=created.synced))


def _seal(user: User, factor: Factor) -> None:
    """Whoever else is logged in as this person is so no longer; they are told by mail."""
    sessions.end_all(user, "two_factor_set_up", keep=sessions.current())
    known_ip.revoke_all(user, "two_factor_set_up")
    record(TwoFactorSetUp(tenant_id=user.tenant_id, user_id=user.id, factor=factor.value))
    notices.factor_added(user, factor.value)


def _pending(ctx: Context) -> str | None:
    """The secret that this login waits with. What another step kept, before the policy changed, is none."""
    kept = ctx.transaction.pending
    return kept if kept and enrolment.is_pending(ctx.user, kept) else None
