"""The npm library `openid-client`, a certified relying party: discovery, code with PKCE, refresh, userinfo, logout."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.interop import installed
from tests.interop.conftest import Case

pytestmark = pytest.mark.both_stores


@pytest.fixture(scope="session")
def library() -> Path:
    """A folder with the library installed."""
    return installed.npm("openid_client")


def test_the_way_of_an_application(case: Case, library: Path) -> None:
    """Every call of the library is answered as it expects: it checks state, nonce, iss, max_age and signatures."""
    variables = {
        "PATH": os.environ["PATH"],
        "ISSUER": case.live.issuer,
        "CLIENT_ID": case.client.client_id,
        "CLIENT_SECRET": str(case.client.client_secret),
        "REDIRECT_URI": case.client.redirect_uri,
    }
    node = subprocess.Popen(
        ["node", "openid_client.mjs"],
        cwd=library,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = _led(case, node)
    finally:
        node.kill()
        node.communicate(timeout=10)
    assert said["claims"]["tenant"] == case.anna.tenant.slug
    assert set(said["claims"]["amr"]) == {"pwd", "otp", "mfa"}
    assert said["userinfo"]["sub"] == said["again"]["sub"] == said["claims"]["sub"]
    assert said["rotated"]
    assert said["replay"] == "invalid_grant"
    assert case.live.browser().get(said["logout"]).status == 200


def _led(case: Case, node: "subprocess.Popen[str]") -> dict[str, Any]:
    assert node.stdin
    assert node.stdout
    assert node.stderr
    first = node.stdout.readline()
    assert first, node.stderr.read()
    callback = case.callback(json.loads(first)["authorize"])
    node.stdin.write(f"{callback}\n")
    node.stdin.flush()
    last = node.stdout.readline()
    assert last, node.stderr.read()
    said: dict[str, Any] = json.loads(last)
    return said
