"""Colours by WCAG 2.2: a company's colour as it is worn on light and on dark pages. Pure.

typed ─▶ read ─▶ shade(theme): seen on its pages already? ──yes──▶ as it is
                                      │ no
                                      └─▶ in OKLCH, the same hue, so much darker or lighter that it just is

Any colour will do. OKLCH (Björn Ottosson, "A perceptual color space for image processing"; CSS Color 4 section 9.2) says
how light a colour looks, so a darker blue stays blue. Where a screen has no such colour, its chroma gives way, never its hue.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LEAST_ON_PAGE: Final = 3.0
"""Success criterion 1.4.11: what shows that something is a button, against the page behind it."""
LEAST_TEXT: Final = 4.5
"""Success criterion 1.4.3: the words on it."""
INKS: Final = ("#ffffff", "#000000")
"""What may be written on a colour; on every colour one of them can be read."""
_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_HALVINGS: Final = 12
_HOVERED: Final = (0.15, 0.1, 0.05)
_LINEAR: Final = 0.04045
"""Up to here the curve of sRGB is a line."""
_ROUNDED: Final = 0.0005

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Theme:
    """The pages and cards of our stylesheet in one theme, and the lightness at the far end of what is seen on them."""

    grounds: tuple[str, ...]
    far: float


LIGHT: Final = Theme(("#f5f4ef", "#ffffff"), 0.0)
DARK: Final = Theme(("#0e1412", "#161e1b"), 1.0)


@dataclass(frozen=True, slots=True)
class Worn:
    """A colour as a theme wears it: of a button, of the words on it, and of the button while the pointer is there."""

    button: str
    ink: str
    hovered: str


def read(text: str) -> str | None:
    """The colour as six hexadecimal digits after #, in small letters; None for what is none."""
    colour = text.strip().lower()
    return colour if _HEX.fullmatch(colour) else None


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on_page(colour: str, theme: Theme) -> float:
    """How the colour contrasts with the page or the card behind it, whichever is less."""
    return min(contrast(colour, ground) for ground in theme.grounds)


@lru_cache(maxsize=1024)
def worn(colour: str, theme: Theme) -> Worn:
    """The colour as the theme wears it."""
    button = shade(colour, theme)
    ink = ink_on(button)
    return Worn(button, ink, _hovered(button, ink, theme))


def shade(colour: str, theme: Theme) -> str:
    """The colour of the same hue that is seen on the pages of the theme, and least lighter or darker; often itself."""
    if on_page(colour, theme) >= LEAST_ON_PAGE:
        return colour
    lightness, a, b = _oklab(colour)
    unseen, seen = lightness, theme.far
    for _ in range(_HALVINGS):
        middle = (unseen + seen) / 2
        if on_page(_written(_on_a_screen(middle, a, b)), theme) >= LEAST_ON_PAGE:
            seen = middle
        else:
            unseen = middle
    return _written(_on_a_screen(seen, a, b))


def ink_on(colour: str) -> str:
    """White or black, whichever is read better on it."""
    return max(INKS, key=lambda ink: contrast(ink, colour))


def _hovered(button: str, ink: str, theme: Theme) -> str:
    """A shade away from what is written on it, else towards it; as far as the button is seen and the words are read."""
    shades = (_mixed(button, end, share) for share in _HOVERED for end in sorted(INKS, key=lambda end: end == ink))
    return next((other for other in shades if other != button and _fits(other, ink, theme)), button)


def _fits(colour: str, ink: str, theme: Theme) -> bool:
    return on_page(colour, theme) >= LEAST_ON_PAGE and contrast(ink, colour) >= LEAST_TEXT


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(other), strict=True)
    red, green, blue = (part + (end - part) * share for part, end in pairs)
    return _written((red, green, blue))


def _luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = map(_linear, _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _oklab(colour: str) -> Triple:
    """How light the colour looks, and where its hue and chroma are."""
    red, green, blue = map(_linear, _parts(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _of_oklab(lightness: float, a: float, b: float) -> Triple:
    """Its red, green and blue; below 0 or above 1 where no screen has it."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _curved(4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short),
        _curved(-1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short),
        _curved(-0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short),
    )


def _on_a_screen(lightness: float, a: float, b: float) -> Triple:
    """The colour of that lightness and hue with as much of its chroma as a screen has."""
    least, most = 0.0, 1.0
    if _is_on_a_screen(_of_oklab(lightness, a, b)):
        least = 1.0
    else:
        for _ in range(_HALVINGS):
            share = (least + most) / 2
            if _is_on_a_screen(_of_oklab(lightness, share * a, share * b)):
                least = share
            else:
                most = share
    return _of_oklab(lightness, least * a, least * b)


def _is_on_a_screen(parts: Triple) -> bool:
    return all(-_ROUNDED <= part <= 1 + _ROUNDED for part in parts)


def _linear(part: float) -> float:
    return part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4


def _curved(part: float) -> float:
    return part * 12.92 if part <= _LINEAR / 12.92 else 1.055 * part ** (1 / 2.4) - 0.055


def _parts(colour: str) -> Triple:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _written(parts: Triple) -> str:
    return "#" + "".join(f"{min(255, max(0, round(part * 255))):02x}" for part in parts)
