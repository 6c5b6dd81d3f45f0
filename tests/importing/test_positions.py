"""Where each key of a TOML document stands."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.provisioning.people.faults import Path, spelled
from idp.provisioning.people.positions import lines_of

ANNOTATED = '''\
# a comment with [brackets] and "quotes"
[[tenants]]  #: tenants[0]
slug = "a"  #: tenants[0].slug
name = """
multi [[line]] = "text" with \\""" in it
"""
after = 1  #: tenants[0].after
  [tenants.policy]  #: tenants[0].policy
  security_code = true  #: tenants[0].policy.security_code
[[tenants.users]]  #: tenants[0].users[0]
"quoted key" = 'literal # no comment'  #: tenants[0].users[0].quoted key
dotted.inner . deeper = 1979-05-27 07:32:00  #: tenants[0].users[0].dotted.inner.deeper
[[tenants.users]]  #: tenants[0].users[1]
literal = \'\'\'
[[not.a.table]]
\'\'\'
list = [  #: tenants[0].users[1].list
  1,  #: tenants[0].users[1].list[0]
  # a comment, with ] in it
  { a = "}", b = [] },  #: tenants[0].users[1].list[2] would be wrong: this is [1]
]
[[tenants.users.memberships]]  #: tenants[0].users[1].memberships[0]
tenant = "b"  #: tenants[0].users[1].memberships[0].tenant
[[tenants]]  #: tenants[1]
[[tenants.users]]  #: tenants[1].users[0]
[ plain . "table" ]  #: plain.table
last = -1.5e3'''


def test_every_key_is_found_on_its_line() -> None:
    """Tables, arrays of tables, dotted and quoted keys, inline tables and arrays are found where they stand."""
    found = {spelled(path): line for path, line in lines_of(ANNOTATED).items()}
    for number, line in enumerate(ANNOTATED.splitlines(), start=1):
        _, mark, key = line.partition("#: ")
        if mark and "would be wrong" not in key:
            assert found.pop(key) == number, key
    assert found == {
        "tenants[0].name": 4,
        "tenants[0].users[1].literal": 14,
        "tenants[0].users[1].list[1]": 20,
        "tenants[0].users[1].list[1].a": 20,
        "tenants[0].users[1].list[1].b": 20,
        "plain.table.last": 27,
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_line_ends_of_both_kinds(end: str) -> None:
    """A file from Windows has the same lines."""
    assert lines_of(f"a = 1{end}{end}b = 2{end}")[("b",)] == 3


KEYS = st.sampled_from(["a", "b-c", '"q.]"', "'l['", "x . y"])
SCALARS = st.sampled_from(["1", "true", '"s"', "'s'", "1979-05-27", '"""m\n"""', "'''m\n'''", '"\\" ]"', "-0.1"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: f"[ {', '.join(values)} ]"),
        st.lists(inner, max_size=2).map(lambda values: "[\n" + "".join(f" {value}, # ]\n" for value in values) + "]"),
        inner.map(lambda value: f"{{ i = {value}, j.k = 1 }}"),
    ),
    max_leaves=6,
)
LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.sampled_from(["[t]", "[[n]]", "[n.o]", "[[n.p]]", "# [c]", ""]),
)


@given(st.lists(LINES, max_size=8).map("\n".join))
def test_every_value_of_every_valid_document_has_a_line(text: str) -> None:
    """Whatever `tomllib` accepts can be walked, and each key, table and element that it sees has a line."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = lines_of(text)
    missing = {path for path in paths(content) if not any(known[: len(path)] == path for known in lines)}
    assert not missing
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


def paths(value: Any, path: Path = ()) -> set[Path]:
    """The path of everything in a document."""
    match value:
        case dict():
            inner = [paths(part, (*path, key)) for key, part in value.items()]
        case list():
            inner = [paths(part, (*path, place)) for place, part in enumerate(value)]
        case _:
            inner = []
    return set().union({path} if path else set(), *inner)
