"""text - an issue as plain text, the other half of every mail.

Made from the items, not from the HTML, and carrying the same links: filters count them. Lines are
as long as their paragraphs: Chinese has no spaces to break at, and every mail program wraps.
Faults: none. Never: markup; recipients. See: mail (the HTML half), message (wraps both).
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from publisher.addresses import archive_path, site_address
from publisher.model import Edition, Newsletter, Published, Slot, Variant
from publisher.render.environment import Templates
from publisher.render.fragments import absolute, clean, excerpt, links_of, plain, without_slots
from publisher.render.lean import LONGEST_PROSE
from publisher.render.pieces import COMPACT, seen
from publisher.render.view import IssueView, ItemView
from publisher.render.words import Words, list_words, words

LETTER: Final = "letter"
_ENDS: Final = r"(?![.,:;!'()*+$@~]*[\w/?#&=%-])"
"""What follows no address but its end; a stop may be a sentence's, or go on: `/b` and `/b.html`."""


def render(
    published: Published, newsletter: Newsletter, variant: Variant, templates: Templates
) -> Edition:
    """Render the text of an issue; of the templates only the catalogues have a say in it."""
    issue = seen(published, newsletter, variant, templates)
    return of_view(issue, published, newsletter, variant, templates)


def of_view(
    issue: IssueView,
    published: Published,
    newsletter: Newsletter,
    variant: Variant,
    templates: Templates,
    *,
    left_out: int = 0,
) -> Edition:
    """Render the text of what is seen of an issue; `left_out` items are told by the page alone."""
    ours = words(templates)
    on_page = ours.say(variant.language, "Read on the page")
    prose = partial(_brief, issue, on_page) if variant.look == COMPACT else partial(_prose, issue)
    head = _head(issue, newsletter, ours, variant)
    blocks = prose(issue.html, issue.text)
    for section in issue.sections:
        heading = " · ".join(filter(None, (section.label, section.title)))
        blocks += [f"# {heading}"] if heading else []
        blocks += prose(section.html, section.text)
        for item in section.items:
            blocks += _apart(prose(item.above_html, item.above_text))
            blocks.append(_title(item, issue.language, variant.look))
            told = item.sentence + item.html
            blocks += _prose(issue, told, item.text, known=item.url)
            if issue.address and variant.look in (COMPACT, LETTER):
                # the list of contents makes the HTML of `digest` lead there twice: once more here,
                # and filters that count both halves find an odd one out
                blocks.append(f"{on_page}\n{issue.address}#{item.anchor}")
        blocks += _apart(prose(section.closing_html, section.closing_text))
    if left_out and issue.address:
        more = ours.say_count(
            variant.language, "{count} more on the page", "{count} more on the page", left_out
        )
        blocks.append(f"{more}\n{issue.address}")
    greeting, signed = "", ""
    if variant.look == LETTER:
        greeting = Slot.GREETING.value  # what fills it parts itself from what comes next
        signed = newsletter.sender_name if newsletter.sender_name != newsletter.title else ""
    footer = _footer(issue, newsletter, ours, variant)
    said = "\n\n".join(filter(None, (_joined([*blocks, signed]), footer)))
    body = clean(f"{_joined(head)}\n\n{greeting}{said}\n")
    return Edition(
        "text",
        "text/plain",
        body,
        subject=published.issue.subject or issue.headline,
        look=variant.look,
        left_out=left_out,
        greeting=ours.say(variant.language, "Hello {name},", name="{name}"),
    )


def _joined(blocks: list[str]) -> str:
    # again: taken out of its HTML, what the digest says may have come together to a slot
    return without_slots("\n\n".join(block for block in blocks if block))


def _head(issue: IssueView, newsletter: Newsletter, ours: Words, variant: Variant) -> list[str]:
    lines = [issue.headline, issue.dateline]
    if newsletter.title and newsletter.title not in issue.headline:
        lines.insert(0, newsletter.title)
    web = ours.say(variant.language, "Read on the web")
    return ["\n".join(filter(None, lines)), f"{web}\n{issue.address}" if issue.address else ""]


def _title(item: ItemView, language: str, look: str) -> str:
    """Head an item with what the look shows of it: filters count the words of both halves."""
    name = plain(item.sentence) or item.title
    if item.number and look not in (COMPACT, LETTER):
        name = f"{item.number:02d}  {name}"
    facts = [item.second, list_words(language, item.authors), " · ".join(item.shown_topics)]
    lines = [name, *(facts if look != COMPACT else []), item.url]
    return "\n".join(line for line in lines if line)


def _apart(prose: list[str]) -> list[str]:
    """Part prose of a section from the item above it."""
    return ["* * *", *prose] if any(prose) else []


def _brief(issue: IssueView, on_page: str, html: str, text: str) -> list[str]:
    """Give the beginning of a text, and where the rest is; with its links what is short."""
    if html:
        return _prose(issue, html, text)
    if len(text) <= LONGEST_PROSE or not issue.address:
        return [excerpt(text, LONGEST_PROSE)]
    return [excerpt(text, LONGEST_PROSE), f"{on_page}\n{issue.address}"]


def _prose(issue: IssueView, html: str, text: str, *, known: str | None = None) -> list[str]:
    """Give a text, its addresses freed of the punctuation behind them, and the links it hides."""
    blocks = []
    links = links_of(absolute(html, issue.address))
    for url in sorted((link.url for link in links), key=len, reverse=True):
        if url in text:  # patterns are slow, and few addresses stand in a text
            text = re.sub(rf"{re.escape(url)}(?=[^\x00-\x7f])", lambda m: m.group(0) + " ", text)
    blocks += [text] if [link.text for link in links] != [text] else []
    for link in links:
        is_shown = link.url in text and re.search(rf"{re.escape(link.url)}{_ENDS}", text)
        is_inside = link.url.startswith(f"{issue.address}#")
        if link.url != known and not is_shown and not is_inside:
            blocks.append(link.url if link.text in ("", link.url) else f"{link.text}\n{link.url}")
    return blocks


def _footer(issue: IssueView, newsletter: Newsletter, ours: Words, variant: Variant) -> str:
    """Say why this came, where it ends, what else there is and who sent it, each on its own."""
    language = variant.language
    why = ours.say(
        language,
        "You receive this because you subscribed to {newsletter}.",
        newsletter=newsletter.title or newsletter.slug,
    )
    archive = site_address(newsletter, archive_path(newsletter)) if issue.address else ""
    blocks = [
        f"-- \n{why}",
        f"{ours.say(language, 'Unsubscribe')}\n{Slot.UNSUBSCRIBE.value}",
        f"{ours.say(language, 'All issues')}\n{archive}" if archive else "",
        "\n".join(filter(None, (newsletter.look.footer, newsletter.postal_address))),
    ]
    return "\n\n".join(filter(None, blocks))
