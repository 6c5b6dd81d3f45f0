"""The npm library `openid-client`, a certified relying party: discovery, code with PKCE, refresh, userinfo, logout."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import Case

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / "var" / "interop"
FILES = ("package.json", "package-lock.json", "openid_client.mjs")
PATIENCE = 60

pytestmark = pytest.mark.both_stores


@pytest.fixture(scope="session")
def library() -> Path:
    """A folder with the library installed by its lock file; made once, and again when a file of ours changed."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("node and npm are not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    lock, installed = HERE / "package-lock.json", CACHE / "node_modules" / ".installed"
    for name in FILES:
        shutil.copy(HERE / name, CACHE / name)
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        run = subprocess.run(command, cwd=CACHE, capture_output=True, text=True, timeout=300, check=False)
        if run.returncode:
            pytest.skip(f"npm could not install openid-client: {run.stderr.strip().splitlines()[-1:]}")
        shutil.copy(lock, installed)
    return CACHE


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
