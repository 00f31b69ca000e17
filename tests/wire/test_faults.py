"""Servers that fail at every step, over real sockets: nobody lost, nobody accepted who was not."""

import re
import time

import pytest

from publisher.delivery import judge
from publisher.model import Outcome, Phase

PIPELINING = "250-relay.example.net\n250-PIPELINING\n250-SIZE 1000000\n250 HELP"
PLAIN = "250-relay.example.net\n250 HELP"
CHUNKING = "250-relay.example.net\n250-PIPELINING\n250-CHUNKING\n250 HELP"
DROP = "<drop>"
HANG = "<hang>"
RESET = "<reset>"
LARGE = [b"0123456789" * 7 + b"\r\n"] * 100_000


@pytest.mark.parametrize(
    ("answers", "trouble"),
    [
        ({"connect": "421 4.3.2 busy"}, "at CONNECT: 421 busy"),
        ({"connect": "554 not here"}, "at CONNECT: 554 not here"),
        ({"connect": DROP}, "at CONNECT: .*closed"),
        ({"connect": RESET}, "at CONNECT: "),
        ({"connect": "hello there"}, "at CONNECT: .*unreadable"),
        ({"connect": "220 " + "x" * 9000}, "at CONNECT: .*too long"),
        ({"connect": "220-x\n" * 5000 + "220 x"}, "at CONNECT: .*does not end"),
        ({"EHLO": DROP}, "at HELLO: .*closed"),
        ({"EHLO": RESET}, "at HELLO: "),
        ({"EHLO": "421 later"}, "at HELLO: 421 later"),
        ({"EHLO": "550 no"}, "at HELLO: 550 no"),
        ({"EHLO": "502 what", "HELO": "421 later"}, "at HELLO: 421 later"),
        ({"MAIL": DROP}, "at MAIL: .*closed"),
        ({"MAIL": RESET}, "at MAIL: "),
        ({"MAIL": "421 4.7.0 closing"}, "at MAIL: 421 closing"),
        ({"MAIL": "\x00\xff garbage"}, "at MAIL: .*unreadable"),
        ({"RCPT": DROP}, "at MAIL: .*closed"),
        ({"DATA": DROP}, "at MAIL: .*closed"),
        ({"DATA": RESET}, "at MAIL: "),
        ({"DATA": "354 go\n250 queued"}, "at MAIL: .*out of turn"),
    ],
)
@pytest.mark.parametrize("ehlo", [PIPELINING, PLAIN])
def test_faults_that_are_about_nobody(serve, carry, load, answers, trouble: str, ehlo: str) -> None:
    """What the relay does before a content is given leaves nobody in doubt and charges nobody."""
    server = serve(**{"EHLO": ehlo, **answers})
    freight = load(1)
    pool = carry(server, freight, wanted=1)
    freight.wait(1)
    assert freight.back == [0]
    assert freight.begun_ones == []
    assert re.search(trouble, pool.trouble)
    assert pool._throttle.told["failed"] == 1
    assert (pool.fault, pool.idle) == (None, True)


@pytest.mark.parametrize(
    ("answers", "phase", "code", "outcome"),
    [
        ({"connect": "220-a\n220-b\n220 c"}, "dot", 250, "accepted"),
        ({"EHLO": "502 what", "HELO": "250 hi"}, "dot", 250, "accepted"),
        ({"MAIL": "451 4.3.0 later"}, "mail", 451, "relay"),
        ({"MAIL": "550 5.1.8 bad sender"}, "mail", 550, "relay"),
        ({"RCPT": "550 5.1.1 unknown"}, "rcpt", 550, "refused"),
        ({"RCPT": "550-5.1.1 no\n550-5.1.1 such\n550 5.1.1 user"}, "rcpt", 550, "refused"),
        ({"RCPT": "550 5.1.1 unknown", "DATA": "354 go"}, "rcpt", 550, "refused"),
        ({"RCPT": "450 4.2.0 greylisted"}, "rcpt", 450, "deferred"),
        ({"RCPT": "452 too many"}, "rcpt", 452, "deferred"),
        ({"RCPT": "421 4.7.0 closing"}, "rcpt", 421, "relay"),
        ({"DATA": "554 no"}, "data", 554, "refused"),
        ({"DATA": "250 whatever"}, "data", 250, "relay"),
        ({"content": DROP}, "dot", None, "in_doubt"),
        ({"content": "<cut 40 <drop>>"}, "dot", None, "in_doubt"),
        ({"content": "<cut 40 <reset>>"}, "dot", None, "in_doubt"),
        ({"dot": DROP}, "dot", None, "in_doubt"),
        ({"dot": RESET}, "dot", None, "in_doubt"),
        ({"dot": "\x00\xff garbage"}, "dot", None, "in_doubt"),
        ({"dot": "451 later"}, "dot", 451, "deferred"),
        ({"dot": "552 5.3.4 too big"}, "dot", 552, "refused"),
        ({"dot": "421 shutting down"}, "dot", 421, "relay"),
        ({"dot": "250-\n250 OK id=1abc"}, "dot", 250, "accepted"),
        ({"dot": "<dribble 0.001>250-slow\n250 2.0.0 ok"}, "dot", 250, "accepted"),
    ],
)
@pytest.mark.parametrize("ehlo", [PIPELINING, PLAIN])
def test_answers_become_replies(serve, carry, load, answers, phase, code, outcome, ehlo) -> None:
    """Whatever the server does to a message, the reply tells where and what."""
    server = serve(**{"EHLO": ehlo, **answers})
    freight = load(1)
    pool = carry(server, freight, wanted=1)
    freight.wait(1)
    pool.close(5.0)
    reply = freight.replies[0]
    assert (reply.phase, reply.code) == (phase, code)
    assert judge(reply).outcome == outcome
    assert reply.words.isprintable()
    assert len(reply.words) <= 500
    if outcome == "accepted":
        assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("answers", "trouble", "outcome"),
    [
        ({"connect": HANG}, "at CONNECT: no answer in time", None),
        ({"EHLO": HANG}, "at HELLO: no answer in time", None),
        ({"RCPT": HANG}, "at MAIL: no answer in time", None),
        ({"DATA": HANG}, "at MAIL: no answer in time", None),
        ({"connect": "<dribble 0.05>220 relay.example.net is slow"}, "in time", None),
        ({"EHLO": "<dribble 0.05>250 relay.example.net is slow"}, "in time", None),
        ({"dot": HANG}, "no answer in time", Outcome.IN_DOUBT),
        ({"dot": "<dribble 0.05>250 2.0.0 queued but slowly"}, "in time", Outcome.IN_DOUBT),
        ({"content": HANG}, "in time", Outcome.IN_DOUBT),
    ],
)
def test_silence_ends_in_time(serve, carry, load, answers, trouble: str, outcome) -> None:
    """A server that hangs, or speaks a byte now and then, costs one time-out."""
    server = serve(**{"EHLO": PIPELINING, **answers})
    freight = load(1)
    pool = carry(server, freight, wanted=1, timeout=0.001)
    freight.wait(1)
    if outcome is None:
        assert freight.back == [0]
    else:
        assert judge(freight.replies[0]).outcome is outcome
    _until(lambda: re.search(trouble, pool.trouble))


def test_opening_that_takes_too_long(serve, carry, load) -> None:
    """A server that answers each question at the last moment does not keep us for ever."""
    lines = "250-x\n" * 3 + "250 AUTH LOGIN"
    server = serve(connect=f"<dribble 0.02>220 {'x' * 50}", EHLO=f"<dribble 0.02>{lines}")
    freight = load(1)
    pool = carry(server, freight, wanted=1, timeout=0.005)
    freight.wait(1)
    assert freight.back == [0]
    assert "too long" in pool.trouble or "in time" in pool.trouble


def test_a_slow_one_holds_up_nobody(serve, carry, load) -> None:
    """While one connection hangs after its content, the others carry on."""
    answers = iter(["<hang>"])
    server = serve(EHLO=PIPELINING, dot=lambda _: next(answers, "250 ok"))
    freight = load(50)
    pool = carry(server, freight, wanted=3, timeout=1.0)
    freight.wait(48)
    assert freight.codes[250] >= 48
    pool.close(0.1)
    assert freight.codes[None] == 1


@pytest.mark.parametrize("ehlo", [PIPELINING, PLAIN])
def test_reply_before_a_reset_is_read(serve, carry, load, ehlo: str) -> None:
    """What a server said before it closed on our content is heard."""
    server = serve(
        EHLO=ehlo.replace("1000000", "100000000"), content="<cut 99999 <drop>>552 5.3.4 too big"
    )
    freight = load(1, LARGE)
    carry(server, freight, wanted=1)
    freight.wait(1)
    assert freight.replies[0].code == 552


def test_reset_as_the_content_leaves(serve, carry, load) -> None:
    """Whether the kernel still took the content or not: in doubt, or back in the queue, at once."""
    server = serve(EHLO=PIPELINING, content=RESET)
    freight = load(1)
    carry(server, freight, wanted=1)
    freight.wait(1)
    reply = freight.replies[0]
    assert (reply.phase, reply.code) in {(Phase.DOT, None), (Phase.DATA, None)}


@pytest.mark.parametrize("how", [DROP, RESET])
def test_content_cut_short_cannot_have_arrived(serve, carry, load, how: str) -> None:
    """Lost before the kernel had the dot: the message goes back to the queue, without a doubt."""
    server = serve(EHLO=PIPELINING.replace("1000000", "100000000"), content=f"<cut 1000 {how}>")
    freight = load(1, LARGE)
    carry(server, freight, wanted=1)
    freight.wait(1)
    reply = freight.replies[0]
    assert (reply.phase, reply.code) == (Phase.DATA, None)
    assert judge(reply).outcome is Outcome.RELAY


def test_replies_before_a_close_in_mid_pipeline_are_read(serve, carry, load) -> None:
    """Of several chunks under way, those answered before the server left are accepted."""
    answers = iter(["250 ok"] * 5)
    server = serve(EHLO=CHUNKING, BDAT=lambda _: next(answers, DROP))
    freight = load(6)
    pool = carry(server, freight, wanted=1, mode="bdat", window=8)
    freight.wait(6)
    pool.close(0.0)
    assert [freight.replies[n].code for n in range(6)] == [250] * 5 + [None]
    assert judge(freight.replies[5]).outcome is Outcome.IN_DOUBT


def test_reset_in_mid_pipeline(serve, carry, load) -> None:
    """A reset may take replies with it: whoever has none is in doubt, or was cut and is queued."""
    answers = iter(["250 ok"] * 5)
    server = serve(EHLO=CHUNKING, BDAT=lambda _: next(answers, RESET))
    freight = load(8)
    pool = carry(server, freight, wanted=1, mode="bdat", window=8)
    freight.wait(8)
    pool.close(0.0)
    accepted = [n for n, reply in freight.replies.items() if reply.code == 250]
    others = [reply for reply in freight.replies.values() if reply.code is None]
    assert len(server.messages) == 5
    assert accepted == list(range(len(accepted)))
    assert len(accepted) + len(others) == 8
    assert len(accepted) <= 5
    assert {judge(reply).outcome for reply in others} <= {Outcome.IN_DOUBT, Outcome.RELAY}


def test_an_envelope_lost_again_and_again_is_told(serve, carry, load) -> None:
    """A relay that dies at one recipient does so three times; then that is the outcome."""
    server = serve(EHLO=PIPELINING, RCPT=lambda line: DROP if "<r3@" in line else "250 ok")
    freight = load(10)
    pool = carry(server, freight, wanted=1)
    pool._throttle.failed = lambda now, jitter: None

    def is_told() -> bool:
        while freight.back:
            freight.waiting.append(load(10).waiting[freight.back.pop()])
            pool.wake()
        return 3 in freight.replies

    _until(is_told)
    freight.wait(10)
    assert freight.codes == {250: 9, None: 1}
    assert judge(freight.replies[3]).outcome is Outcome.RELAY


def _until(done) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nobody_listens(serve, carry, load) -> None:
    """A refused connection is the relay's fault; when it is back, all goes on."""
    server = serve()
    server.stop()
    freight = load(3)
    pool = carry(server, freight, wanted=3)
    freight.wait(1)
    assert re.search("at CONNECT: cannot connect: .*refused", pool.trouble, re.IGNORECASE)
    assert freight.replies == {}


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "relay.invalid"])
def test_a_host_that_is_none(serve, carry, load, host: str) -> None:
    """A name that leads nowhere is a relay that does not answer."""
    freight = load(1)
    pool = carry(serve(), freight, host=host, timeout=0.5)
    freight.wait(1)
    assert "at CONNECT: cannot connect" in pool.trouble


def test_trouble_ends_with_the_first_acceptance(serve, carry, load) -> None:
    """A relay that was down and serves again is in no trouble."""
    answers = iter(["421 busy"])
    server = serve(EHLO=PIPELINING, connect=lambda _: next(answers, "220 ready"))
    freight = load(1)
    pool = carry(server, freight, wanted=1)
    freight.wait(1)
    assert "421 busy" in pool.trouble
    pool._throttle.rest_until = 0.0
    freight.back.clear()
    freight.waiting.extend(load(1).waiting)
    pool.wake()
    freight.wait(1)
    _until(lambda: not pool.trouble)
    assert (pool.trouble, pool.down_since, pool.fault) == ("", 0.0, None)
    assert freight.codes == {250: 1}


@pytest.mark.parametrize(
    ("answers", "strains"),
    [
        ({"dot": "421 too many"}, True),
        ({"dot": "451 4.3.0 later"}, True),
        ({"MAIL": "454 throttling"}, True),
        ({"RCPT": "421 too many"}, True),
        ({"RCPT": "451 4.7.1 greylisted"}, False),
        ({"RCPT": "550 5.1.1 unknown"}, False),
        ({}, False),
    ],
)
def test_strains_are_told(serve, carry, load, answers, strains: bool) -> None:
    """What says that we are too many is told to the throttle; what is about one recipient is not."""
    server = serve(EHLO=PIPELINING, **answers)
    freight = load(1)
    pool = carry(server, freight, wanted=1)
    freight.wait(1)
    deadline = time.monotonic() + 1.0
    while not pool._throttle.told["strained"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert bool(pool._throttle.told["strained"]) is strains


def test_a_relay_that_refuses_our_address_is_not_stormed(serve, carry, load) -> None:
    """A connection on which our own address was refused again and again makes the relay rest."""
    server = serve(EHLO=PIPELINING, MAIL="451 4.3.0 later")
    freight = load(50)
    pool = carry(server, freight, wanted=1)
    freight.wait(4)
    _until(lambda: pool.trouble)
    assert "at MAIL: 451 later" in pool.trouble
    assert len(freight.waiting) >= 44
