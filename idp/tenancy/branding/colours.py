"""Colours by WCAG 2.2: whether one is seen on our pages and can be written on, and the nearest that is and can. Pure."""

import colorsys
import enum
import re
from typing import Final

LEAST_ON_PAGE: Final = 3.0
"""Success criterion 1.4.11: what shows that something is a button, against the page behind it."""
LEAST_TEXT: Final = 4.5
"""Success criterion 1.4.3: the words on it."""
LIGHT: Final = ("#f5f4ef", "#ffffff")
DARK: Final = ("#0e1412", "#161e1b")
"""The pages and cards of our stylesheet, in both themes."""
INKS: Final = ("#ffffff", "#000000")
"""What may be written on a colour; on every colour one of them can be read."""
_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_STEPS: Final = 500
_HOVERED: Final = 0.15
_LINEAR: Final = 0.04045
"""Up to here the curve of sRGB is a line."""


class Fault(enum.Enum):
    """Where a colour would hardly be seen."""

    ON_LIGHT = "on light"
    ON_DARK = "on dark"


def read(text: str) -> str | None:
    """The colour as six hexadecimal digits after #, in small letters; None for what is none."""
    colour = text.strip().lower()
    return colour if _HEX.fullmatch(colour) else None


def contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def faults(colour: str) -> tuple[Fault, ...]:
    """Where a button of this colour would hardly be seen; none: it is fit for both themes."""
    grounds = {Fault.ON_LIGHT: LIGHT, Fault.ON_DARK: DARK}
    return tuple(
        fault for fault, pages in grounds.items() if any(contrast(colour, page) < LEAST_ON_PAGE for page in pages)
    )


def ink_on(colour: str) -> str:
    """White or black, whichever is read better on it."""
    return max(INKS, key=lambda ink: contrast(ink, colour))


def nearest(colour: str) -> str:
    """The colour of the same hue that is fit, and least lighter or darker."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    tried = sorted((step / _STEPS for step in range(_STEPS + 1)), key=lambda light: abs(light - lightness))
    shades = (_written(colorsys.hls_to_rgb(hue, light, saturation)) for light in tried)
    return next(shade for shade in (colour, *shades) if not faults(shade))


def hovered(colour: str) -> str:
    """A shade that moves away from what is written on it, for when the pointer is there."""
    end = 0.0 if ink_on(colour) == INKS[0] else 1.0
    red, green, blue = (part + (end - part) * _HOVERED for part in _parts(colour))
    return _written((red, green, blue))


def _luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = (part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _written(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)
