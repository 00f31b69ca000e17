"""The sender stopped dead at every single point of a send, one after the other.

A point is a transaction begun or committed, a map written or marked, a message given to the
transport. At the n-th one the process "dies": an exception nothing catches, after which only the
disk is left. Whatever n is, the next sender finds everyone's truth.
"""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from publisher.model import DeliveryState, SendState
from publisher.wire.map import WireMap
from publisher.wire.outbox import Outbox

NAMES = ("ann", "bob", "cem")


class Dead(BaseException):
    """The end of a process."""


class Fuse:
    """Burns one step at each point and ends the process at the last."""

    def __init__(self, length: int) -> None:
        self.left = length

    def burn(self) -> None:
        """Pass a point."""
        self.left -= 1
        if self.left == 0:
            raise Dead


def run_until(desk, monkeypatch, fuse: Fuse) -> bool:
    """Send until the fuse is burnt; False when the send was over before."""
    begin, hold, mark, link = desk.store.begin, WireMap.hold, WireMap.mark, Outbox._publish

    @contextmanager
    def fused_begin():
        fuse.burn()
        with begin() as conn:
            yield conn
            fuse.burn()  # before the commit
        fuse.burn()

    def fused(function):
        def around(*arguments):
            fuse.burn()
            result = function(*arguments)
            fuse.burn()
            return result

        return around

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "begin", fused_begin)
        patch.setattr(WireMap, "hold", fused(hold))
        patch.setattr(WireMap, "mark", fused(mark))
        patch.setattr(Outbox, "_publish", fused(link))
        try:
            desk.run(transport=lambda: Outbox(desk.folder / "outbox"))
        except Dead:
            return True
    return False


def copies(desk) -> dict[str, int]:
    """Count the messages of each reader in the outbox."""
    found = dict.fromkeys(NAMES, 0)
    for path in (desk.folder / "outbox").glob("*.eml"):
        head = path.read_bytes().partition(b"\r\n\r\n")[0]
        for name in NAMES:
            found[name] += f"X-Envelope-To: <{name}@example.com>".encode() in head
    return found


@pytest.mark.parametrize("policy", ["resend", "hold"])
def test_stopped_anywhere_everyone_is_accounted_for(desk, monkeypatch, policy: str) -> None:
    """Whichever point a sender dies at: nobody is lost, and at most one is doubtful or repeated."""
    desk.newsletter = replace(desk.newsletter, in_doubt=policy)
    desk.subscribe(*NAMES)
    point = 0
    while True:
        point += 1
        for path in (desk.folder / "outbox").glob("*.eml"):
            path.unlink()
        number = desk.schedule() if point == 1 else _again(desk)
        is_over = not run_until(desk, monkeypatch, Fuse(point))
        desk.run(transport=lambda: Outbox(desk.folder / "outbox"))
        got = copies(desk)
        send = desk.send(number)
        doubtful = send.count(DeliveryState.IN_DOUBT)
        assert send.state is SendState.DONE, f"at point {point}"
        assert send.count(DeliveryState.ACCEPTED) + doubtful == len(NAMES), f"at point {point}"
        if policy == "resend":
            assert doubtful == 0, f"at point {point}"
            assert min(got.values()) == 1, f"at point {point}"
            assert sum(got.values()) <= len(NAMES) + 1, f"at point {point}"
        else:
            assert doubtful <= 1, f"at point {point}"
            assert max(got.values()) == 1, f"at point {point}"
            assert sum(got.values()) >= len(NAMES) - doubtful, f"at point {point}"
        assert list((desk.folder / "wire").iterdir()) == [], f"at point {point}"
        if is_over:
            break
    assert point > 30


def _again(desk) -> int:
    """Forget that the issue was sent, and send it again: each point begins alike."""
    from sqlalchemy import delete

    from publisher.store import schema

    with desk.store.begin() as conn:
        for table in (schema.attempt, schema.delivery, schema.lot, schema.edition, schema.send):
            conn.execute(delete(table))
    return desk.schedule()
