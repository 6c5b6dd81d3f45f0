"""Two demos beside one another; one has a name for this machine, so that passkeys, which belong to no IP address, can be tried."""

from pathlib import Path

from tests.demo.running import Visitor, login, running
from tests.support.authenticator import Authenticator
from tests.support.passkeys import add_passkey, use


def test_passkeys_where_this_machine_has_a_name(tmp_path: Path) -> None:
    """`IDP_HOST=localhost`: a passkey is made on the user page, and logs in at the application, which asks for one.

    With other ports and another directory it disturbs no other demo, and is not disturbed when that one ends.
    """
    with running(tmp_path / "one") as other, running(tmp_path / "two", IDP_HOST="localhost") as demo:
        assert demo.issuer in demo.said
        assert login(other, "anna") == login(demo, "anna")
        assert other.end() == 0
        assert login(demo, "joost")[:2] == ["password", "set_up_totp"]
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
