"""wire.courier - carries freight one by one, for what takes one message after the other.

Faults: none are raised; what only a person can mend stands in `fault`, and is tried again after a
rest. A defect ends the thread and is raised where the courier is woken or closed.
Never: judges a reply; keeps a parcel when it closes.
See: wire.outbox and wire.command (take the messages), wire.pool (carries many at once).
"""

from __future__ import annotations

import threading
import time
from typing import Final

from publisher.errors import TransportError
from publisher.model import Parcel, Phase, Reply
from publisher.wire.freight import Freight, Transport

RESTS: Final = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds of rest after failures in a row; the last repeats."""


class Courier:
    """One transport that carries freight."""

    def __init__(self, transport: Transport, freight: Freight) -> None:
        self.trouble = ""
        self.down_since = 0.0
        self.fault: TransportError | None = None
        self.idle = True
        self._transport = transport
        self._freight = freight
        self._failures = 0
        self._is_closing = threading.Event()
        self._woken = threading.Event()
        self._defect: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)

    # --- from other threads -------------------------------------------------

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be more to take."""
        self._woken.set()
        if self._defect is not None:
            raise self._defect

    def close(self, grace: float) -> None:
        """Take nothing more; the message under way may end within so many seconds."""
        self._is_closing.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join(grace)
            if self._thread.is_alive():
                self._transport.abort()
            self._thread.join()
        self._transport.close()
        if self._defect is not None:
            raise self._defect

    def abort(self) -> None:
        """Wait for nobody any more."""
        self._is_closing.set()
        self._woken.set()
        self._transport.abort()

    # --- the thread ---------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_closing.is_set():
                self._woken.clear()
                self.idle = False
                parcel = self._freight.take()
                if parcel is not None:
                    self._carry(parcel)
                else:
                    self.idle = True
                    self._woken.wait()
        except BaseException as defect:
            self._defect = defect
        finally:
            self.idle = True

    def _carry(self, parcel: Parcel) -> None:
        has_begun = False

        def begun() -> bool:
            nonlocal has_begun
            has_begun = not self._is_closing.is_set() and self._freight.begun(parcel)
            return has_begun

        try:
            reply = self._transport.deliver(parcel.envelope, parcel.content, begun)
        except TransportError as fault:
            if has_begun:  # nothing of it can have arrived, or there would be a reply
                self._freight.settled(parcel, Reply(Phase.DATA, words=str(fault)))
            else:
                self._freight.given_back(parcel)
            self._rest(fault)
            return
        if reply is None:
            self._freight.given_back(parcel)
            return
        self._freight.settled(parcel, reply)
        if self._failures and reply.code is not None:
            self.trouble, self.down_since, self.fault, self._failures = "", 0.0, None, 0

    def _rest(self, fault: TransportError) -> None:
        self.trouble, self.fault = str(fault), fault
        self.down_since = self.down_since or time.monotonic()
        rest = RESTS[min(self._failures, len(RESTS) - 1)]
        self._failures += 1
        self.idle = True
        self._is_closing.wait(rest)
