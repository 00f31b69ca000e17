"""domains - domain names as DNS knows them.

By IDNA 2008 after the mapping of UTS 46, as browsers read what people type. Python's own codec is
IDNA 2003: it writes straße.de as strasse.de, which is somebody else's (RFC 5894 section 7.2).
Faults: ValueError, whose words say which sign stands where.
Never: asks DNS. See: render.headers, store.subscribers and wire.envelopes (addresses), outbound, preflight (links).
"""

from __future__ import annotations

import ipaddress


def dns_name(domain: str) -> str:
    """Write a domain name in ASCII and small letters; ValueError says why it is none.

    Emoji and other signs are refused (RFC 5892): no registry may sell such a name. What is ASCII
    already is only lowered: which of its names will do is for the caller to judge.
    """
    if domain.isascii():
        return domain.lower()
    import idna  # its tables are large, and few domains ask for them

    return idna.encode(domain, uts46=True).decode("ascii")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
