"""Real pictures, made on the spot."""

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw


def drawn(
    size: tuple[int, int] = (40, 30), kind: str = "PNG", mode: str = "RGB", **options: object
) -> bytes:
    """Draw a picture whose left half is red and whose right half is blue."""
    picture = Image.new(mode, size, "blue" if mode != "RGBA" else (0, 0, 255, 128))
    ImageDraw.Draw(picture).rectangle((0, 0, max(0, size[0] // 2 - 1), size[1]), fill="red")
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(name="drawn")
def _drawn() -> Callable[..., bytes]:
    """Draw pictures."""
    return drawn
