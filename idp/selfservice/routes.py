"""The table of the user page: each address, its view, and what it asks of the login."""

from flask import Blueprint, Flask, redirect, url_for
from werkzeug.wrappers import Response

from idp.login.flow import page_guard
from idp.login.flow.page_guard import OwnPage, Proof
from idp.selfservice import (
    allowed_applications,
    authenticators,
    companies,
    familiar_addresses,
    forgot_password,
    history,
    invitation,
    known_addresses,
    language,
    not_me,
    overview,
    passkeys,
    password,
    profile,
    recovery_codes,
    security,
    sessions,
    two_factor,
    two_factor_soon,
)
from idp.selfservice.companies import companies_page
from idp.selfservice.security import security_page

PAGES = (
    OwnPage("/", overview.overview),
    OwnPage("/two-factor-soon/<handle>", two_factor_soon.two_factor_soon),
    OwnPage(
        "/two-factor-soon/<handle>", two_factor_soon.answer_two_factor_soon, "POST", back=two_factor_soon.note_page
    ),
    OwnPage("/language", language.choose_language, "POST", back=language.overview_page),
    OwnPage("/particulars", profile.say_particulars, "POST", back=language.overview_page),
    OwnPage("/companies", companies.companies),
    OwnPage("/companies", companies.switch, "POST", back=companies_page),
    OwnPage("/companies/connect-code", companies.connect_code, "POST", back=companies_page),
    OwnPage("/companies/<uuid:tenant_id>/leave", companies.ask_leave),
    OwnPage("/companies/<uuid:tenant_id>/leave", companies.leave, "POST", back=companies_page),
    OwnPage("/security", security.security),
    OwnPage("/security/password", password.card),
    OwnPage("/security/password", password.change, "POST", Proof.FRESH, security_page),
    OwnPage("/security/two-factor/switch-off", two_factor.switch_off, proof=Proof.FRESH),
    OwnPage(
        "/security/two-factor/switch-off", two_factor.switched_off, "POST", Proof.FRESH, two_factor.switch_off_page
    ),
    OwnPage("/security/recovery-codes", recovery_codes.renew, proof=Proof.FRESH),
    OwnPage("/security/recovery-codes", recovery_codes.renewed, "POST", Proof.FRESH, recovery_codes.renew_page),
    OwnPage("/security/authenticators/add", authenticators.add_authenticator, proof=Proof.FRESH),
    OwnPage(
        "/security/authenticators/add",
        authenticators.authenticator_added,
        "POST",
        Proof.FRESH,
        authenticators.waiting_page,
    ),
    OwnPage(
        "/security/authenticators/<uuid:device_id>/rename",
        authenticators.rename_authenticator,
        "POST",
        back=security_page,
    ),
    OwnPage("/security/authenticators/<uuid:device_id>/remove", authenticators.remove_authenticator, proof=Proof.FRESH),
    OwnPage(
        "/security/authenticators/<uuid:device_id>/remove",
        authenticators.authenticator_removed,
        "POST",
        Proof.FRESH,
        authenticators.authenticator_page,
    ),
    OwnPage("/security/passkeys/add", passkeys.add_passkey, proof=Proof.FRESH),
    OwnPage("/security/passkeys/add", passkeys.passkey_added, "POST", Proof.FRESH, passkeys.add_page),
    OwnPage("/security/passkeys/<uuid:passkey_id>/rename", passkeys.rename_passkey, "POST", back=security_page),
    OwnPage("/security/passkeys/<uuid:passkey_id>/remove", passkeys.remove_passkey, proof=Proof.FRESH),
    OwnPage(
        "/security/passkeys/<uuid:passkey_id>/remove",
        passkeys.passkey_removed,
        "POST",
        Proof.FRESH,
        passkeys.removal_page,
    ),
    OwnPage("/security/every-30-days", known_addresses.choose, "POST", back=security_page),
    OwnPage("/security/known-addresses/revoke", known_addresses.revoke_all, "POST", back=security_page),
    OwnPage("/security/known-addresses/<uuid:grant_id>/revoke", known_addresses.revoke, "POST", back=security_page),
    OwnPage(
        "/security/familiar-addresses/remove",
        familiar_addresses.remove_familiar_address,
        "POST",
        back=security_page,
    ),
    OwnPage(
        "/security/applications/<uuid:client_id>/withdraw", allowed_applications.withdraw, "POST", back=security_page
    ),
    OwnPage("/security/history", history.login_history),
    OwnPage("/security/sessions/<uuid:session_id>/end", sessions.end_session, "POST", back=security_page),
    OwnPage("/security/sessions/end-others", sessions.end_other_sessions, "POST", back=security_page),
    OwnPage("/security/sessions/sign-out-everywhere", sessions.sign_out_everywhere, "POST", back=security_page),
)


def front_door() -> Response:
    """Lead whoever types our bare address to their own page."""
    return redirect(url_for("account.overview"), 303)


def set_up(app: Flask) -> None:
    """Open the user page."""
    blueprint = Blueprint("account", __name__, url_prefix="/account")
    page_guard.add(blueprint, PAGES)
    blueprint.add_url_rule("/security/two-factor", view_func=two_factor.two_factor, methods=["GET", "POST"])
    app.register_blueprint(blueprint)
    app.add_url_rule("/", "front_door", front_door)
    forgot_password.set_up(app)
    invitation.set_up(app)
    not_me.set_up(app)
