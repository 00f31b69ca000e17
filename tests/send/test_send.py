"""The hall of sending, end to end over a real relay: who gets what, once, and why not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.model import DeliveryState, SendState
from publisher.send import Pace, Sender, outlets_of
from publisher.settings import Settings, Smtp
from publisher.store import sends

pytestmark = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)], indirect=True
)

KEY = b"0123456789abcdef0123456789abcdef"


def test_everyone_gets_it_once(desk, inbox) -> None:
    """A due send reaches every subscriber once and is done."""
    desk.subscribe("ann", "bob", "cem")
    number = desk.schedule()
    desk.run()
    desk.run()
    assert inbox.recipients == {f"{name}@example.com": 1 for name in ("ann", "bob", "cem")}
    assert set(desk.states().values()) == {"accepted"}
    assert desk.send(number).state is SendState.DONE
    assert list((desk.folder / "wire").iterdir()) == []


def test_outbox_takes_it_too(desk) -> None:
    """The outbox is a transport like any other."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    desk.run(outlets=desk.outbox())
    assert len(list((desk.folder / "outbox").glob("*.eml"))) == 2
    assert set(desk.states().values()) == {"accepted"}


def test_not_before_its_moment(desk, inbox) -> None:
    """A send scheduled for later waits for its moment."""
    desk.subscribe("ann")
    desk.now += timedelta(hours=1)
    number = desk.schedule()
    desk.now -= timedelta(hours=1)
    desk.run()
    assert desk.send(number).state is SendState.SCHEDULED
    desk.later(hours=1)
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1}


def test_many_lots(desk, inbox) -> None:
    """An audience of more than a lot is carried lot by lot."""
    names = [f"reader{number}" for number in range(520)]
    desk.subscribe(*names)
    number = desk.schedule()
    desk.run(pace=Pace(idle=0.01))
    assert inbox.recipients == {f"{name}@example.com": 1 for name in names}
    assert desk.send(number).count(DeliveryState.ACCEPTED) == 520


def test_a_home_has_its_sender(desk, tmp_path) -> None:
    """The settings of a home are all a sender needs; the outbox asks for nothing."""
    settings = Settings(
        home=tmp_path,
        database="",
        transport="outbox",
        smtp=Smtp(),
        host="127.0.0.1",
        port=0,
        desk_port=0,
        newsletters=(replace(desk.newsletter, sender_address=None, app_url=None, site_url=None),),
    )
    desk.subscribe("ann", "bob")
    desk.schedule()
    sender = Sender.of(
        settings,
        desk.store,
        desk.templates,
        key=b"0123456789abcdef",
        clock=lambda: desk.now,
        stop=desk.stop,
    )
    sender.until_idle()
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 2
    assert [one.name for one in outlets_of(replace(settings, transport="smtp"))] == ["smtp"]
    assert [one.name for one in outlets_of(replace(settings, transport="command"))] == ["command"]


# --- stopping ---


def test_stop_finishes_the_message_on_the_wire(desk, inbox) -> None:
    """Told to stop, the sender finishes one message, gives back the rest and goes on later."""
    inbox.on_mail = lambda _: desk.stop.set()
    desk.subscribe("ann", "bob", "cem")
    desk.schedule()
    desk.sender().forever()
    assert sorted(desk.states().values()) == ["accepted", "queued", "queued"]
    assert list((desk.folder / "wire").iterdir()) == []
    inbox.on_mail = lambda _: None
    desk.stop.clear()
    desk.run()
    assert set(inbox.recipients.values()) == {1}


@pytest.mark.parametrize("state", [SendState.PAUSED, SendState.CANCELLED])
def test_pause_and_cancel_work_in_mid_send(desk, inbox, state: SendState) -> None:
    """A send paused or cancelled while it runs stops at once."""
    desk.subscribe("ann", "bob", "cem", "dan")
    number = desk.schedule()

    def stop(recipient: str) -> None:
        with desk.store.begin() as conn:
            sends.set_state(conn, number, state, frm={SendState.RUNNING}, now=desk.now)
        time.sleep(0.3)

    inbox.on_mail = stop
    desk.run()
    left = "queued" if state is SendState.PAUSED else "skipped"
    assert sorted(desk.states().values()) == ["accepted", left, left, left]


# --- late, hanging, and for nobody ---


def test_what_is_late_by_a_day_waits_for_a_person(desk, inbox) -> None:
    """A send whose moment passed while nothing ran is paused with the reason, and then resumed."""
    desk.subscribe("ann")
    number = desk.schedule(occurrence="issue:7")
    desk.later(hours=25)
    desk.run()
    assert desk.send(number).state is SendState.PAUSED
    assert "25 hours ago" in desk.send(number).note
    assert not inbox.recipients
    with desk.store.begin() as conn:
        sends.set_state(conn, number, SendState.RUNNING, frm={SendState.PAUSED}, now=desk.now)
    desk.run()
    assert inbox.recipients == {"ann@example.com": 1}


@contextmanager
def hanging_relay(answers: int) -> Iterator[tuple[int, threading.Event]]:
    """A relay that answers so often and then says nothing any more, nor closes."""
    hangs = threading.Event()
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 relay\r\n")
            for _ in range(answers):
                line = lines.readline()
                connection.sendall(b"354 go on\r\n" if line == b"DATA\r\n" else b"250 ok\r\n")
            while answers == 4 and lines.readline() != b".\r\n":
                pass
            hangs.set()
            over.wait(30)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1], hangs
    over.set()
    thread.join()
    listener.close()


@pytest.mark.parametrize(("answers", "left"), [(4, "in_doubt"), (2, "queued"), (0, "queued")])
def test_a_relay_that_hangs_does_not_keep_us(desk, answers: int, left: str) -> None:
    """Told to stop while the relay hangs, the sender leaves; only after the content is a doubt."""
    desk.subscribe("ann", "bob")
    desk.schedule()
    with hanging_relay(answers) as (port, hangs):
        sender = desk.sender(
            outlets=desk.relay(port=port, timeout=1.0),
            pace=Pace(idle=0.01, last_word=0.2),
        )
        working = threading.Thread(target=sender.forever)
        working.start()
        assert hangs.wait(10)
        desk.stop.set()
        working.join(10)
        assert not working.is_alive()
    assert sorted(desk.states().values()) == sorted([left, "queued"])
    assert list((desk.folder / "wire").iterdir()) == []


def test_a_wire_folder_that_cannot_be_written_is_waited_for(desk, inbox) -> None:
    """The sender goes on living and sends when the folder is mended; no send is paused by it."""
    (desk.folder / "wire").write_text("a file")
    desk.subscribe("ann")
    number = desk.schedule()
    working = threading.Thread(target=desk.sender().forever)
    working.start()
    until(lambda: desk.send(number).state is SendState.RUNNING)
    (desk.folder / "wire").unlink()
    until(lambda: desk.send(number).state is SendState.DONE)
    desk.stop.set()
    working.join(10)
    assert inbox.recipients == {"ann@example.com": 1}


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)
