"""settings.relays - [smtp] and [smtp.relays.<name>]: the relays, and what each may be given.

Every relay is complete: what its table leaves out it has from [smtp], except its name, `weight` and
`warm_up`. A login goes to no host it was not written for: user and password are taken over only by
a relay at the same host that names no user of its own.

Faults: ValueError behind a key. Never: reads a file, opens a secret.
See: settings.values.Smtp (what comes out), settings.secret (the passwords).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from publisher.domains import dns_name, is_loopback
from publisher.settings.pieces import Table
from publisher.settings.values import FIRST, Smtp

NAME: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
"""Of a relay: what the environment can name, PUBLISHER_SMTP__RELAYS__<NAME>__PASSWORD."""
DOMAIN: Final = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_OWN: Final = frozenset({"weight", "warm_up"})
_LOGIN: Final = ("user", "password", "password_file")


class RelayTable(Table):
    """One relay as it is written."""

    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""
    hello: str = ""
    ca_file: str | None = None
    timeout: float = Field(default=1.0, gt=0)
    mode: Literal["data", "bdat", "lockstep"] = "data"
    window: int = Field(default=8, ge=1, le=64)
    connections: int | None = Field(default=None, ge=1, le=500)
    per_second: float | None = Field(default=None, gt=0)
    per_hour: int | None = Field(default=None, ge=1)
    per_connection: int = Field(default=500, ge=1)
    weight: int = Field(default=1, ge=1, le=1000)
    warm_up: date | None = None

    @field_validator("tls")
    @classmethod
    def _tls(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("host", "localhost")
        if value == "none" and not is_loopback(host):
            raise ValueError(
                f'"none" is for a relay on this machine; on the way to {host} others could read'
                ' the mail and its readers\' addresses: write "starttls" or "implicit"'
            )
        return value

    @field_validator("warm_up", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        try:
            return date.fromisoformat(value) if isinstance(value, str) else _only_day(value)
        except ValueError:
            raise ValueError(
                "write the day the relay began, such as 2026-11-01, without quotes"
            ) from None


def _only_day(value: object) -> date | None:
    if value is not None and type(value) is not date:  # a moment is a date to Python
        raise ValueError("no day")
    return value


class DomainTable(Table):
    """What one receiving domain may be given."""

    per_minute: int = Field(ge=1)


class SmtpTable(RelayTable):
    """The first relay, with the others and what counts for all of them."""

    domains: dict[str, DomainTable] = Field(default={})
    relays: dict[str, RelayTable] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, value: Any) -> Any:
        """Give each relay what it leaves out, before it is checked."""
        relays = value.get("relays") if isinstance(value, dict) else None
        if not isinstance(relays, dict):
            return value
        first = {key: value[key] for key in RelayTable.model_fields if key in value}
        return value | {"relays": {name: _inherited(first, own) for name, own in relays.items()}}

    @field_validator("relays")
    @classmethod
    def _names(cls, value: dict[str, RelayTable]) -> dict[str, RelayTable]:
        for name in value:
            if name == FIRST or not NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot be a relay's name: small letters, digits and single"
                    f' underscores, and not "{FIRST}", which is the first'
                )
        return value

    @field_validator("domains")
    @classmethod
    def _domains(cls, value: dict[str, DomainTable]) -> dict[str, DomainTable]:
        found = {}
        for name, table in value.items():
            try:
                domain = dns_name(name)
            except ValueError as fault:
                raise ValueError(f"{name!r} is no domain name: {fault}") from None
            if not DOMAIN.fullmatch(domain):
                raise ValueError(f'{name!r} is no domain of addresses; write one as "qq.com"')
            found[domain] = table
        return found

    @model_validator(mode="after")
    def _tell_apart(self) -> SmtpTable:
        seen: dict[tuple[str, int, str], str] = {}
        for name, table in {FIRST: self, **self.relays}.items():
            where = (table.host, table.port, table.user)
            if (other := seen.setdefault(where, name)) != name:
                raise ValueError(
                    f"the relays {other!r} and {name!r} are one: the same host, port and user"
                )
        return self


def _inherited(first: Mapping[str, Any], own: Any) -> Any:
    """Complete the table of a further relay."""
    if not isinstance(own, dict):
        return own
    taken = {key: value for key, value in first.items() if key not in _OWN}
    elsewhere = "host" in own and own["host"] != taken.get("host", "localhost")
    if elsewhere or any(key in own for key in _LOGIN):
        for key in _LOGIN:
            taken.pop(key, None)
    return taken | own


def relays_of(table: SmtpTable, passwords: Mapping[str, str]) -> tuple[Smtp, ...]:
    """Make the relays, the first of [smtp] itself; each with its password by name."""
    each: dict[str, RelayTable] = {FIRST: table, **table.relays}
    facts = set(RelayTable.model_fields) - {"password", "password_file"}
    return tuple(
        Smtp(name=name, password=passwords[name], **one.model_dump(include=facts))
        for name, one in each.items()
    )
