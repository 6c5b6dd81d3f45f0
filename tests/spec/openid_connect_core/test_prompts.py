"""Section 3.1.2.1: every combination of the values of `prompt`, and the parameters that change no answer."""

from __future__ import annotations

import pytest

from tests.support.browser import Browser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def shop(world: World, new_rp: NewRp, at_work: Browser, clock: MovingClock) -> RelyingParty:
    """A third party's application that Anna has allowed what it asks; she logged in a moment ago."""
    rp = new_rp(world.client("shop", first_party=False))
    at_work.get(rp.authorize_url()).submit("Allow")
    assert "code" in rp.answer(at_work)
    clock.advance(seconds=1)
    return rp


@pytest.mark.parametrize(
    ("prompt", "pages"),
    [
        ("", []),
        ("none", []),
        ("login", ["password"]),
        ("consent", ["consent"]),
        ("select_account", ["password"]),
        ("login consent", ["password", "consent"]),
        ("consent login", ["password", "consent"]),
        ("login select_account", ["password"]),
        ("select_account consent", ["password", "consent"]),
        ("consent select_account login", ["password", "consent"]),
        ("login login", ["password"]),
    ],
)
def test_what_is_shown(shop: RelyingParty, at_work: Browser, anna: KnownUser, prompt: str, pages: list[str]) -> None:
    """Each value does its own work, in the order of the chain, whatever order they stand in; then there is a code."""
    at_work.get(shop.authorize_url(prompt=prompt))
    shown = []
    while at_work.landed is None:
        shown.append(at_work.step)
        if at_work.step == "consent":
            at_work.submit("Allow")
        else:
            at_work.fill(username=anna.username, password=anna.password).submit()
    assert shown == pages
    assert "code" in shop.answer(at_work)


@pytest.mark.parametrize(
    "prompt",
    ["none login", "consent none", "none select_account", "login consent none", "none consent select_account login"],
)
def test_none_stands_alone(shop: RelyingParty, at_work: Browser, prompt: str) -> None:
    """With any other value it is an error, also where nothing would have to be shown."""
    assert shop.answer(at_work.get(shop.authorize_url(prompt=prompt)))["error"] == "invalid_request"


def test_max_age_0_without_a_page(shop: RelyingParty, at_work: Browser) -> None:
    """Section 3.1.2.6: prompt none with a max_age that no login meets."""
    at_work.get(shop.authorize_url(prompt="none", max_age="0"))
    assert shop.answer(at_work)["error"] == "login_required"


def test_max_age_0_beside_prompt_consent(shop: RelyingParty, at_work: Browser, anna: KnownUser) -> None:
    """The age is asked first, the consent after it; the answer tells the new time."""
    at_work.get(shop.authorize_url(prompt="consent", max_age="0"))
    assert at_work.step == "password"
    at_work.fill(username=anna.username, password=anna.password).submit()
    assert at_work.step == "consent"
    at_work.submit("Allow")
    assert shop.finish(at_work).claims["auth_time"] == int(shop.now().timestamp())


@pytest.mark.parametrize("prompt", ["none", "login", "select_account"])
def test_the_hint_of_another_user(
    world: World, zon: KnownTenant, rp: RelyingParty, tokens: Tokens, browser: Browser, prompt: str, clock: MovingClock
) -> None:
    """Section 3.1.2.2: only the user of id_token_hint will do, however the page comes about."""
    bert = world.user("bert", zon)
    browser.http.cookies.clear()
    browser.get(rp.authorize_url()).login(bert)
    assert "code" in rp.answer(browser)
    clock.advance(seconds=1)
    browser.get(rp.authorize_url(prompt=prompt, id_token_hint=tokens.id_token))
    if prompt != "none":
        browser.fill(username=bert.username, password=bert.password).submit()
    assert rp.answer(browser)["error"] == "login_required"


@pytest.mark.parametrize(
    "harmless",
    [
        *({"display": value} for value in ("page", "popup", "touch", "wap", "hologram")),
        {"claims_locales": "nl-NL fr"},
        {"claims_locales": "\u00e9\u00e9n"},
        {"ui_locales": "xx"},
        {"unheard_of": "1"},
        {"__proto__": "[]", "a.b[c]": "\u20ac", "access_token": "x"},
    ],
    ids=str,
)
def test_what_changes_nothing(rp: RelyingParty, at_work: Browser, anna: KnownUser, harmless: dict[str, str]) -> None:
    """Sections 3.1.2.1 and 5.2: display and claims_locales are wishes, what is unknown is ignored."""
    assert rp.finish(at_work.get(rp.authorize_url(**harmless))).claims["sub"] == str(anna.id)
    pushed = rp.push(**harmless)
    assert "code" in rp.answer(at_work.get(rp.pushed_url(pushed.json()["request_uri"])))
