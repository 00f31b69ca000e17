"""view - an issue as editions show it: what stands first, in which language, under which name.

Every edition says the same; here is decided once which of two titles leads, what an untitled issue
is called, which date it bears. Templates receive these values and nothing else of the model.
Faults: none. Never: markup of an edition. See: mail, text, page, feed (who take it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from functools import partial
from itertools import count, islice
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from publisher.addresses import issue_address, topic_slug
from publisher.model import Item, ItemRecord, Newsletter, Published, Section
from publisher.render import fragments
from publisher.render.fragments import excerpt, set_tight, set_tight_html, sponsored
from publisher.render.images import shown as pictured
from publisher.render.repeats import without_repeats
from publisher.render.words import Words, date_words, primary, sponsor_word

MOST_LISTED: Final = 30
"""Items that a list of contents may name one by one; a longer one hides the news behind it."""
_NOTES: Final = re.compile(
    r"(?:foot|end)?notes|脚注|腳注|註釋|注释|각주|сноски|примечания|fu(?:ß|ss)noten"
    r"|notes de bas de page|notas(?: (?:al|de) (?:pie|rodapé))?|poznámky(?: pod čarou)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item as it is shown; languages are None where they are the issue's own.

    `number` counts the news; an advert has 0. `topics` are all it has, `shown_topics` those
    that its section does not say already. `above_html`/`above_text` is the section's.
    `sentence` is the heading of an item that is a sentence with links of its own, else empty.
    """

    number: int
    anchor: str
    title: str
    sentence: Markup
    language: str | None
    second: str | None
    second_language: str | None
    url: str | None
    host: str
    html: Markup
    text: str
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    shown_topics: tuple[str, ...]
    above_html: Markup
    above_text: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section as it is shown; `label` marks an advert whose title does not say so itself."""

    title: str | None
    html: Markup
    text: str
    items: tuple[ItemView, ...]
    is_sponsor: bool
    label: str | None
    closing_html: Markup
    closing_text: str


@dataclass(frozen=True, slots=True)
class ContentsView:
    """A line of the list of contents: an item, or a section with the count of its items."""

    number: int
    anchor: str
    title: str
    language: str | None
    count: int = 0


@dataclass(frozen=True, slots=True)
class IssueView:
    """An issue as it is shown.

    `headline` names it anywhere; `heading` is enough where the newsletter's name stands above.
    `dateline` gives number, date and length, the first two where the heading does not; all in the
    one language that our sentences come in, as a line of two scripts would be read out of order.
    `address` is the page's whole address, None while there is no site_url.
    """

    headline: str
    heading: str
    is_titled: bool
    dateline: str
    language: str
    date: date
    number: int | None
    address: str | None
    html: Markup
    text: str
    sections: tuple[SectionView, ...]
    authors: tuple[str, ...]
    topics: tuple[str, ...]

    @property
    def items(self) -> tuple[ItemView, ...]:
        """The items that are news, in reading order."""
        news = (section for section in self.sections if not section.is_sponsor)
        return tuple(item for section in news for item in section.items)

    @property
    def contents(self) -> tuple[ContentsView, ...]:
        """What the list of contents names: the items, of a long issue the sections."""
        news = [section for section in self.sections if section.items and not section.is_sponsor]
        titled = [section for section in news if section.title]
        if len(self.items) <= MOST_LISTED or len(titled) < 3:
            return _listed(self.items) if len(self.items) > 2 else ()
        lines: list[ContentsView] = []
        for section in news:
            first, count = section.items[0], len(section.items)
            named = ContentsView(first.number, first.anchor, section.title or "", None, count)
            lines += [named] if section.title else _listed(section.items)
        return tuple(lines)

    def summary(self, length: int) -> str:
        """Say in a line what the issue is about: its preface, else the titles of its items."""
        return excerpt(self.text, length) or titles(self.items, length)

    def preheader(self, length: int) -> str:
        """Say in a line what the inbox shows beside the subject: the items, else the prose."""
        texts = (self.text, *(section.text for section in self.sections))
        prose = next(filter(None, texts), "")
        return titles(self.items, length) or excerpt(prose, length)


def _listed(items: Sequence[ItemView]) -> tuple[ContentsView, ...]:
    return tuple(ContentsView(i.number, i.anchor, i.title, i.language) for i in items)


def titles(items: Sequence[ItemView], length: int) -> str:
    """Join titles, whole ones only, until the length is reached."""
    line = ""
    for item in items:
        longer = f"{line} · {item.title}" if line else item.title
        if len(longer) > length - 2:
            return f"{line} …" if line else excerpt(longer, length)
        line = longer
    return line


def issue_date(published: Published, newsletter: Newsletter) -> date:
    """Give the date an issue bears: the stated one, else the local day of publication."""
    stated = published.issue.date or published.record.date
    return stated or published.record.published.astimezone(_zone(newsletter)).date()


def _zone(newsletter: Newsletter) -> tzinfo:
    try:
        return ZoneInfo(newsletter.timezone)
    except (ZoneInfoNotFoundError, ValueError):  # the settings refuse it with a better sentence
        return UTC


def headline(published: Published, newsletter: Newsletter, language: str | None = None) -> str:
    """Name an issue where its newsletter is not named beside it: its title, or one made up.

    What is made up is ours and so in our language: the variant's, else the newsletter's.
    """
    stated = _heading(published.issue.title)
    day = date_words(language or newsletter.language, issue_date(published, newsletter))
    return stated or f"{_line(newsletter.title) or newsletter.slug} · {day}"


def language_of(published: Published, newsletter: Newsletter) -> str:
    """Name the language of an issue, the newsletter's own tag where that says more."""
    stated = published.issue.language
    says_less = (stated or "").lower() == primary(newsletter.language)
    return newsletter.language if not stated or says_less else stated


def view(
    published: Published, newsletter: Newsletter, ours: Words, our_language: str | None = None
) -> IssueView:
    """Decide how an issue is shown; `our_language` is the variant's, else the newsletter's."""
    issue, record = published.issue, published.record
    our_language = our_language or newsletter.language
    language = language_of(published, newsletter)
    day = issue_date(published, newsletter)
    sections = _sections(published, newsletter, ours, language, our_language)
    news = [item for section in sections if not section.is_sponsor for item in section.items]
    topics = [*issue.topics, *(topic for item in news for topic in item.topics)]
    heading = _heading(issue.title)
    number = issue.number if issue.number is not None else record.number
    dateline = [
        ours.say(our_language, "No. {number}", number=number)
        if number is not None and not _says(heading, number)
        else "",
        date_words(ours.spoken(our_language), day) if heading else "",
        ours.say_count(our_language, "{count} item", "{count} items", len(news)) if news else "",
    ]
    return IssueView(
        headline=headline(published, newsletter, our_language),
        heading=heading or date_words(our_language, day),
        is_titled=bool(heading),
        dateline=" · ".join(filter(None, dateline)),
        language=language,
        date=day,
        number=number,
        address=issue_address(newsletter, record.slug) if newsletter.site_url else None,
        html=_made(published, newsletter, issue.html),
        text=_text(issue.text),
        sections=sections,
        authors=_lines(issue.authors),
        topics=tuple(dict.fromkeys(_lines(topics))),
    )


def _says(title: str, number: int) -> bool:
    """Whether a title says the number; a small one may be a day, or a count of things."""
    before = r"(?:[#№第]|\bn[o.º°]+|\bissue|\bnumber)\s*" if number < 32 else r"(?<!\d)"
    return bool(re.search(rf"{before}{number}(?!\d)", title, re.IGNORECASE))


def _sections(
    published: Published, newsletter: Newsletter, ours: Words, own: str, our_language: str
) -> tuple[SectionView, ...]:
    pairs, numbers = published.items(), count(1)
    sections = []
    for section in published.issue.sections:
        title = _line(section.title) or None
        if _is_emptied(section):
            continue
        word = sponsor_word(our_language) if section.sponsor else ""
        made = partial(_made, published, newsletter, is_paid=section.sponsor)
        items = []
        for pair in islice(pairs, len(section.items)):
            number = 0 if section.sponsor else next(numbers)
            items.append(_item(number, pair, made, newsletter, ours, own, our_language, title))
        sections.append(
            SectionView(
                title,
                made(section.html),
                _text(section.text),
                tuple(items),
                section.sponsor,
                None if word.casefold() in (title or "").casefold() else word,
                made(section.closing_html),
                _text(section.closing_text),
            )
        )
    return tuple(sections)


def _is_emptied(section: Section) -> bool:
    """Whether a section is the heading of notes that have gone to the items they belong to."""
    holds = section.items or section.html or section.closing_html
    return not holds and bool(_NOTES.fullmatch((section.title or "").strip(" :：")))


def _made(
    published: Published, newsletter: Newsletter, html: str, *, is_paid: bool = False
) -> Markup:
    """Ready a piece of the digest's HTML: its pictures, its links where they are paid for."""
    whole = pictured(html, published.issue.pictures, newsletter.base_url)
    return _html(sponsored(whole) if is_paid else whole)


def _item(
    number: int,
    pair: tuple[Item, ItemRecord],
    made: Callable[[str], Markup],
    newsletter: Newsletter,
    ours: Words,
    own: str,
    our_language: str,
    section: str | None,
) -> ItemView:
    item, record = pair
    told_topic = topic_slug(section or "")
    first, *others = _titles(item, our_language, newsletter.titles) or [("", None)]
    second = others[0] if others else ("", None)
    url = _clean(item.url).strip() if item.url else None
    nameless = ours.say(own, "Item {number}", number=number) if number else sponsor_word(own)
    title = first[0] or url or nameless
    authors = _lines(item.authors)
    both = (_line(item.title), _line(item.alt_title))
    said = (" ".join(authors), *(both if all(both) else ()))
    told = without_repeats(made(item.html), _text(item.text), title, url, said)
    return ItemView(
        number=number,
        anchor=record.anchor,
        title=title,
        sentence=Markup(told.sentence),  # noqa: S704 - a piece of what was sanitised
        language=_other(first[1], own),
        second=second[0] or None,
        second_language=_other(second[1], own),
        url=url or None,
        host=_host(url),
        html=Markup(told.html),  # noqa: S704 - as the sentence
        text=told.text,
        authors=authors,
        topics=_lines(item.topics),
        shown_topics=_lines(topic for topic in item.topics if topic_slug(topic) != told_topic),
        above_html=made(item.above_html),
        above_text=_text(item.above_text),
    )


def _titles(item: Item, our_language: str, listed: Sequence[str]) -> list[tuple[str, str | None]]:
    """Give the titles of an item that are shown, each with its language, the leading one first.

    Those of the languages listed, in that order; without a list both, ours first. One whose
    language cannot be told is not held back, and an item always has one.
    """
    told = ((item.title, item.title_language), (item.alt_title, item.alt_title_language))
    both = [(line, language) for title, language in told if (line := _line(title))]
    tags = [primary(tag) for tag in (*listed, our_language)]

    def place(title: tuple[str, str | None]) -> int:
        language = primary(title[1])
        return tags.index(language) if language in tags else len(tags)

    ordered = sorted(both, key=place)
    if not listed:
        return ordered
    return [one for one in ordered if not one[1] or place(one) < len(listed)] or ordered[:1]


def _other(language: str | None, own: str) -> str | None:
    return language if language and primary(language) != primary(own) else None


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _clean(text: str) -> str:
    return fragments.without_slots(fragments.clean(text))


def _line(text: str | None) -> str:
    return set_tight(" ".join(_clean(text or "").split()))


def _heading(title: str | None) -> str:
    """Give an issue's title without the colon that led on to its first line."""
    return _line(title).rstrip(" :：")


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(line for text in texts if (line := _line(text)))


def _text(text: str) -> str:
    return set_tight(_clean(text)).strip()


def _html(html: str) -> Markup:
    return Markup(set_tight_html(_clean(html)).strip())  # noqa: S704 - the digest room sanitised it
