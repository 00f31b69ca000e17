"""publishing - `publish`, `withdraw` and `issues`.

See: publish (the hall that does it), identity (what is new, revised, held).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli.console import Context, answer, ask, counted, show_findings, table
from publisher.cli.digests import OF_NEWSLETTER
from publisher.clock import utc_now
from publisher.model import Issue, Newsletter, Published, Record

if TYPE_CHECKING:
    from publisher.publish import Outcome
    from publisher.settings import Settings
    from publisher.store import Store

AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Answer yes beforehand.")]
ISSUE = Annotated[
    str, typer.Argument(help="Slug, latest, #NUMBER, or the digest's path.", metavar="ISSUE")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(publish)
    app.command()(withdraw)
    app.command()(issues)


def publish(
    context: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Only these digests; without it all.", metavar="FILE"),
    ] = None,
    as_issue: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="ISSUE", help="The one FILE, or FILE#PART, revises this issue."
        ),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="The one FILE is a new issue.")] = False,
) -> None:
    """Publish new and changed digests; mails nobody."""
    from publisher import publish as hall
    from publisher import templates
    from publisher.errors import RefusedError

    console: Context = context.obj
    settings = console.settings()
    if as_issue and new:
        raise typer.BadParameter("--as and --new contradict each other")
    if (as_issue or new) and len(files or ()) != 1:
        raise typer.BadParameter("--as and --new go with one FILE")
    part = None
    if as_issue or new:
        files, part = _parted(files or [])
    for file in files or ():
        if not os.path.lexists(file):
            raise RefusedError("there is no such file", where=str(file))
    newsletters = _meant(console, settings, files or [])
    with console.store(settings) as store:
        slug = None
        if as_issue and newsletters:
            slug = record_slug(store, settings, newsletters[0], as_issue)
        outcome = settle(
            lambda: hall.publish(
                settings,
                store,
                templates.load(settings.home),
                now=utc_now(),
                newsletters=newsletters,
                files=files or (),
                part=part,
                as_issue=slug,
                as_new=new,
                rebuild=not files,
            ),
            console,
        )
    report(console, settings, outcome)
    _tell_hubs(console, settings)
    if any(row.state == "aside" for row in outcome.digests):
        raise typer.Exit(1)
    if any(row.state == "held" for row in outcome.digests):
        raise typer.Exit(3)


def _parted(files: list[Path]) -> tuple[list[Path], str | None]:
    """Take the part off `FILE#PART`, which names one issue of many, unless a file is called so."""
    path, mark, part = str(files[0]).rpartition("#")
    if not mark or os.path.lexists(files[0]):
        return files, None
    return [Path(path)], part


def _meant(console: Context, settings: Settings, files: list[Path]) -> list[Newsletter] | None:
    """Say which newsletters are meant: the one named, else the one whose folder has the files."""
    from publisher import folder
    from publisher.errors import RefusedError

    if console.newsletter_slug:
        return [console.newsletter(settings)]
    if not files:
        return None
    owners = []
    for newsletter in settings.newsletters:
        with suppress(RefusedError):
            for file in files:
                folder.inside(settings.digests_folder(newsletter), file)
            owners.append(newsletter)
    return owners if len(owners) == 1 else [console.newsletter(settings)]


def settle(attempt: Callable[[], Outcome], console: Context) -> Outcome:
    """Publish, and again once files that were being written have settled."""
    from publisher.folder import SETTLED_SECONDS

    outcome = attempt()
    for _ in range(5):
        if not outcome.young:
            break
        console.say(f"{counted(outcome.young, 'digest')} written just now: a second look")
        time.sleep(SETTLED_SECONDS + 0.1)
        later = attempt()
        again = {(row.newsletter, row.place) for row in later.digests}
        once = [row for row in outcome.digests if (row.newsletter, row.place) not in again]
        outcome = replace(
            outcome + later,
            digests=(*once, *later.digests),
            unchanged=later.unchanged,
            young=later.young,
        )
    return outcome


def report(console: Context, settings: Settings, outcome: Outcome) -> None:
    """Tell what a publication did."""
    from publisher.publish import place_of

    folders = {one.slug: one.digests for one in settings.newsletters}
    told: set[tuple[str, str]] = set()
    for row in outcome.digests:
        findings = [one for one in row.findings if (row.newsletter, one.code) not in told]
        within = [one for one in findings if one.line]
        show_findings(f"{folders[row.newsletter]}/{row.path}", within)
        show_findings(
            f"{folders[row.newsletter]}/{row.place}", [one for one in findings if not one.line]
        )
        told |= {(row.newsletter, code) for code in OF_NEWSLETTER & {one.code for one in findings}}
    for word, records in (("published", outcome.new), ("revised", outcome.revised)):
        for record in records:
            console.say(f"{word} {record.slug} from {place_of(record)}")
    for state in ("held", "aside", "copy", "draft", "waiting"):
        number = sum(row.state == state for row in outcome.digests)
        if number:
            console.say(f"{number} {'set aside' if state == 'aside' else state}")
    if not outcome.new and not outcome.revised:
        known = (
            f"; {counted(outcome.unchanged, 'digest')} as published" if outcome.unchanged else ""
        )
        console.say(f"nothing new{known}")
    if outcome.written:
        console.say(f"{counted(len(outcome.written), 'file')} written in feeds/")


def _tell_hubs(console: Context, settings: Settings) -> None:
    """Tell the home's hubs, if it has any, what has changed."""
    if any(newsletter.hubs for newsletter in settings.newsletters):
        from publisher.cli.hubs import tell_hubs

        tell_hubs(console, settings)


def record_slug(store: Store, settings: Settings, newsletter: Newsletter, words: str) -> str:
    """Find the slug of the issue a person means."""
    from publisher import publish as hall
    from publisher.store import issues as rows

    with store.read() as conn:
        records = rows.records(conn, newsletter.slug)
    return hall.find(records, words, digests=settings.digests_folder(newsletter)).slug


def withdraw(
    context: typer.Context,
    issue: ISSUE,
    restore: Annotated[
        bool, typer.Option("--restore", help="Bring it back, under the same id.")
    ] = False,
    yes: YES = False,
) -> None:
    """Take an issue out of feeds and pages, and cancel its sends."""
    from publisher import publish as hall
    from publisher import templates

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    with console.store(settings) as store:
        slug = record_slug(store, settings, newsletter, issue)
        if (
            not restore
            and not yes
            and not ask(
                f"withdraw issue {slug}? its page will answer 410 and its running sends are cancelled"
            )
        ):
            raise typer.Exit(1)
        hall.withdraw(
            settings,
            store,
            templates.load(settings.home),
            newsletter,
            slug,
            now=utc_now(),
            restore=restore,
        )
    console.say(f"{'restored' if restore else 'withdrawn'} {slug}")
    _tell_hubs(console, settings)


def issues(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List the issues, newest first."""
    from publisher.store import issues as rows
    from publisher.store import sends

    console: Context = context.obj
    settings = console.settings()
    newsletter = console.newsletter(settings)
    with console.store(settings) as store, store.read() as conn:
        records = sorted(
            rows.records(conn, newsletter.slug), key=lambda record: record.sort_key, reverse=True
        )
        sent = sends.with_a_send(conn, newsletter.slug)
    documents = [
        {
            "slug": record.slug,
            "id": record.id,
            "title": record.title,
            "number": record.number,
            "date": record.date.isoformat() if record.date else None,
            "published": record.published.isoformat(),
            "updated": record.updated.isoformat(),
            "state": "withdrawn"
            if record.withdrawn
            else "mailed"
            if record.mailed
            else "published",
        }
        for record in records
    ]
    if as_json:
        answer({"issues": documents})
        return
    table(
        [
            [record.slug, str(record.date or ""), standing(record, sent),
             record.published.isoformat()[:16], called(record, newsletter)]
            for record in records
        ],
        ["ISSUE", "DATE", "STATE", "PUBLISHED", "TITLE"],
    )  # fmt: skip


def standing(record: Record, sent: Collection[str]) -> str:
    """Say whether an issue was mailed, and if not, whether a rule might."""
    if record.withdrawn:
        return "withdrawn"
    if record.mailed:
        return "mailed" if record.slug in sent else "counts as mailed"
    return "back catalogue" if record.back_catalogue else "not mailed"


def called(record: Record, newsletter: Newsletter) -> str:
    """Name an issue as its page does."""
    from publisher.render import headline

    return headline(Published(Issue(title=record.title, date=record.date), record), newsletter)
