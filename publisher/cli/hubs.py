"""hubs - the hubs of a home in words: told after a command that published, shown by `status`.

Never: keeps a person waiting for a hub longer than a few seconds. See: run.pinging, store.pings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from publisher.cli.asking import in_utc
from publisher.cli.console import Context, counted, stoppable

if TYPE_CHECKING:
    from publisher.settings import Settings
    from publisher.store.pings import Debt


def tell_hubs(console: Context, settings: Settings) -> None:
    """Tell hubs what has changed, unless `run` is there to do it; say what is left to it."""
    from publisher import run
    from publisher.run.pinging import QUICK, tell
    from publisher.store import pings

    if run.is_running(settings.home):
        return
    with console.store(settings) as store, stoppable() as stop:
        tell(settings, store, stop, seconds=QUICK)
        with store.read() as conn:
            debts = [one for each in settings.newsletters for one in pings.debts(conn, each)]
    for line in lines(debts):
        console.say(line)
    if any(one.waiting for one in debts):
        console.say("`publisher run` goes on telling them, or the next command that publishes")


def lines(debts: Iterable[Debt]) -> Iterator[str]:
    """Say which hubs do not know of all that has changed, and why."""
    for one in debts:
        why = f": {one.words}" if one.words else ""
        if one.waiting:
            again = f"; tried again {in_utc(one.next_at)}" if one.words else ""
            yield f"{one.hub} is still to be told of {counted(one.waiting, 'feed')}{why}{again}"
        if one.given_up:
            feeds = counted(one.given_up, "feed")
            yield f"{one.hub} was not told of {feeds}, and is not before they change again{why}"


def document(one: Debt) -> dict[str, Any]:
    """Make the JSON form of what a hub is still to be told."""
    return {
        "hub": one.hub,
        "waiting": one.waiting,
        "given_up": one.given_up,
        "next": one.next_at.isoformat() if one.next_at else None,
        "said": one.words,
    }
