"""delivery.domains - who receives for an address, and how long a receiver is left alone.

A receiver counts what it gets over all the names it has mailboxes under, so a rest and a limit are
the receiver's, not the name's. The names are written down here: looking up who receives for a
domain is a question to DNS, and a relay asks it anyway.
Faults: none. Never: asks the time, DNS. See: verdicts (`domain_rest`), send (keeps mail back).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from publisher.domains import dns_name

_ALSO: Final = {
    "gmail.com": ("googlemail.com",),
    "outlook.com": ("msn.com", "windowslive.com", "passport.com"),
    "yahoo.com": ("ymail.com", "rocketmail.com", "myyahoo.com", "aol.com", "aim.com"),
    "icloud.com": ("me.com", "mac.com"),
    "qq.com": ("foxmail.com", "vip.qq.com"),
    "163.com": ("126.com", "yeah.net", "188.com", "vip.163.com", "vip.126.com"),
    "mail.ru": ("bk.ru", "inbox.ru", "list.ru", "internet.ru"),
    "yandex.ru": ("yandex.com", "ya.ru", "yandex.by", "yandex.kz"),
    "gmx.net": ("gmx.de", "gmx.at", "gmx.ch", "web.de"),
    "proton.me": ("protonmail.com", "pm.me"),
}
_RECEIVER: Final = {name: first for first, names in _ALSO.items() for name in names}
_BY_COUNTRY: Final = re.compile(r"(hotmail|live|outlook|yahoo)\.(?:com?\.)?[a-z]{2,3}")
"""hotmail.co.uk, live.nl, yahoo.fr: one receiver each in all countries but one."""
_OTHERS: Final = frozenset({"yahoo.co.jp"})
"""Yahoo Japan is another company, with servers of its own."""

LONGEST_REST: Final = timedelta(hours=4)
MEMORY: Final = timedelta(hours=2)
"""Who says so again within two hours of a rest is left alone for twice as long."""


def receiver(address: str) -> str:
    """Tell who receives for an address, by the first of its names."""
    name = address.rpartition("@")[2].strip(". ")
    try:
        name = dns_name(name)
    except ValueError:
        return name.lower()
    if name in _RECEIVER:
        return _RECEIVER[name]
    found = _BY_COUNTRY.fullmatch(name)
    if found is None or name in _OTHERS:
        return name
    return "yahoo.com" if found[1] == "yahoo" else "outlook.com"


def limits_of(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Put limits of domains down to their receivers; of several for one, the least counts."""
    limits: dict[str, int] = {}
    for domain, limit in pairs:
        one = receiver(domain)
        limits[one] = min(limit, limits.get(one, limit))
    return limits


class _Rest(NamedTuple):
    until: datetime
    length: timedelta


class Rests:
    """Which receivers are left alone, and until when: pure state, the time passed in."""

    __slots__ = ("_rests",)

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to ask about; cheap, because it is asked for everybody."""
        return bool(self._rests)

    def begin(self, one: str, least: timedelta, now: datetime) -> datetime:
        """Leave a receiver alone from now on, and tell until when.

        What it says of messages that were under way when the rest began lengthens nothing; what it
        says within two hours of the end makes the next rest twice as long, up to four hours.
        """
        last = self._rests.get(one)
        if last is not None and now < last.until:
            return last.until
        length = least
        if last is not None and now < last.until + MEMORY:
            length = max(least, min(last.length * 2, LONGEST_REST))
        self._rests[one] = _Rest(now + length, length)
        return now + length

    def until(self, one: str, now: datetime) -> datetime | None:
        """Tell until when a receiver is left alone; None when it is not."""
        last = self._rests.get(one)
        if last is None:
            return None
        if now < last.until:
            return last.until
        if now >= last.until + MEMORY:
            del self._rests[one]
        return None

    def resting(self, now: datetime) -> dict[str, datetime]:
        """Give all who are left alone now, with until when; what is long over is forgotten."""
        found = {one: self.until(one, now) for one in list(self._rests)}
        return {one: until for one, until in found.items() if until is not None}
