"""preflight.transport - whether a newsletter may be mailed by a real relay.

All reasons at once, so that nobody mends them one by one. Faults: as findings; `stop` refuses.
Never: looks at an issue. See: settings (where the values stand), send (who asks).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from publisher.domains import is_loopback
from publisher.model import Finding, Level, Newsletter

PLACEHOLDER: Final = re.compile(r"(?:^|[^\w-])example\.(?:org|com|net)[ ./>]*$", re.IGNORECASE)


def transport(newsletter: Newsletter, relay: str) -> tuple[Finding, ...]:
    """Give every reason why this newsletter may not be mailed by a real transport.

    `relay` is the host mail leaves through. Through one on this machine it is tried out, so that
    addresses only this machine can reach are warned of; through any other they are refused.
    """
    findings = []
    unreachable = Level.WARN if is_loopback(relay) else Level.STOP
    app_url = newsletter.app_url or newsletter.site_url
    if not app_url or not _is_safe(app_url):
        stated = f"is {app_url}" if app_url else "is not set"
        findings.append(
            _stop(
                "preflight/app-url",
                f"The address readers unsubscribe at, app_url, {stated}; it must begin with "
                "https://.",
                'Set app_url = "https://..." to where this program can be reached.',
            )
        )
    elif is_loopback(_host(app_url)):
        findings.append(
            Finding(
                unreachable,
                "preflight/loopback",
                f"Readers unsubscribe at {app_url}, which only this machine can reach.",
                'Set app_url = "https://..." to the public address before readers get mail.',
            )
        )
    site_url = newsletter.site_url
    if site_url and (is_loopback(_host(site_url)) or not _is_safe(site_url)):
        is_ours = is_loopback(_host(site_url))
        why = "only this machine can reach" if is_ours else "is not https"
        findings.append(
            Finding(
                unreachable if is_ours else Level.WARN,
                "preflight/site-url",
                f"Pictures and links to the site lead to site_url, {site_url}, which {why}.",
                'Set site_url = "https://..." to where readers reach the folder feeds/.',
            )
        )
    if not newsletter.sender_address:
        findings.append(
            _stop(
                "preflight/sender",
                "No sender address is set, so nobody could answer or trust the mail.",
                "Set the sender's address in publisher.toml, one that you read.",
            )
        )
    if not newsletter.postal_address.strip():
        findings.append(
            _stop(
                "preflight/postal-address",
                "No postal address is set; many countries require one in every newsletter.",
                "Set postal_address in publisher.toml to where letters reach you.",
            )
        )
    return (*findings, *_placeholders(newsletter, app_url))


def _placeholders(newsletter: Newsletter, app_url: str | None) -> list[Finding]:
    values = {
        "app_url": _host(app_url or ""),
        "the sender's address": newsletter.sender_address or "",
        "postal_address": newsletter.postal_address.strip(),
    }
    return [
        _stop(
            "preflight/example",
            f"The value of {name} is still the example's ({value}).",
            "Put your own value in its place in publisher.toml.",
        )
        for name, value in values.items()
        if PLACEHOLDER.search(value)
    ]


def _is_safe(address: str) -> bool:
    scheme = address.partition(":")[0].lower()
    return scheme == "https" or (scheme == "http" and is_loopback(_host(address)))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _stop(code: str, message: str, hint: str) -> Finding:
    return Finding(Level.STOP, code, message, hint)
