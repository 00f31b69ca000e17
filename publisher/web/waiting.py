"""waiting - the digests that wait for a person, and the commands that would settle them.

A finding that says no more than these commands do is shown without them: each is there once, whole
and ready to copy, with the newsletter named and the slug of the issue it is about.
Faults: none. Never: decides which issue a digest is. See: identity (why a digest is held), desk.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from publisher.model import Finding, Level, Newsletter
from publisher.store.issues import DigestRow

_CHOICE: Final = re.compile(r"publisher publish --as (\S+) .*, or: publisher publish --new .*")
_SLUG_LIST: Final = re.compile(r"[\s,:]+")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A digest with something to say; each command with what it tells the program."""

    path: str
    part: str
    state: str
    findings: tuple[Finding, ...]
    commands: tuple[tuple[str, str], ...]


def waiting(
    newsletter: Newsletter, row: DigestRow, slugs: Collection[str], option: str = ""
) -> Waiting:
    """Show a digest that waits; `option` is what names the newsletter in a command, if needed."""
    findings = tuple(
        replace(finding, hint="") if _CHOICE.fullmatch(finding.hint) else finding
        for finding in row.findings
    )
    return Waiting(
        row.path, row.part, row.state, findings, _commands(newsletter, row, slugs, option)
    )


def _commands(
    newsletter: Newsletter, row: DigestRow, slugs: Collection[str], option: str
) -> tuple[tuple[str, str], ...]:
    if row.state != "held":
        file = shlex.quote(f"{newsletter.digests}/{row.path}")
        return ((f"publisher check {file}", "read it again and say what is wrong"),)
    file = shlex.quote(f"{newsletter.digests}/{row.place}")
    publish = f"publisher publish{option}"
    ways = [
        (f"{publish} --as {shlex.quote(slug)} {file}", f"it is issue {slug}, revised")
        for slug in _meant(row.findings, slugs)
    ] or [(f"{publish} --as ISSUE {file}", "it is an earlier issue: write its slug for ISSUE")]
    return (*ways, (f"{publish} --new {file}", "it is an issue of its own"))


def _meant(findings: tuple[Finding, ...], slugs: Collection[str]) -> list[str]:
    """Name the issues a digest is held for: the one in the hint, else those the message lists."""
    found: list[str] = []
    for finding in findings:
        choice = _CHOICE.fullmatch(finding.hint)
        if choice and choice[1] in slugs:
            found.append(choice[1])
        elif finding.level is Level.HOLD and finding.code.startswith("identity/"):
            _, _, listed = finding.message.partition("issue")
            found += [word for word in _SLUG_LIST.split(listed) if word in slugs]
    return list(dict.fromkeys(found))
