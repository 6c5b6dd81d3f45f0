"""`idp explain USER --ip IP`: which steps a login would ask now, and why."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from idp.accounts.users.queries import by_id
from idp.login.core.types import Evidence, Factor, StepName
from idp.login.trust import known_ip
from idp.oidc.models import Client, Consent
from tests.cli.conftest import Idp
from tests.support.moving_clock import MovingClock
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def zon(world: World) -> KnownTenant:
    return world.tenant("de-zon")


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon, totp=True, every_30_days=True)


@pytest.fixture
def known(world: World, anna: KnownUser, clock: MovingClock) -> None:
    """Anna proved TOTP from 203.0.113.7 just now."""
    with world.unit_of_work():
        user = by_id(anna.id)
        assert user
        proof = Evidence(StepName.TOTP, clock.now(), frozenset({Factor.TOTP}), epoch=user.epoch, network="203.0.113.7")
        known_ip.earn(user, proof, None)


def asked(idp: Idp, *arguments: str) -> list[str]:
    """The steps that are asked, in order."""
    return [step["step"] for step in steps(idp, *arguments) if step["asked"]]


def steps(idp: Idp, *arguments: str) -> list[dict[str, Any]]:
    result = idp("explain", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["steps"]
    return found


def test_every_step_has_an_answer_and_a_reason(idp: Idp, anna: KnownUser) -> None:
    """All steps in order, each with whether it is asked and why."""
    found = steps(idp, "anna", "--ip", "203.0.113.7")
    assert [step["step"] for step in found][:4] == ["password", "security_code", "new_ip", "totp"]
    assert all(set(step) == {"step", "asked", "reason"} and step["reason"] for step in found)
    assert asked(idp, "anna", "--ip", "203.0.113.7") == ["password", "security_code", "totp"]


def test_a_known_ip_address_waives_totp_with_dates(idp: Idp, anna: KnownUser, known: None, clock: MovingClock) -> None:
    """From the known address TOTP is not asked; the reason names the grant, in JSON with ISO 8601 dates."""
    (totp,) = [step for step in steps(idp, "anna", "--ip", "203.0.113.7") if step["step"] == "totp"]
    assert totp["asked"] is False
    assert "203.0.113.7" in totp["reason"]
    assert clock.now().isoformat() in totp["reason"]
    assert "grant of 3 Nov 2026" in idp("explain", "anna", "--ip", "203.0.113.7").stdout


def test_another_address_is_not_known(idp: Idp, anna: KnownUser, known: None) -> None:
    """From elsewhere TOTP is asked."""
    assert "totp" in asked(idp, "anna", "--ip", "198.51.100.4")


def test_an_acr_on_top(idp: Idp, anna: KnownUser, known: None) -> None:
    """An application that asks for a second factor gets one, known address or not."""
    assert "totp" in asked(idp, "anna", "--ip", "203.0.113.7", "--acr", "urn:informer:acr:2fa")


def test_the_acr_that_a_client_asks_by_default(idp: Idp, world: World, anna: KnownUser, known: None) -> None:
    """An application's default_acr_values count as if they were asked."""
    world.client("vault", default_acr_values=["urn:informer:acr:2fa"])
    assert "totp" in asked(idp, "anna", "--ip", "203.0.113.7", "--client", "vault")
    assert "totp" not in asked(
        idp, "anna", "--ip", "203.0.113.7", "--client", "vault", "--acr", "urn:informer:acr:password"
    )


def test_the_tenant_that_is_named(idp: Idp, world: World, zon: KnownTenant) -> None:
    """The named tenant's policy decides; without a name an accountant chooses."""
    fietsen = world.tenant("fietsen-bv", security_code=False)
    world.user("eva", zon, type="accountant", works_for=[fietsen])
    assert asked(idp, "eva", "--ip", "203.0.113.7", "--tenant", "fietsen-bv") == ["password"]
    assert asked(idp, "eva", "--ip", "203.0.113.7") == ["password", "security_code", "choose_tenant"]


def test_consent_of_a_third_party(idp: Idp, world: World, anna: KnownUser) -> None:
    """A third-party application asks consent until all that it may ask is allowed; one of Informer's own never does."""
    world.client("own")
    theirs = world.client("theirs", first_party=False, scope="openid profile")
    assert asked(idp, "anna", "--ip", "203.0.113.7", "--client", "own") == ["password", "security_code", "totp"]
    assert asked(idp, "anna", "--ip", "203.0.113.7", "--client", "theirs")[-1] == "consent"
    with world.unit_of_work() as session:
        client_id = session.scalars(sa.select(Client.id).where(Client.client_id == theirs.client_id)).one()
        session.add(Consent(user_id=anna.id, client_id=client_id, scope="openid profile"))
    assert "consent" not in asked(idp, "anna", "--ip", "203.0.113.7", "--client", "theirs")


def test_an_application_of_another_tenant(idp: Idp, world: World, anna: KnownUser) -> None:
    """An application of a tenant that the user does not work for refuses, and no step is asked."""
    world.client("bikes", tenant=world.tenant("fietsen-bv"))
    result = idp("explain", "anna", "--ip", "203.0.113.7", "--client", "bikes", "--json")
    said = json.loads(result.stdout)
    assert said["steps"] == []
    assert said["refused"]


def test_a_disabled_user(idp: Idp, anna: KnownUser) -> None:
    """The steps are those of anybody; that no answer will do is said."""
    idp("user", "disable", "anna")
    assert json.loads(idp("explain", "anna", "--ip", "203.0.113.7", "--json").stdout)["refused"]
    assert "disabled" in idp("explain", "anna", "--ip", "203.0.113.7").stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param(("--ip", "somewhere"), "--ip: 'somewhere' is not an IP address", id="no address"),
        pytest.param(
            ("--ip", "192.0.2.1", "--acr", "gold"), "--acr: 'gold' is none of urn:informer:acr:password", id="no acr"
        ),
        pytest.param(("--ip", "192.0.2.1", "--client", "gold"), "There is no client 'gold'.", id="no client"),
        pytest.param(("--ip", "192.0.2.1", "--tenant", "gold"), "There is no tenant 'gold'.", id="no tenant"),
    ],
)
def test_what_cannot_be_asked(idp: Idp, anna: KnownUser, arguments: tuple[str, ...], why: str) -> None:
    """One clear line and exit code 1."""
    result = idp("explain", "anna", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(why)
