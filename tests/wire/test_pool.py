"""The pool over real sockets: many connections, none of them trusted."""

import time
from collections import Counter
from types import SimpleNamespace

import pytest

from publisher.model import Envelope, Parcel, Phase
from publisher.wire import pool as pool_module

MESSAGE = b"Message-ID: <1@example.net>\r\nSubject: x\r\n\r\nfirst\r\nlast\r\n"
PIPELINING = "250-relay.example.net\n250-PIPELINING\n250-SIZE 1000000\n250 HELP"
CHUNKING = "250-relay.example.net\n250-PIPELINING\n250-CHUNKING\n250 HELP"
DROP = "<drop>"
HANG = "<hang>"


@pytest.mark.parametrize(
    ("ehlo", "mode"),
    [(PIPELINING, "data"), ("250 relay.example.net", "data"), (CHUNKING, "bdat")],
)
def test_all_arrive_once(serve, carry, load, ehlo: str, mode: str) -> None:
    """Every parcel is delivered once, as it was given, in whatever mode the relay allows."""
    server = serve(EHLO=ehlo)
    freight = load(200)
    pool = carry(server, freight, mode=mode)
    freight.wait(200)
    pool.close(5.0)
    assert freight.codes == {250: 200}
    assert server.messages == [MESSAGE] * 200
    assert sorted(freight.begun_ones) == list(range(200))
    heard = Counter(line for line in server.commands if line.startswith("RCPT"))
    assert heard == Counter(f"RCPT TO:<r{n}@example.com>" for n in range(200))
    assert server.connections == 4
    assert server.commands.count("QUIT") == 4
    assert pool.idle


def test_refused_ones_harm_nobody_else(serve, carry, load) -> None:
    """Who is refused is told so, all others get theirs, and connections are changed in time."""
    server = serve(EHLO=PIPELINING, RCPT=_every_third)
    freight = load(60)
    pool = carry(server, freight, wanted=2)
    freight.wait(60)
    pool.close(5.0)
    assert freight.codes == {250: 40, 550: 20}
    assert {n for n, reply in freight.replies.items() if reply.code == 550} == set(range(0, 60, 3))
    assert all(r.phase is Phase.RCPT for r in freight.replies.values() if r.code == 550)
    assert len(server.messages) == 40
    assert server.connections >= 20 // 4


def _every_third(line: str) -> str:
    number = int(line.partition("<r")[2].partition("@")[0])
    return "550 5.1.1 unknown" if number % 3 == 0 else "250 2.1.5 ok"


def test_nobody_waits_for_a_connection_that_is_never_greeted(serve, carry, load) -> None:
    """While some connections hang as they open, the one that serves takes what waits for them."""
    greeted: list[str] = []

    def only_the_first(line: str) -> str:
        greeted.append(line)
        return PIPELINING if len(greeted) == 1 else HANG

    server = serve(EHLO=only_the_first)
    freight = load(4)
    pool = carry(server, freight, wanted=4, timeout=1.0)
    freight.wait(4)
    pool.close(0.0)
    assert freight.codes == {250: 4}


def test_wake_brings_what_came_later(serve, carry, load) -> None:
    """A pool that found nothing takes again when it is woken."""
    server = serve(EHLO=PIPELINING)
    freight = load(0)
    pool = carry(server, freight)
    for number in range(10):
        freight.waiting.append(Parcel(number, Envelope("b@e.example", "r@e.example"), (MESSAGE,)))
        pool.wake()
        freight.wait(number + 1)
    pool.close(5.0)
    assert freight.codes == {250: 10}


def test_no_more_connections_than_parcels(serve, carry, load) -> None:
    """One message opens one connection, however many are wanted."""
    server = serve(EHLO=PIPELINING)
    freight = load(1)
    pool = carry(server, freight, wanted=16)
    freight.wait(1)
    pool.close(5.0)
    assert server.connections == 1


def test_large_messages_arrive_whole(serve, carry, load) -> None:
    """A message larger than the kernel takes at once arrives as it was given, and all after it."""
    server = serve(EHLO=PIPELINING.replace("1000000", "100000000"))
    line = b"0123456789" * 7 + b"\r\n"
    content = [line * 1000] * 300
    freight = load(4, content)
    pool = carry(server, freight, wanted=2, timeout=1.0)
    freight.wait(4)
    pool.close(5.0)
    assert freight.codes == {250: 4}
    assert {len(message) for message in server.messages} == {len(line) * 300_000}


def test_a_message_of_many_pieces(serve, carry, load) -> None:
    """More pieces than the kernel takes in one write arrive all the same."""
    server = serve(EHLO=PIPELINING)
    freight = load(2, [b"a line\r\n"] * 5000)
    pool = carry(server, freight)
    freight.wait(2)
    pool.close(5.0)
    assert server.messages == [b"a line\r\n" * 5000] * 2


@pytest.mark.parametrize("mode", ["data", "bdat"])
def test_connection_is_changed_after_many_messages(serve, carry, load, mode: str) -> None:
    """A connection serves a bounded number of messages and is taken leave of."""
    server = serve(EHLO=CHUNKING)
    freight = load(11)
    pool = carry(server, freight, wanted=1, per_connection=5, mode=mode)
    freight.wait(11)
    pool.close(5.0)
    assert freight.codes == {250: 11}
    assert server.connections == 3
    assert server.commands.count("QUIT") == 3


@pytest.mark.parametrize("answer", [DROP, "421 4.4.2 idle too long"])
@pytest.mark.parametrize("ehlo", [PIPELINING, "250 x"])
def test_connection_closed_while_idle_is_replaced(
    serve, carry, load, answer: str, ehlo: str
) -> None:
    """A connection the server closed between two messages costs the second one nothing."""
    server = serve(EHLO=ehlo, MAIL=["250 ok", answer, "250 ok"])
    freight = load(1)
    pool = carry(server, freight, wanted=1)
    freight.wait(1)
    freight.waiting.extend(load(1).waiting)
    freight.replies.clear()
    pool.wake()
    freight.wait(1)
    pool.close(5.0)
    assert freight.codes == {250: 1}
    assert (server.connections, len(server.messages), freight.back) == (2, 2, [])
    assert pool.trouble == ""


def test_idle_connections_are_taken_leave_of(serve, carry, load, monkeypatch) -> None:
    """A connection that nobody needs says QUIT after a while; the next message opens another."""
    monkeypatch.setattr(pool_module, "IDLE", 0.2)
    server = serve(EHLO=PIPELINING)
    freight = load(1)
    pool = carry(server, freight)
    freight.wait(1)
    _until(lambda: "QUIT" in server.commands)
    freight.waiting.append(Parcel(1, Envelope("b@e.example", "r@e.example"), (MESSAGE,)))
    pool.wake()
    freight.wait(2)
    assert freight.codes == {250: 2}
    assert server.connections == 2


def test_fewer_are_wanted(serve, carry, load) -> None:
    """Connections above what is wanted take their leave, and nothing is lost."""
    server = serve(EHLO=PIPELINING)
    freight = load(400)
    pool = carry(server, freight, wanted=8)
    _until(lambda: server.connections == 8)
    pool._throttle.wanted = 2
    _until(lambda: server.commands.count("QUIT") >= 6)
    freight.wait(400)
    assert freight.codes == {250: 400}


def _until(done) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- stopping -----------------------------------------------------------------


def test_close_lets_what_has_begun_end(serve, carry, load) -> None:
    """Nothing begins after `close`; contents under way end, envelopes that are out go back."""
    server = serve(EHLO=PIPELINING, dot=_slow(0.2))
    freight = load(100)
    pool = carry(server, freight, wanted=3)
    _until(lambda: len(freight.begun_ones) >= 5)
    pool.close(10.0)
    begun = set(freight.begun_ones)
    assert set(freight.replies) == begun
    assert set(freight.codes) == {250}
    assert begun.isdisjoint(freight.back)
    assert len(server.messages) == len(begun)
    taken = 100 - len(freight.waiting)
    assert len(begun) + len(freight.back) == taken
    assert pool.idle


def _slow(seconds: float):
    def answer(_: str) -> str:
        time.sleep(seconds)
        return "250 2.0.0 ok"

    return answer


def test_close_does_not_wait_for_ever(serve, carry, load) -> None:
    """After the grace, what was given away without an answer is in doubt."""
    server = serve(EHLO=PIPELINING, dot=HANG)
    freight = load(2)
    pool = carry(server, freight, wanted=2, timeout=1.0)
    _until(lambda: len(freight.begun_ones) == 2)
    pool.close(0.3)
    assert {(r.phase, r.code) for r in freight.replies.values()} == {(Phase.DOT, None)}


def test_close_while_connecting(serve, carry, load) -> None:
    """Parcels that wait for a connection go back."""
    server = serve(connect=HANG)
    freight = load(5)
    pool = carry(server, freight, wanted=3, timeout=1.0)
    _until(lambda: server.connections == 3)
    pool.close(5.0)
    assert sorted(freight.back) == [0, 1, 2]
    assert freight.replies == {}


def test_abort_waits_for_nobody(serve, carry, load) -> None:
    """From another thread all can be ended at once."""
    server = serve(EHLO=PIPELINING, dot=HANG)
    freight = load(1)
    pool = carry(server, freight, timeout=1.0)
    _until(lambda: freight.begun_ones)
    pool.abort()
    freight.wait(1)
    assert freight.replies[0].code is None


def test_unwanted_messages_never_leave(serve, carry, load) -> None:
    """What `begun` does not want is given back; others go on over new connections, without rest."""
    server = serve(EHLO=PIPELINING)
    freight = load(20)
    freight.unwanted = {0, 5, 6, 19}
    pool = carry(server, freight, wanted=2)
    freight.wait(20)
    pool.close(5.0)
    assert set(freight.back) == freight.unwanted
    assert freight.codes == {250: 16}
    assert len(server.messages) == 16
    assert pool.trouble == ""


def test_a_defect_is_raised(serve, carry, load) -> None:
    """What is no fault of a relay is not hidden in the thread: waking or closing raises it."""
    freight = load(1)
    freight.settled = None
    pool = carry(serve(EHLO=PIPELINING), freight)
    pool._thread.join(20)
    with pytest.raises(TypeError):
        pool.wake()
    with pytest.raises(TypeError):
        pool.close(5.0)
    pool._defect = None


def test_a_pool_that_never_started_can_be_closed(serve, load) -> None:
    """Closing is safe whenever it is done, and twice."""
    route = SimpleNamespace(tls="none", hello="", host="127.0.0.1", port=25, timeout=1.0)
    pool = pool_module.Pool(route, load(1), SimpleNamespace(wanted=1, rest_until=0.0))
    pool.close(1.0)
    pool.close(1.0)
    assert pool.idle
