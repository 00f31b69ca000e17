"""feeds.documents - a feed of entries that are ready, and how many it has.

The shell is written anew, the entries are joined as they are: a feed costs what stands in it, never
what was ever published. Joined or made in one go, the bytes are the same.
Faults: none. Never: which entries, or where they are kept. See: feeds.entries, feeds.channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from publisher.render.feeds.channels import Channel
from publisher.render.feeds.entries import Entry, json_lines
from publisher.render.feeds.mended import Shell, atom_around, rss_around
from publisher.render.feeds.names import author_of
from publisher.render.fragments import clean

MOST_ITEMS: Final = 100
"""Entries of a feed of items, where they are short."""
MOST_BYTES: Final = 512 * 1024 - 8 * 1024
"""What the entries of a feed may come to, the shell aside: more is a burden on every poll."""
FINE_BYTES: Final = 250_000
ALWAYS: Final = 10
"""JSON Feed 1.1 calls 250 KB fine; so many entries stand there whatever they come to."""


class Window(NamedTuple):
    """How many of the newest entries stand in RSS and Atom, and in JSON."""

    xml: int
    json: int


def window_of(entries: Sequence[Entry], most: int, least: int = 1) -> Window:
    """Say how many of the entries, newest first, a feed has: `most`, fewer where they are long.

    Never fewer than `least`, however long: those that stand nowhere else, in no closed archive.
    """
    most, least = min(most, len(entries)), min(least, len(entries))
    taken = entries[:most]
    sizes = [max(len(one.rss.encode()), len(one.atom.encode())) + 8 for one in taken]
    in_json = [len(one.json.encode()) + 8 for one in taken]
    whole, fine = _fitting(in_json, MOST_BYTES), _fitting(in_json, FINE_BYTES)
    return Window(
        max(_fitting(sizes, MOST_BYTES), least), max(min(whole, max(fine, ALWAYS)), least)
    )


def _fitting(sizes: Sequence[int], most: int) -> int:
    return sum(total <= most for total in accumulate(sizes))


def rss(channel: Channel, entries: Sequence[Entry]) -> str:
    """Write the RSS 2.0 feed of these entries, which come newest first."""
    shell = _shell(channel, "rss.xml", "application/rss+xml")
    return rss_around(shell, [entry.rss for entry in entries])


def atom(channel: Channel, entries: Sequence[Entry]) -> str:
    """Write the Atom feed of these entries, which come newest first."""
    shell = _shell(channel, "atom.xml", "application/atom+xml")
    return atom_around(shell, [entry.atom for entry in entries])


def json_feed(channel: Channel, entries: Sequence[Entry]) -> str:
    """Write the JSON Feed 1.1 of these entries, which come newest first."""
    newsletter, before = channel.newsletter, channel.previous
    head = json_lines(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": channel.title,
            "home_page_url": channel.home_address,
            "feed_url": channel.address("feed.json"),
            "description": clean(newsletter.description),
            "next_url": channel.archive_address(before, "feed.json") if before else None,
            "language": clean(newsletter.language),
            "authors": [{"name": author_of(newsletter)}],
            "hubs": [{"type": "WebSub", "url": hub} for hub in channel.hubs],
        },
        depth=1,
    )
    items = ",\n  ".join(entry.json for entry in entries)
    listed = f"[\n  {items}\n ]" if items else "[]"
    return f'{{\n{head},\n "items": {listed}\n}}\n'


def _shell(channel: Channel, name: str, media_type: str) -> Shell:
    newsletter = channel.newsletter
    return Shell(
        id=clean(channel.id),
        title=channel.title,
        description=clean(newsletter.description).strip() or channel.title,
        language=clean(newsletter.language),
        author=author_of(newsletter),
        updated=channel.updated,
        home=channel.home_address,
        media_type=media_type,
        links=tuple(_links(channel, name)),
        is_archive=channel.is_archive,
    )


def _links(channel: Channel, name: str) -> list[tuple[str, str]]:
    """List the links of a feed in XML (RFC 5005 §4, WebSub §4): its own, hubs, archives."""
    links = [("self", channel.address(name)), *(("hub", hub) for hub in channel.hubs)]
    if channel.is_archive:
        links.append(("current", channel.current_address(name)))
    if channel.previous:
        links.append(("prev-archive", channel.archive_address(channel.previous, name)))
    if channel.following:
        links.append(("next-archive", channel.archive_address(channel.following, name)))
    return [(rel, address) for rel, address in links if address]
