"""The first screen of the user page: who you are, and what is set up, the most urgent first."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import format_date
from flask_babel import gettext as _

from idp.accounts.factors import coming_mandate
from idp.accounts.factors.passkeys import usable
from idp.accounts.users.queries import recovery_codes_left
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.tenancy import zones

FEW_CODES = 3
"""From this many recovery codes on a person should think of new ones."""


class Urgency(enum.IntEnum):
    """How soon the person should look at something."""

    NOW = 0
    SOON = 1
    FINE = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a person has set up, or has not: its state in a word, what it means, and where to change it.

    `good`: its state is all that one could wish.
    """

    urgency: Urgency
    title: str
    state: str
    sentence: str
    action: str
    href: str
    good: bool = False


def overview(login: Login) -> str:
    """Show the person's own page."""
    items = (_two_factor(login), *_recovery_codes(login), _every_30_days(login))
    shown = sorted(items, key=lambda item: item.urgency)
    done = request.args.get("done")
    address = _lines(login.user.address or {})
    return render("account/overview.html", login, items=shown, address=address, done=done, zones=zones.names())


def _lines(address: Mapping[str, str]) -> list[str]:
    """An address as it is written on an envelope: as it was given whole, else street, town, region, country."""
    town = " ".join(filter(None, (address.get("postal_code"), address.get("locality"))))
    parts = [address.get("street_address", ""), town, address.get("region", ""), address.get("country", "")]
    return address.get("formatted", "\n".join(filter(None, parts))).splitlines()


def _two_factor(login: Login) -> Item:
    title, href = _("Two-factor authentication"), url_for("account.two_factor")
    if login.user.totp_devices:
        sentence = _("Besides your password, a code from your phone is asked.")
        return Item(Urgency.FINE, title, _("On"), sentence, _("Manage"), url_for("account.security"), good=True)
    if usable(login.user, login.tenant.policy):
        sentence = _("Besides your password, your passkey is asked.")
        return Item(Urgency.FINE, title, _("On"), sentence, _("Manage"), url_for("account.security"), good=True)
    return Item(Urgency.NOW, title, _("Off"), _why(login), _("Set up"), href)


def _why(login: Login) -> str:
    """Why to set it up."""
    if day := coming_mandate.concerns(login.user, login.tenant):
        when = format_date(day)
        return str(_("From %(day)s you need two-factor authentication. Set it up now; it takes two minutes.", day=when))
    return str(
        _("Your password is all that stands between a stranger and your work. A code from your phone stops them.")
    )


def _recovery_codes(login: Login) -> tuple[Item, ...]:
    if not login.user.totp_devices:
        return ()
    left = recovery_codes_left(login.user.id)
    urgency = Urgency.SOON if left <= FEW_CODES else Urgency.FINE
    sentence = _("With one of these you log in when your phone is not at hand.")
    state = _("%(left)s left", left=left)
    return (Item(urgency, _("Recovery codes"), state, sentence, _("Manage"), url_for("account.security")),)


def _every_30_days(login: Login) -> Item:
    title, href = _("Once every 30 days"), url_for("account.security") + "#every-30-days"
    if login.tenant.policy.limit_two_factor_validity:
        sentence = _("Your administrator has barred this: two-factor authentication is asked at every login.")
        return Item(Urgency.FINE, title, _("Barred"), sentence, _("View"), href)
    state = _("On") if login.user.two_factor_every_30_days else _("Off")
    sentence = _("From a known IP address, your code is then asked only once every 30 days.")
    return Item(Urgency.FINE, title, state, sentence, _("Manage"), href)
