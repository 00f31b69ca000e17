"""serving - `serving`: what a web server is told so that it serves the site by itself.

See: web.fronts (writes it), docs/deploy.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from publisher.cli.console import Context


class Server(StrEnum):
    """The web servers we write for."""

    NGINX = "nginx"
    CADDY = "caddy"


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command()(serving)


def serving(
    context: typer.Context,
    server: Annotated[Server, typer.Argument(help="The web server.", metavar="nginx|caddy")],
) -> None:
    """Print what makes nginx or Caddy serve feeds/ as `run` does."""
    from publisher.web import fronts

    console: Context = context.obj
    write = fronts.nginx if server is Server.NGINX else fronts.caddy
    typer.echo(write(console.settings()), nl=False)
