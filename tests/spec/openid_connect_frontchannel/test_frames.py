"""Sections 2 and 3: the page that says "logged out" loads the applications' addresses in frames, and goes on."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.browser import Browser, NewBrowser
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownUser, World

OUT = "https://books.example/out?from=us"


@pytest.fixture
def shop(world: World, new_rp: NewRp) -> RelyingParty:
    """An application that wants to know which session."""
    return new_rp(world.client("shop", frontchannel_logout_uri=OUT, frontchannel_logout_session_required=True))


def frames(browser: Browser) -> list[str]:
    """The addresses of the frames of the page."""
    return [str(frame["src"]) for frame in browser.page.soup.find_all("iframe")]


def tokens_of(rp: RelyingParty, browser: Browser, user: KnownUser) -> Tokens:
    """What the application got in this browser."""
    return rp.finish(browser.get(rp.authorize_url()).login(user))


def test_with_issuer_and_session(shop: RelyingParty, anna: KnownUser, browser: Browser) -> None:
    """Section 3: `iss`, and the `sid` that the ID token had, beside the query that the address has."""
    tokens = tokens_of(shop, browser, anna)
    browser.get("/logout").submit("Log out")
    (address,) = frames(browser)
    assert address.startswith("https://books.example/out?")
    assert dict(parse_qsl(urlsplit(address).query)) == {
        "from": "us",
        "iss": shop.metadata["issuer"],
        "sid": tokens.claims["sid"],
    }
    assert browser.response.headers["content-security-policy"].endswith("; frame-src https://books.example")
    assert "refresh" not in browser.response.headers


def test_also_where_it_was_not_asked(world: World, new_rp: NewRp, anna: KnownUser, browser: Browser) -> None:
    """Section 3: both may always be there; an application that is registered without a word about them finds its session."""
    shop = new_rp(world.client("shop", frontchannel_logout_uri=OUT))
    tokens = tokens_of(shop, browser, anna)
    browser.get("/logout").submit("Log out")
    (frame,) = frames(browser)
    assert dict(parse_qsl(urlsplit(frame).query)) == {
        "from": "us",
        "iss": shop.metadata["issuer"],
        "sid": tokens.claims["sid"],
    }


def test_then_on(rp: RelyingParty, shop: RelyingParty, anna: KnownUser, browser: Browser) -> None:
    """RP-Initiated Logout section 3: back with the state, by a link, and by itself with script or without."""
    tokens_of(shop, browser, anna)
    browser.get(rp.logout_url(tokens_of(rp, browser, anna)))
    assert browser.landed is None
    assert len(frames(browser)) == 1
    assert browser.response.headers["refresh"] == "5; url=https://books.example/bye?state=bye"
    assert browser.page.soup.select_one("a[data-go-on]")
    assert browser.page.links["Back to Informer Books"] == "https://books.example/bye?state=bye"
    assert browser.get(rp.logout_url()).landed == "https://books.example/bye?state=bye"


def test_what_is_in_a_state_does_nothing(
    rp: RelyingParty, shop: RelyingParty, anna: KnownUser, browser: Browser
) -> None:
    """RP-Initiated Logout section 3: it comes back as it came, and is neither markup, header nor another address."""
    state = (
        '"><script>alert(1)</script>\r\nx: y&post_logout_redirect_uri=https://evil.example#; url=https://evil.example'
    )
    tokens_of(shop, browser, anna)
    browser.get(rp.logout_url(tokens_of(rp, browser, anna), state=state))
    where = browser.page.links["Back to Informer Books"]
    assert browser.response.headers["refresh"] == f"5; url={where}"
    assert where.startswith("https://books.example/bye?state=")
    assert parse_qsl(urlsplit(where).query) == [("state", state)]
    assert "alert(1)</script>" not in browser.text


def test_nobody_else(
    rp: RelyingParty, shop: RelyingParty, anna: KnownUser, browser: Browser, new_browser: NewBrowser
) -> None:
    """Section 2: not the applications of another browser; without any the browser goes straight back."""
    tokens_of(shop, new_browser(), anna)
    browser.get(rp.logout_url(tokens_of(rp, browser, anna)))
    assert browser.landed == "https://books.example/bye?state=bye"
    assert "frame-src" not in browser.get("/logout").response.headers["content-security-policy"]


def test_discovery_says_so(rp: RelyingParty) -> None:
    """Section 3, and Back-Channel Logout section 2.1."""
    for channel in ("frontchannel", "backchannel"):
        assert rp.metadata[f"{channel}_logout_supported"] is True
        assert rp.metadata[f"{channel}_logout_session_supported"] is True
