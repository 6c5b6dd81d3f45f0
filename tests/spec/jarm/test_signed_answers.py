"""Section 2: the answer of the authorization endpoint as a JWT, signed for the application that asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jws, jwt

from idp.oidc.signing_keys.jwts import Registry
from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.stores import ISSUER
from tests.support.world import KnownUser, World


def landed(browser: Browser) -> str:
    """The one parameter that the browser brought to the application."""
    assert browser.landed, browser.text[:500]
    answer = dict(parse_qsl(urlsplit(browser.landed).query))
    assert answer.keys() == {"response"}
    return answer["response"]


def said(rp: RelyingParty, response: str, algorithm: str = "RS256") -> dict[str, Any]:
    """What a signed answer says, once issuer, audience and time are right."""
    claims = jwt.decode(response, rp.keys(), registry=Registry(algorithms=[algorithm])).claims
    assert claims["iss"] == ISSUER
    assert claims["aud"] == rp.client.client_id
    assert rp.now().timestamp() < claims["exp"] <= rp.now().timestamp() + 600
    return dict(claims)


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_a_code(rp: RelyingParty, browser: Browser, anna: KnownUser, mode: str) -> None:
    """Sections 2.1 and 2.3.1: code and state are in it, and nowhere else."""
    browser.get(rp.authorize_url(response_mode=mode)).login(anna)
    answer = said(rp, landed(browser))
    assert answer.keys() == {"iss", "aud", "exp", "code", "state"}
    assert answer["state"] == rp.asked.state
    assert rp.redeem(answer["code"]).status_code == 200


def test_a_code_by_form(rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 2.3.3."""
    browser.get(rp.authorize_url(response_mode="form_post.jwt")).login(anna)
    (form,) = browser.page.forms
    assert dict(form.values).keys() == {"response"}
    assert rp.redeem(said(rp, dict(form.values)["response"])["code"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "https://books.example/x"}, "request_uri_not_supported"),
    ],
    ids=str,
)
def test_an_error(rp: RelyingParty, browser: Browser, changes: dict[str, str | None], error: str) -> None:
    """Section 2.1: in the same way."""
    browser.get(rp.authorize_url(response_mode="jwt", **changes))
    answer = said(rp, landed(browser))
    assert answer.keys() == {"iss", "aud", "exp", "error", "error_description", "state"}
    assert (answer["error"], answer["state"]) == (error, rp.asked.state)


def test_a_cancelled_login(rp: RelyingParty, browser: Browser) -> None:
    """Section 2.1: after a login that came to nothing, too."""
    browser.get(rp.authorize_url(response_mode="jwt")).submit("Cancel")
    assert said(rp, landed(browser))["error"] == "access_denied"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_the_registered_algorithm(world: World, new_rp: NewRp, browser: Browser, algorithm: str) -> None:
    """Section 3: authorization_signed_response_alg; RS256 where it is left out."""
    rp = new_rp(world.client("signed", authorization_signed_response_alg=algorithm))
    browser.get(rp.authorize_url(response_mode="jwt", prompt="none"))
    assert said(rp, landed(browser), algorithm)["error"] == "login_required"


def test_it_is_no_other_token(rp: RelyingParty, browser: Browser) -> None:
    """RFC 8725 section 3.11: nobody takes it for an ID token or an access token."""
    browser.get(rp.authorize_url(response_mode="jwt", prompt="none"))
    response = landed(browser)
    assert jws.extract_compact(response.encode()).headers().keys() == {"alg", "kid"}
    assert rp.userinfo(response).status_code == 401
    assert rp.answer(browser.get(rp.authorize_url(id_token_hint=response)))["error"] == "invalid_request"


def test_by_fragment_is_not_supported(rp: RelyingParty, browser: Browser) -> None:
    """Section 2.3.2: nothing here answers in a fragment; the error goes in the way of a code."""
    assert rp.answer(browser.get(rp.authorize_url(response_mode="fragment.jwt")))["error"] == "invalid_request"


def test_an_address_that_no_form_reaches(world: World, new_rp: NewRp, browser: Browser) -> None:
    """The error is signed all the same."""
    rp = new_rp(world.client("app", public=True, application_type="native", redirect_uris=["com.example.app:/cb"]))
    browser.get(rp.authorize_url(response_mode="form_post.jwt"))
    assert said(rp, landed(browser))["error"] == "invalid_request"


def test_a_pushed_request_may_ask_for_it(
    rp: RelyingParty, browser: Browser, anna: KnownUser, clock: MovingClock
) -> None:
    """RFC 9126 section 2.1: as any other parameter; what is wrong when it is pushed is told as JSON."""
    assert rp.push(response_mode="jwt", scope=None).json()["error"] == "invalid_scope"
    browser.get(rp.pushed_url(rp.push(response_mode="jwt").json()["request_uri"]))
    clock.advance(minutes=9)
    browser.login(anna)
    assert "code" in said(rp, landed(browser))


def test_it_is_announced(rp: RelyingParty) -> None:
    """Section 4."""
    assert {"jwt", "query.jwt", "form_post.jwt"} <= set(rp.metadata["response_modes_supported"])
    assert "fragment.jwt" not in rp.metadata["response_modes_supported"]
    assert rp.metadata["authorization_signing_alg_values_supported"] == ["RS256", "PS256", "ES256", "EdDSA"]
