"""What becomes of the bytes of a picture: every kind, every size, and what is no picture at all."""

import io
import struct
import zlib
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from publisher.pictures.making import MOST_BYTES, MOST_WIDTH, Unfit, make

Drawn = Callable[..., bytes]


def seen(data: bytes) -> Image.Image:
    """Open what came out, decoded."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize(
    ("kind", "mode", "options", "ending"),
    [
        ("PNG", "RGB", {}, "png"),
        ("PNG", "RGBA", {}, "png"),
        ("PNG", "L", {}, "png"),
        ("PNG", "1", {}, "png"),
        ("PNG", "P", {}, "png"),
        ("JPEG", "RGB", {}, "jpg"),
        ("JPEG", "CMYK", {}, "jpg"),
        ("JPEG", "L", {}, "jpg"),
        ("GIF", "P", {}, "png"),
        ("WEBP", "RGB", {}, "jpg"),
        ("WEBP", "RGBA", {"lossless": True}, "png"),
    ],
)
def test_every_kind_becomes_one_mail_can_show(
    drawn: Drawn, kind: str, mode: str, options: dict, ending: str
) -> None:
    """PNG and JPEG come out, of the same size, named by their bytes."""
    picture = Image.open(io.BytesIO(drawn())).convert(mode)
    if mode == "RGBA":
        picture.putalpha(128)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    made = make(out.getvalue())
    assert made.name == f"{sha256(made.data).hexdigest()[:16]}.{ending}"
    shown = seen(made.data)
    assert (shown.format, shown.size) == ({"png": "PNG", "jpg": "JPEG"}[ending], (40, 30))
    assert (made.width, made.height) == (40, 30)
    assert make(out.getvalue()) == made


def test_wide_pictures_are_shrunk(drawn: Drawn) -> None:
    """None is wider than 1200 pixels; the proportions stay."""
    made = make(drawn((3000, 1500), "JPEG"))
    assert (made.width, made.height) == (MOST_WIDTH, 600)
    assert seen(made.data).size == (MOST_WIDTH, 600)
    tall = make(drawn((900, 9000)))
    assert (tall.width, tall.height) == (480, 4800)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_none_is_heavy(mode: str) -> None:
    """Noise, which nothing compresses, comes out below the limit all the same."""
    noise = Image.effect_noise((1200, 1200), 100)
    channels = [noise, noise.rotate(90), noise.rotate(180), noise.rotate(270)][: len(mode)]
    out = io.BytesIO()
    Image.merge(mode, channels).save(out, "PNG", compress_level=1)
    assert len(out.getvalue()) > 3 * MOST_BYTES
    made = make(out.getvalue())
    assert len(made.data) <= MOST_BYTES
    assert seen(made.data).format == ("JPEG" if mode == "RGB" else "PNG")
    assert seen(made.data).size == (made.width, made.height)


def test_it_stands_upright_and_says_nothing_of_the_camera(drawn: Drawn) -> None:
    """The orientation a camera noted is applied; place, time and comments are gone."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn to the right
    exif[0x010F] = "SECRET MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    data = drawn((40, 30), "JPEG", exif=exif, comment=b"SECRET COMMENT")
    assert b"SECRET" in data
    made = make(data)
    shown = seen(made.data)
    assert shown.size == (30, 40) == (made.width, made.height)
    red, _, blue = shown.convert("RGB").getpixel((15, 5))  # what was left is now above
    assert red > 200 > 50 > blue
    assert not shown.getexif()
    assert b"SECRET" not in made.data
    assert b"Exif" not in made.data


def test_text_in_a_png_is_gone(drawn: Drawn) -> None:
    """What a program wrote beside the pixels of a PNG is not passed on."""
    note = PngImagePlugin.PngInfo()
    note.add_text("Author", "SECRET")
    note.add_itxt("XML:com.adobe.xmp", "SECRET")
    made = make(drawn(pnginfo=note, dpi=(300, 300)))
    assert b"SECRET" not in made.data
    assert {made.data[i + 4 : i + 8] for i in chunks(made.data)} == {b"IHDR", b"IDAT", b"IEND"}


def chunks(data: bytes) -> list[int]:
    """Where the chunks of a PNG begin."""
    places, place = [], 8
    while place < len(data):
        places.append(place)
        place += 12 + int.from_bytes(data[place : place + 4])
    return places


def test_colours_are_those_every_screen_shows(drawn: Drawn) -> None:
    """A profile of its own is applied before it is dropped; a broken one is only dropped."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (srgb, lab, b"no profile at all"):
        made = make(drawn(kind="JPEG", icc_profile=profile))
        assert "icc_profile" not in seen(made.data).info
        red, _, blue = seen(made.data).convert("RGB").getpixel((5, 5))
        assert red > 200 > 50 > blue


def test_deep_greys_stay_grey() -> None:
    """Sixteen bits become eight, by the upper ones."""
    out = io.BytesIO()
    Image.new("I;16", (10, 10), 0x8000).save(out, "PNG")
    assert seen(make(out.getvalue()).data).getpixel((5, 5)) in range(126, 131)


def test_a_palette_with_holes_keeps_them() -> None:
    """A transparent colour of a palette stays transparent."""
    picture = Image.new("P", (10, 10), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((3, 3), 1)
    out = io.BytesIO()
    picture.save(out, "PNG", transparency=0)
    shown = seen(make(out.getvalue()).data)
    assert shown.convert("RGBA").getpixel((0, 0))[3] == 0
    assert shown.convert("RGBA").getpixel((3, 3)) == (0, 0, 255, 255)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (600, 1)])
def test_a_pixel_is_no_picture(drawn: Drawn, size: tuple[int, int]) -> None:
    """What is a pixel wide or high is there to count readers, and shows nothing."""
    made = make(drawn(size))
    assert (made.name, made.data) == ("", b"")


# --- animations -------------------------------------------------------------------


def moving(frames: int = 3, size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    """Draw a picture that moves."""
    shades = [Image.new("L", size, 80 * number % 256) for number in range(frames)]
    out = io.BytesIO()
    first, *rest = shades
    first.save(out, "GIF", save_all=True, append_images=rest, duration=200, loop=0, **options)
    return out.getvalue()


def test_a_small_animation_still_moves() -> None:
    """A GIF that moves stays one, frame by frame, without its comments and what hangs on behind."""
    data = moving(comment=b"SECRET")
    xmp = b"\x21\xff\x0bXMP DataXMP\x06SECRET\x00"
    data = data[:-1] + xmp + data[-1:] + b"<script>SECRET</script>"
    made = make(data)
    shown = seen(made.data)
    assert (made.name[-4:], made.width, made.height) == (".gif", 40, 30)
    assert (shown.n_frames, shown.info["loop"], shown.info["duration"]) == (3, 0, 200)
    assert b"SECRET" not in made.data
    for number in range(3):
        shown.seek(number)
        assert shown.convert("L").getpixel((5, 5)) == 80 * number


def test_a_large_animation_stands_still() -> None:
    """One too wide, or with more to decode than is sensible, becomes its first frame."""
    wide = make(moving(size=(1300, 20)))
    assert (wide.name[-4:], wide.width) == (".png", 1200)
    assert make(moving(frames=250, size=(1000, 1000))).name.endswith(".png")


def test_a_broken_animation_is_refused() -> None:
    """One that ends in the middle is damaged, wherever it ends."""
    data = moving()
    assert [make_or_why(data[:cut]) for cut in range(len(data) - 8, len(data))] == [
        "the picture is damaged"
    ] * 8


def make_or_why(data: bytes) -> str:
    """Say why a picture is unfit."""
    with pytest.raises(Unfit) as caught:
        make(data)
    return str(caught.value)


# --- what is no picture -----------------------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """Write a small PNG that claims to be vast."""

    def chunk(name: bytes, body: bytes) -> bytes:
        whole = name + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(10_000, 5_001), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_not_unfolded(size: tuple[int, int]) -> None:
    """What claims more than a telephone's pixels is refused before it is decoded."""
    assert make_or_why(bomb(*size)) in {
        "it has more than 50 million pixels",
        "the picture is damaged",
    }


def test_a_text_that_unfolds_is_refused(drawn: Drawn) -> None:
    """A compressed note of a PNG may unfold to anything; the decoder's limit holds."""
    note = PngImagePlugin.PngInfo()
    note.add_text("a", "a" * 10_000_000, zip=True)
    assert make_or_why(drawn(pnginfo=note)) == "the picture is damaged"


@pytest.mark.parametrize(
    "data",
    [b"", b"<html><body>404</body></html>", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7",
     b"%!PS-Adobe-3.0 EPSF-3.0\n", b"BM" + bytes(60)],
)  # fmt: skip
def test_what_is_no_picture(data: bytes) -> None:
    """Only the four kinds are decoded, whatever a name or a host says."""
    assert make_or_why(data) == "it is no picture in PNG, JPEG, GIF or WebP"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_half_a_picture_is_damaged(drawn: Drawn, kind: str) -> None:
    """One that was cut off is not shown half."""
    data = drawn((200, 200), kind)
    assert "damaged" in make_or_why(data[: len(data) // 2])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_camera_that_writes_nonsense_spoils_no_picture(drawn: Drawn, kind: str) -> None:
    """Of the kinds whose words on the picture cannot be read, or not be written, each is shown."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "camera"
    whole = exif.tobytes()
    for place in range(6, len(whole)):
        broken = bytes((*whole[:place], 255, *whole[place + 1 :]))
        made = make(drawn((4, 3), kind, exif=broken))
        assert {made.width, made.height} == {4, 3}


def test_a_frame_told_too_shortly_is_damaged() -> None:
    """Where the description of a second frame lacks bytes, its decoder raises what it never tells."""
    first, _, rest = moving().rpartition(b"\x21\xf9\x04")
    assert make_or_why(first + b"\x21\xf9\x02\0\0\0" + rest[5:]) == "the picture is damaged"


@pytest.mark.parametrize("place", [132, 133, 134, 135])
def test_a_frame_that_sticks_out_stops_the_moving(place: int) -> None:
    """Its first frame is shown, in the size that is told."""
    data = bytearray(moving())
    data[place] = 1  # where the second frame stands
    made = make(bytes(data))
    assert seen(made.data).size == (made.width, made.height)


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.data())
def test_nothing_else_is_ever_raised(kind: str, data: st.DataObject) -> None:
    """Whatever is done to a picture, it is made or it is unfit."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((24, 16)).convert("RGB").save(out, kind)
    bytes_ = bytearray(moving() if kind == "GIF" and data.draw(st.booleans()) else out.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        bytes_[data.draw(st.integers(0, len(bytes_) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = make(bytes(bytes_))
    except Unfit:
        return
    assert not made.name or seen(made.data).size == (made.width, made.height)
