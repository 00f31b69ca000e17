"""axe reads our mail in a real chromium, light and dark, and it fits the smallest screens.

The tags are the rules of WCAG 2.2, levels A and AA. axe's own advice on landmarks is for whole
pages, and a mail is shown inside one.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = pytest.mark.service

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ASK = """async tags => (await axe.run(document, { runOnly: { type: "tag", values: tags } })).violations
  .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.failureSummary} ${node.html}`))"""
WIDE = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"
Judge = Callable[..., list[str]]


@pytest.fixture(scope="module")
def show(browser: Browser, beside: Path) -> Iterator[Callable]:
    """Show HTML in a window of a width and a scheme, with pictures or as where they are blocked."""
    contexts: dict[object, Page] = {}
    picture = (beside / "rope.png").read_bytes()

    def opened(html: str, width: int, scheme: str = "light", *, blocked: bool = False) -> Page:
        key = width, scheme, blocked
        if key not in contexts:
            window: ViewportSize = {"width": width, "height": 800}
            context = browser.new_context(viewport=window, color_scheme=scheme)
            context.route(
                "**",
                lambda route: (
                    route.abort()
                    if blocked or route.request.resource_type != "image"
                    else route.fulfill(body=picture, content_type="image/png")
                ),
            )
            contexts[key] = context.new_page()
        page = contexts[key]
        page.set_content(html, wait_until="load")
        return page

    yield opened
    for page in contexts.values():
        page.context.close()


@pytest.fixture
def judge(show: Callable, modules: Path) -> Judge:
    """Ask axe about HTML; give what it calls a violation."""
    source = (modules / "axe-core" / "axe.min.js").read_text("utf-8")

    def violations(html: str, width: int, scheme: str) -> list[str]:
        page = show(html, width, scheme)
        page.evaluate(source)
        return page.evaluate(ASK, TAGS)

    return violations


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 600])
def test_everybody_can_read_our_mail(judge: Judge, mails: list, width: int, scheme: str) -> None:
    """No violation in the sample, nor in letters with all that mail can hold, in any look."""
    found = {mail.name: judge(mail.html, width, scheme) for mail in mails}
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize("blocked", [False, True])
@pytest.mark.parametrize("width", [320, 375, 640])
def test_our_mail_is_never_wider_than_its_window(
    show: Callable, mails: list, width: int, blocked: bool
) -> None:
    """Nobody scrolls sideways, whatever stands in the mail, and while its pictures are blocked."""
    found = {m.name: show(m.html, width, blocked=blocked).evaluate(WIDE) for m in mails}
    assert {name: pixels for name, pixels in found.items() if pixels} == {}


def test_mail_of_strangers_fits_small_screens(show: Callable, strangers: list) -> None:
    """Nobody scrolls sideways either through what strangers wrote."""
    found = {mail.name: show(mail.html, 320).evaluate(WIDE) for mail in strangers}
    assert {name: pixels for name, pixels in found.items() if pixels} == {}


@pytest.mark.parametrize(
    ("sound", "broken", "rule"),
    [
        ("</h1>", '</h1><p style="color:#999;background:#fff">pale</p>', "color-contrast"),
        ("</h1>", '</h1><img src="x.png">', "image-alt"),
        ("</h1>", '</h1><a href="https://a.example.net/"></a>', "link-name"),
        ('<html lang="en"', "<html", "html-has-lang"),
    ],
)
def test_the_judge_finds_what_is_broken(
    judge: Judge, maker: Callable, sound: str, broken: str, rule: str
) -> None:
    """Each fault put into a mail is found, and by its name."""
    html = maker("# T\n\n## [One](https://a.example.net/)\n\nx\n").html
    assert sound in html
    assert any(
        said.startswith(rule) for said in judge(html.replace(sound, broken, 1), 375, "light")
    )


def test_the_dark_is_judged(judge: Judge, maker: Callable) -> None:
    """A text only dark readers cannot read is found, in the dark alone."""
    pale = "<style>@media (prefers-color-scheme:dark){.pale{color:#222}}</style><p class=pale>pale words</p>"
    html = maker("# T\n\n## [One](https://a.example.net/)\n\nx\n").html.replace(
        "</h1>", f"</h1>{pale}"
    )
    assert judge(html, 375, "light") == []
    assert any(said.startswith("color-contrast") for said in judge(html, 375, "dark"))


def test_what_is_too_wide_is_seen(show: Callable) -> None:
    """A word longer than its window is noticed."""
    assert show(f"<p>{'long' * 99}</p>", 320).evaluate(WIDE) > 0
