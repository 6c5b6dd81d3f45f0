"""Addresses that an application registers for the browser to come back to: what may be wrong with one. Pure.

    form_of   ─▶ the address in parts, or what keeps it from being an address that is compared letter by letter
    wrong_with ─▶ the same, and whether somebody else could listen at it (RFC 9700 section 2.1, RFC 8252 section 7)

A website's is https. An application on a device may also have http on its own machine, or a scheme of its own; so may a
website while we are in development, as to http.
"""

from __future__ import annotations

import enum
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from idp.oidc.clients.metadata import URI

LONGEST: Final = 2000
_PRIVATE_USE_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Wrong(enum.Enum):
    """What is wrong with an address."""

    LONG = "longer than any browser sends"
    SIGNS = "has a sign that stands in no address"
    NO_ADDRESS = "cannot be read as an address"
    RELATIVE = "does not say what it begins with"
    FRAGMENT = "has a part after #"
    USER = "has a name before @"
    WILDCARD = "has a * that means more than one address"
    HTTP = "is not encrypted on its way"
    SCHEME = "begins with what this kind of application may not use"


def form_of(address: str) -> SplitResult | Wrong:
    """The address in parts. What stands at the end of a list is said last: the first fault is the one to mend first."""
    if len(address) > LONGEST:
        return Wrong.LONG
    if not URI.fullmatch(address):
        return Wrong.SIGNS
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return Wrong.NO_ADDRESS
    faults = (
        (not parts.scheme, Wrong.RELATIVE),
        ("#" in address, Wrong.FRAGMENT),
        ("@" in parts.netloc, Wrong.USER),
        ("*" in address, Wrong.WILDCARD),
    )
    return next((wrong for found, wrong in faults if found), parts)


def wrong_with(address: str, *, native: bool, development: bool) -> Wrong | None:
    """What is wrong with the address for an application of that kind."""
    form = form_of(address)
    return form if isinstance(form, Wrong) else _unsafe(form, native=native, development=development)


def is_loopback(host: str | None) -> bool:
    """Whether the name is of this very machine."""
    return host in _LOOPBACK


def _unsafe(parts: SplitResult, *, native: bool, development: bool) -> Wrong | None:
    match parts.scheme:
        case "https":
            return None if parts.hostname else Wrong.NO_ADDRESS
        case "http":
            return None if (native or development) and is_loopback(parts.hostname) else Wrong.HTTP
        case scheme:
            own = native and _PRIVATE_USE_SCHEME.fullmatch(scheme) and not parts.netloc
            return None if own else Wrong.SCHEME
