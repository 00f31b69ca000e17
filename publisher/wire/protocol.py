"""wire.protocol - the SMTP of one connection: what was received in, what is to be written out.

    opening -> serving -> leaving -> over

No socket, no clock: who owns the connection passes in what came, writes what is returned, and asks
`patience` how long the server may be silent. Parcels are taken from, and told about to, the
freight. However the bytes of a server are cut, the same happens.
Faults: none are raised; how a conversation ended stands in `words`, `reply` and `fault`.
Never: judges a reply. See: wire.opening, wire.transactions (the two parts), wire.connection (I/O).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from publisher.errors import TransportError
from publisher.model import Parcel, Phase, Reply
from publisher.wire.envelopes import Terms
from publisher.wire.freight import Freight, Route
from publisher.wire.opening import Question, Refused, Timeouts, opening, unusable
from publisher.wire.replies import Answer, Nonsense, Replies, usual
from publisher.wire.transactions import (
    HALTED,
    OUT_OF_TURN,
    READY,
    Chunked,
    Leaving,
    LockStep,
    Pipelined,
    Spent,
)

OPENING, ENCRYPTING, SERVING, LEAVING, OVER = range(5)
LAST_WORDS: Final = 5.0
"""Seconds for the answer to QUIT."""
_ENCRYPTED: Final = Answer(220)
_DOT: Final = Phase.DOT  # looking a member up costs more than all else about it


class Conversation:
    """One connection's SMTP, from the greeting to QUIT."""

    def __init__(self, route: Route, freight: Freight, name: str) -> None:
        self.state = OPENING
        self.heard = 0
        self.words = ""
        self.reply: Reply | None = None
        self.fault: TransportError | None = None
        self.left: Sequence[tuple[Parcel, Phase]] = ()
        self.mail: Pipelined | None = None
        self._route = route
        self._freight = freight
        self._time = Timeouts(route.timeout)
        self._replies = Replies()
        self._opening = opening(route, name)
        self._question: Question = next(self._opening)
        self._is_asked = False
        self._usual: Callable[[bytes], re.Match[bytes] | None] = re.compile(rb"(?!)").fullmatch
        self._following = b""

    # --- what happens -------------------------------------------------------

    def begin(self) -> list[bytes]:
        """Give what is to be written first."""
        return self._ask()

    def receive(self, data: bytes) -> list[bytes]:
        """Take what was received; give what is to be written."""
        mail = self.mail
        try:
            if mail is None or self.state != SERVING:
                return self._opened(data)
            is_in_step = mail.is_in_step
            if is_in_step:  # nearly always all four answers come at once, three as they always are
                if (found := self._usual(data)) is not None:
                    self.heard += 1
                    # what Reply does, and in half its time
                    return mail.go_on(
                        tuple.__new__(Reply, (_DOT, 250, "2.0.0", found[1].decode("ascii")))
                    )
                mail.is_in_step = False
            answers = self._replies.feed(data)
            if answers:
                self.heard += 1
            mail.hear(answers)
            if is_in_step and mail.is_ready and len(answers) == data.count(b"\n") == 4:
                self._learn(data.partition(b"\n")[2])
            return self.proceed()
        except (Nonsense, Leaving, Spent) as fault:
            self._fail(fault)
            return []

    def _learn(self, following: bytes) -> None:
        """Know the answers to an envelope at sight from their second time on.

        Some servers name the reader in them: these are never the same twice.
        """
        if following == self._following:
            self._usual = usual(following)
        self._following = following

    def _opened(self, data: bytes) -> list[bytes]:
        """Take what was received while mail cannot be sent yet, or no more."""
        answers = self._replies.feed(data)
        self.heard += bool(answers)
        for answer in answers:
            self._heard(answer)
        return self._ask()

    def listen(self, data: bytes) -> None:
        """Take what was received when nothing can be written any more."""
        try:
            for answer in self._replies.feed(data):
                if self.mail is not None and self.mail.flight and self.mail.flight[0].is_begun:
                    self.mail.answered(answer)
        except (Nonsense, Leaving, Spent) as fault:
            self._fail(fault)

    def proceed(self) -> list[bytes]:
        """Give what is to be written now: an envelope for an idle connection, or QUIT."""
        mail = self.mail
        if mail is None or self.state != SERVING:
            return []
        try:
            replies = self._replies
            if (replies.rest or replies.lines) and mail.flight and mail.flight[0].step == READY:
                raise Nonsense(OUT_OF_TURN)
            pieces = mail.proceed()
        except (Nonsense, Spent) as fault:
            self._fail(fault)
            return []
        if not pieces and not mail.flight and mail.is_over:
            self.state = LEAVING
            return [b"QUIT\r\n"]
        return pieces

    def encrypted(self) -> list[bytes]:
        """Hear that TLS has begun; give what is to be written."""
        self.state = OPENING
        self._answer(_ENCRYPTED)
        return self._ask()

    def unencrypted(self, words: str, hint: str = "", *, is_fault: bool = False) -> None:
        """Hear that TLS could not begin; `is_fault`: only a person can mend it."""
        if is_fault:
            self.fault = unusable(self._route, words, hint)
        self._end(words, Reply(Phase.TLS, words=words))

    def halt(self) -> list[Parcel]:
        """Begin nothing more; give the parcels whose content has not begun."""
        if self.mail is None:
            self._end(HALTED)
            return []
        left = self.mail.halt()
        if not any(turn.is_begun for turn in self.mail.flight) and self.mail.flight:
            self._end(HALTED)
        return left

    def end(self, words: str) -> None:
        """Hear that the connection is lost, or of no more use."""
        if self.state == OVER:
            return
        phase = self._question.phase if self.mail is None else Phase.MAIL
        self._end(words, Reply(phase, words=words))

    # --- what is awaited ----------------------------------------------------

    @property
    def patience(self) -> float | None:
        """How many seconds the server may be silent now; None: as long as it likes."""
        if self.state in {OPENING, ENCRYPTING}:
            return self._question.seconds
        if self.state == SERVING and self.mail is not None:
            return self.mail.patience
        return min(LAST_WORDS, self._time.command)

    @property
    def is_heard_out(self) -> bool:
        """Whether no piece of a reply waits for its rest."""
        return self._replies.is_between

    @property
    def is_idle(self) -> bool:
        """Whether it could take a parcel and has none."""
        return self.state == SERVING and self.mail is not None and not self.mail.flight

    # --- opening ------------------------------------------------------------

    def _heard(self, answer: Answer) -> None:
        if self.state == LEAVING:
            self._end("the connection was closed in good order")
        elif self.state == OPENING and self._is_asked:
            self._answer(answer)
        elif self.state != OVER:
            raise Nonsense(OUT_OF_TURN)

    def _answer(self, answer: Answer) -> None:
        self._is_asked = False
        try:
            self._question = self._opening.send(answer)
        except StopIteration as opened:
            self._serve(opened.value)
        except Refused as refused:
            self._end(refused.reply.words, refused.reply)
        except TransportError as fault:
            self.fault = fault
            self._end(str(fault), Reply(self._question.phase, answer.code, words=str(fault)))

    def _serve(self, offers: dict[str, str]) -> None:
        route, time = self._route, self._time
        terms = Terms(offers)
        if route.mode == "bdat" and terms.chunking and terms.pipelining:
            self.mail = Chunked(terms, self._freight, time, route.per_connection, route.window)
        elif route.mode == "lockstep" or not terms.pipelining:
            self.mail = LockStep(terms, self._freight, time, route.per_connection)
        else:
            self.mail = Pipelined(terms, self._freight, time, route.per_connection)
        self.state = SERVING

    def _ask(self) -> list[bytes]:
        """Say the next question, if it was not said."""
        if self.state == SERVING:
            return self.proceed()
        if self.state != OPENING or self._is_asked:
            return []
        line = self._question.line
        if not self._replies.is_between:
            raise Nonsense(OUT_OF_TURN)
        self._is_asked = True
        if line is None:
            self.state = ENCRYPTING
            return []
        return [line] if line else []

    # --- the end ------------------------------------------------------------

    def _fail(self, fault: Nonsense | Leaving | Spent) -> None:
        if isinstance(fault, Leaving):
            self._end(fault.reply.words, fault.reply)
        elif isinstance(fault, Spent):
            self._end(str(fault))
        else:
            self.end(str(fault))

    def _end(self, words: str, reply: Reply | None = None) -> None:
        self.state = OVER
        self.words = words
        self.reply = reply
        self._opening.close()
        if self.mail is not None:
            self.left = self.mail.lost(words)
