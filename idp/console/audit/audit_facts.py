"""What is kept of an event beside who, when and why, as the audit page says it: each fact has a name, its value is in words.

in_words({"step": "totp", "seconds": 30})  ─▶  {"Step": "TOTP", "Seconds to wait": "30"}

The files (CSV and JSON Lines) have every fact as it is kept. What another version wrote stands as it is kept, too.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from flask_babel import format_date, format_datetime, format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.console.people.simulator import LEVELS
from idp.login.core.reasons import STEP_TITLES

_REASONS = "reasons"
"""They have sentences of their own: `idp.login.core.reasons`."""

NAMES: Mapping[str, Any] = {
    "acr": _l("Proved"),
    "after": _l("Afterwards"),
    "amr": _l("By what means (amr)"),
    "application": _l("Application"),
    "because": _l("Why"),
    "before": _l("Before"),
    "browser": _l("Browser"),
    "changed": _l("What changed"),
    "client_id": _l("Client ID"),
    "day": _l("Day"),
    "expires_at": _l("Until"),
    "factor": _l("Second factor"),
    "failures": _l("Wrong answers in a row"),
    "fields": _l("What changed"),
    "forgotten_network": _l("IP address"),
    "grant_id": _l("Number of the authorization"),
    "kid": _l("Key"),
    "kids": _l("Keys"),
    "known_network": _l("IP address"),
    "last": _l("It was the last one"),
    "last_sign_count": _l("Counted before"),
    "left": _l("Recovery codes left"),
    "logouts": _l("How many"),
    "on": _l("Switched on"),
    "other": _l("Other company"),
    "passkey": _l("Number of the passkey"),
    "people": _l("People"),
    "refusal": _l("Why"),
    "scope": _l("Scope"),
    "seconds": _l("Seconds to wait"),
    "session_id": _l("Number of the session"),
    "sign_count": _l("Counted now"),
    "slug": _l("Short name"),
    "step": _l("Step"),
    "until": _l("Until"),
    "username": _l("Username"),
    "validated_network": _l("IP address"),
    "without": _l("What it does without"),
    "why": _l("Why"),
    "years": _l("Years"),
}

_WORDS: Mapping[str, Any] = {
    "employee": _l("Employee"),
    "administrator": _l("Administrator"),
    "accountant": _l("Accountant"),
    "support": _l("Helpdesk"),
    "logout": _l("Logged out"),
    "replaced": _l("Logged in again"),
    "ended_by_user": _l("Ended by this user"),
    "ended_by_administrator": _l("Ended by an administrator"),
    "password_changed": _l("Password changed"),
    "password_reset": _l("New password by a mailed link"),
    "two_factor_set_up": _l("Second factor set up"),
    "proof_ended": _l("What was proved no longer counts"),
    "tenant_disabled": _l("Company switched off"),
    "revoked": _l("Revoked"),
    "revoked_by_operator": _l("Revoked by Informer"),
    "totp": _l("Authenticator app"),
    "passkey": _l("Passkey"),
    "not_a_member": _l("The user does not work for that company"),
    "level_out_of_reach": _l("The application insists on a proof that the user has no means for"),
    "other_user": _l("The application asks for another user"),
    "asked": _l("Ended by an administrator"),
    "no_administrator": _l("Whoever confirmed it is no administrator any more"),
    "company_disabled": _l("Company switched off"),
    "name": _l("Name"),
    "shown_name": _l("Name as shown"),
    "email": _l("E-mail address"),
    "username": _l("Username"),
    "type": _l("Type"),
    "locale": _l("Language"),
    "given_name": _l("First name"),
    "family_name": _l("Last name"),
    "zoneinfo": _l("Time zone"),
    "timezone": _l("Time zone"),
    "colour": _l("Colour"),
    "logo": _l("Logo"),
    "redirect_uris": _l("Addresses to come back to after the login"),
    "post_logout_redirect_uris": _l("Addresses to go on to after logging out"),
    "require_pkce": _l("PKCE"),
    "require_nonce": _l("Nonce"),
    "client_secret_in_header_or_form": _l("Secret in the header or in the form"),
    "id_token_includes_userinfo": _l("Profile in the ID token"),
    "two_factor_mandatory": _l("Two-factor authentication is mandatory"),
    "limit_two_factor_validity": _l("Limit validity of two-factor authentication"),
    "security_code": _l("Ask for the security code"),
    "block_new_ip": _l("Validate new IP addresses by mail"),
    "known_ip_same_browser": _l("A known IP address also needs the same browser"),
    "passkeys": _l("Allow passkeys"),
    "session_idle_minutes": _l("Log out after so many minutes without use"),
    "session_hours": _l("Log out so many hours after logging in, whatever is done"),
}


def in_words(kept: Mapping[str, Any]) -> dict[str, str]:
    """Each fact that there is, by its name in words."""
    told = {name: value for name, value in kept.items() if name != _REASONS and value not in (None, [], "")}
    return {str(NAMES.get(name, name)): _SAID.get(name, _said)(value) for name, value in told.items()}


def _said(value: Any) -> str:
    match value:
        case bool():
            return str(_("Yes") if value else _("No"))
        case int():
            return str(format_decimal(value))
        case str():
            return str(_WORDS.get(value, value))
        case Mapping():
            return "; ".join(f"{_said(name)}: {_said(what)}" for name, what in value.items())
        case Sequence():
            return ", ".join(_said(one) for one in value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _moment(value: Any) -> str:
    try:
        return str(_("%(moment)s (UTC)", moment=format_datetime(datetime.fromisoformat(str(value)))))
    except ValueError:
        return _said(value)


def _day(value: Any) -> str:
    try:
        return str(format_date(date.fromisoformat(str(value))))
    except ValueError:
        return _said(value)


def _step(value: Any) -> str:
    return next((str(title) for name, title in STEP_TITLES.items() if name.value == value), _said(value))


def _as_kept(value: Any) -> str:
    return str(value)


_SAID: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "acr": lambda value: str(LEVELS.get(value, value)),
        "after": _day,
        "application": _as_kept,
        "before": _day,
        "day": _day,
        "expires_at": _moment,
        "other": _as_kept,
        "slug": _as_kept,
        "step": _step,
        "until": _moment,
        "username": _as_kept,
    }
)
"""Where the value alone does not tell what it is, or is somebody's own word."""
