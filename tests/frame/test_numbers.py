"""A number of a rule or a requirement, wherever it is named, is one that the project explains.

Two series are used: the rules of logging in (`A1` to `E7`, `tests/rules.py`) and the security requirements (`R01` to `R88`,
of which `tests/requirements.py` has what is named). A number that neither table has is dangling: whoever meets it in
a docstring cannot look it up. Words that only look like a rule, such as the paper size A4, are not looked for outside
docstrings and comments.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.requirements import REQUIREMENTS
from tests.rules import RULES

ROOT = Path(__file__).parents[2]
TABLES = {ROOT / "tests/requirements.py", ROOT / "tests/rules.py", Path(__file__)}
RULE = re.compile(r"\b[A-E][1-9]\d?\b")
REQUIREMENT = re.compile(r"\bR\d\d\b")
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def test_every_number_is_explained() -> None:
    """Each rule is in the table of rules, each requirement in that of requirements."""
    known = {rule.id for rule in RULES} | set(REQUIREMENTS)
    assert [found for found in named() if found.partition(" ")[0] not in known] == []


def test_an_explanation_is_a_sentence() -> None:
    """The requirements stand in their order, each number once, each in one line."""
    assert list(REQUIREMENTS) == sorted(REQUIREMENTS)
    assert [number for number in REQUIREMENTS if not REQUIREMENT.fullmatch(number)] == []
    assert [says for says in REQUIREMENTS.values() if "\n" in says or not says.endswith(".")] == []


def test_a_dangling_number_is_found() -> None:
    """In a docstring or in a comment, of either series; not in what is no sentence."""
    source = '"""It holds (Z9, A77)."""\n\n\ndef f():\n    """R99."""\n    return "E77"  # C44\n'
    assert set(numbers_in(source)) == {"A77", "R99", "C44"}


@cache
def named() -> tuple[str, ...]:
    """Each number with the file that names it."""
    files = {file for folder in ("idp", "tests") for file in (ROOT / folder).rglob("*.py")} - TABLES
    read = ((file, file.read_text("utf-8")) for file in sorted(files))
    return tuple(f"{number} {file.relative_to(ROOT)}" for file, source in read for number in numbers_in(source))


def numbers_in(source: str) -> Iterator[str]:
    """The numbers in a file's docstrings and comments."""
    for sentence in sentences(source):
        yield from RULE.findall(sentence)
        yield from REQUIREMENT.findall(sentence)


def sentences(source: str) -> Iterator[str]:
    """The file's docstrings and comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED):
            yield ast.get_docstring(node, clean=False) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
