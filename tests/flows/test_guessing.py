"""What a guesser learns, and what a code is good for (D3, D4)."""

import re
from datetime import timedelta

import pytest

from idp.accounts.models import User
from idp.crypto import totp
from idp.crypto.passwords import Hasher, Parameters
from idp.tenancy.models import Tenant
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World


def failed_page(
    browser: Browser, rp: RelyingParty, username: str, password: str
) -> tuple[int, list[tuple[str, str]], str]:
    """Status, headers and words of the page after a password that was refused, without what differs every time."""
    browser.get(rp.authorize_url()).fill(username=username, password=password).submit()
    varying = {"x-request-id", "content-length", "date", "set-cookie"}
    headers = sorted((n, v) for n, v in browser.response.headers.items() if n not in varying)
    html = browser.page.html.replace(username, "NAME")
    html = re.sub(r'value="[^"]{20,}"', "", html)
    html = re.sub(r"/login/[^/\"]+", "/login/HANDLE", html)
    html = re.sub(r'data-options="[^"]*"', "", html)  # the passkey's challenge
    return browser.status, headers, html


def test_unknown_wrong_and_disabled_are_one(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D3: an unknown user, a wrong password and a disabled user see the same page, to the letter."""
    zon = world.tenant()
    anna, dora = world.user("anna", zon), world.user("dora", zon, disabled=True)
    wrong = failed_page(new_browser("198.51.100.1"), rp, anna.username, "not her password")
    unknown = failed_page(new_browser("198.51.100.2"), rp, "nobody", "not her password")
    disabled = failed_page(new_browser("198.51.100.3"), rp, dora.username, dora.password)
    disabled_wrong = failed_page(new_browser("198.51.100.4"), rp, dora.username, "not her password")
    assert wrong == unknown == disabled == disabled_wrong
    assert 'role="alert"' in wrong[2]


def test_a_disabled_tenant_is_no_tenant(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """D3: the users of a disabled tenant are unknown."""
    zon = world.tenant()
    anna = world.user("anna", zon)
    wrong = failed_page(new_browser("198.51.100.1"), rp, anna.username, "not her password")
    world.change(Tenant, zon.id, disabled_at=clock.now())
    assert failed_page(new_browser("198.51.100.2"), rp, anna.username, anna.password) == wrong


def test_a_username_in_any_case_is_the_same(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D3: names are compared case-folded and normalised."""
    anna = world.user("anna", world.tenant())
    browser = new_browser().get(rp.authorize_url())
    browser.fill(username="ＡNNA", password=anna.password).submit()
    assert browser.step == "security_code"


OFFSETS = [(-2, False), (-1, True), (0, True), (1, True), (2, False)]


@pytest.mark.both_stores
@pytest.mark.parametrize(("offset", "accepted"), OFFSETS)
def test_one_step_on_each_side(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock, offset: int, accepted: bool
) -> None:
    """D4: a code is taken for its own 30-second step and one on each side (RFC 6238 section 5.2)."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    code = totp.code_at(str(anna.totp_secret), clock.now() + timedelta(seconds=30 * offset))
    browser.fill(totp=code).submit()
    assert (browser.landed is not None) is accepted


@pytest.mark.both_stores
def test_a_code_is_good_once(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D4: the same code in another login gets the words of a wrong one; so does an older one."""
    anna = world.user("anna", world.tenant(), totp=True)
    code = anna.totp()
    first = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    first.fill(totp=code).submit()
    rp.finish(first)
    second = new_browser(ELSEWHERE).get(rp.authorize_url()).login(anna, until="totp")
    second.fill(totp=anna.wrong_totp()).submit()
    words_of_a_wrong_one = second.alert
    second.fill(totp=code).submit()
    assert (second.step, second.alert) == ("totp", words_of_a_wrong_one)
    earlier = totp.code_at(str(anna.totp_secret), anna.now() - timedelta(seconds=30))
    second.fill(totp=earlier).submit()
    assert (second.step, second.alert) == ("totp", words_of_a_wrong_one)


def test_a_clock_set_back_revives_no_code(
    world: World, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """D4: the last used step is kept; an hour back, the codes of that hour are used or older."""
    anna = world.user("anna", world.tenant(), totp=True)
    new_browser().get(rp.authorize_url()).login(anna)
    clock.advance(hours=-1)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    browser.fill(totp=totp.code_at(str(anna.totp_secret), clock.now())).submit()
    assert browser.step == "totp"
    assert browser.alert


def test_a_colleagues_code_is_no_factor(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """D4: a code is of its own secret."""
    zon = world.tenant()
    anna, carl = world.user("anna", zon, totp=True), world.user("carl", zon, totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    browser.fill(totp=carl.totp()).submit()
    assert browser.step == "totp"
    assert browser.alert


def test_another_tenants_security_code_is_wrong(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """E1: the security code belongs to the tenant."""
    anna: KnownUser = world.user("anna", world.tenant("de-zon", code="482915"))
    other = world.tenant("fietsen-bv", code="771204")
    browser = new_browser().get(rp.authorize_url()).login(anna, until="security_code")
    browser.fill(security_code=other.code).submit()
    assert browser.step == "security_code"
    assert browser.alert


@pytest.mark.settings(argon2_passes=2)
def test_a_hash_of_weaker_parameters_is_renewed_at_login(
    world: World, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """D7: by the right password only, and it stays the same password; a hash of today's parameters stays as it is."""
    anna = world.user("anna", world.tenant(security_code=False))
    weak = Hasher(Parameters(memory_kib=8 * 1024, passes=1), at_most=1).hash(anna.password)
    world.change(User, anna.id, password_hash=weak)
    browser = new_browser().get(rp.authorize_url())
    browser.fill(username="anna", password="wrong").submit()
    assert stored_hash(world, anna) == weak
    rp.finish(browser.login(anna))
    renewed = stored_hash(world, anna)
    assert Hasher(Parameters(), at_most=1).needs_rehash(weak)
    assert not Hasher(Parameters(), at_most=1).needs_rehash(renewed)
    rp.finish(new_browser().get(rp.authorize_url()).login(anna))
    assert stored_hash(world, anna) == renewed


def stored_hash(world: World, user: KnownUser) -> str:
    with world.unit_of_work() as session:
        return str(session.get(User, user.id).password_hash)
