"""The sample application, against a demo that runs: a relying application that knows only OpenID Connect."""

import ast
import base64
import json
import secrets
import sys
import time
from collections.abc import Iterator

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from idp.demo import run
from tests.demo.running import Demo, Visitor, running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("demo") / "data") as demo:
        yield demo


@pytest.fixture
def visitor(demo: Demo) -> Iterator[Visitor]:
    visitor = Visitor(demo)
    yield visitor
    visitor.leave()


def test_it_imports_nothing_of_the_provider() -> None:
    """Not a line of the sample application names the package `idp`, and its own imports are Authlib's client and Flask."""
    tree = ast.parse(run.SAMPLE_APP.read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    outside = {str(name).partition(".")[0] for name in names} - sys.stdlib_module_names
    assert outside == {"authlib", "flask", "joserfc", "requests", "werkzeug"}


def test_nobody_is_logged_in_at_first(visitor: Visitor) -> None:
    """The start page offers the ways in."""
    visitor.go("/")
    assert "Nobody is logged in here" in visitor.page.text
    assert {"Log in", "Log in with a second factor", "Log in as a third-party application"} <= visitor.page.links.keys()


def test_an_employee_logs_in_and_is_known_by_name_and_company(demo: Demo, visitor: Visitor) -> None:
    """Anna answers password and security code; the application shows her name, her company and the claims."""
    visitor.log_in(demo.person("anna"))
    assert visitor.browser.steps == ["password", "security_code"]
    assert visitor.page.one("#name").get_text() == "Anna de Vries"
    assert visitor.page.one("#tenant-name").get_text() == "Bakkerij De Zon"
    assert visitor.claims["tenant"] == "de-zon"
    assert visitor.claims["acr"] == "urn:informer:acr:security-code"
    assert visitor.claims["iss"] == demo.issuer


def test_tokens_stay_on_the_applications_side(demo: Demo, visitor: Visitor) -> None:
    """The browser's cookie holds a name, not a token; the pages show ages, not tokens."""
    visitor.log_in(demo.person("anna"))
    (cookie,) = visitor.http.cookies.jar
    assert len(str(cookie.value)) < 200
    assert "eyJ" not in visitor.page.text
    for token in ("access token", "refresh token", "id token"):
        assert token in visitor.page.text


def test_tokens_can_be_refreshed(demo: Demo, visitor: Visitor) -> None:
    """Refresh tokens gives new ones, again and again: each refresh token is used once."""
    visitor.log_in(demo.person("anna"))
    for _ in range(3):
        visitor.go("/refresh", method="POST")
        assert visitor.status == 200
        assert visitor.page.one("#name").get_text() == "Anna de Vries"


def test_a_second_factor_is_asked_on_top(demo: Demo, visitor: Visitor) -> None:
    """Ask for a second factor asks TOTP of one who is logged in by a known address, or asks nothing where it was given."""
    bram = demo.person("bram")
    visitor.log_in(bram)
    visitor.go("/login?ask=two-factor", bram)
    assert visitor.claims["acr"] == "urn:informer:acr:2fa"
    assert "otp" in visitor.claims["amr"]


def test_logging_in_again_asks_everything_again(demo: Demo, visitor: Visitor) -> None:
    """prompt=login is a new login, though the session is alive; without it nothing is asked."""
    anna = demo.person("anna")
    visitor.log_in(anna)
    visitor.go("/login", anna)
    assert visitor.browser.steps == []
    visitor.go("/login?ask=again", anna)
    assert visitor.browser.steps == ["password", "security_code"]


def test_an_accountant_switches_companies(demo: Demo, visitor: Visitor) -> None:
    """Eva logs in for one company by name, and then for the other: its policy holds."""
    eva = demo.person("eva")
    visitor.log_in(eva, "/login?tenant=fietsen-bv")
    assert visitor.claims["tenant"] == "fietsen-bv"
    visitor.go("/login?tenant=de-zon", eva)
    assert visitor.claims["tenant"] == "de-zon"
    assert "security_code" in visitor.browser.steps


def test_a_refusal_is_shown_on_a_page(demo: Demo, visitor: Visitor) -> None:
    """Anna is no member of the other company: the provider answers access_denied, the application says so."""
    visitor.log_in(demo.person("anna"), "/login?tenant=fietsen-bv")
    assert visitor.status == 400
    assert visitor.page.one("#error").get_text() == "access_denied"
    assert "Back to the start" in visitor.page.links


@pytest.mark.parametrize(
    ("query", "error"),
    [
        pytest.param("error=temporarily_unavailable&state=x", "temporarily_unavailable", id="an error"),
        pytest.param("error=%3Cscript%3E&error_description=%3Cb%3E", "<script>", id="an error with markup"),
        pytest.param("code=x&state=unknown", "mismatching_state", id="a state that nobody began"),
        pytest.param("", "mismatching_state", id="nothing at all"),
        pytest.param("code=x&state=unknown&iss=https://evil.example", "mismatching_issuer", id="another issuer"),
    ],
)
def test_an_answer_that_is_none_is_shown_on_a_page(visitor: Visitor, query: str, error: str) -> None:
    """Whatever comes to the callback, the visitor sees a page with the error, escaped, and nobody is logged in."""
    visitor.go(f"/callback/employees?{query}")
    assert visitor.status == 400
    assert visitor.page.one("#error").get_text() == error
    assert "Nobody is logged in here" in visitor.go("/").page.text


def test_logging_out_ends_both_sessions(demo: Demo, visitor: Visitor) -> None:
    """After Log out the application knows nobody, and the provider asks the password again."""
    anna = demo.person("anna")
    visitor.log_in(anna)
    visitor.go("/logout", method="POST")
    assert "Nobody is logged in here" in visitor.page.text
    visitor.log_in(anna)
    assert visitor.browser.steps == ["password", "security_code"]


def test_signing_out_everywhere_ends_the_visit_here(demo: Demo, visitor: Visitor) -> None:
    """Back-Channel Logout 1.0: the worker tells the application, which knows nobody a moment later, and says why."""
    anna = demo.person("anna")
    visitor.log_in(anna)
    other = Visitor(demo)
    other.log_in(demo.person("bram"))
    visitor.browser.get(f"{demo.issuer}/account/security").submit("Sign out everywhere")
    deadline = time.monotonic() + 300
    while "Nobody is logged in here" not in visitor.go("/").page.text:
        assert time.monotonic() < deadline
    assert visitor.page.one("#ended")
    assert other.go("/").page.one("#name").get_text() == "Bram Jansen"
    other.leave()
    assert not visitor.go("/").page.soup.select("#ended")


EVENTS: dict[str, object] = {"http://schemas.openid.net/event/backchannel-logout": {}}


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30.", "none", "another key"])
def test_a_logout_token_of_somebody_else(demo: Demo, visitor: Visitor, token: str) -> None:
    """Section 2.6: 400, and the visitor stays."""
    visitor.log_in(demo.person("anna"))
    now = int(time.time())
    told: dict[str, object] = {"iss": demo.issuer, "aud": "sample-app", "sub": visitor.claims["sub"], "events": EVENTS}
    told |= {"iat": now, "exp": now + 100, "jti": secrets.token_urlsafe()}
    match token:
        case "another key":
            key = RSAKey.generate_key(2048)
            token = jwt.encode({"alg": "RS256", "typ": "logout+jwt", "kid": key.thumbprint()}, told, key)
        case "none":
            parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "logout+jwt"}, told))
            token = ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])
    answer = visitor.http.post("/backchannel-logout/employees", data={"logout_token": token})
    assert answer.status_code == 400
    assert visitor.go("/").page.one("#name").get_text() == "Anna de Vries"


def test_a_logout_for_nobody(visitor: Visitor) -> None:
    """An address that is no registration of the application's."""
    assert visitor.http.post("/backchannel-logout/others").status_code == 404


def test_a_third_party_asks_consent(demo: Demo, visitor: Visitor) -> None:
    """The same person through the third-party registration is asked what it may know, the first time."""
    sanne = demo.person("sanne")
    visitor.log_in(sanne, "/login?as=partner")
    assert "consent" in visitor.browser.steps
    assert visitor.page.one("#name").get_text() == "Sanne Bakker"
