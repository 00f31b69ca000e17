"""picture - make docs/picture.png: the sample's mail and page, side by side.

    .venv/bin/python docs/picture.py

Two pages are drawn by the chromium of this host and set on one sheet; the
digest of `make run` is what they show, so that the picture is never better than the program.
"""

import base64
import shutil
import struct
import tempfile
import zlib
from collections import Counter
from pathlib import Path

import typer
from playwright.sync_api import Browser, sync_playwright
from typer.testing import CliRunner

from publisher.cli import app

ROOT = Path(__file__).parent.parent
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTH, HEIGHT, SCALE = 520, 600, 1.5
SHEET = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 28px 32px 32px; background: #eceef1; display: flex; gap: 28px;
  font: 15px/1.4 "DejaVu Sans", sans-serif; color: #4a5160; width: max-content }}
figure {{ margin: 0 }}
figcaption {{ margin: 0 4px 10px }}
img {{ display: block; width: {width}px; height: {height}px; border-radius: 8px;
  box-shadow: 0 1px 2px #0003, 0 6px 24px #0001 }}
</style>
<figure><figcaption>the mail</figcaption><img src="{mail}"></figure>
<figure><figcaption>the page</figcaption><img src="{page}"></figure>"""


def shot(browser: Browser, address: str, *, begin: str = "body") -> str:
    """Photograph what stands at an address from an element on, as a data address."""
    page = browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE, color_scheme="light"
    )
    page.goto(address)
    page.evaluate(
        "name => scrollTo({top: document.querySelector(name).getBoundingClientRect().top - 24,"
        " behavior: 'instant'})",
        begin,
    )
    data = base64.b64encode(page.screenshot()).decode()
    page.close()
    return f"data:image/png;base64,{data}"


PIXELS = """async png => {
  const image = await createImageBitmap(await (await fetch(png)).blob());
  const canvas = Object.assign(document.createElement("canvas"),
    {width: image.width, height: image.height});
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const all = pen.getImageData(0, 0, image.width, image.height).data;
  let text = "";
  for (let i = 0; i < all.length; i += 32768)
    text += String.fromCharCode(...all.subarray(i, i + 32768));
  return [image.width, image.height, btoa(text)];
}"""


def lean(browser: Browser, png: bytes) -> bytes:
    """Write a PNG anew with 256 colours, each pixel in the nearest: half the bytes, as crisp."""
    page = browser.new_page()
    data = "data:image/png;base64," + base64.b64encode(png).decode()
    width, height, text = page.evaluate(PIXELS, data)
    raw = base64.b64decode(text)
    pixels = list(zip(raw[0::4], raw[1::4], raw[2::4], strict=True))
    counts = Counter(pixels)
    palette = [colour for colour, _ in counts.most_common(256)]
    nearest = {
        colour: min(
            range(len(palette)),
            key=lambda n: sum((a - b) ** 2 for a, b in zip(palette[n], colour, strict=True)),
        )
        for colour in counts
    }
    lines = (pixels[at : at + width] for at in range(0, len(pixels), width))
    drawn = b"".join(b"\0" + bytes(nearest[pixel] for pixel in line) for line in lines)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(part for colour in palette for part in colour)),
        (b"IDAT", zlib.compress(drawn, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def main() -> None:
    """Make the picture anew."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as play:
        digest = next((ROOT / "digests").glob("*.md"))
        home = Path(scratch)
        made = CliRunner().invoke(
            app, ["--home", str(ROOT), "preview", str(digest), "--out", str(home)]
        )
        if made.exit_code:
            raise SystemExit(made.output)
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        sheet = browser.new_page(
            viewport={"width": 2 * WIDTH + 92, "height": HEIGHT + 91}, device_scale_factor=SCALE
        )
        sheet.set_content(
            SHEET.format(
                width=WIDTH,
                height=HEIGHT,
                mail=shot(browser, f"file://{home}/issue.html"),
                page=shot(browser, f"file://{home}/page.html", begin=".item"),
            )
        )
        picture = lean(browser, sheet.screenshot())
        (ROOT / "docs" / "picture.png").write_bytes(picture)
        browser.close()
    typer.echo(f"docs/picture.png: {len(picture) / 1024:.0f} KB")


if __name__ == "__main__":
    main()
