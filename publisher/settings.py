"""settings - publisher.toml and the environment, checked whole, frozen.

The file says everything but secrets; the environment (`PUBLISHER_DATABASE`, `PUBLISHER_SMTP__HOST`,
nested keys joined by two underscores) wins over the file. A secret comes from the environment, from
the file its `*_file` key names, or from systemd's credentials; one written in publisher.toml works
and is reported by `findings`.

Faults: SettingsError listing all faults at once, each with its key and line.
Never: opens the database, talks to the network, prints a secret.
See: publisher.toml (every key, commented), model.Newsletter (what comes out).
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from publisher import languages
from publisher.addresses import topic_slug
from publisher.domains import dns_name, is_loopback
from publisher.errors import SettingsError
from publisher.model import Finding, Level, Look, Newsletter, SectionNames
from publisher.schedule import parse as parse_rule

FILE_NAME: Final = "publisher.toml"
RESERVED: Final = frozenset(
    {
        *("archive", "health", "issues", "items", "metrics", "search", "topics"),
        *("api", "confirm", "preferences", "subscribe", "unsubscribe"),
    }
)
"""What stands beside a newsletter's path in its addresses, so that none may be called so."""
SELECTOR: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,50}[a-z0-9])?")
SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
WITH_PASSWORD: Final = re.compile(r"[^:/]+://[^/?#]*:[^/?#]+@")
HOST: Final = re.compile(r"(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*", re.UNICODE)
COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_FONT_NAME: Final = r"-?[^\W\d_][\w-]*(?: [^\W\d_][\w-]*)*"  # what CSS reads without quotes
FONTS: Final = re.compile(rf"{_FONT_NAME}(?:, ?{_FONT_NAME})*")


# --- what comes out -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Smtp:
    """How to reach the relay. `timeout` scales every phase's limit; 1.0 is the usual patience."""

    host: str = "localhost"
    port: int = 587
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    hello: str = ""
    ca_file: str | None = None
    timeout: float = 1.0


@dataclass(frozen=True, slots=True)
class Dkim:
    """Which keys sign the mail: RSA under `selector`, Ed25519 beside it under one of its own."""

    selector: str = "publisher"
    ed25519: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All there is to know about one home."""

    home: Path
    database: str = field(repr=False)
    transport: str
    smtp: Smtp
    host: str
    port: int
    desk_port: int
    newsletters: tuple[Newsletter, ...]
    dkim: Dkim | None = None
    network_allow: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def site_folder(self) -> Path:
        """Where the published site stands."""
        return self.home / "feeds"

    @property
    def register_path(self) -> Path:
        """Where the register stands."""
        return self.home / "register.json"

    @property
    def outbox_folder(self) -> Path:
        """Where the outbox transport writes."""
        return self.home / "outbox"

    @property
    def wire_folder(self) -> Path:
        """Where the maps of what is on the wire stand."""
        return self.home / "wire"

    @property
    def key_path(self) -> Path:
        """Where the secret key stands."""
        return self.home / "secret.key"

    @property
    def keys_folder(self) -> Path:
        """Where the keys stand that sign mail."""
        return self.home / "dkim"

    def digests_folder(self, newsletter: Newsletter) -> Path:
        """Return the folder a newsletter's digests are dropped in."""
        return self.home / newsletter.digests

    def newsletter(self, slug: str | None) -> Newsletter:
        """Return one newsletter; without a slug the only one there is."""
        if slug is None:
            if len(self.newsletters) == 1:
                return self.newsletters[0]
            names = ", ".join(newsletter.slug for newsletter in self.newsletters)
            raise SettingsError(
                f"this home has {len(self.newsletters)} newsletters: {names}",
                hint="name one with --newsletter SLUG",
            )
        for newsletter in self.newsletters:
            if newsletter.slug == slug:
                return newsletter
        names = ", ".join(newsletter.slug for newsletter in self.newsletters)
        raise SettingsError(f"there is no newsletter {slug!r}", hint=f"there is: {names}")

    def with_paths(self, paths: Mapping[str, str]) -> Settings:
        """Return the settings with the paths the register fixed at first publication.

        A newsletter that was never published takes no path another ever had. Raises SettingsError
        where that cannot be settled without a person: after a slug was changed, above all.
        """
        owners = {path: slug for slug, path in paths.items()}
        ours = {newsletter.slug for newsletter in self.newsletters}
        placed = []
        for newsletter in self.newsletters:
            path = paths.get(newsletter.slug, newsletter.path)
            owner = owners.setdefault(path, newsletter.slug)
            if owner != newsletter.slug:
                if path or owner not in ours:
                    raise _path_taken(newsletter.slug, path, owner)
                path = f"{newsletter.slug}/"
                if owners.setdefault(path, newsletter.slug) != newsletter.slug:
                    raise _path_taken(newsletter.slug, path, owners[path])
            placed.append(replace(newsletter, path=path))
        return replace(self, newsletters=tuple(placed))


def _path_taken(slug: str, path: str, owner: str) -> SettingsError:
    return SettingsError(
        f"the newsletter {slug!r} would stand at {'/' + path!r}, where {owner!r} was published",
        where=FILE_NAME,
        hint=f'if it is the same newsletter, keep slug = "{owner}" (its title may change);'
        f' else give {slug!r} a place of its own: path = "..."',
    )


# --- what may be written ------------------------------------------------------


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Smtp(_Table):
    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""
    hello: str = ""
    ca_file: str | None = None
    timeout: float = Field(default=1.0, gt=0)

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


class _Dkim(_Table):
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


class _Web(_Table):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    desk_port: int = Field(default=8001, ge=0, le=65535)


class _Network(_Table):
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


class _Sections(_Table):
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


class _Look(_Table):
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
        parts = _split(value)
        is_here = parts.scheme == "http" and is_loopback(parts.hostname or "")
        is_web = (parts.scheme == "https" or is_here) and parts.hostname and not parts.username
        if not is_web or re.search(r"[\s\x00-\x1f<>\"]", value):
            raise ValueError(
                "mail programs show a logo from a whole address such as"
                f' "https://news.example.net/logo.png", not from {value!r}'
            )
        return value


def _split(value: str) -> SplitResult:
    """Take an address apart; one that cannot be is none."""
    try:
        return urlsplit(value)
    except ValueError:
        return urlsplit("")


def _web_address(value: str | None) -> str | None:
    """Check an address others lead on from; it ends in a slash."""
    if not value:
        return None
    parts = _split(value)
    is_web = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
    if not is_web or re.search(r"[\s?#\x00-\x1f<>\"]", value):
        raise ValueError('an address such as "https://news.example.net/"')
    return value if value.endswith("/") else f"{value}/"


class _Newsletter(_Table):
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
    images: Literal["link", "rehost"] = "link"
    look: _Look = _Look()

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str | None) -> str | None:
        return _web_address(value)

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
        if value is not None and not re.fullmatch(r"[^@\s<>\x00-\x1f]+@[^@\s<>\x00-\x1f]+", value):
            raise ValueError("not an e-mail address; write only name@domain")
        local, _, domain = (value or "").rpartition("@")
        if not local.isascii():
            raise ValueError("the part before the @ must be ASCII: few mail servers take another")
        try:
            dns_name(domain)
        except ValueError as fault:
            raise ValueError(f"the part after the @ is no domain name: {fault}") from None
        return value


class _File(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="PUBLISHER_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    site_url: str | None = None
    app_url: str | None = None
    database: str = "sqlite:///publisher.db"
    database_file: str = ""
    transport: Literal["outbox", "smtp"] = "outbox"
    newsletter: dict[str, _Newsletter]
    smtp: _Smtp = _Smtp()
    dkim: _Dkim | None = None
    web: _Web = _Web()
    network: _Network = _Network()
    sections: _Sections = _Sections()
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
        return _web_address(value)

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


# --- reading ------------------------------------------------------------------


def load(home: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of a home.

    Raises SettingsError with all faults at once: a missing or broken file, unknown keys, wrong
    values, an unreadable secret.
    """
    path = home / FILE_NAME
    raw, text = _read(path)
    tables = raw.get("newsletter")
    single = isinstance(tables, dict) and any(not isinstance(v, dict) for v in tables.values())
    if isinstance(tables, dict) and single:
        raw["newsletter"] = {str(tables.get("slug") or "newsletter"): tables}
    try:
        checked = _File(**raw)
    except ValidationError as error:
        raise _all_faults(path, text, error, single=single) from None
    if not checked.newsletter:
        raise SettingsError(
            "no newsletter is described", where=str(path), hint="add a [newsletter] table"
        )
    password, findings = _password(home, checked, raw, environ)
    return Settings(
        home=home,
        database=_database(home, checked),
        transport=checked.transport,
        smtp=Smtp(
            host=checked.smtp.host,
            port=checked.smtp.port,
            tls=checked.smtp.tls,
            user=checked.smtp.user,
            password=password,
            hello=checked.smtp.hello,
            ca_file=checked.smtp.ca_file,
            timeout=checked.smtp.timeout,
        ),
        host=checked.web.host,
        port=checked.web.port,
        desk_port=checked.web.desk_port,
        newsletters=_newsletters(path, checked),
        dkim=None if checked.dkim is None else Dkim(**checked.dkim.model_dump()),
        network_allow=checked.network.allow,
        findings=findings,
    )


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text), text
    except FileNotFoundError:
        raise SettingsError(
            f"there is no {FILE_NAME} here",
            where=str(path.parent),
            hint="make a new home with `publisher init DIR`, or name one with --home DIR",
        ) from None
    except OSError as error:
        raise SettingsError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            hint="check its owner and permissions",
        ) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"line {line} is not UTF-8", where=str(path), hint="save the file as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"not valid TOML: {error}",
            where=str(path),
            hint="mend that line; text is quoted, tables stand in [brackets]",
        ) from None


def _all_faults(path: Path, text: str, error: ValidationError, *, single: bool) -> SettingsError:
    """Turn pydantic's list into one error that names every key and, where found, its line."""
    told: list[tuple[int, str]] = []
    for fault in error.errors():
        keys = [str(part) for part in fault["loc"]]
        if single and len(keys) > 1 and keys[0] == "newsletter":
            del keys[1]
        why = _in_our_words(fault["type"], fault["loc"], fault["msg"], fault.get("ctx", {}))
        found = re.search(rf"^\s*{re.escape(keys[-1])}\s*=", text, re.M) if keys else None
        line = text.count("\n", 0, found.end()) + 1 if found else 0
        place = f" (line {line})" if line else ""
        told.append((line, f"{'.'.join(keys)}{place}: {why}"))
    words = [one for _, one in sorted(told)]
    return SettingsError(
        "\n    ".join([f"{len(told)} faults", *words]) if len(told) > 1 else words[0],
        where=str(path),
        hint="docs/settings.md lists every setting",
    )


_EXPECTED: Final = {
    "missing": "it has to be there",
    "string_type": "write a text in quotes",
    "string_too_short": "it must not be empty",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "tuple_type": 'write a list, such as ["one", "two"]',
    "dict_type": "this is a table: write its keys below its name in [brackets]",
    "model_type": "this is a table: write its keys below its name in [brackets]",
    "literal_error": "write {expected}",
    "greater_than_equal": "write a number that is {ge} or more",
    "less_than_equal": "write a number that is {le} or less",
    "greater_than": "write a number over {gt}",
}
"""What a kind of fault of pydantic's means to who wrote the file."""


def _in_our_words(
    kind: str, place: tuple[int | str, ...], words: str, bounds: Mapping[str, Any]
) -> str:
    """Say what was expected; of a key nobody knows, which one it resembles."""
    if kind == "extra_forbidden":
        near = get_close_matches(str(place[-1]), _known_beside(place), n=1)
        return "no such setting" + (f"; did you mean `{near[0]}`?" if near else "")
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**bounds)
    return words.removeprefix("Value error, ")


def _known_beside(place: tuple[int | str, ...]) -> list[str]:
    """List the keys a table knows, by the place of one it does not know."""
    table: type[BaseModel] = _File
    for key in place[:-1]:
        field = table.model_fields.get(str(key))
        kind = field.annotation if field else None  # None: the name of a newsletter
        inner = [one for one in (kind, *get_args(kind)) if isinstance(one, type)]
        table = next((one for one in inner if issubclass(one, BaseModel)), table)
    return list(table.model_fields)


def _newsletters(path: Path, checked: _File) -> tuple[Newsletter, ...]:
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
                images=table.images,
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
        if newsletter.path.strip("/") in RESERVED:
            raise SettingsError(
                f"no newsletter can stand at {'/' + newsletter.path!r}: other pages do",
                where=str(path),
                hint=f'give {newsletter.slug!r} another `path`, such as "{newsletter.slug}-weekly"',
            )
    return tuple(made)


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


def _database(home: Path, checked: _File) -> str:
    url = checked.database
    if checked.database_file:
        url = _secret_file(home, "database_file", checked.database_file)
    if url.startswith("sqlite:///"):
        return f"sqlite:///{home / url.removeprefix('sqlite:///')}"
    return url


def _secret_file(home: Path, key: str, name: str) -> str:
    try:
        return (home / name).read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{key}: {error.strerror}", where=str(home / name)) from None


def _password(
    home: Path, checked: _File, raw: dict[str, Any], environ: Mapping[str, str]
) -> tuple[str, tuple[Finding, ...]]:
    """Find the relay's password; one written in the file is a finding."""
    findings: tuple[Finding, ...] = ()
    table = raw.get("smtp")
    in_url = WITH_PASSWORD.match(str(raw.get("database", "")))
    if (isinstance(table, dict) and table.get("password")) or in_url:
        findings = (
            Finding(
                Level.HOLD,
                "settings/secret",
                f"A secret is written in {FILE_NAME}, a file that is easily shared.",
                "Move it to the environment or a file: smtp.password_file, database_file.",
            ),
        )
    if checked.smtp.password_file:
        return _secret_file(home, "smtp.password_file", checked.smtp.password_file), findings
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (Path(credentials) / "smtp-password").is_file():
        return _secret_file(Path(credentials), "smtp-password", "smtp-password"), findings
    return checked.smtp.password.get_secret_value(), findings


def secret_key(settings: Settings) -> bytes:
    """Return the home's secret key, made on first need, readable by its owner alone.

    Raises SettingsError where the file is damaged or open to others.
    """
    path = settings.key_path
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsError(f"cannot be made: {error.strerror}", where=str(path)) from None
    if path.stat().st_mode & 0o077:
        raise SettingsError(
            "the secret key can be read by others", where=str(path), hint=f"chmod 600 {path}"
        )
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != 32:
        raise SettingsError(
            "the secret key is damaged",
            where=str(path),
            hint="restore it from the backup; a new key ends all unsubscribe links sent so far",
        )
    return key
