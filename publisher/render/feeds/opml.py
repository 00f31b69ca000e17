"""feeds.opml - the list of all feeds, as OPML 2.0, which readers subscribe to in one go.

Faults: none. Never: the clock. See: feeds.channels (which feeds there are), site (writes it).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from lxml import etree

from publisher.model import Newsletter
from publisher.render.feeds.channels import Channel
from publisher.render.feeds.mended import seconds
from publisher.render.feeds.names import author_of, title_of

# RSS, as every reader that imports a list knows it; `type` says rss whichever format is meant.
_FILE = "rss.xml"


def opml(newsletter: Newsletter, channels: Sequence[Channel], updated: datetime) -> str:
    """Write the list in the order given; readers show the titles, so no two should be alike.

    Without a site there is no whole address, and so nothing to subscribe to: the list is empty.
    """
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    _say(head, "title", title_of(newsletter))
    _say(head, "dateModified", format_datetime(seconds(updated)))
    _say(head, "ownerName", author_of(newsletter))
    _say(head, "docs", "http://opml.org/spec2.opml")
    body = etree.SubElement(root, "body")
    for channel in channels:
        address, home = channel.address(_FILE), channel.home_address
        if address and home:
            etree.SubElement(
                body,
                "outline",
                type="rss",
                text=channel.title,
                title=channel.title,
                xmlUrl=address,
                htmlUrl=home,
                version="RSS2",
            )
    written: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")
    return written.decode()


def _say(parent: Any, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text
