"""Once every 30 days from a known IP address: what earns a grant, what it waives, and what ends it (C1 to C10)."""

from collections.abc import Callable

import pytest

from idp.accounts.models import User
from idp.accounts.users import lifecycle
from idp.login.models import KnownIpGrant
from idp.platform.secrets import hasher
from idp.tenancy import changes
from idp.tenancy.models import Tenant
from tests.support.browser import ELSEWHERE, HOME, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import choose_every_30_days, log_out, open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownUser, World

ASKED = ["password", "security_code", "totp"]
WAIVED = ["password", "security_code"]

StepsAt = Callable[..., list[str]]


@pytest.fixture
def anna(world: World) -> KnownUser:
    """An employee with an authenticator who chose "once every 30 days"."""
    return world.user("anna", world.tenant(), totp=True, every_30_days=True)


@pytest.fixture
def steps_at(rp: RelyingParty, new_browser: NewBrowser) -> StepsAt:
    """Logs a person in with a fresh browser at an address and says which steps that took."""

    def log_in(user: KnownUser, address: str = HOME, **more: str) -> list[str]:
        browser = new_browser(address).get(rp.authorize_url(**more)).login(user)
        claims = rp.finish(browser).claims
        proved = "totp" in browser.steps
        assert ({"otp", "mfa"} <= set(claims["amr"])) is proved, "amr tells another story than the pages"
        assert (claims["acr"] == "urn:informer:acr:2fa") is proved
        return browser.steps

    return log_in


@pytest.mark.both_stores
def test_a_totp_with_the_choice_on_spares_the_next_one(anna: KnownUser, steps_at: StepsAt) -> None:
    """C2, C3: from the same address TOTP is not asked again; password and security code are."""
    assert steps_at(anna) == ASKED
    assert steps_at(anna) == WAIVED


def test_the_choice_is_off_by_default(world: World, steps_at: StepsAt) -> None:
    """C1: without the user's own choice there is no grant."""
    anna = world.user("anna", world.tenant(), totp=True)
    assert steps_at(anna) == ASKED
    assert steps_at(anna) == ASKED


def test_the_totp_step_offers_the_choice(
    world: World, rp: RelyingParty, new_browser: NewBrowser, steps_at: StepsAt
) -> None:
    """C1: ticking the box on the TOTP step is the same choice, for this TOTP already."""
    anna = world.user("anna", world.tenant(), totp=True)
    new_browser().get(rp.authorize_url()).login(anna, remember=True)
    assert steps_at(anna) == WAIVED
    browser = open_page(new_browser(ELSEWHERE), "/account/security", anna)
    assert browser.page.checked("two_factor_every_30_days")


def test_a_wrong_code_makes_no_choice(
    world: World, rp: RelyingParty, new_browser: NewBrowser, steps_at: StepsAt
) -> None:
    """C2: the box beside a wrong code counts for nothing."""
    anna = world.user("anna", world.tenant(), totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    browser.fill(totp=anna.wrong_totp(), two_factor_every_30_days=True).submit()
    assert browser.alert
    assert steps_at(anna) == ASKED
    assert steps_at(anna) == ASKED


def test_choosing_it_on_the_security_page(world: World, new_browser: NewBrowser, steps_at: StepsAt) -> None:
    """C1: the page where one switches it on is behind a TOTP of this moment, which makes the first grant."""
    anna = world.user("anna", world.tenant(), totp=True)
    choose_every_30_days(new_browser(), anna)
    assert steps_at(anna) == WAIVED


@pytest.mark.both_stores
@pytest.mark.parametrize(
    ("after", "steps"),
    [
        pytest.param({"days": 29, "hours": 23, "minutes": 59}, WAIVED, id="a minute before"),
        pytest.param({"days": 30}, ASKED, id="at 30 days"),
        pytest.param({"days": 31}, ASKED, id="after 31 days"),
    ],
)
def test_it_ends_30_days_after_the_totp(
    anna: KnownUser, steps_at: StepsAt, clock: MovingClock, after: dict[str, float], steps: list[str]
) -> None:
    """C2: 30 days exactly, by the process's clock."""
    assert steps_at(anna) == ASKED
    clock.advance(**after)
    assert steps_at(anna) == steps


def test_a_clock_set_back_counts_no_grant_of_the_future(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, steps_at: StepsAt, clock: MovingClock
) -> None:
    """C8: which moment it is says the process's clock: a grant that was earned tomorrow is none today."""
    steps_at(anna)
    clock.advance(days=-1)
    assert new_browser().get(rp.authorize_url()).login(anna, until="totp").step == "totp"


@pytest.mark.both_stores
@pytest.mark.parametrize("places", [[HOME], [HOME, ELSEWHERE], [HOME, ELSEWHERE, "203.0.113.99"]], ids=len)
def test_a_clock_set_back_revives_no_grant(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, steps_at: StepsAt, clock: MovingClock, places: list[str]
) -> None:
    """C5, C8: grants whose end somebody saw are gone for good, however many ended together, and wherever copies are."""
    for place in places:
        assert steps_at(anna, place) == ASKED
    for place in places:
        assert steps_at(anna, place) == WAIVED  # a cache has it now
    clock.advance(days=31)
    assert new_browser("203.0.113.200").get(rp.authorize_url()).login(anna, until="totp").step == "totp"
    clock.advance(days=-31)
    for place in places:
        assert new_browser(place).get(rp.authorize_url()).login(anna, until="totp").step == "totp"


def test_use_does_not_extend_it(anna: KnownUser, steps_at: StepsAt, clock: MovingClock) -> None:
    """C2: a grant used every week still ends 30 days after its TOTP."""
    steps_at(anna)
    for _ in range(4):
        clock.advance(days=7)
        assert steps_at(anna) == WAIVED
    clock.advance(days=2)
    assert steps_at(anna) == ASKED


def test_a_totp_from_there_renews_it(anna: KnownUser, rp: RelyingParty, steps_at: StepsAt, clock: MovingClock) -> None:
    """C2: a correct TOTP, asked for whatever reason, starts the 30 days anew."""
    steps_at(anna)
    clock.advance(days=20)
    assert steps_at(anna, acr_values="urn:informer:acr:2fa") == ASKED
    clock.advance(days=20)
    assert steps_at(anna) == WAIVED


@pytest.mark.parametrize(
    ("earned_at", "used_at", "steps"),
    [
        pytest.param("203.0.113.7", "203.0.113.8", ASKED, id="IPv4, the neighbour"),
        pytest.param("203.0.113.7", "::ffff:203.0.113.7", WAIVED, id="IPv4 written as IPv6"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:2:aaaa:bbbb:cccc:dddd", WAIVED, id="IPv6, the same /64"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:3::1", ASKED, id="IPv6, the next /64"),
    ],
)
def test_the_network_is_an_ipv4_address_or_a_64(
    anna: KnownUser, steps_at: StepsAt, earned_at: str, used_at: str, steps: list[str]
) -> None:
    """C2: one IPv4 address, or the /64 of an IPv6 address."""
    assert steps_at(anna, earned_at) == ASKED
    assert steps_at(anna, used_at) == steps


def test_a_grant_is_of_one_person(world: World, steps_at: StepsAt) -> None:
    """C2: a colleague at the same desk is asked."""
    zon = world.tenant()
    anna = world.user("anna", zon, totp=True, every_30_days=True)
    carl = world.user("carl", zon, totp=True, every_30_days=True)
    assert steps_at(anna) == ASKED
    assert steps_at(carl) == ASKED


def test_a_session_that_moves_elsewhere_owes_totp(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, steps_at: StepsAt
) -> None:
    """C3, A6: the grant waived TOTP at the office; carried to another address, the session owes it, on every page."""
    steps_at(anna, HOME)
    browser = new_browser(HOME).get(rp.authorize_url()).login(anna)
    assert browser.steps == WAIVED
    browser.address = ELSEWHERE
    assert browser.get("/account/security").step == "totp"
    browser.get(rp.authorize_url(prompt="none"))
    assert rp.answer(browser)["error"] == "interaction_required"
    browser.get(rp.authorize_url()).login(anna)
    assert browser.steps == ["totp"]
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


def test_a_session_that_proved_totp_may_move(anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A6: what was proved stays proved for the session, wherever it goes."""
    browser = new_browser(HOME).get(rp.authorize_url()).login(anna)
    browser.address = ELSEWHERE
    browser.get(rp.authorize_url())
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


def test_a_grant_that_ends_during_a_session(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, steps_at: StepsAt, clock: MovingClock
) -> None:
    """A6: the session is judged by this moment: when the grant ends, TOTP is owed."""
    steps_at(anna)
    clock.advance(days=29, hours=23)
    browser = new_browser().get(rp.authorize_url()).login(anna)
    assert browser.steps == WAIVED
    clock.advance(hours=2)
    browser.get(rp.authorize_url()).login(anna)
    assert browser.steps == ["totp"]


def _limit(world: World, anna: KnownUser, on: bool) -> None:
    world.policy(anna.tenant, limit_two_factor_validity=on)


@pytest.mark.both_stores
def test_limited_validity_asks_at_every_login(world: World, anna: KnownUser, steps_at: StepsAt) -> None:
    """C4: 2FA is asked "during the login process, regardless of the IP address or login history"."""
    steps_at(anna)
    _limit(world, anna, True)
    assert steps_at(anna) == ASKED
    assert steps_at(anna) == ASKED


def test_the_limit_itself_holds(world: World, anna: KnownUser, steps_at: StepsAt) -> None:
    """C4: a limit that came past every rule, by hand in the database, asks at every login as well."""
    steps_at(anna)
    world.change(Tenant, anna.tenant.id, limit_two_factor_validity=True)
    assert steps_at(anna) == ASKED


@pytest.mark.both_stores
def test_lifting_the_limit_revives_nothing(world: World, anna: KnownUser, steps_at: StepsAt) -> None:
    """C4: off again, only new grants count, also not the TOTPs given while it was on."""
    steps_at(anna)
    _limit(world, anna, True)
    steps_at(anna)
    _limit(world, anna, False)
    assert steps_at(anna) == ASKED
    assert steps_at(anna) == WAIVED


def test_the_user_page_says_that_the_administrator_barred_it(
    world: World, anna: KnownUser, new_browser: NewBrowser
) -> None:
    """C4: the choice is shown as barred by the administrator, and a form sent by hand earns nothing."""
    _limit(world, anna, True)
    browser = open_page(new_browser(), "/account/security", anna)
    assert "administrator" in browser.text
    box = browser.page.soup.select_one("input[name=two_factor_every_30_days]")
    assert box is None or box.has_attr("disabled")


def test_the_totp_step_does_not_offer_what_is_barred(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """C1, C4: the box on the TOTP step is there only where the policy allows the choice."""
    zon = world.tenant(limit_two_factor_validity=True)
    anna = world.user("anna", zon, totp=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="totp")
    assert not browser.page.has_field("two_factor_every_30_days")


def _as_user(world: World, anna: KnownUser, change: Callable[[User], object]) -> None:
    with world.unit_of_work() as session:
        change(session.get(User, anna.id))


def _as_tenant(world: World, anna: KnownUser, change: Callable[[Tenant], object]) -> None:
    with world.unit_of_work() as session:
        change(session.get(Tenant, anna.tenant.id))


def _rotate(tenant: Tenant) -> None:
    changes.rotate_security_code(tenant, "482915")


VOIDED_BY = [
    pytest.param(
        lambda w, a: _as_user(w, a, lambda u: lifecycle.set_password(u, hasher().hash(a.password))),
        id="password changed",
    ),
    pytest.param(lambda w, a: _as_user(w, a, _disabled_and_enabled), id="disabled, enabled again"),
    pytest.param(lambda w, a: _as_tenant(w, a, _rotate), id="security code rotated"),
]


def _disabled_and_enabled(user: User) -> None:
    lifecycle.disable(user)
    lifecycle.enable(user)


@pytest.mark.both_stores
@pytest.mark.parametrize("happens", VOIDED_BY)
def test_what_voids_a_grant(
    world: World, anna: KnownUser, steps_at: StepsAt, happens: Callable[[World, KnownUser], None]
) -> None:
    """C5: a changed password, a disabled user, a rotated security code."""
    steps_at(anna)
    assert steps_at(anna) == WAIVED
    happens(world, anna)
    assert steps_at(anna) == ASKED


def test_switching_the_choice_off_voids_the_grants(anna: KnownUser, new_browser: NewBrowser, steps_at: StepsAt) -> None:
    """C5: off and on again begins anew: only the TOTP of the page where it is switched on counts, at its address."""
    steps_at(anna)
    elsewhere = new_browser(ELSEWHERE)
    choose_every_30_days(elsewhere, anna, on=False)
    assert steps_at(anna) == ASKED
    choose_every_30_days(elsewhere, anna, on=True)
    assert steps_at(anna) == ASKED


def test_revoking_from_the_security_page(anna: KnownUser, new_browser: NewBrowser, steps_at: StepsAt) -> None:
    """C10: the user sees each known address with its dates and can revoke one, and it alone."""
    steps_at(anna, HOME)
    steps_at(anna, ELSEWHERE)
    browser = open_page(new_browser(ELSEWHERE), "/account/security", anna)
    assert HOME in browser.text
    assert ELSEWHERE in browser.text
    row = next(row for row in browser.page.soup.find_all("li") if HOME in row.get_text())
    browser.send(next(form for form in browser.page.forms if form.action.endswith(str(row.find("form")["action"]))))
    if browser.step:
        browser.login(anna)
    assert steps_at(anna, HOME) == ASKED
    assert steps_at(anna, ELSEWHERE) == WAIVED


def test_revoking_all_of_them(anna: KnownUser, new_browser: NewBrowser, steps_at: StepsAt) -> None:
    """C10: one button revokes every known address."""
    steps_at(anna, HOME)
    steps_at(anna, ELSEWHERE)
    browser = open_page(new_browser("192.0.2.9"), "/account/security", anna)
    browser.submit("Revoke known addresses")
    if "Revoke known addresses" in browser.page.controls:
        browser.submit("Revoke known addresses")
    assert steps_at(anna, HOME) == ASKED
    assert steps_at(anna, ELSEWHERE) == ASKED


@pytest.mark.both_stores
def test_same_browser_only(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """C6: with `known_ip_same_browser` a grant also needs the browser that earned it."""
    anna = world.user("anna", world.tenant(known_ip_same_browser=True), totp=True, every_30_days=True)
    own = new_browser().get(rp.authorize_url()).login(anna)
    rp.finish(own)
    assert new_browser().get(rp.authorize_url()).login(anna, until="totp").step == "totp"
    log_out(own)
    own.get(rp.authorize_url()).login(anna)
    assert own.steps == WAIVED


@pytest.mark.parametrize("demand", ["urn:informer:acr:2fa", "phr urn:informer:acr:2fa"])
def test_a_demand_for_2fa_is_never_met_by_a_grant(anna: KnownUser, steps_at: StepsAt, demand: str) -> None:
    """C7: the demand asks TOTP whatever the address."""
    steps_at(anna)
    assert steps_at(anna) == WAIVED
    assert steps_at(anna, acr_values=demand) == ASKED


@pytest.mark.settings(trusted_proxies="10.0.0.0/8")
@pytest.mark.parametrize(
    ("peer", "header", "seen"),
    [
        pytest.param("10.0.0.5", "203.0.113.9", "203.0.113.9", id="one proxy"),
        pytest.param("10.0.0.5", "6.6.6.6, 203.0.113.9, 10.0.0.6", "203.0.113.9", id="the right-most untrusted one"),
        pytest.param("203.0.113.9", "6.6.6.6", "203.0.113.9", id="a header from anyone else"),
    ],
)
def test_the_address_behind_proxies(
    anna: KnownUser, new_browser: NewBrowser, peer: str, header: str, seen: str
) -> None:
    """C9: the page says "we see you as" the right-most address that is not a trusted proxy's."""
    browser = new_browser(peer)
    browser.http.headers["X-Forwarded-For"] = header
    open_page(browser, "/account/security", anna)
    assert f"We see you as {seen}" in browser.text or f"we see you as {seen}" in browser.text


@pytest.mark.settings(trusted_proxies="10.0.0.0/8")
@pytest.mark.parametrize(
    "header",
    ["unknown", "203.0.113.9, what is this", "203.0.113.9, ", ""],
    ids=["word", "garbage", "empty hop", "absent"],
)
def test_an_address_that_cannot_be_read_is_nobodys(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, header: str
) -> None:
    """C9: no grant is earned or counts where the nearest address cannot be read."""
    for _ in range(2):
        browser = new_browser("10.0.0.5")
        browser.http.headers["X-Forwarded-For"] = header
        browser.get(rp.authorize_url()).login(anna)
        assert browser.steps == ASKED


def test_without_trusted_proxies_no_header_is_believed(
    anna: KnownUser, rp: RelyingParty, new_browser: NewBrowser, steps_at: StepsAt
) -> None:
    """C9: who writes the office's address into a header is still asked."""
    steps_at(anna, HOME)
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Client-IP", "True-Client-IP", "X-Client-IP"):
        browser = new_browser(ELSEWHERE)
        browser.http.headers[name] = f"for={HOME}" if name == "Forwarded" else HOME
        browser.get(rp.authorize_url()).login(anna, until="totp")
        assert browser.step == "totp", name


@pytest.mark.postgres_valkey
def test_a_row_that_was_deleted_by_hand_is_gone(world: World, anna: KnownUser, steps_at: StepsAt) -> None:
    """C8: SQL holds the truth: a support engineer's DELETE with the epoch moved on ends the grant despite the cache."""
    steps_at(anna)
    assert steps_at(anna) == WAIVED
    with world.unit_of_work() as session:
        session.query(KnownIpGrant).delete()
        user = session.get(User, anna.id)
        user.grants_epoch += 1
    assert steps_at(anna) == ASKED
