"""feeds.content - an issue, or one of its items, as HTML for feed readers.

No classes, no styles, no formulas in MathML; every address whole, for readers ignore `xml:base`.
Faults: none. Never: cuts prose. See: render.view (what is shown), render.pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from markupsafe import escape

from publisher.model import Newsletter
from publisher.render.feeds.names import title_of
from publisher.render.fragments import absolute, without_mathml
from publisher.render.view import IssueView, ItemView
from publisher.render.words import direction, list_words

MOST_CONTENT: Final = 200_000
"""Bytes of an issue's content that items are shown in full in: each poll brings all of them."""


def of_issue(issue: IssueView) -> str:
    """Write the whole issue; its items are anchors, as they are on its page.

    Of one with hundreds of items the last are titles that lead to the page; prose is never cut.
    """
    parts: list[str] = [issue.html]
    room = MOST_CONTENT
    for section in issue.sections:
        if section.label:
            parts.append(f"<p><small>{escape(section.label)}</small></p>")
        if section.title:
            parts.append(f"<h2>{escape(section.title)}</h2>")
        parts.append(section.html)
        level = "h3" if section.title else "h2"
        for item in section.items:
            opening = f'{level} id="{escape(item.anchor)}"{_lang(item.language)}'
            led = f"<{opening}>{_led(item)}</{level}>"
            whole = [*_apart(item.above_html), led, *_below(item, issue.language)]
            room -= sum(len(part.encode()) for part in whole)
            if room < 0 and issue.address:
                link = f'<a href="#{escape(item.anchor)}">{escape(item.title)}</a>'
                whole = [f"<{opening}>{link}</{level}>"]
            parts += whole
        parts += _apart(section.closing_html)
    # an entry without content is none in JSON Feed, and readers would fetch the page for it
    return _whole(parts, issue) or f"<p>{escape(issue.headline)}</p>"


def of_item(item: ItemView, issue: IssueView, newsletter: Newsletter) -> str:
    """Write one item: what it is about and where, then its text, then the issue it is from."""
    # without an address there is its title alone, which stands above already
    is_led = item.url or item.sentence
    opening = f"<p{_lang(item.language)}>{_led(item)}</p>" if is_led else ""
    name: str = escape(issue.headline)
    if issue.address:
        name = f'<a href="{escape(issue.address)}#{escape(item.anchor)}">{name}</a>'
    if issue.is_titled:  # else it is called after its newsletter already
        name = f"{escape(title_of(newsletter))} · {name}"
    source = f"<p><small>{name}</small></p>"
    return _whole([opening, *_below(item, issue.language), source], issue)


def _led(item: ItemView) -> str:
    """Give what leads an item: its title with its address, or its sentence with links of its own."""
    if item.sentence:
        return item.sentence
    title: str = escape(item.title)
    return f'<a href="{escape(item.url)}">{title}</a>' if item.url else title


def _below(item: ItemView, language: str) -> Iterable[str]:
    if item.second:
        yield f"<p{_lang(item.second_language)}><em>{escape(item.second)}</em></p>"
    if item.authors:
        yield f"<p>{escape(list_words(language, item.authors))}</p>"
    yield item.html


def _apart(html: str) -> list[str]:
    """Part prose of a section from the item above it, where no style can."""
    return ["<hr>", html] if html else []


def _lang(language: str | None) -> str:
    return f' lang="{escape(language)}"' if language else ""


def _whole(parts: Iterable[str], issue: IssueView) -> str:
    whole = "\n".join(part for part in parts if part)
    if whole and direction(issue.language) == "rtl":
        whole = f'<div dir="rtl">\n{whole}\n</div>'
    return absolute(without_mathml(whole), issue.address)
