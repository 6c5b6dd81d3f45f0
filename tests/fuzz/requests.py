"""Requests that nobody in their right mind sends: known parameters with known, near and mad values, and bytes.

Every value has a fair chance of being right, so that requests get past the first check, and of being anything at all.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

from hypothesis import strategies as st
from joserfc.jwk import ECKey

from tests.support.jwt_parts import ODD_JSON, ODD_MEMBERS, compact

Pair = tuple[str, bytes]
ODD: Sequence[str] = (
    "",
    " ",
    "\x00",
    "é\u202e😀",
    "\r\nSet-Cookie: a=b",
    "null",
    "[]",
    "{}",
    "-1",
    "1e309",
    "9" * 5000,
    "a" * 5000,
    "%00",
    "%",
    "none",
    "https://evil.example/cb",
    "javascript:alert(1)",
    "urn:ietf:params:oauth:request_uri:nobody",
    "eyJhbGciOiJub25lIn0.e30.",
    "a.b.c",
    "....",
    "[" * 3000,
    '{"userinfo":null,"id_token":{"acr":{"essential":true,"values":[1,null]}}}',
    '{"id_token":' * 500,
)


def encoded(given: Sequence[Pair]) -> bytes:
    """The parameters as a query or a form."""
    return "&".join(f"{quote_plus(name)}={quote_from_bytes(value)}" for name, value in given).encode()


def values(known: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Values for a parameter: known ones mostly, near ones, odd ones, anything."""
    right = st.sampled_from([*known, *known, *known] or ["x"]).map(str.encode)
    near = st.tuples(right, st.sampled_from([b"/", b"?a=b", b"#f", b" ", b"\x00", b"\xff", b".evil.example", b"x"]))
    odd = st.sampled_from([text.encode() for text in ODD])
    return right | right | right | near.map(b"".join) | odd | st.binary(max_size=40)


def pairs(core: dict[str, Sequence[str]], more: dict[str, Sequence[str]]) -> st.SearchStrategy[tuple[Pair, ...]]:
    """Parameters: the core right or anything; the others there or not; some that nobody knows, some twice."""
    right = st.just([(name, choices[0].encode()) for name, choices in core.items()])
    mixed = st.tuples(*[_pair(name, choices) | st.none() for name, choices in core.items()])
    also = st.lists(st.one_of([_pair(name, choices) for name, choices in more.items()]), max_size=3)
    names = st.sampled_from(sorted({**core, **more})) | st.text(max_size=12)
    none: list[Pair] = []
    odd = st.just(none) | st.just(none) | st.lists(st.tuples(names, values(["x"])), max_size=2)
    return st.tuples(right | right | mixed, also, odd).map(lambda three: tuple(p for some in three for p in some if p))


def _pair(name: str, choices: Sequence[str]) -> st.SearchStrategy[Pair]:
    return values(choices).map(lambda value: (name, value))


def authorization(known: Sequence[str]) -> st.SearchStrategy[str | None]:
    """The header of that name, or none."""
    scheme = st.sampled_from(["Basic ", "Bearer ", "DPoP ", "bearer", "Digest ", ""])
    made = st.tuples(scheme, st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60)).map("".join)
    right = st.sampled_from([*known]) if known else st.none()
    return st.none() | right | right | made


def trees() -> st.SearchStrategy[Any]:
    """Whatever JSON can say."""
    leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(ODD)
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )


NAMES_OF_A_HEADER = ("alg", "typ", "kid", "jwk", "crit", "b64", "x5c", "cty", "jku")


def jwts(header: Mapping[str, Any], claims: Mapping[str, Any], key: ECKey) -> st.SearchStrategy[str]:
    """JWTs with a right signature: right but for some members, or with a part that is anything; some cut or glued."""
    signed = st.builds(
        lambda head, said: compact(head, said, key),
        _part(header, [*header, *NAMES_OF_A_HEADER], [*ODD_MEMBERS.values()]),
        _part(claims, [*claims, "sub", "exp", "aud", "cnf", "act"], [{"sub": "a\0"}, {"exp": True}, {"aud": {}}]),
    )
    spoilt = signed.map(lambda text: text[:-3]) | signed.map(lambda text: text + ".e30") | st.text(max_size=30)
    return signed | signed | signed | spoilt


def _part(right: Mapping[str, Any], names: Sequence[str], odd: Sequence[Mapping[str, Any]]) -> st.SearchStrategy[bytes]:
    changes = st.dictionaries(st.sampled_from(names), trees(), max_size=2)
    mixed = (st.just({}) | changes | st.sampled_from(odd)).map(lambda change: json.dumps({**right, **change}).encode())
    return mixed | mixed | st.sampled_from([*ODD_JSON.values()])


def basics(client_ids: Sequence[str]) -> st.SearchStrategy[str]:
    """`Authorization: Basic` with ids and secrets of bytes of all kinds, form-encoded or not."""
    odd = st.sampled_from([b"%00", b"%ff", b"%ed%a0%80", b"\xff", b"\0", b"", b"%", b"a" * 5000]) | st.binary(
        max_size=12
    )
    name = st.sampled_from([one.encode() for one in client_ids])
    pair = st.tuples(name | odd | st.tuples(name, odd).map(b"".join), st.sampled_from([b":", b"", b"::"]), odd)
    return pair.map(lambda parts: "Basic " + base64.b64encode(b"".join(parts)).decode("ascii"))
