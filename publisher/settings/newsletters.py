"""settings.newsletters - the tables of newsletters: what may be written, what is made of it.

Faults: ValueError behind a key; SettingsError where newsletters stand in each other's way.
Never: reads a file. See: model.Newsletter (what comes out), settings.file (what is beside).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationInfo, field_validator

from publisher import languages
from publisher.domains import is_loopback
from publisher.errors import SettingsError
from publisher.model import Look, Newsletter, SectionNames
from publisher.schedule import parse as parse_rule
from publisher.schedule import parse_quiet
from publisher.settings.pieces import SLUG, Table, duration, mail_address, split, web_address

if TYPE_CHECKING:
    from publisher.settings.file import File

RESERVED: Final = frozenset(
    {
        *("archive", "feeds", "health", "issues", "items", "metrics", "search", "topics", "years"),
        *("api", "confirm", "preferences", "subscribe", "unsubscribe"),
    }
)
"""What stands beside a newsletter's path in its addresses, so that none may be called so."""
COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
HUB: Final = re.compile(r"https?://[!$-+\-./0-:=?-~]+")
"""An address that may stand as it is in a Link header (RFC 8288) and in an attribute."""
_FONT_NAME: Final = r"-?[^\W\d_][\w-]*(?: [^\W\d_][\w-]*)*"  # what CSS reads without quotes
FONTS: Final = re.compile(rf"{_FONT_NAME}(?:, ?{_FONT_NAME})*")
_PERCENT: Final = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3})?) ?%")


class LookTable(Table):
    """What the mail and the pages look like."""

    name: Literal["digest", "compact", "letter"] = "digest"
    accent: str = Look().accent
    accent_dark: str = Look().accent_dark
    paper: str = Look().paper
    paper_dark: str = Look().paper_dark
    ink: str = Look().ink
    ink_dark: str = Look().ink_dark
    font: str = ""
    logo: str | None = None
    footer: str = ""

    @field_validator("accent", "accent_dark", "paper", "paper_dark", "ink", "ink_dark")
    @classmethod
    def _colour(cls, value: str) -> str:
        if not COLOUR.fullmatch(value):
            raise ValueError('a colour is written "#rrggbb"')
        return value

    @field_validator("font")
    @classmethod
    def _font(cls, value: str) -> str:
        if value and not FONTS.fullmatch(value):
            raise ValueError(
                'write "sans", "serif", or names of fonts with commas between them and no quotes,'
                ' such as "Optima, Candara, sans-serif"; each word begins with a letter'
            )
        return value

    @field_validator("logo")
    @classmethod
    def _logo(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = split(value)
        is_here = parts.scheme == "http" and is_loopback(parts.hostname or "")
        is_web = (parts.scheme == "https" or is_here) and parts.hostname and not parts.username
        if not is_web or re.search(r"[\s\x00-\x1f<>\"]", value):
            raise ValueError(
                "mail programs show a logo from a whole address such as"
                f' "https://news.example.net/logo.png", not from {value!r}'
            )
        return value


class NewsletterTable(Table):
    """One newsletter as it is written."""

    title: str = Field(min_length=1)
    slug: str | None = None
    path: str | None = None
    description: str = ""
    language: str = "en"
    titles: tuple[str, ...] = ()
    timezone: str = "UTC"
    digests: str | None = None
    send: str = "manual"
    in_doubt: Literal["resend", "hold"] = "resend"
    sender_name: str = ""
    sender_address: str | None = None
    reply_to: str | None = None
    postal_address: str = ""
    bounce_domain: str | None = None
    window: int = Field(default=20, ge=1, le=1000)
    base_url: str | None = None
    hubs: tuple[str, ...] = ()
    images: Literal["link", "rehost"] = "link"
    retries: tuple[str, ...] = ("5m", "15m", "30m", "1h", "2h", "4h")
    give_up: str = "48h"
    quiet: str = ""
    canary: str = "1%"
    editors: tuple[str, ...] = ()
    local_time: bool = False
    look: LookTable = LookTable()

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str | None) -> str | None:
        return web_address(value)

    @field_validator("hubs")
    @classmethod
    def _hubs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for hub in value:
            if not HUB.fullmatch(hub) or not (host := _host(hub)):
                raise ValueError(
                    f'a hub has a whole address such as "https://hub.example.net/", not {hub!r}'
                )
            if hub.startswith("http:") and not is_loopback(host):
                raise ValueError(f"{hub!r} is not https; only a hub of this machine may be without")
            if value.count(hub) > 1:
                raise ValueError(f"{hub!r} is there twice")
        return value

    @field_validator("title")
    @classmethod
    def _title(cls, value: str) -> str:
        line = " ".join(value.split())
        if not line or re.search(r"[\x00-\x1f\x7f-\x9f]", line):
            raise ValueError("a title is one line that can be read")
        return line

    @field_validator("language")
    @classmethod
    def _language(cls, value: str) -> str:
        if why := languages.fault(value):
            raise ValueError(why)
        return value

    @field_validator("titles")
    @classmethod
    def _titles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        spoken = [cls._language(tag).split("-")[0].lower() for tag in value]
        for tag, language in zip(value, spoken, strict=True):
            if spoken.count(language) > 1:
                raise ValueError(f"{tag!r} is there twice; titles are told apart by language alone")
        return value

    @field_validator("slug")
    @classmethod
    def _slug(cls, value: str | None) -> str | None:
        if value is not None and not SLUG.fullmatch(value):
            raise ValueError("a slug has small letters, digits and hyphens only")
        return value

    @field_validator("path")
    @classmethod
    def _path(cls, value: str | None) -> str | None:
        if value and not SLUG.fullmatch(value.strip("/")):
            raise ValueError('a path is one name such as "weekly/", or empty')
        return f"{value.strip('/')}/" if value else value

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f'{value!r} is no time zone; write a name such as "Asia/Shanghai" or "Europe/Berlin"'
            ) from None
        return value

    @field_validator("digests")
    @classmethod
    def _digests(cls, value: str | None) -> str | None:
        if value is not None and (value.startswith("/") or ".." in Path(value).parts):
            raise ValueError("the digests folder stands inside the home; write it relative")
        return value

    @field_validator("send")
    @classmethod
    def _send(cls, value: str) -> str:
        try:
            parse_rule(value)
        except SettingsError as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        return value

    @field_validator("sender_address", "reply_to")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return None if value is None else mail_address(value)

    @field_validator("editors")
    @classmethod
    def _editors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(mail_address(one) for one in value)

    @field_validator("retries")
    @classmethod
    def _retries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError('write at least one wait, such as ["30m"]')
        for one in value:
            duration(one)
        return value

    @field_validator("give_up")
    @classmethod
    def _give_up(cls, value: str, info: ValidationInfo) -> str:
        waits = info.data.get("retries", ())
        if waits and duration(value) < duration(waits[0]):
            raise ValueError(f"that is before the first retry, which comes after {waits[0]}")
        duration(value)
        return value

    @field_validator("quiet")
    @classmethod
    def _quiet(cls, value: str) -> str:
        try:
            hours = parse_quiet(value)
        except SettingsError as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        return "" if hours is None else f"{hours.start:%H:%M}-{hours.end:%H:%M}"

    @field_validator("canary")
    @classmethod
    def _canary(cls, value: str) -> str:
        _share(value)
        return value


def _share(text: str) -> float:
    """Read the part of an audience that goes first: "1%", or "off"."""
    if text.strip().lower() == "off":
        return 0.0
    found = _PERCENT.fullmatch(text.strip())
    if found is None or not 0 < float(found[1]) <= 50:
        raise ValueError('write a part of the audience up to half of it, such as "1%", or "off"')
    return float(found[1]) / 100


def _host(address: str) -> str:
    """Name the host of an address; "" where that cannot be connected to."""
    parts = split(address)
    try:
        return "" if parts.username is not None or parts.port == 0 else parts.hostname or ""
    except ValueError:  # a port beyond all ports
        return ""


def newsletters_of(path: Path, checked: File) -> tuple[Newsletter, ...]:
    """Make the newsletters, in the file's order; refuse what stands in another's way."""
    topics = tuple(sorted(checked.topics.items()))
    several = len(checked.newsletter) > 1
    made = []
    for index, (key, table) in enumerate(checked.newsletter.items()):
        slug = table.slug or key
        if not SLUG.fullmatch(slug):
            raise SettingsError(
                f"newsletter.{key}: a slug has small letters, digits and hyphens only",
                where=str(path),
                hint=f"rename the table, for example [newsletter.{slug.lower().replace('_', '-')}]",
            )
        standing = "" if index == 0 else f"{slug}/"
        made.append(
            Newsletter(
                slug=slug,
                title=table.title,
                path=standing if table.path is None else table.path,
                description=table.description,
                language=table.language,
                titles=table.titles,
                timezone=table.timezone,
                digests=table.digests or (f"digests/{slug}" if several else "digests"),
                send=table.send,
                in_doubt=table.in_doubt,
                site_url=checked.site_url,
                app_url=checked.app_url or checked.site_url,
                sender_name=table.sender_name or table.title,
                sender_address=table.sender_address,
                reply_to=table.reply_to,
                postal_address=table.postal_address,
                bounce_domain=table.bounce_domain,
                window=table.window,
                base_url=table.base_url,
                hubs=table.hubs,
                images=table.images,
                retries=tuple(duration(one) for one in table.retries),
                give_up=duration(table.give_up),
                quiet=table.quiet,
                canary=_share(table.canary),
                editors=table.editors,
                local_time=table.local_time,
                topics=topics,
                sections=SectionNames(**checked.sections.model_dump()),
                look=Look(**table.look.model_dump()),
            )
        )
    for name in ("slug", "path", "digests"):
        values = [getattr(newsletter, name) for newsletter in made]
        for value in {value for value in values if values.count(value) > 1}:
            raise SettingsError(
                f"two newsletters share the {name} {value!r}",
                where=str(path),
                hint=f"give each its own `{name}`",
            )
        if name == "digests":
            _refuse_nested(path, made)
    for newsletter in made:
        _refuse_idle_hubs(path, newsletter, checked.network.allow)
        if newsletter.path.strip("/") in RESERVED:
            raise SettingsError(
                f"no newsletter can stand at {'/' + newsletter.path!r}: other pages do",
                where=str(path),
                hint=f'give {newsletter.slug!r} another `path`, such as "{newsletter.slug}-weekly"',
            )
    return tuple(made)


def _refuse_idle_hubs(path: Path, newsletter: Newsletter, allow: Iterable[str]) -> None:
    """Refuse hubs that could be told nothing: of feeds without an address, or behind our own door."""
    if newsletter.hubs and not newsletter.site_url:
        raise SettingsError(
            f"{newsletter.slug!r} has hubs, which are told the addresses of its feeds; without a"
            " site_url these have none",
            where=str(path),
            hint='write where feeds/ is served: site_url = "https://news.example.net/"',
        )
    opened = set(allow)
    for hub in newsletter.hubs:
        host = _host(hub)
        if hub.startswith("http:") and not opened & {host, *_ranges(host, allow)}:
            raise SettingsError(
                f"the hub {hub!r} stands on this machine, which nothing of ours may reach",
                where=str(path),
                hint=f'open it: [network] allow = ["{host}"]',
            )


def _ranges(host: str, allow: Iterable[str]) -> Iterator[str]:
    """Give those of the ranges in `allow` this machine's host lies in."""
    places = ("127.0.0.1", "::1") if host.endswith("localhost") else (host,)
    for one in allow:
        with suppress(ValueError):
            network = ipaddress.ip_network(one, strict=False)
            if any(ipaddress.ip_address(place) in network for place in places):
                yield one


def _refuse_nested(path: Path, made: Iterable[Newsletter]) -> None:
    """Refuse a digests folder inside another, whose digests both would publish."""
    folders = sorted(
        ((Path(newsletter.digests).parts, newsletter) for newsletter in made),
        key=lambda each: each[0],
    )
    for (outer, first), (inner, second) in pairwise(folders):
        if inner[: len(outer)] == outer:
            raise SettingsError(
                f"the digests of {second.slug!r} stand inside those of {first.slug!r}, so both"
                " would publish them",
                where=str(path),
                hint=f'give each its own folder: digests = "digests/{first.slug}"',
            )
