"""An application that listens for logout tokens on a real socket, and the product's own worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from joserfc import jwt

from idp.cli import worker
from idp.platform.extensions import db
from tests.support.peer import Peer, peer, says
from tests.support.relying_party import ALGORITHMS, NewRp, RelyingParty
from tests.support.world import World

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Work = Callable[[], None]


@pytest.fixture
def listener() -> Iterator[Peer]:
    """Where "shop" listens."""
    with peer(says(OK)) as listening:
        yield listening


@pytest.fixture
def shop(world: World, new_rp: NewRp, listener: Peer) -> RelyingParty:
    """An application with a `backchannel_logout_uri`."""
    return new_rp(world.client("shop", backchannel_logout_uri=listener.url))


@pytest.fixture
def work(app: Flask) -> Work:
    """What `idp worker` does: what is due, and once a minute the sweep."""

    def do() -> None:
        with app.app_context():
            worker.sweep_what_is_over(threading.Event())
            worker.send(threading.Event())
            db.session.remove()

    return do


def told(rp: RelyingParty, listening: Peer) -> list[dict[str, Any]]:
    """The claims of the logout tokens that came, each verified as section 2.6 demands."""
    return [verified(rp, form["logout_token"]) for form in listening.forms]


def verified(rp: RelyingParty, token: str) -> dict[str, Any]:
    """Section 2.6: type, signature, issuer, audience, times, events, sub or sid, no nonce."""
    found = jwt.decode(token, rp.keys(), algorithms=ALGORITHMS)
    claims, now = found.claims, int(rp.now().timestamp())
    assert found.header["typ"] == "logout+jwt"
    assert claims["iss"] == rp.metadata["issuer"]
    assert claims["aud"] == rp.client.client_id
    assert claims["iat"] <= now < claims["exp"] <= now + 120
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert claims["sub"]
    assert "nonce" not in claims
    return dict(claims)
