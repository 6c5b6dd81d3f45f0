"""How long a session counts is its tenant's to say (R47): without use, and whatever is done in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from idp.login.core.session_limits import counts_for_another, ends_at
from idp.login.core.types import Evidence, Factor, StepName
from idp.tenancy.models import Tenant
from idp.tenancy.policy import SESSION_LIMITS, Policy
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

SETTINGS = "/console/settings"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HALF_AN_HOUR = Policy(session_idle_minutes=30, session_hours=2)


@pytest.fixture
def zon(world: World) -> KnownTenant:
    return world.tenant(security_code=False, session_idle_minutes=30, session_hours=2)


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    return world.user("anna", zon)


def proof(step: StepName, factor: Factor, at: datetime) -> Evidence:
    return Evidence(step, at, frozenset({factor}), covers=frozenset({step}))


def proofs(password: datetime, totp: datetime) -> tuple[Evidence, ...]:
    return proof(StepName.PASSWORD, Factor.PASSWORD, password), proof(StepName.TOTP, Factor.TOTP, totp)


@pytest.mark.parametrize(
    ("password", "totp", "used", "ends"),
    [
        pytest.param(0, 0, 0, 30, id="not used since the login"),
        pytest.param(0, 0, 60, 90, id="used after an hour"),
        pytest.param(0, 0, 110, 120, id="used to the last"),
        pytest.param(0, 100, 110, 120, id="a step-up moves no end"),
        pytest.param(100, 100, 110, 140, id="another login does"),
    ],
)
def test_the_end(password: int, totp: int, used: int, ends: int) -> None:
    """So long after the last use, and so long after the login that it rests on; in minutes after noon."""
    evidence = proofs(NOON + timedelta(minutes=password), NOON + timedelta(minutes=totp))
    assert ends_at(evidence, NOON + timedelta(minutes=used), HALF_AN_HOUR) == NOON + timedelta(minutes=ends)


@pytest.mark.parametrize(("minutes", "counts"), [(0, True), (29, True), (30, False)])
def test_for_another_tenant(minutes: int, counts: bool) -> None:
    """What was proved while working for one tenant counts for another as long as that one lets people be idle."""
    assert counts_for_another(proofs(NOON, NOON), HALF_AN_HOUR, NOON + timedelta(minutes=minutes)) is counts
    assert not counts_for_another((), HALF_AN_HOUR, NOON)


@pytest.mark.both_stores
def test_without_use(anna: KnownUser, browser: Browser, clock: MovingClock) -> None:
    """Half an hour without use is the end; use before that is not, however small the steps."""
    open_page(browser, "/account/", anna)
    for _ in range(13):
        clock.advance(minutes=4)
        assert browser.get("/account/").step is None
    clock.advance(minutes=30)
    assert browser.get("/account/").step == "password"


def test_whatever_is_done(anna: KnownUser, browser: Browser, clock: MovingClock) -> None:
    """Two hours after the login is the end, whoever clicks."""
    open_page(browser, "/account/", anna)
    for _ in range(5):
        clock.advance(minutes=20)
        assert browser.get("/account/").step is None
    clock.advance(minutes=20)
    assert browser.get("/account/").step == "password"


def test_a_step_up_is_no_login(
    world: World, zon: KnownTenant, browser: Browser, rp: RelyingParty, clock: MovingClock
) -> None:
    """Only a password and whatever else a whole login asks begins anew: a code alone prolongs nothing."""
    tess = world.user("tess", zon, totp=True, every_30_days=True)
    open_page(browser, "/account/", tess)
    browser.get("/logout").submit()
    browser.get("/account/").login(tess)
    assert "totp" not in browser.steps
    for _ in range(5):
        clock.advance(minutes=22)
        browser.get("/account/")
    browser.get(rp.authorize_url(acr_values="urn:informer:acr:2fa")).login(tess)
    assert browser.steps == ["totp"]
    clock.advance(minutes=11)
    assert browser.get("/account/").step == "password"


def test_stricter_counts_at_once_and_laxer_for_new_logins(
    world: World, zon: KnownTenant, anna: KnownUser, browser: Browser, clock: MovingClock
) -> None:
    """A6: the policy of this moment judges; what was promised at the login is never exceeded."""
    open_page(browser, "/account/", anna)
    clock.advance(minutes=15)
    world.policy(zon, session_idle_minutes=10)
    assert browser.get("/account/").step == "password"
    browser.login(anna)
    world.policy(zon, session_idle_minutes=1440, session_hours=720)
    clock.advance(hours=2)
    assert browser.get("/account/").step == "password"
    browser.login(anna)
    clock.advance(hours=20)
    assert browser.get("/account/").step is None


@pytest.fixture
def eva(world: World, zon: KnownTenant) -> KnownUser:
    """She works for a lax company, and for the strict one."""
    lax = world.tenant("kantoor", security_code=False)
    return world.user("eva", lax, type="accountant", works_for=[zon])


@pytest.mark.both_stores
def test_working_elsewhere_is_no_use_here(
    eva: KnownUser, zon: KnownTenant, browser: Browser, rp: RelyingParty, clock: MovingClock
) -> None:
    """E3: the tenant that a request names is asked, too; asking twice, or working for the lax one, opens nothing."""
    browser.get(rp.authorize_url(tenant="kantoor")).login(eva)
    assert browser.get(rp.authorize_url(tenant=zon.slug)).landed, "just proved, so nothing is owed"
    assert browser.get(rp.authorize_url(tenant="kantoor")).landed, "the session works for the lax one again"
    clock.advance(minutes=31)
    for _ in range(2):
        assert browser.get(rp.authorize_url(tenant="kantoor")).landed
        assert browser.get(rp.authorize_url(tenant=zon.slug)).step == "password"
    browser.login(eva, tenant=zon)
    assert rp.finish(browser).claims["tenant"] == zon.slug


def test_silently_it_is_refused(
    eva: KnownUser, zon: KnownTenant, browser: Browser, rp: RelyingParty, clock: MovingClock
) -> None:
    """R15: `prompt=none` shows no page and gives no code."""
    browser.get(rp.authorize_url(tenant="kantoor")).login(eva)
    clock.advance(minutes=31)
    browser.get(rp.authorize_url(tenant=zon.slug, prompt="none"))
    assert browser.landed
    assert "error=" in browser.landed
    assert "code=" not in browser.landed


def policy(world: World, tenant: KnownTenant) -> Policy:
    with world.unit_of_work() as session:
        return session.get_one(Tenant, tenant.id).policy  # type: ignore[no-any-return]


def test_the_console_sets_them(world: World, zon: KnownTenant, bert: KnownUser, browser: Browser) -> None:
    """Two numbers beside the switches, one Save; the page shows what holds."""
    open_page(browser, SETTINGS, bert)
    browser.fill(session_idle_minutes="45", session_hours="12").submit("Save")
    assert "The settings are saved" in browser.text
    assert policy(world, zon) == Policy(security_code=False, session_idle_minutes=45, session_hours=12)
    assert browser.page.one("input[name=session_idle_minutes]")["value"] == "45"


@pytest.mark.parametrize("field", SESSION_LIMITS)
@pytest.mark.parametrize("value", ["", "0", "-5", "1.5", "x", "٣", "9" * 5000, "99999"])
def test_what_is_no_such_number(
    world: World, zon: KnownTenant, bert: KnownUser, browser: Browser, field: str, value: str
) -> None:
    """R19: it is said so beside the field, what was typed stays, and nothing is saved, the switches neither."""
    before = policy(world, zon)
    open_page(browser, SETTINGS, bert)
    browser.fill(**{field: value}, security_code=True).submit("Save")
    assert browser.alert
    assert browser.page.one(f"input[name={field}]").has_attr("aria-invalid")
    assert browser.page.checked("security_code")
    assert policy(world, zon) == before


def test_a_form_without_them(world: World, zon: KnownTenant, bert: KnownUser, browser: Browser) -> None:
    """An older form that has no such fields leaves them; one that has a field twice is wrong."""
    open_page(browser, SETTINGS, bert)
    form = browser.filled_form("Save")
    form.values = [pair for pair in form.values if pair[0] not in SESSION_LIMITS]
    browser.send(form)
    assert policy(world, zon) == Policy(security_code=False, session_idle_minutes=30, session_hours=2)
    form = browser.get(SETTINGS).filled_form("Save")
    form.values.append(("session_hours", "3"))
    assert browser.send(form).alert
    assert policy(world, zon).session_hours == 2


def test_numbers_wait_for_the_proof(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """What was typed before the proof is asked anew is in the form again, and is saved by the next Save."""
    browser = open_page(new_browser(), SETTINGS, bert)
    clock.advance(minutes=16)
    browser.fill(session_hours="9").submit("Save")
    browser.login(bert)
    assert browser.page.one("input[name=session_hours]")["value"] == "9"
    assert policy(world, zon).session_hours == 2
    browser.submit("Save")
    assert policy(world, zon).session_hours == 9
