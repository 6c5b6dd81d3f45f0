"""A person in a browser, an application with a key."""

from __future__ import annotations

import pytest

from tests.spec.conftest import OFFLINE
from tests.support.browser import Browser
from tests.support.dpop import Prover
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import World


@pytest.fixture
def prover(clock: MovingClock) -> Prover:
    """The application's key."""
    return Prover(clock.now)


@pytest.fixture
def stranger(clock: MovingClock) -> Prover:
    """Another key."""
    return Prover(clock.now)


@pytest.fixture
def service(world: World, new_rp: NewRp) -> RelyingParty:
    """A client of which every token request is right but for the proof."""
    return new_rp(world.client("service", grant_types=["client_credentials"], response_types=[]))


@pytest.fixture
def public(world: World, new_rp: NewRp) -> RelyingParty:
    """An application in a browser, without a secret."""
    return new_rp(world.client("public", public=True))


def code_of(rp: RelyingParty, browser: Browser, **changes: str | None) -> str:
    """A code for whoever is logged in in this browser."""
    return rp.answer(browser.get(rp.authorize_url(**{"scope": OFFLINE, **changes})))["code"]
