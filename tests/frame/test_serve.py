"""`idp serve` and `idp check`: one clear line for each fault, and a server that ends politely."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from flask import Flask

from idp.cli import probes
from idp.crypto import opaque
from idp.oidc.models import Client
from tests.support.server import IDP, serving
from tests.support.stores import Store
from tests.support.world import World


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    return subprocess.run(
        [IDP, *arguments], env=kept | environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_serve_names_every_missing_setting() -> None:
    """Nothing set: three lines on stderr, exit 1, no traceback."""
    refused = run("serve")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        "IDP_ISSUER: is not set",
        "IDP_DATABASE_URL: is not set",
        "IDP_SECRET_KEYS: is not set",
    ]


def test_serve_refuses_an_outdated_schema(store: Store, tmp_path: Path) -> None:
    """It says what to run."""
    environment = store.environment("http://127.0.0.1:8000") | {"IDP_DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"}
    refused = run("serve", **environment)
    assert refused.returncode == 1
    assert refused.stderr == "IDP_DATABASE_URL: the schema is empty; run: idp migrate\n"


def test_serve_refuses_a_key_that_opens_nothing(store: Store) -> None:
    """A wrong key must never read as "no TOTP set"; the port in use is said in the same run."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = store.environment(f"http://127.0.0.1:{port}") | {"IDP_SECRET_KEYS": "ab" * 32}
        refused = run("serve", "--bind", f"127.0.0.1:{port}", **environment)
    assert refused.returncode == 1
    keys, bind = refused.stderr.splitlines()
    assert keys.startswith("IDP_SECRET_KEYS: ")
    assert bind == f"--bind: port {port} is in use on 127.0.0.1"


def test_check_says_what_is_not_usable(store: Store) -> None:
    """Exit 1 and a reason for each part that is not."""
    environment = store.environment("http://127.0.0.1:8000")
    assert run("check", **environment).returncode == 0
    broken = environment | {"IDP_REDIS_URL": "redis://127.0.0.1:1", "IDP_MAIL_URL": "smtp://127.0.0.1:1"}
    checked = run("check", "--json", **broken)
    assert checked.returncode == 1
    reasons = {part["part"]: part["reason"] for part in json.loads(checked.stdout)["parts"] if not part["ok"]}
    assert reasons.keys() == {"redis", "mail"}
    assert reasons["redis"].startswith("IDP_REDIS_URL: ")
    assert reasons["mail"].startswith("IDP_MAIL_URL: ")


def test_check_finds_the_secret_of_an_example(world: World, app: Flask) -> None:
    """Of a secret only a digest is kept, and that of our example's is known; a secret that it replaced counts as well."""
    books, hours = world.client("books"), world.client("hours")
    with app.app_context():
        assert probes.of_client_secrets().ok
    example = opaque.digest("REPLACE-ME-by-a-long-random-text")
    with world.unit_of_work() as session:
        rows = {row.client_id: row for row in session.query(Client)}
        rows[books.client_id].secret_hash = rows[hours.client_id].old_secret_hash = example
    with app.app_context():
        found = probes.of_client_secrets()
        assert not found.ok
        assert "the secret of books, hours" in found.reason
        assert found in list(probes.everything())


@pytest.mark.parametrize(
    ("environment", "ok", "says"),
    [
        ({"IDP_TRUSTED_PROXIES": "127.0.0.1/32"}, True, "127.0.0.1/32: believed in x-forwarded-for"),
        ({}, True, "the same one for everybody"),
        (
            {"IDP_FORWARDED_HEADER": "forwarded"},
            False,
            "IDP_FORWARDED_HEADER: is believed from IDP_TRUSTED_PROXIES only",
        ),
    ],
    ids=["trusted", "nobody", "unread"],
)
def test_check_says_who_is_believed(store: Store, environment: dict[str, str], ok: bool, says: str) -> None:
    """R74: that nobody is trusted is said too; that a header is named which nobody may set is a fault."""
    checked = run("check", "--json", **store.environment("https://login.informer.example"), **environment)
    (proxies,) = [part for part in json.loads(checked.stdout)["parts"] if part["part"] == "proxies"]
    assert (proxies["ok"], says in proxies["reason"]) == (ok, True), proxies


@pytest.mark.slow
def test_a_server_speaks_json_and_ends_politely(store: Store, tmp_path: Path) -> None:
    """Every line of the log is one JSON object; SIGTERM ends it with 0; too long a body without a length is 413."""
    with serving(store, tmp_path, environment={"IDP_METRICS_TOKEN": "of-the-test"}) as server:
        with httpx.Client(base_url=server.issuer, trust_env=False, timeout=300) as http:
            assert http.post("/token", content=iter([b"a" * 1024] * 300)).status_code == 413
            assert http.get("/metrics").status_code == 401
            metrics = http.get("/metrics", headers={"Authorization": "Bearer of-the-test"})
            assert "idp_requests_total" in metrics.text
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(40) == 0
    lines = server.log.read_text().splitlines()
    assert lines
    assert all("event" in json.loads(line) for line in lines)
