"""`idp tenant|user|client|grants VERB`."""

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from flask import Flask

from idp.accounts.models import User
from idp.accounts.users.queries import by_id, by_username
from idp.audit.models import AuditEvent
from idp.login.core.types import Evidence, Factor, StepName
from idp.login.trust import known_ip
from tests.cli.conftest import Idp
from tests.support.browser import Browser
from tests.support.mail import Post
from tests.support.moving_clock import MovingClock
from tests.support.registering import Registrar
from tests.support.world import KnownUser, World


@pytest.fixture(autouse=True)
def anna(world: World) -> KnownUser:
    zon = world.tenant("de-zon", name="Bakkerij De Zon")
    world.tenant("fietsen-bv")
    world.client("books", tenant=zon)
    world.client("hours")
    world.user("bert", zon, type="administrator", totp=True)
    return world.user("anna", zon, every_30_days=True)


def test_a_token_to_register_with(idp: Idp, world: World, http: httpx.Client) -> None:
    """It works at once, for the tenant that it was made for; it is shown once."""
    made = json.loads(idp("client", "token", "--tenant", "de-zon", "--expires", "1", "--json").output)
    assert made["tenant"] == "de-zon"
    mine = Registrar(http, made["initial_access_token"]).registered()
    assert json.loads(idp("client", "show", mine.said["client_id"], "--json").output)["tenant"] == "de-zon"
    assert idp("client", "token").output.startswith("initial_access_token  ")
    assert idp("client", "token", "--expires", "0").exit_code == 2


@pytest.mark.parametrize(
    "command",
    [
        ("tenant", "show", "nowhere"),
        ("client", "token", "--tenant", "nowhere"),
        ("tenant", "disable", "nowhere"),
        ("tenant", "enable", "nowhere"),
        ("user", "show", "nobody"),
        ("user", "invite", "nobody"),
        ("user", "disable", "nobody"),
        ("user", "enable", "nobody"),
        ("user", "reset", "nobody"),
        ("user", "list", "--tenant", "nowhere"),
        ("client", "show", "nothing"),
        ("client", "disable", "nothing"),
        ("client", "enable", "nothing"),
        ("known-ip", "list", "nobody"),
        ("known-ip", "revoke", "nobody"),
        ("explain", "nobody", "--ip", "192.0.2.1"),
    ],
    ids=" ".join,
)
def test_a_name_that_does_not_exist(idp: Idp, command: tuple[str, ...]) -> None:
    """One line that names it, on stderr, and exit code 1."""
    result = idp(*command)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("There is no ")
    assert result.stderr.count("\n") == 1
    assert any(f" {word!r}." in result.stderr for word in command)


@pytest.mark.parametrize(
    ("kind", "names"),
    [("tenant", ["de-zon", "fietsen-bv"]), ("user", ["anna", "bert"]), ("client", ["books", "hours"])],
)
def test_lists_are_paged_by_name(idp: Idp, kind: str, names: list[str]) -> None:
    """A list goes by name, a page at a time; the next page begins after the last name."""
    key = {"tenant": "slug", "user": "username", "client": "client_id"}[kind]
    whole = json.loads(idp(kind, "list", "--json").stdout)
    assert [row[key] for row in whole] == names
    assert json.loads(idp(kind, "list", "--json", "--limit", "1").stdout) == whole[:1]
    assert json.loads(idp(kind, "list", "--json", "--after", names[0]).stdout) == whole[1:]
    assert [line.split()[0] for line in idp(kind, "list").stdout.splitlines()] == [key, *names]


def test_a_user_is_shown_without_a_secret(idp: Idp) -> None:
    """Names and choices are shown; hashes and secrets are not."""
    shown = json.loads(idp("user", "show", "BERT", "--json").stdout)
    assert (shown["username"], shown["tenants"], shown["two_factor"], shown["password"]) == (
        "bert",
        ["de-zon"],
        True,
        True,
    )
    assert "argon2" not in json.dumps(shown)
    assert "two_factor                yes" in idp("user", "show", "bert").stdout


def test_a_tenant_is_shown_with_its_policy(idp: Idp) -> None:
    """The policy is shown, the security code is not."""
    shown = json.loads(idp("tenant", "show", "de-zon", "--json").stdout)
    assert shown["policy"]["security_code"] is True
    assert shown["users"] == 2
    assert "482915" not in json.dumps(shown)


def test_a_client_is_shown_with_its_registration(idp: Idp) -> None:
    """The metadata is shown, and that there is a secret; not the secret's digest."""
    shown = json.loads(idp("client", "show", "books", "--json").stdout)
    assert shown["registration"]["redirect_uris"] == ["https://books.example/cb"]
    assert (shown["tenant"], shown["secret"]) == ("de-zon", True)


@pytest.mark.parametrize(("kind", "name"), [("tenant", "de-zon"), ("user", "anna"), ("client", "books")])
def test_disabled_and_enabled(idp: Idp, kind: str, name: str) -> None:
    """Disable and enable say what is so, also when it was so before."""
    for verb in ("disable", "disable", "enable", "enable"):
        result = idp(kind, verb, name)
        assert (result.exit_code, result.stdout) == (0, f"{name} is {verb}d\n")
        shown = json.loads(idp(kind, "show", name, "--json").stdout)
        assert (shown["disabled_at"] is not None) == (verb == "disable")


def test_the_first_administrator_is_invited(
    app: Flask, idp: Idp, world: World, anna: KnownUser, browser: Browser, tmp_path: Path
) -> None:
    """Somebody whom a file made without a password gets the link by mail, a newer one ends it; who has a password none."""
    world.change(User, anna.id, password_hash=None, type="administrator")
    assert idp("user", "invite", "anna").stdout == "anna is invited at anna@de-zon.example\n"
    post = Post(app, tmp_path)
    (first,) = post.deliver()
    assert "De Zon invites you" in first.text
    idp("user", "invite", "anna")
    (second,) = post.deliver()
    assert browser.get(first.link).status == 410
    assert browser.get(second.link).fill(new_password="zeven gele fietsen zingen").submit().status == 200
    refused = idp("user", "invite", "anna")
    assert (refused.exit_code, "anna has a password" in refused.stderr) == (1, True)
    idp("user", "disable", "anna")
    assert "is disabled" in idp("user", "invite", "anna").stderr


def test_the_only_administrator_lost_phone_and_codes(idp: Idp, world: World) -> None:
    """An operator takes the second factors away, which ends all that rested on them and is told by mail, once."""
    chief = world.user("chief", world.tenant("lonely"), type="administrator", totp=True)
    before = json.loads(idp("user", "show", "chief", "--json").stdout)
    assert "is told at chief@" in idp("user", "reset", "chief").stdout
    after = json.loads(idp("user", "show", "chief", "--json").stdout)
    assert (before["two_factor"], after["two_factor"]) == (True, False)
    (mail,) = world.mails(chief)
    assert (mail.kind, mail.by) == ("two_factor_reset", None)  # type: ignore[attr-defined]
    again = idp("user", "reset", "chief")
    assert (again.exit_code, again.stderr) == (1, "chief has no second factor\n")


@pytest.mark.parametrize("group", ["", "tenant", "user", "client", "known-ip", "keys", "outbox"])
def test_no_line_of_a_list_of_commands_is_cut(idp: Idp, group: str) -> None:
    """Whoever reads `--help` at 80 columns reads whole sentences."""
    said = idp(*group.split(), "--help").stdout.partition("Commands:")[2]
    assert said
    assert "..." not in said


def test_the_last_administrator_is_not_disabled_by_accident(idp: Idp, world: World, anna: KnownUser) -> None:
    """R58: one clear line, and nothing is done; a second one, or --force, is another matter; employees are none."""
    world.user("other", world.tenant("other"), type="administrator")
    refused = idp("user", "disable", "bert")
    assert (refused.exit_code, "bert is the last administrator of de-zon" in refused.stderr) == (1, True)
    assert idp("user", "disable", "anna").exit_code == 0
    world.user("deputy", anna.tenant, type="administrator")
    assert idp("user", "disable", "bert").exit_code == 0
    assert idp("user", "disable", "deputy").exit_code == 1
    assert idp("user", "disable", "deputy", "--force").exit_code == 0
    with world.unit_of_work():
        ended = by_username("bert")
        assert ended
        assert ended.disabled_at


def test_disabling_a_user_ends_what_is_remembered(idp: Idp, world: World, anna: KnownUser) -> None:
    """The user's epoch moves on: sessions, grants and refresh tokens of before are worthless, also after enabling."""
    with world.unit_of_work():
        before = by_id(anna.id)
        assert before
        epochs = before.epoch, before.grants_epoch
    idp("user", "disable", "anna")
    idp("user", "enable", "anna")
    with world.unit_of_work():
        after = by_id(anna.id)
        assert after
        assert (after.epoch, after.grants_epoch) == (epochs[0] + 1, epochs[1] + 1)


def test_grants_are_listed_and_revoked(idp: Idp, world: World, anna: KnownUser, clock: MovingClock) -> None:
    """A known-IP grant is shown with its network and its end, and is gone after revoke."""
    with world.unit_of_work():
        user = by_id(anna.id)
        assert user
        proof = Evidence(StepName.TOTP, clock.now(), frozenset({Factor.TOTP}), epoch=user.epoch, network="203.0.113.7")
        known_ip.earn(user, proof, None)
    (grant,) = json.loads(idp("known-ip", "list", "anna", "--json").stdout)
    assert grant["network"] == "203.0.113.7"
    assert grant["expires_at"] == (clock.now() + timedelta(days=30)).isoformat()
    assert "203.0.113.7" in idp("known-ip", "list", "anna").stdout
    assert idp("known-ip", "revoke", "anna").exit_code == 0
    assert json.loads(idp("known-ip", "list", "anna", "--json").stdout) == []
    assert idp("known-ip", "list", "anna").stdout == ""
    with world.unit_of_work() as session:
        (revoked,) = session.query(AuditEvent).filter(AuditEvent.kind == "known_ip.revoked")
        assert (revoked.user_id, revoked.detail["because"]) == (anna.id, "revoked_by_operator")
