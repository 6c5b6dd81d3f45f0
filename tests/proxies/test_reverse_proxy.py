"""Before the server stands a proxy that knows the trusted names with `-` only, as Go's standard library makes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proxies import programs
from tests.proxies.conftest import FORGED, House, asked_after_the_code, client_of, known, times_seen

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def proxy(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of httputil.ReverseProxy, before the recorder and the server."""
    with programs.go_proxy(house.recorder.port, tmp_path_factory.mktemp("go")) as address:
        yield address


@pytest.mark.parametrize("name", ["Client-Cert", "client-cert", "Client_Cert", "client_cert"])
def test_a_made_up_certificate_is_nobodys(proxy: str, house: House, name: str) -> None:
    """R79: the proxy passes on what it has no name for, and the server does not take it for what it has."""
    for value in (house.stranger.header, house.robot.header, house.robot.escaped):
        with client_of(house, proxy, [(name, value)]) as http:
            assert not known(http, "by-name")
            assert not known(http, "by-key")
    passed_on = {sent for sent, _ in house.recorder.newest()}
    assert any(b"_" in sent for sent in passed_on) is ("_" in name), "the proxy is not as this test thinks"


def test_an_address_that_is_made_up_counts_for_nothing(proxy: str, house: House) -> None:
    """R79, C9: it spares no code, and the audit log does not keep it."""
    before = times_seen(house, FORGED)
    forged = [(name, FORGED) for name in ("X-Forwarded-For", "X_Forwarded_For", "X-Forwarded_For", "x_forwarded-for")]
    with client_of(house, proxy, forged) as http:
        assert asked_after_the_code(house, http, house.anna) == "totp"
    assert times_seen(house, FORGED) == before


@pytest.mark.parametrize("name", ["X-Request-Id", "x-request-id", "X_Request_Id", "x_request-id"])
def test_the_number_of_a_stranger_is_not_adopted(proxy: str, house: House, name: str) -> None:
    """R79: a request is numbered by us, or by a proxy that we trust."""
    with client_of(house, proxy, [(name, "chosen-by-me-1")]) as http:
        assert http.get("/healthz").headers["x-request-id"] != "chosen-by-me-1"
