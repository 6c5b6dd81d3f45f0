"""The user page: who you are, what is set up, the known addresses."""

from uuid import uuid4

import pytest

from idp.login.models import KnownIpGrant
from idp.tenancy.models import Membership
from tests.support.browser import Browser, NewBrowser
from tests.support.pages import choose_every_30_days, open_page
from tests.support.world import KnownUser, World

SECURITY = "/account/security"


def headings(browser: Browser) -> list[str]:
    return [" ".join(h.get_text().split()) for h in browser.page.soup.find_all("h2")]


def test_it_names_the_person_and_the_company(world: World, new_browser: NewBrowser) -> None:
    """The first screen says who is logged in, for whom they work, and in which role."""
    anna = world.user("anna", world.tenant(name="Bakkerij De Zon"), type="administrator")
    browser = open_page(new_browser(), "/account/", anna)
    for words in ("Anna", "Bakkerij De Zon", "Administrator", "anna@de-zon.example"):
        assert words in browser.text


def test_the_bare_address_leads_here(world: World, new_browser: NewBrowser) -> None:
    """Whoever types only our host finds their own page."""
    assert new_browser().get("/").login(world.user("anna", world.tenant())).path == "/account/"


@pytest.mark.parametrize(
    ("totp", "first"),
    [
        pytest.param(False, "Two-factor authentication", id="nothing set up"),
        pytest.param(True, "Recovery codes", id="no codes left"),
    ],
)
def test_the_most_urgent_comes_first(world: World, new_browser: NewBrowser, totp: bool, first: str) -> None:
    """What the person should do something about stands on top."""
    anna = world.user("anna", world.tenant(), totp=totp)
    assert headings(open_page(new_browser(), "/account/", anna))[0] == first


def test_it_says_how_we_see_the_person(world: World, new_browser: NewBrowser) -> None:
    """C9: the security page shows the address that a known address would be made of."""
    browser = open_page(new_browser("203.0.113.7"), SECURITY, world.user("anna", world.tenant()))
    assert "We see you as 203.0.113.7" in browser.text


def test_a_known_address_is_shown_with_its_dates(world: World, new_browser: NewBrowser) -> None:
    """C10: network, made, ends, last used."""
    anna = world.user("anna", world.tenant(), totp=True, every_30_days=True)
    browser = open_page(new_browser(), SECURITY, anna)
    for words in ("203.0.113.7", "3 Nov 2026", "3 Dec 2026", "not yet"):
        assert words in browser.text
    assert "not yet" not in open_page(new_browser(), SECURITY, anna).text


def test_a_voided_address_is_not_shown(world: World, new_browser: NewBrowser) -> None:
    """C4: while the validity is limited, and for the grants of before also afterwards, no address is known."""
    zon = world.tenant()
    anna = world.user("anna", zon, totp=True, every_30_days=True)
    browser = open_page(new_browser(), SECURITY, anna)
    assert "Revoke" in browser.page.controls
    world.policy(zon, limit_two_factor_validity=True)
    assert "Revoke" not in browser.get(SECURITY).page.controls
    world.policy(zon, limit_two_factor_validity=False)
    assert "Revoke" not in browser.get(SECURITY).page.controls


def test_a_barred_choice_sent_by_hand_is_refused(world: World, new_browser: NewBrowser) -> None:
    """C4: the page that was open before the administrator barred it does nothing any more; switching off still works."""
    zon = world.tenant()
    anna = world.user("anna", zon, totp=True)
    browser = open_page(new_browser(), SECURITY, anna)
    on = browser.filled_form("Save", two_factor_every_30_days="on")
    off = browser.filled_form("Save")
    world.policy(zon, limit_two_factor_validity=True)
    assert browser.send(on).status == 403
    assert "administrator" in browser.text
    assert browser.send(off).path == SECURITY


def test_the_first_screen_says_that_it_is_barred(world: World, new_browser: NewBrowser) -> None:
    """C4: where two-factor is asked at every login the choice is no choice, and the page says whose will that is."""
    anna = world.user("anna", world.tenant(limit_two_factor_validity=True), totp=True)
    assert "Your administrator has barred this" in open_page(new_browser(), "/account/", anna).text


def test_an_unknown_address_cannot_be_revoked(world: World, new_browser: NewBrowser) -> None:
    """C10, E1: an id that is nobody's, or somebody else's, is a page that does not exist."""
    anna = world.user("anna", world.tenant(), totp=True, every_30_days=True)
    bert = world.user("bert", world.tenant("fietsen-bv"), totp=True, every_30_days=True)
    open_page(new_browser(), SECURITY, bert)
    browser = open_page(new_browser(), SECURITY, anna)
    with world.unit_of_work() as session:
        hers = session.query(KnownIpGrant).filter_by(user_id=bert.id).one().id
    token = str(browser.page.one("input[name=csrf_token]")["value"])
    for grant_id in (hers, uuid4()):
        assert browser.post(f"{SECURITY}/known-addresses/{grant_id}/revoke", {"csrf_token": token}).status == 404
    with world.unit_of_work() as session:
        assert session.query(KnownIpGrant).count() == 2


def test_revoking_says_so(world: World, new_browser: NewBrowser) -> None:
    """C10: each and all, with a sentence on what was done."""
    anna = world.user("anna", world.tenant(), totp=True, every_30_days=True)
    browser = open_page(new_browser(), SECURITY, anna).submit("Revoke")
    assert "The address is revoked" in browser.text
    open_page(new_browser(), SECURITY, anna)
    browser.get(SECURITY).submit("Revoke known addresses")
    assert "All known addresses are revoked" in browser.text
    with world.unit_of_work() as session:
        assert session.query(KnownIpGrant).count() == 0


def test_saving_the_choice_comes_back_to_the_page(world: World, new_browser: NewBrowser) -> None:
    """C1: on, off, each said in words."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = choose_every_30_days(new_browser(), anna)
    choose_every_30_days(browser, anna, on=False)


@pytest.mark.parametrize("path", ["/account/", SECURITY, "/account/security/two-factor", "/console/settings"])
def test_every_page_names_itself(world: World, new_browser: NewBrowser, path: str) -> None:
    """A title that says where one is, one heading of the first order, the language, a label for each field."""
    bert = world.user("bert", world.tenant(), type="administrator", totp=True, every_30_days=True)
    soup = open_page(new_browser(), path, bert).page.soup
    heading = soup.find_all("h1")
    assert len(heading) == 1
    assert soup.title
    assert " ".join(soup.title.get_text().split()) == f"{' '.join(heading[0].get_text().split())} – Informer"
    assert soup.html
    assert soup.html["lang"] == "en"
    labelled = {str(label["for"]) for label in soup.find_all("label")}
    fields = soup.find_all("input", attrs={"type": lambda kind: kind != "hidden"})
    assert {str(field["id"]) for field in fields} <= labelled


def test_a_dutch_page_is_dutch(world: World, new_browser: NewBrowser) -> None:
    """The user's own language, in Informer's own terms."""
    anna = world.user("anna", world.tenant(), totp=True, locale="nl")
    browser = open_page(new_browser(), SECURITY, anna)
    assert browser.page.one("html")["lang"] == "nl"
    assert "Tweefactorauthenticatie" in browser.text
    assert "Wij zien je als 203.0.113.7" in browser.text


def test_a_removed_membership_sends_back_to_the_choice(world: World, new_browser: NewBrowser) -> None:
    """A session for a company that the accountant no longer works for goes on for one that they do."""
    zon, fietsen = world.tenant(), world.tenant("fietsen-bv")
    eva = world.user("eva", zon, type="accountant", works_for=[fietsen])
    browser = new_browser().get("/account/").login(eva, tenant=fietsen)
    assert fietsen.name in browser.text
    end_memberships(world, eva)
    browser.get("/account/").login(eva)
    assert browser.path == "/account/"
    assert zon.name in browser.text
    assert fietsen.name not in browser.text


def end_memberships(world: World, user: KnownUser) -> None:
    with world.unit_of_work() as session:
        session.query(Membership).filter_by(user_id=user.id).delete()
