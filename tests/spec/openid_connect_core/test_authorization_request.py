"""Sections 3.1.2.1, 3.1.2.2 and 3.1.2.6: what a request may ask, and what a wrong one gets."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask

from idp import shortlived
from idp.oidc.models import Client
from idp.tenancy.models import Tenant
from tests.support.browser import Browser, NewBrowser
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

URI = "https://books.example/cb"


def error(rp: RelyingParty, browser: Browser) -> str:
    """The error that the application got; state and iss are right."""
    return rp.answer(browser)["error"]


def ask(rp: RelyingParty, browser: Browser, **changes: str | None) -> str:
    """Send the browser with a request; the error that comes back at once."""
    return error(rp, browser.get(rp.authorize_url(**changes)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "unknown other"}, "invalid_scope"),
        ({"scope": 'openid "quoted"'}, "invalid_scope"),
        ({"scope": "openid\tprofile"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "99999999999"}, "invalid_request"),
        ({"max_age": "ten"}, "invalid_request"),
        ({"max_age": "\u0661"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://books.example/request"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"id_token_hint": "no.such.token"}, "invalid_request"),
        ({"nonce": "n" * 5000}, "invalid_request"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_request_is_told_to_the_application(
    rp: RelyingParty, browser: Browser, changes: dict[str, str | None], expected: str
) -> None:
    """Section 3.1.2.6: the error goes to the registered address, and no page is shown."""
    assert ask(rp, browser, **changes) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": f"{URI}/"},
        {"redirect_uri": f"{URI}?a=b"},
        {"redirect_uri": URI.upper()},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": f"{URI}#x"},
        {"redirect_uri": f"{URI};x"},
        {"redirect_uri": f"{URI}%2F"},
        {"redirect_uri": f"{URI}/../cb"},
        {"redirect_uri": f"{URI} "},
        {"redirect_uri": f"{URI}\n"},
        {"redirect_uri": f"{URI},{URI}"},
        {"redirect_uri": URI.replace("https:", "http:")},
        {"redirect_uri": URI.replace("/cb", ":443/cb")},
        {"redirect_uri": URI.replace("/cb", "//cb")},
        {"redirect_uri": URI.replace("/cb", "/%63b")},
        {"redirect_uri": URI.replace("/cb", "./cb")},
        {"redirect_uri": URI.replace("//", "//x@")},
        {"redirect_uri": URI.replace("//", "//www.")},
        {"redirect_uri": URI.replace("/cb", ".evil.example/cb")},
        {"redirect_uri": URI.replace("//", "\\\\")},
    ],
    ids=str,
)
def test_what_cannot_be_answered_gets_a_page(
    rp: RelyingParty, browser: Browser, changes: dict[str, str | None]
) -> None:
    """RFC 6749 section 4.1.2.1: without a known client and its address nothing is sent anywhere."""
    browser.get(rp.authorize_url(**changes))
    assert browser.landed is None
    assert browser.status == 400
    assert "Go back to the application" in browser.text


@pytest.mark.parametrize(
    ("changes", "parameter", "english", "dutch"),
    [
        ({"client_id": "nobody"}, "client_id", "is not known to us", "kennen we niet"),
        ({"redirect_uri": "https://x.example/"}, "redirect_uri", "is not registered for it", "geregistreerd"),
        ({"redirect_uri": None}, "redirect_uri", "without an address to return to", "zonder adres"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "request_uri", "answered already", "al beantwoord"),
    ],
    ids=["client_id", "redirect_uri", "no redirect_uri", "request_uri"],
)
def test_such_a_page_says_which_part(
    rp: RelyingParty, new_browser: NewBrowser, changes: dict[str, str | None], parameter: str, english: str, dutch: str
) -> None:
    """RFC 6749 section 4.1.2.1: in words for the person, and by the parameter's name for whoever runs the application."""
    for language, words in (("en", english), ("nl", dutch)):
        page = new_browser().get(rp.authorize_url(**changes), **{"Accept-Language": language}).page
        assert words in page.text
        assert parameter in [code.text for code in page.soup.select("main code")]


def test_such_a_page_leads_back_to_the_applications_website(world: World, new_rp: NewRp, browser: Browser) -> None:
    """RFC 7591 section 2, client_uri: where one is registered, a person presses a link to it; nobody is sent there."""
    shop = new_rp(world.client("shop", name="Web Shop", client_uri="https://shop.example/"))
    browser.get(shop.authorize_url(redirect_uri="https://elsewhere.example/"))
    assert browser.status == 400
    assert browser.page.links["Back to Web Shop"] == "https://shop.example/"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_an_address_sent_twice_gets_a_page(rp: RelyingParty, browser: Browser, name: str) -> None:
    """RFC 6749 section 3.1: of two addresses none is chosen."""
    browser.get(f"{rp.authorize_url()}&{urlencode({name: 'x'})}")
    assert browser.landed is None
    assert browser.status == 400


@pytest.mark.parametrize("name", ["scope", "nonce", "prompt", "something_unknown"])
def test_no_parameter_comes_twice(rp: RelyingParty, browser: Browser, name: str) -> None:
    """RFC 6749 section 3.1."""
    twice = urlencode([(name, "a"), (name, "b")])
    assert error(rp, browser.get(f"{rp.authorize_url()}&{twice}")) == "invalid_request"


def test_a_state_sent_twice_is_not_sent_back(rp: RelyingParty, browser: Browser) -> None:
    """RFC 6749 section 3.1: neither of the two is chosen."""
    browser.get(f"{rp.authorize_url()}&state=other")
    assert browser.landed
    assert "error=invalid_request" in browser.landed
    assert "state=" not in browser.landed


def test_a_state_that_is_too_long_is_not_sent_back(rp: RelyingParty, browser: Browser) -> None:
    """An answer has to fit into an address."""
    browser.get(rp.authorize_url(state="s" * 5000))
    assert browser.landed
    assert "error=invalid_request" in browser.landed
    assert "state=" not in browser.landed


def test_unknown_parameters_are_ignored(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """RFC 6749 section 3.1; `display` is one that we do not need."""
    browser.get(rp.authorize_url(display="popup", unheard_of="1")).login(anna)
    assert "code" in rp.answer(browser)


def test_an_empty_parameter_counts_as_left_out(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """RFC 6749 section 3.1."""
    browser.get(rp.authorize_url(max_age="", prompt="", id_token_hint="", claims="")).login(anna)
    assert "code" in rp.answer(browser)


def test_an_answer_without_state_has_none(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """RFC 6749 section 4.1.2: state is sent back if it was there."""
    browser.get(rp.authorize_url(state=None)).login(anna)
    assert browser.landed
    assert "state=" not in browser.landed


def test_a_state_comes_back_unchanged(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """RFC 6749 section 4.1.2: to the letter, whatever is in it."""
    state = "a b&c=d#é%20+\"'<>\r\n;"
    browser.get(rp.authorize_url(state=state)).login(anna)
    assert browser.landed
    assert parse_qs(urlsplit(browser.landed).query)["state"] == [state]


def test_a_client_that_is_not_registered_for_codes(world: World, new_rp: NewRp, browser: Browser) -> None:
    """RFC 7591 section 2: what is not registered is not given."""
    services = new_rp(world.client("services", response_types=[], grant_types=["client_credentials"]))
    assert ask(services, browser) == "unauthorized_client"


def test_a_disabled_client_is_unknown_at_once(world: World, rp: RelyingParty, at_work: Browser) -> None:
    """No copy of a registration outlives its disabling."""
    with world.unit_of_work() as session:
        session.query(Client).one().disabled_at = world._now()
    at_work.get(rp.authorize_url())
    assert at_work.status == 400
    assert at_work.landed is None


def test_somebody_who_is_logged_in_is_not_asked_again(rp: RelyingParty, at_work: Browser) -> None:
    """Section 3.1.2.3: single sign-on."""
    at_work.get(rp.authorize_url())
    assert "code" in rp.answer(at_work)


def test_prompt_login_asks_again(rp: RelyingParty, at_work: Browser, anna: KnownUser, clock: MovingClock) -> None:
    """Section 3.1.2.1: prompt login, also where somebody is logged in; the answer tells the new time."""
    clock.advance(minutes=5)
    at_work.get(rp.authorize_url(prompt="login"))
    assert at_work.step == "password"
    asked_at = clock.now()
    clock.advance(seconds=20)
    at_work.login(anna)
    assert rp.finish(at_work).claims["auth_time"] >= int(asked_at.timestamp())


def test_prompt_select_account_asks_again(rp: RelyingParty, at_work: Browser, clock: MovingClock) -> None:
    """Section 3.1.2.1: who chooses an account proves it."""
    clock.advance(minutes=5)
    at_work.get(rp.authorize_url(prompt="select_account consent"))
    assert at_work.step == "password"


def test_no_earlier_login_satisfies_prompt_login(
    rp: RelyingParty, at_work: Browser, anna: KnownUser, clock: MovingClock
) -> None:
    """A login for another request, before or beside, does not do: the floor is fixed when the request comes."""
    clock.advance(minutes=5)
    at_work.get(rp.authorize_url(prompt="login"))
    login = at_work.page.address
    resume = _resume_of(rp, at_work)
    clock.advance(minutes=1)
    at_work.get(rp.authorize_url())
    assert "code" in rp.answer(at_work)
    at_work.get(resume)
    assert at_work.step == "password"
    assert at_work.page.address != login


def _resume_of(rp: RelyingParty, browser: Browser) -> str:
    """Begin a request and look at where its login would return to."""
    handle = urlsplit(browser.page.address).path.split("/")[2]
    assert browser.transport
    with browser.transport.app.app_context():
        record = shortlived.get("login", handle)
    assert record
    return str(record["return_to"])


def test_max_age_lets_a_young_login_pass(rp: RelyingParty, at_work: Browser, clock: MovingClock) -> None:
    """Section 3.1.2.1: max_age counts from the last time that the person was actively authenticated."""
    clock.advance(seconds=59)
    at_work.get(rp.authorize_url(max_age="60"))
    assert "code" in rp.answer(at_work)


def test_max_age_asks_after_an_old_login(
    rp: RelyingParty, at_work: Browser, anna: KnownUser, clock: MovingClock
) -> None:
    """Section 3.1.2.1: and auth_time is told."""
    clock.advance(seconds=61)
    at_work.get(rp.authorize_url(max_age="60"))
    assert at_work.step == "password"
    at_work.login(anna)
    assert rp.finish(at_work).claims["auth_time"] == int(clock.now().timestamp())


def test_max_age_0_is_prompt_login(rp: RelyingParty, at_work: Browser, clock: MovingClock) -> None:
    """Section 3.1.2.1: 0 is a number, and no login is that young."""
    clock.advance(seconds=1)
    at_work.get(rp.authorize_url(max_age="0"))
    assert at_work.step == "password"


def test_a_registered_default_max_age(world: World, new_rp: NewRp, at_work: Browser, clock: MovingClock) -> None:
    """OpenID Connect Registration section 2: default_max_age holds where the request says nothing."""
    strict = new_rp(world.client("strict", default_max_age=60))
    clock.advance(seconds=61)
    at_work.get(strict.authorize_url())
    assert at_work.step == "password"


def test_login_hint_fills_in_the_name(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 3.1.2.1."""
    browser.get(rp.authorize_url(login_hint="anna"))
    assert browser.page.one("input[name=username]")["value"] == "anna"


def test_ui_locales_choose_the_language(rp: RelyingParty, browser: Browser) -> None:
    """Section 3.1.2.1: the first that we speak."""
    browser.get(rp.authorize_url(ui_locales="fr nl-BE en"))
    assert browser.page.soup.html
    assert browser.page.soup.html["lang"] == "nl"


def test_id_token_hint_of_who_is_logged_in(
    rp: RelyingParty, tokens: Tokens, browser: Browser, clock: MovingClock
) -> None:
    """Section 3.1.2.1: it may have expired."""
    clock.advance(hours=2)
    browser.get(rp.authorize_url(id_token_hint=tokens.id_token))
    assert "code" in rp.answer(browser)


def test_id_token_hint_of_somebody_else(
    world: World, zon: KnownTenant, rp: RelyingParty, tokens: Tokens, new_browser: NewBrowser
) -> None:
    """Section 3.1.2.2: who logs in must be the person of the hint; an answer for anybody else is an error."""
    bert = world.user("bert", zon)
    his = new_browser().get(rp.authorize_url()).login(bert)
    his.get(rp.authorize_url(id_token_hint=tokens.id_token))
    assert his.step == "password"
    his.login(bert)
    assert error(rp, his) == "login_required"


def test_id_token_hint_of_another_client(world: World, new_rp: NewRp, tokens: Tokens, browser: Browser) -> None:
    """An ID token is for its own audience."""
    assert ask(new_rp(world.client("other")), browser, id_token_hint=tokens.id_token) == "invalid_request"


def test_an_access_token_is_no_hint(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """RFC 8725 section 3.11: one kind of token is never taken for another."""
    assert ask(rp, browser, id_token_hint=tokens.access_token) == "invalid_request"


# POST


def test_a_request_may_come_by_post(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 3.1.2.1: GET and POST alike."""
    browser.post("/authorize", rp.parameters())
    assert browser.step == "password"
    browser.login(anna)
    assert rp.finish(browser).claims["sub"] == str(anna.id)


def test_a_request_by_post_finds_who_is_logged_in(rp: RelyingParty, at_work: Browser) -> None:
    """A form from another site brings no cookies; the redirect that answers it does."""
    parameters = rp.parameters()
    kept = dict(at_work.http.cookies)
    at_work.http.cookies.clear()
    answer = at_work.http.post("/authorize", data=parameters, headers={"Origin": "https://books.example"})
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    at_work.http.cookies.update(kept)
    at_work.get(answer.headers["location"])
    assert "code" in rp.answer(at_work)


def test_a_wrong_request_by_post(rp: RelyingParty, browser: Browser) -> None:
    """It gets the same error as by GET."""
    assert error(rp, browser.post("/authorize", rp.parameters(prompt="create"))) == "invalid_request"


def test_a_parameter_in_the_address_and_in_the_form_comes_twice(rp: RelyingParty, browser: Browser) -> None:
    """RFC 6749 section 3.1."""
    assert error(rp, browser.post("/authorize?nonce=1", rp.parameters())) == "invalid_request"


# Resuming


def test_a_request_is_answered_once(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """A replayed address, the back button, a second tab: none makes a second code."""
    browser.get(rp.authorize_url())
    resume = _resume_of(rp, browser)
    browser.login(anna)
    assert "code" in rp.answer(browser)
    browser.get(resume)
    assert browser.landed is None
    assert browser.status == 404
    assert "no longer open" in browser.text


@pytest.mark.both_stores
def test_a_request_is_answered_once_also_at_the_same_moment(
    app: Flask, rp: RelyingParty, browser: Browser, anna: KnownUser
) -> None:
    """Two tabs find it open: one gets a code, the other the page that says it is over."""
    resume = _resume_of(rp, browser.get(rp.authorize_url()))
    browser.get(rp.authorize_url()).login(anna)
    with meanwhile(app, "FROM browser_sessions", lambda: browser.http.get(resume)) as others:
        mine = browser.http.get(resume)
    assert "code=" in others[0].headers["location"]
    assert mine.status_code == 404


def test_a_request_is_the_browsers_that_began_it(
    rp: RelyingParty, browser: Browser, anna: KnownUser, new_browser: NewBrowser
) -> None:
    """Another browser that learns the address gets nothing, even when somebody is logged in there."""
    other = new_browser().get(rp.authorize_url()).login(anna)
    browser.get(rp.authorize_url())
    other.get(_resume_of(rp, browser))
    assert other.landed is None
    assert other.status == 404


@pytest.mark.parametrize("handle", ["x", "s" + "A" * 43, "r" + "A" * 43, "%2e%2e", "a" * 5000])
def test_an_unknown_handle(browser: Browser, handle: str) -> None:
    """A page that says what to do."""
    browser.get(f"/authorize/{handle}")
    assert browser.status == 404
    assert browser.get(f"/authorize/{handle}/cancel").status == 404


def test_a_request_is_too_old_after_a_day(rp: RelyingParty, browser: Browser, clock: MovingClock) -> None:
    """24 hours."""
    browser.get(rp.authorize_url())
    resume = _resume_of(rp, browser)
    clock.advance(hours=23)
    assert browser.get(resume).step == "password"
    clock.advance(hours=1)
    assert browser.get(resume).status == 404


def test_what_changed_counts_at_the_resume(world: World, rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """A request is read anew: an address that is no longer registered gets nothing."""
    browser.get(rp.authorize_url())
    with world.unit_of_work() as session:
        client = session.query(Client).one()
        client.registration = {**client.registration, "redirect_uris": ["https://books.example/new"]}
    browser.login(anna)
    assert browser.landed is None
    assert browser.status == 400


def test_cancelling_is_told(rp: RelyingParty, browser: Browser) -> None:
    """RFC 6749 section 4.1.2.1: access_denied."""
    browser.get(rp.authorize_url()).submit("Cancel")
    assert error(rp, browser) == "access_denied"


def test_a_cancelled_request_is_over(rp: RelyingParty, browser: Browser) -> None:
    """It was answered."""
    browser.get(rp.authorize_url())
    resume = _resume_of(rp, browser)
    browser.submit("Cancel")
    assert browser.get(resume).status == 404


# Tenants


def test_a_request_may_name_the_tenant(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """The login is for that tenant, and its people only."""
    browser.get(rp.authorize_url(tenant="de-zon")).login(anna)
    assert rp.finish(browser).claims["tenant"] == "de-zon"


def test_a_tenant_that_the_user_does_not_work_for(
    world: World, rp: RelyingParty, browser: Browser, anna: KnownUser
) -> None:
    """access_denied, before any code exists."""
    world.tenant("fietsen-bv", security_code=False)
    browser.get(rp.authorize_url(tenant="fietsen-bv")).login(anna)
    assert error(rp, browser) == "access_denied"


def test_a_tenant_that_does_not_exist(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """The same answer."""
    browser.get(rp.authorize_url(tenant="nowhere")).login(anna)
    assert error(rp, browser) == "access_denied"


def test_a_tenants_application_is_for_its_own_people(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """Who is logged in for another tenant gets no page and no code."""
    fietsen = world.tenant("fietsen-bv", security_code=False)
    assert ask(new_rp(world.client("bikes", tenant=fietsen)), at_work) == "access_denied"


@pytest.mark.parametrize("prompt", ["login", "select_account"])
def test_an_application_that_asks_who_it_is_may_get_somebody_else(
    world: World, new_rp: NewRp, at_work: Browser, prompt: str
) -> None:
    """Section 3.1.2.1: who is logged in would not do, but the person is asked, so another one may come."""
    fietsen = world.tenant("fietsen-bv", security_code=False)
    joost = world.user("joost", fietsen)
    rp = new_rp(world.client("bikes", tenant=fietsen))
    at_work.get(rp.authorize_url(prompt=prompt))
    assert at_work.step == "password"
    at_work.fill(username="joost", password=joost.password).submit()
    assert rp.finish(at_work).claims["sub"] == str(joost.id)


def test_a_tenants_application_for_its_own_user(
    world: World, zon: KnownTenant, new_rp: NewRp, at_work: Browser
) -> None:
    """It works, and naming its own tenant changes nothing."""
    own = new_rp(world.client("own", tenant=zon))
    at_work.get(own.authorize_url(tenant="de-zon"))
    assert own.finish(at_work).claims["tenant"] == "de-zon"


def test_a_tenants_application_cannot_name_another(
    world: World, zon: KnownTenant, new_rp: NewRp, at_work: Browser
) -> None:
    """The two contradict each other."""
    assert ask(new_rp(world.client("own", tenant=zon)), at_work, tenant="fietsen-bv") == "access_denied"


def test_an_application_of_a_disabled_tenant_is_unknown(
    world: World, new_rp: NewRp, browser: Browser, clock: MovingClock
) -> None:
    """It ends with its tenant."""
    gone = world.tenant("gone")
    rp = new_rp(world.client("theirs", tenant=gone))
    world.change(Tenant, gone.id, disabled_at=clock.now())
    browser.get(rp.authorize_url())
    assert browser.status == 400
