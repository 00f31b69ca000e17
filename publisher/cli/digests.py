"""digests - `check` and `preview`: what a digest says and what would come of it; no home needed.

See: digest.read (findings), preflight (what is judged), publish.editions (what is rendered).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from publisher.cli.console import (
    Context,
    answer,
    complain,
    counted,
    exit_for,
    language_tag,
    show_findings,
    warn,
    writing,
)
from publisher.model import (
    Finding,
    Issue,
    Kind,
    Level,
    Newsletter,
    Published,
    Reading,
    Variant,
    in_order,
)

if TYPE_CHECKING:
    from publisher.preflight import Earlier

OF_NEWSLETTER = {
    "preflight/no-unsubscribe",
    "preflight/no-way-out",
    "preflight/removed",
    "preflight/contrast",
    "preflight/feature",
    "preflight/links-differ",
    "template/error",
}
"""What is wrong with a newsletter or its templates, not with a digest, and so is told once."""
STAND_IN = "https://newsletter.example.org/"
"""Where a newsletter without settings stands: its mail leads to its page as a real one does."""
FILES = Annotated[list[Path], typer.Argument(help="Digests to read.", metavar="FILE")]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(check)
    app.command()(preview)


def check(
    context: typer.Context,
    files: FILES,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Leave with 1 on hold and warn, too.")
    ] = False,
) -> None:
    """Read digests and say what is wrong with them; changes nothing."""
    console: Context = context.obj
    newsletter = _newsletter(console)
    documents: list[dict[str, Any]] = []
    everything: list[Finding] = []
    told: set[str] = set()
    for file in files:
        reading, _ = _illustrated(_read(file, newsletter), file, newsletter, console)
        findings = in_order((*reading.findings, *_preflight(reading, file, newsletter, console)))
        everything += findings
        documents.append(_document(file, reading, findings))
        if not as_json:
            show_findings(str(file), [one for one in findings if one.code not in told])
            _summarise(console, file, reading)
        told |= OF_NEWSLETTER & {one.code for one in findings}
    if as_json:
        answer({"files": documents})
    exit_for(everything, strict=strict)


def preview(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The digest.", metavar="FILE")],
    out: Annotated[Path, typer.Option(help="The folder to write them into.", metavar="DIR")] = Path(
        "preview"
    ),
    language: Annotated[
        str | None,
        typer.Option(
            help="Write the mail as to a reader who asked for this language; outside a home, all.",
            metavar="TAG",
            callback=language_tag,
        ),
    ] = None,
    look: Annotated[
        Literal["digest", "compact", "letter"] | None,
        typer.Option(help="Another look of the mail: digest, compact or letter.", metavar="NAME"),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page and the mail.")] = False,
) -> None:
    """Write every edition of a digest as files; publishes nothing."""
    from publisher import templates

    console: Context = context.obj
    newsletter = _newsletter(console)
    if look:
        newsletter = replace(newsletter, look=replace(newsletter.look, name=look))
    reading, pictures = _illustrated(
        _read(file, newsletter), file, newsletter, console, fetches=newsletter.images == "rehost"
    )
    findings = in_order((*reading.findings, *_preflight(reading, file, newsletter, console)))
    if home := _home(console):
        show_findings("templates", templates.idle(home))
    show_findings(str(file), findings)
    if any(one.code == "template/error" for one in findings):
        complain("no editions were written", "mend the template first")
        raise typer.Exit(1)
    for number, issue in enumerate(reading.issues, 1):
        target = out if len(reading.issues) == 1 else out / (issue.part or str(number))
        stood = ", in place of those that stood there" if (target / "issue.html").exists() else ""
        spoken = _speaking(newsletter, issue, console, language)
        _write_editions(issue, spoken, console, target, pictures, language)
        console.say(f"editions of {file} in {target}/{stood}")
        if open_:
            _open(target)
    exit_for(findings)


def _read(file: Path, newsletter: Newsletter) -> Reading:
    """Read one digest; what is no plain readable file has the finding that `publish` gives it."""
    from publisher import digest, folder

    found = folder.read(file, str(file), now=0.0, patient=False)
    if found.finding is not None:
        return Reading((), (found.finding,), "")
    data = found.data if found.data is not None else folder.read_one(file)  # changed while read
    return digest.read(data, name=file.name, newsletter=newsletter)


def _illustrated(
    reading: Reading, file: Path, newsletter: Newsletter, console: Context, *, fetches: bool = False
) -> tuple[Reading, dict[str, bytes]]:
    """Gather the pictures of a digest as `publish` would; their files by name."""
    from publisher import pictures
    from publisher.publish.illustrating import Errands, line_of

    root, name = _standing(file, console)
    fetch = Errands(console.settings().network_allow).fetch if fetches else None
    told, issues, files = list(reading.findings), [], dict[str, bytes]()
    for issue in reading.issues:
        gathered = pictures.gather(
            issue,
            newsletter,
            root=root,
            digest=name,
            fetch=fetch,
            line_of=partial(line_of, file),
        )
        issues.append(replace(issue, pictures=tuple(gathered.pictures)))
        told += gathered.findings
        files |= gathered.files
    return replace(reading, issues=tuple(issues), findings=tuple(told)), files


def _standing(file: Path, console: Context) -> tuple[Path, str]:
    """Name the folder a digest's pictures may lie in, and the digest's path below it."""
    from publisher import folder
    from publisher.errors import RefusedError

    if _home(console):
        settings = console.settings()
        for newsletter in settings.newsletters:
            root = settings.digests_folder(newsletter)
            with suppress(RefusedError):
                return root, folder.inside(root, file)
    return file.parent, file.name


def _newsletter(console: Context) -> Newsletter:
    """Return the home's newsletter where we stand in one, else a plain one."""
    if _home(console):
        settings = console.settings()
        if len(settings.newsletters) == 1 or console.newsletter_slug:
            return console.newsletter(settings)
        return settings.newsletters[0]
    return Newsletter(slug="newsletter", title="Newsletter", site_url=STAND_IN)


def _speaking(
    newsletter: Newsletter, issue: Issue, console: Context, language: str | None = None
) -> Newsletter:
    """Let the plain newsletter of no home speak the language of what it shows."""
    if _home(console):
        return newsletter
    return replace(newsletter, language=language or issue.language or newsletter.language)


def _home(console: Context) -> Path | None:
    """Return the home we stand in; a folder without settings is none, whatever else it holds."""
    from publisher.settings import FILE_NAME

    return console.home if (console.home / FILE_NAME).is_file() else None


def _open(target: Path) -> None:
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        complain("there is no browser here", f"open {target / 'page.html'} elsewhere")
        return
    for name in ("page.html", "issue.html"):
        browser.open((target / name).resolve().as_uri())


def _write_editions(
    issue: Issue,
    newsletter: Newsletter,
    console: Context,
    target: Path,
    pictures: Mapping[str, bytes],
    language: str | None,
) -> None:
    from publisher import identity, templates
    from publisher.clock import utc_now
    from publisher.publish import editions
    from publisher.render import feed, message, pages
    from publisher.render.words import words

    now = utc_now()
    loaded = templates.load(_home(console))
    published = Published(issue, identity.provisional(issue, newsletter, now))
    ours = words(loaded)
    chosen = ours.for_reader(language, newsletter.language)
    if language and not ours.nearest(language):
        warn(
            f"there is no catalogue for {language!r}: a reader who asks for it gets the mail in"
            f" {chosen if ours.nearest(chosen) else 'en'!r}",
            "docs/templates.md says how a language is added",
        )
    made = editions(published, newsletter, loaded, Variant(chosen, newsletter.look.name))
    prepared = message.prepare(
        made["mail"],
        made["text"],
        newsletter,
        kind=Kind.TEST,
        issue_id=published.record.id,
        slug=published.record.slug,
        date=now,
        leaves=False,
    )
    eml = prepared.fill(
        address="reader@example.net",
        name="",
        message_id="<preview@example.net>",
        unsubscribe=None,
    )
    files = {
        "issue.html": _beside(message.sample(made["mail"], newsletter).body, published, newsletter),
        "issue.txt": message.sample(made["text"], newsletter).body.encode(),
        "issue.eml": eml,
        "page.html": pages.render(published, newsletter, loaded).body.encode(),
        "rss.xml": feed.rss([published], newsletter, loaded).body.encode(),
        "atom.xml": feed.atom([published], newsletter, loaded).body.encode(),
        "feed.json": feed.json_feed([published], newsletter, loaded).body.encode(),
    }
    files |= {one.file: pictures[one.file] for one in issue.pictures if one.file}
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (target / name).write_bytes(data)


def _beside(html: str, published: Published, newsletter: Newsletter) -> bytes:
    """Lead a mail to the pictures beside it: on the site they are not yet."""
    from publisher.addresses import issue_address

    page = issue_address(newsletter, published.record.slug)
    for picture in published.issue.pictures:
        html = html.replace(f'src="{page}{picture.file}"', f'src="{picture.file}"')
    return html.encode()


def _preflight(
    reading: Reading, file: Path, newsletter: Newsletter, console: Context
) -> list[Finding]:
    from publisher import identity, templates
    from publisher.clock import utc_now
    from publisher.publish import judged

    loaded = templates.load(_home(console))
    found: list[Finding] = []
    at = {extent.part: extent.line for extent in reading.extents}
    for issue in reading.issues:
        spoken = _speaking(newsletter, issue, console)
        published = Published(issue, identity.provisional(issue, spoken, utc_now()))
        earlier = _earlier(issue, file, spoken, console)
        told = OF_NEWSLETTER & {one.code for one in found}
        for one in (
            *judged(published, spoken, loaded, earlier),
            *_page_fault(published, spoken, loaded),
        ):
            if one.code not in told:
                heading = None if one.code in OF_NEWSLETTER else at.get(issue.part or "")
                found.append(replace(one, line=one.line or heading))
    return found


def _earlier(issue: Issue, file: Path, newsletter: Newsletter, console: Context) -> Earlier:
    """Gather what the home published before this issue, which may itself be published already."""
    from publisher import preflight

    if _home(console) is None:
        return {}
    _, path = _standing(file, console)
    records = console.register().of(newsletter.slug)
    itself = [
        one
        for one in records
        if (one.path, one.part) == (path, issue.part)
        or (issue.number is not None and one.number == issue.number)
        or (issue.date is not None and one.date == issue.date)
    ]
    before = min((one.sort_key for one in itself), default=None)
    return preflight.shelved(one for one in records if before is None or one.sort_key < before)


def _page_fault(
    published: Published, newsletter: Newsletter, loaded: Mapping[str, str]
) -> list[Finding]:
    """Say what is wrong with the templates of the page, which would stop a publication."""
    from publisher.errors import TemplateError
    from publisher.render import pages

    try:
        pages.render(published, newsletter, loaded)
    except TemplateError as error:
        return [Finding(Level.STOP, "template/error", str(error), error.hint)]
    return []


def _document(file: Path, reading: Reading, findings: tuple[Finding, ...]) -> dict[str, Any]:
    return {
        "file": str(file),
        "encoding": reading.encoding,
        "issues": [_issue(issue) for issue in reading.issues],
        "findings": [
            {
                "line": finding.line,
                "column": finding.column,
                "level": str(finding.level),
                "code": finding.code,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in findings
        ],
    }


def _issue(issue: Issue) -> dict[str, Any]:
    item_keys = (
        "title", "alt_title", "title_language", "alt_title_language", "url", "links", "text",
        "authors", "topics", "image",
    )  # fmt: skip
    return {
        "part": issue.part,
        "title": issue.title,
        "number": issue.number,
        "date": issue.date.isoformat() if issue.date else None,
        "language": issue.language,
        "authors": list(issue.authors),
        "topics": list(issue.topics),
        "image": issue.image,
        "sections": [
            {
                "title": section.title,
                "form": section.form,
                "why": section.why,
                "sponsor": section.sponsor,
                "items": [
                    {key: value for key, value in asdict(item).items() if key in item_keys}
                    for item in section.items
                ],
            }
            for section in issue.sections
        ],
    }


def _summarise(console: Context, file: Path, reading: Reading) -> None:
    for issue in reading.issues:
        facts = [
            f"{counted(len(issue.items), 'item')} in {counted(len(issue.sections), 'section')}",
            f"number {issue.number}" if issue.number is not None else "no number",
            f"date {issue.date}" if issue.date else "no date",
            f"language {issue.language}" if issue.language else "no language",
        ]
        forms = sorted({section.form for section in issue.sections if section.form})
        place = f"{file}#{issue.part}" if issue.part else str(file)
        console.say(f"{place}: {'; '.join(facts)}; read as {', '.join(forms) or 'prose'}")
