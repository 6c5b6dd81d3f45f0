"""gunicorn instead of `idp serve`: with our settings it keeps names apart, with others the application does not start (R79)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.proxies import programs
from tests.proxies.conftest import BELIEVING, FORGED, PROXY, House, asked_after_the_code, client_of, known, times_seen
from tests.support.postgres import free_port
from tests.support.server import surroundings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

GUNICORN = Path(sys.executable).with_name("gunicorn")
OURS = ("-c", str(programs.ROOT / "config" / "gunicorn.conf.py"))


def variables(house: House, port: int) -> dict[str, str]:
    """As `idp serve` of the house, on another port and with one process."""
    settings = house.server.store.environment(house.server.issuer) | BELIEVING
    return surroundings() | settings | {"IDP_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1"}


def command(*options: str) -> Sequence[str]:
    return [str(GUNICORN), "--chdir", str(programs.ROOT), *options, "wsgi:application"]


@pytest.fixture(scope="module")
def gunicorn(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of gunicorn with our settings, on the store of the house."""
    port = free_port()
    with programs.started(command(*OURS), port, tmp_path_factory.mktemp("gunicorn"), variables(house, port)):
        yield f"http://127.0.0.1:{port}"


def test_a_name_that_looks_like_a_trusted_one_is_another(gunicorn: str, house: House) -> None:
    """R79: certificate, address and number of the request, each under its right name and under one with `_`."""
    with client_of(house, gunicorn, [("Client-Cert", house.robot.header)], address=PROXY) as http:
        assert known(http, "by-name")
        assert known(http, "by-key")
    with client_of(house, gunicorn, [("Client_Cert", house.robot.header)], address=PROXY) as http:
        assert not known(http, "by-name")
        assert not known(http, "by-key")
    before = times_seen(house, FORGED)
    with client_of(house, gunicorn, [("X_Forwarded_For", FORGED)], address=PROXY) as http:
        assert asked_after_the_code(house, http, house.anna) == "totp"
    assert times_seen(house, FORGED) == before
    for name, adopted in (("X-Request-Id", True), ("X_Request_Id", False)):
        with client_of(house, gunicorn, [(name, "chosen-by-me-1")], address=PROXY) as http:
            assert (http.get("/healthz").headers["x-request-id"] == "chosen-by-me-1") is adopted


def test_no_header_moves_the_path(gunicorn: str, house: House) -> None:
    """Gunicorn lets 127.0.0.1 set SCRIPT_NAME, which a client could send through the proxy: it would pass by `/metrics`."""
    with client_of(house, gunicorn, [("SCRIPT_NAME", "/x")], address=PROXY) as http:
        assert http.get("/healthz").status_code == 200
        assert http.get("/x/healthz").status_code == 404


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ([*OURS, "--header-map", "dangerous"], "header_map"),
        (["--header-map", "dangerous", "--forwarder-headers", ""], "header_map"),
        ([*OURS, "--forwarder-headers", "CLIENT_CERT"], "forwarder_headers"),
        ([], "forwarder_headers"),
        ([*OURS, "--strip-header-spaces"], "strip_header_spaces"),
        ([*OURS, "--permit-obsolete-folding"], "permit_obsolete_folding"),
        ([*OURS, "--preload", "--header-map", "dangerous"], "header_map"),
    ],
    ids=str,
)
def test_it_does_not_start_with_other_settings(house: House, options: list[str], named: str) -> None:
    """R79, R74: wherever they come from; and the line says which."""
    port = free_port()
    refused = subprocess.run(
        [*command(*options), "--bind", f"127.0.0.1:{port}"],
        env=variables(house, port),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert refused.returncode != 0
    assert f"gunicorn: {named} must be" in refused.stderr


@pytest.mark.parametrize(("trusted", "starts"), [("127.0.0.1/32", False), ("", True)])
def test_another_server_is_trusted_with_no_header(house: House, trusted: str, starts: bool) -> None:
    """R79: who knows what it makes of names? Where no proxy is trusted, no header is believed anyway."""
    environment = (
        surroundings() | house.server.store.environment(house.server.issuer) | {"IDP_TRUSTED_PROXIES": trusted}
    )
    loaded = subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        env=environment | {"PYTHONPATH": str(programs.ROOT)},
        cwd=os.fspath(programs.ROOT),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (loaded.returncode == 0) is starts, loaded.stderr
    assert starts or "IDP_TRUSTED_PROXIES: this WSGI server" in loaded.stderr
