"""wire.outbox - the transport that mails nobody: each message becomes an .eml file.

A message is written whole under a name made from its Message-ID, so the same mail has the same
name everywhere and a repeat stands beside the first as `-2`. Two lines are put before the headers:
X-Envelope-From and X-Envelope-To, what SMTP would have been told.
Faults: TransportError when the folder cannot be written.
Never: overwrites, sends. See: web/desk (shows the files), wire.pool (the real one).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from email.parser import BytesHeaderParser
from itertools import count
from pathlib import Path

from publisher.errors import TransportError
from publisher.model import Envelope, Phase, Reply


class Outbox:
    """A folder that takes every message, mode 0700, its files 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def deliver(
        self, envelope: Envelope, content: Sequence[bytes], begun: Callable[[], bool]
    ) -> Reply | None:
        """Write the message as a file; the reply names it. None when `begun` said no."""
        message = b"".join(content)
        stem = _stem(message)
        head = f"X-Envelope-From: <{envelope.sender}>\r\nX-Envelope-To: <{envelope.recipient}>\r\n"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._draft(stem, head.encode() + message)
            if not begun():
                draft.unlink()
                return None
            name = self._publish(draft, stem)
        except OSError as fault:
            raise TransportError(
                f"the outbox cannot be written: {fault.strerror or fault}",
                where=str(self.folder),
                hint="make room or mend the folder's permissions, then resume the send",
            ) from fault
        return Reply(Phase.DOT, 250, "2.0.0", f"written to {name}")

    def abort(self) -> None:
        """Do nothing: writing a file does not wait for anybody."""

    def close(self) -> None:
        """Do nothing: every message is finished when it is written."""

    def _draft(self, stem: str, content: bytes) -> Path:
        draft = self.folder / f".{stem}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        return draft

    def _publish(self, draft: Path, stem: str) -> str:
        """Give the draft the first free name; a link, because a rename would overwrite."""
        try:
            for number in count(1):
                name = f"{stem}.eml" if number == 1 else f"{stem}-{number}.eml"
                try:
                    os.link(draft, self.folder / name)
                except FileExistsError:
                    continue
                break
            return name
        finally:
            draft.unlink()


def _stem(message: bytes) -> str:
    """Make the name from the Message-ID, or from the whole message where it has none."""
    identity = BytesHeaderParser().parsebytes(message).get("Message-ID")
    return hashlib.sha256(str(identity).strip().encode() if identity else message).hexdigest()[:20]
