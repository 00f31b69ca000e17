"""forms - how an address is written, compared, and kept secret.

An address is kept as it was given, but for its domain, which is written as DNS knows it; addresses
are compared without regard to case. Lists of a million addresses have a few thousand domains, so
what was found out about one of these is remembered for a while.

Faults: none of its own. Never: SQL. See: subscribers (re-exports these), domains (names).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

from publisher.domains import dns_name

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_PLAIN: Final = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@([A-Za-z0-9.-]+)")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_UNPRINTABLE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_LONGEST_LOCAL: Final = 64
_LONGEST: Final = 254
"""Of a local part and of an address (RFC 5321, 4.5.3.1)."""


def normalise(address: str) -> str:
    """Strip an address and write its domain in lower-case ASCII; the local part stays."""
    local, at, domain = address.strip().rpartition("@")
    try:
        return local + at + dns_name(domain)
    except ValueError:
        return local + at + domain.lower()  # `valid` says why it will not do


def folded(address: str) -> str:
    """Give the form in which addresses are compared."""
    return normalise(address).casefold()


def valid(address: str) -> str | None:
    """Say in words why nobody can have this address, or None when it will do."""
    address = normalise(address)
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    if not address:
        return "it is empty"
    if _UNPRINTABLE.search(address) or "<" in address or ">" in address:
        return "it contains a space, a control character or an angle bracket"
    if address.count("@") != 1:
        return "it needs exactly one @"
    if not local.isascii():
        return "the part before the @ is not ASCII"
    if len(local) > _LONGEST_LOCAL or len(address) > _LONGEST:
        return "it is too long"
    if not _LOCAL.fullmatch(local):
        return "the part before the @ is not written as mail servers read it"
    try:
        dns_name(domain)
    except ValueError as fault:
        return f"the part after the @ is no domain name: {fault}"
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "the part after the @ is no domain name"
    if domain != "localhost" and (len(labels) < 2 or labels[-1].isdigit()):
        return "the part after the @ is no full domain name"
    return None


def forms(address: str) -> tuple[str, str] | None:
    """Give both forms of a valid address, normalised and folded; None where it is not valid."""
    found = _PLAIN.fullmatch(address.strip())
    if found is not None:
        local, domain = found.groups()
        name = _name(domain)
        if name is None or len(local) > _LONGEST_LOCAL:
            return None
        whole = f"{local}@{name}"
        return (whole, whole.lower()) if len(whole) <= _LONGEST else None
    return None if valid(address) else (normalise(address), folded(address))


@lru_cache(maxsize=4096)
def _name(domain: str) -> str | None:
    return None if valid(f"a@{domain}") else dns_name(domain)


def hashed(key: bytes, newsletter: str, form: str) -> str:
    """Hash a folded address, so that who has the key can compare it and nobody can read it."""
    text = f"suppressed\0{newsletter}\0{form}"
    return hmac.digest(key, text.encode(), hashlib.sha256).hex()
