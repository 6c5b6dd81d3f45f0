"""R82: what an unknown browser leaves behind is what somebody reads of it, and so much for a network and in all."""

from __future__ import annotations

import sqlalchemy as sa

from idp.shortlived.models import ShortLivedValue
from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty
from tests.support.world import World

UNKNOWN = {f"unheard_of_{n}": "x" * 4000 for n in range(50)}
A_FEW = 4 * 1024
"""Bytes: an ordinary request, and the login that it began, sealed."""


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
