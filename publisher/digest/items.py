"""items - drafts into items, parts into sections: where blocks become HTML, text and links.

Faults: none. Never: an empty title. See: forms (drafts), bodies and plain (the two renderings).
"""

from __future__ import annotations

from publisher.digest import languages
from publisher.digest.bodies import Press, host_of, image_of, links_of
from publisher.digest.drafts import Draft
from publisher.digest.outline import tokens_of
from publisher.digest.plain import body_text, first_sentence
from publisher.digest.sections import Part
from publisher.model import Item, Link, Section


def section_of(part: Part, press: Press) -> Section:
    """Make a section of a part."""
    prose = tokens_of(part.prose)
    return Section(
        items=tuple(item_of(draft, press) for draft in part.drafts),
        title=part.title,
        form=part.form,
        why=part.why,
        html=press.html(prose) if prose else "",
        text=body_text(prose),
        line=part.line,
    )


def item_of(draft: Draft, press: Press) -> Item:
    """Make an item of a draft."""
    body = tokens_of(draft.body)
    html = press.html(body) if body else ""
    text = body_text(body)
    url = press.address(draft.address) if draft.address else None
    title = draft.title or first_sentence(text) or (host_of(url) if url else "") or "…"
    links = links_of(html)
    if url:
        first = Link(draft.link_text or title, url)
        links = (first, *(link for link in links if link.url != url))
    return Item(
        title=title,
        url=url,
        html=html,
        text=text,
        alt_title=draft.alt_title,
        title_language=languages.of_title(title, draft.alt_title),
        alt_title_language=languages.of_title(draft.alt_title, title) if draft.alt_title else None,
        links=links,
        authors=draft.authors,
        topics=draft.topics,
        image=image_of(html),
        line=draft.line,
    )
