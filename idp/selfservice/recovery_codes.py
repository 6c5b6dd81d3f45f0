"""Recovery codes: ten new ones take the place of the old, and are shown once."""

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.factors import second_factors
from idp.audit.events import RecoveryCodesRenewed
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.selfservice.factor_change import seal_change
from idp.selfservice.security import security_page


def renew(login: Login) -> ResponseReturnValue:
    """Ask whether the old codes may become worthless."""
    if not login.user.totp_devices:
        return redirect(security_page(), 303)
    return render("account/renew_codes.html", login)


def renewed(login: Login) -> ResponseReturnValue:
    """Make new codes and show them, this once."""
    if not login.user.totp_devices:
        return redirect(security_page(), 303)
    codes = second_factors.new_recovery_codes()
    second_factors.keep_recovery_codes(login.user, codes)
    event = RecoveryCodesRenewed(tenant_id=login.user.tenant_id, user_id=login.user.id)
    seal_change(login, event, "recovery_codes_renewed")
    return render("account/recovery_codes.html", login, page={"codes": list(codes), "go_on": security_page()})


def renew_page() -> str:
    """Return where renewing is confirmed."""
    return url_for("account.renew")
