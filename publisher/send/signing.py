"""send.signing - which keys sign a newsletter's mail, and what forbids that mail to leave.

Signing is on where publisher.toml has a [dkim] table; the domain is that of the newsletter's sender,
so that the signature speaks for the address readers see. The outbox signs with the keys there are;
a real transport is refused until there are all.
Faults: SettingsError for a key that cannot be used. Never: makes a key. See: wire.keys, wire.dkim,
preflight (everything else that is refused), cli.doctor (makes keys, looks into DNS).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from publisher import preflight
from publisher.errors import PublisherError
from publisher.model import Finding, Level, Newsletter
from publisher.preflight.transport import PLACEHOLDER
from publisher.render.headers import valid_address
from publisher.settings import Settings
from publisher.wire import keys
from publisher.wire.dkim import Signer

_NAMES: Final = {"rsa": "RSA", "ed25519": "Ed25519"}


def domain_of(newsletter: Newsletter) -> str:
    """Give the domain behind the @ of From as DNS knows it; "" while there is no sender.

    Raises RefusedError for an address that no header may hold.
    """
    if not newsletter.sender_address:
        return ""
    return valid_address(newsletter.sender_address).rpartition("@")[2]


def envelope_of(newsletter: Newsletter) -> str:
    """Give the domain bounces go to; "" while there is no sender."""
    return newsletter.bounce_domain.lower() if newsletter.bounce_domain else domain_of(newsletter)


def is_example(newsletter: Newsletter) -> bool:
    """Tell whether the sender is still the example's, whom nobody can set records for."""
    return bool(PLACEHOLDER.search(newsletter.sender_address or ""))


def places_of(settings: Settings, newsletter: Newsletter) -> tuple[keys.Place, ...]:
    """Give the keys that are to sign a newsletter's mail; none while signing is off."""
    domain = domain_of(newsletter)
    if settings.dkim is None or not domain:
        return ()
    return keys.places(
        settings.keys_folder, domain, settings.dkim.selector, ed25519=settings.dkim.ed25519
    )


def signers_of(settings: Settings) -> Callable[[Newsletter], tuple[Signer, ...]]:
    """Tell who loads the keys of a newsletter, anew for each send; what is missing is left out."""

    def load(newsletter: Newsletter) -> tuple[Signer, ...]:
        loaded = (keys.load(place) for place in places_of(settings, newsletter))
        return tuple(signer for signer in loaded if signer)

    return load


def refusals(settings: Settings, newsletter: Newsletter) -> Sequence[Finding]:
    """Give every reason why this newsletter may not be mailed; for the outbox there is none."""
    if settings.transport == "outbox":
        return ()
    return (
        *preflight.transport(newsletter, settings.relay_host),
        *key_faults(settings, newsletter),
    )


def key_faults(settings: Settings, newsletter: Newsletter) -> list[Finding]:
    """Find keys that are missing or cannot be used, while signing is on."""
    try:
        places = places_of(settings, newsletter)
    except PublisherError as fault:
        return [_stop(str(fault), fault.hint)]
    found = []
    for place in places:
        try:
            if keys.load(place) is None:
                found.append(
                    _stop(
                        f"[dkim] is set, but {place.domain} has no {_NAMES[place.kind]} key to sign with.",
                        "`publisher doctor` makes it, and prints the record it needs in DNS.",
                    )
                )
        except PublisherError as fault:
            found.append(_stop(str(fault), fault.hint))
    return found


def _stop(message: str, hint: str) -> Finding:
    return Finding(Level.STOP, "settings/dkim-key", message, hint)
