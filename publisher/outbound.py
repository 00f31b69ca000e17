"""outbound - the one door to strangers' machines: fetching from them and telling them, under guard.

Whoever writes an address into a digest must not make this machine speak to itself or to its
neighbours. So a name is looked up once, only an address of the public internet is connected to, and
that very address, with the certificate checked for the name; each redirect goes through all of it
anew, and what is told to one host is told to no other. What takes too long or says too much is cut.
`allow` ([network] allow) opens named hosts and ranges, and plain http to them.

Faults: none; why nothing came is a sentence in the answer, in our words, never the other side's.
Never: a proxy, a cookie, a password; an address twice looked up.
See: publish (hands `fetch` on), run.pinging (posts).
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

from publisher.domains import dns_name

SECONDS: Final = 5.0
"""For everything: the name, the connection, every redirect, the last byte."""
MOST_HOPS: Final = 3
MOST_PLACES: Final = 4
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PUBLIC_6: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_4: Final = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocols' own; Python 3.11 knows only half of it
    ipaddress.IPv4Network("192.88.99.0/24"),  # relays of 6to4: lead wherever they like
)
_PIECE: Final = 64 * 1024

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Answer:
    """What came, or why nothing did; `is_dumb` where the host itself is the reason."""

    data: bytes = b""
    why: str = ""
    is_dumb: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """How a host answered what it was told; `status` None and `why` where no answer came.

    `rest` is how long it asks to be left alone (Retry-After in seconds; a date is passed over).
    """

    status: int | None = None
    why: str = ""
    rest: timedelta | None = None


class _Refusal(Exception):
    """Why an address is not fetched."""

    def __init__(self, why: str, *, is_dumb: bool = False) -> None:
        super().__init__(why)
        self.is_dumb = is_dumb


def fetch(
    address: str,
    *,
    most: int,
    allow: Sequence[str] = (),
    accept: str = "*/*",
    seconds: float = SECONDS,
) -> Answer:
    """Fetch what stands at an address, at most that many bytes of it, in at most that time."""
    end = time.monotonic() + seconds
    try:
        for _ in range(MOST_HOPS + 1):
            data, following = _one_hop(address, most, allow, accept, end)
            if following is None:
                return Answer(data)
            address = urljoin(address, following)
        return Answer(why=f"it leads on more than {MOST_HOPS} times")
    except (_Refusal, OSError, http.client.HTTPException, ValueError) as fault:
        why = _why(fault, seconds, end)
        return Answer(why=why, is_dumb=fault.is_dumb if isinstance(fault, _Refusal) else True)


def post(
    address: str,
    form: Mapping[str, str],
    *,
    allow: Sequence[str] = (),
    seconds: float = SECONDS,
) -> Posted:
    """Tell a host a form, in at most that time; nothing of its answer is read but the head.

    No redirect is followed: who is meant stands in the address.
    """
    end = time.monotonic() + seconds
    body = urlencode(form).encode("ascii")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        with _asked("POST", address, headers, body, allow, end) as response:
            rest = response.getheader("Retry-After", "").strip()
            is_figure = rest.isascii() and rest.isdigit() and len(rest) < 9
            return Posted(response.status, rest=timedelta(seconds=int(rest)) if is_figure else None)
    except (_Refusal, OSError, http.client.HTTPException, ValueError) as fault:
        return Posted(why=_why(fault, seconds, end))


def _why(fault: Exception, seconds: float, end: float) -> str:
    """Say in our words why nothing came."""
    if isinstance(fault, _Refusal):
        return str(fault)
    if isinstance(fault, ssl.SSLCertVerificationError):
        return "its host has no valid certificate"
    if time.monotonic() >= end:
        return f"it took longer than {seconds:g} s"
    return "its host could not be reached or understood"


def is_public(address: _Address) -> bool:
    """Say whether an address is one of the public internet and of nothing else.

    Of IPv6 only what is assigned for that: NAT64, mapped and compatible addresses lie outside, and
    6to4 and Teredo carry an IPv4 address that might be any.
    """
    if isinstance(address, ipaddress.IPv4Address):
        is_odd = address.is_multicast or any(address in network for network in _NOT_PUBLIC_4)
        return address.is_global and not is_odd
    is_tunnel = address.sixtofour is not None or address.teredo is not None
    return address in _PUBLIC_6 and address.is_global and not is_tunnel


def _one_hop(
    address: str, most: int, allow: Sequence[str], accept: str, end: float
) -> tuple[bytes, str | None]:
    """Ask once; give the bytes, or the address that is redirected to."""
    with _asked("GET", address, {"Accept": accept}, None, allow, end) as response:
        return _read(response, most, end)


@contextmanager
def _asked(
    method: str,
    address: str,
    headers: Mapping[str, str],
    body: bytes | None,
    allow: Sequence[str],
    end: float,
) -> Iterator[http.client.HTTPResponse]:
    """Ask where that is permitted; give the answer with its head read."""
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
        raise _Refusal("it is no plain https address")
    is_plain = parts.scheme == "http"
    name = dns_name(host)
    port = parts.port or (80 if is_plain else 443)
    sock = _connected(_permitted(_looked_up(name, port, end), host, allow, is_plain), port, end)
    # a timeout is for each read, and a host may drip: at the end the line is cut under the reader
    line = socket.socket(fileno=os.dup(sock.fileno()))
    cut = threading.Timer(max(0.0, end - time.monotonic()), _cut, [line])
    cut.daemon = True
    cut.start()
    try:
        if not is_plain:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=name)
        asking = http.client.HTTPConnection(name, port)
        asking.default_port = 80 if is_plain else 443  # that the Host header need not name it
        asking.sock, asking.auto_open = sock, 0  # never by itself, to where the name leads then
        ours = {"Accept-Encoding": "identity", "User-Agent": "Publisher", "Connection": "close"}
        asking.request(method, _target(parts), body, {**headers, **ours})
        with asking.getresponse() as response:
            yield response
    finally:
        cut.cancel()
        sock.close()
        line.close()


def _cut(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def _target(parts: SplitResult) -> str:
    query = f"?{parts.query}" if parts.query else ""
    return quote(f"{parts.path or '/'}{query}", safe="/%:@!$&'()*+,;=?~-._[]")


def _read(response: http.client.HTTPResponse, most: int, end: float) -> tuple[bytes, str | None]:
    if response.status in _REDIRECTS and (following := response.getheader("Location")):
        return b"", following
    if response.status != 200:
        raise _Refusal(f"its host answered {response.status}")
    data = bytearray()
    while len(data) <= most >= (response.length or 0) and (piece := response.read(_PIECE)):
        data += piece
    if len(data) > most or (response.length or 0) > most:
        raise _Refusal(f"it is larger than {most / 1e6:g} MB")
    if response.length or time.monotonic() >= end:
        raise OSError("cut off")
    return bytes(data), None


# --- where an address leads -------------------------------------------------------


def _looked_up(name: str, port: int, end: float) -> list[str]:
    """Look a name up, once; the resolver's own patience is longer than ours."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def look() -> None:
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        answers.put([str(each[4][0]).partition("%")[0] for each in found])

    threading.Thread(target=look, daemon=True).start()
    try:
        found = answers.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        raise _Refusal("its host's name was not found in time", is_dumb=True) from None
    if not found:
        raise _Refusal("there is no host of that name", is_dumb=True)
    return list(dict.fromkeys(found))


def _permitted(found: Sequence[str], host: str, allow: Sequence[str], is_plain: bool) -> list[str]:
    """Keep the addresses that may be connected to."""
    is_named = host in {each.casefold() for each in allow}
    opened = [network for each in allow if (network := _network(each))]
    kept = []
    for each in found:
        address = ipaddress.ip_address(each)
        is_open = is_named or any(address in network for network in opened)
        if is_open or (is_public(address) and not is_plain):
            kept.append(each)
    if kept:
        return kept
    if is_plain and any(is_public(ipaddress.ip_address(each)) for each in found):
        raise _Refusal("its address begins with http://, not https://")
    raise _Refusal("its host is not on the public internet")


def _network(words: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(words, strict=False)
    except ValueError:
        return None


def _connected(places: Sequence[str], port: int, end: float) -> socket.socket:
    """Connect to the first of the addresses that answers; a name may have thousands."""
    for place in places[: MOST_PLACES - 1]:
        with suppress(OSError):
            return _opened(place, port, (end - time.monotonic()) / 2, end)
    return _opened(places[-1], port, end - time.monotonic(), end)


def _opened(place: str, port: int, patience: float, end: float) -> socket.socket:
    sock = socket.create_connection((place, port), timeout=max(0.1, patience))
    sock.settimeout(max(0.1, end - time.monotonic()))
    return sock
