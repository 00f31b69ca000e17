"""preflight.links: every link of an issue is looked at, and both halves of the mail carry them."""

from publisher.model import Edition, Finding, Issue, Item, Level, Section, Slot
from publisher.preflight.links import compare, judge
from publisher.preflight.styles import tree


def test_every_place_of_an_issue_is_looked_at() -> None:
    """Title, text, prose above, preface, opening and closing of a section: each with its line."""
    bad = '<p><a href="http://localhost/{}">x</a></p>'.format
    item = Item("T", "http://localhost/t", html=bad("i"), above_html=bad("a"), line=7)
    section = Section((item,), html=bad("s"), closing_html=bad("c"), line=5)
    found = judge(Issue((section,), html=bad("p")))
    assert {one.code for one in found} == {"preflight/dead-link"}
    assert [(one.message[-1], one.line) for one in found] == [
        ("s", 5),
        ("c", 5),
        ("t", 7),
        ("a", 7),
        ("i", 7),
        ("p", None),
    ]


def test_one_address_is_told_once() -> None:
    """A bad address that an item has twice is one finding."""
    html = '<p><a href="http://localhost/">x</a> and <a href="http://localhost/">y</a></p>'
    (found,) = judge(Issue((Section((Item("T", "http://localhost/", html=html, line=2),)),)))
    assert "“T”" in found.message


def test_many_dead_links_are_counted() -> None:
    """The first five are named, the others counted."""
    items = tuple(Item(f"T{n}", f"http://localhost/{n}", line=n) for n in range(1, 31))
    found = judge(Issue((Section(items),)))
    assert len(found) == 6
    assert found[-1].message.startswith("25 more links")


def test_a_link_that_says_another_address() -> None:
    """A link whose text is another address warns and names both."""
    html = '<p><a href="https://b.test/x">https://a.test/x</a> <a href="https://b.test/">b</a></p>'
    (found,) = judge(Issue(html=html))
    assert (found.level, found.code) == (Level.WARN, "preflight/other-address")
    assert "https://a.test/x" in found.message
    assert "https://b.test/x" in found.message


def test_trackers_are_noted_once() -> None:
    """Addresses that tell where readers come from give one note."""
    items = tuple(Item(f"T{n}", f"https://a.test/{n}?utm_source=us", line=n + 3) for n in range(4))
    (found,) = judge(Issue((Section(items),)))
    assert (found.level, found.code, found.line) == (Level.NOTE, "preflight/tracking", 3)
    assert found.message.startswith("4 addresses tell")


def compared(html: str, text: str) -> list[Finding]:
    """Compare two halves of a mail."""
    return compare(tree(html), Edition("text", "text/plain", text))


UNSUBSCRIBE = Slot.UNSUBSCRIBE.value
GREETING = Slot.GREETING.value


def test_halves_with_the_same_links_pass() -> None:
    """Fragments, the stops behind an address and addresses that are only words do not count."""
    html = (
        '<a href="https://a.test/x#part">A</a> <a href="https://b.test/?q=1&amp;r=2">B</a>'
        f'{GREETING}<a href="{UNSUBSCRIBE}">out</a> <a href="#top">top</a><code>https://c.test/code</code>'
    )
    text = f"A https://a.test/x.\nB (https://b.test/?q=1&r=2)。\nhttps://c.test/code\n{GREETING}{UNSUBSCRIBE}"
    assert compared(html, text) == []


def test_halves_with_other_links_warn() -> None:
    """What either half has alone is named, a way out too."""
    html = '<a href="https://a.test/x">A</a> <a href="https://a.test/y">B</a>'
    lost, bare = compared(html, f"https://a.test/xy https://a.test/y\n{UNSUBSCRIBE}")
    assert {lost.code, bare.code} == {"preflight/links-differ"}
    assert "HTML part is not in its text part: https://a.test/x." in lost.message
    assert "https://a.test/xy, the unsubscribe link" in bare.message


def test_no_inner_name_is_shown() -> None:
    """What is filled in for each reader is told in words, whichever half has it alone."""
    own = f'<a href="{UNSUBSCRIBE}">out</a><a href="{UNSUBSCRIBE}?from=mail">out</a>'
    found = [*compared(own, ""), *compared("", f"{UNSUBSCRIBE} {GREETING}")]
    assert found
    assert not [one for one in found if "__" in one.message]
    assert all("the unsubscribe link" in one.message for one in found)
