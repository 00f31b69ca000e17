"""resolver - questions to DNS, many at once, answered within a few seconds or not at all.

The system's own resolver knows no TXT and no MX, so these go out by dnspython, to the servers the
machine is set to ask, or to one that is named.
Faults: none; what nobody answers is None. Never: remembers. See: authentication (what is asked).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from publisher.authentication import Question
from publisher.errors import SettingsError

if TYPE_CHECKING:
    from dns.rdata import Rdata
    from dns.resolver import Resolver

SECONDS: Final = 3.0
"""For one round of questions, whatever their number; dnspython may take a moment longer."""
_AT_ONCE: Final = 16


def ask(
    questions: Iterable[Question], *, server: str = "", seconds: float = SECONDS
) -> dict[Question, tuple[str, ...] | None]:
    """Ask all of them at once: the records, an empty tuple where there are none, None unanswered.

    `server` is an address, with its port where that is not 53: `9.9.9.9`, `127.0.0.1:5353`.
    """
    from dns.resolver import NoResolverConfiguration

    wanted = list(dict.fromkeys(questions))
    try:
        resolver = _resolver(server)
    except NoResolverConfiguration:
        return dict.fromkeys(wanted)
    end = time.monotonic() + min(seconds, SECONDS)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(
            zip(wanted, pool.map(lambda one: _one(resolver, one, end), wanted), strict=True)
        )


def _resolver(server: str) -> Resolver:
    from dns.resolver import Resolver

    if not server:
        resolver = Resolver()
    else:
        resolver = Resolver(configure=False)
        host, port = _parted(server)
        resolver.nameservers, resolver.port = [host], port
    resolver.timeout = 1.0  # a lost packet is asked for again
    resolver.use_edns(0, 0, 1232)
    return resolver


def _parted(server: str) -> tuple[str, int]:
    import ipaddress

    host, colon, port = server.rpartition(":")
    try:
        ipaddress.ip_address(server)
    except ValueError:
        host = host.strip("[]")
    else:
        host, colon, port = server, "", ""
    try:
        ipaddress.ip_address(host)
        number = int(port) if colon else 53
        if not 0 < number < 65536:
            raise ValueError
    except ValueError:
        raise SettingsError(
            f"{server!r} is not the address of a DNS server",
            hint="write an address such as 9.9.9.9, or with a port 127.0.0.1:5353",
        ) from None
    return host, number


def _one(resolver: Resolver, question: Question, end: float) -> tuple[str, ...] | None:
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN

    left = end - time.monotonic()
    if left <= 0:
        return None
    try:
        answer = resolver.resolve(
            f"{question.name}.", question.kind, lifetime=left, raise_on_no_answer=False
        )
    except NXDOMAIN:
        return ()
    except (DNSException, OSError):
        return None
    return tuple(sorted(_text(record) for record in answer.rrset or ()))  # servers shuffle them


def _text(record: Rdata) -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:  # TXT: what it is cut into means nothing (RFC 7208 section 3.3)
        return b"".join(strings).decode("utf-8", "replace")
    return record.to_text()
