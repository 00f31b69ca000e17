"""items - drafts into items, parts into sections: where blocks become HTML, text and links.

Faults: none. Never: an empty title. See: drafts, bodies and plain (the two renderings).
"""

from __future__ import annotations

from collections.abc import Sequence

from publisher.digest.forms.drafts import Draft
from publisher.digest.forms.sections import Part
from publisher.digest.markup.bodies import Press, host_of, image_of, links_of
from publisher.digest.markup.outline import Block, tokens_of, without_rules
from publisher.digest.markup.plain import body_text, first_sentence
from publisher.digest.stated import languages
from publisher.model import Item, Link, Section


def section_of(part: Part, press: Press) -> Section:
    """Make a section of a part."""
    html, text = prose_of(part.prose, press)
    items = tuple(item_of(draft, press) for draft in part.drafts)
    closing_html, closing_text = prose_of(part.closing, press)
    return Section(
        items=items,
        title=part.title,
        form=part.form,
        why=part.why,
        html=html,
        text=text,
        line=part.line,
        closing_html=closing_html,
        closing_text=closing_text,
    )


def prose_of(blocks: Sequence[Block], press: Press) -> tuple[str, str]:
    """Give blocks as HTML and as text, without the rules they begin or end with."""
    tokens = tokens_of(without_rules(blocks))
    return (press.html(tokens), body_text(tokens)) if tokens else ("", "")


def item_of(draft: Draft, press: Press) -> Item:
    """Make an item of a draft."""
    above_html, above_text = prose_of(draft.above, press)
    html, text = prose_of(draft.body, press)
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
        above_html=above_html,
        above_text=above_text,
    )
