"""preflight - what is checked before anything leaves.

`check` looks at one issue and its editions; `transport` at the newsletter, once, before mail may
go out by a real relay: all reasons at once, so that nobody mends them one by one.
Faults: as findings; `stop` refuses, `hold` waits for a person.
Never: changes anything, looks at the digest's file. See: digest (findings about the text), publish
and send (who ask).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from publisher.model import Edition, Finding, Issue, Item, Level, Newsletter, Published

KB: Final = 1024
LARGE_MAIL: Final = 90 * KB
CLIPPED_MAIL: Final = 100 * KB
"""Gmail cuts a mail at about 102 400 bytes and hides the rest, the unsubscribe link included."""
LONGEST_SUBJECT: Final = 60
MOST_NAMED: Final = 5
PLACEHOLDER: Final = re.compile(r"(?:^|[^\w-])example\.(?:org|com|net)[ ./>]*$", re.IGNORECASE)


def check(
    published: Published, newsletter: Newsletter, editions: Mapping[str, Edition]
) -> tuple[Finding, ...]:
    """Check an issue and its editions before it is published or sent."""
    issue = published.issue
    findings = emptiness(issue) + _items(issue) + _unsubscribe(newsletter)
    if mail := editions.get("mail"):
        findings += _size(mail) + _subject(mail.subject)
    return tuple(findings)


def emptiness(issue: Issue) -> list[Finding]:
    """Stop an issue that says nothing: it is not published either."""
    has_text = issue.text.strip() or any(section.text.strip() for section in issue.sections)
    if issue.items or has_text:
        return []
    return [
        _stop(
            "preflight/empty",
            "The issue has neither items nor text.",
            "Write the digest's text below its front matter.",
        )
    ]


def transport(newsletter: Newsletter) -> tuple[Finding, ...]:
    """Give every reason why this newsletter may not be mailed by a real transport."""
    findings = []
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
    elif _is_loopback(_host(app_url)):
        findings.append(
            Finding(
                Level.WARN,
                "preflight/loopback",
                f"Readers unsubscribe at {app_url}, which only this machine can reach.",
                'Set app_url = "https://..." to the public address before readers get mail.',
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


def _unsubscribe(newsletter: Newsletter) -> list[Finding]:
    if newsletter.app_url or newsletter.site_url:
        return []
    return [
        Finding(
            Level.WARN,
            "preflight/no-unsubscribe",
            "Neither app_url nor site_url is set, so the mail has no unsubscribe link.",
            'Set app_url = "http://127.0.0.1:8000/" to try it out, your https address for real.',
        )
    ]


def _items(issue: Issue) -> list[Finding]:
    findings = []
    bare = [item for item in issue.items if not item.url]
    if bare:
        count = f"{len(bare)} items have" if len(bare) > 1 else "One item has"
        findings.append(
            Finding(
                Level.NOTE,
                "preflight/no-address",
                f"{count} no address, so the title leads nowhere; the first is “{bare[0].title}”.",
                "Add a link to the title if there is a source to link to.",
                bare[0].line,
            )
        )
    return findings + _same_addresses(issue)


def _same_addresses(issue: Issue) -> list[Finding]:
    """Report items that lead to one place, the first few by name."""
    first: dict[str, str] = {}
    again: list[Item] = []
    for item in issue.items:
        if item.url and item.url in first:
            again.append(item)
        elif item.url:
            first[item.url] = item.title
    findings = [
        Finding(
            Level.WARN,
            "preflight/same-address",
            f"“{item.title}” has the same address as “{first[item.url or '']}”: {item.url}",
            "Look whether one of the two links was pasted by mistake.",
            item.line,
        )
        for item in again[:MOST_NAMED]
    ]
    if len(again) > MOST_NAMED:
        findings.append(
            Finding(
                Level.WARN,
                "preflight/same-address",
                f"{len(again) - MOST_NAMED} more items have an address that another one has.",
                "Look whether a part of the digest stands in it twice.",
                again[MOST_NAMED].line,
            )
        )
    return findings


def _size(mail: Edition) -> list[Finding]:
    size = len(mail.body.encode())
    if size <= LARGE_MAIL:
        return []
    is_clipped = size > CLIPPED_MAIL
    words = (
        "larger than what Gmail shows; it would cut the end off, the unsubscribe link included"
        if is_clipped
        else "near the size at which Gmail cuts the end off"
    )
    return [
        Finding(
            Level.HOLD if is_clipped else Level.WARN,
            "preflight/size",
            f"The mail is {size / KB:.0f} KB, {words}.",
            "Shorten the items' texts, or split the digest into two issues.",
        )
    ]


def _subject(subject: str) -> list[Finding]:
    findings = []
    width = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in subject)
    if width > LONGEST_SUBJECT:
        findings.append(
            Finding(
                Level.WARN,
                "preflight/subject-length",
                f"The subject is {width} columns wide; most inboxes show about {LONGEST_SUBJECT}.",
                "Write a shorter one in the front matter, as subject: ...",
            )
        )
    letters = [sign for sign in subject if sign.isalpha()]
    latin = [sign for sign in letters if sign.isascii()]
    if len(latin) > 1 and all(sign.isupper() for sign in latin):
        is_latin = 2 * len(latin) > len(letters)
        findings.append(
            Finding(
                Level.WARN if is_latin else Level.NOTE,  # filters count “AI 周报” as a shout, too
                "preflight/subject-capitals",
                f"All {'' if is_latin else 'Latin '}letters of the subject are capitals, which spam "
                "filters count against it.",
                "Add a word in small letters, or leave the capitals out.",
            )
        )
    return findings


def _is_safe(address: str) -> bool:
    scheme = address.partition(":")[0].lower()
    return scheme == "https" or (scheme == "http" and _is_loopback(_host(address)))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _stop(code: str, message: str, hint: str) -> Finding:
    return Finding(Level.STOP, code, message, hint)
