"""An uploaded logo: what is kept is drawn anew, and what would hurt is refused before it is decoded."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from idp.tenancy.branding import logos
from idp.tenancy.branding.logos import BOX, Logo, LogoFault

SECRET = b"52.0907,5.1214 by Anna"


def picture(form: str, size: tuple[int, int] = (300, 60), mode: str = "RGB", **more: object) -> bytes:
    written = BytesIO()
    Image.new(mode, size, "#d6336c" if mode in {"RGB", "RGBA"} else 1).save(written, form, **more)
    return written.getvalue()


def taken(sent: bytes) -> Logo:
    logo = logos.read(sent)
    assert isinstance(logo, Logo), logo
    return logo


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_what_is_kept_is_a_small_png(form: str) -> None:
    """Whatever of the three was sent; no larger than the box, and in its own proportions."""
    logo = taken(picture(form, (1600, 800)))
    kept = Image.open(BytesIO(logo.content))
    assert kept.format == "PNG"
    assert kept.size == (logo.width, logo.height) == (192, 96)
    assert len(logo.content) < 30_000


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_every_kind_of_png(mode: str) -> None:
    """Greys, palettes, transparency, sixteen bits: drawn as a PNG all the same."""
    assert taken(picture("PNG", mode=mode)).width == 300


def test_a_print_shops_jpeg() -> None:
    """Four inks become three colours."""
    assert taken(picture("JPEG", mode="CMYK")).height == 60


def test_nothing_else_is_kept() -> None:
    """R56: text, places, times and profiles that came with it are gone, and so is what stands behind it."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    for sent in (
        picture("PNG", pnginfo=text) + SECRET,
        picture("JPEG", exif=exif, comment=SECRET),
        picture("WEBP", exif=exif, icc_profile=SECRET),
    ):
        assert SECRET in sent
        logo = taken(sent)
        assert SECRET not in logo.content
        assert Image.open(BytesIO(logo.content)).info == {}


def test_a_photograph_is_turned_upright() -> None:
    """What turned it is dropped with the rest, so it is turned first."""
    exif = Image.Exif()
    exif[0x0112] = 6
    logo = taken(picture("JPEG", (90, 60), exif=exif))
    assert (logo.width, logo.height) == (60, 90)


def tiff(*entries: tuple[int, int, int, bytes]) -> bytes:
    """EXIF as bytes: an orientation that turns, and these entries of tag, type, count and value."""
    every = sorted([(0x0112, 3, 1, b"\x06\0\0\0"), *entries])
    ends, more, table = 8 + 2 + 12 * len(every) + 4, b"", struct.pack("<H", len(every))
    for tag, kind, count, value in every:
        inside = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", ends + len(more))
        more += value if len(value) > 4 else b""
        table += struct.pack("<HHI", tag, kind, count) + inside
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + table + struct.pack("<I", 0) + more


ODD_EXIF = [
    pytest.param((0x010E, 10, 2, b"\xff\0\x01\0\x01\xf7\xff\x01" * 2), id="a description of fractions"),
    pytest.param((0x010E, 12, 3, bytes(24)), id="a description of numbers"),
    pytest.param((0x0111, 8, 1, b"\xff\xff\0\0"), id="an offset below nothing"),
    pytest.param((0x8825, 2, 6, b"abcdef"), id="a place that is a text"),
    pytest.param((0x8769, 4, 1, b"\x08\0\0\0"), id="a table in itself"),
    pytest.param((0x829A, 5, 1, bytes(8)), id="nothing by nothing"),
]


@pytest.mark.filterwarnings("ignore:.*EXIF.*:UserWarning")
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("entry", ODD_EXIF)
def test_odd_exif_breaks_nothing(form: str, entry: tuple[int, int, int, bytes]) -> None:
    """R56, R85: of what a camera says only how it was held is read, so the rest may be anything."""
    logo = taken(picture(form, (90, 60), exif=tiff(entry)))
    assert (logo.width, logo.height) == (60, 90)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(derandomize=True, database=None, max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x010E, 0x0111, 0x0112, 0x014A, 0x0142, 0x8769, 0x8825, 0x829A, 0x927C, 0xA005]),
            st.integers(0, 17),
            st.integers(0, 3),
            st.binary(max_size=24),
        ),
        max_size=4,
    ),
    st.sampled_from(["PNG", "JPEG", "WEBP"]),
)
def test_any_exif_breaks_nothing(entries: list[tuple[int, int, int, bytes]], form: str) -> None:
    """R85: whatever it is, there is a logo or a reason."""
    assert isinstance(logos.read(picture(form, (90, 60), exif=tiff(*entries))), Logo | LogoFault)


def test_a_heavy_one_gets_fewer_colours() -> None:
    """Noise of the size of the box weighs a tenth of a megabyte; what is kept does not."""
    written = BytesIO()
    Image.effect_noise(BOX, 100).convert("RGB").save(written, "PNG")
    rainbow = Image.merge("RGB", [Image.effect_noise(BOX, 90 + n) for n in range(3)])
    written = BytesIO()
    rainbow.save(written, "PNG")
    assert len(taken(written.getvalue()).content) < 50_000 < len(written.getvalue())


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is so large."""
    head = struct.pack(">II5B", width, height, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def webp_bomb(width: int, height: int) -> bytes:
    """A WebP whose canvas says it is so large."""
    size = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + size
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


REFUSED = [
    pytest.param(picture("PNG") + b"\0" * logos.MOST_BYTES, LogoFault.TOO_HEAVY, id="heavy"),
    pytest.param(bomb(2001, 2000), LogoFault.TOO_LARGE, id="a few pixels too many"),
    pytest.param(bomb(3000, 2000), LogoFault.TOO_LARGE, id="too many pixels"),
    pytest.param(bomb(60_000, 60_000), LogoFault.TOO_LARGE, id="a bomb"),
    pytest.param(webp_bomb(16_000, 16_000), LogoFault.TOO_LARGE, id="a bomb of WebP"),
    pytest.param(picture("PNG", (15, 300)), LogoFault.TOO_SMALL, id="a line"),
    pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", LogoFault.SVG, id="SVG"),
    pytest.param(b"<?xml version='1.0'?>\n<!-- a --><SVG/>", LogoFault.SVG, id="SVG that begins otherwise"),
    pytest.param(b"", LogoFault.NO_PICTURE, id="empty"),
    pytest.param(b"name;email\n", LogoFault.NO_PICTURE, id="text"),
    pytest.param(picture("GIF"), LogoFault.NO_PICTURE, id="GIF"),
    pytest.param(picture("TIFF"), LogoFault.NO_PICTURE, id="TIFF"),
    pytest.param(picture("PNG")[:60], LogoFault.NO_PICTURE, id="cut off"),
    pytest.param(picture("JPEG")[:300], LogoFault.NO_PICTURE, id="cut off JPEG"),
]


@pytest.mark.parametrize(("sent", "fault"), REFUSED)
def test_what_is_refused(sent: bytes, fault: LogoFault) -> None:
    """Weight, kind and size are looked at before anything is decoded."""
    assert logos.read(sent) is fault


@pytest.mark.filterwarnings(
    "ignore::PIL.Image.DecompressionBombWarning"
)  # as outside of tests: a warning stops nothing
def test_nothing_is_decoded_before_its_size_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture with a pixel too many is never loaded."""
    loaded: list[object] = []

    def load(image: object) -> None:
        loaded.append(image)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    assert logos.read(bomb(2001, 2000)) is LogoFault.TOO_LARGE
    assert loaded == []


@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.data())
def test_no_damage_is_an_error_of_ours(form: str, data: st.DataObject) -> None:
    """Whatever is done to a file, it is a logo or a fault."""
    sent = bytearray(picture(form, (40, 20)))
    for _ in range(data.draw(st.integers(1, 8))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(logos.read(bytes(sent[: data.draw(st.integers(1, len(sent)))])), Logo | LogoFault)


def several(form: str) -> bytes:
    """A picture that moves, with what a camera says."""
    frames = [Image.new("RGB", (40, 20), colour) for colour in ("#d6336c", "#123456", "#fedcba")]
    written, said = BytesIO(), {} if form == "GIF" else {"exif": tiff((0x010E, 2, 5, b"Anna\0"))}
    frames[0].save(written, form, save_all=True, append_images=frames[1:], duration=100, **said)
    return written.getvalue()


WHOLE = [
    *(pytest.param(picture(form, (40, 20), exif=tiff()), id=form) for form in ("PNG", "JPEG", "WEBP")),
    *(pytest.param(several(form), id=f"{form} that moves") for form in ("PNG", "WEBP", "GIF")),
    pytest.param(picture("JPEG", (40, 20), mode="CMYK"), id="four inks"),
    pytest.param(picture("PNG", (40, 20), mode="I;16"), id="sixteen bits"),
]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("whole", WHOLE)
def test_the_same_damage_every_time(whole: bytes) -> None:
    """R85: cut off at every place, and each byte in turn as 0, as 255 and with its highest bit turned."""
    damaged = [whole[:end] for end in range(0, len(whole), 7)]
    for at in range(0, len(whole), 3):
        damaged += [whole[:at] + bytes([other]) + whole[at + 1 :] for other in (0, 255, whole[at] ^ 128)]
    answers = [logos.read(sent) for sent in damaged]
    assert all(isinstance(answer, Logo | LogoFault) for answer in answers)
    assert LogoFault.NO_PICTURE in answers


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_a_picture_that_moves_the_first_is_kept(form: str) -> None:
    """A logo stands still."""
    kept = Image.open(BytesIO(taken(several(form)).content))
    assert getattr(kept, "n_frames", 1) == 1


def test_our_own_icon_is_refused_too() -> None:
    """An SVG is an SVG, whoever made it."""
    icon = Path(logos.__file__).parents[2] / "static" / "informer.svg"
    assert logos.read(icon.read_bytes()) is LogoFault.SVG
