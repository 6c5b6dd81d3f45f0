"""The page where two-factor is set up, for the first time or for a new phone, and the one where it is switched off.

    ?login=<handle>  ─▶ the login's own step: its interrupted request goes on afterwards
    none set up yet  ─▶ begins such a login, which comes back to the security page
    one is set up    ─▶ after a fresh proof a new secret is shown; one right code puts it in the old one's place,
                        which stays valid until then

More authenticators besides the first are added and removed in `authenticators.py`.
"""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.accounts.factors import enrolment, second_factors
from idp.accounts.factors.passkeys import has_second_factor, take_row
from idp.audit.events import TwoFactorRemoved, TwoFactorSetUp
from idp.login.core.types import Demand, Factor, Level, StepName
from idp.login.flow import page_guard
from idp.login.flow import views as login_views
from idp.login.flow.entry import Login, begin
from idp.login.flow.page_guard import OwnPage, Proof, render
from idp.platform import clock
from idp.platform.errors import Forbidden
from idp.platform.extensions import db
from idp.selfservice import waiting_secret
from idp.selfservice.factor_change import seal_change
from idp.selfservice.security import back_with, security_page, totp_must_stay

_KIND = "new_phone"


def two_factor() -> ResponseReturnValue:
    """Show or judge the setting up: as a step of a login when the address names one, else for who is logged in."""
    handle = request.args.get("login")
    if handle is not None:
        return login_views.run(StepName.SET_UP_TOTP, handle)
    page = CONFIRM if request.method == "POST" else BEGIN
    return page.answer()


def begin_set_up(login: Login) -> ResponseReturnValue:
    """Set up for the first time as a step of a login, which asks for a fresh password; else for a new phone."""
    if has_second_factor(login.user, login.tenant.policy):
        return NEW_PHONE.answer()
    demand = Demand(
        level=Level.TWO_FACTOR,
        essential=True,
        not_before=page_guard.oldest_fresh(),
        tenant=login.tenant.slug,
        subject=str(login.user.id),
    )
    response = begin(demand, return_to=security_page(), cancel_to=security_page())
    db.session.commit()
    return response


def new_phone(login: Login) -> ResponseReturnValue:
    """Show a new secret, or the one that still waits for its code."""
    handle = request.args.get("setup", "")
    pending = waiting_secret.find(login, _KIND, handle)
    if pending is None:
        handle, pending = waiting_secret.make(login, _KIND)
    return _ask(login, handle, pending)


def confirm_phone(login: Login) -> ResponseReturnValue:
    """Put the new secret in the old one's place if the code is right; show new recovery codes once."""
    handle = request.args.get("setup", "")
    pending = waiting_secret.find(login, _KIND, handle)
    if pending is None:
        return redirect(url_for("account.two_factor"), 303)
    codes = enrolment.confirm(login.user, pending, request.form.get("totp"), clock.now())
    if codes is None:
        db.session.rollback()
        return _ask(login, handle, pending, _("The code is not right. Wait for the next code and try again."))
    waiting_secret.forget(_KIND, handle)
    event = TwoFactorSetUp(tenant_id=login.user.tenant_id, user_id=login.user.id, factor=Factor.TOTP.value)
    seal_change(login, event, "two_factor_set_up")
    page = {"codes": codes, "go_on": security_page(), "done": _("The new phone is set up.")}
    return render("account/recovery_codes.html", login, page=page)


def switch_off(login: Login) -> ResponseReturnValue:
    """Ask whether two-factor is really to be switched off."""
    _refuse_if_mandatory(login)
    if not login.user.totp_devices:
        return redirect(security_page(), 303)
    return render("account/switch_off.html", login)


def switched_off(login: Login) -> ResponseReturnValue:
    """Forget the person's second factor. Refuses while a tenant makes it mandatory."""
    take_row(login.user)
    _refuse_if_mandatory(login)
    if not login.user.totp_devices:
        return redirect(security_page(), 303)
    second_factors.remove_totp(login.user)
    event = TwoFactorRemoved(tenant_id=login.user.tenant_id, user_id=login.user.id, factor=Factor.TOTP.value)
    seal_change(login, event, "two_factor_removed")
    return back_with("switched-off")


def switch_off_page() -> str:
    """Return where switching off is confirmed."""
    return url_for("account.switch_off")


def _waiting_page() -> str:
    """Return the page on which the same secret still waits for its code."""
    return url_for("account.two_factor", setup=request.args.get("setup"))


def _ask(login: Login, handle: str, pending: str, error: str | None = None) -> str:
    page = {
        "action": url_for("account.two_factor", setup=handle),
        "error": error,
        "must_stay": totp_must_stay(login),
        "first": not login.user.totp_devices,
        **enrolment.shown(login.user, enrolment.open_pending(login.user, pending)),
    }
    return render("account/two_factor.html", login, page=page)


def _refuse_if_mandatory(login: Login) -> None:
    if totp_must_stay(login):
        raise Forbidden(
            "two-factor is mandatory", person=_("Your company makes it mandatory, so it cannot be switched off.")
        )


BEGIN = OwnPage("/security/two-factor", begin_set_up)
NEW_PHONE = OwnPage("/security/two-factor", new_phone, proof=Proof.FRESH)
CONFIRM = OwnPage("/security/two-factor", confirm_phone, "POST", Proof.FRESH, _waiting_page)
