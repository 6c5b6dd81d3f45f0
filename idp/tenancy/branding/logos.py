"""A logo that somebody uploads: what we keep is a small PNG that we drew ourselves, never what was sent.

bytes ─▶ too many? ─▶ PNG, JPEG or WebP by its first bytes? ─▶ too many pixels? ─▶ decoded ─▶ turned, shrunk ─▶ PNG
          (a file)      (SVG can carry programs)                (before decoding)              (nothing else is left)
"""

import enum
import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image

MOST_BYTES: Final = 512 * 1024
MOST_PIXELS: Final = 4_000_000
LEAST_SIDE: Final = 16
BOX: Final = (400, 96)
"""Twice what a page shows, for sharp screens."""
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_LIGHT_BYTES: Final = 24 * 1024
_COLOURS: Final = 256
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a photograph upright (EXIF 3.0 section 4.6.5.1.6). Nothing else of EXIF is read, and none is ever written."""

Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # twice as many are refused by the library itself, before it takes any memory


class LogoFault(enum.Enum):
    """Why a file is not taken."""

    TOO_HEAVY = "too heavy"
    SVG = "svg"
    NO_PICTURE = "no picture"
    TOO_LARGE = "too large"
    TOO_SMALL = "too small"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that we drew: PNG bytes, their digest, and how large it is."""

    content: bytes
    digest: str
    width: int
    height: int


def read(sent: bytes) -> Logo | LogoFault:
    """The logo in these bytes."""
    if len(sent) > MOST_BYTES:
        return LogoFault.TOO_HEAVY
    if b"<svg" in sent[:4096].lower():
        return LogoFault.SVG
    try:
        return _drawn(Image.open(BytesIO(sent), formats=_FORMATS))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return LogoFault.TOO_LARGE
    except Exception:  # noqa: BLE001 - whatever the decoders raise for files that are made to break them, it is no picture
        return LogoFault.NO_PICTURE


def _drawn(image: Image.Image) -> Logo | LogoFault:
    """The picture without anything that came with it; its size is looked at before it is decoded."""
    if image.width * image.height > MOST_PIXELS:
        return LogoFault.TOO_LARGE
    if min(image.size) < LEAST_SIDE:
        return LogoFault.TOO_SMALL
    upright = _upright(image).convert("RGBA")
    upright.thumbnail(BOX)
    bare = Image.new("RGBA", upright.size)
    bare.paste(upright)
    content = _png(bare)
    return Logo(content, hashlib.sha256(content).hexdigest()[:32], *bare.size)


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its file says; a file that says it in no way that counts is upright."""
    turn = _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _png(image: Image.Image) -> bytes:
    """The picture as a PNG; a heavy one with fewer colours."""
    written = BytesIO()
    image.save(written, "PNG", optimize=True)
    if written.tell() > _LIGHT_BYTES:
        written = BytesIO()
        image.quantize(_COLOURS).save(written, "PNG", optimize=True)
    return written.getvalue()
