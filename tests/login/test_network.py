"""Where a request comes from: the socket's peer, or behind our own proxies the right-most address that is none of them."""

from ipaddress import ip_network

import pytest

from idp.login.trust.network import NOBODY, Seen, network_of, see
from idp.platform.settings import ForwardedHeader

XFF, FORWARDED = ForwardedHeader.X_FORWARDED_FOR, ForwardedHeader.FORWARDED
OURS = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        pytest.param("203.0.113.7", "", Seen("203.0.113.7", "203.0.113.7"), id="no proxy"),
        pytest.param("203.0.113.7", "198.51.100.1", Seen("203.0.113.7", "203.0.113.7"), id="a header from anyone else"),
        pytest.param("10.0.0.1", "198.51.100.1", Seen("198.51.100.1", "198.51.100.1"), id="one proxy"),
        pytest.param("10.0.0.1", "1.2.3.4, 198.51.100.1", Seen("198.51.100.1", "198.51.100.1"), id="forged left"),
        pytest.param("10.0.0.1", "198.51.100.1, 10.0.0.2", Seen("198.51.100.1", "198.51.100.1"), id="two proxies"),
        pytest.param("10.0.0.1", "198.51.100.1:4711", Seen("198.51.100.1", "198.51.100.1"), id="with a port"),
        pytest.param("10.0.0.1", "[2001:db8::7]:4711", Seen("2001:db8::7", "2001:db8::/64"), id="IPv6 with a port"),
        pytest.param("10.0.0.1", "2001:db8::7", Seen("2001:db8::7", "2001:db8::/64"), id="IPv6"),
        pytest.param("2001:db8:ffff::1", "198.51.100.1", Seen("198.51.100.1", "198.51.100.1"), id="IPv6 proxy"),
        pytest.param("::ffff:10.0.0.1", "198.51.100.1", Seen("198.51.100.1", "198.51.100.1"), id="mapped proxy"),
        pytest.param("10.0.0.1", "unknown", NOBODY, id="unreadable"),
        pytest.param("10.0.0.1", "198.51.100.1, garbage", NOBODY, id="nearest unreadable"),
        pytest.param("10.0.0.1", "198.51.100.1, ", NOBODY, id="nearest empty"),
        pytest.param("10.0.0.1", "", Seen("10.0.0.1", None), id="a proxy that says nothing earns nothing"),
        pytest.param("10.0.0.1", "10.0.0.2", Seen("10.0.0.1", None), id="nobody but proxies"),
        pytest.param("10.0.0.1", "192.168.1.5", Seen("192.168.1.5", None), id="private behind a proxy"),
        pytest.param("10.0.0.1", "127.0.0.1", Seen("127.0.0.1", None), id="loopback behind a proxy"),
        pytest.param("10.0.0.1", "fd00::1", Seen("fd00::1", None), id="unique local behind a proxy"),
        pytest.param("192.168.1.5", "", Seen("192.168.1.5", "192.168.1.5"), id="private and direct"),
        pytest.param("fe80::1%eth0", "", Seen("fe80::1", "fe80::/64"), id="with a zone"),
        pytest.param("", "", NOBODY, id="no peer"),
        pytest.param(None, "", NOBODY, id="none"),
        pytest.param("unix:", "1.2.3.4", NOBODY, id="a socket that is no address"),
    ],
)
def test_x_forwarded_for(peer: str | None, header: str, expected: Seen) -> None:
    """The client is the right-most hop that is not one of ours; what cannot be read is nobody."""
    assert see(peer, header, XFF, OURS) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("for=198.51.100.1", "198.51.100.1", id="plain"),
        pytest.param("for=1.2.3.4, For=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1", id="pairs"),
        pytest.param('for="[2001:db8::7]:4711"', "2001:db8::/64", id="quoted IPv6"),
        pytest.param("for=_hidden", None, id="obfuscated"),
        pytest.param("for=unknown", None, id="unknown"),
        pytest.param("proto=https", None, id="without for"),
    ],
)
def test_forwarded(header: str, expected: str | None) -> None:
    """RFC 7239 section 4 and 6: the `for` of each element, the nearest hop last."""
    assert see("10.0.0.1", header, FORWARDED, OURS).network == expected


def test_the_other_header_is_never_read() -> None:
    """Only the header that is configured counts: X-Forwarded-For's form says nothing in Forwarded."""
    assert see("10.0.0.1", "198.51.100.1", FORWARDED, OURS) == NOBODY


@pytest.mark.parametrize(
    ("address", "network"),
    [
        pytest.param("203.0.113.7", "203.0.113.7", id="IPv4"),
        pytest.param("::ffff:203.0.113.7", "203.0.113.7", id="IPv4-mapped is IPv4"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 by its /64"),
        pytest.param("2001:DB8:1:2::1", "2001:db8:1:2::/64", id="one spelling"),
        pytest.param("203.0.113", None, id="no address"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_network_of_an_address(address: str, network: str | None) -> None:
    """An IPv4 address, or the /64 of an IPv6 address, in one spelling."""
    assert network_of(address) == network
