"""Secrets at rest that must be read again: AES-256-GCM, the key's name in the ciphertext, the owner as associated data.

    sealed = base64url( version 1 | key id 8 | nonce 12 | ciphertext and tag )          unpadded

              newest key                     key id
    seal ──▶ HKDF "seal" ──▶ AES-256-GCM     open ──▶ that key, or SealBroken
                              associated data: version | key id | owner

The owner ("totp:<user id>") ties a ciphertext to its row: moved to another row it does not open. Everything that does
not open raises `SealBroken`; there is no path on which a broken seal reads as "there is no secret". Keys rotate online:
put the new key first, keep the old one behind it, reseal every row that does not begin with `mark`, then drop the old key.

Each raw key is only ever input to HKDF (RFC 5869); every job has a subkey of its own.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES
_SEAL = "seal AES-256-GCM"


class SealBroken(Exception):
    """A ciphertext that cannot be opened: forged, cut, of another owner, or of a key that is not in the ring."""


class Sealer:
    """The ring of secret keys, newest first. Immutable after construction, so shared by all threads."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        if not secret_keys:
            raise ValueError("at least one secret key is needed")
        if any(len(key) != KEY_BYTES for key in secret_keys):
            raise ValueError(f"every secret key must have {KEY_BYTES} bytes")
        self._ring = tuple(secret_keys)
        self._newest = _key_id(self._ring[0])
        self._ciphers = {_key_id(key): AESGCM(_subkey(key, _SEAL)) for key in self._ring}

    @classmethod
    def from_hex(cls, secret_keys: Sequence[str]) -> "Sealer":
        """Make the ring from settings: each key as 64 hexadecimal digits."""
        return cls([bytes.fromhex(key) for key in secret_keys])

    def __repr__(self) -> str:
        """Name the newest key; hold none."""
        return f"Sealer(newest={self._newest.hex()}, keys={len(self._ring)})"

    def seal(self, plaintext: bytes, owner: str) -> str:
        """Encrypt under the newest key for this owner. The same plaintext never gives the same text twice."""
        head = _VERSION + self._newest
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = self._ciphers[self._newest].encrypt(nonce, plaintext, head + _owner(owner))
        return _encode(head + nonce + ciphertext)

    def open(self, sealed: str, owner: str) -> bytes:
        """Return the plaintext. Raises `SealBroken` for everything that this ring did not seal for this owner."""
        raw = _decode(sealed)
        head, nonce, ciphertext = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:][:_NONCE_BYTES], raw[_HEAD_BYTES + _NONCE_BYTES :]
        cipher = self._ciphers.get(head[len(_VERSION) :])
        if head[: len(_VERSION)] != _VERSION or cipher is None:
            raise SealBroken("sealed under a key that is not in IDP_SECRET_KEYS, or not a sealed text at all")
        try:
            return cipher.decrypt(nonce, ciphertext, head + _owner(owner))
        except (InvalidTag, ValueError) as error:
            raise SealBroken("the sealed text was altered or belongs to another owner") from error

    def is_newest(self, sealed: str) -> bool:
        """Tell whether the text names the newest key; when not, it wants to be opened and sealed again."""
        return _decode(sealed)[:_HEAD_BYTES] == _VERSION + self._newest

    @property
    def mark(self) -> str:
        """How every text that is sealed under the newest key begins."""
        return _encode(_VERSION + self._newest)

    def can_open(self, sealed: str) -> bool:
        """Whether the text names a key of this ring. `open` may still find it altered."""
        return _decode(sealed)[len(_VERSION) : _HEAD_BYTES] in self._ciphers

    def keyed(self, purpose: str) -> bytes:
        """Derive a 256-bit subkey of the newest key for one purpose. It changes when a new key is put first."""
        return _subkey(self._ring[0], "keyed " + purpose)

    def sign(self, purpose: str, message: bytes) -> str:
        """Make an HMAC-SHA-256 tag (base64url) under the newest key, for a value that others store for us."""
        return _encode(_tag(self._ring[0], purpose, message))

    def tags(self, purpose: str, message: bytes) -> list[str]:
        """Make the tag under every key of the ring, newest first: to find a value that was stored under its tag."""
        return [_encode(_tag(key, purpose, message)) for key in self._ring]

    def verify(self, purpose: str, message: bytes, tag: str) -> bool:
        """Tell whether any key of the ring made the tag: tags outlive the arrival of a new key. Never raises."""
        try:
            given = _decode(tag)
        except SealBroken:
            return False
        matches = [hmac.compare_digest(_tag(key, purpose, message), given) for key in self._ring]
        return any(matches)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()[:_KEY_ID_BYTES]


@lru_cache(maxsize=256)
def _subkey(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"informer idp " + purpose.encode()).derive(key)


def _tag(key: bytes, purpose: str, message: bytes) -> bytes:
    return hmac.digest(_subkey(key, "sign " + purpose), message, "sha256")


def _owner(owner: str) -> bytes:
    return owner.encode("utf-8", "surrogatepass")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise SealBroken("not base64url") from error
    if _encode(raw) != text:  # one text for one value: no padding, no loose last bits
        raise SealBroken("not canonical base64url")
    return raw
