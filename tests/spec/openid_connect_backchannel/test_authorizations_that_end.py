"""Section 2.3, RULES E4, E5: an authorization may end while its session goes on; its application is told all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from idp.cli import main
from idp.oidc.models import AuthorizationGrant
from idp.tenancy.support_access import a_month_after
from tests.spec.conftest import OFFLINE
from tests.spec.openid_connect_backchannel.conftest import OK, Work, told
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.peer import Peer, peer, says
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

pytestmark = pytest.mark.settings(issuer="http://localhost:8000")
End = Callable[[Browser, Browser, KnownUser], None]


@pytest.fixture
def kantoor(world: World) -> KnownTenant:
    """An office of accountants."""
    return world.tenant("kantoor", security_code=False)


@pytest.fixture
def eva(world: World, kantoor: KnownTenant, zon: KnownTenant) -> KnownUser:
    """An accountant, who works for "de-zon" too."""
    return world.user("eva", kantoor, type="accountant", works_for=[zon])


@pytest.fixture
def boss(world: World, kantoor: KnownTenant) -> KnownUser:
    """The administrator of the office."""
    return world.user("boss", kantoor, type="administrator")


@pytest.fixture
def bert(world: World, zon: KnownTenant) -> KnownUser:
    """The administrator of "de-zon"."""
    return world.user("bert", zon, type="administrator")


def tokens_for(
    rp: RelyingParty, browser: Browser, user: KnownUser, tenant: KnownTenant, scope: str = OFFLINE
) -> Tokens:
    """What the application got for this tenant in this browser."""
    browser.get(rp.authorize_url(scope=scope, tenant=tenant.slug))
    if browser.step:
        browser.login(user, tenant=tenant)
    return rp.finish(browser)


def idp(app: Flask, *arguments: str) -> None:
    """One command."""
    done = CliRunner().invoke(main, arguments, obj=ScriptInfo(create_app=lambda: app))
    assert done.exit_code == 0, done.output


def _she_leaves(hers: Browser, console: Browser, bert: KnownUser) -> None:
    hers.get("/account/companies").follow("Leave").submit("Leave this company")


def _the_company_ends_it(hers: Browser, console: Browser, bert: KnownUser) -> None:
    open_page(console, "/console/accountants", bert).follow("End access").submit("End access")


@pytest.mark.parametrize("end", [_she_leaves, _the_company_ends_it], ids=lambda f: f.__name__.strip("_"))
@pytest.mark.parametrize("scope", ["openid", OFFLINE], ids=["online", "offline"])
def test_an_accountant_works_for_a_company_no_more(
    world: World,
    new_rp: NewRp,
    shop: RelyingParty,
    listener: Peer,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
    zon: KnownTenant,
    kantoor: KnownTenant,
    eva: KnownUser,
    bert: KnownUser,
    end: End,
    scope: str,
) -> None:
    """Who got something for that company is told, once; who got something at home is not, and the session goes on."""
    with peer(says(OK)) as other:
        at_home = new_rp(world.client("at-home", backchannel_logout_uri=other.url))
        mine = tokens_for(at_home, browser, eva, kantoor)
        there = tokens_for(shop, browser, eva, zon, scope)
        end(browser, new_browser(), bert)
        work()
        work()
        assert other.heard == []
    (claims,) = told(shop, listener)
    assert (claims["sub"], claims["sid"]) == (str(eva.id), there.claims["sid"])
    assert shop.userinfo(there).status_code == 401
    assert at_home.refresh(mine).status_code == 200
    assert browser.get("/account/").status == 200


def test_an_accountant_is_one_no_more(
    shop: RelyingParty,
    listener: Peer,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
    zon: KnownTenant,
    kantoor: KnownTenant,
    eva: KnownUser,
    boss: KnownUser,
) -> None:
    """Another type ends the work for every other company, for good; what was got at home stays."""
    mine = tokens_for(shop, browser, eva, kantoor)
    there = tokens_for(shop, browser, eva, zon)
    console = new_browser()
    for kind in ("administrator", "employee", "accountant"):
        open_page(console, f"/console/users/{eva.id}", boss).fill(type=kind).submit("Change the type")
        work()
    assert [claims["sub"] for claims in told(shop, listener)] == [str(eva.id)]
    assert shop.refresh(there).status_code == 400
    assert shop.refresh(mine).status_code == 200


def _revoked(console: Browser, bert: KnownUser, clock: MovingClock) -> None:
    open_page(console, "/console/helpdesk", bert).submit("Revoke")


def _over_by_itself(console: Browser, bert: KnownUser, clock: MovingClock) -> None:
    clock.at(a_month_after(clock.now()))


def _given_anew_when_it_was_over(console: Browser, bert: KnownUser, clock: MovingClock) -> None:
    clock.at(a_month_after(clock.now()))
    open_page(console, "/console/helpdesk", bert).submit("Let the helpdesk in for one month")


@pytest.mark.parametrize(
    "end", [_revoked, _over_by_itself, _given_anew_when_it_was_over], ids=lambda f: f.__name__.strip("_")
)
def test_the_helpdesk_is_shut_out(
    world: World,
    shop: RelyingParty,
    listener: Peer,
    new_browser: NewBrowser,
    work: Work,
    clock: MovingClock,
    zon: KnownTenant,
    bert: KnownUser,
    end: Callable[[Browser, KnownUser, MovingClock], None],
) -> None:
    """E4: revoked, or after its month, the applications that the helper opened hear of it."""
    hanna = world.user("hanna", world.tenant("informer", security_code=False), type="support", totp=True)
    console = open_page(new_browser(), "/console/helpdesk", bert).submit("Let the helpdesk in for one month")
    there = tokens_for(shop, new_browser(ELSEWHERE), hanna, zon)
    work()
    assert listener.heard == []
    end(console, bert, clock)
    work()
    work()
    subjects = [claims["sub"] for claims in told(shop, listener)]
    assert set(subjects) == {str(hanna.id)}
    assert shop.refresh(there).status_code == 400
    with world.unit_of_work() as session:
        grant = session.query(AuthorizationGrant).filter_by(user_id=hanna.id).one()
        assert grant.revoked_at is not None


def test_a_helper_is_one_no_more(
    app: Flask,
    world: World,
    tmp_path: Path,
    shop: RelyingParty,
    listener: Peer,
    new_browser: NewBrowser,
    work: Work,
    zon: KnownTenant,
    bert: KnownUser,
) -> None:
    """Who leaves the helpdesk by an import ends what was got for companies that still let it in."""
    hanna = world.user("hanna", world.tenant("informer", security_code=False), type="support", totp=True)
    open_page(new_browser(), "/console/helpdesk", bert).submit("Let the helpdesk in for one month")
    there = tokens_for(shop, new_browser(ELSEWHERE), hanna, zon)
    file = tmp_path / "people.toml"
    file.write_text(
        '[[tenants]]\nslug = "informer"\nname = "Informer"\n[[tenants.users]]\nusername = "hanna"\ntype = "employee"\n'
    )
    idp(app, "import", str(file))
    work()
    assert [claims["sub"] for claims in told(shop, listener)] == [str(hanna.id)]
    assert shop.refresh(there).status_code == 400


def test_a_refresh_token_that_came_twice(
    shop: RelyingParty,
    listener: Peer,
    anna: KnownUser,
    zon: KnownTenant,
    browser: Browser,
    work: Work,
    clock: MovingClock,
) -> None:
    """RFC 9700 section 4.14.2: what the thief may have is revoked, and whoever is logged in there is logged out."""
    tokens = tokens_for(shop, browser, anna, zon)
    renewed = shop.refresh(tokens).json()
    clock.advance(seconds=11)
    for _ in range(2):
        assert shop.refresh(tokens).status_code == 400
    work()
    (claims,) = told(shop, listener)
    assert claims["sid"] == tokens.claims["sid"]
    assert shop.refresh(renewed["refresh_token"]).status_code == 400


def test_a_code_that_came_twice(
    shop: RelyingParty, listener: Peer, anna: KnownUser, browser: Browser, work: Work
) -> None:
    """RFC 6749 section 4.1.2: the same for a code."""
    browser.get(shop.authorize_url()).login(anna)
    code = shop.answer(browser)["code"]
    assert shop.redeem(code).status_code == 200
    assert shop.redeem(code).status_code == 400
    work()
    assert [claims["sub"] for claims in told(shop, listener)] == [str(anna.id)]


def test_what_it_gave_back_itself(
    shop: RelyingParty, listener: Peer, anna: KnownUser, zon: KnownTenant, browser: Browser, work: Work
) -> None:
    """RFC 7009: the application knows; its own visitor stays."""
    tokens = tokens_for(shop, browser, anna, zon)
    shop.http.send(shop._request("revocation_endpoint", {"token": tokens.refresh_token}))
    assert shop.refresh(tokens).status_code == 400
    work()
    assert listener.heard == []


def test_a_company_that_is_disabled(
    app: Flask,
    world: World,
    shop: RelyingParty,
    listener: Peer,
    browser: Browser,
    new_browser: NewBrowser,
    work: Work,
    clock: MovingClock,
    zon: KnownTenant,
    kantoor: KnownTenant,
    anna: KnownUser,
    eva: KnownUser,
) -> None:
    """Its people's offline access of sessions of before, and what accountants got for it: told, and never alive again."""
    hers = tokens_for(shop, browser, anna, zon)
    browser.get("/logout").submit("Log out")
    work()
    clock.advance(days=2)
    other = new_browser()
    there = tokens_for(shop, other, eva, zon)
    at_home = tokens_for(shop, other, eva, kantoor)
    listener.heard.clear()
    idp(app, "tenant", "disable", "de-zon")
    idp(app, "tenant", "enable", "de-zon")
    work()
    work()
    assert sorted(claims["sub"] for claims in told(shop, listener)) == sorted([str(anna.id), str(eva.id)])
    assert [shop.refresh(tokens).status_code for tokens in (hers, there, at_home)] == [400, 400, 200]


def test_a_company_that_is_enabled_again(
    app: Flask,
    shop: RelyingParty,
    listener: Peer,
    browser: Browser,
    work: Work,
    clock: MovingClock,
    zon: KnownTenant,
    anna: KnownUser,
) -> None:
    """What began after that is not ended, however late a worker comes."""
    idp(app, "tenant", "disable", "de-zon")
    clock.advance(seconds=1)
    idp(app, "tenant", "enable", "de-zon")
    clock.advance(seconds=1)
    tokens = tokens_for(shop, browser, anna, zon)
    work()
    assert listener.heard == []
    assert shop.refresh(tokens).status_code == 200
