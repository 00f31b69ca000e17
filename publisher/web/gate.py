"""gate - who may come to the desk: a person at this machine, in a page of the desk itself.

The desk has no sign-in yet, so it is open only to requests that show no sign of coming from
elsewhere: not through a proxy, not from another machine, not under another name (a stranger's
domain that resolves to 127.0.0.1), not from another site's page.

    sign                                          what it tells
    Host is not 127.0.0.1, [::1] or localhost     another name was resolved to this machine
    Forwarded, X-Forwarded-*, X-Real-IP, Via ...  a proxy stands in front
    HTTP/1.0                                      likewise: what nginx speaks by default
    Sec-Fetch-Site: cross-site, same-site         another site's page sent the browser here
    Origin or Referer is not the desk's own       likewise
    a POST without Origin                         no page of the desk sent it

A proxy that hides every sign cannot be told from a browser: none must stand before the desk. From
elsewhere it is reached by `ssh -L`.
Faults: none; a refusal is a sentence. Never: answers. See: web.desk, docs/deploy.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

_HOST: Final = re.compile(r"(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?", re.IGNORECASE)
_PROXY: Final = re.compile(
    r"forwarded|x-forwarded(?:-.*)?|x-real-ip|via|(?:x-|true-|cf-)?(?:client|connecting|cluster)"
    r"(?:-client)?-ip|x-original-.*|x-proxy.*"
)
_SAFE: Final = frozenset({"GET", "HEAD"})


def refusal(
    method: str, headers: Iterable[tuple[str, str]], *, peer: str = "", http_version: str = "1.1"
) -> str | None:
    """Say why a request may not enter the desk, or None when it may.

    `headers` come with lower-case names; `peer` is the address at the other end.
    """
    given = list(headers)
    return (
        _from_another_machine(peer)
        or _under_another_name(given)
        or _through_a_proxy(given, http_version)
        or _from_another_site(method, given)
    )


def _values(headers: list[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in headers if key == name]


def _from_another_machine(peer: str) -> str | None:
    try:
        is_here = ip_address(peer).is_loopback
    except ValueError:  # not an address: a test client, or a socket of this machine
        is_here = True
    return None if is_here else "The desk answers only on the machine it runs on."


def _under_another_name(headers: list[tuple[str, str]]) -> str | None:
    hosts = _values(headers, "host")
    if len(hosts) == 1 and _HOST.fullmatch(hosts[0]):
        return None
    return "The desk answers only to 127.0.0.1, [::1] and localhost."


def is_proxied(headers: Iterable[tuple[str, str]], http_version: str) -> bool:
    """Say whether a request shows that it came through a proxy; header names are lower-case."""
    return http_version == "1.0" or any(_PROXY.fullmatch(name) for name, _ in headers)


def _through_a_proxy(headers: list[tuple[str, str]], http_version: str) -> str | None:
    if is_proxied(headers, http_version):
        return "This request came through a proxy. The desk must not stand behind one."
    return None


def _from_another_site(method: str, headers: list[tuple[str, str]]) -> str | None:
    strangers = {"cross-site", "same-site"}
    if strangers & {value.strip().lower() for value in _values(headers, "sec-fetch-site")}:
        return "This request came from another site's page."
    origins = _values(headers, "origin")
    own = {f"http://{host}".lower() for host in _values(headers, "host")}
    pages = {page.lower().rstrip("/") for page in _values(headers, "referer")}
    pages = {"/".join(page.split("/")[:3]) for page in pages}
    if not own.issuperset(pages) or any(origin.lower() not in own for origin in origins):
        return "This request came from another site's page."
    if method not in _SAFE and not origins:
        return "Only a page of the desk may change something."
    return None
