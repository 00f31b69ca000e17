"""wire.transactions - mail transactions on an open connection: answers in, bytes out.

    Pipelined   MAIL RCPT DATA in one write, the next three behind the content's dot (RFC 2920)
    Chunked     RSET MAIL RCPT BDAT content, several under way at once (RFC 3030)
    LockStep    one command, one answer

Answers come in the order of the commands, so the transactions under way stand in a row and the
first one's `step` says what is awaited. Answers change steps, nothing else; `proceed` writes what
is due afterwards. So an answer that came before its question was written is found out: it is
`Nonsense`, as is one that nothing awaits.

What is known of servers, and why it stands here:
- DATA may be answered 354 although the recipient was refused (RFC 2920 §3.1): a lone dot, whose
  answer means nothing, and never the content.
- Errors are counted: Postfix slows down from the tenth and leaves at the twentieth, and a refused
  recipient is two. So after REFUSALS of them the connection is to be changed.
- Exim closes after some RSETs without a message: RSET is said only after a refused transaction,
  except before each MAIL of `Chunked`. There it must be: after a refused recipient Exim keeps the
  old sender, and the next reader's bounces would be charged to the one before (RFC 3030 §2).

Never: touches a socket, judges. See: wire.protocol (one connection), wire.envelopes (commands).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar, Final

from publisher.model import Parcel, Phase, Reply
from publisher.wire.envelopes import Terms
from publisher.wire.freight import Freight
from publisher.wire.opening import Timeouts
from publisher.wire.replies import Answer, Nonsense

REFUSALS: Final = 4
"""So many refused on a connection, and it is changed."""

HALTED: Final = "told to stop"
OUT_OF_TURN: Final = "the server spoke out of turn"
RSET, MAIL, RCPT, DATA, READY, DOT, VOID = range(7)
"""What a transaction awaits the answer to; READY: our own turn to give the content; VOID: the dot
of a transaction that was refused."""
_DOT: Final = Phase.DOT  # looking a member up costs more than all else about it
_PHASES: Final = (
    *(Phase.MAIL, Phase.MAIL, Phase.RCPT, Phase.DATA),
    *(Phase.DATA, Phase.DOT, Phase.DOT),
)


class Spent(Exception):
    """The connection is of no more use, and that is nobody's fault."""


class Leaving(Exception):
    """The server closes the connection: its 421."""

    def __init__(self, answer: Answer, step: int) -> None:
        super().__init__(answer)
        self.reply = answer.reply(_PHASES[step])


class Turn:
    """One transaction: its parcel, what is awaited, how its envelope was refused.

    `is_told`: its outcome is told, or it is given back.
    """

    refusal: Reply | None = None
    is_begun = False
    is_told = False

    def __init__(self, parcel: Parcel, step: int, size: int) -> None:
        self.parcel = parcel
        self.step = step
        self.size = size


class Pipelined:
    """DATA with the next envelope behind the dot: at most one content and one envelope under way.

    `disowned` is the last refusal of our own address: that is about us, not about anybody's mail.
    `given`: how many bytes were given last, 0 where they were not counted; `behind`: how many were
    given after the last content's end; `unsent` is set by who writes: how many of all bytes the
    kernel has not taken yet. `is_in_step`: the last that was given is a content with an envelope
    behind it; whoever hears answers to them takes it back.
    """

    is_eager: ClassVar[bool] = False
    """Whether `proceed` may have more to say at once."""

    def __init__(self, terms: Terms, freight: Freight, time: Timeouts, most: int) -> None:
        self.flight: deque[Turn] = deque()
        self.is_leaving = False
        self.is_in_step = False
        self.accepted = self.messages = self.refusals = self.strains = 0
        self.disowned: Reply | None = None
        self.behind = self.unsent = self.given = 0
        self._terms = terms
        self._freight = freight
        self._time = time
        self._most = most
        self._is_unclean = False

    # --- what was answered --------------------------------------------------

    def hear(self, answers: Sequence[Answer]) -> None:
        """Take answers in their order; raises as `answered` does.

        Nearly all are the positive ones to an envelope, and are taken here.
        """
        flight = self.flight
        for answer in answers:
            if flight and (turn := flight[0]).step < DATA and 200 <= answer.code <= 299:
                turn.step += 1
            else:
                self.answered(answer)

    def answered(self, answer: Answer) -> None:
        """Take one answer; raises Nonsense, and Leaving for a server that closes."""
        code = answer.code
        if not self.flight:
            if code == 421:
                raise Leaving(answer, MAIL)
            raise Nonsense(OUT_OF_TURN)
        turn = self.flight[0]
        step = turn.step
        if code == 421:
            self._close(turn, answer)
        elif step == DOT:
            self._end(turn, answer)
        elif step == DATA:
            self._may_begin(turn, answer)
        elif step < DATA:
            self._advance(turn, answer)
        elif step == VOID:
            self.flight.popleft()
        else:
            raise Nonsense(OUT_OF_TURN)

    @property
    def is_ready(self) -> bool:
        """Whether the next content may leave."""
        return len(self.flight) > 0 and self.flight[0].step == READY and not self.flight[0].refusal

    def go_on(self, reply: Reply) -> list[bytes]:
        """Take the reply that accepts a content, those to the envelope behind it were positive.

        Give what is to be written now. What `hear` and `proceed` do, for nearly all messages.
        """
        if self.unsent > self.behind:
            raise Nonsense(OUT_OF_TURN)  # it has not seen the end of what it answers to
        turn, following = self.flight
        self.flight.popleft()
        self._freight.settled(turn.parcel, reply)
        self.accepted += 1
        following.step = READY
        return self._give(following)

    def _advance(self, turn: Turn, answer: Answer) -> None:
        """Go on in the envelope; its refusal is remembered, the answers behind it are awaited."""
        turn.step = (step := turn.step) + 1
        if 200 <= answer.code <= 299:
            return
        if step == RSET or answer.code < 400:
            raise Nonsense(f"the server's answer means nothing: {answer.code}")
        self._strain(answer.code, step)
        if turn.refusal is None:
            turn.refusal = answer.reply(_PHASES[step])
            if step == MAIL:
                self.disowned = turn.refusal

    def _may_begin(self, turn: Turn, answer: Answer) -> None:
        if answer.code == 354:
            turn.step = READY
            if turn.refusal is not None:
                self._refuse(turn, turn.refusal)
            return
        self.flight.popleft()
        self._is_unclean = True
        self._strain(answer.code, DATA)
        self._refuse(turn, turn.refusal or answer.reply(Phase.DATA))
        if answer.code < 400:
            raise Nonsense(f"the server's answer means nothing: {answer.code}")

    def _end(self, turn: Turn, answer: Answer) -> None:
        """Take the answer to a content."""
        code = answer.code
        is_cut = self.unsent > 0 and self._is_cut(
            turn
        )  # it has not seen the end of what it answers to
        if is_cut and code < 400:
            raise Nonsense(OUT_OF_TURN)
        self.flight.popleft()
        turn.is_told = True
        self._freight.settled(turn.parcel, answer.reply(_DOT))
        if 200 <= code <= 299:
            self.accepted += 1
            return
        self.refusals += 1
        self._strain(code, DOT)
        if code <= 399:
            raise Nonsense(f"the server's answer means nothing: {code}")
        if is_cut:
            raise Spent("the server did not want to hear the content's end")

    def _refuse(self, turn: Turn, reply: Reply) -> None:
        self.refusals += 1
        if not turn.is_told:
            turn.is_told = True
            self._freight.settled(turn.parcel, reply)

    def _close(self, turn: Turn, answer: Answer) -> None:
        """Take a 421: it speaks of all content given away, and of an envelope it spoke of before."""
        self.strains += 1
        step = turn.step
        for one in self.flight:
            is_meant = one.is_begun or (one is turn and RCPT <= step <= DATA)
            if one.refusal is None and is_meant:
                self._refuse(one, answer.reply(_PHASES[one.step]))
        raise Leaving(answer, step)

    def _strain(self, code: int, step: int) -> None:
        """Count what says that we are too many; at RCPT a 451 is about the recipient."""
        if code in {421, 454} or (code == 451 and step != RCPT):
            self.strains += 1

    # --- what is said -------------------------------------------------------

    def proceed(self) -> list[bytes]:
        """Give what is to be written now."""
        self.given = 0
        flight = self.flight
        if not flight:
            commands = self._next()
            return [commands] if commands else []
        turn = flight[0]
        if turn.step == READY:
            return self._give(turn)
        if len(flight) == 1 and turn.step >= DOT:
            commands = self._next()
            self.behind += len(commands)
            return [commands] if commands else []
        if turn.is_told and turn.refusal is None:
            raise Spent(HALTED)
        return []

    def _give(self, turn: Turn) -> list[bytes]:
        """Give a content whose turn it is, with the next envelope behind it."""
        parcel = turn.parcel
        if turn.is_told:  # refused, and 354 all the same
            if turn.refusal is None:
                raise Spent(HALTED)
            turn.step = VOID
            return [b".\r\n" + self._next()]
        if not self._freight.begun(parcel):
            turn.is_told = True
            self._freight.given_back(parcel)
            raise Spent(HALTED)
        turn.step = DOT
        turn.is_begun = True
        self.messages += 1
        commands = self._next()
        self.is_in_step = bool(commands)
        self.behind = behind = len(commands)
        self.given = turn.size + 3 + behind
        return [*parcel.content, b".\r\n" + commands]

    def _next(self) -> bytes:
        """Take the next parcel; give its commands, b"" when there is none or no room."""
        if self.is_leaving or self.messages >= self._most or self.refusals >= REFUSALS:
            return b""  # `is_over`, said here because it is asked for each message
        take = self._freight.take
        while (parcel := take()) is not None:
            size = sum(map(len, parcel.content))
            written = self._terms.commands(parcel, size)
            if isinstance(written, str):
                return self._begin(parcel, written, size)
            self._freight.settled(parcel, written)
        return b""

    def _begin(self, parcel: Parcel, written: str, size: int) -> bytes:
        if self._is_unclean:
            self._is_unclean = False
            self.flight.append(Turn(parcel, RSET, size))
            return f"RSET\r\n{written}DATA\r\n".encode()
        self.flight.append(Turn(parcel, MAIL, size))
        return f"{written}DATA\r\n".encode()

    @property
    def is_over(self) -> bool:
        """Whether no further transaction is to begin on this connection."""
        return self.is_leaving or self.messages >= self._most or self.refusals >= REFUSALS

    @property
    def patience(self) -> float | None:
        """How many seconds the answer that is awaited may take; None: nothing is awaited."""
        if not self.flight:
            return None
        step = self.flight[0].step
        if step >= DOT:
            return self._time.dot
        return self._time.data if step == DATA else self._time.command

    # --- when it ends -------------------------------------------------------

    def _is_cut(self, turn: Turn) -> bool:
        """Tell whether the end of a content has not been given to the kernel."""
        return self.unsent > self.behind

    def lost(self, words: str) -> list[tuple[Parcel, Phase]]:
        """End all that is under way; give the parcels whose content nothing left of, and where.

        Content whose end was not given to the kernel cannot have been accepted: that is a lost
        connection at DATA. All other content given away is in doubt.
        """
        left = []
        for turn in self.flight:
            if turn.is_told:
                continue
            if turn.is_begun or turn.refusal is not None:
                phase = Phase.DATA if self._is_cut(turn) else Phase.DOT
                self._freight.settled(turn.parcel, turn.refusal or Reply(phase, words=words))
            else:
                left.append((turn.parcel, _PHASES[turn.step]))
        self.flight.clear()
        return left

    def halt(self) -> list[Parcel]:
        """Begin nothing more; give back whose content has not begun.

        Their envelopes may be out, so the connection is of no use after the content under way.
        """
        self.is_leaving = True
        left = []
        for turn in self.flight:
            if not (turn.is_told or turn.is_begun) and turn.refusal is None:
                turn.is_told = True
                left.append(turn.parcel)
        return left


class LockStep(Pipelined):
    """One command, one answer: for a server without PIPELINING."""

    def __init__(self, terms: Terms, freight: Freight, time: Timeouts, most: int) -> None:
        super().__init__(terms, freight, time, most)
        self._commands: deque[bytes] = deque()
        self._is_asked = False

    def hear(self, answers: Sequence[Answer]) -> None:
        """Take answers in their order."""
        for answer in answers:
            self.answered(answer)

    def answered(self, answer: Answer) -> None:
        """Take one answer; a refusal ends the transaction at once."""
        if self.flight and not self._is_asked:
            raise Nonsense(OUT_OF_TURN)
        self._is_asked = False
        super().answered(answer)
        if self.flight and (refusal := self.flight[0].refusal) is not None:
            turn = self.flight[0]
            if turn.step <= DATA:
                self.flight.popleft()
                self._commands.clear()
                self._is_unclean = True
                self._refuse(turn, refusal)

    def proceed(self) -> list[bytes]:
        """Give the next command, or the content."""
        self.given = 0
        if self.flight and self.flight[0].step in {DOT, VOID}:
            return []
        if self.flight and self.flight[0].step == READY:
            self._is_asked = True
            return super().proceed()
        if not self.flight and (commands := self._next()):
            self._commands.extend(line + b"\r\n" for line in commands.split(b"\r\n")[:-1])
        if self._commands and not self._is_asked:
            self._is_asked = True
            return [self._commands.popleft()]
        return []

    def _next(self) -> bytes:
        return b"" if self.flight else super()._next()


class Chunked(Pipelined):
    """BDAT: whole messages without waiting, so many under way at once."""

    is_eager = True

    def __init__(
        self, terms: Terms, freight: Freight, time: Timeouts, most: int, window: int
    ) -> None:
        super().__init__(terms, freight, time, most)
        self._window = window

    def hear(self, answers: Sequence[Answer]) -> None:
        """Take answers in their order; BDAT has but one, to its content."""
        for answer in answers:
            self.answered(answer)

    def answered(self, answer: Answer) -> None:
        """Take one answer."""
        super().answered(answer)
        if self.flight and (turn := self.flight[0]).step == DATA:
            turn.step = DOT

    def _end(self, turn: Turn, answer: Answer) -> None:
        refusal = turn.refusal
        if refusal is None:
            super()._end(turn, answer)
        else:
            self.flight.popleft()
            self._refuse(turn, refusal)

    def _is_cut(self, turn: Turn) -> bool:
        return self.unsent > 0 and turn is self.flight[-1]

    def proceed(self) -> list[bytes]:
        """Give the next message, whole; nothing while the kernel still has to take the last one."""
        self.given = 0
        if self.unsent or len(self.flight) >= self._window:
            return []
        while commands := self._next():
            turn = self.flight[-1]
            parcel = turn.parcel
            if self._freight.begun(parcel):
                turn.is_begun = True
                self.messages += 1
                self.behind = 0
                self.given = len(commands) + turn.size
                return [commands, *parcel.content]
            self.flight.pop()
            self._freight.given_back(parcel)
        return []

    def _begin(self, parcel: Parcel, written: str, size: int) -> bytes:
        self.flight.append(Turn(parcel, RSET, size))
        return f"RSET\r\n{written}BDAT {size} LAST\r\n".encode()
