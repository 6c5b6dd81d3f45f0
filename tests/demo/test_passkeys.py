"""Trying passkeys in the demo: with a name for this machine, because a passkey belongs to no IP address."""

from pathlib import Path

from tests.demo.running import Visitor, running
from tests.support.authenticator import Authenticator
from tests.support.passkeys import add_passkey, use


def test_passkeys_where_this_machine_has_a_name(tmp_path: Path) -> None:
    """`IDP_HOST=localhost`: a passkey is made on the user page, and logs in at the application, which asks for one."""
    with running(tmp_path / "data", IDP_HOST="localhost") as demo:
        assert demo.issuer in demo.said
        visitor, device = Visitor(demo), Authenticator()
        add_passkey(visitor.browser, demo.person("anna"), device)
        visitor.go("/login?ask=passkey")
        assert visitor.claims["acr"] == "phr"
        stranger = Visitor(demo)
        stranger.browser.get(stranger.http.get("/login").headers["location"])
        use(stranger.browser, device)
        stranger.go(str(stranger.browser.landed))
        assert (stranger.claims["acr"], stranger.claims["iss"]) == ("phr", demo.issuer)
        visitor.leave()
        stranger.leave()


def test_an_ip_address_says_how(tmp_path: Path) -> None:
    """The demo as it is promised stands on 127.0.0.1; it says what passkeys need."""
    with running(tmp_path / "data") as demo:
        assert "IDP_HOST=localhost" in demo.said
