"""doctor - `doctor`: what a home needs so that its mail is accepted, and whether it has it.

It makes the keys that are missing, says what DNS must hold, and looks whether it does. What it
finds here says how mail fares: `stop` is refused, here or by receivers; `warn` is minded by some.
DNS and the web are asked side by side, for a few seconds at most.
Never: overwrites a key, changes DNS. See: diagnosis (how it is shown), authentication (what is
right), send.signing (whose keys).
"""

from __future__ import annotations

import json
import os
import pwd
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from publisher.cli.console import Context, answer
from publisher.cli.diagnosis import Domain, Report, document, show
from publisher.model import Finding, Level, Newsletter

if TYPE_CHECKING:
    from publisher.authentication import Answers, Origin
    from publisher.settings import Settings

DNS_SECONDS: Final = 6.0
WEB_SECONDS: Final = 4.0


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
    _refuse_root(settings)
    shown = [console.newsletter(settings)] if console.newsletter_slug else settings.newsletters
    report = Report()
    for newsletter in shown:
        report.made += _make_keys(settings, newsletter)
    report.home = _examine_home(console, settings)
    told = {one.hint for one in report.home if one.code == "settings/open-to-others"}
    with ThreadPoolExecutor(1) as beside:
        silence = beside.submit(_examine_web, settings, shown)
        report.domains = _examine_dns(settings, shown, dns)
        for newsletter in shown:
            findings = [
                *preflight.transport(newsletter, settings.relay_host),
                *key_faults(settings, newsletter),
            ]
            findings = [one for one in findings if one.hint not in told]  # an open key is one fault
            if found := silence.result().get(newsletter.app_url or ""):
                findings.append(found)
            report.newsletters.append((newsletter, findings))
    if as_json:
        answer(document(settings, report))
    else:
        show(settings, report)
    if any(finding.level is Level.STOP for finding in report.all()):
        raise typer.Exit(1)


# --- looking ------------------------------------------------------------------


def _refuse_root(settings: Settings) -> None:
    """Refuse to make keys that the user `run` works as could not read."""
    from publisher.errors import RefusedError

    owner = settings.home.stat().st_uid
    if os.geteuid() != 0 or owner == 0:
        return
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = f"#{owner}"
    raise RefusedError(
        f"the home belongs to {name}, who could not read keys that root makes",
        where=str(settings.home),
        hint=f"run it as that user: runuser -u {name} -- publisher doctor",
    )


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
    addresses = sorted({newsletter.app_url for newsletter in shown if newsletter.app_url})
    with ThreadPoolExecutor(16) as pool:
        whys = dict(
            zip(addresses, pool.map(partial(_why_silent, settings), addresses), strict=True)
        )
    return {
        address: Finding(
            Level.WARN,
            "settings/unreachable",
            f"Readers would unsubscribe at {address}, but this program does not answer there:"
            f" {why}.",
            "Start `publisher run`, and what brings https in front of it; then look again.",
        )
        for address, why in whys.items()
        if why
    }


def _why_silent(settings: Settings, address: str) -> str:
    """Say why this program does not answer at an address; "" where it does."""
    from urllib.parse import urlsplit

    from publisher import outbound
    from publisher.domains import is_loopback

    host = urlsplit(address).hostname or ""
    allow = (*settings.network_allow, host)  # it is our own
    got = outbound.fetch(f"{address}health", most=10_000, allow=allow, seconds=WEB_SECONDS)
    if got.why:  # that nothing runs here yet is no news; the address itself is warned of
        return "" if is_loopback(host) else got.why
    try:
        return "" if json.loads(got.data)["status"] else "something else does"
    except (ValueError, TypeError, KeyError, RecursionError):
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
    from publisher.render.headers import valid_address
    from publisher.send.signing import domain_of, envelope_of, is_example

    origins: dict[Origin, list[str]] = {}
    places: dict[tuple[str, str], Origin] = {}
    for newsletter in shown:
        try:
            domain, envelope = domain_of(newsletter), envelope_of(newsletter)
            if not domain or is_example(newsletter):
                continue
            address = valid_address(newsletter.sender_address or "")
            keys = _public_halves(settings, newsletter)
        except PublisherError:  # said among the newsletter's faults
            continue
        made = Origin(domain, envelope, address, keys, _relay(settings))
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
    from publisher.domains import is_loopback

    return "" if is_loopback(settings.relay_host) else settings.relay_host
