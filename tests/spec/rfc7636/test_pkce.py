"""Sections 4.2 to 4.6, and RFC 9700 section 2.1.1: the code is good only for who began."""

from __future__ import annotations

import pytest

from tests.support.browser import Browser
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import World


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": "c" * 44},
        {"code_challenge": "c" * 42 + "="},
        {"code_challenge": "c" * 42 + "+"},
        {"code_challenge": "c" * 42 + "é"},
    ],
    ids=lambda changes: str(changes)[:70],
)
def test_a_wrong_challenge(rp: RelyingParty, browser: Browser, changes: dict[str, str | None]) -> None:
    """Section 4.4.1: S256 only, and only a SHA-256 in base64url."""
    assert rp.answer(browser.get(rp.authorize_url(**changes)))["error"] == "invalid_request"


@pytest.fixture
def lenient(world: World, new_rp: NewRp) -> RelyingParty:
    """A confidential client that may go without."""
    return new_rp(world.client("lenient", require_pkce=False))


def test_a_client_that_may_go_without(lenient: RelyingParty, at_work: Browser) -> None:
    """RFC 9700 section 2.1.1: then the nonce protects the code."""
    url = lenient.authorize_url(code_challenge=None, code_challenge_method=None)
    code = lenient.answer(at_work.get(url))["code"]
    assert lenient.redeem(code, code_verifier=None).status_code == 200


def test_a_verifier_without_a_challenge(lenient: RelyingParty, at_work: Browser) -> None:
    """RFC 9700 section 4.8.2: refused, or somebody could have left the challenge out on the way."""
    code = lenient.answer(at_work.get(lenient.authorize_url(code_challenge=None, code_challenge_method=None)))["code"]
    answer = lenient.redeem(code)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert lenient.redeem(code, code_verifier=None).status_code == 200


@pytest.mark.parametrize(
    "changes", [{"nonce": None}, {"scope": "profile"}, {"code_challenge_method": "S256"}], ids=lambda c: next(iter(c))
)
def test_going_without_needs_a_nonce(lenient: RelyingParty, browser: Browser, changes: dict[str, str | None]) -> None:
    """RFC 9700 section 2.1.1: and an ID token to find it in; half a challenge is none."""
    url = lenient.authorize_url(**{"code_challenge": None, "code_challenge_method": None, **changes})
    assert lenient.answer(browser.get(url))["error"] == "invalid_request"


def test_who_sees_to_it_by_itself(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """RFC 9700 section 2.1.1, OpenID Connect Core section 3.1.2.1: nonce is optional; only where it is registered so."""
    rp = new_rp(world.client("certified", require_pkce=False, require_nonce=False))
    code = rp.answer(at_work.get(rp.authorize_url(code_challenge=None, code_challenge_method=None, nonce=None)))["code"]
    answer = rp.redeem(code, code_verifier=None)
    assert "nonce" not in rp.verified(answer.json()["id_token"])


@pytest.mark.parametrize("kind", [{"public": True, "require_pkce": False}, {}], ids=["public", "with PKCE"])
def test_that_does_away_with_no_challenge(world: World, new_rp: NewRp, browser: Browser, kind: dict[str, bool]) -> None:
    """RFC 9700 section 2.1.1: who must use PKCE must, whatever is said of the nonce."""
    rp = new_rp(world.client("certified", **kind, require_nonce=False))  # type: ignore[arg-type]
    browser.get(rp.authorize_url(code_challenge=None, code_challenge_method=None))
    assert rp.answer(browser)["error"] == "invalid_request"


def test_who_sends_a_challenge_is_held_to_it(lenient: RelyingParty, at_work: Browser) -> None:
    """Section 4.6."""
    code = lenient.answer(at_work.get(lenient.authorize_url()))["code"]
    assert lenient.redeem(code, code_verifier="v" * 43).json()["error"] == "invalid_grant"
    assert lenient.redeem(code, code_verifier=None).json()["error"] == "invalid_grant"
    assert lenient.redeem(code).status_code == 200


def test_a_public_client_never_goes_without(world: World, new_rp: NewRp, browser: Browser) -> None:
    """RFC 9700 section 2.1.1: whatever its registration says."""
    public = new_rp(world.client("public", public=True, require_pkce=False))
    url = public.authorize_url(code_challenge=None, code_challenge_method=None)
    assert public.answer(browser.get(url))["error"] == "invalid_request"


def test_a_public_client_redeems_with_its_verifier(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """It has nothing else to show."""
    public = new_rp(world.client("public", public=True))
    assert public.finish(at_work.get(public.authorize_url())).claims["aud"] == "public"
