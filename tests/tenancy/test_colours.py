"""WCAG 2.2, success criteria 1.4.3 and 1.4.11: what a company's colour must be like in both themes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import places
from idp.tenancy.branding import colours
from idp.tenancy.branding.colours import DARK, LIGHT, Fault

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#0b5d4b", "#0b5d4b", 1.0),
        ("#ff0000", "#ffffff", 4.0),
    ],
    ids=["black and white", "grey", "itself", "red"],
)
def test_contrast_by_known_values(one: str, other: str, ratio: float) -> None:
    """The ratio is that of the formula of WCAG 2.2, whichever colour is named first."""
    assert colours.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert colours.contrast(other, one) == colours.contrast(one, other)


@pytest.mark.parametrize(
    ("colour", "found"),
    [
        ("#ffd400", (Fault.ON_LIGHT,)),
        ("#ffffff", (Fault.ON_LIGHT,)),
        ("#001a4d", (Fault.ON_DARK,)),
        ("#000000", (Fault.ON_DARK,)),
        ("#d6336c", ()),
        ("#1971c2", ()),
    ],
    ids=["yellow", "white", "navy", "black", "pink", "blue"],
)
def test_who_would_not_see_it(colour: str, found: tuple[Fault, ...]) -> None:
    """Success criterion 1.4.11: 3:1 against the page behind it, in the light and in the dark."""
    assert colours.faults(colour) == found


@given(COLOURS)
def test_words_on_it_can_be_read(colour: str) -> None:
    """Success criterion 1.4.3: 4.5:1 for what we write on any colour, also while the pointer is there."""
    ink = colours.ink_on(colour)
    assert colours.contrast(ink, colour) >= colours.LEAST_TEXT
    assert colours.contrast(ink, colours.hovered(colour)) >= colours.LEAST_TEXT


@given(COLOURS)
def test_the_nearest_is_fit(colour: str) -> None:
    """What is offered instead is fit for both themes, and a colour that is fit is left as it is."""
    offered = colours.nearest(colour)
    assert colours.faults(offered) == ()
    assert colours.read(offered) == offered
    assert (offered == colour) is (colours.faults(colour) == ())


def test_the_nearest_keeps_its_hue() -> None:
    """Yellow becomes a darker yellow, navy a lighter blue."""
    red, green, blue = (int(colours.nearest("#ffd400")[at : at + 2], 16) for at in (1, 3, 5))
    assert red > green > blue
    red, green, blue = (int(colours.nearest("#001a4d")[at : at + 2], 16) for at in (1, 3, 5))
    assert blue > green > red


def test_the_pages_are_those_of_the_stylesheet() -> None:
    """What colours are compared with is what our pages have behind them."""
    styles = (places.STATIC / "informer.css").read_text(encoding="utf-8")
    papers = re.findall(r"--(?:paper|surface): (#[0-9a-f]+);", styles)
    assert [paper if len(paper) == 7 else "#" + "".join(2 * digit for digit in paper[1:]) for paper in papers] == [
        *LIGHT,
        *DARK,
    ]


@pytest.mark.parametrize(
    "text", ["", "red", "#fff", "0b5d4b", "#0b5d4", "#0b5d4bb", "#0b5d4b;}", "#0b5d4\n", "٠b5d4b", "#gggggg"]
)
def test_what_is_no_colour(text: str) -> None:
    """Six hexadecimal digits after #, and nothing else."""
    assert colours.read(text) is None


def test_a_colour_is_written_in_one_way() -> None:
    """Capitals and blanks around it are not told apart."""
    assert colours.read(" #0B5D4B ") == "#0b5d4b"
