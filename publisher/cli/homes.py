"""homes - `init`, `run`, `status`, `migrate` and `backup`: the home itself.

See: run (the long-running process), settings (publisher.toml).
"""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli.asking import LIVE
from publisher.cli.console import Context, answer, counted, show_findings, table, writing
from publisher.model import Newsletter

if TYPE_CHECKING:
    from publisher.settings import Settings
    from publisher.store import Store
    from publisher.store.readers import Figures
    from publisher.web.counters import Counters

IGNORED = """\
publisher.db*
outbox/
wire/
secret.key
dkim/
run.lock
*.lock
.publish*
.backup-*
*.tar
*.part
*.csv
preview/
feeds/**/*.gz
feeds/**/*.br
feeds/**/*.zst
"""
"""What of a home is not for git."""


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(init)
    app.command()(run)
    app.command()(status)
    app.command()(migrate)
    app.command()(backup)


def init(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="The folder to make; without it the one that --home names.", metavar="DIR"
        ),
    ] = None,
    title: Annotated[
        str, typer.Option(help="The newsletter's title.", metavar="TITLE")
    ] = "My newsletter",
) -> None:
    """Make a new home: publisher.toml, empty digests/ and feeds/."""
    from publisher.errors import RefusedError
    from publisher.settings import FILE_NAME

    console: Context = context.obj
    home = folder or console.home
    if (home / FILE_NAME).exists():
        raise RefusedError(
            f"there is a {FILE_NAME} already", where=str(home), hint="nothing was changed"
        )
    pattern = resources.files("publisher").joinpath("starter.toml").read_text("utf-8")
    escaped = " ".join(title.split()).replace("\\", "\\\\").replace('"', '\\"')
    ignore = home / ".gitignore"
    with writing(home):
        for name in ("digests", "feeds"):
            (home / name).mkdir(parents=True, exist_ok=True)
        (home / FILE_NAME).write_text(pattern.replace("My newsletter", escaped), "utf-8")
        if not ignore.exists():
            ignore.write_text(IGNORED, "utf-8")
    console.say(f"a new home in {home}/")
    console.say(f"next: edit {home / FILE_NAME}, drop a digest into {home / 'digests'}/, then")
    console.say(f"      publisher --home {home} run")


def run(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Scan, publish, send what is due, then leave.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(help="Where the site listens; the desk stays local.", metavar="HOST"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The port of the site.", min=0, max=65535, metavar="PORT"),
    ] = None,
) -> None:
    """Watch the folder, publish, send, serve the site and the desk."""
    from dataclasses import replace

    from publisher import run as process

    console: Context = context.obj
    settings = console.settings()
    settings = replace(
        settings,
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
    )
    if once:
        process.once(settings, say=console.say)
        return
    from publisher.web.counters import Counters
    from publisher.web.reading import Readings

    counters = Counters()
    process.forever(
        settings,
        servers=partial(_servers, counters),
        each_minute=Readings(counters).flush,
        say=console.say,
    )


def _servers(counters: Counters, settings: Settings, store: Store) -> list[Any]:
    """Make the two web servers; `run` does not know what they serve."""
    from publisher import templates, web
    from publisher.web import desk, pages

    loaded = templates.load(settings.home)
    return [
        web.server(pages.site_app(settings, store, loaded, counters), settings.host, settings.port),
        web.server(desk.desk_app(settings, store, loaded), "127.0.0.1", settings.desk_port),
    ]


def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what is held, what waits and what runs."""
    from publisher import run as process
    from publisher import templates
    from publisher.cli import hubs

    console: Context = context.obj
    settings = console.settings()
    shown = [console.newsletter(settings)] if console.newsletter_slug else settings.newsletters
    with console.store(settings) as store:
        document: dict[str, Any] = {
            "home": str(settings.home),
            "running": process.is_running(settings.home),
            "newsletters": [_state(settings, store, one) for one in shown],
        }
    if as_json:
        for newsletter in document["newsletters"]:
            for digest in newsletter["digests"]:
                digest["findings"] = [asdict(finding) for finding in digest["findings"]]
            newsletter["refusals"] = [asdict(finding) for finding in newsletter["refusals"]]
            newsletter["readers"] = _readers_document(newsletter["readers"])
            newsletter["hubs"] = [hubs.document(debt) for debt in newsletter["hubs"]]
        answer(document)
        return
    typer.echo(f"home {settings.home}: {'running' if document['running'] else 'not running'}")
    show_findings("publisher.toml", settings.findings)
    show_findings("templates", templates.idle(settings.home))
    for newsletter in document["newsletters"]:
        _show_newsletter(newsletter)


def _state(settings: Settings, store: Store, newsletter: Newsletter) -> dict[str, Any]:
    """Gather what there is to say about one newsletter."""
    from publisher import folder, schedule
    from publisher.cli.asking import document
    from publisher.clock import utc_now
    from publisher.publish import state_of
    from publisher.run.jobs import rule_answers
    from publisher.send import refusals
    from publisher.store import pings, readers, subscribers
    from publisher.store import sends as books

    now = utc_now()
    state = state_of(settings, store, newsletter, now)
    if lost := folder.fault(settings.digests_folder(newsletter)):
        state["digests"] = [{"path": "", "state": "aside", "findings": (lost,)}]
    with store.read() as conn:
        people = subscribers.count(conn, newsletter.slug)
        sends = books.sends(conn, newsletter.slug)
        debts = pings.debts(conn, newsletter)
        read = readers.figures(conn, newsletter, settings.newsletters, now.date())
    moment = schedule.next_moment(schedule.parse(newsletter.send), newsletter.timezone, now)
    return {
        **state,
        "gone": list(dict.fromkeys(state["gone"])),  # a digest of several issues is gone once
        "folder": newsletter.digests,
        "refusals": refusals(settings, newsletter),
        "send": newsletter.send,
        "next": moment.isoformat() if moment else None,
        "subscribers": {str(key): number for key, number in people.items()},
        "waits": [
            {"issue": answer.slug, "why": answer.reason}
            for answer in rule_answers(store, newsletter, now)
            if isinstance(answer, schedule.Ask)
        ],
        "hubs": debts,
        "readers": read,
        "sends": [
            document(send) | {"quiet": schedule.quiet_words(send, newsletter, now)}
            for send in sends[:5]
        ],
    }


def _show_newsletter(newsletter: dict[str, Any]) -> None:
    from publisher.cli import hubs

    typer.echo(f"\n{newsletter['title']} ({newsletter['slug']})")
    people = ", ".join(f"{number:,} {state}" for state, number in newsletter["subscribers"].items())
    typer.echo(f"  {counted(newsletter['issues'], 'issue')}; subscribers: {people or 'none'}")
    _show_readers(newsletter["readers"])
    show_findings("  publisher.toml", newsletter["refusals"])
    if newsletter["next"]:
        typer.echo(f"  next send by its rule: {newsletter['next']}")
    for waiting in newsletter["waits"]:
        typer.echo(f"  waits for you: {waiting['issue']}: {waiting['why']}")
        typer.echo(f"      publisher send {waiting['issue']}")
    for digest in newsletter["digests"]:
        if digest["path"]:
            typer.echo(f"  {digest['state']}: {digest['path']}")
        show_findings(f"  {digest['path'] or newsletter['folder'] + '/'}", digest["findings"])
    is_lost = any(not digest["path"] for digest in newsletter["digests"])
    if newsletter["gone"] and not is_lost:
        typer.echo(f"  published, but their digests are gone: {', '.join(newsletter['gone'])}")
    if newsletter["others"]:
        typer.echo(f"  not digests: {', '.join(newsletter['others'])}")
    for line in hubs.lines(newsletter["hubs"]):
        typer.echo(f"  {line}")
    rows = [
        [
            str(send["send"]),
            send["issue"],
            send["kind"],
            send["state"],
            ", ".join(f"{number:,} {state}" for state, number in send["counts"].items() if number),
        ]
        for send in newsletter["sends"]
    ]
    if rows:
        table(rows, ["SEND", "ISSUE", "KIND", "STATE", "DELIVERIES"])
    for send in newsletter["sends"]:
        if send["note"] and send["state"] in LIVE:
            typer.echo(f"send {send['send']}: {send['note']}")
        if send["quiet"]:
            typer.echo(f"send {send['send']}: {send['quiet']}")


def _show_readers(read: Figures) -> None:
    """Say how many read the feeds, as far as that can be known; nothing while nobody does."""
    if read.day is None or not read.feeds:
        return
    before = "" if read.before is None else f" ({read.before:,} thirty days before)"
    typer.echo(
        f"  feeds, {read.day}: {counted(read.claimed, 'reader')} by what aggregators say{before};"
        f" fetches by others: {read.fetches:,}"
    )


def _readers_document(read: Figures) -> dict[str, Any]:
    """Make the JSON form of who reads the feeds."""
    return {
        "day": read.day.isoformat() if read.day else None,
        "feeds": [
            {
                "feed": feed.path,
                "claimed": feed.readers.claimed,
                "claimed_before": feed.before,
                "fetches": feed.readers.fetches,
                "aggregators": dict(feed.readers.claims),
            }
            for feed in read.feeds
        ],
    }


def migrate(context: typer.Context) -> None:
    """Bring the database up to date; SQLite is copied first."""
    from publisher.store import Store

    console: Context = context.obj
    settings = console.settings()
    store = Store.open(settings.database, any_schema=True)
    try:
        before = store.state()
        store.migrate()
        console.say(f"schema: {before} -> {store.state()}")
    finally:
        store.close()


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The archive to write (.tar).", metavar="FILE")],
) -> None:
    """Archive database, register, keys and settings, while it runs."""
    import tarfile
    import tempfile

    from publisher import site
    from publisher.errors import RefusedError
    from publisher.settings import FILE_NAME, secret_key

    console: Context = context.obj
    settings = console.settings()
    if file.exists():
        raise RefusedError("exists already", where=str(file), hint="name a new file")
    secret_key(settings)
    with (
        console.store(settings) as store,
        site.lock(settings.home),
        writing(file),
        tempfile.TemporaryDirectory(dir=settings.home, prefix=".backup-") as scratch,
    ):
        copy = Path(scratch) / "publisher.db"
        store.backup(copy)
        part = file.with_name(f".{file.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as archive:
                archive.add(copy, "publisher.db")
                for name in (FILE_NAME, "register.json", "secret.key"):
                    if (settings.home / name).is_file():
                        archive.add(settings.home / name, name)
                for folder in (settings.home / "templates", settings.keys_folder):
                    if folder.is_dir():
                        archive.add(folder, folder.name)
            out.flush()
            os.fsync(out.fileno())
        part.rename(file)
    keys = "secret.key dkim" if settings.keys_folder.is_dir() else "secret.key"
    console.say(f"database, register, keys and settings are in {file}; keep it secret")
    console.say("to restore: stop publisher, remove publisher.db*, then")
    console.say(f"      tar -xpf {file} -C HOME publisher.db {keys} publisher.toml")
    console.say("      and register.json only where it is lost: the one in the home is newer")
