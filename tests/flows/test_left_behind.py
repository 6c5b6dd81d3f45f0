"""R82: what an unknown browser leaves behind is what somebody reads of it, and so much for a network and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import httpx
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from prometheus_client import REGISTRY

from idp import shortlived
from idp.audit.models import AuditEvent
from idp.login.models import FailureCount
from idp.login.trust import throttle
from idp.oidc.models import DeviceAuthorization
from idp.outbox.models import Queued
from idp.platform.extensions import db
from idp.shortlived import allowance
from idp.shortlived.models import ShortLivedValue
from tests.support.authenticator import Authenticator
from tests.support.browser import ELSEWHERE, HOME, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.passkeys import add_passkey, use
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

PEER = "192.0.2.80"
UNKNOWN = {f"unheard_of_{n}": "x" * 4000 for n in range(50)}
A_FEW = 4 * 1024
"""Bytes: an ordinary request, and the login that it began, sealed."""


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """An employee with a password."""
    return world.user("anna", zon)


def kept_bytes(world: World) -> int:
    """How much waits in the database under handles."""
    with world.unit_of_work() as session:
        return int(session.scalar(sa.select(sa.func.coalesce(sa.func.sum(sa.func.length(ShortLivedValue.sealed)), 0))))


# What is kept of a request


def test_unknown_parameters_of_an_authorization_request_are_not_kept(
    world: World, rp: RelyingParty, browser: Browser
) -> None:
    """R82, RFC 6749 section 3.1: a form of 200 kB leaves what a form without them leaves, and begins the same login."""
    browser.post("/authorize", {**rp.parameters(), **UNKNOWN})
    assert browser.step == "password"
    assert kept_bytes(world) < A_FEW


def test_nor_those_of_a_pushed_one(world: World, rp: RelyingParty) -> None:
    """R82, RFC 9126 section 2.1: who pushes it may be trusted, what nobody reads is not kept."""
    some = dict(list(UNKNOWN.items())[:4])
    assert rp.push(**some).status_code == 201
    assert kept_bytes(world) < A_FEW


def test_nor_those_of_a_logout(world: World, browser: Browser) -> None:
    """R82: of what RP-Initiated Logout section 2 names five are read."""
    browser.post("/logout", UNKNOWN)
    assert browser.status == 200
    assert 0 < kept_bytes(world) < A_FEW


def test_the_known_ones_have_a_bound_together(rp: RelyingParty, browser: Browser) -> None:
    """R82: each may be as long as one of its kind can be, all of them together may not."""
    long = dict.fromkeys(("nonce", "login_hint", "ui_locales", "state"), "é" * 4000)
    browser.post("/authorize", {**rp.parameters(), **long})
    assert "error=invalid_request" in str(browser.landed)
    assert "together" in str(browser.landed)


# The allowance of a network, and of all


def leave(app: Flask, whose: str, percent: int) -> None:
    """Somebody leaves so much of a day's allowance behind: of a network, or of everybody."""
    with app.app_context():
        shortlived.pace("left_behind", whose, 100, allowance.A_DAY, cost=percent)
        db.session.commit()


def use_up(app: Flask, whose: str) -> None:
    """Whatever is left of it is used."""
    with app.app_context():
        for share in (1 << n for n in range(22)):
            shortlived.pace("left_behind", whose, share, allowance.A_DAY)
            db.session.commit()


def rows(world: World) -> list[int]:
    """How many rows there are of everything that a stranger can make."""
    tables = (ShortLivedValue, AuditEvent, Queued, FailureCount, DeviceAuthorization)
    with world.unit_of_work() as session:
        return [session.scalar(sa.select(sa.func.count()).select_from(table)) for table in tables]


def begin_at_an_application(rp: RelyingParty, browser: Browser) -> Browser:
    return browser.get(rp.authorize_url())


def begin_by_form(rp: RelyingParty, browser: Browser) -> Browser:
    return browser.post("/authorize", rp.parameters())


def begin_at_a_page(rp: RelyingParty, browser: Browser) -> Browser:
    return browser.get("/account/security")


def begin_with_a_form_of_the_console(rp: RelyingParty, browser: Browser) -> Browser:
    browser.get("/forgot-password")
    return browser.post("/console/users/invite", dict(browser.page.forms[0].values))


def log_out_by_form(rp: RelyingParty, browser: Browser) -> Browser:
    return browser.post("/logout", {"state": "bye"})


def forget_a_password(rp: RelyingParty, browser: Browser) -> Browser:
    return browser.get("/forgot-password").fill(username="nobody").submit()


BEGINNINGS = (
    begin_at_an_application,
    begin_by_form,
    begin_at_a_page,
    begin_with_a_form_of_the_console,
    log_out_by_form,
    forget_a_password,
)


@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__)
def test_a_network_that_left_too_much_behind(
    app: Flask,
    world: World,
    rp: RelyingParty,
    new_browser: NewBrowser,
    begin: Callable[[RelyingParty, Browser], Browser],
) -> None:
    """R82: 429 in words, with the time to come again, and nothing is written; every other network goes on."""
    use_up(app, HOME)
    before, browser = rows(world), begin(rp, new_browser())
    assert browser.status == 429
    assert "Wait a minute" in browser.text
    assert int(browser.response.headers["Retry-After"]) > 0
    assert rows(world) == before
    assert begin(rp, new_browser(ELSEWHERE)).status == 200
    assert rows(world) != before


def test_there_is_room_again_after_the_time_that_was_told(
    app: Flask, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """R82, RFC 6585 section 4: the day's room grows evenly, so one login can begin within seconds."""
    use_up(app, HOME)
    wait = int(new_browser().get(rp.authorize_url()).response.headers["Retry-After"])
    assert wait < 60
    clock.advance(seconds=2 * wait)
    assert new_browser().get(rp.authorize_url()).step == "password"


def test_whoever_is_logged_in_goes_on(app: Flask, rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """R82: an answer that needs nothing kept is given."""
    browser.get(rp.authorize_url()).login(anna)
    use_up(app, HOME)
    assert "code" in rp.answer(browser.get(rp.authorize_url()))
    assert "code" in rp.answer(browser.get(rp.authorize_url(prompt="none")))


def test_a_login_that_was_begun_may_have_to_wait(
    app: Flask, rp: RelyingParty, browser: Browser, anna: KnownUser, clock: MovingClock
) -> None:
    """R82: a wrong answer leaves something too, so a right one is not looked at either; it goes on where it was."""
    browser.get(rp.authorize_url())
    use_up(app, HOME)
    form = browser.filled_form(username=anna.username, password=anna.password)
    browser.send(form)
    assert browser.status == 429
    clock.advance(seconds=2 * int(browser.response.headers["Retry-After"]))
    assert browser.send(form).login(anna).landed


def test_an_office_is_not_kept_out(app: Flask, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """R82: ten thousand ordinary logins may begin in one day behind one address, and all at once."""
    begun = 20
    for _ in range(begun):
        assert new_browser().get(rp.authorize_url()).step == "password"
    with app.app_context():
        assert shortlived.ahead("left_behind", HOME, allowance.A_DAY) * 10_000 / begun < allowance.A_DAY


def test_all_networks_together(app: Flask, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """R82: what all leave behind has a bound, and its last half is for whoever has left next to nothing."""
    leave(app, "everybody", 60)
    leave(app, HOME, 10)
    assert new_browser(HOME).get(rp.authorize_url()).status == 429
    assert new_browser(ELSEWHERE).get(rp.authorize_url()).step == "password"
    use_up(app, "everybody")
    assert new_browser(ELSEWHERE).get(rp.authorize_url()).status == 429


def test_what_programs_leave_behind(app: Flask, world: World, new_rp: NewRp, http: httpx.Client) -> None:
    """R82: requests in the name of a client that proves nothing count for their network; a client's own do not."""
    device = "urn:ietf:params:oauth:grant-type:device_code"
    public = new_rp(world.client("tv", public=True, grant_types=["authorization_code", "refresh_token", device]))
    use_up(app, PEER)
    before = rows(world)
    for answer in (public.push(), http.post("/device_authorization", data={"client_id": "tv", "scope": "openid"})):
        assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert rows(world) == before
    assert new_rp(world.client("shop")).push().status_code == 201


# Wrong answers of nobody


def failures_of_nobody(step: str) -> float:
    """How many were counted."""
    return REGISTRY.get_sample_value("idp_wrong_answers_of_nobody_total", {"step": step}) or 0


def events(world: World) -> list[tuple[str, object]]:
    """What the audit log has of logins: the event, and whose it is."""
    with world.unit_of_work() as session:
        found = sa.select(AuditEvent.kind, AuditEvent.user_id).where(AuditEvent.kind.like("login.%"))
        return [(kind, user_id) for kind, user_id in session.execute(found)]


def test_wrong_passwords_of_nobody_are_counted_and_not_listed(
    world: World, anna: KnownUser, rp: RelyingParty, browser: Browser
) -> None:
    """R82: names that do not exist write no audit log; a person's do, delays included."""
    before = failures_of_nobody("password")
    browser.get(rp.authorize_url())
    for _ in range(throttle.FREE + 2):
        browser.fill(username="nobody", password="wrong").submit()
    assert events(world) == []
    assert failures_of_nobody("password") == before + throttle.FREE + 1
    for _ in range(throttle.FREE + 2):
        browser.fill(username="anna", password="wrong").submit()
    kinds = Counter(kind for kind, _ in events(world))
    assert kinds == {"login.step_failed": throttle.FREE + 1, "login.tries_delayed": 1}
    assert failures_of_nobody("password") == before + throttle.FREE + 1


def test_so_are_wrong_passkeys(
    world: World, anna: KnownUser, rp: RelyingParty, browser: Browser, new_browser: NewBrowser
) -> None:
    """R82: one that is not signed by its own key, again and again."""
    before, phone = failures_of_nobody("passkey"), Authenticator(synced=True)
    add_passkey(new_browser(), anna, phone)
    with world.unit_of_work() as session:
        session.execute(sa.delete(AuditEvent))
    browser.get(rp.authorize_url())
    for _ in range(10):
        use(browser, phone, key=ec.generate_private_key(ec.SECP256R1()))
        assert (browser.status, browser.step) == (400, "passkey")
    assert events(world) == []
    assert failures_of_nobody("passkey") == before + 10


def test_wrong_passkeys_slow_their_network_down(
    app: Flask, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """D2: so many of nobody from one network that an office does not notice; then a right one waits too, elsewhere none."""
    phone = Authenticator(synced=True)
    add_passkey(new_browser(), anna, phone)
    with app.app_context():
        while not throttle.network_must_wait(HOME):
            throttle.count_for_network(HOME)
            db.session.commit()
    assert "Too many tries" in str(use(new_browser().get(rp.authorize_url()), phone).alert)
    assert rp.finish(use(new_browser(ELSEWHERE).get(rp.authorize_url()), phone)).claims["sub"] == str(anna.id)
    clock.advance(minutes=1)
    assert rp.finish(use(new_browser().get(rp.authorize_url()), phone)).claims["sub"] == str(anna.id)


def test_after_the_password_they_are_slowed_down_by_name(
    world: World, anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """D2: once it is known whose they are, as at every other step; a right one is refused during the delay."""
    phone = Authenticator(synced=True)
    add_passkey(new_browser(), anna, phone)
    stranger = new_browser(ELSEWHERE).get(rp.authorize_url()).login(anna, until="passkey")
    for _ in range(throttle.FREE + 1):
        assert use(stranger, phone, verified=False).alert
    assert "Too many tries" in str(use(stranger, phone).alert)
    assert ("login.tries_delayed", anna.id) in events(world)
    assert "code" in rp.answer(use(new_browser(HOME).get(rp.authorize_url()), phone))
    clock.advance(seconds=31)
    assert "code" in rp.answer(use(stranger, phone))
