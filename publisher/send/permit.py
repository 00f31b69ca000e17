"""send.permit - whether to go on, and with whom, asked again and again while sending.

An audience is frozen when its send begins; people unsubscribe afterwards. So the store is asked in
the moment of sending: about the whole lot at once, and never relying on an answer older than a
second.
Faults: StoreError only when told to stop. Never: remembers across lots. See: lot (asks).
"""

from __future__ import annotations

import time

from publisher.model import Recipient, SendState
from publisher.send.outside import Outside
from publisher.store import ledger, sends
from publisher.store.ledger import Lot


class Permit:
    """The permission to send one lot, kept fresh."""

    def __init__(self, outside: Outside, lot: Lot) -> None:
        self._outside = outside
        self._lot = lot
        self._looked = self._asked = float("-inf")
        self._wanted = False
        self._barred: dict[int, str] = {}

    def is_wanted(self) -> bool:
        """Tell whether the send still runs."""
        if self._is_old(self._looked):
            state = self._outside.look(lambda conn: sends.state(conn, self._lot.send))
            self._wanted = state is SendState.RUNNING
            self._looked = time.monotonic()
        return self._wanted

    def refusal(self, one: Recipient) -> str | None:
        """Tell why this recipient may not be written to in this moment; None when nothing is so."""
        if self._is_old(self._asked):
            outside, lot = self._outside, self._lot
            self._barred = outside.look(lambda conn: ledger.barred(conn, lot, key=outside.key))
            self._asked = time.monotonic()
        return self._barred.get(one.id)

    def _is_old(self, moment: float) -> bool:
        return time.monotonic() - moment >= self._outside.pace.look_seconds
