"""wire.replies - bytes of a server in, its replies out.

RFC 5321 §4.2: any number of lines, the code of the last one; the enhanced code (RFC 3463) is taken
out of the words. Lines that came before and will come again are known at sight: of the four replies
to a message three are the same each time.
Faults: `Nonsense` for what is no reply, and for what is longer than any reply.
Never: knows what was asked. See: wire.protocol (does).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from publisher.model import Phase, Reply

LINE_LIMIT: Final = 4096
"""RFC 5321 §4.5.3.1.5 allows 512 octets in a reply line; relays send more."""
LINES_LIMIT: Final = 100
WORDS_LIMIT: Final = 500
"""So much of a server's text is kept: it is stored and shown to editors."""
_KNOWN_LIMIT: Final = 64

_ACCEPTED: Final = rb"250 2\.0\.0 ([!-~](?:[ -~]{0,%d}[!-~])?)\r\n" % (WORDS_LIMIT - 2)
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class Nonsense(Exception):
    """The server does not speak SMTP, or not in turn: nothing after it can be trusted."""


class Answer(NamedTuple):
    """One whole reply; the words of several lines are parted by line ends."""

    code: int
    enhanced: str | None = None
    words: str = ""

    def reply(self, phase: Phase) -> Reply:
        """Give it as the outcome of an attempt."""
        words = self.words
        if len(words) > WORDS_LIMIT or "\n" in words:
            words = " ".join(words.split())[:WORDS_LIMIT]
        return Reply(phase, self.code, self.enhanced, words)


def usual(following: bytes) -> Callable[[bytes], re.Match[bytes] | None]:
    """Give what knows at sight that a content was accepted, and what follows as it did before.

    The words are the match's only group. Of the four replies to a message three never change.
    """
    return re.compile(_ACCEPTED + re.escape(following)).fullmatch


class Replies:
    """The replies of one connection, in whatever pieces they come.

    `rest` is the beginning of a line that is not whole yet, `lines` those of a reply that goes on.
    """

    __slots__ = ("_known", "lines", "rest")

    def __init__(self) -> None:
        self.rest = b""
        self.lines: list[Answer] = []
        self._known: dict[bytes, Answer] = {}

    @property
    def is_between(self) -> bool:
        """Whether nothing of another reply has come yet."""
        return not self.rest and not self.lines

    def feed(self, data: bytes) -> list[Answer]:
        """Take what was received; give the replies that are whole now."""
        if self.rest:
            data = self.rest + data
        lines = data.split(b"\n")
        self.rest = rest = lines.pop()
        if len(rest) > LINE_LIMIT:
            raise Nonsense("the server's reply is too long")
        answers = []
        known = self._known
        for line in lines:
            answer = None if self.lines else known.get(line)
            if answer is None and (answer := self.read(line)) is None:
                continue
            answers.append(answer)
        return answers

    def read(self, line: bytes) -> Answer | None:
        """Read one line; None while the reply goes on."""
        if len(line) > LINE_LIMIT:
            raise Nonsense("the server's reply is too long")
        bare = line.rstrip(b"\r").decode("latin-1")
        number, mark, text = bare[:3], bare[3:4], bare[4:]
        if len(number) < 3 or not (number.isascii() and number.isdigit()):
            raise Nonsense("the server's reply is unreadable")
        code = int(number)
        if not 200 <= code <= 599:
            raise Nonsense("the server's reply is unreadable")
        if not (text.isascii() and text.isprintable()):
            text = _UNPRINTABLE.sub(" ", text)
        enhanced = None
        text = text.strip()
        if text[1:2] == "." and (found := _ENHANCED.match(text)):
            enhanced = found[0]
            text = text[found.end() :].lstrip()
        answer = Answer(code, enhanced, text)
        if mark == "-":
            self.lines.append(answer)
            if len(self.lines) > LINES_LIMIT:
                raise Nonsense("the server's reply does not end")
            return None
        if mark not in {"", " "}:
            raise Nonsense("the server's reply is unreadable")
        if self.lines:
            return self._joined(answer)
        if len(self._known) >= _KNOWN_LIMIT:
            self._known.clear()
        self._known[line] = answer
        return answer

    def _joined(self, last: Answer) -> Answer:
        """Put the lines of a reply together."""
        lines = [*self.lines, last]
        self.lines.clear()
        enhanced = next((one.enhanced for one in reversed(lines) if one.enhanced), None)
        return Answer(last.code, enhanced, "\n".join(one.words for one in lines))
