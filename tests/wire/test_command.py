"""The transport that runs a program, with programs that behave and that do not."""

import sys
import threading
from pathlib import Path

import pytest

from publisher.delivery import judge
from publisher.errors import TransportError
from publisher.model import Envelope, Outcome, Phase
from publisher.wire.command import Command

ENVELOPE = Envelope("bounces@list.example.net", "reader@example.com")
MESSAGE = (b"Subject: x\r\n\r\n", b"first\r\n", "河流\r\n".encode())


def yes() -> bool:
    """Begin."""
    return True


@pytest.fixture
def program(tmp_path: Path):
    """Make commands of a few lines of Python, which keep what they are given in `told`."""

    def make(text: str = "", *arguments: str) -> list[str]:
        file = tmp_path / "program.py"
        file.write_text(
            "import os, sys, time\n"
            "def keep():\n"
            f"    with open({str(tmp_path / 'told')!r}, 'wb') as file:\n"
            "        file.write('|'.join(sys.argv[1:]).encode() + b'\\n' + sys.stdin.buffer.read())\n"
            f"{text or 'keep()'}\n"
        )
        given = arguments or ("-f", "{sender}", "--", "{recipient}")
        return [sys.executable, "-S", "-E", str(file), *given]

    return make


def test_message_and_addresses_are_given(program, tmp_path: Path) -> None:
    """The addresses are arguments, the message comes on standard input with Unix line ends."""
    reply = Command(program()).deliver(ENVELOPE, MESSAGE, yes)
    assert (reply.phase, reply.code) == (Phase.DOT, 250)
    assert (tmp_path / "told").read_bytes() == (
        b"-f|bounces@list.example.net|--|reader@example.com\n"
        b"Subject: x\n\nfirst\n" + "河流\n".encode()
    )


@pytest.mark.parametrize(
    ("code", "phase", "number", "outcome"),
    [
        (65, Phase.DOT, 554, Outcome.REFUSED),
        (67, Phase.RCPT, 550, Outcome.REFUSED),
        (68, Phase.RCPT, 550, Outcome.REFUSED),
        (75, Phase.DOT, 451, Outcome.DEFERRED),
        (64, Phase.CONNECT, None, Outcome.RELAY),
        (69, Phase.CONNECT, None, Outcome.RELAY),
        (78, Phase.CONNECT, None, Outcome.RELAY),
        (1, Phase.CONNECT, None, Outcome.RELAY),
    ],
)
def test_exit_codes_are_replies(program, code: int, phase, number, outcome: Outcome) -> None:
    """Each exit code is the reply sysexits.h means by it, with what the program said."""
    text = f"sys.stdin.read(); print('not\\x1b[1m\\nso', file=sys.stderr); sys.exit({code})"
    reply = Command(program(text)).deliver(ENVELOPE, MESSAGE, yes)
    assert (reply.phase, reply.code) == (phase, number)
    assert reply.words.endswith("not [1m so")
    assert judge(reply).outcome is outcome


def test_no_shell_sees_an_address(program, tmp_path: Path) -> None:
    """What a shell would act on is an argument like any other."""
    envelope = Envelope("a@b.example", "$(touch${IFS}x);`id`'&|x@example.com")
    assert Command(program()).deliver(envelope, MESSAGE, yes).code == 250
    assert b"|$(touch${IFS}x);`id`'&|x@example.com\n" in (tmp_path / "told").read_bytes()


@pytest.mark.parametrize("address", ["-oQ/tmp@example.com", "a b@c.example", "", "a\0@b.example"])
def test_address_that_would_be_an_option_is_refused(program, tmp_path: Path, address: str) -> None:
    """No address becomes an option or breaks out; the program is not even started."""
    reply = Command(program()).deliver(Envelope("a@b.example", address), MESSAGE, yes)
    assert judge(reply).outcome is Outcome.REFUSED
    assert not (tmp_path / "told").exists()


def test_unwanted_message_is_not_given(program, tmp_path: Path) -> None:
    """When `begun` says no, no program is started."""
    assert Command(program()).deliver(ENVELOPE, MESSAGE, lambda: False) is None
    assert not (tmp_path / "told").exists()


def test_program_that_hangs_is_ended_and_leaves_a_doubt(program) -> None:
    """A program that does not end in time is killed; it may have passed the message on."""
    reply = Command(program("keep(); time.sleep(60)"), timeout=0.0005).deliver(
        ENVELOPE, MESSAGE, yes
    )
    assert judge(reply).outcome is Outcome.IN_DOUBT


def test_program_that_is_killed_leaves_a_doubt(program) -> None:
    """So does one that dies by a signal."""
    reply = Command(program("keep(); os.kill(os.getpid(), 9)")).deliver(ENVELOPE, MESSAGE, yes)
    assert judge(reply).outcome is Outcome.IN_DOUBT
    assert "SIGKILL" in reply.words


def test_program_that_talks_for_ever_is_bounded(program) -> None:
    """A megabyte of complaints neither blocks the program nor is kept."""
    text = "sys.stderr.write('x' * 1_000_000); keep(); sys.exit(75)"
    reply = Command(program(text)).deliver(ENVELOPE, [b"x\r\n" * 300_000], yes)
    assert (reply.code, len(reply.words)) == (451, 500)


def test_program_that_does_not_read_is_believed(program) -> None:
    """A program that refuses before it has read the message is heard."""
    reply = Command(program("sys.exit(67)")).deliver(ENVELOPE, [b"x\r\n" * 300_000], yes)
    assert reply.code == 550


def test_abort_ends_the_program(program) -> None:
    """From another thread the wait can be ended; nothing is delivered after."""
    command = Command(program("keep(); time.sleep(60)"))
    threading.Timer(0.3, command.abort).start()
    assert judge(command.deliver(ENVELOPE, MESSAGE, yes)).outcome is Outcome.IN_DOUBT
    assert command.deliver(ENVELOPE, MESSAGE, yes) is None


def test_missing_program_is_told(tmp_path: Path) -> None:
    """A program that is not there is a TransportError with the remedy."""
    with pytest.raises(TransportError, match="cannot be started") as caught:
        Command([str(tmp_path / "none")]).deliver(ENVELOPE, MESSAGE, yes)
    assert caught.value.hint
