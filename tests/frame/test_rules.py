"""The table of rules names a proof for every rule, and every proof that it names exists."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.rules import RULES, Rule

TESTS = Path(__file__).parents[1]
ROOMS = {"A": 8, "B": 8, "C": 10, "D": 8, "E": 6}


def test_every_rule_stands_in_the_table() -> None:
    """From A1 to E6, each once, in their order."""
    assert [rule.id for rule in RULES] == [f"{room}{n}" for room, many in ROOMS.items() for n in range(1, many + 1)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_proof(rule: Rule) -> None:
    """At least one test, or a word about what is missing; and each test is a function of its file."""
    assert rule.tests or rule.open_
    missing = [test for test in rule.tests if test.split("::")[1] not in names_in(test.split("::")[0])]
    assert missing == []


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((TESTS / f"{file}.py").read_text())
    functions = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(name for name in functions if name.startswith("test_"))
