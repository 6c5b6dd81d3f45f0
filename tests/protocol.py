"""What the protocol must never do: each promise in a line, and the tests that go red where it is broken.

Beside the rules of logging in (`tests/rules.py`). `tests/frame/test_rules.py` holds that every promise has a proof and that every
test named here exists; a test that is a sentence of a document says which in its docstring.
"""

from __future__ import annotations

from dataclasses import dataclass

CORE = "spec/openid_connect_core"
OAUTH = "spec/rfc6749"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise. `tests`: file (below `tests/`, without `.py`) and function of each proof."""

    says: str
    tests: tuple[str, ...]


PROMISES = (
    # Where answers go
    Promise(
        "An address is compared as it stands: nothing near it will do, no pattern can be registered; a loopback port may vary natively.",
        (
            f"{CORE}/test_authorization_request::test_what_cannot_be_answered_gets_a_page",
            "spec/rfc9700/test_redirects::test_but_nothing_else_of_it",
            "spec/rfc9700/test_redirects::test_a_web_applications_port_may_not",
            "spec/openid_connect_registration/test_metadata::test_a_wrong_value_is_named_with_its_key",
        ),
    ),
    Promise(
        "Nothing, not even an error, is sent to an address that is not registered: a page says it.",
        (
            f"{CORE}/test_authorization_request::test_what_cannot_be_answered_gets_a_page",
            f"{CORE}/test_authorization_request::test_an_address_sent_twice_gets_a_page",
            "spec/rfc9101/test_request_objects::test_a_forged_object_leads_nowhere_else",
            "spec/rfc9126/test_pushed_requests::test_one_that_never_was",
            "fuzz/test_protocol::test_authorize",
        ),
    ),
    Promise(
        "`state` comes back to the letter or not at all; `iss` is in every answer.",
        (
            f"{CORE}/test_authorization_request::test_a_state_comes_back_unchanged",
            f"{CORE}/test_authorization_request::test_a_state_sent_twice_is_not_sent_back",
            "spec/rfc9207/test_iss::test_every_answer_has_it",
        ),
    ),
    Promise(
        "After a password comes a 303; no POST is handed on.",
        (
            "spec/rfc9700/test_redirects::test_no_form_of_the_login_is_sent_on",
            "spec/rfc9700/test_redirects::test_an_answer_is_a_303_that_nobody_keeps",
        ),
    ),
    Promise(
        "No script of another origin reads the authorization endpoint or a page; elsewhere no cookie counts.",
        (
            "spec/rfc9700/test_redirects::test_no_cors_at_the_authorization_endpoint",
            "spec/rfc9700/test_redirects::test_no_page_is_read_by_another_origin",
        ),
    ),
    # What may be asked
    Promise(
        "Codes only: no token in the front channel, no password grant, no grant that the client is not registered for.",
        (
            f"{CORE}/test_authorization_request::test_a_wrong_request_is_told_to_the_application",
            f"{CORE}/test_authorization_request::test_a_client_that_is_not_registered_for_codes",
            "spec/rfc9700/test_grants::test_these_grants_and_no_others",
            "spec/rfc9700/test_grants::test_a_right_password_gets_nothing",
            "spec/rfc9700/test_grants::test_it_is_not_imported",
            "spec/rfc9700/test_grants::test_nobody_registers_it",
            "spec/rfc9700/test_grants::test_the_console_gives_none",
            "spec/rfc9700/test_grants::test_no_token_in_the_front_channel_is_registered",
            f"{OAUTH}/test_token_endpoint::test_an_unknown_grant_type",
            f"{OAUTH}/test_token_endpoint::test_a_client_that_is_not_registered_for_codes",
            f"{OAUTH}/test_refresh_token::test_it_is_only_for_clients_that_registered",
            f"{OAUTH}/test_client_credentials::test_a_client_that_is_not_registered_for_it",
            "spec/rfc8628/test_device_grant::test_a_client_that_is_not_for_devices",
            "spec/rfc8693/test_token_exchange::test_a_client_that_is_not_registered_for_it",
        ),
    ),
    Promise(
        "PKCE with S256, of everybody who is not registered otherwise; a nonce guards the rest; a verifier without challenge is refused.",
        (
            "spec/rfc7636/test_pkce::test_a_wrong_challenge",
            "spec/rfc7636/test_pkce::test_a_public_client_never_goes_without",
            "spec/rfc7636/test_pkce::test_going_without_needs_a_nonce",
            "spec/rfc7636/test_pkce::test_that_does_away_with_no_challenge",
            "spec/rfc7636/test_pkce::test_a_verifier_without_a_challenge",
            "spec/rfc7636/test_pkce::test_who_sends_a_challenge_is_held_to_it",
            f"{OAUTH}/test_authorization_code::test_a_wrong_request_burns_nothing",
        ),
    ),
    Promise(
        "A request object is signed by a registered key with the registered algorithm, once where it has a name, or refused.",
        (
            "spec/rfc9101/test_request_objects::test_an_object_that_is_not_signed",
            "spec/rfc9101/test_request_objects::test_a_shared_secret_signs_nothing",
            "spec/rfc9101/test_request_objects::test_the_registered_algorithm_and_no_other",
            "spec/rfc9101/test_request_objects::test_a_client_without_keys",
            "spec/rfc9101/test_request_objects::test_one_with_a_name_is_good_once",
        ),
    ),
    Promise(
        "`request_uri` is only what was pushed here: by its own client, not too often, for a while, answered once.",
        (
            f"{CORE}/test_authorization_request::test_a_wrong_request_is_told_to_the_application",
            "spec/rfc9126/test_pushed_requests::test_it_is_its_own_clients",
            "spec/rfc9126/test_pushed_requests::test_it_is_soon_too_old",
            "spec/rfc9126/test_pushed_requests::test_it_is_answered_once_also_at_the_same_moment",
            "spec/rfc9126/test_pushed_requests::test_so_many_in_a_minute",
        ),
    ),
    Promise(
        "No parameter comes twice, at any endpoint.",
        (
            f"{CORE}/test_authorization_request::test_no_parameter_comes_twice",
            f"{CORE}/test_authorization_request::test_a_parameter_in_the_address_and_in_the_form_comes_twice",
            f"{OAUTH}/test_token_endpoint::test_no_parameter_twice_at_any_endpoint",
            "spec/rfc6750/test_bearer_tokens::test_a_form_that_is_malformed",
            "spec/rfc7591/test_registration::test_what_is_no_json_object",
            "spec/openid_connect_rpinitiated/test_logout::test_no_parameter_twice",
            "flows/test_attacks::test_an_answer_given_twice_is_a_wrong_answer",
        ),
    ),
    Promise(
        "Hostile input gets a refusal in the format of its reader, never a 5xx.",
        (
            "flows/test_bad_input::test_the_authorization_endpoint",
            "flows/test_bad_input::test_the_token_endpoint",
            "flows/test_bad_input::test_odd_bodies",
            "flows/test_bad_input::test_every_address",
            "frame/test_refusals::test_nul_and_what_is_no_utf_8_are_refused",
            "frame/test_refusals::test_too_much_is_refused",
            "fuzz/test_protocol::test_endpoints_of_programs",
        ),
    ),
    # Whose login it is
    Promise(
        "`prompt=none` shows no page; `prompt=login` and `max_age` are met by no earlier login; a hint of somebody else by nobody else.",
        (
            f"{CORE}/test_prompt_none::test_without_a_login",
            f"{CORE}/test_prompt_none::test_with_a_login_that_is_too_old",
            f"{CORE}/test_prompt_none::test_when_consent_is_missing",
            f"{CORE}/test_authorization_request::test_no_earlier_login_satisfies_prompt_login",
            f"{CORE}/test_authorization_request::test_max_age_asks_after_an_old_login",
            f"{CORE}/test_authorization_request::test_id_token_hint_of_somebody_else",
        ),
    ),
    Promise(
        "Applications of others have what the person allowed, until it is taken back; our own ask nothing.",
        (
            f"{CORE}/test_consent::test_consent_is_of_one_person",
            f"{CORE}/test_consent::test_something_new_is_asked",
            f"{CORE}/test_consent::test_it_can_be_taken_back",
            f"{CORE}/test_consent::test_prompt_consent_of_a_first_party_application",
        ),
    ),
    Promise(
        "Logging out leads to registered addresses only, unasked only with a hint of this very session.",
        (
            "spec/openid_connect_rpinitiated/test_logout::test_an_address_that_is_not_registered",
            "spec/openid_connect_rpinitiated/test_logout::test_without_a_hint_the_person_is_asked",
            "spec/openid_connect_rpinitiated/test_logout::test_a_hint_of_another_session",
            "spec/openid_connect_rpinitiated/test_logout::test_what_is_no_id_token",
            "spec/openid_connect_frontchannel/test_frames::test_what_is_in_a_state_does_nothing",
        ),
    ),
    Promise(
        "What is announced is done, and what is done is announced.",
        (
            "spec/openid_connect_discovery/test_exact::test_what_may_be_registered_is_what_is_announced",
            "spec/openid_connect_discovery/test_exact::test_every_list_of_algorithms_is_among_them",
            "spec/openid_connect_discovery/test_exact::test_every_algorithm_signs",
            "spec/openid_connect_discovery/test_exact::test_every_algorithm_is_believed",
            "spec/openid_connect_discovery/test_exact::test_every_algorithm_proves",
            "spec/openid_connect_discovery/test_exact::test_every_claim_is_told",
            "spec/openid_connect_discovery/test_exact::test_every_mode_prompt_and_language",
            "spec/rfc9700/test_grants::test_these_grants_and_no_others",
        ),
    ),
    # Codes and tokens
    Promise(
        "A code is good once, for a minute, for its client, address, tenant, session and verifier.",
        (
            f"{OAUTH}/test_authorization_code::test_it_is_good_once",
            f"{OAUTH}/test_authorization_code::test_it_is_good_for_a_minute",
            f"{OAUTH}/test_authorization_code::test_a_wrong_request_burns_nothing",
            f"{OAUTH}/test_authorization_code::test_it_is_its_clients",
            f"{OAUTH}/test_authorization_code::test_what_ends_it_before_its_use",
            "flows/test_tenants::test_a_code_is_of_its_own_application",
        ),
    ),
    Promise(
        "The second use of a code ends what the first one gave.",
        (
            f"{OAUTH}/test_authorization_code::test_it_is_good_once",
            f"{OAUTH}/test_authorization_code::test_a_second_use_counts_whatever_else_is_wrong_with_it",
            f"{OAUTH}/test_authorization_code::test_a_second_use_ends_the_refresh_tokens_too",
        ),
    ),
    Promise(
        "Refresh tokens rotate; a second use ends the family; there is an end to it, and never more scope.",
        (
            f"{OAUTH}/test_refresh_token::test_it_is_rotated",
            f"{OAUTH}/test_refresh_token::test_a_later_second_use_revokes_the_family",
            f"{OAUTH}/test_refresh_token::test_the_family_ends_after_90_days",
            f"{OAUTH}/test_refresh_token::test_the_scope_never_becomes_more",
        ),
    ),
    Promise(
        "Of sixteen at the same moment one wins.",
        (
            "races/test_exactly_one_wins::test_one_code",
            "races/test_exactly_one_wins::test_one_refresh_token",
            "races/test_exactly_one_wins::test_one_assertion",
            "races/test_exactly_one_wins::test_one_totp_code",
            "races/test_exactly_one_wins::test_one_recovery_code",
            "spec/rfc8628/test_device_grant::test_of_many_questions_at_once_one_gets_the_tokens",
        ),
    ),
    Promise(
        "JSON and JWTs that others wrote are read in one place, with bounds; odd ones are refused, in the form of where they came.",
        (
            "spec/rfc7515/test_what_is_sent::test_an_odd_header",
            "spec/rfc7515/test_what_is_sent::test_what_is_no_header_and_no_payload",
            "spec/rfc7515/test_what_is_sent::test_an_empty_crit_of_our_own",
            "spec/rfc7515/test_what_is_sent::test_a_type_is_a_media_type",
            "spec/rfc7515/test_what_is_sent::test_another_type_is_another",
            "spec/rfc6749/test_client_authentication::test_an_id_that_is_no_text_is_nobodys",
            "frame/test_foreign_json::test_it_is_parsed_in_one_place",
            "frame/test_foreign_json::test_what_is_no_object_is_a_value",
            "frame/test_database::test_what_is_no_text_reaches_no_database",
            "fuzz/test_foreign_json::test_a_jwt",
            "fuzz/test_foreign_json::test_a_client_in_a_header",
            "fuzz/test_foreign_json::test_a_registration",
            "fuzz/test_foreign_json::test_what_a_passkey_answers",
        ),
    ),
    Promise(
        "Kinds of tokens are no other kinds; the algorithm and the key are ours to know.",
        (
            "spec/rfc8725/test_forged_tokens::test_a_kind_is_no_other_kind",
            "spec/rfc8725/test_forged_tokens::test_the_tokens_of_one_login_are_not_interchangeable",
            "spec/rfc8725/test_forged_tokens::test_a_forged_access_token",
            "spec/rfc8725/test_forged_tokens::test_a_forged_hint",
            "spec/rfc8725/test_forged_tokens::test_a_key_signs_with_its_own_algorithm_only",
            "spec/rfc8725/test_algorithms::test_every_verification_names_its_algorithms",
            "spec/rfc8725/test_algorithms::test_nothing_is_verified_in_another_way",
            "spec/rfc8725/test_algorithms::test_a_registry_that_names_no_algorithm_has_none",
            "spec/rfc8725/test_algorithms::test_a_client_assertion",
            "spec/rfc8725/test_algorithms::test_a_request_object",
            "spec/rfc8725/test_algorithms::test_a_proof",
            "spec/rfc8725/test_algorithms::test_an_access_token",
            "spec/rfc8725/test_algorithms::test_revoking_by_it",
            "spec/rfc8725/test_algorithms::test_a_hint_at_the_authorization_endpoint",
            "spec/rfc8725/test_algorithms::test_a_hint_at_the_logout",
            f"{CORE}/test_id_token::test_what_it_says",
            f"{CORE}/test_id_token::test_the_registered_algorithm",
            "spec/rfc9068/test_access_tokens::test_what_it_says",
        ),
    ),
    Promise(
        "What lets somebody in cannot be guessed and says nothing.",
        (
            "spec/rfc8725/test_forged_tokens::test_nothing_can_be_guessed",
            f"{OAUTH}/test_authorization_code::test_it_has_no_readable_content",
        ),
    ),
    Promise(
        "A key is published before it signs and until its last token is over.",
        (
            "spec/rfc7517/test_keys::test_a_next_key_is_published_for_a_while_first",
            "spec/rfc7517/test_keys::test_a_retired_key_is_published_for_a_day",
            "spec/rfc7517/test_keys::test_nobody_ever_meets_a_token_that_cannot_be_verified",
            "spec/openid_connect_discovery/test_configuration::test_a_copy_is_confirmed",
        ),
    ),
    # Who the client is
    Promise(
        "A client proves itself at every endpoint, by its registered method, by one at a time.",
        (
            f"{OAUTH}/test_client_authentication::test_every_endpoint_asks_who_is_there",
            f"{OAUTH}/test_client_authentication::test_only_the_registered_method",
            f"{OAUTH}/test_client_authentication::test_either_place_is_no_third_one",
            f"{OAUTH}/test_client_authentication::test_one_method_a_request",
        ),
    ),
    Promise(
        "What is secret is compared in constant time.",
        (
            "frame/test_comparisons::test_nothing_secret_is_compared_with_an_operator",
            "frame/test_comparisons::test_every_secret_is_compared_where_the_table_says",
        ),
    ),
    Promise(
        "Who does not prove itself burns no code.",
        (f"{OAUTH}/test_authorization_code::test_a_client_that_does_not_authenticate_burns_nothing",),
    ),
    Promise(
        "An assertion is the client's own, for us, short, of a registered key and algorithm, not too large, understood, once.",
        (
            "spec/rfc7523/test_private_key_jwt::test_a_wrong_assertion",
            "spec/rfc7523/test_private_key_jwt::test_its_times",
            "spec/rfc7523/test_private_key_jwt::test_it_is_good_once",
            "spec/rfc7523/test_private_key_jwt::test_only_the_registered_algorithm",
            "spec/rfc7523/test_private_key_jwt::test_a_key_that_the_assertion_brings",
            "spec/rfc7523/test_private_key_jwt::test_a_critical_header_that_is_not_understood",
            "spec/rfc7523/test_private_key_jwt::test_one_that_is_too_large",
        ),
    ),
    Promise(
        "Introspection and revocation are for one's own tokens; nothing is learned of another's.",
        (
            "spec/rfc7662/test_introspection::test_another_clients_tokens",
            "spec/rfc7662/test_introspection::test_no_token_of_ours",
            "spec/rfc7662/test_introspection::test_a_resource_of_one_tenant_hears_nothing_of_another",
            "spec/rfc7009/test_revocation::test_another_clients_token",
            "spec/rfc7009/test_revocation::test_no_token_is_as_good_as_revoked",
        ),
    ),
    Promise(
        "Nobody registers without a token of the operator's; what is registered is checked; a registration is its own client's.",
        (
            "spec/rfc7591/test_registration::test_nobody_registers_without_a_token",
            "spec/rfc7591/test_registration::test_metadata_that_cannot_be_registered",
            "spec/rfc7591/test_registration::test_what_only_an_administrator_gives",
            "spec/rfc7592/test_management::test_only_by_its_own_token",
        ),
    ),
    # What strangers leave behind (R82)
    Promise(
        "Of a request is kept what somebody reads of it, and so much in all; what is beside it, or unsigned, changes nothing.",
        (
            "flows/test_left_behind::test_unknown_parameters_of_an_authorization_request_are_not_kept",
            "flows/test_left_behind::test_nor_those_of_a_pushed_one",
            "flows/test_left_behind::test_nor_those_of_a_logout",
            "flows/test_left_behind::test_the_known_ones_have_a_bound_together",
            "spec/rfc9101/test_request_objects::test_an_object_that_nobody_signed_changes_nothing",
        ),
    ),
    Promise(
        "What an unknown browser or program leaves behind is bounded by network and in all, and keeps no office out.",
        (
            "flows/test_left_behind::test_a_network_that_left_too_much_behind",
            "flows/test_left_behind::test_there_is_room_again_after_the_time_that_was_told",
            "flows/test_left_behind::test_whoever_is_logged_in_goes_on",
            "flows/test_left_behind::test_an_office_is_not_kept_out",
            "flows/test_left_behind::test_all_networks_together",
            "flows/test_left_behind::test_what_programs_leave_behind",
            "spec/rfc7592/test_management::test_changes_have_a_pace",
            "spec/rfc8628/test_device_grant::test_a_guess_that_is_refused_costs_one_look",
        ),
    ),
    Promise(
        "Failures of nobody are counted and not listed; a passkey's slow their network, then their person, down.",
        (
            "flows/test_left_behind::test_wrong_passwords_of_nobody_are_counted_and_not_listed",
            "flows/test_left_behind::test_so_are_wrong_passkeys",
            "flows/test_left_behind::test_wrong_passkeys_slow_their_network_down",
            "flows/test_left_behind::test_after_the_password_they_are_slowed_down_by_name",
        ),
    ),
    Promise(
        "A full Valkey loses nobody's begun login, whatever its policy and whenever it fills.",
        (
            "faults/test_redis_full::test_full_from_the_beginning",
            "faults/test_redis_full::test_filled_between_any_two_steps",
            "faults/test_redis_full::test_with_a_passkey_and_a_pushed_request",
            "faults/test_redis_gone::test_evicting",
        ),
    ),
    # Who is believed
    Promise(
        "A trusted header is believed under its exact name, once, from a trusted proxy: what looks like it is dropped (R79).",
        (
            "proxies/test_header_names::test_a_name_that_looks_like_it_is_another",
            "proxies/test_header_names::test_a_certificate_under_such_a_name_is_nobodys",
            "proxies/test_header_names::test_an_address_under_such_a_name_is_nobodys",
            "proxies/test_header_names::test_a_trusted_header_twice_is_none",
            "proxies/test_header_names::test_what_is_no_header_is_no_request",
            "proxies/test_examples::test_a_made_up_certificate_is_nobodys",
            "proxies/test_examples::test_an_address_that_is_made_up_counts_for_nothing",
            "proxies/test_reverse_proxy::test_a_made_up_certificate_is_nobodys",
            "proxies/test_gunicorn::test_it_does_not_start_with_other_settings",
        ),
    ),
)
