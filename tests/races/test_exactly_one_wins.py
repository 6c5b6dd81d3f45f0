"""One code, one refresh token, one client assertion, one TOTP code, one recovery code, one finished login: sixteen tries at the same moment.

Two processes that hold the same row learn from the database alone which of them was first (RFC 6749 section 4.1.2,
RFC 9700 section 4.14.2, RFC 6238 section 5.2).
"""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any, TypeVar

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from idp.accounts.models import RecoveryCode
from idp.login.models import BrowserSession
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser
from tests.support.passkeys import add_passkey, answered
from tests.support.relying_party import RelyingParty
from tests.support.server import Server
from tests.support.world import KnownTenant, World

pytestmark = [pytest.mark.both_stores, pytest.mark.slow, pytest.mark.workers(4)]

AT_ONCE = 16
ROUNDS = 4


T = TypeVar("T")


def at_once(tries: Sequence[Callable[[], T]]) -> list[T]:
    """Run all of them at the same moment."""
    ready = Barrier(len(tries))

    def run(attempt: Callable[[], T]) -> T:
        ready.wait(timeout=300)
        return attempt()

    with ThreadPoolExecutor(len(tries)) as threads:
        return list(threads.map(run, tries))


@pytest.fixture
def world(live: Server) -> World:
    """Makes people and applications on the running server."""
    return live.new_world()


@pytest.fixture
def zon(world: World) -> KnownTenant:
    """A tenant that asks no security code: fewer pages before what matters."""
    return world.tenant("de-zon", security_code=False)


@pytest.fixture
def books(live: Server, world: World) -> RelyingParty:
    """A relying application."""
    rp = live.relying_party(world.client("books"))
    assert rp.metadata
    return rp


def test_one_code(live: Server, world: World, zon: KnownTenant, books: RelyingParty) -> None:
    """One redemption wins; the others get `invalid_grant`; what the winner got is revoked by them."""
    anna = world.user("anna", zon)
    browser = live.browser().get(books.authorize_url()).login(anna)
    for _ in range(ROUNDS):
        browser.get(books.authorize_url(scope="openid offline_access"))
        code = books.answer(browser)["code"]
        answers = at_once([partial(books.redeem, code)] * AT_ONCE)
        assert Counter(a.status_code for a in answers) == {200: 1, 400: AT_ONCE - 1}
        assert {a.json()["error"] for a in answers if a.status_code == 400} == {"invalid_grant"}
        winner = next(a.json() for a in answers if a.status_code == 200)
        assert books.refresh(winner["refresh_token"]).json()["error"] == "invalid_grant"


def test_one_refresh_token(live: Server, world: World, zon: KnownTenant, books: RelyingParty) -> None:
    """One refresh wins, the others get `invalid_grant`, and the application goes on with what the winner got."""
    anna = world.user("anna", zon)
    browser = live.browser().get(books.authorize_url(scope="openid offline_access")).login(anna)
    token = books.finish(browser).refresh_token
    for _ in range(ROUNDS):
        spent = token
        answers = at_once([partial(books.refresh, spent)] * AT_ONCE)
        assert Counter(a.status_code for a in answers) == {200: 1, 400: AT_ONCE - 1}
        assert {a.json()["error"] for a in answers if a.status_code == 400} == {"invalid_grant"}
        token = next(a.json()["refresh_token"] for a in answers if a.status_code == 200)
        assert token != spent


def test_one_assertion(live: Server, world: World) -> None:
    """One is believed, the others get `invalid_client` (RFC 7523 section 3, item 7)."""
    key = ECKey.generate_key("P-256", {"kid": "ec"})
    metadata: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"]}
    metadata |= {"jwks": {"keys": [key.as_dict(private=False)]}, "scope": "stock", "redirect_uris": []}
    robot = live.relying_party(world.client("robot", public=True, **metadata))
    assert robot.metadata
    name, now = robot.client.client_id, int(robot.now().timestamp())
    for _ in range(ROUNDS):
        claims = {"iss": name, "sub": name, "aud": robot.metadata["issuer"], "exp": now + 300, "jti": uuid.uuid4().hex}
        proof = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES256", "kid": "ec"}, claims, key),
        }
        answers = at_once([partial(robot.token, grant_type="client_credentials", **proof)] * AT_ONCE)
        assert Counter(a.status_code for a in answers) == {200: 1, 401: AT_ONCE - 1}
        assert {a.json()["error"] for a in answers if a.status_code == 401} == {"invalid_client"}


def test_one_totp_code(live: Server, world: World, zon: KnownTenant, books: RelyingParty) -> None:
    """Sixteen browsers answer the same code: one is logged in, the others are told that it is wrong."""
    anna = world.user("anna", zon, totp=True)
    browsers = _browsers(live, books, lambda b: b.login(anna, until="totp"))
    code = anna.totp(good_for=30)
    _all_answer(browsers, totp=code)
    _exactly_one_landed(browsers, "totp")


def test_one_recovery_code(live: Server, world: World, zon: KnownTenant, books: RelyingParty) -> None:
    """Sixteen browsers answer the same recovery code: one is logged in, and the code is used once."""
    anna = world.user("anna", zon, totp=True, recovery_codes=True)
    browsers = _browsers(live, books, lambda b: b.login(anna, until="totp").follow("Use a recovery code"))
    code = anna.recovery_codes[3]
    _all_answer(browsers, recovery_code=code)
    _exactly_one_landed(browsers, "recovery_code")
    with world.unit_of_work() as session:
        used = session.query(RecoveryCode).filter(RecoveryCode.user_id == anna.id, RecoveryCode.used_at.is_not(None))
        assert used.count() == 1


def test_one_answer_of_a_passkey(live: Server, world: World, zon: KnownTenant, books: RelyingParty) -> None:
    """The challenge is spent by one of sixteen forms of one login; it alone goes on."""
    anna, device = world.user("anna", zon), Authenticator()
    add_passkey(live.browser(), anna, device)
    browser = live.browser().get(books.authorize_url())
    tabs = _tabs(browser)
    at_once([partial(tab.send, browser.filled_form(passkey=answered(browser, device))) for tab in tabs])
    assert {tab.status for tab in tabs if tab.status >= 500} <= {503}  # a busy database may say so
    with world.unit_of_work() as session:
        logins = session.query(BrowserSession).filter(BrowserSession.user_id == anna.id)
        assert sorted(len(login.evidence) for login in logins) == [1, 2]


def test_one_count_of_a_passkey(live: Server, world: World, zon: KnownTenant, books: RelyingParty) -> None:
    """Sixteen browsers answer with the same count of signatures, as copies would: one is logged in."""
    anna, device = world.user("anna", zon), Authenticator()
    add_passkey(live.browser(), anna, device)
    browsers = _browsers(live, books, lambda b: b)
    forms = [b.filled_form(passkey=answered(b, device, sign_count=7)) for b in browsers]
    at_once([partial(b.send, form) for b, form in zip(browsers, forms, strict=True)])
    landed = [b for b in browsers if b.landed]
    assert len(landed) == 1, f"{len(landed)} of {len(browsers)} were logged in"
    assert {(b.status, "copied" in str(b.alert)) for b in browsers if not b.landed} == {(400, True)}


def test_one_last_answer(live: Server, world: World, zon: KnownTenant, books: RelyingParty) -> None:
    """The last form of one login, sent sixteen times by one browser, opens one session."""
    anna = world.user("anna", zon)
    browser = live.browser().get(books.authorize_url())
    form = browser.filled_form(username=anna.username, password=anna.password)
    tabs = _tabs(browser)
    at_once([partial(tab.send, form) for tab in tabs])
    assert all(tab.status < 500 for tab in tabs), sorted(tab.status for tab in tabs)
    with world.unit_of_work() as session:
        assert session.query(BrowserSession).filter(BrowserSession.user_id == anna.id).count() == 1


def _tabs(browser: Browser) -> list[Browser]:
    tabs = [Browser(browser.http, browser.issuer) for _ in range(AT_ONCE)]
    for tab in tabs:
        tab.page = browser.page
    return tabs


def _browsers(live: Server, books: RelyingParty, prepare: Callable[[Browser], Browser]) -> list[Browser]:
    def one() -> Browser:
        return prepare(live.browser().get(books.authorize_url()))

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda _: one(), range(AT_ONCE)))


def _all_answer(browsers: list[Browser], **answer: str) -> None:
    """All at the same moment; to whom a busy database says 503 the same form is sent again, as its page asks."""
    forms = [b.filled_form(**answer) for b in browsers]
    at_once([partial(b.send, form) for b, form in zip(browsers, forms, strict=True)])
    for b, form in zip(browsers, forms, strict=True):
        if b.status == 503:
            b.send(form)


def _exactly_one_landed(browsers: list[Browser], step: str) -> None:
    landed = [b for b in browsers if b.landed]
    assert len(landed) == 1, f"{len(landed)} of {len(browsers)} were logged in"
    assert "code=" in str(landed[0].landed)
    refused = [b for b in browsers if not b.landed]
    assert {(b.status, b.step) for b in refused} == {(200, step)}
    assert all(b.alert for b in refused)
