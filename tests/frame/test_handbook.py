"""What is written for people names files that exist, and the decisions are numbered, dated and in their index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDBOOK = ROOT / "idp/handbook"
DECISIONS = sorted((HANDBOOK / "decisions").glob("[0-9]*.md"))
TEXTS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(HANDBOOK.rglob("*.md")))
QUOTED = re.compile(r"`((?:idp|tests|templates|migrations|config)/[^`\s]*|[\w-]+\.(?:md|toml|lock))`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
STANDS_FOR_ANOTHER = re.compile(r"NAME|NNNN|DOCUMENT|<")


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(text.relative_to(ROOT)))
def test_what_is_named_exists(text: Path) -> None:
    """Each file in backticks by its path from the top, each link from where it stands."""
    said = text.read_text("utf-8")
    named = {name for name in QUOTED.findall(said) if not STANDS_FOR_ANOTHER.search(name)}
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
    assert sorted(link for link in LINK.findall(said) if not (text.parent / link).exists()) == []


def test_decisions_are_numbered_and_listed() -> None:
    """From 1 on without a gap, each once in the index by its title."""
    titles = {file.name: file.read_text("utf-8").partition("\n")[0].removeprefix("# ") for file in DECISIONS}
    assert [int(name[:4]) for name in titles] == list(range(1, len(titles) + 1))
    lines = (f"- [{name[:4]}]({name}) {title.partition('. ')[2]}" for name, title in titles.items())
    index = (HANDBOOK / "decisions/README.md").read_text("utf-8").splitlines()
    assert [line for line in index if line.startswith("- ")] == list(lines)


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.name[:4])
def test_a_decision_is_whole(file: Path) -> None:
    """A title with its number, a date, and the four parts."""
    title, date, *parts = file.read_text("utf-8").split("\n\n")
    assert title.startswith(f"# {int(file.name[:4])}. ")
    assert re.fullmatch(r"Date: 20\d\d-\d\d-\d\d", date)
    heads = [
        head
        for head in ("Context", "Decision", "Weighed", "Consequence")
        for part in parts
        if part.startswith(f"**{head}.**")
    ]
    assert heads == ["Context", "Decision", "Weighed", "Consequence"]


def test_a_word_is_a_line() -> None:
    """Each entry of the glossary fits one line, and has a bold word and what it means."""
    entries = [line for line in (HANDBOOK / "glossary.md").read_text("utf-8").splitlines() if line.startswith("- ")]
    assert entries
    assert [line for line in entries if not re.match(r"- \*\*[^*]+\*\*.*[:(]", line)] == []
