"""An authenticator in software: keys, CBOR and signatures as a telephone or a security key makes them.

phone = Authenticator(synced=True)
answer = phone.create(options, "https://login.example")      # what the script of a page sends back, as JSON
answer = phone.get(options, "https://login.example")

Keyword arguments spoil one thing of an honest answer: `origin`, `challenge`, `rp_id`, `verified`, `user_handle`, …
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, MAY_BE_COPIED, IS_COPIED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def to_text(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def to_bytes(text: str) -> bytes:
    """The bytes of base64url."""
    return urlsafe_b64decode(text + "===")


@dataclass(slots=True)
class Credential:
    """A key pair for one account at one RP ID."""

    id: bytes
    rp_id: str
    user_handle: bytes
    key: ec.EllipticCurvePrivateKey

    @property
    def cose(self) -> bytes:
        """The public key (RFC 9053 section 7.1.1: EC2, P-256, for ES256)."""
        point = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})


@dataclass(slots=True)
class Authenticator:
    """A device with passkeys. `counts=False`: it always says 0, as synced ones do."""

    synced: bool = False
    counts: bool = True
    sign_count: int = 0
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: str, site: str, *, credential_id: bytes | None = None, **spoilt: Any) -> str:
        """Make a key (section 6.3.2), without attestation. Refuses where it has one that is excluded."""
        asked = json.loads(options)
        excluded = {to_bytes(known["id"]) for known in asked["excludeCredentials"]}
        assert not excluded & {known.id for known in self.credentials}, "InvalidStateError"
        made = Credential(
            credential_id or secrets.token_bytes(32),
            asked["rp"]["id"],
            to_bytes(asked["user"]["id"]),
            ec.generate_private_key(ec.SECP256R1()),
        )
        self.credentials.append(made)
        data = self._data(spoilt.get("rp_id", made.rp_id), HAS_KEY, spoilt)
        data += bytes(16) + len(made.id).to_bytes(2, "big") + made.id + made.cose
        attestation = spoilt.get("attestation", {"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": to_text(client_data("webauthn.create", asked, site, spoilt)),
            "attestationObject": to_text(cbor2.dumps(attestation)),
            "transports": ["internal", "a-transport-of-tomorrow"],
        }
        return _credential(made, response)

    def get(self, options: str, site: str, **spoilt: Any) -> str:
        """Sign a challenge (section 6.3.3) with a key that is allowed, the newest where any is."""
        asked = json.loads(options)
        allowed = {to_bytes(known["id"]) for known in asked.get("allowCredentials", [])}
        mine = [c for c in self.credentials if c.rp_id == asked["rpId"] and (not allowed or c.id in allowed)]
        used: Credential = spoilt.get("credential") or mine[-1]
        data = self._data(spoilt.get("rp_id", used.rp_id), 0, spoilt)
        client = client_data("webauthn.get", asked, site, spoilt)
        signed = data + hashlib.sha256(client).digest()
        key = spoilt.get("key", used.key)
        response = {
            "clientDataJSON": to_text(client),
            "authenticatorData": to_text(data),
            "signature": to_text(key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        }
        handle = spoilt.get("user_handle", used.user_handle)
        if handle is not None:
            response["userHandle"] = to_text(handle)
        return _credential(used, response)

    def _data(self, rp_id: str, flags: int, spoilt: dict[str, Any]) -> bytes:
        """Authenticator data up to the count of signatures (section 6.1)."""
        self.sign_count = spoilt.get("sign_count", self.sign_count + 1 if self.counts else 0)
        flags |= PRESENT if spoilt.get("present", True) else 0
        flags |= VERIFIED if spoilt.get("verified", True) else 0
        flags |= MAY_BE_COPIED | IS_COPIED if self.synced else 0
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.sign_count.to_bytes(4, "big")


def client_data(kind: str, asked: dict[str, Any], site: str, spoilt: dict[str, Any]) -> bytes:
    """What the browser says of the ceremony (section 5.8.1)."""
    said = {
        "type": spoilt.get("type", kind),
        "challenge": spoilt.get("challenge", asked["challenge"]),
        "origin": spoilt.get("origin", site),
        "crossOrigin": spoilt.get("cross_origin", False),
    }
    return json.dumps(said).encode()


def _credential(of: Credential, response: dict[str, Any]) -> str:
    return json.dumps({"id": to_text(of.id), "rawId": to_text(of.id), "type": "public-key", "response": response})
