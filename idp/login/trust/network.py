"""Where a request comes from: the client's address and the network that a known-IP grant is for.

    socket's peer ── not a trusted proxy ─────────────────────────────▶ that is the client
         │ trusted
         ▼
    the one configured header, read from the right ── a trusted proxy ─▶ one further to the left
         │                                        └── unreadable ─────▶ nobody: no grant counts or is earned
         ▼
    the first address that is not a trusted proxy of ours is the client

A header from anyone but a trusted proxy changes nothing. The network is the IPv4 address, or the /64 of an IPv6
address. Behind a proxy, a private or loopback address is no network: too many people share it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from flask import Flask, g, request
from werkzeug.http import parse_options_header

from idp.platform import settings
from idp.platform.settings import ForwardedHeader

Address = IPv4Address | IPv6Address
Proxies = Sequence[IPv4Network | IPv6Network]

_SHARED = tuple(
    ip_network(block)
    for block in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("0.0.0.0/8", "::1/128", "::/128", "fc00::/7", "fe80::/10"),
    )
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The client as we see it: its address as text, and its network where that may earn a grant."""

    address: str | None
    network: str | None


NOBODY = Seen(None, None)


def set_up(app: Flask) -> None:
    """Look at the client's address at the start of every request."""

    @app.before_request
    def look() -> None:
        seen = _look()
        g.address, g.network = seen.address, seen.network
        g.neighbourhood = neighbourhood_of(seen.address)


def current_address() -> str | None:
    """The client's address ("we see you as …"); None when it cannot be read."""
    address: str | None = g.get("address")
    return address


def current_network() -> str | None:
    """The client's network; None when no grant may count for it."""
    network: str | None = g.get("network")
    return network


def current_neighbourhood() -> str:
    """Whose account it is what this request leaves behind."""
    found: str = g.neighbourhood
    return found


def from_trusted_proxy() -> bool:
    """Whether the nearest hop of this request is one of our own proxies, whose headers are believed."""
    return settings.current().trusts(request.remote_addr)


def _look() -> Seen:
    configured = settings.current()
    kind = configured.forwarded_header
    return see(request.remote_addr, request.headers.get(kind.value, ""), kind, configured.trusted_proxies)


def see(peer: str | None, header: str, kind: ForwardedHeader, trusted: Proxies) -> Seen:
    """The client behind this peer and this header. Pure."""
    nearest = parse(peer or "")
    if nearest is None:
        return NOBODY
    if not _within(nearest, trusted):
        return Seen(str(nearest), network_of(nearest))
    for hop in reversed(_hops(header, kind)):
        client = parse(hop)
        if client is None:
            return NOBODY
        if not _within(client, trusted):
            return Seen(str(client), None if _within(client, _SHARED) else network_of(client))
    return Seen(str(nearest), None)


def parse(text: str) -> Address | None:
    """The address that is written, an IPv4-mapped one as IPv4; a port behind it is allowed (RFC 7239 section 6)."""
    try:
        address = ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def network_of(address: Address | str) -> str | None:
    """The network of an address: itself for IPv4, the /64 for IPv6; None for what is no address."""
    found = parse(address) if isinstance(address, str) else address
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), 64), strict=False))
    return None if found is None else str(found)


def neighbourhood_of(address: str | None) -> str:
    """Whose account it is what a request leaves behind: an IPv4 address, also a private one, or the /48 of an IPv6 one.

    A /48 is what a site gets (RFC 6177), so whoever has one cannot be as many networks as they like. All whose address
    cannot be read have one account together.
    """
    found = parse(address or "")
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), 48), strict=False))
    return "unknown" if found is None else str(found)


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _hops(header: str, kind: ForwardedHeader) -> list[str]:
    """The addresses of a header, the client's side first."""
    if not header.strip():
        return []
    hops = header.split(",")
    return hops if kind is ForwardedHeader.X_FORWARDED_FOR else [_forwarded_for(hop) for hop in hops]


def _forwarded_for(hop: str) -> str:
    """The ``for`` of one element of Forwarded (RFC 7239 section 4); empty, so unreadable, where it has none."""
    _, pairs = parse_options_header(f"forwarded;{hop}")
    return pairs.get("for", "")


def _within(address: Address, blocks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address.version == block.version and address in block for block in blocks)
