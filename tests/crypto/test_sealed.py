"""Secrets at rest: they open for their owner under a key of the ring, and in every other case it is `SealBroken`."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto.sealed import SealBroken, Sealer

OLD, NEW, OTHER = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([NEW])


@given(plaintext=st.binary(max_size=5000), owner=st.text())
def test_what_was_sealed_opens(plaintext: bytes, owner: str) -> None:
    """Any bytes, for any owner."""
    sealer = Sealer([NEW])
    assert sealer.open(sealer.seal(plaintext, owner), owner) == plaintext


def test_format(sealer: Sealer) -> None:
    """Version 1, eight bytes of the key's SHA-256, a 12-byte nonce, ciphertext and a 16-byte tag: base64url."""
    sealed = sealer.seal(b"secret", "totp:1")
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert "=" not in sealed
    assert raw[0] == 1
    assert raw[1:9] == hashlib.sha256(NEW).digest()[:8]
    assert len(raw) == 1 + 8 + 12 + len(b"secret") + 16


def test_the_same_secret_never_looks_the_same(sealer: Sealer) -> None:
    """A fresh nonce each time: equal secrets cannot be seen to be equal, and no nonce repeats under a key."""
    assert len({sealer.seal(b"secret", "totp:1") for _ in range(500)}) == 500


def test_another_owner_cannot_open(sealer: Sealer) -> None:
    """A ciphertext that is moved to another row does not open."""
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"secret", "totp:1"), "totp:2")


def test_an_unknown_key_is_not_no_secret(sealer: Sealer) -> None:
    """A wrong key never reads as "nothing set": it raises."""
    sealed = Sealer([OTHER]).seal(b"secret", "totp:1")
    with pytest.raises(SealBroken, match="IDP_SECRET_KEYS"):
        sealer.open(sealed, "totp:1")


def test_every_altered_bit_is_noticed(sealer: Sealer) -> None:
    """Version, key id, nonce, ciphertext and tag: no single bit may change."""
    sealed = sealer.seal(b"secret", "totp:1")
    raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    for bit in range(len(raw) * 8):
        altered = bytearray(raw)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            sealer.open(base64.urlsafe_b64encode(altered).rstrip(b"=").decode(), "totp:1")


def test_every_cut_is_noticed(sealer: Sealer) -> None:
    """No prefix of a sealed text opens."""
    sealed = sealer.seal(b"secret", "totp:1")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length], "totp:1")


@given(st.text())
def test_any_text_is_refused_as_broken(text: str) -> None:
    """Whatever stands in the column, the only error is `SealBroken`."""
    with pytest.raises(SealBroken):
        Sealer([NEW]).open(text, "totp:1")


@pytest.mark.parametrize(
    "spoil", ["{}=", "{}\n", " {}", "{}é", "{}A"], ids=["padded", "newline", "space", "accent", "longer"]
)
def test_one_text_for_one_secret(sealer: Sealer, spoil: str) -> None:
    """Only the canonical text opens, so a sealed text can be compared as text."""
    with pytest.raises(SealBroken):
        sealer.open(spoil.format(sealer.seal(b"secret", "totp:1")), "totp:1")


def test_rotation() -> None:
    """With the new key first and the old one behind, all opens; resealed, the old key may go."""
    old = Sealer([OLD]).seal(b"secret", "totp:1")
    both = Sealer([NEW, OLD])
    assert not both.is_newest(old)
    resealed = both.seal(both.open(old, "totp:1"), "totp:1")
    assert both.is_newest(resealed)
    assert Sealer([NEW]).open(resealed, "totp:1") == b"secret"


def test_is_newest_of_garbage_raises(sealer: Sealer) -> None:
    """Resealing stops at a broken row and does not take it for an old one that can be skipped."""
    with pytest.raises(SealBroken):
        sealer.is_newest("not sealed!")


def test_every_purpose_has_its_own_subkey(sealer: Sealer) -> None:
    """RFC 5869 subkeys: 32 bytes, stable, another one per purpose and per key, and never the raw key itself."""
    subkeys = [sealer.keyed("csrf"), sealer.keyed("cookies"), Sealer([OLD]).keyed("csrf"), NEW]
    assert len(set(subkeys)) == len(subkeys)
    assert all(len(subkey) == 32 for subkey in subkeys)
    assert sealer.keyed("csrf") == Sealer([NEW, OLD]).keyed("csrf")


def test_tags(sealer: Sealer) -> None:
    """A tag verifies for its purpose and message, and for nothing else."""
    tag = sealer.sign("cache", b"value")
    assert sealer.verify("cache", b"value", tag)
    assert not sealer.verify("cache", b"other", tag)
    assert not sealer.verify("csrf", b"value", tag)
    assert not Sealer([OTHER]).verify("cache", b"value", tag)


def test_a_tag_outlives_the_arrival_of_a_new_key() -> None:
    """Signed under the old key, verified while the old key is still in the ring."""
    assert Sealer([NEW, OLD]).verify("cache", b"value", Sealer([OLD]).sign("cache", b"value"))


@pytest.mark.parametrize(
    "tag", ["", "A", "é", "\ud800", "=", "A" * 1_000_000], ids=["empty", "half", "accent", "surrogate", "pad", "long"]
)
def test_any_text_is_only_a_wrong_tag(sealer: Sealer, tag: str) -> None:
    """Verification answers no, it never raises."""
    assert not sealer.verify("cache", b"value", tag)


@pytest.mark.parametrize(
    "keys", [[], [b"short"], [NEW, b"x" * 31], [b"x" * 33]], ids=["none", "short", "second short", "long"]
)
def test_unusable_keys_are_refused(keys: list[bytes]) -> None:
    """A ring without keys, or with one that is not 256 bits, is never made."""
    with pytest.raises(ValueError, match="secret key"):
        Sealer(keys)


def test_keys_never_show_in_a_repr(sealer: Sealer) -> None:
    """A log line with the ring in it names the key, it does not hold it."""
    assert NEW.hex() not in repr(sealer)
    assert hashlib.sha256(NEW).hexdigest()[:16] in repr(sealer)


def test_from_hex() -> None:
    """Settings give each key as 64 hexadecimal digits."""
    assert Sealer.from_hex([NEW.hex()]).open(Sealer([NEW]).seal(b"x", "o"), "o") == b"x"
