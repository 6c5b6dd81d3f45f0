"""The public keys of a client: those that it registered, or those behind its `jwks_uri`. One place for every use.

    of(registration)              all of them, for what is encrypted for the client
    verified(registration, jwt)   a JWT that one of them signed: client assertions, request objects

    jwks ──────────────────────────────────────────────▶ the keys
    jwks_uri ─▶ at hand and not old ───────────────────▶ the keys
                  │ old, or `kid` is not among them (OpenID Connect Core section 10.1.1), and the last try was not just now
                  ▼
                idp.web.outgoing ── one request at a time for an address, the others wait a little for it
                  ├─ a key set ─▶ kept, of so many addresses, the longest unused goes first
                  └─ no answer ─▶ logged; those at hand for a while longer, then none

A key set that is fetched may hold what we cannot use: such a key is passed over (RFC 7517 section 5). What a process
knows is its own. Fetching takes seconds: whoever calls holds no lock on any row. Anybody may send a JWT in a client's
name: of its registered keys only those are read that its header may mean, and what was read is remembered.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, Final, cast

from flask import Flask, current_app

from idp.oidc.clients import public_keys
from idp.oidc.clients.metadata import Registration
from idp.oidc.clients.public_keys import PublicKey
from idp.oidc.signing_keys import jwts
from idp.oidc.signing_keys.jwts import Jwt
from idp.platform import clock, foreign_json
from idp.platform.foreign_json import Unusable
from idp.web import outgoing
from idp.web.logs import log
from idp.web.outgoing import OutgoingFailed

FRESH: Final = timedelta(minutes=10)
"""How long a fetched set is used without a look at it."""
STALE: Final = timedelta(hours=1)
"""How long it is used while its address does not answer."""
RETRY: Final = timedelta(seconds=30)
"""How long after a try, whatever came of it, the next one is made at the earliest."""
MOST_ADDRESSES: Final = 500
MOST_KEYS: Final = 50
MOST_READ: Final = 5000
"""How many registered keys a process remembers as read."""
_PATIENCE_SECONDS: Final = 2.0
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_PUBLISHED: Final = "idp.oidc.clients.client_keys"

_KTY: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"""The kind of key by the first letters of the algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864)."""

Keys = tuple[PublicKey, ...]


def set_up(app: Flask) -> None:
    """Give the application a memory of what clients publish."""
    app.extensions[_PUBLISHED] = Published()


def of(registration: Registration, kid: str | None = None) -> Keys:
    """Every key of the client; `kid` is the name that is wanted of them."""
    if registration.jwks_uri is not None:
        return cast("Published", current_app.extensions[_PUBLISHED]).at(registration.jwks_uri, kid)
    return tuple(_registered(jwk) for jwk in _listed(registration))


def verified(registration: Registration, token: str, algorithms: Sequence[str]) -> Jwt | None:
    """The JWT, if a key of the client signed it by one of these algorithms. Nothing that it says is judged.

    A key that its set names for another use or another algorithm does not count (RFC 7517 sections 4.2 and 4.4).
    """
    found = jwts.read(token)
    if isinstance(found, Unusable):
        return None
    return found if any(found.signed_by(key, algorithms) for key in _named(registration, found)) else None


def _named(registration: Registration, token: Jwt) -> Keys:
    """The keys that may have signed: of the name in the header, or all where it names none."""
    if registration.jwks_uri is not None:
        candidates = of(registration, token.kid)
    else:
        meant = (jwk for jwk in _listed(registration) if _may_be_meant(jwk, token))
        candidates = tuple(_registered(jwk) for jwk in islice(meant, public_keys.MOST_KEYS))
    return tuple(key for key in candidates if token.kid in {None, key.kid})


def _listed(registration: Registration) -> Sequence[Mapping[str, Any]]:
    listed: Sequence[Mapping[str, Any]] = (registration.jwks or {}).get("keys", [])
    return listed


def _may_be_meant(jwk: Mapping[str, Any], token: Jwt) -> bool:
    """Whether this JWT may be signed by this key, as far as what it says of itself tells.

    A key without a name is called by its thumbprint, which only reading it tells (RFC 7638).
    """
    return token.kid in {None, jwk.get("kid", token.kid)} and jwk.get("kty") == _KTY.get(token.alg[:2])


def _registered(jwk: Mapping[str, Any]) -> PublicKey:
    return _read_once(json.dumps(jwk))


@lru_cache(MOST_READ)
def _read_once(text: str) -> PublicKey:
    return public_keys.read(json.loads(text))


@dataclass(slots=True)
class _Address:
    """What is known of one address."""

    keys: Keys = ()
    read_at: datetime = _NEVER
    tried_at: datetime = _NEVER
    reading: threading.Lock = field(default_factory=threading.Lock)

    def is_due(self, kid: str | None) -> bool:
        """Whether it must be asked: it is old, or a name is wanted that it did not have."""
        now = clock.now()
        if now - self.tried_at < RETRY:
            return False
        return now - self.read_at >= FRESH or (kid is not None and kid not in {key.kid for key in self.keys})


class Published:
    """What clients publish, as far as this process has read it."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, _Address] = OrderedDict()
        self._changing = threading.Lock()

    def at(self, url: str, kid: str | None) -> Keys:
        """The keys at that address; asked again where that is due."""
        known = self._known(url)
        if known.is_due(kid) and known.reading.acquire(timeout=_PATIENCE_SECONDS):
            try:
                if known.is_due(kid):  # nobody asked while this one waited
                    _read(url, known)
            finally:
                known.reading.release()
        return known.keys if clock.now() - known.read_at < STALE else ()

    def _known(self, url: str) -> _Address:
        with self._changing:
            known = self._addresses.setdefault(url, _Address())
            self._addresses.move_to_end(url)
            if len(self._addresses) > MOST_ADDRESSES:
                self._addresses.popitem(last=False)
            return known


def _read(url: str, known: _Address) -> None:
    try:
        known.keys = _parsed(outgoing.fetch(url))
        known.read_at = clock.now()
    except OutgoingFailed as error:
        log.warning("client keys not fetched", url=url, because=str(error))
    known.tried_at = clock.now()


def _parsed(body: bytes) -> Keys:
    """The usable keys of a key set (RFC 7517 section 5)."""
    found = foreign_json.object_in(body)
    if isinstance(found, Unusable):
        raise OutgoingFailed(f"not a JSON Web Key Set: it {found.because}")
    listed = found.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise OutgoingFailed(f"not a JSON Web Key Set of at most {MOST_KEYS} keys")
    return tuple(key for jwk in listed if (key := _usable(jwk)))


def _usable(jwk: object) -> PublicKey | None:
    try:
        return public_keys.read(jwk)
    except ValueError:
        return None
