"""console - how the commands speak, and what they open.

Manners: dialogue on the terminal, complaints on stderr, one JSON document on stdout under --json.
Never: decides anything. See: cli (the exit codes).
"""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from publisher.model import Finding, Level, Newsletter, Register

if TYPE_CHECKING:
    from publisher.settings import Settings
    from publisher.store import Store


@dataclass(frozen=True)
class Context:
    """What stands before every command: where, which newsletter, how loud.

    A home is read once for a command, however many digests that looks at.
    """

    home: Path
    newsletter_slug: str | None
    quiet: bool

    def settings(self) -> Settings:
        """Give the home's settings, with the paths its register fixed."""
        return self._stated

    def register(self) -> Register:
        """Give the home's register, with all its records."""
        return self._register

    @cached_property
    def _register(self) -> Register:
        from publisher import register

        return register.load(self.settings().register_path)

    @cached_property
    def _stated(self) -> Settings:
        from publisher import register, settings

        loaded = settings.load(self.home.resolve())
        return loaded.with_paths(dict(register.heads(loaded.register_path).paths))

    def newsletter(self, settings: Settings) -> Newsletter:
        """Return the newsletter meant; raises SettingsError where the answer is not unique."""
        return settings.newsletter(self.newsletter_slug)

    @contextmanager
    def store(self, settings: Settings) -> Iterator[Store]:
        """Open the home's database for one command."""
        from publisher.store import Store

        store = Store.open(settings.database)
        try:
            yield store
        finally:
            store.close()

    def say(self, words: str) -> None:
        """Tell the person something on stderr, unless they asked for quiet."""
        if not self.quiet:
            typer.echo(words, err=True)

    @contextmanager
    def bar(self, label: str) -> Iterator[Callable[[int, int, str], None]]:
        """Give a function that shows (done, all, words): a bar, or a line every 10 s."""
        if self.quiet:
            yield lambda done, total, words: None
            return
        if not sys.stderr.isatty():
            yield _Lines(self, label).show
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[words]}", table_column=Column(overflow="fold")),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(label, total=None, words="")
            yield lambda done, total, words: progress.update(
                task, completed=done, total=total or None, words=words
            )


class _Lines:
    """Progress where there is no terminal: a line every ten seconds, if anything moved."""

    def __init__(self, console: Context, label: str) -> None:
        self.console, self.label = console, label
        self.said, self.at = "", time.monotonic()

    def show(self, done: int, total: int, words: str) -> None:
        """Say how far it is, not too often."""
        if words != self.said and time.monotonic() - self.at >= 10:
            self.console.say(f"{self.label}: {words}")
            self.said, self.at = words, time.monotonic()


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Turn Ctrl-C, SIGTERM and a closed terminal into an event: work ends where it may be ended."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # nohup
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_STEERING: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str, *, most: int = 2_000) -> str:
    """Make a text of others fit for a terminal: what would steer that is written out, much is cut.

    An escape sequence in a DNS record or a file's name could hide lines or feign others.
    """
    line = re.sub(r"[\t\r\n]+", " ", text[:most])
    shown = _STEERING.sub(lambda sign: f"\\x{ord(sign[0]):02x}", line)
    return shown if len(text) <= most else f"{shown}… ({len(text):,} characters)"


def complain(words: str, hint: str = "") -> None:
    """Write an error, and its remedy, to stderr."""
    typer.echo(f"publisher: error: {words}", err=True)
    if hint:
        typer.echo(f"publisher: hint: {hint}", err=True)


def warn(words: str, hint: str = "") -> None:
    """Write to stderr what a person should know and no command fails of."""
    typer.echo(f"publisher: warning: {words}", err=True)
    if hint:
        typer.echo(f"publisher: hint: {hint}", err=True)


def answer(document: dict[str, Any]) -> None:
    """Print the one JSON document of a command."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def show_findings(file: str, findings: Iterable[Finding]) -> None:
    """Write findings as a compiler does: file:line:column: level: message [code], then the hint.

    A hint that several share stands below the first.
    """
    told: set[str] = set()
    for finding in findings:
        place = ":".join(str(part) for part in (file, finding.line, finding.column) if part)
        typer.echo(
            f"{plain(place)}: {finding.level}: {plain(finding.message)} [{finding.code}]", err=True
        )
        if finding.hint and finding.hint not in told:
            typer.echo(f"    hint: {finding.hint}", err=True)
            told.add(finding.hint)


def tally(findings: Iterable[Finding]) -> str:
    """Count findings by their levels: 1 hold, 3 warn, 2 note."""
    levels = [finding.level for finding in findings]
    return ", ".join(f"{levels.count(one)} {one}" for one in Level if one in levels)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn a place that cannot be written into an error with the place in it."""
    from publisher.errors import PublisherError

    try:
        yield
    except OSError as error:
        raise PublisherError(
            f"cannot be written: {error.strerror or error}",
            where=str(place),
            hint="look at the path, its owner and the space left",
        ) from None


def exit_for(findings: Iterable[Finding], *, strict: bool = False) -> None:
    """Leave with 1 when a finding stops; under strict when one holds or warns, too."""
    bad = {Level.STOP, Level.HOLD, Level.WARN} if strict else {Level.STOP}
    if any(finding.level in bad for finding in findings):
        raise typer.Exit(1)


def ask(question: str) -> bool:
    """Ask a yes-or-no question; without anyone to answer, leave with 3."""
    from publisher.errors import UndecidedError

    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        typer.echo("", err=True)
        raise UndecidedError("a person has to say yes", hint="add --yes to answer beforehand")
    return line.strip().lower() in {"y", "yes", "是", "好"}


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: 1 issue, 1,000 issues."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def language_tag(value: str | None) -> str | None:
    """Let only what names a language pass for one."""
    from publisher import languages

    if value is not None and (why := languages.fault(value)):
        raise typer.BadParameter(why)
    return value


def table(rows: list[list[str]], heads: list[str]) -> None:
    """Print rows under their heads, as wide as the text; Han counts two columns."""
    from rich.cells import cell_len

    widths = [max(cell_len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        cells = [
            text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)
        ]
        typer.echo("  ".join(cells).rstrip())
