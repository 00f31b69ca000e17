"""anchors - links to places within the digest, settled once all of it is HTML.

On the page an item has an anchor of its own, and headings have none. So a link to `#somewhere` is
kept where the place is in the issue's own HTML, as a footnote's is; else its words stay and the
link goes.
Faults: none; what was taken out is named. Never: other links. See: bodies (the HTML's form).
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from publisher.model import Issue, Section

_PLACE: Final = re.compile(r'<[a-z][^<>]*?\s(?:id|name)="([^"]+)"')
_LINK: Final = re.compile(r'<a((?:\s[a-z]+="[^"<>]*")*?) href="#([^"]*)"([^<>]*)>(.*?)</a>', re.S)


def settle_anchors(issue: Issue) -> tuple[Issue, list[str]]:
    """Take out of an issue the links that lead to no place in it, and name them."""
    if not any(' href="#' in one for one in issue.all_html):
        return issue, []
    places = {html.unescape(one) for text in issue.all_html for one in _PLACE.findall(text)}
    dead: list[str] = []

    def settled(text: str) -> str:
        def judged(link: re.Match[str]) -> str:
            place = html.unescape(link[2])
            if place in places or unquote(place) in places:
                return link[0]
            dead.append(f"#{place}")
            rest = f"{link[1]}{link[3]}"
            return f"<a{rest}>{link[4]}</a>" if _PLACE.match(f"<a{rest}>") else link[4]

        return _LINK.sub(judged, text) if ' href="#' in text else text

    def of_section(section: Section) -> Section:
        prose = settled(section.html)
        items = tuple(
            replace(item, above_html=settled(item.above_html), html=settled(item.html))
            for item in section.items
        )
        closing = settled(section.closing_html)
        return replace(section, html=prose, items=items, closing_html=closing)

    preface = settled(issue.html)
    sections = tuple(of_section(section) for section in issue.sections)
    return replace(issue, html=preface, sections=sections), dead
