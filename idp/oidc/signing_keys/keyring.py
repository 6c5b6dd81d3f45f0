"""The keys that sign tokens: four algorithms, each with keys of its own, sealed in SQL, cached in each process for a second.

    next ────────── rotate() ─────────▶ active ────────── rotate() ─────────▶ retired ── a day ─▶ not published
    published, not yet used            signs; one an algorithm               verifies what it signed

    any of them ──── revoke() ─────▶ revoked: not published, verifies nothing; what follows it takes over at once

A next key is published from the moment that it is made and takes over no earlier than `PUBLISHED_BEFORE_USE` after
that, so that every copy of the key set that anybody still holds has it. `signs` is unique: of several processes that
start or rotate at once one makes the set, and the others find it made.

A process reads the keys when it starts, and then at most once a second. While the database is gone it goes on with
those that it has.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
from flask import Flask, current_app
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from idp.audit.events import KeyRevoked, KeysRotated
from idp.audit.record import record
from idp.oidc.clients.metadata import SIGNING_ALGORITHMS
from idp.oidc.models import KeyState, SigningKey
from idp.oidc.signing_keys import jwts
from idp.oidc.signing_keys.jwts import Registry
from idp.platform import clock, settings
from idp.platform.extensions import changed, db
from idp.platform.foreign_json import Unusable
from idp.platform.secrets import sealer

Key = RSAKey | ECKey | OKPKey

JWKS_MAX_AGE: Final = timedelta(minutes=5)
"""How long others may keep a copy of the key set."""
PUBLISHED_BEFORE_USE: Final = timedelta(minutes=10)
PUBLISHED_AFTER_USE: Final = timedelta(days=1)
READ_EVERY_SECONDS: Final = 1.0
_RSA_BITS: Final = 2048
_KEYRING: Final = "idp.oidc.signing_keys.keyring"


@dataclass(frozen=True, slots=True)
class Signer:
    """The active key of an algorithm."""

    kid: str
    key: Key


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys as they were when they were read: who signs, and who verifies with which algorithm."""

    signers: Mapping[str, Signer]
    verifiers: Mapping[str, tuple[str, Key]]
    published: tuple[Mapping[str, Any], ...]


class Keyring:
    """The keys of one process."""

    def __init__(self) -> None:
        self._ring: Ring | None = None
        self._read_at = 0.0
        self._reading = threading.Lock()

    def ring(self) -> Ring:
        """The keys, at most a second old; older ones while somebody else reads them or the database is gone."""
        known = self._ring
        if known is not None and (self._fresh() or not self._reading.acquire(blocking=False)):
            return known
        if known is None:
            self._reading.acquire()
        try:
            return self._ring if self._ring is not None and self._fresh() else self._read(known)
        finally:
            self._reading.release()

    def forget(self) -> None:
        """Read again at the next use."""
        self._ring = None

    def _fresh(self) -> bool:
        return time.monotonic() - self._read_at < READ_EVERY_SECONDS

    def _read(self, known: Ring | None) -> Ring:
        try:
            self._ring = _read_ring(known)
        except (OperationalError, InterfaceError):
            if known is None:
                raise
            self._ring = known
        self._read_at = time.monotonic()
        return self._ring


def set_up(app: Flask) -> None:
    """Give the application its keyring; nothing is read yet."""
    app.extensions[_KEYRING] = Keyring()


def warm(app: Flask) -> None:
    """Read the keys now, so that a database that goes away later takes none of them; if it is away now, at first use.

    No connection stays open: a server that forks after this must not share one.
    """
    with app.app_context(), suppress(DBAPIError):
        ring()
        db.engine.dispose()


def ring() -> Ring:
    """The keys of the running application; made if there are none yet."""
    return _keyring().ring()


def sign(algorithm: str, typ: str, claims: dict[str, Any]) -> str:
    """A JWT of these claims, signed with the active key of the algorithm."""
    signer = ring().signers[algorithm]
    header = {"alg": algorithm, "typ": typ, "kid": signer.kid}
    return jwt.encode(header, claims, signer.key, registry=Registry(algorithms=[algorithm]))


def sign_untyped(algorithm: str, claims: dict[str, Any]) -> str:
    """A JWT without `typ`, which `verified` takes for nothing."""
    signer = ring().signers[algorithm]
    header = {"alg": algorithm, "kid": signer.kid}
    return jws.serialize_compact(header, json.dumps(claims), signer.key, registry=Registry(algorithms=[algorithm]))


def verified(token: str, typ: str) -> Mapping[str, Any] | None:
    """The claims of a JWT of this type that we signed; None for everything else. Its times are not judged."""
    found = jwts.read(token)
    if isinstance(found, Unusable) or found.typ != jwts.media_type(typ):
        return None
    algorithm, key = ring().verifiers.get(found.kid or "", (None, None))
    ours = key is not None and found.alg == algorithm and found.signed_by(key, [found.alg])
    return found.claims if ours else None


# The life of keys


def ensure_keys() -> None:
    """Make the keys that are missing: an active and a next one for each algorithm."""
    while missing := _missing():
        _add(missing)


def _missing() -> list[str]:
    with Session(db.engine) as unit, unit.begin():
        present = set(unit.scalars(sa.select(SigningKey.signs).where(SigningKey.signs.is_not(None))))
    return [place for place in _places() if place not in present]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a rotation did for one algorithm: `kid` signs from now on, or from `waits_until` on."""

    algorithm: str
    kid: str
    waits_until: datetime | None = None


def rotate() -> tuple[Turn, ...]:
    """Let each next key take over, and publish a new next one. Commits.

    A next key that has not been published for long enough stays what it is, and nothing changes for its algorithm. New keys
    are made before the first write: an RSA key takes longer than anybody should wait for a lock.
    """
    ensure_keys()
    due = [_due(algorithm) for algorithm in SIGNING_ALGORITHMS]
    turns = tuple(_rotate(it) for it in due)
    if done := [turn.kid for turn in turns if turn.waits_until is None]:
        record(KeysRotated(kids=done))
    db.session.commit()
    _keyring().forget()
    return turns


def revoke(kid: str) -> bool:
    """Withdraw a key that somebody else may have: what it signed is worth nothing. Commits. False: no such key.

    The next key takes over without waiting: for a while others may meet a key that their copy of the set has not.
    """
    row = db.session.scalar(sa.select(SigningKey).where(SigningKey.kid == kid, SigningKey.state != KeyState.REVOKED))
    if row is None:
        return False
    now, place, algorithm = clock.now(), row.signs, row.algorithm
    made = _made(_next(algorithm), now) if place is not None else None
    if not _moved(row, state=KeyState.REVOKED, signs=None, retired_at=now):
        db.session.rollback()
        return revoke(kid)  # it was rotated at this moment; look again
    if place == algorithm:
        of_next = sa.update(SigningKey).where(SigningKey.signs == _next(algorithm))
        changed(of_next.values(state=KeyState.ACTIVE, signs=algorithm, activated_at=now))
    if made is not None:
        db.session.add(made)
    record(KeyRevoked(kid=kid))
    db.session.commit()
    _keyring().forget()
    return True


def rotates_at() -> datetime | None:
    """When a worker lets the next keys take over: once the oldest active one has signed for as long as the settings say."""
    began = [key.activated_at or key.created_at for key in every_key() if key.state is KeyState.ACTIVE]
    return min(began) + timedelta(days=settings.current().key_rotation_days) if began else None


def every_key() -> list[SigningKey]:
    """All keys, by algorithm, the newest first."""
    return list(db.session.scalars(sa.select(SigningKey).order_by(SigningKey.algorithm, SigningKey.created_at.desc())))


def seal_owner(kid: str) -> str:
    """Whom the private part of a key is sealed for."""
    return f"signing-key:{kid}"


def _keyring() -> Keyring:
    return cast("Keyring", current_app.extensions[_KEYRING])


def _places() -> tuple[str, ...]:
    """The values that `signs` has in a complete set."""
    return tuple(place for algorithm in SIGNING_ALGORITHMS for place in (algorithm, _next(algorithm)))


def _next(algorithm: str) -> str:
    return f"{algorithm} next"


def _add(places: Iterable[str]) -> None:
    """Add a key for each place; if another process was faster with any of them, none."""
    now = clock.now()
    made = [_made(place, now) for place in places]
    try:
        with Session(db.engine) as unit, unit.begin():
            unit.add_all(made)
    except IntegrityError:
        return


def _made(place: str, now: datetime) -> SigningKey:
    algorithm, _, is_next = place.partition(" ")
    key = _generate(algorithm)
    kid = key.thumbprint()
    return SigningKey(
        kid=kid,
        algorithm=algorithm,
        signs=place,
        state=KeyState.NEXT if is_next else KeyState.ACTIVE,
        private_sealed=sealer().seal(key.as_pem(private=True), seal_owner(kid)),
        public_jwk={**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm},
        created_at=now,
        activated_at=None if is_next else now,
    )


def _generate(algorithm: str) -> Key:
    match algorithm:
        case "RS256" | "PS256":
            return RSAKey.generate_key(_RSA_BITS)
        case "ES256":
            return ECKey.generate_key("P-256")
        case _:
            return OKPKey.generate_key("Ed25519")


_KINDS: Final[Mapping[str, type[RSAKey | ECKey | OKPKey]]] = {
    "RS256": RSAKey,
    "PS256": RSAKey,
    "ES256": ECKey,
    "EdDSA": OKPKey,
}


@dataclass(frozen=True, slots=True)
class Due:
    """The active key of an algorithm, the next one, and the one to be next; none where the next one has to wait."""

    old: SigningKey
    new: SigningKey
    made: SigningKey | None


def _due(algorithm: str) -> Due:
    """What a rotation would do, all that takes long done. Writes nothing."""
    now = clock.now()
    signing = sa.select(SigningKey).where(SigningKey.algorithm == algorithm, SigningKey.signs.is_not(None))
    of = {row.state: row for row in db.session.scalars(signing)}
    old, new = of[KeyState.ACTIVE], of[KeyState.NEXT]
    return Due(old, new, _made(_next(algorithm), now) if _ready_at(old, new) <= now else None)


def _rotate(due: Due) -> Turn:
    old, new, now = due.old, due.new, clock.now()
    if due.made is None:
        return Turn(new.algorithm, new.kid, _ready_at(old, new))
    if _moved(old, state=KeyState.RETIRED, signs=None, retired_at=now):
        _moved(new, state=KeyState.ACTIVE, signs=new.algorithm, activated_at=now)
        db.session.add(due.made)
        db.session.flush()
    return Turn(new.algorithm, new.kid)


def _ready_at(old: SigningKey, new: SigningKey) -> datetime:
    """When the next key has been published for long enough; one that was made with the first key is in every copy."""
    return new.created_at if new.created_at == old.created_at else new.created_at + PUBLISHED_BEFORE_USE


def _moved(row: SigningKey, **columns: Any) -> bool:
    """Change a key's state, unless another rotation was faster: then it has done the same."""
    unmoved = sa.update(SigningKey).where(SigningKey.id == row.id, SigningKey.state == row.state)
    return changed(unmoved.values(columns))


def _read_ring(known: Ring | None) -> Ring:
    rows = _rows()
    if not {row.signs for row in rows}.issuperset(_places()):
        ensure_keys()
        rows = _rows()
    return Ring(
        signers={row.algorithm: Signer(row.kid, _private(row, known)) for row in rows if row.state is KeyState.ACTIVE},
        verifiers={row.kid: (row.algorithm, _public(row)) for row in rows},
        published=tuple(row.public_jwk for row in rows),
    )


def _rows() -> list[SigningKey]:
    """The keys to publish, in a unit of work of their own: a request's own one neither sees nor holds it.

    Those of an algorithm that a newer version brought, which serves beside this one, are the newer one's business.
    """
    oldest = clock.now() - PUBLISHED_AFTER_USE
    alive = sa.or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > oldest)
    published = sa.and_(alive, SigningKey.state != KeyState.REVOKED, SigningKey.algorithm.in_(_KINDS))
    with Session(db.engine, expire_on_commit=False) as unit, unit.begin():
        return list(unit.scalars(sa.select(SigningKey).where(published).order_by(SigningKey.algorithm, SigningKey.kid)))


def _private(row: SigningKey, known: Ring | None) -> Key:
    signer = known.signers.get(row.algorithm) if known else None
    if signer is not None and signer.kid == row.kid:
        return signer.key
    return _KINDS[row.algorithm].import_key(sealer().open(row.private_sealed, seal_owner(row.kid)))


def _public(row: SigningKey) -> Key:
    return _KINDS[row.algorithm].import_key(row.public_jwk)
