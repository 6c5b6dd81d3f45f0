"""Passwords: Argon2id (RFC 9106), bounded in number, equal in work.

    verify ──▶ place free within `patience`? ──no──▶ Busy (the caller answers 503 with Retry-After)
                     │ yes
                     ▼
    hash known, answer usable ──▶ Argon2id(hash, answer) ──▶ True | False
    no hash, bad hash, answer over 128 characters or no Unicode text ──▶ Argon2id(a hash of nothing) ──▶ False

One hash holds 19 MiB and about 20 ms of a core, so a flood of guesses is a flood of memory: a `Hasher` lets a fixed
number run at once and turns the others away after a short wait. Hashes that were imported cost what whoever made them
chose. So a hash of nothing costs what the user's own hash costs, and where there is none, what the caller says that
nobody costs (`idp.accounts.passwords.password_costs`). The whole string counts: nothing is trimmed, cut or normalised (NIST SP
800-63B-4 section 3.1.1.2).
"""

import base64
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from idp.platform.errors import Unavailable

MAX_CHARACTERS: Final = 128
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_MOST_MEMORY_KIB: Final = 1024 * 1024
_MOST_PASSES: Final = 16
_MOST_LANES: Final = 16


@dataclass(frozen=True, slots=True)
class Parameters:
    """The cost of one hash. The default is OWASP's second choice: 19 MiB, two passes, one lane."""

    memory_kib: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


class Busy(Unavailable):
    """All places stayed taken: 503 with `Retry-After: retry_after`. Nothing was compared, so nothing counts."""

    def __init__(self, retry_after: int) -> None:
        """Keep the whole seconds after which trying again makes sense."""
        super().__init__(f"no place to hash a password came free in {retry_after} s")
        self.retry_after = retry_after


class Hasher:
    """Argon2id with given parameters, `at_most` at once in this process; each waits `patience` seconds for a place."""

    def __init__(self, parameters: Parameters, at_most: int, patience: float = 3.0) -> None:
        self.parameters = parameters
        self._argon2 = PasswordHasher(
            time_cost=parameters.passes,
            memory_cost=parameters.memory_kib,
            parallelism=parameters.lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self._places = threading.BoundedSemaphore(at_most)
        self._patience = patience

    def hash(self, password: str) -> str:
        """Return the encoded hash. Raises ValueError for over 128 characters or no Unicode text, `Busy` when full."""
        secret = _usable(password)
        if secret is None:
            raise ValueError(f"a password has at most {MAX_CHARACTERS} characters of Unicode text")
        with self._place():
            return self._argon2.hash(secret)

    def verify(self, password_hash: str | None, password: str, nobodys: Parameters | None = None) -> bool:
        """Tell whether this is the password. Raises `Busy`.

        No hash, no such user: False, after the work of `nobodys`, or of a hash of ours.
        """
        secret, cost = _usable(password), cost_of(password_hash or "")
        if secret is None or cost is None or password_hash is None:
            self._matches(_hash_of_nothing(cost or nobodys or self.parameters), b"")
            return False
        return self._matches(password_hash, secret)

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether the hash has other parameters than ours, or is none: hash again at the next good login."""
        return not is_password_hash(password_hash) or self._argon2.check_needs_rehash(password_hash)

    def _matches(self, password_hash: str, secret: bytes) -> bool:
        with self._place():
            try:
                return self._argon2.verify(password_hash, secret)
            except (VerificationError, InvalidHashError):
                return False

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(timeout=self._patience):
            raise Busy(retry_after=max(1, round(self._patience)))
        try:
            yield
        finally:
            self._places.release()


def is_password_hash(text: str) -> bool:
    """Tell whether the text is an Argon2id hash that we would verify: it may not ask for gigabytes or minutes."""
    return cost_of(text) is not None


def cost_of(text: str) -> Parameters | None:
    """Return what it costs to verify this hash; None for what is no hash that we would verify."""
    try:
        cost = extract_parameters(text)
    except (InvalidHashError, ValueError):
        return None
    affordable = (
        cost.memory_cost <= _MOST_MEMORY_KIB and cost.time_cost <= _MOST_PASSES and cost.parallelism <= _MOST_LANES
    )
    if cost.type is not Type.ID or not affordable:
        return None
    return Parameters(cost.memory_cost, cost.time_cost, cost.parallelism)


def _usable(password: str) -> bytes | None:
    if len(password) > MAX_CHARACTERS:
        return None
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError:
        return None


def _hash_of_nothing(parameters: Parameters) -> str:
    """Make a hash with our cost that no password has made (its bytes are random): free to make, dear to verify."""
    cost = f"m={parameters.memory_kib},t={parameters.passes},p={parameters.lanes}"
    return f"$argon2id$v=19${cost}${_unpadded(_SALT_BYTES)}${_unpadded(_HASH_BYTES)}"


def _unpadded(random_bytes: int) -> str:
    return base64.b64encode(secrets.token_bytes(random_bytes)).rstrip(b"=").decode("ascii")


DEFAULT: Final = Hasher(Parameters(), at_most=os.cpu_count() or 1)


def hash_password(password: str, hasher: Hasher = DEFAULT) -> str:
    """`Hasher.hash` with the default parameters."""
    return hasher.hash(password)


def verify_password(password_hash: str | None, password: str, hasher: Hasher = DEFAULT) -> bool:
    """`Hasher.verify` with the default parameters."""
    return hasher.verify(password_hash, password)


def needs_rehash(password_hash: str, hasher: Hasher = DEFAULT) -> bool:
    """`Hasher.needs_rehash` with the default parameters."""
    return hasher.needs_rehash(password_hash)
