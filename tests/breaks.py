"""Each rule broken once, on purpose: the line, what it says instead, and the test that must then go red.

    python -m tests.breaks            all of them, in a copy of the tree: several minutes
    python -m tests.breaks B5 C2      some of them

`tests/frame/test_rules.py` holds that every rule stands here, that its line is in the product as it stands here, and that its
test is one that the table names. So whoever changes such a line shows anew that its test can fail.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("idp", "templates", "migrations", "tests")


@dataclass(frozen=True, slots=True)
class Break:
    """In `file` (below `idp/`) the text `line` becomes `broken`; `test` (as in the table of rules) goes red."""

    rule: str
    file: str
    line: str
    broken: str
    test: str


BREAKS = (
    Break(
        "A1",
        "login/core/decide.py",
        "if need is Need.OWED and not proved(name, evidence):",
        "if need is Need.OWED and not proved(name, s.evidence):",
        "laws/test_decide::test_complete_means_that_everything_owed_is_proved_and_nothing_else_was_asked",
    ),
    Break(
        "A2",
        "login/steps/__init__.py",
        "    SecurityCode(),\n    NewIp(),\n",
        "    NewIp(),\n    SecurityCode(),\n",
        "flows/test_the_chain::test_the_policy_makes_the_chain",
    ),
    Break(
        "A3",
        "login/flow/dispatcher.py",
        "if isinstance(decision, Challenge) and name in (decision.step, *decision.or_else):",
        "if isinstance(decision, Challenge):",
        "flows/test_attacks::test_a_step_out_of_turn_is_not_taken",
    ),
    Break(
        "A4",
        "login/transaction/transaction.py",
        'if record is None or not opaque.same(record["browser"], browser_hash()):',
        "if record is None:",
        "flows/test_attacks::test_another_browsers_login_cannot_be_gone_on_with",
    ),
    Break(
        "A5",
        "login/session/sessions.py",
        "g.session_secret = opaque.new()",
        'g.session_secret = request.cookies.get(settings.current().cookie_name(_COOKIE), "") or opaque.new()',
        "flows/test_the_chain::test_the_session_id_changes_at_every_rise",
    ),
    Break(
        "A6",
        "login/flow/entry.py",
        "return Standing(decide(facts.situation, STEPS), login)",
        "known = dict(list(STEPS.items())[:1]) if login else STEPS\n    return Standing(decide(facts.situation, known), login)",
        "flows/test_the_chain::test_single_sign_on_is_judged_by_the_policy_of_now",
    ),
    Break(
        "A7",
        "login/flow/completion.py",
        "reasons=[reasons.machine(reason) for reason in decision.reasons],",
        "reasons=[reasons.machine(reason) for reason in decision.reasons if reason.asked],",
        "flows/test_login_history::test_it_says_what_explain_says",
    ),
    Break(
        "A8",
        "login/core/decide.py",
        "for name, rules in steps.items():",
        "for name, rules in ((name, steps[name]) for name in StepName if name != 'terms'):",
        "frame/test_a_new_step::test_a_step_is_a_file_and_a_line",
    ),
    Break(
        "A9",
        "oidc/tokens/authorizations.py",
        'return "second_factor_owed" if owes_second_factor(a.user, a.tenant) else None',
        "return None",
        "flows/test_judged_when_redeemed::test_a_code_from_before_two_factor_was_mandatory",
    ),
    Break(
        "A10",
        "login/flow/verification.py",
        "must_wait(*guess):\n        return _delayed(wait, answer)\n    outcome = _verified(step, ctx, answer)\n",
        "must_wait(*guess):\n        return _delayed(wait, answer)\n    throttle.admit(*guess)\n    db.session.commit()\n"
        "    outcome = _verified(step, ctx, answer)\n",
        "flows/test_turned_away::test_right_passwords_while_no_place_is_free",
    ),
    Break(
        "B1",
        "login/steps/set_up_totp.py",
        "if s.policy.two_factor_mandatory:",
        "if s.policy.two_factor_mandatory and len(s.tenants) == 1:",
        "flows/test_mandatory_two_factor::test_it_binds_an_accountant_who_works_for_that_tenant",
    ),
    Break(
        "B2",
        "oidc/authorization/prompt_none.py",
        "if isinstance(owed, Challenge) and owed.step is StepName.SET_UP_TOTP:",
        "if False:",
        "spec/openid_connect_core/test_prompt_none::test_while_two_factor_must_be_set_up",
    ),
    Break(
        "B3",
        "accounts/factors/enrolment.py",
        "step = totp.matching_step(secret, code, now, None)",
        "step = totp.step_at(now)",
        "flows/test_mandatory_two_factor::test_only_a_correct_code_confirms",
    ),
    Break(
        "B4",
        "login/core/decide.py",
        "return bool(SECOND_FACTORS & s.enrolled)",
        "return Factor.TOTP in s.enrolled",
        "flows/test_passkey_login::test_a_mandatory_second_factor_is_met_by_a_passkey",
    ),
    Break(
        "B5",
        "selfservice/two_factor.py",
        "    if totp_must_stay(login):\n",
        "    if False:\n",
        "flows/test_mandatory_two_factor::test_the_last_second_factor_cannot_be_switched_off",
    ),
    Break(
        "B6",
        "console/settings/effects.py",
        "return company.asks(StepName.SET_UP_TOTP, two_factor_mandatory=True)",
        "return company.asks(StepName.SET_UP_TOTP, two_factor_mandatory=False)",
        "flows/test_console_settings::test_it_says_who_has_no_two_factor",
    ),
    Break(
        "B7",
        "accounts/factors/second_factors.py",
        "return changed(unused.values(used_at=now))",
        "return changed(unused.values(used_at=None))",
        "flows/test_mandatory_two_factor::test_a_recovery_code_stands_for_one_totp",
    ),
    Break(
        "B8",
        "accounts/users/administration.py",
        "    second_factors.remove_all(user)\n",
        "    second_factors.remove_totp(user)\n",
        "flows/test_console_people::test_a_reset_takes_every_second_factor",
    ),
    Break(
        "C1",
        "login/steps/totp.py",
        'if answer.get("two_factor_every_30_days") and not ctx.facts.situation.policy.limit_two_factor_validity:',
        "if not ctx.facts.situation.policy.limit_two_factor_validity:",
        "flows/test_known_ip::test_the_choice_is_off_by_default",
    ),
    Break(
        "C2",
        "login/trust/known_ip.py",
        "LIFETIME = timedelta(days=30)",
        "LIFETIME = timedelta(days=30, seconds=1)",
        "flows/test_known_ip::test_it_ends_30_days_after_the_totp",
    ),
    Break(
        "C3",
        "login/steps/security_code.py",
        "if s.policy.security_code:",
        "if s.policy.security_code and not s.network.known:",
        "laws/test_decide::test_a_grant_takes_the_place_of_totp_and_of_nothing_else",
    ),
    Break(
        "C4",
        "login/steps/totp.py",
        "if s.policy.limit_two_factor_validity:",
        "if s.policy.limit_two_factor_validity and not s.network.known:",
        "flows/test_known_ip::test_the_limit_itself_holds",
    ),
    Break(
        "C5",
        "login/trust/known_ip.py",
        "        and grant.user_epoch == user.epoch\n",
        "",
        "flows/test_known_ip::test_what_voids_a_grant",
    ),
    Break(
        "C6",
        "login/trust/known_ip.py",
        "        and (not tenant.known_ip_same_browser or _earned_in(grant, browser_hash))\n",
        "",
        "flows/test_known_ip::test_same_browser_only",
    ),
    Break(
        "C7",
        "login/steps/totp.py",
        "if floor(s) is Level.TWO_FACTOR:",
        "if floor(s) is Level.TWO_FACTOR and not s.network.known:",
        "laws/test_decide::test_a_demand_for_a_second_factor_is_never_met_by_a_grant",
    ),
    Break(
        "C8",
        "login/trust/known_ip.py",
        'if not body or not sealer().verify(_PURPOSE, body, tag.decode("ascii", "replace")):',
        "if not body:",
        "flows/test_without_the_cache::test_a_grant_that_is_made_up_is_worthless",
    ),
    Break(
        "C9",
        "login/trust/network.py",
        "if not _within(nearest, trusted):",
        "if not header:",
        "flows/test_known_ip::test_without_trusted_proxies_no_header_is_believed",
    ),
    Break(
        "C10",
        "selfservice/security.py",
        "known=tuple(grant for grant in known_ip.of(user) if _counts(grant, login)),",
        "known=tuple(known_ip.of(user)),",
        "flows/test_account_page::test_a_voided_address_is_not_shown",
    ),
    Break(
        "D1",
        "login/steps/new_ip.py",
        "right = found is not None and found.network == current_network()",
        "right = found is not None",
        "flows/test_new_ip::test_it_validates_the_address_that_asked",
    ),
    Break(
        "D2",
        "login/trust/throttle.py",
        "return network if network and known_places.to_somebody(username_key, network) else STRANGERS",
        "return STRANGERS",
        "login/test_throttle::test_strangers_share_one_count_and_the_office_has_its_own",
    ),
    Break(
        "D3",
        "login/steps/password.py",
        "if user is None or not right or not may_log_in(user):",
        'if user and right and not may_log_in(user):\n            return Rejected(_("Your account is disabled."), user)\n'
        "        if user is None or not right:",
        "flows/test_guessing::test_unknown_wrong_and_disabled_are_one",
    ),
    Break(
        "D4",
        "crypto/totp.py",
        "_WINDOW: Final = (-1, 0, 1)",
        "_WINDOW: Final = (-2, -1, 0, 1)",
        "flows/test_guessing::test_one_step_on_each_side",
    ),
    Break(
        "D5",
        "accounts/passwords/password_reset.py",
        "    lifecycle.set_password(link.user, password_hash, checked=checked)\n",
        "    lifecycle.set_password(link.user, password_hash, checked=checked)\n    link.user.totp_devices.clear()\n",
        "flows/test_forgotten_password::test_it_leaves_the_factors",
    ),
    Break(
        "D6",
        "accounts/links/__init__.py",
        "OneTimeLink.expires_at > now,",
        "OneTimeLink.expires_at >= now,",
        "flows/test_forgotten_password::test_it_works_for_half_an_hour",
    ),
    Break(
        "D7",
        "accounts/passwords/strength.py",
        "if len(password) < shortest(has_second_factor=has_second_factor):",
        "if len(password) < SHORTEST_WITH_SECOND_FACTOR:",
        "accounts/test_passwords::test_the_shortest",
    ),
    Break(
        "D8",
        "login/flow/completion.py",
        "if (new_network or new_browser) and not first:",
        "if new_browser and not first:",
        "flows/test_new_ip::test_the_mail_about_a_new_place",
    ),
    Break(
        "E1",
        "accounts/users/directory.py",
        "found = sa.select(User).where(User.id == user_id, User.tenant_id == tenant_id)",
        "found = sa.select(User).where(User.id == user_id)",
        "flows/test_console_people::test_another_companys_user_looks_like_none",
    ),
    Break(
        "E2",
        "login/core/decide.py",
        "return s.demand.tenant is not None and s.demand.tenant not in s.tenants",
        "return False",
        "flows/test_tenants::test_a_tenants_application_refuses_the_users_of_another",
    ),
    Break(
        "E3",
        "login/transaction/facts.py",
        "policy = policy_for(user, tenant)",
        "policy = policy_for(user, user.tenant)",
        "flows/test_tenants::test_the_working_tenants_policy_holds_in_full",
    ),
    Break(
        "E4",
        "tenancy/support_access.py",
        "SupportAccess.revoked_at.is_(None), SupportAccess.given_at <= now, SupportAccess.expires_at > now",
        "SupportAccess.revoked_at.is_(None), SupportAccess.given_at <= now",
        "flows/test_helpdesk::test_the_console_for_a_month",
    ),
    Break(
        "E5",
        "accounts/users/lifecycle.py",
        "    user.disabled_at = clock.now()\n    next_epoch(user)\n",
        "    user.disabled_at = clock.now()\n",
        "cli/test_looking::test_disabling_a_user_ends_what_is_remembered",
    ),
    Break(
        "E6",
        "accounts/users/directory.py",
        "which.order_by(key).limit(PAGE + 1)",
        "which.order_by(key)",
        "flows/test_console_people::test_the_list_costs_the_same_however_many_there_are",
    ),
    Break(
        "E7",
        "oidc/userinfo/claim_selection.py",
        "if SCOPE_OF.get(name) in scopes)",
        "if name in SCOPE_OF)",
        "spec/openid_connect_core/test_claims_and_consent::test_what_is_not_registered_is_not_told",
    ),
)


def go_red(chosen: list[Break], tree: Path) -> list[str]:
    """Break each in that copy of the tree, run its test, mend it again; the rules whose test stayed green."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return [each.rule for each in chosen if not _red(each, tree)]


def _red(each: Break, tree: Path) -> bool:
    file = tree / "idp" / each.file
    whole = file.read_text()
    file.write_text(whole.replace(each.line, each.broken))
    path, name = each.test.split("::")
    test = f"tests/{path}.py::{name}"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=line", test]
    alone = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(command, check=False, cwd=tree, env=alone, capture_output=True, text=True)
    file.write_text(whole)
    red = run.returncode == 1 and " failed" in run.stdout
    why = next((line for line in run.stdout.splitlines() if "Error" in line or "assert" in line), "").strip()
    print(f"{each.rule:4}{'red  ' if red else 'GREEN'}  {each.test}  {why[-150:]}", flush=True)  # noqa: T201
    return red


def main() -> int:
    """Run the breaks that are named, or all; 1 where a test stayed green."""
    wanted = set(sys.argv[1:])
    chosen = [each for each in BREAKS if not wanted or each.rule in wanted]
    with tempfile.TemporaryDirectory() as directory:
        green = go_red(chosen, Path(directory))
    print(f"{len(chosen) - len(green)} of {len(chosen)} went red", *green)  # noqa: T201
    return bool(green)


if __name__ == "__main__":
    sys.exit(main())
