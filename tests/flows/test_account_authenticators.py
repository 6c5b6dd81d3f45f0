"""Several authenticators: a code of any of them will do, once; one more, another name, one less."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from flask import Flask

from idp.accounts.factors import authenticators
from idp.accounts.models import Passkey, TotpDevice, User
from idp.audit.models import AuditEvent
from idp.outbox.mail.messages import FactorAdded, FactorRemoved
from idp.platform.extensions import db
from idp.tenancy.policy import Policy
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

SECURITY = "/account/security"
ADD = "/account/security/authenticators/add"


@pytest.fixture
def anna(world: World) -> KnownUser:
    """Somebody with one authenticator and ten recovery codes."""
    return world.user("anna", world.tenant(), totp=True, recovery_codes=True)


def secret_of(browser: Browser) -> str:
    return "".join(browser.page.one("[data-totp-secret]").get_text().split())


def add(browser: Browser, user: KnownUser, name: str = "Tablet") -> KnownUser:
    """Add one more; the person with that one in their hand."""
    browser.get(ADD)
    if browser.step:
        browser.login(user)
    other = replace(user, totp_secret=secret_of(browser), last_step=0)
    browser.fill(totp=other.totp(), name=name).submit("Confirm")
    assert "The authenticator is added" in browser.text, browser.text[:500]
    return other


def devices(world: World, user: KnownUser) -> list[str]:
    with world.unit_of_work() as session:
        found = session.query(TotpDevice).filter_by(user_id=user.id).order_by(TotpDevice.created_at)
        return [device.name for device in found]


def asked_of(browser: Browser, user: KnownUser, code: str) -> Browser:
    return browser.get("/account/").login(user, until="totp").fill(totp=code).submit()


def remove(browser: Browser, name: str) -> Browser:
    """Press Remove beside that name, and confirm."""
    browser.get(SECURITY)
    row = next(li for li in browser.page.soup.select(".rows > li") if li.h3 and li.h3.get_text(strip=True) == name)
    address = str(row.find_all("form")[-1]["action"])
    return browser.get(address).submit("Remove")


def test_a_code_of_any_of_them_will_do(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Both log in, each with its own codes; the recovery codes of before stay."""
    browser = open_page(new_browser(), SECURITY, anna)
    tablet = add(browser, anna)
    assert devices(world, anna) == ["", "Tablet"]
    for carrier in (anna, tablet):
        assert asked_of(new_browser(), anna, carrier.totp()).path == "/account/"
    code = anna.recovery_codes[0]
    assert new_browser().get("/account/").login(anna, recovery_code=code).path == "/account/"


def test_a_code_is_good_once_for_each(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """D4: a used code of one is refused, and the other's of the same moment is still good."""
    browser = open_page(new_browser(), SECURITY, anna)
    tablet = add(browser, anna)
    code = tablet.totp()
    assert asked_of(new_browser(), anna, code).path == "/account/"
    assert asked_of(new_browser(), anna, code).alert
    anna.last_step = 0
    assert asked_of(new_browser(), anna, anna.totp()).path == "/account/"


def test_the_confirming_code_is_used(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """D4: the code that confirmed it opens nothing afterwards."""
    browser = open_page(new_browser(), ADD, anna)
    tablet = replace(anna, totp_secret=secret_of(browser), last_step=0)
    code = tablet.totp()
    browser.fill(totp=code).submit("Confirm")
    assert asked_of(new_browser(), anna, code).alert


def test_adding_is_told_and_ends_the_other_sessions(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """D8, R34: a mail that says so, an event, and whoever else is logged in is so no longer."""
    elsewhere = open_page(new_browser(ELSEWHERE), SECURITY, anna)
    browser = open_page(new_browser(), SECURITY, anna)
    add(browser, anna)
    assert [mail.factor for mail in anna.mails() if isinstance(mail, FactorAdded)] == ["another_totp"]
    assert elsewhere.get(SECURITY).step == "password"
    assert browser.get(SECURITY).status == 200
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="two_factor.authenticator_added").count() == 1


def test_it_needs_a_fresh_proof(anna: KnownUser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """R34: password and a code of before, within 15 minutes; the secret that was shown waits."""
    browser = open_page(new_browser(), ADD, anna)
    secret = secret_of(browser)
    clock.advance(minutes=16)
    browser.fill(totp="000000", name="x").submit("Confirm")
    assert browser.step == "password"
    browser.login(anna)
    assert browser.steps == ["password", "security_code", "totp"]
    assert (browser.path, secret_of(browser)) == (ADD, secret)


@pytest.mark.parametrize("code", ["", "000000", "x" * 5_000, "12345"])
def test_a_wrong_code_adds_nothing(world: World, anna: KnownUser, new_browser: NewBrowser, code: str) -> None:
    """The same secret and the name stay on the page, with a message."""
    browser = open_page(new_browser(), ADD, anna)
    secret = secret_of(browser)
    browser.fill(totp=code, name="Tablet").submit("Confirm")
    assert browser.alert
    assert (secret_of(browser), browser.page.one("#name")["value"]) == (secret, "Tablet")
    assert devices(world, anna) == [""]


def test_a_name_that_is_too_long(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Nothing is lost: the person is told, and the secret waits."""
    browser = open_page(new_browser(), ADD, anna)
    tablet = replace(anna, totp_secret=secret_of(browser), last_step=0)
    browser.fill(totp=tablet.totp(), name="x" * 101).submit("Confirm")
    assert "shorter name" in (browser.alert or "")
    browser.fill(totp=tablet.totp(), name="Tablet").submit("Confirm")
    assert devices(world, anna) == ["", "Tablet"]


def test_a_secret_waits_for_its_own_session(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Somebody else's waiting secret, a used one and a made-up one: a new one is shown, and nothing is added."""
    browser = open_page(new_browser(), ADD, anna)
    form = browser.filled_form("Confirm", totp="123456", name="x")
    carla = world.user("carla", world.tenant("other"), totp=True)
    other = open_page(new_browser(), ADD, carla)
    secret = secret_of(other)
    form.fill("csrf_token", str(other.page.one("input[name=csrf_token]")["value"]))
    other.send(form)
    assert (other.alert, secret_of(other) == secret) == (None, False)
    assert devices(world, carla) == [""]


def test_who_has_none_sets_up_the_first_one(world: World, new_browser: NewBrowser) -> None:
    """The first authenticator comes with recovery codes and its own page, by whichever address."""
    dirk = world.user("dirk", world.tenant())
    browser = open_page(new_browser(), SECURITY, dirk)
    assert browser.get(ADD).step == "set_up_totp"


def test_there_is_an_end_to_it(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Ten; then one has to go first."""
    browser = open_page(new_browser(), SECURITY, anna)
    with world.unit_of_work() as session:
        sealed = session.query(TotpDevice).filter_by(user_id=anna.id).one().secret_sealed
        session.add_all(TotpDevice(user_id=anna.id, name=f"{n}", secret_sealed=sealed) for n in range(9))
    assert browser.get(ADD).status == 403
    assert "Remove one first" in browser.text
    remove(browser, "3")
    assert browser.get(ADD).status == 200


def test_another_name(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Spaces are folded; an empty or endless name is refused in words and changes nothing."""
    browser = open_page(new_browser(), SECURITY, anna)
    browser.fill(name="  My   phone ").submit("Save the name")
    assert "has its new name" in browser.text
    assert devices(world, anna) == ["My phone"]
    for odd in ("   ", "x" * 101):
        browser.get(SECURITY).fill(name=odd).submit("Save the name")
        assert browser.status == 400
    assert devices(world, anna) == ["My phone"]
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="two_factor.authenticator_renamed").count() == 1


def test_removing_one_of_two(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """D8, C5: its codes are worth nothing, the other's work; a mail says which; known addresses and sessions end."""
    browser = open_page(new_browser(), SECURITY, anna)
    tablet = add(browser, anna)
    elsewhere = open_page(new_browser(ELSEWHERE), SECURITY, anna)
    remove(browser, "Tablet")
    assert "The authenticator is removed" in browser.text
    assert devices(world, anna) == [""]
    assert [mail.factor for mail in anna.mails() if isinstance(mail, FactorRemoved)] == ["one_totp"]
    assert elsewhere.get(SECURITY).step == "password"
    assert asked_of(new_browser(), anna, tablet.totp()).alert
    assert asked_of(new_browser(), anna, anna.totp()).path == "/account/"


def test_the_last_one_stays_where_it_is_mandatory(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """B5: of two one may go, the last one may not, also with the form sent by hand."""
    world.policy(anna.tenant, two_factor_mandatory=True)
    browser = open_page(new_browser(), SECURITY, anna)
    add(browser, anna)
    remove(browser, "Tablet")
    actions = [form.action for form in browser.get(SECURITY).page.forms if "/authenticators/" in form.action]
    assert not [action for action in actions if action.endswith("/remove")]
    with world.unit_of_work() as session:
        last = session.query(TotpDevice).filter_by(user_id=anna.id).one().id
    browser.get(f"{SECURITY}/authenticators/{last}/remove").submit("Remove")
    assert browser.status == 403
    assert devices(world, anna) == [""]
    assert asked_of(new_browser(), anna, anna.totp()).path == "/account/"


def test_a_passkey_that_the_own_company_does_not_take_is_no_second_factor(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """B5: whoever works for a company that takes passkeys still needs what their own company makes mandatory."""
    office = world.tenant("office", two_factor_mandatory=True, passkeys=False)
    customer = world.tenant("customer")
    eva = world.user("eva", office, type="accountant", works_for=[customer], totp=True)
    with world.unit_of_work() as session:
        session.add(Passkey(user_id=eva.id, name="Laptop", credential_id=b"1", public_key=b"1", synced=False))
        last = session.query(TotpDevice).filter_by(user_id=eva.id).one().id
    browser = new_browser().get(rp.authorize_url(tenant=customer.slug)).login(eva, tenant=customer)
    browser.landed = None
    browser.get(f"{SECURITY}/authenticators/{last}/remove").submit("Remove")
    assert browser.status == 403
    assert devices(world, eva) == [""]


def test_the_last_one_goes_with_its_recovery_codes(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Where nobody demands it the last one may go; what stood in for it goes too, and the mail says what is left."""
    browser = open_page(new_browser(), SECURITY, anna)
    with world.unit_of_work() as session:
        last = session.query(TotpDevice).filter_by(user_id=anna.id).one().id
    browser.get(f"{SECURITY}/authenticators/{last}/remove").submit("Remove")
    assert [mail.factor for mail in anna.mails() if isinstance(mail, FactorRemoved)] == ["totp"]
    assert new_browser().get("/account/").login(anna).steps == ["password", "security_code"]
    assert "Recovery codes" not in browser.get(SECURITY).text


@pytest.mark.parametrize("action", ["rename", "remove"])
def test_somebody_elses_looks_like_none(world: World, anna: KnownUser, new_browser: NewBrowser, action: str) -> None:
    """E1: the same 404 for another person's and for one that does not exist."""
    carla = world.user("carla", anna.tenant, totp=True)
    with world.unit_of_work() as session:
        hers = session.query(TotpDevice).filter_by(user_id=carla.id).one().id
    browser = open_page(new_browser(), SECURITY, anna)
    token = str(browser.page.one("input[name=csrf_token]")["value"])
    for device_id in (hers, uuid.uuid4()):
        browser.post(f"{SECURITY}/authenticators/{device_id}/{action}", {"csrf_token": token, "name": "mine"})
        assert browser.status == 404
    assert devices(world, carla) == [""]


@pytest.mark.both_stores
def test_two_that_go_at_the_same_moment(world: World, app: Flask, anna: KnownUser) -> None:
    """B5: of the last two, each removed by another request at once, one stays."""
    with world.unit_of_work() as session:
        session.add(TotpDevice(user_id=anna.id, name="Tablet", secret_sealed="x"))
    with world.unit_of_work() as session:
        both = [device.id for device in session.query(TotpDevice).filter_by(user_id=anna.id)]
    ready = Barrier(2)

    def go(device_id: uuid.UUID) -> bool:
        with app.app_context():
            user = db.session.get_one(User, anna.id)
            assert len(user.totp_devices) == 2
            ready.wait(timeout=300)
            done = authenticators.remove(user, device_id, [Policy(two_factor_mandatory=True)])
            db.session.commit() if done else db.session.rollback()
            return done

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(go, both)) == [False, True]
    assert len(devices(world, anna)) == 1
