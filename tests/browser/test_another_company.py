"""An accountant goes from one company to another that asks more."""

import pytest

from tests.browser.conftest import NewPerson, Stage
from tests.browser.test_the_whole_story import at_the_application, fits

pytestmark = pytest.mark.slow


def test_only_what_is_missing(stage: Stage, new_person: NewPerson) -> None:
    """E3: the office asked the password alone; the company also its own code and 2FA, however known the address is."""
    office = stage.world.tenant("kantoor", name="Kantoor Jansen", security_code=False)
    zon = stage.world.tenant(
        "de-zon", name="Bakkerij De Zon", two_factor_mandatory=True, limit_two_factor_validity=True, code="73159"
    )
    eva = stage.world.user("eva", office, type="accountant", totp=True, every_30_days=True, works_for=[zon])
    first = new_person()
    first.page.goto(f"{stage.live.issuer}/account/")
    assert first.log_in(eva, until="choose_tenant") == ["password", "totp"]
    first.press("Kantoor Jansen")

    desk = new_person()
    at_the_application(desk, stage)
    assert desk.log_in(eva, until="choose_tenant") == ["password"]
    desk.press("Kantoor Jansen")
    assert desk.page.inner_text("#tenant-name") == "Kantoor Jansen"
    assert desk.page.inner_text("#acr") == "urn:informer:acr:password"

    desk.page.goto(f"{stage.live.issuer}/account/companies")
    desk.picture("1-companies")
    fits(desk, 1280)
    with desk.page.expect_navigation():
        desk.page.locator(f"button[value={zon.slug}]").click()
    assert desk.step == "security_code"
    desk.answer("security_code", zon.code)
    assert desk.step == "totp"
    desk.picture("2-two-factor")
    desk.answer("totp", eva.totp())
    assert desk.page.url.startswith(f"{stage.live.issuer}/account/")
    assert desk.page.get_by_text("Bakkerij De Zon").first.is_visible()
    desk.picture("3-there")

    desk.page.goto(f"{stage.application}/login?tenant={zon.slug}")
    assert desk.page.inner_text("#tenant-name") == "Bakkerij De Zon"
    assert desk.page.inner_text("#acr") == "urn:informer:acr:2fa"
