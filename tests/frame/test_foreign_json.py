"""JSON that others wrote: what is taken of it, and that it is read in one place (R85)."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.platform.foreign_json import MOST_DEPTH, Unusable, is_text, list_in, object_in
from tests.support.jwt_parts import ODD_JSON

IDP = Path(__file__).parents[2] / "idp"
OUR_OWN = {
    "accounts/bulk_invite/sealed.py": "people of an import, sealed by us",
    "demo/directory.py": "the demo's own secrets",
    "platform/foreign_json.py": "the one place",
    "reporting/login_counts.py": "a column of ours",
    "login/trust/known_ip.py": "a cached grant, behind a tag of ours",
    "oidc/clients/client_keys.py": "a registered key, as it was kept",
    "outbox/deliver.py": "a letter, sealed by us",
    "shortlived/envelope.py": "a value, sealed by us",
}
"""Where JSON is parsed, and whose it is."""


def test_it_is_parsed_in_one_place() -> None:
    """Everything else that is parsed was written by ourselves, and sealed or signed."""
    found = {
        path.relative_to(IDP).as_posix()
        for path in IDP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"json.loads", "json.load", "request.json"}
    }
    assert found == OUR_OWN.keys()


@pytest.mark.parametrize("odd", ODD_JSON)
def test_what_is_no_object_is_a_value(odd: str) -> None:
    """No exception, a reason in plain signs that may stand in an error_description."""
    found = object_in(ODD_JSON[odd])
    assert isinstance(found, Unusable), found
    assert found.because.isascii()
    assert found.because.isprintable()
    assert '"' not in found.because


@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_how_deep(opens: str, closes: str) -> None:
    """So deep and no deeper, whatever stands in texts."""
    inner = (MOST_DEPTH - 1) * opens + '"[[[[{{{{\\"[[[["' + (MOST_DEPTH - 1) * closes
    assert not isinstance(object_in('{"a":' + inner + "}"), Unusable)
    assert not isinstance(list_in("[" + inner + "]"), Unusable)
    assert object_in('{"a":' + opens + inner + closes + "}") == Unusable(f"is nested deeper than {MOST_DEPTH}")


def test_how_large() -> None:
    """In bytes, before anything is looked at."""
    assert object_in(b"{}" + b" " * 98, 100) == {}
    assert object_in(b"{}" + b" " * 99, 100) == Unusable("has more than 100 bytes")


@pytest.mark.parametrize(
    "raw", ['"' * 60_000, '"\\' * 30_000, '\\"' * 30_000, '{"a":"' + '\\"' * 30_000, "[]," * 20_000]
)
def test_it_takes_no_time(raw: str) -> None:
    """Texts that never end are looked at once: a search that begins anew at each sign would take minutes (test's limit)."""
    assert isinstance(object_in(raw), Unusable)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_is_no_text(text: str) -> None:
    """Neither a store nor a wire takes it."""
    assert not is_text(text)
    assert isinstance(list_in(json.dumps([text])), Unusable)
    assert isinstance(list_in(json.dumps([{text: 1}])), Unusable)


def test_what_is_text() -> None:
    """Every other character, written or escaped; a pair of surrogates is one."""
    assert is_text("é\u2028😀\x7f")
    assert object_in('{"\\ud83d\\ude00":"\\\\u0000 \\\\ud800"}') == {"😀": "\\u0000 \\ud800"}


@settings(derandomize=True, database=None, max_examples=300)
@given(st.text() | st.text(st.sampled_from('[]{}"\\:,u0d8a1 '), max_size=30) | st.binary())
def test_anything_is_answered(raw: str | bytes) -> None:
    """R85: whatever it is, the answer is a value."""
    assert isinstance(object_in(raw), dict | Unusable)
    assert isinstance(list_in(raw), list | Unusable)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(derandomize=True, database=None, max_examples=200)
@given(
    st.dictionaries(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=5), json_values, max_size=4)
)
def test_i_json_is_taken_as_it_is(value: dict[str, object]) -> None:
    """RFC 7493: what interoperates is read as everybody reads it."""
    assert object_in(json.dumps(value)) == value
