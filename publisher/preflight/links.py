"""preflight.links - where the links of an issue lead, by looking; and that both halves carry them.

Faults: as findings. Never: opens an address. See: places (the rules), preflight (which asks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml.html import HtmlElement

from publisher.model import Edition, Finding, Issue, Level, Slot
from publisher.preflight.pieces import pieces
from publisher.preflight.places import leads_elsewhere, shown_address, trackers, why_dead
from publisher.preflight.telling import few, named, quoted, shortened

_WRITTEN: Final = re.compile(r"https?://[^\s<>\"\u3000-\u303f\uff00-\uffef]+", re.IGNORECASE)
_LOOSE: Final = ".,;:!?'\")]}>*_"
_SLOTS: Final = {
    Slot.UNSUBSCRIBE.value: "the unsubscribe link",
    Slot.GREETING.value: "the greeting",
}
"""What is filled in for each reader, in words for who never saw its inner name."""


@dataclass(frozen=True, slots=True)
class _Link:
    text: str
    url: str
    line: int | None


def judge(issue: Issue) -> list[Finding]:
    """Look at every link an issue has of its own, each address once."""
    found = {(link.url, link.text): link for link in reversed(list(_links(issue)))}
    links = list(found.values())[::-1]
    first = list({link.url: link for link in reversed(links)}.values())[::-1]
    return [*_dead(first), *_misleading(links), *_tracked(first)]


def _links(issue: Issue) -> Iterator[_Link]:
    for item in issue.items:
        if item.url:
            yield _Link(item.title, item.url, item.line)
    for piece in pieces(issue):
        for anchor in piece.root.iter("a"):
            if url := anchor.get("href"):
                yield _Link(anchor.text_content(), url, piece.line)


def _dead(links: list[_Link]) -> list[Finding]:
    found = [
        Finding(
            Level.WARN,
            "preflight/dead-link",
            f"The link of {quoted(link.text)} {why}: {shortened(link.url)}"
            if link.text.strip() not in {"", link.url}
            else f"A link {why}: {shortened(link.url)}",
            "Put the address it should lead to in its place.",
            link.line,
        )
        for link in links
        if (why := why_dead(link.url))
    ]
    return few(found, lambda number: f"{number} more links look as if they led nowhere")


def _misleading(links: list[_Link]) -> list[Finding]:
    found = [
        Finding(
            Level.WARN,
            "preflight/other-address",
            f"A link says {shortened(shown)} and leads to {shortened(link.url)}; filters take that "
            "for a trick.",
            "Let it say where it leads, or give it words for a text.",
            link.line,
        )
        for link in links
        if (shown := shown_address(link.text)) and leads_elsewhere(shown, link.url)
    ]
    return few(found, lambda number: f"{number} more links say another address than theirs")


def _tracked(links: list[_Link]) -> list[Finding]:
    tracked = [link for link in links if trackers(link.url)]
    if not tracked:
        return []
    names = list(dict.fromkeys(name for link in tracked for name in trackers(link.url)))
    words = "1 address tells" if len(tracked) == 1 else f"{len(tracked)} addresses tell"
    return [
        Finding(
            Level.NOTE,
            "preflight/tracking",
            f"{words} where the reader comes from: {named(names)}.",
            "Cut that part off each address; it leads to the same place without.",
            tracked[0].line,
        )
    ]


def compare(root: HtmlElement, text: Edition) -> list[Finding]:
    """Report addresses that only one half of a mail has: readers lose them, filters count them."""
    shown = root.text_content()
    linked = {
        href.partition("#")[0]
        for anchor in root.iter("a")
        if (href := anchor.get("href") or "").startswith(("http://", "https://", *_SLOTS))
    }
    written = {found.rstrip(_LOOSE).partition("#")[0] for found in _WRITTEN.findall(text.body)}
    lost = sorted(url for url in linked - written if not _stands(url, text.body))
    bare = {url.rstrip(_LOOSE) for url in linked}
    only_text = sorted(url for url in written - bare - linked if url not in shown)
    only_text += [
        one for one in _SLOTS if one in text.body and one not in shown and one not in linked
    ]
    findings = []
    for where, other, addresses in (("HTML", "text", lost), ("text", "HTML", only_text)):
        if addresses:
            count = f"{len(addresses)} addresses" if len(addresses) > 1 else "1 address"
            findings.append(
                Finding(
                    Level.WARN,
                    "preflight/links-differ",
                    f"{count} of the mail's {where} part {'is' if len(addresses) == 1 else 'are'} "
                    f"not in its {other} part: {named([_in_words(one) for one in addresses])}.",
                    "Look at templates/mail/: both parts have to lead to the same places.",
                )
            )
    return findings


def _in_words(address: str) -> str:
    slot = next(filter(address.startswith, _SLOTS), "")
    return _SLOTS[slot] if slot else shortened(address)


def _stands(url: str, body: str) -> bool:
    """Whether an address stands in a text whole, and not as the beginning of a longer one."""
    return re.search(rf"{re.escape(url)}(?![\w/?&=%+~-])", body) is not None
