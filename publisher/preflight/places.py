"""preflight.places - when two addresses are one place, and when one looks as if it led nowhere.

Purely by looking: nothing is asked of the network. Scheme, `www.`, a closing slash, trackers, and of
an arXiv paper its form and version make no other place; a fragment does, where both have one.
Faults: none; every string is accepted. Never: fetches. See: items, links (who ask).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from publisher.domains import dns_name
from publisher.papers import DOI_HOSTS, arxiv_id

_TRACKERS: Final = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|yclid|twclid|mc_[ce]id|_hs(?:enc|mi)|igsh(?:id)?|spm"
)
_INDEX: Final = re.compile(r"/(?:index\.html?)?$")
_EXAMPLE: Final = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|example|invalid)$")
_LOCAL: Final = re.compile(r"(?:^|\.)(?:localhost|local|localdomain|lan|intranet|internal)$")
_LABEL: Final = re.compile(r"[\w-]{1,63}")
_CUT: Final = re.compile(r"(?:\.{2,}|…)/?$")
_PLACEHOLDER: Final = re.compile(r"[/?#=](?:TODO|TBD|FIXME|XXX+|PLACEHOLDER)(?:[/?#&]|$)")
_CLOSING: Final = {")": "(", "]": "[", "}": "{", "）": "（", "】": "【", "》": "《", "」": "「"}
_STOPS: Final = "。，、；：！？”’…·,;"


class Place(NamedTuple):
    """Where an address leads, told apart from others only by what makes another place."""

    page: str
    fragment: str

    def is_as(self, other: Place) -> bool:
        """Whether two are one place: one page, and not two different parts of it."""
        differ = self.fragment and other.fragment and self.fragment != other.fragment
        return self.page == other.page and not differ


def page_of(url: str) -> str:
    """Name the page that an address leads to, as `Earlier` does."""
    return place_of(url).page


def place_of(url: str) -> Place:
    """Say where an address leads."""
    parts = _split(url)
    if parts is None or not parts.netloc:
        return Place(url.strip(), "")
    host = _host(parts).removeprefix("www.").rstrip(".")
    if paper := arxiv_id(host, parts.path):
        return Place(f"arxiv:{paper}", "")
    if host in DOI_HOSTS:
        return Place(f"doi:{parts.path.lower()}", "")
    asked = [pair for pair in _asked(parts) if not _TRACKERS.fullmatch(pair[0])]
    query = f"?{urlencode(asked)}" if asked else ""
    routed = parts.fragment if parts.fragment.startswith(("!", "/")) else ""  # pages made of script
    page = host + _INDEX.sub("", unquote(parts.path)) + query + routed
    return Place(page, "" if routed else parts.fragment)


def trackers(url: str) -> list[str]:
    """Name the parts of an address that only tell its owner where readers came from."""
    parts = _split(url)
    return [] if parts is None else [key for key, _ in _asked(parts) if _TRACKERS.fullmatch(key)]


def why_dead(url: str) -> str | None:
    """Say why an address looks as if it led nowhere; None where it looks well."""
    parts = _split(url)
    if parts is None:
        return "cannot be read as an address"
    if parts.scheme.lower() not in {"http", "https"}:
        return None  # mail addresses; and the digest room drops whatever else cannot be opened
    if _CUT.search(unquote(url)):
        return "is cut off: it ends in dots"
    return _why_dead_host(_host(parts)) or _why_dead_rest(url)


def _why_dead_host(host: str) -> str | None:
    if not host:
        return "names no host"
    address = _ip(host)
    if address is not None:
        return None if address.is_global else "leads into a private network"
    if _LOCAL.search(host):
        return "leads into a private network"
    if _EXAMPLE.search(host):
        return "is an example's"
    labels = host.rstrip(".").split(".")
    if len(labels) < 2:
        return "has no dot in its host"
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "has a host that cannot be"
    return None


def _why_dead_rest(url: str) -> str | None:
    shown = unquote(url)
    if re.search(r"\s", shown.strip()) and re.search(r"\s", url.strip()):
        return "has a space in it"
    if shown != shown.rstrip():
        return "ends in a space"
    if "\ufffd" in shown:
        return "has lost a character"
    if _PLACEHOLDER.search(shown):
        return "is a placeholder"
    last = shown[-1:]
    if last in _CLOSING and shown.count(last) > shown.count(_CLOSING[last]):
        return f"ends in a bracket that nothing opens, {last}"
    if last in _STOPS:
        return f"ends in {last}, which looks like the sentence's"
    return None


def shown_address(text: str) -> str | None:
    """Give the address that the text of a link shows, where all of it is one."""
    word = text.strip()
    if re.fullmatch(r"(?:https?://|www\.)\S+", word, re.IGNORECASE):
        return word if "://" in word else f"https://{word}"
    if re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}/\S*", word, re.IGNORECASE):
        return f"https://{word}"
    return None


def leads_elsewhere(shown: str, url: str) -> bool:
    """Whether a shown address is another place than the one its link leads to."""
    cut = _CUT.search(shown)
    there, said = place_of(url), place_of(_CUT.sub("", shown))
    if cut:
        return not there.page.startswith(said.page)
    return not there.is_as(said)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return None


def _host(parts: SplitResult) -> str:
    host = _or_empty(lambda: parts.hostname or "")
    return _or_empty(lambda: dns_name(host)) or host


def _asked(parts: SplitResult) -> list[tuple[str, str]]:
    return parse_qsl(parts.query, keep_blank_values=True) if parts.query else []


def _or_empty(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except ValueError:
        return ""
