"""people - `subscribers`: who is written to, with whose consent.

Import reads CSV with a head line (`email`, optional `name`, `language`, `timezone`; commas,
semicolons or tabs) or a bare list of addresses, one person a line; rejected lines are reported with their reasons and nothing else stops.
See: signup (the rules), store.subscribers (the rows).
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from publisher.cli.console import (
    Context,
    answer,
    ask,
    complain,
    counted,
    language_tag,
    plain,
    stoppable,
    table,
    warn,
    writing,
)

if TYPE_CHECKING:
    from datetime import datetime

    from publisher.model import Consent, Newsletter
    from publisher.settings import Settings
    from publisher.store import Store
    from publisher.store.subscribers import Added

ADDRESS = Annotated[str, typer.Argument(help="An e-mail address.", metavar="ADDRESS")]
ROWS_AT_ONCE = 10_000
MOST_NAMED = 5
QUOTES = 'one that opens is closed on its line, and one inside is written twice, ""'
EMAIL_HEADS = ("email", "e-mail", "address", "mail", "邮箱", "电子邮件")

subscribers = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.add_typer(subscribers, name="subscribers")


@subscribers.callback()
def people(context: typer.Context) -> None:
    """Add, import, export, show, end subscriptions."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


@subscribers.command()
def add(
    context: typer.Context,
    addresses: Annotated[list[str], typer.Argument(help="E-mail addresses.", metavar="ADDRESS")],
    name: Annotated[str, typer.Option(help="The subscriber's name.", metavar="NAME")] = "",
    language: Annotated[
        str | None,
        typer.Option(
            help="The language they read, such as zh-CN.", metavar="TAG", callback=language_tag
        ),
    ] = None,
    consent: Annotated[
        str | None,
        typer.Option(
            help="How they agreed, in words; needed for who had unsubscribed.", metavar="WORDS"
        ),
    ] = None,
) -> None:
    """Add subscribers, how they agreed recorded; or change a language."""
    from publisher import signup
    from publisher.clock import utc_now
    from publisher.model import Consent

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    _warn_of_languages(settings, newsletter, [language] if language else [])
    failed = False
    with console.store(settings) as store:
        for address in addresses:
            now = utc_now()
            if not (consent or "").strip() and (left := _left(store, newsletter, address)):
                complain(
                    f"{address} unsubscribed on {left:%Y-%m-%d}; nobody was added",
                    "if they asked to come back, say how: --consent WORDS",
                )
                failed = True
                continue
            added = signup.add(
                store,
                newsletter,
                address,
                consent=Consent("editor", (consent or "").strip() or "added by an editor", now),
                name=name,
                language=language,
                key=_key(settings),
                now=now,
            )
            console.say(f"{address}: {added}")
            failed = failed or str(added) == "suppressed"
    if failed:
        raise typer.Exit(1)


def _warn_of_languages(
    settings: Settings, newsletter: Newsletter, asked: Iterable[str] | Counter[str]
) -> None:
    """Say which languages we do not speak; who asks for one reads the newsletter in its own."""
    from publisher import templates
    from publisher.render.words import words

    counts = Counter(asked)
    if not counts:
        return
    spoken = words(templates.load(settings.home))
    unknown = [(tag, number) for tag, number in counts.most_common() if not spoken.nearest(tag)]
    if not unknown:
        return
    total = sum(number for _, number in unknown)
    warn(
        f"{counted(total, 'subscriber')} with a language that there is no catalogue for,"
        f" {_named(unknown)}: the mail comes in {newsletter.language!r}",
        "write a tag such as en or zh-CN; docs/templates.md says how a language is added",
    )


@cache
def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _warn_of_zones(newsletter: Newsletter, strange: Counter[str]) -> None:
    """Say which time zones are none; who came with one has the newsletter's."""
    if not strange:
        return
    warn(
        f"{counted(strange.total(), 'subscriber')} with a time zone that is none,"
        f" {_named(strange.most_common())}: they get mail by that of {newsletter.timezone}",
        "write a name such as Europe/Berlin or Asia/Shanghai",
    )


def _named(counts: list[tuple[str, int]]) -> str:
    """Name what was strange, the most frequent first, and how often it was."""
    named = ", ".join(
        f"{plain(one, most=40)!r} ({number:,})" for one, number in counts[:MOST_NAMED]
    )
    more = len(counts) - MOST_NAMED
    return f"{named} and {more:,} more" if more > 0 else named


def _left(store: Store, newsletter: Newsletter, address: str) -> datetime | None:
    """Say when someone unsubscribed who has not come back."""
    from publisher.model import SubscriberState
    from publisher.store import subscribers as rows

    with store.read() as conn:
        person = rows.find(conn, newsletter.slug, address)
        if person is None or person.state is not SubscriberState.UNSUBSCRIBED:
            return None
        consents = rows.consents(conn, person.id)
    ends = [one.at for one in consents if one.source == SubscriberState.UNSUBSCRIBED]
    return ends[-1] if ends else person.joined


@subscribers.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, or one address a line.", metavar="FILE")],
    by: Annotated[
        str | None, typer.Option(help="Who imports, for the consent record.", metavar="NAME")
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Write rejected lines with reasons here.", metavar="FILE")
    ] = None,
) -> None:
    """Import subscribers from CSV; by whom and when is recorded."""
    import getpass

    from publisher.clock import utc_now
    from publisher.errors import PublisherError
    from publisher.model import Consent

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    now = utc_now()
    who = by or getpass.getuser()
    consent = Consent("import", f"imported by {who} on {now:%Y-%m-%d} from {file.name}", now)
    try:
        data = file.read_bytes()
        lines = read_rows(data)
    except OSError as error:
        raise PublisherError(f"cannot be read: {error.strerror}", where=str(file)) from None
    except UnicodeDecodeError:
        raise PublisherError(
            _encoding_fault(data), where=str(file), hint="save it as CSV in UTF-8; nobody was added"
        ) from None
    key = _key(settings)
    total = data.count(b"\n") + 1
    with console.store(settings) as store, stoppable() as stop, console.bar("importing") as show:
        told = admit(
            store,
            newsletter.slug,
            lines,
            consent,
            key,
            now,
            is_stopped=stop.is_set,
            show=lambda line: show(line, total, f"{line:,} of {total:,}"),
        )
    _report_import(console, told.counts, told.rejected, rejects)
    _warn_of_languages(settings, newsletter, told.languages)
    _warn_of_zones(newsletter, told.strange)
    if told.is_stopped:
        complain(
            f"stopped after {told.done:,} lines",
            "the same command again brings the rest and changes nothing for these",
        )
        raise typer.Exit(1)


@dataclass(slots=True)
class Told:
    """What became of a list: how many were what, and which lines were rejected."""

    counts: Counter[Added] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    strange: Counter[str] = field(default_factory=Counter)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    done: int = 0
    is_stopped: bool = False


def admit(
    store: Store,
    newsletter: str,
    lines: Iterable[Row],
    consent: Consent,
    key: bytes,
    now: datetime,
    *,
    is_stopped: Callable[[], bool] = bool,
    show: Callable[[int], object] = bool,
) -> Told:
    """Add the people of a list, many in one commit, until told to stop; say what became of each."""
    from publisher.store import subscribers as rows

    told = Told()
    words = {
        rows.Added.SUPPRESSED: "suppressed: this address is never mailed",
        rows.Added.LEFT: "unsubscribed: they left by their own wish",
    }
    left = iter(lines)
    while batch := list(islice(left, ROWS_AT_ONCE)):
        if is_stopped():
            told.is_stopped = True
            break
        people = []
        for row in batch:
            zone = row.timezone
            if zone is not None and not _is_zone(zone):
                told.strange[zone] += 1
                zone = None
            people.append((row.address, row.name, row.language, zone))
        with store.begin() as conn:
            results = rows.import_rows(conn, newsletter, people, consent, key, now)
        added = results.count(rows.Added.ADDED)
        told.counts[rows.Added.ADDED] += added
        told.counts[rows.Added.KNOWN] += results.count(rows.Added.KNOWN)
        told.languages.update([row.language for row in batch if row.language])
        if added < len(batch):
            for row, result in zip(batch, results, strict=True):
                if result is rows.Added.INVALID:
                    reason = row.fault or rows.valid(row.address) or ""
                    told.rejected.append((row.line, row.address, reason))
                elif result in words:
                    told.rejected.append((row.line, row.address, words[result]))
        told.done += len(batch)
        show(batch[-1].line)
    return told


def _report_import(
    console: Context,
    counts: Counter[Added],
    rejected: list[tuple[int, str, str]],
    rejects: Path | None,
) -> None:
    from publisher.store.subscribers import Added

    console.say(
        f"imported {counts[Added.ADDED]:,}; known already {counts[Added.KNOWN]:,};"
        f" rejected {len(rejected):,}"
    )
    if rejects is not None:
        with writing(rejects), rejects.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["line", "email", "reason"])
            writer.writerows([line, guard(address), reason] for line, address, reason in rejected)
        console.say(f"rejected lines are in {rejects}")
    for line, address, reason in rejected[:20]:
        console.say(f"line {line}: {address!r}: {reason}")
    if len(rejected) > 20:
        console.say(f"... and {len(rejected) - 20} more; --rejects FILE writes them all")


class Row(NamedTuple):
    """One filled line of what is imported; `fault` says why it could not be read."""

    line: int
    address: str
    name: str = ""
    language: str | None = None
    timezone: str | None = None
    fault: str = ""


def read_rows(data: bytes) -> Iterator[Row]:
    """Read each filled line of a CSV, or of a bare list, alone: a broken one spoils no other.

    The first filled line says what parts the cells: commas, semicolons or tabs. Raises
    UnicodeDecodeError at once for what is not UTF-8.
    """
    data.decode("utf-8-sig")
    return _rows(TextIOWrapper(BytesIO(data), encoding="utf-8-sig"))


def _rows(lines: Iterable[str]) -> Iterator[Row]:
    columns: dict[str, int] = {}
    parted = ","
    for number, line in enumerate(lines, 1):
        if not line.strip(" \t,;\n"):
            continue
        is_first = not columns
        if is_first:
            parted = max(",;\t", key=line.count)
            columns = {"email": 0}
        cells = _cells(line, parted)
        if cells is None:
            yield Row(number, line.rstrip("\n"), fault=f"broken quotes: {QUOTES}")
            continue
        if is_first:
            heads = [cell.lower() for cell in cells]
            email = next((head for head in EMAIL_HEADS if head in heads), None)
            if email is not None:
                columns = {head: at for at, head in enumerate(heads)}
                columns["email"] = heads.index(email)
                continue
        yield Row(
            number,
            _cell(cells, columns["email"]),
            _cell(cells, columns.get("name")),
            _cell(cells, columns.get("language")) or None,
            _cell(cells, columns.get("timezone")) or None,
        )


def _cells(line: str, parted: str) -> list[str] | None:
    """Part a line in its cells; None when its quotes are broken."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(parted)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=parted, strict=True))]
    except csv.Error:
        return None


def _encoding_fault(data: bytes) -> str:
    """Say in a sentence what a file is that is not UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:200]:
        return "this is UTF-16, or no text at all"
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return "this is not UTF-8"
    return "this is not UTF-8 but an older encoding, such as GB 18030"


def _cell(cells: list[str], at: int | None) -> str:
    return cells[at] if at is not None and at < len(cells) else ""


def guard(cell: str) -> str:
    """Disarm a cell that a spreadsheet would run as a formula (ASVS 1.2.10)."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


@subscribers.command()
def export(context: typer.Context) -> None:
    """Write all subscribers as CSV to stdout."""
    from publisher.store import subscribers as rows

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    writer = csv.writer(sys.stdout)
    writer.writerow(["email", "name", "language", "state", "joined", "timezone"])
    with console.store(settings) as store, store.read() as conn:
        for person in rows.each(conn, newsletter.slug):
            writer.writerow(
                [
                    guard(person.address),
                    guard(person.name),
                    person.language or "",
                    person.state,
                    person.joined.astimezone(UTC).isoformat(timespec="seconds"),
                    person.timezone or "",
                ]
            )


@subscribers.command()
def show(
    context: typer.Context,
    address: Annotated[
        str | None, typer.Argument(help="Show this one in full.", metavar="ADDRESS")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show how many there are, or one with consent and state."""
    from publisher.errors import RefusedError
    from publisher.store import subscribers as rows
    from publisher.store.barring import bounced

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    with console.store(settings) as store, store.read() as conn:
        if address is None:
            counts = {
                str(state): number for state, number in rows.count(conn, newsletter.slug).items()
            }
            if as_json:
                answer({"newsletter": newsletter.slug, "counts": counts})
            else:
                table(
                    [[state, f"{number:,}"] for state, number in counts.items()], ["STATE", "COUNT"]
                )
            return
        person = rows.find(conn, newsletter.slug, address)
        reason = rows.is_suppressed(conn, newsletter.slug, address, key=_key(settings))
        bounces = bounced(conn, newsletter.slug, address)
        if person is None:
            if reason:
                console.say(f"{address} is suppressed: {reason}")
                return
            raise RefusedError(f"{address} is no subscriber of {newsletter.title}")
        consents = rows.consents(conn, person.id)
    document = {
        "address": person.address,
        "name": person.name,
        "state": str(person.state),
        "joined": person.joined.isoformat(),
        "language": person.language,
        "timezone": person.timezone,
        "suppressed": reason,
        "hard_bounces": [{"words": b.words, "at": b.at.isoformat()} for b in bounces],
        "consents": [
            {"source": c.source, "words": c.words, "at": c.at.isoformat()} for c in consents
        ],
    }
    if as_json:
        answer(document)
        return
    for key, value in document.items():
        if key not in {"consents", "hard_bounces"} and value:
            typer.echo(f"{key}: {value}")
    for bounce in bounces:
        typer.echo(f"hard bounce: {plain(bounce.words)} ({bounce.at:%Y-%m-%d})")
    for consent in consents:
        word = "unsubscribed" if consent.source == "unsubscribed" else "consent"
        typer.echo(f"{word}: {consent.words} ({consent.at:%Y-%m-%d})")


@subscribers.command()
def confirm(context: typer.Context, address: ADDRESS) -> None:
    """Confirm a pending subscription on the person's behalf."""
    _set(context, address, "active", "confirmed by an editor")


@subscribers.command()
def unsubscribe(context: typer.Context, address: ADDRESS) -> None:
    """End a subscription on the person's behalf."""
    _set(context, address, "unsubscribed", "by an editor")


def _set(context: typer.Context, address: str, state: str, words: str) -> None:
    from publisher.clock import utc_now
    from publisher.errors import RefusedError
    from publisher.model import SubscriberState
    from publisher.store import subscribers as rows

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    with console.store(settings) as store, store.begin() as conn:
        person = rows.find(conn, newsletter.slug, address)
        if person is None:
            raise RefusedError(f"{address} is no subscriber of {newsletter.title}")
        if state == "active" and person.state is SubscriberState.UNSUBSCRIBED:
            raise RefusedError(
                f"{address} unsubscribed; only they can come back",
                hint="the page behind the unsubscribe link in any mail offers it",
            )
        rows.set_state(conn, person.id, SubscriberState(state), utc_now(), words)
    console.say(f"{address}: {state}")


@subscribers.command()
def suppress(
    context: typer.Context,
    address: ADDRESS,
    reason: Annotated[
        str, typer.Option(help="Why, in words.", metavar="WORDS")
    ] = "suppressed by an editor",
    lift: Annotated[
        bool, typer.Option("--lift", help="Allow the address again, and forget its bounces.")
    ] = False,
) -> None:
    """Never mail an address again, subscriber or not."""
    from publisher.clock import utc_now
    from publisher.errors import RefusedError
    from publisher.store import subscribers as rows

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    if not lift and (fault := rows.valid(address)):
        raise RefusedError(f"{address!r} is no address: {fault}")
    with console.store(settings) as store, store.begin() as conn:
        if not lift:
            rows.suppress(conn, newsletter.slug, address, reason, utc_now())
        elif not rows.lift(conn, newsletter.slug, address, key=_key(settings)):
            console.say(f"{address}: was not suppressed; what bounced is forgotten")
            return
    console.say(f"{address}: {'may be mailed again' if lift else 'suppressed'}")


@subscribers.command()
def erase(
    context: typer.Context,
    address: ADDRESS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Answer yes beforehand.")] = False,
) -> None:
    """Delete all that is known of a person, who stays unmailed.

    Only a keyed hash of the address is kept, so that no later import can bring them back.
    """
    from publisher.clock import utc_now
    from publisher.store import subscribers as rows

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    if not yes and not ask(f"erase {address} from {newsletter.title}? this cannot be undone"):
        raise typer.Exit(1)
    with console.store(settings) as store, store.begin() as conn:
        rows.erase(conn, newsletter.slug, address, _key(settings), utc_now())
    console.say("erased")


def _key(settings: object) -> bytes:
    from publisher.settings import Settings, secret_key

    assert isinstance(settings, Settings)  # noqa: S101  # narrows for mypy without an import above
    return secret_key(settings)
