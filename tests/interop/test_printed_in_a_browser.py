"""What the console says to write in a page that runs in the browser alone, run as it is printed, in Chromium."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.browser.conftest import NewPerson
from tests.interop import installed
from tests.interop.conftest import Somebody
from tests.interop.test_how_to_connect import printed

WHO = "() => window.shown.then((profile) => profile)"
MODULES = {
    "/library.mjs": "oidc-client-ts/dist/esm/oidc-client-ts.js",
    "/jwt-decode.mjs": "jwt-decode/build/esm/index.js",
}


def test_the_text_for_the_browser(somebody: Somebody, new_person: NewPerson) -> None:
    """Whoever is not logged in is led to the login; Cancel makes nobody of them; then a name; logged out there and here."""
    place, texts = installed.npm("oidc_client_ts"), dict[str, str]()
    files = {path: place / "node_modules" / file for path, file in MODULES.items()}
    with serving(files, place / "printed.html", texts) as address:
        client = somebody.world.client(
            "page", public=True, redirect_uris=[f"{address}/callback"], post_logout_redirect_uris=[f"{address}/bye"]
        )
        texts["/login.js"] = printed(somebody.live, client, "browser").texts[0].text
        person = new_person()
        person.page.goto(f"{address}/callback")
        person.page.wait_for_url(lambda url: url.startswith(somebody.live.issuer))
        person.press("Cancel")
        person.page.wait_for_url(f"{address}/callback")
        assert person.page.evaluate(WHO) is None

        person.page.goto(f"{address}/callback")
        person.page.wait_for_url(lambda url: url.startswith(somebody.live.issuer))
        person.log_in(somebody.anna)
        person.page.wait_for_url(f"{address}/callback")
        told = person.page.evaluate(WHO)
        assert (told["name"], told["email"]) == (somebody.anna.name, somebody.anna.email)

        texts["/bye"] = "<title>bye</title>"
        person.page.evaluate("() => { window.logout(); }")
        person.page.wait_for_url(f"{address}/bye*")
        person.page.goto(f"{somebody.live.issuer}/account/")
        assert person.step == "password"


@contextmanager
def serving(files: dict[str, Path], page: Path, texts: dict[str, str]) -> Iterator[str]:
    """A web server with these files, these texts, and the page under every other path."""

    class Files(BaseHTTPRequestHandler):
        """What the application is made of."""

        def do_GET(self) -> None:
            """Answer with a file."""
            path = urlsplit(self.path).path
            body = texts[path].encode() if path in texts else files.get(path, page).read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if path.endswith(("js", "mjs")) else "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
