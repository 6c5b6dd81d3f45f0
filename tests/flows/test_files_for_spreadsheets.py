"""R86: a file for spreadsheets calculates nothing, whatever the spreadsheet takes for a separator."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import idp
from idp.accounts.models import User
from idp.console.tables import row
from idp.web.cells import inert, meant
from tests.support.browser import NewBrowser
from tests.support.pages import open_page
from tests.support.world import World

SETTINGS = {"British": ",", "Dutch": ";", "by tabs": "\t"}
BEGINS_A_FORMULA = "=+-@＝＋－＠"
UNSEEN = " \t\r\n\x00\x0b\ufeff\u00a0\u200b\"'"
ATTACKS = (
    "=1+1",
    "Jan;=HYPERLINK(A1)",
    "Jan\t@SUM(A1)",
    "Jan,+1",
    "Jan\r\n-1",
    " =1+1",
    "\ufeff=1+1",
    "\t=1+1",
    ';"=1+1"',
    'x;""=1+1',
    "＝1+1",
    "Jan;－1",
    "; \ufeff@x",
)


def cells(line: str, separator: str) -> list[str]:
    """The cells that a spreadsheet makes of a line with these settings."""
    return [cell for found in csv.reader(io.StringIO(line, newline=""), delimiter=separator) for cell in found]


def calculated(cell: str) -> bool:
    """Whether a spreadsheet would: it leaves out what is not seen, and an apostrophe makes it text."""
    return cell.lstrip(UNSEEN.replace("'", ""))[:1] in tuple(BEGINS_A_FORMULA)


@pytest.mark.parametrize("separator", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("text", ATTACKS)
def test_no_attack_is_a_formula(text: str, separator: str) -> None:
    """Between two harmless cells, written for either separator."""
    for ours in (",", ";"):
        assert not any(map(calculated, cells(row("Anna", text, "x", separator=ours), separator)))


@given(st.lists(st.text(alphabet=f"a1,;\t\r\n{BEGINS_A_FORMULA}{UNSEEN}", max_size=12), min_size=1, max_size=4))
@example(['a"', ';"=1'])
def test_no_text_at_all_is_a_formula(texts: list[str]) -> None:
    """Whatever is mixed, in whatever cell."""
    for ours in (",", ";"):
        for separator in SETTINGS.values():
            found = cells(row(*texts, separator=ours), separator)
            assert not any(map(calculated, found)), found


@given(st.text(alphabet=f"a1 {BEGINS_A_FORMULA};,"))
def test_it_comes_back_as_it_was(text: str) -> None:
    """What was not invited is a file that can be chosen again."""
    assert meant(inert(text)) == text
    assert csv.reader([row(text)]) is not None


def test_the_files_of_the_console(world: World, new_browser: NewBrowser) -> None:
    """A colleague's name is no formula in the security center's file when it is opened with Dutch settings."""
    zon = world.tenant()
    eva, bert = world.user("eva", zon), world.user("bert", zon, type="administrator", totp=True)
    world.change(User, eva.id, name="Jan;=HYPERLINK(A1)")
    text = open_page(new_browser(), "/console/security-center", bert).http.get("/console/security-center.csv").text
    assert "Jan;'=HYPERLINK" in text
    assert not any(calculated(cell) for line in text.splitlines() for cell in cells(line, ";"))


def test_every_file_is_written_by_one_function() -> None:
    """Whoever writes CSV by hand is found here."""
    root = Path(idp.__file__).parent
    writers = [
        file.relative_to(root) for file in root.rglob("*.py") if re.search(r"csv\.(Dict)?[wW]riter", file.read_text())
    ]
    assert writers == [Path("console/tables.py")]
