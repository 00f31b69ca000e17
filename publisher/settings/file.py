"""settings.file - all that may be written in publisher.toml and in the environment.

Faults: pydantic's, told by settings.faults. Never: reads the file.
See: settings.newsletters and settings.relays (the larger tables), docs/settings.md.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from publisher.addresses import topic_slug
from publisher.settings.newsletters import NewsletterTable
from publisher.settings.pieces import Table, web_address
from publisher.settings.relays import SmtpTable
from publisher.settings.values import SENDMAIL

SELECTOR: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?")
HOST: Final = re.compile(r"(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*", re.UNICODE)


class DkimTable(Table):
    """Whose key signs the mail."""

    selector: str = "publisher"
    ed25519: bool = False

    @field_validator("selector")
    @classmethod
    def _selector(cls, value: str) -> str:
        if not SELECTOR.fullmatch(value):
            raise ValueError(
                'a selector has small letters, digits and hyphens only, such as "publisher"'
            )
        return value


class WebTable(Table):
    """Where the servers listen."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    desk_port: int = Field(default=8001, ge=0, le=65535)


class NetworkTable(Table):
    """What fetches may reach besides the public internet."""

    allow: tuple[str, ...] = ()

    @field_validator("allow")
    @classmethod
    def _allow(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ipaddress.ip_network(one, strict=False)
            except ValueError:
                if not HOST.fullmatch(one) or one.replace(".", "").isdigit():
                    raise ValueError(
                        f'{one!r} is neither a host such as "pictures.example.net" nor a range'
                        ' such as "10.0.0.0/8"'
                    ) from None
        return value


class SectionsTable(Table):
    """What in a digest is no news."""

    drop: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    sponsor: tuple[str, ...] = ()

    @field_validator("drop", "prose", "sponsor")
    @classmethod
    def _names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not any(map(str.isalnum, name)):
                raise ValueError(f'{name!r} names no section; write one such as "Sponsor*"')
        return value


class CommandTable(Table):
    """What takes a message from us on its standard input."""

    run: tuple[str, ...] = SENDMAIL

    @field_validator("run")
    @classmethod
    def _run(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not value[0].startswith("/"):
            raise ValueError('begin with the whole path of a program, such as "/usr/sbin/sendmail"')
        if "{recipient}" not in value[1:]:
            raise ValueError('"{recipient}" has to stand among the words by itself')
        if "--" not in value[1 : value.index("{recipient}")]:
            raise ValueError(
                'write "--" before "{recipient}", or an address that begins with a hyphen is taken'
                " for an option"
            )
        for word in value:
            if strange := set(re.findall(r"\{[^{}]*\}", word)) - {"{sender}", "{recipient}"}:
                raise ValueError(
                    f'{min(strange)} is filled with nothing; there are "{{sender}}" and'
                    ' "{recipient}"'
                )
        return value


class File(BaseSettings):
    """The whole file; the environment wins over it."""

    model_config = SettingsConfigDict(
        env_prefix="PUBLISHER_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    site_url: str | None = None
    app_url: str | None = None
    database: str = "sqlite:///publisher.db"
    database_file: str = ""
    transport: Literal["outbox", "smtp", "command"] = "outbox"
    newsletter: dict[str, NewsletterTable]
    smtp: SmtpTable = SmtpTable()
    command: CommandTable = CommandTable()
    dkim: DkimTable | None = None
    web: WebTable = WebTable()
    network: NetworkTable = NetworkTable()
    sections: SectionsTable = SectionsTable()
    topics: dict[str, tuple[str, ...]] = {}

    @field_validator("topics")
    @classmethod
    def _topics(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        places: dict[str, str] = {}
        for topic, words in value.items():
            slug = topic_slug(topic)
            if not slug:
                raise ValueError(f"{topic!r} cannot be a topic; a name has letters or digits")
            if (other := places.setdefault(slug, topic)) != topic:
                raise ValueError(f"{other!r} and {topic!r} are one topic; put their words together")
            if not all(any(map(str.isalnum, word)) for word in words):
                raise ValueError(f"a word of {topic!r} is empty")
        return value

    @field_validator("site_url", "app_url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        return web_address(value)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return env_settings, init_settings
