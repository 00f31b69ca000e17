"""cli - the commands: words in, exit code out.

Dialogue and answers go to stdout, everything else to stderr as `publisher: error: ...` and
`publisher: hint: ...`, without capitals and full stops. Exit: 0 done, 1 failed or stopped by
findings, 2 usage, 3 waits for a person, 70 a defect (its traceback is kept).

Commands import only what they use, so that `--help` and `check` stay quick.
Never: SQL, rendering, rules. See: publish and send (the halls the commands call).
"""

from __future__ import annotations

import os
import re
import sys
import traceback
from pathlib import Path
from typing import Annotated, Final

import typer

from publisher import __version__
from publisher.cli import digests, doctor, homes, people, publishing, sending, serving
from publisher.cli.console import Context, complain
from publisher.errors import PublisherError

NO_NUMBER: Final = re.compile(r"Input should be a valid integer, .*")

app = typer.Typer(
    name="publisher",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"publisher {__version__}")
        raise typer.Exit


@app.callback()
def publisher(
    context: typer.Context,
    home: Annotated[
        Path, typer.Option(help="The folder to work on.", envvar="PUBLISHER_HOME", metavar="DIR")
    ] = Path("."),
    newsletter: Annotated[
        str | None, typer.Option(help="The newsletter, where a home has several.", metavar="SLUG")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Digests in a folder become issues: pages, feeds, and e-mail, once."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)
    context.obj = Context(home=home, newsletter_slug=newsletter, quiet=quiet)


for room in (digests, publishing, sending, people, homes, doctor, serving):
    room.register(app)


def _plain(words: str) -> str:
    """Say a usage fault as all complaints are said: no capital, no full stop, no jargon."""
    words = words.removeprefix("Invalid value: ")
    words = NO_NUMBER.sub("not a whole number", words)
    return words[:1].lower() + words[1:].rstrip(".")


def main() -> None:
    """Run a command and leave with its exit code."""
    try:
        code = app(prog_name="publisher", standalone_mode=False)
    except PublisherError as error:
        complain(str(error), error.hint)
        code = error.exit_code
    except typer.TyperException as error:
        asked = getattr(error, "ctx", None)
        words = error.format_message() if hasattr(error, "format_message") else str(error)
        complain(
            _plain(words),
            f"{asked.command_path if asked else 'publisher'} --help",
        )
        code = 2
    except (typer.Abort, KeyboardInterrupt):
        complain("stopped; nothing more was done")
        code = 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception:
        traceback.print_exc()
        complain("this is a defect in publisher", "please report the lines above")
        code = 70
    sys.exit(code if isinstance(code, int) else 0)
