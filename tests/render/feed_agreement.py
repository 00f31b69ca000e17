"""Whether three formats of one feed say the same: a list of where they differ.

For tests of feeds wherever they come from: `disagreements(rss, atom, json)`; see also feed_rules.
"""

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any

from lxml import etree
from render.feed_rules import ATOM, CONTENT, DC


def disagreements(rss: bytes, atom: bytes, feed: bytes) -> list[str]:
    """List where three formats of one feed differ in what their entries say."""
    in_rss, in_atom, in_json = told(rss), told(atom), told(feed)
    found = []
    if not len(in_rss) == len(in_atom) == len(in_json):
        found.append(f"{len(in_rss)}, {len(in_atom)} and {len(in_json)} entries")
    for place, entries in enumerate(zip(in_rss, in_atom, in_json, strict=False)):
        for key in entries[0]:
            values = [entry[key] for entry in entries if key in entry]
            if any(value != values[0] for value in values):
                found.append(f"entry {place}: {key}: {values}")
    return found


def told(body: bytes) -> list[dict[str, Any]]:
    """Give what the entries of a feed of any format say, in its order."""
    if body.lstrip().startswith(b"{"):
        return [_told_json(item) for item in json.loads(body)["items"]]
    root = etree.fromstring(body)
    if root.tag == "rss":
        return [_told_rss(item) for item in root.iterfind("channel/item")]
    return [_told_atom(entry) for entry in root.iterfind(f"{ATOM}entry")]


def _told_rss(item: Any) -> dict[str, Any]:
    return {
        "id": item.findtext("guid"),
        "title": item.findtext("title"),
        "address": item.findtext("link"),
        "content": item.findtext(f"{CONTENT}encoded"),
        "summary": _plain(item.findtext("description")),
        "published": parsedate_to_datetime(item.findtext("pubDate")),
        "authors": [one.text for one in item.iterfind(f"{DC}creator")],
        "topics": [one.text for one in item.iterfind("category")],
    }


def _told_atom(entry: Any) -> dict[str, Any]:
    links = {
        link.get("rel", "alternate"): link.get("href") for link in entry.iterfind(f"{ATOM}link")
    }
    return {
        "id": entry.findtext(f"{ATOM}id"),
        "title": entry.findtext(f"{ATOM}title"),
        "address": links.get("alternate"),
        "about": links.get("related"),
        "content": entry.findtext(f"{ATOM}content"),
        "summary": entry.findtext(f"{ATOM}summary"),
        "published": datetime.fromisoformat(entry.findtext(f"{ATOM}published")),
        "updated": datetime.fromisoformat(entry.findtext(f"{ATOM}updated")),
        "authors": [one.text for one in entry.iterfind(f"{ATOM}author/{ATOM}name")],
        "topics": [one.get("term") for one in entry.iterfind(f"{ATOM}category")],
    }


def _told_json(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": item["id"],
        "title": item["title"],
        "address": item.get("url"),
        "about": item.get("external_url"),
        "content": item["content_html"],
        "summary": item["summary"],
        "published": datetime.fromisoformat(item["date_published"]),
        "updated": datetime.fromisoformat(item["date_modified"]),
        "authors": [author["name"] for author in item["authors"]],
        "topics": item.get("tags", []),
    }


def _plain(html: str | None) -> str:
    """Give the text of a description, as a reader that takes it for HTML shows it."""
    texts: list[str] = []
    reader = HTMLParser()
    reader.handle_data = texts.append  # type: ignore[method-assign]  # all of it that is wanted
    reader.feed(html or "")
    reader.close()
    return "".join(texts)
