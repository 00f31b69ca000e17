"""authentication.dmarc - what receivers do with mail that only pretends to be ours (RFC 9989).

The record of a domain, or else of the organisation it belongs to, found by walking up its name.
Mail passes where SPF or DKIM passes for a domain of the same organisation as the one in From.
Never: asks. See: authentication (who calls).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from publisher.authentication.nouns import (
    Answers,
    Judgement,
    Origin,
    Question,
    Record,
    State,
    note,
    warn,
)
from publisher.model import Finding

POLICIES: Final = ("none", "quarantine", "reject")
OBSOLETE: Final = ("pct", "rf", "ri")
"""Tags of RFC 7489 that RFC 9989 took out; receivers pass them over."""
_MOST_LABELS: Final = 8


def wanted(origin: Origin) -> Record:
    """Write a record to begin with: it only watches, and has the reports sent to the editor."""
    return Record(
        "DMARC",
        f"_dmarc.{origin.domain}",
        "TXT",
        f"v=DMARC1; p=none; rua={_reports_to(origin)}",
        "what receivers do with mail that only pretends to be yours",
        "Reports about your mail go to the address behind rua=mailto: once a day; any address of"
        " this domain that exists will do.",
    )


def _reports_to(origin: Origin) -> str:
    """Write where reports go, so that no sign of the address ends it (RFC 9989 section 4.7)."""
    return f"mailto:{quote(origin.address, safe='@+')}"


def questions(domain: str) -> set[Question]:
    """Give the names a domain's record may stand at: its own, and those it is below."""
    return {Question(f"_dmarc.{name}") for name in _upward(domain)}


def judge(record: Record, origin: Origin, answers: Answers) -> Judgement:
    """Judge the policy that holds for the domain in From."""
    answer = answers.get(record.question)
    if answer is None:
        return Judgement(record, State.UNCHECKED)
    own = _records(answer)
    if len(own) > 1:
        why = warn(
            "authentication/dmarc-several",
            f"{record.host} has {len(own)} DMARC records, so receivers heed none of them.",
            "Delete all but one.",
        )
        return Judgement(record, State.DIFFERS, own, (why,))
    holder = _holder(origin.domain, answers)
    if holder is None:
        why = warn(
            "authentication/dmarc-missing",
            f"{origin.domain} has no DMARC record.",
            "Set it; large receivers want one from everybody who sends much.",
        )
        return Judgement(record, State.MISSING, (), (why,))
    text = _records(answers.get(Question(f"_dmarc.{holder}")) or ())[0]
    findings = tuple(_faults(text, holder, origin, answers))
    is_bad = any(one.code == "authentication/dmarc-invalid" for one in findings)
    return Judgement(record, State.DIFFERS if is_bad else State.OK, (text,), findings)


def _faults(text: str, holder: str, origin: Origin, answers: Answers) -> Iterator[Finding]:
    tags = _tags(text)
    policy = tags.get("p", "").lower()
    if holder != origin.domain:
        policy = tags.get("sp", policy).lower()
    if policy not in POLICIES:
        yield warn(
            "authentication/dmarc-invalid",
            f"The DMARC record of {holder} states no policy that receivers know.",
            "Write p=none to begin with.",
        )
    elif policy == "none":
        yield note(
            "authentication/dmarc-watches",
            "DMARC only watches (p=none); whoever pretends to be you is let through.",
            "Once the reports show that your own mail passes, write p=quarantine.",
        )
    if "rua" not in tags:
        yield note(
            "authentication/dmarc-reports",
            "The DMARC record asks for no reports, so nobody tells you what fails.",
            f"Add rua={_reports_to(origin)}",
        )
    if old := [tag for tag in OBSOLETE if tag in tags]:
        yield note(
            "authentication/dmarc-obsolete",
            f"The DMARC record has {', '.join(old)}, which RFC 9989 took out.",
            "Leave it out.",
        )
    is_strict = tags.get("aspf", "r").lower() == "s"
    if not origin.keys and not _is_aligned(origin, answers, is_strict=is_strict):
        yield warn(
            "authentication/dmarc-alignment",
            f"Bounces go to {origin.envelope}, which DMARC does not take for {origin.domain}, and"
            " nothing is signed here: mail passes only if your relay signs for"
            f" {origin.domain}.",
            "Add [dkim] to publisher.toml, or have the relay sign for that domain.",
        )


def _is_aligned(origin: Origin, answers: Answers, *, is_strict: bool) -> bool:
    if is_strict or origin.envelope == origin.domain:
        return origin.envelope == origin.domain
    return _organisation(origin.envelope, answers) == _organisation(origin.domain, answers)


def _holder(domain: str, answers: Answers) -> str | None:
    """Find whose record holds for a domain: its own, else its organisation's."""
    if len(_records(answers.get(Question(f"_dmarc.{domain}")) or ())) == 1:
        return domain
    above = _organisation(domain, answers)
    return above if above != domain else None


def _organisation(domain: str, answers: Answers) -> str:
    """Walk up to the name an organisation is known by (RFC 9989 section 4.10)."""
    found = domain
    for name in _upward(domain):
        texts = _records(answers.get(Question(f"_dmarc.{name}")) or ())
        if len(texts) != 1:
            continue
        tags = _tags(texts[0])
        if tags.get("psd") == "y" and name != domain:
            return found  # a public suffix: the organisation is the name below
        found = name
        if tags.get("psd") == "n":
            break
    return found


def _upward(domain: str) -> list[str]:
    """Give a name and those above it, down to two labels; a long name's middle is passed over."""
    labels = domain.split(".")
    shorter = labels[-(_MOST_LABELS - 1) :] if len(labels) >= _MOST_LABELS else labels[1:]
    above = [".".join(shorter[at:]) for at in range(len(shorter) - 1)]
    return [domain, *above]


def _records(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.replace(" ", "").split(";")[0] == "v=DMARC1")


def _tags(text: str) -> dict[str, str]:
    pairs = (one.partition("=") for one in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}
