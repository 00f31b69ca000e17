"""settings.pieces - what several tables of publisher.toml are made of.

Faults: ValueError, whose words stand behind the key. Never: reads a file. See: settings.file.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict

from publisher.domains import dns_name

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_DURATION: Final = re.compile(r"([0-9]{1,4}) ?([mhd])")
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Table(BaseModel):
    """A table of the file: a key it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def duration(text: str) -> timedelta:
    """Read a span of time such as "5m", "2h" or "3d"."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or not int(found[1]):
        raise ValueError(f'{text!r} is no span of time; write one such as "5m", "2h" or "3d"')
    return int(found[1]) * _UNITS[found[2]]


def mail_address(value: str) -> str:
    """Check an address as people write it, without a name around it."""
    if not re.fullmatch(r"[^@\s<>\x00-\x1f]+@[^@\s<>\x00-\x1f]+", value):
        raise ValueError("not an e-mail address; write only name@domain")
    local, _, domain = value.rpartition("@")
    if not local.isascii():
        raise ValueError("the part before the @ must be ASCII: few mail servers take another")
    try:
        dns_name(domain)
    except ValueError as fault:
        raise ValueError(f"the part after the @ is no domain name: {fault}") from None
    return value


def split(value: str) -> SplitResult:
    """Take an address apart; one that cannot be is none."""
    try:
        return urlsplit(value)
    except ValueError:
        return urlsplit("")


def web_address(value: str | None) -> str | None:
    """Check an address others lead on from; it ends in a slash."""
    if not value:
        return None
    parts = split(value)
    is_web = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
    if not is_web or re.search(r"[\s?#\x00-\x1f<>\"]", value):
        raise ValueError('an address such as "https://news.example.net/"')
    return value if value.endswith("/") else f"{value}/"
