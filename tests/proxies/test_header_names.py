"""Without the help of a proxy: what the server itself reads of headers that are sent raw, by somebody whom it trusts."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.proxies.conftest import FORGED, PROXY, House, asked_after_the_code, client_of, times_seen

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ID = "chosen-by-me-1"
Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def raw(house: House) -> Ask:
    """Sends a request byte for byte, from 127.0.0.1: the status of the answer and the number that it got."""

    def ask(*lines: bytes, path: str = "/healthz", body: bytes = b"") -> tuple[int, str]:
        method = b"POST" if body else b"GET"
        head = [method + b" " + path.encode() + b" HTTP/1.1", b"Host: localhost", *lines, b"Connection: close"]
        if body:
            head += [b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: %d" % len(body)]
        with socket.create_connection((PROXY, urlsplit(house.server.issuer).port), timeout=30) as end:
            end.sendall(b"\r\n".join([*head, b"", body]))
            answer = b""
            while taken := end.recv(65536):
                answer += taken
        number = re.search(rb"x-request-id: (\S+)", answer, re.IGNORECASE)
        return int(answer.split(b" ", 2)[1]), number[1].decode() if number else ""

    return ask


def token(client_id: str) -> dict[str, Any]:
    return {"path": "/token", "body": urlencode({"grant_type": "client_credentials", "client_id": client_id}).encode()}


def test_the_right_name_is_believed(raw: Ask, house: House) -> None:
    """In whatever case (RFC 9110 section 5.1), in either form: or the others of this file would prove nothing."""
    for name in (b"X-Request-Id", b"x-request-id", b"X-REQUEST-ID"):
        assert raw(name + b": " + ID.encode()) == (200, ID)
    for value in (house.robot.header, house.robot.escaped):
        for client_id in ("by-name", "by-key"):
            assert raw(b"client-CERT:" + value.encode(), **token(client_id))[0] == 200


@pytest.mark.parametrize(
    "name", [b"X_Request_Id", b"X-Request_Id", b"x_request-id", b"_X-Request-Id", b"X-Request-Id_"]
)
def test_a_name_that_looks_like_it_is_another(raw: Ask, name: bytes) -> None:
    """R79: a header whose name has `_` is gone, alone and on either side of the right one."""
    right, wrong = b"X-Request-Id: " + ID.encode(), name + b": forged-forged"
    status, number = raw(wrong)
    assert status == 200
    assert number != "forged-forged"
    assert raw(wrong, right) == raw(right, wrong) == (200, ID)


@pytest.mark.parametrize("name", [b"Client_Cert", b"client_cert", b"CLIENT_CERT"])
def test_a_certificate_under_such_a_name_is_nobodys(raw: Ask, house: House, name: bytes) -> None:
    """R79: neither one of the right name nor somebody's public one."""
    for value in (house.stranger.header, house.robot.header, house.robot.escaped):
        for client_id in ("by-name", "by-key"):
            assert raw(name + b": " + value.encode(), **token(client_id))[0] == 401


def test_an_address_under_such_a_name_is_nobodys(house: House) -> None:
    """R79, C9: it spares no code, and the audit log does not keep it; under the right name it would."""
    with client_of(house, house.server.issuer, [("X-Forwarded-For", FORGED)], address=PROXY) as http:
        assert asked_after_the_code(house, http, house.anna) is None
    before = times_seen(house, FORGED)
    for name in ("X_Forwarded_For", "X-Forwarded_For", "x_forwarded-for"):
        with client_of(house, house.server.issuer, [(name, FORGED)], address=PROXY) as http:
            assert asked_after_the_code(house, http, house.anna) == "totp"
    assert times_seen(house, FORGED) == before


def test_a_trusted_header_twice_is_none(raw: Ask, house: House) -> None:
    """RFC 9110 section 5.3: one value is expected and two are none; of addresses the right-most counts, as of a list (C9)."""
    number = raw(b"X-Request-Id: " + ID.encode(), b"x-request-id: another-one-1")[1]
    assert number not in {ID, "another-one-1", f"{ID},another-one-1"}
    right, wrong = house.robot.escaped.encode(), house.stranger.escaped.encode()
    for first, second in ((right, wrong), (wrong, right), (right, right)):
        for client_id in ("by-name", "by-key"):
            assert raw(b"Client-Cert: " + first, b"Client-Cert: " + second, **token(client_id))[0] == 401
            assert raw(b"Client-Cert: " + first + second, **token(client_id))[0] == 401
    for headers, expected in (
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", FORGED)], None),
        ([("X-Forwarded-For", FORGED), ("X-Forwarded-For", "203.0.113.9")], "totp"),
    ):
        with client_of(house, house.server.issuer, headers, address=PROXY) as http:
            assert asked_after_the_code(house, http, house.anna) == expected


@pytest.mark.parametrize(
    "lines",
    [
        [b"X-Request-Id : " + ID.encode()],
        [b"X-Request-Id\t: " + ID.encode()],
        [b" X-Request-Id: " + ID.encode()],
        [b"X-Request-Id:", b" " + ID.encode()],
        [b"A: b", b" X-Request-Id: " + ID.encode()],
        [b"X-Request-Id\x00: " + ID.encode()],
        [b"X-Request-Id"],
        [b"X\xadRequest-Id: " + ID.encode()],
        [b"Transfer-Encoding : chunked", b"X-Request-Id: " + ID.encode()],
        [b"Content-Length: 3", b"Content-Length: 4"],
        [b"Content-Length: +3"],
    ],
    ids=repr,
)
def test_what_is_no_header_is_no_request(raw: Ask, lines: list[bytes]) -> None:
    """RFC 9112 sections 5.1 and 5.2: blanks before the colon and folded lines are refused, not mended."""
    status, number = raw(*lines)
    assert status == 400
    assert number != ID


def test_other_headers_of_one_value_are_none_when_they_come_twice(raw: Ask) -> None:
    """RFC 9449 section 4.3, RFC 6750: two proofs, two tokens or two passwords are none."""
    for lines in (
        [b"Authorization: Bearer a", b"Authorization: Bearer b"],
        [b"Authorization: DPoP a", b"DPoP: a", b"DPoP: b"],
    ):
        assert raw(*lines, path="/userinfo")[0] == 401
