"""Sections 2, 3 and 4: logging out, asked by an application or by the person."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from idp.audit.models import AuditEvent
from idp.oidc.models import Client
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

BYE = "https://books.example/bye?state=bye"


def is_logged_in(rp: RelyingParty, browser: Browser) -> bool:
    """Whether a request without pages gets a code."""
    return "code" in rp.answer(browser.get(rp.authorize_url(prompt="none")))


def test_with_a_hint_of_this_session(world: World, rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """Section 2: nobody is asked; the browser goes back with the state, and the audit log remembers."""
    browser.get(rp.logout_url(tokens))
    assert browser.landed == BYE
    assert not is_logged_in(rp, browser)
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="session.ended").count() == 1


def test_a_copy_of_the_cookie_is_worthless(
    rp: RelyingParty, tokens: Tokens, browser: Browser, new_browser: NewBrowser
) -> None:
    """The session ends on the server."""
    thief = new_browser()
    thief.http.cookies.update(browser.http.cookies)
    browser.get(rp.logout_url(tokens))
    assert not is_logged_in(rp, thief)


def test_the_hint_may_have_expired(rp: RelyingParty, tokens: Tokens, browser: Browser, clock: MovingClock) -> None:
    """Section 4."""
    clock.advance(hours=3)
    browser.get(rp.logout_url(tokens))
    assert browser.landed == BYE


def test_an_access_token_ends_with_the_session(rp: RelyingParty, at_work: Browser) -> None:
    """Without offline access."""
    tokens = rp.finish(at_work)
    at_work.get(rp.logout_url(tokens))
    assert rp.userinfo(tokens).status_code == 401


def test_without_a_hint_the_person_is_asked(rp: RelyingParty, at_work: Browser) -> None:
    """Section 2: and told who asks."""
    at_work.get(rp.logout_url())
    assert at_work.landed is None
    assert "Informer Books" in at_work.text
    assert "https://books.example" in at_work.response.headers["content-security-policy"]
    at_work.submit("Log out")
    assert str(at_work.landed) == BYE
    assert not is_logged_in(rp, at_work)


def test_the_person_may_stay(rp: RelyingParty, at_work: Browser) -> None:
    """Section 2: it is the person's decision."""
    at_work.get(rp.logout_url()).submit("Stay logged in")
    assert at_work.landed is None
    assert at_work.path.startswith("/account")
    assert is_logged_in(rp, at_work)


def test_without_a_state(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """Section 3: it is sent back if it was there."""
    browser.get(rp.logout_url(tokens, state=None))
    assert browser.landed == "https://books.example/bye"


def test_a_hint_names_the_client(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """Section 2: client_id may be left out."""
    browser.get(rp.logout_url(tokens, client_id=None))
    assert browser.landed == BYE


def test_a_hint_alone(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """A page says that it is done."""
    browser.get(rp.logout_url(tokens, client_id=None, post_logout_redirect_uri=None, state=None))
    assert browser.landed is None
    assert "logged out" in browser.text
    assert not is_logged_in(rp, browser)


def test_a_hint_of_another_session(
    world: World, zon: KnownTenant, rp: RelyingParty, tokens: Tokens, new_browser: NewBrowser
) -> None:
    """An old token, or somebody else's, logs nobody out by itself."""
    bert = world.user("bert", zon)
    his = new_browser().get(rp.authorize_url()).login(bert)
    rp.finish(his)
    his.get(rp.logout_url(tokens))
    assert his.landed is None
    assert is_logged_in(rp, his)


def signed_by_another(tokens: Tokens) -> str:
    """The same claims, signed with a key that is not ours, under the name of one that is."""
    header = jws.extract_compact(tokens.id_token.encode()).headers()
    return jwt.encode(dict(header), tokens.claims, RSAKey.generate_key(2048))


def unsigned(tokens: Tokens) -> str:
    """The same claims with `alg` none."""
    _, claims, _ = tokens.id_token.split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{claims}."


HINTS: dict[str, Callable[[Tokens], str]] = {
    "x": lambda _: "x",
    "access token": lambda tokens: tokens.access_token,
    "alg none": unsigned,
    "foreign key": signed_by_another,
}


@pytest.mark.parametrize("kind", HINTS)
def test_what_is_no_id_token(rp: RelyingParty, tokens: Tokens, browser: Browser, kind: str) -> None:
    """Section 2, RFC 7519 section 6: it is no hint, and the person is asked."""
    browser.get(rp.logout_url(id_token_hint=HINTS[kind](tokens)))
    assert browser.landed is None
    assert browser.status == 200
    assert is_logged_in(rp, browser)


@pytest.mark.parametrize(
    "changes",
    [
        {"post_logout_redirect_uri": "https://evil.example/"},
        {"post_logout_redirect_uri": "https://books.example/bye/"},
        {"post_logout_redirect_uri": "https://books.example/bye?added=1"},
        {"post_logout_redirect_uri": "https://books.example/cb"},
        {"post_logout_redirect_uri": "javascript:alert(1)"},
        {"client_id": "nobody"},
        {"client_id": None, "id_token_hint": None},
    ],
    ids=str,
)
def test_an_address_that_is_not_registered(
    rp: RelyingParty, tokens: Tokens, browser: Browser, changes: dict[str, str | None]
) -> None:
    """Sections 3 and 4: nobody is logged out and nothing is sent anywhere."""
    browser.get(rp.logout_url(tokens, **changes))
    assert browser.landed is None
    assert browser.status == 400
    assert "still logged in" in browser.text
    assert is_logged_in(rp, browser)


@pytest.mark.parametrize(
    ("changes", "parameter", "english", "dutch"),
    [
        ({"client_id": "nobody"}, "client_id", "not known to us", "niet kennen"),
        (
            {"post_logout_redirect_uri": "https://x.example/"},
            "post_logout_redirect_uri",
            "not registered",
            "geregistreerd",
        ),
        ({"client_id": None, "id_token_hint": None}, "post_logout_redirect_uri", "not registered", "geregistreerd"),
        ({"client_id": None, "id_token_hint": "x"}, "id_token_hint", "not from us", "niet van ons"),
        ({"client_id": "other"}, "id_token_hint", "not its own", "niet van haar"),
    ],
    ids=["client_id", "post_logout_redirect_uri", "nobody's", "id_token_hint", "another's id_token_hint"],
)
def test_the_page_says_which_part(
    world: World,
    rp: RelyingParty,
    tokens: Tokens,
    browser: Browser,
    changes: dict[str, str | None],
    parameter: str,
    english: str,
    dutch: str,
) -> None:
    """Section 4: in words for the person, and by the parameter's name for whoever runs the application."""
    world.client("other")
    for language, words in (("en", english), ("nl", dutch)):
        page = browser.get(rp.logout_url(tokens, **changes), **{"Accept-Language": language}).page
        assert words in page.text
        assert next(code.text for code in page.soup.select("main code")) == parameter
    assert is_logged_in(rp, browser)


def test_a_hint_of_another_client(world: World, new_rp: NewRp, tokens: Tokens, browser: Browser) -> None:
    """Section 2: the two must agree."""
    browser.get(new_rp(world.client("other")).logout_url(tokens))
    assert browser.landed is None
    assert browser.status == 400


def test_a_hint_of_a_client_that_is_gone(world: World, rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """Its addresses are gone with it; the person can still log out."""
    url = rp.logout_url(tokens, client_id=None, post_logout_redirect_uri=None)
    with world.unit_of_work() as session:
        session.query(Client).one().disabled_at = world._now()
    browser.get(url)
    assert "logged out" in browser.text


@pytest.mark.parametrize("name", ["state", "id_token_hint", "unheard_of"])
def test_no_parameter_twice(rp: RelyingParty, at_work: Browser, name: str) -> None:
    """RFC 6749 section 3.1 holds here as well."""
    at_work.get(f"{rp.logout_url()}&{urlencode([(name, 'a'), (name, 'b')])}")
    assert at_work.status == 400


def test_who_is_not_logged_in_goes_back(rp: RelyingParty, browser: Browser) -> None:
    """There is nothing to ask."""
    assert browser.get(rp.logout_url()).landed == BYE


# Without an application


def test_a_person_logs_out(rp: RelyingParty, at_work: Browser) -> None:
    """The page asks first, and says who is logged in."""
    at_work.get("/logout")
    assert "anna" in at_work.text
    at_work.submit("Log out")
    assert "You are logged out" in at_work.text
    assert not is_logged_in(rp, at_work)


def test_a_person_who_is_not_logged_in(browser: Browser) -> None:
    """It is said."""
    assert "You are logged out" in browser.get("/logout").text


def test_the_question_is_answered_once(rp: RelyingParty, at_work: Browser, anna: KnownUser) -> None:
    """A replayed form logs nobody out of a later session."""
    form = at_work.get("/logout").filled_form("Log out")
    at_work.send(form)
    at_work.get(rp.authorize_url()).login(anna)
    assert at_work.send(form).status == 404
    assert is_logged_in(rp, at_work)


def test_two_tabs_ask(rp: RelyingParty, at_work: Browser) -> None:
    """The second answer finds nobody logged in, and goes where it should."""
    first = at_work.get(rp.logout_url()).filled_form("Log out")
    at_work.get("/logout").submit("Log out")
    assert at_work.send(first).landed == BYE


def test_the_form_is_this_browsers(rp: RelyingParty, at_work: Browser, new_browser: NewBrowser) -> None:
    """RFC 6749 section 10.12: it carries a token, and its address is good in one browser."""
    at_work.get("/logout")
    address = at_work.page.forms[0].action
    assert at_work.post(address, {"decision": "logout"}).status == 400
    assert is_logged_in(rp, at_work)
    other = new_browser()
    form = other.get(rp.authorize_url()).filled_form()
    form.action = address
    form.fill("decision", "logout")
    assert other.send(form).status == 404


def test_a_request_by_post(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """Section 2: a form from another site brings no cookies; the redirect that answers it does."""
    form = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": "https://books.example/bye", "state": "bye"}
    kept = dict(browser.http.cookies)
    browser.http.cookies.clear()
    answer = browser.http.post("/logout", data=form, headers={"Origin": "https://books.example"})
    assert answer.status_code == 303
    browser.http.cookies.update(kept)
    assert browser.get(answer.headers["location"]).landed == BYE
    assert not is_logged_in(rp, browser)


def test_a_wrong_request_by_post(browser: Browser) -> None:
    """The same page."""
    assert browser.post("/logout", {"client_id": "nobody"}).status == 400


def test_the_language(rp: RelyingParty, browser: Browser) -> None:
    """Section 2: ui_locales."""
    url = rp.logout_url(post_logout_redirect_uri=None, ui_locales="nl")
    html = browser.get(url).page.soup.html
    assert html
    assert html["lang"] == "nl"
