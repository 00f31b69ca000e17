"""doctor - `doctor`: what a home needs so that its mail is accepted, and whether it has it.

It makes the keys that are missing, says what DNS must hold, and looks whether it does. What it
finds here says how mail fares: `stop` is refused, here or by receivers; `warn` is minded by some.
DNS and the web are asked side by side, for a few seconds at most.
Never: overwrites a key, changes DNS. See: authentication (what is right), send.signing (whose keys).
"""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from publisher.cli.console import Context, answer, counted
from publisher.model import Finding, Level, Newsletter

if TYPE_CHECKING:
    from publisher.authentication import Answers, Judgement, Origin
    from publisher.settings import Settings

DNS_SECONDS: Final = 6.0
WEB_SECONDS: Final = 4.0
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


def register(app: typer.Typer) -> None:
    """Add the command of this room."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    dns: Annotated[
        str,
        typer.Option(
            help="Ask this DNS server, not the one the machine asks.", metavar="ADDRESS[:PORT]"
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Look whether mail would arrive; make keys, print DNS records."""
    from publisher import preflight
    from publisher.send.signing import key_faults

    console: Context = context.obj
    settings = console.settings()
    shown = [console.newsletter(settings)] if console.newsletter_slug else settings.newsletters
    report = Report()
    for newsletter in shown:
        report.made += _make_keys(settings, newsletter)
    report.home = _examine_home(console, settings)
    with ThreadPoolExecutor(1) as beside:
        silence = beside.submit(_examine_web, settings, shown)
        report.domains = _examine_dns(settings, shown, dns)
        for newsletter in shown:
            findings = [*preflight.transport(newsletter), *key_faults(settings, newsletter)]
            if found := silence.result().get(newsletter.app_url or ""):
                findings.append(found)
            report.newsletters.append((newsletter, findings))
    if as_json:
        answer(_document(settings, report))
    else:
        _show(settings, report)
    if any(finding.level is Level.STOP for finding in report.all()):
        raise typer.Exit(1)


# --- looking ------------------------------------------------------------------


def _make_keys(settings: Settings, newsletter: Newsletter) -> list[Path]:
    """Make what keys are missing; what cannot be made is said with the other faults of keys."""
    from publisher.errors import PublisherError
    from publisher.send.signing import is_example, places_of
    from publisher.wire import keys

    try:
        if is_example(newsletter):
            return []
        return [place.path for place in places_of(settings, newsletter) if keys.make(place)]
    except PublisherError:
        return []


def _examine_home(console: Context, settings: Settings) -> list[Finding]:
    """Look at the settings, at who can read what is private, at the key and the database."""
    from publisher.errors import PublisherError
    from publisher.run.holding import open_to_others
    from publisher.settings import secret_key

    found = list(settings.findings)
    for fault in open_to_others(settings):
        found.append(Finding(Level.STOP, "settings/open-to-others", str(fault), fault.hint))
    if not any(str(settings.key_path) in finding.message for finding in found):
        try:
            secret_key(settings)
        except PublisherError as fault:
            found.append(Finding(Level.STOP, "settings/secret-key", str(fault), fault.hint))
    try:
        with console.store(settings):
            pass
    except PublisherError as fault:
        found.append(Finding(Level.STOP, "settings/database", str(fault), fault.hint))
    return found


def _examine_web(settings: Settings, shown: Sequence[Newsletter]) -> dict[str, Finding]:
    """Look whether readers who unsubscribe would reach this program; silent addresses only."""
    found = {}
    for address in {newsletter.app_url or "" for newsletter in shown}:
        if address and (why := _why_silent(settings, address)):
            found[address] = Finding(
                Level.WARN,
                "settings/unreachable",
                f"Readers would unsubscribe at {address}, but this program does not answer there:"
                f" {why}.",
                "Start `publisher run`, and what brings https in front of it; then look again.",
            )
    return found


def _why_silent(settings: Settings, address: str) -> str:
    """Say why this program does not answer at an address; "" where it does."""
    from urllib.parse import urlsplit

    from publisher import outbound
    from publisher.preflight.transport import is_loopback

    host = urlsplit(address).hostname or ""
    allow = (*settings.network_allow, host)  # it is our own
    got = outbound.fetch(f"{address}health", most=10_000, allow=allow, seconds=WEB_SECONDS)
    if got.why:  # that nothing runs here yet is no news; the address itself is warned of
        return "" if is_loopback(host) else got.why
    try:
        return "" if json.loads(got.data)["status"] else "something else does"
    except (ValueError, TypeError, KeyError):
        return "something else does"


def _examine_dns(settings: Settings, shown: Sequence[Newsletter], server: str) -> list[Domain]:
    """Ask DNS about every sender, following where the answers lead, until the time is up."""
    from publisher import authentication, resolver

    origins = _origins(settings, shown)
    end = time.monotonic() + DNS_SECONDS
    ahead = {one for origin in origins for one in authentication.questions(origin)}
    answers: dict[authentication.Question, tuple[str, ...] | None] = {}
    while ahead and time.monotonic() < end:
        answers |= resolver.ask(ahead, server=server, seconds=end - time.monotonic())
        ahead = {one for origin in origins for one in authentication.following(origin, answers)}
    seen: set[authentication.Question] = set()
    domains = []
    for origin, titles in origins.items():
        judged = authentication.judge(origin, answers)
        fresh = tuple(one for one in judged if one.record.question not in seen)
        seen |= {one.record.question for one in fresh}
        domains.append(Domain(origin, tuple(titles), fresh, _is_any_answered(origin, answers)))
    return domains


def _is_any_answered(origin: Origin, answers: Answers) -> bool:
    from publisher import authentication

    return any(answers.get(one) is not None for one in authentication.questions(origin))


def _origins(settings: Settings, shown: Sequence[Newsletter]) -> dict[Origin, list[str]]:
    """Gather where mail comes from, each once, with the newsletters that come from there."""
    from publisher.authentication import Origin
    from publisher.errors import PublisherError
    from publisher.send.signing import domain_of, envelope_of, is_example

    origins: dict[Origin, list[str]] = {}
    places: dict[tuple[str, str], Origin] = {}
    for newsletter in shown:
        try:
            domain, envelope = domain_of(newsletter), envelope_of(newsletter)
            if not domain or is_example(newsletter):
                continue
            keys = _public_halves(settings, newsletter)
        except PublisherError:  # said among the newsletter's faults
            continue
        made = Origin(domain, envelope, newsletter.sender_address or "", keys, _relay(settings))
        origin = places.setdefault((domain, envelope), made)
        origins.setdefault(origin, []).append(newsletter.title)
    return origins


def _public_halves(settings: Settings, newsletter: Newsletter) -> tuple[tuple[str, str], ...]:
    """Give host and record of each key that can be used; the others are said elsewhere."""
    from publisher.errors import PublisherError
    from publisher.send.signing import places_of
    from publisher.wire import keys

    found = []
    for place in places_of(settings, newsletter):
        with suppress(PublisherError):
            if signer := keys.load(place):
                found.append((signer.host, signer.record))
    return tuple(found)


def _relay(settings: Settings) -> str:
    """Name the relay mail leaves through, unless it is this machine."""
    from publisher.preflight.transport import is_loopback

    return "" if is_loopback(settings.smtp.host) else settings.smtp.host


# --- showing ------------------------------------------------------------------


def _show(settings: Settings, report: Report) -> None:
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
        typer.echo(f"{_INDENT}{name:<5}  {words}")
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
    first, *others = textwrap.wrap(words, _WIDTH, break_long_words=False, break_on_hyphens=False)
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


def _document(settings: Settings, report: Report) -> dict[str, Any]:
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
