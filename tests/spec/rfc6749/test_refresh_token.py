"""Section 6, RFC 9700 section 4.14.2 and OpenID Connect Core section 11: refresh tokens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from idp.accounts.models import User
from idp.audit.models import AuditEvent
from idp.login.models import BrowserSession
from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.meanwhile import meanwhile
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World


def refused(rp: RelyingParty, token: Tokens | str, **changes: str | None) -> str:
    """The error for this refresh token."""
    answer = rp.refresh(token, **changes)
    assert answer.status_code == 400, answer.text
    return str(answer.json()["error"])


def test_it_comes_with_offline_access_only(rp: RelyingParty, at_work: Browser) -> None:
    """OpenID Connect Core section 11; a first-party application needs no prompt=consent."""
    assert "refresh_token" not in rp.finish(at_work).response
    assert "refresh_token" in rp.finish(at_work.get(rp.authorize_url(scope=OFFLINE))).response


def test_it_is_only_for_clients_that_registered(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """RFC 7591 section 2: without the grant type the scope is ignored, and the grant refused."""
    rp = new_rp(world.client("other", grant_types=["authorization_code"]))
    assert "refresh_token" not in rp.finish(at_work.get(rp.authorize_url(scope=OFFLINE))).response
    assert refused(rp, "x") == "unauthorized_client"


def test_it_is_rotated(rp: RelyingParty, tokens: Tokens) -> None:
    """RFC 9700 section 4.14.2: each use gives another one, which works."""
    renewed = rp.refresh(tokens).json()
    assert renewed["refresh_token"] != tokens.refresh_token
    assert rp.userinfo(renewed["access_token"]).status_code == 200
    assert rp.refresh(renewed["refresh_token"]).status_code == 200


def test_a_second_use_within_ten_seconds_is_only_refused(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """Two requests of one application may cross: the family lives on."""
    renewed = rp.refresh(tokens).json()
    clock.advance(seconds=10)
    assert refused(rp, tokens) == "invalid_grant"
    assert rp.refresh(renewed["refresh_token"]).status_code == 200


def test_a_later_second_use_revokes_the_family(
    world: World, rp: RelyingParty, tokens: Tokens, clock: MovingClock
) -> None:
    """RFC 9700 section 4.14.2: one of the two who had it is a thief; the access tokens are dead at once."""
    renewed = rp.refresh(tokens).json()
    clock.advance(seconds=11)
    assert refused(rp, tokens) == "invalid_grant"
    assert refused(rp, renewed["refresh_token"]) == "invalid_grant"
    assert rp.userinfo(renewed["access_token"]).status_code == 401
    assert refused(rp, tokens) == "invalid_grant"
    with world.unit_of_work() as session:
        assert session.query(AuditEvent).filter_by(kind="token.refresh_token_reused").count() == 1


@pytest.mark.both_stores
def test_of_many_at_once_one_wins(rp: RelyingParty, tokens: Tokens) -> None:
    """One answer has tokens, the others get invalid_grant, and the family lives."""
    ready = Barrier(8)

    def refresh(_: int) -> dict[str, str]:
        ready.wait(timeout=300)
        return dict(rp.refresh(tokens).json())

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(refresh, range(8)))
    won = [answer for answer in answers if "refresh_token" in answer]
    assert len(won) == 1
    assert {answer["error"] for answer in answers if answer is not won[0]} == {"invalid_grant"}
    assert rp.refresh(won[0]["refresh_token"]).status_code == 200


@pytest.mark.both_stores
def test_one_that_another_request_uses_at_the_same_moment(app: Flask, rp: RelyingParty, tokens: Tokens) -> None:
    """Both find it unused, one spends it; as two requests of one application may cross, what that one got lives."""
    with meanwhile(app, "refresh_tokens.token_hash = ", lambda: rp.refresh(tokens)) as others:
        assert refused(rp, tokens) == "invalid_grant"
    assert rp.refresh(others[0].json()["refresh_token"]).status_code == 200


def test_the_scope_may_become_less(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 6: for this access token; the next refresh has the whole again."""
    less = rp.refresh(tokens, scope="email openid").json()
    assert less["scope"] == "openid email"
    assert "name" not in rp.userinfo(less["access_token"]).json()
    assert rp.refresh(less["refresh_token"]).json()["scope"] == OFFLINE


def test_less_scope_without_openid(rp: RelyingParty, tokens: Tokens) -> None:
    """Then there is no ID token."""
    assert "id_token" not in rp.refresh(tokens, scope="email").json()


def test_the_scope_never_becomes_more(rp: RelyingParty, at_work: Browser) -> None:
    """Section 6: and asking for it spends nothing."""
    tokens = rp.finish(at_work.get(rp.authorize_url(scope="openid offline_access")))
    assert refused(rp, tokens, scope="openid profile") == "invalid_scope"
    assert rp.refresh(tokens).status_code == 200


@pytest.mark.parametrize("token", [None, "", "x" * 43, "é" * 43, "x" * 5000], ids=lambda t: str(t)[:5])
def test_no_token_of_ours(rp: RelyingParty, token: str | None) -> None:
    """Section 5.2."""
    answer = rp.token(grant_type="refresh_token", refresh_token=token)
    assert answer.json()["error"] in {"invalid_request", "invalid_grant"}


def test_it_is_its_clients(world: World, new_rp: NewRp, rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """Section 10.4: another client gets nothing, spends nothing, and revokes nothing."""
    other = new_rp(world.client("other"))
    assert refused(other, tokens) == "invalid_grant"
    renewed = rp.refresh(tokens).json()
    clock.advance(minutes=1)
    assert refused(other, tokens) == "invalid_grant"
    assert rp.refresh(renewed["refresh_token"]).status_code == 200


def test_it_ends_when_it_is_not_used(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """RFC 9700 section 4.14.2: after 30 days without use."""
    clock.advance(days=29, hours=23)
    renewed = rp.refresh(tokens).json()
    clock.advance(days=30)
    assert refused(rp, renewed["refresh_token"]) == "invalid_grant"


def test_the_family_ends_after_90_days(rp: RelyingParty, tokens: Tokens, clock: MovingClock) -> None:
    """Use does not prolong it."""
    token = tokens.refresh_token
    for _ in range(3):
        clock.advance(days=29)
        token = rp.refresh(token).json()["refresh_token"]
    clock.advance(days=3)
    assert refused(rp, token) == "invalid_grant"


def test_an_access_token_of_the_last_minute_ends_with_the_family(
    rp: RelyingParty, tokens: Tokens, clock: MovingClock
) -> None:
    """However young it is."""
    token = tokens.refresh_token
    for _ in range(3):
        clock.advance(days=29)
        token = rp.refresh(token).json()["refresh_token"]
    clock.advance(days=2, hours=23, minutes=59)
    newest = rp.refresh(token).json()["access_token"]
    assert rp.userinfo(newest).status_code == 200
    clock.advance(minutes=1)
    assert rp.userinfo(newest).status_code == 401


def test_it_outlives_the_browser_session(
    world: World, rp: RelyingParty, tokens: Tokens, browser: Browser, clock: MovingClock
) -> None:
    """OpenID Connect Core section 11: that is what offline access is, also when the session's row is swept away."""
    browser.get("/logout").submit("Log out")
    renewed = rp.refresh(tokens).json()
    assert rp.userinfo(renewed["access_token"]).status_code == 200
    with world.unit_of_work() as session:
        session.delete(session.query(BrowserSession).one())
    claims = rp.verified(rp.refresh(renewed["refresh_token"]).json()["id_token"])
    assert "sid" not in claims


def test_it_ends_with_the_user(
    world: World, rp: RelyingParty, tokens: Tokens, anna: KnownUser, clock: MovingClock
) -> None:
    """A disabled user has nothing."""
    world.change(User, anna.id, disabled_at=clock.now())
    assert refused(rp, tokens) == "invalid_grant"


def test_it_ends_when_the_users_proof_changes(world: World, rp: RelyingParty, tokens: Tokens, anna: KnownUser) -> None:
    """Another password, another factor, signing out everywhere: the epoch moves on."""
    world.change(User, anna.id, epoch=2)
    assert refused(rp, tokens) == "invalid_grant"


def test_it_rests_while_two_factor_must_be_set_up(
    world: World, zon: KnownTenant, rp: RelyingParty, tokens: Tokens, browser: Browser, anna: KnownUser
) -> None:
    """The policy holds at every way in; nothing is revoked: once it is set up, or not asked any more, it works."""
    world.policy(zon, two_factor_mandatory=True)
    assert refused(rp, tokens) == "invalid_grant"
    world.policy(zon, two_factor_mandatory=False)
    assert rp.refresh(tokens).status_code == 200


def test_it_works_where_two_factor_is_set_up(
    world: World, zon: KnownTenant, rp: RelyingParty, browser: Browser
) -> None:
    """The policy asks what the person has."""
    bert = world.user("bert", zon, totp=True)
    world.policy(zon, two_factor_mandatory=True)
    tokens = rp.finish(browser.get(rp.authorize_url(scope=OFFLINE)).login(bert))
    assert rp.refresh(tokens).status_code == 200
