"""Have I Been Pwned's range API, played by a server of the test: what goes out, and what an answer does."""

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask

from idp.accounts.models import User
from idp.accounts.passwords import breaches, password_rules
from idp.platform import settings
from tests.support.world import World

PASSWORD = "zeven gele fietsen zingen"
DIGEST = hashlib.sha1(PASSWORD.encode()).hexdigest().upper()


class Service:
    """A server on loopback that answers as the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.status, self.body, self.headers = 200, "", dict[str, str]()
        self.slow = threading.Event()
        self.slow.set()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append((self.path, dict(self.headers)))
                service.slow.wait(timeout=300)
                self.send_response(service.status)
                for name, value in service.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(service.body.encode())
                except ConnectionError:
                    return

            def log_message(self, *arguments: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/range"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.slow.set()
    made.server.shutdown()
    made.server.server_close()
    thread.join(timeout=300)


@pytest.fixture
def asking(in_app: Flask, service: Service) -> Service:
    """The service, switched on."""
    ours = settings.of(in_app)
    settings.keep(in_app, ours.model_copy(update={"breached_passwords_url": service.address}))
    return service


@pytest.mark.parametrize(
    ("body", "known"),
    [
        (f"{'0' * 35}:3\r\n{DIGEST[5:]}:12\r\n", True),
        (f"{DIGEST[5:].lower()}:1", True),
        (f"{DIGEST[5:]}:0\r\n", False),
        (f"{'0' * 35}:3\r\n", False),
        ("", False),
        ("<html>\u2028nonsense", False),
    ],
    ids=["in the heap", "small letters", "padding", "another", "nothing", "nonsense"],
)
def test_what_an_answer_means(asking: Service, body: str, known: bool) -> None:
    """A line with our ending that was seen at least once."""
    asking.body = body
    assert breaches.is_known(PASSWORD) is known


def test_what_goes_out(asking: Service) -> None:
    """k-anonymity: five digits of the SHA-1, padding wanted, nothing about anybody."""
    breaches.is_known(PASSWORD)
    ((path, headers),) = asking.asked
    assert path == f"/range/{DIGEST[:5]}"
    assert headers["Add-Padding"] == "true"
    assert not {"Cookie", "Authorization", "Referer"} & headers.keys()


def test_nobody_is_asked_by_default(in_app: Flask, service: Service) -> None:
    """Without the setting no password leaves the house, not even five digits of it."""
    assert breaches.is_known(PASSWORD) is None
    assert service.asked == []


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [(500, {}, ""), (302, {"Location": "/range/elsewhere"}, ""), (200, {}, "A" * 300_000), (429, {}, "")],
    ids=["an error", "a redirect", "too much", "too often"],
)
def test_an_odd_answer_keeps_nobody_from_a_password(
    asking: Service, capsys: pytest.CaptureFixture[str], status: int, headers: dict[str, str], body: str
) -> None:
    """Fail open, with a line in the log that has nothing of the password; a redirect is not followed."""
    asking.status, asking.headers, asking.body = status, headers, body
    assert breaches.is_known(PASSWORD) is None
    assert len(asking.asked) == 1
    logged = capsys.readouterr()
    assert "breaches_not_asked" in logged.out + logged.err
    assert PASSWORD not in logged.out + logged.err
    assert DIGEST not in logged.out + logged.err


def test_a_service_that_hangs(asking: Service) -> None:
    """Two seconds, then the person has their password."""
    asking.slow.clear()
    began = time.monotonic()
    assert breaches.is_known(PASSWORD) is None
    assert time.monotonic() - began < 8


def test_nobody_there(asking: Service, in_app: Flask) -> None:
    """A refused connection is no answer either."""
    ours = settings.of(in_app)
    settings.keep(in_app, ours.model_copy(update={"breached_passwords_url": "http://127.0.0.1:9/range"}))
    assert breaches.is_known(PASSWORD) is None


def test_the_person_is_told_in_words(asking: Service, in_app: Flask, world: World) -> None:
    """D7: a password that the service knows is refused like a common one; one that is wrong anyway goes to nobody."""
    anna = world.user("anna", world.tenant())
    asking.body = f"{DIGEST[5:]}:2"
    with in_app.test_request_context(), world.unit_of_work() as session:
        user = session.get(User, anna.id)
        assert "was leaked" in password_rules.judge(user, PASSWORD).faults[0]
        assert password_rules.judge(user, "kort").faults
        assert len(asking.asked) == 1
