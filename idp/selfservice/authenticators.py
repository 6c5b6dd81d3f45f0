"""Several authenticators on the user page: one more, another name, one less.

add ────▶ a new secret is shown ──▶ one of its codes: kept beside the others, other sessions end
rename ─▶ only the name that the person sees
remove ─▶ asks first ──▶ removed: refused for the last second factor where a tenant makes one mandatory

The first one is set up, and all of them are replaced by a new phone, in `two_factor.py`.
"""

import uuid

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.accounts.factors import authenticators, enrolment
from idp.accounts.factors.passkeys import LONGEST_NAME, cleaned
from idp.accounts.models import TotpDevice
from idp.audit.events import AuthenticatorAdded, AuthenticatorRemoved, AuthenticatorRenamed
from idp.audit.record import record
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform import clock
from idp.platform.errors import BadRequest, Forbidden, NotFound
from idp.platform.extensions import db
from idp.selfservice import waiting_secret
from idp.selfservice.factor_change import seal_change
from idp.selfservice.security import back_with, demanding
from idp.web.fields import typed

_KIND = "another_authenticator"


def add_authenticator(login: Login) -> ResponseReturnValue:
    """Show a new secret, or the one that still waits for its code."""
    if not login.user.totp_devices:
        return redirect(url_for("account.two_factor"), 303)
    _refuse_too_many(login)
    handle = request.args.get("setup", "")
    pending = waiting_secret.find(login, _KIND, handle)
    if pending is None:
        handle, pending = waiting_secret.make(login, _KIND)
    return _ask(login, handle, pending)


def authenticator_added(login: Login) -> ResponseReturnValue:
    """Keep it beside the others if the code is right."""
    _refuse_too_many(login)
    handle = request.args.get("setup", "")
    pending, name = waiting_secret.find(login, _KIND, handle), cleaned(typed("name"))
    if pending is None:
        return redirect(url_for("account.add_authenticator"), 303)
    if name is None:
        return _ask(login, handle, pending, _too_long())
    if not authenticators.add(login.user, pending, typed("totp"), clock.now(), name):
        db.session.rollback()
        return _ask(login, handle, pending, _("The code is not right. Wait for the next code and try again."))
    waiting_secret.forget(_KIND, handle)
    seal_change(login, AuthenticatorAdded(tenant_id=login.user.tenant_id, user_id=login.user.id), "two_factor_set_up")
    return back_with("authenticator-added")


def rename_authenticator(login: Login, device_id: uuid.UUID) -> ResponseReturnValue:
    """Give it another name."""
    device, name = _mine(login, device_id), cleaned(typed("name"))
    if not name:
        nameless = _("Type a name by which you know the authenticator again.")
        raise BadRequest("no name for an authenticator", person=nameless if name == "" else _too_long())
    device.name = name
    record(AuthenticatorRenamed(tenant_id=login.user.tenant_id, user_id=login.user.id))
    db.session.commit()
    return back_with("authenticator-renamed")


def remove_authenticator(login: Login, device_id: uuid.UUID) -> ResponseReturnValue:
    """Ask whether it is really to be removed."""
    return render("account/remove_authenticator.html", login, device=_mine(login, device_id))


def authenticator_removed(login: Login, device_id: uuid.UUID) -> ResponseReturnValue:
    """Forget it. Refuses the last second factor while a tenant makes one mandatory."""
    _mine(login, device_id)
    if not authenticators.remove(login.user, device_id, demanding(login)):
        raise Forbidden(
            "the last second factor",
            person=_("Your company makes two-factor authentication mandatory, so your last way may not go."),
        )
    event = AuthenticatorRemoved(
        tenant_id=login.user.tenant_id, user_id=login.user.id, last=not login.user.totp_devices
    )
    seal_change(login, event, "two_factor_removed")
    return back_with("authenticator-removed")


def authenticator_page() -> str:
    """Return where removing this one is confirmed."""
    return url_for("account.remove_authenticator", **request.view_args or {})


def waiting_page() -> str:
    """Return the page on which the same secret still waits for its code."""
    return url_for("account.add_authenticator", setup=request.args.get("setup"))


def _mine(login: Login, device_id: uuid.UUID) -> TotpDevice:
    device = authenticators.of(login.user, device_id)
    if device is None:
        raise NotFound("no such authenticator of this user")
    return device


def _refuse_too_many(login: Login) -> None:
    if len(login.user.totp_devices) >= authenticators.MOST:
        raise Forbidden("too many", person=_("You have as many authenticators as there may be. Remove one first."))


def _ask(login: Login, handle: str, pending: str, error: str | None = None) -> str:
    page = {
        "action": url_for("account.add_authenticator", setup=handle),
        "error": error,
        "name": typed("name"),
        "ask_name": True,
        **enrolment.shown(login.user, enrolment.open_pending(login.user, pending)),
    }
    return render("account/add_authenticator.html", login, page=page)


def _too_long() -> str:
    return str(_("Choose a shorter name: at most %(count)s characters.", count=LONGEST_NAME))
