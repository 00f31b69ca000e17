"""The pages in a real chromium: they fit, they act, and their policies let nothing else happen."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

from publisher.model import (
    Consent,
    DeliveryState,
    Envelope,
    Kind,
    Passage,
    SendState,
    SubscriberState,
)
from publisher.store import ledger, search, subscribers
from publisher.store.ledger import Recorded
from publisher.wire.outbox import Outbox

pytestmark = pytest.mark.service

NOW = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)
HOSTILE = """Subject: Watch out
From: someone@example.org
Content-Type: text/html; charset=utf-8

<html><head></head><body style="color: rgb(1, 2, 3)"><p id="said">mail body</p>
<script>top.document.title = "taken"; document.getElementById("said").remove()</script>
<img src="x" onerror="top.location = 'about:blank'">
<form action="/sends/1/cancel" method="post"><button>press</button></form>
<a href="javascript:top.close()">link</a><iframe src="/outbox"></iframe></body></html>
"""

CONTRAST = """selector => {
  const parts = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = colour => parts(colour).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const back = parts(getComputedStyle(document.documentElement).backgroundColor);
  return [...document.querySelectorAll(selector)].map(element => {
    let opacity = 1;
    for (let e = element; e; e = e.parentElement) opacity *= getComputedStyle(e).opacity;
    const mixed = parts(getComputedStyle(element).color)
      .map((v, i) => v * opacity + back[i] * (1 - opacity));
    const [a, b] = [light(`${mixed}`), light(`${back}`)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
}"""
"""The contrast of each element's text to the paper it stands on."""


@pytest.fixture
def view(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page of the given width; complaints of the browser fail the test."""
    complaints: list[str] = []
    contexts = []

    def look(url: str, width: int = 1280, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(url)
        return page

    look.complaints = complaints  # type: ignore[attr-defined]
    yield look
    for context in contexts:
        context.close()
    assert complaints == []


def is_wide(page: Page) -> bool:
    """Whether a page must be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def here(server) -> str:
    """The address of a server of ours."""
    return f"http://127.0.0.1:{server.port}"


def put_mail(home, mail: str = HOSTILE) -> str:
    """Write a message to the outbox; give its name."""
    reply = Outbox(home.outbox_folder).deliver(
        Envelope("a@example.org", "b@example.org"), [mail.encode()], lambda: True
    )
    return reply.words.removeprefix("written to ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_every_page_fits(desk, site, issue, home, subscribe, view, width: int, scheme: str) -> None:
    """No page is wider than its window, and none breaks its own policy."""
    issue("12", title="An" + "exceedingly" * 12 + " long title")
    issue("7", "zhoubao")
    name = put_mail(home, "Subject: x\nContent-Type: text/plain\n\nbody\n")
    pages = [
        "/",
        "/issues/daily/12",
        "/issues/daily/12/mail",
        "/sends",
        "/digests",
        "/feeds",
        "/outbox",
    ]
    pages.append(f"/outbox/{name}")
    page = view(here(desk), width, scheme)
    for path in pages:
        page.goto(here(desk) + path)
        assert not is_wide(page), path
    _, leave = subscribe("a-very-long-name@a-very-long-domain-of-someone.example.org", "zhoubao")
    page.goto(here(site) + leave)
    assert not is_wide(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_counts_of_nothing_can_be_read(desk, issue, store, view, scheme: str) -> None:
    """The words beside a count of zero keep a contrast of 4.5 to 1."""
    issue("12")
    with store.begin() as conn:
        number = ledger.create_send(conn, "daily", "12", Kind.ISSUE, at=NOW, now=NOW)
    page = view(f"{here(desk)}/sends/{number}", scheme=scheme)
    ratios = page.evaluate(CONTRAST, ".tally li[data-none] :is(span, b, small)")
    assert ratios
    assert min(ratios) >= 4.5


def test_leaving_and_coming_back(site, subscribe, store, view) -> None:
    """A reader leaves with one press and comes back with another."""
    reader, path = subscribe()

    def state() -> SubscriberState:
        with store.read() as conn:
            return subscribers.get(conn, reader).state

    page = view(here(site) + path, 375)
    assert state() is SubscriberState.ACTIVE
    page.get_by_role("button", name="Unsubscribe").click()
    assert page.get_by_role("heading").inner_text() == "You are unsubscribed"
    assert state() is SubscriberState.UNSUBSCRIBED
    page.get_by_role("button", name="Subscribe me again").click()
    assert page.get_by_role("heading").inner_text() == "You are subscribed again"
    assert state() is SubscriberState.ACTIVE


def test_a_send_is_watched_and_paused(desk, issue, store, view) -> None:
    """Counts change on the page while it is open, and its buttons work."""
    issue("12")
    consent = Consent("test", "asked for it", NOW)
    with store.begin() as conn:
        subscribers.add(conn, "daily", "reader@example.org", consent=consent, now=NOW)
        number = ledger.create_send(conn, "daily", "12", Kind.ISSUE, at=NOW, now=NOW)
        ledger.freeze(conn, number, "en/digest/", NOW)
    page = view(f"{here(desk)}/sends/{number}")
    count = page.locator(".tally [data-count=accepted]")
    assert count.inner_text() == "0"
    with store.begin() as conn:
        lot = ledger.claim(conn, "test", timedelta(minutes=5), NOW)
        outcome = Recorded(lot.deliveries[0].id, DeliveryState.ACCEPTED, 250, "ok", None)
        ledger.record(conn, lot, [outcome], NOW)
    page.locator(".tally [data-count=accepted]", has_text="1").wait_for()
    page.get_by_role("button", name="Pause").click()
    assert page.get_by_role("button", name="Resume").is_visible()
    with store.read() as conn:
        assert ledger.send(conn, number).state is SendState.PAUSED


def test_a_hostile_mail_is_only_shown(desk, home, view) -> None:
    """A mail's scripts, forms and frames do nothing; its words and styles are there."""
    page = view(f"{here(desk)}/outbox/{put_mail(home)}")
    said = page.frame_locator("iframe").locator("#said")
    assert said.inner_text() == "mail body"
    assert said.evaluate("e => getComputedStyle(e).color") == "rgb(1, 2, 3)"
    page.frame_locator("iframe").locator("button").click()
    page.wait_for_timeout(300)
    assert page.title() == "Watch out · Desk"
    assert page.url.startswith(here(desk))
    assert any("sandbox" in said or "Content Security" in said for said in view.complaints)
    view.complaints.clear()


def test_phone_and_desktop_width(desk, home, view) -> None:
    """The message is shown as wide as a telephone, or as wide as there is room."""
    name = put_mail(home, "Subject: x\nContent-Type: text/html\n\n<p>hi</p>\n")
    page = view(f"{here(desk)}/outbox/{name}")

    def width() -> float:
        return page.locator("iframe").bounding_box()["width"]

    assert width() > 900
    page.get_by_text("Phone", exact=True).click()
    assert width() == 375
    page.locator("label[for=show-source]").click()
    assert not page.locator("iframe").is_visible()
    assert page.get_by_text("Content-Type: text/html").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_search(site, issue, store, put, view, width: int, scheme: str) -> None:
    """Who types and presses Enter gets results that fit, and comes to the item that was found."""
    issue("7", "zhoubao")
    whole = '<!doctype html><title>第七期</title><link rel="icon" href="data:,"><p id=a>item'
    put("zhoubao/issues/7/index.html", whole)
    text = "模型越大，<b>对齐</b>越难。" + "exceedingly" * 30
    found = Passage("a", "大模型的对齐", "", "zh", text, "", "第七期", NOW.date())
    with store.begin() as conn:
        search.put(conn, "zhoubao", "7", [found])
    page = view(f"{here(site)}/zhoubao/search", width, scheme)
    page.get_by_label("要在全部各期中查找的词语").fill("对齐")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    assert not is_wide(page)
    assert page.locator("mark").all_inner_texts() == ["对齐"]
    contrast = CONTRAST.replace("documentElement", "body")
    assert min(page.evaluate(contrast, "mark, .hits p, .told, button")) >= 4.5
    page.get_by_role("link", name="大模型的对齐").click()
    page.wait_for_url("**/zhoubao/issues/7/#a")
