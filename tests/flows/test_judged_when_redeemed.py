"""What is redeemed later is judged by the policy of that moment (A9, R84); a rotated security code is asked anew (C5)."""

from __future__ import annotations

import httpx
import pytest

from idp.login.models import BrowserSession
from idp.oidc.models import AuthorizationGrant
from idp.tenancy import changes
from idp.tenancy.models import Tenant
from tests.support.browser import NewBrowser
from tests.support.pages import open_page
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """Anna, who has no second factor."""
    return world.user("anna", zon)


@pytest.fixture
def television(world: World, new_rp: NewRp) -> RelyingParty:
    """An application of devices, which also exchanges tokens."""
    client = world.client(
        "television",
        grant_types=["authorization_code", "refresh_token", DEVICE, EXCHANGE],
        token_exchange_audience=["x"],
    )
    return new_rp(client)


def refused(response: httpx.Response) -> str:
    """The error of an answer that gave nothing."""
    assert response.status_code == 400, response.text
    return str(response.json()["error"])


# Two-factor becomes mandatory in between


@pytest.mark.both_stores
def test_a_code_from_before_two_factor_was_mandatory(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, anna: KnownUser
) -> None:
    """A9: nothing is given for it while the person has no second factor, and it is not spent."""
    browser = new_browser().get(rp.authorize_url()).login(anna)
    code = rp.answer(browser)["code"]
    world.policy(zon, two_factor_mandatory=True)
    assert refused(rp.redeem(code)) == "invalid_grant"
    with world.unit_of_work() as session:
        assert session.query(AuthorizationGrant).one().code_used_at is None
    world.policy(zon, two_factor_mandatory=False)
    assert rp.redeem(code).status_code == 200


@pytest.mark.both_stores
def test_a_device_that_was_allowed_before_two_factor_was_mandatory(
    world: World, television: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, anna: KnownUser
) -> None:
    """A9, RFC 8628: what the person allowed gives nothing until they have set one up; then the device gets its tokens."""
    request = television.token_request(scope="openid")
    request.url = httpx.URL(television.metadata["device_authorization_endpoint"])
    asked = television.http.send(request).json()
    new_browser().get(asked["verification_uri_complete"]).submit("Continue").login(anna)
    poll = {"grant_type": DEVICE, "device_code": asked["device_code"]}
    world.policy(zon, two_factor_mandatory=True)
    assert refused(television.token(**poll)) == "invalid_grant"
    world.policy(zon, two_factor_mandatory=False)
    assert television.token(**poll).status_code == 200


def test_everything_else_that_is_kept(
    world: World, television: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, anna: KnownUser
) -> None:
    """A9: refresh tokens, subject tokens and pushed requests are asked the same, by the same function."""
    browser = new_browser().get(television.authorize_url(scope="openid offline_access", prompt="consent")).login(anna)
    tokens = television.finish(browser)
    pushed = television.pushed_url()
    exchange = {
        "grant_type": EXCHANGE,
        "subject_token": tokens.access_token,
        "subject_token_type": ACCESS_TOKEN,
        "audience": "x",
    }
    assert television.token(**exchange).status_code == 200
    world.policy(zon, two_factor_mandatory=True)
    assert refused(television.token(**exchange)) == "invalid_request"
    assert refused(television.refresh(tokens)) == "invalid_grant"
    assert browser.get(pushed).step == "set_up_totp"


# The security code is rotated in between


def rotate(world: World, tenant: KnownTenant, code: str) -> None:
    """As the operator does; the tests' people are told."""
    with world.unit_of_work() as session:
        changes.rotate_security_code(session.get_one(Tenant, tenant.id), code)
    tenant.code = code


@pytest.mark.both_stores
def test_a_session_is_asked_the_new_code_and_nothing_else(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant
) -> None:
    """C5: at its next request, once; the session is the same, and refresh tokens go on."""
    anna = world.user("anna", zon, totp=True)
    browser = new_browser().get(rp.authorize_url(scope="openid offline_access", prompt="consent")).login(anna)
    tokens = rp.finish(browser)
    rotate(world, zon, "550055")
    assert rp.refresh(tokens).status_code == 200
    browser.get(rp.authorize_url(prompt="none"))
    assert rp.answer(browser)["error"] == "interaction_required"
    browser.steps = []
    browser.get(rp.authorize_url()).login(anna)
    assert browser.steps == ["security_code"]
    assert rp.finish(browser).claims["sid"] == tokens.claims["sid"]
    rp.finish(browser.get(rp.authorize_url(prompt="none")))


@pytest.mark.both_stores
def test_the_same_number_again_is_another_code(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, anna: KnownUser
) -> None:
    """C5: it is the rotation that ends what the code proved; the user page asks as an application does."""
    browser = new_browser().get(rp.authorize_url()).login(anna)
    rp.finish(browser)
    rotate(world, zon, zon.code)
    assert browser.get("/account/").step == "security_code"


def test_a_login_under_way_is_asked_the_new_code(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant
) -> None:
    """C5: what was typed in this login, too, was the code of before."""
    anna = world.user("anna", zon, totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    rotate(world, zon, "550055")
    browser.fill(totp=anna.totp()).submit()
    assert browser.step == "security_code"
    rp.finish(browser.login(anna))


def test_another_companys_rotation_asks_nothing(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, anna: KnownUser
) -> None:
    """E1: each company has a code of its own."""
    browser = new_browser().get(rp.authorize_url()).login(anna)
    rp.finish(browser)
    rotate(world, world.tenant("fietsen-bv"), "550055")
    rp.finish(browser.get(rp.authorize_url(prompt="none")))


def test_whoever_rotates_it_sees_it_and_goes_on(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, bert: KnownUser
) -> None:
    """B8, C5: the browser that made the code is shown it and is not asked; every other one is, the administrator's too."""
    other = open_page(new_browser(), "/console/settings", bert)
    browser = open_page(new_browser(), "/console/settings", bert)
    browser.submit("Rotate security code").submit("Rotate security code")
    zon.code = browser.page.one("[data-security-code]").get_text(strip=True)
    assert browser.get("/console/settings").path == "/console/settings"
    assert other.get("/console/settings").step == "security_code"
    assert other.login(bert).path == "/console/settings"


def test_where_no_code_is_asked_none_is(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, anna: KnownUser
) -> None:
    """C5, C3: it is the policy that asks; what a session of an earlier version kept counts as the first code."""
    browser = new_browser().get(rp.authorize_url()).login(anna)
    rp.finish(browser)
    with world.unit_of_work() as session:
        kept = session.query(BrowserSession).one()
        kept.evidence = [{name: e[name] for name in e if name != "security_code"} for e in kept.evidence]
    rp.finish(browser.get(rp.authorize_url(prompt="none")))
    rotate(world, zon, "550055")
    world.policy(zon, security_code=False)
    rp.finish(browser.get(rp.authorize_url(prompt="none")))
