"""Which look a mail has in the end, and how much of its issue."""

import re
from dataclasses import replace
from html import unescape

import pytest

from publisher.errors import RefusedError
from publisher.model import (
    LARGE_MAIL,
    MOST_MAIL,
    Edition,
    Item,
    ItemRecord,
    Kind,
    Newsletter,
    Published,
    Section,
    Slot,
    Variant,
)
from publisher.render import mail, message
from publisher.render.fitting import editions
from publisher.render.lean import cut, lean, length
from publisher.render.message import filled_size
from publisher.render.pieces import seen

TEXT = "The tide of that day stood higher than any in the book. " * 12
EN = Variant("en")


def issue_of(published: Published, count: int, html: str = f"<p>{TEXT}</p>") -> Published:
    """An issue with so many items, each of some length."""
    items = tuple(
        Item(f"Tide {n}", f"https://tide.example/{n}", html, TEXT.strip()) for n in range(count)
    )
    records = tuple(ItemRecord(f"k{n}", f"i{n:04x}", one.url) for n, one in enumerate(items))
    half = count // 2
    sections = (Section(items[:half]), Section(items[half:], title="More"))
    issue = replace(published.issue, sections=sections, language="en", pictures=())
    return Published(issue, replace(published.record, items=records))


def addresses(body: str) -> set[str]:
    """Where a mail leads, places on its own page apart."""
    found = set(re.findall(rf"https?://[^\s\"<>]+|{Slot.UNSUBSCRIBE}", body))
    return {one.split("#")[0] for one in found}


def leads_to(html: str) -> set[str]:
    """Where the HTML half leads."""
    return {unescape(one).split("#")[0] for one in re.findall(r'href="([^"]+)"', html)}


@pytest.mark.parametrize("look", ["digest", "letter", "compact"])
def test_what_fits_is_as_asked(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Each look stands where it is small enough, and both halves say which it is."""
    made = editions(published, newsletter, templates, Variant("zh-CN", look))
    assert [(one.look, one.left_out) for one in made.values()] == [(look, 0)] * 2
    assert made["mail"].size_bytes == filled_size(made["mail"], newsletter)
    assert leads_to(made["mail"].body) == addresses(made["text"].body)


@pytest.mark.parametrize("look", ["digest", "letter"])
def test_what_is_too_large_is_compact(
    look: str, published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Over 100 KB the leaner look is taken, in both halves, and nothing is left out yet."""
    long = issue_of(published, 90)
    asked = mail.render(long, newsletter, Variant("en", look), templates)
    assert filled_size(asked, newsletter) > MOST_MAIL
    made = editions(long, newsletter, templates, Variant("en", look))
    assert {(one.look, one.left_out) for one in made.values()} == {("compact", 0)}
    assert made["mail"].size_bytes <= MOST_MAIL
    assert "Tide 89" in made["mail"].body
    assert leads_to(made["mail"].body) == addresses(made["text"].body)


def test_what_is_too_large_even_so_is_cut_behind_an_item(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """As many items stay as fit, and both halves say how many more the page tells."""
    made = editions(issue_of(published, 600), newsletter, templates, EN)
    left = made["mail"].left_out
    assert made["text"].left_out == left > 0
    assert MOST_MAIL - 2000 < made["mail"].size_bytes <= MOST_MAIL
    for half in made.values():
        assert f"{left} more on the page" in half.body
        assert f"Tide {599 - left}" in half.body
        assert f"Tide {600 - left}" not in half.body
    assert leads_to(made["mail"].body) == addresses(made["text"].body)


def test_without_a_page_nothing_is_left_out(
    published: Published, homeless: Newsletter, templates: dict[str, str]
) -> None:
    """There is nowhere to lead to: the mail stays whole and says how large it is."""
    made = editions(issue_of(published, 90), homeless, templates, EN)
    assert (made["mail"].look, made["mail"].left_out) == ("digest", 0)
    assert made["mail"].size_bytes > MOST_MAIL


def test_what_no_cut_makes_small_enough_says_so(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """A postal address of 100 KB is in every look; the size is what preflight stops."""
    vast = replace(newsletter, postal_address="Pier 1, " * 20_000)
    made = editions(issue_of(published, 8), vast, templates, EN)
    assert made["mail"].size_bytes > MOST_MAIL
    assert made["mail"].left_out == 8


def test_code_loses_its_colours_first(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Colours are bytes: they go where the mail would be large, before the look does."""
    code = '<pre><code class="language-python">' + "def f(x): return 1\n" * 14 + "</code></pre>"
    few = editions(issue_of(published, 5, code), newsletter, templates, EN)["mail"]
    many = editions(issue_of(published, 27, code), newsletter, templates, EN)["mail"]
    assert '<span class="k"' in few.body
    assert '<span class="k"' not in many.body
    assert (many.look, many.left_out) == ("digest", 0)
    coloured = mail.render(issue_of(published, 27, code), newsletter, EN, templates)
    assert filled_size(coloured, newsletter) > LARGE_MAIL


def test_size_is_what_the_reader_gets(newsletter: Newsletter) -> None:
    """The longest address of the way out is counted, and a line break as the two bytes it is."""
    bare = Edition("mail", "text/html", "茶\n")
    assert filled_size(bare, newsletter) == 5
    slot = Edition("mail", "text/html", f'<a href="{Slot.UNSUBSCRIBE}">')
    token = "t" * 33
    link = f'<a href="https://app.example.org/unsubscribe/{token}">'
    assert filled_size(slot, newsletter) == len(link)


def test_the_last_guard(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """No message over 100 KB of HTML leaves, whoever made it; one may be looked at."""
    made = editions(published, newsletter, templates, EN)
    record = published.record
    facts = {"kind": Kind.TEST, "issue_id": record.id, "slug": "7", "date": record.published}
    vast = replace(made["mail"], body=made["mail"].body + "x" * MOST_MAIL)
    message.prepare(made["mail"], made["text"], newsletter, **facts)
    message.prepare(vast, made["text"], newsletter, leaves=False, **facts)
    with pytest.raises(RefusedError, match="KB of HTML"):
        message.prepare(vast, made["text"], newsletter, **facts)


def test_lean_keeps_a_sentence_and_cut_whole_items(
    published: Published, newsletter: Newsletter, templates: dict[str, str]
) -> None:
    """Of each item its first sentence; behind the last item kept nothing stands."""
    issue = lean(seen(issue_of(published, 6), newsletter, EN, templates))
    assert {item.text for item in issue.items} == {TEXT[: TEXT.index(". ") + 1]}
    assert length(issue) == 6
    assert [len(section.items) for section in cut(issue, 3).sections] == [3]
    assert [len(section.items) for section in cut(issue, 4).sections] == [3, 1]
    assert cut(issue, 6).sections == issue.sections
    assert cut(issue, 0).sections == ()
