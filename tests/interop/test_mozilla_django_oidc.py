"""`mozilla-django-oidc`, which most Django sites use: login, the silent look whether it still holds, logout."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import installed
from tests.interop.conftest import Somebody, running
from tests.support.postgres import free_port
from tests.support.server import surroundings

pytestmark = pytest.mark.foreign
SECONDS = 0.5
"""After which the library looks again whether the login still holds: a round of the worker takes longer."""


@pytest.fixture
def site(somebody: Somebody, tmp_path: Path) -> Iterator[str]:
    """The address of the running site."""
    place = installed.pip("mozilla_django_oidc")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client(
        "django",
        redirect_uris=[f"{address}/oidc/callback/"],
        post_logout_redirect_uris=[f"{address}/"],
        token_endpoint_auth_method="client_secret_post",
        id_token_signed_response_alg="ES256",
    )
    said = {
        "issuer": somebody.live.issuer,
        "address": address,
        "port": port,
        "database": str(tmp_path / "site.sqlite"),
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "renew_after": SECONDS,
    }
    environment = surroundings() | {"PYTHONPATH": str(place / "packages"), "SITE": json.dumps(said)}
    with running([sys.executable, str(place / "django_site.py")], environment, address, tmp_path):
        yield address


def test_the_way_of_a_django_site(site: str, somebody: Somebody) -> None:
    """Code with PKCE and nonce, ES256, the user made from userinfo; prompt=none after a while; logout there and back."""
    tab, anna = somebody.tab, somebody.anna
    assert tab.go(f"{site}/").json() == {"email": None}
    assert tab.go(f"{site}/oidc/authenticate/?next=/").json() == {"email": anna.email}
    first = tab.browser.landed
    somebody.work()
    assert tab.go(f"{site}/").json() == {"email": anna.email}
    assert (tab.browser.landed != first, tab.browser.steps) == (True, [])

    tab.go(f"{site}/oidc/logout/")
    assert tab.go(f"{site}/").json() == {"email": None}
    assert tab.browser.get("/account/").step == "password"


def test_a_logout_elsewhere_is_seen_at_the_next_page(site: str, somebody: Somebody) -> None:
    """prompt=none answers login_required, upon which the library ends the login of its own."""
    tab = somebody.tab
    tab.go(f"{site}/oidc/authenticate/?next=/")
    somebody.log_out_elsewhere()
    assert tab.go(f"{site}/").json() == {"email": None}
