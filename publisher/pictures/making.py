"""making - the bytes of any picture in, of one that mail, feeds and pages can carry out.

PNG, JPEG and GIF come out: WebP is unknown to classic Outlook, SVG to Gmail. Nothing of the source
is passed on but what is seen: it is decoded and encoded anew, upright and in sRGB, without the
place, the time and the camera. Only an animation that is small enough stays, freed of its comments.
Faults: Unfit, in words. Never: files, the network.
See: https://pillow.readthedocs.io/en/stable/handbook/image-file-formats.html
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MOST_BYTES_IN: Final = 10_000_000
MOST_BYTES: Final = 1_000_000
MOST_WIDTH: Final = 1200
MOST_HEIGHT: Final = 4800
MOST_PIXELS: Final = 50_000_000
"""Of a source: what a telephone takes. A bomb of a few kilobytes claims a hundred times that."""
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP")
_SMALLER: Final = 0.8


class Unfit(Exception):
    """Why these bytes are not used, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Made:
    """A picture ready to be served; `name` is made of its bytes, and empty for a tracking pixel."""

    name: str
    data: bytes
    width: int
    height: int


def make(data: bytes) -> Made:
    """Make a picture of any size, kind and origin fit to be served."""
    with warnings.catch_warnings():
        # what Pillow only warns of, a size that may be a bomb, is refused; the rest is not for people
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as source:
                return _made(source, data)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise _too_large() from None
        except Unfit:
            raise
        except UnidentifiedImageError:
            raise Unfit("it is no picture in PNG, JPEG, GIF or WebP") from None
        except Exception:  # a stranger's bytes: no list of what decoders raise at them was complete
            raise Unfit("the picture is damaged") from None


def _made(source: Image.Image, data: bytes) -> Made:
    if source.width * source.height > MOST_PIXELS:
        raise _too_large()
    if min(source.size) <= 1:
        source.load()
        return Made("", b"", *source.size)
    if source.format == "GIF" and _is_kept(source, data):
        return _named(_without_comments(data), "gif", source.size)
    is_photo = source.format in {"JPEG", "WEBP"}
    if source.format == "JPEG":
        source.draft(None, (2 * MOST_WIDTH, 2 * MOST_WIDTH))  # decodes large ones small
    image = _flat(_in_srgb(_upright(source)))
    scale = min(1.0, MOST_WIDTH / image.width, MOST_HEIGHT / image.height)
    while True:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        ready = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
        is_jpeg = is_photo and image.mode in {"RGB", "L"}
        encoded = _encoded(ready, "JPEG" if is_jpeg else "PNG")
        if len(encoded) <= MOST_BYTES:
            return _named(encoded, "jpg" if is_jpeg else "png", size)
        if image.mode in {"RGB", "L"} and not is_photo:
            is_photo = True  # a photograph saved as PNG
        else:
            scale *= _SMALLER


def _too_large() -> Unfit:
    return Unfit(f"it has more than {MOST_PIXELS // 1_000_000} million pixels")


def _upright(source: Image.Image) -> Image.Image:
    """Turn a picture as its camera says; one whose camera wrote nonsense stays as it lies."""
    source.load()  # damage of the picture itself is told apart
    with suppress(Exception):  # as above, of the parsers of what is not the picture
        ImageOps.exif_transpose(source, in_place=True)  # of a large one a copy is much
    return source


def _in_srgb(image: Image.Image) -> Image.Image:
    """Turn the colours into those every screen shows: the profile goes with the metadata."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "RGBA", "CMYK"}:
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        try:
            theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            ours = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(image, theirs, ours, outputMode=mode)
        except (ImageCms.PyCMSError, OSError, ValueError):
            return image
        return turned if turned is not None else image
    return image


def _flat(image: Image.Image) -> Image.Image:
    """Give one of the four ways of writing a picture that PNG and JPEG have in common."""
    has_alpha = image.has_transparency_data
    if image.mode.startswith("I"):  # sixteen bits, of which a bare conversion takes the lower ones
        image = image.convert("I").point(lambda level: level / 256).convert("L")
    if has_alpha:
        whole = image if image.mode == "RGBA" else image.convert("RGBA")
        opaque = whole.getchannel("A").histogram()[255]
        return whole if opaque < whole.width * whole.height else whole.convert("RGB")
    return image.convert("L" if image.mode in {"1", "L", "LA"} else "RGB")


def _encoded(image: Image.Image, kind: str) -> bytes:
    clean = Image.new(image.mode, image.size)
    clean.paste(image)  # leaves behind what the source carried besides its pixels
    out = io.BytesIO()
    if kind == "JPEG":
        clean.save(out, kind, quality=85, optimize=True, progressive=True)
    else:
        clean.save(out, kind, optimize=True)
    return out.getvalue()


def _named(data: bytes, ending: str, size: tuple[int, int]) -> Made:
    return Made(f"{sha256(data).hexdigest()[:16]}.{ending}", data, *size)


# --- animations -------------------------------------------------------------------


def _is_kept(source: Image.Image, data: bytes) -> bool:
    """Say whether a GIF moves, is small enough to stay as it is, and can be shown to its end."""
    screen = source.size
    frames = getattr(source, "n_frames", 1)
    fits = len(data) <= MOST_BYTES and source.width <= MOST_WIDTH and source.height <= MOST_HEIGHT
    work = frames * source.width * source.height
    if frames < 2 or work > MOST_PIXELS * 4 or not fits:
        source.seek(0)
        return False
    for number in range(frames):
        source.seek(number)
        source.load()
    if (
        source.size != screen
    ):  # a frame that sticks out is drawn in as many ways as there are readers
        source.seek(0)
        return False
    return True


def _without_comments(data: bytes) -> bytes:
    """Copy a GIF block by block, without comments, foreign applications' data and what follows it.

    See: the GIF89a specification, sections 17 to 27.
    """
    place = 13 + _table(data[10])
    kept = bytearray(data[:place])
    while data[place] != 0x3B:
        start = place
        if data[place] == 0x2C:  # a frame: its description, its colours, its size of code
            place += 11 + _table(data[place + 9])
            is_kept = True
        elif data[place] == 0x21:
            is_loop = data[place + 3 : place + 14] in {b"NETSCAPE2.0", b"ANIMEXTS1.0"}
            is_kept = data[place + 1] == 0xF9 or (data[place + 1] == 0xFF and is_loop)
            place += 2
        else:
            raise Unfit("the picture is damaged")
        while data[place]:  # sub-blocks, up to an empty one
            place += data[place] + 1
        place += 1
        if is_kept:
            kept += data[start:place]
    return bytes(kept) + b"\x3b"


def _table(flags: int) -> int:
    """Give the size of the table of colours that follows such flags."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


Image.MAX_IMAGE_PIXELS = MOST_PIXELS
