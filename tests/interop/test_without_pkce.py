"""Libraries that send a nonce and no PKCE, and the secret where they like, as the console registers such applications.

None of them could log anybody in while an application of the console had to do PKCE and to send its secret in the header.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.interop import installed
from tests.interop.conftest import Somebody, running
from tests.support.postgres import free_port
from tests.support.server import surroundings

pytestmark = pytest.mark.foreign

Start = Callable[..., str]
"""Starts the site, registered for the address that it comes back at, and says where it is."""


@pytest.fixture
def start(somebody: Somebody, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts the site of a library: its command, where it comes back to, and what it needs around it."""
    with ExitStack() as open_sites:

        def begin(command: list[str], callback: str, variables: dict[str, str], **registered: Any) -> str:
            port = free_port()
            address = f"http://127.0.0.1:{port}"
            client = somebody.world.client(
                "site",
                redirect_uris=[f"{address}{callback}"],
                require_pkce=False,
                client_secret_in_header_or_form=True,
                **registered,
            )
            said = {"issuer": somebody.live.issuer, "address": address, "port": port}
            said |= {"client_id": client.client_id, "client_secret": client.client_secret}
            environment = surroundings() | variables | {"SITE": json.dumps(said)}
            site: AbstractContextManager[None] = running(command, environment, address, tmp_path)
            open_sites.enter_context(site)
            return address

        yield begin


def python(name: str, file: str) -> tuple[list[str], dict[str, str]]:
    """How a site in Python is started."""
    place = installed.pip(name)
    return [sys.executable, str(place / file)], {"PYTHONPATH": str(place / "packages")}


def test_flask_oidc(start: Start, somebody: Somebody) -> None:
    """Authlib under another name: client_secret_post."""
    command, around = python("flask_oidc", "flask_oidc_site.py")
    site = start(command, "/authorize", around)
    assert somebody.tab.go(f"{site}/mine").json() == {"email": somebody.anna.email}
    assert somebody.tab.go(f"{site}/").json() == {"email": somebody.anna.email}


def test_flask_pyoidc(start: Start, somebody: Somebody) -> None:
    """pyoidc: client_secret_basic; userinfo is asked, and compared with the ID token."""
    command, around = python("flask_pyoidc", "flask_pyoidc_site.py")
    site = start(command, "/callback", around)
    assert somebody.tab.go(f"{site}/mine").json() == {"email": somebody.anna.email}


@pytest.mark.parametrize("from_id_token", [False, True], ids=["from userinfo", "from the ID token"])
def test_passport_openidconnect(start: Start, somebody: Somebody, *, from_id_token: bool) -> None:
    """Passport: client_secret_post; the person from userinfo, or, where that is registered, from the ID token."""
    place = installed.npm("passport_openidconnect")
    around = {"PATH": os.environ["PATH"], "FROM_ID_TOKEN": "yes" if from_id_token else "no"}
    command = ["node", str(place / "application.mjs")]
    site = start(command, "/callback", around, id_token_includes_userinfo=from_id_token)
    assert somebody.tab.go(f"{site}/").json() == {"email": None}
    assert somebody.tab.go(f"{site}/mine").json() == {"email": somebody.anna.email}
