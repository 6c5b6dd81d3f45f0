"""Section 5: an authorization server that supports no type of authorization_details says so."""

from __future__ import annotations

from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty, Tokens

DETAILS = '[{"type":"payment_initiation"}]'


def test_everywhere(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """Sections 2 and 6: at the authorization, the pushed authorization request and the token endpoint; never ignored."""
    browser.get(rp.authorize_url(authorization_details=DETAILS))
    assert rp.answer(browser)["error"] == "invalid_authorization_details"
    assert rp.push(authorization_details=DETAILS).json()["error"] == "invalid_authorization_details"
    refused = rp.refresh(tokens, authorization_details=DETAILS)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_authorization_details")
    assert rp.refresh(tokens).status_code == 200
