"""Before somebody has logged in here, or has allowed it, nothing tells who they are or for whom they work (E7, R80)."""

from __future__ import annotations

import json
import re
import uuid

import pytest

from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

PLACES = ("id_token", "userinfo")
SUBJECTS = ("public", "pairwise")


def asking_for(sub: str, place: str = "id_token") -> str:
    """A `claims` parameter that names the person."""
    return json.dumps({place: {"sub": {"value": sub}}})


def filled_in(browser: Browser) -> str:
    """What stands in the field of the username."""
    assert browser.step == "password"
    return str(browser.page.one("input[name=username]")["value"])


def as_it_stands(browser: Browser) -> str:
    """The page without what is drawn anew for each visit."""
    return re.sub(r"[\w.-]{20,}", "", browser.page.html)


@pytest.fixture
def books(request: pytest.FixtureRequest, world: World, new_rp: NewRp) -> RelyingParty:
    """An application with public or with pairwise names for people."""
    return new_rp(world.client("books", subject_type=request.param))


@pytest.mark.parametrize("books", SUBJECTS, indirect=True)
@pytest.mark.parametrize("place", PLACES)
def test_a_sub_tells_nobodys_name(
    books: RelyingParty, anna: KnownUser, browser: Browser, new_browser: NewBrowser, place: str
) -> None:
    """Section 5.5.1: in a browser where nobody is logged in the page is the same for her, for nobody, and for no `sub`."""
    sub = books.finish(browser.get(books.authorize_url()).login(anna)).claims["sub"]
    pages = []
    for named in (sub, str(uuid.uuid4()), "nobody"):
        stranger = new_browser().get(books.authorize_url(claims=asking_for(named, place)))
        assert filled_in(stranger) == ""
        pages.append(as_it_stands(stranger))
    pages.append(as_it_stands(new_browser().get(books.authorize_url())))
    assert len(set(pages)) == 1
    assert "anna" not in pages[0].lower()


@pytest.mark.parametrize("books", SUBJECTS, indirect=True)
@pytest.mark.parametrize("hours", [0, 2], ids=["fresh", "expired"])
def test_a_hint_tells_nobodys_name(
    books: RelyingParty, anna: KnownUser, browser: Browser, new_browser: NewBrowser, clock: MovingClock, hours: int
) -> None:
    """Section 3.1.2.1: an ID token that got out, a fresh or an old one, does not tell whose it is."""
    tokens = books.finish(browser.get(books.authorize_url()).login(anna))
    clock.advance(hours=hours)
    stranger = new_browser().get(books.authorize_url(id_token_hint=tokens.id_token))
    assert filled_in(stranger) == ""
    assert as_it_stands(stranger) == as_it_stands(new_browser().get(books.authorize_url()))


def test_nor_to_somebody_else_who_is_logged_in(
    world: World, zon: KnownTenant, rp: RelyingParty, tokens: Tokens, new_browser: NewBrowser
) -> None:
    """Whoever is logged in as another person sees neither name: the one is not theirs to see, the other will not do."""
    his = new_browser().get(rp.authorize_url()).login(world.user("bert", zon))
    assert filled_in(his.get(rp.authorize_url(id_token_hint=tokens.id_token))) == ""
    assert filled_in(his.get(rp.authorize_url(claims=asking_for(tokens.claims["sub"])))) == ""


@pytest.mark.parametrize("hint", [None, "bert"])
def test_whoever_is_logged_in_finds_their_own(
    rp: RelyingParty, tokens: Tokens, browser: Browser, anna: KnownUser, clock: MovingClock, hint: str | None
) -> None:
    """Section 3.1.2.1: asked again in her own browser, she need not type her name; nor may a hint say another one."""
    clock.advance(seconds=1)
    browser.get(rp.authorize_url(prompt="login", id_token_hint=tokens.id_token, login_hint=hint))
    assert filled_in(browser) == "anna"
    assert "code" in rp.answer(browser.login(anna))


def test_what_the_application_itself_sends_is_not_looked_up(
    rp: RelyingParty, tokens: Tokens, new_browser: NewBrowser
) -> None:
    """Section 3.1.2.1: a `login_hint` beside a `sub` stands there as it came, whoever the `sub` is."""
    for sub in (tokens.claims["sub"], "nobody"):
        browser = new_browser().get(rp.authorize_url(claims=asking_for(sub), login_hint="somebody"))
        assert filled_in(browser) == "somebody"


# Silent requests of an application that was allowed nothing yet


@pytest.fixture
def shop(world: World, new_rp: NewRp) -> RelyingParty:
    """A third party's application."""
    return new_rp(world.client("shop", first_party=False))


def silently(rp: RelyingParty, browser: Browser, **changes: str | None) -> dict[str, str]:
    """The answer of a request that may show no page, without what differs each time."""
    answer = rp.answer(browser.get(rp.authorize_url(prompt="none", **changes)))
    return {name: value for name, value in answer.items() if name.startswith("error")} or {"error": "none"}


@pytest.mark.parametrize("mandatory", [False, True], ids=["", "two-factor-mandatory"])
@pytest.mark.parametrize("type_", ["employee", "accountant"])
def test_no_tenant_tells_for_whom_somebody_works(
    world: World, zon: KnownTenant, rp: RelyingParty, shop: RelyingParty, browser: Browser, type_: str, mandatory: bool
) -> None:
    """One answer for her own company, one that she works for, one that she has nothing to do with, and one that is none."""
    works_for = world.tenant("fietsen-bv", two_factor_mandatory=mandatory)
    world.tenant("others", security_code=False)
    eva = world.user("eva", zon, type=type_, works_for=[works_for] if type_ == "accountant" else [])
    browser.get(rp.authorize_url(tenant="de-zon")).login(eva)
    rp.answer(browser)
    answers = [silently(shop, browser, tenant=slug) for slug in ("de-zon", "fietsen-bv", "others", "no-such")]
    assert answers == [silently(shop, browser)] * 4
    assert answers[0]["error"] == "consent_required"


def test_an_application_of_one_company_learns_no_more(
    world: World, zon: KnownTenant, new_rp: NewRp, rp: RelyingParty, browser: Browser, new_browser: NewBrowser
) -> None:
    """Its visitors' people are told apart only once they allowed it; afterwards `access_denied` says who may not come."""
    other = world.tenant("fietsen-bv", security_code=False)
    own = new_rp(world.client("own", tenant=other, first_party=False))
    stranger = browser.get(rp.authorize_url()).login(world.user("bert", zon))
    member = new_browser().get(rp.authorize_url()).login(world.user("frits", other))
    rp.answer(stranger)
    assert silently(own, stranger) == silently(own, member)
    assert own.answer(stranger.get(own.authorize_url()))["error"] == "access_denied"


@pytest.mark.parametrize("place", PLACES)
def test_no_sub_tells_who_is_logged_in(shop: RelyingParty, at_work: Browser, anna: KnownUser, place: str) -> None:
    """A `sub` that another application told is not compared with whoever is here before they allowed it."""
    hers, others = (silently(shop, at_work, claims=asking_for(sub, place)) for sub in (str(anna.id), str(uuid.uuid4())))
    assert hers == others
    assert hers["error"] == "login_required"


def test_once_allowed_the_answers_are_exact(
    world: World, zon: KnownTenant, shop: RelyingParty, at_work: Browser, anna: KnownUser
) -> None:
    """Section 3.1.2.6: who allowed it is told from others, and a company that they do not work for is refused."""
    world.tenant("others", security_code=False)
    shop.answer(at_work.get(shop.authorize_url()).submit("Allow"))
    assert silently(shop, at_work, tenant="de-zon", claims=asking_for(str(anna.id))) == {"error": "none"}
    assert silently(shop, at_work, tenant="others")["error"] == "access_denied"
    assert silently(shop, at_work, claims=asking_for("nobody"))["error"] == "login_required"
