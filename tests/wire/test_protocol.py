"""SMTP without a socket: for what a server says, what is written and what becomes of each parcel."""

import base64
import re
from collections import deque
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Envelope, Parcel, Reply
from publisher.wire import protocol
from publisher.wire.protocol import ENCRYPTING, LEAVING, OVER, SERVING, Conversation
from publisher.wire.transactions import REFUSALS

PASSWORD = "correct horse"
CONTENT = (b"Subject: x\r\n\r\n", b"hello\r\n")
MESSAGE = b"".join(CONTENT)
GREETING = b"220 relay ready\r\n"
PIPELINING = b"250-relay\r\n250 PIPELINING\r\n"
CHUNKING = b"250-relay\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
PLAIN = b"250 relay\r\n"
ENVELOPE_OK = b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n"


@dataclass(frozen=True)
class Route:
    """How a relay of these tests is reached."""

    host: str = "127.0.0.1"
    port: int = 25
    tls: str = "none"
    user: str = ""
    password: str = ""
    hello: str = ""
    ca_file: str | None = None
    timeout: float = 1.0
    mode: str = "data"
    window: int = 3
    per_connection: int = 500


class Load:
    """Freight, and what became of it, in order."""

    def __init__(self, number: int) -> None:
        self.waiting = deque(
            Parcel(n, Envelope(f"b{n}@list.example", f"r{n}@example.com"), CONTENT)
            for n in range(number)
        )
        self.events: list[tuple] = []
        self.unwanted: set[int] = set()

    def take(self) -> Parcel | None:
        """Give the next."""
        return self.waiting.popleft() if self.waiting else None

    def begun(self, parcel: Parcel) -> bool:
        """Note it."""
        self.events.append(("begun", parcel.delivery))
        return parcel.delivery not in self.unwanted

    def settled(self, parcel: Parcel, reply: Reply) -> None:
        """Note it."""
        self.events.append((parcel.delivery, reply.phase.value, reply.code))

    def given_back(self, parcel: Parcel) -> None:
        """Note it."""
        self.events.append(("back", parcel.delivery))

    @property
    def outcomes(self) -> list[tuple]:
        """What was settled, without what was begun."""
        return [event for event in self.events if event[0] != "begun"]


class Talk:
    """A conversation with its freight; `say` gives what is written in answer."""

    def __init__(self, number: int = 2, ehlo: bytes = PIPELINING, **settings) -> None:
        self.load = Load(number)
        self.talk = Conversation(Route(**settings), self.load, "client.example")
        self.first = b"".join(self.talk.begin())
        if ehlo:
            assert self.say(GREETING) == b"EHLO client.example\r\n"
            self.first = self.say(ehlo)

    def say(self, data: bytes) -> bytes:
        """Let the server say something."""
        return b"".join(self.talk.receive(data))

    @property
    def left(self) -> list[tuple[int, str]]:
        """Whose envelopes were out when it ended, and where."""
        return [(parcel.delivery, phase.value) for parcel, phase in self.talk.left]


def mail(number: int) -> bytes:
    """What is said of an envelope."""
    return b"MAIL FROM:<b%d@list.example>\r\nRCPT TO:<r%d@example.com>\r\n" % (number, number)


def envelope(number: int) -> bytes:
    """What is said of an envelope when DATA follows."""
    return mail(number) + b"DATA\r\n"


def chunk(number: int) -> bytes:
    """A whole message in one chunk."""
    return b"RSET\r\n" + mail(number) + b"BDAT %d LAST\r\n" % len(MESSAGE) + MESSAGE


# --- opening ------------------------------------------------------------------

LOGIN = {"user": "editor", "password": PASSWORD}
PLAIN_64 = base64.b64encode(f"\0editor\0{PASSWORD}".encode())
USER_64, PASSWORD_64 = base64.b64encode(b"editor"), base64.b64encode(PASSWORD.encode())
HELLO = b"EHLO client.example\r\n"


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({}, [(GREETING, HELLO), (PLAIN, b"")]),
        ({}, [(b"220-a\r\n220-b\r\n220 c\r\n", HELLO), (PLAIN, b"")]),
        ({}, [(GREETING, HELLO), (b"502 what\r\n", b"HELO client.example\r\n"), (PLAIN, b"")]),
        (LOGIN, [(GREETING, HELLO), (b"250-x\r\n250 AUTH LOGIN PLAIN\r\n",
                                     b"AUTH PLAIN " + PLAIN_64 + b"\r\n"), (b"235 ok\r\n", b"")]),
        (LOGIN, [(GREETING, HELLO), (b"250-x\r\n250 auth login\r\n", b"AUTH LOGIN\r\n"),
                 (b"334 dXNlcg==\r\n", USER_64 + b"\r\n"),
                 (b"334 cGFzcw==\r\n", PASSWORD_64 + b"\r\n"), (b"235 ok\r\n", b"")]),
    ],
)  # fmt: skip
def test_openings(settings, steps) -> None:
    """The questions of an opening in their order, one at a time, until mail can be sent."""
    talk = Talk(0, b"", **settings)
    assert talk.first == b""
    for said, written in steps:
        assert talk.talk.state != SERVING
        assert talk.say(said) == written
    assert talk.talk.state == SERVING


def test_starttls_opening() -> None:
    """After STARTTLS all begins again, and what was offered before is forgotten."""
    talk = Talk(1, b"", tls="starttls", **LOGIN)
    talk.say(GREETING)
    assert talk.say(b"250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n") == b"STARTTLS\r\n"
    assert talk.say(b"220 go\r\n") == b""
    assert talk.talk.state == ENCRYPTING
    assert b"".join(talk.talk.encrypted()) == HELLO
    assert talk.say(b"250 x\r\n") == b""
    assert "neither AUTH PLAIN" in str(talk.talk.fault)


def test_implicit_tls_opening() -> None:
    """With implicit TLS nothing is said or heard before it."""
    talk = Talk(1, b"", tls="implicit")
    assert talk.talk.state == ENCRYPTING
    assert b"".join(talk.talk.encrypted()) == b""
    assert talk.say(GREETING) == HELLO


@pytest.mark.parametrize(
    ("settings", "said", "phase", "code"),
    [
        ({}, [b"421 4.3.2 busy\r\n"], "connect", 421),
        ({}, [b"554 not here\r\n"], "connect", 554),
        ({}, [b"hello there\r\n"], "connect", None),
        ({}, [b"354 go\r\n"], "connect", 354),
        ({}, [GREETING, b"421 later\r\n"], "hello", 421),
        ({}, [GREETING, b"550 no\r\n"], "hello", 550),
        ({}, [GREETING, b"500 what\r\n", b"501 no\r\n"], "hello", 501),
        ({}, [GREETING + b"250 x\r\n"], "hello", None),
        ({"tls": "starttls"}, [GREETING, b"250 STARTTLS\r\n"], "hello", 250),
        ({"tls": "starttls"}, [GREETING, b"250-x\r\n250 STARTTLS\r\n", b"454 no\r\n"], "tls", 454),
        ({"tls": "starttls"}, [GREETING, b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n250 x\r\n"],
         "tls", None),
        ({"tls": "starttls"}, [GREETING, b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n25"],
         "tls", None),
        (LOGIN, [GREETING, b"250-x\r\n250 AUTH PLAIN\r\n", b"454 4.7.0 later\r\n"], "auth", 454),
        (LOGIN, [GREETING, b"250-x\r\n250 AUTH PLAIN\r\n", b"421 bye\r\n"], "auth", 421),
        (LOGIN, [GREETING, b"250-x\r\n250 AUTH PLAIN\r\n", b"334 more\r\n"], "auth", 334),
    ],
)  # fmt: skip
def test_openings_that_end(settings, said, phase: str, code: int | None) -> None:
    """How an opening ended is a reply, and no parcel is touched by it."""
    talk = Talk(1, b"", **settings)
    for one in said:
        last = talk.say(one)
    assert talk.talk.state == OVER
    assert last == b""
    assert (talk.talk.reply.phase, talk.talk.reply.code) == (phase, code)
    assert len(talk.load.waiting) == 1
    assert talk.load.events == []


@pytest.mark.parametrize(
    ("settings", "said", "fault"),
    [
        ({"tls": "starttls"}, [PLAIN], "no STARTTLS"),
        (LOGIN, [PLAIN], "neither AUTH PLAIN"),
        (LOGIN, [b"250-x\r\n250 AUTH CRAM-MD5\r\n"], "neither AUTH PLAIN"),
        (LOGIN, [b"250-x\r\n250 AUTH PLAIN\r\n",
                 b"535 5.7.8 no: " + PLAIN_64 + b" " + PASSWORD.encode() + b"\r\n"],
         "refused the login: 535"),
        ({**LOGIN, "host": "relay.example.net"}, [b"250-x\r\n250 AUTH PLAIN\r\n"], "unencrypted"),
    ],
)  # fmt: skip
def test_openings_that_only_a_person_can_mend(settings, said, fault: str) -> None:
    """What cannot work is a fault with a hint that never shows the password."""
    talk = Talk(1, b"", **settings)
    talk.say(GREETING)
    for one in said:
        talk.say(one)
    told = talk.talk.fault
    assert talk.talk.state == OVER
    assert re.search(fault, str(told))
    assert told.hint
    for secret in (PASSWORD, PLAIN_64.decode()):
        assert secret not in f"{told} {told.hint} {talk.talk.reply}"


# --- one behind the other -----------------------------------------------------


def test_next_envelope_stands_behind_the_dot() -> None:
    """Two messages: the second's envelope leaves with the first one's content."""
    talk = Talk(2)
    assert talk.first == envelope(0)
    assert talk.say(ENVELOPE_OK) == MESSAGE + b".\r\n" + envelope(1)
    assert talk.say(b"250 2.0.0 queued\r\n" + ENVELOPE_OK) == MESSAGE + b".\r\n"
    assert talk.say(b"250 2.0.0 queued\r\n") == b""
    assert talk.load.events == [
        ("begun", 0), (0, "dot", 250), ("begun", 1), (1, "dot", 250),
    ]  # fmt: skip
    assert talk.talk.is_idle


def test_content_goes_as_it_was_given() -> None:
    """The pieces of a content are written as they are: nothing is copied."""
    talk = Talk(1)
    pieces = talk.talk.receive(ENVELOPE_OK)
    assert all(one is other for one, other in zip(pieces, CONTENT, strict=False))


def test_what_comes_later_is_taken_when_asked() -> None:
    """A connection with nothing to do, or with a content whose answer is awaited, takes the next."""
    talk = Talk(0)
    assert b"".join(talk.talk.proceed()) == b""
    talk.load.waiting.extend(Load(2).waiting)
    assert b"".join(talk.talk.proceed()) == envelope(0)
    assert b"".join(talk.talk.proceed()) == b""
    later = talk.load.waiting.pop()
    assert talk.say(ENVELOPE_OK) == MESSAGE + b".\r\n"
    talk.load.waiting.append(later)
    assert b"".join(talk.talk.proceed()) == envelope(1)
    assert b"".join(talk.talk.proceed()) == b""


@pytest.mark.parametrize(
    ("said", "written", "outcome"),
    [
        (b"550 5.1.8 bad sender\r\n503 MAIL first\r\n503 MAIL first\r\n", b"RSET\r\n", "mail"),
        (b"250 ok\r\n550 5.1.1 unknown\r\n554 no recipients\r\n", b"RSET\r\n", "rcpt"),
        (b"250 ok\r\n550-5.1.1 no\r\n550 5.1.1 such\r\n503 no\r\n", b"RSET\r\n", "rcpt"),
        (b"250 ok\r\n250 ok\r\n550 not now\r\n", b"RSET\r\n", "data"),
        (b"250 ok\r\n550 5.1.1 unknown\r\n354 go on\r\n", b".\r\n", "rcpt"),
        (b"550 no\r\n250 ok\r\n354 go on\r\n", b".\r\n", "mail"),
    ],
)
def test_refused_envelope_harms_nobody_else(said: bytes, written: bytes, outcome: str) -> None:
    """A refusal is told; RSET comes before the next, or a lone dot, whose answer means nothing."""
    talk = Talk(3)
    assert talk.say(said) == written + envelope(1)
    assert talk.load.events == [(0, outcome, 550)]
    assert talk.say(b"250 whatever\r\n" + ENVELOPE_OK) == MESSAGE + b".\r\n" + envelope(2)
    assert talk.say(b"250 2.0.0 ok\r\n") == b""
    assert talk.load.outcomes == [(0, outcome, 550), (1, "dot", 250)]


def test_refused_content_needs_no_reset() -> None:
    """After the dot a transaction is over, whatever the answer: RFC 5321 §4.1.1.4."""
    talk = Talk(3)
    talk.say(ENVELOPE_OK)
    written = talk.say(b"554 5.7.1 spam\r\n" + ENVELOPE_OK)
    assert written == MESSAGE + b".\r\n" + envelope(2)
    assert talk.load.outcomes == [(0, "dot", 554)]


def test_connection_is_changed_after_refusals() -> None:
    """After four refused recipients the connection is taken leave of before it becomes slow."""
    talk = Talk(10)
    for _ in range(REFUSALS - 1):
        talk.say(b"250 ok\r\n" * (b"RSET" in talk.first))
        talk.first = talk.say(b"250 ok\r\n550 5.1.1 unknown\r\n554 no\r\n")
        assert talk.first.startswith(b"RSET\r\n")
    assert talk.say(b"250 ok\r\n250 ok\r\n550 5.1.1 unknown\r\n554 no\r\n") == b"QUIT\r\n"
    assert talk.talk.state == LEAVING
    assert len(talk.load.waiting) == 10 - REFUSALS
    assert talk.say(b"221 bye\r\n") == b""
    assert talk.talk.state == OVER


def test_connection_is_changed_after_many_messages() -> None:
    """The last message of a connection has no envelope behind it, and QUIT follows its answer."""
    talk = Talk(5, per_connection=2)
    assert talk.say(ENVELOPE_OK) == MESSAGE + b".\r\n" + envelope(1)
    assert talk.say(b"250 ok\r\n" + ENVELOPE_OK) == MESSAGE + b".\r\n"
    assert talk.say(b"250 ok\r\n") == b"QUIT\r\n"
    assert len(talk.load.waiting) == 3


def test_unwanted_content_never_leaves() -> None:
    """When `begun` says no after 354, nothing more is written: the connection is closed."""
    talk = Talk(2)
    talk.load.unwanted.add(0)
    assert talk.say(ENVELOPE_OK) == b""
    assert talk.talk.state == OVER
    assert talk.load.outcomes == [("back", 0)]
    assert (talk.talk.reply, talk.left) == (None, [])


# --- in lock-step -------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"ehlo": PLAIN}, {"mode": "lockstep"}])
def test_lock_step(settings) -> None:
    """Without PIPELINING, or when asked, each command waits for the answer before."""
    talk = Talk(3, **settings)
    lines = envelope(0).splitlines(keepends=True)
    assert talk.first == lines[0]
    assert talk.say(b"250 ok\r\n") == lines[1]
    assert talk.say(b"250 ok\r\n") == lines[2]
    assert talk.say(b"354 go\r\n") == MESSAGE + b".\r\n"
    assert talk.say(b"250 ok\r\n") == mail(1).splitlines(keepends=True)[0]
    assert talk.say(b"250 ok\r\n") == mail(1).splitlines(keepends=True)[1]
    assert talk.say(b"550 5.1.1 unknown\r\n") == b"RSET\r\n"
    assert talk.say(b"250 ok\r\n") == mail(2).splitlines(keepends=True)[0]
    assert talk.say(b"450 later\r\n") == b""
    assert talk.load.outcomes == [(0, "dot", 250), (1, "rcpt", 550), (2, "mail", 450)]
    assert talk.talk.is_idle


def test_lock_step_leaves_too() -> None:
    """In lock-step the connection is changed after refusals as well."""
    talk = Talk(9, PLAIN)
    for number in range(REFUSALS):
        last = talk.say(b"550 5.1.8 no\r\n")
        if number < REFUSALS - 1:
            assert last == b"RSET\r\n"
            talk.say(b"250 ok\r\n")
    assert last == b"QUIT\r\n"


# --- in chunks ----------------------------------------------------------------


def chunked(number: int = 5, **settings) -> Talk:
    """A conversation in chunks that has said all it may at once."""
    talk = Talk(number, CHUNKING, mode="bdat", **settings)
    while more := b"".join(talk.talk.proceed()):
        talk.first += more
    return talk


TAKEN = b"250 reset\r\n250 ok\r\n250 ok\r\n250-first\r\n250 2.0.0 ok\r\n"


def test_chunks_are_under_way_at_once() -> None:
    """As many messages as the window holds are written unasked, RSET before each."""
    talk = chunked()
    assert talk.first == chunk(0) + chunk(1) + chunk(2)
    assert talk.say(TAKEN) == chunk(3)
    assert talk.say(TAKEN[:20]) == b""
    assert talk.say(TAKEN[20:] + TAKEN) == chunk(4)
    assert talk.load.outcomes == [(n, "dot", 250) for n in range(3)]


def test_refused_recipient_of_a_chunk() -> None:
    """The refusal is the outcome, and the answer to its content means nothing."""
    talk = chunked()
    talk.say(b"250 reset\r\n250 ok\r\n550 5.1.1 unknown\r\n503 5.5.1 no\r\n" + TAKEN)
    assert talk.load.outcomes == [(0, "rcpt", 550), (1, "dot", 250)]


def test_without_chunking_there_are_no_chunks() -> None:
    """A relay without CHUNKING is spoken to by DATA."""
    talk = Talk(2, PIPELINING, mode="bdat")
    assert talk.first == envelope(0)


def test_unwanted_chunk_is_left_out() -> None:
    """What is not wanted is given back, and the connection goes on."""
    talk = Talk(0, CHUNKING, mode="bdat")
    talk.load.waiting.extend(Load(2).waiting)
    talk.load.unwanted.add(0)
    assert b"".join(talk.talk.proceed()) == chunk(1)
    assert talk.load.outcomes == [("back", 0)]


def test_chunks_wait_for_the_kernel() -> None:
    """While the kernel has not taken the last message no other is begun."""
    talk = Talk(5, CHUNKING, mode="bdat")
    talk.talk.mail.unsent = 1
    assert b"".join(talk.talk.proceed()) == b""


@pytest.mark.parametrize(("unsent", "last"), [(0, "dot"), (1, "data")])
def test_lost_chunks(unsent: int, last: str) -> None:
    """All under way are in doubt, but for the one whose end the kernel never had."""
    talk = chunked()
    talk.say(TAKEN)
    talk.talk.mail.unsent = unsent
    talk.talk.end("closed")
    assert talk.load.outcomes == [
        (0, "dot", 250), (1, "dot", None), (2, "dot", None), (3, last, None),
    ]  # fmt: skip


# --- servers that lie, leave and are lost -------------------------------------

BEFORE = [
    # what was said after the envelope of 0 was out, and where 0 stands then
    (b"", "mail"),
    (b"250 ok\r\n", "rcpt"),
    (b"250 ok\r\n250 ok\r\n", "data"),
    (b"250 ok\r\n250 ok\r\n35", "data"),
]


@pytest.mark.parametrize(("said", "phase"), BEFORE)
def test_lost_before_the_content(said: bytes, phase: str) -> None:
    """An envelope without content leaves nothing in doubt: the parcel is left for another try."""
    talk = Talk(2)
    talk.say(said)
    talk.talk.end("closed")
    assert talk.load.events == []
    assert talk.left == [(0, phase)]


@pytest.mark.parametrize(
    ("unsent", "behind", "outcome"),
    [
        (0, True, (0, "dot", None)),
        (len(envelope(1)), True, (0, "dot", None)),
        (len(envelope(1)) + 1, True, (0, "data", None)),
        (0, False, (0, "dot", None)),
        (1, False, (0, "data", None)),
    ],
)
def test_lost_after_the_content(unsent: int, behind: bool, outcome: tuple) -> None:
    """A content given whole is in doubt; one whose dot the kernel never had cannot have arrived."""
    talk = Talk(2 if behind else 1)
    talk.say(ENVELOPE_OK)
    talk.talk.mail.unsent = unsent
    talk.talk.end("closed")
    assert talk.load.outcomes == [outcome]
    assert talk.left == ([(1, "mail")] if behind else [])


def test_refusal_heard_before_the_loss_stands() -> None:
    """A recipient refused before the connection was lost is refused, not lost."""
    talk = Talk(2)
    talk.say(b"250 ok\r\n550 5.1.1 unknown\r\n")
    talk.talk.end("closed")
    assert talk.load.outcomes == [(0, "rcpt", 550)]
    assert talk.left == []


@pytest.mark.parametrize(
    ("said", "outcomes", "left"),
    [
        (b"421 idle\r\n", [], [(0, "mail")]),
        (b"250 ok\r\n421 4.7.0 closing\r\n", [(0, "rcpt", 421)], []),
        (b"250 ok\r\n250 ok\r\n421 closing\r\n", [(0, "data", 421)], []),
        (b"250 ok\r\n550 no\r\n421 closing\r\n", [(0, "rcpt", 550)], []),
        (ENVELOPE_OK, [], []),
    ],
)
def test_server_that_leaves(said: bytes, outcomes, left) -> None:
    """421 ends the connection; it speaks of the message whose envelope was spoken of before."""
    talk = Talk(3)
    talk.say(said)
    if said == ENVELOPE_OK:
        talk.say(b"421 shutting down\r\n")
        outcomes, left = [(0, "dot", 421)], [(1, "mail")]
    assert talk.load.outcomes == outcomes
    assert talk.left == left
    assert talk.talk.state == OVER
    assert talk.talk.reply.code == 421
    assert talk.talk.mail.strains == 1


def test_server_that_leaves_while_chunks_are_under_way() -> None:
    """421 is the answer to all of them: none was taken."""
    talk = chunked()
    talk.say(TAKEN + b"421 shutting down\r\n")
    assert [event[2] for event in talk.load.outcomes] == [250, 421, 421]


def test_server_that_leaves_an_idle_connection() -> None:
    """421 on a connection with nothing under way is about nobody."""
    talk = Talk(0)
    talk.say(b"421 idle too long\r\n")
    assert (talk.talk.state, talk.load.events, talk.left) == (OVER, [], [])


@pytest.mark.parametrize(
    ("said", "outcomes"),
    [
        (b"250 ok\r\n250 ok\r\n250 what\r\n", [(0, "data", 250)]),
        (b"354 what\r\n", []),
        (b"250 ok\r\n354 what\r\n", []),
        (b"hello\r\n", []),
        (ENVELOPE_OK + b"250 queued\r\n", []),
        (ENVELOPE_OK + b"25", []),
        (b"250 x" + b"x" * 9000, []),
        (b"250-x\r\n" * 200, []),
        (b"\xff\xfe\x00\r\n", []),
    ],
)
def test_nonsense_ends_the_connection(said: bytes, outcomes) -> None:
    """An answer that is none, unasked or too long ends it, and no content leaves after it."""
    talk = Talk(2)
    assert talk.say(said) == b""
    assert talk.talk.state == OVER
    assert talk.load.outcomes == outcomes
    assert ("begun", 0) not in talk.load.events
    assert len(talk.left) + len(outcomes) == 1


def test_answer_to_a_content_that_was_not_written_is_no_answer() -> None:
    """250 while the dot is still ours to write does not count: nobody is accepted by it."""
    talk = Talk(1)
    talk.say(ENVELOPE_OK)
    talk.talk.mail.unsent = 3
    talk.say(b"250 queued\r\n")
    assert talk.talk.state == OVER
    assert talk.load.outcomes == [(0, "data", None)]


def test_refusal_of_a_content_that_was_not_written_counts() -> None:
    """A server may refuse before it heard all; then the connection is of no more use."""
    talk = Talk(1)
    talk.say(ENVELOPE_OK)
    talk.talk.mail.unsent = 3
    talk.say(b"552 5.3.4 too big\r\n")
    assert talk.talk.state == OVER
    assert talk.load.outcomes == [(0, "dot", 552)]


def test_unasked_reply_on_an_idle_connection() -> None:
    """A server that speaks when nothing was asked is not trusted any further."""
    talk = Talk(0)
    talk.say(b"250 hello\r\n")
    assert talk.talk.state == OVER


def test_meaningless_answer_to_a_content_is_told() -> None:
    """354 after the dot is told as it is, and ends the connection."""
    talk = Talk(1)
    talk.say(ENVELOPE_OK)
    talk.say(b"354 more\r\n")
    assert talk.load.outcomes == [(0, "dot", 354)]
    assert talk.talk.state == OVER


# --- halting ------------------------------------------------------------------


def test_halt_before_the_content() -> None:
    """An envelope that is out is given back, and nothing is written any more."""
    talk = Talk(2)
    assert [parcel.delivery for parcel in talk.talk.halt()] == [0]
    assert talk.talk.state == OVER
    assert talk.say(ENVELOPE_OK) == b""
    assert talk.load.events == []


@pytest.mark.parametrize("said", [b"250 ok\r\n", b"250 ok\r\n" + ENVELOPE_OK])
def test_halt_after_the_content(said: bytes) -> None:
    """What has begun may end; the envelope behind it never becomes a message."""
    talk = Talk(3)
    talk.say(ENVELOPE_OK)
    assert [parcel.delivery for parcel in talk.talk.halt()] == [1]
    assert talk.talk.state == SERVING
    assert talk.say(said) == b""
    assert talk.talk.state == OVER
    assert talk.load.outcomes == [(0, "dot", 250)]
    assert (talk.left, talk.talk.reply) == ([], None)


def test_halt_of_an_idle_connection() -> None:
    """A connection with nothing under way takes its leave."""
    talk = Talk(0)
    assert talk.talk.halt() == []
    assert b"".join(talk.talk.proceed()) == b"QUIT\r\n"


def test_listening_only() -> None:
    """When nothing can be written any more, answers count, and no envelope becomes a message."""
    talk = Talk(2)
    talk.say(ENVELOPE_OK)
    talk.talk.listen(b"250 ok\r\n" + ENVELOPE_OK)
    assert talk.load.outcomes == [(0, "dot", 250)]
    talk.talk.end("broken pipe")
    assert talk.left == [(1, "mail")]


# --- any server, any pieces ---------------------------------------------------


class Relay:
    """A well-behaved relay without a socket, that refuses as it is told."""

    def __init__(self, verdicts: dict[int, str], *, eager: bool) -> None:
        self.verdicts = verdicts
        self.eager = eager
        self.taken: list[int] = []
        self._buffer = b""
        self._who: int | None = None
        self._sender: int | None = None
        self._in_content = False
        self._ended = False

    def hear(self, data: bytes) -> bytes:
        """Take bytes, give the replies to them."""
        self._buffer += data
        said = b""
        while not self._ended:
            answer = self._one()
            if answer is None:
                break
            said += answer
        return said

    def _one(self) -> bytes | None:
        if self._in_content:
            body, dot, rest = self._buffer.partition(b".\r\n")
            if not dot or not (body == b"" or body.endswith(b"\r\n")):
                return None
            self._buffer, self._in_content = rest, False
            return self._end(body)
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return None
        verb = line[:4].upper()
        if verb == b"BDAT":
            size = int(line.split(b" ")[1])
            if len(rest) < size:
                return None
            self._buffer = rest[size:]
            return self._end(rest[:size]) if self._who is not None else b"503 5.5.1 no\r\n"
        self._buffer = rest
        return self._command(verb, line)

    def _command(self, verb: bytes, line: bytes) -> bytes:
        if verb == b"QUIT":
            self._ended = True
            return b"221 bye\r\n"
        if verb == b"RSET":
            self._sender = self._who = None
            return b"250 2.0.0 ok\r\n"
        if verb == b"MAIL":
            if self._sender is not None:
                return b"503 5.5.1 nested\r\n"
            number = int(line.partition(b"<b")[2].partition(b"@")[0])
            if self.verdicts.get(number) == "mail":
                return b"451 4.3.0 later\r\n"
            self._sender = number
            return b"250-2.1.0 fine\r\n250 2.1.0 ok\r\n" if number % 2 else b"250 2.1.0 ok\r\n"
        if verb == b"RCPT":
            number = int(line.partition(b"<r")[2].partition(b"@")[0])
            if self._sender is None:
                return b"503 5.5.1 MAIL first\r\n"
            assert self._sender == number, "another sender's envelope"
            if self.verdicts.get(number) == "rcpt":
                return b"550 5.1.1 unknown\r\n"
            self._who = number
            return b"250 2.1.5 ok\r\n"
        assert verb == b"DATA"
        if self._who is None and not self.eager:
            return b"554 5.5.1 no valid recipients\r\n"
        self._in_content = True
        return b"354 go\r\n"

    def _end(self, body: bytes) -> bytes:
        who, self._who, self._sender = self._who, None, None
        if who is None:
            assert body == b"", "content without a recipient"
            return b"554 5.5.1 no valid recipients\r\n"
        assert body == MESSAGE
        if self.verdicts.get(who) == "dot":
            return b"554 5.7.1 no\r\n"
        self.taken.append(who)
        return b"250 2.0.0 queued as %d\r\n" % who


MODES = [("data", PIPELINING), ("data", PLAIN), ("bdat", CHUNKING), ("lockstep", CHUNKING)]


@given(
    st.sampled_from(MODES),
    st.dictionaries(st.integers(0, 7), st.sampled_from(["mail", "rcpt", "dot"])),
    st.booleans(),
    st.lists(st.integers(1, 40), min_size=1, max_size=20),
    st.lists(st.integers(1, 60), min_size=1, max_size=20),
)
def test_however_the_bytes_are_cut(how, verdicts, eager, there, back) -> None:
    """Cut anywhere in both directions, each parcel has the outcome the server gave it, once."""
    mode, ehlo = how
    relay = Relay(verdicts, eager=eager)
    talk = Talk(8, b"", mode=mode)
    talk.say(GREETING)
    outgoing, incoming = b"", ehlo
    turn = 0
    while incoming or outgoing:
        if incoming:
            size = back[turn % len(back)]
            outgoing += talk.say(incoming[:size])
            incoming = incoming[size:]
            while mode == "bdat" and (more := b"".join(talk.talk.proceed())):
                outgoing += more
        size = there[turn % len(there)]
        incoming += relay.hear(outgoing[:size])
        outgoing = outgoing[size:]
        turn += 1
    codes = {"mail": ("mail", 451), "rcpt": ("rcpt", 550), "dot": ("dot", 554)}
    ended = {event[0]: event[1:] for event in talk.load.outcomes}
    assert len(ended) == len(talk.load.outcomes)
    assert set(ended) == set(range(8 - len(talk.load.waiting)))
    for number, outcome in ended.items():
        assert outcome == codes.get(verdicts.get(number), ("dot", 250))
    assert sorted(relay.taken) == sorted(n for n, outcome in ended.items() if outcome[1] == 250)
    assert talk.talk.mail.refusals >= REFUSALS or not talk.load.waiting


# --- what is known by sight ---------------------------------------------------

QUEUED = b"250 2.0.0 queued\r\n"


def in_step(number: int = 6) -> Talk:
    """A conversation that has heard the same three answers to two envelopes behind a content."""
    talk = Talk(number)
    talk.say(ENVELOPE_OK)
    for n in (1, 2):
        assert talk.say(QUEUED + ENVELOPE_OK) == MESSAGE + b".\r\n" + envelope(n + 1)
    return talk


@pytest.mark.parametrize(
    ("first", "outcome"),
    [
        (b"250 other words\r\n", (2, "dot", 250)),
        (b"554 5.7.1 no\r\n", (2, "dot", 554)),
        (b"451 4.3.0 later\r\n", (2, "dot", 451)),
    ],
)
def test_other_answer_before_the_usual_ones(first: bytes, outcome: tuple) -> None:
    """What the content was answered counts, however well the three behind it are known."""
    talk = in_step()
    assert talk.say(first + ENVELOPE_OK) == MESSAGE + b".\r\n" + envelope(4)
    assert talk.load.outcomes[-1] == outcome


@pytest.mark.parametrize(
    ("said", "outcomes", "is_over"),
    [
        (b"250-2.0.0 queued\r\n" + ENVELOPE_OK, [(2, "dot", 250)], True),
        (b"250-2.0.0 queued\r\n" + QUEUED + ENVELOPE_OK, [(2, "dot", 250)], False),
        (QUEUED + ENVELOPE_OK + b"250 more\r\n", [(2, "dot", 250)], True),
        (QUEUED + ENVELOPE_OK + b"25", [(2, "dot", 250)], True),
        (b"421 bye\r\n" + ENVELOPE_OK, [(2, "dot", 421)], True),
        (b"354 what\r\n" + ENVELOPE_OK, [(2, "dot", 354)], True),
        (b"hello\r\n" + ENVELOPE_OK, [(2, "dot", None)], True),
        (QUEUED + b"250 2.1.0 ok\r\n550 5.1.1 no\r\n354 go\r\n",
         [(2, "dot", 250), (3, "rcpt", 550)], False),
    ],
)  # fmt: skip
def test_what_only_resembles_the_usual(said: bytes, outcomes, is_over: bool) -> None:
    """A longer reply, one too many, a piece of one or a refusal is not taken for the usual."""
    talk = in_step()
    before = len(talk.load.outcomes)
    talk.say(said)
    assert talk.load.outcomes[before:] == outcomes
    assert (talk.talk.state == OVER) is is_over


def test_usual_answers_to_a_content_that_was_not_written() -> None:
    """However well they are known, nobody is accepted whose content is still ours to write."""
    talk = in_step()
    talk.talk.mail.unsent = talk.talk.mail.given
    assert talk.say(QUEUED + ENVELOPE_OK) == b""
    assert talk.talk.state == OVER
    assert talk.load.outcomes[-1] == (2, "data", None)


def test_answers_that_name_the_reader_are_never_usual(monkeypatch) -> None:
    """Where each answer is another nothing is learnt, which costs more than reading does."""
    learnt = []
    monkeypatch.setattr(protocol, "usual", learnt.append)
    talk = Talk(6)
    talk.say(ENVELOPE_OK)
    for n in range(1, 5):
        named = b"250 2.1.0 ok\r\n250 2.1.5 <r%d@example.com> ok\r\n354 go\r\n" % n
        assert talk.say(QUEUED + named) == MESSAGE + b".\r\n" + envelope(n + 1)
    assert not learnt


def test_usual_answers_to_something_else() -> None:
    """The same bytes after another question are read as answers to that one."""
    talk = in_step(4)
    assert talk.say(QUEUED + ENVELOPE_OK) == MESSAGE + b".\r\n"
    talk.say(QUEUED + ENVELOPE_OK)
    assert talk.talk.state == OVER
    assert talk.load.outcomes[-1] == (3, "dot", 250)
