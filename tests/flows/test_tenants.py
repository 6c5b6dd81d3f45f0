"""Tenants: what one shows of another (nothing), whose users an application takes, working for several (E1 to E3)."""

from uuid import uuid4

import pytest

from idp.login.models import KnownIpGrant
from idp.tenancy.models import Tenant
from tests.support.browser import NewBrowser
from tests.support.pages import NOTE, open_page
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def zon(world: World) -> KnownTenant:
    """A tenant with a security code."""
    return world.tenant("de-zon", code="482915")


@pytest.fixture
def fietsen(world: World) -> KnownTenant:
    """Another tenant, with another code."""
    return world.tenant("fietsen-bv", code="771204")


@pytest.fixture
def eva(world: World, zon: KnownTenant, fietsen: KnownTenant) -> KnownUser:
    """An accountant of the one who works for the other as well."""
    return world.user("eva", zon, type="accountant", works_for=[fietsen])


def test_a_tenants_application_refuses_the_users_of_another(
    world: World, new_rp: NewRp, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E2: `access_denied` before a code exists."""
    app = new_rp(world.client("zon-app", tenant=zon))
    stranger = world.user("frits", fietsen)
    browser = new_browser().get(app.authorize_url()).login(stranger)
    assert app.answer(browser)["error"] == "access_denied"


def test_a_tenants_application_takes_its_own_users(
    world: World, new_rp: NewRp, new_browser: NewBrowser, zon: KnownTenant
) -> None:
    """E2: of its own tenant it takes everyone."""
    app = new_rp(world.client("zon-app", tenant=zon))
    browser = new_browser().get(app.authorize_url()).login(world.user("anna", zon))
    assert app.finish(browser).claims["tenant"] == "de-zon"


def test_a_session_of_another_tenant_is_refused_too(
    world: World, rp: RelyingParty, new_rp: NewRp, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E2: single sign-on is no way around it, with and without a page."""
    app = new_rp(world.client("zon-app", tenant=zon))
    browser = new_browser().get(rp.authorize_url()).login(world.user("frits", fietsen))
    rp.finish(browser)
    assert app.answer(browser.get(app.authorize_url(prompt="none")))["error"] == "access_denied"
    assert app.answer(browser.get(app.authorize_url()))["error"] == "access_denied"


def test_a_platform_application_takes_every_tenants_users(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E2: the username tells the tenant; the token names it."""
    for user, tenant in ((world.user("anna", zon), zon), (world.user("frits", fietsen), fietsen)):
        claims = rp.finish(new_browser().get(rp.authorize_url()).login(user)).claims
        assert (claims["tenant"], claims["tenant_name"], claims["user_type"]) == (tenant.slug, tenant.name, "employee")


@pytest.mark.parametrize("slug", ["fietsen-bv", "no-such-tenant", "DE-ZON", "de-zon' OR 1=1", "\u202ede-zon"])
def test_a_tenant_that_the_user_is_no_member_of(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant, slug: str
) -> None:
    """E1, E2: another's tenant and one that does not exist get the same answer, `access_denied`."""
    browser = new_browser().get(rp.authorize_url(tenant=slug))
    if not browser.landed:
        browser.login(world.user("anna", zon))
    assert rp.answer(browser)["error"] == "access_denied"


def test_the_chain_begins_at_home_and_the_choice_comes_after(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: no tenant in the request: the home tenant's chain, the choice, then what the chosen one asks on top."""
    browser = new_browser().get(rp.authorize_url()).login(eva, tenant=fietsen)
    assert browser.steps == ["password", "security_code", "choose_tenant", "security_code"]
    assert rp.finish(browser).claims["tenant"] == "fietsen-bv"


def test_choosing_home_asks_nothing_more(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant
) -> None:
    """E3: the home tenant's own chain is already proved."""
    browser = new_browser().get(rp.authorize_url()).login(eva, tenant=zon)
    assert browser.steps == ["password", "security_code", "choose_tenant"]
    assert rp.finish(browser).claims["tenant"] == "de-zon"


def test_a_named_tenants_chain_alone_is_owed(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, fietsen: KnownTenant
) -> None:
    """E3: `tenant=slug` asks that tenant's security code and no choice."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    assert browser.steps == ["password", "security_code"]
    assert rp.finish(browser).claims["tenant"] == "fietsen-bv"


def test_the_home_tenants_code_does_not_open_another(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: the working tenant's own security code is asked."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen, until="security_code")
    browser.fill(security_code=zon.code).submit()
    assert browser.step == "security_code"
    assert browser.alert


def test_switching_may_ask_a_further_step(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: from one tenant to the other by single sign-on only the other's security code is owed; back again nothing."""
    browser = new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon)
    rp.finish(browser)
    browser.get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    assert browser.steps == ["security_code"]
    assert rp.finish(browser).claims["tenant"] == "fietsen-bv"
    browser.get(rp.authorize_url(tenant=zon.slug))
    assert rp.finish(browser).claims["tenant"] == "de-zon"


def test_the_working_tenants_policy_holds_in_full(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3, B1: who works for a tenant where 2FA is mandatory sets it up; for the home tenant it is not owed."""
    world.policy(fietsen, two_factor_mandatory=True)
    browser = new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon)
    rp.finish(browser)
    browser.get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen, until="set_up_totp")
    assert browser.steps == ["security_code"]
    assert NOTE in browser.text
    browser.login(eva, tenant=fietsen)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


@pytest.mark.both_stores
def test_grants_belong_to_the_person_and_count_by_tenant(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: a TOTP given for one tenant spares it for the other, unless that one limits validity."""
    eva = world.user("eva", zon, type="accountant", works_for=[fietsen], totp=True, every_30_days=True)
    new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon)
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    assert browser.steps == ["password", "security_code"]
    world.policy(fietsen, limit_two_factor_validity=True)
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    assert browser.steps == ["password", "security_code", "totp"]
    browser = new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon)
    assert browser.steps == ["password", "security_code"]


def test_a_tenant_that_is_not_offered_cannot_be_chosen(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser
) -> None:
    """E1: a slug of a tenant that one does not work for is a wrong answer."""
    other = world.tenant("other", security_code=False)
    browser = new_browser().get(rp.authorize_url()).login(eva, until="choose_tenant")
    form = browser.filled_form(next(iter(browser.page.controls)))
    for slug in (other.slug, "no-such-tenant", "", "de-zon,fietsen-bv"):
        form.fill("tenant", slug)
        browser.send(form)
        assert (browser.status, browser.step) == (200, "choose_tenant")
        assert browser.alert


def test_a_code_is_of_its_own_application(
    world: World, rp: RelyingParty, new_rp: NewRp, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E1: another tenant's application cannot redeem it, and does not spend it by trying."""
    thief = new_rp(world.client("thief", tenant=fietsen))
    browser = new_browser().get(rp.authorize_url()).login(world.user("anna", zon))
    answer = rp.answer(browser)
    stolen = thief.redeem(answer["code"], redirect_uri=rp.client.redirect_uri, code_verifier=rp.asked.code_verifier)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert rp.redeem(answer["code"]).status_code == 200


def test_a_refresh_token_is_of_its_own_application(
    world: World, rp: RelyingParty, new_rp: NewRp, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E1: another tenant's application gets `invalid_grant`, and the owner goes on."""
    thief = new_rp(world.client("thief", tenant=fietsen))
    browser = new_browser().get(rp.authorize_url(scope="openid offline_access")).login(world.user("anna", zon))
    tokens = rp.finish(browser)
    stolen = thief.refresh(tokens)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert rp.refresh(tokens).status_code == 200


def test_an_administrator_changes_their_own_tenant_only(
    world: World, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E1: no parameter of a request chooses the tenant; the object authorised is the object acted on."""
    bert = world.user("bert", zon, type="administrator", totp=True)
    browser = open_page(new_browser(), "/console/settings", bert)
    form = browser.filled_form("Save", two_factor_mandatory="on")
    for name, value in (
        ("tenant", fietsen.slug),
        ("tenant_id", str(fietsen.id)),
        ("slug", fietsen.slug),
        ("id", str(fietsen.id)),
    ):
        form.fill(name, value)
    form.action += f"?tenant={fietsen.slug}&tenant_id={fietsen.id}"
    browser.send(form)
    assert browser.status < 500
    with world.unit_of_work() as session:
        assert session.get(Tenant, fietsen.id).two_factor_mandatory is False


@pytest.mark.parametrize("kind", ["employee", "accountant"])
def test_the_console_is_for_administrators(world: World, new_browser: NewBrowser, zon: KnownTenant, kind: str) -> None:
    """E1: anyone else gets 403 or 404."""
    anna = world.user("anna", zon, type=kind)
    browser = new_browser().get("/console/settings").login(anna)
    assert browser.status in {403, 404}
    assert not browser.page.has_field("two_factor_mandatory")


def test_an_administrator_of_one_tenant_is_none_in_another(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E1: somebody else's known address cannot be revoked; its id looks like one that does not exist."""
    anna = world.user("anna", zon, totp=True, every_30_days=True)
    frits = world.user("frits", fietsen, totp=True, every_30_days=True)
    new_browser().get(rp.authorize_url()).login(anna)
    browser = open_page(new_browser(), "/account/security", frits)
    with world.unit_of_work() as session:
        own = str(session.query(KnownIpGrant).filter_by(user_id=frits.id).one().id)
        hers = str(session.query(KnownIpGrant).filter_by(user_id=anna.id).one().id)
    form = next(f for f in browser.page.forms if own in f.action)
    answers = []
    for grant_id in (hers, str(uuid4())):
        browser.post(form.action.replace(own, grant_id), form.values)
        answers.append((browser.status, browser.path.replace(grant_id, "ID")))
    assert answers[0] == answers[1]
    with world.unit_of_work() as session:
        assert session.query(KnownIpGrant).filter_by(user_id=anna.id).count() == 1
