"""What the editions are rendered from: a small bilingual issue of our own, and the sample digest."""

import html
import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from publisher.model import (
    Issue,
    Item,
    ItemRecord,
    Link,
    Look,
    Newsletter,
    Picture,
    Published,
    Record,
    Section,
)
from publisher.render.words import Words, words

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path(__file__).parent / "golden"

KITES = Item(
    title="Why Kites Stay Up",
    url="https://papers.example.net/kites?v=1&lang=en",
    alt_title="风筝为什么掉不下来：一份给孩子的说明",
    title_language="en",
    alt_title_language="zh",
    html=(
        "<p>作者在海边站了三年 ，只为量一根线。<strong>结论</strong>很短：风比线懂事。"
        '数据在 <a href="https://data.example.net/kites">https://data.example.net/kites</a>，'
        '附注见<a href="#fn1">注一</a>。</p>\n'
        "<pre><code>a &lt; b\n  c &amp; d</code></pre>\n"
        '<p>另有<a href="https://video.example.net/k">录像</a>。</p>'
    ),
    text=(
        "作者在海边站了三年 ，只为量一根线。结论很短：风比线懂事。"
        "数据在 https://data.example.net/kites，附注见注一。\n\na < b\n  c & d\n\n另有录像。"
    ),
    links=(
        Link("https://data.example.net/kites", "https://data.example.net/kites"),
        Link("录像", "https://video.example.net/k"),
    ),
    authors=("甲", "Ann Lee"),
    topics=("飞行",),
)
TEA = Item(
    title="茶凉得比咖啡快",
    html='<table><thead><tr><th>杯</th><th>分钟</th></tr></thead><tbody><tr><td>瓷</td><td>9</td></tr></tbody></table>\n<p><img src="https://img.example.net/tea.png" alt="一杯茶"></p>\n<p><img src="pics/cup.jpg" alt="杯子"></p>',
    text="杯 分钟\n瓷 9",
    topics=("飞行", "厨房 & 茶"),
    above_html='<p>放完风筝，回<a href="https://home.example.net/">家</a>喝茶 ：</p>',
    above_text="放完风筝，回家喝茶 ：",
)
ROPES = Item(
    title="Ropes Remember",
    url="https://papers.example.net/ropes",
    title_language="en",
    html="<p>Short, with <em>no</em> translation; 1 &lt; 2 &amp; &quot;so on&quot;.</p>",
    text='Short, with no translation; 1 < 2 & "so on".',
)
ISSUE = Issue(
    sections=(
        Section((KITES, TEA)),
        Section(
            (ROPES,),
            title="长读",
            html="<p>本周只有一篇。</p>",
            text="本周只有一篇。",
            closing_html='<p>下周见。<a href="https://us.example.net/">关注我们</a></p>',
            closing_text="下周见。关注我们",
        ),
    ),
    title="风、茶与绳子",
    number=7,
    date=date(2024, 3, 1),
    language="zh",
    topics=("杂谈",),
    html='<p>春天到了，<a href="https://weather.example.net/">风</a>也到了。</p>',
    text="春天到了，风也到了。",
    pictures=(Picture("pics/cup.jpg", "0123456789abcdef.jpg", 1200, 800, "of the file"),),
)
RECORD = Record(
    newsletter="weekly",
    id="tag:news.example.org,2024-03-01:7",
    slug="7",
    path="7.md",
    published=datetime(2024, 3, 1, 4, 0, tzinfo=UTC),
    updated=datetime(2024, 3, 2, 5, 30, tzinfo=UTC),
    number=7,
    date=date(2024, 3, 1),
    title="风、茶与绳子",
    text_hash="0" * 64,
    items=(
        ItemRecord("k1", "i-kites", KITES.url, KITES.title),
        ItemRecord("k2", "i-tea", None, TEA.title),
        ItemRecord("k3", "i-ropes", ROPES.url, ROPES.title),
        ItemRecord("k0", "i-gone", None, "没了", gone=True),
    ),
)
NEWSLETTER = Newsletter(
    slug="weekly",
    title="杂货周刊",
    description="每周三件小事。",
    language="zh-CN",
    timezone="Asia/Shanghai",
    site_url="https://news.example.org/",
    app_url="https://app.example.org/",
    sender_name="杂货周刊",
    sender_address="weekly@news.example.org",
    reply_to="editor@news.example.org",
    postal_address="示例路 1 号",
    look=Look(footer="用爱与 Publisher 出版"),
)


@pytest.fixture(scope="session")
def templates() -> dict[str, str]:
    """Our own templates, by name."""
    folder = ROOT / "templates"
    files = (path for part in ("mail", "site", "words") for path in (folder / part).rglob("*.*"))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


@pytest.fixture(scope="session")
def ours(templates: dict[str, str]) -> Words:
    """Our own sentences."""
    return words(templates)


@pytest.fixture
def published() -> Published:
    """A small issue with everything in it: two sections, two languages, code, a table, an image."""
    return Published(ISSUE, RECORD)


@pytest.fixture
def newsletter() -> Newsletter:
    """A newsletter with all addresses."""
    return NEWSLETTER


@pytest.fixture
def homeless() -> Newsletter:
    """A newsletter as `preview` makes it: no addresses at all."""
    return Newsletter(slug="weekly", title="杂货周刊", language="zh-CN")


@pytest.fixture(scope="session")
def sample() -> Published:
    """The sample digest, read the short way: every item is a heading, a link, a paragraph."""
    source = (ROOT / "digests" / "2024-04-12.md").read_text("utf-8")
    items = []
    for block in re.split(r"(?m)^# ", source)[1:]:
        title, translated, text = block.strip().split("\n", 2)
        alt, url = re.fullmatch(r"\[(.*)\]\((.*)\)", translated.strip()).groups()  # type: ignore[union-attr]  # the sample has this form throughout
        body = re.sub(
            r"https?://[!-~]+", r'<a href="\g<0>">\g<0></a>', html.escape(text.strip(), quote=False)
        )
        items.append(Item(title, url, f"<p>{body}</p>", text.strip(), alt, "en", "zh"))
    records = tuple(ItemRecord(f"k{n}", f"i{n:04x}", item.url) for n, item in enumerate(items))
    moment = datetime(2024, 4, 12, 4, tzinfo=UTC)
    return Published(
        Issue(sections=(Section(tuple(items)),), date=moment.date(), language="zh"),
        Record("weekly", "tag:news.example.org,2024-04-12:s", "2024-04-12", "s.md", moment, moment,
               items=records),
    )  # fmt: skip


@pytest.fixture
def matches_golden() -> Callable[[str, str], None]:
    """Compare an edition with its golden file; PUBLISHER_UPDATE=1 rewrites it, read in the diff."""

    def compare(name: str, body: str) -> None:
        path = GOLDEN / name
        if os.environ.get("PUBLISHER_UPDATE") == "1":
            path.write_bytes(body.encode("utf-8"))
        assert path.read_bytes().decode("utf-8") == body

    return compare
