"""wire.freight - what the hall and a carrier want of each other.

The hall loads parcels; a carrier takes them, asks before it gives content away, and says of each
parcel it took what became of it: `settled` or `given_back`, once.
Never: decides, waits. See: wire.pool and wire.courier (carry), send (loads).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from publisher.errors import TransportError
from publisher.model import Envelope, Parcel, Reply


class Freight(Protocol):
    """What there is to carry; called in the carrier's thread, never made to wait."""

    def take(self) -> Parcel | None:
        """Give the next parcel; None: there is none now, and `Carrier.wake` says when there is."""

    def begun(self, parcel: Parcel) -> bool:
        """Hear that the content's first byte is about to leave; False keeps it here."""

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Hear how it ended: once for each parcel begun, and for each refused before."""

    def given_back(self, parcel: Parcel) -> None:
        """Hear that nothing of its content left, and that no reply speaks of it."""


class Carrier(Protocol):
    """What carries freight, in a thread of its own."""

    def start(self) -> None:
        """Begin."""

    def wake(self) -> None:
        """Say that there may be more to take; cheap, from any thread."""

    def close(self, grace: float) -> None:
        """Take nothing more; what has begun may end within so many seconds; then leave."""

    def abort(self) -> None:
        """Wait for nobody any more, from any thread."""

    @property
    def trouble(self) -> str:
        """Why the relay rests, in words; "" while all is well."""

    @property
    def down_since(self) -> float:
        """Since when, monotonic; 0.0 while all is well."""

    @property
    def fault(self) -> TransportError | None:
        """What only a person can mend."""

    @property
    def idle(self) -> bool:
        """Whether nothing is in its hands."""


class Transport(Protocol):
    """What takes one message after the other: the outbox, a command."""

    def deliver(
        self, envelope: Envelope, content: Sequence[bytes], begun: Callable[[], bool]
    ) -> Reply | None:
        """Give one message away; None when `begun`, asked before its first byte, said no."""

    def abort(self) -> None:
        """End what `deliver` waits for, from another thread; nothing is delivered after."""

    def close(self) -> None:
        """Take leave."""


class Route(Protocol):
    """How to reach a relay, and how to speak with it: the settings' values."""

    @property
    def host(self) -> str:
        """The name or address to connect to, and to find in the certificate."""

    @property
    def port(self) -> int:
        """The port."""

    @property
    def tls(self) -> str:
        """How it is encrypted: "none", "starttls" or "implicit"."""

    @property
    def user(self) -> str:
        """Who logs in; "" for nobody."""

    @property
    def password(self) -> str:
        """The secret of who logs in."""

    @property
    def hello(self) -> str:
        """The name to greet with; "" for our own."""

    @property
    def ca_file(self) -> Path | str | None:
        """The authority's file; None for the system's authorities."""

    @property
    def timeout(self) -> float:
        """What scales every limit of time."""

    @property
    def mode(self) -> str:
        """How it is spoken to: "data", "bdat" where there is CHUNKING, or "lockstep"."""

    @property
    def window(self) -> int:
        """With "bdat": so many messages under way on a connection."""

    @property
    def per_connection(self) -> int:
        """So many messages, and the connection is changed."""


class Pacing(Protocol):
    """How many connections a relay bears: `delivery.pacing.Throttle`; times are monotonic."""

    @property
    def wanted(self) -> int:
        """So many connections are to be open."""

    @property
    def rest_until(self) -> float:
        """No connection is opened before."""

    def tick(self, now: float, accepted: int, saturated: bool) -> None:
        """Hear what was accepted since the last tick, and whether there was always more."""

    def strained(self, now: float) -> None:
        """Hear that the relay says it is too much."""

    def failed(self, now: float, jitter: float = 0.0) -> None:
        """Hear that a connection could not be opened, or was of no use."""
