"""JWTs of which every byte is chosen: headers that no library writes, payloads that are no claims, signed all the same.

compact(b'{"alg":"ES256","crit":5}', b"[]", key)        what RFC 7515 section 7.1 makes of these bytes
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

ODD_MEMBERS: Final[Mapping[str, dict[str, Any]]] = {
    "crit a number": {"crit": 5},
    "crit null": {"crit": None},
    "crit empty": {"crit": []},
    "crit an empty text": {"crit": ""},
    "crit of objects": {"crit": [{}]},
    "crit of nothing known": {"crit": ["x"], "x": 1},
    "crit and b64": {"crit": ["b64"], "b64": False},
    "b64": {"b64": False},
    "alg a list": {"alg": ["ES256"]},
    "alg an object": {"alg": {}},
    "alg null": {"alg": None},
    "kid an object": {"kid": {"a": 1}},
    "kid a list": {"kid": []},
    "typ a number": {"typ": 7},
    "typ a list": {"typ": ["JWT"]},
    "jwk a number": {"jwk": 5},
    "x5c a text": {"x5c": "x"},
}
"""What a header says beside or in place of what it should; each must be refused."""
ODD_JSON: Final[Mapping[str, bytes]] = {
    "deep list": b"[" * 4000,
    "deep and closed": b"[" * 2500 + b"]" * 2500,
    "deep objects": b'{"a":' * 700 + b"1" + b"}" * 700,
    "deep below": b'{"alg":"ES256","sub":"robot","x":' + b"[" * 1500 + b"]" * 1500 + b"}",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "a text": b'"x"',
    "not UTF-8": b'{"alg":"ES256","sub":"\xff"}',
    "half a character": b'{"alg":"ES256","sub":"\\ud800"}',
    "NUL": b'{"alg":"ES256","sub":"robot\\u0000"}',
    "member twice": b'{"alg":"none","alg":"ES256","sub":"robot"}',
    "NaN": b'{"alg":"ES256","sub":"robot","exp":NaN}',
    "infinite": b'{"alg":"ES256","sub":"robot","exp":1e999}',
    "many digits": b'{"alg":"ES256","sub":"robot","exp":' + b"9" * 4000 + b"}",
    "UTF-16": '{"alg":"ES256"}'.encode("utf-16"),
    "empty": b"",
    "open": b'{"a":"\\',
}
"""What is no header, and no payload."""


def encoded(part: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(part).decode("ascii").rstrip("=")


def compact(header: bytes, payload: bytes, key: ECKey) -> str:
    """These bytes, signed with ES256 whatever the header says."""
    said = f"{encoded(header)}.{encoded(payload)}"
    signer: Any = key.get_op_key("sign")
    r, s = decode_dss_signature(signer.sign(said.encode("ascii"), ECDSA(SHA256())))
    return f"{said}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
