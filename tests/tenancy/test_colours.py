"""WCAG 2.2, success criteria 1.4.3 and 1.4.11: how a company's colour is worn in both themes."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.platform import paths
from idp.tenancy.branding import colours, looks
from idp.tenancy.branding.colours import Theme
from idp.tenancy.models import Tenant

THEMES = st.sampled_from([colours.LIGHT, colours.DARK])
ROUNDED = 0.005
"""How far in OKLab a colour may be from itself when it is written in eight bits a channel."""
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


@given(COLOURS, THEMES)
def test_every_colour_is_seen_and_read(colour: str, theme: Theme) -> None:
    """Success criteria 1.4.11 and 1.4.3: 3:1 against the page behind a button, 4.5:1 for its words; pointed at, too."""
    worn = colours.worn(colour, theme)
    for button in (worn.button, worn.hovered):
        assert colours.read(button) == button
        assert colours.contrast(worn.ink, button) >= colours.LEAST_TEXT
        for page in theme.grounds:
            assert colours.contrast(button, page) >= colours.LEAST_ON_PAGE


@given(COLOURS, THEMES)
def test_a_colour_moves_only_as_far_as_needed(colour: str, theme: Theme) -> None:
    """One that is seen stays as it is; another one ends just where it is seen, of the same hue and no louder."""
    shade = colours.shade(colour, theme)
    if colours.on_page(colour, theme) >= colours.LEAST_ON_PAGE:
        assert shade == colour
        return
    assert colours.on_page(shade, theme) < 1.02 * colours.LEAST_ON_PAGE
    (before, a, b), (after, other_a, other_b) = colours._oklab(colour), colours._oklab(shade)
    assert (after < before) is (theme is colours.LIGHT)
    typed, worn = math.hypot(a, b), math.hypot(other_a, other_b)
    assert worn <= typed + ROUNDED
    assert abs(a * other_b - b * other_a) <= ROUNDED * typed


@pytest.mark.parametrize(
    ("colour", "on_light", "on_dark"),
    [
        ("#ffd400", "#a78a00", "#ffd400"),
        ("#001a4d", "#001a4d", "#4567a1"),
        ("#ffffff", "#8d8d8d", "#ffffff"),
        ("#000000", "#000000", "#676767"),
        ("#1971c2", "#1971c2", "#1971c2"),
    ],
    ids=["yellow", "navy", "white", "black", "blue"],
)
def test_what_firms_wear(colour: str, on_light: str, on_dark: str) -> None:
    """Navy is lighter in the dark, yellow is darker in the light; a colour between them is itself."""
    assert (colours.shade(colour, colours.LIGHT), colours.shade(colour, colours.DARK)) == (on_light, on_dark)


def test_a_mail_has_the_shade_of_light_pages() -> None:
    """Its paper is light."""
    tenant = Tenant(name="Zon", branding={"colour": "#ffd400"})
    assert looks.face_of(tenant)["colour"] == "#a78a00"


def test_the_pages_are_those_of_the_stylesheet() -> None:
    """What colours are compared with is what our pages have behind them."""
    styles = (paths.STATIC / "informer.css").read_text(encoding="utf-8")
    papers = re.findall(r"--(?:paper|surface): (#[0-9a-f]+);", styles)
    assert [paper if len(paper) == 7 else "#" + "".join(2 * digit for digit in paper[1:]) for paper in papers] == [
        *colours.LIGHT.grounds,
        *colours.DARK.grounds,
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
