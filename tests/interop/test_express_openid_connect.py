"""`express-openid-connect`, a middleware for Node: pushed requests, refresh, logout at the provider, logout tokens."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import installed
from tests.interop.conftest import Somebody, running
from tests.support.postgres import free_port

pytestmark = pytest.mark.foreign


@pytest.fixture
def application(somebody: Somebody, tmp_path: Path) -> Iterator[str]:
    """The address of the running application."""
    place, port = installed.npm("express_openid_connect"), free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client(
        "express",
        redirect_uris=[f"{address}/callback"],
        post_logout_redirect_uris=[address],
        backchannel_logout_uri=f"{address}/backchannel-logout",
        require_pushed_authorization_requests=True,
    )
    variables = {
        "PATH": os.environ["PATH"],
        "ISSUER": somebody.live.issuer,
        "ADDRESS": address,
        "PORT": str(port),
        "CLIENT_ID": client.client_id,
        "CLIENT_SECRET": str(client.client_secret),
    }
    with running(["node", str(place / "application.mjs")], variables, address, tmp_path):
        yield address


def test_the_way_of_an_express_application(application: str, somebody: Somebody) -> None:
    """PAR, code, nonce; a refreshed token at userinfo; logout at the provider, and back."""
    tab, anna = somebody.tab, somebody.anna
    assert tab.go(f"{application}/").json() == {"sub": None}
    assert tab.go(f"{application}/mine").json() == {"email": anna.email, "renewed": True}
    assert tab.go(f"{application}/").json() == {"sub": str(anna.id)}

    assert tab.go(f"{application}/logout").json() == {"sub": None}
    assert tab.browser.get("/account/").step == "password"


def test_a_logout_elsewhere_ends_the_login_in_the_application(application: str, somebody: Somebody) -> None:
    """Back-Channel Logout section 2.6: the library verifies the logout token, and knows nobody any more."""
    tab = somebody.tab
    tab.go(f"{application}/mine")
    somebody.log_out_elsewhere()
    assert tab.go(f"{application}/").json() == {"sub": None}
