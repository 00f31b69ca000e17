"""Entries: what an issue and its items say to readers, under names that nothing changes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from html import escape

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from markupsafe import Markup
from render.feed_agreement import disagreements
from render.feed_rules import ATOM, CONTENT, DC, LANG, faults

from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Record, Section
from publisher.render.feeds import documents
from publisher.render.feeds.channels import issues_channel
from publisher.render.feeds.content import MOST_CONTENT
from publisher.render.feeds.entries import Entry, item_id
from publisher.render.shelf import Shelved, shelve
from publisher.render.view import view
from publisher.render.words import Words

MOMENT = datetime(2024, 3, 1, 4, tzinfo=UTC)
WRITERS = {"rss.xml": documents.rss, "atom.xml": documents.atom, "feed.json": documents.json_feed}
PAGE = "https://news.example.org/issues/7/"


def shelved(published: Published, newsletter: Newsletter, ours: Words) -> Shelved:
    """Shelve an issue as publishing does."""
    return shelve(published, view(published, newsletter, ours), newsletter)


def in_rss(entry: Entry) -> etree._Element:
    """Read the RSS of an entry, where it stands in a feed."""
    channel = issues_channel(Newsletter("n", "N"), MOMENT)
    item = etree.fromstring(documents.rss(channel, [entry]).encode()).find("channel/item")
    assert item is not None
    return item


def in_atom(entry: Entry) -> etree._Element:
    """Read the Atom of an entry, where it stands in a feed."""
    channel = issues_channel(Newsletter("n", "N"), MOMENT)
    found = etree.fromstring(documents.atom(channel, [entry]).encode()).find(f"{ATOM}entry")
    assert found is not None
    return found


# --- what an item says ----------------------------------------------------------


def test_an_item_leads_to_what_it_is_about_and_says_where_it_is_from(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """Its own address stands at its head and beside it, its place in its issue is its permalink."""
    entry = shelved(published, newsletter, ours).item_entries[0]
    item = json.loads(entry.json)
    assert item["title"] == "风筝为什么掉不下来：一份给孩子的说明"
    assert item["url"] == f"{PAGE}#i-kites"
    assert item["external_url"] == "https://papers.example.net/kites?v=1&lang=en"
    links = {link.get("rel"): link.get("href") for link in in_atom(entry).iterfind(f"{ATOM}link")}
    assert links == {None: item["url"], "related": item["external_url"]}
    assert in_rss(entry).findtext("link") == item["url"]
    lines = item["content_html"].split("\n")
    assert lines[:3] == [
        '<p><a href="https://papers.example.net/kites?v=1&amp;lang=en">'
        "风筝为什么掉不下来：一份给孩子的说明</a></p>",
        '<p lang="en"><em>Why Kites Stay Up</em></p>',
        "<p>甲、Ann Lee</p>",
    ]
    assert lines[-1] == (
        f'<p><small>杂货周刊 · <a href="{PAGE}#i-kites">风、茶与绳子</a></small></p>'
    )


def test_an_item_has_its_text_alone(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """Prose between items is no part of one; the pictures of one are whole addresses."""
    _, tea, ropes = shelved(published, newsletter, ours).item_entries
    content = json.loads(tea.json)["content_html"]
    assert "放完风筝" not in content
    assert f'<img src="{PAGE}0123456789abcdef.jpg"' in content
    assert content.startswith("<table>")  # no address, so its title would only be said twice
    assert "external_url" not in json.loads(tea.json)
    assert "下周见" not in ropes.json
    assert 'rel="related"' not in tea.atom


def test_an_item_says_in_which_language_its_title_is(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """A title in another language than the issue is marked in Atom and in the content."""
    ropes = shelved(published, newsletter, ours).item_entries[2]
    title = in_atom(ropes).find(f"{ATOM}title")
    assert title is not None
    assert title.get(LANG) == "en"
    assert in_atom(ropes).get(LANG) is None
    assert json.loads(ropes.json)["content_html"].startswith('<p lang="en"><a href=')


def test_a_sentence_leads_an_item_with_its_own_links(newsletter: Newsletter, ours: Words) -> None:
    """An item whose heading is a sentence with links keeps them."""
    published = of_items(Item("A and B", html="<p>x</p>", text="x"))
    shown = view(published, newsletter, ours)
    (section,) = shown.sections
    (item,) = section.items
    sentence = Markup('<a href="https://a.example/">A</a> and <a href="#b">B</a>')
    item = replace(item, sentence=sentence)
    shown = replace(shown, sections=(replace(section, items=(item,)),))
    (entry,) = shelve(published, shown, newsletter).item_entries
    first = json.loads(entry.json)["content_html"].split("\n")[0]
    page = "https://news.example.org/issues/1/"
    assert first == f'<p><a href="https://a.example/">A</a> and <a href="{page}#b">B</a></p>'


@pytest.mark.parametrize(
    ("url", "about"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1"),
        ("HTTP://a.example/", "HTTP://a.example/"),
        ("paper.html", "https://news.example.org/issues/1/paper.html"),
        ("//[", None),
        ("mailto:ann@a.example", None),
        ("javascript:alert(1)", None),
        ("https://a.example/a b", None),
        ("https://", None),
        (None, None),
    ],
)
def test_what_an_item_is_about_is_an_address_of_the_web(
    newsletter: Newsletter, ours: Words, url: str | None, about: str | None
) -> None:
    """A relative address leads on from the issue's page; what no reader can open is not given."""
    (entry,) = shelved(of_items(Item("A", url)), newsletter, ours).item_entries
    assert json.loads(entry.json).get("external_url") == about
    assert ('rel="related"' in entry.atom) is (about is not None)


def test_without_a_site_an_item_has_no_links_of_its_own(homeless: Newsletter, ours: Words) -> None:
    """In a preview the issue is named and leads nowhere."""
    published = of_items(Item("A", "x.html"), title="T <1>")
    (entry,) = shelved(published, homeless, ours).item_entries
    item = json.loads(entry.json)
    assert item["content_html"].split("\n")[-1] == "<p><small>杂货周刊 · T &lt;1&gt;</small></p>"
    assert not {"url", "external_url"} & item.keys()
    assert "<link" not in entry.atom + entry.rss


def test_an_untitled_issue_is_named_once(newsletter: Newsletter, ours: Words) -> None:
    """It is called after its newsletter, which is not said before it again."""
    published = of_items(Item("A"), title=None)
    (entry,) = shelved(published, newsletter, ours).item_entries
    assert json.loads(entry.json)["content_html"].count("杂货周刊") == 1


def test_right_to_left_is_said_in_every_entry(newsletter: Newsletter, ours: Words) -> None:
    """An item of an Arabic issue is set from the right, as the whole issue is."""
    arabic = of_items(Item("ا", text="ب", html="<p>ب</p>"), language="ar")
    kept = shelved(arabic, newsletter, ours)
    for entry in (kept.entry, *kept.item_entries):
        assert json.loads(entry.json)["content_html"].startswith('<div dir="rtl">\n')
        assert in_atom(entry).get(LANG) == "ar"
        assert in_rss(entry).findtext(f"{DC}language") == "ar"


def test_formulas_are_set_in_letters(newsletter: Newsletter, ours: Words) -> None:
    """No reader is given MathML, in an item as in an issue."""
    math = '<p><math alttext="x_2"><mi>x</mi></math></p>'
    kept = shelved(of_items(Item("A", html=math, text="x")), newsletter, ours)
    for entry in (kept.entry, *kept.item_entries):
        assert "<p>x<sub>2</sub></p>" in json.loads(entry.json)["content_html"]


def test_an_issue_of_hundreds_of_items_is_no_burden(newsletter: Newsletter, ours: Words) -> None:
    """Beyond what a feed can carry its items are titles that lead to the page; none is missing."""
    text = "模型的说明。" * 120
    items = [Item(f"T{n}", f"https://a.example/{n}", f"<p>{text}</p>", text) for n in range(300)]
    published = of_items(*items)
    kept = shelved(published, newsletter, ours)
    content = json.loads(kept.entry.json)["content_html"]
    assert len(content.encode()) < MOST_CONTENT + 300 * 100
    whole = [f">{text}<" in part for part in content.split("<h2")[1:]]
    assert whole == [True] * 89 + [False] * 211
    page = "https://news.example.org/issues/1/"
    assert content.endswith(f'<h2 id="i-k299"><a href="{page}#i-k299">T299</a></h2>')
    assert all(f">{text}<" in json.loads(one.json)["content_html"] for one in kept.item_entries)
    homeless = shelved(published, replace(newsletter, site_url=None), ours)
    assert json.loads(homeless.entry.json)["content_html"].count(text) == 300


# --- how it is written ----------------------------------------------------------

HOSTILE = [
    "</item></channel></rss>",
    "<item>",
    "</entry><entry>",
    "]]>",
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"',
    "&amp;amp; &#0; &nbsp;",
    '"}]}\\',
    "a\u2028b\u0085c",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_words_that_look_like_a_feed_are_words(
    newsletter: Newsletter, ours: Words, words: str
) -> None:
    """Entries are cut out of what is written; nothing in their text can be taken for the cut."""
    html = f"<p>{escape(words)} and more</p>"
    item = Item(words, f"https://a.example/?{words}", html=html, text=words, topics=(words,))
    kept = shelved(of_items(item, title=words, html=html), newsletter, ours)
    channel = issues_channel(newsletter, MOMENT)
    for entry in (kept.entry, *kept.item_entries):
        bodies = {name: write(channel, [entry]).encode() for name, write in WRITERS.items()}
        assert disagreements(*bodies.values()) == []
        assert in_rss(entry).findtext("title") == " ".join(words.split())
        assert html in (in_rss(entry).findtext(f"{CONTENT}encoded") or "")


def test_entries_bring_no_namespaces(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """They take those of the feed around them, whose prefixes readers know."""
    kept = shelved(published, newsletter, ours)
    for entry in (kept.entry, *kept.item_entries):
        assert "xmlns" not in entry.rss + entry.atom
        assert "<content:encoded>" in entry.rss
        assert "<dc:creator>" in entry.rss
        assert entry.rss.startswith("<item>\n      <title>")
        assert entry.rss.endswith("\n    </item>")
        assert entry.atom.startswith("<entry>\n    <id>")


def test_moments_are_written_to_the_second_in_utc(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """RFC 822 knows no fraction, and the three formats agree."""
    late = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=45))).replace(microsecond=999_999)
    moved = Published(published.issue, replace(published.record, published=late, updated=late))
    entry = shelved(moved, newsletter, ours).entry
    assert in_rss(entry).findtext("pubDate") == "Fri, 01 Mar 2024 04:00:00 +0000"
    for name in ("published", "updated"):
        assert in_atom(entry).findtext(ATOM + name) == "2024-03-01T04:00:00+00:00"
    assert json.loads(entry.json)["date_published"] == "2024-03-01T04:00:00+00:00"


# --- names ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issue", "id"),
    [
        ("tag:news.example.org,2024-03-01:7", "tag:news.example.org,2024-03-01:7/kites"),
        ("urn:uuid:6f0c1c0a-7b1c-4d3c-9d5e-0c2f6a1b2c3d", "urn:uuid:c26ec58e-e07d-50ba-9e3f-64f24f9914e4"),
        ("https://old.example.org/7", "urn:uuid:748fac6e-22be-5db6-be66-eb428713b2a6"),
    ],
)  # fmt: skip
def test_an_item_is_named_by_its_issue_and_its_key(issue: str, id: str) -> None:
    """A tag is led on; what cannot be led on gives a UUID, always the same."""
    assert item_id(issue, "kites") == id


def test_nothing_that_can_be_edited_or_moved_changes_an_id(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """Slug, titles, texts, date, base address, scheme, path, language and look leave ids alone."""
    before = shelved(published, newsletter, ours)
    items = [
        replace(item, title=f"{item.title}!", url=None, html="") for item in published.issue.items
    ]
    edited = Published(
        replace(published.issue, title="Another", sections=(Section(tuple(items)),), language="en"),
        replace(
            published.record,
            slug="other",
            path="other.md",
            updated=MOMENT + timedelta(days=9),
            title="Another",
        ),
    )
    moved = replace(
        newsletter,
        site_url="http://elsewhere.example.com/letters/",
        path="weekly/",
        title="Another",
        language="en",
        id="tag:elsewhere.example.com,2030-01-01:weekly:feeds",
    )
    for issue, ours_now in ((edited, newsletter), (published, moved), (edited, moved)):
        after = shelved(issue, ours_now, ours)
        assert after.entry.id == before.entry.id
        assert [one.id for one in after.item_entries] == [one.id for one in before.item_entries]
        for old, new in zip(before.item_entries, after.item_entries, strict=True):
            assert in_rss(new).findtext("guid") == in_rss(old).findtext("guid") == old.id
            assert in_atom(new).findtext(f"{ATOM}id") == json.loads(new.json)["id"] == old.id


# --- any text, anywhere -----------------------------------------------------------


def of_items(*items: Item, **facts: str | None) -> Published:
    """Make an issue of these items."""
    issue = replace(Issue((Section(items),), title="T"), **facts)  # type: ignore[arg-type]  # texts
    records = tuple(ItemRecord(f"k{n}", f"i-k{n}", item.url) for n, item in enumerate(items))
    return Published(
        issue, Record("n", "tag:a.example,2024:1", "1", "1.md", MOMENT, MOMENT, items=records)
    )


TEXT = st.text(max_size=30)
HTML = TEXT.map(lambda text: f"<p>{escape(text)}</p>" if text else "")


@st.composite
def issues(draw: st.DrawFn) -> Published:
    """Issues whose every word is anything Unicode can say; HTML is as the digest room leaves it."""
    items = [
        Item(
            title=draw(TEXT),
            url=draw(st.none() | TEXT | TEXT.map("https://a.example/".__add__)),
            html=draw(HTML),
            text=draw(TEXT),
            alt_title=draw(st.none() | TEXT),
            alt_title_language=draw(st.sampled_from([None, "zh", "en", "ar"])),
            authors=(draw(TEXT),),
            topics=(draw(TEXT), draw(TEXT)),
            above_html=draw(HTML),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    section = Section(tuple(items), title=draw(st.none() | TEXT), html=draw(HTML))
    records = tuple(ItemRecord(f"k{n}", f"i{n}") for n in range(len(items)))
    return Published(
        Issue(
            sections=(section,),
            title=draw(st.none() | TEXT),
            html=draw(HTML),
            text=draw(TEXT),
            authors=(draw(TEXT),),
            topics=(draw(TEXT),),
            image=draw(st.none() | TEXT),
            language=draw(st.sampled_from([None, "zh", "en", "ar"])),
        ),
        Record("n", "tag:a.example,2024-03-01:1", "1", "1.md", MOMENT, MOMENT, items=records),
    )


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(published=issues(), title=TEXT, description=TEXT, site=st.booleans())
def test_any_text_in_any_field_makes_a_feed(
    published: Published, title: str, description: str, site: bool, ours: Words
) -> None:
    """Whatever is written anywhere, the strictest and the laxest parser see the same feed."""
    site_url = "https://news.example.org/" if site else None
    newsletter = Newsletter(
        "n", title, description=description, site_url=site_url, sender_name=title, path="p/"
    )
    kept = shelved(published, newsletter, ours)
    channel = issues_channel(newsletter, MOMENT)
    for entries in ([kept.entry], list(kept.item_entries)):
        bodies = {name: write(channel, entries).encode() for name, write in WRITERS.items()}
        assert disagreements(*bodies.values()) == []
        for name, body in bodies.items():
            assert faults(name, body) == []
        for name in ("rss.xml", "atom.xml"):
            parsed = feedparser.parse(bodies[name])
            assert not parsed.bozo
            assert [one.id for one in parsed.entries] == [one.id for one in entries]


# --- everywhere the same bytes ----------------------------------------------------

REBUILD = """
import hashlib
from datetime import UTC, date, datetime
from publisher.model import Issue, Item, ItemRecord, Newsletter, Published, Record, Section
from publisher.render.feeds import channels, documents, opml
from publisher.render.shelf import shelve
from publisher.render.view import view
from publisher.render.words import words
moment = datetime(2024, 3, 1, 4, 59, 59, 999999, tzinfo=UTC)
record = Record("n", "tag:a.example,2024:1", "1", "1.md", moment, moment, items=(ItemRecord("k", "i"),))
item = Item("Title I", "https://a.example/i", html="<p>x</p>", topics=("c", "a", "b", "İ"), authors=("甲", "B"))
issue = Published(Issue((Section((item,)),), topics=("z", "y"), date=date(2024, 3, 1), language="tr"), record)
newsletter = Newsletter("n", "N", site_url="https://n.example/", hubs=("https://h.example/", "https://g.example/"))
ours = words({})
kept = shelve(issue, view(issue, newsletter, ours), newsletter)
feeds = [channels.issues_channel(newsletter, moment, archives=2), channels.items_channel(newsletter, moment, ours),
    channels.archive_channel(newsletter, 2, moment, archives=3), *(channels.topic_channel(newsletter, t, moment) for t in kept.topics)]
texts = [write(feed, [kept.entry, *kept.item_entries]) for feed in feeds
    for write in (documents.rss, documents.atom, documents.json_feed)]
texts.append(opml.opml(newsletter, feeds[:2], moment))
print(len(texts), hashlib.sha256("".join(texts).encode()).hexdigest(), repr(kept.topics))
"""


def test_same_bytes_everywhere() -> None:
    """Neither hash seed nor time zone nor locale nor the time of day shows in the bytes."""
    places = [
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"},
        {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"},
    ]
    path = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
    prints = {
        subprocess.run(
            [sys.executable, "-c", REBUILD], env=path | place, capture_output=True, check=True
        ).stdout
        for place in places
    }
    assert len(prints) == 1
    assert prints.pop().startswith(b"28 ")


def test_entries_are_made_one_by_one_or_together(
    published: Published, newsletter: Newsletter, ours: Words
) -> None:
    """What is shelved once more has the same text: nothing of an earlier issue is left behind."""
    first = shelved(published, newsletter, ours)
    others: list[Callable[[], Shelved]] = [
        lambda: shelved(of_items(Item("A", topics=("x",)), language="ar"), newsletter, ours),
        lambda: shelved(published, replace(newsletter, language="en", site_url=None), ours),
    ]
    for other in others:
        assert other() != first
        assert shelved(published, newsletter, ours) == first
