"""The tables name a proof for every rule and promise, every proof that they name exists, and each rule's was seen to fail."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.breaks import BREAKS, Break
from tests.protocol import PROMISES, Promise
from tests.rules import RULES, Rule

TESTS = Path(__file__).parents[1]
ROOMS = {"A": 10, "B": 8, "C": 10, "D": 8, "E": 7}


def test_every_rule_stands_in_the_table() -> None:
    """From A1 to E7, each once, in their order."""
    assert [rule.id for rule in RULES] == [f"{room}{n}" for room, many in ROOMS.items() for n in range(1, many + 1)]


@pytest.mark.parametrize("rule", [*RULES, *PROMISES], ids=lambda rule: getattr(rule, "id", rule.says[:40]))
def test_every_rule_has_a_proof(rule: Rule | Promise) -> None:
    """At least one test, and each test is a function of its file."""
    assert rule.tests
    missing = [test for test in rule.tests if test.split("::")[1] not in names_in(test.split("::")[0])]
    assert missing == []


def test_every_rule_was_broken_once() -> None:
    """Each rule has its broken line, and the table names the test that goes red (`python -m tests.breaks` runs them)."""
    named = {rule.id: rule.tests for rule in RULES}
    assert [each.rule for each in BREAKS] == list(named)
    assert [each.test for each in BREAKS if each.test not in named[each.rule]] == []


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: each.rule)
def test_the_line_is_still_there(broken: Break) -> None:
    """Once, as it was when its test was seen to go red; whoever changes it breaks it anew, in `tests/breaks.py`."""
    assert (TESTS.parent / "idp" / broken.file).read_text().count(broken.line) == 1


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((TESTS / f"{file}.py").read_text())
    functions = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in functions if name.startswith("test_"))
