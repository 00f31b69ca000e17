"""wire.pool - the connections to one relay, in a thread of their own.

As many as the throttle wants and there are parcels for; each takes the next parcel itself, so that
a slow one holds up nobody. One event loop serves all.

    a connection cannot be opened, or dies     `trouble`, a rest by the throttle, what it had goes
      before anything was accepted on it       back to the hall
    one that served is closed by the relay     the next takes its envelope over; nobody is told
    the same parcel's envelope, three times    a lost connection is its outcome
    idle for half a minute                     QUIT

Faults: TransportError for settings that cannot be meant; what only a person can mend stands in
`fault`. A defect ends the thread and is raised where the pool is woken or closed.
Never: judges a reply; keeps a parcel when it closes.
See: wire.connection (one of them), wire.protocol (SMTP), delivery.pacing (how many).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from uvloop import new_event_loop

from publisher.errors import TransportError
from publisher.model import Parcel, Phase, Reply
from publisher.wire.connection import Connection, Tls, name
from publisher.wire.freight import Freight, Pacing, Route
from publisher.wire.opening import Timeouts, check
from publisher.wire.protocol import LEAVING, OVER, SERVING, Conversation

TICK: Final = 0.1
"""Seconds between two looks at the connections."""
PACE: Final = 0.25
"""Seconds between two measures for the throttle."""
IDLE: Final = 30.0
"""A connection without a parcel for so long is taken leave of."""
STUBBORN: Final = 3
"""A connection lost so often at one and the same envelope is lost because of it."""
FAREWELL: Final = 1.0
"""Seconds for the answers to QUIT when the pool closes."""
_LOSSES: Final = 1000


class Pool:
    """A relay that carries freight over several connections."""

    def __init__(self, route: Route, freight: Freight, throttle: Pacing) -> None:
        check(route)
        self.trouble = ""
        self.down_since = 0.0
        self.fault: TransportError | None = None
        self._route = route
        self._time = Timeouts(route.timeout)
        self._freight = freight
        self._throttle = throttle
        self._context: ssl.SSLContext | None = None
        self._carry: deque[Parcel] = deque()
        self._losses: dict[int, int] = {}
        self._serving: set[Connection] = set()
        self._leaving: set[Connection] = set()
        self._due: list[Connection] = []
        self._opening: set[asyncio.Task[None] | None] = set()
        self._is_taking = True
        self._is_spare = False
        self._is_hungry = True
        self._accepted = self._strains = 0  # on connections that are over
        self._told_accepted = self._told_strains = 0
        self._paced = 0.0
        self._was_hungry = True
        self._defect: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: asyncio.Event
        self._farewell: asyncio.Future[None] | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        # of these there is one for each message: no step in between
        self.begun = freight.begun
        self.settled = freight.settled
        self.given_back = freight.given_back

    def __repr__(self) -> str:
        return f"Pool({self._route.host!r}, {self._route.port}, tls={self._route.tls!r})"

    # --- from other threads -------------------------------------------------

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()
        self._ready.wait()
        self.wake()

    def wake(self) -> None:
        """Say that there may be more to take."""
        if self._is_hungry:
            self._is_hungry = False
            self._tell(self._feed)
        if self._defect is not None:
            raise self._defect

    def close(self, grace: float) -> None:
        """Take nothing more; what has begun may end within so many seconds; then leave."""
        self._tell(lambda: self._halt(grace))
        self._join()

    def abort(self) -> None:
        """Wait for nobody any more."""
        self._tell(self._abort)

    @property
    def idle(self) -> bool:
        """Whether nothing is in its hands."""
        if self._carry:
            return False
        talks = [one.talk for one in [*self._serving, *self._leaving]]
        return not any(talk.mail is not None and talk.mail.flight for talk in talks)

    def _tell(self, deed: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(deed)

    def _join(self) -> None:
        if self._thread.ident is not None:
            self._thread.join()
        if self._defect is not None:
            raise self._defect

    # --- the thread ---------------------------------------------------------

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._work())
        except BaseException as defect:
            self._defect = self._defect or defect
        finally:
            self._ready.set()

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._broke)
        self._done = asyncio.Event()
        self._ready.set()
        ticking = self._loop.create_task(self._ticking())
        try:
            await self._done.wait()
        finally:
            ticking.cancel()
            for one in [*self._serving, *self._leaving]:
                one.close()  # none is left but after a defect
            await asyncio.gather(ticking, *self._cancelled(), return_exceptions=True)

    def _broke(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Keep the first defect, and end: the hall raises it."""
        defect = context.get("exception")
        if self._defect is None:
            known = defect if isinstance(defect, BaseException) else None
            self._defect = known or RuntimeError(str(context["message"]))
        self._done.set()

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                self._tick(time.monotonic())
            except Exception as defect:
                self._broke(asyncio.get_running_loop(), {"exception": defect})

    # --- freight for the conversations --------------------------------------

    def take(self) -> Parcel | None:
        """Give the next parcel: first what another connection left, but to each that opens one.

        Who is idle when time has passed takes those too: a connection may never be greeted.
        """
        if self._carry and (self._is_spare or len(self._carry) > self._unready):
            return self._carry.popleft()
        if not self._is_taking:
            return None
        parcel = self._freight.take()
        if parcel is None and not self._is_hungry:
            self._is_hungry = True
            parcel = self._freight.take()  # it may have come just before `wake` could know
        return parcel

    @property
    def _unready(self) -> int:
        """How many connections are being opened, each for a parcel."""
        return len(self._opening) + sum(one.talk.state != SERVING for one in self._serving)

    def _feed(self) -> None:
        """Offer what there is: first to who is idle, then to new connections, then to the busy.

        Where messages come one by one, signed say, the first idle one takes what there is.
        """
        for one in list(self._serving):
            if self._is_hungry:
                return
            if one.talk.is_idle:
                one.proceed()
        self._open_more()
        for one in list(self._serving):
            if self._is_hungry:
                return
            one.proceed()

    # --- connections --------------------------------------------------------

    def _open_more(self) -> None:
        """Open as many as are wanted, but none without a parcel for it."""
        if time.monotonic() < self._throttle.rest_until or not self._is_taking:
            return
        unready = self._unready
        while len(self._opening) + len(self._serving) < self._throttle.wanted:
            if len(self._carry) <= unready:
                carried, self._carry = self._carry, deque()
                parcel = self.take()
                self._carry = carried
                if parcel is None:
                    return
                self._carry.append(parcel)
            unready += 1
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if not task.cancelled() and (defect := task.exception()) is not None:
            self._broke(task.get_loop(), {"exception": defect})

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._time.connect):
                sock = await _connected(loop, self._route.host, self._route.port)
        except (OSError, UnicodeError) as fault:  # the second: a host that is no name
            self._opening.discard(asyncio.current_task())
            self._failed(Reply(Phase.CONNECT, words=f"cannot connect: {name(fault)}"), None)
            return
        self._opening.discard(asyncio.current_task())
        if not self._is_taking:
            sock.close()
            return
        own = self._route.hello or _own_name(sock)
        talk = Conversation(self._route, self, own)
        one = Connection(loop, sock, talk, self._note, self._secured, self._put_off)
        self._serving.add(one)
        one.start()

    def _put_off(self, one: Connection) -> None:
        """Let a connection write when all that have something to read have read it.

        A relay is woken less often so: written one after the other, contents find it awake.
        """
        if not self._due:
            asyncio.get_running_loop().call_soon(self._say_due)
        self._due.append(one)

    def _say_due(self) -> None:
        due, self._due = self._due, []
        for one in due:
            one.say_due()

    def _secured(self) -> Tls:
        if self._context is None:
            file = self._route.ca_file
            self._context = ssl.create_default_context(cafile=str(file) if file else None)
        return Tls(self._context, self._route.host)

    def _note(self, one: Connection) -> None:
        """Look at a connection that is not simply serving."""
        state = one.talk.state
        if state == OVER:
            one.close()
            was_leaving = one in self._leaving
            if was_leaving or one in self._serving:
                self._serving.discard(one)
                self._leaving.discard(one)
                self._over(one.talk, was_leaving=was_leaving)
        elif state == LEAVING and one in self._serving:
            self._serving.discard(one)
            self._leaving.add(one)
            mail = one.talk.mail
            if mail and mail.disowned and not mail.accepted and self._is_taking:
                self._failed(mail.disowned, None)
            self._open_more()

    def _over(self, talk: Conversation, *, was_leaving: bool) -> None:
        """Draw the sum of a connection."""
        mail = talk.mail
        if mail is not None:
            self._accepted += mail.accepted
            self._strains += mail.strains
        if not self._is_taking:
            for parcel, _ in talk.left:
                self.given_back(parcel)
            return
        has_served = mail is not None and mail.accepted > 0
        for parcel, phase in talk.left:
            self._left(parcel, phase, talk.words, is_carried=has_served)
        was_idle = mail is not None and not (mail.messages or mail.refusals or talk.left)
        if not (has_served or was_leaving or was_idle) and talk.reply is not None:
            self._failed(talk.reply, talk.fault)
        self._open_more()

    def _left(self, parcel: Parcel, phase: Phase, words: str, *, is_carried: bool) -> None:
        """Find a place for a parcel whose connection was lost before its content."""
        losses = self._losses.pop(parcel.delivery, 0) + 1
        if losses >= STUBBORN:
            self.settled(parcel, Reply(phase, words=words))
            return
        if len(self._losses) >= _LOSSES:
            self._losses.clear()
        self._losses[parcel.delivery] = losses
        if is_carried:
            self._carry.append(parcel)
        else:
            self.given_back(parcel)

    def _failed(self, reply: Reply, fault: TransportError | None) -> None:
        """Rest; with no connection left, what is in hand goes back: another relay may have it."""
        now = time.monotonic()
        self._throttle.failed(now, random.random())  # noqa: S311 - spreads retries, hides nothing
        if any(one.talk.state == SERVING for one in self._serving):
            return
        words = f"{reply.code or ''} {reply.words}".strip()
        place = f"{self._route.host}:{self._route.port}"
        self.trouble = f"{place}, at {reply.phase.value.upper()}: {words}"
        self.fault = fault
        self.down_since = self.down_since or now
        if not (self._serving or self._opening):
            self._return()

    def _return(self) -> None:
        while self._carry:
            self.given_back(self._carry.popleft())

    # --- time ---------------------------------------------------------------

    def _tick(self, now: float) -> None:
        for one in [*self._serving, *self._leaving]:
            self._look(one, now)
        for one in list(self._serving):
            if self._carry and one.talk.is_idle:
                self._is_spare = True
                one.proceed()
                self._is_spare = False
        self._was_hungry |= self._is_hungry
        if now - self._paced >= PACE:
            self._paced = now
            self._pace(now)
        if self._is_taking:
            if self.trouble and now >= self._throttle.rest_until and not self._serving:
                self._is_hungry = False
            if not self._is_hungry or self._carry:
                self._feed()

    def _look(self, one: Connection, now: float) -> None:
        """End a connection whose server is silent for too long, and one that nobody needs."""
        talk = one.talk
        patience = talk.patience
        if talk.heard != one.heard or (patience is None and not one.was_idle):
            one.heard, one.since = talk.heard, now
        elif patience is None:
            if now - one.since > IDLE and talk.mail is not None:
                talk.mail.is_leaving = True
                one.proceed()
        elif now - one.since <= patience + TICK:
            one.look()
        else:
            if talk.mail is not None:
                talk.mail.strains += 1
            self._end(one, "no answer in time")
        one.was_idle = patience is None
        if talk.mail is None and now - one.opened > self._time.opening:
            self._end(one, "the opening takes too long")

    def _end(self, one: Connection, words: str) -> None:
        one.talk.end(words)
        self._note(one)

    def _pace(self, now: float) -> None:
        mails = [one.talk.mail for one in [*self._serving, *self._leaving]]
        accepted = self._accepted + sum(mail.accepted for mail in mails if mail is not None)
        strains = self._strains + sum(mail.strains for mail in mails if mail is not None)
        if strains > self._told_strains:
            self._throttle.strained(now)
        wanted = self._throttle.wanted
        is_saturated = not self._was_hungry and len(self._serving) >= wanted
        more = accepted - self._told_accepted
        self._throttle.tick(now, more, is_saturated)
        if more:
            self.trouble, self.down_since, self.fault = "", 0.0, None
        self._told_accepted, self._told_strains = accepted, strains
        self._was_hungry = False
        surplus = len(self._serving) - self._throttle.wanted
        for one in sorted(self._serving, key=lambda one: not one.talk.is_idle)[: max(0, surplus)]:
            if one.talk.mail is not None:
                one.talk.mail.is_leaving = True
                one.proceed()

    # --- the end ------------------------------------------------------------

    def _cancelled(self) -> list[asyncio.Task[None]]:
        """Open no more; give what was about to."""
        tasks = [task for task in self._opening if task is not None]
        for task in tasks:
            task.cancel()
        return tasks

    def _halt(self, grace: float) -> None:
        """Begin nothing more; leave when what has begun is over."""
        self._is_taking = False
        self._return()
        self._cancelled()
        for one in list(self._serving):
            for parcel in one.talk.halt():
                self.given_back(parcel)
            if one.talk.state == OVER:
                self._note(one)
            else:
                one.proceed()
        self._farewell = asyncio.ensure_future(self._settle(time.monotonic() + grace))

    async def _settle(self, until: float) -> None:
        while self._serving and time.monotonic() < until:
            await asyncio.sleep(0.01)
        until = min(until, time.monotonic() + FAREWELL)
        while self._leaving and time.monotonic() < until:
            await asyncio.sleep(0.01)
        self._abort()

    def _abort(self) -> None:
        self._is_taking = False
        self._return()
        for one in [*self._serving, *self._leaving]:
            self._end(one, "it was waited for no longer")
        self._done.set()


async def _connected(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    """Connect to the first of a host's addresses that answers."""
    fault: OSError = OSError("the name leads nowhere")
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, address)
        except OSError as refused:
            sock.close()
            fault = refused
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise fault


def _own_name(sock: socket.socket) -> str:
    """Name ourselves by a whole name, else by our address (RFC 5321 §4.1.4)."""
    own = socket.gethostname()
    if "." in own and own.isascii():
        return own
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
