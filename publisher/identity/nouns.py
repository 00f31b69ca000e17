"""identity.nouns - what is asked, what is answered, and the two hashes.

`digest_hash` is over the bytes of the file and knows it again; a part of many brings its own. `text_hash` is over what a reader
sees, white space aside, and moves `updated`: markup, order of attributes and line ends do not.
Faults: none. Never: decides. See: identity.matching, identity.records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

from publisher.model import Finding, Issue, Item, Record

Source: TypeAlias = tuple[str, str | None]
"""A path and a part: where an issue is read."""


class Match(StrEnum):
    """What a digest turned out to be."""

    NEW = "new"
    REVISION = "revision"
    UNCHANGED = "unchanged"
    COPY = "copy"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One issue read from one digest; `path` is relative to the digests folder.

    `digest_hash` is the file's, or of a digest of many the part's own.
    """

    path: str
    part: str | None
    digest_hash: str
    issue: Issue

    @property
    def source(self) -> Source:
        """Where it was read."""
        return (self.path, self.part)

    @property
    def text(self) -> tuple[str, str | None]:
        """What was read; two parts may say the same below their headings."""
        return (self.digest_hash, self.part)

    @property
    def order(self) -> tuple[object, ...]:
        """Sort what is new by date, number and place, whatever order a folder is listed in."""
        issue = self.issue
        by_date = (issue.date is None, issue.date.isoformat() if issue.date else "")
        by_number = (issue.number is None, issue.number or 0)
        return (*by_date, *by_number, self.path, self.part or "")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a candidate is.

    `record` is what the register has to hold of it: minted, revised or as it was. Where it is a
    copy or held nothing may be saved, and `record` is the issue it resembles, if it is one.
    """

    kind: Match
    candidate: Candidate
    record: Record | None
    findings: tuple[Finding, ...] = ()


def digest_hash(data: bytes) -> str:
    """Hash the bytes of a digest."""
    return sha256(data).hexdigest()


def text_hash(issue: Issue) -> str:
    """Hash what a reader sees of an issue."""
    seen = [
        _plain(issue.title),
        issue.number,
        issue.date.isoformat() if issue.date else None,
        _plain(issue.text),
        [
            [
                _plain(section.title),
                _plain(section.text),
                [_seen(item) for item in section.items],
                *_there(section.closing_text),
            ]
            for section in issue.sections
        ],
    ]
    return sha256(json.dumps(seen, separators=(",", ":")).encode("ascii")).hexdigest()


def _seen(item: Item) -> list[str | None]:
    own = [_plain(item.title), _plain(item.alt_title), item.url, _plain(item.text)]
    return [*own, *_there(item.above_text)]


def _there(text: str) -> list[str | None]:
    """Give a text only where there is one, so that the hashes from before it existed stand."""
    return [_plain(text)] if text else []


def _plain(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())
