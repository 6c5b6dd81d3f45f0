"""The table of the console."""

from flask import Blueprint, Flask

from idp.console.access import asking, page
from idp.console.applications import application_form, applications, how_to_connect, registration_tokens
from idp.console.audit import audit_log, audit_retention
from idp.console.people import accountants, bulk_invite, edit_person, helpdesk, invite, people, person, simulator
from idp.console.security import security_center, security_code, sessions
from idp.console.settings import branding, settings
from idp.login.flow import page_guard
from idp.web import input_limits

PAGES = (
    page("/", settings.lead_there),
    page("/settings", settings.settings),
    page("/settings", settings.save, "POST", settings.keep_input),
    page("/settings/remind", settings.remind, "POST", settings.settings_page),
    page("/security-code", security_code.security_code),
    page("/security-code/show", security_code.show_security_code, "POST", security_code.security_code_page),
    asking("/security-code/rotate", security_code.ask_rotation),
    page("/security-code/rotate", security_code.rotate, "POST", security_code.rotation_page),
    page("/security-center", security_center.security_center),
    page("/security-center.csv", security_center.people_as_csv),
    page("/applications", applications.list_applications),
    page("/applications/new", application_form.new_application),
    page("/applications/new", application_form.register_application, "POST", application_form.keep_new_input),
    page("/applications/check-addresses", application_form.check_addresses, "POST", application_form.keep_new_input),
    page("/applications/tokens", registration_tokens.registration_tokens),
    page("/applications/tokens", registration_tokens.make_token, "POST", registration_tokens.tokens_page),
    page(
        "/applications/tokens/<uuid:token_id>/revoke",
        registration_tokens.revoke_token,
        "POST",
        registration_tokens.tokens_page,
    ),
    page("/applications/<uuid:row_id>", applications.application),
    page("/applications/<uuid:row_id>/change", application_form.change_application),
    page(
        "/applications/<uuid:row_id>/change",
        application_form.save_application,
        "POST",
        application_form.keep_changed_input,
    ),
    page("/applications/<uuid:row_id>/secret", applications.ask_new_secret),
    page("/applications/<uuid:row_id>/secret", applications.renew_secret, "POST", applications.application_page),
    page("/applications/<uuid:row_id>/switch", applications.switch_application, "POST", applications.application_page),
    page("/applications/<uuid:row_id>/retry", applications.retry_logouts, "POST", applications.application_page),
    page("/applications/<uuid:row_id>/connect", how_to_connect.connect_application),
    page("/sessions", sessions.sessions),
    page("/sessions/<uuid:session_id>/end", sessions.end_session, "POST", sessions.sessions_page),
    page("/audit", audit_log.audit),
    page("/audit.csv", audit_log.audit_as_csv),
    page("/audit.jsonl", audit_log.audit_as_jsonl),
    page("/branding", branding.branding),
    page("/branding", branding.save_branding, "POST", branding.keep_input),
    page("/branding/look", branding.look_at_branding, "POST", branding.keep_input),
    page("/audit/retention", audit_retention.retention),
    page("/audit/retention", audit_retention.choose_retention, "POST", audit_retention.retention_page),
    page("/accountants", accountants.accountants),
    page("/accountants", accountants.connect, "POST", accountants.accountants_page),
    page("/accountants/look", accountants.look, "POST", accountants.accountants_page),
    asking("/accountants/<uuid:user_id>/end", accountants.ask_part),
    page("/accountants/<uuid:user_id>/end", accountants.part, "POST", accountants.accountants_page),
    page("/helpdesk", helpdesk.helpdesk),
    page("/helpdesk", helpdesk.let_in, "POST", helpdesk.helpdesk_page),
    page("/helpdesk/revoke", helpdesk.shut_out, "POST", helpdesk.helpdesk_page),
    page("/users", people.people),
    asking("/users/invite", invite.invite),
    page("/users/invite", invite.invited, "POST", invite.keep_input),
    asking("/users/import", bulk_invite.choose_file),
    page("/users/import", bulk_invite.upload, "POST", bulk_invite.file_page),
    page("/users/import/<uuid:import_id>", bulk_invite.show_import),
    page("/users/import/<uuid:import_id>/confirm", bulk_invite.confirm, "POST", bulk_invite.import_page),
    page("/users/import/<uuid:import_id>/stop", bulk_invite.stop_import, "POST", bulk_invite.import_page),
    page("/users/import/<uuid:import_id>/go-on", bulk_invite.go_on, "POST", bulk_invite.import_page),
    asking("/users/import/<uuid:import_id>/not-invited.csv", bulk_invite.not_invited),
    page("/users/import/<uuid:import_id>/discard", bulk_invite.discard, "POST", bulk_invite.import_page),
    page("/users/<uuid:user_id>", person.person),
    asking("/users/<uuid:user_id>/edit", edit_person.edit_person),
    page("/users/<uuid:user_id>/edit", edit_person.save_person, "POST", edit_person.keep_input),
    page("/users/<uuid:user_id>/simulator", simulator.simulator),
    page("/users/<uuid:user_id>/invite-again", invite.send_again, "POST", person.person_page),
    page("/users/<uuid:user_id>/withdraw", invite.withdraw, "POST", person.person_page),
    page("/users/<uuid:user_id>/type", person.choose_type, "POST", person.person_page),
    page("/users/<uuid:user_id>/new-ip-addresses", person.choose_new_ip, "POST", person.person_page),
    page("/users/<uuid:user_id>/sign-out", person.sign_out, "POST", person.person_page),
    page("/users/<uuid:user_id>/revoke-known-addresses", person.revoke_known, "POST", person.person_page),
    asking("/users/<uuid:user_id>/reset-two-factor", person.ask_reset),
    page("/users/<uuid:user_id>/reset-two-factor", person.reset_two_factor, "POST", person.person_page),
    asking("/users/<uuid:user_id>/end-employment", person.ask_end),
    page("/users/<uuid:user_id>/end-employment", person.end_employment, "POST", person.person_page),
    page("/users/<uuid:user_id>/enable", person.enable, "POST", person.person_page),
)


def set_up(app: Flask) -> None:
    """Open the console."""
    blueprint = Blueprint("console", __name__, url_prefix="/console")
    page_guard.add(blueprint, PAGES)
    app.register_blueprint(blueprint)
    input_limits.take_file(app, "console.upload", bulk_invite.MOST_BYTES)
    input_limits.take_file(app, "console.save_branding", branding.MOST_BYTES)
    input_limits.take_file(app, "console.look_at_branding", branding.MOST_BYTES)
