"""diagnosis - what `doctor` found, in words for a person and as a document.

Records that DNS must hold are never broken into lines: they are there to be pasted.
Never: looks at anything itself. See: doctor (who looks).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from publisher.cli.console import counted, plain
from publisher.model import Finding, Level, Newsletter

if TYPE_CHECKING:
    from publisher.authentication import Judgement, Origin
    from publisher.settings import Settings

_INDENT: Final = " " * 13
_WIDTH: Final = 100 - len(_INDENT)


@dataclass(frozen=True, slots=True)
class Domain:
    """What DNS is to hold for one sender, and what it holds; `is_known` where it answered."""

    origin: Origin
    titles: tuple[str, ...]
    judged: tuple[Judgement, ...]
    is_known: bool


@dataclass(slots=True)
class Report:
    """All that was looked at."""

    made: list[Path] = field(default_factory=list)
    home: list[Finding] = field(default_factory=list)
    newsletters: list[tuple[Newsletter, list[Finding]]] = field(default_factory=list)
    domains: list[Domain] = field(default_factory=list)

    def all(self) -> list[Finding]:
        """Give every finding."""
        of_newsletters = [one for _, findings in self.newsletters for one in findings]
        of_records = [one for domain in self.domains for judged in domain.judged
                      for one in judged.findings]  # fmt: skip
        return [*self.home, *of_newsletters, *of_records]


def show(settings: Settings, report: Report) -> None:
    """Print it all, ending in a verdict."""
    typer.echo(f"home {settings.home}")
    for path in report.made:
        _line("made", f"{path.relative_to(settings.home)}, a new key; `publisher backup` keeps it")
    if not report.home:
        _line("ok", "settings, database, secret key; closed to others")
    _findings(report.home)
    if settings.transport == "outbox":
        _line(
            "note",
            'transport is "outbox": nothing leaves this machine yet. What follows is for the day'
            " you set it to smtp.",
        )
    for newsletter, findings in report.newsletters:
        typer.echo(f"\n{newsletter.title} ({newsletter.slug})")
        if not findings:
            _line(
                "ok",
                f"sender {newsletter.sender_address}; readers unsubscribe at {newsletter.app_url},"
                " which answers",
            )
        _findings(findings)
    for domain in report.domains:
        _show_domain(settings, domain)
    typer.echo(f"\n{_verdict(report)}")


def _show_domain(settings: Settings, domain: Domain) -> None:
    typer.echo(f"\nDNS of {domain.origin.domain}, for {', '.join(domain.titles)}")
    if not domain.is_known:
        _line("unchecked", "DNS does not answer here, so which of these are set is not known.")
    if any(judged.state != "ok" for judged in domain.judged):
        _line(
            "to set",
            "Where the domain is managed, at its registrar or DNS provider. Hosts are written in"
            " full; most providers want them without the domain's own name at the end.",
        )
    for judged in sorted(domain.judged, key=lambda one: one.state != "ok"):
        _show_record(judged)
    if settings.dkim is None:
        typer.echo("")
        _line(
            "off",
            "DKIM: nothing is signed here, so your relay has to. To sign here, add a line [dkim] to"
            " publisher.toml and run this again.",
        )


def _show_record(judged: Judgement) -> None:
    record = judged.record
    if judged.state == "ok":
        _line(judged.state, f"{record.what:<14}  {record.host}")
        _findings(judged.findings)
        return
    typer.echo("")
    _line(judged.state, f"{record.what}: {record.why}")
    is_ours_to_say = record.what != "SPF" or not judged.found  # else the one there is to be mended
    facts = [("host", record.host), ("type", record.kind)]
    if is_ours_to_say:
        facts.append(("value", record.value))
        if len(record.strings) > 1:
            facts.append(("or", " ".join(f'"{one}"' for one in record.strings)))
            facts.append(("", "(where the provider takes no more than 255 characters at once)"))
    facts += [("found", text) for text in judged.found]
    for name, words in facts:
        typer.echo(f"{_INDENT}{name:<5}  {plain(words)}")
    if record.remark and is_ours_to_say:
        _line("", record.remark)
    _findings(judged.findings)


def _findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        _line(finding.level, f"{finding.message} [{finding.code}]")
        if finding.hint.startswith("chmod "):  # to be pasted, so it stays in one line
            typer.echo(f"{_INDENT}{finding.hint}")
        elif finding.hint:
            _line("", finding.hint)


def _line(state: str, words: str) -> None:
    """Write a state and what is in it, as wide as a terminal usually is."""
    first, *others = textwrap.wrap(
        plain(words), _WIDTH, break_long_words=False, break_on_hyphens=False
    )
    typer.echo(f"  {state:<9}  {first}")
    for line in others:
        typer.echo(f"{_INDENT}{line}")


def _verdict(report: Report) -> str:
    found = report.all()
    stops = sum(finding.level is Level.STOP for finding in found)
    others = sum(finding.level in {Level.HOLD, Level.WARN} for finding in found)
    unseen = "" if all(one.is_known for one in report.domains) else "; DNS could not be looked at"
    if stops:
        more = f", {others} more to look at" if others else ""
        return f"{counted(stops, 'thing')} to mend{more}{unseen}"
    if others:
        return f"mail can go out; {counted(others, 'thing')} to look at{unseen}"
    return f"all is well{unseen}"


def document(settings: Settings, report: Report) -> dict[str, Any]:
    """Make the JSON form."""
    return {
        "home": str(settings.home),
        "transport": settings.transport,
        "made": [str(path) for path in report.made],
        "findings": [asdict(finding) for finding in report.home],
        "newsletters": [
            {"newsletter": one.slug, "findings": [asdict(finding) for finding in findings]}
            for one, findings in report.newsletters
        ],
        "domains": [
            {
                "domain": domain.origin.domain,
                "envelope": domain.origin.envelope,
                "dns_answers": domain.is_known,
                "records": [
                    {
                        "what": judged.record.what,
                        "host": judged.record.host,
                        "type": judged.record.kind,
                        "value": judged.record.value,
                        "strings": list(judged.record.strings),
                        "state": str(judged.state),
                        "found": list(judged.found),
                        "findings": [asdict(finding) for finding in judged.findings],
                    }
                    for judged in domain.judged
                ],
            }
            for domain in report.domains
        ],
    }
