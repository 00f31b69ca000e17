"""shots - photograph the mail in every look, as the mail programs of this world would show it.

    python tests/mail/shots.py [FILE...] [--out DIR] [--look NAME]... [--state NAME]... [--width PX]...

Without files: the sample, the digests beside this script and, where the corpora are, one digest in
each language readers have. Each is drawn in three looks, two widths and four states: `light`, `dark`
(the reader asks for it), `forced` (the program inverts us, our own dark left out) and `bare` (all
<style> gone). DIR/<digest>/<look>-<width>-<state>.png are the pictures, the first LONGEST pixels of
each; DIR/<digest>-<width>.png has all of one digest side by side. Whether a mail is wider than its
screen is said, also at 320 px. Nothing is fetched: pictures of a digest are drawn here.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, Playwright, Route, sync_playwright

from publisher import digest, identity, templates
from publisher.model import Look, Newsletter, Picture, Published, SectionNames, Variant
from publisher.render import images, mail, message

ROOT = Path(__file__).resolve().parent.parent.parent
CORPORA = Path(os.environ.get("PUBLISHER_CORPORA") or ROOT.parent / "shared" / "corpora")
DIGESTS = {
    "sample": ROOT / "digests" / "2024-04-12.md",
    "everything": ROOT / "tests" / "mail" / "digests" / "everything.md",
    "arabic": ROOT / "tests" / "mail" / "digests" / "arabic.md",
    "seed": CORPORA / "seed" / "000_a9a4838e097c53b9.txt",
    "en": CORPORA / "nodejsorg" / "weekly-update.2015-04-17.md",
    "ja": CORPORA / "gorilla" / "0602.md",
    "ko": CORPORA / "nodejsko" / "2015-08-14-weekly.md",
    "ru": CORPORA / "radiot" / "podcast-586.md",
    "ar": CORPORA / "turingway" / "ar-welcome.md",
}
NAMES = {"zh": "港口周报", "zh-Hant": "港口週報", "en": "The Harbour Weekly", "ja": "港のたより",
         "ko": "항구 소식", "ru": "Портовые новости", "ar": "رسائل المرفأ", "he": "מכתבים מהנמל"}  # fmt: skip
LOOKS = ("digest", "compact", "letter")
WIDTHS = (375, 640)
STATES = ("light", "dark", "forced", "bare")
LONGEST = 2000
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
FORCING = [
    "--enable-features=WebContentsForceDark",
    "--blink-settings=forceDarkModeEnabled=true",
]
DARK = re.compile(
    r"@media \(prefers-color-scheme:dark\)\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}"
    r"|\[data-ogsc\][^{}]*\{[^{}]*\}|:root\{[^{}]*\}|<meta name=\"(?:supported-)?color-scheme[^>]*>"
)
STYLE = re.compile(r"<style.*?</style>", re.DOTALL)


@dataclass(frozen=True)
class Mail:
    """A mail to be photographed."""

    digest: str
    look: str
    html: str

    def in_state(self, state: str) -> str:
        """Give it as a program of that kind has it."""
        if state == "bare":
            return STYLE.sub("", self.html)
        return DARK.sub("", self.html) if state == "forced" else self.html


def mails(name: str, file: Path, looks: Sequence[str]) -> Iterator[Mail]:
    """Draw a digest in each look, as a reader called Ann gets it."""
    plain = Newsletter(
        "harbour", "The Harbour Weekly", sections=SectionNames(sponsor=("Sponsor*",))
    )
    issue = digest.read(file.read_bytes(), name=file.name, newsletter=plain).issues[0]
    language = issue.language or "en"
    newsletter = replace(
        plain,
        title=NAMES.get(language) or NAMES.get(language.split("-")[0], plain.title),
        language=language,
        site_url="https://harbour.example.org/",
        sender_name="Ann of the Harbour",
        postal_address="Quay 1, 00000 Harbour",
        look=Look(logo="https://harbour.example.org/logo.png", footer="Printed on no paper."),
    )
    pictures = (Picture(one, f"{n}.png", 1200, 700, "") for n, one in
                enumerate(images.addresses(issue)))  # fmt: skip
    issue = replace(issue, pictures=tuple(pictures))
    published = Published(issue, identity.provisional(issue, newsletter, NOW))
    for look in looks:
        edition = mail.render(published, newsletter, Variant(language, look), templates.load())
        filled = message.sample(
            edition, newsletter, name="Ann", unsubscribe="https://harbour.example.org/u/1"
        )
        yield Mail(name, look, filled.body)


def photograph(browser: Browser, one: Mail, state: str, width: int, out: Path) -> Path:
    """Take one picture; say so where the mail is wider than the screen."""
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if state == "dark" else "light",
    )
    page.route("**/*", draw)
    page.set_content(one.in_state(state))
    widths = {width, 320} if width < 480 else {width}
    for each in sorted(widths):
        page.set_viewport_size({"width": each, "height": 900})
        tell_overflow(page, f"{one.digest} {one.look} {state}", each)
    height = min(LONGEST, page.evaluate("document.documentElement.scrollHeight"))
    file = out / one.digest / f"{one.look}-{width}-{state}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(
        path=file, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height}
    )
    page.close()
    return file


def tell_overflow(page: Page, what: str, width: int) -> None:
    """Say that a mail has to be scrolled sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        typer.echo(f"{what}: {wide} px wide on a screen of {width}")


def draw(route: Route) -> None:
    """Answer for every picture with one of ours, and for nothing else."""
    if route.request.resource_type != "image":
        route.abort()
        return
    if route.request.url.endswith("/logo.png"):
        picture = Image.new("RGBA", (160, 160))
        ImageDraw.Draw(picture).rounded_rectangle((4, 4, 156, 156), 40, fill="#c25b3a")
        ImageDraw.Draw(picture).arc((40, 50, 120, 130), 0, 180, fill="#f6e9d8", width=16)
    else:
        picture = Image.new("RGB", (1200, 700), "#7d93a6")
        ImageDraw.Draw(picture).rectangle((0, 430, 1200, 700), fill="#3f5a6b")
        ImageDraw.Draw(picture).ellipse((860, 90, 1020, 250), fill="#e6c87a")
    data = BytesIO()
    picture.save(data, "PNG")
    route.fulfill(body=data.getvalue(), content_type="image/png")


def sheet(files: Sequence[Sequence[Path]], target: Path) -> None:
    """Set pictures side by side at half their size: a row each look, a column each state."""
    rows = [[Image.open(file).convert("RGB") for file in row] for row in files]
    rows = [[one.crop((0, 0, one.width, min(one.height, 1600))) for one in row] for row in rows]
    small = [[one.resize((one.width // 2, one.height // 2)) for one in row] for row in rows]
    heights = [max(one.height for one in row) for row in small]
    width = max(sum(one.width + 12 for one in row) for row in small) + 12
    whole = Image.new("RGB", (width, sum(heights) + 12 * (len(small) + 1)), "#b06fd0")
    y = 12
    for row, height in zip(small, heights, strict=True):
        x = 12
        for one in row:
            whole.paste(one, (x, y))
            x += one.width + 12
        y += height + 12
    whole.save(target)


def browsers(play: Playwright) -> dict[str, Browser]:
    """Start the browser for each state; only one of them inverts what it shows."""
    path = shutil.which("chromium")
    plain = play.chromium.launch(executable_path=path, args=QUIET)
    forcing = play.chromium.launch(executable_path=path, args=[*QUIET, *FORCING])
    return {state: forcing if state == "forced" else plain for state in STATES}


def main(
    files: Annotated[list[Path] | None, typer.Argument()] = None,
    out: Annotated[Path, typer.Option()] = Path("shots"),
    look: Annotated[list[str] | None, typer.Option()] = None,
    state: Annotated[list[str] | None, typer.Option()] = None,
    width: Annotated[list[int] | None, typer.Option()] = None,
    only: Annotated[list[str] | None, typer.Option(help="Names of digests.")] = None,
) -> None:
    """Write the pictures of all mails, and a sheet per digest and width."""
    chosen = {file.stem: file for file in files or ()} or DIGESTS
    looks, states, widths = look or list(LOOKS), state or list(STATES), width or list(WIDTHS)
    with sync_playwright() as play:
        started = browsers(play)
        for name, file in chosen.items():
            if not file.is_file() or (only and name not in only):
                continue
            drawn = list(mails(name, file, looks))
            sizes = ", ".join(f"{one.look} {len(one.html.encode()) / 1024:.1f} KB" for one in drawn)
            typer.echo(f"{name}: {sizes}")
            for wide in widths:
                rows = [[photograph(started[one_state], one, one_state, wide, out)
                         for one_state in states] for one in drawn]  # fmt: skip
                sheet(rows, out / f"{name}-{wide}.png")
        for browser in set(started.values()):
            browser.close()


if __name__ == "__main__":
    typer.run(main)
