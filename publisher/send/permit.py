"""send.permit - whether to go on, and with whom, asked again and again while sending.

An audience is frozen when its send begins; people unsubscribe afterwards. So the store is asked in
the moment of sending: about the next twenty at once, and never relying on an answer older than a
second.
Faults: StoreError only when told to stop. Never: remembers across lots. See: lot (asks).
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection

from publisher.model import Delivery, Kind, Newsletter, SendState
from publisher.send.outside import Outside
from publisher.store import ledger, sends, subscribers


class Permit:
    """The permission to send one lot, kept fresh."""

    def __init__(self, outside: Outside, newsletter: Newsletter, send_id: int) -> None:
        self._outside = outside
        self._newsletter = newsletter
        self._send_id = send_id
        self._looked = self._asked = float("-inf")
        self._wanted = False
        self._known: dict[int, str | None] = {}

    def is_wanted(self) -> bool:
        """Tell whether the send still runs."""
        if self._is_old(self._looked):
            state = self._outside.look(lambda conn: sends.state(conn, self._send_id))
            self._wanted = state is SendState.RUNNING
            self._looked = time.monotonic()
        return self._wanted

    def refusal(self, one: Delivery, following: Sequence[Delivery]) -> str | None:
        """Tell why this recipient may not be written to in this moment; None when nothing is so.

        `following`: who is to come after, to be asked about at once.
        """
        if one.id not in self._known or self._is_old(self._asked):
            some = [one, *following[: self._outside.pace.look - 1]]
            self._known = self._outside.look(lambda conn: self._ask(conn, some))
            self._asked = time.monotonic()
        return self._known[one.id]

    def _is_old(self, moment: float) -> bool:
        return time.monotonic() - moment >= self._outside.pace.look_seconds

    def _ask(self, conn: Connection, some: Sequence[Delivery]) -> dict[int, str | None]:
        ids = [one.subscriber for one in some if one.subscriber is not None]
        allowed = ledger.permitted(conn, ids)
        return {
            one.id: None if one.subscriber in allowed else self._reason(conn, one) for one in some
        }

    def _reason(self, conn: Connection, one: Delivery) -> str | None:
        """Say why someone is not among the permitted; a test has no subscriber and may be."""
        if one.kind is not Kind.TEST:
            person = None if one.subscriber is None else subscribers.get(conn, one.subscriber)
            if person is None:
                return "erased"
        reason = subscribers.is_suppressed(
            conn, self._newsletter.slug, one.address, key=self._outside.key
        )
        if reason is not None:
            return f"suppressed: {reason}"
        return None if one.kind is Kind.TEST else person.state.value if person else "erased"
