"""Every kind of page in a real chromium and before its judges: Chinese, English, Arabic, Hebrew.

axe is asked by all its rules, its advice on landmarks and headings included: these are whole pages.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from publisher import digest, identity
from publisher.model import Look, Newsletter, Published, SectionNames
from publisher.render import pages
from publisher.render.shelf import Shelved, shelve
from publisher.render.view import view
from publisher.render.words import words

pytestmark = pytest.mark.service

ROOT = Path(__file__).parent.parent.parent.parent
LETTERS = ROOT / "tests" / "mail" / "digests"
NOW = datetime(2026, 5, 2, 9, tzinfo=UTC)
ASK = """async () => (await axe.run()).violations
  .flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.failureSummary} ${node.html}`))"""
WIDE = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"
TITLES = {"zh-CN": "港口周报 Weekly", "en": "Harbour Letter", "ar": "رسالة الميناء", "he": "מכתב"}
DIGESTS = {
    "zh-CN": (ROOT / "digests" / "2024-04-12.md", LETTERS / "deng.md"),
    "en": (LETTERS / "harbour.md", LETTERS / "everything.md"),
    "ar": (LETTERS / "arabic.md", LETTERS / "minaa.md"),
    "he": (LETTERS / "minaa.md", LETTERS / "harbour.md"),
}


@dataclass(frozen=True)
class Drawn:
    """A site of one language: its pages by name, and the bytes its newest digest has."""

    pages: dict[str, str]
    digest: int


def drawn(language: str, templates: dict[str, str]) -> Drawn:
    """Draw a page of every kind from two digests of a language."""
    newsletter = Newsletter(
        slug="harbour",
        title=TITLES[language],
        description="Anything that the tide has left on the quay, once a week",
        language=language,
        site_url="https://news.example.org/",
        postal_address="Quay 1, 00000 Example Town",
        topics=(("LLM", ("语言模型", "rope", "حبل")), ("灯 & 塔", ("多模态", "lamp", "مصباح"))),
        sections=SectionNames(sponsor=("Sponsor",)),
        look=Look(footer="Written by lamplight."),
    )
    ours = words(templates)
    issues: list[Published] = []
    shelf: list[Shelved] = []
    for path in DIGESTS[language]:
        issue = digest.read(path.read_bytes(), name=path.name, newsletter=newsletter).issues[0]
        issues.append(Published(issue, identity.provisional(issue, newsletter, NOW)))
        shelf.append(shelve(issues[-1], view(issues[-1], newsletter, ours), newsletter))
    cards = [one.card for one in shelf]
    topics = list(dict.fromkeys(topic for one in shelf for topic in one.topics))
    counted = [(topic, number) for number, topic in enumerate(topics, 1)]
    groups = [(one.card, one.items) for one in shelf]
    shown, around = view(issues[0], newsletter, ours), {"previous": cards[1], "following": cards[0]}
    common = (newsletter, templates)
    made = {
        "front": pages.front(cards, *common, years=[(2026, 20), (2025, 52)], topics=counted),
        "empty front": pages.front([], *common, years=[], topics=[]),
        "issue": pages.issue(shown, *common, **around, papers=True, picture="card.png"),
        "other issue": pages.issue(view(issues[1], newsletter, ours), *common, **around),
        "year": pages.year(2026, cards, *common, before=2025, after=2027),
        "topics": pages.topics(counted, *common),
        "topic": pages.topic(topics[0], groups, *common, count=120, years=[(2025, 52)]),
        "topic year": pages.topic_year(topics[0], 2025, groups, *common, count=52, before=2024),
        "items": pages.items([*groups, (cards[0], ())], *common),
        "feeds": pages.subscribing(*common, has_topics=True),
        "topic feeds": pages.subscribing(*common, topic=topics[0]),
        "tombstone": pages.tombstone(*common),
    }
    return Drawn(made, DIGESTS[language][0].stat().st_size)


@pytest.fixture(scope="module", params=list(TITLES))
def site(request: pytest.FixtureRequest, templates: dict[str, str]) -> Drawn:
    """The pages of one language."""
    return drawn(request.param, templates)


@pytest.fixture(scope="module")
def show(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Show HTML in a window of a width and a scheme, without whatever lies elsewhere."""
    windows: dict[tuple[int, str], Page] = {}

    def opened(html: str, width: int, scheme: str = "light") -> Page:
        if (width, scheme) not in windows:
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme
            )
            context.route("**", lambda route: route.abort())
            windows[width, scheme] = context.new_page()
        windows[width, scheme].set_content(html, wait_until="load")
        return windows[width, scheme]

    yield opened
    for page in windows.values():
        page.context.close()


@pytest.fixture(scope="module")
def judge(show: Callable[..., Page], modules: Path) -> Callable[..., list[str]]:
    """Ask axe about HTML; give what it calls a violation."""
    source = (modules / "axe-core" / "axe.min.js").read_text("utf-8")

    def violations(html: str, width: int, scheme: str) -> list[str]:
        page = show(html, width, scheme)
        page.evaluate(source)
        return page.evaluate(ASK)

    return violations


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_everybody_can_read_our_pages(
    judge: Callable[..., list[str]], site: Drawn, width: int, scheme: str
) -> None:
    """By axe nothing is found, by day and by night, on a telephone and a wide window."""
    found = {name: judge(html, width, scheme) for name, html in site.pages.items()}
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize(
    ("sound", "broken", "rule"),
    [
        ("<main id=", "<div id=", "landmark-one-main"),
        ("--muted:", "--muted:#ccc;--x:", "color-contrast"),
        ("<h1", "<h4", "page-has-heading-one"),
    ],
)
def test_the_judge_finds_what_is_broken(
    judge: Callable[..., list[str]],
    templates: dict[str, str],
    sound: str,
    broken: str,
    rule: str,
) -> None:
    """Each fault put into a page is found, and by its name."""
    html = drawn("en", templates).pages["feeds"]
    assert sound in html
    found = judge(html.replace(sound, broken, 1), 1280, "light")
    assert any(said.startswith(rule) for said in found), found


def test_our_pages_are_sound(
    site: Drawn, node: Callable[[str, object], dict], tmp_path: Path
) -> None:
    """To html-validate, that is."""
    files = {}
    for number, (name, html) in enumerate(site.pages.items()):
        file = tmp_path / f"{number}.html"
        file.write_text(html, "utf-8")
        files[str(file)] = name
    said = node("validate.cjs", list(files))
    assert {files[file]: found for file, found in said.items() if found} == {}
    assert len(said) == len(files)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_sticks_out(
    show: Callable[..., Page], site: Drawn, width: int, scheme: str
) -> None:
    """No page is wider than its window, whichever way it is written; paper follows the scheme."""
    papers = {"light": "rgb(252, 251, 249)", "dark": "rgb(23, 25, 28)"}
    for name, html in site.pages.items():
        page = show(html, width, scheme)
        assert page.evaluate(WIDE) == 0, name
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == papers[scheme]


def test_a_page_adds_little_to_its_digest(site: Drawn) -> None:
    """At most 20 KB beyond the digest's own text, style and all; the pages of our own words, less."""
    assert len(site.pages["issue"].encode()) - site.digest <= 20 * 1024
    for name in ("empty front", "feeds", "topic feeds", "tombstone"):
        assert len(site.pages[name].encode()) <= 14_000, name


def test_the_keyboard_skips_to_the_content(show: Callable[..., Page], site: Drawn) -> None:
    """The first link is seen once it has the focus, and leads to the content."""
    page = show(site.pages["feeds"], 320)
    seen = "document.querySelector('.skip').getBoundingClientRect().top >= 0"
    assert not page.evaluate(seen)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate(seen)
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"


def test_print_leaves_out_what_leads_elsewhere(show: Callable[..., Page], site: Drawn) -> None:
    """On paper there is no contents list and no way to other pages; text is black."""
    page = show(site.pages["issue"], 1280)
    page.emulate_media(media="print")
    try:
        for name in (".ways", ".turn", ".papers", ".skip"):
            assert not page.locator(name).first.is_visible(), name
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    finally:
        page.emulate_media(media="screen")


@pytest.mark.parametrize("width", [320, 375])
def test_a_wide_table_is_read_whole(
    width: int,
    published: Published,
    newsletter: Newsletter,
    templates: dict[str, str],
    show: Callable[..., Page],
) -> None:
    """The page scrolls it in a box of its own, words whole."""
    heads = "".join(f"<th>Teddington{n}</th>" for n in range(14))
    cells = "".join("<td>1234.5</td>" for _ in range(14))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
    one = Published(replace(published.issue, html=table), published.record)
    page = show(pages.render(one, newsletter, templates).body, width)
    assert page.evaluate(WIDE) == 0
    box = page.locator(".wide").first
    assert box.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
    lines = """e => {const r = document.createRange(); r.selectNodeContents(e);
              return r.getClientRects().length}"""
    assert box.locator("th").first.evaluate(lines) == 1
