"""The security page: a card for each thing that protects the person's login, and for where they are logged in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from idp.accounts.factors import webauthn_ceremonies
from idp.accounts.factors.passkeys import usable
from idp.accounts.models import Passkey, TotpDevice
from idp.accounts.passwords.password_rules import shortest_of
from idp.accounts.users.queries import recovery_codes_left
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.models import KnownIpGrant
from idp.login.trust import known_ip
from idp.login.trust.network import current_address
from idp.selfservice import allowed_applications, familiar_addresses, sessions
from idp.selfservice.allowed_applications import AllowedApplication
from idp.selfservice.familiar_addresses import FamiliarCard
from idp.selfservice.sessions import SessionsCard
from idp.tenancy.policy import Policy

DONE: Mapping[str, Any] = {
    "set-up": _l("Two-factor authentication is set up."),
    "switched-off": _l("Two-factor authentication is switched off. Your other sessions are ended."),
    "password-changed": _l("Your password is changed. You are logged out everywhere else."),
    "saved": _l("Your choice is saved."),
    "passkey-added": _l("The passkey is added. Your other sessions are ended."),
    "passkey-renamed": _l("The passkey has its new name."),
    "passkey-removed": _l("The passkey is removed. Your other sessions are ended."),
    "authenticator-added": _l("The authenticator is added. Your other sessions are ended."),
    "authenticator-renamed": _l("The authenticator has its new name."),
    "authenticator-removed": _l("The authenticator is removed. Your other sessions are ended."),
    "revoked": _l("The address is revoked: at the next login from there your code is asked."),
    "session-ended": _l("The session is ended, and what applications got through it."),
    "others-ended": _l("You are logged out everywhere but here."),
    "familiar-removed": _l("The address is removed: a login from there is a new one again."),
    "consent-withdrawn": _l("The application may not use your data any more. What it got is worth nothing now."),
    "all-revoked": _l("All known addresses are revoked: at the next login your code is asked, wherever you are."),
}


@dataclass(frozen=True, slots=True)
class PasskeyCard:
    """What the card of the passkeys shows. `allowed`: by the tenant. `removable`: the last one is no last second factor.

    `counts`: there is one that a login takes.
    """

    passkeys: tuple[Passkey, ...]
    offered: bool
    allowed: bool
    removable: bool
    counts: bool


@dataclass(frozen=True, slots=True)
class SecurityPage:
    """What the security page shows.

    `two_factor_since`: None where there is none. `barred`: the tenant wants two-factor at every login.
    `password_problems`: what was wrong with the form of the password card.
    `known`: the known addresses that count for the tenant. `seen_as`: the client's address, None when unreadable.
    """

    two_factor_since: datetime | None
    totp_must_stay: bool
    recovery_codes_left: int
    authenticators: tuple[TotpDevice, ...]
    passkeys: PasskeyCard
    barred: bool
    every_30_days: bool
    seen_as: str | None
    known: tuple[KnownIpGrant, ...]
    shortest_password: int
    password_problems: tuple[str, ...]
    sessions: SessionsCard
    familiar: FamiliarCard
    allowed: tuple[AllowedApplication, ...]
    done: str | None


def security(login: Login) -> str:
    """Show what protects this person's login."""
    return show(login)


def show(login: Login, password_problems: tuple[str, ...] = ()) -> str:
    """The page, with what was wrong with a form that stands on it."""
    return render("account/security.html", login, page=_page(login, password_problems))


def security_page() -> str:
    """Return where the forms of the cards stand."""
    return url_for("account.security")


def back_with(done: str) -> Response:
    """Go back to the security page, which says what was done."""
    return redirect(url_for("account.security", done=done), 303)


def demanding(login: Login) -> tuple[Policy, ...]:
    """The policies by which the person may not be without a second factor: of the tenant they work for, of their own."""
    policies = (login.tenant.policy, login.user.tenant.policy)
    return tuple(policy for policy in policies if policy.two_factor_mandatory)


def totp_must_stay(login: Login) -> bool:
    """Whether TOTP may not be switched off: it is mandatory to have a second factor, and no passkey is one."""
    return not all(usable(login.user, policy) for policy in demanding(login))


def _page(login: Login, password_problems: tuple[str, ...]) -> SecurityPage:
    user, policy = login.user, login.tenant.policy
    return SecurityPage(
        two_factor_since=max((device.created_at for device in user.totp_devices), default=None),
        totp_must_stay=totp_must_stay(login),
        recovery_codes_left=recovery_codes_left(user.id),
        authenticators=tuple(user.totp_devices),
        passkeys=_passkeys(login),
        barred=policy.limit_two_factor_validity,
        every_30_days=user.two_factor_every_30_days,
        seen_as=current_address(),
        known=tuple(grant for grant in known_ip.of(user) if _counts(grant, login)),
        shortest_password=shortest_of(user),
        password_problems=password_problems,
        sessions=sessions.card(login),
        familiar=familiar_addresses.card(login),
        allowed=allowed_applications.card(login),
        done=DONE.get(request.args.get("done", "")),
    )


def _passkeys(login: Login) -> PasskeyCard:
    mine = tuple(login.user.passkeys)
    last = len(mine) == 1 and not login.user.totp_devices
    return PasskeyCard(
        passkeys=mine,
        offered=webauthn_ceremonies.offered(),
        allowed=login.tenant.policy.passkeys,
        removable=not (last and demanding(login)),
        counts=bool(usable(login.user, login.tenant.policy)),
    )


def _counts(grant: KnownIpGrant, login: Login) -> bool:
    """Whether the grant may stand in for a code at a login for this tenant (its epoch moves on with its policy)."""
    tenant = login.tenant
    return not tenant.policy.limit_two_factor_validity and grant.tenant_epochs.get(str(tenant.id)) == tenant.epoch
