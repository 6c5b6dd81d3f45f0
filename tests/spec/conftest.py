"""What the documents about OAuth and OpenID Connect need: a tenant without security code, a person, a browser of theirs."""

from __future__ import annotations

import pytest

from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

OFFLINE = "openid profile email offline_access"


@pytest.fixture
def zon(world: World) -> KnownTenant:
    """A tenant that asks a password only."""
    return world.tenant("de-zon", security_code=False)


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """An employee of that tenant."""
    return world.user("anna", zon)


@pytest.fixture
def at_work(rp: RelyingParty, anna: KnownUser, browser: Browser) -> Browser:
    """Anna's browser, in which she is logged in."""
    return browser.get(rp.authorize_url()).login(anna)


@pytest.fixture
def tokens(rp: RelyingParty, anna: KnownUser, browser: Browser) -> Tokens:
    """What "books" got for Anna, with offline access."""
    return rp.finish(browser.get(rp.authorize_url(scope=OFFLINE)).login(anna))
