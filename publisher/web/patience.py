"""patience - when a program that fetches a feed over and over is told to wait.

Only for those that send no validators, so that each fetch costs the whole feed: who repeats our
ETag or date is answered 304 as often as he asks. A program at an address may fetch a feed whole
`BURST` times at once and once every `EVERY` seconds from then on, which no reader that works comes
near: also a cron job of a minute passes. Then it gets 429 with the seconds to wait.

Behind one address may sit a whole university, so the programs there are told apart by User-Agent,
and a dozen people who all start the same one at nine are no burst. An address is believed only
where it tells readers apart: the peer's, if it is of the public internet and bears no sign of a
proxy; else the last one a proxy on a private address has written into X-Forwarded-For. From
everybody else, above all through a content network, whole fetches are free.

Faults: none. Never: keeps an address (a number made of it, for minutes), asks the time.
See: web.pages (asks), web.gate (the signs of a proxy).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from publisher.web.gate import is_proxied

BURST: Final = 12
EVERY: Final = 60.0
KEPT: Final = 10_000
"""How many are remembered; with more, those seen first are forgotten, and answered."""


class Patience:
    """What each program has had of each feed lately (the generic cell rate algorithm)."""

    def __init__(self) -> None:
        self._due: OrderedDict[int, float] = OrderedDict()

    def wait(self, reader: str, user_agent: str, feed: str, now: float) -> int:
        """Give the seconds to wait before another whole fetch; 0: this one is counted and free.

        `now` is in seconds of any clock that only goes on.
        """
        key = hash((reader, user_agent, feed))
        due = max(self._due.get(key, now), now)
        early = due - now - (BURST - 1) * EVERY
        if early > 0:
            return math.ceil(early)
        self._due[key] = due + EVERY
        self._due.move_to_end(key)
        if len(self._due) > KEPT:
            self._due.popitem(last=False)
        return 0


def reader_at(peer: str, headers: Iterable[tuple[bytes, bytes]], http_version: str) -> str | None:
    """Tell readers apart by address, or say that it cannot be done: None.

    `headers` have lower-case names. Of an IPv6 address the network counts, a household's.
    """
    given = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in headers]
    address = _address(peer)
    if address is not None and address.is_global:
        return None if is_proxied(given, http_version) else _network(address)
    forwarded = [text for name, text in given if name == "x-forwarded-for"]
    last = _address(forwarded[-1].rpartition(",")[2].strip()) if forwarded else None
    return _network(last) if last is not None and last.is_global else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(address: IPv4Address | IPv6Address) -> str:
    return str(address) if address.version == 4 else address.exploded[:19]
