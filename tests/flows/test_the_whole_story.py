"""The main job from end to end, on both kinds of stores, while the clock moves by days and weeks."""

import pytest

from tests.support.browser import NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import NOTE, change_settings, choose_every_30_days
from tests.support.relying_party import RelyingParty
from tests.support.world import World

pytestmark = pytest.mark.both_stores

WITH_TOTP = ["password", "security_code", "totp"]
WITHOUT_TOTP = ["password", "security_code"]


def test_from_the_first_set_up_to_the_administrators_last_word(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """An employee sets up TOTP because the tenant demands it, chooses "once every 30 days", and is asked when due.

    That is after 30 days, and from the moment that an administrator limits the validity, also when the limit is lifted.
    """
    zon = world.tenant("de-zon", two_factor_mandatory=True)
    bert = world.user("bert", zon, type="administrator", totp=True)
    anna = world.user("anna", zon)

    # The note, to the letter, and the set-up; then the application, without logging in again.
    home = new_browser()
    home.get(rp.authorize_url()).login(anna, until="set_up_totp")
    assert home.steps == WITHOUT_TOTP
    assert NOTE in home.text
    home.set_up_totp(anna)
    assert len(set(anna.recovery_codes)) == 10
    claims = rp.finish(home).claims
    assert {"pwd", "otp", "mfa"} <= set(claims["amr"])
    assert claims["acr"] == "urn:informer:acr:2fa"

    # Her own choice, on the security page.
    choose_every_30_days(home, anna)
    again = new_browser()
    again.get(rp.authorize_url()).login(anna)
    assert again.steps == WITHOUT_TOTP
    claims = rp.finish(again).claims
    assert not {"otp", "mfa"} & set(claims["amr"])
    assert claims["acr"] == "urn:informer:acr:security-code"

    # 29 days later, still; after 31 no longer.
    clock.advance(days=29)
    later = new_browser()
    later.get(rp.authorize_url()).login(anna)
    assert later.steps == WITHOUT_TOTP
    assert not {"otp", "mfa"} & set(rp.finish(later).claims["amr"])
    clock.advance(days=2)
    month = new_browser()
    month.get(rp.authorize_url()).login(anna)
    assert month.steps == WITH_TOTP
    assert {"otp", "mfa"} <= set(rp.finish(month).claims["amr"])

    # That TOTP made a grant anew; the administrator's limit makes it worthless at once.
    assert new_browser().get(rp.authorize_url()).login(anna).steps == WITHOUT_TOTP
    office = new_browser("198.51.100.20")
    change_settings(office, bert, limit_two_factor_validity=True)
    limited = new_browser()
    limited.get(rp.authorize_url()).login(anna)
    assert limited.steps == WITH_TOTP
    assert {"otp", "mfa"} <= set(rp.finish(limited).claims["amr"])

    # Lifted again: what was earned before does not count, what is earned from now on does.
    clock.advance(minutes=1)
    change_settings(office, bert, limit_two_factor_validity=False)
    assert new_browser().get(rp.authorize_url()).login(anna).steps == WITH_TOTP
    assert new_browser().get(rp.authorize_url()).login(anna).steps == WITHOUT_TOTP
