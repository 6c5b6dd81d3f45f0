"""Values that live for minutes under a handle: login transactions, codes, pushed requests, device codes.

    put ──▶ Redis answers, and throws nothing out? ──yes──▶ handle "r…"    take ──▶ home by the first character ──▶ value, once
                 │ no                                                                    │ home gone, or handle unknown
    leave ───────┴───────────────────────────▶ SQL ──▶ handle "s…"                       └──▶ None: begin again
      └─ an allowance by network and in all (allowance.py)

`leave` is for what a browser leaves that nobody answers for yet, all that a login needs until its end: it lives in SQL
whatever becomes of Redis, and is counted. `put` is for what a person who is logged in, or an application that has proved
itself, may have kept.

Each value lives in exactly one home, named by the first character of its handle: no outage can make it live twice. The
rest of the handle is 256 random bits; a home knows only its SHA-256, and the value sealed for that digest, so a copy of
either store opens nothing and a value written there by somebody else is no value. The end is part of the sealed value
and is compared with our own clock; a store's own expiry is tidiness.

`take` is atomic in both homes. Redis may forget that it gave a value away (a restart from an older snapshot, a failover
to a replica that had not heard), so what was taken there is also marked in SQL. The SQL home, that mark and `once`
belong to the caller's unit of work: they count when the view commits, together with what it makes of them, and not at
all when it rolls back.

No function here raises for Redis. A home that cannot be reached has nothing: the person begins again.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from idp.crypto import opaque
from idp.platform import cache, clock, secrets
from idp.platform.cache import CacheUnavailable
from idp.shortlived import allowance
from idp.shortlived.envelope import Envelope
from idp.shortlived.redis_home import RedisHome
from idp.shortlived.sql_home import SqlHome, ahead, once, pace, purge, room, used
from idp.shortlived.types import Address, Home

__all__ = ["ahead", "allowance", "get", "leave", "once", "pace", "purge", "put", "replace", "room", "take", "used"]

_TAKEN = "taken"
_HANDLE_LENGTH = len("r" + opaque.new())


def put(kind: str, value: Mapping[str, Any], lifetime: timedelta) -> str:
    """Keep a JSON value for this long and return its handle; `kind`, such as "authorization_code", is part of it."""
    random, expires_at = opaque.new(), clock.now() + lifetime
    try:
        home: Home = RedisHome(cache.current())
        return _put(home, kind, random, Envelope(expires_at, value))
    except CacheUnavailable:
        return _put(SqlHome(), kind, random, Envelope(expires_at, value))


def leave(kind: str, value: Mapping[str, Any], lifetime: timedelta) -> str:
    """As `put`, of somebody whom we do not know: in SQL, for its network's account. Raises `TooMuchLeftBehind`."""
    allowance.spend(allowance.sealed(len(json.dumps(value))))
    return _put(SqlHome(), kind, opaque.new(), Envelope(clock.now() + lifetime, value))


def get(kind: str, handle: str) -> dict[str, Any] | None:
    """Return the value, or None: no such handle, of another kind, over, taken, or its home cannot be reached."""
    try:
        home, address = _find(kind, handle)
        envelope = _open(home.get(address), address)
    except (CacheUnavailable, LookupError):
        return None
    return None if envelope is None else dict(envelope.value)


def replace(kind: str, handle: str, value: Mapping[str, Any]) -> bool:
    """Put another value under the handle until the same end; whether there was one. Of two at once the last stays."""
    try:
        home, address = _find(kind, handle)
        envelope = _open(home.get(address), address)
        if envelope is None:
            return False
        return home.replace(address, Envelope(envelope.expires_at, value).seal(secrets.sealer(), address))
    except (CacheUnavailable, LookupError):
        return False


def take(kind: str, handle: str) -> dict[str, Any] | None:
    """Return the value for the last time: of callers at once exactly one gets it. None as for `get`. Then commit."""
    try:
        home, address = _find(kind, handle)
        envelope = _open(home.take(address), address)
    except (CacheUnavailable, LookupError):
        return None
    if envelope is None or not (home.remembers or once(_TAKEN, address.digest, envelope.expires_at - clock.now())):
        return None
    return dict(envelope.value)


def _put(home: Home, kind: str, random: str, envelope: Envelope) -> str:
    handle = home.mark + random
    address = Address(kind, opaque.digest(handle))
    home.put(address, envelope.seal(secrets.sealer(), address), envelope.expires_at)
    return handle


def _find(kind: str, handle: str) -> tuple[Home, Address]:
    """Find the home and the place in it. Raises LookupError for what is no handle of ours."""
    if len(handle) != _HANDLE_LENGTH:
        raise LookupError("not a handle")
    address = Address(kind, opaque.digest(handle))
    match handle[0]:
        case RedisHome.mark:
            return RedisHome(cache.current()), address
        case SqlHome.mark:
            return SqlHome(), address
        case _:
            raise LookupError("no such home")


def _open(sealed: str | None, address: Address) -> Envelope | None:
    """Return the envelope, if there is one, it opens, and its end has not come."""
    envelope = None if sealed is None else Envelope.open(sealed, secrets.sealer(), address)
    return envelope if envelope is not None and clock.now() < envelope.expires_at else None
