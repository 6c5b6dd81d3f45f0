"""The npm library `openid-client`, a certified relying party.

Discovery, code with PKCE, refresh, userinfo and logout; then everything at its strictest; then a device without a browser,
and a logout token.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.interop import installed
from tests.interop.conftest import Case, Somebody
from tests.support.postgres import free_port

Line = Callable[[], dict[str, Any]]
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="session")
def library() -> Path:
    """A folder with the library installed."""
    return installed.npm("openid_client")


@pytest.mark.both_stores
def test_the_way_of_an_application(case: Case, library: Path) -> None:
    """Every call of the library is answered as it expects: it checks state, nonce, iss, max_age and signatures."""
    variables = {
        "ISSUER": case.live.issuer,
        "CLIENT_ID": case.client.client_id,
        "CLIENT_SECRET": str(case.client.client_secret),
        "REDIRECT_URI": case.client.redirect_uri,
    }
    with program(library, "openid_client.mjs", variables) as (line, answer):
        answer(case.callback(line()["authorize"]))
        said = line()
    assert said["claims"]["tenant"] == case.anna.tenant.slug
    assert set(said["claims"]["amr"]) == {"pwd", "otp", "mfa"}
    assert said["userinfo"]["sub"] == said["again"]["sub"] == said["claims"]["sub"]
    assert said["rotated"]
    assert said["replay"] == "invalid_grant"
    assert case.live.browser().get(said["logout"]).status == 200


@pytest.mark.parametrize("request_", ["pushed", "signed"])
def test_at_its_strictest(somebody: Somebody, library: Path, request_: str) -> None:
    """private_key_jwt, PAR with a DPoP proof or a signed request, JARM, DPoP-bound tokens; introspection, revocation."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    client = somebody.world.client(
        "strict",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.as_dict(private=False)]},
        dpop_bound_access_tokens=True,
        require_pushed_authorization_requests=request_ == "pushed",
        require_signed_request_object=request_ == "signed",
    )
    variables = {
        "ISSUER": somebody.live.issuer,
        "CLIENT_ID": client.client_id,
        "REDIRECT_URI": client.redirect_uri,
        "PRIVATE_JWK": json.dumps(key.as_dict(private=True)),
        "REQUEST": request_,
    }
    with program(library, "openid_client_bound.mjs", variables) as (line, answer):
        somebody.tab.browser.get(line()["authorize"]).login(somebody.anna)
        answer(str(somebody.tab.browser.landed))
        said = line()
    assert said["parameters"] == ["client_id", "request_uri" if request_ == "pushed" else "request"]
    assert said["answer"] == ["response"]
    assert (said["type"], said["email"], said["bound"]) == ("dpop", somebody.anna.email, True)
    assert said["without"] == "invalid_token"
    assert said["active"] == [True, False]


@pytest.mark.foreign
def test_a_device(somebody: Somebody, library: Path) -> None:
    """RFC 8628: the library asks again and again, at our pace, until the person has allowed it."""
    metadata: dict[str, Any] = {"redirect_uris": [], "response_types": [], "grant_types": [DEVICE_CODE]}
    client = somebody.world.client("tv", public=True, **metadata)
    variables = {"ISSUER": somebody.live.issuer, "CLIENT_ID": client.client_id}
    with program(library, "openid_client_device.mjs", variables) as (line, _):
        page = somebody.tab.browser.get(line()["authorize"])
        page.submit().login(somebody.anna, until="consent").submit("Allow")
        assert line() == {"email": somebody.anna.email}


@pytest.mark.foreign
@pytest.mark.parametrize("encrypted", [False, True], ids=["signed", "encrypted"])
def test_a_logout_elsewhere(somebody: Somebody, library: Path, encrypted: bool) -> None:
    """Back-Channel Logout section 2.6: what the ID token came as, the logout token comes as; both name the session."""
    key, port = ECKey.generate_key("P-256", auto_kid=True), free_port()
    metadata: dict[str, Any] = {"backchannel_logout_uri": f"http://127.0.0.1:{port}/"}
    variables = {"ISSUER": somebody.live.issuer, "PORT": str(port)}
    if encrypted:
        metadata |= {"jwks": {"keys": [key.as_dict(private=False)]}, "id_token_encrypted_response_alg": "ECDH-ES"}
        metadata |= {"token_endpoint_auth_method": "client_secret_basic"}
        variables["PRIVATE_JWK"] = json.dumps(key.as_dict(private=True))
    books = somebody.world.client("listening", **metadata)
    variables |= {"CLIENT_ID": books.client_id, "CLIENT_SECRET": str(books.client_secret)}
    with program(library, "openid_client_backchannel.mjs", {**variables, "REDIRECT_URI": books.redirect_uri}) as (
        line,
        answer,
    ):
        somebody.tab.browser.get(line()["authorize"]).login(somebody.anna)
        answer(str(somebody.tab.browser.landed))
        claims = line()
        somebody.log_out_elsewhere()
        told = line()
    assert (told.get("sub"), told.get("sid")) == (claims["sub"], claims["sid"]), told


@contextmanager
def program(place: Path, name: str, variables: dict[str, str]) -> Iterator[tuple[Line, Callable[[str], None]]]:
    """Node, with one of our scripts: what reads a line that it says, and what answers it."""
    node = subprocess.Popen(
        ["node", name],
        cwd=place,
        env={"PATH": os.environ["PATH"], **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert node.stdin
    assert node.stdout
    assert node.stderr
    into, out, complaints = node.stdin, node.stdout, node.stderr

    def line() -> dict[str, Any]:
        text = out.readline()
        assert text, complaints.read()
        said: dict[str, Any] = json.loads(text)
        return said

    def answer(text: str) -> None:
        into.write(f"{text}\n")
        into.flush()

    try:
        yield line, answer
    finally:
        node.kill()
        node.communicate(timeout=10)
