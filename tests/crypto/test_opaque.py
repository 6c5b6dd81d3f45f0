"""Opaque values: enough randomness, one digest, a comparison that takes any text."""

import hashlib
import re

import pytest

from idp.crypto import opaque


def test_new_is_256_random_bits_in_base64url() -> None:
    """RFC 6749 section 10.10 asks for a chance to guess of at most 2^-128; these have 2^-256 and fit a URL."""
    made = {opaque.new() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", value) for value in made)


def test_digest_is_sha_256_in_hexadecimal() -> None:
    """What is stored is the SHA-256 of the text, so any program can check it."""
    assert opaque.digest("abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    "value", ["", "\0", "é", "\ud800", "x" * 100_000], ids=["empty", "nul", "accent", "surrogate", "long"]
)
def test_any_text_has_a_digest(value: str) -> None:
    """A hostile cookie is an unknown value, never an accident."""
    assert re.fullmatch(r"[0-9a-f]{64}", opaque.digest(value))


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        ("abc", "ab", False),
        ("é", "é", True),
        ("\ud800", "?", False),
        ("", "", True),
    ],
    ids=["equal", "different", "shorter", "not ASCII", "surrogate", "empty"],
)
def test_same(a: str, b: str, equal: bool) -> None:
    """Equal texts are the same, whatever they hold."""
    assert opaque.same(a, b) is equal
