"""authentication.nouns - where mail comes from, what DNS is to hold about it, what it does hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from publisher.model import Finding, Level

STRING: Final = 255
"""Bytes in one string of a TXT record (RFC 1035 section 3.3); a longer text is put into several."""


class Question(NamedTuple):
    """What is asked: a name, and the kind of record."""

    name: str
    kind: str = "TXT"


Answers: TypeAlias = Mapping[Question, tuple[str, ...] | None]
"""What DNS said: the records, none (an empty tuple), or nothing at all (None)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a newsletter's mail comes from, as receivers see it.

    `domain` stands behind the @ of From, `envelope` is where bounces go; `keys` are (host, record)
    of what signs, none where that is left to the relay; `relay` is empty on the machine itself.
    """

    domain: str
    envelope: str
    address: str
    keys: tuple[tuple[str, str], ...] = ()
    relay: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A record to set, and in a few words what it is for; `remark` where a part is yours to fill."""

    what: str
    host: str
    kind: str
    value: str
    why: str
    remark: str = ""

    @property
    def question(self) -> Question:
        """The question this record answers."""
        return Question(self.host, self.kind)

    @property
    def strings(self) -> tuple[str, ...]:
        """The value in strings as long as DNS allows."""
        return tuple(self.value[at : at + STRING] for at in range(0, len(self.value), STRING))


class State(StrEnum):
    """How what DNS holds compares with what it is to hold."""

    OK = "ok"
    MISSING = "missing"
    DIFFERS = "differs"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A record wanted, what was found in its place, and what to think of that."""

    record: Record
    state: State
    found: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def stop(code: str, message: str, hint: str) -> Finding:
    """Find that mail will be refused, or never come back."""
    return Finding(Level.STOP, code, message, hint)


def warn(code: str, message: str, hint: str) -> Finding:
    """Find what some receivers mind."""
    return Finding(Level.WARN, code, message, hint)


def note(code: str, message: str, hint: str) -> Finding:
    """Find what is good to know."""
    return Finding(Level.NOTE, code, message, hint)
