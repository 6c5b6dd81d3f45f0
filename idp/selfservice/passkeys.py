"""Passkeys on the user page: another one, another name, one less.

add ────▶ options for the page's script, the challenge bound to this session ──▶ added: kept, other sessions end
rename ─▶ only the name that the person sees
remove ─▶ asks first ──▶ removed: refused for the last second factor where a tenant makes one mandatory
"""

import uuid
from http import HTTPStatus

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.accounts.factors import passkeys, webauthn_ceremonies
from idp.accounts.factors.webauthn_ceremonies import Fault
from idp.accounts.models import Passkey
from idp.audit.events import PasskeyRenamed, TwoFactorRemoved, TwoFactorSetUp
from idp.audit.record import record
from idp.login.core.types import Factor, StepName
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.session import sessions
from idp.login.transaction.passkey_evidence import by_passkey
from idp.platform.errors import BadRequest, Forbidden, NotFound
from idp.platform.extensions import db
from idp.selfservice.factor_change import seal_change
from idp.selfservice.security import back_with, demanding
from idp.web.fields import typed


def add_passkey(login: Login) -> ResponseReturnValue:
    """Ask for a name, and let the page's script make the passkey."""
    _refuse_where_barred(login)
    return _ask(login)


def passkey_added(login: Login) -> ResponseReturnValue:
    """Keep the passkey that the script made. The session has proved it, and gets a new secret."""
    _refuse_where_barred(login)
    name = passkeys.cleaned(typed("name"))
    if name is None:
        return _ask(login, _too_long()), HTTPStatus.BAD_REQUEST
    created = webauthn_ceremonies.created(_session(login), typed("challenge"), typed("passkey"))
    if isinstance(created, Fault):
        return _ask(login, webauthn_ceremonies.sentence(created)), HTTPStatus.BAD_REQUEST
    user = login.user
    if passkeys.add(user, created, name or _first_name()) is None:
        return _ask(login, webauthn_ceremonies.sentence(Fault.KNOWN)), HTTPStatus.CONFLICT
    proof = by_passkey(StepName.PASSKEY, user, frozenset({StepName.TOTP, StepName.PASSKEY}), synced=created.synced)
    sessions.open_for(user, login.tenant, (*sessions.evidence_of(login.session), proof))
    event = TwoFactorSetUp(tenant_id=user.tenant_id, user_id=user.id, factor=Factor.PASSKEY.value)
    seal_change(login, event, "passkey_added")
    response = back_with("passkey-added")
    sessions.send_cookie(response)
    return response


def rename_passkey(login: Login, passkey_id: uuid.UUID) -> ResponseReturnValue:
    """Give a passkey another name."""
    passkey, name = _mine(login, passkey_id), passkeys.cleaned(typed("name"))
    if not name:
        nameless = _("Type a name by which you know the passkey again.")
        raise BadRequest("no name for a passkey", person=nameless if name == "" else _too_long())
    passkey.name = name
    record(PasskeyRenamed(tenant_id=login.user.tenant_id, user_id=login.user.id, passkey=str(passkey.id)))
    db.session.commit()
    return back_with("passkey-renamed")


def remove_passkey(login: Login, passkey_id: uuid.UUID) -> ResponseReturnValue:
    """Ask whether the passkey is really to be removed."""
    return render("account/remove_passkey.html", login, passkey=_mine(login, passkey_id))


def passkey_removed(login: Login, passkey_id: uuid.UUID) -> ResponseReturnValue:
    """Forget the passkey. Refuses the last second factor while a tenant makes one mandatory."""
    passkey = _mine(login, passkey_id)
    if not passkeys.remove(login.user, passkey.id, demanding(login)):
        raise Forbidden(
            "the last second factor",
            person=_("Your company makes two-factor authentication mandatory, so your last way may not go."),
        )
    event = TwoFactorRemoved(tenant_id=login.user.tenant_id, user_id=login.user.id, factor=Factor.PASSKEY.value)
    seal_change(login, event, "passkey_removed")
    return back_with("passkey-removed")


def removal_page() -> str:
    """Return where removing this passkey is confirmed."""
    return url_for("account.remove_passkey", **request.view_args or {})


def add_page() -> str:
    """Return where a passkey is made."""
    return url_for("account.add_passkey")


def _refuse_where_barred(login: Login) -> None:
    if not login.tenant.policy.passkeys:
        raise Forbidden("passkeys are off", person=_("Your company does not allow passkeys."))
    if not webauthn_ceremonies.offered():
        raise NotFound("passkeys need a host name")
    if len(login.user.passkeys) >= passkeys.MOST:
        raise Forbidden("too many passkeys", person=_("You have as many passkeys as there may be. Remove one first."))


def _mine(login: Login, passkey_id: uuid.UUID) -> Passkey:
    passkey = passkeys.of(login.user, passkey_id)
    if passkey is None:
        raise NotFound("no such passkey of this user")
    return passkey


def _session(login: Login) -> str:
    """What the challenge is bound to."""
    return f"session:{login.session.id}"


def _ask(login: Login, error: str | None = None) -> str:
    ceremony = webauthn_ceremonies.creation(login.user, _session(login))
    return render("account/add_passkey.html", login, passkey=ceremony, error=error, name=_first_name())


def _first_name() -> str:
    return passkeys.first_name(request.user_agent.string)


def _too_long() -> str:
    return str(_("Choose a shorter name: at most %(count)s characters.", count=passkeys.LONGEST_NAME))
