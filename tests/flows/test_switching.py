"""A member of several companies works for one at a time: the choice among many, the named one, the switch (E3)."""

from uuid import UUID, uuid4

import httpx
import pytest

from idp.audit.models import AuditEvent
from idp.login.models import BrowserSession
from idp.tenancy.models import Membership, Tenant
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import NOTE
from tests.support.passkeys import add_passkey, use
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

COMPANIES = "/account/companies"
WORK = "Work for this company"
TWO_FACTOR = '{"id_token":{"acr":{"essential":true,"value":"urn:informer:acr:2fa"}}}'


@pytest.fixture
def zon(world: World) -> KnownTenant:
    """The home tenant: it asks nothing but the password."""
    return world.tenant("de-zon", security_code=False)


@pytest.fixture
def fietsen(world: World) -> KnownTenant:
    """Another tenant, which asks a security code."""
    return world.tenant("fietsen-bv", code="771204")


@pytest.fixture
def eva(world: World, zon: KnownTenant, fietsen: KnownTenant) -> KnownUser:
    """An accountant of the one who works for the other as well."""
    return world.user("eva", zon, type="accountant", works_for=[fietsen])


def switch(browser: Browser, tenant: KnownTenant) -> Browser:
    """Press the button of that company."""
    return browser.get(COMPANIES).fill(tenant=tenant.slug).submit(WORK)


def works_for(browser: Browser) -> str:
    """The company that the frame of our own pages names."""
    return browser.page.one("p.over").get_text().split("·")[1].strip()


def switched(world: World) -> list[UUID]:
    """The companies that sessions were moved to without a login, in the audit log."""
    with world.unit_of_work() as session:
        events = session.query(AuditEvent).filter_by(kind="session.tenant_switched").order_by(AuditEvent.id)
        return [event.tenant_id for event in events]


def many(world: World, user: KnownUser, number: int) -> None:
    """So many more companies that the user works for."""
    with world.unit_of_work() as session:
        rows = [
            Tenant(
                id=uuid4(), slug=f"klant-{n:03}", name=f"Klant {n:03} BV", security_code_sealed="", security_code=False
            )
            for n in range(number)
        ]
        session.add_all(rows)
        session.flush()
        session.add_all(Membership(user_id=user.id, tenant_id=row.id) for row in rows)


def names(browser: Browser) -> list[str]:
    """The companies to choose from."""
    return [button.get_text(strip=True) for button in browser.page.soup.select("button[name=tenant]")]


# The named tenant


def test_a_named_tenant_counts_as_the_choice(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, fietsen: KnownTenant
) -> None:
    """A login for a named tenant is for that tenant until another is chosen: the next request names none, and asks nothing."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    for asked in ({}, {"prompt": "none"}):
        assert rp.finish(browser.get(rp.authorize_url(**asked))).claims["tenant"] == "fietsen-bv"


def test_the_choice_outlives_a_fresh_proof_for_it(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, fietsen: KnownTenant
) -> None:
    """A proof that is asked anew for the working tenant forgets the older evidence, and not for whom one works."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    browser.get(rp.authorize_url(tenant=fietsen.slug, prompt="login")).login(eva, tenant=fietsen)
    rp.finish(browser)
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["tenant"] == "fietsen-bv"


def test_a_request_that_names_another_moves_the_session(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: no page was needed, but the answer is for that company: so are the person's own pages and every other answer."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    assert rp.finish(browser.get(rp.authorize_url(tenant=zon.slug))).claims["tenant"] == "de-zon"
    assert works_for(browser.get("/account/")) == zon.name
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["tenant"] == "de-zon"
    assert switched(world) == [zon.id]


def test_a_silent_request_that_names_another_moves_the_session(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: `prompt=none` for a company of which all is proved is answered for it, and the session works for it."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    assert rp.finish(browser.get(rp.authorize_url(tenant=zon.slug, prompt="none"))).claims["tenant"] == "de-zon"
    assert rp.finish(browser.get(rp.authorize_url())).claims["tenant"] == "de-zon"
    assert switched(world) == [zon.id]


def test_a_request_that_is_refused_moves_nothing(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: only an answer moves the session: an error, or a step that is shown and not answered, leaves it where it is."""
    browser = new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon)
    rp.finish(browser)
    browser.get(rp.authorize_url(tenant=fietsen.slug, prompt="none"))
    assert rp.answer(browser)["error"] == "interaction_required"
    assert browser.get(rp.authorize_url(tenant=fietsen.slug)).step == "security_code"
    assert works_for(browser.get("/account/")) == zon.name
    assert switched(world) == []


ASKED_AGAIN = [
    pytest.param({"claims": TWO_FACTOR}, id="step-up"),
    pytest.param({"acr_values": "urn:informer:acr:2fa"}, id="voluntary"),
    pytest.param({"max_age": "60"}, id="max_age"),
    pytest.param({"prompt": "login"}, id="login"),
    pytest.param({"claims": TWO_FACTOR, "prompt": "login"}, id="step-up with login"),
]


@pytest.mark.both_stores
@pytest.mark.parametrize("moved_by", ["application", "switch"])
@pytest.mark.parametrize("asked", ASKED_AGAIN)
def test_a_step_up_stays_with_the_company(
    world: World,
    rp: RelyingParty,
    new_browser: NewBrowser,
    clock: MovingClock,
    zon: KnownTenant,
    fietsen: KnownTenant,
    asked: dict[str, str],
    moved_by: str,
) -> None:
    """E3: whoever works for De Zon, and is asked for more by a request that names no company, still works for De Zon.

    At home it is Fietsen, where the security code is another one: De Zon's chain is owed, and no choice is asked.
    """
    eva = world.user("eva", fietsen, type="accountant", works_for=[zon], totp=True)
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    if moved_by == "switch":
        switch(browser, zon)
    else:
        assert rp.finish(browser.get(rp.authorize_url(tenant=zon.slug))).claims["tenant"] == "de-zon"
    clock.advance(minutes=5)
    browser.steps = []
    browser.get(rp.authorize_url(**asked)).login(eva, tenant=zon)
    assert rp.finish(browser).claims["tenant"] == "de-zon"
    assert not {"choose_tenant", "security_code"} & set(browser.steps)
    assert works_for(browser.get("/account/")) == zon.name
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["tenant"] == "de-zon"


def test_choosing_an_account_is_choosing_a_company(
    rp: RelyingParty,
    new_browser: NewBrowser,
    clock: MovingClock,
    eva: KnownUser,
    zon: KnownTenant,
    fietsen: KnownTenant,
) -> None:
    """E3: `prompt=select_account` offers the companies again; what is chosen is where the session works from then on."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    clock.advance(minutes=1)
    browser.get(rp.authorize_url(prompt="select_account")).login(eva, tenant=zon)
    assert browser.steps[-1] == "choose_tenant"
    assert rp.finish(browser).claims["tenant"] == "de-zon"
    assert works_for(browser.get("/account/")) == zon.name


def test_somebody_else_in_the_same_browser_begins_at_home(
    world: World,
    rp: RelyingParty,
    new_browser: NewBrowser,
    clock: MovingClock,
    eva: KnownUser,
    zon: KnownTenant,
    fietsen: KnownTenant,
) -> None:
    """E3: for whom the session of another person works says nothing of who comes after them."""
    fred = world.user("fred", zon, type="accountant", works_for=[fietsen])
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    clock.advance(minutes=1)
    browser.get(rp.authorize_url(prompt="login")).login(fred, until="choose_tenant")
    assert browser.step == "choose_tenant"


def test_tokens_keep_the_company_they_were_given_for(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: a refresh token and a code belong to their own authorization, wherever the session works by now."""
    offline = {"scope": "openid offline_access"}
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug, **offline)).login(eva, tenant=fietsen)
    tokens = rp.finish(browser)
    code = rp.answer(browser.get(rp.authorize_url(tenant=fietsen.slug)))["code"]
    first = rp.asked
    assert works_for(switch(browser, zon)) == zon.name
    rp.asked = first
    for response in (rp.redeem(code), rp.refresh(tokens)):
        assert rp.verified(response.json()["id_token"])["tenant"] == "fietsen-bv"


def test_the_application_of_one_company_counts(
    world: World,
    rp: RelyingParty,
    new_rp: NewRp,
    new_browser: NewBrowser,
    eva: KnownUser,
    zon: KnownTenant,
    fietsen: KnownTenant,
) -> None:
    """E2, E3: an application of De Zon's own is for De Zon wherever the session works, and takes the session there."""
    own = new_rp(world.client("zon-own", tenant=zon))
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    assert own.finish(browser.get(own.authorize_url(max_age="600"))).claims["tenant"] == "de-zon"
    assert works_for(browser.get("/account/")) == zon.name


def test_a_pushed_request_stays_where_the_session_is_when_it_is_brought(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3, RFC 9126: one that names no company is judged when the browser brings it, not when it was pushed."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    pushed = rp.pushed_url()
    switch(browser, zon)
    assert rp.finish(browser.get(pushed)).claims["tenant"] == "de-zon"


def test_who_works_for_one_company_makes_no_choice(
    world: World, rp: RelyingParty, new_browser: NewBrowser, zon: KnownTenant
) -> None:
    """The named tenant of somebody who has only that one leaves no evidence of a choice."""
    browser = new_browser().get(rp.authorize_url(tenant=zon.slug)).login(world.user("anna", zon))
    rp.finish(browser)
    with world.unit_of_work() as session:
        kept = session.query(BrowserSession).one().evidence
    assert [proof["step"] for proof in kept] == ["password"]


def test_silently_a_step_that_is_owed_is_an_error(
    rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """`prompt=none` for a company whose security code was not given: `interaction_required`."""
    browser = new_browser().get(rp.authorize_url(tenant=zon.slug)).login(eva, tenant=zon)
    rp.finish(browser)
    browser.get(rp.authorize_url(tenant=fietsen.slug, prompt="none"))
    assert rp.answer(browser)["error"] == "interaction_required"


# The switch


def test_a_switch_asks_what_the_other_policy_asks_more(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """To the company with the code: its code, once. Back, and there again: nothing. Tokens name the company."""
    browser = new_browser().get("/account/").login(eva, tenant=zon)
    assert browser.follow("Work for another company").path == COMPANIES
    switch(browser, fietsen).login(eva, tenant=fietsen)
    assert browser.steps == ["security_code"]
    assert (browser.path, works_for(browser)) == ("/account/", fietsen.name)
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["tenant"] == "fietsen-bv"
    assert works_for(switch(browser, zon)) == zon.name
    assert rp.finish(browser.get(rp.authorize_url(prompt="none"))).claims["tenant"] == "de-zon"
    assert works_for(switch(browser, fietsen)) == fietsen.name
    assert switched(world) == [zon.id, fietsen.id]


def test_a_switch_to_a_company_with_mandatory_two_factor(
    world: World, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """B1: its policy holds in full, so that it is set up before the session is for that company."""
    world.policy(fietsen, two_factor_mandatory=True)
    browser = new_browser().get("/account/").login(eva, tenant=zon)
    switch(browser, fietsen).login(eva, tenant=fietsen, until="set_up_totp")
    assert NOTE in browser.text
    assert works_for(browser.get("/account/")) == zon.name


def test_a_switch_is_a_new_secret_and_no_longer_life(
    world: World, new_browser: NewBrowser, clock: MovingClock, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """A5: a copied cookie of before is worthless; the session ends when it would have ended."""
    world.policy(fietsen, security_code=False)
    browser = new_browser().get("/account/").login(eva, tenant=zon)
    copied = httpx.Cookies(browser.http.cookies)
    with world.unit_of_work() as session:
        before = session.query(BrowserSession).one().expires_at
    clock.advance(hours=1)
    switch(browser, fietsen)
    with world.unit_of_work() as session:
        assert session.query(BrowserSession).one().expires_at == before
    thief = new_browser()
    thief.http.cookies = copied
    assert works_for(browser.get("/account/")) == fietsen.name
    assert thief.get("/account/").step == "password"


@pytest.mark.parametrize("given", ["other", "no-such-tenant", "", "de-zon,fietsen-bv", "x" * 300, "DE-ZON"])
def test_a_company_that_one_does_not_work_for(
    world: World, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, given: str
) -> None:
    """E1: somebody else's company is as unknown as one that does not exist, and nothing is switched."""
    world.tenant("other", security_code=False)
    browser = new_browser().get(COMPANIES).login(eva, tenant=zon)
    form = browser.filled_form(WORK)
    form.fill("tenant", given)
    browser.send(form)
    assert browser.status == 404
    assert "You do not work for this company." in browser.text
    assert works_for(browser.get("/account/")) == zon.name


def test_a_company_chosen_twice_in_one_form(new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant) -> None:
    """R23: a field that is sent twice is no answer."""
    browser = new_browser().get(COMPANIES).login(eva, tenant=zon)
    form = browser.filled_form(WORK)
    form.values.append(("tenant", "de-zon"))
    assert browser.send(form).status == 404


def test_an_ended_membership_is_no_place_to_work(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """The session goes on at the next page, for a company that is still the person's."""
    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    with world.unit_of_work() as session:
        session.query(Membership).delete()
    assert works_for(browser.get("/account/")) == zon.name


# Many companies


def test_few_companies_are_not_searched(new_browser: NewBrowser, world: World, eva: KnownUser) -> None:
    """Eight fit on a screen."""
    many(world, eva, 6)
    browser = new_browser().get("/account/").login(eva, until="choose_tenant")
    assert len(names(browser)) == 8
    assert not browser.page.has_field("search")


@pytest.mark.both_stores
def test_the_choice_among_five_hundred(
    world: World, rp: RelyingParty, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant
) -> None:
    """The step is searched and paged by the server, without a script; what is chosen need not be on the page."""
    many(world, eva, 500)
    browser = new_browser().get(rp.authorize_url()).login(eva, until="choose_tenant")
    first = names(browser)
    assert first[:2] == [zon.name, "Fietsen Bv"]
    assert len(first) == 51
    second = names(browser.follow("Next page"))
    assert len(second) == 50
    assert not set(first) & set(second)
    browser.fill(search="lANT 41").submit("Find")
    assert browser.step == "choose_tenant"
    assert names(browser) == [f"Klant {n} BV" for n in range(410, 420)]
    browser.press("Klant 417 BV")
    assert rp.finish(browser).claims["tenant"] == "klant-417"


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1", "x" * 5000, "\u202e"], ids=range(6))
def test_words_that_mean_something_to_a_database(
    world: World, new_browser: NewBrowser, eva: KnownUser, words: str
) -> None:
    """They are words like others: nothing is found, and the page says how to go on."""
    many(world, eva, 9)
    browser = new_browser().get("/account/").login(eva, until="choose_tenant")
    browser.fill(search=words).submit("Find")
    assert (browser.status, browser.step) == (200, "choose_tenant")
    assert "No company is found" in browser.text
    assert len(names(browser.follow("All companies, from the beginning"))) == 11


def test_the_page_of_the_companies_is_searched_and_paged_too(
    world: World, new_browser: NewBrowser, eva: KnownUser, zon: KnownTenant
) -> None:
    """The user page lists the same; a disabled company is not among them."""
    many(world, eva, 60)
    with world.unit_of_work() as session:
        disabled = session.query(Tenant).filter_by(slug="klant-007").one()
        disabled.disabled_at = disabled.created_at
    browser = new_browser().get(COMPANIES).login(eva, tenant=zon)
    seen = browser.text
    assert "Klant 006 BV" in seen
    assert "Klant 007 BV" not in seen
    assert "Klant 059 BV" in browser.follow("Next page").text
    browser.fill(search="klant 03").submit("Find")
    assert len(names(browser)) == 10
    assert "No company is found" in browser.fill(search="bakkerij").submit("Find").text


def test_a_passkey_counts_by_the_company_that_was_chosen(
    world: World, new_browser: NewBrowser, rp: RelyingParty, eva: KnownUser, zon: KnownTenant, fietsen: KnownTenant
) -> None:
    """E3: the home company takes no passkeys; the chosen one does, so it asks for hers, and takes it."""
    key = Authenticator()
    add_passkey(new_browser(), eva, key)
    world.policy(zon, passkeys=False)
    browser = new_browser().get(rp.authorize_url()).login(eva, tenant=fietsen, until="passkey")
    assert browser.steps == ["password", "choose_tenant", "security_code"]
    use(browser, key)
    claims = rp.finish(browser).claims
    assert (claims["tenant"], claims["acr"]) == (fietsen.slug, "phr")


def test_a_device_is_allowed_for_where_the_session_works(
    world: World,
    rp: RelyingParty,
    new_rp: NewRp,
    new_browser: NewBrowser,
    eva: KnownUser,
    zon: KnownTenant,
    fietsen: KnownTenant,
) -> None:
    """E3, RFC 8628: one that names no company stays with the session's, and keeps that one after a switch; one that does moves it."""
    grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    tv = new_rp(world.client("tv", grant_types=[grant_type]))

    def allowed(browser: Browser, **asked: str) -> dict[str, str]:
        request = tv.token_request(scope="openid", **asked)
        request.url = httpx.URL(tv.metadata["device_authorization_endpoint"])
        device = tv.http.send(request).json()
        browser.get(device["verification_uri_complete"]).submit("Continue").login(eva)
        return {"grant_type": grant_type, "device_code": device["device_code"]}

    browser = new_browser().get(rp.authorize_url(tenant=fietsen.slug)).login(eva, tenant=fietsen)
    rp.finish(browser)
    here = allowed(browser)
    there = allowed(browser, tenant=zon.slug)
    assert works_for(browser.get("/account/")) == zon.name
    given = [tv.verified(tv.token(**device).json()["id_token"])["tenant"] for device in (here, there)]
    assert given == ["fietsen-bv", "de-zon"]
