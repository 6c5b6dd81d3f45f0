"""What the audit log says in words: a title for each kind of event, and which kinds belong together."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

GROUPS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "logins": (_l("Logging in and out"), ("login.", "session.", "user.login_disowned", "user.signed_out_everywhere")),
    "factors": (
        _l("Passwords and second factors"),
        ("two_factor.", "passkey.", "recovery_codes.", "user.password_", "known_ip.", "familiar_network."),
    ),
    "people": (_l("People"), ("user.", "membership.", "tenant.people_import_")),
    "company": (_l("Settings of the company"), ("tenant.", "helpdesk.")),
    "applications": (_l("Applications"), ("client.", "consent.", "token.", "keys.")),
}
"""What a reader chooses from: the words, and how the kinds begin."""

TITLES: Mapping[str, Any] = {
    "client.changed": _l("Application changed"),
    "client.deleted": _l("Application deleted"),
    "client.device_allowed": _l("Device allowed by its code"),
    "client.disabled": _l("Application switched off"),
    "client.enabled": _l("Application switched on again"),
    "client.logouts_retried": _l("Application told again of logouts"),
    "client.registered": _l("Application registered"),
    "client.registration_allowed": _l("Registration of applications allowed"),
    "client.registration_stopped": _l("Registration of applications stopped"),
    "client.secret_renewed": _l("Application got a new secret"),
    "consent.given": _l("Application allowed to use data"),
    "consent.withdrawn": _l("Application not allowed to use data any more"),
    "familiar_network.forgotten": _l("Validated IP address removed"),
    "familiar_network.validated": _l("New IP address validated by mail"),
    "helpdesk.access_given": _l("Helpdesk let in"),
    "helpdesk.access_revoked": _l("Helpdesk access ended"),
    "keys.revoked": _l("Signing key withdrawn"),
    "keys.rotated": _l("Signing keys rotated"),
    "known_ip.chosen": _l("Choice of 2FA once every 30 days"),
    "known_ip.granted": _l("IP address known for 30 days"),
    "known_ip.revoked": _l("Known IP addresses revoked"),
    "known_ip.used": _l("Known IP address used instead of 2FA"),
    "login.completed": _l("Logged in"),
    "login.refused": _l("Login refused"),
    "login.step_failed": _l("Wrong answer"),
    "login.tries_delayed": _l("Too many wrong answers"),
    "membership.begun": _l("Accountant connected"),
    "membership.code_made": _l("Connect code made"),
    "membership.code_refused": _l("Connect code refused"),
    "membership.ended": _l("Accountant disconnected"),
    "passkey.copied": _l("A passkey seems to be copied"),
    "passkey.renamed": _l("Passkey renamed"),
    "recovery_codes.renewed": _l("Recovery codes renewed"),
    "recovery_codes.used": _l("Recovery code used"),
    "session.ended": _l("Session ended"),
    "session.tenant_switched": _l("Went on to work for another company"),
    "tenant.audit_retention_chosen": _l("Audit log kept longer or shorter"),
    "tenant.changed": _l("Company changed"),
    "tenant.created": _l("Company created"),
    "tenant.disabled": _l("Company switched off"),
    "tenant.enabled": _l("Company switched on again"),
    "tenant.people_import_confirmed": _l("File of people taken in"),
    "tenant.people_import_stopped": _l("Invitations from a file stopped"),
    "tenant.policy_changed": _l("Settings changed"),
    "tenant.security_code_rotated": _l("Security code rotated"),
    "tenant.security_code_shown": _l("Security code looked at"),
    "tenant.two_factor_day_moved": _l("Two-factor authentication becomes mandatory on another day"),
    "tenant.two_factor_day_removed": _l("Day for mandatory two-factor authentication removed"),
    "tenant.two_factor_day_set": _l("Two-factor authentication becomes mandatory from a day on"),
    "token.code_reused": _l("Authorization code used twice"),
    "token.refresh_token_reused": _l("Refresh token used twice"),
    "two_factor.authenticator_added": _l("Authenticator app added"),
    "two_factor.authenticator_removed": _l("Authenticator app removed"),
    "two_factor.authenticator_renamed": _l("Authenticator app renamed"),
    "two_factor.reminded": _l("Asked by mail to set up 2FA"),
    "two_factor.removed": _l("Second factor removed"),
    "two_factor.reset": _l("Two-factor authentication reset"),
    "two_factor.set_up": _l("Second factor set up"),
    "user.block_new_ip_chosen": _l("Validation of new IP addresses chosen"),
    "user.changed": _l("User changed"),
    "user.created": _l("User created"),
    "user.disabled": _l("Employment ended"),
    "user.enabled": _l("User may log in again"),
    "user.invitation_accepted": _l("Invitation accepted"),
    "user.invitation_mailed": _l("Invitation mailed"),
    "user.invitation_withdrawn": _l("Invitation withdrawn"),
    "user.invited": _l("Invited"),
    "user.login_disowned": _l("“This was not me”"),
    "user.password_changed": _l("Password changed"),
    "user.password_reset_mailed": _l("Link for a new password mailed"),
    "user.signed_out_everywhere": _l("Signed out everywhere"),
    "user.type_changed": _l("Type of user changed"),
}


def title_of(kind: str) -> str:
    """The words for a kind; of one that another version wrote, the kind itself."""
    return str(TITLES.get(kind, kind))


def kinds_of(group: str) -> tuple[str, ...] | None:
    """The kinds that belong to a group; of a word that is none: whatever there is."""
    if group not in GROUPS:
        return None
    _words, beginnings = GROUPS[group]
    return tuple(kind for kind in TITLES if kind.startswith(beginnings))
