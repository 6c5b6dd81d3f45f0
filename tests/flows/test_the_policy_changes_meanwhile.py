"""The policy changes while a login is under way: the next step is decided anew, whatever the last page kept (A1)."""

import pytest

from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def zon(world: World) -> KnownTenant:
    return world.tenant(security_code=False)


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon)


@pytest.mark.both_stores
def test_from_a_mailed_code_to_setting_up(
    world: World, zon: KnownTenant, anna: KnownUser, rp: RelyingParty, browser: Browser
) -> None:
    """A login waits for a mailed code; the administrator asks two-factor of everybody instead: the set-up is shown."""
    world.policy(zon, block_new_ip=True)
    browser.get(rp.authorize_url()).login(anna, until="new_ip")
    world.policy(zon, block_new_ip=False, two_factor_mandatory=True)
    browser.fill(new_ip_code="000000").submit()
    assert browser.step == "set_up_totp"
    browser.login(anna)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


@pytest.mark.both_stores
def test_from_setting_up_to_a_mailed_code(
    world: World, zon: KnownTenant, anna: KnownUser, rp: RelyingParty, browser: Browser
) -> None:
    """The other way round: the secret that was shown is no code that was mailed."""
    world.policy(zon, two_factor_mandatory=True)
    browser.get(rp.authorize_url()).login(anna, until="set_up_totp")
    world.policy(zon, block_new_ip=True, two_factor_mandatory=False)
    browser.fill(totp="000000").submit()
    assert browser.step == "new_ip"
    browser.login(anna)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:password"
