"""Section 2: the answer as a form that the browser posts to the application."""

from __future__ import annotations

import pytest

from tests.support.browser import Browser
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World


def fields(browser: Browser) -> dict[str, str]:
    """What the page would post."""
    (form,) = browser.page.forms
    assert form.method == "post"
    assert form.action == "https://books.example/cb"
    return dict(form.values)


def test_a_code(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """The page has the parameters, a button that works without script, and a policy that lets the form go there."""
    browser.get(rp.authorize_url(response_mode="form_post")).login(anna)
    values = fields(browser)
    assert values.keys() == {"code", "state", "iss"}
    assert (values["state"], values["iss"]) == (rp.asked.state, ISSUER)
    assert rp.redeem(values["code"]).status_code == 200
    assert browser.page.soup.select_one("form button[type=submit]")
    policy = browser.response.headers["content-security-policy"]
    assert "form-action 'self' https://books.example;" in policy
    assert "unsafe-inline" not in policy
    assert browser.response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("changes", [{"prompt": "none"}, {"response_type": "token"}, {"scope": None}], ids=str)
def test_an_error(rp: RelyingParty, browser: Browser, changes: dict[str, str | None]) -> None:
    """In the same way."""
    browser.get(rp.authorize_url(response_mode="form_post", **changes))
    values = fields(browser)
    assert values["error"]
    assert (values["state"], values["iss"]) == (rp.asked.state, ISSUER)


def test_what_is_in_a_state_does_nothing(rp: RelyingParty, browser: Browser) -> None:
    """It is escaped."""
    state = "\"><script>alert(1)</script><input name='x"
    browser.get(rp.authorize_url(response_mode="form_post", prompt="none", state=state))
    assert fields(browser)["state"] == state
    assert not browser.page.soup.find_all("script", src=False)


def test_query_may_be_asked_too(rp: RelyingParty, at_work: Browser) -> None:
    """OAuth 2.0 Multiple Response Types section 2.1: it is the default."""
    assert "code" in rp.answer(at_work.get(rp.authorize_url(response_mode="query")))


def test_an_address_that_no_form_reaches(world: World, new_rp: NewRp, browser: Browser) -> None:
    """A private-use scheme is no web address: the error goes there in the other way."""
    rp = new_rp(world.client("app", public=True, application_type="native", redirect_uris=["com.example.app:/cb"]))
    browser.get(rp.authorize_url(response_mode="form_post"))
    assert rp.answer(browser)["error"] == "invalid_request"
