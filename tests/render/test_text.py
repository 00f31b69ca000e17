"""The mail as plain text."""

import re
from dataclasses import replace
from html import unescape

import pytest

from publisher.model import Issue, Newsletter, Published, Slot, Variant
from publisher.render import mail, message, text

ZH = Variant("zh-CN")


@pytest.fixture
def body(published: Published, newsletter: Newsletter, templates: dict[str, str]) -> str:
    """The small issue as text."""
    return text.render(published, newsletter, ZH, templates).body


def addresses(hrefs: list[str]) -> set[str]:
    """Addresses without their fragments: a contents list leads to the page many times."""
    return {href.split("#")[0] for href in hrefs}


@pytest.mark.parametrize("look", ["compact", "letter"])
def test_leads_to_each_item_on_the_page(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Where no list of contents does, an item's own address stands below it in both halves."""
    variant = replace(ZH, look=look)
    plain = text.render(published, newsletter, variant, templates).body
    html = mail.render(published, newsletter, variant, templates).body
    for anchor in ("i-kites", "i-tea", "i-ropes"):
        address = f"https://news.example.org/issues/7/#{anchor}"
        assert f"读网页版\n{address}\n" in plain
        assert f'href="{address}"' in html


def test_a_letter_greets_and_is_signed(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Who has a name is greeted above the text, who has none meets no empty line; the sender signs."""
    signing = replace(newsletter, sender_name="李雷")
    edition = text.render(published, signing, replace(ZH, look="letter"), templates)
    head, _, rest = edition.body.partition(Slot.GREETING)
    assert head.endswith("https://news.example.org/issues/7/\n\n")
    assert rest.startswith("春天到了")
    assert "\n\n李雷\n\n-- \n" in rest
    named = message.sample(edition, signing, name="甲").body
    assert named == f"{head}甲，您好：\r\n\r\n{rest}".replace(
        Slot.UNSUBSCRIBE, "https://app.example.org/unsubscribe/test"
    )
    assert Slot.GREETING not in text.render(published, signing, ZH, templates).body


@pytest.mark.parametrize("which", ["published", "sample"])
def test_carries_the_same_links(
    which: str,
    request: pytest.FixtureRequest,
    newsletter: Newsletter,
    templates: dict[str, str],
) -> None:
    """Both halves of a mail lead to the same places, or filters frown."""
    issue = request.getfixturevalue(which)
    html = mail.render(issue, newsletter, ZH, templates).body
    plain = text.render(issue, newsletter, ZH, templates).body
    linked = addresses([unescape(href) for href in re.findall(r'href="([^"]+)"', html)])
    shown = addresses(re.findall(rf"https?://[!-~]+|{Slot.UNSUBSCRIBE}", plain))
    assert linked == shown


def test_addresses_stand_free(body: str) -> None:
    """No address touches a Chinese comma, which mail programs would take for a part of it."""
    assert not re.search(r"https?://[!-~]*[^\x00-\x7f\s]", body)
    assert "\nhttps://papers.example.net/kites?v=1&lang=en\n" in body


def test_hidden_links_are_shown_once(body: str) -> None:
    """A link under words is named with its address, one shown already is not repeated."""
    assert "\n\n录像\nhttps://video.example.net/k\n" in body
    assert body.count("https://data.example.net/kites") == 1


def test_an_address_is_not_shown_by_a_longer_one(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """One that another only begins with is named; one that ends its sentence stands there."""
    links = "".join(f'<a href="https://e.example.net/{page}">{page}</a>' for page in ("b", "c"))
    words = "See https://e.example.net/b.html and https://e.example.net/c."
    prose = Published(Issue(html=f"<p>{links}</p>", text=words), published.record)
    plain = text.render(prose, newsletter, ZH, templates).body
    assert "\nhttps://e.example.net/b\n" in plain
    assert plain.count("https://e.example.net/c") == 1


@pytest.mark.parametrize("look", ["digest", "compact", "letter"])
def test_no_digest_makes_a_slot(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Words that come together to one, in links or a table's name, never become a reader's own."""
    split = "<b>__publisher</b>-slot-<i>unsubscribe__</i>"
    cells = "".join(f"<th>{split}</th>" for _ in range(6))
    html = f'<p><a href="https://e.example.net/">{split}</a></p><table><tr>{cells}</tr></table>'
    forged = Published(Issue(html=html, text=Slot.UNSUBSCRIBE.value), published.record)
    asked = Variant("en", look)
    marked = mail.render(forged, newsletter, asked, templates).body
    assert marked.count(Slot.UNSUBSCRIBE) == 2
    assert text.render(forged, newsletter, asked, templates).body.count(Slot.UNSUBSCRIBE) == 1


def test_paragraphs_are_not_wrapped(body: str) -> None:
    """A paragraph is a line: Chinese has no spaces to break at."""
    assert "作者在海边站了三年，只为量一根线。结论很短：风比线懂事。" in body


def test_footer_follows_the_mark(body: str) -> None:
    """Behind the signature mark stand the reason, the way out and the address, parted."""
    footer = body.split("\n-- \n")[1]
    assert footer.splitlines() == [
        "您收到这封邮件，是因为您订阅了《杂货周刊》。",
        "",
        "退订",
        Slot.UNSUBSCRIBE.value,
        "",
        "往期",
        "https://news.example.org/",
        "",
        "用爱与 Publisher 出版",
        "示例路 1 号",
    ]


def test_the_compact_look_says_no_more_than_its_html(
    published: Published, newsletter: Newsletter, templates: dict[str, str], body: str
) -> None:
    """No translated titles, authors or topics there; three times the words make a filter frown."""
    brief = text.render(published, newsletter, replace(ZH, look="compact"), templates).body
    html = mail.render(published, newsletter, replace(ZH, look="compact"), templates).body
    for fact in ("01  ", "Why Kites Stay Up", "甲、Ann Lee", "厨房"):
        assert fact in body
        assert fact not in html
        assert fact not in brief


def test_without_addresses(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """A preview needs no home: what cannot be linked is left out."""
    body = text.render(published, homeless, Variant("en"), templates).body
    assert "Read on the web" not in body
    assert body.endswith("Unsubscribe\n" + Slot.UNSUBSCRIBE + "\n")


def test_prose_between_items_stands_apart(body: str) -> None:
    """A mark parts it from the item above, whose text it is not; its links follow it."""
    assert "k\n\n* * *\n\n放完风筝，回家喝茶：\n\n家\nhttps://home.example.net/\n\n02  茶" in body
    assert (
        '"so on".\n\n* * *\n\n下周见。关注我们\n\n关注我们\nhttps://us.example.net/\n\n-- \n'
        in body
    )
    assert body.count("* * *") == 2


def test_prose_that_is_a_link_is_said_once(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Its words stand above its address, not above themselves."""
    (first, *others) = published.issue.sections
    html = '<p><a href="https://all.example.net/">全部</a></p>'
    issue = replace(published.issue, sections=(replace(first, html=html, text="全部"), *others))
    body = text.render(replace(published, issue=issue), newsletter, ZH, templates).body
    assert body.count("全部") == 1
    assert "\n\n全部\nhttps://all.example.net/\n\n" in body
