"""`oidc-client-ts` in Chromium: an application that is one page, a public client, on an origin of its own.

Every call is the library's, by `fetch` across origins; the silent ones are a refresh token's, or an iframe's.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.browser.conftest import NewPerson, Person
from tests.interop import installed
from tests.interop.conftest import Somebody
from tests.support.world import KnownClient

LIBRARY = "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"


@dataclass(frozen=True, slots=True)
class Application:
    """The running page, the window that a person has it open in, and its registration."""

    address: str
    person: Person
    client: KnownClient
    somebody: Somebody

    def open(self, scope: str) -> None:
        """Go to the page, with its settings."""
        settings = {"authority": self.somebody.live.issuer, "client_id": self.client.client_id, "scope": scope}
        self.person.page.goto(self.address)
        self.person.page.evaluate("said => localStorage.setItem('settings', said)", urlencode(settings))
        self.person.page.reload()

    def does(self, action: str) -> Any:
        """What comes of a call of the library's."""
        return self.person.page.evaluate(f"() => said({action})")

    def leaves(self, action: str, to: Callable[[str], bool]) -> None:
        """A call that sends the browser away."""
        page = self.person.page
        page.evaluate(f"() => {{ {action}; }}")
        page.wait_for_url(to)

    def log_in(self, scope: str) -> Any:
        """The whole way of a login; what the library then knows."""
        self.open(scope)
        self.leaves("manager.signinRedirect()", lambda url: url.startswith(self.somebody.live.issuer))
        self.person.log_in(self.somebody.anna)
        self.person.page.wait_for_url(lambda url: url.startswith(f"{self.address}/callback?"))
        return self.does("manager.signinCallback()")


@pytest.fixture
def files() -> Iterator[int]:
    """A web server with the page, under every path; says its port."""
    place = installed.npm("oidc_client_ts")
    known = {"/library.js": place / LIBRARY, "/page.js": place / "page.js"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _serving(known, place / "page.html"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def new_application(files: int, somebody: Somebody, new_person: NewPerson) -> Callable[[str], Application]:
    """Makes the application, on the host that is said."""

    def make(host: str) -> Application:
        address = f"http://{host}:{files}"
        client = somebody.world.client(
            "page",
            public=True,
            redirect_uris=[f"{address}/callback", f"{address}/silent"],
            post_logout_redirect_uris=[f"{address}/"],
        )
        return Application(address, new_person(), client, somebody)

    return make


def test_login_refresh_revocation_and_logout(new_application: Callable[[str], Application]) -> None:
    """Code with PKCE and no secret; userinfo; a refresh token that rotates; both tokens revoked; logged out, and back."""
    application = new_application("127.0.0.1")
    anna = application.somebody.anna
    user = application.log_in("openid profile email offline_access")
    assert (user["profile"]["sub"], user["profile"]["email"]) == (str(anna.id), anna.email)

    renewed = application.does("manager.signinSilent()")
    assert renewed["profile"]["sub"] == str(anna.id)
    assert renewed["access"] != user["access"]
    assert renewed["refresh"] not in {None, user["refresh"]}

    application.does("manager.revokeTokens(['access_token', 'refresh_token'])")
    userinfo = f"{application.somebody.live.issuer}/userinfo"
    bearer = {"Authorization": f"Bearer {renewed['access']}"}
    assert application.somebody.tab.browser.http.get(userinfo, headers=bearer).status_code == 401

    application.leaves("manager.signoutRedirect()", lambda url: url == f"{application.address}/")
    application.person.page.goto(f"{application.somebody.live.issuer}/account/")
    assert application.person.step == "password"


def test_silent_renewal_in_an_iframe(new_application: Callable[[str], Application]) -> None:
    """Core section 3.1.2.1: prompt=none is answered by redirects alone, so that no page of ours is in a frame."""
    application = new_application("localhost")
    user = application.log_in("openid profile")
    assert user["refresh"] is None
    renewed = application.does("manager.signinSilent()")
    assert renewed["profile"]["sub"] == user["profile"]["sub"]
    assert renewed["access"] != user["access"]

    application.person.context.clear_cookies()
    assert application.does("manager.signinSilent()") == {"error": "login_required"}


def test_silent_renewal_from_another_site(new_application: Callable[[str], Application]) -> None:
    """Cookies are SameSite=Lax: a frame on another site is nobody's, and the library is told so."""
    application = new_application("127.0.0.1")
    application.log_in("openid profile")
    assert application.does("manager.signinSilent()") == {"error": "login_required"}


def _serving(known: dict[str, Path], page: Path) -> type[BaseHTTPRequestHandler]:
    class Files(BaseHTTPRequestHandler):
        """The page everywhere, and its scripts."""

        def do_GET(self) -> None:
            """Answer with a file."""
            file = known.get(urlsplit(self.path).path, page)
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if file is page else "text/javascript")
            self.end_headers()
            self.wfile.write(file.read_bytes())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Files
