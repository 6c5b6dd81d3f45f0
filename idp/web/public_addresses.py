"""Which addresses are on the public internet: what an application may name as its own, and what we connect to. Pure."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")
_PUBLIC_IPV6: Final = IPv6Network("2000::/3")
_SPECIAL: Final[tuple[IPv4Network | IPv6Network, ...]] = (
    *(IPv4Network(block) for block in ("192.0.0.0/24", "192.88.99.0/24")),
    *(IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "3fff::/20")),
)
"""Protocol assignments (Teredo, ORCHID, AMT, relays of 6to4) and documentation, whatever some of them are called elsewhere."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the public internet, looked at through what wraps an IPv4 address in an IPv6 one.

    Of IPv6 only what is given out as global unicast counts (RFC 4291 section 2.4, IANA: 2000::/3): so neither the prefix for
    a network's own NAT64 (RFC 8215), nor site-local addresses (RFC 3879), nor IPv4-compatible ones (RFC 4291 section 2.5.5.1).
    """
    match address:
        case IPv6Address(scope_id=str()):
            return False
        case IPv6Address(ipv4_mapped=IPv4Address() as inner) | IPv6Address(sixtofour=IPv4Address() as inner):
            return is_public(inner)
        case IPv6Address() if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        case IPv6Address() if address not in _PUBLIC_IPV6:
            return False
        case _:
            special = any(address in block for block in _SPECIAL if block.version == address.version)
            return address.is_global and not address.is_multicast and not special
