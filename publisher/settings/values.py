"""settings.values - what comes out: the frozen facts of one home.

Faults: SettingsError for a newsletter nobody knows and a path two would share.
Never: reads a file. See: settings.reading (makes them), model.Newsletter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from publisher.domains import is_loopback
from publisher.errors import SettingsError
from publisher.model import Finding, Newsletter

FILE_NAME: Final = "publisher.toml"
FIRST: Final = "smtp"
"""What the relay of [smtp] itself is called; the others have the names of their tables."""
SENDMAIL: Final = ("/usr/sbin/sendmail", "-i", "-f", "{sender}", "--", "{recipient}")


@dataclass(frozen=True, slots=True)
class Smtp:
    """One relay: how it is reached, how it is spoken to, how much it may be given.

    `timeout` scales every phase's limit; 1.0 is the usual patience. `mode`: "data" pipelines one
    message behind the other (RFC 2920), "bdat" has `window` messages on their way (RFC 3030),
    "lockstep" waits for each reply. `connections` None: begins with 16 and finds what the relay
    bears; a number is the most there are. None in `per_second` and `per_hour` is no limit.
    `per_connection`: so many messages, then a new connection. Of several relays each gets its part
    by `weight`. `warm_up` is the day the relay began to be warmed up: its ceiling per day grows
    from then on (delivery.pacing has the table).
    """

    host: str = "localhost"
    port: int = 587
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    hello: str = ""
    ca_file: str | None = None
    timeout: float = 1.0
    name: str = FIRST
    mode: str = "data"
    window: int = 8
    connections: int | None = None
    per_second: float | None = None
    per_hour: int | None = None
    per_connection: int = 500
    weight: int = 1
    warm_up: date | None = None


@dataclass(frozen=True, slots=True)
class Dkim:
    """Which keys sign the mail: RSA under `selector`, Ed25519 beside it under one of its own."""

    selector: str = "publisher"
    ed25519: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All there is to know about one home.

    `smtp` is the first relay, `spare` the others in the order of their tables. `domain_limits`
    pairs a receiving domain, as DNS writes it, with the messages it may get in a minute. `command`
    is what the transport "command" runs for each message, `{sender}` and `{recipient}` open.
    """

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
    spare: tuple[Smtp, ...] = ()
    domain_limits: tuple[tuple[str, int], ...] = ()
    command: tuple[str, ...] = SENDMAIL

    @property
    def relays(self) -> tuple[Smtp, ...]:
        """All relays, the one of [smtp] first."""
        return (self.smtp, *self.spare)

    @property
    def relay_host(self) -> str:
        """The host mail leaves by: that of the first relay that is not this machine, if any."""
        hosts = [one.host for one in self.relays]
        return next((host for host in hosts if not is_loopback(host)), hosts[0])

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
