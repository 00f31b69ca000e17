"""images - the pictures of a digest, as every edition shows them.

One that was gathered is shown from the issue's own folder. Any other becomes a link, or its words
where there is nothing to link to: no page, mail or feed makes a reader's program call a stranger,
who would learn who reads what, and when. What a pixel wide is there for nothing else, and goes.
Faults: none. Never: an `<img>` of anybody's but ours. See: view (applies it), pictures (gathers).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from posixpath import basename
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from publisher.model import Issue, Link, Picture

MOST_IN_MAIL: Final = 560
"""Columns of pixels, what the looks have: Outlook heeds the attribute alone, and would tear
the mail apart."""
_PART: Final = re.compile(r'(<(?:img|/?a)\b(?:[^<>"]|"[^"]*")*>)')
_IMAGE: Final = re.compile(r'<img\b(?:[^<>"]|"[^"]*")*>')
_TAG: Final = re.compile(r"<[^<>]*>")
_ATTRIBUTE: Final = re.compile(r'\s([a-z]+)="([^"]*)"')
_BY_MACHINE: Final = re.compile(r"[0-9a-f-]{20}|\d{12}", re.IGNORECASE)
_SIZE: Final = re.compile(r"(\d{1,5})(?:px)?\s*")


def is_local(address: str) -> bool:
    """Say whether an address is meant below the digest's own folder."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and bool(parts.path)


def addresses(issue: Issue) -> tuple[str, ...]:
    """List the pictures an issue asks for, each once, in reading order, its cover first."""
    tags = (_attributes(tag) for text in issue.all_html for tag in _IMAGE.findall(text))
    shown = (tag["src"] for tag in tags if tag.get("src") and not _is_pixel(tag))
    return tuple(dict.fromkeys([*filter(None, [issue.image]), *shown]))


def shown(html: str, pictures: Sequence[Picture], base: str | None) -> str:
    """Show the pictures that were gathered and make links or words of the others.

    Local addresses that were not are taken to lead on from `base`. The addresses of those shown
    are file names: they lead on from the issue's page.
    """
    if "<img" not in html:
        return html
    gathered = {picture.address: picture for picture in pictures}
    parts = _PART.split(html)
    link = None
    for place, part in enumerate(parts):
        if part.startswith("<img"):
            parts[place] = _image(part, gathered, base, link)
        elif place % 2:
            link = _link(parts, place) if part.startswith("<a") else None
    return "".join(parts)


def cover(issue: Issue, page: str | None, base: str | None) -> str | None:
    """Give the whole address of the picture that stands for the issue."""
    if not issue.image:
        return None
    for picture in issue.pictures:
        if picture.address == issue.image and page:
            return urljoin(page, picture.file) if picture.file else None
    return _whole(issue.image, base)


def narrowed(html: str, most: int = MOST_IN_MAIL) -> str:
    """Have no picture claim more columns of pixels than there are."""

    def narrow(found: re.Match[str]) -> str:
        width, height = _size(_attributes(found[0]))
        if width is None or height is None or width <= most:
            return found[0]
        size = f'width="{most}" height="{max(1, round(height * most / width))}"'
        return re.sub(r'width="[^"]*" height="[^"]*"', size, found[0])

    return _IMAGE.sub(narrow, html)


def _link(parts: Sequence[str], place: int) -> Link:
    """Give a link with its words, those of its pictures among them."""
    words = ""
    for part in parts[place + 1 :]:
        if part.startswith(("<a", "</a")):
            break
        words += _words(_attributes(part)) if part.startswith("<img") else _TAG.sub("", part)
    return Link(words.strip(), _attributes(parts[place]).get("href", ""))


def _image(tag: str, gathered: Mapping[str, Picture], base: str | None, link: Link | None) -> str:
    found = _attributes(tag)
    address = found.get("src", "")
    picture = gathered.get(address)
    if _is_pixel(found) or (picture is not None and not picture.file):
        return ""
    if picture is not None:
        return _own(picture, found)
    words, whole = _words(found), _whole(address, base)
    if whole is None or (link and link.text):
        return escape(words, quote=False)
    words = escape(words or (link and _host(link.url)) or _name(whole), quote=False)
    return words if link else f'<a href="{escape(whole)}">{words}</a>'


def _words(found: Mapping[str, str]) -> str:
    return " ".join((found.get("alt") or found.get("title") or "").split())


def _own(picture: Picture, found: Mapping[str, str]) -> str:
    """Write the picture as it is shown: not larger than it is, smaller where the digest says so."""
    width, height = picture.width, picture.height
    stated, _ = _size(found)
    if stated and stated < width:
        width, height = stated, max(1, round(height * stated / width))
    alt, title = (escape(" ".join(found.get(name, "").split())) for name in ("alt", "title"))
    named = f' title="{title}"' if title else ""
    size = f'width="{width}" height="{height}"'
    return f'<img src="{picture.file}" alt="{alt}"{named} {size}>'


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


def _size(found: Mapping[str, str]) -> tuple[int | None, int | None]:
    sizes = (_SIZE.fullmatch(found.get(name, "")) for name in ("width", "height"))
    width, height = (int(size[1]) if size else None for size in sizes)
    return width, height


def _is_pixel(found: Mapping[str, str]) -> bool:
    return any(size is not None and size <= 1 for size in _size(found))


def _whole(address: str, base: str | None) -> str | None:
    """Give the address a link may have; None where it leads nowhere."""
    try:
        whole = urljoin(base or "", address)
        parts = urlsplit(whole)
    except ValueError:
        return None
    return whole if parts.scheme in {"http", "https"} and parts.netloc else None


def _name(address: str) -> str:
    """Name a picture without words: by its file, else, or where a machine named it, by its host."""
    name = basename(unquote(urlsplit(address).path))
    is_name = re.fullmatch(r"[^\x00-\x20]{1,60}\.\w{2,5}", name) and not _BY_MACHINE.search(name)
    return name if is_name else _host(address)


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
