"""Section 2: an application that is disabled is unknown at once, wherever it stood at that moment."""

from __future__ import annotations

from idp.oidc.models import Client
from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.relying_party import NewRp, RelyingParty, basic
from tests.support.world import KnownUser, World


def disable(world: World, client_id: str = "books") -> None:
    """As `idp client disable` does."""
    with world.unit_of_work() as session:
        session.query(Client).filter_by(client_id=client_id).one().disabled_at = world._now()


def test_in_the_middle_of_a_login(world: World, rp: RelyingParty, browser: Browser, anna: KnownUser) -> None:
    """Section 3.1.2.4: a page, and nothing is sent to its address any more."""
    browser.get(rp.authorize_url())
    disable(world)
    browser.login(anna)
    assert browser.landed is None
    assert browser.status == 400


def test_between_code_and_tokens(world: World, rp: RelyingParty, at_work: Browser) -> None:
    """Section 5.2."""
    code = rp.answer(at_work)["code"]
    disable(world)
    assert rp.redeem(code).json()["error"] == "invalid_client"


def test_with_tokens_in_its_hands(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """RFC 7009 section 2, RFC 7662 section 4: its tokens are worth nothing, to it and to those whom they were for."""
    rp = new_rp(world.client("other", audience="reader"))
    reader = world.client("reader", grant_types=["client_credentials"], response_types=[])
    given = rp.redeem(rp.answer(at_work.get(rp.authorize_url(scope=OFFLINE)))["code"]).json()
    headers = {"Authorization": basic("reader", reader.client_secret or "")}

    def active() -> bool:
        return bool(
            rp.http.post("/introspect", data={"token": given["access_token"]}, headers=headers).json()["active"]
        )

    assert active()
    assert rp.userinfo(given["access_token"]).status_code == 200
    disable(world, "other")
    assert not active()
    assert rp.userinfo(given["access_token"]).status_code == 401
    assert rp.refresh(given["refresh_token"]).json()["error"] == "invalid_client"
