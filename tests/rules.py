"""The rules of logging in: what each says in one line, and the tests that go red where it is broken.

Docstrings of tests name the rules by these ids. `tests/frame/test_rules.py` holds that every rule has a test and that every
test named here exists; `python -m tests.rules` prints the table. `open_` says what of a rule is not built, or not proved, yet.
`tests/breaks.py` breaks one line of each rule and runs the test that then goes red; the table names that test as well.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `tests`: file (below `tests/`, without `.py`) and function of each proof."""

    id: str
    says: str
    tests: tuple[str, ...]
    open_: str = ""


MODEL = "model/test_random_lives::test_random_lives"

RULES = (
    # The chain
    Rule(
        "A1",
        "One pure function of policy, factors, evidence, network, demand and moment decides every next step, anew each time.",
        (
            "laws/test_decide::test_complete_means_that_everything_owed_is_proved_and_nothing_else_was_asked",
            "flows/test_the_chain::test_the_policy_of_this_moment_holds_before_every_step",
            "flows/test_the_policy_changes_meanwhile::test_from_a_mailed_code_to_setting_up",
            MODEL,
        ),
    ),
    Rule(
        "A2",
        "Password, security code, new address, second factor, set-up, tenant, consent: in this order, each only where owed.",
        (
            "flows/test_the_chain::test_the_policy_makes_the_chain",
            "flows/test_the_chain::test_consent_comes_last_and_once",
            "flows/test_passkey_login::test_a_passkey_first_stands_for_everything",
            MODEL,
        ),
    ),
    Rule(
        "A3",
        "No address, button, tab, replayed form or other way in reaches past a step that is owed; half a login opens nothing.",
        (
            "flows/test_attacks::test_a_step_out_of_turn_is_not_taken",
            "flows/test_attacks::test_a_replayed_form_moves_nothing",
            "flows/test_attacks::test_a_half_open_login_opens_no_page",
            "flows/test_attacks::test_a_half_open_login_is_no_session_for_applications",
            "flows/test_forgotten_password::test_it_never_logs_in",
        ),
    ),
    Rule(
        "A4",
        "A login under way lives on the server for 15 minutes, in its own browser, beside others; expired, it begins again.",
        (
            "flows/test_attacks::test_another_browsers_login_cannot_be_gone_on_with",
            "flows/test_attacks::test_two_tabs_with_two_applications",
            "flows/test_attacks::test_an_expired_login_begins_again_with_the_same_request",
            "flows/test_attacks::test_a_moment_before_it_has_not_expired",
        ),
    ),
    Rule(
        "A5",
        "The session's id changes at every rise; `auth_time` reaches back to the oldest proof that the login rests on.",
        (
            "flows/test_the_chain::test_the_session_id_changes_at_every_rise",
            "flows/test_the_chain::test_a_session_id_of_somebodys_choice_is_never_adopted",
            "login/test_assurance::test_the_time_is_that_of_the_oldest_of_the_newest_proofs",
        ),
    ),
    Rule(
        "A6",
        "A running session is judged by the policy of the moment: what is newly owed is asked, and nothing more.",
        (
            "flows/test_the_chain::test_single_sign_on_is_judged_by_the_policy_of_now",
            "flows/test_the_chain::test_single_sign_on_asks_nothing_that_is_proved",
            "flows/test_known_ip::test_a_session_that_moves_elsewhere_owes_totp",
            MODEL,
        ),
    ),
    Rule(
        "A7",
        "Every decision keeps its reasons; history, audit log, explain and the console's simulator say the same ones.",
        (
            "laws/test_decide::test_the_explanation_is_what_a_login_then_asks",
            "laws/test_explain::test_an_application_demands_what_is_foreseen_of_it",
            "laws/test_explain::test_what_is_foreseen_of_an_application_is_what_it_asks",
            "cli/test_explain::test_a_known_ip_address_waives_totp_with_dates",
            "flows/test_login_history::test_it_says_what_explain_says",
            "flows/test_simulator::test_the_same_as_idp_explain",
        ),
    ),
    Rule(
        "A8",
        "A new step is one file and one line of the registry.",
        ("frame/test_a_new_step::test_a_step_is_a_file_and_a_line",),
    ),
    Rule(
        "A9",
        "A code, a device code, a pushed request, a refresh token, a subject token: the policy is asked when it is redeemed.",
        (
            "flows/test_judged_when_redeemed::test_a_code_from_before_two_factor_was_mandatory",
            "flows/test_judged_when_redeemed::test_a_device_that_was_allowed_before_two_factor_was_mandatory",
            "flows/test_judged_when_redeemed::test_everything_else_that_is_kept",
        ),
    ),
    Rule(
        "A10",
        "What was not compared, for load or for a store that is gone, counts as no failure and is recorded as none.",
        (
            "flows/test_turned_away::test_right_passwords_while_no_place_is_free",
            "flows/test_turned_away::test_right_recovery_codes_while_no_place_is_free",
            "flows/test_turned_away::test_the_present_password_while_no_place_is_free",
            "flows/test_turned_away::test_a_store_that_does_not_answer_in_time",
            "flows/test_turned_away::test_a_code_with_nothing_to_compare_it_with",
        ),
    ),
    # Mandatory two-factor
    Rule(
        "B1",
        "Mandatory two-factor binds everybody who works for the tenant: employees, administrators, accountants.",
        (
            "flows/test_mandatory_two_factor::test_it_binds_every_kind_of_user",
            "flows/test_mandatory_two_factor::test_it_binds_an_accountant_who_works_for_that_tenant",
            "flows/test_console_settings::test_making_it_mandatory_binds_the_administrator",
        ),
    ),
    Rule(
        "B2",
        "Whoever has none meets the note and nothing else until it is set up; silent requests are told `interaction_required`.",
        (
            "flows/test_mandatory_two_factor::test_the_administrator_makes_it_mandatory_and_the_next_login_shows_it",
            "flows/test_mandatory_two_factor::test_half_a_login_opens_no_page",
            "flows/test_mandatory_two_factor::test_a_dutch_page_has_a_dutch_note",
            "flows/test_mandatory_two_factor::test_without_a_page_there_is_no_way",
            "spec/openid_connect_core/test_prompt_none::test_while_two_factor_must_be_set_up",
        ),
    ),
    Rule(
        "B3",
        "One right code confirms a new secret; until then the old one counts; then the interrupted request goes on.",
        (
            "flows/test_mandatory_two_factor::test_only_a_correct_code_confirms",
            "flows/test_account_two_factor::test_the_old_phone_works_until_the_new_one_is_confirmed",
            "flows/test_the_whole_story::test_from_the_first_set_up_to_the_administrators_last_word",
        ),
    ),
    Rule(
        "B4",
        "A passkey that verifies its user satisfies mandatory two-factor.",
        (
            "flows/test_passkey_login::test_a_mandatory_second_factor_is_met_by_a_passkey",
            "flows/test_passkey_login::test_a_passkey_is_set_up_instead_of_totp",
            "flows/test_passkey_as_second_factor::test_refresh_tokens_go_on_where_two_factor_is_mandatory",
            "browser/test_passkeys::test_a_passkey_alone_meets_what_is_mandatory",
        ),
    ),
    Rule(
        "B5",
        "While it is mandatory nobody switches off their last second factor; switching one off needs a fresh proof of all.",
        (
            "flows/test_mandatory_two_factor::test_the_last_second_factor_cannot_be_switched_off",
            "flows/test_mandatory_two_factor::test_an_old_form_switches_nothing_off",
            "flows/test_mandatory_two_factor::test_switching_off_needs_a_fresh_proof",
            "flows/test_account_authenticators::test_the_last_one_stays_where_it_is_mandatory",
        ),
    ),
    Rule(
        "B6",
        "Before saving, the console says how many and who have no two-factor, and it can mail them.",
        (
            "flows/test_console_settings::test_it_says_who_has_no_two_factor",
            "flows/test_reminders::test_whoever_has_none_is_mailed",
            "flows/test_reminders::test_once_a_day",
            "flows/test_security_center::test_it_says_who_is_safe",
        ),
    ),
    Rule(
        "B7",
        "Ten recovery codes, shown once, hashed at rest, each standing for one TOTP and for no known address.",
        (
            "flows/test_mandatory_two_factor::test_ten_recovery_codes_are_shown_once",
            "flows/test_mandatory_two_factor::test_a_recovery_code_stands_for_one_totp",
            "flows/test_account_two_factor::test_renewing_recovery_codes",
            "crypto/test_recovery::test_a_code_verifies_against_its_own_hash_only",
            "races/test_exactly_one_wins::test_one_recovery_code",
            "browser/test_a_lost_phone::test_by_a_recovery_code",
        ),
    ),
    Rule(
        "B8",
        "An administrator resets another's two-factor, which ends everything of theirs; no click takes the last administrator.",
        (
            "flows/test_console_people::test_a_reset_takes_every_second_factor",
            "flows/test_console_people::test_a_reset_ends_known_addresses",
            "flows/test_console_people::test_nobody_does_it_to_themselves",
            "flows/test_console_people::test_two_administrators_at_the_same_moment",
            "browser/test_a_lost_phone::test_by_the_administrator",
        ),
    ),
    # Once every 30 days
    Rule(
        "C1",
        "Once every 30 days is the user's own choice, off by default, on the security page and at the TOTP step.",
        (
            "flows/test_known_ip::test_the_choice_is_off_by_default",
            "flows/test_known_ip::test_choosing_it_on_the_security_page",
            "flows/test_known_ip::test_the_totp_step_offers_the_choice",
        ),
    ),
    Rule(
        "C2",
        "A right TOTP makes the grant of an IPv4 address or a /64, for 30 days; recovery codes, passkeys and use do not.",
        (
            "flows/test_known_ip::test_it_ends_30_days_after_the_totp",
            "flows/test_known_ip::test_use_does_not_extend_it",
            "flows/test_known_ip::test_the_network_is_an_ipv4_address_or_a_64",
            "flows/test_mandatory_two_factor::test_a_recovery_code_stands_for_one_totp",
            "flows/test_passkey_login::test_a_passkey_makes_no_known_address",
            MODEL,
        ),
    ),
    Rule(
        "C3",
        "A grant takes the place of TOTP and of nothing else.",
        (
            "laws/test_decide::test_a_grant_takes_the_place_of_totp_and_of_nothing_else",
            "flows/test_known_ip::test_a_totp_with_the_choice_on_spares_the_next_one",
        ),
    ),
    Rule(
        "C4",
        "Limited validity: no grant counts from the moment of saving, cached or not; lifting it revives none.",
        (
            "flows/test_known_ip::test_limited_validity_asks_at_every_login",
            "flows/test_known_ip::test_the_limit_itself_holds",
            "flows/test_known_ip::test_lifting_the_limit_revives_nothing",
            "flows/test_known_ip::test_the_user_page_says_that_the_administrator_barred_it",
            "flows/test_without_the_cache::test_a_limit_set_without_redis_holds_when_it_is_back",
        ),
    ),
    Rule(
        "C5",
        "Another password, TOTP or security code, and whatever else ends trust, voids the grants; a rotated code is asked anew.",
        (
            "flows/test_judged_when_redeemed::test_a_session_is_asked_the_new_code_and_nothing_else",
            "flows/test_judged_when_redeemed::test_a_login_under_way_is_asked_the_new_code",
            "flows/test_judged_when_redeemed::test_whoever_rotates_it_sees_it_and_goes_on",
            "flows/test_known_ip::test_what_voids_a_grant",
            "flows/test_known_ip::test_revoking_from_the_security_page",
            "flows/test_sessions::test_known_addresses_end_with_it",
            "flows/test_passwords::test_a_known_address_is_not_enough",
            "flows/test_without_the_cache::test_a_cached_grant_from_before_is_worthless",
            MODEL,
        ),
    ),
    Rule(
        "C6",
        "Where the tenant wants it, a grant also needs the browser that earned it.",
        ("flows/test_known_ip::test_same_browser_only", MODEL),
    ),
    Rule(
        "C7",
        "A grant meets no demand for two-factor, and a login that used one says neither `otp` nor `mfa`.",
        (
            "laws/test_decide::test_a_demand_for_a_second_factor_is_never_met_by_a_grant",
            "laws/test_decide::test_a_waived_login_says_neither_otp_nor_mfa",
            "flows/test_known_ip::test_a_demand_for_2fa_is_never_met_by_a_grant",
            MODEL,
        ),
    ),
    Rule(
        "C8",
        "SQL holds the truth of grants; Redis empty, slow, gone or lying grants nothing and breaks nothing.",
        (
            "flows/test_without_the_cache::test_a_grant_counts_without_redis",
            "flows/test_known_ip::test_a_clock_set_back_revives_no_grant",
            "flows/test_without_the_cache::test_a_grant_that_is_made_up_is_worthless",
            "flows/test_without_the_cache::test_a_hanging_redis_costs_little",
            "flows/test_known_ip::test_a_row_that_was_deleted_by_hand_is_gone",
            "model/test_random_lives::test_random_lives_while_redis_comes_and_goes",
        ),
    ),
    Rule(
        "C9",
        "The address is the socket's, or behind trusted proxies the right-most that is none of them; unreadable is nobody's.",
        (
            "flows/test_known_ip::test_without_trusted_proxies_no_header_is_believed",
            "flows/test_known_ip::test_the_address_behind_proxies",
            "flows/test_known_ip::test_an_address_that_cannot_be_read_is_nobodys",
            "login/test_network::test_x_forwarded_for",
            "proxies/test_header_names::test_an_address_under_such_a_name_is_nobodys",
            "flows/test_console_settings::test_it_says_how_we_see_the_administrator",
        ),
    ),
    Rule(
        "C10",
        "People see their known addresses with their dates and revoke one or all.",
        (
            "flows/test_account_page::test_a_known_address_is_shown_with_its_dates",
            "flows/test_account_page::test_a_voided_address_is_not_shown",
            "flows/test_known_ip::test_revoking_all_of_them",
            MODEL,
        ),
    ),
    # New addresses, guessing, recovery
    Rule(
        "D1",
        "Where the policy blocks new addresses, one is validated by mail: 10 minutes, for its login, five mails an hour.",
        (
            "flows/test_new_ip::test_the_code_of_the_mail_validates",
            "flows/test_new_ip::test_a_code_is_of_one_login",
            "flows/test_new_ip::test_it_validates_the_address_that_asked",
            "flows/test_new_ip::test_ten_minutes",
            "flows/test_new_ip::test_five_mails_an_hour",
            "flows/test_new_addresses::test_it_is_no_known_ip_grant",
            "flows/test_new_ip::test_it_can_be_said_of_one_user",
            "browser/test_every_story::test_it_is_told",
            MODEL,
        ),
    ),
    Rule(
        "D2",
        "The fifth failure begins 30 seconds, doubling to 15 minutes; the office is counted apart; 20 second-factor tries an hour.",
        (
            "login/test_throttle::test_the_fifth_failure_begins_a_delay_that_doubles",
            "login/test_throttle::test_delays_run_and_end",
            "login/test_throttle::test_strangers_share_one_count_and_the_office_has_its_own",
            "login/test_throttle::test_twenty_second_factor_tries_an_hour",
            "login/test_throttle::test_parallel_tries_cannot_race_past_a_delay",
            "flows/test_turned_away::test_a_delay_that_begins_during_the_comparison_holds",
            "login/test_throttle::test_ten_thousand_tries_stay_within_the_budget",
            "login/test_throttle::test_a_right_answer_puts_off_no_forgetting",
            MODEL,
        ),
    ),
    Rule(
        "D3",
        "An unknown name, a wrong password and a disabled user get the same page, words and work.",
        (
            "flows/test_guessing::test_unknown_wrong_and_disabled_are_one",
            "crypto/test_passwords::test_the_same_work_for_nobody",
            "accounts/test_password_costs::test_unknown_names_cost_what_known_ones_do",
            "accounts/test_password_costs::test_a_name_costs_the_same_each_time",
            "accounts/test_password_costs::test_it_follows_the_people",
            "accounts/test_password_costs::test_a_login_does_the_work_of_somebody",
        ),
    ),
    Rule(
        "D4",
        "A TOTP code counts in its own step and one on each side, once.",
        (
            "flows/test_guessing::test_a_code_is_good_once",
            "flows/test_guessing::test_one_step_on_each_side",
            "flows/test_guessing::test_a_clock_set_back_revives_no_code",
            "races/test_exactly_one_wins::test_one_totp_code",
            MODEL,
        ),
    ),
    Rule(
        "D5",
        "A reset proves the mailbox alone: another password, everything of before ended, nobody logged in, no factor touched.",
        (
            "flows/test_forgotten_password::test_it_never_logs_in",
            "flows/test_forgotten_password::test_it_leaves_the_factors",
            "flows/test_forgotten_password::test_it_ends_what_was_before",
            MODEL,
        ),
    ),
    Rule(
        "D6",
        "Invitations (a day) and resets (half an hour) are links good once, kept hashed, at our own address.",
        (
            "flows/test_forgotten_password::test_it_works_for_half_an_hour",
            "flows/test_forgotten_password::test_a_used_link_is_useless",
            "flows/test_forgotten_password::test_the_link_is_ours",
            "flows/test_forgotten_password::test_no_token_at_rest",
            "flows/test_invitations::test_it_works_for_a_day",
            "flows/test_invitations::test_a_used_link_is_useless",
            "flows/test_invitations::test_the_link_is_ours_and_lies_nowhere",
            MODEL,
        ),
    ),
    Rule(
        "D7",
        "Passwords: 12 characters (8 with a second factor) to 128, nothing common or like the person; Argon2id, renewed at login.",
        (
            "accounts/test_passwords::test_the_shortest",
            "accounts/test_passwords::test_the_longest",
            "accounts/test_passwords::test_common",
            "accounts/test_passwords::test_like_the_person",
            "crypto/test_passwords::test_the_default_is_argon2id_at_19_mib",
            "flows/test_guessing::test_a_hash_of_weaker_parameters_is_renewed_at_login",
        ),
    ),
    Rule(
        "D8",
        "A mail tells of a new place, another password, a factor that came or went, a used recovery code, a reset.",
        (
            "flows/test_new_ip::test_the_mail_about_a_new_place",
            "flows/test_passwords::test_the_person_is_told",
            "flows/test_forgotten_password::test_it_is_audited_and_told",
            "flows/test_account_authenticators::test_adding_is_told_and_ends_the_other_sessions",
            "flows/test_console_people::test_a_reset_takes_every_second_factor",
            "flows/test_not_me::test_everything_ends",
        ),
    ),
    # Tenants
    Rule(
        "E1",
        "Nothing of one tenant shows or changes anything of another; another's id looks like none.",
        (
            "flows/test_tenants::test_an_administrator_of_one_tenant_is_none_in_another",
            "flows/test_tenants::test_the_home_tenants_code_does_not_open_another",
            "flows/test_console_people::test_another_companys_user_looks_like_none",
            "flows/test_console_sessions::test_a_guests_session_ends_for_this_company_alone",
            "flows/test_console_sessions::test_a_guest_who_went_on_for_another_company",
            "flows/test_console_sessions::test_her_own_company_ends_the_login_and_nothing_that_others_gave",
            "flows/test_account_page::test_an_unknown_address_cannot_be_revoked",
            "flows/test_account_authenticators::test_somebody_elses_looks_like_none",
            "flows/test_passkey_card::test_somebody_elses_passkey_does_not_exist",
            "flows/test_helpdesk::test_another_company_looks_like_none",
        ),
    ),
    Rule(
        "E2",
        "A tenant's application refuses others' users before a code exists; a platform's takes all and may name the tenant.",
        (
            "flows/test_tenants::test_a_tenants_application_refuses_the_users_of_another",
            "flows/test_tenants::test_a_session_of_another_tenant_is_refused_too",
            "flows/test_tenants::test_a_platform_application_takes_every_tenants_users",
            "flows/test_tenants::test_a_tenant_that_the_user_is_no_member_of",
            MODEL,
        ),
    ),
    Rule(
        "E3",
        "A member works for one tenant at a time under its whole policy, in every application; grants belong to the person.",
        (
            "flows/test_tenants::test_the_chain_begins_at_home_and_the_choice_comes_after",
            "flows/test_tenants::test_a_named_tenants_chain_alone_is_owed",
            "flows/test_tenants::test_the_working_tenants_policy_holds_in_full",
            "flows/test_tenants::test_switching_may_ask_a_further_step",
            "flows/test_tenants::test_grants_belong_to_the_person_and_count_by_tenant",
            "flows/test_switching::test_a_switch_asks_what_the_other_policy_asks_more",
            "flows/test_switching::test_a_request_that_names_another_moves_the_session",
            "flows/test_switching::test_a_silent_request_that_names_another_moves_the_session",
            "flows/test_switching::test_a_step_up_stays_with_the_company",
            "flows/test_switching::test_tokens_keep_the_company_they_were_given_for",
            "laws/test_decide::test_a_request_that_names_no_tenant_stays_with_the_sessions",
            "flows/test_switching::test_an_ended_membership_is_no_place_to_work",
            "flows/test_connect_code::test_from_the_code_to_the_books",
            "flows/test_connect_code::test_either_side_ends_it",
            "browser/test_another_company::test_only_what_is_missing",
            MODEL,
        ),
    ),
    Rule(
        "E4",
        "The helpdesk sees a tenant only while an administrator's grant lives, a month at most, with a history.",
        (
            "flows/test_helpdesk::test_the_console_for_a_month",
            "flows/test_helpdesk::test_a_session_that_is_running_ends_with_the_access",
            "flows/test_helpdesk::test_everything_that_writes_is_refused_in_words",
            "flows/test_helpdesk::test_tokens_name_who_acts_and_die_with_the_access",
            "flows/test_helpdesk::test_the_history_is_paged",
            "flows/test_helpdesk::test_a_month",
        ),
    ),
    Rule(
        "E5",
        "Ending an employment ends login, sessions, refresh tokens and grants at once, and tells the applications.",
        (
            "flows/test_console_people::test_end_of_employment_ends_everything_at_once",
            "cli/test_looking::test_disabling_a_user_ends_what_is_remembered",
            "flows/test_attacks::test_a_disabled_user_goes_no_further",
            "spec/openid_connect_backchannel/test_endings::test_the_end_of_an_employment",
            "spec/openid_connect_backchannel/test_endings::test_a_command_of_the_operator",
            MODEL,
        ),
    ),
    Rule(
        "E6",
        "Ten thousand tenants, a million users: every list is paged, every query has an index.",
        (
            "flows/test_console_people::test_the_list_is_read_page_by_page",
            "flows/test_console_people::test_the_list_costs_the_same_however_many_there_are",
            "flows/test_login_history::test_an_index_answers",
            "flows/test_switching::test_the_choice_among_five_hundred",
            "flows/test_connect_code::test_many_accountants_are_paged",
            "cli/test_looking::test_lists_are_paged_by_name",
        ),
        "A million rows are measured nowhere.",
    ),
    Rule(
        "E7",
        "A claim is told only under a scope that is registered and allowed, whatever asks; nothing tells who somebody is beforehand.",
        (
            "laws/test_claims::test_a_claim_is_told_where_its_scope_is_registered_and_allowed",
            "spec/openid_connect_core/test_claims_and_consent::test_what_is_not_registered_is_not_told",
            "spec/openid_connect_core/test_claims_and_consent::test_what_claims_ask_stands_on_the_page",
            "spec/openid_connect_core/test_claims_and_consent::test_more_is_asked_anew",
            "spec/openid_connect_core/test_claims_and_consent::test_a_registration_that_grew_before_the_button",
            "spec/openid_connect_core/test_nothing_told_before::test_a_sub_tells_nobodys_name",
            "spec/openid_connect_core/test_nothing_told_before::test_a_hint_tells_nobodys_name",
            "spec/openid_connect_core/test_nothing_told_before::test_no_tenant_tells_for_whom_somebody_works",
            "spec/openid_connect_core/test_nothing_told_before::test_no_sub_tells_who_is_logged_in",
        ),
    ),
)


def table() -> str:
    """The rules with their proofs, as text."""
    lines = []
    for rule in RULES:
        lines.append(f"{rule.id:4}{rule.says}")
        lines += [f"       {test}" for test in rule.tests]
        lines += [f"       OPEN: {rule.open_}"] if rule.open_ else []
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201 - that is what it is for
